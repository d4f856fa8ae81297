"""What is left of the commitment of each period month by month, on paths of spend."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile

import numpy as np

from planner.contract import Contract
from planner.ledger import LedgerRow, walk
from planner.offer import Offer
from planner.paths_file import month_name
from planner.risk import quantiles
from planner.simulation import SpendPaths
from planner.steps import by_month
from planner.term_use import term_use
from planner.tracking.forecasting.drawdown import left_by_month
from planner.tracking.result import TrackedMonth
from planner.tracking.signed_plan import BAND, SignedPlan
from planner.units import FloatArray

Left = Mapping[str, tuple[float, float, float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class BurnDown:
    """What is left of a period's own commitment at the end of each month, in the commitment's own basis.

    YYYY-MM of the term -> P10, P50, P90: as_signed of the plan as it was signed, today of the forecast, one value where
    the month is closed. begins: YYYY-MM of the first month of each period -> what it commits, mean of today's paths.
    """

    as_signed: Left
    today: Left
    begins: Mapping[str, float]


def burn_down(signed: SignedPlan, spend: SpendPaths) -> BurnDown:
    """Of a plan as it was signed, and of the paths of today; spend: of the same shape as those of signing."""
    start = signed.inputs.start
    rows = _rows(signed.contract, signed.offer, spend)
    return BurnDown(
        as_signed=_named(signed, left_usd(signed.contract, signed.offer, signed.spend)),
        today=_named(signed, np.concatenate([left_by_month(signed.contract, row) for row in rows])),
        begins={
            month_name(start, row.period.first): float(np.mean(np.asarray(row.committed) - np.asarray(row.renewed)))
            for row in rows
        },
    )


def left_usd(contract: Contract, offer: Offer, spend: SpendPaths) -> FloatArray:
    """What every path leaves of the running period's commitment at the end of each month: (term_months, n_paths)."""
    return np.concatenate([left_by_month(contract, row) for row in _rows(contract, offer, spend)])


def _rows(contract: Contract, offer: Offer, spend: SpendPaths) -> list[LedgerRow]:
    """The ledger with every month's draw in it."""
    monthly = by_month(contract)
    return walk(monthly, offer, term_use(monthly, spend))


def _named(signed: SignedPlan, left: FloatArray) -> Left:
    p10, p50, p90 = quantiles(left, BAND).tolist()
    start = signed.inputs.start
    return {month_name(start, month): each for month, each in enumerate(zip(p10, p50, p90, strict=True))}


def unbroken(names: Iterable[str], months: Sequence[TrackedMonth]) -> tuple[str, ...]:
    """The first of these months, YYYY-MM in order, as long as each one is closed: what they draw is known."""
    closed = {month.month for month in months if month.is_closed}
    return tuple(takewhile(closed.__contains__, names))
