"""The log of tracked months beside a plan: lines are added and never changed, so that old forecasts can be judged.

One run that has something new adds one line, in one write under a lock, and syncs it. What a kill leaves of a line is
skipped when the log is read and said, and the next line begins below it.
"""

import fcntl
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from planner.errors import InputError
from planner.tracking.actual import ActualMonth
from planner.tracking.months.log_lines import MARK, Entry, Fan, as_line, entry_of
from planner.tracking.months.merging import merged
from planner.tracking.result import PastForecast
from planner.units import FloatArray
from planner.usage.folders import MONTH_LOG_SUFFIX

LOG_SUFFIX: Final = MONTH_LOG_SUFFIX
_ELSEWHERE: Final = "choose another log with --log, or keep none with --no-log"
_MOST_BYTES: Final = 256 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthLog:
    """What was tracked so far. entries: every line, oldest first. notes: what has to be said of the file."""

    entries: tuple[Entry, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def months(self) -> tuple[ActualMonth, ...]:
        """Every month as it was last said, in order."""
        found = {month.month: month for entry in self.entries for month in entry.months}
        return tuple(found[name] for name in sorted(found))

    @property
    def forecasts(self) -> tuple[PastForecast, ...]:
        """The forecasts as they were made, oldest first."""
        return tuple(entry.forecast for entry in self.entries if entry.forecast is not None)

    @property
    def fan(self) -> Fan | None:
        """The fan of the plan when it was first tracked; None where nothing says it."""
        return next((entry.fan for entry in self.entries if entry.fan is not None), None)

    def plan_notes(self, plan_sha256: str) -> tuple[str, ...]:
        """What has to be said where the plan is not the one that was first tracked."""
        if not self.entries or self.entries[0].plan_sha256 == plan_sha256:
            return ()
        return (
            f"The plan file is not the one that was first tracked, on {self.entries[0].on}: months are shown beside "
            "the fan of then, and the forecast is of the plan as it is now.",
        )


def default_log(plan: Path) -> Path:
    """Where the months of a plan are kept unless told."""
    return plan.with_name(plan.stem + LOG_SUFFIX)


def read_log(path: Path) -> MonthLog:
    """The log at a path; an empty one where there is none.

    Errors: InputError for a file that is no log of months, is damaged, or was written by a newer version.
    """
    try:
        if not path.exists():
            return MonthLog()
        if not path.is_file():
            raise InputError(f"{path} is no file; {_ELSEWHERE}")
        if path.stat().st_size > _MOST_BYTES:
            raise InputError(f"{path} is larger than {_MOST_BYTES >> 20} MB: no log of months; {_ELSEWHERE}")
        return _parsed(path, path.read_bytes())
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}; {_ELSEWHERE}") from None


def _parsed(path: Path, content: bytes) -> MonthLog:
    entries, notes = [], []
    for number, line in enumerate(content.split(b"\n"), start=1):
        if not line.strip():
            continue
        place = f"{path}, line {number}"
        whole = _object(line)
        if whole is not None:
            entries.append(entry_of(whole, place))
        elif _is_torn(line):
            notes.append(f"{place}: a stop in the middle left only a part of this line; it is skipped.")
        else:
            raise InputError(f"{place}: no line of a log of tracked months; {_ELSEWHERE}")
    return MonthLog(entries=tuple(entries), notes=tuple(notes))


def _object(line: bytes) -> dict[str, Any] | None:
    try:
        whole = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return whole if isinstance(whole, dict) and "track" in whole else None


def _is_torn(line: bytes) -> bool:
    """Whether it is the beginning of one of our lines and not the whole of anything."""
    mark = MARK.encode()
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return line.startswith(mark) or mark.startswith(line)
    return False


def append(path: Path, entry: Entry) -> tuple[str, ...]:
    """Add a line of what is new in an entry's months; YYYY-MM of those, none where nothing is and nothing is written.

    Then the file is not touched. The fan is kept in the first line only. What another run added meanwhile is read
    first, so that a month is not written twice. Errors: InputError where the log cannot be written, and those of
    read_log.
    """
    if not entry.months:
        return ()
    try:
        file = os.open(path, os.O_CREAT | os.O_RDWR | os.O_APPEND | os.O_CLOEXEC, 0o666)
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror or error}; {_ELSEWHERE}") from None
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        content = _content(file)
        log = _parsed(path, content)
        found = merged(log.months, entry.months)
        if found.new:
            kept = tuple(month for month in found.months if month.month in found.new)
            line = as_line(replace(entry, months=kept, fan=None if log.fan is not None else entry.fan))
            begin = b"\n" if content and not content.endswith(b"\n") else b""
            _write(file, begin + line.encode("ascii"))
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror or error}; {_ELSEWHERE}") from None
    finally:
        os.close(file)
    return found.new


def _content(file: int) -> bytes:
    size = os.fstat(file).st_size
    found = b""
    while len(found) < size and (part := os.pread(file, size - len(found), len(found))):
        found += part
    return found


def _write(file: int, line: bytes) -> None:
    """All of a line, synced."""
    while line:
        line = line[os.write(file, line) :]
    os.fsync(file)


def fan_as_signed(months: Sequence[str], fan_usd: FloatArray, log: MonthLog) -> FloatArray:
    """P10, P50 and P90 of the months of a plan, shape (3, n_months): as first tracked where the log has the month.

    fan_usd: of the plan as it is now. months: YYYY-MM of its columns.
    """
    found, kept = fan_usd.copy(), log.fan or {}
    for column, month in enumerate(months):
        if month in kept:
            found[:, column] = np.array(kept[month])
    return found
