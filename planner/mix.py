"""The mix a plan starts from: run rate per request type, split over models, tokens per request, growth clock."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np
import pandas as pd

from planner.coverage import Coverage, first_day, last_day, month_index, month_of
from planner.errors import InputError
from planner.exclusions import Exclusion, excluded_days
from planner.list_cost import BATCH, prompts_above
from planner.measurement import (
    Measurement,
    Totals,
    Window,
    cumulative_share,
    measure,
    prompt_edges,
)
from planner.prices import PriceBook
from planner.units import (
    CODE_EXECUTION_SECONDS,
    DAYS_PER_MONTH,
    MONTHS_PER_YEAR,
    SECONDS_PER_HOUR,
    SERVER_TOOL_COLUMNS,
    TOKEN_COLUMNS,
    WEB_SEARCHES,
    BoolArray,
    FloatArray,
)

__all__ = [
    "Exclusion",
    "Measurement",
    "MixEntry",
    "RequestMix",
    "Totals",
    "Window",
    "cumulative_share",
    "forward_mix",
    "measure",
    "prompt_edges",
]

SEASON_TOLERANCE = 1e-6
SHORT_HISTORY_DAYS = 84.0
"""Twelve weeks: with less, a user's own trend says little and the prior on growth leads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MixEntry:
    """One request type on one model, free of season and growth.

    monthly_requests: per month of 365.25 / 12 days. tokens_per_request: means in the order of TOKEN_CLASSES,
    shape (5,). batch_fraction: of the requests. modifier: geography, speed and service tier factor on the list
    price, weighted by cost, without the batch factor. long_prompt_fraction: prompt threshold in tokens -> share
    of the entry's tokens in requests above it; a threshold that is not in it is not known. long_request_fraction:
    the same as a share of the requests. Server tools are means per request and billed beside the tokens.
    """

    request_type: str
    model: str
    monthly_requests: float
    tokens_per_request: FloatArray
    batch_fraction: float
    modifier: float = 1.0
    long_prompt_fraction: Mapping[int, float] = field(default_factory=dict)
    long_request_fraction: Mapping[int, float] = field(default_factory=dict)
    web_searches_per_request: float = 0.0
    code_execution_hours_per_request: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestMix:
    """Where the simulation starts.

    growth_months: from the middle of the measured months to month 0. drift_months: from the month that tokens
    per request come from to month 0. history_days: days that the log covers in all, None for a mix typed by hand.
    """

    entries: tuple[MixEntry, ...]
    growth_months: float
    drift_months: float
    warnings: tuple[str, ...]
    history_days: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Basis:
    """What the levels rest on. level: type -> monthly requests. shape: type -> the groups its split comes from."""

    level: Mapping[str, float]
    shape: Mapping[str, pd.DataFrame]
    middle: float
    latest: float
    warnings: tuple[str, ...]


def forward_mix(measurement: Measurement, *, start: date, season: FloatArray, price_book: PriceBook) -> RequestMix:
    """The run rate to plan with, per request type and model.

    season: 12 factors, January first, mean 1. start: the first day of month 0.

    n_k = mean over the complete months of requests_k * (365.25 / 12) / days / season(calendar month), where days
    leaves out the days an exclusion took from the type. Model split, tokens and server tools per request, batch
    share and long-prompt shares come from the last complete month, or, for a type without requests in it, from its
    latest complete month. Without a complete month the covered span is scaled to 365.25 / 12 days.

    Errors: InputError when the season's mean is not 1 or a factor is not positive.
    """
    _check_season(season)
    covered = measurement.coverage
    basis = _from_months(measurement, season) if covered.complete else _from_span(measurement, season)
    entries = [
        entry
        for request_type in sorted(basis.level)
        for entry in _entries(request_type, basis.level[request_type], basis.shape[request_type], price_book)
    ]
    begin = month_index(month_of(start))
    warnings = [*basis.warnings, *_clock_warnings(begin - basis.middle, covered)]
    return RequestMix(
        entries=tuple(sorted(entries, key=lambda entry: -entry.monthly_requests * entry.tokens_per_request.sum())),
        growth_months=begin - basis.middle,
        drift_months=begin - basis.latest,
        warnings=tuple(warnings),
        history_days=covered.span_days,
    )


def _check_season(season: FloatArray) -> None:
    if season.shape != (MONTHS_PER_YEAR,) or not np.all(season > 0) or not np.all(np.isfinite(season)):
        raise InputError(f"[demand] season = {season.tolist()}: give twelve positive factors, January first.")
    if abs(float(season.mean()) - 1) > SEASON_TOLERANCE:
        raise InputError(
            f"[demand] season has mean {season.mean():.6f}; it has to be 1. Divide each factor by that mean."
        )


def _from_months(measurement: Measurement, season: FloatArray) -> _Basis:
    months = measurement.complete_months
    daily = measurement.daily
    inside = daily[daily["month"].isin(months)]
    said = _left_out(daily, inside)
    level: dict[str, float] = {}
    shape: dict[str, pd.DataFrame] = {}
    for request_type, groups in inside.groupby("request_type", sort=True):
        name = str(request_type)
        per_month = groups.groupby("month")["requests"].sum()
        days = {month: _days_left(_days_of(month), name, measurement) for month in months}
        level[name] = float(
            np.mean(
                [
                    float(per_month.get(month, 0)) * DAYS_PER_MONTH / days[month] / season[_calendar(month)]
                    for month in months
                    if days[month]
                ]
            )
        )
        latest = str(per_month.index.max())
        shape[name] = groups[groups["month"] == latest]
        if latest != months[-1]:
            said.append(
                f"{name!r} has no requests in {months[-1]}, the last complete month: "
                f"its models and tokens per request come from {latest}."
            )
    return _Basis(
        level=level,
        shape=shape,
        middle=float(np.mean([month_index(month) for month in months])),
        latest=float(month_index(months[-1])),
        warnings=tuple(said),
    )


