"""Tables of the sheet Tracking below its months: causes that add up, earlier forecasts, actions, and what drifted."""

from collections.abc import Sequence
from dataclasses import dataclass

from planner.tracking.result import MonthCauses
from planner.tracking.tracking import Tracking
from planner.tracking_reports.forecasts import after_words, judged_sentences
from planner.units import HALF_CENT_USD
from planner.workbook.sheet import Sheet, Value, area, cell, less, number_or


@dataclass(frozen=True, slots=True, kw_only=True)
class CausesLayout:
    """For the checks: planned and causes added up over all closed months, and how many months do not add up."""

    total: str
    total_usd: float
    missing: str
    n_missing: int


def write_causes(sheet: Sheet, tracking: Tracking, row: int, last_col: int) -> tuple[int, CausesLayout]:
    """A row for each closed month, from planned over each cause to actual; returns the next free row."""
    causes = tracking.causes
    names = [str(cause.cause) for cause in causes.causes]
    sheet.subtitle(row, "What made the difference, USD at list", last_col=last_col)
    sheet.header(row + 1, ("month", "planned", *names, "planned and causes", "actual", "adds up"))
    first, n_causes = row + 2, len(names)
    within = first + len(causes.by_month) + 1
    for at, month in enumerate(causes.by_month, start=first):
        _write_month_causes(sheet, at, month, names, cell(within, n_causes + 4))
    last, total = first + len(causes.by_month) - 1, first + len(causes.by_month)
    sheet.text(total, 0, "closed months", "total_text")
    columns = [sum(values) for values in zip(*(_figures(month, names) for month in causes.by_month), strict=True)]
    for col, value in enumerate(columns, start=1):
        sheet.formula(total, col, f"=SUM({area(first, col, last, col)})", value, "total_usd")
    sheet.worksheet.write_blank(total, n_causes + 4, None, sheet.styles["total_text"])
    layout = CausesLayout(
        total=sheet.ref(cell(total, n_causes + 2)),
        total_usd=columns[n_causes + 1],
        missing=f'SUMPRODUCT(--({sheet.ref(area(first, n_causes + 4, last, n_causes + 4))}="no"))',
        n_missing=sum(not _adds_up(month, names) for month in causes.by_month),
    )
    sheet.text(within, n_causes + 3, "to within, USD", "right")
    sheet.number(within, n_causes + 4, HALF_CENT_USD, "plain")
    row = within + 1
    for cause in causes.causes:
        sheet.paragraph(row, f"• {cause.cause}: {cause.words}", last_col=last_col)
        row += 1
    for note in causes.notes:
        sheet.paragraph(row, note, last_col=last_col)
        row += 1
    return row + 1, layout


def _figures(month: MonthCauses, names: Sequence[str]) -> list[float]:
    """planned, each cause by name, both added up, actual."""
    usd = {str(cause.cause): cause.usd for cause in month.causes}
    parts = [usd.get(name, 0.0) for name in names]
    return [month.planned_usd, *parts, month.planned_usd + sum(parts), month.actual_usd]


def _adds_up(month: MonthCauses, names: Sequence[str]) -> bool:
    *_, both, actual = _figures(month, names)
    return abs(both - actual) <= HALF_CENT_USD


def _write_month_causes(sheet: Sheet, at: int, month: MonthCauses, names: Sequence[str], tolerance: str) -> None:
    *given, both, actual = _figures(month, names)
    sheet.text(at, 0, month.month)
    for col, value in enumerate(given, start=1):
        sheet.number(at, col, value, "usd")
    col = len(given) + 1
    span = f"{cell(at, 1, row_abs=False)}:{cell(at, col - 1, row_abs=False)}"
    sheet.formula(at, col, f"=SUM({span})", both, "usd")
    sheet.number(at, col + 1, actual, "usd")
    added, used = (cell(at, each, row_abs=False) for each in (col, col + 1))
    formula = f'=IF(ABS({added}-{used})<={tolerance},"yes","no")'
    sheet.formula(at, col + 2, formula, "yes" if _adds_up(month, names) else "no", "right")


def write_history(sheet: Sheet, tracking: Tracking, row: int, last_col: int) -> int:
    """What was to be expected after each month; returns the next free row."""
    sheet.subtitle(row, "What was to be expected, month by month", last_col=last_col)
    labels = (
        "P(shortfall)",
        "expected shortfall",
        "P(overage)",
        "expected overage",
        "used up by, 1 in 2",
        "paths that count",
    )
    sheet.header(row + 1, ("after", "told on", *labels), n_text=2)
    at = row + 2
    for past in tracking.past:
        figures: tuple[tuple[Value, str], ...] = (
            (past.shortfall_probability, "percent"),
            (past.expected_shortfall_usd, "usd"),
            (past.overage_probability, "percent"),
            (past.expected_overage_usd, "usd"),
            (past.exhaustion_month or "not", "right"),
            (past.effective_sample_size, "count"),
        )
        sheet.text(at, 0, after_words(tracking, past))
        sheet.text(at, 1, "worked out again" if past.on is None else past.on.isoformat())
        for col, (value, style) in enumerate(figures, start=2):
            sheet.value(at, col, value, style)
        at += 1
    for words in judged_sentences(tracking):
        sheet.paragraph(at, words, last_col=last_col)
        at += 1
    return at + 1


