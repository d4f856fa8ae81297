"""Weighted paths as equally weighted ones, inside every randomisation.

Path j belongs to randomisation j mod 16 (planner.streams). Each is resampled from its own paths by their own weights,
so that the scatter over randomisations is still the standard error of whatever is worked out from them.
"""

from typing import Final

import numpy as np

from planner.streams import REPLICATES
from planner.units import FloatArray, IntArray

_SEED: Final = 20_260_901
_NEXT_TO_NOTHING: Final = -300.0


def effective_size(log_weights: FloatArray) -> float:
    """(sum w)^2 / sum w^2: how many equally weighted paths say as much."""
    weights = relative(log_weights)
    return float(weights.sum() ** 2 / np.square(weights).sum())


def relative(log_weights: FloatArray) -> FloatArray:
    """Weights relative to the largest one; none so small that its square is nothing, which a processor is slow at."""
    found: FloatArray = np.exp(np.maximum(log_weights - log_weights.max(), _NEXT_TO_NOTHING))
    return found


def ancestors(log_weights: FloatArray) -> IntArray:
    """Which path each path becomes, shape (n_paths,), systematically resampled; with equal weights every one itself.

    Of n paths with weights w that sum to 1, path i is taken floor(n w_i) or ceil(n w_i) times.
    """
    n, found = log_weights.size, np.empty(log_weights.size, dtype=np.int64)
    starts = np.random.default_rng(_SEED).random(REPLICATES)
    for replicate in range(min(REPLICATES, n)):
        own = np.arange(replicate, n, REPLICATES)
        edges = np.cumsum(relative(log_weights[own]))
        points = (np.arange(own.size) + starts[replicate]) * (edges[-1] / own.size)
        found[own] = own[np.minimum(np.searchsorted(edges, points, side="right"), own.size - 1)]
    return found
