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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Drawn:
    """The conditioned paths of the months to come, of which the last one ends the paths.

    ancestors: which path of the plan each one was. moved: (len(months), n_paths), what its list cost is multiplied by.
    is_still: no price has moved or can, so that both prices are one array.
    """

    months: range
    ancestors: IntArray
    moved: FloatArray
    is_still: bool

    def of(self, usd: FloatArray) -> FloatArray:
        """USD of the plan's paths on these ones, (months.stop, n_paths): 0 before the months to come."""
        found = np.zeros((self.months.stop, self.ancestors.size))
        later = found[self.months.start :]
        np.take(usd[self.months.start : self.months.stop], self.ancestors, axis=1, out=later, mode="clip")
        later *= self.moved
        return found


def conditioned_spend(
    spend: SpendPaths, observed: Sequence[Observed], *, ancestors: IntArray, to_come: range, moved: FloatArray
) -> SpendPaths:
    """Spend of the conditioned paths.

    observed: in the order of months. ancestors: which path of the plan each one was. to_come: from the first month that
    is not closed. moved: (len(to_come), n_paths), what the list cost of the ancestor is multiplied by at the pricing
    day's prices. Where no price moves both prices are the same array.
    """
    accounts = tuple(dict.fromkeys([*spend.accounts, *(key for item in observed for key in item.accounts)]))
    now = {account: price_now(observed, account) for account in accounts}
    is_still = spend.signing_list_cost_usd is spend.list_cost_usd and all(
        usd.current == usd.signing for item in observed for usd in item.accounts.values()
    )
    drawn = _Drawn(months=to_come, ancestors=ancestors, moved=moved, is_still=is_still)
    found = {account: _to_come(paths, now[account], drawn) for account, paths in spend.accounts.items()}
    found |= _unplanned(spend, found, observed, now, drawn)
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


def _to_come(paths: AccountPaths, now: Now, drawn: _Drawn) -> AccountPaths:
    """An account of the plan on the conditioned paths; prices move on from where they stand now."""
    planned = _signing(paths)
    signing = drawn.of(planned)
    if drawn.is_still:
        return AccountPaths(current_usd=signing, signing_usd=signing)
    if planned is paths.current_usd:
        return AccountPaths(current_usd=now.factor * signing, signing_usd=signing)
    current = drawn.of(paths.current_usd)
    if now.month is not None:
        since = now.factor / price_factor(paths.current_usd, planned, now.month)
        current[drawn.months.start :] *= since.take(drawn.ancestors)
    return AccountPaths(current_usd=current, signing_usd=signing)


def _unplanned(
    spend: SpendPaths,
    planned: Mapping[Account, AccountPaths],
    observed: Sequence[Observed],
    now: Mapping[Account, Now],
    drawn: _Drawn,
) -> dict[Account, AccountPaths]:
    """Accounts that the plan has none of, at their share of the last months; changes `planned` to leave room for it."""
    last = [item for item in observed if item.signing_usd > 0][-_SHARE_MONTHS:]
    total = sum(item.signing_usd for item in last)
    new = [account for account in now if account not in planned]
    if not new:
        return {}
    used = {key: sum(item.accounts[key].signing for item in last if key in item.accounts) for key in new}
    shares = {key: usd / total if total else 0.0 for key, usd in used.items()}
    whole = _total([_signing(paths) for paths in planned.values()])
    for array in {id(usd): usd for paths in planned.values() for usd in (paths.current_usd, _signing(paths))}.values():
        array *= 1.0 - sum(shares.values())
    found = {}
    for account, share in shares.items():
        signing = share * whole
        current = signing
        if not drawn.is_still:
            current = now[account].factor * signing
            current[drawn.months.start :] *= _tier_moves(spend, account, now[account], drawn)
        found[account] = AccountPaths(current_usd=current, signing_usd=signing)
    return found


def _tier_moves(spend: SpendPaths, account: Account, now: Now, drawn: _Drawn) -> FloatArray:
    """How the price of a tier moves from now on, as another account of the tier says it; 1 without. Of the months to
    come, broadcastable to (len(months), n_paths)."""
    months = slice(drawn.months.start, drawn.months.stop)
    for other, paths in spend.accounts.items():
        current, signing = paths.current_usd, _signing(paths)
        if other.tier == account.tier and signing is not current:
            moves = np.divide(current, signing, out=np.ones_like(signing), where=signing > 0)[months]
            since = 1.0 if now.month is None else price_factor(current, signing, now.month)
            found: FloatArray = (moves / since).take(drawn.ancestors, axis=1)
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
