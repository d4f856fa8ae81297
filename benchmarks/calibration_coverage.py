"""How often calibration's 80 % intervals hold the truth: `python benchmarks/calibration_coverage.py [--histories 200]`.

Each history is simulated from the demand model with known parameters, as daily requests of several request types, and
calibrated as a log would be. The table counts how often the true value lies between the stated P10 and P90. Where the
parameters themselves are drawn from the priors, 80 % is what an honest posterior gives, whatever the length; where they
are fixed at a point, the share may differ while the priors still weigh, and comes closer as the history grows.
"""

import argparse
import os
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import date, timedelta

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from planner.calibration.calibrate import Calibration, calibrate
from planner.calibration.panel import monthly_of_weekly
from planner.coverage import first_day, last_day
from planner.demand import DemandModel
from planner.distributions import rate_from_quantiles
from planner.history.history import DailyUse, History, Period, history_of_periods
from planner.units import DAYS_PER_MONTH, FloatArray

SEED = 20270101
LAST_DAY = date(2026, 10, 31)
DAILY_LOG_SD = 0.05
GROWTH_DF = 4.0
WEEKS_PER_MONTH = DAYS_PER_MONTH / 7
PARAMETERS = ("growth_per_year", "monthly_volatility", "monthly_noise", "noise_ar1", "common_share", "level")
LENGTHS = ("8 weeks", "6 months", "12 months", "24 months")
LENGTHS_OF_FIXED = ("6 months", "24 months")

DEFAULTS = DemandModel(
    level_sd=0.10,
    growth_per_year=rate_from_quantiles(0.0, 1.56),
    growth_damping_per_month=0.98,
    monthly_volatility=0.06,
    common_share=0.5,
    monthly_noise=0.10,
    noise_ar1=0.3,
    leave_probability_per_quarter=0.05,
)


@dataclass(frozen=True, kw_only=True)
class Truth:
    """Parameters that a history is simulated with, in the plan file's units."""

    growth_per_year: float
    monthly_volatility: float
    monthly_noise: float
    noise_ar1: float
    common_share: float


AT_THE_DEFAULTS = Truth(
    growth_per_year=0.6, monthly_volatility=0.06, monthly_noise=0.10, noise_ar1=0.3, common_share=0.5
)
CALM = Truth(growth_per_year=0.2, monthly_volatility=0.03, monthly_noise=0.05, noise_ar1=0.1, common_share=0.3)
WILD = Truth(growth_per_year=1.2, monthly_volatility=0.12, monthly_noise=0.20, noise_ar1=0.5, common_share=0.7)


def from_priors(rng: np.random.Generator, *, weekly: bool) -> Truth:
    """A truth drawn from the very priors; for weeks, one that a weekly process can have."""
    while True:
        ar1 = float(np.tanh(np.arctanh(0.3) + 0.35 * rng.standard_normal()))
        if (0.0 if weekly else -0.9) < ar1 < (0.95 if weekly else 0.97):
            break
    per_year = np.log(2.56) / 2 * (1 + rng.standard_t(GROWTH_DF) / 1.5332)
    return Truth(
        growth_per_year=float(np.expm1(per_year)),
        monthly_volatility=float(0.06 * np.exp(0.5 * rng.standard_normal())),
        monthly_noise=float(0.10 * np.exp(0.6 * rng.standard_normal())),
        noise_ar1=ar1,
        common_share=float(1 / (1 + np.exp(-rng.standard_normal()))),
    )


def simulated(truth: Truth, length: str, rng: np.random.Generator) -> tuple[History, FloatArray]:
    """A history of a length, and the true monthly requests of each type at its end, noise left out."""
    count, unit = int(length.split()[0]), length.split()[1]
    periods = tuple(_weeks(count) if unit == "weeks" else _months(count))
    n_types = int(rng.integers(3, 7))
    logs, level = _log_requests(truth, count, n_types, unit == "weeks", rng)
    shares = rng.dirichlet(np.full(n_types, 4.0))
    days = (LAST_DAY - periods[0].start).days + 1
    owner = np.concatenate([np.full((each.end - each.start).days + 1, place) for place, each in enumerate(periods)])
    noise = DAILY_LOG_SD * rng.standard_normal((days, n_types)) - DAILY_LOG_SD**2 / 2
    requests = 1e6 * shares * np.exp(logs[owner] + noise)
    order = np.argsort(-requests.sum(axis=0), kind="stable")
    daily = DailyUse(
        first=periods[0].start,
        request_types=tuple(f"type {place}" for place in order),
        requests=requests[:, order],
        spend_usd=requests[:, order] * 0.01,
        tokens=requests[:, order] * 1000.0,
        counted=np.ones_like(requests, dtype=np.bool_),
        is_daily=True,
    )
    kind = "week" if unit == "weeks" else "month"
    history = history_of_periods(daily, periods, kind, LAST_DAY, float(days), ())
    return history, (np.exp(level) * shares * 1e6 * DAYS_PER_MONTH)[order]


