"""What the tables for a negotiation share: sentences, headings over narrow numbers, errors, and figures that lack."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from textwrap import wrap
from typing import Final

from planner.negotiation.clause_values import SEEN, ClauseValue
from planner.risk import Estimate
from planner.units import HALF_CENT_USD
from planner.workbook.sheet import Sheet, cell, number_or

NONE: Final = "-"
"""What stands where a figure does not exist."""

_LINE_OF_A_NAME: Final = 40


def sentences(sheet: Sheet, row: int, said: Iterable[str], widths: Mapping[int, int], *, style: str = "note") -> int:
    """Sentences, one a row across the columns; returns the next free row."""
    for text in said:
        sheet.paragraph(row, text, last_col=max(widths), style=style)
        row += 1
    return row


def headings(sheet: Sheet, row: int, labels: Sequence[str], *, n_text: int = 1) -> None:
    """Headings that wrap in columns as wide as their figures."""
    for col, label in enumerate(labels):
        sheet.text(row, col, label, "header" if col < n_text else "header_right", sized=False)


def figure(sheet: Sheet, row: int, col: int, value: float | str | None, style: str = "usd") -> None:
    """A number, or in words why there is none."""
    sheet.value(row, col, value if isinstance(value, str) else number_or(value), style)


def with_error(sheet: Sheet, row: int, col: int, value: Estimate, style: str = "usd") -> None:
    """An estimate, and its standard error in the column beside it."""
    sheet.number(row, col, value.mean, style)
    figure(sheet, row, col + 1, value.se, style)


def totals(sheet: Sheet, row: int, label: str, last_col: int) -> None:
    """A ruled row for totals, with its name."""
    for col in range(1, last_col + 1):
        sheet.worksheet.write_blank(row, col, None, sheet.styles["total_text"])
    sheet.text(row, 0, label, "total_text", sized=False)


def down(row: int, col: int) -> str:
    """A cell of the same row, as a formula that goes down a column refers to it: $C5."""
    return cell(row, col, row_abs=False)


def across(row: int, col: int) -> str:
    """A cell of the same column, as a formula that goes along a row refers to it: C$5."""
    return cell(row, col, col_abs=False)


def short_name(item: ClauseValue) -> str:
    """A clause in a few words, as scripts call it; the buyer's own ask as the plan names it."""
    name = item.variation.name
    return name if name == item.variation.words else name.replace("_", " ")


def in_lines(name: str) -> str:
    """A long name in lines, as a chart beside its table shows them; not every program breaks them by itself."""
    return "\n".join(wrap(name, _LINE_OF_A_NAME, break_long_words=True)) or name


def n_lines(names: Iterable[str]) -> int:
    """How many lines the longest of some names takes."""
    return max((in_lines(name).count("\n") + 1 for name in names), default=1)


def rounded(usd: float) -> float:
    """What ROUND(usd,1) gives: a difference that is nothing but rounding is 0."""
    return round(usd, 1) + 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Cells that say from when on a value is told from nothing: a number of standard errors, and dollars."""

    errors: str
    least: str
    next_row: int

    def formula(self, row: int, col: int) -> str:
        """ "yes" where the value in a column can be told from nothing, its error being in the next column."""
        value, error = down(row, col), down(row, col + 1)
        return f'=IF(ISNUMBER({error}),IF(ABS({value})>MAX({self.errors}*{error},{self.least}),"yes","no"),"no")'

    def value(self, mean: float, se: float) -> str:
        """What the formula gives."""
        return "yes" if isfinite(se) and abs(mean) > max(SEEN * se, HALF_CENT_USD) else "no"


def write_told(sheet: Sheet, row: int) -> Told:
    """The two numbers, labelled."""
    lines = (
        ("Told from nothing: beyond so many standard errors", SEEN, "plain"),
        ("Told from nothing: beyond so many US dollars", HALF_CENT_USD, "plain"),
    )
    for at, (label, value, style) in enumerate(lines, start=row):
        sheet.text(at, 0, label, "label", sized=False)
        sheet.number(at, 2, value, style)
    return Told(errors=cell(row, 2), least=cell(row + 1, 2), next_row=row + 3)
