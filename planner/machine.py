"""Results for scripts: the JSON of every command. Keys are added freely and never renamed.

NaN and infinity never appear: a figure that does not exist is null.
"""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from importlib.metadata import version
from itertools import combinations
from math import isfinite
from typing import Any

from planner.lever_costs.economics import CacheEconomics, RouteEconomics
from planner.mix import Measurement
from planner.outcome import ExpectedRow, OfferOutcome
from planner.plan import ANNUAL_LEVELS, Plan, ScenarioSummary
from planner.risk import Estimate, difference
from planner.sizing.expectation import Expectation
from planner.units import SERVER_TOOL_COLUMNS, TOKEN_COLUMNS

Json = dict[str, Any]


def plan_json(plan: Plan) -> Json:
    """Everything that `planner plan --json` prints."""
    return {
        "plan": _identity_json(plan),
        "mix": [asdict(line) for line in plan.prepared.mix_lines],
        "baseline": plan.inputs.baseline,
        "scenarios": {name: scenario_json(summary) for name, summary in plan.summaries.items()},
        "routes": [
            {"scenario": costs.scenario.name, **route_json(route)}
            for costs in plan.prepared.scenario_costs
            for route in costs.economics
        ],
        "caches": [
            {"scenario": costs.scenario.name, **cache_json(cache)}
            for costs in plan.prepared.scenario_costs
            for cache in costs.cache_economics
        ],
        "recommendation": outcome_json(plan.recommendation) | _constraint_json(plan),
        "sign_first": _sign_first_json(plan),
        "curve": [expectation_json(point) for point in plan.curve],
        "frontier": [expectation_json(point) for point in plan.frontier],
        "dead_zone": [asdict(point) for point in plan.dead_zone],
        "demand": _demand_json(plan),
        "warnings": list(plan.warnings),
    }


def _demand_json(plan: Plan) -> list[Json] | None:
    """The demand that a measured plan rests on, each parameter with its interval and source; null for a typed mix."""
    calibration = plan.prepared.calibration
    return None if calibration is None else [asdict(fit) for fit in calibration.parameters]


def _identity_json(plan: Plan) -> Json:
    inputs = plan.inputs
    return {
        "name": inputs.name,
        "start": inputs.start.isoformat(),
        "months": inputs.months,
        "term_months": inputs.contract.term_months,
        "paths": plan.n_paths,
        "seed": inputs.seed,
        "sha256": inputs.sha256,
        "version": version("commit-planner"),
        "priced_on": plan.prepared.priced_on.isoformat(),
        "prices_sha256": plan.prepared.price_book.sha256,
        "prices_snapshot": plan.prepared.price_book.snapshot,
        "objective": inputs.decision.objective,
        "money": inputs.decision.money,
        "shortfall_limit_per": inputs.decision.shortfall_limit_per,
        "max_shortfall_probability": inputs.decision.max_shortfall_probability,
    }


def _sign_first_json(plan: Plan) -> Json:
    first = plan.sign_first
    return outcome_json(first.signed) | {
        "shortfall_probability_after_routing": first.lived.shortfall_probability.mean,
        "shortfall_probability_after_routing_se": _finite(first.lived.shortfall_probability.se),
        "expected_shortfall_after_routing_usd": first.lived.expected_shortfall.mean,
        "cost_of_signing_first_usd": first.cost.mean,
        "cost_of_signing_first_se_usd": _finite(first.cost.se),
    }


