"""The recommendation: which commitment is best by the measure that the decision names.

All objectives respect the limit on P(shortfall) in the scenario decided on. Expected cost is minimised exactly where
each period's use settles a commitment (planner.sizing.plain_sample). Mean plus CVaR, the largest regret over scenarios
and a weighted mean over scenarios are convex wherever the cost of every path is, and are searched as the cost under
linked clauses is (planner.sizing.commit_search, planner.sizing.ramp_search): to half a cent where they are convex, else
to a good local best.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from planner.commit import CommitSample, commit_sample
from planner.contract import Contract
from planner.inputs import Decision
from planner.offer import NO_COMMITMENT, Offer
from planner.risk import cvar, quantile_interval
from planner.settlement import settle
from planner.sizing.commit_search import Problem, thinned
from planner.sizing.expectation import is_allowed
from planner.sizing.ledger_sample import LedgerSample, is_convex
from planner.sizing.plain_sample import PlainSample
from planner.sizing.ramp_search import best_offer
from planner.term_use import TermUse
from planner.units import HALF_CENT_USD

Objective = Callable[[Offer], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConstraintNote:
    """What the limit on P(shortfall) does to the choice.

    limits: the shortfall that the limit is about, in words: of any period of the term, or of the period where the
    chosen offer's is likeliest. is_met: whether the chosen offer meets it; only one that the contract fixes may not.
    binds: another commitment would be better by the decision's objective if the limit were lifted; unconstrained is
    that offer and relaxing_saves_usd what it would save of the objective. commit_low/high: where the limit puts the
    largest commitment of the chosen band, given the Monte Carlo error of its quantile; None where nothing is chosen or
    the limit is no quantile of use (clauses that link periods). band_depends: the ends of that interval choose
    different bands.
    """

    limits: str
    is_met: bool
    binds: bool
    unconstrained: Offer
    relaxing_saves_usd: float
    commit_low_usd_per_year: float | None
    commit_high_usd_per_year: float | None
    band_depends: bool


def recommend(
    decision: Decision,
    *,
    scenario: str,
    samples: Mapping[str, CommitSample],
    uses: Mapping[str, TermUse],
    least_usd: Mapping[str, float] | None = None,
) -> Offer:
    """The best offer for a scenario by the decision's objective; none where none is both allowed and better.

    samples: the scenarios that the decider sees, at least the one decided on. least_usd: what regret is measured from
    in each of them; the least expected cost under these terms unless given. Commitments that the contract fixes are
    returned as they are.
    """
    sample, alpha = samples[scenario], decision.max_shortfall_probability
    if decision.objective == "expected_cost" or sample.contract.commits_usd_per_year is not None:
        return sample.best(max_shortfall_probability=alpha, limit_per=decision.shortfall_limit_per).offer
    least = least_costs_usd(decision, samples) if least_usd is None else least_usd
    problem = _problem(decision, scenario, samples, uses, least)
    few = {} if problem.is_convex else {name: thin for name, use in uses.items() if (thin := thinned(use))}
    if samples.keys() <= few.keys():
        rough = {name: commit_sample(sample.contract, few[name], money=decision.money) for name in samples}
        problem = replace(problem, rough=_problem(decision, scenario, rough, few, least))
    return best_offer(problem)


def largest_regret_usd(samples: Mapping[str, CommitSample], offer: Offer) -> float:
    """Largest over scenarios of E[paid] minus the least expected cost that the scenario allows."""
    return _largest_regret(samples, _least_usd(samples))(offer)


def least_costs_usd(decision: Decision, samples: Mapping[str, CommitSample]) -> dict[str, float]:
    """What a largest regret is measured from: each scenario's least expected cost. Other objectives need none of it."""
    return _least_usd(samples) if decision.objective == "minimax_regret" else {}


