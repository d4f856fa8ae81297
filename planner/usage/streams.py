"""The bytes of a log file: how it is compressed, its pieces, its head, its digest."""

import gzip
import hashlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, Final, Literal

import zstandard

Compression = Literal["none", "gzip", "zstd"]

HEAD_BYTES: Final = 1 << 20
CHUNK_BYTES: Final = 1 << 20
ZSTD_FEED_BYTES: Final = 4096
HASH_SPAN_BYTES: Final = 64 << 20
_WINDOW_BYTES: Final = 64 << 10


def compression_of(magic: bytes) -> Compression:
    """How a file that begins with these bytes is compressed."""
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


def read_head(path: Path, compression: Compression) -> tuple[bytes, bool]:
    """The first HEAD_BYTES of the decompressed file, and whether that is all of it."""
    parts: list[bytes] = []
    size = 0
    for part in chunks(path, compression):
        parts.append(part)
        size += len(part)
        if size >= HEAD_BYTES:
            return b"".join(parts)[:HEAD_BYTES], False
    return b"".join(parts), True


def long_line(path: Path, compression: Compression, limit: int, is_stopped: Callable[[], bool]) -> int | None:
    """The number of the first line longer than `limit` bytes, from 1; None where there is none, or when asked to stop.

    limit: CHUNK_BYTES or more. A compressed file is read to its end, with the errors of `chunks` when it is damaged; of
    a plain one some kilobytes for each `limit` bytes, because a line's end in them bounds all lines before it.
    """
    begin = (
        _long_in_plain(path, limit) if compression == "none" else _long_in_packed(path, compression, limit, is_stopped)
    )
    return None if begin is None else _line_at(path, compression, begin, is_stopped)


def _long_in_plain(path: Path, limit: int) -> int | None:
    """Where the first such line begins, in bytes."""
    size, begin = path.stat().st_size, 0
    with path.open("rb") as stream:
        while size - begin > limit:
            end = _last_end(stream, begin, begin + limit + 1)
            if end is None:
                return begin
            begin = end + 1
    return None


def _last_end(stream: BinaryIO, begin: int, stop: int) -> int | None:
    """Where the last line's end in [begin, stop) is."""
    while stop > begin:
        start = max(begin, stop - _WINDOW_BYTES)
        stream.seek(start)
        found = stream.read(stop - start).rfind(b"\n")
        if found >= 0:
            return start + found
        stop = start
    return None


def _long_in_packed(path: Path, compression: Compression, limit: int, is_stopped: Callable[[], bool]) -> int | None:
    begin = size = 0
    for part in _small(chunks(path, compression)):
        first = part.find(b"\n")
        if size + (first if first >= 0 else len(part)) - begin > limit:
            return begin
        if first >= 0:
            begin = size + part.rfind(b"\n") + 1
        size += len(part)
        if is_stopped():
            return None
    return None


def _small(parts: Iterator[bytes]) -> Iterator[bytes]:
    """In pieces so small that a line inside one of them is never too long."""
    for part in parts:
        for start in range(0, len(part), CHUNK_BYTES):
            yield part[start : start + CHUNK_BYTES]


def _line_at(path: Path, compression: Compression, offset: int, is_stopped: Callable[[], bool]) -> int | None:
    number, left = 1, offset
    for part in chunks(path, compression):
        number += part[:left].count(b"\n")
        left -= len(part)
        if left <= 0:
            break
        if is_stopped():
            return None
    return number


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
