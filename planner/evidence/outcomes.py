"""Logged outcomes: how many routed requests production sent on to another model, as JSON lines tell it.

A line is one request, {"request_type", "candidate" or "model", "escalated": true or false, "id"?}, or many of them,
{"request_type", "candidate" or "model", "requests": n, "escalated": k}.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from planner.errors import InputError
from planner.evidence.graded import name_in, objects_in, shown

_MOST_REQUESTS: Final = 10**12
_EXAMPLE: Final = (
    '{"request_type": "triage", "candidate": "claude-haiku-5-5", "escalated": false} or '
    '{"request_type": "triage", "candidate": "claude-haiku-5-5", "requests": 1000, "escalated": 61}'
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcomes:
    """Requests of a type that went to a candidate, and how many of them were asked again elsewhere."""

    request_type: str
    candidate: str
    requests: int
    escalated: int


def holds_outcomes(path: Path) -> bool:
    """Whether a file of JSON lines is one of outcomes, by its first line. Errors: InputError for no such file."""
    _, first = next(objects_in(path), ("", {}))
    return "escalated" in first and "passed" not in first


def read_outcomes(paths: Sequence[Path]) -> tuple[Outcomes, ...]:
    """Outcomes of files, added up by type and candidate. A request with an id counts once.

    Errors: InputError naming file, line, key, value and remedy, also for one request with two outcomes.
    """
    counts: dict[tuple[str, str], list[int]] = {}
    seen: dict[tuple[str, str, str], tuple[int, str]] = {}
    for path in paths:
        for place, line in objects_in(path):
            pair = name_in(line, "request_type", place), _candidate(line, place)
            requests, escalated = _counted(line, place)
            if "id" in line and "requests" not in line:
                key = (*pair, name_in(line, "id", place))
                before, first = seen.setdefault(key, (escalated, place))
                if first != place:
                    if before != escalated:
                        raise InputError(f"{place}: contradicts {first} on the same id; keep the line that is right")
                    continue
            own = counts.setdefault(pair, [0, 0])
            own[0] += requests
            own[1] += escalated
    return tuple(
        Outcomes(request_type=pair[0], candidate=pair[1], requests=requests, escalated=escalated)
        for pair, (requests, escalated) in counts.items()
        if requests
    )


def _candidate(line: dict[str, Any], place: str) -> str:
    return name_in(line, "candidate" if "candidate" in line or "model" not in line else "model", place)


def _counted(line: dict[str, Any], place: str) -> tuple[int, int]:
    """(requests, escalated) of a line."""
    escalated = line.get("escalated")
    if "requests" not in line:
        if not isinstance(escalated, bool):
            said = "has no escalated" if escalated is None else f"escalated = {shown(escalated)}"
            raise InputError(f"{place}: {said}: say true or false, or give requests as well, as in {_EXAMPLE}")
        return 1, int(escalated)
    requests = _whole(line["requests"], "requests", place)
    sent_on = _whole(escalated, "escalated", place)
    if sent_on > requests:
        raise InputError(f"{place}: escalated = {sent_on:,} of requests = {requests:,}: more than all; correct one")
    return requests, sent_on


def _whole(value: Any, key: str, place: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _MOST_REQUESTS:
        raise InputError(f"{place}: {key} = {shown(value)}: give a whole number of requests, 0 or more")
    return value
