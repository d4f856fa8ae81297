"""Any terms, sized and priced on the plan's paths by the plan's decision, in the same dollars.

The measure is what the decision minimises: the expected cost, or with a CVaR, or a largest regret, always under its
limit on the shortfall. Terms are compared by it on common paths, so that their difference is of the terms and not of
luck.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from planner.clauses import IN_ARREARS, Eligibility
from planner.commit import CommitSample, commit_sample
from planner.contract import Contract
from planner.inputs import PlanInputs
from planner.negotiation.measure import measured_usd
from planner.objectives import best_exercise, least_costs_usd, recommend, ways_to_exercise
from planner.offer import NO_COMMITMENT, Offer
from planner.plan import Plan
from planner.prepared import Prepared
from planner.risk import Estimate, cvar, estimate, probability
from planner.settlement import settle
from planner.simulation import MONTHS_OF, KeptPaths, SpendPaths, simulate_spend
from planner.steps import coarse_steps
from planner.term_use import TermUse, term_use
from planner.units import HALF_CENT_USD, BoolArray, FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class PricedTerms:
    """Terms at one commitment, lived in the scenario decided on. USD over their term, on every path: (n_paths,).

    measured_usd: its mean is what the decision minimises (planner.negotiation.measure). paid_usd, listed_usd: paid, and
    at list, nominal; npv_paid_usd, npv_listed_usd: their present values, where the decision counts by these.
    shortfall_usd: of all periods; short: whether any has one. limited_probability: the one that the decision limits.
    """

    contract: Contract
    offer: Offer
    measured_usd: FloatArray
    paid_usd: FloatArray
    listed_usd: FloatArray
    npv_paid_usd: FloatArray | None
    npv_listed_usd: FloatArray | None
    shortfall_usd: FloatArray
    short: BoolArray
    limited_probability: float
    expected_overage_usd: float

    @property
    def measure_usd(self) -> float:
        """What the decision minimises."""
        return float(self.measured_usd.mean())

    @property
    def expected_cost(self) -> Estimate:
        """Mean of what is paid, nominal."""
        return estimate(self.paid_usd)

    @property
    def npv_cost(self) -> Estimate | None:
        """The same at present value; None where the decision does not count by it."""
        return None if self.npv_paid_usd is None else estimate(self.npv_paid_usd)

    @property
    def counted_usd(self) -> FloatArray:
        """What is paid, in the decision's money."""
        return self.paid_usd if self.npv_paid_usd is None else self.npv_paid_usd

    @property
    def counted_listed_usd(self) -> FloatArray:
        """What it would be at list, in the decision's money."""
        return self.listed_usd if self.npv_listed_usd is None else self.npv_listed_usd

    @property
    def shortfall_probability(self) -> Estimate:
        """Chance of a shortfall in any period of the term."""
        return probability(self.short)

    @property
    def expected_shortfall(self) -> Estimate:
        """Mean unused commitment, paths without one included."""
        return estimate(self.shortfall_usd)

    def cost_cvar_usd(self, level: float) -> float:
        """Mean cost of the worst 1 - level share of the paths."""
        return cvar(self.paid_usd, level)

    def less(self, other: "PricedTerms") -> Estimate:
        """What these terms cost more than others of the same length by the decision's measure, on common paths.

        The error is at the commitments found: that of the choice is of second order, since each is the best of its own.
        """
        return estimate(self.measured_usd - other.measured_usd)


