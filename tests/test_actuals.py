"""Actual months: read as the plan reads its log, priced twice, closed or scaled, and set beside the plan."""

import gzip
import json
import runpy
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tomlkit
from strategies import mix_entry, override, plan_table

from planner.billed.records import Invoice
from planner.bundled import data_path
from planner.coverage import days_in, first_day
from planner.errors import InputError, UsageError
from planner.evidence_in_plan.checking import checked_pairs, read_new
from planner.lever_costs.unit_costs import Account
from planner.plan_file.loader import load_plan, parse_plan
from planner.prices import PriceBook
from planner.tracking.actual import ActualMonth, Use
from planner.tracking.months.actuals import ReadActuals, planned_models, read_actuals, term_months, usage_of_actuals
from planner.tracking.months.merging import merged
from planner.tracking.months.months import contract_month, tracked_months
from planner.tracking.months.running_month import UNSCALED_LOG_SD, DailyList, scaled
from planner.tracking.months.signing_prices import newest_in_service, signing_prices
from planner.tracking.signed_plan import SignedPlan, signed_plan
from planner.tracking_reports.months import is_scaled

Row = dict[str, Any]

PLAN = data_path("plans", "signed.toml").read_text(encoding="utf-8").replace("paths = 32_768", "paths = 256")
LOG = data_path("tracking", "actuals.jsonl.gz")
TODAY = date(2026, 11, 24)
BOOK = PriceBook.load()

THEN = {
    "claude-opus-5": ("claude-opus-4-8", 1.0),
    "claude-opus-5-5": ("claude-opus-4-8", 1.0),
    "claude-sonnet-5-5": ("claude-sonnet-5", 1.0),
    "claude-haiku-5-5": ("claude-haiku-4-5", 1 / 1.3),
}
"""What came after 30 June 2026, what was the newest of its tier then, and its tokens for one of the newer model's."""


@pytest.fixture(scope="module")
def signed() -> SignedPlan:
    return signed_plan(parse_plan(PLAN, base_dir=Path()))


@pytest.fixture(scope="module")
def example(signed: SignedPlan) -> ReadActuals:
    return read(signed, LOG)


def read(signed: SignedPlan, *sources: Path, on: date = TODAY, billed: Sequence[str] = ()) -> ReadActuals:
    usage = usage_of_actuals(signed.inputs, [str(source) for source in sources], base_dir=Path(), billed=billed)
    return read_actuals(signed, usage, on=on)


def row(day: date | str, requests: int = 1000, **changed: Any) -> Row:
    """A bucket of a day that costs 0.01 USD a request on the pricing day: 1,000 tokens in and 200 out of Opus 4.8."""
    stamp = day if isinstance(day, str) else f"{day}T00:00:00Z"
    return {
        "timestamp": stamp,
        "request_type": "triage",
        "model": "claude-opus-4-8",
        "requests": requests,
        "uncached_input_tokens": 1_000 * requests,
        "output_tokens": 200 * requests,
    } | changed


def days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def written(folder: Path, rows: Sequence[Row], name: str = "log.jsonl") -> Path:
    path = folder / name
    path.write_text("".join(json.dumps(each) + "\n" for each in rows), encoding="utf-8")
    return path


# --- the bundled example ---------------------------------------------------------------------------------------------


def plain_usd(each: Row, model: str, on: date, ratio: float = 1.0) -> float:
    """A row's list cost on a day, one multiplication after the other."""
    rates = BOOK.price(model, on).rates.per_token()
    names = ("uncached_input", "cache_read", "cache_write_5m", "cache_write_1h", "output")
    return sum(each.get(f"{name}_tokens", 0) * ratio * rate for name, rate in zip(names, rates, strict=True))