def _log_requests(
    truth: Truth, count: int, n_types: int, weekly: bool, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """Log requests per period and type, shape (count, n_types), and each type's log level at the end of the last."""
    months = 1 / WEEKS_PER_MONTH if weekly else 1.0
    noise, ar1 = _of_period(truth, weekly)

    def moving(size: int) -> tuple[FloatArray, FloatArray]:
        steps = truth.monthly_volatility * np.sqrt(months) * rng.standard_normal((count, size))
        steps[0] = 0.0
        shocks = noise * rng.standard_normal((count, size))
        for place in range(1, count):
            shocks[place] = ar1 * shocks[place - 1] + np.sqrt(1 - ar1**2) * shocks[place]
        return np.cumsum(steps, axis=0), shocks

    (walk, shock), (own_walk, own_shock) = moving(1), moving(n_types)
    common, own = np.sqrt(truth.common_share), np.sqrt(1 - truth.common_share)
    per_month = np.log1p(truth.growth_per_year) / 12 - truth.monthly_volatility**2 / 2
    at = months * np.arange(count)[:, None]
    level = common * walk + own * own_walk + per_month * at
    return level + common * shock + own * own_shock - noise**2 / 2, level[-1] + per_month * months / 2


def _of_period(truth: Truth, weekly: bool) -> tuple[float, float]:
    """Sd and phi of a period's noise; of weeks whose month means have the truth's."""
    if not weekly:
        return truth.monthly_noise, truth.noise_ar1
    grid = np.linspace(-0.6, 0.99, 2001)
    sds, months = monthly_of_weekly(grid)
    ar1 = float(np.interp(truth.noise_ar1, months, grid))
    return truth.monthly_noise / float(np.interp(ar1, grid, sds)), ar1


def _months(count: int) -> Iterator[Period]:
    last = LAST_DAY.year * 12 + LAST_DAY.month - 1
    for index in range(last - count + 1, last + 1):
        label = f"{index // 12:04d}-{index % 12 + 1:02d}"
        yield Period(label=label, start=first_day(label), end=last_day(label))


def _weeks(count: int) -> Iterator[Period]:
    for back in reversed(range(count)):
        end = LAST_DAY - timedelta(days=7 * back)
        yield Period(label=str(end - timedelta(days=6)), start=end - timedelta(days=6), end=end)


def held(calibration: Calibration, truth: Truth, levels: FloatArray) -> dict[str, float]:
    """Per parameter: does the truth lie between the stated P10 and P90; of the levels, the share of types."""
    inside = {name: _holds(calibration, name, getattr(truth, name)) for name in PARAMETERS[:-1]}
    true = dict(zip(calibration.history.request_types, levels.tolist(), strict=True))
    each = [_holds(calibration, f"level.{name}", true[name]) for name in calibration.fitted_types]
    return inside | {"level": float(np.mean(each))}


def _holds(calibration: Calibration, name: str, truth: float) -> float:
    fit = calibration.parameter(name)
    return float(fit.p10 <= truth <= fit.p90)


def line(name: str, truth: Truth | None, length: str, histories: int, seed: Sequence[int]) -> str:
    """One line of the table: the share of histories whose interval holds each truth, and the weights of the data."""
    rng = np.random.default_rng(seed)
    counts, weights = [], []
    for _ in range(histories):
        true = truth or from_priors(rng, weekly=length.endswith("weeks"))
        history, levels = simulated(true, length, rng)
        calibration = calibrate(history, DEFAULTS, frozenset())
        counts.append(held(calibration, true, levels))
        weights.append([calibration.parameter(each).weight_of_data for each in PARAMETERS[:3]])
    shares = [f"{np.mean([each[parameter] for each in counts]):.0%}" for parameter in PARAMETERS]
    share = " / ".join(f"{weight:.2f}" for weight in np.mean(weights, axis=0))
    return f"| {name} | {length} | {' | '.join(shares)} | {share} |"


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--histories", type=int, default=200, help="histories of each length and kind of truth")
    chosen = parser.parse_args(arguments)
    begun = time.perf_counter()
    print(f"| truth | history | {' | '.join(PARAMETERS)} | weight of data: growth / volatility / noise |")
    print("|---|---|" + "---|" * (len(PARAMETERS) + 1))
    truths = {"drawn from the priors": None, "at the defaults": AT_THE_DEFAULTS, "calm": CALM, "wild": WILD}
    with ProcessPoolExecutor() as pool:
        lines = [
            pool.submit(line, name, truth, length, chosen.histories, [SEED, kind, place])
            for kind, (name, truth) in enumerate(truths.items())
            for place, length in enumerate(LENGTHS if truth is None else LENGTHS_OF_FIXED)
        ]
        for done in lines:
            print(done.result(), flush=True)
    error = np.sqrt(0.8 * 0.2 / chosen.histories)
    print(f"\n{chosen.histories} histories per line, standard error of a share {error:.1%}; ", end="")
    print(f"{time.perf_counter() - begun:.0f} s in all.")


if __name__ == "__main__":
    main()
