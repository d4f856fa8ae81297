"""What is fast, as ratios against a floor measured in the same run: `python benchmarks/ratios.py [--quick]`.

A floor is the least work that any implementation must do (drawing the random numbers and one exp, one sort, one scan of
the same columns, starting the interpreter), or another way to the same answer. Rounds are interleaved and medians
taken, so that a busy machine moves both.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from importlib.util import find_spec
from io import BytesIO
from itertools import count
from math import inf
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # threads work on blocks of paths, not inside one product

import duckdb
import numpy as np
import openpyxl
from base_case import MONTHS, SCENARIOS, SHARE, TYPES, base_case
from logs import LOG_COLUMNS, write_log
from plain_loop import NumpyDraws, SquiggleDraws, function_of_one_path, plain_loop
from xlsxwriter import Workbook

from planner.bands import DiscountBand
from planner.clauses import Rollover
from planner.commit import commit_sample
from planner.contract import Contract
from planner.dossier import Dossier
from planner.drivers import Drivers, drivers
from planner.mix import prompt_edges
from planner.plan import build_plan
from planner.plan_drivers import plan_drivers
from planner.plan_file.loader import load_plan
from planner.prices import PriceBook
from planner.settlement import settle
from planner.simulation import KeptPaths, SpendPaths, simulate_spend
from planner.simulation_block import SpendModel
from planner.term_use import term_use
from planner.units import HALF_CENT_USD, TOKEN_COLUMNS
from planner.usage.read import UsageSource, read_usage
from planner.waterfall import coalition_spend
from planner.workbook.book import workbook_bytes

EXAMPLE = Path(__file__).parent.parent / "data" / "plans" / "example.toml"
FLOOR_BLOCK = 4096  # the floor's own best, whatever the engine's
BANDS = 10
PATHS_ONE_BY_ONE = 20


@dataclass(frozen=True, kw_only=True)
class Ratio:
    """One line of the table: seconds of the floor and of the product's own work."""

    what: str
    floor: float
    own: float

    def __str__(self) -> str:
        return f"| {self.what} | {self.floor * 1000:,.1f} | {self.own * 1000:,.1f} | {self.own / self.floor:.3f} |"


def interleaved(*works: Callable[[], object], rounds: int) -> list[float]:
    """Median seconds of each, run in turns after one warm-up of all; of a single round there is none."""
    times: list[list[float]] = [[] for _ in works]
    warm_ups = int(rounds > 1)
    for turn in range(rounds + warm_ups):
        for seconds, work in zip(times, works, strict=True):
            start = time.perf_counter()
            work()
            if turn >= warm_ups:
                seconds.append(time.perf_counter() - start)
    return [statistics.median(seconds) for seconds in times]


def simulated(
    model: SpendModel, paths: int, *, threads: int | None = None, kept: KeptPaths | None = None
) -> SpendPaths:
    """The last scenario, as a plan asks for it: at each month's list."""
    every = simulate_spend(model, paths=paths, seed=1, signing=False, threads=threads, kept=kept)
    return every[f"scenario {SCENARIOS - 1}"]


def simulate(paths: int, threads: int, rounds: int) -> Ratio:
    """20 types x 12 months x 5 scenarios, 4 types routed in each, against normals + exp + sum of the same cells."""
    model, sizes = base_case(), [FLOOR_BLOCK] * (paths // FLOOR_BLOCK) + [paths % FLOOR_BLOCK]

    def draw(block: int) -> float:
        cells = np.random.Generator(np.random.SFC64(block)).standard_normal((MONTHS, TYPES, sizes[block]))
        np.exp(cells, out=cells)
        return float(cells.sum())

    def floor() -> None:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(draw, range(len(sizes))))

    floor_s, own_s = interleaved(floor, lambda: simulated(model, paths, threads=threads), rounds=rounds)
    return Ratio(what=f"simulate {paths:,} paths, {threads} thread(s) / normals + exp + sum", floor=floor_s, own=own_s)