def write_actions(sheet: Sheet, tracking: Tracking, row: int, last_col: int) -> int:
    """What can be done, best first, and what that is worth; returns the next free row."""
    if not tracking.actions:
        return row
    sheet.subtitle(row, "What can be done", last_col=last_col)
    sheet.header(row + 1, ("action", "by", "saves, USD", "standard error"), n_text=2)
    _beside(sheet, row + 1, "what is to be done, and what its value rests on", last_col, style="header_after")
    at = row + 2
    for action in tracking.actions:
        sheet.text(at, 0, action.kind)
        sheet.text(at, 1, "any day" if action.by is None else action.by.isoformat())
        sheet.number(at, 2, action.value.mean, "usd")
        sheet.value(at, 3, number_or(action.value.se), "usd")
        _beside(sheet, at, f"{action.action} {action.why}", last_col)
        at += 1
    return at + 1


def write_drift(sheet: Sheet, tracking: Tracking, row: int, last_col: int) -> int:
    """Adoption beside the plan's, and facts that came after signing; returns the next free row."""
    if tracking.adoption:
        sheet.subtitle(row, "Adoption of routes in the last closed month", last_col=last_col)
        labels = ("measured", "plan, P10", "plan, P50", "plan, P90", "moved")
        sheet.header(row + 1, ("request type", "to", *labels), n_text=2)
        row += 2
        for drift in tracking.adoption:
            sheet.text(row, 0, drift.request_type)
            sheet.text(row, 1, drift.model)
            for col, share in enumerate((drift.measured, *drift.expected), start=2):
                sheet.number(row, col, share, "percent")
            measured, least, _, most = (cell(row, col, row_abs=False) for col in range(2, 6))
            inside = f"AND({measured}>={least},{measured}<={most})"
            low, _, high = drift.expected
            moved = not low <= drift.measured <= high
            sheet.formula(row, 6, f'=IF({inside},"no","yes")', "yes" if moved else "no", "right")
            row += 1
        row += 1
    return _write_since(sheet, tracking, row, last_col) if tracking.since else row


def _write_since(sheet: Sheet, tracking: Tracking, row: int, last_col: int) -> int:
    sheet.subtitle(row, "Since signing", last_col=last_col)
    sheet.header(row + 1, ("model", "on", "list cost to come"), n_text=2)
    _beside(sheet, row + 1, "what came", last_col, first_col=3, style="header_after")
    for at, fact in enumerate(tracking.since, start=row + 2):
        sheet.text(at, 0, fact.model)
        sheet.text(at, 1, fact.on.isoformat())
        sheet.value(at, 2, "none planned" if fact.drawdown_usd is None else fact.drawdown_usd, "usd")
        _beside(sheet, at, fact.words, last_col, first_col=3)
    return row + 3 + len(tracking.since)


def write_renewal(sheet: Sheet, tracking: Tracking, row: int, last_col: int) -> int:
    """The next term as recommended, beside the same again; returns the next free row."""
    found = tracking.renewal
    if found is None:
        return row
    sheet.subtitle(row, f"The next term, from {found.first}", last_col=last_col)
    sheet.header(row + 1, ("", "sized anew", "the same again", "difference"))
    lines: Sequence[tuple[str, float, float, str]] = (
        ("Commitment, USD a year", found.commit_usd_per_year, found.same_again_usd_per_year, "usd"),
        ("Expected cost of its first year", found.expected_cost.mean, found.same_again_cost.mean, "usd"),
        (
            "Probability of a shortfall",
            found.shortfall_probability.mean,
            found.same_again_shortfall_probability.mean,
            "percent",
        ),
    )
    for at, (label, anew, same, style) in enumerate(lines, start=row + 2):
        sheet.text(at, 0, label, "label", sized=False)
        sheet.number(at, 1, anew, style)
        sheet.number(at, 2, same, style)
        one, other = (cell(at, col, row_abs=False) for col in (1, 2))
        sheet.formula(at, 3, f"={one}-{other}", less(anew, same), style)
    return row + 3 + len(lines)


def _beside(sheet: Sheet, row: int, text: str, last_col: int, *, first_col: int = 4, style: str = "text_after") -> None:
    """A sentence over the columns that are left."""
    sheet.paragraph(row, text, first_col=first_col, last_col=last_col, style=style)
