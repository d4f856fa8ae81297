"""The assumptions in force, each with its spread, its unit and where it comes from."""

import tomllib
from collections.abc import Iterator
from datetime import date
from typing import Final

from planner.assumed.assumption import (
    CHOSEN,
    DEFAULT,
    FITTED,
    MEASURED,
    PRIOR,
    UNKNOWN,
    WIDENED,
    YOURS,
    Assumption,
    Document,
    Known,
    Value,
    origin_of,
    plain,
    uncertain,
)
from planner.assumed.contract_assumptions import contract_assumptions
from planner.assumed.lever_assumptions import lever_assumptions
from planner.calibration.calibrate import FITTED_KEYS
from planner.distributions import Point
from planner.identity import program
from planner.plan import Plan
from planner.prices import OwnTerms


def assumptions(plan: Plan) -> list[Assumption]:
    """Everything that the plan assumes, in the order of its file."""
    document: Document = tomllib.loads(plan.inputs.text)
    return [
        *_plan(plan, document),
        *_usage(plan),
        *_prices(plan, document),
        *_demand(plan, document),
        *lever_assumptions(plan, document),
        *contract_assumptions(plan, document),
        *_decision(plan, document),
    ]


def source_of(plan: Plan, item: Assumption) -> Known:
    """Where an assumption comes from as far as the program knows it, where the plan does not say."""
    if item.known != UNKNOWN:
        return item.known
    if item.origin == PRIOR:
        return Known(source=f"judgement that ships with {program()}")
    if item.origin == DEFAULT:
        return Known(source=f"default of {program()}")
    if item.origin == CHOSEN:
        return Known(source="worked out by this plan")
    return log_of(plan) if item.origin in (MEASURED, FITTED, WIDENED) else UNKNOWN


def log_of(plan: Plan) -> Known:
    """The log that was measured, and its last day; unknown where there is none."""
    measured = plan.prepared.measurement
    if measured is None:
        return UNKNOWN
    first, last = measured.first.date(), measured.last.date()
    return Known(source=f"the log, {first} to {last}", on=last)


def _plan(plan: Plan, document: Document) -> Iterator[Assumption]:
    inputs = plan.inputs
    for name, value, style, unit in (
        ("start", inputs.start, "right", "first day of the contract"),
        ("months", inputs.months, "count", "months of forecast"),
        ("paths", plan.n_paths, "count", "simulated paths"),
        ("seed", str(inputs.seed), "right", "of the random numbers"),
    ):
        yield plain("Plan", ("plan", name), value, style, unit, origin_of(document, ("plan", name)))


def _usage(plan: Plan) -> Iterator[Assumption]:
    usage, measurement = plan.inputs.usage, plan.prepared.measurement
    for typed in plan.inputs.mix:
        name, unit = f"{typed.request_type} on {typed.model}", "requests a month; the rest on sheet Request mix"
        path = ("mix", typed.request_type)
        yield plain("Request mix", path, typed.monthly_requests, "count", unit, YOURS, name=name)
    if usage is None:
        return
    yield plain("Usage", ("usage", "sources"), ", ".join(usage.source.sources), "right", "files or tables", YOURS)
    first, last = usage.window
    window = f"{first or 'start of log'} to {last or 'end of log'}"
    origin = YOURS if first or last else DEFAULT
    yield plain("Usage", ("usage", "window"), window, "right", "days that count", origin)
    growth = plan.prepared.mix.growth_months
    yield plain("Usage", ("usage",), growth, "number", "months", MEASURED, name="growth to month 0")
    for exclusion, removed in measurement.excluded if measurement else ():
        name, unit = f"left out: {exclusion}", f"USD at list: {exclusion.reason}"
        path = ("usage", "exclude")
        yield plain("Usage", path, removed, "usd", unit, YOURS, name=name, known=log_of(plan))


def _prices(plan: Plan, document: Document) -> Iterator[Assumption]:
    prices, book = plan.inputs.prices, plan.prepared.price_book
    data = Known(source="price data of the program, the day it was checked", on=book.checked_on)
    origin = origin_of(document, ("prices", "provider"))
    yield plain("Prices", ("prices", "provider"), prices.provider, "right", "", origin)
    origin = origin_of(document, ("prices", "on"))
    day = plan.prepared.priced_on
    yield plain("Prices", ("prices", "on"), day, "right", "day of the price list", origin, known=data)
    unit = "hash of the price data"
    yield plain("Prices", ("prices", "snapshot"), book.snapshot, "right", unit, MEASURED, known=data)
    yield from _own_prices(prices.terms)
    for override in prices.overrides:
        name, path = f"override: {override.model}", ("prices", "override", override.model)
        known, unit = Known(source=override.source), "on sheet Prices"
        yield plain("Prices", path, "own rates", "right", unit, YOURS, name=name, known=known)
    moves = prices.moves
    for key, value, style, unit in (
        ("falls_per_year", Point(moves.falls_per_year), "number", "falls a year and tier"),
        ("fall", moves.fall, "percent", "of the price, one fall"),
        ("rises_per_year", Point(moves.rises_per_year), "number", "rises a year and tier"),
        ("rise", moves.rise, "percent", "of the price, one rise"),
    ):
        cuts = ("prices", "cuts", key)
        yield uncertain("List-price moves", cuts, value, style, unit, origin_of(document, cuts, PRIOR))
    cuts, unit = ("prices", "cuts", "lag_months"), "months until traffic pays it"
    yield plain("List-price moves", cuts, moves.lag_months, "count", unit, origin_of(document, cuts, PRIOR))


