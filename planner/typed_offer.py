"""An offer as people type it: a commitment, perhaps a discount, perhaps an overage clause."""

from dataclasses import replace
from typing import Final

from planner.contract import Contract
from planner.errors import InputError
from planner.offer import Offer

_MOST_COMMIT_USD: Final = 1e12


def typed_offer(contract: Contract, *, commit: float, discount: float | None, overage: str | float | None) -> Offer:
    """An offer as people type it: the plan's band and overage clause stand in for what is left out.

    commit: what contract year 1 commits; later years follow the contract's ramp.
    """
    if not 0 <= commit <= _MOST_COMMIT_USD:
        raise InputError(f"commitment {commit:g}: give USD a year between 0 and {_MOST_COMMIT_USD:,.0f}")
    offer = contract.offer_at(commit, _checked(discount))
    if overage is None or commit == 0:
        return offer
    return replace(_with_overage(offer, overage), later=tuple(_with_overage(year, overage) for year in offer.later))


def signed_offer(contract: Contract, *, commit: float | None, discount: float | None) -> Offer:
    """The commitment that a contract fixes, or the one typed in its place, at its band's discount unless one is typed.

    Errors: InputError where neither is there: sizing a commitment takes simulated paths.
    """
    if commit is not None:
        return typed_offer(contract, commit=commit, discount=discount, overage=None)
    if contract.commits_usd_per_year is None:
        raise InputError(
            "the plan fixes no commitment to settle: give contract.commit_usd_per_year in it, or --commit USD a year; "
            "`planner plan` sizes one on simulated paths"
        )
    return contract.offer_of(contract.commits_usd_per_year, _checked(discount))


def _checked(discount: float | None) -> float | None:
    if discount is not None and not 0 <= discount < 1:
        raise InputError(f"discount {discount:g}: give a fraction below 1; 12 % is 0.12")
    return discount


def _with_overage(offer: Offer, overage: str | float) -> Offer:
    return replace(offer, overage_discount_fraction=_overage(overage, offer.discount_fraction))


def _overage(overage: str | float, committed: float) -> float:
    if overage in ("list", "committed"):
        return 0.0 if overage == "list" else committed
    try:
        fraction = float(overage)
    except ValueError:
        fraction = float("nan")
    if not 0 <= fraction < 1:
        raise InputError(f"overage {overage}: give 'list', 'committed' or a discount fraction below 1")
    return fraction
