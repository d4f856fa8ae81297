"""Tables of the sheet Scenarios and regret: what a commitment costs more than the best one of the scenario lived in."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from xlsxwriter import Workbook

from planner.negotiation.regret import RegretMatrix, RegretRow
from planner.negotiation_reports.regret import regret_sentences, regret_table
from planner.units import HALF_CENT_USD
from planner.workbook.check import Check
from planner.workbook.negotiating.rows import down, figure, headings, totals
from planner.workbook.sheet import Sheet, area, cell
from planner.workbook.style import DARK

_FIRST: Final = 2
"""The column of the first scenario that is lived in."""
_PALE: Final = "#FFFFFF"
_GREY: Final = "#C3C8D2"
_ROUNDING: Final = 1e-9
_READ: Final = (
    "In each row the largest regret is framed and bold, the darker the larger; the least of the largest, and of the "
    "weighted, is said at the end."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Matrix:
    """Where the matrix stands, and what its rows are called."""

    found: RegretMatrix
    names: Sequence[str]
    rows: Sequence[RegretRow]
    top: int

    @property
    def bottom(self) -> int:
        return self.top + len(self.rows) - 1

    @property
    def last(self) -> int:
        """The column of the last scenario."""
        return _FIRST + len(self.found.scenarios) - 1

    @property
    def largest(self) -> int:
        return self.last + 1

    @property
    def least(self) -> int:
        """The row of the least of the columns that hold what is largest and what is weighted."""
        return self.bottom + 1

    @property
    def weights(self) -> int:
        """The row of the scenarios' weights."""
        return self.bottom + 2

    @property
    def within(self) -> str:
        """The cell of how far apart two figures may be and still be taken for one, USD."""
        return cell(self.weights + 1, self.last)

    @property
    def figures(self) -> tuple[tuple[int, Callable[[RegretRow], float]], ...]:
        """What every row comes to, by its column: its largest regret, and its regrets weighted."""
        return (self.largest, lambda line: line.largest.mean), (self.largest + 1, self.weighted_usd)

    def weighted_usd(self, row: RegretRow) -> float:
        """Its regrets by the weights."""
        weights = dict(self.found.weights)
        pairs = zip(self.found.scenarios, row.regrets, strict=True)
        return sum(weights.get(name, 0.0) * regret.mean for name, regret in pairs)


def regret_columns(found: RegretMatrix) -> int:
    """How many columns the tables take."""
    return _FIRST + len(found.scenarios) + 4


def write_regret(
    sheet: Sheet, workbook: Workbook, found: RegretMatrix, row: int, *, last_col: int
) -> tuple[int, list[Check]]:
    """Regrets with live largest and weighted ones, their errors, and chances of a shortfall; the next free row."""
    table = regret_table(found)
    sheet.subtitle(row, table.title, last_col=last_col)
    for said in (*regret_sentences(found), f"{table.note.partition('. ')[2]} {_READ}"):
        row += 1
        sheet.paragraph(row, said, last_col=last_col)
    names = [name for name, *_ in table.rows]
    rows = (*found.best, found.recommended, found.minimax, found.weighted)
    matrix = _Matrix(found=found, names=names, rows=rows, top=row + 2)
    lived = [f"living in '{name}'" for name in found.scenarios]
    ends = ("largest", "by the weights", "least of its column", "largest when")
    headings(sheet, row + 1, ("signed", "commitment, USD a year", *lived, *ends))
    sheet.text(row + 1, matrix.largest + 3, ends[-1], "header_after", sized=False)
    for at, line in enumerate(rows, start=matrix.top):
        _write_row(sheet, matrix, at, line)
    _write_below(sheet, matrix)
    _mark(sheet, workbook, matrix)
    after = _write_beside(sheet, matrix, lived, matrix.weights + 3)
    return after, _checks(sheet, matrix)


def _write_row(sheet: Sheet, matrix: _Matrix, at: int, line: RegretRow) -> None:
    sheet.text(at, 0, matrix.names[at - matrix.top])
    sheet.number(at, 1, line.offer.commit_usd_per_year, "usd")
    for col, regret in enumerate(line.regrets, start=_FIRST):
        sheet.number(at, col, regret.mean, "usd")
    own = f"{down(at, _FIRST)}:{down(at, matrix.last)}"
    largest, weighted = matrix.largest, matrix.largest + 1
    sheet.formula(at, largest, f"=MAX({own})", line.largest.mean, "bold_usd")
    lived = area(matrix.top - 1, _FIRST, matrix.top - 1, matrix.last)
    worst = [regret.mean for regret in line.regrets].index(line.largest.mean)
    where = f"living in '{matrix.found.scenarios[worst]}'"
    formula = f"=INDEX({lived},MATCH({down(at, largest)},{own},0))"
    sheet.formula(at, largest + 3, formula, where, "label_after")
    weights = area(matrix.weights, _FIRST, matrix.weights, matrix.last)
    sheet.formula(at, weighted, f"=SUMPRODUCT({own},{weights})", matrix.weighted_usd(line), "usd")
    _write_least(sheet, matrix, at, line)


