"""A measurement that is stopped leaves nothing half written and says what it had done."""

import gzip
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest

from planner.commands.measure import check_output, write_mix
from planner.errors import InputError
from planner.whole_file import replacing

ROWS_IN_A_MEMBER = 20_000
MEMBERS = 2_000
"""Forty million rows: minutes of scanning, and yet a small file, because gzip members may follow each other."""
START_SECONDS = 120
STOP_SECONDS = 60


@pytest.fixture(scope="module")
def long_log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    row = {
        "timestamp": "2026-10-01T10:00:00Z",
        "request_type": "answer",
        "model": "claude-opus-5-5",
        "uncached_input_tokens": 10,
        "output_tokens": 5,
    }
    member = gzip.compress((json.dumps(row) + "\n").encode() * ROWS_IN_A_MEMBER)
    path = tmp_path_factory.mktemp("log") / "log.jsonl.gz"
    with path.open("wb") as out:
        for _ in range(MEMBERS):
            out.write(member)
    return path


@pytest.fixture
def scanning(long_log: Path, tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """scanning(output) is a process in the middle of a scan, its temporary folder being tmp_path / "temporary"."""
    started: list[subprocess.Popen[str]] = []

    def start(output: Path) -> subprocess.Popen[str]:
        temporary = tmp_path / "temporary"
        temporary.mkdir()
        process = subprocess.Popen(
            [sys.executable, "-m", "planner.cli", "measure", str(long_log), "-o", str(output)],
            env={**os.environ, "TMPDIR": str(temporary)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        deadline = time.monotonic() + START_SECONDS
        while not list(temporary.iterdir()):
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < deadline
            time.sleep(0.05)
        time.sleep(1.5)  # into the scan; where it has not begun, stopping has to work all the same
        assert process.poll() is None
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_stopped_measurement_leaves_nothing_and_says_how_far_it_was(
    number: signal.Signals, code: int, scanning: Callable[[Path], subprocess.Popen[str]], tmp_path: Path
) -> None:
    output = tmp_path / "out" / "mix.parquet"
    output.parent.mkdir()
    process = scanning(output)
    process.send_signal(number)
    out, err = process.communicate(timeout=STOP_SECONDS)
    assert process.returncode == code
    assert out == ""
    assert "stopped: 1 of 1 files inspected" in err
    assert "scanned" in err
    assert err.rstrip().endswith("nothing was written")
    assert list(output.parent.iterdir()) == []
    assert list((tmp_path / "temporary").iterdir()) == []


def test_a_killed_measurement_never_leaves_a_target(
    scanning: Callable[[Path], subprocess.Popen[str]], tmp_path: Path
) -> None:
    output = tmp_path / "mix.parquet"
    output.write_bytes(b"what was there before")
    process = scanning(output)
    process.kill()
    process.communicate(timeout=STOP_SECONDS)
    assert process.returncode == -signal.SIGKILL
    assert output.read_bytes() == b"what was there before"


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_a_file_that_is_not_finished_is_not_there(error: type[BaseException], tmp_path: Path) -> None:
    target = tmp_path / "mix.csv"
    target.write_text("old", encoding="utf-8")

    def write() -> None:
        with replacing(target, remedy="-") as new:
            new.write_text("half", encoding="utf-8")
            raise error

    with pytest.raises(error):
        write()
    assert [path.name for path in tmp_path.iterdir()] == ["mix.csv"]
    assert target.read_text(encoding="utf-8") == "old"


READERS = {
    "mix.parquet": pd.read_parquet,
    "mix.csv": pd.read_csv,
    "mix.jsonl": lambda path: pd.read_json(path, lines=True),
}


@pytest.mark.parametrize("name", READERS)
def test_a_mix_is_saved_as_its_ending_says(name: str, tmp_path: Path) -> None:
    rows = pd.DataFrame({"request_type": ["größe", "b"], "requests": [3, 4], "list_cost_usd": [0.5, 1.25]})
    write_mix(rows, tmp_path / name)
    pd.testing.assert_frame_equal(READERS[name](tmp_path / name), rows)
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize(("name", "said"), [("mix.xlsx", "ends in .parquet"), ("nowhere/mix.csv", "no folder")])
def test_an_output_that_cannot_be_written_is_refused_before_anything_is_read(
    name: str, said: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=said):
        check_output(tmp_path / name)
