"""Charts of a backtest: what came against the bands of each fold, the PIT histogram, what each rule would have cost."""

import altair as alt
import numpy as np
import pandas as pd

from planner.backtest.judge import LEVELS, PIT_BINS, Backtest, Fold
from planner.backtest.rules import PERFECT_FORESIGHT, RECOMMENDED
from planner.backtest_report import rule_name
from planner.charts.style import LIGHT, Palette, exact_tips, finished, halo_and_words, money_axis
from planner.words import usd_short

_BANDS = tuple(f"p{level * 100:.0f}" for level in LEVELS)


def fold_chart(backtest: Backtest, fold: Fold, palette: Palette = LIGHT) -> alt.LayerChart:
    """One fold: list spend of every period, and the forecast's median and bands where it was hidden."""
    seen, forecast = history_frame(backtest), fold_frame(fold)
    when = alt.Axis(format="%b %y" if backtest.period == "month" else "%d %b", tickCount=6, labelOverlap=True)
    x = alt.X("starts:T", title=f"{backtest.period}", scale=alt.Scale(type="utc", padding=8), axis=when)
    title = f"list spend (USD a {backtest.period})"
    y = alt.Y("usd:Q", title=title, axis=money_axis(), scale=alt.Scale(zero=False, padding=12))
    bands = alt.Chart(forecast).encode(x=x)
    actual = alt.Chart(seen).encode(x=x, y=y)
    tips = [alt.Tooltip("label:N", title=f"{backtest.period}")]
    tips += exact_tips(actual="actual", p10="P10", p50="P50", p90="P90", mean="mean")
    # Upright bars and not areas: a fold may hide a single period, which has no width to fill.
    layers = [
        bands.mark_rule(color=palette.mark, opacity=0.25, strokeWidth=9).encode(
            y=alt.Y("p10:Q", title=title), y2="p90:Q"
        ),
        bands.mark_rule(color=palette.mark, opacity=0.4, strokeWidth=9).encode(
            y=alt.Y("p25:Q", title=title), y2="p75:Q"
        ),
        bands.mark_line(
            color=palette.mark, strokeDash=[7, 4], strokeWidth=2, point=alt.OverlayMarkDef(color=palette.mark)
        ).encode(y=alt.Y("p50:Q", title=title)),
        actual.mark_line(color=palette.ink, strokeWidth=2),
        actual.mark_point(color=palette.ink, filled=True, size=45).encode(tooltip=[tips[0], *exact_tips(usd="actual")]),
        bands.mark_point(size=220, opacity=0).encode(y=alt.Y("actual:Q", title=title), tooltip=tips),
        *_fold_words(forecast, x, title, palette),
    ]
    reading = "Solid: what came. Dashed: forecast median, from what was known before. Bars: its 50% and 80% bands."
    hidden = f"The last {backtest.period}" if fold.hidden == 1 else f"The last {fold.hidden} {backtest.period}s"
    return finished(layers, f"{hidden}: forecast and actual", reading, palette, height=380)


def _fold_words(forecast: pd.DataFrame, x: alt.X, title: str, palette: Palette) -> list[alt.Chart]:
    """What came and what was forecast, at the last held-out period, which is at the right edge of the picture."""
    last = forecast.iloc[[-1]]
    lines = (("actual", palette.ink), ("p50", palette.mark))
    over = int(last["actual"].iloc[0] < last["p50"].iloc[0])
    said = [
        last.assign(
            words=f"{'came' if column == 'actual' else 'forecast'} {usd_short(float(last[column].iloc[0]))}",
            height=last[column],
            align="right",
            dx=-10,
            dy=-12 if place == over else 12,
            colour=colour,
        )
        for place, (column, colour) in enumerate(lines)
    ]
    base = alt.Chart(pd.concat(said)).encode(x=x, y=alt.Y("height:Q", title=title), text="words:N")
    return halo_and_words(base, palette)


def history_frame(backtest: Backtest) -> pd.DataFrame:
    """label, starts, usd: list spend of each complete period at the prices of one day."""
    starts = pd.to_datetime(list(backtest.starts))
    return pd.DataFrame({"label": backtest.labels, "starts": starts, "usd": backtest.spend_usd})


def fold_frame(fold: Fold) -> pd.DataFrame:
    """label, starts, ahead, actual, mean, p10 to p90, pit: one row per held-out period of a fold, USD of the period."""
    return pd.DataFrame(
        [
            {
                "label": one.label,
                "starts": pd.Timestamp(one.starts),
                "ahead": one.ahead,
                "actual": one.actual_usd,
                "mean": one.mean_usd,
                **dict(zip(_BANDS, one.quantiles_usd, strict=True)),
                "pit": one.pit,
            }
            for one in fold.held_out
        ]
    )


