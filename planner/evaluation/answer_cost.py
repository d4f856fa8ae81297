"""What an answer costs by the usage that its reply states, and what a request may cost at worst before it is sent."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from math import ceil
from typing import Any, Final

from planner.errors import InputError, PriceError, UnknownModelError
from planner.evaluation.evaluation import ModelRequest
from planner.prices import ModelPrice, PriceBook, Rates
from planner.units import OUTPUT, TOKENS_PER_MTOK

LONGEST_PROMPT_TOKENS: Final = 1_000_000
"""No model takes a longer prompt."""

_MOST_COUNTED: Final = 10**9
"""A reply that says to have used more does not say what it costs."""

_OVERHEAD_TOKENS: Final = 2_000
"""What the API adds by itself: roles, and instructions for the use of tools."""

_IMAGE_TOKENS: Final = 8_000
"""More than the largest image counts."""

_COUNTED_SLACK: Final = 1.1
"""The count-tokens endpoint says of itself that it estimates."""

_BATCH: Final = "batch"
_OWN_TOOLS: Final = ("custom", "bash_", "text_editor_", "computer_", "memory_")
"""Kinds of tools that the caller runs: a model only says how it would call them."""

_FREE_SERVER_USE: Final = ("web_fetch_requests",)
_SEARCHES: Final = "web_search_requests"


@dataclass(frozen=True, slots=True, kw_only=True)
class BilledUse:
    """What a reply says that it used. tokens: in the order of TOKEN_CLASSES. The rest is '' where it is not said."""

    tokens: tuple[int, int, int, int, int]
    web_searches: int = 0
    service_tier: str = ""
    inference_geo: str = ""
    speed: str = ""


class UnusableUsageError(Exception):
    """A reply whose usage does not say what it costs."""


def billed_use(usage: Any, *, writes_last_an_hour: bool = False) -> BilledUse:
    """The usage of a message. writes_last_an_hour: whether cache writes that are not split by lifetime are of an hour.

    Errors: UnusableUsageError where a count is missing or is no count, or something was used that has no known price.
    """
    if not isinstance(usage, Mapping):
        raise UnusableUsageError("it has no usage")
    writes = _count(usage, "cache_creation_input_tokens", 0)
    split = usage.get("cache_creation")
    if isinstance(split, Mapping):
        short, long = (_count(split, f"ephemeral_{life}_input_tokens", 0) for life in ("5m", "1h"))
        if short + long != writes and "cache_creation_input_tokens" in usage:
            raise UnusableUsageError("its cache writes do not add up")
    else:
        short, long = (0, writes) if writes_last_an_hour else (writes, 0)
    tools = usage.get("server_tool_use") or {}
    if not isinstance(tools, Mapping):
        raise UnusableUsageError("server_tool_use is no object")
    for name in tools:
        if name not in (_SEARCHES, *_FREE_SERVER_USE) and _count(tools, name, 0):
            raise UnusableUsageError(f"{name} has no known price")
    return BilledUse(
        tokens=(
            _count(usage, "input_tokens"),
            _count(usage, "cache_read_input_tokens", 0),
            short,
            long,
            _count(usage, "output_tokens"),
        ),
        web_searches=_count(tools, _SEARCHES, 0),
        service_tier=str(usage.get("service_tier") or ""),
        inference_geo=str(usage.get("inference_geo") or ""),
        speed=str(usage.get("speed") or ""),
    )


def _count(found: Mapping[str, Any], name: str, default: int | None = None) -> int:
    value = found.get(name)
    value = default if value is None else value
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _MOST_COUNTED:
        raise UnusableUsageError(f"{name} is no count")
    return value


def answer_cost_usd(use: BilledUse, model: str, book: PriceBook, *, on: date, in_batch: bool) -> Decimal:
    """What an answer costs on a day: tokens x rates x the factor of how it was handled, and web searches.

    The whole request pays the long-prompt rates where its prompt is above the threshold.
    Errors: PriceError for a class or a tool that was used and has no price; UnknownModelError.
    """
    price = book.price(model, on)
    rates = _rates_at(price, sum(use.tokens[:OUTPUT]))
    total = Decimal(0)
    for tokens, rate, name in zip(use.tokens, rates.in_class_order(), _CLASS_WORDS, strict=True):
        if tokens:
            total += tokens * _known(rate, price, name) / TOKENS_PER_MTOK
    tier = _BATCH if in_batch else use.service_tier
    factor, _ = book.multiplier(model, on=on, service_tier=tier, inference_geo=use.inference_geo, speed=use.speed)
    return total * factor + book.server_tools_usd(use.web_searches, 0, on)


_CLASS_WORDS: Final = ("input", "cache read", "5-minute cache write", "1-hour cache write", "output")


def _rates_at(price: ModelPrice, prompt_tokens: int) -> Rates:
    rates = price.rates
    for step in sorted(price.long_prompt, key=lambda step: step.above_prompt_tokens):
        if prompt_tokens > step.above_prompt_tokens:
            rates = step.rates
    return rates


def _known(rate: Decimal | None, price: ModelPrice, name: str) -> Decimal:
    if rate is None:
        raise PriceError(
            f"{price.model} has no known price for {name} tokens on {price.on}. Add it under [[prices.override]]."
        )
    return rate


def worst_cost_usd(
    request: ModelRequest, book: PriceBook, *, on: date, in_batch: bool, counted_tokens: int | None = None
) -> Decimal:
    """What one attempt at a request may cost at most: every token that the prompt may have at the dearest class that it
    may be billed at, below or above the prompt threshold, and max_tokens of output, in the dearest geography.

    counted_tokens: what the count-tokens endpoint said of the prompt.
    Errors: UnknownModelError; PriceError; InputError for a tool that Anthropic runs, whose cost has no bound.
    """
    _refuse_server_tools(request)
    model = book.resolve(request.model)
    price = book.price(request.model, on)
    prompt = most_prompt_tokens(request.params, counted_tokens)
    steps = [step.rates for step in price.long_prompt if prompt > step.above_prompt_tokens]
    dearest = max(_dearest_usd(rates, price, request, prompt) for rates in (price.rates, *steps))
    factors = [_geography_factor(book, model, on, value) for value in {item.value for item in book.facts.geography}]
    batch = price.batch_multiplier if in_batch else Decimal(1)
    return dearest * max([Decimal(1), *factors]) * batch


def _dearest_usd(rates: Rates, price: ModelPrice, request: ModelRequest, prompt: int) -> Decimal:
    fresh, _, short, long, output = rates.in_class_order()
    inputs = [_known(fresh, price, _CLASS_WORDS[0])]
    if writes_cache(request.params):
        inputs += [_known(short, price, _CLASS_WORDS[2]), _known(long, price, _CLASS_WORDS[3])]
    most_output = int(request.params["max_tokens"])
    return (prompt * max(inputs) + most_output * _known(output, price, _CLASS_WORDS[OUTPUT])) / TOKENS_PER_MTOK


def _geography_factor(book: PriceBook, model: str, on: date, value: str) -> Decimal:
    return book.multiplier(model, on=on, inference_geo=value)[0]


def writes_cache(params: Mapping[str, Any]) -> bool:
    """Whether a request says anywhere that something is to be cached; only then is it billed for it."""
    return any("cache_control" in item for item in _objects(params))


def writes_for_an_hour(params: Mapping[str, Any]) -> bool:
    """Whether a request asks anywhere for a cache of an hour."""
    return any(
        isinstance(item.get("cache_control"), Mapping) and item["cache_control"].get("ttl") == "1h"
        for item in _objects(params)
    )


def most_prompt_tokens(params: Mapping[str, Any], counted_tokens: int | None = None) -> int:
    """More tokens than the prompt of a request can have.

    A token of text is at least one byte of it. An image has a most; a document may have any number, unless counted.
    """
    most = LONGEST_PROMPT_TOKENS
    if counted_tokens is not None:
        most = min(most, ceil(counted_tokens * _COUNTED_SLACK) + _OVERHEAD_TOKENS)
    kinds = [item.get("type") for item in _objects(params) if "source" in item]
    if "document" in kinds:
        return most
    text = _without_sources({name: value for name, value in params.items() if name != "max_tokens"})
    size = len(json.dumps(text, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass"))
    return min(most, size + kinds.count("image") * _IMAGE_TOKENS + _OVERHEAD_TOKENS)


def has_sources(params: Mapping[str, Any]) -> bool:
    """Whether a request holds pictures or documents."""
    return any("source" in item for item in _objects(params))


def characters(params: Mapping[str, Any]) -> int:
    """Characters of everything in a request that a model reads as text."""
    text = _without_sources({name: value for name, value in params.items() if name != "max_tokens"})
    return len(json.dumps(text, ensure_ascii=False, separators=(",", ":")))


def _without_sources(value: Any) -> Any:
    if isinstance(value, Mapping):
        is_image = value.get("type") == "image"
        return {name: _without_sources(item) for name, item in value.items() if not (is_image and name == "source")}
    return [_without_sources(item) for item in value] if isinstance(value, list) else value


def _objects(value: Any) -> Iterator[Mapping[str, Any]]:
    """Every object in a request."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, Mapping):
            yield item
            waiting += item.values()
        elif isinstance(item, list):
            waiting += item


def _refuse_server_tools(request: ModelRequest) -> None:
    for tool in request.params.get("tools") or ():
        kind = tool.get("type", "custom") if isinstance(tool, Mapping) else "custom"
        if not str(kind).startswith(_OWN_TOOLS):
            raise InputError(
                f"a request of type '{request.request_type}' has the tool {str(kind)[:60]!r}, which Anthropic runs: "
                "what it costs has no bound, so no budget could hold. Leave such requests out of the sample"
            )


def check_priced(models: set[str], book: PriceBook) -> None:
    """Errors: UnknownModelError naming every model that has no price; nothing is sent then."""
    unknown = []
    for model in sorted(models):
        try:
            book.resolve(model)
        except UnknownModelError as error:
            unknown.append(str(error))
    if unknown:
        raise UnknownModelError(" ".join(unknown))
