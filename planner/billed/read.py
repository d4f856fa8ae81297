"""Read what was billed: every source becomes exact sums of the same records, and nothing is counted twice."""

from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import Final, TypeVar

from planner.billed.formats import (
    COST_TYPES,
    FORMATS,
    TOKEN_CLASSES_BY_TYPE,
    BilledFormat,
    Canonical,
    billed_format,
    unknown_format,
)
from planner.billed.records import Bill, BilledCost, BilledSource, CostType
from planner.billed.rows import Report, Row, open_report
from planner.billed.values import EXACT, amount_usd, check_currency, last_day_before, moment, rounding_usd
from planner.errors import UsageError
from planner.price_data.names import parse_name
from planner.usage.folders import PULLED_COSTS, find_files, shown_name
from planner.usage.streams import file_digest

EXAMPLES: Final = 5
T = TypeVar("T")

_DIGEST_BYTES: Final = 16
_SHOWN: Final = 60
_PLACE: Final = Decimal("1e-14")

_Key = tuple[Hashable, ...]


@dataclass(slots=True)
class _Sums:
    """What one read gathers: sums by record, faults, rows left out, and which file each row was seen in."""

    costs: dict[_Key, tuple[BilledCost, Decimal, Decimal | None, Decimal]] = field(default_factory=dict)
    refused: int = 0
    examples: list[str] = field(default_factory=list)
    currencies: set[str] = field(default_factory=set)
    left_out: dict[tuple[str, str], tuple[int, Decimal]] = field(default_factory=dict)
    seen: dict[bytes, str] = field(default_factory=dict)
    days: dict[date, tuple[BilledFormat, str]] = field(default_factory=dict)
    formats: dict[str, BilledFormat] = field(default_factory=dict)


class _FaultError(Exception):
    """One field of a row that must be refused."""

    def __init__(self, place: str, value: str, problem: str) -> None:
        super().__init__(problem)
        self.place, self.value, self.problem = place, value, problem


def read_bill(source: BilledSource) -> Bill:
    """Everything that was billed, exact, added up by day, model, kind and the rest that records carry.

    A file that is named twice, or twice under two names, is read once. Errors: UsageError for a file that is no bill
    that is known, for refused rows with the first examples, for days that two sources of one account both bill, for
    exports that overlap, and where nothing was billed.
    """
    invoices = tuple(invoice.as_cost() for invoice in source.invoices)
    if not source.sources:
        return Bill(costs=invoices)
    paths, notes = find_files(source.sources, source.base_dir, pulled=PULLED_COSTS)
    sums = _Sums()
    contents: dict[str, str] = {}
    for path in paths:
        name = shown_name(path, source.base_dir)
        digest = file_digest(path)
        if digest in contents:
            notes.append(f"{name} has the same content as {contents[digest]} and is read once.")
            continue
        contents[digest] = name
        notes += _read_file(path, name, sums)
    if sums.refused:
        raise UsageError(_refusal(sums))
    costs = _costs(sums)
    if not costs:
        raise UsageError(f"No billed cost in {', '.join(source.sources)}: nothing to compare the log with.")
    notes += [note for known in FORMATS if known.name in sums.formats for note in known.notes]
    notes += list(_left_out_notes(sums))
    costs, said = _without_repeated_list(costs)
    return Bill(costs=(*costs, *invoices), notes=tuple(dict.fromkeys((*notes, *said))), files=len(contents))


def _read_file(path: Path, name: str, sums: _Sums) -> list[str]:
    report = open_report(path, name)
    known = billed_format(report.seen)
    if known is None and not report.seen:
        return [f"{name} holds no billed cost."]
    if known is None:
        raise UsageError(f"{name}: {unknown_format(report.seen)}")
    for row in report.rows:
        try:
            _add(row, report, known, sums)
        except _FaultError as fault:
            sums.refused += 1
            if len(sums.examples) < EXAMPLES:
                sums.examples.append(f"{name}, {row.where}: {fault.place} = {fault.value[:_SHOWN]!r}: {fault.problem}")
    return [f"{name} says that more pages follow it; read them too, or costs are missing."] if report.is_page else []


