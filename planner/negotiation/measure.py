"""A decision's measure, path by path: a figure whose mean is what the decision minimises.

Terms, positions and ways to sign are compared by it on common paths: the difference of two means is the mean of the
differences, and so is its standard error.
"""

from collections.abc import Mapping
from math import ceil

import numpy as np

from planner.inputs import Decision
from planner.units import FloatArray


def measured_usd(
    decision: Decision, paid_usd: Mapping[str, FloatArray], *, listed_usd: FloatArray, least_usd: Mapping[str, float]
) -> FloatArray:
    """The measure of what is paid in every scenario that the decision looks at, each (n_paths,), in its money.

    Expected cost: paid. With a CVaR: paid + weight * (v + max(0, loss - v) / (1 - level)), v the loss at that level
    (Rockafellar and Uryasev 2002). Largest regret: paid less the least, in the scenario where its mean is largest.
    Weighted: the weighted sum. listed_usd: cost at list in the scenario decided on; least_usd: the least expected cost
    of each scenario, for a regret.
    """
    own = paid_usd[decision.scenario]
    if decision.objective == "mean_cvar":
        loss = own if decision.cvar_loss == "cost" else own - listed_usd
        rank = loss.size - max(ceil((1.0 - decision.cvar_level) * loss.size), 1)
        at = float(np.partition(loss, rank)[rank])
        return own + decision.cvar_weight * (at + np.maximum(loss - at, 0.0) / (1.0 - decision.cvar_level))
    if decision.objective == "minimax_regret":
        regrets = [usd - least_usd[name] for name, usd in paid_usd.items()]
        return max(regrets, key=lambda regret: float(regret.mean()))
    if decision.objective == "weighted":
        weighted: FloatArray = np.sum([weight * paid_usd[name] for name, weight in decision.scenario_weights], axis=0)
        return weighted
    return own
