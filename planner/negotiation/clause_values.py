"""What every clause is worth: the trade list, what pairs are worth together, and fair swaps."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Final

from planner.errors import InputError
from planner.negotiation.discount_points import equal_discount, more_discount
from planner.negotiation.limit_luck import LimitLuck, Side, limit_luck
from planner.negotiation.terms_pricer import PricedTerms, TermsPricer
from planner.negotiation.variations import LeftOut, Variation, variations
from planner.risk import Estimate, estimate
from planner.units import HALF_CENT_USD, FloatArray

SEEN: Final = 2.0
"""A value below this many of its standard errors cannot be told from nothing."""
_PAIRED: Final = 4
_MOST_SWAPS: Final = 8
_ALIKE: Final = 0.5
"""Values whose smaller is at least this share of the larger are near enough to be swapped."""

Report = Callable[[str, float], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClauseValue:
    """What a clause is worth to the buyer over the term, each side at its own best commitment.

    value: what granting it saves by the decision's measure or, of one that the contract has (variation.granted), what
    giving it up costs. points: the discount worth as much, as a fraction; None where none is. expected_cost: the same
    in expected cost alone; cost_cvar_usd: in the mean cost of the worst paths; shortfall_probability: what having the
    clause adds to the chance of a shortfall. terms: with the clause granted, or given up; None where only the buyer
    values it.
    """

    variation: Variation
    value: Estimate
    points: float | None
    expected_cost: Estimate
    cost_cvar_usd: float
    shortfall_probability: float
    terms: PricedTerms | None

    @property
    def is_seen(self) -> bool:
        """Whether the paths can tell the value from nothing."""
        return abs(self.value.mean) > max(SEEN * self.value.se, HALF_CENT_USD)


@dataclass(frozen=True, slots=True, kw_only=True)
class Interaction:
    """Two clauses changed together: joint is what both are worth, beyond the sum of what each is worth alone."""

    first: ClauseValue
    second: ClauseValue
    joint: Estimate
    beyond_sum: Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class Swap:
    """Something given up for something granted: net is what the buyer gains by both together."""

    give: ClauseValue
    get: ClauseValue
    net: Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeList:
    """The clauses by what they are worth, the most first. table: the terms on the table at their best.

    point: what one more point of discount in every band is worth. paths: how many these figures rest on. cvar_level: of
    what the worst paths cost. luck: of the limit, in every standard error here.
    """

    table: PricedTerms
    clauses: tuple[ClauseValue, ...]
    interactions: tuple[Interaction, ...]
    swaps: tuple[Swap, ...]
    point: Estimate
    left_out: tuple[LeftOut, ...]
    paths: int
    cvar_level: float
    luck: LimitLuck

    @property
    def asks(self) -> tuple[ClauseValue, ...]:
        """What the terms on the table do not have and the paths can tell from nothing, the most valuable first."""
        return tuple(c for c in self.clauses if not c.variation.granted and c.value.mean > 0 and c.is_seen)


def trade_list(pricer: TermsPricer, progress: Report | None = None) -> TradeList:
    """Value every clause that can be asked for or given up under the plan's terms. progress(step, fraction)."""
    contract = pricer.contract
    table = pricer.at_best(contract)
    varied, left_out = variations(pricer.counted(contract), pricer.inputs.asks, table.offer)
    values, quick, luck = [], pricer.quick(), limit_luck(pricer)
    for index, variation in enumerate(varied):
        values.append(_valued(pricer, quick, luck, table, variation))
        if progress is not None:
            progress("valuing clauses", (index + 1) / len(varied))
    clauses = tuple(sorted(values, key=lambda item: (-item.value.mean, item.variation.name)))
    return TradeList(
        table=table,
        clauses=clauses,
        interactions=_interactions(pricer, luck, table, clauses, progress),
        swaps=_swaps(pricer, luck, table, clauses, progress),
        point=_point(pricer, luck, table),
        luck=luck,
        left_out=left_out,
        paths=pricer.paths,
        cvar_level=pricer.inputs.decision.cvar_level,
    )


def _point(pricer: TermsPricer, luck: LimitLuck, table: PricedTerms) -> Estimate:
    more = Variation(name="", words="", granted=False, change=lambda contract: more_discount(contract, 0.01))
    value = table.less(pricer.at_best(more.applied(pricer.contract)))
    return luck.in_error(value, lambda side: side.saved_usd(more))


def _valued(
    pricer: TermsPricer, quick: TermsPricer, luck: LimitLuck, table: PricedTerms, variation: Variation
) -> ClauseValue:
    level = pricer.inputs.decision.cvar_level
    if variation.change is None:
        worth = Estimate(mean=variation.own_value_usd, se=0.0)
        return ClauseValue(
            variation=variation,
            value=worth,
            points=equal_discount(pricer, quick, pricer.contract, worth_usd=worth.mean),
            expected_cost=Estimate(mean=0.0, se=0.0),
            cost_cvar_usd=0.0,
            shortfall_probability=0.0,
            terms=None,
        )
    changed = variation.applied(pricer.contract)
    terms = pricer.at_best(changed)
    without, having = (terms, table) if variation.granted else (table, terms)
    value = _told(luck.in_error(without.less(having), lambda side: side.saved_usd(variation)))
    return ClauseValue(
        variation=variation,
        value=value,
        # of a clause to ask for, the discount to have in its place; of one to give up, the discount to have for it
        points=equal_discount(pricer, quick, changed if variation.granted else pricer.contract, worth_usd=value.mean),
        expected_cost=_told(_saved(without, having)),
        cost_cvar_usd=without.cost_cvar_usd(level) - having.cost_cvar_usd(level),
        shortfall_probability=having.shortfall_probability.mean - without.shortfall_probability.mean,
        terms=terms,
    )


