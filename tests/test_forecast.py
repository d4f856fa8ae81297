"""What a forecast says of the paths: drawdown, exhaustion, pace, a straight line; past ones and how they did."""

from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from math import exp, inf, isnan, log
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tomlkit
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest
from strategies import Table, plan_table

from planner.lever_costs.unit_costs import Account
from planner.plan_file.loader import parse_plan
from planner.settlement import settle
from planner.steps import by_month
from planner.term_use import term_use
from planner.tracking.actual import AccountUsd
from planner.tracking.forecasting.conditioning import Conditioned, Conditioner, conditioner_of
from planner.tracking.forecasting.drawdown import Exhaustion, settled_by_month, spend_of
from planner.tracking.forecasting.forecast import bands, forecast_of, month_range, straight_line_shortfall_usd
from planner.tracking.forecasting.judged import coverage_interval, judged
from planner.tracking.forecasting.past import past_forecasts
from planner.tracking.observed import Observed
from planner.tracking.result import Forecast, PastForecast, TrackedMonth
from planner.tracking.signed_plan import SignedPlan, signed_plan

OPUS, TOOLS, OUTSIDE = Account("opus"), Account(None), Account("opus", False)
UNREST = {
    "growth_per_year": {"p10": 0.0, "p90": 0.4},
    "monthly_volatility": 0.05,
    "monthly_noise": 0.08,
    "noise_ar1": 0.3,
    "common_share": 0.5,
}


def signed_of(table: Table, commit: Any = 96_000.0, **signed: Any) -> SignedPlan:
    """A plan signed on its first day; without arguments at 20 % off 120,000 USD of list cost a year."""
    table = table | {"signed": {"on": table["plan"]["start"], "commit_usd_per_year": commit, **signed}}
    return signed_plan(parse_plan(tomlkit.dumps(table), base_dir=Path()))


@cache
def unrestful() -> Conditioner:
    return conditioner_of(signed_of(plan_table(demand=UNREST, paths=1024, seed=3)))


@cache
def plain(commit: Any = 96_000.0, **contract: Any) -> SignedPlan:
    """10,000 USD a month, never anything else."""
    terms = {key: dict(value) if isinstance(value, tuple) else value for key, value in contract.items()}
    return signed_of(plan_table(paths=2, contract=terms), commit)


def month(number: int, usd: float, **changed: Any) -> Observed:
    accounts = {OPUS: AccountUsd(current=usd, signing=usd)}
    return Observed(**{"month": number, "volume_usd": None, "accounts": accounts, **changed})


def going_on(signed: SignedPlan, months: Mapping[int, float]) -> Conditioned:
    """One path as if nothing else could happen."""
    accounts = {t: {OPUS: AccountUsd(current=usd, signing=usd)} for t, usd in months.items()}
    spend = spend_of(accounts, (OPUS,), signed.spend.list_cost_usd.shape[0])
    return Conditioned(spend=spend, effective_sample_size=1.0, n_paths=1, recalibration=None)


def by_hand(signed: SignedPlan, seen: Sequence[Observed], months: Mapping[int, float]) -> Forecast:
    return forecast_of(signed, seen, going_on(signed, months), on=date(2027, 6, 1))


# --- by hand ---------------------------------------------------------------------------------------------------------


def test_an_early_renewal_counts_from_its_day_on() -> None:
    """Of 192,000 for two years, 8,000 a month is behind after 18: half of what is left is credited, 48,000 begins anew.

    Before that day nothing is given up, whatever nothing used from today on would come to.
    """
    right = (("month", 18), ("credit_fraction", 0.5), ("commit_fraction", 1.0))
    signed = plain(term_months=24, commit_period="term", early_renewal=right)
    seen, paths = [month(t, 8_000.0) for t in range(18)], dict.fromkeys(range(24), 8_000.0)
    before = by_hand(signed, seen[:17], paths).period
    assert (before.committed_usd, before.given_up_usd) == (192_000.0, 0.0)
    assert before.left_usd == pytest.approx(192_000.0 - 17 * 6_400.0)
    found = by_hand(signed, seen, paths)
    assert found.period.committed_usd == pytest.approx(240_000.0)
    assert found.period.left_usd == pytest.approx(48_000.0)
    assert found.period.given_up_usd == pytest.approx(76_800.0)
    assert found.pace.needed_usd == pytest.approx((48_000.0 + 38_400.0) / 0.8 / 6, rel=1e-5)  # the credit comes first


