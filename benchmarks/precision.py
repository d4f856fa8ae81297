"""What steering buys in precision: `python benchmarks/precision.py [--quick]`.

Four figures of a spend: its 15 % quantile, which is the commitment to sign at a discount of 15 %; the probability of
falling short of it; expected cost with it; expected spend. Of each the root mean square error over many seeds, steered
against plain draws at equal paths, and how often the stated 95 % interval holds the truth; then how long the engine
takes to be as precise as 100,000 plain paths, against a plain loop over months that draws them. The truth is what two
million steered paths say; plain draws have to agree with it.
"""

import argparse
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from math import ceil, log, sqrt
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from base_case import DEMAND, STILL, base_case
from plain_loop import NumpyDraws, plain_loop
from ratios import interleaved
from scipy.special import stdtrit

from planner.distributions import rate_from_quantiles
from planner.plan_file.loader import load_plan
from planner.prepared import prepare
from planner.risk import Estimate, estimate, probability, quantile_interval
from planner.simulation import simulate_spend
from planner.simulation_block import SpendModel
from planner.streams import REPLICATES
from planner.units import FloatArray

EXAMPLE = Path(__file__).parent.parent / "data" / "plans" / "example.toml"
FIGURES = ("15 % quantile", "P(short)", "E[cost]", "E[spend]")
DISCOUNT = 0.15
PLAIN_PATHS = 100_000


@dataclass(frozen=True, kw_only=True)
class Case:
    """A spend to estimate: that of the term, the first `months` months of one scenario."""

    name: str
    model: SpendModel
    scenario: str
    months: int = 12

    def spend(self, paths: int, seed: int, *, steered: bool) -> FloatArray:
        """Spend of the term, (paths,)."""
        model = replace(
            self.model, scenarios=tuple(c for c in self.model.scenarios if c.scenario.name == self.scenario)
        )
        term = (0, self.months)
        every = simulate_spend(model, paths=paths, seed=seed, signing=False, steered=steered, stretches=[term])
        return every[self.scenario].list_cost_over(*term)


def cases() -> Iterator[Case]:
    """The base case, what differs from it in one assumption, and the bundled plan."""
    routed = "scenario 4"
    yield Case(name="base case", model=base_case(), scenario=routed)
    yield Case(name="36 months, total", model=base_case(months=36), scenario=routed, months=36)
    yield Case(name="one type", model=base_case(types=1), scenario=routed)
    wide = replace(DEMAND, growth_per_year=rate_from_quantiles(-0.5, 5.0))
    yield Case(name="wide growth", model=base_case(demand=wide), scenario=routed)
    yield Case(name="prices still", model=base_case(moves=STILL), scenario=routed)
    certain = replace(DEMAND, growth_per_year=rate_from_quantiles(0.5, 0.5), level_sd=0.02)
    yield Case(name="growth known", model=base_case(demand=certain), scenario=routed)
    model = prepare(load_plan(EXAMPLE)).spend_model
    for costs in model.scenarios:
        yield Case(name=f"example, {costs.scenario.name}", model=model, scenario=costs.scenario.name)


@dataclass(frozen=True, kw_only=True)
class Truth:
    """What the figures are: (4,), the first the quantile in USD, and the cost of committing to it."""

    quantile_usd: float
    figures: FloatArray

    def cost_usd(self, spend: FloatArray) -> FloatArray:
        """What is paid for a spend: the commitment, and at list what exceeds it."""
        return (1.0 - DISCOUNT) * self.quantile_usd + np.maximum(spend - self.quantile_usd, 0.0)

    def figures_of(self, spend: FloatArray) -> FloatArray:
        """The four figures as a sample says."""
        short = float((spend < self.quantile_usd).mean())
        return np.array([np.quantile(spend, DISCOUNT), short, self.cost_usd(spend).mean(), spend.mean()])

    def misses(self, spend: FloatArray) -> FloatArray:
        """(4,) in basis points: of the figure, and of one for the probability."""
        scale = np.where(np.arange(4) == 1, 1.0, self.figures)
        return (self.figures_of(spend) - self.figures) / scale * 1e4

    def held(self, spend: FloatArray) -> list[bool]:
        """Whether the 95 % interval of each figure holds the truth."""
        low, high = quantile_interval(spend, DISCOUNT)
        means = probability(spend < self.quantile_usd), estimate(self.cost_usd(spend)), estimate(spend)
        return [low <= self.quantile_usd <= high, *map(_holds, means, self.figures[1:])]


def _holds(found: Estimate, truth: float) -> bool:
    return abs(found.mean - truth) <= float(stdtrit(REPLICATES - 1, 0.975)) * found.se


