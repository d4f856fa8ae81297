"""The table of cases on sheet Calc: an offer in a scenario is a column, a step is a row, one formula along each row.

planner.workbook.calc.case_steps computes the same steps, which are the cells' cached values.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from planner.workbook.calc.calc_table import CalcTable
from planner.workbook.calc.case_steps import LEVELS, NOT_KNOWN, Steps
from planner.workbook.calc.cases import Case
from planner.workbook.calc.points_sheet import CostLayout, PointsLayout
from planner.workbook.calc.pricing import OfferPoints


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenTables:
    """What the rows look up on Calc, as addresses within it.

    offers: columns of the table of offers; offer_rows: the place of each offer in them, from 1. terms: the offered
    terms; blends: the shares of the percentile tables. years: of each contract year its "number", "fraction" of a year,
    "whole" (1 or 0) and the month that it "ends" with, and by scenario what is "aside" of the contract, the "fixed"
    part of that, and all that is "listed".
    """

    offers: Mapping[str, str]
    offer_rows: Mapping[str, int]
    terms: str
    blends: str
    years: Sequence[Mapping[str, str]]


@dataclass(frozen=True, kw_only=True)
class CaseRows:
    """Adds rows of steps to the table. given: what all rows may look up."""

    table: CalcTable
    cases: Sequence[Case]
    steps: Sequence[Steps]
    given: GivenTables

    def row(self, key: str, label: str, style: str, template: str, names: Mapping[str, str] | None = None) -> None:
        """One step of every case."""
        values = [steps.values[key] for steps in self.steps]
        self.table.formulas(key, label, style, template, values, names=names or {})

    def bracket(self, prefix: str, value: str, table: str, column: str) -> None:
        """The rank of the last point of a column not above a value, and the points either side."""
        names = {"found": f"{prefix}rank", "value": value, "column": column}
        for key, label, style, template in (
            (
                "rank",
                "rank",
                "count",
                f"=IF({{value}}<INDEX({table},1,{{column}}),0,MATCH({{value}},INDEX({table},0,{{column}}),1))",
            ),
            ("low", "point below", "usd", f"=IF({{found}}=0,0,INDEX({table},{{found}},{{column}}))"),
            ("high", "point above", "usd", f"=INDEX({table},MIN({{found}}+1,n_points),{{column}})"),
        ):
            self.row(f"{prefix}{key}", label, style, template, names)


def write_case_rows(rows: CaseRows, points: OfferPoints, layout: PointsLayout, cost_layout: CostLayout | None) -> None:
    """Every step of every case."""
    _offer(rows, points)
    _years(rows, points, layout)
    _short(rows, layout)
    if points.is_locked:
        _locked(rows, layout)
    _results(rows, points)
    if cost_layout is not None:
        _percentiles(rows, cost_layout)


def _headings(rows: CaseRows, points: OfferPoints) -> None:
    """Which offer in which scenario."""
    names = [points.scenarios[case.scenario].name for case in rows.cases]
    where = ["the one typed" if case.follows_typed else name for case, name in zip(rows.cases, names, strict=True)]
    numbers = [rows.given.offer_rows[case.offered.key] for case in rows.cases]
    scenarios = [steps.values["scenario"] for steps in rows.steps]
    rows.table.constants("case", "offer", "header_right", [case.label for case in rows.cases])
    rows.table.constants("where", "scenario", "header_right", where)
    rows.table.constants("offer_no", "row of the offer", "count", numbers)
    rows.table.formulas(
        "scenario",
        "no. of the scenario",
        "count",
        "=offer_scenario_number",
        scenarios,
        given=[not case.follows_typed for case in rows.cases],
    )


def _offer(rows: CaseRows, points: OfferPoints) -> None:
    """The offer of the case, as formulas take it."""
    _headings(rows, points)

    def of(key: str) -> str:
        return f"INDEX({rows.given.offers[key]},{{offer_no}})"

    for key, label, style, template in (
        ("valid", "inputs are valid", "right", f"={of('valid')}"),
        ("commit", "commitment, USD a year", "usd", f"=IF({{valid}},{of('commit')},NA())"),
        ("kept", "paid per list dollar committed", "number", f"=IF({{valid}},1-{of('discount')},NA())"),
        (
            "overage_rate",
            "paid per list dollar beyond",
            "number",
            f"=IF({{commit}}>0,1-{of('overage_discount')},1)",
        ),
        ("charged", "charged of an unused dollar", "number", f"={of('charged')}"),
        ("term", "term, months", "count", f"={of('term_months')}"),
        ("term_no", "no. of the term", "count", f"=MATCH({{term}},{rows.given.terms},0)"),
        (
            "list_use",
            "list use that exhausts it, USD a year",
            "usd",
            f"=IF({of('drawdown_is_list')},{{commit}},{{commit}}/{{kept}})",
        ),
        ("owed", "committed, USD a year", "usd", "={list_use}*{kept}"),
    ):
        rows.row(key, label, style, template)


def _years(rows: CaseRows, points: OfferPoints, layout: PointsLayout) -> None:
    """Contract year by contract year: what exhausts the commitment, expected use beyond and short of it; and sums."""
    use = f"INDEX({layout.table},0,{{_column}})"
    for key, label, style, template in (
        ("share", "share of a year", "number", "=IF(IF({whole}>0,{ends}<={term},{ends}={term}),{fraction},0)"),
        ("list", "list use that exhausts it", "usd", "={list_use}*{_share}"),
        ("column", "column of points", "count", "=({scenario}-1)*points_columns+{number}"),
        ("beyond", "expected use beyond", "usd", f"=SUMPRODUCT(({use}>{{_list}})*({use}-{{_list}}))/n_points"),
        ("unused", "expected use short of it", "usd", f"=SUMPRODUCT(({use}<{{_list}})*({{_list}}-{use}))/n_points"),
        ("mean", "mean use", "usd", f"=SUM({use})/n_points"),
        ("outside", "outside the contract", "usd", "=IF({_share}>0,INDEX({aside},{scenario}),0)"),
        ("fixed", "of that certain", "usd", "=IF({_share}>0,INDEX({fixed},{scenario}),0)"),
        ("on_demand", "on demand at list", "usd", "=IF({_share}>0,INDEX({listed},{scenario}),0)"),
    ):
        for m, year in enumerate(points.years, start=1):
            names = {f"_{name}": f"{name}_{m}" for name in ("share", "list", "column")} | dict(rows.given.years[m - 1])
            rows.row(f"{key}_{m}", f"{label}: {year.label}", style, template, names)
    last = len(points.years)

    def span(key: str) -> str:
        return f"{{{key}_1}}:{{{key}_{last}}}"

    for key, label, style, template in (
        ("years", "contract years", "number", f"=SUM({span('share')})"),
        ("beyond", "expected use beyond", "usd", f"=SUMPRODUCT(({span('share')}>0)*({span('beyond')}))"),
        ("unused", "expected use short of it", "usd", f"=SUM({span('unused')})"),
        ("mean", "mean use", "usd", f"=SUMPRODUCT(({span('share')}>0)*({span('mean')}))"),
        ("outside", "outside the contract", "usd", f"=SUM({span('outside')})"),
        ("fixed", "of that certain", "usd", f"=SUM({span('fixed')})"),
        ("on_demand", "on demand at list", "usd", f"=SUM({span('on_demand')})"),
        (
            "balance",
            "drawn and unused, as a share of the commitment",
            "percent_fine",
            "=IF({mean}+{unused}>0,({list_use}*{years}+{beyond})/({mean}+{unused}),1)",
        ),
    ):
        rows.row(key, label, style, template)


def _short(rows: CaseRows, layout: PointsLayout) -> None:
    """P(any contract year falls short), read between two quantiles of the smallest annual use."""
    rows.row(
        "least_column",
        "column of smallest use",
        "count",
        "=({scenario}-1)*points_columns+year_columns+{term_no}",
    )
    rows.row(
        "below",
        "a year short below",
        "usd",
        "=IF({charged}>0,{list_use}-half_cent_usd/({kept}*{charged}),0)",
    )
    rows.bracket("", "below", layout.table, "least_column")
    for key, label, style, template in (
        (
            "between",
            "P between the two",
            "percent",
            "=IF({high}>{low},({rank}-1+({below}-{low})/({high}-{low}))/quantile_steps,1)",
        ),
        (
            "probability",
            "shortfall probability",
            "percent",
            "=IF(OR({rank}=0,{charged}=0),0,IF({rank}=n_points,1,{between}))",
        ),
    ):
        rows.row(key, label, style, template)


def _locked(rows: CaseRows, layout: PointsLayout) -> None:
    """Use beyond the commitment at the prices of its month, from the engine's table, linear between its rows."""
    table = layout.table
    rows.row("q_column", "column of annual use", "count", "=({scenario}-1)*points_columns+locked_column")
    rows.bracket("q_", "list_use", table, "q_column")
    rows.row("g_low", "use beyond, below", "usd", f"=INDEX({table},{{q_rank}},{{q_column}}+1)")
    rows.row("g_high", "use beyond, above", "usd", f"=INDEX({table},MIN({{q_rank}}+1,n_points),{{q_column}}+1)")
    part = "({list_use}-{q_low})/({q_high}-{q_low})"
    rows.row(
        "g",
        "use beyond, as billed at list",
        "usd",
        f"=IF({{q_high}}>{{q_low}},{{g_low}}+({{g_high}}-{{g_low}})*{part},{{g_low}})",
    )


