"""Requests that a log holds more than once are counted once, whatever the order, the files and the formats."""

import gzip
import json
import random
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from planner.units import TOKEN_COLUMNS
from planner.usage.duplicates import shown_id
from planner.usage.read import Usage, UsageSource, read_usage

EDGES = (1_000,)
KEYS = ("request_type", "model", "service_tier")
Row = dict[str, object]

CHOICES = st.fixed_dictionaries(
    {
        "timestamp": st.sampled_from(["2026-06-01T23:59:59Z", "2026-06-02T00:00:01Z", "2026-06-02T10:00:00+02:00"]),
        "request_type": st.sampled_from(["triage", "answer", ""]),
        "model": st.sampled_from(["claude-opus-5-5", "claude-haiku-5-5"]),
        "requests": st.sampled_from([1, 1, 1, 1, 5]),
        "request_id": st.sampled_from([None, "", "a", "b", "c", "Ä", " a", "  ", "sk-ant-api03-secret-of-someone"]),
        "service_tier": st.sampled_from(["standard", "batch"]),
        "billed_cost_usd": st.sampled_from([None, 0.25, 0.5]),
        **{name: st.sampled_from([0, 7, 600]) for name in TOKEN_COLUMNS},
    }
)
LOGS = st.lists(CHOICES, min_size=1, max_size=12)


def one_request(rows: Sequence[Row]) -> Row:
    """The oracle: what the rows of one request come to."""

    def rank(row: Row) -> tuple[int, str]:
        return -int(str(row["output_tokens"])), "\x1f".join(str(row[name]) for name in KEYS)

    merged = dict(min(rows, key=rank))
    for name in TOKEN_COLUMNS:
        merged[name] = max(int(str(row[name])) for row in rows)
    bills = [float(str(row["billed_cost_usd"])) for row in rows if row["billed_cost_usd"] is not None]
    merged["billed_cost_usd"] = max(bills) if bills else None
    merged["timestamp"] = min((str(row["timestamp"]) for row in rows), key=moment)
    return merged


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def counted_once(rows: Iterable[Row]) -> list[Row]:
    by_id: dict[str, list[Row]] = defaultdict(list)
    kept: list[Row] = []
    for row in rows:
        name = str(row["request_id"] or "")
        (by_id[name] if name.strip() and row["requests"] == 1 else kept).append(row)
    return kept + [one_request(group) for group in by_id.values()]


def sums(rows: Iterable[Row]) -> dict[tuple[object, ...], list[float]]:
    found: dict[tuple[object, ...], list[float]] = defaultdict(lambda: [0.0] * (len(TOKEN_COLUMNS) + 3))
    for row in rows:
        counts = [int(str(row[name])) for name in TOKEN_COLUMNS]
        above = -1 if row["requests"] != 1 else 1_000 if sum(counts[:-1]) > 1_000 else 0
        kind = row["request_type"] or "untagged"
        billed = row["billed_cost_usd"]
        group = found[(moment(str(row["timestamp"])).date(), kind, row["model"], row["service_tier"], above)]
        values = [float(str(row["requests"])), *counts, float(str(billed or 0)), float(billed is not None)]
        group[:] = [a + b for a, b in zip(group, values, strict=True)]
    return dict(found)


def read_sums(usage: Usage) -> dict[tuple[object, ...], list[float]]:
    columns = ["requests", *TOKEN_COLUMNS, "billed_cost_usd", "billed_records"]
    return {
        (row["day"].date(), row["request_type"], row["model"], row["service_tier"], row["prompt_above"]): [
            0.0 if pd.isna(row[name]) else float(row[name]) for name in columns
        ]
        for row in usage.groups.to_dict("records")
    }


def read(*paths: Path, **options: object) -> Usage:
    source = UsageSource(sources=tuple(map(str, paths)), base_dir=paths[0].parent, **options)  # type: ignore[arg-type]
    return read_usage(source, prompt_edges=EDGES)


def write(rows: Sequence[Row], path: Path) -> Path:
    if path.suffix == ".parquet":
        frame = pd.DataFrame(list(rows)).astype({"request_id": "string", "billed_cost_usd": "float64"})
        frame.to_parquet(path)
    elif path.suffix == ".csv":
        pd.DataFrame(list(rows)).to_csv(path, index=False)
    else:
        path.write_bytes(gzip.compress("".join(json.dumps(row) + "\n" for row in rows).encode()))
    return path


def request(**changes: object) -> Row:
    base: Row = {
        "timestamp": "2026-06-01T10:00:00Z",
        "request_type": "answer",
        "model": "claude-opus-5-5",
        "requests": 1,
        "request_id": "req_1",
        "service_tier": "standard",
        "billed_cost_usd": None,
        **dict.fromkeys(TOKEN_COLUMNS, 10),
    }
    return base | changes


