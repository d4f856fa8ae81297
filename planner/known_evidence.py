"""What is known of each model on each type: the plan's [[evidence]], the counts in its routes, and how old they are."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Final

from planner.changed_since import why_changed, why_unknown
from planner.clock import today
from planner.distributions import JudgedEscalation, ScaledBeta
from planner.errors import InputError, UnknownModelError
from planner.evidence.quality import Evidence
from planner.inputs import PlanInputs
from planner.levers import Route
from planner.prepared import Prepared
from planner.prices import PriceBook
from planner.units import MONTHS_PER_YEAR
from planner.words import percent

STALE_AFTER: Final = timedelta(days=180)
"""Evidence older than this is stale: prompts, and what counts as a good answer, have changed since."""

BEFORE_THE_LOG: Final = timedelta(days=90)
"""Evidence graded so long before the first day of the measured log is of other traffic."""

_STALE_MEANS: Final = "Its counts are used as they are, though what they say may no longer hold. Grade a new sample."

Pair = tuple[str, str]
"""Request type and model."""


def evidence_by_pair(prepared: Prepared) -> dict[Pair, Evidence]:
    """(request type, model) -> evidence: the plan's own [[evidence]] first, then counts that its routes carry.

    Errors: InputError naming the entries for two on one type and model, however it is spelled, and for a day of grading
    that is still to come; UnknownModelError naming the entry.
    """
    found = {pair: item for pair, (_, item) in own_evidence(prepared).items()}
    for pair, (_, item) in _in_routes(prepared).items():
        found.setdefault(pair, item)
    return found


def own_evidence(prepared: Prepared) -> dict[Pair, tuple[str, Evidence]]:
    """(request type, model) -> the plan's [[evidence]] and that of its files, as it names itself, and what it says.

    Errors: as above.
    """
    found = written_evidence(prepared.inputs, prepared.price_book)
    for pair, (what, item) in found.items():
        fnr, fpr = judge_errors(prepared, *pair)
        judged = replace(item, fnr=fnr if item.fnr is None else item.fnr, fpr=fpr if item.fpr is None else item.fpr)
        found[pair] = (what, judged)
    return found


def written_evidence(inputs: PlanInputs, book: PriceBook) -> dict[Pair, tuple[str, Evidence]]:
    """The same before anything is priced: without the errors of a judge that only a route tells. Errors: as above."""
    found: dict[Pair, tuple[str, Evidence]] = {}
    for what, item in _entries(inputs):
        try:
            model = book.resolve(item.model)
        except UnknownModelError as error:
            raise UnknownModelError(f"{what}: {error}") from None
        if item.graded_on is not None and item.graded_on > today():
            raise InputError(f"{what}: graded_on = {item.graded_on} is still to come, today is {today()}; correct it")
        pair = (item.request_type, model)
        if pair in found:
            raise InputError(
                f"{found[pair][0]} and {what} both speak of {model}; add up their counts in one entry, or keep the "
                "newer one"
            )
        found[pair] = (what, replace(item, model=model))
    return found


def _entries(inputs: PlanInputs) -> Iterator[tuple[str, Evidence]]:
    """Every entry with its place: those of the plan itself, then those of its files."""
    for index, item in enumerate(inputs.evidence, start=1):
        yield f"evidence[{index}] ('{item.request_type}' on {item.model})", item
    for entry in inputs.file_evidence:
        yield entry.place, entry.evidence


def evidence_caveats(prepared: Prepared) -> tuple[str, ...]:
    """Of the routes that the plan decides on: those that no evidence allows, or whose evidence is stale, in sentences.

    Errors: as evidence_by_pair.
    """
    decided = prepared.inputs.decision.scenario
    routes = next(costs.scenario.routes for costs in prepared.scenario_costs if costs.scenario.name == decided)
    known, types = evidence_by_pair(prepared), {entry.request_type for entry in prepared.mix.entries}
    pairs = [(route.request_type, route.to) for route in routes if route.request_type in types]
    verdicts = {pair: known.get(pair) for pair in pairs}
    rests_on = f"The plan decides on '{decided}', which routes"
    unproven = [
        f"'{name}' to {to} ({'no evidence' if found is None else _said(found)})"
        for (name, to), found in verdicts.items()
        if found is None or found.verdict != "pass"
    ]
    stale = [
        f"'{name}' to {to} ({why})"
        for (name, to), found in verdicts.items()
        if found is not None and found.verdict == "pass" and (why := why_stale(prepared, found)) is not None
    ]
    untold = [
        f"'{name}' on {to} ({why})"
        for (name, to), found in verdicts.items()
        if found is not None and (why := why_unknown(prepared, found)) is not None
    ]
    return (
        *((f"{rests_on} without evidence that allows it: {'; '.join(unproven)}.",) if unproven else ()),
        *((f"{rests_on} on stale evidence: {'; '.join(stale)}. {_STALE_MEANS}",) if stale else ()),
        *(
            (f"Whether the prompt has changed since its evidence was graded is not known: {'; '.join(untold)}.",)
            * bool(untold)
        ),
    )


def _said(evidence: Evidence) -> str:
    """Counts and verdict of evidence that does not pass."""
    against = "against it" if evidence.verdict == "fail" else "undecided"
    by = "" if evidence.verdict == evidence.single_look else " by its schedule of looks"
    return f"{against}{by}: {evidence.passed:,} of {evidence.answers:,} passed, bar {percent(evidence.bar)}"


def judge_errors(prepared: Prepared, request_type: str, model: str) -> tuple[float, float]:
    """(FNR, FPR) of the type's judge in production: as a route to the model has them, else another of the type, else 0.

    The judge grades the answers of a type, whoever gave them.
    """
    own = [route for _, route in known_routes(prepared) if route.request_type == request_type]
    for route in sorted(own, key=lambda route: route.to != model):
        if isinstance(route.escalation, JudgedEscalation):
            return route.escalation.fnr, route.escalation.fpr
    return 0.0, 0.0


def known_routes(prepared: Prepared) -> list[tuple[str, Route]]:
    """(scenario, route) of every route of the plan, those of the scenario decided on first."""
    first = prepared.inputs.decision.scenario
    scenarios = sorted((costs.scenario for costs in prepared.scenario_costs), key=lambda item: item.name != first)
    return [(scenario.name, route) for scenario in scenarios for route in scenario.routes]


def overruled_notes(prepared: Prepared) -> list[str]:
    """Counts in routes that an [[evidence]] entry contradicts, in sentences."""
    own = own_evidence(prepared)
    return [
        f"{own[pair][0]} counts: {own[pair][1].passed} of {own[pair][1].answers} passed. The route in scenario "
        f"'{scenario}' says {item.passed} of {item.answers}."
        for pair, (scenario, item) in _in_routes(prepared).items()
        if pair in own and (item.passed, item.failed) != (own[pair][1].passed, own[pair][1].failed)
    ]


def verdict_notes(prepared: Prepared) -> list[str]:
    """Where the verdict of a schedule of looks holds against that of a single look at the same counts, in sentences."""
    return [
        f"{what}: its schedule of looks says {item.verdict}, a single look at its counts would say {item.single_look}. "
        "The schedule's verdict holds: who looks often enough passes any model."
        for what, item in own_evidence(prepared).values()
        if item.verdict != item.single_look
    ]


def why_stale(prepared: Prepared, evidence: Evidence) -> str | None:
    """Why evidence may no longer hold, in words; None for fresh evidence and for what has nothing to judge by."""
    fact = prepared.price_book.facts.models.get(evidence.model)
    if fact is not None and fact.retires_on is not None and fact.retires_on < _end(prepared):
        return f"{evidence.model} retires on {fact.retires_on}"
    return _why_old(prepared, evidence) or why_changed(prepared, evidence)


def _why_old(prepared: Prepared, evidence: Evidence) -> str | None:
    """Why the day of the grading makes evidence stale."""
    fact, graded = prepared.price_book.facts.models.get(evidence.model), evidence.graded_on
    if graded is None:
        return None
    if fact is not None and fact.launched is not None and graded < fact.launched:
        return f"graded on {graded}, but {evidence.model} was launched on {fact.launched}: one of the two is wrong"
    if today() - graded > STALE_AFTER:
        return f"graded on {graded}, {(today() - graded).days} days ago"
    measured = prepared.measurement
    if measured is not None and measured.first.date() - graded > BEFORE_THE_LOG:
        return f"graded on {graded}, long before the log begins on {measured.first.date()}"
    return None


def _end(prepared: Prepared) -> date:
    """The first day after the plan's last month."""
    start = prepared.inputs.start
    months = start.month - 1 + prepared.inputs.months
    return start.replace(year=start.year + months // MONTHS_PER_YEAR, month=months % MONTHS_PER_YEAR + 1)


def _in_routes(prepared: Prepared) -> dict[Pair, tuple[str, Evidence]]:
    """(request type, model) -> scenario and counts of the first route that carries some."""
    found: dict[Pair, tuple[str, Evidence]] = {}
    for scenario, route in known_routes(prepared):
        counted = _counted(route, scenario)
        if counted is not None:
            found.setdefault((route.request_type, route.to), (scenario, counted))
    return found


def _counted(route: Route, scenario: str) -> Evidence | None:
    """The counts in a route's escalation; None where it is not written as counts."""
    escalation = route.escalation
    if not isinstance(escalation, JudgedEscalation) or not isinstance(escalation.pass_rate, ScaledBeta):
        return None
    rate = escalation.pass_rate
    passed, failed = rate.a - 0.5, rate.b - 0.5
    if (rate.low, rate.high) != (0.0, 1.0) or passed % 1 or failed % 1:
        return None
    return Evidence(
        request_type=route.request_type,
        model=route.to,
        passed=int(passed),
        failed=int(failed),
        fnr=escalation.fnr,
        fpr=escalation.fpr,
        source=f"escalation of the route in scenario '{scenario}'",
    )
