"""What levers save a month once they are fully adopted: per request type and model, per type, and per lever.

At the plan's prices, the level of requests and the means of what is uncertain; on the models that serve when month 0
begins. A saving is positive here, and negative where a lever costs more than it saves.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import isfinite

import numpy as np

from planner.lever_costs.scenario_costs import ScenarioCosts
from planner.lever_costs.unit_costs import NO_LEVERS, Copy, LeverLevels, TypeCosts
from planner.levers import LEVER_KINDS, BatchLever, CacheLever, Lever, LeverKind, OutputLever, Route, Scenario
from planner.prepared import Prepared


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeSaving:
    """What levers do to the requests of a type on one model, USD per request and a month.

    to: the target of a route, whose unit costs are of a request that it moves, other levers apart; None where only
    other levers touch the model, whose unit costs are of an average request. break_even_escalation is None where no
    escalation decides. error_cost: of wrong answers that are accepted, in no bill.
    """

    request_type: str
    model: str
    to: str | None
    unit_cost_before_usd: float
    unit_cost_after_usd: float
    escalation: float | None
    break_even_escalation: float | None
    saving_usd_per_month: float
    error_cost_usd_per_month: float = 0.0

    @property
    def pays(self) -> bool:
        """Whether it saves more than the wrong answers cost."""
        return self.saving_usd_per_month > self.error_cost_usd_per_month


@dataclass(frozen=True, slots=True, kw_only=True)
class JointSaving:
    """A request type with all levers of the scenario together."""

    request_type: str
    monthly_requests: float
    unit_cost_before_usd: float
    unit_cost_after_usd: float

    @property
    def saving_usd_per_month(self) -> float:
        return self.monthly_requests * (self.unit_cost_before_usd - self.unit_cost_after_usd)


@dataclass(frozen=True, slots=True, kw_only=True)
class LeverEffort:
    """What introducing a lever costs once, beside what it saves a month when no other lever is used."""

    kind: LeverKind
    request_type: str
    to: str | None
    one_off_usd: float
    saving_usd_per_month: float

    @property
    def payback_months(self) -> float | None:
        """Months of full adoption after which the effort is earned back; None where it never is."""
        if self.one_off_usd == 0:
            return 0.0
        return self.one_off_usd / self.saving_usd_per_month if self.saving_usd_per_month > 0 else None


def type_savings(prepared: Prepared, costs: ScenarioCosts) -> tuple[TypeSaving, ...]:
    """Every type and model that a lever of the scenario touches, the largest saving first."""
    requests = monthly_requests(prepared)
    found = list(_routed(costs, requests))
    for item in costs.types:
        found += _unrouted(costs.scenario, item, requests[item.request_type])
    return tuple(sorted(found, key=lambda one: -one.saving_usd_per_month))


def joint_savings(prepared: Prepared, costs: ScenarioCosts) -> tuple[JointSaving, ...]:
    """Every type of the mix with all levers of the scenario, the largest saving first."""
    requests = monthly_requests(prepared)
    found = [
        JointSaving(
            request_type=name,
            monthly_requests=requests[name],
            unit_cost_before_usd=before,
            unit_cost_after_usd=after,
        )
        for name, (before, after) in costs.full_unit_costs().items()
    ]
    return tuple(sorted(found, key=lambda one: -one.saving_usd_per_month))


def lever_efforts(prepared: Prepared, scenario: Scenario) -> tuple[LeverEffort, ...]:
    """Every lever whose one-off effort is given, in the order of the kinds. Each is priced by itself.

    A lever of a type that the mix does not have has no effect, and no effort is told of it; the plan warns of it.
    """
    requests = monthly_requests(prepared)
    found = []
    for kind, lever in _levers(scenario):
        if lever.one_off_usd is None or lever.request_type not in requests:
            continue
        before, after = prepared.priced(_alone(scenario.name, lever)).full_unit_costs()[lever.request_type]
        found.append(
            LeverEffort(
                kind=kind,
                request_type=lever.request_type,
                to=lever.to if isinstance(lever, Route) else None,
                one_off_usd=lever.one_off_usd,
                saving_usd_per_month=requests[lever.request_type] * (before - after),
            )
        )
    return tuple(found)


def monthly_requests(prepared: Prepared) -> dict[str, float]:
    """Level requests a month by type."""
    found: dict[str, float] = {}
    for entry in prepared.mix.entries:
        found[entry.request_type] = found.get(entry.request_type, 0.0) + entry.monthly_requests
    return found


def _levers(scenario: Scenario) -> Iterator[tuple[LeverKind, Lever]]:
    of_kind: tuple[tuple[Lever, ...], ...] = (scenario.routes, scenario.caches, scenario.batches, scenario.outputs)
    for kind, levers in zip(LEVER_KINDS, of_kind, strict=True):
        yield from ((kind, lever) for lever in levers)


def _alone(name: str, lever: Lever) -> Scenario:
    """A scenario of one lever."""
    return Scenario(
        name=name,
        routes=(lever,) if isinstance(lever, Route) else (),
        caches=(lever,) if isinstance(lever, CacheLever) else (),
        batches=(lever,) if isinstance(lever, BatchLever) else (),
        outputs=(lever,) if isinstance(lever, OutputLever) else (),
    )


def _routed(costs: ScenarioCosts, requests: Mapping[str, float]) -> Iterator[TypeSaving]:
    """One row per route and model that it takes traffic from."""
    for item in costs.economics:
        moved = requests[item.request_type] * item.traffic_share * item.share
        yield TypeSaving(
            request_type=item.request_type,
            model=item.source,
            to=item.to,
            unit_cost_before_usd=item.unit_cost_before_usd,
            unit_cost_after_usd=item.unit_cost_after_usd,
            escalation=item.escalation,
            break_even_escalation=item.break_even_escalation if isfinite(item.break_even_escalation) else None,
            saving_usd_per_month=moved * item.saving_usd,
            error_cost_usd_per_month=moved * item.error_cost_usd,
        )


def _unrouted(scenario: Scenario, costs: TypeCosts, requests: float) -> Iterator[TypeSaving]:
    """One row per model of the type that no route takes from, where any other lever touches the type."""
    levels = _full_levels(scenario, costs.request_type)
    if levels is None:
        return
    routes = [route for route in scenario.routes if route.request_type == costs.request_type]
    by_model: dict[str, list[Copy]] = {}
    for copy in costs.copies:
        if copy.role == "unrouted" and copy.serves_at_start and not any(r.applies_to(copy.source) for r in routes):
            by_model.setdefault(copy.source, []).append(copy)
    for model, copies in by_model.items():
        share = sum(copy.traffic_share for copy in copies if copy.is_counted)
        before, after = (
            sum(copy.traffic_share * float(copy.cost_usd(at)[0, 0]) for copy in copies) / share if share else 0.0
            for at in (NO_LEVERS, levels)
        )
        yield TypeSaving(
            request_type=costs.request_type,
            model=model,
            to=None,
            unit_cost_before_usd=before,
            unit_cost_after_usd=after,
            escalation=None,
            break_even_escalation=None,
            saving_usd_per_month=requests * share * (before - after),
        )


def _full_levels(scenario: Scenario, request_type: str) -> LeverLevels | None:
    """The levers other than routing at full adoption, means of what is uncertain; None where none touches the type."""
    amounts = {"cached": 0.0, "hit": 0.0, "batched": 0.0, "cut": 0.0}
    levers = [lever for lever in scenario.levers if lever.request_type == request_type]
    for lever in levers:
        ceiling = lever.ramp.ceiling.mean
        if isinstance(lever, CacheLever):
            amounts["cached"] = ceiling * lever.cacheable_fraction.mean
            amounts["hit"] = amounts["cached"] * lever.hit_rate.mean
        elif isinstance(lever, BatchLever):
            amounts["batched"] = ceiling * lever.share.mean
        elif isinstance(lever, OutputLever):
            amounts["cut"] = ceiling * lever.cut.mean
        elif not isinstance(lever, Route):
            raise TypeError(f"{type(lever).__name__} of {request_type} is no lever whose full adoption is known")
    if all(isinstance(lever, Route) for lever in levers):
        return None
    return LeverLevels(**{name: np.full((1, 1), amount) for name, amount in amounts.items()})
