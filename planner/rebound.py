"""Rebound: usage that grows when a request becomes cheaper, through levers or through list prices."""

from collections.abc import Mapping

import numpy as np

from planner.spend_terms import Payee, SpendTerms, by_payee
from planner.unit_costs import Drawn, TypeCosts
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
    prices: Mapping[Payee, FloatArray],
    as_is_usd: FloatArray,
    elasticity: FloatArray,
) -> tuple[FloatArray, FloatArray]:
    """USD at each month's list and at the pricing day's, (n_months, n_paths) each, of one scenario.

    prices: list price of each payee relative to the pricing day's. as_is_usd: shape (n_types,).
    """
    months = np.arange(factors.shape[1], dtype=np.float64)
    current, signing = np.zeros(factors.shape[1:]), np.zeros(factors.shape[1:])
    for index, costs in enumerate(types):
        units = dict(by_payee(costs, months, drawn))
        now = sum((unit * prices[payee] for payee, unit in units.items()), start=np.zeros(factors.shape[1:]))
        usage = factors[index] * terms.requests[index]
        usage *= rebound_factor(now, as_is_usd=float(as_is_usd[index]), elasticity=elasticity)
        for payee, unit in units.items():
            usd = usage * unit if payee is None else usage * unit * tokens
            current += usd * prices[payee]
            signing += usd
    return current, signing
