"""The keys of a plan file that somebody can answer for: every one that its tables have, by its parts."""

import types
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Final, Union, get_args, get_origin

from pydantic import BaseModel

from planner.plan_file.schema import PlanFile
from planner.plan_file.section import Section

Path = tuple[str, ...]

ASSUMED: Final = (
    *("plan", "usage", "mix", "prices", "demand", "team", "milestone", "scenario", "contract", "fixed_spend"),
    "decision",
)
"""Tables of the plan file that hold assumptions."""

_NAMED_BY: Final = {
    **dict.fromkeys(("mix", "route", "cache", "batch", "output"), "request_type"),
    **dict.fromkeys(("scenario", "team", "milestone", "event", "fixed_spend"), "name"),
    "override": "model",
}
"""What an entry of a list of tables is called by; lists that are not here are one key."""

_NO_ASSUMPTIONS: Final = frozenset({("demand", "fitted")})


def known_paths(document: Mapping[str, Any]) -> frozenset[Path]:
    """Every key of a checked plan as written, and every table, with the tables before it.

    Keys that are left out count, for their default is in force; those of a clause that the plan does not have do not.
    """
    tables = {name: value for name, value in document.items() if name in ASSUMED}
    return frozenset(path for path in _walk(PlanFile, tables, ()) if path and path[0] in ASSUMED)


def is_written(document: Mapping[str, Any], path: Sequence[str]) -> bool:
    """Whether a key stands in a plan as written, and is not left to its default. path: the key by its parts."""
    found: list[Any] = [document]
    for depth, part in enumerate(path):
        found = [value for item in found for value in _below(item, part, path[depth - 1])]
    return bool(found)


def _below(item: Any, part: str, holder: str) -> list[Any]:
    """What a part of a key names in a table, or in the list of tables that its holder names."""
    if isinstance(item, Mapping):
        return [item[part]] if part in item else []
    return [entry for entry in item if _called(holder, entry) == part] if isinstance(item, list) else []


def band_name(band: Mapping[str, Any]) -> str:
    """What a band of the contract is called by: the commitment from which it holds, a year or in total, as written."""
    total = band.get("min_commit_usd_total")
    threshold = band.get("min_commit_usd_per_year") if total is None else total
    return "" if threshold is None else f"{threshold:.15g}"


def _walk(model: type[BaseModel], table: Mapping[str, Any], path: Path) -> Iterator[Path]:
    yield path
    for name, info in model.model_fields.items():
        key = info.alias or name
        place = (*path, key)
        if place not in _NO_ASSUMPTIONS:
            yield from _of_field(info.annotation, table.get(key), place)


def _of_field(annotation: Any, value: Any, place: Path) -> Iterator[Path]:
    """The keys of one field. value: as written, None where it is not."""
    inner, is_list, is_optional = _inner(annotation)
    yield place
    if inner is None:
        if isinstance(value, Mapping) and _is_of_names(annotation):
            yield from ((*place, name) for name in value)
    elif not is_list:
        if value is not None or not is_optional:
            yield from _walk(inner, value or {}, place)
    else:
        for entry in value or ():
            if called := _called(place[-1], entry):
                yield from _walk(inner, entry, (*place, called))


def _called(key: str, entry: Mapping[str, Any]) -> str:
    if key == "band":
        return band_name(entry)
    return str(entry[_NAMED_BY[key]]) if key in _NAMED_BY else ""


def _inner(annotation: Any) -> tuple[type[Section] | None, bool, bool]:
    """(section, whether it is a list of them, whether it may be left out); no section where a value may be another."""
    origin, args = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _inner(args[0])
    if origin in (Union, types.UnionType):
        others = [part for part in args if part is not type(None)]
        inner, is_list, _ = _inner(others[0]) if len(others) == 1 else (None, False, False)
        return inner, is_list, True
    if origin is list:
        return _inner(args[0])[0], True, False
    is_section = isinstance(annotation, type) and issubclass(annotation, Section)
    return (annotation if is_section else None), False, False


def _is_of_names(annotation: Any) -> bool:
    """Whether a field is a table of names that the user gives."""
    return get_origin(annotation) is dict
