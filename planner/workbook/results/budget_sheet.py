"""Sheet Budget view: cash by month, quarter and year under each way of paying, with the commitment and without."""

from collections.abc import Sequence
from typing import Any, Final

from xlsxwriter import Workbook

from planner.budget import Budget, CashPlan, budget
from planner.budget_report import MODE_WORDS, WITHOUT, budget_sentences
from planner.dossier import Dossier
from planner.plan import Plan
from planner.report import offer_name
from planner.words import percent
from planner.workbook.check import Check
from planner.workbook.results.budget_tables import (
    MonthColumns,
    StretchTable,
    other_modes,
    write_months,
    write_other_months,
)
from planner.workbook.results.money_chart import LOOKS, Line, axis, finish, line_chart, money_format
from planner.workbook.sheet import Sheet, cell, less

_LAST_COL: Final = 11
_CHART_ROWS: Final = 17
_HELPER_COL: Final = _LAST_COL + 2
_ROUNDING: Final = 1e-9
_SHORT: Final = 18


def has_budget(dossier: Dossier) -> bool:
    """Whether anything is paid."""
    return dossier.plan.recommendation.on_demand.mean > 0


def write_budget(sheet: Sheet, workbook: Workbook, dossier: Dossier) -> list[Check]:
    """Quarters and years first, two charts, the other ways of paying, present value, then the months behind them."""
    plan = dossier.plan
    found = budget(plan)
    mode, has_others = found.contract.payment.mode, not found.offer.is_none
    sheet.title(f"Budget: cash with {offer_name(found.offer)}, paid {MODE_WORDS[mode]}", last_col=_LAST_COL)
    sheet.paragraph(1, _how_to_read(plan, found), last_col=_LAST_COL)
    row = 3
    for sentence in budget_sentences(found, mode):
        sheet.paragraph(row, f"• {sentence}", last_col=_LAST_COL)
        row += 1
    chart_row = row + 1
    own = StretchTable(sheet=sheet, found=found, first=chart_row + _CHART_ROWS + 2, last_col=_LAST_COL)
    row = own.last + 2
    others = StretchTable(sheet=sheet, found=found, first=row + 2, last_col=_LAST_COL)
    if has_others:
        row = _write_present_value(sheet, found, others.last + 2)
    months = write_months(sheet, found, row, _LAST_COL)
    own.write_own(months)
    tables, last = [months], months.last
    if has_others:
        other_months = write_other_months(sheet, found, months.last + 2, _LAST_COL)
        others.write_others(other_months)
        tables, last = [months, other_months], other_months.last
        _add_total_chart(sheet, workbook, found, tables, chart_row)
    _add_fan(sheet, workbook, found, months, chart_row)
    sheet.set_layout(exact={0: 34} | dict.fromkeys(range(1, _LAST_COL + 1), 13))
    sheet.print_setup(last_row=last, last_col=_LAST_COL)
    on_one_page = len(tables) > 1 and months.last - months.first < _SHORT
    sheet.worksheet.set_h_pagebreaks([table.first - 2 for table in (tables[:1] if on_one_page else tables)])
    sheet.worksheet.freeze_panes(1, 0)
    return _checks(sheet, plan, found, tables)


def _how_to_read(plan: Plan, found: Budget) -> str:
    paths = f"{found.n_paths:,} simulated paths" + (
        "" if found.n_paths == plan.n_paths else f", the first of {plan.n_paths:,}"
    )
    banked = " Carried balances are drawn beside it." if found.contract.rollover is not None else ""
    return (
        f"Cash in US dollars before tax, in the months of the contract, in scenario {found.scenario}, over {paths}: "
        "what is paid on a month's first day and at its end counts in that month; terms of invoices come on top. P90: "
        "nine in ten futures cost less. The P90s of months do not add up to the P90 of their year: both are shown. "
        f"Drawn: from the commitment of the period that runs, whenever it is paid.{banked} With {WITHOUT}: everything "
        "on demand at list."
    )


def _write_present_value(sheet: Sheet, found: Budget, row: int) -> int:
    """What each way of paying is worth on the first day; returns the next free row. Nothing where time is free."""
    cost = found.contract.payment.cost_of_capital_per_year
    if cost == 0:
        return row
    own = found.contract.payment.mode
    sheet.subtitle(row, f"Present value over the term at a cost of capital of {percent(cost)} a year, USD", last_col=7)
    labels = ("paid", "cash, mean", "present value", "standard error", f"more than {MODE_WORDS[own]}")
    sheet.header(row + 1, labels)
    modes = {MODE_WORDS[own]: found.own, **{MODE_WORDS[mode]: plan for mode, plan in other_modes(found).items()}}
    first, term = row + 2, found.stretches[-1]
    for at, (label, plan) in enumerate({**modes, WITHOUT: found.on_demand}.items(), start=first):
        sheet.text(at, 0, label)
        sheet.number(at, 1, plan.cash[term].mean, "usd")
        sheet.number(at, 2, plan.npv.mean, "usd")
        sheet.value(at, 3, plan.npv.se if plan.npv.se == plan.npv.se else "n/a", "usd")
        formula = f"={cell(at, 2, row_abs=False)}-{cell(first, 2)}"
        sheet.formula(at, 4, formula, less(plan.npv.mean, found.own.npv.mean), "usd")
    return first + len(modes) + 2


