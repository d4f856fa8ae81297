"""The search for the best commitment on sheet Calc: a band is a column, a step is a row, one formula along each row.

planner.workbook.calc.best_steps computes the same steps, which are the cells' cached values.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from planner.workbook.calc.best_steps import Best, Question
from planner.workbook.calc.calc_table import FIRST_COL, CalcTable
from planner.workbook.calc.points_sheet import PointsLayout
from planner.workbook.calc.pricing import N_POINTS
from planner.workbook.sheet import Define, Sheet, Value, area, cell

_LAST_COL: Final = 5
_BEYOND: Final = (
    "=IF({number}=0,IF(uses_bands>0,0,offer_overage_discount),IF(overage_follows>0,{discount},offer_overage_discount))"
)
_ANSWER_ROWS: Final = 18
"""Rows of the answer, above the search at protected prices."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BandCells:
    """The band table of the calculator, for formulas of other sheets."""

    starts: str
    discounts: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BestRows:
    """Where the search stands. typed(step): address of a step of the offer typed in, in the scenario typed."""

    sheet: Sheet
    asked: Question
    found: Best
    typed: Callable[[str], str]
    is_list: str
    bands: BandCells
    layout: PointsLayout


def write_best(rows: BestRows, row: int, define: Define) -> int:
    """Limit, bands, and the cheapest commitment of them all (names best_...), from `row` down; the next free row."""
    rows.sheet.subtitle(row, "Best commitment for the offer typed in, band by band", last_col=_LAST_COL)
    at = _write_limit(rows, row + 1, define)
    table = CalcTable(sheet=rows.sheet, first_row=at + 1, n_columns=len(rows.found.bands))
    _bands(rows, table)
    _reach(rows, table)
    for name, label in (("first", "1st point"), ("second", "2nd point")):
        _candidate(rows, table, name, label)
    return _answer(rows, table, define)


def _scalars(rows: BestRows, row: int, define: Define, items: Sequence[tuple[str, str, str, str]]) -> int:
    """Named cells down a column: (step and name, label, style, formula)."""
    for key, label, style, formula in items:
        rows.sheet.text(row, 0, label, "label")
        rows.sheet.formula(row, 1, formula, rows.found.overall.values[key], style)
        define(f"best_{key}", rows.sheet.ref(cell(row, 1)))
        row += 1
    return row


def _write_limit(rows: BestRows, row: int, define: Define) -> int:
    table, least = rows.layout.table, rows.typed("least_column")
    return _scalars(
        rows,
        row,
        define,
        (
            ("limit_level", "limit on the shortfall probability", "percent", "=MIN(offer_max_shortfall_probability,1)"),
            (
                "limit_rank",
                "row of points at the limit",
                "count",
                f"=MATCH(best_limit_level,{rows.layout.levels},1)",
            ),
            ("limit_low", "smallest use, point below", "usd", f"=INDEX({table},best_limit_rank,{least})"),
            (
                "limit_high",
                "smallest use, point above",
                "usd",
                f"=INDEX({table},MIN(best_limit_rank+1,n_points),{least})",
            ),
            (
                "limit_way",
                "way to the point above",
                "number",
                "=best_limit_level*quantile_steps+1-best_limit_rank",
            ),
            (
                "limit_use",
                "largest list use within the limit, USD a year",
                "usd",
                f"=IF(OR(best_limit_level=1,{rows.typed('charged')}=0),no_end_usd,"
                "best_limit_low+(best_limit_high-best_limit_low)*best_limit_way)",
            ),
            ("pooled_column", "column of pooled annual use", "count", f"={least}+n_terms"),
        ),
    )


def _row(table: CalcTable, rows: BestRows, key: str, label: str, style: str, template: str) -> None:
    values: list[Value] = [band.values[key] for band in rows.found.bands]
    table.formulas(key, label, style, template, values)


