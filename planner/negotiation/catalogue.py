"""The clauses that are worth arguing about: what each says, the contract with it and the contract without it.

Some are in a contract by their absence: no true-forward, payment as it is used. What is asked for is a usual form of
each clause, at the strong end of what buyers ask for; anything else is an [[ask]] of the plan.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from planner.clauses import (
    EVERYTHING,
    CarryForward,
    EarlyRenewal,
    Reduction,
    Rollover,
    TrueForward,
)
from planner.contract import Contract
from planner.offer import Offer
from planner.units import MONTHS_PER_YEAR

_WITHIN_REACH: Final = 0.5
"""Of the next band's threshold: from there on its discount may be asked for."""

Change = Callable[[Contract], Contract | None]
"""The contract changed; None where there is nothing to change."""


def _never(contract: Contract) -> Contract | None:
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """A clause: what is asked for and what could be given up, in words, and the contract changed by either.

    instead: what holds once it is given up.
    """

    name: str
    asked: str = ""
    given: str = ""
    instead: str = ""
    ask: Change = _never
    give: Change = _never


def _with(**changes: Any) -> Change:
    return lambda contract: replace(contract, **changes)


def _where(condition: Callable[[Contract], bool], **changes: Any) -> Change:
    return lambda contract: replace(contract, **changes) if condition(contract) else None


def next_band_for(contract: Contract, offer: Offer) -> Contract | None:
    """The next band beginning where an offer's use is: at the commitment that, at the band's discount, the same list
    use draws. None where there is no next band, or one so far above that nobody would ask."""
    commit = offer.commit_usd_per_year
    above = [band for band in contract.bands if band.min_commit_usd_per_year > commit > 0]
    if not above or commit < _WITHIN_REACH * above[0].min_commit_usd_per_year:
        return None
    listed = contract.list_usd_per_year(commit, offer.discount_fraction)
    begins = contract.commit_usd_per_year(listed, above[0].discount_fraction)
    earlier = replace(above[0], min_commit_usd_per_year=begins)
    kept = [band for band in contract.bands if band.min_commit_usd_per_year < begins]
    return replace(contract, bands=(*kept, earlier, *above[1:]))


def _has_years(contract: Contract) -> bool:
    return contract.n_years > 1


def _more_overage_discount(contract: Contract) -> Contract | None:
    least = min(band.discount_fraction for band in contract.bands)
    is_less = contract.overage == "list" or (isinstance(contract.overage, float) and contract.overage < least)
    return replace(contract, overage="committed") if is_less else None


def _half_of_unused(contract: Contract) -> Contract | None:
    is_less = contract.shortfall == "true_up" and contract.true_up_rate <= 0.5
    return None if is_less else replace(contract, shortfall="true_up", true_up_rate=0.5)


def _full_rollover(contract: Contract) -> Contract:
    full = Rollover(share=1.0, months=12)
    known = contract.rollover
    longer = full if known is None else replace(full, months=max(known.months, full.months))
    return replace(contract, rollover=longer)


