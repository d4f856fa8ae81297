"""When to sign, in sentences: which way is best, what signing before routing strands, what waiting costs or saves."""

from collections.abc import Mapping
from math import isfinite
from typing import Final

from planner.negotiation.strategies import StrategyName
from planner.negotiation.when_to_sign import SigningChoice, SigningChoices
from planner.paths_file import month_name
from planner.plan import Plan
from planner.report import offer_name
from planner.risk import Estimate
from planner.words import percent, usd_estimate

MEASURES: Final[Mapping[str, str]] = {
    "mean_cvar": "mean cost and weighted CVaR",
    "minimax_regret": "largest regret over scenarios",
    "weighted": "cost weighted over scenarios",
}
"""What decides, where it is not the expected cost."""

_LEAST_USD: Final = 0.5
"""What rounds to no dollars is no difference."""


def strategy_words(strategy: StrategyName, month: int) -> str:
    """A way to sign as people call it."""
    words: Mapping[StrategyName, str] = {
        "sign_now_unrouted": "sign now, before routing",
        "sign_now": "sign now, sized on the routed run rate",
        "route_first": f"route first, sign in month {month}",
        "short_then_sign": f"short contract now, sign again in month {month}",
    }
    return words[strategy]


def signing_sentences(plan: Plan, found: SigningChoices) -> tuple[str, ...]:
    """The conclusion: the best way, what signing before routing strands, what each wait and a short contract do."""
    return (
        _conclusion(plan, found),
        _unrouted(plan, found.of("sign_now_unrouted", 0)),
        *(_waiting(plan, found.of("route_first", month)) for month in found.months),
        _bridged(plan, found),
    )


def is_dated(plan: Plan) -> bool:
    """Whether dollars are compared at their present value."""
    return plan.inputs.decision.money == "npv" and plan.inputs.contract.values_time


def is_limited(plan: Plan) -> bool:
    """Whether a limit on the chance of a shortfall narrows the choice; commitments that are fixed have none."""
    return plan.inputs.decision.max_shortfall_probability < 1 and plan.inputs.contract.commits_usd_per_year is None


def _conclusion(plan: Plan, found: SigningChoices) -> str:
    best, offer = found.best, plan.recommendation.offer
    measure = MEASURES.get(plan.inputs.decision.objective)
    by = f"By {measure}: " if measure else ""
    now = "Sign no commitment now" if offer.is_none else f"Sign now: {offer_name(offer)}"
    way = strategy_words(best.strategy, best.sign_month)
    if best.strategy == "sign_now":
        level = [one for one in found.choices if one.sign_month and _rivals(plan, one)]
        names = " or ".join(f"'{strategy_words(one.strategy, one.sign_month)}'" for one in level)
        unsure = f" The paths cannot tell it from {names}." if level else ""
        return f"{by}{now}. No other way{_within(plan)} comes to less{_dated(plan)}.{unsure}"
    size = usd_estimate(_size(best.measure_difference))
    if _is_even(best.measure_difference):
        return f"{by}{now}, or {way}: the paths cannot tell the two apart ({size} between them{_dated(plan)})."
    return f"{by}{way.capitalize()}: it comes to {size} less than signing now{_dated(plan)}."


def _rivals(plan: Plan, choice: SigningChoice) -> bool:
    """Whether the paths cannot tell a way from signing now."""
    return _is_even(choice.measure_difference) and (choice.meets_limit or not is_limited(plan))


def _within(plan: Plan) -> str:
    return f" with at most {_limit(plan)} chance of a shortfall" if is_limited(plan) else ""


def _limit(plan: Plan) -> str:
    return percent(plan.inputs.decision.max_shortfall_probability)


def _dated(plan: Plan) -> str:
    return " at present value" if is_dated(plan) else ""


def _unrouted(plan: Plan, hasty: SigningChoice) -> str:
    offer = plan.sign_first.signed.offer
    if plan.inputs.decision.scenario == plan.inputs.baseline:
        return "No scenario with levers is decided on, so signing before routing and signing now are the same."
    if offer == plan.recommendation.offer:
        return f"Signing before routing leads to the same commitment: {offer_name(offer)}."
    if offer.is_none:
        return f"Signing before routing would mean no commitment and {_comes_to(plan, hasty.difference)} signing now."
    above = f", above the limit of {_limit(plan)}" if is_limited(plan) and not hasty.meets_limit else ""
    return (
        f"Signing before routing, {offer_name(offer)}, strands {usd_estimate(hasty.expected_shortfall)} of commitment "
        f"with {_chance(hasty)} chance of a shortfall{above}, and {_comes_to(plan, hasty.difference)} signing now."
    )


def _waiting(plan: Plan, later: SigningChoice) -> str:
    """What it costs to sign later: the discount forgone until then, and what the later commitment wins back."""
    months, difference = _months(later.sign_month), later.difference
    when = f"Waiting {months}, until {month_name(plan.inputs.start, later.sign_month)},"
    forgone = f"{usd_estimate(later.discount_forgone)} of discount is forgone until then"
    won, is_fixed = usd_estimate(_size(later.won_back)), plan.inputs.contract.commits_usd_per_year is not None
    sized = "" if is_fixed else ", sized on what is known by then for the months that remain,"
    then = f"the later commitment{sized} wins back {won}"
    if later.won_back.mean < 0:
        then = f"what is signed for the months that remain costs {won} more besides"
    because = forgone if is_dated(plan) else f"{forgone}, and {then}"
    limit = ""
    if is_limited(plan) and not later.meets_limit:
        limit = f" Its chance of a shortfall, {_chance(later)}, is above the limit of {_limit(plan)}."
    return f"{when} {_comes_to(plan, difference)} signing now: {because}.{limit}"


def _bridged(plan: Plan, found: SigningChoices) -> str:
    """The best of the short contracts, of those within the limit if there are any."""
    short = [one for one in found.choices if one.strategy == "short_then_sign"]
    within = [one for one in short if one.meets_limit or not is_limited(plan)]
    told = min(within or short, key=lambda one: one.measure_usd)
    said = (
        f"A contract of {_months(told.sign_month)} now and the rest signed then {_comes_to(plan, told.difference)} "
        "signing now, if the supplier gives so short a contract the annual bands"
    )
    if within:
        return f"{said}."
    return (
        f"{said}; but the chance of a shortfall in one of the two is {_chance(told)}, above the limit of "
        f"{_limit(plan)} that each of them meets by itself."
    )


def _comes_to(plan: Plan, difference: Estimate) -> str:
    """A difference that completes "signing now"."""
    if _is_even(difference):
        return f"cannot be told by the paths ({usd_estimate(difference)}{_dated(plan)}) from"
    way = "more" if difference.mean > 0 else "less"
    return f"comes to {usd_estimate(_size(difference))} {way}{_dated(plan)} than"


def _chance(choice: SigningChoice) -> str:
    return percent(choice.shortfall_probability.mean)


def _months(month: int) -> str:
    return "1 month" if month == 1 else f"{month} months"


def _size(value: Estimate) -> Estimate:
    return Estimate(mean=abs(value.mean), se=value.se)


def _is_even(difference: Estimate) -> bool:
    noise = 2.0 * difference.se if isfinite(difference.se) else 0.0
    return abs(difference.mean) <= max(noise, _LEAST_USD)
