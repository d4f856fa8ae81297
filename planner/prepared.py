"""Everything before the first random number: the log measured, demand fitted, the mix priced under every scenario."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from planner.calibration.calibrate import Calibration, calibrate
from planner.caveats import history_level_sd
from planner.clauses import Eligibility
from planner.data_quality import DataQuality
from planner.demand import ALL_TYPES, DemandModel, Event
from planner.demand_process import demand_process
from planner.errors import InputError
from planner.history.history import history_of
from planner.inputs import PlanInputs
from planner.lever_costs.scenario_costs import ScenarioCosts, price_scenario, with_canonical_models
from planner.lever_costs.unit_costs import NO_LEVERS
from planner.levers import Scenario
from planner.mix import Measurement, MixEntry, RequestMix, forward_mix
from planner.prices import PriceBook
from planner.read_inputs import judged
from planner.read_inputs import measured as measured_usage
from planner.reconciliation.reconcile import reconciliation_warnings
from planner.simulation_block import SpendModel
from planner.typed_mix import typed_mix
from planner.units import DAYS_PER_MONTH, MONTHS_PER_YEAR

Progress = Callable[[str, float], None]


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
    """A plan before any random number. calibration: what the log says about demand, quality: how good the log is; both
    None for a mix typed by hand."""

    inputs: PlanInputs
    price_book: PriceBook
    priced_on: date
    measurement: Measurement | None
    mix: RequestMix
    mix_lines: tuple[MixLine, ...]
    calibration: Calibration | None
    demand: DemandModel
    scenario_costs: tuple[ScenarioCosts, ...]
    spend_model: SpendModel
    quality: DataQuality | None = None

    def priced(self, scenario: Scenario) -> ScenarioCosts:
        """Any scenario, priced as the plan's own are. Errors: InputError, PriceError, UnknownModelError."""
        return _priced(self.inputs, scenario, self.mix, self.price_book, self.priced_on)

    def with_scenarios(self, inputs: PlanInputs) -> "Prepared":
        """The same for inputs that differ in scenarios, evidence and decision alone: nothing is measured again."""
        costs = tuple(
            _priced(inputs, scenario, self.mix, self.price_book, self.priced_on) for scenario in inputs.scenarios
        )
        return replace(
            self, inputs=inputs, scenario_costs=costs, spend_model=replace(self.spend_model, scenarios=costs)
        )

    def under(self, eligible: Eligibility, *, months: int) -> "Prepared":
        """The same with other use eligible, and paths that reach at least so many months."""
        asked = replace(
            self.inputs,
            contract=replace(self.inputs.contract, eligible=eligible),
            months=max(months, self.inputs.months),
        )
        repriced = self.with_scenarios(asked)
        model = _spend_model(asked, self.demand, self.mix, self.mix_lines, repriced.scenario_costs, self.priced_on)
        return replace(repriced, spend_model=model)


def prepare(inputs: PlanInputs, progress: Progress | None = None) -> Prepared:
    """Prices, mix, calibration, unit costs, the demand process."""
    price_book = inputs.prices.price_book()
    on = pricing_day(inputs, price_book)
    measurement, quality = (None, None) if inputs.usage is None else judged(inputs.usage, price_book, progress)
    if measurement is not None and progress is not None:
        progress("fitting demand", 0.0)
    calibration = None if measurement is None else calibrated(inputs, measurement, price_book, on)
    demand = inputs.demand if calibration is None else calibration.demand
    mix = _mix(inputs, measurement, calibration, price_book, on)
    costs = tuple(_priced(inputs, scenario, mix, price_book, on) for scenario in inputs.scenarios)
    lines = _mix_lines(mix, next(c for c in costs if c.scenario.name == inputs.baseline))
    demand = replace(demand, events=_known_events(demand, mix))
    if calibration is None or calibration.levels is None:
        demand = replace(demand, level_sd=history_level_sd(inputs, demand, measurement))
    return Prepared(
        inputs=inputs,
        price_book=price_book,
        priced_on=on,
        measurement=measurement,
        mix=mix,
        mix_lines=lines,
        calibration=calibration,
        demand=demand,
        scenario_costs=costs,
        spend_model=_spend_model(inputs, demand, mix, lines, costs, on),
        quality=quality,
    )


def _priced(inputs: PlanInputs, scenario: Scenario, mix: RequestMix, price_book: PriceBook, on: date) -> ScenarioCosts:
    return price_scenario(
        with_canonical_models(scenario, price_book),
        mix,
        price_book,
        on=on,
        start=inputs.start,
        n_months=max(inputs.months, MONTHS_PER_YEAR),
        eligible=inputs.contract.eligible,
    )


