"""What a period of a history is."""

from dataclasses import dataclass
from datetime import date
from typing import Literal

PeriodKind = Literal["month", "week"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """Whole days from start to end, both included."""

    label: str
    start: date
    end: date
