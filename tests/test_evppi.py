"""What information is worth, against closed forms, nested simulation in plain loops, and its own standard errors."""

from collections.abc import Callable, Mapping

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtri
from scipy.stats import norm

from planner.errors import InputError
from planner.negotiation.evppi import (
    FEWEST_PATHS,
    SEEN,
    Information,
    Uncertain,
    limit_price,
    value_of_information,
)
from planner.risk import estimate
from planner.units import FloatArray

FOUR_ERRORS = 4.5
"""Standard errors from 16 replicates are t-distributed: beyond 4.5 of them lies 1 in 2,000."""

DISCOUNT = 0.2
LOG_SD = np.array([0.3, 0.15, 0.05])
"""Use is a product of three log-normal inputs; dollars committed cost 0.8, use beyond them 1."""

TOTAL_SD = float(np.sqrt((LOG_SD**2).sum()))
COMMITS = np.exp(TOTAL_SD * ndtri((np.arange(64) + 0.5) / 64))
GRID = ndtri((np.arange(20_000) + 0.5) / 20_000)


def scored(n_inputs: int, n: int, seed: int) -> FloatArray:
    return np.random.default_rng(seed).random((n_inputs, n))


def inputs(scores: FloatArray) -> dict[str, Uncertain]:
    return {f"x{i}": Uncertain(score=score) for i, score in enumerate(scores)}


def paid(commits: FloatArray, use: FloatArray) -> FloatArray:
    """What every commitment costs on every path, as list dollars that it covers."""
    found: FloatArray = (1 - DISCOUNT) * commits[:, None] + np.maximum(use - commits[:, None], 0.0)
    return found


def use_of(scores: FloatArray) -> FloatArray:
    found: FloatArray = np.exp(LOG_SD[: len(scores)] @ ndtri(scores))
    return found


def expected_paid(commits: FloatArray, log_mean: FloatArray, sd: float) -> FloatArray:
    """E[paid] of log-normal use in closed form (a call option), (n_commits, n_means)."""
    d = (log_mean - np.log(commits)[:, None]) / sd + sd
    call = np.exp(log_mean + sd**2 / 2) * norm.cdf(d) - commits[:, None] * norm.cdf(d - sd)
    found: FloatArray = (1 - DISCOUNT) * commits[:, None] + call
    return found


def worth_of(i: int) -> float:
    """EVPPI of one input of the product in closed form, by quadrature over the input alone."""
    rest = float(np.sqrt(TOTAL_SD**2 - LOG_SD[i] ** 2))
    known = expected_paid(COMMITS, LOG_SD[i] * GRID, rest).min(axis=0).mean()
    return float(expected_paid(COMMITS, np.zeros(1), TOTAL_SD).min() - known)


def near(value: float, found_mean: float, found_se: float, beside: float = 0.0) -> bool:
    return abs(found_mean - value) <= FOUR_ERRORS * found_se + beside


# --- closed forms ----------------------------------------------------------------------------------------------------


def test_inputs_of_a_product_are_worth_what_the_closed_form_says() -> None:
    scores = scored(3, 32_768, 1)
    found = value_of_information(paid(COMMITS, use_of(scores)), inputs(scores))
    for i, (name, one) in enumerate(found.inputs.items()):
        truth = worth_of(i)
        # what is fitted on half of the paths chooses a little worse than who knows
        assert near(truth, one.fitted.mean, one.fitted.se, 0.01 * truth), (name, truth, one)
        assert one.value == one.fitted


def test_little_is_lost_by_choosing_on_half_of_few_paths() -> None:
    found = []
    for seed in range(8):
        scores = scored(3, 8192, 60 + seed)
        found.append(value_of_information(paid(COMMITS, use_of(scores)), inputs(scores)).inputs["x0"].fitted.mean)
    error = np.std(found, ddof=1) / np.sqrt(len(found))
    assert 0.98 * worth_of(0) < np.mean(found) < worth_of(0) + FOUR_ERRORS * error


def test_everything_is_worth_the_closed_form_of_perfect_information() -> None:
    scores = scored(3, 32_768, 2)
    losses = paid(COMMITS, use_of(scores))
    found = value_of_information(losses, {})
    least = paid(COMMITS, np.exp(TOTAL_SD * GRID)).min(axis=0).mean()
    truth = float(expected_paid(COMMITS, np.zeros(1), TOTAL_SD).min() - least)
    assert near(truth, found.perfect.mean, found.perfect.se)
    assert found.perfect == estimate(losses[found.chosen] - losses.min(axis=0))
    assert found.chosen == int(losses.mean(axis=1).argmin())


