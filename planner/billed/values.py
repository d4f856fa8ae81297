"""What a cell of a cost report must be: a day, an amount, a currency. Each refusal says what is wrong."""

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Context, Decimal
from functools import lru_cache
from typing import Final

EXACT: Final = Context(prec=100)
"""Sums of billed cost are exact in this context, in whatever order they are made."""

_AMOUNT: Final = re.compile(r"[+-]?(?:\d{1,30}(?:\.\d{0,30})?|\.\d{1,30})(?:[eE][+-]?\d{1,2})?")
_LARGEST_USD: Final = Decimal(10) ** 12
_SMALLEST_PLACE: Final = -40
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}(?:$|[T ])")
_EARLIEST, _LATEST = date(2000, 1, 1), date(2100, 1, 1)
_CENT: Final = Decimal("0.01")
_NOT_ISO: Final = "not a day in ISO 8601 between 2000 and 2100; write 2026-06-03 (03/06/2026 could be two days)"
_NOT_PLAIN: Final = "not a plain number (no thousands separators, decimal commas, units or currency signs)"


def amount_usd(text: str, usd_per_unit: Decimal) -> Decimal:
    """An amount in dollars, exact. Errors: ValueError."""
    if not text:
        raise ValueError("blank; every row of a bill has an amount")
    if _AMOUNT.fullmatch(text) is None:
        raise ValueError(_NOT_PLAIN)
    usd = EXACT.multiply(Decimal(text), usd_per_unit)
    if abs(usd) >= _LARGEST_USD:
        raise ValueError("a trillion dollars or more; check the units")
    exponent = usd.as_tuple().exponent
    if isinstance(exponent, int) and exponent < _SMALLEST_PLACE:
        raise ValueError(f"more than {-_SMALLEST_PLACE} decimals; check the units")
    return usd


def rounding_usd(text: str) -> Decimal:
    """The most that rounding to the cent can have moved an amount as it is written: half its last place."""
    exponent = Decimal(text).as_tuple().exponent
    place = _CENT if not isinstance(exponent, int) else min(Decimal(1).scaleb(exponent), _CENT)
    return place / 2


@lru_cache(maxsize=10_000)
def moment(text: str) -> datetime:
    """A day or a time in UTC; without a zone it is UTC. Errors: ValueError."""
    try:
        if _DAY.match(text) is None:
            raise ValueError
        found = datetime.fromisoformat(text)
        found = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(_NOT_ISO if text else "blank; every row of a bill has a day") from None
    if not _EARLIEST <= found.date() < _LATEST:
        raise ValueError(_NOT_ISO)
    return found


def last_day_before(start: datetime, end_text: str) -> date:
    """The last day of a stretch that ends, exclusively, at a time; the first day where none is given.

    Errors: ValueError for an end that is not later, and for a stretch over two months.
    """
    if not end_text:
        return start.date()
    end = moment(end_text)
    if end <= start:
        raise ValueError("the end is not after the start")
    last = (end - timedelta(microseconds=1)).date()
    if (last.year, last.month) != (start.year, start.month):
        raise ValueError("the row covers more than one month and cannot be split; export the costs by day")
    return last


def check_currency(text: str) -> None:
    """Errors: ValueError for a currency other than US dollars."""
    if text.upper() not in ("", "USD"):
        raise ValueError(
            "not US dollars, and an exchange rate would be a guess; export the costs in USD, or type the month's total "
            "in USD under [[usage.invoice]]"
        )
