"""What a cell holds, taken as what it should hold, or refused in words that name the cell, the value and the remedy."""

import re
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from math import isfinite
from typing import Any, Final

from openpyxl.utils.datetime import from_excel

from planner.workbook.quoting.typed_fields import (
    CLAUSES,
    FIRST_DAY,
    LAST_DAY,
    LONGEST_TERM_MONTHS,
    LONGEST_TEXT,
    MOST_COMMIT_USD,
    Kind,
)
from planner.workbook.reading.opened import TypedCell

_LONGEST_SHOWN: Final = 60
_NUMBER_IN_TEXT: Final = re.compile(r"[-+]?\$?(\d+|\d{1,3}(,\d{3})+)(\.\d*)?%?", re.ASCII)
_DIGITS: Final = 15
"""As many as a spreadsheet keeps; what follows them is noise of its arithmetic."""


_MOST: Final = 10**300
"""More than any number of a spreadsheet; a whole number of XML can be larger than a float can be."""


class NotAsWantedError(ValueError):
    """What is wrong with a value, in words that follow it."""


def taken(cell: TypedCell, kind: Kind, wanted: str) -> Any:
    """The value of a cell that is not blank: a text, a float, whole months, a plan file's word, or a date.

    Errors: NotAsWantedError with the whole message.
    """
    try:
        if cell.lacks_value:
            raise NotAsWantedError("a formula that no spreadsheet has worked out; save it in one, or type the value")
        if cell.is_error:
            raise NotAsWantedError("is an error")
        return _TAKERS[kind](cell.value)
    except NotAsWantedError as error:
        what = str(error) if cell.lacks_value else f"{shown(cell.value)} {error}"
        raise NotAsWantedError(f"{cell.place}: {what}; give {wanted}") from None


def shown(value: Any) -> str:
    """A value as it is told: text in quotes, cut where it is long, never more than one line."""
    if isinstance(value, str):
        line = "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in value)
        return f'"{line[:_LONGEST_SHOWN]}..."' if len(line) > _LONGEST_SHOWN else f'"{line}"'
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float | int):
        return (
            f"{value:.15g}" if abs(value) <= _MOST or isinstance(value, float) else f"{str(value)[:_LONGEST_SHOWN]}..."
        )
    return f"{value}"


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise NotAsWantedError(f"is {_what(value)}, not text")
    if not value.strip():
        raise NotAsWantedError("is blank")
    if len(value) > LONGEST_TEXT:
        raise NotAsWantedError(f"has {len(value):,} characters, {LONGEST_TEXT} at most")
    return value


def _what(value: Any) -> str:
    if isinstance(value, bool):
        return "TRUE or FALSE"
    if isinstance(value, float | int):
        return "a number"
    if isinstance(value, datetime | date | time | timedelta):
        return "a date or a time"
    return "text"


def _number(value: Any) -> float:
    if isinstance(value, str):
        if _NUMBER_IN_TEXT.fullmatch(value.strip()) is None:
            raise NotAsWantedError("is not a number")
        raise NotAsWantedError("is a number stored as text: type it again in a cell that is not formatted as text")
    if isinstance(value, bool) or not isinstance(value, float | int):
        raise NotAsWantedError(f"is {_what(value)}, not a number")
    if isinstance(value, int) and abs(value) > _MOST:
        raise NotAsWantedError("has more digits than a spreadsheet keeps")
    if not isfinite(value):
        raise NotAsWantedError("is not a finite number")
    return float(f"{value:.{_DIGITS}g}")


def _usd(value: Any) -> float:
    number = _number(value)
    if not 0 <= number <= MOST_COMMIT_USD:
        raise NotAsWantedError(f"is below 0 or above {MOST_COMMIT_USD:,.0f}")
    return number


def _share(value: Any) -> float:
    number = _fraction(value)
    if number == 1:
        raise NotAsWantedError("is 100%, which would be free")
    return number


def _fraction(value: Any) -> float:
    number = _number(value)
    if 1 < number <= 100:
        raise NotAsWantedError(f"is {number * 100:,.10g}%: for {number:g}% type {number:g}% or {number / 100:.10g}")
    if not 0 <= number <= 1:
        raise NotAsWantedError("is no share")
    return number


def _months(value: Any) -> int:
    number = _number(value)
    if number != int(number) or not 1 <= number <= LONGEST_TERM_MONTHS:
        raise NotAsWantedError("is not such a number")
    return int(number)


def _clause(value: Any) -> str:
    if value not in CLAUSES:
        raise NotAsWantedError("is not in the list")
    return CLAUSES[value]


def _drawdown(value: Any) -> str:
    if value not in ("contracted", "list"):
        raise NotAsWantedError("is not in the list")
    return str(value)


def _date(value: Any) -> date:
    if isinstance(value, float | int) and not isinstance(value, bool):
        value = _day_number(value)
    if isinstance(value, datetime):
        value = value.date()
    if isinstance(value, str):
        raise NotAsWantedError("is text, not a date")
    if not isinstance(value, date):
        raise NotAsWantedError(f"is {_what(value)}, not a date")
    if not FIRST_DAY <= value <= LAST_DAY:
        raise NotAsWantedError("is out of range")
    return value


def _day_number(value: float) -> Any:
    """The date that a spreadsheet means by a number whose cell lost its date format."""
    try:
        return from_excel(value)
    except (ValueError, OverflowError, TypeError):
        raise NotAsWantedError("is a number, not a date") from None


_TAKERS: Final[dict[Kind, Callable[[Any], Any]]] = {
    "text": _text,
    "usd": _usd,
    "share": _share,
    "rate": _fraction,
    "months": _months,
    "clause": _clause,
    "date": _date,
    "drawdown": _drawdown,
}
