"""Sheet Waterfall: from today's list spend to what is paid, step by step, and what adding levers up would claim."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from xlsxwriter import Workbook

from planner.dossier import Dossier
from planner.levers_report import waterfall_table
from planner.levers_sentences import levers_sentences
from planner.plan import Plan
from planner.risk import Estimate, RangedEstimate
from planner.waterfall import Waterfall
from planner.words import percent
from planner.workbook.check import Check
from planner.workbook.results.money_chart import axis, finish, money_format
from planner.workbook.sheet import Sheet, area, cell, less, number_or

_LAST_COL: Final = 9
_CHART_ROWS: Final = 15
_CHANGE, _RUNNING, _ALONE = 1, 5, 8
_FLAG, _BASE, _LEVEL, _FALLS, _RISES = range(11, 16)
_ROUNDING: Final = 1e-9
_TOTALS: Final = {
    "value": True,
    "num_format": '$#,##0,"k";-$#,##0,"k";',
    "position": "inside_end",
    "font": {"name": "Arial", "size": 9, "color": "#FFFFFF"},
}
_HEADINGS: Final = (
    "step",
    "change, USD a year",
    "standard error",
    "P10",
    "P90",
    "running total, USD a year",
    "change, of today's",
    "running total, of today's",
    "by itself, USD a year",
    "standard error",
)


def has_waterfall(dossier: Dossier) -> bool:
    """Whether levers were split, and anything is spent or paid."""
    return any(fall.before.mean > 0 or fall.paid.mean != 0 for fall in (dossier.waterfalls or {}).values())


def write_waterfall(sheet: Sheet, workbook: Workbook, dossier: Dossier) -> list[Check]:
    """A table and a bridge chart for the scenario decided on, then for every other one with levers."""
    plan = dossier.plan
    sheet.title("Waterfall: from today's list spend to what is paid, US dollars of contract year 1", last_col=_LAST_COL)
    sheet.paragraph(1, _how_to_read(plan), last_col=_LAST_COL)
    row, starts, found = 3, list[int](), list[Check]()
    for fall in _shown(dossier):
        starts.append(row)
        row, checks = _write_block(sheet, workbook, plan, fall, row)
        found += checks
    # what the charts are drawn from stands beside the printed page
    sheet.set_layout(exact={0: 40} | dict.fromkeys(range(1, _LAST_COL + 1), 14) | dict.fromkeys(range(11, 16), 11))
    sheet.print_setup(last_row=row - 2, last_col=_LAST_COL)
    sheet.worksheet.set_h_pagebreaks(starts[1:])
    sheet.worksheet.freeze_panes(1, 0)
    return found


def _shown(dossier: Dossier) -> Iterator[Waterfall]:
    falls, decided = dossier.waterfalls or {}, dossier.plan.inputs.decision.scenario
    yield falls[decided]
    yield from (fall for name, fall in falls.items() if name != decided and fall.steps)


def _how_to_read(plan: Plan) -> str:
    return (
        "Read down: today's spend, what each kind of lever changes of it, and what the commitment changes; the running "
        f"total ends at what is paid. Means over {plan.n_paths:,} simulated paths with one standard error; P10 and P90 "
        "are those of the step, of a total where the line has no change. By itself: what the lever would change if no "
        "other were used. In the chart, full columns are totals, and columns that hang are changes."
    )


# --- one scenario -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """A line of the bridge. change_usd: None where it is a total; of: what its error, P10 and P90 are those of."""

    label: str
    change_usd: float | None
    of: RangedEstimate | None
    alone: Estimate | None = None


def _rows(fall: Waterfall) -> list[_Row]:
    """The lines, under the names that the levers' report gives them."""
    labels = [row[0] for row in waterfall_table(fall).rows]
    if not fall.steps:
        del labels[1]  # without levers nothing is optimised
    steps = [(step.usd.mean, step.usd, step.alone) for step in fall.steps]
    fixed: list[tuple[float, RangedEstimate | None, Estimate | None]] = (
        [(fall.fixed_usd, None, None)] if fall.fixed_usd else []
    )
    values: list[tuple[float | None, RangedEstimate | None, Estimate | None]] = [
        (fall.before.mean, fall.before, None),
        *steps,
        *([(None, fall.after, None)] if fall.steps else []),
        *fixed,
        (fall.discount.mean, fall.discount, None),
        (None, fall.paid, None),
    ]
    return [
        _Row(label=label, change_usd=change, of=of, alone=alone)
        for label, (change, of, alone) in zip(labels, values, strict=True)
    ]


