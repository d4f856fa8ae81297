"""History: whole periods at constant prices, and what stands out in them, against logs made for the purpose."""

import json
from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.history.checks import lasting_steps, unusual_days, usual_days, weekday_factors
from planner.history.daily_use import DailyUse
from planner.history.history import History, Period, history_of, history_of_periods
from planner.measurement import Exclusion, measure, prompt_edges
from planner.prices import PriceBook
from planner.units import DAYS_PER_MONTH, TOKEN_COLUMNS, FloatArray
from planner.usage.read import UsageSource, read_usage

BOOK = PriceBook.load()
ON = date(2026, 11, 23)
CACHE_READS_HALVED = date(2026, 10, 7)  # claude-sonnet-5-5, on the same model id


def row(day: date, **changes: Any) -> dict[str, Any]:
    base = {
        "timestamp": f"{day.isoformat()}T00:00:00Z",
        "request_type": "answer",
        "model": "claude-sonnet-5-5",
        "requests": 100,
        "uncached_input_tokens": 200_000,
        "cache_read_tokens": 1_000_000,
        "cache_write_5m_tokens": 0,
        "cache_write_1h_tokens": 0,
        "output_tokens": 50_000,
        "context_window": "0-50k",
    }
    return base | changes


def days(first: date, last: date, step: int = 1) -> list[date]:
    return [first + timedelta(days=offset) for offset in range(0, (last - first).days + 1, step)]


def of_log(rows: Iterable[dict[str, Any]], folder: Path, **options: Any) -> History:
    (folder / "log.jsonl").write_text("".join(json.dumps(each) + "\n" for each in rows))
    source = UsageSource(sources=("log.jsonl",), base_dir=folder)
    return history_of(measure(read_usage(source, prompt_edges=prompt_edges(BOOK)), BOOK, **options), BOOK, on=ON)


def of_days(requests: FloatArray, first: date, *, days_a_period: int = 7) -> History:
    """Consecutive periods of so many days, one cent a request."""
    n_days, n_types = requests.shape
    starts = [first + timedelta(days=at) for at in range(0, n_days - days_a_period + 1, days_a_period)]
    periods = tuple(
        Period(label=start.isoformat(), start=start, end=start + timedelta(days=days_a_period - 1)) for start in starts
    )
    daily = DailyUse(
        first=first,
        request_types=tuple(f"type {place}" for place in range(n_types)),
        requests=requests,
        spend_usd=requests * 0.01,
        tokens=requests * 1000.0,
        counted=np.ones(requests.shape, dtype=np.bool_),
        is_daily=True,
    )
    return history_of_periods(daily, periods, "week", ON, float(n_days), ())


# ---- periods


@pytest.mark.parametrize(
    ("first", "last", "period", "n"),
    [
        (date(2026, 5, 1), date(2026, 10, 31), "month", 6),
        (date(2026, 4, 20), date(2026, 11, 11), "month", 6),
        (date(2026, 5, 2), date(2026, 10, 31), "week", 26),
        (date(2026, 9, 6), date(2026, 10, 31), "week", 8),
        (date(2026, 9, 7), date(2026, 10, 31), None, 0),
        (date(2026, 10, 29), date(2026, 10, 31), None, 0),
    ],
)
def test_six_months_or_eight_weeks_or_nothing(
    first: date, last: date, period: str | None, n: int, tmp_path: Path
) -> None:
    history = of_log([row(day) for day in days(first, last)], tmp_path)
    assert (history.period, history.n_periods) == (period, n)
    if period:
        assert history.periods[-1].end <= last
        assert history.requests == pytest.approx(np.full((n, 1), 100 * DAYS_PER_MONTH))


def test_incomplete_months_are_left_out_and_named(tmp_path: Path) -> None:
    history = of_log([row(day) for day in days(date(2026, 4, 20), date(2026, 11, 11))], tmp_path)
    assert history.labels == ("2026-05", "2026-06", "2026-07", "2026-08", "2026-09", "2026-10")
    assert [each[:7] for each in history.left_out] == ["2026-04", "2026-11"]


