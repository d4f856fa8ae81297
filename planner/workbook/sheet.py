"""A worksheet that accepts only what is safe to show: text stays text, numbers are finite, formulas carry a value."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import isclose, isfinite

from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.utility import xl_rowcol_to_cell
from xlsxwriter.worksheet import Worksheet

from planner.errors import WorkbookError
from planner.workbook.style import INDENT_WIDTH, WRAPPED, font_of, shown_width
from planner.workbook.text_width import ON_SCREEN, line_count, longest_word

Value = float | str | bool
Define = Callable[[str, str], None]
"""Gives a cell, by its address with its sheet, a name that the whole workbook knows."""

_NARROWEST, _WIDEST, _WIDEST_UNBROKEN = 9, 46, 54
# Text that nearly fits a line is given the line; longer text is broken at the widest column.
_UNSET = 8.43
# A column that nothing was written into has the width that spreadsheets give it.
_ROOM = 1.5
# Between a column's contents and its edges.
_LONGEST_TEXT = 32_767
_LAST_BITS = 2.0**-48
_DEFAULT_HEIGHT, _LINE_HEIGHT, _AROUND = 15.0, 1.3, 2.0
# Rows in points; a line in sizes of its font.


def cell(row: int, col: int, *, row_abs: bool = True, col_abs: bool = True) -> str:
    """Address of a cell within its sheet, absolute unless told: $C$5."""
    return str(xl_rowcol_to_cell(row, col, row_abs=row_abs, col_abs=col_abs))


def less(one: float, other: float) -> float:
    """one - other as spreadsheets subtract: zero where they differ in their last bits alone."""
    return 0.0 if isclose(one, other, rel_tol=_LAST_BITS, abs_tol=0.0) else one - other


def number_or(value: float | None, words: str = "n/a") -> Value:
    """A number, or words where there is none; one path has no standard error."""
    return words if value is None or not isfinite(value) else value


def namer(workbook: Workbook) -> Define:
    """What gives names that the whole workbook knows."""

    def define(name: str, address: str) -> None:
        workbook.define_name(name, f"={address}")

    return define


def area(first_row: int, first_col: int, last_row: int, last_col: int) -> str:
    """Absolute address of a block of cells: $A$5:$C$9."""
    return f"{cell(first_row, first_col)}:{cell(last_row, last_col)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wrapped:
    """Text that goes on in a next line, over columns first_col to last_col of a row."""

    row: int
    first_col: int
    last_col: int
    text: str
    style: str


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """One sheet being written. Rows and columns count from 0. Errors of every writer: WorkbookError.

    Column widths follow what is written into them, except for titles and notes, which run over the columns beside.
    """

    name: str
    worksheet: Worksheet
    styles: Mapping[str, Format]
    widths: dict[int, float] = field(default_factory=dict)
    wrapped: list[_Wrapped] = field(default_factory=list)
    laid_out: dict[int, float] = field(default_factory=dict)

    def ref(self, address: str) -> str:
        """An address of this sheet as other sheets write it."""
        return f"'{self.name}'!{address}" if " " in self.name else f"{self.name}!{address}"

    def text(self, row: int, col: int, value: str, style: str = "text", *, sized: bool = True) -> None:
        """Text, never read as a formula, a number or an address."""
        if len(value) > _LONGEST_TEXT:
            raise self._error(row, col, f"text of {len(value):,} characters; a cell holds {_LONGEST_TEXT:,}")
        self.worksheet.write_string(row, col, value, self.styles[style])
        if style in WRAPPED:
            self._wrap(row, col, col, value, style)
        if sized:
            self._widen(col, _heading_width(value, style) if style == "header_right" else shown_width(value, style))

    def number(self, row: int, col: int, value: float, style: str = "plain") -> None:
        """A finite number."""
        self._check(row, col, value)
        self.worksheet.write_number(row, col, float(value), self.styles[style])
        self._widen(col, shown_width(value, style))

    def formula(self, row: int, col: int, formula: str, value: Value, style: str = "plain") -> None:
        """A formula with the value that it has now, so that viewers which do not calculate show it too."""
        self._check(row, col, value)
        self.worksheet.write_formula(row, col, formula, self.styles[style], value)
        self._widen(col, shown_width(value, style))

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

    def subtitle(self, row: int, text: str, *, last_col: int, first_col: int = 0) -> None:
        """A heading above a table, ruled across it."""
        for col in range(first_col, last_col + 1):
            self.worksheet.write_blank(row, col, None, self.styles["subtitle"])
        self.text(row, first_col, text, "subtitle", sized=False)
        self.worksheet.set_row(row, 20)

    def paragraph(self, row: int, text: str, *, last_col: int, style: str = "note", first_col: int = 0) -> None:
        """Text wrapped over the columns first_col to last_col; set_layout makes its row high enough."""
        if last_col > first_col:
            self.worksheet.merge_range(row, first_col, row, last_col, "", self.styles[style])
        self.worksheet.write_string(row, first_col, text, self.styles[style])
        self._wrap(row, first_col, last_col, text, style)

    def listed(self, row: int, title: str, lines: Sequence[str], *, last_col: int) -> int:
        """Sentences under a heading, where there are any; the next row, one left free."""
        if not lines:
            return row
        self.subtitle(row, title, last_col=last_col)
        for index, line in enumerate(lines, start=1):
            self.paragraph(row + index, f"• {line}", last_col=last_col, style="text")
        return row + len(lines) + 2

    def set_layout(self, *, at_least: Mapping[int, int] | None = None, exact: Mapping[int, int] | None = None) -> None:
        """Give every column the width of its contents, and every row the height that its wrapped text needs."""
        least, fixed = at_least or {}, exact or {}
        for col in {*self.widths, *least, *fixed}:
            width = max(self.widths.get(col, 0.0) * ON_SCREEN + _ROOM, least.get(col, _NARROWEST))
            self.laid_out[col] = fixed.get(col) or (width if width <= _WIDEST_UNBROKEN else _WIDEST)
        for col, width in self.laid_out.items():
            self.worksheet.set_column(col, col, width)
        heights: dict[int, float] = {}
        for item in self.wrapped:
            needed = _height(item, self._width(item.first_col, item.last_col))
            heights[item.row] = max(heights.get(item.row, _DEFAULT_HEIGHT), needed)
        for row, height in heights.items():
            if height > _DEFAULT_HEIGHT:
                self.worksheet.set_row(row, height)

    def pixels(self, first_col: int, last_col: int) -> int:
        """The width of columns on the screen, for a chart that is to end with a table; known after set_layout."""
        return sum(int(self.laid_out.get(col, _UNSET) * 7 + 5) for col in range(first_col, last_col + 1))

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

    def _width(self, first_col: int, last_col: int) -> float:
        return sum(self.laid_out.get(col, _UNSET) for col in range(first_col, last_col + 1))

    def _wrap(self, row: int, first_col: int, last_col: int, text: str, style: str) -> None:
        self.wrapped.append(_Wrapped(row=row, first_col=first_col, last_col=last_col, text=text, style=style))

    def _widen(self, col: int, width: float) -> None:
        self.widths[col] = max(self.widths.get(col, 0.0), width)

    def _check(self, row: int, col: int, value: Value) -> None:
        if not isinstance(value, str) and not isfinite(value):
            raise self._error(row, col, f"{value} is not a number that can be shown")

    def _error(self, row: int, col: int, what: str) -> WorkbookError:
        address = cell(row, col, row_abs=False, col_abs=False)
        return WorkbookError(
            f"workbook: {self.ref(address)}: {what}. Check the plan's inputs that feed it, and export again."
        )


def _heading_width(text: str, style: str) -> float:
    """Of a heading over numbers, which breaks into lines rather than widen its column much."""
    size, bold = font_of(style)
    return max(longest_word(text, size=size, bold=bold), min(shown_width(text, style), _NARROWEST))


def _height(item: _Wrapped, width: float) -> float:
    """The height that text needs in columns of this width, in points."""
    size, bold = font_of(item.style)
    room = width - INDENT_WIDTH * item.style.endswith("_after")
    return line_count(item.text, room, size=size, bold=bold) * _LINE_HEIGHT * size + _AROUND
