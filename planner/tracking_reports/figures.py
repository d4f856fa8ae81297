"""Figures of tracking in words: months, risks, differences of money."""

from collections.abc import Sequence
from datetime import date
from math import floor, isfinite, log10
from typing import Final

from planner.risk import Estimate
from planner.tracking.result import Forecast, TrackedMonth
from planner.tracking.tracking import Tracking
from planner.words import counted, percent, percent_estimate, usd

_RULE_OF_THREE: Final = 3.0
"""What n independent paths never showed has a probability below 3 / n, at 95 % confidence."""


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


def risk_words(forecast: Forecast, value: Estimate) -> str:
    """A probability with its error; what no path shows, or every one, is known to what so many paths can tell.

    Once nothing of the term is left to come, it has happened or has not.
    """
    if all(low == high for low, _, high in forecast.months.values()):
        return percent(value.mean)
    if value.se > 0.0 or value.mean not in (0.0, 1.0):
        return percent_estimate(value)
    bound = min(_RULE_OF_THREE / forecast.effective_sample_size, 0.5)
    return f"below {percent(max(bound, 0.001))}" if value.mean == 0.0 else f"above {percent(min(1.0 - bound, 0.999))}"


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
