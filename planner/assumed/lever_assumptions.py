"""The levers of every scenario as assumptions, with the milestones and teams that they wait for."""

from collections.abc import Iterator, Sequence
from functools import partial

from planner.assumed.assumption import (
    UNKNOWN,
    YOURS,
    Assumption,
    Document,
    Known,
    Path,
    origin_of,
    plain,
    uncertain,
)
from planner.distributions import Distribution, JudgedEscalation, Point, ScaledBeta
from planner.known_evidence import evidence_by_pair
from planner.levers import Lever, Route, Scenario
from planner.plan import Plan
from planner.units import OUTPUT
from planner.words import count

Spreads = tuple[tuple[str, Distribution, str], ...]
"""Key, value and unit of uncertain fractions."""


def lever_assumptions(plan: Plan, document: Document) -> Iterator[Assumption]:
    """Every lever of every scenario, in their order, then what they wait for."""
    for scenario in plan.inputs.scenarios:
        yield from _scenario(plan, scenario, document)
    yield from _schedule(plan.inputs.scenarios, document)


def _scenario(plan: Plan, scenario: Scenario, document: Document) -> Iterator[Assumption]:
    place, path = f"Scenario: {scenario.name}", ("scenario", scenario.name)
    spreads: Spreads
    if not scenario.has_levers:
        stands = origin_of(document, path)
        where: Path = path if stands == YOURS else path[:1]
        yield plain(place, where, "none", "right", "the mix as it is", stands, name="levers")
    for route in scenario.routes:
        at = (*path, "route", route.request_type)
        yield from _route(f"{place}, route {route.request_type}", at, route, document, _evidence(plan, route))
    for cache in scenario.caches:
        spreads = (
            ("cacheable_fraction", cache.cacheable_fraction, "of uncached input"),
            ("hit_rate", cache.hit_rate, f"read again within {cache.ttl}"),
        )
        yield from _simple(f"{place}, cache {cache.request_type}", (*path, "cache"), cache, spreads, document)
    for batch in scenario.batches:
        spreads = (("share", batch.share, "of requests not yet batch"),)
        yield from _simple(f"{place}, batch {batch.request_type}", (*path, "batch"), batch, spreads, document)
    for output in scenario.outputs:
        spreads = (("cut", output.cut, "of output tokens"),)
        yield from _simple(f"{place}, output {output.request_type}", (*path, "output"), output, spreads, document)


def _simple(section: str, kind: Path, lever: Lever, spreads: Spreads, document: Document) -> Iterator[Assumption]:
    """A lever of a few fractions, and how it is adopted."""
    at = (*kind, lever.request_type)
    for key, value, unit in spreads:
        yield uncertain(section, (*at, key), value, "percent", unit, origin_of(document, (*at, key)))
    yield from _adoption(section, at, lever, document)


def _evidence(plan: Plan, route: Route) -> Known:
    """The graded answers that a route's escalation is drawn from; unknown where it is typed in another way."""
    escalation = route.escalation
    if not isinstance(escalation, JudgedEscalation) or not isinstance(escalation.pass_rate, ScaledBeta):
        return UNKNOWN
    rate = escalation.pass_rate
    passed, answers = rate.a - 0.5, rate.a + rate.b - 1.0
    found = evidence_by_pair(plan.prepared).get((route.request_type, plan.prepared.price_book.resolve(route.to)))
    counted = f"{count(passed)} of {count(answers)} answers passed"
    if found is None or (found.passed, found.answers) != (passed, answers) or found.source.startswith("escalation of"):
        return Known(source=f"{counted}, counts in the plan")
    return Known(source=f"{counted}: {found.source or 'evidence in the plan'}", on=found.graded_on)


