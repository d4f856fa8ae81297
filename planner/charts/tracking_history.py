"""Charts of what was to be expected of a signed plan, as it was told after each month."""

from collections.abc import Callable, Sequence
from typing import Any, Final

import altair as alt
import pandas as pd

from planner.charts.style import (
    DASHES,
    LIGHT,
    Palette,
    chance,
    finished,
    halo_and_words,
    money_axis,
)
from planner.charts.tracking import word
from planner.paths_file import month_name
from planner.tracking.result import PastForecast
from planner.tracking.tracking import Tracking
from planner.words import percent, usd_short

AT_SIGNING: Final = "at signing"
TODAY: Final = "today"
_FEW: Final = 6
"""Months whose names fit side by side."""

_WORDS_PIXELS: Final = 14
_NEAR: Final = 0.12
"""Of the picture's height: less is too near to the axis for words below a point."""

Rows = list[dict[str, Any]]


def history_chart(tracking: Tracking, palette: Palette = LIGHT) -> alt.LayerChart:
    """The probability of a shortfall and of use beyond the commitment, as it was told after each month."""
    frame = history_frame(tracking)
    y = chance("value:Q", "probability over the term (%)")
    layers = _history(
        frame[frame["of"] == "probability"], y, palette, lambda value: percent(value, 0), tips_format=".1%"
    )
    limits = _limits(tracking)
    reading = _history_reading(tracking)
    if limits:
        rule = alt.Chart(pd.DataFrame({"value": list(limits.values())})).encode(y=y)
        layers.insert(0, rule.mark_rule(color=palette.muted, strokeDash=DASHES[2]))
        said = ", ".join(f"{kind} from {percent(limit, 0)}" for kind, limit in limits.items())
        reading = f"{reading} Dotted: the plan's {'alert' if len(limits) == 1 else 'alerts'}, {said}."
    return finished(layers, "What was to be expected, month by month", reading, palette, height=320)


def _limits(tracking: Tracking) -> dict[str, float]:
    """What is charted -> the probability from which the plan wants to be told."""
    alerts = tracking.signed.signed.alerts
    limits = {"shortfall": alerts.shortfall_probability, "overage": alerts.overage_probability}
    return {kind: limit for kind, limit in limits.items() if limit is not None}


def history_dollars_chart(tracking: Tracking, palette: Palette = LIGHT) -> alt.LayerChart:
    """Expected shortfall and overage of the term, as they were told after each month."""
    frame = history_frame(tracking)
    y = alt.Y("value:Q", title="expected over the term (USD)", axis=money_axis(), scale=alt.Scale(zero=True))
    layers = _history(frame[frame["of"] == "usd"], y, palette, usd_short, tips_format="$,.0f")
    title = "Expected shortfall and overage, month by month"
    return finished(layers, title, _history_reading(tracking), palette, height=320)


def history_frame(tracking: Tracking) -> pd.DataFrame:
    """as_of, of (probability, usd), kind (shortfall, overage), value, made (the day it was told, or worked out again
    now): in order, the last of today."""
    forecast = tracking.forecast
    names = [_as_of(tracking, past) for past in tracking.past]
    now = _now(tracking)
    rows: Rows = []

    def add(as_of: str, made: str, shortfall: tuple[float, float], overage: tuple[float, float]) -> None:
        for kind, (probability, usd) in (("shortfall", shortfall), ("overage", overage)):
            rows.append({"as_of": as_of, "of": "probability", "kind": kind, "value": probability, "made": made})
            rows.append({"as_of": as_of, "of": "usd", "kind": kind, "value": usd, "made": made})

    for name, past in zip(names, tracking.past, strict=True):
        if name != now:
            made = "worked out again" if past.on is None else f"told on {past.on}"
            add(
                name,
                made,
                (past.shortfall_probability, past.expected_shortfall_usd),
                (past.overage_probability, past.expected_overage_usd),
            )
    add(
        now,
        "of today",
        (forecast.shortfall_probability.mean, forecast.expected_shortfall.mean),
        (forecast.overage_probability.mean, forecast.expected_overage.mean),
    )
    return pd.DataFrame(rows)


def _now(tracking: Tracking) -> str:
    """How the forecast of today is called: by its month where that is over."""
    if not tracking.months:
        return AT_SIGNING
    return tracking.forecast.as_of if tracking.months[-1].is_closed else TODAY


def _as_of(tracking: Tracking, past: PastForecast) -> str:
    return past.as_of if past.as_of >= month_name(tracking.signed.inputs.start, 0) else AT_SIGNING


def _history(
    frame: pd.DataFrame, y: alt.Y, palette: Palette, words: Callable[[float], str], *, tips_format: str
) -> list[alt.Chart]:
    order = list(dict.fromkeys(frame["as_of"]))
    axis = alt.Axis(labelAngle=0 if len(order) <= _FEW else -45, labelOverlap=True)
    x = alt.X("as_of:O", sort=order, title="after the month", axis=axis, scale=alt.Scale(paddingOuter=0.6))
    kinds, colours = ["shortfall", "overage"], [palette.alarm, palette.mark]
    colour = alt.Color("kind:N", scale=alt.Scale(domain=kinds, range=colours), legend=None)
    dash = alt.StrokeDash("kind:N", scale=alt.Scale(domain=kinds, range=[DASHES[0], DASHES[1]]), legend=None)
    tips = [alt.Tooltip("kind:N", title=""), alt.Tooltip("as_of:N", title="after"), alt.Tooltip("made:N", title="")]
    tips.append(alt.Tooltip("value:Q", title="", format=tips_format))
    base = alt.Chart(frame).encode(x=x, y=y, color=colour)
    told = "datum.made != 'worked out again'"
    return [
        base.mark_line(strokeWidth=2.5).encode(strokeDash=dash),
        base.mark_point(filled=True, size=80, opacity=1).transform_filter(told).encode(tooltip=tips),
        base.mark_point(fill=palette.ground, strokeWidth=2, size=80, opacity=1)
        .transform_filter(f"!({told})")
        .encode(tooltip=tips),
        *halo_and_words(
            alt.Chart(_history_words(frame, order, words, palette)).encode(x=x, y=y, text="words:N"), palette
        ),
    ]


def _history_words(
    frame: pd.DataFrame, order: Sequence[str], words: Callable[[float], str], palette: Palette
) -> pd.DataFrame:
    """The first and the last value of each line: the higher one above its point, the other one where there is room."""
    rows = []
    top = float(frame["value"].max()) or 1.0
    for as_of in dict.fromkeys((order[0], order[-1])):
        is_last = as_of == order[-1]
        align, dx = ("right", 12) if is_last else ("left", -12)
        high, low = frame[frame["as_of"] == as_of].sort_values("value", ascending=False).to_dict("records")
        is_low_above = low["value"] < _NEAR * top and high["value"] - low["value"] > 2 * _NEAR * top
        for row, dy in ((high, -_WORDS_PIXELS), (low, -_WORDS_PIXELS if is_low_above else _WORDS_PIXELS + 3)):
            colour = palette.alarm if row["kind"] == "shortfall" else palette.mark
            name = f"{row['kind']} {words(row['value'])}" if is_last else words(row["value"])
            rows.append(word(row, name, colour, align, dx, dy))
    return pd.DataFrame(rows)


def _history_reading(tracking: Tracking) -> str:
    told = any(past.on is not None for past in tracking.past)
    return "Filled: as it was told then. Hollow: worked out again now." if told else "Hollow: worked out again now."