def test_the_choice_at_the_ends_is_the_conditional_fractile() -> None:
    scores = scored(3, 32_768, 3)
    one = value_of_information(paid(COMMITS, use_of(scores)), inputs(scores)).inputs["x0"]
    rest = float(np.sqrt(TOTAL_SD**2 - LOG_SD[0] ** 2))
    for at, end in ((one.at_low, 0.1), (one.at_high, 0.9)):
        best = np.exp(LOG_SD[0] * ndtri(end) + rest * ndtri(DISCOUNT))
        nearest = int(np.abs(np.log(COMMITS / best)).argmin())
        assert abs(at - nearest) <= 1, "a candidate beside the best one costs next to nothing more"


@pytest.mark.parametrize(("chance", "size"), [(0.6, 1.2), (0.05, 1.8), (0.2, 0.1)])
def test_what_happens_or_not_is_worth_its_closed_form(chance: float, size: float) -> None:
    scores = scored(2, 16_384, 4)
    use = np.exp(0.2 * ndtri(scores[0])) * np.where(scores[1] > 1 - chance, size, 1.0)
    one_year = np.exp(0.2 * ndtri((np.arange(48) + 0.5) / 48))
    commits = np.unique(np.concatenate([one_year, size * one_year]))
    without = expected_paid(commits, np.zeros(1), 0.2)[:, 0]
    happening = expected_paid(commits, np.full(1, np.log(size)), 0.2)[:, 0]
    truth = (
        ((1 - chance) * without + chance * happening).min() - (1 - chance) * without.min() - chance * happening.min()
    )
    event = Uncertain(score=scores[1], cuts=(1 - chance,), ends=(0.0, 1.0))
    one = value_of_information(paid(commits, use), {"event": event}).inputs["event"]
    assert near(truth, one.fitted.mean, one.fitted.se), (truth, one)
    assert (one.at_high > one.at_low) == (size > 1)


def test_a_step_that_nobody_told_of_keeps_most_of_its_worth() -> None:
    scores = scored(2, 32_768, 5)
    use = np.exp(0.2 * ndtri(scores[0])) * np.where(scores[1] > 0.4, 1.3, 1.0)
    losses = paid(np.exp(np.linspace(-0.6, 0.9, 60)), use)
    told = value_of_information(losses, {"x": Uncertain(score=scores[1], cuts=(0.4,))}).inputs["x"].value.mean
    found = value_of_information(losses, {"x": Uncertain(score=scores[1])}).inputs["x"].value.mean
    assert 0.9 * told < found <= told


# --- nested simulation -----------------------------------------------------------------------------------------------


