"""The plan's paths conditioned on the months that were seen (docs/method.md, "The forecast updated")."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Final

import numpy as np
from scipy.stats import chi2

from planner.simulation import SpendPaths
from planner.tracking.forecasting.conditioned_spend import ToCome, conditioned_spend
from planner.tracking.forecasting.plan_paths import LEAST_LOG_SD, PlanPaths, plan_paths
from planner.tracking.forecasting.resampling import ancestors, effective_size, relative
from planner.tracking.forecasting.shares import shares_given
from planner.tracking.forecasting.swings import Fit, Seen, Widening, fit, seen_of, total_swing
from planner.tracking.observed import Observed
from planner.tracking.result import Recalibration
from planner.tracking.signed_plan import SignedPlan
from planner.units import FloatArray, IntArray
from planner.words import percent

LEAST_EFFECTIVE: Final = 50.0
"""Effective paths below which a forecast is not left to them: three in each randomisation. They stand for events, who
left and levers; the swing is drawn anew on every path. More would have to be bought with paths that do not explain what
was seen: of 4,096 paths, probabilities of shortfall are then further from those of 32,768."""

_MOST_OF_PATHS: Final = 0.5
"""Of few paths no more than this part has to count."""

_SURPRISE: Final = 0.001
_WIDEST: Final = 16.0
_FACTORS: Final = tuple(np.geomspace(1.0, _WIDEST, 8).tolist())
_MOST_ROUNDS: Final = 4
_LOOKED_AT: Final = 256
"""Paths on which a widening is looked for."""

_HALVINGS: Final = 30
_SEED: Final = 20_260_902


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditioned:
    """Paths of the plan given what was seen, equally weighted, in the shape of the plan's own.

    spend: closed months are the actual ones on every path; months not seen are as conditioned. n_paths: how many;
    effective_sample_size: how many of the plan's paths they stand for. recalibration: None where the plan as signed
    explains what was seen.
    """

    spend: SpendPaths
    effective_sample_size: float
    n_paths: int
    recalibration: Recalibration | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditioner:
    """A signed plan ready to be conditioned, as often as one likes."""

    signed: SignedPlan
    paths: PlanPaths

    def condition(self, observed: Sequence[Observed], *, stop: int | None = None) -> Conditioned:
        """The plan's paths given these months, in any order; without one they are the plan's own.

        stop: how many months of them are wanted, all where None.
        """
        n, n_months = self.paths.n_paths, stop or self.paths.n_months
        months = sorted((item for item in observed if 0 <= item.month < n_months), key=lambda item: item.month)
        if not months:
            return Conditioned(spend=self.signed.spend, effective_sample_size=float(n), n_paths=n, recalibration=None)
        seen = seen_of(months, self.paths)
        found, log_weights, recalibration = _explained(self.paths, seen)
        chosen = ancestors(log_weights)
        to_come = range(_first_open(months, n_months), n_months)
        return Conditioned(
            spend=conditioned_spend(months, self._to_come(found, months, chosen, to_come)),
            effective_sample_size=effective_size(log_weights),
            n_paths=n,
            recalibration=recalibration,
        )

    def _to_come(self, found: Fit, observed: Sequence[Observed], chosen: IntArray, months: range) -> ToCome:
        paths = self.paths
        # a path whose own swing is not known in every month, because it has no use in some, takes its ancestor's
        donors = np.where(paths.whole, np.arange(paths.n_paths), chosen)
        total = total_swing(found, paths, chosen, donors, months, np.random.default_rng(_SEED))
        total += paths.base[paths.n_months + months.start : paths.n_months + months.stop].take(chosen, axis=1)
        return ToCome(
            months=months,
            total_usd=np.exp(total, out=total),
            shares=shares_given(paths.shares, observed, ancestors=chosen, donors=donors, months=months),
            prices=paths.prices,
            ancestors=chosen,
        )


def conditioner_of(signed: SignedPlan) -> Conditioner:
    """Make a signed plan ready: its demand is drawn twice more."""
    return Conditioner(signed=signed, paths=plan_paths(signed))


def _first_open(observed: Sequence[Observed], n_months: int) -> int:
    closed = {item.month for item in observed if item.is_closed}
    return next((month for month in range(n_months) if month not in closed), n_months)


def least_effective(n_paths: int) -> float:
    """Effective paths below which the likelihood of what was seen is tempered."""
    return min(LEAST_EFFECTIVE, max(_MOST_OF_PATHS * n_paths, 1.0))


def _explained(paths: PlanPaths, seen: Seen) -> tuple[Fit, FloatArray, Recalibration | None]:
    """The fit that explains what was seen, the log weights of the paths, and what had to be done to the plan."""
    as_signed = fit(paths, seen)
    before, why = effective_size(as_signed.log_weights), []
    found = as_signed
    if seen.values.size and _surprise(as_signed) < _SURPRISE:
        found = fit(paths, seen, _widening(paths, seen))
        if not found.widening.is_none:
            why.append(
                f"what was seen lies further from the plan than {percent(1.0 - _SURPRISE)} of what it expects, so that "
                + _wider_words(found.widening)
            )
    if paths.has_floor and seen.values.size:
        why.append(f"the plan is certain of its volume, and a walk of {percent(LEAST_LOG_SD)} a month was added to it")
    if seen.impossible.size and seen.impossible.min() > 0:
        why.append("no path of the plan has use in the same months as what was seen; months that it lacks are left out")
    power = tempering(found.log_weights, least_effective(paths.n_paths))
    if power < 1.0:
        why.append(
            f"only {effective_size(found.log_weights):,.0f} of {paths.n_paths:,} paths explain what was seen, so that "
            f"the weights were raised to the power {power:.2f}"
        )
    if not why:
        return found, found.log_weights, None
    recalibration = Recalibration(
        effective_sample_size=before,
        level_factor=found.widening.level,
        volume_factor=found.widening.volume,
        unit_cost_factor=found.widening.cost,
        tempering=power,
        why="; ".join(why)[:1].upper() + "; ".join(why)[1:] + ".",
    )
    return found, power * found.log_weights, recalibration


def _widening(paths: PlanPaths, seen: Seen) -> Widening:
    """The most likely widening, with a prior on the log of each factor that is half normal.

    Its sd of 1 leaves alone what need not be widened. Looked for on some of the paths, one factor after the other until
    none changes.
    """
    every = max(paths.n_paths // _LOOKED_AT, 1)

    def score(widening: Widening) -> float:
        far = float((np.log(widening.factors) ** 2).sum())
        return fit(paths, seen, widening, every=every).log_likelihood - far / 2

    found, best = Widening(), score(Widening())
    for _ in range(_MOST_ROUNDS):
        before = found
        for name, factor in product(("level", "volume", "cost"), _FACTORS):
            tried = replace(found, **{name: factor})
            if tried != found and (value := score(tried)) > best:
                found, best = tried, value
        if found == before:
            break
    return found


def _wider_words(widening: Widening) -> str:
    parts = [
        f"{what} {factor:.1f} times as wide"
        for what, factor in (
            ("the level of its volume is taken", widening.level),
            ("walk and noise of its volume are taken", widening.volume),
            ("the scatter of what a request costs is taken", widening.cost),
        )
        if factor > 1.0
    ]
    return " and ".join(parts)


def _surprise(found: Fit) -> float:
    """The chance of a chi squared as large as that of the paths that explain what was seen best."""
    weights = relative(found.log_weights)
    return float(chi2.sf((found.squares * weights).sum() / weights.sum(), found.seen.values.size))


def tempering(log_weights: FloatArray, least: float) -> float:
    """The largest power of the weights, at most 1, at which so many paths count."""
    if effective_size(log_weights) >= least:
        return 1.0
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if effective_size(middle * log_weights) >= least else (low, middle)
    return low