def _write_block(sheet: Sheet, workbook: Workbook, plan: Plan, fall: Waterfall, row: int) -> tuple[int, list[Check]]:
    """A scenario; returns the next free row and its checks."""
    decided = " (decided on)" if fall.scenario == plan.inputs.decision.scenario else ""
    sheet.subtitle(row, f"{fall.scenario}{decided}", last_col=_LAST_COL)
    said = " ".join(levers_sentences(plan, {fall.scenario: fall}, fall.scenario))
    sheet.paragraph(row + 1, said, last_col=_LAST_COL)
    rows, first = _rows(fall), row + 3 + _CHART_ROWS
    sheet.header(first - 1, _HEADINGS if fall.steps else _HEADINGS[:_ALONE])
    sheet.header(first - 1, ("total", "base", "totals", "falls", "rises"), first_col=_FLAG, n_text=0)
    _write_bridge(sheet, rows, first)
    last = first + len(rows) - 1
    next_row = last + 1
    if fall.steps:
        next_row = _write_claim(sheet, fall, first, rows, last + 2)
    sheet.paragraph(next_row, waterfall_table(fall).note, last_col=_LAST_COL)
    _add_chart(sheet, workbook, fall, (first, last + 2 if fall.steps else last), row + 2)
    return next_row + 2, _checks(sheet, fall, rows, first)


def _write_bridge(sheet: Sheet, rows: Sequence[_Row], first: int) -> None:
    running, before = 0.0, rows[0].change_usd or 0.0
    for at, item in enumerate(rows, start=first):
        style = "bold_" if item.change_usd is None or at == first else ""
        sheet.text(at, 0, item.label, "bold" if style else "text")
        running += item.change_usd or 0.0
        if item.change_usd is not None:
            sheet.number(at, _CHANGE, item.change_usd, f"{style}usd")
            formula = f"=IF({cell(first, _RUNNING)}>0,{cell(at, _CHANGE, row_abs=False)}/{cell(first, _RUNNING)},0)"
            sheet.formula(at, 6, formula, item.change_usd / before if before > 0 else 0.0, f"{style}percent")
        if item.of is not None:
            _write_spread(sheet, at, item.of)
        total = f"=SUM({cell(first, _CHANGE)}:{cell(at, _CHANGE, row_abs=False)})"
        sheet.formula(at, _RUNNING, total, running, f"{style}usd")
        share = f"=IF({cell(first, _RUNNING)}>0,{cell(at, _RUNNING, row_abs=False)}/{cell(first, _RUNNING)},0)"
        sheet.formula(at, 7, share, running / before if before > 0 else 0.0, f"{style}percent")
        if item.alone is not None:
            sheet.number(at, _ALONE, item.alone.mean, "usd")
            sheet.value(at, _ALONE + 1, number_or(item.alone.se), "usd")
        is_total = item.change_usd is None or at == first
        _write_columns(sheet, at, running, 0.0 if is_total else item.change_usd or 0.0, is_total=is_total)


def _write_spread(sheet: Sheet, at: int, of: RangedEstimate) -> None:
    sheet.value(at, 2, number_or(of.se), "usd")
    sheet.number(at, 3, of.p10, "usd")
    sheet.number(at, 4, of.p90, "usd")


def _write_columns(sheet: Sheet, at: int, running: float, change: float, *, is_total: bool) -> None:
    """What the chart stacks: an unseen base, then a total, a fall or a rise."""
    flag, total, step = (cell(at, col, row_abs=False) for col in (_FLAG, _RUNNING, _CHANGE))
    kept = 0.0 if is_total else 1.0
    sheet.number(at, _FLAG, 1.0 - kept, "count")
    values = (kept * (running - max(0.0, change)), (1.0 - kept) * running, max(0.0, -change), max(0.0, change))
    formulas = (
        f"=(1-{flag})*({total}-MAX(0,{step}))",
        f"={flag}*{total}",
        f"=(1-{flag})*MAX(0,-{step})",
        f"=(1-{flag})*MAX(0,{step})",
    )
    for col, (formula, value) in enumerate(zip(formulas, values, strict=True), start=_BASE):
        sheet.formula(at, col, formula, value, "usd")


# --- what adding up would claim ---------------------------------------------------------------------------------------


