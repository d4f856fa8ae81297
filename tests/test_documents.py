"""JSON documents, fields inside JSON texts, and what is proposed for a log that nobody knows."""

import csv
import gzip
import hashlib
import io
import json
import random
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from planner.cli import app
from planner.errors import UsageError
from planner.usage import elements as elements_module
from planner.usage.columns import BY_NAME
from planner.usage.documents import Document, explode, lookup, records
from planner.usage.elements import elements
from planner.usage.file_layouts import inspect_all
from planner.usage.files import inspect_file
from planner.usage.flat import write_flat
from planner.usage.log_formats.registry import FORMATS, NAMES, recognised
from planner.usage.proposal import SHOWN_CHARACTERS, may_be_prompt, propose
from planner.usage.read import Usage, UsageSource, read_usage
from planner.usage.readings import DIGEST_DIGITS, NOT_JSON, Reading

AT = "2026-06-01T10:00:00Z"
SECRET = "the words of a prompt"
USAGE = {
    "input_tokens": 100,
    "cache_read_input_tokens": 20,
    "cache_creation_input_tokens": 7,
    "cache_creation": {"ephemeral_5m_input_tokens": 3, "ephemeral_1h_input_tokens": 4},
    "output_tokens": 50,
}
MESSAGE = {"id": "msg_1", "model": "claude-opus-5-5", "usage": USAGE, "content": [{"type": "text", "text": SECRET}]}


def source(path: Path, **options: Any) -> UsageSource:
    return UsageSource(sources=(str(path),), base_dir=path.parent, **options)


def read(path: Path, **options: Any) -> Usage:
    return read_usage(source(path, **options), prompt_edges=(100_000,))


def written(folder: Path, data: object, name: str = "log.json") -> Path:
    path = folder / name
    text = data if isinstance(data, str | bytes) else json.dumps(data)
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def lines(rows: Sequence[object]) -> str:
    return "".join(json.dumps(each) + "\n" for each in rows)


def refusal(path: Path, **options: Any) -> str:
    with pytest.raises(UsageError) as caught:
        read(path, **options)
    return str(caught.value)


# ---- elements of a document


def pieces(data: bytes, seed: int) -> Iterator[bytes]:
    """The bytes in pieces of random lengths, so that any character may fall on an edge."""
    rng = random.Random(seed)
    at = 0
    while at < len(data):
        size = rng.choice([1, 2, 3, 7, 50])
        yield data[at : at + size]
        at += size


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.lists(st.dictionaries(st.text(max_size=5), VALUES, max_size=4), max_size=5)


def as_texts(value: Any) -> Any:
    """The oracle of a parsed value: the standard library's own, its numbers as text."""
    if isinstance(value, dict):
        return {key: as_texts(each) for key, each in value.items()}
    if isinstance(value, list):
        return [as_texts(each) for each in value]
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


@settings(max_examples=60, deadline=None)
@given(objects=OBJECTS, seed=st.integers(0, 10_000), indent=st.sampled_from([None, 0, 3]), ascii_only=st.booleans())
def test_elements_are_what_the_json_library_says_however_the_bytes_come(
    objects: list[dict[str, Any]], seed: int, indent: int | None, ascii_only: bool
) -> None:
    def dump(value: object) -> bytes:
        return json.dumps(value, indent=indent, ensure_ascii=ascii_only).encode(errors="replace")

    expected = as_texts(json.loads(dump(objects)))
    assert list(elements(pieces(dump(objects), seed), None)) == expected
    after_another = b"\n".join(dump(each) for each in objects)
    assert list(elements(pieces(after_another, seed), None)) == expected
    inside = b"\xef\xbb\xbf" + dump({"page": 1.5, "data": objects, "more": True})
    assert list(elements(pieces(inside, seed), "data")) == [{"page": "1.5", "data": [each]} for each in expected]


WHOLE = json.dumps([{"a": 1, "b": {"c": [1, 2]}}, {"a": "x", "n": -1.5e3}])


@pytest.mark.parametrize("end", range(1, len(WHOLE)))
def test_a_document_cut_off_anywhere_is_refused(end: int) -> None:
    with pytest.raises(UsageError, match=r"log\.json, after element \d+: (cut off|not JSON)"):
        list(records([WHOLE[:end].encode()], Document(rows=(), by_line=False), "log.json"))


