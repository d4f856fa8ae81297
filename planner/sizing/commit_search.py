"""The cheapest commitment along a ray: every contract year's commitment in fixed proportions, one number to find.

Inside a range of that number in which every year stays in its discount band the cost is convex for forfeiture, true-up,
rollover, an overage cap, a marketplace and at present value, and so are its CVaR and its largest regret over
scenarios. There the search is a proven one (planner.sizing.convex_curve), and a range whose lower bound is above the
best so far is left alone. Where the cost need not be convex, 33 commitments a range are scanned first, on fewer paths
if there are many, and the best few stretches between them searched: the best found there is a good one, not a proven
one.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from math import inf
from typing import Final

import numpy as np
from scipy.optimize import minimize_scalar

from planner.contract import Contract, Period
from planner.offer import NO_COMMITMENT, Offer
from planner.sizing.convex_curve import MOST_STEPS, Curve, lowest_equal
from planner.sizing.expectation import CENT_USD, LimitPer, smallest_of_cheapest
from planner.term_use import TermUse
from planner.units import HALF_CENT_USD, FloatArray

_ROUNDING: Final = 1e-12
_ROUGH_PATHS: Final = 1024


@dataclass(frozen=True, kw_only=True)
class Problem:
    """What is to be minimised, USD, over offers of a contract, and the limit that they have to meet.

    probability: what the limit bounds. uses: list spend in every scenario, the one decided on first; commitments beyond
    the largest use of any path are not looked at. is_convex: whether the cost is, inside one combination of bands;
    is_additive: whether it is a sum over contract years. rough: the same on fewer paths, to see where to look. also:
    offers that may be best besides. scanned, stretches: how many commitments of a range are scanned and how many
    stretches between them searched where the cost need not be convex. known: costs worked out so far.
    """

    contract: Contract
    uses: Sequence[TermUse]
    cost: Callable[[Offer], float]
    probability: Callable[[Offer], float]
    max_probability: float = 1.0
    limit_per: LimitPer = "term"
    is_convex: bool = True
    is_additive: bool = True
    rough: "Problem | None" = None
    also: Sequence[Offer] = ()
    scanned: int = 33
    stretches: int = 4
    known: dict[Offer, float] = field(default_factory=dict)

    def at(self, offer: Offer) -> float:
        """The cost of an offer, worked out once."""
        if offer not in self.known:
            self.known[offer] = self.cost(offer)
        return self.known[offer]

    def allows(self, offer: Offer) -> bool:
        """Whether an offer meets the limit; none always does."""
        if self.max_probability >= 1.0 or offer.is_none:
            return True
        return self.probability(offer) <= self.max_probability + _ROUNDING

    def cheapest(self, offers: Sequence[Offer]) -> Offer:
        """The cheapest that the limit allows, none among them; the smaller of equal ones."""
        allowed = [NO_COMMITMENT, *(offer for offer in offers if self.allows(offer))]
        return smallest_of_cheapest(allowed, [self.at(offer) for offer in allowed])


@dataclass(frozen=True, kw_only=True)
class Ray:
    """Commitments a year in fixed proportions: contract year y commits scale x weights[y].

    base: what years without a weight commit whatever the scale; empty: nothing.
    """

    contract: Contract
    weights: tuple[float, ...]
    base: tuple[float, ...] = ()

    def offer(self, scale: float) -> Offer:
        """The offer at a scale."""
        if not self.base:
            return self.contract.offer_of([scale * weight for weight in self.weights])
        return self.contract.offer_of([b + scale * w for b, w in zip(self.base, self.weights, strict=True)])

    def ranges(self, uses: Sequence[TermUse]) -> list[tuple[float, float]]:
        """[lowest, highest] scales between which no year changes its band, up to the largest use of any path."""
        lows = [band.min_commit_usd_per_year for band in self.contract.bands]
        edges = sorted({(low - already) / w for low in lows for already, w in self._deciding})
        starts = [max(self._reached(edge), CENT_USD) for edge in [0.0, *(edge for edge in edges if edge > 0)]]
        # a band of a cent still has its threshold
        found = [(low, max(stop - CENT_USD, low)) for low, stop in pairwise([*starts, inf]) if low < stop]
        most = np.max([use.drawn_usd.max(axis=1) for use in uses], axis=0)
        return [(low, min(high, max(self._top(uses[0], most, low), low))) for low, high in found]

    @cached_property
    def _deciding(self) -> set[tuple[float, float]]:
        """(base, weight) of the commitments that choose bands: the years' own, or their average."""
        contract = self.contract
        base = self.base or (0.0,) * len(self.weights)
        if contract.band_basis == "year" and contract.commit_period != "term":
            return {(b, w) for b, w in zip(base, self.weights, strict=True) if w > 0}
        shares = [length / sum(contract.year_fractions) for length in contract.year_fractions]
        averages = [sum(x * share for x, share in zip(part, shares, strict=True)) for part in (base, self.weights)]
        return {(averages[0], averages[1])}

    def _reached(self, edge: float) -> float:
        """A scale at an edge, lifted over what rounding takes off the commitment that has to reach the threshold."""
        wanted = [base + edge * weight for base, weight in self._deciding]
        thresholds = [band.min_commit_usd_per_year for band in self.contract.bands]
        missed = [t for t in thresholds for w in wanted if 0 < t - w <= _ROUNDING * t]
        return edge + 4 * _ROUNDING * max(missed) / min(w for _, w in self._deciding) if missed else edge

    def _top(self, use: TermUse, most_usd: FloatArray, low: float) -> float:
        """The scale from which on no path uses its commitment up in any period, at the discounts of a range."""
        offer, unit, top = self.offer(low), self.contract.offer_of(self.weights), 0.0
        for period, most in zip(use.periods, most_usd, strict=True):
            owed = self.contract.commit_usd(unit, period) if self._moves(period) else 0.0
            kept = [offer.in_year(period.year).kept_fraction(account.tier) for account in use.accounts]
            worth = 1.0 if self.contract.drawdown == "list" else max(kept)
            top = max(top, worth * float(most) / owed) if owed > 0 else top
        return top

    def _moves(self, period: Period) -> bool:
        return self.contract.commit_period == "term" or self.weights[period.year] > 0


