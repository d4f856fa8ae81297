"""Scenarios priced: every copy of every request type, at the list prices of one day."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

import numpy as np

from planner.clauses import Eligibility
from planner.distributions import Distribution
from planner.errors import InputError, UnknownModelError
from planner.lever_costs.copy_costs import CopyPricer
from planner.lever_costs.economics import CacheEconomics, RouteEconomics, cache_economics, route_economics
from planner.lever_costs.type_pricer import TypePricer
from planner.lever_costs.unit_costs import TypeCosts
from planner.levers import ExtraCall, Route, Scenario
from planner.mix import MixEntry, RequestMix
from planner.prices import PriceBook
from planner.retirements import ForcedMove, Horizon, MovedCopy, forced_moves
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

    def full_unit_costs(self) -> dict[str, tuple[float, float]]:
        """USD per request of each type, as it is and with every lever adopted up to its ceiling, inputs at their means.

        On the models that serve when month 0 begins. What a lever waits for is taken to have happened.
        """
        return {costs.request_type: (self._adopted(costs, 0.0), self._adopted(costs, 1.0)) for costs in self.types}

    def at_full_adoption(self, costs: TypeCosts, *, fraction: float = 1.0) -> dict[str, FloatArray]:
        """The inputs of a type at their means, (1,) each, with its levers adopted to a fraction of their ceilings."""
        drawn = {key: np.array([_WHEN.get(key.rpartition(".")[2], value.mean)]) for key, value in self.inputs.items()}
        for lever in costs.levers:
            drawn[f"{lever.key}.ceiling"] *= fraction
        return drawn

    def _adopted(self, costs: TypeCosts, fraction: float) -> float:
        units = costs.unit_cost_by_account(np.zeros(1), self.at_full_adoption(costs, fraction=fraction))
        return sum(float(unit[0, 0]) for unit in units.values())


_WHEN: Final = {"start_month": -np.inf, "months": 0.0, "month": 0.0, "happens": 1.0, "slip_months": 0.0}
"""What the timing of a lever is set to for it to be fully adopted in month 0."""


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
    eligible = known_eligibility(eligible, price_book)
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
        pricer = TypePricer(scenario=scenario, request_type=request_type, copy_pricer=copy_pricer)
        costs = pricer.costs(entries, inputs)
        types.append(costs)
        for index, route in enumerate(pricer.routes):
            economics += route_economics(costs, index, route, entries, inputs)
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
            router=_canonical_call(route.router, price_book),
            judge=_canonical_call(route.judge, price_book),
        )
    except UnknownModelError as error:
        raise UnknownModelError(f"scenario '{scenario}', route of '{route.request_type}': {error}") from None


def _canonical_call(call: ExtraCall | None, price_book: PriceBook) -> ExtraCall | None:
    return call if call is None or call.model is None else replace(call, model=price_book.resolve(call.model))


def known_eligibility(eligible: Eligibility, price_book: PriceBook) -> Eligibility:
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
