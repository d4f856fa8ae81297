"""Reading usage: what a log says does not depend on how it is written down, and nothing is lost silently."""

import csv
import gzip
import io
import json
import math
import random
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import duckdb
import pandas as pd
import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from planner.errors import UsageError
from planner.units import SERVER_TOOL_COLUMNS, TOKEN_COLUMNS
from planner.usage.columns import COLUMNS, COUNT_COLUMNS, KEY_COLUMNS, window_exceeds
from planner.usage.read import Usage, UsageSource, _reporting, read_usage

EDGES = (100_000, 200_000)
HEADER = [
    "timestamp", "request_type", "model", "requests", *TOKEN_COLUMNS, *SERVER_TOOL_COLUMNS, "service_tier",
    "context_window",
]  # fmt: skip
Row = dict[str, object]


def row(**changes: object) -> Row:
    base: Row = {
        "timestamp": "2026-06-01T10:00:00Z",
        "request_type": "answer",
        "model": "claude-opus-5-5",
        "requests": 1,
        "uncached_input_tokens": 100,
        "cache_read_tokens": 20,
        "cache_write_5m_tokens": 3,
        "cache_write_1h_tokens": 4,
        "output_tokens": 50,
        "web_search_requests": 0,
        "code_execution_seconds": 0,
        "service_tier": "standard",
        "context_window": "",
    }
    return base | changes


def csv_text(rows: Iterable[Row], header: Sequence[str] = HEADER) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, header, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def jsonl_text(rows: Iterable[Row]) -> str:
    return "".join(json.dumps(each) + "\n" for each in rows)


def parquet_file(rows: Sequence[Row], path: Path) -> Path:
    pd.DataFrame(list(rows)).to_parquet(path)
    return path


def read(path: Path | Sequence[Path], **options: object) -> Usage:
    paths = [path] if isinstance(path, Path) else list(path)
    source = UsageSource(sources=tuple(str(each) for each in paths), base_dir=paths[0].parent, **options)  # type: ignore[arg-type]
    return read_usage(source, prompt_edges=EDGES)


def written(folder: Path, text: str | bytes, name: str = "log.csv") -> Path:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def refusal(path: Path, **options: object) -> str:
    with pytest.raises(UsageError) as caught:
        read(path, **options)
    return str(caught.value)


def same(one: Usage, other: Usage) -> None:
    pd.testing.assert_frame_equal(one.groups, other.groups)


def many_rows(count: int = 400, seed: int = 1) -> list[Row]:
    rng = random.Random(seed)
    return [
        row(
            timestamp=f"2026-{rng.randint(6, 8):02d}-{rng.randint(1, 28):02d}T{rng.randint(0, 23):02d}:15:00.5Z",
            request_type=rng.choice(["triage", "answer", "extract"]),
            model=rng.choice(["claude-opus-5-5", "claude-haiku-5-5"]),
            uncached_input_tokens=rng.randint(0, 250_000),
            cache_read_tokens=rng.randint(0, 9_000),
            output_tokens=rng.randint(0, 4_000),
            web_search_requests=rng.choice([0, 0, 1, 7]),
            code_execution_seconds=rng.choice([0, 0, 300, 3_601]),
            service_tier=rng.choice(["standard", "batch"]),
        )
        for _ in range(count)
    ]


def slow_groups(rows: Iterable[Row]) -> dict[tuple[object, ...], list[int]]:
    """The oracle: plain Python, one row at a time, whole numbers only."""
    groups: dict[tuple[object, ...], list[int]] = defaultdict(lambda: [0] * len(COUNT_COLUMNS))
    for each in rows:
        prompt = sum(int(str(each[name])) for name in TOKEN_COLUMNS[:-1])
        above = -1 if int(str(each["requests"])) != 1 else max((edge for edge in EDGES if prompt > edge), default=0)
        moment = datetime.fromisoformat(str(each["timestamp"])).astimezone(UTC)
        key = (moment.date().isoformat(), each["request_type"], each["model"], each["service_tier"], above)
        for index, name in enumerate(COUNT_COLUMNS):
            groups[key][index] += int(str(each[name]))
    return dict(groups)


def as_groups(usage: Usage) -> dict[tuple[object, ...], list[int]]:
    return {
        (record["day"].date().isoformat(), record["request_type"], record["model"], record["service_tier"],
         record["prompt_above"]): [record[name] for name in COUNT_COLUMNS]
        for record in usage.groups.to_dict("records")
    }  # fmt: skip


# ---- one log, many ways to write it


def plain(folder: Path, rows: Sequence[Row]) -> Path:
    return written(folder, csv_text(rows))


