"""A folder on the server for each person, kept between sessions: what they upload and pull, and nobody else's.

Its name is a digest of who they are, so no name that anybody chooses is part of a path.
"""

import logging
import os
import shutil
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from planner.errors import InputError
from planner.ui.hosted.people import Person

VARIABLE: Final = "PLANNER_USERS"
MEGABYTES_VARIABLE: Final = "PLANNER_USER_MEGABYTES"
DAYS_VARIABLE: Final = "PLANNER_USER_DAYS"
_DEFAULT_MEGABYTES: Final = 2000
_DEFAULT_DAYS: Final = 90
_SECONDS_PER_DAY: Final = 86_400
_ONLY_MINE: Final = 0o700
_LOGGER: Final = logging.getLogger(__name__)


def users_root() -> Path | None:
    """The folder above those of all users; None where the server keeps nothing."""
    given = os.environ.get(VARIABLE, "").strip()
    return Path(given).resolve() if given else None


def most_megabytes() -> int:
    """What a person may keep. Errors: InputError."""
    return _whole_number(MEGABYTES_VARIABLE, _DEFAULT_MEGABYTES)


def kept_days() -> int:
    """Days after which a file that was not written again goes. Errors: InputError."""
    return _whole_number(DAYS_VARIABLE, _DEFAULT_DAYS)


def _whole_number(variable: str, default: int) -> int:
    given = os.environ.get(variable, "").strip()
    if not given:
        return default
    if not given.isdecimal() or not int(given):
        raise InputError(f"{variable} = {given}: give a whole number above 0, or leave it out for {default:,}")
    return int(given)


def check_root(root: Path, started_folder: Path | None) -> None:
    """That users' folders can be made, and lie nowhere that pages read. Errors: InputError."""
    if started_folder is not None:
        read = started_folder.resolve()
        if root.is_relative_to(read) or read.is_relative_to(root):
            raise InputError(
                f"{VARIABLE} = {root}: everybody can read what is below --folder {read}; keep the two apart"
            )
    for number in (most_megabytes, kept_days):
        number()  # a wrong one is said at the start, not to a user
    try:
        root.mkdir(mode=_ONLY_MINE, parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{VARIABLE} = {root}: cannot make it: {error.strerror}; name a folder to write to") from None
    if not os.access(root, os.W_OK | os.X_OK):
        raise InputError(f"{VARIABLE} = {root}: this program may not write there; name another, or give it the right")


def folder_of(root: Path, person: Person) -> Path:
    """The folder of a person, made where there is none. Errors: InputError where it is not this program's alone."""
    path = root / person.key
    try:
        root.mkdir(mode=_ONLY_MINE, parents=True, exist_ok=True)
        path.mkdir(mode=_ONLY_MINE, exist_ok=True)
        found = path.lstat()
    except OSError as error:
        _LOGGER.error("cannot make the folder of a user below %s: %s", root, error)
        raise InputError("this server cannot keep your files just now; tell those who run it") from None
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or stat.S_IMODE(found.st_mode) & 0o077:
        _LOGGER.error("%s is no folder of this program's alone", path)
        raise InputError("your folder on this server is not as it should be; tell those who run it")
    return path


def check_room(folder: Path, more_bytes: int) -> None:
    """That as much more may be kept in a folder, where it is a user's. Errors: InputError."""
    root = users_root()
    if root is None or not folder.resolve().is_relative_to(root):
        return
    own = root / folder.resolve().relative_to(root).parts[0]
    most = most_megabytes() * 1_000_000
    if (used := used_bytes(own)) + more_bytes > most:
        raise InputError(
            f"your files on this server would come to {(used + more_bytes) / 1e6:,.0f} MB, and {most / 1e6:,.0f} MB is "
            "the most; remove them under your name in the sidebar, then upload again"
        )


def used_bytes(folder: Path) -> int:
    """What the files of a folder come to."""
    return sum(found.st_size for _, found in _files(folder))


def remove_files(folder: Path) -> None:
    """Everything in a folder, at once."""
    for entry in list(os.scandir(folder)):
        if entry.is_dir(follow_symlinks=False):
            shutil.rmtree(entry.path, ignore_errors=True)
        else:
            Path(entry.path).unlink(missing_ok=True)


def remove_old(root: Path) -> None:
    """Files of all users that were not written for longer than they are kept."""
    oldest = time.time() - kept_days() * _SECONDS_PER_DAY
    for path, found in _files(root):
        if found.st_mtime < oldest:
            path.unlink(missing_ok=True)


def _files(folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """Files below a folder, those that another tab removes meanwhile left out; links are not followed."""
    for above, _, names in os.walk(folder):
        for name in names:
            path = Path(above, name)
            try:
                found = path.lstat()
            except FileNotFoundError:
                continue
            yield path, found
