"""The rule of a grader as a function, checked once before anything is graded."""

from collections.abc import Callable

from planner.errors import InputError
from planner.evaluation.evaluation import (
    Answer,
    ExactGrader,
    Grader,
    JudgeGrader,
    NumberGrader,
    PatternGrader,
    PythonGrader,
    SampleRequest,
    SchemaGrader,
    SetGrader,
    TextGrader,
)
from planner.evaluation.graders.grades import Grade, expected_text
from planner.evaluation.graders.installed import grade_installed, installed_grader
from planner.evaluation.graders.numbers import expected_number, grade_number
from planner.evaluation.graders.schemas import expected_json, grade_schema, validator_of
from planner.evaluation.graders.sets import expected_items, grade_set
from planner.evaluation.graders.texts import compiled, grade_exact, grade_pattern, grade_text

Rule = Callable[[Answer, SampleRequest], Grade]


def rule_of(grader: Grader) -> Rule:
    """(answer, request) -> grade. A refusal passes nothing; an answer that was cut off is graded as it is.

    Errors: InputError for a pattern, a schema or an entry point that cannot be used, and for a judge, which is asked
    and is no rule. The rule raises InputError for requests that it cannot grade, and UnusableReferenceError.
    """
    rule = _rule(grader)
    return lambda answer, request: refused(answer) or rule(answer, request)


def refused(answer: Answer) -> Grade | None:
    """The grade of an answer in which the model refuses; None for every other."""
    return Grade(passed=False, reason="refusal") if answer.stop_reason == "refusal" else None


def needs_expected(grader: Grader) -> bool:
    """Whether an answer is compared with something that the request expects."""
    if isinstance(grader, SchemaGrader):
        return grader.compare
    return isinstance(grader, ExactGrader | TextGrader | NumberGrader | SetGrader)


def check_expected(grader: Grader, request: SampleRequest) -> None:
    """What a request expects can be compared with by the grader.

    Errors: InputError naming the request where it cannot; UnusableReferenceError where its reference answer cannot.
    """
    match grader:
        case ExactGrader() | TextGrader():
            expected_text(request)
        case NumberGrader():
            expected_number(request)
        case SchemaGrader(compare=True):
            expected_json(request)
        case SetGrader():
            expected_items(grader, request)
        case _:
            pass


def _rule(grader: Grader) -> Rule:
    match grader:
        case ExactGrader():
            return lambda answer, request: grade_exact(grader, answer, request)
        case TextGrader():
            return lambda answer, request: grade_text(grader, answer, request)
        case NumberGrader():
            return lambda answer, request: grade_number(grader, answer, request)
        case PatternGrader():
            compiled(grader.pattern)
            return lambda answer, request: grade_pattern(grader, answer, request)
        case SchemaGrader():
            validator = validator_of(grader.schema)
            return lambda answer, request: grade_schema(grader, validator, answer, request)
        case SetGrader():
            return lambda answer, request: grade_set(grader, answer, request)
        case PythonGrader():
            check = installed_grader(grader.name)
            return lambda answer, request: grade_installed(grader, check, answer, request)
        case JudgeGrader():
            raise InputError(f"the judge {grader.model} is asked, it is no rule; grade with an asker")
