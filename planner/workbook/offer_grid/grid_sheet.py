"""Sheet Offer grid: offers as the program priced them, one row each, for the calculator to read between."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from planner.words import count
from planner.workbook.offer_grid.pricing import OfferGrid
from planner.workbook.offer_grid.reading import GridError
from planner.workbook.sheet import Sheet, area, cell

_HEADER_ROW: Final = 4
_FIRST_ROW: Final = _HEADER_ROW + 1
_PLANE_COL: Final = 1
_AXIS_COL: Final = 5
_FIRST_MEASURE_COL: Final = 7

STYLES: Final[Mapping[str, tuple[str, str]]] = {
    "cost": ("expected cost, USD", "usd"),
    "cost_se": ("standard error, USD", "usd"),
    "present_value": ("expected present value, USD", "usd"),
    "probability": ("P(shortfall)", "percent"),
    "probability_se": ("standard error", "percent_fine"),
    "limited_probability": ("P(shortfall), largest of a period", "percent"),
    "shortfall": ("expected shortfall, USD", "usd"),
    "overage": ("expected overage, USD", "usd"),
    "cost_p10": ("cost P10, USD", "usd"),
    "cost_p50": ("cost P50, USD", "usd"),
    "cost_p90": ("cost P90, USD", "usd"),
}
"""Heading and style of every measure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GridLayout:
    """Where the priced offers stand, for other sheets. columns: by measure; axis: every row's place on its axis;
    planes: the number of the plane that it belongs to.

    uses, commits: the axes of the first scenario; table: every figure; cost_error: the largest in expected cost.
    """

    axis: str
    planes: str
    uses: str
    commits: str
    columns: Mapping[str, str]
    table: str
    cost_error: str


def write_grid(sheet: Sheet, grid: OfferGrid, error: GridError, *, commit_label: str) -> GridLayout:
    """Every priced offer, and where it stands."""
    last_row = _FIRST_ROW + len(grid.table) - 1
    last_col = _FIRST_MEASURE_COL + len(grid.measures) - 1
    sheet.title("Offers that the program priced", last_col=last_col)
    sheet.paragraph(1, _note(grid), last_col=last_col)
    sheet.paragraph(2, error_words(error), last_col=last_col)
    sheet.text(_HEADER_ROW - 1, 0, "Largest error in expected cost, read in the middle of cells", "label", sized=False)
    sheet.number(_HEADER_ROW - 1, _FIRST_MEASURE_COL, error.cost, "percent_fine")
    sheet.header(
        _HEADER_ROW,
        (
            *(
                "scenario",
                "plane",
                "discounts",
                "discount",
                "discount beyond",
                "place on the axis, USD a year",
                commit_label,
            ),
            *(STYLES[measure][0] for measure in grid.measures),
        ),
        n_text=1,
    )
    planes = grid.plane_numbers()
    for row, (scenario, typed) in enumerate(grid.offers(), start=_FIRST_ROW):
        offer, figures = grid.axes.offer(typed), grid.table[row - _FIRST_ROW].tolist()
        sheet.text(row, 0, grid.scenarios[scenario].name, "label")
        sheet.number(row, _PLANE_COL, float(planes[row - _FIRST_ROW]), "count")
        sheet.text(row, 2, "bands" if typed.by_bands else "typed", "right")
        sheet.number(row, 3, offer.discount_fraction if typed.by_bands else typed.discount, "percent")
        sheet.number(row, 4, offer.overage_discount_fraction if typed.by_bands else typed.overage_discount, "percent")
        sheet.number(row, _AXIS_COL, float(grid.axis_usd[row - _FIRST_ROW]), "usd_cents")
        sheet.number(row, _AXIS_COL + 1, typed.commit_usd, "usd")
        for col, (measure, value) in enumerate(zip(grid.measures, figures, strict=True), start=_FIRST_MEASURE_COL):
            sheet.number(row, col, value, STYLES[measure][1])
    sheet.set_layout(at_least=dict.fromkeys(range(2, last_col + 1), 12))
    sheet.print_setup(last_row=last_row, last_col=last_col, header_row=_HEADER_ROW)
    return _layout(sheet, grid, last_row, last_col)


def _layout(sheet: Sheet, grid: OfferGrid, last_row: int, last_col: int) -> GridLayout:
    def rows(first: int, n: int, col: int) -> str:
        return sheet.ref(area(first, col, first + n - 1, col))

    n_rows, first = len(grid.table), grid.scenarios[0]
    return GridLayout(
        axis=rows(_FIRST_ROW, n_rows, _AXIS_COL),
        planes=rows(_FIRST_ROW, n_rows, _PLANE_COL),
        uses=rows(_FIRST_ROW, len(first.uses), _AXIS_COL),
        commits=rows(_FIRST_ROW + grid.n_typed, len(first.commits), _AXIS_COL),
        columns={
            measure: rows(_FIRST_ROW, n_rows, col)
            for col, measure in enumerate(grid.measures, start=_FIRST_MEASURE_COL)
        },
        table=sheet.ref(area(_FIRST_ROW, _FIRST_MEASURE_COL, last_row, last_col)),
        cost_error=sheet.ref(cell(_HEADER_ROW - 1, _FIRST_MEASURE_COL)),
    )


def paths_words(grid: OfferGrid) -> str:
    """On how many paths the offers were settled."""
    if grid.n_paths == grid.all_paths:
        return f"all {count(grid.all_paths)} simulated paths"
    return f"the first {count(grid.n_paths)} of {count(grid.all_paths)} simulated paths"


def error_words(error: GridError) -> str:
    """How far what is read between offers is from what the program settles there."""
    return (
        f"Between these offers the calculator reads in proportion. In the middle of {count(error.cells)} cells, where "
        f"that is farthest off, the program settled the offer itself: expected cost is read within {error.cost:.3%}, "
        f"the shortfall probability within {error.probability * 100:.2f} points, expected shortfall within "
        f"{error.shortfall:.3%} of cost, expected overage within {error.overage:.3%} of cost, and percentiles of cost "
        f"within {error.percentiles:.2%} of it."
    )


def _note(grid: OfferGrid) -> str:
    return (
        f"Nothing is typed here. Every row is an offer settled by the program under every clause of the contract, on "
        f"{paths_words(grid)}, in US dollars over the term of {grid.axes.contract.term_months} months. Rows marked "
        '"typed" have one discount in every contract year, and their place on the axis is the list use a year that '
        "exhausts the commitment; rows marked \"bands\" have the contract's own discounts, of which contract year 1's "
        "are shown, and their place is the commitment itself, a cent below and at each threshold."
    )
