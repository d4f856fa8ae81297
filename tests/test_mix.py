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
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from planner.bundled import data_path
from planner.commands.measure_told import conclusion
from planner.coverage import coverage, days_in, months_between, usual_gap
from planner.errors import InputError, PlannerError, PriceError, UnknownModelError, UsageError
from planner.generations import one_generation
from planner.history.daily_use import daily_use
from planner.lever_costs.scenario_costs import price_scenario
from planner.levers import Scenario
from planner.list_cost import price_groups
from planner.listings import measure_table
from planner.machine import measure_json
from planner.mix import (
    Exclusion,
    Measurement,
    MixEntry,
    RequestMix,
    cumulative_share,
    forward_mix,
    measure,
    prompt_edges,
)
from planner.plan_file.loader import parse_plan
from planner.prices import PriceBook
from planner.typed_mix import typed_mix
from planner.units import DAYS_PER_MONTH, SERVER_TOOL_COLUMNS, TOKEN_COLUMNS, FloatArray
from planner.usage.read import UsageSource, read_usage

FLAT = np.ones(12)
Row = dict[str, Any]

BIG = (Decimal(4), Decimal("0.2"), Decimal(5), Decimal(8), Decimal(20))
BIG_BEFORE = (Decimal(5), Decimal("0.5"), Decimal("6.25"), Decimal(10), Decimal(25))
SMALL = (Decimal("0.1"), Decimal("0.01"), Decimal("0.125"), Decimal("0.2"), Decimal("0.5"))
PRICE_CHANGE = date(2026, 7, 15)
SOLD_FROM = date(2026, 6, 1)
TOOLS, TOOLS_BEFORE = (Decimal(8), Decimal("0.03")), (Decimal(10), Decimal("0.05"))


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


@dataclass(frozen=True)
class FakeTools:
    web_search_usd_per_thousand: Decimal
    code_execution_usd_per_hour: Decimal

    def notes_on(self, *, searches: bool, code_execution: bool) -> tuple[str, ...]:
        used = (("web search: a note", searches), ("code execution: a note", code_execution))
        return (*(note for note, is_used in used if is_used), "a note on both")


class FakeBook:
    """`big` is cheaper from PRICE_CHANGE on, `small` five times as dear above 100,000, `half` lacks prices. Server
    tools are cheaper from PRICE_CHANGE on and not sold before SOLD_FROM."""

    provider = "anthropic"
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

    def server_tools(self, on: date) -> FakeTools:
        if on < SOLD_FROM:
            raise PriceError(f"No price of server tools is known on {on}.")
        return FakeTools(*(TOOLS if on >= PRICE_CHANGE else TOOLS_BEFORE))


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
    return cost * (2 if each["speed"] == "fast" else 1) + slow_tools_usd(each)


def slow_tools_usd(each: Row) -> Decimal:
    """The same for server tools, which no factor touches."""
    day = date.fromisoformat(each["timestamp"][:10])
    per_thousand, per_hour = TOOLS if day >= PRICE_CHANGE else TOOLS_BEFORE
    searches, seconds = each.get("web_search_requests", 0), each.get("code_execution_seconds", 0)
    return searches * per_thousand / 1_000 + seconds * per_hour / 3_600


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
            web_search_requests=rng.choice([0, 0, 3, 40]),
            code_execution_seconds=rng.choice([0, 0, 300, 7_777]),
        )
        for _ in range(count)
    ]


# ---- list cost


