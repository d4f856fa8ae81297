"""Where a signed contract stands today: what it comes to as things are, and what it would come to otherwise."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from math import isfinite
from typing import Final

import numpy as np

from planner.clause_rules import Usd
from planner.contract import Contract, Period
from planner.offer import Offer
from planner.risk import Estimate
from planner.settlement import Settlement, settle
from planner.simulation import SpendPaths
from planner.term_use import TermUse, term_use
from planner.tracking.acting.contract_days import first_day_of, last_day_before
from planner.tracking.signed_plan import SignedPlan
from planner.units import HALF_CENT_USD, FloatArray

LEAST_FRACTION: Final = 1e-3
"""Of what is committed over the term: what is worth less is not worth a sentence."""

_SEEN: Final = 2.0
"""A value below this many of its standard errors cannot be told from nothing."""


@dataclass(frozen=True, kw_only=True)
class Standing:
    """A contract in its running period, on the paths that are left of it.

    spend: conditioned, closed months the actual ones. month: the first contract month that is not closed, inside the
    term. on: the day it is looked at.
    """

    signed: SignedPlan
    spend: SpendPaths
    month: int
    on: date

    @property
    def contract(self) -> Contract:
        return self.signed.contract

    @property
    def offer(self) -> Offer:
        return self.signed.offer

    @property
    def index(self) -> int:
        """Which of the contract's periods runs."""
        return next(i for i, period in enumerate(self.contract.periods) if self.month < period.stop)

    @property
    def period(self) -> Period:
        return self.contract.periods[self.index]

    @cached_property
    def use(self) -> TermUse:
        return term_use(self.contract, self.spend)

    @cached_property
    def settled(self) -> Settlement:
        return settle(self.contract, self.offer, self.use)

    @cached_property
    def committed_usd(self) -> float:
        """Expected commitment of the term, in its own basis."""
        return float(self.settled.ledger.committed_usd.mean(axis=1).sum())

    def with_spend(self, spend: SpendPaths) -> Settlement:
        """The contract as signed with other use."""
        return settle(self.contract, self.offer, term_use(self.contract, spend))

    def with_contract(self, contract: Contract) -> Settlement:
        """Other terms with the same use and the same offer."""
        return settle(contract, self.offer, term_use(contract, self.spend))

    def with_commits(self, commits: Sequence[Usd]) -> Settlement:
        """Other annual commitments behind the periods, at the discounts that were signed."""
        return settle(self.contract, self.offer, self.use, commits=commits)

    def saved_usd(self, other: Settlement, *, first: int | None = None) -> FloatArray:
        """What another settlement costs less in the periods from `first` on (the running one), shape (n_paths,).

        What closed periods came to is past, whatever is done.
        """
        at = self.index if first is None else first
        difference: FloatArray = (self.settled.ledger.paid_usd[at:] - other.ledger.paid_usd[at:]).sum(axis=0)
        return difference

    def first_day(self, month: int) -> date:
        """The first day of a contract month."""
        return first_day_of(self.signed.inputs.start, month)

    def last_day_before(self, month: int) -> date:
        """The day before a contract month begins."""
        return last_day_before(self.signed.inputs.start, month)

    def is_seen(self, value: Estimate) -> bool:
        """Whether something is gained that is worth a sentence, and is more than luck of the paths."""
        error = _SEEN * value.se if isfinite(value.se) else 0.0
        return value.mean > max(self.least_usd, error)

    @property
    def least_usd(self) -> float:
        """What is worth a sentence."""
        return max(LEAST_FRACTION * self.committed_usd, HALF_CENT_USD)

    def limited_probability(self, settled: Settlement) -> float:
        """The chance of a shortfall that the plan's decision limits."""
        short = settled.shortfall_usd > HALF_CENT_USD
        if self.signed.inputs.decision.shortfall_limit_per == "term":
            return float(np.logical_or.reduce(short, axis=0).mean())
        return float(short.mean(axis=1).max())

    def is_allowed(self, settled: Settlement) -> bool:
        """Whether the decision's limit on the chance of a shortfall is kept."""
        return self.limited_probability(settled) <= self.signed.inputs.decision.max_shortfall_probability
