"""Sizing where each period's use alone settles it: the best commitment, exactly on the simulated paths.

Inside a band the expected cost of a commitment that an annual list spend q uses up is

    (1 - d) q W + (1 - e) g(q) + what is billed outside,     g(q) = mean of sum_i w_i max(0, b_i - q)

with W contract years in the term and one kink b_i per path and period (one per month where prices are locked). That is
piecewise linear with corners at the kinks, so the best q is a kink or a band's edge: no grid, no hill-climbing across
bands. For one period with forfeiture it is the fractile F(q) = (r - 1) / r, r = (1 - e) / (1 - d).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import ceil, floor, inf
from typing import Final

import numpy as np

from planner.contract import Contract
from planner.offer import NO_COMMITMENT, Offer
from planner.sizing.expectation import CENT_USD, Expectation, LimitPer, is_allowed, smallest_of_cheapest
from planner.term_use import AccountUse, TermUse
from planner.units import HALF_CENT_USD, FloatArray

_SLACK_USD: Final = HALF_CENT_USD * (1.0 - 1e-6)
# A hair below half a cent: what is allowed here must not be a shortfall by the rounding of a settlement.


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

    def _first_below(self, tail: float) -> int:
        """Index of the first kink with tail_weight <= tail, where all weights are 1."""
        last = self.points.size - 1
        first = min(max(ceil(last - tail * self.n_paths) - 1, 0), last)
        while first < last and (last - first) / self.n_paths > tail:
            first += 1
        return first

    def where_slope_is(self, tail: float, low: float, high: float) -> list[float]:
        """Kinks in [low, high] at which tail_weight first falls to `tail` or below: where the cost may be least.

        One kink where g is convex (all weights positive); every local minimum where it is not.
        """
        if self.weights is None:
            return [float(np.clip(self.points[self._first_below(tail)], low, high))]
        falls = self.tail_weight <= tail
        if self.weights.min() >= 0:
            first = int(np.argmax(falls)) if falls[-1] else self.points.size - 1
            return [float(np.clip(self.points[first], low, high))]
        turns = falls & ~np.concatenate([[False], falls[:-1]])
        found = self.points[turns]
        return [float(q) for q in found[(found >= low) & (found <= high)]] + [q for q in (low, high) if q < inf]


@dataclass(frozen=True, kw_only=True)
class PlainSample:
    """A scenario's spend paths, sorted once for any number of offers under one contract.

    overage: kinks of use beyond q at the prices overage pays; drawing: the same for use as it draws down;
    least_use: each path's smallest annual use that draws down, sorted; least_use_by_path: the same in the paths' order.
    use_by_period: annual use of each period in the paths' order. use_by_length: where periods differ in the years that
    they owe, for each such length each path's smallest use a year.
    """

    contract: Contract
    overage: Kinks
    drawing: Kinks
    least_use: FloatArray
    least_use_by_path: FloatArray
    use_by_period: tuple[FloatArray, ...]
    use_by_length: tuple[tuple[float, FloatArray], ...] | None
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
        short = self._n_short(q, kept) / self.least_use.size
        return Expectation(
            offer=offer,
            expected_cost_usd=kept * q * self.years + overage + self.outside_usd,
            shortfall_probability=short,
            period_probabilities=(short,) if len(self.use_by_period) == 1 else self._by_period(q, kept),
            # a sum and its difference leave a trace of rounding where nothing is owed
            expected_shortfall_usd=max(kept * (q * self.years - self.mean_drawn_usd + drawn_over), 0.0) if q else 0.0,
            expected_overage_usd=overage,
        )

    def _n_short(self, q: float, kept: float) -> int:
        """Paths on which some period leaves more than half a cent unused, half a cent of the period's own dollars."""
        slack = _SLACK_USD / kept
        if self.use_by_length is None:
            owed = self.contract.periods[0].year_fraction
            return int(np.searchsorted(self.least_use, q - slack / owed, side="left"))
        short = [least < q - slack / length for length, least in self.use_by_length]
        return int(np.count_nonzero(np.logical_or.reduce(short)))

    def _by_period(self, q: float, kept: float) -> tuple[float, ...]:
        slack = _SLACK_USD / kept
        short = [
            np.searchsorted(used, q - slack / period.year_fraction, side="left")
            for used, period in zip(self._sorted_by_period, self.contract.periods, strict=True)
        ]
        return tuple(float(n) / self.least_use.size for n in short)

    @cached_property
    def _sorted_by_period(self) -> tuple[FloatArray, ...]:
        return tuple(np.sort(used) for used in self.use_by_period)

    def largest_feasible_list_usd(self, max_shortfall_probability: float, limit_per: LimitPer = "term") -> float:
        """The largest q with P(shortfall) <= alpha: an order statistic of the smallest annual use, or of a period's."""
        allowed = floor(max_shortfall_probability * self.least_use.size + 1e-9)
        if allowed >= self.least_use.size:
            return inf
        if limit_per == "term" or len(self.use_by_period) == 1:
            return float(self.least_use[allowed])
        return min(float(used[allowed]) for used in self._sorted_by_period)

    def limiting_use_usd(self, max_shortfall_probability: float, limit_per: LimitPer) -> FloatArray:
        """The annual use whose quantile at alpha the limit is, in the paths' order."""
        if limit_per == "term" or len(self.use_by_period) == 1:
            return self.least_use_by_path
        at = min(int(max_shortfall_probability * self.least_use.size), self.least_use.size - 1)
        return self.use_by_period[int(np.argmin([used[at] for used in self._sorted_by_period]))]

    def candidates(self, *, max_shortfall_probability: float = 1.0, limit_per: LimitPer = "term") -> list[Offer]:
        """None, and per band its ends and the best commitment inside it: the only ones that can be best.

        What lies below the bands counts as one without a discount: a lock on prices may make even that worth it.
        """
        most = self.largest_feasible_list_usd(max_shortfall_probability, limit_per)
        offers = [NO_COMMITMENT]
        for low, stop in self.contract.commit_ranges:
            if low < stop:
                offers += self._candidates_in(max(low, CENT_USD), stop, most)
        return offers

    def _candidates_in(self, low: float, stop: float, most: float) -> list[Offer]:
        """The lowest and the last commitment of [low, stop), and where the expected cost turns."""
        contract, first = self.contract, self.contract.offer_at(low)
        d = first.discount_fraction
        commits = [low, stop - CENT_USD] if stop < inf else [low]
        over_rate = 1.0 - first.overage_discount_fraction
        bounds = contract.list_usd_per_year(low, d), min(contract.list_usd_per_year(stop, d), most)
        if over_rate > 0 and bounds[0] <= bounds[1]:
            turning = self.overage.where_slope_is((1.0 - d) * self.years / over_rate, *bounds)
            commits += [contract.commit_usd_per_year(q, d) for q in turning]
        return [contract.offer_at(commit) for commit in commits if low <= commit < stop]

    def best(self, *, max_shortfall_probability: float = 1.0, limit_per: LimitPer = "term") -> Expectation:
        """The cheapest expected cost among all commitments that meet the constraint; none if none does.

        Ties go to the smaller commitment.
        """
        offers = self.candidates(max_shortfall_probability=max_shortfall_probability, limit_per=limit_per)
        allowed = [v for v in self.expect(offers) if is_allowed(v, max_shortfall_probability, limit_per)]
        chosen = smallest_of_cheapest([v.offer for v in allowed], [v.expected_cost_usd for v in allowed])
        return next(v for v in allowed if v.offer == chosen)


