"""What was used since signing: one noun for a month, whatever it was read from."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from planner.lever_costs.unit_costs import Account


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """What a request type used on one model in one month, through batch or not.

    model: by the price book's own name. requests: calls to the model, an escalated one among them; None where the log
    does not count them. tokens: (5,), in the order of TOKEN_CLASSES. list_cost_usd: every day's use at that day's list;
    signing_list_cost_usd: the same use at the list of the plan's pricing day, a model that came later at the newest one
    of its tier then. server_tools_usd: the part of both that is searches and code execution. account: how a contract
    settles the tokens.
    """

    request_type: str
    model: str
    is_batch: bool
    requests: int | None
    tokens: tuple[int, ...]
    list_cost_usd: float
    signing_list_cost_usd: float
    server_tools_usd: float
    account: Account


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountUsd:
    """List cost of a month by account, USD: at each day's list, and at that of the pricing day."""

    current: float
    signing: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ActualMonth:
    """One calendar month of actual use. Dollars are of the days that are covered, nothing is scaled.

    month: YYYY-MM. first, last: the days that the log covers of it. is_closed: wholly covered. scale: what the covered
    days are multiplied by to make the month, 1 where it is closed; scale_log_sd: standard error of its log. A month of
    which too little is covered is not scaled, and has a standard error so large that nothing rests on it.
    billed_cost_usd: what was billed for it, None where nothing says so. notes: what has to be known of it, in words.
    """

    month: str
    first: date
    last: date
    is_closed: bool
    scale: float
    scale_log_sd: float
    uses: tuple[Use, ...]
    billed_cost_usd: float | None = None
    notes: tuple[str, ...] = ()

    @property
    def list_cost_usd(self) -> float:
        """At each day's list."""
        return sum(use.list_cost_usd for use in self.uses)

    @property
    def signing_list_cost_usd(self) -> float:
        """At the list of the plan's pricing day."""
        return sum(use.signing_list_cost_usd for use in self.uses)

    @property
    def accounts(self) -> Mapping[Account, AccountUsd]:
        """By account; server tools are an account without a tier, as in a plan."""
        found: dict[Account, AccountUsd] = {}
        for use in self.uses:
            tools = use.server_tools_usd
            tokens = AccountUsd(current=use.list_cost_usd - tools, signing=use.signing_list_cost_usd - tools)
            parts = (  # pairs, because an account of tokens may have no tier either
                (use.account, tokens),
                (Account(None, use.account.eligible), AccountUsd(current=tools, signing=tools)),
            )
            for account, usd in parts:
                if usd.current or usd.signing:
                    known = found.get(account, AccountUsd(current=0.0, signing=0.0))
                    found[account] = AccountUsd(
                        current=known.current + usd.current, signing=known.signing + usd.signing
                    )
        return found
