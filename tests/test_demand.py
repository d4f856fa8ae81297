"""Demand against the moments that its definition implies. Tolerances are the estimators' own standard errors."""

from math import ceil, log, log1p, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from planner.demand import DemandModel, Event, check_season, damped_months, leave_hazard, season_factors
from planner.demand_process import DemandProcess, demand_process
from planner.distributions import Point, pert, positive_from_quantiles, rate_from_quantiles
from planner.errors import InputError
from planner.streams import BlockStreams

N = 60_000


def fresh_streams() -> BlockStreams:
    return BlockStreams(seed=20261123, block=0, size=N)


CALM = {
    "level_sd": 0.0,
    "growth_per_year": Point(0.0),
    "growth_damping_per_month": 1.0,
    "monthly_volatility": 0.0,
    "common_share": 0.5,
    "monthly_noise": 0.0,
    "noise_ar1": 0.0,
    "leave_probability_per_quarter": 0.0,
}
SEASON = (0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.3, 1.2, 1.1, 1.0, 0.9, 0.8)


def process(*, growth_months=0.0, drift_months=0.0, start_month=1, n_months=12, types=("a", "b"), **changed):
    return demand_process(
        DemandModel(**{**CALM, **changed}),
        request_types=types,
        largest_type="a",
        growth_months=growth_months,
        drift_months=drift_months,
        start_month=start_month,
        n_months=n_months,
    )


def factors(**changed) -> np.ndarray:
    """Shape (n_months, n_types, n_paths)."""
    return process(**changed).factors(fresh_streams()).swapaxes(0, 1)


def growth_worth(months: np.ndarray, phi: float) -> np.ndarray:
    return months / 12 if phi == 1 else (1 - phi**months) / (1 - phi) / 12


def test_calm_demand_is_the_level_times_the_season():
    found = factors(season=SEASON, start_month=11)
    assert found.shape == (12, 2, N)
    expected = [0.9, 0.8, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.3, 1.2, 1.1, 1.0]
    np.testing.assert_allclose(found, np.broadcast_to(np.array(expected)[:, None, None], found.shape))


@given(st.integers(1, 12), st.integers(1, 40))
def test_the_season_turns_with_the_calendar(start_month, n_months):
    found = season_factors(SEASON, start_month, n_months)
    assert found.tolist() == [SEASON[(start_month - 1 + t) % 12] for t in range(n_months)]


@pytest.mark.parametrize("phi", [1.0, 0.98, 0.8])
@pytest.mark.parametrize("g", [0.0, 2.5, 5.0])
def test_certain_growth_is_exact(phi, g):
    found = factors(growth_per_year=Point(0.6), growth_damping_per_month=phi, growth_months=g)[:, 0, 0]
    months = np.arange(12) + g
    assert found == pytest.approx(1.6 ** growth_worth(months, phi))
    if phi == 1.0 and g == 0:
        assert found[0] == 1
        assert found[6] == pytest.approx(1.6**0.5)


@given(st.floats(0, 60), st.floats(0.5, 0.9999))
def test_damped_growth_is_a_sum_of_fading_months(m, phi):
    whole = int(m)
    assert damped_months(np.array([float(whole)]), phi)[0] == pytest.approx(sum(phi**i for i in range(whole)), abs=1e-6)
    assert damped_months(np.array([m]), 1.0)[0] == m


@pytest.mark.parametrize(
    "changed",
    [
        {"level_sd": 0.3},
        {"monthly_volatility": 0.12, "growth_months": 3.0},
        {"monthly_noise": 0.3, "noise_ar1": 0.6},
        {"growth_per_year": rate_from_quantiles(0.0, 1.56), "growth_damping_per_month": 0.95, "growth_months": 2.0},
        {
            "level_sd": 0.1,
            "monthly_volatility": 0.06,
            "monthly_noise": 0.1,
            "noise_ar1": 0.3,
            "common_share": 0.2,
            "growth_months": 4.5,
            "season": SEASON,
        },
    ],
    ids=["level", "walk", "noise", "growth", "together"],
)
def test_mean_requests_are_season_times_mean_growth_because_volatility_adds_no_drift(changed):
    found = factors(**changed)
    months = np.arange(12) + changed.get("growth_months", 0.0)
    growth = changed.get("growth_per_year")
    w = growth_worth(months, changed.get("growth_damping_per_month", 1.0))
    expected = np.array(changed.get("season", (1.0,) * 12))
    if growth is not None:
        mu, sd = log(2.56) / 2, log(2.56) / 2 / 1.2815515655446004
        expected = expected * np.exp(mu * w + (sd * w) ** 2 / 2)
    error = found.std(axis=2, ddof=1) / sqrt(N)
    assert (np.abs(found.mean(axis=2) - expected[:, None]) <= 4 * error + 1e-12).all()


