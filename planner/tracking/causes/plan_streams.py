"""The plan's streams of calls: what a log can show of a plan.

A stream is the calls of a request type on one model, for one reason - requests that stay at home, that a route moved,
that escalated, or calls of a router or a judge. Its tokens and prices are means over the plan's paths. Server tools and
charges in dollars come along.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from planner.lever_costs.scenario_costs import ScenarioCosts
from planner.lever_costs.unit_costs import Copy, TypeCosts
from planner.tracking.causes.copy_means import WAYS, copy_means
from planner.tracking.causes.sums import summed
from planner.units import BoolArray, FloatArray, IntArray

Kind = Literal["home", "routed", "escalated", "call", "dollars", "uncounted"]
KINDS: Final[tuple[Kind, ...]] = ("home", "routed", "escalated", "call", "dollars", "uncounted")
"""Why calls are made. dollars: a router's or a judge's charge without a call. uncounted: long prompts of which only the
tokens are known: there are none to count, and their tokens go with the type's requests."""

HOME, ROUTED, ESCALATED, CALL, DOLLARS, UNCOUNTED = range(6)

NOTHING: Final = 1e-12
"""Shares below it are none: how such a stream would look is then taken from the levers in full."""

Key = tuple[int, int, str, str]
"""A stream: type, kind, model, and the model that the requests were routed to; empty where none were."""


@dataclass(frozen=True, kw_only=True)
class Streams:
    """Streams of calls, S of them over T months.

    keys: as told there. type_of, kind_of, group_of, from_of: (S,), the last two among the planned models of the types,
    -1 for none. calls: (T, S) per request of the type. tokens: (T, S, 5) per call. rate, list_rate: (T, S, 5), USD per
    token at the pricing day's list, as planned with batch and without it. flat_usd: (T, S) per call, server tools or a
    charge. per_routed: (T, S), escalated copies, calls or charges per routed request; if_escalated: the same where
    every judged request escalates. price: (T, S), expected list price relative to the pricing day's. tiers: of
    each stream.
    """

    keys: tuple[Key, ...]
    type_of: IntArray
    kind_of: IntArray
    group_of: IntArray
    from_of: IntArray
    calls: FloatArray
    tokens: FloatArray
    rate: FloatArray
    list_rate: FloatArray
    flat_usd: FloatArray
    per_routed: FloatArray
    if_escalated: FloatArray
    price: FloatArray
    tiers: tuple[str | None, ...]

    def of(self, kind: int) -> IntArray:
        """Places of the streams of one kind."""
        return np.flatnonzero(self.kind_of == kind)

    def call_usd(self) -> FloatArray:
        """USD per call at the pricing day's list, tokens alone, (T, S)."""
        found: FloatArray = (self.tokens * self.rate).sum(axis=2)
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """What of a copy belongs to which stream: copy by its place among all, part: (4, T), one for each of the ways that
    copies are counted in."""

    key: Key
    copy: int
    part: FloatArray


def plan_streams(
    costs: ScenarioCosts, moments: Sequence[FloatArray], drift: FloatArray, prices: Mapping[str, FloatArray]
) -> tuple[tuple[tuple[int, str], ...], Streams]:
    """The copies of every type as streams, and the models that serve each type.

    moments: of each type (planner.tracking.causes.copy_means). drift: (T,), mean tokens per request relative to the
    measured ones. prices: by tier, (T,).
    """
    copies = [copy for item in costs.types for copy in item.copies]
    parts: list[_Part] = []
    first = 0
    for index, item in enumerate(costs.types):
        parts += _parts(index, item, moments[index], first)
        first += len(item.copies)
    hourly = {lever.request_type for lever in costs.scenario.caches if lever.ttl == "1h"}
    write_1h = np.array([item.request_type in hourly for item in costs.types for _ in item.copies], dtype=np.bool_)
    keys = tuple(dict.fromkeys(part.key for part in parts))
    place = {key: index for index, key in enumerate(keys)}
    sums = _Sums(copies=copies, parts=parts, at=np.array([place[part.key] for part in parts]), n=len(keys))
    stacked = np.concatenate(moments, axis=1)
    masses = [sums.of(stacked[way], write_1h, way) for way in range(WAYS)]
    tiers = sums.tiers()
    return _assembled(keys, masses, drift=drift, prices=prices, tiers=tiers)


