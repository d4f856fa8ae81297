"""The priors of calibration, and the panel that a history gives it to fit.

Each prior is centred on the default of the plan file's key, so that no history gives exactly that default.
"""

from collections.abc import Set
from dataclasses import replace
from typing import Final

import numpy as np

from planner.calibration.panel import MONTHS_PER_WEEK, Normal, Panel, Priors
from planner.coverage import month_index
from planner.demand import DemandModel
from planner.distributions import Z90, Distribution
from planner.history.history import LEAST_SHARE, History
from planner.units import MONTHS_PER_YEAR, FloatArray, IntArray

LEAST_PERIODS: Final = 3
SEASON_MONTHS: Final = 24
"""Complete months below which no season is fitted: every calendar month has to come twice."""

VOLATILITY_LOG_SD: Final = 0.5
NOISE_LOG_SD: Final = 0.6
AR1_ATANH_SD: Final = 0.35
SHARE_LOGIT_SD: Final = 1.0
LEVEL_SD_LOG_SD: Final = 0.45
# Noise may be a multiple of the default (a weekly log sd is 0.2 for a broad user base, 1.0 for one user); the
# level's own log sd follows from volatility and noise, and so is known before any data to about their spread.

_STUDENT_DF: Final = 4.0
_STUDENT_P90: Final = 1.5332
_TYPED_LOG_FLOOR: Final = 1e-4
_NO_NOISE: Final = 1e-3

DRIFT_PRIORS: Final = Priors(
    log_volatility=Normal(mean=float(np.log(0.01)), sd=0.7),
    log_noise=Normal(mean=float(np.log(0.02)), sd=0.7),
    atanh_ar1=Normal(mean=float(np.arctanh(0.3)), sd=AR1_ATANH_SD),
    logit_share=Normal(mean=0.0, sd=SHARE_LOGIT_SD),
    growth=Normal(mean=0.0, sd=float(np.log(1.10)) / _STUDENT_P90 / MONTHS_PER_YEAR),
    growth_df=_STUDENT_DF,
)
"""Tokens per request: no drift unless it shows, within 10 % a year either way four times in five."""


def demand_priors(typed: DemandModel, given: Set[str]) -> Priors:
    """Priors of demand, centred on the model's values; what is given is known.

    typed: the defaults, with the given keys as the user typed them. Growth not given has a Student t (4 degrees)
    through the default's P10 and P90, on log(1 + growth) / 12: its heavy tails let a strong trend of one's own win.
    """
    log_rate = np.log1p(typed.growth_per_year.from_normal(np.array([-1.0, 0.0, 1.0]))) / MONTHS_PER_YEAR
    growth = Normal(mean=float(log_rate[1]), sd=float(log_rate[2] - log_rate[0]) / 2)
    is_typed = "growth_per_year" in given

    known = {*given, "noise_ar1"} if has_no_noise(typed, given) else given

    def normal(key: str, mean: float, sd: float) -> Normal:
        return Normal(mean=mean, sd=0.0 if key in known else sd)

    share = float(np.clip(typed.common_share, 0.001, 0.999))
    return Priors(
        log_volatility=normal("monthly_volatility", _log(typed.monthly_volatility), VOLATILITY_LOG_SD),
        log_noise=normal("monthly_noise", _log(typed.monthly_noise), NOISE_LOG_SD),
        atanh_ar1=normal("noise_ar1", float(np.arctanh(np.clip(typed.noise_ar1, -0.9, 0.95))), AR1_ATANH_SD),
        logit_share=normal("common_share", float(np.log(share / (1 - share))), SHARE_LOGIT_SD),
        growth=growth if is_typed else replace(growth, sd=growth.sd * Z90 / _STUDENT_P90),
        growth_df=np.inf if is_typed else _STUDENT_DF,
    )


def has_no_noise(typed: DemandModel, given: Set[str]) -> bool:
    """Whether the user typed the noise as next to none: a log then cannot show its correlation, which stays its prior's
    centre."""
    return "monthly_noise" in given and typed.monthly_noise < _NO_NOISE


