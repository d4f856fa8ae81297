"""Calibration: the posterior against dense linear algebra and sampling, and the laws that users rely on."""

import json
import runpy
import subprocess
import sys
import tomllib
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from planner.calibration.calibrate import DEMAND_KEYS, FITTED_KEYS, Calibration, calibrate
from planner.calibration.grid import Posterior, posterior
from planner.calibration.panel import Panel, Priors, monthly_of_weekly
from planner.calibration.parameter_names import short_name
from planner.calibration.priors import demand_priors, growth_prior_var
from planner.calibration.summary import rounded_season, weighted_quantiles
from planner.calibration_report import calibration_headline, calibration_json, calibration_tables, parameter_value
from planner.charts.calibration import trend_chart, trend_frame, weights_chart
from planner.coverage import days_in, first_day, last_day, months_between
from planner.demand import DemandModel
from planner.distributions import Point, rate_from_quantiles
from planner.history.daily_use import DailyUse
from planner.history.history import History, Period, history_of_periods
from planner.plan_file.text import with_calibration
from planner.units import DAYS_PER_MONTH, FloatArray

BENCHMARK = Path(__file__).parent.parent / "benchmarks" / "calibration_coverage.py"

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
PRIORS = demand_priors(DEFAULTS, frozenset())
NOTHING: frozenset[str] = frozenset()


def panel_of(logs: FloatArray, **changes: Any) -> Panel:
    n_periods, n_types = logs.shape
    base = {
        "logs": logs,
        "weights": np.full(n_types, 1 / n_types),
        "indices": np.arange(n_periods),
        "weekly": False,
        "steps": np.zeros((n_periods, 0)),
    }
    return Panel(**(base | changes))


def of_months(requests_a_day: FloatArray, first: str, *, names: tuple[str, ...] | None = None) -> History:
    """A history of whole months, requests of each day constant within a month. Shape (n_months, n_types)."""
    n_months = len(requests_a_day)
    start = int(first[:4]) * 12 + int(first[5:]) - 1
    last = start + n_months - 1
    labels = months_between(first, f"{last // 12:04d}-{last % 12 + 1:02d}")
    requests = np.repeat(requests_a_day, [days_in(label) for label in labels], axis=0)
    return of_days(requests, labels, names)


def of_days(requests: FloatArray, labels: list[str], names: tuple[str, ...] | None = None) -> History:
    daily = DailyUse(
        first=first_day(labels[0]),
        request_types=names or tuple(f"type {place}" for place in range(requests.shape[1])),
        requests=requests,
        spend_usd=requests * 0.01,
        tokens=requests * 1000.0,
        counted=np.ones(requests.shape, dtype=np.bool_),
        is_daily=True,
    )
    periods = tuple(Period(label=label, start=first_day(label), end=last_day(label)) for label in labels)
    return history_of_periods(daily, periods, "month", date(2026, 11, 23), float(len(requests)), ())


def simulated_months(seed: int, n_months: int = 24, n_types: int = 4, *, growth: float = 0.6) -> History:
    """Walk 0.06, noise 0.10 with correlation 0.3, half of both common: the engine's defaults."""
    rng = np.random.default_rng(seed)

    def moving(size: int) -> FloatArray:
        noise = 0.10 * rng.standard_normal((n_months, size))
        for month in range(1, n_months):
            noise[month] = 0.3 * noise[month - 1] + np.sqrt(1 - 0.3**2) * noise[month]
        return noise + np.cumsum(0.06 * rng.standard_normal((n_months, size)), axis=0)

    trend = (np.log1p(growth) / 12 - 0.06**2 / 2) * np.arange(n_months)[:, None]
    logs = trend + np.sqrt(0.5) * (moving(1) + moving(n_types))
    return of_months(1e5 / (1 + np.arange(n_types)) * np.exp(logs), "2024-11")


# ---- oracles: dense algebra over the whole of periods x types, nothing split, nothing shared


