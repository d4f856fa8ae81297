"""The folder that the app was started with (`planner app --folder DIR`): the only one whose files pages can read.

A page shows what is below it and picks from that. Whatever comes back from a browser is checked again here, also
where a link leads: nothing outside is read.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from planner.errors import InputError, UsageError
from planner.usage.folders import find_files

VARIABLE: Final = "PLANNER_FOLDER"
LOG_ENDINGS: Final = tuple(
    f"{kind}{packed}"
    for kind in (".csv", ".jsonl", ".ndjson", ".json", ".parquet")
    for packed in ("", ".gz", ".gzip", ".zst", ".zstd")
)
MOST_PLACES: Final = 500
_DEEPEST: Final = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A folder with logs, or a log. path: below the folder that the app was started with, "." for itself."""

    path: str
    logs: int
    is_folder: bool


def root() -> Path | None:
    """The folder that the app was started with, None without one. Errors: InputError where there is no such folder."""
    given = os.environ.get(VARIABLE, "")
    if not given:
        return None
    path = Path(given)
    if not path.is_dir():
        raise InputError(f"{VARIABLE} = {given}: there is no such folder; start the app with one that is there")
    return path.resolve()


def places(folder: Path) -> tuple[list[Place], int]:
    """Folders with logs and logs below a folder, itself first, and how many are not listed.

    Hidden ones, links, and what lies deeper than six folders are left out.
    """
    found: list[Place] = []
    for above, folders, files in os.walk(folder):
        here = Path(above)
        depth = len(here.relative_to(folder).parts)
        folders[:] = sorted(name for name in folders if _is_shown(here / name)) if depth < _DEEPEST else []
        logs = sorted(name for name in files if is_log(name) and _is_shown(here / name))
        if logs:
            found.append(Place(path=_named(here, folder), logs=len(logs), is_folder=True))
            found += [Place(path=_named(here / name, folder), logs=1, is_folder=False) for name in logs]
    if found and not (found[0].is_folder and found[0].path == "."):
        found.insert(0, Place(path=".", logs=sum(not place.is_folder for place in found), is_folder=True))
    return found[:MOST_PLACES], max(0, len(found) - MOST_PLACES)


def is_log(name: str) -> bool:
    """Whether a file's name ends as a log's."""
    return name.lower().endswith(LOG_ENDINGS)


def _is_shown(path: Path) -> bool:
    return not path.name.startswith((".", "_")) and not path.is_symlink()


def _named(path: Path, folder: Path) -> str:
    return path.relative_to(folder).as_posix()


def inside(folder: Path, named: str) -> Path:
    """The path of a name or a pattern below a folder, with everything that it stands for below it too.

    Errors: InputError for a name that leads out of the folder, by itself or by a link, or to nothing.
    """
    refused = InputError(f"'{named}' is not below the folder that the app was started with; pick one from the list")
    if "\0" in named:
        raise refused
    path = (folder / named).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise refused
    try:
        files = find_files([str(path)], folder)[0]
    except UsageError:
        raise InputError(f"'{named}' is no longer there, or holds no log; pick another from the list") from None
    for file in files:
        if not file.resolve().is_relative_to(folder.resolve()):
            raise InputError(f"'{named}' holds a link that leads out of the folder ({file.name}); take it out first")
    return path