def other_ways(paths: int, rounds: int) -> Iterator[Ratio]:
    """The engine on one thread against a plain loop over months, and a leaner one that knows which types are routed."""
    model = base_case()

    def plain(lean: bool) -> object:
        draws = NumpyDraws(generator=np.random.Generator(np.random.SFC64(1)), n_paths=paths)
        return plain_loop(draws, paths, lean=lean)

    plain_s, lean_s, own_s = interleaved(
        lambda: plain(False), lambda: plain(True), lambda: simulated(model, paths, threads=1), rounds=rounds
    )
    yield Ratio(what=f"simulate {paths:,} paths, 1 thread / plain month loop", floor=plain_s, own=own_s)
    yield Ratio(what="the same / month loop that skips unrouted types", floor=lean_s, own=own_s)


def squigglepy(paths: int, rounds: int) -> Iterator[Ratio]:
    """The engine on one thread against the same model on squigglepy's distributions."""
    model, few = base_case(), PATHS_ONE_BY_ONE
    arrays_s, single_s, own_s = interleaved(
        lambda: plain_loop(SquiggleDraws(n_paths=paths), paths, lean=False),
        lambda: function_of_one_path(few),
        lambda: simulated(model, paths, threads=1),
        rounds=rounds,
    )
    yield Ratio(what=f"simulate {paths:,} paths, 1 thread / squigglepy, arrays", floor=arrays_s, own=own_s)
    yield Ratio(what="the same / squigglepy, a function of one path", floor=single_s * paths / few, own=own_s)


def what_drives(paths: int, rounds: int) -> Iterator[Ratio]:
    """Indices, tornado and the best commitments at its ends, against one simulation; both on one thread."""
    model, contract = base_case(), _contract(20_000.0)
    spend = simulated(model, paths)
    use = term_use(contract, spend)
    offer = commit_sample(contract, use).best(max_shortfall_probability=0.1).offer
    shortfall = settle(contract, offer, use).shortfall_usd.sum(axis=0)

    def own() -> Drivers:
        def best(chosen: np.ndarray) -> float:
            sample = commit_sample(contract, use.on(chosen))
            return sample.best(max_shortfall_probability=0.1).offer.commit_usd_per_year

        return drivers(spend.scores, spend.annual_list_cost_usd(), shortfall, best)

    once_s, own_s = interleaved(lambda: simulated(model, paths, threads=1), own, rounds=rounds)
    what = f"drivers of {len(spend.scores)} inputs / simulate {paths:,} paths, 1 thread"
    yield Ratio(what=what, floor=once_s, own=own_s)


def reuse(paths: int, rounds: int) -> Iterator[Ratio]:
    """A lever of one scenario in five changed, nothing changed that spend depends on, and the same for a whole plan."""
    kept, turn = KeptPaths(), count(1)
    simulated(base_case(), paths, kept=kept)

    def changed() -> SpendModel:
        return base_case(share_p90=SHARE[1] - 1e-4 * next(turn))

    again_s, lever_s, same_s = interleaved(
        lambda: simulated(changed(), paths),
        lambda: simulated(changed(), paths, kept=kept),
        lambda: simulated(base_case(), paths, kept=kept),
        rounds=rounds,
    )
    yield Ratio(what="a lever in one of five scenarios changed / simulate again", floor=again_s, own=lever_s)
    yield Ratio(what="the contract changed / simulate again", floor=again_s, own=same_s)


def example_plan(paths: int, rounds: int) -> Iterator[Ratio]:
    """The bundled plan: its drivers against its simulation, and worked out again under another contract."""
    inputs, kept = replace(load_plan(EXAMPLE), paths=paths), KeptPaths()
    other = replace(inputs, contract=replace(inputs.contract, eligible_fraction=0.9))
    plan = build_plan(inputs, kept=kept)
    model = plan.prepared.spend_model
    once_s, drivers_s, levers_s, whole_s, again_s = interleaved(
        lambda: simulate_spend(model, paths=paths, seed=1, signing=False, threads=1),
        lambda: plan_drivers(plan),
        lambda: coalition_spend(plan.prepared, plan.spend),
        lambda: build_plan(other),
        lambda: build_plan(other, kept=kept),
        rounds=rounds,
    )
    yield Ratio(what="example plan, its drivers / simulate, 1 thread", floor=once_s, own=drivers_s)
    yield Ratio(what="example plan, 14 more coalitions of levers / simulate, 1 thread", floor=once_s, own=levers_s)
    yield Ratio(what="example plan, the contract changed / worked out afresh", floor=whole_s, own=again_s)


