"""Charts of what was used: where the bill comes from, and the measured months."""

from typing import Final

import altair as alt
import numpy as np
import pandas as pd

from planner.charts.style import DASHES, LIGHT, Palette, exact_tips, finished, money_axis, shortened
from planner.measurement import Measurement
from planner.plan import Plan
from planner.words import percent, usd_short

LARGEST_ROWS: Final = 12


def pareto_chart(plan: Plan, palette: Palette = LIGHT) -> alt.LayerChart:
    """Share of the bill by request type and model, largest first, with the running total."""
    frame = pareto_frame(plan)
    rows = alt.Axis(labelLimit=150, labelExpr="split(datum.label, ' · ')", labelLineHeight=13, labelOverlap=False)
    y = alt.Y("name:N", sort=frame["name"].tolist(), title="request type · model", axis=rows)
    whole = alt.Scale(domain=[0, 1.12], nice=False)
    ticks = alt.Axis(format=".0%", values=[0, 0.25, 0.5, 0.75, 1])
    x = alt.X("share:Q", title="share of the list bill (%)", axis=ticks, scale=whole)
    tips = [
        alt.Tooltip("name:N", title="type · model"),
        *exact_tips(usd="list cost a month"),
        alt.Tooltip("share:Q", title="share of bill", format=".1%"),
        alt.Tooltip("cumulative:Q", title="cumulative", format=".1%"),
    ]
    base = alt.Chart(frame).encode(y=y)
    # The first running total is the end of the first bar, where its figure stands.
    running = base.transform_filter("datum.rank > 0")
    layers = [
        base.mark_bar(color=palette.mark, opacity=0.8).encode(x=x, tooltip=tips),
        running.mark_line(color=palette.alarm, strokeDash=DASHES[1]).encode(x="cumulative:Q", order="rank:Q"),
        running.mark_point(color=palette.alarm, shape="diamond", filled=True, size=60).encode(
            x="cumulative:Q", tooltip=tips
        ),
        base.mark_text(align="left", dx=5, color=palette.ink, fontWeight="bold").encode(x=x, text="words:N"),
    ]
    reading = "Bars: share of the bill. Diamonds: running total."
    return finished(layers, "Where the bill comes from", reading, palette, height=40 * len(frame) + 110)


def pareto_frame(plan: Plan) -> pd.DataFrame:
    """The mix as name, usd (a month), share, cumulative, rank; beyond the largest, the rest in one row."""
    lines = plan.prepared.mix_lines
    rows = [
        (f"{shortened(line.request_type)} · {line.model}", line.monthly_list_cost_usd, line.share_of_bill)
        for line in lines[:LARGEST_ROWS]
    ]
    if rest := lines[LARGEST_ROWS:]:
        usd, share = sum(line.monthly_list_cost_usd for line in rest), sum(line.share_of_bill for line in rest)
        rows.append((f"{len(rest)} more", usd, share))
    frame = pd.DataFrame(rows, columns=["name", "usd", "share"])
    running = frame["share"].cumsum().clip(upper=1.0)
    return frame.assign(cumulative=running, rank=range(len(frame)), words=frame["share"].map(percent))


def measured_months_chart(measurement: Measurement, palette: Palette = LIGHT) -> alt.LayerChart:
    """List cost of every measured month; a month that the log covers in part is hollow and says so."""
    frame = measured_months_frame(measurement)
    base = alt.Chart(frame).encode(
        x=alt.X("month:O", title="month", axis=alt.Axis(labelAngle=0, labelOverlap=True)),
        y=alt.Y("usd:Q", title="list cost (USD a month)", axis=money_axis()),
    )
    bars = base.mark_bar(color=palette.mark, stroke=palette.mark, strokeWidth=1.5).encode(
        fillOpacity=alt.FillOpacity("fill:Q", scale=None),
        tooltip=["month:O", alt.Tooltip("state:N", title="covered"), *exact_tips(usd="list cost")],
    )
    words = base.mark_text(dy=-8, color=palette.ink, fontWeight="bold").encode(text="words:N")
    reading = "At each day's list price, after exclusions."
    return finished([bars, words], "Measured months", reading, palette, height=290)


def measured_months_frame(measurement: Measurement) -> pd.DataFrame:
    """month (YYYY-MM), usd at list, state ("whole month" or "part of it")."""
    monthly = measurement.rows.groupby("month", sort=True)["list_cost_usd"].sum().reset_index(name="usd")
    whole = monthly["month"].isin(measurement.complete_months).to_numpy()
    words = [usd_short(usd) + ("" if ok else " (part)") for usd, ok in zip(monthly["usd"], whole, strict=True)]
    state = np.where(whole, "whole month", "part of it")
    return monthly.assign(state=state, fill=np.where(whole, 0.8, 0.0), words=words)
