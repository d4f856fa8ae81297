"""How long requests are: counts by powers of two of each token class, in one more scan that only who asks for it pays.

Exact quantiles do not compile on several engines and need memory; counts add up. Bins are found by comparing with their
edges, because a logarithm rounds differently from engine to engine.
"""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any, Final, cast

import ibis
import numpy as np
import pandas as pd
from scipy.interpolate import PchipInterpolator

from planner.errors import UsageError
from planner.units import TOKEN_COLUMNS, FloatArray
from planner.usage.columns import UNTAGGED
from planner.usage.duplicates import ID
from planner.usage.file_layouts import integrity_checks
from planner.usage.groups import clean_key
from planner.usage.opening import opened
from planner.usage.read import canonical_records, find_repeated, whole_query
from planner.usage.scan import US_PER_DAY
from planner.usage.source import UsageSource
from planner.usage.views import Table

LAST_POWER: Final = 24
"""Counts of 2**24 tokens and more, longer than any prompt, share one bin."""
COMBINATION_LIMIT: Final = 2_000_000

_POINTS: Final = 129
_EPOCH: Final = date(1970, 1, 1)


def bin_name(token_column: str) -> str:
    """The column of a token class's bins."""
    return f"bin_{token_column}"


def token_distribution(
    source: UsageSource,
    *,
    first: date,
    last: date,
    cuts: Sequence[date] = (),
    owners: Sequence[str] = (),
    progress: Callable[[float], None] | None = None,
) -> pd.DataFrame:
    """Counts of the records of one request, by the size of each token class together.

    Columns: day (the first day of the stretch: months between first and last, both included, cut again at `cuts`, days
    on which something begins), request_type, model, `owners`, bin_<class> (0: none, k: from 2**(k-1) below 2**k tokens)
    and requests. Requests that repeat an id count once; rows that the measurement refuses do not count.
    Errors: UsageError for a file that cannot be read, and for too many combinations.
    """
    starts = _stretches(first, last, cuts)
    with opened(source, (*owners, ID)) as log:
        with integrity_checks(log.files, log.engine.interrupt):
            keys = find_repeated(log)
            records = canonical_records(log.engine, log.layouts, owners, repeated=keys)
            frame = whole_query(log, counts_by_size(records, owners, starts=starts, last=last), progress)
        stems = {path: file.stem for path, file in log.file_of.items()}
    if len(frame) >= COMBINATION_LIMIT:
        raise UsageError(
            f"The log has more than {COMBINATION_LIMIT:,} combinations of request type, model and size. "
            "Narrow the window."
        )
    frame["day"] = pd.to_datetime(frame["stretch"].map(lambda index: starts[int(index)]))
    frame["request_type"] = frame["request_type"].map(lambda text: clean_key(text, stems) or UNTAGGED)
    for name in ("model", *owners):
        frame[name] = frame[name].map(lambda text: clean_key(text, stems))
    names = ["day", "request_type", "model", *owners, *map(bin_name, TOKEN_COLUMNS)]
    counted = frame[frame["model"] != ""].groupby(names, sort=True)["requests"].sum()
    return counted.astype("int64").reset_index()


def counts_by_size(records: Table, owners: Sequence[str] = (), *, starts: Sequence[date], last: date) -> Table:
    """Records of one request, counted by stretch, request type, model and the bin of each token class."""
    inside = ~records.fault & records.us.between(_us(starts[0]), _us(last) + US_PER_DAY - 1)
    if "other" in records.columns:
        inside &= ~records.other
    if "requests" in records.columns:
        inside &= records.requests == 1.0
    bins = {
        bin_name(name): _bin(records[name]) if name in records.columns else ibis.literal(0, "int32")
        for name in TOKEN_COLUMNS
    }
    later = [(records.us >= _us(start), index) for index, start in reversed(list(enumerate(starts)))]
    columns = {"stretch": ibis.cases(*later, else_=0).cast("int32")}
    for name in ("request_type", "model", *owners):
        columns[name] = records[name] if name in records.columns else ibis.null("string")
    chosen = records.filter(inside.fill_null(False)).select(**columns, **bins)
    return cast(
        Table, chosen.group_by(list(chosen.columns)).aggregate(requests=ibis._.count()).limit(COMBINATION_LIMIT)
    )


def _bin(tokens: Any) -> Any:
    """An engine looks at the later branches only for the rows that are left."""
    edges = [(tokens < float(2**power), power) for power in range(LAST_POWER + 1)]
    return ibis.cases(*edges, else_=LAST_POWER + 1).cast("int32")


def _us(day: date) -> int:
    return (day - _EPOCH).days * US_PER_DAY


def _stretches(first: date, last: date, cuts: Sequence[date]) -> tuple[date, ...]:
    months = pd.date_range(first, last, freq="MS")
    return tuple(sorted({first, *(stamp.date() for stamp in months), *(cut for cut in cuts if first < cut <= last)}))


def quantile(counts: FloatArray, q: float) -> float:
    """The q quantile of values counted in bins, shape (LAST_POWER + 2,); NaN where nothing is counted.

    It lies in the bin that the exact quantile is in, and so at most a factor of two away. Inside the bin a smooth
    monotone curve through the counts (over the logarithm of the tokens) says where: mostly within 10 %, and within 2 %
    where requests spread over several powers of two.
    """
    total = float(counts.sum())
    if total <= 0:
        return float("nan")
    running = np.cumsum(counts)
    rank = q * total
    index = int(np.searchsorted(running, rank * (1 - 1e-12)))
    if index == 0:
        return 0.0
    powers = np.linspace(index - 1, index, _POINTS)
    curve = PchipInterpolator(np.arange(len(counts)), running)
    power = float(np.interp(rank, curve(powers), powers))
    return float(min(2.0**power, 2.0**index - 1))