@pytest.mark.parametrize(
    ("rho", "sigma", "noise", "ar1", "level", "g"),
    [
        (0.5, 0.06, 0.1, 0.3, 0.1, 0.0),
        (0.0, 0.2, 0.0, 0.0, 0.0, 2.0),
        (1.0, 0.1, 0.2, 0.8, 0.0, 2.5),
        (0.25, 0.0, 0.3, -0.5, 0.2, 7.1),
        (0.7, 0.1, 0.0, 0.0, 0.0, 0.2),
    ],
)
def test_log_demand_has_the_covariance_of_level_walk_and_noise(rho, sigma, noise, ar1, level, g):
    """Var(log N) in month t: level^2 + sigma^2 (t + ceil(g)) + noise^2; over types rho of walk and noise is shared."""
    found = np.log(
        factors(
            common_share=rho, monthly_volatility=sigma, monthly_noise=noise, noise_ar1=ar1, level_sd=level,
            growth_months=g,
        )
    ).reshape(24, N)  # fmt: skip
    t = np.repeat(np.arange(12), 2)
    own = np.where(np.equal.outer(np.tile([0, 1], 12), np.tile([0, 1], 12)), 1.0, rho)
    walk = sigma**2 * (np.minimum.outer(t, t) + ceil(g))
    expected = level**2 + own * (walk + noise**2 * ar1 ** np.abs(np.subtract.outer(t, t)))
    error = np.sqrt((np.outer(np.diag(expected), np.diag(expected)) + expected**2) / N)
    assert (np.abs(np.cov(found) - expected) <= 4.5 * error + 1e-12).all()
    mean_error = np.sqrt(np.diag(expected) / N)
    assert (np.abs(found.mean(axis=1) + np.diag(expected) / 2) <= 4 * mean_error + 1e-12).all()


def test_level_and_growth_are_one_draw_for_all_types_and_months():
    level = np.log(factors(level_sd=0.2))
    assert np.ptp(level, axis=(0, 1)).max() < 1e-12
    growth = factors(growth_per_year=rate_from_quantiles(0.0, 1.0))
    assert np.ptp(growth, axis=1).max() == 0
    np.testing.assert_allclose(growth[10], growth[5] ** 2)


def test_the_walk_keeps_what_it_was_and_the_noise_forgets():
    walk = np.log(factors(monthly_volatility=0.1, n_months=36))[:, 0]
    noise = np.log(factors(monthly_noise=0.1, n_months=36))[:, 0]
    assert np.corrcoef(walk[34], walk[35])[0, 1] > 0.95
    assert abs(np.corrcoef(noise[34], noise[35])[0, 1]) < 4 / sqrt(N)


@pytest.mark.parametrize("p", [0.05, 0.4])
def test_the_largest_type_leaves_at_a_constant_hazard_for_good(p):
    """After t months the share that stays is (1 - p)^(t / 3): month 0 is served, and a quarter loses p."""
    found = factors(leave_probability_per_quarter=p, n_months=24)
    stays = found[:, 0] > 0
    expected = (1 - p) ** (np.arange(24) / 3)
    error = np.sqrt(expected * (1 - expected) / N)
    assert (np.abs(stays.mean(axis=1) - expected) <= 4 * error).all()
    assert (np.diff(stays.astype(int), axis=0) <= 0).all()
    assert (found[:, 1] == 1).all()


def test_the_hazard_of_a_month_makes_the_quarter_s_probability():
    assert 1 - (1 - leave_hazard(0.05)) ** 3 == pytest.approx(0.05)
    assert leave_hazard(0.0) == 0
    assert leave_hazard(1.0) == 1


def test_without_types_nobody_leaves():
    empty = DemandProcess.factors(process(types=(), monthly_noise=0.1), fresh_streams())
    assert empty.shape == (0, 12, N)


