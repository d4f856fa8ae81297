"""Price aggregated usage at list, every group at the price of its own day."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any, Final, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.errors import PriceError, UnknownModelError, UsageError
from planner.name_notes import logged_name_notes
from planner.prices import PROVIDERS, ModelPrice, OwnTerms, PriceBook, ServerToolPrices
from planner.units import (
    CODE_EXECUTION_SECONDS,
    SECONDS_PER_HOUR,
    SERVER_TOOL_COLUMNS,
    TOKEN_CLASSES,
    TOKEN_COLUMNS,
    WEB_SEARCHES,
    BoolArray,
    FloatArray,
    IntArray,
)
from planner.usage.columns import window_exceeds

PER_REQUEST: Final = "per request"
BY_WINDOW: Final = "by context window"
NO_THRESHOLD: Final = "no threshold"
UNKNOWN: Final = "unknown prompt length"

BATCH: Final = "batch"
STANDARD: Final = "standard"

_SHOWN_CHARACTERS: Final = 60
_SHOWN_NAMES: Final = 10
_REMEDY: Final = '\nTraffic of other vendors is left out with [[usage.exclude]] model = "their-*".'

ObjectArray = NDArray[np.object_]


@dataclass(frozen=True, slots=True, kw_only=True)
class _ServerTool:
    """A tool's column of use, and USD per unit of the column."""

    column: str
    usd: Callable[[ServerToolPrices], float]


