"""What a model costs on a day, and what a buyer says that it costs instead."""

from dataclasses import dataclass, fields, replace
from datetime import date
from decimal import Decimal
from typing import Final

from planner.errors import PriceError
from planner.price_data.facts import LongPromptRates, Rates

RATE_FIELDS: Final = tuple(rate.name for rate in fields(Rates))
LONG_RATE_FIELDS: Final = tuple(f"long_{name}" for name in RATE_FIELDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelPrice:
    """What a model costs on a day, USD/MTok. effective_from: None where the source gives no day.

    unlisted_since: the day since which the price library no longer lists the model, whose last price this is.
    """

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
    unlisted_since: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceOverride:
    """A negotiated or newer rate. Every class that is None keeps its list price; it holds on every day.

    long_: the prices above the model's prompt threshold. discount_fraction: off every class, below and above it.
    """

    model: str
    source: str
    input_usd_per_mtok: Decimal | None = None
    output_usd_per_mtok: Decimal | None = None
    cache_read_usd_per_mtok: Decimal | None = None
    cache_write_5m_usd_per_mtok: Decimal | None = None
    cache_write_1h_usd_per_mtok: Decimal | None = None
    long_input_usd_per_mtok: Decimal | None = None
    long_output_usd_per_mtok: Decimal | None = None
    long_cache_read_usd_per_mtok: Decimal | None = None
    long_cache_write_5m_usd_per_mtok: Decimal | None = None
    long_cache_write_1h_usd_per_mtok: Decimal | None = None
    discount_fraction: Decimal | None = None
    tier: str | None = None

    def named(self) -> dict[str, Decimal]:
        """The classes that the override names. Errors: PriceError for no price at all, and for what is not a price."""
        rates = self._given(RATE_FIELDS)
        long = self.named_long()
        discount = self.discount_fraction
        where = f"[[prices.override]] for {self.model!r}"
        if discount is not None:
            if rates or long:
                raise PriceError(
                    f"{where}: discount_fraction is off every class; leave {', '.join({**rates, **long})} out."
                )
            if not (discount.is_finite() and 0 <= discount < 1):
                raise PriceError(f"{where}: discount_fraction = {discount} is no discount; give 0 or more, below 1.")
        elif not rates and not long:
            names = ", ".join((*RATE_FIELDS, "discount_fraction"))
            raise PriceError(f"{where} names no price. Name one of {names}.")
        for name, value in {**rates, **long}.items():
            if not value.is_finite() or value < 0:
                raise PriceError(f"{where}: {name} = {value} is not a price, 0 or more.")
        return rates

    def named_long(self) -> dict[str, Decimal]:
        """The classes that it names above the prompt threshold, under the names of those below it."""
        return {name.removeprefix("long_"): value for name, value in self._given(LONG_RATE_FIELDS).items()}

    def _given(self, names: tuple[str, ...]) -> dict[str, Decimal]:
        return {name: getattr(self, name) for name in names if getattr(self, name) is not None}


def noting(price: ModelPrice, note: str) -> ModelPrice:
    """The price with one more note, before its own."""
    return replace(price, notes=(note, *price.notes))


def scaled(price: ModelPrice, factor: Decimal) -> ModelPrice:
    """The price with every class, below and above every threshold, times a factor."""
    return replace(
        price,
        rates=_scaled(price.rates, factor),
        long_prompt=tuple(replace(step, rates=_scaled(step.rates, factor)) for step in price.long_prompt),
    )


def with_override(price: ModelPrice, override: PriceOverride) -> ModelPrice:
    """The price with the named classes replaced, or discounted.

    Prices above a prompt length that the override does not name keep the list's, and a note says so.
    """
    source = f"{price.source}; override: {override.source}" if price.source else f"override: {override.source}"
    rates, long = override.named(), override.named_long()
    if override.discount_fraction is not None:
        return replace(scaled(price, 1 - override.discount_fraction), source=source)
    changed = replace(
        price,
        rates=replace(price.rates, **rates),
        long_prompt=tuple(replace(step, rates=replace(step.rates, **long)) for step in price.long_prompt),
        source=source,
    )
    at_list = [name for name in RATE_FIELDS if name in rates and name not in long]
    for step in price.long_prompt if at_list else ():
        which = "the list price holds" if not long else f"the list price holds for {', '.join(_class_names(at_list))}"
        changed = noting(
            changed, f"{price.model}: above {step.above_prompt_tokens:,} prompt tokens {which}, not the override."
        )
    if long and not price.long_prompt:
        note = f"{price.model}: no prompt threshold on {price.on}, so the override's prices above one are not used."
        changed = noting(changed, note)
    return changed


def check_complete(override: PriceOverride) -> None:
    """An override for a model without a list price must name input and output, and nothing that needs a list price.

    Errors: PriceError saying which.
    """
    where = f"[[prices.override]] for {override.model!r}, which has no list price"
    if override.discount_fraction is not None:
        raise PriceError(f"{where}: there is nothing to discount; give input_usd_per_mtok and output_usd_per_mtok.")
    missing = [name for name in RATE_FIELDS[:2] if getattr(override, name) is None]
    if missing:
        raise PriceError(
            f"{where}: {' and '.join(missing)} must be given. Cache prices that are not given stay unknown."
        )
    check_threshold(override, frozenset())


def check_threshold(override: PriceOverride, thresholds: frozenset[int]) -> None:
    """Prices above a threshold need one, and only one. Errors: PriceError naming the model and the keys."""
    names = [f"long_{name}" for name in override.named_long()]
    if names and len(thresholds) != 1:
        said = f"has {len(thresholds)} prompt thresholds" if thresholds else "has no prompt threshold"
        raise PriceError(f"[[prices.override]] for {override.model!r}: the model {said}; leave {', '.join(names)} out.")


def _class_names(rate_fields: list[str]) -> list[str]:
    return [name.removesuffix("_usd_per_mtok") for name in rate_fields]


def _scaled(rates: Rates, factor: Decimal) -> Rates:
    values = {name: getattr(rates, name) for name in RATE_FIELDS}
    return Rates(**{name: None if value is None else value * factor for name, value in values.items()})