def _results(rows: CaseRows, points: OfferPoints) -> None:
    """What the offer costs over the term."""
    beyond = "g" if points.is_locked else "beyond"
    even = "{kept}*{charged}/(1-{kept}*(1-{charged}))"
    for key, label, style, template in (
        ("overage_list", "use beyond, as billed at list", "usd", f"={{{beyond}}}"),
        ("overage", "expected overage", "usd", "={overage_list}*{overage_rate}"),
        ("shortfall", "expected shortfall", "usd", "={unused}*{kept}*{charged}"),
        ("waived", "unused and not charged", "usd", "={unused}*{kept}*(1-{charged})"),
        ("owed_anyway", "owed even if nothing is used", "usd", "={owed}*{years}*{charged}"),
        (
            "cost",
            "expected cost",
            "usd",
            "=IF({commit}>0,{owed}*{years}-{waived}+{overage}+{outside},{on_demand})",
        ),
        ("saving", "expected saving", "usd", "={on_demand}-{cost}"),
        ("savings", "effective savings rate", "percent", "=IF({on_demand}>0,1-{cost}/{on_demand},0)"),
        (
            "break_even",
            "break-even utilization",
            "percent",
            f'=IF({{commit}}>0,IF({{kept}}*(1-{{charged}})<1,{even},0),"{NOT_KNOWN}")',
        ),
        ("break_even_use", "break-even list use, USD a year", "usd", "=IF({commit}>0,{break_even}*{list_use},0)"),
    ):
        rows.row(key, label, style, template)


