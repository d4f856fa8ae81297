"""Settlement: an offer under contract terms, and spend paths, become who pays what, and when.

One period with discount d, overage discount e, list spend L that enters the contract, commitment owed (1 - d) q where
q is the list spend that uses it up:

    shortfall = (1 - d) max(0, q - L)        overage = (1 - e) max(0, L - q)        paid = (1 - d) q + overage

Everything else (several periods, balances carried, clauses that change a commitment) is the same drawdown walked
through a ledger (planner.ledger). List spend that is not eligible is billed at list outside the contract. Nothing is
rounded here.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from planner.cash import flows, npv_paid_usd
from planner.clause_rules import Usd
from planner.contract import Contract
from planner.ledger import LedgerRow, walk
from planner.offer import Offer
from planner.term_use import TermUse, beside
from planner.units import MONTHS_PER_YEAR, FloatArray


@dataclass(frozen=True, kw_only=True)
class Ledger:
    """Who owes what on every path, period by period; each figure of shape (n_periods, n_paths).

    Commitments and balances count in the commitment's own basis; overage, outside and paid are dollars billed. Paid
    holds fees and credits as well; settled: (month, USD) of them, at the start of that month. opening_bank_usd: what a
    contract in force brought in.
    """

    rows: Sequence[LedgerRow]
    outside_usd: FloatArray
    paid_usd: FloatArray
    settled: Sequence[tuple[int, Usd]]
    opening_bank_usd: float

    def _stacked(self, figure: Callable[[LedgerRow], Usd]) -> FloatArray:
        stacked = np.empty((len(self.rows), *self.paid_usd.shape[1:]))
        for period, row in enumerate(self.rows):
            stacked[period] = figure(row)
        return stacked

    @property
    def committed_usd(self) -> FloatArray:
        """What each period commits, after the clauses that change it."""
        return self._stacked(lambda row: row.committed)

    @property
    def drawn_current_usd(self) -> FloatArray:
        """Use drawn from the period's own commitment."""
        return self._stacked(lambda row: row.drawn_current)

    @property
    def drawn_banked_usd(self) -> FloatArray:
        """Use drawn from balances carried over."""
        return self._stacked(lambda row: row.drawn_banked)

    @property
    def forfeited_usd(self) -> FloatArray:
        """Commitment charged and lost in the period, expired balances included."""
        return self._stacked(lambda row: row.forfeited)

    @property
    def lost_usd(self) -> FloatArray:
        """What was owed for what is forfeited, USD."""
        return self._stacked(lambda row: row.lost)

    @property
    def waived_usd(self) -> FloatArray:
        """Unused commitment that a true-up does not charge."""
        return self._stacked(lambda row: row.waived)

    @property
    def banked_usd(self) -> FloatArray:
        """Balance carried at the period's end."""
        return self._stacked(lambda row: row.banked)

    @property
    def overage_usd(self) -> FloatArray:
        """Dollars billed for use beyond the commitment."""
        return self._stacked(lambda row: row.overage)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """Who pays what on every path, USD over the term. shortfall_usd, per period: paid for nothing.

    paid, npv_paid, on_demand: shape (n_paths,); shortfall and overage: (n_periods, n_paths). A balance still carried
    when the term ends counts as shortfall of the last period, but for what renewal makes of it.
    """

    paid_usd: FloatArray
    npv_paid_usd: FloatArray
    on_demand_usd: FloatArray
    shortfall_usd: FloatArray
    overage_usd: FloatArray
    ledger: Ledger


def settle(contract: Contract, offer: Offer, use: TermUse, *, commits: Sequence[Usd] | None = None) -> Settlement:
    """Settle an offer on every path.

    commits: what each period commits instead of the offer, in its own basis, one value or one per path; the offer then
    supplies the discounts only.
    """
    in_force = contract.in_force
    if in_force is not None and in_force.on_signing == "renew" and offer.is_none and commits is None:
        # Nothing is signed that could take the old balances over: the contract in force runs on by itself.
        use, contract = beside(in_force, use), replace(contract, in_force=None)
    rows = walk(contract, offer, use, commits)
    outside = _outside(use)
    owed = [contract.owed_fraction(offer, row.period) for row in rows]
    paid = [
        part * (row.committed - row.waived) + row.overage + (0.0 if use.outside_usd is None else beside_it)
        for part, row, beside_it in zip(owed, rows, outside, strict=True)
    ]
    settled = list(_fees_and_credits(contract, paid, rows[-1].banked_owed))
    for index, _, usd in settled:
        paid[index] = paid[index] + usd
    by_period = np.stack([np.broadcast_to(usd, (use.n_paths,)) for usd in paid])
    total: FloatArray = by_period[0] if len(by_period) == 1 else by_period.sum(axis=0)
    ledger = Ledger(
        rows=rows,
        outside_usd=outside,
        paid_usd=by_period,
        settled=[(month, usd) for _, month, usd in settled],
        opening_bank_usd=_opening_bank(contract, offer),
    )
    return Settlement(
        paid_usd=total,
        npv_paid_usd=_present_value(contract, offer, use, ledger) if contract.values_time else total,
        on_demand_usd=use.on_demand_usd,
        shortfall_usd=_shortfall(contract, ledger),
        overage_usd=ledger.overage_usd,
        ledger=ledger,
    )


def _present_value(contract: Contract, offer: Offer, use: TermUse, ledger: Ledger) -> FloatArray:
    return npv_paid_usd(contract, use, flows(contract, offer, use, ledger.rows, ledger.settled))


def _outside(use: TermUse) -> FloatArray:
    """List spend billed beside the contract by period, shape (n_periods, n_paths)."""
    if use.outside_usd is None:
        return np.broadcast_to(np.zeros(1), (len(use.periods), use.n_paths))
    return np.stack([use.outside_usd[first:stop].sum(axis=0) for first, stop in use.steps_of])


def _opening_bank(contract: Contract, offer: Offer) -> float:
    in_force = contract.in_force
    if in_force is None or in_force.on_signing == "co_term" or offer.is_none:
        return 0.0
    return sum(usd for usd, _ in in_force.balances)


def _shortfall(contract: Contract, ledger: Ledger) -> FloatArray:
    """Paid for nothing by period: what was forfeited, and at the end what is still banked and no renewal makes good."""
    lost = ledger.lost_usd
    lost[-1] += (1.0 - contract.renewal.bank_value_fraction) * ledger.rows[-1].banked_owed
    return lost


def _fees_and_credits(contract: Contract, paid: Sequence[Usd], banked: Usd) -> Iterator[tuple[int, int, Usd]]:
    """(period index, month, USD) of what is settled beside the ledger: marketplace, what a last balance is worth."""
    periods, market = contract.periods, contract.marketplace
    value = contract.renewal.bank_value_fraction
    if market is not None:
        for year in sorted({period.year for period in periods}):
            of_year = [index for index, period in enumerate(periods) if period.year == year]
            years = sum(periods[index].stop - periods[index].first for index in of_year) / MONTHS_PER_YEAR
            billed = sum((paid[index] for index in of_year), start=np.float64(0.0))
            fee = market.fee_fraction * billed
            most = min(market.cap_usd_per_year, market.otherwise_unused_usd_per_year) * years
            credit = np.minimum(market.draws_down_fraction * (billed + fee), most)
            yield of_year[-1], periods[of_year[-1]].stop, fee - credit
    if value > 0:
        yield len(periods) - 1, contract.term_months, -value * banked