WAYS: dict[str, Callable[[Path, Sequence[Row]], Path]] = {
    "csv": plain,
    "csv.gz": lambda folder, rows: written(folder, gzip.compress(csv_text(rows).encode()), "log.csv.gz"),
    "csv.zst": lambda folder, rows: written(folder, zstandard.compress(csv_text(rows).encode()), "log.csv.zst"),
    "csv with a mark": lambda folder, rows: written(folder, "\ufeff" + csv_text(rows)),
    "csv with carriage returns": lambda folder, rows: written(folder, csv_text(rows).replace("\n", "\r\n")),
    "jsonl": lambda folder, rows: written(folder, jsonl_text(rows), "log.jsonl"),
    "jsonl.gz": lambda folder, rows: written(folder, gzip.compress(jsonl_text(rows).encode()), "log.jsonl.gz"),
    "jsonl.zst": lambda folder, rows: written(folder, zstandard.compress(jsonl_text(rows).encode()), "log.jsonl.zst"),
    "jsonl with a mark": lambda folder, rows: written(folder, "\ufeff" + jsonl_text(rows), "log.jsonl"),
    "parquet": lambda folder, rows: parquet_file(rows, folder / "log.parquet"),
    "parquet.gz": lambda folder, rows: written(
        folder, gzip.compress(parquet_file(rows, folder / "p.tmp").read_bytes()), "log.parquet.gz"
    ),
    "parquet.zst": lambda folder, rows: written(
        folder, zstandard.compress(parquet_file(rows, folder / "p.tmp").read_bytes()), "log.parquet.zst"
    ),
    "json array": lambda folder, rows: written(folder, json.dumps(list(rows)), "log.json"),
    "json array.gz": lambda folder, rows: written(folder, gzip.compress(json.dumps(list(rows)).encode()), "log.json"),
    "json array with a mark": lambda folder, rows: written(folder, "\ufeff" + json.dumps(list(rows)), "log.json"),
    "pretty json": lambda folder, rows: written(folder, json.dumps(list(rows), indent=2), "log.json"),
    "pretty objects": lambda folder, rows: written(
        folder, "\n".join(json.dumps(each, indent=1) for each in rows), "log.json"
    ),
    "rows inside an object": lambda folder, rows: written(folder, json.dumps({"rows": list(rows), "n": 1}), "log.json"),
    "csv named parquet": lambda folder, rows: written(folder, csv_text(rows), "log.parquet"),
    "jsonl.gz named csv": lambda folder, rows: written(folder, gzip.compress(jsonl_text(rows).encode()), "log.csv"),
}


@pytest.mark.parametrize("way", WAYS)
def test_every_way_to_write_a_log_says_what_plain_python_says(way: str, tmp_path: Path) -> None:
    rows = many_rows()
    usage = read(WAYS[way](tmp_path, rows))
    assert as_groups(usage) == slow_groups(rows)
    assert (usage.records, usage.refused, usage.files) == (len(rows), 0, 1)


def test_parquet_timestamps_and_typed_counts_are_read(tmp_path: Path) -> None:
    rows = many_rows(60)
    for kind in ("TIMESTAMP", "TIMESTAMPTZ", "TIMESTAMP_NS"):
        path = tmp_path / f"{kind}.parquet"
        parquet_file(rows, tmp_path / "text.parquet")
        duckdb.connect().execute("SET TimeZone='UTC'").execute(
            f"COPY (SELECT * REPLACE (timestamp::TIMESTAMP::{kind} AS timestamp, "
            f"output_tokens::INTEGER AS output_tokens, cache_read_tokens::DOUBLE AS cache_read_tokens) "
            f"FROM '{tmp_path / 'text.parquet'}') TO '{path}'"
        )
        assert as_groups(read(path)) == slow_groups(rows)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10_000), parts=st.integers(1, 4))
