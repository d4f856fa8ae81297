"""List cost of a month as a function of what can differ from the plan: volume, mix, tokens per request, routing
adoption, escalation, caching and prices.

    f = V sum over streams of  s_k x_s c_s,     c_s = (prompt_s rho_s sum over classes of r (sigma + delta) + ...) phi_s

V: requests; s_k: the share of a type; x_s: calls of a stream per request of its type, by how they are routed and how
they escalate; c_s: what a call costs, by its tokens, their split over cached and uncached, and the list price. Each
factor is as planned or as it was; the tokens of what was called are then met exactly.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from planner.tracking.causes.plan_streams import CALL, DOLLARS, ESCALATED, HOME, NOTHING, ROUTED, UNCOUNTED
from planner.tracking.causes.planned import Planned
from planner.tracking.causes.requests import Requests, Structure, planned_structure
from planner.tracking.causes.served import Served
from planner.tracking.causes.sums import summed
from planner.units import OUTPUT, FloatArray

PLANNED, ACTUAL = 0, 1

LEAST_USD: Final = 1e-6
"""Use that costs less tells no price."""

MOST: Final = 1000.0
"""Tokens of a call, or a price, beyond so many times the planned ones are a fault of the log and stand in the rest."""


@dataclass(frozen=True, kw_only=True)
class TokenChange:
    """What calls of M months are beside the planned ones, each (M, G), by model of a type.

    prompt, output: tokens per call over those planned. split: (M, G, 4), share of the prompt in each class less that
    planned.
    """

    prompt: FloatArray
    output: FloatArray
    split: FloatArray


@dataclass(frozen=True, kw_only=True)
class Terms:
    """Both sides of M months: [PLANNED] and [ACTUAL] of each factor.

    requests: (M, K). structures: how they are served. tokens: beside the planned ones. prices: (M, S), list price
    relative to the pricing day's. unknown_usd: (M, 2), cost of types that the plan does not know, at planned and actual
    prices. other: (M, K), requests of the plan's types on models that it does not name.
    """

    central: Planned
    actual: Served
    requests: tuple[FloatArray, FloatArray]
    structures: tuple[Structure, Structure]
    tokens: TokenChange
    prices: tuple[FloatArray, FloatArray]
    unknown_usd: FloatArray
    named: FloatArray
    other: FloatArray

    def volume(self, side: int) -> FloatArray:
        """Requests of the plan's types, (M,)."""
        found: FloatArray = self.requests[side].sum(axis=1)
        return found

    def shares(self, side: int) -> FloatArray:
        """Of each type in the requests, (M, K); where there are none, those of the other side."""
        own, volume = self.requests[side], self.volume(side)[:, None]
        other, total = self.requests[1 - side], self.volume(1 - side)[:, None]
        found = np.divide(other, total, out=np.zeros_like(own), where=total > 0)
        return np.divide(own, volume, out=found, where=volume > 0)

    def calls(self, mix: int, adoption: int, escalation: int) -> FloatArray:
        """Calls of every stream per request of all types, (M, S)."""
        streams = self.central.streams
        each = calls_per_request(
            self.central,
            routed=self.structures[adoption].routed,
            home=self.structures[mix].home,
            per_routed=self.structures[escalation].per_routed,
        )
        found: FloatArray = self.shares(mix)[:, streams.type_of] * each
        return found

    def call_usd(self, tokens: int, caching: int, *, listed: bool = False) -> FloatArray:
        """Cost of a call's tokens at the pricing day's list, (M, S). listed: without batch."""
        streams, at = self.central.streams, self.actual.at
        rates, planned = (streams.list_rate if listed else streams.rate)[at], streams.tokens[at]
        prompt = planned[:, :, :OUTPUT]
        total = prompt.sum(axis=2)
        output = planned[:, :, OUTPUT]
        if caching == ACTUAL:
            prompt = prompt + total[:, :, None] * self.of_stream(self.tokens.split)
        prompt_usd = (prompt * rates[:, :, :OUTPUT]).sum(axis=2)
        if tokens == ACTUAL:
            prompt_usd = prompt_usd * self.of_stream(self.tokens.prompt)
            output = output * self.of_stream(self.tokens.output)
        found: FloatArray = prompt_usd + output * rates[:, :, OUTPUT]
        return found

    def of_stream(self, values: FloatArray) -> FloatArray:
        """Values of models, (M, G, ...), for the streams on them; of dollars without a call those of any, which have no
        tokens."""
        found: FloatArray = values[:, self.central.streams.group_of]
        return found

    def flat_usd(self) -> FloatArray:
        """Server tools and charges of a call, (M, S)."""
        found: FloatArray = self.central.streams.flat_usd[self.actual.at]
        return found

    def values(self) -> FloatArray:
        """f of every combination, (M, 2 x 7): volume, mix, tokens, adoption, escalation, caching, prices."""
        both = (PLANNED, ACTUAL)
        calls = np.stack([self.calls(m, a, e) for m in both for a in both for e in both], axis=1)
        usd = np.stack([self.call_usd(t, c) for t in both for c in both], axis=1)
        # (M, 8, S) by (M, S, 4) at each price: (M, 8, 4, 2)
        priced = np.stack([calls @ (usd * price[:, None, :]).swapaxes(1, 2) for price in self.prices], axis=3)
        whole = priced + (calls @ self.flat_usd()[:, :, None])[:, :, :, None]
        by_volume = np.stack([self.volume(side)[:, None, None, None] * whole for side in both], axis=1)
        by_volume[:, ACTUAL] += self.unknown_usd[:, None, None, :]
        # (M, volume, mix, adoption, escalation, tokens, caching, price) in the order of the causes
        found: FloatArray = by_volume.reshape(-1, *(2,) * 7).transpose(0, 1, 2, 5, 3, 4, 6, 7)
        return found


