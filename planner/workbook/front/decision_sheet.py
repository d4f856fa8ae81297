"""Sheet Decision: what to sign, why, the risk in it, the next best, and what changes the answer, on one page."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil
from textwrap import wrap
from typing import Any, Final

from planner.brief.brief import Alternative, Brief
from planner.brief.sentences import cost_words
from planner.contract import Contract
from planner.offer import Offer
from planner.outcome import OfferOutcome
from planner.plan import Plan
from planner.words import percent, usd_commitment
from planner.workbook.contract_words import commit_on_axis, in_any_period
from planner.workbook.sheet import Sheet, Value, number_or

_LEFT: Final = (0, 3)
_RIGHT: Final = (5, 11)
"""First and last column of the two halves of the page."""

_WIDTHS: Final = {0: 37, 1: 18, 2: 18, 3: 18, 4: 2, 5: 32, 6: 15, 7: 11, 8: 15, 9: 12, 10: 11, 11: 9}
_CHARACTERS_PER_WIDTH, _LEAD_PER_WIDTH = 1.14, 0.9
_ROW_POINTS: Final = 14.0
_CHART_ROWS: Final = 16
_PIXELS_PER_POINT: Final = 4.0 / 3.0
_ALTERNATIVES: Final = (
    *("In place of it", "Commitment, USD a year", "Discount", "Costs more, USD", "± error, USD"),
    *("P(shortfall)", "± error"),
)


@dataclass(kw_only=True)
class _Half:
    """A half of the page, filled downwards. Rows are alike, so that the halves do not stretch each other's."""

    sheet: Sheet
    cols: tuple[int, int]
    row: int

    @property
    def width(self) -> int:
        """Width of its columns, in characters of Excel's."""
        return sum(_WIDTHS[col] for col in range(self.cols[0], self.cols[1] + 1))

    def heading(self, text: str) -> None:
        """A heading, ruled, a row below what stands above it."""
        for col in range(self.cols[0], self.cols[1] + 1):
            self.sheet.worksheet.write_blank(self.row, col, None, self.sheet.styles["subtitle"])
        self.sheet.text(self.row, self.cols[0], text, "subtitle", sized=False)
        self.row += 1

    def paragraph(self, text: str, style: str = "note") -> None:
        """A sentence over as many rows as its lines need."""
        leads = style == "lead"
        lines = len(wrap(text, int(self.width * (_LEAD_PER_WIDTH if leads else _CHARACTERS_PER_WIDTH)))) or 1
        rows = ceil(lines * 1.25) if leads else lines
        last, cell_style = self.row + rows - 1, self.sheet.styles[style]
        self.sheet.worksheet.merge_range(self.row, self.cols[0], last, self.cols[1], "", cell_style)
        self.sheet.worksheet.write_string(self.row, self.cols[0], text, cell_style)
        self.row += rows

    def list(self, title: str, sentences: Sequence[str]) -> None:
        """A heading with its sentences; nothing where there is none."""
        if not sentences:
            return
        self.heading(title)
        for sentence in sentences:
            self.paragraph(f"• {sentence}")
        self.row += 1


def write_decision(sheet: Sheet, brief: Brief, *, checks_hold: bool, chart: Any) -> None:
    """Sentences above the figures on the left; on the right the cost curve, the next best and what must be said."""
    last_col = _RIGHT[1]
    sheet.title(brief.plan.inputs.name, last_col=last_col)
    sheet.paragraph(
        1,
        "The decision on one page: what to sign, why, the risk in it, the next best, and what would change the answer. "
        "US dollars before tax; ± is one standard error of the simulation.",
        last_col=last_col,
    )
    sheet.text(2, 0, "Checks of this workbook", "bold", sized=False)
    good, bad = "all hold", "FAILED: see Checks"
    sheet.formula(2, 1, f'=IF(checks_ok,"{good}","{bad}")', good if checks_hold else bad, "flag")
    left, right = _Half(sheet=sheet, cols=_LEFT, row=4), _Half(sheet=sheet, cols=_RIGHT, row=4)
    _write_left(left, brief)
    _write_right(right, brief, chart)
    rest = _write_warnings(right, brief, until=left.row)
    last = _write_rest(sheet, max(left.row, right.row), rest)
    for row in range(3, max(left.row, right.row)):
        sheet.worksheet.set_row(row, _ROW_POINTS)
    sheet.set_layout(exact=_WIDTHS)
    sheet.print_setup(last_row=last, last_col=last_col, pages_high=1)
    sheet.worksheet.freeze_panes(3, 0)
    sheet.worksheet.activate()


