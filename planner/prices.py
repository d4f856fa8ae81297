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

from planner.errors import PriceError, UnknownModelError
from planner.price_data.catalog import ModelCatalog
from planner.price_data.changes import PriceChange, price_changes
from planner.price_data.facts import TOKENIZERS, LongPromptRates, PriceFacts, Rates, load_price_facts
from planner.price_data.library import PROVIDERS, PriceDifference, PriceLibrary, differences, price_library
from planner.price_data.listed import PriceList
from planner.price_data.model_price import (
    ModelPrice,
    PriceOverride,
    check_complete,
    check_threshold,
    noting,
    with_override,
)
from planner.price_data.modifiers import Handled, Handling, batch_multiplier, multiplier
from planner.price_data.names import Endpoint, endpoint_in_name, is_govcloud, tier_in_name
from planner.price_data.own_terms import OwnModifier, OwnTerms, OwnTokenRatio, check_terms, of_models, own_ratio
from planner.price_data.server_tools import OwnServerTools, ServerToolPrices, server_tool_prices

__all__ = [
    "PROVIDERS",
    "LongPromptRates",
    "ModelPrice",
    "OwnModifier",
    "OwnServerTools",
    "OwnTerms",
    "OwnTokenRatio",
    "PriceBook",
    "PriceChange",
    "PriceDifference",
    "PriceOverride",
    "Rates",
    "ServerToolPrices",
]

_SNAPSHOT_DIGITS: Final = 16
_NO_TERMS: Final = OwnTerms()


