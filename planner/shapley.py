"""The Shapley value: what each of several players, levers or causes brings, averaged over all orders.

A game of n players is an array with one entry per coalition along its first axis, 2^n of them. Coalition S is the sum
of 2^i over its players i: entry 0 is nobody, the last one everybody. Further axes, such as paths, are games side by
side. Shapley, "A value for n-person games" (1953).
"""

from math import factorial

import numpy as np

from planner.units import BoolArray, FloatArray


def members(n_players: int) -> BoolArray:
    """Who belongs to which coalition, shape (2^n, n)."""
    found: BoolArray = (np.arange(2**n_players)[:, None] >> np.arange(n_players)) & 1 == 1
    return found


def shapley_weights(n_players: int) -> FloatArray:
    """W with shares = W @ game, shape (n, 2^n): the average over all orders of what a player adds on arriving.

    Over coalitions S without player i, of size s:  share(i) = sum of s! (n - s - 1)! / n! * (value(S + i) - value(S)).
    """
    belongs = members(n_players).T
    sizes = belongs.sum(axis=0)
    orders = [factorial(s) * factorial(n_players - 1 - s) / factorial(n_players) for s in range(n_players)]
    with_player, without = (np.array(edge)[sizes] for edge in ([0.0, *orders], [*orders, 0.0]))
    weights: FloatArray = np.where(belongs, with_player, -without)
    return weights


def shapley(game: FloatArray) -> FloatArray:
    """What each player brings, shape (n, ...): shares add up to everybody's value less nobody's.

    Of differences, so that who adds nothing to any coalition brings exactly nothing.
    """
    n_players = len(game).bit_length() - 1
    belongs, weights = members(n_players).T, shapley_weights(n_players)
    shares = [
        np.tensordot(own[inside], game[inside] - game[~inside], axes=1)
        for own, inside in zip(weights, belongs, strict=True)
    ]
    return np.stack(shares) if shares else np.zeros((0, *game.shape[1:]))
