"""Where the commitment itself comes from: what it minimises, within which limit, and what lies beside it."""

from collections.abc import Iterator
from typing import Final

from planner.offer import Offer
from planner.plan import Plan
from planner.provenance import EXACT, Input, Provenance
from planner.provenance_of.rests_on import assumption_input, basis_of, simulated, spend_rests_on
from planner.provenance_of.terms import commitment_inputs, rows_of, use_input
from planner.report import offer_name
from planner.sizing.expectation import Expectation
from planner.words import percent, usd, usd_rounded_down

_OBJECTIVES: Final = {
    "expected_cost": "C* = the commitment with the least E[paid]",
    "mean_cvar": "C* = the commitment with the least E[paid] + cvar_weight * CVaR",
    "minimax_regret": "C* = the commitment with the least of the largest E[paid] - least E[paid], over scenarios",
    "weighted": "C* = the commitment with the least mean of E[paid] over scenarios, by scenario_weights",
}
_LIMITED: Final = "subject to P(shortfall) <= limit, every discount band and no commitment included"


def commitment(plan: Plan) -> Provenance:
    """What to sign: sized within its limit, or fixed by the plan."""
    inputs, best = plan.inputs, plan.recommendation.offer
    fixed = inputs.contract.commits_usd_per_year is not None
    return Provenance(
        name="Fixed" if fixed else "Sign",
        value=offer_name(best),
        formula="the plan fixes it; it is priced, and not sized"
        if fixed
        else f"{_OBJECTIVES[inputs.decision.objective]}\n{_LIMITED}",
        section="What is minimised",
        inputs=(
            *commitment_inputs(plan, best),
            *_limit(plan),
            *_alternatives(plan, best),
            use_input(plan, inputs.decision.scenario),
        ),
        basis=basis_of(plan),
        error=EXACT if fixed else _error(plan),
        scenario=inputs.decision.scenario,
        rests_on=spend_rests_on(plan, inputs.decision.scenario),
    )


def _limit(plan: Plan) -> Iterator[Input]:
    rows = rows_of(plan)
    for key, symbol in (
        ("decision.objective", ""),
        ("decision.max_shortfall_probability", "limit"),
        ("decision.shortfall_limit_per", ""),
        ("decision.money", ""),
    ):
        if key in rows:
            yield assumption_input(rows[key], symbol=symbol)


def _alternatives(plan: Plan, best: Offer) -> Iterator[Input]:
    """Expected cost of the commitment, of 10% less and more of it, and of none; and the risks that are limited."""
    contract, decision = plan.inputs.contract, plan.inputs.decision
    commits = best.commits_usd_per_year(contract.n_years)
    named: list[tuple[str, Offer]] = [("C*", best)]
    if not best.is_none:
        for name, factor in (("90% of C*", 0.9), ("110% of C*", 1.1)):
            named.append((name, contract.offer_of([factor * commit for commit in commits])))
        named.append(("no commitment", contract.offer_at(0.0)))
    said = simulated(plan, decision.scenario)
    priced = plan.samples[decision.scenario].expect([offer for _, offer in named])
    for (name, _), value in zip(named, priced, strict=True):
        yield _cost(name, value, said)
    for (name, offer), value in zip(named, priced, strict=True):
        if not offer.is_none:
            yield _risk(name, value.limited_probability(decision.shortfall_limit_per), said)


def _cost(name: str, value: Expectation, said: str) -> Input:
    usd_ = value.expected_cost_usd
    return Input(symbol="E[paid]", name=f"at {name}", value=usd(usd_), source=said, number=usd_)


def _risk(name: str, chance: float, said: str) -> Input:
    return Input(symbol="P(shortfall)", name=f"at {name}", value=percent(chance, 2), source=said, number=chance)


def _error(plan: Plan) -> str:
    note = plan.constraint
    found = "Found on the simulated paths themselves, so it is exact for them."
    if note.commit_low_usd_per_year is None or note.commit_high_usd_per_year is None:
        return found
    low, high = (usd_rounded_down(value) for value in (note.commit_low_usd_per_year, note.commit_high_usd_per_year))
    return f"{found} What the limit on the shortfall risk allows lies between {low} and {high} a year (95% interval)."
