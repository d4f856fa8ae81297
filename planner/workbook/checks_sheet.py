"""Sheet Checks: what must hold for the workbook to be trusted, recalculated with it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil, log10
from typing import Final

from planner.plan import Plan
from planner.units import HALF_CENT_USD
from planner.workbook.calculator.calc_sheet import Block
from planner.workbook.calculator.points_sheet import DistributionLayout
from planner.workbook.calculator.pricing import N_POINTS, OfferState, QuantileError
from planner.workbook.check import Check
from planner.workbook.contract_words import follows_one_amount
from planner.workbook.results.curve_sheet import CurveLayout, cost_words, decided_cost_usd
from planner.workbook.results.ledger_table import LedgerLayout
from planner.workbook.results.mix_sheet import MixLayout
from planner.workbook.sheet import Sheet, area, cell

COST_ERROR_LIMIT: Final = 0.001
_ROUNDING: Final = 1e-9
_FIRST_ROW: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferPart:
    """The sheets that price offers, as the checks need them."""

    state: OfferState
    error: QuantileError
    distribution: DistributionLayout
    typed: Block
    recommended: Block


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
        *(_offer_checks(offer.state, offer.typed) if offer else ()),
        *((_error_check(offer.error),) if offer else ()),
    ]


def _priced_checks(plan: Plan, offer: OfferPart) -> list[Check]:
    return [
        *_point_checks(plan, offer.state, offer.distribution, offer.recommended),
        *_recommendation_checks(plan, offer.state, offer.error, offer.recommended),
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
    sheet: Sheet, found: Sequence[Check], error: QuantileError | None, define: Callable[[str, str], None]
) -> bool:
    """The checks, each true or false, and the flag over all of them; returns the flag."""
    sheet.title("Checks", last_col=4)
    sheet.paragraph(
        1,
        "Each line compares a figure of this workbook, as it recalculates, with the program's.",
        last_col=4,
        width=120,
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
