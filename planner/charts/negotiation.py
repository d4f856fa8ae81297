"""Charts of a negotiation: what clauses are worth, what offers would cost, when to sign, what to learn."""

from collections.abc import Sequence
from textwrap import wrap
from typing import Any, Final

import altair as alt
import numpy as np
import pandas as pd

from planner.charts.style import DASHES, LIGHT, Palette, exact_tips, finished, money_axis, shortened
from planner.drivers_report import driver_name
from planner.negotiation.clause_values import ClauseValue, TradeList
from planner.negotiation.learning import Learning
from planner.negotiation.quotes_priced import PricedQuotes
from planner.negotiation.when_to_sign import SigningChoices
from planner.negotiation_reports.signing_sentences import strategy_words
from planner.words import usd_short

_MOST_ROWS: Final = 14
_LINE_OF_A_NAME: Final = 28
_ROW_PIXELS, _AROUND_PIXELS, _LEGEND_PIXELS = 46, 110, 60
_ROOM: Final = 0.4
_VALUES = ["name", "row", "usd", "low", "high", "kind", "words"]
_OFFERS = ["name", "row", "p10", "mean", "p90", "words"]


def clause_values_chart(trades: TradeList, palette: Palette = LIGHT) -> alt.LayerChart:
    """What clauses are worth, the most first: to ask for, and to give up."""
    kinds = {"to ask for": palette.series[0], "to give up": palette.series[1]}
    layers = _bars(clause_values_frame(trades), kinds, palette, names="clause", x_title="worth over the term (USD)")
    reading = "Each side at its own best commitment. To give up, below zero: you would be better off without it."
    return _finished(layers, "What each clause is worth to you", reading, palette, trades.clauses)


def signing_chart(found: SigningChoices, palette: Palette = LIGHT) -> alt.LayerChart:
    """What every way to sign costs against signing now."""
    kinds = {"within the limit": palette.series[0], "over the limit": palette.series[1]}
    frame = signing_frame(found)
    layers = _bars(frame, kinds, palette, names="way to sign", x_title="cost against signing now (USD)")
    reading = "Below zero: cheaper than signing now at the routed run rate. Limit: on the shortfall risk."
    return _finished(layers, "When to sign", reading, palette, found.choices)


def signing_frame(found: SigningChoices) -> pd.DataFrame:
    """The columns of clause_values_frame, for every way to sign but the one that all are held against."""
    rows = []
    for one in found.choices:
        if one is found.now:
            continue
        name, usd, error = strategy_words(one.strategy, one.sign_month), one.difference.mean, 2.0 * one.difference.se
        kind = "within the limit" if one.meets_limit else "over the limit"
        rows.append((name, _lines(name), usd, usd - error, usd + error, kind, usd_short(usd)))
    return pd.DataFrame(rows, columns=_VALUES)


def learning_chart(found: Learning, palette: Palette = LIGHT) -> alt.LayerChart:
    """What knowing each input before signing is worth, the most first."""
    kinds = {"can be learned first": palette.series[0], "cannot": palette.series[1]}
    frame = learning_frame(found)
    layers = _bars(frame, kinds, palette, names="input", x_title="worth of knowing it (USD)")
    reading = "Each input by itself, known before signing and no other. Thin lines: two standard errors."
    return _finished(layers, "What to learn first", reading, palette, frame["name"].tolist())


def learning_frame(found: Learning) -> pd.DataFrame:
    """The columns of clause_values_frame, for the inputs whose value the paths can tell from nothing."""
    rows = []
    for one in [lesson for lesson in found.lessons if lesson.value.mean > 0][:_MOST_ROWS]:
        name, usd, error = driver_name(one.name), one.value.mean, 2.0 * one.value.se
        kind = "can be learned first" if one.resolution.is_before_signing else "cannot"
        rows.append((name, _lines(name), usd, usd - error, usd + error, kind, usd_short(usd)))
    return pd.DataFrame(rows, columns=_VALUES)


def _bars(frame: pd.DataFrame, kinds: dict[str, str], palette: Palette, *, names: str, x_title: str) -> list[alt.Chart]:
    """Bars from zero with their two standard errors and their dollars, one a row, by kind in colour and filling."""
    usd = frame["usd"]
    low, high = min(float(frame["low"].min()), 0.0), max(float(frame["high"].max()), 0.0)
    room = _ROOM * ((high - low) or 1.0)  # for the dollars, which stand beyond the errors
    ends = [low - (room if (usd < 0).any() else 0.0), high + (room if (usd > 0).any() else 0.0)]
    scale = alt.Scale(domain=ends if ends[0] < ends[1] else [0.0, 1.0], nice=False)
    y = alt.Y("row:N", sort=frame["row"].tolist(), title=names, axis=_name_axis())
    x = alt.X("usd:Q", title=x_title, axis=money_axis(ticks=4), scale=scale)
    tips = [alt.Tooltip("name:N", title=names), alt.Tooltip("kind:N", title="it is"), *exact_tips(usd="USD")]
    legend = alt.Legend(title=None, orient="top", direction="vertical", symbolType="square", labelLimit=240)
    solid, hollow = kinds.values()  # nothing is told by colour alone
    fill = alt.Fill("kind:N", scale=alt.Scale(domain=list(kinds), range=[solid, f"{hollow}26"]), legend=legend)
    edge = alt.Stroke("kind:N", scale=alt.Scale(domain=list(kinds), range=[solid, hollow]), legend=legend)
    base = alt.Chart(frame).encode(y=y)
    above, below = base.transform_filter("datum.usd >= 0"), base.transform_filter("datum.usd < 0")
    words: dict[str, Any] = {"color": palette.ink, "fontWeight": "bold", "fontSize": 12}
    bars = base.mark_bar(height=18, strokeWidth=1.5)
    return [
        bars.encode(x=x, fill=fill, stroke=edge, tooltip=tips),
        base.mark_rule(color=palette.ink, strokeWidth=1.5).encode(x="low:Q", x2="high:Q"),
        above.mark_text(align="left", dx=7, **words).encode(x="high:Q", text="words:N"),
        below.mark_text(align="right", dx=-7, **words).encode(x="low:Q", text="words:N"),
    ]


