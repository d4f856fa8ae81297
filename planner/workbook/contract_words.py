"""What the terms of a contract make of the workbook: its words for periods and commitments, and what it can price."""

from collections.abc import Iterator
from dataclasses import replace

from planner.contract import Contract
from planner.inputs import Decision
from planner.offer import Offer
from planner.plan import Plan
from planner.words import percent

_LONGEST_LIST = 4


def in_any_period(contract: Contract) -> str:
    """Over what a shortfall is looked for, as titles say it."""
    return {"year": "in any contract year", "quarter": "in any quarter", "term": "over the term"}[
        contract.commit_period
    ]


def period_word(contract: Contract) -> str:
    """One commitment period."""
    return {"year": "contract year", "quarter": "quarter", "term": "term"}[contract.commit_period]


def follows_one_amount(contract: Contract) -> bool:
    """Whether one amount says what every contract year commits: all alike, or by weights that are given."""
    fixed = contract.commits_usd_per_year
    return contract.ramp != "free" and (fixed is None or contract.offer_at(fixed[0]) == contract.offer_of(fixed))


def is_ramped(contract: Contract) -> bool:
    """Whether contract years follow the first one's commitment at other amounts."""
    return len(set(contract.ramp_shape)) > 1


def commit_words(contract: Contract) -> str:
    """The commitment that a curve runs over."""
    return "commitment of contract year 1, USD" if is_ramped(contract) else "commitment, USD a year"


def commit_on_axis(contract: Contract, offer: Offer) -> float:
    """Where an offer stands on that axis: contract year 1's commitment, or the term's average a year where the years do
    not follow from the first."""
    if follows_one_amount(contract):
        return offer.commit_usd_per_year
    commits = offer.commits_usd_per_year(contract.n_years)
    total = sum(commit * share for commit, share in zip(commits, contract.year_fractions, strict=True))
    return total / sum(contract.year_fractions)


def protected_prices(contract: Contract) -> str:
    """At which list price committed use draws the commitment down."""
    cap = contract.price_rise_cap_fraction
    if cap is None:
        return "Prices of committed use are locked on the signing day."
    at_most = f"at most {percent(cap)} above the signing day's list price"
    floor = "" if contract.price_falls_passed_through else " and at least that price"
    return f"Committed use is priced at the current list price, {at_most}{floor}."


def counts_present_value(contract: Contract, decision: Decision) -> bool:
    """Whether the decision counts dollars at their present value."""
    return decision.money == "npv" and contract.payment.cost_of_capital_per_year > 0


def unpriced(contract: Contract, decision: Decision) -> tuple[str, ...]:
    """What keeps formulas from pricing an offer off a distribution of annual spend, in words; empty where none does."""
    found = tuple(_unpriced(contract, decision))
    # a true-up by itself is priced: what is unused is charged in part, period by period
    if not found and not replace(contract, shortfall="forfeit").is_plain:
        return ("clauses that link its periods",)
    return (*found, "a true-up") if found and contract.shortfall == "true_up" else found


def _unpriced(contract: Contract, decision: Decision) -> Iterator[str]:
    if contract.commit_period != "year":
        yield f"a commitment per {period_word(contract)}"
    fixed = contract.commits_usd_per_year
    if contract.ramp != "flat" or (fixed is not None and len(set(fixed)) > 1):
        yield "commitments that differ by contract year"
    clauses = (
        ("rollover", contract.rollover),
        ("carry-forward", contract.carry_forward),
        ("a right to reduce", contract.reduction),
        ("early renewal", contract.early_renewal),
        ("true-forward", contract.true_forward),
        ("a contract in force", contract.in_force),
        ("marketplace terms", contract.marketplace),
        ("a cap on discounted overage", contract.overage_cap_fraction),
    )
    yield from (words for words, clause in clauses if clause is not None)
    if contract.band_mode == "incremental":
        yield "incremental bands"
    if contract.has_tier_discounts:
        yield "discounts by model tier"
    if counts_present_value(contract, decision):
        yield "a decision at present value"


def why_read_from_a_grid(plan: Plan) -> str | None:
    """Why offers typed in are read between offers that the program priced; None where formulas price them."""
    found = unpriced(plan.inputs.contract, plan.inputs.decision)
    if not found:
        return None
    named = list(found[:_LONGEST_LIST])
    if len(found) > _LONGEST_LIST:
        named.append(f"{len(found) - _LONGEST_LIST} more")
    listed = named[0] if len(named) == 1 else f"{', '.join(named[:-1])} and {named[-1]}"
    return (
        f"Offers typed in are read between offers that the program priced (sheet Offer grid), because formulas on a "
        f"distribution of spend would ignore part of these terms: {listed}."
    )
