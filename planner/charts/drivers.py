"""Charts of what drives the answer: shares of variance, and tornados of spend and of the best commitment."""

from collections.abc import Callable
from textwrap import wrap
from typing import Any, Final

import altair as alt
import pandas as pd

from planner.charts.style import DASHES, LIGHT, Palette, exact_tips, finished, money_axis
from planner.drivers import Driver, Drivers
from planner.drivers_report import driver_names
from planner.risk import Estimate
from planner.words import percent, usd_short

LARGEST_ROWS: Final = 12

_SHARES = ["name", "row", "alone", "total", "words"]
_TORNADO = ["name", "row", "p10", "p90", "low", "high", "p10_words", "p90_words", "p10_is_low"]
_ENDS: Final = {"p10": "at its P10", "p90": "at its P90"}
_LINE_OF_A_NAME: Final = 20
_LINE_PIXELS: Final = 13
_ROOM_FOR_WORDS: Final = 0.48
"""Beside either end of the widest bar, as a part of its width: a figure fits there on a telephone."""


def shares_chart(found: Drivers, palette: Palette = LIGHT) -> alt.LayerChart:
    """Share of the variance of annual spend by input, the largest first: alone, and with interactions."""
    frame = shares_frame(found)
    y = _rows(frame)
    top = max(1.25 * float(frame["total"].max()), 0.1) if len(frame) else 1.0
    scale = alt.Scale(domain=[0, top], nice=False)
    axis = alt.Axis(format=".0%", tickCount=5)
    x = alt.X("total:Q", title="share of variance (%)", axis=axis, scale=scale)
    tips = [
        alt.Tooltip("name:N", title="input"),
        alt.Tooltip("alone:Q", format=".1%"),
        alt.Tooltip("total:Q", title="with interactions", format=".1%"),
    ]
    base = alt.Chart(frame).encode(y=y, tooltip=tips)
    outline = base.mark_bar(height=20, fillOpacity=0.25, color=palette.mark, stroke=palette.mark, strokeDash=DASHES[2])
    layers = [
        outline.encode(x=x),
        base.mark_bar(height=12, color=palette.mark).encode(x="alone:Q"),
        base.mark_text(align="left", dx=5, color=palette.ink, fontWeight="bold").encode(x=x, text="words:N"),
    ]
    reading = "Shares of its variance. Solid: the input alone. Dotted: with its interactions."
    return finished(layers, "What drives annual spend", reading, palette, height=_height(frame))


def shares_frame(found: Drivers) -> pd.DataFrame:
    """name, row (the name in lines), alone, total (fractions), words: the largest inputs, none where none is known."""
    names = driver_names(found)
    rows = [
        (*_named(names[one.name]), one.spend.first_order.mean, one.spend.total.mean, _share(one.spend.total))
        for one in found.inputs[:LARGEST_ROWS]
        if one.spend is not None
    ]
    return pd.DataFrame(rows, columns=_SHARES)


def _share(total: Estimate) -> str:
    return percent(total.mean, 0 if total.se >= 0.005 else 1) if total.mean > 0 else "none seen"


def spend_tornado_chart(found: Drivers, palette: Palette = LIGHT) -> alt.LayerChart:
    """Expected annual spend with each input at its P10 and at its P90, the widest first."""
    middle = None if found.spend_usd is None else found.spend_usd.mean
    title = "expected list spend (USD, year 1)"
    return _tornado(spend_tornado_frame(found), middle, title, "Annual spend if an input is low or high", palette)


def commit_tornado_chart(found: Drivers, palette: Palette = LIGHT) -> alt.LayerChart:
    """The best commitment if each input were known to stand at its P10 or at its P90, the widest first."""
    title = "best commitment (USD a year)"
    heading = "Best commitment if an input is low or high"
    return _tornado(commit_tornado_frame(found), found.commit_usd, title, heading, palette)


def spend_tornado_frame(found: Drivers) -> pd.DataFrame:
    """name, row, p10, p90, low, high (USD) and their words: the inputs that move expected annual spend most."""
    return _tornado_frame(found, lambda one: (_mean(one.spend_at_p10_usd), _mean(one.spend_at_p90_usd)))


def commit_tornado_frame(found: Drivers) -> pd.DataFrame:
    """The same columns for the best commitment, USD a year."""
    return _tornado_frame(found, lambda one: (one.commit_at_p10_usd, one.commit_at_p90_usd))


def _mean(value: Estimate | None) -> float | None:
    return None if value is None else value.mean


