"""The whole pipeline on one screen: measure -> price -> levers -> simulate -> settle -> size."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import ceil

import numpy as np

from planner.caveats import caveats, missed_target
from planner.commit import CommitSample, commit_sample
from planner.contract import Contract
from planner.dead_zone import marginal_saving_per_list_usd
from planner.decision_caveats import decision_caveats
from planner.foresight import least_paid_usd
from planner.inputs import PlanInputs, TargetError
from planner.known_evidence import evidence_caveats
from planner.objectives import ConstraintNote, best_exercise, constraint_note, recommend
from planner.offer import Offer
from planner.outcome import OfferOutcome, offer_outcome
from planner.prepared import Prepared, Progress, prepare
from planner.risk import Estimate, estimate, quantiles
from planner.settlement import settle
from planner.simulation import KeptPaths, SpendPaths, simulate_spend
from planner.sizing.expectation import Expectation
from planner.steps import stretches
from planner.streams import PATHS_PER_BLOCK
from planner.term_use import TermUse, term_use
from planner.units import FloatArray

FIRST_PATHS = 16_384
"""Where a plan with a target error begins."""

ANNUAL_LEVELS = (0.05, 0.10, 0.50, 0.90, 0.95)
MONTHLY_LEVELS = (0.10, 0.50, 0.90)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioSummary:
    """Spend of a scenario at list. Annual figures are months 0 to 11; monthly arrays have one value per month."""

    annual: Estimate
    annual_quantiles_usd: FloatArray
    monthly_mean_usd: FloatArray
    monthly_quantiles_usd: FloatArray
    run_rate_saving_fraction: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SignFirst:
    """What signing before routing would have cost.

    signed: the baseline's own best commitment, as its signer sees it. lived: the same offer in the scenario decided
    on. cost: E[paid] of it less E[paid] of the recommendation, both lived in that scenario on the same paths.
    """

    signed: OfferOutcome
    lived: OfferOutcome
    cost: Estimate


@dataclass(frozen=True, kw_only=True)
class Outcomes:
    """Outcomes of any offer in any scenario; perfect foresight, the costly part, is worked out once per scenario."""

    inputs: PlanInputs
    uses: Mapping[str, TermUse]
    least_paid: dict[str, FloatArray] = field(default_factory=dict)

    def of(self, offer: Offer, scenario: str) -> OfferOutcome:
        """An offer lived in a scenario."""
        if scenario not in self.least_paid:
            self.least_paid[scenario] = least_paid_usd(self.inputs.contract, self.uses[scenario])
        return offer_outcome(
            self.inputs.contract,
            offer,
            self.uses[scenario],
            scenario=scenario,
            least_paid_usd=self.least_paid[scenario],
            cvar_level=self.inputs.decision.cvar_level,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadZonePoint:
    """What one more routed list dollar still saves once a commitment is signed, USD."""

    commit_usd_per_year: float
    marginal_saving_per_list_usd: float


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A plan worked out: the commitment to sign, the risk in it, and everything it rests on."""

    prepared: Prepared
    spend: Mapping[str, SpendPaths]
    summaries: Mapping[str, ScenarioSummary]
    uses: Mapping[str, TermUse]
    samples: Mapping[str, CommitSample]
    outcomes: Outcomes
    recommendation: OfferOutcome
    constraint: ConstraintNote
    sign_first: SignFirst
    curve: tuple[Expectation, ...]
    dead_zone: tuple[DeadZonePoint, ...]
    warnings: tuple[str, ...]

    @property
    def n_paths(self) -> int:
        """Simulated paths that the plan rests on."""
        return self.spend[self.inputs.baseline].n_paths

    @property
    def inputs(self) -> PlanInputs:
        """The assumptions that the plan was built from."""
        return self.prepared.inputs

    @property
    def frontier(self) -> tuple[Expectation, ...]:
        """The commitments of the curve, and the recommended one, that no other beats in both cost and the risk that
        the decision limits; least risk first."""
        per = self.inputs.decision.shortfall_limit_per
        points = {*self.curve, self.recommended_point}
        found: list[Expectation] = []
        for point in sorted(points, key=lambda item: (item.limited_probability(per), item.expected_cost_usd)):
            if not found or point.expected_cost_usd < found[-1].expected_cost_usd:
                found.append(point)
        return tuple(found)

    @property
    def recommended_point(self) -> Expectation:
        """The recommendation as the curve sees commitments; on it unless every year has a commitment of its own."""
        offer = self.recommendation.offer
        on_curve = (point for point in self.curve if point.offer == offer)
        return next(on_curve, None) or self.samples[self.inputs.decision.scenario].expect([offer])[0]

    def outcome(self, offer: Offer, *, scenario: str | None = None) -> OfferOutcome:
        """Any offer, lived in the scenario decided on or another."""
        return self.outcomes.of(offer, scenario or self.inputs.decision.scenario)


