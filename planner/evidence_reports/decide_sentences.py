"""What graded answers decide, in sentences, and what has to be said beside it."""

from collections.abc import Sequence
from itertools import islice

from planner.evidence.decide import Recommendation
from planner.evidence.decision import Bar, Decision
from planner.evidence.looks import Schedule, bounds
from planner.evidence.quality import MOST_ANSWERS
from planner.words import count, counted, percent, usd

_DOUBLINGS_TRIED = 12


def decide_sentences(decisions: Sequence[Decision], recommendations: Sequence[Recommendation]) -> tuple[str, ...]:
    """Per type what to do, and per candidate that is not settled what would settle it."""
    said = []
    for one in recommendations:
        own = [item for item in decisions if item.request_type == one.request_type]
        said += [_recommendation_words(one, own), *[_open_words(item) for item in own if item.decided == "undecided"]]
    return tuple(said)


def _recommendation_words(found: Recommendation, own: Sequence[Decision]) -> str:
    name = found.request_type
    if found.candidate is None and found.by == "none passes":
        failed = [one.candidate for one in own if one.decided == "fail"]
        held = f"; {', '.join(failed)} {'fails' if len(failed) == 1 else 'fail'}" if failed else ""
        return f"{name}: no candidate has been shown to hold{held}."
    passing = [one for one in own if one.decided == "pass"]
    if found.candidate is None:
        names = ", ".join(one.candidate for one in passing)
        return f"{name}: {names} hold; which is cheapest is not known, because not every cost is."
    best = next(one for one in passing if one.candidate == found.candidate)
    why = {
        "alone": " (the only candidate that passes)" if len(own) > 1 else "",
        "unit cost": f" (of {len(passing)} that pass the cheapest per request, escalations included)",
        "cost per answer": f" (of {len(passing)} that pass the cheapest per answer)",
    }[found.by]
    return (
        f"{name}: {found.candidate} holds the bar of {percent(best.bar)} with {count(best.passed)} of "
        f"{count(best.answers)} answers passed{why}."
    )


def _open_words(one: Decision) -> str:
    return f"{one.request_type}: {one.candidate} is undecided: {settling_words(one)}."


def settling_words(one: Decision) -> str:
    """What would settle a candidate that the looks leave open: so many more answers, and what they cost."""
    if one.look.verdict == "pass":
        return "its pass rate holds, the comparison with the current model is open"
    if one.look.answers_to_settle is None:
        return f"too close to its bar for {count(MOST_ANSWERS)} more answers to settle it"
    cost = "" if one.cost_per_answer_usd is None else f", {_dollars(one)},"
    return f"about {counted(one.look.answers_to_settle, 'more answer')}{cost} to settle it"


def _dollars(one: Decision) -> str:
    return usd((one.look.answers_to_settle or 0) * (one.cost_per_answer_usd or 0.0), cents=True)


def decision_notes(one: Decision, bar: Bar, recommendation: Recommendation, *, rivals: int) -> tuple[str, ...]:
    """What must be known beside one decision. rivals: candidates of the type, itself included."""
    return (
        *_looks_notes(one, bar),
        *_comparison_notes(one),
        *_cost_notes(one, recommendation),
        *_rival_notes(rivals),
    )


def _looks_notes(one: Decision, bar: Bar) -> list[str]:
    said = []
    if {one.verdict, one.look.verdict} == {"pass", "fail"}:
        said.append(
            f"the looks say {one.look.verdict} since answer {count(one.look.settled_at or 0)}, all "
            f"{count(one.answers)} together say {one.verdict}: model, prompt or grading may have changed on the way; "
            "find out before you rely on either"
        )
    elif one.verdict != one.look.verdict:
        said.append(
            f"one look at all {count(one.answers)} answers says {one.verdict}, the looks of the schedule say "
            f"{one.look.verdict}: what counts is the schedule, because every look is a chance to be wrong"
        )
    if (needed := _answers_that_can_pass(one, bar)) is not None:
        said.append(
            f"no result of {count(bar.answers)} answers in {bar.looks} looks can pass a bar of {percent(one.bar)}: "
            + (f"the first look that can is at {count(needed)}" if needed else "give a lower bar, or more answers")
        )
    return said


def _answers_that_can_pass(one: Decision, bar: Bar) -> int | None:
    """None where the planned answers can; else the look that can, 0 where none soon does."""
    schedule = Schedule(answers=bar.answers, looks=bar.looks, bar=one.bar)
    looks = bar.looks + _DOUBLINGS_TRIED
    planned = bounds(schedule, bar.looks)
    if any(c <= n for c, n in zip(planned.passes, planned.answers, strict=True)):
        return None
    for look in range(bar.looks + 1, looks + 1):
        n = next(islice(schedule.look_answers(), look - 1, None))
        if n > MOST_ANSWERS:
            break
        if bounds(schedule, look).passes[-1] <= n:
            return n
    return 0


def _comparison_notes(one: Decision) -> list[str]:
    if one.margin is None:
        return []
    if one.comparison is None:
        return [
            f"the margin of {percent(one.margin)} cannot be held without the current model's own grades: give "
            "reference_passed in the graded file, or no margin"
        ]
    if one.comparison.pairs < one.answers:
        return [
            f"compared with the current model on {count(one.comparison.pairs)} of {count(one.answers)} answers, "
            "because it was graded on no more"
        ]
    return []


def _cost_notes(one: Decision, recommendation: Recommendation) -> list[str]:
    said = []
    if one.costed == 0:
        said.append("what an answer costs is not known: the graded file has no cost_usd")
    elif one.costed < one.answers:
        said.append(f"the cost of an answer is the mean of the {count(one.costed)} that have one")
    if recommendation.by == "costs unknown" and one.decided == "pass":
        said.append("several candidates pass, and not every cost is known: none is recommended")
    return said


def _rival_notes(rivals: int) -> list[str]:
    if rivals < 2:
        return []
    return [
        f"each of {rivals} candidates is held to its own 5%: that at least one below the bar passes can happen more "
        "often than that"
    ]
