"""The modelling standards of a workbook as rules over its file: each returns what breaks it, with sheet and cell."""

import re
import zipfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import isfinite
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import openpyxl
from openpyxl.cell.cell import Cell
from openpyxl.formula import Tokenizer
from openpyxl.utils import get_column_letter, range_boundaries
from openpyxl.workbook import Workbook
from openpyxl.worksheet.worksheet import Worksheet
from workbooks import faults, formula_cells, read, read_formulas

from planner.workbook.contents import SHEETS
from planner.workbook.text_width import line_count, text_width

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
CHART = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"
DRAWING = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
PLACED = "{http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing}"

TITLE_SIZE = 16
DEFAULT_WIDTH, DEFAULT_HEIGHT = 8.43, 15.0
INDENT = 1.5
"""Of one step of indentation, in column widths."""


@dataclass(frozen=True)
class Book:
    """A workbook's file, read once."""

    path: Path

    @property
    def formulas(self) -> Workbook:
        return read_formulas(self.path)

    @property
    def values(self) -> Workbook:
        return read(self.path)

    @cached_property
    def parts(self) -> dict[str, bytes]:
        with zipfile.ZipFile(self.path) as file:
            return {name: file.read(name) for name in file.namelist()}

    def xml(self, part: str) -> ElementTree.Element:
        return ElementTree.fromstring(self.parts[part])

    def cells(self) -> Iterator[Cell]:
        """Every cell with a value or a formula."""
        for sheet in self.formulas:
            yield from (cell for row in sheet.iter_rows() for cell in row if cell.value is not None)


Rule = Callable[[Book], list[str]]


def place(cell: Cell) -> str:
    return f"{cell.parent.title}!{cell.coordinate}"


# --- the file ---------------------------------------------------------------------------------------------------------


def only_sheets_that_are_seen(book: Book) -> list[str]:
    """No macros, links to other files, connections, hidden sheets, rows or columns; sheets as contents.py has them."""
    alien = ("vbaProject", "externalLink", "connections", "activeX", "ctrlProp", "queryTable", "comments")
    found = [f"the file holds {part}" for part in book.parts if any(word in part for word in alien)]
    found += [
        f"{part} links to {target.get('Target')}"
        for part in book.parts
        if part.endswith(".rels")
        for target in book.xml(part)
        if target.get("TargetMode") == "External"
    ]
    known = [info.name for info in SHEETS]
    names = book.formulas.sheetnames
    found += [f"{name} is not in contents.py" for name in names if name not in known]
    if [name for name in known if name in names] != [name for name in names if name in known]:
        found.append("sheets are not in reading order")
    for sheet in book.formulas:
        hidden = [f"row {row}" for row, item in sheet.row_dimensions.items() if item.hidden]
        hidden += [f"column {col}" for col, item in sheet.column_dimensions.items() if item.hidden]
        found += [f"{sheet.title}: {what} is hidden" for what in hidden]
        if sheet.sheet_state != "visible":
            found.append(f"{sheet.title} is {sheet.sheet_state}")
    return found


def opens_as_it_was_written(book: Book) -> list[str]:
    """Excel calculates it all when it opens it, with dates from 1900, without iterations, on the first sheet."""
    workbook = book.xml("xl/workbook.xml")
    settings = workbook.find(f"{MAIN}calcPr")
    properties = workbook.find(f"{MAIN}workbookPr")
    found = []
    if settings is None or settings.get("fullCalcOnLoad") != "1":
        found.append("Excel does not calculate it when it opens it")
    if settings is not None and settings.get("iterate") == "1":
        found.append("circular references are iterated")
    if settings is not None and settings.get("fullPrecision") == "0":
        found.append("precision is as displayed")
    if properties is not None and properties.get("date1904") == "1":
        found.append("dates count from 1904")
    if book.formulas.active.title != book.formulas.sheetnames[0]:
        found.append(f"it opens on {book.formulas.active.title}")
    return found


CELL_LIKE = re.compile(r"(?:[A-Z]{1,3}\d+|R\d*C\d*|R\d+|C\d+|R|C)", re.IGNORECASE)


