"""The budget: what the recommended commitment costs in cash month by month, under each way of paying, and without it.

A percentile of a quarter or a year is that of the sum on each path. Percentiles of months do not add up to it: not
every month is dear on the same path.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from planner.clauses import PaymentMode
from planner.contract import Contract
from planner.errors import InputError
from planner.monthly_cash import PAYMENT_MODES, MonthlyCash, keeping_months, on_demand_by_month, settled_months
from planner.offer import Offer
from planner.plan import Plan
from planner.risk import Estimate, RangedEstimate, estimate, quantiles
from planner.units import MONTHS_PER_YEAR, FloatArray

_QUARTER = 3
_LEVELS = (0.1, 0.5, 0.9)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """The months [first, stop) of the term. kind: a month, a quarter or year of the contract, or the term."""

    kind: str
    first: int
    stop: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread(RangedEstimate):
    """Cash in one stretch of months, USD: mean with its standard error, P10, P50 and P90 over paths."""

    p50: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CashPlan:
    """Cash in one way of paying, by stretch of months in the order of Budget.stretches, USD.

    first_day_usd, ahead_usd: by month, means; what is paid in advance on its first day, and at its end what of the
    commitment that runs is paid and not yet drawn. npv: present value at the buyer's cost of capital.
    """

    cash: Mapping[Stretch, Spread]
    first_day_usd: FloatArray
    ahead_usd: FloatArray
    npv: Estimate

    @property
    def months(self) -> Sequence[Spread]:
        """Month by month."""
        return [spread for stretch, spread in self.cash.items() if stretch.kind == "month"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """Cash by month, quarter and year of the contract, lived in a scenario.

    n_paths: those that the figures rest on, the first ones of a plan with more than keep their months. by_mode: under
    the offer, for each way of paying. on_demand: at list, nothing signed; npv of it is at the same month ends.
    drawn_usd: from each period's own commitment, in dollars owed, by month, means.
    """

    scenario: str
    offer: Offer
    contract: Contract
    start: date
    n_paths: int
    by_mode: Mapping[PaymentMode, CashPlan]
    on_demand: CashPlan
    drawn_usd: FloatArray

    @property
    def own(self) -> CashPlan:
        """As the contract is paid."""
        return self.by_mode[self.contract.payment.mode]

    @property
    def stretches(self) -> tuple[Stretch, ...]:
        """Months, quarters and years of the contract, and its term."""
        return tuple(self.on_demand.cash)

    def months_p90_usd(self, plan: CashPlan, stretch: Stretch) -> float:
        """The P90 of every month of a stretch added up: what is not its own P90."""
        return sum(month.p90 for month in plan.months[stretch.first : stretch.stop])


def stretches(term_months: int) -> tuple[Stretch, ...]:
    """Months, then quarters, then years of a term, then the term; the last of each may be short."""
    lengths = (("month", 1), ("quarter", _QUARTER), ("year", MONTHS_PER_YEAR), ("term", term_months))
    return tuple(
        Stretch(kind=kind, first=first, stop=min(first + length, term_months))
        for kind, length in lengths
        for first in range(0, term_months, length)
    )


def budget(plan: Plan, scenario: str | None = None) -> Budget:
    """The budget of a plan's recommendation in the scenario decided on, or another. Errors: InputError."""
    contract, offer = plan.inputs.contract, plan.recommendation.offer
    name = plan.inputs.decision.scenario if scenario is None else scenario
    if name not in plan.spend:
        raise InputError(f"scenario '{name}' is not in the plan; it has {', '.join(map(repr, plan.spend))}")
    spend = keeping_months(plan.spend[name])
    months = settled_months(contract, offer, spend)
    return Budget(
        scenario=name,
        offer=offer,
        contract=contract,
        start=plan.inputs.start,
        n_paths=spend.n_paths,
        by_mode={mode: _cash_plan(months.cash(mode)) for mode in PAYMENT_MODES},
        on_demand=_listed_plan(contract, on_demand_by_month(contract, spend)),
        drawn_usd=months.drawn_usd,
    )


def _cash_plan(cash: MonthlyCash) -> CashPlan:
    return CashPlan(
        cash=_spreads(cash.paid_usd),
        first_day_usd=cash.first_day_usd,
        ahead_usd=cash.ahead_usd,
        npv=estimate(cash.npv_usd),
    )


def _listed_plan(contract: Contract, listed: FloatArray) -> CashPlan:
    none = np.zeros(contract.term_months)
    weights = (1.0 + contract.payment.cost_of_capital_per_year) ** (-np.arange(1, len(none) + 1) / MONTHS_PER_YEAR)
    return CashPlan(cash=_spreads(listed), first_day_usd=none, ahead_usd=none, npv=estimate(weights @ listed))


def _spreads(paid: FloatArray) -> dict[Stretch, Spread]:
    return {stretch: _spread(paid[stretch.first : stretch.stop].sum(axis=0)) for stretch in stretches(paid.shape[0])}


def _spread(usd: FloatArray) -> Spread:
    found, (p10, p50, p90) = estimate(usd), quantiles(usd, _LEVELS).tolist()
    return Spread(mean=found.mean, se=found.se, p10=p10, p50=p50, p90=p90)
