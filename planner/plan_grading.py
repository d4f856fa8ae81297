"""Grading the answers to a plan's evaluations: what there is, what a judge would still be asked, the grades."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from planner.errors import InputError
from planner.evaluated_models import evaluated_models
from planner.evaluation.answer_cost import worst_cost_usd
from planner.evaluation.answered import Answered, standards, without_others
from planner.evaluation.collected import collected, is_begun, with_replies
from planner.evaluation.evaluation import Answer, Evaluation, JudgeGrader, ModelRequest
from planner.evaluation.grade import Grades, grade_evaluation, judge_requests
from planner.evaluation.graders.rules import rule_of
from planner.evaluation.replies import is_of_another_model
from planner.evaluation.store import Store
from planner.inputs import PlanInputs
from planner.prepared import Prepared
from planner.prices import PriceBook


@dataclass(frozen=True, slots=True, kw_only=True)
class ToGrade:
    """The evaluations of a plan that have answers, with them; the types that have none; what judges are still to be
    asked, each request once."""

    answered: tuple[Answered, ...]
    not_begun: tuple[str, ...]
    judge: tuple[ModelRequest, ...]

    def worst_judge_usd(self, book: PriceBook, *, on: date, in_batches: bool) -> Decimal:
        """What asking the judges costs at worst. Errors: PriceError for a judge without a price."""
        return sum(
            (worst_cost_usd(request, book, on=on, in_batch=in_batches) for request in self.judge), start=Decimal(0)
        )


def of_evaluations(inputs: PlanInputs, types: Sequence[str] | None, candidates: Sequence[str] | None) -> PlanInputs:
    """A plan with some of its evaluations, and with other candidates. Errors: InputError for a type without one."""
    known = [item.request_type for item in inputs.evaluations]
    for name in types or ():
        if name not in known:
            raise InputError(f"--type {name}: the plan has no such [[evaluation]]; it has {', '.join(known) or 'none'}")
    kept = [item for item in inputs.evaluations if not types or item.request_type in types]
    return replace(
        inputs,
        evaluations=tuple(replace(item, candidates=tuple(candidates)) if candidates else item for item in kept),
    )


def to_grade(
    inputs: PlanInputs, kept: Store, book: PriceBook, *, seed: int, prepare: Callable[[], Prepared]
) -> ToGrade:
    """What a store holds of a plan's evaluations. seed: of the draw.

    prepare: the plan, measured and priced; only called where an evaluation leaves a model to it.
    Errors: InputError where the plan has no evaluation, none of them has an answer, or a sample or a request cannot be
    used; those of `evaluated_models`.
    """
    if not inputs.evaluations:
        raise InputError("the plan has no [[evaluation]]; add one for each request type that a cheaper model may hold")
    found = [_collected(evaluation, kept, book, seed, prepare) for evaluation in inputs.evaluations]
    begun = [with_replies(item, kept) for item in found if is_begun(item)]
    if not begun:
        names = ", ".join(f"'{item.evaluation.request_type}'" for item in found)
        raise InputError(f"no answer to the evaluation of {names} is kept; run `planner evidence run` first")
    asked = {request.key: request for item in begun for request in judge_requests(item)}
    return ToGrade(
        answered=tuple(begun),
        not_begun=tuple(item.evaluation.request_type for item in found if not is_begun(item)),
        judge=tuple(asked.values()),
    )


def grade_all(material: ToGrade, replies: Mapping[str, Answer]) -> tuple[Grades, ...]:
    """Every evaluation graded. replies: of judges to what they were still to be asked; what is missing has no grade.

    Errors: as `grade_evaluation`.
    """
    return tuple(
        grade_evaluation(replace(item, answers={**item.answers, **replies}), lambda requests: {})
        for item in material.answered
    )


def _collected(
    evaluation: Evaluation, kept: Store, book: PriceBook, seed: int, prepare: Callable[[], Prepared]
) -> Answered:
    models = evaluated_models(evaluation, book, prepare)
    grader = evaluation.grader
    if isinstance(grader, JudgeGrader):
        evaluation = replace(evaluation, grader=replace(grader, model=book.resolve(grader.model)))
    found = collected(evaluation, kept, candidates=models.candidates, reference=models.reference, seed=seed)
    found = without_others(found, lambda answer: is_of_another_model(answer, book))
    if not isinstance(grader, JudgeGrader) and is_begun(found):
        rule_of(grader)  # what is wrong with a grader or a request is said before a judge is paid for
        standards(found)
    return found
