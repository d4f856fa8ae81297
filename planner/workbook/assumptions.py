"""The assumptions in force, each with its spread, its unit and where it comes from."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import numpy as np

from planner.calibration.calibrate import FITTED_KEYS
from planner.distributions import Z90, Distribution, Point
from planner.levers import Ramp, Scenario
from planner.plan import Plan
from planner.workbook.sheet import Value

YOURS: Final = "yours"
PRIOR: Final = "prior"
DEFAULT: Final = "default"
MEASURED: Final = "measured"
FITTED: Final = "fitted"

_SHARE: Final = ("percent", "fraction")


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumption:
    """One assumption: its value (the mean where it is uncertain), P10 and P90 where they differ, unit and origin.

    origin: "yours" (in the plan), "prior" (a judgement that ships with the product), "default", "measured" or "fitted"
    (to the log, mostly from its data).
    """

    section: str
    name: str
    value: Value
    style: str
    unit: str
    origin: str
    p10_p90: tuple[float, float] | None = None


Document = Mapping[str, Any]


def assumptions(plan: Plan) -> list[Assumption]:
    """Everything that the plan assumes, in the order of its file."""
    document: Document = tomllib.loads(plan.inputs.text)
    return [
        *_plan(plan, document),
        *_usage(plan),
        *_prices(plan, document),
        *_demand(plan),
        *(row for scenario in plan.inputs.scenarios for row in _scenario(scenario, document)),
        *_contract(plan, document),
        *_decision(plan, document),
    ]


def _origin(document: Document, *path: str, otherwise: str = DEFAULT) -> str:
    """Whether a key stands in the plan file."""
    section: Any = document
    for key in path:
        if not isinstance(section, Mapping) or key not in section:
            return otherwise
        section = section[key]
    return YOURS


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


def _plain(section: str, name: str, value: Value | date, style: str, unit: str, origin: str) -> Assumption:
    shown = value.isoformat() if isinstance(value, date) else value
    return Assumption(section=section, name=name, value=shown, style=style, unit=unit, origin=origin)


def _plan(plan: Plan, document: Document) -> Iterator[Assumption]:
    inputs = plan.inputs
    for name, value, style, unit in (
        ("start", inputs.start, "right", "first day of the contract"),
        ("months", inputs.months, "count", "months of forecast"),
        ("paths", plan.n_paths, "count", "simulated paths"),
        ("seed", str(inputs.seed), "right", "of the random numbers"),
    ):
        yield _plain("Plan", name, value, style, unit, _origin(document, "plan", name))


def _usage(plan: Plan) -> Iterator[Assumption]:
    usage, measurement = plan.inputs.usage, plan.prepared.measurement
    if usage is None:
        yield _plain("Usage", "request mix", "typed into the plan", "right", "sheet Request mix", YOURS)
        return
    yield _plain("Usage", "sources", ", ".join(usage.source.sources), "right", "files or tables", YOURS)
    first, last = usage.window
    window = f"{first or 'start of log'} to {last or 'end of log'}"
    yield _plain("Usage", "window", window, "right", "days that count", YOURS if first or last else DEFAULT)
    yield _plain("Usage", "growth to month 0", plan.prepared.mix.growth_months, "number", "months", MEASURED)
    for exclusion, removed in measurement.excluded if measurement else ():
        yield _plain("Usage", f"left out: {exclusion}", removed, "usd", f"USD at list: {exclusion.reason}", YOURS)


def _prices(plan: Plan, document: Document) -> Iterator[Assumption]:
    prices = plan.inputs.prices
    yield _plain("Prices", "provider", prices.provider, "right", "", _origin(document, "prices", "provider"))
    yield _plain(
        "Prices", "on", plan.prepared.priced_on, "right", "day of the price list", _origin(document, "prices", "on")
    )
    for override in prices.overrides:
        yield _plain("Prices", f"override: {override.model}", override.source, "right", "rates on sheet Prices", YOURS)
    moves = prices.moves
    for key, value, style, unit in (
        ("falls_per_year", Point(moves.falls_per_year), "number", "falls a year and tier"),
        ("fall", moves.fall, "percent", "of the price, one fall"),
        ("rises_per_year", Point(moves.rises_per_year), "number", "rises a year and tier"),
        ("rise", moves.rise, "percent", "of the price, one rise"),
    ):
        origin = _origin(document, "prices", "cuts", key, otherwise=PRIOR)
        yield _uncertain("List-price moves", key, value, style, unit, origin)
    origin = _origin(document, "prices", "cuts", "lag_months", otherwise=PRIOR)
    yield _plain("List-price moves", "lag_months", moves.lag_months, "count", "months until traffic pays it", origin)


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
        yield _plain("Demand", "season", "none", "right", "every month alike", origin)
    for month, factor in enumerate(demand.season if len(set(demand.season)) > 1 else (), start=1):
        yield _plain("Demand", f"season {date(2000, month, 1):%B}", factor, "number", "factor, mean 1", origin)
    for event in demand.events:
        section = f"Event: {event.name}"
        yield _plain(section, "probability", event.probability, "percent", "", YOURS)
        yield _uncertain(section, "month", event.month, "number", "month of the contract, 0 first")
        yield _uncertain(section, "size", event.size, "number", "factor on requests from then on")
        yield _plain(section, "request types", ", ".join(event.request_types), "right", "* is every type", YOURS)


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
        yield _plain(place, "levers", "none", "right", "the mix as it is", YOURS if stands else DEFAULT)
    for route in scenario.routes:
        section = f"{place}, route {route.request_type}"
        yield _plain(section, "to", route.to, "right", f"{route.moves}s move", YOURS)
        yield _uncertain(section, "share", route.share, "percent", "of requests")
        yield _uncertain(section, "escalation", route.escalation, "percent", "of routed requests, paid again")
        yield _plain(section, "overhead", route.overhead_usd_per_request, "usd_small", "USD per request", YOURS)
        yield from _ramp(section, route.ramp)
    for cache in scenario.caches:
        section = f"{place}, cache {cache.request_type}"
        yield _uncertain(section, "cacheable_fraction", cache.cacheable_fraction, "percent", "of uncached input")
        yield _uncertain(section, "hit_rate", cache.hit_rate, "percent", f"read again within {cache.ttl}")
        yield from _ramp(section, cache.ramp)
    for batch in scenario.batches:
        section = f"{place}, batch {batch.request_type}"
        yield _uncertain(section, "share", batch.share, "percent", "of requests not yet batch")
        yield from _ramp(section, batch.ramp)
    for output in scenario.outputs:
        section = f"{place}, output {output.request_type}"
        yield _uncertain(section, "cut", output.cut, "percent", "of output tokens")
        yield from _ramp(section, output.ramp)


def _ramp(section: str, ramp: Ramp) -> Iterator[Assumption]:
    yield _uncertain(section, "ramp start", ramp.start_month, "number", "month, 10% adopted")
    yield _plain(section, "ramp length", ramp.months, "number", "months from 10% to 90%", YOURS)
    yield _uncertain(section, "ramp ceiling", ramp.ceiling, "percent", "adopted in the end")


def _contract(plan: Plan, document: Document) -> Iterator[Assumption]:
    contract = plan.inputs.contract
    overage = contract.overage if isinstance(contract.overage, str) else float(contract.overage)
    passed = "passed through" if contract.price_falls_passed_through else "locked at signing"
    for key, value, style, unit, path in (
        ("term_months", contract.term_months, "count", "months", ("term_months",)),
        ("drawdown", contract.drawdown, "right", "dollars that draw down", ("drawdown",)),
        ("overage", overage, "percent", "discount on use beyond", ("overage",)),
        ("shortfall", contract.shortfall, "right", "of unused commitment", ("shortfall",)),
        ("eligible_fraction", contract.eligible_fraction, "percent", "of list spend", ("eligible_fraction",)),
        ("price falls", passed, "right", "", ("price_falls", "passed_through")),
    ):
        yield _plain("Contract", key, value, style, unit, _origin(document, "contract", *path))
    for band in contract.bands:
        name = f"band from ${band.min_commit_usd_per_year:,.0f} a year"
        yield _plain("Contract", name, band.discount_fraction, "percent", "discount", YOURS)


def _decision(plan: Plan, document: Document) -> Iterator[Assumption]:
    decision = plan.inputs.decision
    rows: list[tuple[str, Value, str, str]] = [
        ("scenario", decision.scenario, "right", "decided on"),
        ("objective", decision.objective, "right", ""),
        ("max_shortfall_probability", decision.max_shortfall_probability, "percent", "limit"),
    ]
    if decision.objective == "mean_cvar":
        rows += [
            ("cvar_loss", decision.cvar_loss, "right", ""),
            ("cvar_weight", decision.cvar_weight, "number", ""),
            ("cvar_level", decision.cvar_level, "percent", ""),
        ]
    for key, value, style, unit in rows:
        yield _plain("Decision", key, value, style, unit, _origin(document, "decision", key))
