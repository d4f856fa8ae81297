"""Known log formats as declarative mappings, and the user's own mapping on top of them."""

import difflib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from planner.errors import UsageError
from planner.units import TOKEN_COLUMNS
from planner.usage.columns import BY_NAME, COLUMNS, ON_DEMAND
from planner.usage.readings import FILE_STEM, Reading, reading


@dataclass(frozen=True, slots=True, kw_only=True)
class LogFormat:
    """A source's way to write usage records.

    fields: canonical (or derived) column -> path into the source, dots into nested objects, or a whole reading.
    recognise: the source fields that all have to be there for the format to be recognised by itself.
    only: field -> its values in rows that are usage records; other rows are counted and left out.
    constants: canonical column -> its value in every row, such as the provider.
    input_includes_cache: the source's input count includes cache reads and writes; it is then mapped to
    input_tokens_including_cache, and cache tokens above it are a fault.
    """

    name: str
    meaning: str
    fields: Mapping[str, str | Reading]
    recognise: tuple[str, ...]
    input_includes_cache: bool = False
    only: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)


PLANNER: Final = LogFormat(
    name="planner",
    meaning="the product's own columns; token columns are totals of the row",
    fields={column.name: column.name for column in COLUMNS},
    recognise=("timestamp", "model", "uncached_input_tokens", "output_tokens"),
)

ANTHROPIC_MESSAGES: Final = LogFormat(
    name="anthropic-messages",
    meaning="one Messages API response per line: timestamp, request_type, id, model, usage as the API returns it",
    fields={
        "timestamp": "timestamp",
        "request_type": "request_type",
        "model": "model",
        "request_id": "id",
        "uncached_input_tokens": "usage.input_tokens",
        "cache_read_tokens": "usage.cache_read_input_tokens",
        "cache_write_tokens": "usage.cache_creation_input_tokens",
        "cache_write_5m_tokens": "usage.cache_creation.ephemeral_5m_input_tokens",
        "cache_write_1h_tokens": "usage.cache_creation.ephemeral_1h_input_tokens",
        "output_tokens": "usage.output_tokens",
        "web_search_requests": "usage.server_tool_use.web_search_requests",
        "service_tier": "usage.service_tier",
        "inference_geo": "usage.inference_geo",
        "speed": "usage.speed",
    },
    recognise=("timestamp", "model", "usage.input_tokens", "usage.output_tokens"),
)

FORMATS: Final = (PLANNER, ANTHROPIC_MESSAGES)
GENERIC: Final = LogFormat(name="mapped", meaning="columns named by the user", fields=PLANNER.fields, recognise=())

_LIKELY_NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "timestamp": ("timestamp", "time", "date", "created_at", "starttime", "request_created_at", "usage_date_utc"),
    "model": ("model", "model_id", "modelid", "model_name", "model_version", "slug"),
    "uncached_input_tokens": (
        "input_tokens",
        "prompt_tokens",
        "contexttokens",
        "usage_input_tokens_no_cache",
        "inputtokens",
    ),
    "output_tokens": (
        "completion_tokens",
        "generatedtokens",
        "usage_output_tokens",
        "outputtokens",
        "usage.output_tokens",
    ),
}


DEFAULT_REQUEST_TYPE: Final = Reading(paths=("request_type",))

_REQUIRED: Final = frozenset(column.name for column in COLUMNS if column.required)


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """How one file's fields become canonical columns: readings of fields, and constants.

    only: field -> its values in rows that are usage records. unseen: columns whose fields the first rows lack, but that
    later rows may hold (JSON objects).
    """

    format: str
    fields: Mapping[str, Reading]
    constants: Mapping[str, str]
    only: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    unseen: frozenset[str] = frozenset()

    def has(self, column: str) -> bool:
        """Whether a field or a constant provides the column."""
        return column in self.fields or column in self.constants

    @property
    def paths(self) -> tuple[str, ...]:
        """Every field of the source that is read, each once."""
        read = [path for each in self.fields.values() for path in each.paths if path != FILE_STEM]
        return tuple(dict.fromkeys([*read, *self.only]))


