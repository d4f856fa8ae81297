"""A candidate's answers with their verdicts: one outcome per request of the sample, and what they come to."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from planner.evaluation.answered import Answered, Standard
from planner.evaluation.evaluation import Answer
from planner.evaluation.graders.grades import CUT_OFF, Grade
from planner.evaluation.judged import Judged
from planner.evidence.graded import GradedAnswer


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one request. grade: None where there is none, and why says the reason.

    reference_passed: whether the reference model's own answer passed; None where it has no grade. judge_cost_usd: of
    judging this answer.
    """

    answer: Answer | None
    grade: Grade | None
    why: str = ""
    reference_passed: bool | None = None
    judge_cost_usd: float = 0.0

    @property
    def cost_usd(self) -> float:
        """Of the answer and of its grading; an answer that the API refused costs nothing."""
        return (self.answer.cost_usd if self.answer else 0.0) + self.judge_cost_usd


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateGrades:
    """A candidate's graded answers in draw order, and what became of the rest of the sample.

    failed_because: failed answers by the grader's reason. ungraded: requests without a grade, by why. refused_by_api:
    requests that the API will never answer: they are graded as failed. refusals: answers in which the model refuses.
    cut_off, cut_off_failed: graded answers that were not finished, and those of them that failed. judged: None without
    a judge. cost_usd: of all answers; judge_cost_usd: of judging them, each request to the judge once.
    """

    candidate: str
    graded: tuple[GradedAnswer, ...]
    failed_because: Mapping[str, int]
    ungraded: Mapping[str, int]
    refused_by_api: int
    refusals: int
    cut_off: int
    cut_off_failed: int
    judged: Judged | None
    cost_usd: float
    judge_cost_usd: float

    @property
    def passed(self) -> int:
        """Graded answers that passed."""
        return sum(answer.passed for answer in self.graded)


def settled_before(answered: Answered, key: str, standard: Standard) -> Outcome | None:
    """The outcome of a request whose answer no grader sees: there is none, or nothing to hold it against."""
    answer = answered.answers.get(key)
    if answer is None and key in answered.refused:
        return Outcome(answer=None, grade=Grade(passed=False, reason="the API refused the request"))
    if answer is None:
        why = "another model answered" if key in answered.of_others else "not answered yet"
        return Outcome(answer=None, grade=None, why=why)
    return None if standard.fault is None else Outcome(answer=answer, grade=None, why=standard.fault)


def candidate_grades(
    answered: Answered,
    candidate: str,
    outcomes: Sequence[Outcome],
    *,
    judged: Judged | None = None,
    judge_cost_usd: float = 0.0,
) -> CandidateGrades:
    """What the outcomes of a candidate, in draw order, come to."""
    graded = [(outcome.answer, outcome.grade) for outcome in outcomes if outcome.grade is not None]
    unfinished = [grade for answer, grade in graded if answer is not None and answer.stop_reason in CUT_OFF]
    return CandidateGrades(
        candidate=candidate,
        graded=tuple(
            GradedAnswer(
                request_type=answered.evaluation.request_type,
                candidate=candidate,
                id=request.id,
                passed=outcome.grade.passed,
                reference_passed=outcome.reference_passed,
                cost_usd=outcome.cost_usd,
            )
            for request, outcome in zip(answered.sample, outcomes, strict=True)
            if outcome.grade is not None
        ),
        failed_because=Counter(grade.reason for _, grade in graded if not grade.passed),
        ungraded=Counter(outcome.why for outcome in outcomes if outcome.grade is None),
        refused_by_api=sum(answer is None for answer, _ in graded),
        refusals=sum(answer is not None and answer.stop_reason == "refusal" for answer, _ in graded),
        cut_off=len(unfinished),
        cut_off_failed=sum(not grade.passed for grade in unfinished),
        judged=judged,
        cost_usd=sum(outcome.answer.cost_usd for outcome in outcomes if outcome.answer is not None),
        judge_cost_usd=judge_cost_usd,
    )
