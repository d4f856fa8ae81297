"""One log in every format says the same, and every format is recognised by itself.

The writers (format_writers.py) follow the sources' own documentation and know nothing of our mappings; what a source
cannot tell is left out of the comparison, and nothing else is.
"""

import csv
import gzip
import io
import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import format_writers as writers
import pytest
from format_writers import MODELS, SOURCES, TYPES, Counts, Key, Log, Request, Source, jsonl, logs, mix, tally
from hypothesis import Phase, given, settings

from planner.errors import UnknownModelError, UsageError
from planner.mix import measure
from planner.prices import PriceBook
from planner.usage.read import Usage, UsageSource, read_usage

COLUMNS = {
    "requests": "requests",
    "uncached": "uncached_input_tokens",
    "read": "cache_read_tokens",
    "write_5m": "cache_write_5m_tokens",
    "write_1h": "cache_write_1h_tokens",
    "output": "output_tokens",
}


@cache
def price_book() -> PriceBook:
    return PriceBook.load()


def read(source: Source, path: Path, **options: object) -> Usage:
    usage = UsageSource(
        sources=(str(path),),
        base_dir=path.parent,
        constants=source.constants,
        request_type=source.request_type,
        **options,  # type: ignore[arg-type]
    )
    return read_usage(usage, prompt_edges=(100_000, 200_000))


def told(usage: Usage, source: Source) -> dict[Key, Counts]:
    """The measured groups, as coarse as the source, its models by the price book's own ids."""
    rows = []
    for group in usage.groups.to_dict("records"):
        key = (
            group["request_type"],
            price_book().resolve(group["model"]),
            f"{group['day']:%Y-%m}",
            group["service_tier"],
        )
        rows.append((key, {name: int(group[column]) for name, column in COLUMNS.items()}))
    return tally(rows, source.lacks)


def expected(log: Log, source: Source) -> dict[Key, Counts]:
    found = mix([each for each in log if source.only(each)], source.lacks)
    if "type" in source.lacks:
        return found
    names = {each.request_type: source.type_name(each) for each in log}
    return {(names[key[0]], *key[1:]): counts for key, counts in found.items()}


def request(number: int, **changes: object) -> Request:
    base: dict[str, object] = {
        "number": number,
        "moment": datetime(2026, 9, 30, 23, 59, 59, tzinfo=UTC),
        "request_type": TYPES[number % 3],
        "model": list(MODELS)[number % 3],
        "uncached": 1_000 + number,
        "read": 200,
        "write_5m": 30,
        "write_1h": 4,
        "output": 50,
        "is_batch": number % 2 == 1,
    }
    return Request(**base | changes)  # type: ignore[arg-type]


EXAMPLE = [request(number, moment=datetime(2026, 9, 30 if number < 4 else 29, 12, tzinfo=UTC)) for number in range(7)]


