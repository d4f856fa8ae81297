"""The base case as a plain program: a loop over months on whole arrays of types x paths, written from docs/method.md.

No blocks, no threads, no steering, nothing shared between scenarios but the draws: what a careful person writes with
NumPy in an afternoon. Walk and noise take one normal number a cell, like the engine, and not one each: their sum is
all that is seen, so its one-step forecast and the forecast's error carry both (the Kalman filter). Where the random
numbers come from is a parameter, so that the same program runs on NumPy's generator, on squigglepy's distributions and,
to compare to the last digit, on the engine's own draws.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from math import log, prod, sqrt
from typing import Protocol

import numpy as np
from base_case import (
    DEMAND,
    ESCALATION,
    MONTHS,
    PRICE_MOVES,
    RAMP_MONTHS,
    REQUESTS,
    ROUTED,
    SCENARIOS,
    SHARE,
    TYPES,
    USD_PER_REQUEST,
    USD_PER_ROUTED_REQUEST,
)

from planner.distributions import Distribution, Lognormal, ScaledBeta, fraction_from_quantiles
from planner.units import FloatArray

MONTHS_BEFORE_START = 2
TIERS = ("opus", "haiku")


TwoTiers = tuple[FloatArray, FloatArray]
"""USD on opus and on haiku."""


class Draws(Protocol):
    """Where random numbers come from; every array ends in the paths."""

    def normals(self, name: str, month: int, *shape: int) -> FloatArray:
        """Standard normals of one month, (*shape, n_paths)."""
        ...

    def values(self, name: str, distribution: Distribution) -> FloatArray:
        """Values of one uncertain input, (n_paths,)."""
        ...

    def gone_from(self, hazard: float) -> FloatArray:
        """The first month that the leaver is gone, at least 1, (n_paths,)."""
        ...

    def log_moves(self, tier: str, months: int) -> FloatArray:
        """Log of the price moves that arrive in so many months together, (n_paths,); called month after month."""
        ...


@dataclass(frozen=True, kw_only=True)
class NumpyDraws:
    """One generator for everything, in the order in which it is asked."""

    generator: np.random.Generator
    n_paths: int

    def normals(self, name: str, month: int, *shape: int) -> FloatArray:
        return self.generator.standard_normal((*shape, self.n_paths))

    def values(self, name: str, distribution: Distribution) -> FloatArray:
        return self._of(distribution, self.n_paths)

    def gone_from(self, hazard: float) -> FloatArray:
        return self.generator.geometric(hazard, self.n_paths)

    def log_moves(self, tier: str, months: int) -> FloatArray:
        total = np.zeros(self.n_paths)
        for rate, size, sign in price_rates():
            path = np.repeat(np.arange(self.n_paths), self.generator.poisson(rate * months / 12, self.n_paths))
            change = np.log1p(sign * self._of(size, path.size))
            total += np.bincount(path, weights=change, minlength=self.n_paths)
        return total

    def _of(self, distribution: Distribution, n: int) -> FloatArray:
        if isinstance(distribution, ScaledBeta):
            return self.generator.beta(distribution.a, distribution.b, n)
        assert isinstance(distribution, Lognormal)
        return self.generator.lognormal(distribution.mu, distribution.sd, n) - distribution.shift


@dataclass(frozen=True, kw_only=True)
class SquiggleDraws:
    """The same on squigglepy's distributions, sampled as arrays."""

    n_paths: int

    def normals(self, name: str, month: int, *shape: int) -> FloatArray:
        sq = import_module("squigglepy")
        return _sampled(sq.norm(mean=0, sd=1), prod(shape) * self.n_paths).reshape(*shape, self.n_paths)

    def values(self, name: str, distribution: Distribution) -> FloatArray:
        return self._of(distribution, self.n_paths)

    def gone_from(self, hazard: float) -> FloatArray:
        return _sampled(import_module("squigglepy").geometric(hazard), self.n_paths)

    def log_moves(self, tier: str, months: int) -> FloatArray:
        total = np.zeros(self.n_paths)
        if months == 0:
            return total
        for rate, size, sign in price_rates():
            n_moves = _sampled(import_module("squigglepy").poisson(rate * months / 12), self.n_paths)
            path = np.repeat(np.arange(self.n_paths), n_moves)
            if path.size:
                change = np.log1p(sign * self._of(size, path.size))
                total += np.bincount(path, weights=change, minlength=self.n_paths)
        return total

    def _of(self, distribution: Distribution, n: int) -> FloatArray:
        sq = import_module("squigglepy")
        if isinstance(distribution, ScaledBeta):
            return _sampled(sq.beta(distribution.a, distribution.b), n)
        assert isinstance(distribution, Lognormal)
        return _sampled(sq.lognorm(norm_mean=distribution.mu, norm_sd=distribution.sd), n) - distribution.shift


def _sampled(distribution: object, n: int) -> FloatArray:
    return np.atleast_1d(import_module("squigglepy").sample(distribution, n=n))


def function_of_one_path(n_paths: int) -> FloatArray:
    """Spend of a year in the last scenario the way squigglepy is usually written: a function of one path, sampled."""

    def year() -> float:
        return float(plain_loop(SquiggleDraws(n_paths=1), 1, lean=False)[-1].sum())

    return _sampled(year, n_paths)