def growth_prior_var(priors: Priors) -> float:
    """Variance of the prior of growth, per month."""
    df = priors.growth_df
    return priors.growth.sd**2 * (df / (df - 2) if np.isfinite(df) else 1.0)


def _log(sd: float) -> float:
    return float(np.log(max(sd, _TYPED_LOG_FLOOR)))


def fitted_columns(history: History) -> IntArray:
    """Positions of the types that are fitted: used in every period, with at least 2 % of the bill."""
    series = history.expected_requests
    usable = np.all(np.isfinite(series) & (series > 0), axis=0) & (history.share_of_bill >= LEAST_SHARE)
    return np.flatnonzero(usable)


def demand_panel(history: History, columns: IntArray, typed: DemandModel, given: Set[str]) -> Panel:
    """Log requests of the fitted types, less a season that is given; of the whole bill where no type can be fitted.

    Unusual days count as expected. A lasting step of a type has a term of its own in every type's line.
    """
    if len(columns):
        logs = np.log(history.expected_requests[:, columns])
        weights = history.share_of_bill[columns] / history.share_of_bill[columns].sum()
    else:
        logs, weights = np.log(history.bill_usd_per_month)[:, None], np.ones(1)
    calendar = calendar_months(history)
    fits_season = "season" not in given and history.period == "month" and history.n_periods >= SEASON_MONTHS
    return Panel(
        logs=logs - np.log(np.array(typed.season))[calendar][:, None],
        weights=weights,
        indices=np.array(history.indices),
        weekly=history.period == "week",
        steps=_steps(history, {history.request_types[column] for column in columns}),
        calendar=calendar if fits_season else None,
        months_to_end=0.5 * (MONTHS_PER_WEEK if history.period == "week" else 1.0),
    )


def drift_panel(history: History, columns: IntArray) -> Panel | None:
    """Log tokens per request of the fitted types, weighted by their bill; None where none can be told."""
    tokens = history.tokens_per_request[:, columns]
    usable = np.all(np.isfinite(tokens) & (tokens > 0), axis=0)
    if not usable.any():
        return None
    weights = history.share_of_bill[columns][usable]
    series = np.log(tokens[:, usable]) @ (weights / weights.sum())
    return Panel(
        logs=series[:, None],
        weights=np.ones(1),
        indices=np.array(history.indices),
        weekly=history.period == "week",
        steps=np.zeros((history.n_periods, 0)),
    )


def calendar_months(history: History) -> IntArray:
    """Calendar month, 0 to 11, that the middle of each period lies in. Shape (n_periods,)."""
    middles = [period.start + (period.end - period.start) / 2 for period in history.periods]
    return np.array([month_index(middle.isoformat()[:7]) % MONTHS_PER_YEAR for middle in middles], dtype=np.int64)


def _steps(history: History, types: Set[str]) -> FloatArray:
    """How much of each step the periods show: 0 before it, 1 after it, the part in between in the period it begins.

    Shape (n_periods, n_steps): the largest first, as many as leave three periods to fit, and no period twice. The part
    is that of the log of a mean of days before and after the step, whatever the period's other use.
    """
    most = min(max((history.n_periods - 3) // 3, 0), 3)
    first: dict[str, float] = {}
    for shift in history.level_shifts:
        if shift.request_type in types:
            first.setdefault(shift.label, shift.shown_part)
    chosen = list(first.items())[:most]
    steps = np.zeros((history.n_periods, len(chosen)))
    for column, (label, part) in enumerate(chosen):
        begins = history.labels.index(label)
        steps[begins, column], steps[begins + 1 :, column] = part, 1.0
    return steps


def distribution_range(distribution: Distribution) -> tuple[float, float, float]:
    """P10, P50, P90."""
    p10, p50, p90 = distribution.from_normal(np.array([-Z90, 0.0, Z90])).tolist()
    return p10, p50, p90
