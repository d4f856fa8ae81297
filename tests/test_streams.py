"""Random streams: evenly spread inside sixteen independent randomisations, and as random as plain draws on average."""

import numpy as np
import pytest
from scipy import stats

from planner.risk import estimate
from planner.streams import PATHS_PER_BLOCK, REPLICATES, BlockStreams

LATTICE = "largest leaves"  # shares the lattice
ALONE = "route/chat/any/light.share"  # stratified by itself
LEVERAGE = {"level": 0.1, "growth": 0.2, "walk and noise": 0.1}


def block(seed: int = 1, number: int = 0, size: int = PATHS_PER_BLOCK, **changed) -> BlockStreams:
    return BlockStreams(seed=seed, block=number, size=size, **changed)


@pytest.mark.parametrize("driver", [LATTICE, ALONE])
def test_every_randomisation_is_spread_evenly(driver):
    """Of 512 paths of a randomisation, every sixteenth of (0, 1) has 32, to within the two that an edge can move."""
    score = block().score(driver)
    for first in range(REPLICATES):
        counts = np.histogram(score[first::REPLICATES], bins=16, range=(0, 1))[0]
        assert np.abs(counts - 32).max() <= 2


@pytest.mark.parametrize("size", [1, 7, 16, 100, 5000])
@pytest.mark.parametrize("driver", [LATTICE, ALONE, "level"])
def test_each_path_alone_is_a_plain_uniform_draw(driver, size):
    """Over seeds, the score of any one path is uniform: spreading leaves every expectation as it is."""
    scores = np.array([block(seed, size=size, leverage=LEVERAGE).score(driver) for seed in range(300)])
    assert ((scores > 0) & (scores < 1)).all()
    for path in {0, size // 2, size - 1}:
        assert stats.kstest(scores[:, path], "uniform").pvalue > 1e-4


@pytest.mark.parametrize("driver", [LATTICE, ALONE])
def test_randomisations_are_independent_of_one_another(driver):
    means = np.array([block(seed, size=64).score(driver).reshape(-1, REPLICATES)[0] for seed in range(800)])
    off = np.corrcoef(means.T)[np.triu_indices(REPLICATES, 1)]
    assert np.abs(off).max() < 5 / np.sqrt(800)


def test_two_drivers_are_independent():
    for one, other in ((LATTICE, ALONE), (LATTICE, "price moves, opus"), (ALONE, "cache/chat.hit_rate")):
        streams = block()
        r = np.corrcoef(streams.score(one), streams.score(other))[0, 1]
        assert abs(r) < 4 / np.sqrt(PATHS_PER_BLOCK)


def test_the_lattice_goes_on_from_block_to_block():
    """Two blocks together are spread as evenly as one, on a grid twice as fine."""
    both = np.concatenate([block(number=number).score(LATTICE) for number in (0, 1)])
    counts = np.histogram(both[::REPLICATES], bins=256, range=(0, 1))[0]
    assert np.abs(counts - 4).max() <= 2


def test_a_mean_is_sharper_than_that_of_plain_draws_and_its_error_is_honest():
    """Fifty seeds: squared misses of the mean of exp(z / 3) against its mean exp(1 / 18), relative to s^2 / n of plain
    draws; and the squared error that each run reports is right on average."""
    mean, variance = np.exp(1 / 18), (np.exp(1 / 9) - 1) * np.exp(1 / 9)
    for steered, most in ((True, 0.01), (False, 1.8)):
        runs = [estimate(np.exp(block(seed, is_steered=steered).normal(LATTICE) / 3)) for seed in range(50)]
        squares = np.array([(run.mean - mean) ** 2 for run in runs])
        assert squares.mean() < most * variance / PATHS_PER_BLOCK
        reported = np.mean([run.se**2 for run in runs])
        assert 0.5 < squares.mean() / reported < 2.0


def test_drivers_with_leverage_stay_independent_standard_normals():
    """Rotating one direction onto the lattice changes no distribution: covariance is the identity, over seeds."""
    drawn = []
    for seed in range(40):
        streams = block(seed, size=2048, leverage=LEVERAGE)
        drawn.append([streams.normal(name) for name in LEVERAGE])
    z = np.concatenate(drawn, axis=1)
    error = 1 / np.sqrt(z.shape[1])
    assert np.abs(z.mean(axis=1)).max() < 4 * error
    assert np.abs(np.cov(z) - np.eye(len(LEVERAGE))).max() < 5 * error


def test_the_direction_of_leverage_is_spread_most_evenly():
    streams = block(leverage=LEVERAGE)
    weights = np.array(list(LEVERAGE.values()))
    y = weights @ [streams.normal(name) for name in LEVERAGE] / np.linalg.norm(weights)
    for first in range(REPLICATES):
        counts = np.histogram(stats.norm.cdf(y[first::REPLICATES]), bins=64, range=(0, 1))[0]
        assert np.abs(counts - 8).max() <= 2


def test_without_leverage_nothing_is_rotated():
    calm = block(leverage={"level": 0.0, "growth": 0.0})
    np.testing.assert_allclose(calm.normal("level"), block().normal("level"))


def test_a_driver_is_drawn_once_and_arrays_are_plain():
    streams = block()
    assert streams.score(ALONE) is streams.score(ALONE)
    wide = streams.normal("own", 3)
    assert wide.shape == (3, PATHS_PER_BLOCK)
    assert "own" not in streams.scores
