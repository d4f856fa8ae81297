"""Spend paths changed account by account, so that accounts still add up to their total."""

from collections.abc import Mapping
from typing import Literal

import numpy as np

from planner.lever_costs.unit_costs import Account
from planner.simulation import AccountPaths, SpendPaths
from planner.units import FloatArray


def parts_of(spend: SpendPaths) -> Mapping[Account, AccountPaths]:
    """Spend by account; all of it as one eligible account where accounts were not kept."""
    whole = AccountPaths(current_usd=spend.list_cost_usd, signing_usd=spend.signing_list_cost_usd)
    return spend.accounts or {Account(None, True): whole}


def with_parts(spend: SpendPaths, changed: Mapping[Account, AccountPaths]) -> SpendPaths:
    """The same spend with some accounts as given. Where no price moves both prices stay one array."""
    current = _total(spend, changed, "current_usd", spend.list_cost_usd)
    signing = spend.signing_list_cost_usd
    if signing is spend.list_cost_usd:  # which settlement tells by
        signing = current
    elif signing is not None:
        signing = _total(spend, changed, "signing_usd", signing)
    accounts = {**spend.accounts, **changed} if spend.accounts else {}
    return SpendPaths(list_cost_usd=current, signing_list_cost_usd=signing, accounts=accounts)


def _total(
    spend: SpendPaths,
    changed: Mapping[Account, AccountPaths],
    price: Literal["current_usd", "signing_usd"],
    total: FloatArray,
) -> FloatArray:
    before = parts_of(spend)
    for key, part in changed.items():
        total = total + (getattr(part, price) - getattr(before[key], price) if key in before else getattr(part, price))
    return total


def factors(part: AccountPaths) -> FloatArray:
    """List price of each month over the signing day's, (n_months, n_paths) or (1, 1); 1 where no use tells it."""
    current, signing = part.current_usd, part.signing_usd
    if signing is None or signing is current:
        return np.ones((1, 1))
    found: FloatArray = np.divide(current, signing, out=np.ones_like(current), where=signing > 0)
    return found


def added(part: AccountPaths, signing_usd: FloatArray) -> AccountPaths:
    """An account with use added, (n_months, n_paths), USD at the signing day's list; below nothing there is nothing."""
    current = np.maximum(part.current_usd + factors(part) * signing_usd, 0.0)
    if part.signing_usd is None or part.signing_usd is part.current_usd:
        return AccountPaths(current_usd=current, signing_usd=None if part.signing_usd is None else current)
    return AccountPaths(current_usd=current, signing_usd=np.maximum(part.signing_usd + signing_usd, 0.0))