def best_exercise(decision: Decision, contract: Contract, *, scenario: str, uses: Mapping[str, TermUse]) -> Contract:
    """The contract with its rights (reduction, early renewal) used or left alone, whichever is cheaper.

    Every way is sized by the decision's objective and limit. A right that saves nothing is used as the contract says.
    """
    ways = list(ways_to_exercise(contract))
    if len(ways) == 1:
        return contract
    samples = [_samples(decision, way, uses) for way in ways]
    each = [least_costs_usd(decision, some) for some in samples]
    least = {name: min(one[name] for one in each) for name in each[0]}
    costs = []
    for some in samples:
        offer = recommend(decision, scenario=scenario, samples=some, uses=uses)
        costs.append(_objective(decision, scenario=scenario, samples=some, uses=uses, least_usd=least)(offer))
    return ways[costs.index(next(usd for usd in costs if usd <= min(costs) + HALF_CENT_USD))]


def ways_to_exercise(contract: Contract) -> Iterator[Contract]:
    """The contract as it is, and with each of the rights that it uses left alone."""
    rights = (contract.reduction, contract.early_renewal)
    used = [(True, False) if right is not None and right.exercised else (False,) for right in rights]
    for reduces, renews in product(*used):
        reduction, early = contract.reduction, contract.early_renewal
        yield replace(
            contract,
            reduction=None if reduction is None else replace(reduction, exercised=reduces),
            early_renewal=None if early is None else replace(early, exercised=renews),
        )


def _samples(decision: Decision, contract: Contract, uses: Mapping[str, TermUse]) -> dict[str, CommitSample]:
    return {name: commit_sample(contract, use, money=decision.money) for name, use in uses.items()}


def _least_usd(samples: Mapping[str, CommitSample]) -> dict[str, float]:
    """The least expected cost of each scenario, without a limit."""
    return {name: sample.best().expected_cost_usd for name, sample in samples.items()}


# --- objectives ------------------------------------------------------------------------------------------------------


def _problem(
    decision: Decision,
    scenario: str,
    samples: Mapping[str, CommitSample],
    uses: Mapping[str, TermUse],
    least: Mapping[str, float],
) -> Problem:
    sample, per = samples[scenario], decision.shortfall_limit_per
    alpha = decision.max_shortfall_probability
    also: list[Offer] = []
    if isinstance(sample, PlainSample):
        also = sample.candidates(max_shortfall_probability=alpha, limit_per=per)
    return Problem(
        contract=sample.contract,
        uses=[uses[scenario], *(uses[name] for name in samples if name in uses and name != scenario)],
        cost=_objective(decision, scenario=scenario, samples=samples, uses=uses, least_usd=least),
        probability=lambda offer: sample.expect([offer])[0].limited_probability(per),
        max_probability=alpha,
        limit_per=per,
        is_convex=all(is_convex(sample.contract, uses[name]) for name in samples if name in uses),
        is_additive=decision.objective == "weighted",
        also=also,
    )


def _objective(
    decision: Decision,
    *,
    scenario: str,
    samples: Mapping[str, CommitSample],
    uses: Mapping[str, TermUse],
    least_usd: Mapping[str, float],
) -> Objective:
    """USD that the decision minimises, of an offer; the limit on the shortfall apart. least_usd: of least_costs_usd."""
    if decision.objective == "mean_cvar":
        return _mean_cvar(decision, samples[scenario], uses[scenario])
    if decision.objective == "minimax_regret":
        return _largest_regret(samples, least_usd)
    if decision.objective == "weighted":
        return _weighted(decision, scenario, samples)
    return lambda offer: samples[scenario].expect([offer])[0].expected_cost_usd


def _mean_cvar(decision: Decision, sample: CommitSample, use: TermUse) -> Objective:
    in_npv = isinstance(sample, LedgerSample) and sample.money == "npv"
    none = settle(sample.contract, NO_COMMITMENT, use)
    listed = none.npv_paid_usd if in_npv else none.on_demand_usd

    def value(offer: Offer) -> float:
        settled = settle(sample.contract, offer, use)
        paid = settled.npv_paid_usd if in_npv else settled.paid_usd
        loss = paid if decision.cvar_loss == "cost" else paid - listed
        return float(paid.mean()) + decision.cvar_weight * cvar(loss, decision.cvar_level)

    return value


