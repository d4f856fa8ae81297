"""Tables of the sheet Sensitivity below its shares: what knowing an input first is worth, and what would resolve it."""

from collections.abc import Mapping
from typing import Final

from planner.negotiation.evppi import SEEN
from planner.negotiation.learning import Learning, Lesson
from planner.negotiation_reports.learning import learning_sentences, learning_table
from planner.offer import Offer
from planner.workbook.check import Check
from planner.workbook.negotiating.rows import down, figure, headings, sentences, totals, with_error
from planner.workbook.sheet import Sheet, area, cell

_LEAST_USD: Final = 1.0
_RESOLVED: Final = 4
"""The column of learning_table that says what would resolve an input."""


def write_learning(sheet: Sheet, found: Learning, row: int, widths: Mapping[int, int]) -> tuple[int, list[Check]]:
    """What each input is worth knowing, the most first; returns the next free row and the checks."""
    table = learning_table(found)
    names = [cells[0] for cells in table.rows]
    row, checks = _write_worths(sheet, found, names, row, widths)
    sheet.subtitle(row, "What would resolve each input before signing", last_col=max(widths))
    sheet.text(row + 1, 0, "input", "header", sized=False)
    _write_over(sheet, row + 1, "what would resolve it", widths, style="header")
    for at, cells in enumerate(table.rows, start=row + 2):
        sheet.text(at, 0, cells[0], sized=False)
        _write_over(sheet, at, cells[_RESOLVED], widths)
    return row + 3 + len(table.rows), checks


def _write_over(sheet: Sheet, row: int, words: str, widths: Mapping[int, int], *, style: str = "text") -> None:
    """A sentence over all columns but the first."""
    sheet.paragraph(row, words, first_col=1, last_col=max(widths), style=style)


def _write_worths(
    sheet: Sheet, found: Learning, names: list[str], row: int, widths: Mapping[int, int]
) -> tuple[int, list[Check]]:
    table = learning_table(found)
    sheet.subtitle(row, table.title, last_col=max(widths))
    row = sentences(sheet, row + 1, learning_sentences(found), widths, style="lead") - 1
    sheet.text(row + 1, 0, "Told from nothing: beyond so many standard errors", "label", sized=False)
    sheet.number(row + 1, 1, SEEN, "plain")
    money = ("worth, USD", "std. error", "as fitted, USD", "at most, USD", "of knowing everything")
    signed = ("signed at its P10, USD a year", "signed at its P90, USD a year", "known before signing")
    headings(sheet, row + 2, ("input", *money, *signed))
    first = row + 3
    last = first + len(found.lessons)
    for at, (name, one) in enumerate(zip(names, found.lessons, strict=True), start=first):
        sheet.text(at, 0, name, sized=False)
        _write_lesson(sheet, at, one, found, errors=cell(row + 1, 1), perfect=cell(last, 1))
    totals(sheet, last, "knowing everything", max(widths) - 1)
    sheet.number(last, 1, found.perfect.mean, "total_usd")
    figure(sheet, last, 2, found.perfect.se, "total_usd")
    worths = [one.value.mean for one in found.lessons]
    check = Check(
        what="Sensitivity: what single inputs are worth knowing adds up to the program's",
        formula=f"=SUM({sheet.ref(area(first, 1, last - 1, 1))})",
        value=sum(worths),
        expected=sum(worths),
        tolerance=1e-9 * max(sum(worths), 1.0),
    )
    notes = [f"{table.note} At most: as far as the paths can tell, and never less than a dollar."]
    return sentences(sheet, last + 1, notes, widths) + 1, [check]


def _write_lesson(sheet: Sheet, at: int, one: Lesson, found: Learning, *, errors: str, perfect: str) -> None:
    with_error(sheet, at, 1, one.value)
    sheet.number(at, 3, one.fitted.mean, "usd")
    worth, error, fitted = (down(at, col) for col in (1, 2, 3))
    most = max(max(one.fitted.mean, 0.0) + SEEN * one.value.se, _LEAST_USD)
    sheet.formula(at, 4, f"=MAX(MAX({fitted},0)+{errors}*{error},1)", most, "usd")
    share = one.value.mean / found.perfect.mean if found.perfect.mean else 0.0
    sheet.formula(at, 5, f"=IF({perfect}=0,0,{worth}/{perfect})", share, "percent")
    figure(sheet, at, 6, _signed(one.at_low))
    figure(sheet, at, 7, _signed(one.at_high))
    sheet.text(at, 8, "yes" if one.resolution.is_before_signing else "no", "right")


def _signed(offer: Offer) -> float | str:
    """The commitment of the first contract year."""
    return "none" if offer.is_none else offer.commit_usd_per_year
