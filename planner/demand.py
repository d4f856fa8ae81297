"""Demand: how many requests of each type a month brings, and how their token counts drift.

For type k in month t (0 is the first month of the contract), with g months between the measurement and month 0:

    log N = log n_k + log season + lambda + Gamma(t + g) + W + eps + sum of log event sizes

lambda is the uncertain level, Gamma damped growth, W a random walk of t + ceil(g) steps, eps stationary AR(1) noise.
lambda, the steps of W, and eps have mean one after exponentiation, so that volatility adds no drift. W and eps are
jointly normal over months, so one Cholesky factor of their summed covariance serves both.
"""

from dataclasses import dataclass, field
from math import ceil, sqrt

import numpy as np

from planner.distributions import Distribution, Point
from planner.errors import InputError
from planner.streams import BlockStreams
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
    """Parameters of demand; log standard deviations, rates a year, probabilities a quarter."""

    level_sd: float
    growth_per_year: Distribution
    growth_damping_per_month: float
    monthly_volatility: float
    common_share: float
    monthly_noise: float
    noise_ar1: float
    token_drift_per_year: Distribution = field(default_factory=lambda: Point(0.0))
    leave_probability_per_quarter: float
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


@dataclass(frozen=True, slots=True, kw_only=True)
class DemandProcess:
    """A demand model set in time: what the engine draws from, block by block.

    growth_months: g, from the measurement to month 0; drift_months: the same for token counts.
    season: shape (n_months,). walk_noise: lower triangular factor, shape (n_months, n_months), of the covariance of
    W + eps over months; log_mean: shape (n_months,), the correction that gives both mean one.
    """

    model: DemandModel
    request_types: tuple[str, ...]
    largest_type: str | None
    growth_months: float
    drift_months: float
    season: FloatArray
    walk_noise: FloatArray
    log_mean: FloatArray

    @property
    def n_months(self) -> int:
        return len(self.season)

    def factors(self, streams: BlockStreams) -> FloatArray:
        """Requests relative to each type's level n_k, shape (n_months, n_types, n_paths)."""
        common = self._common_log(streams)
        own_share = 1.0 - self.model.common_share
        shape = (self.n_months, len(self.request_types), streams.size)
        if self._is_calm or own_share == 0.0:
            block = np.zeros(shape)
        else:
            draws = streams.normal("own walk and noise", *shape[:2]).reshape(self.n_months, -1)
            block = (sqrt(own_share) * self.walk_noise @ draws).reshape(shape)
        block += common[:, None, :]
        self._add_events(block, streams)
        np.exp(block, out=block)
        self._remove_leaver(block, streams)
        return block

    def token_factors(self, streams: BlockStreams) -> FloatArray:
        """Tokens per request relative to the measured ones, (1 + drift)^(months since / 12), (n_months, n_paths)."""
        years = (np.arange(self.n_months) + self.drift_months)[:, None] / 12.0
        if isinstance(self.model.token_drift_per_year, Point):
            drift = np.array([self.model.token_drift_per_year.value])
        else:
            drift = self.model.token_drift_per_year.from_normal(streams.normal("token drift"))
        return np.exp(years * np.log1p(drift))

    @property
    def _is_calm(self) -> bool:
        return self.model.monthly_volatility == 0.0 and self.model.monthly_noise == 0.0

    def _common_log(self, streams: BlockStreams) -> FloatArray:
        """Everything that all types share, shape (n_months, n_paths)."""
        model = self.model
        months = np.arange(self.n_months, dtype=np.float64) + self.growth_months
        per_month = np.log1p(model.growth_per_year.from_normal(streams.normal("growth"))) / 12.0
        common = damped_months(months, model.growth_damping_per_month)[:, None] * per_month
        common += (np.log(self.season) + self.log_mean)[:, None]
        if model.level_sd > 0:
            common += model.level_sd * streams.normal("level") - model.level_sd**2 / 2
        if not self._is_calm and model.common_share > 0:
            common += (
                sqrt(model.common_share) * self.walk_noise @ streams.normal("common walk and noise", self.n_months)
            )
        return common

    def _add_events(self, block: FloatArray, streams: BlockStreams) -> None:
        months = np.arange(self.n_months)[:, None]
        for index, event in enumerate(self.model.events):
            driver = f"event {index} {event.name}"
            happens = streams.generator(f"{driver} happens").random(streams.size) < event.probability
            month = event.month.from_normal(streams.normal(f"{driver} month"))
            with np.errstate(divide="ignore"):  # a size of 0 is a type that is lost
                log_size = np.log(event.size.from_normal(streams.normal(f"{driver} size")))
            effect = np.where(happens & (months >= month), log_size, 0.0)
            if ALL_TYPES in event.request_types:
                block += effect[:, None, :]
            else:
                for name in event.request_types:
                    block[:, self.request_types.index(name), :] += effect

    def _remove_leaver(self, block: FloatArray, streams: BlockStreams) -> None:
        hazard = leave_hazard(self.model.leave_probability_per_quarter)
        if hazard == 0.0 or self.largest_type is None:
            return
        # Geometric on 1, 2, ...: t months of hazard have passed at month t, so that month 0 is always served.
        gone_from = streams.generator("largest type leaves").geometric(hazard, streams.size)
        block[:, self.request_types.index(self.largest_type), :] *= np.arange(self.n_months)[:, None] < gone_from


def demand_process(
    model: DemandModel,
    *,
    request_types: tuple[str, ...],
    largest_type: str | None,
    growth_months: float,
    drift_months: float,
    start_month: int,
    n_months: int,
) -> DemandProcess:
    """Set a demand model in time: g months before month 0, which is calendar month start_month (1 to 12)."""
    steps = np.maximum(np.arange(n_months) + ceil(growth_months), 0)
    lags = np.abs(np.subtract.outer(np.arange(n_months), np.arange(n_months)))
    covariance = (
        model.monthly_volatility**2 * np.minimum.outer(steps, steps) + model.monthly_noise**2 * model.noise_ar1**lags
    )
    return DemandProcess(
        model=model,
        request_types=request_types,
        largest_type=largest_type,
        growth_months=growth_months,
        drift_months=drift_months,
        season=season_factors(model.season, start_month, n_months),
        walk_noise=_lower_factor(covariance),
        log_mean=-np.diag(covariance) / 2,
    )


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
