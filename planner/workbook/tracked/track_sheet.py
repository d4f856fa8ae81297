"""Sheet Tracking: the commitment as signed against what was used, what is to be expected now, and what changed."""

from dataclasses import dataclass
from typing import Any, Final

from xlsxwriter import Workbook

from planner.contract import Contract
from planner.tracking.tracking import Tracking
from planner.tracking_reports.conclusion import at_signing, headline
from planner.tracking_reports.drawdown import drawdown_sentences
from planner.tracking_reports.forecasts import basis_sentences
from planner.tracking_reports.told import track_notes
from planner.units import HALF_CENT_USD
from planner.workbook.check import Check
from planner.workbook.sheet import Sheet, cell, less
from planner.workbook.tracked.track_months import MonthsLayout, MonthsTable
from planner.workbook.tracked.track_tables import (
    CausesLayout,
    write_actions,
    write_causes,
    write_drift,
    write_history,
    write_renewal,
)

_FEWEST_COLS: Final = 12
_ROUNDING: Final = 1e-9
_CHART_ROWS: Final = 18


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackLayout:
    """For the checks: where months and causes stand; no causes without a closed month."""

    months: MonthsLayout
    causes: CausesLayout | None


def write_track(sheet: Sheet, workbook: Workbook, tracking: Tracking) -> TrackLayout:
    """What is to be expected first, then months, causes, earlier forecasts, actions, drift and the next term."""
    table = MonthsTable(sheet=sheet, tracking=tracking)
    last_col = max(table.last_col, _FEWEST_COLS)
    sheet.title("Track: the commitment as signed against what was used", last_col=last_col)
    sheet.paragraph(1, _basis(tracking), last_col=last_col)
    row = 3
    for line in headline(tracking):
        sheet.paragraph(row, line, last_col=last_col, style="lead")
        row += 1
    for line in (*drawdown_sentences(tracking), *(f"• {note}" for note in track_notes(tracking))):
        sheet.paragraph(row, line, last_col=last_col)
        row += 1
    row = _write_expected(sheet, tracking, row + 1, last_col)
    chart_row = row + 1
    row, months = table.write(chart_row + _CHART_ROWS, last_col)
    sheet.worksheet.insert_chart(chart_row, 0, _spend_chart(sheet, workbook, months))
    causes = None
    if tracking.causes.by_month:
        row, causes = write_causes(sheet, tracking, row + 1, last_col)
    for write in (write_history, write_actions, write_drift, write_renewal):
        row = write(sheet, tracking, row + 1, last_col)
    sheet.set_layout(at_least={0: 26, 1: 12} | dict.fromkeys(range(2, last_col + 1), 11))
    sheet.print_setup(last_row=row, last_col=last_col)
    sheet.worksheet.freeze_panes(1, 0)
    return TrackLayout(months=months, causes=causes)


def _basis(tracking: Tracking) -> str:
    signed = tracking.signed
    said = f"Signed on {signed.signed.on}, seen on {tracking.on}. {_drawdown(signed.contract)}"
    return " ".join((said, *basis_sentences(tracking)))


def _drawdown(contract: Contract) -> str:
    dollars = "list dollars" if contract.drawdown == "list" else "contracted dollars, after the discount"
    return f"Commitments and draws count in {dollars}; months are list dollars."


def _write_expected(sheet: Sheet, tracking: Tracking, row: int, last_col: int) -> int:
    """At signing beside now, the period that runs, and the pace; returns the next free row."""
    forecast, before = tracking.forecast, at_signing(tracking) or tracking.past[0]
    sheet.subtitle(row, "What is to be expected over the term", last_col=last_col)
    sheet.header(row + 1, ("", "at signing", f"after {forecast.as_of}", "change", "standard error"))
    lines = (
        ("Probability of a shortfall", before.shortfall_probability, forecast.shortfall_probability, "percent"),
        ("Expected shortfall", before.expected_shortfall_usd, forecast.expected_shortfall, "usd"),
        ("Probability of use beyond it", before.overage_probability, forecast.overage_probability, "percent"),
        ("Expected overage", before.expected_overage_usd, forecast.expected_overage, "usd"),
    )
    for at, (label, then, now, style) in enumerate(lines, start=row + 2):
        sheet.text(at, 0, label, "label", sized=False)
        sheet.number(at, 1, then, style)
        sheet.number(at, 2, now.mean, f"bold_{style}")
        one, other = (cell(at, col, row_abs=False) for col in (2, 1))
        sheet.formula(at, 3, f"={one}-{other}", less(now.mean, then), style)
        sheet.value(at, 4, now.se if now.se == now.se else "n/a", style)
    at = row + 2 + len(lines)
    sheet.text(at, 0, "Committed over the term", "label", sized=False)
    sheet.number(at, 2, forecast.committed_usd, "usd")
    sheet.text(at + 1, 0, "Drawn so far", "label", sized=False)
    sheet.number(at + 1, 2, forecast.drawn_usd, "usd")
    sheet.text(at + 2, 0, "Share drawn", "label", sized=False)
    drawn, committed = (cell(each, 2, row_abs=False) for each in (at + 1, at))
    share = forecast.drawn_usd / forecast.committed_usd if forecast.committed_usd > 0 else 0.0
    sheet.formula(at + 2, 2, f"=IF({committed}>0,{drawn}/{committed},0)", share, "percent")
    return at + 4


