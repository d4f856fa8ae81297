"""What is wrong with a plan file, in words: pydantic's findings told with the keys as people write them."""

from collections.abc import Callable, Sequence
from difflib import get_close_matches
from itertools import pairwise
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from planner.errors import InputError, PlannerError
from planner.plan_file.evaluation_sections import GraderSection
from planner.plan_file.evidence_sections import EvidenceFileSection
from planner.plan_file.schema import PlanFile

Made = TypeVar("Made")


def explain(error: ValidationError, *, of: type[BaseModel] = PlanFile) -> str:
    """One line per mistake: the key's path as people write it, the value, and what is allowed there.

    of: what was to be read.
    """
    return "; ".join(_explain(item, of) for item in _without_union_echoes(error))


def located(place: str, make: Callable[..., Made], *args: Any, **kwargs: Any) -> Made:
    """What `make` makes of the arguments; a mistake that it finds is an InputError that says where in the file."""
    try:
        return make(*args, **kwargs)
    except PlannerError as error:
        message = str(error)
        raise InputError(message if message.startswith(place) else f"{place}: {message}") from None


def _without_union_echoes(error: ValidationError) -> list[Any]:
    """One item per key: a value that fits no branch of a union is reported by each branch."""
    items: dict[tuple[object, ...], Any] = {}
    for item in error.errors():
        place = tuple(
            part
            for before, part in pairwise((None, *item["loc"]))
            if before not in _BY_KIND and (isinstance(part, int) or part in _KNOWN_KEYS or _is_key(item, part))
        )
        if place in items:
            items[place]["msg"] += f", or {item['msg'].removeprefix('Input should be ')}"
        else:
            items[place] = {**item, "loc": place, "full_loc": item["loc"]}
    deeper = {place[:depth] for place in items for depth in range(1, len(place))}
    return [item for place, item in items.items() if place not in deeper]  # the list that a value is meets "or a text"


def _is_key(item: Any, part: object) -> bool:
    return item["type"] == "extra_forbidden" and part == item["loc"][-1]


def _explain(item: Any, of: type[BaseModel]) -> str:
    place = _dotted(item["loc"])
    if item["type"] == "extra_forbidden":
        known = _known_keys(of, item["full_loc"][:-1])
        near = get_close_matches(str(item["loc"][-1]), known, n=1)
        guess = f"did you mean '{near[0]}'? " if near else ""
        return f"{place}: unknown key; {guess}Known here: {', '.join(known)}"
    if item["type"] == "missing":
        return f"{place}: missing; it has no default"
    message = str(item["msg"]).removeprefix("Value error, ").removeprefix("Input should be ")
    if item["type"] == "too_short":
        message = "a list of at least one"
    if item["type"] in ("string_too_short", "string_too_long"):
        message = message.replace("String should have", "text of")
    if item["type"] in ("union_tag_invalid", "union_tag_not_found"):
        return f"{place}: {_kinds(item, place)}"
    if item["type"] in ("date_type", "date_from_datetime_inexact"):
        message = "a date without quotes, such as 2027-01-01"
    if not item["loc"]:
        return message
    verb = "" if item["type"] == "value_error" else "must be "
    return f"{place} = {_shown(item['input'])}: {verb}{message}{_percent_hint(item)}"


def _kinds(item: Any, place: str) -> str:
    """What kinds of a table there are, where it names none of them."""
    known = ", ".join(_BY_KIND[place.rpartition(".")[2]])
    given = item["input"].get("kind") if isinstance(item["input"], dict) else None
    said = "kind: missing" if given is None else f"kind = {_shown(given)}: there is no such kind"
    return f"{said}. Known: {known}"


def _percent_hint(item: Any) -> str:
    value, context = item["input"], item.get("ctx", {})
    is_share = 1 in (context.get("le"), context.get("lt"))
    if is_share and isinstance(value, int | float) and 1 < value <= 100:
        return f" (a fraction: {value:g} % is {value / 100:g})"
    return ""


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _dotted(loc: Sequence[object]) -> str:
    place = ""
    for part in loc:
        place += f"[{part + 1}]" if isinstance(part, int) else f".{part}" if place else str(part)
    return place


def _sections(model: type[BaseModel]) -> dict[str, type[BaseModel] | None]:
    """Keys of a section as written, each with the section under it, if any."""
    found: dict[str, type[BaseModel] | None] = {}
    for name, info in model.model_fields.items():
        inner = [part for part in _flatten(info.annotation) if isinstance(part, type) and issubclass(part, BaseModel)]
        found[info.alias or name] = inner[0] if inner else None
    return found


def _flatten(annotation: Any) -> list[Any]:
    parts = get_args(annotation)
    return [annotation] if not parts else [leaf for part in parts for leaf in _flatten(part)]


def _known_keys(model: type[BaseModel], loc: Sequence[object]) -> list[str]:
    for before, part in pairwise((None, *loc)):
        if before in _BY_KIND:
            model = _BY_KIND[before][part]
        elif isinstance(part, str) and (inner := _sections(model).get(part)):
            model = inner
    return list(_sections(model))


def _all_keys(model: type[BaseModel]) -> set[str]:
    sections = _sections(model)
    return set(sections).union(*(_all_keys(inner) for inner in sections.values() if inner))


def _by_kind(union: Any) -> dict[Any, type[BaseModel]]:
    """Kind -> section of a table that is one of several."""
    return {get_args(part.model_fields["kind"].annotation)[0]: part for part in _flatten(get_args(union)[0])}


_BY_KIND: dict[Any, dict[Any, type[BaseModel]]] = {"grader": _by_kind(GraderSection)}
# key of a table whose section its `kind` tells; pydantic puts the kind behind the key where it says a place
_ROOTS: tuple[type[BaseModel], ...] = (
    PlanFile,
    EvidenceFileSection,
    *(part for parts in _BY_KIND.values() for part in parts.values()),
)
_KNOWN_KEYS: set[str] = set().union(*map(_all_keys, _ROOTS))
