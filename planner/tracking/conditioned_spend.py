"""Spend by account on conditioned paths, at both prices: what was used, and what is still to come."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from planner.lever_costs.unit_costs import Account
from planner.negotiation.part_of_term import price_factor
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


def conditioned_spend(
    spend: SpendPaths, observed: Sequence[Observed], *, ancestors: IntArray, moved: FloatArray
) -> SpendPaths:
    """Spend of the conditioned paths.

    observed: in the order of months. ancestors: which path each one was. moved: (n_months, n_paths), what the list cost
    of the ancestor is multiplied by, at the pricing day's prices. Where no price moves both prices are the same array.
    """
    accounts = tuple(dict.fromkeys([*spend.accounts, *(key for item in observed for key in item.accounts)]))
    now = {account: price_now(observed, account) for account in accounts}
    is_still = spend.signing_list_cost_usd is spend.list_cost_usd and all(
        usd.current == usd.signing for item in observed for usd in item.accounts.values()
    )
    found: dict[Account, AccountPaths] = {}
    for account, paths in spend.accounts.items():
        found[account] = _to_come(paths, now[account], ancestors=ancestors, moved=moved, is_still=is_still)
    found |= _unplanned(spend, found, observed, now, ancestors=ancestors, is_still=is_still)
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


def _to_come(paths: AccountPaths, now: Now, *, ancestors: IntArray, moved: FloatArray, is_still: bool) -> AccountPaths:
    """An account of the plan on the conditioned paths; prices move on from where they stand now."""
    signing = _signing(paths)[:, ancestors]
    signing *= moved
    if is_still:
        return AccountPaths(current_usd=signing, signing_usd=signing)
    if paths.signing_usd is paths.current_usd:
        return AccountPaths(current_usd=now.factor * signing, signing_usd=signing)
    current = paths.current_usd[:, ancestors]
    current *= moved
    if now.month is not None:
        current *= (now.factor / price_factor(paths.current_usd, _signing(paths), now.month))[ancestors]
    return AccountPaths(current_usd=current, signing_usd=signing)


def _unplanned(
    spend: SpendPaths,
    planned: Mapping[Account, AccountPaths],
    observed: Sequence[Observed],
    now: Mapping[Account, Now],
    *,
    ancestors: IntArray,
    is_still: bool,
) -> dict[Account, AccountPaths]:
    """Accounts that the plan has none of, at their share of the last months; changes `planned` to leave room for it."""
    last = [item for item in observed if item.signing_usd > 0][-_SHARE_MONTHS:]
    total = sum(item.signing_usd for item in last)
    new = [account for account in now if account not in planned]
    if not new:
        return {}
    used = {key: sum(item.accounts[key].signing for item in last if key in item.accounts) for key in new}
    shares = {key: usd / total if total else 0.0 for key, usd in used.items()}
    whole = _total([_signing(paths) for paths in planned.values()]) if planned else np.zeros_like(spend.list_cost_usd)
    for paths in planned.values():
        kept = 1.0 - sum(shares.values())
        _signing(paths)[...] *= kept
        if paths.current_usd is not paths.signing_usd:
            paths.current_usd[...] *= kept
    found = {}
    for account, share in shares.items():
        signing = share * whole
        moves = 1.0 if is_still else now[account].factor * _tier_moves(spend, account, now[account], ancestors)
        found[account] = AccountPaths(current_usd=signing if is_still else signing * moves, signing_usd=signing)
    return found


def _tier_moves(spend: SpendPaths, account: Account, now: Now, ancestors: IntArray) -> FloatArray:
    """How the price of a tier moves from now on on each path, as another account of the tier says it; 1 without."""
    for other, paths in spend.accounts.items():
        signing = _signing(paths)
        if other.tier == account.tier and signing is not paths.current_usd:
            moves = np.divide(paths.current_usd, signing, out=np.ones_like(signing), where=signing > 0)
            since = 1.0 if now.month is None else price_factor(paths.current_usd, signing, now.month)
            found: FloatArray = (moves / since)[:, ancestors]
            return found
    return np.ones((1, 1))


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