def outcome_json(outcome: OfferOutcome) -> Json:
    """An offer lived in a scenario."""
    offer, given = outcome.offer, outcome.shortfall_given_shortfall_usd
    return {
        "scenario": outcome.scenario,
        "commit_usd_per_year": offer.commit_usd_per_year,
        "discount_fraction": offer.discount_fraction,
        "overage_discount_fraction": offer.overage_discount_fraction,
        "contract_years": _years_json(outcome),
        "expected_cost_usd": outcome.expected_cost.mean,
        "expected_cost_se_usd": _finite(outcome.expected_cost.se),
        "expected_npv_cost_usd": outcome.npv_cost.mean,
        "expected_npv_cost_se_usd": _finite(outcome.npv_cost.se),
        "cost_p10_usd": outcome.cost_p10_p50_p90_usd[0],
        "cost_p50_usd": outcome.cost_p10_p50_p90_usd[1],
        "cost_p90_usd": outcome.cost_p10_p50_p90_usd[2],
        "on_demand_cost_usd": outcome.on_demand_cost_usd,
        "shortfall_probability": outcome.shortfall_probability.mean,
        "shortfall_probability_se": _finite(outcome.shortfall_probability.se),
        "expected_shortfall_usd": outcome.expected_shortfall.mean,
        "expected_shortfall_se_usd": _finite(outcome.expected_shortfall.se),
        "expected_shortfall_given_shortfall_usd": given,
        "expected_overage_usd": outcome.expected_overage.mean,
        "effective_savings_rate": _finite(outcome.effective_savings_rate),
        "effective_savings_rate_p10": outcome.savings_rate_p10_p50_p90[0],
        "effective_savings_rate_p50": outcome.savings_rate_p10_p50_p90[1],
        "effective_savings_rate_p90": outcome.savings_rate_p10_p50_p90[2],
        "regret_usd": outcome.regret.mean,
        "regret_se_usd": _finite(outcome.regret.se),
        "break_even_utilization": outcome.break_even_utilization,
        "cost_cvar_usd": outcome.cost_cvar_usd,
        "regret_cvar_usd": outcome.regret_cvar_usd,
        "waste_cvar_usd": outcome.waste_cvar_usd,
        "marginal_saving_per_list_usd": outcome.marginal_saving_per_list_usd,
        "renewal_uplift_usd_per_year": outcome.renewal_uplift_usd_per_year,
        "ledger": [_ledger_json(index, row) for index, row in enumerate(outcome.ledger)],
    }


def _years_json(outcome: OfferOutcome) -> list[Json]:
    """The terms of each contract year: one entry where all are alike."""
    years = (outcome.offer, *outcome.offer.later)
    return [
        {
            "commit_usd_per_year": year.commit_usd_per_year,
            "discount_fraction": year.discount_fraction,
            "overage_discount_fraction": year.overage_discount_fraction,
            "discount_by_tier": dict(year.discount_by_tier),
        }
        for year in years
    ]


def _ledger_json(index: int, row: ExpectedRow) -> Json:
    """One period of the expected ledger: means over paths."""
    figures = {key: value for key, value in asdict(row).items() if key not in ("period", "shortfall_probability")}
    return {
        "period": index,
        "first_month": row.period.first,
        "last_month": row.period.stop - 1,
        **figures,
        "shortfall_probability": row.shortfall_probability.mean,
        "shortfall_probability_se": _finite(row.shortfall_probability.se),
    }


def _constraint_json(plan: Plan) -> Json:
    note = plan.constraint
    return {
        "constraint_binds": note.binds,
        "constraint_limits": note.limits,
        "constraint_is_met": note.is_met,
        "unconstrained_commit_usd_per_year": note.unconstrained.commit_usd_per_year,
        "relaxing_constraint_saves_usd": note.relaxing_saves_usd,
        "constraint_commit_low_usd_per_year": note.commit_low_usd_per_year,
        "constraint_commit_high_usd_per_year": note.commit_high_usd_per_year,
        "band_depends_on_error": note.band_depends,
    }


def scenario_json(summary: ScenarioSummary) -> Json:
    """Annual and monthly list spend of a scenario."""
    annual = dict(zip((f"p{level * 100:.0f}" for level in ANNUAL_LEVELS), summary.annual_quantiles_usd, strict=True))
    p10, p50, p90 = summary.monthly_quantiles_usd.tolist()
    return {
        "annual_list_cost_usd": _estimate_json(summary.annual) | {key: float(value) for key, value in annual.items()},
        "monthly_list_cost_usd": {"p10": p10, "p50": p50, "p90": p90, "mean": summary.monthly_mean_usd.tolist()},
        "run_rate_saving_fraction": summary.run_rate_saving_fraction,
    }


