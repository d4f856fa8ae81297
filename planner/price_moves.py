"""Price moves: list prices that fall or rise during the term, per model tier."""

from dataclasses import dataclass
from itertools import pairwise
from math import ceil, log2
from typing import Final, Literal

import numpy as np
from scipy.special import ndtri

from planner.distributions import Distribution
from planner.streams import REPLICATES, BlockStreams
from planner.units import MONTHS_PER_YEAR, FloatArray, IntArray

Kind = Literal["falls", "rises"]
_KINDS: Final[tuple[Kind, ...]] = ("falls", "rises")

PRICE_MOVES: Final = "price moves, "
"""How the score of a tier's price moves is named, before the tier."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceMoves:
    """Falls and rises of a tier's list price: Poisson rates a year, fractions of the price, lag in whole months."""

    falls_per_year: float
    fall: Distribution
    rises_per_year: float
    rise: Distribution
    lag_months: int

    @property
    def is_still(self) -> bool:
        """Whether prices cannot move."""
        return self.falls_per_year == 0 and self.rises_per_year == 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PricePool:
    """Price paths of one tier, drawn beforehand and ordered by their mean price over the term in every replicate.

    A path of the simulation takes the one whose rank its score names: the prices of a year, many draws, are so spread
    evenly by one. factors: shape (n_drawn, n_months), list price relative to the pricing day's. order: shape
    (n_replicates, n_pool), which of them has which rank.
    """

    tier: str
    factors: FloatArray
    order: IntArray

    def of(self, streams: BlockStreams) -> FloatArray:
        """The price paths of a block, shape (n_months, n_paths)."""
        rank = (streams.score(f"{PRICE_MOVES}{self.tier}") * self.order.shape[1]).astype(np.int64)
        drawn = self.order[np.arange(streams.size) % REPLICATES, rank]
        return np.ascontiguousarray(self.factors.take(drawn, axis=0).T)


def price_pool(
    moves: PriceMoves, *, tier: str, months_before_start: int, n_months: int, aim_months: int, seed: int, paths: int
) -> PricePool:
    """Draw the price paths of a tier for a simulation of so many paths: 2,048 to 8,192 in every replicate.

    aim_months: the first months, by whose mean price they are ordered.
    """
    n_pool = min(max(2048, 2 ** ceil(log2(max(paths / (4 * REPLICATES), 1)))), 8192)
    streams = BlockStreams(seed=seed, block=0, size=n_pool * REPLICATES)
    drawn = price_factors(moves, tier=tier, months_before_start=months_before_start, n_months=n_months, streams=streams)
    mean_price = np.ascontiguousarray(drawn[:aim_months].mean(axis=0).reshape(n_pool, REPLICATES).T)
    order = mean_price.argsort(axis=1, kind="stable") * REPLICATES + np.arange(REPLICATES)[:, None]
    return PricePool(tier=tier, factors=np.ascontiguousarray(drawn.T), order=order)


def price_factors(
    moves: PriceMoves, *, tier: str, months_before_start: int, n_months: int, streams: BlockStreams
) -> FloatArray:
    """List price relative to the pricing day's, shape (n_months, n_paths).

    Each month after the pricing day brings Poisson(rate / 12) moves, each with a size of its own, that the traffic
    pays lag_months later: at month t, t + months_before_start - lag_months months of moves have arrived. Moves
    multiply: a fall by (1 - fall), a rise by (1 + rise).
    """
    months = np.maximum(np.arange(n_months) + months_before_start - moves.lag_months, 0)
    arrived = int(months.max(initial=0))
    level = np.zeros((arrived + 1, streams.size))
    for start in range(0, arrived, MONTHS_PER_YEAR):
        parts = [_log_moves(moves, kind, tier, start, streams) for kind in _KINDS]
        month, path, log_move = (np.concatenate(found) for found in zip(*parts, strict=True))
        due = month < arrived
        cell = (month[due] + 1) * streams.size + path[due]
        level += np.bincount(cell, weights=log_move[due], minlength=level.size).reshape(level.shape)
    for earlier, later in pairwise(level):  # row by row: NumPy's cumsum over the first axis strides through memory
        later += earlier
    np.exp(level, out=level)
    return level[months]


def _log_moves(
    moves: PriceMoves, kind: Kind, tier: str, start: int, streams: BlockStreams
) -> tuple[IntArray, IntArray, FloatArray]:
    """The moves of one kind in twelve months: month, path, log of the factor, each shape (n_moves,).

    A Poisson process: their number is Poisson(rate) a path and, given it, they fall on any moment alike. Time, which is
    exponential, and size of the first are evenly spread over the paths; others follow in the rest of the year.
    """
    driver = f"{kind} of {tier}"
    draw = streams.generator(f"price {driver} from month {start}")
    rate, size = (moves.falls_per_year, moves.fall) if kind == "falls" else (moves.rises_per_year, moves.rise)
    if start > 0 or rate == 0.0:
        path = np.repeat(np.arange(streams.size), draw.poisson(rate, streams.size))
        time, z = draw.random(path.size), draw.standard_normal(path.size)
    else:
        time_dimension, size_dimension = (0, 1) if kind == "falls" else (2, 3)
        passed = -np.log(streams.score(f"time of the first of {driver}", time_dimension)) / rate
        first = np.flatnonzero(passed < 1.0)
        later = np.repeat(first, draw.poisson(rate * (1.0 - passed[first])))
        path = np.concatenate([first, later])
        time = np.concatenate([passed[first], passed[later] + (1.0 - passed[later]) * draw.random(later.size)])
        z_first = ndtri(streams.score(f"size of the first of {driver}", size_dimension)[first])
        z = np.concatenate([z_first, draw.standard_normal(later.size)])
    change = size.from_normal(z)
    month = start + (time * MONTHS_PER_YEAR).astype(np.int64)
    return month, path, np.log1p(-change if kind == "falls" else change)
