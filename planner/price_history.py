"""What the history of list prices says about how often and how far a tier's price moves.

The price of a tier on a day is that of a standard basket of tokens on the tier's newest model. Where it changes, by a
new generation or in place, the tier has moved; the moves and the years that the tiers were watched give rates and
sizes, shrunk towards the product's defaults (docs/method.md, "Prices that move").
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from itertools import pairwise
from math import sqrt
from typing import Final, Literal

import numpy as np
from scipy.special import expit, gammaincinv, logit, stdtrit

from planner.distributions import Z90, fraction_from_quantiles
from planner.price_data.facts import ListPrice, PriceFacts, Rates, load_price_facts
from planner.units import DAYS_PER_YEAR, FloatArray

MOVING_TIERS: Final = ("haiku", "sonnet", "opus", "fable")

BASKET_TOKENS: Final[FloatArray] = np.array([3000.0, 20_000.0, 800.0, 0.0, 800.0])
"""One request of the basket, in the order of TOKEN_CLASSES, every prompt below every threshold. At the usual ratios of
a price list (cache read 0.1, write 1.25, output 5 times input) input is 30 %, cache reads 20 %, cache writes 10 % and
output 40 % of its cost: a conversation or an agent that keeps its cache warm."""

SMALLEST_MOVE: Final = 0.01
"""A change of the basket by less than one percent is no move."""

PRIOR_TIER_YEARS: Final = 4.0
"""The default rates weigh as much as watching four tiers for one year."""

PRIOR_MOVES: Final = 4.0
"""The default sizes weigh as much as four moves: two for each of the two numbers that a size is told by."""

PRIOR_FALLS_PER_YEAR: Final = 0.7
PRIOR_FALL: Final = (0.10, 0.60)
PRIOR_RISES_PER_YEAR: Final = 0.2
PRIOR_RISE: Final = (0.05, 0.30)
PRIOR_LAG_MONTHS: Final = 3.0
LAG_P10_P90: Final = (0.0, 6.0)
"""A change in place is paid on its day; a new generation is followed within a quarter or two."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TierMove:
    """One change of a tier's current list price. change_fraction: new over old basket, less one; below 0 is a fall.

    on: first day of the new price. model: the model that it is the price of.
    """

    tier: str
    model: str
    on: date
    change_fraction: float
    source: str
    kind: Literal["new_generation", "in_place"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceMoveFit:
    """One parameter of [prices.cuts] as the history has it, shrunk towards the product's default.

    Of a rate, p10 and p90 bound the rate itself; of a size they are the P10 and P90 of one move, to be written as
    { p10, p90 }, and the value is its median. weight_of_data: share of the evidence that is history, the rest prior.
    own_p10, own_p90: 80 % interval of the history alone for the rate, and for the median size; None where it is silent.
    """

    name: str
    value: float
    p10: float
    p90: float
    weight_of_data: float
    falls: int
    rises: int
    tier_years: float
    own_p10: float | None = None
    own_p90: float | None = None


@lru_cache(maxsize=4)
def tier_moves(*, same_text: bool = False) -> tuple[TierMove, ...]:
    """Every move of a tier's current list price in data/prices, oldest first.

    same_text: price the same text and not the same tokens, so that a tokenizer that counts more tokens is a rise.
    """
    facts = load_price_facts()
    moves = [move for tier in MOVING_TIERS for move in moves_of_tier(facts, tier, same_text=same_text)]
    return tuple(sorted(moves, key=lambda move: (move.on, move.tier)))


def tier_years(facts: PriceFacts) -> float:
    """Years that the tiers were watched in all, each from its first list price to the day of the last check."""
    starts = [changes[0].effective_from for tier in MOVING_TIERS if (changes := _changes(facts, tier))]
    return sum((facts.checked_on - start).days for start in starts) / DAYS_PER_YEAR


def moves_of_tier(facts: PriceFacts, tier: str, *, same_text: bool = False) -> Iterator[TierMove]:
    """The moves of one tier, oldest first. Announced and cancelled prices move nothing."""
    changes = _changes(facts, tier)
    for before, after in pairwise(changes):
        tokens = _token_ratio(facts, before.model, after.model) if same_text else 1.0
        change = basket_ratio(before.rates, after.rates) * tokens - 1.0
        if abs(change) >= SMALLEST_MOVE:
            yield TierMove(
                tier=tier,
                model=after.model,
                on=after.effective_from,
                change_fraction=change,
                source=after.source,
                kind="in_place" if before.model == after.model else "new_generation",
            )


def basket_ratio(before: Rates, after: Rates) -> float:
    """Cost of the basket at one set of rates over that at another, over the classes that both have a price for.

    So a token class that gets its first price, as caching did in 2024, is no move.
    """
    old, new = before.per_token(), after.per_token()
    both = ~(np.isnan(old) | np.isnan(new))
    return float(BASKET_TOKENS[both] @ new[both]) / float(BASKET_TOKENS[both] @ old[both])


def price_move_parameters(*, same_text: bool = False) -> tuple[PriceMoveFit, ...]:
    """The parameters of [prices.cuts] with what the price history says about each.

    Rates: Gamma prior with the default as its mean and PRIOR_TIER_YEARS of exposure, so that n moves in T years give
    Gamma(default x 4 + n, 4 + T). Sizes: normal on a logit (falls) or log (rises) scale, mean and variance conjugate,
    the default weighing PRIOR_MOVES. The lag is not in a price list and stays the default.
    """
    changes = np.array([move.change_fraction for move in tier_moves(same_text=same_text)])
    falls, rises = -changes[changes < 0], changes[changes > 0]
    years = tier_years(load_price_facts())
    base = PriceMoveFit(
        name="prices.cuts.lag_months",
        value=PRIOR_LAG_MONTHS,
        p10=LAG_P10_P90[0],
        p90=LAG_P10_P90[1],
        weight_of_data=0.0,
        falls=falls.size,
        rises=rises.size,
        tier_years=years,
    )
    return (
        _rate("falls_per_year", PRIOR_FALLS_PER_YEAR, falls.size, base),
        _fall(falls, base),
        _rate("rises_per_year", PRIOR_RISES_PER_YEAR, rises.size, base),
        _rise(rises, base),
        base,
    )


def _changes(facts: PriceFacts, tier: str) -> list[ListPrice]:
    """The list prices in force of the tier's newest model of each day, oldest first."""
    models = [facts.in_force(model) for model, fact in facts.models.items() if fact.tier == tier]
    launched = {prices[0].model: prices[0].effective_from for prices in models if prices}
    listed = sorted((price for prices in models for price in prices), key=lambda price: price.effective_from)
    found: list[ListPrice] = []
    for price in listed:
        if not found or launched[price.model] >= launched[found[-1].model]:
            found.append(price)
    return found


def _token_ratio(facts: PriceFacts, before: str, after: str) -> float:
    old, new = facts.models[before].tokenizer, facts.models[after].tokenizer
    if old == new:
        return 1.0
    return facts.new_tokens_per_old if new == "new" else 1.0 / facts.new_tokens_per_old


def _rate(key: str, default: float, n: int, base: PriceMoveFit) -> PriceMoveFit:
    """Posterior mean and 80 % interval of a Poisson rate a year; own interval under Jeffreys' prior."""
    shape, exposure = default * PRIOR_TIER_YEARS + n, PRIOR_TIER_YEARS + base.tier_years
    p10, p90 = gammaincinv(shape, [0.1, 0.9]) / exposure
    own_p10, own_p90 = gammaincinv(n + 0.5, [0.1, 0.9]) / base.tier_years
    return replace(
        base,
        name=f"prices.cuts.{key}",
        value=shape / exposure,
        p10=float(p10),
        p90=float(p90),
        weight_of_data=base.tier_years / exposure,
        own_p10=float(own_p10),
        own_p90=float(own_p90),
    )


def _fall(falls: FloatArray, base: PriceMoveFit) -> PriceMoveFit:
    low, high, own = _shrunk(logit(falls), logit(PRIOR_FALL[0]), logit(PRIOR_FALL[1]))
    p10, p90 = float(expit(low)), float(expit(high))
    return replace(
        base,
        name="prices.cuts.fall",
        value=float(fraction_from_quantiles(p10, p90).from_normal(np.zeros(1))[0]),
        p10=p10,
        p90=p90,
        weight_of_data=falls.size / (PRIOR_MOVES + falls.size),
        own_p10=None if own is None else float(expit(own[0])),
        own_p90=None if own is None else float(expit(own[1])),
    )


def _rise(rises: FloatArray, base: PriceMoveFit) -> PriceMoveFit:
    low, high, own = _shrunk(np.log(rises), np.log(PRIOR_RISE[0]), np.log(PRIOR_RISE[1]))
    return replace(
        base,
        name="prices.cuts.rise",
        value=float(np.exp((low + high) / 2)),
        p10=float(np.exp(low)),
        p90=float(np.exp(high)),
        weight_of_data=rises.size / (PRIOR_MOVES + rises.size),
        own_p10=None if own is None else float(np.exp(own[0])),
        own_p90=None if own is None else float(np.exp(own[1])),
    )


def _shrunk(sizes: FloatArray, low: float, high: float) -> tuple[float, float, tuple[float, float] | None]:
    """P10 and P90 of a normal shrunk towards the one with P10 = low and P90 = high; 80 % interval of the mean alone.

    With k prior moves of mean m and sd s, and n sizes of mean x: mean (k m + n x) / (k + n) and variance
    (k s^2 + sum of squares about x + k n / (k + n) (x - m)^2) / (k + n). Alone: x +- t s / sqrt(n), two sizes or more.
    """
    m, s, k, n = (low + high) / 2, (high - low) / (2 * Z90), PRIOR_MOVES, sizes.size
    if n == 0:
        return low, high, None
    x = float(sizes.mean())
    squares = float(np.sum((sizes - x) ** 2))
    mean = (k * m + n * x) / (k + n)
    sd = sqrt((k * s**2 + squares + k * n / (k + n) * (x - m) ** 2) / (k + n))
    half = stdtrit(n - 1, 0.9) * sqrt(squares / (n - 1) / n) if n > 1 else 0.0
    return mean - Z90 * sd, mean + Z90 * sd, (x - half, x + half) if n > 1 else None
