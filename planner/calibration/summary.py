"""Weighted nodes in few numbers: moments, quantiles, and values rounded to the digits that a plan file carries."""

from typing import Final

import numpy as np
from scipy.special import ndtr, ndtri

from planner.calibration.grid import Posterior
from planner.units import FloatArray

LEVELS: Final = np.array([0.1, 0.5, 0.9])
_SIGNIFICANT: Final = 4
_SMALLEST_UNIT: Final = 1e-6
_SEASON_UNIT: Final = 1e-4


def moments(values: FloatArray, weight: FloatArray) -> tuple[float, float]:
    """Mean and variance of weighted values, both of shape (n_nodes,)."""
    mean = float(weight @ values)
    return mean, float(weight @ (values - mean) ** 2)


def weighted_quantiles(values: FloatArray, weight: FloatArray) -> FloatArray:
    """P10, P50, P90 of values on a grid, shape (3,).

    The distribution function, taken at the middle of each value's weight, is interpolated on a normal scale, where that
    of a normal distribution is a straight line, so that few values give the quantiles of a smooth density.
    """
    distinct, place = np.unique(values, return_inverse=True)
    mass = np.bincount(place, weights=weight)
    middle = np.clip(np.cumsum(mass) - mass / 2, 1e-12, 1 - 1e-12)
    return np.interp(ndtri(LEVELS), ndtri(middle), distinct)


def growth_quantiles(nodes: Posterior) -> FloatArray:
    """P10, P50, P90 of growth per month, a mixture of one normal per node. Shape (3,)."""
    mean, var = moments(nodes.growth, nodes.weight)
    spread = float(np.sqrt(var + nodes.weight @ nodes.growth_var))
    at = mean + spread * np.linspace(-4.0, 4.0, 129)
    sd = np.sqrt(np.maximum(nodes.growth_var, 1e-24))
    below = ndtr((at[:, None] - nodes.growth) / sd) @ nodes.weight
    return np.interp(LEVELS, below, at)


def rounded(value: float) -> float:
    """Four significant digits, and none beyond a millionth: a plan that is written and one fitted on the fly agree."""
    return float(f"{value:.{_SIGNIFICANT}g}") if abs(value) >= _SMALLEST_UNIT else 0.0


def rounded_season(factors: FloatArray) -> FloatArray:
    """Twelve factors divided by their mean, to four decimals, with a mean of exactly 1: what rounding leaves over goes
    to those that it took most from."""
    units = factors / factors.mean() / _SEASON_UNIT
    whole = np.floor(units)
    missing = round(len(factors) / _SEASON_UNIT - whole.sum())
    whole[np.argsort(whole - units, kind="stable")[:missing]] += 1
    return np.round(whole * _SEASON_UNIT, 4)
