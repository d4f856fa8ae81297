"""Sheet Decision: what to sign, and the risk in it, on one page."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from planner.contract import Contract
from planner.offer import Offer
from planner.outcome import OfferOutcome
from planner.plan import Plan
from planner.report import headline
from planner.words import percent
from planner.workbook.contract_words import in_any_period, why_no_offer_sheet
from planner.workbook.sheet import Sheet, Value

_LAST_COL: Final = 3

_CHART_COL: Final = 5

_LAST_CHART_COL: Final = 14

_WIDTH: Final = 98


def write_decision(sheet: Sheet, plan: Plan, *, checks_hold: bool, chart: Any) -> None:
    """What to sign, the risk in it, what signing first would have cost, and what must be said with it."""
    inputs = plan.inputs
    sheet.title(inputs.name, last_col=_LAST_COL)
    sheet.paragraph(
        1,
        f"Commitment plan from {inputs.start:%B %Y} over {inputs.contract.term_months} months, lived in scenario "
        f"{inputs.decision.scenario}. US dollars before tax.",
        last_col=_LAST_COL,
        width=_WIDTH,
    )
    row = 3
    for line in headline(plan):
        sheet.paragraph(row, line, last_col=_LAST_COL, style="lead", width=84)
        row += 1
    sheet.text(row + 1, 0, "Checks of this workbook", "bold")
    good, bad = "all hold", "FAILED: see Checks"
    sheet.formula(row + 1, 1, f'=IF(checks_ok,"{good}","{bad}")', good if checks_hold else bad, "flag")
    why = why_no_offer_sheet(plan)
    if why is not None:
        row += 1
        sheet.paragraph(row + 1, why, last_col=_LAST_COL, width=_WIDTH)
    row = _write_offers(sheet, plan, row + 3)
    sheet.subtitle(row + 1, "To know before signing", last_col=_LAST_COL)
    row += 2
    for warning in plan.warnings:
        sheet.paragraph(row, f"• {warning}", last_col=_LAST_COL, width=_WIDTH)
        row += 1
    sheet.set_layout(at_least={0: 40, 1: 22, 2: 22, 3: 22})
    sheet.worksheet.insert_chart(3, _CHART_COL, chart)
    sheet.print_setup(last_row=max(row - 1, 28), last_col=_LAST_CHART_COL, pages_high=1)
    sheet.worksheet.freeze_panes(1, 0)
    sheet.worksheet.activate()


def _write_offers(sheet: Sheet, plan: Plan, row: int) -> int:
    """The recommendation beside signing first, as its signer sees it and as it is lived; returns the next row."""
    offers = (plan.recommendation, plan.sign_first.signed, plan.sign_first.lived)
    ours = "recommended" if plan.inputs.contract.commits_usd_per_year is None else "as the plan fixes it"
    sheet.header(row, ("Over the term", ours, "signed first: as seen", "signed first: as lived"))
    is_flat = all(outcome.offer.is_flat for outcome in offers)
    columns = [_figures(plan, outcome, is_flat=is_flat) for outcome in offers]
    for index, (label, _, style) in enumerate(columns[0]):
        sheet.text(row + 1 + index, 0, label, "label")
        for col, figures in enumerate(columns, start=1):
            bold = col == 1 and not isinstance(figures[index][1], str)
            sheet.value(row + 1 + index, col, figures[index][1], f"bold_{style}" if bold else style)
    row += 1 + len(columns[0])
    sheet.text(
        row,
        0,
        f"Cost of signing first, against the {'recommended offer' if ours == 'recommended' else 'offer fixed'}",
        "total_text",
    )
    for col in (1, 2):
        sheet.worksheet.write_blank(row, col, None, sheet.styles["total_text"])
    sheet.number(row, 3, plan.sign_first.cost.mean, "total_usd")
    return row + 1


def _figures(plan: Plan, outcome: OfferOutcome, *, is_flat: bool) -> Sequence[tuple[str, Value, str]]:
    even = outcome.break_even_utilization
    p10, p50, p90 = outcome.cost_p10_p50_p90_usd
    of_year = "" if is_flat else ", contract year 1"
    return (
        ("Scenario lived in", outcome.scenario, "right"),
        *_signed(plan.inputs.contract, outcome.offer, is_flat=is_flat),
        ("Expected cost", outcome.expected_cost.mean, "usd"),
        ("   Monte Carlo error, one standard error", _finite(outcome.expected_cost.se), "usd"),
        *_present_value(plan.inputs.contract, outcome),
        ("Cost, P10", p10, "usd"),
        ("Cost, P50", p50, "usd"),
        ("Cost, P90", p90, "usd"),
        ("On demand at list", outcome.on_demand_cost_usd, "usd"),
        ("Effective savings rate", outcome.effective_savings_rate, "percent"),
        (_shortfall_label(plan.inputs.contract), outcome.shortfall_probability.mean, "percent"),
        ("Expected shortfall", outcome.expected_shortfall.mean, "usd"),
        ("Shortfall when there is one", outcome.shortfall_given_shortfall_usd, "usd"),
        ("Expected overage", outcome.expected_overage.mean, "usd"),
        ("Regret against perfect foresight", outcome.regret.mean, "usd"),
        (f"Break-even utilization{of_year}", "n/a" if even is None else even, "percent"),
    )


def _signed(contract: Contract, offer: Offer, *, is_flat: bool) -> Iterator[tuple[str, Value, str]]:
    """What is committed, at which discounts; year by year where an offer's years differ."""
    if is_flat:
        yield "Commitment, USD a year", offer.commit_usd_per_year, "usd"
        yield "Discount on committed use", offer.discount_fraction, "percent"
        return
    for year, commit in enumerate(offer.commits_usd_per_year(contract.n_years)):
        yield f"Commitment, contract year {year + 1}, USD a year", commit, "usd"
        yield "   Discount on committed use", offer.in_year(year).discount_fraction, "percent"


def _present_value(contract: Contract, outcome: OfferOutcome) -> Iterator[tuple[str, Value, str]]:
    rate = contract.payment.cost_of_capital_per_year
    if rate > 0:
        yield f"Expected cost at present value, {percent(rate)} a year", outcome.npv_cost.mean, "usd"


def _shortfall_label(contract: Contract) -> str:
    several = len(contract.periods) > 1
    return f"Probability of a shortfall {in_any_period(contract)}" if several else "Probability of a shortfall"


def _finite(value: float) -> Value:
    return value if value == value else "n/a"
