"""Open files of billed cost: CSV, JSON and Parquet, plain, gzip or zstd, as rows of field and text; bounded."""

import csv
import json
import tempfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import duckdb
import zstandard

from planner.billed.formats import FORMATS
from planner.errors import UsageError
from planner.usage.streams import Compression, chunks

FILE_BYTES: Final = 512 << 20
JSON_BYTES: Final = 64 << 20
ROW_LIMIT: Final = 1_000_000
NESTING: Final = 4

_TOO_LARGE: Final = "A report of costs is an aggregate; export it by day and model, or a shorter time at once."
_NOT_TEXT: Final[Mapping[bytes, str]] = {
    b"PK\x03\x04": "a zip archive or an Excel workbook. Export it as CSV",
    b"\xd0\xcf\x11\xe0": "an old or an encrypted Excel workbook. Export it as CSV",
    b"%PDF": "a PDF. Type the invoice's total under [[usage.invoice]], or export the costs as CSV",
    b"\xff\xfe": "not UTF-8 (it looks like UTF-16). Save it as UTF-8",
    b"\xfe\xff": "not UTF-8 (it looks like UTF-16). Save it as UTF-8",
}
_MARK: Final = b"\xef\xbb\xbf"
_SEPARATORS: Final = ((";", "semicolons"), ("\t", "tabs"), ("|", "bars"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of a report. where: "line 3" of a text file, "item 3" of a JSON document, "row 3" of Parquet.

    values: field -> text, nested fields with dots; what is absent or null is blank. problem: why it is no row at all.
    """

    where: str
    values: Mapping[str, str]
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A file of costs, opened. seen: its fields. rows: each once. is_page: it says itself that more pages follow."""

    name: str
    seen: tuple[str, ...]
    rows: Iterator[Row]
    is_page: bool = False


def open_report(path: Path, name: str) -> Report:
    """A file as rows. Errors: UsageError when it is too large, damaged, empty or none of the three kinds."""
    try:
        with path.open("rb") as raw:
            magic = raw.read(8)
    except OSError as error:
        raise UsageError(f"{name}: cannot be read ({error.strerror}).") from error
    packed = magic.startswith((b"\x1f\x8b", b"\x28\xb5\x2f\xfd"))
    parts = _parts(path, name, magic)
    head = next(parts, b"") if packed else magic
    for start, what in _NOT_TEXT.items():
        if head.startswith(start):
            raise UsageError(f"{name} is {what}.")
    body = _chained(head, parts) if packed else parts
    if head.startswith(b"PAR1"):
        return _parquet(path, name, body if packed else None)
    first = head.removeprefix(_MARK).lstrip()[:1]
    if first in (b"{", b"["):
        return _json_report(name, body)
    return _csv_report(name, body)


def _chained(head: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield head
    yield from rest


def _parts(path: Path, name: str, magic: bytes) -> Iterator[bytes]:
    """The bytes of a file, decompressed. Errors: UsageError past the limit and where the file is damaged."""
    packing: Compression = "none"
    if magic.startswith(b"\x1f\x8b"):
        packing = "gzip"
    elif magic.startswith(b"\x28\xb5\x2f\xfd"):
        packing = "zstd"
    size = 0
    try:
        for part in chunks(path, packing):
            size += len(part)
            if size > FILE_BYTES:
                raise UsageError(f"{name} has more than {FILE_BYTES >> 20} MB. {_TOO_LARGE}")
            yield part
    except (OSError, EOFError, zlib.error, zstandard.ZstdError) as error:
        raise UsageError(
            f"{name}: cannot be read to its end ({error}). The file is damaged or cut off: copy it again."
        ) from error


def _lines(name: str, parts: Iterator[bytes]) -> Iterator[str]:
    rest, number = b"", 0
    mark = True
    for part in parts:
        *lines, rest = (rest + part).split(b"\n")
        for line in lines:
            number += 1
            yield _text(name, number, line.removeprefix(_MARK) if mark else line) + "\n"
            mark = False
        if len(rest) > 1 << 20:
            raise UsageError(f"{name}, line {number + 1} is longer than a megabyte: no report of costs.")
    if rest:
        yield _text(name, number + 1, rest.removeprefix(_MARK) if mark else rest)


def _text(name: str, number: int, line: bytes) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError:
        raise UsageError(f"{name}, line {number} is not UTF-8 (Latin-1 perhaps). Save the file as UTF-8.") from None


def _csv_report(name: str, parts: Iterator[bytes]) -> Report:
    reader = csv.reader(_lines(name, parts), strict=True)
    try:
        header = tuple(cell.strip() for cell in next(reader, []))
    except csv.Error as error:
        raise UsageError(f"{name}: not a CSV file ({error}).") from error
    if not any(header):
        raise UsageError(f"{name} is empty or begins with a blank line; the first line has to name the columns.")
    for mark, called in _SEPARATORS:
        if len(header) == 1 and mark in header[0]:
            raise UsageError(
                f"{name} separates its columns by {called}. Export it with commas, and with a point as decimal mark."
            )
    for field in header:
        if field and header.count(field) > 1:
            raise UsageError(f"{name} has two columns named {field!r}. Rename one: it is unclear which one counts.")
    return Report(name=name, seen=header, rows=_csv_rows(name, header, reader))


def _csv_rows(name: str, header: tuple[str, ...], reader: Any) -> Iterator[Row]:
    try:
        for number, cells in enumerate(reader):
            _within(name, number)
            if not any(cell.strip() for cell in cells):
                continue
            uneven = "" if len(cells) == len(header) else f"{len(cells)} columns where the header has {len(header)}"
            values = {field: cell.strip() for field, cell in zip(header, cells, strict=False)}
            yield Row(where=f"line {reader.line_num}", values=values, problem=uneven)
    except csv.Error as error:
        raise UsageError(f"{name}, line {reader.line_num}: not CSV ({error}).") from error


def _within(name: str, number: int) -> None:
    if number >= ROW_LIMIT:
        raise UsageError(f"{name} has more than {ROW_LIMIT:,} rows. {_TOO_LARGE}")


def _json_report(name: str, parts: Iterator[bytes]) -> Report:
    """A document, several pages of it as an array, or one page or one record a line."""
    size, pieces = 0, []
    for part in parts:
        size += len(part)
        if size > JSON_BYTES:
            raise UsageError(f"{name} has more than {JSON_BYTES >> 20} MB of JSON. {_TOO_LARGE}")
        pieces.append(part)
    try:
        text = b"".join(pieces).removeprefix(_MARK).decode()
    except UnicodeDecodeError:
        raise UsageError(f"{name} is not UTF-8. Save the file as UTF-8.") from None
    documents = _documents(name, text)
    records: list[Any] = []
    is_page = False
    for document in documents:
        if isinstance(document, dict) and isinstance(document.get("data"), list):
            records += document["data"]
            is_page = bool(document.get("has_more"))
        else:
            records.append(document)
    rows = [row for record in records for row in _flat(record)]
    _within(name, len(rows) - 1)
    seen = tuple(dict.fromkeys(field for row in rows[:1000] for field in row))
    numbered = (Row(where=f"item {number}", values=row) for number, row in enumerate(rows, start=1))
    return Report(name=name, seen=seen, rows=numbered, is_page=is_page)


def _documents(name: str, text: str) -> list[Any]:
    try:
        whole = _parsed(text)
        return whole if isinstance(whole, list) else [whole]
    except RecursionError:
        raise UsageError(f"{name} is nested too deeply for a report of costs.") from None
    except ValueError as error:
        first = error
    documents = []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            documents.append(_parsed(line))
        except (ValueError, RecursionError):
            where = f"line {number}" if documents else str(first)
            raise UsageError(
                f"{name} is not valid JSON ({where}). The file is damaged or cut off: save it again."
            ) from None
    return documents


def _parsed(text: str) -> Any:
    """JSON with its numbers as they are written: no float comes between a report and its sums."""
    return json.loads(text, parse_float=str, parse_int=str, parse_constant=str)


def _flat(record: Any) -> Iterator[dict[str, str]]:
    """One row for a record, or one for each entry of the list that a format keeps its costs in."""
    if not isinstance(record, dict):
        yield {"": "" if record is None else str(record)[:60]}
        return
    lists = [known.inner for known in FORMATS if isinstance(record.get(known.inner), list)]
    plain = dict(_leaves({key: value for key, value in record.items() if key not in lists}))
    if not lists:
        yield plain
    for key in lists:
        yield from (plain | dict(_leaves({key: entry})) for entry in record[key])


def _leaves(record: Mapping[str, Any], above: str = "", depth: int = 0) -> Iterator[tuple[str, str]]:
    for key, value in record.items():
        name = f"{above}{key}"
        if isinstance(value, dict) and depth < NESTING:
            yield from _leaves(value, f"{name}.", depth + 1)
        else:
            yield name, "" if value is None else str(value).strip()


def _parquet(path: Path, name: str, packed: Iterator[bytes] | None) -> Report:
    """A Parquet file, read whole: what a report of costs has fits easily, and the limits say when it does not."""
    if packed is None:
        return _parquet_report(path, name)
    with tempfile.TemporaryDirectory(prefix="planner-billed-") as folder:
        plain = Path(folder) / "costs.parquet"
        with plain.open("wb") as out:
            for part in packed:
                out.write(part)
        return _parquet_report(plain, name)


def _parquet_report(path: Path, name: str) -> Report:
    if path.stat().st_size > FILE_BYTES:
        raise UsageError(f"{name} has more than {FILE_BYTES >> 20} MB. {_TOO_LARGE}")
    settings: dict[str, Any] = {
        "memory_limit": "1GB",
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
    }
    try:
        with duckdb.connect(config=settings) as connection:
            connection.execute("SET TimeZone = 'UTC'")
            relation = connection.execute(
                "SELECT COLUMNS(*)::VARCHAR FROM read_parquet(?) LIMIT ?", [str(path), ROW_LIMIT + 1]
            )
            header = tuple(column[0] for column in relation.description or ())
            found = relation.fetchall()
    except duckdb.Error as error:
        raise UsageError(f"{name}: not a Parquet file that can be read ({str(error).splitlines()[0]}).") from error
    _within(name, len(found) - 1)
    rows = (
        Row(where=f"row {number}", values={field: cell or "" for field, cell in zip(header, cells, strict=True)})
        for number, cells in enumerate(found, start=1)
    )
    return Report(name=name, seen=header, rows=rows)
