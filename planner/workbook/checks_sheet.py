"""Sheet Checks: what must hold for the workbook to be trusted, recalculated with it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil, log10
from typing import Final

from planner.plan import Plan
from planner.workbook.calc_sheet import Block
from planner.workbook.curve_sheet import CurveLayout
from planner.workbook.distribution_sheet import DistributionLayout
from planner.workbook.pricing import N_POINTS, OfferState, QuantileError
from planner.workbook.result_sheets import MixLayout
from planner.workbook.sheet import Sheet, area, cell

COST_ERROR_LIMIT: Final = 0.001
_ROUNDING: Final = 1e-9
_FIRST_ROW: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """|workbook - expected| <= tolerance; `value` is what the formula gives now."""

    what: str
    formula: str
    value: float
    expected: float
    tolerance: float
    style: str = "usd"

    @property
    def holds(self) -> bool:
        return abs(self.value - self.expected) <= self.tolerance


def checks(
    plan: Plan,
    *,
    state: OfferState,
    error: QuantileError,
    distribution: DistributionLayout,
    typed: Block,
    recommended: Block,
    curve: CurveLayout,
    mix: MixLayout | None,
) -> list[Check]:
    """Every check: totals, the points against the paths, the formulas against the program, the inputs."""
    return [
        *_mix_checks(plan, mix),
        *_point_checks(plan, state, distribution, recommended),
        *_recommendation_checks(plan, state, error, recommended),
        *_curve_check(plan, curve),
        *_offer_checks(state, typed),
        Check(
            what="Largest error of the points in expected cost, anywhere on the curve, is below 0.1%",
            formula=f"={cell(_FIRST_ROW - 2, 2)}",
            value=error.cost,
            expected=0.0,
            tolerance=COST_ERROR_LIMIT,
            style="percent_fine",
        ),
    ]


def _mix_checks(plan: Plan, mix: MixLayout | None) -> list[Check]:
    if mix is None:
        return []
    lines = plan.prepared.mix_lines
    total = sum(line.monthly_list_cost_usd for line in lines)
    return [
        Check(
            what="Request mix adds up to the program's list cost of a level month",
            formula=f"={mix.list_cost}",
            value=total,
            expected=total,
            tolerance=_ROUNDING * max(total, 1.0),
        ),
        Check(
            what="Shares of the bill add up to 1",
            formula=f"={mix.share}",
            value=1.0 if total > 0 else 0.0,
            expected=sum(line.share_of_bill for line in lines),
            tolerance=_ROUNDING,
            style="percent",
        ),
    ]


def _point_checks(plan: Plan, state: OfferState, layout: DistributionLayout, block: Block) -> list[Check]:
    count = float(N_POINTS * layout.n_columns)
    rows = [
        Check(
            what="Every distribution has all its points",
            formula=f"=COUNT({layout.table})",
            value=count,
            expected=count,
            tolerance=0.0,
            style="count",
        )
    ]
    if state.points.scenarios[0].locked is None:
        # Where prices are locked the expected use beyond q falls as q rises.
        rows.append(
            Check(
                what="Points never fall from one row to the next",
                formula=f"=SUMPRODUCT(--({layout.lower}<{layout.upper}))",
                value=0.0,
                expected=0.0,
                tolerance=0.0,
                style="count",
            )
        )
        rows += _mean_checks(state, block)
    return rows


def _mean_checks(state: OfferState, block: Block) -> list[Check]:
    found = []
    for index, (scenario, priced) in enumerate(zip(state.points.scenarios, state.priced, strict=True)):
        value = sum(year.mean_usd for year in priced.years) + scenario.outside_usd
        mean = f"SUMPRODUCT(({block.years['number']}={block.at('number', index)})*{block.years['mean']})"
        found.append(
            Check(
                what=f"Mean of the points and what is outside is the program's on-demand cost: {scenario.name}",
                formula=f"={mean}+{block.at('outside', index)}",
                value=value,
                expected=scenario.on_demand_usd,
                tolerance=_ROUNDING * max(scenario.on_demand_usd, 1.0),
            )
        )
    return found


def _stated(error: float) -> float:
    """An error rounded up to two digits, as it is stated, and never below rounding."""
    if error <= _ROUNDING:
        return _ROUNDING
    unit = 10.0 ** (ceil(log10(error)) - 2)
    return ceil(error / unit) * unit


def _recommendation_checks(plan: Plan, state: OfferState, error: QuantileError, block: Block) -> list[Check]:
    priced, exact = state.priced[state.scenario], plan.recommendation
    cost = max(exact.expected_cost.mean, 1.0)
    rows = (
        ("expected cost", "cost", priced.expected_cost_usd, exact.expected_cost.mean, _stated(error.cost) * cost),
        (
            "expected shortfall",
            "shortfall",
            priced.shortfall_usd,
            exact.expected_shortfall.mean,
            _stated(error.shortfall) * cost,
        ),
        ("expected overage", "overage", priced.overage_usd, exact.expected_overage.mean, _stated(error.overage) * cost),
        (
            "shortfall probability",
            "probability",
            priced.shortfall_probability,
            exact.shortfall_probability.mean,
            _stated(error.probability),
        ),
    )
    return [
        Check(
            what=f"Recommended offer, {label}: formulas against the program, within the points' error",
            formula=f"={block.at(key, state.scenario)}",
            value=value,
            expected=expected,
            tolerance=tolerance,
            style="percent_fine" if key == "probability" else "usd",
        )
        for label, key, value, expected, tolerance in rows
    ]


def _curve_check(plan: Plan, curve: CurveLayout) -> list[Check]:
    if plan.inputs.decision.objective != "expected_cost":
        return []
    exact = plan.recommendation.expected_cost.mean
    return [
        Check(
            what="No commitment of the curve in a band and within the limit is cheaper than the recommended one",
            formula=f"={curve.least_allowed}",
            value=curve.least_allowed_usd,
            expected=exact,
            tolerance=_ROUNDING * max(exact, 1.0),
        )
    ]


def _offer_checks(state: OfferState, typed: Block) -> list[Check]:
    balances = [year.balance for priced in state.priced for year in priced.years]
    balance = typed.years["balance"]
    return [
        Check(
            what="Offer typed in: every committed dollar is drawn or unused, over all scenarios and years",
            formula=f"=SUM({balance})/COUNT({balance})",
            value=sum(balances) / len(balances),
            expected=1.0,
            tolerance=_ROUNDING,
            style="percent_fine",
        ),
        Check(
            what="Offer typed in: its inputs are valid (1)",
            formula="=IF(offer_inputs_ok,1,0)",
            value=1.0,
            expected=1.0,
            tolerance=0.0,
            style="count",
        ),
    ]


def write_checks(
    sheet: Sheet, found: Sequence[Check], error: QuantileError, define: Callable[[str, str], None]
) -> bool:
    """The checks, each true or false, and the flag over all of them; returns the flag."""
    sheet.title("Checks", last_col=4)
    sheet.paragraph(
        1,
        "Each line compares a figure of this workbook, as it recalculates, with the program's.",
        last_col=4,
        width=120,
    )
    sheet.text(_FIRST_ROW - 2, 0, "Largest error of the points in expected cost", "label")
    sheet.number(_FIRST_ROW - 2, 2, error.cost, "percent_fine")
    sheet.header(_FIRST_ROW - 1, ("check", "workbook", "expected", "tolerance", "holds"))
    for row, check in enumerate(found, start=_FIRST_ROW):
        at = row + 1
        sheet.text(row, 0, check.what, sized=False)
        sheet.formula(row, 1, check.formula, check.value, check.style)
        sheet.number(row, 2, check.expected, check.style)
        sheet.number(row, 3, check.tolerance, "tiny")
        # A check that cannot be calculated does not hold.
        formula = f"=IF(ISNUMBER(B{at}),ABS(B{at}-C{at})<=D{at},FALSE)"
        sheet.formula(row, 4, formula, check.holds, "flag")
    last = _FIRST_ROW + len(found) - 1
    all_hold = all(check.holds for check in found)
    sheet.text(last + 1, 0, "All checks hold", "total_text")
    for col in (1, 2, 3):
        sheet.worksheet.write_blank(last + 1, col, None, sheet.styles["total_text"])
    sheet.formula(last + 1, 4, f"=AND({area(_FIRST_ROW, 4, last, 4)})", all_hold, "flag")
    define("checks_ok", sheet.ref(cell(last + 1, 4)))
    sheet.set_layout(exact={0: 92})
    sheet.print_setup(last_row=last + 1, last_col=4, header_row=_FIRST_ROW - 1)
    return all_hold
