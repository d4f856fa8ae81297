"""The pace: what is used a month, what would use the commitment up exactly, and what is to be expected."""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from planner.contract import Period
from planner.lever_costs.unit_costs import Account
from planner.simulation import SpendPaths
from planner.tracking.actual import AccountUsd
from planner.tracking.forecasting.drawdown import left_by_month, settled_by_month, spend_of_accounts
from planner.tracking.forecasting.swings import is_told
from planner.tracking.observed import Observed
from planner.tracking.result import Pace
from planner.tracking.signed_plan import SignedPlan
from planner.units import HALF_CENT_USD, BoolArray, FloatArray

RECENT_MONTHS: Final = 3

_GRID: Final = 65
_ROUNDS: Final = 4
_DOUBLINGS: Final = 40


def pace_of(signed: SignedPlan, observed: Sequence[Observed], spend: SpendPaths, period: Period, month: int) -> Pace:
    """The pace of a period of which `month` is the first month that is not closed.

    needed_usd: 0 where the commitment is used up or no month is left, infinite where no use of the expected kind can.
    """
    left = _months_left(observed, period, month)
    months_left = sum(left.values())
    to_come = _to_come(observed, spend, tuple(left))
    usd = {t: sum(part.current for part in accounts.values()) for t, accounts in to_come.items()}
    recent = burn_rate(signed, observed, RECENT_MONTHS)
    return Pace(
        recent_usd=float(sum(part.current for part in recent.values())),
        needed_usd=_needed_usd(signed, [*observed, *_missing(observed, spend, month)], period, left, to_come),
        expected_usd=sum(usd.values()) / months_left if months_left else 0.0,
        months_left=months_left,
    )


def burn_rate(signed: SignedPlan, observed: Sequence[Observed], last: int | None = None) -> dict[Account, AccountUsd]:
    """Mean month of the closed ones, by account. last: how many of them, all where None.

    Where none is closed: the running one as it is scaled, and where there is none either, the plan's first month.
    """
    closed = [item for item in observed if item.is_closed]
    seen = closed[-last if last else None :] or [item for item in observed if is_told(item)]
    if not seen:
        return _plan_month(signed.spend, 0)
    keys = dict.fromkeys(key for item in seen for key in item.accounts)
    return {
        key: AccountUsd(
            current=sum(item.scale * item.accounts[key].current for item in seen if key in item.accounts) / len(seen),
            signing=sum(item.scale * item.accounts[key].signing for item in seen if key in item.accounts) / len(seen),
        )
        for key in keys
    }


def _plan_month(spend: SpendPaths, month: int) -> dict[Account, AccountUsd]:
    found = {}
    for key, paths in spend.accounts.items():
        assert paths.signing_usd is not None  # simulated with the signing day's prices
        found[key] = AccountUsd(
            current=float(paths.current_usd[month].mean()), signing=float(paths.signing_usd[month].mean())
        )
    return found


def _missing(observed: Sequence[Observed], spend: SpendPaths, month: int) -> list[Observed]:
    """Months that have passed and that nothing is known of: what the forecast expects of them."""
    seen = {item.month for item in observed}
    return [Observed(month=t, volume_usd=None, accounts=_plan_month(spend, t)) for t in range(month) if t not in seen]


def _months_left(observed: Sequence[Observed], period: Period, month: int) -> dict[int, float]:
    """Months of the period still to come, the running one as far as it is not over."""
    running = {item.month: item for item in observed if not item.is_closed}
    left = {}
    for t in range(max(month, period.first), period.stop):
        is_under_way = t in running and is_told(running[t])
        left[t] = max(1.0 - 1.0 / running[t].scale, 0.0) if is_under_way else 1.0
    return left


def _to_come(
    observed: Sequence[Observed], spend: SpendPaths, months: Sequence[int]
) -> dict[int, dict[Account, AccountUsd]]:
    """What is expected of these months beyond what was used of them."""
    used = {item.month: item.accounts for item in observed}
    found = {}
    for t in months:
        whole = _plan_month(spend, t)
        gone = used.get(t, {})
        found[t] = {
            key: AccountUsd(
                current=max(usd.current - (gone[key].current if key in gone else 0.0), 0.0),
                signing=max(usd.signing - (gone[key].signing if key in gone else 0.0), 0.0),
            )
            for key, usd in whole.items()
        }
    return found


def _needed_usd(
    signed: SignedPlan,
    observed: Sequence[Observed],
    period: Period,
    left: Mapping[int, float],
    to_come: Mapping[int, Mapping[Account, AccountUsd]],
) -> float:
    """List dollars of each month left that use the period's commitment up exactly, in the expected mix."""

    def used_up(levels: FloatArray) -> BoolArray:
        spend = _at_levels(signed, observed, left, to_come, levels)
        settled = settled_by_month(signed.contract, signed.offer, spend)
        row = settled.ledger.rows[signed.contract.periods.index(period)]
        open_usd = np.broadcast_to(left_by_month(signed.contract, row)[-1], levels.shape)
        done: BoolArray = open_usd <= HALF_CENT_USD
        return done

    if not sum(left.values()):
        return 0.0
    levels = np.concatenate([[0.0], np.ldexp(1.0, np.arange(_DOUBLINGS + 1))])
    done = used_up(levels)
    if done[0]:
        return 0.0
    if not done.any():
        return float(np.inf)
    for _ in range(_ROUNDS):
        first = int(np.argmax(done))
        levels = np.linspace(levels[first - 1], levels[first], _GRID)
        done = used_up(levels)
        done[-1] = True
    return float(levels[int(np.argmax(done))])


def _at_levels(
    signed: SignedPlan,
    observed: Sequence[Observed],
    left: Mapping[int, float],
    to_come: Mapping[int, Mapping[Account, AccountUsd]],
    levels: FloatArray,
) -> SpendPaths:
    """One path for every level of list cost a month, in the months left."""
    n = signed.contract.term_months
    keys = dict.fromkeys(
        [*signed.spend.accounts, *(key for found in to_come.values() for key in found)]
        + [key for item in observed for key in item.accounts]
    )
    arrays = {key: (np.zeros((n, levels.size)), np.zeros((n, levels.size))) for key in keys}
    for item in observed:
        for key, usd in item.accounts.items():
            if item.month < n:
                arrays[key][0][item.month] += usd.current
                arrays[key][1][item.month] += usd.signing
    for t, part in left.items():
        accounts = to_come[t] if sum(usd.current for usd in to_come[t].values()) > 0 else _plan_month(signed.spend, t)
        total = sum(usd.current for usd in accounts.values())
        for key, usd in accounts.items():
            if total > 0:
                arrays[key][0][t] += part * levels * (usd.current / total)
                arrays[key][1][t] += part * levels * (usd.signing / total)
    return spend_of_accounts(arrays, n)
