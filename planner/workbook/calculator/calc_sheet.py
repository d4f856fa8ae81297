"""Sheet Calc: the workings behind the offer calculator.

Named scalars, the contract years, a table of the offers (typed in, recommended, best, quotes), the cases, and the
search for the best commitment, one below the other.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from planner.sizing.expectation import CENT_USD
from planner.units import HALF_CENT_USD
from planner.workbook.calc.best_rows import BandCells, BestRows, write_best
from planner.workbook.calc.best_steps import NO_END_USD, TIE, Best, Question
from planner.workbook.calc.calc_table import FIRST_COL, CalcTable
from planner.workbook.calc.case_rows import CaseRows, GivenTables, write_case_rows
from planner.workbook.calc.case_steps import Steps
from planner.workbook.calc.cases import Case, Offered, PricedCases
from planner.workbook.calc.cost_tables import SHARE_DIGITS
from planner.workbook.calc.points_sheet import CostLayout, PointsLayout
from planner.workbook.calc.pricing import N_POINTS, OfferPoints
from planner.workbook.sheet import Define, Sheet, Value, area, cell

_LAST_COL: Final = 5
_WIDTH: Final = 21
_OFFER_COLUMNS: Final = (
    ("valid", "inputs are valid", "right"),
    ("commit", "commitment, USD a year", "usd"),
    ("discount", "discount", "percent"),
    ("overage_discount", "discount beyond", "percent"),
    ("drawdown_is_list", "list dollars draw it down", "right"),
    ("term_months", "term, months", "count"),
    ("charged", "charged of an unused dollar", "percent"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseGroup:
    """Cases that are priced by one table. offers: in groups whose cells follow each other, one below the other."""

    title: str
    offers: Sequence[Sequence[Offered]]
    cases: Sequence[Case]
    steps: Sequence[Steps]


@dataclass(frozen=True, slots=True, kw_only=True)
class CalcContents:
    """What Calc works on. cases: of the offer typed in, the recommended one and quotes; typed_now: key of the case of
    the offer typed in, in the scenario typed. asked, found: the search for its best commitment, and best: that one's
    case."""

    points: OfferPoints
    layout: PointsLayout
    costs: CostLayout | None
    cases: CaseGroup
    typed_now: str
    asked: Question
    found: Best
    bands: BandCells
    best: CaseGroup


@dataclass(frozen=True, slots=True, kw_only=True)
class CalcPlaces:
    """Where on Calc other sheets find the cases, the scenarios' names and numbers, and the terms that can be typed."""

    cases: PricedCases
    scenarios: str
    scenario_numbers: str
    terms: str


def write_calc(sheet: Sheet, contents: CalcContents, define: Define) -> CalcPlaces:
    """Write the workings and say where they stand."""
    sheet.title("Workings of the offer calculator", last_col=_LAST_COL)
    sheet.paragraph(
        1,
        "Nothing is typed here. Every offer is priced by the same formulas, step by step, in a column of its own; "
        "sheet Offer calculator shows the results, and sheet Checks holds the recommended one against the program.",
        last_col=_LAST_COL,
    )
    row = _write_constants(sheet, contents, define, 3)
    names, numbers, row = _write_scenarios(sheet, contents.points, row + 1)
    given, row = _write_given(sheet, contents.points, row + 1)
    priced, is_list, row = _write_group(sheet, contents, contents.cases, given, row + 1)
    search = BestRows(
        sheet=sheet,
        asked=contents.asked,
        found=contents.found,
        typed=lambda step: priced.within(contents.typed_now, step),
        is_list=is_list,
        bands=contents.bands,
        layout=contents.layout,
    )
    row = write_best(search, row + 1, define)
    best, _, end = _write_group(sheet, contents, contents.best, given, row + 1)
    last_col = max(*sheet.widths, _LAST_COL)
    sheet.set_layout(exact={0: 46, **dict.fromkeys(range(1, last_col + 1), _WIDTH)})
    sheet.print_setup(last_row=end - 1, last_col=last_col)
    sheet.worksheet.freeze_panes(1, 1)
    return CalcPlaces(
        cases=replace(
            priced,
            first_rows={**priced.first_rows, **best.first_rows},
            columns={**priced.columns, **best.columns},
            values={**priced.values, **best.values},
        ),
        scenarios=sheet.ref(names),
        scenario_numbers=sheet.ref(numbers),
        terms=sheet.ref(given.terms),
    )


