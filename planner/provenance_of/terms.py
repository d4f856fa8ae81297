"""What an offer is made of, as inputs: its commitment, its discounts, the use that settles it, and what is paid."""

from collections.abc import Iterator

import numpy as np

from planner.assumed.answered import Answered, answered
from planner.offer import Offer
from planner.outcome import OfferOutcome
from planner.plan import Plan
from planner.provenance import Input
from planner.provenance_of.rests_on import assumption_input, simulated
from planner.risk import Estimate, quantiles
from planner.words import percent, usd, usd_estimate, usd_short


def rows_of(plan: Plan) -> dict[str, Answered]:
    """Every assumption in force by its key."""
    return {row.assumption.key: row for row in answered(plan)}


def commitment_source(plan: Plan, offer: Offer) -> str:
    """Who says how much is committed."""
    if plan.inputs.contract.commits_usd_per_year is not None and offer == plan.recommendation.offer:
        return "plan file, contract.commit_usd_per_year"
    if offer == plan.recommendation.offer:
        return f"sized by this plan on '{plan.inputs.decision.scenario}'"
    if offer == plan.sign_first.signed.offer:
        return f"sized by this plan on '{plan.inputs.baseline}' alone"
    return "typed or dragged on the page"


def commitment_inputs(plan: Plan, offer: Offer) -> Iterator[Input]:
    """C, d, e of each contract year that differs, and q where one amount of use uses the commitment up."""
    contract, rows = plan.inputs.contract, rows_of(plan)
    years = range(1 if offer.is_flat else contract.n_years)
    for year in years:
        terms = offer.in_year(year)
        of, mark = ("", "") if offer.is_flat else (f", contract year {year + 1}", f"_{year + 1}")
        commit = terms.commit_usd_per_year
        yield Input(
            symbol=f"C{mark}",
            name=f"commitment a year{of}",
            value=usd(commit),
            source=commitment_source(plan, offer),
            number=commit,
        )
        if offer.is_none:
            return
        yield _discount(plan, offer, year, rows, f"d{mark}", of)
        yield Input(
            symbol=f"e{mark}",
            name=f"discount on use beyond it{of}",
            value=percent(terms.overage_discount_fraction),
            source=assumption_input(rows["contract.overage"]).source,
            number=terms.overage_discount_fraction,
        )
        if contract.is_plain and not contract.has_tier_discounts:
            q = contract.list_usd_per_year(commit, terms.discount_fraction)
            drawn = "C" if contract.drawdown == "list" else "C / (1 - d)"
            yield Input(
                symbol=f"q{mark}", name=f"list use a year that uses it up{of}", value=usd(q), source=drawn, number=q
            )


def _discount(plan: Plan, offer: Offer, year: int, rows: dict[str, Answered], symbol: str, of: str) -> Input:
    contract, discount = plan.inputs.contract, offer.in_year(year).discount_fraction
    written = [
        row for key, row in rows.items() if key.startswith("contract.band.") and key.endswith("discount_fraction")
    ]
    reached = contract.band_at(_deciding_usd(plan, offer, year))
    if reached is None:
        source = "below the lowest band of the plan: nothing is discounted"
    elif reached.discount_fraction != discount:
        source = f"blended over the bands of the plan, contract.band_mode = {contract.band_mode}"
    else:
        source = assumption_input(written[contract.bands.index(reached)]).source
    return Input(symbol=symbol, name=f"discount{of}", value=percent(discount), source=source, number=discount)


def _deciding_usd(plan: Plan, offer: Offer, year: int) -> float:
    """The annual commitment at which the band of a contract year is read."""
    contract = plan.inputs.contract
    if contract.band_basis != "term" and contract.commit_period != "term":
        return offer.in_year(year).commit_usd_per_year
    commits = offer.commits_usd_per_year(contract.n_years)
    shares = contract.year_fractions
    return sum(commit * share for commit, share in zip(commits, shares, strict=True)) / sum(shares)


def use_input(plan: Plan, scenario: str) -> Input:
    """L: list spend of the term that enters the contract."""
    total = plan.uses[scenario].list_usd.sum(axis=0)
    low, high = quantiles(total, (0.1, 0.9)).tolist()
    mean = float(np.mean(total))
    return Input(
        symbol="L",
        name="list spend that enters the contract, over the term",
        value=f"{usd_short(mean)} (P10 {usd_short(low)}, P90 {usd_short(high)})",
        source=simulated(plan, scenario),
        number=mean,
    )


def estimate_input(plan: Plan, scenario: str, symbol: str, name: str, value: Estimate) -> Input:
    """A mean over the paths of a scenario."""
    return Input(
        symbol=symbol, name=name, value=usd_estimate(value), source=simulated(plan, scenario), number=value.mean
    )


def paid_inputs(plan: Plan, outcome: OfferOutcome) -> Iterator[Input]:
    """The parts of what is paid over the term: as owed, overage, outside; fees less credits where there are any."""
    contract, ledger, said = plan.inputs.contract, outcome.ledger, simulated(plan, outcome.scenario)
    owed = sum(
        contract.owed_fraction(outcome.offer, row.period) * (row.committed_usd - row.waived_usd) for row in ledger
    )
    overage, outside = sum(row.overage_usd for row in ledger), sum(row.outside_usd for row in ledger)
    source = "(1 - d) q, owed whether it is used or not" if contract.is_plain else f"the ledger, {said}"
    yield Input(symbol="owed", name="the commitment as owed", value=usd(owed), source=source, number=owed)
    yield Input(
        symbol="overage",
        name="use beyond the commitment, as billed",
        value=usd(overage),
        source=said,
        number=overage,
    )
    if outside > 0 or contract.eligible_fraction < 1:
        name = "billed at list beside the contract"
        yield Input(symbol="outside", name=name, value=usd(outside), source=said, number=outside)
    if contract.marketplace is not None or contract.renewal.bank_value_fraction > 0:
        rest = sum(row.paid_usd for row in ledger) - owed - overage - outside
        key = "marketplace" if contract.marketplace is not None else "renewal.bank_value_fraction"
        name, where = "fees, less credits", f"plan file, contract.{key}"
        yield Input(symbol="fees", name=name, value=usd(rest), source=where, number=rest)
