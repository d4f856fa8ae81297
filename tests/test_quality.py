"""Evidence against scipy's own distributions and against counting every outcome."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from planner.evidence.quality import (
    Evidence,
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
    if passed and below <= 1 - confidence:
        return "pass"
    return "fail" if failed and below > confidence else "undecided"


@given(COUNTS, COUNTS, st.sampled_from([0.8, 0.9, 0.95, 0.99]))
def test_the_bounds_are_the_quantiles_of_the_posterior(passed, failed, confidence):
    posterior = stats.beta(passed + 0.5, failed + 0.5)
    low, high = posterior.ppf(1 - confidence), posterior.ppf(confidence)
    assert lower_bound(passed, failed, confidence=confidence) == pytest.approx(low, abs=1e-9)
    assert upper_bound(passed, failed, confidence=confidence) == pytest.approx(high, abs=1e-9)
    assert 0.0 < low < high < 1.0, "also where nothing passed or failed: nothing is put in the place of the quantile"


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


def slow_odds(passed: int, failed: int, answers: int, bar: float) -> tuple[float, float]:
    """(chance to pass, chance to fail) of further answers: every count of failures, one by one."""
    passes = fails = 0.0
    for k in range(answers + 1):
        found = slow_verdict(passed + answers - k, failed + k, bar)
        if passed + failed:
            odds = stats.betabinom(answers, failed + 0.5, passed + 0.5).pmf(k)
        else:
            odds = stats.binom(answers, (1 - bar) / 2).pmf(k)
        passes += odds * (found == "pass")
        fails += odds * (found == "fail")
    return passes, fails


@settings(max_examples=12)
@given(st.integers(0, 30), st.integers(0, 4), st.sampled_from([0.7, 0.8, 0.9]), st.sampled_from([0.5, 0.8]))
def test_settling_is_what_trying_every_count_finds(passed, failed, bar, chance):
    found = settlement(passed, failed, bar=bar, chance=chance)
    if slow_verdict(passed, failed, bar) != "undecided":
        assert found is None
        return
    assert found is not None
    last = min(found.answers, 40)
    for n in range(max(last - 6, 1), last):
        passes, fails = slow_odds(passed, failed, n, bar)
        assert passes + fails < chance + 1e-9 or passes == 0
    if found.answers == last:
        passes, fails = slow_odds(passed, failed, last, bar)
        assert (found.chance_to_pass, found.chance) == pytest.approx((passes, passes + fails), abs=1e-9)
        assert found.chance >= chance
        assert slow_verdict(passed + last - found.failures, failed + found.failures, bar) == "pass"
        assert found.fails_from > last or (
            slow_verdict(passed + last - found.fails_from, failed + found.fails_from, bar) == "fail"
        )


@pytest.mark.parametrize(("passed", "failed"), [(1, 0), (5, 0), (4, 1), (27, 3), (47, 3)])
def test_a_sample_settles_as_often_as_it_says_where_the_rate_is_as_uncertain_as_its_counts(passed, failed):
    """By simulation: a rate from the posterior, a sample at that rate, the verdict on all answers together."""
    found = settlement(passed, failed, bar=0.9, chance=0.8)
    draws = np.random.default_rng(7)
    rates = draws.beta(passed + 0.5, failed + 0.5, 20_000)
    failures = draws.binomial(found.answers, 1 - rates)
    below = stats.beta.cdf(0.9, passed + found.answers - failures + 0.5, failed + failures + 0.5)
    settled, passes = (below <= 0.05) | (below > 0.95), below <= 0.05
    error = 4 * np.sqrt(0.25 / len(rates))
    assert settled.mean() == pytest.approx(found.chance, abs=error)
    assert settled.mean() >= 0.8 - error
    assert passes.mean() == pytest.approx(found.chance_to_pass, abs=error)


def test_few_answers_promise_little():
    """At the observed rate as if it were known, 1 of 1 would need 17 more, and 27 of 30 none could settle."""
    wanted = {counts: settlement(*counts, bar=0.9, chance=0.8) for counts in [(0, 0), (1, 0), (5, 0), (27, 3)]}
    assert {counts: found.answers for counts, found in wanted.items()} == {
        (0, 0): 160,
        (1, 0): 82,
        (5, 0): 155,
        (27, 3): 1400,
    }
    strict = settlement(1, 0, bar=0.99, chance=0.8)  # failing would be settled by fewer, but those could not pass
    assert (strict.failures, strict.chance_to_pass > 0) == (0, True)
    assert wanted[1, 0].chance_to_pass < 0.5 < wanted[5, 0].chance_to_pass < 0.7


def test_where_nothing_is_graded_half_the_failures_that_the_bar_allows_are_supposed():
    sure = settlement(0, 0, bar=0.9, chance=0.8)
    assert hopeful_rate(0.9) == pytest.approx(0.95)
    assert (sure.answers, sure.failures) == (160, 10)
    assert sure.chance == pytest.approx(stats.binom(160, 0.05).cdf(10) + stats.binom(160, 0.05).sf(sure.fails_from - 1))
    for m in (120, 130, 140, 150, 155, 157, 158, 159):
        assert sum(slow_odds(0, 0, m, 0.9)) < 0.8


def test_only_a_rate_known_to_lie_at_its_bar_is_too_close_and_a_settled_one_needs_nothing():
    assert settlement(90, 10, bar=0.9, chance=0.8).answers == 4300
    assert settlement(9_000, 1_000, bar=0.9, chance=0.8) is None
    assert settlement(188, 12, bar=0.9, chance=0.8) is None
    assert verdict(188, 12, bar=0.9) == "pass"


def test_evidence_carries_the_judges_errors_into_the_escalation():
    evidence = Evidence(request_type="triage", model="cheap", passed=188, failed=12, fnr=0.1, fpr=0.2)
    p = 188.5 / 201
    assert evidence.escalation.mean == pytest.approx(p * 0.1 + (1 - p) * 0.8)
    assert (evidence.answers, evidence.verdict) == (200, "pass")


@pytest.mark.parametrize("bar", [0.5, 0.9, 0.995, 0.9999])
def test_no_bar_is_missed_without_a_failure_and_none_is_held_without_a_pass(bar):
    assert verdict(0, 0, bar=bar) == verdict(1, 0, bar=bar) == "undecided"
    assert verdict(0, 40, bar=bar) == "fail"
    assert upper_bound(1, 0) < 0.9999, "the bound alone would miss a bar that no answer missed"
    assert settlement(0, 0, bar=bar, chance=0.8) is None or settlement(0, 0, bar=bar, chance=0.8).answers > 0
    assert settlement(0, 0, bar=0.995, chance=0.8) is not None, "a high bar can be graded for"