def _largest_regret(samples: Mapping[str, CommitSample], least: Mapping[str, float]) -> Objective:
    def value(offer: Offer) -> float:
        return max(sample.expect([offer])[0].expected_cost_usd - least[name] for name, sample in samples.items())

    return value


def _weighted(decision: Decision, scenario: str, samples: Mapping[str, CommitSample]) -> Objective:
    """Over the scenarios that are seen; who sees none of those with a weight weighs the one decided on."""
    seen = [(name, weight) for name, weight in decision.scenario_weights if weight > 0 and name in samples]
    total = sum(weight for _, weight in seen)
    shares = [(samples[name], weight / total) for name, weight in seen] or [(samples[scenario], 1.0)]

    def value(offer: Offer) -> float:
        return sum(share * sample.expect([offer])[0].expected_cost_usd for sample, share in shares)

    return value


# --- the limit -------------------------------------------------------------------------------------------------------


def constraint_note(
    decision: Decision,
    *,
    scenario: str,
    samples: Mapping[str, CommitSample],
    uses: Mapping[str, TermUse],
    chosen: Offer,
) -> ConstraintNote:
    """Say whether the limit on P(shortfall) binds, and whether the choice of band hangs on its sampling error."""
    sample, per = samples[scenario], decision.shortfall_limit_per
    lifted = replace(decision, max_shortfall_probability=1.0)
    free = recommend(lifted, scenario=scenario, samples=samples, uses=uses)
    least = least_costs_usd(decision, samples)
    value = _objective(decision, scenario=scenario, samples=samples, uses=uses, least_usd=least)
    saved = value(chosen) - value(free)
    binds = saved > HALF_CENT_USD
    low, high, depends = None, None, False
    if isinstance(sample, PlainSample) and not chosen.is_none:
        low, high, depends = _quantile_commits(decision, sample, chosen)
    return ConstraintNote(
        limits="any period of the term" if per == "term" else likeliest_period(sample, chosen),
        is_met=is_allowed(sample.expect([chosen])[0], decision.max_shortfall_probability, per),
        binds=binds,
        unconstrained=free if binds else chosen,
        relaxing_saves_usd=saved if binds else 0.0,
        commit_low_usd_per_year=low,
        commit_high_usd_per_year=high,
        band_depends=depends,
    )


def _quantile_commits(decision: Decision, sample: PlainSample, chosen: Offer) -> tuple[float, float, bool]:
    """The largest allowed commitment of the chosen band at both ends of its interval, and whether they choose bands."""
    alpha, per, contract = decision.max_shortfall_probability, decision.shortfall_limit_per, sample.contract
    use = sample.limiting_use_usd(alpha, per)
    ends = quantile_interval(use, alpha)
    low, high = (contract.commit_usd_per_year(q, chosen.discount_fraction) for q in ends)
    ordered = np.sort(use)
    shares = [float(np.searchsorted(ordered, q, side="left")) / use.size for q in ends]
    best = [sample.best(max_shortfall_probability=share, limit_per=per).offer for share in shares]
    return low, high, best[0].discount_fraction != best[1].discount_fraction


def likeliest_period(sample: CommitSample, offer: Offer) -> str:
    """The period in which an offer's shortfall is likeliest, in words: "contract year 2", "quarter 5", "the term"."""
    chances = sample.expect([offer])[0].period_probabilities
    period = sample.contract.periods[int(np.argmax(chances))]
    if sample.contract.commit_period == "term":
        return "the term"
    if sample.contract.commit_period == "quarter":
        return f"quarter {period.first // 3 + 1}"
    return f"contract year {period.year + 1}"
