"""Headings of the tables on a page: every column has a name, and says what its figures are counted in."""

import re
from collections.abc import Sequence
from typing import Final

from planner.tables import Table

_NONE: Final = frozenset({"", "-", "n/a", "never", "always", "none"})
"""Cells without a figure."""
_DOLLARS: Final = re.compile(r"[-+<>~ ]*\$")
_SHARE: Final = re.compile(r"[-+<>~ ]*\d[\d.,]*%")


def headings(table: Table) -> list[str]:
    """The names of the columns, in words: none is empty, and the unit that all cells of one have stands behind it."""
    unnamed = next(name for name in ("what", "of", "name", "row") if name not in table.columns)
    return [
        _with_unit(name.strip() or unnamed, [row[place].strip() for row in table.rows])
        for place, name in enumerate(table.columns)
    ]


def _with_unit(name: str, cells: Sequence[str]) -> str:
    figures = [cell for cell in cells if cell not in _NONE]
    if not figures or "$" in name or "USD" in name or "%" in name:
        return name
    if all(map(_DOLLARS.match, figures)):
        return f"{name} (USD)"
    return f"{name} (%)" if all(map(_SHARE.match, figures)) else name
