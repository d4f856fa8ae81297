"""Shares of the accounts in list cost, conditioned on those that were seen; the total is conditioned by itself.

With a the share of an account on a path drawn calm and s its share as drawn, log((s + e) / (a + e)) is close to normal
over months, with the mean and covariance of the plan's own paths and what no plan models. e keeps an account that has
hardly begun from saying much by being half or twice as large. Each account is conditioned on its own months, and all
together are made to add up to one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from planner.lever_costs.unit_costs import Account
from planner.tracking.forecasting.small_products import product
from planner.tracking.observed import Observed
from planner.units import BoolArray, FloatArray, IntArray

SMALL_SHARE: Final = 0.02
"""e: a share that says little by itself."""

_JITTER: Final = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareSwing:
    """An account's share on the plan's paths: calm, log(a + e), and the swing about it, each (n_months, n_paths), with
    mean (n_months,) and covariance (n_months, n_months)."""

    base: FloatArray
    swing: FloatArray
    mean: FloatArray
    covariance: FloatArray


def share_swing(
    usd: FloatArray, total: FloatArray, calm_usd: FloatArray, calm_total: FloatArray, used: BoolArray
) -> tuple[FloatArray, FloatArray]:
    """log(a + e) and log((s + e) / (a + e)), 0 where there is no use."""
    share = np.divide(usd, total, out=np.zeros_like(usd), where=used)
    calm = np.divide(calm_usd, calm_total, out=np.zeros_like(usd), where=used)
    base = np.log(calm + SMALL_SHARE)
    return base, np.log(share + SMALL_SHARE) - base


def shares_given(
    shares: Mapping[Account, ShareSwing],
    observed: Sequence[Observed],
    *,
    ancestors: IntArray,
    donors: IntArray,
    months: range,
) -> dict[Account, FloatArray]:
    """The shares of the months to come, each (len(months), n_paths), which add up to 1, or to 0 on a path without any.

    ancestors: whose base, donors: whose swing each path has.
    """
    rows = slice(months.start, months.stop)
    if len(shares) == 1:
        return {key: np.ones((1, 1)) for key in shares}
    seen = [item for item in observed if sum(usd.signing for key, usd in item.accounts.items() if key in shares) > 0]
    at = [item.month for item in seen]
    found = {}
    for key, share in shares.items():
        log_share = share.base[rows].take(ancestors, axis=1)
        log_share += share.swing[rows].take(donors, axis=1)
        if seen:
            of_seen = share.covariance[np.ix_(at, at)] + _JITTER * np.eye(len(at))
            gain = cho_solve(cho_factor(of_seen), share.covariance[np.ix_(at, range(months.start, months.stop))]).T
            values = np.log(np.array([_share(item, key, shares) for item in seen]) + SMALL_SHARE)[:, None]
            missed = values - share.base[at].take(ancestors, axis=1) - share.swing[at].take(donors, axis=1)
            log_share += product(gain, missed)
        np.exp(log_share, out=log_share)
        log_share -= SMALL_SHARE
        found[key] = np.maximum(log_share, 0.0, out=log_share)
    total = np.sum(list(found.values()), axis=0)
    return {key: np.divide(part, total, out=part, where=total > 0) for key, part in found.items()}


def _share(item: Observed, key: Account, shares: Mapping[Account, ShareSwing]) -> float:
    planned = sum(usd.signing for other, usd in item.accounts.items() if other in shares)
    return item.accounts[key].signing / planned if key in item.accounts else 0.0
