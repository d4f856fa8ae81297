"""How the fields of one file become canonical columns: its format, and the user's own mapping on top."""

import difflib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from planner.errors import UsageError
from planner.usage.columns import BY_NAME, COLUMNS, CURRENCY_FIELDS, ON_DEMAND, OWNERS
from planner.usage.guesses import Guess, close_to, guess, nearest
from planner.usage.log_formats.anthropic import PLANNER
from planner.usage.log_formats.log_format import LogFormat
from planner.usage.log_formats.registry import log_format
from planner.usage.readings import FILE_STEM, Reading, reading
from planner.usage.secrets import masked

__all__ = ["DEFAULT_REQUEST_TYPE", "PLANNER", "Binding", "bind", "is_inside"]


DEFAULT_REQUEST_TYPE: Final = Reading(paths=("request_type",))

_BUCKETS: Final = (
    "{} does not say the number of requests: each of its rows, a bucket of many, counts as one. Read requests as rows; "
    "prices that depend on one request's prompt follow the context window only."
)
_LOOKED_AT: Final = 1000
_REQUIRED: Final = frozenset(column.name for column in COLUMNS if column.required)


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """How one file's fields become canonical columns: readings of fields, and constants.

    only: field -> its values in rows that are usage records; leaves_out: in rows that are not; needs: a record holds
    one of these fields; needs_use: tokens, or requests of a model. texts: fields that hold JSON as text or as it is.
    is_bucketed: a row is a bucket of an unknown number of requests. notes: what to know of the format. unseen: columns
    whose fields the first rows lack, but that later rows may hold (JSON objects).
    """

    format: str
    fields: Mapping[str, Reading]
    constants: Mapping[str, str]
    only: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    leaves_out: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    needs_use: bool = False
    texts: tuple[str, ...] = ()
    is_bucketed: bool = False
    notes: tuple[str, ...] = ()
    unseen: frozenset[str] = frozenset()

    def has(self, column: str) -> bool:
        """Whether a field or a constant provides the column."""
        return column in self.fields or column in self.constants

    @property
    def paths(self) -> tuple[str, ...]:
        """Every field of the source that is read, each once."""
        read = [path for each in self.fields.values() for path in each.paths if path != FILE_STEM]
        return tuple(dict.fromkeys([*read, *self.only, *self.leaves_out, *self.needs]))


def bind(
    *,
    file: str,
    seen: Collection[str],
    format: str,
    columns: Mapping[str, str],
    constants: Mapping[str, str],
    request_type: Reading,
    open_ended: bool = False,
    wanted: Collection[str] = (),
    sample: Sequence[Mapping[str, str]] = (),
) -> Binding:
    """Map a file's fields to canonical columns; the user's columns and constants win over the format's.

    seen: the file's field names, nested ones as dotted paths, also those inside JSON texts. request_type: how the
    request type is read; its paths are fields, or canonical columns of the format such as workspace. wanted: columns to
    read that are read on demand, an owner from the field of its own name where nothing maps it. open_ended: rows are
    objects, so that a field missing from the first ones may come later. sample: the first rows, from which a mapping is
    guessed where one is missing.
    Errors: UsageError for an unknown canonical name, a source field that the file lacks, a format that holds no request
    mix, or a required column that nothing provides; the message lists the fields seen and suggests a mapping.
    """
    fields_seen = _Seen(seen)
    known = log_format(format, fields_seen, is_mapped=bool(columns))
    _check_names(columns, constants)
    _check_usable(file, known, sample, is_mapped=bool(columns))
    known_fields = known.readings
    chosen = {name: reading(path) for name, path in columns.items()}
    if request_type != DEFAULT_REQUEST_TYPE and "request_type" not in chosen:
        chosen["request_type"] = _resolved(request_type, known_fields, fields_seen)
    for name, source in chosen.items():
        _check_paths(file, name, source, known_fields, fields_seen)
    is_framed = open_ended and bool(known.frame) and not known.recognises(fields_seen)
    fields = {
        name: source
        for name, source in known_fields.items()
        if name not in constants
        and (name not in ON_DEMAND or name in wanted)
        and _may_provide(name, source, fields_seen, open_ended=open_ended, is_framed=is_framed)
    }
    if "input_tokens_including_cache" in chosen and "uncached_input_tokens" not in chosen:
        fields.pop("uncached_input_tokens", None)
    fields.update(chosen)
    fields.update(_by_own_names(fields, constants, wanted, fields_seen, open_ended=open_ended))
    binding = _binding(known, fields, constants, fields_seen)
    _check_complete(file, known, binding, seen, sample)
    return binding


