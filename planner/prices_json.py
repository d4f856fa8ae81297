"""JSON of the price list: prices of a day, what is known of a model, changes between two days, an update."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Final

from planner.price_factors import Factor, factors
from planner.price_update import PriceUpdate
from planner.prices import ModelPrice, PriceBook, PriceChange, PriceDifference, Rates, ServerToolPrices
from planner.prices_report import coming_and_called_off

Json = dict[str, Any]

_RATES: Final = ("input", "output", "cache_read", "cache_write_5m", "cache_write_1h")


def prices_json(book: PriceBook, on: date, notes: Sequence[str]) -> Json:
    """Every model on a day, what server tools cost, and which price data it is. notes: what must be said with it."""
    return {
        "on": on.isoformat(),
        "provider": book.provider,
        **price_data_json(book, notes),
        "models": [price_json(book.price(model, on), book) for model in book.models()],
        "server_tools": server_tools_json(book.server_tools(on)),
    }


def price_data_json(book: PriceBook, notes: Sequence[str]) -> Json:
    """Which price data an answer is from, and what must be said with it."""
    return {
        "snapshot": book.snapshot,
        "data_checked_on": book.checked_on.isoformat(),
        "warnings": list(notes),
    }


def price_json(price: ModelPrice, book: PriceBook) -> Json:
    """One model's prices on a day, and what is known of the model.

    state: in_force; not_launched before its first day; retired after its last. scheduled: what is announced or called
    off, as the table under the price list has it. successor: the newest model of the tier on the day; successors: all
    later ones. factors: what a batch, a place or fast mode may multiply the prices by.
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
        "successor": book.successor(price.model, price.on),
        "successors": list(book.successors(price.model)),
        "launched": _iso(launched),
        "scheduled": [change_json(row) for row in coming_and_called_off(book, price.on, price.model)],
        "unlisted_since": _iso(price.unlisted_since),
        "factors": [_factor_json(factor) for factor in factors(book, price.model, price.on)],
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
        "warnings": list(done.notes),
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


def _factor_json(factor: Factor) -> Json:
    return {
        "name": factor.name,
        "multiplier": float(factor.multiplier),
        "effective_from": _iso(factor.effective_from),
        "source": factor.source,
    }


def _state(price: ModelPrice, launched: date | None) -> str:
    if launched is not None and price.on < launched:
        return "not_launched"
    retired = price.retires_on is not None and price.on > price.retires_on
    return "retired" if retired else "in_force"


def _rates_json(rates: Rates) -> Json:
    return {f"{name}_usd_per_mtok": _number(getattr(rates, f"{name}_usd_per_mtok")) for name in _RATES}


def _number(value: Decimal | None) -> float | None:
    return None if value is None else float(value)


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
