"""Sheet Commit curve: expected cost over commitments as the program computed it, with charts."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from math import floor, log10
from typing import Any, Final

from xlsxwriter import Workbook

from planner.contract import Contract
from planner.offer import Offer
from planner.outcome import OfferOutcome
from planner.plan import Plan
from planner.sizing.expectation import Expectation
from planner.words import usd_short
from planner.workbook.contract_words import (
    commit_on_axis,
    commit_words,
    counts_present_value,
    follows_one_amount,
    in_any_period,
    is_ramped,
    period_word,
)
from planner.workbook.sheet import Sheet, area, cell

_MARKS_ROW: Final = 3
_HEADER_ROW: Final = 9
_FIRST_ROW: Final = 10
_CHART_COL: Final = 8
_CHART_ROWS: Final = 16
_LAST_COL: Final = 17
_ALLOWED_COL: Final = 6
_PERIOD_COL: Final = 7
_MOST_NAMED_LINES: Final = 4
_LINES: Final = (
    {"color": "#000000", "width": 1.25, "dash_type": "dash"},
    {"color": "#1F2A44", "width": 2.25, "dash_type": "solid"},
    {"color": "#5B6B8C", "width": 2.25, "dash_type": "round_dot"},
    {"color": "#1F2A44", "width": 1.5, "dash_type": "long_dash_dot"},
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CurveLayout:
    """For the checks: the least expected cost on the curve that can be chosen, and the recommendation's."""

    least_allowed: str
    least_allowed_usd: float
    recommended: str


def write_curve(sheet: Sheet, workbook: Workbook, plan: Plan) -> CurveLayout:
    """The curve as a table, the offers marked on it, and two charts."""
    contract, scenario = plan.inputs.contract, plan.inputs.decision.scenario
    shift = 1 if _limits_periods(plan) else 0
    sheet.title("Commit curve: what each commitment would cost", last_col=_LAST_COL + shift)
    sheet.paragraph(
        1,
        f"Scenario decided on: {scenario}. Every commitment at its band's discount, over the term of "
        f"{contract.term_months} months, computed by the program on all {plan.n_paths:,} paths."
        f"{_years_words(contract)}",
        last_col=_LAST_COL + shift,
    )
    limit = plan.inputs.decision.max_shortfall_probability
    sheet.text(_HEADER_ROW - 2, 0, "Limit on P(shortfall)", "label")
    sheet.number(_HEADER_ROW - 2, 1, limit, "percent")
    lowest = contract.commit_ranges[0][1]
    sheet.text(_HEADER_ROW - 1, 0, "Lowest band from", "label")
    sheet.number(_HEADER_ROW - 1, 1, lowest, "usd")
    _write_marks(sheet, plan)
    allowed = _write_points(sheet, plan, limit=limit)
    last = _FIRST_ROW + len(plan.curve) - 1
    sheet.text(last + 1, 0, "least of these", "total_text")
    for col in range(1, 6):
        sheet.worksheet.write_blank(last + 1, col, None, sheet.styles["total_text"])
    formula = f"=MIN({area(_FIRST_ROW, _ALLOWED_COL, last, _ALLOWED_COL)})"
    sheet.formula(last + 1, _ALLOWED_COL, formula, allowed, "total_usd")
    sheet.set_layout(at_least={0: 23, 1: 11} | dict.fromkeys(range(2, 7 + shift), 14))
    sheet.print_setup(last_row=last + 1, last_col=_LAST_COL + shift, header_row=_HEADER_ROW)
    _add_charts(sheet, workbook, plan, _CHART_COL + shift)
    return CurveLayout(
        least_allowed=sheet.ref(cell(last + 1, _ALLOWED_COL)),
        least_allowed_usd=allowed,
        recommended=sheet.ref(cell(_MARKS_ROW + 1, 2)),
    )


def _limits_periods(plan: Plan) -> bool:
    """Whether the limit bounds each of several periods by itself."""
    return plan.inputs.decision.shortfall_limit_per == "period" and len(plan.inputs.contract.periods) > 1


def _years_words(contract: Contract) -> str:
    """What the years after the first commit, where that is not simply the same."""
    if not follows_one_amount(contract):
        return (
            " The curve commits the same in every contract year; offers whose years differ are marked at their average "
            "a year, beside the curve."
        )
    if is_ramped(contract):
        *most, last = [f"{weight:g}" for weight in contract.ramp_shape[1:]]
        weights = f"{', '.join(most)} and {last}" if most else last
        years = f"years 2 {'to' if len(most) > 1 else 'and'} {contract.n_years} commit" if most else "year 2 commits"
        return (
            f" The axis is contract year 1's commitment: {years} {weights} times as much, and each reaches its band on "
            + ("the average of the term." if contract.band_basis == "term" else "its own.")
        )
    if contract.commit_period == "term":
        return " The commitment is stated a year and owed as one amount over the whole term."
    return ""


