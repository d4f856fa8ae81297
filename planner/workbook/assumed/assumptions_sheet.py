"""Sheet Assumptions: every assumption in force, whose it is, where it comes from and since when."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from planner.assumption_notes import AssumptionNote, note_of
from planner.plan import Plan
from planner.workbook.assumed.assumption import CHOSEN, PRIOR, WIDENED, YOURS, Assumption, Known, plain
from planner.workbook.assumed.assumptions import assumptions, source_of
from planner.workbook.sheet import Sheet, area

NOT_NAMED: Final = "not named"
NOT_GIVEN: Final = "not given"
NO_DAY: Final = "-"

_COLUMNS: Final = (
    *("section", "assumption", "value or mean", "P10", "P90", "unit", "origin"),
    *("owner", "source", "date", "key in the plan file"),
)
_WIDTHS: Final = {0: 30, 1: 27, 2: 24, 3: 11, 4: 11, 5: 31, 6: 10, 7: 20, 8: 36, 9: 11, 10: 42}
_UNIT, _ORIGIN, _OWNER, _SOURCE, _LAST_COL = 5, 6, 7, 8, 10
_COUNTS_ROW: Final = 3
_HEADER_ROW: Final = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """An assumption with who answers for it. owner, source, on: in words, which say so where nothing is known."""

    assumption: Assumption
    owner: str
    source: str
    on: str


def answered(plan: Plan) -> list[Answered]:
    """Every assumption in force with its owner, source and day: the plan's own words, else what the program knows.

    An entry of the plan that speaks of none of them, such as one of a clause that is not in force, comes last.
    """
    rows, notes = assumptions(plan), plan.inputs.assumption_notes
    above = {".".join(row.path[:depth]) for row in rows for depth in range(1, len(row.path) + 1)}
    others = [_other(note) for note in notes if note.key not in above]
    return [
        *(_answered(plan, row, note_of(notes, row.path)) for row in rows),
        *(_answered(plan, row, note_of(notes, (row.key,))) for row in others),
    ]


def _other(note: AssumptionNote) -> Assumption:
    return plain("Named in the plan", (note.key,), "no line above", "right", "", YOURS)


def _answered(plan: Plan, row: Assumption, note: AssumptionNote | None) -> Answered:
    known = source_of(plan, row)
    said = known if note is None else _said(row, note, known)
    return Answered(
        assumption=row,
        owner=(note.owner if note is not None else None) or NOT_NAMED,
        source=said.source or NOT_GIVEN,
        on=NO_DAY if said.on is None else said.on.isoformat(),
    )


def _said(row: Assumption, note: AssumptionNote, known: Known) -> Known:
    """An entry of the key goes first; one of a table speaks of what the plan types in it and nothing else is known of.

    The source of what is measured, or left to a default, is not the table's.
    """
    if note.key == row.key:
        return Known(source=note.source or known.source, on=note.on if note.source else note.on or known.on)
    if row.origin != YOURS:
        return known
    return Known(source=known.source or note.source or "", on=known.on or note.on)


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
