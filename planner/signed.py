"""What was signed, and when to be told that it goes another way: the part of a plan that tracking needs."""

from dataclasses import dataclass, field
from datetime import date
from typing import Final

SHORTFALL_PROBABILITY: Final = 0.25
OUTSIDE_BAND_MONTHS: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertLimits:
    """When an alert fires; None: never.

    shortfall_probability, overage_probability: at or above it. outside_band_months: so many closed months in a row, up
    to the last one, outside the 80 % band of the plan as it was signed.
    """

    shortfall_probability: float | None = SHORTFALL_PROBABILITY
    overage_probability: float | None = None
    outside_band_months: int | None = OUTSIDE_BAND_MONTHS


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """The commitment as it was signed, at its band's discount unless one is given.

    on: the day of signing; list prices and the log of the plan count up to it. commits_usd_per_year: one of every
    contract year, or one for each.
    """

    on: date
    commits_usd_per_year: tuple[float, ...]
    discount_fraction: float | None = None
    alerts: AlertLimits = field(default_factory=AlertLimits)
