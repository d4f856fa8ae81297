"""PriceBook: what a model costs on a day. Own dated facts first, the price library where we have none.

Decimal throughout: `Rates.per_token` is where prices become floats for the arrays of the engine.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Final

from planner.errors import PriceError
from planner.price_data.catalog import ModelCatalog
from planner.price_data.facts import ListPrice, LongPromptRates, PriceFacts, Rates, load_price_facts
from planner.price_data.library import (
    PROVIDERS,
    LibraryPrice,
    PriceDifference,
    differences,
    price_library,
)
from planner.price_data.model_price import RATE_FIELDS, ModelPrice, PriceOverride, check_complete, noting, with_override
from planner.price_data.modifiers import Handling, multiplier
from planner.price_data.names import says_regional

__all__ = [
    "PROVIDERS",
    "LongPromptRates",
    "ModelPrice",
    "PriceBook",
    "PriceDifference",
    "PriceOverride",
    "Rates",
]

_TIER_WORDS: Final = {"haiku": "haiku", "sonnet": "sonnet", "opus": "opus", "fable": "fable", "mythos": "fable"}


@dataclass(frozen=True, kw_only=True)
class PriceBook:
    """Prices of one provider's Claude models on any day. Make it with PriceBook.load."""

    provider: str
    facts: PriceFacts
    overrides: tuple[PriceOverride, ...] = ()
    _resolved: dict[str, str] = field(default_factory=dict, repr=False, compare=False)
    _prices: dict[tuple[str, date], ModelPrice] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def load(cls, provider: str = "anthropic", overrides: Sequence[PriceOverride] = ()) -> "PriceBook":
        """The facts that ship with the product, with the buyer's overrides.

        Errors: PriceError for an unknown provider and for an override that cannot be used.
        """
        if provider not in PROVIDERS:
            raise PriceError(f"No prices for provider {provider!r}. Known: {', '.join(PROVIDERS)}.")
        return cls(provider=provider, facts=load_price_facts()).with_overrides(overrides)

    def with_overrides(self, overrides: Sequence[PriceOverride]) -> "PriceBook":
        """The same book with more overrides. Errors: PriceError as for load."""
        book = PriceBook(provider=self.provider, facts=self.facts, overrides=(*self.overrides, *overrides))
        _ = book._overridden
        return book

    def at_list(self) -> "PriceBook":
        """The same book without overrides, but for models that only an override prices."""
        entries = self._catalog.entries
        created = tuple(item for item in self.overrides if self._catalog.canonical(item.model) not in entries)
        return PriceBook(provider=self.provider, facts=self.facts, overrides=created)

    @property
    def checked_on(self) -> date:
        """The day on which the price data was last checked."""
        return self.facts.checked_on

    @cached_property
    def sha256(self) -> str:
        """Hash of everything that prices: own facts, the library's version, provider, overrides."""
        parts = (self.facts.sha256, price_library(self.provider).version, self.provider, *map(repr, self.overrides))
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()

    def models(self) -> tuple[str, ...]:
        """Every model that this book can price, by name."""
        return tuple(sorted(set(self._catalog.entries) | set(self._overridden)))

    def thresholds(self) -> tuple[int, ...]:
        """Every prompt length at which some model's price changes on some day, ascending, in tokens."""
        own = [fact for model in self.facts.list_prices for fact in self.facts.in_force(model)]
        steps = {step.above_prompt_tokens for fact in own for step in fact.long_prompt}
        for provider in {self.provider, "anthropic"}:
            steps |= price_library(provider).thresholds
        return tuple(sorted(steps))

    def resolve(self, name: str) -> str:
        """The book's own id of a model, whatever the log calls it; an id resolves to itself.

        Errors: UnknownModelError for a model that was never priced.
        """
        if name not in self._resolved:
            self._resolved[name] = self._resolve(name)
        return self._resolved[name]

    def price(self, model: str, on: date) -> ModelPrice:
        """What a model costs on a day. A Bedrock name that says a region gets that endpoint's price.

        Before its first known price a model costs that first price, after retirement its last; notes say so.
        Errors: UnknownModelError for a model that was never priced.
        """
        key = (model, on)
        if key not in self._prices:
            self._prices[key] = self._price(model, on)
        return self._prices[key]

    def multiplier(
        self,
        model: str,
        *,
        on: date,
        service_tier: str | None = None,
        inference_geo: str | None = None,
        speed: str | None = None,
    ) -> tuple[Decimal, tuple[str, ...]]:
        """(factor on every token class, notes) of a request's service tier, geography and speed.

        factor = batch x geography x fast. A value without a public list price counts as standard, and a note says so.
        Errors: PriceError for fast mode of a model that has no known fast price; UnknownModelError.
        """
        logged = Handling(service_tier=service_tier, inference_geo=inference_geo, speed=speed)
        return multiplier(self.facts, logged, provider=self.provider, model=self.resolve(model), on=on)

    def tier(self, model: str) -> str:
        """haiku, sonnet, opus, fable (the tier above Opus), or other."""
        model = self.resolve(model)
        override = self._overridden.get(model)
        if override is not None and override.tier is not None:
            return override.tier
        fact = self.facts.models.get(model)
        return _tier_in_name(model) if fact is None else fact.tier

    @property
    def new_tokens_per_old(self) -> float:
        """Tokens of the newer tokenizer per token of the older one, for the same text."""
        return self.facts.new_tokens_per_old

    def token_ratio(self, from_model: str, to_model: str) -> float:
        """Tokens of a text on to_model per token of it on from_model, by tokenizer generation.

        1 where a generation is unknown (a model that only an override knows); its price carries a note.
        """
        before, after = self._tokenizer(from_model), self._tokenizer(to_model)
        if before == after or None in (before, after):
            return 1.0
        return self.new_tokens_per_old if after == "new" else 1.0 / self.new_tokens_per_old

    def retires_on(self, model: str) -> date | None:
        """The last known day of a model, None where no retirement is known."""
        fact = self.facts.models.get(self.resolve(model))
        return None if fact is None else fact.retires_on

    def successor(self, model: str, on: date | None = None) -> str:
        """The current model of the same tier on a day (the day of the last check unless given); maybe itself."""
        on = on or self.checked_on
        current = self.resolve(model)
        step = self.facts.models.get(current)
        while step is not None and step.successor is not None:
            step = self.facts.models[step.successor]
            if step.launched is not None and step.launched > on:
                break
            if step.model in self._catalog.entries:
                current = step.model
        return current

    def differences(self) -> list[PriceDifference]:
        """Where the library and our own dated facts (Anthropic's list prices) differ, and which of them wins."""
        return differences(self.facts, price_library("anthropic"))

    @cached_property
    def _catalog(self) -> ModelCatalog:
        return ModelCatalog(provider=self.provider, facts=self.facts)

    @cached_property
    def _overridden(self) -> dict[str, PriceOverride]:
        """Overrides by the id of the model that they price; one for an unknown model creates it."""
        found: dict[str, PriceOverride] = {}
        for override in self.overrides:
            override.named()
            model = self._catalog.canonical(override.model)
            if model not in self._catalog.entries:
                check_complete(override)
                model = override.model.strip()
            if model in found:
                raise PriceError(f"[[prices.override]] names {model} twice. Keep one, with every price that it has.")
            found[model] = override
        return found

    @cached_property
    def _created(self) -> dict[str, str]:
        return {model.lower(): model for model in self._overridden if model not in self._catalog.entries}

    def _resolve(self, name: str) -> str:
        created = self._created.get(name.strip().lower())
        return created or self._catalog.resolve(name, also=tuple(self._created.values()))

    def _price(self, name: str, on: date) -> ModelPrice:
        model = self.resolve(name)
        override = self._overridden.get(model)
        if model in self._created.values():
            base = self._unlisted(model, on)
        else:
            base = self._listed(model, on, regional=says_regional(name))
        return base if override is None else with_override(base, override)

    def _listed(self, model: str, on: date, *, regional: bool) -> ModelPrice:
        entries = self._catalog.entries[model]
        entry = entries.regional if regional and entries.regional else entries.standard
        if self.provider != "anthropic" and entry is None:
            price = self._from_facts(model, price_library("anthropic").find(model), on)
            return noting(price, f"{model}: no price on {self.provider} is known; Anthropic's list price is used.")
        if self.provider == "anthropic":
            return self._from_facts(model, entry, on)
        return self._from_library(model, self.provider, entry or model, on)

    def _from_facts(self, model: str, entry: str | None, on: date) -> ModelPrice:
        """Our own fact of the day, unless there is none or the library dates a change later than our newest."""
        history = self.facts.in_force(model)
        library = None if entry is None else price_library("anthropic").price(entry, on)
        if entry is not None and library is not None and _library_wins(library, history):
            return self._from_library(model, "anthropic", entry, on)
        fact = next((fact for fact in reversed(history) if fact.effective_from <= on), history[0])
        rates, filled = _filled(fact, None if library is None else library.rates)
        price = self._blank(model, on)
        return replace(
            price,
            rates=rates,
            long_prompt=fact.long_prompt,
            effective_from=fact.effective_from,
            source=f"{fact.source}; {filled}: {library.source}" if library and filled else fact.source,
            checked_on=fact.checked_on,
            notes=(*_before_first(model, on, fact.effective_from), *price.notes, *self.facts.announced(model)),
        )

    def _from_library(self, model: str, provider: str, entry: str, on: date) -> ModelPrice:
        found = price_library(provider).price(entry, on)
        price = self._blank(model, on)
        fact = self.facts.models.get(model)
        notes = _before_first(model, on, fact.launched if fact else None)
        if not notes and provider != "anthropic":
            notes = self._undated(model, on, found.starts_on)
        return replace(
            price,
            rates=found.rates,
            long_prompt=found.long_prompt,
            effective_from=found.starts_on,
            source=found.source,
            notes=(*notes, *price.notes),
        )

    def _undated(self, model: str, on: date, starts_on: date | None) -> tuple[str, ...]:
        history = self.facts.in_force(model)
        then = next((fact for fact in reversed(history) if fact.effective_from <= on), None)
        if starts_on is not None or then is None:
            return ()
        later = [fact for fact in history if fact.effective_from > on and _terms(fact) != _terms(then)]
        if not later:
            return ()
        day = later[0].effective_from
        return (
            f"{model}: the {self.provider} price has no date, and Anthropic's own changed on {day}; usage before that "
            "day is priced as if it had not.",
        )

    def _unlisted(self, model: str, on: date) -> ModelPrice:
        note = f"{model}: priced by an override only; its tokenizer is unknown, so token ratios with it are 1."
        return noting(self._blank(model, on), note)

    def _blank(self, model: str, on: date) -> ModelPrice:
        """The day's price without the prices: what holds whatever the source is."""
        fact = self.facts.models.get(model)
        retires_on = None if fact is None else fact.retires_on
        retired = retires_on is not None and on > retires_on
        return ModelPrice(
            model=model,
            provider=self.provider,
            on=on,
            rates=Rates(),
            long_prompt=(),
            batch_multiplier=self.facts.batch.multiplier,
            effective_from=None,
            source="",
            checked_on=self.checked_on,
            retires_on=retires_on,
            notes=(f"{model}: retired by Anthropic on {retires_on}, keeps its last price.",) if retired else (),
        )

    def _tokenizer(self, model: str) -> str | None:
        fact = self.facts.models.get(self.resolve(model))
        return None if fact is None else fact.tokenizer


def _before_first(model: str, on: date, first: date | None) -> tuple[str, ...]:
    if first is None or on >= first:
        return ()
    return (f"{model}: usage dated before its first known price ({first}) is priced at that first price.",)


def _terms(fact: ListPrice) -> tuple[Rates, tuple[LongPromptRates, ...]]:
    return fact.rates, fact.long_prompt


def _library_wins(library: LibraryPrice, history: Sequence[ListPrice]) -> bool:
    return not history or (library.starts_on is not None and library.starts_on > history[-1].effective_from)


def _filled(fact: ListPrice, library: Rates | None) -> tuple[Rates, str]:
    """Our rates with the classes that they lack from the library, where both have the same input and output price."""
    if library is None or any(getattr(fact.rates, n) != getattr(library, n) for n in RATE_FIELDS[:2]):
        return fact.rates, ""
    lacking = [n for n in RATE_FIELDS if getattr(fact.rates, n) is None and getattr(library, n) is not None]
    names = ", ".join(name.removesuffix("_usd_per_mtok") for name in lacking)
    return replace(fact.rates, **{name: getattr(library, name) for name in lacking}), names


def _tier_in_name(model: str) -> str:
    return next((tier for word, tier in _TIER_WORDS.items() if word in model.lower()), "other")
