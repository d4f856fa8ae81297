"""The terms of a contract in words, clause by clause, and the common clauses that it lacks."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from planner.bands import DiscountBand
from planner.contract import Contract
from planner.words import count, percent, usd


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A clause in a sentence, and the key of the plan file that says it."""

    name: str
    says: str
    key: str


def told(contract: Contract, start: date) -> tuple[Told, ...]:
    """What the contract says; clauses that it lacks are left out."""
    parts = (_commitment, _discounts, _unused, _beyond, _prices_and_payment, _around)
    opening = Told(
        name="Term", says=f"{count(contract.term_months)} months from {start:%B %Y}.", key="contract.term_months"
    )
    return opening, *(clause for part in parts for clause in part(contract))


def lacking(contract: Contract) -> tuple[Told, ...]:
    """Common clauses that the contract does not have, and what each would do for the buyer."""
    falls = contract.price_falls_passed_through
    lacks = {
        "Rollover": contract.rollover is None,
        "Overage at the committed rate": contract.overage == "list",
        "Price protection": falls and contract.price_rise_cap_fraction is None,
        "Falls passed through": not falls,
        "Carry-forward": contract.carry_forward is None and len(contract.periods) > 1,
        "Reduction right": contract.reduction is None and contract.n_years > 1,
        "Early renewal": contract.early_renewal is None,
        "Pooling over the term": len(contract.periods) > 1,
    }
    return tuple(clause for clause in _COMMON if lacks[clause.name])


_COMMON: Final = (
    Told(
        name="Rollover",
        says="Unused commitment would be carried into the next period for a while, not lost at once.",
        key="[contract.rollover]",
    ),
    Told(
        name="Overage at the committed rate",
        says="Use beyond the commitment would have the discount too, so a smaller commitment would do.",
        key='contract.overage = "committed"',
    ),
    Told(
        name="Price protection",
        says="A rise of list prices during the term would not reach committed use in full.",
        key="[contract.price_rises]",
    ),
    Told(
        name="Falls passed through",
        says="A fall of list prices during the term would lower what committed use costs.",
        key="contract.price_falls.passed_through = true",
    ),
    Told(
        name="Carry-forward",
        says="Use beyond a commitment would lower the ones that follow.",
        key="[contract.carry_forward]",
    ),
    Told(
        name="Reduction right",
        says="The commitment could be lowered at an anniversary when use has fallen.",
        key="[contract.reduction]",
    ),
    Told(
        name="Early renewal",
        says="A buyer behind plan could renew before the end and have what is unused credited.",
        key="[contract.early_renewal]",
    ),
    Told(
        name="Pooling over the term",
        says="A weak period would be made good by a strong one: only the total would count.",
        key='contract.commit_period = "term"',
    ),
)
"""What buyers commonly ask for, in the order in which it is told."""


def _commitment(contract: Contract) -> Iterator[Told]:
    fixed = contract.commits_usd_per_year
    if fixed is None:
        says = "Not fixed: this plan sizes it."
    elif len(set(fixed)) == 1:
        says = f"Fixed by the plan at {usd(fixed[0])} a year."
    else:
        says = f"Fixed by the plan, contract year by contract year: {', '.join(map(usd, fixed))}."
    yield Told(name="Commitment", says=says, key="contract.commit_usd_per_year")
    if contract.n_years > 1 and fixed is None:
        yield Told(name="Ramp", says=_ramp(contract), key="contract.ramp")
    yield Told(name="Commit period", says=_period(contract), key="contract.commit_period")
    draws = {
        "contracted": "Discounted dollars draw the commitment down.",
        "list": "List dollars draw the commitment down; the discount lowers what each of them costs.",
    }
    yield Told(name="Drawdown", says=draws[contract.drawdown], key="contract.drawdown")
    if contract.eligible_fraction < 1:
        yield Told(
            name="Eligible share",
            says=f"{_share(contract.eligible_fraction)} of spend draws it down; the rest is billed at list beside it.",
            key="contract.eligible_fraction",
        )
    yield from _eligible(contract)


def _ramp(contract: Contract) -> str:
    if contract.ramp == "flat":
        return "Every contract year commits the same."
    if contract.ramp == "free":
        return "Each contract year has a commitment of its own, sized together with the others."
    weights = listed([f"{weight:.3g}" for weight in contract.ramp_shape[1:]])
    years = listed([str(year) for year in range(2, contract.n_years + 1)])
    several = f"years {years} commit" if contract.n_years > 2 else "year 2 commits"
    return f"The commitment changes from year to year: {several} {weights} times that of year 1."


