"""The commitment month by month: what is drawn of a period, and when it is used up; by the same walk as settlement."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from planner.contract import Contract, Period
from planner.ledger import LedgerRow
from planner.lever_costs.unit_costs import Account
from planner.offer import Offer
from planner.settlement import Settlement, settle
from planner.simulation import AccountPaths, SpendPaths
from planner.steps import by_month
from planner.term_use import AccountUse, TermUse, term_use
from planner.tracking.actual import AccountUsd
from planner.tracking.observed import Observed
from planner.units import HALF_CENT_USD, FloatArray, IntArray


def settled_by_month(contract: Contract, offer: Offer, spend: SpendPaths) -> Settlement:
    """An offer settled on these paths, whose ledger says what every month draws."""
    monthly = by_month(contract)
    return settle(monthly, offer, term_use(monthly, spend))


def seen_so_far(contract: Contract, offer: Offer, observed: Sequence[Observed], keys: Sequence[Account]) -> Settlement:
    """What was used settled on one path, as if nothing were used after it, fixed spend neither.

    keys: accounts of the plan, which a contract may need although nothing was used of them. A right to renew early is
    used where its day has come.
    """
    monthly = by_month(contract)
    early, over = contract.early_renewal, max((item.month + item.is_closed for item in observed), default=0)
    if early is not None and early.month > over:
        monthly = replace(monthly, early_renewal=replace(early, exercised=False))
    stop = max((item.month + 1 for item in observed), default=0)
    spend = spend_of({item.month: item.accounts for item in observed}, keys, contract.term_months)
    return settle(monthly, offer, until(term_use(monthly, spend), stop))


def spend_of(months: Mapping[int, Mapping[Account, AccountUsd]], keys: Sequence[Account], n_months: int) -> SpendPaths:
    """One path with these dollars by account in these months, and nothing in all others."""
    arrays = {key: (np.zeros((n_months, 1)), np.zeros((n_months, 1))) for key in keys}
    for month, accounts in months.items():
        for key, usd in accounts.items():
            current, signing = arrays.setdefault(key, (np.zeros((n_months, 1)), np.zeros((n_months, 1))))
            current[month], signing[month] = usd.current, usd.signing
    return spend_of_accounts(arrays, n_months)


def spend_of_accounts(accounts: Mapping[Account, tuple[FloatArray, FloatArray]], n_months: int) -> SpendPaths:
    """Spend paths of accounts at both prices, each (n_months, n_paths)."""
    nothing = np.zeros((n_months, 1))
    return SpendPaths(
        list_cost_usd=sum((current for current, _ in accounts.values()), start=nothing),
        signing_list_cost_usd=sum((signing for _, signing in accounts.values()), start=nothing),
        accounts={
            key: AccountPaths(current_usd=current, signing_usd=signing) for key, (current, signing) in accounts.items()
        },
    )


def until(use: TermUse, stop: int) -> TermUse:
    """Use with nothing in the months from `stop` on, fixed spend neither; use in steps of months."""

    def cut(usd: FloatArray) -> FloatArray:
        found = usd.copy()
        found[stop:] = 0.0
        return found

    def cut_account(account: AccountUse) -> AccountUse:
        current = cut(account.current)
        same = account.drawing is account.current
        return replace(account, current=current, drawing=current if same else cut(account.drawing))

    return replace(
        use,
        accounts=tuple(cut_account(account) for account in use.accounts),
        outside_usd=None if use.outside_usd is None else cut(use.outside_usd),
        covered_usd=None,
    )


def period_index(contract: Contract, month: int) -> int:
    """The commitment period of a contract month; the last one after the term."""
    found = [index for index, period in enumerate(contract.periods) if period.first <= month]
    return found[-1] if found else 0


def left_by_month(contract: Contract, row: LedgerRow) -> FloatArray:
    """What is left of a period's own commitment at the end of each of its months, (n_months, n_paths).

    Settled by month. An early renewal begins anew with what it commits.
    """
    early, found = contract.early_renewal, []
    left = np.asarray(row.committed) - np.asarray(row.renewed)
    for month, drawn in enumerate(row.drawn_by_step, start=row.period.first):
        if early is not None and month == early.month:
            left = np.where(np.asarray(row.renewed) > 0, row.renewed, left)
        left = np.maximum(left - drawn, 0.0)
        found.append(left)
    return np.stack(np.broadcast_arrays(*found))


@dataclass(frozen=True, slots=True, kw_only=True)
class Exhaustion:
    """Contract month in which the commitment of a period is used up on each path, -1 where it is not; (n_paths,)."""

    period: Period
    month: IntArray


def exhaustion(contract: Contract, settled: Settlement, index: int) -> Exhaustion:
    """When the commitment of a period is used up, for good where it is renewed early; settled by month."""
    row: LedgerRow = settled.ledger.rows[index]
    shape = settled.paid_usd.shape
    committed = np.broadcast_to(row.committed, shape)
    month = np.full(shape, -1)
    for number, (left, beyond) in enumerate(zip(left_by_month(contract, row), row.overage_by_step, strict=True)):
        reached = (left <= HALF_CENT_USD) | (np.asarray(beyond) > HALF_CENT_USD)
        month[reached & (month < 0) & (committed > HALF_CENT_USD)] = row.period.first + number
    return Exhaustion(period=row.period, month=month)
