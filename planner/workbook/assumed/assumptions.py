"""The assumptions in force, each with its spread, its unit and where it comes from."""

import tomllib
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Final

import numpy as np

from planner.calibration.calibrate import FITTED_KEYS
from planner.distributions import Z90, Distribution, Point
from planner.levers import Lever, Route, Scenario
from planner.plan import Plan
from planner.prices import OwnTerms
from planner.units import OUTPUT
from planner.workbook.assumed.assumption import (
    DEFAULT,
    FITTED,
    MEASURED,
    PRIOR,
    YOURS,
    Assumption,
    Document,
    origin_of,
    plain,
)
from planner.workbook.assumed.contract_assumptions import contract_assumptions
from planner.workbook.sheet import Value


def assumptions(plan: Plan) -> list[Assumption]:
    """Everything that the plan assumes, in the order of its file."""
    document: Document = tomllib.loads(plan.inputs.text)
    return [
        *_plan(plan, document),
        *_usage(plan),
        *_prices(plan, document),
        *_demand(plan),
        *(row for scenario in plan.inputs.scenarios for row in _scenario(scenario, document)),
        *_schedule(plan.inputs.scenarios),
        *contract_assumptions(plan, document),
        *_decision(plan, document),
    ]


def _spread(value: Distribution) -> tuple[float, float] | None:
    if isinstance(value, Point):
        return None
    low, high = sorted(value.from_normal(np.array([-Z90, Z90])).tolist())
    return low, high


def _uncertain(section: str, name: str, value: Distribution, style: str, unit: str, origin: str = YOURS) -> Assumption:
    return Assumption(
        section=section,
        name=name,
        value=value.mean,
        style=style,
        unit=unit,
        origin=origin,
        p10_p90=_spread(value),
    )


def _plan(plan: Plan, document: Document) -> Iterator[Assumption]:
    inputs = plan.inputs
    for name, value, style, unit in (
        ("start", inputs.start, "right", "first day of the contract"),
        ("months", inputs.months, "count", "months of forecast"),
        ("paths", plan.n_paths, "count", "simulated paths"),
        ("seed", str(inputs.seed), "right", "of the random numbers"),
    ):
        yield plain("Plan", name, value, style, unit, origin_of(document, "plan", name))


def _usage(plan: Plan) -> Iterator[Assumption]:
    usage, measurement = plan.inputs.usage, plan.prepared.measurement
    if usage is None:
        yield plain("Usage", "request mix", "typed into the plan", "right", "sheet Request mix", YOURS)
        return
    yield plain("Usage", "sources", ", ".join(usage.source.sources), "right", "files or tables", YOURS)
    first, last = usage.window
    window = f"{first or 'start of log'} to {last or 'end of log'}"
    yield plain("Usage", "window", window, "right", "days that count", YOURS if first or last else DEFAULT)
    yield plain("Usage", "growth to month 0", plan.prepared.mix.growth_months, "number", "months", MEASURED)
    for exclusion, removed in measurement.excluded if measurement else ():
        yield plain("Usage", f"left out: {exclusion}", removed, "usd", f"USD at list: {exclusion.reason}", YOURS)


def _prices(plan: Plan, document: Document) -> Iterator[Assumption]:
    prices = plan.inputs.prices
    yield plain("Prices", "provider", prices.provider, "right", "", origin_of(document, "prices", "provider"))
    yield plain(
        "Prices", "on", plan.prepared.priced_on, "right", "day of the price list", origin_of(document, "prices", "on")
    )
    yield plain("Prices", "snapshot", plan.prepared.price_book.snapshot, "right", "hash of the price data", MEASURED)
    yield from _own_prices(prices.terms)
    for override in prices.overrides:
        yield plain("Prices", f"override: {override.model}", override.source, "right", "rates on sheet Prices", YOURS)
    moves = prices.moves
    for key, value, style, unit in (
        ("falls_per_year", Point(moves.falls_per_year), "number", "falls a year and tier"),
        ("fall", moves.fall, "percent", "of the price, one fall"),
        ("rises_per_year", Point(moves.rises_per_year), "number", "rises a year and tier"),
        ("rise", moves.rise, "percent", "of the price, one rise"),
    ):
        origin = origin_of(document, "prices", "cuts", key, otherwise=PRIOR)
        yield _uncertain("List-price moves", key, value, style, unit, origin)
    origin = origin_of(document, "prices", "cuts", "lag_months", otherwise=PRIOR)
    yield plain("List-price moves", "lag_months", moves.lag_months, "count", "months until traffic pays it", origin)


