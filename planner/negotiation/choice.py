"""The choice of what to sign, as a table: offers that a buyer would look at, and what each loses on every path.

The offers: the recommendation, none, the ends of every band up to the largest use, and commitments that quantiles of
annual use would just use up; all along the contract's ramp, or along the recommendation's where every year is free.

What an offer loses is what the decision counts: dollars paid over the term, nominal or at present value. Under
mean_cvar the weighted excess over the recommendation's value at risk comes on top, which is held fixed, so that losses
add up over paths (Rockafellar and Uryasev 2002); under weighted the loss is the mean over scenarios. A largest regret
is no mean over paths: under minimax_regret expected cost takes its place.

The limit on the chance of a shortfall becomes a price of shortfalls under the offers that it forbids as things stand
(planner.negotiation.evppi.limit_price). So the recommendation is best while nothing is known, and information is never
worth less than nothing. Where no shortfall at all is allowed, what is forbidden is left out.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from planner.clauses import IN_ARREARS
from planner.contract import Contract
from planner.inputs import Decision
from planner.negotiation.evppi import limit_price
from planner.offer import NO_COMMITMENT, Offer
from planner.plan import Plan
from planner.settlement import Settlement, settle
from planner.sizing.commit_search import Ray
from planner.term_use import TermUse
from planner.units import HALF_CENT_USD, BoolArray, FloatArray

_QUANTILES: Final = 160
_ROUNDING: Final = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningChoice:
    """The offers, the recommendation first, and what each loses on every path, (n_offers, n_paths), USD.

    limit_price_usd: what a shortfall counts, in the losses of the offers that the limit forbids.
    """

    offers: tuple[Offer, ...]
    losses_usd: FloatArray
    limit_price_usd: float


def scenario_shares(plan: Plan) -> dict[str, float]:
    """How much each scenario counts in what is lost, adding up to 1; the one decided on is first, perhaps with 0."""
    decision = plan.inputs.decision
    weights = dict(decision.scenario_weights) if decision.objective == "weighted" else {}
    total = sum(weights.values())
    shares = {name: weight / total for name, weight in weights.items() if weight > 0}
    return {decision.scenario: 0.0, **shares} if shares else {decision.scenario: 1.0}


def signing_choice(plan: Plan, n_paths: int, report: Callable[[float], None] | None = None) -> SigningChoice:
    """The choice of a plan on its first paths. report is called with the fraction done."""
    decision, contract = plan.inputs.decision, plan.inputs.contract
    if decision.money == "nominal":
        contract = replace(contract, payment=IN_ARREARS)  # when it is paid does not matter
    shares = scenario_shares(plan)
    uses = {name: plan.uses[name].on(np.arange(n_paths)) for name in shares}
    offers = _offers(contract, plan.recommendation.offer, list(uses.values()))
    loss = _loss(decision, contract, offers[0], uses[decision.scenario])
    losses, short = np.zeros((len(offers), n_paths)), np.zeros((len(offers), n_paths), dtype=np.bool_)
    for i, offer in enumerate(offers):
        settled = {name: settle(contract, offer, use) for name, use in uses.items()}
        losses[i] = sum(share * loss(settled[name]) for name, share in shares.items())
        short[i] = _falls_short(decision, settled[decision.scenario])
        if report is not None:
            report((i + 1) / len(offers))
    chances = short.mean(axis=1)
    limit = max(decision.max_shortfall_probability, float(chances[0]))
    allowed = (chances <= limit + _ROUNDING) | np.array([offer.is_none for offer in offers])
    if limit == 0.0:
        kept = tuple(offer for offer, is_allowed in zip(offers, allowed, strict=True) if is_allowed)
        return SigningChoice(offers=kept, losses_usd=losses[allowed], limit_price_usd=0.0)
    price = limit_price(losses.mean(axis=1), allowed, limit)
    losses[~allowed] += price * short[~allowed]
    return SigningChoice(offers=offers, losses_usd=losses, limit_price_usd=price)


def _offers(contract: Contract, recommended: Offer, uses: list[TermUse]) -> tuple[Offer, ...]:
    """The recommendation, none, and on each range of a ray its ends and quantiles of use, each once."""
    ray = Ray(contract=contract, weights=_weights(contract, recommended))
    rates = [
        drawn / (period.year_fraction * ray.weights[period.year])
        for use in uses
        for period, drawn in zip(use.periods, use.drawn_usd, strict=True)
        if period.year_fraction * ray.weights[period.year] > 0
    ]
    levels = np.quantile(np.concatenate(rates), (np.arange(_QUANTILES) + 0.5) / _QUANTILES)
    found = [recommended, NO_COMMITMENT]
    for low, high in ray.ranges(uses):
        kept = 1.0 if contract.drawdown == "list" else 1.0 - ray.offer(low).discount_fraction
        found += [ray.offer(float(commit)) for commit in (low, *(q for q in kept * levels if low < q < high), high)]
    return tuple(dict.fromkeys(found))


def _weights(contract: Contract, recommended: Offer) -> tuple[float, ...]:
    """Every contract year's commitment relative to the largest."""
    commits = recommended.commits_usd_per_year(contract.n_years)
    if contract.ramp != "free" or max(commits) == 0:
        return contract.ramp_shape
    return tuple(commit / max(commits) for commit in commits)


def _loss(
    decision: Decision, contract: Contract, recommended: Offer, use: TermUse
) -> Callable[[Settlement], FloatArray]:
    """What is lost on every path of a settlement, USD."""

    def paid(settled: Settlement) -> FloatArray:
        return settled.npv_paid_usd if decision.money == "npv" else settled.paid_usd

    if decision.objective != "mean_cvar":
        return paid
    none = settle(contract, NO_COMMITMENT, use)
    listed = none.npv_paid_usd if decision.money == "npv" else none.on_demand_usd
    beside = listed if decision.cvar_loss == "regret" else np.zeros(1)
    at_risk = np.quantile(paid(settle(contract, recommended, use)) - beside, decision.cvar_level, method="inverted_cdf")
    weight = decision.cvar_weight / (1.0 - decision.cvar_level)

    def with_tail(settled: Settlement) -> FloatArray:
        found: FloatArray = paid(settled) + weight * np.maximum(paid(settled) - beside - at_risk, 0.0)
        return found

    return with_tail


def _falls_short(decision: Decision, settled: Settlement) -> BoolArray:
    """Whether what the limit limits happens on each path: a shortfall in any period, or in the likeliest one."""
    short = settled.shortfall_usd > HALF_CENT_USD
    if decision.shortfall_limit_per == "term":
        return np.logical_or.reduce(short, axis=0)
    likeliest: BoolArray = short[int(np.argmax(short.mean(axis=1)))]
    return likeliest
