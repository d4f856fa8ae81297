"""The level of a measurement in dollars, and its days before and after the exclusions."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from planner.coverage import days_in, first_day, month_of
from planner.exclusions import Exclusion, excluded_days
from planner.measurement import Measurement
from planner.units import DAYS_PER_MONTH

_DAY_COLUMNS = ["kept_usd", "removed_usd"]


def daily_spend(measurement: Measurement) -> pd.DataFrame:
    """List dollars by day, each at its own day's prices: day, kept_usd, removed_usd, raw_usd = kept + removed.

    One row for every day from the first with a record to the last; a day without records has none.
    """
    parts = [
        frame.groupby("day")["list_cost_usd"].sum() if len(frame) else pd.Series(dtype=np.float64)
        for frame in (measurement.daily, measurement.removed)
    ]
    days = pd.date_range(measurement.first.date(), measurement.last.date(), freq="D", name="day")
    found = pd.DataFrame(
        {name: part.reindex(days, fill_value=0.0) for name, part in zip(_DAY_COLUMNS, parts, strict=True)}, index=days
    )
    return found.assign(raw_usd=found["kept_usd"] + found["removed_usd"]).reset_index()


def level_usd_per_month(measurement: Measurement) -> float:
    """What a month of 365.25 / 12 days brings at list, each day at its own prices, season not taken out, all types."""
    groups = measurement.daily.groupby("request_type", sort=True)
    return float(sum(type_level_usd(part, str(name), measurement) for name, part in groups))


def type_level_usd(
    groups: pd.DataFrame, request_type: str, measurement: Measurement, further: Sequence[Exclusion] = ()
) -> float:
    """The level of one type in dollars a month, by the rule of `planner.mix.forward_mix` for requests.

    groups: the priced groups of the type that count. further: exclusions that took some out beyond those of the
    measurement. Mean over the complete months of dollars * (365.25 / 12) / days, where days leaves out those that say
    nothing about the type; without a complete month the covered span takes the place of the months.
    """
    exclusions = (*measurement.exclusions, *further)
    months = measurement.complete_months
    if not months:
        days = pd.date_range(measurement.first.date(), periods=max(1, round(measurement.coverage.span_days)), freq="D")
        left = int((~excluded_days(days, request_type, exclusions)).sum())
        scale = DAYS_PER_MONTH / measurement.coverage.span_days
        return float(groups["list_cost_usd"].sum()) * scale * len(days) / left if left else 0.0
    usd = groups.groupby("month")["list_cost_usd"].sum()
    levels = []
    for month in months:
        days = pd.date_range(first_day(month), periods=days_in(month), freq="D")
        if left := int((~excluded_days(days, request_type, exclusions)).sum()):
            levels.append(float(usd.get(month, 0.0)) * DAYS_PER_MONTH / left)
    return float(np.mean(levels)) if levels else 0.0


def months_of(measurement: Measurement) -> pd.DataFrame:
    """List dollars by month: month (YYYY-MM), kept_usd, removed_usd, raw_usd."""
    days = daily_spend(measurement)
    month = days["day"].map(lambda day: month_of(day.date())).rename("month")
    return days.groupby(month)[[*_DAY_COLUMNS, "raw_usd"]].sum().reset_index()