def _own_prices(terms: OwnTerms) -> Iterator[Assumption]:
    """What the plan says of prices beside overrides."""
    if terms.endpoint is not None:
        yield plain("Prices", "endpoint", terms.endpoint, "right", "of the cloud", YOURS)
    for name, model in terms.aliases.items():
        yield plain("Prices", f"alias: {name}", model, "right", "", YOURS)
    for item in terms.modifiers:
        what = f"factor: {item.field} {item.value}"
        yield plain("Prices", what, float(item.multiplier), "number", item.source, YOURS)
    for ratio in terms.token_ratios:
        what = f"tokens: {ratio.to_generation} per {ratio.from_generation}"
        yield plain("Prices", what, ratio.ratio, "number", ratio.source, YOURS)
    if (tools := terms.server_tools) is not None:
        for name, usd, unit in (
            ("web search", tools.web_search_usd_per_thousand, "USD per thousand"),
            ("code execution", tools.code_execution_usd_per_hour, "USD an hour"),
        ):
            if usd is not None:
                yield plain("Prices", name, float(usd), "usd_small", f"{unit}: {tools.source}", YOURS)


def _demand(plan: Plan) -> Iterator[Assumption]:
    demand = plan.prepared.demand
    for key, value, style, unit in (
        ("level_sd", Point(demand.level_sd), "number", "log sd of the run rate"),
        ("growth_per_year", demand.growth_per_year, "percent", "a year"),
        ("growth_damping_per_month", Point(demand.growth_damping_per_month), "number", "factor a month; 1 is none"),
        ("monthly_volatility", Point(demand.monthly_volatility), "number", "log sd of the monthly walk"),
        ("common_share", Point(demand.common_share), "percent", "of that variance, common to all types"),
        ("monthly_noise", Point(demand.monthly_noise), "number", "log sd of monthly noise"),
        ("noise_ar1", Point(demand.noise_ar1), "number", "month-to-month correlation"),
        ("token_drift_per_year", demand.token_drift_per_year, "percent", "tokens per request, a year"),
        ("leave_probability_per_quarter", Point(demand.leave_probability_per_quarter), "percent", "a quarter"),
        (
            "largest_customer_fraction",
            Point(demand.largest_customer_fraction),
            "percent",
            "who may leave; 0: largest type",
        ),
        ("rebound", demand.rebound, "number", "elasticity of requests to their cost"),
    ):
        yield _uncertain("Demand", key, value, style, unit, _demand_origin(plan, key))
    origin = _demand_origin(plan, "season", otherwise=DEFAULT)
    if len(set(demand.season)) == 1:
        yield plain("Demand", "season", "none", "right", "every month alike", origin)
    for month, factor in enumerate(demand.season if len(set(demand.season)) > 1 else (), start=1):
        yield plain("Demand", f"season {date(2000, month, 1):%B}", factor, "number", "factor, mean 1", origin)
    for event in demand.events:
        section = f"Event: {event.name}"
        yield plain(section, "probability", event.probability, "percent", "", YOURS)
        yield _uncertain(section, "month", event.month, "number", "month of the contract, 0 first")
        yield _uncertain(section, "size", event.size, "number", "factor on requests from then on")
        yield plain(section, "request types", ", ".join(event.request_types), "right", "* is every type", YOURS)


def _demand_origin(plan: Plan, key: str, otherwise: str = PRIOR) -> str:
    """Where a key of [demand] comes from: typed, fitted to the log, widened because the log is short, or assumed."""
    calibration = plan.prepared.calibration
    if key in plan.inputs.demand_given:
        return YOURS
    if calibration is not None and calibration.levels is not None and key in FITTED_KEYS:
        fit = calibration.parameter("season.january" if key == "season" else key)
        return FITTED if fit.source == "data" else otherwise
    if key == "level_sd" and plan.prepared.demand.level_sd != plan.inputs.demand.level_sd:
        return "widened"
    return otherwise


def _scenario(scenario: Scenario, document: Document) -> Iterator[Assumption]:
    place = f"Scenario: {scenario.name}"
    if not scenario.has_levers:
        stands = any(item.get("name") == scenario.name for item in document.get("scenario", ()))
        yield plain(place, "levers", "none", "right", "the mix as it is", YOURS if stands else DEFAULT)
    for route in scenario.routes:
        yield from _route(f"{place}, route {route.request_type}", route)
    for cache in scenario.caches:
        section = f"{place}, cache {cache.request_type}"
        yield _uncertain(section, "cacheable_fraction", cache.cacheable_fraction, "percent", "of uncached input")
        yield _uncertain(section, "hit_rate", cache.hit_rate, "percent", f"read again within {cache.ttl}")
        yield from _adoption(section, cache)
    for batch in scenario.batches:
        section = f"{place}, batch {batch.request_type}"
        yield _uncertain(section, "share", batch.share, "percent", "of requests not yet batch")
        yield from _adoption(section, batch)
    for output in scenario.outputs:
        section = f"{place}, output {output.request_type}"
        yield _uncertain(section, "cut", output.cut, "percent", "of output tokens")
        yield from _adoption(section, output)


