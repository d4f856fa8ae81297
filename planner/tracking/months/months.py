"""Actual months beside the plan as it was signed."""

from collections.abc import Sequence

import numpy as np

from planner.coverage import month_index, month_of
from planner.errors import InputError
from planner.lever_costs.unit_costs import Account
from planner.term_use import protected_price
from planner.tracking.actual import AccountUsd, ActualMonth
from planner.tracking.result import TrackedMonth
from planner.tracking.signed_plan import SignedPlan
from planner.units import MONTHS_PER_YEAR, FloatArray


def contract_month(signed: SignedPlan, month: str) -> int:
    """The place of a month YYYY-MM in the contract, 0 first; below 0 before it."""
    return month_index(month) - month_index(month_of(signed.inputs.start))


def tracked_months(signed: SignedPlan, months: Sequence[ActualMonth], fan: FloatArray) -> tuple[TrackedMonth, ...]:
    """Each month beside P10, P50 and P90 of the plan. fan: shape (3, n_months), USD at list, month 0 first.

    Errors: InputError for a month that the plan does not reach.
    """
    return tuple(_tracked(signed, month, fan) for month in months)


def _tracked(signed: SignedPlan, month: ActualMonth, fan: FloatArray) -> TrackedMonth:
    at = contract_month(signed, month.month)
    if not 0 <= at < fan.shape[1]:
        raise InputError(f"{month.month} is no month of the plan, which begins on {signed.inputs.start}")
    p10, p50, p90 = (float(value) for value in fan[:, at])
    return TrackedMonth(
        month=month.month,
        is_closed=month.is_closed,
        first=month.first,
        last=month.last,
        actual_usd=month.list_cost_usd,
        whole_usd=month.list_cost_usd * month.scale,
        scale_log_sd=month.scale_log_sd,
        p10=p10,
        p50=p50,
        p90=p90,
        inside_80=p10 <= month.list_cost_usd <= p90 if month.is_closed else None,
        billed_usd=month.billed_cost_usd,
        net_usd=sum(_net_usd(signed, at, account, usd) for account, usd in month.accounts.items()),
        notes=month.notes,
    )


def _net_usd(signed: SignedPlan, at: int, account: Account, usd: AccountUsd) -> float:
    """What an account's list cost is at the committed discount; what draws nothing down stays at list."""
    contract, terms = signed.contract, signed.offer.in_year(at // MONTHS_PER_YEAR)
    if not account.eligible:
        return usd.current
    price = usd.current
    if contract.protects_prices:
        price = float(protected_price(contract, np.array([usd.current]), np.array([usd.signing]))[0])
    share = contract.eligible_fraction
    return share * terms.kept_fraction(account.tier) * price + (1.0 - share) * usd.current
