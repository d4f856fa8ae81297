"""Which days a log of actual usage covers, and what each of them cost."""

from datetime import date, timedelta
from typing import Final

import numpy as np
import pandas as pd

from planner.coverage import days_in, first_day, last_day
from planner.history.complete import whole_days
from planner.history.daily_use import holes
from planner.measurement import Measurement
from planner.tracking.months.running_month import DailyList
from planner.units import BoolArray

_LARGEST_BUCKET: Final = 27
"""Days; records further apart are buckets of a calendar month."""


def daily_list(measurement: Measurement, groups: pd.DataFrame, on: date) -> DailyList:
    """Every day of a log up to the day `on` at signing prices, and whether it is covered from end to end.

    groups: of the measurement, with signing_usd. Today is not over, and no day after a day that is.
    """
    first = measurement.first.date()
    n_days = (max(measurement.last.date(), on) - first).days + 1
    usd = np.zeros(n_days)
    for day, value in groups.groupby("day")["signing_usd"].sum().items():
        usd[(pd.Timestamp(str(day)).date() - first).days] = value
    return DailyList(first=first, usd=usd, whole=_whole(measurement, groups, first, n_days, on))


def holes_of(measurement: Measurement, month: str) -> list[tuple[date, date]]:
    """The stretches without a record that touch a month, as (first, last) day."""
    begin, end = first_day(month), last_day(month)
    return [(since, until) for since, until in holes(measurement) if since <= end and until >= begin]


def is_cut(measurement: Measurement, groups: pd.DataFrame, month: str) -> bool:
    """Whether a log of days begins after, or ends before, a day of the month that usually has a record.

    A log of working days reaches over a weekend and no further, although its usual gap is three days.
    """
    first, last = measurement.first.date(), measurement.last.date()
    rest = _days_off(measurement, groups)
    each = (first_day(month) + timedelta(days=number) for number in range(days_in(month)))
    return rest is not None and any(not first <= day <= last and day.weekday() not in rest for day in each)


def _days_off(measurement: Measurement, groups: pd.DataFrame) -> frozenset[int] | None:
    """Weekdays, Monday 0, of which most have no record; None for a log of buckets."""
    if measurement.coverage.gap_days > _LARGEST_BUCKET or _is_bucketed(groups):
        return None
    recorded = pd.DatetimeIndex(groups["day"].unique())
    span = pd.date_range(recorded.min(), recorded.max(), freq="D")
    of = np.bincount(span.day_of_week, minlength=7)
    return frozenset(np.flatnonzero(2 * np.bincount(recorded.day_of_week, minlength=7) < of).tolist())


def _whole(measurement: Measurement, groups: pd.DataFrame, first: date, n_days: int, on: date) -> BoolArray:
    """Shape (n_days,)."""
    whole = np.zeros(n_days, dtype=np.bool_)
    if measurement.coverage.gap_days > _LARGEST_BUCKET:
        covered = [(first_day(month), days_in(month)) for month in measurement.complete_months]
    else:
        begin, end = whole_days(measurement)
        if _is_bucketed(groups) and end >= on:
            end = measurement.last.date() - timedelta(days=1)  # the last bucket is not full yet
        rest, last = _days_off(measurement, groups), measurement.last.date()
        while rest is not None and end > last and not _all_off(last, end, rest):
            end -= timedelta(days=1)
        covered = [(begin, (end - begin).days + 1)]
    for start, length in covered:
        row = (start - first).days
        whole[max(row, 0) : max(row + length, 0)] = True
    for since, until in holes(measurement):
        whole[(since - first).days : (until - first).days + 1] = False
    whole[max((on - first).days, 0) :] = False
    return whole


def _all_off(last: date, end: date, rest: frozenset[int]) -> bool:
    """Whether every day after the last record, up to `end`, is one that usually has none."""
    return all((last + timedelta(days=ahead)).weekday() in rest for ahead in range(1, (end - last).days + 1))


def _is_bucketed(groups: pd.DataFrame) -> bool:
    """Whether records are of several days: most of them do not follow each other by a day."""
    days = np.sort(groups["day"].to_numpy(dtype="datetime64[D]").astype(np.int64))
    gaps = np.diff(np.unique(days))
    return len(gaps) > 0 and float(np.median(gaps)) > 1
