"""The bytes of a log file: how it is compressed, its pieces, its head, its digest."""

import gzip
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Literal

import zstandard

Compression = Literal["none", "gzip", "zstd"]

HEAD_BYTES: Final = 1 << 20
CHUNK_BYTES: Final = 1 << 20
ZSTD_FEED_BYTES: Final = 4096
HASH_SPAN_BYTES: Final = 64 << 20


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
