"""The stretches of months over which a contract's use can be added up.

A step lies inside one commitment period, and no balance expires in it. Whole periods are steps where nothing depends on
the order of months; single months where prices, model tiers or the time of payment make each month different.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

from planner.contract import Contract
from planner.simulation import Months
from planner.units import MONTHS_PER_YEAR

_NEXT_TO_NOTHING: Final = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """The months [first, stop) of a term, inside the period with this index."""

    first: int
    stop: int
    period: int


def needs_months(contract: Contract) -> bool:
    """Whether the months inside a period differ for the contract: in price, in discount, or in what money is worth."""
    return contract.values_time or contract.protects_prices or contract.has_tier_discounts


def by_month(contract: Contract) -> Contract:
    """The contract, settled in steps of single months and with what every month draws kept.

    Settlement keeps months apart where money has a time value; one of next to nothing changes no figure but the present
    value, by less than a millionth of a cent in a million dollars.
    """
    cost = contract.payment.cost_of_capital_per_year or _NEXT_TO_NOTHING
    return replace(contract, payment=replace(contract.payment, cost_of_capital_per_year=cost))


def steps(contract: Contract) -> tuple[Step, ...]:
    """The steps of the term under a contract."""
    return _steps(contract, set(range(contract.term_months)) if needs_months(contract) else set(_edges(contract)))


def coarse_steps(contract: Contract) -> tuple[Step, ...]:
    """The steps that there would be if no month differed from another: close, and fewer."""
    return _steps(contract, set(_edges(contract)))


def _steps(contract: Contract, edges: set[int]) -> tuple[Step, ...]:
    periods, term = contract.periods, contract.term_months
    cuts = sorted({period.first for period in periods} | {edge for edge in edges if 0 < edge < term} | {term})
    index = {month: i for i, period in enumerate(periods) for month in range(period.first, period.stop)}
    return tuple(Step(first=first, stop=stop, period=index[first]) for first, stop in pairwise(cuts))


def stretches(contract: Contract) -> tuple[Months, ...]:
    """The stretches of months whose sums a contract settles."""
    return tuple((step.first, step.stop) for step in steps(contract))


def _edges(contract: Contract) -> Iterator[int]:
    """Months at which a balance expires or a clause looks."""
    if contract.rollover is not None:
        yield from (period.stop + contract.rollover.months for period in contract.periods)
    if contract.in_force is not None:
        yield from (month for _, month in contract.in_force.balances)
    if contract.early_renewal is not None:
        yield contract.early_renewal.month
    if contract.true_forward is not None:
        for period in contract.periods:
            yield from range(period.first, period.stop, contract.true_forward.lookback_months)
    if contract.reduction is not None:
        anniversaries = range(MONTHS_PER_YEAR, contract.term_months, MONTHS_PER_YEAR)
        yield from (month - contract.reduction.lookback_months for month in anniversaries)
