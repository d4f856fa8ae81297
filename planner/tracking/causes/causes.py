"""What changed: actual less planned list cost of the closed months, split into causes that add up exactly."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, get_args

import numpy as np

from planner.evidence_in_plan.checking import NewCounts
from planner.shapley import shapley
from planner.tracking.actual import ActualMonth
from planner.tracking.causes.cause_notes import notes_of
from planner.tracking.causes.cause_words import Facts, blind_words, facts_of
from planner.tracking.causes.planned import Planned, planned
from planner.tracking.causes.requests import Requests, requests_of
from planner.tracking.causes.rest import rest_parts
from planner.tracking.causes.served import Served, logged_escalations, served
from planner.tracking.causes.split_terms import LEAST_USD, Terms, terms_of
from planner.tracking.result import Cause, CauseName, Causes, MonthCauses
from planner.tracking.signed_plan import SignedPlan
from planner.units import FloatArray

NAMES: Final[tuple[CauseName, ...]] = get_args(CauseName)

_GRID: Final = 2.0**16
"""Dollars are kept in parts of this: sums of such numbers have no rounding, in whatever order they are added."""


def causes_of(
    signed: SignedPlan, months: Sequence[ActualMonth], new: Sequence[NewCounts], central: Planned | None = None
) -> Causes:
    """Actual less planned, over the closed months in their order and for each of them.

    The seven causes are each a Shapley value over what is as planned or as it was; the rest is what is left, named.
    new: logged escalations, where there are some. central: the plan's central case, where it is at hand.
    """
    of_plan = planned(signed) if central is None else central
    closed = sorted((month for month in months if month.is_closed), key=lambda month: month.month)
    actual = served(signed, of_plan, closed)
    requests = requests_of(of_plan, actual, logged_escalations(signed, of_plan, new))
    split = _split(signed, of_plan, actual, requests, closed)
    return Causes(
        planned_usd=float(split.planned_usd.sum()),
        actual_usd=float(split.actual_usd.sum()),
        causes=split.causes(list(range(len(closed)))),
        by_month=tuple(
            MonthCauses(
                month=month.month,
                planned_usd=float(split.planned_usd[row]),
                actual_usd=float(split.actual_usd[row]),
                causes=split.causes([row]),
            )
            for row, month in enumerate(closed)
        ),
        notes=notes_of(of_plan, actual, requests, closed),
    )


@dataclass(frozen=True, kw_only=True)
class _Split:
    """M months split. usd: (M, 8), in the order of NAMES, in parts of a dollar that add up without rounding. parts:
    what is in the rest, (M,) each."""

    planned_usd: FloatArray
    actual_usd: FloatArray
    usd: FloatArray
    parts: Mapping[str, FloatArray]
    facts: Facts
    is_counted: Sequence[bool]

    def causes(self, rows: Sequence[int]) -> tuple[Cause, ...]:
        """The causes of some months together."""
        usd = self.usd[list(rows)].sum(axis=0).tolist()
        parts = {name: float(part[list(rows)].sum()) for name, part in self.parts.items()}
        counted = [row for row in rows if self.is_counted[row]]
        words = self.facts.words(counted, parts) if counted else blind_words()
        return tuple(Cause(cause=name, usd=value, words=words[name]) for name, value in zip(NAMES, usd, strict=True))


def _split(
    signed: SignedPlan, central: Planned, actual: Served, requests: Requests, months: Sequence[ActualMonth]
) -> _Split:
    terms = terms_of(central, actual, requests)
    steps = steps_of(terms.values())
    for row in np.flatnonzero(~actual.is_counted).tolist():
        steps[row] = _blind(signed, terms, months[row], row)
    planned_usd = on_grid(central.month_usd()[actual.at])
    actual_usd = on_grid(np.array([month.list_cost_usd for month in months], dtype=np.float64))
    causes = on_grid(steps)
    rest = actual_usd - planned_usd - causes.sum(axis=1)
    return _Split(
        planned_usd=planned_usd,
        actual_usd=actual_usd,
        usd=np.concatenate([causes, rest[:, None]], axis=1),
        parts={name: np.where(actual.is_counted, usd, 0.0) for name, usd in rest_parts(signed, terms).items()},
        facts=facts_of(terms),
        is_counted=actual.is_counted.tolist(),
    )


def steps_of(values: FloatArray) -> FloatArray:
    """What each factor changes, on average over all orders in which they could, (M, n).

    values: (M, 2, 2, ... n times), 0 as planned and 1 as it was.
    """
    game = values.transpose(0, *range(values.ndim - 1, 0, -1)).reshape(len(values), 2 ** (values.ndim - 1))
    return shapley(game.T).T


def on_grid(usd: FloatArray) -> FloatArray:
    """Dollars to the nearest 2^-16, a hundredth of a mill: sums below 10^11 are exact."""
    found: FloatArray = np.rint(usd * _GRID) / _GRID
    return found


def _blind(signed: SignedPlan, terms: Terms, month: ActualMonth, row: int) -> FloatArray:
    """A month without request counts: what was used at the pricing day's list, and what prices did to it, (7,)."""
    central, at = terms.central, terms.actual.at[row]
    before, now = _planned_by_tier(central, at), _used_by_tier(signed, month)
    volume = prices = 0.0
    for tier in {*before, *now}:
        usual = float(central.prices[tier][at]) if tier is not None and tier in central.prices else 1.0
        signing, current = now.get(tier, (0.0, 0.0))
        paid = current / signing if signing > LEAST_USD else usual
        volume += (signing - before.get(tier, 0.0)) * (paid + usual) / 2.0
        prices += (paid - usual) * (signing + before.get(tier, 0.0)) / 2.0
    return np.array([volume, 0.0, 0.0, 0.0, 0.0, 0.0, prices])


def _planned_by_tier(central: Planned, at: int) -> dict[str | None, float]:
    """Expected list cost of a month at the pricing day's list, USD; tier None: tools and charges."""
    streams, calls = central.streams, central.calls()[at]
    found: dict[str | None, float] = {None: float(calls @ streams.flat_usd[at])}
    for tier, usd in zip(streams.tiers, (calls * streams.call_usd()[at]).tolist(), strict=True):
        found[tier] = found.get(tier, 0.0) + usd
    return found


def _used_by_tier(signed: SignedPlan, month: ActualMonth) -> dict[str | None, tuple[float, float]]:
    """List cost at the pricing day's list and at each day's, USD; tier None: tools."""
    book = signed.prepared.price_book
    found: dict[str | None, tuple[float, float]] = {}
    for use in month.uses:
        tools = use.server_tools_usd
        tokens = use.signing_list_cost_usd - tools, use.list_cost_usd - tools
        for tier, (signing, current) in ((book.tier(use.model), tokens), (None, (tools, tools))):
            own = found.get(tier, (0.0, 0.0))
            found[tier] = own[0] + signing, own[1] + current
    return found
