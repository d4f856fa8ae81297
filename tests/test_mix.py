"""The request mix: list cost against plain Decimal arithmetic, months, exclusions and the forward run rate."""

import csv
import io
import json
import random
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.bundled import data_path
from planner.coverage import coverage, days_in, months_between, usual_gap
from planner.errors import InputError, PriceError, UnknownModelError, UsageError
from planner.mix import Exclusion, Measurement, RequestMix, cumulative_share, forward_mix, measure, prompt_edges
from planner.prices import PriceBook
from planner.units import DAYS_PER_MONTH, TOKEN_COLUMNS, FloatArray
from planner.usage.read import UsageSource, read_usage

FLAT = np.ones(12)
Row = dict[str, Any]

BIG = (Decimal(4), Decimal("0.2"), Decimal(5), Decimal(8), Decimal(20))
BIG_BEFORE = (Decimal(5), Decimal("0.5"), Decimal("6.25"), Decimal(10), Decimal(25))
SMALL = (Decimal("0.1"), Decimal("0.01"), Decimal("0.125"), Decimal("0.2"), Decimal("0.5"))
PRICE_CHANGE = date(2026, 7, 15)


@dataclass(frozen=True)
class FakeRates:
    usd: tuple[Decimal | None, ...]

    def per_token(self) -> FloatArray:
        return np.array([np.nan if each is None else float(each) / 1e6 for each in self.usd])


@dataclass(frozen=True)
class FakeLong:
    above_prompt_tokens: int
    rates: FakeRates


@dataclass(frozen=True)
class FakePrice:
    model: str
    on: date
    rates: FakeRates
    long_prompt: tuple[FakeLong, ...]
    notes: tuple[str, ...] = ()


class FakeBook:
    """`big` is cheaper from PRICE_CHANGE on, `small` five times as dear above 100,000, `half` lacks prices."""

    checked_on = date(2026, 11, 23)
    new_tokens_per_old = 1.3

    def resolve(self, name: str) -> str:
        known = {"big": "big", "vendor/big": "big", "small": "small", "half": "half"}
        if name not in known:
            raise UnknownModelError(f"No price for {name!r}. Add it under [[prices.override]].")
        return known[name]

    def thresholds(self) -> tuple[int, ...]:
        return (100_000, 200_000)

    def price(self, model: str, on: date) -> FakePrice:
        model = self.resolve(model)
        if model == "big":
            return FakePrice(model, on, FakeRates(BIG if on >= PRICE_CHANGE else BIG_BEFORE), ())
        if model == "half":
            return FakePrice(model, on, FakeRates((Decimal(1), None, None, None, Decimal(1))), ())
        return FakePrice(model, on, FakeRates(SMALL), (FakeLong(100_000, FakeRates(tuple(5 * p for p in SMALL))),))

    def multiplier(
        self, model: str, *, on: date, service_tier: str, inference_geo: str, speed: str
    ) -> tuple[Decimal, tuple[str, ...]]:
        factor = Decimal("0.5") if service_tier == "batch" else Decimal(1)
        return factor * (Decimal("1.1") if inference_geo == "us" else 1) * (2 if speed == "fast" else 1), ()


BOOK: Any = FakeBook()


def row(day: date | datetime, **changes: Any) -> Row:
    stamp = f"{day.isoformat()}Z" if isinstance(day, datetime) else f"{day.isoformat()}T00:00:00Z"
    base = {
        "timestamp": stamp,
        "request_type": "answer",
        "model": "big",
        "requests": 10,
        "uncached_input_tokens": 1000,
        "cache_read_tokens": 200,
        "cache_write_5m_tokens": 30,
        "cache_write_1h_tokens": 40,
        "output_tokens": 500,
        "service_tier": "standard",
        "context_window": "0-50k",
        "inference_geo": "",
        "speed": "",
        "billed_cost_usd": None,
    }
    return base | changes


