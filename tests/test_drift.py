"""Drift against quadrature by scipy, against sampling both posteriors, and its error over every count."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from planner.errors import InputError
from planner.evidence.drift import Counts, chance_below, drift
from planner.evidence.quality import verdict


def counts(hits: int, total: int) -> Counts:
    return Counts(hits=hits, total=total)


PAIRS = [(188, 200, 85, 100), (200, 200, 60, 60), (0, 30, 3, 300), (5, 10, 900, 1000), (1, 1, 0, 1), (40, 50, 41, 50)]


@pytest.mark.parametrize(("a", "n", "b", "m"), PAIRS)
@pytest.mark.parametrize("change", [-0.1, -0.02, 0.0, 0.05])
def test_the_chance_of_a_change_is_the_double_integral_of_both_posteriors(a, n, b, m, change):
    old, new = stats.beta(a + 0.5, n - a + 0.5), stats.beta(b + 0.5, m - b + 0.5)
    # over the probability scale of the old one, in pieces, because the integrand may be a step there
    slow = sum(
        integrate.quad(lambda u: new.cdf(old.ppf(u) + change), low, high, limit=200, epsabs=1e-9)[0]
        for low, high in zip(np.linspace(0, 1, 21)[:-1], np.linspace(0, 1, 21)[1:], strict=True)
    )
    # a posterior of one answer has its mode at the end, where the integrand has a corner
    assert chance_below(counts(a, n), counts(b, m), change) == pytest.approx(slow, abs=1e-4 if n == 1 else 1e-5)


@pytest.mark.parametrize(("a", "n", "b", "m"), PAIRS)
def test_the_bounds_are_the_quantiles_of_the_difference_of_draws(a, n, b, m):
    draws, runs = np.random.default_rng(6), 100_000
    change = draws.beta(b + 0.5, m - b + 0.5, runs) - draws.beta(a + 0.5, n - a + 0.5, runs)
    found = drift(counts(a, n), counts(b, m))
    error = 4 * np.sqrt(0.05 * 0.95 / runs)
    assert (change < found.lower).mean() == pytest.approx(0.05, abs=error)
    assert (change > found.upper).mean() == pytest.approx(0.05, abs=error)
    assert found.moved == ("fell" if found.upper < 0 else "rose" if found.lower > 0 else "no change seen")


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 60), st.integers(0, 5), st.integers(0, 60), st.integers(0, 5))
def test_counting_misses_turns_a_fall_into_a_rise(a, more, b, fewer):
    old, new = counts(a, a + more + 1), counts(b, b + fewer + 1)
    found = drift(old, new)
    turned = drift(counts(more + 1, old.total), counts(fewer + 1, new.total))
    assert (turned.lower, turned.upper) == pytest.approx((-found.upper, -found.lower), abs=1e-7)
    assert turned.seen_fall == found.seen_rise
    assert found.change == pytest.approx(b / new.total - a / old.total)


@pytest.mark.parametrize(("rate", "n", "m"), [(0.93, 120, 60), (0.8, 60, 120), (0.1, 100, 50)])
def test_where_nothing_has_moved_a_fall_or_a_rise_is_seen_in_about_one_of_twenty(rate, n, m):
    """Exactly, over every pair of counts that can happen: false alarms within two points of 5 % on either side."""
    old_odds, new_odds = stats.binom(n, rate).pmf(np.arange(n + 1)), stats.binom(m, rate).pmf(np.arange(m + 1))
    falls = rises = 0.0
    for a in np.flatnonzero(old_odds > 1e-6).tolist():
        below = np.array([chance_below(counts(a, n), counts(b, m), 0.0) for b in range(m + 1)])
        falls += old_odds[a] * new_odds[below > 0.95].sum()
        rises += old_odds[a] * new_odds[below < 0.05].sum()
    assert 0.02 < falls < 0.07
    assert 0.02 < rises < 0.07


@pytest.mark.parametrize(("a", "n", "m"), [(188, 200, 100), (45, 50, 400), (10, 200, 300)])
def test_a_fall_of_the_size_that_is_named_is_seen_four_times_in_five(a, n, m):
    found = drift(counts(a, n), counts(a * m // n, m))
    below = np.array([chance_below(found.old, counts(b, m), 0.0) for b in range(m + 1)])
    for size, sign, seen in ((found.seen_fall, -1, below > 0.95), (found.seen_rise, 1, below < 0.05)):
        if size is not None:
            odds = stats.binom(m, a / n + sign * size).pmf(np.arange(m + 1))
            assert odds[seen].sum() == pytest.approx(0.8, abs=1e-6)
    assert found.seen_fall is not None


def test_what_a_sample_cannot_show_is_said_and_the_new_sample_has_a_verdict_of_its_own():
    small = drift(counts(188, 200), counts(1, 1), bar=0.9)
    assert (small.moved, small.seen_rise, small.verdict) == ("no change seen", None, "undecided")
    found = drift(counts(188, 200), counts(170, 200), bar=0.9)
    assert (found.moved, found.verdict) == ("fell", verdict(170, 30, bar=0.9) == "fail" and "fail")
    assert drift(counts(188, 200), counts(170, 200)).verdict is None


@pytest.mark.parametrize(("hits", "total"), [(0, 0), (3, 2), (-1, 5)])
def test_what_is_no_rate_is_refused(hits, total):
    with pytest.raises(InputError, match=f"{hits} of {total}"):
        counts(hits, total)
