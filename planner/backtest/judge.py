"""Backtest: a forecast and the commitment sized on it, judged on held-out periods, against the rules buyers use.

Fold h hides the last h periods. What is learnt from the rest forecasts each hidden period, and chooses a commitment of
C a year. The fold is then settled as one period: it owes C times its part of a year, and so do the commitments of
the rules. Prices are constant throughout: what was used, at one day's list. Nothing is rounded here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from math import ceil, floor
from typing import Final

import numpy as np
from scipy.special import bdtr, bdtrc

from planner.backtest.rules import (
    RECOMMENDED,
    RuleCost,
    lived,
    perfect_foresight,
    recommended_commit_usd,
    rule_commits_usd,
    summed,
)
from planner.contract import Contract
from planner.history.history import PeriodKind
from planner.inputs import Decision
from planner.units import DAYS_PER_YEAR, MONTHS_PER_YEAR, FloatArray, IntArray

LEVELS: Final = (0.1, 0.25, 0.5, 0.75, 0.9)
"""The quantiles of a forecast that are kept and judged."""

BANDS: Final[Mapping[float, tuple[int, int]]] = {0.5: (1, 3), 0.8: (0, 4)}
"""Nominal coverage -> positions in LEVELS of the central band's ends."""

MOST_FOLDS: Final = 12
FEWEST_TRAINED: Final = 3
PIT_BINS: Final = 10