def price_rates() -> Iterator[tuple[float, Distribution, float]]:
    """Falls and rises: how many a year, their size, and its sign."""
    yield PRICE_MOVES.falls_per_year, PRICE_MOVES.fall, -1.0
    yield PRICE_MOVES.rises_per_year, PRICE_MOVES.rise, 1.0


def plain_loop(draws: Draws, n_paths: int, *, lean: bool, months: int = MONTHS) -> list[FloatArray]:
    """Monthly list spend of every scenario of the base case, USD, (months, n_paths) each.

    lean: whether the program knows which types are routed, and leaves the unit costs of the others alone.
    """
    level = DEMAND.level_sd * draws.normals("level", 0) - DEMAND.level_sd**2 / 2
    growth = np.log1p(draws.values("growth", DEMAND.growth_per_year)) / 12
    gone_from = draws.gone_from(1.0 - (1.0 - DEMAND.leave_probability_per_quarter) ** (1.0 / 3.0))
    shares, escalations = _inputs(draws, "share", SHARE), _inputs(draws, "escalation", ESCALATION)
    own, common = _WalkAndNoise(np.zeros((TYPES, n_paths))), _WalkAndNoise(np.zeros(n_paths))
    log_price = {tier: np.zeros(n_paths) for tier in TIERS}
    damping, rho = DEMAND.growth_damping_per_month, DEMAND.common_share
    spend = [np.empty((months, n_paths)) for _ in range(SCENARIOS)]
    for t, (sd, gain) in enumerate(_forecast_errors(months)):
        walk = sqrt(1 - rho) * own.step(sd, gain, draws.normals("own", t, TYPES))
        walk = walk + sqrt(rho) * common.step(sd, gain, draws.normals("common", t))
        variance = DEMAND.monthly_volatility**2 * t + DEMAND.monthly_noise**2
        shared = level + (1 - damping**t) / (1 - damping) * growth - variance / 2
        requests = REQUESTS * np.exp(walk + shared)
        requests[0] *= t < gone_from
        for tier in TIERS:
            log_price[tier] = log_price[tier] + draws.log_moves(tier, _arrived(t) - _arrived(t - 1))
        opus, haiku = np.exp(log_price["opus"]), np.exp(log_price["haiku"])
        as_is = USD_PER_REQUEST * requests.sum(axis=0)
        spend[0][t] = opus * as_is
        for scenario in range(1, SCENARIOS):
            adopted = 1.0 / (1.0 + np.exp(-log(81.0) / RAMP_MONTHS * (t + 0.5 - scenario - RAMP_MONTHS / 2)))
            costs = _of_routed_types if lean else _of_every_type
            usd_opus, usd_haiku = costs(requests, as_is, adopted * shares, escalations)
            spend[scenario][t] = opus * usd_opus + haiku * usd_haiku
    return spend


def _of_every_type(requests: FloatArray, as_is: FloatArray, moved: FloatArray, again: FloatArray) -> TwoTiers:
    """USD a month on either tier at the pricing day's list: unit cost of every type x its requests, summed."""
    opus, haiku = np.full(requests.shape, USD_PER_REQUEST), np.zeros(requests.shape)
    opus[:ROUTED] *= 1.0 - moved + moved * again
    haiku[:ROUTED] = USD_PER_ROUTED_REQUEST * moved
    return (opus * requests).sum(axis=0), (haiku * requests).sum(axis=0)


def _of_routed_types(requests: FloatArray, as_is: FloatArray, moved: FloatArray, again: FloatArray) -> TwoTiers:
    """The same from what the routed types change."""
    gone = moved * requests[:ROUTED]
    saved, routed = (gone * (1.0 - again)).sum(axis=0), gone.sum(axis=0)
    return as_is - USD_PER_REQUEST * saved, USD_PER_ROUTED_REQUEST * routed


@dataclass
class _WalkAndNoise:
    """A random walk plus AR(1) noise, of which only the sum is drawn; walk: what is expected of the walk, given the
    past."""

    walk: FloatArray
    noise: FloatArray | float = 0.0

    def step(self, sd: float, gain: float, z: FloatArray) -> FloatArray:
        total = self.walk + DEMAND.noise_ar1 * self.noise + sd * z
        self.walk = self.walk + gain * sd * z
        self.noise = total - self.walk
        return total


def _forecast_errors(months: int) -> Iterator[tuple[float, float]]:
    """Each month's standard deviation of the sum, given the months before, and the part of a surprise that lasts."""
    phi, tau, sigma = DEMAND.noise_ar1, DEMAND.monthly_noise, DEMAND.monthly_volatility
    spread = np.diag([0.0, tau**2])
    for _ in range(months):
        total = spread.sum()
        gains = spread.sum(axis=1) / total
        yield sqrt(total), gains[0]
        left = spread - total * np.outer(gains, gains)
        spread = left * np.outer([1.0, phi], [1.0, phi]) + np.diag([sigma**2, (1 - phi**2) * tau**2])


def _arrived(month: int) -> int:
    """Months of price moves that have reached the traffic."""
    return max(month + MONTHS_BEFORE_START - PRICE_MOVES.lag_months, 0)


def _inputs(draws: Draws, name: str, quantiles: tuple[float, float]) -> FloatArray:
    """One input of every routed type, (ROUTED, n_paths)."""
    distribution = fraction_from_quantiles(*quantiles)
    return np.stack([draws.values(f"route/type {k:02d}.{name}", distribution) for k in range(ROUTED)])
