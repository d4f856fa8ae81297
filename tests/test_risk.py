"""Risk measures against slow definitions and against what they promise."""

import statistics
from decimal import Decimal

import numpy as np
import pytest
import reference
from hypothesis import given
from hypothesis import strategies as st

from planner.risk import cvar, estimate, probability, quantile_interval, quantiles, replicates

LOSSES = st.lists(st.integers(-10_000, 10_000), min_size=1, max_size=60)
LEVELS = st.integers(0, 99).map(lambda percent: Decimal(percent) / 100)


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=90))
def test_the_error_of_a_mean_is_the_scatter_of_the_sixteen_randomisations(sample):
    """Path j belongs to randomisation j mod 16; the slow formula, with every randomisation weighted by its paths."""
    found, n = estimate(np.array(sample)), len(sample)
    mean = statistics.fmean(sample)
    assert found.mean == pytest.approx(mean, abs=1e-6)
    parts = [sample[r::16] for r in range(min(16, n))]
    if n == 1:
        assert np.isnan(found.se)
        return
    scatter = sum((len(part) / n) ** 2 * (statistics.fmean(part) - mean) ** 2 for part in parts)
    assert found.se == pytest.approx((len(parts) / (len(parts) - 1) * scatter) ** 0.5, abs=1e-6)
    assert sorted(value for part in replicates(np.array(sample)) for value in part) == sorted(sample)


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=16))
def test_one_path_per_randomisation_has_the_standard_error_of_independent_paths(sample):
    assert estimate(np.array(sample)).se == pytest.approx(statistics.stdev(sample) / len(sample) ** 0.5, abs=1e-6)


def test_the_error_of_independent_paths_is_right_on_average():
    """For plain draws the squared error is unbiased: its mean over trials is s^2 / n."""
    rng = np.random.default_rng(5)
    squares = np.array([estimate(rng.random(256)).se ** 2 for _ in range(4000)])
    expected = 1 / 12 / 256
    assert abs(squares.mean() - expected) <= 4 * squares.std() / len(squares) ** 0.5


def test_a_share_is_the_mean_of_what_happens():
    happens = np.arange(1000) % 10 == 0
    assert probability(happens) == estimate(happens.astype(float))
    assert probability(np.zeros(100, dtype=bool)).se == 0
    assert np.isnan(probability(np.array([True])).se)


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


@pytest.mark.parametrize("paths", [100, 512, 4096])
def test_the_interval_of_a_quantile_covers_it_as_often_as_it_says(paths):
    """By ranks below 128 paths, by randomisations above; the latter of plain draws here, which is the hardest case."""
    rng = np.random.default_rng(20261123)
    trials = 2000
    covered = sum(
        low <= 0.1 <= high for low, high in (quantile_interval(rng.random(paths), 0.1) for _ in range(trials))
    )
    share, se = covered / trials, (0.95 * 0.05 / trials) ** 0.5
    assert share > 0.95 - 4 * se
    assert share < 0.99


def test_the_interval_of_a_quantile_stays_inside_the_sample():
    sample = np.arange(5.0)
    assert quantile_interval(sample, 0.0) == (0.0, 0.0)
    assert quantile_interval(sample, 1.0) == (4.0, 4.0)