def names_are_single_cells(book: Book) -> list[str]:
    """Workbook-level names are scalars that exist, and no name can be read as a cell's address, A1 or R1C1."""
    found = []
    for name, defined in book.formulas.defined_names.items():
        matched = re.fullmatch(r"(?:'([^']+)'|(\w+))!\$[A-Z]{1,3}\$\d+", defined.attr_text)
        if matched is None:
            found.append(f"{name} is {defined.attr_text}, not one cell")
        elif (matched[1] or matched[2]) not in book.formulas.sheetnames:
            found.append(f"{name} is on a sheet that is not there: {defined.attr_text}")
        if CELL_LIKE.fullmatch(name):
            found.append(f"{name} is an address")
        if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
            found.append(f"{name}: names are lower case, with underscores")
    return found


# --- formulas ---------------------------------------------------------------------------------------------------------


def formulas_are_plain(book: Book) -> list[str]:
    """Short, without constants but 0 and 1, and with functions that every spreadsheet has; text is compared as text."""
    found = []
    for sheet, address, formula in formula_cells(book.formulas):
        if not isinstance(formula, str):
            found.append(f"{sheet}!{address} is an array formula")
            continue
        found += [f"{sheet}!{address}: {fault}" for fault in faults(formula)]
    return found


AGGREGATES = {
    "SUM", "MIN", "MAX", "COUNT", "COUNTA", "COUNTBLANK", "COUNTIF", "COUNTIFS", "AND", "OR", "INDEX", "MATCH", "SUMIF",
    "SUMIFS", "RANK", "SMALL", "LARGE", "ROWS", "COLUMNS", "SUMPRODUCT",
}  # fmt: skip
NEVER_ARRAYS = {"IF", "INDEX", "MATCH", "AND", "OR"}
"""Inside of SUMPRODUCT, Excel hands these a single cell of a range unless the formula is entered as an array."""


def ranges_need_no_array_entry(book: Book) -> list[str]:
    """A range stands as an argument of a function that takes ranges, or is worked with inside of SUMPRODUCT.

    Elsewhere Excel takes the cell of the formula's own row out of it (and shows an @), which LibreOffice may not.
    """
    return [
        f"{sheet}!{address}: {fault}"
        for sheet, address, formula in formula_cells(book.formulas)
        if isinstance(formula, str)
        for fault in _loose_ranges(formula)
    ]


def _loose_ranges(formula: str) -> Iterator[str]:
    tokens = [token for token in Tokenizer(formula).items if token.type != "WHITE-SPACE"]
    stack: list[str] = []
    for index, token in enumerate(tokens):
        if token.subtype == "OPEN":
            stack.append(token.value.rstrip("(").upper())
        elif token.subtype == "CLOSE":
            stack.pop()
        elif token.type == "OPERAND" and token.subtype == "RANGE" and ":" in token.value:
            beside = (tokens[index - 1], tokens[index + 1] if index + 1 < len(tokens) else None)
            is_whole = not any(other is not None and other.type.startswith("OPERATOR") for other in beside)
            if is_whole and stack and stack[-1] in AGGREGATES:
                continue
            outer = max((at for at, name in enumerate(stack) if name == "SUMPRODUCT"), default=None)
            if outer is None or set(stack[outer + 1 :]) & NEVER_ARRAYS:
                yield f"{token.value} needs array entry in {formula}"


LONG_RUN = 4
"""So many like formulas in a row are a table, and one more that is unlike them a slip; fewer may be a list."""

REFERENCE = re.compile(r"(?<![A-Za-z_!$'])(\$?)([A-Z]{1,3})(\$?)(\d+)(?![\w(])|(?<=!)(\$?)([A-Z]{1,3})(\$?)(\d+)")


