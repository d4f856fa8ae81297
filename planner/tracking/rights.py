"""Rights of the contract as signed: balances carried over, reductions and early renewals, with their last days."""

from dataclasses import replace

import numpy as np

from planner.contract import Contract
from planner.risk import estimate
from planner.tracking.result import Action
from planner.tracking.standing import Standing
from planner.units import MONTHS_PER_YEAR
from planner.words import percent, usd


def carried_over(standing: Standing) -> Action | None:
    """Balances to be used before they expire, or that the running period leaves: what they take off later bills."""
    balance, expires = _balance(standing)
    if balance <= standing.least_usd:
        return None
    worth = estimate(-standing.saved_usd(standing.with_contract(_without_balances(standing.contract))))
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


def _carried_so_far(standing: Standing) -> float:
    """Balance at the start of the running period, in the commitment's own basis."""
    if standing.index > 0:
        return float(np.mean(standing.settled.ledger.rows[standing.index - 1].banked))
    return standing.settled.ledger.opening_bank_usd


def _balance(standing: Standing) -> tuple[float, int]:
    """What is carried into the running period, else what it is expected to leave for a later one; the month in whose
    beginning it expires."""
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


def _without_balances(contract: Contract) -> Contract:
    renews = contract.in_force is not None and contract.in_force.on_signing == "renew"
    return replace(contract, rollover=None, in_force=None if renews else contract.in_force)


def reduce_at_anniversary(standing: Standing) -> Action | None:
    """The right to lower the commitment at the next anniversary; None where using it saves nothing."""
    contract = standing.contract
    if contract.reduction is None:
        return None
    month = _next_anniversary(standing)
    if month >= contract.term_months:
        return None
    first = next(i for i, period in enumerate(contract.periods) if period.first >= month)
    used, left = (
        standing.with_contract(replace(contract, reduction=replace(contract.reduction, exercised=exercised)))
        for exercised in (True, False)
    )
    value = estimate((left.ledger.paid_usd[first:] - used.ledger.paid_usd[first:]).sum(axis=0))
    if not standing.is_seen(value):
        return None
    of_year = [i for i, period in enumerate(contract.periods) if month <= period.first < month + MONTHS_PER_YEAR]
    before, after = (float(item.ledger.committed_usd[of_year].mean(axis=1).sum()) for item in (left, used))
    last = standing.last_day_before(month)
    return Action(
        kind="reduce at the anniversary",
        action=(
            f"Use the right to reduce at the anniversary, {standing.first_day(month)}: the commitment of that contract "
            f"year is expected to go from {usd(before)} to {usd(after)}."
        ),
        value=value,
        by=last,
        amount_usd=None,
        why=(
            f"The contract allows up to {percent(contract.reduction.max_fraction)} less, down to what the "
            f"{contract.reduction.lookback_months} months before would draw in a year."
        ),
    )


def _next_anniversary(standing: Standing) -> int:
    """The first contract month of the next contract year that has not begun by now."""
    month = (standing.month // MONTHS_PER_YEAR) * MONTHS_PER_YEAR
    while month < max(standing.month, 1) or standing.first_day(month) <= standing.on:
        month += MONTHS_PER_YEAR
    return month


def renew_early(standing: Standing) -> Action | None:
    """The right to renew early; None where its day is past or using it saves nothing."""
    contract = standing.contract
    clause = contract.early_renewal
    if clause is None or clause.month < standing.month or standing.first_day(clause.month) <= standing.on:
        return None
    used, left = (
        standing.with_contract(replace(contract, early_renewal=replace(clause, exercised=exercised)))
        for exercised in (True, False)
    )
    value = estimate(left.paid_usd - used.paid_usd)
    if not standing.is_seen(value):
        return None
    return Action(
        kind="renew early",
        action=(
            f"Use the right to renew early on {standing.first_day(clause.month)} if less than pro rata is drawn by then."
        ),
        value=value,
        by=standing.last_day_before(clause.month),
        amount_usd=None,
        why=(
            f"{percent(clause.credit_fraction)} of what is unused then is credited until the term ends, against "
            f"{percent(clause.commit_fraction)} of the commitment that was signed from there on."
        ),
    )
