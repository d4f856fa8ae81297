"""Drift: adoption, escalation and pass rates against what the plan rests on, and what came after signing."""

from typing import Final

from planner.evidence.drift import Drift
from planner.evidence_in_plan.checking import PairCheck
from planner.evidence_reports.check import check_table
from planner.tables import Table
from planner.tracking.result import AdoptionDrift
from planner.tracking.tracking import Tracking
from planner.tracking_reports.figures import about
from planner.words import percent

_NAMED: Final = 3
_LEAST_USD: Final = 0.5
"""Less is $0 in whole dollars."""


def drift_sentences(tracking: Tracking) -> tuple[str, ...]:
    """What has moved, or that nothing was seen to; then what came after signing."""
    compared = [one for one in tracking.checks if one.drift is not None]
    said = [
        *(_adoption_sentence(one) for one in tracking.adoption if one.moved),
        *(_check_sentence(one, one.drift) for one in compared if one.drift and one.drift.moved != "no change seen"),
    ]
    if not said and (tracking.adoption or compared):
        kinds = [*(["adoption"] if tracking.adoption else []), *(["the evidence of the plan"] if compared else [])]
        said = [f"No drift is seen in {' or in '.join(kinds)}."]
    return (*said, *_since_sentences(tracking))


def _adoption_sentence(one: AdoptionDrift) -> str:
    low, _, high = one.expected
    side = "above" if one.measured > high else "below"
    return (
        f"In the last closed month, {percent(one.measured)} of the calls of '{one.request_type}' went to {one.model} "
        f"or a newer model of its tier, {side} the plan's 80% band for that month, {percent(low)} to {percent(high)}."
    )


def _check_sentence(one: PairCheck, moved: Drift) -> str:
    what = "pass rate" if one.new is not None and one.new.source == "graded answers" else "escalation rate"
    return (
        f"The {what} of '{one.request_type}' on {one.model} {moved.moved} from {percent(moved.old.rate)} to "
        f"{percent(moved.new.rate)}: grade a new sample."
    )


def _since_sentences(tracking: Tracking) -> tuple[str, ...]:
    """What came after signing and moves the drawdown, the most first; the rest stands in its table."""
    moving = [one for one in tracking.since if abs(one.drawdown_usd or 0.0) >= _LEAST_USD]
    moving.sort(key=lambda one: -abs(one.drawdown_usd or 0.0))
    return tuple(one.words for one in moving[:_NAMED])


def _signed(usd: float) -> str:
    """A change of an expectation, with its sign."""
    return f"+{about(usd)}" if usd > 0 else about(usd)


def adoption_table(tracking: Tracking) -> Table:
    """A line per route."""
    return Table(
        title="Adoption of routes in the last closed month",
        columns=("type", "model", "share", "plan P10", "P50", "P90", "moved"),
        rows=tuple(
            (
                one.request_type,
                one.model,
                percent(one.measured),
                *(percent(value) for value in one.expected),
                "yes" if one.moved else "no",
            )
            for one in tracking.adoption
        ),
        numeric=frozenset(range(2, 6)),
        note="Share of the type's calls. One route in five is outside its band by chance.",
    )


def evidence_table(tracking: Tracking) -> Table:
    """Escalation and pass rates against the evidence of the plan; empty where nothing new was given."""
    return check_table([one for one in tracking.checks if one.new is not None])


def since_table(tracking: Tracking) -> Table:
    """What came after signing."""
    return Table(
        title="Since signing",
        columns=("on", "what", "model", "list cost of the rest of the term", "in words"),
        rows=tuple(
            (
                str(one.on),
                one.kind,
                one.model,
                "-" if one.drawdown_usd is None else _signed(one.drawdown_usd),
                one.words,
            )
            for one in tracking.since
        ),
        numeric=frozenset({3}),
        note="List cost of the rest of the term: what it changes if all of that use moves. Less list cost draws "
        "less of the commitment down.",
    )