def _percentiles(rows: CaseRows, costs: CostLayout) -> None:
    """P10, P50 and P90 of cost, between the rows and the columns of the engine's tables."""
    _shares(rows)
    _table_rows(rows, costs)
    for level in LEVELS:
        _percentile(rows, costs, level)


def _shares(rows: CaseRows) -> None:
    """The two parts of a cost that vary with use, and between which shares of them it lies."""
    blends = rows.given.blends
    found = f"INDEX({blends},{{blend_no}})"
    for key, label, style, template in (
        ("unused_rate", "not charged of an unused list dollar", "number", "={kept}*(1-{charged})"),
        (
            "scale",
            "weight of both parts of the cost",
            "number",
            "={overage_rate}+IF(outside_is_apart>0,1,outside_per_use)",
        ),
        (
            "blend",
            "share of the part that all use has",
            "number",
            "=ROUND(IF(outside_is_apart>0,1,{unused_rate}+outside_per_use)/{scale},share_digits)",
        ),
        (
            "is_known",
            "percentiles are tabulated",
            "right",
            "=AND({blend}<=1,OR({charged}=1,outside_is_apart=0))",
        ),
        ("blend_no", "no. of the share below", "count", f"=MIN(MATCH({{blend}},{blends},1),blend_steps)"),
        (
            "across",
            "way to the share above",
            "number",
            f"=({{blend}}-{found})/(INDEX({blends},{{blend_no}}+1)-{found})",
        ),
    ):
        rows.row(key, label, style, template)


def _table_rows(rows: CaseRows, costs: CostLayout) -> None:
    """Which table holds the scenario and the term, and between which of its rows the commitment lies."""
    in_table = f"({costs.table_no}={{table_no}})"
    for key, label, style, template in (
        ("table_no", "no. of the table", "count", "=({scenario}-1)*n_terms+{term_no}"),
        ("first_row", "rows before it", "count", "=({table_no}-1)*cost_rows"),
        ("certain", "certain part of the cost", "usd", "={owed_anyway}+{fixed}"),
        ("row_rank", "row", "count", f"=SUMPRODUCT({in_table}*({costs.list_usd}<={{list_use}}))"),
        ("row_low", "list use below", "usd", f"=INDEX({costs.list_usd},{{first_row}}+{{row_rank}})"),
        (
            "row_high",
            "list use above",
            "usd",
            f"=INDEX({costs.list_usd},{{first_row}}+MIN({{row_rank}}+1,cost_rows))",
        ),
        (
            "down",
            "way to the row above",
            "number",
            "=IF({row_high}>{row_low},({list_use}-{row_low})/({row_high}-{row_low}),0)",
        ),
    ):
        rows.row(key, label, style, template)


def _percentile(rows: CaseRows, costs: CostLayout, level: str) -> None:
    """One percentile: the four figures around the case, and between them."""
    table = costs.usd[level]
    below, above = "{first_row}+{row_rank}", "{first_row}+MIN({row_rank}+1,cost_rows)"
    names = {name: f"{level}_{name}" for name in ("a", "b", "c", "d", "first", "second")}
    for key, label, row, column in (
        ("a", "row and share below", below, "{blend_no}"),
        ("b", "row above, share below", above, "{blend_no}"),
        ("c", "row below, share above", below, "{blend_no}+1"),
        ("d", "row and share above", above, "{blend_no}+1"),
    ):
        rows.row(f"{level}_{key}", f"{level}: {label}", "usd", f"=INDEX({table},{row},{column})")
    rows.row(f"{level}_first", f"{level}: on the row below", "usd", "={a}+({c}-{a})*{across}", names)
    rows.row(f"{level}_second", f"{level}: on the row above", "usd", "={b}+({d}-{b})*{across}", names)
    rows.row(
        f"cost_{level}",
        f"cost {level}",
        "usd",
        f'=IF({{is_known}},{{certain}}+{{scale}}*({{first}}+({{second}}-{{first}})*{{down}}),"{NOT_KNOWN}")',
        names,
    )
