"""Sheet Positions: opening, target, what is on the table and walk-away, term by term, and what to give for what."""

from typing import Final

from xlsxwriter import Workbook

from planner.dossier import Dossier
from planner.negotiation.positions import Positions
from planner.negotiation_reports.positions import positions_sentences, positions_table
from planner.plan import Plan
from planner.workbook.check import Check
from planner.workbook.negotiating.deal_terms import signed_rows, term_rows
from planner.workbook.negotiating.deal_worth import write_worth
from planner.workbook.negotiating.give_get import write_asks, write_give_get
from planner.workbook.negotiating.rows import headings, sentences
from planner.workbook.sheet import Sheet, Value

_WIDTHS: Final = {0: 44, 1: 24, 2: 17, 3: 17, 4: 17, 5: 12, 6: 13, 7: 12, 8: 11, 9: 8}
_WALK: Final = 4
_LONGEST_WORD: Final = 20
_READ: Final = (
    "How to read it: three deals and the way out, each sized and priced by the plan's decision on the same simulated "
    "paths. Start with the opening, settle at the target, and leave at the walk-away."
)


def has_positions(dossier: Dossier) -> bool:
    """Whether positions were worked out."""
    return dossier.negotiated is not None


def write_positions(sheet: Sheet, workbook: Workbook, dossier: Dossier) -> list[Check]:
    """Positions by term, what each comes to, the asks, and what to give for what; checks against the program."""
    assert dossier.negotiated is not None
    negotiated = dossier.negotiated
    found = negotiated.positions
    sheet.title("Positions: opening, target and walk-away, term by term, US dollars", last_col=max(_WIDTHS))
    row = sentences(sheet, 1, [_READ], _WIDTHS)
    row = sentences(sheet, row, positions_sentences(found), _WIDTHS, style="lead") + 1
    row = _write_terms(sheet, dossier.plan, found, row)
    row, checks = write_worth(sheet, negotiated, row, _WIDTHS)
    row, of_asks = write_asks(sheet, found, row, _WIDTHS)
    row, of_swaps = write_give_get(sheet, negotiated.trades, row, _WIDTHS)
    sheet.set_layout(exact={0: _WIDTHS[0], 1: _WIDTHS[1]}, at_least=_WIDTHS)
    sheet.print_setup(last_row=row - 1, last_col=max(_WIDTHS))
    sheet.worksheet.freeze_panes(1, 0)
    return [*checks, *of_asks, *of_swaps]


# --- what each term would be -----------------------------------------------------------------------------------------


def _write_terms(sheet: Sheet, plan: Plan, found: Positions, row: int) -> int:
    """The limits of walking away are those of the terms on the table; returns the next free row."""
    table = positions_table(found)
    sheet.subtitle(row, table.title, last_col=max(_WIDTHS))
    headings(sheet, row + 1, ("term", "opening", "target", "on the table", "walk away"))
    for col in range(5, max(_WIDTHS) + 1):
        sheet.text(row + 1, col, "unit" if col == 5 else "", "header_after", sized=False)
    deals = [deal.contract for deal in (found.opening.terms, found.target.terms, found.table)]
    row += 2
    for term in [*signed_rows(found), *term_rows(plan, [*deals, deals[2]])]:
        sheet.text(row, 0, term.name, sized=False)
        for col, value in enumerate(term.values, start=1):
            _write_term(sheet, row, col, value, term.last_style if term.last_style and col == _WALK else term.style)
        sheet.text(row, 5, term.unit, "label_after", sized=False)
        row += 1
    for ask in found.opening.asks:
        asked = ("asked for", "asked for" if ask in found.target.asks else "left", "no", "not needed")
        sheet.text(row, 0, ask.variation.words, sized=False)
        for col, words in enumerate(asked, start=1):
            sheet.text(row, col, words, "right")
        sheet.text(row, 5, "an ask", "label_after", sized=False)
        row += 1
    return sentences(sheet, row, [table.note], _WIDTHS) + 1


def _write_term(sheet: Sheet, row: int, col: int, value: Value, style: str) -> None:
    if isinstance(value, str) and len(value) > _LONGEST_WORD:
        sheet.text(row, col, value, sized=False)  # wraps
    else:
        sheet.value(row, col, value, style)
