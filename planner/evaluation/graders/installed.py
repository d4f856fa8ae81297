"""Graders of installed packages: a callable among the entry points of `planner.graders`.

It is called as `name(answer_text, request)` and returns True or False. request is a copy: request_type, id, params (of
the Messages API, without the model), expected, has_expected and reference.
"""

from collections.abc import Callable, Mapping
from copy import deepcopy
from importlib.metadata import entry_points
from typing import Any, Final

from planner.errors import InputError
from planner.evaluation.evaluation import Answer, PythonGrader, SampleRequest
from planner.evaluation.graders.grades import Grade, place_of

GROUP: Final = "planner.graders"

AnswerCheck = Callable[[str, Mapping[str, Any]], bool]


def installed_grader(name: str) -> AnswerCheck:
    """The callable of that name. Errors: InputError where none or several packages have one, or it cannot be loaded."""
    there = entry_points(group=GROUP)
    found = tuple(there.select(name=name))
    if not found:
        known = ", ".join(sorted(there.names)) or "none"
        raise InputError(
            f"no installed package has a grader '{name}' among its entry points of {GROUP} (installed: {known}); "
            "install the package here, or correct the name"
        )
    if len(found) > 1:
        owners = ", ".join(sorted(point.dist.name if point.dist else "?" for point in found))
        raise InputError(f"several packages have a grader '{name}' ({owners}); rename one, or remove a package")
    try:
        loaded = found[0].load()
    except Exception as error:
        raise InputError(
            f"the grader '{name}' ({found[0].value}) cannot be loaded: {type(error).__name__}; repair its package"
        ) from None
    if not callable(loaded):
        raise InputError(f"the grader '{name}' ({found[0].value}) is no callable; name a function there")
    return loaded


def grade_installed(grader: PythonGrader, check: AnswerCheck, answer: Answer, request: SampleRequest) -> Grade:
    """What the callable says. Errors: InputError naming grader, request and the kind of error where it fails or returns
    something else than True or False: that is no verdict on the answer, and its message may quote it."""
    try:
        verdict = check(answer.text, _as_mapping(request))
    except (Exception, SystemExit) as error:
        raise InputError(
            f"the grader '{grader.name}' failed on {place_of(request)} with {type(error).__name__}; repair it there"
        ) from None
    if not isinstance(verdict, bool):
        raise InputError(
            f"the grader '{grader.name}' returned {type(verdict).__name__} for {place_of(request)}; it has to return "
            "True or False"
        )
    return Grade(passed=verdict, reason="accepted" if verdict else "rejected")


def _as_mapping(request: SampleRequest) -> dict[str, Any]:
    return deepcopy(
        {
            "request_type": request.request_type,
            "id": request.id,
            "params": dict(request.params),
            "expected": request.expected,
            "has_expected": request.has_expected,
            "reference": request.reference,
        }
    )
