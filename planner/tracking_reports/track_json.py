"""A tracked plan for scripts. Keys are added freely and never renamed; a figure that does not exist is null."""

from math import isfinite
from typing import Any

from planner.evidence_reports.check import pairs_json
from planner.risk import Estimate
from planner.tracking.result import (
    Action,
    AdoptionDrift,
    Alert,
    Causes,
    Forecast,
    Judged,
    MonthRange,
    PastForecast,
    Recalibration,
    Renewal,
    SinceSigning,
    TrackedMonth,
)
from planner.tracking.tracking import Tracking
from planner.tracking_reports.conclusion import conclusion
from planner.tracking_reports.told import track_notes

Json = dict[str, Any]


def track_json(tracking: Tracking) -> Json:
    """Everything that `planner track --json` prints, and that a webhook is sent."""
    return {
        "conclusion": conclusion(tracking),
        "plan": _plan_json(tracking),
        "on": tracking.on.isoformat(),
        "months": [_month_json(month) for month in tracking.months],
        **_forecast_json(tracking.forecast),
        **_causes_json(tracking.causes),
        "actions": [_action_json(action) for action in tracking.actions],
        "alerts": [_alert_json(alert) for alert in tracking.alerts],
        "forecast_history": [_past_json(one) for one in tracking.past],
        "adoption": [_adoption_json(one) for one in tracking.adoption],
        "evidence": pairs_json(tracking.checks),
        "since_signing": [_since_json(one) for one in tracking.since],
        "judged": [_judged_json(one) for one in tracking.judged],
        "renewal": _renewal_json(tracking.renewal),
        "new_months": list(tracking.new_months),
        "warnings": [*track_notes(tracking), *tracking.causes.notes],
    }


def _plan_json(tracking: Tracking) -> Json:
    plan = tracking.signed
    return {
        "name": plan.inputs.name,
        "sha256": plan.inputs.sha256,
        "start": plan.inputs.start.isoformat(),
        "term_months": plan.contract.term_months,
        "signed_on": plan.signed.on.isoformat(),
        "commit_usd_per_year": list(plan.signed.commits_usd_per_year),
        "discount_fraction": plan.offer.discount_fraction,
        "scenario": plan.inputs.decision.scenario,
        "paths": plan.spend.n_paths,
        "priced_on": plan.prepared.priced_on.isoformat(),
    }


def _month_json(month: TrackedMonth) -> Json:
    """p10, p50, p90: of the plan as signed. actual_list_cost_usd: of the days that are covered."""
    return {
        "month": month.month,
        "actual_list_cost_usd": month.actual_usd,
        "p10": month.p10,
        "p50": month.p50,
        "p90": month.p90,
        "inside_80": month.inside_80,
        "is_closed": month.is_closed,
        "first_day": month.first.isoformat(),
        "last_day": month.last.isoformat(),
        "whole_month_usd": _finite(month.whole_usd),
        "whole_month_log_sd": _finite(month.scale_log_sd),
        "billed_cost_usd": month.billed_usd,
        "net_usd": month.net_usd,
        "notes": list(month.notes),
    }


def _forecast_json(forecast: Forecast) -> Json:
    period, pace = forecast.period, forecast.pace
    return {
        "as_of": forecast.as_of,
        "committed_usd": forecast.committed_usd,
        "drawn_usd": forecast.drawn_usd,
        **_estimate_json("shortfall_probability", forecast.shortfall_probability),
        **_estimate_json("overage_probability", forecast.overage_probability),
        **_estimate_json("expected_shortfall_usd", forecast.expected_shortfall),
        **_estimate_json("expected_overage_usd", forecast.expected_overage),
        **_estimate_json("expected_cost_usd", forecast.expected_cost),
        "straight_line_shortfall_usd": _finite(forecast.straight_line_shortfall_usd),
        "exhaustion_month": forecast.exhaustion.median,
        "exhaustion": _range_json(forecast.exhaustion),
        "effective_sample_size": _finite(forecast.effective_sample_size),
        "recalibration": _recalibration_json(forecast.recalibration),
        "period": {
            "first_month": period.first,
            "last_month": period.last,
            "ends_on": period.ends_on.isoformat(),
            "committed_usd": period.committed_usd,
            "drawn_usd": period.drawn_usd,
            "left_usd": period.left_usd,
            "given_up_usd": period.given_up_usd,
        },
        "pace": {
            "recent_usd_per_month": _finite(pace.recent_usd),
            "needed_usd_per_month": _finite(pace.needed_usd),
            "expected_usd_per_month": _finite(pace.expected_usd),
            "months_left": pace.months_left,
        },
        "forecast_months": [_band_json(month, band) for month, band in forecast.months.items()],
    }


