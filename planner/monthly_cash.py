"""What is paid in every month of the term, path by path, under each way of paying for the commitment.

Months are those of the contract, which begins on the first of one. What is paid at a month's end is paid in that month.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, get_args

import numpy as np

from planner.cash import Flow, flows, npv_paid_usd
from planner.clauses import PaymentMode
from planner.contract import Contract
from planner.ledger import LedgerRow
from planner.offer import Offer
from planner.settlement import settle
from planner.simulation import SpendPaths
from planner.steps import by_month
from planner.term_use import TermUse, beside, term_use
from planner.units import FloatArray

PAYMENT_MODES: Final[tuple[PaymentMode, ...]] = get_args(PaymentMode)


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthlyCash:
    """Cash under one way of paying, USD.

    paid_usd: shape (n_months, n_paths). first_day_usd: of it, what is paid in advance on a month's first day, means
    over paths, (n_months,). ahead_usd: at each month's end, what of the commitment of the period that runs is paid and
    not yet drawn, 0 on paths that drew more than they paid; means over paths, (n_months,). npv_usd: present value at
    the contract's cost of capital, (n_paths,).
    """

    paid_usd: FloatArray
    first_day_usd: FloatArray
    ahead_usd: FloatArray
    npv_usd: FloatArray


@dataclass(frozen=True, kw_only=True)
class SettledMonths:
    """An offer settled month by month; how it is paid changes when money moves, and no total."""

    contract: Contract
    offer: Offer
    use: TermUse
    rows: Sequence[LedgerRow]
    settled: Sequence[tuple[int, float | FloatArray]]

    @property
    def drawn_usd(self) -> FloatArray:
        """Drawn from each period's own commitment, in dollars owed, means over paths, (n_months,)."""
        return np.array([float(np.mean(drawn)) for row in self.rows for drawn in self._drawn(row)])

    def cash(self, mode: PaymentMode) -> MonthlyCash:
        """What is paid in every month where the commitment is paid in this way."""
        contract = replace(self.contract, payment=replace(self.contract.payment, mode=mode))
        moved = list(flows(contract, self.offer, self.use, self.rows, self.settled))
        paid = np.zeros((contract.term_months, self.use.n_paths))
        first_day = np.zeros(contract.term_months)
        for flow in moved:
            paid[flow.month] += flow.usd
            if not flow.at_end:
                first_day[flow.month] += float(np.mean(flow.usd))
        ahead = np.zeros(contract.term_months)
        if mode != "arrears":
            ahead[:] = list(self._ahead(moved))
        return MonthlyCash(
            paid_usd=paid,
            first_day_usd=first_day,
            ahead_usd=ahead,
            npv_usd=npv_paid_usd(contract, self.use, moved),
        )

    def _drawn(self, row: LedgerRow) -> Iterator[float | FloatArray]:
        owed = self.contract.owed_fraction(self.offer, row.period)
        yield from (owed * drawn for drawn in row.drawn_by_step)

    def _ahead(self, moved: Sequence[Flow]) -> Iterator[float]:
        for row in self.rows:
            balance: float | FloatArray = 0.0
            for month, drawn in enumerate(self._drawn(row), start=row.period.first):
                in_advance = (f.usd for f in moved if f.for_commitment and not f.at_end and f.month == month)
                balance = sum(in_advance, start=balance) - drawn
                yield float(np.mean(np.maximum(balance, 0.0)))


def settled_months(contract: Contract, offer: Offer, spend: SpendPaths) -> SettledMonths:
    """Settle an offer month by month on paths whose months are kept. Errors: InputError, as term_use."""
    monthly = by_month(contract)
    use = term_use(monthly, spend)
    ledger = settle(monthly, offer, use).ledger
    return SettledMonths(contract=contract, offer=offer, use=use, rows=ledger.rows, settled=ledger.settled)


def on_demand_by_month(contract: Contract, spend: SpendPaths) -> FloatArray:
    """What every month costs at list if nothing is signed, (n_months, n_paths); what a contract in force covers is no
    part of it."""
    use = term_use(by_month(contract), spend)
    if contract.in_force is not None and contract.in_force.on_signing == "renew":
        use = beside(contract.in_force, use)
    listed: FloatArray = np.sum([account.current for account in use.accounts], axis=0)
    return listed if use.outside_usd is None else listed + use.outside_usd


def keeping_months(spend: SpendPaths) -> SpendPaths:
    """The paths whose every month is kept: all of them, or the first ones of many."""
    n_kept = int(spend.list_cost_usd.shape[1])
    return spend if n_kept == spend.n_paths else replace(spend, sums={})
