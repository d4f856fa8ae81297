"""A log is what happened, however it is cut up, shuffled, packed and mixed; what is in it twice happened once."""

import gzip
import io
import json
import random
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest
import zstandard
from format_writers import MODELS, SOURCES, TYPES, Lack, Request, Source, jsonl, mix, planner, tally

from planner.prices import PriceBook
from planner.usage.read import Usage, UsageSource, read_usage

COUNTS = {
    "requests": "requests",
    "uncached": "uncached_input_tokens",
    "read": "cache_read_tokens",
    "write_5m": "cache_write_5m_tokens",
    "write_1h": "cache_write_1h_tokens",
    "output": "output_tokens",
}
COMMON_LACKS: frozenset[Lack] = frozenset({"lifetimes", "tier"})


def a_log(count: int = 30, seed: int = 7) -> list[Request]:
    """Requests from 29 September to 2 October, each with an id of its own; some on the stroke of midnight."""
    rng = random.Random(seed)
    return [
        Request(
            number=number,
            moment=datetime(2026, 9, 29, tzinfo=UTC)
            + timedelta(seconds=rng.choice([0, 172_800, rng.randrange(345_600)])),
            request_type=rng.choice(TYPES),
            model=rng.choice(list(MODELS)),
            uncached=rng.randrange(200_000),
            read=rng.choice([0, 5_000]),
            write_5m=rng.choice([0, 70]),
            write_1h=rng.choice([0, 9]),
            output=rng.randrange(4_000),
            is_batch=rng.random() < 0.2,
        )
        for number in range(count)
    ]


LOG = a_log()


def read(*paths: Path, source: Source = SOURCES["planner.csv"]) -> Usage:
    usage = UsageSource(
        sources=tuple(map(str, paths)),
        base_dir=paths[0].parent,
        constants=source.constants,
        request_type=source.request_type,
    )
    return read_usage(usage, prompt_edges=(100_000,))


def written(path: Path, data: bytes) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)
    return path


def same(one: Usage, other: Usage) -> None:
    pd.testing.assert_frame_equal(one.groups, other.groups)
    assert (one.records, one.refused) == (other.records, other.refused)


def told(usage: Usage, lacks: frozenset[Lack] = frozenset()) -> object:
    book = PriceBook.load()
    rows = []
    for group in usage.groups.to_dict("records"):
        key = (group["request_type"], book.resolve(group["model"]), f"{group['day']:%Y-%m}", group["service_tier"])
        rows.append((key, {name: int(group[column]) for name, column in COUNTS.items()}))
    return tally(rows, lacks)


def shuffled(log: Sequence[Request], seed: int = 1) -> list[Request]:
    return random.Random(seed).sample(list(log), len(log))


def plain_bytes(data: bytes) -> bytes:
    return gzip.decompress(data) if data.startswith(b"\x1f\x8b") else data


PACKED: dict[str, Callable[[bytes], bytes]] = {"": bytes, ".gz": gzip.compress, ".zst": zstandard.compress}
CUT = ["planner.csv", "messages.jsonl", "spend-logs.csv", "langfuse.jsonl", "bedrock.json.gz", "spans.jsonl"]


@pytest.mark.parametrize("name", CUT)
def test_cut_up_shuffled_and_packed_anew_a_log_says_the_same(name: str, tmp_path: Path) -> None:
    source = SOURCES[name]
    ending = "." + source.file.split(".")[1]
    whole = read(written(tmp_path / source.file, source.write(LOG)), source=source)
    assert told(whole, source.lacks) == mix(LOG, source.lacks)
    folder = tmp_path / "parts"
    mixed = shuffled(LOG)
    for index, (packing, pack) in enumerate(PACKED.items()):
        written(folder / f"{index}{ending}{packing}", pack(plain_bytes(source.write(mixed[index::3]))))
    same(read(folder, source=source), whole)
    same(read(*sorted(folder.iterdir(), reverse=True), source=source), whole)


@pytest.mark.parametrize(
    "name", ["messages.jsonl", "bedrock.json.gz", "spans.jsonl", "telemetry.jsonl", "session.jsonl"]
)
def test_json_lines_put_one_after_the_other_say_what_they_said(name: str, tmp_path: Path) -> None:
    """Rotated logs are often put together with cat: plain lines, members of gzip, frames of zstd."""
    source = SOURCES[name]
    halves = [plain_bytes(source.write(part)) for part in (LOG[:15], LOG[15:])]
    whole = read(written(tmp_path / "whole.jsonl", plain_bytes(source.write(LOG))), source=source)
    for packing, pack in PACKED.items():
        together = written(tmp_path / f"cat.jsonl{packing}", b"".join(map(pack, halves)))
        found = read(together, source=source)
        pd.testing.assert_frame_equal(found.groups, whole.groups)


def as_parquet(csv: bytes) -> bytes:
    out = io.BytesIO()
    pd.read_csv(io.BytesIO(csv)).to_parquet(out)
    return out.getvalue()


def as_json_lines(csv: bytes) -> bytes:
    return jsonl(json.loads(pd.read_csv(io.BytesIO(csv)).to_json(orient="records")))


