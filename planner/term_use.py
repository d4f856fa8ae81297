"""Spend paths as a contract sees them: what enters it, at which prices, and what is billed beside it."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Final, cast

import numpy as np

from planner.clauses import InForce
from planner.contract import Contract, Period
from planner.errors import InputError
from planner.lever_costs.unit_costs import Account
from planner.offer import Offer
from planner.simulation import AccountPaths, SpendPaths
from planner.steps import Step, steps
from planner.units import FloatArray, IntArray

_KEPT_PRICES: Final = 4
"""Sets of discounts at which use stays priced."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountUse:
    """List spend that enters the contract, by step: shape (n_steps, n_paths).

    tier: the model tier whose discount it has, None for the band's own. current: at each month's list price; drawing:
    at the price that committed use pays, the same array where that is the current one.
    """

    tier: str | None
    current: FloatArray
    drawing: FloatArray

    def over(self, added: Callable[[FloatArray], FloatArray]) -> "AccountUse":
        """The use of longer steps; added: sums over them."""
        current = added(self.current)
        return replace(self, current=current, drawing=current if self.drawing is self.current else added(self.drawing))

    def on(self, paths: IntArray) -> "AccountUse":
        """Some of the paths, by index."""
        current = self.current[:, paths]
        drawing = current if self.drawing is self.current else self.drawing[:, paths]
        return AccountUse(tier=self.tier, current=current, drawing=drawing)


@dataclass(frozen=True, slots=True, kw_only=True)
class StepUse:
    """A step's use under an offer: what it draws, and what a drawn dollar is billed beyond the commitment.

    overage_rate, list_rate: with the overage discount and at list; one number where it is the same for all paths.
    """

    draw: FloatArray
    overage_rate: float | FloatArray
    list_rate: float | FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class TermUse:
    """Spend paths as a contract settles them.

    outside_usd: list spend billed beside the contract, shape (n_steps, n_paths), None where there is none. covered_usd:
    list spend of the term, shape (n_paths,), that a contract in force would cover if nothing were signed.
    """

    periods: tuple[Period, ...]
    steps: tuple[Step, ...]
    accounts: tuple[AccountUse, ...]
    outside_usd: FloatArray | None = None
    covered_usd: FloatArray | None = None
    priced: dict[Hashable, dict[int, StepUse]] = field(default_factory=dict, init=False, compare=False, repr=False)

    @property
    def n_paths(self) -> int:
        return int(self.accounts[0].current.shape[1])

    @property
    def is_protected(self) -> bool:
        """Whether committed use is priced at other than the current list."""
        return any(account.drawing is not account.current for account in self.accounts)

    @property
    def outside_total_usd(self) -> FloatArray:
        """List spend billed beside the contract over the term, shape (n_paths,)."""
        return np.zeros(self.n_paths) if self.outside_usd is None else self.outside_usd.sum(axis=0)

    @property
    def on_demand_usd(self) -> FloatArray:
        """What the term would cost at list if nothing were signed, shape (n_paths,)."""
        total: FloatArray = self.list_usd.sum(axis=0) + self.outside_total_usd
        return total if self.covered_usd is None else total - self.covered_usd

    @property
    def list_usd(self) -> FloatArray:
        """List spend that enters the contract at current prices, shape (n_periods, n_paths)."""
        return self._by_period([account.current for account in self.accounts])

    @property
    def drawn_usd(self) -> FloatArray:
        """The same at the prices that draw the commitment down, shape (n_periods, n_paths)."""
        return self._by_period([account.drawing for account in self.accounts])

    @property
    def least_usd_per_year(self) -> FloatArray:
        """The smallest use of any period that owes, as it draws and as an annual rate, shape (n_paths,)."""
        owed = np.array([period.year_fraction for period in self.periods])[:, None]
        least: FloatArray = (self.drawn_usd[owed[:, 0] > 0] / owed[owed > 0][:, None]).min(axis=0)
        return least

    def drawn_list_usd(self, period: Period) -> FloatArray:
        """List spend of a period that can draw the commitment down, shape (n_paths,)."""
        return self.drawn_usd[self.periods.index(period)]

    def _by_period(self, parts: Sequence[FloatArray]) -> FloatArray:
        total = parts[0] if len(parts) == 1 else cast(FloatArray, sum(parts))
        if len(self.steps) == len(self.periods):
            return total
        return np.stack([total[first:stop].sum(axis=0) for first, stop in self.steps_of])

    @property
    def steps_of(self) -> tuple[tuple[int, int], ...]:
        """Indices [first, stop) of each period's steps."""
        counts = np.cumsum([0, *np.bincount([step.period for step in self.steps])])
        return tuple((int(first), int(stop)) for first, stop in pairwise(counts))

    def step(self, index: int, contract: Contract, terms: Offer) -> StepUse:
        """One step at the discounts of a contract year.

        Where accounts or months differ it is priced once, however many commitments are settled at these discounts.
        """
        if len(self.accounts) == 1 and not self.is_protected:
            (account,) = self.accounts
            kept = 1.0 if contract.drawdown == "list" else terms.kept_fraction(account.tier)
            draw = account.current[index] if kept == 1.0 else kept * account.current[index]
            return StepUse(
                draw=draw, overage_rate=contract.overage_rate(terms, account.tier) / kept, list_rate=1.0 / kept
            )
        key = contract.drawdown, contract.overage, replace(terms, commit_usd_per_year=0.0, later=())
        if key not in self.priced and len(self.priced) >= _KEPT_PRICES:
            del self.priced[next(iter(self.priced))]
        steps_at = self.priced.setdefault(key, {})
        if index not in steps_at:
            steps_at[index] = self._priced(index, contract, terms)
        return steps_at[index]

    def _priced(self, index: int, contract: Contract, terms: Offer) -> StepUse:
        kept = [1.0 if contract.drawdown == "list" else terms.kept_fraction(each.tier) for each in self.accounts]
        over = [contract.overage_rate(terms, each.tier) for each in self.accounts]
        listed = [account.current[index] for account in self.accounts]
        draw = np.sum([rate * each.drawing[index] for rate, each in zip(kept, self.accounts, strict=True)], axis=0)
        billed = np.sum([rate * usd for rate, usd in zip(over, listed, strict=True)], axis=0)
        return StepUse(draw=draw, overage_rate=_rate(billed, draw), list_rate=_rate(np.sum(listed, axis=0), draw))

    def over(self, layout: tuple[Step, ...]) -> "TermUse":
        """The use added up over longer steps, each made of whole steps of this one."""
        starts = [next(i for i, step in enumerate(self.steps) if step.first == longer.first) for longer in layout]

        def added(values: FloatArray) -> FloatArray:
            total: FloatArray = np.add.reduceat(values, starts, axis=0)
            return total

        return replace(
            self,
            steps=layout,
            accounts=tuple(account.over(added) for account in self.accounts),
            outside_usd=None if self.outside_usd is None else added(self.outside_usd),
        )

    def on(self, paths: IntArray) -> "TermUse":
        """The use of some of the paths, by index."""
        return replace(
            self,
            accounts=tuple(account.on(paths) for account in self.accounts),
            outside_usd=None if self.outside_usd is None else self.outside_usd[:, paths],
            covered_usd=None if self.covered_usd is None else self.covered_usd[paths],
        )


