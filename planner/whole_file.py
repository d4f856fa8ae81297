"""A file written whole or not at all, so that a stop in the middle cannot leave half of one."""

import tempfile
from pathlib import Path

from planner.errors import InputError


def write_whole(path: Path, text: str, *, remedy: str) -> None:
    """Write a text file in one step; an existing one keeps its permissions and line ends, and a link is followed.

    Errors: InputError naming the file and the remedy where it cannot be written.
    """
    if path.exists() and not path.is_file():
        raise InputError(f"cannot write {path}: it is no regular file; {remedy}")
    new = None
    try:
        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", newline="", dir=path.resolve().parent, prefix=f".{path.name}.", delete=False
        ) as file:
            new = Path(file.name)
            file.write(text.replace("\n", "\r\n") if _has_crlf(path) else text)
        if path.exists():
            new.chmod(path.stat().st_mode & 0o777)
        new.replace(path.resolve())
    except OSError as error:
        if new is not None:
            new.unlink(missing_ok=True)
        raise InputError(f"cannot write {path}: {error.strerror}; {remedy}") from None


def _has_crlf(path: Path) -> bool:
    """Whether a file's first line ends as on Windows."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.readline().endswith(b"\r\n")
