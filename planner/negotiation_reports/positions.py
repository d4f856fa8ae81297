"""Where to open, what to aim for and where to walk away, as a table, sentences and JSON."""

from typing import Any

from planner.negotiation.positions import Position, Positions
from planner.negotiation.terms_pricer import PricedTerms
from planner.negotiation_reports.clauses import finite
from planner.offer import Offer
from planner.tables import Table
from planner.words import percent, percent_estimate, usd_estimate, usd_rounded_down, usd_short


def positions_json(found: Positions) -> dict[str, Any]:
    """The positions, each with the terms that make it."""
    walk = found.walk_away
    return {
        "on_the_table": _terms_json(found.table),
        "opening": _position_json(found.opening),
        "target": _position_json(found.target) | {"share_of_opening": found.target_share},
        "walk_away": _terms_json(walk.terms)
        | {
            "alternative": walk.alternative,
            "discount_fraction_at_recommended_commit": walk.discount_fraction,
            "largest_commit_usd_per_year": walk.commit_usd_per_year,
        },
    }


def _terms_json(terms: PricedTerms) -> dict[str, Any]:
    return {
        "commit_usd_per_year": terms.offer.commit_usd_per_year,
        "discount_fraction": terms.offer.discount_fraction,
        "measure_usd": terms.measure_usd,
        "expected_cost_usd": terms.expected_cost.mean,
        "expected_cost_se_usd": finite(terms.expected_cost.se),
        "expected_npv_cost_usd": None if terms.npv_cost is None else terms.npv_cost.mean,
        "shortfall_probability": terms.shortfall_probability.mean,
    }


def _position_json(position: Position) -> dict[str, Any]:
    return _terms_json(position.terms) | {
        "asks": [ask.variation.name for ask in position.asks],
        "own_value_usd": position.own_value_usd,
        "better_than_table_usd": position.better.mean,
        "better_than_table_se_usd": finite(position.better.se),
    }


def positions_table(found: Positions) -> Table:
    """The positions side by side, and every ask by where it belongs."""
    walk, opening, target = found.walk_away, found.opening, found.target
    deals = (opening.terms, target.terms, found.table)
    least = "none would do" if walk.discount_fraction is None else f"at least {percent(walk.discount_fraction, 2)}"
    most = (
        "none would do" if walk.commit_usd_per_year is None else f"at most {usd_rounded_down(walk.commit_usd_per_year)}"
    )
    gained = usd_short(found.table.measure_usd - walk.measure_usd)
    rows = [
        ("commitment, year 1", *(_commit(deal.offer) for deal in deals), most),
        ("discount", *(percent(deal.offer.discount_fraction) for deal in deals), least),
        *(
            (ask.variation.words, "asked for", "asked for" if ask in target.asks else "left", "no", "not needed")
            for ask in opening.asks
        ),
        ("expected cost", *(usd_estimate(deal.expected_cost) for deal in (*deals, walk.terms))),
        ("shortfall risk", *(percent_estimate(deal.shortfall_probability) for deal in (*deals, walk.terms))),
        ("better than on the table", usd_estimate(opening.better), usd_estimate(target.better), "-", gained),
    ]
    return Table(
        title="Positions: what each term would be",
        columns=("", "opening", "target", "on the table", "walk away"),
        rows=tuple(rows),
        numeric=frozenset({1, 2, 3, 4}),
        note=_how(found),
    )


def _commit(offer: Offer) -> str:
    return "none" if offer.is_none else usd_rounded_down(offer.commit_usd_per_year)


def _how(found: Positions) -> str:
    away = found.walk_away.alternative
    is_what = "nothing is signed" if away == "no commitment" else f"'{away}' is signed instead"
    return (
        "Each is sized and priced by the plan's decision. Opening: every ask that adds to the others. Target: the "
        f"most valuable asks that come to {percent(found.target_share, 0)} of the opening's worth. Walk away: "
        f"{is_what}; its discount is the least that makes the recommended commitment no worse, its commitment the "
        "largest at the bands' discounts that is no worse and within the limit."
    )


def positions_sentences(found: Positions) -> list[str]:
    """Where to open, what to aim for and where to stop, in three lines."""
    if not found.opening.asks:
        first = "There is nothing to open with: no ask is worth anything that the paths can tell from nothing."
        return [first, _stop(found)]
    return [
        f"Open by asking for {_asked(found.opening)}: together worth {usd_estimate(found.opening.better)}.",
        f"Aim for {_asked(found.target)}: {usd_estimate(found.target.better)} better than what is on the table.",
        _stop(found),
    ]


def _asked(position: Position) -> str:
    return "; ".join(ask.variation.words for ask in position.asks)


def _stop(found: Positions) -> str:
    walk, table = found.walk_away, found.table
    away = "signing nothing" if walk.alternative == "no commitment" else f"'{walk.alternative}'"
    dearer = table.measure_usd - walk.measure_usd
    if dearer > 0:
        return f"What is on the table is {usd_short(dearer)} dearer than {away}: do not sign it as it is."
    if walk.discount_fraction is None:
        return f"Without a deal you have {away}: {usd_short(walk.measure_usd)}."
    return (
        f"Walk away below {percent(walk.discount_fraction, 2)} discount on "
        f"{usd_rounded_down(table.offer.commit_usd_per_year)} a year: there {away} costs the same."
    )
