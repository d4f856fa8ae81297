"""Sheet Commit curve: expected cost over commitments as the program computed it, with charts."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from math import floor, log10
from typing import Any, Final

from xlsxwriter import Workbook

from planner.commit import Expectation
from planner.plan import Plan
from planner.workbook.sheet import Sheet, area, cell

_MARKS_ROW: Final = 3
_HEADER_ROW: Final = 9
_FIRST_ROW: Final = 10
_CHART_COL: Final = 8
_LAST_COL: Final = 17
_LINES: Final = (
    {"color": "#000000", "width": 1.25, "dash_type": "dash"},
    {"color": "#1F2A44", "width": 2.25, "dash_type": "solid"},
    {"color": "#5B6B8C", "width": 2.25, "dash_type": "round_dot"},
    {"color": "#1F2A44", "width": 1.5, "dash_type": "long_dash_dot"},
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CurveLayout:
    """For the checks: the least expected cost on the curve that can be chosen."""

    least_allowed: str
    least_allowed_usd: float


def write_curve(sheet: Sheet, workbook: Workbook, plan: Plan) -> CurveLayout:
    """The curve as a table, the offers marked on it, and two charts."""
    scenario = plan.inputs.decision.scenario
    sheet.title("Commit curve: what each commitment would cost", last_col=_LAST_COL)
    sheet.paragraph(
        1,
        f"Scenario decided on: {scenario}. Every commitment at its band's discount, over the term of "
        f"{plan.inputs.contract.term_months} months, computed by the program on all {plan.n_paths:,} paths.",
        last_col=_LAST_COL,
        width=180,
    )
    limit = plan.inputs.decision.max_shortfall_probability
    sheet.text(_HEADER_ROW - 2, 0, "Limit on P(shortfall)", "label")
    sheet.number(_HEADER_ROW - 2, 1, limit, "percent")
    lowest = plan.inputs.contract.bands[0].min_commit_usd_per_year
    sheet.text(_HEADER_ROW - 1, 0, "Lowest band from", "label")
    sheet.number(_HEADER_ROW - 1, 1, lowest, "usd")
    _write_marks(sheet, plan)
    allowed = _write_points(sheet, plan.curve, limit=limit, lowest=lowest)
    last = _FIRST_ROW + len(plan.curve) - 1
    sheet.text(last + 1, 0, "least of these", "total_text")
    for col in range(1, 6):
        sheet.worksheet.write_blank(last + 1, col, None, sheet.styles["total_text"])
    sheet.formula(last + 1, 6, f"=MIN({area(_FIRST_ROW, 6, last, 6)})", allowed, "total_usd")
    sheet.set_layout(at_least={0: 17, 1: 10} | dict.fromkeys(range(2, 7), 16))
    sheet.print_setup(last_row=last + 1, last_col=_LAST_COL, header_row=_HEADER_ROW)
    _add_charts(sheet, workbook, plan)
    return CurveLayout(least_allowed=sheet.ref(cell(last + 1, 6)), least_allowed_usd=allowed)


def _write_marks(sheet: Sheet, plan: Plan) -> None:
    """The offers that the charts mark: recommended, signed first and lived in this scenario, typed in."""
    sheet.header(_MARKS_ROW, ("commitment, USD a year", "", "expected cost"), n_text=0)
    first = plan.sign_first.lived
    best = plan.recommendation
    for row, (label, commit, cost) in enumerate(
        (
            ("Recommended", best.offer.commit_usd_per_year, best.expected_cost.mean),
            ("Signed before routing", first.offer.commit_usd_per_year, first.expected_cost.mean),
        ),
        start=_MARKS_ROW + 1,
    ):
        sheet.number(row, 0, commit, "usd")
        sheet.number(row, 2, cost, "usd")
        sheet.text(row, 3, label, "label_after", sized=False)


def _write_points(sheet: Sheet, curve: Sequence[Expectation], *, limit: float, lowest: float) -> float:
    """The curve's rows; returns the least cost of what can be chosen: none, or in a band and within the limit."""
    labels = (
        "commitment, USD a year",
        "discount",
        "expected cost",
        "P(shortfall)",
        "expected shortfall",
        "expected overage",
        "cost where it can be chosen",
    )
    sheet.header(_HEADER_ROW, labels, n_text=0)
    least = float("inf")
    for row, point in enumerate(curve, start=_FIRST_ROW):
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
        commit = point.offer.commit_usd_per_year
        is_allowed = commit == 0 or (point.shortfall_probability <= limit and commit >= lowest)
        within = f"D{row + 1}<={cell(_HEADER_ROW - 2, 1)},A{row + 1}>={cell(_HEADER_ROW - 1, 1)}"
        formula = f'=IF(OR(A{row + 1}=0,AND({within})),C{row + 1},"")'
        sheet.formula(row, 6, formula, point.expected_cost_usd if is_allowed else "", "usd")
        least = min(least, point.expected_cost_usd) if is_allowed else least
    return least


