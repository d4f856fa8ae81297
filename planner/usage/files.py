"""Tell what a usage file is by its content: kind, compression, fields, how its records lie, digest."""

import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, Literal

import zstandard
from pyarrow import ArrowException, parquet

from planner.errors import UsageError
from planner.usage.documents import Document
from planner.usage.folders import shown_name, stem
from planner.usage.formats import Binding
from planner.usage.heads import CSV_LINE_LIMIT_BYTES, Head, csv_head, json_head
from planner.usage.streams import HEAD_BYTES, Compression, chunks, compression_of, file_digest, long_line, read_head

FileKind = Literal["csv", "jsonl", "parquet"]

EXPANDED_LIMIT_BYTES: Final = 64 << 30

LINE_LIMIT_BYTES: Final[Mapping[FileKind, int]] = {"csv": CSV_LINE_LIMIT_BYTES, "jsonl": 16_000_000}
"""The engine drops longer lines of CSV without a word where it has no room for them, and reads no longer JSON."""
_TOO_LONG: Final[Mapping[FileKind, str]] = {
    "csv": "more than 2 MB. Leave the texts out of the export, or look for a quote that is opened and not closed.",
    "jsonl": "more than 16 MB. Leave the texts out of the export, or write one record per line.",
}

_EXPORT: Final = "Export the log as CSV, JSONL or Parquet"
_REFUSED: Final[Mapping[bytes, str]] = {
    b"PK\x03\x04": "a zip archive or an Excel workbook. Export it as CSV",
    b"\xd0\xcf\x11\xe0": "an old or an encrypted Excel workbook. Export it as CSV",
    b"%PDF": "a PDF. Export the log as CSV or JSONL",
    b"BZh": "compressed with bzip2. Use gzip or zstd",
    b"\xfd7zXZ": "compressed with xz. Use gzip or zstd",
    b"SQLite": "a SQLite database. Export the table as CSV",
    b"\x04\x22\x4d\x18": "compressed with lz4. Use gzip or zstd",
    b"Obj\x01": f"an Avro file. {_EXPORT}",
    b"ORC": f"an ORC file. {_EXPORT}",
    b"ARROW1": f"an Arrow file. {_EXPORT}",
    b"\x89PNG": f"a picture. {_EXPORT}",
    b"\xff\xd8\xff": f"a picture. {_EXPORT}",
    b"GIF8": f"a picture. {_EXPORT}",
    b"\x7fELF": f"a program. {_EXPORT}",
    b"PARE": "an encrypted Parquet file. Export it without encryption",
}
"""What a file begins with -> what it is, and what to do."""

_TAR_AT: Final = 257
_MARK: Final = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True, kw_only=True)
class LogFile:
    """One usage file: what it is by content, and the first rows of it.

    name: as shown in messages. path: where the bytes are. sample: the first rows as field -> text.
    fields: field name -> the keys that lead to it; nested names are dotted paths, and a key may hold dots itself.
    Empty for Parquet, whose own schema says it. inner: field inside a JSON text -> the field of the text, and the keys
    inside. has_rows: anything follows the header. document: how records lie in JSON that is not one record per line.
    reads: what of a document may be read. is_flat: it is what was written of a document, every field a key of its own.
    note: what to say of it.
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
    inner: Mapping[str, tuple[str, tuple[str, ...]]] = field(default_factory=dict)
    document: Document | None = None
    reads: Binding | None = None
    is_flat: bool = False
    note: str = ""

    @property
    def is_idle(self) -> bool:
        """Whether it is a document of a known kind whose list of records is empty."""
        return self.document is not None and bool(self.document.rows) and not self.has_rows

    @property
    def stem(self) -> str:
        """The file's name without folder, compression ending and kind ending."""
        return stem(self.name)


def inspect_file(path: Path, base_dir: Path) -> LogFile | None:
    """What a file is, by its content; None when it holds no bytes. Errors: UsageError when it cannot be a log."""
    name = shown_name(path, base_dir)
    try:
        with path.open("rb") as raw:
            magic = raw.read(16)
        if not magic:
            return None
        compression = compression_of(magic)
        head, whole = read_head(path, compression)
    except (OSError, EOFError, zlib.error, zstandard.ZstdError) as error:
        raise UsageError(f"{name}: cannot be read ({error}). The file is damaged or cut off: copy it again.") from error
    if not head:
        return None
    kind = _kind(name, head)
    found, mark = _NO_HEAD, False
    if kind == "parquet":
        found = replace(_NO_HEAD, has_rows=compression != "none" or parquet_rows(path, name) > 0)
    else:
        text, mark = _text(name, head, whole, kind)
        found = csv_head(name, text, whole=whole) if kind == "csv" else json_head(name, text, whole=whole)
    return LogFile(
        name=name,
        path=path.resolve(),
        kind=kind,
        compression=compression,
        fields=found.fields,
        sample=found.sample,
        has_rows=found.has_rows,
        has_byte_order_mark=mark,
        sha256=file_digest(path),
        inner=found.inner,
        document=found.document,
    )


