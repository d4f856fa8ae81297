"""Sheet Checks: what must hold for the workbook to be trusted, recalculated with it."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, log10
from typing import Final

from planner.plan import Plan
from planner.units import HALF_CENT_USD
from planner.workbook.calc.case_steps import LEVELS
from planner.workbook.calc.cases import PricedCases
from planner.workbook.calc.points_sheet import PointsLayout
from planner.workbook.calc.pricing import N_POINTS, QuantileError, sample_of
from planner.workbook.calculator.offer_state import BEST, RECOMMENDED, TYPED, OfferState, in_scenario
from planner.workbook.check import Check
from planner.workbook.contract_words import follows_one_amount
from planner.workbook.results.curve_sheet import CurveLayout, cost_words, decided_cost_usd
from planner.workbook.results.ledger_table import LedgerLayout
from planner.workbook.results.mix_sheet import MixLayout
from planner.workbook.sheet import Define, Sheet, area, cell

COST_ERROR_LIMIT: Final = 0.001
_ROUNDING: Final = 1e-9
_FIRST_ROW: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferPart:
    """The sheets that price offers, as the checks need them."""

    state: OfferState
    error: QuantileError
    layout: PointsLayout
    cases: PricedCases


def checks(
    plan: Plan, *, offer: OfferPart | None, curve: CurveLayout, ledger: LedgerLayout, mix: MixLayout | None
) -> list[Check]:
    """Every check: totals, the points against the paths, the formulas against the program, the inputs.

    offer: None where no sheet prices offers; its checks drop out.
    """
    return [
        *_mix_checks(plan, mix),
        *(_priced_checks(plan, offer) if offer else ()),
        *_curve_check(plan, curve),
        *_ledger_checks(plan, ledger),
        *(_offer_checks(offer.state, offer.cases) if offer else ()),
        *((_error_check(offer.error),) if offer else ()),
    ]


def _priced_checks(plan: Plan, offer: OfferPart) -> list[Check]:
    return [
        *_point_checks(plan, offer.state, offer.layout, offer.cases),
        *_recommendation_checks(plan, offer.state, offer.error, offer.cases),
    ]


def _error_check(error: QuantileError) -> Check:
    return Check(
        what="Largest error of the points in expected cost, anywhere on the curve, is below 0.1%",
        formula=f"={cell(_FIRST_ROW - 2, 2)}",
        value=error.cost,
        expected=0.0,
        tolerance=COST_ERROR_LIMIT,
        style="percent_fine",
    )


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


def _point_checks(plan: Plan, state: OfferState, layout: PointsLayout, cases: PricedCases) -> list[Check]:
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
    if state.points.is_locked:
        # Where prices are protected the expected use beyond q falls as q rises.
        return rows
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
    return rows + _mean_checks(plan, state, cases)


def _mean_checks(plan: Plan, state: OfferState, cases: PricedCases) -> list[Check]:
    found = []
    for index, scenario in enumerate(state.points.scenarios):
        key = in_scenario(RECOMMENDED, index)
        expected = sample_of(plan, scenario.name).on_demand_usd
        found.append(
            Check(
                what=f"Mean of the points and what is outside is the program's on-demand cost: {scenario.name}",
                formula=f"={cases.at(key, 'mean')}+{cases.at(key, 'outside')}",
                value=cases.number(key, "mean") + cases.number(key, "outside"),
                expected=expected,
                tolerance=_ROUNDING * max(expected, 1.0),
            )
        )
    return found


def _stated(error: float) -> float:
    """An error rounded up to two digits, as it is stated, and never below rounding."""
    if error <= _ROUNDING:
        return _ROUNDING
    unit = 10.0 ** (ceil(log10(error)) - 2)
    return ceil(error / unit) * unit


def _recommendation_checks(plan: Plan, state: OfferState, error: QuantileError, cases: PricedCases) -> list[Check]:
    exact, key = plan.recommendation, in_scenario(RECOMMENDED, state.scenario)
    cost = max(exact.expected_cost.mean, 1.0)
    rows = (
        ("expected cost", "cost", exact.expected_cost.mean, _stated(error.cost) * cost),
        ("expected shortfall", "shortfall", exact.expected_shortfall.mean, _stated(error.shortfall) * cost),
        ("expected overage", "overage", exact.expected_overage.mean, _stated(error.overage) * cost),
        ("shortfall probability", "probability", exact.shortfall_probability.mean, _stated(error.probability)),
        *(
            (f"{level} of cost", f"cost_{level}", usd, _stated(error.percentile) * cost)
            for level, usd in zip(LEVELS, exact.cost_p10_p50_p90_usd, strict=True)
            if error.percentile is not None and not isinstance(cases.value(key, f"cost_{level}"), str)
        ),
    )
    return [
        Check(
            what=f"Recommended offer, {label}: formulas against the program, within the points' error",
            formula=f"={cases.at(key, step)}",
            value=cases.number(key, step),
            expected=expected,
            tolerance=tolerance,
            style="percent_fine" if step == "probability" else "usd",
        )
        for label, step, expected, tolerance in rows
    ]


def _curve_check(plan: Plan, curve: CurveLayout) -> list[Check]:
    """Where the plan sizes the commitment by its expected cost; offers beside the curve may only be cheaper than it."""
    contract = plan.inputs.contract
    if plan.inputs.decision.objective != "expected_cost" or contract.commits_usd_per_year is not None:
        return []
    exact = decided_cost_usd(plan, plan.recommendation)
    on_curve = follows_one_amount(contract)
    words = "cheaper" if cost_words(plan) == "expected cost" else "cheaper, at present value,"
    return [
        Check(
            what=f"No commitment of the curve within the limit is {words} than the recommended one",
            formula=f"={curve.least_allowed}" if on_curve else f"=MIN({curve.least_allowed},{curve.recommended})",
            value=curve.least_allowed_usd if on_curve else min(curve.least_allowed_usd, exact),
            expected=exact,
            # the search over clauses that settle path by path ends within half a cent
            tolerance=max(_ROUNDING * exact, 0.0 if contract.is_plain else HALF_CENT_USD, _ROUNDING),
        )
    ]


def _ledger_checks(plan: Plan, ledger: LedgerLayout) -> list[Check]:
    exact = plan.recommendation.expected_cost.mean
    found = [
        Check(
            what="Ledger: what the periods pay adds up to the program's expected cost",
            formula=f"={ledger.paid}",
            value=ledger.paid_usd,
            expected=exact,
            tolerance=_ROUNDING * max(exact, 1.0),
        )
    ]
    if ledger.shares is None or ledger.total_share is None:
        return found
    everything = "opening balance and commitments are drawn, forfeited, waived or still banked"
    rows = (
        (f"Ledger, over the term: {everything}", f"={ledger.total_share}", ledger.total_share_value),
        (f"Ledger, the period with least: {everything}", f"=MIN({ledger.shares})", ledger.least_share),
        (f"Ledger, the period with most: {everything}", f"=MAX({ledger.shares})", ledger.largest_share),
    )
    return found + [
        Check(what=what, formula=formula, value=value, expected=1.0, tolerance=_ROUNDING, style="percent_fine")
        for what, formula, value in rows
    ]


def _offer_checks(state: OfferState, cases: PricedCases) -> list[Check]:
    best = cases.number(BEST, "cost")
    return [
        Check(
            what="Offer typed in: every committed dollar is drawn or unused, in the scenario typed",
            formula=f"={cases.at(TYPED, 'balance')}",
            value=cases.number(TYPED, "balance"),
            expected=1.0,
            tolerance=_ROUNDING,
            style="percent_fine",
        ),
        Check(
            what="Best commitment: priced as an offer it costs what the search found, as a share of that",
            formula="=IF(best_least>0,offer_best_cost_usd/best_least,1)",
            value=best / state.found.overall.number("least") if state.found.overall.number("least") > 0 else 1.0,
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


def write_checks(sheet: Sheet, found: Sequence[Check], error: QuantileError | None, define: Define) -> bool:
    """The checks, each true or false, and the flag over all of them; returns the flag."""
    sheet.title("Checks", last_col=4)
    sheet.paragraph(
        1,
        "Each line compares a figure of this workbook, as it recalculates, with the program's.",
        last_col=4,
    )
    if error is not None:
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