def calls_per_request(central: Planned, *, routed: FloatArray, home: FloatArray, per_routed: FloatArray) -> FloatArray:
    """Calls of every stream per request of its type, (M, S).

    routed, home: shares of the models, (M, G). per_routed: copies, (M, S).
    """
    streams = central.streams
    types = central.type_of_group
    stays = 1.0 - summed(routed, types, len(central.types))
    found = np.ones_like(per_routed)
    for kind in (HOME, ROUTED):
        of = streams.of(kind)
        share = home * stays[:, types] if kind == HOME else routed
        found[:, of] = share[:, streams.group_of[of]]
    for kind in (ESCALATED, CALL, DOLLARS):
        of = streams.of(kind)
        found[:, of] = routed[:, streams.from_of[of]] * per_routed[:, of]
    return found


def terms_of(central: Planned, actual: Served, found: Requests) -> Terms:
    """Both sides of every factor. Where nothing was called a call is as planned."""
    at = actual.at
    named, prices = _named_calls(central, actual, found), _prices(central, actual)
    return Terms(
        central=central,
        actual=actual,
        requests=(central.requests[at], found.requests),
        structures=(planned_structure(central, at), found.structure),
        tokens=_token_change(central, actual, named),
        prices=(central.streams.price[at], prices),
        unknown_usd=_unknown_usd(central, actual),
        named=named,
        other=np.minimum(actual.other_calls, found.requests),
    )


def _named_calls(central: Planned, actual: Served, found: Requests) -> FloatArray:
    streams, structure = central.streams, found.structure
    each = calls_per_request(central, routed=structure.routed, home=structure.home, per_routed=structure.per_routed)
    calls: FloatArray = found.requests[:, streams.type_of] * each
    home, other = streams.of(HOME), np.minimum(actual.other_calls, found.requests)
    calls[:, home] -= other[:, streams.type_of[home]] * structure.home[:, streams.group_of[home]]
    return calls


def _token_change(central: Planned, actual: Served, named: FloatArray) -> TokenChange:
    streams, n_groups = central.streams, len(central.groups)
    of = np.flatnonzero(streams.kind_of != DOLLARS)
    calls = named[:, of]
    expected = summed(calls[:, :, None] * streams.tokens[actual.at][:, of], streams.group_of[of], n_groups)
    counted = calls * (streams.kind_of[of] != UNCOUNTED)
    expected_calls = summed(counted, streams.group_of[of], n_groups)
    prompt, before = (tokens[:, :, :OUTPUT].sum(axis=2) for tokens in (actual.tokens, expected))
    each = _ratio(actual.calls, expected_calls)
    some = ((prompt > 0) & (before > NOTHING))[:, :, None]
    split = _over(actual.tokens[:, :, :OUTPUT], prompt) - _over(expected[:, :, :OUTPUT], before)
    return TokenChange(
        prompt=_bounded(_ratio(prompt, before) / each),
        output=_bounded(_ratio(actual.tokens[:, :, OUTPUT], expected[:, :, OUTPUT]) / each),
        split=np.where(some, split, 0.0),
    )


def _ratio(now: FloatArray, before: FloatArray) -> FloatArray:
    """1 where either side has nothing."""
    return np.divide(now, before, out=np.ones_like(now), where=(before > NOTHING) & (now > 0))


def _bounded(ratio: FloatArray) -> FloatArray:
    """1 for what no log can mean."""
    return np.where((ratio < MOST) & (ratio > 1.0 / MOST), ratio, 1.0)


def _over(values: FloatArray, total: FloatArray) -> FloatArray:
    whole = total[:, :, None]
    return np.divide(values, whole, out=np.zeros_like(values), where=whole > 0)


def _prices(central: Planned, actual: Served) -> FloatArray:
    """List price of every stream relative to the pricing day's, as paid, (M, S): that of its model, else of its tier in
    the month, else as planned."""
    streams, expected = central.streams, central.streams.price[actual.at]
    signing, current = actual.plain_usd + actual.batch_usd, actual.current_usd
    tier_of = dict(zip(streams.group_of.tolist(), streams.tiers, strict=True))
    tiers = [tier_of[group] for group in range(len(central.groups))]
    names = {tier: index for index, tier in enumerate(dict.fromkeys(tiers))}
    place = [names[tier] for tier in tiers]
    sums, current_sums = (summed(usd, place, len(names)) for usd in (signing, current))
    of = np.maximum(streams.group_of, 0)
    paid, listed = current_sums[:, place][:, of], sums[:, place][:, of]
    of_tier = np.divide(paid, listed, out=expected.copy(), where=listed > LEAST_USD)
    own = np.divide(current[:, of], signing[:, of], out=of_tier, where=signing[:, of] > LEAST_USD)
    return np.where(streams.kind_of == DOLLARS, 1.0, np.where(own < MOST, own, expected))


def _unknown_usd(central: Planned, actual: Served) -> FloatArray:
    """Types that the plan does not know, (M, 2), USD: at the prices that it expects, and as paid."""
    found = np.zeros((len(actual.at), 2))
    for by_tier in actual.unknown.values():
        for tier, usd in by_tier.items():
            found[:, PLANNED] += usd[:, 0] * _expected_price(central.prices, tier, actual)
            found[:, ACTUAL] += usd[:, 1]
    return found


def _expected_price(prices: Mapping[str, FloatArray], tier: str | None, actual: Served) -> FloatArray:
    """The plan's expected list price of a tier relative to the pricing day's, (M,); 1 where it has none."""
    ones = np.ones(len(actual.at))
    return ones if tier is None or tier not in prices else prices[tier][actual.at]
