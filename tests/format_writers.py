"""One log of requests, written as every supported source writes its own: field names, shapes and habits of each.

The writers know nothing of the product's mappings. Where a source has several shapes (streamed or not) a writer mixes
them. `Source.lacks` says what a source cannot tell, and `mix` gives what is then left of a log: what every reader of
that source's file could know, and no more.
"""

import csv
import gzip
import io
import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from hypothesis import strategies as st

Lack = Literal["type", "time", "tier", "requests", "lifetimes", "cache"]
"""What a source does not tell: the request type; when; batch or not; how many requests; which cache writes live
an hour; which input was read from or written to the cache at all."""

TYPES = ("triage", "answer", "code agent")


@dataclass(frozen=True, kw_only=True)
class Names:
    """One model as the sources call it."""

    api: str
    bedrock: str
    vertex: tuple[str, str]
    router: str


MODELS = {
    "claude-opus-4-5": Names(
        api="claude-opus-4-5-20251101",
        bedrock="arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude-opus-4-5-20251101-v1:0",
        vertex=("claude-opus-4-5", "20251101"),
        router="anthropic/claude-opus-4.5",
    ),
    "claude-haiku-4-5": Names(
        api="claude-haiku-4-5-20251001",
        bedrock="anthropic.claude-haiku-4-5-20251001-v1:0",
        vertex=("claude-haiku-4-5", "20251001"),
        router="anthropic/claude-4.5-haiku-20251001",
    ),
    "claude-sonnet-5-5": Names(
        api="claude-sonnet-5-5",
        bedrock="global.anthropic.claude-sonnet-5-5",
        vertex=("claude-sonnet-5-5", "default"),
        router="anthropic/claude-sonnet-5.5",
    ),
}


@dataclass(frozen=True, kw_only=True)
class Request:
    """What happened, once. Tokens by class, as they are billed: no class holds another one's tokens."""

    number: int
    moment: datetime
    request_type: str
    model: str
    uncached: int
    read: int
    write_5m: int
    write_1h: int
    output: int
    is_batch: bool

    @property
    def day(self) -> str:
        return self.moment.date().isoformat()

    @property
    def month(self) -> str:
        return self.day[:7]

    @property
    def written(self) -> int:
        return self.write_5m + self.write_1h

    @property
    def prompt(self) -> int:
        return self.uncached + self.read + self.written

    @property
    def tier(self) -> str:
        return "batch" if self.is_batch else "standard"

    @property
    def names(self) -> Names:
        return MODELS[self.model]

    @property
    def message_id(self) -> str:
        return f"msg_01{self.number:020d}"

    @property
    def workspace(self) -> str:
        return f"wrkspc_{self.request_type}"

    @property
    def api_key(self) -> str:
        return f"apikey_{self.request_type}"


Log = Sequence[Request]

_START = datetime(2026, 9, 28, tzinfo=UTC)
_TOKENS = st.integers(0, 40_000)


@st.composite
def logs(draw: st.DrawFn) -> list[Request]:
    """Two to nine requests around the end of a month: without cache, in a batch, on the stroke of midnight."""
    count = draw(st.integers(2, 9))
    found = []
    for number in range(count):
        seconds = draw(st.one_of(st.integers(0, 5 * 86_400), st.sampled_from([0, 86_399, 3 * 86_400 - 1, 3 * 86_400])))
        cached = draw(st.booleans())
        found.append(
            Request(
                number=number,
                moment=_START + timedelta(seconds=seconds, microseconds=draw(st.sampled_from([0, 1_000, 999_000]))),
                request_type=draw(st.sampled_from(TYPES)),
                model=draw(st.sampled_from(list(MODELS))),
                uncached=draw(_TOKENS),
                read=draw(_TOKENS) if cached else 0,
                write_5m=draw(_TOKENS) if cached else 0,
                write_1h=draw(st.sampled_from([0, 1_000])) if cached else 0,
                output=draw(st.integers(0, 9_000)),
                is_batch=draw(st.booleans()),
            )
        )
    return found


Key = tuple[str, str, str, str]
Counts = dict[str, int]


def tally(rows: Iterable[tuple[Key, Mapping[str, int]]], lacks: frozenset[Lack]) -> dict[Key, Counts]:
    """(type, model, month, tier) -> counts, as coarse as a source that lacks these can tell them.

    rows: the same key with requests, uncached, read, write_5m, write_1h, output.
    """
    sums: dict[Key, Counts] = defaultdict(lambda: defaultdict(int))
    for (kind, model, month, tier), counts in rows:
        key = (
            "" if "type" in lacks else kind,
            model,
            "" if "time" in lacks else month,
            "" if "tier" in lacks else tier,
        )
        for name, value in _told(counts, lacks).items():
            sums[key][name] += value
    return {key: dict(counts) for key, counts in sums.items()}


