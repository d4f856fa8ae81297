"""The two sides of a reconciliation by month and model: what was billed, and what the log's use costs at list."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Final

import pandas as pd

from planner.billed.records import BilledCost
from planner.errors import UnknownModelError
from planner.list_cost import BATCH, UNKNOWN
from planner.prices import PriceBook

IN_THE_LOG: Final = "in the log"
"""The source of a billed cost that stands in the usage log itself."""

ALL_MODELS: Final = "all models"
SERVER_TOOLS: Final = "server tools"
SESSION_USAGE: Final = "session usage"
OTHER: Final = "other costs"
CREDITS: Final = "credits"
NOT_MODELS: Final = frozenset({SERVER_TOOLS, SESSION_USAGE, OTHER, CREDITS})
"""What stands in the place of a model where a cost is of none."""

_BY_TYPE: Final = {
    "web search": SERVER_TOOLS,
    "code execution": SERVER_TOOLS,
    "session usage": SESSION_USAGE,
    "other": OTHER,
}
_CACHE: Final = ("cache_read_tokens", "cache_write_5m_tokens", "cache_write_1h_tokens")
_TIERS: Final = (BATCH, "flex", "priority")
"""Words in the names of tiers that have another price than standard; a bill may write message_batches."""

_ZERO: Final = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class BilledSide:
    """What was billed for a month and model, USD.

    list_usd: at the source's list price; None where any part has none. by_day: (amount, list) of daily records.
    is_monthly: a part of it covers more than a day. says_types: the source tells tokens from server tools. is_known:
    the price book has the model. cache_usd: what cache tokens cost; None where the source does not say token classes.
    tier_usd: what was billed in tiers of other prices than standard.
    """

    month: str
    label: str
    sources: frozenset[str]
    amount_usd: Decimal = _ZERO
    list_usd: Decimal | None = None
    rounding_usd: Decimal = _ZERO
    by_day: Mapping[date, tuple[Decimal, Decimal | None]] = field(default_factory=dict)
    is_monthly: bool = False
    says_types: bool = False
    is_known: bool = True
    cache_usd: Decimal | None = None
    tier_usd: Decimal = _ZERO


@dataclass(frozen=True, slots=True, kw_only=True)
class UsedSide:
    """What the log has of a month and model, at list, USD.

    unknown_length_more_usd: how much more it would cost, were every prompt of unknown length above the threshold.
    tier_requests: requests that the log has in such tiers. log_has_cache, log_has_tools: whether the whole log has any
    cache token, any use of server tools.
    """

    month: str
    label: str
    list_usd: Decimal = _ZERO
    by_day: Mapping[date, Decimal] = field(default_factory=dict)
    cache_tokens: int = 0
    tier_requests: int = 0
    unknown_length_more_usd: Decimal = _ZERO
    log_has_cache: bool = True
    log_has_tools: bool = True


Sides = tuple[BilledSide, UsedSide, str]
"""Both sides of a row, and why it is not compared; blank where it is."""


def money(usd: float) -> Decimal:
    """A float of dollars as an exact millionth: list costs add up like the bill does."""
    return Decimal(f"{usd:.6f}")


def billed_sides(costs: Sequence[BilledCost], book: PriceBook) -> dict[str, BilledSide]:
    """The costs of one month by label: the price book's model, or what stands in its place."""
    by_label: dict[str, list[BilledCost]] = {}
    known: dict[str, bool] = {}
    for cost in costs:
        label, is_known = _label(cost, book)
        by_label.setdefault(label, []).append(cost)
        known[label] = is_known
    return {label: _billed_side(label, own, is_known=known[label]) for label, own in by_label.items()}


def _label(cost: BilledCost, book: PriceBook) -> tuple[str, bool]:
    if cost.is_credit:
        return CREDITS, True
    if cost.cost_type in _BY_TYPE:
        return _BY_TYPE[cost.cost_type], True
    if not cost.model:
        return ALL_MODELS, True
    try:
        return book.resolve(cost.model), True
    except UnknownModelError:
        return cost.model, False


