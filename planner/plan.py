"""The whole pipeline on one screen: measure -> price -> levers -> simulate -> settle -> size."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date

import numpy as np

from planner.caveats import caveats, history_level_sd
from planner.commit import CommitSample, Expectation, commit_sample
from planner.contract import Contract, Offer
from planner.demand import ALL_TYPES, DemandModel, demand_process
from planner.inputs import PlanInputs
from planner.mix import Measurement, MixEntry, RequestMix, forward_mix, measure, prompt_edges
from planner.objectives import ConstraintNote, constraint_note, recommend
from planner.outcome import OfferOutcome, offer_outcome
from planner.prices import PriceBook
from planner.risk import Estimate, estimate, quantiles
from planner.scenario_costs import ScenarioCosts, price_scenario, with_canonical_models
from planner.settlement import TermUse, least_paid_usd, settle, term_use
from planner.simulation import SpendModel, SpendPaths, simulate_spend
from planner.typed_mix import typed_mix
from planner.unit_costs import NO_LEVERS
from planner.units import MONTHS_PER_YEAR, FloatArray
from planner.usage.read import read_usage

Progress = Callable[[str, float], None]

ANNUAL_LEVELS = (0.05, 0.10, 0.50, 0.90, 0.95)
MONTHLY_LEVELS = (0.10, 0.50, 0.90)


@dataclass(frozen=True, slots=True, kw_only=True)
class MixLine:
    """One row of the request mix at the plan's prices: level requests and list cost a month, share of the bill."""

    request_type: str
    model: str
    monthly_requests: float
    monthly_list_cost_usd: float
    share_of_bill: float


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """A plan before any random number: the mix, priced under every scenario."""

    inputs: PlanInputs
    price_book: PriceBook
    priced_on: date
    measurement: Measurement | None
    mix: RequestMix
    mix_lines: tuple[MixLine, ...]
    demand: DemandModel
    scenario_costs: tuple[ScenarioCosts, ...]
    spend_model: SpendModel


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
    warnings: tuple[str, ...]

    @property
    def inputs(self) -> PlanInputs:
        """The assumptions that the plan was built from."""
        return self.prepared.inputs

    def outcome(self, offer: Offer, *, scenario: str | None = None) -> OfferOutcome:
        """Any offer, lived in the scenario decided on or another."""
        return self.outcomes.of(offer, scenario or self.inputs.decision.scenario)


def build_plan(inputs: PlanInputs, progress: Progress | None = None) -> Plan:
    """Measure, price, simulate, settle and size. progress(step, fraction) is called while it works."""
    prepared = prepare(inputs, progress)
    report = None if progress is None else lambda done: progress("simulating", done)
    spend = simulate_spend(prepared.spend_model, paths=inputs.paths, seed=inputs.seed, progress=report)
    return decide(prepared, spend)


def prepare(inputs: PlanInputs, progress: Progress | None = None) -> Prepared:
    """Everything before the first random number: prices, mix, unit costs, the demand process."""
    price_book = PriceBook.load(inputs.prices.provider, inputs.prices.overrides)
    on = inputs.prices.on or min(price_book.checked_on, inputs.start)
    if inputs.usage:
        measurement, mix = _measured_mix(inputs, price_book, progress)
    else:
        measurement, mix = None, typed_mix(inputs.mix, price_book, on=on)
    scenarios = [with_canonical_models(scenario, price_book) for scenario in inputs.scenarios]
    costs = tuple(price_scenario(scenario, mix, price_book, on=on) for scenario in scenarios)
    lines = _mix_lines(mix, next(c for c in costs if c.scenario.name == inputs.baseline))
    demand = _demand(inputs, measurement, mix)
    return Prepared(
        inputs=inputs,
        price_book=price_book,
        priced_on=on,
        measurement=measurement,
        mix=mix,
        mix_lines=lines,
        demand=demand,
        scenario_costs=costs,
        spend_model=_spend_model(inputs, demand, mix, lines, costs, on),
    )


def decide(prepared: Prepared, spend: Mapping[str, SpendPaths]) -> Plan:
    """Settle and size on simulated spend paths."""
    inputs = prepared.inputs
    contract, decision = inputs.contract, inputs.decision
    uses = {name: term_use(contract, paths) for name, paths in spend.items()}
    samples = {name: commit_sample(contract, use) for name, use in uses.items()}
    summaries = {name: _summary(paths, spend[inputs.baseline], inputs) for name, paths in spend.items()}
    chosen = recommend(decision, scenario=decision.scenario, samples=samples, uses=uses)
    # Who signs before routing sees the baseline and nothing else.
    seen = {inputs.baseline: samples[inputs.baseline]}
    hasty = recommend(decision, scenario=inputs.baseline, samples=seen, uses=uses)
    outcome = Outcomes(inputs=inputs, uses=uses)
    sign_first = SignFirst(
        signed=outcome.of(hasty, inputs.baseline),
        lived=outcome.of(hasty, decision.scenario),
        cost=_extra_cost(contract, hasty, chosen, uses[decision.scenario]),
    )
    note = constraint_note(decision, samples[decision.scenario], chosen)
    return Plan(
        prepared=prepared,
        spend=spend,
        summaries=summaries,
        uses=uses,
        samples=samples,
        outcomes=outcome,
        recommendation=outcome.of(chosen, decision.scenario),
        constraint=note,
        sign_first=sign_first,
        curve=_curve(samples[decision.scenario], (chosen, hasty), summaries[decision.scenario]),
        warnings=_warnings(prepared, note, sign_first),
    )


