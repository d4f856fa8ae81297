"""Learn the demand model from the measured periods, each parameter only as far as they can say it.

Every parameter has a prior centred on its default and the posterior is exact (calibration_grid.py), so that three days
give the priors and two years give the data. A value that the user typed is known: it wins, and the rest is fitted with
it.
"""

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from planner.calibration.fits import (
    CALENDAR,
    PRIOR_SPREADS,
    SCALES,
    Fitted,
    Source,
    demand_fits,
    drift_fit,
    fitted,
    level_fit,
    season_fits,
    weekday_fits,
)
from planner.calibration.grid import Posterior, posterior
from planner.calibration.notes import fit_warnings, left_out, rests_on, too_little, user_warnings
from planner.calibration.panel import Panel
from planner.calibration.priors import (
    LEAST_PERIODS,
    calendar_months,
    demand_panel,
    demand_priors,
    distribution_range,
    fitted_columns,
    growth_prior_var,
    has_no_noise,
)
from planner.calibration.summary import moments, rounded
from planner.calibration.trend import Trend, bill_trend
from planner.demand import DemandModel
from planner.distributions import Z90, rate_from_quantiles
from planner.history.history import History
from planner.units import FloatArray, IntArray

__all__ = ["CALENDAR", "DEMAND_KEYS", "FITTED_KEYS", "Calibration", "Fitted", "Trend", "calibrate"]

FITTED_KEYS: Final = (
    "level_sd", "growth_per_year", "monthly_volatility", "common_share", "monthly_noise", "noise_ar1",
    "token_drift_per_year", "season",
)  # fmt: skip
"""The keys of [demand] that months of use can say something about."""

