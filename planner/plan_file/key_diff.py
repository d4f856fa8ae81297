"""Which keys of a plan file differ between two of them: each with both values as written, and what is in force where
a key is left out."""

import types
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from planner.distributions import Point
from planner.plan_file.assumption_keys import band_name
from planner.plan_file.lever_sections import ScenarioSection
from planner.plan_file.scenario_text import baseline_in, decided_in
from planner.plan_file.schema import PlanFile

Path = tuple[str, ...]
Document = Mapping[str, Any]
Standing = Literal["given", "default", "not there"]

_NAME: Final = frozenset({"name"})
_CALLED: Final = ("name", "request_type", "key", "model")
"""What an entry of a list of tables is called by, the first that it has."""

_PARTS: Final = frozenset({"ramp", "router", "judge", "grader", "window"})
"""Tables that are part of the entry that they stand in."""

_SPELLINGS: Final = (
    frozenset({"p10", "p90"}),
    frozenset({"low", "mode", "high"}),
    frozenset({"passed", "failed", "fnr", "fpr"}),
    frozenset({"pass_rate", "fnr", "fpr"}),
    frozenset({"evidence", "fnr", "fpr"}),
)
"""Keys of tables that are one uncertain value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyValue:
    """A key on one side. value: as written, or the default in force where the schema has one that is a value.

    standing: given; left to its default; or not there, because the table or clause that it belongs to is not.
    """

    value: Any
    standing: Standing


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyChange:
    """A key that differs. path: its parts, names of entries among them. whole: the path of the entry or clause that one
    side lacks altogether, of which this is one key; empty where both have it."""

    path: Path
    a: KeyValue
    b: KeyValue
    whole: Path = ()

    @property
    def key(self) -> str:
        """The key as the plan file names it."""
        return ".".join(self.path)

    @property
    def reversed(self) -> "KeyChange":
        """The same from b to a."""
        return replace(self, a=self.b, b=self.a)


def changed_keys(a: Document, b: Document) -> tuple[KeyChange, ...]:
    """Every key of two plan files, as read from TOML, whose value differs. Errors: none for checked plans.

    A default that one of them writes down is no difference, nor is the order of tables. Which scenario is the baseline
    follows from that order and is no key; where it differs, it comes first, as the path ("baseline",).
    """
    names = [baseline_in(document) for document in (a, b)]
    one, other = (KeyValue(value=name, standing="default") for name in names)
    first = [KeyChange(path=("baseline",), a=one, b=other)] if names[0] != names[1] else []
    return (*first, *_changes(PlanFile, _said(a), _said(b), ()))


def changed_levers(a: Document, one: str, b: Document, other: str) -> tuple[KeyChange, ...]:
    """Every key of the levers of two scenarios, of one plan file or of two, whose value differs."""
    return tuple(_changes(ScenarioSection, _levers(a, one), _levers(b, other), (), _NAME))


def _levers(document: Document, name: str) -> dict[str, Any]:
    """A scenario's tables without its name; none for the mix as it is where it is not written."""
    entries = document.get("scenario", [])
    found: Mapping[str, Any] = next((entry for entry in entries if entry["name"] == name), {})
    return {key: value for key, value in found.items() if key != "name"}


def _said(document: Document) -> dict[str, Any]:
    """A plan with its mix as it is and its decision written down, as they are in force."""
    entries, baseline = document.get("scenario", []), baseline_in(document)
    if baseline not in [entry["name"] for entry in entries]:
        entries = [{"name": baseline}, *entries]
    decision = {"scenario": decided_in(document), **document.get("decision", {})}
    return {**document, "scenario": entries, "decision": decision}


def _changes(
    model: type[BaseModel],
    a: Mapping[str, Any] | None,
    b: Mapping[str, Any] | None,
    path: Path,
    names: frozenset[str] = frozenset(),
) -> Iterator[KeyChange]:
    """The keys of a table that differ. None for a table that is not there. names: keys that are its place already."""
    fields = {info.alias or name: info for name, info in model.model_fields.items()}
    for key in (key for key in fields if key not in names):
        info, pair = fields[key], tuple(None if side is None else side.get(key) for side in (a, b))
        inner, place = _section(info.annotation), (*path, key)
        if any(_is_entries(value) for value in pair):
            yield from _of_entries(inner, pair[0] or [], pair[1] or [], place)
        elif any(_is_table(value) for value in pair):
            tables = [_in_force(info, *each) for each in zip((a, b), pair, strict=True)]
            yield from _lacking(place, tables, _of_tables(inner, tables, place))
        elif inner is None:
            yield from _of_values(info, a, b, place)


def _in_force(info: FieldInfo, holder: Mapping[str, Any] | None, value: Any) -> Any:
    """A table as it stands; empty where it is left to its defaults, None where what it belongs to is not there."""
    has_default = not info.is_required() and info.get_default(call_default_factory=True) is not None
    return {} if value is None and holder is not None and has_default else value


