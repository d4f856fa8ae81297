"""A whole plan from a few figures typed by hand: a mix, perhaps growth, and a contract of placeholders that says so."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from math import isfinite
from typing import Any, Final

import tomlkit

from planner.errors import InputError, PlannerError
from planner.plan_file.section import LONGEST_NAME
from planner.plan_file.text import new_item
from planner.prices import PriceBook

NAMES: Final = ("request_type", "model")
NUMBERS: Final = ("monthly_requests", "uncached_input_tokens", "cache_read_tokens", "output_tokens")
COLUMNS: Final = (*NAMES, *NUMBERS)
"""Of a row, by the keys of [[mix]]."""

CALLED: Final = {
    "request_type": "Request type",
    "model": "Model",
    "monthly_requests": "Requests a month",
    "uncached_input_tokens": "Input tokens",
    "cache_read_tokens": "Cached tokens",
    "output_tokens": "Output tokens",
}
"""What people call them."""

PLACEHOLDER_TERMS: Final = "placeholder: typical discounts of advisory sources, not an offer to you"
_PLACEHOLDER_BANDS: Final = ((250_000, 0.08), (1_000_000, 0.15), (5_000_000, 0.25))
_MOST_REQUESTS: Final = 1e13
_MOST_TOKENS: Final = 1e9
_MOST_GROWTH: Final = 10.0
_SHOWN: Final = 40
_CAN_MEAN: Final = {
    "request_type": "give the work a name, such as support answers",
    "model": "pick the model that does it today",
    "monthly_requests": "type how many requests a month",
    "uncached_input_tokens": "type the mean, without what is read from the cache",
    "cache_read_tokens": "type the mean that is read from the cache, 0 if nothing is",
    "output_tokens": "type the mean",
}

Row = Mapping[str, Any]
"""A column of COLUMNS -> what was typed; None or absent where nothing was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """Growth of the bill's requests a year, as fractions: one year in ten is below p10, one in ten above p90."""

    p10: float
    p90: float


def offered_models(book: PriceBook, on: date) -> tuple[str, ...]:
    """Models that can be asked on a day, as far as their days are known, in the order of their names."""
    days = ((model, book.launched(model), book.retires_on(model)) for model in book.models())
    return tuple(
        model for model, first, last in days if first is not None and first <= on and (last is None or last > on)
    )


def is_empty(row: Row) -> bool:
    """Whether nothing was typed in a row."""
    return all(row.get(name) is None for name in COLUMNS if name != "cache_read_tokens")


def row_problems(rows: Sequence[Row], book: PriceBook) -> dict[int, str]:
    """Row, from 0 -> what is wrong with it: column, value and remedy. Rows in which nothing was typed are none."""
    found: dict[int, str] = {}
    seen: dict[tuple[Any, Any], int] = {}
    for at, row in enumerate(rows):
        if is_empty(row):
            continue
        said = [*_wrong_names(row, book), *(words for name in NUMBERS if (words := _wrong_number(name, row.get(name))))]
        first = seen.setdefault((row.get("request_type"), row.get("model")), at)
        if first != at and not said:
            said = [f"the same type on the same model as row {first + 1}: add the requests up in one row"]
        if said:
            found[at] = "; ".join(said)
    return found


def _wrong_names(row: Row, book: PriceBook) -> Iterator[str]:
    name, model = (row.get(key) for key in NAMES)
    if not str(name or "").strip():
        yield f"{CALLED['request_type']} is empty: {_CAN_MEAN['request_type']}"
    elif len(str(name)) > LONGEST_NAME:
        yield (
            f"{CALLED['request_type']} '{str(name)[:_SHOWN]}…' has {len(str(name)):,} characters: give it at most "
            f"{LONGEST_NAME}"
        )
    if not str(model or "").strip():
        yield f"{CALLED['model']} is empty: {_CAN_MEAN['model']}"
        return
    try:
        book.resolve(str(model))
    except PlannerError as error:
        yield f"{CALLED['model']} {str(model)[:_SHOWN]}: {error}"


