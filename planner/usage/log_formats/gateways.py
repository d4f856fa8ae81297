"""Formats of gateways and observability products that stand between a company and the provider."""

from dataclasses import replace
from typing import Final

from planner.usage.log_formats.anthropic import NO_BILL, NO_TYPE
from planner.usage.log_formats.log_format import LogFormat, first_of
from planner.usage.readings import Reading

PROVIDERS: Final = {
    "bedrock_converse": "bedrock",
    "aws.bedrock": "bedrock",
    "aws_bedrock": "bedrock",
    "amazon-bedrock": "bedrock",
    "AWS": "bedrock",
    "BEDROCK": "bedrock",
    "vertex_ai": "vertex",
    "vertex_ai_beta": "vertex",
    "vertex_ai-anthropic_models": "vertex",
    "gcp.vertex_ai": "vertex",
    "google-vertex": "vertex",
    "VERTEX": "vertex",
    "ANTHROPIC": "anthropic",
    "Anthropic": "anthropic",
    "azure": "",
    "openai": "",
}
"""What gateways call the providers; "bedrock", "vertex" and "anthropic" are our names too."""

_METADATA = ("metadata.usage_object", "metadata.additional_usage_values")

LITELLM: Final = LogFormat(
    name="litellm-spend-logs",
    meaning="LiteLLM's SpendLogs: one row per request; prompt_tokens include cache tokens",
    fields={
        "timestamp": "startTime",
        "request_type": Reading(
            paths=("request_tags.0", "request_tags.1", "request_tags.2"), ignored_prefix="User-Agent:"
        ),
        "model": "model",
        "input_tokens_including_cache": "prompt_tokens",
        "cache_read_tokens": first_of(
            *(f"{under}.cache_read_input_tokens" for under in _METADATA),
            *(f"{under}.prompt_tokens_details.cached_tokens" for under in _METADATA),
        ),
        "cache_write_tokens": first_of(
            *(f"{under}.cache_creation_input_tokens" for under in _METADATA),
            *(f"{under}.prompt_tokens_details.cache_creation_tokens" for under in _METADATA),
        ),
        "cache_write_5m_tokens": first_of(
            *(
                f"{under}.prompt_tokens_details.cache_creation_token_details.ephemeral_5m_input_tokens"
                for under in _METADATA
            ),
        ),
        "cache_write_1h_tokens": first_of(
            *(
                f"{under}.prompt_tokens_details.cache_creation_token_details.ephemeral_1h_input_tokens"
                for under in _METADATA
            ),
        ),
        "output_tokens": "completion_tokens",
        "web_search_requests": first_of(*(f"{under}.server_tool_use.web_search_requests" for under in _METADATA)),
        "service_tier": first_of(*(f"{under}.service_tier" for under in _METADATA)),
        "provider": Reading(paths=("custom_llm_provider",), values=PROVIDERS),
        "customer": "end_user",
        "api_key": "api_key",
        "workspace": "team_id",
        "agent": "agent_id",
        "request_id": "request_id",
    },
    recognise=("startTime", "model", "prompt_tokens", "completion_tokens", "spend"),
    input_includes_cache=True,
    leaves_out={"status": ("failure",), "cache_hit": ("True", "true")},
    texts=("metadata", "request_tags"),
    lacks=(f"{NO_BILL}: spend is LiteLLM's estimate, which you may map to billed_cost_usd",),
)
"""The columns are those of its schema and the same in CSV, JSONL and the database. A row with cache_hit was answered
from the gateway's own cache and cost nothing. The split of writes by lifetime is from memory, not from a sample."""

LITELLM_DAILY: Final = LogFormat(
    name="litellm-daily-tags",
    meaning="LiteLLM's daily spend by tag (or team, user): prompt_tokens include cache tokens",
    fields={
        "timestamp": "date",
        "request_type": "tag",
        "model": "model",
        "requests": "api_requests",
        "input_tokens_including_cache": "prompt_tokens",
        "cache_read_tokens": "cache_read_input_tokens",
        "cache_write_tokens": "cache_creation_input_tokens",
        "output_tokens": "completion_tokens",
        "provider": Reading(paths=("custom_llm_provider",), values=PROVIDERS),
        "customer": "user_id",
        "api_key": "api_key",
        "workspace": "team_id",
        "agent": "agent_id",
        "product": "endpoint",
    },
    recognise=("date", "model", "prompt_tokens", "completion_tokens", "api_requests", "spend"),
    input_includes_cache=True,
    note="LiteLLM counts a request with several tags in a row of each, so the rows of all tags may add up to more than "
    "was used.",
    lacks=("the single request", f"{NO_BILL}: spend is LiteLLM's estimate"),
)

_LANGFUSE = ("usageDetails", "usage_details")


def _used(*names: str) -> Reading:
    return first_of(*(f"{under}.{name}" for under in _LANGFUSE for name in names))


