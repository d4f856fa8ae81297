"""One shape for everything that says what was billed, whoever wrote it."""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Final, Literal

from planner.coverage import first_day, last_day, month_of

CostType = Literal["tokens", "web search", "code execution", "session usage", "other", "all"]
"""What a cost is for; "all" where the source does not say."""

INVOICE: Final = "invoice"
"""The source of a total that was typed in."""

_HALF_CENT: Final = Decimal("0.005")


@dataclass(frozen=True, slots=True, kw_only=True)
class BilledCost:
    """What one source billed for one kind of use over a stretch of days, all in one month.

    first, last: the days, both included; the same one in a daily report. model: as the source writes it (an id or a
    display name), blank where it does not say. list_usd: the same at the source's own list price, None where the
    source has none. rounding_usd: the most that the source's own rounding can have moved the amount. token_class: one
    of TOKEN_CLASSES, blank where the source does not say. source: the format's name. A negative amount is a credit.
    """

    first: date
    last: date
    model: str
    cost_type: CostType
    amount_usd: Decimal
    list_usd: Decimal | None
    source: str
    rounding_usd: Decimal = Decimal(0)
    token_class: str = ""
    service_tier: str = ""
    workspace: str = ""
    api_key: str = ""
    currency: str = "USD"

    @property
    def month(self) -> str:
        return month_of(self.first)

    @property
    def is_credit(self) -> bool:
        return self.amount_usd < 0

    @property
    def is_daily(self) -> bool:
        return self.first == self.last


@dataclass(frozen=True, slots=True, kw_only=True)
class Invoice:
    """An invoice total that was typed in, USD. month: YYYY-MM. model: blank for everything of the month."""

    month: str
    amount_usd: Decimal
    model: str = ""
    list_usd: Decimal | None = None
    note: str = ""

    def as_cost(self) -> BilledCost:
        """The total as a billed cost over its whole month."""
        return BilledCost(
            first=first_day(self.month),
            last=last_day(self.month),
            model=self.model.strip(),
            cost_type="all",
            amount_usd=self.amount_usd,
            list_usd=self.list_usd,
            source=INVOICE,
            rounding_usd=_HALF_CENT,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class BilledSource:
    """Where the bill is. sources: files, globs, folders, relative to base_dir. invoices: totals that were typed in."""

    sources: tuple[str, ...] = ()
    base_dir: Path = field(default_factory=Path)
    invoices: tuple[Invoice, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """Everything that was billed, added up by day, model and kind of use. notes: what must be said of the sources."""

    costs: tuple[BilledCost, ...] = ()
    notes: tuple[str, ...] = ()
    files: int = 0