def _write_left(half: _Half, brief: Brief) -> None:
    half.heading("What to sign")
    half.paragraph(brief.sign[0], "lead")
    for sentence in brief.sign[1:]:
        half.paragraph(sentence)
    half.row += 1
    half.list("Why", brief.why)
    half.list("The risk", brief.risk)
    half.row = _write_offers(half.sheet, brief.plan, half.row)


def _write_right(half: _Half, brief: Brief, chart: Any) -> None:
    pixels = half.width * 7 + 5 * (half.cols[1] - half.cols[0] + 1)
    chart.set_size({"width": pixels, "height": int(_CHART_ROWS * _ROW_POINTS * _PIXELS_PER_POINT)})
    half.sheet.worksheet.insert_chart(half.row, half.cols[0], chart)
    half.row += _CHART_ROWS + 1
    _write_alternatives(half, brief)
    half.list("What changes the answer", brief.changes)


def _write_warnings(half: _Half, brief: Brief, *, until: int) -> Sequence[str]:
    """What must be said, in the right half as far as the left one goes; returns what is left to say."""
    said = [*brief.warnings]
    if not said:
        return ()
    half.heading("To know before signing")
    half.paragraph(f"• {said.pop(0)}")
    while said and half.row < until + 2:
        half.paragraph(f"• {said.pop(0)}")
    return said


def _write_rest(sheet: Sheet, row: int, sentences: Sequence[str]) -> int:
    """More to know, across the page; returns the last row of the page."""
    if not sentences:
        return row - 1
    sheet.subtitle(row, "More to know before signing", last_col=_RIGHT[1])
    for sentence in sentences:
        row += 1
        sheet.paragraph(row, f"• {sentence}", last_col=_RIGHT[1])
    return row


# --- figures ---------------------------------------------------------------------------------------------------------


def _write_alternatives(half: _Half, brief: Brief) -> None:
    """What else could be signed, the next best first."""
    if not brief.alternatives:
        return
    sheet, plan = half.sheet, brief.plan
    half.heading("The next best")
    for row in (half.row, half.row + 1):
        for col in range(_RIGHT[0], _RIGHT[1] + 1):
            sheet.worksheet.write_blank(row, col, None, sheet.styles["header"])
    for col, label in enumerate(_ALTERNATIVES, start=_RIGHT[0]):
        style = sheet.styles["header" if col == _RIGHT[0] else "header_right"]
        sheet.worksheet.merge_range(half.row, col, half.row + 1, col, "", style)
        sheet.worksheet.write_string(half.row, col, label, style)
    half.row += 2
    for item in brief.alternatives:
        _write_alternative(sheet, half.row, plan.inputs.contract, item)
        half.row += 1
    half.paragraph(" ".join([*brief.next_best, _how(plan), *_forbidden(plan, brief.alternatives)]))
    half.row += 1


def _how(plan: Plan) -> str:
    return f"Costs more: {cost_words(plan)} less the recommendation's, on the same paths; below zero it costs less."


def _forbidden(plan: Plan, others: Sequence[Alternative]) -> Iterator[str]:
    if not all(item.meets_limit for item in others):
        limit = percent(plan.inputs.decision.max_shortfall_probability)
        yield f"* Over the limit of {limit} on the shortfall probability."


