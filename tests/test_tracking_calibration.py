"""Simulated contracts with known truth: the chance of a shortfall is what happens, and says so early and sharply.

Contracts are paths of the plan of benchmarks/tracking_reliability.py under another seed, with an event, a type that may
leave, a route that is taken up as it likes, drifting tokens and prices that move. docs/calibration.md has more of them.
"""

import sys
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from planner.tracking.forecasting.forecast import straight_line_shortfall_usd
from planner.units import FloatArray

CONTRACTS, PATHS = 300, 512
LOOKS = (3, 6)
LEAST_P = 0.001


@pytest.fixture(scope="module")
def benchmark() -> ModuleType:
    folder = str(Path(__file__).parent.parent / "benchmarks")
    sys.path.insert(0, folder)
    try:
        return import_module("tracking_reliability")
    finally:
        sys.path.remove(folder)


@pytest.fixture(scope="module")
def found(benchmark: ModuleType):
    """300 contracts, each after 3 and 6 of its twelve months."""
    return benchmark.look(CONTRACTS, PATHS, LOOKS)


def least(difference: FloatArray) -> float:
    """A mean over contracts less twice its own standard error."""
    return float(difference.mean() - 2 * difference.std(ddof=1) / np.sqrt(difference.size))


def test_chances_are_those_of_what_happens(found) -> None:
    for look in range(len(LOOKS)):
        assert found.reliability_p(look) > LEAST_P


def test_chances_that_claim_to_know_more_or_less_are_found_out(found) -> None:
    """The same test, on the same contracts: chances pulled towards certainty or towards a half, a straight line."""
    chance = np.clip(found.chance, 1e-3, 1 - 1e-3)
    odds = np.log(chance / (1 - chance))
    for wrong in (1 / (1 + np.exp(-4 * odds)), 1 / (1 + np.exp(-odds / 4)), found.line[:, [2, 5]].astype(np.float64)):
        assert replace(found, chance=wrong).reliability_p(1) < LEAST_P


def test_the_mean_chance_of_every_look_is_the_share_that_falls_short(found) -> None:
    for look in range(len(LOOKS)):
        chance = found.chance[:, look]
        assert abs(chance.sum() - found.happened.sum()) <= 3.5 * np.sqrt((chance * (1 - chance)).sum())


def test_it_is_sharper_than_the_plan_as_signed_and_than_a_straight_line(found) -> None:
    for look in range(len(LOOKS)):
        forecast, plan, line = found.brier(look)
        assert least(plan - forecast) > 0
        assert least(line - forecast) > 0


def test_it_is_earlier_than_a_straight_line(found) -> None:
    """After three months it knows more than a straight line does after four."""
    forecast, _, _ = found.brier(0)
    assert least((found.line[:, 3] ^ found.happened) - forecast) > 0


def test_the_straight_line_of_all_contracts_is_that_of_a_forecast(found, benchmark: ModuleType) -> None:
    signed = benchmark.signed_at_the_median(PATHS)
    truth = benchmark.contracts_of(signed, CONTRACTS)
    volume = np.ones((benchmark.MONTHS, CONTRACTS))
    for path in range(4):
        months = benchmark.months_of(truth, volume, path)
        assert (straight_line_shortfall_usd(signed, months[:5]) > 0) == found.line[path, 4]
