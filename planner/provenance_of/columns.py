"""Where the columns of a table come from: the formula of each, with the values of one of its rows."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

import numpy as np

from planner.outcome import OfferOutcome
from planner.plan import Plan
from planner.provenance import Input, Provenance
from planner.provenance_of.commitment import commitment
from planner.provenance_of.offers import (
    against_best,
    expected_cost,
    expected_overage,
    mean_shortfall,
    present_value,
    shortfall_risk,
    still_saves,
)
from planner.provenance_of.rests_on import basis_of, simulated, spend_rests_on
from planner.provenance_of.terms import commitment_inputs, use_input
from planner.units import FloatArray
from planner.words import percent, usd, usd_short

_LEDGER: Final = {
    "committed": "committed_usd",
    "drawn from current": "drawn_current_usd",
    "drawn from banked": "drawn_banked_usd",
    "forfeited": "forfeited_usd",
    "waived": "waived_usd",
    "overage": "overage_usd",
    "outside": "outside_usd",
    "paid": "paid_usd",
}
_LEVELS: Final = (0.9, 0.5, 0.1)


def _columns(found: Mapping[str, Provenance], row: str) -> tuple[Provenance, ...]:
    """Provenances under the headings of a table. row: whose values they have."""
    return tuple(replace(item, name=name, value=f"{row}, {item.value}") for name, item in found.items())


def commitment_columns(plan: Plan, *, present_value_counts: bool = False) -> tuple[Provenance, ...]:
    """Columns of a table over commitments, with the values of the recommendation."""
    best = plan.recommendation
    row = "fixed" if plan.inputs.contract.commits_usd_per_year is not None else "recommended"
    cost = present_value(plan, best) if present_value_counts else expected_cost(plan, best)
    return _columns(
        {
            "Commitment and discount": commitment(plan),
            "Present value" if present_value_counts else "Expected cost": cost,
            "Difference": against_best(plan, best.offer, present_value_counts=present_value_counts),
            "Shortfall risk": shortfall_risk(plan, best),
            "Expected shortfall": mean_shortfall(plan, best),
            "Overage": expected_overage(plan, best),
        },
        row,
    )


def ledger_columns(plan: Plan, outcome: OfferOutcome) -> tuple[Provenance, ...]:
    """Columns of the ledger, with the values of the whole term."""
    risk = shortfall_risk(plan, outcome)
    return (_ledger(plan, outcome), replace(risk, value=f"the term, {risk.value}"))


def _ledger(plan: Plan, outcome: OfferOutcome) -> Provenance:
    return Provenance(
        name="Dollars of each period",
        value=f"the term, {usd_short(sum(row.paid_usd for row in outcome.ledger))} paid",
        formula="opening bank + committed\n"
        "    = drawn from current + drawn from banked + forfeited + waived + still banked\n"
        "paid = (committed - waived) as owed + overage + what is billed outside",
        section="The ledger",
        inputs=tuple(_ledger_inputs(plan, outcome)),
        basis=basis_of(plan),
        error="Means over the simulated paths; the error of what is paid stands at the expected cost.",
        scenario=outcome.scenario,
        rests_on=spend_rests_on(plan, outcome.scenario),
    )


def _ledger_inputs(plan: Plan, outcome: OfferOutcome) -> Iterator[Input]:
    said = simulated(plan, outcome.scenario)
    for name, field in _LEDGER.items():
        total = sum(getattr(row, field) for row in outcome.ledger)
        yield Input(name=name, value=usd(total), source=said, number=total)
    last = outcome.ledger[-1].banked_usd
    yield Input(name="still banked", value=usd(last), source=said, number=last)
    yield from commitment_inputs(plan, outcome.offer)


def dead_zone_columns(plan: Plan) -> tuple[Provenance, ...]:
    """Columns of the dead zone, with the values of the recommendation."""
    return _columns({"Still saves": still_saves(plan, plan.recommendation)}, "recommended")


def use_columns(plan: Plan, scenario: str) -> tuple[Provenance, ...]:
    """Columns that say which use is reached with a chance."""
    least = plan.uses[scenario].least_usd_per_year
    said = simulated(plan, scenario)
    inputs = [
        Input(
            symbol=f"x({percent(level, 0)})",
            name="reached by that share of paths",
            value=usd(found),
            source=said,
            number=found,
        )
        for level in _LEVELS
        for found in [_reached(least, level)]
    ]
    return (
        Provenance(
            name="List use of a year",
            value=f"in half of all years, {inputs[1].value}",
            formula="x(p): the amount that the list use of a year reaches with chance p, P(L >= x) = p\n"
            "of several years in a term, the one with the least use",
            section="The best commitment is a fractile",
            inputs=(*inputs, use_input(plan, scenario)),
            basis=basis_of(plan),
            error=f"A quantile of {plan.n_paths:,} paths; its Monte Carlo error is not worked out.",
            scenario=scenario,
            rests_on=spend_rests_on(plan, scenario),
        ),
    )


def _reached(sample: FloatArray, level: float) -> float:
    return float(np.quantile(sample, 1.0 - level))
