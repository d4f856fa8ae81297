"""What the commitment explorer shows at each place where a dragged commitment may stop, priced on the same paths."""

from bisect import bisect_right
from itertools import pairwise
from math import floor
from typing import Any, Final

import numpy as np
import pandas as pd

from planner.charts.commit_axis import counts_present_value
from planner.charts.commitment import curve_top, marked_offers, priced_rows
from planner.offer import Offer
from planner.plan import Plan
from planner.sizing.plain_sample import PlainSample
from planner.units import FloatArray
from planner.words import percent, usd_rounded_down, usd_short

YEARS: Final = 50
SLOTS: Final = 512
"""Equal parts of the axis; each knows the nearest place to stop at, so that the browser has nothing to search."""
_BELOW_USD: Final = 0.01
_DOT_COLUMNS: Final = 44


def step_usd(top: float) -> float:
    """A round step, a hundredth to a two-hundred-and-fiftieth of the axis of commitments."""
    size = 10.0 ** (len(str(int(top))) - 3)
    return max(size if top / size <= 250 else 5 * size, 1.0)


def stops(plan: Plan, top: float) -> list[Offer]:
    """Where a dragged commitment stops, by amount: none, round steps, every band's threshold, and the marked offers.

    Where offers are settled through the ledger the steps are the points of the plan's own curve.
    """
    contract, best = plan.inputs.contract, plan.recommendation.offer
    commits = {low for low, _ in contract.commit_ranges if low <= top} | {0.0}
    if isinstance(plan.samples[plan.inputs.decision.scenario], PlainSample):
        commits |= set((np.arange(round(top / step_usd(top)) + 1) * step_usd(top)).tolist())
    else:
        commits |= {point.offer.commit_usd_per_year for point in plan.curve}
    marked = [offer for _, offer in marked_offers(plan, None)]
    commits |= {o.commit_usd_per_year for o in marked if o == contract.offer_at(o.commit_usd_per_year)}
    found = {usd: contract.offer_at(usd) for usd in commits}
    return [offer for _, offer in sorted((found | {best.commit_usd_per_year: best}).items())]


def points_frame(plan: Plan, top: float) -> pd.DataFrame:
    """A row for each place, by commitment: the columns of `told_rows`, stop (dragging stops there) and on_curve.

    Just below every band's threshold there is one where it does not, so that curves break where the discount jumps. A
    recommendation whose years are each their own is no point of the curve, which commits by one rule.
    """
    offers = stops(plan, top)
    contract = plan.inputs.contract
    below = [contract.offer_at(low - _BELOW_USD) for low, _ in contract.commit_ranges if 0 < low <= top]
    frame = pd.DataFrame(told_rows(plan, [*offers, *below]))
    frame["stop"] = [True] * len(offers) + [False] * len(below)
    frame["on_curve"] = [o == contract.offer_at(o.commit_usd_per_year) for o in (*offers, *below)]
    return frame.sort_values("commit", kind="stable", ignore_index=True)


def told_rows(plan: Plan, offers: list[Offer]) -> list[dict[str, Any]]:
    """Offers priced and in words. commit: place on the axis; field: what stands for it in the field, USD a year;
    cost, against (USD of the term, in the decision's money), chance (fraction), shortfall (USD), stretch: which of the
    ranges inside which every year stays in its band; w_...: the same in words."""
    (best,) = priced_rows(plan, [plan.recommendation.offer])
    lows = [low for low, _ in plan.inputs.contract.commit_ranges]
    return [
        {
            **row,
            "field": offer.commit_usd_per_year,
            "against": row["cost"] - best["cost"],
            "stretch": bisect_right(lows, offer.commit_usd_per_year),
            "w_commit": "none" if offer.is_none else usd_rounded_down(row["commit"]),
            "w_discount": percent(row["discount"]),
            "w_cost": usd_short(row["cost"]),
            "w_against": difference_words(row["cost"] - best["cost"]),
            "w_chance": percent(row["chance"]),
            "w_shortfall": usd_short(row["shortfall"]),
            "w_years": years_short_words(plan, row["chance"]),
        }
        for offer, row in zip(offers, priced_rows(plan, offers), strict=True)
    ]