def pit_chart(backtest: Backtest, palette: Palette = LIGHT) -> alt.LayerChart:
    """How often what came fell into each tenth of its forecast, against the flat line of a calibrated one."""
    frame = pit_frame(backtest)
    share = alt.Axis(format=".0%", tickCount=5)
    tips = [alt.Tooltip("low:Q", format=".1%", title="from"), alt.Tooltip("high:Q", format=".1%", title="to")]
    bars = (
        alt.Chart(frame)
        .mark_bar(color=palette.mark, opacity=0.75)
        .encode(
            x=alt.X("low:Q", title="where what came fell in its forecast (%)", axis=share, bin="binned"),
            x2="high:Q",
            y=alt.Y("forecasts:Q", title="forecasts (count)", axis=alt.Axis(tickMinStep=1)),
            tooltip=[*tips, alt.Tooltip("forecasts:Q", format=",.0f"), alt.Tooltip("expected:Q", format=".1f")],
        )
    )
    flat = alt.Chart(frame).mark_rule(color=palette.alarm, strokeDash=[7, 4]).encode(y="mean(expected):Q")
    counted = alt.Chart(frame).transform_filter("datum.forecasts > 0").encode(x="middle:Q", y="forecasts:Q")
    words = counted.mark_text(baseline="bottom", dy=-3, color=palette.ink, fontWeight="bold").encode(text="forecasts:Q")
    reading = "Dashed: flat, as a calibrated forecast is. A hump: bands too wide. High ends: too narrow."
    layers = [bars, flat, words]
    return finished(layers, "Where held-out periods fell in their forecasts", reading, palette, height=260)


def pit_frame(backtest: Backtest) -> pd.DataFrame:
    """low, high, middle, forecasts, expected: one row per bin of the PIT histogram."""
    edges = np.linspace(0.0, 1.0, PIT_BINS + 1)
    return pd.DataFrame(
        {
            "low": edges[:-1],
            "high": edges[1:],
            "middle": (edges[:-1] + edges[1:]) / 2,
            "forecasts": backtest.pit_histogram,
            "expected": backtest.held_out / PIT_BINS,
        }
    )


def sizing_chart(backtest: Backtest, palette: Palette = LIGHT) -> alt.LayerChart:
    """What each rule's commitments cost above perfect foresight, ours first; the part that is shortfall apart."""
    frame = sizing_frame(backtest)
    y = alt.Y("name:N", sort=frame["name"].tolist(), title="rule", axis=alt.Axis(labelLimit=170))
    # The words stand to the right of the longest bar, and need their room inside the picture.
    scale = alt.Scale(domain=[0, max(1.3 * float(frame["above"].max()), 1.0)], nice=False)
    x = alt.X("above:Q", title="cost above perfect foresight (USD)", axis=money_axis(), scale=scale)
    tips = [alt.Tooltip("name:N", title="rule")]
    tips += exact_tips(cost="cost", above="above perfect foresight", shortfall="shortfall", overage="overage")
    base = alt.Chart(frame).encode(y=y, x=x, tooltip=tips)
    colour = alt.Color("is_ours:N", scale=alt.Scale(domain=[True, False], range=[palette.mark, palette.muted]))
    layers = [
        base.mark_bar(height=18).encode(color=colour.legend(None)),
        base.mark_text(align="left", dx=5, color=palette.ink, fontWeight="bold").encode(text="words:N"),
    ]
    listed = usd_short(backtest.on_demand_cost_usd)
    reading = f"All folds together; shorter is better. On demand, the same use costs {listed}."
    return finished(layers, "Cost of each way to size", reading, palette, height=34 * len(frame) + 60)


def sizing_frame(backtest: Backtest) -> pd.DataFrame:
    """name, rule, cost, above (perfect foresight), shortfall, overage (USD over all folds), is_ours, words."""
    least = next(cost.realised_cost_usd for cost in backtest.sizing if cost.rule == PERFECT_FORESIGHT)
    return pd.DataFrame(
        [
            {
                "name": rule_name(cost.rule, backtest),
                "rule": cost.rule,
                "cost": cost.realised_cost_usd,
                "above": cost.realised_cost_usd - least,
                "shortfall": cost.realised_shortfall_usd,
                "overage": cost.realised_overage_usd,
                "is_ours": cost.rule == RECOMMENDED,
                "words": usd_short(cost.realised_cost_usd - least),
            }
            for cost in backtest.sizing
            if cost.rule != PERFECT_FORESIGHT
        ]
    )