def _spend_chart(sheet: Sheet, workbook: Workbook, months: MonthsLayout) -> Any:
    """List spend by month: actual, as signed and as it is to be expected now; told apart by marker and dash."""
    chart = workbook.add_chart({"type": "line"})
    lines: tuple[tuple[str, str, dict[str, Any]], ...] = (
        ("actual", "whole", {"line": {"color": "#1B2430", "width": 2.5}, "marker": _dot("#1B2430")}),
        ("as signed, P50", "signed_p50", {"line": {"color": "#5B6673", "width": 2, "dash_type": "dash"}}),
        ("as signed, P10", "signed_p10", {"line": {"color": "#5B6673", "width": 1, "dash_type": "round_dot"}}),
        ("as signed, P90", "signed_p90", {"line": {"color": "#5B6673", "width": 1, "dash_type": "long_dash"}}),
        ("today, P50", "today_p50", {"line": {"color": "#1F5FA8", "width": 2.5}}),
        ("today, P10", "today_p10", {"line": {"color": "#1F5FA8", "width": 1.5, "dash_type": "square_dot"}}),
        ("today, P90", "today_p90", {"line": {"color": "#1F5FA8", "width": 1.5, "dash_type": "long_dash_dot"}}),
    )
    for name, key, look in lines:
        col = months.columns[key]
        chart.add_series(
            {
                "name": name,
                "categories": [sheet.name, months.first, 0, months.last, 0],
                "values": [sheet.name, months.first, col, months.last, col],
            }
            | look
        )
    font = {"name": "Arial", "size": 9}
    chart.set_title({"name": "List spend by month", "name_font": {"size": 12, "name": "Arial"}, "overlay": False})
    chart.set_x_axis({"name": "month", "name_font": font, "num_font": font})
    chart.set_y_axis({"name": "list spend (USD a month)", "name_font": font, "num_font": font, "num_format": "$#,##0"})
    chart.set_legend({"position": "right", "font": font})
    chart.show_blanks_as("gap")
    chart.set_size({"width": 860, "height": 330})
    return chart


def _dot(colour: str) -> dict[str, Any]:
    return {"type": "circle", "size": 6, "fill": {"color": colour}, "border": {"color": colour}}


def track_checks(tracking: Tracking, layout: TrackLayout) -> list[Check]:
    """What must hold of the sheet: months add up, what is left is what settlement leaves, and causes add up."""
    months, period = layout.months, tracking.forecast.period
    seen = sum(month.list_cost_usd for month in tracking.actual)
    found = [
        Check(
            what="Track: months add up to the list cost of all use that was seen",
            formula=f"={months.actual}",
            value=months.actual_usd,
            expected=seen,
            tolerance=max(_ROUNDING * seen, HALF_CENT_USD),
        )
    ]
    if months.left is not None:
        found.append(
            Check(
                what="Track: the period's commitment less what was drawn is what settlement leaves of it",
                formula=f"={months.left}",
                value=months.left_usd,
                expected=period.left_usd,
                tolerance=max(_ROUNDING * period.committed_usd, HALF_CENT_USD),
            )
        )
    return found + ([] if layout.causes is None else _cause_checks(tracking, layout.causes))


def _cause_checks(tracking: Tracking, causes: CausesLayout) -> list[Check]:
    return [
        Check(
            what="Track: planned and all causes add up to what was used",
            formula=f"={causes.total}",
            value=causes.total_usd,
            expected=tracking.causes.actual_usd,
            tolerance=max(_ROUNDING * tracking.causes.actual_usd, HALF_CENT_USD),
        ),
        Check(
            what="Track: months whose causes do not add up to the cent",
            formula=f"={causes.missing}",
            value=float(causes.n_missing),
            expected=0.0,
            tolerance=0.0,
            style="count",
        ),
    ]
