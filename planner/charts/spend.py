"""Charts of list spend before any negotiated discount: month by month, and over the first year."""

from collections.abc import Sequence
from typing import Final

import altair as alt
import numpy as np
import pandas as pd

from planner.charts.style import LIGHT, Palette, chance, exact_tips, finished, money_axis, series, shortened
from planner.charts.style import words_on as words_on_marks
from planner.plan import ANNUAL_LEVELS, Plan
from planner.units import FloatArray
from planner.words import usd_short

CHANCES: Final = np.concatenate([[0.001, 0.0025, 0.005], np.linspace(0.01, 0.99, 99), [0.995, 0.9975, 0.999]])
"""Where exceedance curves are drawn: the extremes of a sample are luck."""

_NAMES = tuple(f"p{level * 100:.0f}" for level in ANNUAL_LEVELS)


def fan_chart(plan: Plan, scenarios: Sequence[str], palette: Palette = LIGHT) -> alt.LayerChart:
    """Monthly list spend of scenarios: median and the band from P10 to P90."""
    frame = fan_frame(plan, scenarios)
    color, dash = series(plan, palette)
    months = alt.Axis(format="%b %y", tickCount=6, labelOverlap=True)
    x = alt.X("month:T", title="month", scale=alt.Scale(type="utc"), axis=months)
    y = alt.Y("p50:Q", title="list spend (USD a month)", axis=money_axis(), scale=alt.Scale(zero=True))
    tips = [alt.Tooltip("scenario:N"), alt.Tooltip("month:T", format="%B %Y")]
    tips += exact_tips(p10="P10", p50="P50", p90="P90", mean="mean")
    base = alt.Chart(frame).encode(x=x, color=color)
    ends = frame[frame["month"] == frame["month"].max()]
    layers = [
        base.mark_area(opacity=0.16).encode(y=alt.Y("p10:Q"), y2="p90:Q"),
        base.mark_line(strokeWidth=2.5).encode(y=y, strokeDash=dash),
        base.mark_point(size=180, opacity=0).encode(y=y, tooltip=tips),
        *words_on_marks(ends, x="month:T", y="p50:Q", color=color, palette=palette, align="right", dx=-4, dy=-11),
    ]
    reading = "Line: median. Band: P10 to P90."
    return finished(layers, "Monthly list spend by scenario", reading, palette, height=400)


def fan_frame(plan: Plan, scenarios: Sequence[str]) -> pd.DataFrame:
    """scenario, month, p10, p50, p90, mean (USD a month): one row per scenario and month."""
    frames = []
    for name in scenarios:
        summary = plan.summaries[name]
        p10, p50, p90 = summary.monthly_quantiles_usd
        months = pd.date_range(plan.inputs.start, periods=p50.size, freq="MS")
        columns = {"p10": p10, "p50": p50, "p90": p90, "mean": summary.monthly_mean_usd}
        frames.append(pd.DataFrame({"scenario": name, "words": shortened(name), "month": months, **columns}))
    return pd.concat(frames, ignore_index=True)


def exceedance_frame(sample: FloatArray, name: str) -> pd.DataFrame:
    """scenario, usd, chance: the chance that a draw of the sample is at least usd."""
    levels = np.unique(CHANCES)
    return pd.DataFrame(
        {"scenario": name, "words": shortened(name), "usd": np.quantile(sample, 1.0 - levels), "chance": levels}
    )


def annual_exceedance_chart(plan: Plan, scenarios: Sequence[str], palette: Palette = LIGHT) -> alt.LayerChart:
    """The chance that list spend of the first year exceeds an amount, per scenario."""
    frame = annual_exceedance_frame(plan, scenarios)
    color, dash = series(plan, palette)
    x = alt.X("usd:Q", title="list spend (USD, months 1 to 12)", axis=money_axis(), scale=alt.Scale(zero=False))
    tips = [alt.Tooltip("scenario:N"), *exact_tips(usd="list spend"), alt.Tooltip("chance:Q", format=".1%")]
    base = alt.Chart(frame).encode(x=x, y=chance("chance:Q", "chance of spending more (%)"), color=color)
    # The names stand at different heights, so that scenarios of like spend do not print over each other.
    heights = {name: 0.62 - 0.14 * index for index, name in enumerate(scenarios)}
    near = (frame["chance"] - frame["scenario"].map(heights)).abs()
    named = frame.loc[near.groupby(frame["scenario"]).idxmin()]
    layers = [
        base.mark_line(strokeWidth=2.5).encode(strokeDash=dash),
        base.mark_point(size=140, opacity=0).encode(tooltip=tips),
        *words_on_marks(named, x="usd:Q", y="chance:Q", color=color, palette=palette, align="left", dx=8),
    ]
    reading = "The height at an amount is the chance of spending more."
    return finished(layers, "Annual list spend: chance of more", reading, palette)


def annual_exceedance_frame(plan: Plan, scenarios: Sequence[str]) -> pd.DataFrame:
    """scenario, usd, chance of annual list spend."""
    frames = [exceedance_frame(plan.spend[name].annual_list_cost_usd(), name) for name in scenarios]
    return pd.concat(frames, ignore_index=True)


def annual_ranges_chart(plans: Sequence[Plan], palette: Palette = LIGHT) -> alt.LayerChart:
    """P10 to P90 of annual list spend with the median, one row per scenario of every plan."""
    frame = annual_ranges_frame(plans)
    y = alt.Y("name:N", sort=frame["name"].tolist(), title="scenario", axis=alt.Axis(labelLimit=170))
    x = alt.X("p10:Q", title="list spend (USD, months 1 to 12)", axis=money_axis(), scale=alt.Scale(zero=True))
    titles = {name: name.upper() for name in _NAMES} | {"mean": "mean"}
    tips = [alt.Tooltip("name:N", title="scenario"), *exact_tips(**titles)]
    base = alt.Chart(frame).encode(y=y, tooltip=tips)
    layers = [
        base.mark_bar(color=palette.mark, opacity=0.35, height=16).encode(x=x, x2="p90:Q"),
        base.mark_tick(color=palette.mark, thickness=3, height=22).encode(x="p50:Q"),
        base.mark_text(dy=-19, color=palette.ink, fontWeight="bold").encode(x="p50:Q", text="words:N"),
    ]
    reading = "Bar: P10 to P90. Tick and figure: median."
    return finished(layers, "Annual list spend by scenario", reading, palette, height=60 * len(frame) + 110)


def annual_ranges_frame(plans: Sequence[Plan]) -> pd.DataFrame:
    """name, p5 to p95, mean of annual list spend, USD; a name carries its plan's number where there are several."""
    return pd.DataFrame(
        [
            {"name": shortened(name if len(plans) == 1 else f"{index}. {name}")}
            | dict(zip(_NAMES, summary.annual_quantiles_usd.tolist(), strict=True))
            | {"mean": summary.annual.mean, "words": usd_short(float(np.median(summary.annual_quantiles_usd)))}
            for index, plan in enumerate(plans, start=1)
            for name, summary in plan.summaries.items()
        ]
    )
