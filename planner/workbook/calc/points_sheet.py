"""Sheet Points: the spend that the formulas price from, 1,001 points per contract year, term and scenario."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from planner.units import FloatArray
from planner.words import percent
from planner.workbook.calc.case_steps import LEVELS
from planner.workbook.calc.pricing import N_POINTS, OfferPoints, QuantileError, ScenarioPoints
from planner.workbook.contract_words import protected_prices
from planner.workbook.sheet import Sheet, area

_SCENARIO_ROW: Final = 3
_HEADER_ROW: Final = 4
FIRST_ROW: Final = 5
LAST_ROW: Final = FIRST_ROW + N_POINTS - 1
_FIRST_COL: Final = 2
_COST_ROW: Final = LAST_ROW + 2
_COST_COL: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class PointsLayout:
    """The table of points: its address for other sheets, the addresses of all but its last and first row, the levels
    of its quantiles, and its number of columns."""

    table: str
    upper: str
    lower: str
    levels: str
    n_columns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CostLayout:
    """The tables of cost percentiles, one below the other, terms within scenarios: the column that numbers them, that
    of annual list use, and of each percentile a column per share."""

    table_no: str
    list_usd: str
    usd: Mapping[str, str]
    rows_per_table: int


def write_points(
    sheet: Sheet, points: OfferPoints, error: QuantileError, *, n_paths: int
) -> tuple[PointsLayout, CostLayout | None]:
    """Write every scenario's points and say where they stand."""
    columns = [column for scenario in points.scenarios for column in _columns(points, scenario)]
    last_col = _FIRST_COL + len(columns) - 1
    sheet.title("Distribution of list spend that enters the contract, US dollars", last_col=max(last_col, 7))
    sheet.paragraph(1, _note(points, error, n_paths), last_col=max(last_col, 7))
    for col, label in ((0, "bin"), (1, "quantile level")):
        sheet.text(_HEADER_ROW, col, label, "header_right")
    for index in range(N_POINTS):
        sheet.number(FIRST_ROW + index, 0, index + 1, "count")
        sheet.number(FIRST_ROW + index, 1, index / (N_POINTS - 1), "percent")
    for offset, (scenario, label, values) in enumerate(columns):
        col = _FIRST_COL + offset
        sheet.text(_SCENARIO_ROW, col, scenario, "header_right", sized=False)
        sheet.text(_HEADER_ROW, col, label, "header_right")
        for index, value in enumerate(values.tolist()):
            sheet.number(FIRST_ROW + index, col, value, "usd")
    costs = _write_costs(sheet, points) if points.blend is not None else None
    last_row, cost_col = (LAST_ROW, 0) if costs is None else _cost_end(points)
    sheet.set_layout()
    sheet.print_setup(last_row=last_row, last_col=max(last_col, cost_col, 7), header_row=_HEADER_ROW, header_rows=2)
    return _layout(sheet, last_col), costs


def _columns(points: OfferPoints, scenario: ScenarioPoints) -> Iterator[tuple[str, str, FloatArray]]:
    several = len(points.terms_months) > 1
    for use, year in zip(scenario.use, points.years, strict=True):
        yield scenario.name, f"{year.label}: bin mean", use
    for term in scenario.terms:
        over = f" over {term.term_months} months" if several else ""
        yield scenario.name, f"smallest annual use{over}: quantile", term.least_use
    for term in scenario.terms:
        over = f" of {term.term_months} months" if several else ""
        yield scenario.name, f"annual use of all years{over}: bin means", term.pooled_use
    if scenario.locked is not None:
        yield scenario.name, "annual use q", scenario.locked[0]
        yield scenario.name, "expected use beyond q, as billed", scenario.locked[1]
        yield scenario.name, "expected use short of q", scenario.locked[2]


