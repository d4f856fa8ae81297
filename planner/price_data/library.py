"""The price library's offline snapshot (genai-prices), and where it differs from our own dated facts.

Nothing here ever asks the network: the snapshot is the one that was installed, or a newer one that the user fetched.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import cached_property, lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from planner.errors import PriceError
from planner.price_data.facts import ListPrice, LongPromptRates, PriceFacts, Rates, load_price_facts
from planner.price_data.fetched import REMEDY, Fetch, Stamp, check_newest, read_fetched, stamp
from planner.price_data.names import ModelName, parse_name, plain_name
from planner.price_data.updater import LIBRARY_PROVIDERS, bundled_providers, providers_from
from planner.units import TOKEN_CLASSES

if TYPE_CHECKING:
    from planner.price_data.updater import ModelInfo, Provider

PROVIDERS: Final = tuple(LIBRARY_PROVIDERS)

_LIBRARY_KEYS: Final = {
    "input_usd_per_mtok": "input_mtok",
    "output_usd_per_mtok": "output_mtok",
    "cache_read_usd_per_mtok": "cache_read_mtok",
    "cache_write_5m_usd_per_mtok": "cache_write_mtok",
    "cache_write_1h_usd_per_mtok": "cache_write_1h_mtok",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LibraryPrice:
    """What the library has for a model on a day. starts_on: None where the library gives no date.

    unlisted_since: the day of the fetch that no longer had the model, whose last price this is; None if it is listed.
    """

    entry: str
    rates: Rates
    long_prompt: tuple[LongPromptRates, ...]
    starts_on: date | None
    source: str
    unlisted_since: date | None = None


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
    """The Claude models of one provider in the installed library, or in one fetch of it after another.

    fetched_on: the day on which this fetch was first seen, None for the installed library. before: what was in use
    until then, which still prices the days before. A price without a date counts from the day it was fetched, and a
    model that a fetch no longer has keeps its last price. checked_on: the day of the newest fetch, changed or not.
    """

    def __init__(
        self,
        provider: str,
        *,
        providers: "list[Provider] | None" = None,
        fetched_on: date | None = None,
        before: "PriceLibrary | None" = None,
        checked_on: date | None = None,
    ) -> None:
        self.provider = provider
        self.fetched_on = fetched_on
        self.before = before
        self.checked_on = checked_on
        self._providers = providers

    @cached_property
    def version(self) -> str:
        """The installed version of the library, and the day of a fetched snapshot."""
        installed = version("genai-prices")
        return installed if self.fetched_on is None else f"{installed} as fetched on {self.fetched_on}"

    @cached_property
    def _provider(self) -> "Provider":
        providers = bundled_providers() if self._providers is None else self._providers
        return next(entry for entry in providers if entry.id == LIBRARY_PROVIDERS[self.provider])

    @cached_property
    def _models(self) -> "dict[str, ModelInfo]":
        return {model.id: model for model in self._provider.models if "claude" in model.id}

    @cached_property
    def listed(self) -> tuple[str, ...]:
        """Ids of the provider's Claude models, as the library writes them now."""
        return tuple(self._models)

    @cached_property
    def entries(self) -> tuple[str, ...]:
        """Ids of every Claude model that the library has or had, those that it still lists first."""
        earlier = () if self.before is None else self.before.entries
        return tuple(dict.fromkeys((*self.listed, *earlier)))

    @cached_property
    def thresholds(self) -> frozenset[int]:
        """Every prompt length at which the price of one of these models changes, on any day, in tokens."""
        prices = [p for model in self._models.values() for p in _all_prices(model)]
        found = frozenset(step.above_prompt_tokens for price in prices for step in _long_prompt(price))
        return found if self.before is None else found | self.before.thresholds

    @cached_property
    def starts(self) -> frozenset[date]:
        """Every day on which the library has or had a price begin."""
        dated = [price for model in self._models.values() if isinstance(model.prices, list) for price in model.prices]
        days = [getattr(price.constraint, "start_date", None) for price in dated]
        found = frozenset(day for day in days if day is not None)
        return found if self.before is None else found | self.before.starts

    def is_dated(self, entry: str) -> bool:
        """Whether the library has a day for some price of one of its ids."""
        prices = self._models[entry].prices if entry in self._models else None
        dated = isinstance(prices, list) and any(getattr(p.constraint, "start_date", None) for p in prices)
        return dated or (self.before is not None and self.before.is_dated(entry))

    def find(self, name: str) -> str | None:
        """The library's id of the model that a name means, None where it never knew one."""
        parsed = parse_name(name)
        if parsed is not None:
            return self._by_version.get(parsed.model)
        found = self._find_unversioned(name)
        return found if found is not None or self.before is None else self.before.find(name)

    def _find_unversioned(self, name: str) -> str | None:
        model = self._provider.find_model(name)  # the names of old generations have no rule
        if model is None:
            return None
        named = name.removeprefix("claude-") in (model.name or "").split()  # one entry, 'Claude 2.0 / 2.1'
        return model.id if named or plain_name(model.id) == plain_name(name) else None

    @cached_property
    def _by_version(self) -> dict[tuple[str, tuple[int, int]], str]:
        found: dict[tuple[str, tuple[int, int]], str] = {}
        for entry in self.entries:
            parsed: ModelName | None = parse_name(entry)
            if parsed is not None:
                found.setdefault(parsed.model, entry)
        return found

    def price(self, entry: str, on: date) -> LibraryPrice:
        """Prices of one of the library's own ids on a day: those of the last fetch on or before it."""
        if self.before is None or self.fetched_on is None:
            return self._price(entry, on)
        if entry not in self._models:
            return self._last_price(entry, on, self.before, self.fetched_on)
        found = self._price(entry, on)
        if found.starts_on is not None or entry not in self.before.entries:
            return found
        older = replace(self.before.price(entry, on), unlisted_since=None)
        is_known = (older.rates, older.long_prompt) == (found.rates, found.long_prompt)
        # what is known already counts since the day it was first seen
        return older if is_known or on < self.fetched_on else replace(found, starts_on=self.fetched_on)

    @staticmethod
    def _last_price(entry: str, on: date, before: "PriceLibrary", fetched_on: date) -> LibraryPrice:
        older = before.price(entry, on)
        if on < fetched_on or older.unlisted_since is not None:
            return older
        return replace(older, unlisted_since=fetched_on)

    def _price(self, entry: str, on: date) -> LibraryPrice:
        model = self._models[entry]
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

    @cached_property
    def contents(self) -> str:
        """Everything that prices, as text: equal for libraries whose prices are equal on every day."""
        if self.before is None or self.before._own_contents == self._own_contents:
            return self._own_contents if self.before is None else self.before.contents
        return f"{self.before.contents}\nfetched on {self.fetched_on}\n{self._own_contents}"

    @cached_property
    def _own_contents(self) -> str:
        return "\n".join(sorted(_contents(model) for model in self._models.values()))