def cost_words(plan: Plan) -> str:
    """The money of the curve."""
    present = counts_present_value(plan.inputs.contract, plan.inputs.decision)
    return "expected present value" if present else "expected cost"


def decided_cost_usd(plan: Plan, outcome: OfferOutcome) -> float:
    """What an offer is expected to cost in the money of the curve."""
    present = counts_present_value(plan.inputs.contract, plan.inputs.decision)
    return outcome.npv_cost.mean if present else outcome.expected_cost.mean


def _write_marks(sheet: Sheet, plan: Plan) -> None:
    """The offers that the charts mark: recommended, signed first and lived in this scenario, typed in."""
    contract = plan.inputs.contract
    sheet.header(_MARKS_ROW, (commit_words(contract), "", cost_words(plan)), n_text=0)
    for row, (label, outcome) in enumerate(_marked(plan), start=_MARKS_ROW + 1):
        sheet.number(row, 0, commit_on_axis(contract, outcome.offer), "usd")
        sheet.number(row, 2, decided_cost_usd(plan, outcome), "usd")
        sheet.text(row, 3, label, "label_after", sized=False)


def _marked(plan: Plan) -> tuple[tuple[str, OfferOutcome], ...]:
    first = "Recommended" if plan.inputs.contract.commits_usd_per_year is None else "As the plan fixes it"
    before = "Signed before routing"
    return (first, plan.recommendation), (before, plan.sign_first.lived)


def _headings(plan: Plan) -> tuple[str, ...]:
    contract = plan.inputs.contract
    discount = "discount, blended" if contract.band_mode == "incremental" else "discount"
    labels = (
        commit_words(contract),
        f"{discount}, contract year 1" if is_ramped(contract) else discount,
        cost_words(plan),
        "P(shortfall)",
        "expected shortfall",
        "expected overage",
        "cost where it can be chosen",
    )
    largest = f"P(shortfall), {period_word(contract)} where it is largest"
    return (*labels, largest) if _limits_periods(plan) else labels


def _write_points(sheet: Sheet, plan: Plan, *, limit: float) -> float:
    """The curve's rows; returns the least cost of what can be chosen: none, or within the limit.

    Below the bands too: protected prices may make even a commitment without a discount worth it.
    """
    sheet.header(_HEADER_ROW, _headings(plan), n_text=0)
    limit_per, of_periods = plan.inputs.decision.shortfall_limit_per, _limits_periods(plan)
    bounded, least = ("H" if of_periods else "D"), float("inf")
    for row, point in enumerate(plan.curve, start=_FIRST_ROW):
        values = (
            (point.offer.commit_usd_per_year, "usd"),
            (point.offer.discount_fraction, "percent"),
            (point.expected_cost_usd, "usd"),
            (point.shortfall_probability, "percent"),
            (point.expected_shortfall_usd, "usd"),
            (point.expected_overage_usd, "usd"),
        )
        for col, (value, style) in enumerate(values):
            sheet.number(row, col, value, style)
        commit, chance = point.offer.commit_usd_per_year, point.limited_probability(limit_per)
        if of_periods:
            sheet.number(row, _PERIOD_COL, chance, "percent")
        is_allowed = commit == 0 or chance <= limit
        within = f"{bounded}{row + 1}<={cell(_HEADER_ROW - 2, 1)}"
        formula = f'=IF(OR(A{row + 1}=0,{within}),C{row + 1},"")'
        sheet.formula(row, _ALLOWED_COL, formula, point.expected_cost_usd if is_allowed else "", "usd")
        least = min(least, point.expected_cost_usd) if is_allowed else least
    return least


def cost_chart(sheet: Sheet, workbook: Workbook, plan: Plan) -> Any:
    """A chart of expected cost over commitments, from the curve's sheet, to insert on any sheet."""
    points = _charted(plan)
    words = cost_words(plan).capitalize()
    cost = _chart(sheet, workbook, plan, y_col=2, title=f"{words} over commitments, by discount band")
    marks = _marked(plan)
    for row, ((label, _), marker) in enumerate(zip(marks, ("diamond", "square"), strict=True), start=1):
        cost.add_series(_mark(sheet, label, marker, _MARKS_ROW + row))
    shown = [point.expected_cost_usd for point in points] + [decided_cost_usd(plan, outcome) for _, outcome in marks]
    low, high = min(shown), max(shown)
    step = _step(high - low * 0.9)
    cost.set_y_axis(_axis(f"{words} over the term (USD)", high) | {"min": floor(low * 0.95 / step) * step})
    return cost


