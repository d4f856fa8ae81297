"""Routes of a scenario written back into a plan's text; every other key, and every comment, as it was."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import tomlkit

from planner.errors import InputError
from planner.plan_file.assumption_text import without_lost
from planner.plan_file.in_place import changed_in_place

RAMP_KEYS: Final = ("start_month", "months")


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteEdit:
    """What changes of the one route that a scenario has for a type.

    to: the target as it shall be, None for no route. values: key of the route or of its ramp -> value as TOML has it.
    """

    request_type: str
    to: str | None
    values: Mapping[str, Any] = field(default_factory=dict)


def scenario_names(text: str) -> tuple[str, ...]:
    """The scenarios that stand in a plan's text."""
    return tuple(str(item["name"]) for item in tomllib.loads(text).get("scenario", []))


def routes_of(text: str, scenario: str, request_type: str) -> list[dict[str, Any]]:
    """The routes of a type in a scenario, as written."""
    found = _scenario(tomllib.loads(text), scenario)
    return [route for route in found.get("route", []) if route["request_type"] == request_type]


def with_routes(text: str, scenario: str, edits: Sequence[RouteEdit]) -> str:
    """The text with these edits of one scenario. With a route that goes, its [[assumption]] goes.

    Errors: InputError where the scenario is written in a way that cannot be changed in place.
    """
    wanted = tomllib.loads(text)
    _edit(_scenario(wanted, scenario), edits, new_table=dict, new_list=list)
    if wanted == tomllib.loads(text):
        return text

    def change(document: Any) -> None:
        _edit(_scenario(document, scenario), edits, new_table=_inline, new_list=tomlkit.aot)

    changed = changed_in_place(text, wanted, change)
    if changed is None:
        raise InputError(
            f"the scenario '{scenario}' is spelled in the plan file in a way that cannot be changed here without "
            "losing something; change its routes in the file"
        )
    return without_lost(text, changed)


def _scenario(document: Any, name: str) -> Any:
    return next(item for item in document["scenario"] if item["name"] == name)


def _edit(scenario: Any, edits: Sequence[RouteEdit], *, new_table: Any, new_list: Any) -> None:
    """Apply the edits to a scenario, a plain one or one of tomlkit's."""
    for edit in edits:
        routes = scenario.get("route", [])
        at = next((i for i, route in enumerate(routes) if route["request_type"] == edit.request_type), None)
        if edit.to is None:
            if at is not None:
                del routes[at]
                if not routes:
                    del scenario["route"]
            continue
        if at is None:
            if "route" not in scenario:
                scenario["route"] = new_list()
            scenario["route"].append(_new_route(edit, plain=new_table is dict))
            at = len(scenario["route"]) - 1
        _change(scenario["route"][at], edit, new_table)


def _new_route(edit: RouteEdit, *, plain: bool) -> Any:
    route: Any = {} if plain else tomlkit.table()
    route["request_type"] = edit.request_type
    route["to"] = edit.to
    return route


def _change(route: Any, edit: RouteEdit, new_table: Any) -> None:
    if route["to"] != edit.to:
        route["to"] = edit.to
    for key, value in edit.values.items():
        if key in RAMP_KEYS and "ramp" not in route:
            route["ramp"] = new_table({})
        place = route["ramp"] if key in RAMP_KEYS else route
        if isinstance(value, dict) and {"passed", "evidence"} & set(value) and isinstance(place.get(key), dict):
            # other counts, or a file, of the same judge
            value = {**value, **{name: float(place[key][name]) for name in ("fnr", "fpr") if name in place[key]}}
        place[key] = new_table(value) if isinstance(value, dict) else value


def _inline(values: Mapping[str, Any]) -> Any:
    """An inline table, with spaces inside its braces where it has keys."""
    pairs = ", ".join(f"{key} = {tomlkit.item(value).as_string()}" for key, value in values.items())
    return tomlkit.parse(f"table = {{ {pairs} }}\n" if pairs else "table = {}\n")["table"]
