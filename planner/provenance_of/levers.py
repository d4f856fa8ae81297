"""Where the numbers of a waterfall come from: today's spend, each lever's step, the discount, what is paid."""

from collections.abc import Iterator

from planner.plan import Plan
from planner.provenance import Input, Provenance
from planner.provenance_of.rests_on import basis_of, error_of, simulated, spend_rests_on
from planner.risk import Estimate
from planner.waterfall import Waterfall
from planner.words import usd, usd_estimate, usd_short

_SECTION = "What each lever is worth"


def levers_provenance(plan: Plan, found: Waterfall) -> tuple[Provenance, ...]:
    """The change, each kind's step, and the way to what is paid; of a scenario without levers the bill alone."""
    if not found.steps:
        return (_change(plan, found),)
    return (_change(plan, found), *_steps(plan, found), _paid(plan, found))


def _dollars(symbol: str, name: str, value: Estimate, source: str) -> Input:
    return Input(symbol=symbol, name=name, value=usd_estimate(value), source=source, number=value.mean)


def _change(plan: Plan, found: Waterfall) -> Provenance:
    words = usd_estimate(found.change)
    return Provenance(
        name="What the levers change",
        value=words,
        formula="change = optimised - today\nlist dollars of contract year 1, on the same paths",
        section=_SECTION,
        inputs=(
            _dollars("today", "without any lever", found.before, simulated(plan, plan.inputs.baseline)),
            _dollars("optimised", "with all of them", found.after, simulated(plan, found.scenario)),
        ),
        basis=basis_of(plan),
        error=error_of(plan, found.change, f"± ${words.partition(' ± ')[2]}"),
        scenario=found.scenario,
        rests_on=spend_rests_on(plan, found.scenario),
    )


def _steps(plan: Plan, found: Waterfall) -> Iterator[Provenance]:
    said = simulated(plan, found.scenario)
    yield Provenance(
        name="Step of each lever",
        value=usd_estimate(found.change) + " together",
        formula="step of lever i = sum over sets S of the other levers of\n"
        "    |S|! (n - |S| - 1)! / n! * ( spend(S and i) - spend(S) )\n"
        "the steps add up to optimised - today",
        section=_SECTION,
        inputs=tuple(_dollars("", f"step of {step.kind}", step.usd, said) for step in found.steps),
        basis=basis_of(plan),
        error="Monte Carlo standard errors stand beside the steps, from the scatter of each over the paths.",
        scenario=found.scenario,
        rests_on=spend_rests_on(plan, found.scenario),
    )


def _paid(plan: Plan, found: Waterfall) -> Provenance:
    said, words = simulated(plan, found.scenario), usd_estimate(found.paid)
    return Provenance(
        name="What is paid",
        value=words,
        formula="optimised + seats and fees + net discount = what is paid",
        section=_SECTION,
        inputs=(
            _dollars("optimised", "list spend with all levers", found.after, said),
            Input(
                symbol="seats and fees",
                name="at list",
                value=usd_short(found.fixed_usd),
                source="plan file, [[fixed_spend]]" if plan.inputs.contract.fixed_spend else "the plan has none",
                number=found.fixed_usd,
            ),
            _dollars("net discount", "what is paid beyond list, a shortfall included", found.discount, said),
            Input(
                name="commitment a year, as recommended",
                value=usd(plan.recommendation.offer.commit_usd_per_year),
                source="sized or fixed by this plan; page Commit",
                number=plan.recommendation.offer.commit_usd_per_year,
            ),
        ),
        basis=basis_of(plan),
        error=error_of(plan, found.paid, f"± ${words.partition(' ± ')[2]}"),
        scenario=found.scenario,
        rests_on=spend_rests_on(plan, found.scenario),
    )