def _add(row: Row, report: Report, known: BilledFormat, sums: _Sums) -> None:
    if row.problem:
        raise _FaultError("the row", ", ".join(row.values.values()), row.problem)
    for name, problem in known.forbidden.items():
        if row.values.get(name):
            raise _FaultError(name, row.values[name], problem)
    sums.currencies.add(_value(row, known, "currency").upper() or "USD")
    usd = _checked(row, known, "amount", lambda text: amount_usd(text, known.usd_per_unit))
    if (why := _no_use(row, known)) is not None:
        count, before = sums.left_out.get((known.name, why), (0, Decimal(0)))
        sums.left_out[known.name, why] = (count + 1, EXACT.add(before, usd))
        return
    cost = _record(row, known, usd)
    _check_once(row, report.name, known, cost, sums)
    sums.formats[known.name] = known
    key = _key(cost)
    if key not in sums.costs:
        sums.costs[key] = (cost, cost.amount_usd, cost.list_usd, cost.rounding_usd)
        return
    first, amount, listed, rounding = sums.costs[key]
    if cost.list_usd is not None and listed is not None:
        listed = EXACT.add(listed, cost.list_usd)
    sums.costs[key] = (first, EXACT.add(amount, cost.amount_usd), listed, EXACT.add(rounding, cost.rounding_usd))


def _key(cost: BilledCost) -> _Key:
    """What records that are added up have in common."""
    days, kind = (cost.first, cost.last), (cost.cost_type, cost.token_class, cost.service_tier)
    return days, cost.model, kind, cost.workspace, cost.api_key, cost.source, cost.is_credit, cost.list_usd is None


def _record(row: Row, known: BilledFormat, usd: Decimal) -> BilledCost:
    _checked(row, known, "currency", check_currency)
    start = _checked(row, known, "start", moment)
    last = _checked(row, known, "end", lambda text: last_day_before(start, text))
    listed = None
    if _value(row, known, "list"):
        listed = _checked(row, known, "list", lambda text: amount_usd(text, known.usd_per_unit))
    token_type = _value(row, known, "token_type").lower()
    if usd == 0 and _value(row, known, "covered"):
        usd = _checked(row, known, "covered", lambda text: amount_usd(text, known.usd_per_unit))
    return BilledCost(
        first=start.date(),
        last=last,
        model=_model(row, known),
        cost_type=_cost_type(_value(row, known, "cost_type").lower(), token_type),
        amount_usd=usd,
        list_usd=listed,
        source=known.name,
        rounding_usd=rounding_usd(_value(row, known, "amount")) if known.rounded else Decimal(0),
        token_class=TOKEN_CLASSES_BY_TYPE.get(token_type, ""),
        service_tier=_value(row, known, "service_tier").lower(),
        workspace=_value(row, known, "workspace"),
        api_key=_value(row, known, "api_key"),
    )


def _value(row: Row, known: BilledFormat, name: Canonical) -> str:
    """The first of the source's fields for a name that is not blank."""
    for path in known.fields.get(name, ()):
        if text := row.values.get(path):
            return text
    return ""


def _checked(row: Row, known: BilledFormat, name: Canonical, check: Callable[[str], T]) -> T:
    text = _value(row, known, name)
    try:
        return check(text)
    except ValueError as error:
        place = next((path for path in known.fields.get(name, ()) if row.values.get(path)), None)
        raise _FaultError(place or known.fields[name][0], text, str(error)) from None


def _cost_type(stated: str, token_type: str) -> CostType:
    if stated:
        return COST_TYPES.get(stated, "other")
    return "tokens" if token_type else "all"


def _model(row: Row, known: BilledFormat) -> str:
    """The first model field that spells a model, else the first that is not blank."""
    given = [text for path in known.fields["model"] if (text := row.values.get(path, ""))]
    return next((text for text in given if _is_model(text)), given[0] if given else "")


