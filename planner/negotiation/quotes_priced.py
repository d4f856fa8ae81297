"""Quotes in hand: each as it stands and at its best commitment, against the positions and against nothing signed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import nan

import numpy as np

from planner.inputs import Decision
from planner.negotiation.clause_values import TradeList
from planner.negotiation.positions import Positions, indifferent_discount, positions
from planner.negotiation.terms_pricer import PricedTerms, TermsPricer
from planner.quotes import Quote
from planner.risk import Estimate, cvar, estimate, quantiles
from planner.units import HALF_CENT_USD, FloatArray

Report = Callable[[str, float], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """The next band signed at its threshold: its discount, and the least at which it costs no more than the quote.

    discount_fraction: what it comes to, of incremental bands the blended one. pays: whether it costs no more.
    meets_limit: whether its chance of a shortfall is within the decision's limit.
    """

    min_commit_usd_per_year: float
    discount_fraction: float
    indifferent_fraction: float | None
    shortfall_probability: float
    pays: bool
    meets_limit: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PricedQuote:
    """A quote lived in the scenario decided on. USD over its own term.

    standing: as quoted, or at its best where no commitment is quoted; best: its terms at the commitment that the
    decision would choose. saved: of the expected cost, against nothing signed over the same term. gap_to_target,
    gap_to_walk_away: what it costs more by the decision's measure; for another term than the plan's, more than at the
    position's rate per list dollar. walk_away_is: "no commitment" or another quote. savings_rate: 1 - E[paid] /
    E[list], with P10, P50 and P90 of 1 - paid / list per path. fair_premium: what insuring every unused dollar would be
    worth, the expected shortfall; insured_usd: by the decision's measure, CVaR included. stretch: the next band, None
    where there is none. rank: by what the decision minimises per dollar of list spend, the least first.
    """

    quote: Quote
    standing: PricedTerms
    best: PricedTerms
    meets_limit: bool
    saved: Estimate
    gap_to_target: Estimate
    gap_to_walk_away: Estimate
    walk_away_is: str
    savings_rate: float
    savings_rate_p10_p50_p90: tuple[float, float, float]
    fair_premium: Estimate
    insured_usd: float
    stretch: Stretch | None
    rank: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PricedQuotes:
    """The quotes by rank, and the positions that they are held against."""

    quotes: tuple[PricedQuote, ...]
    positions: Positions
    trades: TradeList
    paths: int


def priced_quotes(pricer: TermsPricer, trades: TradeList, progress: Report | None = None) -> PricedQuotes:
    """Price every quote of the plan. progress(step, fraction)."""
    quotes = pricer.inputs.quotes
    standing = []
    for index, quote in enumerate(quotes):
        standing.append(pricer.at_best(quote.contract))
        if progress is not None:
            progress("pricing quotes", (index + 1) / len(quotes))
    named = [(quote.name, terms) for quote, terms in zip(quotes, standing, strict=True) if _same_term(pricer, quote)]
    against = positions(pricer, trades, named)
    rates = [_per_list_dollar(terms.measure_usd, terms) for terms in standing]
    ranks = {index: rank for rank, index in enumerate(sorted(range(len(quotes)), key=rates.__getitem__), start=1)}
    found = [
        _priced(pricer, against, quote, terms, [item for item in named if item[0] != quote.name], ranks[index])
        for index, (quote, terms) in enumerate(zip(quotes, standing, strict=True))
    ]
    return PricedQuotes(
        quotes=tuple(sorted(found, key=lambda item: item.rank)), positions=against, trades=trades, paths=pricer.paths
    )


def _same_term(pricer: TermsPricer, quote: Quote) -> bool:
    return quote.contract.term_months == pricer.contract.term_months


def _priced(
    pricer: TermsPricer,
    against: Positions,
    quote: Quote,
    terms: PricedTerms,
    others: Sequence[tuple[str, PricedTerms]],
    rank: int,
) -> PricedQuote:
    none = pricer.unsigned(quote.contract)
    allowed = [item for item in others if _meets_limit(pricer.inputs.decision, item[1])]
    alternatives = [("no commitment", none), *(allowed if _same_term(pricer, quote) else [])]
    walk_away_is, alternative = min(alternatives, key=lambda item: item[1].measure_usd)
    target, listed = against.target, float(terms.listed_usd.mean())
    p10, p50, p90 = quantiles(_saved_fractions(terms), (0.1, 0.5, 0.9)).tolist()
    return PricedQuote(
        quote=quote,
        standing=terms,
        best=pricer.at_best(quote.open_contract),
        meets_limit=_meets_limit(pricer.inputs.decision, terms),
        saved=estimate(none.paid_usd - terms.paid_usd),
        gap_to_target=_gap(terms, target.terms, target.own_value_usd),
        gap_to_walk_away=_gap(terms, alternative, 0.0),
        walk_away_is=walk_away_is,
        savings_rate=1.0 - float(terms.paid_usd.mean()) / listed if listed > 0 else nan,
        savings_rate_p10_p50_p90=(p10, p50, p90),
        fair_premium=terms.expected_shortfall,
        insured_usd=_insured_usd(pricer.inputs.decision, terms),
        stretch=_stretch(pricer, quote, terms),
        rank=rank,
    )


def _meets_limit(decision: Decision, terms: PricedTerms) -> bool:
    return terms.limited_probability <= decision.max_shortfall_probability


def _gap(terms: PricedTerms, position: PricedTerms, own_value_usd: float) -> Estimate:
    """What terms cost more than a position; at the position's rate per list dollar where the term is another."""
    if terms.contract.term_months == position.contract.term_months:
        return estimate(terms.measured_usd - position.measured_usd + own_value_usd)
    rate = _per_list_dollar(position.measure_usd - own_value_usd, position)
    return estimate(terms.measured_usd - rate * terms.counted_listed_usd)


