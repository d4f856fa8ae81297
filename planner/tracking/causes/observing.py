"""What a forecast is conditioned on: how much was asked for in a month, and what it cost."""

from collections.abc import Sequence

import numpy as np

from planner.evidence_in_plan.checking import NewCounts
from planner.tracking.actual import ActualMonth
from planner.tracking.causes.planned import Planned, planned
from planner.tracking.causes.requests import Requests, requests_of
from planner.tracking.causes.served import Served, logged_escalations, served
from planner.tracking.observed import Observed
from planner.tracking.signed_plan import SignedPlan
from planner.units import FloatArray


def observed_of(
    signed: SignedPlan, months: Sequence[ActualMonth], new: Sequence[NewCounts], central: Planned | None = None
) -> tuple[Observed, ...]:
    """Months of the term as observations, in the order of the contract's months.

    new: logged escalations, where there are some; else a request escalates as often as the plan expects. central: the
    plan's central case, where it is at hand.
    """
    of_plan = planned(signed) if central is None else central
    actual = served(signed, of_plan, months)
    found = requests_of(of_plan, actual, logged_escalations(signed, of_plan, new))
    volume = _volume_usd(signed, actual, found)
    rows = np.argsort(actual.at, kind="stable").tolist()
    return tuple(
        Observed(
            month=int(actual.at[row]),
            volume_usd=float(volume[row]) if actual.is_counted[row] else None,
            accounts=months[row].accounts,
            scale=months[row].scale,
            scale_log_sd=months[row].scale_log_sd,
        )
        for row in rows
    )


def _volume_usd(signed: SignedPlan, actual: Served, found: Requests) -> FloatArray:
    """Requests at what one of their type costs as it was measured, (M,); types of which the plan has no cost count with
    what they cost at the pricing day's list."""
    unit = signed.prepared.spend_model.unit_costs_usd
    own_usd = actual.unknown_signing_usd
    unmeasured = np.flatnonzero(unit == 0).tolist()
    if unmeasured:
        own_usd = own_usd + actual.signing_of_types(unmeasured).sum(axis=1)
    volume: FloatArray = found.requests @ unit + own_usd
    return volume
