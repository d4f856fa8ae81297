"""Figures of tracking in words: months, risks, differences of money."""

from collections.abc import Sequence
from datetime import date
from math import floor, isfinite, log10

from planner.tracking.result import TrackedMonth
from planner.tracking.tracking import Tracking
from planner.words import counted, usd


def n_closed(tracking: Tracking) -> int:
    """Months of the term that were wholly seen."""
    return len(closed_months(tracking.months))


def closed_months(months: Sequence[TrackedMonth]) -> tuple[TrackedMonth, ...]:
    """Those that were wholly seen."""
    return tuple(month for month in months if month.is_closed)


def is_over(tracking: Tracking) -> bool:
    """Whether every month of the term is closed, so that nothing is to be expected any more."""
    return n_closed(tracking) == tracking.signed.contract.term_months


def closed_words(tracking: Tracking) -> str:
    """How far the term is: 3 of 12 months closed."""
    return f"{n_closed(tracking)} of {counted(tracking.signed.contract.term_months, 'month')} closed"


def month_words(month: str) -> str:
    """YYYY-MM as April 2027."""
    return f"{date.fromisoformat(f'{month}-01'):%B %Y}"


def difference_words(value: float) -> str:
    """A difference of money with its sign, in whole dollars: +$1,234, -$950, $0."""
    shown = usd(value)
    return f"+{shown}" if round(value) > 0 else shown


def about(value: float) -> str:
    """Dollars to three digits, as a mean of few months or a forecast has no more: $14,100."""
    if not isfinite(value) or value == 0.0:
        return usd(value)
    unit = 10 ** max(floor(log10(abs(value))) - 2, 0)
    return usd(round(value / unit) * unit)