def _charted(plan: Plan) -> Sequence[Expectation]:
    """The curve up to where spend ends; a threshold far beyond it would squeeze everything else into a corner."""
    marks = (plan.recommendation.offer, plan.sign_first.signed.offer)
    spend = float(plan.summaries[plan.inputs.decision.scenario].annual_quantiles_usd[-1])
    top = max(1.25 * spend, *(commit_on_axis(plan.inputs.contract, offer) for offer in marks))
    return [point for point in plan.curve if point.offer.commit_usd_per_year <= top]


def _add_charts(sheet: Sheet, workbook: Workbook, plan: Plan, col: int) -> None:
    """A row below the headings, which are printed on every page with whatever touches them."""
    sheet.worksheet.insert_chart(_FIRST_ROW + 1, col, cost_chart(sheet, workbook, plan))
    title = f"Probability of a shortfall {in_any_period(plan.inputs.contract)}"
    risk = _chart(sheet, workbook, plan, y_col=3, title=title)
    risk.set_y_axis(_axis("P(shortfall)", 1.0) | {"num_format": "0%", "min": 0, "max": 1})
    sheet.worksheet.insert_chart(_FIRST_ROW + 1 + _CHART_ROWS, col, risk)


def _chart(sheet: Sheet, workbook: Workbook, plan: Plan, *, y_col: int, title: str) -> Any:
    """One line per discount band, so that the steps at the thresholds stay steps."""
    contract, curve = plan.inputs.contract, _charted(plan)
    chart = workbook.add_chart({"type": "scatter", "subtype": "straight"})
    lows = [low for low, _ in contract.commit_ranges]
    row, names = _FIRST_ROW, []
    for index, (_, band) in enumerate(groupby(curve, key=lambda p: bisect_right(lows, p.offer.commit_usd_per_year))):
        points = list(band)
        n = len(points)
        names.append(_line_name(contract, points[-1].offer, index))
        chart.add_series(
            {
                "name": names[-1],
                "categories": [sheet.name, row, 0, row + n - 1, 0],
                "values": [sheet.name, row, y_col, row + n - 1, y_col],
                "line": _LINES[index % len(_LINES)],
                # a band with one point on the curve has no line
                "marker": {"type": "none"} if n > 1 else {"type": "short_dash"},
            }
        )
        row += n
    chart.set_title({"name": title, "name_font": {"size": 12, "name": "Arial"}, "overlay": False})
    axis = "Commitment of contract year 1 (USD)" if is_ramped(contract) else "Commitment (USD a year)"
    chart.set_x_axis(_axis(axis, curve[-1].offer.commit_usd_per_year) | {"min": 0})
    legend = {"position": "bottom", "font": {"name": "Arial", "size": 9}}
    unnamed = {"delete_series": list(range(len(names)))} if len(names) > _MOST_NAMED_LINES else {}
    chart.set_legend(legend | unnamed)
    chart.set_size({"width": 640, "height": 300})
    return chart


def _line_name(contract: Contract, offer: Offer, index: int) -> str:
    """The discounts of a stretch of the curve inside which every contract year stays in its band."""
    if contract.band_mode == "incremental" and index:
        return f"band from {usd_short(contract.bands[index - 1].min_commit_usd_per_year)}"
    years = [offer.in_year(year).discount_fraction for year in range(contract.n_years)]
    shown = years if len(set(years)) > 1 else years[:1]
    if not any(shown):
        return "no discount"
    return f"{', '.join(f'{discount:.1%}' for discount in shown)} discount"


def _mark(sheet: Sheet, label: str, marker: str, row: int) -> dict[str, Any]:
    return {
        "name": label,
        "categories": [sheet.name, row, 0, row, 0],
        "values": [sheet.name, row, 2, row, 2],
        "line": {"none": True},
        "marker": {
            "type": marker,
            "size": 10,
            "fill": {"color": "#8A93A6" if marker == "square" else "#000000"},
            "border": {"color": "#000000"},
        },
    }


def _axis(name: str, top: float) -> dict[str, Any]:
    unit = '$#,##0.0,,"M"' if top >= 2e6 else '$#,##0,"k"' if top >= 2e3 else "$#,##0"
    return {
        "name": name,
        "num_format": unit,
        "name_font": {"name": "Arial", "size": 9, "bold": False},
        "num_font": {"name": "Arial", "size": 9},
        "major_gridlines": {"visible": True, "line": {"color": "#D0D4DC", "width": 0.5}},
    }


def _step(span: float) -> float:
    """A round step for an axis of this span."""
    return float(10.0 ** floor(log10(span))) / 2 if span > 0 else 1.0
