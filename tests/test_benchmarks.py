"""The benchmarks run, and what they compare is the same model. What they measure is read by people; no test depends on
a clock."""

import subprocess
import sys
from dataclasses import dataclass, field, replace
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from planner.demand import leave_hazard
from planner.distributions import Distribution
from planner.price_moves import price_factors
from planner.risk import estimate
from planner.simulation import simulate_spend
from planner.simulation_block import SpendModel
from planner.streams import BlockStreams
from planner.units import FloatArray

ROOT = Path(__file__).parent.parent
SEED = 5


def output_of(script: str, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, str(ROOT / "benchmarks" / script), *arguments],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def printed(script: str, *arguments: str) -> list[list[str]]:
    """Cells of the rows of the table that a benchmark prints, without its head."""
    rows = [line for line in output_of(script, *arguments).splitlines() if line.startswith("| ")][1:]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


def test_every_ratio_is_printed_at_small_size() -> None:
    rows = printed("ratios.py", "--quick")
    measured = [row for row in rows if "not installed" not in row[0]]
    assert len(measured) == (24 if find_spec("squigglepy") else 22)
    assert all(float(row[3]) > 0 for row in measured)


def test_precision_is_printed_at_small_size() -> None:
    rows = printed("precision.py", "--quick")
    assert len(rows) == 9
    for row in rows:
        assert len(row) == 7
        assert all(float(cell.split("=")[1]) > 0 for cell in row[1:5])
        assert all(0 <= float(held) <= 1 for held in row[5].split())


def test_peak_memory_grows_by_a_year_and_not_by_its_months() -> None:
    """Of many paths the months are not kept: five scenarios, twelve months, eight bytes for each path would be more."""
    few, many = (int(output_of("memory.py", "--case", "base", "--paths", str(paths))) for paths in (100_000, 250_000))
    months_bytes = 5 * 12 * 8 * 150_000
    assert many - few < months_bytes / 2


@pytest.fixture
def plain_loop(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    return import_module("plain_loop")


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> SpendModel:
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    return import_module("base_case").base_case()


@dataclass
class EngineDraws:
    """The engine's own draws of its first block, handed to the plain loop as it asks for them."""

    model: SpendModel
    streams: BlockStreams
    own: FloatArray = field(init=False)
    common: FloatArray = field(init=False)
    log_prices: dict[str, FloatArray] = field(init=False)
    asked: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        model, n_months = self.model, self.model.demand.n_months
        n_types = len(model.demand.request_types)
        self.own = self.streams.normal("own walk and noise, year 1", n_types, n_months)
        self.common = self.streams.normal("common walk and noise", n_months)
        self.log_prices = {
            tier: np.log(
                price_factors(
                    model.price_moves,
                    tier=tier,
                    months_before_start=model.months_before_start,
                    n_months=n_months,
                    streams=self.streams,
                )
            )
            for tier in ("opus", "haiku")
        }

    def normals(self, name: str, month: int, *shape: int) -> FloatArray:
        if name == "own":
            return self.own[:, month]
        return self.common[month] if name == "common" else self.streams.normal(name)

    def values(self, name: str, distribution: Distribution) -> FloatArray:
        return distribution.from_normal(self.streams.normal(name))

    def gone_from(self, hazard: float) -> FloatArray:
        assert hazard == leave_hazard(self.model.demand.model.leave_probability_per_quarter)
        return np.maximum(np.ceil(np.log(self.streams.score("largest leaves")) / np.log1p(-hazard)), 1.0)

    def log_moves(self, tier: str, months: int) -> FloatArray:
        month = self.asked.get(tier, 0)
        self.asked[tier] = month + 1
        now = self.log_prices[tier][month]
        return now - self.log_prices[tier][month - 1] if month else now


@pytest.mark.parametrize("lean", [False, True])
def test_engine_and_plain_loop_agree_on_the_same_draws(plain_loop: ModuleType, model: SpendModel, lean: bool) -> None:
    """To the last digits: demand, routes, ramps, prices and the leaving type, in every scenario, month and path.

    Steering replaces a direction of the draws, which no plain loop does: it is left out here.
    """
    unsteered = replace(model, demand=replace(model.demand, steering=None))
    n_paths = 2_000
    found = simulate_spend(unsteered, paths=n_paths, seed=SEED, signing=False, steered=False)
    streams = BlockStreams(seed=SEED, block=0, size=n_paths, is_steered=False)
    spend = plain_loop.plain_loop(EngineDraws(unsteered, streams), n_paths, lean=lean)
    assert len(found) == len(spend) == 5
    for engine, plain in zip(found.values(), spend, strict=True):
        np.testing.assert_allclose(engine.list_cost_usd, plain, rtol=1e-11)


def test_engine_and_plain_loop_have_the_same_law_on_their_own_draws(plain_loop: ModuleType, model: SpendModel) -> None:
    """Mean and mean square of every month's spend, to five standard errors of the plain loop."""
    n_paths = 40_000
    draws = plain_loop.NumpyDraws(generator=np.random.default_rng(SEED), n_paths=n_paths)
    spend = plain_loop.plain_loop(draws, n_paths, lean=True)
    found = simulate_spend(model, paths=n_paths, seed=SEED, signing=False)
    for engine, plain in zip(found.values(), spend, strict=True):
        for month in range(12):
            for power in (1, 2):
                one, other = estimate(engine.list_cost_usd[month] ** power), estimate(plain[month] ** power)
                independent = float((plain[month] ** power).std()) / np.sqrt(n_paths)
                assert abs(one.mean - other.mean) < 5 * np.hypot(one.se, independent), (month, power)
