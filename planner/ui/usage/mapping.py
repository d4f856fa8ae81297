"""Which field of an unknown log is which column, as chosen on the page, and as [usage] of a plan says it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from planner.usage.columns import BY_NAME
from planner.usage.files import LogFile
from planner.usage.proposal import may_be_prompt
from planner.usage.readings import FILE_STEM

NOT_THERE: Final = "(not in the log)"
SAME_FOR_ALL: Final = "(one value for every row)"

TypesBy = Literal["field", "joined", "first", "prompt", "none"]
TYPES_BY: Final[dict[TypesBy, str]] = {
    "field": "one field",
    "joined": "several fields, joined",
    "first": "the first of several fields that holds something",
    "prompt": "which system prompt it had (a digest, never its text)",
    "none": "nothing: the log does not say",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column that a field can be chosen for: its name, what people call it, and what it means."""

    name: str
    label: str

    @property
    def help(self) -> str:
        column = BY_NAME[self.name]
        return column.meaning if column.unit == "-" else f"{column.meaning} ({column.unit})"

    @property
    def is_text(self) -> bool:
        return BY_NAME[self.name].kind == "text"


INPUT: Final = "uncached_input_tokens"
INPUT_WITH_CACHE: Final = "input_tokens_including_cache"
NEEDED: Final = (
    Column(name="timestamp", label="Time"),
    Column(name="model", label="Model"),
    Column(name=INPUT, label="Input tokens"),
    Column(name="output_tokens", label="Output tokens"),
)
MORE: Final = (
    Column(name="cache_read_tokens", label="Cache reads"),
    Column(name="cache_write_5m_tokens", label="Cache writes, 5 minutes"),
    Column(name="cache_write_1h_tokens", label="Cache writes, 1 hour"),
    Column(name="cache_write_tokens", label="Cache writes, both together"),
    Column(name="requests", label="Requests in the row"),
    Column(name="service_tier", label="Service tier"),
    Column(name="context_window", label="Context window"),
    Column(name="provider", label="Provider"),
    Column(name="billed_cost_usd", label="Billed cost, USD"),
    Column(name="request_id", label="Request id"),
    Column(name="customer", label="Customer"),
    Column(name="api_key", label="API key"),
    Column(name="workspace", label="Workspace"),
    Column(name="agent", label="Agent"),
)


def options(file: LogFile, choice: Column) -> list[str]:
    """What can be chosen for a column: not there, one value, the file's name, and fields.

    A field that may hold the text of a prompt is offered for numbers only, and only where it holds numbers.
    """
    fields = [name for name in (*file.fields, *file.inner) if _is_offered(file, name, choice)]
    special = [NOT_THERE, *([SAME_FOR_ALL] if choice.name != "timestamp" else [])]
    return [*special, *([FILE_STEM] if choice.is_text else []), *fields]


def plain_fields(file: LogFile) -> list[str]:
    """Fields that a request type can be read from, the name of the file included."""
    return [name for name in (*file.fields, *file.inner) if not may_be_prompt(name)] + [FILE_STEM]


def _is_offered(file: LogFile, name: str, choice: Column) -> bool:
    return not may_be_prompt(name) or (not choice.is_text and holds_numbers(file, name))


def holds_numbers(file: LogFile, name: str) -> bool:
    """Whether the first rows have numbers in a field, and nothing else."""
    values = [row[name] for row in file.sample if row.get(name)]
    return bool(values) and all(value.replace(".", "", 1).isdigit() for value in values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """What was chosen. columns: column -> field. constants: column -> its value in every row. types_by, type_fields:
    how the request type is read."""

    columns: Mapping[str, str]
    constants: Mapping[str, str]
    types_by: TypesBy
    type_fields: Sequence[str]

    @property
    def missing(self) -> list[str]:
        """What every request needs and has no field and no value yet, as people call it."""
        has = {*self.columns, *self.constants}
        has |= {INPUT} if INPUT_WITH_CACHE in has else set()
        return [column.label for column in NEEDED if column.name not in has]

    def usage(self) -> dict[str, Any]:
        """Keys of [usage]; None takes a key out."""
        return {
            "format": None,
            "columns": dict(self.columns) or None,
            "constants": dict(self.constants) or None,
            "request_type": self._request_type(),
        }

    def _request_type(self) -> Any:
        fields = list(self.type_fields)
        if self.types_by == "none" or not fields:
            return None
        if self.types_by == "prompt":
            return {"system_prompt": fields[0]}
        if self.types_by == "field" or len(fields) == 1:
            return fields[0]
        return fields if self.types_by == "joined" else {"first_of": fields}


def chosen(
    picked: Mapping[str, str],
    values: Mapping[str, str],
    *,
    includes_cache: bool,
    types_by: TypesBy,
    fields: Sequence[str],
) -> Chosen:
    """What was picked for each column. values: of those with one value in every row; a blank one is not there."""
    named = {_input(name, includes_cache): field for name, field in picked.items()}
    given = {_input(name, includes_cache): value.strip() for name, value in values.items()}
    return Chosen(
        columns={name: field for name, field in named.items() if field not in (NOT_THERE, SAME_FOR_ALL)},
        constants={name: given[name] for name, field in named.items() if field == SAME_FOR_ALL and given.get(name)},
        types_by=types_by,
        type_fields=fields,
    )


def _input(name: str, includes_cache: bool) -> str:
    return INPUT_WITH_CACHE if includes_cache and name == INPUT else name