BROKEN = {
    "NaN": ('[{"a": 1}, {"a": NaN}]', "after element 1: NaN is not a JSON number"),
    "Infinity": ('[{"a": -Infinity}]', "-Infinity is not a JSON number"),
    "a key twice": ('[{"a": 1}, {"b": {"a": 1, "a": 2}}]', "after element 1: the key 'a' is in one object twice"),
    "a comma too many": ('[{"a": 1},]', "after element 1: not a JSON object"),
    "a comma too few": ('[{"a": 1} {"a": 2}]', "after element 1: not JSON"),
    "a number among objects": ('[{"a": 1}, 2]', "after element 1: not a JSON object"),
    "more after the end": ('[{"a": 1}] x', "after element 1: not a JSON object"),
    "200,000 levels of lists": ("[" * 200_000, "after element 0: not a JSON object"),
    "200,000 levels inside": ('[{"a": ' + "[" * 200_000, "after element 0: nested too deeply"),
    "200,000 levels of objects": ("[" + '{"a":' * 200_000, "after element 0: nested too deeply"),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_a_broken_document_is_refused_by_file_and_place(fault: str, tmp_path: Path) -> None:
    data, said = BROKEN[fault]
    found = refusal(written(tmp_path, data))
    assert found.startswith("log.json")
    assert said in found


def test_a_rows_key_twice_and_a_row_that_is_no_object_are_refused() -> None:
    page = Document(rows=("data",), by_line=False)
    with pytest.raises(UsageError, match="'data' is in one object twice"):
        list(records([b'{"data": [{"a": 1}], "data": []}'], page, "log.json"))
    with pytest.raises(UsageError, match="an element of data is not a JSON object"):
        list(records([b'{"data": [{"a": 1}, 2]}'], page, "log.json"))
    with pytest.raises(UsageError, match=r"log\.json, line 2: not JSON"):
        list(
            records(
                [b'{"data": [{"a": 1}]}\n{"data": [', b'{"a"\n'], Document(rows=("data",), by_line=True), "log.json"
            )
        )


def test_bytes_that_are_not_utf_8_are_refused() -> None:
    data = '[{"a": "x"}, {"a": "\xe9"}]'.encode("latin-1")
    with pytest.raises(UsageError, match=r"log\.json, after element 1: not UTF-8"):
        list(records([data[:13], data[13:]], Document(rows=(), by_line=False), "log.json"))


def test_an_element_beyond_the_limit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(elements_module, "ELEMENT_LIMIT_CHARACTERS", 1000)
    endless = (b'[{"a": "' if number == 0 else b"x" * 100 for number in range(10**9))
    with pytest.raises(UsageError, match="longer than"):
        list(records(endless, Document(rows=(), by_line=False), "log.json"))


def test_only_one_element_is_held(monkeypatch: pytest.MonkeyPatch) -> None:
    """A document far beyond the limit of an element is read, so no more than elements are kept."""
    monkeypatch.setattr(elements_module, "ELEMENT_LIMIT_CHARACTERS", 2000)
    row = json.dumps({"a": "x" * 500}).encode()
    parts = [b'{"data": [', *([row, b","] * 400), row, b"]}"]
    found = records(parts, Document(rows=("data",), by_line=False), "log.json")
    assert sum(len(each["a"]) for each in found) == 401 * 500


OTHER_KINDS = {
    "a picture": b"\x89PNG\r\n\x1a\n" + bytes(40),
    "a program": b"\x7fELF" + bytes(60),
    "an Avro file": b"Obj\x01" + bytes(60),
    "an Arrow file": b"ARROW1" + bytes(60),
    "a tar archive": gzip.compress(bytes(257) + b"ustar" + bytes(300)),
    "a web page": b"<!DOCTYPE html><html><body>Sign in</body></html>",
    "two byte order marks": "\ufeff\ufefftimestamp,model\n".encode(),
}


@pytest.mark.parametrize("called", OTHER_KINDS)
def test_files_of_another_kind_are_called_what_they_are(called: str, tmp_path: Path) -> None:
    assert called in refusal(written(tmp_path, OTHER_KINDS[called], "log.csv"))


# ---- rows inside elements


def test_what_stands_beside_a_row_belongs_to_it_and_its_own_names_win() -> None:
    element = {"day": "1", "name": "outer", "rows": [{"name": "a", "in": [{"x": 1}]}, {"in": [{"x": 2, "day": "own"}]}]}
    assert list(explode(element, ("rows", "in"))) == [
        {"day": "1", "name": "a", "x": 1},
        {"day": "own", "name": "outer", "x": 2},
    ]


def test_attributes_in_keys_and_values_become_an_object() -> None:
    element = {"attributes": [{"key": "a.b", "value": {"intValue": "7"}}, {"key": "c", "value": {"stringValue": "x"}}]}
    (record,) = explode({"spans": [element], "resource": element}, ("spans",))
    assert lookup(record, "attributes.a.b") == "7"
    assert lookup(record, "resource.attributes.c") == "x"


def test_a_path_goes_through_objects_lists_and_json_texts() -> None:
    record = {"a": {"b.c": {"d": [{"e": 1}, {"e": 2}]}}, "t": '{"u": {"v": 1.50}}', "bad": "{'u': 1}", "blank": " "}
    found = {path: lookup(record, path) for path in ("a.b.c.d.1.e", "t.u.v", "bad.u", "blank.u", "a.b", "a.b.c.d.9.e")}
    expected = {"a.b.c.d.1.e": 2, "t.u.v": "1.50", "bad.u": NOT_JSON}
    assert found == expected | dict.fromkeys(("blank.u", "a.b", "a.b.c.d.9.e"))


def test_refused_rows_of_a_document_say_row_field_and_value(tmp_path: Path) -> None:
    good = MESSAGE | {"timestamp": AT}
    bad = good | {"usage": USAGE | {"output_tokens": "1,5"}}
    path = written(tmp_path, json.dumps([good, bad, good | {"id": "another"}], indent=1))
    assert "log.json, line 2: usage.output_tokens = '1,5'" in refusal(path)
    kept = read(path, skip_bad_rows=True)
    assert (kept.records, kept.refused) == (2, 1)


def test_a_flat_file_holds_only_fields_that_are_read(tmp_path: Path) -> None:
    path = written(tmp_path, json.dumps([MESSAGE | {"timestamp": AT, "system": SECRET}], indent=1))
    digest = Reading(paths=("system",), take="digest")
    (file,), _ = inspect_all(source(path, request_type=digest))
    assert file.reads is not None
    flat = write_flat(file, file.reads, tmp_path).path.read_text(encoding="utf-8")
    assert SECRET not in flat
    assert hashlib.sha256(SECRET.encode()).hexdigest()[:DIGEST_DIGITS] in flat
    assert SECRET not in repr(list(read(path, request_type=digest).groups.itertuples()))


@pytest.mark.parametrize("prompt", ["a plain text", [{"type": "text", "text": "é"}], {"text": "x", "n": {"m": None}}])
def test_a_system_prompt_has_one_digest_in_lines_and_documents(prompt: object, tmp_path: Path) -> None:
    row = MESSAGE | {"timestamp": AT, "system": prompt}
    digest = Reading(paths=("system",), take="digest")
    text = prompt if isinstance(prompt, str) else json.dumps(prompt, separators=(",", ":"), ensure_ascii=False)
    expected = hashlib.sha256(text.encode()).hexdigest()[:DIGEST_DIGITS]
    written_in = json.dumps(row, ensure_ascii=False, separators=(",", ":"))
    for name, data in (("a.jsonl", written_in + "\n"), ("b.json", f"[{written_in}]")):
        groups = read(written(tmp_path, data, name), request_type=digest).groups
        assert groups["request_type"].tolist() == [expected], name


def test_a_list_under_one_unknown_key_is_found(tmp_path: Path) -> None:
    rows = [{"at": AT, "name": "claude-opus-5-5", "in": 5, "out": number, "messages": [{"a": 1}]} for number in (1, 2)]
    columns = {"timestamp": "at", "model": "name", "uncached_input_tokens": "in", "output_tokens": "out"}
    for data in ({"rows": rows, "n": 2}, [*rows], "\n".join(json.dumps(each, indent=1) for each in rows)):
        assert read(written(tmp_path, data), columns=columns).groups["output_tokens"].sum() == 3
    single = written(tmp_path, lines(rows[:1]), "one.jsonl")
    assert read(single, columns=columns).records == 1, "a list of messages is no list of records"


# ---- fields inside JSON texts


def csv_file(folder: Path, rows: Sequence[Mapping[str, object]]) -> Path:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return written(folder, out.getvalue(), "cells.csv")


def cell_rows() -> list[dict[str, object]]:
    inner = [{"u": {"in": number, "a/b~c": "x"}, "tags": ["t1", "t2"]} for number in (1, 20)]
    return [{"timestamp": AT, "model": "claude-opus-5-5", "output_tokens": 5, "meta": each} for each in inner]


CELL_COLUMNS = {"uncached_input_tokens": "meta.u.in", "request_type": "meta.tags.1", "customer": "meta.u.a/b~c"}


@pytest.mark.parametrize("form", ["csv", "jsonl of text", "jsonl of objects", "parquet", "json"])
def test_paths_go_on_inside_json_texts(form: str, tmp_path: Path) -> None:
    rows = cell_rows()
    texts = [row | {"meta": json.dumps(row["meta"])} for row in rows]
    if form == "csv":
        path = csv_file(tmp_path, texts)
    elif form == "parquet":
        path = tmp_path / "cells.parquet"
        frame = duckdb.sql("SELECT * FROM read_json($1)", params=[str(written(tmp_path, lines(texts), "t.jsonl"))])
        frame.write_parquet(str(path))
    else:
        path = written(
            tmp_path, texts if form == "json" else lines(texts if form == "jsonl of text" else rows), "c.jsonl"
        )
    usage = read_usage(source(path, columns=CELL_COLUMNS), prompt_edges=(), owners=("customer",))
    assert usage.groups["uncached_input_tokens"].tolist() == [21]
    assert usage.groups["request_type"].tolist() == ["t2"]
    assert usage.groups["customer"].tolist() == ["x"]


@pytest.mark.parametrize("text", ["{'u': {'in': 1}}", '{"u": {"in": 1', "plain words"])
def test_a_text_that_should_be_json_and_is_not_is_that_row_s_fault(text: str, tmp_path: Path) -> None:
    rows = [row | {"meta": json.dumps(row["meta"])} for row in cell_rows()]
    for cell in ("uncached_input_tokens", "cache_read_tokens"):
        columns = {cell: "meta.u.in"} | ({"uncached_input_tokens": "output_tokens"} if cell[0] == "c" else {})
        said = refusal(csv_file(tmp_path, [*rows, rows[0] | {"meta": text}]), columns=columns)
        assert "1 of 3 rows" in said
        assert f"line 4: meta.u.in = {NOT_JSON!r}" in said


def test_a_blank_text_lacks_its_fields_and_a_required_one_is_missed(tmp_path: Path) -> None:
    rows = [row | {"meta": json.dumps(row["meta"])} for row in cell_rows()]
    path = csv_file(tmp_path, [*rows, rows[0] | {"meta": ""}])
    assert "line 4: meta.u.in = ''" in refusal(path, columns={"uncached_input_tokens": "meta.u.in"})
    optional = {"uncached_input_tokens": "output_tokens", "cache_read_tokens": "meta.u.in"}
    assert read(path, columns=optional).groups["cache_read_tokens"].tolist() == [21]


def test_a_field_that_no_row_holds_is_not_taken_for_zero(tmp_path: Path) -> None:
    path = csv_file(tmp_path, [row | {"meta": json.dumps(row["meta"])} for row in cell_rows()])
    said = refusal(path, columns={"uncached_input_tokens": "meta.u.inn"})
    assert "no field 'meta.u.inn'" in said
    assert "Did you mean 'meta.u.in'" in said


# ---- formats


def test_every_format_maps_what_is_required_or_says_why_not() -> None:
    for known in FORMATS:
        provided = {*known.fields, *known.constants, *known.remedies}
        if "input_tokens_including_cache" in provided:
            provided.add("uncached_input_tokens")
        assert known.refusal or {name for name, column in BY_NAME.items() if column.required} <= provided, known.name
        assert set(known.fields) | set(known.constants) <= set(BY_NAME), known.name
        assert known.input_includes_cache == ("input_tokens_including_cache" in known.fields), known.name
        assert known.provider in ("", "per row", "anthropic", "bedrock", "vertex"), known.name
    assert len(NAMES) == len(set(NAMES)) >= 20


def test_no_format_is_recognised_by_what_another_asks_for() -> None:
    for known in FORMATS:
        if known.recognise:
            found = recognised(known.recognise)
            assert found is not None
            assert found.name == known.name, f"{known.name} is taken for {found.name}"


def test_batch_results_ask_for_a_time_and_take_a_constant(tmp_path: Path) -> None:
    rows = [
        {"custom_id": "a", "result": {"type": "succeeded", "message": MESSAGE}},
        {"custom_id": "b", "result": {"type": "errored", "error": {"type": "overloaded_error"}}},
        {"custom_id": "c", "result": {"type": "expired"}},
    ]
    path = written(tmp_path, lines(rows), "results.jsonl")
    assert "--constant timestamp=2026-06-01" in refusal(path)
    usage = read(path, constants={"timestamp": "2026-06-01"})
    group = usage.groups.to_dict("records")[0]
    assert (usage.records, usage.refused, group["service_tier"], group["provider"]) == (1, 0, "batch", "anthropic")
    assert (group["uncached_input_tokens"], group["cache_write_1h_tokens"], group["output_tokens"]) == (100, 4, 50)
    assert any(note.startswith("2 rows are not answered requests") for note in usage.notes)


CONSOLE_HEADER = (
    "usage_date_utc,model_version,api_key,workspace,usage_type,context_window,usage_input_tokens_no_cache,"
    "usage_input_tokens_cache_write_5m,usage_input_tokens_cache_write_1h,usage_input_tokens_cache_read,"
    "usage_output_tokens,web_search_count,inference_geo,speed\n"
)


def test_a_bucket_of_unknown_requests_takes_no_side_of_a_prompt_length(tmp_path: Path) -> None:
    """A day's row of 150,000 tokens is not a prompt of 150,000 tokens."""
    rows = "2026-03-31 02:00,claude-haiku-5-5,App,Default,standard,≤ 200k,150000,3,4,20,50,1,not_available,\n"
    rows += "2026-03-31 02:00,claude-haiku-5-5,App,Default,standard,≤ 100k,150000,3,4,20,50,1,not_available,\n"
    usage = read(written(tmp_path, CONSOLE_HEADER + rows, "tokens.csv"))
    assert usage.format == "console-tokens"
    assert dict(zip(usage.groups["context_window"], usage.groups["prompt_above"], strict=True)) == {
        "≤ 200k": -1,
        "≤ 100k": 0,
    }
    assert any("does not say the number of requests" in note for note in usage.notes)
    assert usage.groups["inference_geo"].tolist() == ["", ""]


def test_files_of_dollars_are_recognised_and_say_what_they_serve_for(tmp_path: Path) -> None:
    console = (
        "usage_date_utc,model,workspace,api_key,usage_type,context_window,token_type,cost_usd\n"
        + "2026-04-06"
        + "," * 7
    )
    focus = f"ChargePeriodStart,ChargePeriodEnd,BilledCost,ConsumedQuantity,ConsumedUnit\n{AT},{AT},1,5,Tokens\n"
    cost = {
        "data": [{"starting_at": AT, "cost": {"amount": "1.5", "list_amount": "2"}, "group": {}}],
        "has_more": False,
    }
    for data in (console, focus, cost):
        assert "[usage] billed" in refusal(written(tmp_path, data))


def test_both_shapes_of_a_bedrock_body_are_read_in_one_file(tmp_path: Path) -> None:
    whole = {"outputTokenCount": 50, "outputBodyJson": {"usage": USAGE}}
    streamed = {"outputTokenCount": 50, "outputBodyJson": [{"type": "message_start", "message": {"usage": USAGE}}, {}]}
    counted = {"outputTokenCount": 50}
    rows = [
        {"timestamp": AT, "modelId": "anthropic.claude-opus-5-5", "operation": "InvokeModel", "output": output}
        | {"input": {"inputTokenCount": 100} | extra, "requestMetadata": {"feature": "answer"}}
        for output, extra in (
            (whole, {}),
            (streamed, {}),
            (counted, {"cacheReadInputTokenCount": 20, "cacheWriteInputTokenCount": 7}),
        )
    ]
    failed = rows[0] | {"output": {}, "errorCode": "ThrottlingException"}
    usage = read(written(tmp_path, gzip.compress(lines([*rows, failed]).encode()), "bedrock.json.gz"))
    group = usage.groups.to_dict("records")[0]
    assert (usage.records, usage.format, group["provider"]) == (3, "bedrock-invocations", "bedrock")
    assert (group["cache_read_tokens"], group["cache_write_1h_tokens"], group["request_type"]) == (60, 8, "answer")
    assert group["cache_write_5m_tokens"] == 3 + 3 + 7


def analytics_item(**group: str | None) -> dict[str, Any]:
    usage = {"uncached_input_tokens": 100, "output_tokens": 50, "requests": 3}
    return {"starting_at": "2026-06-01T00:00:00Z", "group": {"model": "claude-opus-5-5"} | group, "usage": usage}


def test_a_page_says_whether_more_follow_and_rows_without_use_are_left_out(tmp_path: Path) -> None:
    idle = analytics_item(model=None)
    idle["usage"] = dict.fromkeys(idle["usage"], 0)
    for more in (True, False):
        usage = read(written(tmp_path, {"data": [analytics_item(), idle], "has_more": more}))
        assert usage.groups["requests"].tolist() == [3]
        assert any("more follow" in note for note in usage.notes) == more
    used = analytics_item(model=None)
    assert "the model is missing" in refusal(written(tmp_path, {"data": [analytics_item(), used], "has_more": False}))


def test_rows_that_overlap_are_not_added_up(tmp_path: Path) -> None:
    items = [analytics_item(rbac_group_id=group) for group in ("rbac_a", None)]
    assert "rbac_group_id" in refusal(written(tmp_path, {"data": items}))


SESSION = {"sessionId": "s", "type": "assistant", "uuid": "u", "timestamp": AT, "message": MESSAGE}
SPAN = {"spanId": "a", "startTimeUnixNano": "1780308000000000000"}
WITHOUT_RECORDS = {
    "spans": {"resourceSpans": [{"scopeSpans": [{"spans": [SPAN]}]}]},
    "batch": {"custom_id": "a", "result": {"type": "errored"}},
    "session": {"sessionId": "s", "type": "user", "uuid": "u", "message": {"role": "user", "content": SECRET}},
}  # fmt: skip


@pytest.mark.parametrize("kind", WITHOUT_RECORDS)
def test_a_file_of_a_known_format_without_records_blocks_no_other(kind: str, tmp_path: Path) -> None:
    constants = {"timestamp": "2026-06-01"} if kind == "batch" else {}
    empty = written(tmp_path, lines([WITHOUT_RECORDS[kind]]), "a.jsonl")
    said = refusal(empty, constants=constants)
    assert "no usage record" in said
    assert "1 row is no answered request" in said
    written(tmp_path, lines([SESSION]), "b.jsonl")
    folder = UsageSource(sources=(".",), base_dir=tmp_path, constants=constants)
    assert read_usage(folder, prompt_edges=()).records == 1


def test_a_line_that_cannot_be_read_is_not_taken_for_another_kind_of_row(tmp_path: Path) -> None:
    path = written(
        tmp_path, lines([WITHOUT_RECORDS["session"], SESSION]) + '{"sessionId": "s", "type": "assis\n', "s.jsonl"
    )
    assert "1 of 2 rows cannot be read" in refusal(path)
    assert read(path, skip_bad_rows=True).records == 1


# ---- what is proposed


UNKNOWN = {
    "when": AT,
    "engine": "claude-opus-5-5",
    "tok": {"prompt_tokens": 9, "cached_tokens": 1, "completion_tokens": 4},
}


def test_the_mapping_that_is_proposed_reads_the_file(tmp_path: Path) -> None:
    path = written(tmp_path, lines([UNKNOWN | {"prompt": SECRET, "note": "n" * 99}] * 3), "unknown.jsonl")
    said = refusal(path)
    file = inspect_file(path, tmp_path)
    assert file is not None
    found = propose(file)
    assert found.toml in said
    assert found.options in said
    usage = read(path, **tomllib.loads(found.toml))
    assert usage.groups["uncached_input_tokens"].tolist() == [24]
    assert (found.format, found.missing, found.columns["timestamp"]) == ("", (), "when")
    assert found.samples["note"] == ("n" * SHOWN_CHARACTERS + "...",)
    assert found.samples["prompt"] == ()
    assert SECRET not in repr(found)
    assert SECRET not in said


def test_a_total_is_uncached_input_only_where_there_is_no_cache(tmp_path: Path) -> None:
    for row, column in (
        ({"prompt_tokens": 5}, "uncached_input_tokens"),
        ({"prompt_tokens": 5, "cached_tokens": 1}, "input_tokens_including_cache"),
        ({"input_tokens": 5, "prompt_tokens": 6, "cached_tokens": 1}, "uncached_input_tokens"),
    ):
        file = inspect_file(written(tmp_path, lines([row])), tmp_path)
        assert file is not None
        assert [name for name in propose(file).columns if name.endswith(("input_tokens", "including_cache"))] == [
            column
        ]


def test_the_closest_format_is_named_with_what_it_lacks(tmp_path: Path) -> None:
    path = written(tmp_path, CONSOLE_HEADER.replace("usage_output_tokens,", "") + "2026-03-31" + "," * 12 + "\n")
    assert "It is like console-tokens, without usage_output_tokens." in refusal(path)


@pytest.mark.parametrize(
    "path", ["prompt", "a.system_prompt", "messages.0.x", "input", "inputText", "response.content"]
)
def test_fields_that_may_hold_prompts_are_known_by_name(path: str) -> None:
    assert may_be_prompt(path)


@pytest.mark.parametrize("path", ["prompt_tokens", "input.inputTokenCount", "model", "response.usage.output_tokens"])
def test_fields_of_counts_are_no_prompts(path: str) -> None:
    assert not may_be_prompt(path)


def test_the_command_lists_every_format() -> None:
    runner = CliRunner()
    listed = json.loads(runner.invoke(app, ["formats", "--json"]).stdout)["formats"]
    assert [each["name"] for each in listed] == list(NAMES)
    assert next(each for each in listed if each["name"] == "otel-genai")["input_includes_cache"] is True
    shown = runner.invoke(app, ["formats"]).stdout
    assert all(name in shown for name in NAMES)


def test_many_small_files_are_inspected_and_read(tmp_path: Path) -> None:
    for number in range(200):
        row = {"timestamp": AT, "model": "claude-opus-5-5", "uncached_input_tokens": number, "output_tokens": 1}
        written(tmp_path, gzip.compress(lines([row]).encode()), f"{number}.jsonl.gz")
    usage = read_usage(UsageSource(sources=(".",), base_dir=tmp_path), prompt_edges=())
    assert (usage.files, usage.groups["uncached_input_tokens"].sum()) == (200, sum(range(200)))


def test_a_document_that_says_there_was_no_use_blocks_no_other_and_is_said(tmp_path: Path) -> None:
    page = {"has_more": False, "next_page": None, "data_refreshed_at": AT}
    written(tmp_path, json.dumps({"data": []} | page), "usage-2026-06-02.json")
    only = refusal(tmp_path / "usage-2026-06-02.json")
    assert "no usage record" in only
    used = {
        "starting_at": "2026-06-01T00:00:00Z",
        "group": {"model": "claude-opus-5-5"},
        "usage": {"uncached_input_tokens": 10, "output_tokens": 2, "requests": 3},
    }
    written(tmp_path, json.dumps({"data": [used]} | page), "usage-2026-06-01.json")
    nothing = used | {"usage": {"uncached_input_tokens": 0, "output_tokens": 0, "requests": 0}}
    written(tmp_path, json.dumps({"data": [nothing]} | page), "usage-2026-06-03.json")
    usage = read(tmp_path)
    assert (usage.records, usage.facts.no_requests) == (1, 1)
    assert usage.groups["requests"].sum() == 3
    assert any("there was no use" in note and "usage-2026-06-02.json" in note for note in usage.notes)
