"""The expected value of partial perfect information (EVPPI): what knowing one input before choosing is worth.

A choice among a few candidates, each with a loss on every path. Who knows nothing takes the candidate C0 with the least
expected loss; who knows the input x takes the best one given x; who knows everything takes the best one of each path:

    EVPPI(x) = min_C E[loss(C)] - E[ min_C E[loss(C) | x] ]          EVPI = min_C E[loss(C)] - E[ min_C loss(C) ]

No path is drawn for it (Strong and Oakley 2013): E[loss(C) - loss(C0) | x] is a regression on the score of x, uniform
in (0, 1), from even bins of it. What lies in the bins is projected on functions that are orthonormal over them: the
first powers of the normal score, in which most inputs act smoothly, then cosines. Coefficients are shrunk block by
block (1, 2, 4, ... functions) by the share of their squares that is noise, to nothing where half of it is. An input
that takes few values, such as an event that happens or not, has one cell for each.

Noise is never counted as value: what x changes is fitted on one half of the replicates, and the choice that follows is
paid for on the other. A choice that chases noise costs there what it costs; so the estimate may fall below zero, and is
a little low where the choice is coarse. It is never above the EVPI of the same paths, because no choice is better than
the best one of each path.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from scipy.special import ndtri

from planner.errors import InputError
from planner.risk import Estimate, estimate
from planner.streams import REPLICATES
from planner.units import BoolArray, FloatArray, IntArray

FEWEST_PATHS: Final = 512
"""With fewer, each replicate has less than 32 paths, and a value is luck."""

SEEN: Final = 2.0
"""A value below this many of its standard errors is reported as 0: the paths cannot tell it from nothing."""

_HALF: Final = REPLICATES // 2
_HALVES: Final = (slice(0, _HALF), slice(_HALF, REPLICATES))
_MOST_BINS: Final = 128
_PATHS_PER_BIN: Final = 32
_POWERS: Final = 3
# Of the normal score; a product of log-normal inputs needs no more for a loss that is known to 1 %.
_NOISE: Final = 2.0
# Squares of coefficients that are no more than this many times their noise are taken for noise.
_TIE: Final = 1e-9
# Relative difference below which knowing something does not change the choice.


@dataclass(frozen=True, slots=True, kw_only=True)
class Uncertain:
    """An input that is not known yet.

    score: uniform in (0, 1), shape (n_paths,). cuts: scores at which the input jumps, where it takes few values, such
    as 1 - p for an event of probability p; empty where it moves with its score. ends: the scores of its low and its
    high end.
    """

    score: FloatArray
    cuts: tuple[float, ...] = ()
    ends: tuple[float, float] = (0.1, 0.9)


@dataclass(frozen=True, slots=True, kw_only=True)
class Knowing:
    """What knowing an input before choosing is worth, in the unit of the losses.

    value: 0 where the paths cannot tell it from nothing; fitted: as it came out. at_low, at_high: the candidates that
    would be chosen at the input's ends.
    """

    value: Estimate
    fitted: Estimate
    at_low: int
    at_high: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Information:
    """The candidate to choose while nothing is known, and what it is worth to know everything, or one input."""

    chosen: int
    perfect: Estimate
    inputs: Mapping[str, Knowing]


def value_of_information(losses: FloatArray, inputs: Mapping[str, Uncertain]) -> Information:
    """What knowing each input before choosing is worth.

    losses: shape (n_candidates, n_paths), path j in replicate j mod 16; of candidates with the same expected loss the
    first is chosen. Whole rounds of the replicates are used. The inputs are independent of each other or not: each is
    taken by itself. Errors: InputError for a loss that is not finite or fewer than 512 paths.
    """
    n = losses.shape[1] - losses.shape[1] % REPLICATES
    if n < FEWEST_PATHS:
        raise InputError(f"{losses.shape[1]:,} paths cannot tell what information is worth: take {FEWEST_PATHS:,}")
    if not np.isfinite(losses).all():
        raise InputError("a loss is not finite on some path; narrow what makes it so, growth and event sizes first")
    used = losses[:, :n]
    means = used.mean(axis=1)
    chosen = int(np.argmax(means <= means.min() + _TIE * np.abs(means).max()))
    excess = used - used[chosen]
    known = {name: _knowing(excess, chosen, one) for name, one in inputs.items()}
    return Information(chosen=chosen, perfect=estimate(-excess.min(axis=0)), inputs=known)


def limit_price(losses: FloatArray, allowed: BoolArray, limit: float) -> float:
    """What a shortfall under an offer that a limit forbids has to cost for the limit to be respected: at least 0.

    losses: expected loss of every candidate; allowed: whether its probability of a shortfall is within the limit. With
    S what the best forbidden candidate saves over the best allowed one, the price is S / limit: who saves S is as well
    off at a probability of exactly the limit, and worse off beyond it. So an allowed candidate is best.
    """
    saved = losses[allowed].min() - losses[~allowed].min(initial=np.inf)
    return max(float(saved), 0.0) / limit


def _knowing(excess: FloatArray, chosen: int, one: Uncertain) -> Knowing:
    """excess: each candidate's loss less the chosen one's, (n_candidates, n_paths)."""
    n, mean = excess.shape[1], excess.mean(axis=1)
    edges = _edges(n, one.cuts)
    inner = edges[1:-1]
    sums, functions = _by_cell(excess, np.searchsorted(inner, one.score[:n]), len(edges) - 1), _functions(edges)
    # one large product: many small ones are slow
    coefficients = (sums.reshape(-1, sums.shape[2]) @ functions).reshape(*sums.shape[:2], -1)
    gains = np.empty(REPLICATES)
    for fitted_on, paid_on in zip(_HALVES, reversed(_HALVES), strict=True):
        choice = _choice(mean, _shrunk(coefficients[fitted_on]) @ functions.T, chosen)
        gains[paid_on] = -sums[paid_on][:, choice, np.arange(choice.size)].sum(axis=1)
    fitted = Estimate(mean=float(gains.mean()), se=float(gains.std(ddof=1) / np.sqrt(REPLICATES)))
    best = _choice(mean, _shrunk(coefficients) @ functions.T, chosen)
    low, high = np.searchsorted(inner, one.ends)
    return Knowing(
        value=fitted if fitted.mean > SEEN * fitted.se else Estimate(mean=0.0, se=fitted.se),
        fitted=fitted,
        at_low=int(best[low]),
        at_high=int(best[high]),
    )


def _edges(n: int, cuts: Sequence[float]) -> tuple[float, ...]:
    """The scores between which the cells lie.

    Even bins, a power of two, so that evenly spread paths fall evenly into them; or the values of an input that takes
    few.
    """
    if cuts:
        return (0.0, *cuts, 1.0)
    bins = int(np.clip(2 ** int(np.log2(n / _PATHS_PER_BIN)), 8, _MOST_BINS))
    return tuple(np.linspace(0.0, 1.0, bins + 1).tolist())


def _by_cell(excess: FloatArray, cells: IntArray, n_cells: int) -> FloatArray:
    """Sums of the excess in every cell per path of its replicate, (REPLICATES, n_candidates, n_cells)."""
    n = cells.size
    place = (np.arange(n) % REPLICATES) * n_cells + cells
    sums = np.stack([np.bincount(place, row, REPLICATES * n_cells) for row in excess])
    found: FloatArray = sums.reshape(-1, REPLICATES, n_cells).swapaxes(0, 1) / (n / REPLICATES)
    return found


@lru_cache(maxsize=64)
def _functions(edges: tuple[float, ...]) -> FloatArray:
    """Orthonormal over the cells, by their weights, and to the constant: (n_cells, n_cells - 1)."""
    weights, middle = np.diff(edges), (np.array(edges[:-1]) + np.array(edges[1:])) / 2
    powers = ndtri(middle)[:, None] ** np.arange(_POWERS + 1)
    cosines = np.cos(np.pi * np.outer(middle, np.arange(1, weights.size)))
    root = np.sqrt(weights)[:, None]
    whole = np.linalg.qr(root * np.hstack([powers, cosines]))[0][:, 1 : weights.size]
    found: FloatArray = whole / root
    found.flags.writeable = False
    return found


def _shrunk(coefficients: FloatArray) -> FloatArray:
    """Mean over replicates (first axis) of (n, n_candidates, n_functions), without the share that noise has in it."""
    mean = coefficients.mean(axis=0)
    noise = coefficients.var(axis=0, ddof=1) / len(coefficients)
    starts = 2 ** np.arange(int(np.log2(mean.shape[1])) + 1) - 1
    squares, noises = (np.add.reduceat(part, starts, axis=1) for part in (mean**2, noise))
    share = np.divide(noises, squares, out=np.ones_like(squares), where=squares > 0)
    kept = np.maximum(1.0 - _NOISE * share, 0.0)
    sizes = np.diff([*starts, mean.shape[1]])
    found: FloatArray = mean * np.repeat(kept, sizes, axis=1)
    return found


def _choice(mean: FloatArray, change: FloatArray, chosen: int) -> IntArray:
    """The best candidate in every cell, (n_cells,), given what the cell changes of each mean excess."""
    expected = mean[:, None] + change
    expected[chosen] -= _TIE * np.abs(mean).max()
    return expected.argmin(axis=0)