DEMAND_KEYS: Final = (
    *FITTED_KEYS[:2], "growth_damping_per_month", *FITTED_KEYS[2:-1], "leave_probability_per_quarter",
    "largest_customer_fraction", "rebound", "season",
)  # fmt: skip
"""Every key of [demand] but its events."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """What a history says about demand.

    parameters: keys of [demand] by their own names, season.january and so on; where measured also weekday.monday and so
    on, level_usd_per_month (list cost of a month at the window's end, at constant prices) and level.<request type>
    (monthly requests at the window's end, free of season). demand: the model with every key that was not given replaced
    by its fit. levels: those requests by type, None without a fit. trend: the fit against the measured spend, None
    without one. fitted_share: share of the bill of the types that the fit rests on; 1 where it rests on the whole bill.
    """

    parameters: tuple[Fitted, ...]
    demand: DemandModel
    levels: Mapping[str, float] | None
    trend: Trend | None
    history: History
    fitted_types: tuple[str, ...]
    fitted_share: float
    warnings: tuple[str, ...]
    rests_on: str

    def parameter(self, name: str) -> Fitted:
        """A parameter by name; KeyError where there is none."""
        for parameter in self.parameters:
            if parameter.name == name:
                return parameter
        raise KeyError(name)


def calibrate(history: History, typed: DemandModel, given: Set[str]) -> Calibration:
    """Fit the keys of [demand] that are not given.

    typed: the model with given keys as typed and the others at their defaults, which are the priors' centres. given:
    the keys that the user typed. Without a period (six whole months, or eight weeks), and below three periods,
    everything that is not given is its default, exactly, with weight 0.
    """
    if history.period is None or history.n_periods < LEAST_PERIODS or not np.all(history.bill_usd_per_month > 0):
        return _from_priors(history, typed, given)
    columns = fitted_columns(history)
    panel, priors = demand_panel(history, columns, typed, given), demand_priors(typed, given)
    nodes = posterior(panel, priors)
    fits = demand_fits(nodes, growth_prior_var(priors), has_types=len(columns) > 1)
    fits["token_drift_per_year"] = drift_fit(history, columns)
    if has_no_noise(typed, given):
        del fits["noise_ar1"]
    season = season_fits(nodes, fits_season=panel.calendar is not None)
    demand = _with_fits(typed, given, fits, season)
    parameters = [*_in_order(typed, given, fits, season), *weekday_fits(history)]
    levels = _levels(history, columns, panel, nodes, demand)
    parameters += _level_fits(history, columns, nodes, levels)
    names = tuple(history.request_types[column] for column in columns)
    share = float(history.share_of_bill[columns].sum()) if names else 1.0
    return Calibration(
        parameters=tuple(parameters),
        demand=demand,
        levels=levels,
        trend=bill_trend(history, demand, panel, nodes),
        history=history,
        fitted_types=names,
        fitted_share=share,
        warnings=(*fit_warnings(history, names, share), *user_warnings(given)),
        rests_on=rests_on(history, names, share, panel.steps.shape[1]),
    )


def _with_fits(typed: DemandModel, given: Set[str], fits: Mapping[str, Fitted], season: list[Fitted]) -> DemandModel:
    """The typed model with every fitted key that was not given."""
    rates = ("growth_per_year", "token_drift_per_year")
    new: dict[str, Any] = {name: fit.value for name, fit in fits.items() if name not in given and name not in rates}
    new |= {name: rate_from_quantiles(fits[name].p10, fits[name].p90) for name in rates if name not in given}
    if season and "season" not in given:
        new["season"] = tuple(fit.value for fit in season)
    return replace(typed, **new)


def _in_order(
    typed: DemandModel, given: Set[str], fits: Mapping[str, Fitted], season: list[Fitted]
) -> Iterator[Fitted]:
    """Every key of [demand]: the user's, the fit, or the default."""
    for key in DEMAND_KEYS:
        if key != "season":
            yield _as_typed(key, typed, given) if key in given or key not in fits else fits[key]
        elif season and key not in given:
            yield from season
        else:
            source: Source = "user" if key in given else "prior"
            for month, factor in zip(CALENDAR, typed.season, strict=True):
                name = f"season.{month}"
                yield Fitted(name=name, value=factor, p10=factor, p90=factor, source=source, weight_of_data=0.0)


def _as_typed(key: str, typed: DemandModel, given: Set[str]) -> Fitted:
    """A key as typed, or its default with the interval of its prior."""
    value = getattr(typed, key)
    if not isinstance(value, float | int):
        p10, p50, p90 = distribution_range(value)
    elif key in given or key not in PRIOR_SPREADS:
        p10, p50, p90 = value, value, value
    else:
        scale, sd = PRIOR_SPREADS[key]
        forth, back = SCALES[scale]
        p10, p50, p90 = (float(back(forth(np.float64(value)) + z * sd)) for z in (-Z90, 0.0, Z90))
        p50 = value
    if key in given:
        low, middle, high = (float(f"{each:.12g}") for each in (p10, p50, p90))
        return Fitted(name=key, value=middle, p10=low, p90=high, source="user", weight_of_data=0.0)
    return fitted(key, p50, p10, p90, 0.0)


def _levels(
    history: History, columns: IntArray, panel: Panel, nodes: Posterior, demand: DemandModel
) -> dict[str, float]:
    """Monthly requests of each type at the window's end, free of season.

    A fitted type's is the posterior mean of its level, times what its unusual days add to the window on average: they
    are suggested for exclusion, never taken out. Another type's is its mean over the periods since its first use, moved
    to the window's end by the fitted growth.
    """
    season = np.array(demand.season)[calendar_months(history)]
    mean, var = _moments_by_column(nodes.level, nodes.level_var, nodes.weight)
    noise = float(nodes.weight @ nodes.period_noise**2)
    at_end = np.exp(mean + var / 2 + noise / 2) * (
        np.exp(nodes.weight @ nodes.season).mean() if panel.calendar is not None else 1.0
    )
    growth = moments(nodes.growth, nodes.weight)[0]
    until_end = panel.months[-1] + panel.months_to_end - panel.months
    levels = {}
    for column, name in enumerate(history.request_types):
        series = history.requests[:, column]
        place = np.flatnonzero(columns == column)
        if len(place):
            usual = history.expected_requests[:, column]
            levels[name] = float(at_end[place[0]] * series.sum() / usual.sum())
        elif np.nansum(series) > 0:
            since = np.arange(len(series)) >= int(np.argmax(np.nan_to_num(series) > 0))
            counts = np.isfinite(series) & since
            levels[name] = float(np.mean((series / season * np.exp(growth * until_end))[counts]))
    return {name: rounded(level) for name, level in levels.items()}


def _moments_by_column(mean: FloatArray, var: FloatArray, weight: FloatArray) -> tuple[FloatArray, FloatArray]:
    middle = weight @ mean
    return middle, weight @ (var + (mean - middle) ** 2)


def _level_fits(history: History, columns: IntArray, nodes: Posterior, levels: Mapping[str, float]) -> Iterator[Fitted]:
    """level_usd_per_month at the last period's cost of a request, and level.<type>: means, log-normal P10 and P90."""
    unit = dict(zip(history.request_types, history.unit_cost_usd.tolist(), strict=True))
    bill = sum(level * unit[name] for name, level in levels.items())
    between = moments(nodes.bill_level, nodes.weight)[1]
    yield level_fit("level_usd_per_month", bill, float(nodes.weight @ nodes.bill_level_var) + between)
    _, var = _moments_by_column(nodes.level, nodes.level_var, nodes.weight)
    for place, column in enumerate(columns):
        name = history.request_types[column]
        yield level_fit(f"level.{name}", levels[name], float(var[place]))


def _from_priors(history: History, typed: DemandModel, given: Set[str]) -> Calibration:
    """Too little history: the defaults, and what is missing."""
    return Calibration(
        parameters=(*_in_order(typed, given, {}, []), *weekday_fits(history)),
        demand=typed,
        levels=None,
        trend=None,
        history=history,
        fitted_types=(),
        fitted_share=0.0,
        warnings=(too_little(history), *user_warnings(given)),
        rests_on=" ".join(
            [too_little(history), *left_out(history), "Every parameter that was not typed is its prior."]
        ),
    )
