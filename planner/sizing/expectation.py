"""What sizing says about an offer, and what a limit on the chance of a shortfall is a limit of."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from planner.offer import NO_COMMITMENT, Offer

LimitPer = Literal["term", "period"]
"""Whether a limit bounds the chance of a shortfall in any period of the term, or that of each period by itself."""

CENT_USD: Final = 0.01
_TIE: Final = 1e-12
# Relative difference of expected costs below which two commitments cost the same; ties go to the smaller one.
_ROUNDING: Final = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """What an offer is expected to cost over the term, USD, and its chance of a shortfall in any period.

    period_probabilities: the chance of a shortfall in each period by itself.
    """

    offer: Offer
    expected_cost_usd: float
    shortfall_probability: float
    period_probabilities: tuple[float, ...]
    expected_shortfall_usd: float
    expected_overage_usd: float

    def limited_probability(self, limit_per: LimitPer) -> float:
        """The probability that a limit bounds."""
        return self.shortfall_probability if limit_per == "term" else max(self.period_probabilities)


def is_allowed(value: Expectation, max_shortfall_probability: float, limit_per: LimitPer) -> bool:
    """Whether an offer meets a limit on the chance of a shortfall; none always does."""
    within = value.limited_probability(limit_per) <= max_shortfall_probability + _ROUNDING
    return value.offer.is_none or within


def smallest_of_cheapest(offers: Sequence[Offer], costs_usd: Sequence[float]) -> Offer:
    """The offer that costs least; of equal ones the one that commits least over its years, none before any."""
    if not offers:
        return NO_COMMITMENT
    least = min(costs_usd)
    ties = [offer for offer, usd in zip(offers, costs_usd, strict=True) if usd <= least + _TIE * abs(least)]
    return min(ties, key=committed_usd)


def committed_usd(offer: Offer) -> tuple[float, float]:
    """What ranks offers by size: the sum of the years that differ, then the first year's."""
    years = (offer, *offer.later)
    return sum(year.commit_usd_per_year for year in years) / len(years), offer.commit_usd_per_year
