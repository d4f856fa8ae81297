"""What is assumed of a route that nothing has been graded for: share, escalation, and whether its evaluation passes.

They are judgements, set so that the net saving of a route stays within what routing is known to save on traffic that
can be routed: P10 0 %, P50 30 %, P90 55 % of its cost.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Final

import numpy as np

from planner.distributions import Distribution, fraction_from_quantiles
from planner.evidence.quality import Evidence
from planner.opportunities.candidates import Candidate
from planner.units import FloatArray

ANCHOR: Final = (0.0, 0.30, 0.55)
"""P10, P50 and P90 of what routing saves, net, of the cost of traffic that can be routed."""

_BY_STEPS: Final = (((0.02, 0.10), 0.85), ((0.05, 0.25), 0.70), ((0.10, 0.40), 0.50))
# (P10 and P90 of the escalation, chance that the evaluation passes) of a newer model of the same tier, one tier down,
# two and more: what is easier to hold escalates less.

_LEAST_SHARE, _MOST_TYPICAL_SHARE, _MOST_SHARE, _LEAST_SPREAD = 0.05, 0.80, 0.95, 0.15
_DRAWS: Final = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Prior:
    """Assumptions about a route that evidence does not settle.

    share, escalation: P10 and P90. chance: that its evaluation passes. saved_fraction: of the type's cost, what moving
    all of it saves before anything escalates. break_even_escalation: where that is gone; infinite where nothing can
    escalate. counts: undecided evidence, which then stands for the escalation.
    """

    share: tuple[float, float]
    escalation: tuple[float, float]
    chance: float
    saved_fraction: float
    break_even_escalation: float
    counts: Evidence | None = None

    @property
    def escalated(self) -> Distribution:
        """The share of routed requests that is paid again."""
        return fraction_from_quantiles(*self.escalation) if self.counts is None else self.counts.escalation

    @property
    def expected_escalation(self) -> float:
        """Its mean."""
        return self.escalated.mean


def prior(candidate: Candidate, monthly_list_cost_usd: float, *, aim: float = ANCHOR[1]) -> Prior:
    """The assumptions about a candidate of a type that costs so much a month on the model that it leaves.

    The share is the one at which a typical route, its evaluation passed, saves the fraction `aim` of that cost, at most
    80 %; its P90 the one at which a lucky route saves 55 %, 15 points above the typical share or more. With g saved
    before escalation and break-even b, a share s at escalation q saves s g (1 - q / b).
    """
    escalation, chance = _BY_STEPS[min(candidate.steps_down, len(_BY_STEPS) - 1)]
    saved = candidate.most_usd_per_month / monthly_list_cost_usd if monthly_list_cost_usd else 0.0
    found = candidate.break_even_escalation
    break_even = found if isfinite(found) else float("inf")
    middle = saved * (1.0 - sum(escalation) / 2 / break_even)
    lucky = saved * (1.0 - escalation[0] / break_even)
    typical = min(aim / middle, _MOST_TYPICAL_SHARE) if middle > 0 else _MOST_TYPICAL_SHARE
    high = min(max(ANCHOR[2] / lucky, typical + _LEAST_SPREAD), _MOST_SHARE) if lucky > 0 else _MOST_SHARE
    low = max(2.0 * typical - high, _LEAST_SHARE)
    return Prior(
        share=(round(low, 2), round(high, 2)),
        escalation=escalation,
        chance=chance,
        saved_fraction=saved,
        break_even_escalation=break_even,
    )


def expected_saving_fraction(assumed: Prior) -> float:
    """What a route is expected to save of its type's cost once adopted; an evaluation that fails saves nothing."""
    share = fraction_from_quantiles(*assumed.share).mean
    kept = 1.0 - assumed.expected_escalation / assumed.break_even_escalation
    return assumed.chance * share * assumed.saved_fraction * kept


def net_saving(routes: Sequence[tuple[Prior, float]]) -> tuple[float, float, float]:
    """P10, P50 and P90 of what routes save, of the cost of what they move from, once fully adopted.

    routes: assumptions, and USD a month of the type. An evaluation that fails saves nothing.
    """
    draws = np.random.default_rng(1)
    total: FloatArray = np.zeros(_DRAWS)
    for assumed, usd in routes:
        z = draws.standard_normal((2, _DRAWS))
        passes = draws.random(_DRAWS) < assumed.chance
        kept = 1.0 - assumed.escalated.from_normal(z[1]) / assumed.break_even_escalation
        share = fraction_from_quantiles(*assumed.share).from_normal(z[0])
        total += usd * passes * share * assumed.saved_fraction * kept
    low, middle, high = np.quantile(total / sum(usd for _, usd in routes), (0.1, 0.5, 0.9))
    return float(low), float(middle), float(high)
