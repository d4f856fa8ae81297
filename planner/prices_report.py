"""Tables and sentences of the price list: prices, their changes, what is to come, where library and facts differ."""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from planner.price_data.changes import retirements, scheduled
from planner.price_factors import factors
from planner.prices import ModelPrice, PriceBook, PriceChange, PriceDifference, Rates, ServerToolPrices
from planner.tables import Table

_CANCELLED_FOR: Final = timedelta(days=365)
_RATES: Final = ("input", "cache_read", "cache_write_5m", "cache_write_1h", "output")
_COLUMNS: Final = ("input", "cache read", "write 5 min", "write 1 h", "output")
_COUNTED: Final = {
    "in_force": ("price or factor differs", "prices and factors differ"),
    "new_model": ("model is new", "models are new"),
    "retired": ("model retired", "models retired"),
    "no_longer_listed": ("model is no longer listed", "models are no longer listed"),
    "announced": ("change is announced", "changes are announced"),
    "cancelled": ("announced change was called off", "announced changes were called off"),
}
"""State of a change -> what is counted, one and several."""


def prices_table(prices: Sequence[ModelPrice]) -> Table:
    """List prices in USD per million tokens on a day."""
    rows: list[tuple[str, ...]] = []
    for price in prices:
        days = (_day(price.effective_from), _day(price.retires_on))
        rows.append(
            (price.model, "any" if not price.long_prompt else "up to first threshold", *_rates(price.rates), *days)
        )
        rows += [
            (price.model, f"above {band.above_prompt_tokens:,}", *_rates(band.rates), *days)
            for band in price.long_prompt
        ]
    on = prices[0].on if prices else ""
    return Table(
        title=f"List prices on {on}, USD per million tokens",
        columns=(
            "model",
            "prompt tokens",
            "input",
            "cache read",
            "write 5 min",
            "write 1 h",
            "output",
            "since",
            "retires",
        ),
        rows=tuple(rows),
        numeric=frozenset(range(2, 7)),
        note="Since: the first day of the price, empty where its source gives none." if len(prices) > 1 else "",
    )


def price_sentence(price: ModelPrice) -> str:
    """One model's price in a line: what it is, since when, from where."""
    since = _day(price.effective_from) or "a day that its source does not give"
    rates = price.rates
    return (
        f"{price.model} on {price.on}: {_price(rates.input_usd_per_mtok)} for input, "
        f"{_price(rates.output_usd_per_mtok)} for output, USD per million tokens, since {since}. Batch requests pay "
        f"{price.batch_multiplier} of it. Source: {price.source}. Checked on {price.checked_on}."
    )


def differences_sentence(found: Sequence[PriceDifference]) -> str:
    """Which of the two wins where the library and our dated facts differ."""
    if not found:
        return "The price library and our dated facts agree on Anthropic's list."
    later = sum(row.wins == "library" for row in found)
    said = f"{len(found)} {'price differs' if len(found) == 1 else 'prices differ'}"
    if not later:
        return f"{said}; our dated fact wins."
    return f"{said}; the library wins where its change is dated later ({later}), our dated fact elsewhere."


def price_differences_table(found: Sequence[PriceDifference]) -> Table:
    """Prices on which the library and our dated facts differ."""
    return Table(
        title="Anthropic's list: where the price library and our dated facts differ, USD per million tokens",
        columns=("model", "token class", "on", "our fact", "library", "effective from", "wins"),
        rows=tuple(
            (
                row.model,
                row.token_class.replace("_", " "),
                row.on.isoformat(),
                _price(row.own_usd_per_mtok),
                _price(row.library_usd_per_mtok),
                _day(row.effective_from),
                "our fact" if row.wins == "own" else "library",
            )
            for row in found
        ),
        numeric=frozenset({3, 4}),
    )


def changes_table(changes: Sequence[PriceChange], title: str) -> Table:
    """A comparison of price lists, one line per model and class."""
    return Table(
        title=title,
        columns=("model", "price", "prompt tokens", "before", "after", "change", "state", "from"),
        rows=tuple(
            (
                row.model,
                _what(row),
                "any or short" if not row.above_prompt_tokens else f"above {row.above_prompt_tokens:,}",
                "-" if row.before is None else _price(row.before),
                "-" if row.after is None else _price(row.after),
                _change(row),
                row.state.replace("_", " "),
                _day(row.effective_from),
            )
            for row in changes
        ),
        numeric=frozenset({3, 4, 5}),
        note="USD per million tokens where nothing else is said." if changes else "",
    )