def _per_list_dollar(usd: float, terms: PricedTerms) -> float:
    """Dollars per dollar of list spend; the dollars themselves where there is none."""
    listed = float(terms.counted_listed_usd.mean())
    return usd / listed if listed > 0 else usd


def _saved_fractions(terms: PricedTerms) -> FloatArray:
    """1 - paid / list on every path; 0 where nothing is used."""
    paid, listed = terms.paid_usd, terms.listed_usd
    saved: FloatArray = 1.0 - np.divide(paid, listed, out=np.ones_like(paid), where=listed > 0)
    return saved


def _insured_usd(decision: Decision, terms: PricedTerms) -> float:
    """What it would save by the decision's measure if every unused dollar were paid back."""
    saved = float(terms.shortfall_usd.mean())
    if decision.objective != "mean_cvar":
        return saved
    loss = terms.counted_usd
    if decision.cvar_loss == "regret":
        loss = loss - terms.counted_listed_usd
    tails = [cvar(item, decision.cvar_level) for item in (loss, loss - terms.shortfall_usd)]
    return saved + decision.cvar_weight * (tails[0] - tails[1])


def _stretch(pricer: TermsPricer, quote: Quote, terms: PricedTerms) -> Stretch | None:
    """The next band above what is quoted; of a quote without bands, the next of the terms on the table."""
    bands = (pricer.contract if quote.at_one_discount else quote.contract).bands
    commits = terms.offer.commits_usd_per_year(quote.contract.n_years)
    above = next((band for band in bands if band.min_commit_usd_per_year > commits[0]), None)
    if above is None:
        return None
    low = above.min_commit_usd_per_year
    stretched = [low] * len(commits) if commits[0] == 0 else [low * (commit / commits[0]) for commit in commits]
    offer = quote.contract.offer_of(stretched, above.discount_fraction if quote.at_one_discount else None)
    signed = pricer.signed(quote.contract, offer)
    return Stretch(
        min_commit_usd_per_year=low,
        discount_fraction=offer.discount_fraction,
        indifferent_fraction=indifferent_discount(pricer, quote.contract, stretched, cost_usd=terms.measure_usd),
        shortfall_probability=signed.limited_probability,
        pays=signed.measure_usd <= terms.measure_usd + HALF_CENT_USD,
        meets_limit=_meets_limit(pricer.inputs.decision, signed),
    )
