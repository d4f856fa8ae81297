"""How much discount is worth as much: the one number in which everything on the table can be compared."""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from scipy.optimize import brentq

from planner.contract import Contract
from planner.negotiation.terms_pricer import TermsPricer
from planner.units import HALF_CENT_USD

_POINT: Final = 0.01
_CLOSE: Final = 1e-4
"""Share of the discount found to which it is found."""

Saved = Callable[[float], float]
"""What so much more discount saves, USD: 0 for none."""


def more_discount(contract: Contract, fraction: float) -> Contract:
    """The contract with so much added to every discount; none falls below 0 or reaches 1.

    An overage discount of its own stays as it is; one that is "committed" follows.
    """

    def moved(discount: float) -> float:
        return min(max(discount + fraction, 0.0), 1.0 - 1e-9)

    return replace(
        contract,
        bands=tuple(
            replace(
                band,
                discount_fraction=moved(band.discount_fraction),
                by_tier=tuple((tier, moved(discount)) for tier, discount in band.by_tier),
            )
            for band in contract.bands
        ),
    )


def equal_discount(pricer: TermsPricer, quick: TermsPricer, contract: Contract, *, worth_usd: float) -> float | None:
    """The fraction that, added to every discount of some terms, is worth so many dollars at their best commitments.

    To a ten-thousandth of itself, and where clauses link periods by a pricer that adds up months (quick). Below 0: a
    discount to give back. None where no discount is worth as much: all of it given back, or every price waived.
    """
    used = pricer if contract.is_plain else quick
    known = used.measure_at_best(contract)

    def saved(fraction: float) -> float:
        return known - used.measure_at_best(more_discount(contract, fraction))

    most = 1.0 - min(band.discount_fraction for band in contract.bands)
    least = -max(band.discount_fraction for band in contract.bands)
    return solved(saved, worth_usd, least=least, most=most)


def solved(saved: Saved, worth_usd: float, *, least: float, most: float) -> float | None:
    """The fraction in [least, most] at which `saved` comes to so many dollars; None where it does at neither end.

    The bracket grows from where a straight line through one point would have it.
    """
    if abs(worth_usd) <= HALF_CENT_USD:
        return 0.0
    end, sign = (most, 1.0) if worth_usd > 0 else (least, -1.0)

    def lacks(fraction: float) -> float:
        """What is still to be saved, or to be given back."""
        return sign * (worth_usd - saved(fraction))

    one = saved(_POINT)
    step = _POINT * abs(worth_usd) / one if one > 0 else _POINT
    near, far = 0.0, sign * min(1.02 * step, abs(end))
    while lacks(far) > 0:
        if far == end:
            return None
        near, far = far, sign * min(2.0 * abs(far), abs(end))
    return float(brentq(lacks, near, far, xtol=1e-12, rtol=_CLOSE))
