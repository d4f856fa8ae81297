"""What the offer calculator opens with: the recommended offer, typed in as well, and priced in every case."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from planner.plan import Plan
from planner.workbook.calc.best_steps import Best, Question, best_commitment
from planner.workbook.calc.case_steps import Steps, price_case
from planner.workbook.calc.cases import Case, OfferCells, Offered
from planner.workbook.calc.pricing import OfferPoints, OfferTerms, terms

TYPED: Final = "typed"
RECOMMENDED: Final = "recommended"
BEST: Final = "best"
SPARE_BANDS: Final = 3

_TYPED_CELLS: Final = OfferCells(
    valid="offer_inputs_ok",
    commit="offer_commit_usd",
    discount="IF(EXACT(offer_discount_rule,word_table),offer_band_discount,offer_discount)",
    overage_discount="IF(EXACT(offer_discount_rule,word_table),offer_band_overage_discount,offer_overage_discount)",
    drawdown_is_list="EXACT(offer_drawdown,word_list)",
    term_months="offer_term_months",
    charged="IF(EXACT(offer_shortfall_clause,word_true_up),offer_true_up_rate,1)",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferState:
    """The opening state. scenario: the one decided on, counted from 0. terms: of the recommended offer, which the
    inputs hold too. cases: key -> steps; asked, found: the best commitment at its discount."""

    points: OfferPoints
    scenario: int
    terms: OfferTerms
    offered: tuple[tuple[Offered, ...], ...]
    cases: tuple[Case, ...]
    steps: tuple[Steps, ...]
    asked: Question
    found: Best
    best_case: Case
    best_steps: Steps
    true_up_rate: float

    @property
    def scenario_name(self) -> str:
        return self.points.scenarios[self.scenario].name

    def of(self, key: str) -> Steps:
        """The steps of a case."""
        if key == self.best_case.key:
            return self.best_steps
        return next(steps for case, steps in zip(self.cases, self.steps, strict=True) if case.key == key)


def in_scenario(key: str, scenario: int) -> str:
    """Key of the case of an offer in a scenario that does not follow the one typed."""
    return f"{key}/{scenario}"


def offer_state(plan: Plan, points: OfferPoints, quoted: Sequence[Case] = ()) -> OfferState:
    """Price the opening state. quoted: cases of quotes, whose offers' cells follow each other down a sheet."""
    scenario = [item.name for item in points.scenarios].index(plan.inputs.decision.scenario)
    offer = terms(points.contract, plan.recommendation.offer)
    typed = Offered(key=TYPED, label="offer typed in", terms=offer, cells=_TYPED_CELLS)
    recommended = Offered(key=RECOMMENDED, label="recommended offer", terms=offer, cells=None)
    every = range(len(points.scenarios))
    cases = (
        *(_case(item, k, in_scenario(item.key, k)) for item in (typed, recommended) for k in every),
        *(_case(item, scenario, item.key, follows=True) for item in (typed, recommended)),
        *quoted,
    )
    steps = tuple(price_case(points, case.scenario, case.offered.terms) for case in cases)
    now = next(found for case, found in zip(cases, steps, strict=True) if case.key == TYPED)
    asked = _question(plan, points, scenario, offer, now)
    found = best_commitment(asked)
    best = replace(
        offer,
        commit_usd=found.overall.number("commit"),
        discount=found.overall.number("discount"),
        overage_discount=found.overall.number("overage_discount"),
    )
    best_cells = replace(
        _TYPED_CELLS, commit="best_commit", discount="best_discount", overage_discount="best_overage_discount"
    )
    best_case = _case(Offered(key=BEST, label="best commitment", terms=best, cells=best_cells), scenario, BEST, True)
    return OfferState(
        points=points,
        scenario=scenario,
        terms=offer,
        offered=((typed,), (recommended,), tuple(case.offered for case in quoted))[: 3 if quoted else 2],
        cases=cases,
        steps=steps,
        asked=asked,
        found=found,
        best_case=best_case,
        best_steps=price_case(points, scenario, best),
        true_up_rate=points.contract.true_up_rate,
    )


def _case(offered: Offered, scenario: int, key: str, follows: bool = False) -> Case:
    return Case(key=key, label=offered.label, offered=offered, scenario=scenario, follows_typed=follows)


def _question(plan: Plan, points: OfferPoints, scenario: int, offer: OfferTerms, typed: Steps) -> Question:
    contract = points.contract
    bands = [(band.min_commit_usd_per_year, band.discount_fraction) for band in contract.bands]
    return Question(
        points=points,
        scenario=scenario,
        offer=offer,
        typed=typed,
        uses_bands=False,
        bands=(*bands, *[None] * SPARE_BANDS),
        overage_follows=contract.overage == "committed",
        max_shortfall_probability=plan.inputs.decision.max_shortfall_probability,
    )
