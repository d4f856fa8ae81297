"""The best commitment for a quote, as sheet Calc finds it: band by band on the points, no commitment included.

Inside a band the expected cost of annual list use q is, over contract years of length f_y and use L_y,

    k q W - k (1 - c) sum E max(0, q f_y - L_y) + o sum E max(0, L_y - q f_y),

with slope W (k - o + (o - k (1 - c)) F(q)), F the share of the term's use in years whose annual use is at most q. It is
least where F first reaches (o - k) / (o - k (1 - c)), and at an end of the band where the slope has one sign. F is read
from the 1,001 points of pooled annual use, and both neighbours of that level are priced; where it is 0, so is the least
commitment. At protected prices, where cost may turn more than once, every tabulated q is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Final

import numpy as np

from planner.sizing.expectation import CENT_USD
from planner.units import FloatArray
from planner.workbook.calc.case_steps import Steps, bracket, first_column
from planner.workbook.calc.pricing import N_POINTS, OfferPoints, OfferTerms

NO_END_USD: Final = 1e15
TIE: Final = 1e-12
"""Relative difference of expected costs below which two commitments cost the same; the smaller one is taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked: an offer's terms, in a scenario, counted from 0, at its own discount or at those of bands.

    bands: (threshold, discount), None for a row left blank. overage_follows: whether use beyond has the band's discount
    instead of the offer's. typed: the steps of the offer in that scenario.
    """

    points: OfferPoints
    scenario: int
    offer: OfferTerms
    typed: Steps
    uses_bands: bool
    bands: Sequence[tuple[float, float] | None]
    overage_follows: bool
    max_shortfall_probability: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Best:
    """The answer with the steps on the way: one for all bands, and per band. searched: at protected prices, shape
    (1001, n_bands), the cost of every tabulated q, NO_END_USD where it is outside the band or the limit."""

    overall: Steps
    bands: tuple[Steps, ...]
    searched: FloatArray | None


def best_commitment(asked: Question) -> Best:
    """The cheapest commitment within the limit; of equal ones the smallest."""
    overall = Steps(values={})
    _limit(overall, asked)
    bands = tuple(_band(asked, overall, number) for number in range(len(asked.bands) + 1))
    searched = None
    if asked.points.is_locked:
        searched = np.stack([_searched(asked, band) for band in bands], axis=1)
        for band, costs in zip(bands, searched.T, strict=True):
            _with_search(asked, band, costs)
    on_demand = asked.typed.number("on_demand")
    for band in bands:
        _choice(band, on_demand)
    least = min([on_demand, *(band.number("offered") for band in bands)])
    bound = _tied_to(least)
    for band in bands:
        band.set(tied=band.number("best_commit") if band.number("offered") <= bound else NO_END_USD)
    tied = [band.number("tied") for band in bands]
    commit = 0.0 if on_demand <= bound else min(tied)
    chosen = bands[tied.index(commit)] if commit > 0 else None
    overall.set(
        least=least,
        bound=bound,
        commit=commit,
        discount=chosen.number("discount") if chosen else 0.0,
        overage_discount=chosen.number("overage_discount") if chosen else 0.0,
    )
    return Best(overall=overall, bands=bands, searched=searched)


def _limit(overall: Steps, asked: Question) -> None:
    """The largest annual list use whose chance of a shortfall is within the limit, between two quantiles."""
    term = asked.points.terms_months.index(asked.offer.term_months)
    least = asked.points.scenarios[asked.scenario].terms[term].least_use
    level = min(asked.max_shortfall_probability, 1.0)
    rank = int(np.searchsorted(np.arange(N_POINTS) / (N_POINTS - 1), level, side="right"))
    low, high = float(least[rank - 1]), float(least[min(rank, N_POINTS - 1)])
    way = level * (N_POINTS - 1) + 1 - rank
    inside = low + (high - low) * way
    is_free = asked.max_shortfall_probability >= 1 or asked.offer.charged == 0
    overall.set(
        limit_level=level,
        limit_rank=rank,
        limit_low=low,
        limit_high=high,
        limit_way=way,
        limit_use=NO_END_USD if is_free else inside,
        pooled_column=first_column(asked.points, asked.scenario)
        + len(asked.points.years)
        + len(asked.points.terms_months)
        + term
        + 1,
    )


def _band(asked: Question, overall: Steps, number: int) -> Steps:
    """A band's terms, its ends, and the commitments in it that may be best, priced."""
    band = Steps(values={})
    _terms(band, asked, number)
    kept, rate, charged = band.number("kept"), band.number("rate"), asked.offer.charged
    unused_rate = kept * (1 - charged)
    level = max((rate - kept) / (rate - unused_rate), 0.0) if rate > unused_rate else 0.0
    rank = min(max(ceil(level * N_POINTS), 1), N_POINTS)
    per_list = 1.0 if asked.offer.draws_list else kept
    low = band.number("floor") / per_list
    high = min((band.number("stop") - CENT_USD) / per_list, overall.number("limit_use"))
    term = asked.points.terms_months.index(asked.offer.term_months)
    pooled = asked.points.scenarios[asked.scenario].terms[term].pooled_use
    near = [float(pooled[max(rank - 1, 1) - 1]) if level > 0 else low, float(pooled[rank - 1])]
    table = asked.points.scenarios[asked.scenario].locked
    if table is not None:
        # beyond all use nothing gets cheaper, and at no end at all the digits of the cost would be lost
        near = [low, float(table[0, -1])]
    band.set(
        unused_rate=unused_rate,
        level=level,
        pooled_rank=rank,
        per_list=per_list,
        low=low,
        high=high,
        allowed=1.0 if band.number("on") > 0 and low <= high else 0.0,
    )
    for name, q in zip(("first", "second"), near, strict=True):
        _priced(band, asked, name, max(min(q, high), low))
    return band


