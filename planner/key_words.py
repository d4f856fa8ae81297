"""A key of the plan file and its value in words: percent, dollars and months as people say them, spreads as spans."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

from planner.plan_file.key_diff import KeyChange, KeyValue
from planner.words import count, percent, usd

_SHARES: Final = frozenset(
    (
        "share",
        "cut",
        "hit_rate",
        "escalation",
        "ceiling",
        "probability",
        "fall",
        "rise",
        "fnr",
        "fpr",
        "pass_rate",
        "bar",
    )
)
"""Keys whose number is a fraction, beside those that say so."""
_SHARE_PARTS: Final = ("fraction", "share", "probability", "growth_per_year", "drift_per_year", "capital_per_year")
_UNSAID: Final = frozenset({"usd", "fraction"})
"""Parts of a key's name that its value says."""
_CHOICES: Final = ("contract", "decision")
"""Tables whose words are one of a few that the program knows."""
_MOST_LISTED: Final = 6
_LEVERS: Final = {"route": "route", "cache": "caching", "batch": "batch", "output": "shorter output"}


def key_words(path: Sequence[str]) -> str:
    """A key as it is read: "scenario 'route first', route of 'triage': ramp, start month"."""
    rest, said = [_place(path, index) for index in range(len(path))], []
    if rest[0] == "scenario" and len(rest) > 1:
        said.append(f"scenario '{rest[1]}'")
        rest = rest[2:]
    if len(rest) > 1 and rest[0] in _LEVERS:
        said.append(f"{_LEVERS[rest[0]]} of '{rest[1]}'")
        rest = rest[2:]
    if not said:
        return ", ".join(map(_part, rest))
    return ", ".join(said) + (f": {', '.join(map(_part, rest))}" if rest else "")


def _place(path: Sequence[str], index: int) -> str:
    """A part of a key where it stands: a band by its threshold, a ramp's months as its length."""
    before = path[index - 1] if index else ""
    if before == "band":
        return f"from ${path[index]}" if not path[index].isdigit() else f"from {usd(float(path[index]))}"
    return "length" if before == "ramp" and path[index] == "months" else path[index]


def _part(part: str) -> str:
    """One part of a key: the name of an entry as it is, a key without its unit and its underscores."""
    words = part.split("_")
    if len(words) == 1:
        return part
    return " ".join(word for word in words if word not in _UNSAID) or part


def value_words(change: KeyChange, side: KeyValue) -> str:
    """One side of a change in words; what is not there, or left to its default, says so."""
    if side.standing == "not there":
        return "none"
    if side.value is None:
        return _unsaid(change.path)
    words = "yes" if side.value is True and _is_entry(change) else _words(change.path[-1], side.value)
    if change.path[0] in _CHOICES and change.path[-1] != "scenario" and isinstance(side.value, str):
        words = words.replace("_", " ")
    return f"{words} (default)" if side.standing == "default" and change.path != ("baseline",) else words


def _is_entry(change: KeyChange) -> bool:
    """Whether an entry as a whole is there or not: it has a name and nothing else."""
    return {change.a.standing, change.b.standing} == {"given", "not there"} and True in (change.a.value, change.b.value)


def _unsaid(path: Sequence[str]) -> str:
    return "fitted to the log, or its default" if path[0] == "demand" else "not given"


def _words(key: str, value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return _spread(key, value)
    if isinstance(value, list):
        more = f" and {len(value) - _MOST_LISTED} more" if len(value) > _MOST_LISTED else ""
        return (", ".join(_words(key, item) for item in value[:_MOST_LISTED]) or "none") + more
    if isinstance(value, int | float):
        return _number(key, value)
    return value.isoformat() if isinstance(value, date) else str(value)


def _spread(key: str, value: Mapping[str, Any]) -> str:
    """An uncertain value as a span, graded answers as their counts."""
    if "passed" in value:
        graded = int(value["passed"]) + int(value.get("failed", 0))
        said = f"{count(value['passed'])} of {count(graded)} answers passed"
    elif "evidence" in value:
        said = f"as graded in {value['evidence']}"
    elif "pass_rate" in value:
        said = f"pass rate {_words('share', value['pass_rate'])}"
    else:
        numbers = [_number(key, value[name]) for name in ("p10", "p90") if name in value]
        if numbers:
            return f"{' to '.join(numbers)} (P10 to P90)"
        low, mode, high = (_number(key, value[name]) for name in ("low", "mode", "high"))
        return f"{low} to {high}, likeliest {mode}"
    judge = [f"judge's {name} {percent(value[name])}" for name in ("fnr", "fpr") if name in value]
    return ", ".join([said, *judge])


def _number(key: str, value: float) -> str:
    if key in _SHARES or any(part in key for part in _SHARE_PARTS):
        return percent(value)
    if "usd" in key.split("_"):
        return usd(value) if value == round(value) else f"${value:,.6g}"
    if key in ("month", "start_month"):
        return f"month {value:g}"
    if key.endswith("months"):
        return f"{value:g} {'month' if value == 1 else 'months'}"
    if key == "seed":
        return str(value)
    return count(value) if value == round(value) else f"{value:g}"