def relative(formula: str, row: int, col: int) -> str:
    """A formula with its references as steps from its own cell, so that a copied formula reads the same."""

    def steps(matched: re.Match[str]) -> str:
        groups = matched.groups()
        col_abs, letters, row_abs, digits = groups[:4] if groups[1] else groups[4:]
        across = openpyxl.utils.column_index_from_string(letters)
        across_step = f"C{across}" if col_abs else f"C[{across - col}]"
        down_step = f"R{digits}" if row_abs else f"R[{int(digits) - row}]"
        return down_step + across_step

    parts = [
        REFERENCE.sub(steps, token.value) if token.type == "OPERAND" and token.subtype == "RANGE" else token.value
        for token in Tokenizer(formula).items
    ]
    return "".join(parts)


def one_formula_along_a_row(book: Book) -> list[str]:
    """In a row or a column of formulas, none is unlike the others, and no number stands where they go on."""
    found = []
    for sheet in book.formulas:
        shapes = {
            (cell.row, cell.column): relative(cell.value, cell.row, cell.column)
            for row in sheet.iter_rows()
            for cell in row
            if cell.data_type == "f" and isinstance(cell.value, str)
        }
        alike = _repeated(shapes)
        for (row, col), shape in shapes.items():
            if _is_total(sheet.cell(row, col)):
                continue
            is_odd = any(_is_odd(shapes, (row, col), shape, step) for step in ((0, 1), (1, 0)))
            if _is_fixed(sheet, shapes, (row, col)):
                found.append(f"{sheet.title}!{get_column_letter(col)}{row}: an address is fixed that moves: {shape}")
            elif is_odd and not any(shape in shared for shared in (alike[row, 0], alike[0, col])):
                found.append(f"{sheet.title}!{get_column_letter(col)}{row}: unlike its neighbours: {shape}")
        found += [
            f"{place(cell)}: the number {cell.value} among formulas"
            for row_cells in sheet.iter_rows()
            for cell in row_cells
            if cell.data_type == "n" and cell.value is not None and _is_typed_over(shapes, cell.row, cell.column)
        ]
    return found


def _is_total(cell: Cell) -> bool:
    return bool(cell.border.top.style) and bool(cell.font.bold)


def _repeated(shapes: dict[tuple[int, int], str]) -> dict[tuple[int, int], set[str]]:
    """The formulas that stand in several cells of a row, at (row, 0), or of a column, at (0, column)."""
    counts = Counter(key for (row, col), shape in shapes.items() for key in ((row, 0, shape), (0, col, shape)))
    found: dict[tuple[int, int], set[str]] = defaultdict(set)
    for (row, col, shape), count in counts.items():
        if count > 1:
            found[row, col].add(shape)
    return found


def _is_odd(shapes: dict[tuple[int, int], str], at: tuple[int, int], shape: str, step: tuple[int, int]) -> bool:
    """Whether both neighbours are alike and this one is not, or a whole run that ends here."""
    (row, col), (down, right) = at, step
    runs = []
    for way in (-1, 1):
        beside = [shapes.get((row + way * k * down, col + way * k * right)) for k in range(1, LONG_RUN + 1)]
        runs.append(beside)
    before, after = runs
    neighbours_alike = before[0] is not None and before[0] == after[0] != shape
    return neighbours_alike or any(run[0] not in (None, shape) and len(set(run)) == 1 for run in runs)


def _is_fixed(sheet: Worksheet, shapes: dict[tuple[int, int], str], at: tuple[int, int]) -> bool:
    """Whether it is the formula of the cell above or to the left, written with addresses that do not move ($A$1).

    What another sheet holds is fetched from where it stands there.
    """
    row, col = at
    if "!" in shapes[at]:
        return False
    for one in ((row - 1, col), (row, col - 1)):
        if one in shapes and shapes[one] != shapes[at]:
            loose = [relative(str(sheet.cell(*place).value).replace("$", ""), *place) for place in (one, at)]
            if loose[0] == loose[1]:
                return True
    return False


def _is_typed_over(shapes: dict[tuple[int, int], str], row: int, col: int) -> bool:
    sides = (((row, col - 1), (row, col + 1)), ((row - 1, col), (row + 1, col)))
    return any(shapes.get(a) is not None and shapes.get(a) == shapes.get(b) for a, b in sides)