def days(first: date, last: date, step: int = 1) -> list[date]:
    return [first + timedelta(days=offset) for offset in range(0, (last - first).days + 1, step)]


def log(rows: Iterable[Row], folder: Path, name: str = "log.jsonl") -> Path:
    path = folder / name
    path.write_text("".join(json.dumps(each) + "\n" for each in rows))
    return path


def measured(rows: Iterable[Row], folder: Path, **options: Any) -> Measurement:
    path = log(rows, folder)
    usage = read_usage(UsageSource(sources=(path.name,), base_dir=folder), prompt_edges=prompt_edges(BOOK))
    return measure(usage, BOOK, **options)


def forward(measurement: Measurement, *, start: date = date(2027, 1, 1), season: FloatArray = FLAT) -> RequestMix:
    return forward_mix(measurement, start=start, season=season, price_book=BOOK)


def slow_cost(each: Row) -> Decimal:
    """The oracle: one row, Decimal money."""
    tokens = [int(each[name]) for name in TOKEN_COLUMNS]
    day = date.fromisoformat(each["timestamp"][:10])
    price = SMALL if each["model"] == "small" else BIG if day >= PRICE_CHANGE else BIG_BEFORE
    by_window = each["context_window"] in ("100k-200k", "200k-1M")
    above = sum(tokens[:4]) > 100_000 if each["requests"] == 1 else by_window
    if each["model"] == "small" and above:
        price = tuple(5 * each_price for each_price in price)
    cost = sum((count * usd for count, usd in zip(tokens, price, strict=True)), Decimal(0)) / 1_000_000
    cost *= Decimal("0.5") if each["service_tier"] == "batch" else 1
    cost *= Decimal("1.1") if each["inference_geo"] == "us" else 1
    return cost * (2 if each["speed"] == "fast" else 1)


def random_rows(count: int = 500, seed: int = 3) -> list[Row]:
    rng = random.Random(seed)
    return [
        row(
            date(2026, 6, 1) + timedelta(days=rng.randrange(92)),
            request_type=rng.choice(["triage", "answer", "extract"]),
            model=rng.choice(["big", "small", "vendor/big"]),
            requests=rng.choice([1, 1, 7]),
            uncached_input_tokens=rng.randrange(150_000),
            cache_read_tokens=rng.randrange(90_000),
            output_tokens=rng.randrange(5_000),
            service_tier=rng.choice(["standard", "batch"]),
            inference_geo=rng.choice(["", "us"]),
            speed=rng.choice(["", "fast"]),
            context_window=rng.choice(["0-50k", "100k-200k", "200k-1M"]),
        )
        for _ in range(count)
    ]


# ---- list cost


def test_the_bill_is_what_plain_decimal_arithmetic_says(tmp_path: Path) -> None:
    rows = random_rows()
    expected: dict[tuple[str, str, str], Decimal] = defaultdict(Decimal)
    requests: dict[tuple[str, str, str], int] = defaultdict(int)
    for each in rows:
        key = (each["request_type"], BOOK.resolve(each["model"]), each["timestamp"][:7])
        expected[key] += slow_cost(each)
        requests[key] += each["requests"]
    result = measured(rows, tmp_path)
    got = result.rows.set_index(["request_type", "model", "month"])
    assert set(got.index) == set(expected)
    for key, cost in expected.items():
        assert got.loc[key, "list_cost_usd"] == pytest.approx(float(cost), rel=1e-12)
        assert got.loc[key, "requests"] == requests[key]
    assert result.totals.list_cost_usd == pytest.approx(float(sum(expected.values())), rel=1e-12)


def test_rows_are_ranked_and_their_shares_are_the_bill(tmp_path: Path) -> None:
    rows = measured(random_rows(), tmp_path).rows
    assert rows["list_cost_usd"].is_monotonic_decreasing
    assert cumulative_share(rows).iloc[-1] == pytest.approx(1.0)
    assert rows["share_of_bill"].sum() == pytest.approx(1.0)


