"""Does a lever pay: what one route or one cache does to a request, beside the value at which it breaks even."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import nan
from typing import get_args

import numpy as np

from planner.distributions import Distribution, JudgedEscalation
from planner.lever_costs.unit_costs import NO_LEVERS, Copy, Role, TypeCosts
from planner.levers import Route
from planner.mix import MixEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteEconomics:
    """What one route does to one request of one model, in USD per request at the plan's prices, other levers apart.

    On the models that serve when month 0 begins, every uncertain input at its mean. source: the model that the traffic
    comes from, empty where the route finds none. traffic_share: of the type's requests, what may move at all; share:
    of that, what the route takes at full adoption, up to its ramp's ceiling. overhead_usd: of every routed request, the
    router's calls among it; judge_usd: of a judged one. rule_fraction: of the routed, what a rule sends and no judge
    sees. error_cost_usd: what wrong answers that are accepted cost per routed request, in no bill.
    """

    request_type: str
    source: str
    to: str
    traffic_share: float
    share: float
    unit_cost_before_usd: float
    unit_cost_routed_usd: float
    unit_cost_escalated_usd: float
    overhead_usd: float
    judge_usd: float
    rule_fraction: float
    escalation: float
    error_cost_usd: float

    @property
    def judged_fraction(self) -> float:
        """Of the routed requests, those that a judge sees."""
        return 1.0 - self.rule_fraction

    @property
    def unit_cost_after_usd(self) -> float:
        """What is billed for a routed request."""
        return billed_when_routed_usd(
            routed=self.unit_cost_routed_usd,
            router=self.overhead_usd,
            judge=self.judge_usd,
            escalated=self.unit_cost_escalated_usd,
            rule_fraction=self.rule_fraction,
            escalation=self.escalation,
        )

    @property
    def saving_usd(self) -> float:
        """What a routed request saves on the bill; negative where it costs more."""
        return self.unit_cost_before_usd - self.unit_cost_after_usd

    @property
    def pays(self) -> bool:
        """Whether a routed request saves more than its wrong answers cost."""
        return self.saving_usd > self.error_cost_usd

    @property
    def break_even_escalation(self) -> float:
        """Routing pays only below q* = ((u(k, m0) - u(k, m1) - r - x) / (1 - w) - judge) / u(k, m2), x wrong answers.

        Without rules, judge and wrong answers that is (u(k, m0) - u(k, m1) - r) / u(k, m2). nan where nothing can
        escalate.
        """
        if self.unit_cost_escalated_usd == 0 or self.judged_fraction <= 0:
            return nan
        margin = self.unit_cost_before_usd - self.unit_cost_routed_usd - self.overhead_usd - self.error_cost_usd
        return (margin / self.judged_fraction - self.judge_usd) / self.unit_cost_escalated_usd


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheEconomics:
    """What caching does to the input that it covers, at the plan's prices.

    On the models that serve when month 0 begins. Of the covered input a share h is read and 1 - h written: it pays only
    above break_even_hit_rate = (write - input) / (write - read), each a price per token; nan without input to cache.
    """

    request_type: str
    hit_rate: float
    break_even_hit_rate: float


def billed_when_routed_usd(
    *, routed: float, router: float, judge: float, escalated: float, rule_fraction: float, escalation: float
) -> float:
    """routed(k) = u(k, m1) + r + (1 - w) (judge + q u(k, m2)), w sent by a rule; USD per request."""
    return routed + router + (1.0 - rule_fraction) * (judge + escalation * escalated)


def usd_by_role(copies: Sequence[Copy]) -> dict[Role, float]:
    """List cost of the copies of a request by what they are for, without levers other than routing, USD."""
    return {
        role: sum(copy.traffic_share * float(copy.cost_usd(NO_LEVERS)[0, 0]) for copy in copies if copy.role == role)
        for role in get_args(Role)
    }


def route_economics(
    costs: TypeCosts,
    index: int,
    route: Route,
    entries: Sequence[MixEntry],
    inputs: Mapping[str, Distribution],
) -> Iterator[RouteEconomics]:
    """Unit costs before and after a route, for every model that it takes traffic from; one without any where it finds
    none."""
    key = costs.routes[index].key
    means = {name: np.array([value.mean]) for name, value in inputs.items()}
    share = float(costs.shares(means)[index][0]) * inputs[f"{key}.ceiling"].mean
    escalation = inputs[f"{key}.escalation"]
    by_rule = inputs[f"{key}.rule_fraction"].mean
    accepted = escalation.accepted_wrong_mean if isinstance(escalation, JudgedEscalation) else 0.0
    wrong = (1.0 - by_rule) * accepted + by_rule * route.rule_error_fraction
    own = [copy for copy in costs.copies if index in copy.routes and copy.serves_at_start]
    for source in _sources(own, entries):
        copies = [copy for copy in own if source in ("", copy.source)]
        moved = sum(copy.traffic_share for copy in copies if copy.role == "unrouted" and copy.is_counted)
        unit = {role: usd / moved if moved else 0.0 for role, usd in usd_by_role(copies).items()}
        yield RouteEconomics(
            request_type=route.request_type,
            source=source,
            to=route.to,
            traffic_share=moved,
            share=share,
            unit_cost_before_usd=unit["unrouted"],
            unit_cost_routed_usd=unit["routed"],
            unit_cost_escalated_usd=unit["escalated"],
            overhead_usd=unit["router"],
            judge_usd=unit["judge"],
            rule_fraction=by_rule,
            escalation=escalation.mean,
            error_cost_usd=route.error_cost_usd * wrong,
        )


def _sources(copies: Sequence[Copy], entries: Sequence[MixEntry]) -> list[str]:
    """The models of the mix that the copies come from, in the mix's order; an empty name where there are none."""
    found = {copy.source for copy in copies if copy.role == "unrouted"}
    return [entry.model for entry in entries if entry.model in found] or [""]


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
