"""Sheets Scenarios, Request mix and Routes: what the program found."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any, Final

from xlsxwriter import Workbook

from planner.lever_costs.economics import RouteEconomics
from planner.machine import compare_json
from planner.plan import ANNUAL_LEVELS, MONTHLY_LEVELS, Plan
from planner.prepared import MixLine
from planner.units import MONTHS_PER_YEAR, TOKEN_CLASSES
from planner.workbook.sheet import Sheet, area, cell

_FIRST_TABLE_ROW: Final = 3
_MIX_LAST_COL: Final = 7
_CHART_ROWS: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class MixLayout:
    """Addresses of the mix's totals."""

    list_cost: str
    share: str


def write_scenarios(sheet: Sheet, workbook: Workbook, plan: Plan) -> None:
    """Annual and monthly list spend of every scenario, differences on common paths, a chart of the one decided on."""
    sheet.title("Scenarios: list spend before any negotiated discount, US dollars", last_col=8)
    sheet.paragraph(
        1,
        "Annual figures are the first twelve months of the contract. All scenarios run on the same random numbers, so "
        "differences are taken path by path; the error is one standard error of the simulation.",
        last_col=8,
        width=125,
    )
    row = _write_annual(sheet, plan, _FIRST_TABLE_ROW)
    row = _write_differences(sheet, plan, row + 1)
    chart_row = row + 1
    first, last_row = _write_monthly(sheet, plan, chart_row + _CHART_ROWS)
    sheet.set_layout(at_least={0: 26})
    _add_fan(sheet, workbook, plan, chart_row, first)
    sheet.print_setup(last_row=last_row, last_col=8)
    sheet.worksheet.freeze_panes(1, 0)


def _write_error(sheet: Sheet, row: int, col: int, se: float | None) -> None:
    """A standard error; one path has none."""
    if se is None or not isfinite(se):
        sheet.text(row, col, "n/a", "right")
    else:
        sheet.number(row, col, se, "usd")


def _write_annual(sheet: Sheet, plan: Plan, row: int) -> int:
    sheet.subtitle(row, "A contract year", last_col=8)
    labels = [f"P{level * 100:.0f}" for level in ANNUAL_LEVELS]
    sheet.header(row + 1, ("scenario", "mean", "std. error", *labels, "run-rate saving"))
    for index, (name, summary) in enumerate(plan.summaries.items(), start=row + 2):
        sheet.text(index, 0, name)
        sheet.number(index, 1, summary.annual.mean, "usd")
        _write_error(sheet, index, 2, summary.annual.se)
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
        _write_error(sheet, index, 3, value["se"])
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
    chart.set_size({"width": 860, "height": 300})
    sheet.worksheet.insert_chart(row, 0, chart)


def write_mix(sheet: Sheet, plan: Plan) -> MixLayout:
    """A level month of the request mix at the plan's prices, largest share of the bill first, and its tokens."""
    sheet.title("Request mix: a level month at list prices", last_col=_MIX_LAST_COL)
    sheet.paragraph(
        1,
        f"At prices of {plan.prepared.priced_on}, before growth, seasons and any lever.",
        last_col=_MIX_LAST_COL,
    )
    layout, row = _write_mix_lines(sheet, plan.prepared.mix_lines, 3)
    last = _write_mix_tokens(sheet, plan, row + 2)
    sheet.set_layout(at_least={0: 18})
    sheet.print_setup(last_row=last, last_col=_MIX_LAST_COL, header_row=3)
    return layout


def _write_mix_lines(sheet: Sheet, lines: Sequence[MixLine], row: int) -> tuple[MixLayout, int]:
    labels = ("requests a month", "list cost a month", "share of bill", "cumulative", "cost per request")
    sheet.header(row, ("request type", "model", *labels), n_text=2)
    first, total_row = row + 1, row + 1 + len(lines)
    total = sum(line.monthly_list_cost_usd for line in lines)
    running = 0.0
    all_rows = f"SUM({area(first, 3, total_row - 1, 3)})"
    for row, line in enumerate(lines, start=first):
        cost, requests, at = line.monthly_list_cost_usd, line.monthly_requests, row + 1
        running += cost
        sheet.text(row, 0, line.request_type)
        sheet.text(row, 1, line.model)
        sheet.number(row, 2, requests, "count")
        sheet.number(row, 3, cost, "usd")
        sheet.formula(row, 4, f"=IF({all_rows}>0,D{at}/{all_rows},0)", _ratio(cost, total), "percent")
        sheet.formula(row, 5, f"=SUM({cell(first, 4)}:E{at})", _ratio(running, total), "percent")
        sheet.formula(row, 6, f"=IF(C{at}>0,D{at}/C{at},0)", _ratio(cost, requests), "usd_small")
    sums = (
        (2, sum(line.monthly_requests for line in lines), "total_count"),
        (3, total, "total_usd"),
        (4, _ratio(total, total), "total_percent"),
    )
    for col, value, style in sums:
        sheet.formula(total_row, col, f"=SUM({area(first, col, total_row - 1, col)})", value, style)
    for col in (1, 5, 6):
        sheet.worksheet.write_blank(total_row, col, None, sheet.styles["total_text"])
    sheet.text(total_row, 0, "total", "total_text")
    return MixLayout(list_cost=sheet.ref(cell(total_row, 3)), share=sheet.ref(cell(total_row, 4))), total_row


