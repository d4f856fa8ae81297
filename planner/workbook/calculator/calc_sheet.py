"""Sheet Calc: the workings behind the offer calculator, one step per row, of the offer typed in and the recommended.

Every block has a table over scenarios and contract years and a table over scenarios; along a row the formula is the
same. planner.workbook.pricing computes the same steps, which are the cells' cached values.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from planner.units import HALF_CENT_USD
from planner.workbook.calculator.calc_table import CalcTable
from planner.workbook.calculator.points_sheet import DistributionLayout
from planner.workbook.calculator.pricing import N_POINTS, PERCENTILES, Bracket, OfferPoints, OfferTerms, PricedOffer
from planner.workbook.sheet import Sheet, Value, cell

_LAST_COL: Final = 5
TYPED, RECOMMENDED = 1, 2
"""Columns of the two offers in the table of terms."""

_CONSTANTS_ROW: Final = 3
_TERMS_ROW: Final = 13
(_VALID, COMMIT, DISCOUNT, _OVERAGE_DISCOUNT, _DRAWDOWN, _KEPT, _OVERAGE_RATE, _LIST_USE, OWED) = range(
    _TERMS_ROW + 2, _TERMS_ROW + 11
)
FIRST_BLOCK_ROW: Final = _TERMS_ROW + 13


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Where one offer's results stand on Calc: key -> range over scenarios, and over scenarios and contract years."""

    scenarios: Mapping[str, str]
    years: Mapping[str, str]
    rows: Mapping[str, int]
    next_row: int

    def at(self, key: str, scenario: int) -> str:
        """Address of one scenario's result, counted from 0."""
        return f"Calc!{cell(self.rows[key], scenario + 1)}"


def write_constants(sheet: Sheet, points: OfferPoints, define: Callable[[str, str], None]) -> None:
    """The named scalars that formulas use in place of numbers."""
    sheet.title("Workings of the offer calculator", last_col=_LAST_COL)
    sheet.paragraph(
        1,
        "Nothing is typed here. The offer typed in and the recommended one are priced by the same formulas, step by "
        "step; sheet Offer calculator shows the results, and sheet Checks holds the recommended one against the "
        "program.",
        last_col=_LAST_COL,
    )
    n_years = sum(points.year_fractions)
    constants: list[tuple[str, str, Value, str, str]] = [
        ("n_points", "points of each distribution", N_POINTS, "count", ""),
        ("quantile_steps", "steps between quantiles", N_POINTS - 1, "count", "=n_points-1"),
        ("contract_years", "contract years in the term", n_years, "plain", ""),
        ("half_cent_usd", "a shortfall counts above this, USD", HALF_CENT_USD, "plain", ""),
        ("word_list", "word for list-dollar drawdown", "list", "right", ""),
        ("word_contracted", "word for contracted drawdown", "contracted", "right", ""),
        ("word_typed", "word for the typed discount", "typed", "right", ""),
        ("word_table", "word for the band table's discount", "band table", "right", ""),
    ]
    for row, (name, label, value, style, formula) in enumerate(constants, start=_CONSTANTS_ROW):
        sheet.text(row, 0, label, "label")
        if formula:
            sheet.formula(row, 1, formula, value, style)
        else:
            sheet.value(row, 1, value, style)
        define(name, sheet.ref(cell(row, 1)))


