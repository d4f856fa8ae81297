"""What must be said beside the answer: priors in use, short history, prices that end, routes that lose money."""

from collections.abc import Iterator, Sequence
from datetime import date
from difflib import get_close_matches
from math import sqrt

from planner.demand import ALL_TYPES
from planner.inputs import PlanInputs
from planner.mix import Measurement, RequestMix
from planner.objectives import ConstraintNote
from planner.prices import PriceBook
from planner.risk import Estimate
from planner.scenario_costs import ScenarioCosts
from planner.words import percent, usd_rounded_down, usd_short

_WEEKLY_LOG_SD = 0.5
_WEEKLY_AR1 = 0.3
_MOST_LEVEL_SD = 1.0
_MONTHS_UNTIL_OLD = 9
_FEW_PATHS = 1_000


def history_level_sd(inputs: PlanInputs, measurement: Measurement | None) -> float:
    """The level's log sd: as typed, else the prior, else wider where not even one month was measured whole.

    A mean over w weeks of a weekly log sd of 0.5 (one team) with AR(1) 0.3 has log sd 0.5 sqrt(1.3 / 0.7) / sqrt(w),
    taken as 1 at most.
    """
    if measurement is None or measurement.complete_months or inputs.level_sd_given:
        return inputs.demand.level_sd
    weeks = measurement.coverage.span_days / 7.0
    spread = _WEEKLY_LOG_SD * sqrt((1 + _WEEKLY_AR1) / (1 - _WEEKLY_AR1)) / sqrt(weeks)
    return min(max(spread, inputs.demand.level_sd), _MOST_LEVEL_SD)


def caveats(
    inputs: PlanInputs,
    *,
    price_book: PriceBook,
    priced_on: date,
    measurement: Measurement | None,
    mix: RequestMix,
    scenario_costs: Sequence[ScenarioCosts],
    top_share: float,
    constraint: ConstraintNote,
    sign_first_cost: Estimate,
) -> tuple[str, ...]:
    """Every warning of a plan, the most consequential first, each once."""
    said = [
        *_few_paths(inputs),
        *mix.warnings,
        *_history(inputs, measurement),
        *_old_log(mix),
        *(measurement.warnings if measurement else ()),
        *_choice(inputs, constraint, sign_first_cost),
        *_routes(scenario_costs),
        *_caches(scenario_costs),
        *_unknown_types(inputs, mix),
        *inputs.notes,
        *_prices(inputs, price_book, priced_on, mix),
        *_concentration(top_share),
        *_priors(inputs),
    ]
    return tuple(dict.fromkeys(said))


def _few_paths(inputs: PlanInputs) -> Iterator[str]:
    if inputs.paths < _FEW_PATHS:
        yield (
            f"Only {inputs.paths:,} simulated paths: the tail that a shortfall limit looks at rests on a handful. "
            "Raise plan.paths before signing."
        )


def _history(inputs: PlanInputs, measurement: Measurement | None) -> Iterator[str]:
    if measurement is not None and not measurement.complete_months and not inputs.level_sd_given:
        yield (
            "Because not one complete month was measured, the uncertainty of the run rate itself is widened from a log "
            f"sd of {inputs.demand.level_sd:.2g} to {history_level_sd(inputs, measurement):.2g}."
        )


def _old_log(mix: RequestMix) -> Iterator[str]:
    if mix.growth_months > _MONTHS_UNTIL_OLD:
        yield (
            f"{mix.growth_months:.0f} months lie between the measured usage and the start of the contract: the growth "
            "assumption fills them, not the log."
        )


def _choice(inputs: PlanInputs, constraint: ConstraintNote, sign_first_cost: Estimate) -> Iterator[str]:
    alpha = inputs.decision.max_shortfall_probability
    if constraint.binds:
        yield (
            f"The limit of {percent(alpha)} on the shortfall probability binds: without it the cheapest commitment "
            f"would be {usd_rounded_down(constraint.unconstrained.commit_usd_per_year)} a year and save "
            f"{usd_short(constraint.relaxing_saves_usd)} more. Commitments at the chosen discount reach the limit "
            f"between {usd_rounded_down(constraint.commit_low_usd_per_year)} and "
            f"{usd_rounded_down(constraint.commit_high_usd_per_year)} a year (95% of Monte Carlo error)."
        )
    if constraint.band_depends:
        yield (
            "The choice of discount band depends on that error: another seed could choose the neighbouring band. "
            "Raise plan.paths, or compare both bands."
        )
    if sign_first_cost.mean < -3 * sign_first_cost.se:
        yield (
            "Signing first comes out cheaper than the recommendation because the recommendation respects the limit "
            "on the shortfall probability and the hasty commitment, lived after routing, does not."
        )