def measured(inputs: PlanInputs, price_book: PriceBook, progress: Progress | None = None) -> Measurement | None:
    """The log of a plan, measured; None for a mix typed by hand."""
    if inputs.usage is None:
        return None
    return measured_usage(inputs.usage, price_book, progress)


def prepare_calibration(inputs: PlanInputs, progress: Progress | None = None) -> Calibration:
    """Measure a plan's log and fit its demand. Errors: InputError for a plan without a log."""
    price_book = inputs.prices.price_book()
    measurement = measured(inputs, price_book, progress)
    if measurement is None:
        raise InputError("this plan has no [usage] log to calibrate on: its mix is typed in; add [usage] with sources")
    found = calibrated(inputs, measurement, price_book, pricing_day(inputs, price_book))
    return replace(found, warnings=(*found.warnings, *reconciliation_warnings(measurement.reconciliation)))


def pricing_day(inputs: PlanInputs, price_book: PriceBook) -> date:
    """The day whose list prices a plan starts from: as typed, else the last check of the prices, or the start."""
    return inputs.prices.on or min(price_book.checked_on, inputs.start)


def calibrated(inputs: PlanInputs, measurement: Measurement, price_book: PriceBook, on: date) -> Calibration:
    """The demand model fitted to a log; what the user typed wins."""
    return calibrate(history_of(measurement, price_book, on=on), inputs.demand_at_defaults, inputs.demand_given)


def _mix(
    inputs: PlanInputs,
    measurement: Measurement | None,
    calibration: Calibration | None,
    price_book: PriceBook,
    on: date,
) -> RequestMix:
    if measurement is None or calibration is None:
        return typed_mix(inputs.mix, price_book, on=on)
    season = np.array(calibration.demand.season)
    mix = forward_mix(measurement, start=inputs.start, season=season, price_book=price_book)
    if not mix.entries:
        raise InputError(
            "nothing is left to plan with: the exclusions leave no use in any complete month of the log "
            f"({', '.join(measurement.complete_months)}), and what is left out is unknown, not zero. Narrow "
            "[[usage.exclude]], or measure more months"
        )
    if calibration.levels is None or "growth_per_year" in inputs.demand_given:
        return mix
    return _at_window_end(mix, calibration, inputs.start)


def _at_window_end(mix: RequestMix, calibration: Calibration, start: date) -> RequestMix:
    """The mix at the fitted levels, which stand at the end of the last complete period.

    The split over models stays as measured, and so does a type that no fit speaks of. Growth accrues from that day's
    end to the middle of month 0.
    """
    assert calibration.levels is not None
    before: dict[str, float] = {}
    for entry in mix.entries:
        before[entry.request_type] = before.get(entry.request_type, 0.0) + entry.monthly_requests
    factor = {
        name: calibration.levels[name] / requests
        for name, requests in before.items()
        if name in calibration.levels and requests > 0
    }
    days = (start - calibration.history.periods[-1].end).days - 1
    return replace(
        mix,
        entries=tuple(
            replace(entry, monthly_requests=entry.monthly_requests * factor.get(entry.request_type, 1.0))
            for entry in mix.entries
        ),
        growth_months=days / DAYS_PER_MONTH + 0.5,
    )


def _known_events(demand: DemandModel, mix: RequestMix) -> tuple[Event, ...]:
    """Events without the types that the mix lacks."""
    known = {entry.request_type for entry in mix.entries} | {ALL_TYPES}
    return tuple(
        replace(event, request_types=tuple(name for name in event.request_types if name in known))
        for event in demand.events
    )


def _mix_lines(mix: RequestMix, baseline: ScenarioCosts) -> tuple[MixLine, ...]:
    """The mix at the plan's prices, largest share of the bill first."""
    entries: dict[str, list[MixEntry]] = {}
    for entry in mix.entries:
        entries.setdefault(entry.request_type, []).append(entry)
    priced = [
        (entry, entry.monthly_requests * float(copy.cost_usd(NO_LEVERS)[0, 0]))
        for costs in baseline.types
        for entry, copy in zip(entries[costs.request_type], costs.first_copies, strict=True)
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
        spend_shares=np.array([spend[name] for name in names]),
        aim_months=inputs.contract.term_months,
    )
    unit_costs = [spend[name] / count if count else 0.0 for name, count in zip(names, requests, strict=True)]
    return SpendModel(
        demand=process,
        requests=np.array(requests),
        unit_costs_usd=np.array(unit_costs),
        price_moves=inputs.prices.moves,
        months_before_start=(inputs.start.year - on.year) * MONTHS_PER_YEAR + inputs.start.month - on.month,
        scenarios=costs,
    )
