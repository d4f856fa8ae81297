"""What the page Commit says: why this commitment and no other, what a typed one means, and the dead zone."""

from collections.abc import Mapping
from functools import partial

from planner.charts.commit_axis import (
    commit_on_axis,
    counts_present_value,
    follows_one_amount,
    limited_chance,
)
from planner.charts.commitment import has_one_use
from planner.commit import CommitSample
from planner.offer import Offer
from planner.outcome import OfferOutcome
from planner.plan import Plan
from planner.provenance_of.commitment import commitment
from planner.provenance_of.offers import (
    against_best,
    below_list,
    expected_cost,
    mean_shortfall,
    present_value,
    shortfall_risk,
    signing_first,
)
from planner.report import offer_name
from planner.risk import Estimate
from planner.sizing.expectation import Expectation, is_allowed
from planner.terms_told import listed
from planner.ui.showing.figures import Figure, error_words
from planner.words import percent, percent_estimate, usd, usd_estimate, usd_rounded_down, usd_short

LESS, MORE = "10% less", "10% more"
Alternatives = list[tuple[str, Expectation]]


def sample_of(plan: Plan) -> CommitSample:
    """What says what an offer costs in the scenario decided on."""
    return plan.samples[plan.inputs.decision.scenario]


def tried_offer(plan: Plan, commit_usd_per_year: float) -> Offer:
    """The offer for a commitment as it is typed: later contract years follow the ramp.

    The recommendation's own first year stands for the recommendation, whose years may each be their own.
    """
    best = plan.recommendation.offer
    if commit_usd_per_year == best.commit_usd_per_year:
        return best
    return plan.inputs.contract.offer_at(commit_usd_per_year)


def years_words(plan: Plan, offer: Offer) -> str:
    """A commitment in a cell: one amount, or one a contract year."""
    commits = offer.commits_usd_per_year(plan.inputs.contract.n_years)
    if len(set(commits)) == 1:
        return usd_rounded_down(commits[0]) if commits[0] else "$0"
    return " / ".join(usd_short(commit) for commit in commits)


def more_words(difference: float) -> str:
    """A difference with its sign."""
    if abs(difference) < 0.5:
        return "$0"
    return ("+" if difference > 0 else "") + usd_short(difference)


def is_fixed(plan: Plan) -> bool:
    """Whether the plan fixes the commitment, so that nothing is sized."""
    return plan.inputs.contract.commits_usd_per_year is not None


def alternatives(plan: Plan) -> Alternatives:
    """The recommendation between less and more of it, no commitment, and what the limit on risk rules out."""
    best, contract = plan.recommendation.offer, plan.inputs.contract
    named = [("No commitment", contract.offer_at(0.0))]
    if not best.is_none:
        own = "As fixed" if is_fixed(plan) else "Recommended"
        named += [(LESS, _times(plan, 0.9)), (own, best), (MORE, _times(plan, 1.1))]
    if follows_one_amount(plan):
        higher = [low for low, _ in contract.commit_ranges[1:] if low > best.commit_usd_per_year]
        name = "Next discount band" if contract.ramp == "flat" else "Next band of a year"
        named += [(name, contract.offer_at(low)) for low in higher[:1]]
    if plan.constraint.binds:
        named.append(("Cheapest without the limit", plan.constraint.unconstrained))
    seen: dict[Offer, str] = {}
    for name, offer in named:
        seen[offer] = f"{seen[offer]}; {name.lower()}" if offer in seen else name
    if best.is_none:
        seen[best] = "As fixed: none" if is_fixed(plan) else "Recommended: none"
    priced = sample_of(plan).expect(sorted(seen, key=lambda offer: commit_on_axis(plan, offer)))
    return [(seen[value.offer], value) for value in priced]


def _times(plan: Plan, factor: float) -> Offer:
    """The recommendation with every contract year's commitment times a factor."""
    contract = plan.inputs.contract
    commits = plan.recommendation.offer.commits_usd_per_year(contract.n_years)
    return contract.offer_of([factor * commit for commit in commits])


def least_usd(plan: Plan) -> float:
    """Expected cost of the recommendation, in the money that the decision counts."""
    return sample_of(plan).expect([plan.recommendation.offer])[0].expected_cost_usd


def why(plan: Plan) -> str:
    """Why this commitment and neither a smaller nor a larger one; of a fixed one, what less and more would change."""
    best = plan.recommendation
    limit = percent(plan.inputs.decision.max_shortfall_probability, 0)
    if best.offer.is_none and is_fixed(plan):
        return "The plan fixes that nothing is committed; leave contract.commit_usd_per_year out to have it sized."
    if best.offer.is_none:
        return (
            f"No commitment is both cheaper than on-demand list and within the limit of {limit} on the shortfall risk."
        )
    priced = dict(alternatives(plan))
    around = f"Committing 10% less {_changes(plan, priced, LESS)}; 10% more {_changes(plan, priced, MORE)}."
    return f"{around} {_fixed_words(plan) if is_fixed(plan) else limit_words(plan)}".rstrip()


