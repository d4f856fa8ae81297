"""The numbers of a plan's answer, each with where it comes from: what the command line explains."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from planner.plan import Plan
from planner.provenance import Provenance
from planner.provenance_of.commitment import commitment
from planner.provenance_of.offers import (
    below_list,
    expected_cost,
    expected_overage,
    mean_shortfall,
    on_demand,
    present_value,
    shortfall_risk,
    signing_first,
    still_saves,
)
from planner.provenance_of.spend import annual_spend, level_month, run_rate_saving


def explained(plan: Plan) -> tuple[Provenance, ...]:
    """Every number of the answer: the run rate, what to sign, its risk and its cost, and what signing first costs."""
    return (level_month(plan), *run_rate(plan), *decided(plan))


def run_rate(plan: Plan) -> tuple[Provenance, ...]:
    """List spend as it is and as decided on, and the saving."""
    decided_on = plan.inputs.decision.scenario
    names = dict.fromkeys([plan.inputs.baseline, decided_on])
    return (*(annual_spend(plan, name) for name in names), run_rate_saving(plan, decided_on))


def annual_columns(plan: Plan) -> tuple[Provenance, ...]:
    """Columns of the table of annual list spend: a scenario's year, and its saving, for every scenario."""
    names = list(plan.summaries)
    savings = [run_rate_saving(plan, name) for name in names if name != plan.inputs.baseline]
    return (*(annual_spend(plan, name) for name in names), *savings)


def decided(plan: Plan) -> tuple[Provenance, ...]:
    """What to sign, what can go wrong with it, and what signing first costs."""
    best, contract = plan.recommendation, plan.inputs.contract
    make: list[Callable[..., Provenance]] = [expected_cost]
    if contract.payment.cost_of_capital_per_year > 0:
        make.append(present_value)
    make += [shortfall_risk, mean_shortfall, expected_overage, on_demand, below_list, still_saves]
    found = [commitment(plan), *(one(plan, best) for one in make)]
    if has_signing_first(plan):
        found.append(signing_first(plan))
    return tuple(found)


def has_signing_first(plan: Plan) -> bool:
    """Whether signing before routing is another decision than the recommendation."""
    inputs = plan.inputs
    return inputs.decision.scenario != inputs.baseline and inputs.contract.commits_usd_per_year is None


def provenance_json(found: Sequence[Provenance]) -> list[dict[str, Any]]:
    """The same for scripts: inputs with their unrounded values, the day as text."""
    rows = []
    for item in found:
        row = asdict(item)
        row["basis"]["priced_on"] = item.basis.priced_on.isoformat()
        rows.append(row)
    return rows
