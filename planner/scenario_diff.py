"""Two scenarios against each other: what is put in, what comes out, and what each would have the buyer sign.

The scenarios are of one plan or of two. Every figure is told for both sides and as b less a, with the standard error
of that difference on common paths (planner.risk.difference). Regret: what signing one side's commitment costs where
the other side comes true.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from planner.objectives import recommend
from planner.offer import Offer
from planner.plan import Plan
from planner.plan_file.key_diff import KeyChange, changed_keys, changed_levers
from planner.risk import Estimate, difference, estimate
from planner.settlement import settle
from planner.units import HALF_CENT_USD, MONTHS_PER_YEAR, FloatArray

Unit = Literal["usd", "probability", "fraction"]

OUTPUTS: Final = ("annual_list_cost", "run_rate_per_month", "annual_saving")
DECISIONS: Final = (
    *("commitment_per_year", "discount", "expected_cost", "below_list", "shortfall_probability", "expected_shortfall"),
)
_UNITS: Final[Mapping[str, Unit]] = {"discount": "fraction", "shortfall_probability": "probability"}


@dataclass(frozen=True, kw_only=True)
class Side:
    """A scenario of a plan that was worked out."""

    plan: Plan
    scenario: str

    @property
    def is_decided(self) -> bool:
        """Whether it is the one that its plan decides on."""
        return self.scenario == self.plan.inputs.decision.scenario


@dataclass(frozen=True, slots=True, kw_only=True)
class FigureDiff:
    """A figure of both sides, and b less a with the standard error of that difference; its unit is USD or a share."""

    name: str
    unit: Unit
    a: Estimate
    b: Estimate
    difference: Estimate

    @property
    def is_same(self) -> bool:
        """Whether it is the same on both sides, and on every path."""
        return self.a.mean == self.b.mean and not self.difference.se > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Regret:
    """One side's commitment lived in the other.

    offer: that commitment under the terms of the side where it is lived. cost: E[paid with it - paid with what that
    side itself would sign], path by path; below zero where a limit on the shortfall keeps that side from signing it.
    """

    offer: Offer
    cost: Estimate
    shortfall_probability: Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioDiff:
    """Everything that differs between a and b.

    inputs: keys of the plan files; levers: of the two scenarios, where they are compared by themselves. outputs: first
    year's list spend, run rate of the last month of the term, first year's saving against the own baseline. decision:
    what each would sign; over the term, or a year of it where the terms differ in length (is_per_year). offers: of a
    and b. a_in_b: a's commitment where b comes true. has_common_paths: one seed and number of paths.
    """

    inputs: tuple[KeyChange, ...]
    levers: tuple[KeyChange, ...]
    outputs: tuple[FigureDiff, ...]
    decision: tuple[FigureDiff, ...]
    offers: tuple[Offer, Offer]
    a_in_b: Regret
    b_in_a: Regret
    has_common_paths: bool
    is_per_year: bool

    @property
    def is_empty(self) -> bool:
        """Whether nothing differs."""
        figures = (*self.outputs, *self.decision)
        return not self.inputs and not self.levers and all(figure.is_same for figure in figures)

    def output(self, name: str) -> FigureDiff:
        """A figure by its name. Errors: StopIteration for none of OUTPUTS and DECISIONS."""
        return next(figure for figure in (*self.outputs, *self.decision) if figure.name == name)


def answer_of(side: Side) -> Offer:
    """What is signed if that scenario comes true: the plan's own recommendation where it is the one decided on, else
    the best by the plan's objective and limit for who sees that scenario alone."""
    plan, name = side.plan, side.scenario
    if side.is_decided:
        return plan.recommendation.offer
    return recommend(
        plan.inputs.decision,
        scenario=name,
        samples={name: plan.samples[name]},
        uses={name: plan.uses[name]},
    )


