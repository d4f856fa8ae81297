"""Which periods of a log are complete, and in words which are not.

Excluded traffic is unknown and not zero, and so is a stretch that the log has no record of: such a period is left out
like a month that is missing, in the fit and in the backtest.
"""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

import numpy as np
import pandas as pd

from planner.coverage import first_day, last_day
from planner.history.daily_use import DailyUse, days_taken, holes
from planner.history.periods import Period
from planner.history.shifts import LEAST_SHARE
from planner.measurement import Measurement
from planner.units import BoolArray

_FIRST_HOUR, _LAST_HOUR = 1, 23


def complete_months(measurement: Measurement, daily: DailyUse) -> tuple[tuple[Period, ...], tuple[str, ...]]:
    """The calendar months that the log wholly covers, and those left out, with the reason."""
    covered = measurement.coverage
    months = [Period(label=name, start=first_day(name), end=last_day(name)) for name in covered.complete]
    kept, said = _split(months, measurement, daily)
    said += [f"{name}: not a complete month" for name in covered.incomplete]
    said += [f"{name}: no record at all" for name in covered.missing]
    return kept, tuple(sorted(said))


def complete_weeks(measurement: Measurement, daily: DailyUse) -> tuple[tuple[Period, ...], tuple[str, ...]]:
    """Blocks of seven days that end on the last complete day, and what is left out, with the reason."""
    if measurement.coverage.gap_days > 7:
        return (), ()
    begin, end = whole_days(measurement)
    weeks: list[Period] = []
    stop = end
    while (start := stop - timedelta(days=6)) >= begin:
        weeks.append(Period(label=start.isoformat(), start=start, end=stop))
        stop = start - timedelta(days=1)
    kept, said = _split(weeks[::-1], measurement, daily, called="week of ")
    if stop >= measurement.first.date():
        said.append(f"{measurement.first.date()} to {stop}: not a whole week")
    if end < measurement.last.date():
        said.append(f"{measurement.last.date()}: not a complete day")
    return kept, tuple(said)


def whole_days(measurement: Measurement) -> tuple[date, date]:
    """First and last complete day. Buckets that are dated at midnight are whole, and the last one reaches a gap on;
    else a day is whole that has records in its first hour, or in its last."""
    first, last = measurement.first, measurement.last
    gap = measurement.coverage.gap_days
    if (first.hour, first.minute, last.hour, last.minute) == (0, 0, 0, 0):
        return first.date(), last.date() + timedelta(days=gap - 1)
    begin = first.date() + timedelta(days=int(first.hour >= _FIRST_HOUR))
    return begin, last.date() - timedelta(days=int(last.hour < _LAST_HOUR))


def _split(
    periods: Sequence[Period], measurement: Measurement, daily: DailyUse, *, called: str = ""
) -> tuple[tuple[Period, ...], list[str]]:
    """The periods that are known, and in words the others: neighbours with the same reason in one phrase."""
    days = pd.date_range(daily.first, periods=len(daily.requests), freq="D")
    taken = days_taken(measurement, days, daily.request_types)
    gone = list(holes(measurement))
    reasons = [(period, _unknown(period, daily, taken, gone)) for period in periods]
    runs: list[tuple[Period, Period, str]] = []
    for period, reason in reasons:
        if runs and runs[-1][2] == reason and runs[-1][1].end + timedelta(days=1) == period.start:
            runs[-1] = (runs[-1][0], period, reason)
        else:
            runs.append((period, period, reason))
    said = [
        f"{called}{first.label}{f' to {last.label}' if last is not first else ''}: {reason}"
        for first, last, reason in runs
        if reason
    ]
    return tuple(period for period, reason in reasons if not reason), said


def _unknown(period: Period, daily: DailyUse, taken: BoolArray, gone: Sequence[tuple[date, date]]) -> str:
    """Why what was used in a period is not known; empty where it is. taken: days of exclusions, (n_days, n_types)."""
    touched = [f"no record from {begin} to {end}" for begin, end in gone if begin <= period.end and end >= period.start]
    if touched:
        return ", ".join(touched)
    rows = daily.slots(period.start, period.end)
    # A bucket that is excluded takes its days with it; one that is missing is no exclusion.
    excluded = np.logical_and(taken[rows].any(axis=0), ~daily.counted[rows].any(axis=0))
    if excluded.all():
        return "all use is excluded"
    if daily.requests[rows].sum() <= 0:
        return "no use is left beside the exclusions" if taken[rows].any() else "no record at all"
    names = ", ".join(repr(name) for name in _large(daily, excluded))
    return f"all use of {names} is excluded" if names else ""


def _large(daily: DailyUse, which: BoolArray) -> Iterator[str]:
    """Those of the types, shape (n_types,), that have at least 2 % of the bill."""
    spend = daily.spend_usd.sum(axis=0)
    for name, usd, asked in zip(daily.request_types, spend, which, strict=True):
        if asked and usd >= LEAST_SHARE * spend.sum():
            yield name