def _early_renewal(contract: Contract) -> Contract | None:
    if contract.early_renewal is not None or contract.term_months < 4:
        return None
    right = EarlyRenewal(month=contract.term_months * 3 // 4, credit_fraction=1.0, commit_fraction=1.0)
    return replace(contract, early_renewal=right)


def _pool(contract: Contract) -> Contract | None:
    if contract.commit_period == "term" or not _has_years(contract) or contract.commits_usd_per_year is not None:
        return None
    return replace(contract, commit_period="term", ramp="flat")


def _own_years(contract: Contract) -> Contract | None:
    can = _has_years(contract) and contract.commit_period != "term" and contract.commits_usd_per_year is None
    return replace(contract, ramp="free") if can and contract.ramp != "free" else None


def _may_rise(contract: Contract) -> bool:
    return contract.price_rise_cap_fraction != 0 and contract.price_falls_passed_through


def _true_forward(contract: Contract) -> Contract | None:
    if contract.true_forward is not None or len(contract.periods) == 1:
        return None
    block = 3 if contract.commit_period == "quarter" else MONTHS_PER_YEAR
    return replace(contract, true_forward=TrueForward(lookback_months=block))


def _paid(contract: Contract, mode: Literal["upfront", "arrears"]) -> Contract | None:
    """Paid at another time; no variation where time has no price."""
    return replace(contract, payment=replace(contract.payment, mode=mode)) if contract.values_time else None


def _batch_left_out(contract: Contract) -> Contract | None:
    return replace(contract, eligible=replace(contract.eligible, batch=False)) if contract.eligible.batch else None


CLAUSES: tuple[Clause, ...] = (
    Clause(
        name="overage_discount",
        asked="the committed discount on use beyond the commitment",
        given="the discount on use beyond the commitment",
        instead="list price",
        ask=_more_overage_discount,
        give=_where(lambda c: c.overage != "list", overage="list", overage_cap_fraction=None),
    ),
    Clause(
        name="overage_without_cap",
        asked="no cap on use at the overage discount",
        ask=_where(lambda c: c.overage_cap_fraction is not None and c.overage != "list", overage_cap_fraction=None),
    ),
    Clause(
        name="half_of_unused_charged",
        asked="a charge of half of the unused commitment, not all of it",
        given="the reduced charge on unused commitment",
        instead="all of it is owed",
        ask=_half_of_unused,
        give=_where(lambda c: c.shortfall == "true_up", shortfall="forfeit", true_up_rate=1.0),
    ),
    Clause(
        name="rollover",
        asked="rollover of all unused commitment for 12 months",
        given="rollover of unused commitment",
        instead="lost at the end of its period",
        ask=_full_rollover,
        give=_where(lambda c: c.rollover is not None, rollover=None),
    ),
    Clause(
        name="carry_forward",
        asked="credit for use beyond a commitment, up to a quarter of the next",
        given="the credit for use beyond a commitment",
        instead="later commitments stay as signed",
        ask=_where(lambda c: c.carry_forward is None, carry_forward=CarryForward(max_fraction_of_commit=0.25)),
        give=_where(lambda c: c.carry_forward is not None, carry_forward=None),
    ),
    Clause(
        name="reduction",
        asked="the right to lower the commitment by a quarter at each anniversary",
        given="the right to lower the commitment at an anniversary",
        instead="it stays as signed",
        ask=_where(lambda c: c.reduction is None and _has_years(c), reduction=Reduction(max_fraction=0.25)),
        give=_where(lambda c: c.reduction is not None, reduction=None),
    ),
    Clause(
        name="early_renewal",
        asked="the right to renew after three quarters of the term, unused commitment credited in full",
        given="the right to renew early",
        instead="the contract runs its term",
        ask=_early_renewal,
        give=_where(lambda c: c.early_renewal is not None, early_renewal=None),
    ),
    Clause(
        name="pooled_term",
        asked="one commitment for the whole term, not one a year",
        given="one commitment for the whole term",
        instead="each year has to use up its own",
        ask=_pool,
        give=_where(lambda c: c.commit_period == "term" and _has_years(c), commit_period="year"),
    ),
    Clause(
        name="annual_commitment",
        asked="a commitment a year, not a quarter",
        given="a whole year to use a commitment up",
        instead="each quarter has to use up its own",
        ask=_where(lambda c: c.commit_period == "quarter", commit_period="year", quarter_shares=(0.25,) * 4),
        give=_where(lambda c: c.commit_period == "year", commit_period="quarter"),
    ),
    Clause(
        name="own_commitment_each_year",
        asked="a commitment of its own for every contract year",
        given="commitments that differ by year",
        instead="the same every year",
        ask=_own_years,
        give=_where(lambda c: c.ramp != "flat" and c.commits_usd_per_year is None, ramp="flat"),
    ),
    Clause(
        name="list_drawdown",
        asked="list dollars counting against the commitment",
        given="list dollars counting against the commitment",
        instead="discounted dollars",
        ask=_where(lambda c: c.drawdown == "contracted", drawdown="list"),
        give=_where(lambda c: c.drawdown == "list", drawdown="contracted"),
    ),
    Clause(
        name="whole_commitment_discounted",
        asked="a band's discount on everything, not on its own part",
        ask=_where(lambda c: c.band_mode == "incremental", band_mode="all_units"),
    ),
    Clause(
        name="price_falls_passed_through",
        asked="list-price falls reaching committed use",
        given="list-price moves reaching committed use",
        instead="the signing day's prices throughout",
        ask=_where(lambda c: not c.price_falls_passed_through, price_falls_passed_through=True),
        give=_where(
            lambda c: c.price_falls_passed_through, price_falls_passed_through=False, price_rise_cap_fraction=None
        ),
    ),
    Clause(
        name="price_rise_cap",
        asked="no list-price rises on committed use",
        given="the cap on list-price rises",
        instead="rises reach committed use",
        ask=_where(_may_rise, price_rise_cap_fraction=0.0),
        give=_where(
            lambda c: c.price_rise_cap_fraction is not None and c.price_falls_passed_through,
            price_rise_cap_fraction=None,
        ),
    ),
    Clause(
        name="no_true_forward",
        asked="freedom from a true-forward: use never raises a commitment",
        given="freedom from a true-forward",
        instead="use above a commitment raises the next",
        ask=_where(lambda c: c.true_forward is not None, true_forward=None),
        give=_where(
            lambda c: c.true_forward is None and len(c.periods) > 1, true_forward=TrueForward(lookback_months=3)
        ),
    ),
    Clause(
        name="everything_eligible",
        asked="all token spend drawing the commitment down",
        ask=_where(
            lambda c: not c.eligible.is_everything or c.eligible_fraction < 1,
            eligible=EVERYTHING,
            eligible_fraction=1.0,
        ),
    ),
    Clause(
        name="batch_eligible",
        given="batch requests drawing the commitment down",
        instead="billed at list beside it",
        give=_batch_left_out,
    ),
    Clause(
        name="payment_as_used",
        asked="payment as it is used, at the month's end",
        given="payment as it is used",
        instead="each year in advance",
        ask=lambda c: _paid(c, "arrears") if c.payment.mode != "arrears" else None,
        give=lambda c: _paid(c, "upfront") if c.payment.mode == "arrears" else None,
    ),
    Clause(
        name="marketplace",
        given="buying through the marketplace",
        instead="buying directly",
        give=_where(lambda c: c.marketplace is not None, marketplace=None),
    ),
)
