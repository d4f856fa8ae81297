"""From [prices] of a plan file to what the price book is asked for."""

from decimal import Decimal

from planner.errors import InputError
from planner.inputs import PriceInputs
from planner.plan_file.price_sections import (
    ModifierSection,
    OverrideSection,
    PricesSection,
    ServerToolsSection,
    TokenRatioSection,
)
from planner.price_moves import PriceMoves
from planner.prices import OwnModifier, OwnServerTools, OwnTerms, OwnTokenRatio, PriceOverride


def price_inputs(section: PricesSection) -> PriceInputs:
    """The price inputs of a checked section.

    Errors: InputError for a fall that would make a tier free; PriceError for terms that cannot be used.
    """
    cuts = section.cuts
    if cuts.fall.mean >= 1:
        raise InputError("prices.cuts.fall = 1 would make the tier free; give the fraction of one fall, below 1")
    prices = PriceInputs(
        provider=section.provider,
        on=section.on,
        overrides=tuple(_override(override) for override in section.override),
        terms=OwnTerms(
            endpoint=section.endpoint,
            modifiers=tuple(_modifier(modifier) for modifier in section.modifier),
            token_ratios=tuple(_token_ratio(ratio) for ratio in section.token_ratio),
            server_tools=None if section.server_tools is None else _server_tools(section.server_tools),
            aliases=section.aliases,
        ),
        snapshot=section.snapshot,
        moves=PriceMoves(
            falls_per_year=cuts.falls_per_year,
            fall=cuts.fall,
            rises_per_year=cuts.rises_per_year,
            rise=cuts.rise,
            lag_months=cuts.lag_months,
        ),
    )
    prices.price_book()
    return prices


def _override(section: OverrideSection) -> PriceOverride:
    words = {"model", "source", "tier"}
    return PriceOverride(
        model=section.model,
        source=section.source,
        tier=section.tier,
        **{name: _exact(value) for name, value in section.model_dump(exclude=words).items()},
    )


def _modifier(section: ModifierSection) -> OwnModifier:
    return OwnModifier(
        field=section.field,
        value=section.value,
        multiplier=Decimal(repr(section.multiplier)),
        models=tuple(section.models),
        source=section.source,
    )


def _token_ratio(section: TokenRatioSection) -> OwnTokenRatio:
    return OwnTokenRatio(
        from_generation=section.from_, to_generation=section.to, ratio=section.ratio, source=section.source
    )


def _server_tools(section: ServerToolsSection) -> OwnServerTools:
    return OwnServerTools(
        source=section.source,
        web_search_usd_per_thousand=_exact(section.web_search_usd_per_thousand),
        code_execution_usd_per_hour=_exact(section.code_execution_usd_per_hour),
    )


def _exact(value: float | None) -> Decimal | None:
    """The number as it was typed."""
    return None if value is None else Decimal(repr(value))
