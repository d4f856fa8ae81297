"""A fair split of one commitment over units: of the commitment itself, and of a shortfall.

The commitment is split by what each unit draws where it matters: on the futures in which the pooled use just uses the
commitment up, in the period where it is tightest,

    share(i) = C * E[ U_i | U = C ] / C,     U = sum of U_i, each as it draws at the pooled discounts.

That is Euler's rule for a quantile (Tasche, "Allocating portfolio economic capital to sub-portfolios", 2004): shares
are never negative and add up to C, and a unit gets what the pool can count on it for, not what it hopes to use. The
conditional mean is that of the nearest paths.

A shortfall is split by the Shapley value, path by path, of what each group would leave unused of its shares,

    w(S) = max(0, sum over S of (share - drawdown)),

settled under the pooled contract's terms. A unit that used more than its share filled gaps of others; its part of a
shortfall may be negative, which is what they owe it.
"""

from collections.abc import Sequence
from math import sqrt
from typing import Final

import numpy as np

from planner.business_units.spend import added
from planner.contract import Contract
from planner.offer import Offer
from planner.risk import Estimate
from planner.settlement import settle
from planner.shapley import members, shapley, shapley_weights
from planner.term_use import TermUse
from planner.units import FloatArray, IntArray

_NEAREST: Final = 0.02
"""The part of the paths that counts as just using the commitment up."""
_FEWEST: Final = 64


def commitment_fractions(contract: Contract, offer: Offer, uses: Sequence[TermUse]) -> tuple[Estimate, ...]:
    """Each unit's part of an offer's commitment, with its Monte Carlo error; they add up to 1. uses: of each unit."""
    parts = np.stack([_drawn_usd(contract, offer, use) for use in uses])
    committed = np.array([contract.commit_usd(offer, period) for period in contract.periods])
    owed = committed > 0
    parts = parts[:, owed] / committed[owed][:, None]
    whole = parts.sum(axis=0)
    tightest = np.argmin(whole, axis=0)[None]
    used = np.take_along_axis(whole, tightest, axis=0)[0]
    nearest = _nearest(np.abs(used - 1.0))
    each = np.take_along_axis(parts, tightest[None], axis=1)[:, 0, nearest]
    return _ratios(each)


def _drawn_usd(contract: Contract, offer: Offer, use: TermUse) -> FloatArray:
    """Use as it draws at an offer's discounts, shape (n_periods, n_paths)."""
    return np.stack(
        [
            np.sum([use.step(i, contract, offer.in_year(period.year)).draw for i in range(first, stop)], axis=0)
            for period, (first, stop) in zip(use.periods, use.steps_of, strict=True)
        ]
    )


def _nearest(distance: FloatArray) -> IntArray:
    count = min(max(round(_NEAREST * distance.size), _FEWEST), distance.size)
    return np.argpartition(distance, count - 1)[:count].astype(np.int64)


def _ratios(each: FloatArray) -> tuple[Estimate, ...]:
    """Sum of each row over the sum of all; equal parts where nobody uses anything. each: shape (n, n_paths)."""
    n_units, count = each.shape
    whole = each.sum(axis=0)
    total = float(whole.sum())
    if total == 0.0:
        return tuple(Estimate(mean=1.0 / n_units, se=0.0) for _ in range(n_units))
    found = []
    for row in each:
        fraction = float(row.sum()) / total
        left = row - fraction * whole
        found.append(Estimate(mean=fraction, se=sqrt(float(left @ left)) / total if count > 1 else np.nan))
    return tuple(found)


def shortfall_shares(
    contract: Contract, offer: Offer, fractions: Sequence[float], uses: Sequence[TermUse]
) -> FloatArray:
    """Each unit's part of the shortfall of the term, shape (n_units, n_paths), USD; they add up to the pool's own.

    fractions: each unit's part of the commitment, adding up to 1.
    """
    weights, belongs = shapley_weights(len(uses)), members(len(uses))
    commits = [contract.commit_usd_per_year_of(offer, period) for period in contract.periods]
    shares = np.zeros((len(uses), uses[0].n_paths))
    for group, inside in enumerate(belongs):
        if not inside.any():
            continue
        part = 1.0 if inside.all() else float(np.array(fractions)[inside].sum())
        use = added([use for use, is_in in zip(uses, inside, strict=True) if is_in])
        short = settle(contract, offer, use, commits=[part * commit for commit in commits]).shortfall_usd.sum(axis=0)
        shares += np.multiply.outer(weights[:, group], short)
    return shares


def split_of_shortfall(commits_usd: FloatArray, drawdowns_usd: FloatArray) -> FloatArray:
    """One actual shortfall of one period, split over units by the same rule, USD of commitment; they add up to it.

    commits_usd: each unit's share of the commitment; drawdowns_usd: what each drew. Both have units along the first
    axis; further axes, such as paths, are split side by side. Shares of 60 and 40 with 30 and 55 drawn leave 15 unused:
    22.5 of it is the first's and -7.5 the second's, whose 15 beyond its share filled half of the gap.
    """
    unused = np.tensordot(members(len(commits_usd)), np.asarray(commits_usd) - drawdowns_usd, axes=1)
    return shapley(np.maximum(unused, 0.0))
