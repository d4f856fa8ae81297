"""Formats of telemetry: OpenTelemetry's GenAI spans, and Claude Code's events, sessions and reports."""

from dataclasses import replace
from typing import Final

from planner.usage.log_formats.anthropic import NO_BILL, NO_COUNT, NO_TYPE
from planner.usage.log_formats.gateways import PROVIDERS
from planner.usage.log_formats.log_format import LogFormat, first_of
from planner.usage.readings import Reading

NANOSECONDS: Final = 1_000_000_000


def _attributes(*names: str) -> tuple[str, ...]:
    return tuple(f"attributes.{name}" for name in names)


_INPUT = _attributes("gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens")
_NO_INFERENCE: Final = ("invoke_agent", "create_agent", "execute_tool", "invoke_workflow")
"""Operations whose spans repeat the usage of the model calls below them."""
_OUTPUT = _attributes("gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens")

OTEL: Final = LogFormat(
    name="otel-genai",
    meaning="OpenTelemetry GenAI spans as OTLP JSON; input includes cache tokens",
    fields={
        "timestamp": Reading(paths=("startTimeUnixNano",), epoch_units_per_second=NANOSECONDS),
        "request_type": first_of(
            *_attributes("request_type", "gen_ai.agent.name", "gen_ai.operation.name"),
            "resource.attributes.service.name",
        ),
        "model": first_of(*_attributes("gen_ai.response.model", "gen_ai.request.model")),
        "input_tokens_including_cache": first_of(*_INPUT),
        "cache_read_tokens": first_of(
            *_attributes(
                "gen_ai.usage.cache_read.input_tokens",
                "gen_ai.usage.cache_read_input_tokens",
                "gen_ai.usage.cached_tokens",
            )
        ),
        "cache_write_tokens": first_of(
            *_attributes("gen_ai.usage.cache_creation.input_tokens", "gen_ai.usage.cache_creation_input_tokens")
        ),
        "output_tokens": first_of(*_OUTPUT),
        "provider": Reading(paths=_attributes("gen_ai.provider.name", "gen_ai.system"), values=PROVIDERS),
        "customer": first_of(*_attributes("user.id", "enduser.id")),
        "workspace": "resource.attributes.service.name",
        "agent": first_of(*_attributes("gen_ai.agent.name", "gen_ai.agent.id")),
        "request_id": first_of(*_attributes("gen_ai.response.id"), "spanId"),
    },
    recognise=("startTimeUnixNano",),
    frame=("startTimeUnixNano", "spanId"),
    input_includes_cache=True,
    leaves_out={"attributes.gen_ai.operation.name": _NO_INFERENCE},
    needs=_INPUT + _OUTPUT,
    rows=("resourceSpans", "scopeSpans", "spans"),
    lacks=("writes by lifetime", "the service tier", NO_BILL),
)
"""gen_ai.usage.input_tokens includes cached ones by the convention; instrumentations that do not follow it show as
refused rows where cache tokens exceed the input. Both spellings of each attribute are in use."""

OTEL_FORMATS: Final = tuple(replace(OTEL, recognise=("startTimeUnixNano", tokens)) for tokens in (*_INPUT, *_OUTPUT))

_EVENT: Final = ("api_request", "claude_code.api_request")


def _telemetry(under: str) -> dict[str, str | Reading]:
    return {
        "request_type": f"{under}query_source",
        "model": f"{under}model",
        "uncached_input_tokens": f"{under}input_tokens",
        "cache_read_tokens": f"{under}cache_read_tokens",
        "cache_write_tokens": f"{under}cache_creation_tokens",
        "output_tokens": f"{under}output_tokens",
        "speed": Reading(paths=(f"{under}speed",), values={"normal": "standard"}),
        "customer": first_of(f"{under}user.email", f"{under}user.account_uuid", f"{under}user.id"),
        "workspace": f"{under}organization.id",
        "request_id": first_of(f"{under}request_id", f"{under}client_request_id"),
    }


CLAUDE_CODE_EVENTS: Final = LogFormat(
    name="claude-code-telemetry",
    meaning="Claude Code's events api_request, as OTLP JSON logs or as flat lines of their attributes",
    fields={"timestamp": Reading(paths=("timeUnixNano", "observedTimeUnixNano"), epoch_units_per_second=NANOSECONDS)}
    | _telemetry("attributes."),
    recognise=("timeUnixNano", "attributes.event.name", "attributes.input_tokens", "attributes.output_tokens"),
    frame=("timeUnixNano", "attributes.event.name"),
    only={"attributes.event.name": _EVENT},
    rows=("resourceLogs", "scopeLogs", "logRecords"),
    lacks=("who served it", "writes by lifetime", f"{NO_BILL}: cost_usd is an estimate"),
)

