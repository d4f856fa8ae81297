"""The axes of charts over commitments: where an offer stands, in which money, at which risk."""

from typing import Final

from planner.offer import Offer
from planner.plan import Plan
from planner.sizing.expectation import Expectation

RISK_OF: Final = {"term": "in any period of the term", "period": "in the period where it is largest"}


def follows_one_amount(plan: Plan) -> bool:
    """Whether one amount says what every contract year commits: all alike, or by weights that are given."""
    contract = plan.inputs.contract
    fixed = contract.commits_usd_per_year
    is_along = fixed is None or contract.offer_at(fixed[0]) == contract.offer_of(fixed)
    return contract.ramp != "free" and is_along


def commit_on_axis(plan: Plan, offer: Offer) -> float:
    """Where an offer stands on the axis of commitments, USD a year: contract year 1's, or the average of the term
    where years do not follow from the first."""
    if follows_one_amount(plan):
        return offer.commit_usd_per_year
    fractions = plan.inputs.contract.year_fractions
    commits = offer.commits_usd_per_year(len(fractions))
    return sum(commit * share for commit, share in zip(commits, fractions, strict=True)) / sum(fractions)


def commit_title(plan: Plan) -> str:
    """The axis of commitments in words."""
    if not follows_one_amount(plan):
        return "commitment (USD a year, mean of term)"
    return "commitment (USD a year)" if plan.inputs.contract.ramp == "flat" else "commitment of year 1 (USD)"


def cost_title(plan: Plan) -> str:
    """The axis of expected cost in words; the money is the one that the decision counts in."""
    return "expected present value (USD, term)" if counts_present_value(plan) else "expected cost (USD, term)"


def counts_present_value(plan: Plan) -> bool:
    """Whether the decision counts dollars at their present value."""
    inputs = plan.inputs
    return inputs.decision.money == "npv" and inputs.contract.payment.cost_of_capital_per_year > 0


def limited_chance(plan: Plan, value: Expectation) -> float:
    """The shortfall probability that the decision limits."""
    return value.limited_probability(plan.inputs.decision.shortfall_limit_per)
