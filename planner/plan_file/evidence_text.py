"""Graded answers written into a plan's text as its own [[evidence]]; every other key, and every comment, as it was."""

import tomllib
from collections.abc import Callable, Sequence
from typing import Any

import tomlkit

from planner.errors import InputError
from planner.evidence.quality import Evidence
from planner.plan_file.in_place import changed_in_place
from planner.plan_file.lever_text import RouteEdit, routes_of, with_routes

Same = Callable[[str, str], bool]


def with_evidence(text: str, found: Sequence[Evidence], same_model: Same) -> str:
    """The text with these counts, in the place of those that it has itself of the same type and model.

    same_model: whether two names stand for one model. Errors: InputError for text that resists.
    """
    wanted = tomllib.loads(text)
    _put(wanted, found, same_model)

    def change(document: Any) -> None:
        _put(document, found, same_model)

    changed = changed_in_place(text, wanted, change)
    if changed is None:
        raise InputError(
            "the evidence is spelled in the plan file in a way that cannot be changed here without losing something; "
            "change it in the file"
        )
    return changed


def _put(document: Any, found: Sequence[Evidence], same_model: Same) -> None:
    is_tomlkit = isinstance(document, tomlkit.TOMLDocument)
    if "evidence" not in document:
        document["evidence"] = tomlkit.aot() if is_tomlkit else []
    for item in found:
        entries = document["evidence"]
        at = next((i for i, entry in enumerate(entries) if _is_of(entry, item, same_model)), None)
        if at is None:
            entries.append(tomlkit.table() if is_tomlkit else {})
            at = len(entries) - 1
        for key, value in _entry(item).items():
            entries[at][key] = value


def _is_of(entry: Any, item: Evidence, same_model: Same) -> bool:
    return bool(entry["request_type"] == item.request_type) and same_model(str(entry["model"]), item.model)


def _entry(item: Evidence) -> dict[str, Any]:
    """The keys of [[evidence]] that something is known for."""
    values = {
        "request_type": item.request_type,
        "model": item.model,
        "passed": item.passed,
        "failed": item.failed,
        "bar": item.bar,
        "graded_on": item.graded_on,
        "source": item.source or None,
    }
    return {key: value for key, value in values.items() if value is not None}


def with_counted_routes(text: str, scenario: str, found: Sequence[Evidence]) -> str:
    """The text with a route by these counts for each of their types in a scenario of the plan.

    A route that is there keeps its share, ramp and judge; a new one takes all of the type. Token ratios follow where
    they were measured. Errors: InputError where a scenario has several routes of a type, or is written in a way that
    cannot be changed.
    """
    edits = []
    for item in found:
        there = routes_of(text, scenario, item.request_type)
        if len(there) > 1:
            raise InputError(
                f"scenario '{scenario}' has several routes of '{item.request_type}'; change them in the plan file"
            )
        values: dict[str, Any] = {} if there else {"share": 1.0}
        values["escalation"] = {"passed": item.passed, "failed": item.failed}
        came = item.provenance
        ratios = {} if came is None else {"token_ratio": came.token_ratio, "output_ratio": came.output_ratio}
        values |= {key: round(value, 4) for key, value in ratios.items() if value is not None}
        edits.append(RouteEdit(request_type=item.request_type, to=item.model, values=values))
    return with_routes(text, scenario, edits)
