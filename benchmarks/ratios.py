"""What is fast, as ratios against a floor measured in the same run: `python benchmarks/ratios.py [--quick]`.

A floor is the least work that any implementation must do: drawing the random numbers and one exp, one sort, one scan of
the same columns, starting the interpreter. Rounds are interleaved and medians taken, so that a busy machine moves both.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # threads work on blocks of paths, not inside one product

import duckdb
import numpy as np

from planner.commit import commit_sample
from planner.contract import Contract, DiscountBand
from planner.demand import DemandModel, demand_process
from planner.distributions import (
    Distribution,
    Point,
    fraction_from_quantiles,
    positive_from_quantiles,
    rate_from_quantiles,
)
from planner.levers import Scenario
from planner.mix import prompt_edges
from planner.price_moves import PriceMoves
from planner.prices import PriceBook
from planner.scenario_costs import ScenarioCosts
from planner.settlement import term_use
from planner.simulation import PATHS_PER_BLOCK, SpendModel, SpendPaths, simulate_spend
from planner.unit_costs import AppliedLever, Copy, TypeCosts
from planner.units import TOKEN_COLUMNS
from planner.usage.read import UsageSource, read_usage

MONTHS, TYPES, SCENARIOS, ROUTED = 12, 20, 5, 4
BANDS = 10


@dataclass(frozen=True, kw_only=True)
class Ratio:
    """One line of the table: seconds of the floor and of the product's own work."""

    what: str
    floor: float
    own: float

    def __str__(self) -> str:
        return f"| {self.what} | {self.floor * 1000:,.1f} | {self.own * 1000:,.1f} | {self.own / self.floor:.2f} |"


def interleaved(floor: Callable[[], object], own: Callable[[], object], rounds: int) -> tuple[float, float]:
    """Median seconds of each, run in turns after one warm-up of both."""
    times: tuple[list[float], list[float]] = ([], [])
    for turn in range(rounds + 1):
        for seconds, work in zip(times, (floor, own), strict=True):
            start = time.perf_counter()
            work()
            if turn:
                seconds.append(time.perf_counter() - start)
    return statistics.median(times[0]), statistics.median(times[1])


