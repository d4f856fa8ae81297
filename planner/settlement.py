"""Settlement: an offer under contract terms, and spend paths, become who pays what.

One period with discount d, overage discount e, list spend L that enters the contract, commitment owed (1 - d) q where
q is the list spend that uses it up:

    shortfall = (1 - d) max(0, q - L)        overage = (1 - e) max(0, L - q)        paid = (1 - d) q + overage

List spend that is not eligible is billed at list outside the contract. Nothing is rounded here.
"""

from dataclasses import dataclass

import numpy as np

from planner.contract import Contract, Offer, Period
from planner.errors import InputError
from planner.simulation import SpendPaths
from planner.units import FloatArray, IntArray


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedUse:
    """Use by month where committed use stays at the signing day's list. Shapes (term_months, n_paths).

    current: list spend that enters the contract, at each month's list price; drawing: the same at the signing day's.
    """

    current: FloatArray
    drawing: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class TermUse:
    """Spend paths as a contract sees them over its term.

    list_usd: shape (n_periods, n_paths), list spend that enters the contract in each of its periods. drawn_usd: the
    same use as it draws the commitment down; the same array where price falls are passed through. outside_usd: shape
    (n_paths,), list spend that is not eligible. locked: the months behind it, which only locked prices need.
    """

    periods: tuple[Period, ...]
    list_usd: FloatArray
    drawn_usd: FloatArray
    outside_usd: FloatArray
    locked: LockedUse | None = None

    @property
    def n_paths(self) -> int:
        return self.outside_usd.size

    @property
    def on_demand_usd(self) -> FloatArray:
        """What the term would cost at list without any commitment, shape (n_paths,)."""
        total: FloatArray = self.list_usd.sum(axis=0) + self.outside_usd
        return total

    def on(self, paths: IntArray) -> "TermUse":
        """The use of some of the paths, by index."""
        listed, locked = self.list_usd[:, paths], self.locked
        return TermUse(
            periods=self.periods,
            list_usd=listed,
            drawn_usd=listed if locked is None else self.drawn_usd[:, paths],
            outside_usd=self.outside_usd[paths],
            locked=locked and LockedUse(current=locked.current[:, paths], drawing=locked.drawing[:, paths]),
        )

    def drawn_list_usd(self, period: Period) -> FloatArray:
        """List spend of a period that can draw the commitment down, shape (n_paths,)."""
        return self.drawn_usd[self.periods.index(period)]

    def overage_list_usd(self, period: Period, list_usd: float | FloatArray) -> FloatArray:
        """List dollars of the use beyond `list_usd` of drawn spend in a period, at each month's list price.

        list_usd may hold one value per path. Where prices are locked, the month in which the commitment runs out is
        split in proportion.
        """
        if self.locked is None:
            return np.maximum(self.drawn_list_usd(period) - list_usd, 0.0)
        over = np.zeros(self.n_paths)
        drawn = np.zeros_like(over)
        for month in range(period.first, period.stop):
            drawing = self.locked.drawing[month]
            drawn += drawing
            beyond = np.clip(drawn - list_usd, 0.0, drawing)
            share = np.divide(beyond, drawing, out=np.zeros_like(over), where=drawing > 0)
            over += share * self.locked.current[month]
        return over


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """Who pays what on every path, USD over the term; shortfall and overage per period, shape (n_periods, n_paths)."""

    paid_usd: FloatArray
    on_demand_usd: FloatArray
    shortfall_usd: FloatArray
    overage_usd: FloatArray


def term_use(contract: Contract, spend: SpendPaths) -> TermUse:
    """The part of simulated (or actual) spend that a contract settles."""
    share, periods = contract.eligible_fraction, contract.periods
    listed = np.stack([spend.list_cost_over(period.first, period.stop) for period in periods])
    used = listed if share == 1.0 else share * listed
    outside = (1.0 - share) * listed.sum(axis=0)
    locked = None if contract.price_falls_passed_through else _locked_use(contract, spend)
    drawn = used
    if locked is not None:
        drawn = np.stack([locked.drawing[period.first : period.stop].sum(axis=0) for period in periods])
    return TermUse(periods=periods, list_usd=used, drawn_usd=drawn, outside_usd=outside, locked=locked)


def _locked_use(contract: Contract, spend: SpendPaths) -> LockedUse | None:
    """Monthly use at both prices; None where no price moves. Errors: InputError for paths without signing prices."""
    signing = spend.signing_list_cost_usd
    if signing is spend.list_cost_usd:
        return None
    if signing is None or signing.shape[1] < spend.n_paths:
        raise InputError(
            "price_falls.passed_through = false settles month by month at the prices of the signing day, and these "
            "paths were simulated without them; simulate with signing=True"
        )
    share, months = contract.eligible_fraction, slice(contract.term_months)
    return LockedUse(current=share * spend.list_cost_usd[months], drawing=share * signing[months])


def settle(contract: Contract, offer: Offer, use: TermUse) -> Settlement:
    """Settle an offer on every path, period by period; each period stands alone and its unused part is forfeited."""
    q = contract.list_usd_per_year(offer.commit_usd_per_year, offer.discount_fraction)
    return settle_at(contract, offer, use, list_usd_per_year=q)


def settle_at(contract: Contract, offer: Offer, use: TermUse, *, list_usd_per_year: float | FloatArray) -> Settlement:
    """Settle with the annual list spend q that uses the commitment up given directly, one value or one per path.

    The offer supplies the discounts only.
    """
    kept, over_rate = 1.0 - offer.discount_fraction, 1.0 - offer.overage_discount_fraction
    paid = use.outside_usd.copy()
    shortfall, overage = [], []
    for period in contract.periods:
        q = list_usd_per_year * period.year_fraction
        shortfall.append(kept * np.maximum(q - use.drawn_list_usd(period), 0.0))
        overage.append(over_rate * use.overage_list_usd(period, q))
        paid += kept * q + overage[-1]
    return Settlement(
        paid_usd=paid,
        on_demand_usd=use.on_demand_usd,
        shortfall_usd=np.stack(shortfall),
        overage_usd=np.stack(overage),
    )


def least_paid_usd(contract: Contract, use: TermUse) -> FloatArray:
    """The least that each path could have paid over all commitments and bands, none included; shape (n_paths,).

    On one path the cost is piecewise linear in q inside a band, with corners where a period's use (or, at locked
    prices, the use up to a month) equals its commitment: it is enough to look at the corners and the band's edges.
    """
    least = use.on_demand_usd
    corners = [used / period.year_fraction for period in contract.periods for used in _used_up_to(use, period)]
    for first, stop in contract.commit_ranges:
        offer = contract.offer_at(max(first, 0.01))
        low, high = (contract.list_usd_per_year(edge, offer.discount_fraction) for edge in (first, stop))
        inside: list[float | FloatArray] = [low, *(np.clip(corner, low, high) for corner in corners)]
        for q in inside:
            if np.any(np.asarray(q) > 0):
                least = np.minimum(least, settle_at(contract, offer, use, list_usd_per_year=q).paid_usd)
    return least


def _used_up_to(use: TermUse, period: Period) -> list[FloatArray]:
    """Drawn spend of a period; where prices are locked also up to each of its months."""
    if use.locked is None:
        return [use.drawn_list_usd(period)]
    return list(np.cumsum(use.locked.drawing[period.first : period.stop], axis=0))
