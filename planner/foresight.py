"""Perfect foresight: the least that each path could have paid, over all commitments and bands, none included."""

from collections.abc import Callable, Sequence
from math import inf, sqrt
from typing import Final

import numpy as np

from planner.clause_rules import Usd
from planner.contract import Contract
from planner.offer import NO_COMMITMENT, Offer
from planner.settlement import settle
from planner.term_use import TermUse
from planner.units import FloatArray

_SMALLEST_USD: Final = 0.01
_ROUNDING: Final = 1e-12
_GOLDEN: Final = (sqrt(5.0) - 1.0) / 2.0
_NARROWINGS: Final = 40
"""Golden sections of a bracket: 0.618^40 = 4e-9 of its width."""
_GRID: Final = 401

Paid = Callable[[Usd], FloatArray]
"""What each path pays at an annual commitment, one for all or one per path."""


def least_paid_usd(contract: Contract, use: TermUse) -> FloatArray:
    """The least that each path could have paid over the term, shape (n_paths,).

    Commitments that are the same in every year, or follow the contract's ramp, are searched as such. Where each year is
    free it is looked at by itself: who foresees everything carries nothing over. Incremental bands, whose discount
    moves with the commitment, are searched on a grid.
    """
    none = settle(contract, NO_COMMITMENT, use).paid_usd
    if contract.band_mode == "incremental":
        return _least_on_grid(contract, use, none)
    if contract.ramp == "free" and contract.band_basis == "year":
        saved = [none - _least(contract, use, none, _one_year(contract, year)) for year in range(contract.n_years)]
        total: FloatArray = none - np.sum(saved, axis=0)
        return total
    return _least(contract, use, none, contract.ramp_shape)


def _one_year(contract: Contract, year: int) -> tuple[float, ...]:
    return tuple(1.0 if other == year else 0.0 for other in range(contract.n_years))


def _least(contract: Contract, use: TermUse, none: FloatArray, shape: Sequence[float]) -> FloatArray:
    """The least over commitments of a shape: every contract year's relative to the first one's."""
    least = none
    for low, stop in contract.commit_ranges:
        # lifted over what rounding takes off an average of years that has to reach the threshold
        inside = max(low * (1.0 + _ROUNDING), _SMALLEST_USD)
        offer = contract.offer_of([inside * weight for weight in shape])

        def paid(scale: Usd, offer: Offer = offer) -> FloatArray:
            return settle(contract, offer, use, commits=_commits(contract, shape, scale)).paid_usd

        corners = _corners(contract, offer, use, shape)
        if contract.is_plain:
            scales = [np.clip(corner, low, stop) for corner in corners]
        else:
            scales = [_narrowed(paid, low, np.clip(np.max(corners, axis=0), low, stop))]
        candidates: list[Usd] = [inside, *scales]
        for scale in candidates:
            least = np.minimum(least, np.where(np.asarray(scale) > 0, paid(scale), inf))
    return least


def _commits(contract: Contract, shape: Sequence[float], scale: Usd) -> list[Usd]:
    """The annual commitment behind each period at one of the first year."""
    if contract.commit_period == "term":
        return [scale]
    return [scale * shape[period.year] for period in contract.periods]


def _corners(contract: Contract, offer: Offer, use: TermUse, shape: Sequence[float]) -> list[FloatArray]:
    """Annual commitments that a path uses up exactly: in a period or, where prices are protected, by a month of it."""
    corners = []
    for period, (first, stop) in zip(use.periods, use.steps_of, strict=True):
        weight = shape[period.year] * period.year_fraction
        if weight == 0:
            continue
        terms = offer.in_year(period.year)
        kept = [1.0 if contract.drawdown == "list" else terms.kept_fraction(account.tier) for account in use.accounts]
        drawn = np.sum(
            [part * account.drawing[first:stop] for part, account in zip(kept, use.accounts, strict=True)], axis=0
        )
        up_to = np.cumsum(drawn, axis=0) if use.is_protected else [drawn.sum(axis=0)]
        corners += [used / weight for used in up_to]
    return corners


def _narrowed(paid: Paid, low: float, high: FloatArray) -> FloatArray:
    """Golden-section search on every path at once; exact where what is paid is convex in the commitment."""
    a, b = np.full_like(high, low), high
    c, d = b - _GOLDEN * (b - a), a + _GOLDEN * (b - a)
    at_c, at_d = paid(c), paid(d)
    for _ in range(_NARROWINGS):
        left = at_c <= at_d
        a, b = np.where(left, a, c), np.where(left, d, b)
        c, d = np.where(left, b - _GOLDEN * (b - a), d), np.where(left, c, a + _GOLDEN * (b - a))
        new = paid(np.where(left, c, d))
        at_c, at_d = np.where(left, new, at_d), np.where(left, at_c, new)
    middle: FloatArray = (a + b) / 2.0
    return middle


def _least_on_grid(contract: Contract, use: TermUse, none: FloatArray) -> FloatArray:
    top = max(float(corner.max()) for corner in _corners(contract, NO_COMMITMENT, use, contract.ramp_shape))
    least = none
    for commit in np.linspace(0.0, top, _GRID)[1:]:
        least = np.minimum(least, settle(contract, contract.offer_at(float(commit)), use).paid_usd)
    return least