def _own_prices(terms: OwnTerms) -> Iterator[Assumption]:
    """What the plan says of prices beside overrides."""
    if terms.endpoint is not None:
        yield plain("Prices", ("prices", "endpoint"), terms.endpoint, "right", "of the cloud", YOURS)
    for name, model in terms.aliases.items():
        yield plain("Prices", ("prices", "aliases", name), model, "right", "", YOURS, name=f"alias: {name}")
    for item in terms.modifiers:
        name, known = f"factor: {item.field} {item.value}", Known(source=item.source)
        factor, unit = float(item.multiplier), "on every token class"
        yield plain("Prices", ("prices", "modifier"), factor, "number", unit, YOURS, name=name, known=known)
    for ratio in terms.token_ratios:
        name = f"tokens: {ratio.to_generation} per {ratio.from_generation}"
        known, unit = Known(source=ratio.source), "of the same text"
        yield plain("Prices", ("prices", "token_ratio"), ratio.ratio, "number", unit, YOURS, name=name, known=known)
    if (tools := terms.server_tools) is not None:
        known = Known(source=tools.source)
        for name, key, usd, unit in (
            ("web search", "web_search_usd_per_thousand", tools.web_search_usd_per_thousand, "USD per thousand"),
            ("code execution", "code_execution_usd_per_hour", tools.code_execution_usd_per_hour, "USD an hour"),
        ):
            if usd is not None:
                path = ("prices", "server_tools", key)
                yield plain("Prices", path, float(usd), "usd_small", unit, YOURS, name=name, known=known)


def _demand(plan: Plan, document: Document) -> Iterator[Assumption]:
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
        yield uncertain("Demand", ("demand", key), value, style, unit, _demand_origin(plan, key))
    origin, season = _demand_origin(plan, "season", otherwise=DEFAULT), ("demand", "season")
    if len(set(demand.season)) == 1:
        yield plain("Demand", season, "none", "right", "every month alike", origin)
    for month, factor in enumerate(demand.season if len(set(demand.season)) > 1 else (), start=1):
        name = f"season {date(2000, month, 1):%B}"
        yield plain("Demand", season, factor, "number", "factor, mean 1", origin, name=name)
    for event in demand.events:
        section, at = f"Event: {event.name}", ("demand", "event", event.name)
        yield plain(section, (*at, "probability"), event.probability, "percent", "", YOURS)
        yield uncertain(section, (*at, "month"), event.month, "number", "month of the contract, 0 first", YOURS)
        yield uncertain(section, (*at, "size"), event.size, "number", "factor on requests from then on", YOURS)
        types, path = ", ".join(event.request_types), (*at, "request_types")
        origin = origin_of(document, path)
        yield plain(section, path, types, "right", "* is every type", origin, name="request types")


def _demand_origin(plan: Plan, key: str, otherwise: str = PRIOR) -> str:
    """Where a key of [demand] comes from: typed, fitted to the log, widened because the log is short, or assumed."""
    calibration = plan.prepared.calibration
    if key in plan.inputs.demand_given:
        return YOURS
    if calibration is not None and calibration.levels is not None and key in FITTED_KEYS:
        fit = calibration.parameter("season.january" if key == "season" else key)
        return FITTED if fit.source == "data" else otherwise
    if key == "level_sd" and plan.prepared.demand.level_sd != plan.inputs.demand.level_sd:
        return WIDENED
    return otherwise


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
        yield plain("Decision", ("decision", key), value, style, unit, origin_of(document, ("decision", key)))
    for scenario, weight in decision.scenario_weights:
        path, name = ("decision", "scenario_weights", scenario), f"weight of {scenario}"
        yield plain("Decision", path, weight, "percent", "of its expected cost", YOURS, name=name)


_LIMIT_PER: Final = {"term": "any period of the term", "period": "each period by itself"}
_MONEY: Final = {"nominal": "dollars as paid", "npv": "present value"}
