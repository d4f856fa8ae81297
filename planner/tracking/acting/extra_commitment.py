"""What any commitment on top rests on: what is billed already, how much is best, and until when it helps."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import numpy as np
from scipy.optimize import minimize_scalar

from planner.coverage import first_day
from planner.settlement import Settlement, settle
from planner.steps import by_month, steps
from planner.term_use import term_use
from planner.tracking.acting.standing import Standing
from planner.tracking.forecasting.drawdown import until
from planner.tracking.result import Forecast
from planner.units import HALF_CENT_USD

NOT_SIGNED: Final = "this is an offer to ask for and not in the contract as signed."

_HALVINGS: Final = 24
"""Steps that find the largest commitment within the limit: to a sixteen-millionth of the largest overage."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Billed:
    """Of the closed months of the running period: what drew its commitment and what went beyond it, in its own basis,
    and what is billed for the latter."""

    drawn_usd: float
    beyond_usd: float
    overage_usd: float


def billed_so_far(standing: Standing) -> Billed:
    """The same settlement with nothing used later, fixed spend neither."""
    contract = standing.contract
    seen = until(term_use(by_month(contract), standing.spend), standing.month).over(steps(contract))
    row = settle(contract, standing.offer, seen).ledger.rows[standing.index]
    return Billed(
        drawn_usd=float(np.mean(row.drawn_current)),
        beyond_usd=float(np.mean(row.beyond)),
        overage_usd=float(np.mean(row.overage)),
    )


def best_extra_usd(standing: Standing, with_extra: Callable[[float], Settlement], most: float) -> float | None:
    """The commitment on top, up to `most`, that costs least within the decision's limit on the chance of a shortfall.

    with_extra: what it settles to. None where even none of it is within the limit.
    """
    if not standing.is_allowed(with_extra(0.0)):
        return None
    most = _largest(lambda extra: standing.is_allowed(with_extra(extra)), most)
    if most <= HALF_CENT_USD:
        return 0.0
    return _least(lambda extra: float(with_extra(extra).paid_usd.mean()), most)


def _largest(holds: Callable[[float], bool], most: float) -> float:
    """The largest amount up to `most` for which something holds that more of it never brings back; 0 where none."""
    if holds(most):
        return most
    low, high = 0.0, most
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return low


def _least(cost: Callable[[float], float], most: float) -> float:
    """Where a cost is least on [0, most]: exactly where it is convex, else a good place."""
    found = minimize_scalar(cost, bounds=(0.0, most), method="bounded", options={"xatol": 1e-7 * most})
    return min((0.0, float(found.x), most), key=cost)


def before_exhaustion(standing: Standing, forecast: Forecast) -> date:
    """The day before the month in which the commitment may run out (P10), at the earliest today; else the last day, as
    for a period that is over."""
    end, month = standing.last_day_before(standing.period.stop), forecast.exhaustion.p10
    if month is None or end < standing.on:
        return end
    return max(standing.on, min(end, first_day(month) - timedelta(days=1)))
