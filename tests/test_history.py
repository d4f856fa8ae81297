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

from planner.exclusions import Exclusion
from planner.history.checks import unusual_days, usual_days, weekday_factors
from planner.history.daily_use import DailyUse
from planner.history.history import History, LevelShift, Period, history_of, history_of_periods
from planner.history.steps import lasting_steps, lasting_steps_by_day, shown_part
from planner.measurement import measure, prompt_edges
from planner.prices import PriceBook
from planner.units import DAYS_PER_MONTH, TOKEN_COLUMNS, FloatArray, IntArray
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


def of_days(requests: FloatArray, first: date, *, days_a_period: int = 7, is_daily: bool = True) -> History:
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
        is_daily=is_daily,
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


def two_types(last: date, **small: Any) -> list[dict[str, Any]]:
    return [row(day, **kind) for day in days(date(2026, 1, 1), last) for kind in ({}, {"request_type": "b", **small})]


def test_a_period_that_exclusions_take_is_left_out_like_a_missing_month(tmp_path: Path) -> None:
    gone = [
        Exclusion(from_=date(2026, 3, 1), to=date(2026, 4, 30)),
        Exclusion(request_type="b", from_=date(2026, 6, 20), to=date(2026, 7, 31)),
    ]
    history = of_log(two_types(date(2026, 10, 31)), tmp_path, exclusions=gone)
    assert history.indices == (0, 1, 4, 5, 7, 8, 9)
    assert history.left_out == ("2026-03 to 2026-04: all use is excluded", "2026-07: all use of 'b' is excluded")
    assert history.requests == pytest.approx(np.full((7, 2), 100 * DAYS_PER_MONTH))


def test_a_small_type_that_is_excluded_takes_no_period_along(tmp_path: Path) -> None:
    small = {"requests": 1, "uncached_input_tokens": 2_000, "cache_read_tokens": 10_000, "output_tokens": 500}
    gone = Exclusion(request_type="b", from_=date(2026, 7, 1), to=date(2026, 7, 31))
    history = of_log(two_types(date(2026, 10, 31), **small), tmp_path, exclusions=[gone])
    assert history.indices == tuple(range(10))
    assert np.isnan(history.requests[6]).tolist() == [False, True]
    assert history.left_out == ()


def test_excluded_weeks_are_left_out_and_not_without_a_record(tmp_path: Path) -> None:
    rows = [row(day) for day in days(date(2026, 8, 1), date(2026, 10, 30))]
    gone = Exclusion(from_=date(2026, 8, 22), to=date(2026, 9, 4))
    history = of_log(rows, tmp_path, exclusions=[gone])
    assert history.period == "week"
    assert history.indices == (0, 1, 2, 5, 6, 7, 8, 9, 10, 11, 12)
    assert history.left_out == ("week of 2026-08-22 to 2026-08-29: all use is excluded",)


def test_months_that_a_hole_touches_are_left_out(tmp_path: Path) -> None:
    silent = days(date(2026, 2, 4), date(2026, 4, 19))
    rows = [row(day) for day in days(date(2025, 9, 1), date(2026, 10, 31)) if day not in silent]
    history = of_log(rows, tmp_path)
    assert history.indices == (0, 1, 2, 3, 4, 8, 9, 10, 11, 12, 13)
    assert history.left_out == (
        "2026-02: no record from 2026-02-04 to 2026-04-19",
        "2026-03: no record at all",
        "2026-04: no record from 2026-02-04 to 2026-04-19",
    )
    assert history.outlier_days == ()


@pytest.mark.parametrize("width", [2, 7, 14, 27])
def test_constant_use_in_buckets_is_constant_by_month(width: int, tmp_path: Path) -> None:
    buckets = days(date(2025, 9, 29), date(2026, 10, 31), width)
    history = of_log([row(day, requests=100 * width) for day in buckets], tmp_path)
    assert history.period == "month"
    assert history.n_periods >= 12
    assert history.requests == pytest.approx(np.full((history.n_periods, 1), 100 * DAYS_PER_MONTH))


