"""A table of workings: one step per row, one case (or band) per column, one formula along each row."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from xlsxwriter.utility import xl_col_to_name

from planner.workbook.sheet import Sheet, Value, area, cell

FIRST_COL = 1
_NO_NAMES: Mapping[str, str] = MappingProxyType({})


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
        for col, value in enumerate(values, start=FIRST_COL):
            self._constant(row, col, value, style)

    def formulas(
        self,
        key: str,
        label: str,
        style: str,
        template: str,
        values: Sequence[Value],
        *,
        names: Mapping[str, str] = _NO_NAMES,
        given: Sequence[bool] = (),
    ) -> None:
        """A row of one formula, with the values that it has now.

        names: what else a template may name: another row's key under a name of its own, or any text. {letter} is the
        column's own. given: columns whose value is given instead.
        """
        known = {**{name: name for name in self.rows}, **names}
        rows = dict(self.rows)
        row = self._add(key, label)
        for col, value in enumerate(values, start=FIRST_COL):
            if given and given[col - FIRST_COL]:
                self._constant(row, col, value, style)
                continue
            letter = xl_col_to_name(col)
            cells = {name: f"{letter}{rows[text] + 1}" if text in rows else text for name, text in known.items()}
            self.sheet.formula(row, col, template.format(letter=letter, **cells), value, style)

    def at(self, key: str, column: int) -> str:
        """Address of a step within the sheet; columns count from 0."""
        return cell(self.rows[key], FIRST_COL + column)

    def local_range(self, key: str) -> str:
        """Address of a row within the sheet."""
        row = self.rows[key]
        return area(row, FIRST_COL, row, FIRST_COL + self.n_columns - 1)

    def _constant(self, row: int, col: int, value: Value, style: str) -> None:
        if isinstance(value, str):
            self.sheet.text(row, col, value, style)
        else:
            self.sheet.number(row, col, value, style)

    def _add(self, key: str, label: str) -> int:
        row = self.rows[key] = self.next_row
        self.sheet.text(row, 0, label, "label")
        return row
