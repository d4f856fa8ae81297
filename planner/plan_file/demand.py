"""[demand] of a plan file: the model as written, which of its keys the user typed, and which are left to a fit."""

from collections.abc import Mapping
from typing import Any, Final

from planner.demand import DemandModel, Event
from planner.plan_file.schema import DemandSection, PlanFile

_NOT_PARAMETERS: Final = ("event", "fitted")

_PRIORS: Final[Mapping[str, str]] = {
    "level_sd": "today's level ± 10%",
    "growth_per_year": "growth a year from 0% (P10) to 156% (P90)",
    "growth_damping_per_month": "growth damped by 0.98 a month",
    "monthly_volatility": "volatility ± 6% a month",
    "monthly_noise": "noise ± 10% a month",
    "leave_probability_per_quarter": "5% chance a quarter that the largest type leaves",
}


def demand_model(section: DemandSection) -> DemandModel:
    """The demand model of a checked section."""
    return DemandModel(
        level_sd=section.level_sd,
        growth_per_year=section.growth_per_year,
        growth_damping_per_month=section.growth_damping_per_month,
        monthly_volatility=section.monthly_volatility,
        common_share=section.common_share,
        monthly_noise=section.monthly_noise,
        noise_ar1=section.noise_ar1,
        token_drift_per_year=section.token_drift_per_year,
        leave_probability_per_quarter=section.leave_probability_per_quarter,
        largest_customer_fraction=section.largest_customer_fraction,
        rebound=section.rebound,
        season=tuple(section.season),
        events=tuple(
            Event(
                name=event.name,
                probability=event.probability,
                month=event.month,
                size=event.size,
                request_types=tuple(event.request_types),
            )
            for event in section.event
        ),
    )


def typed_keys(demand: Mapping[str, Any]) -> frozenset[str]:
    """Keys of a [demand] table that are the user's own.

    A key that still has the value that `planner calibrate` recorded beside it is a fit and not the user's.
    """
    fitted = demand.get("fitted", {})
    return frozenset(
        key
        for key, value in demand.items()
        if key not in _NOT_PARAMETERS and not (key in fitted and _is_as_fitted(value, fitted[key]))
    )


def _is_as_fitted(value: object, record: Mapping[str, Any]) -> bool:
    if record["source"] == "user":
        return False
    if isinstance(value, dict):
        return value == {"p10": record["p10"], "p90": record["p90"]}
    return bool(value == record["value"])


def typed_part(section: DemandSection, typed: frozenset[str]) -> DemandSection:
    """The section with every key that was not typed at its default; events stay."""
    kept = {key: getattr(section, key) for key in (*typed, "event")}
    return DemandSection.model_construct(**kept)


def priors(file: PlanFile, typed: frozenset[str]) -> dict[str, str]:
    """Defaults in use that are judgements, by key: they move the answer and nobody has looked at them yet."""
    found = {key: words for key, words in _PRIORS.items() if key not in typed}
    if not {"falls_per_year", "fall", "rises_per_year", "rise"} <= file.prices.cuts.model_fields_set:
        found["prices.cuts"] = "price changes (0.7 falls and 0.2 rises a year and tier, unless given)"
    return found