def dense(panel: Panel, node: dict[str, float], kappa: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Covariance of all periods x types (period fastest), the regressors that are flat, and the slope of the bill."""
    n_periods, n_types = panel.logs.shape
    months = np.asarray(panel.months)
    lags = np.abs(np.subtract.outer(panel.indices, panel.indices))
    moving = node["tau"] ** 2 * node["phi"] ** lags + node["sigma"] ** 2 * np.minimum.outer(months, months)
    share = np.full((n_types, n_types), node["rho"]) + (1 - node["rho"]) * np.eye(n_types)
    covariance = np.kron(share, moving)
    if panel.calendar is not None:
        of_mean = node["tau"] ** 2 * (node["rho"] + (1 - node["rho"]) / n_types)
        centred = np.eye(12)[panel.calendar] - 1 / 12
        covariance += np.kron(np.ones((n_types, n_types)), kappa * of_mean * centred @ np.eye(12)[panel.calendar].T)
    regressors = np.kron(np.eye(n_types), np.column_stack([np.ones(n_periods), months, panel.steps]))
    return covariance, regressors, np.kron(panel.weights, np.eye(2 + panel.steps.shape[1])[1])


def dense_fit(panel: Panel, node: dict[str, float], kappa: float) -> tuple[float, float, float]:
    """Restricted log likelihood, the estimate of growth per month and its variance."""
    covariance, x, of_slope = dense(panel, node, kappa)
    y = panel.logs.T.ravel()
    precision = np.linalg.inv(covariance)
    normal = x.T @ precision @ x
    beta = np.linalg.solve(normal, x.T @ precision @ y)
    left = y - x @ beta
    log_likelihood = -0.5 * (np.linalg.slogdet(covariance)[1] + np.linalg.slogdet(normal)[1] + left @ precision @ left)
    growth = of_slope @ beta + node["sigma"] ** 2 / 2
    return float(log_likelihood), float(growth), float(of_slope @ np.linalg.solve(normal, of_slope))


def student_gain(estimate: float, var: float, priors: Priors) -> float:
    """log of the integral over growth of normal(estimate; growth, var) x the Student t prior, by quadrature."""
    sd, prior = np.sqrt(var), stats.t(4, priors.growth.mean, priors.growth.sd)
    z, weights = np.polynomial.hermite_e.hermegauss(80)
    return float(np.log(weights @ prior.pdf(estimate + sd * z) / weights.sum()))


def node_of(nodes: Posterior, at: int) -> dict[str, float]:
    return {
        "sigma": float(nodes.volatility[at]),
        "tau": float(nodes.period_noise[at]),
        "rho": float(np.nan_to_num(nodes.share[at])),
    }


def log_prior(nodes: Posterior, at: int, priors: Priors) -> float:
    """Of the four parameters on their own scales."""
    scales = (
        (np.log(nodes.volatility[at]), priors.log_volatility),
        (np.log(nodes.noise[at]), priors.log_noise),
        (np.arctanh(nodes.ar1[at]), priors.atanh_ar1),
        (np.log(nodes.share[at] / (1 - nodes.share[at])), priors.logit_share),
    )
    return float(sum(stats.norm.logpdf(x, prior.mean, prior.sd) for x, prior in scales))


LOGS = np.cumsum(np.random.default_rng(7).normal(0.03, 0.1, (9, 3)), axis=0)
UNEQUAL = np.array([0.7, 0.2, 0.1])
STEP = (np.arange(9) >= 5).astype(float)[:, None]
PANELS = {
    "plain": panel_of(LOGS),
    "unequal weights": panel_of(LOGS, weights=UNEQUAL),
    "a month is missing": panel_of(LOGS, indices=np.array([0, 1, 2, 3, 5, 6, 7, 8, 9]), weights=UNEQUAL),
    "a step": panel_of(LOGS, steps=STEP, weights=UNEQUAL),
    "a step inside a period": panel_of(LOGS, steps=np.maximum(STEP, 0.4 * np.eye(9)[:, [4]]), weights=UNEQUAL),
}


@pytest.mark.parametrize("name", PANELS)
def test_the_posterior_of_the_nodes_is_that_of_dense_algebra(name: str) -> None:
    """log posterior differences between nodes, growth's estimate and levels: all periods and types in one matrix."""
    panel = PANELS[name]
    nodes = posterior(panel, PRIORS)
    chosen = np.linspace(0, len(nodes.weight) - 1, 7).astype(int)
    found, expected = [], []
    for at in chosen:
        node = node_of(nodes, at) | {"phi": float(nodes.ar1[at])}
        log_likelihood, estimate, var = dense_fit(panel, node, 0.0)
        expected.append(log_likelihood + student_gain(estimate, var, PRIORS) + log_prior(nodes, at, PRIORS))
        found.append(float(nodes.log_posterior[at]))
    # Twenty normals stand for the Student t: right to a few thousandths of its density where the posterior lies.
    assert np.array(found) - found[0] == pytest.approx(np.array(expected) - expected[0], abs=0.01)
    assert nodes.weight.sum() == pytest.approx(1.0)


@pytest.mark.parametrize("name", PANELS)
def test_levels_and_growth_are_those_of_dense_conditioning(name: str) -> None:
    """With a normal prior of growth everything is jointly normal: condition one big Gaussian, flat parts very wide."""
    panel = PANELS[name]
    wide = replace(PRIORS, growth_df=np.inf)
    nodes = posterior(panel, wide)
    at = len(nodes.weight) // 3
    node = node_of(nodes, at) | {"phi": float(nodes.ar1[at])}
    covariance, x, of_slope = dense(panel, node, 0.0)
    n_types, months = panel.logs.shape[1], np.asarray(panel.months)
    # Growth has its prior, every other direction of the regressors' coefficients a variance of 10^4.
    away = np.linalg.norm(of_slope) ** -2 * np.outer(of_slope, of_slope)
    spread = 1e4 * (np.eye(len(of_slope)) - away) + wide.growth.sd**2 / np.linalg.norm(of_slope) ** 4 * np.outer(
        of_slope, of_slope
    )
    centre = (wide.growth.mean - node["sigma"] ** 2 / 2) * of_slope / np.linalg.norm(of_slope) ** 2
    share = np.full((n_types, n_types), node["rho"]) + (1 - node["rho"]) * np.eye(n_types)
    end = np.concatenate([[1.0, months[-1] + panel.months_to_end], np.ones(panel.steps.shape[1])])
    x_end = np.kron(np.eye(n_types), end)
    walk = np.kron(share, node["sigma"] ** 2 * months)
    total = covariance + x @ spread @ x.T
    gain = np.linalg.solve(total, np.column_stack([(walk + x_end @ spread @ x.T).T, x @ spread @ of_slope]))
    shift = gain.T @ (panel.logs.T.ravel() - x @ centre)
    levels = x_end @ centre + shift[:n_types]
    var = np.diag(share * node["sigma"] ** 2 * months[-1] + x_end @ spread @ x_end.T) - np.einsum(
        "kn,nk->k", walk + x_end @ spread @ x.T, gain[:, :n_types]
    )
    assert nodes.level[at] == pytest.approx(levels, abs=1e-5)
    assert nodes.level_var[at] == pytest.approx(var, rel=1e-3)
    assert nodes.growth[at] == pytest.approx(wide.growth.mean + shift[n_types], abs=1e-6)
    assert nodes.bill_level[at] == pytest.approx(panel.weights @ levels, abs=1e-5)


def test_a_season_is_that_of_dense_conditioning() -> None:
    """Two years of four types with a fifth less in August: log posteriors up to the season's size, and the season."""
    rng = np.random.default_rng(8)
    calendar = np.arange(24) % 12
    logs = 0.03 * np.arange(24)[:, None] + 0.1 * rng.standard_normal((24, 4)) - 0.2 * (calendar == 7)[:, None]
    panel = panel_of(logs, calendar=calendar, weights=np.array([0.4, 0.3, 0.2, 0.1]))
    nodes = posterior(panel, PRIORS)
    at = 0
    node = node_of(nodes, at) | {"phi": float(nodes.ar1[at])}
    fits = {}
    for kappa in np.array([0.1, 0.3, 0.6, 1.2, 2.4, 5.0]) ** 2:
        log_likelihood, estimate, var = dense_fit(panel, node, kappa)
        fits[kappa] = log_likelihood + student_gain(estimate, var, PRIORS) + log_prior(nodes, at, PRIORS)
    other = {"sigma": nodes.volatility, "tau": nodes.period_noise, "rho": nodes.share, "phi": nodes.ar1}
    twins = np.flatnonzero(np.all([np.isclose(values, node[name]) for name, values in other.items()], axis=0))
    differences = nodes.log_posterior[twins] - nodes.log_posterior[at]
    expected = np.array(list(fits.values()))
    best = expected.max()
    assert len(twins) >= 2
    for difference in differences:
        assert np.min(np.abs(expected - best - difference)) < 0.01
    season = nodes.weight @ nodes.season
    assert season.sum() == pytest.approx(0.0, abs=1e-9)
    assert -0.25 < season[7] < -0.1
    assert np.abs(np.delete(season, 7)).max() < 0.1


@pytest.mark.parametrize("weekly", [False, True])
def test_quantiles_are_those_of_weighted_draws_from_the_prior(weekly: bool) -> None:
    """Importance sampling without any grid: draws from the priors, weighed by the dense likelihood."""
    panel = panel_of(LOGS[:6] * 1.5, weekly=weekly, weights=UNEQUAL)
    nodes = posterior(panel, PRIORS)
    rng = np.random.default_rng(9)
    periods = np.linspace(-0.5, 0.985, 400)
    sds, ar1s = monthly_of_weekly(periods)
    kept: list[tuple[float, ...]] = []
    logs: list[float] = []
    for z in rng.standard_normal((1500, 4)):
        sigma, tau = 0.06 * np.exp(0.5 * z[0]), 0.10 * np.exp(0.6 * z[1])
        month, rho = float(np.tanh(np.arctanh(0.3) + 0.35 * z[2])), float(1 / (1 + np.exp(-z[3])))
        if weekly and month < ar1s[0]:
            continue
        phi = float(np.interp(month, ar1s, periods)) if weekly else month
        of_period = tau / float(np.interp(phi, periods, sds)) if weekly else tau
        node = {"sigma": float(sigma), "tau": float(of_period), "phi": phi, "rho": rho}
        log_likelihood, estimate, var = dense_fit(panel, node, 0.0)
        logs.append(log_likelihood + student_gain(estimate, var, PRIORS))
        kept.append((np.log(sigma), np.log(tau), np.arctanh(month), np.log(rho / (1 - rho))))
    weight = np.exp(np.array(logs) - max(logs))
    weight /= weight.sum()
    effective = 1 / np.sum(weight**2)
    assert effective > 100
    grid = (
        np.log(nodes.volatility),
        np.log(nodes.noise),
        np.arctanh(nodes.ar1),
        np.log(nodes.share / (1 - nodes.share)),
    )
    for drawn, on_grid in zip(np.array(kept).T, grid, strict=True):
        for quantile in weighted_quantiles(on_grid, nodes.weight):
            below = float(weight @ (drawn <= quantile))
            level = float(np.array([0.1, 0.5, 0.9])[np.argmin(np.abs(below - np.array([0.1, 0.5, 0.9])))])
            assert abs(below - level) < 4 * np.sqrt(level * (1 - level) / effective)


def test_month_means_of_weekly_noise_against_simulation() -> None:
    rng = np.random.default_rng(10)
    phi, n_weeks = 0.6, 400_000
    noise = rng.standard_normal(n_weeks)
    for week in range(1, n_weeks):
        noise[week] = phi * noise[week - 1] + np.sqrt(1 - phi**2) * noise[week]
    daily = np.repeat(noise, 7)
    edges = np.round(np.arange(0, len(daily), DAYS_PER_MONTH)).astype(int)
    means = np.add.reduceat(daily, edges)[:-1] / np.diff(edges)
    sd, ar1 = monthly_of_weekly(np.array(phi))
    n = len(means)
    assert means.std() == pytest.approx(float(sd), abs=5 * float(sd) / np.sqrt(n) + 0.002)
    assert np.corrcoef(means[1:], means[:-1])[0, 1] == pytest.approx(float(ar1), abs=5 / np.sqrt(n))


def test_the_prior_of_growth_is_a_student_t() -> None:
    weights, variances = PRIORS.growth_mixture()
    t = stats.t(4, 0.0, PRIORS.growth.sd)
    for x in np.linspace(-4, 4, 17) * PRIORS.growth.sd:
        mixture = float(weights @ stats.norm.pdf(x, 0.0, np.sqrt(variances)))
        assert mixture == pytest.approx(float(t.pdf(x)), rel=0.006)
    assert growth_prior_var(PRIORS) == pytest.approx(float(t.var()))
    quantiles = np.expm1(12 * (PRIORS.growth.mean + t.ppf([0.1, 0.5, 0.9])))
    assert quantiles == pytest.approx([0.0, 0.6, 1.56], abs=1e-3)


def test_more_nodes_change_no_quantile(monkeypatch: pytest.MonkeyPatch) -> None:
    panel = panel_of(LOGS, weights=UNEQUAL)
    coarse = calibrated_numbers(posterior(panel, PRIORS))
    more = ((9, 11, 31, 11, 40.0), (13, 17, 25, 17, 16.0), (17, 21, 21, 21, 12.0), (19, 25, 25, 25, 11.0))
    monkeypatch.setattr("planner.calibration.grid._PASSES", more)
    monkeypatch.setattr("planner.calibration.grid._MOST_NODES", 200_000)
    fine = calibrated_numbers(posterior(panel, PRIORS))
    assert coarse == pytest.approx(fine, abs=0.03)  # of log sds, atanh phi and logit rho, whose sds are 0.3 to 0.8


def calibrated_numbers(nodes: Posterior) -> FloatArray:
    scales = (
        np.log(nodes.volatility),
        np.log(nodes.noise),
        np.arctanh(nodes.ar1),
        np.log(nodes.share / (1 - nodes.share)),
    )
    return np.concatenate([weighted_quantiles(values, nodes.weight) for values in scales])


# ---- what three days, and what two years say


def test_three_days_are_exactly_the_priors_with_a_warning() -> None:
    calibration = calibrate(three_days(), DEFAULTS, NOTHING)
    assert calibration.demand == DEFAULTS
    assert calibration.levels is None
    assert calibration.trend is None
    assert all(fit.source == "prior" and fit.weight_of_data == 0.0 for fit in calibration.parameters)
    values = {fit.name: (fit.value, fit.p10, fit.p90) for fit in calibration.parameters}
    assert values["growth_per_year"] == (0.6, 0.0, 1.56)
    assert values["monthly_volatility"][0] == 0.06
    assert values["monthly_noise"][0] == 0.1
    assert values["noise_ar1"][0] == 0.3
    assert values["common_share"][0] == 0.5
    assert values["level_sd"][0] == 0.1
    assert values["token_drift_per_year"] == (0.0, 0.0, 0.0)
    assert [values[f"season.{month}"] for month in ("january", "july")] == [(1.0, 1.0, 1.0)] * 2
    assert any("3 days" in said for said in calibration.warnings)


def three_days() -> History:
    daily = DailyUse(
        first=date(2026, 10, 1),
        request_types=("a", "b"),
        requests=np.full((3, 2), 100.0),
        spend_usd=np.ones((3, 2)),
        tokens=np.ones((3, 2)),
        counted=np.ones((3, 2), dtype=np.bool_),
        is_daily=True,
    )
    return history_of_periods(daily, (), None, date(2026, 11, 23), 3.0, ())


def test_two_years_are_the_data() -> None:
    calibration = calibrate(simulated_months(1), DEFAULTS, NOTHING)
    for name in ("growth_per_year", "monthly_noise", "monthly_volatility", "common_share"):
        assert calibration.parameter(name).source == "data"
    assert calibration.parameter("growth_per_year").weight_of_data > 0.8
    for name in ("growth_damping_per_month", "leave_probability_per_quarter", "rebound", "largest_customer_fraction"):
        assert (calibration.parameter(name).source, calibration.parameter(name).weight_of_data) == ("prior", 0.0)


def test_the_weight_of_the_data_grows_with_the_history() -> None:
    history = simulated_months(2)
    short, middle, whole = (calibrate(history.without_last(hidden), DEFAULTS, NOTHING) for hidden in (18, 12, 0))
    for name in ("growth_per_year", "monthly_noise"):
        weights = [each.parameter(name).weight_of_data for each in (short, middle, whole)]
        assert weights == sorted(weights)
        assert weights[0] < weights[-1]


def test_intervals_hold_the_truth_at_the_stated_rate() -> None:
    """Parameters drawn from the priors, a year each: 80 % of the intervals hold them, to four standard errors.

    The study in benchmarks/ has more histories and lengths.
    """
    study = runpy.run_path(str(BENCHMARK))
    rng = np.random.default_rng(11)
    held = []
    for _ in range(60):
        truth = study["from_priors"](rng, weekly=False)
        history, levels = study["simulated"](truth, "12 months", rng)
        held.append(study["held"](calibrate(history, DEFAULTS, NOTHING), truth, levels))
    for name in study["PARAMETERS"]:
        share = np.mean([each[name] for each in held])
        assert abs(share - 0.8) < 4 * np.sqrt(0.8 * 0.2 / 60), name


def test_the_coverage_study_prints_a_table() -> None:
    done = subprocess.run(
        [sys.executable, str(BENCHMARK), "--histories", "2"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    rows = [line for line in done.stdout.splitlines() if line.startswith("| ")][1:]
    assert len(rows) == 10
    assert all(len(row.split("|")) == 11 for row in rows)


# ---- what a user typed


@pytest.mark.parametrize("key", ["monthly_volatility", "monthly_noise", "noise_ar1", "common_share", "level_sd"])
def test_a_typed_value_wins_and_is_marked(key: str) -> None:
    typed = replace(DEFAULTS, **{key: 0.123})
    calibration = calibrate(simulated_months(3, 12), typed, frozenset({key}))
    fit = calibration.parameter(key)
    assert (fit.value, fit.p10, fit.p90, fit.source, fit.weight_of_data) == (0.123, 0.123, 0.123, "user", 0.0)
    assert getattr(calibration.demand, key) == 0.123
    assert calibration.parameter("growth_per_year").source == "data"
    assert any(short_name(key) in said for said in calibration.warnings)


def test_typed_growth_and_season_win() -> None:
    season = tuple(np.array([1.2, 0.8] * 6).tolist())
    typed = replace(DEFAULTS, growth_per_year=rate_from_quantiles(0.1, 0.3), season=season)
    calibration = calibrate(simulated_months(4), typed, frozenset({"growth_per_year", "season"}))
    assert calibration.demand.growth_per_year == typed.growth_per_year
    assert calibration.demand.season == season
    growth = calibration.parameter("growth_per_year")
    assert (round(growth.p10, 9), round(growth.p90, 9), growth.source) == (0.1, 0.3, "user")
    assert calibration.parameter("season.february").source == "user"
    assert calibration.parameter("season.february").value == 0.8


def test_everything_typed_leaves_the_model_as_it_is() -> None:
    calibration = calibrate(simulated_months(5, 8), DEFAULTS, frozenset(DEMAND_KEYS))
    assert calibration.demand == DEFAULTS


def test_a_typed_noise_is_what_the_rest_is_fitted_with() -> None:
    """The same months leave less room for a walk where all of the scatter is said to be noise."""
    history = simulated_months(6)
    loud = calibrate(history, replace(DEFAULTS, monthly_noise=0.2), frozenset({"monthly_noise"}))
    quiet = calibrate(history, replace(DEFAULTS, monthly_noise=0.02), frozenset({"monthly_noise"}))
    assert loud.parameter("monthly_volatility").value < quiet.parameter("monthly_volatility").value


# ---- levels, growth, season, steps


@pytest.mark.parametrize("growth", [-0.3, 0.0, 0.6, 4.0])
def test_a_history_without_noise_is_read_exactly(growth: float) -> None:
    """Requests on an exact exponential: its rate, and its value at the end of the last month."""
    days = 5000.0 * (1 + growth) ** (np.arange(18)[:, None] / 12) * np.array([1.0, 0.4])
    calibration = calibrate(of_months(days, "2025-05"), DEFAULTS, NOTHING)
    fit = calibration.parameter("growth_per_year")
    assert fit.p10 - 1e-3 <= growth <= fit.p90 + 1e-3
    assert fit.value == pytest.approx(growth, abs=0.005 * (1 + growth))
    at_end = days[-1] * (1 + growth) ** (0.5 / 12) * DAYS_PER_MONTH
    assert calibration.levels is not None
    assert list(calibration.levels.values()) == pytest.approx(at_end.tolist(), rel=2e-3)
    bill = calibration.parameter("level_usd_per_month")
    assert bill.value == pytest.approx(0.01 * at_end.sum(), rel=2e-3)


def test_a_lasting_step_is_not_growth_and_the_level_is_the_one_after() -> None:
    rng = np.random.default_rng(12)
    days = 1000.0 * np.exp(0.03 * rng.standard_normal((18, 2)))
    days[9:, 0] *= 2.5
    calibration = calibrate(of_months(days, "2025-05"), DEFAULTS, NOTHING)
    growth = calibration.parameter("growth_per_year")
    assert growth.p10 < 0.0 < growth.p90 < 0.3
    assert calibration.levels is not None
    assert calibration.levels["type 0"] == pytest.approx(2500 * DAYS_PER_MONTH, rel=0.08)
    assert any("times its former level from 2026-02" in said for said in calibration.warnings)
    assert "lasting step" in calibration.rests_on


def stepped(day: int, factor: float, *, is_daily: bool = True) -> Calibration:
    """Eighteen months of two types that grow by 45 % a year, the first of which steps up or down on a day."""
    labels = months_between("2025-05", "2026-10")
    n_days = sum(days_in(label) for label in labels)
    noise = 0.05 * np.random.default_rng(14).standard_normal((n_days, 2))
    requests = 1000.0 * 1.45 ** (np.arange(n_days)[:, None] / 365.25) * np.exp(noise)
    requests[day:, 0] *= factor
    history = of_days(requests, labels)
    if not is_daily:
        daily = replace(history.daily, is_daily=False)
        history = history_of_periods(daily, history.periods, "month", history.priced_on, float(n_days), ())
    return calibrate(history, DEFAULTS, NOTHING)


@settings(max_examples=15, deadline=None)
@given(day=st.integers(65, 480), log_size=st.floats(np.log(1.6), np.log(4.0)), sign=st.sampled_from([-1.0, 1.0]))
def test_a_step_on_any_day_of_a_month_is_no_growth(day: int, log_size: float, sign: float) -> None:
    calibration = stepped(day, float(np.exp(sign * log_size)))
    (shift,) = calibration.history.level_shifts
    assert shift.start == date(2025, 5, 1) + timedelta(days=day)
    assert calibration.parameter("growth_per_year").value == pytest.approx(0.45, abs=0.08)
    assert calibration.levels is not None
    end = 1000.0 * 1.45 ** (549 / 365.25) * DAYS_PER_MONTH
    assert calibration.levels["type 0"] == pytest.approx(end * np.exp(sign * log_size), rel=0.08)
    assert calibration.levels["type 1"] == pytest.approx(end, rel=0.08)


@pytest.mark.parametrize("day", [255, 260, 265])
@pytest.mark.parametrize("factor", [3.0, 1 / 3])
def test_without_days_the_month_that_a_step_begins_in_is_split(day: int, factor: float) -> None:
    calibration = stepped(day, factor, is_daily=False)
    (shift,) = calibration.history.level_shifts
    left = (first_day("2026-02") - (date(2025, 5, 1) + timedelta(days=day))).days / 31
    assert (shift.label, shift.share) == ("2026-01", pytest.approx(left, abs=0.1))
    assert calibration.parameter("growth_per_year").value == pytest.approx(0.45, abs=0.08)


def test_two_years_tell_a_season_and_one_year_does_not() -> None:
    season = np.array([1.2, 1.1, 1.0, 1.0, 1.0, 1.0, 0.9, 0.8, 1.0, 1.0, 1.0, 1.0])
    rng = np.random.default_rng(13)
    days = 1000.0 * np.tile(season, 2)[:, None] * np.exp(0.03 * rng.standard_normal((24, 3)))
    history = of_months(days, "2024-01")
    fitted = calibrate(history, DEFAULTS, NOTHING).demand.season
    assert fitted == pytest.approx(season.tolist(), abs=0.05)
    assert sum(fitted) == pytest.approx(12.0, abs=1e-9)
    assert calibrate(history.without_last(12), DEFAULTS, NOTHING).demand.season == (1.0,) * 12


def test_a_season_that_is_typed_is_divided_out_of_the_level() -> None:
    season = np.array([1.5, 0.5] * 6)
    days = 1000.0 * np.tile(season, 2)[:12, None] * np.ones((1, 2))
    typed = replace(DEFAULTS, season=tuple(season.tolist()))
    levels = calibrate(of_months(days, "2025-01"), typed, frozenset({"season"})).levels
    assert levels is not None
    assert list(levels.values()) == pytest.approx([1000 * DAYS_PER_MONTH] * 2, rel=0.01)


def test_a_type_that_is_not_always_there_gets_its_mean_moved_by_growth() -> None:
    days = np.full((12, 3), 1000.0) * 1.6 ** (np.arange(12)[:, None] / 12)
    days[:8, 2] = 0.0
    calibration = calibrate(of_months(days, "2025-01"), DEFAULTS, NOTHING)
    assert calibration.fitted_types == ("type 0", "type 1")
    assert calibration.levels is not None
    assert calibration.levels["type 2"] == pytest.approx(1000 * 1.6 ** (11.5 / 12) * DAYS_PER_MONTH, rel=0.02)


@pytest.mark.parametrize(("noise", "is_learnt"), [(0.0, False), (0.0005, False), (0.1, True)])
def test_noise_that_is_typed_as_none_has_no_correlation_to_learn(noise: float, is_learnt: bool) -> None:
    typed = replace(DEFAULTS, monthly_noise=noise)
    calibration = calibrate(simulated_months(4), typed, frozenset({"monthly_noise"}))
    found = calibration.parameter("noise_ar1")
    assert (found.weight_of_data > 0) == is_learnt
    assert (found.value == 0.3) == (not is_learnt)
    assert calibration.demand.noise_ar1 == found.value
    if not is_learnt:
        assert found.source == "prior"
        assert found.p10 < 0.3 < found.p90


def test_where_no_type_is_always_there_the_bill_is_fitted() -> None:
    days = np.full((12, 2), 1000.0)
    days[6:, 0] = days[:6, 1] = 0.0
    calibration = calibrate(of_months(days, "2025-01"), DEFAULTS, NOTHING)
    assert calibration.fitted_types == ()
    assert calibration.parameter("common_share").source == "prior"
    assert any("whole bill" in said for said in calibration.warnings)
    assert calibration.parameter("monthly_noise").value < 0.1


def test_an_unusual_day_stays_in_the_level_and_leaves_the_noise() -> None:
    requests = np.full((365, 2), 1000.0)
    labels = months_between("2025-01", "2025-12")
    quiet = calibrate(of_days(requests, labels), DEFAULTS, NOTHING)
    requests[200, 0] = 100_000.0
    shot = calibrate(of_days(requests, labels), DEFAULTS, NOTHING)
    assert shot.parameter("monthly_noise").value == pytest.approx(quiet.parameter("monthly_noise").value, rel=0.05)
    assert quiet.levels is not None
    assert shot.levels is not None
    assert shot.levels["type 0"] / quiet.levels["type 0"] == pytest.approx((364 + 100) / 365, rel=0.01)
    assert shot.levels["type 1"] == pytest.approx(quiet.levels["type 1"], rel=0.01)


def test_the_band_of_the_trend_holds_four_in_five_of_the_months() -> None:
    inside = []
    for seed in range(12):
        trend = calibrate(simulated_months(100 + seed), DEFAULTS, NOTHING).trend
        assert trend is not None
        assert np.all((trend.p10_usd < trend.fitted_usd) & (trend.fitted_usd < trend.p90_usd))
        inside += ((trend.p10_usd <= trend.measured_usd) & (trend.measured_usd <= trend.p90_usd)).tolist()
    # The level is smoothed from the same months, so that somewhat more of them lie inside.
    assert 0.75 < np.mean(inside) < 0.98


# ---- rounding, writing, telling


@given(st.lists(st.floats(0.2, 3.0), min_size=12, max_size=12))
def test_rounded_seasons_have_mean_one(factors: list[float]) -> None:
    values = np.array(factors)
    rounded = rounded_season(values)
    assert float(np.sum(rounded)) == pytest.approx(12.0, abs=1e-9)
    assert np.abs(rounded - values / values.mean()).max() < 1.01e-4


@given(st.lists(st.floats(-5, 5), min_size=1, max_size=40), st.integers(0, 2**32 - 1))
def test_weighted_quantiles_are_ordered_and_inside(values: list[float], seed: int) -> None:
    weight = np.random.default_rng(seed).dirichlet(np.ones(len(values)))
    p10, p50, p90 = weighted_quantiles(np.array(values), weight)
    assert min(values) <= p10 <= p50 <= p90 <= max(values)


PLAN = """format = 1   # kept
[plan]
name = "x"
start = 2027-01-01

[demand]
level_sd = 0.05          # mine
[[demand.event]]
name = "launch"
probability = 0.5
month = 3
size = 1.2

[[scenario]]
name = "as is"
"""


def test_the_fit_is_written_into_the_plan_and_read_back() -> None:
    typed = replace(DEFAULTS, level_sd=0.05)
    calibration = calibrate(simulated_months(20), typed, frozenset({"level_sd"}))
    text = with_calibration(PLAN, calibration)
    assert "# kept" in text
    assert "# mine" in text
    read = tomllib.loads(text)
    demand = read["demand"]
    assert demand["level_sd"] == 0.05
    assert demand["event"][0]["name"] == "launch"
    assert read["scenario"] == [{"name": "as is"}]
    assert set(demand) == {*FITTED_KEYS, "event", "fitted"}
    for key in ("monthly_volatility", "common_share", "monthly_noise", "noise_ar1"):
        assert demand[key] == getattr(calibration.demand, key) == demand["fitted"][key]["value"]
    growth = calibration.parameter("growth_per_year")
    assert demand["growth_per_year"] == {"p10": growth.p10, "p90": growth.p90}
    assert rate_from_quantiles(growth.p10, growth.p90) == calibration.demand.growth_per_year
    assert tuple(demand["season"]) == calibration.demand.season == tuple(demand["fitted"]["season"]["value"])
    assert demand["fitted"]["rests_on"] == calibration.rests_on
    assert demand["fitted"]["level_sd"]["source"] == "user"
    assert set(demand["fitted"]) == {"rests_on", *DEMAND_KEYS}
    assert with_calibration(text, calibration) == text


def test_a_plan_without_demand_gets_one() -> None:
    calibration = calibrate(three_days(), DEFAULTS, NOTHING)
    read = tomllib.loads(with_calibration('format = 1\n\n[plan]\nname = "x"\n', calibration))
    assert read["demand"]["growth_per_year"] == {"p10": 0.0, "p90": 1.56}
    assert read["demand"]["monthly_noise"] == 0.1
    assert read["demand"]["token_drift_per_year"] == 0.0


def test_calibrating_twice_gives_the_same_numbers() -> None:
    history = simulated_months(21, 14)
    assert calibrate(history, DEFAULTS, NOTHING).parameters == calibrate(history, DEFAULTS, NOTHING).parameters


@pytest.fixture(scope="module")
def told() -> Calibration:
    requests = np.full((730, 2), 1000.0) * np.exp(0.05 * np.random.default_rng(30).standard_normal((730, 2)))
    requests[300, 1] = 90_000.0
    requests[365:, 0] *= 3.0
    return calibrate(of_days(requests, months_between("2023-01", "2024-12")[:24]), DEFAULTS, frozenset({"noise_ar1"}))


def test_the_json_has_every_parameter_and_what_it_rests_on(told: Calibration) -> None:
    data = json.loads(json.dumps(calibration_json(told), allow_nan=False))
    for each in data["parameters"]:
        assert set(each) == {"name", "value", "p10", "p90", "source", "weight_of_data"}
        assert each["source"] in ("data", "prior", "user")
        assert each["p10"] <= each["value"] <= each["p90"]
        assert 0 <= each["weight_of_data"] <= 1
    names = [each["name"] for each in data["parameters"]]
    assert len(names) == len(set(names))
    assert {*DEMAND_KEYS} - {"season"} <= set(names)
    assert {"season.january", "weekday.sunday", "level_usd_per_month", "level.type 0"} <= set(names)
    assert data["period"] == "month"
    assert [each["day"] for each in data["outlier_days"]] == [str(date(2023, 1, 1) + timedelta(days=300))]
    assert data["level_shifts"][0]["request_type"] == "type 0"
    assert data["concentration"]["top_type"] == told.history.top_type
    assert len(data["trend"]) == told.history.n_periods
    assert len(data["weekdays"]) == 7


def test_the_tables_name_every_source(told: Calibration) -> None:
    tables = {table.title.split(",")[0]: table for table in calibration_tables(told)}
    assert {"Demand", "Season", "Weekdays", "Unusual days", "Lasting steps of the level"} == set(tables)
    sources = {row[0]: row[4] for row in tables["Demand"].rows}
    assert sources["growth a year"] == "your data"
    assert sources["month-to-month correlation of noise"] == "you"
    assert sources["damping of growth a month"] == "prior"
    for table in tables.values():
        assert all(len(row) == len(table.columns) for row in table.rows)
    assert "[[usage.exclude]]" in tables["Unusual days"].note
    assert "Growth of" in calibration_headline(told)[0]
    assert "prior" in calibration_headline(calibrate(three_days(), DEFAULTS, NOTHING))[0]


def test_the_headline_says_where_everything_was_typed() -> None:
    history = simulated_months(5, 8)
    typed = calibration_headline(calibrate(history, DEFAULTS, frozenset(DEMAND_KEYS)))
    assert typed[1] == "Every key that could be fitted was typed; the level was measured."
    fitted = calibration_headline(calibrate(history, DEFAULTS, frozenset(DEMAND_KEYS) - {"monthly_noise"}))
    assert fitted[1] == "Learnt mostly from your data: noise of a month."


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("monthly_volatility", 0.06, "± 6.0%"),
        ("monthly_noise", 0.09949, "± 9.9%"),
        ("monthly_noise", 0.09951, "± 10%"),
        ("level_sd", 1.0, "± 100%"),
        ("noise_ar1", 0.3, "0.30"),
        ("noise_ar1", -0.04561, "-0.05"),
        ("noise_ar1", -0.004, "0.00"),
        ("growth_per_year", 0.45, "45.0%"),
        ("growth_damping_per_month", 0.98, "0.98"),
    ],
)
def test_a_parameter_is_told_in_its_unit(name: str, value: float, shown: str) -> None:
    assert parameter_value(name, value) == shown


@pytest.mark.parametrize(
    ("span", "said"), [(1 / 24, "covers 1 hour,"), (0.5, "covers 12 hours,"), (3, "covers 3 days,")]
)
def test_a_span_is_told_in_hours_or_days(span: float, said: str) -> None:
    calibration = calibrate(replace(three_days(), span_days=float(span)), DEFAULTS, NOTHING)
    assert said in calibration.warnings[0]


def test_charts_carry_the_fit(told: Calibration) -> None:
    frame = trend_frame(told)
    assert told.trend is not None
    assert frame["fitted"].to_numpy() == pytest.approx(told.trend.fitted_usd)
    assert frame["steps"].str.contains("type 0").sum() == 1
    for chart in (trend_chart(told), weights_chart(told)):
        spec = chart.to_dict()
        assert spec["title"]["subtitle"]
    weights = json.dumps(weights_chart(told).to_dict())
    assert '"values": [0, 0.25, 0.5, 0.75, 1]' in weights, "no tick beyond 100 %"
    with pytest.raises(Exception, match="no fit to draw"):
        trend_frame(calibrate(three_days(), DEFAULTS, NOTHING))


def test_periods_with_unusual_days_are_marked_and_named_in_a_legend(told: Calibration) -> None:
    frame, history = trend_frame(told), told.history
    assert history.outlier_days
    for kind, words, period in zip(frame["kind"], frame["unusual"], history.periods, strict=True):
        unusual = [one for one in history.outlier_days if period.start <= one.day <= period.end]
        assert (kind == "with unusual days") is bool(unusual)
        assert words.count(",") == max(len(unusual) - 1, 0)
    assert '"shape"' in json.dumps(trend_chart(told).to_dict())
    calm = replace(told, history=replace(history, outlier_days=()))
    assert '"shape"' not in json.dumps(trend_chart(calm).to_dict()), "no legend for what does not occur"


def test_a_constant_growth_that_is_typed_is_a_constant() -> None:
    typed = replace(DEFAULTS, growth_per_year=Point(0.4))
    calibration = calibrate(simulated_months(22, 12), typed, frozenset({"growth_per_year"}))
    fit = calibration.parameter("growth_per_year")
    assert (fit.value, fit.p10, fit.p90) == pytest.approx((0.4, 0.4, 0.4))
