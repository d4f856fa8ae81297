"""Risk measures of a sample, each with its Monte Carlo standard error where one is used.

Paths are evenly spread inside 16 independent randomisations (planner.streams), so they are not independent of one
another; the randomisations are, and the scatter of a figure over them is its standard error.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, nan, sqrt
from typing import Final

import numpy as np
from scipy.special import stdtrit

from planner.streams import REPLICATES
from planner.units import BoolArray, FloatArray

_FEWEST_FOR_QUANTILES: Final = 8
"""Paths in a randomisation below which its quantile says nothing; an interval then rests on the ranks of the whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A Monte Carlo estimate and its standard error."""

    mean: float
    se: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RangedEstimate(Estimate):
    """An estimate of a mean beside P10 and P90 of what it is the mean of."""

    p10: float
    p90: float


def ranged(sample: FloatArray) -> RangedEstimate:
    """Mean of a sample, whose paths are in their order, its standard error, and P10 and P90 of the sample."""
    found, (p10, p90) = estimate(sample), quantiles(sample, (0.1, 0.9)).tolist()
    return RangedEstimate(mean=found.mean, se=found.se, p10=p10, p90=p90)


def replicates(sample: FloatArray) -> list[FloatArray]:
    """The randomisations of a sample whose paths are in their order: path j belongs to number j mod 16."""
    return [sample[first::REPLICATES] for first in range(min(REPLICATES, sample.size))]


def estimate(sample: FloatArray) -> Estimate:
    """Mean of a sample, whose paths are in their order, and its standard error.

    With means m_r of n_r paths in R randomisations: sqrt(R / (R - 1) sum (n_r / n)^2 (m_r - m)^2); NaN for one path.
    """
    n, count = sample.size, min(REPLICATES, sample.size)
    mean = float(sample.mean())
    if n < 2:
        return Estimate(mean=mean, se=nan)
    whole = n // REPLICATES * REPLICATES
    sums = sample[:whole].reshape(-1, REPLICATES).sum(axis=0)
    sums[: n - whole] += sample[whole:]
    sizes = n // REPLICATES + (np.arange(REPLICATES) < n - whole)
    misses = (sums - sizes * mean)[:count]
    return Estimate(mean=mean, se=float(np.sqrt(count / (count - 1) * (misses @ misses)) / n))


def difference(b: FloatArray, a: FloatArray) -> Estimate:
    """Mean of b less mean of a, and its standard error: that of the difference path by path, never of two means apart.

    Paths of equal seeds share their random numbers, so most of their luck cancels; of other seeds nothing does, and the
    scatter over the randomisations says so. Of different numbers of paths the randomisations are compared, each with
    its own; NaN where there are fewer than two.
    """
    if a.size == b.size:
        return estimate(b - a)
    means = [[float(part.mean()) for part in replicates(sample)] for sample in (b, a)]
    count = min(map(len, means))
    found = estimate(np.subtract(means[0][:count], means[1][:count]))
    return Estimate(mean=float(b.mean()) - float(a.mean()), se=found.se)


def probability(happens: BoolArray) -> Estimate:
    """Share of the paths, in their order, on which something happens, and its standard error."""
    return estimate(happens.astype(np.float64))


def quantiles(sample: FloatArray, levels: Sequence[float]) -> FloatArray:
    """Sample quantiles, linear between order statistics; along the last axis."""
    return np.quantile(sample, list(levels), axis=-1)


def quantile_interval(sample: FloatArray, level: float, *, confidence: float = 0.95) -> tuple[float, float]:
    """Interval for a quantile of a sample whose paths are in their order.

    From the scatter of the quantile over the randomisations, with Student's t; with few paths from the binomial
    standard error of its rank.
    """
    if sample.size < REPLICATES * _FEWEST_FOR_QUANTILES:
        return _rank_interval(np.sort(sample), level, -float(stdtrit(1e9, (1.0 - confidence) / 2)))
    found = np.array([_order_statistic(np.sort(part), level) for part in replicates(sample)])
    whole, rank = np.sort(sample), min(int(level * sample.size), sample.size - 1)
    half = float(stdtrit(REPLICATES - 1, (1.0 + confidence) / 2)) * float(found.std(ddof=1)) / sqrt(REPLICATES)
    # where paths are spread so evenly that nothing scatters, a quantile is still only known to half a path in each
    near = REPLICATES // 2
    low, high = whole[max(rank - near, 0)], whole[min(rank + near, sample.size - 1)]
    return (
        float(np.clip(whole[rank] - half, whole[0], low)),
        float(np.clip(whole[rank] + half, high, whole[-1])),
    )


def _order_statistic(sorted_sample: FloatArray, level: float) -> float:
    return float(sorted_sample[min(int(level * sorted_sample.size), sorted_sample.size - 1)])


def _rank_interval(sorted_sample: FloatArray, level: float, z: float) -> tuple[float, float]:
    n = sorted_sample.size
    half = z * sqrt(n * level * (1.0 - level))
    low = int(np.clip(np.floor(n * level - half), 0, n - 1))
    high = int(np.clip(np.ceil(n * level + half), 0, n - 1))
    return float(sorted_sample[low]), float(sorted_sample[high])


def cvar(losses: FloatArray, level: float) -> float:
    """Mean of the worst 1 - level share of losses (large is bad); the boundary loss counts by its share.

    Rockafellar and Uryasev (2002). The caller's name says of which loss: cost, regret or waste.
    """
    n_tail = (1.0 - level) * losses.size
    whole = max(ceil(n_tail), 1)
    # Selecting among equal numbers is slow, and most losses are often the least there is, such as nothing unused.
    least = losses.min()
    above = losses[losses > least]
    tail = np.full(whole, least)
    if above.size > whole:
        tail = np.partition(above, above.size - whole)[above.size - whole :]
    else:
        tail[: above.size] = above
    excess = whole - n_tail
    return float((tail.sum() - excess * tail.min()) / n_tail) if n_tail > 0 else float(losses.max())
