"""What drives the answer of a plan: its uncertain inputs against the paths that it was worked out on."""

from dataclasses import replace
from typing import Final

from planner.clauses import IN_ARREARS
from planner.commit import commit_sample
from planner.drivers import Drivers, drivers
from planner.objectives import recommend
from planner.plan import Plan
from planner.settlement import settle
from planner.steps import coarse_steps
from planner.units import IntArray

_MOST_WALKED: Final = 1_024
"""Paths on which a commitment is sized again where every offer has to be walked through the ledger."""


def plan_drivers(plan: Plan) -> Drivers:
    """Drivers of annual spend in the scenario decided on, of the recommendation's shortfall, and of the commitment.

    The commitment at an end of an input is what the plan's own objective and limit would choose on the paths there.
    """
    inputs, name = plan.inputs, plan.inputs.decision.scenario
    # A ramp that is free has a number for every year; what moves it is told by one.
    contract = replace(inputs.contract, ramp="flat") if inputs.contract.ramp == "free" else inputs.contract
    settled = settle(inputs.contract, plan.recommendation.offer, plan.uses[name])
    # only these look at other scenarios than the one decided on
    several = inputs.decision.objective in ("minimax_regret", "weighted")
    seen = plan.uses if several else {name: plan.uses[name]}

    if inputs.decision.money == "nominal":
        contract = replace(contract, payment=IN_ARREARS)
    if not contract.is_plain and not contract.values_time:
        # whole stretches of months instead of single ones: close enough to say what moves the commitment
        seen = {scenario: use.over(coarse_steps(contract)) for scenario, use in seen.items()}

    def best_commit(paths: IntArray) -> float:
        sized = paths if contract.is_plain else paths[:_MOST_WALKED]
        uses = {scenario: use.on(sized) for scenario, use in seen.items()}
        samples = {
            scenario: commit_sample(contract, use, money=inputs.decision.money) for scenario, use in uses.items()
        }
        return recommend(inputs.decision, scenario=name, samples=samples, uses=uses).commit_usd_per_year

    spend = plan.spend[name]
    return drivers(spend.scores, spend.annual_list_cost_usd(), settled.shortfall_usd.sum(axis=0), best_commit)
