"""Charts of what a commitment trades: expected cost against risk, and what routing still saves under it."""

import altair as alt
import pandas as pd

from planner.charts.commit_axis import (
    RISK_OF,
    commit_on_axis,
    commit_title,
    cost_title,
    follows_one_amount,
    limited_chance,
)
from planner.charts.commitment import curve_top
from planner.charts.style import DASHES, LIGHT, Palette, exact_tips, finished, halo_and_words, money_axis, side_of
from planner.offer import Offer
from planner.plan import Plan
from planner.words import percent, usd, usd_short


def frontier_frame(plan: Plan) -> pd.DataFrame:
    """commit, cost, shortfall (USD), chance, discount (fractions), is_best: one row per point of the frontier."""
    return pd.DataFrame(
        [
            {
                "commit": commit_on_axis(plan, point.offer),
                "discount": point.offer.discount_fraction,
                "cost": point.expected_cost_usd,
                "chance": limited_chance(plan, point),
                "shortfall": point.expected_shortfall_usd,
                "is_best": point.offer == plan.recommendation.offer,
            }
            for point in plan.frontier
        ]
    )


def frontier_chart(plan: Plan, palette: Palette = LIGHT) -> alt.LayerChart:
    """The least expected cost that each shortfall risk buys, with the recommendation and the limit."""
    frame = frontier_frame(plan)
    limit = plan.inputs.decision.max_shortfall_probability
    right = min(1.08 * max(float(frame["chance"].max()), limit, 0.01), 1.0)
    x = alt.X(
        "chance:Q",
        title="shortfall probability (%)",
        axis=alt.Axis(format=".0%", tickCount=5),
        scale=alt.Scale(domain=[0, right], nice=False),
    )
    y = alt.Y("cost:Q", title=cost_title(plan), axis=money_axis(), scale=alt.Scale(zero=False, padding=30))
    tips = [
        *exact_tips(commit="commitment a year", cost="expected cost", shortfall="expected shortfall"),
        alt.Tooltip("chance:Q", title="shortfall probability", format=".1%"),
        alt.Tooltip("discount:Q", format=".1%"),
    ]
    base = alt.Chart(frame).encode(x=x, y=y)
    named = alt.Chart(_named(plan, frame, right, palette)).encode(x=x, y=y)
    layers = [
        *_limit_rule(limit, right, palette),
        base.mark_line(color=palette.mark, strokeWidth=2.5, interpolate="step-after"),
        base.mark_point(color=palette.mark, filled=True, size=28, opacity=0.9),
        base.mark_point(size=140, opacity=0).encode(tooltip=tips),
        named.mark_point(filled=True, size=130, opacity=1).encode(
            color=alt.Color("colour:N", scale=None), tooltip=tips
        ),
        *halo_and_words(named.encode(text="words:N"), palette),
    ]
    reading = f"Each point: a commitment that no other beats in both.{_of_which_risk(plan)}"
    return finished(layers, "What accepting more risk saves", reading, palette, height=360)


def _limit_rule(limit: float, right: float, palette: Palette) -> list[alt.Chart]:
    """The limit on the risk, named on the side where there is room."""
    near_right = limit > 0.7 * right
    bound = alt.Chart(pd.DataFrame({"chance": [limit], "words": [f"limit {percent(limit, 0)}"]})).encode(x="chance:Q")
    words = bound.mark_text(
        align="right" if near_right else "left",
        baseline="top",
        dx=-6 if near_right else 6,
        color=palette.alarm,
        fontWeight="bold",
    )
    rule = bound.mark_rule(color=palette.alarm, strokeDash=DASHES[1], strokeWidth=2)
    return [rule, words.encode(y=alt.value(4), text="words:N")]


def _of_which_risk(plan: Plan) -> str:
    several = len(plan.inputs.contract.periods) > 1
    return f" Risk of a shortfall {RISK_OF[plan.inputs.decision.shortfall_limit_per]}." if several else ""