def cost_chart(sheet: Sheet, workbook: Workbook, plan: Plan) -> Any:
    """A chart of expected cost over commitments, from the curve's sheet, to insert on any sheet."""
    points = _charted(plan)
    cost = _chart(sheet, workbook, points, y_col=2, title="Expected cost over commitments, by discount band")
    for row, label, marker in ((1, "Recommended", "diamond"), (2, "Signed before routing", "square")):
        cost.add_series(_mark(sheet, label, marker, _MARKS_ROW + row))
    low = min(point.expected_cost_usd for point in points)
    high = max(point.expected_cost_usd for point in points)
    step = _step(high - low * 0.9)
    cost.set_y_axis(_axis("Expected cost over the term (USD)", high) | {"min": floor(low * 0.95 / step) * step})
    return cost


def _charted(plan: Plan) -> Sequence[Expectation]:
    """The curve up to where spend ends; a threshold far beyond it would squeeze everything else into a corner."""
    marks = (plan.recommendation.offer, plan.sign_first.signed.offer)
    spend = float(plan.summaries[plan.inputs.decision.scenario].annual_quantiles_usd[-1])
    top = max(1.25 * spend, *(offer.commit_usd_per_year for offer in marks))
    return [point for point in plan.curve if point.offer.commit_usd_per_year <= top]


def _add_charts(sheet: Sheet, workbook: Workbook, plan: Plan) -> None:
    """Below the headings, which are printed on every page with whatever lies over them."""
    sheet.worksheet.insert_chart(_FIRST_ROW, _CHART_COL, cost_chart(sheet, workbook, plan))
    title = "Probability of a shortfall in any contract year"
    risk = _chart(sheet, workbook, _charted(plan), y_col=3, title=title)
    risk.set_y_axis(_axis("P(shortfall)", 1.0) | {"num_format": "0%", "min": 0, "max": 1})
    sheet.worksheet.insert_chart(_FIRST_ROW + 18, _CHART_COL, risk)


def _chart(sheet: Sheet, workbook: Workbook, curve: Sequence[Expectation], *, y_col: int, title: str) -> Any:
    """One line per discount band, so that the steps at the thresholds stay steps."""
    chart = workbook.add_chart({"type": "scatter", "subtype": "straight"})
    row = _FIRST_ROW
    for index, (discount, points) in enumerate(groupby(curve, key=lambda point: point.offer.discount_fraction)):
        n = len(list(points))
        chart.add_series(
            {
                "name": f"{discount:.1%} discount" if discount else "no discount",
                "categories": [sheet.name, row, 0, row + n - 1, 0],
                "values": [sheet.name, row, y_col, row + n - 1, y_col],
                "line": _LINES[index % len(_LINES)],
                # a band with one point on the curve has no line
                "marker": {"type": "none"} if n > 1 else {"type": "short_dash"},
            }
        )
        row += n
    chart.set_title({"name": title, "name_font": {"size": 12, "name": "Arial"}, "overlay": False})
    chart.set_x_axis(_axis("Commitment (USD a year)", curve[-1].offer.commit_usd_per_year) | {"min": 0})
    chart.set_legend({"position": "bottom", "font": {"name": "Arial", "size": 9}})
    chart.set_size({"width": 640, "height": 350})
    return chart


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
