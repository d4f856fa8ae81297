"""Sheet About: what the workbook is, what it rests on, and what it cannot do."""

from collections.abc import Iterator, Sequence
from typing import Final

from planner.identity import PROGRAM, hashes, program
from planner.plan import Plan
from planner.words import counted, percent
from planner.workbook.calc.pricing import QuantileError
from planner.workbook.contents import SheetInfo
from planner.workbook.contract_words import counts_present_value, why_read_from_a_grid
from planner.workbook.sheet import Sheet

_KINDS: Final = {"output": "results", "input": "typed in", "workings": "workings"}


def write_about(sheet: Sheet, plan: Plan, error: QuantileError | None, sheets: Sequence[SheetInfo]) -> None:
    """Version, seed, hashes, what each sheet holds, and what the workbook cannot do."""
    inputs, book = plan.inputs, plan.prepared.price_book
    sheet.title(
        "About this workbook",
        "What its figures were made of, what each sheet is for, and what it cannot do. The same plan file, usage, "
        "price data and version of the program give the same workbook, byte for byte. Tabs: dark for results, yellow "
        "where something can be typed in, grey for workings.",
        last_col=1,
    )
    facts = (
        ("plan", inputs.name),
        (PROGRAM, program()),
        ("contract starts", inputs.start.isoformat()),
        ("random seed", str(inputs.seed)),
        ("simulated paths", f"{plan.n_paths:,}"),
        ("prices as of", plan.prepared.priced_on.isoformat()),
        ("prices last checked", book.checked_on.isoformat()),
        ("usage measured", _usage(plan)),
        *hashes(plan),
        ("currency", _currency(plan)),
    )
    row = 3
    for row, (label, value) in enumerate(facts, start=3):
        sheet.text(row, 0, label, "bold")
        sheet.text(row, 1, value, sized=False)
    row = _write_list(sheet, row + 2, "Sheets", list(_contents(sheets)))
    row = _write_list(sheet, row + 1, "Limitations", list(_limitations(plan, error)))
    sheet.set_layout(exact={0: 24, 1: 100})
    sheet.print_setup(last_row=row - 1, last_col=1, pages_high=1)
    sheet.worksheet.freeze_panes(1, 0)


def _usage(plan: Plan) -> str:
    measured = plan.prepared.measurement
    if measured is None:
        return f"none: {counted(len(plan.inputs.mix), 'request type')} typed into the plan"
    days = f"{measured.first.date()} to {measured.last.date()}"
    return f"{days}, {counted(measured.totals.requests, 'request')}"


def _write_list(sheet: Sheet, row: int, title: str, items: Sequence[tuple[str, str]]) -> int:
    sheet.subtitle(row, title, last_col=1)
    for label, text in items:
        row += 1
        sheet.text(row, 0, label, "bold")
        sheet.text(row, 1, text, sized=False)
    return row + 1


def _contents(sheets: Sequence[SheetInfo]) -> Iterator[tuple[str, str]]:
    """What each sheet is for, those of a kind together."""
    for kind, words in _KINDS.items():
        for info in sheets:
            if info.kind == kind:
                yield info.name, f"{words}: {info.what}"


def _currency(plan: Plan) -> str:
    rate = plan.inputs.contract.payment.cost_of_capital_per_year
    if not counts_present_value(plan.inputs.contract, plan.inputs.decision):
        return "US dollars before tax, nominal"
    return f"US dollars before tax, nominal; the decision and the curve at present value, {percent(rate)} a year"


def _limitations(plan: Plan, error: QuantileError | None) -> Iterator[tuple[str, str]]:
    contract, why = plan.inputs.contract, why_read_from_a_grid(plan)
    yield (
        "what recalculates",
        "The offer calculator, its workings and the checks. Usage, prices, levers and demand are the program's "
        "results: change them in the plan and export again.",
    )
    if why is not None:
        yield "offers typed in", f"{why} That sheet says how far off that is; other terms are changed in the plan."
    if error is not None:
        yield (
            "points",
            f"Formulas price from 1,001 points per distribution. Expected cost is within {error.cost:.5%} of the full "
            f"sample on every commitment of the curve, the shortfall probability within {error.probability * 100:.3f} "
            "points.",
        )
    yield (
        "forecast",
        "A probability here is one under the plan's assumptions; sheet Assumptions says which are priors, and who "
        "answers for each.",
    )
    yield (
        "clauses",
        "Every clause that sheet Assumptions lists is settled month by month or period by period on every path, rights "
        "by a fixed rule of use. Not modelled: taxes, currencies, service credits, termination, and what a clause "
        "leaves to negotiation.",
    )
    if error is not None and contract.protects_prices:
        yield (
            "protected prices",
            "Overage at protected prices comes from a table that the program computed; percentiles of cost are not "
            "carried.",
        )
