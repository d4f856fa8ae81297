"""The sheets that price offers where formulas cannot carry the contract: Offer calculator, Offer grid and Calc."""

from collections.abc import Mapping
from math import ceil, log10, sqrt
from typing import Final

from planner.dossier import Dossier
from planner.plan import Plan
from planner.workbook.check import Check
from planner.workbook.contract_words import commit_words, counts_present_value
from planner.workbook.offer_grid.best import write_best
from planner.workbook.offer_grid.calculator import write_calculator
from planner.workbook.offer_grid.grid_sheet import GridLayout, write_grid
from planner.workbook.offer_grid.pricing import OfferGrid, offer_grid
from planner.workbook.offer_grid.reading import GridError, grid_error
from planner.workbook.offer_grid.results import Target, outputs
from planner.workbook.offer_grid.steps import Read, read_grid
from planner.workbook.offer_grid.workings import LAST_COL, GridBlock, write_workings
from planner.workbook.sheet import Define, Sheet, cell

_ERROR_LIMIT: Final = 0.005
_ROUNDING: Final = 1e-9
_MOST_LUCK: Final = 5.0
"""Standard errors of fewer paths that the recommended offer may be off."""


def write_offers_from_grid(sheets: Mapping[str, Sheet], found: Dossier, define: Define) -> list[Check]:
    """Price the grid and write the three sheets; returns their checks."""
    plan, calc = found.plan, sheets["Calc"]
    grid = offer_grid(plan)
    error = grid_error(plan, grid)
    layout = write_grid(sheets["Offer grid"], grid, error, commit_label=commit_words(plan.inputs.contract))
    scenario = [item.name for item in grid.scenarios].index(plan.inputs.decision.scenario)
    read = read_grid(grid, layout, scenario)
    block = write_workings(calc, read, define)
    best = write_best(
        calc,
        block.next_row,
        read,
        block,
        limit=plan.inputs.decision.max_shortfall_probability,
        present_value=counts_present_value(plan.inputs.contract, plan.inputs.decision),
    )
    target, last_row = _write_target(calc, best.next_row, found, grid, scenario)
    calc.set_layout(at_least={0: 44, 1: 16})
    calc.print_setup(last_row=last_row, last_col=max(*calc.widths, LAST_COL))
    calc.worksheet.freeze_panes(1, 0)
    results = outputs(plan, read, block, best, target)
    write_calculator(sheets["Offer calculator"], plan, read, block=block, results=results, error=error, define=define)
    return [*_grid_checks(grid, layout, error), *_recommendation_checks(plan, read, block), _input_check()]


def _write_target(calc: Sheet, row: int, found: Dossier, grid: OfferGrid, scenario: int) -> tuple[Target | None, int]:
    """The target's expected cost on the grid's own paths, so that the gap is of the terms and not of luck."""
    if found.negotiated is None:
        return None, row - 2
    position = found.negotiated.positions.target
    terms = position.terms
    cost = float(terms.paid_usd[: grid.n_paths].mean()) - position.own_value_usd
    if terms.contract.term_months != grid.axes.contract.term_months:
        cost *= grid.scenarios[scenario].on_demand_usd / float(terms.listed_usd[: grid.n_paths].mean())
    calc.subtitle(row, "The target", last_col=LAST_COL)
    calc.text(row + 1, 0, "expected cost of the target, less the buyer's own value, USD", "label")
    calc.number(row + 1, 1, cost, "usd")
    calc.text(row + 2, 0, "no. of the scenario that it is priced in", "label")
    calc.number(row + 2, 1, scenario + 1, "count")
    at = [calc.ref(cell(row + index, 1)) for index in (1, 2)]
    return Target(cost_usd=cost, cost=at[0], scenario=at[1]), row + 2


def _grid_checks(grid: OfferGrid, layout: GridLayout, error: GridError) -> list[Check]:
    total, count = float(grid.table.sum()), float(grid.table.size)
    return [
        Check(
            what="Offer grid: every priced offer has all its figures",
            formula=f"=COUNT({layout.table})",
            value=count,
            expected=count,
            tolerance=0.0,
            style="count",
        ),
        Check(
            what="Offer grid: its figures add up to the program's",
            formula=f"=SUM({layout.table})",
            value=total,
            expected=total,
            tolerance=_ROUNDING * max(abs(total), 1.0),
            style="number",
        ),
        Check(
            what="Offer grid: places on the axes add up to the program's",
            formula=f"=SUM({layout.axis})",
            value=float(grid.axis_usd.sum()),
            expected=float(grid.axis_usd.sum()),
            tolerance=_ROUNDING * max(float(grid.axis_usd.sum()), 1.0),
            style="number",
        ),
        Check(
            what="Offer grid: largest error in expected cost, read in the middle of cells, is below 0.5%",
            formula=f"={layout.cost_error}",
            value=error.cost,
            expected=0.0,
            tolerance=_ERROR_LIMIT,
            style="percent_fine",
        ),
    ]


def _recommendation_checks(plan: Plan, read: Read, block: GridBlock) -> list[Check]:
    """The recommended offer read by formula is the program's: exactly on all paths, within their luck on fewer."""
    exact, values = plan.recommendation, read.recommended[read.scenario].values
    scale = max(exact.expected_cost.mean, 1.0)
    estimates = (
        ("expected cost", "cost", exact.expected_cost, scale),
        ("probability of a shortfall", "probability", exact.shortfall_probability, 1.0),
        ("expected shortfall", "shortfall", exact.expected_shortfall, scale),
        ("expected overage", "overage", exact.expected_overage, scale),
    )
    on_all = read.grid.n_paths == plan.n_paths
    luck = _MOST_LUCK * sqrt(plan.n_paths / read.grid.n_paths)
    rows = [
        (label, key, item.mean, _ROUNDING * unit if on_all else luck * item.se + _ROUNDING * unit)
        for label, key, item, unit in estimates
    ]
    for level, usd in zip(("p10", "p50", "p90"), exact.cost_p10_p50_p90_usd, strict=True):
        # the program has no standard error of a percentile: on fewer paths this holds what was written against edits
        off = abs(values[f"cost_{level}"] - usd)
        rows.append(
            (f"cost {level.upper()}", f"cost_{level}", usd, max(0.0 if on_all else _stated(off), _ROUNDING * scale))
        )
    within = "" if on_all else ", within what fewer paths are off"
    return [
        Check(
            what=f"Recommended offer, {label}: formulas against the program{within}",
            formula=f"={block.at(key, read.scenario, recommended=True)}",
            value=values[key],
            expected=expected,
            tolerance=tolerance,
            style="percent_fine" if key == "probability" else "usd",
        )
        for label, key, expected, tolerance in rows
    ]


def _stated(off: float) -> float:
    """A difference rounded up to two digits, as it is stated."""
    if off <= 0:
        return 0.0
    unit = 10.0 ** (ceil(log10(off)) - 2)
    return ceil(off / unit) * unit


def _input_check() -> Check:
    return Check(
        what="Offer typed in: its inputs are valid and inside the grid (1)",
        formula="=IF(offer_inputs_ok,1,0)",
        value=1.0,
        expected=1.0,
        tolerance=0.0,
        style="count",
    )
