"""What stands out in the days of a history: unusual ones, and the rhythm of the week.

Nothing here removes anything. Unusual days are told with their dollars, so that a user can exclude them; a fit of
growth and volatility counts such a day as its expected value.
"""

from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np

from planner.units import BoolArray, FloatArray, IntArray

RUNNING_DAYS: Final = 29
"""Centred window of the running median: four of every weekday, and spells of up to two weeks still stand out."""

LEAST_WEEKS_FOR_WEEKDAYS: Final = 4

_LEAST_DAYS: Final = 14
_MOSTLY_PRESENT: Final = 0.8
_ROBUST: Final = 1.4826
_UNUSUAL_SDS: Final = 6.0
_UNUSUAL_LOG: Final = float(np.log(1.5))
_LEAST_LOG_SD: Final = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class OutlierDay:
    """A day of a request type far from what the days around it and its weekday lead to expect; requests and USD."""

    day: date
    request_type: str
    requests: float
    expected_requests: float
    list_cost_usd: float
    expected_list_cost_usd: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Weekdays:
    """Requests of each weekday, Monday first, relative to the week's mean: factors with mean 1, and standard errors."""

    factors: tuple[float, ...]
    standard_errors: tuple[float, ...]
    n_weeks: int


def unusual_days(requests: FloatArray, counted: BoolArray, first_weekday: int) -> tuple[BoolArray, FloatArray]:
    """Which days stand out per request type, and what was expected. Shapes (n_days, n_types).

    log requests = running median + weekday effect + residual; a day stands out where its residual exceeds six robust
    standard deviations (1.4826 times the median absolute residual, at least 0.05 and the square root of 1 / expected
    requests beside it) and a factor of 1.5. Types with fewer than 14 days, or without requests on a fifth of them, are
    not judged, nor days around which a type is absent for more than half of four weeks. first_weekday: of the first
    day, Monday is 0.
    """
    present = counted & (requests > 0)
    n_counted = counted.sum(axis=0)
    judged = (present.sum(axis=0) >= _LEAST_DAYS) & (present.sum(axis=0) >= _MOSTLY_PRESENT * n_counted)
    logs = np.where(present, np.log(np.where(present, requests, 1.0)), np.nan)
    weekday = (np.arange(len(requests)) + first_weekday) % 7
    effect = _weekday_medians(logs - _running_median(logs), weekday)[weekday]
    expected_log = _running_median(logs - effect) + effect
    expected = np.exp(np.where(np.isnan(expected_log), 0.0, expected_log))
    residual = np.log(np.maximum(requests, 0.5)) - expected_log
    spread = _ROBUST * _nan_median(np.abs(np.where(present, residual, np.nan)))
    scale = np.sqrt(np.maximum(spread, _LEAST_LOG_SD) ** 2 + 1.0 / np.maximum(expected, 1.0))
    # Before a type is launched, and after it ends, no use is nothing unusual.
    in_use = _running_sum(present) >= _running_sum(counted) / 2
    with np.errstate(invalid="ignore"):
        far = np.abs(residual) > np.maximum(_UNUSUAL_SDS * scale, _UNUSUAL_LOG)
    return far & counted & judged & in_use & np.isfinite(expected_log), expected


def _running_sum(days: BoolArray) -> IntArray:
    """How many days of the same centred window are true, shape as given."""
    half = RUNNING_DAYS // 2
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(days, ((half, half), (0, 0))), RUNNING_DAYS, axis=0)
    return windows.sum(axis=-1, dtype=np.int64)


def _running_median(values: FloatArray) -> FloatArray:
    """Centred running median down the days, NaN left out, over fewer days at the ends."""
    half = RUNNING_DAYS // 2
    padded = np.pad(values, ((half, half), (0, 0)), constant_values=np.nan)
    windows = np.lib.stride_tricks.sliding_window_view(padded, RUNNING_DAYS, axis=0)
    return _nan_median(np.moveaxis(windows, -1, 0))


def _nan_median(values: FloatArray) -> FloatArray:
    """Median along the first axis without NaN; NaN where nothing is left. A sort puts NaN last."""
    if not len(values):
        return np.full(values.shape[1:], np.nan)
    ordered = np.sort(values, axis=0)
    n = np.isfinite(values).sum(axis=0)
    middle = np.take_along_axis(
        ordered, np.stack([np.maximum(n - 1, 0) // 2, n // 2]).clip(max=len(values) - 1), axis=0
    )
    return np.where(n > 0, middle.mean(axis=0), np.nan)


def _weekday_medians(residuals: FloatArray, weekday: IntArray) -> FloatArray:
    """Median residual of each weekday, shape (7, n_types); 0 for a weekday without days."""
    medians = np.stack([_nan_median(residuals[weekday == day]) for day in range(7)])
    return np.where(np.isnan(medians), 0.0, medians)


def weekday_factors(spend_usd: FloatArray, first_weekday: int) -> Weekdays | None:
    """Spend of each weekday relative to its week's mean, from whole weeks; None below four weeks with any.

    spend_usd: of consecutive days, shape (n_days,). A factor is the mean over weeks of 7 x day / week.
    """
    shares = weekday_shares(spend_usd[:, None], first_weekday)[:, :, 0]
    shares = shares[np.isfinite(shares[:, 0])]
    if len(shares) < LEAST_WEEKS_FOR_WEEKDAYS:
        return None
    return Weekdays(
        factors=tuple(shares.mean(axis=0).tolist()),
        standard_errors=tuple((shares.std(axis=0, ddof=1) / np.sqrt(len(shares))).tolist()),
        n_weeks=len(shares),
    )


def weekday_shares(values: FloatArray, first_weekday: int) -> FloatArray:
    """7 x day / week of each whole week up to the last day, Monday first; NaN for a week without any.

    values: of consecutive days, shape (n_days, n_types); the result has shape (n_weeks, 7, n_types).
    """
    n_weeks = len(values) // 7
    offset = len(values) - 7 * n_weeks
    weeks = values[offset:].reshape(n_weeks, 7, values.shape[1])
    total = weeks.sum(axis=1, keepdims=True)
    shares = 7.0 * weeks / np.where(total > 0, total, np.nan)
    return np.roll(shares, (first_weekday + offset) % 7, axis=1)


def usual_days(requests: FloatArray, counted: BoolArray, first_weekday: int) -> FloatArray:
    """How many days' use each counted day stands for, by its weekday and type; 0 where it does not count.

    Shape (n_days, n_types). A month with five weekends is then no month of low demand. Weekdays need four whole weeks.
    """
    shares = weekday_shares(requests, first_weekday)
    known = np.isfinite(shares[:, 0, :]).sum(axis=0) >= LEAST_WEEKS_FOR_WEEKDAYS
    sums, n = np.nansum(shares, axis=0), np.isfinite(shares).sum(axis=0)
    factors = np.where(known, sums / np.maximum(n, 1), 1.0)
    return factors[(np.arange(len(requests)) + first_weekday) % 7] * counted