def test_a_year_by_hand() -> None:
    """Three months of 12,000 USD at 20 % off draw 28,800 of 96,000; 12,000 a month use it up in the tenth month."""
    signed = plain()
    seen = [month(t, 12_000.0) for t in range(3)]
    found = by_hand(signed, seen, dict.fromkeys(range(12), 12_000.0))
    assert (found.as_of, found.committed_usd) == ("2027-03", 96_000.0)
    assert found.drawn_usd == pytest.approx(28_800.0)
    period = found.period
    assert (period.first, period.last, period.ends_on) == ("2027-01", "2027-12", date(2027, 12, 31))
    assert (period.drawn_usd, period.left_usd) == (pytest.approx(28_800.0), pytest.approx(67_200.0))
    assert (found.shortfall_probability.mean, found.overage_probability.mean) == (0.0, 1.0)
    assert found.expected_overage.mean == pytest.approx(144_000.0 - 120_000.0)
    assert found.expected_cost.mean == pytest.approx(96_000.0 + 24_000.0)
    assert (found.exhaustion.probability.mean, found.exhaustion.p50) == (1.0, "2027-10")
    assert found.pace.recent_usd == pytest.approx(12_000.0)
    assert found.pace.needed_usd == pytest.approx(84_000.0 / 9, rel=1e-5)
    assert (found.pace.expected_usd, found.pace.months_left) == (pytest.approx(12_000.0), 9.0)
    assert found.straight_line_shortfall_usd == pytest.approx(0.0)
    assert found.months["2027-02"] == found.months["2027-12"] == pytest.approx((12_000.0,) * 3)


def test_a_straight_line_of_less_than_the_commitment_falls_short() -> None:
    signed = plain()
    seen = [month(0, 9_000.0), month(1, 6_000.0), month(2, 900.0, scale=10.0, scale_log_sd=0.3)]
    assert straight_line_shortfall_usd(signed, seen) == pytest.approx(96_000.0 - 0.8 * 12 * 7_500.0)
    assert straight_line_shortfall_usd(signed, seen[2:]) == pytest.approx(96_000.0 - 0.8 * 12 * 9_000.0)
    assert straight_line_shortfall_usd(signed, []) == pytest.approx(0.0, abs=1e-6)


def test_the_first_month_after_a_period_belongs_to_the_next_one() -> None:
    signed = plain(commit_period="quarter")
    seen = [month(t, 10_000.0) for t in range(3)]
    found = by_hand(signed, seen, dict.fromkeys(range(12), 10_000.0))
    assert (found.period.first, found.period.last) == ("2027-04", "2027-06")
    assert (found.period.drawn_usd, found.period.left_usd) == (0.0, pytest.approx(24_000.0))
    assert found.drawn_usd == pytest.approx(24_000.0)
    assert found.exhaustion.p50 == "2027-06"


@pytest.mark.parametrize(
    ("months", "median", "p50"),
    [
        ([-1, -1, 3, 4, 5], "2027-06", "2027-05"),
        ([-1, 3, 4, 5], "2027-05", "2027-05"),
        ([-1, -1, -1, 4], None, "2027-05"),
        ([-1, -1], None, None),
    ],
)
def test_the_median_of_exhaustion_is_over_all_paths(months: list[int], median: str | None, p50: str | None) -> None:
    found = month_range(plain(), Exhaustion(period=plain().contract.periods[0], month=np.array(months)))
    assert (found.median, found.p50) == (median, p50)
    assert found.probability.mean == pytest.approx(np.mean(np.array(months) >= 0))


