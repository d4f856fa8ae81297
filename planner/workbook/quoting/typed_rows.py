"""The rows that quotes are typed into: input cells with their limits, and whether each row holds a quote."""

from dataclasses import dataclass
from typing import Any, Final

from planner.workbook.quoting.typed_fields import (
    CLAUSES,
    FIELDS,
    FIRST_DAY,
    LAST_DAY,
    LONGEST_TERM_MONTHS,
    LONGEST_TEXT,
    MOST_COMMIT_USD,
    N_ROWS,
    Field,
    Kind,
    cell_name,
)
from planner.workbook.sheet import Define, Sheet, area, cell

STATE_COL: Final = len(FIELDS)
_STYLES: Final[dict[Kind, str]] = {
    "text": "input_words",
    "usd": "input_usd",
    "share": "input_percent",
    "rate": "input_percent",
    "months": "input_count",
    "clause": "input_text",
    "date": "input_date",
}
_LONGEST_TITLE: Final = 32
_MOST_SHARE: Final = 0.9999
"""What a list of allowed values can say: the largest share below 1 that is shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InputRows:
    """Where the input cells stand: their first row, and columns in the order of the fields, from 0."""

    first: int

    @property
    def last(self) -> int:
        return self.first + N_ROWS - 1

    def at(self, row: int, name: str) -> str:
        """Address of a field's cell in a row of quotes, within the sheet, its column fixed."""
        return cell(self.first + row, _COLUMNS[name], row_abs=False)

    def column(self, name: str) -> str:
        """Address of a field's cells, within the sheet."""
        col = _COLUMNS[name]
        return area(self.first, col, self.last, col)


_COLUMNS: Final = {field.name: col for col, field in enumerate(FIELDS)}


def write_inputs(sheet: Sheet, header_row: int, define: Define) -> InputRows:
    """Empty input cells under their headings, each named; the column beside them says what a row lacks."""
    rows = InputRows(first=header_row + 1)
    sheet.text(header_row, STATE_COL, "what this row says", "header_after")
    for col, field in enumerate(FIELDS):
        over = "header_right" if field.kind != "text" else "header_after" if col else "header"
        sheet.text(header_row, col, field.heading, over, sized=False)
        style = sheet.styles[_STYLES[field.kind]]
        for row in range(N_ROWS):
            sheet.worksheet.write_blank(rows.first + row, col, None, style)
            define(cell_name(row, field), sheet.ref(cell(rows.first + row, col)))
        sheet.worksheet.data_validation(rows.first, col, rows.last, col, _validation(field))
    return rows


def _validation(field: Field) -> dict[str, Any]:
    title = field.heading.partition(",")[0][:_LONGEST_TITLE].capitalize()
    wanted = f"{field.wanted[0].upper()}{field.wanted[1:]}."
    said = {
        "input_title": title,
        "input_message": wanted,
        "error_title": title,
        "error_message": f"Give {field.wanted}.",
    }
    return {**_rule(field.kind), **said, "ignore_blank": True}


def _rule(kind: Kind) -> dict[str, Any]:
    between = {"criteria": "between", "minimum": 0}
    rules: dict[Kind, dict[str, Any]] = {
        "text": {"validate": "length", "criteria": "between", "minimum": 1, "maximum": LONGEST_TEXT},
        "usd": {"validate": "decimal", **between, "maximum": MOST_COMMIT_USD},
        "share": {"validate": "decimal", **between, "maximum": _MOST_SHARE},
        "rate": {"validate": "decimal", **between, "maximum": 1},
        "months": {"validate": "integer", "criteria": "between", "minimum": 1, "maximum": LONGEST_TERM_MONTHS},
        "clause": {"validate": "list", "source": list(CLAUSES)},
        "date": {"validate": "date", "criteria": "between", "minimum": FIRST_DAY, "maximum": LAST_DAY},
    }
    return rules[kind]
