"""What is to be expected of a signed plan from where things stand: its conditioned paths, settled."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from planner.coverage import last_day
from planner.paths_file import month_name
from planner.risk import estimate, probability, quantiles
from planner.settlement import Settlement
from planner.simulation import SpendPaths
from planner.tracking.forecasting.conditioning import Conditioned
from planner.tracking.forecasting.drawdown import (
    Exhaustion,
    exhaustion,
    left_by_month,
    period_index,
    seen_so_far,
    settled_by_month,
    spend_of,
)
from planner.tracking.forecasting.pace import burn_rate, pace_of
from planner.tracking.observed import Observed
from planner.tracking.result import Forecast, MonthRange, PeriodState
from planner.tracking.signed_plan import BAND, SignedPlan
from planner.units import HALF_CENT_USD, BoolArray, FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """Conditioned paths as the contract settles them. short, over: whether on a path anything is; shortfall, overage,
    paid: USD over the term; each (n_paths,). exhaustion: of the running period. committed_usd: over the term, mean of
    the paths, with what a right or a raise makes of it."""

    short: BoolArray
    over: BoolArray
    shortfall_usd: FloatArray
    overage_usd: FloatArray
    paid_usd: FloatArray
    exhaustion: Exhaustion
    committed_usd: float


def forecast_of(signed: SignedPlan, observed: Sequence[Observed], conditioned: Conditioned, *, on: date) -> Forecast:
    """The forecast from the months that were seen. on: the day it is made, which by itself changes nothing."""
    months = in_term(signed, observed)
    contract, offer, month = signed.contract, signed.offer, next_month(months)
    index = period_index(contract, month)
    found = outlook(signed, conditioned.spend, index)
    seen = seen_so_far(contract, offer, months, tuple(signed.spend.accounts))
    return Forecast(
        as_of=as_of(signed, months),
        committed_usd=found.committed_usd,
        drawn_usd=float((seen.ledger.drawn_current_usd + seen.ledger.drawn_banked_usd).sum()),
        period=_period_state(signed, seen, index),
        shortfall_probability=probability(found.short),
        overage_probability=probability(found.over),
        expected_shortfall=estimate(found.shortfall_usd),
        expected_overage=estimate(found.overage_usd),
        expected_cost=estimate(found.paid_usd),
        straight_line_shortfall_usd=straight_line_shortfall_usd(signed, months),
        exhaustion=month_range(signed, found.exhaustion),
        pace=pace_of(signed, months, conditioned.spend, contract.periods[index], month),
        months=bands(signed, months, conditioned.spend),
        effective_sample_size=conditioned.effective_sample_size,
        n_paths=conditioned.n_paths,
        recalibration=conditioned.recalibration,
    )


def in_term(signed: SignedPlan, observed: Sequence[Observed]) -> tuple[Observed, ...]:
    """The months of the term, in order."""
    months = (item for item in observed if 0 <= item.month < signed.contract.term_months)
    return tuple(sorted(months, key=lambda item: item.month))


def next_month(observed: Sequence[Observed]) -> int:
    """The first contract month after those that are over; observed: in order."""
    last = observed[-1] if observed else None
    return 0 if last is None else last.month + last.is_closed


def as_of(signed: SignedPlan, observed: Sequence[Observed]) -> str:
    """The last month that was seen, the one before the term where none was."""
    return month_name(signed.inputs.start, observed[-1].month if observed else -1)


def outlook(signed: SignedPlan, spend: SpendPaths, index: int) -> Outlook:
    """Paths settled. index: of the running period."""
    settled = settled_by_month(signed.contract, signed.offer, spend)
    overage = settled.overage_usd.sum(axis=0)
    return Outlook(
        short=np.logical_or.reduce(settled.shortfall_usd > HALF_CENT_USD, axis=0),
        over=overage > HALF_CENT_USD,
        shortfall_usd=settled.shortfall_usd.sum(axis=0),
        overage_usd=overage,
        paid_usd=settled.paid_usd,
        exhaustion=exhaustion(signed.contract, settled, index),
        committed_usd=sum(_mean(row.committed) for row in settled.ledger.rows),
    )


def _mean(usd: FloatArray | float) -> float:
    """Exactly the value where every path has the same."""
    values = np.asarray(usd)
    return float(values.flat[0]) if np.ptp(values) == 0 else float(values.mean())


def straight_line_shortfall_usd(signed: SignedPlan, observed: Sequence[Observed]) -> float:
    """The shortfall if the mean month so far just goes on."""
    rate = burn_rate(signed, observed)
    n = signed.contract.term_months
    months = dict.fromkeys(range(n), rate) | {item.month: dict(item.accounts) for item in observed if item.is_closed}
    spend = spend_of(months, tuple(signed.spend.accounts), n)
    return float(settled_by_month(signed.contract, signed.offer, spend).shortfall_usd.sum())


def month_range(signed: SignedPlan, found: Exhaustion) -> MonthRange:
    """When the commitment is used up, on the paths on which it is; median: on all paths."""
    happens, start = found.month >= 0, signed.inputs.start
    months = np.sort(found.month[happens])
    if not months.size:
        return MonthRange(probability=probability(happens), median=None, p10=None, p50=None, p90=None)
    at = [int(months[min(int(level * months.size), months.size - 1)]) for level in BAND]
    p10, p50, p90 = (month_name(start, month) for month in at)
    half = (found.month.size + 1) // 2
    median = month_name(start, int(months[half - 1])) if months.size >= half else None
    return MonthRange(probability=probability(happens), median=median, p10=p10, p50=p50, p90=p90)


def bands(
    signed: SignedPlan, observed: Sequence[Observed], spend: SpendPaths
) -> Mapping[str, tuple[float, float, float]]:
    """P10, P50 and P90 of the list cost of every month of the term, constant where it is closed."""
    n = signed.contract.term_months
    closed = {item.month for item in observed if item.is_closed}
    rows = [month for month in range(n) if month not in closed]
    found = {month: (float(usd),) * 3 for month, usd in enumerate(spend.list_cost_usd[:n, 0]) if month in closed}
    for month, band in zip(rows, quantiles(spend.list_cost_usd[rows], BAND).T.tolist(), strict=True):
        found[month] = tuple(band)
    return {month_name(signed.inputs.start, month): found[month] for month in range(n)}


def _period_state(signed: SignedPlan, seen: Settlement, index: int) -> PeriodState:
    row, start = seen.ledger.rows[index], signed.inputs.start
    first, last = (month_name(start, month) for month in (row.period.first, row.period.stop - 1))
    committed, current, banked = (float(np.mean(usd)) for usd in (row.committed, row.drawn_current, row.drawn_banked))
    left = float(np.mean(left_by_month(signed.contract, row)[-1]))
    return PeriodState(
        first=first,
        last=last,
        committed_usd=committed,
        drawn_usd=current + banked,
        left_usd=left,
        ends_on=last_day(last),
        given_up_usd=committed - current - left if np.any(row.renewed) else 0.0,
    )
