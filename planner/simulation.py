"""Simulation: monthly list spend of every scenario on common random numbers.

Paths are drawn in blocks that fit the processor's cache; threads work on blocks side by side (NumPy releases the
interpreter lock), and because each block has its own random streams the result does not depend on how many.
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from os import cpu_count

import numpy as np

from planner.demand import DemandProcess
from planner.distributions import Distribution, Point
from planner.price_moves import PriceMoves, price_factors
from planner.scenario_costs import ScenarioCosts
from planner.streams import BlockStreams
from planner.unit_costs import Drawn
from planner.units import FloatArray

PATHS_PER_BLOCK = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class SpendModel:
    """Everything that a simulated spend depends on.

    requests: shape (n_types,), n_k, monthly requests of each type of the demand process, in its order.
    months_before_start: months from the pricing day's month to month 0, in which prices can move already.
    """

    demand: DemandProcess
    requests: FloatArray
    price_moves: PriceMoves
    months_before_start: int
    scenarios: tuple[ScenarioCosts, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SpendPaths:
    """Simulated monthly spend of one scenario, USD before any negotiated discount.

    list_cost_usd: shape (n_months, n_paths), at the list price of each month.
    signing_list_cost_usd: the same usage at the list prices of the pricing day.
    """

    list_cost_usd: FloatArray
    signing_list_cost_usd: FloatArray

    @property
    def n_paths(self) -> int:
        return int(self.list_cost_usd.shape[1])

    def annual_list_cost_usd(self) -> FloatArray:
        """List spend of months 0 to 11, shape (n_paths,)."""
        total: FloatArray = self.list_cost_usd[:12].sum(axis=0)
        return total


def simulate_spend(
    model: SpendModel,
    *,
    paths: int,
    seed: int,
    threads: int | None = None,
    progress: Callable[[float], None] | None = None,
) -> dict[str, SpendPaths]:
    """Simulate every scenario on the same demand and price paths; same seed, same result for any thread count.

    Returns a SpendPaths per scenario name. progress, if given, is called with the fraction done.
    """
    shape = (model.demand.n_months, paths)
    moving = not model.price_moves.is_still
    current = {costs.scenario.name: np.empty(shape) for costs in model.scenarios}
    signing = {name: np.empty(shape) if moving else current[name] for name in current}
    blocks = [
        (i, start, min(start + PATHS_PER_BLOCK, paths)) for i, start in enumerate(range(0, paths, PATHS_PER_BLOCK))
    ]

    def run(block: tuple[int, int, int]) -> None:
        index, start, stop = block
        streams = BlockStreams(seed=seed, block=index, size=stop - start)
        for name, at_current, at_signing in _block_spend(model, streams):
            current[name][:, start:stop] = at_current
            signing[name][:, start:stop] = at_signing

    with ThreadPoolExecutor(max_workers=threads or cpu_count() or 1) as pool:
        for done, _ in enumerate(pool.map(run, blocks), start=1):
            if progress is not None:
                progress(done / len(blocks))
    return {name: SpendPaths(list_cost_usd=current[name], signing_list_cost_usd=signing[name]) for name in current}


@dataclass(slots=True)
class InputDraws:
    """Values of uncertain inputs on one block of paths; the key names the stream.

    An entry that stands in two scenarios shares its draw, and scenarios that differ in its spread differ by the
    spread and not by luck.
    """

    streams: BlockStreams
    values: dict[tuple[str, Distribution], FloatArray] = field(default_factory=dict)

    def draw(self, inputs: Mapping[str, Distribution]) -> dict[str, FloatArray]:
        """Each input's values, (n_paths,), or (1,) for a constant."""
        return {key: self._value(key, distribution) for key, distribution in inputs.items()}

    def _value(self, key: str, distribution: Distribution) -> FloatArray:
        if isinstance(distribution, Point):
            return np.array([distribution.value])
        if (key, distribution) not in self.values:
            self.values[key, distribution] = distribution.from_normal(self.streams.normal(key))
        return self.values[key, distribution]


def _block_spend(model: SpendModel, streams: BlockStreams) -> Sequence[tuple[str, FloatArray, FloatArray]]:
    requests = model.demand.factors(streams) * model.requests[:, None]
    tokens = model.demand.token_factors(streams)
    factors: dict[str, FloatArray] = {}
    inputs = InputDraws(streams)
    spend = []
    for costs in model.scenarios:
        by_tier, overhead = _tier_spend(costs, requests, inputs.draw(costs.inputs))
        at_signing = overhead + tokens * sum(by_tier.values(), start=np.zeros((1, 1)))
        at_current = at_signing
        if not model.price_moves.is_still:
            for tier in by_tier.keys() - factors.keys():
                factors[tier] = price_factors(
                    model.price_moves,
                    tier=tier,
                    months_before_start=model.months_before_start,
                    n_months=model.demand.n_months,
                    streams=streams,
                )
            moved = sum((factors[tier] * usd for tier, usd in by_tier.items()), start=np.zeros((1, 1)))
            at_current = overhead + tokens * moved
        spend.append((costs.scenario.name, at_current, at_signing))
    return spend


def _tier_spend(costs: ScenarioCosts, requests: FloatArray, drawn: Drawn) -> tuple[dict[str, FloatArray], FloatArray]:
    """USD by serving tier and USD of routing overhead, each (n_months, n_paths), before drift and price moves."""
    months = np.arange(requests.shape[0], dtype=np.float64)
    by_tier: dict[str, FloatArray] = {}
    overhead = np.zeros(requests[:, 0, :].shape)
    constant: dict[str, FloatArray] = {}
    for k, type_costs in enumerate(costs.types):
        unit_costs, unit_overhead = type_costs.unit_cost_by_tier(months, drawn)
        for tier, usd in unit_costs.items():
            if type_costs.is_constant:
                constant.setdefault(tier, np.zeros(len(costs.types)))[k] = float(usd[0, 0])
            else:
                by_tier[tier] = by_tier.get(tier, 0.0) + requests[:, k, :] * usd
        if type_costs.routes:
            overhead += requests[:, k, :] * unit_overhead
    # Types that no lever touches are one matrix product per tier.
    for tier, unit in constant.items():
        by_tier[tier] = by_tier.get(tier, 0.0) + unit @ requests
    return by_tier, overhead
