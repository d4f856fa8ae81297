"""From the nodes of a posterior to parameters with an interval, a source and a weight."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np
from scipy.special import expit, logit

from planner.calibration.grid import Posterior, posterior
from planner.calibration.priors import (
    AR1_ATANH_SD,
    DRIFT_PRIORS,
    LEVEL_SD_LOG_SD,
    NOISE_LOG_SD,
    SHARE_LOGIT_SD,
    VOLATILITY_LOG_SD,
    drift_panel,
    growth_prior_var,
)
from planner.calibration.summary import growth_quantiles, moments, rounded, rounded_season, weighted_quantiles
from planner.distributions import Z90
from planner.history.history import History
from planner.units import MONTHS_PER_YEAR, FloatArray, IntArray

Source = Literal["data", "prior", "user"]

CALENDAR: Final = (
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
)  # fmt: skip
WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_WEEKDAY_PRIOR_SD: Final = 0.2
_RATE_DECIMALS: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """One parameter in its own unit: the posterior median, P10 and P90, and how much of it comes from the data.

    weight_of_data: 1 - posterior variance / prior variance on the parameter's own scale (logs of standard deviations,
    log odds of shares), in [0, 1]. source: "data" from a half on, else "prior"; "user" where it was typed.
    """

    name: str
    value: float
    p10: float
    p90: float
    source: Source
    weight_of_data: float


def fitted(name: str, value: float, p10: float, p90: float, weight: float) -> Fitted:
    """A parameter in rounded figures, with the source that its weight of data says."""
    weight = float(np.clip(weight, 0.0, 1.0))
    return Fitted(
        name=name,
        value=rounded(value),
        p10=rounded(p10),
        p90=rounded(p90),
        source="data" if weight >= 0.5 else "prior",
        weight_of_data=round(weight, 4),
    )


def _scaled(name: str, values: FloatArray, weight: FloatArray, scale: str, prior_sd: float) -> Fitted:
    """A parameter whose prior is normal on a scale (log, atanh, logit): its posterior over the nodes."""
    forth, back = SCALES[scale]
    on_scale = forth(values)
    p10, p50, p90 = back(weighted_quantiles(on_scale, weight)).tolist()
    return fitted(name, p50, p10, p90, 1.0 - moments(on_scale, weight)[1] / prior_sd**2)


SCALES: Final[Mapping[str, tuple[Callable[..., FloatArray], Callable[..., FloatArray]]]] = {
    "log": (np.log, np.exp),
    "atanh": (np.arctanh, np.tanh),
    "logit": (logit, expit),
}


def demand_fits(nodes: Posterior, growth_var: float, *, has_types: bool) -> dict[str, Fitted]:
    """The fit of every key but the season and the drift of tokens."""
    weight = nodes.weight
    fits = [
        _level_sd_fit(nodes),
        _rate_fit("growth_per_year", nodes, growth_var),
        _scaled("monthly_volatility", nodes.volatility, weight, "log", VOLATILITY_LOG_SD),
        _scaled("monthly_noise", nodes.noise, weight, "log", NOISE_LOG_SD),
        _scaled("noise_ar1", nodes.ar1, weight, "atanh", AR1_ATANH_SD),
    ]
    if has_types:
        fits.append(_scaled("common_share", nodes.share, weight, "logit", SHARE_LOGIT_SD))
    return {fit.name: fit for fit in fits}


def _rate_fit(name: str, nodes: Posterior, prior_var: float) -> Fitted:
    """A rate a year: log(1 + rate) / 12 is the slope, a mixture of the nodes' normals."""
    p10, p50, p90 = np.expm1(MONTHS_PER_YEAR * growth_quantiles(nodes)).tolist()
    between = moments(nodes.growth, nodes.weight)[1]
    var = between + float(nodes.weight @ nodes.growth_var)
    p10, p50, p90 = (round(rate, _RATE_DECIMALS) for rate in (p10, p50, p90))
    return fitted(name, p50, p10, p90, 1.0 - var / prior_var if prior_var > 0 else 0.0)


def _level_sd_fit(nodes: Posterior) -> Fitted:
    """The level's own log sd, over all nodes; its interval is that of the nodes' own."""
    between = moments(nodes.bill_level, nodes.weight)[1]
    each = np.sqrt(nodes.bill_level_var + between)
    value = float(np.sqrt(nodes.weight @ nodes.bill_level_var + between))
    p10, _, p90 = np.exp(weighted_quantiles(np.log(np.maximum(each, 1e-9)), nodes.weight)).tolist()
    known = moments(np.log(np.maximum(each, 1e-9)), nodes.weight)[1] / LEVEL_SD_LOG_SD**2
    return fitted("level_sd", value, min(p10, value), max(p90, value), 1.0 - known)


def drift_fit(history: History, columns: IntArray) -> Fitted:
    """The drift of tokens per request a year; none, as a prior, where no type's tokens are known in every period."""
    panel = drift_panel(history, columns)
    if panel is None:
        return Fitted(name="token_drift_per_year", value=0.0, p10=0.0, p90=0.0, source="prior", weight_of_data=0.0)
    nodes = posterior(panel, DRIFT_PRIORS)
    return _rate_fit("token_drift_per_year", nodes, growth_prior_var(DRIFT_PRIORS))


def season_fits(nodes: Posterior, *, fits_season: bool) -> list[Fitted]:
    """Twelve factors with mean 1, rounded so that their mean stays 1; none without a fit."""
    if not fits_season:
        return []
    weight = nodes.weight
    log_season = weight @ nodes.season
    var = weight @ (nodes.season_var + (nodes.season - log_season) ** 2)
    factors = rounded_season(np.exp(log_season))
    kept = float(weight @ nodes.season_kept)
    return [
        replace(
            fitted(f"season.{month}", factor, factor * np.exp(-Z90 * sd), factor * np.exp(Z90 * sd), kept),
            value=float(factor),
        )
        for month, factor, sd in zip(CALENDAR, factors, np.sqrt(var), strict=True)
    ]


PRIOR_SPREADS: Final = {
    "level_sd": ("log", LEVEL_SD_LOG_SD),
    "monthly_volatility": ("log", VOLATILITY_LOG_SD),
    "monthly_noise": ("log", NOISE_LOG_SD),
    "noise_ar1": ("atanh", AR1_ATANH_SD),
    "common_share": ("logit", SHARE_LOGIT_SD),
}


def weekday_fits(history: History) -> Iterator[Fitted]:
    """The seven weekday factors with their standard errors as P10 and P90; nothing where they are not measured."""
    if history.weekdays is None:
        return
    for day, factor, error in zip(WEEKDAYS, history.weekdays.factors, history.weekdays.standard_errors, strict=True):
        weight = _WEEKDAY_PRIOR_SD**2 / (_WEEKDAY_PRIOR_SD**2 + error**2)
        yield fitted(f"weekday.{day}", factor, factor - Z90 * error, factor + Z90 * error, weight)


def level_fit(name: str, mean: float, var: float) -> Fitted:
    """A level as a mean, with the P10 and P90 of the log-normal of that mean and variance of the log."""
    median, times = mean * np.exp(-var / 2), np.exp(Z90 * np.sqrt(var))
    return replace(fitted(name, mean, median / times, median * times, 1.0), weight_of_data=1.0)
