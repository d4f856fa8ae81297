"""Where the positions of a negotiation come from: what asks are worth, and where to walk away."""

from collections.abc import Iterator
from typing import Final

from planner.negotiation.positions import Position, Positions
from planner.plan import Plan
from planner.provenance import Input, Provenance
from planner.provenance_of.rests_on import basis_of, error_of, simulated, spend_rests_on
from planner.words import percent, usd, usd_estimate, usd_rounded_down, usd_short

_SECTION: Final = "Positions"
_TABLE: Final = "on the table"


def positions_provenance(plan: Plan, found: Positions) -> tuple[Provenance, ...]:
    """Opening and target where there is something to ask for, and the walk-away."""
    return (*_worth(plan, found), _walk_away(plan, found))


def _worth(plan: Plan, found: Positions) -> Iterator[Provenance]:
    for name, position in (("Opening", found.opening), ("Target", found.target)):
        if position.asks:
            yield _position(plan, found, name, position)


def _measured(plan: Plan, symbol: str, name: str, value: float) -> Input:
    return Input(
        symbol=symbol,
        name=name,
        value=usd(value),
        source=simulated(plan, plan.inputs.decision.scenario),
        number=value,
    )


def _position(plan: Plan, found: Positions, name: str, position: Position) -> Provenance:
    words = usd_estimate(position.better)
    asks = tuple(
        Input(
            name=ask.variation.words, value="asked for", source="a clause of the plan's contract, or an ask of the plan"
        )
        for ask in position.asks
    )
    own = position.own_value_usd
    return Provenance(
        name=f"{name}: better than on the table",
        value=words,
        formula="better = measure(on the table) - measure(with the asks) + your own value of them\n"
        "each at its own best commitment, on the same paths",
        section=_SECTION,
        inputs=(
            _measured(plan, "measure(on the table)", "what the decision minimises", found.table.measure_usd),
            _measured(plan, "measure(with the asks)", "the same, asks granted", position.terms.measure_usd),
            Input(name="your own value", value=usd_short(own), source="plan file, [[ask]] value", number=own),
            *asks,
        ),
        basis=basis_of(plan),
        error=error_of(plan, position.better, f"± ${words.partition(' ± ')[2]}"),
        scenario=plan.inputs.decision.scenario,
        rests_on=spend_rests_on(plan, plan.inputs.decision.scenario),
    )


def _walk_away(plan: Plan, found: Positions) -> Provenance:
    walk, table = found.walk_away, found.table
    least = "none would do" if walk.discount_fraction is None else percent(walk.discount_fraction, 2)
    return Provenance(
        name="Walk away below",
        value=least,
        formula="the least discount d with measure(on the table at d) <= measure(without a deal)",
        section=_SECTION,
        inputs=(
            _measured(plan, "measure(without a deal)", walk.alternative, walk.measure_usd),
            _measured(plan, f"measure({_TABLE})", "at the discount of its band", table.measure_usd),
            Input(
                name=f"commitment a year, {_TABLE}",
                value=usd_rounded_down(table.offer.commit_usd_per_year),
                source="sized or fixed by this plan; page Commit",
                number=table.offer.commit_usd_per_year,
            ),
            Input(
                name=f"discount, {_TABLE}",
                value=percent(table.offer.discount_fraction),
                source="plan file, [[contract.band]]",
                number=table.offer.discount_fraction,
            ),
        ),
        basis=basis_of(plan),
        error="Solved on the simulated paths; its Monte Carlo error is not worked out.",
        scenario=plan.inputs.decision.scenario,
        rests_on=spend_rests_on(plan, plan.inputs.decision.scenario),
    )