def _saved(without: PricedTerms, having: PricedTerms) -> Estimate:
    return replace(without, measured_usd=without.paid_usd).less(replace(having, measured_usd=having.paid_usd))


def _told(value: Estimate) -> Estimate:
    """Below half a cent there is nothing: what is left is how closely the best commitment was found."""
    if abs(value.mean) > HALF_CENT_USD:
        return value
    return Estimate(mean=0.0, se=0.0 if value.se <= HALF_CENT_USD else value.se)


# --- pairs -----------------------------------------------------------------------------------------------------------


def _together(pricer: TermsPricer, table: PricedTerms, pair: tuple[ClauseValue, ClauseValue]) -> FloatArray | None:
    """What both changes save by the measure, on every path; None for two that cannot stand together."""
    contract = pricer.contract
    try:
        for item in pair:
            contract = item.variation.applied(contract)
    except InputError:
        return None
    for item, other in (pair, pair[::-1]):
        if item.variation.change is not None and contract == other.variation.applied(pricer.contract):
            return None  # beside the other, nothing is left of this one
    own = sum((-1.0 if c.variation.granted else 1.0) * c.variation.own_value_usd for c in pair)
    both: FloatArray = table.measured_usd - pricer.at_best(contract).measured_usd + own
    return both


def _alone(table: PricedTerms, item: ClauseValue) -> FloatArray:
    """What a change saves by itself, on every path."""
    assert item.terms is not None
    saved: FloatArray = table.measured_usd - item.terms.measured_usd
    return saved


def saved_by(*items: ClauseValue) -> Callable[[Side], float]:
    """What changes together save under either side of the limit, USD."""
    return lambda side: side.saved_usd(*(item.variation for item in items))


def _beyond_sum_of(*items: ClauseValue) -> Callable[[Side], float]:
    together = saved_by(*items)
    return lambda side: together(side) - sum(side.saved_usd(item.variation) for item in items)


def _interactions(
    pricer: TermsPricer,
    luck: LimitLuck,
    table: PricedTerms,
    clauses: Sequence[ClauseValue],
    progress: Report | None,
) -> tuple[Interaction, ...]:
    """The pairs among what is worth most to ask for."""
    top = [item for item in clauses if not item.variation.granted and item.terms is not None and item.is_seen]
    found = []
    pairs = list(combinations([item for item in top if item.value.mean > 0][:_PAIRED], 2))
    for index, (first, second) in enumerate(pairs):
        joint = _together(pricer, table, (first, second))
        if progress is not None:
            progress("pricing pairs", (index + 1) / len(pairs))
        if joint is not None:
            apart = joint - _alone(table, first) - _alone(table, second)
            found.append(
                Interaction(
                    first=first,
                    second=second,
                    joint=luck.in_error(estimate(joint), saved_by(first, second)),
                    beyond_sum=luck.in_error(estimate(apart), _beyond_sum_of(first, second)),
                )
            )
    return tuple(sorted(found, key=lambda item: -abs(item.beyond_sum.mean)))


def _swaps(
    pricer: TermsPricer,
    luck: LimitLuck,
    table: PricedTerms,
    clauses: Sequence[ClauseValue],
    progress: Report | None,
) -> tuple[Swap, ...]:
    """For what could be given up, what is worth about as much: the closest pairs, each clause in two at most.

    Pairs are chosen by what each is worth alone and sorted by what both come to together, the most even first.
    """
    worth = [item for item in clauses if item.value.mean > 0 and item.is_seen]
    gives = [item for item in worth if item.variation.granted]
    gets = [item for item in worth if not item.variation.granted]
    pairs = [(give, get) for give in gives for get in gets if _likeness(give, get) >= _ALIKE]
    found: list[Swap] = []
    used: Counter[Variation] = Counter()
    ranked = sorted(pairs, key=lambda pair: -_likeness(*pair))
    for index, (give, get) in enumerate(ranked):
        if progress is not None:
            progress("pricing swaps", (index + 1) / len(ranked))
        if used[give.variation] == 2 or used[get.variation] == 2 or len(found) == _MOST_SWAPS:
            continue
        net = _together(pricer, table, (give, get))
        if net is not None:
            used.update((give.variation, get.variation))
            found.append(Swap(give=give, get=get, net=luck.in_error(estimate(net), saved_by(give, get))))
    return tuple(sorted(found, key=lambda swap: abs(swap.net.mean) / swap.get.value.mean))


def _likeness(one: ClauseValue, other: ClauseValue) -> float:
    """1 where both are worth the same, near 0 where one is worth far more."""
    low, high = sorted((one.value.mean, other.value.mean))
    return low / high
