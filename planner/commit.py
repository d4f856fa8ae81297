"""Sizing: the expected cost of every commitment, and the best one, exactly on the simulated paths.

Inside a band the expected cost of a commitment that an annual list spend q uses up is

    (1 - d) q W + (1 - e) g(q) + what is billed outside,     g(q) = mean of sum_i w_i max(0, b_i - q)

with W contract years in the term and one kink b_i per path and period (one per month where prices are locked). That is
piecewise linear with corners at the kinks, so the best q is a kink or a band's edge: no grid, no hill-climbing across
bands. For one period with forfeiture it is the fractile F(q) = (r - 1) / r, r = (1 - e) / (1 - d).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import floor, inf

import numpy as np

from planner.contract import NO_COMMITMENT, Contract, Offer
from planner.settlement import LockedUse, TermUse
from planner.units import HALF_CENT_USD, FloatArray

_CENT = 0.01
_TIE = 1e-12
# Relative difference of expected costs below which two commitments cost the same; ties go to the smaller one.


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """What an offer is expected to cost over the term, USD, and its chance of a shortfall in any period."""

    offer: Offer
    expected_cost_usd: float
    shortfall_probability: float
    expected_shortfall_usd: float
    expected_overage_usd: float


@dataclass(frozen=True, kw_only=True)
class Kinks:
    """The function g(q) = sum_i w_i max(0, b_i - q) / n_paths of sorted kinks; weights None where all are 1."""

    points: FloatArray
    weights: FloatArray | None
    n_paths: int

    def at(self, q: FloatArray) -> FloatArray:
        """g at any values of q, shape of q; one pass over the kinks whatever their number."""
        order = np.argsort(q)
        cuts = np.searchsorted(self.points, q[order], side="right")
        edges = np.append(cuts, self.points.size)
        inside = edges[:-1] < self.points.size
        weighted = self.points if self.weights is None else self.points * self.weights
        sums, counts = np.zeros(q.size), np.zeros(q.size)
        starts = edges[:-1][inside]
        # reduceat sums each stretch between neighbouring cuts; equal cuts would return a single element
        unique, which = np.unique(starts, return_inverse=True)
        if unique.size:
            stretches = np.add.reduceat(weighted, unique)
            sums[inside] = np.cumsum(stretches[::-1])[::-1][which]
            if self.weights is None:
                counts[inside] = self.points.size - starts
            else:
                counts[inside] = np.cumsum(np.add.reduceat(self.weights, unique)[::-1])[::-1][which]
        result = np.empty(q.size)
        result[order] = (sums - counts * q[order]) / self.n_paths
        return result

    @cached_property
    def tail_weight(self) -> FloatArray:
        """Mean weight beyond each kink: minus the slope of g just right of it."""
        if self.weights is None:
            return (self.points.size - 1.0 - np.arange(self.points.size)) / self.n_paths
        return (self.weights.sum() - np.cumsum(self.weights)) / self.n_paths

    def where_slope_is(self, tail: float, low: float, high: float) -> list[float]:
        """Kinks in [low, high] at which tail_weight first falls to `tail` or below: where the cost may be least.

        One kink where g is convex (all weights positive); every local minimum where it is not.
        """
        falls = self.tail_weight <= tail
        if self.weights is None or self.weights.min() >= 0:
            first = int(np.argmax(falls)) if falls[-1] else self.points.size - 1
            return [float(np.clip(self.points[first], low, high))]
        turns = falls & ~np.concatenate([[False], falls[:-1]])
        found = self.points[turns]
        return [float(q) for q in found[(found >= low) & (found <= high)]] + [q for q in (low, high) if q < inf]


@dataclass(frozen=True, kw_only=True)
class CommitSample:
    """A scenario's spend paths, sorted once for any number of offers under one contract.

    overage: kinks of use beyond q at the prices overage pays; drawing: the same for use as it draws down;
    least_use: each path's smallest annual use that draws down, sorted; least_use_by_path: the same in the paths' order.
    whole_and_part: where a part-year follows whole ones, each path's smallest use of a whole year, and the part-year's
    use a year.
    """

    contract: Contract
    overage: Kinks
    drawing: Kinks
    least_use: FloatArray
    least_use_by_path: FloatArray
    whole_and_part: tuple[FloatArray, FloatArray] | None
    years: float
    mean_drawn_usd: float
    mean_current_usd: float
    outside_usd: float

    @property
    def on_demand_usd(self) -> float:
        """Expected cost of the term at list."""
        return self.mean_current_usd + self.outside_usd

    def expect(self, offers: Sequence[Offer]) -> list[Expectation]:
        """Expected cost, shortfall and overage of each offer; exact for the sample."""
        q = np.array([self._list_usd(offer) for offer in offers])
        over, drawn_over = self.overage.at(q), self.drawing.at(q)
        return [
            self._expectation(offer, *values)
            for offer, *values in zip(offers, q.tolist(), over.tolist(), drawn_over.tolist(), strict=True)
        ]

    def _list_usd(self, offer: Offer) -> float:
        return self.contract.list_usd_per_year(offer.commit_usd_per_year, offer.discount_fraction)

    def _expectation(self, offer: Offer, q: float, over: float, drawn_over: float) -> Expectation:
        kept = 1.0 - offer.discount_fraction
        if offer.commit_usd_per_year == 0:
            over = self.mean_current_usd
        overage = (1.0 - offer.overage_discount_fraction) * over
        return Expectation(
            offer=offer,
            expected_cost_usd=kept * q * self.years + overage + self.outside_usd,
            shortfall_probability=self._n_short(q, kept) / self.least_use.size,
            # a sum and its difference leave a trace of rounding where nothing is owed
            expected_shortfall_usd=max(kept * (q * self.years - self.mean_drawn_usd + drawn_over), 0.0) if q else 0.0,
            expected_overage_usd=overage,
        )

    def _n_short(self, q: float, kept: float) -> int:
        """Paths on which some period leaves more than half a cent unused, half a cent of the period's own dollars."""
        slack = HALF_CENT_USD / kept
        if self.whole_and_part is None:
            return int(np.searchsorted(self.least_use, q - slack / min(self.years, 1.0), side="left"))
        whole, part = self.whole_and_part
        return int(np.count_nonzero((whole < q - slack) | (part < q - slack / self.contract.periods[-1].year_fraction)))

    def largest_feasible_list_usd(self, max_shortfall_probability: float) -> float:
        """The largest q with P(shortfall) <= alpha: an order statistic of the smallest annual use."""
        allowed = floor(max_shortfall_probability * self.least_use.size + 1e-9)
        return inf if allowed >= self.least_use.size else float(self.least_use[allowed])

    def candidates(self, *, max_shortfall_probability: float = 1.0) -> list[Offer]:
        """None, and per band its ends and the best commitment inside it: the only ones that can be best.

        What lies below the bands counts as one without a discount: a lock on prices may make even that worth it.
        """
        most = self.largest_feasible_list_usd(max_shortfall_probability)
        offers = [NO_COMMITMENT]
        for low, stop in self.contract.commit_ranges:
            if low < stop:
                offers += self._candidates_in(max(low, _CENT), stop, most)
        return offers

    def _candidates_in(self, low: float, stop: float, most: float) -> list[Offer]:
        """The lowest and the last commitment of [low, stop), and where the expected cost turns."""
        contract, first = self.contract, self.contract.offer_at(low)
        d = first.discount_fraction
        commits = [low, stop - _CENT] if stop < inf else [low]
        over_rate = 1.0 - first.overage_discount_fraction
        bounds = contract.list_usd_per_year(low, d), min(contract.list_usd_per_year(stop, d), most)
        if over_rate > 0 and bounds[0] <= bounds[1]:
            turning = self.overage.where_slope_is((1.0 - d) * self.years / over_rate, *bounds)
            commits += [contract.commit_usd_per_year(q, d) for q in turning]
        return [contract.offer_at(commit) for commit in commits if low <= commit < stop]

    def best(self, *, max_shortfall_probability: float = 1.0) -> Expectation:
        """The cheapest expected cost among all commitments that meet the constraint; none if none does.

        Ties go to the smaller commitment.
        """
        feasible = [
            value
            for value in self.expect(self.candidates(max_shortfall_probability=max_shortfall_probability))
            if value.offer.commit_usd_per_year == 0 or value.shortfall_probability <= max_shortfall_probability + 1e-12
        ]
        least = min(value.expected_cost_usd for value in feasible)
        ties = [value for value in feasible if value.expected_cost_usd <= least + _TIE * abs(least)]
        return min(ties, key=lambda value: value.offer.commit_usd_per_year)


