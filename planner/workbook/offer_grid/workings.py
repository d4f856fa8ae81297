"""Sheet Calc where offers are read from a grid: the workings, one step per row, of the offer typed in and the
recommended one in every scenario.

planner.workbook.offer_grid.reading takes the same steps, which are the cells' cached values.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from planner.workbook.calc.calc_table import CalcTable
from planner.workbook.offer_grid.axes import TypedOffer
from planner.workbook.offer_grid.pricing import OfferGrid
from planner.workbook.offer_grid.steps import Read, Steps
from planner.workbook.sheet import Define, Sheet, Value, area, cell

LAST_COL: Final = 8
INSIDE, _OUTSIDE, _INVALID = "inside the grid", "outside the grid: not priced", "not valid: not priced"
_CONSTANTS_ROW: Final = 3
_TYPED_COL, _RECOMMENDED_COL = 1, 2


@dataclass(frozen=True, kw_only=True)
class GridBlock:
    """Where the steps stand on Calc: first the offer typed in, by scenario, then the recommended one.

    discounts, overages: the two axes of discounts, for other sheets.
    """

    table: CalcTable
    n_scenarios: int
    discounts: str
    overages: str
    next_row: int

    def typed(self, key: str) -> str:
        """A step of the offer typed in, over scenarios."""
        return self._over(key, 1)

    def recommended(self, key: str) -> str:
        """A step of the recommended offer, over scenarios."""
        return self._over(key, 1 + self.n_scenarios)

    def at(self, key: str, scenario: int, *, recommended: bool = False) -> str:
        """A step in one scenario, counted from 0."""
        first = 1 + self.n_scenarios if recommended else 1
        return self.table.sheet.ref(cell(self.table.rows[key], first + scenario))

    def _over(self, key: str, first: int) -> str:
        row = self.table.rows[key]
        return self.table.sheet.ref(area(row, first, row, first + self.n_scenarios - 1))


def write_workings(sheet: Sheet, read: Read, define: Define) -> GridBlock:
    """Named scalars, axes, the two offers, and the table that reads them."""
    sheet.title("Workings of the offer calculator", last_col=LAST_COL)
    sheet.paragraph(
        1,
        "Nothing is typed here. The offer typed in and the recommended one are read between the offers of sheet Offer "
        "grid by the same formulas, step by step; sheet Offer calculator shows the results, and sheet Checks holds the "
        "recommended one against the program.",
        last_col=LAST_COL,
    )
    row = _write_constants(sheet, read, define)
    discounts, overages, row = _write_axes(sheet, read.grid, row + 1)
    terms, row = _write_terms(sheet, read.grid.axes.start, row + 1)
    sheet.subtitle(row + 1, "Offers read between those that were priced", last_col=LAST_COL)
    table = CalcTable(sheet=sheet, first_row=row + 2, n_columns=2 * len(read.grid.scenarios))
    Steps(table=table, read=read, discounts=discounts, overages=overages, terms=terms).write()
    return GridBlock(
        table=table,
        n_scenarios=len(read.grid.scenarios),
        discounts=sheet.ref(discounts),
        overages=sheet.ref(overages),
        next_row=table.next_row + 1,
    )


def _write_constants(sheet: Sheet, read: Read, define: Define) -> int:
    axes, layout = read.grid.axes, read.layout
    constants: tuple[tuple[str, str, str, Value], ...] = (
        ("grid_discounts", "discounts", "", len(axes.discounts)),
        ("grid_overages", "discounts beyond the commitment", "", len(axes.overages)),
        ("grid_planes", "planes at typed discounts", "", len(read.grid.scenarios) * read.grid.planes),
        ("grid_most_use_usd", "largest list use priced, USD", f"=MAX({layout.uses})", axes.uses[-1]),
        (
            "grid_most_commit_usd",
            "largest commitment priced at bands, USD",
            f"=MAX({layout.commits})",
            axes.commits[-1],
        ),
        ("word_typed", "word for discounts typed in", "", "typed"),
        ("word_table", "word for the contract's bands", "", "band table"),
        ("word_inside", "word for what is priced", "", INSIDE),
        ("word_outside", "word for what is not", "", _OUTSIDE),
        ("word_invalid", "word for what makes no offer", "", _INVALID),
    )
    for row, (name, label, formula, value) in enumerate(constants, start=_CONSTANTS_ROW):
        sheet.text(row, 0, label, "label")
        if formula:
            sheet.formula(row, 1, formula, value, "usd")
        else:
            sheet.value(row, 1, value, "count")
        define(name, sheet.ref(cell(row, 1)))
    return _CONSTANTS_ROW + len(constants)


def _write_axes(sheet: Sheet, grid: OfferGrid, row: int) -> tuple[str, str, int]:
    """The discounts that were priced; returns their addresses within the sheet and the next free row."""
    sheet.subtitle(row, "Discounts that were priced", last_col=LAST_COL)
    sheet.header(row + 1, ("", "discount", "discount beyond"))
    axes, first, found = grid.axes, row + 2, []
    for col, values in ((1, axes.discounts), (2, axes.overages)):
        for index, value in enumerate(values):
            sheet.number(first + index, col, value, "percent")
        found.append(area(first, col, first + len(values) - 1, col))
    for index in range(max(len(axes.discounts), len(axes.overages))):
        sheet.text(first + index, 0, f"no. {index + 1}", "label")
    return found[0], found[1], first + max(len(axes.discounts), len(axes.overages))


def _write_terms(sheet: Sheet, start: TypedOffer, row: int) -> tuple[Mapping[str, str], int]:
    """The two offers; returns where each of their terms stands, and the next free row."""
    sheet.subtitle(row, "Offers read", last_col=LAST_COL)
    sheet.header(row + 1, ("", "typed in", "recommended"))
    given = "=IF(offer_by_bands,0,{})"
    rows = (
        ("bands", "at the contract's bands (1) or as typed (0)", "count", "=IF(offer_by_bands,1,0)", 0.0, 1.0),
        ("commit", "commitment, USD", "usd", "=IF(offer_inputs_ok,offer_commit_usd,NA())", start.commit_usd, None),
        ("discount", "discount typed", "percent", given.format("offer_discount"), start.discount, 0.0),
        ("beyond", "discount beyond", "percent", given.format("offer_overage_discount"), start.overage_discount, 0.0),
    )
    found = {}
    for at, (key, label, style, formula, value, own) in enumerate(rows, start=row + 2):
        sheet.text(at, 0, label, "label")
        sheet.formula(at, _TYPED_COL, formula, value, style)
        sheet.number(at, _RECOMMENDED_COL, value if own is None else own, style)
        found[key] = area(at, _TYPED_COL, at, _RECOMMENDED_COL)
    return found, row + 2 + len(rows)