def _finished(
    layers: list[alt.Chart], title: str, reading: str, palette: Palette, rows: Sequence[object]
) -> alt.LayerChart:
    height = _ROW_PIXELS * min(len(rows), _MOST_ROWS) + _AROUND_PIXELS + _LEGEND_PIXELS
    return finished(layers, title, reading, palette, height=height)


def clause_values_frame(trades: TradeList) -> pd.DataFrame:
    """name, row (the name in lines), usd, low and high (two standard errors), kind, words; what the paths can see."""
    seen = [item for item in trades.clauses if item.is_seen or item.terms is None]
    rows = [_value_row(item) for item in sorted(seen, key=lambda item: -abs(item.value.mean))[:_MOST_ROWS]]
    frame = pd.DataFrame(rows, columns=_VALUES)
    return frame.sort_values("usd", ascending=False, kind="stable")


def _value_row(item: ClauseValue) -> tuple[object, ...]:
    value, kind = item.value, "to give up" if item.variation.granted else "to ask for"
    usd, error = value.mean, 2.0 * value.se
    return (item.variation.words, _lines(item.variation.words), usd, usd - error, usd + error, kind, usd_short(usd))


def offers_chart(priced: PricedQuotes, palette: Palette = LIGHT) -> alt.LayerChart:
    """What each offer of the plan's term would cost, P10 to P90 and mean, against the target and the walk-away."""
    frame = offers_frame(priced)
    marks = pd.DataFrame(
        [
            (priced.positions.target.terms.expected_cost.mean, "target"),
            (priced.positions.walk_away.terms.expected_cost.mean, "walk away"),
        ],
        columns=["usd", "words"],
    ).sort_values("usd")
    marks = marks.assign(align=["right", "left"], dx=[3, -3])
    low = min(float(frame["p10"].min()), float(marks["usd"].min()))
    high = max(float(frame["p90"].max()), float(marks["usd"].max()))
    scale = alt.Scale(domain=[low - 0.04 * (high - low), high + 0.04 * (high - low)], nice=False, zero=False)
    y = alt.Y("row:N", sort=frame["row"].tolist(), title="offer", axis=_name_axis())
    x = alt.X("p10:Q", title="cost over the term (USD)", axis=money_axis(ticks=4), scale=scale)
    tips = [alt.Tooltip("name:N", title="offer"), *exact_tips(p10="P10", mean="expected", p90="P90")]
    base = alt.Chart(frame).encode(y=y, tooltip=tips)
    lines = alt.Chart(marks).encode(x=alt.X("usd:Q", scale=scale))
    beside: dict[str, Any] = {name: alt.expr(f"datum.{name}") for name in ("align", "dx")}
    bold: dict[str, Any] = {"color": palette.ink, "fontWeight": "bold", "fontSize": 12}
    halo: dict[str, Any] = {"stroke": palette.ground, "strokeWidth": 4, "strokeJoin": "round"}
    layers = [
        lines.mark_rule(color=palette.muted, strokeDash=DASHES[1], strokeWidth=1.5),
        lines.mark_text(**beside, dy=-7, baseline="bottom", **bold).encode(y=alt.value(0), text="words:N"),
        base.mark_bar(height=8, opacity=0.45, color=palette.mark).encode(x=x, x2="p90:Q"),
        base.mark_point(filled=True, size=90, color=palette.mark).encode(x="mean:Q"),
        base.mark_text(dy=15, **bold, **halo).encode(x="mean:Q", text="words:N"),
        base.mark_text(dy=15, **bold).encode(x="mean:Q", text="words:N"),
    ]
    reading = "Bar: P10 to P90. Dot: expected cost. Broken lines: the target, and what you have without a deal."
    height = 64 * len(frame) + _AROUND_PIXELS
    return finished(layers, "What the offers would cost", reading, palette, height=height)


def offers_frame(priced: PricedQuotes) -> pd.DataFrame:
    """name, row, p10, mean, p90, words: offers of the plan's term, best first; others cost other months."""
    term = priced.positions.table.contract.term_months
    rows = []
    for item in priced.quotes:
        if item.quote.contract.term_months == term:
            paid = item.standing.paid_usd
            p10, p90 = np.quantile(paid, (0.1, 0.9)).tolist()
            name = f"{item.rank}. {shortened(item.quote.name)}"
            rows.append((item.quote.name, _lines(name), p10, float(paid.mean()), p90, usd_short(float(paid.mean()))))
    return pd.DataFrame(rows, columns=_OFFERS)


def _lines(name: str) -> str:
    return "\n".join(wrap(name, _LINE_OF_A_NAME, break_long_words=True)) or name


def _name_axis() -> alt.Axis:
    return alt.Axis(labelLimit=210, labelOverlap=False, labelExpr="split(datum.value, '\\n')", titlePadding=8)
