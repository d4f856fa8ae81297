"""The model that the benchmarks run: 20 request types, 12 months, 5 scenarios of which four route the first four types.

Everything that the demand model can do by default is on: level, growth, walk and noise, a leaving type, and list
prices of two tiers that move during the term.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from planner.demand import DemandModel
from planner.demand_process import demand_process
from planner.distributions import (
    Distribution,
    Point,
    fraction_from_quantiles,
    positive_from_quantiles,
    rate_from_quantiles,
)
from planner.lever_costs.applied_levers import AppliedLever, lever_inputs
from planner.lever_costs.scenario_costs import ScenarioCosts
from planner.lever_costs.unit_costs import Copy, TypeCosts
from planner.levers import Ramp, Scenario
from planner.price_moves import PriceMoves
from planner.simulation_block import SpendModel

MONTHS, TYPES, SCENARIOS, ROUTED = 12, 20, 5, 4
USD_PER_REQUEST, USD_PER_ROUTED_REQUEST, REQUESTS = 0.01, 0.001, 1e5
RAMP_MONTHS = 4.0
SHARE, ESCALATION = (0.8, 0.95), (0.03, 0.09)

DEMAND = DemandModel(
    level_sd=0.1,
    growth_per_year=rate_from_quantiles(0.0, 1.56),
    growth_damping_per_month=0.98,
    monthly_volatility=0.06,
    common_share=0.5,
    monthly_noise=0.1,
    noise_ar1=0.3,
    leave_probability_per_quarter=0.05,
)
PRICE_MOVES = PriceMoves(
    falls_per_year=0.7,
    fall=fraction_from_quantiles(0.1, 0.6),
    rises_per_year=0.2,
    rise=positive_from_quantiles(0.05, 0.3),
    lag_months=3,
)
STILL = replace(PRICE_MOVES, falls_per_year=0.0, rises_per_year=0.0)


def base_case(
    *,
    demand: DemandModel = DEMAND,
    moves: PriceMoves = PRICE_MOVES,
    types: int = TYPES,
    months: int = MONTHS,
    share_p90: float = SHARE[1],
) -> SpendModel:
    """The model, or one that differs from it. share_p90: of what the last scenario routes."""
    names = tuple(f"type {k:02d}" for k in range(types))
    shares = [(SHARE[0], SHARE[1] if index < SCENARIOS - 1 else share_p90) for index in range(SCENARIOS)]
    return SpendModel(
        demand=demand_process(
            demand,
            request_types=names,
            largest_type=names[0],
            growth_months=0.0,
            drift_months=0.0,
            start_month=1,
            n_months=months,
        ),
        requests=np.full(types, REQUESTS),
        unit_costs_usd=np.full(types, USD_PER_REQUEST),
        price_moves=moves,
        months_before_start=2,
        scenarios=tuple(_scenario(names, index, shares[index]) for index in range(SCENARIOS)),
    )


def _scenario(names: Sequence[str], index: int, share: tuple[float, float]) -> ScenarioCosts:
    inputs: dict[str, Distribution] = {}
    types = []
    for k, name in enumerate(names):
        if index == 0 or k >= ROUTED:
            types.append(TypeCosts(request_type=name, copies=(_copy("opus", "unrouted", (), USD_PER_REQUEST),)))
            continue
        key = f"route/{name}"
        ramp = Ramp(start_month=Point(float(index)), months=Point(RAMP_MONTHS))
        amounts = {
            "share": fraction_from_quantiles(*share),
            "escalation": fraction_from_quantiles(*ESCALATION),
            "rule_fraction": Point(0.0),
        }
        inputs |= lever_inputs(key, ramp, amounts)
        copies = (
            _copy("opus", "unrouted", (0,), USD_PER_REQUEST),
            _copy("haiku", "routed", (0,), USD_PER_ROUTED_REQUEST),
            _copy("opus", "escalated", (0,), USD_PER_REQUEST),
        )
        types.append(
            TypeCosts(
                request_type=name,
                copies=copies,
                routes=(AppliedLever(key=key, ramp=ramp, amounts=tuple(amounts)),),
            )
        )
    return ScenarioCosts(scenario=Scenario(name=f"scenario {index}"), types=tuple(types), inputs=inputs, economics=())


def _copy(tier: str, role: str, routes: tuple[int, ...], usd: float) -> Copy:
    return Copy(
        tier=tier,
        role=role,  # type: ignore[arg-type]
        routes=routes,
        traffic_share=1.0,
        batch_fraction=0.0,
        batch_multiplier=0.5,
        usd=np.array([usd, 0.0, 0.0, 0.0]),
    )
