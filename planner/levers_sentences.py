"""What the levers bring, in sentences: what they change, what adding them up would claim, what costs more."""

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Final

from planner.lever_costs.scenario_costs import ScenarioCosts
from planner.lever_savings import TypeSaving, joint_savings, lever_efforts, type_savings
from planner.levers import LeverKind
from planner.plan import Plan
from planner.risk import Estimate
from planner.units import MONTHS_PER_YEAR
from planner.waterfall import Waterfall
from planner.words import months_words, percent, usd, usd_estimate

_LEAST_USD: Final = 0.5
"""What rounds to no dollars is neither a saving nor a cost."""

KIND_WORDS: Final[Mapping[LeverKind, str]] = {
    "routing": "routing",
    "caching": "caching",
    "batch": "batch",
    "output": "output control",
}


def told_scenario(plan: Plan) -> str | None:
    """The scenario whose waterfall is shown in full: the one decided on, else the last with levers; None without."""
    with_levers = [costs.scenario.name for costs in plan.prepared.scenario_costs if costs.scenario.has_levers]
    decided = plan.inputs.decision.scenario
    return decided if decided in with_levers else next(reversed(with_levers), None)


def costs_of(plan: Plan, scenario: str) -> ScenarioCosts:
    """A scenario of the plan, priced."""
    return next(costs for costs in plan.prepared.scenario_costs if costs.scenario.name == scenario)


def levers_sentences(plan: Plan, found: Mapping[str, Waterfall], scenario: str | None = None) -> tuple[str, ...]:
    """The conclusion: what the levers change, what adding them up would claim, what the discount adds, what costs.

    Of a scenario, else of the one that is shown in full.
    """
    told = scenario or told_scenario(plan)
    if told is None:
        return ("No scenario of this plan has levers: add [[scenario.route]], cache, batch or output to one.",)
    if not found[told].steps:
        return (
            f"'{told}' has no levers: its bill is today's, {usd_estimate(found[told].before)} of list spend a year.",
        )
    fall, costs = found[told], costs_of(plan, told)
    return (
        _change_sentence(fall),
        *_additive_sentence(fall),
        _discount_sentence(fall),
        *_cost_sentences(fall, type_savings(plan.prepared, costs)),
        *_effort_sentences(plan, costs),
    )


def _change_sentence(fall: Waterfall) -> str:
    takes, size = fall.change.mean <= 0, Estimate(mean=abs(fall.change.mean), se=fall.change.se)
    share = f" ({percent(size.mean / fall.before.mean)})" if fall.before.mean else ""
    return (
        f"The levers of '{fall.scenario}' {'take' if takes else 'add'} {usd_estimate(size)}{share} "
        f"{'off' if takes else 'to'} the list spend of contract year 1: {usd_estimate(fall.before)} before, "
        f"{usd_estimate(fall.after)} after."
    )


def _additive_sentence(fall: Waterfall) -> list[str]:
    said = misstatement(fall.additive_error, fall.change)
    return [f"Adding levers up one by one would {said}."] if said else []


def _discount_sentence(fall: Waterfall) -> str:
    amount = usd_estimate(Estimate(mean=abs(fall.discount.mean), se=fall.discount.se))
    if fall.discount.mean == 0:
        return "Without a commitment there is no discount: what is paid is list."
    if fall.discount.mean > 0:
        return f"Signed as recommended, the commitment then costs {amount} more than list: shortfall beats discount."
    wrong = misstatement(fall.naive_error, Estimate(mean=fall.change.mean + fall.discount.mean, se=fall.naive_error.se))
    part = fall.signed_months < MONTHS_PER_YEAR
    bill = f"today's bill of {fall.signed_months} months" if part else "today's bill"
    claimed = f"; levers added up, plus {percent(fall.discount_fraction)} of {bill}, would {wrong}"
    when = f" in its {fall.signed_months} months" if part else ""
    return f"Signed as recommended, the discount then takes {amount} off{when}{claimed if wrong else ''}."


def discount_name(fall: Waterfall) -> str:
    """What the step after the levers is called, in tables and in charts."""
    return "net shortfall" if fall.discount.mean > 0 else "net discount"


def _cost_sentences(fall: Waterfall, savings: Sequence[TypeSaving]) -> list[str]:
    """What costs more than it saves, kind by kind and route by route."""
    said = [
        f"{KIND_WORDS[step.kind].capitalize()} costs {usd_estimate(step.usd)} a year more than it saves."
        for step in fall.steps
        if is_cost(step.usd)
    ]
    for one in savings:
        where = f"from {one.model} to {one.to}" if one.to else f"on {one.model}"
        what = f"{'Routing' if one.to else 'What touches'} {one.request_type} {where}"
        if one.saving_usd_per_month < -_LEAST_USD:
            amount = usd(-one.saving_usd_per_month)
            said.append(f"{what} costs {amount} a month more than it saves, at full adoption. {_beyond(one)}".strip())
        elif one.error_cost_usd_per_month and not one.pays:
            errors, saved = usd(one.error_cost_usd_per_month), usd(one.saving_usd_per_month)
            said.append(f"{what} saves {saved} a month, but its wrong answers cost {errors}. {_beyond(one)}".strip())
    return said


def _beyond(one: TypeSaving) -> str:
    """Why a route does not pay, by its break-even; empty where no escalation decides."""
    if one.escalation is None or one.break_even_escalation is None:
        return ""
    if one.break_even_escalation <= 0:
        return "It would not pay even if nothing escalated."
    return (
        f"Its escalation of {percent(one.escalation)} is above the break-even of {percent(one.break_even_escalation)}."
    )


def _effort_sentences(plan: Plan, costs: ScenarioCosts) -> list[str]:
    """When the levers whose effort is given, together and without the others, have earned it back."""
    efforts = lever_efforts(plan.prepared, costs.scenario)
    if not efforts:
        return []
    told = costs.scenario.where(lambda lever: lever.one_off_usd is not None)
    together = joint_savings(plan.prepared, plan.prepared.priced(told))
    total, saved = sum(one.one_off_usd for one in efforts), sum(one.saving_usd_per_month for one in together)
    whose = "" if told == costs.scenario else " by the levers that it is given for"
    if saved <= 0:
        return [f"The one-off effort of {usd(total)} is never earned back{whose}."]
    never = [f"{KIND_WORDS[one.kind]} of {one.request_type}" for one in efforts if one.payback_months is None]
    back = months_words(total / saved)
    return [
        f"The one-off effort of {usd(total)} is earned back after {back} of full adoption{whose}.",
        *(f"By itself, {name} never earns its effort back." for name in never),
    ]


def misstatement(error: Estimate, change: Estimate) -> str:
    """What a total that is wrong by `error` does to the saving, in dollars and as a share of what is really saved.

    It completes "would"; empty where the error is none beyond its own. change: the true one, negative where it saves.
    """
    size = Estimate(mean=abs(error.mean), se=error.se)
    if size.mean <= max(_noise(error), _LEAST_USD):
        return ""
    if change.mean >= 0:
        return f"come to {usd_estimate(size)} {'less' if error.mean < 0 else 'more'} than together"
    way = "overstate" if error.mean < 0 else "understate"
    return f"{way} the saving by {usd_estimate(size)} ({percent(size.mean / -change.mean)})"


def _noise(value: Estimate) -> float:
    return 2 * value.se if isfinite(value.se) else 0.0


def is_cost(value: Estimate) -> bool:
    """Whether a change is dearer beyond its error."""
    return value.mean > max(_noise(value), _LEAST_USD)