def _fixed_words(plan: Plan) -> str:
    value = sample_of(plan).expect([plan.recommendation.offer])[0]
    limit = percent(plan.inputs.decision.max_shortfall_probability, 0)
    meets = "is over" if is_over(plan, value) else "meets"
    return (
        "The plan fixes this commitment, so it is priced and not sized: what the best one would be is not worked out. "
        f"It {meets} the limit of {limit} on the shortfall risk."
    )


def limit_words(plan: Plan) -> str:
    """Which limit on the shortfall risk binds, and what relaxing it would save; nothing where none binds."""
    note, decision = plan.constraint, plan.inputs.decision
    if not note.binds:
        return ""
    limit = percent(decision.max_shortfall_probability, 0)
    free = note.unconstrained
    amount = f"{usd_rounded_down(free.commit_usd_per_year)} a year" if free.is_flat else years_words(plan, free)
    saves = ""
    if note.relaxing_saves_usd >= 0.5:
        saves = f" Without it, that one would save {usd_short(note.relaxing_saves_usd)} over the term."
    of = f" of {note.limits}" if len(plan.inputs.contract.periods) > 1 else ""
    return f"The limit of {limit} on the shortfall risk{of} rules out the cheapest one, {amount}.{saves}"


def _changes(plan: Plan, priced: Mapping[str, Expectation], name: str) -> str:
    """What an alternative changes: its cost, and its risk where that is over the limit."""
    value = next((value for names, value in priced.items() if name.lower() in names.lower()), None)
    if value is None:
        return "is not on the table"
    extra = value.expected_cost_usd - least_usd(plan)
    cost = "costs the same" if abs(extra) < 0.5 else f"{'costs' if extra > 0 else 'saves'} {usd_short(abs(extra))}"
    cost += " more" if extra >= 0.5 else ""
    return cost + (f", at {percent(limited_chance(plan, value))} shortfall risk" if is_over(plan, value) else "")


def is_over(plan: Plan, value: Expectation) -> bool:
    """Whether an offer is over the limit on the shortfall risk."""
    decision = plan.inputs.decision
    return not is_allowed(value, decision.max_shortfall_probability, decision.shortfall_limit_per)


def decision_figures(plan: Plan) -> list[Figure]:
    """The recommendation in figures, and what signing first would have cost."""
    best, commit = plan.recommendation, plan.recommendation.offer.commit_usd_per_year
    sign = "Fixed" if is_fixed(plan) else "Sign"
    when = "a year" if best.offer.is_flat else "year 1"
    amount = "none" if best.offer.is_none else usd_short(commit)
    figures = [
        Figure(
            name=f"{sign}, {when}",
            value=amount,
            meaning=offer_name(best.offer),
            provenance=partial(commitment, plan),
        ),
        *_risk_figures(plan, best, best.shortfall_probability.mean, best.expected_shortfall.mean),
        Figure(
            name="Below list",
            value=percent(best.effective_savings_rate),
            meaning=f"Expected cost against everything on demand at list, {usd_estimate(best.on_demand)} over the term",
            provenance=partial(below_list, plan, best),
        ),
    ]
    if plan.inputs.contract.payment.cost_of_capital_per_year > 0:
        figures.insert(1, _present_value_figure(plan, best))
    if plan.inputs.decision.scenario != plan.inputs.baseline and not is_fixed(plan):
        figures.append(_sign_first_figure(plan))
    return figures


def _present_value_figure(plan: Plan, outcome: OfferOutcome) -> Figure:
    words, nominal = usd_estimate(outcome.npv_cost), usd_estimate(outcome.expected_cost)
    rate = percent(plan.inputs.contract.payment.cost_of_capital_per_year)
    return Figure(
        name="Present value",
        value=usd_short(outcome.npv_cost.mean),
        error=error_words(words),
        meaning=f"Expected cost over the term at {rate} a year: {words}; as paid, {nominal}",
        provenance=partial(present_value, plan, outcome),
    )


def _risk_figures(plan: Plan, outcome: OfferOutcome, chance: float, shortfall_usd: float) -> list[Figure]:
    risk, mean = percent_estimate(outcome.shortfall_probability), usd_estimate(outcome.expected_shortfall)
    return [
        Figure(
            name="Shortfall risk",
            value=percent(chance),
            error=f"{words} points" if (words := error_words(risk)) else "",
            meaning=f"Probability that {_some_period(plan)} leaves commitment unused and lost: {risk}",
            provenance=partial(shortfall_risk, plan, outcome),
        ),
        Figure(
            name="Mean shortfall",
            value=usd_short(shortfall_usd),
            error=error_words(mean),
            meaning=f"Expected unused commitment over the term: {mean}; when there is one, "
            f"{usd_short(outcome.shortfall_given_shortfall_usd)}",
            provenance=partial(mean_shortfall, plan, outcome),
        ),
    ]


def _some_period(plan: Plan) -> str:
    contract = plan.inputs.contract
    if len(contract.periods) == 1:
        return "the term" if contract.commit_period == "term" else "the contract year"
    return "some quarter" if contract.commit_period == "quarter" else "some contract year"