def _terms(band: Steps, asked: Question, number: int) -> None:
    """Threshold, discounts and the first threshold above; number 0 is the offer's own discount, or below all bands."""
    row = asked.bands[number - 1] if number else None
    starts = [item[0] for item in asked.bands if item is not None]
    start = row[0] if row else 0.0
    above = sorted(item for item in starts if item > start)
    own, offer = number == 0, asked.offer
    discount = (0.0 if asked.uses_bands else offer.discount) if own else row[1] if row else 0.0
    overage = offer.overage_discount
    if own:
        overage = 0.0 if asked.uses_bands else overage
    elif asked.overage_follows:
        overage = discount
    is_given = own or (asked.uses_bands and row is not None)
    is_on = is_given and 0 <= discount < 1
    band.set(
        number=number,
        start=start,
        given=1.0 if is_given else 0.0,
        on=1.0 if is_on else 0.0,
        discount=discount,
        overage_discount=overage,
        floor=max(start, CENT_USD),
        above=float(len(above)),
        stop_row=float(len(starts) - len(above) + 1 if above and asked.uses_bands else 0),
        stop=above[0] if above and asked.uses_bands else NO_END_USD,
        kept=1 - discount if is_on else 1.0,
        rate=1 - overage,
    )


def _priced(band: Steps, asked: Question, name: str, q: float) -> None:
    """Expected cost of annual list use q over the term."""
    spend, typed = asked.points.scenarios[asked.scenario], asked.typed
    band.set(**{f"{name}_use": q})
    beyond = unused = 0.0
    for m, (column, use) in enumerate(zip(asked.points.years, spend.use, strict=True), start=1):
        share = column.fraction_in(asked.offer.term_months)
        of_year = float(np.maximum(use - q * share, 0.0).sum()) / N_POINTS
        short = float(np.maximum(q * share - use, 0.0).sum()) / N_POINTS
        band.set(**{f"{name}_list_{m}": q * share, f"{name}_beyond_{m}": of_year, f"{name}_unused_{m}": short})
        beyond, unused = beyond + (of_year if share else 0.0), unused + short
    billed = beyond
    if spend.locked is not None:
        billed = _looked_up(band, spend.locked, name, q)
    band.set(
        **{f"{name}_beyond": beyond, f"{name}_billed": billed, f"{name}_unused": unused},
        **{f"{name}_cost": _cost(band, typed, q, billed, unused)},
    )


def _cost(band: Steps, typed: Steps, q: float, billed: float, unused: float) -> float:
    owed = band.number("kept") * q * typed.number("years") - band.number("unused_rate") * unused
    # where nothing is used and nothing charged, rounding may leave less than nothing
    return max(owed + band.number("rate") * billed + typed.number("outside"), 0.0)


def _looked_up(band: Steps, table: FloatArray, name: str, q: float) -> float:
    """Use beyond q at the prices of its month, linear between the rows of the table."""
    share = bracket(band, f"{name}_", table[0], q)
    rank = int(band.number(f"{name}_rank"))
    low, high = float(table[1, rank - 1]), float(table[1, min(rank, N_POINTS - 1)])
    band.set(**{f"{name}_g_low": low, f"{name}_g_high": high})
    return low + (high - low) * share


def _searched(asked: Question, band: Steps) -> FloatArray:
    """At protected prices: the cost of every tabulated q, where it is inside the band and the limit."""
    table = asked.points.scenarios[asked.scenario].locked
    assert table is not None
    q, billed, unused = table
    owed = band.number("kept") * q * asked.typed.number("years") - band.number("unused_rate") * unused
    cost = owed + band.number("rate") * billed + asked.typed.number("outside")
    inside = (q >= band.number("low")) & (q <= band.number("high"))
    found: FloatArray = np.where(inside, cost, NO_END_USD)
    return found


def _with_search(asked: Question, band: Steps, costs: FloatArray) -> None:
    table = asked.points.scenarios[asked.scenario].locked
    assert table is not None
    at = int(np.argmin(costs))
    band.set(search_cost=float(costs[at]), search_row=at + 1, search_use=float(table[0, at]))


def _choice(band: Steps, on_demand: float) -> None:
    """The cheapest of a band's candidates, the smaller one of equal ones; none where nothing is allowed."""
    names = ("first", "search", "second") if "search_cost" in band.values else ("first", "second")
    costs = [band.number(f"{name}_cost") for name in names]
    least = min(costs)
    used = next(band.number(f"{name}_use") for name in names if band.number(f"{name}_cost") <= _tied_to(least))
    allowed = band.number("allowed") > 0
    band.set(
        cost=least,
        best_use=used,
        offered=least if allowed else on_demand,
        # a threshold divided by what is paid and multiplied again may end a hair below its band
        best_commit=max(used * band.number("per_list"), band.number("floor")) if allowed else 0.0,
    )


def _tied_to(least: float) -> float:
    """What costs the same but for rounding, which may leave a trace below 0 where nothing is used."""
    return least + abs(least) * TIE
