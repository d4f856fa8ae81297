"""Peak memory of a million paths: `python benchmarks/memory.py [--paths 1000000]`.

Each case runs in a process of its own, whose largest resident set the system counts (ru_maxrss). Before any path is
drawn the program itself takes what the line "imported" says.
"""

import argparse
import os
import resource
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from base_case import base_case

from planner.plan import build_plan
from planner.plan_file.loader import load_plan
from planner.prepared import prepare
from planner.simulation import simulate_spend

EXAMPLE = Path(__file__).parent.parent / "data" / "plans" / "example.toml"
CASES = {
    "imported": "nothing but the imports",
    "base": "simulate the base case: 20 types, 12 months, 5 scenarios",
    "base, 36 months": "the same over 36 months",
    "example": "`data/plans/example.toml`, simulated",
    "example plan": "`data/plans/example.toml`, the whole plan",
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


def main() -> None:
    """Print the table, as Markdown; with --case, do the work and print its peak in bytes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--paths", type=int, default=1_000_000)
    parser.add_argument("--only", choices=CASES, help="one case instead of all")
    parser.add_argument("--case", choices=CASES, help="one case, in this process")
    given = parser.parse_args()
    if given.case:
        run(given.case, given.paths)
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
