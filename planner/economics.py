"""Does a lever pay: what one route or one cache does to a request, beside the value at which it breaks even."""

from collections.abc import Mapping
from dataclasses import dataclass

from planner.distributions import Distribution
from planner.levers import Route
from planner.unit_costs import NO_LEVERS, TypeCosts


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteEconomics:
    """What one route does to one request, in USD per request at the plan's prices, other levers apart.

    On the models that serve when month 0 begins.
    """

    request_type: str
    to: str
    traffic_share: float
    unit_cost_before_usd: float
    unit_cost_routed_usd: float
    unit_cost_escalated_usd: float
    overhead_usd: float
    escalation: float

    @property
    def unit_cost_after_usd(self) -> float:
        """routed(k) = u(k, m1) + q u(k, m2) + r."""
        return self.unit_cost_routed_usd + self.escalation * self.unit_cost_escalated_usd + self.overhead_usd

    @property
    def break_even_escalation(self) -> float:
        """Routing pays only below q* = (u(k, m0) - u(k, m1) - r) / u(k, m2)."""
        if self.unit_cost_escalated_usd == 0:
            return float("nan")
        margin = self.unit_cost_before_usd - self.unit_cost_routed_usd - self.overhead_usd
        return margin / self.unit_cost_escalated_usd


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheEconomics:
    """What caching does to the input that it covers, at the plan's prices.

    On the models that serve when month 0 begins. Of the covered input a share h is read and 1 - h written: it pays only
    above break_even_hit_rate = (write - input) / (write - read), each a price per token; nan without input to cache.
    """

    request_type: str
    hit_rate: float
    break_even_hit_rate: float


def route_economics(costs: TypeCosts, index: int, route: Route, inputs: Mapping[str, Distribution]) -> RouteEconomics:
    """Unit costs before and after a route, averaged over the traffic that it moves."""
    share = {"unrouted": 0.0, "routed": 0.0, "escalated": 0.0}
    usd = dict.fromkeys(share, 0.0)
    for copy in costs.copies:
        if copy.route == index and copy.serves_at_start:
            share[copy.role] += copy.traffic_share
            usd[copy.role] += copy.traffic_share * float(copy.cost_usd(NO_LEVERS)[0, 0])
    moved = share["unrouted"]
    unit = {role: usd[role] / moved if moved else 0.0 for role in usd}
    return RouteEconomics(
        request_type=route.request_type,
        to=route.to,
        traffic_share=moved,
        unit_cost_before_usd=unit["unrouted"],
        unit_cost_routed_usd=unit["routed"],
        unit_cost_escalated_usd=unit["escalated"],
        overhead_usd=route.overhead_usd_per_request,
        escalation=inputs[f"{costs.routes[index].key}.escalation"].mean,
    )


def cache_economics(costs: TypeCosts, inputs: Mapping[str, Distribution]) -> CacheEconomics | None:
    """The break-even hit rate of the type's caching, or None without any; over its models by cost of their input."""
    if costs.cache is None:
        return None
    unrouted = [copy for copy in costs.copies if copy.role == "unrouted" and copy.serves_at_start]
    per_cached = sum(copy.traffic_share * float(copy.usd[1]) for copy in unrouted)
    per_hit = sum(copy.traffic_share * float(copy.usd[2]) for copy in unrouted)
    return CacheEconomics(
        request_type=costs.request_type,
        hit_rate=inputs[f"{costs.cache.key}.hit_rate"].mean,
        break_even_hit_rate=-per_cached / per_hit if per_hit else float("nan"),
    )
