"""Rebound: usage that grows when a request becomes cheaper, through levers or through list prices."""

from collections.abc import Mapping

import numpy as np

from planner.lever_costs.applied_levers import Drawn
from planner.lever_costs.unit_costs import Account, TypeCosts
from planner.spend_terms import BlockSpend, SpendTerms
from planner.units import FloatArray


def rebound_factor(unit_cost_usd: FloatArray, *, as_is_usd: float, elasticity: FloatArray) -> FloatArray:
    """Requests per request without rebound, max(1, (as is / now)^elasticity); shape of the broadcast arguments.

    At half the cost and an elasticity of 0.2 usage grows by 2^0.2 - 1 = 15 %. A dearer request is not used less.
    """
    cheaper = np.divide(as_is_usd, unit_cost_usd, out=np.ones_like(unit_cost_usd), where=unit_cost_usd > 0)
    grown: FloatArray = np.maximum(cheaper, 1.0) ** elasticity
    return grown


def spend_with_rebound(
    terms: SpendTerms,
    types: tuple[TypeCosts, ...],
    factors: FloatArray,
    drawn: Drawn,
    *,
    tokens: FloatArray,
    prices: Mapping[Account, FloatArray],
    as_is_usd: FloatArray,
    elasticity: FloatArray,
    accounts: bool = False,
) -> BlockSpend:
    """USD of one scenario at both prices. accounts: whether by account as well.

    prices: list price of each account relative to the pricing day's. as_is_usd: shape (n_types,).
    """
    months = np.arange(factors.shape[1], dtype=np.float64)
    current, signing = np.zeros(factors.shape[1:]), np.zeros(factors.shape[1:])
    apart = {key: (np.zeros_like(current), np.zeros_like(current)) for key in prices} if accounts else {}
    for index, costs in enumerate(types):
        units = costs.unit_cost_by_account(months, drawn)
        now = sum((unit * prices[account] for account, unit in units.items()), start=np.zeros(factors.shape[1:]))
        usage = factors[index] * terms.requests[index]
        usage *= rebound_factor(now, as_is_usd=float(as_is_usd[index]), elasticity=elasticity)
        for account, unit in units.items():
            usd = usage * unit if account.tier is None else usage * unit * tokens
            priced = usd * prices[account]
            current += priced
            signing += usd
            if accounts:
                apart[account][0][...] += priced
                apart[account][1][...] += usd
    return BlockSpend(total=(current, signing), accounts=apart)
