"""How charts of money look: title, axes with units, lines told apart by dash and marker, so that they read in grey."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from xlsxwriter import Workbook

from planner.workbook.sheet import Sheet

_FONT: Final = {"name": "Arial", "size": 9, "bold": False}
_GRID: Final = {"visible": True, "line": {"color": "#D0D4DC", "width": 0.5}}

LOOKS: Final[tuple[dict[str, Any], ...]] = (
    {"color": "#1F2A44", "width": 2.5, "dash_type": "solid"},
    {"color": "#5B6B8C", "width": 2.25, "dash_type": "dash"},
    {"color": "#000000", "width": 1.5, "dash_type": "round_dot"},
    {"color": "#8A93A6", "width": 2.25, "dash_type": "long_dash_dot"},
    {"color": "#5B6B8C", "width": 1.25, "dash_type": "square_dot"},
    {"color": "#000000", "width": 1.0, "dash_type": "long_dash"},
)
"""Lines in the order in which they are used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line of a chart: its name, and the column of its values."""

    name: str
    col: int
    look: dict[str, Any]


def money_format(top: float) -> str:
    """A number format for an axis of dollars that reaches so far."""
    return '$#,##0.0,,"M"' if top >= 2e6 else '$#,##0,"k"' if top >= 2e3 else "$#,##0"


def axis(name: str, **given: Any) -> dict[str, Any]:
    """An axis with its title."""
    return {"name": name, "name_font": _FONT, "num_font": _FONT, "major_gridlines": _GRID} | given


def finish(chart: Any, title: str, *, width: int, height: int) -> None:
    """Title, legend and size. title: begins with words of ours; XlsxWriter reads what begins with = as a formula."""
    chart.set_title({"name": title, "name_font": {"name": "Arial", "size": 12}, "overlay": False})
    chart.set_legend({"position": "bottom", "font": _FONT})
    chart.set_size({"width": width, "height": height})


def line_chart(sheet: Sheet, workbook: Workbook, lines: Sequence[Line], *, rows: tuple[int, int], name_col: int) -> Any:
    """Lines over the names in a column of these rows of the sheet; without title and axes yet."""
    chart = workbook.add_chart({"type": "line"})
    first, last = rows
    for line in lines:
        chart.add_series(
            {
                "name": line.name,
                "categories": [sheet.name, first, name_col, last, name_col],
                "values": [sheet.name, first, line.col, last, line.col],
                "line": line.look,
                "marker": {"type": "none"},
            }
        )
    return chart
