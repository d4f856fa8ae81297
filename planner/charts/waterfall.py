"""Chart of the waterfall: from today's list spend over every kind of lever to what is paid."""

from typing import Final

import altair as alt
import pandas as pd

from planner.charts.style import DASHES, LIGHT, Palette, exact_tips, finished, halo_and_words, money_axis, shortened
from planner.levers_sentences import KIND_WORDS, discount_name
from planner.risk import RangedEstimate
from planner.waterfall import Waterfall
from planner.words import percent, usd_short

_ROOM: Final = 0.42
"""Beside a bar, as a part of the picture's width: dollars and percent fit there on a telephone."""

_GAP_PIXELS: Final = 8
_ABOVE_PIXELS: Final = 18
"""From the middle of a bar, past its edge and its line of P10 to P90."""

_ROW_PIXELS, _AROUND_PIXELS = 44, 110
_COLUMNS = ["name", "row", "usd", "share", "start", "stop", "p10", "p90", "low", "high", "colour_of"]


def waterfall_chart(found: Waterfall, palette: Palette = LIGHT) -> alt.LayerChart:
    """Today, each kind of lever with its P10 to P90, optimised, discount, what is paid; USD of contract year 1."""
    frame = _with_words(waterfall_frame(found), palette)
    top = 1.02 * float(frame["high"].max()) or 1.0
    y = alt.Y("name:N", sort=frame["name"].tolist(), title="step", axis=alt.Axis(labelLimit=110, labelOverlap=False))
    scale = alt.Scale(domain=[min(float(frame["low"].min()), 0.0), top], nice=False)
    x = alt.X("start:Q", title="list spend (USD, contract year 1)", axis=money_axis(ticks=4), scale=scale)
    tips = [
        alt.Tooltip("name:N", title="step"),
        *exact_tips(usd="USD a year"),
        alt.Tooltip("share:Q", title="of today's", format=".1%"),
    ]
    base = alt.Chart(frame).encode(y=y)
    steps = base.transform_filter("isValid(datum.p10)")
    range_tips = [*tips, *exact_tips(low_usd="P10", high_usd="P90")]
    colours = {"total": palette.mark, "saving": palette.series[2], "cost": palette.alarm, "discount": palette.series[3]}
    colour = alt.Color("colour_of:N", scale=alt.Scale(domain=list(colours), range=list(colours.values())), legend=None)
    layers = [
        _levels(frame, palette, x=scale, y=y),
        base.mark_bar(height=20, opacity=0.8).encode(x=x, x2="stop:Q", color=colour, tooltip=tips),
        steps.mark_rule(color=palette.ink, strokeWidth=1.5).encode(x="p10:Q", x2="p90:Q", tooltip=range_tips),
        *(steps.mark_tick(color=palette.ink, thickness=1.5, height=10).encode(x=end) for end in ("p10:Q", "p90:Q")),
        *halo_and_words(base.encode(x="at:Q", text="words:N"), palette),
    ]
    reading = "Thin lines: P10 to P90 over the simulated paths. Steps are averages over all orders and add up."
    title = f"From today to what is paid: {shortened(found.scenario)}"
    return finished(layers, title, reading, palette, height=_ROW_PIXELS * len(frame) + _AROUND_PIXELS)


def waterfall_frame(found: Waterfall) -> pd.DataFrame:
    """name, row, usd, share (of today's), start, stop, p10, p90 (where the bar would end), low, high, colour_of."""
    rows: list[tuple[object, ...]] = []
    before = found.before.mean

    def add(name: str, usd: float, start: float, colour_of: str, ends: tuple[float, float] | None) -> float:
        stop = start + usd
        p10, p90 = (None, None) if ends is None else (start + ends[0], start + ends[1])
        reach = [start, stop, *(end for end in (p10, p90) if end is not None)]
        share = usd / before if before else 0.0
        rows.append((name, len(rows), usd, share, start, stop, p10, p90, min(reach), max(reach), colour_of))
        return stop

    def ranged(name: str, value: RangedEstimate, start: float, colour_of: str) -> float:
        return add(name, value.mean, start, colour_of, (value.p10, value.p90))

    level = ranged("today", found.before, 0.0, "total")
    for step in found.steps:
        level = ranged(KIND_WORDS[step.kind], step.usd, level, "cost" if step.usd.mean > 0 else "saving")
    level = ranged("optimised", found.after, 0.0, "total")
    if found.fixed_usd:
        level = add("seats and fees", found.fixed_usd, level, "cost", None)
    ranged(discount_name(found), found.discount, level, "cost" if found.discount.mean > 0 else "discount")
    ranged("what is paid", found.paid, 0.0, "total")
    frame = pd.DataFrame(rows, columns=_COLUMNS).astype({"p10": float, "p90": float})
    return frame.assign(low_usd=frame["p10"] - frame["start"], high_usd=frame["p90"] - frame["start"])


def _levels(frame: pd.DataFrame, palette: Palette, *, x: alt.Scale, y: alt.Y) -> alt.Chart:
    """What one bar hands on to the next, as a thin upright line between their middles."""
    names, stops = frame["name"].tolist(), frame["stop"].tolist()
    pairs = [
        {"name": name, "level": stop, "pair": index}
        for index, stop in enumerate(stops[:-1])
        for name in names[index : index + 2]
    ]
    line = alt.Chart(pd.DataFrame(pairs)).mark_line(color=palette.muted, strokeDash=DASHES[2], strokeWidth=1)
    return line.encode(x=alt.X("level:Q", scale=x), y=y, detail="pair:N")


def _with_words(frame: pd.DataFrame, palette: Palette) -> pd.DataFrame:
    """Words of every row and where they stand: left of the bar or right of it, above it where neither has room."""
    low, high = min(float(frame["low"].min()), 0.0), float(frame["high"].max())
    room = _ROOM * (high - low)
    places = []
    for row in frame.to_dict("records"):
        if row["low"] - low >= room:
            places.append((row["low"], "right", -_GAP_PIXELS, 0))
        elif high - row["high"] >= room:
            places.append((row["high"], "left", _GAP_PIXELS, 0))
        else:
            places.append(((row["low"] + row["high"]) / 2, "center", 0, -_ABOVE_PIXELS))
    words = [
        f"{'+' if colour_of == 'cost' else ''}{usd_short(usd)}, {percent(share, 0)}"
        for usd, share, colour_of in zip(frame["usd"], frame["share"], frame["colour_of"], strict=True)
    ]
    at, align, dx, dy = zip(*places, strict=True)
    return frame.assign(words=words, at=at, align=align, dx=dx, dy=dy, colour=palette.ink)