@pytest.mark.parametrize("name", ["planner.csv", "claude_api_tokens.csv", "spend-logs.csv", "daily-tags.csv"])
def test_tables_say_the_same_as_csv_json_lines_and_parquet(name: str, tmp_path: Path) -> None:
    source = SOURCES[name]
    text = source.write(LOG)
    whole = read(written(tmp_path / "log.csv", text), source=source)
    for ending, data in (("jsonl", as_json_lines(text)), ("parquet", as_parquet(text))):
        found = read(written(tmp_path / f"log.{ending}", data), source=source)
        assert found.format == source.format
        assert told(found, source.lacks) == told(whole, source.lacks) == _expected(source)


def _expected(source: Source) -> object:
    found = mix(LOG, source.lacks)
    names = {each.request_type: source.type_name(each) for each in LOG}
    return {(names[key[0]], *key[1:]): counts for key, counts in found.items()}


TAGGED = ["planner.csv", "messages.jsonl", "spend-logs.jsonl", "spend-logs.csv", "langfuse.jsonl", "bedrock.json.gz",
          "spans.jsonl", "telemetry.jsonl"]  # fmt: skip


def test_parts_in_several_formats_in_one_folder_are_one_log(tmp_path: Path) -> None:
    """Each part has its source's usual tag as request type, so that nobody has to say where it is."""
    mixed = shuffled(LOG)
    for index, name in enumerate(TAGGED):
        written(tmp_path / "in" / SOURCES[name].file, SOURCES[name].write(mixed[index :: len(TAGGED)]))
    usage = read(tmp_path / "in")
    assert usage.format.split(", ") == sorted({SOURCES[name].format for name in TAGGED})
    assert told(usage, COMMON_LACKS) == mix(LOG, COMMON_LACKS)


# ---- what is there twice


def test_the_same_requests_under_another_name_and_packing_count_once(tmp_path: Path) -> None:
    text = planner(LOG)
    whole = read(written(tmp_path / "log.csv", text))
    copies = [written(tmp_path / f"copy.csv{packing}", pack(text)) for packing, pack in PACKED.items()]
    twice = read(tmp_path / "log.csv", *copies)
    assert told(twice) == told(whole)
    again = read(tmp_path / "log.csv", written(tmp_path / "shuffled.csv", planner(shuffled(LOG))))
    assert told(again) == told(whole)
    assert any("once" in note for note in again.notes)


def test_exports_that_overlap_count_once_across_files_kinds_and_formats(tmp_path: Path) -> None:
    messages = SOURCES["messages.jsonl"].write
    parts = {
        "a.csv": planner(LOG[:14]),
        "b.jsonl.gz": gzip.compress(messages(shuffled(LOG[8:24]))),
        "c.parquet": as_parquet(planner(LOG[20:])),
        "d.csv": planner(LOG[5:6] * 3),
    }
    for name, data in parts.items():
        written(tmp_path / "in" / name, data)
    assert told(read(tmp_path / "in")) == mix(LOG)
    assert told(read(*sorted((tmp_path / "in").iterdir(), reverse=True))) == mix(LOG)


def test_a_message_that_streams_into_several_lines_counts_once_with_all_its_output(tmp_path: Path) -> None:
    source = SOURCES["session.jsonl"]
    assert max(each.number % 3 for each in LOG) == 2
    usage = read(written(tmp_path / source.file, source.write(LOG)), source=source)
    assert told(usage, source.lacks) == mix(LOG, source.lacks)


def test_equal_requests_without_ids_are_as_many_as_the_log_has(tmp_path: Path) -> None:
    """Two small requests may well be equal: without an id nothing says that they are one."""
    lines = planner(LOG[:1] * 5).decode().splitlines()
    bare = "".join(line.rpartition(",")[0] + "\n" for line in lines)
    usage = read(written(tmp_path / "bare.csv", bare.encode()))
    assert usage.groups["requests"].tolist() == [5]


def test_a_blank_id_is_no_id(tmp_path: Path) -> None:
    lines = planner(LOG[:1] * 5).decode().splitlines()
    blank = "\n".join([lines[0], *(line.rpartition(",")[0] + "," for line in lines[1:])]) + "\n"
    assert read(written(tmp_path / "blank.csv", blank.encode())).groups["requests"].tolist() == [5]


# ---- many files


def test_a_folder_of_3_000_small_files_is_one_log(tmp_path: Path) -> None:
    log = a_log(3_000, seed=3)
    folder = tmp_path / "in"
    folder.mkdir()
    for each in log:
        (folder / f"{each.number:04}.jsonl").write_bytes(
            jsonl([{"timestamp": each.moment.isoformat(), "request_type": each.request_type, "model": each.model,
                    "uncached_input_tokens": each.uncached, "cache_read_tokens": each.read,
                    "cache_write_5m_tokens": each.write_5m, "cache_write_1h_tokens": each.write_1h,
                    "output_tokens": each.output, "service_tier": each.tier}])
        )  # fmt: skip
    usage = read(folder)
    assert (usage.files, usage.records) == (3_000, 3_000)
    assert told(usage) == mix(log)
