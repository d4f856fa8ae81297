"""Sheet Offers compared: room to type quotes in, and the plan's own as the program priced them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from xlsxwriter import Workbook
from xlsxwriter.utility import xl_col_to_name

from planner.dossier import Dossier
from planner.workbook.check import Check
from planner.workbook.contract_words import unpriced
from planner.workbook.quoting.priced_tables import Column, QuoteTable, priced_tables
from planner.workbook.quoting.row_layout import Workings
from planner.workbook.quoting.row_workings import write_workings
from planner.workbook.quoting.savings_chart import HEIGHT_ROWS as CHART_ROWS
from planner.workbook.quoting.savings_chart import savings_chart
from planner.workbook.quoting.typed_fields import N_ROWS
from planner.workbook.quoting.typed_prices import HEIGHT, LiveQuotes, write_typed_prices
from planner.workbook.quoting.typed_rows import STATE_COL, InputRows, write_inputs
from planner.workbook.sheet import Sheet, area, namer

_LAST_COL: Final = STATE_COL
_INPUT_HEADER_ROW: Final = 4
_RESULT_ROW: Final = _INPUT_HEADER_ROW + N_ROWS + 2
_WIDTHS: Final = {0: 30, **dict.fromkeys(range(1, STATE_COL - 1), 13), STATE_COL - 1: 22, STATE_COL: 34}
_HEADERS: Final = {"text": "header", "text_after": "header_after"}
_ROUNDING: Final = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class OffersLayout:
    """What stands where, known before anything is written, because sheet Calc refers to it."""

    tables: tuple[QuoteTable, ...]
    workings: Workings


def offers_layout(found: Dossier, terms_months: Sequence[int] = ()) -> OffersLayout:
    """The plan's quotes as tables, and where the workings stand. terms_months: terms that Calc can price."""
    tables = () if found.negotiated is None else priced_tables(found.negotiated.quotes, found.plan.inputs)
    above = sum(table.height + (CHART_ROWS if table.is_charted else 0) for table in tables)
    first = _RESULT_ROW + (HEIGHT if terms_months else 0) + above
    inputs = InputRows(first=_INPUT_HEADER_ROW + 1)
    target = bool(terms_months) and found.negotiated is not None
    workings = Workings(first=first, inputs=inputs, terms_months=tuple(terms_months), has_target=target)
    return OffersLayout(tables=tables, workings=workings)


def write_offers(
    sheet: Sheet, workbook: Workbook, found: Dossier, layout: OffersLayout, live: LiveQuotes | None
) -> list[Check]:
    """Inputs first, then results, then workings; returns the checks. live: None where no formula prices the rows."""
    plan, workings, define = found.plan, layout.workings, namer(workbook)

    sheet.title("Offers compared: quotes in hand, and room to type others in", last_col=_LAST_COL)
    sheet.paragraph(1, _note(found, is_live=live is not None), last_col=_LAST_COL)
    sheet.subtitle(_INPUT_HEADER_ROW - 1, "Type quotes in, one a row", last_col=_LAST_COL)
    write_inputs(sheet, _INPUT_HEADER_ROW, define)
    held, row = [], _RESULT_ROW
    if live is not None:
        held += write_typed_prices(sheet, row, workings, live, last_col=_LAST_COL)
        row += HEIGHT
    breaks = [row, *_page_ends(layout.tables, row), workings.first] if layout.tables else [workings.first]
    held += _write_tables(sheet, workbook, layout.tables, row)
    write_workings(sheet, workings, plan.inputs.contract, plan.recommendation.offer, define)
    sheet.set_layout(exact=_WIDTHS)
    sheet.print_setup(last_row=workings.next_row - 2, last_col=_LAST_COL)
    sheet.worksheet.set_h_pagebreaks(breaks)
    sheet.worksheet.freeze_panes(1, 1)
    return held


def _note(found: Dossier, *, is_live: bool) -> str:
    inputs = found.plan.inputs
    priced = "`planner read-offers` reads the rows back into the plan, where the program prices them."
    if not is_live:
        clauses = ", ".join(unpriced(inputs.contract, inputs.decision))
        priced = (
            f"No formula here prices them, because of {clauses}; sheet Offer calculator reads one at a time from its "
            f"grid. {priced}"
        )
    return (
        "Blue cells on yellow are typed in: a name, a commitment and a discount make a quote; what is left blank is "
        f"as in the contract of the plan. The last column says what a row needs. {priced} US dollars before tax."
    )


def _page_ends(tables: Sequence[QuoteTable], row: int) -> Iterator[int]:
    """Rows below a chart, which ends its page."""
    for table in tables:
        row += table.height + (CHART_ROWS if table.is_charted else 0)
        if table.is_charted:
            yield row


def _write_tables(sheet: Sheet, workbook: Workbook, tables: Sequence[QuoteTable], row: int) -> list[Check]:
    held: list[Check] = []
    for table in tables:
        sheet.subtitle(row, table.title, last_col=_LAST_COL)
        sheet.paragraph(row + 1, table.note, last_col=_LAST_COL)
        for col, column in enumerate(table.columns):
            held += _write_column(sheet, row + 2, col, column)
        if table.is_charted:
            sheet.worksheet.insert_chart(row + table.height, 0, savings_chart(sheet, workbook, row + 3, table.n_rows))
            row += CHART_ROWS
        row += table.height
    return held


def _write_column(sheet: Sheet, header_row: int, col: int, column: Column) -> list[Check]:
    sheet.text(header_row, col, column.heading, _HEADERS.get(column.style, "header_right"))
    first, last = header_row + 1, header_row + len(column.values)
    for row, value in enumerate(column.values, start=first):
        if column.live:
            cells = {xl_col_to_name(at): f"{xl_col_to_name(at)}{row + 1}" for at in range(STATE_COL)}
            sheet.formula(row, col, column.live.format(**cells), value, column.style)
        elif column.style in _HEADERS:
            sheet.text(row, col, str(value), column.style)
        else:
            sheet.value(row, col, value, column.style)
    if not column.live:
        return []
    total = sum(value for value in column.values if not isinstance(value, str))
    return [
        Check(
            what="Savings rates of the plan's quotes add up to the program's",
            formula=f"=SUM({sheet.ref(area(first, col, last, col))})",
            value=total,
            expected=total,
            tolerance=_ROUNDING * max(abs(total), 1.0),
            style="percent",
        )
    ]
