"""Demand, drawn: paths of requests per type and month, block by block.

W and eps of docs/method.md ("Demand") are jointly normal over months, so one Cholesky factor of their summed covariance
serves both. What of them moves the spend of a contract year as a whole is one direction among many draws; that one is
spread evenly over the paths (planner.streams), the rest is drawn plainly.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil, sqrt
from typing import Final

import numpy as np

from planner.demand import ALL_TYPES, DemandModel, damped_months, leave_hazard, season_factors
from planner.distributions import Distribution, Point
from planner.streams import BlockStreams
from planner.units import MONTHS_PER_YEAR, FloatArray

_STEERED_SHARE: Final = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Steering:
    """The directions among the draws of walk and noise that move spend as a whole: over the term, and year by year.

    own_shares: the share of spend of each type up to the last one that has a tenth of it; what smaller types do by
    themselves is left to chance. weights: shape (n_directions, n_steps); weights @ (common walk and noise + own_shares
    @ own ones) are independent standard normals. response: shape (n_steps, n_directions): a unit of each adds
    common_share of it to the common walk, and the rest to each type's own in proportion to own_shares.
    """

    own_shares: FloatArray
    weights: FloatArray
    response: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class DemandProcess:
    """A demand model set in time.

    A step is a month, or another period of which a year has steps_per_year; the model's noise is that of a step.
    growth_months: g, from the measurement to step 0, in steps; drift_months: the same for token counts. season: shape
    (n_steps,). walk_noise: lower triangular factor, shape (n_steps, n_steps), of the covariance of W + eps; log_mean:
    shape (n_steps,), the correction that gives both mean one. steering: None where there is neither walk nor noise.
    leverage: driver -> what one standard deviation of it does to the log spend of the first aim_months, for those that
    all types share.
    """

    model: DemandModel
    request_types: tuple[str, ...]
    largest_type: str | None
    growth_months: float
    drift_months: float
    season: FloatArray
    walk_noise: FloatArray
    log_mean: FloatArray
    steering: Steering | None
    leverage: Mapping[str, float]
    aim_months: int
    steps_per_year: float

    @property
    def n_months(self) -> int:
        return len(self.season)

    def factors(self, streams: BlockStreams) -> FloatArray:
        """Requests relative to each type's level n_k, shape (n_types, n_months, n_paths)."""
        block = np.empty((len(self.request_types), self.n_months, streams.size))
        own, common = self._own_walks(streams), self._common_walk(streams)
        n_steered = 0 if self.steering is None else len(self.steering.own_shares)
        for rows in block[:n_steered]:
            own.draw(rows)
        gains = self._steer(block[:n_steered], common, streams)
        everywhere, single = self._event_logs(streams)
        common += self._shared_log(streams) + everywhere
        for k, name in enumerate(self.request_types):
            rows = block[k]
            if k >= n_steered:
                own.draw(rows)
            rows += common
            if k < len(gains):
                rows += gains[k]
            if name in single:
                rows += single[name]
            np.exp(rows, out=rows)
        self._remove_leaver(block, streams)
        return block

    def token_factors(self, streams: BlockStreams) -> FloatArray:
        """Tokens per request relative to the measured ones, (1 + drift)^(years since); shape (n_months, n_paths), or
        (n_months, 1) where the drift is certain."""
        years = (np.arange(self.n_months) + self.drift_months)[:, None] / self.steps_per_year
        drift = _drawn(self.model.token_drift_per_year, "token drift", streams)
        return np.exp(years * np.log1p(drift))

    @property
    def _is_calm(self) -> bool:
        return self.model.monthly_volatility == 0.0 and self.model.monthly_noise == 0.0

    def _own_walks(self, streams: BlockStreams) -> "_OwnWalks":
        own_share = 0.0 if self._is_calm else 1.0 - self.model.common_share
        years = range(-(-self.n_months // MONTHS_PER_YEAR)) if own_share > 0.0 else ()
        return _OwnWalks(
            factor=sqrt(own_share) * self.walk_noise,
            generators=tuple(streams.generator(f"own walk and noise, year {year + 1}") for year in years),
            scratch=np.empty((min(MONTHS_PER_YEAR, self.n_months), streams.size)),
        )

    def _common_walk(self, streams: BlockStreams) -> FloatArray:
        """What the common factor's walk and noise add, shape (n_months, n_paths)."""
        if self._is_calm or self.model.common_share == 0.0:
            return np.zeros((self.n_months, streams.size))
        draws = streams.normal("common walk and noise", self.n_months)
        walk: FloatArray = (sqrt(self.model.common_share) * self.walk_noise) @ draws
        return walk

    def _steer(self, own: FloatArray, common: FloatArray, streams: BlockStreams) -> list[FloatArray]:
        """Spread the steered directions evenly: normals z become z + q (y - q'z) for each direction q.

        They stay independent standard normals, with q'z = y. Changes `common`; returns what each own walk gains.
        """
        if self.steering is None:
            return []
        steer, rho = self.steering, self.model.common_share
        mean = common.copy()
        for share, rows in zip(steer.own_shares, own, strict=True):
            mean += share * rows
        scores = np.stack([streams.normal(walk_driver(index)) for index in range(len(steer.weights))])
        change = steer.response @ (scores - steer.weights @ mean)
        common += rho * change
        return [(1.0 - rho) * share * change for share in steer.own_shares]

    def _shared_log(self, streams: BlockStreams) -> FloatArray:
        """Season, growth and level: what all types share but walk, noise and events; shape (n_months, n_paths)."""
        model = self.model
        growth = np.log1p(_drawn(model.growth_per_year, "growth", streams)) / self.steps_per_year
        found = growth_worth(model, self.n_months, self.growth_months, self.steps_per_year)[:, None] * growth
        found = found + (np.log(self.season) + self.log_mean)[:, None]
        if model.level_sd > 0:
            found = found + (model.level_sd * streams.normal("level") - model.level_sd**2 / 2)
        return found

    def _event_logs(self, streams: BlockStreams) -> tuple[FloatArray, dict[str, FloatArray]]:
        """Log effect of the events on all types, broadcastable to (n_months, n_paths), and on single ones."""
        months = np.arange(self.n_months)[:, None]
        everywhere: FloatArray = np.zeros((1, 1))
        single: dict[str, FloatArray] = {}
        for index, event in enumerate(self.model.events):
            driver = f"event {index} {event.name}"
            happens = streams.score(f"{driver} happens") > 1.0 - event.probability
            month = event.month.from_normal(streams.normal(f"{driver} month"))
            with np.errstate(divide="ignore"):  # a size of 0 is a type that is lost
                log_size = np.log(event.size.from_normal(streams.normal(f"{driver} size")))
            effect = np.where(happens & (months >= month), log_size, 0.0)
            if ALL_TYPES in event.request_types:
                everywhere = everywhere + effect
            else:
                for name in event.request_types:
                    single[name] = single[name] + effect if name in single else effect
        return everywhere, single

    def _remove_leaver(self, block: FloatArray, streams: BlockStreams) -> None:
        hazard = leave_hazard(self.model.leave_probability_per_quarter)
        customer = self.model.largest_customer_fraction
        if hazard == 0.0 or (self.largest_type is None and customer == 0.0):
            return
        with np.errstate(divide="ignore"):  # a certain leaver has log(1 - hazard) = -inf
            per_step = np.log1p(-hazard) * MONTHS_PER_YEAR / self.steps_per_year
            # Geometric on 1, 2, ...: t months of hazard have passed at month t, so that month 0 is always served.
            gone_from = np.maximum(np.ceil(np.log(streams.score("largest leaves")) / per_step), 1.0)
        stays = np.arange(self.n_months)[:, None] < gone_from
        if customer > 0.0:
            block *= np.where(stays, 1.0, 1.0 - customer)
        elif self.largest_type is not None:
            block[self.request_types.index(self.largest_type)] *= stays


@dataclass(frozen=True, slots=True, kw_only=True)
class _OwnWalks:
    """What a type's own walk and noise add, drawn type by type. A stream for each year, so that a longer horizon leaves
    the earlier years as they were; factor: shape (n_months, n_months)."""

    factor: FloatArray
    generators: tuple[np.random.Generator, ...]
    scratch: FloatArray

    def draw(self, rows: FloatArray) -> None:
        """Overwrite rows, (n_months, n_paths), with the next type's."""
        if not self.generators:
            rows[:] = 0.0
        for year, generator in enumerate(self.generators):
            start = year * MONTHS_PER_YEAR
            stop = min(start + MONTHS_PER_YEAR, len(rows))
            generator.standard_normal(out=self.scratch)
            if year == 0:
                np.matmul(self.factor[:, :stop], self.scratch, out=rows)
            else:
                rows[start:] += self.factor[start:, start:stop] @ self.scratch[: stop - start]


def demand_process(
    model: DemandModel,
    *,
    request_types: tuple[str, ...],
    largest_type: str | None,
    growth_months: float,
    drift_months: float,
    start_month: int,
    n_months: int,
    spend_shares: FloatArray | None = None,
    steps_per_year: float = MONTHS_PER_YEAR,
    season: FloatArray | None = None,
    aim_months: int | None = None,
) -> DemandProcess:
    """Set a demand model in time: g steps before step 0, which is in the calendar month start_month (1 to 12).

    spend_shares: each type's share of spend, shape (n_types,), equal ones where None; they decide which direction of
    the draws is spread evenly, and no expectation depends on them. steps_per_year: 12, or that of another period;
    growth, drift, volatility and leaving are then taken per step, and the model's noise and its correlation are those
    of a step. season: shape (n_months,), where the steps are not months. aim_months: the first steps, whose total is to
    be known most precisely, such as the term of a contract; all of them where None.
    """
    steps = np.maximum(np.arange(n_months) + ceil(growth_months), 0)
    lags = np.abs(np.subtract.outer(np.arange(n_months), np.arange(n_months)))
    volatility = model.monthly_volatility * sqrt(MONTHS_PER_YEAR / steps_per_year)
    covariance = volatility**2 * np.minimum.outer(steps, steps) + model.monthly_noise**2 * model.noise_ar1**lags
    shares = spend_shares if spend_shares is not None else np.ones(len(request_types))
    walk_noise = _lower_factor(covariance)
    n_aimed = min(aim_months or n_months, n_months)
    steering = _steering(walk_noise, shares, model.common_share, n_aimed=n_aimed)
    return DemandProcess(
        model=model,
        request_types=request_types,
        largest_type=largest_type,
        growth_months=growth_months,
        drift_months=drift_months,
        season=season if season is not None else season_factors(model.season, start_month, n_months),
        walk_noise=walk_noise,
        log_mean=-np.diag(covariance) / 2,
        steering=steering,
        leverage=_leverage(model, steering, n_aimed, growth_months, drift_months, steps_per_year),
        aim_months=n_aimed,
        steps_per_year=steps_per_year,
    )


def growth_worth(model: DemandModel, n_steps: int, growth_steps: float, steps_per_year: float) -> FloatArray:
    """Steps of undamped growth up to each step, shape (n_steps,)."""
    damping = model.growth_damping_per_month ** (MONTHS_PER_YEAR / steps_per_year)
    return damped_months(np.arange(n_steps, dtype=np.float64) + growth_steps, damping)


def _leverage(
    model: DemandModel,
    steering: Steering | None,
    n_aimed: int,
    growth_steps: float,
    drift_steps: float,
    steps_per_year: float,
) -> dict[str, float]:
    worth = growth_worth(model, n_aimed, growth_steps, steps_per_year).mean() / steps_per_year
    years = (np.arange(n_aimed) + drift_steps).mean() / steps_per_year
    found = {
        "level": model.level_sd,
        "growth": abs(worth) * _log_sd(model.growth_per_year),
        "token drift": abs(years) * _log_sd(model.token_drift_per_year),
    }
    certain = {"growth": model.growth_per_year, "token drift": model.token_drift_per_year}
    uncertain = {
        name: float(weight)
        for name, weight in found.items()
        if not isinstance(certain.get(name), Point) and (name != "level" or model.level_sd > 0)
    }
    if steering is not None:
        uncertain[walk_driver(0)] = float(steering.response[:n_aimed, 0].mean())
    return uncertain


def _drawn(distribution: Distribution, driver: str, streams: BlockStreams) -> FloatArray:
    """Values of an uncertain input, (n_paths,), or (1,) for a constant, which draws nothing."""
    return distribution.from_normal(np.zeros(1) if isinstance(distribution, Point) else streams.normal(driver))


def _log_sd(rate: Distribution) -> float:
    """Half the distance between the logs of 1 + rate at one standard normal either side."""
    low, high = np.log1p(rate.from_normal(np.array([-1.0, 1.0])))
    return float(high - low) / 2


def walk_driver(direction: int) -> str:
    """The name of a steered direction of walk and noise; the first is that of the whole term."""
    return "walk and noise" if direction == 0 else f"walk and noise, direction {direction + 1}"


def _steering(
    walk_noise: FloatArray, spend_shares: FloatArray, common_share: float, *, n_aimed: int
) -> Steering | None:
    """The mean log requests over the steps that are aimed at, by spend share; then those of each year, as far as the
    directions before leave them open. A year beyond the aim leaves the draws of the years before alone."""
    total = float(spend_shares.sum())
    shares = spend_shares / total if total > 0 else np.zeros_like(spend_shares)
    large = np.flatnonzero(shares >= _STEERED_SHARE)
    shares = shares[: large[-1] + 1 if large.size else 0]
    scale = common_share + (1.0 - common_share) * float((shares**2).sum())
    directions: list[FloatArray] = []
    aimed = [(0, n_aimed), *((start, start + MONTHS_PER_YEAR) for start in range(0, len(walk_noise), MONTHS_PER_YEAR))]
    for start, stop in aimed:
        direction = walk_noise[start:stop].sum(axis=0)
        direction[: start if start >= n_aimed else 0] = 0.0
        whole = float(np.linalg.norm(direction))
        for before in directions:
            direction = direction - (direction @ before) * before
        length = float(np.linalg.norm(direction))
        if length > 1e-6 * whole:
            directions.append(direction / length)
    if not directions or scale == 0.0:
        return None
    stacked = np.stack(directions, axis=1)
    weights: FloatArray = np.linalg.lstsq(walk_noise.T, stacked, rcond=None)[0].T.astype(np.float64)
    return Steering(own_shares=shares, weights=weights / sqrt(scale), response=walk_noise @ stacked / sqrt(scale))


def _lower_factor(covariance: FloatArray) -> FloatArray:
    """Lower triangular L with L L' = covariance, which may be singular (no noise and no step before month 0).

    Cholesky by rows rather than a symmetric root: a longer horizon then leaves the earlier months' paths unchanged.
    """
    n = len(covariance)
    factor = np.zeros_like(covariance)
    for i in range(n):
        for j in range(i + 1):
            rest = covariance[i, j] - factor[i, :j] @ factor[j, :j]
            if i == j:
                factor[i, i] = sqrt(max(rest, 0.0))
            elif factor[j, j] > 1e-12:
                factor[i, j] = rest / factor[j, j]
    return factor
