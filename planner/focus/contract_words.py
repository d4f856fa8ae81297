"""A contract's terms in words, for the column that describes a contract commitment."""

from collections.abc import Iterator
from typing import Final

from planner.contract import Contract, Period
from planner.offer import Offer
from planner.words import percent, usd

_PAID: Final = {
    "upfront": "It is paid upfront.",
    "quarterly": "It is paid in advance, quarter by quarter.",
    "arrears": "It is paid as it is used, and what is left of it at the end of the period.",
}


def commitment_type(contract: Contract) -> str:
    """The kind of commitment, as a display name."""
    return {
        "year": "Annual spend commitment",
        "quarter": "Quarterly spend commitment",
        "term": "Spend commitment over the term",
    }[contract.commit_period]


def duration(months: int) -> str:
    """A length of time as FOCUS writes it: 1 Year, 3 Months."""
    number, unit = (months // 12, "Year") if months % 12 == 0 else (months, "Month")
    return f"{number} {unit}{'' if number == 1 else 's'}"


def description(contract: Contract, offer: Offer, period: Period) -> str:
    """The terms of a period's commitment that a reader needs, those that FOCUS has no column for included."""
    return " ".join(_sentences(contract, offer, period))


def _sentences(contract: Contract, offer: Offer, period: Period) -> Iterator[str]:
    terms = offer.in_year(period.year)
    counted = "list dollars" if contract.drawdown == "list" else "discounted dollars"
    yield (
        f"Proposed, not signed: {usd(contract.commit_usd(offer, period), cents=True)} of use over "
        f"{duration(period.stop - period.first).lower()}, counted in {counted}, "
        f"at {percent(terms.discount_fraction)} off the list price."
    )
    yield from terms_sentences(contract, terms)


def terms_sentences(contract: Contract, terms: Offer) -> Iterator[str]:
    """Bands, overage, payment and every clause. terms: of the contract year that they are said for."""
    if terms.discount_by_tier:
        tiers = ", ".join(f"{tier} {percent(fraction)}" for tier, fraction in terms.discount_by_tier)
        yield f"Model tiers with a discount of their own: {tiers}."
    yield _bands(contract)
    yield _overage(contract, terms)
    yield _PAID[contract.payment.mode]
    yield from _unused(contract)
    yield from _changes(contract)
    yield from _prices(contract)
    yield from _around(contract)


def _bands(contract: Contract) -> str:
    quoted = ", ".join(
        f"{percent(band.discount_fraction)} from {usd(band.min_commit_usd_per_year)}" for band in contract.bands
    )
    parts = ", each for its own part" if contract.band_mode == "incremental" else ""
    return f"Discounts quoted by annual commitment: {quoted}{parts}."


def _overage(contract: Contract, terms: Offer) -> str:
    if contract.overage == "committed" and terms.discount_by_tier:
        rate = "at the committed discounts"
    elif terms.overage_discount_fraction == 0:
        return "Use beyond it is billed at the list price."
    else:
        rate = f"at {percent(terms.overage_discount_fraction)} off the list price"
    cap = contract.overage_cap_fraction
    limit = "" if cap is None else f" up to {percent(cap)} of the commitment, and at the list price beyond that"
    return f"Use beyond it is billed {rate}{limit}."


def _unused(contract: Contract) -> Iterator[str]:
    rollover, forward = contract.rollover, contract.carry_forward
    if rollover is not None:
        cap = rollover.max_fraction_of_commit
        most = "" if cap is None else f", at most {percent(cap)} of the commitment,"
        renews = rollover.renew_min_fraction
        only = "" if renews == 0 else f" if the next commitment is at least {percent(renews)} of this one"
        yield f"Of what is not used {percent(rollover.share)}{most} is carried over for {rollover.months} months{only}."
    rest = "the rest" if rollover is not None else "what is not used"
    if contract.shortfall == "true_up":
        yield f"A true-up charges {percent(contract.true_up_rate)} of {rest}."
    else:
        yield f"{rest.capitalize()} is charged and lost."
    if forward is not None:
        yield (
            f"{percent(forward.share)} of use beyond it lowers later commitments, each by at most "
            f"{percent(forward.max_fraction_of_commit)}."
        )


def _changes(contract: Contract) -> Iterator[str]:
    ratchet, lower, early = contract.true_forward, contract.reduction, contract.early_renewal
    if ratchet is not None:
        lasts = "the next commitment" if ratchet.resets else "later commitments"
        yield (
            f"Use above {percent(ratchet.trigger_fraction)} of it raises {lasts} to {percent(ratchet.share)} of the "
            "peak use."
        )
    if lower is not None:
        yield f"At each anniversary it may be lowered by at most {percent(lower.max_fraction)}."
    if early is not None:
        yield (
            f"After {early.month} months it may be renewed early: {percent(early.credit_fraction)} of what is unused "
            f"is credited, and {percent(early.commit_fraction)} of the commitment is signed anew."
        )


def _prices(contract: Contract) -> Iterator[str]:
    if not contract.price_falls_passed_through:
        yield "Falls of the list price do not lower the price of committed use."
    cap = contract.price_rise_cap_fraction
    if cap is not None:
        yield f"Rises of the list price reach committed use only up to {percent(cap)} above the signing day's."


def _around(contract: Contract) -> Iterator[str]:
    market, old = contract.marketplace, contract.in_force
    if market is not None:
        fee = f" for a fee of {percent(market.fee_fraction)}" if market.fee_fraction else ""
        yield f"It is bought through a marketplace{fee}, and counts towards the cloud commitment there."
    if old is not None and old.on_signing == "renew":
        yield "What is left of the contract in force is carried into this one."
    if old is not None and old.on_signing == "co_term":
        yield "It runs beside the contract in force, which is used first; both end together."
