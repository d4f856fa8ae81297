"""The waterfall: what each kind of lever changes of a scenario's annual list spend, summing exactly.

Levers compound, so what a kind brings depends on which others stand already. Its step is the average over all orders in
which the kinds could come, the Shapley value; it follows from the spend of every coalition of kinds, on the same paths:

    step(i) = sum over S without i of |S|! (n - |S| - 1)! / n! * (spend(S + i) - spend(S))

Dollars are list dollars of months 0 to 11, nominal; a saving is negative. Shapley, "A value for n-person games" (1953).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, compress

import numpy as np

from planner.levers import LeverKind, Scenario
from planner.plan import Plan
from planner.prepared import Prepared
from planner.risk import Estimate, RangedEstimate, estimate, quantiles, ranged
from planner.settlement import settle
from planner.shapley import members, shapley
from planner.simulation import KeptPaths, SpendPaths, simulate_spend
from planner.term_use import TermUse, whole_use
from planner.units import MONTHS_PER_YEAR, FloatArray

Coalition = frozenset[LeverKind]
CoalitionSpend = Mapping[Coalition, FloatArray]
"""Annual list spend with the levers of these kinds and no others, each (n_paths,), path by path the same luck."""

_NOBODY: Coalition = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What a kind of lever changes of annual spend, USD. of_before: P10 and P90 of it as a part of the spend before.

    alone: what it would change if no other kind were used.
    """

    kind: LeverKind
    usd: RangedEstimate
    of_before: tuple[float, float]
    alone: Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedYear:
    """Contract year 1 with the recommendation lived in a scenario, USD.

    months: of the year, those that the contract covers. fixed_usd: list price of its seats and fees in them.
    discount_usd: what is paid beyond list, (n_paths,); a discount is negative, a shortfall can make it positive.
    listed_usd: what these months cost at list without levers, seats and fees included, (n_paths,).
    """

    months: int
    discount_fraction: float
    fixed_usd: float
    discount_usd: FloatArray
    listed_usd: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Waterfall:
    """From a scenario's list spend without levers to what is paid, USD of contract year 1.

    before + steps = after; after + fixed_usd + discount = paid. change: after - before. additive: what the kinds would
    change one by one, added up as if they did not compound; additive_error: additive - change. fixed_usd: seats and
    fees of the contract at list. discount: what is paid beyond list where the commitment is lived in the scenario, so
    that a discount is negative, over the signed_months of the year that the contract covers. naive: additive less
    discount_fraction of what would have been listed in these months, the discount taken of dollars that are no longer
    spent; naive_error: naive - (change + discount).
    """

    scenario: str
    before: RangedEstimate
    steps: tuple[Step, ...]
    after: RangedEstimate
    change: RangedEstimate
    additive: Estimate
    additive_error: Estimate
    signed_months: int
    fixed_usd: float
    discount_fraction: float
    discount: RangedEstimate
    paid: RangedEstimate
    naive: Estimate
    naive_error: Estimate


def coalitions(kinds: Sequence[LeverKind]) -> Iterator[Coalition]:
    """Every set of these kinds, the smallest first: 2^n of them."""
    for size in range(len(kinds) + 1):
        yield from map(frozenset, combinations(kinds, size))


def shapley_steps(spend: CoalitionSpend, kinds: Sequence[LeverKind]) -> dict[LeverKind, FloatArray]:
    """Each kind's step on every path, (n_paths,); they add up to spend(all) - spend(none). spend: of all coalitions."""
    ordered = [frozenset(compress(kinds, inside)) for inside in members(len(kinds))]
    return dict(zip(kinds, shapley(np.stack([spend[coalition] for coalition in ordered])), strict=True))


def waterfall(scenario: str, spend: CoalitionSpend, kinds: Sequence[LeverKind], signed: SignedYear) -> Waterfall:
    """The waterfall of a scenario, from the spend of every coalition of its kinds of levers."""
    before, after = spend[_NOBODY], spend[frozenset(kinds)]
    alone = {kind: spend[frozenset({kind})] - before for kind in kinds}
    change, additive = after - before, sum(alone.values(), start=np.zeros_like(before))
    naive = additive - signed.discount_fraction * signed.listed_usd
    return Waterfall(
        scenario=scenario,
        before=ranged(before),
        steps=tuple(_step(kind, usd, alone[kind], before) for kind, usd in shapley_steps(spend, kinds).items()),
        after=ranged(after),
        change=ranged(change),
        additive=estimate(additive),
        additive_error=estimate(additive - change),
        signed_months=signed.months,
        fixed_usd=signed.fixed_usd,
        discount_fraction=signed.discount_fraction,
        discount=ranged(signed.discount_usd),
        paid=ranged(after + signed.fixed_usd + signed.discount_usd),
        naive=estimate(naive),
        naive_error=estimate(naive - change - signed.discount_usd),
    )


