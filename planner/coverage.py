"""Which months a log covers wholly, and how much time it covers in all."""

import calendar
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Final

HOURS_PER_DAY: Final = 24.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """The months of a log.

    complete: wholly covered. incomplete: begun or ended inside. missing: between others, without any record.
    gap_days: the usual distance between days with records (1 for a daily log, 7 for weekly buckets).
    span_days: time covered from the first to the last record, in days. middle: its centre, as a month index.
    holes: stretches inside the log without records that are long for it, as (last day before, first day after).
    """

    complete: tuple[str, ...]
    incomplete: tuple[str, ...]
    missing: tuple[str, ...]
    gap_days: int
    span_days: float
    middle: float
    holes: tuple[tuple[date, date], ...]


def month_of(day: date) -> str:
    """The calendar month as YYYY-MM."""
    return f"{day.year:04d}-{day.month:02d}"


def month_index(month: str) -> int:
    """Whole months since year 0, from YYYY-MM."""
    return int(month[:4]) * 12 + int(month[5:7]) - 1


def first_day(month: str) -> date:
    """The first day of a month YYYY-MM."""
    return date(int(month[:4]), int(month[5:7]), 1)


def days_in(month: str) -> int:
    """How many days a month YYYY-MM has."""
    return calendar.monthrange(int(month[:4]), int(month[5:7]))[1]


def last_day(month: str) -> date:
    """The last day of a month YYYY-MM."""
    return first_day(month) + timedelta(days=days_in(month) - 1)


def months_between(first: str, last: str) -> list[str]:
    """Every month from first to last, both included."""
    return [f"{index // 12:04d}-{index % 12 + 1:02d}" for index in range(month_index(first), month_index(last) + 1)]


def coverage(
    days: Sequence[date],
    *,
    first: datetime,
    last: datetime,
    window: tuple[date | None, date | None] = (None, None),
) -> Coverage:
    """Judge the months of a log by the days that have records.

    days: distinct days with records, ascending. first, last: the first and the last time stamp. window: the
    days the user asked for, inclusive.

    gap = the 90th percentile (the higher value) of the distances between consecutive days with records, 1 below
    three distinct days. The first month is complete when first day - gap is before it; the last, when last
    day + gap is after it; so daily, weekly and monthly buckets are judged alike. A month that the window does
    not wholly hold is incomplete. A month without records between others is missing.
    """
    gap = usual_gap(days)
    present = sorted({month_of(day) for day in days})
    complete: list[str] = []
    incomplete: list[str] = []
    for month in present:
        cut = (window[0] is not None and window[0] > first_day(month)) or (
            window[1] is not None and window[1] < last_day(month)
        )
        begun = month != present[0] or days[0] - timedelta(days=gap) < first_day(month)
        ended = month != present[-1] or days[-1] + timedelta(days=gap) > last_day(month)
        (complete if begun and ended and not cut else incomplete).append(month)
    span = span_days(first, last, gap)
    centre = first + (last - first) / 2
    if span >= 2:
        centre = datetime.combine(days[0], datetime.min.time(), tzinfo=first.tzinfo) + timedelta(days=span / 2)
    return Coverage(
        complete=tuple(complete),
        incomplete=tuple(incomplete),
        missing=tuple(month for month in months_between(present[0], present[-1]) if month not in present),
        gap_days=gap,
        span_days=span,
        middle=_as_month_index(centre),
        holes=tuple((before, after) for before, after in pairwise(days) if (after - before).days > max(3, 2 * gap)),
    )


def usual_gap(days: Sequence[date]) -> int:
    """The 90th percentile, higher value, of the day gaps between consecutive days; 1 below three days.

    Two days a month apart are monthly buckets, the one spacing that two days can show.
    """
    gaps = sorted((after - before).days for before, after in pairwise(days))
    if len(days) < 3:
        return gaps[0] if gaps and 28 <= gaps[0] <= 31 else 1
    return gaps[math.ceil(0.9 * (len(gaps) - 1))]


def span_days(first: datetime, last: datetime, gap_days: int) -> float:
    """Covered time in days: whole days from the first to the last, the last one reaching a gap further.

    Below two days it is the hours between the time stamps, at least one; except where all stamps are midnight,
    which is how daily buckets are dated: then whole days.
    """
    days = (last.date() - first.date()).days + gap_days
    buckets = _is_midnight(first) and _is_midnight(last)
    hours = (last - first).total_seconds() / 3600
    if buckets or hours >= 2 * HOURS_PER_DAY:
        return float(days)
    return max(hours, 1.0) / HOURS_PER_DAY


def _is_midnight(moment: datetime) -> bool:
    return (moment.hour, moment.minute, moment.second, moment.microsecond) == (0, 0, 0, 0)


def _as_month_index(moment: datetime) -> float:
    """A moment on the scale on which the middle of a month is its whole index."""
    month = month_of(moment.date())
    passed = (moment.day - 1 + moment.hour / HOURS_PER_DAY + moment.minute / 1440) / days_in(month)
    return month_index(month) + passed - 0.5
