"""Words that tables, sentences and the lines of a preset share."""

from collections.abc import Sequence
from typing import Final

from planner.words import count

_NAMES: Final = 8


def listed(names: Sequence[str]) -> str:
    """Names in a row, each once, the first of many."""
    once = list(dict.fromkeys(names))
    shown = ", ".join(once[:_NAMES])
    return shown if len(once) <= _NAMES else f"{shown} and {count(len(once) - _NAMES)} more"


def bar_in_words(bar: float) -> str:
    """A pass rate to hold with the digits that it was given with."""
    return f"{bar * 100:.6g}%"