def route_json(route: RouteEconomics) -> Json:
    """What a route does to one request of one model."""
    return {
        "request_type": route.request_type,
        "from": route.source or None,
        "to": route.to,
        "unit_cost_before_usd": route.unit_cost_before_usd,
        "unit_cost_after_usd": route.unit_cost_after_usd,
        "escalation": route.escalation,
        "break_even_escalation": _finite(route.break_even_escalation),
        "error_cost_usd": route.error_cost_usd,
        "pays": route.pays,
    }


def cache_json(cache: CacheEconomics) -> Json:
    """The hit rate of a type's caching beside the one at which it breaks even."""
    return {
        "request_type": cache.request_type,
        "hit_rate": cache.hit_rate,
        "break_even_hit_rate": _finite(cache.break_even_hit_rate),
    }


def expectation_json(point: Expectation) -> Json:
    """One point of the cost curve."""
    return {
        "commit_usd_per_year": point.offer.commit_usd_per_year,
        "discount_fraction": point.offer.discount_fraction,
        "expected_cost_usd": point.expected_cost_usd,
        "shortfall_probability": point.shortfall_probability,
        "expected_shortfall_usd": point.expected_shortfall_usd,
        "expected_overage_usd": point.expected_overage_usd,
    }


def compare_json(plans: Sequence[Plan]) -> Json:
    """All scenarios of one or several plans side by side; differences a - b, on common paths within a plan.

    Paths of different plans with the same seed and number of paths share their random numbers too. Every error is that
    of the difference (planner.risk).
    """
    labelled = [(_label(plan, name, plans), plan, name) for plan in plans for name in plan.summaries]
    return {
        "scenarios": [
            {"name": label, "plan": plan.inputs.name, "scenario": name, **scenario_json(plan.summaries[name])}
            for label, plan, name in labelled
        ],
        "differences": [
            {"a": a[0], "b": b[0], "is": "a - b", "annual_list_cost_usd": _estimate_json(_difference(a[1:], b[1:]))}
            for a, b in combinations(labelled, 2)
        ],
        "recommendations": [{"plan": plan.inputs.name, **outcome_json(plan.recommendation)} for plan in plans],
        "warnings": list(dict.fromkeys(warning for plan in plans for warning in plan.warnings)),
    }


def _label(plan: Plan, name: str, plans: Sequence[Plan]) -> str:
    return name if len(plans) == 1 else f"{plan.inputs.name}: {name}"


def _difference(a: tuple[Plan, str], b: tuple[Plan, str]) -> Estimate:
    left, right = (plan.spend[name].annual_list_cost_usd() for plan, name in (a, b))
    return difference(left, right)


def measure_json(measurement: Measurement) -> Json:
    """The request mix by type, model and month."""
    columns = ["request_type", "model", "month", "requests", *TOKEN_COLUMNS, "list_cost_usd", "share_of_bill"]
    if measurement.rows["billed_cost_usd"].notna().any():
        columns.append("billed_cost_usd")
    totals = asdict(measurement.totals)
    tools = (*SERVER_TOOL_COLUMNS, "server_tools_usd")
    if measurement.totals.has_server_tools:
        columns.extend(tools)
    else:
        totals = {name: value for name, value in totals.items() if name not in tools}
    rows = [
        {str(key): None if isinstance(value, float) and not isfinite(value) else value for key, value in row.items()}
        for row in measurement.rows[columns].to_dict("records")
    ]
    return {
        "rows": rows,
        "totals": totals,
        "first": measurement.first.isoformat(),
        "last": measurement.last.isoformat(),
        "complete_months": list(measurement.complete_months),
        "incomplete_months": list(measurement.incomplete_months),
        "excluded": [
            {
                "request_type": removal.exclusion.request_type,
                **{key: value for key, value in removal.exclusion.patterns.items() if key != "request_type"},
                "from": _iso(removal.exclusion.from_),
                "to": _iso(removal.exclusion.to),
                "reason": removal.exclusion.reason,
                "removed_usd": removal.list_cost_usd,
                "removed_requests": removal.requests,
                "removed_share_of_all": removal.share_of_all,
            }
            for removal in measurement.removals
        ],
        "warnings": list(measurement.warnings),
    }


def _estimate_json(value: Estimate) -> Json:
    return {"mean": value.mean, "se": _finite(value.se)}


def _finite(value: float) -> float | None:
    return value if isfinite(value) else None


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
