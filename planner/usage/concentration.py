"""Who uses it: how much of a log's use its largest customers and keys have, in one more scan where the log names them.

This scan prices nothing, because a price depends on the model, the day and the length of each prompt. Use is therefore
counted in input-equivalent tokens at one fixed weight per class, about what the classes cost: a stand-in
for dollars that takes a token of a small model for as much as one of a large model.
"""

import re
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final, Literal, Protocol

import ibis
import ibis.expr.datatypes as dt

from planner.units import TOKEN_COLUMNS
from planner.usage.addresses import reads_tables
from planner.usage.columns import KEY_COLUMNS, OWNERS, UNTAGGED
from planner.usage.fields import raw_column
from planner.usage.file_layouts import file_layouts, inspect_all, readable, translated, usage_connection
from planner.usage.files import LogFile
from planner.usage.patterns import regex
from planner.usage.readings import FILE_STEM, reading
from planner.usage.refused import csv_rejects
from planner.usage.rules import PROMPT, TypeRule, rule_owners
from planner.usage.scan import US_PER_DAY, record_columns, union
from planner.usage.secrets import DIGEST_DIGITS, SHOWN_AS, digest, masked
from planner.usage.source import UsageSource
from planner.usage.views import Layout, Table, open_layout

OwnerColumn = Literal["customer", "api_key"]
OWNER_COLUMNS: Final[tuple[OwnerColumn, ...]] = ("customer", "api_key")
SHOWN: Final = 5

_TWENTIETHS: Final = dict(zip(TOKEN_COLUMNS, (20.0, 2.0, 25.0, 40.0, 100.0), strict=True))
# Input-equivalent tokens at 1, 0.1, 1.25, 2 and 5, times 20: whole numbers add up to the same in whatever order threads
# come to them.

_OF_DIGESTS: Final = re.compile(rf"{SHOWN_AS}[0-9a-f?*]+", re.IGNORECASE)
_EPOCH: Final = date(1970, 1, 1)
_BLANKS: Final = "".join(chr(code) for code in range(0x3001) if chr(code).isspace())
_LARGEST: Final = dt.Struct({"minus_use": dt.float64, "name": dt.string})

Window = tuple[date | None, date | None]
"""First and last day, both included; None leaves the side open."""


