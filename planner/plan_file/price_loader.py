"""From [prices] of a plan file to what the price book is asked for."""

from decimal import Decimal

from planner.errors import InputError
from planner.inputs import PriceInputs
from planner.plan_file.price_sections import OverrideSection, PricesSection
from planner.price_moves import PriceMoves
from planner.prices import PriceOverride


def price_inputs(section: PricesSection) -> PriceInputs:
    """The price inputs of a checked section; InputError for a fall that would make a tier free."""
    cuts = section.cuts
    if cuts.fall.mean >= 1:
        raise InputError("prices.cuts.fall = 1 would make the tier free; give the fraction of one fall, below 1")
    return PriceInputs(
        provider=section.provider,
        on=section.on,
        overrides=tuple(_override(override) for override in section.override),
        moves=PriceMoves(
            falls_per_year=cuts.falls_per_year,
            fall=cuts.fall,
            rises_per_year=cuts.rises_per_year,
            rise=cuts.rise,
            lag_months=cuts.lag_months,
        ),
    )


def _override(section: OverrideSection) -> PriceOverride:
    def price(value: float | None) -> Decimal | None:
        return None if value is None else Decimal(repr(value))

    return PriceOverride(
        model=section.model,
        source=section.source,
        tier=section.tier,
        input_usd_per_mtok=price(section.input_usd_per_mtok),
        output_usd_per_mtok=price(section.output_usd_per_mtok),
        cache_read_usd_per_mtok=price(section.cache_read_usd_per_mtok),
        cache_write_5m_usd_per_mtok=price(section.cache_write_5m_usd_per_mtok),
        cache_write_1h_usd_per_mtok=price(section.cache_write_1h_usd_per_mtok),
    )