def test_the_bill_is_what_plain_decimal_arithmetic_says(tmp_path: Path) -> None:
    rows = random_rows()
    expected: dict[tuple[str, str, str], Decimal] = defaultdict(Decimal)
    tools: dict[tuple[str, str, str], Decimal] = defaultdict(Decimal)
    requests: dict[tuple[str, str, str], int] = defaultdict(int)
    for each in rows:
        key = (each["request_type"], BOOK.resolve(each["model"]), each["timestamp"][:7])
        expected[key] += slow_cost(each)
        requests[key] += each["requests"]
        tools[key] += slow_tools_usd(each)
    result = measured(rows, tmp_path)
    got = result.rows.set_index(["request_type", "model", "month"])
    assert set(got.index) == set(expected)
    for key, cost in expected.items():
        assert got.loc[key, "list_cost_usd"] == pytest.approx(float(cost), rel=1e-12)
        assert got.loc[key, "server_tools_usd"] == pytest.approx(float(tools[key]), rel=1e-12)
        assert got.loc[key, "requests"] == requests[key]
    assert result.totals.list_cost_usd == pytest.approx(float(sum(expected.values())), rel=1e-12)
    assert result.totals.server_tools_usd == pytest.approx(float(sum(tools.values())), rel=1e-12)
    for name in SERVER_TOOL_COLUMNS:
        assert getattr(result.totals, name) == got[name].sum() == sum(each[name] for each in rows)


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
    (line,) = result.reconciliation.rows
    assert (line.month, line.model) == ("2026-08", "big")
    assert line.difference_fraction == pytest.approx(-0.2)
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
        tools = entry.web_searches_per_request * 0.008 + entry.code_execution_hours_per_request * 0.03
        cost = (unit * entry.modifier + tools) * in_august[entry.request_type]
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
    entry = forward(measured(rows, tmp_path)).entries[0]
    shares = entry.long_prompt_fraction
    assert set(shares) == set(prompt_edges(BOOK)) == {76_923, 100_000, 130_000, 153_846, 200_000, 260_000}
    for edge, share in shares.items():
        assert share == pytest.approx(sum(each for each in lengths if each > edge) / sum(lengths))
    assert entry.long_request_fraction == {
        edge: sum(each > edge for each in lengths) / 5 for edge in prompt_edges(BOOK)
    }


def test_shares_of_requests_weigh_a_bucket_by_its_requests_and_are_known_where_shares_of_tokens_are(
    tmp_path: Path,
) -> None:
    windows = {"0-50k": 14, "100k-200k": 4, "200k-1M": 2}
    rows = [row(date(2026, 8, 1), requests=count, context_window=window) for window, count in windows.items()]
    entry = forward(measured(rows, tmp_path)).entries[0]
    assert entry.long_request_fraction[100_000] == pytest.approx(0.3)
    assert entry.long_request_fraction[200_000] == pytest.approx(0.1)
    assert entry.long_prompt_fraction[100_000] == pytest.approx(2 / 3)
    assert set(entry.long_request_fraction) == set(entry.long_prompt_fraction) < set(prompt_edges(BOOK))


# ---- server tools


def test_server_tools_pay_no_factor_and_are_means_of_the_same_rows_as_tokens(tmp_path: Path) -> None:
    rows = [
        row(day, web_search_requests=900, code_execution_seconds=9) for day in (date(2026, 7, 30), date(2026, 7, 31))
    ]
    for day in days(date(2026, 8, 1), date(2026, 8, 31)):
        rows.append(row(day, requests=3, web_search_requests=2, code_execution_seconds=1_800, service_tier="batch"))
        rows.append(row(day, requests=1, speed="fast", inference_geo="us"))
    result = measured(rows, tmp_path)
    entry = forward(result).entries[0]
    assert entry.web_searches_per_request == pytest.approx(2 / 4)
    assert entry.code_execution_hours_per_request == pytest.approx(0.5 / 4)
    assert result.totals.server_tools_usd == pytest.approx(
        (1_800 + 31 * 2) * 0.008 + (18 / 3_600 + 31 * 0.5) * 0.03, rel=1e-12
    )
    bare = [{name: value for name, value in each.items() if name not in SERVER_TOOL_COLUMNS} for each in rows]
    without = measured(bare, tmp_path)
    assert result.totals.list_cost_usd - without.totals.list_cost_usd == pytest.approx(result.totals.server_tools_usd)
    assert {"web search: a note", "code execution: a note", "a note on both"} <= set(result.warnings)
    assert not any("a note" in said for said in without.warnings)
    searched = measured([row(date(2026, 8, 1), web_search_requests=1)], tmp_path).warnings
    assert {said for said in searched if "a note" in said} == {"web search: a note", "a note on both"}
    plain = forward(without).entries[0]
    assert (plain.modifier, plain.batch_fraction) == (entry.modifier, entry.batch_fraction)
    assert (plain.web_searches_per_request, plain.code_execution_hours_per_request) == (0.0, 0.0)


def test_a_log_without_server_tools_shows_none_and_asks_for_no_price(tmp_path: Path) -> None:
    before = row(SOLD_FROM - timedelta(days=1), code_execution_seconds=0)
    result = measured([before, row(date(2026, 8, 1))], tmp_path)
    assert not result.totals.has_server_tools
    assert result.totals.server_tools_usd == 0
    assert not {*SERVER_TOOL_COLUMNS, "server_tools_usd"} & set(result.rows.columns)
    assert not {*SERVER_TOOL_COLUMNS, "server_tools_usd"} & set(measure_json(result)["totals"])
    assert [name for name in measure_table(result).columns if "tool" in name] == []
    with pytest.raises(PriceError, match="server tools"):
        measured([before | {"web_search_requests": 1}], tmp_path)


