"""How every chart looks: colours on a light and a dark ground, money and chance axes, words on the marks.

Series differ by dash and by a label on the mark, not by colour alone; money axes are short ($1.2M), tooltips exact.
The colours of a palette can be told apart by colour-blind readers and stand out from their ground.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import Any, Final

import altair as alt
import pandas as pd

from planner.plan import Plan

EXACT: Final = "$,.0f"
DASHES: Final = ([1, 0], [7, 4], [2, 3], [10, 3, 2, 3], [4, 2], [1, 4])
_LONGEST_NAME: Final = 34
_LONGEST_READING: Final = 60
"""Characters of a subtitle that fit on a telephone; more go to the next line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Palette:
    """Colours on one ground. series: scenarios, the one decided on first and the baseline second."""

    ground: str
    ink: str
    muted: str
    mark: str
    alarm: str
    series: tuple[str, ...]


LIGHT: Final = Palette(
    ground="#FFFFFF",
    ink="#0B121A",
    muted="#5B6673",
    mark="#1F5FA8",
    alarm="#B4440A",
    series=("#1F5FA8", "#B4440A", "#0F4D23", "#5A0F6B", "#5B5F66", "#966B42"),
)
DARK: Final = Palette(
    ground="#11161D",
    ink="#E8EDF3",
    muted="#A3AFBC",
    mark="#6FB1F5",
    alarm="#F2A154",
    series=("#6FB1F5", "#F2A154", "#A9E89B", "#F9C4EA", "#7F8D9C", "#AB8A66"),
)


def shortened(name: str) -> str:
    """A name that fits beside a mark; the table beside the chart has the whole one."""
    return name if len(name) <= _LONGEST_NAME else name[: _LONGEST_NAME - 1] + "…"


def finished(
    layers: Sequence[alt.Chart], title: str, reading: str, palette: Palette, *, height: int = 340
) -> alt.LayerChart:
    """Layers in one picture, the first at the back, with a title and one line on how to read it; height in pixels."""
    lines = wrap(reading, _LONGEST_READING)
    heading = alt.Title(
        text=title, subtitle=lines, offset=14, fontSize=15, subtitleFontSize=12, subtitleColor=palette.muted
    )
    return alt.LayerChart(layer=list(layers)).properties(title=heading, height=height)


_DOLLARS: Final = "datum.value == 0 ? '$0' : replace(datum.label, 'G', 'B')"
"""Labels of short dollars as the words have them: billions are no giga."""


def money_axis(ticks: int = 5) -> alt.Axis:
    """Short dollars, few enough not to touch each other on a telephone."""
    return alt.Axis(format="$~s", tickCount=ticks, labelOverlap=True, labelExpr=_DOLLARS)


def chance(field: str, title: str) -> alt.Y:
    """A probability from 0 to 100 %."""
    return alt.Y(
        field, title=title, axis=alt.Axis(format=".0%", tickCount=5), scale=alt.Scale(domain=[0, 1], nice=False)
    )


def series_order(plan: Plan) -> list[str]:
    """Every scenario of a plan, the one decided on first, then the baseline: each keeps its colour on every page."""
    leading = [plan.inputs.decision.scenario, plan.inputs.baseline]
    return list(dict.fromkeys([*leading, *plan.summaries]))


def series(plan: Plan, palette: Palette) -> tuple[alt.Color, alt.StrokeDash]:
    """Colour and dash by scenario, without a legend: names stand on the lines."""
    names = series_order(plan)
    colours = [palette.series[index % len(palette.series)] for index in range(len(names))]
    dashes = [DASHES[index % len(DASHES)] for index in range(len(names))]
    return (
        alt.Color("scenario:N", scale=alt.Scale(domain=names, range=colours), legend=None),
        alt.StrokeDash("scenario:N", scale=alt.Scale(domain=names, range=dashes), legend=None),
    )


def words_on(
    frame: pd.DataFrame, *, x: Any, y: Any, color: Any, palette: Palette, align: str, dx: int = 0, dy: int = 0
) -> list[alt.Chart]:
    """The column `words` beside its marks, on a halo of the ground so that lines do not cross the letters."""
    place: dict[str, Any] = {"align": align, "dx": dx, "dy": dy, "fontWeight": "bold", "fontSize": 12, "limit": 230}
    base = alt.Chart(frame).encode(x=x, y=y, text="words:N")
    halo = base.mark_text(**place, stroke=palette.ground, strokeWidth=4, strokeJoin="round", color=palette.ground)
    return [halo, base.mark_text(**place).encode(color=color)]


def halo_and_words(base: alt.Chart, palette: Palette, prefix: str = "") -> list[alt.Chart]:
    """Words whose rows say where they stand: align, dx, dy and colour are columns, by prefix."""
    place: dict[str, Any] = {name: alt.expr(f"datum.{prefix}{name}") for name in ("align", "dx", "dy")}
    style: dict[str, Any] = {"fontWeight": "bold", "fontSize": 12, "limit": 260}
    halo = base.mark_text(
        **place, **style, stroke=palette.ground, strokeWidth=4, strokeJoin="round", color=palette.ground
    )
    return [halo, base.mark_text(**place, **style).encode(color=alt.Color(f"{prefix}colour:N", scale=None))]


def exact_tips(**titles: str) -> list[alt.Tooltip]:
    """Tooltips in exact dollars: field=title."""
    return [alt.Tooltip(f"{field}:Q", title=title, format=EXACT) for field, title in titles.items()]


def side_of(position: float, low: float, high: float) -> str:
    """How to align words at a position of an axis so that they stay inside the picture."""
    share = (position - low) / (high - low) if high > low else 0.0
    return "left" if share < 0.3 else "right" if share > 0.7 else "center"
