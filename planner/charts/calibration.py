"""Charts of a calibration: the fit against the measured periods, and how much the data say of each parameter."""

from typing import Any, Final

import altair as alt
import pandas as pd

from planner.calibration.calibrate import Calibration
from planner.calibration.parameter_names import parameter_name
from planner.charts.style import LIGHT, Palette, exact_tips, finished, money_axis, shortened
from planner.errors import InputError
from planner.history.history import History
from planner.words import percent

_KINDS: Final = ("usual days only", "with unusual days")
_SIDES: Final = ("!datum.late", "datum.late")


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
    tips += [
        *exact_tips(measured="measured", fitted="fitted", p10="P10", p90="P90"),
        alt.Tooltip("unusual:N", title="unusual days"),
    ]
    base = alt.Chart(frame).encode(x=x)
    steps = base.transform_filter("datum.steps != ''")
    layers = [
        base.mark_area(color=palette.mark, opacity=0.16).encode(y=alt.Y("p10:Q", title=title), y2="p90:Q"),
        steps.mark_rule(color=palette.alarm, strokeDash=[2, 3]),
        base.mark_line(color=palette.mark, strokeWidth=2.5).encode(y=alt.Y("fitted:Q", title=title)),
        base.mark_line(color=palette.ink, strokeWidth=1, opacity=0.5).encode(y=y),
        base.mark_point(filled=True, opacity=1).encode(y=y, **_points(frame, palette), tooltip=tips),
        *_step_names(steps, palette),
    ]
    reading = "Points: requests of each period at today's cost of one. Line: fitted level. Band: 4 in 5 lie inside."
    return finished(layers, "The fit against the measured periods", reading, palette, height=380)


def _points(frame: pd.DataFrame, palette: Palette) -> dict[str, Any]:
    """Look of the points: periods with unusual days stand out, with a legend where there are any."""
    if not frame["unusual"].any():
        return {"color": alt.value(palette.ink), "size": alt.value(50)}
    domain, legend = list(_KINDS), alt.Legend(orient="top", title=None, symbolSize=90)
    return {
        "shape": alt.Shape("kind:N", scale=alt.Scale(domain=domain, range=["circle", "diamond"]), legend=legend),
        "color": alt.Color("kind:N", scale=alt.Scale(domain=domain, range=[palette.ink, palette.alarm]), legend=legend),
        "size": alt.Size("kind:N", scale=alt.Scale(domain=domain, range=[50, 120]), legend=None),
    }


def _step_names(steps: alt.Chart, palette: Palette) -> list[alt.Chart]:
    """The types that took a step, at the top of its line, on the side that has room."""
    style: dict[str, Any] = {"baseline": "top", "color": palette.alarm, "fontWeight": "bold"}
    early, late = (steps.transform_filter(which).encode(y=alt.value(4), text="steps:N") for which in _SIDES)
    return [early.mark_text(align="left", dx=4, **style), late.mark_text(align="right", dx=-4, **style)]


def trend_frame(calibration: Calibration) -> pd.DataFrame:
    """label, starts, measured, fitted, p10, p90 (USD a month), steps (the types with a lasting step from there on).

    late: whether the period lies in the later half. unusual: its unusual days, in words; kind: whether it has any.
    """
    trend, history = calibration.trend, calibration.history
    if trend is None:
        raise InputError("this log has no fit to draw: it has fewer than six complete months and eight complete weeks")
    steps: dict[str, list[str]] = {}
    for shift in history.level_shifts:
        steps.setdefault(shift.label, []).append(f"{shortened(shift.request_type)} x {shift.factor:.2f}")
    unusual = _unusual_days(history)
    return pd.DataFrame(
        {
            "label": history.labels,
            "starts": pd.to_datetime([period.start for period in history.periods]),
            "measured": trend.measured_usd,
            "fitted": trend.fitted_usd,
            "p10": trend.p10_usd,
            "p90": trend.p90_usd,
            "steps": [", ".join(steps.get(label, [])) for label in history.labels],
            "late": [2 * place > history.n_periods for place in range(history.n_periods)],
            "unusual": unusual,
            "kind": [_KINDS[bool(days)] for days in unusual],
        }
    )


def _unusual_days(history: History) -> list[str]:
    """The unusual days of each period, "8 Aug reindex, ..."; empty where it has none."""
    return [
        ", ".join(
            f"{one.day.day} {one.day:%b} {shortened(one.request_type)}"
            for one in history.outlier_days
            if period.start <= one.day <= period.end
        )
        for period in history.periods
    ]


def weights_chart(calibration: Calibration, palette: Palette = LIGHT) -> alt.LayerChart:
    """How much of what is known of each fitted parameter comes from the data, the rest from its prior."""
    frame = weights_frame(calibration)
    y = alt.Y("name:N", sort=frame["name"].tolist(), title="parameter", axis=alt.Axis(labelLimit=220))
    # A weight ends at 100 %; what lies beyond is room for the words beside a full bar.
    axis, scale = alt.Axis(format=".0%", values=[0, 0.25, 0.5, 0.75, 1]), alt.Scale(domain=[0, 1.3], nice=False)
    x = alt.X("weight:Q", title="weight of the data (%)", axis=axis, scale=scale)
    base = alt.Chart(frame).encode(y=y)
    layers = [
        base.mark_bar(color=palette.muted, opacity=0.2).encode(x=alt.X("whole:Q", title="", axis=axis, scale=scale)),
        base.mark_bar(color=palette.mark, opacity=0.8).encode(
            x=x, tooltip=["name:N", alt.Tooltip("weight:Q", format=".1%"), alt.Tooltip("source:N")]
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
