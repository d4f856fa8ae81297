"""Scenarios priced: every copy of every request type, at the list prices of one day."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

import numpy as np

from planner.clauses import Eligibility
from planner.copy_costs import CopyPricer, PaidCopy
from planner.distributions import Distribution
from planner.economics import CacheEconomics, RouteEconomics, cache_economics, route_economics
from planner.errors import InputError, UnknownModelError
from planner.levers import CacheLever, Ramp, Route, Scenario
from planner.mix import MixEntry, RequestMix
from planner.prices import PriceBook
from planner.retirements import ForcedMove, Horizon, MovedCopy, forced_moves
from planner.unit_costs import AppliedLever, Copy, TypeCosts
from planner.units import FloatArray

_EVERYTHING: Final = Eligibility()


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioCosts:
    """A scenario priced: unit costs of every type of the mix, and the uncertain inputs they read, by key.

    retirements: what models that retire inside the horizon do to its traffic, earliest first.
    """

    scenario: Scenario
    types: tuple[TypeCosts, ...]
    inputs: Mapping[str, Distribution]
    economics: tuple[RouteEconomics, ...]
    cache_economics: tuple[CacheEconomics, ...] = ()
    retirements: tuple[ForcedMove, ...] = ()

    def mean_unit_costs(self, months: FloatArray) -> FloatArray:
        """USD per request with every uncertain input at its mean, shape (n_months, n_types)."""
        drawn = {key: np.array([value.mean]) for key, value in self.inputs.items()}
        columns = []
        for costs in self.types:
            by_tier, overhead = costs.unit_cost_by_tier(months, drawn)
            total = sum(by_tier.values(), start=overhead)
            columns.append(np.broadcast_to(total, (len(months), 1))[:, 0])
        return np.stack(columns, axis=1)


def price_scenario(
    scenario: Scenario,
    mix: RequestMix,
    price_book: PriceBook,
    *,
    on: date,
    start: date | None = None,
    n_months: int = 0,
    eligible: Eligibility = _EVERYTHING,
) -> ScenarioCosts:
    """Price every copy of every request type under the scenario's levers at the list prices of a day.

    start, n_months: first day of month 0 and the horizon, in which traffic on a model that retires moves to its
    successor; without a start nothing moves. eligible: what may draw a commitment down.

    Raises InputError where levers contradict each other, a share above a prompt threshold is missing or `eligible`
    names a model that the price book does not know, and PriceError where a token class that is used has no known price.
    """
    eligible = _known(eligible, price_book)
    inputs: dict[str, Distribution] = {}
    types: list[TypeCosts] = []
    economics: list[RouteEconomics] = []
    moved: list[MovedCopy] = []
    horizon = None if start is None else Horizon(start=start, n_months=n_months)
    for request_type, entries in _by_type(mix).items():
        copy_pricer = CopyPricer(
            price_book=price_book,
            on=on,
            horizon=horizon,
            scenario=scenario.name,
            request_type=request_type,
            moved=moved,
            eligible=eligible,
        )
        pricer = _TypePricer(scenario=scenario, request_type=request_type, copy_pricer=copy_pricer)
        costs = pricer.costs(entries, inputs)
        types.append(costs)
        economics += [route_economics(costs, i, route, inputs) for i, route in enumerate(pricer.routes)]
    caches = [cache_economics(costs, inputs) for costs in types]
    return ScenarioCosts(
        scenario=scenario,
        types=tuple(types),
        inputs=inputs,
        economics=tuple(economics),
        cache_economics=tuple(cache for cache in caches if cache is not None),
        retirements=forced_moves(moved),
    )


def with_canonical_models(scenario: Scenario, price_book: PriceBook) -> Scenario:
    """The scenario with every model named as the price book names it; UnknownModelError for one it does not know."""
    return replace(scenario, routes=tuple(_canonical(route, scenario.name, price_book) for route in scenario.routes))


def _canonical(route: Route, scenario: str, price_book: PriceBook) -> Route:
    try:
        return replace(
            route,
            to=price_book.resolve(route.to),
            from_models=tuple(price_book.resolve(name) for name in route.from_models),
            escalate_to=route.escalate_to and price_book.resolve(route.escalate_to),
        )
    except UnknownModelError as error:
        raise UnknownModelError(f"scenario '{scenario}', route of '{route.request_type}': {error}") from None


def _known(eligible: Eligibility, price_book: PriceBook) -> Eligibility:
    """The same with every model named as the price book names it."""
    if eligible.models is None:
        return eligible
    try:
        return replace(eligible, models=tuple(price_book.resolve(name) for name in eligible.models))
    except UnknownModelError as error:
        raise InputError(f"contract.eligible.models: {error}") from None


def _by_type(mix: RequestMix) -> dict[str, list[MixEntry]]:
    groups: dict[str, list[MixEntry]] = {}
    for entry in mix.entries:
        groups.setdefault(entry.request_type, []).append(entry)
    return groups


@dataclass(frozen=True, slots=True, kw_only=True)
class _TypePricer:
    """Prices one request type in one scenario: its copies, and the levers that act on them."""

    scenario: Scenario
    request_type: str
    copy_pricer: CopyPricer

    @property
    def routes(self) -> list[Route]:
        return [route for route in self.scenario.routes if route.request_type == self.request_type]

    def costs(self, entries: Sequence[MixEntry], inputs: dict[str, Distribution]) -> TypeCosts:
        cache = next((lever for lever in self.scenario.caches if lever.request_type == self.request_type), None)
        batch = next((lever for lever in self.scenario.batches if lever.request_type == self.request_type), None)
        output = next((lever for lever in self.scenario.outputs if lever.request_type == self.request_type), None)
        total = sum(entry.monthly_requests for entry in entries)
        copies: list[Copy] = []
        for entry in entries:
            share = entry.monthly_requests / total if total else 1 / len(entries)
            copies += self._copies(entry, share, cache)
        name = self.request_type
        return TypeCosts(
            request_type=name,
            copies=tuple(copies),
            routes=tuple(self._applied_route(i, route, copies, inputs) for i, route in enumerate(self.routes)),
            cache=None
            if cache is None
            else _applied(
                f"cache/{name}",
                cache.ramp,
                inputs,
                cacheable_fraction=cache.cacheable_fraction,
                hit_rate=cache.hit_rate,
            ),
            batch=None if batch is None else _applied(f"batch/{name}", batch.ramp, inputs, share=batch.share),
            output=None if output is None else _applied(f"output/{name}", output.ramp, inputs, cut=output.cut),
        )

    def _applied_route(
        self, index: int, route: Route, copies: Sequence[Copy], inputs: dict[str, Distribution]
    ) -> AppliedLever:
        source = "+".join(sorted(route.from_models)) or "any"
        key = f"route/{self.request_type}/{source}/{route.to}"
        moved = sum(
            copy.traffic_share for copy in copies if copy.route == index and copy.role == "unrouted" and copy.is_first
        )
        return _applied(
            key,
            route.ramp,
            inputs,
            overhead_usd_per_request=route.overhead_usd_per_request * moved,
            share=route.share,
            escalation=route.escalation,
        )

    def _copies(self, entry: MixEntry, share: float, cache: CacheLever | None) -> list[Copy]:
        applying = [i for i, route in enumerate(self.routes) if route.applies_to(entry.model)]
        if len(applying) > 1:
            targets = ", ".join(self.routes[i].to for i in applying)
            raise InputError(
                f"scenario '{self.scenario.name}' routes '{self.request_type}' on {entry.model} more than once (to "
                f"{targets}); name different models under `from`, or keep one route"
            )
        index = applying[0] if applying else None
        route = None if index is None else self.routes[index]
        paid = PaidCopy(entry=entry, share=share, role="unrouted", index=index, route=route, cache=cache)
        copies = self.copy_pricer.copies(paid, entry.model)
        if route is not None:
            copies += self.copy_pricer.copies(replace(paid, role="routed"), route.to)
            copies += self.copy_pricer.copies(replace(paid, role="escalated"), route.escalate_to or entry.model)
        return copies


def _applied(
    key: str,
    ramp: Ramp,
    inputs: dict[str, Distribution],
    *,
    overhead_usd_per_request: float = 0.0,
    **amounts: Distribution,
) -> AppliedLever:
    inputs[f"{key}.start_month"] = ramp.start_month
    inputs[f"{key}.ceiling"] = ramp.ceiling
    for name, amount in amounts.items():
        inputs[f"{key}.{name}"] = amount
    return AppliedLever(key=key, ramp_months=ramp.months, overhead_usd_per_request=overhead_usd_per_request)
