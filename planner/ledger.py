"""The ledger of a commitment: walked step by step, all paths at once, every committed dollar accounted for.

    opening bank + committed = drawn from current + drawn from banked + forfeited + waived + still banked

on every path, in the commitment's own basis (list dollars where list dollars draw down).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from planner.clause_rules import (
    Bank,
    Usd,
    balance_usd,
    carried_usd,
    draw_oldest_first,
    expired,
    is_behind,
    lowered_usd,
    owed_usd,
    peak_per_year,
    raised_usd_per_year,
    reduced_fraction,
    within_cap,
)
from planner.clauses import Reduction, TrueForward
from planner.contract import Contract, Period
from planner.offer import Offer
from planner.steps import Step
from planner.term_use import StepUse, TermUse
from planner.units import MONTHS_PER_YEAR, BoolArray, FloatArray


@dataclass(slots=True, kw_only=True)
class LedgerRow:
    """One period, each figure a number or of shape (n_paths,). banked: the balance at the period's end.

    overage, lost (what was owed for what is forfeited) and banked_owed (for what is banked) are in dollars billed, all
    else in the commitment's own basis. renewed: what an early renewal committed on
    top. drawn_by_step, overage_by_step: when, where money has a time value.
    """

    period: Period
    committed: Usd
    drawn_current: Usd = 0.0
    drawn_banked: Usd = 0.0
    forfeited: Usd = 0.0
    waived: Usd = 0.0
    banked: Usd = 0.0
    overage: Usd = 0.0
    lost: Usd = 0.0
    banked_owed: Usd = 0.0
    beyond: Usd = 0.0
    renewed: Usd = 0.0
    drawn_by_step: list[Usd] = field(default_factory=list)
    overage_by_step: list[Usd] = field(default_factory=list)


def walk(contract: Contract, offer: Offer, use: TermUse, commits: Sequence[Usd] | None = None) -> list[LedgerRow]:
    """The ledger of an offer on every path, one row per period.

    commits: the annual commitment behind each period instead of the offer's, in its own basis, one value or one per
    path.
    """
    walker = _Walk(contract=contract, offer=offer, use=use, signed=_signed(contract, offer, commits))
    for index in range(len(contract.periods)):
        walker.period(index)
    return walker.rows


def _signed(contract: Contract, offer: Offer, commits: Sequence[Usd] | None) -> list[Usd]:
    if commits is not None:
        return list(commits)
    return [contract.commit_usd_per_year_of(offer, period) for period in contract.periods]


@dataclass(slots=True, kw_only=True)
class _Walk:
    """The state of a ledger while it is walked."""

    contract: Contract
    offer: Offer
    use: TermUse
    signed: list[Usd]
    rows: list[LedgerRow] = field(default_factory=list)
    banks: list[Bank] = field(default_factory=list)
    draws: list[FloatArray] = field(default_factory=list)
    credit: Usd = 0.0
    floor_per_year: Usd = 0.0
    year_kept: Usd = 1.0
    renewed: BoolArray | None = None

    def __post_init__(self) -> None:
        in_force = self.contract.in_force
        if in_force is not None and in_force.on_signing == "renew":
            owed = 1.0 if self.contract.drawdown == "contracted" else 1.0 - in_force.discount_fraction
            self.banks = [Bank(np.full(self.use.n_paths, usd), month, owed) for usd, month in in_force.balances]

    def period(self, index: int) -> None:
        """Walk one period: what it commits, what is drawn in each of its steps, and what becomes of the rest."""
        period = self.contract.periods[index]
        row = LedgerRow(period=period, committed=self._committed(index))
        left: Usd = row.committed
        first, stop = self.use.steps_of[index]
        for number in range(first, stop):
            step = self.use.steps[number]
            self._expire(row, step.first)
            if self._renews_in(period, step):
                left = self._renew(row, left, step)
            left = self._draw(row, left, number)
        self._end(row, left, index)
        self._expire(row, period.stop)
        row.banked, row.banked_owed = balance_usd(self.banks), owed_usd(self.banks)
        self.rows.append(row)

    def _expire(self, row: LedgerRow, month: int) -> None:
        self.banks, gone = expired(self.banks, month)
        if gone:
            row.forfeited, row.lost = row.forfeited + balance_usd(gone), row.lost + owed_usd(gone)

    def _forfeit(self, row: LedgerRow, usd: Usd) -> None:
        owed = self._owed(row)
        row.forfeited, row.lost = _plus(row.forfeited, usd), _plus(row.lost, usd if owed == 1.0 else owed * usd)

    def _owed(self, row: LedgerRow) -> float:
        return self.contract.owed_fraction(self.offer, row.period)

    def _bank(self, row: LedgerRow, usd: Usd, expires: int) -> None:
        self.banks.append(Bank(usd + np.zeros(self.use.n_paths), expires, self._owed(row)))

    def _committed(self, index: int) -> Usd:
        """What a period commits on each path after the clauses that change it, in the order of docs/method.md."""
        contract, period = self.contract, self.contract.periods[index]
        commit = period.year_fraction * (self.signed[index] if index == 0 else self._level(index))
        if index == 0 or contract.carry_forward is None:
            return commit
        lowered = lowered_usd(contract.carry_forward, commit=commit, credit=self.credit)
        self.credit = self.credit - lowered
        return commit - lowered

    def _level(self, index: int) -> Usd:
        """The annual commitment behind a period: as signed, after true-forward, early renewal and reduction."""
        contract, period, level = self.contract, self.contract.periods[index], self.signed[index]
        if contract.true_forward is not None:
            level = np.maximum(level, self._floor(contract.true_forward))
        if contract.early_renewal is not None and self.renewed is not None:
            level = np.where(self.renewed, contract.early_renewal.commit_fraction, 1.0) * level
        reduction = contract.reduction
        if reduction is not None and reduction.exercised:
            if period.first % MONTHS_PER_YEAR == 0:
                self.year_kept = self._kept(reduction, period.first, level)
            level = self.year_kept * level
        return level

    def _floor(self, clause: TrueForward) -> Usd:
        """The annual commitment that use of the period before has raised the next ones to."""
        last = self.rows[-1]
        blocks = self._blocks(last.period, clause.lookback_months)
        used = np.sum([used for used, _ in blocks], axis=0)
        level = raised_usd_per_year(clause, used=used, commit=last.committed, peak_per_year=peak_per_year(blocks))
        level = np.where(np.asarray(last.committed) > 0, level, 0.0)
        self.floor_per_year = level if clause.resets else np.maximum(self.floor_per_year, level)
        return self.floor_per_year

    def _kept(self, clause: Reduction, anniversary: int, level: Usd) -> FloatArray:
        """Share of the year's commitment that the right to reduce leaves, from the use of the months before."""
        months = min(clause.lookback_months, anniversary)
        used = self._used(anniversary - months, anniversary)
        return reduced_fraction(clause, signed_per_year=level, target_per_year=used * (MONTHS_PER_YEAR / months))

    def _used(self, first: int, stop: int) -> FloatArray:
        """Use of the months [first, stop) as it draws, whatever it drew."""
        parts = [
            draw
            for step, draw in zip(self.use.steps, self.draws, strict=False)
            if first <= step.first and step.stop <= stop
        ]
        total: FloatArray = np.sum(parts, axis=0)
        return total

    def _blocks(self, period: Period, length: int) -> list[tuple[FloatArray, int]]:
        edges = [*range(period.first, period.stop, length), period.stop]
        return [(self._used(a, b), b - a) for a, b in pairwise(edges)]

    def _renews_in(self, period: Period, step: Step) -> bool:
        early = self.contract.early_renewal
        return early is not None and early.exercised and period.first < early.month == step.first

    def _renew(self, row: LedgerRow, left: Usd, step: Step) -> Usd:
        early, period = self.contract.early_renewal, row.period
        assert early is not None
        months = period.stop - period.first
        behind = is_behind(
            row.drawn_current, commit=row.committed, elapsed_fraction=(step.first - period.first) / months
        )
        renewed = np.where(behind, early.commit_fraction * row.committed * ((period.stop - step.first) / months), 0.0)
        unused = np.where(behind, left, 0.0)
        self._bank(row, early.credit_fraction * unused, self.contract.term_months)
        self._forfeit(row, (1.0 - early.credit_fraction) * unused)
        row.committed, row.renewed = row.committed + renewed, renewed
        self.renewed = behind
        return np.where(behind, renewed, left)

    def _draw(self, row: LedgerRow, left: Usd, number: int) -> Usd:
        """Draw one step's use; returns what is left of the current commitment."""
        used = self.use.step(number, self.contract, self.offer.in_year(row.period.year))
        if self.contract.looks_back:
            self.draws.append(used.draw)
        clause, beyond = self.contract.rollover, used.draw
        banked: Usd = 0.0
        current_first = clause is not None and clause.draw == "current_first"
        if self.banks and not current_first:
            beyond, self.banks, banked = draw_oldest_first(beyond, self.banks)
        drawn = np.minimum(beyond, left)
        beyond = beyond - drawn
        if self.banks and current_first:
            beyond, self.banks, banked = draw_oldest_first(beyond, self.banks)
        overage = self._overage(row, used, beyond)
        row.drawn_current, row.drawn_banked = _plus(row.drawn_current, drawn), _plus(row.drawn_banked, banked)
        row.beyond, row.overage = _plus(row.beyond, beyond), _plus(row.overage, overage)
        if self.contract.values_time:
            row.drawn_by_step.append(drawn)
            row.overage_by_step.append(overage)
        return left - drawn

    def _overage(self, row: LedgerRow, used: StepUse, beyond: FloatArray) -> FloatArray:
        """USD billed for use beyond the commitment; only so much of it has the overage discount."""
        cap = self.contract.overage_cap_fraction
        if cap is None:
            return beyond * used.overage_rate
        within = within_cap(beyond, cap=cap * row.committed, before=row.beyond)
        return within * used.overage_rate + (beyond - within) * used.list_rate

    def _end(self, row: LedgerRow, left: Usd, index: int) -> None:
        """What becomes of the part of a commitment that its period leaves unused."""
        contract, early, rest = self.contract, self.contract.early_renewal, left
        if contract.carry_forward is not None:
            self.credit = self.credit + contract.carry_forward.share * row.beyond
        if early is not None and early.exercised and early.month == row.period.stop:
            # whoever leaves anything is behind, and what is left is credited instead of carried or trued up
            self.renewed = np.asarray(left > 0)
            self._bank(row, early.credit_fraction * left, contract.term_months)
            self._forfeit(row, (1.0 - early.credit_fraction) * left)
            return
        if contract.rollover is not None:
            carried = self._carried(row, left, index)
            rest = left - carried
            self._bank(row, carried, row.period.stop + contract.rollover.months)
        if contract.shortfall == "true_up":
            row.waived = (1.0 - contract.true_up_rate) * rest
            rest = rest - row.waived
        self._forfeit(row, rest)

    def _carried(self, row: LedgerRow, left: Usd, index: int) -> Usd:
        rollover, periods = self.contract.rollover, self.contract.periods
        assert rollover is not None
        this, later = (self.offer.in_year(periods[i].year) for i in (index, min(index + 1, len(periods) - 1)))
        return carried_usd(
            rollover,
            left,
            commit=row.committed,
            commit_per_year=this.commit_usd_per_year if index + 1 < len(periods) else 0.0,
            next_per_year=later.commit_usd_per_year,
        )


def _plus(total: Usd, part: Usd) -> Usd:
    """A sum that costs nothing where there is nothing yet."""
    return part if isinstance(total, float) and total == 0.0 else total + part
