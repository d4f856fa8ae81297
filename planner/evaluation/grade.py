"""Grading: the answers to an evaluation's sample, each with a verdict or with a reason why it has none."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from planner.errors import InputError
from planner.evaluation.answered import Answered, Standard, keys_of, standards
from planner.evaluation.candidate_grades import CandidateGrades, Outcome, candidate_grades, settled_before
from planner.evaluation.evaluation import Answer, Asker, Evaluation, JudgeGrader, ModelRequest
from planner.evaluation.graders.rules import Rule, needs_expected, rule_of
from planner.evaluation.judge import hides_data
from planner.evaluation.judged import Pair, counted, grade_of, is_answered, judgement_of, pair_of, requests_of
from planner.evidence.graded import GradedAnswer

NOT_JUDGED: Final = "not judged yet"


@dataclass(frozen=True, slots=True, kw_only=True)
class Grades:
    """What grading an evaluation came to.

    from_sample: requests without an expected answer that are compared with the sample's reference answer. stood_in:
    those held against the reference model's own answer, which then has no grade. hidden: requests with pictures or
    documents that a judge was not shown. judges_itself: candidates, and the reference where its answers are what is
    compared with, that are the judge, by name or as they were served. reference_cost_usd: of the reference model's
    answers; judge_cost_usd: of the judge's replies, each once whoever's answers they are about.
    """

    evaluation: Evaluation
    reference: str | None
    candidates: tuple[CandidateGrades, ...]
    from_sample: int
    stood_in: int
    hidden: int
    judges_itself: tuple[str, ...]
    reference_cost_usd: float
    judge_cost_usd: float

    @property
    def graded(self) -> tuple[GradedAnswer, ...]:
        """Graded answers of all candidates, each in draw order."""
        return tuple(answer for candidate in self.candidates for answer in candidate.graded)


def judge_requests(answered: Answered) -> tuple[ModelRequest, ...]:
    """What a judge would be asked and was not yet, each request once; nothing where the grader is none.

    Errors: as grade_evaluation, before anything is graded.
    """
    judge = answered.evaluation.grader
    if not isinstance(judge, JudgeGrader):
        return ()
    asked = _asked(answered, judge, standards(answered))
    done = {*answered.answers, *answered.refused}
    return tuple(request for request in asked if request.key not in done)


def grade_evaluation(answered: Answered, ask: Asker | None = None) -> Grades:
    """Every answer of every candidate, graded by the evaluation's grader.

    ask: who puts requests to a judge; not needed where the grader is none, or where all replies are known already.
    Errors: InputError before anything is graded, for a grader or a request that cannot be used, and without ask where a
    judge has to be asked; naming entry point and request for a callable that gives no verdict; those of ask.
    """
    held, grader = standards(answered), answered.evaluation.grader
    replies: Mapping[str, Answer] = {}
    if isinstance(grader, JudgeGrader):
        replies = _replies(answered, held, grader, ask)
        found = tuple(_judged(answered, grader, held, model, replies) for model in answered.candidates)
    else:
        rule = rule_of(grader)
        reference = [_reference_passed(standard, rule) for standard in held]
        found = tuple(_ruled(answered, rule, held, reference, model) for model in answered.candidates)
    compares = needs_expected(grader)
    return Grades(
        evaluation=answered.evaluation,
        reference=answered.reference,
        candidates=found,
        from_sample=sum(compares and not item.request.has_expected and not item.stands_in for item in held),
        stood_in=sum(item.stands_in and item.fault is None for item in held),
        hidden=sum(hides_data(item.request) for item in held) if isinstance(grader, JudgeGrader) else 0,
        judges_itself=_judges_itself(answered, held, replies),
        judge_cost_usd=sum(reply.cost_usd for reply in replies.values()),
        reference_cost_usd=sum(item.answer.cost_usd for item in held if item.answer is not None),
    )


def _reference_passed(standard: Standard, rule: Rule) -> bool | None:
    """Whether the reference model's own answer passes; None where there is none, or it is what is compared with."""
    if standard.stands_in or standard.fault is not None:
        return None
    if standard.answer is None:
        return False if standard.is_refused else None
    return rule(standard.answer, standard.request).passed


def _ruled(
    answered: Answered, rule: Rule, held: Sequence[Standard], reference: Sequence[bool | None], model: str
) -> CandidateGrades:
    """The grades of a candidate by a rule."""
    outcomes = []
    for key, standard, passed in zip(keys_of(answered, model), held, reference, strict=True):
        outcome = settled_before(answered, key, standard)
        if outcome is None:
            answer = answered.answers[key]
            outcome = Outcome(answer=answer, grade=rule(answer, standard.request))
        outcomes.append(replace(outcome, reference_passed=passed))
    return candidate_grades(answered, model, outcomes)


