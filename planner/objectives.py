"""The recommendation: which commitment is best by the measure that the decision names.

All objectives respect P(shortfall) <= alpha in the scenario decided on. Expected cost is minimised exactly
(planner.commit). Mean plus CVaR and the largest regret over scenarios are convex in the commitment inside a band, so a
bounded search in each band, beside the band's edges and the expected-cost candidates, finds them to the cent. At locked
prices that rise during the term they need not be convex, and the search may settle on a local best.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize_scalar

from planner.commit import CommitSample
from planner.contract import NO_COMMITMENT, Contract, Offer
from planner.inputs import Decision
from planner.risk import cvar, quantile_interval
from planner.settlement import TermUse, settle

Objective = Callable[[Offer], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConstraintNote:
    """What the limit on P(shortfall) does to the choice.

    binds: a larger commitment would be cheaper by expected cost if the limit were lifted; unconstrained is that offer
    and relaxing_saves_usd what it would save. commit_low/high: where the limit puts the largest commitment of the
    chosen band, given the Monte Carlo error of its quantile. band_depends: the ends of that interval choose
    different bands.
    """

    binds: bool
    unconstrained: Offer
    relaxing_saves_usd: float
    commit_low_usd_per_year: float
    commit_high_usd_per_year: float
    band_depends: bool


def recommend(
    decision: Decision, *, scenario: str, samples: Mapping[str, CommitSample], uses: Mapping[str, TermUse]
) -> Offer:
    """The best offer for a scenario by the decision's objective; none where none is both allowed and better."""
    sample, alpha = samples[scenario], decision.max_shortfall_probability
    if decision.objective == "expected_cost":
        return sample.best(max_shortfall_probability=alpha).offer
    if decision.objective == "mean_cvar":
        objective = _mean_cvar(decision, sample.contract, uses[scenario])
    else:
        objective = _largest_regret(samples)
    return _search(sample, objective, alpha)


def largest_regret_usd(samples: Mapping[str, CommitSample], offer: Offer) -> float:
    """Largest over scenarios of E[paid] minus the least expected cost that the scenario allows."""
    return _largest_regret(samples)(offer)


def constraint_note(decision: Decision, sample: CommitSample, chosen: Offer) -> ConstraintNote:
    """Say whether the limit on P(shortfall) binds, and whether the choice of band hangs on its sampling error."""
    alpha = decision.max_shortfall_probability
    free, limited = sample.best(), sample.best(max_shortfall_probability=alpha)
    low, high = quantile_interval(sample.least_use_by_path, alpha)
    contract = sample.contract
    commits = [contract.commit_usd_per_year(q, chosen.discount_fraction) for q in (low, high)]
    n = sample.least_use.size
    shares = [np.searchsorted(sample.least_use, q, side="left") / n for q in (low, high)]
    bands = {sample.best(max_shortfall_probability=float(share)).offer.discount_fraction for share in shares}
    return ConstraintNote(
        binds=free.offer.commit_usd_per_year > limited.offer.commit_usd_per_year,
        unconstrained=free.offer,
        relaxing_saves_usd=limited.expected_cost_usd - free.expected_cost_usd,
        commit_low_usd_per_year=commits[0],
        commit_high_usd_per_year=commits[1],
        band_depends=len(bands) > 1,
    )


def _mean_cvar(decision: Decision, contract: Contract, use: TermUse) -> Objective:
    def value(offer: Offer) -> float:
        settled = settle(contract, offer, use)
        loss = settled.paid_usd if decision.cvar_loss == "cost" else settled.paid_usd - settled.on_demand_usd
        return float(settled.paid_usd.mean()) + decision.cvar_weight * cvar(loss, decision.cvar_level)

    return value


def _largest_regret(samples: Mapping[str, CommitSample]) -> Objective:
    least = {name: sample.best().expected_cost_usd for name, sample in samples.items()}

    def value(offer: Offer) -> float:
        return max(sample.expect([offer])[0].expected_cost_usd - least[name] for name, sample in samples.items())

    return value


def _search(sample: CommitSample, objective: Objective, alpha: float) -> Offer:
    contract, most = sample.contract, sample.largest_feasible_list_usd(alpha)
    offers = [NO_COMMITMENT, *sample.candidates(max_shortfall_probability=alpha)]
    top = float(sample.drawing.points[-1])
    for low, stop in contract.commit_ranges:
        d = contract.offer_at(max(low, 0.01)).discount_fraction
        high = min(stop - 0.01, contract.commit_usd_per_year(min(most, top), d))
        if low < high:
            found = minimize_scalar(
                lambda commit: objective(contract.offer_at(commit)),
                bounds=(low, high),
                method="bounded",
                options={"xatol": 0.005, "maxiter": 200},
            )
            offers += [contract.offer_at(float(commit)) for commit in (found.x, high)]
    feasible = [
        offer
        for offer, value in zip(offers, sample.expect(offers), strict=True)
        if offer.commit_usd_per_year == 0 or value.shortfall_probability <= alpha + 1e-12
    ]
    values = np.array([objective(offer) for offer in feasible])
    ties = [
        offer
        for offer, value in zip(feasible, values, strict=True)
        if value <= values.min() + 1e-12 * abs(values.min())
    ]
    return min(ties, key=lambda offer: offer.commit_usd_per_year)
