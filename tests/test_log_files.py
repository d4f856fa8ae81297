"""Which files a source names, what a file is by its content, and lines that are too long to be read."""

import gzip
import json
from pathlib import Path
from threading import Event

import pandas as pd
import pytest
import zstandard
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from planner.billed.read import read_bill
from planner.billed.records import BilledSource
from planner.errors import UsageError
from planner.usage.file_layouts import integrity_checks
from planner.usage.files import inspect_file
from planner.usage.folders import PULLED_COSTS, find_files
from planner.usage.read import UsageSource, read_usage
from planner.usage.streams import CHUNK_BYTES, Compression, long_line

HEADER = "timestamp,request_type,model,uncached_input_tokens,output_tokens"
GOOD = "2026-10-01T10:00:00Z,answer,claude-opus-5-5,100,5"
RECORD = dict(zip(HEADER.split(","), ["2026-10-01T10:00:00Z", "answer", "claude-opus-5-5", 100, 5], strict=True))
MEGABYTE = 1 << 20


def refusal(folder: Path, name: str = "log.csv") -> str:
    with pytest.raises(UsageError) as caught:
        read_usage(UsageSource(sources=(name,), base_dir=folder), prompt_edges=())
    return str(caught.value)


def records(folder: Path, name: str) -> int:
    return read_usage(UsageSource(sources=(name,), base_dir=folder), prompt_edges=()).records


# ---- lines that are too long

LIMIT = CHUNK_BYTES
PACK = {"none": bytes, "gzip": lambda data: gzip.compress(data, 1), "zstd": zstandard.compress}


def slow_long_line(data: bytes, limit: int) -> int | None:
    return next((number for number, line in enumerate(data.split(b"\n"), start=1) if len(line) > limit), None)


@pytest.mark.parametrize("compression", PACK)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    lengths=st.lists(
        st.one_of(st.integers(0, 200), st.integers(LIMIT - 2, LIMIT + 2), st.just(2 * LIMIT + 7)),
        min_size=1,
        max_size=6,
    ),
    is_ended=st.booleans(),
)
@example(lengths=[LIMIT], is_ended=False)
@example(lengths=[LIMIT, LIMIT + 1], is_ended=False)
@example(lengths=[0, LIMIT + 1, 5], is_ended=True)
def test_the_first_line_above_the_limit_is_found_wherever_it_is(
    compression: Compression, lengths: list[int], is_ended: bool, tmp_path: Path
) -> None:
    data = b"\n".join(b"a" * length for length in lengths) + b"\n" * is_ended
    path = tmp_path / "log"
    path.write_bytes(PACK[compression](data))
    assert long_line(path, compression, LIMIT, lambda: False) == slow_long_line(data, LIMIT)


TOO_LONG = {
    "csv": (f"{HEADER}\n{GOOD}\n".encode(), 2_000_000),
    "jsonl": (json.dumps(RECORD).encode() + b"\n", 16_000_000),
}


@pytest.mark.parametrize("start", [b"", b'2026-10-01T10:00:00Z,"'], ids=["plain", "after a quote"])
@pytest.mark.parametrize("ending", ["", ".gz", ".zst"])
@pytest.mark.parametrize("kind", TOO_LONG)
def test_a_line_that_is_far_too_long_is_refused_by_its_number(
    kind: str, ending: str, start: bytes, tmp_path: Path
) -> None:
    """Of 40 MB, more than the engine has room for: it would leave the line out without a word."""
    head, _ = TOO_LONG[kind]
    pack = PACK[{"": "none", ".gz": "gzip", ".zst": "zstd"}[ending]]
    (tmp_path / f"log.{kind}{ending}").write_bytes(pack(head + start + b"a" * (40 * MEGABYTE) + b"\n" + head))
    said = refusal(tmp_path, f"log.{kind}{ending}")
    assert said.startswith(f"log.{kind}{ending}, line {head.count(bytes([10])) + 1}: the line is far too long")


