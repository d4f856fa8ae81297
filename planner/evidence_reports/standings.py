"""How each model that was graded stands against the bar of its type, and what the routes decided on rest on."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import takewhile
from math import isnan
from typing import Final, Literal

from planner.errors import InputError
from planner.evidence.decide import Pair
from planner.evidence.decision import Decision
from planner.evidence.looks import Schedule, look_at
from planner.evidence.quality import Evidence, Verdict, lower_bound, upper_bound
from planner.evidence_in_plan.facts import PairInPlan, pairs_in_plan
from planner.known_evidence import evidence_by_pair, known_routes
from planner.lever_savings import type_savings
from planner.prepared import Prepared

State = Literal["pass", "stale", "undecided", "fail", "none"]

STATES: Final[tuple[State, ...]] = ("pass", "stale", "undecided", "fail", "none")
"""What a route may rest on, from what holds to nothing; stale: it passes, and may no longer hold."""

_MOST_RECOUNTED: Final = 20_000
"""Answers of evidence beyond which the bounds of its last look are not worked out again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LookBounds:
    """The interval of a pass rate that holds however often was looked. answers: of the look that it is of."""

    answers: int
    lower: float
    upper: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A model that was graded on a type, by the name that is priced, or as graded where the plan cannot price it.

    lower, upper, single: of one look at all answers. by_looks: the verdict of the schedule, None where none was
    followed. look: the interval corrected for looking more than once, None where no schedule was followed, or its last
    look cannot be told from the counts. escalation: expected share that is paid again. break_even: None where none
    exists. saving_usd_per_month: all of the type moved, at list; None where the plan cannot price it, for the reason in
    why_not. is_routed: by the scenario decided on. is_uploaded: graded answers that are not in the plan.
    """

    request_type: str
    model: str
    passed: int
    failed: int
    bar: float
    lower: float
    upper: float
    single: Verdict
    by_looks: Verdict | None
    look: LookBounds | None
    escalation: float
    break_even: float | None
    saving_usd_per_month: float | None
    why_not: str | None
    graded_on: date | None
    stale: str | None
    is_routed: bool
    is_uploaded: bool = False

    @property
    def verdict(self) -> Verdict:
        """What counts: a single look does not know how often was looked."""
        return self.single if self.by_looks is None else self.by_looks

    @property
    def answers(self) -> int:
        """Graded answers in all."""
        return self.passed + self.failed

    @property
    def pass_rate(self) -> float:
        """Share of them that passed."""
        return self.passed / self.answers

    @property
    def pair(self) -> Pair:
        """Request type and model."""
        return self.request_type, self.model


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteStanding:
    """A route of the scenario decided on, and what it rests on. saving_usd_per_month: of the route by itself, at full
    adoption; None where the mix has nothing for it."""

    request_type: str
    to: str
    state: State
    standing: Standing | None
    saving_usd_per_month: float | None


def standings(prepared: Prepared) -> tuple[Standing, ...]:
    """All evidence of a plan: what the scenario decided on routes first, then by type. Errors: as evidence_by_pair."""
    routed = dict.fromkeys(routed_pairs(prepared))
    known = evidence_by_pair(prepared)
    first = [known[pair] for pair in routed if pair in known]
    rest = sorted((item for pair, item in known.items() if pair not in routed), key=lambda item: item.request_type)
    return tuple(
        _standing(item, item.evidence, _bounds_of(item.evidence), is_routed=_pair(item) in routed)
        for item in pairs_in_plan(prepared, [*first, *rest])
    )


def uploaded_standings(
    prepared: Prepared, decisions: Sequence[Decision], pairs: Sequence[PairInPlan]
) -> tuple[Standing, ...]:
    """Decisions on answers that are not in the plan, each with what the plan knows of it, in their order."""
    routed = routed_pairs(prepared)
    return tuple(
        _standing(item, item.evidence, _bounds_at(one), is_routed=_pair(item) in routed, is_uploaded=True)
        for one, item in zip(decisions, pairs, strict=True)
    )


def routed_pairs(prepared: Prepared) -> tuple[Pair, ...]:
    """Type and target of each route of the scenario decided on whose type the mix has."""
    decided, types = prepared.inputs.decision.scenario, {entry.request_type for entry in prepared.mix.entries}
    own = (route for name, route in known_routes(prepared) if name == decided)
    return tuple(dict.fromkeys((route.request_type, route.to) for route in own if route.request_type in types))


def route_standings(prepared: Prepared, found: Sequence[Standing]) -> tuple[RouteStanding, ...]:
    """Every route of the scenario decided on, in its order. found: the standings of the plan."""
    decided = prepared.inputs.decision.scenario
    costs = next(item for item in prepared.scenario_costs if item.scenario.name == decided)
    savings: dict[Pair, float] = {}
    for one in type_savings(prepared, costs):
        if one.to is not None:
            pair = (one.request_type, one.to)
            savings[pair] = savings.get(pair, 0.0) + one.saving_usd_per_month
    by_pair = {item.pair: item for item in found}
    return tuple(
        RouteStanding(
            request_type=name,
            to=to,
            state=state_of(by_pair.get((name, to))),
            standing=by_pair.get((name, to)),
            saving_usd_per_month=savings.get((name, to)),
        )
        for name, to in routed_pairs(prepared)
    )


def state_of(standing: Standing | None) -> State:
    """What a route with this evidence rests on."""
    if standing is None:
        return "none"
    return "stale" if standing.verdict == "pass" and standing.stale is not None else standing.verdict


def _pair(item: PairInPlan) -> Pair:
    return item.evidence.request_type, item.evidence.model


def _standing(
    item: PairInPlan, evidence: Evidence, look: LookBounds | None, *, is_routed: bool, is_uploaded: bool = False
) -> Standing:
    move = item.move
    return Standing(
        request_type=evidence.request_type,
        model=evidence.model,
        passed=evidence.passed,
        failed=evidence.failed,
        bar=evidence.bar,
        lower=lower_bound(evidence.passed, evidence.failed),
        upper=upper_bound(evidence.passed, evidence.failed),
        single=evidence.single_look,
        by_looks=None if evidence.provenance is None else evidence.provenance.verdict,
        look=look,
        escalation=item.expected_escalation,
        break_even=None if move is None or isnan(move.break_even_escalation) else move.break_even_escalation,
        saving_usd_per_month=None if move is None else move.saving_usd_per_month,
        why_not=item.why_not,
        graded_on=evidence.graded_on,
        stale=item.stale,
        is_routed=is_routed,
        is_uploaded=is_uploaded,
    )


def _bounds_at(one: Decision) -> LookBounds | None:
    look = one.look
    return None if look.number == 0 else LookBounds(answers=look.answers, lower=look.lower, upper=look.upper)


def _bounds_of(evidence: Evidence) -> LookBounds | None:
    """Of counts whose order is gone: only where all answers together are a look of the schedule."""
    came = evidence.provenance
    if came is None or came.answers_planned is None or came.looks is None or evidence.answers > _MOST_RECOUNTED:
        return None
    try:
        schedule = Schedule(answers=came.answers_planned, looks=came.looks, bar=evidence.bar)
    except InputError:  # an evidence file of others may name a schedule that is none
        return None
    if evidence.answers not in takewhile(lambda n: n <= evidence.answers, schedule.look_answers()):
        return None
    look = look_at([True] * evidence.passed + [False] * evidence.failed, schedule)
    return LookBounds(answers=look.answers, lower=look.lower, upper=look.upper)
