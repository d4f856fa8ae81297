"""Cooperative games on numbers: what each player brings, and whether a group does better by itself.

A game of n players is an array with one entry per coalition along its first axis, 2^n of them. Coalition S is the sum
of 2^i over its players i: entry 0 is nobody, the last one everybody. Values are costs: less is better. Further axes,
such as paths, are games side by side.

The Shapley value is planner.shapley's. Gillies, "Solutions to general non-zero-sum games" (1959), for the core;
Maschler, Peleg and Shapley, "Geometric properties of the kernel, nucleolus, and related solution concepts" (1979), for
the least core.
"""

from typing import Final

import numpy as np
from scipy.optimize import linprog, minimize

from planner.shapley import members
from planner.units import FloatArray

_ROUNDING: Final = 1e-9
"""Of the size of a game's values: a solver's constraint that is missed by so little is met."""


def excess(costs: FloatArray, shares: FloatArray) -> FloatArray:
    """What shares ask of each coalition beyond its own cost, shape (2^n,); 0 for nobody and everybody.

    costs: shape (2^n,); shares: shape (n,), adding up to everybody's cost. They are in the core where no excess is
    above 0: no group would be better off by itself.
    """
    beyond: FloatArray = members(_n_players(costs)) @ shares - costs
    beyond[[0, -1]] = 0.0
    return beyond


def least_core_excess(costs: FloatArray) -> float:
    """The smallest largest excess that shares of everybody's cost can have, of n >= 2 players; costs: shape (2^n,).

    Above 0 the core is empty: whatever the shares, some group pays so much more than it would by itself.
    """
    belongs, scale = members(_n_players(costs)), _scale(costs)
    n_players = belongs.shape[1]
    proper = belongs[1:-1].astype(np.float64)
    # variables: the shares, then the largest excess e:  x(S) - e <= c(S),  x(everybody) = c(everybody)
    found = linprog(
        [*np.zeros(n_players), 1.0],
        A_ub=np.column_stack([proper, -np.ones(len(proper))]),
        b_ub=costs[1:-1] / scale,
        A_eq=[[*np.ones(n_players), 0.0]],
        b_eq=[costs[-1] / scale],
        bounds=(None, None),
    )
    return float(found.fun) * scale


def nearest_shares(costs: FloatArray, shares: FloatArray, *, most_excess: float = 0.0) -> FloatArray | None:
    """The shares nearest to given ones, in squared dollars, with no excess above most_excess; None if there are none.

    costs: shape (2^n,); shares: shape (n,), adding up to everybody's cost, as the nearest ones do.
    """
    belongs, beyond = members(_n_players(costs))[1:-1].astype(np.float64), excess(costs, shares)[1:-1] - most_excess
    scale = float(beyond.max())
    if scale <= 0.0:
        return shares
    # a move y of the shares, in units of the largest excess, least in y'y, with  sum y = 0  and  y(S) <= -excess(S)
    found = minimize(
        lambda y: y @ y,
        np.zeros_like(shares),
        jac=lambda y: 2.0 * y,
        method="SLSQP",
        constraints=(
            {"type": "eq", "fun": np.sum, "jac": np.ones_like},
            {"type": "ineq", "fun": lambda y: -beyond / scale - belongs @ y, "jac": lambda _: -belongs},
        ),
        options={"ftol": 1e-14, "maxiter": 500},
    )
    moved: FloatArray = shares + scale * (found.x - found.x.mean())
    return moved if excess(costs, moved).max() <= most_excess + _ROUNDING * _scale(costs) else None


def _n_players(game: FloatArray) -> int:
    return len(game).bit_length() - 1


def _scale(costs: FloatArray) -> float:
    """The size of a game's values, so that a solver's tolerance is a part of it."""
    return float(np.abs(costs).max()) or 1.0
