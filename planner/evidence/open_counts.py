"""Counts of passes that have not settled a question yet, with their probabilities, as answers are added."""

from dataclasses import dataclass, field
from typing import Final

import numpy as np
from scipy.special import betaln

from planner.units import FloatArray

_NOTHING: Final = 1e-30
"""Probability of a count that is left out of a sum: below all that a schedule ever spends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenCounts:
    """Probability of each count of passes from `low` on, among so many answers, that nothing was settled by before.

    weights: (counts,); together less than one where some have settled it.
    """

    answers: int = 0
    low: int = 0
    weights: FloatArray = field(default_factory=lambda: np.ones(1))

    @property
    def chance(self) -> float:
        """That the question is still open."""
        return float(self.weights.sum())

    def after(self, answers: int, rate: float) -> "OpenCounts":
        """The same at more answers, each of which passes with this probability."""
        low, step = _binomial(answers - self.answers, rate)
        return OpenCounts(answers=answers, low=self.low + low, weights=np.convolve(self.weights, step))

    def between(self, low: int, high: int) -> "OpenCounts":
        """Only the counts above `low` and below `high`; a single one that cannot be where there is none."""
        start, stop = max(low + 1 - self.low, 0), min(high - self.low, len(self.weights))
        if start >= stop:
            return OpenCounts(answers=self.answers, low=self.low, weights=np.zeros(1))
        return OpenCounts(answers=self.answers, low=self.low + start, weights=self.weights[start:stop])

    def posterior_after(self, answers: int, *, low: int, high: int) -> "OpenCounts":
        """The counts above `low` and below `high` at more answers, where each count has its own posterior (Jeffreys).

        What is added to a count of x passes in n is beta-binomial with x + 1/2 and n - x + 1/2.
        """
        steps, stop = answers - self.answers, self.low + len(self.weights)
        before = np.arange(self.low, stop)[:, None]
        first = max(low + 1, self.low)
        after = np.arange(first, max(min(high, stop + steps), first))[None, :]
        can = (after >= before) & (after - before <= steps)
        more = np.where(can, after - before, 0)
        log = (
            -np.log(steps + 1.0)
            - betaln(steps - more + 1.0, more + 1.0)
            + betaln(before + more + 0.5, answers - before - more + 0.5)
            - betaln(before + 0.5, self.answers - before + 0.5)
        )
        weights = self.weights @ np.where(can, np.exp(log), 0.0)
        return OpenCounts(answers=answers, low=first, weights=weights)


def _binomial(answers: int, rate: float) -> tuple[int, FloatArray]:
    """The lowest count of passes that can happen, and the probabilities from it on."""
    if rate in (0.0, 1.0):
        return int(answers * rate), np.ones(1)
    k = np.arange(answers + 1)
    log_choose = -np.log(answers + 1.0) - betaln(answers - k + 1.0, k + 1.0)
    log = log_choose + k * np.log(rate) + (answers - k) * np.log1p(-rate)
    kept = np.flatnonzero(log > np.log(_NOTHING))
    return int(kept[0]), np.exp(log[kept[0] : kept[-1] + 1])