def thinned(use: TermUse) -> TermUse | None:
    """The first paths, which are spread as all of them are; None where all are few."""
    return use.on(np.arange(_ROUGH_PATHS)) if use.n_paths >= 2 * _ROUGH_PATHS else None


def flat_ray(contract: Contract) -> Ray:
    """The ray of a contract's own ramp; every year alike without one."""
    return Ray(contract=contract, weights=contract.ramp_shape)


def best_on_ray(problem: Problem, ray: Ray) -> Offer:
    """The cheapest offer on a ray that the limit allows, none among them; of equal ones the smaller."""
    ranges = ray.ranges(problem.uses)
    search = _convex if problem.is_convex else _scanned
    return problem.cheapest([ray.offer(0.0), *search(problem, ray, ranges), *problem.also])


# --- convex ranges ---------------------------------------------------------------------------------------------------


def _convex(problem: Problem, ray: Ray, ranges: Sequence[tuple[float, float]]) -> list[Offer]:
    """The best of every range that can still be the best of all."""

    def value(scale: float) -> float:
        return problem.at(ray.offer(scale))

    curves = []
    for low, high in ranges:
        curve = Curve(value)
        curve.add(low, min(low + CENT_USD, high))
        curves.append((_least_beyond(curve, high), low, high, curve))
    found = [NO_COMMITMENT, *(ray.offer(low) for _, low, _, _ in curves)]
    hint = inf
    for bound, low, high, curve in sorted(curves, key=lambda item: item[:3]):
        best = problem.at(problem.cheapest(found))
        if bound >= best - HALF_CENT_USD or not problem.allows(ray.offer(low)):
            continue
        if not problem.allows(ray.offer(high)):
            kept = _kept(ray.offer(low))
            high = largest_allowed(problem, ray, low, high, hint=hint * kept)
            hint = high / kept
            if _least_beyond(curve, high) >= best - HALF_CENT_USD:
                continue
        curve.points = [point for point in curve.points if point[0] <= high]
        curve.add(high, max(high - CENT_USD, low))
        found += [ray.offer(curve.minimise()), ray.offer(high)]
    return found


def _least_beyond(curve: Curve, high: float) -> float:
    """Lower bound of a convex function up to `high`, from the slope at the first of its points."""
    x, y = curve.points[0]
    slope = curve.slope(0) if len(curve.points) > 1 else 0.0
    return y if slope >= 0 else y + slope * (high - x)


def _kept(offer: Offer) -> float:
    return 1.0 - offer.discount_fraction


def largest_allowed(problem: Problem, ray: Ray, low: float, high: float, *, hint: float = inf) -> float:
    """The largest scale that meets the limit, to the cent, given that `low` does and `high` does not.

    The chance of a shortfall rises with the commitment; where a clause makes it fall again, an edge is found and no
    more. hint: where the edge may be.
    """
    step = CENT_USD / 2
    while low < hint < high:
        if problem.allows(ray.offer(hint)):
            low, hint = hint, hint + step
        else:
            high, hint = hint, hint - step
        step *= 16.0
    while high - low > CENT_USD:
        middle = (low + high) / 2.0
        if problem.allows(ray.offer(middle)):
            low = middle
        else:
            high = middle
    return low


# --- ranges that need not be convex ----------------------------------------------------------------------------------


def _scanned(problem: Problem, ray: Ray, ranges: Sequence[tuple[float, float]]) -> list[Offer]:
    """The ends of every range, and the best of the stretches of a scan that look best."""
    rough = problem.rough or problem
    # on fewer paths the limit ends a little off where it does on all
    reach = 1 if rough is problem else 2
    stretches: list[tuple[float, float, float]] = []
    found = [ray.offer(end) for ends in ranges for end in ends]
    for low, high in ranges:
        at = [low, *(float(x) for x in np.linspace(low, high, problem.scanned)[1:-1]), high]
        values = [rough.at(offer) if rough.allows(offer) else inf for offer in map(ray.offer, at)]
        for i, value in enumerate(values):
            if value < inf and value <= min(values[max(i - 1, 0) : i + 2]):
                stretches.append((value, at[max(i - reach, 0)], at[min(i + reach, len(at) - 1)]))
    for _, low, high in sorted(stretches)[: problem.stretches]:
        found += _local(problem, ray, low, high)
    return found


def _local(problem: Problem, ray: Ray, low: float, high: float) -> list[Offer]:
    """The best of a stretch by golden section and parabolas, and where the limit ends inside it."""
    if high - low <= CENT_USD:
        return [ray.offer(low)]

    def value(scale: float) -> float:
        return problem.at(ray.offer(float(scale)))

    best = minimize_scalar(
        value, bounds=(low, high), method="bounded", options={"xatol": HALF_CENT_USD, "maxiter": MOST_STEPS}
    )
    at = sorted([low, lowest_equal(value, low, float(best.x)), (low + high) / 2.0, high])
    allowed = [problem.allows(ray.offer(x)) for x in at]
    found = [ray.offer(x) for x in at]
    for i, (this, other) in enumerate(pairwise(allowed)):
        if this and not other:
            found.append(ray.offer(largest_allowed(problem, ray, at[i], at[i + 1])))
    return found
