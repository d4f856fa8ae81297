"""Tracking on one screen: read -> observe -> condition -> forecast, causes, actions, alerts."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version
from pathlib import Path

from planner.coverage import month_of
from planner.errors import InputError
from planner.evidence_in_plan.checking import NewCounts, checked_pairs, read_new
from planner.inputs import PlanInputs, UsageInputs
from planner.paths_file import month_name
from planner.prepared import Progress
from planner.simulation import KeptPaths
from planner.tracking.acting.actions import actions_of
from planner.tracking.acting.alerts import alerts_of
from planner.tracking.acting.renewal import renewal_of
from planner.tracking.actual import ActualMonth
from planner.tracking.causes.adoption import adoption_of
from planner.tracking.causes.causes import causes_of
from planner.tracking.causes.observing import observed_of
from planner.tracking.causes.planned import planned
from planner.tracking.causes.since_signing import since_signing
from planner.tracking.forecasting.burn_down import burn_down
from planner.tracking.forecasting.conditioning import conditioner_of
from planner.tracking.forecasting.forecast import forecast_of, next_month
from planner.tracking.forecasting.judged import judged
from planner.tracking.forecasting.past import past_forecasts
from planner.tracking.months.actuals import ReadActuals, read_actuals
from planner.tracking.months.log_lines import Entry
from planner.tracking.months.merging import Merged, merged
from planner.tracking.months.month_log import MonthLog, fan_as_signed
from planner.tracking.months.months import contract_month, tracked_months
from planner.tracking.signed_plan import SignedPlan, signed_plan
from planner.tracking.tracking import Tracking

NO_ACTUALS = ReadActuals(months=(), notes=())


def track(
    inputs: PlanInputs,
    given: UsageInputs | None,
    *,
    log: MonthLog,
    on: date,
    outcomes: Sequence[Path] = (),
    progress: Progress | None = None,
    kept: KeptPaths | None = None,
) -> Tracking:
    """Track a signed plan on a day.

    given: where actual usage is, None where the log of months is all there is. log: what was tracked before. outcomes:
    files of logged escalations or graded answers. Errors: InputError for a plan without [signed], and those of reading.
    """
    signed = signed_plan(inputs, progress, kept)
    new = read_new(outcomes, signed.prepared) if outcomes else ()
    read = NO_ACTUALS if given is None else read_actuals(signed, given, progress, on=on)
    months = merged(log.months, read.months, first=month_of(inputs.start))
    return _tracked(_Seen(signed=signed, log=log, read=read, months=months, new=new, on=on))


@dataclass(frozen=True, kw_only=True)
class _Seen:
    """What tracking starts from: the plan, the months of the log and those read now, and logged outcomes."""

    signed: SignedPlan
    log: MonthLog
    read: ReadActuals
    months: Merged
    new: tuple[NewCounts, ...]
    on: date

    @property
    def warnings(self) -> tuple[str, ...]:
        """What has to be known of plan, log and months, in sentences."""
        of_plan = self.log.plan_notes(self.signed.inputs.sha256)
        return tuple(dict.fromkeys([*self.months.notes, *of_plan, *self.log.notes, *self.read.notes]))


def _tracked(seen: _Seen) -> Tracking:
    signed, actual = seen.signed, _in_term(seen.signed, seen.months.months)
    central = planned(signed)
    conditioner, observed = conditioner_of(signed), observed_of(signed, actual, seen.new, central)
    conditioned = conditioner.condition(observed)
    forecast = forecast_of(signed, observed, conditioned, on=seen.on)
    names = [month_name(signed.inputs.start, month) for month in range(len(signed.spend.list_cost_usd))]
    months = tracked_months(signed, actual, fan_as_signed(names, signed.fan_usd, seen.log))
    past = past_forecasts(signed, conditioner, observed, on=seen.on)
    return Tracking(
        signed=signed,
        on=seen.on,
        actual=actual,
        months=months,
        forecast=forecast,
        past=past,
        causes=causes_of(signed, actual, seen.new, central),
        actions=actions_of(signed, conditioned.spend, forecast, month=next_month(observed), on=seen.on),
        adoption=adoption_of(signed, actual, central),
        checks=checked_pairs(signed.prepared, seen.new),
        since=since_signing(signed, on=seen.on, central=central),
        alerts=alerts_of(signed.signed.alerts, forecast, months),
        judged=judged(months, (*seen.log.forecasts, *past)),
        renewal=renewal_of(signed, conditioned.spend),
        new_months=seen.months.new,
        warnings=seen.warnings,
        burn_down=burn_down(signed, conditioned.spend),
    )


def _in_term(signed: SignedPlan, months: Sequence[ActualMonth]) -> tuple[ActualMonth, ...]:
    """The months themselves. Errors: InputError for a log with months outside the term: it is of another plan."""
    for month in months:
        if not 0 <= contract_month(signed, month.month) < signed.contract.term_months:
            raise InputError(
                f"the log of months has {month.month}, which is outside the term of the plan ({signed.inputs.start}, "
                f"{signed.contract.term_months} months): it is the log of another plan; name the right one with --log"
            )
    return tuple(months)


def log_entry(tracking: Tracking) -> Entry:
    """What a run of tracking adds to the log of months."""
    signed = tracking.signed
    fan = signed.fan_usd[:, : signed.contract.term_months]
    return Entry(
        on=tracking.on,
        version=version("commit-planner"),
        plan_sha256=signed.inputs.sha256,
        months=tuple(month for month in tracking.actual if month.month in tracking.new_months),
        forecast=tracking.made,
        fan=dict(_fan(signed, fan.T.tolist())),
    )


def _fan(signed: SignedPlan, rows: Sequence[Sequence[float]]) -> Iterator[tuple[str, tuple[float, float, float]]]:
    for month, (p10, p50, p90) in enumerate(rows):
        yield month_name(signed.inputs.start, month), (p10, p50, p90)