def _told(counts: Mapping[str, int], lacks: frozenset[Lack]) -> Counts:
    told = dict(counts)
    if "requests" in lacks:
        del told["requests"]
    if "cache" in lacks:
        told["prompt"] = sum(told.pop(name) for name in ("uncached", "read", "write_5m", "write_1h"))
    elif "lifetimes" in lacks:
        told["written"] = told.pop("write_5m") + told.pop("write_1h")
    return told


def mix(log: Log, lacks: frozenset[Lack] = frozenset()) -> dict[Key, Counts]:
    """What the log comes to, added up one request at a time."""
    rows = []
    for each in log:
        counts = {name: getattr(each, name) for name in ("uncached", "read", "write_5m", "write_1h", "output")}
        rows.append(((each.request_type, each.model, each.month, each.tier), {"requests": 1} | counts))
    return tally(rows, lacks)


# ---- writing


def jsonl(records: Iterable[Mapping[str, Any]]) -> bytes:
    return "".join(json.dumps(each, ensure_ascii=False) + "\n" for each in records).encode()


def document(value: Any) -> bytes:
    """One JSON text over many lines, as a saved reply has it."""
    return json.dumps(value, indent=2).encode()


def table(records: Sequence[Mapping[str, Any]]) -> bytes:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(records[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(records)
    return out.getvalue().encode()


def stamp(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def nanoseconds(moment: datetime) -> str:
    """Protobuf's JSON writes 64-bit integers as text."""
    return str(int(moment.timestamp()) * 1_000_000_000 + moment.microsecond * 1_000)


@dataclass(kw_only=True)
class Bucket:
    """The requests of one day that a source adds up into one row."""

    first: Request
    requests: int = 0
    sums: dict[str, int] = field(default_factory=lambda: defaultdict(int))


def buckets(log: Log, key: Callable[[Request], object]) -> list[Bucket]:
    found: dict[object, Bucket] = {}
    for each in log:
        bucket = found.setdefault((each.day, each.model, key(each)), Bucket(first=each))
        bucket.requests += 1
        for name in ("uncached", "read", "write_5m", "write_1h", "output"):
            bucket.sums[name] += getattr(each, name)
    return list(found.values())


def anthropic_usage(each: Request) -> dict[str, Any]:
    """`usage` of the Messages API: input_tokens are those outside the cache. Old replies have no cache_creation."""
    usage: dict[str, Any] = {
        "input_tokens": each.uncached,
        "cache_creation_input_tokens": each.written,
        "cache_read_input_tokens": each.read,
        "cache_creation": {
            "ephemeral_5m_input_tokens": each.write_5m,
            "ephemeral_1h_input_tokens": each.write_1h,
        },
        "output_tokens": each.output,
        "service_tier": each.tier,
        "server_tool_use": None,
    }
    if each.number % 3 == 1 and each.written == 0:
        del usage["cache_creation"], usage["cache_creation_input_tokens"], usage["cache_read_input_tokens"]
        usage |= {"cache_read_input_tokens": each.read} if each.read else {}
    return usage


def message(each: Request) -> dict[str, Any]:
    return {
        "id": each.message_id,
        "type": "message",
        "role": "assistant",
        "model": each.names.api,
        "content": [{"type": "text", "text": "an answer of which nothing may be shown"}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": anthropic_usage(each),
    }


def planner(log: Log) -> bytes:
    return table(
        [
            {
                "timestamp": stamp(each.moment),
                "request_type": each.request_type,
                "model": each.names.api,
                "requests": 1,
                "uncached_input_tokens": each.uncached,
                "cache_read_tokens": each.read,
                "cache_write_5m_tokens": each.write_5m,
                "cache_write_1h_tokens": each.write_1h,
                "output_tokens": each.output,
                "service_tier": each.tier,
                "request_id": each.message_id,
            }
            for each in log
        ]
    )


def anthropic_messages(log: Log) -> bytes:
    return jsonl({"timestamp": stamp(each.moment), "request_type": each.request_type} | message(each) for each in log)


def anthropic_batch_results(log: Log) -> bytes:
    """Results come in any order, and neither the line nor the message says when. Only 'succeeded' has a message."""
    lines: list[dict[str, Any]] = [
        {"custom_id": f"{each.request_type}-{each.number}", "result": {"type": "succeeded", "message": message(each)}}
        for each in reversed(log)
    ]
    error = {"type": "error", "error": {"type": "invalid_request_error", "message": "max_tokens: required"}}
    lines.insert(0, {"custom_id": "x-1", "result": {"type": "errored", "error": error}})
    lines += [{"custom_id": "x-2", "result": {"type": "expired"}}, {"custom_id": "x-3", "result": {"type": "canceled"}}]
    return jsonl(lines)


def _day_after(day: str) -> str:
    return (datetime.fromisoformat(day) + timedelta(days=1)).date().isoformat()


_NO_GROUP = dict.fromkeys(
    (
        "actor", "actor_type", "agent_id", "claude_tag_category", "claude_tag_user_id", "deployment_id",
        "environment_id", "inference_geo", "organization_id", "rbac_group_id", "session_id", "slack_channel_id",
        "speed", "user_profile_id",
    )
)  # fmt: skip


def analytics_item(bucket: Bucket, **group: object) -> dict[str, Any]:
    first, sums = bucket.first, bucket.sums
    return {
        "starting_at": f"{first.day}T00:00:00Z",
        "ending_at": f"{_day_after(first.day)}T00:00:00Z",
        "group": _NO_GROUP
        | {
            "api_key_id": first.api_key,
            "context_window": "0-200k",
            "model": first.names.api,
            "product": "messages_api",
            "service_tier": first.tier,
            "workspace_id": first.workspace,
        }
        | group,
        "usage": {
            "uncached_input_tokens": sums["uncached"],
            "cache_read_input_tokens": sums["read"],
            "cache_creation": {
                "ephemeral_5m_input_tokens": sums["write_5m"],
                "ephemeral_1h_input_tokens": sums["write_1h"],
            },
            "output_tokens": sums["output"],
            "requests": bucket.requests,
            "server_tool_use": {"web_search_requests": 0},
            "total_tokens": sum(sums.values()),
        },
    }


def _typed(each: Request) -> tuple[str, bool]:
    return each.request_type, each.is_batch


def page(data: Sequence[Any], **more: object) -> dict[str, Any]:
    return {"data": data, "has_more": False, "next_page": None} | more


def anthropic_analytics(log: Log) -> bytes:
    items = [analytics_item(bucket) for bucket in buckets(log, _typed)]
    return document(page(items, data_refreshed_at="2026-11-24T00:00:00Z"))


def anthropic_usage_report(log: Log) -> bytes:
    """Days hold results; a day without use is there too, with none. No count of requests."""
    days: dict[str, list[dict[str, Any]]] = {"2026-09-27": []}
    for bucket in buckets(log, _typed):
        first, sums = bucket.first, bucket.sums
        days.setdefault(first.day, []).append(
            {
                "account_id": None,
                "api_key_id": first.api_key,
                "cache_creation": {
                    "ephemeral_1h_input_tokens": sums["write_1h"],
                    "ephemeral_5m_input_tokens": sums["write_5m"],
                },
                "cache_read_input_tokens": sums["read"],
                "context_window": "0-200k",
                "inference_geo": "global",
                "model": first.names.api,
                "output_tokens": sums["output"],
                "server_tool_use": {"web_search_requests": 0},
                "service_account_id": None,
                "service_tier": first.tier,
                "uncached_input_tokens": sums["uncached"],
                "workspace_id": first.workspace,
            }
        )
    data = [
        {"starting_at": f"{day}T00:00:00Z", "ending_at": f"{_day_after(day)}T00:00:00Z", "results": results}
        for day, results in sorted(days.items())
    ]
    return document(page(data))


def console_tokens(log: Log) -> bytes:
    return table(
        [
            {
                "usage_date_utc": bucket.first.day,
                "model_version": bucket.first.names.api,
                "api_key": bucket.first.api_key,
                "workspace": bucket.first.workspace,
                "usage_type": bucket.first.tier,
                "context_window": "≤ 200k",
                "usage_input_tokens_no_cache": bucket.sums["uncached"],
                "usage_input_tokens_cache_write_5m": bucket.sums["write_5m"],
                "usage_input_tokens_cache_write_1h": bucket.sums["write_1h"],
                "usage_input_tokens_cache_read": bucket.sums["read"],
                "usage_output_tokens": bucket.sums["output"],
                "web_search_count": 0,
                "inference_geo": "not_available",
                "speed": "",
            }
            for bucket in buckets(log, _typed)
        ]
    )


def _spend_log(each: Request) -> dict[str, Any]:
    """A row of LiteLLM_SpendLogs: prompt_tokens include the cache, whose classes are in the JSON of `metadata`."""
    details = {"cached_tokens": each.read, "cache_creation_tokens": each.written}
    cache = {"cache_creation_input_tokens": each.written, "cache_read_input_tokens": each.read}
    usage = {"prompt_tokens": each.prompt, "completion_tokens": each.output, "total_tokens": each.prompt + each.output}
    return {
        "request_id": f"chatcmpl-{each.number:08d}",
        "call_type": "acompletion",
        "api_key": "88dc28d0f030c55ed4ab77ed8faf098196cb1c05df778539800c9f1243fe6b4b",
        "spend": 0.0,
        "total_tokens": each.prompt + each.output,
        "prompt_tokens": each.prompt,
        "completion_tokens": each.output,
        "startTime": each.moment,
        "endTime": each.moment + timedelta(seconds=2),
        "completionStartTime": each.moment + timedelta(seconds=1),
        "model": each.names.api,
        "model_id": "0d5f1a",
        "model_group": "house-name-of-the-model",
        "custom_llm_provider": "anthropic",
        "api_base": "https://api.anthropic.com/v1/messages",
        "user": "default_user_id",
        "metadata": {
            "user_api_key_alias": each.api_key,
            "status": "success",
            "additional_usage_values": {"prompt_tokens_details": details} | cache,
            "usage_object": usage | cache | {"prompt_tokens_details": details},
        },
        "cache_hit": "False",
        "cache_key": "Cache OFF",
        "request_tags": [each.request_type],
        "team_id": each.workspace,
        "organization_id": "",
        "end_user": each.request_type,
        "requester_ip_address": "10.0.0.1",
        "session_id": "0198",
        "status": "success",
        "agent_id": None,
    }


def litellm_csv(log: Log) -> bytes:
    """As psql copies it: time stamps without a zone, JSON as text."""
    rows = []
    for each in log:
        row = _spend_log(each)
        row |= {name: row[name].replace(tzinfo=None) for name in ("startTime", "endTime", "completionStartTime")}
        rows.append(row | {name: json.dumps(row[name]) for name in ("metadata", "request_tags")})
    return table(rows)


def litellm_jsonl(log: Log) -> bytes:
    """As the /spend/logs endpoint has it: JSON in JSON."""
    return jsonl(
        {name: stamp(v) if isinstance(v, datetime) else v for name, v in _spend_log(each).items()} for each in log
    )


def litellm_daily_tags(log: Log) -> bytes:
    return table(
        [
            {
                "id": f"{number}",
                "tag": bucket.first.request_type,
                "date": bucket.first.day,
                "api_key": "88dc28d0f030",
                "model": bucket.first.names.api,
                "model_group": "house-name-of-the-model",
                "custom_llm_provider": "anthropic",
                "mcp_namespaced_tool_name": "",
                "endpoint": "/v1/messages",
                "prompt_tokens": sum(bucket.sums[name] for name in ("uncached", "read", "write_5m", "write_1h")),
                "completion_tokens": bucket.sums["output"],
                "cache_read_input_tokens": bucket.sums["read"],
                "cache_creation_input_tokens": bucket.sums["write_5m"] + bucket.sums["write_1h"],
                "spend": 0.0,
                "api_requests": bucket.requests,
                "successful_requests": bucket.requests,
                "failed_requests": 0,
                "created_at": f"{bucket.first.day} 03:00:00",
                "updated_at": f"{bucket.first.day} 03:00:00",
            }
            for number, bucket in enumerate(buckets(log, lambda each: each.request_type))
        ]
    )


def langfuse_observations(log: Log) -> bytes:
    """Classes of usageDetails do not overlap. Spans and events, and generations that failed, have none."""
    records: list[dict[str, Any]] = []
    for each in log:
        common = {
            "traceId": f"trace-{each.number}",
            "startTime": stamp(each.moment),
            "endTime": stamp(each.moment + timedelta(seconds=2)),
            "parentObservationId": None,
            "environment": "production",
            "metadata": {"a": 1},
            "level": "DEFAULT",
        }
        usage = {"input": each.uncached, "output": each.output, "total": each.prompt + each.output}
        if each.prompt != each.uncached:
            usage |= {"cache_read_input_tokens": each.read, "cache_creation_input_tokens": each.written}
        generation = {"id": f"obs-{each.number}", "type": "GENERATION", "name": each.request_type}
        generation |= {
            "model": each.names.api,
            "usageDetails": usage,
            "costDetails": {"total": 0.0},
            "promptName": None,
        }
        records.append(generation | common)
        span = {"id": f"span-{each.number}", "type": "SPAN", "name": "retrieve", "model": None}
        records.append(span | {"usageDetails": {}, "costDetails": {}, "promptName": None} | common)
    return jsonl(records)


def helicone(log: Log) -> bytes:
    return jsonl(
        {
            "request_id": f"5f3{each.number:08d}",
            "request_created_at": stamp(each.moment),
            "response_created_at": stamp(each.moment + timedelta(seconds=2)),
            "response_status": 200,
            "request_model": each.names.api,
            "response_model": each.names.api,
            "model": each.names.api,
            "provider": "ANTHROPIC",
            "prompt_tokens": each.uncached,
            "prompt_cache_write_tokens": each.written,
            "prompt_cache_read_tokens": each.read,
            "completion_tokens": each.output,
            "total_tokens": each.prompt + each.output,
            "properties": {"feature": each.request_type, "Helicone-Session-Id": "0198"},
            "costUSD": 0.0,
            "delay_ms": 2_000,
        }
        for each in log
    )


def openrouter(log: Log) -> bytes:
    """Prompt tokens include those of the cache; completion tokens include those of reasoning."""
    return table(
        [
            {
                "Date": bucket.first.day,
                "Slug": bucket.first.names.router,
                "Provider": "Anthropic",
                "Usage": 0.0,
                "BYOK Usage": 0.0,
                "Requests": bucket.requests,
                "Prompt Tokens": sum(bucket.sums[name] for name in ("uncached", "read", "write_5m", "write_1h")),
                "Completion Tokens": bucket.sums["output"],
                "Reasoning Tokens": bucket.sums["output"] // 2,
            }
            for bucket in buckets(log, lambda each: None)
        ]
    )


def _bedrock_body(each: Request) -> Any:
    """The reply as the operation gives it: a message, the events of a stream, or Converse's own shape."""
    if each.number % 3 == 0:
        return message(each)
    if each.number % 3 == 1:
        begin = message(each)
        begin["content"], begin["usage"] = [], anthropic_usage(each) | {"output_tokens": 1}
        metrics = {"inputTokenCount": each.uncached, "outputTokenCount": each.output}
        return [
            {"type": "message_start", "message": begin},
            {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": each.output}},
            {"type": "message_stop", "amazon-bedrock-invocationMetrics": metrics},
        ]
    usage = {"inputTokens": each.uncached, "outputTokens": each.output, "totalTokens": each.prompt + each.output}
    usage |= {"cacheReadInputTokens": each.read, "cacheWriteInputTokens": each.written}
    return {"output": {"message": {"role": "assistant"}}, "stopReason": "end_turn", "usage": usage}


def _invocation(each: Request) -> dict[str, Any]:
    counts = {"inputTokenCount": each.uncached}
    if each.prompt != each.uncached:
        counts |= {"cacheReadInputTokenCount": each.read, "cacheWriteInputTokenCount": each.written}
    return {
        "schemaType": "ModelInvocationLog",
        "schemaVersion": "1.0",
        "timestamp": each.moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "accountId": "123456789012",
        "identity": {"arn": "arn:aws:sts::123456789012:assumed-role/checkout/session"},
        "region": "us-east-1",
        "requestId": f"3f0e2c9d-{each.number:012d}",
        "operation": ("InvokeModel", "InvokeModelWithResponseStream", "Converse")[each.number % 3],
        "modelId": each.names.bedrock,
        "requestMetadata": {"feature": each.request_type},
        "input": {"inputContentType": "application/json", "inputBodyJson": {"messages": []}} | counts,
        "output": {
            "outputContentType": "application/json",
            "outputBodyJson": _bedrock_body(each),
            "outputTokenCount": each.output,
        },
    }


def bedrock_invocations(log: Log) -> bytes:
    """As S3 delivers it. A call that was throttled has an error and no output."""
    records = [_invocation(each) for each in log]
    failed = {name: value for name, value in records[0].items() if name != "output"}
    failed |= {
        "errorCode": "ThrottlingException",
        "requestId": "failed",
        "input": {"inputContentType": "application/json"},
    }
    return gzip.compress(jsonl([*records, failed]))


def vertex_request_response(log: Log) -> bytes:
    """A BigQuery table as JSON lines: time stamps with ' UTC', the JSON columns as objects; the reply is a message."""
    records = []
    for each in log:
        model, version = each.names.vertex
        reply = message(each) | {"model": f"{model}@{version}" if version != "default" else model}
        records.append(
            {
                "endpoint": "projects/p/locations/us-east5/publishers/anthropic/models/" + model,
                "deployed_model_id": "",
                "logging_time": each.moment.strftime("%Y-%m-%d %H:%M:%S.%f UTC"),
                "request_id": f"{4_000_000_000_000_000_000 + each.number}",
                "request_payload": ["{}"],
                "response_payload": [json.dumps(reply)],
                "model": model,
                "model_version": version,
                "api_method": "rawPredict",
                "full_request": {"anthropic_version": "vertex-2023-10-16", "messages": [], "max_tokens": 10},
                "full_response": reply,
                "metadata": {"request_latency": 2.5},
            }
        )
    return jsonl(records)


def attribute(key: str, value: object) -> dict[str, Any]:
    kind = "intValue" if isinstance(value, int) else "stringValue"
    return {"key": key, "value": {kind: str(value)}}


def attributes(values: Mapping[str, object]) -> list[dict[str, Any]]:
    return [attribute(key, value) for key, value in values.items()]


def _span(each: Request, name: str, values: Mapping[str, object]) -> dict[str, Any]:
    return {
        "traceId": f"{each.number:032x}",
        "spanId": f"{each.number * 2 + (name != 'chat'):016x}",
        "name": name,
        "kind": 3,
        "startTimeUnixNano": nanoseconds(each.moment),
        "endTimeUnixNano": nanoseconds(each.moment + timedelta(seconds=2)),
        "attributes": attributes(values),
        "status": {},
    }


def otel_genai(log: Log) -> bytes:
    """OTLP JSON of the collector's file exporter: an export a line, several spans in it, most of them no model call.

    gen_ai.usage.input_tokens include the tokens of the cache.
    """
    lines = []
    for start in range(0, len(log), 4):
        spans = []
        for each in log[start : start + 4]:
            values: dict[str, object] = {
                "gen_ai.operation.name": "chat",
                "gen_ai.provider.name": "anthropic",
                "gen_ai.agent.name": each.request_type,
                "gen_ai.request.model": each.names.api,
                "gen_ai.response.model": each.names.api,
                "gen_ai.response.id": each.message_id,
                "gen_ai.usage.input_tokens": each.prompt,
                "gen_ai.usage.output_tokens": each.output,
            }
            if each.prompt != each.uncached:
                values |= {
                    "gen_ai.usage.cache_read.input_tokens": each.read,
                    "gen_ai.usage.cache_creation.input_tokens": each.written,
                }
            spans.append(_span(each, "chat", values))
            spans.append(_span(each, "GET /health", {"http.response.status_code": 200}))
        resource = {"attributes": attributes({"service.name": "gateway"})}
        scoped = [{"scope": {"name": "opentelemetry.instrumentation.anthropic"}, "spans": spans}]
        lines.append({"resourceSpans": [{"resource": resource, "scopeSpans": scoped}]})
    return jsonl(lines)


def claude_code_telemetry(log: Log) -> bytes:
    """OTLP JSON of log records; api_request is the one with tokens. Counts are integers or text, by version."""
    lines = []
    for start in range(0, len(log), 4):
        records = []
        for each in log[start : start + 4]:
            counts: dict[str, object] = {
                "input_tokens": each.uncached,
                "output_tokens": each.output,
                "cache_read_tokens": each.read,
                "cache_creation_tokens": each.written,
            }
            if each.number % 2:
                counts = {name: str(value) for name, value in counts.items()}
            told = {"event.name": "api_request", "event.timestamp": stamp(each.moment), "session.id": "s-1"}
            told |= {"model": each.names.api, "request_id": f"req_{each.number}", "query_source": each.request_type}
            told |= {"cost_usd": "0.01", "duration_ms": "2000", "speed": "normal"}
            records.append(_event(each, "claude_code.api_request", told | counts))
            prompt = {"event.name": "user_prompt", "event.timestamp": stamp(each.moment), "prompt_length": "12"}
            records.append(_event(each, "claude_code.user_prompt", prompt | {"session.id": "s-1"}))
        resource = {"attributes": attributes({"service.name": "claude-code", "service.version": "2.1.162"})}
        scoped = [{"scope": {"name": "com.anthropic.claude_code.events", "version": "2.1.162"}, "logRecords": records}]
        lines.append({"resourceLogs": [{"resource": resource, "scopeLogs": scoped}]})
    return jsonl(lines)


def _event(each: Request, body: str, values: Mapping[str, object]) -> dict[str, Any]:
    return {
        "timeUnixNano": nanoseconds(each.moment),
        "observedTimeUnixNano": nanoseconds(each.moment),
        "body": {"stringValue": body},
        "attributes": attributes(values),
        "droppedAttributesCount": 0,
    }


def claude_code_sessions(log: Log) -> bytes:
    """A line per block of a reply: the same message id again, earlier lines with the output so far."""
    records: list[dict[str, Any]] = [{"type": "summary", "summary": "a title", "leafUuid": "0"}]
    for each in log:
        common = {
            "parentUuid": None,
            "isSidechain": False,
            "userType": "external",
            "cwd": f"/home/dev/{each.request_type}",
            "sessionId": "0198",
            "version": "2.1.162",
            "gitBranch": "main",
        }
        said = {"role": "user", "content": "a question of which nothing may be shown"}
        asked = {"type": "user", "message": said, "uuid": f"u-{each.number}", "timestamp": stamp(each.moment)}
        records.append(common | asked)
        for block in range(each.number % 3 + 1):
            is_last = block == each.number % 3
            answer = message(each)
            answer["usage"] = anthropic_usage(each) | ({} if is_last else {"output_tokens": min(each.output, 1)})
            line = {"type": "assistant", "message": answer, "requestId": f"req_{each.number}"}
            records.append(common | line | {"uuid": f"a-{each.number}-{block}", "timestamp": stamp(each.moment)})
    none = {"input_tokens": 0, "output_tokens": 0, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0}
    fault = {"id": "x", "type": "message", "role": "assistant", "model": "<synthetic>", "content": [], "usage": none}
    last = {"type": "assistant", "message": fault, "isApiErrorMessage": True, "uuid": "z", "sessionId": "0198"}
    records.append(last | {"timestamp": stamp(log[-1].moment), "cwd": "/home/dev", "version": "2.1.162"})
    return jsonl(records)


def ccusage(log: Log) -> bytes:
    days: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for bucket in buckets(log, lambda each: None):
        sums = bucket.sums
        days[bucket.first.day].append(
            {
                "modelName": bucket.first.names.api,
                "inputTokens": sums["uncached"],
                "outputTokens": sums["output"],
                "cacheCreationTokens": sums["write_5m"] + sums["write_1h"],
                "cacheReadTokens": sums["read"],
                "cost": 0.01,
            }
        )
    names = ("inputTokens", "outputTokens", "cacheCreationTokens", "cacheReadTokens")
    daily = []
    for day, models in sorted(days.items()):
        sums = {name: sum(model[name] for model in models) for name in names}
        whole = {"date": day, "totalTokens": sum(sums.values()), "totalCost": 0.01, "modelBreakdowns": models}
        daily.append(whole | sums | {"modelsUsed": [model["modelName"] for model in models]})
    totals = {name: sum(day[name] for day in daily) for name in names}
    return document({"daily": daily, "totals": totals | {"totalTokens": sum(totals.values()), "totalCost": 0.01}})


# ---- all of them


def _any(each: Request) -> bool:
    return True


@dataclass(frozen=True, kw_only=True)
class Source:
    """A source: its format's name, its file's name, how it writes a log, and what it cannot tell.

    request_type: the field (or our column) where its users put what we call a request type. type_name: what a request's
    type is called there. only: the requests that it has. constants: what a reader has to be told.
    """

    format: str
    file: str
    write: Callable[[Log], bytes]
    lacks: frozenset[Lack]
    request_type: str = "request_type"
    type_name: Callable[[Request], str] = lambda each: each.request_type
    only: Callable[[Request], bool] = _any
    constants: Mapping[str, str] = field(default_factory=dict)


def _source(format: str, file: str, write: Callable[[Log], bytes], *lacks: Lack, **more: Any) -> Source:
    return Source(format=format, file=file, write=write, lacks=frozenset(lacks), **more)


def _workspace(each: Request) -> str:
    return each.workspace


SOURCES = {
    source.file: source
    for source in (
        _source("planner", "planner.csv", planner),
        _source("anthropic-messages", "messages.jsonl", anthropic_messages),
        _source(
            "anthropic-batch-results",
            "batch.jsonl",
            anthropic_batch_results,
            "type",
            "time",
            only=lambda each: each.is_batch,
            constants={"timestamp": "2026-10-01"},
        ),
        _source(
            "anthropic-analytics",
            "analytics.json",
            anthropic_analytics,
            request_type="workspace",
            type_name=_workspace,
        ),
        _source(
            "anthropic-usage-report",
            "usage-report.json",
            anthropic_usage_report,
            "requests",
            request_type="workspace",
            type_name=_workspace,
        ),
        _source(
            "console-tokens",
            "claude_api_tokens.csv",
            console_tokens,
            "requests",
            request_type="workspace",
            type_name=_workspace,
        ),
        _source("litellm-spend-logs", "spend-logs.csv", litellm_csv, "lifetimes", "tier", request_type="end_user"),
        _source("litellm-spend-logs", "spend-logs.jsonl", litellm_jsonl, "lifetimes", "tier"),
        _source("litellm-daily-tags", "daily-tags.csv", litellm_daily_tags, "lifetimes", "tier"),
        _source("langfuse-observations", "langfuse.jsonl", langfuse_observations, "lifetimes", "tier"),
        _source("helicone", "helicone.jsonl", helicone, "lifetimes", "tier", request_type="properties.feature"),
        _source("openrouter", "openrouter.csv", openrouter, "type", "tier", "cache"),
        _source("bedrock-invocations", "bedrock.json.gz", bedrock_invocations, "lifetimes", "tier"),
        _source("vertex-request-response", "vertex.jsonl", vertex_request_response, "type", "tier"),
        _source("otel-genai", "spans.jsonl", otel_genai, "lifetimes", "tier"),
        _source("claude-code-telemetry", "telemetry.jsonl", claude_code_telemetry, "lifetimes", "tier"),
        _source("claude-code-sessions", "session.jsonl", claude_code_sessions, "type"),
        _source("ccusage", "ccusage.json", ccusage, "type", "tier", "requests", "lifetimes"),
    )
}


# ---- bills, which say dollars and no mix


def console_cost(log: Log) -> bytes:
    """Models by their display names; the 2025 export, without the columns that came later."""
    return table(
        [
            {
                "usage_date_utc": bucket.first.day,
                "model": "Claude Opus 4.5",
                "workspace": bucket.first.workspace,
                "api_key": bucket.first.api_key,
                "usage_type": bucket.first.tier,
                "context_window": "≤ 200k",
                "token_type": "output",
                "cost_usd": "0.0125",
                "list_price_usd": "0.015",
                "cost_type": "token",
                "inference_geo": "not_available",
                "speed": "",
            }
            for bucket in buckets(log, _typed)
        ]
    )


def cost_analytics(log: Log) -> bytes:
    """Amounts are texts in fractions of a cent."""
    items = []
    for bucket in buckets(log, _typed):
        item = analytics_item(bucket)
        del item["usage"]
        cost = {"amount": "123.78912", "list_amount": "150.5", "currency": "USD", "requests": bucket.requests}
        items.append(item | {"cost": cost})
    return document(page(items))


def focus(log: Log) -> bytes:
    """LiteLLM's FOCUS export: ConsumedQuantity counts requests, and no column tokens."""
    return table(
        [
            {
                "BilledCost": "0.0125",
                "BillingAccountId": "acc",
                "BillingCurrency": "USD",
                "BillingPeriodEnd": "2026-11-01T00:00:00Z",
                "BillingPeriodStart": "2026-10-01T00:00:00Z",
                "ChargeCategory": "Usage",
                "ChargeDescription": bucket.first.names.api,
                "ChargePeriodEnd": f"{_day_after(bucket.first.day)}T00:00:00Z",
                "ChargePeriodStart": f"{bucket.first.day}T00:00:00Z",
                "ConsumedQuantity": bucket.requests,
                "ConsumedUnit": "Requests",
                "EffectiveCost": "0.0125",
                "ListCost": "0.0125",
                "PricingCategory": "Standard",
                "ProviderName": "anthropic",
                "ResourceId": bucket.first.names.api,
                "ServiceCategory": "AI and Machine Learning",
                "ServiceName": "LLM",
                "SubAccountId": bucket.first.workspace,
                "Tags": json.dumps({"team": bucket.first.workspace}),
            }
            for bucket in buckets(log, _typed)
        ]
    )


BILLS: Mapping[str, tuple[str, Callable[[Log], bytes]]] = {
    "console-cost": ("claude_api_cost.csv", console_cost),
    "anthropic-cost": ("cost.json", cost_analytics),
    "focus": ("focus.csv", focus),
}
