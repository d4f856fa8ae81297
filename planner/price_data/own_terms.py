"""What a plan says of prices beside overrides: factors, token ratios, server tools, names, the cloud's endpoint."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Final

from planner.errors import PriceError
from planner.price_data.names import Endpoint
from planner.price_data.server_tools import OwnServerTools

MODIFIER_FIELDS: Final = ("service_tier", "inference_geo", "speed")
STANDARD_VALUES: Final = frozenset({"", "standard", "global", "not_available", "default"})
"""What a log says of a request that pays the list price as it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnModifier:
    """A negotiated or newer factor on every token class. models: the book's ids or other names; empty for all."""

    field: str
    value: str
    multiplier: Decimal
    source: str
    models: tuple[str, ...] = ()

    def check(self) -> None:
        """Errors: PriceError for an unknown field, for a standard value, and for what is no factor."""
        where = f"[[prices.modifier]] {self.field} = {self.value!r}"
        if self.field not in MODIFIER_FIELDS:
            raise PriceError(f"{where}: field is one of {', '.join(MODIFIER_FIELDS)}.")
        if not self.value.strip():
            raise PriceError(f"{where}: value names what a log says, such as 'priority'.")
        if self.value.strip().lower() in STANDARD_VALUES:
            raise PriceError(
                f"{where}: that is the standard request, which pays the list price itself. For another price of it "
                "give discount_fraction, or prices, under [[prices.override]]."
            )
        if not self.multiplier.is_finite() or self.multiplier <= 0:
            raise PriceError(f"{where}: multiplier = {self.multiplier} is no factor; give one above 0.")


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnTokenRatio:
    """Tokens of the same text: one tokenizer generation's per token of another's."""

    from_generation: str
    to_generation: str
    ratio: float
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnTerms:
    """All of them. endpoint: of Bedrock and Vertex AI. aliases: name in the log -> name of a model."""

    endpoint: Endpoint | None = None
    modifiers: tuple[OwnModifier, ...] = ()
    token_ratios: tuple[OwnTokenRatio, ...] = ()
    server_tools: OwnServerTools | None = None
    aliases: Mapping[str, str] = field(default_factory=dict)


def own_ratio(ratios: tuple[OwnTokenRatio, ...], before: str, after: str) -> float | None:
    """The plan's tokens of one generation per token of another; one ratio gives both directions. None: not given."""
    for item in ratios:
        if (item.from_generation, item.to_generation) == (before, after):
            return item.ratio
        if (item.from_generation, item.to_generation) == (after, before):
            return 1.0 / item.ratio
    return None


def check_terms(terms: OwnTerms, *, provider: str, generations: frozenset[str]) -> None:
    """Errors: PriceError naming the table and the remedy for anything that cannot be used."""
    if terms.endpoint is not None and provider == "anthropic":
        raise PriceError(
            f"[prices] endpoint = '{terms.endpoint}' is of a cloud; Anthropic's own API has none. Leave it out, or "
            "give provider = 'bedrock' or 'vertex'. A request that stays in a country says so in its inference_geo."
        )
    for modifier in terms.modifiers:
        modifier.check()
    _check_ratios(terms.token_ratios, generations)
    if terms.server_tools is not None:
        terms.server_tools.check()


def of_models(modifiers: tuple[OwnModifier, ...], model_of: Callable[[str], str]) -> tuple[OwnModifier, ...]:
    """The factors with their models' ids in place of any other name. model_of: name -> id.

    Errors: PriceError for two of one value for one model, however it is spelled.
    """
    found = tuple(replace(item, models=tuple(map(model_of, item.models))) for item in modifiers)
    _check_modifiers_differ(found)
    return found


def _check_modifiers_differ(modifiers: tuple[OwnModifier, ...]) -> None:
    seen: set[tuple[str, str, str]] = set()
    for modifier in modifiers:
        for model in modifier.models or ("every model",):
            key = (modifier.field, modifier.value.strip().lower(), model)
            if key in seen:
                raise PriceError(
                    f"[[prices.modifier]] gives {modifier.field} = {modifier.value!r} twice for {model}. Keep one."
                )
            seen.add(key)


def _check_ratios(ratios: tuple[OwnTokenRatio, ...], generations: frozenset[str]) -> None:
    seen: set[frozenset[str]] = set()
    for item in ratios:
        where = f"[[prices.token_ratio]] from {item.from_generation!r} to {item.to_generation!r}"
        for name in (item.from_generation, item.to_generation):
            if name not in generations:
                known = ", ".join(sorted(generations))
                raise PriceError(f"{where}: no tokenizer generation is called {name!r}. Known: {known}.")
        pair = frozenset((item.from_generation, item.to_generation))
        if len(pair) == 1:
            raise PriceError(f"{where}: a generation counts its own tokens once. Name two.")
        if not 0 < item.ratio < float("inf"):
            raise PriceError(
                f"{where}: ratio = {item.ratio:g} is no ratio; give tokens of the one per token of the other."
            )
        if pair in seen:
            raise PriceError(f"{where}: the pair is there twice, and one ratio gives both directions. Keep one.")
        seen.add(pair)
