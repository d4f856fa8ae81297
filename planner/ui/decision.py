"""What the page Commit says: why this commitment and no other, what a typed one means, and the dead zone."""

from collections.abc import Mapping

import numpy as np

from planner.commit import Expectation
from planner.contract import Offer
from planner.outcome import OfferOutcome
from planner.plan import Plan
from planner.report import offer_name
from planner.risk import Estimate
from planner.tables import Table
from planner.ui.figures import Figure, error_words
from planner.words import percent, percent_estimate, usd, usd_estimate, usd_rounded_down, usd_short

LESS, MORE = "10% less", "10% more"


def alternatives(plan: Plan) -> list[tuple[str, Expectation]]:
    """The recommendation between less and more of it, no commitment, and what the limit on risk rules out."""
    best, contract = plan.recommendation.offer, plan.inputs.contract
    commit = best.commit_usd_per_year
    names = [("No commitment", 0.0)]
    if commit > 0:
        names += [(LESS, 0.9 * commit), ("Recommended", commit), (MORE, 1.1 * commit)]
    higher = [band.min_commit_usd_per_year for band in contract.bands if band.min_commit_usd_per_year > commit]
    if higher:
        names.append(("Next discount band", higher[0]))
    if plan.constraint.binds:
        names.append(("Cheapest without the limit", plan.constraint.unconstrained.commit_usd_per_year))
    seen: dict[float, str] = {}
    for name, usd_per_year in names:
        seen[usd_per_year] = f"{seen[usd_per_year]}; {name.lower()}" if usd_per_year in seen else name
    if commit == 0:
        seen[0.0] = "Recommended: none"
    offers = [contract.offer_at(usd_per_year) for usd_per_year in sorted(seen)]
    priced = plan.samples[plan.inputs.decision.scenario].expect(offers)
    return [(seen[value.offer.commit_usd_per_year], value) for value in priced]


def alternatives_table(plan: Plan) -> Table:
    """Why not more, why not less: each alternative with its cost and its risk against the recommendation."""
    least = plan.recommendation.expected_cost.mean
    limit = _limit(plan)
    rows = tuple(
        (
            name,
            usd_rounded_down(value.offer.commit_usd_per_year) if value.offer.commit_usd_per_year else "$0",
            percent(value.offer.discount_fraction),
            usd_short(value.expected_cost_usd),
            _more(value.expected_cost_usd - least),
            percent(value.shortfall_probability) + (", over limit" if value.shortfall_probability > limit else ""),
            usd_short(value.expected_shortfall_usd),
        )
        for name, value in alternatives(plan)
    )
    return Table(
        title="Why not less, why not more",
        columns=("", "a year", "discount", "expected cost", "difference", "shortfall risk", "expected shortfall"),
        rows=rows,
        numeric=frozenset(range(1, 7)),
        note=f"The limit on the shortfall risk is {percent(limit)}; it stands under [decision] in the plan.",
    )


def _more(difference: float) -> str:
    if abs(difference) < 0.5:
        return "$0"
    return ("+" if difference > 0 else "") + usd_short(difference)


def why(plan: Plan) -> str:
    """Why this commitment and neither a smaller nor a larger one."""
    best, note = plan.recommendation, plan.constraint
    commit = best.offer.commit_usd_per_year
    limit = percent(plan.inputs.decision.max_shortfall_probability, 0)
    if commit == 0:
        return (
            f"No commitment is both cheaper than on-demand list and within the limit of {limit} on the shortfall risk."
        )
    priced = dict(alternatives(plan))
    ruled = (
        f" The limit of {limit} on the shortfall risk rules out the cheapest one, "
        f"{usd_rounded_down(note.unconstrained.commit_usd_per_year)} a year."
        if note.binds
        else ""
    )
    return f"Committing 10% less {_changes(plan, priced, LESS)}; 10% more {_changes(plan, priced, MORE)}.{ruled}"


def _changes(plan: Plan, priced: Mapping[str, Expectation], name: str) -> str:
    """What an alternative changes: its cost, and its risk where that is over the limit."""
    value = next((value for names, value in priced.items() if name.lower() in names.lower()), None)
    if value is None:
        return "is not on the table"
    extra, limit = value.expected_cost_usd - plan.recommendation.expected_cost.mean, _limit(plan)
    cost = "costs the same" if abs(extra) < 0.5 else f"{'costs' if extra > 0 else 'saves'} {usd_short(abs(extra))}"
    cost += " more" if extra >= 0.5 else ""
    risk = f", at {percent(value.shortfall_probability)} shortfall risk" if value.shortfall_probability > limit else ""
    return cost + risk


def _limit(plan: Plan) -> float:
    return plan.inputs.decision.max_shortfall_probability + 1e-12


def decision_figures(plan: Plan) -> list[Figure]:
    """The recommendation in figures, and what signing first would have cost."""
    best, commit = plan.recommendation, plan.recommendation.offer.commit_usd_per_year
    figures = [
        Figure(name="Sign, a year", value=usd_short(commit) if commit else "none", meaning=offer_name(best.offer)),
        *_risk_figures(best, best.shortfall_probability.mean, best.expected_shortfall.mean),
        Figure(
            name="Below list",
            value=percent(best.effective_savings_rate),
            meaning=f"Expected cost against everything on demand at list, {usd_estimate(best.on_demand)} over the term",
        ),
    ]
    if plan.inputs.decision.scenario != plan.inputs.baseline:
        figures.append(_sign_first_figure(plan))
    return figures