def parquet_rows(path: Path, name: str) -> int:
    """The number of rows of a plain Parquet file. Errors: UsageError where its end, which says that, is not there."""
    try:
        return int(parquet.read_metadata(path).num_rows)
    except (OSError, ArrowException) as error:
        raise UsageError(
            f"{name}: cannot be read at its end, where Parquet says what it holds. The file is damaged or cut off: "
            "copy it again."
        ) from error


_NO_HEAD: Final = Head(fields={}, sample=(), has_rows=True)


def _kind(name: str, head: bytes) -> FileKind:
    for magic, what in _REFUSED.items():
        if head.startswith(magic):
            raise UsageError(f"{name} is {what}.")
    if head[_TAR_AT:].startswith(b"ustar"):
        raise UsageError(f"{name} is a tar archive. Unpack it, and name the files or the folder in it.")
    if head.startswith(_MARK * 2):
        raise UsageError(f"{name} begins with two byte order marks. Save it as UTF-8 without any.")
    if head.startswith(b"PAR1"):
        return "parquet"
    if head.startswith((b"\xff\xfe", b"\xfe\xff")) or head[:400].count(0) > len(head[:400]) // 4:
        raise UsageError(f"{name} is not UTF-8 text ({_guess_of(head)}). Save it as UTF-8.")
    if head.startswith((b"\x1f\x8b", b"\x28\xb5\x2f\xfd")):
        raise UsageError(f"{name} is compressed twice. Decompress it once.")
    _check_markup(name, head.removeprefix(_MARK).lstrip()[:400].lower())
    return "jsonl" if head.removeprefix(_MARK).lstrip()[:1] in (b"{", b"[") else "csv"


def _guess_of(head: bytes) -> str:
    """What text with many NUL bytes is: two or four bytes for each character, or no text at all."""
    is_wide = head.startswith((b"\xff\xfe", b"\xfe\xff", b"\0\0\xfe\xff")) or head[:2].count(0) == 1
    return "it looks like UTF-16" if is_wide else "it looks like data of a program, or like UTF-16 or UTF-32"


def _check_markup(name: str, start: bytes) -> None:
    if start.startswith((b"<!doctype html", b"<html", b"<head")):
        raise UsageError(
            f"{name} is a web page, as a download that failed or asked to sign in leaves one. Download the log again."
        )
    if start.startswith((b"<?xml", b"<!doctype")):
        raise UsageError(f"{name} is XML. {_EXPORT}.")


def _text(name: str, head: bytes, whole: bool, kind: FileKind) -> tuple[str, bool]:
    """The head as whole lines of text, if it has a line's end. A bad byte after the first line is that row's fault,
    found in the scan."""
    mark = head.startswith(_MARK)
    if not whole:
        head = head[: head.rfind(b"\n") + 1] or head
        if b"\n" not in head and kind == "csv":
            raise UsageError(f"{name}: the first line is longer than {HEAD_BYTES} bytes: not a usage log.")
    text = head.decode("utf-8-sig", errors="replace")
    if "�" in text.partition("\n")[0]:
        raise UsageError(f"{name}: the first line is not UTF-8 (Latin-1 perhaps). Save the file as UTF-8.")
    return text, mark


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
            out.write(part.removeprefix(_MARK) if first else part)
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
    """Look for a line that no engine reads, through all of a compressed file, until asked to stop.

    Errors: UsageError for such a line, and where a compressed file is cut off or its check sum is wrong.
    """
    limit = LINE_LIMIT_BYTES[file.kind]
    try:
        number = long_line(file.path, file.compression, limit, is_stopped)
    except (OSError, EOFError, zlib.error, zstandard.ZstdError) as error:
        raise UsageError(
            f"{file.name}: cannot be read to its end ({error}). The file is damaged or cut off: copy it again."
        ) from error
    if number is not None:
        raise UsageError(f"{file.name}, line {number}: the line is far too long, {_TOO_LONG[file.kind]}")
