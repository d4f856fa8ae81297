"""Months of the term: those that were seen beside the plan as it was signed, and those to come beside it."""

from datetime import timedelta
from math import isfinite
from typing import Final

from planner.paths_file import month_name
from planner.tables import Table
from planner.tracking.result import TrackedMonth
from planner.tracking.tracking import Tracking
from planner.tracking_reports.figures import about, closed_months, month_words
from planner.units import HALF_CENT_USD
from planner.words import count, counted, percent, usd, usd_short

_SAYS_NOTHING_LOG_SD: Final = 1.0
"""A month that is known to a factor of e at best is not worth a figure."""

_WHOLE_PERCENT: Final = 0.1

_AGREES_FRACTION: Final = 0.01
"""As everywhere, a bill that differs by less agrees with its log."""


def months_table(tracking: Tracking) -> Table:
    """A line per month that was seen; billed cost where there is any."""
    has_bill = any(month.billed_usd is not None for month in tracking.months)
    columns = (
        "month",
        "actual at list",
        "whole month",
        "plan P10",
        "P50",
        "P90",
        "in the 80% band",
        "after the discount",
    )
    return Table(
        title="Actual months beside the plan as it was signed",
        columns=(*columns, *(("billed",) if has_bill else ())),
        rows=tuple(_row(month, has_bill=has_bill) for month in tracking.months),
        numeric=frozenset({1, 2, 3, 4, 5, 7, *((8,) if has_bill else ())}),
        note="P10 to P90 of the plan is its 80% band. A month that is not closed is scaled to a whole one, with the "
        "error of that, and held against no band. After the discount: the actual use at the committed discount, "
        "whatever was billed.",
    )


def _row(month: TrackedMonth, *, has_bill: bool) -> tuple[str, ...]:
    return (
        month.month,
        usd(month.actual_usd),
        _whole_words(month),
        *(usd_short(value) for value in (month.p10, month.p50, month.p90)),
        _band_words(month),
        usd(month.net_usd),
        *((("-" if month.billed_usd is None else usd(month.billed_usd)),) if has_bill else ()),
    )


def _whole_words(month: TrackedMonth) -> str:
    if month.is_closed:
        return "closed"
    if not is_scaled(month):
        return "not scaled"
    return f"{about(month.whole_usd)} ± {_scaling_error(month)}"


def _band_words(month: TrackedMonth) -> str:
    if month.inside_80 is None:
        return "not closed"
    if month.inside_80:
        return "yes"
    return "no, below" if month.actual_usd < month.p10 else "no, above"


def months_sentences(tracking: Tracking) -> tuple[str, ...]:
    """How many closed months the band of the plan holds, and what is seen of a month that is not closed."""
    closed = closed_months(tracking.months)
    said = []
    if closed:
        inside = sum(bool(month.inside_80) for month in closed)
        lie = "lies" if inside == 1 else "lie"
        of = f"{count(inside)} of {counted(len(closed), 'closed month')}"
        said.append(f"{of} {lie} inside the 80% band of the plan as it was signed{_outside_words(closed)}.")
    said += [_open_sentence(month) for month in tracking.months if not month.is_closed]
    return (*said, *_billed_sentence(tracking))


def _billed_sentence(tracking: Tracking) -> tuple[str, ...]:
    """What was billed of the running period beside what the log makes of it, while all of it draws the commitment."""
    period = tracking.forecast.period
    billed = [
        (month.billed_usd, month.net_usd, month.month)
        for month in closed_months(tracking.months)
        if month.billed_usd is not None and period.first <= month.month <= period.last
    ]
    bill, net = sum(one[0] for one in billed), sum(one[1] for one in billed)
    if net <= 0.0 or period.left_usd <= HALF_CENT_USD:
        return ()
    said = f"{usd(bill)} was billed for {counted(len(billed), 'closed month')}"
    off = bill / net - 1.0
    if abs(off) < _AGREES_FRACTION:
        return (f"{said}, as the log makes it after the discount ({usd(net)}).",)
    return (
        f"{said}, {percent(abs(off))} {'more' if off > 0 else 'less'} than the log makes after the discount "
        f"({usd(net)}){_furthest_words(billed)}. The bill is what draws the commitment down, and the forecast rests on "
        "the log: find the cause with `planner measure LOG --billed FILE` first.",
    )


def _furthest_words(billed: list[tuple[float, float, str]]) -> str:
    """The month whose bill, USD, is furthest from what its log makes, USD: where to look first."""
    bill, net, month = max(billed, key=lambda one: abs(one[0] - one[1]))
    if len(billed) < 2:
        return ""
    return f", furthest off in {month_words(month)} ({usd(bill)} for {usd(net)})"


def _outside_words(closed: tuple[TrackedMonth, ...]) -> str:
    below = sum(month.inside_80 is False and month.actual_usd < month.p10 for month in closed)
    above = sum(month.inside_80 is False and month.actual_usd >= month.p10 for month in closed)
    parts = [*([f"{below} below"] if below else []), *([f"{above} above"] if above else [])]
    return f", {' and '.join(parts)} it" if parts else ""


def _open_sentence(month: TrackedMonth) -> str:
    """A running month, or one with a hole."""
    days = (month.last - month.first).days + 1
    seen = f"{month_words(month.month)} is not closed: {usd(month.actual_usd)} was seen"
    if days == 1:
        seen = f"{seen} on {month.first}"
    elif days < _days_of(month):
        seen = f"{seen} from {month.first} to {month.last}"
    if not is_scaled(month):
        return f"{seen}, too little to say what the whole month will be."
    return f"{seen}, which points to {about(month.whole_usd)} ± {_scaling_error(month)} for the whole month."


def is_scaled(month: TrackedMonth) -> bool:
    """Whether what was seen says anything of the whole month."""
    return isfinite(month.whole_usd) and month.scale_log_sd < _SAYS_NOTHING_LOG_SD


def _days_of(month: TrackedMonth) -> int:
    first = month.first.replace(day=1)
    return ((first + timedelta(days=31)).replace(day=1) - first).days


def to_come_table(tracking: Tracking) -> Table:
    """Months of the term that are not closed: the forecast of today beside the plan as it was signed."""
    closed = {month.month for month in closed_months(tracking.months)}
    return Table(
        title="Months that are not closed, at list",
        columns=("month", "plan P10", "P50", "P90", "forecast P10", "P50", "P90"),
        rows=tuple(
            (month, *(usd_short(value) for value in (*plan, *tracking.forecast.months[month])))
            for month, plan in signed_fan(tracking).items()
            if month not in closed and month in tracking.forecast.months
        ),
        numeric=frozenset(range(1, 7)),
        note=f"The forecast knows what was seen of {counted(len(tracking.months), 'month')}."
        if tracking.months
        else "",
    )


def signed_fan(tracking: Tracking) -> dict[str, tuple[float, float, float]]:
    """P10, P50 and P90 of the plan as signed by month of the term; of months that were seen as they were first told."""
    term = tracking.signed.contract.term_months
    p10, p50, p90 = tracking.signed.fan_usd[:, :term].tolist()
    start = tracking.signed.inputs.start
    found = {month_name(start, month): band for month, band in enumerate(zip(p10, p50, p90, strict=True))}
    return found | {month.month: (month.p10, month.p50, month.p90) for month in tracking.months}


def _scaling_error(month: TrackedMonth) -> str:
    """Of a month that was scaled: to a percent, or to a tenth of one below ten."""
    return percent(month.scale_log_sd, 0 if month.scale_log_sd >= _WHOLE_PERCENT else 1)
