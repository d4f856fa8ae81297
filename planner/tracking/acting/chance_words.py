"""Chances of a forecast in words, as reports and alerts both say them."""

from typing import Final

from planner.risk import Estimate
from planner.tracking.result import Forecast
from planner.words import percent, percent_estimate

_RULE_OF_THREE: Final = 3.0
"""What n independent paths never showed has a probability below 3 / n, at 95 % confidence."""


def is_settled(forecast: Forecast) -> bool:
    """Whether nothing of the term is left to come: every month is one value on all paths."""
    return bool(forecast.months) and all(low == high for low, _, high in forecast.months.values())


def risk_words(forecast: Forecast, value: Estimate) -> str:
    """A probability with its error; what no path shows, or every one, is known to what so many paths can tell.

    Once nothing of the term is left to come, it has happened or has not.
    """
    if is_settled(forecast):
        return percent(value.mean)
    if value.se > 0.0 or value.mean not in (0.0, 1.0):
        return percent_estimate(value)
    bound = min(_RULE_OF_THREE / forecast.effective_sample_size, 0.5)
    return f"below {percent(max(bound, 0.001))}" if value.mean == 0.0 else f"above {percent(min(1.0 - bound, 0.999))}"
