"""Rights of the contract as signed: balances carried over, reductions and early renewals, with their last days.

What a right is worth is the contract settled with it used and left alone, in the periods that it can still change.
"""

from dataclasses import replace

import numpy as np

from planner.contract import Contract
from planner.risk import estimate
from planner.tracking.acting.standing import Standing
from planner.tracking.result import Action
from planner.units import MONTHS_PER_YEAR, FloatArray
from planner.words import percent, usd

# --- balances --------------------------------------------------------------------------------------------------------


def carried_over(standing: Standing) -> Action | None:
    """Balances to be used before they expire, or that the running period leaves: what they take off later bills."""
    balance, expires = _balance(standing)
    if balance <= standing.least_usd:
        return None
    worth = estimate(saved_by_balances_usd(standing))
    if not standing.is_seen(worth):
        return None
    last = standing.last_day_before(min(expires, standing.contract.term_months))
    has_begun = _carried_so_far(standing) > standing.least_usd
    ends = standing.last_day_before(standing.period.stop)
    what = "carried over" if has_begun else f"that the period up to {ends} is expected to carry over"
    return Action(
        kind="use what is carried over",
        action=f"Use the {usd(balance)} {what} before it expires: by {last}.",
        value=worth,
        by=last,
        amount_usd=None,
        why="It is paid for: what the months to come draw of it is not billed again, and what is left then is lost.",
    )


def saved_by_balances_usd(standing: Standing) -> FloatArray:
    """What is carried into the running period, and out of it and later ones, takes off the bills, (n_paths,)."""
    contract = standing.contract
    renews = contract.in_force is not None and contract.in_force.on_signing == "renew"
    without = replace(contract, rollover=None, in_force=None if renews else contract.in_force)
    return -standing.saved_usd(standing.with_contract(without))


def _carried_so_far(standing: Standing) -> float:
    """Balance at the start of the running period, in the commitment's own basis."""
    if standing.index > 0:
        return float(np.mean(standing.settled.ledger.rows[standing.index - 1].banked))
    return standing.settled.ledger.opening_bank_usd


def _balance(standing: Standing) -> tuple[float, int]:
    """What is carried into the running period, else what it is expected to leave for a later one; and the month at
    whose start it expires."""
    contract, so_far = standing.contract, _carried_so_far(standing)
    months = 0 if contract.rollover is None else contract.rollover.months
    if so_far > standing.least_usd:
        return so_far, _first_expiry(standing, months)
    if contract.rollover is None or standing.period.stop >= contract.term_months:
        return 0.0, 0
    return float(np.mean(standing.settled.ledger.rows[standing.index].banked)), standing.period.stop + months


def _first_expiry(standing: Standing, months: int) -> int:
    """The first month in which a balance that is there can expire."""
    in_force = standing.contract.in_force
    ends = [period.stop + months for period in standing.contract.periods[: standing.index] if months]
    if in_force is not None and in_force.on_signing == "renew":
        ends += [month for _, month in in_force.balances]
    return min((month for month in ends if month > standing.month), default=standing.contract.term_months)


# --- the right to reduce ---------------------------------------------------------------------------------------------


def reduce_at_anniversary(standing: Standing) -> Action | None:
    """The right to lower the commitment at the next anniversary; None where using it saves nothing."""
    clause, first = standing.contract.reduction, next_reduced(standing)
    if clause is None or first is None:
        return None
    value = estimate(saved_by_reducing_usd(standing, first))
    if not standing.is_seen(value):
        return None
    day = standing.first_day(standing.contract.periods[first].first)
    before, after = (_committed_in_year(standing, first, exercised=exercised) for exercised in (False, True))
    return Action(
        kind="reduce at the anniversary",
        action=(
            f"Use the right to reduce at the anniversary, {day}: the commitment of that contract year is expected to "
            f"go from {usd(before)} to {usd(after)}."
        ),
        value=value,
        by=standing.last_day_before(standing.contract.periods[first].first),
        amount_usd=None,
        why=(
            f"The contract allows up to {percent(clause.max_fraction)} less, down to what the "
            f"{clause.lookback_months} months before would draw in a year."
        ),
    )


def next_reduced(standing: Standing) -> int | None:
    """The index of the period that begins at the next anniversary which is still to come; None where there is none."""
    open_periods = (
        index
        for index, period in enumerate(standing.contract.periods)
        if period.first % MONTHS_PER_YEAR == 0
        and period.first >= max(standing.month, 1)
        and standing.first_day(period.first) > standing.on
    )
    return next(open_periods, None)


def saved_by_reducing_usd(standing: Standing, first: int) -> FloatArray:
    """What the right saves in the periods from `first` on, shape (n_paths,)."""
    used, left = (standing.with_contract(_reducing(standing.contract, exercised)) for exercised in (True, False))
    saved: FloatArray = (left.ledger.paid_usd[first:] - used.ledger.paid_usd[first:]).sum(axis=0)
    return saved


def _reducing(contract: Contract, exercised: bool) -> Contract:
    assert contract.reduction is not None
    return replace(contract, reduction=replace(contract.reduction, exercised=exercised))


def _committed_in_year(standing: Standing, first: int, *, exercised: bool) -> float:
    """Expected commitment of the contract year that begins with a period."""
    year = standing.contract.periods[first].year
    of_year = [index for index, period in enumerate(standing.contract.periods) if period.year == year]
    ledger = standing.with_contract(_reducing(standing.contract, exercised)).ledger
    return float(ledger.committed_usd[of_year].mean(axis=1).sum())


# --- the right to renew early ----------------------------------------------------------------------------------------


def renew_early(standing: Standing) -> Action | None:
    """The right to renew early; None where its day is past or using it saves nothing."""
    clause = standing.contract.early_renewal
    if clause is None or clause.month < standing.month or standing.first_day(clause.month) <= standing.on:
        return None
    value = estimate(saved_by_renewing_early_usd(standing))
    if not standing.is_seen(value):
        return None
    return Action(
        kind="renew early",
        action=(
            f"Use the right to renew early on {standing.first_day(clause.month)}, "
            "if less than pro rata is drawn by then."
        ),
        value=value,
        by=standing.last_day_before(clause.month),
        amount_usd=None,
        why=(
            f"{percent(clause.credit_fraction)} of what is unused then is credited until the term ends, against "
            f"{percent(clause.commit_fraction)} of the commitment that was signed from there on."
        ),
    )


def saved_by_renewing_early_usd(standing: Standing) -> FloatArray:
    """What the right saves over the term, shape (n_paths,)."""
    used, left = (standing.with_contract(_renewing(standing.contract, exercised)) for exercised in (True, False))
    saved: FloatArray = left.paid_usd - used.paid_usd
    return saved


def _renewing(contract: Contract, exercised: bool) -> Contract:
    assert contract.early_renewal is not None
    return replace(contract, early_renewal=replace(contract.early_renewal, exercised=exercised))
