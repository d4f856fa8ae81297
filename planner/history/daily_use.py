"""What a log says day by day and request type by request type, at the prices of one day."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import numpy as np
import pandas as pd

from planner.coverage import first_day, last_day
from planner.exclusions import excluded_days
from planner.list_cost import price_groups
from planner.measurement import Measurement, prompt_edges
from planner.prices import PriceBook
from planner.units import TOKEN_COLUMNS, BoolArray, FloatArray, IntArray

_TOKEN_WEIGHTS: Final = np.array([1.0, 0.1, 1.25, 2.0, 5.0])
# Input-equivalent tokens at fixed weights (about what the classes cost), so that a price change is no drift.

_LARGEST_BUCKET: Final = 27
# Days; records that lie further apart are buckets of a calendar month, which are their month's as they stand.


@dataclass(frozen=True, slots=True, kw_only=True)
class DailyUse:
    """Use by calendar day and request type, largest bill first; arrays of shape (n_days, n_types).

    spend_usd: at constant prices. tokens: input-equivalent, in the tokenizer of the type's latest model. counted: the
    day speaks for the type (no exclusion takes it, and it lies in no hole of the log). is_daily: whether the log has a
    record for every day, not buckets. A bucket of 2 to 27 days is spread evenly over its days.
    """

    first: date
    request_types: tuple[str, ...]
    requests: FloatArray
    spend_usd: FloatArray
    tokens: FloatArray
    counted: BoolArray
    is_daily: bool

    def slots(self, start: date, end: date) -> slice:
        """Rows of the days from start to end, both included."""
        return slice((start - self.first).days, (end - self.first).days + 1)


def daily_use(measurement: Measurement, book: PriceBook, *, on: date) -> DailyUse:
    """The days of a measurement, exclusions taken out, repriced at the list prices of the day `on`.

    Errors: UnknownModelError, PriceError where that day lacks a price that the log needs.
    """
    groups = measurement.daily
    forward = groups.assign(day=pd.Timestamp(on), provider="")  # a plan prices everything at its own provider
    repriced = price_groups(forward, book, prompt_edges(book)).groups
    frame = pd.DataFrame(
        {
            "day": groups["day"].to_numpy(),
            "request_type": groups["request_type"].to_numpy(),
            "requests": groups["requests"].to_numpy(dtype=np.float64),
            "spend": repriced["list_cost_usd"].to_numpy(),
            "tokens": groups[list(TOKEN_COLUMNS)].to_numpy(dtype=np.float64) @ _TOKEN_WEIGHTS,
        }
    )
    frame["tokens"] *= _ratios(repriced["request_type"], repriced["model"], groups["day"], book)
    spend = frame.groupby("request_type", sort=True)["spend"].sum().sort_values(ascending=False, kind="stable")
    types = [str(name) for name in spend.index]
    first, last = _days_spoken_for(measurement)
    days = pd.date_range(first, last, freq="D")
    sums = frame.groupby(["day", "request_type"])[["requests", "spend", "tokens"]].sum().unstack(fill_value=0)
    dense = sums.reindex(index=days, fill_value=0.0)
    columns = {name: dense[name][types].to_numpy(dtype=np.float64) for name in ("requests", "spend", "tokens")}
    counted = ~days_taken(measurement, days, types)
    for begin, end in holes(measurement):
        counted[(begin - first).days : (end - first).days + 1] = False
    bucket = _buckets(measurement, days)
    if bucket is not None:
        columns = {name: _spread(values, bucket) for name, values in columns.items()}
        counted = counted[bucket] & (bucket >= 0)[:, None]
    return DailyUse(
        first=first,
        request_types=tuple(types),
        requests=columns["requests"],
        spend_usd=columns["spend"],
        tokens=columns["tokens"],
        counted=counted,
        is_daily=measurement.coverage.gap_days == 1,
    )


def _days_spoken_for(measurement: Measurement) -> tuple[date, date]:
    """First and last day that the log covers; a bucket of a week or a month speaks for days that have no record."""
    first, last = measurement.first.date(), measurement.last.date()
    gap, complete = measurement.coverage.gap_days, measurement.coverage.complete
    if gap > 1:
        last += timedelta(days=gap - 1)
        if complete:
            first, last = min(first, first_day(complete[0])), max(last, last_day(complete[-1]))
    return first, last


def _ratios(types: pd.Series, models: pd.Series, day: pd.Series, book: PriceBook) -> FloatArray:
    """Tokens of each row in the tokenizer of its type's latest model, per token as counted. Shape (n_rows,)."""
    rows = pd.DataFrame({"type": types.to_numpy(), "model": models.to_numpy(), "day": day.to_numpy()})
    latest = rows.sort_values("day", kind="stable").groupby("type")["model"].last()
    pairs = rows[["type", "model"]].drop_duplicates()
    ratio = {
        (name, model): book.token_ratio(str(model), str(latest[name]))
        for name, model in zip(pairs["type"], pairs["model"], strict=True)
    }
    return np.array([ratio[pair] for pair in zip(rows["type"], rows["model"], strict=True)])


def days_taken(measurement: Measurement, days: pd.DatetimeIndex, types: Sequence[str]) -> BoolArray:
    """Which days an exclusion takes from which type. Shape (n_days, n_types)."""
    columns = [excluded_days(days, name, measurement.exclusions) for name in types]
    return np.stack(columns, axis=1) if columns else np.zeros((len(days), 0), dtype=np.bool_)


def holes(measurement: Measurement) -> Iterator[tuple[date, date]]:
    """First and last day of each long stretch inside the log that no record speaks for; buckets of a month have none,
    because a month without one is missing."""
    covered = measurement.coverage
    if covered.gap_days <= _LARGEST_BUCKET:
        for before, after in covered.holes:
            yield before + timedelta(days=covered.gap_days), after - timedelta(days=1)


def _buckets(measurement: Measurement, days: pd.DatetimeIndex) -> IntArray | None:
    """Row of the day that each day's use is booked on, -1 where no record speaks for it, shape (n_days,).

    None where the log has days, or months. A bucket reaches to the next one, and no further than the usual gap. A log
    of working days has a gap of three days over weekends and is none of buckets: most of its days follow each other.
    """
    gap = measurement.coverage.gap_days
    recorded = np.flatnonzero(days.isin(measurement.daily["day"].unique()))
    if not 1 < gap <= _LARGEST_BUCKET or len(recorded) < 2 or np.median(np.diff(recorded)) <= 1:
        return None
    rows = np.arange(len(days))
    at = np.searchsorted(recorded, rows, side="right") - 1
    latest = recorded[np.maximum(at, 0)]
    return np.where((at >= 0) & (rows - latest < gap), latest, -1)


def _spread(values: FloatArray, bucket: IntArray) -> FloatArray:
    """Each bucket evenly over its days, shape (n_days, n_types) as given."""
    n_days = np.bincount(bucket[bucket >= 0], minlength=len(bucket))
    return np.where(bucket[:, None] >= 0, values[bucket] / np.maximum(n_days[bucket], 1)[:, None], 0.0)
