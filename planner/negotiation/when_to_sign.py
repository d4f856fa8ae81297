"""When to sign: a commitment now, or after routing to cheaper models works.

Every strategy is lived in the scenario that the plan decides on, over the months of the plan's term and on the same
paths (docs/method.md, "When to sign").
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from math import nan
from typing import Final

import numpy as np

from planner.commit import commit_sample
from planner.contract import Contract
from planner.errors import InputError
from planner.inputs import Decision
from planner.negotiation.lived import Lived
from planner.negotiation.measure import measured_usd
from planner.negotiation.strategies import (
    KeptPlan,
    SignedLater,
    Strategy,
    StrategyName,
    kept_plan,
    signed_in,
    signed_now,
)
from planner.offer import NO_COMMITMENT, Offer
from planner.plan import Plan
from planner.risk import Estimate, RangedEstimate, estimate, probability, ranged
from planner.settlement import settle
from planner.units import HALF_CENT_USD, FloatArray

Measure = Callable[[Mapping[str, FloatArray]], FloatArray]
"""Of what a strategy pays in every scenario: a figure per path whose mean is what the decision minimises."""

USUAL_MONTHS: Final = (3, 6, 9, 12)
"""Months in which signing is looked at unless others are asked for: those below the term."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningChoice:
    """A way to sign. USD over the plan's term unless the name says otherwise.

    commit_usd_per_year: of the contract that runs to the end of the term, in its first contract year, over paths.
    unsigned_fraction: share of the paths on which that contract is none. short: what is signed now until sign_month.
    difference: expected cost less that of signing now, in the decision's money. measure_usd: what the decision
    minimises; measure_difference: less that of signing now. meets_limit: whether the shortfall probability that the
    decision limits is within the limit, as far as two standard errors tell. on_demand_usd: billed at list before
    sign_month. regret: paid less the least that the path could have paid in any of the ways compared.
    discount_forgone: what signing now saves below list before sign_month, less what this way saves there; won_back: the
    part of it that is not lost in the end, discount_forgone less the difference of what is billed.
    """

    strategy: StrategyName
    sign_month: int
    commit_usd_per_year: RangedEstimate
    unsigned_fraction: float
    short: Offer | None
    expected_cost: Estimate
    npv_cost: Estimate
    difference: Estimate
    measure_usd: float
    measure_difference: Estimate
    shortfall_probability: Estimate
    meets_limit: bool
    expected_shortfall: Estimate
    expected_overage: Estimate
    on_demand_usd: float
    regret: Estimate
    discount_forgone: Estimate
    won_back: Estimate
    effective_savings_rate: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningChoices:
    """The ways to sign side by side: before routing, now, and for each month the two later ones.

    best: by the decision's measure, among those that meet the limit. n_paths: compared on; plan_paths: of the plan.
    groups: (month of signing, groups of paths that have looked alike by then).
    """

    choices: tuple[SigningChoice, ...]
    best: SigningChoice
    n_paths: int
    plan_paths: int
    groups: tuple[tuple[int, int], ...]

    @property
    def now(self) -> SigningChoice:
        """Signing now, sized on the routed run rate: what the plan recommends."""
        return self.of("sign_now", 0)

    @property
    def months(self) -> tuple[int, ...]:
        """The later months of signing."""
        return tuple(month for month, _ in self.groups)

    def of(self, strategy: StrategyName, month: int) -> SigningChoice:
        """The choice of a strategy and its month of signing."""
        return next(one for one in self.choices if (one.strategy, one.sign_month) == (strategy, month))


def when_to_sign(
    plan: Plan, months: Sequence[int] | None = None, progress: Callable[[float], None] | None = None
) -> SigningChoices:
    """The ways to sign side by side. months: of later signing, after the start; by default 3, 6, 9 and 12 of the term.

    progress, if given, is called with the fraction done. Errors: InputError for a month outside the term, a contract in
    force, or too few paths.
    """
    contract = plan.inputs.contract
    asked = sign_months(contract, months)
    kept = kept_plan(plan)
    now = signed_now(kept, "sign_now", plan.recommendation.offer)
    strategies = [signed_now(kept, "sign_now_unrouted", plan.sign_first.signed.offer), now]
    later = [signed_in(kept, month, _part_of(progress, number, len(asked))) for number, month in enumerate(asked)]
    strategies += [strategy for one in later for strategy in (one.route_first, one.short_then_sign)]
    least = least_in_any_way_usd(kept, strategies, later)
    measure = _measure(kept)
    choices = tuple(_choice(kept, one, now=now, measure=measure, least_usd=least) for one in strategies)
    return SigningChoices(
        choices=choices,
        best=_best(choices, is_fixed=contract.commits_usd_per_year is not None),
        n_paths=kept.n_paths,
        plan_paths=plan.n_paths,
        groups=tuple((month, one.groups) for month, one in zip(asked, later, strict=True)),
    )