def test_the_example_is_priced_at_each_day_and_at_the_day_of_signing(example: ReadActuals) -> None:
    current: dict[tuple[str, str, str], float] = defaultdict(float)
    signing: dict[tuple[str, str, str], float] = defaultdict(float)
    requests: dict[tuple[str, str, str], int] = defaultdict(int)
    for line in gzip.decompress(LOG.read_bytes()).decode().splitlines():
        each = json.loads(line)
        day, model = date.fromisoformat(each["timestamp"][:10]), each["model"]
        key = each["timestamp"][:7], each["request_type"], model
        then, ratio = THEN.get(model, (model, 1.0))
        current[key] += plain_usd(each, model, day)
        signing[key] += plain_usd(each, then, date(2026, 6, 30), ratio)
        requests[key] += each["requests"]
    found = {(month.month, use.request_type, use.model): use for month in example.months for use in month.uses}
    assert found.keys() == current.keys()
    for key, use in found.items():
        assert use.list_cost_usd == pytest.approx(current[key], rel=1e-9)
        assert use.signing_list_cost_usd == pytest.approx(signing[key], rel=1e-6)
        assert use.requests == requests[key]
        assert use.account == Account(use.model.split("-")[1])
        assert not use.is_batch


def test_the_example_has_four_closed_months_and_a_running_one(example: ReadActuals) -> None:
    assert [month.month for month in example.months] == ["2026-07", "2026-08", "2026-09", "2026-10", "2026-11"]
    *closed, running = example.months
    assert all(month.is_closed and (month.scale, month.scale_log_sd) == (1.0, 0.0) for month in closed)
    assert all((month.last - month.first).days + 1 == days_in(month.month) for month in closed)
    assert (running.is_closed, running.first, running.last) == (False, date(2026, 11, 1), date(2026, 11, 22))
    weight = {day: 0.35 if day.weekday() >= 5 else 1.0 for day in days(date(2026, 11, 1), date(2026, 11, 30))}
    share = sum(usual for day, usual in weight.items() if day <= running.last) / sum(weight.values())
    assert running.scale == pytest.approx(1 / share, rel=0.01)
    assert running.scale_log_sd < 0.03
    assert "22 of 30 days are covered" in running.notes[0]


def test_the_example_says_which_models_came_later(example: ReadActuals) -> None:
    for model, (then, _) in THEN.items():
        assert any(note.startswith(f"{model} came after") and f"counts as {then}'s" in note for note in example.notes)


def test_the_example_tells_its_story(signed: SignedPlan, example: ReadActuals) -> None:
    tracked = tracked_months(signed, example.months, signed.fan_usd)
    assert [month.inside_80 for month in tracked] == [True, True, True, False, None]
    assert tracked[3].actual_usd < tracked[3].p10
    by_month = {month.month: {use.request_type for use in month.uses} for month in example.months}
    assert "contract-notes" not in by_month["2026-08"]
    assert "contract-notes" in by_month["2026-09"]
    july, october = example.months[0], example.months[3]
    assert july.list_cost_usd == pytest.approx(july.signing_list_cost_usd)
    assert october.list_cost_usd < 0.85 * october.signing_list_cost_usd
    assert len(LOG.read_bytes()) < 60_000


def test_the_script_makes_the_bundled_bytes() -> None:
    script = runpy.run_path(str(LOG.parent / "make_example.py"))
    rows, outcomes = script["made"](np.random.default_rng(script["SEED"]))
    assert script["as_lines"](rows) == gzip.decompress(LOG.read_bytes())
    assert script["as_lines"](outcomes) == (LOG.parent / "outcomes.jsonl").read_bytes()


def test_the_outcomes_of_the_example_speak_of_routes_of_its_plan(signed: SignedPlan) -> None:
    new = read_new([LOG.parent / "outcomes.jsonl"], signed.prepared)
    moved = {(check.request_type, check.model): check.drift for check in checked_pairs(signed.prepared, new)}
    triage = moved["triage", "claude-haiku-4-5"]
    assert triage is not None
    assert triage.moved != "no change seen"


def test_a_month_alone_is_the_month_among_others(signed: SignedPlan, example: ReadActuals, tmp_path: Path) -> None:
    lines = gzip.decompress(LOG.read_bytes()).decode().splitlines(keepends=True)
    path = tmp_path / "august.jsonl"
    path.write_text("".join(line for line in lines if '"2026-08' in line), encoding="utf-8")
    alone = read(signed, path)
    assert merged(example.months, alone.months).new == ()
    assert alone.months[0].is_closed