def test_a_missing_month_leaves_a_gap_in_the_clock(tmp_path: Path) -> None:
    rows = [row(day) for day in days(date(2026, 3, 1), date(2026, 10, 31)) if day.month != 6]
    history = of_log(rows, tmp_path)
    assert history.indices == (0, 1, 2, 4, 5, 6, 7)
    assert any("2026-06" in each and "no record" in each for each in history.left_out)


def test_weeks_end_on_the_last_whole_day(tmp_path: Path) -> None:
    """A log of single requests that stops at noon says nothing whole of that day."""
    stamps = [f"{day.isoformat()}T{hour:02d}:30:00Z" for day in days(date(2026, 8, 1), date(2026, 10, 13)) for hour in
              range(24)]  # fmt: skip
    rows = [row(ON, timestamp=stamp) for stamp in stamps[:-12]]
    history = of_log(rows, tmp_path)
    assert history.period == "week"
    assert history.periods[-1].end == date(2026, 10, 12)
    assert history.requests == pytest.approx(np.full((history.n_periods, 1), 2400 * DAYS_PER_MONTH))


def test_weekly_buckets_make_weeks_and_monthly_buckets_months(tmp_path: Path) -> None:
    weekly = of_log([row(day, requests=700) for day in days(date(2026, 8, 3), date(2026, 10, 12), 7)], tmp_path)
    assert (weekly.period, weekly.n_periods) == ("week", 11)
    assert weekly.requests == pytest.approx(np.full((11, 1), 100 * DAYS_PER_MONTH))
    firsts = [date(2026, month, 1) for month in range(3, 11)]
    monthly = of_log([row(day, requests=1000) for day in firsts], tmp_path)
    assert (monthly.period, monthly.n_periods, monthly.weekdays) == ("month", 8, None)
    assert monthly.requests[0] == pytest.approx([1000 * DAYS_PER_MONTH / 31])


# ---- constant prices, tokens


def test_a_price_change_moves_no_spend(tmp_path: Path) -> None:
    history = of_log([row(day) for day in days(date(2026, 9, 1), date(2026, 11, 2))], tmp_path)
    assert history.periods[0].end < CACHE_READS_HALVED < history.periods[-1].start
    rates = BOOK.price("claude-sonnet-5-5", ON).rates.per_token()
    tokens = np.array([row(ON)[name] for name in TOKEN_COLUMNS])
    assert history.total_spend_usd == pytest.approx(np.full(history.n_periods, 7 * tokens @ rates))
    assert history.unit_cost_usd == pytest.approx([tokens @ rates / 100])
    assert history.bill_usd_per_month == pytest.approx(np.full(history.n_periods, tokens @ rates * DAYS_PER_MONTH))


def test_a_move_to_another_tokenizer_is_no_drift_of_tokens(tmp_path: Path) -> None:
    ratio = BOOK.token_ratio("claude-sonnet-4-6", "claude-sonnet-5-5")
    assert ratio > 1.2
    rows = []
    for day in days(date(2026, 8, 1), date(2026, 10, 31)):
        old = day < date(2026, 9, 20)
        tokens = {name: round(row(day)[name] / (ratio if old else 1.0)) for name in TOKEN_COLUMNS}
        rows.append(row(day, model="claude-sonnet-4-6" if old else "claude-sonnet-5-5", **tokens))
    history = of_log(rows, tmp_path)
    assert history.tokens_per_request == pytest.approx(np.full((13, 1), history.tokens_per_request[-1, 0]), rel=1e-5)


