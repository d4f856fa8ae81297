"""Price moves: list prices that fall or rise during the term, per model tier."""

from dataclasses import dataclass

import numpy as np

from planner.distributions import Distribution
from planner.streams import BlockStreams
from planner.units import FloatArray


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


def price_factors(
    moves: PriceMoves, *, tier: str, months_before_start: int, n_months: int, streams: BlockStreams
) -> FloatArray:
    """List price relative to the pricing day's, shape (n_months, n_paths).

    Each month after the pricing day brings Poisson(rate / 12) moves, each with a size of its own, that the traffic
    pays lag_months later: at month t, t + months_before_start - lag_months months of moves have arrived. Moves
    multiply: a fall by (1 - fall), a rise by (1 + rise).
    """
    arrived = max(n_months - 1 + months_before_start - moves.lag_months, 0)
    log_moves = np.zeros((arrived, streams.size))
    for kind, rate, size, sign in (
        ("falls", moves.falls_per_year, moves.fall, -1.0),
        ("rises", moves.rises_per_year, moves.rise, 1.0),
    ):
        counts = streams.generator(f"price {kind} {tier}").poisson(rate / 12.0, log_moves.shape)
        z = streams.generator(f"price {kind} sizes {tier}").standard_normal(int(counts.sum()))
        cells = np.repeat(np.arange(counts.size), counts.ravel())
        logs = np.log1p(sign * size.from_normal(z))
        log_moves += np.bincount(cells, weights=logs, minlength=counts.size).reshape(counts.shape)
    level = np.vstack([np.zeros((1, streams.size)), np.cumsum(log_moves, axis=0)])
    months = np.clip(np.arange(n_months) + months_before_start - moves.lag_months, 0, arrived)
    factors: FloatArray = np.exp(level)[months]
    return factors