def _tornado_frame(found: Drivers, ends: Callable[[Driver], tuple[float | None, float | None]]) -> pd.DataFrame:
    names, rows = driver_names(found), []
    for one in found.inputs:
        p10, p90 = ends(one)
        if p10 is not None and p90 is not None:
            low, high = sorted((p10, p90))
            words = usd_short(p10), usd_short(p90)
            rows.append((*_named(names[one.name]), p10, p90, low, high, *words, p10 <= p90))
    rows.sort(key=lambda row: row[4] - row[5])
    return pd.DataFrame(rows[:LARGEST_ROWS], columns=_TORNADO)


def _tornado(frame: pd.DataFrame, middle: float | None, title: str, heading: str, palette: Palette) -> alt.LayerChart:
    low, high = (float(frame["low"].min()), float(frame["high"].max())) if len(frame) else (0.0, 1.0)
    room = _ROOM_FOR_WORDS * (high - low) or 1.0
    scale = alt.Scale(domain=[low - room, high + room], nice=False, zero=False)
    tips = [alt.Tooltip("name:N", title="input"), *exact_tips(p10="at its P10", p90="at its P90")]
    base = alt.Chart(frame).encode(y=_rows(frame), tooltip=tips)
    x = alt.X("low:Q", title=title, axis=money_axis(ticks=4), scale=scale)
    layers = [
        base.mark_bar(height=10, color=palette.mark, opacity=0.45).encode(x=x, x2="high:Q"),
        *(_points(base, end, palette) for end in _ENDS),
    ]
    for end, other_side in (("p10", "!datum.p10_is_low"), ("p90", "datum.p10_is_low")):
        words = base.encode(x=f"{end}:Q", text=f"{end}_words:N")
        right, left = words.transform_filter(other_side), words.transform_filter(f"!({other_side})")
        style: dict[str, Any] = {"color": palette.ink, "fontSize": 12}
        layers += [right.mark_text(align="left", dx=9, **style), left.mark_text(align="right", dx=-9, **style)]
    if middle is not None:
        rule = alt.Chart(pd.DataFrame({"middle": [middle]})).mark_rule(color=palette.muted, strokeDash=DASHES[1])
        layers.append(rule.encode(x="middle:Q"))
    reading = "One input at a time. Dashed: with none of them known."
    return finished(layers, heading, reading, palette, height=_height(frame) + 24)


def _points(base: alt.Chart, end: str, palette: Palette) -> alt.Chart:
    """One end of every row, in its shape and colour, with its entry in the legend above the picture."""
    legend = alt.Legend(orient="top", title=None, symbolSize=100)
    shapes = alt.Scale(domain=list(_ENDS.values()), range=["circle", "diamond"])
    colours = alt.Scale(domain=list(_ENDS.values()), range=[palette.mark, palette.alarm])
    return (
        base.transform_calculate(end=f"'{_ENDS[end]}'")
        .mark_point(filled=True, size=100, opacity=1)
        .encode(
            x=f"{end}:Q",
            shape=alt.Shape("end:N", scale=shapes, legend=legend),
            color=alt.Color("end:N", scale=colours, legend=legend),
        )
    )


def _named(name: str) -> tuple[str, str]:
    """The name, and the same in lines that leave a telephone room for the picture."""
    parts = name.split(": ")
    lines = [line for part in parts for line in wrap(part, _LINE_OF_A_NAME, break_on_hyphens=False)]
    return name, "\n".join(lines)


def _rows(frame: pd.DataFrame) -> alt.Y:
    """One row per input; the axis's title lies on top of the names, where it takes no width."""
    lines = "length(split(datum.label, '\\n'))"
    axis = alt.Axis(
        labelLimit=150,
        labelExpr="split(datum.label, '\\n')",
        labelLineHeight=_LINE_PIXELS,
        # Only the first line would stand level with its bar.
        labelOffset={
            "condition": [{"test": f"{lines} == {n}", "value": -_LINE_PIXELS * (n - 1) / 2} for n in (2, 3, 4)],
            "value": 0,
        },
        labelOverlap=False,
        titleAngle=0,
        titleAlign="right",
        titleAnchor="start",
        titleX=-6,
        titleY=-6,
    )
    return alt.Y("row:N", sort=frame["row"].tolist(), title="uncertain input", axis=axis)


def _height(frame: pd.DataFrame) -> int:
    return 44 * max(len(frame), 1) + 120
