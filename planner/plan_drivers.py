"""What drives the answer of a plan: its uncertain inputs against the paths that it was worked out on."""

from planner.commit import commit_sample
from planner.drivers import Drivers, drivers
from planner.objectives import recommend
from planner.plan import Plan
from planner.settlement import settle
from planner.units import IntArray


def plan_drivers(plan: Plan) -> Drivers:
    """Drivers of annual spend in the scenario decided on, of the recommendation's shortfall, and of the commitment.

    The commitment at an end of an input is what the plan's own objective and limit would choose on the paths there.
    """
    inputs, name = plan.inputs, plan.inputs.decision.scenario
    settled = settle(inputs.contract, plan.recommendation.offer, plan.uses[name])
    # only the largest regret looks at other scenarios than the one decided on
    seen = plan.uses if inputs.decision.objective == "minimax_regret" else {name: plan.uses[name]}

    def best_commit(paths: IntArray) -> float:
        uses = {scenario: use.on(paths) for scenario, use in seen.items()}
        samples = {scenario: commit_sample(inputs.contract, use) for scenario, use in uses.items()}
        return recommend(inputs.decision, scenario=name, samples=samples, uses=uses).commit_usd_per_year

    spend = plan.spend[name]
    return drivers(spend.scores, spend.annual_list_cost_usd(), settled.shortfall_usd.sum(axis=0), best_commit)