@pytest.mark.parametrize(("prompt", "times"), [(100_000, 1), (100_001, 5)])
def test_the_whole_request_pays_the_long_rate_only_above_the_threshold(prompt: int, times: int, tmp_path: Path) -> None:
    each = row(
        date(2026, 8, 1), model="small", requests=1, uncached_input_tokens=0, cache_read_tokens=prompt - 70,
        context_window="",
    )  # fmt: skip
    tokens = [0, prompt - 70, 30, 40, 500]
    base = sum(count * usd for count, usd in zip(tokens, SMALL, strict=True)) / 1_000_000
    assert measured([each], tmp_path).totals.list_cost_usd == pytest.approx(float(base) * times, rel=1e-12)


def test_unknown_prompt_lengths_pay_the_base_rate_and_say_what_is_at_stake(tmp_path: Path) -> None:
    known = row(date(2026, 8, 1), model="small", context_window="0-50k")
    open_ended = row(date(2026, 8, 1), model="small", context_window="0-200k", request_type="open")
    result = measured([known, open_ended], tmp_path)
    assert result.totals.list_cost_usd == pytest.approx(2 * float(slow_cost(known)), rel=1e-12)
    assert result.priced_by == {"by context window": pytest.approx(0.5), "unknown prompt length": pytest.approx(0.5)}
    assert any("50.0%" in said and "several requests" in said for said in result.warnings)


def test_every_unknown_model_is_listed_with_its_requests(tmp_path: Path) -> None:
    rows = [row(date(2026, 8, 1), model=name) for name in ("tiny", "big", "huge", "tiny")]
    with pytest.raises(UnknownModelError) as caught:
        measured(rows, tmp_path)
    assert "'tiny' (20 requests)" in str(caught.value)
    assert "'huge' (10 requests)" in str(caught.value)
    assert "'big'" not in str(caught.value)


def test_tokens_of_a_class_without_a_price_are_never_free(tmp_path: Path) -> None:
    with pytest.raises(PriceError, match="half has no known price for cache_read"):
        measured([row(date(2026, 8, 1), model="half")], tmp_path)
    free = row(date(2026, 8, 1), model="half", **dict.fromkeys(TOKEN_COLUMNS[1:4], 0))
    assert measured([free], tmp_path).totals.list_cost_usd == pytest.approx(1500 / 1e6)


def test_usage_read_without_the_thresholds_is_refused(tmp_path: Path) -> None:
    path = log([row(date(2026, 8, 1), model="small")], tmp_path)
    usage = read_usage(UsageSource(sources=(path.name,), base_dir=tmp_path), prompt_edges=(50_000,))
    with pytest.raises(UsageError, match="prompt_edges"):
        measure(usage, BOOK)


def test_untagged_traffic_is_kept_and_said_with_its_share(tmp_path: Path) -> None:
    result = measured([row(date(2026, 8, 1)), row(date(2026, 8, 1), request_type="")], tmp_path)
    assert set(result.rows["request_type"]) == {"answer", "untagged"}
    assert any("50.0%" in said and "untagged" in said for said in result.warnings)


def test_reconciliation_compares_like_with_like(tmp_path: Path) -> None:
    billed = row(date(2026, 8, 1), billed_cost_usd=float(slow_cost(row(date(2026, 8, 1)))) * 0.8)
    silent = row(date(2026, 8, 2))
    result = measured([billed, silent], tmp_path)
    line = result.reconciliation.iloc[0]
    assert (line["month"], line["model"]) == ("2026-08", "big")
    assert line["difference_fraction"] == pytest.approx(-0.2)
    assert result.totals.billed_cost_usd == pytest.approx(float(billed["billed_cost_usd"]))
    assert any("-20.0%" in said for said in result.warnings)
    assert measured([silent], tmp_path).totals.billed_cost_usd is None


# ---- window and exclusions