def _write_least(sheet: Sheet, matrix: _Matrix, at: int, line: RegretRow) -> None:
    """In words which of a row's two figures is the least of its column, to half a cent."""
    tests, holds = [], []
    for col, usd in matrix.figures:
        tests.append(f"{down(at, col)}<={cell(matrix.least, col)}+{matrix.within}")
        holds.append(usd(line) <= min(map(usd, matrix.rows)) + HALF_CENT_USD)
    formula = f'=IF({tests[0]},IF({tests[1]},"both","largest"),IF({tests[1]},"weighted","-"))'
    words = {(True, True): "both", (True, False): "largest", (False, True): "weighted", (False, False): "-"}
    sheet.formula(at, matrix.largest + 2, formula, words[holds[0], holds[1]], "right")


def _write_below(sheet: Sheet, matrix: _Matrix) -> None:
    """The least of each figure, the weights, and what is taken for the same."""
    totals(sheet, matrix.least, "least of these", matrix.largest + 3)
    for col, usd in matrix.figures:
        column = area(matrix.top, col, matrix.bottom, col)
        sheet.formula(matrix.least, col, f"=MIN({column})", min(map(usd, matrix.rows)), "total_usd")
    weights = dict(matrix.found.weights)
    sheet.text(matrix.weights, 0, "weights" if matrix.found.are_own_weights else "weights, equal", "label", sized=False)
    for col, name in enumerate(matrix.found.scenarios, start=_FIRST):
        sheet.number(matrix.weights, col, weights.get(name, 0.0), "percent")
    sheet.text(matrix.weights + 1, 0, "least, to within so many US dollars", "label", sized=False)
    sheet.number(matrix.weights + 1, matrix.last, HALF_CENT_USD, "plain")


def _mark(sheet: Sheet, workbook: Workbook, matrix: _Matrix) -> None:
    """Frame the largest of each row, and shade by size."""
    framed = workbook.add_format({"bold": True, "border": 1, "border_color": DARK})
    first = cell(matrix.top, _FIRST, row_abs=False, col_abs=False)
    largest = cell(matrix.top, matrix.largest, row_abs=False)
    block = (matrix.top, _FIRST, matrix.bottom, matrix.last)
    rule = {"type": "formula", "criteria": f"=AND({first}>0,{first}={largest})", "format": framed}
    sheet.worksheet.conditional_format(*block, rule)
    sheet.worksheet.conditional_format(*block, {"type": "2_color_scale", "min_color": _PALE, "max_color": _GREY})


def _write_beside(sheet: Sheet, matrix: _Matrix, lived: Sequence[str], row: int) -> int:
    """Standard errors and chances of a shortfall, in tables of the same shape; returns the next free row."""
    errors = [[regret.se for regret in line.regrets] for line in matrix.rows]
    chances = [list(line.shortfall_probabilities) for line in matrix.rows]
    for what, values, style in (
        ("standard error of the regret, USD", errors, "usd"),
        ("P(shortfall)", chances, "percent"),
    ):
        headings(sheet, row, (what, "", *lived))
        for at, (name, line) in enumerate(zip(matrix.names, values, strict=True), start=row + 1):
            sheet.text(at, 0, name, sized=False)
            for col, value in enumerate(line, start=_FIRST):
                figure(sheet, at, col, value, style)
        row += len(matrix.rows) + 2
    return row


def _checks(sheet: Sheet, matrix: _Matrix) -> list[Check]:
    found = matrix.found
    total = sum(regret.mean for line in matrix.rows for regret in line.regrets)
    whole = Check(
        what="Regret: all of it, over rows and scenarios, adds up to the program's",
        formula=f"=SUM({sheet.ref(area(matrix.top, _FIRST, matrix.bottom, matrix.last))})",
        value=total,
        expected=total,
        tolerance=_ROUNDING * max(total, 1.0),
    )
    of_program = (("largest", found.minimax), ("weighted", found.weighted))
    return [
        whole,
        *(
            Check(
                what=f"Regret: no commitment of the table has a smaller {word} one than the program's least",
                formula=f"={sheet.ref(cell(matrix.least, col))}",
                value=min(map(usd, matrix.rows)),
                expected=usd(line),
                # where clauses link periods, the least is searched for, and found to within the simulation's error
                tolerance=max(HALF_CENT_USD, *(regret.se for regret in line.regrets)),
            )
            for (word, line), (col, usd) in zip(of_program, matrix.figures, strict=True)
        ),
    ]
