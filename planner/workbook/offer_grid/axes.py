"""Which offers the program prices for the calculator: commitments, discounts and overage discounts around the
recommended one.

With a discount typed in, commitments are laid out by the list use that exhausts them, q = C / (1 - d): what an offer
costs follows q far more than C, so that little is left to curve between two discounts. At the contract's own bands they
are laid out by the commitment, both sides of every threshold.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

import numpy as np

from planner.contract import Contract
from planner.offer import NO_COMMITMENT, Offer
from planner.sizing.expectation import CENT_USD
from planner.term_use import TermUse
from planner.units import FloatArray

_ANCHORS: Final = (0.002, 0.1, 0.3, 0.5, 0.7, 0.9, 0.998)
"""Levels of a year's use at which commitments are priced in any case; others are put where they are needed most."""
_BEYOND: Final = 1.25
_FARTHEST_THRESHOLD: Final = 4.0
"""A threshold is priced up to so many times the largest use that is likely."""
_MOST_THRESHOLDS: Final = 12
FEW_DISCOUNTS, MORE_DISCOUNTS = 3, 5
_HIGHER_DISCOUNT: Final = 0.15
_MOST_DISCOUNT: Final = 0.95
_SAME: Final = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class TypedOffer:
    """An offer as it is typed: a commitment on the axis, one discount for every year and model, one beyond.

    by_bands: at the contract's own discounts instead, within the commitment and beyond it.
    """

    commit_usd: float
    discount: float
    overage_discount: float
    by_bands: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class GridAxes:
    """The offers that are priced in any scenario. Ascending: list uses q and commitments, USD a year, and discounts.

    weights: what each contract year commits per dollar on the axis. start: the recommended offer as it is typed. uses,
    commits: those that no scenario goes without; planner.workbook.offer_grid.refining adds to them.
    """

    contract: Contract
    weights: tuple[float, ...]
    recommended: Offer
    start: TypedOffer
    uses: tuple[float, ...]
    commits: tuple[float, ...]
    discounts: tuple[float, ...]
    overages: tuple[float, ...]

    @property
    def is_typed(self) -> bool:
        """Whether the recommended offer has one discount for every year and model, so that it can be typed in."""
        return self.offer(self.start) == self.recommended

    @property
    def start_at(self) -> tuple[float, float]:
        """The recommended commitment and discount."""
        return self.start.commit_usd, self.start.discount

    def offer(self, typed: TypedOffer) -> Offer:
        """An offer typed in, as it would be signed; what commits nothing has no discount."""
        if typed.by_bands:
            at_recommended = typed.commit_usd == self.start.commit_usd
            return self.recommended if at_recommended else self.contract.offer_of(self._years(typed.commit_usd))
        made = self.contract.offer_of(self._years(typed.commit_usd), typed.discount)
        years = [
            year if year == NO_COMMITMENT else replace(year, overage_discount_fraction=typed.overage_discount, later=())
            for year in (made.in_year(number) for number in range(self.contract.n_years))
        ]
        return years[0] if len(set(years)) == 1 else replace(years[0], later=tuple(years[1:]))

    def axis_usd(self, typed: TypedOffer) -> float:
        """Where an offer stands on the axis that prices it: its commitment, or the list use that exhausts it."""
        if typed.by_bands:
            return typed.commit_usd
        return self.contract.list_usd_per_year(typed.commit_usd, typed.discount)

    def commit_usd(self, list_use_usd: float, discount: float) -> float:
        """The commitment that an annual list use q exhausts at a discount; of the recommended offer exactly its own."""
        if discount == self.start.discount and list_use_usd == self.axis_usd(self.start):
            return self.start.commit_usd
        return self.contract.commit_usd_per_year(list_use_usd, discount)

    def _years(self, commit_usd: float) -> list[float]:
        return [commit_usd * weight for weight in self.weights]


def grid_axes(contract: Contract, recommended: Offer, uses: Mapping[str, TermUse]) -> GridAxes:
    """The grid around a recommended offer, over the likely use of every scenario and beyond it."""
    weights, commit = _proportions(contract, recommended)
    first = next((year for year in (recommended, *recommended.later) if year.commit_usd_per_year > 0), recommended)
    start = TypedOffer(
        commit_usd=commit,
        discount=first.discount_fraction,
        overage_discount=first.overage_discount_fraction,
    )
    unit = contract.offer_of(weights, 0.0)
    sample = np.sort(np.concatenate([used for use in uses.values() for used in _use_per_unit(contract, unit, use)]))
    at_start = contract.list_usd_per_year(commit, start.discount)
    spread = _spread(sample, at_start)
    kept = 1.0 if contract.drawdown == "list" else 1.0 - start.discount
    thresholds = _thresholds(contract, weights, commit, top=spread[-1])
    edges = [edge for low in thresholds for edge in (low - CENT_USD, low) if edge > CENT_USD]
    top = max(spread[-1], _BEYOND * max(thresholds, default=0.0))
    discounts = _discounts(contract, start.discount, in_shares=min(weights) > 0)
    ends = {0.0, start.overage_discount, max(discounts[-1], start.overage_discount)}
    return GridAxes(
        contract=contract,
        weights=weights,
        recommended=recommended,
        start=start,
        uses=_apart([0.0, CENT_USD, at_start], [*spread, top]),
        commits=_apart([0.0, CENT_USD, commit, *edges], [use * kept for use in (*spread, top)]),
        discounts=discounts,
        overages=tuple(sorted(ends)),
    )