def changes_counted(changes: Sequence[PriceChange], where: str) -> str:
    """How many changes there are of each kind, in a sentence: models that came or went are counted once each."""
    counted = []
    for state, words in _COUNTED.items():
        found = [row for row in changes if row.state == state]
        count = len(found) if state == "in_force" else len({(row.model, row.effective_from) for row in found})
        if count:
            counted.append(f"{count} {words[0 if count == 1 else 1]}")
    if not counted:
        return f"No price differs {where}."
    return f"{counted[0]} {where}{''.join(f'; {words}' for words in counted[1:])}."


def schedule_table(book: PriceBook, on: date, model: str | None = None) -> Table:
    """Announced changes and retirements to come after a day, and what was called off in the year before it.

    model: one, by the book's own id; all unless given.
    """
    rows = [
        (row.model, _scheduled_words(row), row.state, _day(row.effective_from))
        for row in coming_and_called_off(book, on, model)
    ]
    rows += [
        (name, _last_day_words(book, name), "retirement", day.isoformat())
        for name, day in retirements(book, on, None)
        if model in (None, name)
    ]
    return Table(
        title=f"Announced, to retire, or called off, as of {on}",
        columns=("model", "what", "state", "day"),
        rows=tuple(sorted(rows, key=lambda row: (row[3], row[0]))),
    )


def factors_table(book: PriceBook, model: str, on: date) -> Table:
    """What a batch, a place, fast mode or an endpoint multiplies the prices of one model by on a day."""
    return Table(
        title=f"Factors on every price of {model}",
        columns=("factor", "times", "since", "source"),
        rows=tuple(
            (factor.name, f"{float(factor.multiplier):g}", _day(factor.effective_from), factor.source)
            for factor in factors(book, model, on)
        ),
        numeric=frozenset({1}),
    )


def coming_and_called_off(book: PriceBook, on: date, model: str | None = None) -> list[PriceChange]:
    """Announced changes after a day, and those cancelled for a day of the year before it or later; of one model."""
    coming = [row for row in scheduled(book.facts, book.provider, on, None) if row.state == "announced"]
    called_off = scheduled(book.facts, book.provider, on - _CANCELLED_FOR, None)
    rows = [*coming, *(row for row in called_off if row.state == "cancelled")]
    return [row for row in rows if model is None or row.names(model)]


def server_tools_table(tools: ServerToolPrices) -> Table:
    """What web search and code execution cost on a day; no row where neither has a price."""
    known = (
        (tools.web_search, "web search", "per 1,000 searches"),
        (tools.code_execution, "code execution", "per hour"),
    )
    return Table(
        title=f"Server tools on {tools.on}, USD",
        columns=("tool", "USD", "unit"),
        rows=tuple((name, _price(usd), unit) for usd, name, unit in known if usd is not None),
        numeric=frozenset({1}),
        note=" ".join(tools.notes),
    )


def _scheduled_words(row: PriceChange) -> str:
    if row.what:
        return row.what
    name, change = row.token_class.replace("_", " "), _change(row)
    said = f"{name} from {_price(row.before)} to {_price(row.after)} USD per million tokens"
    return f"{said} ({change})" if change else said


def _last_day_words(book: PriceBook, model: str) -> str:
    chain = book.successors(model)
    return f"last day; next of its tier: {chain[0]}" if chain else "last day; no later model of its tier is known"


def _change(row: PriceChange) -> str:
    return "" if row.change_fraction is None else f"{100 * row.change_fraction:+,.1f} %"


def _what(row: PriceChange) -> str:
    said = row.token_class.replace("_", " ")
    unit = "" if row.unit == "USD per million tokens" else f" ({row.unit})"
    return f"{said}: {row.what}" if row.what else f"{said}{unit}"


def _price(usd: Decimal | None) -> str:
    return "not known" if usd is None else f"{usd.normalize():,f}"


def _rates(rates: Rates) -> Iterable[str]:
    return tuple(_price(getattr(rates, f"{name}_usd_per_mtok")) for name in _RATES)


def _day(day: date | None) -> str:
    return "" if day is None else day.isoformat()