def _route(section: str, route: Route) -> Iterator[Assumption]:
    yield plain(section, "to", route.to, "right", f"{route.moves}s move", YOURS)
    yield _uncertain(section, "share", route.share, "percent", "of requests")
    yield _uncertain(section, "escalation", route.escalation, "percent", "of judged requests, paid again")
    if route.rule_fraction != Point(0.0):
        yield _uncertain(section, "rule_fraction", route.rule_fraction, "percent", "of routed requests, not judged")
    yield plain(section, "overhead", route.overhead_usd_per_request, "usd_small", "USD per request", YOURS)
    for name, call in (("router", route.router), ("judge", route.judge)):
        if call is not None and call.usd_per_request > 0:
            yield plain(section, name, call.usd_per_request, "usd_small", "USD per call", YOURS)
        if call is not None and call.model is not None:
            output = call.tokens_per_request[OUTPUT]
            tokens = f"{sum(call.tokens_per_request):,.0f} tokens a call, {output:,.0f} of them output"
            yield plain(section, f"{name} model", call.model, "right", tokens, YOURS)
    for key, value, default, style, unit in (
        ("token_ratio", route.token_ratio, None, "number", "tokens there per token here"),
        ("output_ratio", route.output_ratio, 1.0, "number", "output tokens there per output token here"),
        ("long_prompts", route.long_prompts, "move", "right", "requests above the price threshold"),
        ("long_prompt_fraction", route.long_prompt_fraction, None, "percent", "of tokens, above the price threshold"),
        ("long_request_fraction", route.long_request_fraction, None, "percent", "of requests, above it"),
        ("error_cost_usd", route.error_cost_usd, 0.0, "usd_small", "USD per wrong answer accepted; in no bill"),
        ("rule_error_fraction", route.rule_error_fraction, 0.0, "percent", "wrong, of what a rule sends"),
    ):
        if value is not None and value != default:
            yield plain(section, key, value, style, unit, YOURS)
    yield from _adoption(section, route)


def _adoption(section: str, lever: Lever) -> Iterator[Assumption]:
    ramp = lever.ramp
    after = f" after {', '.join(item.name for item in ramp.after)}" if ramp.after else ""
    yield _uncertain(section, "ramp start", ramp.start_month, "number", f"month{after}, 10% adopted")
    yield _uncertain(section, "ramp length", ramp.months, "number", "months from 10% to 90%")
    yield _uncertain(section, "ramp ceiling", ramp.ceiling, "percent", "adopted in the end")
    if ramp.team is not None:
        yield plain(section, "team", ramp.team.name, "right", "whose slip delays it", YOURS)
    if lever.one_off_usd is not None:
        yield plain(section, "one_off_usd", lever.one_off_usd, "usd", "USD once; in no bill", YOURS)


def _schedule(scenarios: Sequence[Scenario]) -> Iterator[Assumption]:
    """Milestones and teams that some lever waits for, each once."""
    ramps = [lever.ramp for scenario in scenarios for lever in scenario.levers]
    milestones = {item.name: item for ramp in ramps for item in ramp.milestones}
    asked = [ramp.team for ramp in ramps] + [milestone.team for milestone in milestones.values()]
    teams = {team.name: team for team in asked if team is not None}
    for milestone in milestones.values():
        section = f"Milestone: {milestone.name}"
        after = f"months after {', '.join(item.name for item in milestone.after)}" if milestone.after else "month"
        yield _uncertain(section, "month", milestone.month, "number", after)
        yield plain(section, "probability", milestone.probability, "percent", "that it happens at all", YOURS)
        if milestone.team is not None:
            yield plain(section, "team", milestone.team.name, "right", "whose slip delays it", YOURS)
    for team in teams.values():
        yield _uncertain(f"Team: {team.name}", "slip_months", team.slip_months, "number", "months later, all its work")


def _decision(plan: Plan, document: Document) -> Iterator[Assumption]:
    decision = plan.inputs.decision
    rows: list[tuple[str, Value, str, str]] = [
        ("scenario", decision.scenario, "right", "decided on"),
        ("objective", decision.objective, "right", ""),
        ("max_shortfall_probability", decision.max_shortfall_probability, "percent", "limit"),
        ("shortfall_limit_per", _LIMIT_PER[decision.shortfall_limit_per], "right", "what the limit bounds"),
        ("money", _MONEY[decision.money], "right", "in which costs are compared"),
    ]
    if decision.objective == "mean_cvar":
        rows += [
            ("cvar_loss", decision.cvar_loss, "right", ""),
            ("cvar_weight", decision.cvar_weight, "number", ""),
            ("cvar_level", decision.cvar_level, "percent", ""),
        ]
    for key, value, style, unit in rows:
        yield plain("Decision", key, value, style, unit, origin_of(document, "decision", key))
    for name, weight in decision.scenario_weights:
        yield plain("Decision", f"weight of {name}", weight, "percent", "of its expected cost", YOURS)


_LIMIT_PER: Final = {"term": "any period of the term", "period": "each period by itself"}
_MONEY: Final = {"nominal": "dollars as paid", "npv": "present value"}
