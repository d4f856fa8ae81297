"""Uncertain inputs against distributions whose quantiles can be written down."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from planner.distributions import (
    Z90,
    JudgedEscalation,
    Point,
    fraction_from_quantiles,
    pert,
    positive_from_quantiles,
    posterior,
    rate_from_quantiles,
)
from planner.errors import InputError

Z = np.linspace(-3.5, 3.5, 141)
U = stats.norm.cdf(Z)
Z_OF_P10_P50_P90 = np.array([-Z90, 0.0, Z90])


@pytest.mark.parametrize(
    ("p10", "p90", "quantile"),
    [
        (0.1, 0.9, U),  # Beta(1, 1)
        (0.1**0.5, 0.9**0.5, U**0.5),  # Beta(2, 1)
        (1 - 0.9 ** (1 / 3), 1 - 0.1 ** (1 / 3), 1 - (1 - U) ** (1 / 3)),  # Beta(1, 3)
        (np.sin(np.pi * 0.05) ** 2, np.sin(np.pi * 0.45) ** 2, np.sin(np.pi * U / 2) ** 2),  # Beta(1/2, 1/2)
    ],
    ids=["uniform", "square root", "minimum of three", "arcsine"],
)
def test_a_share_is_the_beta_distribution_with_these_quantiles(p10, p90, quantile):
    np.testing.assert_allclose(fraction_from_quantiles(p10, p90).from_normal(Z), quantile, atol=2e-5)


@given(st.floats(0.001, 0.998), st.floats(0.001, 0.998))
def test_a_share_hits_its_quantiles_stays_a_share_and_rises_with_its_draw(one, other):
    p10, p90 = sorted((one, other))
    assume(p90 - p10 > 0.002)
    share = fraction_from_quantiles(p10, p90)
    values = share.from_normal(np.linspace(-9, 9, 1001))
    assert share.from_normal(np.array([-Z90, Z90])) == pytest.approx([p10, p90], abs=1e-4)
    assert values.min() >= 0
    assert values.max() <= 1
    assert (np.diff(values) >= 0).all()


@given(st.floats(0.01, 1e6), st.floats(1.0001, 100.0))
def test_a_positive_quantity_is_log_normal(p10, ratio):
    quantity = positive_from_quantiles(p10, p10 * ratio)
    expected = [p10, p10 * ratio**0.5, p10 * ratio]
    assert quantity.from_normal(Z_OF_P10_P50_P90) == pytest.approx(expected)
    sd = np.log(ratio) / (2 * Z90)
    assert quantity.mean == pytest.approx(p10 * ratio**0.5 * np.exp(sd**2 / 2))


@given(st.floats(-0.9, 2.0), st.floats(0.001, 3.0))
def test_growth_has_a_normal_log_of_one_plus_it(p10, width):
    p90 = p10 + width
    growth = rate_from_quantiles(p10, p90)
    middle = ((1 + p10) * (1 + p90)) ** 0.5 - 1
    assert growth.from_normal(Z_OF_P10_P50_P90) == pytest.approx([p10, middle, p90])
    logs = np.log1p(growth.from_normal(Z))
    assert np.diff(logs) == pytest.approx(np.full(Z.size - 1, logs[1] - logs[0]))


def test_growth_of_nothing_to_156_percent_has_its_median_at_sixty():
    assert rate_from_quantiles(0.0, 1.56).from_normal(np.zeros(1))[0] == pytest.approx(0.6)


@given(st.floats(-5, 5), st.floats(0, 1), st.floats(0.01, 9))
def test_pert_has_mean_one_sixth_of_low_four_modes_and_high(low, where, width):
    mode, high = low + where * width, low + width
    spread = pert(low, mode, high)
    assert spread.mean == pytest.approx((low + 4 * mode + high) / 6, abs=1e-9)
    values = spread.from_normal(Z)
    alpha, beta = 1 + 4 * (mode - low) / (high - low), 1 + 4 * (high - mode) / (high - low)
    np.testing.assert_allclose(values, low + (high - low) * stats.beta.ppf(U, alpha, beta), atol=2e-5 * width)


def test_pert_with_its_mode_at_the_low_end_has_a_closed_form():
    np.testing.assert_allclose(pert(0, 0, 1).from_normal(Z), 1 - (1 - U) ** 0.2, atol=2e-5)


def test_months_round_to_the_nearest():
    months = pert(2, 4, 7, whole=True)
    u = (np.arange(200_000) + 0.5) / 200_000
    values = months.from_normal(stats.norm.ppf(u))
    edges = stats.beta.cdf((np.array([1.5, 2.5, 3.5, 4.5, 5.5, 6.5, 7.5]) - 2) / 5, 1 + 8 / 5, 1 + 12 / 5)
    shares = [(values == month).mean() for month in range(2, 8)]
    assert shares == pytest.approx(np.diff(edges), abs=2e-5)
    assert months.mean == pytest.approx(values.mean(), abs=1e-4)


@given(st.integers(0, 2000), st.integers(0, 2000))
def test_evidence_has_the_posterior_of_jeffreys_prior(passed, failed):
    np.testing.assert_allclose(
        posterior(passed, failed).from_normal(Z), stats.beta.ppf(U, passed + 0.5, failed + 0.5), atol=5e-5
    )


def test_evidence_without_a_single_failure_leaves_doubt():
    assert posterior(20, 0).mean == pytest.approx(20.5 / 21)
    assert posterior(20, 0).from_normal(np.array([-Z90]))[0] < 0.97


@given(st.integers(0, 500), st.integers(0, 500), st.floats(0, 1), st.floats(0, 1))
def test_escalation_follows_the_pass_rate_and_the_errors_of_the_judge(passed, failed, fnr, fpr):
    p = posterior(passed, failed)
    q = JudgedEscalation(pass_rate=p, fnr=fnr, fpr=fpr)
    expected = [rate * fnr + (1 - rate) * (1 - fpr) for rate in p.from_normal(Z)]
    assert q.from_normal(Z) == pytest.approx(expected)
    assert q.mean == pytest.approx(p.mean * fnr + (1 - p.mean) * (1 - fpr))


def test_a_judge_without_error_escalates_what_fails():
    p = posterior(188, 12)
    np.testing.assert_allclose(JudgedEscalation(pass_rate=p, fnr=0, fpr=0).from_normal(Z), 1 - p.from_normal(Z))


@pytest.mark.parametrize("make", [positive_from_quantiles, rate_from_quantiles, fraction_from_quantiles])
def test_equal_quantiles_are_a_constant_and_the_wrong_order_is_an_error(make):
    assert make(0.25, 0.25) == Point(0.25)
    assert (make(0.25, 0.25).from_normal(Z) == 0.25).all()
    with pytest.raises(InputError, match=r"0\.4.*0\.3"):
        make(0.4, 0.3)


@pytest.mark.parametrize(
    ("make", "p10", "p90"),
    [
        (positive_from_quantiles, 0.0, 1.0),
        (positive_from_quantiles, -1.0, 1.0),
        (rate_from_quantiles, -1.0, 1.0),
        (rate_from_quantiles, -1.5, 1.0),
        (fraction_from_quantiles, 0.0, 0.5),
        (fraction_from_quantiles, 0.5, 1.0),
        (fraction_from_quantiles, -0.1, 0.5),
        (fraction_from_quantiles, 1.2, 1.2),
    ],
)
def test_quantiles_that_no_such_quantity_has_are_refused(make, p10, p90):
    with pytest.raises(InputError):
        make(p10, p90)


@pytest.mark.parametrize(("low", "mode", "high"), [(2, 1, 3), (1, 4, 3), (3, 2, 1)])
def test_low_mode_and_high_come_in_this_order(low, mode, high):
    with pytest.raises(InputError, match="order"):
        pert(low, mode, high)


def test_a_pert_without_width_is_a_constant():
    assert pert(3, 3, 3) == Point(3)
    assert pert(2.6, 2.6, 2.6, whole=True) == Point(3)