def test_carried_balances_are_drawn_first_and_put_off_exhaustion() -> None:
    """A first quarter half used carries 12,000 over; the second one draws it before its own commitment."""
    signed = plain(commit_period="quarter", rollover=(("share", 1.0), ("months", 12)))
    seen = [month(t, 5_000.0) for t in range(3)] + [month(3, 10_000.0)]
    found = by_hand(signed, seen, dict.fromkeys(range(3), 5_000.0) | dict.fromkeys(range(3, 12), 20_000.0))
    assert found.period.drawn_usd == pytest.approx(8_000.0)
    assert found.period.left_usd == pytest.approx(24_000.0)
    assert found.drawn_usd == pytest.approx(20_000.0)
    # 4,000 of the balance and 24,000 of the commitment are 35,000 of list, two months of 17,500
    assert found.pace.needed_usd == pytest.approx(17_500.0, rel=1e-5)
    assert found.exhaustion.p50 == "2027-06"
    assert by_hand(plain(commit_period="quarter"), seen, dict.fromkeys(range(12), 20_000.0)).exhaustion.p50 == "2027-05"


def test_fixed_spend_counts_up_to_now_and_is_part_of_the_pace() -> None:
    seats = {"name": "seats", "usd_per_month": 1_000.0, "eligible": True}
    signed = signed_of(plan_table(paths=2) | {"fixed_spend": [seats]})
    found = by_hand(signed, [month(0, 9_000.0)], dict.fromkeys(range(12), 9_000.0))
    assert found.drawn_usd == pytest.approx(8_000.0)
    assert found.pace.needed_usd == pytest.approx(9_000.0, rel=1e-5)


def test_what_is_not_eligible_draws_nothing_and_no_pace_of_it_is_enough() -> None:
    table = plan_table(paths=2, contract={"eligible": {"tiers": ["haiku"]}})
    found = by_hand(signed_of(table), [month(0, 9_000.0)], {})
    assert found.drawn_usd == pytest.approx(0.8 * 9_000.0)  # the month is of an account that is eligible
    seen = [Observed(month=0, volume_usd=None, accounts={OUTSIDE: AccountUsd(current=9_000.0, signing=9_000.0)})]
    outside = forecast_of(
        signed_of(table),
        seen,
        Conditioned(spend=signed_of(table).spend, effective_sample_size=2.0, n_paths=2, recalibration=None),
        on=date(2027, 2, 1),
    )
    assert outside.drawn_usd == 0.0
    assert outside.pace.needed_usd == inf


def test_protected_prices_draw_at_the_signing_day_s_list() -> None:
    signed = plain(price_falls=(("passed_through", False),))
    seen = [Observed(month=0, volume_usd=None, accounts={OPUS: AccountUsd(current=5_000.0, signing=10_000.0)})]
    assert by_hand(signed, seen, {}).drawn_usd == pytest.approx(8_000.0)
    assert by_hand(plain(), seen, {}).drawn_usd == pytest.approx(4_000.0)


def test_a_running_month_counts_as_far_as_it_went() -> None:
    signed = plain()
    seen = [month(0, 10_000.0), month(1, 2_500.0, scale=4.0, scale_log_sd=0.1)]
    found = by_hand(signed, seen, dict.fromkeys(range(12), 10_000.0))
    assert found.as_of == "2027-02"
    assert found.drawn_usd == pytest.approx(0.8 * 12_500.0)
    assert found.pace.months_left == pytest.approx(10.75)
    assert found.pace.needed_usd == pytest.approx((120_000.0 - 12_500.0) / 10.75, rel=1e-5)
    assert found.pace.expected_usd == pytest.approx(107_500.0 / 10.75)