def _step(kind: LeverKind, usd: FloatArray, alone: FloatArray, before: FloatArray) -> Step:
    part = np.divide(usd, before, out=np.zeros_like(usd), where=before != 0)
    low, high = quantiles(part, (0.1, 0.9)).tolist()
    return Step(kind=kind, usd=ranged(usd), of_before=(low, high), alone=estimate(alone))


def waterfalls(
    plan: Plan, kept: KeptPaths | None = None, progress: Callable[[float], None] | None = None
) -> dict[str, Waterfall]:
    """The waterfall of every scenario of a plan, on the plan's own paths.

    kept: as the plan was worked out with, so that demand is not drawn again. progress is called with the fraction done.
    """
    spend = coalition_spend(plan.prepared, plan.spend, kept=kept, progress=progress)
    return {
        costs.scenario.name: waterfall(
            costs.scenario.name,
            spend[costs.scenario.name],
            costs.scenario.kinds,
            signed_year(plan, costs.scenario.name),
        )
        for costs in plan.prepared.scenario_costs
    }


def coalition_spend(
    prepared: Prepared,
    spend: Mapping[str, SpendPaths],
    *,
    kept: KeptPaths | None = None,
    progress: Callable[[float], None] | None = None,
) -> dict[str, CoalitionSpend]:
    """Annual list spend of every coalition of lever kinds, by scenario.

    spend: the paths of every scenario of the plan; they are the full coalitions, and those of the baseline the empty
    one. Only what lies between is simulated, all at once on the same demand; 8 bytes a path and coalition are kept.
    """
    baseline = spend[prepared.inputs.baseline]
    before = baseline.annual_list_cost_usd()
    between = {
        _named(costs.scenario, coalition).name: _named(costs.scenario, coalition)
        for costs in prepared.scenario_costs
        for coalition in coalitions(costs.scenario.kinds)
        if 0 < len(coalition) < len(costs.scenario.kinds)
    }
    made: dict[str, SpendPaths] = {}
    if between:
        made = simulate_spend(
            replace(prepared.spend_model, scenarios=tuple(map(prepared.priced, between.values()))),
            paths=baseline.n_paths,
            seed=prepared.inputs.seed,
            signing=False,
            months_of=0,
            progress=progress,
            kept=kept,
        )

    def annual(scenario: Scenario, coalition: Coalition) -> FloatArray:
        if not coalition:
            return before
        whole = len(coalition) == len(scenario.kinds)
        return (spend if whole else made)[scenario.name if whole else _name(scenario, coalition)].annual_list_cost_usd()

    return {
        costs.scenario.name: {
            coalition: annual(costs.scenario, coalition) for coalition in coalitions(costs.scenario.kinds)
        }
        for costs in prepared.scenario_costs
    }


def _named(scenario: Scenario, coalition: Coalition) -> Scenario:
    return replace(scenario.only(coalition), name=_name(scenario, coalition))


def _name(scenario: Scenario, coalition: Coalition) -> str:
    """A name that no other coalition of any scenario has: it ends with the kinds."""
    return f"{scenario.name}: {' + '.join(kind for kind in scenario.kinds if kind in coalition)} only"


def signed_year(plan: Plan, scenario: str) -> SignedYear:
    """Contract year 1 with the recommendation lived in a scenario."""
    contract = plan.inputs.contract
    months = min(contract.term_months, MONTHS_PER_YEAR)
    fixed_usd = months * sum(item.usd_per_month for item in contract.fixed_spend)
    baseline = plan.inputs.baseline
    if months < MONTHS_PER_YEAR:
        use = _whole_use(plan, baseline)
        listed = use.list_usd.sum(axis=0) + use.outside_total_usd
    else:
        listed = plan.spend[baseline].annual_list_cost_usd() + fixed_usd
    return SignedYear(
        months=months,
        discount_fraction=plan.recommendation.offer.discount_fraction,
        fixed_usd=fixed_usd,
        discount_usd=_discount_usd(plan, scenario),
        listed_usd=listed,
    )


def _discount_usd(plan: Plan, scenario: str) -> FloatArray:
    """What contract year 1 costs beyond its list spend, (n_paths,).

    What balances of a contract in force cover was paid before and counts as a discount. Where the whole term is one
    period, a year's part of it.
    """
    use = _whole_use(plan, scenario)
    ledger = settle(plan.inputs.contract, plan.recommendation.offer, plan.uses[scenario]).ledger
    first = [index for index, period in enumerate(use.periods) if period.year == 0]
    months = sum(use.periods[index].stop - use.periods[index].first for index in first)
    beyond = ledger.paid_usd[first] - use.list_usd[first] - ledger.outside_usd[first]
    year: FloatArray = beyond.sum(axis=0) * min(MONTHS_PER_YEAR / months, 1.0)
    return year


def _whole_use(plan: Plan, scenario: str) -> TermUse:
    """The list spend that enters the contract, with what the balances of a contract in force cover of it."""
    contract = plan.inputs.contract
    return plan.uses[scenario] if contract.in_force is None else whole_use(contract, plan.spend[scenario])
