"""Bar charts of a negotiation, told apart by pattern and not by colour alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from xlsxwriter import Workbook

from planner.workbook.sheet import Sheet
from planner.workbook.style import DARK, FONT, RULE

MOST_BARS: Final = 10
_PIXELS_PER_BAR: Final = 24
_AROUND_PIXELS: Final = 110
_ROW_PIXELS: Final = 20
_BESIDE: Final = {"label_position": "low"}
"""Names stand left of all bars, those below zero too."""
_GRID: Final = {"visible": True, "line": {"color": "#D0D4DC", "width": 0.5}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Bars:
    """One series: its name in the legend, and the column that holds it."""

    name: str
    col: int
    is_solid: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class BarChart:
    """Horizontal bars from rows of a table, the first row on top. name_col: what each row is called;
    largest_usd: of all values, which says in what the axis counts."""

    title: str
    names: str
    values: str
    first_row: int
    n_rows: int
    series: Sequence[Bars]
    largest_usd: float
    name_col: int = 0
    width: int = 540

    @property
    def shown(self) -> int:
        """How many rows are drawn."""
        return min(self.n_rows, MOST_BARS)

    @property
    def height(self) -> int:
        """Pixels."""
        return _AROUND_PIXELS + _PIXELS_PER_BAR * max(self.shown, 2) + (20 if len(self.series) > 1 else 0)

    @property
    def rows(self) -> int:
        """Sheet rows that the chart covers, with one to spare."""
        return -(-self.height // _ROW_PIXELS) + 1


def insert_bars(sheet: Sheet, workbook: Workbook, chart: BarChart, *, row: int, col: int, x_offset: int = 0) -> None:
    """Draw a chart with its upper left corner in a cell."""
    drawn = workbook.add_chart({"type": "bar"})
    last = chart.first_row + chart.shown - 1
    for bars in chart.series:
        drawn.add_series(
            {
                "name": bars.name,
                "categories": [sheet.name, chart.first_row, chart.name_col, last, chart.name_col],
                "values": [sheet.name, chart.first_row, bars.col, last, bars.col],
                "border": {"color": DARK, "width": 1},
                "gap": 45,
                "overlap": 100,
                "invert_if_negative": False,
                **_filled(bars.is_solid),
                **({"data_labels": _labels()} if len(chart.series) == 1 else {}),
            }
        )
    of = f", the first {chart.shown} of {chart.n_rows}" if chart.shown < chart.n_rows else ""
    drawn.set_title({"name": chart.title + of, "name_font": {"size": 12, "name": FONT}})
    font = {"name": FONT, "size": 9, "bold": False}
    # XlsxWriter calls the axis along the bottom x and the one along the side y, in bar charts too
    drawn.set_y_axis({"name": chart.names, "name_font": font, "num_font": font, "reverse": True, **_BESIDE})
    money = {"name": chart.values, "name_font": font, "num_font": font, "num_format": _axis_format(chart.largest_usd)}
    drawn.set_x_axis({**money, "major_gridlines": _GRID, "label_position": "high"})
    drawn.set_legend({"none": True} if len(chart.series) == 1 else {"position": "bottom", "font": font})
    drawn.set_size({"width": chart.width, "height": chart.height})
    sheet.worksheet.insert_chart(row, col, drawn, {"x_offset": x_offset, "object_position": 2})


def _axis_format(largest_usd: float) -> str:
    """Dollars, thousands or millions, so that the numbers along an axis do not touch."""
    if largest_usd < 20e3:
        return "$#,##0"
    return '$#,##0,"k";-$#,##0,"k";$0' if largest_usd < 20e6 else '$#,##0.0,,"M";-$#,##0.0,,"M";$0'


def _filled(is_solid: bool) -> dict[str, Any]:
    if is_solid:
        return {"fill": {"color": DARK}}
    return {"pattern": {"pattern": "wide_upward_diagonal", "fg_color": RULE, "bg_color": "#FFFFFF"}}


def _labels() -> dict[str, Any]:
    return {"value": True, "num_format": "$#,##0", "font": {"name": FONT, "size": 9}}
