"""How long a route takes to earn back what introducing it costs, as `planner levers` says it of the plan's own."""

from collections.abc import Sequence
from dataclasses import dataclass

from planner.known_evidence import known_routes
from planner.lever_savings import lever_efforts
from planner.levers import Route, Scenario
from planner.opportunities.candidates import Candidate
from planner.opportunities.verdicts import Opportunity
from planner.prepared import Prepared

Target = tuple[str, str, str]
"""Request type, the model that it leaves, the target."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Payback:
    """Months of full adoption after which an effort is earned back; None where it never is.

    The effort is that of a route: once for all models of the type that go to its target. is_at_least: the plan's own
    route leaves this model out, and the figure is that of moving everything with nothing escalating.
    """

    one_off_usd: float
    months: float | None
    is_at_least: bool


def paybacks(prepared: Prepared, found: Sequence[Opportunity]) -> dict[Target, Payback]:
    """The payback of every candidate whose effort is known: the plan has a route of the type to it that says it."""
    known = [route for _, route in known_routes(prepared) if route.one_off_usd is not None]
    paid: dict[Target, Payback] = {}
    for item in found:
        for candidate in item.candidates:
            same = [route for route in known if (route.request_type, route.to) == (item.request_type, candidate.to)]
            own = next((route for route in same if route.applies_to(item.model)), None)
            if own is not None:
                paid[item.request_type, item.model, candidate.to] = _of_route(prepared, own)
            elif same and same[0].one_off_usd is not None:
                everything = _most_usd_per_month(found, item.request_type, candidate)
                paid[item.request_type, item.model, candidate.to] = _at_least(same[0].one_off_usd, everything)
    return paid


def _of_route(prepared: Prepared, route: Route) -> Payback:
    (effort,) = lever_efforts(prepared, Scenario(name="effort", routes=(route,)))
    return Payback(one_off_usd=effort.one_off_usd, months=effort.payback_months, is_at_least=False)


def _at_least(one_off_usd: float, most_usd_per_month: float) -> Payback:
    months = one_off_usd / most_usd_per_month if most_usd_per_month > 0 else None
    return Payback(one_off_usd=one_off_usd, months=0.0 if one_off_usd == 0 else months, is_at_least=True)


def _most_usd_per_month(found: Sequence[Opportunity], request_type: str, target: Candidate) -> float:
    """What all models of the type together save on a target if all of it moves and nothing escalates."""
    return sum(
        candidate.most_usd_per_month
        for item in found
        if item.request_type == request_type
        for candidate in item.candidates
        if candidate.to == target.to and candidate.most_usd_per_month > 0
    )
