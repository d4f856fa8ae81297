"""What could be signed in place of the recommendation: nothing, other discount bands, a tenth less or more, quotes."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from planner.brief.brief import Alternative, AlternativeKind
from planner.contract import Contract
from planner.dossier import Dossier
from planner.negotiation.quotes_priced import PricedQuote
from planner.negotiation.terms_pricer import PricedTerms
from planner.offer import NO_COMMITMENT, Offer
from planner.plan import Plan
from planner.risk import Estimate, estimate, probability
from planner.settlement import Settlement, settle
from planner.sizing.expectation import Expectation, is_allowed, smallest_of_cheapest
from planner.sizing.plain_sample import PlainSample
from planner.units import HALF_CENT_USD, FloatArray
from planner.words import percent, usd_short

_A_TENTH: Final = 0.1
_LEAST_TO_VARY_USD: Final = 1_000.0
"""A tenth of a commitment below it says nothing."""

_MOST_QUOTES: Final = 3
_SAME_COMMIT: Final = 0.01
"""At its best a quote that commits as much, to this fraction, is told once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """An offer on every path of the scenario decided on. paid_usd: in the decision's money, shape (n_paths,)."""

    offer: Offer
    settlement: Settlement
    paid_usd: FloatArray


def settled(plan: Plan, offer: Offer) -> Settled:
    """Settle an offer under the plan's terms as the decision counts it."""
    found = settle(plan.inputs.contract, offer, plan.uses[plan.inputs.decision.scenario])
    paid = found.npv_paid_usd if plan.inputs.decision.money == "npv" else found.paid_usd
    return Settled(offer=offer, settlement=found, paid_usd=paid)


def alternatives(found: Dossier, best: Settled) -> tuple[Alternative, ...]:
    """Everything else that could be signed: what the limit allows first, the cheapest first.

    best: the recommendation. Of the discount bands the next ones below and above it; of quotes, where they were priced,
    the first three by rank.
    """
    own = [
        _lived(found.plan, best, kind, name, settled(found.plan, offer)) for kind, name, offer in _offers(found.plan)
    ]
    quotes = () if found.negotiated is None else found.negotiated.quotes.quotes[:_MOST_QUOTES]
    table = None if found.negotiated is None else found.negotiated.positions.table
    quoted = [item for quote in quotes if table is not None for item in _quoted(found.plan, table, quote)]
    every = [*own, *quoted]
    return tuple(sorted(every, key=lambda item: (not item.meets_limit, _rate(item))))


def _rate(item: Alternative) -> float:
    """Dollars more a month, so that other terms have their place."""
    return item.costs_more.mean / item.term_months


def _offers(plan: Plan) -> Iterator[tuple[AlternativeKind, str, Offer]]:
    best = plan.recommendation.offer
    if not best.is_none:
        yield "none", "no commitment", NO_COMMITMENT
    banded = _best_by_band(plan)
    yield from (("band", _band_name(plan, offer), offer) for offer in banded)
    if best.commit_usd_per_year < _LEAST_TO_VARY_USD:
        return
    contract, seen = plan.inputs.contract, {best, *banded}
    years = best.commits_usd_per_year(contract.n_years)
    varied: tuple[tuple[AlternativeKind, float], ...] = (("less", -_A_TENTH), ("more", _A_TENTH))
    for kind, share in varied:
        offer = contract.offer_of([(1.0 + share) * commit for commit in years])
        if offer not in seen:
            yield kind, f"{percent(abs(share), 0)} {kind}", offer


def _band_name(plan: Plan, offer: Offer) -> str:
    low = plan.inputs.contract.commit_ranges[_band_of(plan.inputs.contract, offer)][0]
    if not low:
        return "the best below the first band"
    ramped = plan.inputs.contract.ramp != "flat"
    return f"the best from {usd_short(low)} {'in year 1' if ramped else 'a year'} on"


def _band_of(contract: Contract, offer: Offer) -> int:
    return bisect_right([low for low, _ in contract.commit_ranges], offer.commit_usd_per_year) - 1