def _bands(rows: BestRows, table: CalcTable) -> None:
    """What each band offers, and from which to which commitment."""
    starts, discounts = rows.bands.starts, rows.bands.discounts
    has_start = f"ISNUMBER(INDEX({starts},{{number}}))"
    table.constants("number", "row of the band table; 0 is no band", "count", list(range(len(rows.found.bands))))
    for key, label, style, template in (
        ("start", "commitment from, USD a year", "usd", f"=IF({{number}}=0,0,INDEX({starts},{{number}}))"),
        ("given", "has a threshold (1)", "count", f"=IF({{number}}=0,1,IF({has_start},uses_bands,0))"),
        (
            "discount",
            "discount",
            "percent",
            f"=IF({{number}}=0,IF(uses_bands>0,0,offer_discount),INDEX({discounts},{{number}}))",
        ),
        ("on", "counts (1)", "count", "=IF(AND({discount}>=0,{discount}<1),{given},0)"),
        ("overage_discount", "discount beyond", "percent", _BEYOND),
        ("floor", "least commitment, USD a year", "usd", "=MAX({start},cent_usd)"),
        ("above", "thresholds above it", "count", f"=SUMPRODUCT(ISNUMBER({starts})*({starts}>{{start}}))"),
        (
            "stop_row",
            "the first of them, by size",
            "count",
            f"=IF({{above}}*uses_bands>0,COUNT({starts})-{{above}}+1,0)",
        ),
        (
            "stop",
            "commitment below, USD a year",
            "usd",
            f"=IF({{stop_row}}>0,SMALL({starts},{{stop_row}}),no_end_usd)",
        ),
    ):
        _row(table, rows, key, label, style, template)


def _reach(rows: BestRows, table: CalcTable) -> None:
    """At which level of use the cost of a band turns, and the list use between whose ends it can be signed."""
    charged = rows.typed("charged")
    for key, label, style, template in (
        ("kept", "paid per list dollar committed", "number", "=IF({on}>0,1-{discount},1)"),
        ("rate", "paid per list dollar beyond", "number", "=1-{overage_discount}"),
        ("unused_rate", "not charged of an unused list dollar", "number", f"={{kept}}*(1-{charged})"),
        (
            "level",
            "share of use that lies below the best",
            "percent",
            "=IF({rate}>{unused_rate},MAX(({rate}-{kept})/({rate}-{unused_rate}),0),0)",
        ),
        ("pooled_rank", "row of pooled use", "count", "=MIN(MAX(ROUNDUP({level}*n_points,0),1),n_points)"),
        ("per_list", "committed per list dollar", "number", f"=IF({rows.is_list},1,{{kept}})"),
        ("low", "least list use, USD a year", "usd", "={floor}/{per_list}"),
        (
            "high",
            "largest list use within the limit, USD a year",
            "usd",
            "=MIN(({stop}-cent_usd)/{per_list},best_limit_use)",
        ),
        ("allowed", "can be signed (1)", "count", "=IF(AND({on}>0,{low}<={high}),1,0)"),
    ):
        _row(table, rows, key, label, style, template)


