"""Charts of a calibration: the fit against the measured periods, and how much the data say of each parameter."""

import altair as alt
import pandas as pd

from planner.calibration.calibrate import Calibration
from planner.calibration_report import parameter_name
from planner.charts.style import LIGHT, Palette, exact_tips, finished, money_axis, shortened
from planner.errors import InputError
from planner.words import percent


def trend_chart(calibration: Calibration, palette: Palette = LIGHT) -> alt.LayerChart:
    """The bill of every complete period at one cost per request, with the fitted level and the band around it.

    Errors: InputError without a fit.
    """
    frame = trend_frame(calibration)
    weekly = calibration.history.period == "week"
    when = alt.Axis(format="%d %b" if weekly else "%b %y", tickCount=6, labelOverlap=True)
    x = alt.X("starts:T", title=calibration.history.period, scale=alt.Scale(type="utc", padding=8), axis=when)
    title = "list cost (USD a month)"
    y = alt.Y("measured:Q", title=title, axis=money_axis(), scale=alt.Scale(zero=False, padding=12))
    tips = [alt.Tooltip("label:N", title=calibration.history.period)]
    tips += exact_tips(measured="measured", fitted="fitted", p10="P10", p90="P90")
    base = alt.Chart(frame).encode(x=x)
    steps = base.transform_filter("datum.steps != ''")
    layers = [
        base.mark_area(color=palette.mark, opacity=0.16).encode(y=alt.Y("p10:Q", title=title), y2="p90:Q"),
        steps.mark_rule(color=palette.alarm, strokeDash=[2, 3]),
        base.mark_line(color=palette.mark, strokeWidth=2.5).encode(y=alt.Y("fitted:Q", title=title)),
        base.mark_line(color=palette.ink, strokeWidth=1, opacity=0.5).encode(y=y),
        base.mark_point(color=palette.ink, filled=True, size=50, opacity=1).encode(y=y, tooltip=tips),
        steps.mark_text(align="left", baseline="top", dx=4, color=palette.alarm, fontWeight="bold").encode(
            y=alt.value(4), text="steps:N"
        ),
    ]
    reading = "Points: requests of each period at today's cost of one. Line: fitted level. Band: 4 in 5 lie inside."
    return finished(layers, "The fit against the measured periods", reading, palette)


def trend_frame(calibration: Calibration) -> pd.DataFrame:
    """label, starts, measured, fitted, p10, p90 (USD a month), steps (the types with a lasting step from there on)."""
    trend, history = calibration.trend, calibration.history
    if trend is None:
        raise InputError("this log has no fit to draw: it has fewer than six complete months and eight complete weeks")
    steps: dict[str, list[str]] = {}
    for shift in history.level_shifts:
        steps.setdefault(shift.label, []).append(f"{shortened(shift.request_type)} x {shift.factor:.2f}")
    return pd.DataFrame(
        {
            "label": history.labels,
            "starts": pd.to_datetime([period.start for period in history.periods]),
            "measured": trend.measured_usd,
            "fitted": trend.fitted_usd,
            "p10": trend.p10_usd,
            "p90": trend.p90_usd,
            "steps": [", ".join(steps.get(label, [])) for label in history.labels],
        }
    )


def weights_chart(calibration: Calibration, palette: Palette = LIGHT) -> alt.LayerChart:
    """How much of what is known of each fitted parameter comes from the data, the rest from its prior."""
    frame = weights_frame(calibration)
    y = alt.Y("name:N", sort=frame["name"].tolist(), title=None, axis=alt.Axis(labelLimit=220))
    x = alt.X("weight:Q", title="weight of the data (%)", axis=alt.Axis(format=".0%", tickCount=5))
    base = alt.Chart(frame).encode(y=y)
    layers = [
        base.mark_bar(color=palette.muted, opacity=0.2).encode(x=alt.X("whole:Q", scale=alt.Scale(domain=[0, 1.12]))),
        base.mark_bar(color=palette.mark, opacity=0.8).encode(
            x=x, tooltip=["name:N", alt.Tooltip("weight:Q", format=".0%"), alt.Tooltip("source:N")]
        ),
        base.mark_text(align="left", dx=5, color=palette.ink, fontWeight="bold").encode(x="weight:Q", text="words:N"),
    ]
    reading = "Full: your data decide. Empty: the prior does."
    return finished(layers, "What your data say", reading, palette, height=36 * len(frame) + 90)


def weights_frame(calibration: Calibration) -> pd.DataFrame:
    """name, weight (of the data, 0 to 1), source, words: the parameters of demand that can be fitted, season apart."""
    names = (
        "growth_per_year",
        "monthly_volatility",
        "monthly_noise",
        "noise_ar1",
        "common_share",
        "token_drift_per_year",
        "level_sd",
    )
    rows = []
    for name in names:
        fit = calibration.parameter(name)
        typed = fit.source == "user"
        words = "as you typed it" if typed else percent(fit.weight_of_data, 0)
        rows.append((parameter_name(name), fit.weight_of_data, 1.0, fit.source, words))
    return pd.DataFrame(rows, columns=["name", "weight", "whole", "source", "words"])