def _check_usable(file: str, known: LogFormat, sample: Sequence[Mapping[str, str]], *, is_mapped: bool) -> None:
    if known.refusal and not is_mapped:
        raise UsageError(f"{file}: {known.refusal}")
    for path, why in known.overlapping.items():
        if any(row.get(path) for row in sample):
            raise UsageError(f"{file}: {why}")


def _may_provide(name: str, source: Reading, seen: "_Seen", *, open_ended: bool, is_framed: bool) -> bool:
    """Whether a format's reading of a column has a field in the file, or may have one that the first rows do not show.

    An object is no owner's name. is_framed: the first rows are of the format and none of them is a usage record.
    """
    if name in OWNERS and all(path in seen and path not in seen.leaves for path in source.paths):
        return False
    if any(path in seen for path in source.paths):
        return True
    may_come = open_ended or any(is_inside(path, seen) for path in source.paths)
    return may_come and (is_framed or name not in _REQUIRED)


def _by_own_names(
    fields: Mapping[str, Reading],
    constants: Mapping[str, str],
    wanted: Collection[str],
    seen: "_Seen",
    *,
    open_ended: bool,
) -> Iterator[tuple[str, Reading]]:
    """What nothing maps and a field of its own name says: owners that are asked for, the currency beside a cost."""
    given = {*fields, *constants}

    def may_hold(path: str) -> bool:
        return path in seen.leaves or (open_ended and path not in seen)

    for name in OWNERS:
        if name in wanted and name not in given and may_hold(name):
            yield name, reading(name)
    if "billed_cost_usd" in fields and "currency" not in given:
        above, dot, _ = fields["billed_cost_usd"].paths[0].rpartition(".")
        paths = tuple(path for name in CURRENCY_FIELDS if may_hold(path := f"{above}{dot}{name}"))
        if paths:
            yield "currency", Reading(paths=paths)


class _Seen(frozenset[str]):
    """The fields of a file; an object that holds some of them is one too. leaves: the fields alone."""

    leaves: frozenset[str]

    def __new__(cls, seen: Collection[str]) -> "_Seen":
        above = {path[:end] for path in seen for end in range(len(path)) if path[end] == "."}
        found = super().__new__(cls, {*seen, *above})
        found.leaves = frozenset(seen)
        return found


def is_inside(path: str, seen: Collection[str]) -> bool:
    """Whether a field of the file may hold the path as JSON text."""
    return any(path[:end] in seen for end in range(len(path)) if path[end] == ".")


def _binding(
    known: LogFormat, fields: Mapping[str, Reading], constants: Mapping[str, str], seen: Collection[str]
) -> Binding:
    unseen = frozenset(
        name for name, source in fields.items() if not any(path == FILE_STEM or path in seen for path in source.paths)
    )
    given = {name: value for name, value in known.constants.items() if name not in fields}
    is_bucketed = known.is_bucketed and "requests" not in fields and "requests" not in constants
    return Binding(
        format=known.name,
        fields=fields,
        constants=given | dict(constants),
        only=known.only,
        leaves_out={path: values for path, values in known.leaves_out.items() if path in seen},
        needs=known.needs,
        needs_use=known.needs_use,
        texts=known.texts,
        is_bucketed=is_bucketed,
        notes=tuple(note for note in (_BUCKETS.format(known.name) if is_bucketed else "", known.note) if note),
        unseen=unseen,
    )


