"""Chart of evidence: pass rates with their intervals against the bars that they have to hold."""

from collections.abc import Sequence
from typing import Any, Final

import altair as alt
import pandas as pd

from planner.charts.style import LIGHT, Palette, finished, side_of
from planner.evidence_reports.standing_words import verdict_words
from planner.evidence_reports.standings import Standing, state_of
from planner.words import count, percent

MOST_ROWS: Final = 20
_ROW_PIXELS, _AROUND_PIXELS = 94, 130
_LONGEST_TYPE, _LONGEST_MODEL = 22, 18
_SHAPES: Final = {"pass": "circle", "stale": "triangle-up", "undecided": "square", "fail": "diamond"}
_ROOM: Final = 0.04
"""Of the axis, beyond the lowest bound."""


def standings_chart(found: Sequence[Standing], palette: Palette = LIGHT) -> alt.LayerChart:
    """A row per type and model: one look thick, by the looks thin, the bar a tick; verdict by sign, word and colour."""
    frame = standings_frame(found, palette)
    low = float(frame[["lower", "look_lower", "bar", "pass_rate"]].min().min())
    low = max(0.0, low - _ROOM * (1.0 - low))
    frame["bar_align"] = [side_of(bar, low, 1.0) for bar in frame["bar"]]
    scale = alt.Scale(domain=[low, 1.0], nice=False, zero=False)
    axis = alt.Axis(format=".0%", tickCount=5, labelOverlap=True, labelFlush=True)
    x = alt.X("lower:Q", title="pass rate (%)", axis=axis, scale=scale)
    y = alt.Y("row:O", sort=frame["row"].tolist(), axis=None, scale=alt.Scale(paddingInner=0, paddingOuter=0))
    base = alt.Chart(frame).encode(y=y, tooltip=_tips())
    colour = alt.Color("colour:N", scale=None)
    shapes = alt.Scale(domain=list(_SHAPES), range=list(_SHAPES.values()))
    looked = base.transform_filter("isValid(datum.look_lower)")
    thin: dict[str, Any] = {"x": alt.X("look_lower:Q", scale=scale), "x2": "look_upper:Q", "color": colour}
    layers = [
        base.mark_rule(strokeWidth=11, opacity=0.35).encode(x=x, x2="upper:Q", color=colour),
        looked.mark_rule(strokeWidth=2).encode(**thin),
        *(_cap(looked, field, scale, colour) for field in ("look_lower", "look_upper")),
        base.mark_tick(thickness=3, size=24, color=palette.ink).encode(x=alt.X("bar:Q", scale=scale)),
        base.mark_point(filled=True, size=110, opacity=1).encode(
            x=alt.X("pass_rate:Q", scale=scale),
            color=colour,
            shape=alt.Shape("state:N", scale=shapes, legend=None),
        ),
        *_words(base, scale, palette),
    ]
    reading = "Dot: share that passed. Thick: 95% bounds of one look. Thin: by the looks. Upright: the bar to hold."
    height = _ROW_PIXELS * len(frame) + _AROUND_PIXELS
    return finished(layers, "Pass rates against their bars", reading, palette, height=height)


def _cap(base: alt.Chart, field: str, scale: alt.Scale, colour: alt.Color) -> alt.Chart:
    return base.mark_tick(thickness=2, size=12).encode(x=alt.X(f"{field}:Q", scale=scale), color=colour)


def _words(base: alt.Chart, scale: alt.Scale, palette: Palette) -> list[alt.Chart]:
    """Verdict and names above the interval, its bar beside the tick, its figures below."""
    above: dict[str, Any] = {"align": "left", "baseline": "middle", "limit": 340, "dy": -36, "fontSize": 13}
    above |= {"fontWeight": "bold"}
    below: dict[str, Any] = {"align": "left", "baseline": "middle", "limit": 340, "dy": 21, "fontSize": 11}
    beside: dict[str, Any] = {"align": alt.expr("datum.bar_align"), "dy": -19, "fontSize": 11}
    halo: dict[str, Any] = {"stroke": palette.ground, "strokeWidth": 4, "strokeJoin": "round"}
    bar = base.encode(x=alt.X("bar:Q", scale=scale), text="bar_words:N")
    title, figures = (base.encode(x=alt.value(0), text=f"{name}:N") for name in ("title", "figures"))
    return [
        title.mark_text(**above, **halo, color=palette.ground),
        title.mark_text(**above).encode(color=alt.Color("colour:N", scale=None)),
        bar.mark_text(**beside, **halo, color=palette.ground),
        bar.mark_text(**beside, color=palette.ink),
        figures.mark_text(**below, **halo, color=palette.ground),
        figures.mark_text(**below, color=palette.muted),
    ]


def _tips() -> list[alt.Tooltip]:
    shares = {"pass_rate": "passed", "lower": "lower, one look", "upper": "upper, one look"}
    shares |= {"look_lower": "lower, by the looks", "look_upper": "upper, by the looks", "bar": "bar"}
    names = [alt.Tooltip("type:N", title="type"), alt.Tooltip("model:N", title="model")]
    return [
        *names,
        alt.Tooltip("state:N", title="evidence"),
        *(alt.Tooltip(f"{field}:Q", title=title, format=".1%") for field, title in shares.items()),
    ]


def standings_frame(found: Sequence[Standing], palette: Palette = LIGHT) -> pd.DataFrame:
    """A row each of the first: type, model, state, colour, rates as fractions, and the words beside the marks."""
    colours = dict(zip(_SHAPES, (palette.series[2], palette.series[5], palette.muted, palette.alarm), strict=True))
    rows = [
        {
            "row": index,
            "type": one.request_type,
            "model": one.model,
            "state": state_of(one),
            "colour": colours[state_of(one)],
            "pass_rate": one.pass_rate,
            "lower": one.lower,
            "upper": one.upper,
            "look_lower": None if one.look is None else one.look.lower,
            "look_upper": None if one.look is None else one.look.upper,
            "bar": one.bar,
            "bar_words": f"bar {percent(one.bar)}",
            "title": _title(one),
            "figures": _figures(one),
        }
        for index, one in enumerate(found[:MOST_ROWS])
    ]
    return pd.DataFrame(rows).astype({"look_lower": float, "look_upper": float})


def _title(one: Standing) -> str:
    names = f"{_cut(one.request_type, _LONGEST_TYPE)} on {_cut(one.model.removeprefix('claude-'), _LONGEST_MODEL)}"
    return f"{verdict_words(one)}: {names}{' (uploaded)' if one.is_uploaded else ''}"


def _figures(one: Standing) -> str:
    looks = ""
    if one.look is not None:
        of = "" if one.look.answers == one.answers else f" at {count(one.look.answers)}"
        looks = f"; by the looks{of} {percent(one.look.lower)} to {percent(one.look.upper)}"
    return f"{count(one.passed)} of {count(one.answers)}: {percent(one.lower)} to {percent(one.upper)}{looks}"


def _cut(name: str, longest: int) -> str:
    return name if len(name) <= longest else name[: longest - 1] + "…"