@pytest.mark.parametrize("name", SOURCES)
@settings(max_examples=2, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(log=logs())
def test_one_log_says_the_same_in_every_format(name: str, log: list[Request], tmp_path_factory) -> None:
    source = SOURCES[name]
    kept = [each for each in log if source.only(each)]
    if not kept:
        return
    path = tmp_path_factory.mktemp("log") / source.file
    path.write_bytes(source.write(kept))
    usage = read(source, path)
    assert usage.format == source.format
    assert usage.refused == 0
    assert told(usage, source) == expected(log, source)


# ---- what each source is known to trip over


def files(name: str, *records: Mapping[str, object]) -> tuple[str, bytes]:
    return name, jsonl(records)


def read_one(folder: Path, name: str, data: bytes, **options: object) -> Usage:
    path = folder / name
    path.write_bytes(data)
    return read_usage(
        UsageSource(sources=(str(path),), base_dir=folder, **options),  # type: ignore[arg-type]
        prompt_edges=(100_000, 200_000),
    )


def refusal(folder: Path, name: str, data: bytes, **options: object) -> str:
    with pytest.raises(UsageError) as caught:
        read_one(folder, name, data, **options)
    return str(caught.value)


def tokens(usage: Usage) -> list[int]:
    """Sums over the log: uncached, read, written for 5 minutes, written for an hour, output."""
    return [int(usage.groups[column].sum()) for column in list(COLUMNS.values())[1:]]


ONE = request(0)
SECRET, NEWLINE = b"nothing may be shown", b"\n"
ITS_TOKENS = [ONE.uncached, ONE.read, ONE.write_5m, ONE.write_1h, ONE.output]
WITHOUT_LIFETIMES = [ONE.uncached, ONE.read, ONE.written, 0, ONE.output]


def records_of(data: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in data.decode().splitlines()]


def test_the_two_meanings_of_input(tmp_path: Path) -> None:
    """1,000 input tokens outside the cache and 234 in it: Anthropic says 1,000, LiteLLM and OpenTelemetry 1,234."""
    (said,) = records_of(writers.anthropic_messages([ONE]))
    assert said["usage"]["input_tokens"] == 1_000
    assert tokens(read_one(tmp_path, *files("m.jsonl", said))) == ITS_TOKENS
    (spent,) = records_of(writers.litellm_jsonl([ONE]))
    assert spent["prompt_tokens"] == 1_234
    assert tokens(read_one(tmp_path, *files("s.jsonl", spent))) == WITHOUT_LIFETIMES
    spans = writers.otel_genai([ONE])
    assert b'"gen_ai.usage.input_tokens", "value": {"intValue": "1234"}' in spans
    assert tokens(read_one(tmp_path, "o.jsonl", spans)) == WITHOUT_LIFETIMES


def test_more_cache_than_input_that_includes_it_is_refused(tmp_path: Path) -> None:
    """Old gateways counted input without the cache: taken apart it would be below zero, and is not guessed at."""
    (spent,) = records_of(writers.litellm_jsonl([ONE]))
    assert "exceed" in refusal(tmp_path, *files("s.jsonl", spent | {"prompt_tokens": 31}))
    spans = writers.otel_genai([ONE]).replace(b'"intValue": "1234"', b'"intValue": "31"')
    assert "exceed" in refusal(tmp_path, "o.jsonl", spans)


def test_rows_of_rbac_groups_overlap_and_are_not_added_up(tmp_path: Path) -> None:
    (bucket,) = writers.buckets([ONE], lambda each: None)
    items = [writers.analytics_item(bucket, rbac_group_id=group) for group in ("rbac_group_a", "rbac_group_b", None)]
    assert "rbac" in refusal(tmp_path, "a.json", writers.document(writers.page(items))).lower()


def test_a_page_that_says_that_more_follow_is_said_to_be_a_part(tmp_path: Path) -> None:
    (bucket,) = writers.buckets([ONE], lambda each: None)
    whole = writers.page([writers.analytics_item(bucket)])
    notes = {}
    for more in (False, True):
        one = whole | {"has_more": more, "next_page": "page_x" if more else None}
        notes[more] = read_one(tmp_path, "a.json", writers.document(one)).notes
    assert len(notes[True]) == len(notes[False]) + 1
    assert "more" in " ".join(set(notes[True]) - set(notes[False]))


def test_pages_and_their_items_say_the_same(tmp_path: Path) -> None:
    found = [writers.analytics_item(bucket) for bucket in writers.buckets(EXAMPLE, lambda each: each.number)]
    halves = [writers.page(found[:3]), writers.page([]), writers.page(found[3:])]
    for name, data in (
        ("items.jsonl", jsonl(found)),
        ("pages.jsonl", jsonl(halves)),
        ("list.json", json.dumps(found).encode()),
        ("page.json", writers.document(writers.page(found))),
    ):
        usage = read_one(tmp_path, name, data)
        assert (usage.format, usage.groups["requests"].sum()) == ("anthropic-analytics", len(EXAMPLE))


def test_code_execution_without_a_model_is_no_model_s_usage(tmp_path: Path) -> None:
    """Such rows count execution spans and have no tokens; a row with tokens and without a model is refused."""
    (bucket,) = writers.buckets([ONE], lambda each: None)
    item, spans = writers.analytics_item(bucket), writers.analytics_item(writers.Bucket(first=ONE, requests=3))
    spans["group"] |= {"model": None, "product": None, "service_tier": None}
    usage = read_one(tmp_path, "a.json", writers.document(writers.page([item, spans])))
    assert (tokens(usage), int(usage.groups["requests"].sum())) == (ITS_TOKENS, 1)
    item["group"]["model"] = None
    assert "model" in refusal(tmp_path, "a.json", writers.document(writers.page([item])))


def test_results_of_a_batch_are_batch_and_need_a_day(tmp_path: Path) -> None:
    lines = records_of(writers.anthropic_batch_results([ONE]))
    for line in lines:
        line["result"].get("message", {}).get("usage", {}).pop("service_tier", None)
    usage = read_one(tmp_path, *files("b.jsonl", *lines), constants={"timestamp": "2026-10-01"})
    assert usage.groups["service_tier"].tolist() == ["batch"]
    assert tokens(usage) == ITS_TOKENS
    assert any("3 rows" in note for note in usage.notes), "what errored, expired or was cancelled is counted"
    assert "timestamp" in refusal(tmp_path, *files("b.jsonl", *lines))


def test_console_exports_of_both_generations(tmp_path: Path) -> None:
    (row,) = csv.DictReader(io.StringIO(writers.console_tokens([ONE]).decode()))
    old = {name: value for name, value in row.items() if name not in ("context_window", "inference_geo", "speed")}
    assert tokens(read_one(tmp_path, "old.csv", writers.table([old]))) == ITS_TOKENS
    long = row | {
        "usage_date_utc": "2026-09-30 02:00",
        "context_window": "> 200k",
        "inference_geo": "us",
        "speed": "fast",
    }
    usage = read_one(tmp_path, "new.csv", writers.table([long]))
    assert usage.groups[["prompt_above", "inference_geo", "speed"]].to_numpy().tolist() == [[200_000, "us", "fast"]]
    assert usage.first == datetime(2026, 9, 30, 2, tzinfo=UTC)
    usage = read_one(tmp_path, "plain.csv", writers.table([row]))
    assert usage.groups["inference_geo"].tolist() == [""], "'not_available' is not a place"


def test_answers_from_litellm_s_own_cache_and_failures_used_nothing(tmp_path: Path) -> None:
    (spent,) = records_of(writers.litellm_jsonl([ONE]))
    again = spent | {"request_id": "chatcmpl-1_cache_hit17", "cache_hit": "True"}
    nothing = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0, "model": "", "status": "failure"}
    failed = spent | nothing | {"request_id": "f", "metadata": {"status": "failure", "error_information": {}}}
    usage = read_one(tmp_path, *files("s.jsonl", spent, again, failed))
    assert (usage.records, tokens(usage)) == (1, WITHOUT_LIFETIMES)
    assert any("2 rows" in note for note in usage.notes)


