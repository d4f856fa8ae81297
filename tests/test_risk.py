"""Risk measures against slow definitions and against what they promise."""

import statistics
from decimal import Decimal

import numpy as np
import pytest
import reference
from hypothesis import given
from hypothesis import strategies as st

from planner.risk import cvar, estimate, probability, quantile_interval, quantiles

LOSSES = st.lists(st.integers(-10_000, 10_000), min_size=1, max_size=60)
LEVELS = st.integers(0, 99).map(lambda percent: Decimal(percent) / 100)


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=50))
def test_an_estimate_is_the_mean_and_its_standard_error(sample):
    found = estimate(np.array(sample))
    assert found.mean == pytest.approx(statistics.fmean(sample), abs=1e-6)
    assert found.se == pytest.approx(statistics.stdev(sample) / len(sample) ** 0.5, abs=1e-6)


def test_a_share_has_the_standard_error_of_a_binomial():
    found = probability(30, 100)
    assert (found.mean, found.se) == (0.3, pytest.approx((0.3 * 0.7 / 100) ** 0.5))
    assert probability(0, 100).se == 0


@given(LOSSES, LEVELS)
def test_cvar_is_the_mean_of_the_worst_share(losses, level):
    slow = reference.mean_of_worst([Decimal(loss) for loss in losses], level)
    assert cvar(np.array(losses, dtype=float), float(level)) == pytest.approx(float(slow), abs=1e-6)


@given(LOSSES, LEVELS, st.integers(-500, 500), st.integers(1, 9))
def test_cvar_moves_and_scales_with_the_losses_and_rises_with_the_level(losses, level, moved, scale):
    sample, alpha = np.array(losses, dtype=float), float(level)
    assert cvar(sample * scale + moved, alpha) == pytest.approx(cvar(sample, alpha) * scale + moved, abs=1e-6)
    assert cvar(sample, alpha) >= cvar(sample, alpha / 2) - 1e-9
    assert sample.mean() - 1e-9 <= cvar(sample, alpha) <= sample.max() + 1e-9


def test_cvar_at_level_nothing_is_the_mean():
    assert cvar(np.array([1.0, 2.0, 6.0]), 0.0) == pytest.approx(3.0)


def test_quantiles_of_a_known_sample():
    assert quantiles(np.arange(101.0), (0.05, 0.5, 0.9)) == pytest.approx([5, 50, 90])
    assert quantiles(np.arange(202.0).reshape(2, 101), (0.5,)).shape == (1, 2)


def test_the_interval_of_a_quantile_covers_it_as_often_as_it_says():
    rng = np.random.default_rng(20261123)
    trials = 4000
    samples = np.sort(rng.random((trials, 500)), axis=1)
    covered = sum(low <= 0.1 <= high for low, high in (quantile_interval(sample, 0.1) for sample in samples))
    share, se = covered / trials, (0.95 * 0.05 / trials) ** 0.5
    assert share > 0.95 - 3 * se
    assert share < 0.985


def test_the_interval_of_a_quantile_stays_inside_the_sample():
    sample = np.arange(5.0)
    assert quantile_interval(sample, 0.0) == (0.0, 0.0)
    assert quantile_interval(sample, 1.0) == (4.0, 4.0)