# --- logs with something the matter ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def messy(signed: SignedPlan, tmp_path_factory: pytest.TempPathFactory) -> ReadActuals:
    """June to a stop at noon on 10 November, ten days without a record in August, and a row from next year."""
    rows = [
        row(day)
        for day in days(date(2026, 6, 20), date(2026, 11, 9))
        if not date(2026, 8, 11) <= day <= date(2026, 8, 20)
    ]
    rows += [row("2026-11-10T11:30:00Z", 300), row(date(2027, 1, 3), 7), row(date(2026, 9, 9), service_tier="batch")]
    rows += [row(date(2026, 10, 5), web_search_requests=50)]
    return read(signed, written(tmp_path_factory.mktemp("messy"), rows))


def test_a_month_with_a_hole_is_not_closed_and_is_scaled(messy: ReadActuals) -> None:
    august = messy.months[1]
    assert (august.month, august.is_closed) == ("2026-08", False)
    assert (august.first, august.last) == (date(2026, 8, 1), date(2026, 8, 31))
    assert august.scale == pytest.approx(31 / 21, rel=0.005)  # a batch and a search make a little rhythm
    assert august.scale_log_sd > 0
    assert "no record from 2026-08-11 to 2026-08-20" in august.notes[0]
    assert [month.is_closed for month in messy.months] == [True, False, True, True, False]


def test_a_day_that_is_not_over_counts_as_used_and_not_as_covered(messy: ReadActuals) -> None:
    november = messy.months[-1]
    assert november.last == date(2026, 11, 10)
    assert november.list_cost_usd == pytest.approx(9 * 10 + 3)
    assert november.list_cost_usd * november.scale == pytest.approx(300, rel=0.005)


def test_what_is_outside_the_term_or_cannot_have_been_yet_is_said_with_its_size(messy: ReadActuals) -> None:
    assert messy.months[0].month == "2026-07"
    assert any("2026-06 lies before the term begins (2026-07 to 2027-06): $110.00" in note for note in messy.notes)
    assert any("1 row lies after 2026-11-24, the last on 2027-01-03" in note for note in messy.notes)
    assert not any("run rate" in note for note in messy.notes)


def test_batch_and_server_tools_are_told_apart(messy: ReadActuals) -> None:
    plain, batch = messy.months[2].uses
    assert (plain.is_batch, batch.is_batch) == (False, True)
    assert batch.list_cost_usd == pytest.approx(5.0)
    (october,) = messy.months[3].uses
    assert october.server_tools_usd == pytest.approx(0.5)
    accounts = messy.months[3].accounts
    assert accounts[Account(None)].current == pytest.approx(0.5)
    assert accounts[Account("opus")].current == pytest.approx(320.0)
    assert sum(usd.signing for usd in accounts.values()) == pytest.approx(messy.months[3].signing_list_cost_usd)


def test_a_log_that_lies_wholly_after_today_or_before_the_term(signed: SignedPlan, tmp_path: Path) -> None:
    path = written(tmp_path, [row(day) for day in days(date(2026, 5, 1), date(2026, 6, 30))])
    found = read(signed, path)
    assert found.months == ()
    assert any("2026-05 to 2026-06 lies before the term begins" in note for note in found.notes)
    with pytest.raises(UsageError, match="No usage between the beginning and 2026-04-01"):
        read(signed, path, on=date(2026, 4, 1))


def test_a_log_of_working_days_reaches_over_a_weekend_and_no_further(signed: SignedPlan, tmp_path: Path) -> None:
    """It has a gap of three days every week, by which days that are still to be logged must not count as covered."""
    worked = [day for day in days(date(2026, 7, 1), date(2026, 11, 20)) if day.weekday() < 5]

    def last_month(until: date) -> ActualMonth:
        return read(signed, written(tmp_path, [row(day) for day in worked if day <= until])).months[-1]

    cut = last_month(date(2026, 9, 28))  # a Monday: two working days of September are to come
    assert not cut.is_closed
    assert cut.scale == pytest.approx(22 / 20)
    assert last_month(date(2026, 9, 30)).is_closed
    assert last_month(date(2026, 10, 30)).is_closed  # a Friday, and the last working day
    assert last_month(date(2026, 11, 18)).scale == pytest.approx(21 / 13)
    assert last_month(date(2026, 11, 20)).scale == pytest.approx(21 / 15)