def scenario_diff(a: Side, b: Side) -> ScenarioDiff:
    """What differs from a to b. diff(a, a) is empty; diff(b, a) is diff(a, b) with both sides swapped."""
    offers = answer_of(a), answer_of(b)
    per_year = a.plan.inputs.contract.term_months != b.plan.inputs.contract.term_months
    lived = _Lived.of(a, offers[0], is_per_year=per_year), _Lived.of(b, offers[1], is_per_year=per_year)
    inputs, levers = _inputs(a, b)
    return ScenarioDiff(
        inputs=inputs,
        levers=levers,
        outputs=tuple(_figure(name, *(_output(side, name) for side in (a, b))) for name in OUTPUTS),
        decision=tuple(_figure(name, *(each.figures[name] for each in lived)) for name in DECISIONS),
        offers=offers,
        a_in_b=_regret(a, offers[0], b, lived[1]),
        b_in_a=_regret(b, offers[1], a, lived[0]),
        has_common_paths=a.plan.n_paths == b.plan.n_paths and a.plan.inputs.seed == b.plan.inputs.seed,
        is_per_year=per_year,
    )


def _inputs(a: Side, b: Side) -> tuple[tuple[KeyChange, ...], tuple[KeyChange, ...]]:
    """Keys of the plan files, and of the levers of the two scenarios where those do not say it already."""
    one, other = (tomllib.loads(side.plan.inputs.text) for side in (a, b))
    levers = changed_levers(one, a.scenario, other, b.scenario) if a.scenario != b.scenario else ()
    return changed_keys(one, other), levers


@dataclass(frozen=True, kw_only=True)
class _Lived:
    """What a side signs, lived in it: its figures on every path."""

    paid_usd: FloatArray
    per_year: float
    figures: Mapping[str, FloatArray]

    @classmethod
    def of(cls, side: Side, offer: Offer, *, is_per_year: bool) -> "_Lived":
        """Settle an offer in a scenario. is_per_year: dollars of the term are told for a year of it."""
        contract, n = side.plan.inputs.contract, side.plan.n_paths
        settled = settle(contract, offer, side.plan.uses[side.scenario])
        paid = settled.npv_paid_usd if side.plan.inputs.decision.money == "npv" else settled.paid_usd
        scale = MONTHS_PER_YEAR / contract.term_months if is_per_year else 1.0
        short = np.logical_or.reduce(settled.shortfall_usd > HALF_CENT_USD, axis=0)
        commits = offer.commits_usd_per_year(contract.n_years)
        return cls(
            paid_usd=paid,
            per_year=scale,
            figures={
                "commitment_per_year": np.full(n, sum(commits) / len(commits)),
                "discount": np.full(n, offer.discount_fraction),
                "expected_cost": paid * scale,
                "below_list": (settled.on_demand_usd - paid) * scale,
                "shortfall_probability": short.astype(np.float64),
                "expected_shortfall": settled.shortfall_usd.sum(axis=0) * scale,
            },
        )


def _output(side: Side, name: str) -> FloatArray:
    """A figure on every path of a side, USD."""
    plan = side.plan
    spend, baseline = plan.spend[side.scenario], plan.spend[plan.inputs.baseline]
    if name == "run_rate_per_month":
        month: FloatArray = spend.list_cost_usd[plan.inputs.contract.term_months - 1]
        return month
    annual = spend.annual_list_cost_usd()
    return annual if name == "annual_list_cost" else baseline.annual_list_cost_usd() - annual


def _figure(name: str, a: FloatArray, b: FloatArray) -> FigureDiff:
    one, other, change = _exactly(a), _exactly(b), difference(b, a)
    if one.se == other.se == 0:
        change = Estimate(mean=other.mean - one.mean, se=0.0)
    return FigureDiff(name=name, unit=_UNITS.get(name, "usd"), a=one, b=other, difference=change)


def _exactly(sample: FloatArray) -> Estimate:
    """The estimate of a figure; one that is the same on every path is exact."""
    if sample.min() == sample.max():
        return Estimate(mean=float(sample[0]), se=0.0)
    return estimate(sample)


def _regret(signer: Side, offer: Offer, lived: Side, own: _Lived) -> Regret:
    """One side's commitment in the other's scenario, under the terms that hold there."""
    if signer.plan.inputs.contract != lived.plan.inputs.contract:
        offer = lived.plan.inputs.contract.offer_at(offer.commit_usd_per_year)
    there = _Lived.of(lived, offer, is_per_year=False)
    return Regret(
        offer=offer,
        cost=_exactly((there.paid_usd - own.paid_usd) * own.per_year),
        shortfall_probability=estimate(there.figures["shortfall_probability"]),
    )
