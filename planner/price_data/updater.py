"""The price library's own form of its data, and its own updater: the only thing in the product that asks the network.

Nothing here runs unless `planner prices update` is typed.
"""

import dataclasses
from datetime import date, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from planner.errors import PriceError

if TYPE_CHECKING:
    from genai_prices.types import ModelInfo as ModelInfo
    from genai_prices.types import Provider as Provider

LIBRARY_PROVIDERS: Final = {"anthropic": "anthropic", "bedrock": "aws", "vertex": "google"}
"""Our providers -> what the library calls them."""

ADDRESS: str | None = None
"""Where to fetch from; None for the library's own address. Tests set it to a server of their own."""

_NEEDED: Final = ("input_mtok", "output_mtok")
"""The prices that every model must have, above 0."""

_RENAMED: Final = {"or_": "or", "and_": "and"}


def bundled_providers() -> "list[Provider]":
    """The providers that we read, as they were installed."""
    # A heavy dependency behind a door: 1.6 MB of prices of every provider, loaded at the first question only.
    from genai_prices.data import providers  # noqa: PLC0415

    return _ours(providers)


def providers_from(raw: Any) -> "list[Provider]":
    """The providers that we read from data in the library's own form, by the library's own parser.

    Errors: PriceError saying what is wrong with it, and naming the model and the value of what is no price.
    """
    from genai_prices.types import _providers_from_raw  # noqa: PLC0415

    try:
        found = _ours(_providers_from_raw(raw))
    except Exception as error:  # the parser raises whatever its types raise: ValueError, TypeError, AssertionError
        raise PriceError(f"it is not price data ({_first_line(error)})") from None
    missing = [name for name in LIBRARY_PROVIDERS.values() if name not in {entry.id for entry in found}]
    empty = [entry.id for entry in found if not any("claude" in model.id for model in entry.models)]
    if missing or empty:
        raise PriceError(f"it has no Claude models of {', '.join((*missing, *empty))}")
    for entry in found:
        for model in _claude(entry).models:
            _check_prices(entry.id, model)
    return found


def fetch() -> list[Any]:
    """Today's data of the providers that we read, in the library's own form; nothing is kept.

    Only Claude models are kept, because nothing else is read.
    Errors: PriceError saying why there is none: no network, no such page, or a reply that is not price data.
    """
    from genai_prices.update_prices import UpdatePrices  # noqa: PLC0415

    updater = UpdatePrices() if ADDRESS is None else UpdatePrices(url=ADDRESS)
    try:
        snapshot = updater.fetch()
    except Exception as error:  # whatever the library's client and parser raise, for want of a network or of data
        raise PriceError(_why_not_fetched(error)) from None
    if snapshot is None:
        raise PriceError("the reply was empty")
    found = [_claude(entry) for entry in _ours(snapshot.providers)]
    raw = [_raw(entry) for entry in found]
    if providers_from(raw) != found:
        raise PriceError("the reply cannot be kept without loss")
    return raw


def _claude(entry: "Provider") -> "Provider":
    """A provider with the models that we read, and without the rules that find token counts in a reply."""
    models = [model for model in entry.models if "claude" in model.id]
    return dataclasses.replace(entry, models=models, extractors=None)


def _check_prices(provider: str, model: "ModelInfo") -> None:
    """Errors: PriceError for a model without a price of input or output, and for what is no price."""
    dated = model.prices if isinstance(model.prices, list) else [model.prices]
    for prices in (getattr(item, "prices", item) for item in dated):
        for name in _NEEDED:
            if getattr(prices, name) is None:
                raise PriceError(f"{model.id} of {provider} has no {name}")
        for name, value in ((name, amount) for name, price in vars(prices).items() for amount in _amounts(price)):
            is_needed = name in _NEEDED
            if not value.is_finite() or value < 0 or (value == 0 and is_needed):
                least = "above 0" if is_needed else "of 0 or more"
                raise PriceError(f"{model.id} of {provider} has {name} = {value}, which is no price {least}")


def _amounts(value: Any) -> list[Decimal]:
    """Every number of one price: itself, or a base and what it is above each prompt length."""
    if value is None:
        return []
    if hasattr(value, "tiers"):
        return [Decimal(value.base), *(Decimal(tier.price) for tier in value.tiers)]
    return [Decimal(value)]


def _ours(providers: "list[Provider]") -> "list[Provider]":
    return [entry for entry in providers if entry.id in LIBRARY_PROVIDERS.values()]


def _raw(value: Any) -> Any:
    """A value of the library as its own data files write it; None is left out, and prices are exact decimal text."""
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return [_raw(item) for item in value]
    if isinstance(value, dict):
        return {key: _raw(item) for key, item in value.items()}
    if dataclasses.is_dataclass(value):
        parts = {entry.name: getattr(value, entry.name) for entry in dataclasses.fields(value)}
    elif hasattr(value, "__dict__"):
        parts = {key: item for key, item in vars(value).items() if not key.startswith("_")}
    else:
        return value
    return {_RENAMED.get(name, name): _raw(item) for name, item in parts.items() if item is not None}


def _why_not_fetched(error: Exception) -> str:
    """Why there is no data, in plain words; the library's client is not ours to import, so its errors go by name."""
    kinds = {kind.__name__ for kind in type(error).__mro__}
    if "TransportError" in kinds:
        return "no network: the address of the price library's data could not be reached"
    if "HTTPStatusError" in kinds:
        return f"the address of the price library's data refused ({_first_line(error)})"
    return f"the answer was no price data ({_first_line(error)})"


def _first_line(error: Exception) -> str:
    said = str(error).strip().splitlines()
    return f"{type(error).__name__}: {said[0]}" if said else type(error).__name__