def _risk_figures(outcome: OfferOutcome, chance: float, shortfall_usd: float) -> list[Figure]:
    risk, mean = percent_estimate(outcome.shortfall_probability), usd_estimate(outcome.expected_shortfall)
    return [
        Figure(
            name="Shortfall risk",
            value=percent(chance),
            error=f"{words} points" if (words := error_words(risk)) else "",
            meaning=f"Probability that a year uses less than it owes: {risk}",
        ),
        Figure(
            name="Mean shortfall",
            value=usd_short(shortfall_usd),
            error=error_words(mean),
            meaning=f"Expected unused commitment over the term: {mean}; when there is one, "
            f"{usd_short(outcome.shortfall_given_shortfall_usd)}",
        ),
    ]


def offer_figures(plan: Plan, value: Expectation, outcome: OfferOutcome) -> list[Figure]:
    """Figures of a typed commitment. value is exact for the sample, outcome has the errors."""
    on_demand = plan.samples[outcome.scenario].on_demand_usd
    cost = usd_estimate(Estimate(mean=value.expected_cost_usd, se=outcome.expected_cost.se))
    saving = 1.0 - value.expected_cost_usd / on_demand if on_demand > 0 else 0.0
    against = value.expected_cost_usd - plan.recommendation.expected_cost.mean
    return [
        *_risk_figures(outcome, value.shortfall_probability, value.expected_shortfall_usd),
        Figure(
            name="Expected cost",
            value=usd_short(value.expected_cost_usd),
            error=error_words(cost),
            meaning=f"Over the term: {cost}",
        ),
        Figure(
            name="Against best",
            value=_more(against),
            meaning=f"Expected cost less that of the recommendation: {usd(against)} over the term",
        ),
        Figure(
            name="Below list",
            value=percent(saving),
            meaning=f"Expected cost against everything on demand at list, {usd_estimate(outcome.on_demand)}",
        ),
    ]


def offer_sentence(plan: Plan, offer: Offer, value: Expectation) -> str:
    """A typed commitment in words, and how it stands to the bands."""
    if offer.commit_usd_per_year == 0:
        return "No commitment: everything on demand at list."
    over = f"expected overage {usd_short(value.expected_overage_usd)}"
    if offer == plan.recommendation.offer:
        return f"This is the recommendation: {offer_name(offer)}, {over}."
    bands = plan.inputs.contract.bands
    below = offer.commit_usd_per_year < bands[0].min_commit_usd_per_year
    short = (
        f" It is below the lowest band, {usd(bands[0].min_commit_usd_per_year)}, and earns nothing." if below else ""
    )
    return f"{usd(offer.commit_usd_per_year)} a year at {percent(offer.discount_fraction)} discount, {over}.{short}"


def _sign_first_figure(plan: Plan) -> Figure:
    first = plan.sign_first
    cost = usd_estimate(Estimate(mean=abs(first.cost.mean), se=first.cost.se))
    costs = "costs" if first.cost.mean >= 0 else "saves"
    return Figure(
        name="Signing first",
        value=_more(first.cost.mean),
        error=error_words(cost),
        meaning=f"Signing before routing {costs} {cost} against the recommendation over the term: "
        f"{percent(first.lived.shortfall_probability.mean)} shortfall risk once routing works, not the "
        f"{percent(first.signed.shortfall_probability.mean)} seen at signing",
    )


def dead_zone(plan: Plan, outcome: OfferOutcome) -> tuple[str, ...]:
    """Why routing comes before signing: below the commitment a dollar routed away is owed anyway."""
    offer = outcome.offer
    if offer.commit_usd_per_year == 0:
        return ("Without a commitment there is no dead zone: every list dollar routed away is a dollar saved.",)
    used_up = plan.inputs.contract.list_usd_per_year(offer.commit_usd_per_year, offer.discount_fraction)
    return (
        f"Below {usd_rounded_down(used_up)} of list use a year the commitment is owed whether it is used or not, so a "
        "list dollar routed away there saves nothing. That is the dead zone.",
        f"With this commitment a routed list dollar still saves "
        f"{usd(outcome.marginal_saving_per_list_usd, cents=True)} on average, out of the dollar it would save without "
        "one. A larger commitment makes it less: that is why routing comes before signing.",
    )


def used_up_table(plan: Plan, offer: Offer) -> Table:
    """List use of a year that is reached with a chance, and what uses the commitment up."""
    least = plan.samples[plan.inputs.decision.scenario].least_use
    chances = (0.99, 0.95, 0.9, 0.75, 0.5, 0.25, 0.1, 0.05, 0.01)
    used_up = plan.inputs.contract.list_usd_per_year(offer.commit_usd_per_year, offer.discount_fraction)
    rows = [(percent(c, 0), usd_short(float(np.quantile(least, 1 - c)))) for c in chances]
    return Table(
        title="List use of a year that is reached with a chance of",
        columns=("chance", "list use"),
        rows=tuple(rows),
        numeric=frozenset({0, 1}),
        note=f"Your commitment is used up at {usd_rounded_down(used_up)} of list use a year.",
    )
