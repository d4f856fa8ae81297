"""Which models a provider sells, by our ids, and which of them a name means."""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from typing import Final

from planner.errors import UnknownModelError
from planner.price_data.facts import PriceFacts
from planner.price_data.library import PriceLibrary
from planner.price_data.names import ModelName, parse_name, plain_name, unnamed_reason

_CLOSE: Final = 0.6
"""How alike two names are (difflib's ratio) for one to be offered for the other: a guess may be ten times as dear."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LibraryEntries:
    """The library's ids for one model at a provider; regional only where that endpoint is priced apart."""

    standard: str | None
    regional: str | None = None


@dataclass(frozen=True, kw_only=True)
class ModelCatalog:
    """The priced Claude models of a provider. Ids are the same at every provider, so that plans can move.

    anthropic: the library's view of Anthropic, which has every model; library: its view of the provider.
    """

    provider: str
    facts: PriceFacts
    anthropic: PriceLibrary
    library: PriceLibrary

    @cached_property
    def entries(self) -> dict[str, LibraryEntries]:
        """Every priced model -> the library's ids for it."""
        if self.provider == "bedrock":
            return self._bedrock_entries()
        return {model: LibraryEntries(standard=self.library.find(model)) for model in self._anthropic_ids}

    def canonical(self, name: str) -> str | None:
        """Our id of the model that a name means, whether this provider sells it or not; None for no known model."""
        plain = plain_name(name)
        for spelling in (name.strip().lower(), plain, plain.replace(".", "-")):
            if spelling in self._anthropic_ids:
                return spelling
            if spelling in self.facts.aliases:
                return self.facts.aliases[spelling]
        parsed = parse_name(name)
        return None if parsed is None else self._of_version(parsed)

    def resolve(self, name: str, *, also: tuple[str, ...] = ()) -> str:
        """Our id of a model that this provider sells.

        also: models that exist by an override only, for the list of nearest names.
        Errors: UnknownModelError saying why, with the nearest known models and the remedies.
        """
        why = unnamed_reason(name)
        model = self.canonical(name) if why is None else None
        if model is not None and model in self.entries:
            return model
        near = [] if why else _alike(name, sorted({*self.entries, *also}))
        where = "" if self.provider == "anthropic" else f" on {self.provider}"
        because = "" if why is None else f": {why}"
        nearest = f" Nearest known: {', '.join(near)}." if near else ""
        example = f' ({_quoted(name)} = "{near[0]}")' if near else ""
        raise UnknownModelError(
            f"No price is known for model {name!r}{where}{because}.{nearest} Correct the name, say which model it is "
            f"under [prices.aliases]{example}, or add [[prices.override]] with its prices (model, input_usd_per_mtok, "
            "output_usd_per_mtok, source); `planner prices` lists the models that have one."
        )

    def successor(self, model: str, on: date) -> str:
        """The newest model of the same tier in service on a day, along the chain of successors; maybe itself."""
        current = model
        for step in self.successors(model):
            launched = self.facts.models[step].launched
            if launched is not None and launched > on:
                break
            if step in self.entries:
                current = step
        return current

    def successors(self, model: str) -> tuple[str, ...]:
        """Every later model of the same tier, the next first."""
        found: list[str] = []
        step = self.facts.models.get(model)
        while step is not None and step.successor is not None:
            found.append(step.successor)
            step = self.facts.models.get(step.successor)
        return tuple(found)

    def _of_version(self, parsed: ModelName) -> str | None:
        """The model of a family and version; of a version that was sold as several dated models, the one dated so."""
        found = self._by_version.get(parsed.model, {})
        if len(found) > 1:
            return found.get(parsed.snapshot)
        return next(iter(found.values()), None)

    @cached_property
    def _by_version(self) -> Mapping[tuple[str, tuple[int, int]], Mapping[date | None, str]]:
        found: dict[tuple[str, tuple[int, int]], dict[date | None, str]] = {}
        names = {model: model for model in self._anthropic_ids} | dict(self.facts.aliases)
        for name, model in names.items():
            parsed = parse_name(name)
            if parsed is not None:
                found.setdefault(parsed.model, {})[parsed.snapshot] = model
        return {
            key: days if len(set(days.values())) > 1 else {None: next(iter(days.values()))}
            for key, days in found.items()
        }

    @cached_property
    def _anthropic_ids(self) -> frozenset[str]:
        own = {model for model in self.facts.list_prices if self.facts.in_force(model)}
        return frozenset(own | {self._own_id(entry) for entry in self.anthropic.entries})

    def _own_id(self, entry: str) -> str:
        plain = plain_name(entry)
        return self.facts.aliases.get(plain, plain)

    def _bedrock_entries(self) -> dict[str, LibraryEntries]:
        found: dict[str, LibraryEntries] = {}
        listed = self.library.listed
        # an id that the library still lists comes last, and wins; 'global.' sorts before 'regional.'
        for entry in sorted(self.library.entries, key=lambda entry: (entry in listed, entry)):
            model = self.canonical(entry)
            if model is None:
                continue
            known = found.get(model, LibraryEntries(standard=None))
            if entry.startswith("global."):
                found[model] = replace(known, standard=entry)
            else:
                is_global = known.standard is not None and known.standard.startswith("global.")
                found[model] = LibraryEntries(standard=known.standard if is_global else entry, regional=entry)
        return found


def _alike(name: str, known: Iterable[str]) -> list[str]:
    """Models whose names are close, the closest first; the word that they all share does not count."""
    models = {model.removeprefix("claude-"): model for model in known}
    short = plain_name(name).removeprefix("claude-")
    return [models[found] for found in difflib.get_close_matches(short, models, n=3, cutoff=_CLOSE)]


def _quoted(name: str) -> str:
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
