"""What a model costs on a day, and what a buyer says that it costs instead."""

from dataclasses import dataclass, fields, replace
from datetime import date
from decimal import Decimal
from typing import Final

from planner.errors import PriceError
from planner.price_data.facts import LongPromptRates, Rates

RATE_FIELDS: Final = tuple(rate.name for rate in fields(Rates))


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelPrice:
    """What a model costs on a day, USD/MTok. effective_from: None where the source gives no day."""

    model: str
    provider: str
    on: date
    rates: Rates
    long_prompt: tuple[LongPromptRates, ...]
    batch_multiplier: Decimal
    effective_from: date | None
    source: str
    checked_on: date
    retires_on: date | None
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceOverride:
    """A negotiated or newer rate. Every class that is None keeps its list price; it holds on every day."""

    model: str
    source: str
    input_usd_per_mtok: Decimal | None = None
    output_usd_per_mtok: Decimal | None = None
    cache_read_usd_per_mtok: Decimal | None = None
    cache_write_5m_usd_per_mtok: Decimal | None = None
    cache_write_1h_usd_per_mtok: Decimal | None = None
    tier: str | None = None

    def named(self) -> dict[str, Decimal]:
        """The classes that the override names. Errors: PriceError for none, and for what is not a price."""
        rates = {name: getattr(self, name) for name in RATE_FIELDS if getattr(self, name) is not None}
        if not rates:
            raise PriceError(
                f"[[prices.override]] for {self.model!r} names no price. Name one of {', '.join(RATE_FIELDS)}."
            )
        for name, value in rates.items():
            if not value.is_finite() or value < 0:
                raise PriceError(f"[[prices.override]] for {self.model!r}: {name} = {value} is not a price, 0 or more.")
        return rates


def noting(price: ModelPrice, note: str) -> ModelPrice:
    """The price with one more note, before its own."""
    return replace(price, notes=(note, *price.notes))


def with_override(price: ModelPrice, override: PriceOverride) -> ModelPrice:
    """The price with the named classes replaced. Prices above a prompt length keep the list's, and a note says so."""
    changed = replace(
        price,
        rates=replace(price.rates, **override.named()),
        source=f"{price.source}; override: {override.source}" if price.source else f"override: {override.source}",
    )
    for step in price.long_prompt:
        note = (
            f"{price.model}: above {step.above_prompt_tokens:,} prompt tokens the list price holds, not the override."
        )
        changed = noting(changed, note)
    return changed


def check_complete(override: PriceOverride) -> None:
    """An override for a model without a list price must name input and output. Errors: PriceError saying which."""
    missing = [name for name in RATE_FIELDS[:2] if getattr(override, name) is None]
    if missing:
        raise PriceError(
            f"[[prices.override]] for {override.model!r}, which has no list price: {' and '.join(missing)} must be "
            "given. Cache prices that are not given stay unknown."
        )