def test_exclusions_say_what_they_removed_and_misspelt_ones_are_named(tmp_path: Path) -> None:
    rows = [row(day) for day in days(date(2026, 8, 1), date(2026, 8, 31))]
    rows += [row(date(2026, 8, 5), request_type="reindex")]
    whole = measured(rows, tmp_path)
    by_type, by_days = Exclusion(request_type="reindex"), Exclusion(from_=date(2026, 8, 1), to=date(2026, 8, 5))
    cut = measured(rows, tmp_path, exclusions=[by_type, by_days, Exclusion(request_type="reindx")])
    one = float(slow_cost(rows[0]))
    assert [round(usd / one) for _, usd in cut.excluded] == [1, 5, 0]
    assert cut.totals.list_cost_usd + sum(usd for _, usd in cut.excluded) == pytest.approx(whole.totals.list_cost_usd)
    assert any("Did you mean 'reindex'" in said for said in cut.warnings)
    with pytest.raises(UsageError, match="every record"):
        measured(rows, tmp_path, exclusions=[Exclusion(from_=date(2026, 1, 1))])


def test_the_window_is_inclusive(tmp_path: Path) -> None:
    rows = [row(day) for day in days(date(2026, 7, 1), date(2026, 9, 30))]
    result = measured(rows, tmp_path, window=(date(2026, 8, 1), date(2026, 8, 31)))
    assert result.totals.requests == 31 * 10
    assert result.complete_months == ("2026-08",)
    assert measured(rows, tmp_path, window=(date(2026, 7, 2), None)).complete_months == ("2026-08", "2026-09")
    with pytest.raises(UsageError, match="from 2026-07-01 to 2026-09-30"):
        measured(rows, tmp_path, window=(date(2027, 1, 1), None))


# ---- months


def covered(stamps: Sequence[date], **options: Any) -> Any:
    first, last = (datetime.combine(day, datetime.min.time(), tzinfo=UTC) for day in (stamps[0], stamps[-1]))
    return coverage(stamps, first=first, last=last, **options)


@pytest.mark.parametrize(
    ("stamps", "complete", "incomplete"),
    [
        (days(date(2026, 6, 1), date(2026, 8, 31)), ("2026-06", "2026-07", "2026-08"), ()),
        (days(date(2026, 6, 2), date(2026, 8, 30)), ("2026-07",), ("2026-06", "2026-08")),
        (days(date(2026, 6, 1), date(2026, 8, 31), 7), ("2026-06", "2026-07", "2026-08"), ()),
        (days(date(2026, 6, 10), date(2026, 8, 19), 7), ("2026-07",), ("2026-06", "2026-08")),
        ([date(2026, month, 1) for month in (6, 7, 8)], ("2026-06", "2026-07", "2026-08"), ()),
        ([date(2026, 6, 5)], (), ("2026-06",)),
    ],
)
def test_daily_weekly_and_monthly_buckets_are_judged_alike(
    stamps: list[date], complete: tuple[str, ...], incomplete: tuple[str, ...]
) -> None:
    judged = covered(stamps)
    assert (judged.complete, judged.incomplete) == (complete, incomplete)


def test_weekdays_only_reach_the_end_of_a_month_that_ends_on_a_weekend() -> None:
    stamps = [day for day in days(date(2026, 6, 1), date(2026, 10, 30)) if day.weekday() < 5]
    assert covered(stamps).complete == tuple(months_between("2026-06", "2026-10"))


def test_a_month_without_records_is_missing_and_not_zero(tmp_path: Path) -> None:
    rows = [row(day) for day in days(date(2026, 5, 1), date(2026, 8, 31)) if day.month != 7]
    result = measured(rows, tmp_path)
    assert (result.complete_months, result.missing_months) == (("2026-05", "2026-06", "2026-08"), ("2026-07",))
    assert any("2026-07" in said and "not counted as zero" in said for said in result.warnings)
    assert forward(result).entries[0].monthly_requests == pytest.approx(10 * DAYS_PER_MONTH)


