"""Peak memory of a million paths, and of reading a long log: `python benchmarks/memory.py [--paths 1000000]`.

Each case runs in a process of its own, whose largest resident set the system counts (ru_maxrss). Before any path is
drawn the program itself takes what the line "imported" says.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from base_case import base_case
from logs import LOG_COLUMNS, write_log

from planner.mix import prompt_edges
from planner.plan import build_plan
from planner.plan_file.loader import load_plan
from planner.prepared import prepare
from planner.prices import PriceBook
from planner.simulation import simulate_spend
from planner.usage.read import UsageSource, read_usage

EXAMPLE = Path(__file__).parent.parent / "data" / "plans" / "example.toml"
CASES = {
    "imported": "nothing but the imports",
    "base": "simulate the base case: 20 types, 12 months, 5 scenarios",
    "base, 36 months": "the same over 36 months",
    "example": "`data/plans/example.toml`, simulated",
    "example plan": "`data/plans/example.toml`, the whole plan",
}
LOGS = {
    "parquet": ("log.parquet", LOG_COLUMNS),
    "parquet, ids": ("ids.parquet", (*LOG_COLUMNS, "request_id")),
    "csv": ("log.csv", LOG_COLUMNS),
    "jsonl.gz": ("log.jsonl.gz", LOG_COLUMNS),
}


def run(case: str, paths: int) -> None:
    """The work of one case."""
    if case.startswith("base"):
        n_months = 36 if case.endswith("36 months") else 12
        years = [(first, first + 12) for first in range(0, n_months, 12)]
        simulate_spend(base_case(months=n_months), paths=paths, seed=1, signing=False, stretches=years)
    elif case == "example":
        inputs = replace(load_plan(EXAMPLE), paths=paths)
        years = [(period.first, period.stop) for period in inputs.contract.periods]
        signing = not inputs.contract.price_falls_passed_through
        simulate_spend(prepare(inputs).spend_model, paths=paths, seed=1, signing=signing, stretches=years)
    elif case == "example plan":
        build_plan(replace(load_plan(EXAMPLE), paths=paths))


def measure_log(path: Path) -> None:
    """Read a log, as `planner measure` does."""
    read_usage(UsageSource(sources=(str(path),), base_dir=path.parent), prompt_edges=prompt_edges(PriceBook.load()))


def measure_logs(rows: int, kinds: Sequence[str]) -> None:
    """The same table of reading logs."""
    print(f"| {rows:,} rows | MB | s |\n|---|---|---|")
    for kind in kinds:
        name, columns = LOGS[kind]
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / name
            write_log(path, rows, columns)
            start = time.perf_counter()
            command = [sys.executable, __file__, "--log", str(path)]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
        print(f"| {kind} | {int(done.stdout) / 1e6:,.0f} | {time.perf_counter() - start:.1f} |", flush=True)


def main() -> None:
    """Print the table, as Markdown; with --case, do the work and print its peak in bytes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--paths", type=int, default=1_000_000)
    parser.add_argument("--only", choices=CASES, help="one case instead of all")
    parser.add_argument("--case", choices=CASES, help="one case, in this process")
    parser.add_argument("--rows", type=int, help="instead of paths, measure logs of so many rows")
    parser.add_argument("--kind", choices=LOGS, action="append", help="with --rows: of these kinds only, repeatable")
    parser.add_argument("--log", type=Path, help="measure this log, in this process")
    given = parser.parse_args()
    if given.rows:
        measure_logs(given.rows, given.kind or list(LOGS))
        return
    if given.case or given.log:
        measure_log(given.log) if given.log else run(given.case, given.paths)
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024))
        return
    print(f"| {given.paths:,} paths | MB | s |\n|---|---|---|")
    for case in [given.only] if given.only else CASES:
        start = time.perf_counter()
        command = [sys.executable, __file__, "--case", case, "--paths", str(given.paths)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        print(f"| {CASES[case]} | {int(done.stdout) / 1e6:,.0f} | {time.perf_counter() - start:.1f} |", flush=True)


if __name__ == "__main__":
    main()
