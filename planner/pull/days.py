"""Pulled days on disk: one file for each UTC day and kind, in the shape that the endpoint's own reply has.

FOLDER/usage-2026-06-01.json and FOLDER/cost-2026-06-01.json; a day without use is a file without rows, a day that was
not pulled has no file. FOLDER/pull.json says what was asked, never the key. Each file is written whole or not at all.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any, Final

from planner.errors import InputError, UsageError
from planner.pull.request import Kind
from planner.pull.rows import CostSums, UsageSums, cost_sums, moment, row_day, usage_sums
from planner.usage.folders import PULL_RECORD
from planner.whole_file import write_whole

SETTLING: Final = timedelta(days=1)
"""How long after its end a day may still be filled in: a reply from before that is asked for again."""

_FORMAT: Final = "commit-planner pull 1"
_DAY_FILE: Final = re.compile(r"(usage|cost)-(\d{4}-\d{2}-\d{2})\.json")
_LEFTOVER: Final = re.compile(r"\.((usage|cost)-\d{4}-\d{2}-\d{2}|pull)\.json\.\w+")
_REMEDY: Final = "make room there or give another folder"


@dataclass(frozen=True, slots=True, kw_only=True)
class PulledDay:
    """One day of one kind: its rows, what they add up to, and when the endpoint's data was last filled in, in UTC."""

    kind: Kind
    day: date
    rows: int
    refreshed_at: datetime | None
    sums: UsageSums | CostSums

    @property
    def is_settled(self) -> bool:
        """Whether the data was filled in so long after the day's end that nothing more is expected."""
        end = datetime.combine(self.day, time(), tzinfo=UTC) + timedelta(days=1)
        return self.refreshed_at is not None and self.refreshed_at >= end + SETTLING


@dataclass(frozen=True, slots=True, kw_only=True)
class PullRecord:
    """What a folder was pulled with. windows: a row for each range that was asked for: kind, starting_at, ending_at,
    pulled_at, data_refreshed_at, rows."""

    group_by: tuple[str, ...]
    sdk: str
    time_bucket_width: str = "1d"
    organization_id: str | None = None
    windows: tuple[Mapping[str, Any], ...] = ()

    def with_window(self, window: Mapping[str, Any]) -> "PullRecord":
        """With one more range; it takes the place of an earlier pull of the same one."""
        names = ("kind", "starting_at", "ending_at")
        others = [row for row in self.windows if any(row.get(name) != window[name] for name in names)]
        return replace(self, windows=(*others, window))


def day_path(folder: Path, kind: Kind, day: date) -> Path:
    """Where a day is kept."""
    return folder / f"{kind}-{day.isoformat()}.json"


def days_there(folder: Path, kind: Kind) -> list[date]:
    """The days of a kind that a folder has, in order, by the names of its files."""
    found = [_DAY_FILE.fullmatch(path.name) for path in folder.iterdir()] if folder.is_dir() else []
    return sorted(date.fromisoformat(match[2]) for match in found if match is not None and match[1] == kind)


def checked_day(
    kind: Kind, day: date, rows: Sequence[Any], refreshed_at: datetime | None, group_by: Sequence[str], place: str
) -> PulledDay:
    """A day from its rows. Errors: UsageError naming the place for rows of another day or without what they need."""
    for number, row in enumerate(rows, 1):
        found = row_day(row, f"{place}, row {number}")
        if found != day:
            raise UsageError(f"{place}, row {number} is of {found} and not of {day}")
    add = usage_sums if kind == "usage" else cost_sums
    return PulledDay(
        kind=kind, day=day, rows=len(rows), refreshed_at=refreshed_at, sums=add(rows, group_by, f"{place}, {day}")
    )


def write_day(folder: Path, pulled: PulledDay, rows: Sequence[Any]) -> None:
    """Keep a day as the endpoint would answer for it alone. Errors: InputError where it cannot be written."""
    reply = {
        "data": rows,
        "has_more": False,
        "next_page": None,
        "data_refreshed_at": None if pulled.refreshed_at is None else utc_text(pulled.refreshed_at),
    }
    text = json.dumps(reply, ensure_ascii=False, allow_nan=False) + "\n"
    write_whole(day_path(folder, pulled.kind, pulled.day), text, remedy=_REMEDY)


def read_day(folder: Path, kind: Kind, day: date, group_by: Sequence[str]) -> PulledDay | None:
    """A day that is kept; None where it was not pulled.

    Errors: UsageError for a file that was changed since, with the remedy.
    """
    path = day_path(folder, kind, day)
    if not path.exists():
        return None
    remedy = f"delete {path}, and it is pulled again"
    reply = _object(path, remedy)
    try:
        rows = reply.get("data")
        if not isinstance(rows, list):
            raise UsageError(f"{path} has no list named data")
        refreshed_at = moment(reply.get("data_refreshed_at"), f"{path}, data_refreshed_at")
        return checked_day(kind, day, rows, refreshed_at, group_by, str(path))
    except UsageError as error:
        raise UsageError(f"{error}; {remedy}") from None


def read_record(folder: Path) -> PullRecord | None:
    """What a folder was pulled with; None for a folder that is new.

    Errors: UsageError for a folder whose days nothing describes, and for a record that was changed.
    """
    path = folder / PULL_RECORD
    if not path.exists():
        if days_there(folder, "usage") or days_there(folder, "cost"):
            raise UsageError(f"{folder} has pulled days but no {PULL_RECORD} that says of what; give an empty folder")
        return None
    found = _object(path, "give an empty folder")
    group_by, windows = found.get("group_by"), found.get("windows")
    if found.get("format") != _FORMAT or not isinstance(group_by, list) or not isinstance(windows, list):
        raise UsageError(f"{path} is no record of a pull that this version can go on with; give an empty folder")
    return PullRecord(
        group_by=tuple(map(str, group_by)),
        sdk=str(found.get("sdk")),
        time_bucket_width=str(found.get("time_bucket_width")),
        organization_id=found.get("organization_id"),
        windows=tuple(windows),
    )


def write_record(folder: Path, record: PullRecord) -> None:
    """Keep what was asked. Errors: InputError where it cannot be written."""
    text = json.dumps({"format": _FORMAT, **asdict(record)}, indent=2) + "\n"
    write_whole(folder / PULL_RECORD, text, remedy=_REMEDY)


def prepare_folder(folder: Path) -> None:
    """Make the folder where there is none, and clear half-written files of a pull that was killed.

    Errors: InputError where it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path in folder.iterdir():
            if _LEFTOVER.fullmatch(path.name):
                path.unlink(missing_ok=True)
    except OSError as error:
        raise InputError(f"cannot write into {folder}: {error.strerror}; {_REMEDY}") from None


def kept_words(folder: Path) -> str:
    """Which days a folder keeps, and how to go on, in a sentence or two."""
    kinds: tuple[Kind, ...] = ("usage", "cost")
    parts = []
    for kind in kinds:
        if days := days_there(folder, kind):
            parts.append(f"{kind} of {len(days)} {'day' if len(days) == 1 else 'days'} ({days[0]} to {days[-1]})")
    kept = f"{folder} keeps {' and '.join(parts)}" if parts else f"No day is finished in {folder} yet"
    return f"{kept}. To go on, pull again with the same settings: days that are kept are not asked for again."


def utc_text(when: datetime) -> str:
    """A moment as the endpoint writes it."""
    return when.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _object(path: Path, remedy: str) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}; make it readable") from None
    except ValueError:
        raise UsageError(f"{path} is no JSON; {remedy}") from None
    if not isinstance(found, dict):
        raise UsageError(f"{path} is no JSON object; {remedy}")
    return found