def every_formula_has_its_value(book: Book) -> list[str]:
    """What a preview shows: a value beside every formula, no error, nothing that is not a number."""
    found = []
    for number, name in enumerate(book.formulas.sheetnames, start=1):
        for cell in book.xml(f"xl/worksheets/sheet{number}.xml").iter(f"{MAIN}c"):
            value, kind = cell.find(f"{MAIN}v"), cell.get("t", "n")
            at = f"{name}!{cell.get('r')}"
            if cell.find(f"{MAIN}f") is not None and value is None:
                found.append(f"{at} has a formula and no value")
            if kind == "e":
                found.append(f"{at} is an error: {'' if value is None else value.text}")
            # a formula whose text is empty is written as an empty number
            is_blank = cell.find(f"{MAIN}f") is not None and value is not None and not value.text
            if kind == "n" and value is not None and not is_blank and not isfinite(float(value.text or "nan")):
                found.append(f"{at} is {value.text}, which is no number")
    return found


# --- what is typed in -------------------------------------------------------------------------------------------------


def is_marked_as_input(cell: Cell) -> bool:
    """Blue on a pale ground in a box: the box is what remains in grey."""
    border = cell.border
    boxed = all(side.style for side in (border.left, border.right, border.top, border.bottom))
    return boxed and cell.fill.fill_type == "solid" and _colour(cell.font.color) == "0000FF"


def inputs_are_marked_and_validated(book: Book) -> list[str]:
    """A cell is unlocked exactly where it is marked, and what is typed there is looked at."""
    found = []
    for sheet in book.formulas:
        areas = [
            (range_boundaries(str(area)), rule)
            for rule in sheet.data_validations.dataValidation
            for area in rule.sqref.ranges
        ]
        of_style: dict[int, tuple[bool, bool]] = {}
        for cell in (cell for row in sheet.iter_rows() for cell in row):
            if cell.style_id not in of_style:
                of_style[cell.style_id] = not cell.protection.locked, is_marked_as_input(cell)
            unlocked, marked = of_style[cell.style_id]
            rules = [r for (c1, r1, c2, r2), r in areas if c1 <= cell.column <= c2 and r1 <= cell.row <= r2]
            if unlocked and not marked:
                found.append(f"{place(cell)} can be typed into and is not marked")
            if marked and not unlocked:
                found.append(f"{place(cell)} is marked and locked")
            if unlocked and not rules:
                found.append(f"{place(cell)} accepts anything")
            if unlocked and cell.data_type == "f":
                found.append(f"{place(cell)} is a formula that can be typed over")
            found += [f"{place(cell)} does not say what is wrong" for r in rules if not (r.error and r.errorTitle)]
            if rules and not unlocked:
                found.append(f"{place(cell)} is validated and locked")
        if areas and next(info.kind for info in SHEETS if info.name == sheet.title) != "input":
            found.append(f"{sheet.title} takes inputs and is not listed as one that does")
    return found


# --- how it looks -----------------------------------------------------------------------------------------------------


def sheets_are_set_up(book: Book) -> list[str]:
    """Title and first note, landscape A4, one page wide, a print area, frozen panes, protection without a password."""
    found = []
    for sheet in book.formulas:
        setup = sheet.page_setup
        wrong = {
            "is not landscape": setup.orientation != "landscape",
            "is not A4": str(setup.paperSize) != "9",
            "is not one page wide": not (sheet.sheet_properties.pageSetUpPr or _Nothing()).fitToPage
            or setup.fitToWidth not in (1, None),
            "has no print area": not sheet.print_area,
            "has no frozen panes": not sheet.freeze_panes,
            "is not protected": not sheet.protection.sheet,
            "has a password": bool(sheet.protection.password),
            "shows gridlines": sheet.sheet_view.showGridLines is not False,
            "has no footer": not sheet.oddFooter.left.text,
            "has no title": sheet["A1"].data_type != "s" or sheet["A1"].font.sz != TITLE_SIZE,
            "has no note below its title": not isinstance(sheet["A2"].value, str) or len(sheet["A2"].value) < 20,
        }
        found += [f"{sheet.title} {what}" for what, is_wrong in wrong.items() if is_wrong]
        drawn = _drawn_columns(book, sheet.title)
        found += [f"{place(cell)} is not printed" for cell in _outside(sheet) if cell.column not in drawn]
    return found


