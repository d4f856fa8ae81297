"""Sheet Ramp and ledger: what each period is expected to come to, every dollar accounted for."""

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from planner.contract import Contract
from planner.offer import NO_COMMITMENT, Offer
from planner.outcome import OfferOutcome
from planner.plan import Plan
from planner.units import MONTHS_PER_YEAR
from planner.words import percent, usd
from planner.workbook.contract_words import in_any_period
from planner.workbook.results.ledger_table import LedgerLayout, LedgerTable, months_words
from planner.workbook.sheet import Sheet, area, cell, less

_FIRST_ROW: Final = 3
_FEWEST_COLS: Final = 8

_PAYMENT: Final = {
    "arrears": "as it is used, what was not used at the end of its period",
    "quarterly": "in advance, a quarter at a time",
    "upfront": "in advance, for the whole period",
}


def write_ledger(sheet: Sheet, plan: Plan) -> LedgerLayout:
    """Commitments by contract year, the expected ledger by period, and present value where money costs something."""
    contract, outcome = plan.inputs.contract, plan.recommendation
    table = LedgerTable(sheet=sheet, plan=plan)
    last_col = max(table.last_col, _FEWEST_COLS)
    fixed = contract.commits_usd_per_year is not None
    of = "the commitment that the plan fixes" if fixed else "the recommended commitment"
    sheet.title(f"Ledger: what {of} is expected to come to", last_col=last_col)
    sheet.paragraph(
        1,
        f"Scenario {outcome.scenario}: means over all {plan.n_paths:,} simulated paths, US dollars. {_basis(contract)}",
        last_col=last_col,
    )
    row = _write_years(sheet, plan, _FIRST_ROW, last_col) if not outcome.offer.is_none else _FIRST_ROW
    row, layout = table.write(row, last_col)
    notes = list(_notes(contract, outcome))
    if contract.payment.cost_of_capital_per_year > 0 and not outcome.offer.is_none:
        row = _write_present_value(sheet, plan, row + 1, last_col)
        notes = [*_beside_list(contract), *notes]
    for note in notes:
        sheet.paragraph(row + 1, note, last_col=last_col)
        row += 1
    sheet.set_layout(at_least={0: 22, 1: 20} | dict.fromkeys(range(2, last_col + 1), 13))
    sheet.print_setup(last_row=row, last_col=last_col, pages_high=1 if len(contract.periods) <= MONTHS_PER_YEAR else 0)
    sheet.worksheet.freeze_panes(1, 0)
    return layout


def _basis(contract: Contract) -> str:
    dollars = "list dollars" if contract.drawdown == "list" else "contracted dollars, after the discount"
    return f"Commitments, draws and balances count in {dollars}; overage, outside and paid are dollars billed."


# --- commitments by contract year ------------------------------------------------------------------------------------


def _year_columns(years: Sequence[Offer]) -> list[tuple[str, str, list[float]]]:
    """(heading, style, one value a contract year) of commitments and discounts."""
    columns = [("commitment, USD a year", "usd", [year.commit_usd_per_year for year in years])]
    columns.append(("discount", "percent", [year.discount_fraction for year in years]))
    for tier in sorted({tier for year in years for tier, _ in year.discount_by_tier}):
        columns.append((f"discount, {tier}", "percent", [1.0 - year.kept_fraction(tier) for year in years]))
    if any(year.overage_discount_fraction for year in years):
        columns.append(("discount beyond it", "percent", [year.overage_discount_fraction for year in years]))
    return columns


def _write_years(sheet: Sheet, plan: Plan, row: int, last_col: int) -> int:
    """What is signed for each contract year, at which discounts; returns the next free row."""
    contract, offer = plan.inputs.contract, plan.recommendation.offer
    years = [offer.in_year(year) for year in range(contract.n_years)]
    columns = _year_columns(years)
    parts = any(share < 1 for share in contract.year_fractions)
    if parts:
        columns.append(("share of a year", "number", list(contract.year_fractions)))
    signed = 2 + len(columns) if parts else 2
    sheet.subtitle(row, "Signed for each contract year", last_col=last_col)
    labels = [label for label, *_ in columns] + (["signed"] if parts else [])
    sheet.header(row + 1, ("contract year", "months", *labels), n_text=2)
    first = row + 2
    for index, (year, share) in enumerate(zip(years, contract.year_fractions, strict=True)):
        at, start = first + index, index * MONTHS_PER_YEAR
        sheet.text(at, 0, f"year {index + 1}")
        sheet.text(at, 1, months_words(plan, start, min(start + MONTHS_PER_YEAR, contract.term_months)))
        for col, (_, style, values) in enumerate(columns, start=2):
            sheet.number(at, col, values[index], style)
        if parts:
            formula = f"={cell(at, 2, row_abs=False)}*{cell(at, signed - 1, row_abs=False)}"
            sheet.formula(at, signed, formula, year.commit_usd_per_year * share, "usd")
    last = first + len(years)
    sheet.text(last, 0, "over the term", "total_text")
    for col in range(1, 2 + len(labels)):
        sheet.worksheet.write_blank(last, col, None, sheet.styles["total_text"])
    total = sum(year.commit_usd_per_year * share for year, share in zip(years, contract.year_fractions, strict=True))
    sheet.formula(last, signed, f"=SUM({area(first, signed, last - 1, signed)})", total, "total_usd")
    return last + 2


