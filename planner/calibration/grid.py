"""The exact posterior of a panel on a grid over (phi, sigma / tau, kappa, tau, rho), narrowed to where it lies.

Growth is the slope of the bill, b = sum w_k beta_k + sigma^2 / 2 (a step of the walk has mean one after
exponentiation). Given the grid's parameters its estimate is normal, and its Student t prior is a mixture of normals, so
growth and levels are integrated exactly at every node. The costly part, least squares under V, depends on the first
three axes only; all values of tau and rho share it.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import numpy as np
from scipy.special import expit, logsumexp

from planner.calibration.axes import Axes, spread_axes, widest_axes
from planner.calibration.panel import Panel, Priors, Solved, monthly_of_weekly, solve
from planner.units import FloatArray, IntArray

_SEASON_KAPPAS: Final = np.array([0.1, 0.3, 0.6, 1.2, 2.4, 5.0]) ** 2
_PASSES: Final = ((9, 11, 31, 11, 40.0), (9, 11, 17, 11, 16.0), (9, 11, 13, 11, 9.0), (15, 17, 15, 17, 9.0))
_SEASON_PASSES: Final = ((5, 7, 31, 9, 40.0), (7, 9, 15, 9, 16.0), (7, 9, 11, 9, 9.0), (13, 13, 13, 15, 9.0))
# Values per axis, and by how much a node's log posterior may lie below the best and still be looked at.

_MOST_NODES: Final = 12_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Posterior:
    """Weighted nodes, arrays of shape (n_nodes,) unless said; what is still uncertain inside a node is normal there.

    volatility, noise, ar1: per month; period_noise: log sd of one period. growth, growth_var: log demand per month.
    level, level_var: log level of each type at the end, noise left out, shape (n_nodes, n_types); bill_level,
    bill_level_var: their weighted mean. season, season_var: logs, shape (n_nodes, 12 or 0); season_kept: the share of a
    raw month effect that is kept. log_posterior: not normalised.
    """

    weight: FloatArray
    log_posterior: FloatArray
    volatility: FloatArray
    noise: FloatArray
    ar1: FloatArray
    share: FloatArray
    period_noise: FloatArray
    growth: FloatArray
    growth_var: FloatArray
    level: FloatArray
    level_var: FloatArray
    bill_level: FloatArray
    bill_level_var: FloatArray
    season: FloatArray
    season_var: FloatArray
    season_kept: FloatArray


def posterior(panel: Panel, priors: Priors) -> Posterior:
    """The posterior of a panel that has at least as many periods as regressors."""
    axes = widest_axes(panel, priors)
    *passes, last = _PASSES if panel.calendar is None else _SEASON_PASSES
    for *sizes, margin in passes:
        axes = _narrowed(Grid(panel=panel, priors=priors, axes=spread_axes(axes, sizes)), margin)
    *sizes, margin = last
    return Grid(panel=panel, priors=priors, axes=spread_axes(axes, sizes)).nodes(margin)


@dataclass(frozen=True, kw_only=True)
class Grid:
    """A panel solved on axes. Full arrays are broadcastable to (n_ar1, n_ratio, n_kappa, n_scale, n_share)."""

    panel: Panel
    priors: Priors
    axes: Axes

    @cached_property
    def monthly(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Per phi: sd of a month's mean per period sd, its phi, and the log derivative of its atanh to the period's."""
        at = self.axes.atanh_ar1
        if not self.panel.weekly:
            return np.ones_like(at), np.tanh(at), np.zeros_like(at)
        sd, ar1 = monthly_of_weekly(np.tanh(at))
        above, below = (np.arctanh(monthly_of_weekly(np.tanh(at + step))[1]) for step in (1e-4, -1e-4))
        return sd, ar1, np.log((above - below) / 2e-4)

    @cached_property
    def log_noise(self) -> FloatArray:
        """Full: log tau of a period. A typed noise or volatility decides it, and the axis of scales has one value."""
        priors = self.priors
        if priors.log_noise.sd == 0:
            return (priors.log_noise.mean - np.log(self.monthly[0]))[:, None, None, None, None]
        if priors.log_volatility.sd == 0:
            return (priors.log_volatility.mean - self.axes.log_ratio)[None, :, None, None, None]
        own = np.log1p(-expit(self.axes.logit_share)) / 2
        rate = (
            2.0 * (1.0 - np.tanh(self.axes.atanh_ar1))[:, None] + np.exp(2 * self.axes.log_ratio) * self.panel.months[1]
        )
        return (self.axes.log_scale[:, None] - own) - np.log(rate)[:, :, None, None, None] / 2

    @cached_property
    def log_ratio(self) -> FloatArray:
        """log sigma / tau, shape (n_ar1, n_ratio)."""
        if self.priors.log_noise.sd == 0 and self.priors.log_volatility.sd == 0:
            return self.priors.log_volatility.mean - self.log_noise[:, :, 0, 0, 0]
        return np.broadcast_to(self.axes.log_ratio, (len(self.axes.atanh_ar1), len(self.axes.log_ratio)))

    @cached_property
    def log_volatility(self) -> FloatArray:
        """Full: log sigma, per month."""
        return self.log_ratio[:, :, None, None, None] + self.log_noise

    @cached_property
    def kappas(self) -> FloatArray:
        return np.zeros(1) if self.panel.calendar is None else _SEASON_KAPPAS

    @cached_property
    def shape(self) -> tuple[int, ...]:
        return (*self.log_ratio.shape, len(self.kappas), len(self.axes.log_scale), len(self.axes.logit_share))

    @cached_property
    def of_mean(self) -> Solved:
        """The mean of the types: one base for each of the first three axes' values."""
        return self._solved(self.panel, self.panel.mean, self.kappas)

    @cached_property
    def of_contrasts(self) -> Solved:
        """Each type less the mean, and the weighted sum of those: contrasts have no season, so no kappa."""
        return self._solved(replace(self.panel, calendar=None), self.panel.contrasts, np.zeros(1))

    def _solved(self, panel: Panel, series: FloatArray, kappas: FloatArray) -> Solved:
        each = (np.tanh(self.axes.atanh_ar1)[:, None, None], np.exp(2 * self.log_ratio)[:, :, None], kappas)
        ar1, walk, kappa = (values.ravel() for values in np.broadcast_arrays(*each))
        return solve(panel, series, ar1=ar1, walk=walk, kappa=kappa)

    def variances(self) -> tuple[FloatArray, FloatArray]:
        """Full: variance of the noise of the types' mean, and of a contrast."""
        share, noise = expit(self.axes.logit_share), np.exp(2 * self.log_noise)
        return noise * (share + (1 - share) / self.panel.n_types), noise * (1 - share)

    def log_prior(self) -> FloatArray:
        """Full: of the parameters in the engine's monthly units, with the derivative of the change of units."""
        priors = self.priors
        sd, ar1, derivative = (values[:, None, None, None, None] for values in self.monthly)
        density = priors.log_volatility.log_density(self.log_volatility)
        density = density + priors.log_noise.log_density(self.log_noise + np.log(sd))
        density = density + priors.logit_share.log_density(self.axes.logit_share)
        known = priors.atanh_ar1.sd == 0
        return density if known else density + priors.atanh_ar1.log_density(np.arctanh(ar1)) + derivative

    def log_likelihood(self) -> FloatArray:
        """Full: restricted log likelihood, flat in every slope, growth included."""
        n_free = len(self.panel.indices) - self.panel.regressors.shape[1]
        of_mean, of_contrast = self.variances()
        mean, contrasts, times = self.of_mean, self.of_contrasts, self.panel.n_types - 1
        value = n_free * np.log(of_mean) + self._full(mean.logdet) + self._full(mean.quadratic[:, 0]) / of_mean
        if times:
            quadratic = self._full(contrasts.quadratic[:, :-1].sum(axis=1))
            value = value + times * (n_free * np.log(of_contrast) + self._full(contrasts.logdet))
            value = value + quadratic / of_contrast
        return -value / 2

    def growth_estimate(self) -> tuple[FloatArray, FloatArray]:
        """Full: the estimate of growth per month, flat in growth, and its variance."""
        of_mean, of_contrast = self.variances()
        slope = self._full(self.of_mean.slope[:, 0]) + self._full(self.of_contrasts.slope[:, -1])
        var = of_mean * self._full(self.of_mean.slope_var)
        var = var + _apart(self.panel) * of_contrast * self._full(self.of_contrasts.slope_var)
        return slope + np.exp(2 * self.log_volatility) / 2, var

    def _full(self, values: FloatArray) -> FloatArray:
        return values.reshape(*self.log_ratio.shape, -1, 1, 1)

    def log_posterior(self) -> FloatArray:
        """Full: with the prior of growth as one normal, near enough to find the place; see `nodes`."""
        growth, var = self.growth_estimate()
        wide = var + 2.0 * self.priors.growth.sd**2
        about = -2.5 * np.log1p((growth - self.priors.growth.mean) ** 2 / wide / 4.0) - np.log(wide) / 2
        return np.broadcast_to(self.log_prior() + self.log_likelihood() + about, self.shape)

    def nodes(self, margin: float) -> Posterior:
        """The nodes whose log posterior lies within the margin of the best, growth and levels integrated."""
        rough = self.log_posterior()
        near = np.flatnonzero(rough.ravel() > rough.max() - margin)
        near = near[np.argsort(-rough.ravel()[near], kind="stable")][:_MOST_NODES]
        return _Nodes(grid=self, at=np.unravel_index(near, self.shape)).posterior()