def plain_sample(contract: Contract, use: TermUse) -> PlainSample:
    """Sort spend paths for sizing: one kink per path and period, one per month where prices are locked."""
    periods, drawn = contract.periods, use.drawn_usd
    fractions = [period.year_fraction for period in periods]
    annual = [row if owed == 1.0 else row / owed for row, owed in zip(drawn, fractions, strict=True)]
    every = annual[0] if len(annual) == 1 else np.concatenate(annual)
    whole = all(owed == 1.0 for owed in fractions)
    drawing = _kinks(every, None if whole else np.repeat(fractions, use.n_paths), use.n_paths)
    by_path = annual[0] if len(periods) == 1 else np.min(annual, axis=0)
    drawn_usd = float(drawn.sum()) / use.n_paths
    return PlainSample(
        contract=contract,
        overage=_locked_kinks(contract, use) if use.is_protected else drawing,
        drawing=drawing,
        least_use=drawing.points if len(periods) == 1 else np.sort(by_path),
        least_use_by_path=by_path,
        use_by_period=tuple(annual),
        use_by_length=None if len(set(fractions)) == 1 else _by_length(contract, annual),
        years=sum(fractions),
        mean_drawn_usd=drawn_usd,
        mean_current_usd=float(use.list_usd.sum()) / use.n_paths if use.is_protected else drawn_usd,
        outside_usd=0.0 if use.outside_usd is None else float(use.outside_usd.sum()) / use.n_paths,
    )


def _by_length(contract: Contract, annual: Sequence[FloatArray]) -> tuple[tuple[float, FloatArray], ...]:
    """(years owed, each path's smallest use a year) of the periods of each length."""
    lengths = sorted({period.year_fraction for period in contract.periods})
    return tuple(
        (
            length,
            np.min([a for a, p in zip(annual, contract.periods, strict=True) if p.year_fraction == length], axis=0),
        )
        for length in lengths
    )


def _kinks(points: FloatArray, weights: FloatArray | None, n_paths: int) -> Kinks:
    if weights is None:
        return Kinks(points=np.sort(points), weights=None, n_paths=n_paths)
    order = np.argsort(points)
    return Kinks(points=points[order], weights=weights[order], n_paths=n_paths)


def _locked_kinks(contract: Contract, use: TermUse) -> Kinks:
    """Use beyond q costs list x price factor of the months in which it falls: a kink wherever the factor changes.

    With drawn spend D_t up to month t and factor p_t, the overage of a period is
    sum_t (p_t - p_{t+1}) max(0, D_t - q), p beyond the last month being 0.
    """
    points, weights = [], []
    account: AccountUse = use.accounts[0]
    for period, (first, stop) in zip(contract.periods, use.steps_of, strict=True):
        drawing, current = account.drawing[first:stop], account.current[first:stop]
        factor = np.divide(current, drawing, out=np.zeros_like(current), where=drawing > 0)
        turns = factor - np.vstack([factor[1:], np.zeros((1, factor.shape[1]))])
        points.append((np.cumsum(drawing, axis=0) / period.year_fraction).ravel())
        weights.append((turns * period.year_fraction).ravel())
    return _kinks(np.concatenate(points), np.concatenate(weights), use.n_paths)
