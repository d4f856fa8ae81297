"""Sheet Assumptions: every assumption in force, whose it is, where it comes from and since when."""

from collections.abc import Sequence
from typing import Final

from planner.assumed.answered import NOT_NAMED, Answered, answered
from planner.assumed.assumption import CHOSEN, PRIOR, WIDENED
from planner.plan import Plan
from planner.workbook.sheet import Sheet, area

_COLUMNS: Final = (
    *("section", "assumption", "value or mean", "P10", "P90", "unit", "origin"),
    *("owner", "source", "date", "key in the plan file"),
)
_WIDTHS: Final = {0: 30, 1: 27, 2: 24, 3: 11, 4: 11, 5: 31, 6: 10, 7: 20, 8: 36, 9: 11, 10: 42}
_UNIT, _ORIGIN, _OWNER, _SOURCE, _LAST_COL = 5, 6, 7, 8, 10
_COUNTS_ROW: Final = 3
_HEADER_ROW: Final = 7


def write_assumptions(sheet: Sheet, plan: Plan) -> None:
    """Every assumption in force with its spread, unit and origin, its owner, source and date."""
    rows = answered(plan)
    sheet.title("Assumptions in force", last_col=_LAST_COL)
    sheet.paragraph(1, _note(rows), last_col=_LAST_COL)
    last = _HEADER_ROW + len(rows)
    _write_counts(sheet, rows, last)
    sheet.header(_HEADER_ROW, _COLUMNS, n_text=2)
    for col in range(_UNIT, _LAST_COL + 1):
        sheet.text(_HEADER_ROW, col, _COLUMNS[col], "header_after" if col in (_UNIT, _SOURCE) else "header")
    for row, item in enumerate(rows, start=_HEADER_ROW + 1):
        _write_row(sheet, row, item)
    sheet.set_layout(exact=_WIDTHS)
    sheet.print_setup(last_row=last, last_col=_LAST_COL, header_row=_HEADER_ROW)
    sheet.worksheet.autofilter(_HEADER_ROW, 0, last, _LAST_COL)


def _note(rows: Sequence[Answered]) -> str:
    is_chosen = any(row.assumption.origin == CHOSEN for row in rows)
    chosen = ", chosen (by this plan, because it costs less)" if is_chosen else ""
    return (
        "Everything that the figures of this workbook rest on. Origin: yours (in the plan), measured or fitted (from "
        "the log), widened (for short history), prior (a judgement that ships with the program: replace it when you "
        f"know better), default (a convention){chosen}. To change one, edit the plan and export again; only the "
        "blue cells of sheets Offer calculator and Offers compared recalculate here. To name "
        "an owner, a source or a date, write an [[assumption]] with the key of the last column into the plan, or with "
        "the beginning of keys, such as demand, for all below it."
    )


def _write_counts(sheet: Sheet, rows: Sequence[Answered], last: int) -> None:
    """How many assumptions nobody answers for yet, counted from the table below."""
    owners = area(_HEADER_ROW + 1, _OWNER, last, _OWNER)
    origins = area(_HEADER_ROW + 1, _ORIGIN, last, _ORIGIN)
    unnamed = [row for row in rows if row.owner == NOT_NAMED]
    priors = [row for row in unnamed if row.assumption.origin == PRIOR]
    for row, (label, formula, value) in enumerate(
        (
            ("Assumptions on this sheet", f"=ROWS({owners})", len(rows)),
            ("Without an owner", f'=COUNTIF({owners},"{NOT_NAMED}")', len(unnamed)),
            ("   of these, priors", f'=COUNTIFS({owners},"{NOT_NAMED}",{origins},"{PRIOR}")', len(priors)),
        ),
        start=_COUNTS_ROW,
    ):
        sheet.text(row, 0, label, "bold" if row == _COUNTS_ROW + 1 else "label")
        sheet.formula(row, 2, formula, value, "bold_count" if row == _COUNTS_ROW + 1 else "count")


def _write_row(sheet: Sheet, row: int, answer: Answered) -> None:
    item = answer.assumption
    sheet.text(row, 0, item.section)
    sheet.text(row, 1, item.name)
    if isinstance(item.value, str):
        sheet.text(row, 2, item.value, "right")
    else:
        sheet.value(row, 2, item.value, item.style)
    for col, value in enumerate(item.p10_p90 or (), start=3):
        sheet.number(row, col, value, item.style)
    sheet.text(row, _UNIT, item.unit, "text_after")
    sheet.text(row, _ORIGIN, item.origin, "bold" if item.origin in (PRIOR, WIDENED) else "text")
    for col, text in enumerate((answer.owner, answer.source, answer.on, item.key), start=_OWNER):
        sheet.text(row, col, text, "text_after" if col == _SOURCE else "text")
