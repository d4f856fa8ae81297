"""When the money of a ledger moves, and what it is worth on the first day of the contract.

A dollar paid at the start of month x weighs (1 + w)^(-x / 12), w being the buyer's cost of capital a year.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from planner.clause_rules import Usd
from planner.contract import Contract, Period
from planner.ledger import LedgerRow
from planner.offer import Offer
from planner.term_use import TermUse
from planner.units import MONTHS_PER_YEAR, FloatArray

_QUARTER = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """One payment on every path, USD, a number or of shape (n_paths,).

    month: of the term, in which it is paid. at_end: at that month's end, else at its start. for_commitment: whether for
    what is committed, else for use beyond or beside it, or in fees and credits.
    """

    month: int
    at_end: bool
    usd: Usd
    for_commitment: bool

    @property
    def at(self) -> int:
        """The month at whose start it is paid, the end of a month being the start of the next."""
        return self.month + 1 if self.at_end else self.month


def weight(month: float, cost_of_capital_per_year: float) -> float:
    """Present value of a dollar paid at the start of a month; a month's end is the start of the next."""
    return float((1.0 + cost_of_capital_per_year) ** (-month / MONTHS_PER_YEAR))


def instalments(contract: Contract, period: Period, first: int) -> list[tuple[int, float]]:
    """(month, share) of a commitment that runs over the months [first, stop of the period), where paid in advance.

    Upfront: at the start of each contract year in it; quarterly: at the start of each of its quarters.
    """
    length = _QUARTER if contract.payment.mode == "quarterly" else MONTHS_PER_YEAR
    starts = list(range(first, period.stop, length))
    months = [min(start + length, period.stop) - start for start in starts]
    return [(start, n / (period.stop - first)) for start, n in zip(starts, months, strict=True)]


def flows(
    contract: Contract, offer: Offer, use: TermUse, rows: Sequence[LedgerRow], settled: Sequence[tuple[int, Usd]]
) -> Iterator[Flow]:
    """Everything that is paid, and when. settled: (month, USD) of fees and credits, each at the start of its month.

    use: in the steps that the rows were walked in, with the figures of each step kept (planner.steps.by_month).
    """
    in_arrears = contract.payment.mode == "arrears"
    for row, (first, stop) in zip(rows, use.steps_of, strict=True):
        owed = contract.owed_fraction(offer, row.period)
        for month, usd in _commitment(contract, offer, row):
            at_end = in_arrears or month == row.period.stop
            yield Flow(month=month - at_end, at_end=at_end, usd=usd if owed == 1.0 else owed * usd, for_commitment=True)
        for number, overage in zip(range(first, stop), row.overage_by_step, strict=True):
            outside = 0.0 if use.outside_usd is None else use.outside_usd[number]
            last = use.steps[number].stop - 1
            yield Flow(month=last, at_end=True, usd=overage + outside, for_commitment=False)
    for month, usd in settled:
        yield Flow(month=month - 1, at_end=True, usd=usd, for_commitment=False)


def npv_paid_usd(contract: Contract, use: TermUse, paid: Iterable[Flow]) -> FloatArray:
    """Present value of everything paid on each path, shape (n_paths,).

    use: in steps of single months wherever the cost of capital is not zero.
    """
    w = contract.payment.cost_of_capital_per_year
    total = np.zeros(use.n_paths)
    for flow in paid:
        total += weight(flow.at, w) * flow.usd
    return total


def _commitment(contract: Contract, offer: Offer, row: LedgerRow) -> Iterator[tuple[int, Usd]]:
    """(month, dollars of commitment) as they are paid."""
    if contract.payment.mode == "arrears":
        yield from _as_drawn(contract, row)
    else:
        yield from paid_in_advance(contract, offer, row)


def paid_in_advance(contract: Contract, offer: Offer, row: LedgerRow) -> Iterator[tuple[int, Usd]]:
    """(month, dollars of commitment) of a period, upfront or quarterly; what is waived comes back at its end."""
    period = row.period
    signed = row.committed - row.renewed
    if contract.commit_period == "term" and contract.payment.mode == "upfront":
        yield from _by_contract_year(contract, offer, signed)
    else:
        yield from ((month, share * signed) for month, share in instalments(contract, period, period.first))
    early = contract.early_renewal
    if early is not None and np.any(row.renewed):
        yield from ((month, share * row.renewed) for month, share in instalments(contract, period, early.month))
    yield period.stop, -row.waived


def _as_drawn(contract: Contract, row: LedgerRow) -> Iterator[tuple[int, Usd]]:
    """Each month's drawdown at its end, and at the period's end what is owed and was not drawn."""
    for number, drawn in enumerate(row.drawn_by_step):
        yield row.period.first + number + 1, drawn
    yield row.period.stop, row.committed - row.waived - row.drawn_current


def _by_contract_year(contract: Contract, offer: Offer, committed: Usd) -> Iterator[tuple[int, Usd]]:
    """A commitment over the whole term, paid year by year in proportion to what each year was signed for."""
    commits = offer.commits_usd_per_year(contract.n_years)
    parts = [commit * share for commit, share in zip(commits, contract.year_fractions, strict=True)]
    for year, part in enumerate(parts):
        yield year * MONTHS_PER_YEAR, committed * (part / sum(parts) if sum(parts) else 0.0)