def build_plan(inputs: PlanInputs, progress: Progress | None = None, kept: KeptPaths | None = None) -> Plan:
    """Measure, price, simulate, settle and size. progress(step, fraction) is called while it works.

    kept: what plans worked out before have left; paths that no changed input touches are taken from it. With a target
    error, paths are added until it is met or inputs.paths are drawn.
    """
    return worked_out(prepare(inputs, progress), progress, kept)


def worked_out(prepared: Prepared, progress: Progress | None = None, kept: KeptPaths | None = None) -> Plan:
    """Simulate, settle and size what is prepared; the second half of build_plan."""
    inputs = prepared.inputs
    report = None if progress is None else lambda done: progress("simulating", done)
    contract = inputs.contract
    paths = inputs.paths if inputs.target_error is None else min(inputs.paths, FIRST_PATHS)
    while True:
        spend = simulate_spend(
            prepared.spend_model,
            paths=paths,
            seed=inputs.seed,
            signing=contract.protects_prices,
            accounts=contract.needs_accounts,
            stretches=stretches(contract),
            progress=report,
            kept=kept,
        )
        if progress is not None:
            progress("sizing the commitment", 0.0)
        plan = decide(prepared, spend)
        excess = _error_over_target(plan.recommendation, inputs.target_error)
        if excess <= 1.0:
            return plan
        if paths == inputs.paths:
            return replace(plan, warnings=(missed_target(inputs.target_error, excess, paths), *plan.warnings))
        # errors fall at least with the root of the paths; a little more than that asks for spares another round
        wanted = ceil(min(1.2 * excess**2, 8.0) * paths / PATHS_PER_BLOCK) * PATHS_PER_BLOCK
        paths = min(max(wanted, 2 * paths), inputs.paths)


def _error_over_target(outcome: OfferOutcome, target: TargetError | None) -> float:
    """The largest standard error as a multiple of what is asked for; 0 where nothing is."""
    found: list[float] = []
    if target is None:
        return 0.0
    if target.shortfall_probability is not None:
        found.append(outcome.shortfall_probability.se / target.shortfall_probability)
    if target.expected_cost_fraction is not None and outcome.expected_cost.mean > 0:
        found.append(outcome.expected_cost.se / outcome.expected_cost.mean / target.expected_cost_fraction)
    return max(found, default=0.0)


def decide(prepared: Prepared, spend: Mapping[str, SpendPaths]) -> Plan:
    """Settle and size on simulated spend paths."""
    inputs = prepared.inputs
    contract, decision = inputs.contract, inputs.decision
    uses = {name: term_use(contract, paths) for name, paths in spend.items()}
    asked, contract = contract, best_exercise(decision, contract, scenario=decision.scenario, uses=uses)
    inputs = replace(inputs, contract=contract)
    prepared = replace(prepared, inputs=inputs)
    samples = {name: commit_sample(contract, use, money=decision.money) for name, use in uses.items()}
    summaries = {name: _summary(paths, spend[inputs.baseline], inputs) for name, paths in spend.items()}
    chosen = recommend(decision, scenario=decision.scenario, samples=samples, uses=uses)
    # Who signs before routing sees the baseline and nothing else.
    seen = {inputs.baseline: samples[inputs.baseline]}
    hasty = recommend(decision, scenario=inputs.baseline, samples=seen, uses=uses)
    outcome = Outcomes(inputs=inputs, uses=uses)
    sign_first = _sign_first(outcome, hasty, chosen)
    curve = _curve(samples[decision.scenario], (chosen, hasty), summaries[decision.scenario])
    note = constraint_note(decision, scenario=decision.scenario, samples=samples, uses=uses, chosen=chosen)
    recommendation = outcome.of(chosen, decision.scenario)
    decided = decision_caveats(
        inputs,
        asked=asked,
        constraint=note,
        recommendation=recommendation,
        use=uses[decision.scenario],
        sign_first_cost=sign_first.cost,
    )
    return Plan(
        prepared=prepared,
        spend=spend,
        summaries=summaries,
        uses=uses,
        samples=samples,
        outcomes=outcome,
        recommendation=recommendation,
        constraint=note,
        sign_first=sign_first,
        curve=curve,
        dead_zone=_dead_zone(contract, curve, uses[decision.scenario]),
        warnings=plan_warnings(prepared, decided, spend[inputs.baseline].n_paths),
    )


