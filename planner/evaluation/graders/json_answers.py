"""JSON in an answer: where it is, read strictly, and when two values are equal."""

import json
import math
import re
from collections.abc import Iterable
from typing import Any, Final

from planner.evaluation.evaluation import Answer

_ONE_FENCE: Final = re.compile(r"```(?:[A-Za-z0-9_+-]*\s)?(.*)```", re.DOTALL)
"""All of an answer between three backticks, whatever the line that they stand on; the first may name a language."""

DEEPEST: Final = 100
"""Lists and objects inside each other; deeper JSON is not read."""


class NoJsonError(Exception):
    """What an answer has in place of one JSON value; its text is the reason of a grade."""


def json_of_answer(answer: Answer) -> Any:
    """The JSON value of an answer: the input of its one tool call, else its text, bare or as its one fenced block.

    Errors: NoJsonError saying what is there instead.
    """
    calls = [block.get("input") for block in answer.content if block.get("type") == "tool_use"]
    if len(calls) > 1:
        raise NoJsonError("several tool calls")
    if calls:
        return _checked(calls[0])
    return json_of_text(answer.text)


def json_of_text(text: str) -> Any:
    """The JSON value that a text is, bare or as its one fenced block. Errors: NoJsonError."""
    bare = text.removeprefix("\ufeff").strip()
    if (inside := _ONE_FENCE.fullmatch(bare)) is not None and "```" not in inside[1]:
        return parsed(inside[1].strip())
    blocks = _fenced_blocks(text)
    if not blocks or bare[:1] in ("{", "[", '"'):
        return parsed(bare)
    if len(blocks) > 1:
        raise NoJsonError("several fenced blocks")
    return parsed(blocks[0])


def parsed(text: str) -> Any:
    """A JSON text read strictly: no key twice, no NaN, no number beyond a double's range, not nested too deeply.

    Errors: NoJsonError.
    """
    try:
        value = json.loads(text, object_pairs_hook=_object, parse_constant=_no_constant, parse_float=_finite)
    except RecursionError:
        raise NoJsonError("JSON is nested too deeply") from None
    except ValueError:
        raise NoJsonError("not JSON") from None
    return _checked(value)


def json_equal(one: Any, other: Any) -> bool:
    """Equality of JSON values: 1 is 1.0 and not true; the order of keys does not count, that of a list does."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, int | float) and isinstance(other, int | float):
        return one == other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(json_equal(value, other[key]) for key, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(json_equal, one, other))
    return type(one) is type(other) and bool(one == other)


def _fenced_blocks(text: str) -> list[str]:
    """What stands between lines of three backticks, the first of which may name a language; only whole blocks."""
    blocks: list[str] = []
    inside: list[str] | None = None
    for line in text.split("\n") if "```" in text else ():
        if not line.lstrip(" ").startswith("```"):
            if inside is not None:
                inside.append(line)
        elif inside is None:
            inside = []
        else:
            blocks.append("\n".join(inside))
            inside = None
    return blocks


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise NoJsonError("JSON has a key twice")
    return found


def _no_constant(name: str) -> Any:
    raise NoJsonError("JSON has a number that is not finite")


def _finite(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise NoJsonError("JSON has a number that is not finite")
    return value


def _checked(value: Any) -> Any:
    """The value, which is not nested deeper than DEEPEST and has no number that is not finite."""
    level: list[Any] = [value]
    for _ in range(DEEPEST + 1):
        if any(isinstance(item, float) and not math.isfinite(item) for item in level):
            raise NoJsonError("JSON has a number that is not finite")
        level = [inner for item in level for inner in _inside(item)]
        if not level:
            return value
    raise NoJsonError("JSON is nested too deeply")


def _inside(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()