@pytest.mark.parametrize("ending", ["", ".gz"])
def test_long_lines_below_the_limit_are_read(ending: str, tmp_path: Path) -> None:
    pack = PACK["gzip" if ending else "none"]
    head, limit = TOO_LONG["csv"]
    long = f"{GOOD},{'p' * (limit - 200)}\n"
    text = f"{HEADER},prompt\n{GOOD},p\n" + 3 * long + f"{GOOD},p\n"
    (tmp_path / f"log.csv{ending}").write_bytes(pack(text.encode()))
    assert records(tmp_path, f"log.csv{ending}") == 5
    head, limit = TOO_LONG["jsonl"]
    long = json.dumps(RECORD | {"prompt": "p" * (limit - 200)}) + "\n"
    (tmp_path / f"log.jsonl{ending}").write_bytes(pack(head + 3 * long.encode() + head))
    assert records(tmp_path, f"log.jsonl{ending}") == 5


def test_a_first_row_longer_than_what_is_looked_at_first_is_a_row(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text(f"{HEADER},prompt\n{GOOD},{'p' * (MEGABYTE + 99)}\n")
    assert records(tmp_path, "log.csv") == 1


def test_a_scan_that_hangs_in_such_a_line_is_stopped(tmp_path: Path) -> None:
    (tmp_path / "log.csv.gz").write_bytes(gzip.compress(TOO_LONG["csv"][0] + b"a" * (3 * MEGABYTE), 1))
    file = inspect_file(tmp_path / "log.csv.gz", tmp_path)
    assert file is not None
    stopped = Event()
    with pytest.raises(UsageError, match="line 3: the line is far too long"), integrity_checks([file], stopped.set):
        assert stopped.wait(60)


def test_a_scan_that_is_ended_by_the_user_says_nothing_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "log.csv.gz").write_bytes(gzip.compress(f"{HEADER}\n{GOOD}\n".encode()))
    file = inspect_file(tmp_path / "log.csv.gz", tmp_path)
    assert file is not None
    with pytest.raises(KeyboardInterrupt), integrity_checks([file] * 3, lambda: None):
        raise KeyboardInterrupt


