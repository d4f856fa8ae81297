"""Price moves: rates, sizes, lag and the months that have arrived, against closed forms."""

from math import exp, log, sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.distributions import Point, fraction_from_quantiles, positive_from_quantiles
from planner.price_moves import PriceMoves, price_factors, price_pool
from planner.streams import BlockStreams

N = 40_000
STREAMS = BlockStreams(seed=7, block=0, size=N)


def moves(**changed) -> PriceMoves:
    terms = {
        "falls_per_year": 0.0,
        "fall": Point(0.5),
        "rises_per_year": 0.0,
        "rise": Point(0.25),
        "lag_months": 0,
    }
    return PriceMoves(**{**terms, **changed})


def factors(terms: PriceMoves, *, tier="opus", before=0, n_months=12, streams=STREAMS) -> np.ndarray:
    return price_factors(terms, tier=tier, months_before_start=before, n_months=n_months, streams=streams)


def arrived(before: int, lag: int, n_months: int = 12) -> np.ndarray:
    return np.maximum(np.arange(n_months) + before - lag, 0)


@pytest.mark.parametrize(("before", "lag"), [(0, 0), (2, 0), (0, 3), (2, 3), (5, 3), (-4, 0), (1, 40)])
def test_a_tier_that_halves_pays_half_as_often_as_the_poisson_rate_says(before, lag):
    """P(no fall yet) = exp(-rate / 12 x months arrived), and k falls leave 0.5^k."""
    rate = 2.4
    found = factors(moves(falls_per_year=rate, lag_months=lag), before=before)
    m = arrived(before, lag)
    for k in (0, 1, 2):
        expected = np.array([exp(-rate / 12 * n) * (rate / 12 * n) ** k / (1, 1, 2)[k] for n in m])
        error = np.sqrt(expected * (1 - expected) / N)
        assert (np.abs((np.abs(found - 0.5**k) < 1e-12).mean(axis=1) - expected) <= 4 * error + 1e-12).all()


def test_rises_multiply_by_one_plus_the_rise():
    found = factors(moves(rises_per_year=3.0))
    powers = np.log(found) / log(1.25)
    np.testing.assert_allclose(powers, np.rint(powers), atol=1e-9)
    assert powers[11].mean() == pytest.approx(3 * 11 / 12, abs=4 * sqrt(3 * 11 / 12 / N))


@pytest.mark.parametrize(("before", "lag"), [(2, 3), (6, 1)])
def test_the_mean_price_is_the_compound_poisson_s(before, lag):
    """E[factor] = exp(m / 12 (rises E[rise] - falls E[fall])) after m months: each move has a size of its own."""
    fall, rise = fraction_from_quantiles(0.10, 0.60), positive_from_quantiles(0.05, 0.30)
    found = factors(
        moves(falls_per_year=0.7, fall=fall, rises_per_year=0.2, rise=rise, lag_months=lag), before=before, n_months=36
    )
    months = arrived(before, lag, 36)
    expected = np.exp(months / 12 * (0.2 * rise.mean - 0.7 * fall.mean))
    error = found.std(axis=1) / sqrt(N)
    assert (np.abs(found.mean(axis=1) - expected) <= 4 * error + 1e-12).all()
    logs = np.log(found)
    z = STREAMS.normal("anything", 5).ravel()
    second = 0.7 * (np.log1p(-fall.from_normal(z)) ** 2).mean() + 0.2 * (np.log1p(rise.from_normal(z)) ** 2).mean()
    assert logs[35].var() == pytest.approx(months[35] / 12 * second, rel=0.05)


@settings(max_examples=25)
@given(st.integers(0, 12), st.integers(-6, 12))
def test_a_lag_only_delays(lag, before):
    streams = BlockStreams(seed=7, block=3, size=200)
    terms = {"falls_per_year": 4.0, "fall": fraction_from_quantiles(0.1, 0.6), "rises_per_year": 3.0}
    late = factors(moves(**terms, lag_months=lag), before=before, streams=streams)
    shifted = factors(moves(**terms), before=before - lag, streams=streams)
    np.testing.assert_array_equal(late, shifted)


def test_a_longer_horizon_leaves_the_earlier_months_as_they_were():
    terms = moves(falls_per_year=2.0, fall=fraction_from_quantiles(0.1, 0.6), rises_per_year=1.0)
    np.testing.assert_array_equal(factors(terms, n_months=36)[:12], factors(terms, n_months=12))


def test_tiers_move_on_their_own():
    terms, streams = moves(falls_per_year=3.0), BlockStreams(seed=7, block=0, size=8192)

    def path(tier: str) -> np.ndarray:
        pool = price_pool(terms, tier=tier, months_before_start=0, n_months=12, aim_months=12, seed=7, paths=8192)
        return np.log(pool.of(streams)[11])

    opus, haiku = path("opus"), path("haiku")
    assert abs(np.corrcoef(opus, haiku)[0, 1]) < 4 / sqrt(8192)
    np.testing.assert_array_equal(path("opus"), opus)
    assert (opus != haiku).any()


def test_prices_that_cannot_move_do_not():
    assert moves().is_still
    assert not moves(rises_per_year=0.1).is_still
    assert (factors(moves()) == 1).all()
