"""What a pull brought: a table by month, sentences and JSON. Money is added up exactly and rounded here only."""

import shlex
from collections.abc import Sequence
from datetime import date
from itertools import groupby
from typing import Any, Final

from planner.pull.days import PulledDay, utc_text
from planner.pull.pull import Pulled
from planner.pull.rows import CostSums, UsageSums, add_costs, add_usage
from planner.tables import Table
from planner.units import TOKENS_PER_MTOK
from planner.words import count, percent, usd

Json = dict[str, Any]

_NAMED_DAYS: Final = 5


def pull_table(pulled: Pulled) -> Table:
    """Pulled usage and billed cost by calendar month."""
    has_cost = pulled.request.with_cost
    rows = []
    for month, days in groupby(pulled.of("usage"), _month):
        usage = list(days)
        costs = [day for day in pulled.of("cost") if _month(day) == month]
        rows.append(
            (
                month,
                count(len(usage)),
                count(sum(day.rows == 0 for day in usage)),
                *_usage_cells(add_usage([day.sums for day in usage if isinstance(day.sums, UsageSums)])),
                *(
                    _cost_cells(add_costs([day.sums for day in costs if isinstance(day.sums, CostSums)]))
                    if has_cost
                    else ()
                ),
            )
        )
    money = ("billed", "at list", "discount") if has_cost else ()
    columns = (
        "month",
        "days",
        "without use",
        "requests",
        "input Mtok",
        "cache read Mtok",
        "cache write Mtok",
        "output Mtok",
    )
    return Table(
        title=f"Pulled usage, {pulled.request.first_day} to {pulled.request.last_day}, UTC",
        columns=(*columns, *money),
        rows=tuple(rows),
        numeric=frozenset(range(1, len(columns) + len(money))),
    )


def _month(day: PulledDay) -> str:
    return f"{day.day:%Y-%m}"


def _usage_cells(sums: UsageSums) -> tuple[str, ...]:
    writes = sums.cache_write_5m_tokens + sums.cache_write_1h_tokens
    tokens = (sums.uncached_input_tokens, sums.cache_read_tokens, writes, sums.output_tokens)
    return (count(sums.requests), *(f"{value / TOKENS_PER_MTOK:,.1f}" for value in tokens))


def _cost_cells(sums: CostSums) -> tuple[str, ...]:
    discount = sums.discount_fraction
    money = (usd(float(sums.billed_cost_usd), cents=True), usd(float(sums.list_cost_usd), cents=True))
    return (*money, percent(None if discount is None else float(discount)))


def pull_sentences(pulled: Pulled) -> list[str]:
    """What was pulled, what it adds up to, and what to type next."""
    days, asked = len(pulled.request.days), len({day for _, day in pulled.asked})
    usage = pulled.usage
    said = [
        f"{pulled.folder} has {_days(days)}, {pulled.request.first_day} to {pulled.request.last_day}: "
        f"{_days(asked)} pulled now, {days - asked} kept from before, {len(pulled.days_without_use)} without use.",
        f"{usage.tokens:,} tokens in {usage.requests:,} requests.",
    ]
    if (cost := pulled.cost) is not None:
        said.append(_cost_sentence(cost))
    return [*said, f"Next: planner measure {shlex.quote(f'{pulled.folder}/usage-*.json')}"]


def _cost_sentence(cost: CostSums) -> str:
    billed, listed = (usd(float(value), cents=True) for value in (cost.billed_cost_usd, cost.list_cost_usd))
    if cost.discount_fraction is None:
        return f"Billed: {billed}, before credits; nothing was listed, so there is no discount to read."
    discount = percent(float(cost.discount_fraction))
    return f"Billed: {billed}, before credits; {listed} at list: a discount of {discount} today."


def pull_notes(pulled: Pulled) -> list[str]:
    """What must be said beside the result."""
    notes = []
    if unsettled := pulled.unsettled_days:
        notes.append(
            f"{_named(unsettled)} may still be filled in (the data was refreshed less than a day after the day's end, "
            "or does not say when); the next pull asks again"
        )
    if again := {day for _, day in pulled.again}:
        notes.append(f"{_named(sorted(again))} had been kept while still open, and was pulled again")
    if pulled.usage.uncounted_rows:
        notes.append(
            f"{pulled.usage.uncounted_rows:,} usage rows do not count their requests; the number is too low by these"
        )
    if pulled.other_days:
        notes.append(
            f"{pulled.folder} has {_days(pulled.other_days)} more from other pulls; a measurement of the folder reads "
            "them too, unless --from and --to leave them out"
        )
    return notes


def _named(days: Sequence[date]) -> str:
    if len(days) <= _NAMED_DAYS:
        return ", ".join(map(str, days))
    return f"{len(days)} days from {days[0]} to {days[-1]}"


def _days(number: int) -> str:
    return f"{number:,} {'day' if number == 1 else 'days'}"


def pull_json(pulled: Pulled) -> Json:
    """The pull as JSON: tokens are whole numbers, dollars exact decimal text."""
    request, usage, cost = pulled.request, pulled.usage, pulled.cost
    return {
        "folder": str(pulled.folder),
        "organization_id": pulled.organization_id,
        "first_day": request.first_day.isoformat(),
        "last_day": request.last_day.isoformat(),
        "group_by": list(request.group_by),
        "days": len(request.days),
        "days_pulled_now": len({day for _, day in pulled.asked}),
        "days_without_use": [day.isoformat() for day in pulled.days_without_use],
        "days_not_settled": [day.isoformat() for day in pulled.unsettled_days],
        "days_of_other_pulls": pulled.other_days,
        "data_refreshed_at": _oldest(pulled),
        "usage": {name: getattr(usage, name) for name in UsageSums.__dataclass_fields__} | {"tokens": usage.tokens},
        "cost": None if cost is None else _cost_json(cost),
        "files": f"{pulled.folder}/usage-*.json",
        "warnings": pull_notes(pulled),
    }


def _oldest(pulled: Pulled) -> str | None:
    known = [day.refreshed_at for day in pulled.days.values() if day.refreshed_at is not None]
    return utc_text(min(known)) if len(known) == len(pulled.days) else None


def _cost_json(cost: CostSums) -> Json:
    discount = cost.discount_fraction
    return {
        "billed_cost_usd": f"{cost.billed_cost_usd:f}",
        "list_cost_usd": f"{cost.list_cost_usd:f}",
        "discount_fraction": None if discount is None else float(discount),
    }
