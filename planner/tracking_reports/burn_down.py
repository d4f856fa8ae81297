"""The burn-down of the running period's commitment as a table."""

from planner.tables import Table
from planner.tracking.forecasting.burn_down import unbroken
from planner.tracking.tracking import Tracking
from planner.words import usd_short


def burn_down_table(tracking: Tracking) -> Table:
    """What is left at the end of each month of the running period; empty where nobody asked for it."""
    found, period = tracking.burn_down, tracking.forecast.period
    closed = unbroken(() if found is None else found.today, tracking.months)
    rows = []
    for month, today in () if found is None else found.today.items():
        if period.first <= month <= period.last:
            assert found is not None
            signed = (usd_short(usd) for usd in found.as_signed[month])
            actual = usd_short(today[1]) if month in closed else "-"
            ahead = ("-",) * 3 if month in closed else tuple(usd_short(usd) for usd in today)
            rows.append((month, actual, *signed, *ahead))
    return Table(
        title="Left of the commitment at the end of each month",
        columns=("month", "actual", "as signed P10", "P50", "P90", "today P10", "P50", "P90"),
        rows=tuple(rows),
        numeric=frozenset(range(1, 8)),
        note="Of the period's own commitment; balances carried over are drawn before it where the contract says so.",
    )