def _resolved(source: Reading, known: Mapping[str, Reading], seen: Collection[str]) -> Reading:
    """A reading whose paths may name canonical columns of the format in place of fields."""
    if len(source.paths) == 1 and source.take == "first" and source.paths[0] not in seen:
        return known.get(source.paths[0], source)
    return replace(source, paths=tuple(_field_of(path, known, seen) for path in source.paths))


def _field_of(path: str, known: Mapping[str, Reading], seen: Collection[str]) -> str:
    if path in seen or path not in known:
        return path
    return next((inner for inner in known[path].paths if inner in seen), known[path].paths[0])


def _check_paths(file: str, name: str, source: Reading, known: Mapping[str, Reading], seen: "_Seen") -> None:
    mapped = {path for each in known.values() for path in each.paths}
    for path in source.paths:
        if path == FILE_STEM and BY_NAME[name].kind != "text":
            raise UsageError(f"{name} = {FILE_STEM!r}: the name of the file can only stand for a text column.")
        if path not in seen and path != FILE_STEM and path not in mapped and not _is_element(path, seen):
            listed = _listed(sorted(seen.leaves))
            raise UsageError(
                f"{file}: there is no field {masked(path)!r} for {name}.{close_to(path, seen)} Fields seen: {listed}."
            )


def _is_element(path: str, seen: Collection[str]) -> bool:
    """Whether a number in the path may count the elements of a list that the file has."""
    steps = path.split(".")
    return any(step.isdecimal() and ".".join(steps[:index]) in seen for index, step in enumerate(steps))


def _check_names(columns: Mapping[str, str], constants: Mapping[str, str]) -> None:
    for name in (*columns, *constants):
        if name not in BY_NAME:
            near = difflib.get_close_matches(name, BY_NAME, n=1)
            hint = f" Did you mean {near[0]!r}?" if near else f" Known: {', '.join(BY_NAME)}."
            raise UsageError(f"{name!r} is not a column of usage records.{hint}")
    for name in constants:
        if name in columns:
            raise UsageError(f"{name!r} is both mapped to a field and set to a constant. Keep one of the two.")


def _check_complete(
    file: str, known: LogFormat, binding: Binding, seen: Collection[str], sample: Sequence[Mapping[str, str]]
) -> None:
    missing = [column.name for column in COLUMNS if column.required and not binding.has(column.name)]
    if binding.has("input_tokens_including_cache") and "uncached_input_tokens" in missing:
        missing.remove("uncached_input_tokens")
    if not missing:
        return
    remedies = [known.remedies[name] for name in missing if name in known.remedies]
    if known.recognises(seen) and len(remedies) == len(missing):
        raise UsageError(f"{file} ({known.name}): no column for {', '.join(missing)}. {' '.join(remedies)}")
    given = [name for name in BY_NAME if binding.has(name) and name not in binding.unseen]
    proposed = guess(seen, given, sample)
    raise UsageError(
        f"{file}: no column for {', '.join(missing)}. Fields seen: {_listed(seen)}.{_near(seen)} "
        f"Say which field is which, in the plan below [usage]:\n{proposed.toml}\n"
        f"or on the command line:\n{proposed.options}{_cached_note(proposed)}"
    )


def _near(seen: Collection[str]) -> str:
    found = nearest(seen)
    if found is None or found[0].name == PLANNER.name:
        return ""
    known, lacking = found
    return f" It is like {known.name}, without {', '.join(lacking)}." if lacking else ""


def _cached_note(proposed: Guess) -> str:
    if "input_tokens_including_cache" not in proposed.columns:
        return ""
    field = masked(proposed.columns["input_tokens_including_cache"])
    return f"\n({field} is taken to include cache tokens; where it does not, map it to uncached_input_tokens.)"


def _listed(seen: Collection[str], limit: int = 30) -> str:
    names = [masked(name[:_LOOKED_AT])[:60] for name in [*seen][:limit]]
    more = f" and {len(seen) - limit} more" if len(seen) > limit else ""
    return (", ".join(names) or "none") + more