def write_terms(sheet: Sheet, offer: OfferTerms) -> None:
    """The two offers in the terms of the formulas; both start as the recommendation."""
    sheet.subtitle(_TERMS_ROW, "Offers priced", last_col=_LAST_COL)
    sheet.header(_TERMS_ROW + 1, ("", "typed in", "recommended"))
    word = "list" if offer.draws_list else "contracted"
    typed: dict[int, tuple[str, str, Value, str]] = {
        _VALID: ("inputs are valid", "=offer_inputs_ok", True, "right"),
        COMMIT: ("commitment, USD a year", "=IF(offer_inputs_ok,offer_commit_usd,NA())", offer.commit_usd, "usd"),
        DISCOUNT: (
            "discount",
            "=IF(EXACT(offer_discount_rule,word_table),offer_band_discount,offer_discount)",
            offer.discount,
            "percent",
        ),
        _OVERAGE_DISCOUNT: ("overage discount", "=offer_overage_discount", offer.overage_discount, "percent"),
        _DRAWDOWN: ("drawdown", "=offer_drawdown", word, "right"),
    }
    fixed: dict[int, Value] = {
        _VALID: "given",
        COMMIT: offer.commit_usd,
        DISCOUNT: offer.discount,
        _OVERAGE_DISCOUNT: offer.overage_discount,
        _DRAWDOWN: word,
    }
    for row, (label, typed_formula, value, style) in typed.items():
        sheet.text(row, 0, label, "label")
        sheet.formula(row, TYPED, typed_formula, value, style)
        sheet.value(row, RECOMMENDED, fixed[row], style)
    for col in (TYPED, RECOMMENDED):
        _derived_terms(sheet, col, offer)


def _derived_terms(sheet: Sheet, col: int, offer: OfferTerms) -> None:
    def at(row: int) -> str:
        return cell(row, col, row_abs=False, col_abs=False)

    rows = (
        (_KEPT, "paid per list dollar committed", f"=1-{at(DISCOUNT)}", offer.kept, "number"),
        (
            _OVERAGE_RATE,
            "paid per list dollar beyond",
            f"=IF({at(COMMIT)}>0,1-{at(_OVERAGE_DISCOUNT)},1)",
            offer.overage_rate,
            "number",
        ),
        (
            _LIST_USE,
            "list use that exhausts it, USD a year",
            f"=IF(EXACT({at(_DRAWDOWN)},word_list),{at(COMMIT)},{at(COMMIT)}/{at(_KEPT)})",
            offer.list_usd,
            "usd",
        ),
        (OWED, "owed, USD a year", f"={at(_LIST_USE)}*{at(_KEPT)}", offer.owed_usd, "usd"),
    )
    for row, label, formula, value, style in rows:
        sheet.text(row, 0, label, "label")
        sheet.formula(row, col, formula, value, style)


def write_block(
    sheet: Sheet, row: int, col: int, points: OfferPoints, layout: DistributionLayout, priced: Sequence[PricedOffer]
) -> Block:
    """One offer, its terms in column `col`, priced in every scenario, its tables from `row` down."""
    name = "The offer typed in" if col == TYPED else "The recommended offer"
    sheet.subtitle(row, f"{name}, by contract year", last_col=_LAST_COL)
    n_scenarios = len(points.scenarios)
    years = CalcTable(sheet=sheet, first_row=row + 1, n_columns=n_scenarios * len(points.year_fractions))
    _year_rows(years, col, points, layout, priced)
    sheet.subtitle(years.next_row + 1, f"{name}, over the term", last_col=_LAST_COL)
    table = CalcTable(sheet=sheet, first_row=years.next_row + 2, n_columns=n_scenarios)
    _use_rows(table, points, layout, priced, years=years, terms_col=col)
    if points.scenarios[0].locked is not None:
        _locked_rows(table, layout, priced, terms_col=col)
    _result_rows(table, points, priced, terms_col=col)
    if points.has_percentiles:
        _percentile_rows(table, points, layout, priced, terms_col=col)
    return Block(
        scenarios={key: table.range_of(key) for key in table.rows},
        years={key: years.range_of(key) for key in years.rows},
        rows=dict(table.rows),
        next_row=table.next_row + 1,
    )