def _pairs(answered: Answered, judge: JudgeGrader, held: Sequence[Standard], model: str) -> tuple[Pair | Outcome, ...]:
    """For each request what a judge is to compare, or what became of it without one."""
    return tuple(
        settled_before(answered, key, standard) or pair_of(judge, standard, answered.answers[key])
        for key, standard in zip(keys_of(answered, model), held, strict=True)
    )


def _asked(answered: Answered, judge: JudgeGrader, held: Sequence[Standard]) -> tuple[ModelRequest, ...]:
    """Every request to a judge once."""
    found = [item for model in answered.candidates for item in _pairs(answered, judge, held, model)]
    return requests_of([item for item in found if isinstance(item, Pair)])


def _replies(
    answered: Answered, held: Sequence[Standard], judge: JudgeGrader, ask: Asker | None
) -> Mapping[str, Answer]:
    """The judge's replies by key, those that were known before among them. Errors: as grade_evaluation."""
    asked = _asked(answered, judge, held)
    known = {request.key: answered.answers[request.key] for request in asked if request.key in answered.answers}
    missing = tuple(request for request in asked if request.key not in known and request.key not in answered.refused)
    if missing and ask is None:
        raise InputError(
            f"the judge of '{answered.evaluation.request_type}' has to be asked {len(missing):,} times; grade with a "
            "key and a budget"
        )
    return {**known, **ask(missing)} if missing and ask is not None else known


def _judges_itself(answered: Answered, held: Sequence[Standard], replies: Mapping[str, Answer]) -> tuple[str, ...]:
    """Models that are judged and are the judge."""
    judge = answered.evaluation.grader
    if not isinstance(judge, JudgeGrader):
        return ()
    judges = {judge.model, *(reply.served_model for reply in replies.values())}
    served = {
        model: {
            model,
            *(answered.answers[key].served_model for key in keys_of(answered, model) if key in answered.answers),
        }
        for model in answered.candidates
    }
    if answered.reference is not None and any(item.stands_in for item in held):
        served[answered.reference] = {
            answered.reference,
            *(item.answer.served_model for item in held if item.answer is not None),
        }
    return tuple(model for model, names in served.items() if names & judges)


def _judged(
    answered: Answered, judge: JudgeGrader, held: Sequence[Standard], model: str, replies: Mapping[str, Answer]
) -> CandidateGrades:
    """The grades of a candidate by a judge."""
    found = _pairs(answered, judge, held, model)
    keys = keys_of(answered, model)
    outcomes = [
        _judged_outcome(item, answered.answers[key], replies, answered.refused) if isinstance(item, Pair) else item
        for item, key in zip(found, keys, strict=True)
    ]
    pairs = [item for item in found if isinstance(item, Pair)]
    paid = [replies[request.key].cost_usd for request in requests_of(pairs) if request.key in replies]
    judged = counted(pairs, replies, answered.refused)
    return candidate_grades(answered, model, _to_first_unjudged(outcomes), judged=judged, judge_cost_usd=sum(paid))


def _to_first_unjudged(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """The grades up to the first answer that the judge is still to be asked about; those behind it have none yet.

    An answer that is the reference passes unasked, so that grades around those that wait would be too good.
    """
    waiting = next((place for place, one in enumerate(outcomes) if one.why == NOT_JUDGED), len(outcomes))
    behind = [
        one if one.grade is None else replace(one, grade=None, why="waits for the judge of an answer before it")
        for one in outcomes[waiting:]
    ]
    return [*outcomes[:waiting], *behind]


def _judged_outcome(pair: Pair, answer: Answer, replies: Mapping[str, Answer], refused: Collection[str]) -> Outcome:
    if pair.comparison is None:
        return Outcome(answer=answer, grade=pair.grade)
    paid = sum(replies[request.key].cost_usd for request in pair.comparison.requests if request.key in replies)
    found = judgement_of(pair, replies)
    if found is None:
        why = "no verdict of the judge" if is_answered(pair.comparison, replies, refused) else NOT_JUDGED
        return Outcome(answer=answer, grade=None, why=why, judge_cost_usd=paid)
    return Outcome(answer=answer, grade=grade_of(found), judge_cost_usd=paid)
