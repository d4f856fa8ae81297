"""An offer settled on every path of a scenario, and the figures of it that the calculator shows."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from planner.contract import Contract
from planner.offer import Offer
from planner.plan import Plan
from planner.risk import estimate, probability, quantiles
from planner.settlement import settle
from planner.term_use import TermUse
from planner.units import HALF_CENT_USD, BoolArray, FloatArray

_PERCENTILES: Final = (0.1, 0.5, 0.9)


@dataclass(frozen=True, kw_only=True)
class OfferPaths:
    """An offer on every path: paid, its present value, unused and overage dollars, shape (n_paths,); short: by period,
    (n_periods, n_paths)."""

    paid_usd: FloatArray
    npv_paid_usd: FloatArray
    shortfall_usd: FloatArray
    overage_usd: FloatArray
    short: BoolArray

    def between(self, other: "OfferPaths", share: float) -> "OfferPaths":
        """The same offer at an overage discount between this one's and another's, where cost is linear in it."""
        return replace(
            self,
            paid_usd=self.paid_usd + share * (other.paid_usd - self.paid_usd),
            npv_paid_usd=self.npv_paid_usd + share * (other.npv_paid_usd - self.npv_paid_usd),
            overage_usd=self.overage_usd + share * (other.overage_usd - self.overage_usd),
        )


def offer_paths(contract: Contract, offer: Offer, use: TermUse) -> OfferPaths:
    """Settle an offer on every path."""
    settled = settle(contract, offer, use)
    return OfferPaths(
        paid_usd=settled.paid_usd,
        npv_paid_usd=settled.npv_paid_usd,
        shortfall_usd=settled.shortfall_usd.sum(axis=0),
        overage_usd=settled.overage_usd.sum(axis=0),
        short=settled.shortfall_usd > HALF_CENT_USD,
    )


def measures_of(plan: Plan) -> tuple[str, ...]:
    """What is known of every offer: USD over the term, probabilities, standard errors."""
    contract, decision = plan.inputs.contract, plan.inputs.decision
    dated = ("present_value",) if contract.values_time else ()
    by_period = decision.shortfall_limit_per == "period" and len(contract.periods) > 1
    limited = ("limited_probability",) if by_period else ()
    return (
        *("cost", "cost_se", *dated, "probability", "probability_se", *limited),
        *("shortfall", "overage", "cost_p10", "cost_p50", "cost_p90"),
    )


def measured(paths: OfferPaths, measures: Sequence[str]) -> list[float]:
    """The figures of an offer, in the order of the measures."""
    cost, any_period = estimate(paths.paid_usd), probability(np.logical_or.reduce(paths.short, axis=0))
    p10, p50, p90 = quantiles(paths.paid_usd, _PERCENTILES).tolist()
    found = {
        "cost": cost.mean,
        "cost_se": cost.se,
        "present_value": float(paths.npv_paid_usd.mean()),
        "probability": any_period.mean,
        "probability_se": any_period.se,
        "limited_probability": float(paths.short.mean(axis=1).max()),
        "shortfall": float(paths.shortfall_usd.mean()),
        "overage": float(paths.overage_usd.mean()),
        "cost_p10": p10,
        "cost_p50": p50,
        "cost_p90": p90,
    }
    return [found[measure] for measure in measures]
