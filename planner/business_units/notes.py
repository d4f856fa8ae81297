"""What must be said beside pooled units: whose terms hold, which futures are shared, what was left out."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from planner.contract import Contract
from planner.inputs import Decision, PlanInputs

Named = Sequence[tuple[str, PlanInputs]]
"""Plans as loaded, with a name for each."""


def pooling_notes(named: Named, decision: Decision, contract: Contract, *, drawn: int, used: int) -> Iterator[str]:
    """Every note of a pooling. drawn: paths of the first plan; used: those that groups were sized on."""
    yield from _plans(named)
    if decision.objective == "minimax_regret":
        yield (
            'objective = "minimax_regret" chooses the commitments; what is compared and split is the expected cost, '
            "because regret is against a group's own best: a group that reaches more has more to regret."
        )
    elif decision.objective != "expected_cost":
        yield (
            f'The cost that is split is what the decision minimises, objective = "{decision.objective}", and not the '
            "expected cost alone."
        )
    if decision.money == "npv" and contract.values_time:
        yield "The cost that is split is counted at its present value."
    if contract.commits_usd_per_year is not None:
        yield (
            "contract.commit_usd_per_year fixes the commitment of all together. A group by itself is taken to sign "
            "what is best for it, with years in the same proportions: pooling may then cost more than it saves."
        )
    if contract.marketplace is not None:
        yield (
            "contract.marketplace: its caps count once per contract, so that separate contracts have them each; where "
            "they bind, that speaks against pooling, and only if the cloud commitment would really be left unused so "
            "often."
        )
    fewest = min([drawn, *(inputs.paths for _, inputs in named[1:])])
    if used < fewest:
        yield f"Worked out on {used:,} of {drawn:,} paths, so that every group of units can be sized."
    elif used < drawn:
        yield f"Worked out on {used:,} paths, the fewest of any plan."


def of_each_plan(warnings: Mapping[str, Sequence[str]]) -> list[str]:
    """The warnings of several plans, by their names: what all of them say once, the rest with the plan that says it."""
    first, *others = warnings.values()
    shared = [said for said in first if all(said in other for other in others)]
    return [*shared, *(f"{name}: {said}" for name, own in warnings.items() for said in own if said not in shared)]


def _plans(named: Named) -> Iterator[str]:
    (first_name, first), *others = named
    if not others:
        return
    if any(inputs.business_units for _, inputs in named):
        yield "Each plan is one unit here; [[business_unit]] inside them is not looked at."
    odd = [f"'{name}'" for name, inputs in others if _terms(inputs) != _terms(first)]
    if odd:
        yield f"Contract and decision are those of '{first_name}'; what {' and '.join(odd)} says of them is not used."
    alike = [name for name, inputs in named if inputs.seed == first.seed]
    if len(alike) > 1:
        yield (
            f"Plans with the same seed have the same luck ({_listed(alike)}): growth, ups and downs, leaving and price "
            "moves are the same draws, so that they rise and fall together and pooling spreads little risk. Another "
            "plan.seed makes a plan independent."
        )
    apart = [name for name, inputs in others if inputs.seed != first.seed]
    if apart:
        yield (
            f"Plans with another seed than '{first_name}' are independent of it ({_listed(apart)}), in price moves "
            "too, which in truth would hit all alike: pooling may spread less risk than is shown."
        )


def _terms(inputs: PlanInputs) -> tuple[object, ...]:
    """What the first plan decides for all: the contract but for fixed spend, and the decision but for its scenario."""
    return replace(inputs.contract, fixed_spend=()), replace(inputs.decision, scenario="")


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)
