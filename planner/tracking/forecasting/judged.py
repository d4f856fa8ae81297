"""How forecasts did: closed months against the bands they were given, of the signed plan and a month ahead."""

from collections.abc import Iterable, Sequence
from math import log, nan, sqrt
from typing import Final

import numpy as np
from scipy.stats import beta

from planner.coverage import month_index
from planner.tracking.result import Judged, PastForecast, TrackedMonth

_CONFIDENCE: Final = 0.95

_Band = tuple[float, float, float]


def judged(months: Sequence[TrackedMonth], past: Sequence[PastForecast]) -> tuple[Judged, ...]:
    """Coverage and bias over the closed months; nothing of what no closed month can judge.

    past: with those that were made at the time; of several after the same month the first made counts, and one made at
    the time before one worked out again.
    """
    closed = [month for month in months if month.is_closed]
    ahead = _ahead(past)
    of_plan = [(month.actual_usd, (month.p10, month.p50, month.p90)) for month in closed]
    of_ahead = [
        (month.actual_usd, ahead[month_index(month.month)].months[month.month])
        for month in closed
        if month_index(month.month) in ahead and month.month in ahead[month_index(month.month)].months
    ]
    found = (_judged("the plan as signed", of_plan), _judged("a month ahead", of_ahead))
    return tuple(item for item in found if item.months)


def coverage_interval(inside: int, months: int) -> tuple[float, float]:
    """The exact binomial interval of a true coverage (Clopper and Pearson 1934), 95 %."""
    tail = (1.0 - _CONFIDENCE) / 2
    low = float(beta.ppf(tail, inside, months - inside + 1)) if inside else 0.0
    high = float(beta.ppf(1.0 - tail, inside + 1, months - inside)) if inside < months else 1.0
    return low, high


def _ahead(past: Iterable[PastForecast]) -> dict[int, PastForecast]:
    """The month index that a forecast looks one month ahead to -> the forecast."""
    found: dict[int, PastForecast] = {}
    for item in sorted(past, key=lambda one: (one.on is None, "" if one.on is None else one.on.isoformat())):
        found.setdefault(month_index(item.as_of) + 1, item)
    return found


def _judged(of: str, pairs: Sequence[tuple[float, _Band]]) -> Judged:
    inside = sum(p10 <= actual <= p90 for actual, (p10, _, p90) in pairs)
    logs = np.array([log(actual / p50) for actual, (_, p50, _) in pairs if actual > 0 and p50 > 0])
    return Judged(
        of="a month ahead" if of == "a month ahead" else "the plan as signed",
        months=len(pairs),
        inside=inside,
        interval=coverage_interval(inside, len(pairs)) if pairs else (0.0, 1.0),
        bias=float(logs.mean()) if logs.size else nan,
        bias_se=float(logs.std(ddof=1)) / sqrt(logs.size) if logs.size > 1 else nan,
    )