def _candidate(rows: BestRows, table: CalcTable, name: str, label: str) -> None:
    """A commitment of each band that may be its best, and what it costs."""
    points, typed = rows.asked.points, rows.typed
    at = {"first": "MAX({pooled_rank}-1,1)", "second": "{pooled_rank}"}[name]
    column = "best_pooled_column"
    if points.is_locked:
        at, column = "n_points", typed("q_column")
    use = f"MIN(INDEX({rows.layout.table},{at},{column}),{{high}})"
    if name == "first":
        use = "{low}" if points.is_locked else f"IF({{level}}>0,{use},{{low}})"
    _row(table, rows, f"{name}_use", f"{label}: list use, USD a year", "usd", f"=MAX({use},{{low}})")
    for m, year in enumerate(points.years, start=1):
        step, edge = f"{name}_list_{m}", f"={{{name}_use}}*{typed(f'share_{m}')}"
        _row(table, rows, step, f"{label}: list use, {year.label}", "usd", edge)
    for m, year in enumerate(points.years, start=1):
        column, edge = f"INDEX({rows.layout.table},0,{typed(f'column_{m}')})", f"{{{name}_list_{m}}}"
        beyond = f"=SUMPRODUCT(({column}>{edge})*({column}-{edge}))/n_points"
        _row(table, rows, f"{name}_beyond_{m}", f"{label}: use beyond, {year.label}", "usd", beyond)
    for m, year in enumerate(points.years, start=1):
        column, edge = f"INDEX({rows.layout.table},0,{typed(f'column_{m}')})", f"{{{name}_list_{m}}}"
        short = f"=SUMPRODUCT(({column}<{edge})*({edge}-{column}))/n_points"
        _row(table, rows, f"{name}_unused_{m}", f"{label}: use short of it, {year.label}", "usd", short)
    last = len(points.years)
    shares = f"{typed('share_1')}:{typed(f'share_{last}')}"
    span = f"{{{name}_beyond_1}}:{{{name}_beyond_{last}}}"
    _row(table, rows, f"{name}_beyond", f"{label}: use beyond", "usd", f"=SUMPRODUCT(({shares}>0)*({span}))")
    if points.is_locked:
        _looked_up(rows, table, name, label)
    billed = "={a}+({b}-{a})*IF({h}>{l},({q}-{l})/({h}-{l}),0)" if points.is_locked else "={beyond}"
    names = {"a": "g_low", "b": "g_high", "h": "high", "l": "low", "q": "use", "beyond": "beyond"}
    billed = billed.format(**{key: f"{{{name}_{step}}}" for key, step in names.items()})
    _row(table, rows, f"{name}_billed", f"{label}: use beyond, as billed at list", "usd", billed)
    unused = f"=SUM({{{name}_unused_1}}:{{{name}_unused_{last}}})"
    _row(table, rows, f"{name}_unused", f"{label}: use short of it", "usd", unused)
    owed = f"{{kept}}*{{{name}_use}}*{typed('years')}-{{unused_rate}}*{{{name}_unused}}"
    cost = f"=MAX({owed}+{{rate}}*{{{name}_billed}}+{typed('outside')},0)"
    _row(table, rows, f"{name}_cost", f"{label}: expected cost", "usd", cost)


def _looked_up(rows: BestRows, table: CalcTable, name: str, label: str) -> None:
    """Where the candidate lies in the engine's table of use beyond a commitment at protected prices."""
    points, column = rows.layout.table, rows.typed("q_column")
    rank, above = f"{{{name}_rank}}", f"MIN({{{name}_rank}}+1,n_points)"
    for key, what, style, template in (
        ("rank", "rank", "count", f"=MATCH({{{name}_use}},INDEX({points},0,{column}),1)"),
        ("low", "point below", "usd", f"=INDEX({points},{rank},{column})"),
        ("high", "point above", "usd", f"=INDEX({points},{above},{column})"),
        ("g_low", "use beyond, below", "usd", f"=INDEX({points},{rank},{column}+1)"),
        ("g_high", "use beyond, above", "usd", f"=INDEX({points},{above},{column}+1)"),
    ):
        _row(table, rows, f"{name}_{key}", f"{label}: {what}", style, template)


def _answer(rows: BestRows, table: CalcTable, define: Define) -> int:
    """The cheapest of each band, and of all of them."""
    is_searched = rows.found.searched is not None
    first = table.next_row + _ANSWER_ROWS
    if is_searched:
        _write_search(rows, table, first)
        _found(rows, table, first)
    searched = ",{search_cost}" if is_searched else ""
    other = "IF({search_cost}<={cost}+ABS({cost})*tie,{search_use},{second_use})" if is_searched else "{second_use}"
    on_demand = rows.typed("on_demand")
    for key, label, style, template in (
        ("cost", "least expected cost", "usd", f"=MIN({{first_cost}},{{second_cost}}{searched})"),
        (
            "best_use",
            "its list use, USD a year",
            "usd",
            f"=IF({{first_cost}}<={{cost}}+ABS({{cost}})*tie,{{first_use}},{other})",
        ),
        ("offered", "expected cost, or on demand", "usd", f"=IF({{allowed}}>0,{{cost}},{on_demand})"),
        ("best_commit", "its commitment, USD a year", "usd", "=IF({allowed}>0,MAX({best_use}*{per_list},{floor}),0)"),
        ("tied", "where it is the cheapest of all", "usd", "=IF({offered}<=best_bound,{best_commit},no_end_usd)"),
    ):
        _row(table, rows, key, label, style, template)
    end = _overall(rows, table, define)
    return first + N_POINTS if is_searched else end