def test_lifetimes_are_read_where_litellm_says_them(tmp_path: Path) -> None:
    (spent,) = records_of(writers.litellm_jsonl([ONE]))
    lifetimes = {"ephemeral_5m_input_tokens": ONE.write_5m, "ephemeral_1h_input_tokens": ONE.write_1h}
    for place in ("additional_usage_values", "usage_object"):
        spent["metadata"][place]["prompt_tokens_details"]["cache_creation_token_details"] = lifetimes
    assert tokens(read_one(tmp_path, *files("s.jsonl", spent))) == ITS_TOKENS


CLOUDS = {
    "anthropic": ("claude-opus-4-5-20251101", "anthropic"),
    "bedrock": ("bedrock/us.anthropic.claude-opus-4-5-20251101-v1:0", "bedrock"),
    "vertex_ai": ("vertex_ai/claude-opus-4-5@20251101", "vertex"),
}


@pytest.mark.parametrize("provider", CLOUDS)
def test_who_served_a_request_is_read_from_the_gateway(provider: str, tmp_path: Path) -> None:
    (spent,) = records_of(writers.litellm_jsonl([ONE]))
    model, ours = CLOUDS[provider]
    usage = read_one(tmp_path, *files("s.jsonl", spent | {"model": model, "custom_llm_provider": provider}))
    assert usage.groups["provider"].tolist() == [ours]
    assert price_book().resolve(usage.groups["model"][0]) == "claude-opus-4-5"


def test_tags_of_litellm_overlap_and_that_is_said(tmp_path: Path) -> None:
    usage = read_one(tmp_path, "t.csv", writers.litellm_daily_tags([ONE]))
    assert any("several tags" in note for note in usage.notes)


