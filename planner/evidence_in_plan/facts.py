"""What a plan knows of a model that was graded on one of its types: what a move costs, saves and may escalate."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import nan

from planner.errors import InputError, PriceError, UnknownModelError
from planner.evidence.quality import Evidence
from planner.known_evidence import judge_errors, why_stale
from planner.lever_costs.economics import RouteEconomics
from planner.mix import MixEntry
from planner.opportunities.candidates import Candidate, candidate_on
from planner.prepared import Prepared


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """All of a type moved to a candidate, in list USD at the level of the mix, at the evidence's mean escalation.

    The models that serve the type today are weighed by their requests. break_even_escalation: at which the move saves
    nothing, wrong answers that are accepted counted; nan where none exists. unit_cost_usd, before_usd: of a request,
    routed (escalations among it) and as it is.
    """

    break_even_escalation: float
    unit_cost_usd: float
    before_usd: float
    saving_usd_per_month: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PairInPlan:
    """Evidence in a plan. evidence: with the model by the name that is priced, and with the judge's errors.

    candidate: as it was graded. move: None where the plan cannot price it, for the reason in why_not. stale: why the
    evidence may no longer hold, None for fresh.
    """

    candidate: str
    evidence: Evidence
    move: Move | None
    why_not: str | None
    stale: str | None

    @property
    def expected_escalation(self) -> float:
        """E[q] of routed requests, by the posterior of the pass rate and the errors of the judge in production."""
        return self.evidence.escalation.mean

    @property
    def pays(self) -> bool:
        """Whether it escalates less than where the move saves nothing."""
        return self.move is not None and self.expected_escalation < self.move.break_even_escalation


def pairs_in_plan(prepared: Prepared, found: Sequence[Evidence]) -> tuple[PairInPlan, ...]:
    """Each piece of evidence in the plan, in their order. Models that the price list does not know are not priced."""
    return tuple(_in_plan(prepared, item) for item in found)


def _in_plan(prepared: Prepared, item: Evidence) -> PairInPlan:
    try:
        model = prepared.price_book.resolve(item.model)
    except UnknownModelError as error:
        return PairInPlan(candidate=item.model, evidence=item, move=None, why_not=str(error), stale=None)
    fnr, fpr = judge_errors(prepared, item.request_type, model)
    judged = replace(
        item, model=model, fnr=fnr if item.fnr is None else item.fnr, fpr=fpr if item.fpr is None else item.fpr
    )
    move, why_not = _move(prepared, judged)
    return PairInPlan(
        candidate=item.model, evidence=judged, move=move, why_not=why_not, stale=why_stale(prepared, judged)
    )


def _move(prepared: Prepared, item: Evidence) -> tuple[Move | None, str | None]:
    entries = [entry for entry in prepared.mix.entries if entry.request_type == item.request_type]
    if not entries:
        known = ", ".join(sorted({entry.request_type for entry in prepared.mix.entries}))
        return None, f"the mix has no type '{item.request_type}'. Known: {known}"
    entries = [entry for entry in entries if entry.model != item.model]
    if not entries:
        return None, f"{item.model} serves the type already"
    try:
        priced = [(entry, candidate_on(prepared, entry, item.model, item)) for entry in entries]
    except (PriceError, InputError) as error:
        return None, f"cannot be priced there: {error}"
    return _together(priced), None


def _together(priced: Sequence[tuple[MixEntry, Candidate]]) -> Move | None:
    """The moves of a type's models as one, each weighed by the requests that may move."""
    weights = [entry.monthly_requests * candidate.economics.traffic_share for entry, candidate in priced]
    total, units = sum(weights), [candidate.economics for _, candidate in priced]
    if total == 0:
        weights, total = [1.0] * len(units), float(len(units))

    def mean(values: Sequence[float]) -> float:
        return sum(weight * value for weight, value in zip(weights, values, strict=True)) / total

    escalated = mean([unit.judged_fraction * unit.unit_cost_escalated_usd for unit in units])
    return Move(
        break_even_escalation=mean([_margin(unit) for unit in units]) / escalated if escalated else nan,
        unit_cost_usd=mean([unit.unit_cost_after_usd + unit.error_cost_usd for unit in units]),
        before_usd=mean([unit.unit_cost_before_usd for unit in units]),
        saving_usd_per_month=sum(candidate.saving_usd_per_month for _, candidate in priced),
    )


def _margin(unit: RouteEconomics) -> float:
    """What a routed request saves before anything escalates."""
    return (
        unit.unit_cost_before_usd
        - unit.unit_cost_routed_usd
        - unit.overhead_usd
        - unit.judged_fraction * unit.judge_usd
        - unit.error_cost_usd
    )
