"""Causes: what makes actual use differ from the plan, in dollars that add up."""

from collections.abc import Sequence
from typing import Final

from planner.tables import Table
from planner.tracking.result import Cause, CauseName, Causes, MonthCauses
from planner.tracking.tracking import Tracking
from planner.tracking_reports.figures import difference_words
from planner.units import HALF_CENT_USD
from planner.words import counted, percent, usd

_NAMED: Final = 3
_SMALL_FRACTION: Final = 0.05
"""Causes below this share of all that moved, either way, are left to the table."""


def causes_sentences(tracking: Tracking) -> tuple[str, ...]:
    """The difference and its largest causes; that there is none; nothing before a month is closed."""
    found = tracking.causes
    if not found.by_month:
        return ()
    months = f"over {counted(len(found.by_month), 'closed month')}"
    if not moved(found):
        return (f"Actual list cost is as planned {months}: there is no cause to name.",)
    largest = _largest(found)
    return (
        f"Actual list cost is {_gap_words(found)} {months}: "
        f"{', '.join(f'{cause.cause} {difference_words(cause.usd)}' for cause in largest)}.",
        *(f"{cause.cause.capitalize()}: {cause.words}" for cause in largest if cause.words),
    )


def moved(found: Causes) -> bool:
    """Whether anything is half a cent from the plan."""
    return abs(found.actual_usd - found.planned_usd) >= HALF_CENT_USD or any(
        abs(cause.usd) >= HALF_CENT_USD for cause in found.causes
    )


def _gap_words(found: Causes) -> str:
    gap = found.actual_usd - found.planned_usd
    if abs(gap) < HALF_CENT_USD:
        return "as planned in sum"
    share = f" ({percent(abs(gap) / found.planned_usd)})" if found.planned_usd > 0 else ""
    return f"{usd(abs(gap))}{share} {'above' if gap > 0 else 'below'} the plan's mean"


def _largest(found: Causes) -> list[Cause]:
    """Those that count, the largest first, whatever their sign."""
    ranked = sorted(found.causes, key=lambda cause: -abs(cause.usd))
    least = _SMALL_FRACTION * sum(abs(cause.usd) for cause in ranked)
    return [cause for cause in ranked[:_NAMED] if abs(cause.usd) >= max(least, HALF_CENT_USD)]


def causes_table(tracking: Tracking) -> Table:
    """A line per cause and their sum, to the cent."""
    found = tracking.causes
    shown = _adding_up(found.planned_usd, [cause.usd for cause in found.causes], found.actual_usd, digits=2)
    rows = [
        ("planned", usd(found.planned_usd, cents=True), "the plan's mean"),
        *((cause.cause, usd(value, cents=True), cause.words) for cause, value in zip(found.causes, shown, strict=True)),
        ("actual", usd(found.actual_usd, cents=True), ""),
    ]
    return Table(
        title="What changed against the plan: list cost of the closed months",
        columns=("cause", "USD", "what it is"),
        rows=tuple(rows) if found.by_month else (),
        numeric=frozenset({1}),
        note=" ".join(found.notes),
    )


def causes_by_month_table(tracking: Tracking) -> Table:
    """The same for each closed month."""
    found = tracking.causes
    names = [cause.cause for cause in found.causes]
    return Table(
        title="The same by month",
        columns=("month", "planned", *names, "actual"),
        rows=tuple(
            (
                month.month,
                usd(month.planned_usd),
                *map(usd, _of_month(month, names)),
                usd(month.actual_usd),
            )
            for month in found.by_month
        ),
        numeric=frozenset(range(1, len(names) + 3)),
    )


def _of_month(month: MonthCauses, names: Sequence[CauseName]) -> list[float]:
    """Its causes in the order of names, in whole dollars that add up."""
    known = {cause.cause: cause.usd for cause in month.causes}
    return _adding_up(month.planned_usd, [known.get(name, 0.0) for name in names], month.actual_usd, digits=0)


def _adding_up(planned_usd: float, parts_usd: Sequence[float], actual_usd: float, *, digits: int) -> list[float]:
    """Parts as they are shown, so that what is shown adds up: the last one, which is the rest, takes the rounding."""
    shown = [round(part, digits) for part in parts_usd]
    if shown:
        shown[-1] = round(round(actual_usd, digits) - round(planned_usd, digits) - sum(shown[:-1]), digits) + 0.0
    return shown
