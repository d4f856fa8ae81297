"""How far routes are adopted, beside what the plan expects of them."""

from collections.abc import Iterator, Sequence
from math import sqrt

import numpy as np

from planner.distributions import Z90
from planner.lever_costs.applied_levers import Drawn
from planner.lever_costs.unit_costs import TypeCosts, copies_paid
from planner.risk import quantiles
from planner.tracking.actual import ActualMonth
from planner.tracking.causes.central_demand import central_inputs
from planner.tracking.causes.plan_streams import ROUTED
from planner.tracking.causes.planned import Planned, decided_costs, planned
from planner.tracking.causes.served import Served, served
from planner.tracking.result import AdoptionDrift
from planner.tracking.signed_plan import BAND, SignedPlan
from planner.units import FloatArray


def adoption_of(
    signed: SignedPlan, months: Sequence[ActualMonth], central: Planned | None = None
) -> tuple[AdoptionDrift, ...]:
    """Every model that a route of the plan moves requests to: its share of the type's calls in the last closed month.

    A share counts as moved where it is outside what 80 % of the plan's paths have by more than 80 % of the luck of so
    many calls. A month whose log counts no requests tells none. central: the plan's central case, where it is at hand.
    """
    of_plan = planned(signed) if central is None else central
    closed = sorted((month for month in months if month.is_closed), key=lambda month: month.month)[-1:]
    actual = served(signed, of_plan, closed)
    return tuple(_drifts(signed, of_plan, actual)) if actual.is_counted.any() else ()


def _drifts(signed: SignedPlan, central: Planned, actual: Served) -> Iterator[AdoptionDrift]:
    costs, streams = decided_costs(signed), central.streams
    month = actual.at[:1].astype(np.float64)
    drawn = central_inputs(signed.prepared.spend_model, seed=signed.inputs.seed).draw(costs.inputs)
    called = actual.other_calls[0].copy()
    np.add.at(called, actual.type_of_group, actual.calls[0])
    for place in streams.of(ROUTED).tolist():
        index, _, model, _ = streams.keys[place]
        if called[index] > 0:
            measured = float(actual.calls[0, streams.group_of[place]] / called[index])
            low, middle, high = quantiles(_shares(costs.types[index], model, month, drawn), BAND).tolist()
            yield AdoptionDrift(
                request_type=central.types[index],
                model=model,
                measured=measured,
                expected=(low, middle, high),
                moved=_is_outside(measured, low, high, float(called[index])),
            )


def _shares(costs: TypeCosts, model: str, month: FloatArray, drawn: Drawn) -> FloatArray:
    """The model's share of a type's calls on every path, (n_paths,)."""
    routes = costs.route_levels(month, drawn)
    calls = [(copy, copies_paid(copy, month, routes)) for copy in costs.copies if copy.tier and copy.is_counted]
    total = sum((paid for _, paid in calls), start=np.zeros((1, 1)))
    own = sum((paid for copy, paid in calls if copy.model == model), start=np.zeros((1, 1)))
    found: FloatArray = np.divide(own, total, out=np.zeros_like(own + total), where=total > 0)[0]
    return found


def _is_outside(measured: float, low: float, high: float, calls: float) -> bool:
    near = min(max(measured, low), high)
    luck = Z90 * sqrt(near * (1.0 - near) / calls) + 1.0 / calls
    return abs(measured - near) > luck
