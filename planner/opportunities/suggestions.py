"""Suggested scenarios as a plan would say them: the lines of a preset, each number with its reason, and what it leaves.

Nothing here is applied: the lines are for a user to read, to edit and to paste.
"""

from collections.abc import Sequence
from typing import Any, Final

from planner.levers import Route
from planner.opportunities.candidates import Candidate
from planner.opportunities.preset_priors import ANCHOR
from planner.opportunities.presets import (
    AIMS,
    COMFORT,
    MOST_EVALUATIONS,
    MOST_OF_THE_MONEY,
    PROVEN_SHARES,
    Move,
    Preset,
    PresetName,
)
from planner.opportunities.route_lines import route_lines
from planner.opportunities.verdicts import Opportunity
from planner.opportunities.wording import bar_in_words, listed
from planner.plan_file.suggest_text import Line, Lines, Suggested, SuggestedScenario
from planner.usage.columns import UNTAGGED
from planner.words import break_even_words, count, percent

_RAMPS: Final[dict[PresetName, tuple[Any, Any, str]]] = {
    "cautious": ({"low": 0, "mode": 1, "high": 4}, 12, "from 10 % to 90 % in 12 months"),
    "base": ({"low": 0, "mode": 1, "high": 3}, {"p10": 6, "p90": 12}, "from 10 % to 90 % in 6 to 12 months"),
    "aggressive": ({"low": 0, "mode": 0, "high": 2}, {"p10": 3, "p90": 6}, "from 10 % to 90 % in 3 to 6 months"),
}
"""Start month, months of the ramp, and what that is in words."""

EVALUATED: Final = {"low": 1, "mode": 2, "high": 4}
"""Contract month in which an evaluation is through."""


def suggested(preset: Preset) -> Suggested:
    """What a preset adds to a plan; nothing where it moves nothing."""
    if not preset.moves:
        return Suggested(milestones=(), scenarios=())
    scenario = SuggestedScenario(
        name=preset.name, about=about(preset), routes=tuple(_route(move, preset.name) for move in preset.moves)
    )
    milestones = tuple(_milestone(move) for move in preset.moves if move.prior is not None)
    return Suggested(milestones=milestones, scenarios=(scenario,))


def together(presets: Sequence[Preset]) -> Suggested:
    """What several presets add to a plan; a milestone that two of them wait for once."""
    each = [suggested(preset) for preset in presets]
    milestones = {str(lines[0].value): lines for item in each for lines in item.milestones}
    return Suggested(
        milestones=tuple(milestones.values()), scenarios=tuple(scenario for item in each for scenario in item.scenarios)
    )


def _milestone(move: Move) -> Lines:
    assert move.prior is not None
    counts = move.prior.counts
    if counts is None or move.candidate.sure is None:
        why = f"a prior for {_steps_in_words(move.candidate)}; put your own"
    else:
        why = f"after {counts.passed} of {counts.answers} passed: the chance that enough of the next answers do"
    return (
        Line(key="name", value=str(move.milestone)),
        Line(key="month", value=EVALUATED, why=f"contract month; {_answers_in_words(move.candidate)}"),
        Line(key="probability", value=move.prior.chance, why=why),
    )


def _route(move: Move, name: PresetName) -> Lines:
    low, high = move.share
    start, months, words = _RAMPS[name]
    ramp: dict[str, Any] = {"start_month": start, "months": months}
    if move.milestone is not None:
        ramp = {"start_month": 0, "months": months, "after": [move.milestone]}
        words = f"from the evaluation on: {words}"
    return route_lines(
        move.candidate.route,
        sources=move.sources,
        share=Line(key="share", value={"p10": low, "p90": high}, why=_share_in_words(move, name)),
        escalation=_escalation(move),
        ramp=Line(key="ramp", value=ramp, why=words),
    )


def _share_in_words(move: Move, name: PresetName) -> str:
    if move.prior is not None:
        return f"a prior: a typical route then saves {percent(AIMS[name], 0)} of the type's cost, or the most it can"
    if name == "cautious":
        return "at most what the pass rate holds for certain: live traffic is never quite the sample"
    return "the evidence passes; the rest of the type is rarer than the sample shows"


def _escalation(move: Move) -> Line:
    """The counts of the evidence where there are any, else the prior."""
    candidate = move.candidate
    judge = {key: value for key, value in (("fnr", candidate.fnr), ("fpr", candidate.fpr)) if value}
    evidence = candidate.evidence
    if evidence is not None:
        return Line(
            key="escalation",
            value={"passed": evidence.passed, "failed": evidence.failed, **judge},
            why=f"evidence: {evidence.passed} of {evidence.answers} answers met the bar ({bar_in_words(evidence.bar)})"
            + (f"; stale: {candidate.stale}" if candidate.stale else "")
            + _JUDGED * bool(judge),
        )
    assert move.prior is not None
    low, high = move.prior.escalation
    why = f"a prior for {_steps_in_words(candidate)}; break-even {break_even_words(candidate.break_even_escalation)}"
    why += _JUDGED * bool(judge)
    if judge or candidate.route.error_cost_usd:
        passes = {"p10": round(1.0 - high, 4), "p90": round(1.0 - low, 4)}
        return Line(key="escalation", value={"pass_rate": passes, **judge}, why=why)
    return Line(key="escalation", value={"p10": low, "p90": high}, why=why)


