"""The benchmarks run. What they measure is read by people, as ratios; no test depends on a clock."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent


def test_every_benchmark_runs_at_small_size() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "benchmarks" / "ratios.py"), "--quick"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    rows = [line.split("|") for line in done.stdout.splitlines() if line.startswith("| ")][1:]
    assert len(rows) == 8
    assert all(float(row[4]) > 0 for row in rows)