# --- present value and notes -----------------------------------------------------------------------------------------


def _write_present_value(sheet: Sheet, plan: Plan, row: int, last_col: int) -> int:
    """Expected cost with and without the commitment, in dollars as paid and at their present value."""
    contract = plan.inputs.contract
    with_it, without = plan.recommendation, plan.outcome(NO_COMMITMENT)
    rate = percent(contract.payment.cost_of_capital_per_year)
    sheet.subtitle(row, f"Present value at a cost of capital of {rate} a year", last_col=last_col)
    sheet.header(row + 1, ("", "", "as paid", "present value"))
    lines: Sequence[tuple[str, float, float]] = (
        ("Expected cost without a commitment", without.expected_cost.mean, without.npv_cost.mean),
        ("Expected cost with this one", with_it.expected_cost.mean, with_it.npv_cost.mean),
    )
    for at, (label, paid, present) in enumerate(lines, start=row + 2):
        sheet.text(at, 0, label, "label", sized=False)
        sheet.number(at, 2, paid, "usd")
        sheet.number(at, 3, present, "usd")
    last = row + 4
    sheet.text(last, 0, "Saved", "total_text")
    sheet.worksheet.write_blank(last, 1, None, sheet.styles["total_text"])
    for col, saved in ((2, less(lines[0][1], lines[1][1])), (3, less(lines[0][2], lines[1][2]))):
        above = [cell(at, col, row_abs=False, col_abs=False) for at in (row + 2, row + 3)]
        sheet.formula(last, col, f"={above[0]}-{above[1]}", saved, "total_usd")
    return last + 1


def _beside_list(contract: Contract) -> Iterator[str]:
    """Why no commitment costs other than list."""
    kept = ["the contract in force is used up"] if contract.in_force is not None else []
    kept += ["the marketplace's fee and credit apply"] if contract.marketplace is not None else []
    if kept:
        yield f"Without a commitment {' and '.join(kept)} all the same: it costs other than on demand at list."


def _notes(contract: Contract, outcome: OfferOutcome) -> Iterator[str]:
    offer: Offer = outcome.offer
    if offer.is_none:
        yield "Nothing is committed: all use is billed at list."
    else:
        last = f", in the last line {in_any_period(contract)}" if len(contract.periods) > 1 else ""
        yield (
            f"P(shortfall): the chance that more than half a cent is paid for and never used{last}. Used of current: "
            "drawn from current over committed. Accounted for: drawn, forfeited, waived and still banked over banked "
            "before and committed."
        )
    conditions: Sequence[tuple[bool, Callable[[], str]]] = (
        (
            contract.looks_back or contract.carry_forward is not None or contract.early_renewal is not None,
            lambda: "Committed is what clauses make of what was signed, on each path by its own use.",
        ),
        (outcome.ledger[-1].banked_usd > 0, lambda: _left_over(contract)),
        (contract.marketplace is not None, lambda: "Paid holds the fee and the credit of the marketplace."),
        (
            contract.in_force is not None and (contract.in_force.on_signing == "co_term" or offer.is_none),
            lambda: "What the contract in force still covers is drawn first and is in no figure.",
        ),
        (
            contract.payment.cost_of_capital_per_year > 0 and not offer.is_none,
            lambda: (
                f"Committed dollars are paid {_PAYMENT[contract.payment.mode]}; use beyond at the end of its month."
            ),
        ),
        (outcome.renewal_uplift_usd_per_year != 0, lambda: _uplift(contract, outcome)),
    )
    yield from (words() for holds, words in conditions if holds)


def _left_over(contract: Contract) -> str:
    value = contract.renewal.bank_value_fraction
    worth = f"a dollar of it is taken to be worth {usd(value, cents=True)} on renewal, the rest" if value > 0 else "it"
    return f"Still banked when the term ends: {worth} counts as shortfall of the last period."


def _uplift(contract: Contract, outcome: OfferOutcome) -> str:
    return (
        f"On renewal prices rise by {percent(contract.renewal.uplift_fraction)}: a year like the last would cost "
        f"{usd(outcome.renewal_uplift_usd_per_year)} more; in no figure."
    )