def test_days_that_an_exclusion_takes_do_not_count(tmp_path: Path) -> None:
    rows = [row(day, requests=100_000 if day == date(2026, 9, 15) else 100) for day in
            days(date(2026, 8, 1), date(2026, 10, 31))]  # fmt: skip
    test_load = Exclusion(request_type="answer", from_=date(2026, 9, 15), to=date(2026, 9, 15), reason="test load")
    history = of_log(rows, tmp_path, exclusions=[test_load])
    assert sorted(history.days[:, 0].tolist()) == [6.0] + [7.0] * 12
    assert history.requests == pytest.approx(np.full((13, 1), 100 * DAYS_PER_MONTH))
    assert history.outlier_days == ()


def test_types_are_ranked_by_their_bill(tmp_path: Path) -> None:
    rows = [row(day, request_type=name, output_tokens=tokens) for day in days(date(2026, 8, 1), date(2026, 10, 31))
            for name, tokens in (("small", 10), ("large", 5_000_000))]  # fmt: skip
    history = of_log(rows, tmp_path)
    assert history.request_types == ("large", "small")
    assert history.top_type == "large"
    assert history.top_share == pytest.approx(history.share_of_bill[0])
    assert history.share_of_bill.sum() == pytest.approx(1.0)


# ---- as it looked earlier


@given(hidden=st.integers(1, 9), seed=st.integers(0, 2**32 - 1))
def test_hiding_periods_is_having_a_shorter_log(hidden: int, seed: int) -> None:
    """Nothing of the hidden days is known, the unusual ones and the steps included."""
    rng = np.random.default_rng(seed)
    requests = 1000.0 * np.exp(0.1 * rng.standard_normal((84, 2)))
    requests[-3 * 7 :, 0] *= 4.0
    requests[80, 1] *= 10.0
    first = date(2026, 8, 3)
    earlier, shorter = of_days(requests, first).without_last(hidden), of_days(requests[: 84 - 7 * hidden], first)
    assert earlier.periods == shorter.periods
    assert earlier.span_days == shorter.span_days
    for name in ("requests", "expected_requests", "spend_usd", "tokens_per_request"):
        assert getattr(earlier, name) == pytest.approx(getattr(shorter, name), rel=1e-12)
    assert (earlier.outlier_days, earlier.level_shifts) == (shorter.outlier_days, shorter.level_shifts)
    assert earlier.weekdays == shorter.weekdays


# ---- what stands out


def noisy(seed: int, n_days: int = 365, n_types: int = 3, sd: float = 0.15) -> FloatArray:
    """Requests with a working week, growth of 60 % a year and daily noise."""
    rng = np.random.default_rng(seed)
    week = np.where(np.arange(n_days) % 7 >= 5, 0.4, 1.0)[:, None]
    growth = 1.6 ** (np.arange(n_days) / 365.25)[:, None]
    return 5000.0 * week * growth * np.exp(sd * rng.standard_normal((n_days, n_types)))


def test_ordinary_noise_is_nothing_unusual() -> None:
    for seed in range(20):
        requests = noisy(seed)
        far, _ = unusual_days(requests, np.ones(requests.shape, dtype=np.bool_), 0)
        assert not far.any()


@pytest.mark.parametrize("times", [0.0, 0.1, 4.0, 50.0])
def test_a_day_far_off_is_found_with_what_was_expected_of_it(times: float) -> None:
    requests = noisy(1)
    usual = requests[200, 1]
    requests[200, 1] *= times
    far, expected = unusual_days(requests, np.ones(requests.shape, dtype=np.bool_), 0)
    assert np.argwhere(far).tolist() == [[200, 1]]
    # One day's noise and that of a median of 29: within four standard errors.
    assert abs(np.log(expected[200, 1] / usual)) < 4 * 0.15 * np.sqrt(1 + np.pi / 2 / 29)


def test_a_backfill_of_ten_days_is_found_whole() -> None:
    requests = noisy(2)
    requests[100:110, 0] *= 5.0
    far, _ = unusual_days(requests, np.ones(requests.shape, dtype=np.bool_), 0)
    assert np.argwhere(far).tolist() == [[day, 0] for day in range(100, 110)]


