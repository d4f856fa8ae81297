"""What has to be known of the decision itself: the limit that binds, rights left unused, balances left over."""

from collections.abc import Iterator
from typing import Final

from planner.contract import Contract
from planner.inputs import PlanInputs
from planner.objectives import ConstraintNote
from planner.offer import Offer
from planner.outcome import OfferOutcome
from planner.risk import Estimate
from planner.term_use import TermUse
from planner.words import percent, usd_rounded_down, usd_short

_WORTH_SAYING: Final = 0.001
"""Share of the expected cost above which a balance left over is mentioned."""


def decision_caveats(
    inputs: PlanInputs,
    *,
    asked: Contract,
    constraint: ConstraintNote,
    recommendation: OfferOutcome,
    use: TermUse,
    sign_first_cost: Estimate,
) -> tuple[str, ...]:
    """Warnings of a decision, the most consequential first.

    asked: the contract before its rights were weighed. use: of the scenario decided on.
    """
    return (
        *limit_sentences(inputs, constraint),
        *_rights(asked, inputs.contract),
        *_left_over(inputs.contract, recommendation),
        *_nothing_to_draw(inputs.contract, use),
        *_bought_for_its_overage(recommendation),
        *_signed_first(sign_first_cost),
    )


def limit_sentences(inputs: PlanInputs, constraint: ConstraintNote) -> Iterator[str]:
    """What the limit on the shortfall probability does to the choice, where it does anything."""
    alpha, of_what = percent(inputs.decision.max_shortfall_probability), _of_what(inputs, constraint)
    if not constraint.is_met:
        yield (
            f"The commitment that contract.commit_usd_per_year fixes does not meet the limit of {alpha} on the "
            f"shortfall probability{of_what}."
        )
    elif constraint.binds and inputs.contract.commits_usd_per_year is None:
        yield (
            f"The limit of {alpha} on the shortfall probability{of_what} binds: without it {_best(inputs)} "
            f"would be {_a_year(constraint.unconstrained)} and save {usd_short(constraint.relaxing_saves_usd)} "
            f"more{_of_what_is_saved(inputs)}.{_between(constraint)}"
        )
    if constraint.band_depends:
        yield (
            "The choice of discount band depends on that error: another seed could choose the neighbouring band. "
            "Raise plan.paths, or compare both bands."
        )


def _best(inputs: PlanInputs) -> str:
    return "the cheapest commitment" if inputs.decision.objective == "expected_cost" else "the best commitment"


def _of_what_is_saved(inputs: PlanInputs) -> str:
    """In which measure, where it is not the expected cost."""
    names = {
        "mean_cvar": "mean cost and weighted CVaR",
        "minimax_regret": "largest regret",
        "weighted": "weighted cost",
    }
    name = names.get(inputs.decision.objective)
    return f" of {name}" if name else ""


def _of_what(inputs: PlanInputs, constraint: ConstraintNote) -> str:
    """Which period a limit is about, where it is not the term's only one."""
    if len(inputs.contract.periods) == 1:
        return ""
    if inputs.decision.shortfall_limit_per == "period":
        return f" of each period (likeliest in {constraint.limits})"
    return f" in {constraint.limits}"


def _between(constraint: ConstraintNote) -> str:
    low, high = constraint.commit_low_usd_per_year, constraint.commit_high_usd_per_year
    if low is None or high is None:
        return ""
    return (
        f" Commitments at the chosen discount reach the limit between {usd_rounded_down(low)} and "
        f"{usd_rounded_down(high)} a year (95% of Monte Carlo error)."
    )


def _a_year(offer: Offer) -> str:
    years = (offer, *offer.later)
    commits = ", ".join(usd_rounded_down(year.commit_usd_per_year) for year in years)
    return f"{commits} a year" if offer.is_flat else f"{commits} in contract years 1 to {len(years)}"


def _rights(asked: Contract, used: Contract) -> Iterator[str]:
    rights = {
        "to reduce the commitment at an anniversary": (asked.reduction, used.reduction),
        "to renew early": (asked.early_renewal, used.early_renewal),
    }
    for name, (before, after) in rights.items():
        if before is not None and after is not None and before.exercised and not after.exercised:
            yield f"The right {name} is left unused: used by its rule (docs/method.md, Settle) it would cost more."


def _left_over(contract: Contract, recommendation: OfferOutcome) -> Iterator[str]:
    banked = recommendation.ledger[-1].banked_usd
    if contract.renewal.bank_value_fraction == 0 and banked > _WORTH_SAYING * recommendation.expected_cost.mean:
        yield (
            f"On average {usd_short(banked)} is still banked when the term ends and counts as lost: what a renewal "
            "would make of it is not known. Give contract.renewal.bank_value_fraction if you expect to renew."
        )


def _nothing_to_draw(contract: Contract, use: TermUse) -> Iterator[str]:
    """Terms that no traffic of the plan meets: nothing of it is silently zero."""
    if not use.list_usd.any() and use.outside_total_usd.any():
        yield (
            "Nothing of this plan's spend can draw a commitment down: all of it is outside contract.eligible or "
            "contract.eligible_fraction. Check the names there before you decide against a commitment."
        )
    quoted = {tier for band in contract.bands for tier, _ in band.by_tier}
    used = {account.tier for account in use.accounts if account.current.any()}
    if unused := sorted(quoted - used):
        yield f"contract.band.discount_by_tier quotes {', '.join(unused)}, and no eligible traffic is on that tier."


def _bought_for_its_overage(recommendation: OfferOutcome) -> Iterator[str]:
    offer = recommendation.offer
    if not offer.is_none and offer.overage_discount_fraction > offer.discount_fraction:
        yield (
            f"Use beyond the commitment is cheaper ({percent(offer.overage_discount_fraction)} off) than use within it "
            f"({percent(offer.discount_fraction)} off), so the smallest commitment that earns that is the best: check "
            "contract.overage."
        )


def _signed_first(cost: Estimate) -> Iterator[str]:
    if cost.mean < -3 * cost.se:
        yield (
            "Signing first comes out cheaper than the recommendation because the recommendation respects the limit "
            "on the shortfall probability and the hasty commitment, lived after routing, does not."
        )