def least_in_any_way_usd(kept: KeptPlan, strategies: Sequence[Strategy], later: Sequence[SignedLater]) -> FloatArray:
    """The least that each path could have paid by signing now, or in any of the later months, (n_paths,).

    Perfect foresight is a search and may miss the least by a little, so what the strategies paid themselves counts too.
    """
    paid = [strategy.lived[kept.decided].paid_usd for strategy in strategies]
    return np.min([kept.least_usd, *(one.least_usd for one in later), *paid], axis=0)


def sign_months(contract: Contract, months: Sequence[int] | None = None) -> tuple[int, ...]:
    """The months of later signing, each once and in order.

    Errors: InputError for a contract in force, a term that no month lies inside, or a month outside 1 .. term - 1.
    """
    term = contract.term_months
    if contract.in_force is not None:
        raise InputError(
            "contract.in_force: when to sign is not worked out beside a contract in force, whose end fixes when the "
            "next one begins; in a copy of the plan, take [contract.in_force] out and set plan.start to the day it ends"
        )
    if term == 1:
        raise InputError(
            "contract.term_months = 1 leaves no later month to sign in; `planner plan` says what to sign now"
        )
    for month in months or ():
        if not 1 <= month < term:
            raise InputError(
                f"--month {month}: the contract runs over {term} months from the start; give a later month to sign in, "
                f"from 1 to {term - 1}"
            )
    usual = tuple(month for month in USUAL_MONTHS if month < term) or (term - 1,)
    return tuple(sorted(set(months))) if months else usual


def _part_of(progress: Callable[[float], None] | None, number: int, count: int) -> Callable[[float], None] | None:
    return None if progress is None else lambda done: progress((number + done) / count)


def _choice(
    kept: KeptPlan, strategy: Strategy, *, now: Strategy, measure: Measure, least_usd: FloatArray
) -> SigningChoice:
    """A strategy with its figures. least_usd: the least that each path could have paid, (n_paths,)."""
    decision, decided = kept.plan.inputs.decision, kept.decided
    one, against = strategy.lived[decided], now.lived[decided]
    paid, paid_now = (
        {name: lived.paid_in(decision.money) for name, lived in each.lived.items()} for each in (strategy, now)
    )
    listed = float(kept.uses[decided].on_demand_usd.mean())
    return SigningChoice(
        strategy=strategy.name,
        sign_month=strategy.sign_month,
        commit_usd_per_year=ranged(strategy.commits_usd_per_year),
        unsigned_fraction=float(strategy.is_unsigned.mean()),
        short=strategy.short,
        expected_cost=estimate(one.paid_usd),
        npv_cost=estimate(one.npv_paid_usd),
        difference=estimate(paid[decided] - paid_now[decided]),
        measure_usd=float(measure(paid).mean()),
        measure_difference=estimate(measure(paid) - measure(paid_now)),
        shortfall_probability=probability(one.is_short),
        meets_limit=_meets_limit(decision, one),
        expected_shortfall=estimate(one.shortfall_usd.sum(axis=0)),
        expected_overage=estimate(one.overage_usd),
        on_demand_usd=float(one.on_demand_paid_usd.mean()),
        regret=estimate(one.paid_usd - least_usd),
        discount_forgone=estimate(strategy.discount_forgone_usd),
        won_back=estimate(strategy.discount_forgone_usd - (one.paid_usd - against.paid_usd)),
        effective_savings_rate=1.0 - float(one.paid_usd.mean()) / listed if listed > 0 else nan,
    )


def _measure(kept: KeptPlan) -> Measure:
    """The decision's measure on the kept paths."""
    decision, contract, decided = kept.plan.inputs.decision, kept.plan.inputs.contract, kept.decided
    listed, least = kept.uses[decided].on_demand_usd, {}
    if decision.money == "npv":
        listed = settle(contract, NO_COMMITMENT, kept.uses[decided]).npv_paid_usd
    if decision.objective == "minimax_regret":
        samples = {name: commit_sample(contract, use, money=decision.money) for name, use in kept.uses.items()}
        least = {name: sample.best().expected_cost_usd for name, sample in samples.items()}
    return partial(measured_usd, decision, listed_usd=listed, least_usd=least)


def _meets_limit(decision: Decision, one: Lived) -> bool:
    """Two standard errors above the limit still meet it: groups are judged on other paths than sized them."""
    chances = [probability(one.is_short)]
    if decision.shortfall_limit_per == "period":
        chances = [probability(short > HALF_CENT_USD) for short in one.shortfall_usd]
    return all(chance.mean <= decision.max_shortfall_probability + 2.0 * chance.se for chance in chances)


def _best(choices: Sequence[SigningChoice], *, is_fixed: bool) -> SigningChoice:
    """The least by the decision's measure; signing now where nothing is better by more than half a cent.

    is_fixed: whether the contract fixes the commitment, which then stands whatever the limit says.
    """
    best = next(choice for choice in choices if choice.strategy == "sign_now")
    for choice in choices:
        if (choice.meets_limit or is_fixed) and choice.measure_usd < best.measure_usd - HALF_CENT_USD:
            best = choice
    return best
