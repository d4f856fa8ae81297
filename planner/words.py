"""Numbers in words: the only place where a figure is rounded.

Money is shown to the digits that its Monte Carlo error leaves real; shares to one decimal of a percent.
"""

from math import floor, isfinite, log10
from typing import Final

from planner.risk import Estimate

_ROUNDING: Final = 1e-12

_SHORT: Final = ((999_995_000, 1e9, "B", 2), (999_500, 1e6, "M", 2), (9_995, 1e3, "k", 0), (999.5, 1e3, "k", 1))
"""From so many dollars on: what they are divided by, its letter, and decimals."""


def usd(value: float, *, cents: bool = False) -> str:
    """Whole dollars with separators; with cents where the amount is a price."""
    if not isfinite(value):
        return "n/a"
    sign = "-" if round(value, 2 if cents else 0) < 0 else ""
    return f"{sign}${abs(value):,.{2 if cents else 0}f}"


def usd_per_mtok(value: float) -> str:
    """A price per million tokens: cents, and as many digits more as it has."""
    shown = f"{value:,.6f}".rstrip("0")
    return f"${shown if len(shown.partition('.')[2]) > 2 else f'{value:,.2f}'}"


def usd_rounded_down(value: float) -> str:
    """Dollars to four digits, never more than the value: an optimum has no more real ones. Whole dollars, such as the
    threshold of a band, are shown as they are."""
    return usd(rounded_down(value), cents=value < 1 and value != floor(value))


def rounded_down(value: float) -> float:
    """An amount to four digits of whole dollars, never more than it; below a dollar, and in whole dollars, as it is."""
    if value == floor(value) or value < 1:
        return value
    unit = 10 ** max(floor(log10(value)) - 3, 0)
    return floor(value / unit) * unit


def usd_commitment(value: float) -> str:
    """A commitment: to four digits, and in words where any amount would do, which the engine counts as a cent."""
    return "under $1" if 0 < value < 1 else usd_rounded_down(value)


def usd_short(value: float) -> str:
    """Dollars for headlines: $950, $12.3k, $1.23M, $4.56B."""
    size = abs(value)
    sign = "-" if round(value) < 0 else ""
    for limit, divisor, suffix, digits in _SHORT:
        if size >= limit:
            return f"{sign}${size / divisor:,.{digits}f}{suffix}"
    return f"{sign}${size:,.0f}"


def usd_estimate(value: Estimate) -> str:
    """A Monte Carlo estimate rounded to its error's second digit, with the error: $1,234,500 ± 700.

    An error far below what a float can tell of the mean is rounding, and no error.
    """
    if not isfinite(value.se) or value.se <= _ROUNDING * abs(value.mean):
        return usd(value.mean)
    digits = max(floor(log10(value.se)) - 1, 0)
    unit = 10**digits
    return f"{usd(round(value.mean / unit) * unit)} ± {max(round(value.se / unit), 1) * unit:,.0f}"


def percent(fraction: float | None, digits: int = 1) -> str:
    """A fraction as a percentage, one decimal unless told."""
    if fraction is None or not isfinite(fraction):
        return "n/a"
    shown = f"{fraction * 100:.{digits}f}%"
    return "0" + shown[2:] if shown.startswith("-0") and float(shown[:-1]) == 0 else shown


def points(fraction: float) -> str:
    """A difference of two shares in points, with its sign: +1.5."""
    shown = f"{fraction * 100:+.1f}"
    return "0.0" if float(shown) == 0 else shown


def break_even_words(escalation: float | None) -> str:
    """The escalation below which a route pays; "never" and "always" where none decides, "-" where none is paid for."""
    if escalation is None or not isfinite(escalation):
        return "-"
    return "never" if escalation <= 0 else "always" if escalation > 1 else percent(escalation)


def months_words(months: float | None) -> str:
    """A payback in months, in years where it is long, "never" where it is None."""
    if months is None:
        return "never"
    return f"{months:.1f} months" if months < 99.95 else f"{months / 12:,.0f} years"


def percent_estimate(value: Estimate) -> str:
    """A probability and its error in points: 9.9% ± 0.1."""
    if value.se == 0 or not isfinite(value.se):
        return percent(value.mean)
    digits = max(1, -floor(log10(value.se * 100)))
    return f"{percent(value.mean, digits)} ± {value.se * 100:.{digits}f}"


def count(value: float) -> str:
    """A whole count with separators."""
    return f"{value:,.0f}"


def counted(number: int, one: str, many: str = "") -> str:
    """A whole count with what is counted: 1 request, 2,000 requests."""
    return f"{count(number)} {one if number == 1 else many or one + 's'}"
