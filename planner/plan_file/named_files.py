"""Files beside a plan that it names: their text, and what is wrong where there is none to read."""

from pathlib import Path
from typing import Final

from planner.errors import InputError

MOST_BYTES: Final = 16 * 2**20
"""Size beyond which a file that a plan names is taken for something else than what the plan means by it."""


def named_file(address: str, base_dir: Path, *, place: str) -> Path:
    """Where a file is that a plan names, absolute. place: the key that names it.

    Errors: InputError for an address that is no path of a file.
    """
    if "://" in address:
        raise InputError(f"{place} = '{address}': only files can be read, not addresses; save it beside the plan")
    if "\0" in address:
        raise InputError(f"{place} = {address!r}: a file's name has no NUL character in it; correct it")
    return base_dir / address


def text_of(path: Path, *, place: str) -> str:
    """The text of a file that a plan names. place: the key that names it, with the name as written.

    Errors: InputError naming place, file and remedy for one that is missing, no regular file, too large, or not UTF-8.
    """
    try:
        if not path.is_file():
            what = "is no file" if path.exists() else "is not there"
            raise InputError(f"{place}: {path} {what}; the name is relative to the plan's folder, correct it there")
        if (size := path.stat().st_size) > MOST_BYTES:
            raise InputError(
                f"{place}: {path} has {size:,} bytes, more than {MOST_BYTES:,}; name the file that is meant"
            )
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(f"{place}: {path} is not UTF-8 text; save it as UTF-8") from None
    except (OSError, RuntimeError) as error:  # a loop of links is the latter before Python 3.13
        why = getattr(error, "strerror", None) or "its links lead in a circle"
        raise InputError(f"{place}: cannot read {path}: {why}; name another file, or make it readable") from None
