"""What to test next: what graded answers would cost, how likely they are to allow a move, and what that would save."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from planner.evaluation.evaluation import JudgeGrader
from planner.evidence.quality import hopeful_rate
from planner.negotiation.learning import Learning
from planner.negotiation.resolving import Resolution
from planner.opportunities.candidates import TIERS, Candidate
from planner.opportunities.preset_priors import prior
from planner.opportunities.verdicts import Opportunity
from planner.prepared import Prepared
from planner.risk import Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class Information:
    """What knowing a route's share or escalation before signing is worth, and what would resolve half of it.

    value: EVPPI, USD over the term. name: of the input. answers: graded answers that resolve half; None for none.
    """

    name: str
    value: Estimate
    answers: int | None
    cost_usd: float | None

    @property
    def per_usd(self) -> float | None:
        """Value per dollar of the answers that resolve half of it; half of the value is not what they are worth."""
        return None if not self.cost_usd else self.value.mean / self.cost_usd


@dataclass(frozen=True, slots=True, kw_only=True)
class NextTest:
    """A model that could be tested on a type. passed, answers: graded so far.

    further_answers: that settle it four times in five, None where it is too close to its bar. chance: that it passes:
    by_prior, a judgement by how many tiers it is down, else by the answers so far. saving_usd: over the term once it
    serves all of the type, if it passes, beyond what a model saves whose evidence passes already. cost_per_answer_usd:
    measured where is_cost_measured, else what a request on it costs in the plan (and one on the reference, where it is
    compared); lacks_judge: the judge's calls are not in it.
    """

    request_type: str
    model: str
    verdict: Literal["undecided", "none"]
    passed: int
    answers: int
    bar: float
    further_answers: int | None
    chance: float
    by_prior: bool
    saving_usd: float
    cost_per_answer_usd: float
    is_cost_measured: bool
    lacks_judge: bool
    information: Information | None = None

    @property
    def cost_usd(self) -> float | None:
        """Of the further answers."""
        return None if self.further_answers is None else self.further_answers * self.cost_per_answer_usd

    @property
    def expected_gain_usd(self) -> float:
        """Chance times saving: a test that does not pass saves nothing."""
        return self.chance * self.saving_usd

    @property
    def gain_per_usd(self) -> float | None:
        """Expected gain per dollar of grading."""
        return None if not self.cost_usd else self.expected_gain_usd / self.cost_usd


def next_tests(
    prepared: Prepared, found: Sequence[Opportunity], learning: Learning | None = None
) -> tuple[NextTest, ...]:
    """Models that nothing settles yet and that could pay, the most expected gain per dollar of grading first.

    A type that several models serve is one question; its saving is of all of them. A model below one whose evidence
    failed is left out, as in the opportunities. learning: with it, what knowing a route's own inputs is worth.
    """
    asked: dict[tuple[str, str], NextTest] = {}
    for item in found:
        failed = min((one.steps_down for one in item.candidates if one.verdict == "fail"), default=len(TIERS))
        for candidate in item.candidates:
            if candidate.evidence is not None and candidate.verdict in ("pass", "fail"):
                continue
            if not candidate.could_pay or candidate.steps_down >= failed:
                continue
            pair = (item.request_type, candidate.to)
            test = _test(prepared, item, candidate)
            if test.saving_usd <= 0:
                continue  # a model that is proven saves more
            known = asked.get(pair)
            asked[pair] = test if known is None else replace(known, saving_usd=known.saving_usd + test.saving_usd)
    tests = [replace(test, information=_information(test, learning)) for test in asked.values()]
    return tuple(sorted(tests, key=lambda test: -(test.gain_per_usd or 0.0)))


def _test(prepared: Prepared, item: Opportunity, candidate: Candidate) -> NextTest:
    evidence, sure = candidate.evidence, candidate.sure
    evaluation = prepared.inputs.evaluation(item.request_type)
    came = None if evidence is None else evidence.provenance
    measured = None if came is None else came.cost_per_answer_usd
    compares = evaluation is not None and evaluation.margin is not None
    priced = candidate.economics.unit_cost_routed_usd + compares * candidate.economics.unit_cost_before_usd
    chance = prior(candidate, item.monthly_list_cost_usd).chance if evidence is None else None
    if chance is None:
        chance = 0.0 if sure is None else sure.chance_to_pass
    return NextTest(
        request_type=item.request_type,
        model=candidate.to,
        verdict="none" if evidence is None else "undecided",
        passed=0 if evidence is None else evidence.passed,
        answers=0 if evidence is None else evidence.answers,
        bar=candidate.bar,
        further_answers=None if sure is None else sure.answers,
        chance=chance,
        by_prior=evidence is None,
        saving_usd=(_saving_if_it_passes(item, candidate) - _proven(item)) * prepared.inputs.contract.term_months,
        cost_per_answer_usd=priced if measured is None else measured,
        is_cost_measured=measured is not None,
        lacks_judge=measured is None and evaluation is not None and isinstance(evaluation.grader, JudgeGrader),
    )


def _proven(item: Opportunity) -> float:
    """List USD a month that a model saves whose evidence passes, the most of any; 0 without one."""
    return max((one.saving_usd_per_month for one in item.candidates if one.verdict == "pass" and one.pays), default=0.0)


def _saving_if_it_passes(item: Opportunity, candidate: Candidate) -> float:
    """List USD a month, at the pass rate graded so far or the bar, the higher; a guess above the bar without any."""
    rate = hopeful_rate(candidate.bar)
    if candidate.evidence is not None:
        rate = max(candidate.evidence.pass_rate.mean, candidate.bar)
    escalates = rate * candidate.fnr + (1.0 - rate) * (1.0 - candidate.fpr)
    unit = candidate.economics
    again = item.monthly_requests * unit.traffic_share * unit.judged_fraction * unit.unit_cost_escalated_usd
    return candidate.most_usd_per_month - escalates * again


def _information(test: NextTest, learning: Learning | None) -> Information | None:
    """The most that knowing the share or the escalation of a route to this model is worth; None for no such route."""
    if learning is None:
        return None
    own = [
        lesson
        for lesson in learning.lessons
        if lesson.name.startswith(f"route/{test.request_type}/")
        and lesson.name.endswith((f"/{test.model}.share", f"/{test.model}.escalation"))
    ]
    if not own:
        return None
    best = max(own, key=lambda lesson: lesson.value.mean)
    answers = _half(best.resolution)
    return Information(
        name=best.name,
        value=best.value,
        answers=answers,
        cost_usd=None if answers is None else answers * test.cost_per_answer_usd,
    )


def _half(resolution: Resolution) -> int | None:
    """Graded answers that resolve half of an input; None for what answers do not resolve."""
    return resolution.half if resolution.kind == "answers" else None