@given(st.lists(st.integers(0, 400), min_size=1, max_size=40, unique=True), st.integers(0, 40))
def test_complete_and_incomplete_months_are_those_with_records(offsets: list[int], shift: int) -> None:
    stamps = [date(2026, 1, 1) + timedelta(days=shift + offset) for offset in sorted(offsets)]
    judged = covered(stamps)
    present = {f"{day:%Y-%m}" for day in stamps}
    assert set(judged.complete) | set(judged.incomplete) == present
    assert not set(judged.complete) & set(judged.incomplete)
    assert present | set(judged.missing) == set(months_between(min(present), max(present)))
    assert judged.gap_days == usual_gap(stamps) >= 1


# ---- the forward mix


def test_the_level_is_the_mean_of_complete_months_each_per_equal_month_and_season(tmp_path: Path) -> None:
    rows = [row(day, requests=5 if day.month == 6 else 8) for day in days(date(2026, 6, 1), date(2026, 8, 10))]
    season = np.array([1.0] * 5 + [0.8, 1.2] + [1.0] * 5)
    mix = forward(measured(rows, tmp_path), season=season)
    june, july = 5 * 30 * DAYS_PER_MONTH / 30 / 0.8, 8 * 31 * DAYS_PER_MONTH / 31 / 1.2
    (entry,) = mix.entries
    assert entry.monthly_requests == pytest.approx((june + july) / 2, rel=1e-12)
    assert entry.tokens_per_request.tolist() == [1000 / 8, 200 / 8, 30 / 8, 40 / 8, 500 / 8]
    assert mix.growth_months == 6.5
    assert mix.drift_months == 6.0
    assert mix.history_days == 71


def test_a_type_that_begins_late_has_zero_before_and_one_that_ended_keeps_its_last_shape(tmp_path: Path) -> None:
    rows = [row(day) for day in days(date(2026, 6, 1), date(2026, 8, 31))]
    rows += [row(day, request_type="new") for day in days(date(2026, 8, 1), date(2026, 8, 31))]
    rows += [row(day, request_type="gone", output_tokens=70) for day in days(date(2026, 6, 1), date(2026, 6, 30))]
    rows += [row(day, request_type="late") for day in days(date(2026, 9, 1), date(2026, 9, 3))]
    mix = forward(measured(rows, tmp_path))
    level = {entry.request_type: entry for entry in mix.entries}
    assert level["new"].monthly_requests == pytest.approx(10 * DAYS_PER_MONTH / 3)
    assert level["gone"].monthly_requests == pytest.approx(10 * DAYS_PER_MONTH / 3)
    assert level["gone"].tokens_per_request[4] == 7
    assert "late" not in level
    assert any("'gone'" in said and "2026-06" in said for said in mix.warnings)
    assert any("late" in said and "not in the plan" in said for said in mix.warnings)


def test_models_tokens_and_batch_come_from_the_last_complete_month(tmp_path: Path) -> None:
    rows = [row(day) for day in days(date(2026, 7, 1), date(2026, 7, 31))]
    for day in days(date(2026, 8, 1), date(2026, 8, 31)):
        rows.append(row(day, model="small", requests=30, context_window="100k-200k"))
        rows.append(row(day, requests=5, service_tier="batch", inference_geo="us"))
        rows.append(row(day, requests=5))
    entries = {entry.model: entry for entry in forward(measured(rows, tmp_path)).entries}
    total = (10 + 40) / 2 * DAYS_PER_MONTH
    assert entries["small"].monthly_requests == pytest.approx(total * 0.75)
    assert entries["big"].monthly_requests == pytest.approx(total * 0.25)
    assert entries["big"].batch_fraction == 0.5
    assert entries["big"].modifier == pytest.approx(1.05)
    assert entries["small"].long_prompt_fraction[100_000] == 1.0
    assert entries["small"].long_prompt_fraction[200_000] == 0.0
    assert 130_000 not in entries["small"].long_prompt_fraction


