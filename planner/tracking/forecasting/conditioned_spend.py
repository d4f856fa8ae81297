"""Spend by account on conditioned paths, at both prices: what was used, and what is still to come."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from planner.lever_costs.unit_costs import Account
from planner.simulation import AccountPaths, SpendPaths
from planner.tracking.observed import Observed
from planner.units import FloatArray, IntArray

_SHARE_MONTHS: Final = 3
"""Last months seen whose share of accounts that the plan has none of goes on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Now:
    """List price of an account over the pricing day's, in the last month in which its tier was used."""

    factor: float
    month: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ToCome:
    """The months still to come on the conditioned paths, the last of which ends them.

    total_usd: list cost at the pricing day's prices, (len(months), n_paths). shares: of the plan's accounts in it,
    broadcastable to that. prices: of the plan's accounts, over the pricing day's, on the plan's own paths, None where
    no price moves; ancestors: which of them each path was.
    """

    months: range
    total_usd: FloatArray
    shares: Mapping[Account, FloatArray]
    prices: Mapping[Account, FloatArray | None]
    ancestors: IntArray

    @property
    def is_still(self) -> bool:
        """Whether no price can move."""
        return all(prices is None for prices in self.prices.values())


def conditioned_spend(observed: Sequence[Observed], to_come: ToCome) -> SpendPaths:
    """Spend of the conditioned paths: what was seen, then what is to come. observed: in the order of months.

    Where no price moves, or has moved, both prices are the same array.
    """
    accounts = tuple(dict.fromkeys([*to_come.shares, *(key for item in observed for key in item.accounts)]))
    is_still = to_come.is_still and all(
        usd.current == usd.signing for item in observed for usd in item.accounts.values()
    )
    shares = _with_unplanned(to_come.shares, observed, accounts)
    found = {
        key: _account(to_come, shares[key], None if is_still else _level(to_come, key, price_now(observed, key)))
        for key in accounts
    }
    for item in observed:
        _put(found, item)
    current = _total([paths.current_usd for paths in found.values()])
    signing = current if is_still else _total([_signing(paths) for paths in found.values()])
    return SpendPaths(list_cost_usd=current, signing_list_cost_usd=signing, accounts=found)


def price_now(observed: Sequence[Observed], account: Account) -> Now:
    """The price of an account as last seen: its own, else that of its tier, else the pricing day's."""
    for is_of_tier in (False, True):
        for item in reversed(observed):
            keys = [key for key in item.accounts if key == account or (is_of_tier and key.tier == account.tier)]
            alike = [item.accounts[key] for key in keys]
            signing, current = sum(usd.signing for usd in alike), sum(usd.current for usd in alike)
            if signing > 0 and current > 0:
                return Now(factor=current / signing, month=item.month)
    return Now(factor=1.0, month=observed[-1].month if observed else None)


def _account(to_come: ToCome, share: FloatArray, level: FloatArray | None) -> AccountPaths:
    """An account in the months to come. level: its list price over the pricing day's, None where no price moves."""
    shape = to_come.months.stop, to_come.ancestors.size
    signing = np.zeros(shape)
    later = slice(to_come.months.start, to_come.months.stop)
    np.multiply(to_come.total_usd, share, out=signing[later])
    if level is None:
        return AccountPaths(current_usd=signing, signing_usd=signing)
    current = np.zeros(shape)
    np.multiply(signing[later], level, out=current[later])
    return AccountPaths(current_usd=current, signing_usd=signing)


def _with_unplanned(
    shares: Mapping[Account, FloatArray], observed: Sequence[Observed], accounts: Sequence[Account]
) -> dict[Account, FloatArray]:
    """Shares with accounts that the plan has none of, at their share of the last months; the plan's make room."""
    last = [item for item in observed if item.signing_usd > 0][-_SHARE_MONTHS:]
    total = sum(item.signing_usd for item in last)
    new = [key for key in accounts if key not in shares]
    used = {key: sum(item.accounts[key].signing for item in last if key in item.accounts) for key in new}
    added = {key: np.full((1, 1), usd / total if total else 0.0) for key, usd in used.items()}
    left = 1.0 - sum(float(share[0, 0]) for share in added.values())
    return {key: left * share if new else share for key, share in shares.items()} | added


def _level(to_come: ToCome, account: Account, now: Now) -> FloatArray:
    """List price of an account over the pricing day's: as last seen, moving on as on each path, or as another account
    of its tier does there; broadcastable to (len(months), n_paths)."""
    alike = [account, *(key for key in to_come.prices if key.tier == account.tier)]
    prices = next((moved for key in alike if (moved := to_come.prices.get(key)) is not None), None)
    if prices is None:
        return np.full((1, 1), now.factor)
    months = to_come.months
    found: FloatArray = prices[months.start : months.stop].take(to_come.ancestors, axis=1)
    if now.month is not None:
        since: FloatArray = now.factor / prices[now.month]
        found *= since.take(to_come.ancestors)
    return found


def _put(found: Mapping[Account, AccountPaths], item: Observed) -> None:
    """What was used of a month, in place: all of it where it is closed, else what is still to come is on top."""
    month = item.month
    rest: FloatArray | float = 0.0
    if not item.is_closed:
        whole = _total([_signing(paths)[month : month + 1] for paths in found.values()])[0]
        rest = 1.0 - np.divide(item.signing_usd, whole, out=np.ones_like(whole), where=whole > item.signing_usd)
    for account, paths in found.items():
        usd = item.accounts.get(account)
        signing = _signing(paths)
        if paths.current_usd is not signing:
            paths.current_usd[month] = rest * paths.current_usd[month] + (0.0 if usd is None else usd.current)
        signing[month] = rest * signing[month] + (0.0 if usd is None else usd.signing)


def _signing(paths: AccountPaths) -> FloatArray:
    assert paths.signing_usd is not None  # simulated with the signing day's prices
    return paths.signing_usd


def _total(parts: Sequence[FloatArray]) -> FloatArray:
    total = parts[0].copy()
    for part in parts[1:]:
        total += part
    return total
