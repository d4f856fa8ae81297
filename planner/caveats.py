"""What must be said beside the answer: priors in use, short history, prices that end, routes that lose money."""

from collections.abc import Iterator, Sequence
from datetime import date
from difflib import get_close_matches
from math import sqrt

from planner.calibration.calibrate import FITTED_KEYS, Calibration
from planner.calibration.parameter_names import short_name
from planner.demand import ALL_TYPES, DemandModel
from planner.inputs import PlanInputs, TargetError
from planner.lever_caveats import lever_caveats
from planner.lever_costs.scenario_costs import ScenarioCosts
from planner.mix import Measurement, RequestMix
from planner.name_notes import typed_name_notes
from planner.price_data_notes import price_data_notes
from planner.prices import PriceBook

_WEEKLY_LOG_SD = 0.5
_WEEKLY_AR1 = 0.3
_MOST_LEVEL_SD = 1.0
_MONTHS_UNTIL_OLD = 9
_FEW_PATHS = 1_000
_SAME_COST = 0.0005


def history_level_sd(inputs: PlanInputs, demand: DemandModel, measurement: Measurement | None) -> float:
    """The level's log sd: as typed, else the prior, else wider where not even one month was measured whole.

    A mean over w weeks of a weekly log sd of 0.5 (one team) with AR(1) 0.3 has log sd 0.5 sqrt(1.3 / 0.7) / sqrt(w),
    taken as 1 at most.
    """
    if measurement is None or measurement.complete_months or "level_sd" in inputs.demand_given:
        return demand.level_sd
    weeks = measurement.coverage.span_days / 7.0
    spread = _WEEKLY_LOG_SD * sqrt((1 + _WEEKLY_AR1) / (1 - _WEEKLY_AR1)) / sqrt(weeks)
    return min(max(spread, demand.level_sd), _MOST_LEVEL_SD)


def caveats(
    inputs: PlanInputs,
    *,
    n_paths: int,
    price_book: PriceBook,
    priced_on: date,
    measurement: Measurement | None,
    calibration: Calibration | None,
    mix: RequestMix,
    scenario_costs: Sequence[ScenarioCosts],
    top_share: float,
    decided: Sequence[str],
) -> tuple[str, ...]:
    """Every warning of a plan, the most consequential first, each once. decided: those of the decision itself."""
    said = [
        *_few_paths(n_paths),
        *mix.warnings,
        *_history(inputs, measurement, calibration),
        *_old_log(mix),
        *(measurement.warnings if measurement else ()),
        *decided,
        *lever_caveats(scenario_costs, mix=mix, price_book=price_book, priced_on=priced_on),
        *_unknown_types(inputs, mix),
        *inputs.notes,
        *_prices(inputs, price_book, priced_on, mix, scenario_costs),
        *_concentration(top_share),
        *(calibration.warnings if calibration else ()),
        *_fitted(calibration),
        *_priors(inputs, calibration),
    ]
    return tuple(dict.fromkeys(said))


def missed_target(target: TargetError | None, excess: float, n_paths: int) -> str:
    """That a precision was asked for and not reached. excess: the error as a multiple of the target."""
    asked = []
    if target is not None and target.shortfall_probability is not None:
        asked.append(f"{target.shortfall_probability * 100:g} points of shortfall probability")
    if target is not None and target.expected_cost_fraction is not None:
        asked.append(f"{target.expected_cost_fraction * 100:g} % of the expected cost")
    return (
        f"plan.target_error asks for a standard error of {' and '.join(asked)}; {n_paths:,} paths leave one "
        f"{excess:.1f} times as large. Raise plan.paths, the most that are drawn."
    )


def _few_paths(n_paths: int) -> Iterator[str]:
    if n_paths < _FEW_PATHS:
        yield (
            f"Only {n_paths:,} simulated paths: the tail that a shortfall limit looks at rests on a handful. "
            "Raise plan.paths before signing."
        )


def _history(inputs: PlanInputs, measurement: Measurement | None, calibration: Calibration | None) -> Iterator[str]:
    if calibration is not None and calibration.levels is not None:
        return
    if measurement is not None and not measurement.complete_months and "level_sd" not in inputs.demand_given:
        default = inputs.demand_at_defaults
        yield (
            "Because not one complete month was measured, the uncertainty of the run rate itself is widened from a log "
            f"sd of {default.level_sd:.2g} to {history_level_sd(inputs, default, measurement):.2g}."
        )


def _old_log(mix: RequestMix) -> Iterator[str]:
    if mix.growth_months > _MONTHS_UNTIL_OLD:
        yield (
            f"{mix.growth_months:.0f} months lie between the measured usage and the start of the contract: the growth "
            "assumption fills them, not the log."
        )


