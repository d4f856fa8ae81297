"""A file written whole or not at all, so that a stop in the middle cannot leave half of one."""

import os
import tempfile
from codecs import BOM_UTF8
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from planner.errors import InputError


def write_whole(path: Path, text: str, *, remedy: str, like: Path | None = None) -> None:
    """Write a text file in one step; a link is followed.

    like: the file whose line ends and byte-order mark it gets; its own, unless given, and plain ones where there is
    none.
    Errors: InputError naming the file and the remedy where it cannot be written.
    """
    with replacing(path, remedy=remedy) as new:
        new.write_bytes(_as_in(like or path, text))


@contextmanager
def replacing(path: Path, *, remedy: str) -> Iterator[Path]:
    """An empty file beside a path, to be written to: it becomes the file when the block ends, and is gone if it fails.

    A link is followed. An existing file keeps its permissions, a new one gets those that the user's other files have.
    Errors: InputError naming the file and the remedy where it cannot be written.
    """
    if path.exists() and not path.is_file():
        raise InputError(f"cannot write {path}: it is no regular file; {remedy}")
    new = None
    try:
        with tempfile.NamedTemporaryFile(
            "wb", dir=path.resolve().parent, prefix=f".{path.name}.", delete=False
        ) as file:
            new = Path(file.name)
        yield new
        new.chmod(path.stat().st_mode & 0o777 if path.exists() else _usual_mode())
        new.replace(path.resolve())
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror or error}; {remedy}") from None
    finally:
        if new is not None:
            new.unlink(missing_ok=True)


def _usual_mode() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


def _as_in(path: Path, text: str) -> bytes:
    """Text with the line ends and the byte-order mark of a file; where lines end in two ways, as most do there."""
    there = path.read_bytes() if path.is_file() else b""
    lines = text.replace("\r\n", "\n")
    is_windows = 2 * there.count(b"\r\n") > there.count(b"\n")
    mark = BOM_UTF8 if there.startswith(BOM_UTF8) else b""
    return mark + (lines.replace("\n", "\r\n") if is_windows else lines).encode("utf-8")