def _calendar(month: str) -> int:
    return month_index(month) % MONTHS_PER_YEAR


def _left_out(daily: pd.DataFrame, inside: pd.DataFrame) -> list[str]:
    gone = sorted(set(daily["request_type"]) - set(inside["request_type"]))
    if not gone:
        return []
    usd = float(daily.loc[daily["request_type"].isin(gone), "list_cost_usd"].sum())
    return [f"Only in incomplete months, and so not in the plan: {', '.join(gone)} (${usd:,.0f} at list in the log)."]


def _days_of(month: str) -> pd.DatetimeIndex:
    return pd.date_range(first_day(month), last_day(month), freq="D")


def _days_left(days: pd.DatetimeIndex, request_type: str, measurement: Measurement) -> int:
    """Days that no exclusion takes from the type."""
    return int((~excluded_days(days, request_type, measurement.exclusions)).sum())


def _from_span(measurement: Measurement, season: FloatArray) -> _Basis:
    """No complete month: the covered span, without the days that exclusions take from a type, scaled."""
    covered, daily = measurement.coverage, measurement.daily
    factor = _span_season(measurement, season)
    scale = DAYS_PER_MONTH / covered.span_days / factor
    days = pd.date_range(measurement.first.date(), periods=max(1, round(covered.span_days)), freq="D")
    groups = {str(name): part for name, part in daily.groupby("request_type", sort=True)}
    span = f"{covered.span_days:.1f} days" if covered.span_days >= 2 else f"{covered.span_days * 24:.1f} hours"
    return _Basis(
        level={
            name: float(part["requests"].sum()) * scale * len(days) / _days_left(days, name, measurement)
            for name, part in groups.items()
        },
        shape=groups,
        middle=covered.middle,
        latest=covered.middle,
        warnings=(
            f"The log covers no complete month: every level rests on {span} of usage, multiplied by {scale:,.1f} "
            "to make a month. Growth, weekdays, seasons and large customers cannot be seen in it. Do not sign on "
            "this; measure at least one whole month.",
        ),
    )


def _span_season(measurement: Measurement, season: FloatArray) -> float:
    first = measurement.first.date()
    days = [first + timedelta(days=offset) for offset in range(max(1, round(measurement.coverage.span_days)))]
    return float(np.mean([season[day.month - 1] for day in days]))


def _clock_warnings(growth_months: float, covered: Coverage) -> list[str]:
    said = []
    if growth_months < 0:
        said.append("The plan starts before the middle of the measured months: growth is applied backwards.")
    if covered.complete and covered.span_days < SHORT_HISTORY_DAYS:
        said.append(
            f"The log covers {covered.span_days:.0f} days, less than twelve weeks: growth rests on the prior "
            "and not on the log."
        )
    return said


def _entries(request_type: str, level: float, shape: pd.DataFrame, book: PriceBook) -> list[MixEntry]:
    total = float(shape["requests"].sum())
    return [
        _entry(request_type, str(model), level * float(part["requests"].sum()) / total, part, book)
        for model, part in shape.groupby("model", sort=True)
    ]


def _entry(request_type: str, model: str, monthly_requests: float, part: pd.DataFrame, book: PriceBook) -> MixEntry:
    requests = part["requests"].to_numpy(dtype=np.float64)
    tokens = part[list(TOKEN_COLUMNS)].to_numpy(dtype=np.float64)
    cost = part["rate_cost_usd"].to_numpy(dtype=np.float64)
    weights = cost if cost.sum() > 0 else requests
    batch = (part["service_tier"] == BATCH).to_numpy()
    tools = part[list(SERVER_TOOL_COLUMNS)].to_numpy(dtype=np.float64).sum(axis=0) / requests.sum()
    above = _settled_edges(part, tokens.sum(axis=1), prompt_edges(book))
    return MixEntry(
        request_type=request_type,
        model=model,
        monthly_requests=monthly_requests,
        tokens_per_request=tokens.sum(axis=0) / requests.sum(),
        batch_fraction=float(requests[batch].sum() / requests.sum()),
        modifier=float(np.average(part["modifier"].to_numpy(dtype=np.float64), weights=weights)),
        long_prompt_fraction=_shares_above(above, tokens.sum(axis=1)),
        long_request_fraction=_shares_above(above, requests),
        web_searches_per_request=float(tools[WEB_SEARCHES]),
        code_execution_hours_per_request=float(tools[CODE_EXECUTION_SECONDS]) / SECONDS_PER_HOUR,
    )


def _settled_edges(part: pd.DataFrame, tokens: FloatArray, edges: Sequence[int]) -> dict[int, BoolArray]:
    """Edge -> which groups are above it, for the edges that every group with tokens settles."""
    found = {}
    for edge in edges:
        above, unknown = prompts_above(part, edge)
        if not (unknown & (tokens > 0)).any():
            found[edge] = above
    return found


def _shares_above(above: Mapping[int, BoolArray], weights: FloatArray) -> dict[int, float]:
    """Edge -> share of the weights in groups above it; 0 where nothing weighs."""
    total = weights.sum()
    return {edge: float(weights[groups].sum() / total) if total > 0 else 0.0 for edge, groups in above.items()}
