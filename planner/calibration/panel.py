"""The demand model of a panel of log demand, and its least squares under a batch of covariances.

For type k and period i, at t_i months since the first period and in calendar month c_i:

    log y_k(i) = a_k + beta_k t_i + steps + s(c_i) + W_k(i) + eps_k(i)

W is a random walk of sd sigma per month, eps an AR(1) of sd tau and correlation phi per period; a share rho of both is
common to all types. Over periods and types the covariance is S x tau^2 V with S = rho 11' + (1 - rho) I and
V = R_phi + (sigma / tau)^2 min(t, t'), so that it splits into the mean of the types, whose variance has the factor
rho + (1 - rho) / K, and K - 1 contrasts with the factor 1 - rho; both share V. Intercepts, steps and slopes are free
(flat, integrated out: restricted likelihood). The season s is common to all types, so only the mean has it; it is
random, with kappa times the variance of the mean's noise, and means zero over the year.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.special import roots_genlaguerre

from planner.units import DAYS_PER_MONTH, MONTHS_PER_YEAR, FloatArray, IntArray

MONTHS_PER_WEEK: Final = 7.0 / DAYS_PER_MONTH
_CENTRE: Final = np.eye(MONTHS_PER_YEAR) - 1.0 / MONTHS_PER_YEAR


@dataclass(frozen=True, slots=True, kw_only=True)
class Normal:
    """A normal prior; sd 0 is a value that is known."""

    mean: float
    sd: float

    def log_density(self, x: FloatArray) -> FloatArray:
        """Up to a constant; 0 for a known value."""
        return np.zeros_like(x) if self.sd == 0 else -0.5 * ((x - self.mean) / self.sd) ** 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Priors:
    """Priors in the engine's units, months and monthly noise, whatever the period of the data.

    growth: of log demand per month, location and scale of a Student t with growth_df degrees (inf: a normal).
    """

    log_volatility: Normal
    log_noise: Normal
    atanh_ar1: Normal
    logit_share: Normal
    growth: Normal
    growth_df: float = 4.0

    def growth_mixture(self) -> tuple[FloatArray, FloatArray]:
        """Weights and variances of the normals that make up the prior of growth."""
        if not np.isfinite(self.growth_df):
            return np.ones(1), np.array([self.growth.sd**2])
        # t is a normal with variance scale^2 / g, g ~ Gamma(df / 2, rate df / 2).
        x, weights = roots_genlaguerre(20, self.growth_df / 2 - 1)
        return weights / weights.sum(), self.growth.sd**2 * self.growth_df / (2.0 * x)


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """What is fitted: logs of shape (n_periods, n_types), and when each period was.

    weights: shares of the bill, sum 1, shape (n_types,). indices: whole periods since the first. weekly: periods of 7
    days, else months. steps: shape (n_periods, n_steps), 0 before a new level, 1 after it, and in the period that it
    begins in the part of it that shows. calendar: 0 to 11 where a season is fitted. months_to_end: from the middle of
    the last period to the time that the level is wanted at.
    """

    logs: FloatArray
    weights: FloatArray
    indices: IntArray
    weekly: bool
    steps: FloatArray
    calendar: IntArray | None = None
    months_to_end: float = 0.5

    @property
    def n_types(self) -> int:
        return self.logs.shape[1]

    @property
    def months(self) -> FloatArray:
        """Months since the first period, shape (n_periods,)."""
        return self.indices.astype(np.float64) * (MONTHS_PER_WEEK if self.weekly else 1.0)

    @property
    def mean(self) -> FloatArray:
        """Plain mean of the types, shape (n_periods, 1)."""
        return self.logs.mean(axis=1, keepdims=True)

    @property
    def contrasts(self) -> FloatArray:
        """Each type less the mean, then the weighted sum of those, shape (n_periods, n_types + 1)."""
        apart = self.logs - self.mean
        return np.column_stack([apart, apart @ self.weights])

    @property
    def regressors(self) -> FloatArray:
        """Intercept, months, steps: shape (n_periods, 2 + n_steps)."""
        return np.column_stack([np.ones(len(self.indices)), self.months, self.steps])


@dataclass(frozen=True, slots=True, kw_only=True)
class Solved:
    """Least squares of some series under a batch of V, in units of the direction's variance.

    logdet: log |V| + log |X'V^-1 X|, shape (n_bases,). quadratic: y'Py, shape (n_bases, n_series). slope: of the same
    shape; slope_var (n_bases,). The targets are the level at the end and the twelve seasons: target
    (n_bases, n_targets, n_series), target_var and target_slope (covariance with the slope), (n_bases, n_targets).
    """

    logdet: FloatArray
    quadratic: FloatArray
    slope: FloatArray
    slope_var: FloatArray
    target: FloatArray
    target_var: FloatArray
    target_slope: FloatArray


def solve(panel: Panel, series: FloatArray, *, ar1: FloatArray, walk: FloatArray, kappa: FloatArray) -> Solved:
    """Generalised least squares of series (n_periods, n_series) for every base: one phi, (sigma / tau)^2 and kappa.

    ar1, walk, kappa: shape (n_bases,). P = V^-1 - V^-1 X (X'V^-1 X)^-1 X'V^-1; a target z with covariance c to the data
    and regressors x is predicted by x'beta + c'V^-1 (y - X beta), the best linear unbiased predictor.
    """
    covariance, cross, prior_var = _covariances(panel, ar1, walk, kappa)
    regressors, at_target = panel.regressors, _at_target(panel, cross.shape[2])
    n_x, n_y = regressors.shape[1], series.shape[1]
    known = np.column_stack([regressors, series])
    right = np.concatenate([np.broadcast_to(known, (len(ar1), *known.shape)), cross], axis=2)
    solved = np.linalg.solve(covariance, right)
    against_x, against_y = regressors.T @ solved, series.T @ solved[:, :, n_x : n_x + n_y]
    precision, moments, seen = np.split(against_x, [n_x, n_x + n_y], axis=2)
    inverse = np.linalg.inv(precision)
    beta = inverse @ moments
    lever = at_target - seen
    by_target = np.einsum("btm,btn->bmn", cross, solved[:, :, n_x : n_x + n_y])
    explained = np.einsum("btm,btm->bm", cross, solved[:, :, n_x + n_y :])
    spread = inverse @ lever
    return Solved(
        logdet=np.linalg.slogdet(covariance)[1] + np.linalg.slogdet(precision)[1],
        quadratic=np.einsum("bnn->bn", against_y) - np.einsum("bxn,bxn->bn", moments, beta),
        slope=beta[:, 1, :],
        slope_var=inverse[:, 1, 1].astype(np.float64),
        target=by_target + np.einsum("bxm,bxn->bmn", lever, beta),
        target_var=np.maximum(prior_var - explained + np.einsum("bxm,bxm->bm", lever, spread), 0.0),
        target_slope=spread[:, 1, :],
    )


def _covariances(
    panel: Panel, ar1: FloatArray, walk: FloatArray, kappa: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """V (n_bases, T, T), its cross covariance with the targets (n_bases, T, n_targets), the targets' prior variance."""
    months = panel.months
    lags = np.abs(np.subtract.outer(panel.indices, panel.indices))
    covariance = ar1[:, None, None] ** lags + walk[:, None, None] * np.minimum.outer(months, months)
    cross = walk[:, None, None] * months[None, :, None]
    prior_var = walk[:, None] * months[-1]
    if panel.calendar is None:
        return covariance, cross, prior_var
    season = kappa[:, None, None] * _CENTRE[panel.calendar]
    covariance += season[:, :, panel.calendar]
    seasons_var = np.broadcast_to(kappa[:, None] * np.diag(_CENTRE), (len(kappa), MONTHS_PER_YEAR))
    return covariance, np.concatenate([cross, season], axis=2), np.concatenate([prior_var, seasons_var], axis=1)


def _at_target(panel: Panel, n_targets: int) -> FloatArray:
    """Regressors of the targets, shape (2 + n_steps, n_targets): the end of the last period, after every step."""
    at = np.zeros((2 + panel.steps.shape[1], n_targets))
    at[:, 0] = 1.0
    at[1, 0] = panel.months[-1] + panel.months_to_end
    return at


def monthly_of_weekly(ar1: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Sd and lag-one correlation of month means of a weekly AR(1) of sd 1, averaged over where months begin in a week.

    A month has 365.25 / 84 weeks, so neighbouring months share one, and even independent weeks correlate a little.
    """
    weeks, length = np.arange(12.0), 1.0 / MONTHS_PER_WEEK
    begins = (np.arange(16) + 0.5)[:, None] / 16
    first = np.clip(np.minimum(weeks + 1, begins + length) - np.maximum(weeks, begins), 0, 1) / length
    second = np.clip(np.minimum(weeks + 1, begins + 2 * length) - np.maximum(weeks, begins + length), 0, 1) / length
    lags = np.abs(np.subtract.outer(weeks, weeks))
    correlation = np.asarray(ar1, dtype=np.float64)[..., None, None] ** lags
    variance = np.einsum("os,...st,ot->...", first, correlation, first) / len(begins)
    covariance = np.einsum("os,...st,ot->...", first, correlation, second) / len(begins)
    return np.sqrt(variance), covariance / variance
