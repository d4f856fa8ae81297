"""Formats of Anthropic's own API and Console, and the product's own."""

from dataclasses import replace
from typing import Final

from planner.usage.columns import COLUMNS
from planner.usage.log_formats.log_format import LogFormat, nested
from planner.usage.readings import Reading

DIRECT: Final = {"provider": "anthropic"}
NO_COUNT: Final = "the number of requests"
NO_TIME: Final = "a time"
NO_TYPE: Final = "a request type of its own: take an owner, such as workspace or api_key"
NO_BILL: Final = "a billed cost"

PLANNER: Final = LogFormat(
    name="planner",
    meaning="the product's own columns; token columns are totals of the row",
    fields={column.name: column.name for column in COLUMNS},
    recognise=("timestamp", "model", "uncached_input_tokens", "output_tokens"),
)

_USAGE: Final = {
    "uncached_input_tokens": "usage.input_tokens",
    "cache_read_tokens": "usage.cache_read_input_tokens",
    "cache_write_tokens": "usage.cache_creation_input_tokens",
    "cache_write_5m_tokens": "usage.cache_creation.ephemeral_5m_input_tokens",
    "cache_write_1h_tokens": "usage.cache_creation.ephemeral_1h_input_tokens",
    "output_tokens": "usage.output_tokens",
    "web_search_requests": "usage.server_tool_use.web_search_requests",
    "service_tier": "usage.service_tier",
    "inference_geo": "usage.inference_geo",
    "speed": "usage.speed",
}

MESSAGES: Final = LogFormat(
    name="anthropic-messages",
    meaning="one Messages API response per record: timestamp, request_type, id, model, usage as the API returns it",
    fields={"timestamp": "timestamp", "request_type": "request_type", "model": "model", "request_id": "id"} | _USAGE,
    recognise=("timestamp", "model", "usage.input_tokens", "usage.output_tokens"),
    leaves_out={"type": ("error",)},
    lacks=(NO_BILL,),
)
"""No constant provider: the same responses come from Bedrock's and Vertex AI's clients."""

BATCH_RESULTS: Final = LogFormat(
    name="anthropic-batch-results",
    meaning="results of Message Batches: custom_id, result.type, result.message; errors are left out",
    fields={"timestamp": "timestamp", "request_type": "request_type", "model": "result.message.model"}
    | {"request_id": "result.message.id"}
    | {name: f"result.message.{path}" for name, path in _USAGE.items() if name != "service_tier"},
    recognise=("custom_id", "result.type", "result.message.usage.input_tokens"),
    frame=("custom_id", "result.type"),
    only={"result.type": ("succeeded",)},
    constants=DIRECT | {"service_tier": "batch"},
    lacks=(NO_TIME, NO_BILL),
    remedies={
        "timestamp": "Results of a batch carry no time. Give the day on which it ran: --constant timestamp=2026-06-01, "
        'or in the plan constants = { timestamp = "2026-06-01" }; or add a field timestamp to each line.'
    },
)

ANALYTICS: Final = LogFormat(
    name="anthropic-analytics",
    meaning="saved pages of Usage and Cost Analytics, usage: data[] with group and usage",
    fields={
        "timestamp": "starting_at",
        "model": "group.model",
        "requests": "usage.requests",
        "uncached_input_tokens": "usage.uncached_input_tokens",
        "cache_read_tokens": "usage.cache_read_input_tokens",
        "cache_write_5m_tokens": "usage.cache_creation.ephemeral_5m_input_tokens",
        "cache_write_1h_tokens": "usage.cache_creation.ephemeral_1h_input_tokens",
        "output_tokens": "usage.output_tokens",
        "web_search_requests": "usage.server_tool_use.web_search_requests",
        "service_tier": "group.service_tier",
        "context_window": "group.context_window",
        "inference_geo": "group.inference_geo",
        "speed": "group.speed",
        "customer": "group.user_profile_id",
        "api_key": "group.api_key_id",
        "workspace": "group.workspace_id",
        "agent": "group.agent_id",
        "product": "group.product",
    },
    recognise=("starting_at", "usage.uncached_input_tokens", "usage.output_tokens"),
    needs_use=True,
    overlapping={
        "group.rbac_group_id": "Its rows are grouped by rbac_group_id. They overlap, as a member of several groups is "
        "in the rows of each, and cannot be added up. Group the report by something else."
    },
    constants=DIRECT,
    rows=("data",),
    lacks=(NO_TYPE, NO_BILL),
    remedies={"model": "Ask for the report grouped by model (group_by[]=model)."},
)

