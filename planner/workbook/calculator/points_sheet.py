"""Sheet Points: the spend that the formulas price from, 1,001 points per contract year and scenario."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from planner.units import FloatArray
from planner.workbook.calculator.pricing import N_POINTS, OfferPoints, QuantileError, ScenarioPoints
from planner.workbook.contract_words import protected_prices
from planner.workbook.sheet import Sheet, area

_SCENARIO_ROW: Final = 3
_HEADER_ROW: Final = 4
FIRST_ROW: Final = 5
LAST_ROW: Final = FIRST_ROW + N_POINTS - 1
_FIRST_COL: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioColumns:
    """Where a scenario's points stand, as column numbers within the table (1 is the first)."""

    years: tuple[int, ...]
    least_use: int
    locked_use: int | None
    locked_beyond: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DistributionLayout:
    """The table of points: its address for other sheets, the addresses of all but its last and first row, columns."""

    table: str
    upper: str
    lower: str
    n_columns: int
    scenarios: tuple[ScenarioColumns, ...]


def write_distribution(sheet: Sheet, points: OfferPoints, error: QuantileError, *, n_paths: int) -> DistributionLayout:
    """Write every scenario's points and say where they stand."""
    columns = [column for scenario in points.scenarios for column in _columns(points, scenario)]
    last_col = _FIRST_COL + len(columns) - 1
    sheet.title("Distribution of list spend that enters the contract, US dollars", last_col=max(last_col, 7))
    sheet.paragraph(1, _note(points, error, n_paths), last_col=max(last_col, 7), width=105)
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
    sheet.set_layout()
    sheet.print_setup(last_row=LAST_ROW, last_col=max(last_col, 7), header_row=_HEADER_ROW, header_rows=2)
    return _layout(sheet, points, last_col)


def _columns(points: OfferPoints, scenario: ScenarioPoints) -> Iterator[tuple[str, str, FloatArray]]:
    for index, (use, period) in enumerate(zip(scenario.use, points.contract.periods, strict=True), start=1):
        part = "" if period.year_fraction == 1 else f", {period.stop - period.first} months"
        yield scenario.name, f"contract year {index}{part}: bin mean", use
    yield scenario.name, "smallest annual use: quantile", scenario.least_use
    if scenario.locked is not None:
        yield scenario.name, "annual use q", scenario.locked[0]
        yield scenario.name, "expected use beyond q", scenario.locked[1]


def _note(points: OfferPoints, error: QuantileError, n_paths: int) -> str:
    locked = (
        f" {protected_prices(points.contract)} Use beyond the commitment is at the prices of its month, "
        "which the engine tabulated as the expected use beyond an annual use q."
        if points.scenarios[0].locked is not None
        else ""
    )
    return (
        f"Each scenario's {n_paths:,} simulated paths, condensed. Bin mean: the mean of one of {N_POINTS:,} equally "
        "probable bins of a contract year's spend, so that means are exact. Quantile: of each path's smallest annual "
        f"spend over the contract years, which decides whether any year falls short.{locked} Against all paths, at "
        f"every commitment of the curve: expected cost within {error.cost:.5%}, expected shortfall within "
        f"{error.shortfall:.5%} of cost, shortfall probability within {error.probability * 100:.3f} points. "
        "List spend outside the contract is on sheet Calc."
    )


def _layout(sheet: Sheet, points: OfferPoints, last_col: int) -> DistributionLayout:
    scenarios, at = [], 1
    for scenario in points.scenarios:
        n_years = len(scenario.use)
        locked = scenario.locked is not None
        scenarios.append(
            ScenarioColumns(
                years=tuple(range(at, at + n_years)),
                least_use=at + n_years,
                locked_use=at + n_years + 1 if locked else None,
                locked_beyond=at + n_years + 2 if locked else None,
            )
        )
        at += n_years + 1 + (2 if locked else 0)
    return DistributionLayout(
        table=sheet.ref(area(FIRST_ROW, _FIRST_COL, LAST_ROW, last_col)),
        upper=sheet.ref(area(FIRST_ROW, _FIRST_COL, LAST_ROW - 1, last_col)),
        lower=sheet.ref(area(FIRST_ROW + 1, _FIRST_COL, LAST_ROW, last_col)),
        n_columns=at - 1,
        scenarios=tuple(scenarios),
    )
