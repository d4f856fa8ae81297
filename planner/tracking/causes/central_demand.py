"""The plan's central demand: mean requests and tokens by month, without drawing the walk of every type."""

from dataclasses import dataclass, replace

import numpy as np

from planner.demand import ALL_TYPES
from planner.demand_process import DemandProcess
from planner.price_moves import price_factors
from planner.simulation_block import InputDraws, SpendModel
from planner.streams import BlockStreams
from planner.units import FloatArray

CENTRAL_PATHS = 2048
"""Paths that means are taken over: what is one number a path is evenly spread, so that few are enough."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CentralDemand:
    """Demand without walk and noise, whose mean is one by construction; the mean of the plan's own paths.

    factors: (n_rows, n_months, n_paths), requests relative to their level; row_of: the row of every type, (n_types,).
    tokens: (n_months,), mean of tokens per request relative to the measured ones. inputs: where levers are drawn.
    """

    factors: FloatArray
    row_of: tuple[int, ...]
    tokens: FloatArray
    inputs: InputDraws

    def mean_factors(self) -> FloatArray:
        """Mean requests relative to their level, (n_months, n_types)."""
        means = self.factors.mean(axis=2)
        found: FloatArray = means[list(self.row_of)].T
        return found

    def of_type(self, index: int) -> FloatArray:
        """The factors of one type, (n_months, n_paths)."""
        found: FloatArray = self.factors[self.row_of[index]]
        return found


def central_demand(model: SpendModel, *, seed: int, n_months: int) -> CentralDemand:
    """Draw it with the plan's own streams. Types that nothing sets apart share one row."""
    process, inputs = model.demand, central_inputs(model, seed=seed)
    streams = inputs.streams
    apart = _set_apart(process)
    common = next((name for name in process.request_types if name not in apart), None)
    rows = [*apart, *([] if common is None else [common])]
    factors = _calm(process, tuple(rows)).factors(streams)[:, :n_months]
    place = {name: index for index, name in enumerate(rows)}
    return CentralDemand(
        factors=factors,
        row_of=tuple(place.get(name, len(rows) - 1) for name in process.request_types),
        tokens=process.token_factors(streams)[:n_months].mean(axis=1),
        inputs=inputs,
    )


def central_inputs(model: SpendModel, *, seed: int) -> InputDraws:
    """Uncertain inputs on the central paths."""
    return InputDraws(BlockStreams(seed=seed, block=0, size=CENTRAL_PATHS, leverage=model.demand.leverage))


def drawn_prices(model: SpendModel, demand: CentralDemand, tier: str | None) -> FloatArray:
    """List price of a tier relative to the pricing day's on the central paths, (n_months, n_paths) or (1, 1)."""
    if tier is None or model.price_moves.is_still:
        return np.ones((1, 1))
    drawn = price_factors(
        model.price_moves,
        tier=tier,
        months_before_start=model.months_before_start,
        n_months=model.demand.n_months,
        streams=demand.inputs.streams,
    )
    found: FloatArray = drawn[: demand.factors.shape[1]]
    return found


def _set_apart(process: DemandProcess) -> list[str]:
    """Types that an event names, and the one that may leave."""
    named = {name for event in process.model.events for name in event.request_types if name != ALL_TYPES}
    return [name for name in process.request_types if name in named or name == process.largest_type]


def _calm(process: DemandProcess, types: tuple[str, ...]) -> DemandProcess:
    return replace(
        process,
        model=replace(process.model, monthly_volatility=0.0, monthly_noise=0.0),
        request_types=types,
        walk_noise=np.zeros_like(process.walk_noise),
        log_mean=np.zeros_like(process.log_mean),
        steering=None,
    )