class _Nothing:
    fitToPage = False  # noqa: N815 - as openpyxl spells it


def _outside(sheet: Worksheet) -> list[Cell]:
    if not sheet.print_area:
        return []
    _, _, last_col, last_row = range_boundaries(sheet.print_area.split("!")[-1].replace("$", ""))
    cells = (cell for row in sheet.iter_rows() for cell in row if cell.value is not None)
    return [cell for cell in cells if cell.row > last_row or cell.column > last_col]


def _drawn_columns(book: Book, name: str) -> set[int]:
    """Columns of a sheet that a chart draws: they may stand beside what is printed, since the chart is printed."""
    found = set()
    for part in (part for part in book.parts if re.fullmatch(r"xl/charts/chart\d+\.xml", part)):
        for reference in (item.text or "" for item in book.xml(part).iter(f"{CHART}f")):
            sheet, _, area = reference.rpartition("!")
            if sheet.strip("'").replace("''", "'") == name:
                first, _, last, _ = range_boundaries(area.replace("$", ""))
                found |= set(range(first - 1, last + 1))  # with the words beside them
    return found


@dataclass(frozen=True, slots=True)
class Measures:
    """Widths and heights of a sheet, and which cells are merged. Widths in column widths, heights in points."""

    widths: dict[int, float]
    heights: dict[int, float]
    merged: dict[tuple[int, int], tuple[int, int]]

    def width(self, first: int, last: int) -> float:
        return sum(self.widths.get(col, DEFAULT_WIDTH) for col in range(first, last + 1))


def measures(sheet: Worksheet) -> Measures:
    widths = {
        col: (dimension.width * 7 - 5) / 7 if dimension.width * 7 > 5 else 0.0
        for dimension in sheet.column_dimensions.values()
        if dimension.customWidth
        for col in range(dimension.min, dimension.max + 1)
    }
    heights = {row: item.height for row, item in sheet.row_dimensions.items() if item.height}
    merged = {(area.min_row, area.min_col): (area.max_row, area.max_col) for area in sheet.merged_cells.ranges}
    return Measures(widths=widths, heights=heights, merged=merged)


def text_is_not_clipped(book: Book) -> list[str]:
    """Text fits its cell, its lines fit its row, and where it runs on beyond the cell nothing stands in its way."""
    found = []
    for sheet in book.values:
        size = measures(sheet)
        for cell in (cell for row in sheet.iter_rows() for cell in row if cell.data_type == "s" and cell.value):
            fault = _clipped(sheet, size, cell)
            found += [f"{place(cell)}: {fault}: {str(cell.value)[:60]}"] if fault else []
    return found


def _clipped(sheet: Worksheet, size: Measures, cell: Cell) -> str:
    font, text = cell.font, str(cell.value)
    last_row, last = size.merged.get((cell.row, cell.column), (cell.row, cell.column))
    room = size.width(cell.column, last) - INDENT * (cell.alignment.indent or 0)
    height = sum(size.heights.get(row, DEFAULT_HEIGHT) for row in range(cell.row, last_row + 1))
    if cell.alignment.wrap_text:
        lines = line_count(text, room + 0.5, size=font.sz, bold=bool(font.b))
        needed = lines * font.sz * 1.2
        return f"{lines} lines need {needed:.0f} points, the row has {height:g}" if needed > height + 0.5 else ""
    if font.sz * 1.2 > height + 0.5:
        return f"a line needs {font.sz * 1.2:.0f} points, the row has {height:g}"
    needed = text_width(text, size=font.sz, bold=bool(font.b))
    if needed <= room + 0.3:
        return ""
    if cell.alignment.horizontal in ("right", "center") or cell.data_type == "f":
        return f"needs a width of {needed:.1f}, the column has {room:.1f}"
    while needed > room and last < sheet.max_column + 30:
        last += 1
        if sheet.cell(cell.row, last).value is not None:
            return f"needs a width of {needed:.1f} and is cut at {room:.1f}"
        room += size.width(last, last)
    return ""


