"""Patterns that name several values: * is any text, ? one character, case does not matter; nothing else is special."""

import difflib
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final

import numpy as np
import pandas as pd

from planner.units import BoolArray

_WILD: Final = {"*": ".*", "?": "."}
_TOKEN: Final = re.compile(r"\\[*?\\]|[*?]|[^*?\\]+|\\")


def regex(pattern: str) -> str:
    """The pattern as a regular expression that Python and DuckDB read alike, to be matched with the whole text."""
    parts = [_WILD.get(token) or re.escape(_literal(token)) for token in _TOKEN.findall(pattern)]
    return f"(?is:{''.join(parts)})"


def literally(text: str) -> str:
    """The pattern that matches this text alone, in whatever case."""
    return re.sub(r"([*?\\])", r"\\\1", text)


def _literal(token: str) -> str:
    return token[1] if len(token) == 2 and token[0] == "\\" and token[1] in "*?\\" else token


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(regex(pattern))


def matches(pattern: str, value: str) -> bool:
    """Whether a value is of the pattern. A blank is of none."""
    return value != "" and _compiled(pattern).fullmatch(value) is not None


def matched(values: pd.Series, pattern: str) -> BoolArray:
    """Which values are of the pattern, each distinct one looked at once. Shape (n_values,)."""
    codes, distinct = pd.factorize(values)
    fits = np.array([matches(pattern, str(value)) for value in distinct], dtype=np.bool_)
    return fits[codes] if len(distinct) else np.zeros(len(values), dtype=np.bool_)


def nearest(pattern: str, known: Iterable[str]) -> str | None:
    """The known value that is most like the pattern; None where there is none."""
    lowered: dict[str, str] = {}
    for value in sorted(value for value in known if value):
        lowered.setdefault(value.lower(), value)
    plain = pattern.replace("*", "").replace("?", "").lower()
    found: Sequence[str] = difflib.get_close_matches(plain, lowered, n=1, cutoff=0.0)
    return lowered[found[0]] if found else None