def _proportions(contract: Contract, recommended: Offer) -> tuple[tuple[float, ...], float]:
    """(what each contract year commits per dollar on the axis, the recommended offer's place on it).

    The axis is contract year 1's commitment, or the average a year where year 1 commits nothing.
    """
    commits = recommended.commits_usd_per_year(contract.n_years)
    if recommended.is_none or contract.offer_at(commits[0]).commits_usd_per_year(contract.n_years) == commits:
        return contract.ramp_shape, commits[0]
    fractions = contract.year_fractions
    average = sum(usd * share for usd, share in zip(commits, fractions, strict=True)) / sum(fractions)
    scale = commits[0] or average
    return tuple(usd / scale for usd in commits), scale


def _use_per_unit(contract: Contract, unit: Offer, use: TermUse) -> Iterable[FloatArray]:
    """On every path, the place on the axis at which a period's use exhausts its commitment, and the term's."""
    owed = np.array([contract.commit_usd(unit, period) for period in contract.periods])
    drawn = use.drawn_usd
    yield from (row / usd for row, usd in zip(drawn, owed, strict=True) if usd > 0)
    yield drawn[owed > 0].sum(axis=0) / owed.sum()


def _spread(sample: FloatArray, at_start: float) -> list[float]:
    """List uses a year from the least that is likely to beyond the most."""
    likely: list[float] = np.quantile(sample, _ANCHORS).tolist()
    top = _BEYOND * max(likely[-1], at_start, 1.0)
    return [likely[0] / 2.0, *likely, (likely[-1] + top) / 2.0, top]


def _thresholds(contract: Contract, weights: tuple[float, ...], commit: float, *, top: float) -> list[float]:
    """Places on the axis where a year reaches a band, the nearest to the recommended one."""
    ray = {weight for weight in weights if weight > 0}
    if contract.band_basis == "term" or contract.commit_period == "term":
        shares = contract.year_fractions
        ray = {sum(w * share for w, share in zip(weights, shares, strict=True)) / sum(shares)}
    found = {band.min_commit_usd_per_year / weight for band in contract.bands for weight in ray}
    near = [low for low in found if CENT_USD < low <= _FARTHEST_THRESHOLD * top]
    return sorted(near, key=lambda low: (abs(low - commit), low))[:_MOST_THRESHOLDS]


def _discounts(contract: Contract, start: float, *, in_shares: bool) -> tuple[float, ...]:
    """From none to more than any band gives, the recommended one among them.

    Few do where all that an offer promises is a share of its commitment or of use: at one q the cost is then linear in
    the discount. Balances brought in and ceilings in dollars are not such shares, and a year that commits nothing draws
    what is carried into it at list. in_shares: no year does.
    """
    bands = {band.discount_fraction for band in contract.bands}
    top = min(max({*bands, start}) + _HIGHER_DISCOUNT, max(_MOST_DISCOUNT, start))
    if in_shares and contract.in_force is None and contract.marketplace is None:
        return _filled({0.0, start, top}, FEW_DISCOUNTS)
    near = min(bands - {start}, key=lambda fraction: (abs(fraction - start), fraction), default=start)
    return _filled({0.0, start, top, near}, MORE_DISCOUNTS)


def _filled(values: set[float], count: int) -> tuple[float, ...]:
    """Ascending values, the widest gaps halved until there are enough."""
    found = sorted(values)
    while len(found) < count:
        low, high = max(pairwise(found), key=lambda gap: gap[1] - gap[0])
        found = sorted([*found, (low + high) / 2.0])
    return tuple(found)


def _apart(needed: Iterable[float], wanted: Iterable[float]) -> tuple[float, ...]:
    """The needed values, and of the wanted ones those that are not next to another."""
    found = sorted(set(needed))
    for value in sorted(set(wanted)):
        gap = _SAME * max(value, 1.0)
        if value > 0 and all(abs(value - other) > gap for other in found):
            found.append(value)
    return tuple(sorted(found))