USAGE_REPORT: Final = LogFormat(
    name="anthropic-usage-report",
    meaning="saved replies of the Admin API's usage_report/messages: data[] of buckets with results[]",
    fields={
        "timestamp": "starting_at",
        "model": "model",
        "uncached_input_tokens": "uncached_input_tokens",
        "cache_read_tokens": "cache_read_input_tokens",
        "cache_write_5m_tokens": "cache_creation.ephemeral_5m_input_tokens",
        "cache_write_1h_tokens": "cache_creation.ephemeral_1h_input_tokens",
        "output_tokens": "output_tokens",
        "web_search_requests": "server_tool_use.web_search_requests",
        "service_tier": "service_tier",
        "context_window": "context_window",
        "inference_geo": Reading(paths=("inference_geo",), values={"not_available": ""}),
        "api_key": "api_key_id",
        "workspace": "workspace_id",
    },
    recognise=("starting_at", "ending_at", "uncached_input_tokens", "output_tokens"),
    needs_use=True,
    constants=DIRECT,
    rows=("data", "results"),
    is_bucketed=True,
    lacks=(NO_COUNT, NO_TYPE, NO_BILL),
    remedies={"model": "Ask for the report grouped by model (group_by[]=model)."},
)

CONSOLE_TOKENS: Final = LogFormat(
    name="console-tokens",
    meaning="the Console's CSV of tokens, by day or hour",
    fields={
        "timestamp": "usage_date_utc",
        "model": "model_version",
        "uncached_input_tokens": "usage_input_tokens_no_cache",
        "cache_read_tokens": "usage_input_tokens_cache_read",
        "cache_write_5m_tokens": "usage_input_tokens_cache_write_5m",
        "cache_write_1h_tokens": "usage_input_tokens_cache_write_1h",
        "output_tokens": "usage_output_tokens",
        "web_search_requests": "web_search_count",
        "service_tier": "usage_type",
        "context_window": "context_window",
        "inference_geo": Reading(paths=("inference_geo",), values={"not_available": ""}),
        "speed": "speed",
        "api_key": "api_key",
        "workspace": "workspace",
    },
    recognise=("usage_date_utc", "model_version", "usage_input_tokens_no_cache", "usage_output_tokens"),
    constants=DIRECT,
    is_bucketed=True,
    lacks=(NO_COUNT, NO_TYPE, NO_BILL),
)

_COST = (
    "It says dollars and no tokens, so no request mix can be read from it. It serves as billed cost: [usage] billed."
)

CONSOLE_COST: Final = LogFormat(
    name="console-cost",
    meaning="the Console's CSV of cost: billed dollars, no tokens",
    fields={},
    recognise=("usage_date_utc", "token_type", "cost_usd"),
    constants=DIRECT,
    refusal=f"This is the Console's CSV of cost. {_COST}",
)

ANALYTICS_COST: Final = LogFormat(
    name="anthropic-cost",
    meaning="saved pages of Usage and Cost Analytics, cost: billed cents, no tokens",
    fields={},
    recognise=("starting_at", "cost.amount"),
    constants=DIRECT,
    rows=("data",),
    refusal=f"These are pages of the cost analytics. {_COST}",
)

COST_REPORT: Final = LogFormat(
    name="anthropic-cost-report",
    meaning="saved replies of the Admin API's cost_report: billed cents, no tokens",
    fields={},
    recognise=("starting_at", "ending_at", "amount", "currency"),
    constants=DIRECT,
    rows=("data", "results"),
    refusal=f"These are replies of the Admin API's cost report. {_COST}",
)

ANTHROPIC_FORMATS: Final = (
    PLANNER,
    MESSAGES,
    nested(MESSAGES, "response"),
    nested(MESSAGES, "body"),
    nested(MESSAGES, "response.body"),
    BATCH_RESULTS,
    ANALYTICS,
    replace(ANALYTICS, rows=()),
    USAGE_REPORT,
    CONSOLE_TOKENS,
    CONSOLE_COST,
    ANALYTICS_COST,
    COST_REPORT,
)
