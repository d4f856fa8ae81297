"""What every paid copy of a request means on average: calls, tokens by class and what of them runs through batch.

Levers are averaged over paths and not at mean inputs: what is left of a request under a route, a cache and a cut is a
product of uncertain numbers. Every copy is linear in a few products of a routing level and another lever's level, so
the means of these products are all that is needed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from planner.lever_costs.applied_levers import Drawn
from planner.lever_costs.unit_costs import Copy, LeverLevels, RouteLevel, TypeCosts
from planner.units import CACHE_READ, CACHE_WRITE_1H, CACHE_WRITE_5M, OUTPUT, UNCACHED_INPUT, BoolArray, FloatArray

_LEVELS = 8
_ONE, _CACHED, _HIT, _CUT = range(4)
_BATCHED = 4
_BASES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyMeans:
    """Means of copies per request of their type. calls: (n_months, n_copies); tokens, batched: (n_months, n_copies, 5),
    batched being the part of the tokens that runs through batch."""

    calls: FloatArray
    tokens: FloatArray
    batched: FloatArray


WAYS: Final = 4
"""How copies are counted: as planned; of a request that its route takes for certain; the same where every judged one
escalates; and that in a month in which the copy's model serves, whether it does or not: what a call of it is like."""


def type_moments(costs: TypeCosts, months: FloatArray, drawn: Drawn, weight: FloatArray | None) -> FloatArray:
    """Mean products of what a copy depends on, (4, n_copies, 8, n_months): in each of the ways its share of the
    requests times 1, cached, hit, cut and the same through batch.

    weight: (n_months, n_paths), relative use on each path, where paths do not count alike.
    """
    routes = costs.route_levels(months, drawn)
    means = _products(_routing_basis(routes), _level_basis(costs.lever_levels(months, drawn)), weight, len(months))
    ways = [[_coefficients(copy, len(routes), way) for copy in costs.copies] for way in (0, 1, 2, 2)]
    traffic = np.array([copy.traffic_share for copy in costs.copies])[:, None]
    served = np.stack([np.broadcast_to(copy.served(months)[:, 0], len(months)) for copy in costs.copies])
    parts = np.stack([traffic * served] * (WAYS - 1) + [traffic * np.ones_like(served)])
    found: FloatArray = np.tensordot(np.array(ways), means, axes=1) * parts[:, :, None, :]
    return found


def copy_means(copies: Sequence[Copy], moments: FloatArray, write_1h: BoolArray) -> CopyMeans:
    """Means of copies from their moments, (n_copies, 8, n_months). write_1h: whose cache lever writes for an hour."""
    is_call = np.array([copy.role in ("router", "judge") for copy in copies], dtype=np.bool_)
    held = np.where(is_call[:, None, None], 0.0, moments)
    held[:, _ONE] = moments[:, _ONE]
    base = np.stack([copy.tokens for copy in copies])
    through = np.array([copy.batch_fraction for copy in copies])[:, None, None]
    whole, moved = (_tokens(base, held[:, start : start + _BATCHED], write_1h) for start in (0, _BATCHED))
    return CopyMeans(
        calls=moments[:, _ONE].T, tokens=whole, batched=_swapped(through) * whole + (1.0 - _swapped(through)) * moved
    )


def _swapped(values: FloatArray) -> FloatArray:
    return values.swapaxes(0, 1)


def _tokens(base: FloatArray, held: FloatArray, write_1h: BoolArray) -> FloatArray:
    """(n_months, n_copies, 5), from the tokens of a copy as it is, (n_copies, 5), and (n_copies, 4, n_months)."""
    one, cached, hit, cut = (held[:, index].T for index in range(4))
    tokens = one[:, :, None] * base
    uncached = base[:, UNCACHED_INPUT]
    written = uncached * (cached - hit)
    tokens[:, :, UNCACHED_INPUT] -= uncached * cached
    tokens[:, :, CACHE_READ] += uncached * hit
    tokens[:, :, CACHE_WRITE_5M] += np.where(write_1h, 0.0, written)
    tokens[:, :, CACHE_WRITE_1H] += np.where(write_1h, written, 0.0)
    tokens[:, :, OUTPUT] -= base[:, OUTPUT] * cut
    return tokens


def _routing_basis(routes: Sequence[RouteLevel]) -> list[FloatArray]:
    """1; then of each route what it takes, judges and escalates, and what it judges and escalates of all it takes."""
    return [np.ones((1, 1)), *(part for level in routes for part in _basis(level))]


def _basis(level: RouteLevel) -> tuple[FloatArray, ...]:
    return level.taken, level.taken * level.judged, level.taken * level.escalated, level.judged, level.escalated


def _level_basis(levels: LeverLevels) -> list[FloatArray]:
    alone = [np.ones((1, 1)), levels.cached, levels.hit, levels.cut]
    return [*alone, *(part * levels.batched for part in alone)]


def _products(
    routing: Sequence[FloatArray], levels: Sequence[FloatArray], weight: FloatArray | None, n_months: int
) -> FloatArray:
    """E[routing x level], (n_routing, 8, n_months)."""
    found = np.zeros((len(routing), _LEVELS, n_months))
    weighed = routing if weight is None else [part * weight for part in routing]
    for index, level in enumerate(levels):
        if level.any():
            for place, part in enumerate(weighed):
                found[place, index] = (part * level if index else part).mean(axis=-1)
    return found


def _coefficients(copy: Copy, n_routes: int, way: int) -> FloatArray:
    """Copies paid per request in terms of the routing basis. way: as in WAYS."""
    found = np.zeros(1 + _BASES * n_routes)
    if copy.role == "unrouted":
        found[0] = 1.0
        if way == 0:
            found[[1 + _BASES * index for index in copy.routes]] = -1.0
        return found
    at = 1 + _BASES * copy.routes[0]
    if way == 0:
        found[at + {"judge": 1, "escalated": 2}.get(copy.role, 0)] = 1.0
    elif copy.role == "judge" or (copy.role == "escalated" and way == 2):
        found[at + 3] = 1.0
    else:
        found[at + 4 if copy.role == "escalated" else 0] = 1.0
    return found