def _of_tables(inner: type[BaseModel] | None, pair: Sequence[Any], place: Path) -> Iterator[KeyChange]:
    a, b = (value if _is_table(value) else None for value in pair)
    if inner is not None:
        yield from _changes(inner, a, b, place)
        return
    for key in dict.fromkeys([*(a or {}), *(b or {})]):  # names that the user gives
        yield from _of_values(None, a, b, (*place, key))


def _of_entries(inner: type[BaseModel] | None, a: Sequence[Any], b: Sequence[Any], place: Path) -> Iterator[KeyChange]:
    one, other = _named(a, place[-1]), _named(b, place[-1])
    for name in dict.fromkeys([*one, *other]):
        pair = one.get(name), other.get(name)
        if pair[0] == pair[1]:
            continue
        if inner is None:
            yield from _of_tables(None, pair, (*place, name))
        else:
            keys = _naming(pair[0] or pair[1] or {}, place[-1])
            if None in pair and keys >= {*(pair[0] or pair[1] or {})}:
                yield _whole(pair, (*place, name))  # a name and nothing else, as a scenario without levers is
            else:
                yield from _lacking((*place, name), pair, _changes(inner, *pair, (*place, name), keys))


def _lacking(place: Path, pair: Sequence[Any], changes: Iterator[KeyChange]) -> Iterator[KeyChange]:
    """The changes below a table, which is their whole where one side lacks it, unless an entry within is; a table of
    an entry, such as a ramp, is a part of that entry."""
    for change in changes:
        is_entry = len(place) > 1 and place[-1] not in _PARTS
        yield replace(change, whole=place) if None in pair and is_entry and not change.whole else change


def _whole(pair: Sequence[Any], place: Path) -> KeyChange:
    a, b = (KeyValue(value=None if side is None else True, standing=_there(side)) for side in pair)
    return KeyChange(path=place, a=a, b=b)


def _there(side: Any) -> Standing:
    return "not there" if side is None else "given"


def _of_values(
    info: FieldInfo | None, a: Mapping[str, Any] | None, b: Mapping[str, Any] | None, place: Path
) -> Iterator[KeyChange]:
    """The change of one value, if there is one."""
    one, other = _value(info, a, place[-1]), _value(info, b, place[-1])
    if "given" in (one.standing, other.standing) and not _same(one.value, other.value):
        yield KeyChange(path=place, a=one, b=other)


def _same(one: Any, other: Any) -> bool:
    """Equal as values: 1 is 1.0, and true is not 1."""
    return bool(one == other) and isinstance(one, bool) == isinstance(other, bool)


def _value(info: FieldInfo | None, table: Mapping[str, Any] | None, key: str) -> KeyValue:
    if table is None:
        return KeyValue(value=None, standing="not there")
    if key in table:
        return KeyValue(value=table[key], standing="given")
    if info is None:
        return KeyValue(value=None, standing="not there")
    found = info.get_default(call_default_factory=True) if not info.is_required() else None
    if isinstance(found, Point):
        found = found.value
    is_value = found is None or isinstance(found, str | int | float | list)
    return KeyValue(value=found if is_value else None, standing="default")


def _named(entries: Sequence[Any], kind: str) -> dict[str, Any]:
    """Entries of a list of tables by what they are called; of several called alike each by its number too."""
    found: dict[str, Any] = {}
    for index, entry in enumerate(entries, start=1):
        name = _called(entry, kind) or str(index)
        if name in found:
            number = 2
            while f"{name} ({number})" in found:
                number += 1
            name = f"{name} ({number})"
        found[name] = entry
    return found


def _called(entry: Mapping[str, Any], kind: str) -> str:
    if kind == "band":
        return band_name(entry)
    return " on ".join(str(entry[key]) for key in sorted(_naming(entry, kind), reverse=True))


def _naming(entry: Mapping[str, Any], kind: str) -> frozenset[str]:
    """The keys that say what an entry is called."""
    if kind == "band":
        return frozenset(key for key in entry if key.startswith("min_commit"))
    if kind == "mix":
        return frozenset({"request_type", "model"} & entry.keys())
    return frozenset([key for key in _CALLED if key in entry][:1])


def _is_entries(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, Mapping) for item in value)


def _is_table(value: Any) -> bool:
    return isinstance(value, Mapping) and not any(value.keys() <= keys for keys in _SPELLINGS if value)


def _section(annotation: Any) -> type[BaseModel] | None:
    """The table that a field holds, by itself or in a list; None where it holds values."""
    origin, args = get_origin(annotation), get_args(annotation)
    if origin in (Annotated, list):
        return _section(args[0])
    if origin in (Union, types.UnionType):
        found = {section for part in args if (section := _section(part)) is not None}
        return found.pop() if len(found) == 1 else None
    return annotation if isinstance(annotation, type) and issubclass(annotation, BaseModel) else None
