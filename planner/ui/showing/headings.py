"""Headings of the tables on a page: every column has a name, and says what its figures are counted in."""

import re
from collections.abc import Sequence
from typing import Final

from planner.tables import Table

_NONE: Final = frozenset({"", "-", "n/a", "never", "always", "none"})
"""Cells without a figure."""
_DOLLARS: Final = re.compile(r"[-+<>~( ]*\$")
_SHARE: Final = re.compile(r"[-+<>~(± ]*\d[\d.,]*%")


def headings(table: Table) -> list[str]:
    """The names of the columns, in words: none is empty, and the unit that all cells of one have stands behind it.

    Where a row has a unit of its own, as in a table of parameters, cells tell it and headings do not.
    """
    unnamed = next(name for name in ("what", "of", "name", "row") if name not in table.columns)
    units = [_units([row[place].strip() for row in table.rows]) for place in range(len(table.columns))]
    by_row = any(len(units[place]) > 1 for place in table.numeric)
    return [
        _with_unit(name.strip() or unnamed, "" if by_row or len(found) != 1 else next(iter(found)))
        for name, found in zip(table.columns, units, strict=True)
    ]


def _units(cells: Sequence[str]) -> set[str]:
    figures = [cell for cell in cells if cell not in _NONE]
    return {"USD" if _DOLLARS.match(cell) else "%" if _SHARE.match(cell) else "" for cell in figures}


def _with_unit(name: str, unit: str) -> str:
    return f"{name} ({unit})" if unit and not re.search(r"\$|USD|%", name) else name
