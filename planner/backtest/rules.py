"""Sizing rules lived: what a commitment chosen by a rule would have cost, on list spend that is known by now.

A stretch of history is settled as one period that owes its part of an annual commitment. Settlement is homogeneous
(twice the use and twice the commitment cost twice as much), so the annual contract settles the use scaled to a year,
and the dollars are scaled back. Nothing is rounded here.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf
from typing import Final

import numpy as np

from planner.commit import commit_sample
from planner.contract import Contract
from planner.foresight import least_paid_usd
from planner.inputs import Decision
from planner.objectives import recommend
from planner.settlement import settle
from planner.simulation import SpendPaths
from planner.term_use import TermUse, term_use
from planner.units import HALF_CENT_USD, MONTHS_PER_YEAR, FloatArray

RECOMMENDED: Final = "recommended"
PERFECT_FORESIGHT: Final = "perfect_foresight"

_UTILIZATION: Final = 0.85
_CENT: Final = 0.01
_ROUNDING: Final = 1e-12


def utilization_85_usd(history_usd: FloatArray) -> float:
    """The largest m with sum(min(x, m)) >= 0.85 n m: a commitment of m a period that would have been 85 % used.

    sum(min(x, m)) is the least over k of (sum of the k smallest x) + (n - k) m, so the condition says
    (sum of the k smallest) >= (k - 0.15 n) m for every k, and the best m is the least of these ratios.
    """
    smallest = np.cumsum(np.sort(history_usd))
    owed = np.arange(1, history_usd.size + 1) - (1.0 - _UTILIZATION) * history_usd.size
    counts = owed > _ROUNDING * history_usd.size
    return float((smallest[counts] / owed[counts]).min())


RULES: Final[Mapping[str, Callable[[FloatArray], float]]] = {
    "last_month": lambda history_usd: float(history_usd[-1]),
    "mean": lambda history_usd: float(history_usd.mean()),
    "p50": lambda history_usd: float(np.median(history_usd)),
    "minimum_month": lambda history_usd: float(history_usd.min()),
    "utilization_85": utilization_85_usd,
}
"""Rules that buyers use: name -> list spend per period to commit to, from the complete periods seen so far."""


def rule_list_usd(rule: str, history_usd: FloatArray) -> float:
    """List spend m per period that a rule commits to. history_usd: shape (n_periods,), oldest first.

    last_month: the last complete period (a week where periods are weeks); mean; p50: the median; minimum_month: the
    smallest; utilization_85: the largest m that the history would have used to 85 %.
    """
    return RULES[rule](history_usd)


def commit_for_list_usd(contract: Contract, list_usd_per_year: float) -> float:
    """The largest commitment C a year that an annual list spend uses up: C <= (1 - d(C)) q, or C <= q in list dollars.

    A spend that would use up a band's lowest commitment at the discount of the band below, but not at its own, stays
    a cent below the threshold.
    """
    for low, stop in reversed(contract.commit_ranges):
        if low >= stop:
            continue
        least = max(low, _CENT)
        used_up = contract.list_usd_per_year(least, contract.offer_at(least).discount_fraction)
        commit = least + contract.commit_usd_per_year(list_usd_per_year - used_up, contract.discount_at(least))
        if commit >= low * (1.0 - _ROUNDING):
            return max(commit, low) if stop == inf else min(max(commit, low), stop - _CENT)
    return 0.0


def rule_commits_usd(contract: Contract, history_usd: FloatArray, periods_per_year: float) -> dict[str, float]:
    """Commitment a year of every rule. Only what is eligible draws a commitment down, and a rule sizes on what does."""
    eligible = contract.eligible_fraction * history_usd
    return {rule: commit_for_list_usd(contract, rule_list_usd(rule, eligible) * periods_per_year) for rule in RULES}


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleCost:
    """What a rule's commitment cost when lived: USD over the fold (or all folds); the commitment is a year's.

    folds_short: folds with more than half a cent unused, of `folds`.
    """

    rule: str
    realised_cost_usd: float
    realised_shortfall_usd: float
    realised_overage_usd: float
    commit_usd_per_year: float | None
    discount_fraction: float | None
    folds: int
    folds_short: int


def summed(costs: Sequence[RuleCost]) -> RuleCost:
    """One rule's folds added up; there is no one commitment behind the sum."""
    return RuleCost(
        rule=costs[0].rule,
        realised_cost_usd=sum(cost.realised_cost_usd for cost in costs),
        realised_shortfall_usd=sum(cost.realised_shortfall_usd for cost in costs),
        realised_overage_usd=sum(cost.realised_overage_usd for cost in costs),
        commit_usd_per_year=None,
        discount_fraction=None,
        folds=sum(cost.folds for cost in costs),
        folds_short=sum(cost.folds_short for cost in costs),
    )


