"""What a group of units signs by itself, and what that costs it on every path.

The measure is the decision's own: the mean of cost_usd is what the decision minimises, so that a group is as well off
as it judges itself. For expected cost these are the dollars paid; for the others

    mean_cvar   paid + weight * ( q + max(0, loss - q) / (1 - level) ),   the worst 1 - level begin at loss q
    weighted    sum over scenarios of weight * paid

Only the smallest maximum regret chooses and does not measure: regret is against a group's own best, and a group that
can reach more has more to regret. There it is the dollars paid in the scenario decided on.

The first is the form of the CVaR by Rockafellar and Uryasev (2000).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import ceil

import numpy as np

from planner.commit import commit_sample
from planner.contract import Contract
from planner.inputs import Decision
from planner.objectives import best_exercise, recommend
from planner.offer import NO_COMMITMENT, Offer
from planner.settlement import Settlement, settle
from planner.term_use import TermUse
from planner.units import HALF_CENT_USD, BoolArray, FloatArray

Uses = Mapping[str, TermUse]
"""Use by scenario: the one decided on and, where the decision looks at them, the others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """A contract as a group signs it, lived on every path; arrays of shape (n_paths,), USD over the term.

    cost_usd: its mean is what counts (see above). shortfall_usd: of all periods; is_short: in any of them.
    """

    contract: Contract
    offer: Offer
    cost_usd: FloatArray
    paid_usd: FloatArray
    shortfall_usd: FloatArray
    is_short: BoolArray


def sign(decision: Decision, contract: Contract, uses: Uses) -> Signed:
    """The best contract for a group by the decision's objective and limit; rights are used where they pay."""
    own = best_exercise(decision, contract, scenario=decision.scenario, uses=uses)
    samples = {name: commit_sample(own, use, money=decision.money) for name, use in uses.items()}
    return live(decision, own, recommend(decision, scenario=decision.scenario, samples=samples, uses=uses), uses)


def live(decision: Decision, contract: Contract, offer: Offer, uses: Uses) -> Signed:
    """A given offer, lived by a group."""
    settled = {name: settle(contract, offer, use) for name, use in uses.items()}
    decided = settled[decision.scenario]
    return Signed(
        contract=contract,
        offer=offer,
        cost_usd=_cost_usd(decision, contract, settled, uses),
        paid_usd=decided.paid_usd,
        shortfall_usd=decided.shortfall_usd.sum(axis=0),
        is_short=np.logical_or.reduce(decided.shortfall_usd > HALF_CENT_USD, axis=0),
    )


def is_sized_by_ledger(decision: Decision, contract: Contract) -> bool:
    """Whether every offer has to be settled to be sized (planner.commit.commit_sample)."""
    return not contract.is_plain or (decision.money == "npv" and contract.values_time)


def _cost_usd(decision: Decision, contract: Contract, settled: Mapping[str, Settlement], uses: Uses) -> FloatArray:
    def paid(settlement: Settlement) -> FloatArray:
        return settlement.npv_paid_usd if decision.money == "npv" else settlement.paid_usd

    if decision.objective == "mean_cvar":
        return _with_cvar(decision, contract, settled[decision.scenario], uses[decision.scenario], paid)
    if decision.objective == "weighted":
        weights = dict(decision.scenario_weights)
        return np.sum([weights.get(name, 0.0) * paid(one) for name, one in settled.items()], axis=0)
    return paid(settled[decision.scenario])


def _with_cvar(
    decision: Decision,
    contract: Contract,
    settlement: Settlement,
    use: TermUse,
    paid: Callable[[Settlement], FloatArray],
) -> FloatArray:
    cost = paid(settlement)
    loss = cost
    if decision.cvar_loss == "regret":
        none = settle(contract, NO_COMMITMENT, use)
        loss = cost - (none.npv_paid_usd if decision.money == "npv" else none.on_demand_usd)
    tail = (1.0 - decision.cvar_level) * loss.size
    edge = np.sort(loss)[loss.size - max(ceil(tail), 1)]
    return cost + decision.cvar_weight * (edge + np.maximum(loss - edge, 0.0) * (loss.size / tail))
