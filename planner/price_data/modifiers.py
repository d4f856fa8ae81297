"""What the way a request was handled does to its price: batch, geography, fast mode. One factor for all classes."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from planner.errors import PriceError
from planner.price_data.facts import Modifier, PriceFacts

_STANDARD: Final = frozenset({"", "standard", "global", "not_available", "default"})
_ONE: Final = Decimal(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Handling:
    """How a request was handled, as its log says it; None or '' where it does not say."""

    service_tier: str | None = None
    inference_geo: str | None = None
    speed: str | None = None


def multiplier(
    facts: PriceFacts, logged: Handling, *, provider: str, model: str, on: date
) -> tuple[Decimal, tuple[str, ...]]:
    """(factor, notes): batch x geography x fast mode, each 1 where the log says standard or nothing.

    A value that has no public list price counts as standard, and a note says so.
    Errors: PriceError for fast mode of a model that has no known fast price.
    """
    notes: dict[str, None] = {}
    factor = _service_tier(facts, _plain(logged.service_tier), on, notes)
    geo, speed = _plain(logged.inference_geo), _plain(logged.speed)
    if geo not in _STANDARD:
        factor *= _geography(facts, geo, provider, model, on, notes)
    if speed not in _STANDARD:
        factor *= _speed(facts, speed, provider, model, on, notes)
    return factor, tuple(notes)


def _service_tier(facts: PriceFacts, value: str, on: date, notes: dict[str, None]) -> Decimal:
    if value in _STANDARD:
        return _ONE
    if value == "batch":
        return _dated(facts.batch, "the batch discount", on, notes)
    why = f" ({facts.unpriced[value]})" if value in facts.unpriced else ""
    notes[f"service_tier '{value}': no public list price is known{why}; priced as standard."] = None
    return _ONE


def _geography(facts: PriceFacts, value: str, provider: str, model: str, on: date, notes: dict[str, None]) -> Decimal:
    if provider != "anthropic":
        notes[f"inference_geo '{value}': on {provider} the endpoint sets the price; no factor is used."] = None
        return _ONE
    for modifier in facts.geography:
        if modifier.value == value and modifier.covers(model):
            return _dated(modifier, f"{model}: the factor of inference_geo '{value}'", on, notes)
    notes[f"{model}: no list price is known for inference_geo '{value}'; priced as standard."] = None
    return _ONE


def _speed(facts: PriceFacts, value: str, provider: str, model: str, on: date, notes: dict[str, None]) -> Decimal:
    if value != "fast":
        notes[f"speed '{value}': no public list price is known; priced as standard."] = None
        return _ONE
    known = facts.fast if provider == "anthropic" else ()
    for modifier in known:
        if modifier.covers(model):
            return _dated(modifier, f"{model}: the factor of fast mode", on, notes)
    names = ", ".join(sorted(name for modifier in known for name in modifier.models or ())) or "none"
    raise PriceError(
        f"No fast-mode price is known for {model} on {provider} (speed 'fast'). Known: {names}. Correct the model or "
        "the speed in the log, or leave this traffic out."
    )


def _dated(modifier: Modifier, what: str, on: date, notes: dict[str, None]) -> Decimal:
    if on < modifier.effective_from:
        notes[f"{what} is known from {modifier.effective_from}; used for earlier days too."] = None
    notes.update(dict.fromkeys(modifier.announced))
    return modifier.multiplier


def _plain(value: str | None) -> str:
    return "" if value is None else value.strip().lower()
