"""What can still be done, each with what it is worth: differences of settled totals on the same conditioned paths."""

from collections.abc import Iterator
from datetime import date
from typing import Final

from planner.risk import estimate
from planner.simulation import SpendPaths
from planner.tracking.acting.next_band import next_band
from planner.tracking.acting.renewal import next_term
from planner.tracking.acting.rights import carried_over, reduce_at_anniversary, renew_early
from planner.tracking.acting.standing import Standing
from planner.tracking.acting.top_up import top_up
from planner.tracking.acting.waiting_routes import waiting_routes
from planner.tracking.acting.work_moved import bring_forward
from planner.tracking.result import Action, Forecast
from planner.tracking.signed_plan import SignedPlan
from planner.words import percent, usd_rounded_down

RENEWAL_MONTHS: Final = 6
"""Months before the end of the term from which its renewal is something to do."""


def actions_of(
    signed: SignedPlan, conditioned_spend: SpendPaths, forecast: Forecast, *, month: int, on: date
) -> tuple[Action, ...]:
    """What is worth doing from here and not too late for, what saves most first; nothing once the term is over.

    month: the first contract month after those that are over, as the forecast has it.
    """
    if month >= signed.contract.term_months:
        return ()
    standing = Standing(signed=signed, spend=conditioned_spend, month=month, on=on)
    in_time = (action for action in _found(standing, forecast) if action.by is None or action.by >= on)
    return tuple(sorted(in_time, key=lambda action: -action.value.mean))


def _found(standing: Standing, forecast: Forecast) -> Iterator[Action]:
    one_each = (
        bring_forward(standing),
        carried_over(standing),
        reduce_at_anniversary(standing),
        renew_early(standing),
        top_up(standing, forecast),
        next_band(standing, forecast),
        _renewal(standing),
    )
    yield from (action for action in one_each if action is not None)
    yield from waiting_routes(standing)


def _renewal(standing: Standing) -> Action | None:
    """The renewal of the term, from half a year before it; None where the last commitment again is as good."""
    term = standing.contract.term_months
    found = next_term(standing.signed, standing.spend) if term - standing.month <= RENEWAL_MONTHS else None
    if found is None:
        return None
    value = estimate(found.saved_usd)
    if not standing.is_seen(value):
        return None
    last, commit = standing.last_day_before(term), found.offer.commit_usd_per_year
    again = found.again.commit_usd_per_year
    sized = (
        f"with {usd_rounded_down(commit)} a year at {percent(found.offer.discount_fraction)} discount"
        if commit
        else "without a commitment"
    )
    return Action(
        kind="renewal",
        action=f"Go into the term after {last} {sized}.",
        value=value,
        by=last,
        amount_usd=None,
        why=(
            f"The forecast of the year after the term asks for it: {usd_rounded_down(again)} as in the last contract "
            "year would cost that much more in it."
        ),
    )