def test_measured_server_tools_are_shown_with_their_dollars(tmp_path: Path) -> None:
    rows = [
        row(date(2026, 8, 1), web_search_requests=1_500, code_execution_seconds=9_000),
        row(date(2026, 8, 1), request_type="b"),
    ]
    result = measured(rows, tmp_path)
    found = measure_json(result)
    assert found["totals"]["server_tools_usd"] == pytest.approx(12.075)
    by_type = {line["request_type"]: line for line in found["rows"]}
    assert (by_type["answer"]["web_search_requests"], by_type["answer"]["code_execution_seconds"]) == (1_500, 9_000)
    assert (by_type["answer"]["server_tools_usd"], by_type["b"]["server_tools_usd"]) == (pytest.approx(12.075), 0)
    table = measure_table(result)
    at = table.columns.index("web searches")
    assert table.rows[0][at : at + 3] == ("1,500", "2.5", "$12")
    assert table.numeric == frozenset(range(3, len(table.columns)))
    assert {len(line) for line in table.rows} == {len(table.columns)}
    assert (
        conclusion(result)
        == "20 requests, $12 at list, of it $12 for 1,500 web searches and 2.5 hours of code execution."
    )


def test_a_bill_above_list_may_be_server_tools_that_the_log_does_not_carry(tmp_path: Path) -> None:
    def causes(**changes: Any) -> str:
        return next(
            said for said in measured([row(date(2026, 8, 1), **changes)], tmp_path).warnings if "billed" in said
        )

    assert "web searches or code execution that the log does not carry" in causes(billed_cost_usd=5)
    assert "web searches" not in causes(billed_cost_usd=5, web_search_requests=1)
    assert "web searches" not in causes(billed_cost_usd=0.001)
    right = row(date(2026, 8, 1), web_search_requests=300)
    honest = measured([right | {"billed_cost_usd": float(slow_cost(right))}], tmp_path)
    assert not any("billed" in said for said in honest.warnings)