def test_a_bucket_that_is_excluded_takes_all_its_days(tmp_path: Path) -> None:
    """The bucket of Monday 23 February also speaks for Sunday 1 March, and that of 26 January for 1 February."""
    rows = [row(day, requests=700) for day in days(date(2025, 9, 29), date(2026, 10, 31), 7)]
    gone = Exclusion(from_=date(2026, 2, 1), to=date(2026, 2, 28))
    history = of_log(rows, tmp_path, exclusions=[gone])
    place = dict(zip(history.labels, history.days[:, 0].tolist(), strict=True))
    assert (place["2026-01"], place["2026-02"], place["2026-03"], place["2026-04"]) == (31, 1, 30, 30)
    assert history.requests == pytest.approx(np.full((history.n_periods, 1), 100 * DAYS_PER_MONTH))


def test_a_log_of_working_days_is_none_of_buckets(tmp_path: Path) -> None:
    """The usual gap is a weekend's; what is used on Friday the 31st belongs to its own month."""
    working = [day for day in days(date(2025, 12, 29), date(2026, 11, 6)) if day.weekday() < 5]
    history = of_log([row(day) for day in working], tmp_path)
    assert history.period == "month"
    used = history.requests[:, 0] * history.days[:, 0] / DAYS_PER_MONTH
    assert used.tolist() == pytest.approx(
        [100 * sum(f"{day:%Y-%m}" == name for day in working) for name in history.labels]
    )


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


@given(hidden=st.integers(1, 9), begins=st.integers(20, 75), seed=st.integers(0, 2**32 - 1))
def test_hiding_periods_is_having_a_shorter_log(hidden: int, begins: int, seed: int) -> None:
    """Nothing of the hidden days is known, the unusual ones and the steps included."""
    rng = np.random.default_rng(seed)
    requests = 1000.0 * np.exp(0.1 * rng.standard_normal((84, 2)))
    requests[begins:, 0] *= 4.0
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
    (step,) = lasting_steps(logs)
    assert (step.begins, step.share) == (11, 1.0)
    assert step.log_size == pytest.approx(np.log(2.0), abs=4 * 0.05)


@given(
    begins=st.integers(3, 13),
    share=st.floats(0.35, 0.65),
    log_size=st.sampled_from([-1.5, -1.0, 1.0, 1.5]),
    seed=st.integers(0, 2**32 - 1),
)
def test_a_step_inside_a_period_is_told_by_the_periods_around_it(
    begins: int, share: float, log_size: float, seed: int
) -> None:
    """The period that it begins in is the log of a mean of days before and after: its part is read from there."""
    logs = 0.02 * np.arange(18) + 0.01 * np.random.default_rng(seed).standard_normal(18)
    logs[begins] += np.log(1 - share + share * np.exp(log_size))
    logs[begins + 1 :] += log_size
    (step,) = lasting_steps(logs)
    assert step.begins == begins
    # Four changes of trend, each known to about 0.005, and two medians of three.
    assert step.log_size == pytest.approx(log_size, abs=0.12)
    assert step.share == pytest.approx(share, abs=0.08)
    assert shown_part(share, log_size) == pytest.approx(np.log(1 - share + share * np.exp(log_size)) / log_size)


def test_a_single_high_period_is_no_step() -> None:
    logs = 0.04 * np.arange(18)
    logs[9] += 1.5
    assert lasting_steps(logs) == []
    use = np.repeat(np.exp(logs), 7)
    assert lasting_steps_by_day(use, np.ones(len(use)), np.full(18, 7)) == []


def test_steps_are_rare_where_there_are_none() -> None:
    """Walk and noise of the defaults, 12 months: fewer than one series in fifty is taken for a step, by day as well."""
    rng = np.random.default_rng(5)
    walks = np.cumsum(0.06 * rng.standard_normal((1000, 12)), axis=1) + 0.10 * rng.standard_normal((1000, 12))
    assert sum(bool(lasting_steps(logs)) for logs in walks) < 20
    lengths, days = np.full(12, 30), np.exp(0.1 * rng.standard_normal((1000, 360)))
    assert (
        sum(bool(by_day(np.repeat(np.exp(logs), 30) * day, lengths)) for logs, day in zip(walks, days, strict=True))
        < 20
    )


def test_use_that_wanders_from_day_to_day_has_few_steps() -> None:
    """A walk of 0.12 a month and a daily noise that lasts ten days: fewer than one series in fifty."""
    rng = np.random.default_rng(6)
    found = 0
    for _ in range(400):
        noise = 0.2 * rng.standard_normal(365)
        for day in range(1, 365):
            noise[day] = 0.9 * noise[day - 1] + np.sqrt(1 - 0.9**2) * noise[day]
        walk = np.cumsum(0.12 / np.sqrt(30) * rng.standard_normal(365))
        found += bool(by_day(np.exp(noise + walk)[:364], np.full(52, 7)))
    assert found < 8