def commit_sample(contract: Contract, use: TermUse) -> CommitSample:
    """Sort spend paths for sizing: one kink per path and period, one per month where prices are locked."""
    periods = contract.periods
    annual = [use.drawn_list_usd(period) / period.year_fraction for period in periods]
    n_paths = annual[0].size
    one_year = len(periods) == 1 and periods[0].year_fraction == 1.0
    fractions = np.repeat([period.year_fraction for period in periods], n_paths)
    drawing = _kinks(np.concatenate(annual), None if one_year else fractions, n_paths)
    by_path = annual[0] if len(periods) == 1 else np.min(annual, axis=0)
    least = drawing.points if len(periods) == 1 else np.sort(by_path)
    overage = drawing if use.locked is None else _locked_kinks(contract, use.locked)
    ends_in_part = len(periods) > 1 and periods[-1].year_fraction < 1.0
    return CommitSample(
        contract=contract,
        overage=overage,
        drawing=drawing,
        least_use=least,
        least_use_by_path=by_path,
        whole_and_part=(np.min(annual[:-1], axis=0), annual[-1]) if ends_in_part else None,
        years=sum(period.year_fraction for period in periods),
        mean_drawn_usd=float(use.drawn_usd.sum(axis=0).mean()),
        mean_current_usd=float(use.list_usd.sum(axis=0).mean()),
        outside_usd=float(use.outside_usd.mean()),
    )


def _kinks(points: FloatArray, weights: FloatArray | None, n_paths: int) -> Kinks:
    if weights is None:
        return Kinks(points=np.sort(points), weights=None, n_paths=n_paths)
    order = np.argsort(points)
    return Kinks(points=points[order], weights=weights[order], n_paths=n_paths)


def _locked_kinks(contract: Contract, use: LockedUse) -> Kinks:
    """Use beyond q costs list x price factor of the months in which it falls: a kink wherever the factor changes.

    With drawn spend D_t up to month t and factor p_t, the overage of a period is
    sum_t (p_t - p_{t+1}) max(0, D_t - q), p beyond the last month being 0.
    """
    points, weights = [], []
    for period in contract.periods:
        months = slice(period.first, period.stop)
        drawing, current = use.drawing[months], use.current[months]
        factor = np.divide(current, drawing, out=np.zeros_like(current), where=drawing > 0)
        steps = factor - np.vstack([factor[1:], np.zeros((1, factor.shape[1]))])
        points.append((np.cumsum(drawing, axis=0) / period.year_fraction).ravel())
        weights.append((steps * period.year_fraction).ravel())
    return _kinks(np.concatenate(points), np.concatenate(weights), use.current.shape[1])
