"""The first rows of a text file: its fields, also those inside JSON texts, and how its records lie."""

import csv
import io
import json
from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from planner.errors import UsageError
from planner.usage.documents import Document, begun, explode, plain, records
from planner.usage.elements import BadJsonError, KeyTwiceError, loads
from planner.usage.log_formats.registry import ROWS, recognised
from planner.usage.secrets import masked

CSV_LINE_LIMIT_BYTES: Final = 2_000_000
"""Of DuckDB, for one line. Python's reader takes cells of the same size: its own limit is 131,072 characters."""
csv.field_size_limit(CSV_LINE_LIMIT_BYTES)

NESTING_LIMIT: Final = 6
SAMPLE_ROWS: Final = 1000
TEXT_ROWS: Final = 100
"""Rows whose JSON texts are looked into for fields."""
LISTED: Final = 3
"""Elements of a list that are offered as fields."""

_OF_A_PROMPT: Final = ("messages", "content", "tools", "choices", "system", "input", "output")

Steps = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What the first rows say; the fields are those of planner.usage.files.LogFile."""

    fields: Mapping[str, Steps]
    sample: tuple[Mapping[str, str], ...]
    has_rows: bool
    inner: Mapping[str, tuple[str, Steps]] = field(default_factory=dict)
    document: Document | None = None


def csv_head(name: str, text: str, *, whole: bool) -> Head:
    """The head of a CSV file. whole: the text is all of it. Errors: UsageError for a header that cannot be used."""
    rows = csv.reader(io.StringIO(text, newline=""))
    try:
        header = next(rows, [])
        if not header and text.strip():
            raise UsageError(f"{name} begins with a blank line. Remove it, so that the first line names the columns.")
        fields = tuple(cell.strip() for cell in header)
        _check_header(name, fields)
        sample = [dict(zip(fields, row, strict=False)) for _, row in zip(range(SAMPLE_ROWS), rows, strict=False) if row]
    except csv.Error as error:
        raise UsageError(f"{name}: not a CSV file ({error}).") from error
    return Head(
        fields={field: (field,) for field in fields},
        sample=tuple(sample),
        has_rows=bool(sample) or not whole,
        inner=inner_fields_of(sample),
    )


def _check_header(name: str, fields: tuple[str, ...]) -> None:
    for mark, called in ((";", "semicolons"), ("\t", "tabs"), ("|", "bars")):
        if len(fields) == 1 and mark in fields[0]:
            raise UsageError(
                f"{name} separates its columns by {called}. Export it with commas, and with a point as decimal mark."
            )
    for each, times in Counter(fields).items():
        if each and times > 1:
            shown = masked(each)
            raise UsageError(f"{name} has two columns named {shown!r}. Rename one: it is unclear which one counts.")


def json_head(name: str, text: str, *, whole: bool) -> Head:
    """The head of a JSON file: one record per line, lines that hold several, or a document over any lines.

    whole: the text is all of the file. Errors: UsageError where it is no JSON at all.
    """
    lines = [line for line in text.split("\n") if line.strip()]
    if _is_one_per_line(lines, whole):
        _check_keys(name, text)
        elements = [each for line in lines[:SAMPLE_ROWS] if isinstance(each := _loaded(line), dict)]
        if lines and not elements:
            raise UsageError(f"{name}: no line is a whole JSON object: cut off, nested too deeply, or not JSON.")
        rows = _rows_of(elements)
        document = Document(rows=rows, by_line=True) if rows else None
        return _json_rows(elements, document, has_rows=bool(lines))
    values, is_sound = begun(text.encode())
    elements = [each for each in values if isinstance(each, dict)]
    document = Document(rows=_rows_of(elements), by_line=False)
    if whole and not (is_sound and len(elements) == len(values)):
        deque(records([text.encode()], document, name), maxlen=0)  # says what is wrong, and where
    return _json_rows(elements, document, has_rows=bool(elements) or not whole)


def _check_keys(name: str, text: str) -> None:
    """Errors: UsageError where one of the first rows has a key twice; the engine would take the first of the two."""
    for number, line in enumerate(text.split("\n")[:SAMPLE_ROWS], start=1):
        try:
            loads(line)
        except KeyTwiceError as error:
            raise UsageError(
                f"{name}, line {number}: {error}. Correct the log: it is unclear which one counts."
            ) from None
        except BadJsonError:
            continue  # a line that is no JSON is a row of the scan, and counted and shown there


def _is_one_per_line(lines: Sequence[str], whole: bool) -> bool:
    """Pretty printed text opens something in its first line and leaves it open."""
    if not lines or lines[0].lstrip()[:1] == "[":
        return not lines
    if isinstance(_loaded(lines[0]), dict):
        return True
    is_cut = len(lines) == 1 and not whole
    return not is_cut and not lines[0].rstrip().endswith(("{", "[", ","))


def _loaded(line: str) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _rows_of(elements: Sequence[Mapping[str, Any]]) -> Steps:
    """Where a known format that nests its records has them in these elements; () where none recognises them."""
    for rows in ROWS:
        lists = [value for element in elements if isinstance(value := element.get(rows[0]), list)]
        if lists:
            found = _json_rows(elements, Document(rows=rows, by_line=False), has_rows=True)
            if not any(lists) or recognised(found.fields, rows) is not None:
                return rows
    return _only_list(elements)


def _only_list(elements: Sequence[Mapping[str, Any]]) -> Steps:
    """The one list of objects in a single object that is no known record itself."""
    if len(elements) != 1 or recognised(_json_rows(elements, None, has_rows=True).fields):
        return ()
    lists = [
        key
        for key, value in elements[0].items()
        if isinstance(value, list) and value and all(isinstance(each, dict) for each in value)
        if plain(value) is value and key not in _OF_A_PROMPT
    ]
    return (lists[0],) if len(lists) == 1 else ()


def _json_rows(elements: Sequence[Mapping[str, Any]], document: Document | None, *, has_rows: bool) -> Head:
    fields: dict[str, Steps] = {}
    sample: list[Mapping[str, str]] = []
    for record in _sampled(elements, document):
        flat = list(flatten(record))
        sample.append({".".join(steps): value for steps, value in flat})
        fields.update((".".join(steps), steps) for steps, _ in flat)
        if len(sample) == SAMPLE_ROWS:
            break
    has_records = bool(sample) if document is not None and document.rows else has_rows
    return Head(
        fields=fields, sample=tuple(sample), has_rows=has_records, inner=inner_fields_of(sample), document=document
    )


def _sampled(elements: Sequence[Mapping[str, Any]], document: Document | None) -> Iterator[Mapping[str, Any]]:
    for element in elements:
        if document is None:
            yield element
        else:
            yield from explode(element, document.rows, strict=False)


def flatten(record: Mapping[str, Any], above: Steps = ()) -> Iterator[tuple[Steps, str]]:
    """The keys that lead to each value of nested objects, and the value as text; lists as JSON."""
    for key, value in record.items():
        steps = (*above, key)
        if isinstance(value, dict) and len(steps) < NESTING_LIMIT:
            yield from flatten(value, steps)
        elif isinstance(value, dict | list):
            yield steps, json.dumps(value)
        else:
            yield steps, "" if value is None else str(value)


def inner_fields_of(sample: Sequence[Mapping[str, str]]) -> dict[str, tuple[str, Steps]]:
    """The fields inside JSON texts: of objects all, of lists the first plain elements."""
    found: dict[str, tuple[str, Steps]] = {}
    for row in sample[:TEXT_ROWS]:
        for name, text in row.items():
            if text and text.lstrip()[:1] in ("{", "["):
                value = _loaded(text)
                for steps in _steps(value):
                    found[".".join((name, *steps))] = (name, steps)
    return found


def _steps(value: Any) -> Iterator[Steps]:
    if isinstance(value, dict):
        yield from (steps for steps, _ in flatten(value))
    elif isinstance(value, list):
        yield from ((str(index),) for index, each in enumerate(value[:LISTED]) if not isinstance(each, dict | list))