_JUDGED: Final = "; errors of the judge as the plan has them for the type"


def _steps_in_words(candidate: Candidate) -> str:
    return {0: "a newer model of the same tier", 1: "one tier down", 2: "two tiers down"}.get(
        candidate.steps_down, "three tiers down"
    )


def _answers_in_words(candidate: Candidate) -> str:
    if candidate.sure is None:
        return f"bar {bar_in_words(candidate.bar)}"
    settled = candidate.sure
    return f"{count(settled.answers)} more graded answers pass with at most {count(settled.failures)} failures"


def about(preset: Preset) -> tuple[str, ...]:
    """What a preset assumes, in sentences."""
    name, saving = preset.name, preset.unproven_saving
    low, high = PROVEN_SHARES[name]
    proven = [move for move in preset.moves if move.prior is None]
    start, _, words = _RAMPS[name]
    said = [
        f"Suggested by the planner; every number is an assumption to edit. Ramps start in month {start['low']} to "
        f"{start['high']} and go {words}."
    ]
    if proven and name == "cautious":
        said.append("Only what evidence allows, on a share of at most what the lower bound of its pass rate holds.")
    elif proven:
        said.append(
            f"What evidence allows moves without waiting, {percent(low, 0)} to {percent(high, 0)} of it (P10 to P90)."
        )
    if saving is not None:
        said.append(
            "Everything else starts with an evaluation that may fail; its share is a prior, its escalation too where "
            "nothing is graded."
        )
        said.append(
            f"Once adopted these unproven routes save P10 {percent(saving[0], 0)}, P50 {percent(saving[1], 0)}, "
            f"P90 {percent(saving[2], 0)} of the cost of their types; routing is known to save P10 "
            f"{percent(ANCHOR[0], 0)}, P50 {percent(ANCHOR[1], 0)}, P90 {percent(ANCHOR[2], 0)} of what can move."
        )
    if bolder := [f"'{move.request_type}' to {move.candidate.to}" for move in preset.moves if move.instead_of]:
        said.append(f"Expected to save more than what evidence allows of the type, so tried instead: {listed(bolder)}.")
    if stale := [f"'{move.request_type}' to {move.candidate.to}" for move in proven if move.candidate.stale]:
        said.append(f"On stale evidence, to be graded again: {listed(stale)}.")
    if any(_carries(move.candidate.route) for move in preset.moves):
        said.append(
            "Router, judge, overhead, what a wrong answer costs and whether single requests move are as the plan's own "
            "routes of the type have them, to this target or another."
        )
    said.append("Routes only: batch, caching and shorter output hang on facts that only you have.")
    return tuple(said)


def _carries(route: Route) -> bool:
    """Whether a route has anything of the plan's own routes beside what moves."""
    costs = (route.router, route.judge, route.overhead_usd_per_request, route.error_cost_usd)
    return any(costs) or route.moves == "request"


def left_out(preset: Preset) -> tuple[str, ...]:
    """What a preset leaves where it is, and why, a sentence per reason."""
    reasons: dict[str, list[str]] = {}
    for item in preset.stays:
        reasons.setdefault(_why_it_stays(preset, item), []).append(f"'{item.request_type}' on {item.model}")
    return tuple(f"{listed(types)}: {reason}" for reason, types in reasons.items())


def _why_it_stays(preset: Preset, item: Opportunity) -> str:
    if item.verdict != "evaluate first":
        return _REASONS[item.verdict]
    if preset.name == "cautious":
        return "no evidence that allows it yet"
    if item.request_type == UNTAGGED:
        return "traffic without a type is no one kind of work; tag it, then evaluate"
    if len(preset.waiting) == MOST_EVALUATIONS:
        return f"saves less than the {MOST_EVALUATIONS} types that are evaluated first"
    if preset.name == "base":
        return f"saves less than the types that hold {percent(MOST_OF_THE_MONEY, 0)} of the saving one tier down"
    return f"no tier breaks even at {COMFORT:g} times the escalation that is expected"


_UNKNOWN: Final = (
    "the plan cannot price the route without the share of long prompts on the target, which is not known "
    "(long_prompt_fraction)"
)
_REASONS: Final = {
    "move now": _UNKNOWN,
    "needs long_prompt_fraction": _UNKNOWN,
    "evidence says no": "evidence says no",
    "leans no": "the answers graded so far are below the bar",
    "too close to its bar": "so close to its bar that grading more would rarely settle it",
    "moves no money": "moves no money",
    "would cost more": "would cost more on every other model, graded escalations included",
}
"""Why a type stays, by verdict: evidence that allows a move is left out only where its price is not known."""