def year_of(contract: Contract) -> Contract:
    """The contract's terms for one year by itself, whatever its term: a fold is settled as one period.

    A fold is one sum of spend. What needs more than that (other years, quarters, model tiers, months) is left away.
    """
    return Contract(
        term_months=MONTHS_PER_YEAR,
        bands=tuple(replace(band, by_tier=()) for band in contract.bands),
        band_mode=contract.band_mode,
        drawdown=contract.drawdown,
        overage=contract.overage,
        overage_cap_fraction=contract.overage_cap_fraction,
        shortfall=contract.shortfall,
        true_up_rate=contract.true_up_rate,
        eligible_fraction=contract.eligible_fraction,
    )


def left_away(contract: Contract) -> str:
    """The clauses of a contract that a fold cannot show, in words; empty where there are none."""
    found = {
        "ramp": contract.ramp != "flat",
        "fixed commitment": contract.commits_usd_per_year is not None,
        "commitment period": contract.commit_period != "year",
        "discounts by model tier": contract.has_tier_discounts,
        "eligible models": not contract.eligible.is_everything,
        "price protection": contract.protects_prices,
        "clauses that link contract years": contract.is_linked,
        "contract in force": contract.in_force is not None,
        "marketplace": contract.marketplace is not None,
        "fixed spend": bool(contract.fixed_spend),
    }
    return ", ".join(name for name, is_there in found.items() if is_there)


def year_use(contract: Contract, list_usd_per_year: FloatArray) -> TermUse:
    """Annual list spend, shape (n_paths,), as one contract year of it; when in the year it falls changes nothing."""
    spend = list_usd_per_year[None, :]
    return term_use(year_of(contract), SpendPaths(list_cost_usd=spend, signing_list_cost_usd=spend))


def recommended_commit_usd(contract: Contract, decision: Decision, list_usd_per_year: FloatArray) -> float:
    """The product's own recommendation by the plan's objective and limit, on forecast annual spend, (n_paths,)."""
    use = year_use(contract, list_usd_per_year)
    sample = commit_sample(year_of(contract), use)
    return recommend(decision, scenario="", samples={"": sample}, uses={"": use}).commit_usd_per_year


def lived(
    contract: Contract, rule: str, commit_usd_per_year: float, *, actual_usd: float, year_fraction: float
) -> RuleCost:
    """Settle a commitment on a fold's actual list spend; the fold is `year_fraction` of a year and owes that of C."""
    use = year_use(contract, np.array([actual_usd / year_fraction]))
    offer = year_of(contract).offer_at(commit_usd_per_year)
    settled = settle(year_of(contract), offer, use)
    shortfall = float(settled.shortfall_usd.sum()) * year_fraction
    return RuleCost(
        rule=rule,
        realised_cost_usd=float(settled.paid_usd[0]) * year_fraction,
        realised_shortfall_usd=shortfall,
        realised_overage_usd=float(settled.overage_usd.sum()) * year_fraction,
        commit_usd_per_year=offer.commit_usd_per_year,
        discount_fraction=offer.discount_fraction,
        folds=1,
        folds_short=int(shortfall > HALF_CENT_USD),
    )


def perfect_foresight(contract: Contract, *, actual_usd: float, year_fraction: float) -> RuleCost:
    """The least that the fold could have cost over all commitments, none included, had its spend been known.

    It may carry a shortfall: where a band's lowest commitment, not quite used up, costs
    less than a smaller one at a lower discount.
    """
    use = year_use(contract, np.array([actual_usd / year_fraction]))
    offer = commit_sample(year_of(contract), use).best().offer
    least = float(least_paid_usd(year_of(contract), use)[0]) * year_fraction
    cost = lived(
        contract, PERFECT_FORESIGHT, offer.commit_usd_per_year, actual_usd=actual_usd, year_fraction=year_fraction
    )
    return replace(cost, realised_cost_usd=least)
