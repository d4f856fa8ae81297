"""What the brief says under each heading, in sentences; figures are rounded to their Monte Carlo errors."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Final

from planner.brief.brief import Alternative, ShortfallFacts
from planner.decision_caveats import limit_sentences
from planner.dossier import Dossier
from planner.drivers_report import drivers_sentences, most_moved
from planner.focus.contract_words import terms_sentences
from planner.negotiation_reports.learning import learning_sentences
from planner.negotiation_reports.positions import positions_sentences
from planner.negotiation_reports.regret import regret_sentences
from planner.outcome import OfferOutcome
from planner.plan import Plan
from planner.report import headline, offer_name
from planner.risk import Estimate
from planner.units import MONTHS_PER_YEAR
from planner.words import percent, percent_estimate, usd, usd_estimate, usd_short

_MOST_SHARE: Final = 0.995


def counts_present_value(plan: Plan) -> bool:
    """Whether the decision counts dollars at their present value."""
    return plan.inputs.decision.money == "npv" and plan.inputs.contract.payment.cost_of_capital_per_year > 0


def cost_words(plan: Plan) -> str:
    """What the decision counts."""
    return "expected cost at present value" if counts_present_value(plan) else "expected cost"


def month_words(start: date, month: int) -> str:
    """A contract month by its name: December 2027."""
    years, index = divmod(start.month - 1 + month, MONTHS_PER_YEAR)
    return f"{date(start.year + years, index + 1, 1):%B %Y}"


def day_words(day: date) -> str:
    """1 January 2027."""
    return f"{day.day} {day:%B %Y}"


def sign_sentences(plan: Plan) -> Iterator[str]:
    """What to sign, from when to when, on which terms."""
    inputs, offer = plan.inputs, plan.recommendation.offer
    contract = inputs.contract
    yield headline(plan)[0]
    last = month_words(inputs.start, contract.term_months - 1)
    lived = f"lived in scenario '{inputs.decision.scenario}'"
    yield f"From {day_words(inputs.start)} to the end of {last}, {lived}, in US dollars before tax."
    if not offer.is_none:
        yield " ".join(terms_sentences(contract, offer))


def why_sentences(plan: Plan, saving: Estimate, others: Sequence[Alternative]) -> Iterator[str]:
    """What it saves against nothing signed and against signing first, and why it is not a tenth less or more."""
    best = plan.recommendation
    if not best.offer.is_none:
        what = "costs" if saving.mean < 0 else "saves"
        amount = usd_estimate(Estimate(mean=abs(saving.mean), se=saving.se))
        more = " more" if saving.mean < 0 else ""
        value = " at present value" if counts_present_value(plan) else ""
        yield f"It {what} {amount}{more} against signing nothing{value}, on the same simulated paths."
    yield headline(plan)[2]
    varied = [_varied(item) for item in others if item.kind in ("less", "more")]
    if varied:
        yield f"Committing {'; '.join(varied)}."


def _varied(item: Alternative) -> str:
    limit = "" if item.meets_limit else ", over the limit"
    return (
        f"{item.name} ({_terms_words(item)}) {difference_words(item.costs_more)}, with "
        f"{percent_estimate(item.shortfall_probability)} shortfall risk{limit}"
    )


def _terms_words(item: Alternative) -> str:
    return offer_name(item.offer).removesuffix(" discount")


def difference_words(costs_more: Estimate) -> str:
    """What something costs more, or saves: "costs $1,230 ± 20 more"."""
    if abs(costs_more.mean) < 0.5:
        return "costs the same"
    amount = usd_estimate(Estimate(mean=abs(costs_more.mean), se=costs_more.se))
    return f"costs {amount} {'more' if costs_more.mean > 0 else 'less'}"


def risk_sentences(plan: Plan, facts: ShortfallFacts) -> Iterator[str]:
    """The chance of a shortfall with its interval and limit, what it comes to and when, the range of the cost."""
    best = plan.recommendation
    yield headline(plan)[1]
    if not best.offer.is_none:
        yield _limit_and_size(plan, facts)
        yield _when(plan, facts)
    p10, p50, p90 = (usd_short(value) for value in best.cost_p10_p50_p90_usd)
    yield f"Cost over the term: P10 {p10}, P50 {p50}, P90 {p90}."
    if not best.offer.is_none:
        yield _dead_zone(best)


def _limit_and_size(plan: Plan, facts: ShortfallFacts) -> str:
    low, high = facts.interval
    limit, given = plan.inputs.decision.max_shortfall_probability, plan.recommendation.shortfall_given_shortfall_usd
    several = len(plan.inputs.contract.periods) > 1
    per = " for each period by itself" if several and plan.inputs.decision.shortfall_limit_per == "period" else ""
    size = f" Where it happens, it is {usd_short(given)} on average." if given > 0 else ""
    risk = "the risk in any period" if several else "the risk"
    return (
        f"The limit is {percent(limit)}{per}; {risk} lies between {percent(low, 2)} and {percent(high, 2)} "
        f"(95% of Monte Carlo error).{size}"
    )


def _when(plan: Plan, facts: ShortfallFacts) -> str:
    contract, start = plan.inputs.contract, plan.inputs.start
    rows, by_period = plan.recommendation.ledger, facts.by_period_usd
    total = sum(by_period)
    if len(rows) == 1:
        return f"It is known, and owed, at the end of {month_words(start, rows[0].period.stop - 1)}."
    if total <= 0:
        return "No period of the term has one on the simulated paths."
    index = max(range(len(rows)), key=by_period.__getitem__)
    row, share = rows[index], by_period[index] / total
    name = "contract year" if contract.commit_period == "year" else "quarter"
    part = "All of it" if share > _MOST_SHARE else f"{percent(share, 0)} of it"
    return (
        f"{part} falls in {name} {index + 1}, and is owed at the end of {month_words(start, row.period.stop - 1)}; "
        f"the risk there is {percent_estimate(row.shortfall_probability)}."
    )


def _dead_zone(best: OfferOutcome) -> str:
    saved = usd(best.marginal_saving_per_list_usd, cents=True)
    return (
        f"Once it is signed, one list dollar more that is routed away saves {saved} on average: nothing while use "
        "stays below the commitment."
    )


def next_best_sentences(plan: Plan, others: Sequence[Alternative]) -> Iterator[str]:
    """The cheapest other thing that the limit allows, and why it is not recommended where it costs less."""
    allowed = [item for item in others if item.meets_limit]
    if not allowed:
        return
    item = allowed[0]
    at = "" if item.offer.is_none else f" ({_terms_words(item)})"
    rate = "" if item.term_months == plan.inputs.contract.term_months else " than the recommendation's rate"
    what = "Next best within the limit"
    if item.costs_more.mean < 0:
        what = "Better than the recommendation" if item.quote is not None else "Cheaper within the limit"
    yield f"{what}: {item.name}{at}; it {difference_words(item.costs_more)}{rate}."
    if any(other.kind == "quote_at_best" for other in others):
        yield "A quote at its best: at the commitment that you would choose under its terms, not as it was quoted."
    if any(other.costs_more.mean < 0 and other.quote is None for other in allowed):
        yield (
            f"The decision is made by another measure than {cost_words(plan)} (decision.objective), or the plan fixes "
            "the commitment: what costs less may come second."
        )


def changes_sentences(found: Dossier, walk_away_fraction: float | None) -> Iterator[str]:
    """What would change the answer: the limit, what spend hangs on, what to learn first, walking away, scenarios."""
    plan = found.plan
    yield from limit_sentences(plan.inputs, plan.constraint)
    if found.drivers is not None:
        yield from most_moved(found.drivers) or drivers_sentences(found.drivers)[:1]
    if found.learning is not None:
        yield from learning_sentences(found.learning)[:1]
    if found.negotiated is not None:
        yield positions_sentences(found.negotiated.positions)[-1]
    elif walk_away_fraction is not None:
        yield (
            f"Walk away below {percent(walk_away_fraction, 2)} discount on the recommended commitment: there signing "
            "nothing costs the same."
        )
    if found.regret is not None:
        yield from regret_sentences(found.regret)[:1]
