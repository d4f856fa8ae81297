"""A workbook that comes back filled in: its cells by the names that they were given when it was written."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any, Final

import openpyxl
from openpyxl.formula.tokenizer import TokenizerError
from openpyxl.utils import range_boundaries
from openpyxl.utils.exceptions import InvalidFileException

from planner.errors import WorkbookError
from planner.workbook.reading.package import check_package
from planner.workbook.sheet import cell

_LAST_ROW: Final = 2_000
_LAST_COL: Final = 60
_DAMAGED: Final = (
    *(InvalidFileException, KeyError, ValueError, TypeError, AttributeError, IndexError, OSError, EOFError),
    *(RuntimeError, OverflowError, SyntaxError),
)
"""What openpyxl raises for a package that is not as its own parts say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TypedCell:
    """A cell that is typed into. place: sheet and address, for people.

    value: as saved, None where it is blank. is_error: it holds an error such as #N/A. lacks_value: a formula that no
    spreadsheet has worked out.
    """

    place: str
    value: Any
    is_error: bool = False
    lacks_value: bool = False

    @property
    def is_blank(self) -> bool:
        return self.value is None and not self.lacks_value


Cells = Mapping[tuple[int, int], tuple[Any, str]]
"""(row, column), from 1 -> value and openpyxl's type."""


@dataclass(frozen=True, kw_only=True)
class OpenedWorkbook:
    """A workbook twice: with the values that were saved, and with its formulas. label: the file, for people."""

    label: str
    values: Any
    formulas: Any
    known: dict[tuple[str, bool], Cells] = field(default_factory=dict)

    def has(self, name: str) -> bool:
        """Whether a workbook-level name is there."""
        return name in self.values.defined_names

    def at(self, name: str) -> TypedCell:
        """The cell of a name. Errors: WorkbookError for a name that is gone, or leads to no single cell."""
        sheet, row, col = self._where(name)
        value, kind = self._cells(sheet, formulas=False).get((row, col), (None, "n"))
        _, formula_kind = self._cells(sheet, formulas=True).get((row, col), (None, "n"))
        address = cell(row - 1, col - 1, row_abs=False, col_abs=False)
        is_formula = formula_kind == "f"
        return TypedCell(
            place=f"{sheet}!{address}",
            value=value,
            is_error=kind == "e",
            lacks_value=is_formula and value is None,
        )

    def labelled(self, sheet: str, label: str) -> str | None:
        """The text beside a label in a sheet's first column; None where there is none."""
        if sheet not in self.values.sheetnames:
            return None
        cells = self._cells(sheet, formulas=False)
        row = next((row for (row, col), (value, _) in cells.items() if col == 1 and value == label), None)
        found, _ = (None, "") if row is None else cells.get((row, 2), (None, ""))
        return found if isinstance(found, str) else None

    def _where(self, name: str) -> tuple[str, int, int]:
        lost = WorkbookError(
            f"{self.label}: its name {name} leads to no cell any more: rows or sheets were deleted; export the "
            "workbook again and fill that in"
        )
        if not self.has(name):
            raise lost
        try:
            places = list(self.values.defined_names[name].destinations)
        except TokenizerError:
            raise lost from None
        if len(places) != 1 or places[0][0] not in self.values.sheetnames:
            raise lost
        sheet, address = places[0]
        try:
            col, row, last_col, last_row = range_boundaries(address)
        except (ValueError, TypeError):
            raise lost from None
        if None in (col, row) or (col, row) != (last_col, last_row) or row > _LAST_ROW or col > _LAST_COL:
            raise lost
        return sheet, row, col

    def _cells(self, sheet: str, *, formulas: bool) -> Cells:
        """Every cell of a sheet that is not blank, within the size of ours; read once."""
        if (sheet, formulas) not in self.known:
            book = self.formulas if formulas else self.values
            rows = book[sheet].iter_rows(max_row=_LAST_ROW, max_col=_LAST_COL)
            self.known[sheet, formulas] = {
                (item.row, item.column): (item.value, item.data_type)
                for cells in _guarded(self.label, rows)
                for item in cells
                if item.value is not None
            }
        return self.known[sheet, formulas]


def opened(content: bytes, label: str) -> OpenedWorkbook:
    """Open a workbook without running or following anything in it. Errors: WorkbookError for what is none."""
    check_package(content, label)
    try:
        with warnings.catch_warnings():
            # openpyxl warns of what it leaves out, which is nothing that is read here
            warnings.simplefilter("ignore")
            values, formulas = (
                openpyxl.load_workbook(BytesIO(content), read_only=True, data_only=data_only, keep_links=False)
                for data_only in (True, False)
            )
    except _DAMAGED as error:
        raise _damaged(label, error) from None
    return OpenedWorkbook(label=label, values=values, formulas=formulas)


def _guarded(label: str, rows: Any) -> Any:
    try:
        yield from rows
    except _DAMAGED as error:
        raise _damaged(label, error) from None


def _damaged(label: str, error: BaseException) -> WorkbookError:
    return WorkbookError(
        f"{label}: the workbook is damaged ({type(error).__name__}); open it in a spreadsheet, save it, and give that"
    )