def _write_scenarios(sheet: Sheet, points: OfferPoints, row: int) -> tuple[str, str, int]:
    """The scenarios and their numbers; where they stand, and the next row."""
    sheet.header(row, ("scenario", "no."))
    for number, scenario in enumerate(points.scenarios, start=1):
        sheet.text(row + number, 0, scenario.name)
        sheet.number(row + number, 1, number, "count")
    last = row + len(points.scenarios)
    return area(row + 1, 0, last, 0), area(row + 1, 1, last, 1), last + 1


def _write_group(
    sheet: Sheet, contents: CalcContents, group: CaseGroup, given: GivenTables, row: int
) -> tuple[PricedCases, str, int]:
    """Offers and their cases; also which cell says whether list dollars draw the first one down, and the next row."""
    offers, rows_of, row = _write_offers(sheet, group, row)
    given = replace(given, offers=offers, offer_rows=rows_of)
    sheet.subtitle(row + 1, group.title, last_col=_LAST_COL)
    table = CalcTable(sheet=sheet, first_row=row + 2, n_columns=len(group.cases))
    cases = CaseRows(table=table, cases=group.cases, steps=group.steps, given=given)
    write_case_rows(cases, contents.points, contents.layout, contents.costs)
    keys = [case.key for case in group.cases]
    priced = PricedCases(
        first_rows=dict.fromkeys(keys, table.first_row),
        columns={key: FIRST_COL + index for index, key in enumerate(keys)},
        steps={step: at - table.first_row for step, at in table.rows.items()},
        values={
            (key, step): value
            for key, steps in zip(keys, group.steps, strict=True)
            for step, value in steps.values.items()
        },
    )
    return priced, offers["drawdown_is_list"].split(":")[0], table.next_row


def _write_constants(sheet: Sheet, contents: CalcContents, define: Define, row: int) -> int:
    """The named scalars that formulas use in place of numbers."""
    for name, label, value, style, formula in _constants(contents):
        sheet.text(row, 0, label, "label")
        if formula:
            sheet.formula(row, 1, formula, value, style)
        else:
            sheet.value(row, 1, value, style)
        define(name, sheet.ref(cell(row, 1)))
        row += 1
    return row


def _constants(contents: CalcContents) -> Iterator[tuple[str, str, Value, str, str]]:
    points, costs, asked = contents.points, contents.costs, contents.asked
    yield "n_points", "points of each distribution", N_POINTS, "count", ""
    yield "quantile_steps", "steps between quantiles", N_POINTS - 1, "count", "=n_points-1"
    yield "half_cent_usd", "a shortfall counts above this, USD", HALF_CENT_USD, "plain", ""
    yield "cent_usd", "smallest commitment, USD", CENT_USD, "plain", ""
    yield "no_end_usd", "stands for no end, USD", NO_END_USD, "tiny", ""
    yield "tie", "relative difference that is rounding", TIE, "tiny", ""
    yield "n_terms", "terms that can be typed in", len(points.terms_months), "count", ""
    yield "contract_months", "term of the plan, months", points.contract.term_months, "count", ""
    yield "year_columns", "columns of contract years per scenario", len(points.years), "count", ""
    yield "points_columns", "columns of points per scenario", points.columns_per_scenario, "count", ""
    if points.is_locked:
        yield "locked_column", "the column of annual use among them", points.columns_per_scenario - 2, "count", ""
    if costs is not None and points.blend is not None:
        yield "cost_rows", "rows of each percentile table", costs.rows_per_table, "count", ""
        yield "share_digits", "decimals of a share", SHARE_DIGITS, "count", ""
        yield "blend_steps", "steps between its shares", len(points.blend.shares) - 1, "count", ""
        yield "outside_per_use", "outside the contract per dollar of use", points.blend.outside_per_use, "plain", ""
        yield "outside_is_apart", "outside spend does not follow use (1)", int(points.blend.is_apart), "count", ""
    yield "overage_follows", "use beyond has the band's discount (1)", int(asked.overage_follows), "count", ""
    yield "word_list", "word for list-dollar drawdown", "list", "right", ""
    yield "word_contracted", "word for contracted drawdown", "contracted", "right", ""
    yield "word_typed", "word for the typed discount", "typed", "right", ""
    yield "word_table", "word for the band table's discount", "band table", "right", ""
    yield "word_forfeit", "word for unused dollars that are forfeited", "forfeit", "right", ""
    yield "word_true_up", "word for unused dollars that are trued up", "true-up", "right", ""
    rule = "=IF(EXACT(offer_discount_rule,word_table),1,0)"
    yield "uses_bands", "discounts come from the band table (1)", int(asked.uses_bands), "count", rule


