"""The forecasts of earlier months, worked out again from the months up to then."""

from collections.abc import Sequence
from datetime import date

from planner.risk import probability
from planner.tracking.forecasting.conditioning import Conditioner
from planner.tracking.forecasting.drawdown import period_index
from planner.tracking.forecasting.forecast import as_of, bands, in_term, month_range, next_month, outlook
from planner.tracking.observed import Observed
from planner.tracking.result import PastForecast
from planner.tracking.signed_plan import SignedPlan


def past_forecasts(
    signed: SignedPlan, conditioner: Conditioner, observed: Sequence[Observed], *, on: date
) -> tuple[PastForecast, ...]:
    """What was to be expected before the term began, and after each closed month, from the closed months up to it.

    on: the day it is now, which is the day of the last one where no month runs.
    """
    seen = in_term(signed, observed)
    closed = [item for item in seen if item.is_closed]
    return tuple(
        _after(signed, conditioner, closed[:count], on if count == len(seen) else None)
        for count in range(len(closed) + 1)
    )


def _after(signed: SignedPlan, conditioner: Conditioner, closed: Sequence[Observed], on: date | None) -> PastForecast:
    conditioned = conditioner.condition(closed, stop=signed.contract.term_months)
    found = outlook(signed, conditioned.spend, period_index(signed.contract, next_month(closed)))
    return PastForecast(
        as_of=as_of(signed, closed),
        on=on,
        shortfall_probability=probability(found.short).mean,
        expected_shortfall_usd=float(found.shortfall_usd.mean()),
        overage_probability=probability(found.over).mean,
        expected_overage_usd=float(found.overage_usd.mean()),
        exhaustion_month=month_range(signed, found.exhaustion).median,
        effective_sample_size=conditioned.effective_sample_size,
        months=bands(signed, closed, conditioned.spend),
    )
