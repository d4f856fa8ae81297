"""What pooling comes to: every unit by itself and in the pool, every group, what is saved and who would leave."""

from dataclasses import dataclass

from planner.inputs import Decision
from planner.offer import Offer
from planner.risk import Estimate
from planner.units import HALF_CENT_USD


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Units with one contract of their own, USD over the term. cost: what the decision minimises, or expects to
    pay where it minimises regret."""

    units: tuple[str, ...]
    offer: Offer
    cost: Estimate
    expected_cost: Estimate
    shortfall_probability: Estimate
    expected_shortfall: Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitShare:
    """A unit by itself, and in the pool, USD over the term.

    on_demand: its spend at list. cost: its Shapley share of the pool's; saving: what that is below its cost alone.
    commit_fraction: its part of the pooled commitment, None where nothing is committed. shortfall: its part of the
    pool's expected shortfall, negative where it fills more gaps than it leaves. core_cost_usd: its part of the nearest
    split that no group would leave, None where the Shapley shares are such a split or there is none.
    """

    name: str
    request_types: tuple[str, ...]
    on_demand: Estimate
    alone: Group
    cost: Estimate
    saving: Estimate
    commit_fraction: Estimate | None
    shortfall: Estimate
    core_cost_usd: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Separate:
    """All units with a contract each, USD over the term. any_shortfall: the chance that at least one leaves some."""

    commit_usd_per_year: float
    cost: Estimate
    expected_cost: Estimate
    expected_shortfall: Estimate
    any_shortfall: Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class Pooling:
    """One contract against one each. groups: every coalition, by the bits of its units, from the first unit on.

    value: what pooling saves of the cost. from_band: the part that units would save by themselves if each had the
    pooled discount at any commitment; from_spreading: the rest, low use of one being filled by another, less what a
    threshold asks of the pool; None where the pool has no one discount. worst: the group that the split asks most of,
    beyond what it would pay by itself; least_core_usd: what any split asks of some group at least. notes: what must be
    said beside it, that of the plans included.
    """

    decision: Decision
    units: tuple[UnitShare, ...]
    pooled: Group
    separate: Separate
    groups: tuple[Group, ...]
    value: Estimate
    from_band: Estimate | None
    from_spreading: Estimate | None
    worst: Group
    worst_excess: Estimate
    least_core_usd: float
    n_paths: int
    notes: tuple[str, ...] = ()

    def share_usd(self, group: Group) -> float:
        """What the split asks of a group."""
        return sum(unit.cost.mean for unit in self.units if unit.name in group.units)

    def excess_usd(self, group: Group) -> float:
        """What the split asks of a group beyond what it would pay by itself."""
        return self.share_usd(group) - group.cost.mean

    @property
    def in_core(self) -> bool:
        """Whether no group would do better by itself than the split asks of it."""
        return self.worst_excess.mean <= HALF_CENT_USD

    @property
    def core_is_empty(self) -> bool:
        """Whether every split asks more of some group than it would pay by itself."""
        return self.least_core_usd > HALF_CENT_USD
