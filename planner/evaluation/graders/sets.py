"""The grader of sets: how far the items of an answer are the expected ones."""

import re
from fractions import Fraction
from typing import Any, Final

from planner.evaluation.evaluation import Answer, SampleRequest, SetGrader
from planner.evaluation.graders.grades import Grade, expected_value, scalar_text, unusable
from planner.evaluation.graders.json_answers import NoJsonError, json_of_answer, json_of_text
from planner.evaluation.graders.texts import normalised
from planner.evaluation.keys import canonical_json

_BULLET: Final = re.compile(r"^(?:[-*•]|[0-9]{1,3}[.)])\s+")


def grade_set(grader: SetGrader, answer: Answer, request: SampleRequest) -> Grade:
    """Items of the answer against the expected ones, by the measure and the least overlap of the grader.

    Where no item is expected, only an answer without items passes.
    Errors: InputError naming the request whose expected value holds no items; UnusableReferenceError.
    """
    expected = expected_items(grader, request)
    found = _items_of_answer(grader, answer)
    of = len(expected) if grader.measure == "recall" and expected else len(expected | found)
    overlap = Fraction(len(expected & found), of) if of else Fraction(1)
    enough = overlap >= Fraction(str(grader.least))
    return Grade(passed=enough, reason="items overlap enough" if enough else "items overlap too little")


def expected_items(grader: SetGrader, request: SampleRequest) -> frozenset[str]:
    """Items that a request expects: those of a list, or of a text as an answer would write them.

    Errors: as grade_set.
    """
    value = expected_value(request)
    if isinstance(value, str):
        return _items_of_text(grader, value)
    if isinstance(value, list):
        return items_of_list(value)
    raise unusable(request, "is neither a list nor a text of items")


def items_of_list(values: list[Any]) -> frozenset[str]:
    """Items of a JSON list, as texts that are equal where the items are: case, width and white space do not count."""
    return frozenset(item for value in values if (item := _item(value)))


def _items_of_answer(grader: SetGrader, answer: Answer) -> frozenset[str]:
    if any(block.get("type") == "tool_use" for block in answer.content):
        try:
            return _of_json(json_of_answer(answer))
        except NoJsonError:
            return frozenset()
    return _items_of_text(grader, answer.text)


def _items_of_text(grader: SetGrader, text: str) -> frozenset[str]:
    try:
        value = json_of_text(text)
    except NoJsonError:
        value = None
    if isinstance(value, list):
        return items_of_list(value)
    return items_of_list([_BULLET.sub("", part.strip()) for part in text.split(grader.separator)])


def _of_json(value: Any) -> frozenset[str]:
    """Items of a tool call's input: of the one list in it."""
    lists = [inner for inner in value.values() if isinstance(inner, list)] if isinstance(value, dict) else []
    return items_of_list(lists[0]) if len(lists) == 1 else frozenset()


def _item(value: Any) -> str:
    if isinstance(value, str):
        return normalised(value, keep_punctuation=True)
    return canonical_json(value) if isinstance(value, dict | list) else scalar_text(value)
