"""Spend per business unit, on paths that all units share, so that what one has too much another can use.

Units inside a plan split its request types, and their spend adds up to the plan's on every path: demand, who leaves,
levers, rebound and prices are drawn for the whole plan, whichever types are looked at. Several plans are one unit each.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import cast

import numpy as np

from planner.contract import Contract
from planner.errors import InputError
from planner.inputs import EVERYTHING_ELSE, Decision, PlanInputs
from planner.plan import Plan, plan_warnings
from planner.prepared import Prepared, prepare
from planner.simulation import MONTHS_OF, KeptPaths, simulate_spend
from planner.simulation_block import SpendModel
from planner.steps import stretches
from planner.streams import REPLICATES, BlockStreams
from planner.term_use import AccountUse, TermUse, term_use
from planner.units import FloatArray, IntArray

EXAMPLE = '[[business_unit]] with name = "support" and request_types = ["triage", "answer"]'


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitSpend:
    """A business unit, and its list spend as the contract settles it, by scenario; path j of all units is one future.

    request_types: those of its own; empty where it has fixed spend only. warnings: of its own plan, where it has one.
    """

    name: str
    request_types: tuple[str, ...]
    uses: Mapping[str, TermUse]
    warnings: tuple[str, ...] = ()

    def on(self, paths: IntArray) -> "UnitSpend":
        """The unit on some of the paths, by index."""
        return replace(self, uses={name: use.on(paths) for name, use in self.uses.items()})


def added(uses: Sequence[TermUse]) -> TermUse:
    """The use of a group: that of its units, path by path."""
    if len(uses) == 1:
        return uses[0]
    tiers = dict.fromkeys(account.tier for use in uses for account in use.accounts)
    outside = [use.outside_usd for use in uses if use.outside_usd is not None]
    return replace(
        uses[0],
        accounts=tuple(_added([a for use in uses for a in use.accounts if a.tier == tier]) for tier in tiers),
        outside_usd=cast(FloatArray, sum(outside)) if outside else None,
    )


def _added(accounts: Sequence[AccountUse]) -> AccountUse:
    current = cast(FloatArray, sum(account.current for account in accounts))
    if all(account.drawing is account.current for account in accounts):
        return replace(accounts[0], current=current, drawing=current)
    return replace(accounts[0], current=current, drawing=cast(FloatArray, sum(account.drawing for account in accounts)))


def seen_scenarios(decision: Decision, inputs: PlanInputs) -> tuple[str, ...]:
    """The scenarios that a decision looks at."""
    if decision.objective in ("minimax_regret", "weighted"):
        return tuple(scenario.name for scenario in inputs.scenarios)
    return (decision.scenario,)


def of_types(model: SpendModel, request_types: Collection[str], scenarios: Collection[str]) -> SpendModel:
    """The same draws with the requests of some types alone, in some scenarios."""
    own = np.array([name in request_types for name in model.demand.request_types])
    return replace(
        model,
        requests=np.where(own, model.requests, 0.0),
        scenarios=tuple(costs for costs in model.scenarios if costs.scenario.name in scenarios),
    )


def parts_of(plan: Plan, contract: Contract) -> dict[str, tuple[str, ...]]:
    """The request types of each unit that a plan names, and of what is left; contract: the one that they share.

    Errors: InputError where the plan names none, where one has no type of the mix, and where one holds everything.
    """
    units, known = plan.inputs.business_units, plan.prepared.spend_model.demand.request_types
    if not units:
        raise InputError(f"the plan names no business units. Add {EXAMPLE}, or give one plan file per unit")
    parts = {unit.name: tuple(name for name in known if name in unit.request_types) for unit in units}
    if nobody := next((name for name, types in parts.items() if not types), None):
        raise InputError(
            f"business unit '{nobody}': the mix has none of its request_types. Known: {', '.join(sorted(known))}"
        )
    taken = {name for types in parts.values() for name in types}
    rest = tuple(name for name in known if name not in taken)
    if rest or contract.fixed_spend:
        parts[EVERYTHING_ELSE] = rest
    if len(parts) == 1:
        raise InputError(
            f"business unit '{units[0].name}' is all of the plan, so that there is nothing to pool. Name units with a "
            f"part of the request types each: {', '.join(sorted(known))}"
        )
    return parts


def units_of_plan(
    plan: Plan, contract: Contract, parts: Mapping[str, tuple[str, ...]], *, paths: int, kept: KeptPaths | None = None
) -> list[UnitSpend]:
    """The units of a plan, by name with their types. Fixed spend belongs to what no unit has."""
    scenarios = {name: name for name in seen_scenarios(plan.inputs.decision, plan.inputs)}
    return [
        UnitSpend(
            name=name,
            request_types=types,
            uses=_uses(
                plan.prepared,
                contract if name == EVERYTHING_ELSE else replace(contract, fixed_spend=()),
                types,
                scenarios,
                paths=paths,
                kept=kept,
            ),
        )
        for name, types in parts.items()
    ]


def units_of_plans(
    named: Sequence[tuple[str, PlanInputs]],
    plan: Plan,
    *,
    paths: int,
    kept: KeptPaths | None = None,
    progress: Callable[[str, float], None] | None = None,
) -> list[UnitSpend]:
    """Each plan as one unit, under the contract of the first; plan: the first one worked out.

    Plans with the first one's seed share its draws path by path. Others are independent: their paths are shuffled
    inside the randomisations, because the lattices of two seeds are evenly spread each and not together.
    """
    asked, decision = named[0][1].contract, named[0][1].decision
    units = []
    for name, inputs in named:
        own = replace(asked, fixed_spend=inputs.contract.fixed_spend)
        prepared = plan.prepared if inputs is named[0][1] else prepare(replace(inputs, contract=own), progress)
        unit = UnitSpend(
            name=name,
            request_types=prepared.spend_model.demand.request_types,
            uses=_uses(prepared, own, None, _scenarios(decision, named[0][1], name, inputs), paths=paths, kept=kept),
            warnings=plan_warnings(prepared, (), paths),
        )
        units.append(unit if inputs.seed == plan.inputs.seed else unit.on(_shuffled(paths, inputs.seed)))
    return units


def common_paths(plan: Plan, others: Sequence[PlanInputs]) -> int:
    """Paths that every unit can be simulated on with all of its months."""
    return min(plan.n_paths, MONTHS_OF, *(inputs.paths for inputs in others))


def check_plans(named: Sequence[tuple[str, PlanInputs]]) -> None:
    """Errors: InputError for plans that cannot share one contract, and beside a contract that is in force."""
    (first_name, first), *others = named
    for name, inputs in named:
        if inputs.contract.in_force is not None:
            raise InputError(
                f"contract.in_force of '{name}': a balance that is signed already belongs to no unit in particular. "
                "Split what is signed first, or leave [contract.in_force] out"
            )
    for name, inputs in others:
        if inputs.start != first.start:
            raise InputError(
                f"plan.start of '{name}' is {inputs.start} and that of '{first_name}' {first.start}: one contract "
                "starts on one day; give both the same"
            )
        if inputs.contract.term_months != first.contract.term_months:
            raise InputError(
                f"contract.term_months of '{name}' is {inputs.contract.term_months} and that of '{first_name}' "
                f"{first.contract.term_months}: one contract has one term; give both the same"
            )


def _scenarios(decision: Decision, first: PlanInputs, name: str, inputs: PlanInputs) -> dict[str, str]:
    """The first plan's scenarios that the decision looks at, each with the plan's own that stands for it."""
    seen = seen_scenarios(decision, first)
    if seen == (decision.scenario,):
        return {decision.scenario: inputs.decision.scenario}
    own = [scenario.name for scenario in inputs.scenarios]
    if missing := next((scenario for scenario in seen if scenario not in own), None):
        raise InputError(
            f"decision.objective = \"{decision.objective}\" looks at every scenario, and '{name}' has none that is "
            f"called '{missing}'. Known there: {', '.join(own)}. Name them alike in all plans"
        )
    return {scenario: scenario for scenario in seen}


def _uses(
    prepared: Prepared,
    contract: Contract,
    request_types: Collection[str] | None,
    scenarios: Mapping[str, str],
    *,
    paths: int,
    kept: KeptPaths | None,
) -> dict[str, TermUse]:
    """Spend of some types (all: None) as a contract settles it; scenarios: their names -> the plan's own."""
    model = prepared.spend_model
    types = model.demand.request_types if request_types is None else request_types
    spend = simulate_spend(
        of_types(model, types, set(scenarios.values())),
        paths=paths,
        seed=prepared.inputs.seed,
        signing=contract.protects_prices,
        accounts=contract.needs_accounts,
        stretches=stretches(contract),
        kept=kept,
    )
    return {name: term_use(contract, spend[own]) for name, own in scenarios.items()}


def _shuffled(n_paths: int, seed: int) -> IntArray:
    """The paths in another order, each inside its own randomisation; the few beyond whole rounds stay."""
    whole = n_paths // REPLICATES * REPLICATES
    draw = BlockStreams(seed=seed, block=0, size=n_paths).generator("order beside other plans")
    mixed = draw.permuted(np.arange(whole).reshape(-1, REPLICATES), axis=0)
    return np.concatenate([mixed.ravel(), np.arange(whole, n_paths)])