def _rate(billed: FloatArray, draw: FloatArray) -> FloatArray:
    """USD billed per dollar drawn, 0 where there is no use."""
    rate: FloatArray = np.divide(billed, draw, out=np.zeros_like(billed), where=draw > 0)
    return rate


def term_use(contract: Contract, spend: SpendPaths) -> TermUse:
    """The part of simulated (or actual) spend that a contract settles.

    Errors: InputError for paths simulated without the prices of the signing day, or without accounts, where the
    contract needs them.
    """
    use = whole_use(contract, spend)
    if contract.in_force is None:
        return use
    alone = beside(contract.in_force, use)
    if contract.in_force.on_signing == "co_term":
        return alone
    return replace(use, covered_usd=(use.list_usd - alone.list_usd).sum(axis=0))


def whole_use(contract: Contract, spend: SpendPaths) -> TermUse:
    """The same with what the balances of a contract in force cover of it. Errors: as term_use."""
    layout = steps(contract)
    listed = [
        _Source(None, AccountPaths(current_usd=spend.list_cost_usd, signing_usd=spend.signing_list_cost_usd), spend)
    ]
    outside: list[FloatArray] = []
    if contract.needs_accounts:
        listed = [_Source(key.tier, paths, None) for key, paths in _accounts(spend).items() if key.eligible]
        if not listed:
            nothing = np.zeros_like(spend.list_cost_usd)
            listed = [_Source(None, AccountPaths(current_usd=nothing, signing_usd=nothing), None)]
        outside = [_over(paths.current_usd, layout) for key, paths in _accounts(spend).items() if not key.eligible]
    share = contract.eligible_fraction
    used = [source.use(contract, layout, spend.n_paths) for source in listed]
    if share < 1.0:
        outside += [(1.0 - share) * account.current for account in used]
        used = [_scaled(account, share) for account in used]
    accounts = _with_fixed(contract, layout, _by_discount(contract, used), outside)
    return TermUse(
        periods=contract.periods,
        steps=layout,
        accounts=accounts,
        outside_usd=cast(FloatArray, sum(outside)) if outside else None,
    )


