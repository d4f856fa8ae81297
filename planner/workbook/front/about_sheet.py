"""Sheet About: what the workbook is, what it rests on, and what it cannot do."""

from collections.abc import Iterator, Sequence
from importlib.metadata import version
from typing import Final

from planner.plan import Plan
from planner.words import percent
from planner.workbook.calculator.pricing import QuantileError
from planner.workbook.contents import SheetInfo
from planner.workbook.contract_words import counts_present_value, why_no_offer_sheet
from planner.workbook.sheet import Sheet

_KINDS: Final = {"output": "results", "input": "typed in", "workings": "workings"}


def write_about(sheet: Sheet, plan: Plan, error: QuantileError | None, sheets: Sequence[SheetInfo]) -> None:
    """Version, seed, hashes, what each sheet holds, and what the workbook cannot do."""
    inputs, book = plan.inputs, plan.prepared.price_book
    sheet.title("About this workbook", last_col=1)
    facts = (
        ("plan", inputs.name),
        ("program", f"commit-planner {version('commit-planner')}"),
        ("contract starts", inputs.start.isoformat()),
        ("random seed", str(inputs.seed)),
        ("simulated paths", f"{plan.n_paths:,}"),
        ("prices as of", plan.prepared.priced_on.isoformat()),
        ("prices last checked", book.checked_on.isoformat()),
        ("price data, SHA-256", book.sha256),
        ("plan file, SHA-256", inputs.sha256),
        ("currency", _currency(plan)),
    )
    row = 2
    for row, (label, value) in enumerate(facts, start=2):
        sheet.text(row, 0, label, "bold")
        sheet.text(row, 1, value, sized=False)
    row = _write_list(sheet, row + 2, "Sheets", [(info.name, f"{_KINDS[info.kind]}: {info.what}") for info in sheets])
    row = _write_list(sheet, row + 1, "Limitations", list(_limitations(plan, error)))
    sheet.set_layout(exact={0: 24, 1: 100})
    sheet.print_setup(last_row=row - 1, last_col=1, pages_high=1)
    sheet.worksheet.freeze_panes(1, 0)


def _write_list(sheet: Sheet, row: int, title: str, items: Sequence[tuple[str, str]]) -> int:
    sheet.subtitle(row, title, last_col=1)
    for label, text in items:
        row += 1
        sheet.text(row, 0, label, "bold")
        sheet.text(row, 1, text, sized=False)
    return row + 1


def _currency(plan: Plan) -> str:
    rate = plan.inputs.contract.payment.cost_of_capital_per_year
    if not counts_present_value(plan.inputs.contract, plan.inputs.decision):
        return "US dollars before tax, nominal"
    return f"US dollars before tax, nominal; the decision and the curve at present value, {percent(rate)} a year"


def _limitations(plan: Plan, error: QuantileError | None) -> Iterator[tuple[str, str]]:
    contract, why = plan.inputs.contract, why_no_offer_sheet(plan)
    live = "The offer calculator, its workings and the checks." if why is None else "Totals, shares and the checks."
    yield (
        "what recalculates",
        f"{live} Usage, prices, levers and demand are the program's results: change them in the plan and export again.",
    )
    if why is not None:
        yield "other offers", why
    if error is not None:
        yield (
            "points",
            f"Formulas price from 1,001 points per distribution. Expected cost is within {error.cost:.5%} of the full "
            f"sample on every commitment of the curve, the shortfall probability within {error.probability * 100:.3f} "
            "points.",
        )
    yield (
        "forecast",
        "A probability here is one under the plan's assumptions, of which sheet Assumptions names the priors.",
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
