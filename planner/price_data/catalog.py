"""Which models a provider sells, by our ids, and which of them a name means."""

import difflib
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from planner.errors import UnknownModelError
from planner.price_data.facts import PriceFacts
from planner.price_data.library import PriceLibrary, price_library
from planner.price_data.names import plain_name


@dataclass(frozen=True, slots=True, kw_only=True)
class LibraryEntries:
    """The library's ids for one model at a provider; regional only where that endpoint is priced apart."""

    standard: str | None
    regional: str | None = None


@dataclass(frozen=True, kw_only=True)
class ModelCatalog:
    """The priced Claude models of a provider. Ids are the same at every provider, so that plans can move."""

    provider: str
    facts: PriceFacts

    @cached_property
    def entries(self) -> dict[str, LibraryEntries]:
        """Every priced model -> the library's ids for it."""
        if self.provider == "bedrock":
            return self._bedrock_entries()
        library = price_library(self.provider)
        return {model: LibraryEntries(standard=library.find(model)) for model in self._anthropic_ids}

    def canonical(self, name: str) -> str | None:
        """Our id of the model that a name means, whether this provider sells it or not; None for no known model."""
        plain = plain_name(name)
        for spelling in (name.strip().lower(), plain, plain.replace(".", "-")):
            if spelling in self._anthropic_ids:
                return spelling
            if spelling in self.facts.aliases:
                return self.facts.aliases[spelling]
        entry = self._anthropic.find(plain)
        return None if entry is None else self._own_id(entry)

    def resolve(self, name: str, *, also: tuple[str, ...] = ()) -> str:
        """Our id of a model that this provider sells.

        also: models that exist by an override only, for the list of nearest names.
        Errors: UnknownModelError naming the nearest known models and the remedy.
        """
        model = self.canonical(name)
        if model is not None and model in self.entries:
            return model
        known = sorted({*self.entries, *also})
        near = difflib.get_close_matches(plain_name(name), known, n=3, cutoff=0.5) or self._newest(3)
        where = "" if self.provider == "anthropic" else f" on {self.provider}"
        raise UnknownModelError(
            f"No price is known for model {name!r}{where}. Nearest known: {', '.join(near)}. Correct the name, or add "
            f"[[prices.override]] with its prices (model, input_usd_per_mtok, output_usd_per_mtok, source)."
        )

    def _newest(self, count: int) -> list[str]:
        launched = {model: self.facts.models[model].launched for model in self.entries if model in self.facts.models}
        return sorted(launched, key=lambda model: launched[model] or date.min, reverse=True)[:count]

    @property
    def _anthropic(self) -> PriceLibrary:
        return price_library("anthropic")

    @cached_property
    def _anthropic_ids(self) -> frozenset[str]:
        own = {model for model in self.facts.list_prices if self.facts.in_force(model)}
        return frozenset(own | {self._own_id(entry) for entry in self._anthropic.entries})

    def _own_id(self, entry: str) -> str:
        plain = plain_name(entry)
        return self.facts.aliases.get(plain, plain)

    def _bedrock_entries(self) -> dict[str, LibraryEntries]:
        found: dict[str, LibraryEntries] = {}
        for entry in sorted(price_library("bedrock").entries):  # 'global.' sorts before 'regional.'
            model = self.canonical(entry)
            if model is None:
                continue
            if entry.startswith("global."):
                found[model] = LibraryEntries(standard=entry)
            else:
                standard = found[model].standard if model in found else entry
                found[model] = LibraryEntries(standard=standard, regional=entry)
        return found
