"""The lasting steps of a history's request types: when each begins, how large it is, and what it is worth."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import numpy as np

from planner.history.daily_use import DailyUse
from planner.history.periods import Period
from planner.history.steps import Step, lasting_steps, lasting_steps_by_day, shown_part
from planner.units import DAYS_PER_MONTH, FloatArray, IntArray

LEAST_SHARE: Final = 0.02
"""A type with less of the bill is not judged for steps and takes no part in a fit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelShift:
    """A lasting step of a request type: from its start on it runs at `factor` times the level before.

    start: the day that the step begins; without days in the log, the first day of the period that it begins in. label:
    of that period. share: how much of the period's usual use comes after the step, in (0, 1].
    list_cost_usd_per_month: what the step is worth, at constant prices.
    """

    start: date
    label: str
    share: float
    request_type: str
    factor: float
    list_cost_usd_per_month: float

    @property
    def shown_part(self) -> float:
        """The part of the step's log size that the mean of its first period shows, in (0, 1]."""
        return shown_part(self.share, float(np.log(self.factor)))


def level_shifts(
    daily: DailyUse, periods: tuple[Period, ...], usual: FloatArray, clean: FloatArray, worth: FloatArray
) -> tuple[LevelShift, ...]:
    """Lasting steps of the types that matter, the largest in dollars first; none without periods.

    usual: requests of each period with every unusual day as expected, shape (n_periods, n_types). clean, worth: day by
    day, and how many days' use each stands for, both of shape (n_days, n_types).
    """
    if not periods:
        return ()
    rows = [np.arange(len(clean))[daily.slots(period.start, period.end)] for period in periods]
    usd = np.stack([daily.spend_usd[row].sum(axis=0) for row in rows])
    usd_per_month = usd * DAYS_PER_MONTH / np.stack([daily.counted[row].sum(axis=0).clip(min=1) for row in rows])
    of_bill = usd.sum(axis=0)
    judged = np.all(np.isfinite(usual) & (usual > 0), axis=0) & (of_bill > 0) & (of_bill >= LEAST_SHARE * usd.sum())
    found = []
    for column in np.flatnonzero(judged):
        if daily.is_daily:
            starts = _starts_by_day(daily, periods, rows, clean[:, column], worth[:, column])
        else:
            steps = lasting_steps(np.log(usual[:, column]))
            starts = [(step, step.begins, periods[step.begins].start, step.share) for step in steps]
        for step, place, start, share in starts:
            before = float(np.median(usd_per_month[:place, column]))
            found.append(
                LevelShift(
                    start=start,
                    label=periods[place].label,
                    share=share,
                    request_type=daily.request_types[column],
                    factor=float(np.exp(step.log_size)),
                    list_cost_usd_per_month=before * float(np.expm1(step.log_size)),
                )
            )
    return tuple(sorted(found, key=lambda shift: -abs(shift.list_cost_usd_per_month)))


def _starts_by_day(
    daily: DailyUse, periods: tuple[Period, ...], rows: list[IntArray], clean: FloatArray, worth: FloatArray
) -> list[tuple[Step, int, date, float]]:
    """A type's steps with the period that each begins in, its day, and the share of the period that comes after it."""
    days, n_days = np.concatenate(rows), np.array([len(row) for row in rows])
    found = []
    for step in lasting_steps_by_day(clean[days], worth[days], n_days):
        day = int(days[step.begins])
        place = int(np.searchsorted(np.cumsum(n_days), step.begins, side="right"))
        after = rows[place][rows[place] >= day]
        share = float(worth[after].sum() / worth[rows[place]].sum())
        found.append((step, place, daily.first + timedelta(days=day), share))
    return found
