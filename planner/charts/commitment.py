"""Charts of the decision that stand still: cost and risk over commitments, with the offers that are marked on them."""

from bisect import bisect_right
from itertools import pairwise
from math import inf, isclose
from typing import Any, Final

import altair as alt
import numpy as np
import pandas as pd

from planner.charts.commit_axis import (
    RISK_OF,
    commit_on_axis,
    commit_title,
    cost_title,
    follows_one_amount,
    limited_chance,
)
from planner.charts.style import (
    DASHES,
    LIGHT,
    Palette,
    chance,
    exact_tips,
    finished,
    halo_and_words,
    money_axis,
    side_of,
)
from planner.offer import Offer
from planner.plan import Plan
from planner.sizing.plain_sample import PlainSample
from planner.words import percent, usd_short

GRID_POINTS: Final = 161
_NARROWEST_NAMED_BAND = 0.09
_SAME_COMMITMENT = 1e-3
_LOOKS = {
    # name: (shape of the mark, pixels that its words stand below it)
    "recommended": ("circle", 20),
    "as fixed": ("circle", 20),
    "signed first": ("square", -16),
    "yours": ("diamond", -36),
}

Rows = list[dict[str, Any]]


def cost_curve_chart(plan: Plan, typed: Offer | None = None, palette: Palette = LIGHT) -> alt.LayerChart:
    """Expected cost of the term over commitments, discount bands marked, with the offers that matter on the curve."""
    scale = alt.Scale(zero=False, padding=26)
    y = alt.Y("cost:Q", title=cost_title(plan), axis=money_axis(), scale=scale)
    layers = _curve(plan, typed, y, [], palette)
    reading = f"Lower is better. Shaded: discount bands.{_of_which_year(plan)}"
    return finished(layers, "Expected cost over commitments", reading, palette, height=420)


def risk_curve_chart(plan: Plan, typed: Offer | None = None, palette: Palette = LIGHT) -> alt.LayerChart:
    """P(shortfall) over commitments with the limit that the decision sets."""
    limit = plan.inputs.decision.max_shortfall_probability
    y = chance("chance:Q", "shortfall probability (%)")
    bound = pd.DataFrame({"limit": [limit], "words": [f"limit {percent(limit, 0)}"]})
    rule = alt.Chart(bound).mark_rule(color=palette.alarm, strokeDash=DASHES[1]).encode(y="limit:Q")
    words = alt.Chart(bound).mark_text(align="right", dx=-4, dy=-8, color=palette.alarm, fontWeight="bold")
    named = words.encode(x=alt.value("width"), y="limit:Q", text="words:N")
    layers = _curve(plan, typed, y, [rule, named], palette, prefix="risk_")
    several = len(plan.inputs.contract.periods) > 1
    where = f", {RISK_OF[plan.inputs.decision.shortfall_limit_per]}" if several else ""
    reading = f"The chance of owing more than is used{where}."
    return finished(layers, "Shortfall probability", reading, palette)


def has_one_use(plan: Plan) -> bool:
    """Whether one amount of list use says when a commitment is used up: every year alike, and at one discount."""
    contract = plan.inputs.contract
    return follows_one_amount(plan) and contract.ramp == "flat" and not contract.has_tier_discounts


def curve_top(plan: Plan, typed: Offer | None = None) -> float:
    """Largest commitment on the axis, USD a year: beyond P95 of spend and every marked offer."""
    spend = 1.2 * float(plan.summaries[plan.inputs.decision.scenario].annual_quantiles_usd[-1])
    return max([spend, *(1.1 * commit_on_axis(plan, offer) for _, offer in marked_offers(plan, typed)), 1.0])


def _of_which_year(plan: Plan) -> str:
    if not follows_one_amount(plan):
        return " Line: the same in every contract year."
    return "" if plan.inputs.contract.ramp == "flat" else " Later years follow the ramp, and reach bands on their own."


def curve_frame(plan: Plan, typed: Offer | None = None) -> pd.DataFrame:
    """commit, discount, cost, chance, shortfall, overage (USD, fractions) on a grid and on both sides of every band.

    stretch: which of the ranges inside which every year stays in its band. Where offers are settled through the ledger,
    the points are those of the plan's own curve.
    """
    top, contract = curve_top(plan, typed), plan.inputs.contract
    edges = [low for low, _ in contract.commit_ranges[1:] if low <= top]
    commits = {max(usd, 0.0) for edge in edges for usd in (edge, edge - 0.01)}
    if isinstance(plan.samples[plan.inputs.decision.scenario], PlainSample):
        commits |= {float(usd) for usd in np.linspace(0.0, top, GRID_POINTS)}
        commits |= {offer.commit_usd_per_year for _, offer in marked_offers(plan, typed)}
    else:
        commits |= {point.offer.commit_usd_per_year for point in plan.curve}
    return _with_stretches(plan, pd.DataFrame(priced_rows(plan, [contract.offer_at(usd) for usd in sorted(commits)])))


def _with_stretches(plan: Plan, frame: pd.DataFrame) -> pd.DataFrame:
    lows = [low for low, _ in plan.inputs.contract.commit_ranges]
    return frame.assign(stretch=[bisect_right(lows, commit) for commit in frame["commit"]])


