"""An assumption as a noun, and where it comes from."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from planner.workbook.sheet import Value

YOURS: Final = "yours"
PRIOR: Final = "prior"
DEFAULT: Final = "default"
MEASURED: Final = "measured"
FITTED: Final = "fitted"
CHOSEN: Final = "chosen"

Document = Mapping[str, Any]
"""A plan file as it is written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumption:
    """One assumption: its value (the mean where it is uncertain), P10 and P90 where they differ, unit and origin.

    origin: "yours" (in the plan), "prior" (a judgement that ships with the product), "default", "measured" or "fitted"
    (to the log, mostly from its data), or "chosen" by the plan because it costs less.
    """

    section: str
    name: str
    value: Value
    style: str
    unit: str
    origin: str
    p10_p90: tuple[float, float] | None = None


def origin_of(document: Document, *path: str, otherwise: str = DEFAULT) -> str:
    """Whether a key stands in the plan file."""
    section: Any = document
    for key in path:
        if not isinstance(section, Mapping) or key not in section:
            return otherwise
        section = section[key]
    return YOURS


def plain(section: str, name: str, value: Value | date, style: str, unit: str, origin: str) -> Assumption:
    """An assumption without a spread."""
    shown = value.isoformat() if isinstance(value, date) else value
    return Assumption(section=section, name=name, value=shown, style=style, unit=unit, origin=origin)
