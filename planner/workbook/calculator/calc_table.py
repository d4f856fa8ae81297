"""A table of workings: one step per row, one scenario (or contract year) per column, one formula along each row."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from xlsxwriter.utility import xl_col_to_name

from planner.workbook.sheet import Sheet, Value, area

_FIRST_COL = 1


@dataclass(frozen=True, kw_only=True)
class CalcTable:
    """Rows are added from the top down. A template names another row of the same column as {key}."""

    sheet: Sheet
    first_row: int
    n_columns: int
    rows: dict[str, int] = field(default_factory=dict)

    @property
    def next_row(self) -> int:
        return self.first_row + len(self.rows)

    def constants(self, key: str, label: str, style: str, values: Sequence[Value]) -> None:
        """A row of given values."""
        row = self._add(key, label)
        for col, value in enumerate(values, start=_FIRST_COL):
            if isinstance(value, str):
                self.sheet.text(row, col, value, style)
            else:
                self.sheet.number(row, col, value, style)

    def formulas(self, key: str, label: str, style: str, template: str, values: Sequence[Value]) -> None:
        """A row of one formula, with the values that it has now."""
        known = dict(self.rows)
        row = self._add(key, label)
        for col, value in enumerate(values, start=_FIRST_COL):
            letter = xl_col_to_name(col)
            cells = {name: f"{letter}{at + 1}" for name, at in known.items()}
            self.sheet.formula(row, col, template.format(**cells), value, style)

    def local_range(self, key: str) -> str:
        """Address of a row within the sheet."""
        row = self.rows[key]
        return area(row, _FIRST_COL, row, _FIRST_COL + self.n_columns - 1)

    def range_of(self, key: str) -> str:
        """Address of a row for other sheets."""
        return self.sheet.ref(self.local_range(key))

    def _add(self, key: str, label: str) -> int:
        row = self.rows[key] = self.next_row
        self.sheet.text(row, 0, label, "label")
        return row