def _routes(scenario_costs: Sequence[ScenarioCosts]) -> Iterator[str]:
    for costs in scenario_costs:
        for route in costs.economics:
            if route.traffic_share > 0 and route.escalation >= route.break_even_escalation:
                change = route.unit_cost_after_usd - route.unit_cost_before_usd
                yield (
                    f"scenario '{costs.scenario.name}': routing '{route.request_type}' to {route.to} costs money: "
                    f"{change * 1000:+,.2f} USD per 1,000 requests. Escalation {route.escalation:.1%} is not below the "
                    f"break-even {route.break_even_escalation:.1%}."
                )
            if route.traffic_share == 0:
                yield (
                    f"scenario '{costs.scenario.name}': no traffic of '{route.request_type}' can be routed to "
                    f"{route.to}; it is there already, or no model under `from` serves it."
                )


def _caches(scenario_costs: Sequence[ScenarioCosts]) -> Iterator[str]:
    for costs in scenario_costs:
        for cache in costs.cache_economics:
            if cache.hit_rate <= cache.break_even_hit_rate:
                yield (
                    f"scenario '{costs.scenario.name}': caching '{cache.request_type}' costs money: a hit rate of "
                    f"{percent(cache.hit_rate)} is not above the break-even {percent(cache.break_even_hit_rate)}."
                )


def _unknown_types(inputs: PlanInputs, mix: RequestMix) -> Iterator[str]:
    known = sorted({entry.request_type for entry in mix.entries})
    named = [
        (f"scenario '{scenario.name}'", lever.request_type)
        for scenario in inputs.scenarios
        for levers in (scenario.routes, scenario.caches, scenario.batches, scenario.outputs)
        for lever in levers
    ]
    named += [(f"event '{event.name}'", name) for event in inputs.demand.events for name in event.request_types]
    for place, name in named:
        if name not in known and name != ALL_TYPES:
            near = get_close_matches(name, known, n=1)
            guess = f" Did you mean '{near[0]}'?" if near else ""
            yield (
                f"{place} names request type '{name}', which the mix does not have: it has no effect.{guess} "
                f"Known: {', '.join(known)}."
            )


def _prices(inputs: PlanInputs, price_book: PriceBook, priced_on: date, mix: RequestMix) -> Iterator[str]:
    models = {entry.model for entry in mix.entries}
    targets = {route.to for scenario in inputs.scenarios for route in scenario.routes}
    targets |= {r.escalate_to for scenario in inputs.scenarios for r in scenario.routes if r.escalate_to}
    targets = {price_book.resolve(target) for target in targets}
    for model in sorted(models | targets):
        price = price_book.price(model, priced_on)
        yield from price.notes
        retires = price_book.retires_on(model)
        end = _month_after(inputs.start, inputs.contract.term_months)
        if retires is not None and priced_on <= retires < end:
            successor = price_book.successor(model)
            to = f" Its tier's current model is {successor}." if successor and successor != model else ""
            yield (
                f"{model} retires on {retires}, before the term ends: its traffic has to move, at another price, "
                f"which this plan does not model.{to}"
            )
    for override in inputs.prices.overrides:
        if price_book.resolve(override.model) not in models | targets:
            yield f"[[prices.override]] for {override.model}: no traffic in this plan uses it."


def _month_after(start: date, months: int) -> date:
    index = start.year * 12 + start.month - 1 + months
    return date(index // 12, index % 12 + 1, 1)


def _concentration(top_share: float) -> Iterator[str]:
    if top_share > 0.5:
        yield (
            f"Concentration: one request type on one model is {top_share:.0%} of the bill. If it leaves, so does most "
            "of the drawdown (demand.leave_probability_per_quarter)."
        )


def _priors(inputs: PlanInputs) -> Iterator[str]:
    if inputs.priors:
        yield (
            f"Priors, not your data: {'; '.join(inputs.priors)}. They move the answer; replace them in the plan "
            "when you know better."
        )
