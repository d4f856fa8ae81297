"""The cheapest commitments of several contract years, each its own, and the way from a problem to its best offer.

Years that nothing links are sized one by one: each is a ray of its own, and the sum of the best is the best. Linked
years (rollover), bands on the term's average and risk measures of the whole term are searched together
(planner.sizing.band_search), to half a cent where the cost is convex.

A limit on the chance of a shortfall in any year of the term leaves a set of commitments that is not convex. It is
searched from several starts: the best without the limit scaled back to it or lowered in some years, equal fractiles of
every year's use, equal years, one year at each threshold and, where the cost need not be convex, the best of a coarse
lattice. From the best of them each year in turn is sized over all its bands, and steps of one year, between pairs of
years and in turned directions are tried, halved down to a cent: a local search.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import permutations, product
from math import prod
from typing import Final

import numpy as np

from planner.offer import Offer
from planner.sizing.band_search import best_of_bands
from planner.sizing.commit_search import Problem, Ray, best_on_ray, flat_ray
from planner.sizing.convex_curve import lowest_equal
from planner.sizing.expectation import CENT_USD, committed_usd
from planner.units import FloatArray

_MOST_NODES: Final = 400
_MOST_STEPS: Final = 400
_CUTS_A_NODE: Final = 60
_WALKS: Final = 3
_FIRST_STEP: Final = 0.25
_ROUGH_STEP: Final = 1e-3
_REFINING_STEP: Final = 0.02
_SCANNED: Final = 9
_LATTICE_QUANTILES: Final = {2: 12, 3: 5, 4: 2}
_MOST_LATTICE: Final = 1_000
_STRETCHES: Final = 2


def best_offer(problem: Problem) -> Offer:
    """The cheapest offer that the contract leaves open and the limit allows, none among them.

    Commitments that the contract fixes are what they are, whatever the limit says.
    """
    contract = problem.contract
    if contract.commits_usd_per_year is not None:
        return contract.offer_of(contract.commits_usd_per_year)
    if contract.ramp != "free" or contract.n_years == 1:
        return best_on_ray(problem, flat_ray(contract))
    found = _best_ramp(problem)
    return found if found.is_none else _trimmed(problem, problem.cheapest([found, *problem.also]))


def _best_ramp(problem: Problem) -> Offer:
    """The best offer where each contract year has a commitment of its own."""
    if not problem.is_convex:
        problem = replace(problem, scanned=_SCANNED, stretches=_STRETCHES)
        if problem.rough is not None:
            return _refined(problem, _best_ramp(problem.rough))
    contract, free = problem.contract, replace(problem, max_probability=1.0, also=())
    linked = contract.is_linked or contract.band_basis == "term" or not problem.is_additive
    if not linked:
        alone = problem if problem.limit_per == "period" else free
        found = _year_by_year(alone)
    else:
        found = _together(free) if problem.is_convex else _stepped(free, list(_starts(free, None)))
    if problem.allows(found):
        return found
    if problem.rough is not None:
        return _refined(problem, _stepped(problem.rough, list(_starts(problem.rough, found))))
    return _stepped(problem, [*_starts(problem, found), *problem.also])


def _refined(problem: Problem, near: Offer) -> Offer:
    """What was found on fewer paths, scaled and then stepped to the best on all of them."""
    n = problem.contract.n_years
    commits = near.commits_usd_per_year(n)
    if max(commits) == 0:
        return near
    ray = Ray(contract=problem.contract, weights=tuple(commit / max(commits) for commit in commits))
    start = problem.cheapest([near, best_on_ray(problem, ray)])
    start = _swept(problem, start, 0) if problem.is_convex else start
    return _walked(problem, start, n, first=_REFINING_STEP)


def _trimmed(problem: Problem, best: Offer) -> Offer:
    """The offer with every year lowered as far as that costs nothing: of equal ones the smaller."""
    contract = problem.contract
    commits = list(best.commits_usd_per_year(contract.n_years))

    def cost(year: int, commit: float) -> float:
        return problem.at(contract.offer_of([*commits[:year], commit, *commits[year + 1 :]]))

    for year, commit in enumerate(commits):
        if commit > 0 and cost(year, 0.0) > problem.at(best):
            commits[year] = lowest_equal(partial(cost, year), 0.0, commit)
    trimmed = contract.offer_of(commits)
    return trimmed if problem.allows(trimmed) else best


def _together(problem: Problem) -> Offer:
    """The best commitments of all years together, without a limit.

    Where the years' discounts differ, greedy use of carried balances may leave the cost a little off convex: the proof
    is then one but for that, and a last walk looks around it.
    """
    n = problem.contract.n_years
    start = _walked(problem, problem.cheapest(list(_starts(problem, None))), n, last=_ROUGH_STEP)
    return _walked(problem, best_of_bands(problem, start), n, first=_ROUGH_STEP)


def _year_by_year(problem: Problem) -> Offer:
    """Each contract year's best commitment by itself: exact where the cost is a sum over years."""
    contract, n = problem.contract, problem.contract.n_years
    alone = [best_on_ray(problem, Ray(contract=contract, weights=_only(year, n))) for year in range(n)]
    return contract.offer_of([offer.in_year(year).commit_usd_per_year for year, offer in enumerate(alone)])