def _write_mix_tokens(sheet: Sheet, plan: Plan, row: int) -> int:
    entries = {(entry.request_type, entry.model): entry for entry in plan.prepared.mix.entries}
    sheet.subtitle(row, "Tokens per request, means, and share of requests in batch", last_col=_MIX_LAST_COL)
    tokens = [name.replace("_", " ") for name in TOKEN_CLASSES]
    sheet.header(row + 1, ("request type", "model", *tokens, "batch share"), n_text=2)
    for at, line in enumerate(plan.prepared.mix_lines, start=row + 2):
        entry = entries[(line.request_type, line.model)]
        sheet.text(at, 0, line.request_type)
        sheet.text(at, 1, line.model)
        for col, value in enumerate(entry.tokens_per_request.tolist(), start=2):
            sheet.number(at, col, value, "count")
        sheet.number(at, 2 + len(tokens), entry.batch_fraction, "percent")
    return row + 1 + len(plan.prepared.mix_lines)


def _ratio(value: float, of: float) -> float:
    return value / of if of > 0 else 0.0


def write_routes(sheet: Sheet, plan: Plan) -> None:
    """Every route: list cost of one request before and after, escalation and its break-even."""
    sheet.title("Routes: does moving a request type pay?", last_col=_PAYS)
    sheet.paragraph(
        1,
        "List cost of one request, other levers apart. After: the routed call, router overhead, and for what no rule "
        "sends the judge and escalated requests paid again. Wrong answers that are accepted are in no bill, but in the "
        "break-even. Routing pays while escalation stays below it.",
        last_col=_PAYS,
        width=140,
    )
    sheet.header(3, _ROUTE_COLUMNS, n_text=4)
    row = 4
    for costs in plan.prepared.scenario_costs:
        for route in costs.economics:
            _write_route(sheet, row, costs.scenario.name, route)
            row += 1
    sheet.set_layout(at_least={0: 18})
    sheet.print_setup(last_row=row - 1, last_col=_PAYS, header_row=3)


_ROUTE_COLUMNS = (
    *("scenario", "request type", "from", "to", "before", "routed call", "escalated call", "overhead", "judge"),
    *("by rule", "escalation", "wrong answers", "after", "break-even escalation", "pays"),
)
_PAYS = len(_ROUTE_COLUMNS) - 1


def _write_route(sheet: Sheet, row: int, scenario: str, route: RouteEconomics) -> None:
    for col, text in enumerate((scenario, route.request_type, route.source, route.to)):
        sheet.text(row, col, text)
    usd = (
        route.unit_cost_before_usd,
        route.unit_cost_routed_usd,
        route.unit_cost_escalated_usd,
        route.overhead_usd,
        route.judge_usd,
    )
    for col, value in enumerate(usd, start=4):
        sheet.number(row, col, value, "usd_small")
    sheet.number(row, 9, route.rule_fraction, "percent")
    sheet.number(row, 10, route.escalation, "percent")
    sheet.number(row, 11, route.error_cost_usd, "usd_small")
    at = row + 1
    sheet.formula(row, 12, f"=F{at}+H{at}+(1-J{at})*(I{at}+K{at}*G{at})", route.unit_cost_after_usd, "usd_small")
    even = route.break_even_escalation if isfinite(route.break_even_escalation) else "n/a"
    formula = f'=IF(OR(G{at}=0,J{at}=1),"n/a",((E{at}-F{at}-H{at}-L{at})/(1-J{at})-I{at})/G{at})'
    sheet.formula(row, 13, formula, even, "percent")
    sheet.formula(row, 14, f'=IF(M{at}+L{at}<E{at},"yes","no")', "yes" if route.pays else "no", "right")
