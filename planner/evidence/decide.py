"""From graded answers to decisions: which candidates hold the bar of their type, and which of these is cheapest."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from planner.evidence.decision import Bar, Comparison, Decision, Look
from planner.evidence.graded import GradedAnswer
from planner.evidence.looks import SURE, Schedule, bounds, look_at
from planner.evidence.paired import compare
from planner.evidence.quality import Verdict, lower_bound, settlement, upper_bound, verdict

Pair = tuple[str, str]
"""Request type and candidate."""

DEFAULT: Final = Bar()


@dataclass(frozen=True, slots=True, kw_only=True)
class Recommendation:
    """The candidate of a type that passes and costs least; None where none passes, or costs do not tell which.

    by: what told: costs per routed request, measured costs per answer, or that no other passed.
    """

    request_type: str
    candidate: str | None
    by: Literal["unit cost", "cost per answer", "alone", "none passes", "costs unknown"]


def decide(
    graded: Sequence[GradedAnswer], bars: Mapping[str, Bar] | None = None, *, default: Bar = DEFAULT
) -> tuple[Decision, ...]:
    """One decision per type and candidate, in the order in which they first appear; answers count in their order.

    bars: what each type has to hold, and its schedule; `default` for a type without. Each candidate is decided by
    itself: the chance to pass one that is below the bar is at most 5 % each, and more for several together.
    Errors: InputError for a bar or a schedule that is none.
    """
    answers: dict[Pair, list[GradedAnswer]] = defaultdict(list)
    for one in graded:
        answers[one.request_type, one.candidate].append(one)
    given = bars or {}
    return tuple(_decision(pair, own, given.get(pair[0], default)) for pair, own in answers.items())


def _decision(pair: Pair, answers: Sequence[GradedAnswer], bar: Bar) -> Decision:
    schedule = Schedule(answers=bar.answers, looks=bar.looks, bar=bar.bar)
    passed = sum(one.passed for one in answers)
    failed = len(answers) - passed
    look = look_at([one.passed for one in answers], schedule)
    by_looks = _compared_by_looks(answers, bar, schedule, look)
    further = settlement(passed, failed, bar=bar.bar, chance=SURE)
    costs = [one.cost_usd for one in answers if one.cost_usd is not None]
    return Decision(
        request_type=pair[0],
        candidate=pair[1],
        passed=passed,
        failed=failed,
        bar=bar.bar,
        lower=lower_bound(passed, failed),
        upper=upper_bound(passed, failed),
        verdict=verdict(passed, failed, bar=bar.bar),
        look=look,
        comparison=compare(_pairs(answers), margin=bar.margin),
        look_comparison=by_looks,
        margin=bar.margin,
        decided=_decided(look.verdict, by_looks, bar.margin),
        answers_to_settle=None if further is None else further.answers,
        cost_per_answer_usd=sum(costs) / len(costs) if costs else None,
        costed=len(costs),
    )


def _pairs(answers: Sequence[GradedAnswer]) -> list[tuple[bool, bool]]:
    return [(one.passed, one.reference_passed) for one in answers if one.reference_passed is not None]


def _compared_by_looks(answers: Sequence[GradedAnswer], bar: Bar, schedule: Schedule, look: Look) -> Comparison | None:
    """The comparison at the last look, with the verdict of the first look at which it settled."""
    found, settled = None, None
    reached = bounds(schedule, look.number + 1)
    for n, level in zip(reached.answers[: look.number], reached.pass_levels, strict=False):
        found = compare(_pairs(answers[:n]), margin=bar.margin, level=level)
        if found is not None and settled in (None, "undecided"):
            settled = found.verdict
    return None if found is None else replace(found, verdict=settled)


def _decided(looked: Verdict, compared: Comparison | None, margin: float | None) -> Verdict:
    """A margin that nothing was compared by is not held: without the current model's grades it stays open."""
    if margin is None:
        return looked
    found: Verdict = "undecided" if compared is None or compared.verdict is None else compared.verdict
    if "fail" in (looked, found):
        return "fail"
    return "pass" if looked == found == "pass" else "undecided"


def recommended(
    decisions: Sequence[Decision], unit_costs_usd: Mapping[Pair, float] | None = None
) -> tuple[Recommendation, ...]:
    """Per type, in their order, the cheapest candidate that passes by the looks.

    unit_costs_usd: of a request of the type that is routed to the candidate, escalations included, where a plan knows
    it. It tells where it is known of every candidate that passes, else the measured costs of their answers do.
    """
    types = dict.fromkeys(one.request_type for one in decisions)
    return tuple(
        _recommended(name, [one for one in decisions if one.request_type == name], unit_costs_usd or {})
        for name in types
    )


def _recommended(name: str, decisions: Sequence[Decision], unit_costs_usd: Mapping[Pair, float]) -> Recommendation:
    passing = [one for one in decisions if one.decided == "pass"]
    if not passing:
        return Recommendation(request_type=name, candidate=None, by="none passes")
    if len(passing) == 1:
        return Recommendation(request_type=name, candidate=passing[0].candidate, by="alone")
    known = {one.candidate: unit_costs_usd.get((name, one.candidate)) for one in passing}
    measured = {one.candidate: one.cost_per_answer_usd for one in passing}
    if (cheapest := _cheapest(known)) is not None:
        return Recommendation(request_type=name, candidate=cheapest, by="unit cost")
    if (cheapest := _cheapest(measured)) is not None:
        return Recommendation(request_type=name, candidate=cheapest, by="cost per answer")
    return Recommendation(request_type=name, candidate=None, by="costs unknown")


def _cheapest(costs: Mapping[str, float | None]) -> str | None:
    """The first of those that cost least; None where a cost is not known."""
    known = {candidate: cost for candidate, cost in costs.items() if cost is not None}
    return min(known, key=known.__getitem__) if len(known) == len(costs) else None