@dataclass(frozen=True, kw_only=True)
class _Nodes:
    """Chosen nodes of a grid: `at` has their positions on the five axes."""

    grid: Grid
    at: tuple[IntArray, ...]

    def _of(self, full: FloatArray) -> FloatArray:
        return np.broadcast_to(full, self.grid.shape)[self.at]

    def posterior(self) -> Posterior:
        grid, panel = self.grid, self.grid.panel
        estimate, var = (self._of(full) for full in grid.growth_estimate())
        gain, growth, growth_var = _with_prior(estimate, var, grid.priors)
        log_posterior = self._of(grid.log_prior() + grid.log_likelihood()) + gain
        level, level_var, bill_level, bill_level_var = self._levels(growth - estimate, var, growth_var)
        season, season_var, kept = self._season(growth - estimate, var, growth_var)
        sd, ar1, _ = grid.monthly
        noise = np.exp(self._of(grid.log_noise))
        return Posterior(
            weight=np.exp(log_posterior - logsumexp(log_posterior)),
            log_posterior=log_posterior,
            volatility=np.exp(self._of(grid.log_volatility)),
            noise=noise * sd[self.at[0]],
            ar1=ar1[self.at[0]],
            share=expit(grid.axes.logit_share)[self.at[4]] if panel.n_types > 1 else np.full(len(noise), np.nan),
            period_noise=noise,
            growth=growth,
            growth_var=growth_var,
            level=level,
            level_var=level_var,
            bill_level=bill_level,
            bill_level_var=bill_level_var,
            season=season,
            season_var=season_var,
            season_kept=kept,
        )

    def _bases(self) -> tuple[IntArray, IntArray]:
        """Position of each node's solution, for the mean and for the contrasts."""
        contrast = self.at[0] * self.grid.shape[1] + self.at[1]
        return contrast * self.grid.shape[2] + self.at[2], contrast

    def _levels(self, moved: FloatArray, var: FloatArray, growth_var: FloatArray) -> tuple[FloatArray, ...]:
        """Log levels and variances of each type and of the bill, moved along with growth by its prior."""
        grid, weights, n_types = self.grid, self.grid.panel.weights, self.grid.panel.n_types
        of_mean, of_contrast = (self._of(full) for full in grid.variances())
        mean, contrasts = self._bases()
        solved, apart = grid.of_mean, grid.of_contrasts
        levels = solved.target[mean, 0] + apart.target[contrasts, 0]
        with_mean = of_mean * solved.target_slope[mean, 0]
        with_contrast = of_contrast * apart.target_slope[contrasts, 0]
        shares = np.append(weights - 1 / n_types, _apart(grid.panel))
        own = np.append(np.full(n_types, 1 - 1 / n_types), _apart(grid.panel))
        lever = (with_mean[:, None] + with_contrast[:, None] * shares) / var[:, None]
        levels = levels + lever * moved[:, None]
        spread = (of_mean * solved.target_var[mean, 0])[:, None]
        spread = spread + (of_contrast * apart.target_var[contrasts, 0])[:, None] * own
        spread = np.maximum(spread + lever**2 * (growth_var - var)[:, None], 0.0)
        return levels[:, :-1], spread[:, :-1], levels[:, -1], spread[:, -1]

    def _season(self, moved: FloatArray, var: FloatArray, growth_var: FloatArray) -> tuple[FloatArray, ...]:
        grid = self.grid
        mean, _ = self._bases()
        of_mean = self._of(grid.variances()[0])[:, None]
        solved = grid.of_mean
        lever = of_mean * solved.target_slope[mean, 1:] / var[:, None]
        season = solved.target[mean, 1:, 0] + lever * moved[:, None]
        season_var = np.maximum(of_mean * solved.target_var[mean, 1:] + lever**2 * (growth_var - var)[:, None], 0.0)
        if grid.panel.calendar is None:
            return season, season_var, np.zeros(len(var))
        kappa = grid.kappas[self.at[2]] * (1 - 1 / 12)
        return season, season_var, np.clip(1 - solved.target_var[mean, 1:].mean(axis=1) / kappa, 0.0, 1.0)


