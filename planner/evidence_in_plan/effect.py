"""What new counts do to the commitment: the plan with them in its routes, on the same paths."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from planner.distributions import Distribution, JudgedEscalation, Point, ScaledBeta, posterior
from planner.errors import UnknownModelError
from planner.evidence.quality import Evidence
from planner.evidence_in_plan.checking import NewCounts
from planner.inputs import PlanInputs
from planner.known_evidence import Pair, evidence_by_pair, judge_errors
from planner.levers import Route, Scenario
from planner.outcome import OfferOutcome
from planner.plan import Plan, worked_out
from planner.prepared import Prepared, Progress
from planner.simulation import KeptPaths


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """A plan as it is, and with new counts in its routes, same seed and paths.

    kept: the commitment recommended before, lived with the new counts. changed: routes that rest on them, as scenario,
    type and target.
    """

    before: OfferOutcome
    after: OfferOutcome
    kept: OfferOutcome
    changed: tuple[tuple[str, str, str], ...]


def effect_of(prepared: Prepared, new: Sequence[NewCounts], progress: Progress | None = None) -> Effect:
    """The recommendation before and after. Routes of every scenario take what is new of their type and target."""
    kept = KeptPaths()
    before = worked_out(prepared, progress, kept)
    inputs, changed = with_counts(prepared, new)
    after = worked_out(prepared.with_scenarios(inputs), progress, kept) if changed else before
    return Effect(
        before=before.recommendation,
        after=after.recommendation,
        kept=_lived(after, before),
        changed=changed,
    )


def _lived(after: Plan, before: Plan) -> OfferOutcome:
    return after.outcome(before.recommendation.offer)


def with_counts(prepared: Prepared, new: Sequence[NewCounts]) -> tuple[PlanInputs, tuple[tuple[str, str, str], ...]]:
    """The inputs with new counts in the routes of every scenario, and which these are (scenario, type, target).

    Graded answers give the pass rate: escalation keeps the errors of its judge, and a share that was the pass rate of
    the plan's evidence is the new one. Logged outcomes give the escalation rate itself and win over graded answers.
    """
    by_pair: dict[Pair, dict[str, NewCounts]] = {}
    for item in new:
        by_pair.setdefault((item.request_type, item.model), {})[item.source] = item
    known, changed, scenarios = evidence_by_pair(prepared), [], []
    for scenario in prepared.inputs.scenarios:
        routes = []
        for route in scenario.routes:
            pair = (route.request_type, _resolved(prepared, route.to))
            own = by_pair.get(pair)
            routes.append(route if own is None else _with_new(prepared, route, own, known.get(pair)))
            if own is not None:
                changed.append((scenario.name, *pair))
        scenarios.append(_with_routes(scenario, routes))
    return replace(prepared.inputs, scenarios=tuple(scenarios)), tuple(changed)


def _with_routes(scenario: Scenario, routes: Sequence[Route]) -> Scenario:
    return replace(scenario, routes=tuple(routes))


def _resolved(prepared: Prepared, model: str) -> str:
    try:
        return prepared.price_book.resolve(model)
    except UnknownModelError:
        return model


def _with_new(prepared: Prepared, route: Route, own: Mapping[str, NewCounts], known: Evidence | None) -> Route:
    graded, logged = own.get("graded answers"), own.get("logged outcomes")
    fnr, fpr = _errors(prepared, route)
    share, escalation = route.share, route.escalation
    if graded is not None:
        passes = posterior(graded.counts.hits, graded.counts.total - graded.counts.hits)
        escalation = JudgedEscalation(pass_rate=passes, fnr=fnr, fpr=fpr)
        share = passes if known is not None and share == known.pass_rate else share
    if logged is not None:
        escalation = _escalates(logged, route, fnr, fpr)
    return replace(route, share=share, escalation=escalation)


def _errors(prepared: Prepared, route: Route) -> tuple[float, float]:
    if isinstance(route.escalation, JudgedEscalation):
        return route.escalation.fnr, route.escalation.fpr
    return judge_errors(prepared, route.request_type, _resolved(prepared, route.to))


def _escalates(logged: NewCounts, route: Route, fnr: float, fpr: float) -> Distribution:
    """The escalation rate that was logged: Beta(escalated + 1/2, answered + 1/2).

    Where wrong answers that are accepted have a price, by the pass rate that leads to it, p = (1 - FPR - q) / (1 - FNR
    - FPR), so that they keep counting.
    """
    rate = posterior(logged.counts.hits, logged.counts.total - logged.counts.hits)
    slope = 1.0 - fnr - fpr
    if route.error_cost_usd == 0 or route.rule_fraction == Point(1.0) or slope <= 0:
        return rate
    passes = ScaledBeta(a=rate.b, b=rate.a, low=-fpr / slope, high=(1.0 - fpr) / slope)
    return JudgedEscalation(pass_rate=passes, fnr=fnr, fpr=fpr)
