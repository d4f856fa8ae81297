"""Which files a source names: paths, globs and folders."""

import glob
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from planner.errors import UsageError

_SUFFIXES: Final = (".csv", ".jsonl", ".ndjson", ".json", ".parquet", ".pq")
_PACKED: Final = (".gz", ".gzip", ".zst", ".zstd")


def stem(name: str) -> str:
    """A file's name without folder, compression ending and kind ending."""
    short = Path(name).name
    for endings in (_PACKED, _SUFFIXES):
        for ending in endings:
            if short.lower().endswith(ending):
                short = short[: -len(ending)]
                break
    return short


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