def nested(loss: Callable[[FloatArray], FloatArray], i: int, n_inputs: int, outer: int, inner: int) -> float:
    """EVPPI of input i in plain loops: what is best for each of its values, on draws of all the others.

    loss: of scores (n_inputs, n), (n_candidates, n). The same inner draws for every value, antithetic.
    """
    half = np.random.default_rng(99).random((n_inputs, inner // 2))
    draws = np.hstack([half, 1 - half])
    best, total = [], 0.0
    for step in range(outer):
        draws[i] = (step + 0.5) / outer
        expected = [float(row.mean()) for row in loss(draws)]
        best.append(min(expected))
        total = total + np.array(expected)
    return float(np.min(total) / outer - np.mean(best))


def banded(scores: FloatArray) -> FloatArray:
    """Two discount bands, so that costs jump: 10 % from 0.5 on, 25 % from 1.07 on; a charge where use falls short."""
    use = use_of(scores)
    rows = []
    for q in np.linspace(0.5, 1.5, 30):
        d = 0.25 if q * 0.75 >= 0.8 else 0.1
        rows.append((1 - d) * q + np.maximum(use - q, 0.0) + 0.05 * (use < q))
    return np.stack(rows)


@pytest.mark.parametrize("i", [0, 1])
def test_bands_and_a_price_on_shortfalls_agree_with_nested_simulation(i: int) -> None:
    truth = nested(banded, i, 2, outer=200, inner=8000)
    scores = scored(2, 32_768, 6)
    one = value_of_information(banded(scores), inputs(scores)).inputs[f"x{i}"]
    assert near(truth, one.fitted.mean, one.fitted.se, 0.02 * truth), (truth, one)
    assert one.value.mean > 0


def test_what_two_inputs_do_only_together_is_worth_nothing_alone() -> None:
    """The second candidate gains where both or neither is high: only who knows both can tell."""
    scores = scored(2, 16_384, 7)
    agree = (scores[0] > 0.5) == (scores[1] > 0.5)
    losses = np.stack([np.zeros(16_384), np.where(agree, -1.0, 1.0)])
    known = {**inputs(scores), "both": Uncertain(score=np.where(agree, 0.75, 0.25), cuts=(0.5,))}
    found = value_of_information(losses, known)
    for name in ("x0", "x1"):
        assert found.inputs[name].value.mean == 0
        assert abs(found.inputs[name].fitted.mean) <= 3 * found.inputs[name].fitted.se
    assert found.inputs["both"].value.mean == pytest.approx(found.perfect.mean)
    assert near(0.5, found.perfect.mean, found.perfect.se)


# --- nothing, and never too much -------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(5))
def test_an_input_that_does_nothing_is_worth_nothing(seed: int) -> None:
    scores = scored(4, 8192, 20 + seed)
    found = value_of_information(paid(COMMITS, use_of(scores[:3])), inputs(scores)).inputs["x3"]
    assert found.value.mean == 0
    assert abs(found.fitted.mean) <= 3 * found.fitted.se


def test_an_input_that_moves_every_candidate_alike_is_worth_nothing() -> None:
    scores = scored(4, 8192, 31)
    losses = paid(COMMITS, use_of(scores[:3]))
    one = value_of_information(losses + 10 * scores[3], inputs(scores)).inputs["x3"]
    assert one.value.mean == 0


def test_an_input_that_cannot_move_the_choice_is_worth_nothing() -> None:
    """One candidate is better whatever the input says, by an amount that hangs on it."""
    score = scored(1, 4096, 32)[0]
    losses = np.stack([score, 1.0 + 2.0 * score])
    one = value_of_information(losses, {"x": Uncertain(score=score)}).inputs["x"]
    assert (one.value.mean, one.fitted.mean, one.at_low, one.at_high) == (0, 0, 0, 0)


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.integers(1, 6), st.floats(0.0, 2.0))
def test_no_input_is_worth_more_than_everything_or_less_than_nothing(seed: int, n: int, weight: float) -> None:
    rng = np.random.default_rng(seed)
    scores = rng.random((2, 1024))
    losses = rng.standard_normal((n, 1024)) + weight * rng.standard_normal((n, 1)) * ndtri(scores[0])
    found = value_of_information(losses, inputs(scores))
    for one in found.inputs.values():
        assert 0 <= one.value.mean <= found.perfect.mean + 1e-12
        assert one.fitted.mean <= found.perfect.mean + 1e-12
        assert one.value.mean == (one.fitted.mean if one.fitted.mean > SEEN * one.fitted.se else 0)
    assert found.perfect.mean >= 0


def test_one_candidate_is_no_choice() -> None:
    scores = scored(1, 1024, 33)
    found = value_of_information(scores[:1], inputs(scores))
    assert (found.chosen, found.perfect.mean, found.inputs["x0"].fitted.mean) == (0, 0, 0)


# --- standard errors -------------------------------------------------------------------------------------------------


def test_standard_errors_are_honest() -> None:
    """A 95 % interval misses about 1 in 20; the two inputs of a run are not independent, so 0.85 is asked for."""
    means, errors = [], []
    for seed in range(30):
        scores = scored(2, 4096, 100 + seed)
        use = np.exp(np.array([0.2, 0.2]) @ ndtri(scores))
        losses = paid(np.exp(np.linspace(-0.8, 0.6, 40)), use)
        found = [one.fitted for one in value_of_information(losses, inputs(scores)).inputs.values()]
        means.append([one.mean for one in found])
        errors.append([one.se for one in found])
    commits, sd = np.exp(np.linspace(-0.8, 0.6, 40)), float(np.sqrt(0.08))
    known = expected_paid(commits, 0.2 * GRID, 0.2).min(axis=0).mean()
    truth = float(expected_paid(commits, np.zeros(1), sd).min() - known)
    inside = np.abs(np.array(means) - truth) <= 2.13 * np.array(errors) + 0.01 * truth
    assert inside.mean() >= 0.85
    assert 0.6 < np.mean(errors) / np.std(means, axis=0, ddof=1).mean() < 1.6


# --- laws ------------------------------------------------------------------------------------------------------------


def figures(found: Information) -> Mapping[str, tuple[float, float, int, int]]:
    return {name: (one.fitted.mean, one.fitted.se, one.at_low, one.at_high) for name, one in found.inputs.items()}


@settings(max_examples=10)
@given(st.permutations(range(3)), st.integers(0, 100))
def test_names_and_order_of_the_inputs_change_nothing(order: list[int], seed: int) -> None:
    scores = scored(3, 2048, seed)
    losses = paid(COMMITS, use_of(scores))
    before = figures(value_of_information(losses, inputs(scores)))
    after = figures(value_of_information(losses, {f"y{i}": Uncertain(score=scores[i]) for i in order}))
    assert {f"x{name[1:]}": value for name, value in after.items()} == before


@settings(max_examples=10)
@given(st.integers(-20, 20), st.floats(-5.0, 5.0), st.integers(0, 100))
def test_money_scales_and_what_all_candidates_lose_does_not_count(power: int, added: float, seed: int) -> None:
    scores = scored(3, 2048, seed)
    losses = paid(COMMITS, use_of(scores))
    before = value_of_information(losses, inputs(scores))
    scaled = value_of_information(losses * 2.0**power, inputs(scores))
    for name, one in before.inputs.items():
        assert scaled.inputs[name].fitted.mean == one.fitted.mean * 2.0**power
        assert (scaled.inputs[name].at_low, scaled.inputs[name].at_high) == (one.at_low, one.at_high)
    moved = value_of_information(losses + added, inputs(scores))
    assert moved.perfect.mean == pytest.approx(before.perfect.mean, rel=1e-9)
    for name, one in before.inputs.items():
        assert moved.inputs[name].fitted.mean == pytest.approx(one.fitted.mean, rel=1e-6, abs=1e-9)


def test_of_candidates_that_cost_the_same_the_first_is_chosen() -> None:
    losses = np.stack([np.ones(1024), np.full(1024, 1.0 - 1e-13), np.full(1024, 2.0)])
    found = value_of_information(losses, inputs(scored(1, 1024, 39)))
    assert (found.chosen, found.inputs["x0"].at_low, found.inputs["x0"].at_high) == (0, 0, 0)


def test_paths_beyond_whole_rounds_of_the_replicates_are_left_out() -> None:
    scores = scored(2, 1024 + 15, 40)
    losses = paid(COMMITS, use_of(scores))
    whole = value_of_information(losses[:, :1024], inputs(scores[:, :1024]))
    assert value_of_information(losses, inputs(scores)) == whole


def test_few_paths_and_losses_without_end_are_refused() -> None:
    with pytest.raises(InputError, match=f"take {FEWEST_PATHS}"):
        value_of_information(np.zeros((2, FEWEST_PATHS - 1)), {})
    losses = np.zeros((2, 1024))
    losses[1, 7] = np.inf
    with pytest.raises(InputError, match="not finite"):
        value_of_information(losses, {})


# --- the price of a limit --------------------------------------------------------------------------------------------


def test_the_price_of_a_limit_is_what_is_saved_beyond_it_over_the_limit() -> None:
    losses, allowed = np.array([100.0, 90.0, 110.0]), np.array([True, False, True])
    assert limit_price(losses, allowed, 0.1) == pytest.approx(10.0 / 0.1)
    assert limit_price(losses, np.array([True, True, False]), 0.1) == 0
    assert limit_price(losses, np.ones(3, dtype=bool), 1.0) == 0


@given(
    st.lists(st.tuples(st.floats(0, 1000), st.floats(0, 1)), min_size=1, max_size=8),
    st.floats(0.001, 1.0),
)
def test_at_the_price_of_a_limit_what_it_allows_is_best(offers: list[tuple[float, float]], limit: float) -> None:
    losses, chances = np.array([[1000.0, 0.0], *offers]).T
    allowed = chances <= limit
    priced = losses + limit_price(losses, allowed, limit) * chances * ~allowed
    assert priced[allowed].min() <= priced.min() + 1e-9
    saved = losses[allowed].min() - losses.min()
    # an offer that saves as much as any would be as good with its risk at the limit
    assert limit_price(losses, allowed, limit) * limit == pytest.approx(saved)