def _apart(panel: Panel) -> float:
    """Squared length of the weights less equal weights: how much of the contrasts is in the bill."""
    return max(float(panel.weights @ panel.weights) - 1.0 / panel.n_types, 0.0)


def _with_prior(estimate: FloatArray, var: FloatArray, priors: Priors) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Log marginal density of an estimate under the prior of growth, and growth's posterior mean and variance."""
    weights, spreads = priors.growth_mixture()
    total = var[:, None] + spreads
    gap = (estimate - priors.growth.mean)[:, None]
    log_weight = np.log(weights) - 0.5 * np.log(total) - 0.5 * gap**2 / total
    log_density = logsumexp(log_weight, axis=1)
    weight = np.exp(log_weight - log_density[:, None])
    means = estimate[:, None] - gap * var[:, None] / total
    mean = (weight * means).sum(axis=1)
    within = spreads * var[:, None] / total
    return log_density, mean, (weight * (within + (means - mean[:, None]) ** 2)).sum(axis=1)


def _narrowed(grid: Grid, margin: float) -> Axes:
    """Each axis cut to the values that have a node within the margin of the best, and one more on either side."""
    value = grid.log_posterior()
    near = value > value.max() - margin
    ends = []
    for axis, place in zip(grid.axes.each, (0, 1, 3, 4), strict=True):
        kept = np.flatnonzero(near.any(axis=tuple(other for other in range(5) if other != place)))
        low, high = max(kept[0] - 1, 0), min(kept[-1] + 1, len(axis) - 1)
        ends.append(axis[[low, high]] if high > low else axis[[low]])
    return Axes(atanh_ar1=ends[0], log_ratio=ends[1], log_scale=ends[2], logit_share=ends[3])
