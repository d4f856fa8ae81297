"""What the quotes typed in cost: sheet Calc prices each row, and this table reads it there."""

from dataclasses import dataclass
from typing import Final

from planner.workbook.calculator.cases import PricedCases
from planner.workbook.quoting.row_workings import Workings
from planner.workbook.quoting.typed_fields import N_ROWS
from planner.workbook.sheet import Sheet, area, cell

HEIGHT: Final = N_ROWS + 4
_RANKED: Final = 3
_STEPS: Final = (
    ("expected cost, USD", "cost", "usd"),
    ("saves against on demand, USD", "saving", "usd"),
    ("savings rate, %", "savings", "percent"),
    ("P(shortfall), %", "probability", "percent"),
    ("expected shortfall, USD", "shortfall", "usd"),
    ("expected overage, USD", "overage", "usd"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveQuotes:
    """The rows as Calc prices them, and the terms, in months, that it can price."""

    cases: PricedCases
    terms_months: tuple[int, ...]


def case_key(row: int) -> str:
    """The case of sheet Calc that prices a row of quotes, from 0."""
    return f"quote_{row + 1}"


def write_typed_prices(
    sheet: Sheet, row: int, workings: Workings, cases: PricedCases, *, last_col: int, note: str
) -> None:
    """A row for each row of quotes, blank where there is none; ranked by the savings rate, the largest first."""
    sheet.subtitle(row, "What the quotes typed in cost", last_col=last_col)
    sheet.paragraph(row + 1, note, last_col=last_col, width=150)
    sheet.header(row + 2, ("quote", *(label for label, *_ in _STEPS), "rank by savings rate"))
    first = row + 3
    rates = area(first, _RANKED, first + N_ROWS - 1, _RANKED)
    for index in range(N_ROWS):
        valid, priced = workings.term(index, "valid"), workings.term(index, "priced")
        at = first + index
        sheet.formula(at, 0, f'=IF({valid},{workings.inputs.at(index, "name")},"")', "", "text")
        for col, (_, step, style) in enumerate(_STEPS, start=1):
            sheet.formula(at, col, f'=IF({priced},{cases.at(case_key(index), step)},"")', "", style)
        own = cell(at, _RANKED, row_abs=False)
        rank = f'=IF({priced},1+SUMPRODUCT(ISNUMBER({rates})*({rates}>{own})),"")'
        sheet.formula(at, len(_STEPS) + 1, rank, "", "count")