def test_what_unknown_prompt_lengths_put_at_stake_has_no_server_tools_in_it(tmp_path: Path) -> None:
    unsettled = row(date(2026, 8, 1), model="small", context_window="0-200k", output_tokens=10**9)
    said = [
        next(each for each in measured([unsettled | tools], tmp_path).warnings if "several requests" in each)
        for tools in ({}, {"web_search_requests": 10**6})
    ]
    assert said[0] == said[1]
    assert "$2,000 more" in said[0]


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10**6), parts=st.integers(1, 4))
def test_splitting_rows_and_their_order_keep_the_dollars(
    seed: int, parts: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A row told as several, in any order, is the same use: dollars, means per request and shares."""
    rng = random.Random(seed)
    rows = [each | {"requests": 8, "model": "big"} for each in random_rows(12, seed)]
    counts = ("requests", *TOKEN_COLUMNS, *SERVER_TOOL_COLUMNS)
    pieces = []
    for each in rows:
        cuts = {name: sorted(rng.randrange(each[name] + 1) for _ in range(parts - 1)) for name in counts[1:]}
        cuts["requests"] = list(range(2, 2 * parts, 2))
        for piece in range(parts):
            amounts = {name: ([0, *cut, each[name]][piece + 1] - [0, *cut][piece]) for name, cut in cuts.items()}
            pieces.append(each | amounts)
    rng.shuffle(pieces)
    folder = tmp_path_factory.mktemp("log")
    whole, split = measured(rows, folder), measured(pieces, folder)
    assert split.totals.list_cost_usd == pytest.approx(float(sum(map(slow_cost, rows))), rel=1e-12)
    assert split.totals.server_tools_usd == pytest.approx(whole.totals.server_tools_usd, rel=1e-12)
    for one, other in zip(_entries_by_type(whole), _entries_by_type(split), strict=True):
        assert other.web_searches_per_request == pytest.approx(one.web_searches_per_request, rel=1e-12)
        assert other.code_execution_hours_per_request == pytest.approx(one.code_execution_hours_per_request, rel=1e-12)
        assert other.long_request_fraction == pytest.approx(one.long_request_fraction)


def _entries_by_type(measurement: Measurement) -> list[MixEntry]:
    return sorted(forward(measurement).entries, key=lambda entry: (entry.request_type, entry.model))


def test_a_history_at_constant_prices_has_server_tools_at_the_prices_of_its_day(tmp_path: Path) -> None:
    each = row(date(2026, 7, 1), web_search_requests=1_000, code_execution_seconds=3_600)
    result = measured([each, each | {"timestamp": "2026-07-02T00:00:00Z"}], tmp_path)
    tokens = [int(each[name]) for name in TOKEN_COLUMNS]
    usd = float(sum(count * price for count, price in zip(tokens, BIG, strict=True))) / 1e6 + 8.03
    history = daily_use(result, ConstantBook(), on=date(2026, 8, 1))  # type: ignore[arg-type]
    assert history.spend_usd[:, 0] == pytest.approx([usd, usd], rel=1e-12)
    assert result.totals.list_cost_usd == pytest.approx(float(2 * slow_cost(each)), rel=1e-12)


class ConstantBook(FakeBook):
    """Adds what a history asks: one tokenizer."""

    def token_ratio(self, from_model: str, to_model: str) -> float:
        return 1.0


def test_one_generation_leaves_server_tools_as_they_are(tmp_path: Path) -> None:
    book = PriceBook.load()
    rows = [
        row(day, model=model, web_search_requests=7, code_execution_seconds=11)
        for day, model in ((date(2026, 6, 1), "claude-opus-4-5"), (date(2026, 10, 1), "claude-opus-5-5"))
    ]
    path = log(rows, tmp_path)
    usage = read_usage(UsageSource(sources=(path.name,), base_dir=tmp_path), prompt_edges=prompt_edges(book))
    moved, said = one_generation(usage, book, since=date(2026, 10, 1), until=date(2026, 10, 1))
    assert [each.counted_on for each in said] == ["claude-opus-5-5"]
    assert moved.groups["uncached_input_tokens"].tolist() == [1_300, 1_000]
    for name in SERVER_TOOL_COLUMNS:
        assert moved.groups[name].tolist() == usage.groups[name].tolist()


@pytest.mark.parametrize(
    ("provider", "unknown"),
    [
        ("anthropic", ()),
        ("vertex", ("code_execution_seconds",)),
        ("bedrock", ("web_search_requests", "code_execution_seconds")),
    ],
)
def test_a_tool_needs_a_price_only_where_it_was_used(provider: str, unknown: tuple[str, ...], tmp_path: Path) -> None:
    book = PriceBook.load(provider)
    for name, usd in (("web_search_requests", 36.0), ("code_execution_seconds", 0.05)):
        path = log([row(date(2026, 11, 1), model="claude-opus-5-5", **{name: 3_600})], tmp_path)
        usage = read_usage(UsageSource(sources=(path.name,), base_dir=tmp_path), prompt_edges=prompt_edges(book))
        if name in unknown:
            with pytest.raises(PriceError, match=r"prices\.server_tools"):
                measure(usage, book)
        else:
            result = measure(usage, book)
            assert result.totals.server_tools_usd == pytest.approx(usd, rel=1e-12)
            free_hours_said = any(said.startswith("code execution: every hour is priced") for said in result.warnings)
            assert free_hours_said == (name == "code_execution_seconds")


# ---- typed in by hand


MIX = """
[plan]
start = 2027-01-01

[[mix]]
request_type = "chat"
model = "{model}"
monthly_requests = 1000
uncached_input_tokens = 900
output_tokens = 60
{more}

[contract]

[[contract.band]]
min_commit_usd_per_year = 250_000
discount_fraction = 0.08
"""


def typed_entry(more: str = "", model: str = "claude-haiku-5-5") -> MixEntry:
    plan = parse_plan(MIX.format(model=model, more=more), base_dir=Path())
    return typed_mix(plan.mix, PriceBook.load(), on=date(2026, 11, 23)).entries[0]


def test_a_typed_mix_tells_server_tools_and_shares_of_requests() -> None:
    entry = typed_entry("web_searches = 0.25\ncode_execution_hours = 0.001")
    assert (entry.web_searches_per_request, entry.code_execution_hours_per_request) == (0.25, 0.001)
    assert entry.long_request_fraction == entry.long_prompt_fraction == {100_000: 0.0}
    both = typed_entry("long_prompt_fraction = 0.6\nlong_request_fraction = 0.2")
    assert (both.long_prompt_fraction, both.long_request_fraction) == ({100_000: 0.6}, {100_000: 0.2})
    assert typed_entry("long_prompt_fraction = 0.6").long_request_fraction == {}
    on_opus = typed_entry("long_prompt_fraction = 0.6\nlong_request_fraction = 0.2", model="claude-opus-5-5")
    assert set(on_opus.long_request_fraction) == set(on_opus.long_prompt_fraction) >= {100_000, 200_000}
    plain = typed_entry(model="claude-opus-5-5")
    assert (plain.long_prompt_fraction, plain.long_request_fraction) == ({}, {})
    assert (plain.web_searches_per_request, plain.code_execution_hours_per_request) == (0.0, 0.0)


def test_a_level_month_of_a_typed_mix_pays_for_its_server_tools() -> None:
    tools = "batch_fraction = 0.5\nweb_searches = 2.5\ncode_execution_hours = 0.1"
    book, on = PriceBook.load(), date(2026, 11, 23)
    costs = []
    for more in ("batch_fraction = 0.5", tools):
        plan = parse_plan(MIX.format(model="claude-opus-5-5", more=more), base_dir=Path())
        mix = typed_mix(plan.mix, book, on=on)
        costs.append(price_scenario(Scenario(name="s"), mix, book, on=on).mean_unit_costs(np.zeros(1))[0, 0])
    assert costs[0] == pytest.approx((900 * 4 + 60 * 20) / 1e6 * 0.75, rel=1e-12)
    assert costs[1] - costs[0] == pytest.approx(2.5 * 0.01 + 0.1 * 0.05, rel=1e-12)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("web_searches = -1", "web_searches"),
        ("code_execution_hours = 1e9", "code_execution_hours"),
        ("long_request_fraction = 1.5", "long_request_fraction"),
        ("long_request_fraction = 0.2", "long_prompt_fraction"),
        ("long_request_fraction = 0.2\nlong_prompt_fraction = 0.0", "long_prompt_fraction"),
    ],
)
def test_a_typed_mix_that_contradicts_itself_is_refused(more: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        typed_entry(more)


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


def test_rows_are_priced_at_the_provider_that_served_them(tmp_path: Path) -> None:
    rows = [
        {"timestamp": "2026-11-01T00:00:00Z", "model": "claude-haiku-5-5", "uncached_input_tokens": 1_000_000,
         "output_tokens": 1_000, "request_type": kind, "provider": provider, "inference_geo": ""}
        for kind, provider in (("own", ""), ("direct", "anthropic"), ("cloud", "bedrock"), ("other", "vertex"))
    ]  # fmt: skip
    path = tmp_path / "log.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    usage = read_usage(
        UsageSource(sources=(path.name,), base_dir=tmp_path), prompt_edges=prompt_edges(PriceBook.load())
    )
    measurement = measure(usage, PriceBook.load())
    for kind, provider in (("own", "anthropic"), ("direct", "anthropic"), ("cloud", "bedrock"), ("other", "vertex")):
        alone = usage.groups[usage.groups["request_type"] == kind].assign(provider="")
        apart = price_groups(alone, PriceBook.load(provider), usage.prompt_edges).groups["list_cost_usd"].sum()
        mine = measurement.rows.set_index("request_type").loc[kind, "list_cost_usd"]
        assert mine == pytest.approx(apart, rel=1e-12)
    said = [warning for warning in measurement.warnings if "was served by" in warning]
    assert [name for name in ("Bedrock", "Vertex AI") if any(name in each for each in said)] == ["Bedrock", "Vertex AI"]


def test_a_provider_without_prices_is_named(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text(
        "timestamp,model,uncached_input_tokens,output_tokens,provider\n2026-11-01,claude-haiku-5-5,1,1,azure\n"
    )
    usage = read_usage(
        UsageSource(sources=(path.name,), base_dir=tmp_path), prompt_edges=prompt_edges(PriceBook.load())
    )
    with pytest.raises(PriceError, match=r"'azure'.*anthropic, bedrock, vertex"):
        measure(usage, PriceBook.load())


def test_models_of_other_vendors_are_left_out_by_an_exclusion_and_said_and_block_without_one(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text(
        "timestamp,model,uncached_input_tokens,output_tokens,provider\n"
        "2026-11-01,claude-haiku-5-5,1000,1,\n2026-11-01,gpt-9,1000,1,\n2026-11-01,gpt-9-mini,1000,1,azure\n"
    )
    book = PriceBook.load()
    usage = read_usage(UsageSource(sources=(path.name,), base_dir=tmp_path), prompt_edges=prompt_edges(book))
    with pytest.raises(PlannerError, match=r"usage.exclude"):
        measure(usage, book)
    kept = measure(usage, book, exclusions=[Exclusion(model="gpt-*", reason="another vendor's")])
    assert kept.totals.requests == 1
    assert [said for said in kept.warnings if "gpt-9, gpt-9-mini" in said and "2 requests" in said]
    assert not [said for said in kept.warnings if "removes nothing" in said]
