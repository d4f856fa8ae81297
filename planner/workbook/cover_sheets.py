"""Sheets Summary and About: the conclusion on one page, and what the workbook is."""

from collections.abc import Sequence
from importlib.metadata import version
from typing import Any, Final

from planner.outcome import OfferOutcome
from planner.plan import Plan
from planner.report import headline
from planner.workbook.pricing import QuantileError
from planner.workbook.sheet import Sheet, Value

_LAST_COL: Final = 3
_CHART_COL: Final = 5
_LAST_CHART_COL: Final = 14
_WIDTH: Final = 98


def write_summary(sheet: Sheet, plan: Plan, *, checks_hold: bool, chart: Any) -> None:
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
    sheet.header(row, ("Over the term", "recommended", "signed first: as seen", "signed first: as lived"))
    columns = [_figures(outcome) for outcome in offers]
    for index, (label, _, style) in enumerate(columns[0]):
        sheet.text(row + 1 + index, 0, label, "label")
        for col, figures in enumerate(columns, start=1):
            bold = col == 1 and not isinstance(figures[index][1], str)
            sheet.value(row + 1 + index, col, figures[index][1], f"bold_{style}" if bold else style)
    row += 1 + len(columns[0])
    sheet.text(row, 0, "Cost of signing first, against the recommended offer", "total_text")
    for col in (1, 2):
        sheet.worksheet.write_blank(row, col, None, sheet.styles["total_text"])
    sheet.number(row, 3, plan.sign_first.cost.mean, "total_usd")
    return row + 1


def _figures(outcome: OfferOutcome) -> Sequence[tuple[str, Value, str]]:
    even = outcome.break_even_utilization
    p10, p50, p90 = outcome.cost_p10_p50_p90_usd
    return (
        ("Scenario lived in", outcome.scenario, "right"),
        ("Commitment, USD a year", outcome.offer.commit_usd_per_year, "usd"),
        ("Discount on committed use", outcome.offer.discount_fraction, "percent"),
        ("Expected cost", outcome.expected_cost.mean, "usd"),
        ("   Monte Carlo error, one standard error", _finite(outcome.expected_cost.se), "usd"),
        ("Cost, P10", p10, "usd"),
        ("Cost, P50", p50, "usd"),
        ("Cost, P90", p90, "usd"),
        ("On demand at list", outcome.on_demand_cost_usd, "usd"),
        ("Effective savings rate", outcome.effective_savings_rate, "percent"),
        ("Probability of a shortfall", outcome.shortfall_probability.mean, "percent"),
        ("Expected shortfall", outcome.expected_shortfall.mean, "usd"),
        ("Shortfall when there is one", outcome.shortfall_given_shortfall_usd, "usd"),
        ("Expected overage", outcome.expected_overage.mean, "usd"),
        ("Regret against perfect foresight", outcome.regret.mean, "usd"),
        ("Break-even utilization", "n/a" if even is None else even, "percent"),
    )


def _finite(value: float) -> Value:
    return value if value == value else "n/a"


def write_about(sheet: Sheet, plan: Plan, error: QuantileError, sheets: Sequence[tuple[str, str]]) -> None:
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
        ("currency", "US dollars before tax, nominal"),
    )
    row = 2
    for row, (label, value) in enumerate(facts, start=2):
        sheet.text(row, 0, label, "bold")
        sheet.text(row, 1, value, sized=False)
    row = _write_list(sheet, row + 2, "Sheets", sheets)
    row = _write_list(sheet, row + 1, "Limitations", _limitations(plan, error))
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


def _limitations(plan: Plan, error: QuantileError) -> list[tuple[str, str]]:
    contract = plan.inputs.contract
    found = [
        (
            "what recalculates",
            "The offer sheet, its workings and the checks. Usage, prices, levers and demand are the program's results: "
            "change them in the plan and export again.",
        ),
        (
            "points",
            f"Formulas price from 1,001 points per distribution. Expected cost is within {error.cost:.5%} of the full "
            f"sample on every commitment of the curve, the shortfall probability within {error.probability * 100:.3f} "
            "points.",
        ),
        ("forecast", "A probability here is one under the plan's assumptions, of which sheet Inputs names the priors."),
        (
            "clauses",
            "Flat annual commitments, forfeited where unused. Rollover, ramps, carry-forward, payment terms and the "
            "cost of capital are not modelled.",
        ),
    ]
    if len(contract.periods) > 1:
        found.append(("several years", "Percentiles of cost over several contract years are not carried."))
    if not contract.price_falls_passed_through:
        found.append(("locked prices", "Overage at locked prices comes from a table that the program computed."))
    return found