def test_a_month_that_has_hardly_begun_is_still_to_come() -> None:
    """Of a month that could not be scaled only what was used of it counts."""
    signed = plain()
    seen = [month(0, 10_000.0), month(1, 300.0, scale=1.0, scale_log_sd=3.0)]
    found = by_hand(signed, seen, dict.fromkeys(range(12), 10_000.0))
    assert found.pace.months_left == 11.0
    assert found.drawn_usd == pytest.approx(0.8 * 10_300.0)
    assert straight_line_shortfall_usd(signed, seen[1:]) == pytest.approx(0.0, abs=1e-6)


def test_at_the_end_of_the_term_nothing_is_left_to_pace() -> None:
    seen = [month(t, 10_000.0) for t in range(12)]
    found = by_hand(plain(), seen, dict.fromkeys(range(12), 10_000.0))
    assert (found.pace.needed_usd, found.pace.expected_usd, found.pace.months_left) == (0.0, 0.0, 0.0)
    assert (found.period.last, found.period.left_usd) == ("2027-12", pytest.approx(0.0, abs=1e-6))


def test_a_commitment_that_is_never_used_up_has_no_month() -> None:
    found = by_hand(plain(), [month(0, 100.0)], dict.fromkeys(range(12), 100.0))
    assert (found.exhaustion.probability.mean, found.exhaustion.p10, found.exhaustion.p90) == (0.0, None, None)


@pytest.mark.parametrize(
    "contract",
    [
        {},
        {"commit_period": "quarter", "rollover": {"share": 0.5, "months": 4}},
        {"overage": "committed", "shortfall": "true_up", "true_up_rate": 0.5},
        {"drawdown": "list", "price_falls": {"passed_through": False}},
        {"term_months": 24, "reduction": {"max_fraction": 0.2}},
    ],
)
def test_settled_month_by_month_is_settled(contract: Table) -> None:
    commit = [96_000.0, 90_000.0] if contract.get("term_months") == 24 else 96_000.0
    cuts = {"falls_per_year": 1.0, "fall": {"p10": 0.1, "p90": 0.5}, "lag_months": 0}
    signed = signed_of(plan_table(demand=UNREST, cuts=cuts, paths=64, contract=contract), commit)
    whole = settle(signed.contract, signed.offer, term_use(signed.contract, signed.spend))
    monthly = settled_by_month(signed.contract, signed.offer, signed.spend)
    for figure in ("paid_usd", "shortfall_usd", "overage_usd"):
        assert np.allclose(getattr(monthly, figure), getattr(whole, figure), rtol=1e-9, atol=1e-6)
    assert by_month(signed.contract).values_time


# --- earlier forecasts -----------------------------------------------------------------------------------------------


def test_past_forecasts_begin_with_the_plan_and_end_with_the_forecast() -> None:
    signed = unrestful().signed
    seen = [month(t, 9_000.0 + 200 * t) for t in range(4)]
    past = past_forecasts(signed, unrestful(), seen, on=date(2027, 5, 2))
    assert [item.as_of for item in past] == ["2026-12", "2027-01", "2027-02", "2027-03", "2027-04"]
    assert [item.on for item in past] == [None] * 4 + [date(2027, 5, 2)]
    now = forecast_of(signed, seen, unrestful().condition(seen), on=date(2027, 5, 2))
    assert past[-1].shortfall_probability == now.shortfall_probability.mean
    assert past[-1].expected_overage_usd == pytest.approx(now.expected_overage.mean)
    assert past[-1].exhaustion_month == now.exhaustion.median
    assert past[-1].months["2027-09"] == pytest.approx(now.months["2027-09"])
    assert past[0].months == bands(signed, [], signed.spend)
    before = settle(signed.contract, signed.offer, term_use(signed.contract, signed.spend))
    assert past[0].expected_shortfall_usd == pytest.approx(before.shortfall_usd.sum(axis=0).mean())


def test_a_running_month_is_in_no_past_forecast() -> None:
    signed = unrestful().signed
    seen = [month(0, 9_000.0), month(1, 900.0, scale=9.0, scale_log_sd=0.2)]
    past = past_forecasts(signed, unrestful(), seen, on=date(2027, 2, 5))
    assert [(item.as_of, item.on) for item in past] == [("2026-12", None), ("2027-01", None)]


