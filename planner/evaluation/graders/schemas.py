"""The grader of JSON: a schema accepts it, and it equals what is expected where that is asked for."""

from collections.abc import Mapping
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.validators import validator_for
from referencing import Registry
from referencing.exceptions import Unresolvable

from planner.errors import InputError
from planner.evaluation.evaluation import Answer, SampleRequest, SchemaGrader
from planner.evaluation.graders.grades import Grade, expected_value, unusable
from planner.evaluation.graders.json_answers import NoJsonError, json_equal, json_of_answer, json_of_text
from planner.evaluation.json_schemas import check_schema


def validator_of(schema: Mapping[str, Any]) -> Any:
    """What checks JSON by a schema: Draft 2020-12, unless its $schema names another. It fetches nothing.

    Errors: InputError where it is no JSON schema, or refers to another document.
    """
    check_schema(schema)
    return validator_for(schema, default=Draft202012Validator)(schema, registry=Registry())


def grade_schema(grader: SchemaGrader, validator: Any, answer: Answer, request: SampleRequest) -> Grade:
    """JSON of the answer against the schema and, with `compare`, against what is expected.

    validator: of the grader's schema.

    Errors: InputError for a schema that refers to something that it does not hold; UnusableReferenceError.
    """
    expected = expected_json(request) if grader.compare else None
    try:
        value = json_of_answer(answer)
    except NoJsonError as fault:
        return Grade(passed=False, reason=str(fault))
    if (fault_of_value := _schema_fault(validator, value)) is not None:
        return Grade(passed=False, reason=fault_of_value)
    if grader.compare and not json_equal(value, expected):
        return Grade(passed=False, reason="JSON differs")
    return Grade(passed=True, reason="same JSON" if grader.compare else "schema accepts it")


def expected_json(request: SampleRequest) -> Any:
    """The JSON that a request expects; that of a reference answer is read as an answer's is.

    Errors: as grade_schema.
    """
    value = expected_value(request)
    if request.has_expected:
        return value
    try:
        return json_of_text(value)
    except NoJsonError:
        raise unusable(request, "is no JSON") from None


def _schema_fault(validator: Any, value: Any) -> str | None:
    """Why a schema does not accept a value: the keyword and nothing of the value; None where it does."""
    try:
        error = next(iter(validator.iter_errors(value)), None)
    except Unresolvable as unresolved:
        raise InputError(
            f"the schema of the grader refers to '{unresolved.ref}', which it does not hold, and nothing is fetched; "
            'copy it under "$defs"'
        ) from None
    except RecursionError:
        return "JSON is nested too deeply"
    except ArithmeticError:
        return "JSON has a number that the schema cannot be checked with"
    return None if error is None else f"schema: {error.validator}"