def test_a_month_whose_last_days_are_days_off_is_all_there(signed: SignedPlan, tmp_path: Path) -> None:
    worked = [day for day in days(date(2026, 7, 1), date(2026, 10, 30)) if day.weekday() < 5]
    month = read(signed, written(tmp_path, [row(day) for day in worked]), on=date(2026, 10, 31)).months[-1]
    assert (month.is_closed, month.scale, month.scale_log_sd) == (False, 1.0, 0.0)
    assert "30 of 31 days are covered; the month is taken as 1 times what was used" in month.notes[0]
    (tracked,) = tracked_months(signed, [month], np.zeros((3, 12)))
    assert is_scaled(tracked)


def test_buckets_of_a_month_close_it_and_the_one_that_runs_is_left_as_it_is(signed: SignedPlan, tmp_path: Path) -> None:
    path = written(tmp_path, [row(date(2026, month, 1), 30_000) for month in range(6, 12)])
    found = read(signed, path)
    assert [month.is_closed for month in found.months] == [True, True, True, True, False]
    running = found.months[-1]
    assert (running.scale, running.scale_log_sd) == (1.0, UNSCALED_LOG_SD)
    assert "too few to say what the month comes to" in running.notes[0]


@pytest.mark.parametrize(("tokens", "counted"), [(1_900_000, True), (2_100_000, False)])
def test_rows_that_no_request_can_be_count_none(tokens: int, counted: bool, signed: SignedPlan, tmp_path: Path) -> None:
    lines = [row(day, 1) for day in days(date(2026, 7, 1), date(2026, 7, 31))]
    for line in lines:
        del line["requests"]
        line["uncached_input_tokens"] = tokens
    found = read(signed, written(tmp_path, lines))
    (month,) = found.months
    assert [use.requests for use in month.uses] == [31 if counted else None]
    assert any("more than a request can have" in note for note in found.notes) != counted


def test_a_report_without_request_counts_has_none(signed: SignedPlan, tmp_path: Path) -> None:
    head = "usage_date_utc,model_version,usage_input_tokens_no_cache,usage_output_tokens\n"
    lines = [f"{day},claude-opus-4-8,1000000,200000\n" for day in days(date(2026, 7, 1), date(2026, 7, 31))]
    path = tmp_path / "console.csv"
    path.write_text(head + "".join(lines), encoding="utf-8")
    found = read(signed, path)
    (month,) = found.months
    assert [use.requests for use in month.uses] == [None]
    assert month.list_cost_usd == pytest.approx(310.0)
    assert any("does not count requests" in note for note in found.notes)


def test_exclusions_eligibility_and_bills_are_those_of_the_plan(tmp_path: Path) -> None:
    usage = (
        '[usage]\nsources = ["history.jsonl"]\n[[usage.exclude]]\nrequest_type = "reindex"\nreason = "one-off"\n'
        '[[usage.invoice]]\nmonth = "2026-07"\namount_usd = 287.50\n[[usage.invoice]]\nmonth = "2026-05"\n'
        "amount_usd = 1.0\n"
    )
    text = PLAN[: PLAN.index("# What was used in a month")] + usage + PLAN[PLAN.index("[prices]") :]
    text = text.replace('overage = "list"', 'overage = "list"\neligible = { tiers = ["opus"], batch = false }')
    types = ("triage", "extract", "answer", "code-review")
    written(
        tmp_path,
        [row(day, request_type=name) for day in days(date(2026, 5, 1), date(2026, 6, 30)) for name in types],
        "history.jsonl",
    )
    signed = signed_plan(parse_plan(text, base_dir=tmp_path))
    july = days(date(2026, 7, 1), date(2026, 7, 31))
    rows = [row(day) for day in july] + [row(july[3], request_type="reindex")]
    rows += [row(july[4], model="claude-haiku-4-5"), row(july[5], service_tier="batch")]
    path = written(tmp_path, rows)
    inputs = signed.inputs
    asked = usage_of_actuals(inputs, [str(path)], base_dir=Path("elsewhere"), billed=["bill.csv"])
    assert asked.window == (None, None)
    assert [invoice.month for invoice in asked.billed.invoices] == ["2026-07"]
    assert (asked.billed.sources, asked.source.base_dir) == (("bill.csv",), Path("elsewhere"))
    found = read(signed, path)
    (month,) = found.months
    assert month.billed_cost_usd == 287.5
    assert {(use.model, use.is_batch): use.account for use in month.uses} == {
        ("claude-opus-4-8", False): Account("opus", True),
        ("claude-opus-4-8", True): Account("opus", False),
        ("claude-haiku-4-5", False): Account("haiku", False),
    }
    assert month.list_cost_usd == pytest.approx(310 + 2 + 5)
    assert any("exclusion of reindex leaves $10.00 of list cost out" in note for note in found.notes)