def marked_offers(plan: Plan, typed: Offer | None) -> list[tuple[str, Offer]]:
    """The offers that are named on the curve; those that agree share one name."""
    best, first = plan.recommendation.offer, plan.sign_first.signed.offer
    is_fixed = plan.inputs.contract.commits_usd_per_year is not None
    named = [("as fixed" if is_fixed else "recommended", best)]
    if not is_fixed and plan.inputs.decision.scenario != plan.inputs.baseline:
        named.append(("signed first", first))
    found: list[tuple[str, Offer]] = []
    for name, offer in [*named, *([("yours", typed)] if typed else [])]:
        same = next((index for index, (_, other) in enumerate(found) if _agree(plan, offer, other)), None)
        if same is None:
            found.append((name, offer))
        else:
            found[same] = (f"{found[same][0]} = {name}", offer)
    return found


def _agree(plan: Plan, a: Offer, b: Offer) -> bool:
    """Whether two offers are one mark: the same discount, and commitments that are told in the same digits."""
    years = [offer.commits_usd_per_year(plan.inputs.contract.n_years) for offer in (a, b)]
    near = all(isclose(one, other, rel_tol=_SAME_COMMITMENT) for one, other in zip(*years, strict=True))
    return near and a.discount_fraction == b.discount_fraction


def marks_rows(plan: Plan, typed: Offer | None = None, palette: Palette = LIGHT) -> Rows:
    """The marked offers: their place on every chart, their words, and where those stand."""
    named = marked_offers(plan, typed)
    top = curve_top(plan, typed)
    rows = []
    for (name, offer), row in zip(named, priced_rows(plan, [offer for _, offer in named]), strict=True):
        shape, dy = _LOOKS[name.split(" = ")[0]]
        amount = "none" if offer.is_none else usd_short(row["commit"])
        colours = {"circle": palette.mark, "diamond": palette.alarm, "square": palette.ink}
        more = {
            "words": f"{name}: {amount}",
            "shape": shape,
            "colour": colours[shape],
            **_stands(side_of(row["commit"], 0.0, top), dy),
            "risk_words": f"{name}: {percent(row['chance'])}",
            "risk_colour": colours[shape],
            **_stands(side_of(row["commit"], 0.0, top), 20 if row["chance"] > 0.85 else -16, "risk_"),
        }
        rows.append(row | more)
    return rows


def _stands(align: str, dy: int, prefix: str = "") -> dict[str, str | int]:
    return {f"{prefix}align": align, f"{prefix}dx": {"left": 10, "right": -10}.get(align, 0), f"{prefix}dy": dy}


def priced_rows(plan: Plan, offers: list[Offer]) -> Rows:
    """Offers as the charts have them: commit (place on the axis), cost, shortfall, overage (USD), discount, chance."""
    return [
        {
            "commit": commit_on_axis(plan, value.offer),
            "discount": value.offer.discount_fraction,
            "cost": value.expected_cost_usd,
            "chance": limited_chance(plan, value),
            "shortfall": value.expected_shortfall_usd,
            "overage": value.expected_overage_usd,
        }
        for value in plan.samples[plan.inputs.decision.scenario].expect(offers)
    ]


def _curve(
    plan: Plan, typed: Offer | None, y: alt.Y, behind: list[alt.Chart], palette: Palette, prefix: str = ""
) -> list[alt.Chart]:
    top = curve_top(plan, typed)
    x = alt.X(
        "commit:Q",
        title=commit_title(plan),
        axis=money_axis(),
        scale=alt.Scale(domain=[0, top], nice=False),
    )
    tips = [
        alt.Tooltip("discount:Q", format=".1%"),
        *exact_tips(commit="commitment a year", cost="expected cost", shortfall="expected shortfall"),
        alt.Tooltip("chance:Q", title="shortfall probability", format=".1%"),
    ]
    base = alt.Chart(curve_frame(plan, typed)).encode(x=x, y=y)
    # One line per band: at a threshold the discount, and so the cost, jumps.
    line = base.mark_line(color=palette.mark, strokeWidth=2.5).encode(detail="stretch:N")
    hover = base.mark_point(size=140, opacity=0).encode(tooltip=tips)
    marks = alt.Chart(pd.DataFrame(marks_rows(plan, typed, palette))).encode(x="commit:Q", y=y.shorthand)
    points = marks.mark_point(filled=True, size=130, opacity=1, shape=alt.expr("datum.shape")).encode(
        color=alt.Color("colour:N", scale=None), tooltip=tips
    )
    words = halo_and_words(marks.encode(text=f"{prefix}words:N"), palette, prefix=prefix)
    return [*band_layers(plan, top, x, palette), *behind, line, hover, points, *words]


def band_layers(plan: Plan, top: float, x: alt.X, palette: Palette) -> list[alt.Chart]:
    """Every discount band as a stripe with its discount at the top; stripes too narrow for words have none."""
    bands = plan.inputs.contract.bands
    edges = [*(band.min_commit_usd_per_year for band in bands), inf]
    rows = []
    for index, (band, (low, stop)) in enumerate(zip(bands, pairwise(edges), strict=True)):
        if low < top:
            wide = min(stop, top) - low >= _NARROWEST_NAMED_BAND * top
            words = f"-{percent(band.discount_fraction, 0)}" if wide else ""
            rows.append({"commit": low, "stop": min(stop, top), "words": words, "dark": 0.12 if index % 2 else 0.06})
    frame = pd.DataFrame(rows, columns=["commit", "stop", "words", "dark"])
    base = alt.Chart(frame).encode(x=x)
    stripes = base.mark_rect(color=palette.muted).encode(x2="stop:Q", opacity=alt.Opacity("dark:Q", scale=None))
    edges = base.mark_rule(color=palette.muted, opacity=0.6)
    names = base.mark_text(align="left", baseline="top", dx=4, color=palette.muted, fontWeight="bold")
    return [stripes, edges, names.encode(y=alt.value(4), text="words:N")]
