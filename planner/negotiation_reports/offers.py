"""Quotes by rank, as they stand and at their best, as tables, sentences and JSON."""

from typing import Any, Final

from planner.negotiation.quotes_priced import PricedQuote, PricedQuotes, Stretch
from planner.negotiation_reports.clauses import finite
from planner.offer import Offer
from planner.report import offer_name
from planner.risk import Estimate
from planner.tables import Table
from planner.words import percent, percent_estimate, usd_estimate, usd_rounded_down, usd_short

_A_TOKEN_USD: Final = 1.0
"""A best commitment below it: more of it buys nothing, because use beyond it has the discount too."""


def offers_json(priced: PricedQuotes) -> list[dict[str, Any]]:
    """Every quote, by rank."""
    return [_quote_json(priced, item) for item in priced.quotes]


def _quote_json(priced: PricedQuotes, item: PricedQuote) -> dict[str, Any]:
    terms, p10_p50_p90 = item.standing, item.savings_rate_p10_p50_p90
    return {
        **_origin_json(item),
        "rank": item.rank,
        "term_months": item.quote.contract.term_months,
        "commit_usd_per_year": terms.offer.commit_usd_per_year,
        "commits_usd_per_year": list(terms.offer.commits_usd_per_year(item.quote.contract.n_years)),
        "discount_fraction": terms.offer.discount_fraction,
        "expected_cost_usd": terms.expected_cost.mean,
        "expected_cost_se_usd": finite(terms.expected_cost.se),
        "expected_npv_cost_usd": None if terms.npv_cost is None else terms.npv_cost.mean,
        "measure_usd": terms.measure_usd,
        "on_demand_cost_usd": float(terms.listed_usd.mean()),
        "shortfall_probability": terms.shortfall_probability.mean,
        "shortfall_probability_se": finite(terms.shortfall_probability.se),
        "meets_limit": item.meets_limit,
        "expected_shortfall_usd": terms.expected_shortfall.mean,
        "expected_overage_usd": terms.expected_overage_usd,
        "effective_savings_rate": finite(item.savings_rate),
        "effective_savings_rate_p10": finite(p10_p50_p90[0]),
        "effective_savings_rate_p50": finite(p10_p50_p90[1]),
        "effective_savings_rate_p90": finite(p10_p50_p90[2]),
        "saved_against_none_usd": item.saved.mean,
        "saved_against_none_se_usd": finite(item.saved.se),
        "gap_to_target_usd": item.gap_to_target.mean,
        "gap_to_target_se_usd": finite(item.gap_to_target.se),
        "gap_to_walk_away_usd": item.gap_to_walk_away.mean,
        "gap_to_walk_away_se_usd": finite(item.gap_to_walk_away.se),
        "walk_away_is": item.walk_away_is,
        "best_commit_usd_per_year": item.best.offer.commit_usd_per_year,
        "best_discount_fraction": item.best.offer.discount_fraction,
        "best_expected_cost_usd": item.best.expected_cost.mean,
        "best_shortfall_probability": item.best.shortfall_probability.mean,
        "fair_insurance_premium_usd": item.fair_premium.mean,
        "fair_insurance_premium_se_usd": finite(item.fair_premium.se),
        "insurance_worth_usd": item.insured_usd,
        "next_band": None if item.stretch is None else _stretch_json(item.stretch),
    }


def _origin_json(item: PricedQuote) -> dict[str, Any]:
    source, received_on = item.quote.source, item.quote.received_on
    return {
        "name": item.quote.name,
        "source": source or None,
        "received_on": None if received_on is None else received_on.isoformat(),
    }


def _stretch_json(stretch: Stretch) -> dict[str, Any]:
    return {
        "min_commit_usd_per_year": stretch.min_commit_usd_per_year,
        "discount_fraction": stretch.discount_fraction,
        "indifferent_discount_fraction": stretch.indifferent_fraction,
        "pays": stretch.pays,
        "meets_limit": stretch.meets_limit,
        "shortfall_probability": stretch.shortfall_probability,
    }


def offers_tables(priced: PricedQuotes) -> list[Table]:
    """Quotes as they stand, against the positions, at their best, and against the next band."""
    return [_standing_table(priced), _against_table(priced), _best_table(priced), _stretch_table(priced)]


def _standing_table(priced: PricedQuotes) -> Table:
    return Table(
        title="Offers as they stand, best first",
        columns=(
            "offer",
            "commitment",
            "expected cost",
            "saves against list",
            "P10 / P50 / P90",
            "shortfall risk",
            "expected shortfall",
        ),
        rows=tuple(_standing_row(item) for item in priced.quotes),
        numeric=frozenset(range(2, 7)),
        note="Ranked by what the decision minimises per dollar of list spend. P10 / P50 / P90: of the saving against "
        "list. * over the limit on the shortfall risk.",
    )