LANGFUSE: Final = LogFormat(
    name="langfuse-observations",
    meaning="Langfuse observations: usageDetails; its input leaves cache tokens out",
    fields={
        "timestamp": first_of("startTime", "start_time"),
        "request_type": first_of("promptName", "prompt_name", "traceName", "trace_name", "name"),
        "model": first_of("model", "providedModelName", "provided_model_name"),
        "uncached_input_tokens": _used("input", "input_tokens", "prompt_tokens"),
        "cache_read_tokens": _used(
            "cache_read_input_tokens", "input_cache_read", "input_cached_tokens", "input_cache_read_tokens"
        ),
        "cache_write_tokens": _used(
            "cache_creation_input_tokens", "input_cache_creation", "input_cache_creation_tokens"
        ),
        "cache_write_5m_tokens": _used("input_cache_creation_5m"),
        "cache_write_1h_tokens": _used("input_cache_creation_1h"),
        "output_tokens": _used("output", "output_tokens", "completion_tokens"),
        "customer": first_of("userId", "user_id"),
        "workspace": "environment",
        "request_id": "id",
    },
    recognise=(),
    only={"type": ("GENERATION", "generation")},
    texts=_LANGFUSE,
    note="Langfuse's usage types are meant to be added up, so its input is taken to leave cache tokens out. If what "
    "wrote these counts input with them, map usageDetails.input to input_tokens_including_cache.",
    lacks=("who served it", NO_BILL),
)
"""Usage types of Langfuse are disjoint by its own rule: its price of an observation is the sum over them, its OpenAI
and LangChain integrations take cached tokens off the input, and exporters of others were corrected to do the same."""

HELICONE: Final = LogFormat(
    name="helicone",
    meaning="Helicone requests: prompt_tokens leave cache tokens out",
    fields={
        "timestamp": "request_created_at",
        "request_type": first_of("prompt_id", "properties.type", "properties.feature"),
        "model": first_of("model", "response_model", "request_model"),
        "uncached_input_tokens": "prompt_tokens",
        "cache_read_tokens": "prompt_cache_read_tokens",
        "cache_write_tokens": "prompt_cache_write_tokens",
        "output_tokens": "completion_tokens",
        "provider": Reading(paths=("provider",), values=PROVIDERS),
        "customer": first_of("user_id", "request_user_id"),
        "request_id": "request_id",
    },
    recognise=("request_created_at", "prompt_tokens", "completion_tokens"),
    needs=("prompt_tokens", "completion_tokens"),
    texts=("properties",),
    lacks=("writes by lifetime", f"{NO_BILL}: its cost is Helicone's estimate"),
)
"""Its own totals add prompt, completion, cache write and cache read tokens, so they are disjoint."""

_OPENROUTER_NOTE = (
    "OpenRouter does not say cache tokens: its prompt tokens include them and count as uncached input, so the list "
    "cost here is too high where prompts were cached. Reasoning tokens are a part of the completion tokens."
)

OPENROUTER: Final = LogFormat(
    name="openrouter",
    meaning="OpenRouter's activity CSV: one row per day and model, with a column of requests",
    fields={
        "timestamp": "Date",
        "model": "Slug",
        "requests": "Requests",
        "input_tokens_including_cache": "Prompt Tokens",
        "output_tokens": "Completion Tokens",
        "billed_cost_usd": "Usage",
    },
    recognise=("Date", "Slug", "Requests", "Prompt Tokens", "Completion Tokens"),
    input_includes_cache=True,
    note=_OPENROUTER_NOTE,
    lacks=("the cache split", "who served it", NO_TYPE),
)
"""Names of the columns as public parsers have them; that reasoning is part of the completion is from memory."""

OPENROUTER_GENERATIONS: Final = replace(
    OPENROUTER,
    fields={
        "timestamp": "created_at",
        "request_type": "app_name",
        "model": "model_permaslug",
        "input_tokens_including_cache": "tokens_prompt",
        "output_tokens": "tokens_completion",
        "api_key": "api_key_name",
        "request_id": "generation_id",
        "billed_cost_usd": "cost_total",
    },
    recognise=("created_at", "model_permaslug", "tokens_prompt", "tokens_completion", "cost_total"),
    lacks=("the cache split", "who served it"),
)
OPENROUTER_ACTIVITY: Final = replace(
    OPENROUTER,
    fields={
        "timestamp": "date",
        "model": "model",
        "requests": "requests",
        "input_tokens_including_cache": "prompt_tokens",
        "output_tokens": "completion_tokens",
        "billed_cost_usd": "usage",
    },
    recognise=("date", "model_permaslug", "requests", "prompt_tokens", "completion_tokens"),
    rows=("data",),
)

GATEWAY_FORMATS: Final = (
    LITELLM_DAILY,
    LITELLM,
    *(
        replace(LANGFUSE, recognise=recognise, rows=rows)
        for recognise in (
            ("startTime", "model", "usageDetails.input", "usageDetails.output"),
            ("startTime", "providedModelName", "usageDetails.input", "usageDetails.output"),
            ("start_time", "provided_model_name", "usage_details.input", "usage_details.output"),
        )
        for rows in ((), ("data",))
    ),
    HELICONE,
    OPENROUTER,
    OPENROUTER_GENERATIONS,
    OPENROUTER_ACTIVITY,
    replace(OPENROUTER_ACTIVITY, rows=()),
)
