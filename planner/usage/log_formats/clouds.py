"""Formats of the clouds' own logs and bills."""

from dataclasses import replace
from typing import Final

from planner.usage.log_formats.anthropic import NO_BILL
from planner.usage.log_formats.log_format import LogFormat, first_of, nested

_BODY: Final = ("output.outputBodyJson.usage", "output.outputBodyJson.0.message.usage")
"""Where the model's own usage stands: in a whole answer, and in the first event of a streamed one."""

BEDROCK: Final = LogFormat(
    name="bedrock-invocations",
    meaning="Amazon Bedrock model invocation logs, as delivered to S3 or CloudWatch; input leaves cache tokens out",
    fields={
        "timestamp": "timestamp",
        "request_type": first_of("requestMetadata.request_type", "requestMetadata.feature", "requestMetadata.type"),
        "model": "modelId",
        "uncached_input_tokens": "input.inputTokenCount",
        "cache_read_tokens": first_of(
            "input.cacheReadInputTokenCount",
            *(f"{usage}.cache_read_input_tokens" for usage in _BODY),
            "output.outputBodyJson.usage.cacheReadInputTokens",
        ),
        "cache_write_tokens": first_of(
            "input.cacheWriteInputTokenCount",
            *(f"{usage}.cache_creation_input_tokens" for usage in _BODY),
            "output.outputBodyJson.usage.cacheWriteInputTokens",
        ),
        "cache_write_5m_tokens": first_of(*(f"{usage}.cache_creation.ephemeral_5m_input_tokens" for usage in _BODY)),
        "cache_write_1h_tokens": first_of(*(f"{usage}.cache_creation.ephemeral_1h_input_tokens" for usage in _BODY)),
        "output_tokens": "output.outputTokenCount",
        "customer": first_of("requestMetadata.customer", "requestMetadata.tenant"),
        "workspace": "accountId",
        "agent": "identity.arn",
        "request_id": "requestId",
    },
    recognise=("timestamp", "modelId", "input.inputTokenCount", "output.outputTokenCount"),
    needs=("output.outputTokenCount",),
    constants={"provider": "bedrock"},
    texts=("output.outputBodyJson", "requestMetadata"),
    note="Bedrock logs one region and account per setting: the log covers only those where logging is switched on.",
    lacks=(NO_BILL, "the cache split, where neither counts nor bodies are delivered"),
)
"""schemaType ModelInvocationLog. The names of the cache counts are those of public readers of these logs; that a
streamed body begins with message_start is too."""

_ANSWER: Final = ("full_response.usage", "full_response.0.message.usage")

VERTEX: Final = LogFormat(
    name="vertex-request-response",
    meaning="Vertex AI request-response logging, exported from BigQuery; input leaves cache tokens out",
    fields={
        "timestamp": "logging_time",
        "request_type": first_of("full_request.labels.request_type", "full_request.labels.feature"),
        "model": first_of("full_response.model", "full_response.0.message.model", "model", "deployed_model_id"),
        "uncached_input_tokens": first_of(*(f"{usage}.input_tokens" for usage in _ANSWER)),
        "cache_read_tokens": first_of(*(f"{usage}.cache_read_input_tokens" for usage in _ANSWER)),
        "cache_write_tokens": first_of(*(f"{usage}.cache_creation_input_tokens" for usage in _ANSWER)),
        "cache_write_5m_tokens": first_of(*(f"{usage}.cache_creation.ephemeral_5m_input_tokens" for usage in _ANSWER)),
        "cache_write_1h_tokens": first_of(*(f"{usage}.cache_creation.ephemeral_1h_input_tokens" for usage in _ANSWER)),
        "output_tokens": "full_response.usage.output_tokens",
        "web_search_requests": "full_response.usage.server_tool_use.web_search_requests",
        "customer": "full_request.labels.customer",
        "request_id": first_of("request_id", "full_response.id"),
    },
    recognise=("logging_time", "full_response.usage.input_tokens"),
    needs=("full_response.usage.input_tokens", "full_response.usage.output_tokens"),
    constants={"provider": "vertex"},
    texts=("full_response", "full_request"),
    note="Vertex AI logs only the share of requests that its sampling_rate says: with a rate below 1 the log "
    "undercounts, and the measurement has to be scaled by 1 / rate.",
    lacks=(NO_BILL, "requests left out by sampling"),
)
"""The names of the table's columns are from memory; the body is the Messages API's own."""

_FOCUS = (
    "A FOCUS file says dollars per charge. Its quantities are of one SKU per row, and no row is a request or a bucket "
    "of requests, so no request mix can be read from it. It serves as billed cost: [usage] billed. "
    "Measure the mix from a log of the gateway or the provider."
)

FOCUS: Final = LogFormat(
    name="focus",
    meaning="FOCUS cost and usage rows: billed dollars, no request mix",
    fields={},
    recognise=("ChargePeriodStart", "BilledCost"),
    refusal=_FOCUS,
)

_INSIDE: Final = nested(BEDROCK, "message")
BEDROCK_CLOUDWATCH: Final = replace(
    _INSIDE,
    fields={**_INSIDE.fields, "timestamp": "message.timestamp"},
    recognise=("message.modelId", "message.input.inputTokenCount", "message.output.outputTokenCount"),
    texts=("message",),
)
"""The same log as CloudWatch gives it: each record as the text of a message."""

CLOUD_FORMATS: Final = (BEDROCK, BEDROCK_CLOUDWATCH, VERTEX, FOCUS)