def _band_json(month: str, band: tuple[float, float, float]) -> Json:
    p10, p50, p90 = band
    return {"month": month, "p10": p10, "p50": p50, "p90": p90}


def _range_json(found: MonthRange) -> Json:
    return {
        "median": found.median,
        "p10": found.p10,
        "p50": found.p50,
        "p90": found.p90,
        **_estimate_json("probability", found.probability),
    }


def _recalibration_json(found: Recalibration | None) -> Json | None:
    if found is None:
        return None
    return {
        "effective_sample_size": found.effective_sample_size,
        "level_factor": found.level_factor,
        "volume_factor": found.volume_factor,
        "unit_cost_factor": found.unit_cost_factor,
        "tempering": found.tempering,
        "why": found.why,
    }


def _causes_json(found: Causes) -> Json:
    return {
        "planned_usd": found.planned_usd,
        "actual_usd": found.actual_usd,
        "causes": [{"cause": cause.cause, "usd": cause.usd, "words": cause.words} for cause in found.causes],
        "causes_by_month": [
            {
                "month": month.month,
                "planned_usd": month.planned_usd,
                "actual_usd": month.actual_usd,
                "causes": [{"cause": cause.cause, "usd": cause.usd} for cause in month.causes],
            }
            for month in found.by_month
        ],
    }


def _action_json(action: Action) -> Json:
    return {
        "action": action.action,
        "value_usd": action.value.mean,
        "by": None if action.by is None else action.by.isoformat(),
        "kind": action.kind,
        "value_se_usd": _finite(action.value.se),
        "amount_usd": action.amount_usd,
        "why": action.why,
    }


def _alert_json(alert: Alert) -> Json:
    return {"alert": alert.kind, "value": alert.value, "limit": alert.limit, "words": alert.words}


def _past_json(one: PastForecast) -> Json:
    return {
        "as_of": one.as_of,
        "on": None if one.on is None else one.on.isoformat(),
        "shortfall_probability": one.shortfall_probability,
        "expected_shortfall_usd": one.expected_shortfall_usd,
        "overage_probability": one.overage_probability,
        "expected_overage_usd": one.expected_overage_usd,
        "exhaustion_month": one.exhaustion_month,
        "effective_sample_size": one.effective_sample_size,
        "months": [_band_json(month, band) for month, band in one.months.items()],
    }


def _adoption_json(one: AdoptionDrift) -> Json:
    p10, p50, p90 = one.expected
    return {
        "request_type": one.request_type,
        "model": one.model,
        "share": one.measured,
        "p10": p10,
        "p50": p50,
        "p90": p90,
        "moved": one.moved,
    }


def _since_json(one: SinceSigning) -> Json:
    return {
        "kind": one.kind,
        "on": one.on.isoformat(),
        "model": one.model,
        "drawdown_usd": one.drawdown_usd,
        "words": one.words,
    }


def _judged_json(one: Judged) -> Json:
    low, high = one.interval
    return {
        "forecast": one.of,
        "months": one.months,
        "inside_80": one.inside,
        "coverage_low": _finite(low),
        "coverage_high": _finite(high),
        "bias_log": _finite(one.bias),
        "bias_log_se": _finite(one.bias_se),
    }


def _renewal_json(found: Renewal | None) -> Json | None:
    if found is None:
        return None
    return {
        "first_month": found.first,
        "commit_usd_per_year": found.commit_usd_per_year,
        "discount_fraction": found.discount_fraction,
        **_estimate_json("expected_cost_usd", found.expected_cost),
        **_estimate_json("shortfall_probability", found.shortfall_probability),
        "same_again_usd_per_year": found.same_again_usd_per_year,
        **_estimate_json("same_again_cost_usd", found.same_again_cost),
        **_estimate_json("same_again_shortfall_probability", found.same_again_shortfall_probability),
        "spend_quantiles_usd": [float(value) for value in found.spend_quantiles_usd],
    }


def _estimate_json(name: str, value: Estimate) -> Json:
    """The mean by its name, and its standard error before the unit."""
    error = f"{name.removesuffix('_usd')}_se_usd" if name.endswith("_usd") else f"{name}_se"
    return {name: _finite(value.mean), error: _finite(value.se)}


def _finite(value: float) -> float | None:
    return value if isfinite(value) else None