def _wrong_number(name: str, value: Any) -> str:
    """What is wrong with a number, empty where nothing is."""
    if value is None:
        return f"{CALLED[name]} is empty: {_CAN_MEAN[name]}"
    most = _MOST_REQUESTS if name == "monthly_requests" else _MOST_TOKENS
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value) or not 0 <= value <= most:
        return f"{CALLED[name]} is {str(value)[:_SHOWN]}: give a number from 0 to {most:,.0f}"
    return ""


def typed_growth(low_percent: float | None, high_percent: float | None) -> Growth | None:
    """Growth a year from two percentages; None where neither is typed. Errors: InputError for one without the other."""
    if low_percent is None and high_percent is None:
        return None
    if low_percent is None or high_percent is None:
        given = "low" if high_percent is None else "high"
        raise InputError(
            f"Growth: only the {given} figure is typed. Type both, the same twice if you are sure, or clear it: growth "
            "is then a prior"
        )
    low, high = low_percent / 100, high_percent / 100
    if low > high:
        raise InputError(f"Growth: low is {low_percent:g} % and high is {high_percent:g} %; swap them")
    if not -1 < low <= high <= _MOST_GROWTH:
        raise InputError(
            f"Growth: {low_percent:g} % to {high_percent:g} %; give figures above -100 % and at most "
            f"{_MOST_GROWTH * 100:,.0f} %"
        )
    return Growth(p10=low, p90=high)


def typed_plan_text(rows: Sequence[Row], growth: Growth | None, *, name: str, on: date, book: PriceBook) -> str:
    """The plan file of what was typed: priced on a day, over twelve months from the first day of the next month.

    Its contract is a placeholder and says so under [[assumption]]; levers there are none yet.
    Errors: InputError that names row, value and remedy, a line for each row.
    """
    problems = row_problems(rows, book)
    if problems:
        raise InputError("\n".join(f"Row {at + 1}: {words}" for at, words in problems.items()))
    mix = [_entry(row) for row in rows if not is_empty(row)]
    if not mix:
        raise InputError(f"Nothing is typed yet: fill in one row, from {CALLED['request_type']} on")
    text = tomlkit.dumps(_document(mix, growth, name=name.strip() or "Typed by hand", on=on))
    return re.sub(r"\n{3,}", "\n\n", text)


def _entry(row: Row) -> dict[str, Any]:
    return {name: str(row[name]).strip() for name in NAMES} | {name: row[name] for name in NUMBERS}


def _document(mix: Sequence[Row], growth: Growth | None, *, name: str, on: date) -> tomlkit.TOMLDocument:
    document = tomlkit.document()
    document.add(tomlkit.comment(f"Typed by hand in the app on {on}; `planner schema` lists every key."))
    document.add(tomlkit.nl())
    document.add("format", tomlkit.item(1))
    document.add(tomlkit.nl())
    document.add("plan", new_item({"name": name, "start": _next_month(on), "paths": 16_384, "seed": 1}))
    document.add("mix", new_item(list(mix)))
    document.add("prices", new_item({"provider": "anthropic", "on": on}))
    if growth is not None:
        rate = tomlkit.inline_table()
        rate.update({"p10": growth.p10, "p90": growth.p90})
        demand = tomlkit.table()
        demand.add("growth_per_year", growth.p10 if growth.p10 == growth.p90 else rate)
        demand.add(tomlkit.nl())
        document.add("demand", demand)
    document.add("scenario", new_item([{"name": "as is"}]))
    document.add("contract", _contract())
    document.add("assumption", new_item([{"key": "contract.band", "source": PLACEHOLDER_TERMS, "on": on}]))
    return document


def _contract() -> Any:
    contract = tomlkit.table()
    contract.add("term_months", 12)
    contract.add(tomlkit.nl())
    contract.add(
        tomlkit.comment("PLACEHOLDERS, not your contract: no public rate card exists. Put in what you are offered.")
    )
    bands = tomlkit.aot()
    for commit, discount in _PLACEHOLDER_BANDS:
        bands.append(new_item({"min_commit_usd_per_year": commit, "discount_fraction": discount}))
    contract.add("band", bands)
    return contract


def _next_month(on: date) -> date:
    return date(on.year + on.month // 12, on.month % 12 + 1, 1)