def _extra_cost(contract: Contract, offer: Offer, other: Offer, use: TermUse) -> Estimate:
    """What one offer costs more than another on the same paths."""
    return estimate(settle(contract, offer, use).paid_usd - settle(contract, other, use).paid_usd)


def _warnings(prepared: Prepared, note: ConstraintNote, sign_first: SignFirst) -> tuple[str, ...]:
    return caveats(
        prepared.inputs,
        price_book=prepared.price_book,
        priced_on=prepared.priced_on,
        measurement=prepared.measurement,
        mix=prepared.mix,
        scenario_costs=prepared.scenario_costs,
        top_share=max((line.share_of_bill for line in prepared.mix_lines), default=0.0),
        constraint=note,
        sign_first_cost=sign_first.cost,
    )


def _measured_mix(
    inputs: PlanInputs, price_book: PriceBook, progress: Progress | None
) -> tuple[Measurement, RequestMix]:
    assert inputs.usage is not None
    report = None if progress is None else lambda done: progress("reading usage", done)
    usage = read_usage(inputs.usage.source, prompt_edges=prompt_edges(price_book), progress=report)
    # What was used is priced at the list of its day; negotiated rates apply to the plan.
    listed = price_book.at_list()
    measurement = measure(usage, listed, window=inputs.usage.window, exclusions=inputs.usage.exclusions)
    season = np.array(inputs.demand.season)
    return measurement, forward_mix(measurement, start=inputs.start, season=season, price_book=price_book)


def _demand(inputs: PlanInputs, measurement: Measurement | None, mix: RequestMix) -> DemandModel:
    """The demand model without events for types that the mix lacks, its level widened where history is short."""
    known = {entry.request_type for entry in mix.entries} | {ALL_TYPES}
    events = tuple(
        replace(event, request_types=tuple(name for name in event.request_types if name in known))
        for event in inputs.demand.events
    )
    return replace(inputs.demand, events=events, level_sd=history_level_sd(inputs, measurement))


def _mix_lines(mix: RequestMix, baseline: ScenarioCosts) -> tuple[MixLine, ...]:
    """The mix at the plan's prices, largest share of the bill first."""
    entries: dict[str, list[MixEntry]] = {}
    for entry in mix.entries:
        entries.setdefault(entry.request_type, []).append(entry)
    priced = [
        (entry, entry.monthly_requests * float(copy.cost_usd(NO_LEVERS)[0, 0]))
        for costs in baseline.types
        for entry, copy in zip(entries[costs.request_type], costs.copies, strict=True)
    ]
    total = sum(usd for _, usd in priced)
    lines = [
        MixLine(
            request_type=entry.request_type,
            model=entry.model,
            monthly_requests=entry.monthly_requests,
            monthly_list_cost_usd=usd,
            share_of_bill=usd / total if total else 0.0,
        )
        for entry, usd in priced
    ]
    return tuple(sorted(lines, key=lambda line: (-line.monthly_list_cost_usd, line.request_type, line.model)))


def _spend_model(
    inputs: PlanInputs,
    demand: DemandModel,
    mix: RequestMix,
    lines: tuple[MixLine, ...],
    costs: tuple[ScenarioCosts, ...],
    on: date,
) -> SpendModel:
    names = tuple(item.request_type for item in costs[0].types)
    spend = {name: sum(line.monthly_list_cost_usd for line in lines if line.request_type == name) for name in names}
    requests = [sum(entry.monthly_requests for entry in mix.entries if entry.request_type == name) for name in names]
    process = demand_process(
        demand,
        request_types=names,
        largest_type=max(names, key=lambda name: spend[name], default=None),
        growth_months=mix.growth_months,
        drift_months=mix.drift_months,
        start_month=inputs.start.month,
        n_months=max(inputs.months, MONTHS_PER_YEAR),
    )
    return SpendModel(
        demand=process,
        requests=np.array(requests),
        price_moves=inputs.prices.moves,
        months_before_start=(inputs.start.year - on.year) * MONTHS_PER_YEAR + inputs.start.month - on.month,
        scenarios=costs,
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
    """Expected cost over commitments: a grid from none to beyond P95, every threshold, and the marked offers."""
    contract = sample.contract
    top = 1.2 * float(summary.annual_quantiles_usd[-1])
    grid = {float(commit) for commit in np.linspace(0.0, top, 101)}
    thresholds = {band.min_commit_usd_per_year for band in contract.bands}
    commits = sorted(grid | thresholds | {offer.commit_usd_per_year for offer in marked})
    return tuple(sample.expect([contract.offer_at(commit) for commit in commits]))