def difference_words(difference: float) -> str:
    """A difference in dollars with its sign."""
    if abs(difference) < 0.5:
        return "$0"
    return ("+" if difference > 0 else "") + usd_short(difference)


def futures(plan: Plan) -> str:
    """What simulated courses of the term are to a reader: years, where the term is one."""
    return "years" if plan.inputs.contract.term_months == 12 else "futures"


def years_short(chance: float) -> int:
    """How many of the equally likely years fall short at a shortfall probability."""
    return int(np.count_nonzero(levels() < chance))


def years_short_words(plan: Plan, chance: float) -> str:
    """The same in words; where the limit is on each contract period, it is the period that falls short most often."""
    short, inputs = years_short(chance), plan.inputs
    per_period = inputs.decision.shortfall_limit_per == "period" and len(inputs.contract.periods) > 1
    where = " in the riskiest period" if per_period else ""
    return f"{short} of {YEARS} {futures(plan)} {'falls' if short == 1 else 'fall'} short{where}"


def levels() -> FloatArray:
    """The middles of equal parts of probability, ascending."""
    return (np.arange(YEARS) + 0.5) / YEARS


def years_frame(frame: pd.DataFrame, top: float) -> pd.DataFrame:
    """Fifty equally likely years, each where the commitment begins to be more than it uses up.

    frame: as points_frame. level: the shortfall probability from which on the year falls short; commit: where the
    curve reaches it, USD a year; row: 1 at the bottom of a heap of neighbours.
    """
    curve = frame[frame["on_curve"]]
    commits, chances = curve["commit"].to_numpy(), np.maximum.accumulate(curve["chance"].to_numpy())
    at = np.minimum(np.searchsorted(chances, levels(), side="right"), len(chances) - 1)
    before = np.maximum(at - 1, 0)
    rise = chances[at] - chances[before]
    share = np.divide(levels() - chances[before], rise, out=np.ones(YEARS), where=rise > 0).clip(0.0, 1.0)
    places = commits[before] + share * (commits[at] - commits[before])
    return pd.DataFrame({"level": levels(), "commit": places, "row": _heaped(places, top / _DOT_COLUMNS)})


def _heaped(places: FloatArray, wide: float) -> list[int]:
    """The row of each dot, so that none covers another that is nearer than a dot is wide; places ascend."""
    last: list[float] = []
    rows = []
    for place in places.tolist():
        row = next((index for index, end in enumerate(last) if place - end >= wide), len(last))
        last[row : row + 1] = [place]
        rows.append(row + 1)
    return rows


def nearest_stops(frame: pd.DataFrame, top: float) -> list[int]:
    """For each of the equal parts of the axis, the row of the nearest place to stop at."""
    rows = np.flatnonzero(frame["stop"].to_numpy())
    commits = frame["commit"].to_numpy()[rows]
    middles = (np.arange(SLOTS) + 0.5) / SLOTS * top
    cuts = [(low + high) / 2 for low, high in pairwise(commits.tolist())]
    return rows[np.searchsorted(cuts, middles)].tolist()


def step_words(plan: Plan, top: float) -> str:
    """Where a dragged commitment stops, in a sentence."""
    if isinstance(plan.samples[plan.inputs.decision.scenario], PlainSample):
        steps = f"in steps of {usd_rounded_down(step_usd(top))}"
    else:
        steps = "along the points that were priced"
    money = " Costs are present values." if counts_present_value(plan) else ""
    return (
        f"Dragging goes {steps} and also stops at every discount threshold and at the marked commitments; a typed one "
        f"is exact.{money}"
    )


def axis_top(plan: Plan, typed: Offer) -> float:
    """The largest commitment on the axis, USD a year: a whole number of steps, beyond whatever is marked."""
    top = curve_top(plan, typed)
    return (floor(top / step_usd(top)) + 1) * step_usd(top)
