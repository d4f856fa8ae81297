"""Tokens of prompts by the count-tokens endpoint, which is free: kept in the store, so that each is counted once."""

import warnings
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final

from planner.errors import UsageError
from planner.evaluation.evaluation import ModelRequest
from planner.evaluation.messages import MESSAGES
from planner.evaluation.replies import BrokenReplyError, reply_object
from planner.evaluation.store import Store
from planner.sdk import Connection, connect, why

if TYPE_CHECKING:
    from planner.sdk import Anthropic

COUNTED_PARAMS: Final = (*("messages", "system", "tools", "tool_choice", "thinking", "output_config", "cache_control"),)
"""What the endpoint takes of a request; the rest of it has no tokens."""

_AT_ONCE: Final = 4
_KEPT_AT_ONCE: Final = 50


def count_prompts(
    requests: Sequence[ModelRequest], store: Store, *, max_retries: int = 5, client: "Anthropic | None" = None
) -> Mapping[str, int]:
    """Tokens of each prompt on its own model, by the key of the request; asked for those that the store lacks.

    Errors: UsageError where there is no key, and where a prompt cannot be counted, with the API's words; what was
    counted before is kept.
    """
    by_key = {request.key: request for request in requests}
    known = store.prompt_tokens(by_key)
    missing = [request for key, request in by_key.items() if key not in known]
    if not missing:
        return known
    connection = connect(MESSAGES, max_retries=max_retries, client=client)
    try:
        with warnings.catch_warnings(), ThreadPoolExecutor(_AT_ONCE) as pool:
            warnings.simplefilter("ignore")  # the SDK's, of models that retire: prices say so
            for start in range(0, len(missing), _KEPT_AT_ONCE):
                part = missing[start : start + _KEPT_AT_ONCE]
                counts = pool.map(lambda request: _counted(request, connection), part)
                store.keep_prompt_tokens({request.key: count for request, count in zip(part, counts, strict=True)})
    finally:
        connection.close()
    return store.prompt_tokens(by_key)


def _counted(request: ModelRequest, connection: Connection) -> int:
    from anthropic import AnthropicError  # noqa: PLC0415

    params: dict[str, Any] = {name: request.params[name] for name in COUNTED_PARAMS if name in request.params}
    try:
        raw = connection.client.messages.with_raw_response.count_tokens(model=request.model, **params)
        found = reply_object(raw.text()).get("input_tokens")
    except AnthropicError as error:
        said = why(error, connection)
    except BrokenReplyError as error:
        said = str(error)
    else:
        if isinstance(found, int) and not isinstance(found, bool) and found >= 0:
            return found
        said = "the reply has no input_tokens"
    raise UsageError(f"tokens of a prompt of '{request.request_type}' on {request.model} cannot be counted: {said}")