@dataclass(frozen=True, kw_only=True)
class PriceBook:
    """Prices of one provider's Claude models on any day. Make it with PriceBook.load.

    terms: what a plan says beside overrides. bundled: whether prices that the user fetched are left aside.
    """

    provider: str
    facts: PriceFacts
    overrides: tuple[PriceOverride, ...] = ()
    terms: OwnTerms = _NO_TERMS
    bundled: bool = False
    _resolved: dict[str, str] = field(default_factory=dict, repr=False, compare=False)
    _prices: dict[tuple[str, date], ModelPrice] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def load(
        cls,
        provider: str = "anthropic",
        overrides: Sequence[PriceOverride] = (),
        terms: OwnTerms = _NO_TERMS,
        *,
        bundled: bool = False,
    ) -> "PriceBook":
        """The facts that ship with the product, with the buyer's overrides and other terms.

        Errors: PriceError for an unknown provider, for terms that cannot be used, and for fetched prices that cannot.
        """
        if provider not in PROVIDERS:
            raise PriceError(f"No prices for provider {provider!r}. Known: {', '.join(PROVIDERS)}.")
        check_terms(terms, provider=provider, generations=frozenset(TOKENIZERS))
        book = cls(provider=provider, facts=load_price_facts(), terms=terms, bundled=bundled)
        return book.with_overrides(overrides).checked()

    def checked(self) -> "PriceBook":
        """The book itself. Errors: PriceError for an alias or factor of an unknown model, and for fetched prices."""
        for name, model in self.terms.aliases.items():
            own, meant = self._catalog.canonical(name), self._known(model, "[prices.aliases]")
            if own is not None and own != meant:
                raise PriceError(f"[prices.aliases] gives {name!r} to {model!r}, but it names {own}. Leave it out.")
        _ = self._modifiers, self._library, self._anthropic
        return self

    def _known(self, model: str, place: str) -> str:
        try:
            return self._meant(model)
        except UnknownModelError as error:
            raise UnknownModelError(f"{place}: {error}") from None

    def with_overrides(self, overrides: Sequence[PriceOverride]) -> "PriceBook":
        """The same book with more overrides. Errors: PriceError as for load."""
        book = self._with((*self.overrides, *overrides))
        _ = book._overridden
        return book

    def at_list(self) -> "PriceBook":
        """The same book without overrides, but for models that only an override prices.

        The plan's factors stay: the handling of measured traffic is taken from its log.
        """
        entries = self._catalog.entries
        models = {item: self._catalog.canonical(self._alias(item.model)) for item in self.overrides}
        return self._with(tuple(item for item, model in models.items() if model not in entries))

    def as_bundled(self) -> "PriceBook":
        """The same book with the price library as it was installed."""
        return replace(self, bundled=True, _resolved={}, _prices={})

    def _with(self, overrides: tuple[PriceOverride, ...]) -> "PriceBook":
        return replace(self, overrides=overrides, _resolved={}, _prices={})

    @property
    def checked_on(self) -> date:
        """The day on which the price data was last checked, by us or by the user's own fetch of the library."""
        return max(self.facts.checked_on, self.library_date or self.facts.checked_on)

    @property
    def library_date(self) -> date | None:
        """The day on which the user last fetched prices; None where the installed ones are in use."""
        return self._anthropic.checked_on

    @property
    def library_starts(self) -> frozenset[date]:
        """Every day on which the price library has a price of this provider, or of Anthropic, begin."""
        return self._library.starts | self._anthropic.starts

    @cached_property
    def sha256(self) -> str:
        """Hash of everything that prices: own facts, the library's prices, provider, overrides and other terms."""
        parts = (self.snapshot, self.provider, *map(repr, self.overrides))
        terms = () if self.terms == _NO_TERMS else (repr(self.terms),)
        return hashlib.sha256("\n".join((*parts, *terms)).encode()).hexdigest()

    @cached_property
    def snapshot(self) -> str:
        """16 hexadecimal digits over the price data of every provider: own facts and the library's prices.

        What a plan says of prices is not in it.
        """
        libraries = (price_library(provider, bundled=self.bundled).contents for provider in PROVIDERS)
        text = "\n".join((self.facts.sha256, *libraries))
        return hashlib.sha256(text.encode()).hexdigest()[:_SNAPSHOT_DIGITS]

    def models(self) -> tuple[str, ...]:
        """Every model that this book can price, by name."""
        return tuple(sorted(set(self._catalog.entries) | set(self._overridden)))

    def thresholds(self) -> tuple[int, ...]:
        """Every prompt length at which some model's price changes on some day, ascending, in tokens."""
        own = [fact for model in self.facts.list_prices for fact in self.facts.in_force(model)]
        steps = {step.above_prompt_tokens for fact in own for step in fact.long_prompt}
        return tuple(sorted(steps | self._library.thresholds | self._anthropic.thresholds))

    def resolve(self, name: str) -> str:
        """The book's own id of a model, whatever the log calls it; an id resolves to itself.

        Errors: UnknownModelError for a name that is no model's, saying why, and for a model that was never priced.
        """
        if name not in self._resolved:
            self._resolved[name] = self._meant(self._alias(name))
        return self._resolved[name]

    def endpoint(self, name: str) -> Endpoint:
        """The endpoint of a cloud that a name, or what its alias stands for, is priced at; else the plan's."""
        said = endpoint_in_name(name) or endpoint_in_name(self._alias(name))
        return said or self.terms.endpoint or "global"

    def price(self, model: str, on: date) -> ModelPrice:
        """What a model costs on a day. A name that says a cloud's endpoint gets its price, another the plan's endpoint.

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

        factor = batch x geography x fast. A value without a public list price counts as standard, and a note says so;
        a factor under [[prices.modifier]] wins.
        Errors: PriceError for fast mode of a model that has no known fast price; UnknownModelError.
        """
        logged = Handling(service_tier=service_tier, inference_geo=inference_geo, speed=speed)
        return multiplier(logged, self._handled(self.resolve(model), on))

    def server_tools(self, on: date) -> ServerToolPrices:
        """What web search and code execution cost on a day; asking for a price that is not known is an error."""
        return server_tool_prices(self.facts.server_tools, provider=self.provider, on=on, own=self.terms.server_tools)

    def server_tools_usd(self, searches: float, hours: float, on: date) -> Decimal:
        """What so many searches and hours of code execution cost on a day, USD.

        Errors: PriceError for a tool that was used and has no known price at this provider, naming the remedy.
        """
        return self.server_tools(on).usd(searches, hours)

    def changes(self, since: date, until: date) -> tuple[PriceChange, ...]:
        """Everything that differs between the price lists of two days, and what was announced or cancelled between."""
        return price_changes(self, self, since, until)

    def tier(self, model: str) -> str:
        """haiku, sonnet, opus, fable (the tier above Opus), or other."""
        model = self.resolve(model)
        override = self._overridden.get(model)
        if override is not None and override.tier is not None:
            return override.tier
        fact = self.facts.models.get(model)
        return tier_in_name(model) if fact is None else fact.tier

    @property
    def new_tokens_per_old(self) -> float:
        """Tokens of the newer tokenizer per token of the older one, for the same text; the plan's own ratio wins."""
        old, new = TOKENIZERS
        return own_ratio(self.terms.token_ratios, old, new) or self.facts.new_tokens_per_old

    def token_ratio(self, from_model: str, to_model: str) -> float:
        """Tokens of a text on to_model per token of it on from_model, by tokenizer generation.

        1 where a generation is unknown (a model that only an override knows); its price carries a note.
        """
        before, after = self.tokenizer(from_model), self.tokenizer(to_model)
        if before == after or None in (before, after):
            return 1.0
        return self.new_tokens_per_old if after == TOKENIZERS[-1] else 1.0 / self.new_tokens_per_old

    def tokenizer(self, model: str) -> str | None:
        """The tokenizer generation of a model, None where it is not known."""
        fact = self.facts.models.get(self.resolve(model))
        return None if fact is None else fact.tokenizer

    def launched(self, model: str) -> date | None:
        """The first day of a model, None where it is not known."""
        fact = self.facts.models.get(self.resolve(model))
        return None if fact is None else fact.launched

    def retires_on(self, model: str) -> date | None:
        """The last known day of a model, None where no retirement is known."""
        fact = self.facts.models.get(self.resolve(model))
        return None if fact is None else fact.retires_on

    def successor(self, model: str, on: date | None = None) -> str:
        """The current model of the same tier on a day (the day of the last check unless given); maybe itself."""
        return self._catalog.successor(self.resolve(model), on or self.checked_on)

    def successors(self, model: str) -> tuple[str, ...]:
        """Every later model of the same tier, the next first, whether this provider sells it or not."""
        return self._catalog.successors(self.resolve(model))

    def differences(self) -> list[PriceDifference]:
        """Where the library and our own dated facts (Anthropic's list prices) differ, and which of them wins."""
        return differences(self.facts, self._anthropic)

    @cached_property
    def _library(self) -> PriceLibrary:
        return price_library(self.provider, bundled=self.bundled)

    @cached_property
    def _anthropic(self) -> PriceLibrary:
        return price_library("anthropic", bundled=self.bundled)

    @cached_property
    def _catalog(self) -> ModelCatalog:
        return ModelCatalog(provider=self.provider, facts=self.facts, anthropic=self._anthropic, library=self._library)

    @cached_property
    def _list(self) -> PriceList:
        return PriceList(
            provider=self.provider,
            facts=self.facts,
            catalog=self._catalog,
            checked_on=self.checked_on,
            batch=lambda model, on: batch_multiplier(self._handled(model, on)),
        )

    def _handled(self, model: str, on: date) -> Handled:
        return Handled(facts=self.facts, provider=self.provider, model=model, on=on, own=self._modifiers)

    @cached_property
    def _modifiers(self) -> tuple[OwnModifier, ...]:
        """The plan's own factors, models by the book's ids. Errors: PriceError for two of the same."""
        return of_models(self.terms.modifiers, lambda name: self._known(self._alias(name), "[[prices.modifier]]"))

    @cached_property
    def _overridden(self) -> dict[str, PriceOverride]:
        """Overrides by the id of the model that they price; one for an unknown model creates it."""
        found: dict[str, PriceOverride] = {}
        for override in self.overrides:
            override.named()
            model = self._catalog.canonical(self._alias(override.model))
            if model not in self._catalog.entries:
                check_complete(override)
                model = override.model.strip()
            else:
                check_threshold(override, self._list.thresholds(model))
            if model in found:
                raise PriceError(f"[[prices.override]] names {model} twice. Keep one, with every price that it has.")
            found[model] = override
        return found

    @cached_property
    def _created(self) -> dict[str, str]:
        return {model.lower(): model for model in self._overridden if model not in self._catalog.entries}

    @cached_property
    def _aliases(self) -> dict[str, str]:
        return {name.strip().lower(): model for name, model in self.terms.aliases.items()}

    def _alias(self, name: str) -> str:
        return self._aliases.get(name.strip().lower(), name)

    def _meant(self, name: str) -> str:
        created = self._created.get(name.strip().lower())
        return created or self._catalog.resolve(name, also=tuple(self._created.values()))

    def _price(self, name: str, on: date) -> ModelPrice:
        model = self.resolve(name)
        override = self._overridden.get(model)
        if model in self._created.values():
            base = self._list.unlisted(model, on)
        else:
            base = self._list.price(model, on, regional=self.endpoint(name) == "regional")
            if self.provider == "bedrock" and is_govcloud(name):
                base = noting(base, f"{model}: GovCloud's own price is not known; the regional endpoint's is used.")
        return base if override is None else with_override(base, override)