def _starts(problem: Problem, free: Offer | None) -> Iterator[Offer]:
    """The best offers of some rays: equal years, equal fractiles of the years' use, and the best without the limit."""
    contract, n = problem.contract, problem.contract.n_years
    yearly = _use_by_year(problem)
    level = min(max(problem.max_probability / 2.0, 0.05), 0.5)
    rays = [np.ones(n), np.quantile(yearly, level, axis=1), yearly.mean(axis=1)]
    if free is not None:
        rays.append(np.array(free.commits_usd_per_year(n)))
    for weights in rays:
        if weights.min() >= 0 and weights[0] > 0:
            ray = Ray(contract=contract, weights=tuple(float(w / weights[0]) for w in weights))
            yield best_on_ray(problem, ray)
    yield _year_by_year(replace(problem, also=()))
    if not problem.is_convex:
        yield from _on_lattice(problem)
    if free is not None:
        yield from (_swept(problem, free, first) for first in range(n))
        if problem.is_convex:
            yield from _from_thresholds(problem)


def _on_lattice(problem: Problem) -> Iterator[Offer]:
    """The best few of a coarse lattice of all years together, by fewer paths: thresholds, and quantiles of use."""
    contract, scout = problem.contract, problem.rough or problem
    thresholds = {band.min_commit_usd_per_year for band in contract.bands}
    levels = np.linspace(0.05, 0.95, _LATTICE_QUANTILES.get(contract.n_years, 1))
    yearly = [thresholds | {0.0, *np.quantile(use, levels).tolist()} for use in _use_by_year(problem)]
    if prod(len(commits) for commits in yearly) > _MOST_LATTICE:
        return
    offers = {contract.offer_of(commits) for commits in product(*map(sorted, yearly))}
    allowed = [offer for offer in offers if scout.allows(offer)]
    yield from sorted(allowed, key=lambda offer: (scout.at(offer), committed_usd(offer)))[:_WALKS]


def _from_thresholds(problem: Problem) -> Iterator[Offer]:
    """One year at each band's threshold and the others sized to it, the best few by fewer paths."""
    contract, scout = problem.contract, problem.rough or problem
    found = []
    for year, band in product(range(contract.n_years), contract.bands):
        alone = [band.min_commit_usd_per_year if other == year else 0.0 for other in range(contract.n_years)]
        if scout.allows(contract.offer_of(alone)):
            found.append(_swept(scout, contract.offer_of(alone), year + 1))
    for offer in sorted(set(found), key=scout.at)[:_WALKS]:
        yield from (_swept(problem, offer, first) for first in range(contract.n_years))


def _swept(problem: Problem, offer: Offer, first: int) -> Offer:
    """An offer with each year in turn, from `first` on, sized over all bands to what the others commit."""
    contract, n = problem.contract, problem.contract.n_years
    commits = list(offer.commits_usd_per_year(n))
    for year in (number % n for number in range(first, first + n)):
        base = tuple(0.0 if other == year else commit for other, commit in enumerate(commits))
        if problem.allows(contract.offer_of(base)):
            ray = Ray(contract=contract, weights=_only(year, n), base=base)
            commits = list(best_on_ray(problem, ray).commits_usd_per_year(n))
    return contract.offer_of(commits)


def _only(year: int, n: int) -> tuple[float, ...]:
    return tuple(1.0 if other == year else 0.0 for other in range(n))


def _use_by_year(problem: Problem) -> FloatArray:
    """Use of each contract year as it draws, as an annual rate, shape (n_years, n_paths)."""
    contract, use = problem.contract, problem.uses[0]
    total = np.zeros((contract.n_years, use.n_paths))
    for period, drawn in zip(use.periods, use.drawn_usd, strict=True):
        total[period.year] += drawn
    return total / np.array(contract.year_fractions)[:, None]


def _stepped(problem: Problem, starts: Sequence[Offer]) -> Offer:
    """Pattern search from the best starts: steps of one year, or from one year to another, halved down to a cent."""
    n = problem.contract.n_years
    ranked = sorted({problem.cheapest([start]) for start in starts}, key=problem.at)
    swept = [_swept(problem, start, 0) for start in ranked[:_WALKS]]
    return problem.cheapest([_walked(problem, start, n) for start in swept])


def _walked(problem: Problem, start: Offer, n: int, first: float = _FIRST_STEP, last: float = 0.0) -> Offer:
    """Steps from an offer, the first and the last as a fraction of its largest commitment, the last at least a cent."""
    contract, best = problem.contract, start
    at = np.array(start.commits_usd_per_year(n))
    step, shortest = first * float(at.max()), max(last * float(at.max()), CENT_USD)
    moves, turns = _moves(n), np.random.default_rng(n)
    for _ in range(_MOST_STEPS):
        if step < shortest:
            break
        moved = False
        # along a ridge of a largest regret only few directions go down; a fresh turn each time finds one in the end
        turned, _ = np.linalg.qr(turns.standard_normal((n, n)))
        for move in (*moves, *turned, *-turned):
            there = contract.offer_of(np.maximum(at + step * move, 0.0).tolist())
            if problem.at(there) < problem.at(best) and problem.allows(there):
                best, moved = there, True
                at = np.array(there.commits_usd_per_year(n))
        step = step if moved else step / 2.0
    return best


def _moves(n: int) -> list[FloatArray]:
    single = [sign * row for row in np.eye(n) for sign in (1.0, -1.0)]
    return single + [np.eye(n)[i] - np.eye(n)[j] for i, j in permutations(range(n), 2)]