def _parts(index: int, costs: TypeCosts, moments: FloatArray, first: int) -> list[_Part]:
    """The streams of one type's copies."""
    ones = np.ones((WAYS, moments.shape[3]))
    shares = _target_shares(costs, moments)
    found = []
    for place, copy in enumerate(costs.copies):
        at = first + place
        if not copy.is_counted:
            found.append(_Part(key=(index, UNCOUNTED, copy.model, ""), copy=at, part=ones))
        elif copy.role == "unrouted":
            found.append(_Part(key=(index, HOME, copy.model, ""), copy=at, part=ones))
        elif copy.role == "routed":
            found.append(_Part(key=(index, ROUTED, copy.model, copy.model), copy=at, part=ones))
        else:
            kind = ESCALATED if copy.role == "escalated" else DOLLARS if copy.tier is None else CALL
            found += [
                _Part(key=(index, kind, copy.model, target), copy=at, part=part)
                for target, part in shares[copy.routes[0]].items()
            ]
    return found


def _target_shares(costs: TypeCosts, moments: FloatArray) -> dict[int, dict[str, FloatArray]]:
    """Route -> model -> share of what it routes that the model serves, (4, T): several where the target retires."""
    found: dict[int, dict[str, FloatArray]] = {}
    shape = moments.shape[0], moments.shape[3]
    for place, copy in enumerate(costs.copies):
        if copy.role == "routed" and copy.is_counted:
            own = found.setdefault(copy.routes[0], {})
            own[copy.model] = own.get(copy.model, np.zeros(shape)) + moments[:, place, 0]
    for own in found.values():
        total = sum(own.values(), start=np.zeros(shape))
        for model, calls in own.items():
            share = np.divide(calls, total, out=np.full(shape, 1.0 / len(own)), where=total > NOTHING)
            share[0] = np.where(total[0] > NOTHING, share[0], share[1])
            share[-1] = 1.0
            own[model] = share
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Masses:
    """Sums of copies over the streams, per request of the type: calls (T, S); tokens, usd, list_usd, unit rates (T, S,
    5); flat (T, S)."""

    calls: FloatArray
    tokens: FloatArray
    usd: FloatArray
    list_usd: FloatArray
    rates: FloatArray
    flat: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sums:
    """Copies to be added up: at: the stream of each part; n: streams in all."""

    copies: Sequence[Copy]
    parts: Sequence[_Part]
    at: IntArray
    n: int

    def tiers(self) -> tuple[str | None, ...]:
        """The tier of each stream: one model has one."""
        found: dict[int, str | None] = {}
        for place, part in zip(self.at.tolist(), self.parts, strict=True):
            found.setdefault(place, self.copies[part.copy].tier)
        return tuple(found[place] for place in range(self.n))

    def of(self, moments: FloatArray, write_1h: BoolArray, way: int) -> _Masses:
        """The copies counted in one way."""
        means = copy_means(self.copies, moments, write_1h)
        of_copy = [part.copy for part in self.parts]
        weight = np.stack([part.part[way] for part in self.parts], axis=1)
        rates = np.nan_to_num(np.stack([copy.usd_per_token for copy in self.copies]))[None]
        discount = 1.0 - np.array([copy.batch_multiplier for copy in self.copies])[None, :, None]
        flat = np.array([copy.flat_usd for copy in self.copies])
        list_usd = means.tokens * rates
        values = (
            means.calls[:, :, None],
            means.tokens,
            list_usd - discount * means.batched * rates,
            list_usd,
            means.calls[:, :, None] * rates,
            (means.calls * flat)[:, :, None],
        )
        calls, *rest, flat_usd = (self._added(value, of_copy, weight) for value in values)
        return _Masses(
            calls=calls[:, :, 0], tokens=rest[0], usd=rest[1], list_usd=rest[2], rates=rest[3], flat=flat_usd[:, :, 0]
        )

    def _added(self, values: FloatArray, of_copy: Sequence[int], weight: FloatArray) -> FloatArray:
        return summed(values[:, of_copy] * weight[:, :, None], self.at, self.n)