def _write_claim(sheet: Sheet, fall: Waterfall, first: int, rows: Sequence[_Row], claim: int) -> int:
    """What would be paid if levers added up, for the chart, and that claim beside what is; returns the next row."""
    table, today = claim + 3, fall.before.mean + fall.fixed_usd
    discount = fall.naive.mean - fall.additive.mean
    sheet.text(claim, 0, "if it all added up")
    sheet.formula(claim, _RUNNING, f"={cell(table, 4)}", today + fall.additive.mean + discount, "usd")
    _write_columns(sheet, claim, today + fall.additive.mean + discount, 0.0, is_total=True)
    sheet.header(
        table - 1, ("the claim", "today's bill", "levers", "commitment", "would be paid", "standard error, levers")
    )
    added = f"each by itself, and {percent(fall.discount_fraction)} off today's bill"
    lines = (
        (added, fall.additive, discount),
        ("as they compound", fall.change, fall.discount.mean),
    )
    seats = [first + index for index, item in enumerate(rows) if item.of is None]
    bill = "+".join(cell(at, _CHANGE) for at in (first, *seats))
    for at, (label, levers, off) in enumerate(lines, start=table):
        sheet.text(at, 0, label)
        sheet.formula(at, 1, f"={bill}", today, "usd")
        sheet.number(at, 2, levers.mean, "usd")
        sheet.number(at, 3, off, "usd")
        parts = f"{cell(at, 1, row_abs=False)}:{cell(at, 3, row_abs=False)}"
        sheet.formula(at, 4, f"=SUM({parts})", today + levers.mean + off, "usd")
        sheet.value(at, 5, number_or(levers.se), "usd")
    at = table + len(lines)
    sheet.text(at, 0, "claimed less real", "total_text")
    claimed = (today, fall.additive.mean, discount, today + fall.additive.mean + discount)
    real = (today, fall.change.mean, fall.discount.mean, today + fall.change.mean + fall.discount.mean)
    for col, value in enumerate(map(less, claimed, real), start=1):
        upper, lower = (cell(row, col, col_abs=False) for row in (table, table + 1))
        sheet.formula(at, col, f"={upper}-{lower}", value, "total_usd")
    sheet.value(at, 5, number_or(fall.additive_error.se), "total_usd")
    return at + 1


def _add_chart(sheet: Sheet, workbook: Workbook, fall: Waterfall, rows: tuple[int, int], row: int) -> None:
    """A bridge: columns stacked on a base that is not seen; totals dark, falls hatched, rises dotted."""
    chart: Any = workbook.add_chart({"type": "column", "subtype": "stacked"})
    border = {"color": "#000000", "width": 0.75}
    looks: tuple[tuple[str, int, dict[str, Any]], ...] = (
        ("base", _BASE, {"fill": {"none": True}, "border": {"none": True}}),
        ("total", _LEVEL, {"fill": {"color": "#1F2A44"}, "data_labels": _TOTALS}),
        ("fall", _FALLS, {"pattern": _pattern("wide_upward_diagonal")}),
        ("rise", _RISES, {"pattern": _pattern("percent_25")}),
    )
    for name, col, look in looks:
        more = look | (_claim_look(rows[1] - rows[0]) if col == _LEVEL and fall.steps else {})
        chart.add_series(
            {
                "name": name,
                "categories": [sheet.name, rows[0], 0, rows[1], 0],
                "values": [sheet.name, rows[0], col, rows[1], col],
                "gap": 40,
                **({"border": border} | more),
            }
        )
    finish(chart, f"From today's list spend to what is paid: {fall.scenario}", width=1080, height=285)
    chart.set_legend({"position": "bottom", "delete_series": [0], "font": {"name": "Arial", "size": 9}})
    chart.set_x_axis(axis("Step", major_gridlines={"visible": False}))
    top = max(fall.before.mean, fall.paid.mean)
    chart.set_y_axis(axis("USD of contract year 1", num_format=money_format(top), min=0))
    sheet.worksheet.insert_chart(row, 0, chart)


def _claim_look(n_before: int) -> dict[str, Any]:
    """The last total is a claim, and lighter than the others."""
    return {"points": [None] * n_before + [{"fill": {"color": "#8A93A6"}, "border": {"dash_type": "dash"}}]}


def _pattern(name: str) -> dict[str, str]:
    return {"pattern": name, "fg_color": "#1F2A44", "bg_color": "#FFFFFF"}


def _checks(sheet: Sheet, fall: Waterfall, rows: Sequence[_Row], first: int) -> list[Check]:
    last = first + len(rows) - 1
    tolerance = _ROUNDING * max(fall.before.mean, fall.paid.mean, 1.0)
    paid = sum(item.change_usd or 0.0 for item in rows)
    found = [
        Check(
            what=f"Waterfall ends at what the program says is paid: {fall.scenario}",
            formula=f"={sheet.ref(cell(last, _RUNNING))}",
            value=paid,
            expected=fall.paid.mean,
            tolerance=tolerance,
        )
    ]
    if fall.steps:
        stop = first + len(fall.steps)
        sums = ((_CHANGE, "Waterfall's steps add up to the change", fall.change, [s.usd for s in fall.steps]),)
        alone = ((_ALONE, "Levers by themselves add up to the claim", fall.additive, [s.alone for s in fall.steps]),)
        for col, what, whole, parts in (*sums, *alone):
            found.append(
                Check(
                    what=f"{what}: {fall.scenario}",
                    formula=f"=SUM({sheet.ref(area(first + 1, col, stop, col))})",
                    value=sum(part.mean for part in parts),
                    expected=whole.mean,
                    tolerance=tolerance,
                )
            )
    return found