@lru_cache(maxsize=10_000)
def _is_model(text: str) -> bool:
    return parse_name(text) is not None


def _no_use(row: Row, known: BilledFormat) -> str | None:
    """Why a row is none of this product's use, None where it is."""
    category = _value(row, known, "category").lower()
    if category in known.left_out:
        return known.left_out[category]
    if known.model_words:
        texts = [row.values.get(path, "").lower() for path in (*known.fields["model"], *known.about)]
        if not any(word in text for word in known.model_words for text in texts):
            return "charges of other products"
    return None


def _check_once(row: Row, name: str, known: BilledFormat, cost: BilledCost, sums: _Sums) -> None:
    """Errors: UsageError where the same use stands in two files, or is billed by two reports of one account."""
    values = [f"{field}={row.values[field]}" for field in _identity(tuple(row.values), known.name)]
    key = blake2b("\0".join([known.name, *values]).encode(), digest_size=_DIGEST_BYTES).digest()
    first = sums.seen.setdefault(key, name)
    if first != name:
        raise UsageError(
            f"{first} and {name} both bill {cost.model or cost.cost_type} on {cost.first}: the exports overlap, and "
            "what stands in both would count twice. Keep one of them, or export days that do not overlap."
        )
    if not known.account:
        return
    for offset in range((cost.last - cost.first).days + 1):
        day = cost.first + timedelta(days=offset)
        other, file = sums.days.setdefault(day, (known, name))
        if other.name != known.name:
            raise UsageError(
                f"{file} ({other.name}) and {name} ({known.name}) both bill {day}: they report the same use. Keep one "
                "of them."
            )


@lru_cache(maxsize=1_000)
def _identity(fields: tuple[str, ...], format_name: str) -> tuple[str, ...]:
    """The fields that say which use a row is: all but its money, in an order of their own."""
    known = next(each for each in FORMATS if each.name == format_name)
    money = {*known.fields["amount"], *known.fields.get("list", ())}
    return tuple(field for field in sorted(fields) if field not in money)


def _refusal(sums: _Sums) -> str:
    total = sums.refused + len(sums.seen)
    mixed = ""
    if len(sums.currencies) > 1:
        mixed = f"\nThe files mix the currencies {', '.join(sorted(sums.currencies))}."
    shown = "".join(f"\n  {example}" for example in sums.examples)
    return f"{sums.refused} of {total} rows of the bill cannot be read. The first:{shown}{mixed}\nCorrect them."


def _costs(sums: _Sums) -> tuple[BilledCost, ...]:
    found = [
        replace(
            first,
            amount_usd=_placed(amount),
            list_usd=None if listed is None else _placed(listed),
            rounding_usd=_placed(rounding),
        )
        for first, amount, listed, rounding in sums.costs.values()
    ]
    return tuple(sorted(found, key=lambda cost: (cost.source, cost.first, cost.last, cost.model, repr(cost))))


def _placed(usd: Decimal) -> Decimal:
    """A sum to the place from which on dollars are added up in any context."""
    return usd.quantize(_PLACE, context=EXACT)


def _left_out_notes(sums: _Sums) -> Iterator[str]:
    for (name, why), (count, usd) in sorted(sums.left_out.items()):
        yield f"{count:,} rows of the {name} bill are {why} and are left out: ${usd:,.2f}."


def _without_repeated_list(costs: tuple[BilledCost, ...]) -> tuple[tuple[BilledCost, ...], list[str]]:
    """Costs of a writer that may repeat the billed cost as list price, without that price where it always does."""
    notes = []
    for name in (known.name for known in FORMATS if known.list_may_be_billed):
        mine = [cost for cost in costs if cost.source == name and cost.list_usd is not None]
        if mine and all(cost.list_usd == cost.amount_usd for cost in mine):
            costs = tuple(replace(cost, list_usd=None) if cost.source == name else cost for cost in costs)
            notes.append(
                f"Every row of the {name} bill has a list cost that equals the billed cost, as some exporters write "
                "it: no discount can be read from it."
            )
    return costs, notes
