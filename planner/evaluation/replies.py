"""A reply of the Messages API as an answer with its cost. What stands in a reply is data, whoever wrote it."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from planner.clock import today
from planner.errors import PriceError, UnknownModelError
from planner.evaluation.answer_cost import UnusableUsageError, answer_cost_usd, billed_use
from planner.evaluation.evaluation import Answer
from planner.evaluation.keys import is_nested_beyond
from planner.prices import PriceBook

NESTED_TOO_DEEPLY: Final = "the reply is nested too deeply to be kept"
_MOST_NESTED: Final = 200


class BrokenReplyError(Exception):
    """A reply that is no message, or whose cost it does not say."""


def now_text() -> str:
    """The time, UTC, for the record."""
    return datetime.now(tz=UTC).isoformat(timespec="seconds")


def reply_object(text: str) -> Mapping[str, Any]:
    """A reply as it was written. Errors: BrokenReplyError where it is no JSON object."""
    try:
        found = json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise BrokenReplyError("the reply is no JSON object; it was cut off, or something on the way changed it")
    return found


def _no_number(text: str) -> None:
    raise ValueError(text)


def answer_of(
    reply: Any, *, key: str, model: str, book: PriceBook, in_batch: bool, has_hour_cache: bool
) -> tuple[Answer, Decimal]:
    """The answer in a message, and what it costs at today's prices; of the model that served it, where that is known.

    Errors: BrokenReplyError.
    """
    if not isinstance(reply, Mapping) or reply.get("type") != "message":
        raise BrokenReplyError("the reply is no message; check ANTHROPIC_BASE_URL and proxy settings")
    content, stop_reason, served = (reply.get(name) for name in ("content", "stop_reason", "model"))
    if not isinstance(content, list) or not all(isinstance(block, dict) and "type" in block for block in content):
        raise BrokenReplyError("the reply's content is no list of blocks")
    if is_nested_beyond(content, _MOST_NESTED):
        raise BrokenReplyError(NESTED_TOO_DEEPLY)
    if not isinstance(stop_reason, str) or not isinstance(served, str):
        raise BrokenReplyError("the reply does not say why it ended, or which model gave it")
    try:
        use = billed_use(reply.get("usage"), writes_last_an_hour=has_hour_cache)
        cost = answer_cost_usd(use, _priced_as(served, model, book), book, on=today(), in_batch=in_batch)
    except (UnusableUsageError, PriceError) as error:
        raise BrokenReplyError(f"the reply does not say what it costs: {error}") from None
    answer = Answer(
        key=key,
        model=model,
        served_model=served,
        content=tuple(content),
        stop_reason=stop_reason,
        tokens=use.tokens,
        cost_usd=float(cost),
        is_batch=in_batch,
        answered_at=now_text(),
    )
    return answer, cost


def is_of_another_model(answer: Answer, book: PriceBook) -> bool:
    """Whether a model of the price book served an answer that is not the one that was asked, under any of its names."""
    return book.resolve(_priced_as(answer.served_model, answer.model, book)) != book.resolve(answer.model)


def _priced_as(served: str, asked: str, book: PriceBook) -> str:
    try:
        book.resolve(served)
    except UnknownModelError:
        return asked
    return served