def event(**changed) -> Event:
    given_terms = {"name": "launch", "probability": 1.0, "month": Point(4.0), "size": Point(1.25)}
    return Event(**{**given_terms, **changed})


def test_an_event_multiplies_from_its_month_on_for_the_types_it_hits():
    found = factors(events=(event(request_types=("b",)),))
    assert (found[:, 0] == 1).all()
    np.testing.assert_allclose(found[:4, 1], 1)
    np.testing.assert_allclose(found[4:, 1], 1.25)


def test_an_event_happens_as_often_as_it_says_and_in_rounded_pert_months():
    p = 0.6
    found = factors(events=(event(probability=p, month=pert(2, 4, 7, whole=True)),))[:, 0]
    happened = found[-1] > 1
    assert abs(happened.mean() - p) <= 4 * sqrt(p * (1 - p) / N)
    first = (found[:, happened] > 1).argmax(axis=0)
    edges = stats.beta.cdf((np.array([2, 2.5, 3.5, 4.5, 5.5, 6.5, 7]) - 2) / 5, 1 + 8 / 5, 1 + 12 / 5)
    for month, share in zip(range(2, 8), np.diff(edges), strict=True):
        error = sqrt(share * (1 - share) / happened.sum())
        assert abs((first == month).mean() - share) <= 4 * error


def test_the_size_of_an_event_is_drawn_once_a_path_and_two_events_are_independent():
    size = positive_from_quantiles(1.1, 2.0)
    found = factors(events=(event(name="x", size=size), event(name="y", size=size, request_types=("b",))))
    x, y = found[11, 0], found[11, 1] / found[11, 0]
    assert np.ptp(found[4:, 0], axis=0).max() == 0
    assert abs(np.corrcoef(np.log(x), np.log(y))[0, 1]) < 4 / sqrt(N)
    assert abs(np.log(x).mean() - log(1.1 * 2.0) / 2) < 4 * np.log(x).std() / sqrt(N)


def test_a_size_of_nothing_ends_a_type():
    found = factors(events=(event(size=Point(0.0), request_types=("a",)),))
    assert (found[4:, 0] == 0).all()
    assert (found[:4, 0] == 1).all()


@pytest.mark.parametrize("g", [0.0, 3.0])
def test_tokens_per_request_drift_from_the_month_they_were_measured_in(g):
    certain = process(token_drift_per_year=Point(0.12), drift_months=g).token_factors(fresh_streams())
    assert certain[:, 0] == pytest.approx(1.12 ** ((np.arange(12) + g) / 12))
    drawn = process(token_drift_per_year=rate_from_quantiles(-0.05, 0.15), drift_months=g).token_factors(
        fresh_streams()
    )
    sd = (log1p(0.15) - log1p(-0.05)) / 2 / 1.2815515655446004
    mu = (log1p(0.15) + log1p(-0.05)) / 2
    years = (np.arange(12) + g) / 12
    error = drawn.std(axis=1) / sqrt(N)
    assert (np.abs(drawn.mean(axis=1) - np.exp(mu * years + (sd * years) ** 2 / 2)) <= 4 * error + 1e-12).all()


@pytest.mark.parametrize(
    ("season", "message"),
    [((1.0,) * 11, "11"), ((1.0,) * 11 + (1.00002,), "mean"), ((0.0,) + (12 / 11,) * 11, "0")],
)
def test_a_season_has_twelve_positive_factors_with_mean_one(season, message):
    with pytest.raises(InputError, match=message):
        check_season(season)


def test_a_season_may_miss_its_mean_by_a_millionth():
    check_season((1.0,) * 11 + (1.000011,))


def test_a_year_of_weekly_noise_mostly_averages_out():
    """Monthly log sd 0.1, AR(1) 0.3: the year's coefficient of variation is about 0.1 sqrt((1 + 0.6 ...) / 12)."""
    year = factors(monthly_noise=0.1, noise_ar1=0.3, common_share=1.0)[:, 0].sum(axis=0)
    lags = np.abs(np.subtract.outer(np.arange(12), np.arange(12)))
    cv = sqrt((np.exp(0.01 * 0.3**lags) - 1).sum()) / 12
    assert year.std() / year.mean() == pytest.approx(cv, rel=4 / sqrt(2 * N) * 1.5)