def test_splitting_and_shuffling_a_log_changes_nothing(
    seed: int, parts: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    rows = many_rows(40, seed)
    folder = tmp_path_factory.mktemp("log")
    whole = read(written(folder, csv_text(rows), "whole.csv"))
    shuffled = random.Random(seed).sample(rows, len(rows))
    writers = [(csv_text, "csv"), (jsonl_text, "jsonl")]
    pieces = folder / "pieces"
    pieces.mkdir()
    for index in range(parts):
        text, ending = writers[(seed + index) % 2]
        written(pieces, text(shuffled[index::parts]), f"{index}.{ending}")
    same(read(pieces), whole)
    same(read(sorted(pieces.iterdir(), reverse=True)), whole)


def test_the_digest_names_the_bytes_and_not_the_files_or_their_order(tmp_path: Path) -> None:
    one, two = written(tmp_path, csv_text([row()]), "a.csv"), written(tmp_path, csv_text([row(requests=2)]), "b.csv")
    first = read([one, two]).sha256
    renamed = one.rename(tmp_path / "z.csv")
    assert read([two, renamed]).sha256 == first
    assert read(two).sha256 != first


def test_a_file_named_twice_is_read_once_and_said(tmp_path: Path) -> None:
    path = written(tmp_path, csv_text(many_rows(30)))
    once = read(path)
    twice = read([path, path])
    same(once, twice)
    assert any("more than once" in note for note in twice.notes)
    copied = read([path, written(tmp_path, path.read_bytes(), "copy.csv")])
    same(once, copied)
    assert any("same content" in note for note in copied.notes)


def test_globs_and_folders(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for index in range(3):
        written(tmp_path / "in", csv_text([row(requests=index + 1)]), f"{index}.csv")
    written(tmp_path / "in", "read me", "README.txt")
    for source in ("in", "in/*.csv", "in/[0-2].csv", "**/?.csv"):
        usage = read_usage(UsageSource(sources=(source,), base_dir=tmp_path), prompt_edges=EDGES)
        assert (usage.records, usage.files) == (3, 3)
    odd = written(tmp_path, csv_text([row()]), "we [1] *?'\".csv")
    assert read(odd).records == 1
    for source in ("nothing-*.csv", "in/9.csv", "https://example.com/log.csv"):
        with pytest.raises(UsageError):
            read_usage(UsageSource(sources=(source,), base_dir=tmp_path), prompt_edges=EDGES)


# ---- values


REFUSED_COUNTS = ["1.5", "NaN", "inf", "1e400", "true", "1,234", "-5", "abc", "9007199254740992", "$5", "0x", "1 2"]
ACCEPTED_COUNTS = {"7": 7, "-0.0": 0, "1e3": 1000, "7.0": 7, " 12 ": 12, "9007199254740991": 2**53 - 1}


@pytest.mark.parametrize("value", REFUSED_COUNTS)
@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_a_count_that_is_not_a_whole_number_is_refused_by_line_field_and_value(
    value: str, form: str, tmp_path: Path
) -> None:
    columns = ("uncached_input_tokens", "cache_read_tokens", "requests")
    rows = [row(), *(row(**{column: value}) for column in columns), row()]
    path = written(tmp_path, csv_text(rows) if form == "csv" else jsonl_text(rows), f"log.{form}")
    places = list(enumerate(columns, start=3 if form == "csv" else 2))
    said = refusal(path)
    assert "3 of 5 rows" in said
    for line, column in places:
        assert f"line {line}: {column} = {value!r}" in said
    kept = read(path, skip_bad_rows=True)
    assert (kept.refused, kept.records) == (3, 2)
    assert [(bad.line, bad.field) for bad in kept.refused_examples] == places
    assert any("refused" in note for note in kept.notes)


@pytest.mark.parametrize("value", ["true", "1.5", "-5", "[1]", '{"a":1}', "NaN", "1e400", '"1,234"'])
def test_json_values_that_are_not_counts_are_refused(value: str, tmp_path: Path) -> None:
    text = jsonl_text([row()]) + jsonl_text([row(output_tokens="@")]).replace('"@"', value)
    assert "line 2: output_tokens" in refusal(written(tmp_path, text, "log.jsonl"))


@pytest.mark.parametrize("value", ACCEPTED_COUNTS)
@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_counts_that_are_whole_are_read_exactly(value: str, form: str, tmp_path: Path) -> None:
    rows = [row(cache_read_tokens=value)]
    usage = read(written(tmp_path, csv_text(rows) if form == "csv" else jsonl_text(rows), f"log.{form}"))
    assert usage.groups["cache_read_tokens"].tolist() == [ACCEPTED_COUNTS[value]]


def test_zero_requests_are_refused_and_sums_never_wrap(tmp_path: Path) -> None:
    assert "one request or more" in refusal(written(tmp_path, csv_text([row(requests=0)])))
    huge = [row(output_tokens=2**53 - 1) for _ in range(3)]
    assert "2**53" in refusal(written(tmp_path, csv_text(huge)))


def test_blank_cells(tmp_path: Path) -> None:
    usage = read(written(tmp_path, csv_text([row(cache_read_tokens="", cache_write_1h_tokens="")])))
    assert usage.groups[["cache_read_tokens", "cache_write_1h_tokens"]].to_numpy().tolist() == [[0, 0]]
    for column in ("uncached_input_tokens", "output_tokens", "requests", "model", "timestamp"):
        said = refusal(written(tmp_path, csv_text([row(), row(**{column: ""})])))
        assert "line 3" in said
        assert column in said


ISO = {
    "2026-06-01": "2026-06-01T00:00:00",
    "2026-06-01 02:00": "2026-06-01T02:00:00",
    "2023-11-16 18:17:03.9799600": "2023-11-16T18:17:03.979960",
    "2026-06-01T00:30:00+02:00": "2026-05-31T22:30:00",
    "2026-06-01T10:00:00.123456789Z": "2026-06-01T10:00:00.123456",
}


@pytest.mark.parametrize("form", ["csv", "jsonl"])
@pytest.mark.parametrize("value", ISO)
def test_iso_times_are_read_in_utc(value: str, form: str, tmp_path: Path) -> None:
    rows = [row(timestamp=value)]
    usage = read(written(tmp_path, csv_text(rows) if form == "csv" else jsonl_text(rows), f"log.{form}"))
    assert usage.first.replace(tzinfo=None).isoformat() == ISO[value]
    assert usage.groups["day"][0].date().isoformat() == ISO[value][:10]
    naive = not value.endswith("Z") and "+" not in value
    assert any("taken as UTC" in note for note in usage.notes) == naive


@pytest.mark.parametrize("form", ["csv", "jsonl"])
@pytest.mark.parametrize(
    "value", ["03/04/2026", "2026-02-29", "1780000000", "infinity", "epoch", "1 June 2026", "2026-06", "yesterday"]
)
def test_times_that_are_not_iso_are_refused(value: str, form: str, tmp_path: Path) -> None:
    rows = [row(), row(timestamp=value)]
    said = refusal(written(tmp_path, csv_text(rows) if form == "csv" else jsonl_text(rows), f"log.{form}"))
    assert "1 of 2 rows" in said
    assert "ISO" in said
    assert f"timestamp = {value!r}" in said


def test_an_epoch_number_in_json_is_not_a_time(tmp_path: Path) -> None:
    assert "timestamp" in refusal(written(tmp_path, jsonl_text([row(timestamp=1780000000)]), "log.jsonl"))


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_untagged_is_a_type_and_is_not_dropped(form: str, tmp_path: Path) -> None:
    rows = [row(request_type=""), row(request_type="  "), row(request_type="answer")]
    usage = read(written(tmp_path, csv_text(rows) if form == "csv" else jsonl_text(rows), f"log.{form}"))
    assert usage.groups.set_index("request_type")["requests"].to_dict() == {"untagged": 2, "answer": 1}
    bare = [{name: value for name, value in row().items() if name != "request_type"}]
    assert read(written(tmp_path, jsonl_text(bare), "bare.jsonl")).groups["request_type"].tolist() == ["untagged"]


def test_absent_columns_are_said(tmp_path: Path) -> None:
    header = ["timestamp", "model", "uncached_input_tokens", "output_tokens"]
    usage = read(written(tmp_path, csv_text([row(), row()], header)))
    assert usage.groups["requests"].tolist() == [2]
    assert usage.groups[list(TOKEN_COLUMNS[1:4])].to_numpy().sum() == 0
    said = " ".join(usage.notes)
    assert "one request" in said
    assert "cache_read_tokens, cache_write_5m_tokens, cache_write_1h_tokens" in said


def test_fields_that_only_later_json_rows_have_are_read(tmp_path: Path) -> None:
    few = ("timestamp", "model", "uncached_input_tokens", "output_tokens")
    early = [{name: row()[name] for name in few}] * 2500
    usage = read(written(tmp_path, jsonl_text([*early, row(requests=3, service_tier="batch")]), "log.jsonl"))
    late = usage.groups[usage.groups["service_tier"] == "batch"].iloc[0]
    assert (late["requests"], late["cache_read_tokens"], late["request_type"]) == (3, 20, "answer")
    assert usage.groups["requests"].sum() == 2503
    assert not any("counted as zero" in note or "one request" in note for note in usage.notes)


def test_files_with_and_without_a_column_can_be_read_together(tmp_path: Path) -> None:
    short = ["timestamp", "request_type", "model", "uncached_input_tokens", "output_tokens"]
    one = written(tmp_path, csv_text([row()], short), "one.csv")
    two = written(tmp_path, csv_text([row(requests=5)]), "two.csv")
    usage = read([one, two])
    assert int(usage.groups["requests"].sum()) == 6
    assert int(usage.groups["cache_read_tokens"].sum()) == 20


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_server_tools_that_a_log_leaves_open_are_zero_and_no_fault(form: str, tmp_path: Path) -> None:
    """Without the columns, with blank cells and in files of either kind read together."""
    text, rows = (csv_text, [row(requests=2), row()]) if form == "csv" else (jsonl_text, [row(requests=2), row()])
    for each in rows:
        for name in SERVER_TOOL_COLUMNS:
            del each[name]
    header = [[name for name in HEADER if name not in SERVER_TOOL_COLUMNS]] if form == "csv" else []
    bare = written(tmp_path, text(rows, *header), f"bare.{form}")
    blank = written(tmp_path, text([row(web_search_requests="" if form == "csv" else None)]), f"blank.{form}")
    with_use = written(tmp_path, text([row(web_search_requests=5, code_execution_seconds=90)]), f"use.{form}")
    assert read(bare).groups[list(SERVER_TOOL_COLUMNS)].to_numpy().tolist() == [[0, 0]] * 2
    assert not any("web_search" in note or "code_execution" in note for note in read(bare).notes)
    together = read([bare, blank, with_use])
    assert (together.records, together.refused) == (4, 0)
    assert together.groups[list(SERVER_TOOL_COLUMNS)].sum().tolist() == [5, 90]


def test_refused_rows_take_their_server_tools_along(tmp_path: Path) -> None:
    rows = [
        row(web_search_requests=3),
        row(web_search_requests=40, output_tokens="x"),
        row(web_search_requests="-1"),
        row(code_execution_seconds="1.5", web_search_requests=500),
    ]
    path = written(tmp_path, csv_text(rows))
    said = refusal(path)
    assert "line 4: web_search_requests = '-1'" in said
    assert "line 5: code_execution_seconds = '1.5': a count is a whole number" in said
    usage = read(path, skip_bad_rows=True)
    assert (usage.refused, usage.groups["web_search_requests"].tolist()) == (3, [3])


def test_billed_cost(tmp_path: Path) -> None:
    header = [*HEADER, "billed_cost_usd"]
    rows = [row(billed_cost_usd="0.25"), row(billed_cost_usd=""), row(request_type="free", billed_cost_usd="")]
    usage = read(written(tmp_path, csv_text(rows, header)))
    billed = usage.groups.set_index("request_type")
    assert billed.loc["answer", "billed_cost_usd"] == 0.25
    assert billed.loc["answer", "billed_records"] == 1
    assert math.isnan(billed.loc["free", "billed_cost_usd"])
    for value in ("$5", "NaN", "1e999"):
        assert "billed_cost_usd" in refusal(written(tmp_path, csv_text([row(billed_cost_usd=value)], header)))


# ---- prompt lengths


@pytest.mark.parametrize(("prompt", "above"), [(99_999, 0), (100_000, 0), (100_001, 100_000), (200_001, 200_000)])
def test_a_prompt_exceeds_an_edge_only_above_it(prompt: int, above: int, tmp_path: Path) -> None:
    each = row(
        uncached_input_tokens=prompt - 30, cache_read_tokens=10, cache_write_5m_tokens=10, cache_write_1h_tokens=10
    )
    assert read(written(tmp_path, csv_text([each]))).groups["prompt_above"].tolist() == [above]


@pytest.mark.parametrize(
    ("window", "above"),
    [("0-100k", 0), ("0-200k", -1), ("100k-200k", 100_000), ("200k-1M", 200_000), ("", -1), ("?", -1), ("≤ 100k", 0)],
)
def test_a_record_of_several_requests_takes_its_length_from_its_window_only(
    window: str, above: int, tmp_path: Path
) -> None:
    for tokens in (5, 900_000):
        each = row(requests=2, uncached_input_tokens=tokens, context_window=window)
        assert read(written(tmp_path, csv_text([each]))).groups["prompt_above"].tolist() == [above]


def test_windows() -> None:
    assert window_exceeds("0-200k", 200_000) is False
    assert window_exceeds("0-200k", 100_000) is None
    assert window_exceeds("200k-1M", 200_000) is True
    assert window_exceeds("200k-1M", 260_000) is None
    assert window_exceeds("> 200k", 100_000) is True
    assert window_exceeds("<= 0.2M", 200_000) is False
    assert window_exceeds("1M-200k", 100_000) is None
    assert window_exceeds("", 100_000) is None


# ---- files that are at fault as a whole


def test_ragged_rows_are_counted_and_shown(tmp_path: Path) -> None:
    good = csv_text([row(), row()])
    short, long = "2026-06-01,answer,claude-opus-5-5\n", csv_text([row()]).splitlines()[1] + ",,1,2,3\n"
    path = written(tmp_path, good + short + long)
    said = refusal(path)
    assert "2 of 4 rows" in said
    assert "line 4" in said
    assert "fewer columns" in said
    assert "line 5" in said
    assert "more columns" in said
    kept = read(path, skip_bad_rows=True)
    assert (kept.records, kept.refused) == (2, 2)


def test_line_numbers_hold_after_ragged_rows_and_quoted_line_breaks(tmp_path: Path) -> None:
    lines = csv_text([row(request_type="two\nlines"), row(), row(output_tokens=-1)]).splitlines(keepends=True)
    path = written(tmp_path, "".join([*lines[:3], "ragged\n", *lines[3:]]))
    kept = read(path, skip_bad_rows=True)
    assert {(bad.line, bad.field) for bad in kept.refused_examples} >= {(4, "row"), (6, "output_tokens")}


def test_malformed_json_lines_are_counted_and_shown(tmp_path: Path) -> None:
    path = written(tmp_path, jsonl_text([row()]) + "{bad\n\n[1,2]\n" + jsonl_text([row()]), "log.jsonl")
    said = refusal(path)
    assert "2 of 4 rows" in said
    assert "line 2: not a JSON object: the line lacks the name of a value at character 2 (4 characters)" in said
    assert "{bad" not in said
    assert "line 4: not a JSON object but a list (5 characters)" in said
    assert read(path, skip_bad_rows=True).records == 2


FILES_AT_FAULT: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "0 rows"),
    "blank lines only": (b"\n\n\n", "0 rows"),
    "header only": (csv_text([]).encode(), "0 rows"),
    "xlsx": (b"PK\x03\x04" + bytes(60), "CSV"),
    "old excel": (b"\xd0\xcf\x11\xe0" + bytes(60), "CSV"),
    "utf-16": (csv_text([row()]).encode("utf-16"), "UTF-16"),
    "utf-16 without a mark": (csv_text([row()]).encode("utf-16-le"), "UTF-16"),
    "latin-1 header": (csv_text([row()]).replace("context_window", "größe").encode("latin-1"), "UTF-8"),
    "blank line first": (b"\n" + csv_text([row()]).encode(), "blank line"),
    "duplicate header": (csv_text([row()]).replace("context_window", "model").encode(), "two columns named 'model'"),
    "semicolons": (csv_text([row()]).replace(",", ";").encode(), "semicolons"),
    "tabs": (csv_text([row()]).replace(",", "\t").encode(), "tabs"),
    "truncated array": (json.dumps([row(), row()]).encode()[:-40], "after element 1: cut off"),
    "array of numbers": (b"[1, 2]", "not a JSON object"),
    "truncated object": (json.dumps(row(), indent=1).encode()[:-4], "cut off"),
    "truncated gzip": (gzip.compress(csv_text(many_rows(3000)).encode())[:-300], "cut off"),
    "damaged gzip": (
        (lambda data: data[:-6] + bytes([data[-6] ^ 1]) + data[-5:])(gzip.compress(csv_text(many_rows(90)).encode())),
        "damaged",
    ),
    "truncated zstd": (zstandard.compress(csv_text(many_rows(3000)).encode())[:-50], "cut off"),
    "unclosed quote": (csv_text([row(), row()]).replace("answer", '"answer', 1).encode(), "quote"),
    "mixed line ends": (csv_text([row(context_window="a")] * 3).encode().replace(b"\n", b"\r\n", 3), "line endings"),
    "not a parquet file": (b"PAR1" + bytes(40), "cannot be read"),
}  # fmt: skip