def test_the_entries_cost_what_the_last_month_cost(tmp_path: Path) -> None:
    """Unit costs times levels, at the measured prices, give the measured bill: nothing is lost on the way."""
    rows = [each for each in random_rows(900) if each["context_window"] != "200k-1M"]
    rows = [each | {"model": "big", "service_tier": "standard"} for each in rows]
    rows += [row(day) for day in days(date(2026, 6, 1), date(2026, 8, 31))]
    result = measured(rows, tmp_path)
    august = result.daily[result.daily["month"] == "2026-08"]
    in_august = august.groupby("request_type")["requests"].sum()
    for entry in forward(result).entries:
        unit = float(entry.tokens_per_request @ BOOK.price(entry.model, date(2026, 8, 1)).rates.per_token())
        cost = unit * entry.modifier * in_august[entry.request_type]
        measured_cost = august.loc[august["request_type"] == entry.request_type, "list_cost_usd"].sum()
        assert cost == pytest.approx(measured_cost, rel=1e-9)


def test_days_that_an_exclusion_takes_are_not_counted_as_days_without_use(tmp_path: Path) -> None:
    rows = [row(day, requests=1000 if day.day <= 3 else 10) for day in days(date(2026, 8, 1), date(2026, 8, 31))]
    test_load = Exclusion(from_=date(2026, 8, 1), to=date(2026, 8, 3), reason="load test")
    assert forward(measured(rows, tmp_path, exclusions=[test_load])).entries[0].monthly_requests == pytest.approx(
        10 * DAYS_PER_MONTH
    )


def test_long_prompt_shares_per_request(tmp_path: Path) -> None:
    lengths = [50_000, 80_000, 120_000, 150_000, 220_000]
    only = dict.fromkeys(TOKEN_COLUMNS[1:], 0)
    rows = [
        row(date(2026, 8, 1), requests=1, uncached_input_tokens=each, context_window="", **only) for each in lengths
    ]
    shares = forward(measured(rows, tmp_path)).entries[0].long_prompt_fraction
    assert set(shares) == set(prompt_edges(BOOK)) == {76_923, 100_000, 130_000, 153_846, 200_000, 260_000}
    for edge, share in shares.items():
        assert share == pytest.approx(sum(each for each in lengths if each > edge) / sum(lengths))


def test_an_hour_of_traffic_is_scaled_and_loudly_said(tmp_path: Path) -> None:
    start = datetime(2026, 8, 12, 10)
    rows = [row(start + timedelta(minutes=minute), requests=1) for minute in range(0, 46, 5)]
    mix = forward(measured(rows, tmp_path))
    assert mix.entries[0].monthly_requests == pytest.approx(10 * 24 * DAYS_PER_MONTH)
    assert mix.history_days == pytest.approx(1 / 24)
    assert any("no complete month" in said and "1.0 hours" in said for said in mix.warnings)


def test_three_days_are_scaled_by_days(tmp_path: Path) -> None:
    season = np.array([1.0] * 7 + [0.5, 1.5] + [1.0] * 3)
    mix = forward(measured([row(day) for day in days(date(2026, 8, 4), date(2026, 8, 6))], tmp_path), season=season)
    assert mix.entries[0].monthly_requests == pytest.approx(10 * DAYS_PER_MONTH / 0.5)
    assert mix.history_days == 3
    assert mix.growth_months == pytest.approx(5 - (4.5 / 31 - 0.5))


@pytest.mark.parametrize("season", [np.ones(11), np.full(12, 1.00001), np.array([0.0, 2.0] + [1.0] * 10)])
def test_a_season_that_is_not_one_on_average_is_refused(season: FloatArray, tmp_path: Path) -> None:
    result = measured([row(day) for day in days(date(2026, 8, 1), date(2026, 8, 31))], tmp_path)
    with pytest.raises(InputError, match="season"):
        forward(result, season=season)


# ---- the bundled example


