"""How old the price data is, and what that means for an answer."""

from datetime import date
from typing import Final

STALE_AFTER_DAYS: Final = 60
"""Older price data is said to be old: within two months a tier's list price has moved more than once."""

_REMEDIES: Final = (
    "Run `planner prices update` to fetch the price library's newest prices, or type what you know to be newer under "
    "[[prices.override]]"
)


def stale_note(checked_on: date, library_date: date | None, today: date) -> str | None:
    """What to say of price data older than STALE_AFTER_DAYS, None where it is newer.

    checked_on: when our own facts were last checked. library_date: when newer prices of the library were fetched, None
    for the library as it was installed, which was checked with our facts.
    """
    newest = max(checked_on, library_date or checked_on)
    age, facts_age = (today - newest).days, (today - checked_on).days
    if age > STALE_AFTER_DAYS:
        return (
            f"The price data is {age} days old: it was last checked on {newest}. What was announced since then, such "
            f"as a price, a model or a retirement, is not in this answer. {_REMEDIES}."
        )
    if facts_age > STALE_AFTER_DAYS:
        return (
            f"Prices were fetched on {newest}, but retirements, successors, factors and server tools were last checked "
            f"on {checked_on}, {facts_age} days ago: what changed of these since then is not in this answer. Install "
            "the newest version of the planner, or type what you know to be newer under [[prices.modifier]]."
        )
    return None
