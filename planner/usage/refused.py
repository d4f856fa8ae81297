"""The second look at a log, only when rows were refused: the first examples, with line, field and value."""

import csv
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import ibis

from planner.errors import UsageError
from planner.usage.columns import BY_NAME, COUNT_LIMIT, KEY_COLUMNS, BadRow
from planner.usage.dialects import DUCKDB
from planner.usage.fields import read
from planner.usage.files import LogFile, text_lines
from planner.usage.readings import FILE_STEM
from planner.usage.scan import DOLLARS, US_RANGE, blank_value, record_columns
from planner.usage.secrets import masked
from planner.usage.views import Layout, open_layout

EXAMPLES: Final = 5
SHOWN_CHARACTERS: Final = 60
_LOOKED_AT_CHARACTERS: Final = 1000

_NOT_ISO: Final = (
    "not a date and time in ISO 8601 between 2000 and 2100; write 2026-04-03T12:00:00Z (03/04/2026 could be two days)"
)
_INPUTS: Final = (
    "input_tokens_including_cache", "cache_read_tokens", "cache_write_tokens", "cache_write_5m_tokens",
    "cache_write_1h_tokens",
)  # fmt: skip
_NOT_PLAIN: Final = "not a plain number (no thousands separators, decimal commas, units or currency signs)"
_NOT_DOLLARS: Final = "a cost is billed in USD; convert it, or leave the billed cost out of what is read"
_WHOLE_FILE: Final = ("LINE SIZE OVER MAXIMUM",)
_PROBLEMS: Final[Mapping[str, str]] = {
    "MISSING COLUMNS": "the row has fewer columns than the header",
    "TOO MANY COLUMNS": "the row has more columns than the header",
    "INVALID ENCODING": "not UTF-8; save the file as UTF-8",
    "UNQUOTED VALUE": "a quote is opened or closed in the wrong place",
}
_JSON_PROBLEMS: Final[Mapping[str, str]] = {
    "Unterminated string": "ends inside a string that begins",
    "Expecting property name": "lacks the name of a value",
    "Expecting ':'": "lacks a colon",
    "Expecting ','": "lacks a comma, or ends before its time,",
    "Expecting value": "lacks a value",
    "Invalid control character": "holds a control character in a string",
    "Invalid \\": "holds an escape that JSON does not have",
    "Extra data": "goes on after the end of the object",
    "Illegal trailing comma": "has a comma too many",
}
"""What Python's reader says of a JSON text -> what is said of the line, before the place in it."""
_JSON_KINDS: Final[Mapping[type, str]] = {str: "a text", list: "a list", bool: "a truth value", type(None): "null"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reject:
    """A CSV line that could not be split into the header's columns."""

    path: str
    line: int
    problem: str
    text: str
    is_value: bool


def csv_rejects(connection: Any, names: Mapping[str, str]) -> list[Reject]:
    """The CSV lines that DuckDB set aside, each once. Errors: UsageError where a quote swallowed what follows."""
    tables = {row[0] for row in connection.raw_sql("SHOW TABLES").fetchall()}
    if "reject_errors" not in tables:
        return []
    rows = connection.raw_sql(
        "SELECT s.file_path, e.line, coalesce(min(e.error_type::VARCHAR) FILTER (e.error_type <> 'CAST'), 'CAST'), "
        "min(e.csv_line), max(contains(e.csv_line, chr(10))) "
        "FROM reject_errors e JOIN reject_scans s USING (scan_id, file_id) GROUP BY ALL ORDER BY ALL"
    ).fetchall()
    rejects = []
    for path, line, kind, text, swallowed in rows:
        if kind in _WHOLE_FILE or (kind == "UNQUOTED VALUE" and swallowed):
            raise _swallowed(names.get(path, path), line)
        problem = _PROBLEMS.get(kind, kind.lower())
        shown = (text or "").strip()
        rejects.append(Reject(path=path, line=line, problem=problem, text=shown, is_value=kind == "CAST"))
    return rejects


def _swallowed(name: str, line: int) -> UsageError:
    return UsageError(
        f"{name}, line {line}: a quote is opened and not closed, or the line is far too long; the rows after it cannot "
        "be told apart. Correct the file at this line."
    )


def find_examples(
    connection: Any,
    layouts: Sequence[Layout],
    files: Mapping[str, LogFile],
    rejects: Sequence[Reject],
) -> tuple[BadRow, ...]:
    """The first refused rows, file by file in the order given, at most EXAMPLES of them.

    files: path as DuckDB was given it -> the file.
    """
    examples: list[BadRow] = []
    for layout in layouts:
        for path in layout.paths:
            own = [reject for reject in rejects if reject.path == str(path)]
            examples += _of_file(connection, layout, path, files[str(path)], own)
            if len(examples) >= EXAMPLES:
                return tuple(examples[:EXAMPLES])
    return tuple(examples)


def _of_file(connection: Any, layout: Layout, path: Path, file: LogFile, rejects: Sequence[Reject]) -> list[BadRow]:
    ragged = {reject.line: reject for reject in rejects if not reject.is_value}
    rows = _faulty_rows(connection, layout, path)
    wanted = {row["row"] for row in rows}
    places = _csv_places(file, wanted, set(ragged)) if file.kind == "csv" else _places(file, wanted)
    found = []
    for row in rows:
        line, text = places.of_row.get(row["row"], (row["row"] + 1, ""))
        field, value, problem = explain(row, layout, text)
        found.append(BadRow(file=file.name, line=line, field=field, value=shown_value(value), problem=problem))
    for number, reject in list(ragged.items())[:EXAMPLES]:
        line = places.of_ragged.get(number, number)
        found.append(
            BadRow(file=file.name, line=line, field="row", value=None, problem=_of_length(reject.problem, reject.text))
        )
    return sorted(found, key=lambda bad: bad.line)[:EXAMPLES]


def shown_value(value: str | None) -> str | None:
    """A value as messages show it: without secrets, and not at any length."""
    if value is None:
        return None
    shown = masked(value[:_LOOKED_AT_CHARACTERS])
    return shown if len(shown) <= SHOWN_CHARACTERS else shown[:SHOWN_CHARACTERS] + "..."


def _faulty_rows(connection: Any, layout: Layout, path: Path) -> list[dict[str, Any]]:
    """The first faulty rows of one file: their index among the rows that were split, and the raw text of each field."""
    table = open_layout(connection, replace(layout, paths=(path,), dialect=DUCKDB), name="second_look", as_text=True)
    columns = record_columns(table, layout)
    fault = columns["fault"] | (columns["model"].strip() == "").fill_null(True)
    for name in set(KEY_COLUMNS) & set(columns):
        fault = fault | columns[name].re_search(r"\x00").fill_null(False)
    if "other" in columns:
        fault = fault & ~columns["other"]
    raw = {
        f"raw_{name}": read(table, layout, source).cast("string")
        for name, source in layout.binding.fields.items()
        if FILE_STEM not in source.paths
    }
    time_fault = ~columns["us"].between(*US_RANGE).fill_null(False)
    looked = table.select(row=ibis.row_number(), is_fault=fault, is_time_fault=time_fault, **raw)
    found = connection.to_pyarrow(looked.filter(looked.is_fault).order_by("row").limit(EXAMPLES)).to_pylist()
    return [dict(row) for row in found]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Places:
    """Where rows stand in the file. of_row: index among the split rows -> (line, text). of_ragged: DuckDB's number
    of a line that it set aside -> line. The two differ because a quoted cell may hold line breaks."""

    of_row: Mapping[int, tuple[int, str]]
    of_ragged: Mapping[int, int]


def _places(file: LogFile, wanted: set[int]) -> _Places:
    """Of a JSONL file, whose blank lines are not rows. Parquet has no lines."""
    found: dict[int, tuple[int, str]] = {}
    index = -1
    for number, line in enumerate(text_lines(file) if file.kind == "jsonl" and wanted else (), start=1):
        index += bool(line.strip())
        if index in wanted and index not in found:
            found[index] = (number, line.strip())
        if len(found) == len(wanted):
            break
    return _Places(of_row=found, of_ragged={})


def _csv_places(file: LogFile, wanted: set[int], ragged: set[int]) -> _Places:
    rows: dict[int, tuple[int, str]] = {}
    lines: dict[int, int] = {}
    index = -1
    for number, (start, cells) in enumerate(_csv_rows(file), start=1):
        if number in ragged:
            lines[number] = start
        elif cells and number > 1:
            index += 1
            if index in wanted:
                rows[index] = (start, ",".join(cells))
        if len(rows) == len(wanted) and len(lines) == len(ragged):
            break
    return _Places(of_row=rows, of_ragged=lines)


def _csv_rows(file: LogFile) -> Iterator[tuple[int, list[str]]]:
    """The rows of a CSV file and the line at which each begins. Errors: UsageError for one without an end."""
    reader = csv.reader(line.replace("\0", "?") for line in text_lines(file))
    start = 1
    try:
        for cells in reader:
            yield start, cells
            start = reader.line_num + 1
    except csv.Error:
        raise _swallowed(file.name, start) from None


def explain(row: Mapping[str, Any], layout: Layout, text: str) -> tuple[str, str | None, str]:
    """Which field of a refused row is at fault: its source name, its value and the reason; no value where it is the
    whole row, whose text may hold a prompt.

    row: raw_<canonical column> -> text or None, as the scan saw it. text: the row as it stands in the file.
    """
    values: dict[str, str | None] = dict(layout.binding.constants)
    sources = {name: source for name, source in layout.binding.fields.items() if FILE_STEM not in source.paths}
    values |= {name: row.get(f"raw_{name}") for name in sources}
    if layout.kind == "jsonl" and not _is_object(text) and all(row.get(f"raw_{name}") is None for name in sources):
        return "line", None, json_problem(text)
    for name, value in values.items():
        if name == "timestamp" and value and value.strip() and row["is_time_fault"]:
            return _field(layout, name), value, _NOT_ISO
        problem = _problem(name, value, layout)
        if problem:
            return _field(layout, name), value or "", problem
    shown = {_field(layout, name): values.get(name) for name in _INPUTS if values.get(name)}
    counts = ", ".join(f"{field} = {value}" for field, value in shown.items())
    return "input", counts, "cache tokens exceed the total that is said to include them"


def _is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False


def json_problem(text: str) -> str:
    """Why a line is no JSON object, and where, without a word of it."""
    try:
        value = json.loads(text)
    except RecursionError:
        return _of_length("not a JSON object: nested too deeply", text)
    except json.JSONDecodeError as error:
        said = next((ours for theirs, ours in _JSON_PROBLEMS.items() if error.msg.startswith(theirs)), "cannot be read")
        return _of_length(f"not a JSON object: the line {said} at character {error.pos + 1}", text)
    except ValueError:  # a number of thousands of digits
        return _of_length("not a JSON object: a number is too long", text)
    return _of_length(f"not a JSON object but {_JSON_KINDS.get(type(value), 'a number')}", text)


def _of_length(problem: str, text: str) -> str:
    return f"{problem} ({len(text):,} characters)"


def _field(layout: Layout, name: str) -> str:
    source = layout.binding.fields.get(name)
    return name if source is None else masked(source.shown)


def _problem(name: str, value: str | None, layout: Layout) -> str | None:
    column = BY_NAME[name]
    blank = value is None or not value.strip()
    if column.kind == "text":
        if name == "model" and blank:
            return "the model is missing"
        if name == "currency":
            return None if blank or str(value).strip().upper() == DOLLARS else _NOT_DOLLARS
        return "holds a NUL byte" if column.grouped and value and "\0" in value else None
    if column.kind == "timestamp":
        return "the timestamp is missing" if blank else None
    if column.kind == "money":
        return None if value is None else _number_problem(value, whole=False)
    if value is None:
        return None if blank_value(name, layout.kind) is not None else "the count is missing"
    if name == "requests" and _number_problem(value, whole=True) is None and float(value) == 0:
        return "a row stands for one request or more"
    return _number_problem(value, whole=True)


def _number_problem(value: str, *, whole: bool) -> str | None:
    if not value.isascii():  # Python reads the digits of every script, engines those of ASCII
        return _NOT_PLAIN
    try:
        number = float(value)
    except ValueError:
        return _NOT_PLAIN
    if not math.isfinite(number):
        return "not a finite number"
    if not whole:
        return None
    if number < 0:
        return "a count is not negative"
    if number != math.floor(number):
        return "a count is a whole number"
    return "a count is below 2**53" if number >= COUNT_LIMIT else None