def numbers_are_shown(book: Book) -> list[str]:
    """Every number fits its column (or it would show ####), and has a format for what it is."""
    found = []
    for sheet in book.values:
        size = measures(sheet)
        for cell in (cell for row in sheet.iter_rows() for cell in row if cell.data_type in "nb"):
            if cell.value is None:
                continue
            font = cell.font
            needed = text_width(shown(cell), size=font.sz, bold=bool(font.b))
            room = size.width(cell.column, cell.column)
            if needed > room + 0.3:
                found.append(f"{place(cell)}: {shown(cell)} needs a width of {needed:.1f}, the column has {room:.1f}")
    return found


FORMATS: dict[str, Callable[[float], str]] = {
    "General": lambda v: f"{v:.6g}",
    "0": lambda v: f"{v:.0f}",
    "$#,##0;-$#,##0": lambda v: f"{'-' if v < 0 else ''}${abs(v):,.0f}",
    "$#,##0.00;-$#,##0.00": lambda v: f"{'-' if v < 0 else ''}${abs(v):,.2f}",
    "$#,##0.00##;-$#,##0.00##": lambda v: f"{'-' if v < 0 else ''}${abs(v):,.4f}",
    '"at most "$#,##0': lambda v: f"at most ${v:,.0f}",
    '"at least "0.00%': lambda v: f"at least {v:.2%}",
    "$#,##0.00##": lambda v: f"${v:,.4f}",
    "$0.000000;-$0.000000": lambda v: f"{'-' if v < 0 else ''}${abs(v):.6f}",
    "0.0%": lambda v: f"{v:.1%}",
    "0.00%": lambda v: f"{v:.2%}",
    "0%": lambda v: f"{v:.0%}",
    "0.0000%": lambda v: f"{v:.4%}",
    "#,##0": lambda v: f"{v:,.0f}",
    "#,##0.0": lambda v: f"{v:,.1f}",
    "#,##0.00": lambda v: f"{v:,.2f}",
    "0.00": lambda v: f"{v:.2f}",
    "0.0": lambda v: f"{v:.1f}",
    "0.000": lambda v: f"{v:.3f}",
    "0.0E+00": lambda v: f"{v:.1E}",
    "yyyy-mm-dd": lambda _: "2026-11-24",
}


def shown(cell: Cell) -> str:
    """A number as its format shows it. Errors: KeyError for a format that is not listed here."""
    if isinstance(cell.value, bool):
        return str(cell.value).upper()
    if not isinstance(cell.value, int | float):
        return "2026-11-24"
    return FORMATS[cell.number_format](float(cell.value))


def _colour(colour: Any) -> str:
    return str(colour.rgb)[-6:] if colour is not None and isinstance(colour.rgb, str) else "000000"