def test_the_days_before_a_launch_are_nothing_unusual() -> None:
    requests = noisy(3)
    requests[:60, 2] = 0.0
    far, _ = unusual_days(requests, np.ones(requests.shape, dtype=np.bool_), 0)
    assert not far.any()


def test_an_unusual_day_stays_in_the_requests_and_leaves_the_expected_ones() -> None:
    requests = np.full((84, 1), 1000.0)
    requests[40, 0] = 50_000.0
    history = of_days(requests, date(2026, 8, 3))
    (outlier,) = history.outlier_days
    assert (outlier.day, outlier.requests) == (date(2026, 8, 3) + timedelta(days=40), 50_000.0)
    assert outlier.expected_requests == pytest.approx(1000.0)
    assert outlier.list_cost_usd == pytest.approx(500.0)
    assert outlier.expected_list_cost_usd == pytest.approx(10.0)
    assert history.requests[5, 0] == pytest.approx(56_000 / 7 * DAYS_PER_MONTH)
    assert history.expected_requests == pytest.approx(np.full((12, 1), 1000 * DAYS_PER_MONTH))


def test_a_lasting_step_is_found_with_its_size() -> None:
    rng = np.random.default_rng(4)
    logs = 0.04 * np.arange(18) + 0.05 * rng.standard_normal(18)
    logs[11:] += np.log(2.0)
    ((begins, size),) = lasting_steps(logs)
    assert begins == 11
    assert size == pytest.approx(np.log(2.0), abs=4 * 0.05)


def test_a_single_high_period_is_no_step() -> None:
    logs = 0.04 * np.arange(18)
    logs[9] += 1.5
    assert lasting_steps(logs) == []


def test_steps_are_rare_where_there_are_none() -> None:
    """Walk and noise of the defaults, 12 months: fewer than one series in fifty is taken for a step."""
    rng = np.random.default_rng(5)
    walks = np.cumsum(0.06 * rng.standard_normal((1000, 12)), axis=1) + 0.10 * rng.standard_normal((1000, 12))
    assert sum(bool(lasting_steps(logs)) for logs in walks) < 20


def test_a_step_is_told_in_dollars_a_month() -> None:
    requests = np.full((84, 2), 1000.0)
    requests[56:, 0] = 3000.0
    (shift,) = of_days(requests, date(2026, 8, 3)).level_shifts
    assert (shift.request_type, shift.start, shift.factor) == ("type 0", date(2026, 9, 28), pytest.approx(3.0))
    assert shift.list_cost_usd_per_month == pytest.approx(1000 * 0.01 * DAYS_PER_MONTH * 2.0)


# ---- the week


@given(first_weekday=st.integers(0, 6), n_days=st.integers(35, 90), seed=st.integers(0, 2**32 - 1))
def test_weekday_factors_are_those_of_the_week(first_weekday: int, n_days: int, seed: int) -> None:
    true = np.random.default_rng(seed).uniform(0.2, 2.0, 7)
    spend = true[(np.arange(n_days) + first_weekday) % 7]
    found = weekday_factors(spend, first_weekday)
    assert found is not None
    assert found.factors == pytest.approx((true / true.mean()).tolist())
    assert np.mean(found.factors) == pytest.approx(1.0)
    assert found.standard_errors == pytest.approx([0.0] * 7, abs=1e-9)


def test_weekdays_need_four_whole_weeks() -> None:
    assert weekday_factors(np.ones(27), 0) is None
    assert weekday_factors(np.ones(28), 0) is not None


def test_a_month_with_more_weekends_is_no_month_of_low_demand() -> None:
    requests = np.where(np.arange(210) % 7 >= 5, 200.0, 1000.0)[:, None]
    worth = usual_days(requests, np.ones(requests.shape, dtype=np.bool_), 0)
    level = 5400.0 / 7
    for start in range(0, 180, 11):
        block = slice(start, start + 30)
        assert requests[block].sum() / worth[block].sum() == pytest.approx(level)
