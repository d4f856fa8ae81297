"""Charts of a term period by period: what is committed against what will be used, and where the dollars go."""

import altair as alt
import numpy as np
import pandas as pd

from planner.charts.style import LIGHT, Palette, exact_tips, finished, halo_and_words, money_axis
from planner.contract import Contract, Period
from planner.offer import Offer
from planner.outcome import OfferOutcome
from planner.plan import Plan
from planner.units import FloatArray
from planner.words import percent, usd_short

PARTS = {
    "drawn_current_usd": "drawn, current",
    "drawn_banked_usd": "drawn, banked",
    "forfeited_usd": "forfeited",
    "overage_usd": "overage",
}
"""What is stacked in the chart of the ledger, in its order."""

_NARROWEST_NAMED = 0.14
_ROW_PIXELS, _AROUND_PIXELS = 58, 130
_LEGEND_PIXELS = 60


def period_name(contract: Contract, period: Period) -> str:
    """A period in words: year 2, year 1 Q3, the term."""
    if contract.commit_period == "term":
        return "the term"
    year = f"year {period.year + 1}"
    return year if contract.commit_period == "year" else f"{year} Q{period.first % 12 // 3 + 1}"


def period_draws_usd(plan: Plan, offer: Offer) -> FloatArray:
    """What each period's use would draw at the contract's prices for an offer, (n_periods, n_paths)."""
    contract, use = plan.inputs.contract, plan.uses[plan.inputs.decision.scenario]
    rows = []
    for period, (first, stop) in zip(use.periods, use.steps_of, strict=True):
        year = offer.in_year(period.year)
        kept = (1.0 if contract.drawdown == "list" else year.kept_fraction(account.tier) for account in use.accounts)
        rows.append(
            sum(
                (
                    share * account.drawing[first:stop].sum(axis=0)
                    for share, account in zip(kept, use.accounts, strict=True)
                ),
                start=np.zeros(use.n_paths),
            )
        )
    return np.array(rows)


def periods_frame(plan: Plan, outcome: OfferOutcome) -> pd.DataFrame:
    """period, committed, p10, p50, p90 (USD of the period), reached (chance that use alone reaches the commitment)."""
    contract = plan.inputs.contract
    draws = period_draws_usd(plan, outcome.offer)
    rows = []
    for row, drawn in zip(outcome.ledger, draws, strict=True):
        committed = contract.commit_usd(outcome.offer, row.period)
        p10, p50, p90 = np.quantile(drawn, [0.1, 0.5, 0.9]).tolist()
        rows.append(
            {
                "period": period_name(contract, row.period),
                "committed": committed,
                "p10": p10,
                "p50": p50,
                "p90": p90,
                "reached": float((drawn >= committed).mean()),
            }
        )
    return pd.DataFrame(rows)


def periods_chart(plan: Plan, outcome: OfferOutcome, palette: Palette = LIGHT) -> alt.LayerChart:
    """What each period commits against its use that draws the commitment down, at the contract's prices."""
    frame = periods_frame(plan, outcome)
    pairs = zip(frame["committed"].tolist(), frame["reached"].tolist(), strict=True)
    frame["words"] = [f"{usd_short(committed)}, reached {percent(reached, 0)}" for committed, reached in pairs]
    top = 1.04 * float(frame[["p90", "committed"]].to_numpy().max()) or 1.0
    frame["align"] = ["right" if committed > 0.55 * top else "left" for committed in frame["committed"]]
    frame["dx"], frame["dy"], frame["colour"] = 0, -17, palette.alarm
    y = alt.Y("period:N", sort=frame["period"].tolist(), title="contract period")
    x = alt.X("p10:Q", title="USD of the period", axis=money_axis(), scale=alt.Scale(domain=[0, top], nice=False))
    tips = [alt.Tooltip("period:N"), *exact_tips(committed="committed", p10="use P10", p50="use P50", p90="use P90")]
    tips.append(alt.Tooltip("reached:Q", title="chance that use reaches it", format=".1%"))
    base = alt.Chart(frame).encode(y=y, tooltip=tips)
    marks = alt.Chart(frame).encode(y=y, x="committed:Q")
    layers = [
        base.mark_bar(color=palette.mark, opacity=0.35, height=14).encode(x=x, x2="p90:Q"),
        base.mark_tick(color=palette.mark, thickness=3, height=18).encode(x="p50:Q"),
        marks.mark_point(color=palette.alarm, filled=True, shape="diamond", size=110, opacity=1).encode(tooltip=tips),
        *halo_and_words(marks.encode(text="words:N"), palette),
    ]
    money = "list dollars" if plan.inputs.contract.drawdown == "list" else "the contract's prices"
    reading = f"Diamond: committed. Bar: use that draws it down, at {money}, P10 to P90; tick: median."
    return finished(layers, "Commitment and use, period by period", reading, palette, height=_height(len(frame)))