_SERVER_TOOLS: Final = (
    _ServerTool(
        column=SERVER_TOOL_COLUMNS[WEB_SEARCHES],
        usd=lambda prices: float(prices.web_search_usd_per_thousand) / 1_000,
    ),
    _ServerTool(
        column=SERVER_TOOL_COLUMNS[CODE_EXECUTION_SECONDS],
        usd=lambda prices: float(prices.code_execution_usd_per_hour) / SECONDS_PER_HOUR,
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PricedGroups:
    """Usage groups with their list cost.

    groups: the groups with `model` as the price book's own id, and `list_cost_usd`, `server_tools_usd` (the part of it
    that is searches and code execution), `rate_cost_usd` (tokens before multipliers), `modifier` (multiplier without
    the batch factor), `basis` (how prompt length was settled) and `if_long_usd` (list cost if every prompt of unknown
    length were above the threshold; else the list cost).
    notes: what the price book had to say about these prices.
    """

    groups: pd.DataFrame
    notes: tuple[str, ...]


def price_groups(groups: pd.DataFrame, book: PriceBook, prompt_edges: Iterable[int]) -> PricedGroups:
    """List cost of each group: tokens x the rates of its day x the multiplier of its tier, geography and speed, and
    beside them what server tools did x their prices of that day, which no multiplier touches.

    Each group is priced at the list of the provider that its `provider` names; blank is the book's own. The whole
    request pays the long-prompt rates when its prompt exceeds the threshold; where the length is unknown the base rate
    is used and `basis` says so.

    Errors: UnknownModelError listing every model that was never priced, with its requests; PriceError for an unknown
    provider, and for a token class or a server tool that was used and has no price; UsageError when the usage was read
    without the book's thresholds.
    """
    whole = groups.reset_index(drop=True)
    edges = set(prompt_edges)
    names = [provider or book.provider for provider in whole["provider"]]
    parts = {name: np.flatnonzero(np.array(names) == name) for name in sorted(set(names))}
    books = {name: at_provider(book, name) for name in parts}
    resolved = {name: resolve_all(whole.iloc[rows], books[name]) for name, rows in parts.items()}
    notes: dict[str, None] = {}
    priced = [_priced(whole.iloc[rows], resolved[name], books[name], edges, notes) for name, rows in parts.items()]
    together = pd.concat(priced).sort_index() if len(priced) > 1 else priced[0]
    return PricedGroups(groups=together, notes=tuple(notes))


def at_provider(book: PriceBook, provider: str) -> PriceBook:
    """The prices of another provider, with the models and names that the book's plan adds.

    Factors, an endpoint and server tools are terms of the plan's own provider, and stay with it.
    Errors: PriceError for an unknown provider.
    """
    if provider == book.provider:
        return book
    if provider not in PROVIDERS:
        raise PriceError(
            f"The log says that {_shown(provider)!r} served a part of it, and there are no prices for that provider. "
            f"Known: {', '.join(PROVIDERS)}. Leave that use out with [[usage.exclude]] and its models, or name the "
            'provider with [usage] constants { provider = "anthropic" }.'
        )
    terms = OwnTerms(token_ratios=book.terms.token_ratios, aliases=book.terms.aliases)
    return PriceBook.load(provider, book.overrides, terms, bundled=book.bundled)


def _priced(
    groups: pd.DataFrame, resolved: Mapping[str, str], book: PriceBook, edges: set[int], notes: dict[str, None]
) -> pd.DataFrame:
    """Groups of one provider at its prices, under their own index. notes: what has to be said is added to it."""
    priced = groups.reset_index(drop=True)
    size = len(priced)
    columns = {name: np.zeros(size) for name in ("rate_cost_usd", "if_long_rate_usd", "multiplier", "modifier")}
    basis = np.full(size, NO_THRESHOLD, dtype=object)
    use = _use_of(priced)
    for (model, day), index in _parts(priced, ["model", "day"]):
        price = book.price(model, day.date())
        notes.update(dict.fromkeys(price.notes))
        usd, if_long, how = _rate_cost(use, index, price, edges)
        columns["rate_cost_usd"][index], columns["if_long_rate_usd"][index], basis[index] = usd, if_long, how
    _multipliers(priced, book, columns, notes)
    requests = {str(name): int(count) for name, count in priced.groupby("model")["requests"].sum().items()}
    notes.update(dict.fromkeys(logged_name_notes(requests, book)))
    priced["model"] = priced["model"].map(resolved)
    priced["rate_cost_usd"] = columns["rate_cost_usd"]
    tools_usd = _server_tools_usd(priced, book, notes)
    priced["server_tools_usd"] = tools_usd
    priced["list_cost_usd"] = columns["rate_cost_usd"] * columns["multiplier"] + tools_usd
    priced["if_long_usd"] = columns["if_long_rate_usd"] * columns["multiplier"] + tools_usd
    priced["modifier"] = columns["modifier"]
    priced["basis"] = basis
    return priced.set_index(groups.index)


def _parts(groups: pd.DataFrame, keys: list[str]) -> Iterable[tuple[Any, IntArray]]:
    """The distinct values of the keys, each with the positions of its rows."""
    return cast(Iterable[tuple[Any, IntArray]], groups.groupby(keys, sort=True).indices.items())


def resolve_all(groups: pd.DataFrame, book: PriceBook) -> dict[str, str]:
    """Logged model name -> the price book's id. Errors: one UnknownModelError with the names never priced."""
    resolved: dict[str, str] = {}
    unknown: list[str] = []
    for name, requests in groups.groupby("model", sort=True)["requests"].sum().items():
        try:
            resolved[str(name)] = book.resolve(str(name))
        except UnknownModelError as error:
            said = str(error).replace(str(name), _shown(str(name)))
            unknown.append(f"{_shown(str(name))!r} ({int(requests):,} requests): {said}")
    if unknown:
        count = "A model" if len(unknown) == 1 else f"{len(unknown):,} models"
        more = f"\n  and {len(unknown) - _SHOWN_NAMES:,} more" if len(unknown) > _SHOWN_NAMES else ""
        raise UnknownModelError(
            f"{count} in the log never had a price:\n  " + "\n  ".join(unknown[:_SHOWN_NAMES]) + more + _REMEDY
        )
    return resolved


def _shown(name: str) -> str:
    return name if len(name) <= _SHOWN_CHARACTERS else name[:_SHOWN_CHARACTERS] + "..."


def priceable(groups: pd.DataFrame, book: PriceBook) -> BoolArray:
    """Which groups are of a provider and a model that have prices, shape (n_groups,)."""
    pairs = list(zip(groups["provider"], groups["model"], strict=True))
    known = {pair: _has_price(*pair, book) for pair in dict.fromkeys(pairs)}
    return np.array([known[pair] for pair in pairs], dtype=np.bool_)


def _has_price(provider: str, model: str, book: PriceBook) -> bool:
    if provider and provider not in PROVIDERS:
        return False
    try:
        at_provider(book, provider or book.provider).resolve(model)
    except UnknownModelError:
        return False
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class _Use:
    """What rates apply to, as arrays: a group has a row, and pandas would take long to pick the rows of every day.

    tokens: shape (n_groups, n_classes). is_single: each record is one request, shape (n_groups,).
    sides: prompts_above of all groups.
    """

    tokens: FloatArray
    is_single: BoolArray
    sides: Callable[[int], tuple[BoolArray, BoolArray]]


def _use_of(groups: pd.DataFrame) -> _Use:
    return _Use(
        tokens=groups[list(TOKEN_COLUMNS)].to_numpy(dtype=np.float64),
        is_single=(groups["requests"] == groups["records"]).to_numpy(dtype=np.bool_),
        sides=cache(lambda edge: prompts_above(groups, edge)),
    )


def _rate_cost(
    use: _Use, index: IntArray, price: ModelPrice, edges: set[int]
) -> tuple[FloatArray, FloatArray, ObjectArray]:
    tokens = np.asfortranarray(use.tokens[index])  # so that sums round alike whatever rows are picked
    usd = _cost(tokens, price.rates.per_token(), price)
    if_long = usd.copy()
    basis = np.full(len(index), NO_THRESHOLD, dtype=object)
    if price.long_prompt:
        basis[:] = np.where(use.is_single[index], PER_REQUEST, BY_WINDOW)
    for step in sorted(price.long_prompt, key=lambda long: long.above_prompt_tokens):
        if step.above_prompt_tokens not in edges:
            raise UsageError(
                f"The usage was read without the prompt length {step.above_prompt_tokens:,} at which {price.model} "
                "changes its price. Read it with mix.prompt_edges(price_book)."
            )
        above, unknown = (side[index] for side in use.sides(step.above_prompt_tokens))
        rates = step.rates.per_token()
        usd[above] = if_long[above] = _cost(tokens[above], rates, price)
        if_long[unknown] = _cost(tokens[unknown], rates, price)
        basis[unknown] = UNKNOWN
    return usd, if_long, basis


def prompts_above(groups: pd.DataFrame, edge: int) -> tuple[BoolArray, BoolArray]:
    """Per group: are its prompts above `edge` tokens, and is that unknown. Shapes (n_groups,).

    prompt_above settles every edge that the usage was read with; -1 leaves it to the context window.
    """
    pairs = list(zip(groups["prompt_above"].astype(int), groups["context_window"], strict=True))
    sides = {
        pair: (pair[0] >= edge) if pair[0] >= 0 else window_exceeds(pair[1], edge) for pair in dict.fromkeys(pairs)
    }
    above = np.array([sides[pair] is True for pair in pairs], dtype=np.bool_)
    unknown = np.array([sides[pair] is None for pair in pairs], dtype=np.bool_)
    return above, unknown


def _cost(tokens: FloatArray, rates: FloatArray, price: ModelPrice) -> FloatArray:
    missing = np.isnan(rates)
    used = tokens.sum(axis=0) > 0
    for index in np.flatnonzero(missing & used):
        raise PriceError(
            f"{price.model} has no known price for {TOKEN_CLASSES[index]} tokens on {price.on}, and the log has "
            f"{int(tokens[:, index].sum()):,} of them. Add it under [[prices.override]]."
        )
    cost: FloatArray = tokens @ np.where(missing, 0.0, rates)
    return cost


def _server_tools_usd(groups: pd.DataFrame, book: PriceBook, notes: dict[str, None]) -> FloatArray:
    """Searches and hours of code execution at the prices of each group's day, shape (n_groups,).

    The price book is asked only for the tools and the days that the usage has, and heard only on those tools.
    """
    usd = np.zeros(len(groups))
    searched, executed = (bool(groups[tool.column].any()) for tool in _SERVER_TOOLS)
    for tool in _SERVER_TOOLS:
        use = groups[tool.column].to_numpy(dtype=np.float64)
        used = use > 0
        days, of_day = np.unique(groups["day"].to_numpy()[used], return_inverse=True)
        prices = [book.server_tools(pd.Timestamp(day).date()) for day in days]
        rates = np.array([tool.usd(price) for price in prices], dtype=np.float64)
        usd[used] += use[used] * rates[of_day]
        for price in prices:
            notes.update(dict.fromkeys(price.notes_on(searches=searched, code_execution=executed)))
    return usd


def _multipliers(priced: pd.DataFrame, book: PriceBook, columns: dict[str, FloatArray], notes: dict[str, None]) -> None:
    keys = ["model", "day", "service_tier", "inference_geo", "speed"]
    for (model, day, service_tier, geo, speed), index in _parts(priced, keys):
        on = day.date()
        full, said = _multiplier(book, model, on, service_tier, geo, speed)
        notes.update(dict.fromkeys(said))
        without, _ = _multiplier(book, model, on, STANDARD if service_tier == BATCH else service_tier, geo, speed)
        columns["multiplier"][index] = float(full)
        columns["modifier"][index] = float(without)


def _multiplier(
    book: PriceBook, model: str, on: date, service_tier: str, geo: str, speed: str
) -> tuple[Decimal, tuple[str, ...]]:
    factor, notes = book.multiplier(model, on=on, service_tier=service_tier, inference_geo=geo, speed=speed)
    return factor, tuple(notes)
