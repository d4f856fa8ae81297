"""A measured log as a history of whole periods at constant prices: what calibration and backtest look back on.

Periods are calendar months where at least six are complete, else weeks where at least eight are, else there are none.
Weeks are blocks of seven days that end on the log's last complete day. Requests are scaled to a month of 365.25 / 12
days; spend is repriced at the list prices of one day, so that a price change is not read as a change of demand.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import numpy as np

from planner.history.checks import OutlierDay, Weekdays, unusual_days, usual_days, weekday_factors
from planner.history.complete import complete_months, complete_weeks
from planner.history.daily_use import DailyUse, daily_use
from planner.history.periods import Period, PeriodKind
from planner.history.shifts import LEAST_SHARE, LevelShift, level_shifts
from planner.measurement import Measurement
from planner.prices import PriceBook
from planner.units import DAYS_PER_MONTH, BoolArray, FloatArray

__all__ = [
    "LEAST_MONTHS", "LEAST_SHARE", "LEAST_WEEKS", "DailyUse", "History", "LevelShift", "Period", "PeriodKind",
    "history_of", "history_of_periods",
]  # fmt: skip

LEAST_MONTHS: Final = 6
LEAST_WEEKS: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """The complete periods of a log, oldest first; arrays of shape (n_periods, n_types), largest bill first.

    days: that count. requests: per month of 365.25 / 12 days, NaN where no day counts; expected_requests: the same with
    every unusual day at what was expected of it, and each day weighed by its weekday. spend_usd: dollars of the period
    at constant prices. tokens_per_request: input-equivalent. top_type, top_share: the largest type and its share of the
    bill. left_out: periods of which not all is known, in words. indices: whole periods since the first (a period that
    is left out leaves a gap).
    """

    period: PeriodKind | None
    periods: tuple[Period, ...]
    request_types: tuple[str, ...]
    days: FloatArray
    requests: FloatArray
    expected_requests: FloatArray
    spend_usd: FloatArray
    tokens_per_request: FloatArray
    indices: tuple[int, ...]
    priced_on: date
    span_days: float
    outlier_days: tuple[OutlierDay, ...]
    level_shifts: tuple[LevelShift, ...]
    weekdays: Weekdays | None
    top_type: str
    top_share: float
    left_out: tuple[str, ...]
    daily: DailyUse

    @property
    def n_periods(self) -> int:
        return len(self.periods)

    @property
    def labels(self) -> tuple[str, ...]:
        """YYYY-MM of a month, the first day of a week."""
        return tuple(period.label for period in self.periods)

    @property
    def period_days(self) -> FloatArray:
        """Calendar days of each period, shape (n_periods,)."""
        return np.array([(period.end - period.start).days + 1 for period in self.periods], dtype=np.float64)

    @property
    def total_spend_usd(self) -> FloatArray:
        """Dollars of each period at constant prices, shape (n_periods,)."""
        return self.spend_usd.sum(axis=1)

    @property
    def unit_cost_usd(self) -> FloatArray:
        """Dollars per request in the last period that has any, at constant prices; 0 for a type without. (n_types,)."""
        if not self.periods:
            return np.zeros(len(self.request_types))
        requests = np.nan_to_num(self.requests) * self.days / DAYS_PER_MONTH
        last = self.n_periods - 1 - np.argmax(requests[::-1] > 0, axis=0)
        used, usd = (np.take_along_axis(each, last[None], axis=0)[0] for each in (requests, self.spend_usd))
        return np.where(used > 0, usd / np.where(used > 0, used, 1.0), 0.0)

    @property
    def bill_usd_per_month(self) -> FloatArray:
        """Each period's requests at the last one's cost of a request, scaled to a month, shape (n_periods,).

        The bill as it would have been with today's prices, models and tokens, so that only demand moves it.
        """
        return np.nan_to_num(self.requests) @ self.unit_cost_usd

    @property
    def share_of_bill(self) -> FloatArray:
        """Share of the periods' spend, shape (n_types,); of all days where there is no period."""
        spend = self.spend_usd.sum(axis=0) if self.periods else self.daily.spend_usd.sum(axis=0)
        total = float(spend.sum())
        return spend / total if total > 0 else np.zeros_like(spend)

    def without_last(self, n: int) -> "History":
        """The history as it looked n periods earlier: what came after is not known, unusual days and steps included."""
        if n == 0:
            return self
        kept = self.periods[:-n]
        hidden_from = self.periods[-n].start
        until = self.daily.slots(self.daily.first, hidden_from - timedelta(days=1))
        daily = DailyUse(
            first=self.daily.first,
            request_types=self.daily.request_types,
            requests=self.daily.requests[until],
            spend_usd=self.daily.spend_usd[until],
            tokens=self.daily.tokens[until],
            counted=self.daily.counted[until],
            is_daily=self.daily.is_daily,
        )
        span = self.span_days - (self.periods[-1].end - hidden_from).days - 1
        return history_of_periods(daily, kept, self.period, self.priced_on, span, self.left_out)