# --- charts -----------------------------------------------------------------------------------------------------------


def _add_fan(sheet: Sheet, workbook: Workbook, found: Budget, months: MonthColumns, row: int) -> None:
    """Cash by month as the contract is paid: P10, P50, P90 and mean, and the mean without a commitment."""
    named = (("P90", "own_p90", 4), ("P50", "own_p50", 0), ("P10", "own_p10", 5), ("mean", "own_mean", 2))
    lines = [Line(name=name, col=months.columns[key], look=LOOKS[look]) for name, key, look in named]
    lines.append(Line(name=f"{WITHOUT}, mean", col=months.columns["none_mean"], look=LOOKS[3]))
    chart: Any = line_chart(sheet, workbook, lines, rows=(months.first, months.last), name_col=0)
    finish(chart, f"Cash by month, paid {MODE_WORDS[found.contract.payment.mode]}", width=560, height=320)
    chart.set_x_axis(axis("Month", major_gridlines={"visible": False}, interval_unit=_interval(months)))
    top = max(spread.p90 for spread in (*found.own.months, *found.on_demand.months))
    chart.set_y_axis(axis("Cash (USD a month)", num_format=money_format(top)))
    sheet.worksheet.insert_chart(row, 0, chart)


def _interval(months: MonthColumns) -> int:
    """Months from one label of an axis to the next."""
    return max((months.last - months.first + 1) // 12, 1)


def _add_total_chart(sheet: Sheet, workbook: Workbook, found: Budget, tables: Sequence[MonthColumns], row: int) -> None:
    """What is paid up to each month's end, a mean, in each way of paying."""
    months, others = tables
    columns: list[tuple[str, CashPlan, MonthColumns, str]] = [
        (MODE_WORDS[found.contract.payment.mode], found.own, months, "own_mean"),
        *((MODE_WORDS[mode], plan, others, f"{mode}_mean") for mode, plan in other_modes(found).items()),
        (WITHOUT, found.on_demand, months, "none_mean"),
    ]
    lines = []
    for index, (name, plan, table, key) in enumerate(columns):
        col, total = _HELPER_COL + index, 0.0
        sheet.text(months.first - 1, col, f"paid so far, {name}, mean", "header_right")
        for at, month in enumerate(plan.months):
            total += month.mean
            above = (
                f"{cell(table.first, table.columns[key])}:{cell(table.first + at, table.columns[key], row_abs=False)}"
            )
            sheet.formula(months.first + at, col, f"=SUM({above})", total, "usd")
        lines.append(Line(name=name, col=col, look=LOOKS[index]))
    chart: Any = line_chart(sheet, workbook, lines, rows=(months.first, months.last), name_col=0)
    finish(chart, "Paid so far in each way of paying, mean", width=560, height=320)
    chart.set_x_axis(axis("Month", major_gridlines={"visible": False}, interval_unit=_interval(months)))
    chart.set_y_axis(axis("Paid since the first day (USD)", num_format=money_format(total), min=0))
    sheet.worksheet.insert_chart(row, 6, chart)


# --- checks -----------------------------------------------------------------------------------------------------------


def _checks(sheet: Sheet, plan: Plan, found: Budget, tables: Sequence[MonthColumns]) -> list[Check]:
    """Months add up to what the program says is paid, in every way of paying and without a commitment."""
    whole = found.n_paths == plan.n_paths
    term = found.stretches[-1]
    paid = plan.recommendation.expected_cost.mean if whole else found.own.cash[term].mean
    listed = plan.recommendation.on_demand.mean if whole else found.on_demand.cash[term].mean
    rows = [
        (f"paid {MODE_WORDS[found.contract.payment.mode]}", found.own, paid, tables[0], "own_mean"),
        (f"with {WITHOUT}", found.on_demand, listed, tables[0], "none_mean"),
    ]
    if len(tables) > 1:
        rows += [
            (f"paid {MODE_WORDS[mode]}", cash, paid, tables[1], f"{mode}_mean")
            for mode, cash in other_modes(found).items()
        ]
    return [
        Check(
            what=f"Budget: months {label} add up to what the program expects over the term",
            formula=f"=SUM({sheet.ref(table.at(key))})",
            value=sum(month.mean for month in cash.months),
            expected=expected,
            tolerance=_ROUNDING * max(abs(expected), 1.0),
        )
        for label, cash, expected, table, key in rows
    ]
