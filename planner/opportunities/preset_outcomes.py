"""What suggested scenarios would do to the annual list cost, on the same random numbers as the plan's baseline."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from planner.levers import Scenario
from planner.prepared import Prepared
from planner.risk import Estimate, estimate, quantiles
from planner.simulation import SpendPaths, simulate_spend
from planner.units import MONTHS_PER_YEAR

MOST_PATHS: Final = 16_384
"""Paths that a comparison of presets rests on, where the plan asks for more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PresetOutcome:
    """List cost of contract year 1 under a scenario, USD, and what it saves against the baseline, path by path.

    routes: how many the scenario has. end_saving_fraction: of the list cost of month 11, where the ramps have got to by
    then.
    """

    scenario: str
    routes: int
    annual: Estimate
    annual_p10_usd: float
    annual_p90_usd: float
    saving: Estimate
    saving_p10_usd: float
    saving_p90_usd: float
    end_saving_fraction: float


def preset_outcomes(
    prepared: Prepared, scenarios: Sequence[Scenario], progress: Callable[[float], None] | None = None
) -> tuple[PresetOutcome, ...]:
    """The plan's baseline, the scenario that it decides on, then every scenario, on common paths.

    Errors: as Prepared.priced.
    """
    inputs = prepared.inputs
    own = {costs.scenario.name: costs for costs in prepared.scenario_costs}
    named = list(dict.fromkeys((inputs.baseline, inputs.decision.scenario)))
    costs = [*(own[name] for name in named), *map(prepared.priced, scenarios)]
    # told apart by place: a preset may be called as a scenario of the plan is
    placed = [replace(item, scenario=replace(item.scenario, name=str(place))) for place, item in enumerate(costs)]
    spend = simulate_spend(
        replace(prepared.spend_model, scenarios=tuple(placed)),
        paths=n_paths(prepared),
        seed=inputs.seed,
        signing=False,
        progress=progress,
    )
    found = [_outcome(item.scenario, spend[str(place)], spend["0"]) for place, item in enumerate(costs)]
    return (found[0], found[len(named) - 1], *found[len(named) :])


def n_paths(prepared: Prepared) -> int:
    """Paths that the comparison rests on."""
    return min(prepared.inputs.paths, MOST_PATHS)


def _outcome(scenario: Scenario, spend: SpendPaths, before: SpendPaths) -> PresetOutcome:
    annual, saved = spend.annual_list_cost_usd(), before.annual_list_cost_usd() - spend.annual_list_cost_usd()
    low, high = quantiles(annual, (0.1, 0.9))
    least, most = quantiles(saved, (0.1, 0.9))
    last = MONTHS_PER_YEAR - 1
    end_before = float(np.mean(before.list_cost_usd[last]))
    return PresetOutcome(
        scenario=scenario.name,
        routes=len(scenario.routes),
        annual=estimate(annual),
        annual_p10_usd=float(low),
        annual_p90_usd=float(high),
        saving=estimate(saved),
        saving_p10_usd=float(least),
        saving_p90_usd=float(most),
        end_saving_fraction=1.0 - float(np.mean(spend.list_cost_usd[last])) / end_before if end_before else 0.0,
    )