def by_day(use: FloatArray, lengths: IntArray) -> list[int]:
    return [step.begins for step in lasting_steps_by_day(use, np.ones(len(use)), lengths)]


SIZES = st.floats(np.log(1.6), np.log(5.0)).flatmap(lambda size: st.sampled_from([size, -size]))


@given(begins=st.integers(14, 133), log_size=SIZES, seed=st.integers(0, 2**32 - 1))
def test_a_step_is_found_on_the_day_that_it_begins(begins: int, log_size: float, seed: int) -> None:
    """21 weeks that grow by 60 % a year with half the use at weekends, from x 1.6 either way, on any day of a week."""
    requests = noisy(seed, 147, 2, sd=0.05)
    requests[begins:, 0] *= np.exp(log_size)
    first = date(2026, 6, 1)
    history = of_days(requests, first)
    shift = shift_of(history)
    assert shift.start == first + timedelta(days=begins)
    assert shift.factor == pytest.approx(np.exp(log_size), rel=0.15)
    assert shift.label == history.labels[begins // 7]
    in_week = np.where(np.arange(7) >= 5, 0.4, 1.0)
    assert shift.share == pytest.approx(in_week[begins % 7 :].sum() / in_week.sum(), abs=0.03)


@given(begins=st.integers(62, 667), log_size=SIZES, seed=st.integers(0, 2**32 - 1))
def test_a_step_inside_a_month_is_found_on_its_day(begins: int, log_size: float, seed: int) -> None:
    """The same in two years of months of 30 days and a little."""
    use = noisy(seed, 730, 1, sd=0.05)[:, 0]
    use[begins:] *= np.exp(log_size)
    week = np.where(np.arange(730) % 7 >= 5, 0.4, 1.0)
    lengths = np.array([30, 31] * 11 + [30, 29])
    (step,) = lasting_steps_by_day(use, week * 7 / 5.8, lengths)
    assert step.begins == begins
    assert np.exp(step.log_size) == pytest.approx(np.exp(log_size), rel=0.15)


def shift_of(history: History) -> LevelShift:
    (shift,) = history.level_shifts
    assert shift.request_type == "type 0"
    return shift


def test_two_steps_are_found_on_their_days() -> None:
    requests = noisy(7, 147, 1, sd=0.05)
    requests[45:] *= 2.0
    requests[101:] *= 3.0
    starts = [shift.start for shift in of_days(requests, date(2026, 6, 1)).level_shifts]
    assert sorted(starts) == [date(2026, 6, 1) + timedelta(days=day) for day in (45, 101)]


def test_a_type_that_rests_at_weekends_has_its_step_on_a_day_of_use() -> None:
    requests = noisy(8, 147, 1, sd=0.05)
    requests[np.arange(147) % 7 >= 5] = 0.0
    requests[80:] *= 2.0
    assert shift_of(of_days(requests, date(2026, 6, 1))).start == date(2026, 6, 1) + timedelta(days=80)


def test_days_that_stand_for_less_are_no_step() -> None:
    """Eight weeks in which half of each day's use is left out, and counted as half a day."""
    use, worth = np.ones(147), np.ones(147)
    use[50:106] = worth[50:106] = 0.5
    lengths = np.full(21, 7)
    assert lasting_steps_by_day(use, worth, lengths) == []
    assert sorted(by_day(use, lengths)) == [50, 106]


def test_a_step_is_told_in_dollars_a_month() -> None:
    requests = np.full((84, 2), 1000.0)
    requests[56:, 0] = 3000.0
    shift = shift_of(of_days(requests, date(2026, 8, 3)))
    assert (shift.start, shift.share, shift.factor) == (date(2026, 9, 28), 1.0, pytest.approx(3.0))
    assert shift.list_cost_usd_per_month == pytest.approx(1000 * 0.01 * DAYS_PER_MONTH * 2.0)


def test_without_days_a_step_has_its_period_and_a_share_of_it() -> None:
    requests = np.full((84, 2), 1000.0)
    requests[59:, 0] = 3000.0
    shift = shift_of(of_days(requests, date(2026, 8, 3), is_daily=False))
    assert (shift.start, shift.label) == (date(2026, 9, 28), "2026-09-28")
    assert (shift.factor, shift.share) == (pytest.approx(3.0), pytest.approx(4 / 7))


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
