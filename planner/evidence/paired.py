"""A candidate against the current model on the same requests: how much lower its pass rate may be."""

from collections.abc import Iterable
from math import inf, sqrt
from typing import Final

from scipy.optimize import brentq
from scipy.special import ndtri

from planner.evidence.decision import Comparison
from planner.evidence.quality import CONFIDENCE, Verdict

_NEXT_TO_ONE: Final = 1.0 - 1e-12
_TOLERANCE: Final = 1e-12


def compare(
    pairs: Iterable[tuple[bool, bool]], *, margin: float | None, level: float = 1.0 - CONFIDENCE
) -> Comparison | None:
    """Who passed which requests. pairs: (candidate passed, reference passed) of each; None where there are none.

    level: one-sided error of either bound; at 0 they say nothing. Without a margin there is no verdict.
    """
    counts = {(mine, theirs): 0 for mine in (True, False) for theirs in (True, False)}
    for pair in pairs:
        counts[pair] += 1
    n = sum(counts.values())
    if n == 0:
        return None
    ours, theirs = counts[True, False], counts[False, True]
    lower, upper = difference_bounds(ours, theirs, n, level=level)
    return Comparison(
        both=counts[True, True],
        only_candidate=ours,
        only_reference=theirs,
        neither=counts[False, False],
        difference=(ours - theirs) / n,
        lower=lower,
        upper=upper,
        margin=margin,
        verdict=None if margin is None else _verdict(lower, upper, margin),
    )


def _verdict(lower: float, upper: float, margin: float) -> Verdict:
    if lower >= -margin:
        return "pass"
    return "fail" if upper < -margin else "undecided"


def difference_bounds(only_candidate: int, only_reference: int, pairs: int, *, level: float) -> tuple[float, float]:
    """Tango's (1998) score bounds of the difference of two pass rates on the same requests, each one-sided at a level.

    The bounds are where the score statistic of that difference is the normal quantile of the level.
    """
    if level <= 0.0:
        return -1.0, 1.0
    z = float(-ndtri(level))
    # exchanging the two models turns the difference round, and its lower bound into the upper one
    return _lower(only_candidate, only_reference, pairs, z), -_lower(only_reference, only_candidate, pairs, z)


def _lower(ours: int, theirs: int, pairs: int, z: float) -> float:
    estimate = (ours - theirs) / pairs
    if theirs == pairs:
        return -1.0
    if z <= 0.0:
        return estimate
    highest = min(estimate, _NEXT_TO_ONE)
    return float(
        brentq(lambda d: score(d, ours, theirs, pairs) - z, -_NEXT_TO_ONE, highest, xtol=_TOLERANCE, rtol=_TOLERANCE)
    )


def score(difference: float, only_candidate: int, only_reference: int, pairs: int) -> float:
    """Tango's statistic: what was observed less `difference`, in standard errors if that were the true one.

    T(d) = (b - c - n d) / sqrt(n (2 q + d (1 - d))) for b pairs of n that only the candidate passes and c that only the
    reference does. q is the likeliest share of the latter where the difference is d: 2 n q = h + sqrt(h^2 +
    2 n c d (1 - d)) with h = (b + c - (2 n - b + c) d) / 2.
    """
    b, c, n, d = only_candidate, only_reference, pairs, difference
    half = (b + c - (2 * n - b + c) * d) / 2.0
    q = (half + sqrt(max(half * half + 2.0 * n * c * d * (1.0 - d), 0.0))) / (2.0 * n)
    distance, variance = b - c - n * d, n * (2.0 * q + d * (1.0 - d))
    if abs(distance) <= _TOLERANCE * n:
        return 0.0
    return distance / sqrt(variance) if variance > 0.0 else inf if distance > 0 else -inf
