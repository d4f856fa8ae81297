"""Risk measures of a sample, each with its Monte Carlo standard error where one is used."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, sqrt

import numpy as np

from planner.units import FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A Monte Carlo estimate and its standard error."""

    mean: float
    se: float


def estimate(sample: FloatArray) -> Estimate:
    """Mean of a sample and its standard error, s / sqrt(n)."""
    n = sample.size
    return Estimate(mean=float(sample.mean()), se=float(sample.std(ddof=1) / sqrt(n)) if n > 1 else float("nan"))


def probability(n_true: int, n: int) -> Estimate:
    """A share of paths and its standard error, sqrt(p (1 - p) / n)."""
    p = n_true / n
    return Estimate(mean=p, se=sqrt(p * (1.0 - p) / n))


def quantiles(sample: FloatArray, levels: Sequence[float]) -> FloatArray:
    """Sample quantiles, linear between order statistics; along the last axis."""
    return np.quantile(sample, list(levels), axis=-1)


def quantile_interval(sorted_sample: FloatArray, level: float, *, z: float = 1.96) -> tuple[float, float]:
    """Distribution-free interval for a quantile, from the binomial standard error of its rank."""
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
    tail = np.partition(losses, losses.size - whole)[losses.size - whole :]
    excess = whole - n_tail
    return float((tail.sum() - excess * tail.min()) / n_tail) if n_tail > 0 else float(losses.max())