def _note(points: OfferPoints, error: QuantileError, n_paths: int) -> str:
    locked = (
        f" {protected_prices(points.contract)} Use beyond the commitment is at the prices of its month, "
        "which the program tabulated as the expected use beyond an annual use q."
        if points.is_locked
        else " Percentiles of cost are tabulated below the points, from all paths."
    )
    return (
        f"Each scenario's {n_paths:,} simulated paths, condensed. Bin mean: the mean of one of {N_POINTS:,} equally "
        "probable bins of a contract year's spend, so that means are exact. Quantile: of each path's smallest annual "
        f"spend over the contract years, which decides whether any year falls short.{locked} {error.sentence} "
        "List spend outside the contract is on sheet Calc."
    )


def _layout(sheet: Sheet, last_col: int) -> PointsLayout:
    return PointsLayout(
        table=sheet.ref(area(FIRST_ROW, _FIRST_COL, LAST_ROW, last_col)),
        upper=sheet.ref(area(FIRST_ROW, _FIRST_COL, LAST_ROW - 1, last_col)),
        lower=sheet.ref(area(FIRST_ROW + 1, _FIRST_COL, LAST_ROW, last_col)),
        levels=sheet.ref(area(FIRST_ROW, 1, LAST_ROW, 1)),
        n_columns=last_col - _FIRST_COL + 1,
    )


def _write_costs(sheet: Sheet, points: OfferPoints) -> CostLayout:
    """Percentiles of cost, a block of rows per scenario and term, a column per percentile and share."""
    assert points.blend is not None
    shares = points.blend.shares
    sheet.subtitle(_COST_ROW, "Percentiles of cost over the term, US dollars", last_col=_cost_end(points)[1])
    beside = "spend outside the contract" if points.blend.is_apart else "all use"
    sheet.paragraph(
        _COST_ROW + 1,
        "Of (1 - s) x use beyond the commitment + s x " + beside + ", on all paths, by the annual list use that "
        "exhausts the commitment and by s. A cost is a certain amount and a multiple of this (sheet Calc).",
        last_col=7,
    )
    header = _COST_ROW + 2
    sheet.header(header, ("scenario no.", "term, months", "table no.", "annual list use"))
    for index, level in enumerate(LEVELS):
        for number, share in enumerate(shares):
            sheet.text(
                header, _COST_COL + index * len(shares) + number, f"{level}, s = {percent(share)}", "header_right"
            )
    row, table_no = header + 1, 0
    for number, scenario in enumerate(points.scenarios, start=1):
        for term in scenario.terms:
            assert term.cost is not None
            table_no += 1
            for at, q in enumerate(term.cost.list_usd.tolist()):
                sheet.number(row, 0, number, "count")
                sheet.number(row, 1, term.term_months, "count")
                sheet.number(row, 2, table_no, "count")
                sheet.number(row, 3, q, "usd")
                for col, value in enumerate(term.cost.usd[:, :, at].ravel().tolist(), start=_COST_COL):
                    sheet.number(row, col, value, "usd")
                row += 1
    return _cost_layout(sheet, points, header + 1, row - 1)


def _cost_end(points: OfferPoints) -> tuple[int, int]:
    """Last row and column of the percentiles."""
    assert points.blend is not None
    tables = [term.cost for scenario in points.scenarios for term in scenario.terms]
    rows = sum(len(table.list_usd) for table in tables if table is not None)
    return _COST_ROW + 2 + rows, _COST_COL - 1 + len(LEVELS) * len(points.blend.shares)


def _cost_layout(sheet: Sheet, points: OfferPoints, first: int, last: int) -> CostLayout:
    assert points.blend is not None
    n_shares = len(points.blend.shares)
    return CostLayout(
        table_no=sheet.ref(area(first, 2, last, 2)),
        list_usd=sheet.ref(area(first, 3, last, 3)),
        usd={
            level: sheet.ref(area(first, _COST_COL + index * n_shares, last, _COST_COL + (index + 1) * n_shares - 1))
            for index, level in enumerate(LEVELS)
        },
        rows_per_table=(last - first + 1) // (len(points.scenarios) * len(points.terms_months)),
    )
