"""Sheet Clause values: what each clause is worth, what to ask for, what to give up, fair swaps, and pairs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from xlsxwriter import Workbook

from planner.dossier import Dossier
from planner.negotiation.clause_values import ClauseValue, TradeList
from planner.negotiation_reports.clauses import (
    clauses_notes,
    clauses_sentences,
    clauses_tables,
    counts_apart,
    full_words,
    worth_nothing,
)
from planner.tables import Table
from planner.units import HALF_CENT_USD
from planner.words import percent
from planner.workbook.check import Check
from planner.workbook.negotiating.bars import BarChart, Bars, insert_bars
from planner.workbook.negotiating.clause_pairs import write_pairs, write_swaps
from planner.workbook.negotiating.rows import (
    NONE,
    Told,
    down,
    figure,
    headings,
    in_lines,
    n_lines,
    sentences,
    short_name,
    totals,
    write_told,
)
from planner.workbook.sheet import Sheet, area, cell, less

_WORTH: Final = 4
_EXPECTED: Final = 11
_ROUNDING: Final = 1e-9
_WIDTHS: Final = {0: 24, 1: 44, 2: 12, 3: 12, 4: 12, 5: 11, 6: 11, 7: 11, 8: 12, 9: 12, 10: 13, _EXPECTED: 12}
_READ: Final = (
    "How to read it: the commitment is sized again with each clause and without it, on the same simulated paths, and "
    "both costs over the term are set against each other; worth is their difference, by what the decision minimises. "
    "A worth that is not told from nothing is within the simulation's error."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Values:
    """Where a table of values stands."""

    first_row: int
    next_row: int
    check: Check


def has_clause_values(dossier: Dossier) -> bool:
    """Whether clauses were valued, and one is worth something."""
    return dossier.negotiated is not None and any(item.value.mean for item in dossier.negotiated.trades.clauses)


def write_clause_values(sheet: Sheet, workbook: Workbook, dossier: Dossier) -> list[Check]:
    """The trade list as tables and bars, with live differences; checks that these are the program's."""
    assert dossier.negotiated is not None
    trades = dossier.negotiated.trades
    widths = {col: width for col, width in _WIDTHS.items() if col < _EXPECTED or counts_apart(trades)}
    last_col = max(widths)
    scenario = dossier.plan.inputs.decision.scenario
    sheet.title(f"Clause values: what each clause is worth to you, US dollars; scenario {scenario}", last_col=last_col)
    row = sentences(sheet, 1, [_READ], widths)
    row = sentences(sheet, row, clauses_sentences(trades), widths, style="lead")
    row = sentences(sheet, row, clauses_notes(trades, dossier.plan.n_paths), widths)
    told = write_told(sheet, row)
    asked, given, swapped, paired = clauses_tables(trades)
    charts = told.next_row
    row = charts + max(_chart(items, 0, "").rows for items in (_asks(trades), _gives(trades)))
    checks, col = [], 0
    for table, items, title in ((asked, _asks(trades), "To ask for"), (given, _gives(trades), "To give up")):
        if items:
            values = _write_values(sheet, trades, row, table, items, told, last_col)
            chart = _chart(items, values.first_row, title)
            insert_bars(sheet, workbook, chart, row=charts, col=col)
            row, col = sentences(sheet, values.next_row, [table.note], widths) + 1, 4
            checks.append(values.check)
        elif idle := [item for item in trades.clauses if item.variation.granted == (table is given)]:
            row = (
                sentences(
                    sheet, row, [f"Of what there is {title.lower()}, nothing counts.{worth_nothing(idle)}"], widths
                )
                + 1
            )
    row = write_swaps(sheet, trades.swaps, swapped, row, widths)
    row, of_pairs = write_pairs(sheet, trades.interactions, paired, row, widths)
    sheet.set_layout(exact={0: widths[0], 1: widths[1]}, at_least=widths)
    sheet.print_setup(last_row=row - 1, last_col=last_col)
    sheet.worksheet.freeze_panes(1, 0)
    return [*checks, *of_pairs]


def _asks(trades: TradeList) -> list[ClauseValue]:
    """To ask for, the most valuable first; what is worth nothing is named in the note."""
    found = [item for item in trades.clauses if not item.variation.granted and item.value.mean != 0]
    return sorted(found, key=lambda item: -item.value.mean)


