"""Tables and JSON of the price list: prices, their changes, what is to come, where library and facts differ."""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from planner.price_data.changes import retirements, scheduled
from planner.price_update import PriceUpdate
from planner.prices import ModelPrice, PriceBook, PriceChange, PriceDifference, Rates, ServerToolPrices
from planner.tables import Table
from planner.words import percent

Json = dict[str, Any]

_CANCELLED_FOR = timedelta(days=365)
_RATES = ("input", "cache_read", "cache_write_5m", "cache_write_1h", "output")
_JSON_RATES = ("input", "output", "cache_read", "cache_write_5m", "cache_write_1h")


def prices_table(prices: Sequence[ModelPrice]) -> Table:
    """List prices in USD per million tokens on a day."""
    rows: list[tuple[str, ...]] = []
    for price in prices:
        ends = "" if price.retires_on is None else price.retires_on.isoformat()
        rows.append(
            (price.model, "any" if not price.long_prompt else "up to first threshold", *_rates(price.rates), ends)
        )
        rows += [
            (price.model, f"above {band.above_prompt_tokens:,}", *_rates(band.rates), ends)
            for band in price.long_prompt
        ]
    on = prices[0].on if prices else ""
    return Table(
        title=f"List prices on {on}, USD per million tokens",
        columns=("model", "prompt tokens", "input", "cache read", "write 5 min", "write 1 h", "output", "retires"),
        rows=tuple(rows),
        numeric=frozenset(range(2, 7)),
    )


def price_differences_table(found: Sequence[PriceDifference]) -> Table:
    """Prices on which the library and our dated facts differ."""
    return Table(
        title="Where the price library and our dated facts differ, USD per million tokens",
        columns=("model", "token class", "on", "our fact", "library", "effective from", "wins"),
        rows=tuple(
            (
                row.model,
                row.token_class,
                row.on.isoformat(),
                _price(row.own_usd_per_mtok),
                _price(row.library_usd_per_mtok),
                row.effective_from.isoformat() if row.effective_from else "",
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
                "" if row.change_fraction is None else f"{100 * row.change_fraction:+.1f} %",
                row.state.replace("_", " "),
                "" if row.effective_from is None else row.effective_from.isoformat(),
            )
            for row in changes
        ),
        numeric=frozenset({3, 4, 5}),
        note="USD per million tokens where nothing else is said." if changes else "",
    )


def schedule_table(book: PriceBook, on: date) -> Table:
    """Announced changes and retirements to come after a day, and what was called off in the year before it."""
    rows = [
        (
            row.model,
            _scheduled_words(row),
            row.state,
            "" if row.effective_from is None else row.effective_from.isoformat(),
        )
        for row in _scheduled(book, on)
    ]
    rows += [
        (model, _last_day_words(book, model), "retirement", day.isoformat())
        for model, day in retirements(book, on, None)
    ]
    return Table(
        title=f"Announced, to retire, or called off, as of {on}",
        columns=("model", "what", "state", "day"),
        rows=tuple(sorted(rows, key=lambda row: (row[3], row[0]))),
    )


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


def price_json(price: ModelPrice, book: PriceBook) -> Json:
    """One model's prices on a day, and what is known of the model.

    state: in_force; not_launched before its first day; retired after its last. scheduled: what is announced or called
    off, as the table under the price list has it. successor: the newest model of the tier; successors: all later ones.
    """
    launched = book.launched(price.model)
    return {
        "model": price.model,
        "provider": price.provider,
        "on": price.on.isoformat(),
        **_rates_json(price.rates),
        "batch_multiplier": float(price.batch_multiplier),
        "thresholds": [
            {"above_prompt_tokens": band.above_prompt_tokens, **_rates_json(band.rates)} for band in price.long_prompt
        ],
        "effective_from": _iso(price.effective_from),
        "source": price.source,
        "checked_on": _iso(price.checked_on),
        "retires_on": _iso(price.retires_on),
        "notes": list(price.notes),
        "state": _state(price, launched),
        "tier": book.tier(price.model),
        "tokenizer": book.tokenizer(price.model),
        "successor": book.successor(price.model),
        "successors": list(book.successors(price.model)),
        "launched": _iso(launched),
        "scheduled": [change_json(row) for row in _scheduled(book, price.on) if price.model in row.model.split(", ")],
    }