def price_library(provider: str, *, bundled: bool = False) -> PriceLibrary:
    """The library's view of a provider: what the user fetched, else what was installed. bundled: the latter always.

    Errors: PriceError where fetched prices cannot be used, naming the file and the remedy.
    """
    return _library(provider, None if bundled else stamp())


def earlier_fetches() -> tuple[Fetch, ...]:
    """Everything that the user fetched, older than what is installed or not; nothing where it cannot be used."""
    found = stamp()
    try:
        fetches = () if found is None else read_fetched(Path(found[0])).fetches
        for fetch in fetches:
            providers_from(list(fetch.providers))
    except PriceError:
        return ()
    return fetches


@lru_cache(maxsize=8)
def _library(provider: str, fetched: Stamp | None) -> PriceLibrary:
    """Shared, because a snapshot does not change while it is there."""
    if fetched is None:
        return PriceLibrary(provider)
    path = Path(fetched[0])
    found = read_fetched(path)
    check_newest(found, path, installed=version("genai-prices"), checked_on=load_price_facts().checked_on)
    library = _library(provider, None)
    for fetch in found.fetches:
        try:
            providers = providers_from(list(fetch.providers))
        except PriceError as error:
            raise PriceError(f"{path}: the fetched prices cannot be used: {error}. {REMEDY}.") from None
        library = PriceLibrary(
            provider, providers=providers, fetched_on=fetch.fetched_on, before=library, checked_on=found.checked_on
        )
    return library


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


def _contents(model: "ModelInfo") -> str:
    days = [repr(price.constraint) for price in model.prices] if isinstance(model.prices, list) else [""]
    steps = [(day, *_steps(prices)) for day, prices in zip(days, _all_prices(model), strict=True)]
    return f"{model.id}: {steps}"


def _steps(prices: Any) -> list[tuple[str, str]]:
    """Every price below and above every prompt length, in one spelling."""
    rates = {ours: _at(getattr(prices, theirs), 0) for ours, theirs in _LIBRARY_KEYS.items()}
    found = [(name, _spelled(value)) for name, value in rates.items()]
    for step in _long_prompt(prices):
        above = zip(TOKEN_CLASSES, step.rates.in_class_order(), strict=True)
        found += [(f"{name} above {step.above_prompt_tokens}", _spelled(value)) for name, value in above]
    return found


def _spelled(value: Decimal | None) -> str:
    return "" if value is None else f"{value.normalize():f}"


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
