"""A month that is not wholly covered: what the days that are say of the whole, and how surely.

The days not covered are taken to go on at the level of those that are, each at what its weekday usually has:

    month = use of the covered days + L sum of w over the others,    L = use of the covered days / sum of their w

The error of that is the scatter of a day around its level, which lasts a little from day to day (AR(1)); with v the
weights w / sum of w of the days that are missing, less those of the days that are covered, its relative variance is
(share still to come)^2 sigma^2 v' R v, R the correlations rho^|i - j|.
"""

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import numpy as np

from planner.coverage import days_in, first_day
from planner.history.checks import weekday_factors
from planner.units import BoolArray, FloatArray

LEAST_DAYS: Final = 3
"""Fewer whole days say nothing of a month."""

UNSCALED_LOG_SD: Final = 3.0
"""Of a month of which too little is known to scale it: a factor of twenty either way, so that nothing rests on it."""

_PRIOR_DAY_SD: Final = 0.15
_PRIOR_DAYS: Final = 5.0
_MOST_CORRELATION: Final = 0.9
_LEAST_FACTOR: Final = 0.05
"""Of a usual day: below it a weekday is a day off, and its scatter says nothing of the others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DailyList:
    """List cost by day, at the list of one day. usd, whole: shape (n_days,), from `first` on; whole: the log covers the
    day from end to end."""

    first: date
    usd: FloatArray
    whole: BoolArray

    def whole_days(self, month: str) -> list[date]:
        """The days of a month YYYY-MM that are covered from end to end."""
        days = [first_day(month) + timedelta(days=number) for number in range(days_in(month))]
        rows = [(day - self.first).days for day in days]
        reached = zip(days, rows, strict=True)
        return [day for day, row in reached if 0 <= row < len(self.whole) and self.whole[row]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scaling:
    """What the use of a month that was seen is multiplied by to make the month, and the standard error of its log.

    whole_days: that the log covers. by_weekday: whether the rhythm of the week is known.
    """

    scale: float
    log_sd: float
    whole_days: int
    by_weekday: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scatter:
    """Of a day around its level: relative standard deviation, and correlation from one day to the next."""

    sd: float
    correlation: float


def scaled(daily: DailyList, month: str) -> Scaling:
    """How a month is made of the part that was seen. With fewer than 3 whole days it is left as it is."""
    factors, by_weekday = _factors(daily)
    usd, whole = _of_month(daily, month)
    weights = factors[(np.arange(len(usd)) + first_day(month).weekday()) % 7]
    covered, seen = float(weights[whole].sum()), float(usd.sum())
    days = int(whole.sum())
    if days < LEAST_DAYS or covered <= 0 or usd[whole].sum() <= 0:
        return Scaling(scale=1.0, log_sd=UNSCALED_LOG_SD, whole_days=days, by_weekday=by_weekday)
    level, left = float(usd[whole].sum()) / covered, float(weights[~whole].sum())
    expected = max(float(usd[whole].sum()) + level * left, seen)
    error = _relative_sd(weights, whole, _scatter(daily, factors)) * level * left / expected
    return Scaling(scale=expected / seen, log_sd=error, whole_days=days, by_weekday=by_weekday)


def _of_month(daily: DailyList, month: str) -> tuple[FloatArray, BoolArray]:
    """List cost and coverage of every day of a month; days that the log does not reach are not covered."""
    usd, whole = np.zeros(days_in(month)), np.zeros(days_in(month), dtype=np.bool_)
    for number in range(len(usd)):
        row = (first_day(month) + timedelta(days=number) - daily.first).days
        if 0 <= row < len(daily.usd):
            usd[number], whole[number] = daily.usd[row], daily.whole[row]
    return usd, whole


def _factors(daily: DailyList) -> tuple[FloatArray, bool]:
    """Use of each weekday relative to the week's mean, Monday first; all alike below four whole weeks."""
    rows = np.flatnonzero(daily.whole)
    if not len(rows):
        return np.ones(7), False
    known = np.where(daily.whole, daily.usd, np.nan)[: rows[-1] + 1]
    found = weekday_factors(known, daily.first.weekday())
    return (np.ones(7), False) if found is None else (np.array(found.factors), True)


def _relative_sd(weights: FloatArray, whole: BoolArray, scatter: _Scatter) -> float:
    """Of the days that are missing, predicted from those that are covered; 0 where none is missing."""
    left, covered = float(weights[~whole].sum()), float(weights[whole].sum())
    if left <= 0:
        return 0.0
    v = np.where(whole, -weights / covered, weights / left)
    apart = np.abs(np.subtract.outer(np.arange(len(v)), np.arange(len(v))))
    return scatter.sd * float(np.sqrt(v @ scatter.correlation**apart @ v))


def _scatter(daily: DailyList, factors: FloatArray) -> _Scatter:
    """From every whole day around the level of its calendar month, and as much as five days of a prior."""
    weekday = (np.arange(len(daily.usd)) + daily.first.weekday()) % 7
    weights = factors[weekday]
    used = daily.whole & (weights > _LEAST_FACTOR)
    residual = np.full(len(daily.usd), np.nan)
    lost = 0
    for rows in _months(daily):
        rows = rows[used[rows]]
        if len(rows) > LEAST_DAYS and daily.usd[rows].sum() > 0:
            level = daily.usd[rows].sum() / weights[rows].sum()
            residual[rows] = daily.usd[rows] / (weights[rows] * level) - 1.0
            lost += 1
    known = np.isfinite(residual)
    freedom = max(int(known.sum()) - lost, 0)
    squares = _weighted_squares(residual[known], weights[known]) * freedom
    variance = (_PRIOR_DAYS * _PRIOR_DAY_SD**2 + squares) / (_PRIOR_DAYS + freedom)
    return _Scatter(sd=float(np.sqrt(variance)), correlation=_correlation(residual, lost))


def _weighted_squares(residual: FloatArray, weights: FloatArray) -> float:
    """Mean square of relative residuals, a day weighing as the square of its usual use: as it does in a sum."""
    total = float((weights**2).sum())
    return float((weights**2 * residual**2).sum()) / total if total > 0 else 0.0


def _correlation(residual: FloatArray, n_months: int) -> float:
    """Of neighbouring days, in [0, 0.9], corrected for the levels of months that were taken out."""
    pairs = np.isfinite(residual[1:]) & np.isfinite(residual[:-1])
    squares = float(np.nansum(residual**2))
    if not pairs.any() or squares <= 0:
        return 0.0
    n = int(np.isfinite(residual).sum())
    found = float((residual[1:][pairs] * residual[:-1][pairs]).sum()) / squares * n / int(pairs.sum())
    bias = (1.0 + 4.0 * max(found, 0.0)) * n_months / n
    return float(np.clip(found + bias, 0.0, _MOST_CORRELATION))


def _months(daily: DailyList) -> Sequence[np.ndarray[tuple[int], np.dtype[np.int64]]]:
    """The rows of each calendar month, in order."""
    found, row = [], 0
    while row < len(daily.usd):
        day = daily.first + timedelta(days=row)
        stop = row + monthrange(day.year, day.month)[1] - day.day + 1
        found.append(np.arange(row, min(stop, len(daily.usd))))
        row = stop
    return found
