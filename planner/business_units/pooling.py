"""One contract for all business units against a contract each: what pooling saves, and a fair split of the cost.

The game: c(S) is the least that a group S of units can expect to pay (or whatever else the decision minimises) with a
contract of its own, on the plan's terms and under its limit, in the band that its own commitment reaches. Pooling is
worth

    sum over units of c(i)  -  c(all)

and the split is the Shapley value: what a unit adds to the cost on arriving, averaged over all orders. Everything is
worked out on common paths, so that a difference has a standard error far below those of its parts.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from planner.bands import DiscountBand
from planner.business_units.effort import affordable_paths, check_number, without_fixed_commitments
from planner.business_units.games import excess, least_core_excess, nearest_shares
from planner.business_units.notes import Named, of_each_plan, pooling_notes
from planner.business_units.result import Group, Pooling, Separate, UnitShare
from planner.business_units.shares import commitment_fractions, shortfall_shares
from planner.business_units.signing import Signed, Uses, live, sign
from planner.business_units.spend import (
    UnitSpend,
    added,
    check_plans,
    common_paths,
    parts_of,
    units_of_plan,
    units_of_plans,
)
from planner.contract import Contract
from planner.inputs import Decision
from planner.offer import Offer
from planner.plan import Plan
from planner.prepared import Progress
from planner.risk import Estimate, estimate, probability
from planner.shapley import members, shapley_weights
from planner.simulation import KeptPaths
from planner.term_use import TermUse
from planner.units import HALF_CENT_USD, BoolArray, FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolTerms:
    """What is signed: by a group on its own the contract on the table, by all together the pooled one.

    offer: what all together sign, None where it is to be sized.
    """

    decision: Decision
    contract: Contract
    pooled: Contract
    offer: Offer | None = None


def pool(named: Named, plan: Plan, *, kept: KeptPaths | None = None, progress: Progress | None = None) -> Pooling:
    """One contract for the units of a plan, or for several plans of one unit each, against a contract each.

    named: the plans as loaded, with a name for each; plan: the first one worked out; kept: what that left. Contract and
    decision are the first plan's, and where it is the only one its recommendation is the pooled contract.
    Errors: InputError for plans that cannot share a contract, for units that cannot be told apart, and for too many.
    """
    check_plans(named)
    decision, asked = plan.inputs.decision, named[0][1].contract
    contract = without_fixed_commitments(asked)
    paths = common_paths(plan, [inputs for _, inputs in named[1:]])
    if len(named) > 1:
        check_number(decision, contract, len(named))
        units = units_of_plans(named, plan, paths=paths, kept=kept, progress=progress)
        terms = PoolTerms(decision=decision, contract=contract, pooled=asked, offer=None)
    else:
        parts = parts_of(plan, asked)
        check_number(decision, contract, len(parts))
        units = units_of_plan(plan, asked, parts, paths=paths, kept=kept)
        terms = PoolTerms(
            decision=decision, contract=contract, pooled=plan.inputs.contract, offer=plan.recommendation.offer
        )
    used = affordable_paths(decision, contract, units)
    if used < paths:
        units = [unit.on(np.arange(used)) for unit in units]
    notes = pooling_notes(named, decision, asked, drawn=plan.n_paths, used=used)
    said = of_each_plan({unit.name: unit.warnings for unit in units}) if len(named) > 1 else plan.warnings
    return replace(pooling(terms, units, progress), notes=(*notes, *said))


def pooling(terms: PoolTerms, units: Sequence[UnitSpend], progress: Progress | None = None) -> Pooling:
    """Size every group with a contract of its own, and split what all together pay."""
    sized = _size(terms, units, progress)
    means = sized.shares.mean(axis=1)
    costs = np.array([0.0, *(group.cost.mean for group in sized.groups)])
    least, beyond = least_core_excess(costs), excess(costs, means)
    worst = 1 + int(np.argmax(beyond[1:-1]))
    near = None
    if least <= HALF_CENT_USD < beyond[worst]:
        near = nearest_shares(costs, means, most_excess=HALF_CENT_USD)  # a core of no width has room for rounding
    separate = _separate(sized.alone)
    from_band, from_spreading = _sources(sized)
    return Pooling(
        decision=terms.decision,
        units=_unit_shares(sized, near),
        pooled=sized.groups[-1],
        separate=separate,
        groups=sized.groups,
        value=estimate(_total([one.cost_usd for one in sized.alone]) - sized.pooled.cost_usd),
        from_band=from_band,
        from_spreading=from_spreading,
        worst=sized.groups[worst - 1],
        worst_excess=_excess(sized, worst),
        least_core_usd=least,
        n_paths=sized.shares.shape[1],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sized:
    """Every group with its contract. shares: shape (n_units, n_paths), the Shapley shares of what the pool costs."""

    terms: PoolTerms
    units: Sequence[UnitSpend]
    groups: tuple[Group, ...]
    contracts: tuple[Contract, ...]
    alone: tuple[Signed, ...]
    pooled: Signed
    shares: FloatArray

    @property
    def uses(self) -> list[TermUse]:
        """The use of each unit in the scenario decided on."""
        return [unit.uses[self.terms.decision.scenario] for unit in self.units]


def _size(terms: PoolTerms, units: Sequence[UnitSpend], progress: Progress | None) -> _Sized:
    """Sign for every group, and add up what each unit brings on every path."""
    belongs, weights = members(len(units)), shapley_weights(len(units))
    shares = np.zeros((len(units), units[0].uses[terms.decision.scenario].n_paths))
    groups, contracts, alone = [], [], []
    for number in range(1, len(belongs)):
        inside = belongs[number]
        signed = _signed(terms, units, inside)
        groups.append(_group(signed, [unit.name for unit, is_in in zip(units, inside, strict=True) if is_in]))
        contracts.append(signed.contract)
        shares += np.multiply.outer(weights[:, number], signed.cost_usd)
        if inside.sum() == 1:
            alone.append(signed)
        if progress is not None:
            progress("sizing every group of units", number / (len(belongs) - 1))
    return _Sized(
        terms=terms,
        units=units,
        groups=tuple(groups),
        contracts=tuple(contracts),
        alone=tuple(alone),
        pooled=signed,
        shares=shares,
    )


def _signed(terms: PoolTerms, units: Sequence[UnitSpend], inside: BoolArray) -> Signed:
    uses = group_uses(units, inside)
    if not inside.all():
        return sign(terms.decision, terms.contract, uses)
    if terms.offer is None:
        return sign(terms.decision, terms.pooled, uses)
    return live(terms.decision, terms.pooled, terms.offer, uses)


def group_uses(units: Sequence[UnitSpend], inside: BoolArray) -> Uses:
    """The use of some of the units, by scenario; inside: shape (n_units,)."""
    chosen = [unit for unit, is_in in zip(units, inside, strict=True) if is_in]
    return {name: added([unit.uses[name] for unit in chosen]) for name in chosen[0].uses}


def _group(signed: Signed, names: Sequence[str]) -> Group:
    return Group(
        units=tuple(names),
        offer=signed.offer,
        cost=estimate(signed.cost_usd),
        expected_cost=estimate(signed.paid_usd),
        shortfall_probability=probability(signed.is_short),
        expected_shortfall=estimate(signed.shortfall_usd),
    )


def _excess(sized: _Sized, number: int) -> Estimate:
    """What the split asks of a group beyond its own cost, on common paths."""
    inside = members(len(sized.units))[number]
    uses, offer = group_uses(sized.units, inside), sized.groups[number - 1].offer
    own = live(sized.terms.decision, sized.contracts[number - 1], offer, uses)
    return estimate(inside @ sized.shares - own.cost_usd)


def _unit_shares(sized: _Sized, near: FloatArray | None) -> tuple[UnitShare, ...]:
    pooled, uses = sized.pooled, sized.uses
    fractions: Sequence[Estimate | None] = [None] * len(uses)
    shortfalls = np.zeros_like(sized.shares)
    if not pooled.offer.is_none:
        found = commitment_fractions(pooled.contract, pooled.offer, uses)
        shortfalls = shortfall_shares(pooled.contract, pooled.offer, [one.mean for one in found], uses)
        fractions = found
    return tuple(
        UnitShare(
            name=unit.name,
            request_types=unit.request_types,
            on_demand=estimate(uses[i].on_demand_usd),
            alone=sized.groups[2**i - 1],
            cost=estimate(sized.shares[i]),
            saving=estimate(sized.alone[i].cost_usd - sized.shares[i]),
            commit_fraction=fractions[i],
            shortfall=estimate(shortfalls[i]),
            core_cost_usd=None if near is None else float(near[i]),
        )
        for i, unit in enumerate(sized.units)
    )


def _separate(alone: Sequence[Signed]) -> Separate:
    return Separate(
        commit_usd_per_year=sum(one.offer.commit_usd_per_year for one in alone),
        cost=estimate(_total([one.cost_usd for one in alone])),
        expected_cost=estimate(_total([one.paid_usd for one in alone])),
        expected_shortfall=estimate(_total([one.shortfall_usd for one in alone])),
        any_shortfall=probability(np.logical_or.reduce([one.is_short for one in alone], axis=0)),
    )


def _sources(sized: _Sized) -> tuple[Estimate | None, Estimate | None]:
    """What of the value comes from the pool's discount, and what from sharing one commitment at it."""
    terms, pooled = sized.terms, sized.pooled
    contract = _at_one_discount(terms.contract, pooled.offer)
    if contract is None:
        return None, None
    given = _total([sign(terms.decision, contract, unit.uses).cost_usd for unit in sized.units])
    alone = _total([one.cost_usd for one in sized.alone])
    return estimate(alone - given), estimate(given - pooled.cost_usd)


def _at_one_discount(contract: Contract, offer: Offer) -> Contract | None:
    """The contract with an offer's discount at any commitment; None where it has no one discount."""
    terms = {(year.discount_fraction, year.discount_by_tier) for year in (offer, *offer.later)}
    if offer.is_none or contract.band_mode == "incremental" or len(terms) > 1:
        return None
    band = DiscountBand(
        min_commit_usd_per_year=0.0, discount_fraction=offer.discount_fraction, by_tier=offer.discount_by_tier
    )
    return replace(contract, bands=(band,))


def _total(parts: Sequence[FloatArray]) -> FloatArray:
    total: FloatArray = np.sum(parts, axis=0)
    return total