def _write_alternative(sheet: Sheet, row: int, contract: Contract, item: Alternative) -> None:
    sheet.text(row, _RIGHT[0], item.name if item.meets_limit else f"{item.name} *", "text", sized=False)
    follows = item.term_months == contract.term_months
    commit = commit_on_axis(contract, item.offer) if follows else item.offer.commit_usd_per_year
    figures: tuple[tuple[Value, str], ...] = (
        (usd_commitment(commit) if 0 < commit < 1 else commit, "usd"),
        (_discount(item.offer), "percent"),
        (item.costs_more.mean, "usd"),
        (number_or(item.costs_more.se), "usd"),
        (item.shortfall_probability.mean, "percent"),
        (number_or(item.shortfall_probability.se), "percent"),
    )
    for col, (value, style) in enumerate(figures, start=_RIGHT[0] + 1):
        sheet.value(row, col, value, style)


def _discount(offer: Offer) -> Value:
    """One discount, or the range over the contract years."""
    discounts = sorted({year.discount_fraction for year in (offer, *offer.later)})
    if len(discounts) == 1:
        return discounts[0]
    return f"{percent(discounts[0])}-{percent(discounts[-1])}"


def _write_offers(sheet: Sheet, plan: Plan, row: int) -> int:
    """The recommendation beside signing first, as its signer sees it and as it is lived; returns the next row.

    Where no scenario with levers is decided on, there is nothing to sign first.
    """
    ours = "recommended" if plan.inputs.contract.commits_usd_per_year is None else "as the plan fixes it"
    offers: tuple[tuple[str, OfferOutcome], ...] = ((ours, plan.recommendation),)
    if plan.inputs.decision.scenario != plan.inputs.baseline:
        first = plan.sign_first
        offers += (("signed first: as seen", first.signed), ("signed first: as lived", first.lived))
    sheet.header(row, ("Over the term", *(name for name, _ in offers)))
    is_flat = all(outcome.offer.is_flat for _, outcome in offers)
    columns = [_figures(plan, outcome, is_flat=is_flat) for _, outcome in offers]
    for index, (label, _, style) in enumerate(columns[0]):
        sheet.text(row + 1 + index, 0, label, "label")
        for col, figures in enumerate(columns, start=1):
            bold = col == 1 and not isinstance(figures[index][1], str)
            sheet.value(row + 1 + index, col, figures[index][1], f"bold_{style}" if bold else style)
    row += 1 + len(columns[0])
    if len(offers) == 1:
        return row
    sheet.text(row, 0, "Cost of signing first, against it", "total_text")
    for col in (1, 2):
        sheet.worksheet.write_blank(row, col, None, sheet.styles["total_text"])
    sheet.number(row, 3, plan.sign_first.cost.mean, "total_usd")
    return row + 1


def _figures(plan: Plan, outcome: OfferOutcome, *, is_flat: bool) -> Sequence[tuple[str, Value, str]]:
    even = outcome.break_even_utilization
    p10, p50, p90 = outcome.cost_p10_p50_p90_usd
    of_year = "" if is_flat else ", contract year 1"
    return (
        *_signed(plan.inputs.contract, outcome.offer, is_flat=is_flat),
        ("Expected cost", outcome.expected_cost.mean, "usd"),
        ("   Monte Carlo error, one standard error", number_or(outcome.expected_cost.se), "usd"),
        *_present_value(plan.inputs.contract, outcome),
        ("Cost, P10", p10, "usd"),
        ("Cost, P50", p50, "usd"),
        ("Cost, P90", p90, "usd"),
        ("On demand at list", outcome.on_demand_cost_usd, "usd"),
        ("Effective savings rate", outcome.effective_savings_rate, "percent"),
        (_shortfall_label(plan.inputs.contract), outcome.shortfall_probability.mean, "percent"),
        ("   Monte Carlo error, one standard error", number_or(outcome.shortfall_probability.se), "percent"),
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
    return f"P(shortfall) {in_any_period(contract)}" if several else "Probability of a shortfall"
