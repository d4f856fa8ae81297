"""Which files a source names: paths, globs and folders."""

import glob
import os
from collections.abc import Sequence
from fnmatch import fnmatch
from functools import cache
from pathlib import Path
from typing import Final

from planner.errors import UsageError
from planner.usage.secrets import masked

_SUFFIXES: Final = (".csv", ".jsonl", ".ndjson", ".json", ".parquet", ".pq")
_PACKED: Final = (".gz", ".gzip", ".zst", ".zstd")

PULL_RECORD: Final = "pull.json"
"""In a folder that `planner pull` made, beside a file for each day of usage and for each day of costs."""
PULLED_USAGE: Final = "usage-*.json"
PULLED_COSTS: Final = "cost-*.json"


MONTH_LOG_SUFFIX: Final = ".track.jsonl"
"""How the log of months that `planner track` keeps beside a plan is named: sums, and no usage log."""


def stem(name: str) -> str:
    """A file's name without folder, compression ending and kind ending."""
    short = Path(name).name
    for endings in (_PACKED, _SUFFIXES):
        for ending in endings:
            if short.lower().endswith(ending):
                short = short[: -len(ending)]
                break
    return short


def shown_name(path: Path, base_dir: Path) -> str:
    """A file's name in messages, below the base folder, in one line whatever it is made of."""
    name = str(path.relative_to(base_dir)) if path.is_relative_to(base_dir) else str(path)
    return one_line(name)


def one_line(name: str) -> str:
    """A name with what cannot be printed in it written as Python writes it, and what looks like a key as a digest."""
    return "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in masked(name))


def find_files(sources: Sequence[str], base_dir: Path, *, pulled: str = PULLED_USAGE) -> tuple[list[Path], list[str]]:
    """The files behind paths, globs and folders, each once, sorted within a source; and notes on repeats.

    A folder gives the files below it whose names end like a log (.csv, .jsonl, .parquet, also .gz and .zst);
    hidden files are left out, and so is a log of tracked months that no source names itself. Of a folder that
    `planner pull` made, named itself or below the one that is named, only the files that are like `pulled`. Errors:
    UsageError when a source names nothing, or a file whose name is no text.
    """
    found: dict[str, Path] = {}
    notes: list[str] = []
    if not sources:
        raise UsageError("No usage file was named. Give files, globs or folders.")
    for source in sources:
        for path in _expand(source, base_dir, pulled):
            _check_name(path)
            key = os.path.realpath(path)
            if key in found:
                notes.append(f"{one_line(path.name)} was named more than once and is read once.")
            else:
                found[key] = path
    return list(found.values()), sorted(set(notes))


def _expand(source: str, base_dir: Path, pulled: str) -> list[Path]:
    if "://" in source:
        raise UsageError(
            f"{masked(source)!r}: only local files, globs and folders can be read. Download the log first."
        )
    if not source or "\0" in source:
        raise UsageError(f"{source!r} is not a path. Give files, globs or folders.")
    path = base_dir / Path(source).expanduser()
    if path.is_file():
        return [path]
    if path.is_dir():
        return _folder(path, pulled)
    matches = [Path(match) for match in sorted(glob.iglob(str(path), recursive=True))]  # noqa: PTH207 (absolute)
    found = [path for path in matches if not _is_month_log(path)]
    files = [inner for match in found for inner in (_folder(match, pulled) if match.is_dir() else [match])]
    if not files:
        raise UsageError(f"{masked(source)!r}: no such file, folder or glob match in {base_dir}.")
    return files


def _is_month_log(path: Path) -> bool:
    return path.name.endswith(MONTH_LOG_SUFFIX)


def _check_name(path: Path) -> None:
    try:
        str(path).encode()
    except UnicodeEncodeError:
        raise UsageError(f"{one_line(str(path))}: the name is not UTF-8 text. Rename the file or its folder.") from None


def _folder(folder: Path, pulled: str) -> list[Path]:
    @cache
    def is_pull(parent: Path) -> bool:
        return (parent / PULL_RECORD).is_file()

    def is_log(path: Path) -> bool:
        name = path.name.lower()
        for ending in _PACKED:
            name = name.removesuffix(ending)
        hidden = any(part.startswith((".", "_")) for part in path.relative_to(folder).parts)
        is_wanted = name.endswith(_SUFFIXES) and not hidden and path.is_file() and not _is_month_log(path)
        return is_wanted and (not is_pull(path.parent) or fnmatch(path.name, pulled))

    files = sorted(path for path in folder.rglob("*") if is_log(path))
    if not files and is_pull(folder):
        raise UsageError(f"{folder}: `planner pull` made this folder, and there is no {pulled} in it. Pull them first.")
    if not files:
        endings = ", ".join(_SUFFIXES)
        raise UsageError(f"{folder}: no usage file in this folder (names ending in {endings}, also .gz or .zst).")
    return files
