"""Business units in sentences: what pooling saves and why, the fair split, and whether a group would leave it."""

from collections.abc import Sequence
from math import isfinite
from typing import Final

from planner.business_units.result import Pooling, UnitShare
from planner.inputs import Decision
from planner.offer import Offer
from planner.plan import Plan
from planner.risk import Estimate
from planner.words import percent, usd, usd_estimate, usd_rounded_down, usd_short

LEAST_USD: Final = 0.5
"""What rounds to no dollars is neither a saving nor a cost."""


def units_sentences(plan: Plan, found: Pooling) -> list[str]:
    """What pooling saves and why, the fair split, and whether anyone would leave it."""
    return [
        _value_sentence(plan, found),
        *_source_sentences(found),
        _risk_sentence(found),
        _split_sentence(found),
        *_commitment_sentences(found),
        _core_sentence(found),
    ]


def cost_words(decision: Decision) -> str:
    """The cost that is split, in words."""
    value = " at present value" if decision.money == "npv" else ""
    if decision.objective == "mean_cvar":
        of = "cost" if decision.cvar_loss == "cost" else "regret"
        return f"mean cost + {decision.cvar_weight:g} x CVaR of {of}{value}"
    return f"{'weighted ' if decision.objective == 'weighted' else ''}expected cost{value}"


def _value_sentence(plan: Plan, found: Pooling) -> str:
    value, n = found.value, len(found.units)
    sums = f"{usd_short(found.pooled.cost.mean)} instead of {usd_short(found.separate.cost.mean)}"
    if abs(value.mean) <= _noise(value):
        return f"One contract for all {n} units comes to the same as {n} contracts, within the error of the simulation."
    against = "against" if value.mean > 0 else "more than"
    return (
        f"Over {term_words(plan)} one contract for all {n} units {_saves(value)} {against} {n} contracts of their own: "
        f"{sums} ({cost_words(found.decision)})."
    )


def _source_sentences(found: Pooling) -> list[str]:
    band, spread = found.from_band, found.from_spreading
    if band is None or spread is None:
        return []
    own = sorted({unit.alone.offer.discount_fraction for unit in found.units})
    taken = percent(own[0]) if len(own) == 1 else f"{percent(own[0])} to {percent(own[-1])}"
    said = []
    if abs(band.mean) > _noise(band):
        said.append(
            f"The discount that the pool reaches, {percent(found.pooled.offer.discount_fraction)} where the units by "
            f"themselves take {taken}, {_saves(band)}."
        )
    if spread.mean > _noise(spread):
        said.append(f"Sharing {_saves(spread)}: what one unit leaves unused, another draws.")
    elif spread.mean < -_noise(spread):
        said.append(
            f"Sharing {_saves(spread)}: all together commit to that discount's threshold, or to less under their limit "
            "on a shortfall, where units with that discount could each choose for themselves."
        )
    return said


def _saves(value: Estimate) -> str:
    return f"saves {usd_estimate(value)}" if value.mean >= 0 else f"costs {usd_estimate(_minus(value))}"


def _risk_sentence(found: Pooling) -> str:
    return (
        f"The chance of a shortfall is {percent(found.pooled.shortfall_probability.mean)} with one contract "
        f"({usd_short(found.pooled.expected_shortfall.mean)} expected), and "
        f"{percent(found.separate.any_shortfall.mean)} in at least one of {len(found.units)} "
        f"({usd_short(found.separate.expected_shortfall.mean)})."
    )


def _split_sentence(found: Pooling) -> str:
    parts = [f"{unit.name} {usd_estimate(unit.cost)} ({_against_alone(unit.saving.mean)})" for unit in found.units]
    return f"A fair split: {_listed(parts)}."


def _against_alone(saving_usd: float) -> str:
    return f"saves {usd_short(saving_usd)}" if saving_usd > -LEAST_USD else f"{usd_short(-saving_usd)} more than alone"


def _commitment_sentences(found: Pooling) -> list[str]:
    offer = found.pooled.offer
    if offer.is_none:
        return ["Nothing is worth committing to, so that there is no commitment and no shortfall to split."]
    parts = [
        f"{unit.name} {usd_short(commit_usd(unit, offer))} ({percent(unit.commit_fraction.mean)})"
        for unit in found.units
        if unit.commit_fraction is not None
    ]
    return [f"Of the commitment of {usd_rounded_down(offer.commit_usd_per_year)} a year: {_listed(parts)}."]


def _core_sentence(found: Pooling) -> str:
    group, more = " + ".join(found.worst.units), found.worst_excess
    if more.mean <= _noise(more):
        beyond = " beyond the error of the simulation" if more.mean > LEAST_USD else ""
        return f"No group of units would do better with a contract of its own than this split asks of it{beyond}."
    said = f"{group} would pay {usd_estimate(more)} less with a contract of their own than this split asks of them. "
    if len(found.worst.units) == 1:
        said = f"{group} would pay {usd_estimate(more)} less with a contract of its own than this split asks of it. "
    if found.core_is_empty:
        return (
            f"{said}No other split keeps every group either: whatever it is, some group would save at least "
            f"{usd(found.least_core_usd)} by leaving."
        )
    return f"{said}The nearest split that no group would leave stands beside it."


def _listed(parts: Sequence[str]) -> str:
    return f"{', '.join(parts[:-1])} and {parts[-1]}"


def _noise(value: Estimate) -> float:
    return max(2 * value.se if isfinite(value.se) else 0.0, LEAST_USD)


def _minus(value: Estimate) -> Estimate:
    return Estimate(mean=-value.mean, se=value.se)


def term_words(plan: Plan) -> str:
    """The length of the contract."""
    return f"{plan.inputs.contract.term_months} months"


def commit_usd(unit: UnitShare, offer: Offer) -> float:
    """A unit's part of the commitment of contract year 1."""
    return 0.0 if unit.commit_fraction is None else unit.commit_fraction.mean * offer.commit_usd_per_year