def _named(plan: Plan, frame: pd.DataFrame, right: float, palette: Palette) -> pd.DataFrame:
    """The points with words: no commitment, the recommendation, and the cheapest; those that agree share one."""
    fixed = plan.inputs.contract.commits_usd_per_year is not None
    cheapest = frame["cost"].idxmin()
    rows = []
    for index, row in frame.iterrows():
        names = []
        if row["is_best"]:
            names.append("as fixed" if fixed else "recommended")
        if index == cheapest:
            names.append("cheapest on this line" if fixed else "cheapest")
        if row["commit"] == 0:
            names.append("no commitment")
        if not names:
            continue
        amount = "" if row["commit"] == 0 else f": {usd_short(row['commit'])}"
        align = side_of(row["chance"], 0.0, right)
        align = "left" if align == "center" else align
        place = {"align": align, "dx": {"left": 9, "right": -9}[align], "dy": -12}
        colour = palette.mark if row["is_best"] else palette.ink
        rows.append(dict(row) | place | {"words": " = ".join(names) + amount, "colour": colour})
    return pd.DataFrame(rows)


def dead_zone_frame(plan: Plan, typed: Offer, saving: float) -> pd.DataFrame:
    """commit (USD a year), saving (USD per routed list dollar), words: the plan's points, and the marked offers."""
    best = plan.recommendation
    rows = [
        {"commit": point.commit_usd_per_year, "saving": point.marginal_saving_per_list_usd, "words": ""}
        for point in plan.dead_zone
        if point.commit_usd_per_year <= curve_top(plan, typed)
    ]
    is_best = typed == best.offer
    fixed = plan.inputs.contract.commits_usd_per_year is not None
    name = ("as fixed" if fixed else "recommended") + (" = yours" if is_best else "")
    marked = [(name, best.offer, best.marginal_saving_per_list_usd)]
    if not is_best:
        marked.append(("yours", typed, saving))
    rows += [
        {"commit": commit_on_axis(plan, offer), "saving": value, "words": f"{words}: {usd(value, cents=True)}"}
        for words, offer, value in marked
    ]
    return pd.DataFrame(rows)


def dead_zone_chart(plan: Plan, typed: Offer, saving: float, palette: Palette = LIGHT) -> alt.LayerChart:
    """What one more list dollar that is routed away still saves, over commitments. saving: that of the typed offer."""
    frame = dead_zone_frame(plan, typed, saving)
    top = max(float(frame["commit"].max()), 1.0)
    scale = alt.Scale(domain=[0, 1.02 * top], nice=False)
    x = alt.X("commit:Q", title=commit_title(plan), axis=money_axis(), scale=scale)
    high = max(1.05, 1.1 * float(frame["saving"].max()))
    low = min(0.0, float(frame["saving"].min()))
    dollars = alt.Axis(format="$.2f", tickCount=5)
    y = alt.Y("saving:Q", title="still saved (USD)", axis=dollars, scale=alt.Scale(domain=[low, high]))
    tips = [*exact_tips(commit="commitment a year"), alt.Tooltip("saving:Q", title="still saves", format="$.3f")]
    line = alt.Chart(frame[frame["words"] == ""]).encode(x=x, y=y)
    marks = frame[frame["words"] != ""].copy()
    marks["align"] = ["right" if commit > 0.6 * top else "left" for commit in marks["commit"]]
    marks["dx"] = [-9 if align == "right" else 9 for align in marks["align"]]
    marks["dy"] = [-14, 16][: len(marks)]
    marks["colour"] = [palette.mark, palette.alarm][: len(marks)]
    marks["shape"] = ["circle", "diamond"][: len(marks)]
    marked = alt.Chart(marks).encode(x=x, y=y)
    layers = [
        line.mark_line(color=palette.muted, strokeWidth=2.5),
        line.mark_point(color=palette.muted, filled=True, size=28, opacity=0.9),
        line.mark_point(size=140, opacity=0).encode(tooltip=tips),
        marked.mark_point(filled=True, size=130, opacity=1, shape=alt.expr("datum.shape")).encode(
            color=alt.Color("colour:N", scale=None), tooltip=tips
        ),
        *halo_and_words(marked.encode(text="words:N"), palette),
    ]
    every = "" if follows_one_amount(plan) else " Line: the same in every contract year."
    reading = f"Of one list dollar routed away: all of it without a commitment, nothing in the dead zone.{every}"
    return finished(layers, "What a routed list dollar still saves", reading, palette, height=340)