def truth_of(case: Case, paths: int, runs: int) -> Truth:
    """From `runs` steered runs with seeds of their own."""
    spend = np.concatenate([case.spend(paths, seed, steered=True) for seed in range(10_001, 10_001 + runs)])
    quantile = float(np.quantile(spend, DISCOUNT))
    first = Truth(quantile_usd=quantile, figures=np.array([quantile, DISCOUNT, 1.0, 1.0]))
    return replace(first, figures=first.figures_of(spend))


@dataclass(frozen=True, kw_only=True)
class Precision:
    """Errors in basis points, (n_seeds, 4), and which intervals held the truth."""

    plain: FloatArray
    steered: FloatArray
    held: FloatArray

    @property
    def ratios(self) -> FloatArray:
        return _rms(self.steered) / _rms(self.plain)

    @property
    def plain_gap(self) -> float:
        """Largest distance of the plain draws' mean error from none, in its standard errors."""
        return float(np.abs(self.plain.mean(axis=0) / self.plain.std(axis=0, ddof=1)).max() * sqrt(len(self.plain)))


def _rms(errors: FloatArray) -> FloatArray:
    return np.sqrt((errors**2).mean(axis=0))


def precision(case: Case, truth: Truth, paths: int, seeds: int) -> Precision:
    """Both kinds of draws over the same seeds."""
    plain, steered, held = [], [], []
    for seed in range(1, seeds + 1):
        plain.append(truth.misses(case.spend(paths, seed, steered=False)))
        spend = case.spend(paths, seed, steered=True)
        steered.append(truth.misses(spend))
        held.append(truth.held(spend))
    return Precision(plain=np.array(plain), steered=np.array(steered), held=np.array(held, dtype=float))


def line(case: Case, found: Precision) -> str:
    """One row of the table."""
    plain, steered, held = _rms(found.plain), _rms(found.steered), found.held.mean(axis=0)
    cells = [f"{p:.1f} / {s:.1f} = {s / p:.2f}" for p, s in zip(plain, steered, strict=True)]
    return f"| {case.name} | {' | '.join(cells)} | {' '.join(f'{h:.2f}' for h in held)} | {found.plain_gap:.1f} |"


def time_to_precision(case: Case, truth: Truth, found: Precision, *, paths: int, seeds: int, rounds: int) -> str:
    """Steered paths as precise as PLAIN_PATHS plain ones in quantile and P(short), and the time of both on one thread.

    Errors fall as a power of the paths, read from `paths` and four times as many: 0.5 for independent ones, and more
    for steered ones.
    """
    few, aim = _rms(found.steered)[:2], _rms(found.plain)[:2] * sqrt(paths / PLAIN_PATHS)
    more = _rms(np.array([truth.misses(case.spend(4 * paths, s, steered=True)) for s in range(1, seeds + 1)]))[:2]
    power = np.clip(np.log(few / more) / log(4.0), 0.5, 1.5)
    needed = ceil(float((paths * (few / aim) ** (1.0 / power)).max()))
    plain_s, lean_s, own_s = interleaved(
        partial(_loop, lean=False),
        partial(_loop, lean=True),
        lambda: simulate_spend(case.model, paths=needed, seed=1, signing=False, threads=1),
        rounds=rounds,
    )
    return (
        f"As precise as {PLAIN_PATHS:,} plain paths: {needed:,} steered ones (errors fall with the power "
        f"{power[0]:.2f} and {power[1]:.2f} of the paths). {own_s * 1000:,.0f} ms on one thread, against "
        f"{plain_s * 1000:,.0f} ms of the plain month loop ({own_s / plain_s:.3f}) and "
        f"{lean_s * 1000:,.0f} ms of the one that skips unrouted types ({own_s / lean_s:.3f})."
    )


def _loop(lean: bool) -> None:
    draws = NumpyDraws(generator=np.random.Generator(np.random.SFC64(1)), n_paths=PLAIN_PATHS)
    plain_loop(draws, PLAIN_PATHS, lean=lean)


def main() -> None:
    """Print the table, as Markdown, and the time to precision of the base case."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few seeds, to see that it runs")
    quick = parser.parse_args().quick
    paths, seeds, runs, rounds = (1024, 3, 1, 1) if quick else (8192, 64, 16, 5)
    print(f"{paths:,} paths, {seeds} seeds; error of plain / of steered draws in basis points = ratio")
    print(f"| case | {' | '.join(FIGURES)} | 95 % intervals that hold | plain draws off by (se) |")
    print(f"|---|{'---|' * len(FIGURES)}---|---|")
    for index, case in enumerate(cases()):
        truth = truth_of(case, 16 * paths, runs)
        found = precision(case, truth, paths, seeds)
        print(line(case, found), flush=True)
        if index == 0:
            base = case, truth, found
    print()
    print(time_to_precision(*base, paths=paths, seeds=seeds, rounds=rounds))


if __name__ == "__main__":
    main()
