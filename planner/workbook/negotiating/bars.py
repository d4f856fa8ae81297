"""Bar charts of a negotiation, told apart by pattern and not by colour alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, log10
from typing import Any, Final

from xlsxwriter import Workbook

from planner.workbook.sheet import Sheet
from planner.workbook.style import DARK, FONT, RULE

MOST_BARS: Final = 10
_PIXELS_PER_BAR: Final = 24
_PIXELS_PER_LINE: Final = 14
_AROUND_PIXELS: Final = 110
_MOST_STEPS: Final = 5
_ROOM_FOR_LABELS: Final = 0.18
_ROW_PIXELS: Final = 20
_SMALL: Final = {"name": FONT, "size": 9, "bold": False}
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
    usd: every value that is drawn; lines: that the longest name takes."""

    title: str
    names: str
    values: str
    first_row: int
    n_rows: int
    series: Sequence[Bars]
    usd: Sequence[float]
    lines: int = 1
    name_col: int = 0
    width: int = 540

    @property
    def shown(self) -> int:
        """How many rows are drawn."""
        return min(self.n_rows, MOST_BARS)

    @property
    def height(self) -> int:
        """Pixels."""
        per_bar = _PIXELS_PER_BAR + _PIXELS_PER_LINE * (self.lines - 1)
        return _AROUND_PIXELS + per_bar * max(self.shown, 2) + (20 if len(self.series) > 1 else 0)

    @property
    def rows(self) -> int:
        """Sheet rows that the chart covers, with one to spare."""
        return -(-self.height // _ROW_PIXELS) + 1


def insert_bars(sheet: Sheet, workbook: Workbook, chart: BarChart, *, row: int, col: int) -> None:
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
    _set_axes(drawn, chart)
    drawn.set_legend({"none": True} if len(chart.series) == 1 else {"position": "bottom", "font": _SMALL})
    drawn.set_size({"width": chart.width, "height": chart.height})
    sheet.worksheet.insert_chart(row, col, drawn, {"object_position": 2})


def _set_axes(drawn: Any, chart: BarChart) -> None:
    """Names along the side, the first on top, and dollars along the bottom."""
    # XlsxWriter calls the axis along the bottom x and the one along the side y, in bar charts too
    fonts = {"name_font": _SMALL, "num_font": _SMALL}
    drawn.set_y_axis({"name": chart.names, "reverse": True, "interval_unit": 1, **fonts, **_BESIDE})
    low, high, step = scale(chart.usd, has_labels=len(chart.series) == 1)
    drawn.set_x_axis(
        {
            "name": chart.values,
            "num_format": _axis_format(step),
            "min": low,
            "max": high,
            "major_unit": step,
            "major_gridlines": _GRID,
            "label_position": "high",
            **fonts,
        }
    )


def scale(usd: Sequence[float], *, has_labels: bool) -> tuple[float, float, float]:
    """Ends and step of an axis that shows every value and 0, and has room for labels beyond the bars."""
    least, most = min(0.0, *usd), max(0.0, *usd)
    room = _ROOM_FOR_LABELS * (most - least) if has_labels else 0.0
    low, high = least - (room if least < 0 else 0.0), most + (room if most > 0 else 0.0)
    rough = max(high - low, 1.0) / _MOST_STEPS
    unit = 10.0 ** floor(log10(rough))
    step = next(unit * size for size in (1.0, 2.0, 5.0, 10.0) if unit * size >= rough)
    return floor(low / step) * step, max(ceil(high / step), 1) * step, step


def _axis_format(step: float) -> str:
    """Dollars, thousands or millions."""
    if step < 1e3:
        return "$#,##0;-$#,##0;$0"
    return '$#,##0,"k";-$#,##0,"k";$0' if step < 1e6 else '$#,##0,,"M";-$#,##0,,"M";$0'


def _filled(is_solid: bool) -> dict[str, Any]:
    if is_solid:
        return {"fill": {"color": DARK}}
    return {"pattern": {"pattern": "wide_upward_diagonal", "fg_color": RULE, "bg_color": "#FFFFFF"}}


def _labels() -> dict[str, Any]:
    return {"value": True, "num_format": "$#,##0", "font": {"name": FONT, "size": 9}}
