"""Evidence against scipy's own distributions and against counting every outcome."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from planner.evidence.quality import (
    Evidence,
    chance_to_pass,
    hopeful_rate,
    lower_bound,
    settlement,
    upper_bound,
    verdict,
)

COUNTS = st.integers(0, 400)
BARS = st.sampled_from([0.5, 0.8, 0.9, 0.95, 0.99])


def slow_verdict(passed: int, failed: int, bar: float, confidence: float = 0.95) -> str:
    below = stats.beta(passed + 0.5, failed + 0.5).cdf(bar)
    return "pass" if below <= 1 - confidence else "fail" if below > confidence else "undecided"


@given(COUNTS, COUNTS, st.sampled_from([0.8, 0.9, 0.95, 0.99]))
def test_the_bounds_are_the_quantiles_of_the_posterior(passed, failed, confidence):
    posterior = stats.beta(passed + 0.5, failed + 0.5)
    assert lower_bound(passed, failed, confidence=confidence) == pytest.approx(posterior.ppf(1 - confidence), abs=1e-9)
    assert upper_bound(passed, failed, confidence=confidence) == pytest.approx(posterior.ppf(confidence), abs=1e-9)


@given(COUNTS, COUNTS, BARS)
def test_passes_turn_into_failures_the_verdict_never_improves(passed, failed, bar):
    rank = {"fail": 0, "undecided": 1, "pass": 2}
    found = [rank[verdict(passed + failed - k, k, bar=bar)] for k in range(0, passed + failed + 1, 7)]
    assert found == sorted(found, reverse=True)
    assert verdict(passed, failed, bar=bar) == slow_verdict(passed, failed, bar)


def test_a_bound_covers_about_as_often_as_it_says():
    """Exactly, over every count of 300 answers: Jeffreys' one-sided bound errs within a point of 5 % on average."""
    rates, passed = np.linspace(0.7, 0.97, 28), np.arange(301)
    lower = np.array([lower_bound(int(x), 300 - int(x)) for x in passed])
    misses = [stats.binom(300, rate).pmf(passed)[lower > rate].sum() for rate in rates]
    assert np.mean(misses) == pytest.approx(0.05, abs=0.01)
    assert max(misses) < 0.08


def brute_force(passed: int, failed: int, bar: float, rate: float, most: int) -> tuple[str, int, int] | None:
    """The fewest further answers whose expected failures, rounded against the verdict, settle it."""
    for n in range(1, most):
        expected, k = round(n * (1 - rate), 9), np.arange(n + 1)
        below = stats.beta.cdf(bar, passed + n - k + 0.5, failed + k + 0.5)
        if rate >= bar:
            allowed = k[below <= 0.05]
            if allowed.size and max(allowed) >= np.ceil(expected):
                return "pass", n, max(allowed)
        else:
            needed = k[below > 0.95]
            if needed.size and min(needed) <= np.floor(expected):
                return "fail", n, min(needed)
    return None


@settings(max_examples=15)
@given(st.integers(0, 40), st.integers(0, 8), st.sampled_from([0.8, 0.9]), st.sampled_from([0.6, 0.97, 1.0]))
def test_settling_is_what_trying_every_count_finds(passed, failed, bar, rate):
    found = settlement(passed, failed, bar=bar, rate=rate)
    if slow_verdict(passed, failed, bar) != "undecided":
        assert found is None
        return
    slow = brute_force(passed, failed, bar, rate, 90)
    if slow is None:
        assert found is None or found.answers >= 90
        return
    assert found is not None
    assert (found.to, found.answers, found.failures) == slow
    wanted = stats.binom(found.answers, 1 - rate)
    odds = wanted.cdf(found.failures) if found.to == "pass" else wanted.sf(found.failures - 1)
    assert found.chance == pytest.approx(odds, abs=1e-9)


def test_four_chances_in_five_take_more_answers_than_the_bare_hope():
    bare = settlement(0, 0, bar=0.9)
    sure = settlement(0, 0, bar=0.9, chance=0.8)
    assert bare is not None
    assert sure is not None
    assert bare.rate == hopeful_rate(0.9) == pytest.approx(0.95)
    assert sure.answers > bare.answers
    assert sure.chance >= 0.8
    n, rate = sure.answers, sure.rate
    for m in range(n - 40, n):
        k = np.arange(m + 1)
        allowed = k[stats.beta.cdf(0.9, m - k + 0.5, k + 0.5) <= 0.05]
        assert stats.binom.cdf(max(allowed, default=-1), m, 1 - rate) < 0.8


def test_a_rate_at_its_bar_is_never_settled_and_a_settled_one_needs_nothing():
    assert settlement(90, 10, bar=0.9, rate=0.9) is None
    assert settlement(188, 12, bar=0.9) is None
    assert verdict(188, 12, bar=0.9) == "pass"


@settings(max_examples=25)
@given(st.integers(0, 60), st.integers(0, 20), st.integers(1, 120), st.integers(0, 10))
def test_the_chance_to_pass_is_beta_binomial(passed, failed, answers, failures):
    failures = min(failures, answers)
    expected = stats.betabinom(answers, failed + 0.5, passed + 0.5).cdf(failures)
    assert chance_to_pass(passed, failed, answers=answers, failures=failures) == pytest.approx(expected, abs=1e-9)


def test_evidence_carries_the_judges_errors_into_the_escalation():
    evidence = Evidence(request_type="triage", model="cheap", passed=188, failed=12, fnr=0.1, fpr=0.2)
    p = 188.5 / 201
    assert evidence.escalation.mean == pytest.approx(p * 0.1 + (1 - p) * 0.8)
    assert (evidence.answers, evidence.verdict) == (200, "pass")