@pytest.mark.parametrize("fault", FILES_AT_FAULT)
def test_a_file_at_fault_is_refused_by_name_with_a_remedy(fault: str, tmp_path: Path) -> None:
    data, remedy = FILES_AT_FAULT[fault]
    said = refusal(written(tmp_path, data))
    assert remedy in said
    assert "log.csv" in said


def test_damage_far_into_a_compressed_file_is_not_taken_for_its_end(tmp_path: Path) -> None:
    text = csv_text(many_rows(30_000)).encode()
    for data in (gzip.compress(text), zstandard.compress(text)):
        for cut in (len(data) // 2, len(data) - 1):
            assert "cut off" in refusal(written(tmp_path, data[:cut]))
    flipped = bytearray(gzip.compress(text))
    flipped[len(flipped) // 2] ^= 0xFF
    assert refusal(written(tmp_path, bytes(flipped)))


def test_rows_that_are_not_utf8_or_hold_nul_bytes_are_refused(tmp_path: Path) -> None:
    latin = csv_text([row(), row(request_type="größe")]).encode("latin-1")
    assert "UTF-8" in refusal(written(tmp_path, latin))
    nul = csv_text([row(), row(request_type="an\0swer")]).encode()
    said = refusal(written(tmp_path, nul))
    assert "line 3" in said
    assert "NUL" in said
    assert "1 of 2" in said
    assert "output_tokens" in refusal(written(tmp_path, csv_text([row(), row(output_tokens="\0" + "5")]).encode()))


def test_a_log_without_records_is_left_out_only_when_asked(tmp_path: Path) -> None:
    full, empty = written(tmp_path, csv_text([row()]), "full.csv"), written(tmp_path, csv_text([]), "empty.csv")
    with pytest.raises(UsageError, match=r"empty\.csv"):
        read([full, empty])
    kept = read([full, empty], skip_bad_rows=True)
    assert kept.records == 1
    assert any("empty.csv" in note for note in kept.notes)
    with pytest.raises(UsageError, match="There is no usage record"):
        read(empty, skip_bad_rows=True)
    with pytest.raises(UsageError, match="none is left"):
        read(written(tmp_path, csv_text([row(model="")])), skip_bad_rows=True)


def test_missing_columns_name_what_was_seen_and_suggest_a_mapping(tmp_path: Path) -> None:
    text = "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:17:03.9799600,4808,10\n"
    said = refusal(written(tmp_path, text))
    assert "Fields seen: TIMESTAMP, ContextTokens, GeneratedTokens" in said
    assert 'timestamp = "TIMESTAMP"' in said
    assert 'uncached_input_tokens = "ContextTokens"' in said
    assert 'output_tokens = "GeneratedTokens"' in said


# ---- mappings and formats


def test_a_foreign_csv_is_read_by_a_mapping_and_the_file_names_are_types(tmp_path: Path) -> None:
    head = "TIMESTAMP,ContextTokens,GeneratedTokens\n"
    one = written(tmp_path, head + "2023-11-16 18:17:03.9799600,4808,10\n", "code.v1.csv")
    two = written(tmp_path, head + "2023-11-16 18:15:46.6805900,374,44\n", "conv.csv")
    columns = {
        "timestamp": "TIMESTAMP",
        "uncached_input_tokens": "ContextTokens",
        "output_tokens": "GeneratedTokens",
        "request_type": "@file",
    }
    usage = read([one, two], columns=columns, constants={"model": "claude-opus-5-5"})
    groups = usage.groups.set_index("request_type")
    assert groups["uncached_input_tokens"].to_dict() == {"code.v1": 4808, "conv": 374}
    assert set(groups["model"]) == {"claude-opus-5-5"}
    assert usage.first == datetime(2023, 11, 16, 18, 15, 46, 680590, tzinfo=UTC)


@pytest.mark.parametrize(
    "options",
    [
        {"columns": {"timestmp": "timestamp"}},
        {"columns": {"timestamp": "TIME"}},
        {"columns": {"output_tokens": "@file"}},
        {"columns": {"model": "model"}, "constants": {"model": "claude-opus-5-5"}},
        {"constants": {"colour": "red"}},
        {"format": "antropic"},
        {"request_type": "feature"},
    ],
)
def test_a_mapping_that_cannot_be_is_refused(options: dict[str, object], tmp_path: Path) -> None:
    assert refusal(written(tmp_path, csv_text([row()])), **options)


def message(**changes: object) -> Row:
    """Without an id: rows that a test repeats are requests of their own."""
    usage: dict[str, object] = {
        "input_tokens": 100,
        "cache_read_input_tokens": 20,
        "cache_creation_input_tokens": 7,
        "cache_creation": {"ephemeral_5m_input_tokens": 3, "ephemeral_1h_input_tokens": 4},
        "output_tokens": 50,
        "output_tokens_details": {"thinking_tokens": 5},
        "service_tier": "standard",
        "inference_geo": "us",
        "server_tool_use": {"web_search_requests": 0, "web_fetch_requests": 0},
        "speed": None,
    }
    record: Row = {
        "timestamp": "2026-06-01T10:00:00Z",
        "request_type": "answer",
        "model": "claude-opus-5-5",
        "usage": usage | changes,
    }
    return record


def test_messages_and_the_canonical_format_say_the_same(tmp_path: Path) -> None:
    messages = [message(input_tokens=100 + index) for index in range(9)]
    canonical = [row(uncached_input_tokens=100 + index, inference_geo="us") for index in range(9)]
    theirs = read(written(tmp_path, jsonl_text(messages), "messages.jsonl"))
    same(theirs, read(written(tmp_path, jsonl_text(canonical), "canonical.jsonl")))
    assert theirs.format == "anthropic-messages"


def test_messages_tell_their_web_searches_wherever_they_begin(tmp_path: Path) -> None:
    """The object may be null, absent or lack the count; the API tells no time of code execution."""
    silent = [message(server_tool_use=None), message(server_tool_use={"web_fetch_requests": 2})]
    without = message()
    del without["usage"]["server_tool_use"]  # type: ignore[attr-defined]
    early = [*silent, without] * 700
    usage = read(
        written(tmp_path, jsonl_text([*early, message(server_tool_use={"web_search_requests": 4})]), "m.jsonl")
    )
    assert (usage.records, usage.groups["web_search_requests"].sum()) == (2101, 4)
    assert usage.groups["code_execution_seconds"].sum() == 0


def test_cache_writes_without_a_split_are_5_minute_writes_and_said(tmp_path: Path) -> None:
    usage = read(written(tmp_path, jsonl_text([message(), message(cache_creation=None)]), "m.jsonl"))
    assert usage.groups["cache_write_5m_tokens"].tolist() == [3 + 7]
    assert usage.groups["cache_write_1h_tokens"].tolist() == [4]
    assert any("7 cache write tokens" in note and "5-minute" in note for note in usage.notes)


def test_a_message_without_its_usage_is_refused(tmp_path: Path) -> None:
    said = refusal(written(tmp_path, jsonl_text([message(), message() | {"usage": "lost"}]), "m.jsonl"))
    assert "1 of 2" in said
    assert "usage.input_tokens" in said


def test_the_request_type_may_be_any_field(tmp_path: Path) -> None:
    records = [message() | {"metadata": {"feature": name}, "app.name": name} for name in ("triage", "extract")]
    path = written(tmp_path, jsonl_text(records), "m.jsonl")
    for field in ("metadata.feature", "app.name"):
        assert read(path, request_type=field).groups["request_type"].tolist() == ["extract", "triage"]


def test_input_that_includes_cache_tokens_is_taken_apart(tmp_path: Path) -> None:
    header = ["timestamp", "model", "prompt_tokens", "cached", "output_tokens"]
    columns = {"input_tokens_including_cache": "prompt_tokens", "cache_read_tokens": "cached"}
    path = written(tmp_path, csv_text([row(prompt_tokens=100, cached=30)], header))
    usage = read(path, columns=columns)
    assert usage.groups[["uncached_input_tokens", "cache_read_tokens"]].to_numpy().tolist() == [[70, 30]]
    worse = written(tmp_path, csv_text([row(prompt_tokens=10, cached=30)], header), "worse.csv")
    assert "exceed" in refusal(worse, columns=columns)
    apart = [row(uncached_input_tokens=1, cache_read_tokens=90_000)]
    assert read(written(tmp_path, csv_text(apart), "apart.csv")).refused == 0


# ---- the rest of the contract


def test_progress_ends_at_one(tmp_path: Path) -> None:
    heard: list[float] = []
    source = UsageSource(sources=(str(written(tmp_path, csv_text(many_rows()))),), base_dir=tmp_path)
    read_usage(source, prompt_edges=EDGES, progress=heard.append)
    assert heard[-1] == 1.0
    assert all(0 <= part <= 1 for part in heard)


def test_progress_is_told_where_it_was_asked_for_and_may_stop_the_scan(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page can be drawn in its own thread only: drawn in another one, the browser was left with an empty page."""
    monkeypatch.setattr("planner.usage.read._POLL_SECONDS", 0.001)
    threads: list[int] = []
    asked_twice = threading.Event()

    def told(done: float) -> None:
        threads.append(threading.get_ident())
        if len(threads) == 2:
            asked_twice.set()

    connection = SimpleNamespace(query_progress=lambda: 50.0)
    assert _reporting(connection, told, lambda: asked_twice.wait(60)), "asked while the scan ran, not only at its end"
    source = UsageSource(sources=(str(written(tmp_path, csv_text(many_rows()))),), base_dir=tmp_path)
    read_usage(source, prompt_edges=EDGES, progress=told)
    assert set(threads) == {threading.get_ident()}

    def leaves(done: float) -> None:
        raise InterruptedError(f"left at {done}")

    with pytest.raises(InterruptedError, match="left at"):
        read_usage(source, prompt_edges=EDGES, progress=leaves)


def test_a_scan_that_had_not_begun_when_it_was_stopped_is_stopped_when_it_does(monkeypatch: pytest.MonkeyPatch) -> None:
    """DuckDB forgets an interrupt that comes before the query."""
    monkeypatch.setattr("planner.usage.read._POLL_SECONDS", 0.01)
    database = duckdb.connect()
    database.execute("SET enable_progress_bar = true; SET enable_progress_bar_print = false")
    slow = "SELECT count(*) FROM range(10_000_000_000) WHERE hash(range) = 1"
    ended: list[str] = []

    def query() -> None:
        time.sleep(0.2)
        try:
            database.execute(slow).fetchall()
        except duckdb.InterruptException:
            ended.append("interrupted")

    def leaves(done: float) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        _reporting(database, leaves, query)
    assert ended == ["interrupted"]


def test_groups_have_the_promised_columns_and_types(tmp_path: Path) -> None:
    groups = read(written(tmp_path, csv_text(many_rows()))).groups
    keys = ["day", *KEY_COLUMNS, "prompt_above"]
    assert not groups.duplicated(keys).any()
    assert all(groups[name].dtype == "int64" for name in (*COUNT_COLUMNS, "records", "prompt_above"))
    assert groups["billed_cost_usd"].dtype == "float64"
    assert [column.name for column in COLUMNS if column.required] == [
        "timestamp", "model", "uncached_input_tokens", "output_tokens",
    ]  # fmt: skip


def test_hostile_text_stays_text(tmp_path: Path) -> None:
    names = ["=HYPERLINK(1)", "'; DROP TABLE x; --", "<script>", "\u202eabc", "🙂", "a" * 40_000]
    usage = read(written(tmp_path, csv_text([row(request_type=name) for name in names])))
    assert sorted(usage.groups["request_type"]) == sorted(names)
