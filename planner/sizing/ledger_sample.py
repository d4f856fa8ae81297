"""Sizing by the ledger: what an offer costs under any clauses, settled on every path, and the best one found so."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal

import numpy as np

from planner.contract import Contract
from planner.offer import Offer
from planner.settlement import Settlement, settle
from planner.sizing.commit_search import Problem, thinned
from planner.sizing.expectation import Expectation, LimitPer
from planner.sizing.ramp_search import best_offer
from planner.term_use import TermUse
from planner.units import HALF_CENT_USD, FloatArray

Money = Literal["nominal", "npv"]


@dataclass(frozen=True, kw_only=True)
class LedgerSample:
    """A scenario's spend paths, settled offer by offer; what is known of an offer is kept.

    money: whether dollars count as paid or at their present value; shortfall and overage are always as billed.
    """

    contract: Contract
    use: TermUse
    money: Money = "nominal"
    known: dict[Offer, Expectation] = field(default_factory=dict)

    @property
    def on_demand_usd(self) -> float:
        """Expected cost of the term at list."""
        return float(self.use.on_demand_usd.mean())

    def costs_usd(self, settled: Settlement) -> FloatArray:
        """What each path pays, in the sample's money."""
        return settled.npv_paid_usd if self.money == "npv" else settled.paid_usd

    def expect(self, offers: Sequence[Offer]) -> list[Expectation]:
        """Expected cost, shortfall and overage of each offer; exact for the sample."""
        for offer in offers:
            if offer not in self.known:
                self.known[offer] = self._expectation(offer)
        return [self.known[offer] for offer in offers]

    def _expectation(self, offer: Offer) -> Expectation:
        settled = settle(self.contract, offer, self.use)
        short = settled.shortfall_usd > HALF_CENT_USD
        return Expectation(
            offer=offer,
            expected_cost_usd=float(self.costs_usd(settled).mean()),
            shortfall_probability=int(np.count_nonzero(np.logical_or.reduce(short, axis=0))) / self.use.n_paths,
            period_probabilities=tuple((np.count_nonzero(short, axis=1) / self.use.n_paths).tolist()),
            expected_shortfall_usd=float(settled.shortfall_usd.sum()) / self.use.n_paths,
            expected_overage_usd=float(settled.overage_usd.sum()) / self.use.n_paths,
        )

    def best(self, *, max_shortfall_probability: float = 1.0, limit_per: LimitPer = "term") -> Expectation:
        """The cheapest expected cost among the commitments that the contract leaves open and the limit allows.

        None if no commitment is both allowed and better; what is fixed by the contract is what it is. How far that is
        exact: planner.sizing.commit_search and planner.sizing.ramp_search.
        """
        problem = self._problem(max_shortfall_probability, limit_per)
        if self._rough is not None:
            problem = replace(problem, rough=self._rough._problem(max_shortfall_probability, limit_per))
        return self.expect([best_offer(problem)])[0]

    def _problem(self, max_shortfall_probability: float, limit_per: LimitPer) -> Problem:
        return Problem(
            contract=self.contract,
            uses=(self.use,),
            cost=lambda offer: self.expect([offer])[0].expected_cost_usd,
            probability=lambda offer: self.expect([offer])[0].limited_probability(limit_per),
            max_probability=max_shortfall_probability,
            is_convex=is_convex(self.contract, self.use),
            is_additive=True,
            limit_per=limit_per,
        )

    @cached_property
    def _rough(self) -> "LedgerSample | None":
        few = thinned(self.use)
        return None if few is None else LedgerSample(contract=self.contract, use=few, money=self.money)


def is_convex(contract: Contract, use: TermUse) -> bool:
    """Whether the cost of a contract is known to be convex in its commitments inside a combination of bands.

    Not where a commitment depends on use before it, where a drawn dollar's price moves over the months (protected
    prices, model tiers apart), where use beyond the commitment is cheaper than use within it, where balances are drawn
    in another order than they expire, or where incremental bands move the discount of what is carried or waived.
    """
    moves = contract.looks_back or contract.carry_forward is not None or contract.early_renewal is not None
    cheap_overage = isinstance(contract.overage, float) and any(
        contract.overage > band.discount_fraction for band in contract.bands
    )
    priced = use.is_protected or len(use.accounts) > 1 or cheap_overage
    brought_in = contract.in_force is not None and contract.in_force.on_signing == "renew"
    waived = contract.shortfall == "true_up" or contract.rollover is not None
    blended = contract.band_mode == "incremental" and waived
    return not (moves or priced or brought_in or blended or not _draws_as_it_expires(contract))


def _draws_as_it_expires(contract: Contract) -> bool:
    """Whether drawing carried balances first and the oldest of them first wastes least."""
    rollover, periods = contract.rollover, contract.periods
    if rollover is None or len(periods) == 1:
        return True
    brief = rollover.months <= min(period.stop - period.first for period in periods[:-1])
    whole = rollover.share == 1.0 and rollover.max_fraction_of_commit is None
    return rollover.draw == "carried_first" and (brief or whole)
