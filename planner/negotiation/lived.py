"""What a strategy comes to on every path: contracts one after the other, settled each on its own months."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from planner.cash import weight
from planner.contract import Contract
from planner.negotiation.part_of_term import PartOfTerm
from planner.offer import NO_COMMITMENT, Offer
from planner.settlement import settle
from planner.sizing.ledger_sample import Money
from planner.term_use import TermUse
from planner.units import HALF_CENT_USD, BoolArray, FloatArray, IntArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Lived:
    """Dollars on every path. paid, npv_paid (at month 0), overage, on_demand_paid: shape (n_paths,).

    shortfall: shape (n_periods, n_paths), the periods of all contracts in their order. overage: billed beyond
    commitments; on_demand_paid: billed in months that no contract covers.
    """

    paid_usd: FloatArray
    npv_paid_usd: FloatArray
    shortfall_usd: FloatArray
    overage_usd: FloatArray
    on_demand_paid_usd: FloatArray

    @property
    def is_short(self) -> BoolArray:
        """Whether any period of any contract has a shortfall, shape (n_paths,)."""
        short: BoolArray = np.logical_or.reduce(self.shortfall_usd > HALF_CENT_USD, axis=0)
        return short

    def paid_in(self, money: Money) -> FloatArray:
        """What is paid in a decision's money: as billed, or at present value."""
        return self.npv_paid_usd if money == "npv" else self.paid_usd

    def then(self, other: "Lived") -> "Lived":
        """This and what follows it, path by path."""
        return Lived(
            paid_usd=self.paid_usd + other.paid_usd,
            npv_paid_usd=self.npv_paid_usd + other.npv_paid_usd,
            shortfall_usd=np.vstack([self.shortfall_usd, other.shortfall_usd]),
            overage_usd=self.overage_usd + other.overage_usd,
            on_demand_paid_usd=self.on_demand_paid_usd + other.on_demand_paid_usd,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedByGroup:
    """What the paths of one group sign, by index. contract: with its rights used or left alone, whichever is cheaper
    for the group."""

    paths: IntArray
    contract: Contract
    offer: Offer


def lived(contract: Contract, offer: Offer, use: TermUse, *, first: int = 0) -> Lived:
    """An offer on every path of a use. first: the month of the plan in which its contract begins."""
    settled = settle(contract, offer, use)
    later = weight(first, contract.payment.cost_of_capital_per_year)
    return Lived(
        paid_usd=settled.paid_usd,
        npv_paid_usd=later * settled.npv_paid_usd,
        shortfall_usd=settled.shortfall_usd,
        overage_usd=settled.overage_usd.sum(axis=0),
        on_demand_paid_usd=np.zeros(use.n_paths),
    )


def on_demand(part: PartOfTerm, scenario: str) -> Lived:
    """The months of a part without a contract: as the plan settles no commitment, at list."""
    none = lived(part.contract, NO_COMMITMENT, part.uses[scenario], first=part.first)
    nothing = np.zeros_like(none.paid_usd)
    return replace(none, shortfall_usd=none.shortfall_usd[:0], overage_usd=nothing, on_demand_paid_usd=none.paid_usd)


def lived_by_group(part: PartOfTerm, signed: Sequence[SignedByGroup], scenario: str) -> Lived:
    """What the groups sign, each lived on its own paths; together the groups have every path once."""
    use = part.uses[scenario]
    n_periods, n_paths = len(part.contract.periods), use.n_paths
    paid, npv, overage = np.zeros(n_paths), np.zeros(n_paths), np.zeros(n_paths)
    shortfall = np.zeros((n_periods, n_paths))
    for group in signed:
        one = lived(group.contract, group.offer, use.on(group.paths), first=part.first)
        paid[group.paths], npv[group.paths] = one.paid_usd, one.npv_paid_usd
        overage[group.paths], shortfall[:, group.paths] = one.overage_usd, one.shortfall_usd
    return Lived(
        paid_usd=paid,
        npv_paid_usd=npv,
        shortfall_usd=shortfall,
        overage_usd=overage,
        on_demand_paid_usd=np.zeros(n_paths),
    )


def saved_before_usd(contract: Contract, offer: Offer, begun: PartOfTerm, scenario: str) -> FloatArray:
    """What an offer for the whole term saves below list in the months of a part that begins it, shape (n_paths,).

    Use draws the commitment of its period in the order of the months: of a period that has drawn D by the end of the
    part and commits C, the share min(1, C / D) is priced within the commitment and the rest as overage. What is left
    unused later is not counted here, nor are balances carried over, clauses that change commitments, and fees.
    """
    use, saved = begun.uses[scenario], np.zeros(begun.uses[scenario].n_paths)
    for period, (first, stop) in zip(contract.periods, use.steps_of, strict=False):
        terms = offer.in_year(period.year)
        drawn, within, over, listed = (np.zeros(use.n_paths) for _ in range(4))
        for account in use.accounts:
            drawing, current = account.drawing[first:stop].sum(axis=0), account.current[first:stop].sum(axis=0)
            priced = terms.kept_fraction(account.tier) * drawing
            drawn += drawing if contract.drawdown == "list" else priced
            within += priced
            over += contract.overage_rate(terms, account.tier) * current
            listed += current
        commit = contract.commit_usd(offer, period)
        share = np.minimum(np.divide(commit, drawn, out=np.zeros_like(drawn), where=drawn > 0), 1.0)
        saved += listed - share * within - (1.0 - share) * over
    return saved
