"""An assumption as a noun, and where it comes from."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import numpy as np

from planner.distributions import Z90, Distribution, Point
from planner.plan_file.assumption_keys import is_written

Value = float | str | bool

YOURS: Final = "yours"
PRIOR: Final = "prior"
DEFAULT: Final = "default"
MEASURED: Final = "measured"
FITTED: Final = "fitted"
WIDENED: Final = "widened"
CHOSEN: Final = "chosen"

Document = Mapping[str, Any]
"""A plan file as it is written."""

Path = tuple[str, ...]
"""A key of the plan file by its parts: the tables before it, names of entries among them, and its own name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """Where a value comes from, as far as the program knows it, and the day of that."""

    source: str = ""
    on: date | None = None


UNKNOWN: Final = Known()


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumption:
    """One assumption: its value (the mean where it is uncertain), P10 and P90 where they differ, unit and origin.

    origin: "yours" (in the plan), "prior" (a judgement that ships with the product), "default", "measured" or "fitted"
    (to the log, mostly from its data), "widened" (because the log is short), or "chosen" by the plan because it costs
    less. path: the key that says it, or the nearest table. known: its source where the plan names none.
    """

    section: str
    name: str
    value: Value
    style: str
    unit: str
    origin: str
    path: Path
    p10_p90: tuple[float, float] | None = None
    known: Known = UNKNOWN

    @property
    def key(self) -> str:
        return ".".join(self.path)


def origin_of(document: Document, path: Path, otherwise: str = DEFAULT) -> str:
    """Whether a key stands in the plan file."""
    return YOURS if is_written(document, path) else otherwise


def plain(
    section: str,
    path: Path,
    value: Value | date,
    style: str,
    unit: str,
    origin: str,
    *,
    name: str | None = None,
    known: Known = UNKNOWN,
) -> Assumption:
    """An assumption without a spread. name: None where it is its key's."""
    return Assumption(
        section=section,
        name=path[-1] if name is None else name,
        value=value.isoformat() if isinstance(value, date) else value,
        style=style,
        unit=unit,
        origin=origin,
        path=path,
        known=known,
    )


def uncertain(
    section: str,
    path: Path,
    value: Distribution,
    style: str,
    unit: str,
    origin: str,
    *,
    name: str | None = None,
    known: Known = UNKNOWN,
) -> Assumption:
    """An assumption with a spread, where its value is not a constant."""
    return Assumption(
        section=section,
        name=path[-1] if name is None else name,
        value=value.mean,
        style=style,
        unit=unit,
        origin=origin,
        path=path,
        p10_p90=_spread(value),
        known=known,
    )


def _spread(value: Distribution) -> tuple[float, float] | None:
    if isinstance(value, Point):
        return None
    low, high = sorted(value.from_normal(np.array([-Z90, Z90])).tolist())
    return low, high
