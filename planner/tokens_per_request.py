"""Tokens per request: mean, spread and, where sizes were counted, the middle and the long end."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import numpy as np
import pandas as pd

from planner.exclusions import LOGGED_MODEL, Exclusion, excluded_rows
from planner.list_cost import resolve_all
from planner.measurement import Measurement
from planner.prices import PriceBook
from planner.units import TOKEN_COLUMNS, FloatArray
from planner.usage.scan import square_name
from planner.usage.token_distribution import LAST_POWER, bin_name, quantile

QUANTILES: Final = (0.5, 0.95)


@dataclass(frozen=True, slots=True, kw_only=True)
class TokensPerRequest:
    """One request type on one model, over its records of one request.

    requests: how many. share_of_requests: of all of the type's on the model; the others are in buckets, whose requests
    cannot be told apart. mean, sd, p50, p95: tokens, in the order of TOKEN_CLASSES, shapes (5,). sd is the standard
    deviation of the sample, NaN of a single request. p50 and p95 are NaN where no sizes were counted.
    """

    request_type: str
    model: str
    requests: int
    share_of_requests: float
    mean: FloatArray
    sd: FloatArray
    p50: FloatArray
    p95: FloatArray


def cut_days(exclusions: Sequence[Exclusion]) -> tuple[date, ...]:
    """The days on which an exclusion begins or has ended: what is counted between two of them is kept or left."""
    begins = [each.from_ for each in exclusions if each.from_ is not None]
    return tuple(begins + [each.to + timedelta(days=1) for each in exclusions if each.to is not None])


def tokens_per_request(
    measurement: Measurement, sizes: pd.DataFrame | None, price_book: PriceBook
) -> tuple[TokensPerRequest, ...]:
    """Per request type and model of a measurement, most requests first.

    sizes: what `token_distribution` counted between the measurement's first and last day, cut at `cut_days`.
    mean = sum / n; sd^2 = (sum of squares - n mean^2) / (n - 1).
    """
    counted = {} if sizes is None else _by_row(_kept(_resolved(sizes, price_book), measurement))
    nothing = np.zeros((len(TOKEN_COLUMNS), LAST_POWER + 2))
    found = [
        _of_groups(str(kind), str(model), groups, counted.get((str(kind), str(model)), nothing))
        for (kind, model), groups in measurement.daily.groupby(["request_type", "model"], sort=True)
    ]
    return tuple(sorted(found, key=lambda each: -each.requests))


def _resolved(sizes: pd.DataFrame, price_book: PriceBook) -> pd.DataFrame:
    return sizes.assign(model=sizes["model"].map(resolve_all(sizes, price_book)), **{LOGGED_MODEL: sizes["model"]})


def _kept(sizes: pd.DataFrame, measurement: Measurement) -> pd.DataFrame:
    for exclusion in measurement.exclusions:
        sizes = sizes[~excluded_rows(sizes, exclusion)]
    return sizes


def _by_row(sizes: pd.DataFrame) -> dict[tuple[str, str], FloatArray]:
    """(request type, model) -> counts, shape (5, LAST_POWER + 2)."""
    counted = {}
    for (kind, model), rows in sizes.groupby(["request_type", "model"], sort=True):
        weights = rows["requests"].to_numpy(dtype=np.float64)
        bins = [rows[bin_name(name)].to_numpy(dtype=np.int64) for name in TOKEN_COLUMNS]
        counted[str(kind), str(model)] = np.array(
            [np.bincount(each, weights=weights, minlength=LAST_POWER + 2) for each in bins]
        )
    return counted


def _of_groups(kind: str, model: str, groups: pd.DataFrame, counts: FloatArray) -> TokensPerRequest:
    n = int(groups["single_requests"].sum())
    sums = groups[[f"single_{name}" for name in TOKEN_COLUMNS]].to_numpy(dtype=np.float64).sum(axis=0)
    squares = groups[[square_name(name) for name in TOKEN_COLUMNS]].to_numpy(dtype=np.float64).sum(axis=0)
    empty = np.full(len(TOKEN_COLUMNS), np.nan)
    mean = sums / n if n else empty
    variance = np.maximum(squares - n * mean**2, 0.0) / (n - 1) if n > 1 else empty
    return TokensPerRequest(
        request_type=kind,
        model=model,
        requests=n,
        share_of_requests=n / float(groups["requests"].sum()),
        mean=mean,
        sd=np.sqrt(variance),
        p50=np.array([quantile(each, QUANTILES[0]) for each in counts]),
        p95=np.array([quantile(each, QUANTILES[1]) for each in counts]),
    )
