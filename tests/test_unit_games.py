"""Cooperative games against textbooks, slow orders, closed forms of three players and another solver."""

from collections.abc import Callable, Sequence
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import lsq_linear

from planner.business_units.games import excess, least_core_excess, nearest_shares
from planner.shapley import members, shapley


def slow_shapley(game: Sequence[float]) -> list[float]:
    """The average over all orders of what each player adds on arriving."""
    n = len(game).bit_length() - 1
    orders = list(permutations(range(n)))
    shares = [0.0] * n
    for order in orders:
        there = 0
        for player in order:
            shares[player] += (game[there + 2**player] - game[there]) / len(orders)
            there += 2**player
    return shares


def game_of(n: int, value: Callable[[set[int]], float]) -> np.ndarray:
    return np.array([value({i for i in range(n) if number >> i & 1}) for number in range(2**n)], dtype=float)


@st.composite
def games(draw: st.DrawFn, least: int = 2, most: int = 5) -> np.ndarray:
    n = draw(st.integers(least, most))
    values = draw(st.lists(st.integers(-500, 1000), min_size=2**n - 1, max_size=2**n - 1))
    return np.array([0.0, *values])


def test_members_are_the_bits_of_a_coalition() -> None:
    assert members(2).tolist() == [[False, False], [True, False], [False, True], [True, True]]


@given(games())
def test_the_shapley_value_is_the_average_over_all_orders_and_adds_up(game: np.ndarray) -> None:
    found = shapley(game)
    assert found == pytest.approx(slow_shapley(game.tolist()), abs=1e-9)
    assert found.sum() == pytest.approx(game[-1], abs=1e-9)


@given(games(3, 3), games(3, 3), st.floats(-3, 3))
def test_the_shapley_value_is_additive(one: np.ndarray, other: np.ndarray, factor: float) -> None:
    assert shapley(one + factor * other) == pytest.approx(shapley(one) + factor * shapley(other), abs=1e-9)


@given(games(2, 4), st.integers(-100, 100))
def test_who_adds_only_its_own_pays_just_that(game: np.ndarray, own: int) -> None:
    with_dummy = np.concatenate([game, game + own])
    assert shapley(with_dummy) == pytest.approx([*shapley(game), own], abs=1e-9)


@given(games(3, 3))
def test_players_that_are_alike_pay_alike(game: np.ndarray) -> None:
    game[2], game[6] = game[1], game[5]  # players 0 and 1 bring the same to nobody and to player 2
    found = shapley(game)
    assert found[0] == pytest.approx(found[1], abs=1e-9)


def test_games_of_the_textbooks() -> None:
    runway = game_of(3, lambda group: max([[3, 8, 20][i] for i in group], default=0))
    assert shapley(runway) == pytest.approx([3 / 3, 3 / 3 + 5 / 2, 3 / 3 + 5 / 2 + 12])
    gloves = game_of(3, lambda group: -min(len(group & {0}), len(group & {1, 2})))
    assert shapley(gloves) == pytest.approx([-4 / 6, -1 / 6, -1 / 6])
    unanimous = game_of(4, lambda group: float(group >= {1, 3}))
    assert shapley(unanimous) == pytest.approx([0, 0.5, 0, 0.5])


def test_games_side_by_side_are_split_one_by_one() -> None:
    values = np.random.default_rng(3).normal(size=(8, 50))
    values[0] = 0.0
    assert shapley(values) == pytest.approx(np.stack([shapley(game) for game in values.T], axis=1))


@given(games(), st.data())
def test_the_excess_of_every_group_against_a_plain_loop(costs: np.ndarray, data: st.DataObject) -> None:
    n = len(costs).bit_length() - 1
    shares = np.array(data.draw(st.lists(st.integers(-300, 300), min_size=n, max_size=n)), dtype=float)
    found = excess(costs, shares)
    for number in range(1, 2**n - 1):
        asked = sum(shares[i] for i in range(n) if number >> i & 1)
        assert found[number] == pytest.approx(asked - costs[number])
    assert (found[0], found[-1]) == (0.0, 0.0)


def three_player_least_core(c: np.ndarray) -> float:
    """By the balanced collections of three players: singles; a single and the pair of the others; the three pairs."""
    single, pairs = (c[1], c[2], c[4]), (c[6], c[5], c[3])
    return max(
        (c[7] - sum(single)) / 3,
        *((c[7] - one - pair) / 2 for one, pair in zip(single, pairs, strict=True)),
        (c[7] - sum(pairs) / 2) / 1.5,
    )


@given(games(3, 3))
def test_the_least_core_of_three_players_is_that_of_their_balanced_collections(costs: np.ndarray) -> None:
    assert least_core_excess(costs) == pytest.approx(three_player_least_core(costs), abs=1e-6)


def test_cores_of_the_textbooks() -> None:
    majority = game_of(3, lambda group: -float(len(group) >= 2))
    assert least_core_excess(majority) == pytest.approx(1 / 3)
    assert nearest_shares(majority, shapley(majority)) is None
    gloves = game_of(3, lambda group: -min(len(group & {0}), len(group & {1, 2})))
    assert least_core_excess(gloves) == pytest.approx(0.0, abs=1e-9)
    assert excess(gloves, shapley(gloves)).max() == pytest.approx(1 / 6)
    assert nearest_shares(gloves, shapley(gloves)) == pytest.approx([-1, 0, 0], abs=1e-9)


def least_distance(costs: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """The nearest point of the core by its dual, a least squares problem with non-negative unknowns (Lawson and Hanson,
    "Solving Least Squares Problems", 1974, chapter 23)."""
    belongs, n = members(len(shares))[1:-1].astype(float), len(shares)
    basis = np.linalg.svd(np.ones((1, n)))[2][1:].T  # moves that add up to nothing
    stacked = np.vstack([-(belongs @ basis).T, excess(costs, shares)[1:-1] / 1000])
    target = np.eye(n)[-1]
    found = lsq_linear(stacked, target, bounds=(0, np.inf), method="bvls", tol=1e-14)
    left = stacked @ found.x - target
    return shares - 1000 * basis @ (left[:-1] / left[-1])


@given(games(2, 4))
@settings(max_examples=60)
def test_the_nearest_split_of_the_core_is_that_of_the_dual_problem(costs: np.ndarray) -> None:
    least, shares = least_core_excess(costs), shapley(costs)
    found = nearest_shares(costs, shares)
    if least > 1e-3:
        assert found is None
    elif least < -1.0:
        assert found == pytest.approx(least_distance(costs, shares), abs=1e-3)
        assert found.sum() == pytest.approx(costs[-1], abs=1e-6)
        assert excess(costs, found).max() <= 1e-6
        if excess(costs, shares).max() <= 0:
            assert found.tolist() == shares.tolist()


@given(st.lists(st.integers(1, 20), min_size=2, max_size=7), st.sampled_from([5e4, 1e5, 2e5]))
@settings(max_examples=60)
def test_a_core_of_no_width_has_a_nearest_split_too(tens: list[int], threshold: float) -> None:
    """Games of a discount from a threshold on, most of whose cores are flat."""
    list_usd = members(len(tens)) @ (np.array(tens) * 1e4)
    costs = np.minimum(list_usd, np.maximum(threshold, 0.7 * list_usd))
    costs[0] = 0.0
    shares = shapley(costs)
    assert least_core_excess(costs) <= 1e-4
    found = nearest_shares(costs, shares, most_excess=0.005)
    assert found is not None
    assert found.sum() == pytest.approx(costs[-1], abs=0.001)
    assert excess(costs, found).max() <= 0.006
