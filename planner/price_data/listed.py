"""What a provider's price list says of a model on a day: own dated facts first, the library where we have none."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from planner.price_data.catalog import ModelCatalog
from planner.price_data.facts import ListPrice, LongPromptRates, PriceFacts, Rates
from planner.price_data.library import LibraryPrice, PriceLibrary
from planner.price_data.model_price import RATE_FIELDS, ModelPrice, noting, scaled


@dataclass(frozen=True, kw_only=True)
class PriceList:
    """One provider's list prices. batch: the factor of a batch for a model on a day."""

    provider: str
    facts: PriceFacts
    catalog: ModelCatalog
    checked_on: date
    batch: Callable[[str, date], Decimal]

    def price(self, model: str, on: date, *, regional: bool) -> ModelPrice:
        """What a model that the catalog has costs on a day, at the regional or the global endpoint."""
        entries = self.catalog.entries[model]
        if self.provider == "anthropic":
            return self._from_facts(model, entries.standard, on)
        entry = entries.regional if regional and entries.regional else entries.standard
        if entry is None:
            lent = self._from_facts(model, self._anthropic.find(model), on)
            price = noting(lent, f"{model}: no price on {self.provider} is known; Anthropic's list price is used.")
        else:
            price = self._from_library(model, self.catalog.library, entry, on)
        return self._at_endpoint(price, on) if regional else price

    def thresholds(self, model: str) -> frozenset[int]:
        """Every prompt length at which a model's price changed on some day, in tokens."""
        days = {self.checked_on, *(fact.effective_from for fact in self.facts.in_force(model))}
        prices = [self.price(model, day, regional=False) for day in days]
        return frozenset(step.above_prompt_tokens for price in prices for step in price.long_prompt)

    def unlisted(self, model: str, on: date) -> ModelPrice:
        """A model that only an override prices: everything but its price."""
        note = f"{model}: priced by an override only; its tokenizer is unknown, so token ratios with it are 1."
        return noting(self._blank(model, on), note)

    @property
    def _anthropic(self) -> PriceLibrary:
        return self.catalog.anthropic

    def _at_endpoint(self, price: ModelPrice, on: date) -> ModelPrice:
        """The regional endpoint's price where the price list names the global one's and a factor between them."""
        for modifier in self.facts.endpoints:
            factor = modifier.on(on)
            is_theirs = modifier.provider == self.provider and modifier.value == "regional"
            if is_theirs and modifier.covers(price.model) and factor is not None:
                changed = replace(scaled(price, factor), source=f"{price.source}; regional endpoint: {modifier.source}")
                if on >= modifier.effective_from:
                    return changed
                day = modifier.effective_from
                said = f"{price.model}: the regional endpoint's factor is known from {day}; used for earlier days too."
                return noting(changed, said)
        return price

    def _from_facts(self, model: str, entry: str | None, on: date) -> ModelPrice:
        """Our own fact of the day, unless there is none or the library dates a change later than our newest."""
        history = self.facts.in_force(model)
        library = None if entry is None else self._anthropic.price(entry, on)
        if entry is not None and library is not None and _library_wins(library, history):
            return self._from_library(model, self._anthropic, entry, on)
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

    def _from_library(self, model: str, library: PriceLibrary, entry: str, on: date) -> ModelPrice:
        found = library.price(entry, on)
        price = self._blank(model, on)
        fact = self.facts.models.get(model)
        notes = _before_first(model, on, fact.launched if fact else None)
        if not notes and library.provider != "anthropic" and found.starts_on is None and not library.is_dated(entry):
            notes = self._undated(model, on)
        return replace(
            price,
            rates=found.rates,
            long_prompt=found.long_prompt,
            effective_from=found.starts_on,
            source=found.source,
            notes=(*notes, *_unlisted(model, found.unlisted_since), *price.notes),
            unlisted_since=found.unlisted_since,
        )

    def _undated(self, model: str, on: date) -> tuple[str, ...]:
        history = self.facts.in_force(model)
        then = next((fact for fact in reversed(history) if fact.effective_from <= on), None)
        if then is None:
            return ()
        later = [fact for fact in history if fact.effective_from > on and _terms(fact) != _terms(then)]
        if not later:
            return ()
        day = later[0].effective_from
        return (
            f"{model}: the {self.provider} price has no date, and Anthropic's own changed on {day}; usage before that "
            "day is priced as if it had not.",
        )

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
            batch_multiplier=self.batch(model, on),
            effective_from=None,
            source="",
            checked_on=self.checked_on,
            retires_on=retires_on,
            notes=(f"{model}: retired by Anthropic on {retires_on}, keeps its last price.",) if retired else (),
        )


def _before_first(model: str, on: date, first: date | None) -> tuple[str, ...]:
    if first is None or on >= first:
        return ()
    return (f"{model}: usage dated before its first known price ({first}) is priced at that first price.",)


def _unlisted(model: str, since: date | None) -> tuple[str, ...]:
    if since is None:
        return ()
    return (f"{model}: no longer listed by the price library since {since}; its last price is used.",)


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
