"""How far prices from the points are from those of the full sample."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from planner.contract import Contract
from planner.offer import Offer
from planner.plan import Plan
from planner.risk import quantiles
from planner.settlement import settle
from planner.sizing.expectation import Expectation
from planner.sizing.plain_sample import plain_sample
from planner.term_use import TermUse
from planner.units import FloatArray
from planner.workbook.calc.case_steps import LEVELS, Steps, price_case
from planner.workbook.calc.cost_tables import PERCENTILES
from planner.workbook.calculator.pricing import OfferPoints, QuantileError, of_term, offered_uses, terms

_EVERY: Final = 10
"""Of the curve's commitments, every so many are settled path by path for the percentiles."""


def quantile_error(plan: Plan, points: OfferPoints) -> QuantileError:
    """Price every commitment of the curve from the points and from the paths, in every scenario and offered term."""
    worst, percentile = np.zeros(4), 0.0
    offers: Sequence[Offer] = [point.offer for point in plan.curve]
    for index, scenario in enumerate(points.scenarios):
        for term, use in offered_uses(plan, scenario.name).items():
            contract = replace(plan.inputs.contract, term_months=term, commits_usd_per_year=None)
            for exact in plain_sample(of_term(contract, term), use).expect(offers):
                priced = price_case(points, index, terms(contract, exact.offer))
                worst = np.maximum(worst, np.abs(_differences(priced, exact)))
            if points.blend is not None:
                found = _percentiles(points, index, contract, use, offers[::_EVERY])
                percentile = max([percentile, *found])
    cost, shortfall, overage, probability = worst.tolist()
    return QuantileError(
        cost=cost,
        shortfall=shortfall,
        overage=overage,
        probability=probability,
        percentile=None if points.blend is None else percentile,
    )


def _differences(priced: Steps, exact: Expectation) -> FloatArray:
    """From an expectation under forfeiture; what a true-up does not charge follows from it."""
    charged, has_offer = priced.number("charged"), exact.offer.commit_usd_per_year > 0
    waived = (1 - charged) * exact.expected_shortfall_usd if has_offer else 0.0
    cost = exact.expected_cost_usd - waived
    scale = cost or 1.0
    return np.array(
        [
            (priced.number("cost") - cost) / scale,
            (priced.number("shortfall") - charged * exact.expected_shortfall_usd) / scale,
            (priced.number("overage") - exact.expected_overage_usd) / scale,
            priced.number("probability") - (exact.shortfall_probability if charged > 0 else 0.0),
        ]
    )


def _percentiles(
    points: OfferPoints, scenario: int, contract: Contract, use: TermUse, offers: Sequence[Offer]
) -> Iterator[float]:
    """Differences of P10, P50 and P90 from those of the settled paths, relative to expected cost."""
    for offer in offers:
        priced = price_case(points, scenario, terms(contract, offer))
        paid = settle(contract, offer, use).paid_usd
        scale = float(paid.mean()) or 1.0
        for level, usd in zip(LEVELS, quantiles(paid, PERCENTILES).tolist(), strict=True):
            if priced.values["is_known"]:
                yield abs(priced.number(f"cost_{level}") - usd) / scale