def ledger_frame(plan: Plan, outcome: OfferOutcome) -> pd.DataFrame:
    """period, part, usd, order, start, middle, words: one row per period and part that is stacked, means over paths."""
    contract = plan.inputs.contract
    top = max(sum(getattr(row, name) for name in PARTS) for row in outcome.ledger) or 1.0
    rows = []
    for row in outcome.ledger:
        start = 0.0
        for order, (name, part) in enumerate(PARTS.items()):
            amount = float(getattr(row, name))
            rows.append(
                {
                    "period": period_name(contract, row.period),
                    "part": part,
                    "usd": amount,
                    "order": order,
                    "start": start,
                    "stop": start + amount,
                    "middle": start + amount / 2,
                    "words": usd_short(amount) if amount >= _NARROWEST_NAMED * top else "",
                }
            )
            start += amount
    return pd.DataFrame(rows)


def ledger_chart(plan: Plan, outcome: OfferOutcome, palette: Palette = LIGHT) -> alt.LayerChart:
    """Where the dollars of each period go: drawn, forfeited, billed beyond; the commitment as a mark."""
    frame = ledger_frame(plan, outcome)
    names = list(dict.fromkeys(frame["period"]))
    committed = pd.DataFrame({"period": names, "committed": [row.committed_usd for row in outcome.ledger]})
    colours = [palette.series[0], palette.series[2], palette.series[1], palette.series[4]]
    y = alt.Y("period:N", sort=names, title="contract period")
    x = alt.X("start:Q", title="USD of the period, mean", axis=money_axis(), scale=alt.Scale(nice=False))
    legend = alt.Legend(orient="bottom", title=None, columns=2, labelLimit=160)
    scale = alt.Scale(domain=list(PARTS.values()), range=colours)
    tips = [alt.Tooltip("period:N"), alt.Tooltip("part:N", title="dollars"), *exact_tips(usd="mean")]
    base = alt.Chart(frame).encode(y=y)
    bars = base.mark_bar(height=22, stroke=palette.ground, strokeWidth=1.5).encode(
        x=x, x2="stop:Q", color=alt.Color("part:N", scale=scale, legend=legend), order="order:Q", tooltip=tips
    )
    said = base.transform_filter("datum.words != ''").encode(x="middle:Q")
    amounts = said.mark_text(color=palette.ground, fontWeight="bold").encode(text="words:N")
    wide = alt.expr("scale('x', datum.stop) - scale('x', datum.start)")
    parts = said.mark_text(color=palette.muted, dy=-20, fontSize=11, limit=wide).encode(text="part:N")
    marks = (
        alt.Chart(committed)
        .mark_tick(color=palette.ink, thickness=3, height=32)
        .encode(y=y, x="committed:Q", tooltip=[alt.Tooltip("period:N"), *exact_tips(committed="committed")])
    )
    reading = "Upright mark: committed. Up to it: drawn, forfeited, or carried over. Overage as billed."
    height = _height(len(names)) + _LEGEND_PIXELS
    return finished([bars, amounts, parts, marks], "The ledger of the term", reading, palette, height=height)


def _height(rows: int) -> int:
    """Pixels of a chart with a row for each period, its title and axis among them."""
    return _ROW_PIXELS * rows + _AROUND_PIXELS