@pytest.mark.parametrize("number", [0, 1, 2], ids=["a message", "a stream", "converse"])
def test_bedrock_tells_the_cache_in_every_kind_of_call(number: int, tmp_path: Path) -> None:
    """The counts beside the body are enough where the body lies in S3; lifetimes are in it, except in Converse's."""
    each = request(number, write_1h=900)
    (call,) = records_of(gzip.decompress(writers.bedrock_invocations([each])))[:1]
    usage = read_one(tmp_path, *files("b.json", call))
    split = [each.write_5m, each.write_1h] if number < 2 else [each.written, 0]
    assert tokens(usage) == [each.uncached, each.read, *split, each.output]
    assert usage.groups["provider"].tolist() == ["bedrock"]
    call["output"]["outputBodyS3Path"] = "s3://bucket/key"
    del call["output"]["outputBodyJson"]
    assert tokens(read_one(tmp_path, *files("b.json", call))) == [
        each.uncached,
        each.read,
        each.written,
        0,
        each.output,
    ]


def test_an_application_inference_profile_is_not_taken_for_a_model(tmp_path: Path) -> None:
    (call,) = records_of(gzip.decompress(writers.bedrock_invocations([ONE])))[:1]
    call["modelId"] = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc123"
    usage = read_one(tmp_path, *files("b.json", call))
    with pytest.raises(UnknownModelError, match="application inference profile"):
        measure(usage, price_book())


def test_an_agent_s_span_that_repeats_its_calls_is_not_counted_beside_them(tmp_path: Path) -> None:
    (export,) = records_of(writers.otel_genai([ONE]))
    spans = export["resourceSpans"][0]["scopeSpans"][0]["spans"]
    agent = json.loads(json.dumps(spans[0]).replace('"stringValue": "chat"', '"stringValue": "invoke_agent"'))
    spans.append(agent | {"name": "invoke_agent support", "spanId": "ffff"})
    assert tokens(read_one(tmp_path, *files("o.jsonl", export))) == WITHOUT_LIFETIMES


def test_the_model_that_answered_is_counted_and_not_the_one_that_was_asked_for(tmp_path: Path) -> None:
    spans = writers.otel_genai([ONE])
    asked = b'"gen_ai.request.model", "value": {"stringValue": "'
    usage = read_one(tmp_path, "o.jsonl", spans.replace(asked, asked + b"an-alias-of-"))
    assert price_book().resolve(usage.groups["model"][0]) == ONE.model


@pytest.mark.parametrize("kind", ["intValue as a number", "doubleValue"])
def test_numbers_of_otlp_in_every_writing(kind: str, tmp_path: Path) -> None:
    text = writers.otel_genai([ONE]).decode()
    number = r'{"doubleValue": \1.0}' if kind == "doubleValue" else r'{"intValue": \1}'
    text = re.sub(r'\{"intValue": "(\d+)"\}', number, text)
    assert tokens(read_one(tmp_path, "o.jsonl", text.encode())) == WITHOUT_LIFETIMES
    pretty = json.dumps(json.loads(text), indent=1).encode()
    assert tokens(read_one(tmp_path, "o.json", pretty)) == WITHOUT_LIFETIMES


def test_vertex_keeps_the_reply_as_an_object_or_as_text(tmp_path: Path) -> None:
    (row,) = records_of(writers.vertex_request_response([ONE]))
    for reply in (row["full_response"], json.dumps(row["full_response"])):
        usage = read_one(tmp_path, *files("v.jsonl", row | {"full_response": reply}))
        assert tokens(usage) == ITS_TOKENS
        assert usage.groups["provider"].tolist() == ["vertex"]
        assert any("sampling" in note for note in usage.notes)


FAILED_CALLS: dict[str, tuple[Callable[[Log], bytes], dict[str, object]]] = {
    "helicone": (
        writers.helicone,
        {"response_status": 429, "prompt_tokens": None, "completion_tokens": None, "prompt_cache_read_tokens": None,
         "prompt_cache_write_tokens": None, "request_id": "other"},
    ),
    "vertex": (writers.vertex_request_response, {"full_response": {"error": {"code": 429}}, "request_id": "1"}),
}  # fmt: skip


