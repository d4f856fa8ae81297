"""Sheet Scenarios and regret: annual and monthly list spend of every scenario, and the differences between them."""

from typing import Any, Final

from xlsxwriter import Workbook

from planner.machine import compare_json
from planner.negotiation.regret import RegretMatrix
from planner.plan import ANNUAL_LEVELS, MONTHLY_LEVELS, Plan
from planner.units import MONTHS_PER_YEAR
from planner.workbook.check import Check
from planner.workbook.negotiating.regret_table import regret_columns, write_regret
from planner.workbook.sheet import Sheet, number_or

_FIRST_TABLE_ROW: Final = 3

_CHART_ROWS: Final = 16
_NARROWEST: Final = 14


def write_scenarios(sheet: Sheet, workbook: Workbook, plan: Plan, regret: RegretMatrix | None = None) -> list[Check]:
    """Annual and monthly list spend of every scenario, differences on common paths, a chart of the one decided on, and
    the regret between scenarios where it was worked out; its checks."""
    sheet.title("Scenarios: list spend before any negotiated discount, US dollars", last_col=8)
    sheet.paragraph(
        1,
        "Annual figures are the first twelve months of the contract. All scenarios run on the same random numbers, so "
        "differences are taken path by path; the error is one standard error of the simulation.",
        last_col=8,
    )
    row = _write_annual(sheet, plan, _FIRST_TABLE_ROW)
    row = _write_differences(sheet, plan, row + 1)
    last_col, found = 8, list[Check]()
    if regret is not None:
        last_col = max(last_col, regret_columns(regret) - 1)
        row, found = write_regret(sheet, workbook, regret, row + 1, last_col=last_col)
        row -= 1
    chart_row = row + 1
    months_row = chart_row + _CHART_ROWS + 2
    first, last_row = _write_monthly(sheet, plan, months_row - 2)
    sheet.set_layout(at_least={0: 26} | dict.fromkeys(range(1, last_col), _NARROWEST))
    _add_fan(sheet, workbook, plan, chart_row, first)
    sheet.print_setup(last_row=last_row, last_col=last_col)
    sheet.worksheet.freeze_panes(1, 0)
    # the months are the last table, and the only one that goes on over a page
    sheet.worksheet.repeat_rows(months_row - 1)
    return found


def _write_annual(sheet: Sheet, plan: Plan, row: int) -> int:
    sheet.subtitle(row, "A contract year", last_col=8)
    labels = [f"P{level * 100:.0f}" for level in ANNUAL_LEVELS]
    sheet.header(row + 1, ("scenario", "mean", "std. error", *labels, "run-rate saving"))
    for index, (name, summary) in enumerate(plan.summaries.items(), start=row + 2):
        sheet.text(index, 0, name)
        sheet.number(index, 1, summary.annual.mean, "usd")
        sheet.value(index, 2, number_or(summary.annual.se), "usd")
        for col, value in enumerate(summary.annual_quantiles_usd.tolist(), start=3):
            sheet.number(index, col, value, "usd")
        sheet.number(index, 3 + len(labels), summary.run_rate_saving_fraction, "percent")
    last = row + 2 + len(plan.summaries)
    marks = f"Baseline: {plan.inputs.baseline}. Decided on: {plan.inputs.decision.scenario}."
    sheet.paragraph(last, f"{marks} Run-rate saving: the last term month against the baseline's.", last_col=8)
    return last + 1


def _write_differences(sheet: Sheet, plan: Plan, row: int) -> int:
    found = compare_json([plan])["differences"]
    if not found:
        return row - 1
    sheet.subtitle(row, "Differences a year, a less b, on the same paths", last_col=8)
    sheet.header(row + 1, ("a", "b", "a - b", "std. error", "share of b"), n_text=2)
    for index, item in enumerate(found, start=row + 2):
        value: dict[str, Any] = item["annual_list_cost_usd"]
        before = plan.summaries[item["b"]].annual.mean
        sheet.text(index, 0, item["a"])
        sheet.text(index, 1, item["b"])
        sheet.number(index, 2, value["mean"], "usd")
        sheet.value(index, 3, number_or(value["se"]), "usd")
        sheet.number(index, 4, value["mean"] / before if before else 0.0, "percent")
    return row + 2 + len(found)


def _write_monthly(sheet: Sheet, plan: Plan, row: int) -> tuple[int, int]:
    """One row per scenario and month; returns the first row of the scenario decided on, and the last row."""
    sheet.subtitle(row, "By month", last_col=8)
    sheet.header(row + 1, ("scenario", "month", *(f"P{level * 100:.0f}" for level in MONTHLY_LEVELS), "mean"), n_text=2)
    start, decided = plan.inputs.start, row + 2
    row += 2
    for name, summary in plan.summaries.items():
        decided = row if name == plan.inputs.decision.scenario else decided
        for month, mean in enumerate(summary.monthly_mean_usd.tolist()):
            index = start.month - 1 + month
            sheet.text(row, 0, name)
            sheet.text(row, 1, f"{start.year + index // MONTHS_PER_YEAR}-{index % MONTHS_PER_YEAR + 1:02d}")
            for col, value in enumerate(summary.monthly_quantiles_usd[:, month].tolist(), start=2):
                sheet.number(row, col, value, "usd")
            sheet.number(row, 5, mean, "usd")
            row += 1
    return decided, row - 1


def _add_fan(sheet: Sheet, workbook: Workbook, plan: Plan, row: int, first: int) -> None:
    """The monthly fan of the scenario decided on, whose months begin in row `first`."""
    n = plan.inputs.months
    chart = workbook.add_chart({"type": "line"})
    lines = (
        (2, "P10", "dash", 1.25),
        (3, "P50", "solid", 2.5),
        (4, "P90", "long_dash", 1.25),
        (5, "mean", "round_dot", 1.5),
    )
    for col, label, dash, width in lines:
        chart.add_series(
            {
                "name": label,
                "categories": [sheet.name, first, 1, first + n - 1, 1],
                "values": [sheet.name, first, col, first + n - 1, col],
                "line": {"color": "#1F2A44", "width": width, "dash_type": dash},
            }
        )
    font = {"name": "Arial", "size": 9, "bold": False}
    chart.set_title(
        {"name": f"Monthly list spend: {plan.inputs.decision.scenario}", "name_font": {"size": 12, "name": "Arial"}}
    )
    chart.set_x_axis({"name": "Month", "name_font": font, "num_font": font})
    grid = {"visible": True, "line": {"color": "#D0D4DC", "width": 0.5}}
    chart.set_y_axis(
        {
            "name": "List spend (USD a month)",
            "num_format": "$#,##0",
            "name_font": font,
            "num_font": font,
            "min": 0,
            "major_gridlines": grid,
        }
    )
    chart.set_legend({"position": "bottom", "font": font})
    chart.set_size({"width": sheet.pixels(0, 8), "height": 300})
    sheet.worksheet.insert_chart(row, 0, chart)
