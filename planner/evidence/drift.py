"""Whether a rate has moved: a pass rate or an escalation rate, as it was and as a new sample finds it.

Both rates have Jeffreys' posteriors. What is said of their difference are one-sided bounds of it, by quadrature.
"""

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from scipy.optimize import brentq
from scipy.special import betainc, betaincinv, ndtr

from planner.errors import InputError
from planner.evidence.looks import SURE
from planner.evidence.quality import CONFIDENCE, Verdict, verdict
from planner.units import FloatArray

Moved = Literal["fell", "rose", "no change seen"]

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(400)
_Z: Final = 8.5 * _NODES
_NORMAL: Final = 8.5 * _WEIGHTS * np.exp(-_Z * _Z / 2.0) / np.sqrt(2.0 * np.pi)
_AT: Final = ndtr(_Z)
_TOLERANCE: Final = 1e-10


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How many of so many. Errors: InputError where that cannot be."""

    hits: int
    total: int

    def __post_init__(self) -> None:
        if not 0 <= self.hits <= self.total or self.total == 0:
            raise InputError(
                f"{self.hits} of {self.total} is no rate: give at least one, and no more hits than there are"
            )

    @property
    def rate(self) -> float:
        """As observed."""
        return self.hits / self.total


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """A rate before and now.

    change: of the observed rates, new less old; lower, upper: one-sided bounds of the true one. moved: fell where the
    upper bound is below 0, rose where the lower is above it. seen_fall, seen_rise: the smallest change from the old
    rate that a new sample of this size shows four times in five, None where it could show none. verdict: of the new
    sample by itself against the bar, None without one.
    """

    old: Counts
    new: Counts
    change: float
    lower: float
    upper: float
    moved: Moved
    seen_fall: float | None
    seen_rise: float | None
    verdict: Verdict | None


def drift(old: Counts, new: Counts, *, bar: float | None = None, confidence: float = CONFIDENCE) -> Drift:
    """What a new sample says of a rate. Either way it errs at about 1 - confidence where nothing has moved."""
    level = 1.0 - confidence
    lower, upper = change_bound(old, new, level), change_bound(old, new, confidence)
    return Drift(
        old=old,
        new=new,
        change=new.rate - old.rate,
        lower=lower,
        upper=upper,
        moved="fell" if upper < 0.0 else "rose" if lower > 0.0 else "no change seen",
        seen_fall=_seen_fall(old, new.total, level),
        seen_rise=_seen_fall(_turned(old), new.total, level),
        verdict=None if bar is None else verdict(new.hits, new.total - new.hits, bar=bar, confidence=confidence),
    )


def chance_below(old: Counts, new: Counts, change: float) -> float:
    """Probability that the new rate less the old one is below `change`, by both posteriors.

    E[F(p)] over the narrower posterior of the wider one's distribution, which is smooth there: Gauss and Legendre over
    the normal scale of the narrower.
    """
    if old.total > new.total:
        p = _quantiles(old)
        return float(_NORMAL @ _below(new, p + change))
    p = _quantiles(new)
    return float(_NORMAL @ (1.0 - _below(old, p - change)))


def _quantiles(counts: Counts) -> FloatArray:
    return betaincinv(counts.hits + 0.5, counts.total - counts.hits + 0.5, _AT)


def _below(counts: Counts, rates: FloatArray) -> FloatArray:
    return betainc(counts.hits + 0.5, counts.total - counts.hits + 0.5, np.clip(rates, 0.0, 1.0))


def change_bound(old: Counts, new: Counts, probability: float) -> float:
    """The change that the true one is below with this probability."""
    return float(brentq(lambda d: chance_below(old, new, d) - probability, -1.0, 1.0, xtol=_TOLERANCE))


def _turned(counts: Counts) -> Counts:
    """The same counted the other way: a rate that rises is one of misses that falls."""
    return Counts(hits=counts.total - counts.hits, total=counts.total)


def _seen_fall(old: Counts, total: int, level: float) -> float | None:
    """The smallest fall from the old rate with which a new sample shows a fall with a chance of SURE."""
    most = _most_that_fell(old, total, level)
    if most < 0:
        return None
    # at most `most` hits among `total` with chance SURE: P(X <= k) = I_{1 - p}(n - k, k + 1)
    rate = 1.0 - float(betaincinv(total - most, most + 1.0, SURE))
    return old.rate - rate if rate < old.rate else None


def _most_that_fell(old: Counts, total: int, level: float) -> int:
    """The most hits of a new sample that still show a fall; -1 where not even none does."""
    low, high = -1, total
    while low < high:
        middle = (low + high + 1) // 2
        # the upper bound is below 0 where a change below 0 has more than this probability
        if chance_below(old, Counts(hits=middle, total=total), 0.0) > 1.0 - level:
            low = middle
        else:
            high = middle - 1
    return low
