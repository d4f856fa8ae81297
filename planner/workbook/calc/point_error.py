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
from planner.sizing.plain_sample import PlainSample, plain_sample
from planner.term_use import TermUse
from planner.units import FloatArray
from planner.workbook.calc.case_steps import LEVELS, Steps, price_case
from planner.workbook.calc.cost_tables import PERCENTILES
from planner.workbook.calc.pricing import OfferPoints, QuantileError, of_term, offered_uses, terms

_EVERY: Final = 10
"""Of the curve's commitments, every so many are settled path by path for the percentiles."""
_TYPED_RATES: Final = (0.1, 0.4)


def quantile_error(plan: Plan, points: OfferPoints) -> QuantileError:
    """Price every commitment of the curve from the points and from the paths, in every scenario and offered term."""
    worst, anywhere, percentile = np.zeros(4), 0.0, 0.0
    offers: Sequence[Offer] = [point.offer for point in plan.curve]
    settled = [*offers[::_EVERY], plan.recommendation.offer]
    for index, scenario in enumerate(points.scenarios):
        for term, use in offered_uses(plan, scenario.name).items():
            contract = replace(plan.inputs.contract, term_months=term, commits_usd_per_year=None)
            sample = plain_sample(of_term(contract, term), use)
            anywhere = max(anywhere, _anywhere(points, index, term, sample))
            for exact in sample.expect(offers):
                offer = terms(contract, exact.offer)
                # forfeiture may be typed in too, and says most of shortfalls
                for charged in {offer.charged, 1.0}:
                    priced = price_case(points, index, replace(offer, charged=charged))
                    worst = np.maximum(worst, np.abs(_differences(priced, exact)))
            if points.blend is not None:
                found = _percentiles(points, index, contract, use, settled)
                percentile = max([percentile, *found])
                # a true-up may be typed in, whose share of the part that all use has no column of its own
                for rate in () if points.blend.is_apart else _TYPED_RATES:
                    other = replace(contract, shortfall="true_up", true_up_rate=rate)
                    found = _percentiles(points, index, other, use, offers[:: 2 * _EVERY])
                    percentile = max([percentile, *found])
    cost, shortfall, overage, probability = worst.tolist()
    return QuantileError(
        cost=cost,
        shortfall=shortfall,
        overage=overage,
        probability=probability,
        anywhere=anywhere,
        percentile=None if points.blend is None else percentile,
    )


def _anywhere(points: OfferPoints, scenario: int, term: int, sample: PlainSample) -> float:
    """The largest error in expected use beyond any list use q, as a share of the cost on demand.

    Between two bin means of a year, what the points say of its use beyond q is linear and the paths' is convex, so the
    error is largest at a bin mean; at protected prices, in the middle between two rows of the table besides.
    """
    spend = points.scenarios[scenario]
    shares = [column.fraction_in(term) for column in points.years]
    years = [(share, use) for share, use in zip(shares, spend.use, strict=True) if share]
    q = np.unique(np.concatenate([use / share for share, use in years]))
    beyond = np.sum([_beyond(use, q * share) for share, use in years], axis=0)
    error = float(np.abs(beyond - sample.drawing.at(q)).max())
    if spend.locked is not None:
        middle = (spend.locked[0, 1:] + spend.locked[0, :-1]) / 2.0
        error += float(np.abs(np.interp(middle, *spend.locked[:2]) - sample.overage.at(middle)).max())
    return error / (sample.on_demand_usd or 1.0)


def _beyond(use: FloatArray, edges: FloatArray) -> FloatArray:
    """Mean of max(0, use - edge) for each edge, shape of edges. use: ascending."""
    above = np.append(np.cumsum(use[::-1])[::-1], 0.0)
    first = np.searchsorted(use, edges, side="right")
    found: FloatArray = (above[first] - edges * (use.size - first)) / use.size
    return found


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
