"""Lasting steps of the level, by the day where the log has days, else by the period.

A step is a change far beyond the usual change from one period to the next that the periods on both sides confirm. Where
the log has days the periods are laid anew before and after each day, so that a step is found on whatever day it begins;
where it has none, a step that begins inside a period is told by the period in between.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from planner.units import FloatArray, IntArray

_ROBUST: Final = 1.4826
_STEP_SDS: Final = 5.0
_LEAST_STEP_LOG: Final = 0.2
_CONFIRMED: Final = 2 / 3
_STEPS_PER_SERIES: Final = 2
_SIDE: Final = 3
_LEAST_SIDE: Final = 2
_USUAL_CHANGE: Final = 0.133
_USUAL_CHANGE_WORTH: Final = 6
_TOO_FEW_PERIODS: Final = 6
# At the prior's centre a period differs from the one before by a log sd of sqrt(0.06^2 + 2 0.10^2 (1 - 0.3)) = 0.133.
# Six such differences are added to those that a short series shows, whose own spread may be small by luck.

_ANY_DAY: Final = 1.06
_TWO_CHANGES: Final = 1.8
# Looking at every day, or at every change over two periods, finds more by chance than looking at the periods' changes.
# These times the limit bring that back to no more, on histories of the default demand, calm and wild ones, of the
# priors' parameters, with walks and noise from period to period and from day to day.

_CLEAR_SDS: Final = 2.0
_LEAST_PART: Final = 0.15
# A period is told to lie inside a step where it is two usual changes from both sides, and shows 15 % to 85 % of it.


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A lasting step: the day or the period that it begins in, and its log size.

    share: how much of the use that this day or period usually has comes after the step, in (0, 1]; 1 for a day.
    """

    begins: int
    log_size: float
    share: float = 1.0


def shown_part(share: float, log_size: float) -> float:
    """The part of a step's log size that the mean of a period shows of which so large a share comes after the step."""
    return float(np.log1p(share * np.expm1(log_size)) / log_size)


def usual_change(logs: FloatArray) -> tuple[float, float]:
    """Trend of log period means, shape (n_periods,), and the change from one to the next that is far beyond the usual.

    The usual change is the robust spread of period-to-period changes, shrunk to the prior's; far beyond are five of
    them, and at least 0.2.
    """
    changes = np.diff(logs)
    trend = float(np.median(changes))
    spread = _ROBUST * float(np.median(np.abs(changes - trend)))
    pooled = len(changes) * spread**2 + _USUAL_CHANGE_WORTH * _USUAL_CHANGE**2
    return trend, max(_STEP_SDS * float(np.sqrt(pooled / (len(changes) + _USUAL_CHANGE_WORTH))), _LEAST_STEP_LOG)


def lasting_steps(logs: FloatArray) -> list[Step]:
    """Lasting steps of a series of log period means, shape (n_periods,), the largest first, at most two.

    A step is a change beyond `usual_change` that the medians of up to three periods on either side (at least two)
    confirm to at least two thirds. One that begins inside a period is the change between its neighbours, where the
    period itself lies well between them; nothing is found in fewer than six periods.
    """
    found: list[Step] = []
    rest = logs.copy()
    while len(logs) >= _TOO_FEW_PERIODS and len(found) < _STEPS_PER_SERIES:
        step = _step_at_a_period(rest) or _step_inside_a_period(rest)
        if step is None:
            break
        found.append(step)
        rest[step.begins] -= step.log_size * shown_part(step.share, step.log_size)
        rest[step.begins + 1 :] -= step.log_size
    return found


def _step_at_a_period(logs: FloatArray) -> Step | None:
    """The largest change between neighbours, where the sides confirm it; it may begin inside one of the two."""
    trend, limit = usual_change(logs)
    changes = np.diff(logs) - trend
    begins = _LEAST_SIDE + int(np.argmax(np.abs(changes[_LEAST_SIDE - 1 : 1 - _LEAST_SIDE])))
    size = _sides_differ(logs[:begins], logs[begins:], trend)
    if not _is_step(float(changes[begins - 1]), size, limit):
        return None
    inside = (_step_inside(logs, middle, trend, limit) for middle in (begins - 1, begins))
    return next((step for step in inside if step is not None), Step(begins=begins, log_size=size))


def _step_inside_a_period(logs: FloatArray) -> Step | None:
    """The largest change over a period that lies well between its neighbours, where the sides confirm all of it."""
    trend, limit = usual_change(logs)
    over = np.abs(logs[2:] - logs[:-2] - 2.0 * trend)[_LEAST_SIDE - 1 : 1 - _LEAST_SIDE]
    if not len(over) or over.max() < _TWO_CHANGES * limit:
        return None
    step = _step_inside(logs, _LEAST_SIDE + int(np.argmax(over)), trend, limit)
    return step if step is not None and abs(step.log_size) > _TWO_CHANGES * limit else None


