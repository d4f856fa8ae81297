"""What to learn first: what knowing each uncertain input of a plan before signing is worth, from its own paths."""

import re
from dataclasses import dataclass
from typing import Final

from planner.distributions import Chance
from planner.negotiation.choice import scenario_shares, signing_choice
from planner.negotiation.evppi import FEWEST_PATHS, Knowing, Uncertain, value_of_information
from planner.negotiation.resolving import LEAVER, Resolution, resolution
from planner.offer import Offer
from planner.plan import Plan
from planner.prepared import Progress
from planner.risk import Estimate
from planner.streams import REPLICATES
from planner.units import FloatArray

_NOTHING: Final = Estimate(mean=0.0, se=0.0)
_EXTREMES: Final = (0.0, 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """One uncertain input: what knowing it before signing is worth, USD over the term.

    value: 0 where the paths cannot tell it from nothing; fitted: as it came out, which noise can take below 0.
    at_low, at_high: what would be signed at the input's P10 and P90; where something happens or not, if it does not
    and if it does (for who may leave, at once).
    """

    name: str
    value: Estimate
    fitted: Estimate
    at_low: Offer
    at_high: Offer
    resolution: Resolution


@dataclass(frozen=True, slots=True, kw_only=True)
class Learning:
    """All uncertain inputs by what knowing them is worth, the most first.

    signed: the best offer while nothing is known, on the paths that were used. perfect: what knowing everything is
    worth. limit_price_usd: what a shortfall counts beyond its cost under the offers that the limit forbids. offers: how
    many there were to choose from, 1 where the contract fixes what is signed.
    """

    lessons: tuple[Lesson, ...]
    signed: Offer
    perfect: Estimate
    limit_price_usd: float
    paths: int
    offers: int
    warnings: tuple[str, ...] = ()


def what_to_learn(plan: Plan, progress: Progress | None = None) -> Learning:
    """What knowing each uncertain input before signing is worth, and what would resolve it.

    On the paths whose inputs are kept, the first 32,768, in whole rounds of the replicates. progress(step, fraction) is
    called while it works.
    """
    scores = {key: score for name in scenario_shares(plan) for key, score in plan.spend[name].scores.items()}
    paths = min((score.size for score in scores.values()), default=0)
    paths -= paths % REPLICATES
    if plan.inputs.contract.commits_usd_per_year is not None:
        return _of_no_use(plan, sorted(scores), paths)
    if paths < FEWEST_PATHS:
        few = f"{paths:,} paths cannot tell what information is worth: take {FEWEST_PATHS:,} or more"
        return _of_no_use(plan, [], paths, few if scores else "No input of this plan is uncertain")
    report = None if progress is None else lambda done: progress("settling offers", done)
    choice = signing_choice(plan, paths, report)
    found = value_of_information(choice.losses_usd, {key: _uncertain(plan, key, scores[key]) for key in sorted(scores)})
    lessons = [_lesson(plan, key, knowing, choice.offers) for key, knowing in found.inputs.items()]
    return Learning(
        lessons=tuple(sorted(lessons, key=lambda one: (-one.value.mean, -one.fitted.mean, one.name))),
        signed=choice.offers[found.chosen],
        perfect=found.perfect,
        limit_price_usd=choice.limit_price_usd,
        paths=paths,
        offers=len(choice.offers),
        warnings=_warnings(plan),
    )


def _of_no_use(plan: Plan, names: list[str], paths: int, *warnings: str) -> Learning:
    """Where there is nothing to decide, or nothing to tell."""
    signed = plan.recommendation.offer
    nothing = Knowing(value=_NOTHING, fitted=_NOTHING, at_low=0, at_high=0)
    return Learning(
        lessons=tuple(_lesson(plan, name, nothing, (signed,)) for name in names),
        signed=signed,
        perfect=_NOTHING,
        limit_price_usd=0.0,
        paths=paths,
        offers=1,
        warnings=warnings,
    )


def _lesson(plan: Plan, name: str, knowing: Knowing, offers: tuple[Offer, ...]) -> Lesson:
    return Lesson(
        name=name,
        value=knowing.value,
        fitted=knowing.fitted,
        at_low=offers[knowing.at_low],
        at_high=offers[knowing.at_high],
        resolution=resolution(plan.prepared, scenario_shares(plan), name),
    )


def _uncertain(plan: Plan, name: str, score: FloatArray) -> Uncertain:
    """What happens or not has two values: it happens above one less its probability."""
    chance = _chance(plan, name)
    if 0.0 < chance < 1.0:
        return Uncertain(score=score, cuts=(1.0 - chance,), ends=_EXTREMES)
    return Uncertain(score=score, ends=_EXTREMES) if name == LEAVER else Uncertain(score=score)


def _chance(plan: Plan, name: str) -> float:
    """The probability of what happens or not; 0 for an input of another kind."""
    if event := re.fullmatch(r"event (\d+) .* happens", name):
        return plan.prepared.demand.events[int(event[1])].probability
    found = (costs.inputs.get(name) for costs in plan.prepared.scenario_costs)
    return next((one.probability for one in found if isinstance(one, Chance)), 0.0)


def _warnings(plan: Plan) -> tuple[str, ...]:
    if plan.inputs.decision.objective != "minimax_regret":
        return ()
    return (
        "A largest regret over scenarios is no mean over paths: what information is worth is told for expected cost in "
        f"'{plan.inputs.decision.scenario}'",
    )