def history_of(measurement: Measurement, price_book: PriceBook, *, on: date) -> History:
    """The history of a measurement, its spend repriced at the list prices of the day `on`.

    Errors: UnknownModelError, PriceError where that day lacks a price that the log needs.
    """
    daily = daily_use(measurement, price_book, on=on)
    months, months_left_out = complete_months(measurement, daily)
    if len(months) >= LEAST_MONTHS:
        return history_of_periods(daily, months, "month", on, measurement.coverage.span_days, months_left_out)
    weeks, weeks_left_out = complete_weeks(measurement, daily)
    if len(weeks) >= LEAST_WEEKS:
        return history_of_periods(daily, weeks, "week", on, measurement.coverage.span_days, weeks_left_out)
    return history_of_periods(daily, (), None, on, measurement.coverage.span_days, months_left_out)


def history_of_periods(
    daily: DailyUse,
    periods: tuple[Period, ...],
    kind: PeriodKind | None,
    on: date,
    span_days: float,
    left_out: tuple[str, ...],
) -> History:
    """The history of whole periods of daily use: their sums, and what stands out in the days up to the last."""
    far, expected, worth = _unusual(daily)
    clean = np.where(far, expected, daily.requests)
    blocks = [daily.slots(period.start, period.end) for period in periods]
    days = _sums(daily.counted.astype(np.float64), blocks)
    with np.errstate(invalid="ignore", divide="ignore"):
        requests = np.where(days > 0, _sums(daily.requests, blocks) * DAYS_PER_MONTH / days, np.nan)
        usual = np.where(days > 0, _sums(clean, blocks) * DAYS_PER_MONTH / _sums(worth, blocks), np.nan)
        tokens = _sums(daily.tokens, blocks) / _sums(daily.requests, blocks)
    spend = _sums(daily.spend_usd, blocks)
    bill = spend.sum(axis=0) if periods else daily.spend_usd.sum(axis=0)
    share = bill / bill.sum() if bill.sum() > 0 else bill
    return History(
        period=kind,
        periods=periods,
        request_types=daily.request_types,
        days=days,
        requests=requests,
        expected_requests=usual,
        spend_usd=spend,
        tokens_per_request=tokens,
        indices=_indices(periods, kind),
        priced_on=on,
        span_days=span_days,
        outlier_days=_outliers(daily, far, expected),
        level_shifts=level_shifts(daily, periods, usual, clean, worth),
        weekdays=weekday_factors(daily.spend_usd.sum(axis=1), daily.first.weekday()) if daily.is_daily else None,
        top_type=daily.request_types[int(np.argmax(share))],
        top_share=float(share.max()),
        left_out=left_out,
        daily=daily,
    )


def _unusual(daily: DailyUse) -> tuple[BoolArray, FloatArray, FloatArray]:
    """Per day and type: does it stand out, what was expected, and how many days' use its weekday stands for."""
    if not daily.is_daily:
        return np.zeros(daily.requests.shape, dtype=np.bool_), daily.requests, daily.counted.astype(np.float64)
    weekday = daily.first.weekday()
    far, expected = unusual_days(daily.requests, daily.counted, weekday)
    return far, expected, usual_days(np.where(far, expected, daily.requests), daily.counted, weekday)


def _sums(values: FloatArray, blocks: Sequence[slice]) -> FloatArray:
    """Sum over the days of each block, shape (n_blocks, n_types); a block may reach beyond the last bucket's day."""
    if not blocks:
        return np.zeros((0, values.shape[1]))
    return np.stack([values[block].sum(axis=0) for block in blocks])


def _indices(periods: tuple[Period, ...], kind: PeriodKind | None) -> tuple[int, ...]:
    if kind == "month":
        months = [period.start.year * 12 + period.start.month for period in periods]
        return tuple(month - months[0] for month in months)
    return tuple((period.start - periods[0].start).days // 7 for period in periods)


def _outliers(daily: DailyUse, far: BoolArray, expected: FloatArray) -> tuple[OutlierDay, ...]:
    found = []
    for row, column in np.argwhere(far):
        requests, usd = float(daily.requests[row, column]), float(daily.spend_usd[row, column])
        usual = float(expected[row, column])
        total = float(daily.requests[:, column].sum())
        per_request = usd / requests if requests > 0 else float(daily.spend_usd[:, column].sum()) / total
        found.append(
            OutlierDay(
                day=daily.first + timedelta(days=int(row)),
                request_type=daily.request_types[column],
                requests=requests,
                expected_requests=usual,
                list_cost_usd=usd,
                expected_list_cost_usd=usual * per_request,
            )
        )
    return tuple(found)
