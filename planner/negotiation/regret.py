"""Regret: the commitment that is best for one scenario, lived in another, for all pairs on common paths."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from planner.commit import CommitSample
from planner.inputs import Decision
from planner.objectives import recommend
from planner.offer import Offer
from planner.plan import Plan
from planner.risk import Estimate, estimate
from planner.settlement import settle
from planner.units import FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class RegretRow:
    """A commitment in every scenario: what it costs there more than the best one, and its chance of a shortfall."""

    name: str
    offer: Offer
    regrets: tuple[Estimate, ...]
    shortfall_probabilities: tuple[float, ...]

    @property
    def largest(self) -> Estimate:
        """The largest of its regrets."""
        return max(self.regrets, key=lambda regret: regret.mean)


@dataclass(frozen=True, slots=True, kw_only=True)
class RegretMatrix:
    """Rows: what is signed; columns: the scenario that is lived.

    best: each scenario's commitment of least expected cost, no limit on the shortfall; their regret is never negative,
    and zero at home. recommended: what the plan signs, under its limit. minimax: the least largest regret; weighted:
    the least weighted cost by weights, equal ones unless the decision has its own. The last two have no limit either.
    is_fixed: whether the contract fixes the commitment, so that all of these are the same.
    """

    scenarios: tuple[str, ...]
    best: tuple[RegretRow, ...]
    recommended: RegretRow
    minimax: RegretRow
    weighted: RegretRow
    weights: tuple[tuple[str, float], ...]
    are_own_weights: bool
    is_fixed: bool


def regret_matrix(plan: Plan) -> RegretMatrix:
    """Every scenario's best commitment in every scenario, under the plan's terms and in the decision's money."""
    names = tuple(plan.uses)
    decision = replace(plan.inputs.decision, max_shortfall_probability=1.0)
    best = {name: plan.samples[name].best().offer for name in names}
    least = {name: _paid(plan, best[name], name) for name in names}
    given = plan.inputs.decision.scenario_weights
    weights = given or tuple((name, 1.0 / len(names)) for name in names)

    def row(name: str, offer: Offer) -> RegretRow:
        return RegretRow(
            name=name,
            offer=offer,
            regrets=tuple(_regret(plan, offer, lived, best[lived], least[lived]) for lived in names),
            shortfall_probabilities=tuple(
                plan.samples[lived].expect([offer])[0].shortfall_probability for lived in names
            ),
        )

    def chosen(objective: Decision) -> Offer:
        samples: Mapping[str, CommitSample] = plan.samples
        return recommend(objective, scenario=decision.scenario, samples=samples, uses=plan.uses)

    return RegretMatrix(
        scenarios=names,
        best=tuple(row(name, offer) for name, offer in best.items()),
        recommended=row("recommended", plan.recommendation.offer),
        minimax=row("least largest regret", chosen(replace(decision, objective="minimax_regret"))),
        weighted=row("least weighted cost", chosen(replace(decision, objective="weighted", scenario_weights=weights))),
        weights=weights,
        are_own_weights=bool(given),
        is_fixed=plan.inputs.contract.commits_usd_per_year is not None,
    )


def _paid(plan: Plan, offer: Offer, scenario: str) -> FloatArray:
    settled = settle(plan.inputs.contract, offer, plan.uses[scenario])
    return settled.npv_paid_usd if plan.inputs.decision.money == "npv" else settled.paid_usd


def _regret(plan: Plan, offer: Offer, lived: str, best: Offer, least_usd: FloatArray) -> Estimate:
    """E[paid - the least expected]; 0 for what costs the same but for how closely the best was found."""
    if offer == best:
        return Estimate(mean=0.0, se=0.0)
    found = estimate(_paid(plan, offer, lived) - least_usd)
    return replace(found, mean=max(found.mean, 0.0))