@dataclass(frozen=True, kw_only=True)
class TermsPricer:
    """Prices and sizes any terms on the plan's paths.

    paths: how many, the plan's own or, of very many, the first. months: how far they reach. least_usd: what a largest
    regret is measured from, whatever the terms; over another term as much per dollar of listed_usd, the list spend.
    in_stretches: months that differ in nothing but their prices are added up, which is quicker and close.
    """

    inputs: PlanInputs
    prepared: Prepared
    paths: int
    months: int
    kept: KeptPaths
    least_usd: Mapping[str, float] = field(default_factory=dict)
    listed_usd: Mapping[str, float] = field(default_factory=dict)
    in_stretches: bool = False
    spends: dict[Eligibility, dict[str, SpendPaths]] = field(default_factory=dict)
    measures: dict[Contract, float] = field(default_factory=dict)

    @property
    def contract(self) -> Contract:
        """The terms on the table."""
        return self.inputs.contract

    def at_best(self, contract: Contract) -> PricedTerms:
        """Terms at the commitment that the decision recommends under them, rights used or left alone as is cheaper."""
        decision, name = self.inputs.decision, self.inputs.decision.scenario
        uses = self.uses(contract)
        exercised = best_exercise(decision, self.counted(contract), scenario=name, uses=uses)
        samples = self._samples(exercised, uses)
        least = self._least_usd(contract, uses)
        offer = recommend(decision, scenario=name, samples=samples, uses=uses, least_usd=least or None)
        found = self._priced(contract, exercised, offer, uses)
        self.measures[contract] = found.measure_usd
        return found

    def measure_at_best(self, contract: Contract) -> float:
        """What the decision minimises, USD, at its best commitment under some terms; worked out once."""
        if contract not in self.measures:
            self.at_best(contract)
        return self.measures[contract]

    def signed(self, contract: Contract, offer: Offer) -> PricedTerms:
        """Terms at a commitment as it is offered, its rights used or left alone as is cheaper."""
        uses = self.uses(contract)
        ways = [self._priced(contract, way, offer, uses) for way in ways_to_exercise(self.counted(contract))]
        return min(ways, key=lambda way: way.measure_usd)

    def unsigned(self, contract: Contract) -> PricedTerms:
        """Nothing signed over the term of a contract: everything at list, but for a contract in force."""
        return self.signed(replace(contract, commits_usd_per_year=None), NO_COMMITMENT)

    def uses(self, contract: Contract) -> dict[str, TermUse]:
        """The use of a contract in every scenario that the decision looks at."""
        settled = self.counted(contract)
        uses = {name: term_use(settled, paths) for name, paths in self._spend(contract).items()}
        if not self.in_stretches or settled.values_time:
            return uses
        layout = coarse_steps(settled)
        return {name: use.over(layout) for name, use in uses.items()}

    def quick(self) -> "TermsPricer":
        """The same in stretches of months: for what is compared with itself, such as what more discount saves."""
        return replace(self, in_stretches=True, measures={})

    def counted(self, contract: Contract) -> Contract:
        """The contract as its dollars count: when they are paid matters to present values alone."""
        nominal = self.inputs.decision.money == "nominal"
        return replace(contract, payment=IN_ARREARS) if nominal else contract

    def _samples(self, contract: Contract, uses: Mapping[str, TermUse]) -> dict[str, CommitSample]:
        money = self.inputs.decision.money
        return {name: commit_sample(contract, use, money=money) for name, use in uses.items()}

    def _priced(
        self, contract: Contract, exercised: Contract, offer: Offer, uses: Mapping[str, TermUse]
    ) -> PricedTerms:
        decision, name = self.inputs.decision, self.inputs.decision.scenario
        settled = {scenario: settle(exercised, offer, use) for scenario, use in uses.items()}
        own, dated = settled[name], decision.money == "npv"
        paid = {scenario: item.npv_paid_usd if dated else item.paid_usd for scenario, item in settled.items()}
        listed = settle(exercised, NO_COMMITMENT, uses[name]).npv_paid_usd if dated else own.on_demand_usd
        short = own.shortfall_usd > HALF_CENT_USD
        limited = np.logical_or.reduce(short, axis=0)[None, :] if decision.shortfall_limit_per == "term" else short
        return PricedTerms(
            contract=replace(exercised, payment=contract.payment),
            offer=offer,
            measured_usd=measured_usd(decision, paid, listed_usd=listed, least_usd=self._least_usd(contract, uses)),
            paid_usd=own.paid_usd,
            listed_usd=own.on_demand_usd,
            npv_paid_usd=paid[name] if dated else None,
            npv_listed_usd=listed if dated else None,
            shortfall_usd=own.shortfall_usd.sum(axis=0),
            short=np.logical_or.reduce(short, axis=0),
            limited_probability=float(limited.mean(axis=1).max()),
            expected_overage_usd=float(own.overage_usd.sum(axis=0).mean()),
        )

    def _least_usd(self, contract: Contract, uses: Mapping[str, TermUse]) -> Mapping[str, float]:
        if contract.term_months == self.contract.term_months:
            return self.least_usd
        return {
            name: usd * float(uses[name].on_demand_usd.mean()) / self.listed_usd[name] if self.listed_usd[name] else usd
            for name, usd in self.least_usd.items()
        }

    def _spend(self, contract: Contract) -> dict[str, SpendPaths]:
        # where all use counts and no account matters, paths that were kept apart for other terms add up to it
        is_sum = contract.eligible.is_everything and not contract.needs_accounts
        eligible = self.contract.eligible if is_sum else contract.eligible
        if eligible not in self.spends:
            self.spends[eligible] = self._simulated(eligible)
        return self.spends[eligible]

    def _simulated(self, eligible: Eligibility) -> dict[str, SpendPaths]:
        model = self.prepared.under(eligible, months=self.months).spend_model
        several = self.inputs.decision.objective in ("minimax_regret", "weighted")
        seen = (c for c in model.scenarios if several or c.scenario.name == self.inputs.decision.scenario)
        return simulate_spend(
            replace(model, scenarios=tuple(seen)),
            paths=self.paths,
            seed=self.inputs.seed,
            signing=True,
            accounts=True,
            kept=self.kept,
        )


def terms_pricer(plan: Plan, kept: KeptPaths | None = None) -> TermsPricer:
    """A pricer on the paths of a plan, at most the first 131,072 of them, long enough for every quote of the plan.

    Prices of the signing day and model tiers are kept on every path, because a clause may ask for them. kept: what the
    plan was worked out with.
    """
    inputs = plan.inputs
    months = max(inputs.months, *(quote.contract.term_months for quote in inputs.quotes), 0)
    pricer = TermsPricer(
        inputs=inputs,
        prepared=plan.prepared,
        paths=min(plan.n_paths, MONTHS_OF),
        months=months,
        kept=kept or KeptPaths(),
    )
    if inputs.decision.objective != "minimax_regret":
        return pricer
    uses = pricer.uses(inputs.contract)
    samples = {name: commit_sample(inputs.contract, use, money=inputs.decision.money) for name, use in uses.items()}
    return replace(
        pricer,
        least_usd=least_costs_usd(inputs.decision, samples),
        listed_usd={name: float(use.on_demand_usd.mean()) for name, use in uses.items()},
    )
