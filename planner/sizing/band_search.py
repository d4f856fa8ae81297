"""The best commitments of several years together: branch and bound over discount bands.

A node is a range of bands for each year (or for the term's average, where that chooses the band), its cost that of the
best discounts of its bands, which no combination of bands inside it can beat. In a node the cost is convex in the
commitments, and Kelley's cutting planes bound it from below: a linear program over the slopes met so far says where it
may be lowest. The cuts of a node hold in its parts. The search ends when no node can be better than the best so far by
half a cent.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import inf
from typing import Final

import numpy as np
from scipy.optimize import linprog

from planner.bands import DiscountBand
from planner.contract import Contract
from planner.offer import NO_COMMITMENT, Offer
from planner.sizing.commit_search import Problem
from planner.sizing.expectation import CENT_USD
from planner.units import HALF_CENT_USD, FloatArray

_MOST_NODES: Final = 400
_CUTS_A_NODE: Final = 60


def best_of_bands(problem: Problem, best: Offer) -> Offer:
    """The cheapest commitments of the contract years, without a limit; best: a good offer to begin with.

    To half a cent where the cost is convex inside every combination of bands; after 400 nodes, the best so far.
    """
    space = _space(problem)
    open_nodes = [(-inf, 0, _Node(bands=((0, len(space.lows) - 1),) * len(space.axes)))]
    count = 0
    while open_nodes and count < _MOST_NODES:
        bound, _, node = open_nodes.pop(open_nodes.index(min(open_nodes, key=lambda item: item[:2])))
        if bound >= problem.at(best) - HALF_CENT_USD:
            break
        bound, node, best = _bounded(problem, space, node, best)
        if bound < problem.at(best) - HALF_CENT_USD and not node.is_leaf:
            for part in node.halves():
                count += 1
                open_nodes.append((bound, count, part))
    return best


@dataclass(frozen=True, slots=True, kw_only=True)
class _Space:
    """The axes on which bands are chosen: each year's commitment, or the term's average (one row of `axes`)."""

    contract: Contract
    axes: FloatArray
    lows: tuple[float, ...]
    top: FloatArray

    def box(self, node: "_Node") -> tuple[FloatArray, FloatArray]:
        """Lowest and highest value of each axis in a node."""
        lows = [self.lows[first] for first, _ in node.bands]
        ends = [self.lows[last + 1] - CENT_USD if last + 1 < len(self.lows) else inf for _, last in node.bands]
        return np.array(lows), np.array(ends)

    def offer(self, node: "_Node", commits: FloatArray) -> Offer:
        """What these commitments would cost at the best discounts of a node's bands; the contract's own at a leaf."""
        if node.is_leaf:
            return self.contract.offer_of(commits.tolist())
        years = [
            _generous(self.contract, float(commit), node.bands[min(year, len(node.bands) - 1)])
            for year, commit in enumerate(commits)
        ]
        return replace(years[0], later=tuple(years[1:]))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Node:
    """A range of bands on each axis, first and last included (0: below the bands), and the cuts that hold in it.

    A cut (v, g) says cost >= v + g @ commits.
    """

    bands: tuple[tuple[int, int], ...]
    cuts: tuple[tuple[float, FloatArray], ...] = ()

    @property
    def is_leaf(self) -> bool:
        return all(first == last for first, last in self.bands)

    def halves(self) -> tuple["_Node", "_Node"]:
        """The node split in two along its widest axis."""
        axis = max(range(len(self.bands)), key=lambda i: self.bands[i][1] - self.bands[i][0])
        first, last = self.bands[axis]
        middle = (first + last) // 2
        parts = []
        for part in ((first, middle), (middle + 1, last)):
            parts.append(replace(self, bands=(*self.bands[:axis], part, *self.bands[axis + 1 :])))
        return parts[0], parts[1]


def _generous(contract: Contract, commit: float, bands: tuple[int, int]) -> Offer:
    """A commitment at the best discount of any band of a range, overage and model tiers included."""
    inside = [band for band in ((None, *contract.bands)[i] for i in range(bands[0], bands[1] + 1)) if band is not None]
    if not inside:
        return replace(NO_COMMITMENT, commit_usd_per_year=commit)
    discount = max(band.discount_fraction for band in inside)
    return Offer(
        commit_usd_per_year=commit,
        discount_fraction=discount,
        overage_discount_fraction=contract.overage_discount(discount),
        discount_by_tier=_best_by_tier(inside),
    )


def _best_by_tier(bands: Sequence[DiscountBand]) -> tuple[tuple[str, float], ...]:
    tiers = sorted({tier for band in bands for tier, _ in band.by_tier})
    best = [max(dict(band.by_tier).get(tier, band.discount_fraction) for band in bands) for tier in tiers]
    return tuple(zip(tiers, best, strict=True))


def _space(problem: Problem) -> _Space:
    contract, n = problem.contract, problem.contract.n_years
    shares = np.array(contract.year_fractions) / sum(contract.year_fractions)
    axes = shares[None, :] if contract.band_basis == "term" else np.eye(n)
    # what a year leaves unused may still be used later: no year needs more than the term's largest use
    most = max(float(use.drawn_usd.sum(axis=0).max()) for use in problem.uses)
    lows = (0.0, *(band.min_commit_usd_per_year for band in contract.bands))
    return _Space(contract=contract, axes=axes, lows=lows, top=np.full(n, most) / np.array(contract.year_fractions))


def _bounded(problem: Problem, space: _Space, node: _Node, best: Offer) -> tuple[float, _Node, Offer]:
    """Kelley's cutting planes in a node: its lower bound, the node with its cuts, and the best offer met."""
    bound, least = -inf, inf
    cuts = list(node.cuts)
    for _ in range(_CUTS_A_NODE):
        bound, at = _lowest(space, node, cuts)
        if bound >= problem.at(best) - HALF_CENT_USD or least - bound <= HALF_CENT_USD:
            break
        real = space.contract.offer_of(at.tolist())
        best = real if problem.at(real) < problem.at(best) else best
        value, slope = _tangent(problem, space, node, at)
        least = min(least, value)
        cuts.append((value - float(slope @ at), slope))
        if not node.is_leaf and least - bound <= 0.05 * (problem.at(best) - bound):
            break
    return bound, replace(node, cuts=tuple(cuts)), best