def export(paths: int, rounds: int) -> Ratio:
    """The workbook of the bundled plan against XlsxWriter writing its cells as they are, without looks and charts."""
    found = Dossier(plan=build_plan(replace(load_plan(EXAMPLE), paths=paths)))
    book = openpyxl.load_workbook(BytesIO(workbook_bytes(found)))
    cells = [
        [(c.row - 1, c.column - 1, c.value) for row in sheet.iter_rows() for c in row if c.value is not None]
        for sheet in book
    ]

    def floor() -> bytes:
        buffer = BytesIO()
        with Workbook(buffer, {"in_memory": True}) as target:
            for sheet in cells:
                worksheet = target.add_worksheet()
                for row, col, value in sheet:
                    worksheet.write(row, col, value)
        return buffer.getvalue()

    floor_s, own_s = interleaved(floor, lambda: workbook_bytes(found), rounds=rounds)
    what = f"workbook of the example plan, {sum(map(len, cells)):,} cells / XlsxWriter alone"
    return Ratio(what=what, floor=floor_s, own=own_s)


def _contract(step_usd: float) -> Contract:
    """Ten bands, the first from one step on."""
    bands = tuple(
        DiscountBand(min_commit_usd_per_year=step_usd * (k + 1), discount_fraction=0.03 * (k + 1)) for k in range(BANDS)
    )
    return Contract(term_months=MONTHS, bands=bands)


