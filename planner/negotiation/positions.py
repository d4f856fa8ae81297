"""Where to open, what to aim for, and where to walk away: each a deal that is priced, not a feeling.

The walk-away is what the buyer has without a deal: the cheaper of no commitment at all and the best quote in hand. The
opening asks for everything that the paths show to be worth something. The target is the asks, the most valuable first,
that come to a share of the opening's worth.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from planner.contract import Contract
from planner.errors import InputError
from planner.negotiation.clause_values import ClauseValue, TradeList, saved_by
from planner.negotiation.discount_points import solved
from planner.negotiation.limit_luck import LimitLuck
from planner.negotiation.terms_pricer import PricedTerms, TermsPricer
from planner.risk import Estimate, estimate
from planner.units import HALF_CENT_USD

_GRID: Final = 60
_REACH: Final = 3.0
"""Commitments are looked at up to so many times the recommended one, twice as far as long as the last is no worse."""
_FARTHEST: Final = 1000.0
_HIGHEST_DISCOUNT: Final = 0.999


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """A deal: the terms on the table with some asks granted, at their best commitment.

    own_value_usd: what the buyer values of it beside the paths, over the term. better: what it saves against the terms
    on the table by the decision's measure, own values included.
    """

    name: str
    asks: tuple[ClauseValue, ...]
    terms: PricedTerms
    own_value_usd: float
    better: Estimate

    @property
    def measure_usd(self) -> float:
        """What the decision minimises, less what only the buyer values."""
        return self.terms.measure_usd - self.own_value_usd


@dataclass(frozen=True, slots=True, kw_only=True)
class WalkAway:
    """What the buyer has without a deal, and the terms on the table at which a deal is no better.

    alternative: "no commitment", or the name of a quote. discount_fraction: at the recommended commitment, the discount
    below which it is; None where nothing is recommended. commit_usd_per_year: the largest commitment of contract year 1
    that is still better and meets the limit on the shortfall; None where none does.
    """

    alternative: str
    terms: PricedTerms
    discount_fraction: float | None
    commit_usd_per_year: float | None

    @property
    def measure_usd(self) -> float:
        """What the decision minimises."""
        return self.terms.measure_usd


@dataclass(frozen=True, slots=True, kw_only=True)
class Positions:
    """The way from the opening to the walk-away. target_share: of the opening's worth that the target asks for."""

    table: PricedTerms
    opening: Position
    target: Position
    walk_away: WalkAway
    target_share: float


def positions(
    pricer: TermsPricer, trades: TradeList, alternatives: Sequence[tuple[str, PricedTerms]] = ()
) -> Positions:
    """The positions. alternatives: quotes in hand, named, as they stand, over the term of the terms on the table."""
    table, asks = trades.table, trades.asks
    share = pricer.inputs.target_share
    steps = list(_granted_in_turn(pricer, trades.luck, table, asks))
    opening = steps[-1]
    enough = share * opening.better.mean
    target = next((step for step in steps if step.better.mean >= enough - HALF_CENT_USD), opening)
    return Positions(
        table=table,
        opening=replace(opening, name="opening"),
        target=replace(target, name="target"),
        walk_away=_walk_away(pricer, table, alternatives),
        target_share=share,
    )


def _granted_in_turn(
    pricer: TermsPricer, luck: LimitLuck, table: PricedTerms, asks: Sequence[ClauseValue]
) -> list[Position]:
    """The table, and then with one ask more each time: the most valuable first, and only what adds to the others."""
    none = Position(name="", asks=(), terms=table, own_value_usd=0.0, better=Estimate(mean=0.0, se=0.0))
    found, contract = [none], pricer.contract
    for ask in asks:
        last = found[-1]
        try:
            changed = ask.variation.applied(contract)
            terms = last.terms if ask.variation.change is None else pricer.at_best(changed)
        except InputError:
            continue  # two asks that contradict each other: the more valuable one stays
        own = last.own_value_usd + ask.variation.own_value_usd
        saved = estimate(table.measured_usd - terms.measured_usd + own)
        if saved.mean <= last.better.mean + HALF_CENT_USD:
            continue
        contract, kept = changed, (*last.asks, ask)
        better = luck.in_error(saved, saved_by(*kept))
        found.append(Position(name="", asks=kept, terms=terms, own_value_usd=own, better=better))
    return found


def _walk_away(pricer: TermsPricer, table: PricedTerms, alternatives: Sequence[tuple[str, PricedTerms]]) -> WalkAway:
    none = pricer.unsigned(pricer.contract)
    limit = pricer.inputs.decision.max_shortfall_probability
    allowed = [item for item in alternatives if item[1].limited_probability <= limit]
    name, terms = min([("no commitment", none), *allowed], key=lambda item: item[1].measure_usd)
    return WalkAway(
        alternative=name,
        terms=terms,
        discount_fraction=indifferent_discount(
            pricer, table.contract, table.offer.commits_usd_per_year(table.contract.n_years), cost_usd=terms.measure_usd
        ),
        commit_usd_per_year=_largest_commit(pricer, table, terms.measure_usd),
    )


def indifferent_discount(
    pricer: TermsPricer, contract: Contract, commits_usd_per_year: Sequence[float], *, cost_usd: float
) -> float | None:
    """The least discount at which commitments cost no more by the decision's measure; None where none does."""
    if max(commits_usd_per_year) == 0:
        return None

    def cost(discount: float) -> float:
        return pricer.signed(contract, contract.offer_of(commits_usd_per_year, discount)).measure_usd

    at_list = cost(0.0)
    if at_list <= cost_usd:
        return 0.0
    return solved(lambda discount: at_list - cost(discount), at_list - cost_usd, least=0.0, most=_HIGHEST_DISCOUNT)


def _largest_commit(pricer: TermsPricer, table: PricedTerms, cost_usd: float) -> float | None:
    """The largest commitment at the bands' discounts that costs no more, within the limit: from a grid, to a dollar."""
    if table.offer.is_none or pricer.contract.commits_usd_per_year is not None:
        return None
    years = table.offer.commits_usd_per_year(table.contract.n_years)
    limit = pricer.inputs.decision.max_shortfall_probability

    def is_better(scale: float) -> bool:
        offer = table.contract.offer_of([scale * commit for commit in years])
        terms = pricer.signed(table.contract, offer)
        return terms.measure_usd <= cost_usd and terms.limited_probability <= limit

    reach = _REACH
    while reach < _FARTHEST and is_better(reach):
        reach *= 2.0
    scales = np.linspace(reach, 1.0, _GRID).tolist()
    thresholds = {low / years[0] for low, _ in table.contract.commit_ranges if years[0] > 0 and low > years[0]}
    return _last(is_better, sorted({*scales, *thresholds}, reverse=True), years[0])


def _last(holds: Callable[[float], bool], scales: Sequence[float], first_year: float) -> float | None:
    """The largest commitment that holds, between the first of falling scales that does and the one before it."""
    for index, scale in enumerate(scales):
        if holds(scale):
            low, high = scale, scales[max(index - 1, 0)]
            while (high - low) * first_year > 1.0:
                middle = (low + high) / 2.0
                low, high = (middle, high) if holds(middle) else (low, middle)
            return low * first_year
    return None
