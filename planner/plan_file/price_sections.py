"""[prices] of the plan file as it is written: whose prices, as of which day, what differs, how they may move."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from planner.distributions import fraction_from_quantiles, positive_from_quantiles
from planner.plan_file.section import Name, Provider, Section, Usd
from planner.plan_file.values import Fraction, Positive


class OverrideSection(Section):
    """[[prices.override]]: a negotiated or newer rate; classes that are not named keep their list price."""

    model: Name
    source: Name
    tier: Literal["haiku", "sonnet", "opus", "fable"] | None = None
    input_usd_per_mtok: Usd | None = None
    output_usd_per_mtok: Usd | None = None
    cache_read_usd_per_mtok: Usd | None = None
    cache_write_5m_usd_per_mtok: Usd | None = None
    cache_write_1h_usd_per_mtok: Usd | None = None


class CutsSection(Section):
    """[prices.cuts]: list-price moves during the term, per tier and year."""

    falls_per_year: Annotated[float, Field(ge=0, le=12)] = 0.7
    fall: Fraction = Field(default_factory=lambda: fraction_from_quantiles(0.10, 0.60))
    rises_per_year: Annotated[float, Field(ge=0, le=12)] = 0.2
    rise: Positive = Field(default_factory=lambda: positive_from_quantiles(0.05, 0.30))
    lag_months: Annotated[int, Field(ge=0, le=60)] = 3


class PricesSection(Section):
    """[prices]: whose prices, as of which day."""

    provider: Provider = "anthropic"
    on: date | None = Field(default=None, description="default: the day the price data was last checked, or the start")
    override: list[OverrideSection] = Field(default_factory=list)
    cuts: CutsSection = Field(default_factory=CutsSection)
