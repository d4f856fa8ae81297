"""What is left of actual less planned once volume, mix, tokens, routing, caching and prices are split off, by name."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from planner.prices import PriceBook
from planner.tracking.causes.plan_streams import CALL, DOLLARS, HOME
from planner.tracking.causes.requests import serving_groups
from planner.tracking.causes.split_terms import ACTUAL, LEAST_USD, Terms
from planner.tracking.causes.sums import summed
from planner.tracking.signed_plan import SignedPlan
from planner.units import BoolArray, FloatArray

BATCH: Final = "another share through batch"
LENGTHS: Final = "prompt lengths, geography, speed, and prices of other models of a tier"
CALLS: Final = "judge and router calls"
CHARGES: Final = "judge and router charges in dollars, which no log shows"
TOOLS: Final = "server tools"
OTHER: Final = "models that the plan does not name for the type"


def rest_parts(signed: SignedPlan, terms: Terms) -> dict[str, FloatArray]:
    """USD of each month, (M,) each: they add up to what was used less f with every factor as it was."""
    central, actual = terms.central, terms.actual
    streams, n_groups = central.streams, len(central.groups)
    called = np.flatnonzero(streams.kind_of != DOLLARS)
    usd, listed = (terms.named * terms.call_usd(ACTUAL, ACTUAL, listed=way) for way in (False, True))
    groups = streams.group_of[called]
    at_price = usd * terms.prices[ACTUAL]
    split, whole, paid = (summed(part[:, called], groups, n_groups) for part in (usd, listed, at_price))
    signing = actual.plain_usd + actual.batch_usd
    unbatched = actual.plain_usd + actual.batch_usd / _batch_multipliers(signed, central.groups)
    as_planned = unbatched * np.divide(split, whole, out=np.ones_like(split), where=whole > 0)
    price = np.divide(actual.current_usd, signing, out=np.ones_like(signing), where=signing > LEAST_USD)
    batch = price * (signing - as_planned)
    left = actual.current_usd - paid
    calls = _of_calls_alone(terms)
    flat = terms.named * terms.flat_usd()
    return {
        BATCH: np.where(calls, 0.0, batch).sum(axis=1),
        LENGTHS: np.where(calls, 0.0, left - batch).sum(axis=1),
        CALLS: np.where(calls, left, 0.0).sum(axis=1),
        CHARGES: -flat[:, streams.of(DOLLARS)].sum(axis=1),
        TOOLS: actual.tools_usd.sum(axis=1) - flat[:, called].sum(axis=1),
        OTHER: actual.other_current_usd.sum(axis=1) - _as_if_at_home(terms).sum(axis=1),
    }


def _of_calls_alone(terms: Terms) -> BoolArray:
    """Models on which nothing but a judge or a router is called, (G,)."""
    streams = terms.central.streams
    found = np.zeros(len(terms.central.groups), dtype=np.bool_)
    found[streams.group_of[streams.of(CALL)]] = True
    alone: BoolArray = found & ~serving_groups(terms.central)
    return alone


def _as_if_at_home(terms: Terms) -> FloatArray:
    """What requests on models that the plan does not name count with in f, (M, K)."""
    streams = terms.central.streams
    home = streams.of(HOME)
    unit = terms.call_usd(ACTUAL, ACTUAL)[:, home] * terms.prices[ACTUAL][:, home] + terms.flat_usd()[:, home]
    share = terms.structures[ACTUAL].home[:, streams.group_of[home]]
    return terms.other * summed(unit * share, streams.type_of[home], len(terms.central.types))


def _batch_multipliers(signed: SignedPlan, groups: Sequence[tuple[int, str]]) -> FloatArray:
    book: PriceBook = signed.prepared.price_book
    by_model = {model: float(book.price(model, signed.prepared.priced_on).batch_multiplier) for _, model in groups}
    return np.array([by_model[model] for _, model in groups])