def test_a_plan_with_a_typed_mix_reads_any_known_format(signed: SignedPlan) -> None:
    usage = usage_of_actuals(signed.inputs, ["a.csv"], base_dir=Path("here"))
    assert (usage.source.format, usage.source.sources, usage.exclusions) == ("auto", ("a.csv",), ())
    assert usage.billed.invoices == ()
    assert term_months(signed.inputs)[::11] == ["2026-07", "2027-06"]


# --- prices of the day of signing ------------------------------------------------------------------------------------


def groups(**changed: Any) -> pd.DataFrame:
    base = {
        "provider": "",
        "model": "claude-opus-5-5",
        "day": pd.Timestamp("2026-11-01"),
        "request_type": "a",
        "service_tier": "standard",
        "inference_geo": "",
        "speed": "standard",
        "context_window": "",
        "prompt_above": 0,
        "requests": 1,
        "records": 1,
        "uncached_input_tokens": 1_300_000,
        "cache_read_tokens": 0,
        "cache_write_5m_tokens": 0,
        "cache_write_1h_tokens": 0,
        "output_tokens": 0,
        "web_search_requests": 0,
        "code_execution_seconds": 0,
    }
    return pd.DataFrame([base | changed])


@pytest.mark.parametrize(
    ("changed", "on", "usd"),
    [
        ({}, date(2026, 6, 30), 6.5),  # Opus 4.8
        ({}, date(2026, 9, 21), 6.5),  # Opus 5
        ({}, date(2026, 9, 22), 5.2),  # itself
        ({"model": "claude-opus-4-5"}, date(2026, 6, 30), 6.5),
        (
            {"model": "claude-haiku-5-5"},
            date(2026, 6, 30),
            1.0,
        ),  # 4.5 counts a 1.3rd of the tokens, at ten times the price
        ({"model": "claude-sonnet-5-5"}, date(2026, 6, 29), 3.0),  # Sonnet 4.6, in its own tokens
        ({"service_tier": "batch"}, date(2026, 6, 30), 3.25),
        ({"model": "claude-fable-5"}, date(2026, 6, 1), 13.0),  # nothing was: its own first price
    ],
)
def test_a_model_that_came_later_has_the_price_of_the_newest_of_its_tier(changed: Row, on: date, usd: float) -> None:
    found = signing_prices(groups(**changed), BOOK, on=on, edges=BOOK.thresholds())
    assert found.list_cost_usd.tolist() == pytest.approx([usd], rel=1e-6)


def test_a_model_that_the_plan_prices_itself_stays_what_it_is(signed: SignedPlan) -> None:
    kept = signing_prices(groups(), BOOK, on=date(2026, 6, 30), edges=BOOK.thresholds(), planned={"claude-opus-5-5"})
    assert kept.list_cost_usd.tolist() == pytest.approx([5.2])
    assert kept.notes == ()
    assert planned_models(signed) == {"claude-opus-4-8", "claude-haiku-4-5", "claude-sonnet-5"}


def test_the_newest_in_service_is_neither_retired_nor_to_come() -> None:
    assert newest_in_service(BOOK, "opus", date(2026, 7, 23)) == "claude-opus-4-8"
    assert newest_in_service(BOOK, "opus", date(2026, 7, 24)) == "claude-opus-5"
    assert newest_in_service(BOOK, "haiku", date(2025, 1, 1)) == "claude-3-5-haiku"
    assert newest_in_service(BOOK, "fable", date(2026, 6, 1)) is None


# --- a month that runs -----------------------------------------------------------------------------------------------


WEEK = np.array([1.2, 1.25, 1.2, 1.15, 1.1, 0.6, 0.5])


