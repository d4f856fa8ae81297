"""Our own dated facts about prices, each with a source, from data/prices: list prices, models, factors, tools."""

import csv
import hashlib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np

from planner.bundled import data_path
from planner.errors import PriceError
from planner.price_data.server_tools import ServerToolFact, load_server_tools
from planner.units import TOKENS_PER_MTOK, FloatArray

RATE_NAMES: Final = ("input", "cache_read", "cache_write_5m", "cache_write_1h", "output")
"""What a price list calls the token classes, in the order of TOKEN_CLASSES."""

STATES: Final = ("announced", "in_force", "cancelled")
TOKENIZERS: Final = ("old", "new")
"""The tokenizer generations, oldest first."""

_CHANGE: Final = ("what", "effective_from", "state", "source")
_FILES: Final = ("list-prices.csv", "models.csv", "modifiers.toml", "server-tools.toml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """USD per million tokens of each class; None where no price is known."""

    input_usd_per_mtok: Decimal | None = None
    output_usd_per_mtok: Decimal | None = None
    cache_read_usd_per_mtok: Decimal | None = None
    cache_write_5m_usd_per_mtok: Decimal | None = None
    cache_write_1h_usd_per_mtok: Decimal | None = None

    def in_class_order(self) -> tuple[Decimal | None, ...]:
        """The five prices in the order of TOKEN_CLASSES, USD/MTok."""
        return tuple(getattr(self, f"{name}_usd_per_mtok") for name in RATE_NAMES)

    def per_token(self) -> FloatArray:
        """USD per token, shape (5,) in the order of TOKEN_CLASSES, NaN where no price is known."""
        return np.array([np.nan if r is None else float(r / TOKENS_PER_MTOK) for r in self.in_class_order()])


@dataclass(frozen=True, slots=True, kw_only=True)
class LongPromptRates:
    """What the whole request costs when input + cache reads + cache writes exceed a number of tokens."""

    above_prompt_tokens: int
    rates: Rates


@dataclass(frozen=True, slots=True, kw_only=True)
class ListPrice:
    """One dated fact: from that day on, the model costs this."""

    model: str
    effective_from: date
    state: str
    change_kind: str
    rates: Rates
    long_prompt: tuple[LongPromptRates, ...]
    source: str
    checked_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFact:
    """What is known of a model apart from its price. launched, retires_on, tokenizer: None where unknown."""

    model: str
    tier: str
    tokenizer: str | None
    launched: date | None
    retires_on: date | None
    successor: str | None
    aliases: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModifierChange:
    """A change of a factor: in force from its day, announced (prices nothing yet), or cancelled.

    multiplier: the new factor; None where the change takes the factor away.
    """

    what: str
    effective_from: date
    state: str
    source: str
    multiplier: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Modifier:
    """A factor on every token class. models: None for all. provider: None where the value itself says it.

    multiplier: the first one. changes: oldest first.
    """

    models: frozenset[str] | None
    value: str
    multiplier: Decimal
    effective_from: date
    source: str
    provider: str | None = None
    changes: tuple[ModifierChange, ...] = ()

    @property
    def announced(self) -> tuple[str, ...]:
        """What is announced and prices nothing yet, as sentences."""
        return tuple(
            f"{change.what} on {change.effective_from} (announced; it counts when it is in force)."
            for change in self.changes
            if change.state == "announced"
        )

    def on(self, day: date) -> Decimal | None:
        """The factor on a day, before its first day too; None from the day on which it was taken away."""
        changed = self.changed_before(day)
        return self.multiplier if changed is None else changed.multiplier

    def changed_before(self, day: date) -> ModifierChange | None:
        """The last change in force on or before a day."""
        begun = [change for change in self.changes if change.state == "in_force" and change.effective_from <= day]
        return begun[-1] if begun else None

    def covers(self, model: str) -> bool:
        """Whether the factor is known for the model."""
        return self.models is None or model in self.models


@dataclass(frozen=True, kw_only=True)
class PriceFacts:
    """Everything in data/prices. list_prices: per model, oldest first, every state."""

    list_prices: Mapping[str, tuple[ListPrice, ...]]
    models: Mapping[str, ModelFact]
    batch: Modifier
    geography: tuple[Modifier, ...]
    fast: tuple[Modifier, ...]
    endpoints: tuple[Modifier, ...]
    server_tools: tuple[ServerToolFact, ...]
    unpriced: Mapping[str, str]
    new_tokens_per_old: float
    checked_on: date
    sha256: str

    @cached_property
    def aliases(self) -> Mapping[str, str]:
        """Every other name of a model, lower case -> its id."""
        return {alias: fact.model for fact in self.models.values() for alias in fact.aliases}

    def in_force(self, model: str) -> tuple[ListPrice, ...]:
        """The model's list prices that count, oldest first; empty where we have no facts of our own."""
        return tuple(fact for fact in self.list_prices.get(model, ()) if fact.state == "in_force")

    def announced(self, model: str) -> tuple[str, ...]:
        """What is announced for the model's list price and prices nothing until it is in force, as sentences."""
        return tuple(
            f"{model}: a price of {_plain(fact.rates.input_usd_per_mtok)} USD/MTok of input and "
            f"{_plain(fact.rates.output_usd_per_mtok)} of output is announced for {fact.effective_from}; "
            "it prices nothing until it is in force."
            for fact in self.list_prices.get(model, ())
            if fact.state == "announced"
        )


def load_price_facts(folder: Path | None = None) -> PriceFacts:
    """Read list-prices.csv, models.csv, modifiers.toml and server-tools.toml from a folder, data/prices unless given.

    Errors: PriceError naming file, line and value for what cannot be read as a fact.
    """
    folder = data_path("prices") if folder is None else folder
    digest = hashlib.sha256()
    for name in _FILES:
        digest.update(name.encode() + b"\0" + (folder / name).read_bytes())
    modifiers = tomllib.loads((folder / "modifiers.toml").read_text(encoding="utf-8"))
    batch = modifiers["batch"]
    return PriceFacts(
        list_prices=_list_prices(folder / "list-prices.csv"),
        models=_models(folder / "models.csv"),
        batch=_modifier(batch),
        geography=tuple(_modifier(entry) for entry in modifiers["geography"]),
        fast=tuple(_modifier(entry) for entry in modifiers["fast"]),
        endpoints=tuple(_modifier(entry) for entry in modifiers["endpoint"]),
        server_tools=load_server_tools(folder / "server-tools.toml"),
        unpriced={value: entry["source"] for entry in modifiers["unpriced"] for value in entry["values"]},
        new_tokens_per_old=float(modifiers["tokenizer"]["new_per_old"]),
        checked_on=modifiers["checked_on"],
        sha256=digest.hexdigest(),
    )


def usd_per_mtok(text: str, *, where: str) -> Decimal | None:
    """A price written as plain digits, exactly; None for an empty text. Errors: PriceError for anything else."""
    if not text:
        return None
    if not re.fullmatch(r"\d+(\.\d+)?", text):
        raise PriceError(f"{where}: {text!r} is not a price in USD per million tokens. Write it like 0.125.")
    return Decimal(text)


def _list_prices(path: Path) -> dict[str, tuple[ListPrice, ...]]:
    found: dict[str, list[ListPrice]] = {}
    for where, row in _rows(path):
        if row["state"] not in STATES:
            raise PriceError(f"{where}: state {row['state']!r} is not one of {', '.join(STATES)}.")
        fact = _list_price(row, where)
        if fact.state == "in_force" and None in (fact.rates.input_usd_per_mtok, fact.rates.output_usd_per_mtok):
            raise PriceError(f"{where}: a price in force needs input and output.")
        found.setdefault(fact.model, []).append(fact)
    return {model: tuple(sorted(facts, key=lambda fact: fact.effective_from)) for model, facts in found.items()}


def _list_price(row: Mapping[str, str], where: str) -> ListPrice:
    above = row["above_prompt_tokens"]
    long = (LongPromptRates(above_prompt_tokens=int(above), rates=_rates(row, "long_", where)),) if above else ()
    return ListPrice(
        model=row["model"],
        effective_from=_day(row["effective_from"], where),
        state=row["state"],
        change_kind=row["change_kind"],
        rates=_rates(row, "", where),
        long_prompt=long,
        source=row["source"],
        checked_on=_day(row["checked_on"], where),
    )


def _rates(row: Mapping[str, str], prefix: str, where: str) -> Rates:
    fields = [f"{name}_usd_per_mtok" for name in RATE_NAMES]
    return Rates(**{field: usd_per_mtok(row[prefix + field], where=where) for field in fields})


def _models(path: Path) -> dict[str, ModelFact]:
    facts = {}
    for where, row in _rows(path):
        if row["tokenizer"] not in TOKENIZERS:
            raise PriceError(f"{where}: tokenizer {row['tokenizer']!r} is not one of {', '.join(TOKENIZERS)}.")
        facts[row["model"]] = ModelFact(
            model=row["model"],
            tier=row["tier"],
            tokenizer=row["tokenizer"],
            launched=_day(row["launched"], where) if row["launched"] else None,
            retires_on=_day(row["retires"], where) if row["retires"] else None,
            successor=row["successor"] or None,
            aliases=tuple(row["aliases"].split()),
        )
    return facts


def _modifier(entry: Mapping[str, Any]) -> Modifier:
    changes = sorted((_change(change) for change in entry.get("change", ())), key=lambda change: change.effective_from)
    if strange := [change.state for change in changes if change.state not in STATES]:
        raise PriceError(f"modifiers.toml: state {strange[0]!r} is not one of {', '.join(STATES)}.")
    return Modifier(
        models=frozenset(entry["models"]) if "models" in entry else None,
        value=entry.get("value", ""),
        multiplier=Decimal(str(entry["multiplier"])),
        effective_from=entry["effective_from"],
        source=entry["source"],
        provider=entry.get("provider"),
        changes=tuple(changes),
    )


def _change(entry: Mapping[str, Any]) -> ModifierChange:
    multiplier = None if "multiplier" not in entry else Decimal(str(entry["multiplier"]))
    return ModifierChange(multiplier=multiplier, **{key: entry[key] for key in _CHANGE})


def _rows(path: Path) -> list[tuple[str, dict[str, str]]]:
    with path.open(encoding="utf-8", newline="") as file:
        return [(f"{path.name}:{number}", row) for number, row in enumerate(csv.DictReader(file), start=2)]


def _day(text: str, where: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise PriceError(f"{where}: {text!r} is not a day like 2026-10-07.") from None


def _plain(value: Decimal | None) -> str:
    return "?" if value is None else f"{value.normalize():f}"
