"""What a grader says of an answer, and what the answer is held against."""

import math
from dataclasses import dataclass
from typing import Any, Final

from planner.errors import InputError
from planner.evaluation.evaluation import SampleRequest

CUT_OFF: Final = frozenset({"max_tokens", "model_context_window_exceeded"})
"""Stop reasons of an answer that was not finished."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grade:
    """A verdict on one answer. reason: the same few words for the same kind of verdict; nothing of the answer."""

    passed: bool
    reason: str


class UnusableReferenceError(Exception):
    """A reference answer that stands in for an expected one holds nothing to compare with: the request has no grade."""


def place_of(request: SampleRequest) -> str:
    """A request as an error names it."""
    return f"request '{request.id}' of '{request.request_type}'"


def expected_value(request: SampleRequest) -> Any:
    """What an answer is compared with: what the sample expects, else its reference answer.

    Errors: InputError naming the request that has neither.
    """
    if request.has_expected:
        return request.expected
    if request.reference is not None:
        return request.reference
    raise InputError(
        f"{place_of(request)} has nothing to compare an answer with; give it 'expected' or 'reference' in the sample, "
        "or run the reference model as well"
    )


def expected_text(request: SampleRequest) -> str:
    """The expected value as text: text as it is; a number, true, false and null as JSON spells them.

    Errors: InputError naming the request whose expected value is a list or an object, and as expected_value.
    """
    value = expected_value(request)
    if isinstance(value, str):
        return value
    if isinstance(value, dict | list):
        raise InputError(f"{place_of(request)} expects a JSON {_kind(value)}; this grader compares texts: use 'schema'")
    return scalar_text(value)


def scalar_text(value: Any) -> str:
    """A JSON number, true, false or null as text; 1.0 is 1."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, float) and math.isfinite(value) and value == int(value) and abs(value) < 1e15:
        return str(int(value))
    return str(value)


def unusable(request: SampleRequest, what: str) -> Exception:
    """What is raised where a comparison cannot be made: an InputError for what the sample expects, as a person wrote
    it; UnusableReferenceError for a model's answer in its place."""
    if request.has_expected:
        return InputError(f"{place_of(request)}: 'expected' {what}; correct it in the sample")
    return UnusableReferenceError(f"the reference answer {what}")


def _kind(value: Any) -> str:
    return "list" if isinstance(value, list) else "object"