def weekly(first: date, n_days: int) -> np.ndarray:
    return WEEK[(np.arange(n_days) + first.weekday()) % 7]


def test_without_scatter_the_whole_month_is_found_exactly() -> None:
    first, n_days = date(2026, 8, 3), 100
    usd, whole = 50.0 * weekly(first, n_days), np.ones(n_days, dtype=np.bool_)
    whole[-1], usd[-1] = False, 7.0  # today, of which a part is over
    found = scaled(DailyList(first=first, usd=usd, whole=whole), "2026-11")
    seen = usd[-10:].sum()  # 1 to 10 November
    assert found.scale * seen == pytest.approx(50.0 * weekly(date(2026, 11, 1), 30).sum())
    assert found.by_weekday
    assert found.whole_days == 9
    assert 0 < found.log_sd < 0.15


@pytest.mark.parametrize("n_days", [0, 1, 2])
def test_too_few_days_are_not_scaled_and_say_next_to_nothing(n_days: int) -> None:
    first = date(2026, 11, 1) - timedelta(days=60)
    usd = np.full(60 + n_days, 10.0)
    found = scaled(DailyList(first=first, usd=usd, whole=np.ones(len(usd), dtype=np.bool_)), "2026-11")
    assert (found.scale, found.log_sd) == (1.0, UNSCALED_LOG_SD)


def test_a_young_log_is_scaled_by_calendar_days() -> None:
    daily = DailyList(first=date(2026, 11, 1), usd=np.full(6, 10.0), whole=np.ones(6, dtype=np.bool_))
    found = scaled(daily, "2026-11")
    assert found.scale == pytest.approx(5.0)
    assert not found.by_weekday


@pytest.mark.parametrize(("sd", "correlation", "seen"), [(0.10, 0.0, 10), (0.12, 0.5, 15), (0.08, 0.3, 24)])
def test_the_error_of_a_scaled_month_is_what_it_says(sd: float, correlation: float, seen: int) -> None:
    """Days around a level with AR(1) noise: errors over their standard errors have mean 0 and spread 1."""
    rng, first, n_months = np.random.default_rng(7), date(2026, 7, 1), 400
    n_days = (date(2026, 11, 30) - first).days + 1
    usual = 100.0 * weekly(first, n_days)
    scores = []
    for shocks in rng.normal(0.0, sd * np.sqrt(1 - correlation**2), (n_months, n_days)):
        noise = np.zeros(n_days)
        noise[0] = shocks[0] / np.sqrt(1 - correlation**2)
        for day in range(1, n_days):
            noise[day] = correlation * noise[day - 1] + shocks[day]
        usd = usual * (1 + noise)
        known = n_days - 30 + seen
        daily = DailyList(first=first, usd=usd[:known], whole=np.ones(known, dtype=np.bool_))
        found = scaled(daily, "2026-11")
        scores.append((np.log(usd[-30:].sum()) - np.log(found.scale * usd[n_days - 30 : known].sum())) / found.log_sd)
    assert abs(np.mean(scores)) < 4 * np.std(scores) / np.sqrt(n_months)
    assert 0.85 < np.std(scores) < 1.15


# --- beside the plan -------------------------------------------------------------------------------------------------


def month_of_two(current: float = 100.0, signing: float = 160.0) -> ActualMonth:
    def use(tier: str, model: str, eligible: bool) -> Use:
        return Use(
            request_type="triage",
            model=model,
            is_batch=False,
            requests=1,
            tokens=(1, 0, 0, 0, 1),
            list_cost_usd=current,
            signing_list_cost_usd=signing,
            server_tools_usd=10.0,
            account=Account(tier, eligible),
        )

    return ActualMonth(
        month="2026-09",
        first=first_day("2026-09"),
        last=date(2026, 9, 15),
        is_closed=False,
        scale=2.0,
        scale_log_sd=0.1,
        uses=(use("opus", "claude-opus-5", True), use("haiku", "claude-haiku-4-5", False)),
        billed_cost_usd=190.0,
        notes=("said",),
    )


