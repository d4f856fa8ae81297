"""Routes that may wait: what their remaining adoption saves at list by the end of a period, and what of it in fact."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from planner.lever_costs.scenario_costs import ScenarioCosts
from planner.lever_costs.unit_costs import Account, TypeCosts
from planner.levers import Route
from planner.risk import Estimate, estimate
from planner.simulation import AccountPaths, SpendPaths
from planner.tracking.acting.spend_parts import added, parts_of, with_parts
from planner.tracking.acting.standing import Standing
from planner.tracking.result import Action
from planner.units import FloatArray
from planner.words import usd_estimate

MAY_WAIT_BELOW: Final = 0.10
"""Share of its saving at list that a route has to save in fact for it not to wait."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A route held where it is until the running period ends. at_list, in_fact: USD that its going on saves by then."""

    request_type: str
    model: str
    at_list: Estimate
    in_fact: Estimate


def waiting_routes(standing: Standing) -> tuple[Action, ...]:
    """The routes that still grow and would save next to nothing by it before the running period ends."""
    return tuple(_action(standing, found) for found in routes_held(standing) if _may_wait(standing, found))


def _may_wait(standing: Standing, found: Waiting) -> bool:
    return found.at_list.mean > standing.least_usd and found.in_fact.mean < MAY_WAIT_BELOW * found.at_list.mean


def _action(standing: Standing, found: Waiting) -> Action:
    last = standing.last_day_before(standing.period.stop)
    saved = found.in_fact.mean
    return Action(
        kind="let routing wait",
        action=f"Let more routing of '{found.request_type}' to {found.model} wait until {last}.",
        value=Estimate(mean=-saved if saved else 0.0, se=found.in_fact.se),
        by=last,
        amount_usd=found.at_list.mean,
        why=(
            f"Going on with it would take {usd_estimate(found.at_list)} off the list cost by then, and "
            f"{usd_estimate(found.in_fact)} off what is paid: the rest would only leave more of the commitment unused."
        ),
    )


def routes_held(standing: Standing) -> Iterator[Waiting]:
    """Every route of the scenario that was decided on, by the plan's mean adoption."""
    costs = standing.signed.prepared.spend_model.scenarios
    decided = next(item for item in costs if item.scenario.name == standing.signed.inputs.decision.scenario)
    demand = _demand(standing, decided)
    for number, of_type in enumerate(decided.types):
        routes = [route for route in decided.scenario.routes if route.request_type == of_type.request_type]
        for index, route in enumerate(routes):
            held = _held(standing, decided, of_type, index)
            requests = float(standing.signed.prepared.spend_model.requests[number])
            more = {account: requests * usd_per_request * demand for account, usd_per_request in held.items()}
            if any(np.any(usd_more) for usd_more in more.values()):
                yield _waiting(standing, route, more)


def _waiting(standing: Standing, route: Route, more: dict[Account, FloatArray]) -> Waiting:
    spend = with_more(standing.spend, more)
    until = slice(standing.month, standing.period.stop)
    at_list = (spend.list_cost_usd[until] - standing.spend.list_cost_usd[until]).sum(axis=0)
    return Waiting(
        request_type=route.request_type,
        model=route.to,
        at_list=estimate(at_list),
        in_fact=estimate(-standing.saved_usd(standing.with_spend(spend))),
    )


def with_more(spend: SpendPaths, more: dict[Account, FloatArray]) -> SpendPaths:
    """Spend with use added by account, (n_months, n_paths), USD at the signing day's list."""
    parts = parts_of(spend)
    if not spend.accounts:
        (whole,) = parts
        return with_parts(spend, {whole: added(parts[whole], np.sum(list(more.values()), axis=0))})
    nothing = np.zeros_like(spend.list_cost_usd)
    none = AccountPaths(current_usd=nothing, signing_usd=nothing)
    return with_parts(spend, {account: added(parts.get(account, none), usd) for account, usd in more.items()})


def _demand(standing: Standing, costs: ScenarioCosts) -> FloatArray:
    """Demand of each path relative to the plan's level, (n_months, n_paths): spend over what the level would cost."""
    spend = standing.spend
    listed = spend.list_cost_usd if spend.signing_list_cost_usd is None else spend.signing_list_cost_usd
    level = costs.mean_unit_costs(np.arange(float(len(listed)))) @ standing.signed.prepared.spend_model.requests
    relative: FloatArray = np.divide(listed, level[:, None], out=np.zeros_like(listed), where=level[:, None] > 0)
    return relative


def _held(standing: Standing, costs: ScenarioCosts, of_type: TypeCosts, index: int) -> dict[Account, FloatArray]:
    """USD that a request costs more by account, (n_months, 1), in the months left of the period, while a route stays at
    what it takes in the month before them."""
    drawn = {key: np.array([value.mean]) for key, value in costs.inputs.items()}
    months = np.arange(float(len(standing.spend.list_cost_usd)))
    levels, others = of_type.route_levels(months, drawn), of_type.lever_levels(months, drawn)
    before = of_type.route_levels(np.array([standing.month - 1.0]), drawn)[index]
    left = ((months >= standing.month) & (months < standing.period.stop))[:, None]
    route = levels[index]._replace(
        taken=np.where(left, np.minimum(levels[index].taken, before.taken), levels[index].taken)
    )
    planned = of_type.unit_cost_at(months, levels, others)
    held = of_type.unit_cost_at(months, (*levels[:index], route, *levels[index + 1 :]), others)
    return {account: np.broadcast_to(held[account] - usd, (len(months), 1)) for account, usd in planned.items()}
