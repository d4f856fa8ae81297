"""What a forecast is conditioned on: one observation a month."""

from collections.abc import Mapping
from dataclasses import dataclass

from planner.lever_costs.unit_costs import Account
from planner.tracking.actual import AccountUsd


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """A month of the contract as it was seen. month: 0 is the first.

    volume_usd: its requests, each at what one of its type costs as the plan measured it, at the pricing day's list and
    without any lever; None where the log does not count requests. accounts: list cost by account. Of a month that is
    not closed both are of the days that are covered; scale and scale_log_sd as of an ActualMonth.
    """

    month: int
    volume_usd: float | None
    accounts: Mapping[Account, AccountUsd]
    scale: float = 1.0
    scale_log_sd: float = 0.0

    @property
    def is_closed(self) -> bool:
        """Whether nothing of the month is still to come."""
        return self.scale == 1.0 and self.scale_log_sd == 0.0

    @property
    def current_usd(self) -> float:
        """List cost at each day's list."""
        return sum(usd.current for usd in self.accounts.values())

    @property
    def signing_usd(self) -> float:
        """List cost at the pricing day's list."""
        return sum(usd.signing for usd in self.accounts.values())