def _found(rows: BestRows, table: CalcTable, first: int) -> None:
    """The cheapest of every tabulated use, which stand from row `first` down."""
    costs = f"{{letter}}${first + 1}:{{letter}}${first + N_POINTS}"
    q = area(first, _search_col(rows), first + N_POINTS - 1, _search_col(rows))
    what = "every tabulated use"
    _row(table, rows, "search_cost", f"{what}: least expected cost", "usd", f"=MIN({costs})")
    _row(table, rows, "search_row", f"{what}: its row", "count", f"=MATCH({{search_cost}},{costs},0)")
    _row(table, rows, "search_use", f"{what}: list use, USD a year", "usd", f"=INDEX({q},{{search_row}})")


def _overall(rows: BestRows, table: CalcTable, define: Define) -> int:
    """The cheapest of all bands and of none; returns the next free row."""
    on_demand, tied = rows.typed("on_demand"), table.local_range("tied")
    at = f"MATCH(best_commit,{tied},0)"
    return _scalars(
        rows,
        table.next_row + 1,
        define,
        (
            ("least", "least expected cost of all", "usd", f"=MIN({on_demand},{table.local_range('offered')})"),
            ("bound", "what costs the same, within rounding", "usd", "=best_least+ABS(best_least)*tie"),
            ("commit", "best commitment, USD a year", "usd", f"=IF({on_demand}<=best_bound,0,MIN({tied}))"),
            (
                "discount",
                "its discount",
                "percent",
                f"=IF(best_commit>0,INDEX({table.local_range('discount')},{at}),0)",
            ),
            (
                "overage_discount",
                "its discount beyond",
                "percent",
                f"=IF(best_commit>0,INDEX({table.local_range('overage_discount')},{at}),0)",
            ),
        ),
    )


def _search_col(rows: BestRows) -> int:
    """The column of tabulated use, right of the bands."""
    return FIRST_COL + len(rows.found.bands) + 1


def _write_search(rows: BestRows, table: CalcTable, first: int) -> None:
    """At protected prices cost may turn more than once: every tabulated use is priced, in the columns of its band."""
    searched, sheet, typed = rows.found.searched, rows.sheet, rows.typed
    given = rows.asked.points.scenarios[rows.asked.scenario].locked
    assert searched is not None
    assert given is not None
    col = _search_col(rows)
    q, billed, short = (cell(first, col + index, row_abs=False) for index in range(3))
    points, column = rows.layout.table, typed("q_column")
    sheet.text(first - 1, 0, "Expected cost of every tabulated use, inside the band and the limit", "label")
    for index, heading in enumerate(("list use, USD a year", "use beyond, as billed at list", "use short of it")):
        sheet.text(first - 1, col + index, heading, "header_right")
    for row in range(N_POINTS):
        q, billed, short = (cell(first + row, col + index, row_abs=False) for index in range(3))
        sheet.number(first + row, 0, row + 1, "count")
        number = cell(first + row, 0, row_abs=False)
        for index in range(3):
            formula = f"=INDEX({points},{number},{column}{'+1' * index})"
            sheet.formula(first + row, col + index, formula, float(given[index, row]), "usd")
        for band in range(len(rows.found.bands)):
            kept, unused_rate, rate, low, high = (
                cell(table.rows[key], FIRST_COL + band, col_abs=False)
                for key in ("kept", "unused_rate", "rate", "low", "high")
            )
            cost = f"{kept}*{q}*{typed('years')}-{unused_rate}*{short}+{rate}*{billed}+{typed('outside')}"
            sheet.formula(
                first + row,
                FIRST_COL + band,
                f"=IF(AND({q}>={low},{q}<={high}),{cost},no_end_usd)",
                float(searched[row, band]),
                "usd",
            )