def simulate(paths: int, threads: int, rounds: int) -> Ratio:
    """20 types x 12 months x 5 scenarios, 4 types routed in each, against normals + exp + sum of the same cells."""
    model = _model()

    def draw(block: int) -> float:
        cells = np.random.Generator(np.random.SFC64(block)).standard_normal((MONTHS, TYPES, PATHS_PER_BLOCK))
        np.exp(cells, out=cells)
        return float(cells.sum())

    def floor() -> None:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(draw, range(-(-paths // PATHS_PER_BLOCK))))

    seconds = interleaved(floor, lambda: simulate_spend(model, paths=paths, seed=1, threads=threads), rounds)
    return Ratio(
        what=f"simulate {paths:,} paths, {threads} thread(s) / normals + exp + sum", floor=seconds[0], own=seconds[1]
    )


def _model() -> SpendModel:
    names = tuple(f"type {k:02d}" for k in range(TYPES))
    demand = DemandModel(
        level_sd=0.1,
        growth_per_year=rate_from_quantiles(0.0, 1.56),
        growth_damping_per_month=0.98,
        monthly_volatility=0.06,
        common_share=0.5,
        monthly_noise=0.1,
        noise_ar1=0.3,
        leave_probability_per_quarter=0.05,
    )
    process = demand_process(
        demand,
        request_types=names,
        largest_type=names[0],
        growth_months=0.0,
        drift_months=0.0,
        start_month=1,
        n_months=MONTHS,
    )
    moves = PriceMoves(
        falls_per_year=0.7,
        fall=fraction_from_quantiles(0.1, 0.6),
        rises_per_year=0.2,
        rise=positive_from_quantiles(0.05, 0.3),
        lag_months=3,
    )
    return SpendModel(
        demand=process,
        requests=np.full(TYPES, 1e5),
        price_moves=moves,
        months_before_start=2,
        scenarios=tuple(_scenario(names, i) for i in range(SCENARIOS)),
    )


def _scenario(names: Sequence[str], index: int) -> ScenarioCosts:
    inputs: dict[str, Distribution] = {}
    types = []
    for k, name in enumerate(names):
        if index == 0 or k >= ROUTED:
            types.append(TypeCosts(request_type=name, copies=(_copy("opus", "unrouted", None, 0.01),)))
            continue
        key = f"route/{name}"
        inputs |= {f"{key}.start_month": Point(float(index)), f"{key}.ceiling": Point(1.0)}
        inputs |= {f"{key}.share": fraction_from_quantiles(0.8, 0.95)}
        inputs |= {f"{key}.escalation": fraction_from_quantiles(0.03, 0.09)}
        copies = (
            _copy("opus", "unrouted", 0, 0.01),
            _copy("haiku", "routed", 0, 0.001),
            _copy("opus", "escalated", 0, 0.01),
        )
        types.append(TypeCosts(request_type=name, copies=copies, routes=(AppliedLever(key=key, ramp_months=4.0),)))
    return ScenarioCosts(scenario=Scenario(name=f"scenario {index}"), types=tuple(types), inputs=inputs, economics=())


def _copy(tier: str, role: str, route: int | None, usd: float) -> Copy:
    return Copy(
        tier=tier,
        role=role,  # type: ignore[arg-type]
        route=route,
        traffic_share=1.0,
        batch_fraction=0.0,
        batch_multiplier=0.5,
        usd=np.array([usd, 0.0, 0.0, 0.0]),
    )


def size(paths: int, rounds: int) -> tuple[Ratio, Ratio]:
    """Exact sizing over ten bands against one sort of annual spend, and against a naive grid of 200 commitments."""
    annual = np.exp(np.random.default_rng(1).normal(14.0, 0.4, paths))
    monthly = np.tile(annual / MONTHS, (MONTHS, 1))
    bands = tuple(
        DiscountBand(min_commit_usd_per_year=200_000.0 * (k + 1), discount_fraction=0.03 * (k + 1))
        for k in range(BANDS)
    )
    contract = Contract(term_months=MONTHS, bands=bands)
    use = term_use(contract, SpendPaths(list_cost_usd=monthly, signing_list_cost_usd=monthly))
    spend = use.drawn_list_usd(contract.periods[0])

    def exact() -> float:
        return commit_sample(contract, use).best(max_shortfall_probability=0.1).expected_cost_usd

    def grid() -> float:
        costs = []
        for commit in np.linspace(0.0, spend.max(), 200):
            offer = contract.offer_at(float(commit))
            kept = 1.0 - offer.discount_fraction
            costs.append(float(np.mean(commit + np.maximum(spend - commit / kept, 0.0))))
        return min(costs)

    sort_s, exact_s = interleaved(lambda: np.sort(spend), exact, rounds)
    grid_s, again_s = interleaved(grid, exact, max(rounds // 2, 2))
    return (
        Ratio(what=f"exact sizing, {BANDS} bands, {paths:,} paths / one sort", floor=sort_s, own=exact_s),
        Ratio(what="exact sizing / naive grid of 200 commitments", floor=grid_s, own=again_s),
    )


def measure(rows: int, rounds: int) -> list[Ratio]:
    """The whole measurement against a raw DuckDB scan (sum or max of the same columns), per file kind."""
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for kind, path in _logs(Path(folder), rows):
            source = UsageSource(sources=(str(path),), base_dir=Path(folder))
            edges = prompt_edges(PriceBook.load())
            scan = {
                "parquet": f"read_parquet('{path}')",
                "csv": f"read_csv('{path}', all_varchar=true)",
                "jsonl.gz": f"read_json('{path}', columns={{{', '.join(f'{c}: VARCHAR' for c in _COLUMNS)}}})",
            }[kind]
            aggregates = ", ".join(
                f"sum({c}::DOUBLE)" if c in ("requests", *TOKEN_COLUMNS) else f"max({c})" for c in _COLUMNS
            )

            def floor(query: str = f"select {aggregates} from {scan}") -> object:
                with duckdb.connect() as connection:
                    return connection.execute(query).fetchall()

            def own(source: UsageSource = source, edges: tuple[int, ...] = edges) -> object:
                return read_usage(source, prompt_edges=edges)

            floor_s, own_s = interleaved(floor, own, rounds)
            found.append(Ratio(what=f"measure {rows:,} rows, {kind} / raw DuckDB scan", floor=floor_s, own=own_s))
    return found


_COLUMNS = ("timestamp", "request_type", "model", "requests", *TOKEN_COLUMNS)


def _logs(folder: Path, rows: int) -> list[tuple[str, Path]]:
    with duckdb.connect() as connection:
        connection.execute(
            f"""create table log as select
              strftime(timestamp '2026-06-01' + interval (i % 13000000) second, '%Y-%m-%dT%H:%M:%SZ') as timestamp,
              'type ' || (i % 20) as request_type, 'claude-opus-5' as model, 1 as requests,
              100 + (i * 7919) % 5000 as uncached_input_tokens, (i * 104729) % 90000 as cache_read_tokens,
              (i * 31) % 700 as cache_write_5m_tokens, 0 as cache_write_1h_tokens, 20 + i % 900 as output_tokens
            from range({rows}) as r(i)"""
        )
        parquet, plain, packed = folder / "log.parquet", folder / "log.csv", folder / "log.jsonl.gz"
        connection.execute(f"copy log to '{parquet}' (format parquet)")
        connection.execute(f"copy log to '{plain}' (format csv, header)")
        connection.execute(f"copy log to '{packed}' (format json, compression gzip)")
    return [("parquet", parquet), ("csv", plain), ("jsonl.gz", packed)]


def start_up(rounds: int) -> Ratio:
    """`planner --help` against importing everything that the product uses."""
    stack = "import numpy, scipy.optimize, pandas, streamlit, duckdb, ibis, altair, pydantic, xlsxwriter, genai_prices"

    def run(*arguments: str) -> None:
        subprocess.run([sys.executable, *arguments], check=True, capture_output=True)

    whole, own = interleaved(lambda: run("-c", stack), lambda: run("-m", "planner.cli", "--help"), rounds)
    return Ratio(what="`planner --help` / importing the whole stack", floor=whole, own=own)


def main() -> None:
    """Print the table, as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small sizes, to see that it runs")
    quick = parser.parse_args().quick
    paths, rows, rounds = (8_192, 20_000, 1) if quick else (100_000, 10_000_000, 5)
    print("| what | floor ms | own ms | ratio |\n|---|---|---|---|")
    for threads in (1, 2):
        print(simulate(paths, threads, rounds), flush=True)
    for ratio in size(paths, rounds):
        print(ratio, flush=True)
    print(start_up(max(rounds, 3)), flush=True)
    for ratio in measure(rows, rounds):
        print(ratio, flush=True)


if __name__ == "__main__":
    main()
