"""What the way a request was handled does to its price: batch, geography, fast mode. One factor for all classes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from planner.errors import PriceError
from planner.price_data.facts import Modifier, PriceFacts
from planner.price_data.own_terms import STANDARD_VALUES, OwnModifier

_ONE: Final = Decimal(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Handling:
    """How a request was handled, as its log says it; None or '' where it does not say."""

    service_tier: str | None = None
    inference_geo: str | None = None
    speed: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Handled:
    """A model of a provider on a day, and the plan's own factors, which win over ours."""

    facts: PriceFacts
    provider: str
    model: str
    on: date
    own: Sequence[OwnModifier] = ()

    def own_factor(self, field: str, value: str) -> Decimal | None:
        """The plan's own factor of a value of a field for this model; one that names the model before one for all."""
        named = [item for item in self.own if item.field == field and _plain(item.value) == value]
        exact = [item for item in named if self.model in item.models]
        found = exact or [item for item in named if not item.models]
        return found[0].multiplier if found else None


def multiplier(logged: Handling, handled: Handled) -> tuple[Decimal, tuple[str, ...]]:
    """(factor, notes): batch x geography x fast mode, each 1 where the log says standard or nothing.

    A value that has no public list price counts as standard, and a note says so, unless the plan gives its factor.
    Errors: PriceError for fast mode of a model that has no known fast price.
    """
    notes: dict[str, None] = {}
    factor = _ONE
    for field, ours in (("service_tier", _service_tier), ("inference_geo", _geography), ("speed", _speed)):
        value = _plain(getattr(logged, field))
        own = handled.own_factor(field, value)
        if own is not None:
            factor *= own
        elif value not in STANDARD_VALUES:
            factor *= ours(value, handled, notes)
    return factor, tuple(notes)


def batch_multiplier(handled: Handled) -> Decimal:
    """The factor of a batch, without a note; 1 on a day on which there is no batch discount."""
    own = handled.own_factor("service_tier", "batch")
    if own is not None:
        return own
    listed = handled.facts.batch.on(handled.on)
    return _ONE if listed is None else listed


def _service_tier(value: str, handled: Handled, notes: dict[str, None]) -> Decimal:
    facts = handled.facts
    if value == "batch" and facts.batch.on(handled.on) is not None:
        return _dated(facts.batch, "the batch discount", handled.on, notes)
    why = f" ({facts.unpriced[value]})" if value in facts.unpriced else ""
    notes[f"service_tier '{value}': no public list price is known{why}; priced as standard."] = None
    return _ONE


def _geography(value: str, handled: Handled, notes: dict[str, None]) -> Decimal:
    provider, model = handled.provider, handled.model
    if provider != "anthropic":
        notes[f"inference_geo '{value}': on {provider} the endpoint sets the price; no factor is used."] = None
        return _ONE
    for modifier in handled.facts.geography:
        if modifier.value == value and modifier.covers(model) and modifier.on(handled.on) is not None:
            return _dated(modifier, f"{model}: the factor of inference_geo '{value}'", handled.on, notes)
    notes[f"{model}: no list price is known for inference_geo '{value}'; priced as standard."] = None
    return _ONE


def _speed(value: str, handled: Handled, notes: dict[str, None]) -> Decimal:
    if value != "fast":
        notes[f"speed '{value}': no public list price is known; priced as standard."] = None
        return _ONE
    listed = handled.facts.fast if handled.provider == "anthropic" else ()
    known = [modifier for modifier in listed if modifier.on(handled.on) is not None]
    for modifier in known:
        if modifier.covers(handled.model):
            return _dated(modifier, f"{handled.model}: the factor of fast mode", handled.on, notes)
    names = ", ".join(sorted(name for modifier in known for name in modifier.models or ())) or "none"
    raise PriceError(
        f"No fast-mode price is known for {handled.model} on {handled.provider} on {handled.on} (speed 'fast'). "
        f"Known: {names}. "
        "Correct the model or the speed in the log, give the factor under [[prices.modifier]], or leave this traffic "
        "out."
    )


def _dated(modifier: Modifier, what: str, on: date, notes: dict[str, None]) -> Decimal:
    if on < modifier.effective_from:
        notes[f"{what} is known from {modifier.effective_from}; used for earlier days too."] = None
    notes.update(dict.fromkeys(modifier.announced))
    factor = modifier.on(on)
    return _ONE if factor is None else factor


def _plain(value: str | None) -> str:
    return "" if value is None else value.strip().lower()
