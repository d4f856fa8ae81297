"""What web search and code execution cost beside the tokens of a request: dated facts, and a plan's own prices."""

import tomllib
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from planner.errors import PriceError

SEARCHES_PER_PRICE: Final = 1_000
_REMEDY: Final = "Add it under [prices.server_tools] (web_search_usd_per_thousand, code_execution_usd_per_hour, source)"
_UNIT: Final = {"web_search": "usd_per_thousand", "code_execution": "usd_per_hour"}
_WORDS: Final = {"web_search": "web search", "code_execution": "code execution"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerToolFact:
    """One dated price of one tool. usd: per 1,000 searches, or per hour of container time."""

    tool: str
    provider: str
    usd: Decimal
    free_hours_per_month: Decimal
    minimum_minutes: int
    effective_from: date
    source: str
    checked_on: date

    @property
    def unit(self) -> str:
        return "USD per hour" if self.tool == "code_execution" else "USD per 1,000 searches"


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnServerTools:
    """[prices.server_tools] of a plan: a price that is None keeps the provider's."""

    source: str
    web_search_usd_per_thousand: Decimal | None = None
    code_execution_usd_per_hour: Decimal | None = None

    def check(self) -> None:
        """Errors: PriceError for no price at all, and for what is not a price."""
        prices = {"web_search": self.web_search_usd_per_thousand, "code_execution": self.code_execution_usd_per_hour}
        if all(value is None for value in prices.values()):
            raise PriceError(f"[prices.server_tools] names no price. {_REMEDY}, or leave the table out.")
        for tool, value in prices.items():
            if value is not None and (not value.is_finite() or value < 0):
                raise PriceError(f"[prices.server_tools] {tool}_{_UNIT[tool]} = {value} is not a price, 0 or more.")


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerToolPrices:
    """What server tools cost on a day. web_search, code_execution: None where no price is known.

    free_code_execution_hours_per_month are per organisation, and are not taken off.
    """

    provider: str
    on: date
    web_search: Decimal | None
    code_execution: Decimal | None
    free_code_execution_hours_per_month: Decimal
    minimum_minutes: int
    effective_from: date | None
    source: str
    web_search_notes: tuple[str, ...] = ()
    code_execution_notes: tuple[str, ...] = ()

    @property
    def notes(self) -> tuple[str, ...]:
        """What there is to say of either tool."""
        return self.notes_on(searches=True, code_execution=True)

    def notes_on(self, *, searches: bool, code_execution: bool) -> tuple[str, ...]:
        """What there is to say of the tools that were used."""
        return (
            *(self.web_search_notes if searches else ()),
            *(self.code_execution_notes if code_execution else ()),
        )

    @property
    def web_search_usd_per_thousand(self) -> Decimal:
        return self._known("web_search", self.web_search)

    @property
    def code_execution_usd_per_hour(self) -> Decimal:
        return self._known("code_execution", self.code_execution)

    def usd(self, searches: float, hours: float) -> Decimal:
        """What so many searches and hours of code execution cost, USD; a tool that was not used needs no price.

        Errors: PriceError for a tool that was used and has no known price, with the remedy.
        """
        total = Decimal(0)
        if searches:
            total += Decimal(str(searches)) * self.web_search_usd_per_thousand / SEARCHES_PER_PRICE
        if hours:
            total += Decimal(str(hours)) * self.code_execution_usd_per_hour
        return total

    def _known(self, tool: str, usd: Decimal | None) -> Decimal:
        if usd is None:
            raise PriceError(
                f"No price of {_WORDS[tool]} on {self.provider} is known, and the usage has some. {_REMEDY}."
            )
        return usd


def load_server_tools(path: Path) -> tuple[ServerToolFact, ...]:
    """The dated prices of server-tools.toml, oldest first."""
    tables = tomllib.loads(path.read_text(encoding="utf-8"))
    facts = [_fact(tool, entry) for tool in _UNIT for entry in tables[tool]]
    return tuple(sorted(facts, key=lambda fact: fact.effective_from))


def server_tool_prices(
    facts: tuple[ServerToolFact, ...], *, provider: str, on: date, own: OwnServerTools | None = None
) -> ServerToolPrices:
    """What a provider's server tools cost on a day; a plan's own prices win. Before its first price, that first one."""
    search, code = (_on(facts, tool, provider, on) for tool in _UNIT)
    known = [fact for fact in (search, code) if fact is not None]
    prices = ServerToolPrices(
        provider=provider,
        on=on,
        web_search=None if search is None else search.usd,
        code_execution=None if code is None else code.usd,
        free_code_execution_hours_per_month=Decimal(0) if code is None else code.free_hours_per_month,
        minimum_minutes=0 if code is None else code.minimum_minutes,
        effective_from=max((fact.effective_from for fact in known), default=None),
        source="; ".join(dict.fromkeys(fact.source for fact in known)),
        web_search_notes=() if search is None else _notes(search, on),
        code_execution_notes=() if code is None else _notes(code, on),
    )
    return prices if own is None else _with_own(prices, own)


def _with_own(prices: ServerToolPrices, own: OwnServerTools) -> ServerToolPrices:
    search, code = own.web_search_usd_per_thousand, own.code_execution_usd_per_hour
    return ServerToolPrices(
        provider=prices.provider,
        on=prices.on,
        web_search=prices.web_search if search is None else search,
        code_execution=prices.code_execution if code is None else code,
        free_code_execution_hours_per_month=prices.free_code_execution_hours_per_month if code is None else Decimal(0),
        minimum_minutes=prices.minimum_minutes,
        effective_from=prices.effective_from if None in (search, code) else None,
        source="; ".join(part for part in (prices.source, f"your own: {own.source}") if part),
        web_search_notes=prices.web_search_notes if search is None else (),
        code_execution_notes=prices.code_execution_notes if code is None else (),
    )


def _notes(fact: ServerToolFact, on: date) -> tuple[str, ...]:
    words = _WORDS[fact.tool]
    notes = []
    if on < fact.effective_from:
        notes.append(f"{words}: its price is known from {fact.effective_from}; used for earlier days too.")
    if fact.free_hours_per_month:
        worth = fact.free_hours_per_month * fact.usd
        notes.append(
            f"{words}: every hour is priced. {fact.free_hours_per_month:,} hours a month and organisation are free, "
            f"worth at most {worth:.2f} USD a month, and so are hours used beside web search or web fetch; each use is "
            f"billed {fact.minimum_minutes} minutes at least."
        )
    return tuple(notes)


def _on(facts: tuple[ServerToolFact, ...], tool: str, provider: str, on: date) -> ServerToolFact | None:
    history = [fact for fact in facts if (fact.tool, fact.provider) == (tool, provider)]
    begun = [fact for fact in history if fact.effective_from <= on]
    return begun[-1] if begun else next(iter(history), None)


def _fact(tool: str, entry: dict[str, Any]) -> ServerToolFact:
    return ServerToolFact(
        tool=tool,
        provider=entry["provider"],
        usd=Decimal(str(entry[_UNIT[tool]])),
        free_hours_per_month=Decimal(str(entry.get("free_hours_per_month", 0))),
        minimum_minutes=entry.get("minimum_minutes", 0),
        effective_from=entry["effective_from"],
        source=entry["source"],
        checked_on=entry["checked_on"],
    )
