"""How good a log is: what was read, refused and counted once, what its clocks say, what it lacks, how it was priced."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import numpy as np
import pandas as pd

from planner.measurement import Measurement
from planner.usage.columns import UNTAGGED, BadRow
from planner.usage.log_facts import LogFacts
from planner.usage.read import Usage

_FAR_DAYS: Final = 60
_FEW: Final = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class DataQuality:
    """What a log is like, before what it says is believed.

    rows_refused: of the rows read, those left out as faulty (the first of them: refused_examples). facts: of all of the
    log, whatever window and exclusions leave of it, like after_today, rows dated after today, and early_days: days long
    before the rest that hold almost nothing. priced_by: share of list spend by how the prompt length was settled.
    untagged_fraction: of list spend. Both are of what window and exclusions leave.
    """

    rows_refused: int
    refused_examples: tuple[BadRow, ...]
    files: int
    facts: LogFacts
    after_today: int
    early_days: tuple[date, ...]
    priced_by: Mapping[str, float]
    untagged_fraction: float


def data_quality(usage: Usage, measurement: Measurement, *, today: date) -> DataQuality:
    """Judge a log by what its scan and its pricing found."""
    per_day = usage.groups.groupby("day", sort=True)["records"].sum()
    days = [stamp.date() for stamp in pd.to_datetime(per_day.index)]
    records = per_day.to_numpy(dtype=np.int64)
    daily = measurement.daily
    total = float(daily["list_cost_usd"].sum())
    untagged = float(daily.loc[daily["request_type"] == UNTAGGED, "list_cost_usd"].sum())
    return DataQuality(
        rows_refused=usage.refused,
        refused_examples=usage.refused_examples,
        files=usage.files,
        facts=usage.facts,
        after_today=sum(int(count) for day, count in zip(days, records, strict=True) if day > today),
        early_days=_early_days(days, [int(count) for count in records]),
        priced_by=measurement.priced_by,
        untagged_fraction=untagged / total if total else 0.0,
    )


def _early_days(days: list[date], records: list[int]) -> tuple[date, ...]:
    """Days before a gap of more than two months that hold less than a hundredth of the records: a clock that was not
    set, more often than a beginning."""
    early = 0
    for index in range(1, len(days)):
        far = days[index] - days[index - 1] > timedelta(days=_FAR_DAYS)
        if far and sum(records[:index]) < _FEW * sum(records):
            early = index
    return tuple(days[:early])