def size(paths: int, rounds: int) -> tuple[Ratio, Ratio]:
    """Exact sizing over ten bands against one sort of annual spend, and against a naive grid of 200 commitments."""
    annual = np.exp(np.random.default_rng(1).normal(14.0, 0.4, paths))
    monthly = np.tile(annual / MONTHS, (MONTHS, 1))
    contract = _contract(200_000.0)
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

    sort_s, exact_s = interleaved(lambda: np.sort(spend), exact, rounds=rounds)
    grid_s, again_s = interleaved(grid, exact, rounds=max(rounds // 2, 1))
    return (
        Ratio(what=f"exact sizing, {BANDS} bands, {paths:,} paths / one sort", floor=sort_s, own=exact_s),
        Ratio(what="exact sizing / naive grid of 200 commitments", floor=grid_s, own=again_s),
    )


def size_rollover(paths: int, rounds: int) -> Iterator[Ratio]:
    """Three years with rollover over ten bands, with and without a limit, against a grid of 200 settled commitments."""
    rng = np.random.default_rng(1)
    monthly = np.exp(rng.normal(11.5, 0.3, paths) + rng.normal(0.02, 0.06, (3 * MONTHS, paths)).cumsum(axis=0))
    contract = replace(_contract(200_000.0), term_months=3 * MONTHS, rollover=Rollover(share=1.0, months=MONTHS))
    use = term_use(contract, SpendPaths(list_cost_usd=monthly, signing_list_cost_usd=monthly))
    for limit in (1.0, 0.1):

        def exact(limit: float = limit) -> float:
            return commit_sample(contract, use).best(max_shortfall_probability=limit).expected_cost_usd

        def grid(limit: float = limit) -> float:
            costs = []
            for commit in np.linspace(0.0, use.list_usd.max(), 200):
                settled = settle(contract, contract.offer_at(float(commit)), use)
                short = (settled.shortfall_usd > HALF_CENT_USD).any(axis=0).mean()
                costs.append(float(settled.paid_usd.mean()) if short <= limit else inf)
            return min(costs)

        if exact() > grid():
            raise SystemExit("the search for the best commitment was beaten by a grid")
        grid_s, exact_s = interleaved(grid, exact, rounds=rounds)
        what = f"rollover over 3 years, {BANDS} bands, {paths:,} paths, limit {limit:.0%} / grid of 200 commitments"
        yield Ratio(what=what, floor=grid_s, own=exact_s)


def measure(rows: int, rounds: int) -> Iterator[Ratio]:
    """The whole measurement against a raw DuckDB scan (sum or max of the same columns), per file kind.

    "parquet, ids" has an id in each row, no two alike: the floor scans them, the measurement looks for repeats.
    """
    edges = prompt_edges(PriceBook.load())
    with tempfile.TemporaryDirectory() as folder:
        for kind, path, columns in _logs(Path(folder), rows):
            source = UsageSource(sources=(str(path),), base_dir=Path(folder))
            scan = {
                ".parquet": f"read_parquet('{path}')",
                ".csv": f"read_csv('{path}', all_varchar=true)",
                ".gz": f"read_json('{path}', columns={{{', '.join(f'{c}: VARCHAR' for c in columns)}}})",
            }[path.suffix]
            aggregates = ", ".join(
                f"sum({c}::DOUBLE)" if c in ("requests", *TOKEN_COLUMNS) else f"max({c})" for c in columns
            )

            def floor(query: str = f"select {aggregates} from {scan}") -> object:
                with duckdb.connect() as connection:
                    return connection.execute(query).fetchall()

            def own(source: UsageSource = source) -> object:
                return read_usage(source, prompt_edges=edges)

            floor_s, own_s = interleaved(floor, own, rounds=rounds)
            yield Ratio(what=f"measure {rows:,} rows, {kind} / raw DuckDB scan", floor=floor_s, own=own_s)


_TEXT_TIMES = "parquet, times as text"


def _logs(folder: Path, rows: int) -> Iterator[tuple[str, Path, tuple[str, ...]]]:
    with_ids = (*LOG_COLUMNS, "request_id")
    for kind, name, columns in (
        ("parquet", "log.parquet", LOG_COLUMNS),
        (_TEXT_TIMES, "text.parquet", LOG_COLUMNS),
        ("parquet, ids", "ids.parquet", with_ids),
        ("csv", "log.csv", LOG_COLUMNS),
        ("jsonl.gz", "log.jsonl.gz", LOG_COLUMNS),
    ):
        write_log(folder / name, rows, columns, text_times=kind == _TEXT_TIMES)
        yield kind, folder / name, columns
        (folder / name).unlink()


def start_up(rounds: int) -> Iterator[Ratio]:
    """`planner --help` against the bare interpreter, and against importing everything that the product uses."""
    stack = "import numpy, scipy.optimize, pandas, streamlit, duckdb, ibis, altair, pydantic, xlsxwriter, genai_prices"

    def run(*arguments: str) -> None:
        subprocess.run([sys.executable, *arguments], check=True, capture_output=True)

    bare, whole, own = interleaved(
        lambda: run("-c", "pass"), lambda: run("-c", stack), lambda: run("-m", "planner.cli", "--help"), rounds=rounds
    )
    yield Ratio(what="`planner --help` / the bare interpreter", floor=bare, own=own)
    yield Ratio(what="`planner --help` / importing the whole stack", floor=whole, own=own)


def tables(quick: bool) -> Iterator[Ratio | str]:
    """Every line, as it is measured."""
    paths, rows, rounds = (8_192, 20_000, 1) if quick else (100_000, 10_000_000, 5)
    for threads in (1, 2):
        yield simulate(paths, threads, rounds)
    yield from other_ways(paths, rounds)
    if find_spec("squigglepy") is None:
        yield "| simulate / squigglepy: not installed | | | |"
    else:
        yield from squigglepy(paths, rounds)
    yield from what_drives(paths, rounds)
    yield from reuse(paths, rounds)
    yield from example_plan(paths, rounds)
    yield export(paths, rounds)
    yield from size(paths, rounds)
    yield from size_rollover(8_192, rounds)
    yield from start_up(rounds)
    yield from measure(rows, rounds)


def main() -> None:
    """Print the table, as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small sizes, to see that it runs")
    parser.add_argument("--only-measure", type=int, metavar="ROWS", help="only reading usage, of so many rows")
    parser.add_argument("--rounds", type=int, default=5, help="turns of each, with --only-measure")
    given = parser.parse_args()
    print("| what | floor ms | own ms | ratio |\n|---|---|---|---|")
    lines = measure(given.only_measure, given.rounds) if given.only_measure else tables(given.quick)
    for line in lines:
        print(line, flush=True)


if __name__ == "__main__":
    main()
