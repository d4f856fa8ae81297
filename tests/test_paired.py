"""The comparison with the current model against a likelihood that is maximised by brute force, and by simulation."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.optimize import brentq, minimize_scalar

from planner.evidence.paired import compare, difference_bounds, score

LEVEL = 0.05


def slow_score(difference: float, b: int, c: int, n: int) -> float:
    """The statistic by its definition, with the likeliest share of pairs that only the reference passes by search."""

    def log_likelihood(q: float) -> float:
        cells = ((b, q + difference), (c, q), (n - b - c, 1 - 2 * q - difference))
        return sum(count * np.log(max(share, 1e-300)) for count, share in cells if count)

    low, high = max(0.0, -difference), (1.0 - difference) / 2.0
    q = minimize_scalar(lambda q: -log_likelihood(q), bounds=(low, high), method="bounded", options={"xatol": 1e-12}).x
    variance = n * (2 * q + difference - difference**2)
    return (b - c - n * difference) / np.sqrt(variance)


@settings(max_examples=80, deadline=None)
@given(st.integers(0, 30), st.integers(0, 30), st.integers(1, 60), st.floats(-0.9, 0.9))
def test_the_statistic_is_that_of_the_likelihood_maximised_by_search(b, c, agreeing, difference):
    n = b + c + agreeing
    assert score(difference, b, c, n) == pytest.approx(slow_score(difference, b, c, n), abs=2e-3, rel=2e-3)


@pytest.mark.parametrize(("b", "c", "n"), [(12, 9, 200), (0, 7, 50), (5, 0, 80), (30, 2, 60), (1, 1, 2), (3, 14, 30)])
def test_bounds_are_where_the_slow_statistic_is_the_normal_quantile(b, c, n):
    z, estimate = stats.norm.ppf(1 - LEVEL), (b - c) / n
    found = difference_bounds(b, c, n, level=LEVEL)
    low = brentq(lambda d: slow_score(d, b, c, n) - z, -0.9999, estimate - 1e-9)
    high = brentq(lambda d: slow_score(d, b, c, n) + z, estimate + 1e-9, 0.9999)
    assert found == pytest.approx((low, high), abs=1e-4)


@given(st.integers(0, 200), st.integers(0, 200), st.integers(0, 200), st.sampled_from([0.001, 0.05, 0.3]))
def test_bounds_stand_on_either_side_and_turn_round_with_the_models(b, c, agreeing, level):
    n = max(b + c + agreeing, 1)
    low, high = difference_bounds(b, c, n, level=level)
    assert -1.0 <= low <= (b - c) / n + 1e-9
    assert (b - c) / n - 1e-9 <= high <= 1.0
    assert difference_bounds(c, b, n, level=level) == pytest.approx((-high, -low), abs=1e-12)
    wider = difference_bounds(b, c, n, level=level / 10)
    assert wider[0] <= low + 1e-9
    assert high - 1e-9 <= wider[1]


@pytest.mark.parametrize("n", [1, 10, 200])
def test_where_both_always_agree_the_bounds_have_a_closed_form(n):
    """z^2 / (n + z^2), as Tango's paper gives it for no discordant pair."""
    z2 = stats.norm.ppf(0.95) ** 2
    assert difference_bounds(0, 0, n, level=0.05) == pytest.approx((-z2 / (n + z2), z2 / (n + z2)), abs=1e-8)
    assert difference_bounds(n, 0, n, level=0.05)[1] == difference_bounds(0, n, n, level=0.05)[0] * -1 == 1.0
    assert difference_bounds(1, 0, n, level=0.0) == (-1.0, 1.0), "a look that may spend nothing says nothing"


def test_pairs_are_counted_by_who_passed_and_the_verdict_is_that_of_the_bounds():
    pairs = [(True, True)] * 180 + [(True, False)] * 6 + [(False, True)] * 9 + [(False, False)] * 5
    found = compare(pairs, margin=0.05)
    assert (found.both, found.only_candidate, found.only_reference, found.neither) == (180, 6, 9, 5)
    assert found.difference == pytest.approx(-3 / 200)
    assert found.reference_pass_rate == pytest.approx(189 / 200)
    assert found.verdict == "pass"
    assert found.lower >= -0.05
    assert compare(pairs, margin=0.02).verdict == "undecided"
    assert compare([(False, True)] * 40 + [(True, True)] * 60, margin=0.05).verdict == "fail"
    assert (compare(pairs, margin=None).verdict, compare(pairs, margin=None).margin) == (None, None)
    assert compare([], margin=0.05) is None


@pytest.mark.parametrize(("theirs", "n"), [(0.08, 200), (0.12, 100), (0.06, 400)])
def test_a_candidate_that_loses_just_the_margin_passes_in_about_one_of_twenty(theirs, n):
    """By simulation at the edge of the margin; a score test errs within a point and a half of its level there."""
    draws, runs, margin = np.random.default_rng(4), 20_000, 0.05
    counts, times = np.unique(
        draws.multinomial(n, [theirs - margin, theirs, 1 - 2 * theirs + margin], runs)[:, :2],
        axis=0,
        return_counts=True,
    )
    passes = [difference_bounds(int(b), int(c), n, level=LEVEL)[0] >= -margin for b, c in counts]
    assert 0.03 < times[passes].sum() / runs < 0.065