def test_a_quote_over_more_than_a_field_may_hold_is_refused_at_its_line(tmp_path: Path) -> None:
    swallowed = f"{GOOD}\n" * (3 * MEGABYTE // len(GOOD))
    (tmp_path / "log.csv").write_text(f"{HEADER}\n{GOOD}\n{GOOD.replace('answer', chr(34))}\n{swallowed}")
    assert refusal(tmp_path).startswith("log.csv, line 3: a quote is opened and not closed")


# ---- what a file is

NAMED = {
    "png": (b"\x89PNG\r\n\x1a\n" + bytes(200), "a picture"),
    "program": (b"\x7fELF\x02\x01\x01" + bytes(200), "a program"),
    "avro": (b"Obj\x01\x04\x14avro.codec" + bytes(50), "an Avro file"),
    "orc": (b"ORC\x11\x00" + bytes(50), "an ORC file"),
    "arrow": (b"ARROW1\x00\x00" + bytes(50), "an Arrow file"),
    "lz4": (b"\x04\x22\x4d\x18" + bytes(60), "lz4"),
    "tar": (b"log.csv".ljust(257, b"\0") + b"ustar\x0000" + bytes(200), "a tar archive"),
    "tar in gzip": (gzip.compress(b"log.csv".ljust(257, b"\0") + b"ustar\x0000" + bytes(200)), "a tar archive"),
    "web page": (b"\n<!DOCTYPE HTML>\n<html><body>Sign in</body></html>\n", "a web page"),
    "xml": (b'\xef\xbb\xbf<?xml version="1.0"?>\n<x>&e;</x>\n', "XML"),
    "two marks": (b"\xef\xbb\xbf" * 2 + f"{HEADER}\n{GOOD}\n".encode(), "two byte order marks"),
    "utf-16": (f"{HEADER}\n{GOOD}\n".encode("utf-16"), "UTF-16"),
    "data": (bytes(200) + b"\x01", "data of a program"),
}


@pytest.mark.parametrize("kind", NAMED)
def test_what_is_no_log_is_called_by_its_kind(kind: str, tmp_path: Path) -> None:
    data, words = NAMED[kind]
    (tmp_path / "log.csv").write_bytes(data)
    said = refusal(tmp_path)
    assert said.startswith("log.csv")
    assert words in said


def test_a_parquet_file_in_gzip_without_rows_or_end_is_refused(tmp_path: Path) -> None:
    frame = pd.DataFrame([RECORD])
    whole, empty = frame.to_parquet(), frame.iloc[:0].to_parquet()
    for data, words in ((whole[:-20], "copy it again"), (empty, "0 rows")):
        for pack in PACK.values():
            (tmp_path / "log.parquet").write_bytes(pack(data))
            said = refusal(tmp_path, "log.parquet")
            assert said.startswith("log.parquet")
            assert words in said


def test_an_empty_parquet_file_beside_a_full_one_is_said(tmp_path: Path) -> None:
    frame = pd.DataFrame([RECORD])
    frame.to_parquet(tmp_path / "full.parquet")
    frame.iloc[:0].to_parquet(tmp_path / "empty.parquet")
    assert "empty.parquet holds no usage record (0 rows)" in refusal(tmp_path, ".")
    usage = read_usage(UsageSource(sources=(".",), base_dir=tmp_path, skip_bad_rows=True), prompt_edges=())
    assert usage.records == 1
    assert "empty.parquet holds no usage record and was left out." in usage.notes


def test_a_key_that_a_json_row_has_twice_is_refused_by_its_line(tmp_path: Path) -> None:
    row = json.dumps(RECORD)
    (tmp_path / "log.jsonl").write_text(f'{row}\n\n{row[:-1]}, "output_tokens": 900}}\n')
    assert refusal(tmp_path, "log.jsonl").startswith(
        "log.jsonl, line 3: the key 'output_tokens' is in one object twice"
    )


# ---- the folder of a pull


@pytest.fixture
def pulled(tmp_path: Path) -> Path:
    folder = tmp_path / "logs" / "pulled"
    folder.mkdir(parents=True)
    for name in ("usage-2026-10-01.json", "usage-2026-10-02.json", "cost-2026-10-01.json", "pull.json", "other.csv"):
        (folder / name).write_text("{}")
    (tmp_path / "logs" / "log.csv").write_text(f"{HEADER}\n{GOOD}\n")
    return folder


def names(found: tuple[list[Path], list[str]]) -> list[str]:
    return [path.name for path in found[0]]


def test_a_log_of_tracked_months_is_no_usage_log_unless_it_is_named(tmp_path: Path) -> None:
    for name in ("log.jsonl", "plan.track.jsonl"):
        (tmp_path / name).write_text("{}")
    for source in (".", "*.jsonl"):
        assert names(find_files([source], tmp_path)) == ["log.jsonl"]
    assert names(find_files(["plan.track.jsonl"], tmp_path)) == ["plan.track.jsonl"]


def test_the_folder_of_a_pull_gives_its_usage_or_its_costs_and_nothing_else(pulled: Path) -> None:
    usage = ["usage-2026-10-01.json", "usage-2026-10-02.json"]
    assert names(find_files([str(pulled)], pulled)) == usage
    assert names(find_files([str(pulled)], pulled, pulled=PULLED_COSTS)) == ["cost-2026-10-01.json"]
    assert names(find_files([str(pulled.parent)], pulled)) == ["log.csv", *usage]
    assert names(find_files([f"{pulled.parent}/pull*"], pulled)) == usage
    assert names(find_files([f"{pulled}/cost-*.json"], pulled)) == ["cost-2026-10-01.json"]


def test_a_pull_without_costs_is_no_bill(pulled: Path) -> None:
    (pulled / "cost-2026-10-01.json").unlink()
    with pytest.raises(UsageError, match=r"`planner pull` made this folder, and there is no cost-\*\.json in it"):
        read_bill(BilledSource(sources=("pulled",), base_dir=pulled.parent))


def test_without_its_record_a_folder_is_like_any_other(pulled: Path) -> None:
    (pulled / "pull.json").unlink()
    assert len(names(find_files([str(pulled)], pulled))) == 4
