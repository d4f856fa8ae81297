"""The price library's offline snapshot (genai-prices), and where it differs from our own dated facts.

Nothing here ever asks the network: the snapshot is the one that was installed.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import cached_property, lru_cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final, Literal

from planner.price_data.facts import ListPrice, LongPromptRates, PriceFacts, Rates
from planner.price_data.names import is_another_version, plain_name
from planner.units import TOKEN_CLASSES

if TYPE_CHECKING:
    from genai_prices.types import ModelInfo, Provider

PROVIDERS: Final = {"anthropic": "anthropic", "bedrock": "aws", "vertex": "google"}
"""Our providers -> what the library calls them."""

_LIBRARY_KEYS: Final = {
    "input_usd_per_mtok": "input_mtok",
    "output_usd_per_mtok": "output_mtok",
    "cache_read_usd_per_mtok": "cache_read_mtok",
    "cache_write_5m_usd_per_mtok": "cache_write_mtok",
    "cache_write_1h_usd_per_mtok": "cache_write_1h_mtok",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LibraryPrice:
    """What the library has for a model on a day. starts_on: None where the library gives no date."""

    entry: str
    rates: Rates
    long_prompt: tuple[LongPromptRates, ...]
    starts_on: date | None
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceDifference:
    """One price where an own dated fact and the library differ, USD/MTok; None where one of them has none.

    token_class: one of TOKEN_CLASSES, followed by ' above N' for the price above N prompt tokens.
    """

    model: str
    token_class: str
    on: date
    own_usd_per_mtok: Decimal | None
    library_usd_per_mtok: Decimal | None
    effective_from: date
    wins: Literal["own", "library"]


class PriceLibrary:
    """The Claude models of one provider in the installed snapshot."""

    def __init__(self, provider: str) -> None:
        self.provider = provider

    @cached_property
    def version(self) -> str:
        """The installed version of the library."""
        return version("genai-prices")

    @cached_property
    def _provider(self) -> "Provider":
        # A heavy dependency behind a door: 1.6 MB of prices of every provider, loaded at the first question only.
        from genai_prices.data import providers  # noqa: PLC0415

        return next(entry for entry in providers if entry.id == PROVIDERS[self.provider])

    @cached_property
    def entries(self) -> tuple[str, ...]:
        """Ids of the provider's Claude models, as the library writes them."""
        return tuple(model.id for model in self._provider.models if "claude" in model.id)

    @cached_property
    def thresholds(self) -> frozenset[int]:
        """Every prompt length at which the price of one of these models changes, on any day, in tokens."""
        entries = [model for model in self._provider.models if "claude" in model.id]
        prices = [p for model in entries for p in _all_prices(model)]
        return frozenset(step.above_prompt_tokens for price in prices for step in _long_prompt(price))

    def find(self, name: str) -> str | None:
        """The library's id of the model that a name matches, None where it knows none."""
        model = self._provider.find_model(name)
        if model is None:
            return None
        named = name.removeprefix("claude-") in (model.name or "").split()  # one entry, 'Claude 2.0 / 2.1'
        return None if is_another_version(name, plain_name(model.id)) and not named else model.id

    def price(self, entry: str, on: date) -> LibraryPrice:
        """Prices of one of the library's own ids on a day."""
        model = next(model for model in self._provider.models if model.id == entry)
        # the library keeps its dates in UTC; noon is in the middle of the day everywhere it could matter
        moment = datetime.combine(on, time(12), tzinfo=UTC)
        prices = model.get_prices(moment)
        return LibraryPrice(
            entry=entry,
            rates=Rates(**{ours: _at(getattr(prices, theirs), 0) for ours, theirs in _LIBRARY_KEYS.items()}),
            long_prompt=_long_prompt(prices),
            starts_on=_starts_on(model, moment),
            source=f"genai-prices {self.version}, {self._provider.id}, {entry}",
        )


@lru_cache(maxsize=len(PROVIDERS))
def price_library(provider: str) -> PriceLibrary:
    """The library's view of a provider, shared because it never changes while the program runs."""
    return PriceLibrary(provider)


def differences(facts: PriceFacts, library: PriceLibrary) -> list[PriceDifference]:
    """Every own list price in force against the library on its first day, and each model's newest one on the day
    that prices were last checked. A class that our fact does not name is not a difference.
    """
    found: list[PriceDifference] = []
    for model in facts.list_prices:
        history = facts.in_force(model)
        days = [(fact, fact.effective_from) for fact in history]
        days += [(fact, facts.checked_on) for fact in history[-1:] if fact.effective_from < facts.checked_on]
        entry = library.find(model)
        for fact, on in days:
            found += _differences_on(fact, None if entry is None else library.price(entry, on), on)
    return found


def _differences_on(fact: ListPrice, theirs: LibraryPrice | None, on: date) -> Iterator[PriceDifference]:
    later = theirs is not None and theirs.starts_on is not None and theirs.starts_on > fact.effective_from
    own_steps = _by_step(fact.rates, fact.long_prompt)
    their_steps = {} if theirs is None else _by_step(theirs.rates, theirs.long_prompt)
    for above in sorted(own_steps.keys() | their_steps.keys()):
        own = own_steps.get(above)
        for index, name in enumerate(TOKEN_CLASSES):
            ours = own.in_class_order()[index] if own else None
            their = their_steps[above].in_class_order()[index] if above in their_steps else None
            if ours == their or (own is not None and ours is None):
                continue
            yield PriceDifference(
                model=fact.model,
                token_class=f"{name} above {above}" if above else name,
                on=on,
                own_usd_per_mtok=ours,
                library_usd_per_mtok=their,
                effective_from=fact.effective_from,
                wins="library" if later else "own",
            )


def _by_step(rates: Rates, long_prompt: Sequence[LongPromptRates]) -> dict[int, Rates]:
    return {0: rates} | {step.above_prompt_tokens: step.rates for step in long_prompt}


def _all_prices(model: "ModelInfo") -> list[Any]:
    return [price.prices for price in model.prices] if isinstance(model.prices, list) else [model.prices]


def _starts_on(model: "ModelInfo", moment: datetime) -> date | None:
    if not isinstance(model.prices, list):
        return None
    for price in reversed(model.prices):
        if price.constraint is None or price.constraint.active(moment):
            return getattr(price.constraint, "start_date", None)
    return None


def _long_prompt(prices: Any) -> tuple[LongPromptRates, ...]:
    values = {ours: getattr(prices, theirs) for ours, theirs in _LIBRARY_KEYS.items()}
    steps = sorted({tier.start for value in values.values() for tier in getattr(value, "tiers", ())})
    return tuple(
        LongPromptRates(
            above_prompt_tokens=step,
            rates=Rates(**{ours: _at(value, step + 1) for ours, value in values.items()}),
        )
        for step in steps
    )


def _at(value: Any, prompt_tokens: int) -> Decimal | None:
    """The library's price of a class for a prompt of so many tokens: a number, or a base with higher steps."""
    if value is None or isinstance(value, Decimal):
        return value
    price: Decimal = value.base
    for tier in value.tiers:
        if prompt_tokens > tier.start:
            price = tier.price
    return price
