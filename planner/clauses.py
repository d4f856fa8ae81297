"""Clauses of a contract, as data: one noun each. What a clause does to a ledger is planner.clause_rules' business."""

from dataclasses import dataclass
from typing import Literal

PaymentMode = Literal["upfront", "quarterly", "arrears"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollover:
    """`share` of a period's unused commitment is carried and expires `months` after that period ends.

    renew_min_fraction: carried only if the next commitment a year is at least this fraction of the one that leaves it.
    max_fraction_of_commit: at most this fraction of the period's commitment is carried; None: no such bound.
    draw: whether use draws carried balances (oldest first) before the current commitment, or after it.
    """

    share: float
    months: int
    renew_min_fraction: float = 0.0
    max_fraction_of_commit: float | None = None
    draw: Literal["carried_first", "current_first"] = "carried_first"


@dataclass(frozen=True, slots=True, kw_only=True)
class CarryForward:
    """`share` of use beyond a period's commitment lowers later commitments, each by at most max_fraction of itself."""

    share: float = 1.0
    max_fraction_of_commit: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reduction:
    """The right to lower the commitment at each anniversary, by at most max_fraction of what was signed for the year.

    The buyer lowers it to what the last lookback_months would draw in a year. exercised: whether the buyer does.
    """

    max_fraction: float
    lookback_months: int = 12
    exercised: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlyRenewal:
    """The right to renew early, at the start of month `month`: a buyer who has drawn less than pro rata does.

    credit_fraction of what the running period leaves is banked until the term ends, and from that month on the
    commitment is commit_fraction of the one signed.
    """

    month: int
    credit_fraction: float
    commit_fraction: float
    exercised: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class TrueForward:
    """Use above trigger_fraction of a commitment raises the next one to `share` of the peak use a year.

    The peak is that of the period's consecutive blocks of lookback_months. resets: the raise holds for one period only.
    """

    trigger_fraction: float = 1.0
    share: float = 1.0
    lookback_months: int = 12
    resets: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """When the commitment is paid, and what money costs the buyer a year."""

    mode: PaymentMode = "arrears"
    cost_of_capital_per_year: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Eligibility:
    """What of the token spend may draw down: None means all. batch: whether batch requests do.

    models: names as the price book knows them; tiers: model tiers. A copy counts if its model or its tier is named.
    """

    models: tuple[str, ...] | None = None
    tiers: tuple[str, ...] | None = None
    batch: bool = True

    @property
    def is_everything(self) -> bool:
        """Whether nothing is left out."""
        return self.models is None and self.tiers is None and self.batch


EVERYTHING = Eligibility()
IN_ARREARS = Payment()


@dataclass(frozen=True, slots=True, kw_only=True)
class Marketplace:
    """Buying through a cloud marketplace: a fee on what is paid, and a credit towards an existing cloud commitment.

    Per contract year the credit is draws_down_fraction of what is paid, at most cap_usd_per_year, and at most
    otherwise_unused_usd_per_year: the part of the cloud commitment that would be forfeited without it.
    """

    channel: str
    fee_fraction: float = 0.0
    draws_down_fraction: float = 1.0
    cap_usd_per_year: float
    otherwise_unused_usd_per_year: float


@dataclass(frozen=True, slots=True, kw_only=True)
class InForce:
    """A contract already signed, with balance_usd left to draw until the start of month `ends_month`.

    bank_usd: what earlier years carried over, drawn first, until the start of month bank_ends_month.

    renew: the new contract begins now and the old balance is banked in it until it ends, for use at the new
    discount. co_term: both run side by side and end together; use draws the old balance first, at its own
    discount_fraction, and what it covers is no part of the new contract. What is left of the balance is forfeited, and
    was owed whatever is signed now: it is in no total.
    """

    ends_month: int
    balance_usd: float
    discount_fraction: float
    on_signing: Literal["co_term", "renew"]
    bank_usd: float = 0.0
    bank_ends_month: int = 0

    @property
    def balances(self) -> tuple[tuple[float, int], ...]:
        """(USD, month at whose start it expires) of what is left to draw, oldest first."""
        both = ((self.bank_usd, self.bank_ends_month), (self.balance_usd, self.ends_month))
        return tuple(item for item in both if item[0] > 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewal:
    """What the end of the term is worth. bank_value_fraction: of a dollar still banked then, the chance to renew times
    the share that can be used. uplift_fraction: rise of the contract's prices on renewal."""

    bank_value_fraction: float = 0.0
    uplift_fraction: float = 0.0


NO_RENEWAL = Renewal()


@dataclass(frozen=True, slots=True, kw_only=True)
class FixedSpend:
    """Spend that is not tokens (seats, tools, fees); eligible spend enters the contract as list spend does."""

    name: str
    usd_per_month: float
    eligible: bool
