"""Months that were tracked before and months that are given now: what is new, restated, partial or missing."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import isclose
from typing import Any

from planner.coverage import months_between
from planner.errors import InputError
from planner.tracking.actual import ActualMonth, Use


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """The months of a log and those given now. new: YYYY-MM that are new or restated. notes: in sentences."""

    months: tuple[ActualMonth, ...]
    new: tuple[str, ...]
    notes: tuple[str, ...]


def merged(log_months: Sequence[ActualMonth], given: Sequence[ActualMonth], *, first: str | None = None) -> Merged:
    """The months of a log with those given now; the same again changes nothing.

    first: YYYY-MM from which on a month of which nothing is known is missing; from the first known one where None.
    What was given last counts, but for a month that it covers less of than the log does; a bill that is known stays
    known. Errors: InputError for a month that is given twice.
    """
    names = [month.month for month in given]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise InputError(f"{twice} is given twice; give every month once")
    known = {month.month: month for month in log_months}
    latest = max(known, default="")
    new, notes = [], []
    for month in sorted(given, key=lambda item: item.month):
        before = known.get(month.month)
        after, said = _joined(before, month)
        notes += said
        if before is None and month.month < latest:
            notes.append(f"{month.month} comes after months that are later than it; it counts in its place.")
        if before is None or not _is_same(before, after):
            new.append(month.month)
            known[month.month] = after
    months = tuple(known[name] for name in sorted(known))
    return Merged(months=months, new=tuple(new), notes=(*notes, *_missing(months, first)))


def _joined(before: ActualMonth | None, given: ActualMonth) -> tuple[ActualMonth, list[str]]:
    """What is known of a month after it is given again, and what that is in words."""
    if before is None:
        return given, []
    if given.billed_cost_usd is None:
        given = replace(given, billed_cost_usd=before.billed_cost_usd)
    if _is_same(before, given):
        return before, []
    if _covers_less(given, before):
        billed = replace(before, billed_cost_usd=given.billed_cost_usd)
        return billed, [
            f"{given.month}: {_seen(given)} is not all of what was tracked before ({_seen(before)}), and what was "
            "tracked stays. Give everything that there is of a month together."
        ]
    return given, [_changed(before, given)]


def _is_same(one: ActualMonth, other: ActualMonth) -> bool:
    """Whether two speak of the same use: how a month that runs was scaled, and its notes, do not count."""
    facts = (one.first, one.last, one.is_closed) == (other.first, other.last, other.is_closed)
    return facts and _is_same_bill(one, other) and _is_same_use(one, other)


def _is_same_bill(one: ActualMonth, other: ActualMonth) -> bool:
    if one.billed_cost_usd is None or other.billed_cost_usd is None:
        return one.billed_cost_usd is other.billed_cost_usd
    return _is_close(one.billed_cost_usd, other.billed_cost_usd)


def _is_same_use(one: ActualMonth, other: ActualMonth) -> bool:
    """The same calls and tokens at the same prices; what adding up in another order does to a float is no change."""
    if _quantities(one) != _quantities(other):
        return False
    pairs = zip(one.uses, other.uses, strict=True)
    return all(_is_close(a, b) for use, again in pairs for a, b in zip(_money(use), _money(again), strict=True))


def _is_close(one: float, other: float) -> bool:
    return isclose(one, other, rel_tol=1e-9, abs_tol=1e-6)


def _money(use: Use) -> tuple[float, float, float]:
    return use.list_cost_usd, use.signing_list_cost_usd, use.server_tools_usd


def _covers_less(given: ActualMonth, before: ActualMonth) -> bool:
    if before.is_closed or given.is_closed:
        return before.is_closed and not given.is_closed
    return given.first > before.first or given.last < before.last


def _changed(before: ActualMonth, given: ActualMonth) -> str:
    """A month that is not as it was tracked: longer, closed, billed, priced otherwise, or restated."""
    was, now = before.list_cost_usd, given.list_cost_usd
    amounts = f"${was:,.2f} before, ${now:,.2f} now"
    if before.is_closed and given.is_closed:
        if _is_same_use(before, given):
            return f"{given.month}: what was billed is {_billed(given)} now, {_billed(before)} before."
        if _quantities(before) == _quantities(given):
            return f"{given.month}: the same use at other prices, because the price data changed: {amounts}."
    elif given.is_closed:
        return f"{given.month} is closed now: {amounts} ({_seen(before)})."
    elif (before.first, before.last) != (given.first, given.last):
        return f"{given.month} goes on: {amounts} ({_seen(before)}, now {_seen(given)})."
    change = f" ({now / was - 1:+.1%})" if was > 0 else ""
    return f"{given.month} was restated: {amounts}{change}. The later figure counts, and the earlier stays in the log."


def _billed(month: ActualMonth) -> str:
    return "not known" if month.billed_cost_usd is None else f"${month.billed_cost_usd:,.2f}"


def _quantities(month: ActualMonth) -> list[tuple[Any, ...]]:
    return [(use.request_type, use.model, use.is_batch, use.requests, use.tokens, use.account) for use in month.uses]


def _seen(month: ActualMonth) -> str:
    return f"{month.first} to {month.last}"


def _missing(months: Sequence[ActualMonth], first: str | None) -> Iterator[str]:
    """Months before others of which nothing is known."""
    if months:
        known = {month.month for month in months}
        for name in months_between(first or months[0].month, months[-1].month):
            if name not in known:
                yield (
                    f"Nothing is known of {name}: it is missing, not zero, and the forecast takes it as it takes a "
                    "month to come. What is drawn so far has nothing of it."
                )
