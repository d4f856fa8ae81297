"""The next term: the contract year after this one, sized on the conditioned paths under the same terms."""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from planner.bands import DiscountBand
from planner.contract import Contract
from planner.coverage import month_of
from planner.negotiation.part_of_term import spend_of_months
from planner.negotiation.sized_later import sized
from planner.offer import Offer
from planner.risk import Estimate, estimate, probability, quantiles
from planner.settlement import Settlement, settle
from planner.simulation import SpendPaths
from planner.term_use import TermUse, term_use
from planner.tracking.acting.contract_days import first_day_of
from planner.tracking.result import Renewal
from planner.tracking.signed_plan import BAND, SignedPlan
from planner.units import HALF_CENT_USD, MONTHS_PER_YEAR, FloatArray


@dataclass(frozen=True, kw_only=True)
class NextTerm:
    """The contract year after the term, lived with the commitment that is recommended for it, and with the last one.

    contract: with its rights used or left alone, as is cheaper.
    """

    contract: Contract
    use: TermUse
    offer: Offer
    settled: Settlement
    again: Offer
    settled_again: Settlement

    @property
    def saved_usd(self) -> FloatArray:
        """What the recommended commitment costs less than the last one again, shape (n_paths,)."""
        saved: FloatArray = self.settled_again.paid_usd - self.settled.paid_usd
        return saved


def renewal_of(signed: SignedPlan, conditioned_spend: SpendPaths) -> Renewal | None:
    """The next term; None where paths do not reach a year beyond this one."""
    found = next_term(signed, conditioned_spend)
    if found is None:
        return None
    term = signed.contract.term_months
    listed = conditioned_spend.list_cost_usd[term : term + MONTHS_PER_YEAR].sum(axis=0)
    return Renewal(
        first=month_of(first_day_of(signed.inputs.start, term)),
        commit_usd_per_year=found.offer.commit_usd_per_year,
        discount_fraction=found.offer.discount_fraction,
        expected_cost=estimate(found.settled.paid_usd),
        shortfall_probability=_short(found.settled),
        same_again_usd_per_year=found.again.commit_usd_per_year,
        same_again_cost=estimate(found.settled_again.paid_usd),
        same_again_shortfall_probability=_short(found.settled_again),
        spend_quantiles_usd=quantiles(listed, BAND),
    )


def next_term(signed: SignedPlan, conditioned_spend: SpendPaths) -> NextTerm | None:
    """The contract year after the term, sized by the plan's decision; None where paths do not reach its end."""
    term = signed.contract.term_months
    if len(conditioned_spend.list_cost_usd) < term + MONTHS_PER_YEAR:
        return None
    contract = renewed(signed)
    spend = spend_of_months(conditioned_spend, term, term + MONTHS_PER_YEAR, locked=contract.protects_prices)
    use, decision = term_use(contract, spend), signed.inputs.decision
    sized_contract, offer = sized(decision, contract, {decision.scenario: use})
    again = _again(signed, sized_contract)
    return NextTerm(
        contract=sized_contract,
        use=use,
        offer=offer,
        settled=settle(sized_contract, offer, use),
        again=again,
        settled_again=settle(sized_contract, again, use),
    )


def renewed(signed: SignedPlan) -> Contract:
    """The contract of the year after the term: the same terms, its discounts less what prices rise on renewal.

    Bands read its own commitment. What was signed at a discount of its own is a band like the others. What a contract
    in force brought in is past, and clauses that need a later period, or a longer one, have none.
    """
    contract = signed.contract
    own = replace(
        contract,
        term_months=MONTHS_PER_YEAR,
        bands=tuple(_dearer(band, contract.renewal.uplift_fraction) for band in _bands(signed)),
        band_basis="year",
        commits_usd_per_year=None,
        ramp="flat",
        overage=_overage(contract),
        early_renewal=None,
        true_forward=None,
        in_force=None,
    )
    if len(own.periods) == 1:
        return replace(own, carry_forward=None, reduction=None)
    return replace(own, true_forward=contract.true_forward)


def _bands(signed: SignedPlan) -> tuple[DiscountBand, ...]:
    """The bands, and a discount of its own at the commitment that was signed with it."""
    contract, given = signed.contract, signed.signed.discount_fraction
    commit = _last_commit(signed)
    if given is None or commit == 0 or contract.band_mode == "incremental":
        return contract.bands
    others = tuple(band for band in contract.bands if band.min_commit_usd_per_year != commit)
    return (*others, DiscountBand(min_commit_usd_per_year=commit, discount_fraction=given))


def _dearer(band: DiscountBand, uplift: float) -> DiscountBand:
    return replace(
        band,
        discount_fraction=_less(band.discount_fraction, uplift),
        by_tier=tuple((tier, _less(discount, uplift)) for tier, discount in band.by_tier),
    )


def _less(discount: float, uplift: float) -> float:
    """What is left of a discount where its price rises, to list at most."""
    return discount if uplift == 0 else max(1.0 - (1.0 - discount) * (1.0 + uplift), 0.0)


def _overage(contract: Contract) -> Literal["list", "committed"] | float:
    overage = contract.overage
    return overage if isinstance(overage, str) else _less(overage, contract.renewal.uplift_fraction)


def _last_commit(signed: SignedPlan) -> float:
    return signed.offer.in_year(signed.contract.n_years - 1).commit_usd_per_year


def _again(signed: SignedPlan, contract: Contract) -> Offer:
    """The last contract year's commitment again, at the discount that it was signed at."""
    last = signed.offer.in_year(signed.contract.n_years - 1)
    given = signed.signed.discount_fraction
    uplift = signed.contract.renewal.uplift_fraction
    return contract.offer_at(last.commit_usd_per_year, None if given is None else _less(given, uplift))


def _short(settled: Settlement) -> Estimate:
    return probability(np.logical_or.reduce(settled.shortfall_usd > HALF_CENT_USD, axis=0))