def _unknown_types(inputs: PlanInputs, mix: RequestMix) -> Iterator[str]:
    known = sorted({entry.request_type for entry in mix.entries})
    named = [
        (f"scenario '{scenario.name}'", lever.request_type)
        for scenario in inputs.scenarios
        for lever in scenario.levers
    ]
    named += [(f"evidence[{index}]", item.request_type) for index, item in enumerate(inputs.evidence, start=1)]
    named += [(item.place, item.evidence.request_type) for item in inputs.file_evidence]
    named += [(f"evaluation[{index}]", item.request_type) for index, item in enumerate(inputs.evaluations, start=1)]
    named += ((f"business unit '{unit.name}'", name) for unit in inputs.business_units for name in unit.request_types)
    # only events may name all types at once
    events = ((f"event '{event.name}'", name) for event in inputs.demand.events for name in event.request_types)
    named += [(place, name) for place, name in events if name != ALL_TYPES]
    for place, name in named:
        if name not in known:
            near = get_close_matches(name, known, n=1)
            guess = f" Did you mean '{near[0]}'?" if near else ""
            yield (
                f"{place} names request type '{name}', which the mix does not have: it has no effect.{guess} "
                f"Known: {', '.join(known)}."
            )


def _prices(
    inputs: PlanInputs,
    price_book: PriceBook,
    priced_on: date,
    mix: RequestMix,
    scenario_costs: Sequence[ScenarioCosts],
) -> Iterator[str]:
    models = {entry.model for entry in mix.entries}
    models |= {move.successor for costs in scenario_costs for move in costs.retirements if move.successor}
    named = tuple(_named(inputs))
    targets = {price_book.resolve(name) for name, _ in named}
    for model in sorted(models | targets):
        price = price_book.price(model, priced_on)
        yield from price.notes
    yield from typed_name_notes(named, price_book, priced_on)
    searches = any(entry.web_searches_per_request for entry in mix.entries)
    executes = any(entry.code_execution_hours_per_request for entry in mix.entries)
    if searches or executes:
        yield from price_book.server_tools(priced_on).notes_on(searches=searches, code_execution=executes)
    seen = sorted(models | targets)
    yield from price_data_notes(price_book, on=priced_on, pinned=inputs.prices.snapshot, models=seen)
    yield from _retirements(scenario_costs)
    for override in inputs.prices.overrides:
        if price_book.resolve(override.model) not in models | targets:
            yield f"[[prices.override]] for {override.model}: no traffic in this plan uses it."


def _named(inputs: PlanInputs) -> Iterator[tuple[str, str]]:
    """Every model that the plan types, as typed, with the place."""
    yield from ((item.model, f"mix '{item.request_type}'") for item in inputs.mix)
    for scenario in inputs.scenarios:
        for route in scenario.routes:
            calls = [call.model for call in (route.router, route.judge) if call is not None]
            names = (route.to, route.escalate_to, *calls)
            place = f"scenario '{scenario.name}', route of '{route.request_type}'"
            yield from ((name, place) for name in names if name is not None)


def _retirements(scenario_costs: Sequence[ScenarioCosts]) -> Iterator[str]:
    """What each retirement does, with what it costs in the first scenario that has it."""
    moves = {move.note: move for costs in reversed(scenario_costs) for move in reversed(costs.retirements)}
    for move in sorted(moves.values(), key=lambda move: (move.on, move.model)):
        change = move.cost_change_fraction
        if change is None:
            yield move.note
        elif abs(change) < _SAME_COST:
            yield f"{move.note} A request costs the same there."
        else:
            yield f"{move.note} A request costs {abs(change):.1%} {'more' if change > 0 else 'less'} there."


def _concentration(top_share: float) -> Iterator[str]:
    if top_share > 0.5:
        yield (
            f"Concentration: one request type on one model is {top_share:.0%} of the bill. If it leaves, so does most "
            "of the drawdown; how likely that is stands under [demand] in the plan."
        )


def _fitted(calibration: Calibration | None) -> Iterator[str]:
    keys = [] if calibration is None else [fit for fit in calibration.parameters if fit.name in FITTED_KEYS]
    learnt = [short_name(fit.name).strip() for fit in keys if fit.source == "data"]
    leaning = [short_name(fit.name).strip() for fit in keys if fit.source == "prior" and fit.weight_of_data > 0]
    if learnt:
        yield f"Fitted to your log: {', '.join(learnt)} (`planner calibrate` shows the intervals)."
    if leaning:
        yield f"Mostly priors, moved a little by your log, which is short for them: {', '.join(leaning)}."


def _priors(inputs: PlanInputs, calibration: Calibration | None) -> Iterator[str]:
    moved = {fit.name for fit in calibration.parameters if fit.weight_of_data > 0} if calibration else set()
    words = [text for key, text in inputs.priors.items() if key not in moved]
    if words:
        yield (
            f"Priors, not your data: {'; '.join(words)}. They move the answer; replace them in the plan, "
            "under [demand] and [prices.cuts], when you know better."
        )
