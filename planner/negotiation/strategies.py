"""The ways to sign, lived on the same paths over the plan's term: now, later, or short now and again later."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from planner.foresight import least_paid_usd
from planner.negotiation.known_by_then import seen_usd
from planner.negotiation.lived import Lived, lived, lived_by_group, on_demand, saved_before_usd
from planner.negotiation.part_of_term import part_of_term
from planner.negotiation.sized_later import groups_for, sized, sized_by_group
from planner.offer import Offer
from planner.plan import Plan
from planner.simulation import SpendPaths
from planner.term_use import TermUse
from planner.units import BoolArray, FloatArray

StrategyName = Literal["sign_now_unrouted", "sign_now", "route_first", "short_then_sign"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Strategy:
    """A way to sign on every path.

    sign_month: when the contract that runs to the end of the term is signed. commits_usd_per_year: its commitment in
    its first contract year, (n_paths,); is_unsigned: where that contract is none. short: what is signed now until
    then. lived: by scenario, all that the decision looks at. discount_forgone_usd: what signing now saves below list
    before sign_month, less what this does, (n_paths,).
    """

    name: StrategyName
    sign_month: int
    commits_usd_per_year: FloatArray
    is_unsigned: BoolArray
    short: Offer | None
    lived: Mapping[str, Lived]
    discount_forgone_usd: FloatArray


@dataclass(frozen=True, kw_only=True)
class KeptPlan:
    """A plan on the paths of which every month is kept. spend, uses: the scenarios that the decision looks at."""

    plan: Plan
    spend: Mapping[str, SpendPaths]
    uses: Mapping[str, TermUse]

    @property
    def decided(self) -> str:
        """The scenario in which every strategy is lived."""
        return self.plan.inputs.decision.scenario

    @property
    def n_paths(self) -> int:
        """Paths on which strategies are compared."""
        return self.uses[self.decided].n_paths

    @property
    def least_usd(self) -> FloatArray:
        """The least that each path could have paid with one commitment over the whole term, (n_paths,)."""
        return self.plan.outcomes.least_paid[self.decided][: self.n_paths]


def kept_plan(plan: Plan) -> KeptPlan:
    """The part of a plan on which strategies are compared: all paths, or the first of many."""
    decision = plan.inputs.decision
    looks_at_all = decision.objective in ("minimax_regret", "weighted")
    names = list(plan.spend) if looks_at_all else [decision.scenario]
    kept = np.arange(plan.spend[decision.scenario].list_cost_usd.shape[1])
    return KeptPlan(
        plan=plan,
        spend={name: replace(plan.spend[name], sums={}) for name in names},
        uses={name: plan.uses[name] if kept.size == plan.n_paths else plan.uses[name].on(kept) for name in names},
    )


def signed_now(kept: KeptPlan, name: StrategyName, offer: Offer) -> Strategy:
    """An offer signed at the start of the term."""
    contract = kept.plan.inputs.contract
    return Strategy(
        name=name,
        sign_month=0,
        commits_usd_per_year=np.full(kept.n_paths, offer.commit_usd_per_year),
        is_unsigned=np.full(kept.n_paths, offer.is_none),
        short=None,
        lived={scenario: lived(contract, offer, use) for scenario, use in kept.uses.items()},
        discount_forgone_usd=np.zeros(kept.n_paths),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedLater:
    """Both ways to sign for the rest of the term in a month, and the least that each path could have paid so."""

    route_first: Strategy
    short_then_sign: Strategy
    least_usd: FloatArray
    groups: int


def signed_in(kept: KeptPlan, month: int, progress: Callable[[float], None] | None = None) -> SignedLater:
    """Route first and sign in a month, or sign a short contract until then: the rest of the term is signed alike."""
    inputs, decided = kept.plan.inputs, kept.decided
    contract, decision = inputs.contract, inputs.decision
    begun = part_of_term(contract, kept.spend, 0, month)
    rest = part_of_term(contract, kept.spend, month, contract.term_months)
    groups = groups_for(decision, rest, seen_usd(kept.spend[decided], month))
    signed = sized_by_group(decision, rest, groups, progress)
    short_contract, short = sized(decision, begun.contract, begun.uses)
    commits, is_unsigned = np.zeros(kept.n_paths), np.zeros(kept.n_paths, dtype=np.bool_)
    for group in signed:
        commits[group.paths], is_unsigned[group.paths] = group.offer.commit_usd_per_year, group.offer.is_none
    then = {name: lived_by_group(rest, signed, name) for name in kept.uses}
    listed = {name: on_demand(begun, name) for name in kept.uses}
    covered = {name: lived(short_contract, short, use) for name, use in begun.uses.items()}
    saved = saved_before_usd(contract, kept.plan.recommendation.offer, begun, decided)
    waited = Strategy(
        name="route_first",
        sign_month=month,
        commits_usd_per_year=commits,
        is_unsigned=is_unsigned,
        short=None,
        lived={name: listed[name].then(then[name]) for name in kept.uses},
        discount_forgone_usd=saved,
    )
    bridged = replace(
        waited,
        name="short_then_sign",
        short=short,
        lived={name: covered[name].then(then[name]) for name in kept.uses},
        discount_forgone_usd=saved - (listed[decided].paid_usd - covered[decided].paid_usd),
    )
    least = [least_paid_usd(part.contract, part.uses[decided]) for part in (begun, rest)]
    return SignedLater(
        route_first=waited, short_then_sign=bridged, least_usd=least[0] + least[1], groups=len(groups) // 2
    )
