"""A chart of the plan's quotes: what each saves against list, from its P10 to its P90."""

from typing import Any, Final

from xlsxwriter import Workbook

from planner.workbook.sheet import Sheet
from planner.workbook.style import DARK, FONT, RULE

HEIGHT_ROWS: Final = 18
_FIRST_RATE_COL: Final = 5
_BARS: Final = (("P10", "wide_upward_diagonal"), ("P50", "solid"), ("P90", "light_horizontal"))
"""Told apart by their patterns, so that they are read in grey too."""


def savings_chart(sheet: Sheet, workbook: Workbook, first_row: int, n_quotes: int) -> Any:
    """Bars of the savings rates that stand beside each other in a table whose first figures are in first_row."""
    chart = workbook.add_chart({"type": "column"})
    last_row = first_row + n_quotes - 1
    for col, (name, pattern) in enumerate(_BARS, start=_FIRST_RATE_COL):
        fill: dict[str, Any] = (
            {"fill": {"color": DARK}}
            if pattern == "solid"
            else {"pattern": {"pattern": pattern, "fg_color": DARK, "bg_color": "#FFFFFF"}}
        )
        chart.add_series(
            {
                "name": name,
                "categories": [sheet.name, first_row, 0, last_row, 0],
                "values": [sheet.name, first_row, col, last_row, col],
                "border": {"color": DARK},
                "gap": 80,
                **fill,
            }
        )
    font = {"name": FONT, "size": 9}
    chart.set_title(
        {"name": "What each quote saves against list, as it stands", "name_font": {"name": FONT, "size": 12}}
    )
    chart.set_x_axis({"name": "Quote", "name_font": font, "num_font": font, "label_position": "low"})
    grid = {"visible": True, "line": {"color": RULE, "width": 0.5}}
    chart.set_y_axis(
        {
            "name": "Savings rate (% of list)",
            "name_font": font,
            "num_font": font,
            "num_format": "0%",
            "major_gridlines": grid,
        }
    )
    chart.set_legend({"position": "bottom", "font": font})
    chart.set_size({"width": 860, "height": 330})
    return chart