def luminance(rgb: str) -> float:
    parts = [int(rgb[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def readable_in_grey(book: Book) -> list[str]:
    """Letters at 4.5 to 1 on their ground, boxes of inputs at 3 to 1, one font throughout."""
    found = []
    of_style: dict[int, list[str]] = {}
    for cell in book.cells():
        if cell.style_id not in of_style:
            of_style[cell.style_id] = list(_pale(cell))
        found += [f"{place(cell)}{fault}" for fault in of_style[cell.style_id]]
    return found


def _pale(cell: Cell) -> Iterator[str]:
    ground = _colour(cell.fill.fgColor) if cell.fill.fill_type == "solid" else "FFFFFF"
    ratio = contrast(_colour(cell.font.color), ground)
    if ratio < 4.5:
        yield f": {ratio:.1f} to 1 between letters and ground"
    if cell.font.name != "Arial":
        yield f" is set in {cell.font.name}"
    if is_marked_as_input(cell) and contrast(_colour(cell.border.left.color), "FFFFFF") < 3:
        yield ": the box of an input is too pale for grey"


def headings_stand_over_something(book: Book) -> list[str]:
    """Below a heading there is a row of its table, and no column of the table is without a heading and a value."""
    found = []
    of_style: dict[int, bool] = {}
    for sheet in book.formulas:
        columns = range(1, sheet.max_column + 1)
        for cell in (cell for row in sheet.iter_rows() for cell in row if cell.value):
            if cell.style_id not in of_style:
                of_style[cell.style_id] = is_heading(cell)
            if not of_style[cell.style_id]:
                continue
            below = [sheet.cell(cell.row + step, col).value for step in (1, 2) for col in columns]
            next_one = sheet.cell(cell.row + 1, cell.column)
            is_table = is_heading(next_one) or is_marked_as_input(next_one)
            if all(value is None for value in below) and not is_table:
                found.append(f"{place(cell)}: nothing below the heading {cell.value}")
    return found


def is_heading(cell: Cell) -> bool:
    return cell.fill.fill_type == "solid" and bool(cell.font.b) and bool(cell.border.bottom.style)


# --- charts -----------------------------------------------------------------------------------------------------------


def charts_are_labelled(book: Book) -> list[str]:
    """A title, a title on each axis, numbers with a unit, and series that differ in more than their colour."""
    found = []
    for part in sorted(part for part in book.parts if re.fullmatch(r"xl/charts/chart\d+\.xml", part)):
        chart = book.xml(part)
        name = _text(chart.find(f".//{CHART}chart/{CHART}title"))
        label = name or part
        if not name:
            found.append(f"{label} has no title")
        axes = [axis for kind in ("catAx", "valAx", "dateAx") for axis in chart.iter(f"{CHART}{kind}")]
        shown_axes = [axis for axis in axes if (axis.find(f"{CHART}delete") is None or _val(axis, "delete") != "1")]
        found += [f"{label}: an axis without a title" for axis in shown_axes if not _text(axis.find(f"{CHART}title"))]
        found += [f"{label}: {fault}" for fault in _alike(chart)]
        if any(not list(series.iter(f"{CHART}f")) for series in chart.iter(f"{CHART}ser")):
            found.append(f"{label}: a series without cells")
        found += [f"{label}: {fault}" for fault in _empty_series(book, chart)]
    return found


def _text(element: ElementTree.Element | None) -> str:
    if element is None:
        return ""
    return "".join(run.text or "" for run in element.iter(f"{DRAWING}t")) or "".join(
        value.text or "" for value in element.iter(f"{CHART}v")
    )


def _val(element: ElementTree.Element, name: str) -> str:
    child = element.find(f"{CHART}{name}")
    return "" if child is None else child.get("val", "")


def _alike(chart: ElementTree.Element) -> list[str]:
    """Series that are named in the legend and that a grey print does not tell apart."""
    looks: dict[tuple[str, ...], str] = {}
    found = []
    removed = {_val(entry, "idx") for entry in chart.iter(f"{CHART}legendEntry")}
    if chart.find(f".//{CHART}legend") is None:
        return []
    for kind in ("lineChart", "scatterChart", "barChart", "areaChart"):
        for group in chart.iter(f"{CHART}{kind}"):
            for series in group.iter(f"{CHART}ser"):
                if _val(series, "idx") in removed or _is_invisible(series):
                    continue
                look, name = _look(kind, series), _text(series.find(f"{CHART}tx"))
                if look in looks:
                    found.append(f"{name!r} and {looks[look]!r} differ by colour alone")
                looks[look] = name
    return found


def _is_invisible(series: ElementTree.Element) -> bool:
    properties = series.find(f"{CHART}spPr")
    marker = series.find(f"{CHART}marker/{CHART}symbol")
    has_marker = marker is not None and marker.get("val") != "none"
    if properties is None or has_marker:
        return False
    line = properties.find(f"{DRAWING}ln")
    no_line = line is not None and line.find(f"{DRAWING}noFill") is not None
    return properties.find(f"{DRAWING}noFill") is not None and (line is None or no_line)


def _look(kind: str, series: ElementTree.Element) -> tuple[str, ...]:
    """What of a series remains in grey: dash, marker, and of a filled one how dark it is, in tenths."""
    dash = next((item.get("val", "") for item in series.iter(f"{DRAWING}prstDash")), "solid")
    symbol = next((item.get("val", "") for item in series.iter(f"{CHART}symbol")), "none")
    width = next((item.get("w", "") for item in series.iter(f"{DRAWING}ln")), "")
    if kind in ("barChart", "areaChart"):
        pattern = next((item.get("prst", "") for item in series.iter(f"{DRAWING}pattFill")), "")
        fill = series.find(f"{CHART}spPr/{DRAWING}solidFill/{DRAWING}srgbClr")
        grey = "" if fill is None else f"{luminance(fill.get('val', '000000')) * 5:.0f}"
        return (kind, pattern, grey)
    return ("line", dash, symbol, width)


def _empty_series(book: Book, chart: ElementTree.Element) -> Iterator[str]:
    for reference in (item.text or "" for item in chart.iter(f"{CHART}f")):
        sheet, _, area = reference.rpartition("!")
        name = sheet.strip("'").replace("''", "'")
        if name not in book.values.sheetnames:
            yield f"{reference} is not in the workbook"
            continue
        c1, r1, c2, r2 = range_boundaries(area.replace("$", ""))
        cells = book.values[name].iter_rows(min_row=r1, max_row=r2, min_col=c1, max_col=c2, values_only=True)
        if all(value is None for row in cells for value in row):
            yield f"{reference} is empty"


def charts_cover_nothing(book: Book) -> list[str]:
    """A chart lies inside the print area and over no cell with a value, and no two overlap."""
    found = []
    for number, name in enumerate(book.formulas.sheetnames, start=1):
        sheet, areas = book.values[name], _anchors(book, number)
        for index, area in enumerate(areas):
            c1, r1, c2, r2 = area
            cells = sheet.iter_rows(min_row=r1, max_row=r2, min_col=c1, max_col=c2)
            covered = next((cell for row in cells for cell in row if cell.value is not None), None)
            if covered is not None:
                found.append(f"{place(covered)} lies under a chart")
            if any(c1 <= d2 and d1 <= c2 and r1 <= s2 and s1 <= r2 for d1, s1, d2, s2 in areas[:index]):
                found.append(f"{name}: charts overlap at {get_column_letter(c1)}{r1}")
            _, _, last_col, last_row = range_boundaries((sheet.print_area or "A1:A1").split("!")[-1].replace("$", ""))
            if c2 > last_col or r2 > last_row:
                found.append(f"{name}: a chart at {get_column_letter(c1)}{r1} reaches beyond what is printed")
    return found


def _anchors(book: Book, number: int) -> list[tuple[int, int, int, int]]:
    """First and last column and row of each chart on a sheet, from 1."""
    part = f"xl/worksheets/_rels/sheet{number}.xml.rels"
    if part not in book.parts:
        return []
    drawings = [item.get("Target", "") for item in book.xml(part) if "drawings/" in item.get("Target", "")]
    found = []
    for drawing in drawings:
        for anchor in book.xml(f"xl/drawings/{drawing.rpartition('/')[2]}").iter(f"{PLACED}twoCellAnchor"):
            corners = [anchor.find(f"{PLACED}{corner}") for corner in ("from", "to")]
            first, last = (_corner(corner) for corner in corners if corner is not None)
            # a chart that ends where a column begins does not reach into it
            found.append((first[0] + 1, first[2] + 1, last[0] + (last[1] > 0), last[2] + (last[3] > 0)))
    return found


def _corner(corner: ElementTree.Element) -> tuple[int, int, int, int]:
    """Column and how far into it, row and how far into it."""
    col, col_off, row, row_off = (
        int(corner.findtext(f"{PLACED}{axis}") or 0) for axis in ("col", "colOff", "row", "rowOff")
    )
    return col, col_off, row, row_off


RULES: Sequence[Rule] = (
    only_sheets_that_are_seen,
    opens_as_it_was_written,
    names_are_single_cells,
    formulas_are_plain,
    ranges_need_no_array_entry,
    one_formula_along_a_row,
    every_formula_has_its_value,
    inputs_are_marked_and_validated,
    sheets_are_set_up,
    text_is_not_clipped,
    numbers_are_shown,
    readable_in_grey,
    headings_stand_over_something,
    charts_are_labelled,
    charts_cover_nothing,
)
