"""Demand, as assumed: how many requests of each type a month brings, and how their token counts drift.

For type k in month t (0 is the first month of the contract), with g months between the measurement and month 0:

    log N = log n_k + log season + lambda + Gamma(t + g) + W + eps + sum of log event sizes

lambda is the uncertain level, Gamma damped growth, W a random walk of t + ceil(g) steps, eps stationary AR(1) noise.
lambda, the steps of W, and eps have mean one after exponentiation, so that volatility adds no drift. W and eps are
jointly normal over months. planner.demand_process draws from it.
"""

from dataclasses import dataclass, field

import numpy as np

from planner.distributions import Distribution, Point
from planner.errors import InputError
from planner.units import FloatArray

ALL_TYPES = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that may happen once: from its month on it multiplies the requests of the types it hits."""

    name: str
    probability: float
    month: Distribution
    size: Distribution
    request_types: tuple[str, ...] = (ALL_TYPES,)


@dataclass(frozen=True, slots=True, kw_only=True)
class DemandModel:
    """Parameters of demand; log standard deviations, rates a year, probabilities a quarter.

    largest_customer_fraction: where above 0, who may leave is a customer with this share of the requests of every type,
    and not the largest type. rebound: elasticity of requests to the cost of a request (planner.simulation).
    """

    level_sd: float
    growth_per_year: Distribution
    growth_damping_per_month: float
    monthly_volatility: float
    common_share: float
    monthly_noise: float
    noise_ar1: float
    token_drift_per_year: Distribution = field(default_factory=lambda: Point(0.0))
    leave_probability_per_quarter: float
    largest_customer_fraction: float = 0.0
    rebound: Distribution = field(default_factory=lambda: Point(0.0))
    season: tuple[float, ...] = (1.0,) * 12
    events: tuple[Event, ...] = ()

    def __post_init__(self) -> None:
        check_season(self.season)


def check_season(season: tuple[float, ...]) -> None:
    """Twelve positive factors, January first, with mean 1 to within 1e-6; InputError otherwise."""
    if len(season) != 12:
        raise InputError(f"season has {len(season)} factors; give twelve, January first")
    if min(season) <= 0:
        raise InputError(f"season has the factor {min(season):g}; every factor must be above 0")
    mean = sum(season) / 12
    if abs(mean - 1) > 1e-6:
        raise InputError(f"the mean of season is {mean:.7g}, not 1; divide each factor by {mean:.7g}")


def damped_months(months: FloatArray, damping: float) -> FloatArray:
    """Months of undamped growth that m months of damped growth are worth: (1 - phi^m) / (1 - phi), or m at phi = 1."""
    if damping == 1.0:
        return months
    worth: FloatArray = (1.0 - damping**months) / (1.0 - damping)
    return worth


def season_factors(season: tuple[float, ...], start_month: int, n_months: int) -> FloatArray:
    """Factor of each contract month, shape (n_months,); start_month is the calendar month of month 0, 1 to 12."""
    return np.array([season[(start_month - 1 + t) % 12] for t in range(n_months)])


def leave_hazard(probability_per_quarter: float) -> float:
    """Constant monthly hazard of leaving, 1 - (1 - p)^(1/3)."""
    return float(1.0 - (1.0 - probability_per_quarter) ** (1.0 / 3.0))