_FLAT_EVENTS: Final = replace(
    CLAUDE_CODE_EVENTS,
    fields={"timestamp": first_of("event.timestamp", "timestamp")} | _telemetry(""),
    recognise=("event.name", "model", "input_tokens", "output_tokens", "cache_read_tokens"),
    frame=("event.name", "session.id"),
    only={"event.name": _EVENT},
    rows=(),
)

_UNNAMED_EVENTS: Final = tuple(
    replace(
        CLAUDE_CODE_EVENTS,
        recognise=("timeUnixNano", name, "attributes.input_tokens", "attributes.output_tokens"),
        frame=("timeUnixNano", name),
        only={name: _EVENT},
    )
    for name in ("body.stringValue", "eventName")
)
"""Some exporters name the event in the record and not in its attributes."""

CLAUDE_CODE_SESSIONS: Final = LogFormat(
    name="claude-code-sessions",
    meaning="Claude Code's session files, ~/.claude/projects/*/*.jsonl",
    fields={
        "timestamp": "timestamp",
        "request_type": first_of("attributionAgent", "entrypoint"),
        "model": "message.model",
        "uncached_input_tokens": "message.usage.input_tokens",
        "cache_read_tokens": "message.usage.cache_read_input_tokens",
        "cache_write_tokens": "message.usage.cache_creation_input_tokens",
        "cache_write_5m_tokens": "message.usage.cache_creation.ephemeral_5m_input_tokens",
        "cache_write_1h_tokens": "message.usage.cache_creation.ephemeral_1h_input_tokens",
        "output_tokens": "message.usage.output_tokens",
        "web_search_requests": "message.usage.server_tool_use.web_search_requests",
        "service_tier": "message.usage.service_tier",
        "inference_geo": Reading(paths=("message.usage.inference_geo",), values={"not_available": ""}),
        "speed": "message.usage.speed",
        "workspace": "cwd",
        "request_id": "message.id",
    },
    recognise=("sessionId", "type", "message.model", "message.usage.input_tokens"),
    frame=("sessionId", "type", "uuid"),
    only={"type": ("assistant",)},
    leaves_out={"message.model": ("<synthetic>",)},
    needs=("message.usage.input_tokens", "message.usage.output_tokens"),
    note="Claude Code writes a message once per block while it streams: each counts once only where duplicates by "
    "request id are taken out. Old sessions are deleted after some weeks, so the files undercount the past.",
    lacks=("who served it", NO_BILL),
)

_BREAKDOWN: Final[dict[str, str | Reading]] = {
    "model": "modelName",
    "uncached_input_tokens": "inputTokens",
    "cache_read_tokens": "cacheReadTokens",
    "cache_write_tokens": "cacheCreationTokens",
    "output_tokens": "outputTokens",
}
_BY_DAY: Final[dict[str, str | Reading]] = {"timestamp": first_of("date", "period"), "workspace": "project"}
_BY_SESSION: Final[dict[str, str | Reading]] = {
    "timestamp": "lastActivity",
    "workspace": "projectPath",
    "agent": "sessionId",
}
_CCUSAGE = LogFormat(
    name="ccusage",
    meaning="ccusage's JSON reports of Claude Code, by day or session, with a breakdown by model",
    fields=_BY_DAY | _BREAKDOWN,
    recognise=("date", "modelName", "inputTokens", "cacheReadTokens"),
    rows=("daily", "modelBreakdowns"),
    is_bucketed=True,
    lacks=(NO_COUNT, NO_TYPE, "writes by lifetime", f"{NO_BILL}: cost is an estimate"),
)
_MONTHLY: Final = "ccusage's monthly and weekly reports do not say days. Export days: ccusage daily --json --breakdown."

_INSTANCES: Final = (
    "ccusage's report by project is not read. Export it without --instances, or a file for each project."
)

CCUSAGE_FORMATS: Final = (
    _CCUSAGE,
    replace(_CCUSAGE, recognise=("period", "modelName", "inputTokens", "cacheReadTokens")),
    replace(
        _CCUSAGE,
        fields=_BY_SESSION | _BREAKDOWN,
        recognise=("lastActivity", "modelName", "inputTokens", "cacheReadTokens"),
        rows=("sessions", "modelBreakdowns"),
    ),
    replace(_CCUSAGE, recognise=("month", "modelName"), rows=("monthly", "modelBreakdowns"), refusal=_MONTHLY),
    replace(_CCUSAGE, recognise=("week", "modelName"), rows=("weekly", "modelBreakdowns"), refusal=_MONTHLY),
    replace(_CCUSAGE, recognise=("totals.cacheReadTokens", "totals.totalCost"), rows=(), refusal=_INSTANCES),
)

TELEMETRY_FORMATS: Final = (
    *OTEL_FORMATS,
    CLAUDE_CODE_EVENTS,
    *_UNNAMED_EVENTS,
    _FLAT_EVENTS,
    CLAUDE_CODE_SESSIONS,
    *CCUSAGE_FORMATS,
)
