"""Everything that tracking says of a signed plan on one day."""

from dataclasses import dataclass
from datetime import date

from planner.evidence_in_plan.checking import PairCheck
from planner.tracking.actual import ActualMonth
from planner.tracking.forecasting.burn_down import BurnDown
from planner.tracking.result import (
    Action,
    AdoptionDrift,
    Alert,
    Causes,
    Forecast,
    Judged,
    PastForecast,
    Renewal,
    SinceSigning,
    TrackedMonth,
)
from planner.tracking.signed_plan import SignedPlan


@dataclass(frozen=True, kw_only=True)
class Tracking:
    """A signed plan, tracked.

    on: the day it is seen from. actual: the months of the term that were seen, from the log of months or given now, in
    order; months: the same beside the plan. past: what was to be expected before the term began and after each closed
    month, the last one as forecast has it. checks: pass rates and escalations against the evidence of the plan;
    adoption and since: the rest of what drifted. new_months: YYYY-MM that this run adds to the log, or restates.
    burn_down: None where nobody asked for it.
    """

    signed: SignedPlan
    on: date
    actual: tuple[ActualMonth, ...]
    months: tuple[TrackedMonth, ...]
    forecast: Forecast
    past: tuple[PastForecast, ...]
    causes: Causes
    actions: tuple[Action, ...]
    adoption: tuple[AdoptionDrift, ...]
    checks: tuple[PairCheck, ...]
    since: tuple[SinceSigning, ...]
    alerts: tuple[Alert, ...]
    judged: tuple[Judged, ...]
    renewal: Renewal | None
    new_months: tuple[str, ...]
    warnings: tuple[str, ...]
    burn_down: BurnDown | None = None

    @property
    def made(self) -> PastForecast:
        """The forecast as it will be judged later."""
        forecast = self.forecast
        return PastForecast(
            as_of=forecast.as_of,
            on=self.on,
            shortfall_probability=forecast.shortfall_probability.mean,
            expected_shortfall_usd=forecast.expected_shortfall.mean,
            overage_probability=forecast.overage_probability.mean,
            expected_overage_usd=forecast.expected_overage.mean,
            exhaustion_month=forecast.exhaustion.median,
            effective_sample_size=forecast.effective_sample_size,
            months=forecast.months,
        )
