"""A plan as it was signed: nothing that came later is in it."""

from dataclasses import dataclass, replace
from datetime import date

from planner.contract import Contract
from planner.errors import InputError
from planner.inputs import PlanInputs
from planner.offer import Offer
from planner.prepared import Prepared, Progress, prepare
from planner.risk import quantiles
from planner.signed import Signed
from planner.simulation import KeptPaths, SpendPaths, simulate_spend
from planner.units import MONTHS_PER_YEAR, FloatArray

MOST_PATHS = 16_384
"""Paths that tracking uses of a plan that has more: months are conditioned again for every closed month."""

BAND = (0.10, 0.50, 0.90)


@dataclass(frozen=True, kw_only=True)
class SignedPlan:
    """The plan of the day of signing, simulated in the scenario that was decided on.

    offer: as signed. spend: by account and at both prices, over the term and at least one contract year after it, for a
    renewal.
    """

    prepared: Prepared
    signed: Signed
    offer: Offer
    spend: SpendPaths

    @property
    def inputs(self) -> PlanInputs:
        return self.prepared.inputs

    @property
    def contract(self) -> Contract:
        return self.inputs.contract

    @property
    def fan_usd(self) -> FloatArray:
        """P10, P50 and P90 of every month's list cost, shape (3, n_months)."""
        found: FloatArray = quantiles(self.spend.list_cost_usd, BAND)
        return found


def signed_plan(inputs: PlanInputs, progress: Progress | None = None, kept: KeptPaths | None = None) -> SignedPlan:
    """Measure, price and simulate a plan as it was signed.

    Errors: InputError for a plan without [signed], and those of prepare.
    """
    signed = signed_part(inputs)
    prepared = prepare(as_signed(inputs, signed), progress)
    model, decided = prepared.spend_model, inputs.decision.scenario
    spend = simulate_spend(
        replace(model, scenarios=tuple(costs for costs in model.scenarios if costs.scenario.name == decided)),
        paths=prepared.inputs.paths,
        seed=inputs.seed,
        accounts=True,
        progress=None if progress is None else lambda done: progress("simulating", done),
        kept=kept,
    )
    return SignedPlan(
        prepared=prepared,
        signed=signed,
        offer=prepared.inputs.contract.offer_of(signed.commits_usd_per_year, signed.discount_fraction),
        spend=spend[decided],
    )


def signed_part(inputs: PlanInputs) -> Signed:
    """What was signed. Errors: InputError for a plan in which nothing was."""
    if inputs.signed is None:
        raise InputError(
            "the plan has no [signed]: nothing was signed that could be tracked. Write what was signed into it:\n\n"
            f"[signed]\non = {inputs.start}\ncommit_usd_per_year = 900_000\n"
        )
    return inputs.signed


def as_signed(inputs: PlanInputs, signed: Signed) -> PlanInputs:
    """The inputs of the day of signing: its prices, the log up to it, and the scenario that was decided on.

    Paths reach a contract year beyond the term.
    """
    usage = inputs.usage
    if usage is not None:
        usage = replace(usage, window=(usage.window[0], _earlier(usage.window[1], signed.on)))
    decided = inputs.decision.scenario
    return replace(
        inputs,
        usage=usage,
        prices=replace(inputs.prices, on=inputs.prices.on or min(signed.on, inputs.start)),
        scenarios=tuple(scenario for scenario in inputs.scenarios if scenario.name in (decided, inputs.baseline)),
        months=max(inputs.months, inputs.contract.term_months + MONTHS_PER_YEAR),
        paths=min(inputs.paths, MOST_PATHS),
        target_error=None,
    )


def _earlier(day: date | None, signed_on: date) -> date:
    return signed_on if day is None else min(day, signed_on)