def _billed_side(label: str, costs: Sequence[BilledCost], *, is_known: bool) -> BilledSide:
    by_day: dict[date, tuple[Decimal, Decimal | None]] = {}
    for cost in costs:
        if cost.is_daily:
            amount, listed = by_day.get(cost.first, (_ZERO, _ZERO))
            by_day[cost.first] = (amount + cost.amount_usd, _plus(listed, cost.list_usd))
    classes = [cost for cost in costs if cost.token_class]
    cached = sum((cost.amount_usd for cost in classes if cost.token_class.startswith("cache_")), _ZERO)
    return BilledSide(
        month=costs[0].month,
        label=label,
        sources=frozenset(cost.source for cost in costs),
        amount_usd=sum((cost.amount_usd for cost in costs), _ZERO),
        list_usd=total_or_none(cost.list_usd for cost in costs),
        rounding_usd=sum((cost.rounding_usd for cost in costs), _ZERO),
        by_day=by_day,
        is_monthly=any(not cost.is_daily for cost in costs),
        says_types=any(cost.cost_type != "all" for cost in costs),
        is_known=is_known,
        cache_usd=cached if classes else None,
        tier_usd=sum((cost.amount_usd for cost in costs if _is_of_a_tier(cost.service_tier)), _ZERO),
    )


def _is_of_a_tier(name: str) -> bool:
    return any(tier in name for tier in _TIERS)


def _plus(a: Decimal | None, b: Decimal | None) -> Decimal | None:
    return None if a is None or b is None else a + b


def total_or_none(values: Iterable[Decimal | None]) -> Decimal | None:
    """The sum; None where one of them is."""
    found = list(values)
    return None if any(value is None for value in found) else sum((value for value in found if value), _ZERO)


def used_sides(groups: pd.DataFrame, month: str, *, by_model: bool, tools_apart: bool) -> dict[str, UsedSide]:
    """The use of one month by model, or as one for all models. tools_apart: server tools are a label of their own.

    groups: every priced group of the log, of all months.
    """
    own = groups[groups["day"].dt.strftime("%Y-%m") == month]
    parts: dict[str, pd.DataFrame] = {ALL_MODELS: own} if not by_model else _by_model(own)
    facts = log_facts(groups)
    found = {}
    for label, part in parts.items():
        usd = part["list_cost_usd"] - part["server_tools_usd"] if tools_apart else part["list_cost_usd"]
        found[label] = used_side(month, label, part, usd, facts)
    if tools_apart and float(own["server_tools_usd"].sum()) > 0:
        found[SERVER_TOOLS] = used_side(month, SERVER_TOOLS, own, own["server_tools_usd"], facts)
    return found


def _by_model(groups: pd.DataFrame) -> dict[str, pd.DataFrame]:
    return {str(model): part for model, part in groups.groupby("model", sort=True)}


def log_facts(groups: pd.DataFrame) -> dict[str, Any]:
    """What the whole log has at all."""
    return {
        "log_has_cache": bool(groups[list(_CACHE)].any(axis=None)),
        "log_has_tools": bool((groups["server_tools_usd"] > 0).any()),
    }


def used_side(month: str, label: str, part: pd.DataFrame, usd: pd.Series, facts: Mapping[str, Any]) -> UsedSide:
    """The side of some groups. usd: what of their list cost counts, by group."""
    days: Mapping[Hashable, float] = usd.groupby(part["day"]).sum().to_dict()
    unknown = part["basis"] == UNKNOWN
    return UsedSide(
        month=month,
        label=label,
        list_usd=money(float(usd.sum())),
        by_day={pd.Timestamp(str(day)).date(): money(value) for day, value in days.items() if value > 0},
        cache_tokens=int(part[list(_CACHE)].to_numpy().sum()),
        tier_requests=int(part.loc[part["service_tier"].map(_is_of_a_tier), "requests"].sum()),
        unknown_length_more_usd=money(float((part["if_long_usd"] - part["list_cost_usd"])[unknown].sum())),
        **facts,
    )


def in_the_log(groups: pd.DataFrame) -> list[Sides]:
    """What the log itself says was billed, by month and model, beside the list cost of the same records."""
    billed = groups[groups["billed_records"] > 0]
    facts = log_facts(groups)
    found: list[Sides] = []
    for (month, model), part in billed.groupby([billed["day"].dt.strftime("%Y-%m"), "model"], sort=True):
        used = used_side(str(month), str(model), part, part["list_cost_usd"], facts)
        days = part.groupby("day")["billed_cost_usd"].sum().to_dict()
        side = BilledSide(
            month=str(month),
            label=str(model),
            sources=frozenset({IN_THE_LOG}),
            amount_usd=money(float(part["billed_cost_usd"].sum())),
            by_day={pd.Timestamp(str(day)).date(): (money(value), None) for day, value in days.items()},
        )
        found.append((side, used, ""))
    return found