def _step_inside(logs: FloatArray, middle: int, trend: float, limit: float) -> Step | None:
    """A step that begins inside the period `middle`: it changes by two usual changes or more on either side of it, both
    the same way, and the sides without it confirm the size."""
    before, after = logs[:middle], logs[middle + 1 :]
    if min(len(before), len(after)) < _LEAST_SIDE:
        return None
    size = _sides_differ(before, after, trend, between=1)
    first, second = np.diff(logs[middle - 1 : middle + 2]) - trend
    part = float(first / (first + second))
    clear = min(first * np.sign(size), second * np.sign(size)) > _CLEAR_SDS / _STEP_SDS * limit
    if not clear or not _is_step(float(first + second), size, limit) or not _LEAST_PART < part < 1 - _LEAST_PART:
        return None
    return Step(begins=middle, log_size=size, share=float(np.expm1(part * size) / np.expm1(size)))


def _is_step(change: float, size: float, limit: float) -> bool:
    """Whether a change is beyond the limit and the sides confirm it."""
    return abs(change) > limit and size * np.sign(change) > _CONFIRMED * limit


def _sides_differ(before: FloatArray, after: FloatArray, trend: float, *, between: int = 0) -> float:
    """Median of up to three periods after, less that of up to three before, less the trend between them."""
    before, after = before[-_SIDE:], after[:_SIDE]
    apart = (len(before) + len(after)) / 2.0 + between
    return float(np.median(after) - np.median(before)) - trend * apart


def lasting_steps_by_day(use: FloatArray, worth: FloatArray, period_days: IntArray) -> list[Step]:
    """Lasting steps of a type's use day by day, at the day that each begins: the largest first, at most two.

    use: requests of the days of consecutive periods, shape (n_days,), unusual ones as expected. worth: how many days'
    use each stands for, by its weekday. period_days: days of each period, shape (n_periods,). The rule is that of
    `lasting_steps` with the periods laid anew, so that one ends before the day and one begins with it, and a limit that
    is 1.06 times as high. No step is nearer to an end than two periods, so that it is known to last.
    """
    found: list[Step] = []
    rest = use.copy()
    first_days = np.concatenate([[0], np.cumsum(period_days)[:-1]])
    length = round(float(period_days.mean()))
    while len(period_days) >= _TOO_FEW_PERIODS and len(found) < _STEPS_PER_SERIES:
        trend, limit = usual_change(np.log(np.add.reduceat(rest, first_days) / np.add.reduceat(worth, first_days)))
        begins = _split(rest, worth, _steepest(rest, worth, length, trend), length)
        before = _logs_of_blocks(rest[begins - 1 :: -1], worth[begins - 1 :: -1], length)[::-1]
        after = _logs_of_blocks(rest[begins:], worth[begins:], length)
        if not np.isfinite([*before, *after]).all():
            break
        size = _sides_differ(before, after, trend)
        if not _is_step(float(after[0] - before[-1]) - trend, size, _ANY_DAY * limit):
            break
        found.append(Step(begins=begins, log_size=size))
        rest[begins:] *= np.exp(-size)
    return found


def _steepest(use: FloatArray, worth: FloatArray, length: int, trend: float) -> int:
    """The day whose periods before and after differ most, two periods or more from both ends."""
    used, stood = (np.concatenate([[0.0], np.cumsum(values)]) for values in (use, worth))
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.log((used[length:] - used[:-length]) / (stood[length:] - stood[:-length]))
        change = np.abs(logs[length:] - logs[:-length] - trend)
    inner = change[length : len(change) - length]
    return _LEAST_SIDE * length + int(np.argmax(np.where(np.isfinite(inner), inner, -1.0)))


def _split(use: FloatArray, worth: FloatArray, near: int, length: int) -> int:
    """The day within half a period of `near` that best splits the two periods on either side of it into two levels.

    Best is the most likely where a day's use has a standard deviation in proportion to its mean (a gamma).
    """
    first, last = near - _LEAST_SIDE * length, near + _LEAST_SIDE * length
    used, stood = np.cumsum(use[first:last]), np.cumsum(worth[first:last])
    lowest, highest = _LEAST_SIDE * length, len(use) - _LEAST_SIDE * length
    days = np.arange(max(near - length // 2, lowest), min(near + length // 2, highest) + 1)
    before, stood_before = used[days - first - 1], stood[days - first - 1]
    with np.errstate(divide="ignore", invalid="ignore"):
        deviance = stood_before * np.log(before / stood_before)
        deviance += (stood[-1] - stood_before) * np.log((used[-1] - before) / (stood[-1] - stood_before))
    return int(days[np.argmin(np.where(np.isfinite(deviance), deviance, np.inf))])


def _logs_of_blocks(use: FloatArray, worth: FloatArray, length: int) -> FloatArray:
    """Log mean use a day of the first blocks of so many days, up to three and whole ones only."""
    n_blocks = min(len(use) // length, _SIDE)
    used, stood = (values[: n_blocks * length].reshape(n_blocks, length).sum(axis=1) for values in (use, worth))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.log(used / stood)