def _assembled(
    keys: tuple[Key, ...],
    masses: Sequence[_Masses],
    *,
    drift: FloatArray,
    prices: Mapping[str, FloatArray],
    tiers: tuple[str | None, ...],
) -> tuple[tuple[tuple[int, str], ...], Streams]:
    groups = tuple(dict.fromkeys((key[0], key[2]) for key in keys if key[1] != DOLLARS))
    place = {group: index for index, group in enumerate(groups)}
    kind_of = np.array([key[1] for key in keys], dtype=np.int64)
    each = _per_call(masses[0], masses[-1], kind_of == UNCOUNTED)
    per_routed, if_escalated = _per_routed(keys, masses)
    ones = np.ones(len(drift))
    return groups, Streams(
        keys=keys,
        type_of=np.array([key[0] for key in keys], dtype=np.int64),
        kind_of=kind_of,
        group_of=np.array([-1 if key[1] == DOLLARS else place[key[0], key[2]] for key in keys], dtype=np.int64),
        from_of=np.array([place[key[0], key[3]] if key[3] else -1 for key in keys], dtype=np.int64),
        calls=each.calls,
        tokens=each.tokens * drift[:, None, None],
        rate=each.usd,
        list_rate=each.list_usd,
        flat_usd=each.flat,
        per_routed=per_routed,
        if_escalated=if_escalated,
        price=np.stack([ones if tier is None else prices.get(tier, ones) for tier in tiers], axis=1),
        tiers=tiers,
    )


def _per_call(mass: _Masses, of_one: _Masses, uncounted: BoolArray) -> _Masses:
    """Calls per request; the rest per call, rates per token. Streams without calls look like one of theirs would."""
    calls = np.where(uncounted, 1.0, mass.calls)
    seen = (calls > NOTHING)[:, :, None]
    by = np.where(seen[:, :, 0], calls, np.maximum(of_one.calls, NOTHING))

    tokens, usd, list_usd = (
        np.where(seen, *pair)
        for pair in ((mass.tokens, of_one.tokens), (mass.usd, of_one.usd), (mass.list_usd, of_one.list_usd))
    )
    rates = of_one.rates / np.maximum(of_one.calls, NOTHING)[:, :, None]
    total = list_usd.sum(axis=2, keepdims=True)
    batch = np.divide(usd.sum(axis=2, keepdims=True), total, out=np.ones_like(total), where=total > 0)
    return _Masses(
        calls=calls,
        tokens=tokens / by[:, :, None],
        usd=np.divide(usd, tokens, out=rates * batch, where=tokens > 0),
        list_usd=np.divide(list_usd, tokens, out=rates.copy(), where=tokens > 0),
        rates=rates,
        flat=np.where(seen[:, :, 0], mass.flat, of_one.flat) / by,
    )


def _per_routed(keys: Sequence[Key], masses: Sequence[_Masses]) -> tuple[FloatArray, FloatArray]:
    """Copies per routed request, (T, S) each: as planned, and where all that is judged escalates; 0 for other kinds."""
    place = {key: index for index, key in enumerate(keys)}
    of = [place.get((key[0], ROUTED, key[3], key[3]), -1) if key[3] else -1 for key in keys]
    paid = np.array([key[1] in (ESCALATED, CALL, DOLLARS) for key in keys], dtype=np.bool_)

    def ratio(way: int, otherwise: FloatArray) -> FloatArray:
        calls, routed = masses[way].calls, masses[way].calls[:, of]
        return np.divide(calls, routed, out=otherwise.copy(), where=paid & (routed > NOTHING))

    none = np.zeros_like(masses[0].calls)
    return ratio(0, ratio(1, none)), ratio(2, none)