# --- how they did ----------------------------------------------------------------------------------------------------


def tracked(name: str, usd: float, band: tuple[float, float, float], *, closed: bool = True) -> TrackedMonth:
    p10, p50, p90 = band
    first = date(int(name[:4]), int(name[5:]), 1)
    return TrackedMonth(
        month=name,
        is_closed=closed,
        first=first,
        last=first,
        actual_usd=usd,
        whole_usd=usd,
        scale_log_sd=0.0,
        p10=p10,
        p50=p50,
        p90=p90,
        inside_80=p10 <= usd <= p90,
        billed_usd=None,
        net_usd=usd,
    )


def past_forecast(as_of: str, on: date | None = None, **months: tuple[float, float, float]) -> PastForecast:
    return PastForecast(
        as_of=as_of,
        on=on,
        shortfall_probability=0.5,
        expected_shortfall_usd=0.0,
        overage_probability=0.5,
        expected_overage_usd=0.0,
        exhaustion_month=None,
        effective_sample_size=1.0,
        months={name.removeprefix("m").replace("_", "-"): band for name, band in months.items()},
    )


@given(st.integers(1, 40).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_interval_of_a_coverage_is_the_exact_binomial_one(counts: tuple[int, int]) -> None:
    inside, n = counts
    exact = binomtest(inside, n).proportion_ci(0.95, method="exact")
    assert coverage_interval(inside, n) == pytest.approx((exact.low, exact.high))


def test_months_are_judged_against_the_plan_and_a_month_ahead() -> None:
    band = (80.0, 100.0, 120.0)
    months = [
        tracked("2027-01", 90.0, band),
        tracked("2027-02", 150.0, band),
        tracked("2027-03", 10.0, band, closed=False),
    ]
    past = [
        past_forecast("2026-12", m2027_01=(70.0, 90.0, 100.0), m2027_02=(1.0, 2.0, 3.0)),
        past_forecast("2027-01", m2027_02=(100.0, 150.0 * exp(-0.2), 200.0)),
        past_forecast("2027-02", m2027_03=(100.0, 110.0, 120.0)),
    ]
    plan, ahead = judged(months, past)
    assert (plan.of, plan.months, plan.inside) == ("the plan as signed", 2, 1)
    assert plan.bias == pytest.approx((log(0.9) + log(1.5)) / 2)
    assert plan.bias_se == pytest.approx((log(1.5) - log(0.9)) / 2)
    assert (ahead.of, ahead.months, ahead.inside) == ("a month ahead", 2, 2)
    assert ahead.bias == pytest.approx(0.1)


def test_a_forecast_made_at_the_time_counts_before_one_worked_out_again() -> None:
    months = [tracked("2027-02", 90.0, (80.0, 100.0, 120.0))]
    then = past_forecast("2027-01", date(2027, 2, 3), m2027_02=(95.0, 97.0, 99.0))
    later = past_forecast("2027-01", date(2027, 2, 20), m2027_02=(1.0, 2.0, 3.0))
    again = past_forecast("2027-01", m2027_02=(80.0, 90.0, 100.0))
    *_, ahead = judged(months, [again, later, then])
    assert ahead.inside == 0
    assert ahead.bias == pytest.approx(log(90 / 97))
    assert isnan(ahead.bias_se)


def test_nothing_is_judged_without_a_closed_month() -> None:
    assert judged([tracked("2027-01", 1.0, (0.5, 1.0, 2.0), closed=False)], [past_forecast("2026-12")]) == ()


def test_a_month_without_use_is_outside_and_in_no_bias() -> None:
    months = [tracked("2027-01", 0.0, (80.0, 100.0, 120.0)), tracked("2027-02", 110.0, (80.0, 100.0, 120.0))]
    (plan,) = judged(months, [])
    assert (plan.months, plan.inside) == (2, 1)
    assert plan.bias == pytest.approx(log(1.1))