def test_the_example_log_tells_its_story() -> None:
    book = PriceBook.load()
    source = UsageSource(sources=("example.jsonl.gz",), base_dir=data_path("usage"))
    usage = read_usage(source, prompt_edges=prompt_edges(book))
    result = measure(usage, book, exclusions=[Exclusion(request_type="reindex")])
    assert result.complete_months == tuple(months_between("2026-06", "2026-10"))
    assert not any("first known price" in said for said in result.warnings)
    october = result.rows[result.rows["month"] == "2026-10"]
    assert 180_000 < october["list_cost_usd"].sum() < 230_000
    cheap = october["request_type"].isin(["triage", "extract", "nightly-summary"])
    assert 0.6 < october.loc[cheap, "share_of_bill"].sum() / october["share_of_bill"].sum() < 0.7
    assert set(result.rows["request_type"]) == {
        "triage", "answer", "extract", "nightly-summary", "code-agent", "untagged",
    }  # fmt: skip
    mix = forward_mix(result, start=date(2027, 1, 1), season=FLAT, price_book=book)
    agent = next(entry for entry in mix.entries if entry.request_type == "code-agent")
    assert 0.1 < agent.long_prompt_fraction[100_000] < 0.4
    assert {100_000, 200_000} <= set(agent.long_prompt_fraction)


def test_the_message_sample_and_its_canonical_twin_give_the_same_mix(tmp_path: Path) -> None:
    book = PriceBook.load()
    sample = data_path("usage", "messages-sample.jsonl")
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["timestamp", "request_type", "model", *TOKEN_COLUMNS, "inference_geo"])
    for line in sample.read_text().splitlines():
        record = json.loads(line)
        usage = record["usage"]
        split = usage["cache_creation"]
        writer.writerow(
            [
                record["timestamp"],
                record["request_type"],
                record["model"],
                usage["input_tokens"],
                usage["cache_read_input_tokens"],
                split["ephemeral_5m_input_tokens"],
                split["ephemeral_1h_input_tokens"],
                usage["output_tokens"],
                usage["inference_geo"],
            ]
        )
    (tmp_path / "twin.csv").write_text(out.getvalue())
    mixes = [
        measure(
            read_usage(UsageSource(sources=(path.name,), base_dir=path.parent), prompt_edges=prompt_edges(book)), book
        )
        for path in (sample, tmp_path / "twin.csv")
    ]
    assert mixes[0].rows.equals(mixes[1].rows)
    assert mixes[0].totals.requests == 300


def test_days_in_a_month() -> None:
    assert [days_in(month) for month in ("2026-02", "2028-02", "2026-04", "2026-12")] == [28, 29, 30, 31]


def test_two_days_a_month_apart_are_monthly_buckets_and_other_pairs_are_days() -> None:
    assert usual_gap([date(2026, 6, 1), date(2026, 7, 1)]) == 30
    assert usual_gap([date(2026, 6, 1), date(2026, 6, 15)]) == 1
    assert usual_gap([date(2026, 6, 1)]) == 1


def test_without_a_complete_month_the_days_an_exclusion_takes_are_not_days_without_use(tmp_path: Path) -> None:
    lines = ["timestamp,request_type,model,requests,uncached_input_tokens,output_tokens"]
    lines += [f"2026-06-{day:02d}T12:00:00Z,answer,claude-opus-5,1000,1000,10" for day in range(3, 18)]
    (tmp_path / "log.csv").write_text("\n".join(lines) + "\n")
    book = PriceBook.load()
    usage = read_usage(UsageSource(sources=("log.csv",), base_dir=tmp_path), prompt_edges=prompt_edges(book))
    load_test = Exclusion(from_=date(2026, 6, 5), to=date(2026, 6, 9), reason="load test")
    measured = measure(usage, book, exclusions=(load_test,))
    mix = forward_mix(measured, start=date(2026, 7, 1), season=np.ones(12), price_book=book)
    assert mix.entries[0].monthly_requests == pytest.approx(1000 * DAYS_PER_MONTH)
