"""A decision's measure of what strategies cost, path by path: planner.objectives' own, for strategies that sign twice.

Strategies are compared on the same paths. The standard error of a difference is the scatter of the difference over the
16 randomisations (planner.risk), which holds for any measure.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt

import numpy as np

from planner.inputs import Decision
from planner.risk import Estimate, cvar
from planner.streams import REPLICATES
from planner.units import FloatArray

PaidByScenario = Mapping[str, FloatArray]
"""What a strategy pays on every path of each scenario that the decision looks at, each (n_paths,)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """listed: cost at list in the scenario decided on, (n_paths,). least: the least expected cost of each scenario,
    for a largest regret."""

    decision: Decision
    listed_usd: FloatArray
    least_usd: Mapping[str, float]

    def of(self, paid: PaidByScenario, paths: slice = slice(None)) -> float:
        """The measure of a strategy on some of the paths, USD; less is better."""
        decision = self.decision
        decided = paid[decision.scenario][paths]
        if decision.objective == "mean_cvar":
            loss = decided if decision.cvar_loss == "cost" else decided - self.listed_usd[paths]
            return float(decided.mean()) + decision.cvar_weight * cvar(loss, decision.cvar_level)
        if decision.objective == "minimax_regret":
            return max(float(usd[paths].mean()) - self.least_usd[name] for name, usd in paid.items())
        if decision.objective == "weighted":
            return sum(weight * float(paid[name][paths].mean()) for name, weight in decision.scenario_weights)
        return float(decided.mean())

    def difference(self, one: PaidByScenario, other: PaidByScenario) -> Estimate:
        """The measure of one strategy less that of another, and its standard error."""
        parts = [slice(first, None, REPLICATES) for first in range(REPLICATES)]
        each = np.array([self.of(one, part) - self.of(other, part) for part in parts])
        se = float(each.std(ddof=1)) / sqrt(REPLICATES)
        return Estimate(mean=self.of(one) - self.of(other), se=se)
