"""Days of a contract: month 0 begins on the first day of the plan."""

from datetime import date, timedelta

from planner.units import MONTHS_PER_YEAR


def first_day_of(start: date, month: int) -> date:
    """The first day of a contract month."""
    years, index = divmod(start.month - 1 + month, MONTHS_PER_YEAR)
    return date(start.year + years, index + 1, 1)


def last_day_before(start: date, month: int) -> date:
    """The day before a contract month begins."""
    return first_day_of(start, month) - timedelta(days=1)