def price_difference_json(row: PriceDifference) -> Json:
    """One price on which the library and our dated facts differ."""
    return {
        "model": row.model,
        "token_class": row.token_class,
        "on": row.on.isoformat(),
        "own_usd_per_mtok": _number(row.own_usd_per_mtok),
        "library_usd_per_mtok": _number(row.library_usd_per_mtok),
        "effective_from": _iso(row.effective_from),
        "wins": row.wins,
    }


def change_json(row: PriceChange) -> Json:
    """One line of a comparison of price lists."""
    return {
        "model": row.model,
        "token_class": row.token_class,
        "above_prompt_tokens": row.above_prompt_tokens,
        "before": _number(row.before),
        "after": _number(row.after),
        "unit": row.unit,
        "change_fraction": row.change_fraction,
        "state": row.state,
        "effective_from": _iso(row.effective_from),
        "source": row.source,
        "what": row.what,
    }


def update_json(done: PriceUpdate) -> Json:
    """What an update of the prices did; sha256 is null for the bundled ones, file where there was none to remove."""
    return {
        "file": None if done.path is None else str(done.path),
        "checked_on": done.checked_on.isoformat(),
        "snapshot": done.snapshot,
        "sha256": done.sha256,
        "changes": [change_json(row) for row in done.changes],
    }


def server_tools_json(tools: ServerToolPrices) -> Json:
    """What server tools cost on a day; null where no price is known."""
    return {
        "provider": tools.provider,
        "on": tools.on.isoformat(),
        "web_search_usd_per_thousand": _number(tools.web_search),
        "code_execution_usd_per_hour": _number(tools.code_execution),
        "free_code_execution_hours_per_month": float(tools.free_code_execution_hours_per_month),
        "effective_from": _iso(tools.effective_from),
        "source": tools.source,
        "notes": list(tools.notes),
    }


def _scheduled(book: PriceBook, on: date) -> list[PriceChange]:
    """Announced changes after a day, and those cancelled for a day of the year before it or later."""
    coming = [row for row in scheduled(book.facts, book.provider, on, None) if row.state == "announced"]
    return [
        *coming,
        *(row for row in scheduled(book.facts, book.provider, on - _CANCELLED_FOR, None) if row.state == "cancelled"),
    ]


def _scheduled_words(row: PriceChange) -> str:
    if row.what:
        return row.what
    change = "" if row.change_fraction is None else f" ({percent(row.change_fraction)})"
    return f"{row.token_class} from {_price(row.before)} to {_price(row.after)} USD per million tokens{change}"


def _last_day_words(book: PriceBook, model: str) -> str:
    chain = book.successors(model)
    return f"last day; next of its tier: {chain[0]}" if chain else "last day; no later model of its tier is known"


def _what(row: PriceChange) -> str:
    said = row.token_class.replace("_", " ")
    unit = "" if row.unit == "USD per million tokens" else f" ({row.unit})"
    return f"{said}: {row.what}" if row.what else f"{said}{unit}"


def _state(price: ModelPrice, launched: date | None) -> str:
    if launched is not None and price.on < launched:
        return "not_launched"
    retired = price.retires_on is not None and price.on > price.retires_on
    return "retired" if retired else "in_force"


def _price(usd: Decimal | None) -> str:
    return "not known" if usd is None else f"{usd.normalize():f}"


def _rates(rates: Rates) -> Iterable[str]:
    return tuple(_price(getattr(rates, f"{name}_usd_per_mtok")) for name in _RATES)


def _rates_json(rates: Rates) -> Json:
    return {f"{name}_usd_per_mtok": _number(getattr(rates, f"{name}_usd_per_mtok")) for name in _JSON_RATES}


def _number(value: Decimal | None) -> float | None:
    return None if value is None else float(value)


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