def folds_of(n_periods: int) -> int:
    """How many folds a history allows: half its periods, at most 12, with three or more left to learn from."""
    return max(min(n_periods // 2, MOST_FOLDS, n_periods - FEWEST_TRAINED), 0)


def periods_per_year(period: PeriodKind) -> float:
    """12 months, or the 52.18 weeks of 365.25 days."""
    return float(MONTHS_PER_YEAR) if period == "month" else DAYS_PER_YEAR / 7.0


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldOut:
    """One forecast of one hidden period, `ahead` periods after the last one seen. USD of the period at list.

    quantiles_usd: at LEVELS. pit: probability integral transform, the forecast's probability of no more than came.
    """

    label: str
    starts: date
    ahead: int
    actual_usd: float
    mean_usd: float
    quantiles_usd: tuple[float, ...]
    pit: float

    def is_inside(self, nominal: float) -> bool:
        """Whether what came lies in the central band of this nominal coverage, its ends included."""
        low, high = BANDS[nominal]
        return self.quantiles_usd[low] <= self.actual_usd <= self.quantiles_usd[high]

    @property
    def pinball_usd(self) -> float:
        """Mean over LEVELS of the pinball loss max(p (y - q), (p - 1) (y - q)) of the quantile q at level p."""
        levels = np.array(LEVELS)
        off = self.actual_usd - np.array(self.quantiles_usd)
        return float(np.maximum(levels * off, (levels - 1.0) * off).mean())


@dataclass(frozen=True, slots=True, kw_only=True)
class Fold:
    """The last `hidden` periods, forecast and sized from the `trained_on` periods before them.

    sizing: ours, the rules, perfect foresight. on_demand_cost_usd: the hidden use at list.
    """

    hidden: int
    trained_on: int
    year_fraction: float
    held_out: tuple[HeldOut, ...]
    on_demand_cost_usd: float
    sizing: tuple[RuleCost, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Backtest:
    """Every fold, and the history it was cut from.

    period: None where the history is too short to hide any of it; then there is no fold and the warnings say why.
    labels, starts, spend_usd: the complete periods, oldest first, at the list of one day.
    """

    period: PeriodKind | None
    labels: tuple[str, ...]
    starts: tuple[date, ...]
    spend_usd: tuple[float, ...]
    folds: tuple[Fold, ...]
    warnings: tuple[str, ...]

    @property
    def judged(self) -> tuple[HeldOut, ...]:
        """Every held-out forecast; fold h has h of them."""
        return tuple(one for fold in self.folds for one in fold.held_out)

    @property
    def held_out(self) -> int:
        """How many forecasts are judged."""
        return len(self.judged)

    def n_inside(self, nominal: float) -> int:
        """How many of them have what came inside the central band of this nominal coverage."""
        return sum(one.is_inside(nominal) for one in self.judged)

    @property
    def coverage(self) -> dict[float, float] | None:
        """Nominal coverage -> share of held-out periods inside that band; None without a held-out period."""
        return {nominal: self.n_inside(nominal) / self.held_out for nominal in BANDS} if self.held_out else None

    def chance_of_so_few(self, nominal: float) -> float:
        """Probability that right bands of this nominal coverage hold no more than these did.

        Binomial, one trial a fold and not one a forecast: forecasts of one fold miss together. Of a fold counts the
        share of its forecasts that lie inside; their sum is rounded up, so that the probability is not too small.
        """
        return float(bdtr(ceil(self._folds_inside(nominal)), len(self.folds), nominal))

    def chance_of_so_many(self, nominal: float) -> float:
        """Probability that right bands hold as many as these did or more; counted alike, rounded down."""
        least = floor(self._folds_inside(nominal))
        return float(bdtrc(least - 1, len(self.folds), nominal)) if least else 1.0

    def _folds_inside(self, nominal: float) -> float:
        """Sum over the folds of the share inside, in whole folds where it is one but for rounding."""
        shares = (sum(one.is_inside(nominal) for one in fold.held_out) / fold.hidden for fold in self.folds)
        return round(sum(shares), 9)

    @property
    def bias_fraction(self) -> float | None:
        """Sum of (forecast mean - actual) over the sum of actuals: above 0, the forecast is too high."""
        return _over_actual(self.judged, sum(one.mean_usd - one.actual_usd for one in self.judged))

    @property
    def pinball_loss(self) -> float | None:
        """Mean pinball loss over forecasts and LEVELS, as a fraction of the mean actual. Lower is better."""
        return _over_actual(self.judged, sum(one.pinball_usd for one in self.judged))

    @property
    def pit_histogram(self) -> IntArray:
        """Forecasts by where what came fell in them: counts in PIT_BINS equal bins of [0, 1]; flat is calibrated."""
        counts, _ = np.histogram([one.pit for one in self.judged], bins=PIT_BINS, range=(0.0, 1.0))
        return counts.astype(np.int64)

    @property
    def sizing(self) -> tuple[RuleCost, ...]:
        """Each rule's dollars summed over the folds, in their order: ours first, perfect foresight last."""
        return tuple(summed(costs) for costs in zip(*(fold.sizing for fold in self.folds), strict=True))

    @property
    def on_demand_cost_usd(self) -> float:
        """The hidden use of all folds at list, without any commitment."""
        return sum(fold.on_demand_cost_usd for fold in self.folds)


def _over_actual(judged: Sequence[HeldOut], total_usd: float) -> float | None:
    actual = sum(one.actual_usd for one in judged)
    return total_usd / actual if actual > 0 else None


def held_out(*, label: str, starts: date, ahead: int, actual_usd: float, forecast_usd: FloatArray) -> HeldOut:
    """Judge one forecast, paths of shape (n_paths,), by what came. A tie with a path counts half in the PIT."""
    below, level = np.count_nonzero(forecast_usd < actual_usd), np.count_nonzero(forecast_usd == actual_usd)
    return HeldOut(
        label=label,
        starts=starts,
        ahead=ahead,
        actual_usd=actual_usd,
        mean_usd=float(forecast_usd.mean()),
        quantiles_usd=tuple(np.quantile(forecast_usd, LEVELS).tolist()),
        pit=(below + 0.5 * level) / forecast_usd.size,
    )


def judge_fold(
    contract: Contract,
    decision: Decision,
    *,
    period: PeriodKind,
    labels: Sequence[str],
    starts: Sequence[date],
    spend_usd: FloatArray,
    forecast_usd: FloatArray,
) -> Fold:
    """Judge the forecast of the last periods and every rule's commitment by what then came.

    labels, starts, spend_usd: of all complete periods. forecast_usd: (h, n_paths), list USD of each of the last h.
    """
    hidden, trained = len(forecast_usd), len(spend_usd) - len(forecast_usd)
    fraction = hidden / periods_per_year(period)
    actual = spend_usd[trained:]
    commits = {
        RECOMMENDED: recommended_commit_usd(contract, decision, forecast_usd.sum(axis=0) / fraction),
        **rule_commits_usd(contract, spend_usd[:trained], periods_per_year(period)),
    }
    total = float(actual.sum())
    judged = zip(labels[trained:], starts[trained:], actual.tolist(), forecast_usd, strict=True)
    return Fold(
        hidden=hidden,
        trained_on=trained,
        year_fraction=fraction,
        held_out=tuple(
            held_out(label=label, starts=start, ahead=ahead, actual_usd=came, forecast_usd=paths)
            for ahead, (label, start, came, paths) in enumerate(judged, start=1)
        ),
        on_demand_cost_usd=total,
        sizing=(
            *(lived(contract, rule, each, actual_usd=total, year_fraction=fraction) for rule, each in commits.items()),
            perfect_foresight(contract, actual_usd=total, year_fraction=fraction),
        ),
    )
