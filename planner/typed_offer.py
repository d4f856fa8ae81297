"""An offer as people type it: a commitment, perhaps a discount, perhaps an overage clause."""

from dataclasses import replace
from typing import Final

from planner.contract import Contract, Offer
from planner.errors import InputError

_MOST_COMMIT_USD: Final = 1e12


def typed_offer(contract: Contract, *, commit: float, discount: float | None, overage: str | float | None) -> Offer:
    """An offer as people type it: the plan's band and overage clause stand in for what is left out."""
    if not 0 <= commit <= _MOST_COMMIT_USD:
        raise InputError(f"commitment {commit:g}: give USD a year between 0 and {_MOST_COMMIT_USD:,.0f}")
    if discount is not None and not 0 <= discount < 1:
        raise InputError(f"discount {discount:g}: give a fraction below 1; 12 % is 0.12")
    offer = contract.offer_at(commit, discount)
    if overage is None or commit == 0:
        return offer
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