class Excluded(Protocol):
    """Use that does not count: all that fits patterns of its columns and lies in a range of days (inclusive)."""

    @property
    def patterns(self) -> Mapping[str, str]:
        """Column -> pattern of values as the measurement names them."""

    @property
    def from_(self) -> date | None:
        """The first day."""

    @property
    def to(self) -> date | None:
        """The last day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """One customer, or one key as the first hex digits of the SHA-256 of its text, and its share of all use."""

    name: str
    share_of_use: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Concentration:
    """How use is spread over the values of one column, within the window and without the exclusions.

    Shares of use are of input-equivalent tokens, rows without a value included in the whole. largest: at most SHOWN,
    largest first, equal ones by name. distinct: values, blanks apart. rows: that count. share_of_rows_without,
    share_of_use_without: of rows that leave the column blank or lack it. lines_not_read: CSV lines that could not be
    read with this column, such as a name that is not UTF-8; they are missing from every figure.
    """

    column: OwnerColumn
    distinct: int
    largest: tuple[Holder, ...]
    rows: int
    share_of_rows_without: float
    share_of_use_without: float
    lines_not_read: int

    @property
    def top_share(self) -> float:
        """Share of use of the largest."""
        return self.largest[0].share_of_use

    @property
    def top_five_share(self) -> float:
        """Share of use of the five largest together."""
        return sum(holder.share_of_use for holder in self.largest)


@ibis.udf.scalar.builtin(name="trim", signature=((dt.string, dt.string), dt.string))
def _trim(text, characters):  # type: ignore[no-untyped-def]
    """DuckDB's trim of the characters that Python's strip takes off (Ibis's own knows only those of ASCII)."""


@ibis.udf.agg.builtin(name="min", signature=((_LARGEST, dt.int64), dt.Array(_LARGEST)))
def _least(value, count):  # type: ignore[no-untyped-def]
    """DuckDB's list of the `count` least values."""


def concentration(
    source: UsageSource,
    *,
    window: Window = (None, None),
    exclusions: Sequence[Excluded] = (),
    rules: Sequence[TypeRule] = (),
) -> tuple[Concentration, ...]:
    """The concentration of use by customer and by API key, for each of the two that the log has.

    exclusions, rules: as the measurement applies them, request types under the rules. A model is matched as logged.

    A log has a column where the plan or its format maps it, or where a field of its own name stands in a header or in
    the first rows of JSON. A value in no row, and a log without a token in the window, give no entry. Rows that the
    measurement refuses do not count. One scan a column, streaming, bounded memory.
    DuckDB reads the files whatever the source's engine; of a database's tables there is none.
    Errors: UsageError for a file that cannot be read.
    """
    if reads_tables(source.engine):
        return ()
    files, _ = inspect_all(source)
    with tempfile.TemporaryDirectory(prefix="planner-usage-") as folder:
        files = [readable(file, Path(folder)) for file in files]
        wanted = _Wanted(window=window, exclusions=exclusions, rules=rules, source=source)
        found = [_of_column(column, files, Path(folder), wanted) for column in OWNER_COLUMNS]
    return tuple(each for each in found if each is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """Which use counts."""

    source: UsageSource
    window: Window
    exclusions: Sequence[Excluded]
    rules: Sequence[TypeRule]

    @property
    def owners(self) -> tuple[str, ...]:
        """Owner columns that exclusions and rules look at."""
        named = {name for exclusion in self.exclusions for name in exclusion.patterns} | set(rule_owners(self.rules))
        return tuple(name for name in OWNERS if name in named)


def _of_column(column: OwnerColumn, files: Sequence[LogFile], folder: Path, wanted: _Wanted) -> Concentration | None:
    """A connection of its own, so that the lines that it sets aside are those of this scan."""
    with usage_connection(files, folder) as connection, translated():
        layouts, file_of = file_layouts(connection, files, wanted.source, wanted=(*wanted.owners, column))
        if not any(_has(layout, column) for layout in layouts):
            return None
        stems = {path: file.stem for path, file in file_of.items()}
        tables = []
        for number, layout in enumerate(layouts):
            table = open_layout(connection, layout, name=f"owners_{number}")
            tables.append(_owned_use(table, layout, column, stems, wanted))
        row = connection.to_pyarrow(_aggregate(union(tables))).to_pylist()[0]
        rejects = csv_rejects(connection, {path: file.name for path, file in file_of.items()})
    is_key = column == "api_key" or any(_reads_keys(layout, column) for layout in layouts)
    return _concentration(column, row, len(rejects), is_key=is_key)


def _has(layout: Layout, column: str) -> bool:
    """Whether the first rows have the column; later rows of JSON may hold one that they lack."""
    return layout.binding.has(column) and column not in layout.binding.unseen


def _reads_keys(layout: Layout, column: str) -> bool:
    source = layout.binding.fields.get(column)
    return source is not None and any(path.rpartition(".")[2] == "api_key" for path in source.paths)


def _owned_use(table: Table, layout: Layout, column: str, stems: Mapping[str, str], wanted: _Wanted) -> Table:
    """owner (NULL where blank) and use (twentieths of input-equivalent tokens) of the layout's rows that count.

    What is refused is what `record_columns` calls a fault, and what the measurement refuses of its groups: a blank
    model, and a NUL byte in a key column.
    """
    columns = record_columns(table, layout, wanted.owners)
    counts = (
        ~columns["fault"]
        & ~columns.get("other", ibis.literal(False))
        & (_trim(columns["model"], _BLANKS) != "").fill_null(False)
    )
    for name in KEY_COLUMNS:
        if name in columns:
            counts &= ~columns[name].contains("\0").fill_null(False)
    counts &= _days(columns["us"], *wanted.window)
    named = {
        name: _named(columns.get(name, ibis.null("string")), layout, name, stems)
        for name in ("request_type", "model", *wanted.owners)
    }
    named["request_type"] = _type_under(wanted, named)
    for exclusion in wanted.exclusions:
        hit = _days(columns["us"], exclusion.from_, exclusion.to)
        for name, pattern in exclusion.patterns.items():
            hit &= _fits(named[name], pattern)
        counts &= ~hit
    use = sum(columns[name] * weight for name, weight in _TWENTIETHS.items() if name in columns)
    owner = _named(_owner(table, layout, column), layout, column, stems)
    return table.select(owner=owner, use=use, counts=counts).filter(ibis._.counts).select("owner", "use")


def _type_under(wanted: _Wanted, named: Mapping[str, Any]) -> Any:
    """The request type as the measurement has it: named, and then under the first rule that fits."""
    kind, given = named["request_type"], wanted.source.request_type
    if not isinstance(given, str) and given.take == "digest":
        kind = ibis.literal(PROMPT) + kind
    kind = kind.fill_null(UNTAGGED)
    cases = []
    for rule in wanted.rules:
        fits = _fits(named[rule.field] if rule.field else kind, rule.pattern)
        cases.append((fits & (kind == UNTAGGED) if rule.only_untagged else fits, ibis.literal(rule.request_type)))
    return ibis.cases(*cases, else_=kind) if cases else kind


def _fits(value: Any, pattern: str) -> Any:
    """Whether text is of a pattern; text that is shown as a digest fits a pattern of that look."""
    if _OF_DIGESTS.fullmatch(pattern):
        value = ibis.literal(SHOWN_AS) + value.hexdigest("sha256")[:DIGEST_DIGITS]
    return value.re_search(f"^{regex(pattern)}$").fill_null(False)


def _days(us: Any, since: date | None, until: date | None) -> Any:
    """Whether a moment lies on a day of the range, in UTC."""
    inside = ibis.literal(True)
    if since is not None:
        inside &= us >= (since - _EPOCH).days * US_PER_DAY
    if until is not None:
        inside &= us < ((until - _EPOCH).days + 1) * US_PER_DAY
    return inside


def _owner(table: Table, layout: Layout, column: str) -> Any:
    raw = raw_column(table, layout, column)
    return ibis.null("string") if raw is None else raw.cast("string")


def _named(value: Any, layout: Layout, column: str, stems: Mapping[str, str]) -> Any:
    """Text as the measurement names it: stripped, a file by its stem; NULL where nothing is left."""
    if layout.binding.fields.get(column) == reading(FILE_STEM):
        value = value.substitute({str(path): stems[str(path)] for path in layout.paths})
    return _trim(value, _BLANKS).nullif("")


def _aggregate(table: Table) -> Table:
    """One row about all owners. Only the group by owner grows with their number, and it spills to disk."""
    owners = table.group_by("owner").aggregate(use=table.use.sum(), rows=table.count())
    named = owners.owner.notnull()
    largest = ibis.struct({"minus_use": -owners.use, "name": owners.owner})
    return owners.aggregate(
        use=owners.use.sum(),
        rows=owners.rows.sum(),
        use_without=owners.use.sum(where=~named),
        rows_without=owners.rows.sum(where=~named),
        distinct=named.sum(),
        largest=_least(largest, SHOWN, where=named),
    )


def _concentration(
    column: OwnerColumn, row: Mapping[str, Any], lines_not_read: int, *, is_key: bool
) -> Concentration | None:
    if not row["distinct"] or not row["use"]:
        return None
    return Concentration(
        column=column,
        distinct=int(row["distinct"]),
        largest=tuple(_holders(row["largest"], float(row["use"]), is_key=is_key)),
        rows=int(row["rows"]),
        share_of_rows_without=(row["rows_without"] or 0) / row["rows"],
        share_of_use_without=(row["use_without"] or 0.0) / row["use"],
        lines_not_read=lines_not_read,
    )


def _holders(largest: Sequence[Mapping[str, Any]], use: float, *, is_key: bool) -> Iterable[Holder]:
    for each in largest:
        name = str(each["name"])
        shown = digest(name) if is_key else masked(name)
        yield Holder(name=shown, share_of_use=-each["minus_use"] / use)