def _best_by_band(plan: Plan) -> tuple[Offer, ...]:
    """The best commitment inside the discount band below the recommended one, and inside the one above.

    Without a discount in any year a commitment is no better than nothing, and is left out.
    """
    contract = plan.inputs.contract
    own = _band_of(contract, plan.recommendation.offer)
    bands: dict[int, list[Expectation]] = {}
    for value in _candidates(plan):
        band = _band_of(contract, value.offer)
        if band != own and any(year.discount_fraction > 0 for year in (value.offer, *value.offer.later)):
            bands.setdefault(band, []).append(value)
    below, above = [band for band in bands if band < own], [band for band in bands if band > own]
    near = [*([max(below)] if below else []), *([min(above)] if above else [])]
    return tuple(_cheapest(plan, bands[band]) for band in near)


def _candidates(plan: Plan) -> Sequence[Expectation]:
    """The commitments of the curve and, where each period stands alone, every band's own best."""
    sample, decision = plan.samples[plan.inputs.decision.scenario], plan.inputs.decision
    if not isinstance(sample, PlainSample):
        return plan.curve
    exact = sample.candidates(
        max_shortfall_probability=decision.max_shortfall_probability, limit_per=decision.shortfall_limit_per
    )
    return (*plan.curve, *sample.expect(exact))


def _cheapest(plan: Plan, values: Sequence[Expectation]) -> Offer:
    """The cheapest that the limit allows; of a band that it forbids, the smallest."""
    decision = plan.inputs.decision
    allowed = [v for v in values if is_allowed(v, decision.max_shortfall_probability, decision.shortfall_limit_per)]
    if not allowed:
        return min((v.offer for v in values), key=lambda offer: offer.commit_usd_per_year)
    return smallest_of_cheapest([v.offer for v in allowed], [v.expected_cost_usd for v in allowed])


def _lived(plan: Plan, best: Settled, kind: AlternativeKind, name: str, other: Settled) -> Alternative:
    short = other.settlement.shortfall_usd > HALF_CENT_USD
    decision = plan.inputs.decision
    ever = np.logical_or.reduce(short, axis=0)
    limited = float((ever[None, :] if decision.shortfall_limit_per == "term" else short).mean(axis=1).max())
    return Alternative(
        kind=kind,
        name=name,
        offer=other.offer,
        term_months=plan.inputs.contract.term_months,
        expected_cost=estimate(other.paid_usd),
        costs_more=estimate(other.paid_usd - best.paid_usd),
        shortfall_probability=probability(ever),
        meets_limit=kind == "none" or limited <= decision.max_shortfall_probability + 1e-12,
    )


def _quoted(plan: Plan, table: PricedTerms, item: PricedQuote) -> Iterator[Alternative]:
    """A quote as it stands, and at the commitment that the decision would choose where that is another.

    table: the terms on the table on the same paths.
    """
    if item.quote.contract.commits_usd_per_year is None:
        yield _of_quote(plan, table, item, "quote_at_best")
        return
    yield _of_quote(plan, table, item, "as_quoted")
    years = item.quote.contract.n_years
    signed, best = (np.array(t.offer.commits_usd_per_year(years)) for t in (item.standing, item.best))
    if np.abs(signed - best).max() > _SAME_COMMIT * max(signed.max(), best.max()):
        yield _of_quote(plan, table, item, "quote_at_best")


def _of_quote(plan: Plan, table: PricedTerms, item: PricedQuote, kind: AlternativeKind) -> Alternative:
    is_best, months = kind == "quote_at_best", item.quote.contract.term_months
    terms = item.best if is_best else item.standing
    same = months == plan.inputs.contract.term_months
    words = f"quote '{item.quote.name}' {'at its best' if is_best else 'as quoted'}"
    return Alternative(
        kind=kind,
        quote=item.quote.name,
        name=words + ("" if same else f", {months} months"),
        offer=terms.offer,
        term_months=months,
        expected_cost=estimate(terms.counted_usd),
        costs_more=_more(terms, table, same=same),
        shortfall_probability=terms.shortfall_probability,
        meets_limit=terms.offer.is_none or terms.limited_probability <= plan.inputs.decision.max_shortfall_probability,
    )


def _more(terms: PricedTerms, table: PricedTerms, *, same: bool) -> Estimate:
    if same:
        return estimate(terms.counted_usd - table.counted_usd)
    listed = float(table.counted_listed_usd.mean())
    rate = float(table.counted_usd.mean()) / listed if listed > 0 else 0.0
    return estimate(terms.counted_usd - rate * terms.counted_listed_usd)