def _gives(trades: TradeList) -> list[ClauseValue]:
    """To give up, the cheapest first."""
    found = [item for item in trades.clauses if item.variation.granted and item.value.mean != 0]
    return sorted(found, key=lambda item: item.value.mean)


def _chart(items: Sequence[ClauseValue], first_row: int, title: str) -> BarChart:
    return BarChart(
        title=f"{title}: worth over the term",
        names="clause",
        values="worth over the term (USD)",
        first_row=first_row,
        n_rows=len(items),
        usd=[item.value.mean for item in items],
        lines=n_lines(short_name(item) for item in items),
        series=(Bars(name="worth", col=_WORTH, is_solid=title == "To ask for"),),
    )


# --- values ----------------------------------------------------------------------------------------------------------


def _labels(trades: TradeList) -> tuple[str, ...]:
    given = (
        *("clause", "what it says", "cost without it", "cost with it", "worth", "std. error"),
        *("told from nothing", "points of discount", f"worst {percent(1.0 - trades.cvar_level, 0)} of costs"),
        *("adds to P(shortfall)", "commitment, USD a year"),
    )
    return (*given, "worth in expected cost") if counts_apart(trades) else given


def _write_values(
    sheet: Sheet, trades: TradeList, row: int, table: Table, items: Sequence[ClauseValue], told: Told, last_col: int
) -> _Values:
    sheet.subtitle(row, table.title, last_col=last_col)
    headings(sheet, row + 1, _labels(trades), n_text=2)
    first = row + 2
    for at, item in enumerate(items, start=first):
        _write_value(sheet, trades, at, item, told)
    total = first + len(items)
    totals(sheet, total, "all of them, each alone", last_col)
    summed = sum(_with_and_without(trades, item)[2] for item in items)
    worths = area(first, _WORTH, total - 1, _WORTH)
    sheet.formula(total, _WORTH, f"=SUM({worths})", summed, "total_usd")
    expected = sum(item.value.mean for item in items)
    check = Check(
        what=f"Clause values, {table.title.partition(':')[0].lower()}: the differences of cost are the program's worth",
        formula=f"={sheet.ref(cell(total, _WORTH))}",
        value=summed,
        expected=expected,
        # what is below half a cent the program takes for nothing
        tolerance=len(items) * HALF_CENT_USD + _ROUNDING * abs(expected),
    )
    return _Values(first_row=first, next_row=total + 1, check=check)


def _with_and_without(trades: TradeList, item: ClauseValue) -> tuple[float, float, float]:
    """What the decision minimises without the clause and with it, and the difference; own values taken off."""
    table, own = trades.table.measure_usd, item.variation.own_value_usd
    if item.variation.granted:
        without = table + own if item.terms is None else item.terms.measure_usd
        return without, table, without - table
    having = table - own if item.terms is None else item.terms.measure_usd
    return table, having, less(table, having)


def _write_value(sheet: Sheet, trades: TradeList, at: int, item: ClauseValue, told: Told) -> None:
    without, having, worth = _with_and_without(trades, item)
    own = item.terms is None
    sheet.text(at, 0, in_lines(short_name(item)), sized=False)
    sheet.text(at, 1, f"{full_words(item)} (your own value)" if own else full_words(item), sized=False)
    sheet.number(at, 2, without, "usd")
    sheet.number(at, 3, having, "usd")
    sheet.formula(at, _WORTH, f"={down(at, 2)}-{down(at, 3)}", worth, "usd")
    figure(sheet, at, 5, item.value.se)
    sheet.formula(at, 6, told.formula(at, _WORTH), told.value(worth, item.value.se), "right")
    figure(sheet, at, 7, "none would do" if item.points is None else item.points * 100, "number")
    figure(sheet, at, 8, NONE if own else item.cost_cvar_usd)
    figure(sheet, at, 9, NONE if own else item.shortfall_probability, "percent")
    figure(sheet, at, 10, NONE if item.terms is None else item.terms.offer.commit_usd_per_year)
    if counts_apart(trades):
        figure(sheet, at, _EXPECTED, NONE if own else item.expected_cost.mean)