def _route(section: str, at: Path, route: Route, document: Document, graded: Known) -> Iterator[Assumption]:
    origin = partial(_origin, document, at)
    yield plain(section, (*at, "to"), route.to, "right", f"{route.moves}s move", YOURS)
    yield uncertain(section, (*at, "share"), route.share, "percent", "of requests", origin("share"))
    unit = "of judged requests, paid again"
    yield uncertain(section, (*at, "escalation"), route.escalation, "percent", unit, origin("escalation"), known=graded)
    if route.rule_fraction != Point(0.0):
        unit = "of routed requests, not judged"
        yield uncertain(section, (*at, "rule_fraction"), route.rule_fraction, "percent", unit, YOURS)
    key, name = "overhead_usd_per_request", "overhead"
    yield plain(
        section, (*at, key), route.overhead_usd_per_request, "usd_small", "USD per request", origin(key), name=name
    )
    yield from _calls(section, at, route)
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
            yield plain(section, (*at, key), value, style, unit, YOURS)
    yield from _adoption(section, at, route, document)


def _calls(section: str, at: Path, route: Route) -> Iterator[Assumption]:
    for name, call in (("router", route.router), ("judge", route.judge)):
        if call is not None and call.usd_per_request > 0:
            path = (*at, name, "usd_per_request")
            yield plain(section, path, call.usd_per_request, "usd_small", "USD per call", YOURS, name=name)
        if call is not None and call.model is not None:
            output = call.tokens_per_request[OUTPUT]
            tokens = f"{sum(call.tokens_per_request):,.0f} tokens a call, {output:,.0f} of them output"
            yield plain(section, (*at, name, "model"), call.model, "right", tokens, YOURS, name=f"{name} model")


def _origin(document: Document, at: Path, *key: str) -> str:
    return origin_of(document, (*at, *key))


def _adoption(section: str, at: Path, lever: Lever, document: Document) -> Iterator[Assumption]:
    ramp, origin = lever.ramp, partial(_origin, document, at, "ramp")
    after = f" after {', '.join(item.name for item in ramp.after)}" if ramp.after else ""
    for key, name, value, style, unit in (
        ("start_month", "ramp start", ramp.start_month, "number", f"month{after}, 10% adopted"),
        ("months", "ramp length", ramp.months, "number", "months from 10% to 90%"),
        ("ceiling", "ramp ceiling", ramp.ceiling, "percent", "adopted in the end"),
    ):
        yield uncertain(section, (*at, "ramp", key), value, style, unit, origin(key), name=name)
    if ramp.team is not None:
        yield plain(section, (*at, "ramp", "team"), ramp.team.name, "right", "whose slip delays it", YOURS)
    if lever.one_off_usd is not None:
        yield plain(section, (*at, "one_off_usd"), lever.one_off_usd, "usd", "USD once; in no bill", YOURS)


def _schedule(scenarios: Sequence[Scenario], document: Document) -> Iterator[Assumption]:
    """Milestones and teams that some lever waits for, each once."""
    ramps = [lever.ramp for scenario in scenarios for lever in scenario.levers]
    milestones = {item.name: item for ramp in ramps for item in ramp.milestones}
    asked = [ramp.team for ramp in ramps] + [milestone.team for milestone in milestones.values()]
    teams = {team.name: team for team in asked if team is not None}
    for milestone in milestones.values():
        section, at = f"Milestone: {milestone.name}", ("milestone", milestone.name)
        after = f"months after {', '.join(item.name for item in milestone.after)}" if milestone.after else "month"
        yield uncertain(section, (*at, "month"), milestone.month, "number", after, YOURS)
        origin, unit = origin_of(document, (*at, "probability")), "that it happens at all"
        yield plain(section, (*at, "probability"), milestone.probability, "percent", unit, origin)
        if milestone.team is not None:
            yield plain(section, (*at, "team"), milestone.team.name, "right", "whose slip delays it", YOURS)
    for team in teams.values():
        path = ("team", team.name, "slip_months")
        origin, unit = origin_of(document, path), "months later, all its work"
        yield uncertain(f"Team: {team.name}", path, team.slip_months, "number", unit, origin)