def _against_table(priced: PricedQuotes) -> Table:
    return Table(
        title="What each offer costs more than the target, walking away, and signing nothing",
        columns=(
            "offer",
            "than the target",
            "than walking away",
            "walking away to",
            "than nothing signed",
            "fair insurance",
        ),
        rows=tuple(
            (
                item.quote.name,
                usd_estimate(item.gap_to_target),
                usd_estimate(item.gap_to_walk_away),
                item.walk_away_is,
                usd_estimate(Estimate(mean=-item.saved.mean, se=item.saved.se)),
                usd_estimate(item.fair_premium),
            )
            for item in priced.quotes
        ),
        numeric=frozenset({1, 2, 4, 5}),
        note="Below zero the offer is the better one. Target and walking away by what the decision minimises, nothing "
        "signed by the expected cost. Fair insurance: the premium at which insuring every unused dollar would be fair.",
    )


def _standing_row(item: PricedQuote) -> tuple[str, ...]:
    terms = item.standing
    over = "" if item.meets_limit else " *"
    return (
        f"{item.rank}. {item.quote.name}{_term_words(item)}",
        _offer_words(terms.offer),
        usd_estimate(terms.expected_cost),
        percent(item.savings_rate),
        " / ".join(percent(rate) for rate in item.savings_rate_p10_p50_p90),
        percent_estimate(terms.shortfall_probability) + over,
        usd_estimate(terms.expected_shortfall),
    )


def _term_words(item: PricedQuote) -> str:
    return f" ({item.quote.contract.term_months} months)"


def _offer_words(offer: Offer) -> str:
    return offer_name(offer).removesuffix(" discount")


def _best_table(priced: PricedQuotes) -> Table:
    return Table(
        title="The same offers at the commitment that you would choose",
        columns=("offer", "commitment", "expected cost", "saves against the quote", "shortfall risk"),
        rows=tuple(
            (
                item.quote.name,
                _best_words(item),
                usd_estimate(item.best.expected_cost),
                usd_estimate(item.standing.less(item.best)),
                percent_estimate(item.best.shortfall_probability),
            )
            for item in priced.quotes
        ),
        numeric=frozenset(range(2, 5)),
        note="Within the limit on the shortfall risk, so that it may cost more than a quote over it: below zero. An "
        "offer that quotes one discount has it here at any commitment.",
    )


def _best_words(item: PricedQuote) -> str:
    offer = item.best.offer
    if 0 < offer.commit_usd_per_year < _A_TOKEN_USD:
        return f"as little as possible at {percent(offer.discount_fraction)}"
    return _offer_words(offer)


def _stretch_table(priced: PricedQuotes) -> Table:
    return Table(
        title="Stretching to the next band",
        columns=("offer", "next band from", "its discount", "needed to be as well off", "pays", "shortfall risk there"),
        rows=tuple(
            (
                item.quote.name,
                usd_rounded_down(item.stretch.min_commit_usd_per_year),
                percent(item.stretch.discount_fraction),
                _needed(item.stretch),
                "yes" if item.stretch.pays else "no",
                percent(item.stretch.shortfall_probability) + ("" if item.stretch.meets_limit else " *"),
            )
            for item in priced.quotes
            if item.stretch is not None
        ),
        numeric=frozenset({1, 2, 3, 5}),
        note="Pays: the next band's least commitment costs no more than the quote. * over the limit on the shortfall "
        "risk.",
    )


def _needed(stretch: Stretch) -> str:
    return "none would do" if stretch.indifferent_fraction is None else percent(stretch.indifferent_fraction, 2)


def offers_sentences(priced: PricedQuotes) -> list[str]:
    """Which offer is best, within the limit, and whether to take any."""
    best = priced.quotes[0]
    lines = [_best_sentence(best)]
    within = [item for item in priced.quotes if item.meets_limit]
    if not best.meets_limit:
        lines.append(
            f"Its shortfall risk, {percent(best.standing.limited_probability)}, is over your limit. "
            + (f"Best within it: '{within[0].quote.name}'." if within else "No offer is within it.")
        )
    lines.append(_walk_sentence((within or list(priced.quotes))[0]))
    return lines


def _best_sentence(best: PricedQuote) -> str:
    terms, saved = best.standing, best.saved
    against = (
        f"saves {usd_estimate(saved)} against signing nothing"
        if saved.mean >= 0
        else f"costs {usd_estimate(Estimate(mean=-saved.mean, se=saved.se))} more than signing nothing"
    )
    return (
        f"Of these offers '{best.quote.name}' is the best: {offer_name(terms.offer)}, expected cost "
        f"{usd_estimate(terms.expected_cost)} over {best.quote.contract.term_months} months; it {against}."
    )


def _walk_sentence(item: PricedQuote) -> str:
    name, gap, away = item.quote.name, item.gap_to_target, item.walk_away_is
    if item.gap_to_walk_away.mean > 0:
        cheaper = usd_short(item.gap_to_walk_away.mean)
        other = "signing nothing" if away == "no commitment" else f"'{away}'"
        return f"Walk away from '{name}' as it stands: {other} is cheaper by {cheaper}."
    if gap.mean <= 0:
        return f"'{name}' is at the target or better, by {usd_short(-gap.mean)}."
    return f"'{name}' is {usd_short(gap.mean)} short of the target; the positions say what to ask for."
