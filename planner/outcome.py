"""What an offer does to the buyer: everything that is shown beside a commitment, with its Monte Carlo error."""

from dataclasses import dataclass
from math import nan

import numpy as np

from planner.contract import Contract, Period
from planner.dead_zone import marginal_saving_per_list_usd
from planner.offer import Offer
from planner.risk import Estimate, cvar, estimate, probability, quantiles
from planner.settlement import Settlement, settle
from planner.term_use import TermUse
from planner.units import HALF_CENT_USD, MONTHS_PER_YEAR, BoolArray, FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedRow:
    """One period of the ledger, means over paths; commitment and balances in the commitment's own basis."""

    period: Period
    committed_usd: float
    drawn_current_usd: float
    drawn_banked_usd: float
    forfeited_usd: float
    waived_usd: float
    banked_usd: float
    overage_usd: float
    outside_usd: float
    paid_usd: float
    shortfall_probability: Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferOutcome:
    """An offer lived in one scenario. USD over the term unless the name says otherwise.

    effective_savings_rate is 1 - E[paid] / E[on demand]; its quantiles are those of 1 - paid / on demand per path.
    regret is paid minus the least that the path could have paid with perfect foresight. The CVaRs are means of the
    worst 1 - cvar_level share of cost, of regret against on-demand (paid - list) and of unused commitment.
    marginal_saving_per_list_usd is what routing one more list dollar away still saves (planner.dead_zone). npv_cost
    is expected_cost at the buyer's cost of capital. ledger: what each period is expected to come to.
    renewal_uplift_usd_per_year: what dearer prices on renewal add to a year like the last; in no other figure.
    """

    offer: Offer
    scenario: str
    expected_cost: Estimate
    npv_cost: Estimate
    cost_p10_p50_p90_usd: tuple[float, float, float]
    on_demand: Estimate
    shortfall_probability: Estimate
    expected_shortfall: Estimate
    shortfall_given_shortfall_usd: float
    expected_overage: Estimate
    effective_savings_rate: float
    savings_rate_p10_p50_p90: tuple[float, float, float]
    regret: Estimate
    cost_cvar_usd: float
    regret_cvar_usd: float
    waste_cvar_usd: float
    cvar_level: float
    marginal_saving_per_list_usd: float
    renewal_uplift_usd_per_year: float
    ledger: tuple[ExpectedRow, ...]

    @property
    def on_demand_cost_usd(self) -> float:
        """E[L]: expected cost of the term at list, without any commitment."""
        return self.on_demand.mean

    @property
    def break_even_utilization(self) -> float | None:
        """1 - d: the share of the commitment's list dollars above which it beats on-demand; None without one."""
        return None if self.offer.is_none else 1.0 - self.offer.discount_fraction


def offer_outcome(
    contract: Contract,
    offer: Offer,
    use: TermUse,
    *,
    scenario: str,
    least_paid_usd: FloatArray,
    cvar_level: float = 0.9,
) -> OfferOutcome:
    """Settle an offer on every path of a scenario and measure it. least_paid_usd: perfect foresight, per path."""
    settled = settle(contract, offer, use)
    paid, listed = settled.paid_usd, settled.on_demand_usd
    shortfall = settled.shortfall_usd.sum(axis=0)
    short: BoolArray = np.logical_or.reduce(settled.shortfall_usd > HALF_CENT_USD, axis=0)
    n_short = int(short.sum())
    saved = 1.0 - np.divide(paid, listed, out=np.ones_like(paid), where=listed > 0)
    on_demand = estimate(listed)
    return OfferOutcome(
        offer=offer,
        scenario=scenario,
        expected_cost=estimate(paid),
        npv_cost=estimate(settled.npv_paid_usd),
        cost_p10_p50_p90_usd=_three(paid),
        on_demand=on_demand,
        shortfall_probability=probability(short),
        expected_shortfall=estimate(shortfall),
        shortfall_given_shortfall_usd=float(shortfall[short].mean()) if n_short else 0.0,
        expected_overage=estimate(settled.overage_usd.sum(axis=0)),
        effective_savings_rate=_savings_rate(float(paid.mean()), on_demand.mean),
        savings_rate_p10_p50_p90=_three(saved),
        regret=estimate(np.maximum(paid - least_paid_usd, 0.0)),
        cost_cvar_usd=cvar(paid, cvar_level),
        regret_cvar_usd=cvar(paid - listed, cvar_level),
        waste_cvar_usd=cvar(shortfall, cvar_level),
        cvar_level=cvar_level,
        marginal_saving_per_list_usd=marginal_saving_per_list_usd(contract, offer, use),
        renewal_uplift_usd_per_year=_renewal_uplift(contract, offer, use),
        ledger=_expected_ledger(contract, settled),
    )


def _savings_rate(paid_usd: float, listed_usd: float) -> float:
    """1 - paid / list; not a number where something is paid for nothing used."""
    if listed_usd > 0:
        return 1.0 - paid_usd / listed_usd
    return nan if paid_usd > 0 else 0.0


def _three(sample: FloatArray) -> tuple[float, float, float]:
    p10, p50, p90 = quantiles(sample, (0.1, 0.5, 0.9))
    return float(p10), float(p50), float(p90)


def _renewal_uplift(contract: Contract, offer: Offer, use: TermUse) -> float:
    """Rise of the contract's prices on renewal, on the pace of the last contract year."""
    if contract.renewal.uplift_fraction == 0 or offer.is_none:
        return 0.0
    last = [index for index, period in enumerate(use.periods) if period.year == use.periods[-1].year]
    months = sum(use.periods[index].stop - use.periods[index].first for index in last)
    kept = 1.0 - offer.in_year(use.periods[-1].year).discount_fraction
    a_year = float(use.list_usd[last].sum(axis=0).mean()) * MONTHS_PER_YEAR / months
    return contract.renewal.uplift_fraction * kept * a_year


def _expected_ledger(contract: Contract, settled: Settlement) -> tuple[ExpectedRow, ...]:
    ledger = settled.ledger
    means = {name: getattr(ledger, name).mean(axis=1).tolist() for name in _FIGURES}
    return tuple(
        ExpectedRow(
            period=period,
            shortfall_probability=probability(settled.shortfall_usd[index] > HALF_CENT_USD),
            **{name: values[index] for name, values in means.items()},
        )
        for index, period in enumerate(contract.periods)
    )


_FIGURES = (
    "committed_usd",
    "drawn_current_usd",
    "drawn_banked_usd",
    "forfeited_usd",
    "waived_usd",
    "banked_usd",
    "overage_usd",
    "outside_usd",
    "paid_usd",
)