@dataclass(frozen=True, slots=True)
class _Source:
    """Monthly spend at both prices; spend: where sums over steps come from instead, of the whole."""

    tier: str | None
    paths: AccountPaths
    spend: SpendPaths | None

    def use(self, contract: Contract, layout: Sequence[Step], n_paths: int) -> AccountUse:
        months = contract.term_months
        if self.spend is not None and not contract.protects_prices:
            current = np.stack([self.spend.list_cost_over(step.first, step.stop) for step in layout])
            return AccountUse(tier=self.tier, current=current, drawing=current)
        current = _over(self.paths.current_usd, layout)
        signing = self.paths.signing_usd
        if not contract.protects_prices or signing is self.paths.current_usd:
            return AccountUse(tier=self.tier, current=current, drawing=current)
        if signing is None or signing.shape[1] < n_paths:
            raise InputError(
                "price_falls.passed_through = false and price_rises.cap_fraction settle month by month at the prices "
                "of the signing day, and these paths were simulated without them; simulate with signing=True"
            )
        protected = protected_price(contract, self.paths.current_usd[:months], signing[:months])
        return AccountUse(tier=self.tier, current=current, drawing=_over(protected, layout))


def protected_price(contract: Contract, current: FloatArray, signing: FloatArray) -> FloatArray:
    """Use at the price that committed use pays: falls passed through or not, rises up to their cap."""
    cap = contract.price_rise_cap_fraction
    if cap is None:
        return signing
    capped: FloatArray = np.minimum(current, (1.0 + cap) * signing)
    return capped if contract.price_falls_passed_through else np.maximum(capped, signing)


def _accounts(spend: SpendPaths) -> Mapping[Account, AccountPaths]:
    if not spend.accounts:
        raise InputError(
            "this contract settles model tiers or eligible models apart, and these paths were simulated without "
            "accounts; simulate with accounts=True"
        )
    return spend.accounts


def _over(monthly: FloatArray, layout: Sequence[Step]) -> FloatArray:
    """Monthly values summed over steps."""
    if all(step.stop == step.first + 1 for step in layout):
        return monthly[: len(layout)]
    return np.stack([monthly[step.first : step.stop].sum(axis=0) for step in layout])


def _scaled(account: AccountUse, share: float | FloatArray) -> AccountUse:
    current = account.current * share
    return replace(
        account,
        current=current,
        drawing=current if account.drawing is account.current else account.drawing * share,
    )


def _by_discount(contract: Contract, used: Sequence[AccountUse]) -> tuple[AccountUse, ...]:
    """One account per discount: model tiers that no band quotes apart are added up."""
    quoted = {tier for band in contract.bands for tier, _ in band.by_tier}
    groups: dict[str | None, AccountUse] = {}
    for account in used:
        tier = account.tier if account.tier in quoted else None
        known = groups.get(tier)
        groups[tier] = replace(account, tier=tier) if known is None else _added(known, account)
    return tuple(groups.values())


def _added(one: AccountUse, other: AccountUse) -> AccountUse:
    current = one.current + other.current
    if one.drawing is one.current and other.drawing is other.current:
        return replace(one, current=current, drawing=current)
    return replace(one, current=current, drawing=one.drawing + other.drawing)


def _with_fixed(
    contract: Contract, layout: Sequence[Step], accounts: tuple[AccountUse, ...], outside: list[FloatArray]
) -> tuple[AccountUse, ...]:
    """Fixed spend added: what is eligible enters at its price, the rest is billed outside."""
    inside = sum(item.usd_per_month for item in contract.fixed_spend if item.eligible)
    beside_it = sum(item.usd_per_month for item in contract.fixed_spend if not item.eligible)
    months = np.array([float(step.stop - step.first) for step in layout])[:, None]
    shape = accounts[0].current.shape
    if beside_it:
        outside.append(np.broadcast_to(beside_it * months, shape))
    if not inside:
        return accounts
    fixed = np.broadcast_to(inside * months, shape)
    return _by_discount(contract, [*accounts, AccountUse(tier=None, current=fixed, drawing=fixed)])


def beside(in_force: InForce, use: TermUse) -> TermUse:
    """What is left for a new contract beside one in force, whose balances are drawn first at its own discount."""
    balances = [
        (np.full(use.n_paths, usd / (1.0 - in_force.discount_fraction)), month) for usd, month in in_force.balances
    ]
    shares = []
    for index, step in enumerate(use.steps):
        listed = cast(FloatArray, sum(account.current[index] for account in use.accounts))
        left = listed.copy()
        for balance, month in balances:
            if step.first < month:
                covered = np.minimum(left, balance)
                balance -= covered
                left -= covered
        shares.append(np.divide(left, listed, out=np.ones_like(left), where=listed > 0))
    share = np.stack(shares)
    return replace(use, accounts=tuple(_scaled(account, share) for account in use.accounts), covered_usd=None)