def _sign_first(outcomes: Outcomes, hasty: Offer, chosen: Offer) -> SignFirst:
    """What an offer signed on the baseline costs more than the one chosen, on the same paths."""
    inputs = outcomes.inputs
    name, contract = inputs.decision.scenario, inputs.contract
    paid = [settle(contract, offer, outcomes.uses[name]).paid_usd for offer in (hasty, chosen)]
    return SignFirst(
        signed=outcomes.of(hasty, inputs.baseline), lived=outcomes.of(hasty, name), cost=estimate(paid[0] - paid[1])
    )


def plan_warnings(prepared: Prepared, decided: Sequence[str], n_paths: int) -> tuple[str, ...]:
    """Every warning of a plan, the most consequential first. decided: those of the decision itself."""
    return caveats(
        prepared.inputs,
        n_paths=n_paths,
        price_book=prepared.price_book,
        priced_on=prepared.priced_on,
        measurement=prepared.measurement,
        calibration=prepared.calibration,
        mix=prepared.mix,
        scenario_costs=prepared.scenario_costs,
        top_share=max((line.share_of_bill for line in prepared.mix_lines), default=0.0),
        decided=(*decided, *evidence_caveats(prepared)),
    )


def _summary(paths: SpendPaths, baseline: SpendPaths, inputs: PlanInputs) -> ScenarioSummary:
    annual = paths.annual_list_cost_usd()
    monthly = paths.list_cost_usd[: inputs.months]
    last = inputs.contract.term_months - 1
    before = float(baseline.list_cost_usd[last].mean())
    return ScenarioSummary(
        annual=estimate(annual),
        annual_quantiles_usd=quantiles(annual, ANNUAL_LEVELS),
        monthly_mean_usd=monthly.mean(axis=1),
        monthly_quantiles_usd=quantiles(monthly, MONTHLY_LEVELS),
        run_rate_saving_fraction=1.0 - float(paths.list_cost_usd[last].mean()) / before if before > 0 else 0.0,
    )


def _curve(sample: CommitSample, marked: tuple[Offer, ...], summary: ScenarioSummary) -> tuple[Expectation, ...]:
    """Expected cost over commitments: a grid from none to beyond P95, every threshold, and the marked offers.

    With a ramp these are contract year 1's commitments; marked offers that do not follow the ramp are left out.
    """
    contract = sample.contract
    top = 1.2 * float(summary.annual_quantiles_usd[-1])
    grid = {float(commit) for commit in np.linspace(0.0, top, 101)}
    thresholds = {low for low, _ in contract.commit_ranges}
    on_ray = {offer.commit_usd_per_year for offer in marked if _follows_ramp(contract, offer)}
    commits = sorted(grid | thresholds | on_ray)
    return tuple(sample.expect([contract.offer_at(commit) for commit in commits]))


def _follows_ramp(contract: Contract, offer: Offer) -> bool:
    return contract.offer_at(offer.commit_usd_per_year) == offer


def _dead_zone(contract: Contract, curve: tuple[Expectation, ...], use: TermUse) -> tuple[DeadZonePoint, ...]:
    """Every fifth commitment of the curve."""
    return tuple(
        DeadZonePoint(
            commit_usd_per_year=point.offer.commit_usd_per_year,
            marginal_saving_per_list_usd=marginal_saving_per_list_usd(contract, point.offer, use),
        )
        for point in curve[::5]
    )