def _year_rows(
    table: CalcTable, col: int, points: OfferPoints, layout: DistributionLayout, priced: Sequence[PricedOffer]
) -> None:
    """Per scenario and contract year: list use that exhausts the commitment, expected use beyond and short of it."""
    keys = [(k, year) for k in range(len(points.scenarios)) for year in range(len(points.year_fractions))]
    years = [priced[k].years[year] for k, year in keys]
    use = f"INDEX({layout.table},0,{{column}})"
    table.constants("scenario", "scenario", "header_right", [points.scenarios[k].name for k, _ in keys])
    table.constants("number", "no.", "count", [k + 1 for k, _ in keys])
    table.constants("year", "contract year", "count", [year + 1 for _, year in keys])
    table.constants("fraction", "share of a year", "number", [points.year_fractions[year] for _, year in keys])
    table.constants("column", "distribution column", "count", [layout.scenarios[k].years[year] for k, year in keys])
    owed = f"={{fraction}}*{cell(_LIST_USE, col)}"
    table.formulas("list_use", "list use that exhausts it", "usd", owed, [y.list_usd for y in years])
    table.formulas(
        "beyond",
        "expected use beyond",
        "usd",
        f"=SUMPRODUCT(({use}>{{list_use}})*({use}-{{list_use}}))/n_points",
        [y.beyond_usd for y in years],
    )
    table.formulas(
        "unused",
        "expected use short of it",
        "usd",
        f"=SUMPRODUCT(({use}<{{list_use}})*({{list_use}}-{use}))/n_points",
        [y.unused_usd for y in years],
    )
    table.formulas("mean", "mean use", "usd", f"=SUM({use})/n_points", [y.mean_usd for y in years])
    used = "{mean}+{unused}"
    table.formulas(
        "balance",
        "drawn and unused, as a share of the commitment",
        "percent_fine",
        f"=IF({used}>0,({{list_use}}+{{beyond}})/({used}),1)",
        [y.balance for y in years],
    )


def _use_rows(
    table: CalcTable,
    points: OfferPoints,
    layout: DistributionLayout,
    priced: Sequence[PricedOffer],
    *,
    years: CalcTable,
    terms_col: int,
) -> None:
    """Sums over contract years, and P(any year falls short) read between two quantiles of the smallest annual use."""
    scenarios = points.scenarios
    table.constants("scenario", "scenario", "header_right", [scenario.name for scenario in scenarios])
    table.constants("number", "no.", "count", [k + 1 for k in range(len(scenarios))])
    table.constants("column", "quantile column", "count", [columns.least_use for columns in layout.scenarios])
    numbers = years.local_range("number")
    for key, label, values in (
        ("beyond", "expected use beyond", [p.beyond_usd for p in priced]),
        ("unused", "expected use short of it", [p.unused_usd for p in priced]),
    ):
        source = years.local_range(key)
        table.formulas(key, label, "usd", f"=SUMPRODUCT(({numbers}={{number}})*{source})", values)
    q, kept = cell(_LIST_USE, terms_col), cell(_KEPT, terms_col)
    table.formulas(
        "below", "a year short below", "usd", f"={q}-half_cent_usd/{kept}", [p.short_below_usd for p in priced]
    )
    _bracket_rows(table, "", layout.table, "{column}", "{below}", [p.short for p in priced])
    table.formulas(
        "between",
        "P between the two",
        "percent",
        "=IF({high}>{low},({rank}-1+({below}-{low})/({high}-{low}))/quantile_steps,1)",
        [p.between for p in priced],
    )
    table.formulas(
        "probability",
        "shortfall probability",
        "percent",
        "=IF({rank}=0,0,IF({rank}=n_points,1,{between}))",
        [p.shortfall_probability for p in priced],
    )


def _bracket_rows(
    table: CalcTable, prefix: str, points: str, column: str, value: str, found: Sequence[Bracket]
) -> None:
    """The rank of the last point not above a value, and the points either side."""
    rank = f"{{{prefix}rank}}"
    table.formulas(
        f"{prefix}rank",
        "rank",
        "count",
        f"=IF({value}<INDEX({points},1,{column}),0,MATCH({value},INDEX({points},0,{column}),1))",
        [float(at.rank) for at in found],
    )
    table.formulas(
        f"{prefix}low", "point below", "usd", f"=IF({rank}=0,0,INDEX({points},{rank},{column}))", [a.low for a in found]
    )
    table.formulas(
        f"{prefix}high",
        "point above",
        "usd",
        f"=INDEX({points},MIN({rank}+1,n_points),{column})",
        [a.high for a in found],
    )