def test_a_running_month_beside_the_plan_is_scaled_and_not_judged(signed: SignedPlan) -> None:
    fan = np.arange(36.0).reshape(3, 12)
    (found,) = tracked_months(signed, [month_of_two()], fan)
    assert (found.actual_usd, found.whole_usd, found.scale_log_sd) == (200.0, 400.0, 0.1)
    assert (found.p10, found.p50, found.p90) == (2.0, 14.0, 26.0)
    assert found.inside_80 is None
    assert (found.billed_usd, found.notes) == (190.0, ("said",))
    assert found.net_usd == pytest.approx(0.92 * 100 + 100)
    assert contract_month(signed, "2026-09") == 2


@pytest.mark.parametrize(("at", "inside"), [(200.0, True), (200.001, False), (100.0, True), (99.999, False)])
def test_the_ends_of_the_band_are_inside(signed: SignedPlan, at: float, inside: bool) -> None:
    closed = replace(month_of_two(at / 2), is_closed=True, scale=1.0, scale_log_sd=0.0)
    fan = np.array([[100.0], [150.0], [200.0]]) * np.ones(12)
    assert tracked_months(signed, [closed], fan)[0].inside_80 is inside


def test_what_the_contract_makes_of_a_month_is_its_discount_on_what_it_covers(signed: SignedPlan) -> None:
    contract = signed.contract
    fan = signed.fan_usd

    def net(**changed: Any) -> float:
        own = replace(signed.prepared.inputs, contract=replace(contract, **changed))
        under = replace(signed, prepared=replace(signed.prepared, inputs=own))
        return tracked_months(under, [month_of_two()], fan)[0].net_usd

    assert net() == pytest.approx(0.92 * 100 + 100)
    assert net(eligible_fraction=0.5) == pytest.approx(0.5 * 0.92 * 100 + 0.5 * 100 + 100)
    # Falls are not passed through: tokens stay at 150 of the signing day, server tools at 10.
    assert net(price_falls_passed_through=False) == pytest.approx(0.92 * 160 + 100)
    assert net(price_rise_cap_fraction=0.1) == pytest.approx(0.92 * 100 + 100)


def test_a_month_that_the_plan_does_not_reach_is_refused(signed: SignedPlan) -> None:
    with pytest.raises(InputError, match="2026-06 is no month of the plan, which begins on 2026-07-01"):
        tracked_months(signed, [replace(month_of_two(), month="2026-06")], signed.fan_usd)


def test_a_plan_with_a_typed_mix_says_how_actual_use_is_read() -> None:
    """[usage] without sources: other vendors are left out, a column is named otherwise, a bad row is passed over."""
    table = plan_table(mix=[mix_entry()], overrides=[override("strong")])
    reading = {
        "columns": {"timestamp": "ts"},
        "exclude": [{"model": "gpt-*", "reason": "bought elsewhere"}],
        "skip_bad_rows": True,
    }
    inputs = parse_plan(tomlkit.dumps(table | {"usage": reading}), base_dir=Path())
    assert inputs.usage is None
    asked = usage_of_actuals(inputs, ["a.csv"], base_dir=Path("logs"))
    assert (asked.source.sources, asked.source.base_dir) == (("a.csv",), Path("logs"))
    assert (dict(asked.source.columns), asked.source.skip_bad_rows) == ({"timestamp": "ts"}, True)
    assert [item.model for item in asked.exclusions] == ["gpt-*"]
    plain = {name: part for name, part in table.items() if name != "mix"}
    with pytest.raises(InputError, match=r"usage\.sources is missing"):
        parse_plan(tomlkit.dumps(plain | {"usage": reading}), base_dir=Path())
    with pytest.raises(InputError, match=r"either \[usage\] with the sources"):
        parse_plan(tomlkit.dumps(table | {"usage": reading | {"sources": ["b.csv"]}}), base_dir=Path())


def test_an_invoice_in_the_plan_is_of_its_month() -> None:
    inputs = load_plan(data_path("plans", "example.toml"))
    assert inputs.usage is not None
    invoices = (Invoice(month="2027-02", amount_usd=Decimal(5)), Invoice(month="2026-12", amount_usd=Decimal(5)))
    given = replace(inputs, usage=replace(inputs.usage, billed=replace(inputs.usage.billed, invoices=invoices)))
    asked = usage_of_actuals(given, ["a.csv"], base_dir=Path())
    assert asked.billed.invoices == invoices[:1]
    assert asked.exclusions == inputs.usage.exclusions
