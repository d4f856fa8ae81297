"""A worksheet that accepts only what is safe to show: text stays text, numbers are finite, formulas carry a value."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil, isfinite

from xlsxwriter.format import Format
from xlsxwriter.utility import xl_rowcol_to_cell
from xlsxwriter.worksheet import Worksheet

from planner.errors import WorkbookError
from planner.workbook.style import WRAPPED, shown_length

Value = float | str | bool

_NARROWEST, _WIDEST = 9, 46
_LONGEST_TEXT = 32_767
_LINE_HEIGHT = 14.0
_CHARACTERS_PER_WIDTH = 1.1
# A column's width counts digits; the letters of running text are narrower.


def cell(row: int, col: int, *, row_abs: bool = True, col_abs: bool = True) -> str:
    """Address of a cell within its sheet, absolute unless told: $C$5."""
    return str(xl_rowcol_to_cell(row, col, row_abs=row_abs, col_abs=col_abs))


def area(first_row: int, first_col: int, last_row: int, last_col: int) -> str:
    """Absolute address of a block of cells: $A$5:$C$9."""
    return f"{cell(first_row, first_col)}:{cell(last_row, last_col)}"


def _lines(text: str, width: int) -> int:
    """Lines that a text takes in a column, broken between words and inside words that are longer than a line."""
    lines = 0
    for paragraph in text.split("\n"):
        left, lines = width, lines + 1
        for word in paragraph.split(" "):
            if len(word) > left and left < width:
                left, lines = width, lines + 1
            lines += max(ceil(len(word) / width) - 1, 0)
            left -= len(word) % width + 1
    return lines


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """One sheet being written. Rows and columns count from 0. Errors of every writer: WorkbookError.

    Column widths follow what is written into them, except for titles and notes, which run over the columns beside.
    """

    name: str
    worksheet: Worksheet
    styles: Mapping[str, Format]
    widths: dict[int, int] = field(default_factory=dict)
    wrapped: list[tuple[int, int, str]] = field(default_factory=list)

    def ref(self, address: str) -> str:
        """An address of this sheet as other sheets write it."""
        return f"'{self.name}'!{address}" if " " in self.name else f"{self.name}!{address}"

    def text(self, row: int, col: int, value: str, style: str = "text", *, sized: bool = True) -> None:
        """Text, never read as a formula, a number or an address."""
        if len(value) > _LONGEST_TEXT:
            raise self._error(row, col, f"text of {len(value):,} characters; a cell holds {_LONGEST_TEXT:,}")
        self.worksheet.write_string(row, col, value, self.styles[style])
        if style in WRAPPED:
            self.wrapped.append((row, col, value))
        if sized:
            self._widen(col, len(value) if style != "header_right" else min(len(value), 16))

    def number(self, row: int, col: int, value: float, style: str = "plain") -> None:
        """A finite number."""
        self._check(row, col, value)
        self.worksheet.write_number(row, col, float(value), self.styles[style])
        self._widen(col, shown_length(value, style))

    def formula(self, row: int, col: int, formula: str, value: Value, style: str = "plain") -> None:
        """A formula with the value that it has now, so that viewers which do not calculate show it too."""
        self._check(row, col, value)
        self.worksheet.write_formula(row, col, formula, self.styles[style], value)
        self._widen(col, shown_length(value, style))

    def value(self, row: int, col: int, value: Value, style: str = "plain") -> None:
        """Text or a number, whichever it is."""
        if isinstance(value, str):
            self.text(row, col, value, "input_text" if style.startswith("input_") else "right")
        elif isinstance(value, bool):
            self.text(row, col, "yes" if value else "no", "right")
        else:
            self.number(row, col, value, style)

    def header(self, row: int, labels: Sequence[str], *, first_col: int = 0, n_text: int = 1) -> None:
        """Headings of a table; those right of the first n_text stand over numbers."""
        for index, label in enumerate(labels):
            self.text(row, first_col + index, label, "header" if index < n_text else "header_right")

    def title(self, text: str, note: str = "", *, last_col: int) -> None:
        """The sheet's title in its first row, with a note across the columns below it."""
        self.text(0, 0, text, "title", sized=False)
        self.worksheet.set_row(0, 24)
        if note:
            self.paragraph(1, note, last_col=last_col)

    def subtitle(self, row: int, text: str, *, last_col: int) -> None:
        """A heading above a table, ruled across it."""
        for col in range(last_col + 1):
            self.worksheet.write_blank(row, col, None, self.styles["subtitle"])
        self.text(row, 0, text, "subtitle", sized=False)
        self.worksheet.set_row(row, 20)

    def paragraph(
        self, row: int, text: str, *, last_col: int, first_col: int = 0, style: str = "note", width: int = 110
    ) -> None:
        """Text wrapped across columns first_col to last_col, the row as high as `width` characters a line need."""
        self.worksheet.merge_range(row, first_col, row, last_col, "", self.styles[style])
        self.worksheet.write_string(row, first_col, text, self.styles[style])
        lines = sum(ceil(max(len(line), 1) / width) for line in text.split("\n"))
        self.worksheet.set_row(row, lines * _LINE_HEIGHT * (1.2 if style == "lead" else 1.0) + 2)

    def set_layout(self, *, at_least: Mapping[int, int] | None = None, exact: Mapping[int, int] | None = None) -> None:
        """Give every column the width of its contents, and every row the height that its wrapped text needs."""
        least, fixed = at_least or {}, exact or {}
        widths = {
            col: fixed.get(col) or min(max(self.widths.get(col, 0) + 2, least.get(col, _NARROWEST)), _WIDEST)
            for col in {*self.widths, *least, *fixed}
        }
        for col, width in widths.items():
            self.worksheet.set_column(col, col, width)
        lines: dict[int, int] = {}
        for row, col, text in self.wrapped:
            needed = _lines(text, int(widths.get(col, _NARROWEST) * _CHARACTERS_PER_WIDTH))
            lines[row] = max(lines.get(row, 1), needed)
        for row, needed in lines.items():
            if needed > 1:
                self.worksheet.set_row(row, needed * _LINE_HEIGHT)

    def print_setup(
        self, *, last_row: int, last_col: int, header_row: int | None = None, header_rows: int = 1, pages_high: int = 0
    ) -> None:
        """Landscape A4, one page wide; the headings, which end with header_row, are repeated and frozen."""
        sheet = self.worksheet
        sheet.set_landscape()
        sheet.set_paper(9)
        sheet.set_margins(left=0.5, right=0.5, top=0.5, bottom=0.6)
        sheet.fit_to_pages(1, pages_high)
        sheet.print_area(0, 0, last_row, last_col)
        sheet.set_footer("&L&A&RPage &P of &N")
        sheet.hide_gridlines(2)
        if header_row is not None:
            sheet.freeze_panes(header_row + 1, 0)
            sheet.repeat_rows(header_row - header_rows + 1, header_row)
        sheet.protect("", {"format_columns": True, "format_rows": True, "format_cells": True, "autofilter": True})

    def _widen(self, col: int, length: int) -> None:
        self.widths[col] = max(self.widths.get(col, 0), length)

    def _check(self, row: int, col: int, value: Value) -> None:
        if not isinstance(value, str) and not isfinite(value):
            raise self._error(row, col, f"{value} is not a number that can be shown")

    def _error(self, row: int, col: int, what: str) -> WorkbookError:
        address = cell(row, col, row_abs=False, col_abs=False)
        return WorkbookError(
            f"workbook: {self.ref(address)}: {what}. Check the plan's inputs that feed it, and export again."
        )