def _locked_rows(
    table: CalcTable, layout: DistributionLayout, priced: Sequence[PricedOffer], *, terms_col: int
) -> None:
    """Use beyond the commitment at the prices of its month, from the engine's table, linear between its rows."""
    brackets = [p.locked for p in priced if p.locked is not None]
    ends = [p.locked_ends_usd for p in priced]
    table.constants("q_column", "annual use column", "count", [c.locked_use or 0 for c in layout.scenarios])
    table.constants("g_column", "use beyond column", "count", [c.locked_beyond or 0 for c in layout.scenarios])
    q = cell(_LIST_USE, terms_col)
    _bracket_rows(table, "q_", layout.table, "{q_column}", q, brackets)
    for key, label, row, values in (
        ("g_low", "use beyond, below", "{q_rank}", [low for low, _ in ends]),
        ("g_high", "use beyond, above", "MIN({q_rank}+1,n_points)", [high for _, high in ends]),
    ):
        table.formulas(key, label, "usd", f"=INDEX({layout.table},{row},{{g_column}})", values)


def _result_rows(table: CalcTable, points: OfferPoints, priced: Sequence[PricedOffer], *, terms_col: int) -> None:
    """What the offer costs over the term in each scenario."""
    kept, owed, rate, commit = (cell(row, terms_col) for row in (_KEPT, OWED, _OVERAGE_RATE, COMMIT))
    q = cell(_LIST_USE, terms_col)
    locked = (
        f"=IF({{q_high}}>{{q_low}},{{g_low}}+({{g_high}}-{{g_low}})*({q}-{{q_low}})/({{q_high}}-{{q_low}}),{{g_low}})"
    )
    template = "={beyond}" if points.scenarios[0].locked is None else locked
    table.formulas(
        "overage_list", "use beyond, as billed at list", "usd", template, [p.overage_list_usd for p in priced]
    )
    table.formulas("overage", "expected overage", "usd", f"={{overage_list}}*{rate}", [p.overage_usd for p in priced])
    table.formulas("shortfall", "expected shortfall", "usd", f"={{unused}}*{kept}", [p.shortfall_usd for p in priced])
    table.constants("outside", "outside the contract", "usd", [s.outside_usd for s in points.scenarios])
    table.constants("on_demand", "on demand at list", "usd", [s.on_demand_usd for s in points.scenarios])
    table.formulas(
        "cost",
        "expected cost",
        "usd",
        f"=IF({commit}>0,{owed}*contract_years+{{overage}}+{{outside}},{{on_demand}})",
        [p.expected_cost_usd for p in priced],
    )
    table.formulas(
        "savings",
        "effective savings rate",
        "percent",
        "=IF({on_demand}>0,1-{cost}/{on_demand},0)",
        [p.savings_rate for p in priced],
    )


def _percentile_rows(
    table: CalcTable,
    points: OfferPoints,
    layout: DistributionLayout,
    priced: Sequence[PricedOffer],
    *,
    terms_col: int,
) -> None:
    """P10, P50 and P90 of cost: with one contract year, cost rises with use, so its percentiles are those of use."""
    owed, rate, q = (cell(row, terms_col) for row in (OWED, _OVERAGE_RATE, _LIST_USE))
    for index, level in enumerate(PERCENTILES):
        name = f"P{level * 100:.0f}"
        table.constants(f"level_{name}", f"level {name}", "percent", [level] * len(priced))
        table.formulas(
            f"use_{name}",
            f"use {name}",
            "usd",
            f"=INDEX({layout.table},ROUND({{level_{name}}}*quantile_steps,0)+1,{{column}})*contract_years",
            [p.use_percentiles_usd[index] for p in priced],
        )
        table.constants(
            f"outside_{name}", f"outside {name}", "usd", [s.outside_percentiles_usd[index] for s in points.scenarios]
        )
        use = f"{{use_{name}}}"
        table.formulas(
            f"cost_{name}",
            f"cost {name}",
            "usd",
            f"={owed}*contract_years+{rate}*MAX({use}-{q}*contract_years,0)+{{outside_{name}}}",
            [p.cost_percentiles_usd[index] for p in priced],
        )
