"""Regret between scenarios as a grid: what is signed in rows, what comes true in columns, dollars on every cell."""

from typing import Any, Final

import altair as alt
import pandas as pd

from planner.charts.style import LIGHT, Palette, finished, shortened
from planner.negotiation.regret import RegretMatrix
from planner.words import percent, usd_short

_ROW_PIXELS, _AROUND_PIXELS = 56, 130
_STRONGEST: Final = 0.55
"""Opacity of the worst cell: words in ink stay legible on it, on a light ground and on a dark one."""

_COLUMNS: Final = ["signed", "lived", "usd", "risk", "strength", "words", "beneath"]


def regret_chart(found: RegretMatrix, palette: Palette = LIGHT) -> alt.LayerChart:
    """Every scenario's best commitment, and the recommended one, in every scenario: a darker cell costs more."""
    frame = regret_frame(found)
    rows, columns = (list(dict.fromkeys(frame[name])) for name in ("signed", "lived"))
    tips = [
        alt.Tooltip("signed:N", title="signed"),
        alt.Tooltip("lived:N", title="comes true"),
        alt.Tooltip("usd:Q", title="more than the best (USD)", format="$,.0f"),
        alt.Tooltip("risk:Q", title="shortfall risk", format=".1%"),
    ]
    label = alt.Axis(labelLimit=170, labelAngle=0, labelPadding=6)
    base = alt.Chart(frame).encode(
        x=alt.X("lived:N", sort=columns, title="scenario that comes true", axis=label),
        y=alt.Y("signed:N", sort=rows, title="commitment that is signed", axis=label),
    )
    strength = alt.Opacity("strength:Q", scale=alt.Scale(domain=[0, 1], range=[0, _STRONGEST]), legend=None)
    words: dict[str, Any] = {"color": palette.ink}
    layers = [
        base.mark_rect(color=palette.alarm, stroke=palette.muted, strokeWidth=1).encode(opacity=strength, tooltip=tips),
        base.mark_rect(filled=False, stroke=palette.muted, strokeWidth=1),
        base.mark_text(dy=-7, fontSize=14, fontWeight="bold", **words).encode(text="words:N"),
        base.mark_text(dy=10, fontSize=11, **words).encode(text="beneath:N"),
    ]
    reading = "Dollars more than the best commitment of the scenario that comes true; below them the shortfall risk."
    height = _ROW_PIXELS * len(rows) + _AROUND_PIXELS
    return finished(layers, "What a wrong guess costs", reading, palette, height=height)


def regret_frame(found: RegretMatrix) -> pd.DataFrame:
    """signed, lived, usd, risk, strength (0 to 1, of the largest), words, beneath: a row for every cell."""
    worst = max((regret.mean for row in (*found.best, found.recommended) for regret in row.regrets), default=0.0)
    rows = []
    names = [*(f"best for {shortened(row.name)}" for row in found.best), "recommended"]
    for name, row in zip(names, (*found.best, found.recommended), strict=True):
        for lived, regret, risk in zip(found.scenarios, row.regrets, row.shortfall_probabilities, strict=True):
            strength = regret.mean / worst if worst > 0 else 0.0
            beneath = f"risk {percent(risk)}"
            rows.append((name, shortened(lived), regret.mean, risk, strength, usd_short(regret.mean), beneath))
    return pd.DataFrame(rows, columns=_COLUMNS)
