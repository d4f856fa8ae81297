"""Rows of Anthropic's Usage and Cost Analytics: checked before they are kept, and added up without loss.

Money is Decimal. The endpoint gives it as text, in fractions of a cent.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Context, Decimal, InvalidOperation
from functools import reduce
from typing import Any, Final

from planner.errors import UsageError

_EXACT: Final = Context(prec=100)
_CENTS_PER_USD: Final = Decimal(100)
_ZERO: Final = Decimal(0)

_COUNTS: Final = {
    "uncached_input_tokens": "uncached_input_tokens",
    "cache_read_tokens": "cache_read_input_tokens",
    "cache_write_5m_tokens": "cache_creation.ephemeral_5m_input_tokens",
    "cache_write_1h_tokens": "cache_creation.ephemeral_1h_input_tokens",
    "output_tokens": "output_tokens",
    "web_search_requests": "server_tool_use.web_search_requests",
}
"""Our names -> the path inside a row's usage."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageSums:
    """What usage rows add up to. uncounted_rows: rows whose number of requests the endpoint left open (null)."""

    uncached_input_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_5m_tokens: int = 0
    cache_write_1h_tokens: int = 0
    output_tokens: int = 0
    web_search_requests: int = 0
    requests: int = 0
    uncounted_rows: int = 0

    @property
    def tokens(self) -> int:
        writes = self.cache_write_5m_tokens + self.cache_write_1h_tokens
        return self.uncached_input_tokens + self.cache_read_tokens + writes + self.output_tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class CostSums:
    """What cost rows add up to, in USD and exact: billed after the discount and before credits, and at list."""

    billed_cost_usd: Decimal = _ZERO
    list_cost_usd: Decimal = _ZERO

    @property
    def discount_fraction(self) -> Decimal | None:
        """The discount paid today, 1 - billed / list; None where nothing was listed."""
        return None if self.list_cost_usd == 0 else 1 - self.billed_cost_usd / self.list_cost_usd


def add_usage(parts: Sequence[UsageSums]) -> UsageSums:
    """The sum of sums of usage."""
    names = UsageSums.__dataclass_fields__
    return UsageSums(**{name: sum(getattr(part, name) for part in parts) for name in names})


def add_costs(parts: Sequence[CostSums]) -> CostSums:
    """The sum of sums of cost, exact."""
    return CostSums(
        billed_cost_usd=_total([part.billed_cost_usd for part in parts]),
        list_cost_usd=_total([part.list_cost_usd for part in parts]),
    )


def _total(amounts: Sequence[Decimal]) -> Decimal:
    return reduce(_EXACT.add, amounts, _ZERO)


def row_day(row: Any, place: str) -> date:
    """The UTC day that a row covers. Errors: UsageError where it covers anything but one whole UTC day."""
    if not isinstance(row, dict):
        raise UsageError(f"{place}: {_shown(row)} is no row; rows are objects with starting_at, ending_at and group")
    start, end = (moment(row.get(name), f"{place}, {name}") for name in ("starting_at", "ending_at"))
    if start is None or end is None or start.time() != time() or end - start != timedelta(days=1):
        raise UsageError(f"{place}: {row.get('starting_at')} to {row.get('ending_at')} is not one whole UTC day")
    return start.date()


def moment(value: Any, place: str) -> datetime | None:
    """A moment as the endpoint writes it, in UTC; None for null. Errors: UsageError for anything else."""
    if value is None:
        return None
    try:
        found = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise UsageError(f"{place}: {_shown(value)} is no moment such as 2026-06-01T00:00:00Z") from None
    if found.tzinfo is None:
        raise UsageError(f"{place}: {_shown(value)} has no time zone, such as the Z in 2026-06-01T00:00:00Z")
    return found.astimezone(UTC)


def usage_sums(rows: Sequence[Any], group_by: Sequence[str], place: str) -> UsageSums:
    """Checked usage rows of one day, added up. Errors: UsageError naming the row, the field and the value."""
    _check_groups(rows, group_by, place)
    parts = [_usage_of(row, f"{place}, row {number}") for number, row in enumerate(rows, 1)]
    return add_usage(parts)


def _usage_of(row: Mapping[str, Any], place: str) -> UsageSums:
    found = {name: _count(_at(row, f"usage.{path}"), f"{place}, usage.{path}") for name, path in _COUNTS.items()}
    requests = _at(row, "usage.requests")
    if requests is None:
        return UsageSums(**found, uncounted_rows=1)
    return UsageSums(**found, requests=_count(requests, f"{place}, usage.requests"))


def cost_sums(rows: Sequence[Any], group_by: Sequence[str], place: str) -> CostSums:
    """Checked cost rows of one day, added up. Errors: UsageError naming the row, the field and the value."""
    _check_groups(rows, group_by, place)
    return add_costs([_cost_of(row, f"{place}, row {number}") for number, row in enumerate(rows, 1)])


def _cost_of(row: Mapping[str, Any], place: str) -> CostSums:
    currency = _at(row, "cost.currency")
    if currency != "USD":
        raise UsageError(f"{place}, cost.currency: {_shown(currency)}; only USD can be added up here")
    billed, listed = (_usd(_at(row, f"cost.{name}"), f"{place}, cost.{name}") for name in ("amount", "list_amount"))
    return CostSums(billed_cost_usd=billed, list_cost_usd=listed)


def _usd(cents: Any, place: str) -> Decimal:
    try:
        found = Decimal(cents) if isinstance(cents, str) else None
    except InvalidOperation:
        found = None
    if found is None or not found.is_finite():
        raise UsageError(f"{place}: {_shown(cents)} is no amount; it is text in fractions of a cent, such as '1250.5'")
    return _EXACT.divide(found, _CENTS_PER_USD)


def _count(value: Any, place: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise UsageError(f"{place}: {_shown(value)} is no count of 0 or more")
    return value


def _at(row: Mapping[str, Any], path: str) -> Any:
    found: Any = row
    for key in path.split("."):
        found = found.get(key) if isinstance(found, dict) else None
    return found


def _check_groups(rows: Sequence[Any], group_by: Sequence[str], place: str) -> None:
    """Errors: UsageError for a row without a group, and for one that is there twice and would count twice.

    A group with an open (null) or compound value may come in several rows: the endpoint says so.
    """
    seen = set()
    for number, row in enumerate(rows, 1):
        group = row.get("group")
        if not isinstance(group, dict):
            raise UsageError(f"{place}, row {number}, group: {_shown(group)} is no object of dimensions")
        key = tuple(group.get(name) for name in group_by)
        if not all(isinstance(value, str) for value in key):
            continue
        if key in seen:
            raise UsageError(f"{place}, row {number}: the row of {', '.join(map(str, key))} is there twice")
        seen.add(key)


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