def _period(contract: Contract) -> str:
    if contract.commit_period == "term":
        return "What is committed is pooled: it has to be used by the end of the term."
    if contract.commit_period == "year":
        return "Each contract year has to use up its own commitment."
    if len(set(contract.quarter_shares)) == 1:
        return "Each quarter has to use up a quarter of the year's commitment."
    shares = ", ".join(_share(share) for share in contract.quarter_shares)
    return f"Each quarter has to use up its part of the year's commitment: {shares}."


def _eligible(contract: Contract) -> Iterator[Told]:
    eligible = contract.eligible
    if eligible.is_everything:
        return
    named = [*(eligible.models or ()), *(f"the tier {tier}" for tier in eligible.tiers or ())]
    says = f"Only use of {', '.join(named)} draws the commitment down" if named else "Use of every model counts"
    batch = "" if eligible.batch else "; batch requests do not"
    yield Told(
        name="Eligible use", says=f"{says}{batch}. The rest is billed at list beside it.", key="[contract.eligible]"
    )


def _discounts(contract: Contract) -> Iterator[Told]:
    basis = {
        "year": "a year",
        "term": "a year on the average of the term",
    }[contract.band_basis]
    steps = ", ".join(f"{_off(band)} from {usd(band.min_commit_usd_per_year)}" for band in contract.bands)
    yield Told(name="Discount", says=f"{steps} {basis}.", key="[[contract.band]]")
    if contract.band_mode == "incremental":
        yield Told(
            name="Band mode",
            says="A discount holds for the part of the commitment inside its band, not for all of it.",
            key="contract.band_mode",
        )


def _off(band: DiscountBand) -> str:
    tiers = ", ".join(f"{tier} {_share(discount)}" for tier, discount in band.by_tier)
    return _share(band.discount_fraction) + (f" ({tiers})" if tiers else "")


def _unused(contract: Contract) -> Iterator[Told]:
    rollover = contract.rollover
    unused = "neither used nor carried over" if rollover else "not used in time"
    says = f"What is {unused} is lost, and was paid for."
    if contract.shortfall == "true_up":
        says = f"What is {unused} is charged at {usd(contract.true_up_rate, cents=True)} a dollar."
    yield Told(name="Shortfall", says=says, key="contract.shortfall")
    if rollover is not None:
        yield Told(name="Rollover", says=_rollover(contract), key="[contract.rollover]")
    reduction = contract.reduction
    if reduction is not None:
        months = f"the last {reduction.lookback_months} months"
        says = f"At each anniversary the commitment may fall to what {months} would draw, by at most "
        says += f"{_share(reduction.max_fraction)}. {_taken(reduction.exercised)}"
        yield Told(name="Reduction right", says=says, key="[contract.reduction]")
    early = contract.early_renewal
    if early is not None:
        says = (
            f"A buyer behind pro-rata use may renew {early.month} months in: {_share(early.credit_fraction)} of what "
        )
        says += f"is unused is credited, and from then on {_share(early.commit_fraction)} of the commitment signed is "
        says += f"owed. {_taken(early.exercised)}"
        yield Told(name="Early renewal", says=says, key="[contract.early_renewal]")


def _taken(exercised: bool) -> str:
    return "This plan uses the right." if exercised else "This plan does not use the right."


def _rollover(contract: Contract) -> str:
    clause = contract.rollover
    assert clause is not None
    most = clause.max_fraction_of_commit
    bound = "" if most is None else f", at most {_share(most)} of the commitment"
    only = ""
    if clause.renew_min_fraction > 0:
        only = f", if the next commitment is at least {_share(clause.renew_min_fraction)} of this one"
    first = "what was carried" if clause.draw == "carried_first" else "the current commitment"
    return (
        f"{_share(clause.share)} of a period's unused commitment is carried over{bound}{only}. It expires "
        f"{clause.months} months after the period, and use draws {first} first."
    )