def _tangent(problem: Problem, space: _Space, node: _Node, at: FloatArray) -> tuple[float, FloatArray]:
    """Value and slope of a node's cost, by differences a cent wide."""
    value = problem.at(space.offer(node, at))
    slope = [(problem.at(space.offer(node, at + CENT_USD * row)) - value) / CENT_USD for row in np.eye(at.size)]
    return value, np.array(slope)


def _lowest(space: _Space, node: _Node, cuts: Sequence[tuple[float, FloatArray]]) -> tuple[float, FloatArray]:
    """Where the cuts of a node are lowest, and how low."""
    n = space.top.size
    lows, ends = space.box(node)
    rows = [np.concatenate([slope, [-1.0]]) for _, slope in cuts]
    limits = [-value for value, _ in cuts]
    for axis, low, end in zip(space.axes, lows, ends, strict=True):
        rows.append(np.concatenate([-axis, [0.0]]))
        limits.append(-low)
        if end < inf:
            rows.append(np.concatenate([axis, [0.0]]))
            limits.append(end)
    found = linprog(
        np.append(np.zeros(n), 1.0),
        A_ub=np.array(rows),
        b_ub=np.array(limits),
        bounds=[*((0.0, float(top)) for top in space.top), (0.0, None)],
        method="highs",
    )
    if found.x is None:
        return inf, np.zeros(n)
    return float(found.fun), np.array(found.x[:n])
