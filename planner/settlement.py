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
class TermUse:
    """Spend paths as a contract sees them over its term.

    current: shape (term_months, n_paths), list spend that enters the contract, at each month's list price.
    drawing: the same use as it draws the commitment down: at current list where price falls are passed through,
    at the signing day's list where they are not. outside_usd: shape (n_paths,), list spend that is not eligible.
    """

    current: FloatArray
    drawing: FloatArray
    outside_usd: FloatArray

    @property
    def is_passed_through(self) -> bool:
        """Whether the commitment draws down at the same prices that overage is billed at."""
        return self.drawing is self.current

    @property
    def on_demand_usd(self) -> FloatArray:
        """What the term would cost at list without any commitment, shape (n_paths,)."""
        return self.current.sum(axis=0) + self.outside_usd

    def on(self, paths: IntArray) -> "TermUse":
        """The use of some of the paths, by index."""
        current = self.current[:, paths]
        drawing = current if self.is_passed_through else self.drawing[:, paths]
        return TermUse(current=current, drawing=drawing, outside_usd=self.outside_usd[paths])

    def drawn_list_usd(self, period: Period) -> FloatArray:
        """List spend of a period that can draw the commitment down, shape (n_paths,)."""
        return self.drawing[period.first : period.stop].sum(axis=0)

    def overage_list_usd(self, period: Period, list_usd: float | FloatArray) -> FloatArray:
        """List dollars of the use beyond `list_usd` of drawn spend in a period, at each month's list price.

        list_usd may hold one value per path. Where prices are locked, the month in which the commitment runs out is
        split in proportion.
        """
        if self.is_passed_through:
            return np.maximum(self.drawn_list_usd(period) - list_usd, 0.0)
        over = np.zeros(self.current.shape[1])
        drawn = np.zeros_like(over)
        for month in range(period.first, period.stop):
            drawn += self.drawing[month]
            beyond = np.clip(drawn - list_usd, 0.0, self.drawing[month])
            share = np.divide(beyond, self.drawing[month], out=np.zeros_like(over), where=self.drawing[month] > 0)
            over += share * self.current[month]
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
    share = contract.eligible_fraction
    listed = spend.list_cost_usd[: contract.term_months]
    current = listed if share == 1.0 else share * listed
    drawing = current
    if not contract.price_falls_passed_through and spend.signing_list_cost_usd is not spend.list_cost_usd:
        if spend.signing_list_cost_usd is None:
            raise InputError(
                "price_falls.passed_through = false settles at the prices of the signing day, and these paths were "
                "simulated without them; simulate with signing=True"
            )
        drawing = share * spend.signing_list_cost_usd[: contract.term_months]
    return TermUse(current=current, drawing=drawing, outside_usd=(1.0 - share) * listed.sum(axis=0))


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
    corners = [
        use.drawing[period.first : stop].sum(axis=0) / period.year_fraction
        for period in contract.periods
        for stop in ([period.stop] if use.is_passed_through else range(period.first + 1, period.stop + 1))
    ]
    for low, stop in contract.commit_ranges:
        offer = contract.offer_at(max(low, 0.01))
        low, high = (contract.list_usd_per_year(edge, offer.discount_fraction) for edge in (low, stop))
        for q in (low, *(np.clip(corner, low, high) for corner in corners)):
            if np.any(q > 0):
                least = np.minimum(least, settle_at(contract, offer, use, list_usd_per_year=q).paid_usd)
    return least
