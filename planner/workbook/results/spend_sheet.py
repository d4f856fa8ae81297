"""Sheet Spend distribution: how much may be spent at list, by scenario and contract year, and the chance of more."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from xlsxwriter import Workbook

from planner.contract import Contract
from planner.dossier import Dossier
from planner.monthly_cash import keeping_months
from planner.plan import Plan
from planner.risk import estimate, quantiles
from planner.simulation import SpendPaths
from planner.units import MONTHS_PER_YEAR, FloatArray
from planner.words import percent, usd
from planner.workbook.check import Check
from planner.workbook.results.ledger_table import months_words
from planner.workbook.results.money_chart import LOOKS, axis, finish, money_format
from planner.workbook.sheet import Sheet, area, cell, number_or

LEVELS: Final = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)
CHANCES: Final = (0.99, *(round(0.975 - 0.025 * step, 3) for step in range(39)), 0.01)
"""Chances of spending more at which amounts are given; further out is luck of the sample."""

_LAST_COL: Final = 12
_P50, _P90 = 8, 10
_CHART_ROWS: Final = 18
_ROUNDING: Final = 1e-9
_MOST_LINES: Final = len(LOOKS)
_MARK_COL: Final = _LAST_COL + 2
_HEADINGS: Final = 3
_MARK: Final = "the recommended commitment is used up"
_WIDE, _NARROW = 1080, 560


@dataclass(frozen=True, slots=True, kw_only=True)
class _Spend:
    """List spend of a scenario in one stretch of the term, (n_paths,), USD. year: None of the whole term."""

    scenario: str
    year: int | None
    months: tuple[int, int]
    usd: FloatArray

    @property
    def name(self) -> str:
        return "term" if self.year is None else f"year {self.year + 1}"


def has_spend(dossier: Dossier) -> bool:
    """Whether anything is spent in any scenario."""
    return any(summary.annual.mean > 0 for summary in dossier.plan.summaries.values())


def write_spend(sheet: Sheet, workbook: Workbook, dossier: Dossier) -> list[Check]:
    """Percentiles by scenario and contract year, two charts of the chance of more, and the amounts behind them."""
    plan = dossier.plan
    spends = [one for name, paths in plan.spend.items() for one in _spends(plan.inputs.contract, name, paths)]
    sheet.title("Spend distribution: list spend by contract year, before any discount, US dollars", last_col=_LAST_COL)
    sheet.paragraph(1, _how_to_read(plan), last_col=_LAST_COL)
    row, first = _write_percentiles(sheet, plan, spends, 3)
    shown = _charted(plan, spends)
    chart_row = row + 1
    row, mark = chart_row + _CHART_ROWS, used_up_usd(plan)
    if mark is not None:
        row = _write_mark(sheet, spends, plan, mark, row)
    last = _write_exceedance(sheet, shown, row)
    table = (row + _HEADINGS, last)
    if mark is not None:
        _write_mark_points(sheet, mark, table[0])
    _add_charts(sheet, workbook, plan, shown, table, chart_row)
    sheet.set_layout(exact={0: 42, 1: 14, 2: 20} | dict.fromkeys(range(3, _LAST_COL + 1), 13) | {_MARK_COL: 24})
    sheet.print_setup(last_row=last, last_col=_LAST_COL)
    sheet.worksheet.set_h_pagebreaks([row])
    sheet.worksheet.freeze_panes(1, 0)
    return _checks(sheet, plan, spends, first)


def _how_to_read(plan: Plan) -> str:
    outside = " Seats and fees are not in it." if plan.inputs.contract.fixed_spend else ""
    return (
        f"What tokens cost at list in each contract year, over {plan.n_paths:,} simulated paths.{outside} P90: nine in "
        "ten futures spend less. The term's percentiles are those of its sum, not sums of its years'. The curves say "
        "how likely it is to spend more than an amount; a steep curve is a spend that is well known."
    )


def _spends(contract: Contract, name: str, paths: SpendPaths) -> list[_Spend]:
    """A scenario's contract years, and its term where that is more than one; of many paths whose months are not kept,
    the first ones."""
    starts = range(0, contract.term_months, MONTHS_PER_YEAR)
    years = [(start, min(start + MONTHS_PER_YEAR, contract.term_months)) for start in starts]
    found = [
        _Spend(scenario=name, year=year, months=months, usd=_over(paths, *months)) for year, months in enumerate(years)
    ]
    if len(years) == 1:
        return found
    term = (0, contract.term_months)
    return [*found, _Spend(scenario=name, year=None, months=term, usd=sum(one.usd for one in found) + np.zeros(1))]


def _over(paths: SpendPaths, first: int, stop: int) -> FloatArray:
    return keeping_months(paths).list_cost_over(first, stop)


def _write_percentiles(sheet: Sheet, plan: Plan, spends: list[_Spend], row: int) -> tuple[int, int]:
    """Returns the next free row and the first one of the table."""
    sheet.subtitle(row, "By scenario and contract year, USD", last_col=_LAST_COL)
    labels = ("mean", "standard error", *(f"P{level * 100:.0f}" for level in LEVELS), "P90 above P50")
    sheet.header(row + 1, ("scenario", "", "months", *labels), n_text=3)
    first = row + 2
    for at, one in enumerate(spends, start=first):
        bold = "bold_" if one.scenario == plan.inputs.decision.scenario else ""
        sheet.text(at, 0, one.scenario)
        sheet.text(at, 1, one.name)
        sheet.text(at, 2, months_words(plan, *one.months))
        mean, points = estimate(one.usd), quantiles(one.usd, LEVELS).tolist()
        sheet.number(at, 3, mean.mean, f"{bold}usd")
        sheet.value(at, 4, number_or(mean.se), "usd")
        for col, value in enumerate(points, start=5):
            sheet.number(at, col, value, f"{bold}usd")
        middle, high = (cell(at, col, row_abs=False) for col in (_P50, _P90))
        above = points[5] / points[3] - 1.0 if points[3] > 0 else 0.0
        sheet.formula(at, _LAST_COL, f"=IF({middle}>0,{high}/{middle}-1,0)", above, "percent")
    return first + len(spends), first


# --- the commitment among them ----------------------------------------------------------------------------------------


def used_up_usd(plan: Plan) -> float | None:
    """List spend of contract year 1 that uses the recommended commitment up; None without one, and where clauses,
    other prices or other spend than tokens decide as well."""
    contract, offer = plan.inputs.contract, plan.recommendation.offer.in_year(0)
    alone = contract.commit_period == "year" and not contract.is_linked and not contract.fixed_spend
    same = contract.eligible.is_everything and not contract.protects_prices and contract.in_force is None
    if offer.commit_usd_per_year == 0 or not alone or not same or contract.has_tier_discounts:
        return None
    listed = contract.list_usd_per_year(offer.commit_usd_per_year, offer.discount_fraction)
    return listed * contract.periods[0].year_fraction / contract.eligible_fraction


def _write_mark(sheet: Sheet, spends: list[_Spend], plan: Plan, mark: float, row: int) -> int:
    """How likely it is that the commitment of contract year 1 is not used up; returns the next free row."""
    decided = next(one for one in spends if one.scenario == plan.inputs.decision.scenario and one.year == 0)
    less = float(np.mean(decided.usd < mark))
    sheet.paragraph(
        row,
        f"{_MARK.capitalize()} at {usd(mark)} of list spend in {decided.scenario}: "
        f"{percent(less)} of the futures spend less in contract year 1, and fall short.",
        last_col=_LAST_COL,
    )
    return row + 2


def _write_mark_points(sheet: Sheet, mark: float, row: int) -> None:
    """The two ends of a line in the chart, beside the printed page."""
    sheet.header(row - 1, (_MARK, "chance"), first_col=_MARK_COL, n_text=0)
    for at, chance in enumerate((0.0, 1.0), start=row):
        sheet.number(at, _MARK_COL, mark, "usd")
        sheet.number(at, _MARK_COL + 1, chance, "percent")


# --- the chance of more -----------------------------------------------------------------------------------------------


def _charted(plan: Plan, spends: list[_Spend]) -> list[_Spend]:
    """Contract year 1 of every scenario, then the later years of the one decided on; as many as can be told apart."""
    decided = plan.inputs.decision.scenario
    firsts = [one for one in spends if one.year == 0]
    firsts.sort(key=lambda one: one.scenario != decided)
    later = [one for one in spends if one.scenario == decided and one.year]
    return firsts[:_MOST_LINES] + later[: _MOST_LINES - 1]


def _write_exceedance(sheet: Sheet, shown: list[_Spend], row: int) -> int:
    """Returns the last row."""
    sheet.subtitle(row, "The chance of spending more than an amount", last_col=_LAST_COL)
    first = row + _HEADINGS
    sheet.text(row + 1, 0, "scenario", "header_right")
    sheet.text(row + 2, 0, "chance of spending more, USD by", "header_right")
    for col, one in enumerate(shown, start=1):
        sheet.text(row + 1, col, one.scenario, "header_right")
        sheet.text(row + 2, col, one.name, "header_right")
        for at, value in enumerate(np.quantile(one.usd, 1.0 - np.array(CHANCES)).tolist(), start=first):
            sheet.number(at, col, value, "usd")
    for at, chance in enumerate(CHANCES, start=first):
        sheet.number(at, 0, chance, "percent")
    return first - 1 + len(CHANCES)


def _add_charts(
    sheet: Sheet, workbook: Workbook, plan: Plan, shown: list[_Spend], rows: tuple[int, int], chart_row: int
) -> None:
    """Contract year 1 of every scenario with the commitment, and the years of the one decided on."""
    decided, mark = plan.inputs.decision.scenario, used_up_usd(plan)
    firsts = [col for col, one in enumerate(shown, start=1) if one.year == 0]
    years = [col for col, one in enumerate(shown, start=1) if one.scenario == decided]
    charts = [("Chance of spending more in contract year 1, by scenario", firsts, rows[0] - 2)]
    if len(years) > 1:
        charts.append((f"Chance of spending more, by contract year: {decided}", years, rows[0] - 1))
    for index, (title, cols, name_row) in enumerate(charts):
        samples = [np.quantile(shown[col - 1].usd, (CHANCES[-1], CHANCES[0])) for col in cols]
        marked = mark if index == 0 else None
        ends = [float(end) for sample in samples for end in sample] + ([marked] if marked is not None else [])
        chart = _chart(sheet, workbook, [(name_row, col) for col in cols], rows, ends, has_mark=marked is not None)
        finish(chart, title, width=_NARROW if len(charts) > 1 else _WIDE, height=340)
        sheet.worksheet.insert_chart(chart_row, 0 if index == 0 else 6, chart)


def _chart(
    sheet: Sheet,
    workbook: Workbook,
    named: list[tuple[int, int]],
    rows: tuple[int, int],
    ends: list[float],
    *,
    has_mark: bool,
) -> Any:
    """Curves over amounts. named: the cells of their names, above the amounts. ends: what the axis has to show."""
    chart: Any = workbook.add_chart({"type": "scatter", "subtype": "straight"})
    lines = [(at, at[1], 0, rows, look) for at, look in zip(named, LOOKS, strict=False)]
    if has_mark:
        line = {"color": "#000000", "width": 1.0, "dash_type": "solid"}
        lines.append(((rows[0] - 1, _MARK_COL), _MARK_COL, _MARK_COL + 1, (rows[0], rows[0] + 1), line))
    for at, x, y, (first, last), look in lines:
        chart.add_series(
            {
                # a name is a cell: of text that begins with =, a chart would make a formula
                "name": [sheet.name, *at],
                "categories": [sheet.name, first, x, last, x],
                "values": [sheet.name, first, y, last, y],
                "line": look,
                "marker": {"type": "diamond", "size": 6} if x == _MARK_COL else {"type": "none"},
            }
        )
    low, high = min(ends), max(ends)
    step = _step(high - low)
    chart.set_x_axis(axis("List spend (USD)", num_format=money_format(high), min=max(0.0, low // step * step)))
    chart.set_y_axis(axis("Chance of spending more", num_format="0%", min=0, max=1))
    return chart


def _step(span: float) -> float:
    """A round step for an axis of this span."""
    return float(10.0 ** np.floor(np.log10(span))) if span > 0 else 1.0


def _checks(sheet: Sheet, plan: Plan, spends: list[_Spend], first: int) -> list[Check]:
    """Year 1 is what the program says of the scenario, and years add up to the term."""
    found = []
    for name, summary in plan.summaries.items():
        rows = [first + index for index, one in enumerate(spends) if one.scenario == name]
        of = [one for one in spends if one.scenario == name]
        means = [float(one.usd.mean()) for one in of]
        tolerance = _ROUNDING * max(*means, 1.0)
        if len(of) > 1:
            years = sheet.ref(area(rows[0], 3, rows[-2], 3))
            found.append(
                Check(
                    what=f"Spend of the contract years adds up to that of the term: {name}",
                    formula=f"=SUM({years})",
                    value=sum(means[:-1]),
                    expected=means[-1],
                    tolerance=tolerance,
                )
            )
        elif of[0].months == (0, MONTHS_PER_YEAR) and of[0].usd.size == plan.n_paths:
            found.append(
                Check(
                    what=f"Spend of the contract year is what the program says of the scenario: {name}",
                    formula=f"={sheet.ref(cell(rows[0], 3))}",
                    value=means[0],
                    expected=summary.annual.mean,
                    tolerance=tolerance,
                )
            )
    return found