STREAMED = [request(output_tokens=tokens, timestamp=f"2026-06-01T10:00:0{tokens}Z") for tokens in (1, 4, 9)]


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=LOGS, parts=st.integers(1, 3), seed=st.integers(0, 99))
@example(rows=STREAMED, parts=3, seed=0)
@example(rows=[request(request_id=None), request(request_id=None), request(request_id="")], parts=1, seed=0)
def test_every_request_counts_once_however_the_log_is_split_and_shuffled(
    rows: list[Row], parts: int, seed: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    once = counted_once(rows)
    shuffled = random.Random(seed).sample(rows, len(rows))
    folder = tmp_path_factory.mktemp("log")
    pieces = [piece for index in range(parts) if (piece := shuffled[index::parts])]
    # a column of its own tells files apart, so that none is left out as a copy of another
    paths = [
        write([row | {"file": f"{seed} {index}"} for row in piece], folder / f"{index}{ending}")
        for index, piece in enumerate(pieces)
        for ending in [(".parquet", ".csv", ".jsonl.gz")[(seed + index) % 3]]
    ]
    usage = read(*paths)
    assert read_sums(usage) == sums(once)
    assert usage.facts.duplicates == len(rows) - len(once)
    assert usage.records == len(once)
    assert usage.facts.rows_read == len(rows)


def test_an_id_counts_once_across_formats(tmp_path: Path) -> None:
    message = {
        "timestamp": "2026-06-01T10:00:00Z",
        "id": "msg_1",
        "model": "claude-opus-5-5",
        "usage": {"input_tokens": 5, "output_tokens": 50},
    }
    first = tmp_path / "messages.jsonl"
    first.write_text(json.dumps(message) + "\n", encoding="utf-8")
    second = write([request(request_id="msg_1", output_tokens=20)], tmp_path / "own.csv")
    usage = read(first, second)
    assert usage.facts.duplicates == 1
    assert usage.groups[["records", "uncached_input_tokens", "output_tokens"]].to_numpy().tolist() == [[1, 10, 50]]


def test_ids_that_the_first_rows_lack_count_as_well(tmp_path: Path) -> None:
    """Of JSON only the first thousand rows are looked at before the scan."""
    plain = [{name: value for name, value in request().items() if name != "request_id"}] * 1_001
    usage = read(write([*plain, *STREAMED], tmp_path / "log.jsonl.gz"))
    assert (usage.records, usage.facts.duplicates) == (1_002, 2)


def test_what_was_counted_once_is_said_with_its_first_ids_and_no_key(tmp_path: Path) -> None:
    key = "sk-ant-api03-0123456789"
    rows = [request(request_id=name, request_type=name[:2]) for name in (*"dcba", key) for _ in range(2)]
    usage = read(write(rows, tmp_path / "log.csv"))
    note = next(note for note in usage.notes if "request id" in note)
    assert note == "5 rows repeat a request id and were counted once, such as 'a', 'b', 'c'."
    only = read(write([request(request_id=key)] * 2, tmp_path / "key.csv"))
    assert key[:8] not in " ".join(only.notes)
    assert shown_id("x" * 60) == "x" * 40 + "..."


def test_ids_that_repeat_over_days_are_doubted(tmp_path: Path) -> None:
    near = [request(timestamp=f"2026-06-0{day}T00:00:00Z") for day in (1, 2)]
    far = [request(timestamp=f"2026-06-0{day}T00:00:00Z") for day in (1, 3)]
    assert not any("session" in note for note in read(write(near, tmp_path / "near.csv")).notes)
    assert any(
        note.startswith("1 request ids repeat over more") for note in read(write(far, tmp_path / "far.csv")).notes
    )


def test_a_column_that_holds_nothing_is_blank_and_not_of_a_wrong_type(tmp_path: Path) -> None:
    """pandas and Arrow give a Parquet column of nothing but None a type of its own."""
    path = tmp_path / "log.parquet"
    pd.DataFrame([request(request_id=None), request(request_id=None)]).to_parquet(path)
    usage = read(path)
    assert (usage.records, usage.facts.duplicates) == (2, 0)
    assert usage.groups["billed_cost_usd"].isna().all()


def test_a_refused_row_is_no_request(tmp_path: Path) -> None:
    rows = [request(), request(output_tokens="many"), request(output_tokens=30)]
    usage = read(write(rows, tmp_path / "log.csv"), skip_bad_rows=True)
    assert (usage.records, usage.refused, usage.facts.duplicates, usage.facts.rows_read) == (1, 1, 1, 3)
    assert usage.groups["output_tokens"].tolist() == [30]
