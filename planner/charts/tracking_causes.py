"""Chart of causes: from what was planned to what was used."""

from itertools import pairwise
from typing import Any, Final

import altair as alt
import pandas as pd

from planner.charts.style import DASHES, LIGHT, Palette, exact_tips, finished, halo_and_words, money_axis
from planner.tracking.result import Causes
from planner.words import usd_short

_ROOM: Final = 0.30
_ROW_PIXELS, _AROUND_PIXELS, _GAP_PIXELS = 40, 120, 7


def causes_chart(causes: Causes, palette: Palette = LIGHT) -> alt.LayerChart:
    """From planned to actual: each cause takes on where the one above it ended; USD from the plan."""
    frame = _coloured(causes_frame(causes), palette)
    low, high = _cause_domain(frame)
    scale = alt.Scale(domain=[low, high], nice=False)
    order = frame["name"].tolist()
    y = alt.Y("name:N", sort=order, title="cause", axis=alt.Axis(labelLimit=120, labelOverlap=False))
    x = alt.X("start:Q", title="difference from the plan (USD, list)", axis=money_axis(ticks=4), scale=scale)
    tips = [alt.Tooltip("name:N", title="cause"), *exact_tips(usd="USD")]
    base, words = alt.Chart(frame).encode(y=y), alt.Chart(_words(frame, palette))
    zero = alt.Chart(pd.DataFrame({"start": [0.0]})).mark_rule(color=palette.muted).encode(x=x)
    layers = [
        zero,
        _handed_on(frame, palette, scale, y),
        base.mark_bar(height=18, opacity=0.85).encode(
            x=x, x2="stop:Q", color=alt.Color("bar:N", scale=None), tooltip=tips
        ),
        *halo_and_words(words.encode(y=y, x=alt.X("at:Q", scale=scale), text="words:N"), palette),
    ]
    months = len(causes.by_month)
    over = "1 closed month" if months == 1 else f"{months} closed months"
    reading = f"To the right: more use than planned, to the left: less, over {over}. The causes add up."
    height = _ROW_PIXELS * len(frame) + _AROUND_PIXELS
    return finished(layers, "From planned to actual, by cause", reading, palette, height=height)


def causes_frame(causes: Causes) -> pd.DataFrame:
    """name, usd, start, stop (USD from the plan), kind (planned, cause, actual): in the order of the waterfall."""
    rows: list[tuple[str, float, float, float, str]] = [("planned", causes.planned_usd, 0.0, 0.0, "planned")]
    level = 0.0
    for cause in causes.causes:
        rows.append((cause.cause, cause.usd, level, level + cause.usd, "cause"))
        level += cause.usd
    rows.append(("actual", causes.actual_usd, 0.0, causes.actual_usd - causes.planned_usd, "actual"))
    return pd.DataFrame(rows, columns=["name", "usd", "start", "stop", "kind"])


def _cause_domain(frame: pd.DataFrame) -> tuple[float, float]:
    """Room for the words on the side on which they stand."""
    low, high = (float(frame[["start", "stop"]].to_numpy().min()), float(frame[["start", "stop"]].to_numpy().max()))
    width = (high - low) or 1.0
    return low - _ROOM * width, high + _ROOM * width


def _coloured(frame: pd.DataFrame, palette: Palette) -> pd.DataFrame:
    """The colour of each bar: more than planned, less, or the sum of both."""
    more = [stop >= start for start, stop in zip(frame["start"], frame["stop"], strict=True)]
    colours = [palette.mark if is_more else palette.alarm for is_more in more]
    totals = [kind == "actual" for kind in frame["kind"]]
    return frame.assign(bar=[palette.muted if total else c for total, c in zip(totals, colours, strict=True)])


def _words(frame: pd.DataFrame, palette: Palette) -> pd.DataFrame:
    """Differences at the ends of the bars; what was planned and what was used at the line that they start from."""
    rows: list[dict[str, Any]] = []

    def add(name: str, words: str, at: float, *, to_the_right: bool) -> None:
        align, dx = ("left", _GAP_PIXELS) if to_the_right else ("right", -_GAP_PIXELS)
        rows.append({"name": name, "words": words, "at": at, "align": align, "dx": dx, "dy": 0, "colour": palette.ink})

    is_less = float(frame["stop"].iloc[-1]) < 0
    for row in frame.to_dict("records"):
        name, difference = str(row["name"]), float(row["stop"] - row["start"])
        if row["kind"] != "cause":
            add(name, usd_short(row["usd"]), 0.0, to_the_right=is_less)
        if row["kind"] != "planned":
            sign = "+" if round(difference) > 0 else ""
            add(name, f"{sign}{usd_short(difference)}", float(row["stop"]), to_the_right=difference >= 0)
    return pd.DataFrame(rows)


def _handed_on(frame: pd.DataFrame, palette: Palette, scale: alt.Scale, y: alt.Y) -> alt.Chart:
    """Where one bar ends the next begins: a thin upright line between their middles."""
    names, stops = frame["name"].tolist(), frame["stop"].tolist()
    pairs = [
        {"name": name, "level": stop, "pair": index}
        for index, (stop, both) in enumerate(zip(stops, pairwise(names), strict=False))
        for name in both
    ]
    line = alt.Chart(pd.DataFrame(pairs)).mark_line(color=palette.muted, strokeDash=DASHES[2], strokeWidth=1)
    return line.encode(x=alt.X("level:Q", scale=scale), y=y, detail="pair:N")
