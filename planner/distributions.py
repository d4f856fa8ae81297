"""Uncertain inputs. Each is a monotone function of one standard normal, so that scenarios can share a draw.

A plan names an uncertain input by its P10 and P90, by low, mode and high, or by evidence counts; this module turns
those into distributions (method.md: "Distributions"). `from_normal(z)` maps standard normal draws to values.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Protocol

import numpy as np
from scipy.optimize import root
from scipy.special import betainc, betaincinv, ndtr

from planner.errors import InputError
from planner.units import FloatArray

Z90: Final = 1.2815515655446004
"""Standard normal quantile at 0.9; P10 and P90 stand this many standard deviations either side of the median."""

_GRID_Z: Final = np.linspace(-8.0, 8.0, 4097)
_GRID_STEPS_PER_Z: Final = 256.0
# Inverting the incomplete beta function costs microseconds a draw. Tabulated on a normal scale, where it is smooth
# into both tails, linear interpolation is right to about 1e-6 of the spread.


class Distribution(Protocol):
    """What every uncertain input offers."""

    @property
    def mean(self) -> float:
        """Expected value."""
        ...

    def from_normal(self, z: FloatArray) -> FloatArray:
        """Values at standard normal draws z, same shape, non-decreasing in z unless stated."""
        ...


@dataclass(frozen=True, slots=True)
class Point:
    """A number that is not uncertain."""

    value: float

    @property
    def mean(self) -> float:
        return self.value

    def from_normal(self, z: FloatArray) -> FloatArray:
        return np.full_like(z, self.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lognormal:
    """exp(mu + sd Z) - shift. Shift 0 for positive quantities, 1 for growth rates: log(1 + x) is normal."""

    mu: float
    sd: float
    shift: float = 0.0

    @property
    def mean(self) -> float:
        return float(np.exp(self.mu + self.sd**2 / 2)) - self.shift

    def from_normal(self, z: FloatArray) -> FloatArray:
        return np.exp(self.mu + self.sd * z) - self.shift


@dataclass(frozen=True, slots=True, kw_only=True)
class ScaledBeta:
    """low + (high - low) Beta(a, b); on [0, 1] unless stated. With `whole`, rounded to the nearest whole number."""

    a: float
    b: float
    low: float = 0.0
    high: float = 1.0
    whole: bool = False

    @property
    def mean(self) -> float:
        if self.whole:
            edges = np.arange(np.floor(self.low), np.ceil(self.high) + 1) + 0.5
            cdf = betainc(self.a, self.b, np.clip((edges - self.low) / (self.high - self.low), 0.0, 1.0))
            return float(edges[-1] - 0.5 - np.sum(cdf[:-1]))
        return self.low + (self.high - self.low) * self.a / (self.a + self.b)

    def from_normal(self, z: FloatArray) -> FloatArray:
        values = self.low + (self.high - self.low) * _interpolate(z, _beta_table(self.a, self.b))
        return np.rint(values) if self.whole else values


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedEscalation:
    """Escalation rate q = p FNR + (1 - p)(1 - FPR) of a pass rate p and the errors of the judge that decides it."""

    pass_rate: Distribution
    fnr: float
    fpr: float

    @property
    def mean(self) -> float:
        return float(self._escalation(np.array(self.pass_rate.mean)))

    @property
    def accepted_wrong_mean(self) -> float:
        """Expected share of judged answers that are wrong and accepted, (1 - p) FPR."""
        return (1.0 - self.pass_rate.mean) * self.fpr

    def from_normal(self, z: FloatArray) -> FloatArray:
        return self._escalation(self.pass_rate.from_normal(z))

    def _escalation(self, p: FloatArray) -> FloatArray:
        return p * self.fnr + (1.0 - p) * (1.0 - self.fpr)


@dataclass(frozen=True, slots=True)
class Chance:
    """1 with a probability, else 0."""

    probability: float

    @property
    def mean(self) -> float:
        return self.probability

    def from_normal(self, z: FloatArray) -> FloatArray:
        happens: FloatArray = (ndtr(-z) < self.probability).astype(np.float64)
        return happens


@lru_cache(maxsize=256)
def _beta_table(a: float, b: float) -> FloatArray:
    # Above the median the complement keeps the upper tail's digits: ndtr(8) rounds to 1.
    lower = betaincinv(a, b, ndtr(_GRID_Z[:2049]))
    upper = 1.0 - betaincinv(b, a, ndtr(-_GRID_Z[2049:]))
    table = np.concatenate([lower, upper]).astype(np.float64)
    table.flags.writeable = False
    return table


def _interpolate(z: FloatArray, table: FloatArray) -> FloatArray:
    """Linear interpolation in a table on _GRID_Z; the grid is even, which a general search cannot use."""
    position = np.clip((z - _GRID_Z[0]) * _GRID_STEPS_PER_Z, 0.0, _GRID_Z.size - 1.0)
    cell = np.minimum(position.astype(np.intp), _GRID_Z.size - 2)
    below = table[cell]
    return below + (position - cell) * (table[cell + 1] - below)


def _ordered(p10: float, p90: float) -> None:
    if p10 > p90:
        raise InputError(f"p10 = {p10:g} is above p90 = {p90:g}; write the lower value as p10")


def positive_from_quantiles(p10: float, p90: float) -> Distribution:
    """Log-normal through P10 and P90, both above zero; a constant where they are equal."""
    _ordered(p10, p90)
    if p10 == p90:
        return Point(p10)
    if p10 <= 0:
        raise InputError(f"p10 = {p10:g} must be above 0 for a quantity that is never negative")
    low, high = float(np.log(p10)), float(np.log(p90))
    return Lognormal(mu=(low + high) / 2, sd=(high - low) / (2 * Z90))


def rate_from_quantiles(p10: float, p90: float) -> Distribution:
    """Growth or drift x a year with log(1 + x) normal through P10 and P90, both above -1."""
    _ordered(p10, p90)
    if p10 <= -1:
        raise InputError(f"p10 = {p10:g} must be above -1: a rate of -1 is a fall to nothing")
    if p10 == p90:
        return Point(p10)
    low, high = float(np.log1p(p10)), float(np.log1p(p90))
    return Lognormal(mu=(low + high) / 2, sd=(high - low) / (2 * Z90), shift=1.0)


@lru_cache(maxsize=256)
def fraction_from_quantiles(p10: float, p90: float) -> Distribution:
    """The Beta distribution with these P10 and P90, both inside (0, 1); a constant where they are equal.

    Solved for (log a, log b) so that I_p10(a, b) = 0.1 and I_p90(a, b) = 0.9 to 1e-9.
    """
    _ordered(p10, p90)
    if p10 == p90 and 0 <= p10 <= 1:
        return Point(p10)
    if not 0 < p10 < p90 < 1:
        raise InputError(f"p10 = {p10:g} and p90 = {p90:g} of a share must lie between 0 and 1, ends excluded")

    def miss(log_ab: FloatArray) -> FloatArray:
        a, b = np.exp(log_ab)
        # on the logit scale the equations are near linear in the logs, so Newton's method converges from afar
        cdf = np.clip(np.array([betainc(a, b, p10), betainc(a, b, p90)]), 1e-300, 1 - 1e-16)
        logit: FloatArray = np.log(cdf / (1 - cdf)) - np.array([-np.log(9.0), np.log(9.0)])
        return logit

    mean, sd = (p10 + p90) / 2, (p90 - p10) / (2 * Z90)
    concentration = max(mean * (1 - mean) / sd**2 - 1, 0.5)
    solution = root(miss, np.log([mean * concentration, (1 - mean) * concentration]), tol=1e-12)
    if not np.max(np.abs(miss(solution.x))) < 1e-7:
        raise InputError(f"no Beta distribution found with p10 = {p10:g} and p90 = {p90:g}; widen or move them")
    a, b = np.exp(solution.x)
    return ScaledBeta(a=float(a), b=float(b))


def pert(low: float, mode: float, high: float, *, whole: bool = False) -> Distribution:
    """PERT with lambda 4: l + (h-l) Beta(1 + 4(m-l)/(h-l), 1 + 4(h-m)/(h-l)); whole months round to the nearest."""
    if not low <= mode <= high:
        raise InputError(f"low = {low:g}, mode = {mode:g}, high = {high:g} must be in this order")
    if low == high:
        return Point(float(np.rint(low)) if whole else low)
    width = high - low
    return ScaledBeta(a=1 + 4 * (mode - low) / width, b=1 + 4 * (high - mode) / width, low=low, high=high, whole=whole)


def posterior(passed: int, failed: int) -> ScaledBeta:
    """Posterior of a pass rate under Jeffreys' prior: Beta(passed + 1/2, failed + 1/2)."""
    return ScaledBeta(a=passed + 0.5, b=failed + 0.5)