def _beyond(contract: Contract) -> Iterator[Told]:
    at = {"list": "costs list price", "committed": "has the committed discount too"}
    how = at[contract.overage] if isinstance(contract.overage, str) else f"has {_share(contract.overage)} off list"
    cap = contract.overage_cap_fraction
    until = "" if cap is None or contract.overage == "list" else f", up to {_share(cap)} of the commitment; list beyond"
    yield Told(name="Overage", says=f"Use beyond the commitment {how}{until}.", key="contract.overage")
    forward = contract.carry_forward
    if forward is not None:
        says = f"{_share(forward.share)} of use beyond a commitment lowers later ones, each by at most "
        says += f"{_share(forward.max_fraction_of_commit)}."
        yield Told(name="Carry-forward", says=says, key="[contract.carry_forward]")
    ratchet = contract.true_forward
    if ratchet is not None:
        holds = "for one period" if ratchet.resets else "for the rest of the term"
        says = f"Use above {_share(ratchet.trigger_fraction)} of a commitment raises the next one to at least "
        says += f"{_share(ratchet.share)} of peak use, measured over {ratchet.lookback_months} months, {holds}."
        yield Told(name="True-forward", says=says, key="[contract.true_forward]")


def _prices_and_payment(contract: Contract) -> Iterator[Told]:
    falls, cap = contract.price_falls_passed_through, contract.price_rise_cap_fraction
    if falls:
        says = "The discount is off the current list price, so falls reach committed use."
    elif cap is None:
        says = "Committed use stays at the pricing day's list price, less the discount, whichever way list moves."
    else:
        says = "Falls of the list price do not reach committed use."
    yield Told(name="Price falls", says=says, key="contract.price_falls.passed_through")
    if cap is not None:
        says = f"Committed use costs at most {_share(cap)} above the pricing day's list price."
        yield Told(name="Price rises", says=says, key="contract.price_rises.cap_fraction")
    modes = {
        "arrears": "as it is used; what was not used, at the end of its period",
        "quarterly": "in advance, a quarter at a time",
        "upfront": "in advance, for the whole period",
    }
    yield Told(
        name="Payment", says=f"The commitment is paid {modes[contract.payment.mode]}.", key="contract.payment.mode"
    )
    if contract.payment.cost_of_capital_per_year > 0:
        says = f"Money costs you {_share(contract.payment.cost_of_capital_per_year)} a year; present values use it."
        yield Told(name="Cost of capital", says=says, key="contract.payment.cost_of_capital_per_year")


def _around(contract: Contract) -> Iterator[Told]:
    yield from _market(contract)
    old = contract.in_force
    if old is not None:
        signing = {
            "co_term": "runs on beside this one and is drawn first",
            "renew": "ends, and its balance moves into this one",
        }[old.on_signing]
        says = f"A contract with {usd(old.balance_usd + old.bank_usd)} left for {old.ends_month} months {signing}."
        yield Told(name="Already in force", says=says, key="[contract.in_force]")
    for item in contract.fixed_spend:
        where = "draws the commitment down" if item.eligible else "is billed beside the contract"
        says = f"{item.name}, {usd(item.usd_per_month)} a month, {where}."
        yield Told(name="Other spend", says=says, key="[[fixed_spend]]")
    renewal = contract.renewal
    if renewal.bank_value_fraction > 0:
        says = f"A dollar still carried at the end is taken to be worth {usd(renewal.bank_value_fraction, cents=True)}."
        yield Told(name="Balance at the end", says=says, key="contract.renewal.bank_value_fraction")
    if renewal.uplift_fraction > 0:
        says = f"Prices rise by {_share(renewal.uplift_fraction)} on renewal; reported, and in no total."
        yield Told(name="Renewal", says=says, key="contract.renewal.uplift_fraction")


def _market(contract: Contract) -> Iterator[Told]:
    market = contract.marketplace
    if market is None:
        return
    fee = f" for a fee of {_share(market.fee_fraction)}" if market.fee_fraction > 0 else ""
    says = (
        f"Bought through {market.channel}{fee}; {_share(market.draws_down_fraction)} of what is paid counts towards "
        f"your commitment there, at most {usd(market.cap_usd_per_year)} a year and no more than the "
        f"{usd(market.otherwise_unused_usd_per_year)} that would go unused there."
    )
    yield Told(name="Marketplace", says=says, key="[contract.marketplace]")


def listed(words: Sequence[str]) -> str:
    """One, two and three."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _share(fraction: float) -> str:
    """A share without decimals that say nothing: 8%, 7.5%."""
    return percent(fraction, 0 if abs(fraction * 100 - round(fraction * 100)) < 1e-9 else 1)
