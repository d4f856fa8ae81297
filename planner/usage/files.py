"""Find usage files and tell what they are by their content: kind, compression, fields, digest."""

import csv
import glob
import gzip
import hashlib
import io
import json
import os
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import zstandard

from planner.errors import UsageError

FileKind = Literal["csv", "jsonl", "parquet"]
Compression = Literal["none", "gzip", "zstd"]

HEAD_BYTES: Final = 1 << 20
CHUNK_BYTES: Final = 1 << 20
ZSTD_FEED_BYTES: Final = 4096
HASH_SPAN_BYTES: Final = 64 << 20
EXPANDED_LIMIT_BYTES: Final = 64 << 30
NESTING_LIMIT: Final = 6
SAMPLE_ROWS: Final = 1000

_SUFFIXES: Final = (".csv", ".jsonl", ".ndjson", ".json", ".parquet", ".pq")
_PACKED: Final = (".gz", ".gzip", ".zst", ".zstd")
_REFUSED: Final[Mapping[bytes, str]] = {
    b"PK\x03\x04": "a zip archive or an Excel workbook. Export it as CSV",
    b"\xd0\xcf\x11\xe0": "an old or an encrypted Excel workbook. Export it as CSV",
    b"%PDF": "a PDF. Export the log as CSV or JSONL",
    b"BZh": "compressed with bzip2. Use gzip or zstd",
    b"\xfd7zXZ": "compressed with xz. Use gzip or zstd",
    b"SQLite": "a SQLite database. Export the table as CSV",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LogFile:
    """One usage file: what it is by content, and the first rows of it.

    name: as shown in messages. path: where the bytes are. sample: the first rows as field -> text.
    fields: field name -> the keys that lead to it; nested names are dotted paths, and a key may hold dots itself.
    Empty for Parquet, whose own schema says it. has_rows: anything follows the header.
    """

    name: str
    path: Path
    kind: FileKind
    compression: Compression
    fields: Mapping[str, tuple[str, ...]]
    sample: tuple[Mapping[str, str], ...]
    has_rows: bool
    has_byte_order_mark: bool
    sha256: str

    @property
    def stem(self) -> str:
        """The file's name without folder, compression ending and kind ending."""
        stem = Path(self.name).name
        for endings in (_PACKED, _SUFFIXES):
            for ending in endings:
                if stem.lower().endswith(ending):
                    stem = stem[: -len(ending)]
                    break
        return stem


def find_files(sources: Sequence[str], base_dir: Path) -> tuple[list[Path], list[str]]:
    """The files behind paths, globs and folders, each once, sorted within a source; and notes on repeats.

    A folder gives the files below it whose names end like a log (.csv, .jsonl, .parquet, also .gz and .zst);
    hidden files are left out. Errors: UsageError when a source names nothing.
    """
    found: dict[str, Path] = {}
    notes: list[str] = []
    if not sources:
        raise UsageError("No usage file was named. Give files, globs or folders.")
    for source in sources:
        for path in _expand(source, base_dir):
            key = os.path.realpath(path)
            if key in found:
                notes.append(f"{path.name} was named more than once and is read once.")
            else:
                found[key] = path
    return list(found.values()), sorted(set(notes))


def _expand(source: str, base_dir: Path) -> list[Path]:
    if "://" in source:
        raise UsageError(f"{source!r}: only local files, globs and folders can be read. Download the log first.")
    if not source or "\0" in source:
        raise UsageError(f"{source!r} is not a path. Give files, globs or folders.")
    path = base_dir / Path(source).expanduser()
    if path.is_file():
        return [path]
    if path.is_dir():
        return _folder(path)
    matches = [Path(match) for match in sorted(glob.iglob(str(path), recursive=True))]  # noqa: PTH207 (absolute)
    files = [inner for match in matches for inner in (_folder(match) if match.is_dir() else [match])]
    if not files:
        raise UsageError(f"{source!r}: no such file, folder or glob match in {base_dir}.")
    return files


def _folder(folder: Path) -> list[Path]:
    def is_log(path: Path) -> bool:
        name = path.name.lower()
        for ending in _PACKED:
            name = name.removesuffix(ending)
        hidden = any(part.startswith((".", "_")) for part in path.relative_to(folder).parts)
        return path.is_file() and name.endswith(_SUFFIXES) and not hidden

    files = sorted(path for path in folder.rglob("*") if is_log(path))
    if not files:
        endings = ", ".join(_SUFFIXES)
        raise UsageError(f"{folder}: no usage file in this folder (names ending in {endings}, also .gz or .zst).")
    return files


def inspect_file(path: Path, base_dir: Path) -> LogFile | None:
    """What a file is, by its content; None when it holds no bytes. Errors: UsageError when it cannot be a log."""
    name = str(path.relative_to(base_dir)) if path.is_relative_to(base_dir) else str(path)
    try:
        with path.open("rb") as raw:
            magic = raw.read(16)
        if not magic:
            return None
        compression = _compression(magic)
        head, whole = _read_head(path, compression)
    except (OSError, EOFError, zlib.error, zstandard.ZstdError) as error:
        raise UsageError(f"{name}: cannot be read ({error}). The file is damaged or cut off: copy it again.") from error
    if not head:
        return None
    kind = _kind(name, head)
    fields: Mapping[str, tuple[str, ...]] = {}
    sample: tuple[Mapping[str, str], ...] = ()
    mark, has_rows = False, True
    if kind != "parquet":
        text, mark = _text(name, head, whole)
        fields, sample, has_rows = _csv_head(name, text) if kind == "csv" else _json_head(name, text)
    return LogFile(
        name=name,
        path=path.resolve(),
        kind=kind,
        compression=compression,
        fields=fields,
        sample=sample,
        has_rows=has_rows,
        has_byte_order_mark=mark,
        sha256=file_digest(path),
    )


def _compression(magic: bytes) -> Compression:
    if magic.startswith(b"\x1f\x8b"):
        return "gzip"
    return "zstd" if magic.startswith(b"\x28\xb5\x2f\xfd") else "none"


def chunks(path: Path, compression: Compression) -> Iterator[bytes]:
    """The file's bytes, decompressed on the way, in pieces. Errors: EOFError or a codec's own when it is damaged."""
    if compression == "zstd":
        yield from _zstd_chunks(path)
        return
    with gzip.open(path, "rb") if compression == "gzip" else path.open("rb") as stream:
        while part := stream.read(CHUNK_BYTES):
            yield part


def _zstd_chunks(path: Path) -> Iterator[bytes]:
    """The stream reader of the library takes a file cut off inside a frame for a whole one: this does not.

    It feeds few bytes at a time, so that a bomb cannot expand to much in one piece.
    """
    with path.open("rb") as stream:
        frame = zstandard.ZstdDecompressor().decompressobj()
        started = False
        while part := stream.read(ZSTD_FEED_BYTES):
            while part:
                started = True
                expanded = frame.decompress(part)
                if expanded:
                    yield expanded
                part = frame.unused_data if frame.eof else b""
                if frame.eof:
                    frame, started = zstandard.ZstdDecompressor().decompressobj(), False
        if started:
            raise EOFError("the file ends inside a zstd frame")


def _read_head(path: Path, compression: Compression) -> tuple[bytes, bool]:
    parts: list[bytes] = []
    size = 0
    for part in chunks(path, compression):
        parts.append(part)
        size += len(part)
        if size >= HEAD_BYTES:
            return b"".join(parts)[:HEAD_BYTES], False
    return b"".join(parts), True


def _kind(name: str, head: bytes) -> FileKind:
    for magic, what in _REFUSED.items():
        if head.startswith(magic):
            raise UsageError(f"{name} is {what}.")
    if head.startswith(b"PAR1"):
        return "parquet"
    if head.startswith((b"\xff\xfe", b"\xfe\xff")) or head[:400].count(0) > len(head[:400]) // 4:
        raise UsageError(f"{name} is not UTF-8 (it looks like UTF-16). Save it as UTF-8.")
    if head.startswith((b"\x1f\x8b", b"\x28\xb5\x2f\xfd")):
        raise UsageError(f"{name} is compressed twice. Decompress it once.")
    first = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    if first == b"[":
        raise UsageError(f"{name} is one JSON array. Write one object per line (JSONL), for example with jq -c '.[]'.")
    return "jsonl" if first == b"{" else "csv"


def _text(name: str, head: bytes, whole: bool) -> tuple[str, bool]:
    """The head as whole lines of text. A bad byte after the first line is that row's fault, found in the scan."""
    mark = head.startswith(b"\xef\xbb\xbf")
    if not whole:
        head = head[: head.rfind(b"\n") + 1]
        if not head:
            raise UsageError(f"{name}: the first line is longer than {HEAD_BYTES} bytes: not a usage log.")
    text = head.decode("utf-8-sig", errors="replace")
    if "�" in text.partition("\n")[0]:
        raise UsageError(f"{name}: the first line is not UTF-8 (Latin-1 perhaps). Save the file as UTF-8.")
    return text, mark


_Head = tuple[Mapping[str, tuple[str, ...]], tuple[Mapping[str, str], ...], bool]


def _csv_head(name: str, text: str) -> _Head:
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
    return {field: (field,) for field in fields}, tuple(sample), bool(sample)


def _check_header(name: str, fields: tuple[str, ...]) -> None:
    for mark, called in ((";", "semicolons"), ("\t", "tabs"), ("|", "bars")):
        if len(fields) == 1 and mark in fields[0]:
            raise UsageError(
                f"{name} separates its columns by {called}. Export it with commas, and with a point as decimal mark."
            )
    for field in fields:
        if field and fields.count(field) > 1:
            raise UsageError(f"{name} has two columns named {field!r}. Rename one: it is unclear which one counts.")


def _json_head(name: str, text: str) -> _Head:
    fields: dict[str, tuple[str, ...]] = {}
    sample: list[Mapping[str, str]] = []
    lines = [line for line in text.split("\n") if line.strip()]
    if lines and lines[0].strip() == "{":
        raise UsageError(f"{name}: an object spans several lines. Write one object per line, for example with jq -c.")
    for line in lines[:SAMPLE_ROWS]:
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(record, dict):
            flat = list(_flatten(record))
            sample.append({".".join(steps): value for steps, value in flat})
            fields.update((".".join(steps), steps) for steps, _ in flat)
    return fields, tuple(sample), bool(lines)


def _flatten(record: Mapping[str, Any], above: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    for key, value in record.items():
        steps = (*above, key)
        if isinstance(value, dict) and len(steps) < NESTING_LIMIT:
            yield from _flatten(value, steps)
        else:
            yield steps, "" if value is None else str(value)


def file_digest(path: Path) -> str:
    """SHA-256 of a file's bytes, in hex.

    Above 128 MB: of its size, its first 64 MB and its last 64 MB, so that naming the data never costs as
    much as reading it.
    """
    size = path.stat().st_size
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        if size <= 2 * HASH_SPAN_BYTES:
            while part := stream.read(CHUNK_BYTES):
                digest.update(part)
        else:
            digest.update(f"{size}:".encode())
            digest.update(stream.read(HASH_SPAN_BYTES))
            stream.seek(-HASH_SPAN_BYTES, os.SEEK_END)
            digest.update(stream.read(HASH_SPAN_BYTES))
    return digest.hexdigest()


def expand(file: LogFile, folder: Path) -> Path:
    """Write the file's decompressed bytes, without a byte order mark, into the folder; gives the new path."""
    target = folder / f"{file.sha256}.{file.kind}"
    size = 0
    first = True
    with target.open("wb") as out:
        for part in chunks(file.path, file.compression):
            size += len(part)
            if size > EXPANDED_LIMIT_BYTES:
                raise UsageError(f"{file.name} expands to more than {EXPANDED_LIMIT_BYTES >> 30} GB. Split it.")
            out.write(part.removeprefix(b"\xef\xbb\xbf") if first else part)
            first = False
    return target


def text_lines(file: LogFile) -> Iterator[str]:
    """The physical lines of a text file with their ends; bytes that are not UTF-8 are replaced."""
    rest = b""
    for part in chunks(file.path, file.compression):
        *lines, rest = (rest + part).split(b"\n")
        for line in lines:
            yield line.decode(errors="replace") + "\n"
    if rest:
        yield rest.decode(errors="replace")


def check_whole(file: LogFile, is_stopped: Callable[[], bool]) -> None:
    """Decompress the file to nowhere, until asked to stop. Errors: UsageError when it is cut off or its check sum is
    wrong."""
    try:
        for _ in chunks(file.path, file.compression):
            if is_stopped():
                return
    except (OSError, EOFError, zlib.error, zstandard.ZstdError) as error:
        raise UsageError(
            f"{file.name}: cannot be read to its end ({error}). The file is damaged or cut off: copy it again."
        ) from error