def log_format(name: str, seen: Collection[str], columns: Mapping[str, str]) -> LogFormat:
    """The format of a file with the fields `seen`: by name, by its fields ("auto"), or the user's mapping.

    Errors: UsageError for a name that is not a format.
    """
    if name != "auto":
        for known in FORMATS:
            if known.name == name:
                return known
        names = ", ".join(["auto"] + [known.name for known in FORMATS])
        raise UsageError(f"There is no usage format {name!r}. Known: {names}.")
    for known in FORMATS:
        if all(field in seen for field in known.recognise):
            return known
    return GENERIC if columns else PLANNER


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
) -> Binding:
    """Map a file's fields to canonical columns; the user's columns and constants win over the format's.

    seen: the file's field names, nested ones as dotted paths. request_type: how the request type is read; its paths
    are fields, or canonical columns of the format such as workspace. wanted: columns to read that are read on demand.
    open_ended: rows are objects, so that a field missing from the first ones may come later.
    Errors: UsageError for an unknown canonical name, a source field that the file lacks, or a required column
    that nothing provides; the message lists the fields seen and suggests a mapping.
    """
    known = log_format(format, seen, columns)
    known_fields = {name: reading(source) for name, source in known.fields.items()}
    _check_names(columns, constants)
    chosen = {name: reading(path) for name, path in columns.items()}
    if request_type != DEFAULT_REQUEST_TYPE and "request_type" not in chosen:
        chosen["request_type"] = _resolved(request_type, known_fields, seen)
    for name, source in chosen.items():
        _check_paths(file, name, source, known_fields, seen)
    fields = {
        name: source
        for name, source in known_fields.items()
        if name not in constants
        and (name not in ON_DEMAND or name in wanted)
        and (any(path in seen for path in source.paths) or (open_ended and name not in _REQUIRED))
    }
    if "input_tokens_including_cache" in chosen and "uncached_input_tokens" not in chosen:
        fields.pop("uncached_input_tokens", None)
    fields.update(chosen)
    unseen = frozenset(
        name for name, source in fields.items() if not any(path == FILE_STEM or path in seen for path in source.paths)
    )
    given = {name: value for name, value in known.constants.items() if name not in fields}
    binding = Binding(
        format=known.name, fields=fields, constants=given | dict(constants), only=known.only, unseen=unseen
    )
    _check_complete(file, binding, seen)
    return binding


def _resolved(source: Reading, known: Mapping[str, Reading], seen: Collection[str]) -> Reading:
    """A reading whose paths may name canonical columns of the format in place of fields."""
    paths = [
        inner
        for path in source.paths
        for inner in (known[path].paths if path not in seen and path in known else (path,))
    ]
    return replace(source, paths=tuple(paths))


def _check_paths(file: str, name: str, source: Reading, known: Mapping[str, Reading], seen: Collection[str]) -> None:
    mapped = {path for each in known.values() for path in each.paths}
    for path in source.paths:
        if path == FILE_STEM and BY_NAME[name].kind != "text":
            raise UsageError(f"{name} = {FILE_STEM!r}: the name of the file can only stand for a text column.")
        if path not in seen and path != FILE_STEM and path not in mapped:
            raise UsageError(_no_such_field(file, name, path, seen))


def _check_names(columns: Mapping[str, str], constants: Mapping[str, str]) -> None:
    for name in (*columns, *constants):
        if name not in BY_NAME:
            near = difflib.get_close_matches(name, BY_NAME, n=1)
            hint = f" Did you mean {near[0]!r}?" if near else f" Known: {', '.join(BY_NAME)}."
            raise UsageError(f"{name!r} is not a column of usage records.{hint}")
    for name in constants:
        if name in columns:
            raise UsageError(f"{name!r} is both mapped to a field and set to a constant. Keep one of the two.")


def _no_such_field(file: str, name: str, path: str, seen: Collection[str]) -> str:
    near = difflib.get_close_matches(path, seen, n=1, cutoff=0.5)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return f"{file}: there is no field {path!r} for {name}.{hint} Fields seen: {_listed(seen)}."


def _check_complete(file: str, binding: Binding, seen: Collection[str]) -> None:
    missing = [column.name for column in COLUMNS if column.required and not binding.has(column.name)]
    if binding.has("input_tokens_including_cache") and "uncached_input_tokens" in missing:
        missing.remove("uncached_input_tokens")
    if not missing:
        return
    suggestions = [_suggestion(name, seen) for name in missing]
    raise UsageError(
        f"{file}: no column for {', '.join(missing)}. Fields seen: {_listed(seen)}. "
        f"Say which field is which, for example {'; '.join(suggestions)}."
    )


def _suggestion(name: str, seen: Collection[str]) -> str:
    lowered = {field.lower().rsplit(".", 1)[-1]: field for field in seen} | {field.lower(): field for field in seen}
    for likely in (name, *_LIKELY_NAMES.get(name, ())):
        if likely in lowered:
            return f'columns {{ {name} = "{lowered[likely]}" }}'
    near = difflib.get_close_matches(name, lowered, n=1, cutoff=0.7)
    if near:
        return f'columns {{ {name} = "{lowered[near[0]]}" }}'
    if name in ("model", *TOKEN_COLUMNS):
        value = "claude-opus-5-5" if name == "model" else "0"
        return f'constants {{ {name} = "{value}" }}'
    return f'columns {{ {name} = "<field>" }}'


def _listed(seen: Collection[str], limit: int = 30) -> str:
    names = [name[:60] for name in seen]
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return (", ".join(names[:limit]) or "none") + more