def _write_given(sheet: Sheet, points: OfferPoints, row: int) -> tuple[GivenTables, int]:
    """Terms and contract years, with what each scenario spends outside and at list."""
    sheet.text(row, 0, "terms that can be typed in, months", "label")
    for index, term in enumerate(points.terms_months):
        sheet.number(row, FIRST_COL + index, term, "count")
    terms = area(row, FIRST_COL, row, FIRST_COL + len(points.terms_months) - 1)
    blends = ""
    if points.blend is not None:
        row += 1
        shares = points.blend.shares
        sheet.text(row, 0, "shares of the percentile tables", "label")
        for index, share in enumerate(shares):
            sheet.number(row, FIRST_COL + index, share, "percent_fine")
        blends = area(row, FIRST_COL, row, FIRST_COL + len(shares) - 1)
    n = len(points.scenarios)
    heading = ("contract year", "no.", "share of a year", "whole (1)", "ends with month")
    names = [scenario.name for scenario in points.scenarios]
    kinds = ("outside", "certain outside", "at list")
    sheet.header(row + 2, (*heading, *(f"{kind}: {name}" for kind in kinds for name in names)))
    years = []
    for index, year in enumerate(points.years):
        at = row + 3 + index
        sheet.text(at, 0, year.label, "label")
        figures = (index + 1, "count"), (year.year_fraction, "number"), (int(year.is_whole), "count")
        for col, (value, style) in enumerate((*figures, (year.stop, "count")), start=1):
            sheet.number(at, col, value, style)
        for offset, scenario in enumerate(points.scenarios):
            for kind, usd in enumerate((scenario.outside_usd, scenario.certain_usd, scenario.on_demand_usd)):
                sheet.number(at, 5 + kind * n + offset, float(usd[index]), "usd")
        years.append(_year_cells(at, n))
    return GivenTables(offers={}, offer_rows={}, terms=terms, blends=blends, years=years), row + 3 + len(years)


def _year_cells(row: int, n_scenarios: int) -> dict[str, str]:
    """Addresses that move down with the year."""

    def across(first: int, last: int) -> str:
        return f"{cell(row, first, row_abs=False)}:{cell(row, last, row_abs=False)}"

    single = {key: cell(row, col, row_abs=False) for col, key in enumerate(("number", "fraction", "whole", "ends"), 1)}
    return {
        **single,
        "aside": across(5, 4 + n_scenarios),
        "fixed": across(5 + n_scenarios, 4 + 2 * n_scenarios),
        "listed": across(5 + 2 * n_scenarios, 4 + 3 * n_scenarios),
    }


def _write_offers(sheet: Sheet, group: CaseGroup, row: int) -> tuple[dict[str, str], dict[str, int], int]:
    """The offers that are priced, a row each and a free row between groups; columns, rows from 1, the next row."""
    sheet.subtitle(row, "Offers priced", last_col=len(_OFFER_COLUMNS))
    sheet.header(row + 1, ("offer", *(label for _, label, _ in _OFFER_COLUMNS)))
    first = at = row + 2
    rows_of = {}
    for together in group.offers:
        for offered in together:
            rows_of[offered.key] = at - first + 1
            _write_offer(sheet, at, offered)
            at += 1
        at += 1
    last = at - 2
    columns = {key: area(first, col, last, col) for col, (key, _, _) in enumerate(_OFFER_COLUMNS, start=1)}
    return columns, rows_of, last + 1


def _write_offer(sheet: Sheet, row: int, offered: Offered) -> None:
    sheet.text(row, 0, offered.label)
    offer = offered.terms
    values: dict[str, Value] = {
        "valid": True,
        "commit": offer.commit_usd,
        "discount": offer.discount,
        "overage_discount": offer.overage_discount,
        "drawdown_is_list": offer.draws_list,
        "term_months": offer.term_months,
        "charged": offer.charged,
    }
    for col, (key, _, style) in enumerate(_OFFER_COLUMNS, start=1):
        if offered.cells is not None:
            linked = getattr(offered.cells, key)
            formula = f"=IF({linked}>0,{linked},contract_months)" if key == "term_months" else f"={linked}"
            sheet.formula(row, col, formula, values[key], style)
        elif isinstance(values[key], bool):
            sheet.worksheet.write_boolean(row, col, values[key], sheet.styles[style])
        else:
            sheet.value(row, col, values[key], style)
