"""The cleaned baseline over the raw one: what the log has by day or week, and what is kept of it."""

from typing import Final

import altair as alt
import pandas as pd

from planner.baseline.level import daily_spend
from planner.charts.style import LIGHT, Palette, exact_tips, finished, halo_and_words, money_axis, shortened, side_of
from planner.measurement import Measurement
from planner.words import usd, usd_short

WEEKLY_FROM_DAYS: Final = 120
"""From so many days on, weeks are drawn: days would be a comb of weekends."""


def baseline_chart(measurement: Measurement, palette: Palette = LIGHT) -> alt.LayerChart:
    """Raw list cost as a pale area, what is kept of it over that, and the spans that exclusions took from marked."""
    frame, spans = baseline_frame(measurement), excluded_spans(measurement)
    per = "week" if is_weekly(measurement) else "day"
    x = alt.X("day:T", title=per, scale=alt.Scale(type="utc"), axis=alt.Axis(format="%d %b %y", tickCount=6))
    scale = alt.Scale(domain=[0, 1.18 * max(float(frame["raw_usd"].max()), 1.0)], nice=False)
    title = f"list cost (USD a {per})"
    base = alt.Chart(frame).encode(x=x)
    drawn = alt.Chart(_closed(frame, per)).encode(x=x)
    tips = [
        alt.Tooltip("day:T", title=per, format="%d %B %Y"),
        *exact_tips(raw_usd="raw", removed_usd="left out", kept_usd="kept"),
    ]
    layers = [
        drawn.mark_area(color=palette.muted, opacity=0.30, interpolate="step-after").encode(
            y=alt.Y("raw_usd:Q", title=title, axis=money_axis(), scale=scale)
        ),
        drawn.mark_area(color=palette.mark, opacity=0.75, interpolate="step-after").encode(
            y=alt.Y("kept_usd:Q", title=title, axis=money_axis(), scale=scale)
        ),
        base.mark_point(size=160, opacity=0).encode(y=alt.Y("raw_usd:Q", title=title, scale=scale), tooltip=tips),
    ]
    if not len(spans):
        layers += _all_kept(frame, per, title, palette)
    else:
        marked = alt.Chart(_placed(spans, frame, palette)).encode(x=alt.X("begin:T", title=per))
        layers.append(marked.mark_rect(color=palette.alarm, opacity=0.10).encode(x2="end:T"))
        layers.append(marked.mark_rule(color=palette.alarm, strokeDash=[3, 3]))
        words = marked.encode(x=alt.X("at:T", title=per), y=alt.Y("height:Q", title=title, scale=scale), text="words:N")
        layers += halo_and_words(words, palette)
    reading = "Pale: all that the log has. Full: what is kept. Marked: what exclusions took out."
    return finished(layers, "Baseline, raw and cleaned", reading, palette)


def is_weekly(measurement: Measurement) -> bool:
    """Whether weeks are drawn."""
    return (measurement.last.date() - measurement.first.date()).days >= WEEKLY_FROM_DAYS


def baseline_frame(measurement: Measurement) -> pd.DataFrame:
    """day (the first of a week where weeks are drawn), raw_usd, removed_usd, kept_usd; weeks count from the first day.

    A last week that the log does not fill is left to its own sum, and so is low: it is a part.
    """
    days = daily_spend(measurement)
    if not is_weekly(measurement):
        return days
    week = (days["day"] - days["day"].iloc[0]).dt.days // 7
    sums = days.groupby(week)[["kept_usd", "removed_usd", "raw_usd"]].sum()
    return sums.assign(day=days["day"].iloc[0] + pd.to_timedelta(7 * sums.index, unit="D")).reset_index(drop=True)


def excluded_spans(measurement: Measurement) -> pd.DataFrame:
    """begin, end (the day after the last), usd, name: one row per exclusion that took something, in order."""
    rows = []
    for place, removal in enumerate(measurement.removals):
        days = measurement.removed.loc[measurement.removed["exclusion"] == place, "day"]
        if len(days):
            end = days.max() + pd.Timedelta(days=1)
            rows.append((days.min(), end, removal.list_cost_usd, str(removal.exclusion)))
    return pd.DataFrame(rows, columns=["begin", "end", "usd", "name"])


def _closed(frame: pd.DataFrame, per: str) -> pd.DataFrame:
    """The frame with the end of its last day or week, so that steps give each the same width."""
    end = frame.iloc[[-1]].assign(day=frame["day"].iloc[-1] + pd.Timedelta(days=7 if per == "week" else 1))
    return pd.concat([frame, end], ignore_index=True)


def _all_kept(frame: pd.DataFrame, per: str, title: str, palette: Palette) -> list[alt.Chart]:
    """The words over a log that nothing is left out of."""
    words = f"all of it is kept: {usd_short(float(frame['kept_usd'].sum()))}"
    place = {"day": frame["day"].iloc[0], "height": 1.10 * float(frame["raw_usd"].max()), "words": words}
    beside = pd.DataFrame([place | {"align": "left", "dx": 4, "dy": 0, "colour": palette.mark}])
    base = alt.Chart(beside).encode(x=alt.X("day:T", title=per), y=alt.Y("height:Q", title=title), text="words:N")
    return halo_and_words(base, palette)


def _placed(spans: pd.DataFrame, frame: pd.DataFrame, palette: Palette) -> pd.DataFrame:
    """Spans with their words: beside their middle, one below the other, inside the picture."""
    low, high = frame["day"].min(), frame["day"].max()
    top = float(frame["raw_usd"].max())
    middle = spans["begin"] + (spans["end"] - spans["begin"]) / 2
    width = max((high - low).total_seconds(), 1.0)
    sides = [side_of((at - low).total_seconds() / width, 0.0, 1.0) for at in middle]
    return spans.assign(
        at=middle,
        height=[1.10 * top - 0.09 * top * (place % 4) for place in range(len(spans))],
        words=[
            f"{shortened(name)}: {usd_short(float(amount))}"
            for name, amount in zip(spans["name"], spans["usd"], strict=True)
        ],
        align=sides,
        dx=0,
        dy=0,
        colour=palette.alarm,
    )


def baseline_says(measurement: Measurement) -> str:
    """The picture in words."""
    days = daily_spend(measurement)
    raw, kept = float(days["raw_usd"].sum()), float(days["kept_usd"].sum())
    left = "; ".join(
        f"{row['name']} {usd(float(row['usd']))}" for row in excluded_spans(measurement).to_dict("records")
    )
    span = f"{measurement.first:%Y-%m-%d} to {measurement.last:%Y-%m-%d}"
    out = f" Left out: {left}." if left else " Nothing is left out."
    return f"List cost from {span}: {usd(raw)} in the log, {usd(kept)} kept.{out}"
