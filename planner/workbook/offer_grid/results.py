"""What an offer costs, as rows of sheet Offer calculator: the offer typed in beside the recommended one."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from planner.plan import Plan
from planner.words import percent
from planner.workbook.contract_words import counts_present_value, in_any_period
from planner.workbook.offer_grid.best import Best
from planner.workbook.offer_grid.steps import Read
from planner.workbook.offer_grid.workings import GridBlock
from planner.workbook.sheet import Value

_NONE: Final = "n/a"


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """A result of the offer typed in and the recommended one: formula and value of each, None where there is none."""

    name: str | None
    label: str
    style: str
    typed: tuple[str, Value]
    recommended: tuple[str | None, Value] | None
    has_difference: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The target's expected cost on the paths of the grid, and where Calc has it and the scenario it is priced in."""

    cost_usd: float
    cost: str
    scenario: str


def _both(read: Read, block: GridBlock, name: str | None, key: str, label: str, style: str) -> Output:
    """A step of Calc in the scenario typed in, of both offers."""
    typed, recommended = read.typed[read.scenario].values, read.recommended[read.scenario].values
    return Output(
        name=name,
        label=label,
        style=style,
        typed=(f"=INDEX({block.typed(key)},offer_scenario_number)", typed[key]),
        recommended=(f"=INDEX({block.recommended(key)},offer_scenario_number)", recommended[key]),
        has_difference=name is not None,
    )


def costs(plan: Plan, read: Read, block: GridBlock) -> Iterator[Output]:
    yield _both(read, block, "offer_expected_cost_usd", "cost", "Expected cost", "usd")
    yield _both(read, block, None, "cost_se", "   Monte Carlo error, one standard error", "usd")
    if "present_value" in read.grid.measures:
        rate = percent(plan.inputs.contract.payment.cost_of_capital_per_year)
        label = f"Expected cost at present value, {rate} a year"
        yield _both(read, block, "offer_present_value_usd", "present_value", label, "usd")
    demand = read.grid.scenarios[read.scenario].on_demand_usd
    costs = [readings[read.scenario].values["cost"] for readings in (read.typed, read.recommended)]
    rows = (
        ("offer_on_demand_usd", "on_demand", "Expected cost on demand, at list", "usd", [demand, demand]),
        (
            "offer_expected_saving_usd",
            "saving",
            "Expected saving against on demand",
            "usd",
            [demand - c for c in costs],
        ),
        (
            "offer_effective_savings_rate",
            "savings",
            "Effective savings rate",
            "percent",
            [1 - c / demand if demand > 0 else 0.0 for c in costs],
        ),
    )
    for name, key, label, style, (typed, recommended) in rows:
        yield Output(
            name=name,
            label=label,
            style=style,
            typed=(f"=INDEX({block.typed(key)},offer_scenario_number)", typed),
            recommended=(f"=INDEX({block.recommended(key)},offer_scenario_number)", recommended),
        )


def risks(plan: Plan, read: Read, block: GridBlock) -> Iterator[Output]:
    contract = plan.inputs.contract
    where = f" {in_any_period(contract)}" if len(contract.periods) > 1 else ""
    rows = (
        ("offer_shortfall_probability", "probability", f"Probability of a shortfall{where}", "percent"),
        (None, "probability_se", "   Monte Carlo error, one standard error", "percent"),
        ("offer_expected_shortfall_usd", "shortfall", "Expected shortfall", "usd"),
        ("offer_expected_overage_usd", "overage", "Expected overage", "usd"),
        ("offer_cost_p10_usd", "cost_p10", "Cost, P10", "usd"),
        ("offer_cost_p50_usd", "cost_p50", "Cost, P50", "usd"),
        ("offer_cost_p90_usd", "cost_p90", "Cost, P90", "usd"),
    )
    for name, key, label, style in rows:
        yield _both(read, block, name, key, label, style)


def break_evens(plan: Plan, read: Read, block: GridBlock) -> Iterator[Output]:
    """Of contract year 1, before what clauses give back."""
    start, first = read.grid.axes.start, plan.recommendation.offer
    listed = plan.inputs.contract.list_usd_per_year(first.commit_usd_per_year, first.discount_fraction)
    kept, typed_kept = 1 - first.discount_fraction, 1 - start.discount
    rows = (
        (
            "offer_break_even_utilization",
            "even",
            "Break-even utilization of the commitment's list dollars",
            "percent",
            typed_kept,
            kept,
        ),
        (
            "offer_break_even_list_usd_per_year",
            "even_list",
            "Break-even list use a year: below it on demand is cheaper",
            "usd",
            read.grid.axes.axis_usd(start) * typed_kept,
            listed * kept,
        ),
    )
    for name, key, label, style, typed, recommended in rows:
        yield Output(
            name=name,
            label=label,
            style=style,
            typed=(f"=INDEX({block.typed(key)},offer_scenario_number)", typed if start.commit_usd > 0 else _NONE),
            recommended=(None, recommended if first.commit_usd_per_year > 0 else _NONE),
            has_difference=False,
        )


def cheapest(plan: Plan, best: Best) -> list[Output]:
    """The cheapest priced commitment at the discounts typed in."""
    dated = counts_present_value(plan.inputs.contract, plan.inputs.decision)
    money = "Its expected present value" if dated else "Its expected cost"
    rows = (
        ("offer_best_commit_usd", "Its commitment, within the limit typed in", "usd", best.commit, best.commit_usd),
        ("offer_best_cost_usd", money, "usd", best.cost, best.cost_usd),
        (
            "offer_best_shortfall_probability",
            "Its probability of a shortfall",
            "percent",
            best.chance,
            best.probability,
        ),
    )
    return [
        Output(name=name, label=label, style=style, typed=(f"={address}", value), recommended=None)
        for name, label, style, address, value in rows
    ]


def against_target(read: Read, target: Target | None) -> Iterator[Output]:
    """What the offer costs more than the target, where that was worked out: in the scenario decided on."""
    if target is None:
        return
    yield Output(
        name="offer_target_gap_usd",
        label="Expected cost above the target's, which sheet Positions has",
        style="usd",
        typed=(
            f'=IF(offer_scenario_number={target.scenario},offer_expected_cost_usd-{target.cost},"{_NONE}")',
            read.typed[read.scenario].values["cost"] - target.cost_usd,
        ),
        recommended=(None, read.recommended[read.scenario].values["cost"] - target.cost_usd),
        has_difference=False,
    )