def offer_figures(plan: Plan, value: Expectation, outcome: OfferOutcome) -> list[Figure]:
    """Figures of a typed commitment. value is exact for the sample, outcome has the errors."""
    on_demand = outcome.on_demand.mean
    nominal = outcome.expected_cost.mean if counts_present_value(plan) else value.expected_cost_usd
    cost = usd_estimate(Estimate(mean=nominal, se=outcome.expected_cost.se))
    saving = 1.0 - nominal / on_demand if on_demand > 0 else 0.0
    against = value.expected_cost_usd - least_usd(plan)
    figures = [
        *_risk_figures(plan, outcome, value.shortfall_probability, value.expected_shortfall_usd),
        Figure(
            name="Expected cost",
            value=usd_short(nominal),
            error=error_words(cost),
            meaning=f"Over the term: {cost}",
            provenance=partial(expected_cost, plan, outcome),
        ),
        Figure(
            name="Against fixed" if is_fixed(plan) else "Against best",
            value=more_words(against),
            meaning=f"Expected {'present value' if counts_present_value(plan) else 'cost'} less that of the "
            f"{'fixed commitment' if is_fixed(plan) else 'recommendation'}: {usd(against)} over the term",
            provenance=partial(against_best, plan, value.offer, present_value_counts=counts_present_value(plan)),
        ),
        Figure(
            name="Below list",
            value=percent(saving),
            meaning=f"Expected cost against everything on demand at list, {usd_estimate(outcome.on_demand)}",
            provenance=partial(below_list, plan, outcome),
        ),
    ]
    if plan.inputs.contract.payment.cost_of_capital_per_year > 0:
        figures.insert(3, _present_value_figure(plan, outcome))
    return figures


def offer_sentence(plan: Plan, offer: Offer, value: Expectation) -> str:
    """A typed commitment in words, and how it stands to the bands."""
    if offer.is_none:
        return "No commitment: everything on demand at list."
    over = f"expected overage {usd_short(value.expected_overage_usd)}"
    if offer == plan.recommendation.offer:
        what = "what the plan fixes" if is_fixed(plan) else "the recommendation"
        return f"This is {what}: {offer_name(offer)}, {over}."
    lowest = plan.inputs.contract.bands[0].min_commit_usd_per_year
    earns_nothing = offer.discount_fraction == 0 and offer.commit_usd_per_year < lowest
    short = f" It is below the lowest band, {usd(lowest)}, and earns nothing." if earns_nothing else ""
    if not offer.is_flat:
        return f"{offer_name(offer)}, {over}.{short}"
    return f"{usd(offer.commit_usd_per_year)} a year at {percent(offer.discount_fraction)} discount, {over}.{short}"


def field_words(plan: Plan) -> str:
    """What the field below it means where a commitment is not one amount a year; nothing where it is."""
    contract = plan.inputs.contract
    if not follows_one_amount(plan):
        own = "the plan fixes" if is_fixed(plan) else "are recommended"
        return (
            "The field tries the same commitment in every contract year. At its first value it shows the years that "
            f"{own}, each its own."
        )
    if contract.ramp == "flat":
        return ""
    years = listed([f"{weight:.3g}" for weight in contract.ramp_shape[1:]])
    return f"The field is contract year 1's commitment; the years after it commit {years} times as much."


def _sign_first_figure(plan: Plan) -> Figure:
    first = plan.sign_first
    cost = usd_estimate(Estimate(mean=abs(first.cost.mean), se=first.cost.se))
    costs = "costs" if first.cost.mean >= 0 else "saves"
    return Figure(
        name="Signing first",
        value=more_words(first.cost.mean),
        error=error_words(cost),
        meaning=f"Signing before routing {costs} {cost} against the recommendation over the term: "
        f"{percent(first.lived.shortfall_probability.mean)} shortfall risk once routing works, not the "
        f"{percent(first.signed.shortfall_probability.mean)} seen at signing",
        provenance=partial(signing_first, plan),
    )


def dead_zone(plan: Plan, outcome: OfferOutcome) -> tuple[str, ...]:
    """Why routing comes before signing: below the commitment a dollar routed away is owed anyway."""
    offer = outcome.offer
    if offer.is_none:
        return ("Without a commitment there is no dead zone: every list dollar routed away is a dollar saved.",)
    owed = (
        "What is committed is owed whether it is used or not, so a list dollar routed away below it saves nothing, or "
        "only what is carried over and drawn later. That is the dead zone."
    )
    if has_one_use(plan):
        used_up = plan.inputs.contract.list_usd_per_year(offer.commit_usd_per_year, offer.discount_fraction)
        owed = (
            f"Below {usd_rounded_down(used_up)} of list use a year the commitment is owed whether it is used or not, "
            "so a list dollar routed away there saves nothing. That is the dead zone."
        )
    return (
        owed,
        f"With this commitment a routed list dollar still saves "
        f"{usd(outcome.marginal_saving_per_list_usd, cents=True)} on average, out of the dollar it would save without "
        "one. A larger commitment makes it less: that is why routing comes before signing.",
    )
