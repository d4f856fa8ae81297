"""The plan's central case by month: requests of every type, and the streams of calls that serve them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from planner.distributions import Point
from planner.lever_costs.scenario_costs import ScenarioCosts
from planner.lever_costs.unit_costs import Account
from planner.rebound import rebound_factor
from planner.simulation import AccountPaths
from planner.tracking.causes.central_demand import CentralDemand, central_demand, drawn_prices
from planner.tracking.causes.copy_means import type_moments
from planner.tracking.causes.plan_streams import Streams, plan_streams
from planner.tracking.signed_plan import SignedPlan
from planner.units import FloatArray, IntArray


@dataclass(frozen=True, kw_only=True)
class Planned:
    """The plan's central case over the term.

    types: by name; requests: (T, K), of every type and month. groups: (type, model) that the plan serves a type with, G
    of them; type_of_group: (G,).
    prices: expected list price of a tier relative to the pricing day's, (T,) each.
    """

    types: tuple[str, ...]
    requests: FloatArray
    groups: tuple[tuple[int, str], ...]
    type_of_group: IntArray
    streams: Streams
    prices: Mapping[str, FloatArray]

    @property
    def n_months(self) -> int:
        return len(self.requests)

    def calls(self) -> FloatArray:
        """Expected calls of every stream, (T, S)."""
        return self.requests[:, self.streams.type_of] * self.streams.calls

    def list_usd(self) -> FloatArray:
        """Expected list cost of every stream, (T, S), USD."""
        streams = self.streams
        found: FloatArray = self.calls() * (streams.call_usd() * streams.price + streams.flat_usd)
        return found

    def month_usd(self) -> FloatArray:
        """Expected list cost of every month, (T,), USD."""
        found: FloatArray = self.list_usd().sum(axis=1)
        return found


def planned(signed: SignedPlan) -> Planned:
    """The central case of the scenario that was decided on, over the months of the term.

    With rebound it is approximate where use grows on the paths on which prices fall: prices are means over spend.
    """
    model, n_months = signed.prepared.spend_model, signed.contract.term_months
    costs = decided_costs(signed)
    demand = central_demand(model, seed=signed.inputs.seed, n_months=n_months)
    drawn = demand.inputs.draw(costs.inputs)
    weights = _rebound(signed, costs, demand, drawn)
    use = [demand.of_type(k).mean(axis=1) if w is None else w.mean(axis=1) for k, w in enumerate(weights)]
    months = np.arange(n_months, dtype=np.float64)
    moments = [
        type_moments(item, months, drawn, None if w is None else _relative(w))
        for item, w in zip(costs.types, weights, strict=True)
    ]
    prices = expected_prices(signed.spend.accounts, n_months)
    groups, streams = plan_streams(costs, moments, demand.tokens, prices)
    return Planned(
        types=tuple(item.request_type for item in costs.types),
        requests=np.stack(use, axis=1) * model.requests,
        groups=groups,
        type_of_group=np.array([index for index, _ in groups], dtype=np.int64),
        streams=streams,
        prices=prices,
    )


def decided_costs(signed: SignedPlan) -> ScenarioCosts:
    """The priced scenario that was decided on."""
    name = signed.inputs.decision.scenario
    return next(item for item in signed.prepared.scenario_costs if item.scenario.name == name)


def expected_prices(accounts: Mapping[Account, AccountPaths], n_months: int) -> dict[str, FloatArray]:
    """Expected list price of each tier relative to the pricing day's, weighed by spend, (n_months,) each."""
    sums: dict[str, FloatArray] = {}
    for account, paths in accounts.items():
        tier = account.tier
        if tier is not None and paths.signing_usd is not None:
            pair = np.stack([usd[:n_months].mean(axis=1) for usd in (paths.current_usd, paths.signing_usd)])
            sums[tier] = sums.get(tier, np.zeros_like(pair)) + pair
    return {tier: _filled(current, signing) for tier, (current, signing) in sums.items()}


def _filled(current: FloatArray, signing: FloatArray) -> FloatArray:
    """The ratio; a month without spend has that of the month before it, the first ones 1."""
    found, last = np.ones(len(current)), 1.0
    for month, (now, then) in enumerate(zip(current.tolist(), signing.tolist(), strict=True)):
        last = now / then if then > 0 else last
        found[month] = last
    return found


def _relative(use: FloatArray) -> FloatArray:
    mean = use.mean(axis=1, keepdims=True)
    return np.divide(use, mean, out=np.ones_like(use), where=mean > 0)


def _rebound(
    signed: SignedPlan, costs: ScenarioCosts, demand: CentralDemand, drawn: Mapping[str, FloatArray]
) -> Sequence[FloatArray | None]:
    """Use of every type on the central paths relative to its level, (T, n_paths), where rebound moves it; else None."""
    model = signed.prepared.spend_model
    rebound = model.demand.model.rebound
    if rebound == Point(0.0):
        return [None] * len(costs.types)
    months = np.arange(demand.factors.shape[1], dtype=np.float64)
    elasticity = demand.inputs.value("rebound", rebound)
    tiers = {account.tier for item in costs.types for account in item.accounts}
    prices = {tier: drawn_prices(model, demand, tier) for tier in sorted(tiers, key=str)}
    found: list[FloatArray | None] = []
    for index, item in enumerate(costs.types):
        units = item.unit_cost_by_account(months, drawn)
        now = sum((unit * prices[account.tier] for account, unit in units.items()), start=np.zeros((1, 1)))
        as_is = float(model.unit_costs_usd[index])
        found.append(demand.of_type(index) * rebound_factor(now, as_is_usd=as_is, elasticity=elasticity))
    return found