@pytest.mark.parametrize("name", FAILED_CALLS)
def test_a_call_that_failed_is_no_record_and_no_fault(name: str, tmp_path: Path) -> None:
    write, failure = FAILED_CALLS[name]
    (row,) = records_of(write([ONE]))
    usage = read_one(tmp_path, *files("log.jsonl", row, row | failure))
    assert usage.groups["requests"].sum() == 1
    assert any("1 rows" in note or "1 row " in note for note in usage.notes)


def test_ccusage_by_project_is_refused_with_the_way_out(tmp_path: Path) -> None:
    """Its totals would be taken for one day's usage by whoever mapped them."""
    report = json.loads(writers.ccusage([ONE]))
    by_project = {"projects": {"app": report["daily"]}, "totals": report["totals"]}
    said = refusal(tmp_path, "c.json", writers.document(by_project))
    assert "--instances" in said
    assert "totals." not in said


@pytest.mark.parametrize("kind", ["otel-genai", "claude-code-telemetry", "anthropic-analytics"])
def test_a_known_file_without_one_answer_has_no_records_and_needs_no_mapping(kind: str, tmp_path: Path) -> None:
    """A collector that rotates writes such files all day."""
    empty = {
        "otel-genai": writers.otel_genai([ONE]).replace(b"gen_ai.", b"http."),
        "claude-code-telemetry": writers.claude_code_telemetry([ONE]).replace(b"api_request", b"tool_result"),
        "anthropic-analytics": writers.document(writers.page([])),
    }[kind]
    said = refusal(tmp_path, "x.json" if kind == "anthropic-analytics" else "x.jsonl", empty)
    assert "no usage record" in said
    assert "columns" not in said


def test_nothing_that_was_asked_or_answered_is_in_a_message(tmp_path: Path) -> None:
    """Such as the last line of a log that is still being written, cut off in the middle of an answer."""
    for name in ("messages.jsonl", "batch.jsonl", "session.jsonl", "vertex.jsonl"):
        source = SOURCES[name]
        lines = source.write([each for each in EXAMPLE if source.only(each)]).splitlines(keepends=True)
        cut = next(line for line in reversed(lines) if SECRET in line)
        path = tmp_path / name
        path.write_bytes(b"".join(lines) + cut[: cut.index(SECRET) + len(SECRET)])
        with pytest.raises(UsageError) as caught:
            read(source, path)
        assert f"line {len(lines) + 1}" in str(caught.value)
        assert SECRET.decode() not in str(caught.value)


def test_other_people_s_logs_are_recognised_as_none(tmp_path: Path) -> None:
    openai = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1_759_000_000, "model": "gpt-4o",
              "usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}}  # fmt: skip
    said = refusal(tmp_path, *files("openai.jsonl", openai))
    assert "usage.prompt_tokens" in said
    assert "timestamp" in said


@pytest.mark.parametrize("name", ["batch.jsonl", "session.jsonl", "bedrock.json.gz", "langfuse.jsonl", "spans.jsonl"])
def test_a_line_that_is_no_json_is_never_another_kind_of_row(name: str, tmp_path: Path) -> None:
    """Rows of another kind are left out and counted; a line that cannot be read may be a request, and is refused."""
    source = SOURCES[name]
    data = source.write([each for each in EXAMPLE if source.only(each)])
    plain = gzip.decompress(data) if data.startswith(b"\x1f\x8b") else data
    path = tmp_path / source.file.removesuffix(".gz")
    for line in (plain.splitlines()[0][:40], b"[1, 2]", b"7"):
        path.write_bytes(plain + line + b"\n")
        with pytest.raises(UsageError, match=f"line {plain.count(NEWLINE) + 1}"):
            read(source, path)


@pytest.mark.parametrize("name", writers.BILLS)
def test_a_bill_is_recognised_and_is_no_mix(name: str, tmp_path: Path) -> None:
    """Dollars without tokens measure nothing: the message says what the file is, and asks for no mapping of tokens."""
    file, write = writers.BILLS[name]
    said = refusal(tmp_path, file, write(EXAMPLE))
    assert file in said
    assert "says dollars" in said
    assert "billed" in said
    assert "uncached_input_tokens" not in said
