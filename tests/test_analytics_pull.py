"""Pulling usage and cost: the real SDK against a server on this machine that speaks the endpoints.

The oracle is `use_of_day`, what was used, added up here without groups, pages or windows.
"""

import json
import os
import re
import signal
import subprocess
import sys
import traceback
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any, get_args

import pytest
from analytics_stub import COUNTS, KEY, AnalyticsStub, Fault, Use, use_of_day
from anthropic import Anthropic
from anthropic.types.beta.organization.analytics import BetaAnalyticsCostGroupBy, BetaAnalyticsUsageGroupBy
from hypothesis import given, settings
from hypothesis import strategies as st

from planner import cli
from planner.errors import InputError, PlannerError, UsageError
from planner.pull.analytics import KEY_VARIABLES, Page
from planner.pull.days import day_path, days_there, read_day
from planner.pull.pull import Pulled, _finished_days, pull
from planner.pull.request import (
    DEFAULT_GROUP_BY,
    DIMENSIONS,
    WINDOW_DAYS,
    DayWindow,
    PullRequest,
    default_days,
    dimension_names,
    earliest_day,
    windows,
)

ROOT = Path(__file__).parent.parent
FIRST, LAST = date(2026, 8, 10), date(2026, 10, 31)
FAST = {"retry-after-ms": "1"}
"""The SDK waits as long as a reply asks it to."""


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch) -> Iterator[AnalyticsStub]:
    for name in (*KEY_VARIABLES, "ANTHROPIC_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "127.0.0.1")
    with AnalyticsStub(page_rows=23) as server:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", server.address)
        monkeypatch.setenv("ANTHROPIC_ADMIN_KEY", server.key)
        yield server


@pytest.fixture
def planner(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Any:
    def run(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["planner", *map(str, arguments)])
        code = 0
        try:
            cli.main()
        except SystemExit as stop:
            code = int(stop.code or 0)
        out, err = capsys.readouterr()
        return code, out, " ".join(err.split())

    return run


def request(first: date = FIRST, last: date = LAST, **given: Any) -> PullRequest:
    return PullRequest(first_day=first, last_day=last, **given)


def days_of(first: date, last: date) -> list[date]:
    return [first + timedelta(days=index) for index in range((last - first).days + 1)]


def used(first: date, last: date) -> list[Use]:
    return [one for day in days_of(first, last) for one in use_of_day(day)]


def kept_rows(folder: Path, kind: str) -> list[dict[str, Any]]:
    return [row for path in sorted(folder.glob(f"{kind}-*.json")) for row in json.loads(path.read_text())["data"]]


def day_files(folder: Path) -> dict[str, bytes]:
    """Every file of a folder but the record, hidden ones too."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != "pull.json"}


def test_a_pull_keeps_every_day_and_adds_up_to_what_was_used(stub: AnalyticsStub, tmp_path: Path) -> None:
    told: list[tuple[str, float]] = []
    pulled = pull(request(), tmp_path / "p", progress=lambda step, done: told.append((step, done)))

    use = used(FIRST, LAST)
    for kind in ("usage", "cost"):
        assert days_there(tmp_path / "p", kind) == days_of(FIRST, LAST)
        assert stub.asked(kind) == [
            ("2026-08-10", "2026-09-10"),
            ("2026-09-10", "2026-10-11"),
            ("2026-10-11", "2026-11-01"),
        ]
    assert {row["status"] for row in stub.requests} == {200}
    assert {tuple(row["group_by"]) for row in stub.requests} == {DEFAULT_GROUP_BY}
    assert sum("page" in row for row in stub.requests) > 10, "the pages are followed"
    usage = pulled.usage
    ours = ("uncached_input", "cache_read", "cache_write_5m", "cache_write_1h", "output")
    counted = [*(getattr(usage, f"{name}_tokens") for name in ours), usage.web_search_requests, usage.requests]
    assert counted == [sum(one.counts[name] for one in use) for name in COUNTS]
    assert pulled.cost is not None
    billed = sum(Fraction(one.amount) for one in use) / 100
    listed = sum(Fraction(one.list_amount) for one in use) / 100
    assert (Fraction(pulled.cost.billed_cost_usd), Fraction(pulled.cost.list_cost_usd)) == (billed, listed)
    assert float(pulled.cost.discount_fraction or 0) == pytest.approx(1 - 0.8537, rel=1e-12)
    assert pulled.days_without_use == (date(2026, 8, 13), date(2026, 9, 13), date(2026, 10, 13))
    assert pulled.unsettled_days == ()
    for step in ("pulling usage", "pulling cost"):
        fractions = [done for name, done in told if name == step]
        assert fractions == sorted(fractions)
        assert fractions[-1] == 1
        assert len(fractions) == len(days_of(FIRST, LAST))


def test_a_day_on_disk_is_the_reply_of_the_endpoint_for_that_day(stub: AnalyticsStub, tmp_path: Path) -> None:
    pull(request(), tmp_path)
    client = Anthropic(api_key=KEY, base_url=stub.address)
    stub.page_rows = 1000
    with client:
        for day in (date(2026, 9, 12), date(2026, 9, 13)):
            raw = client.beta.organization.analytics.usage.with_raw_response.list(
                starting_at=f"{day}T00:00:00Z",
                ending_at=f"{day + timedelta(days=1)}T00:00:00Z",
                time_bucket_width="1d",
                group_by=list(DEFAULT_GROUP_BY),  # type: ignore[arg-type]
                order_by="time",
                order="asc",
                limit=1000,
            )
            assert json.loads(day_path(tmp_path, "usage", day).read_text()) == json.loads(raw.text())
    without_use = json.loads(day_path(tmp_path, "usage", date(2026, 9, 13)).read_text())
    assert without_use == {
        "data": [],
        "has_more": False,
        "next_page": None,
        "data_refreshed_at": "2026-11-24T00:00:00Z",
    }
    assert not day_path(tmp_path, "usage", LAST + timedelta(days=1)).exists()


def test_fields_that_we_do_not_know_are_kept_as_they_came(stub: AnalyticsStub, tmp_path: Path) -> None:
    def with_more(reply: dict[str, Any]) -> None:
        reply["data"][0]["usage"]["new_tokens"] = 12345678901234567890
        reply["data"][0]["group"]["team"] = "größer \u2028"

    stub.faults[1] = Fault(change=with_more)
    pull(request(last=FIRST, with_cost=False), tmp_path)
    row = kept_rows(tmp_path, "usage")[0]
    assert (row["usage"]["new_tokens"], row["group"]["team"]) == (12345678901234567890, "größer \u2028")


def test_the_record_says_what_was_asked_and_not_with_which_key(stub: AnalyticsStub, tmp_path: Path) -> None:
    pull(request(), tmp_path)
    text = (tmp_path / "pull.json").read_text()
    record = json.loads(text)
    assert KEY not in text
    assert record["group_by"] == list(DEFAULT_GROUP_BY)
    assert record["time_bucket_width"] == "1d"
    assert record["organization_id"] == stub.organization_id
    assert re.fullmatch(r"anthropic \d+\.\d+\.\d+", record["sdk"])
    assert len(record["windows"]) == 6
    assert {row["data_refreshed_at"] for row in record["windows"]} == {"2026-11-24T00:00:00Z"}
    assert sum(row["rows"] for row in record["windows"] if row["kind"] == "cost") == len(kept_rows(tmp_path, "cost"))


def test_the_command_says_what_it_pulled_and_what_is_next(stub: AnalyticsStub, tmp_path: Path, planner: Any) -> None:
    folder = tmp_path / "a folder"
    code, out, err = planner("pull", folder, "--from", FIRST, "--to", LAST)
    assert (code, err) == (0, "")
    billed = sum(one.amount for one in used(FIRST, LAST)) / 100
    listed = sum(one.list_amount for one in used(FIRST, LAST)) / 100
    assert "83 days, 2026-08-10 to 2026-10-31: 83 days pulled now, 0 kept from before, 3 without use" in out
    assert f"Billed: ${billed:,.2f}, before credits; ${listed:,.2f} at list: a discount of 14.6% today." in out
    assert f"Next: planner measure '{folder}/usage-*.json'" in out

    code, out, err = planner("pull", folder, "--from", FIRST, "--to", LAST, "--json")
    found = json.loads(out)
    assert (code, err, found["days_pulled_now"]) == (0, "", 0)
    assert Decimal(found["cost"]["billed_cost_usd"]) == billed
    assert found["usage"]["tokens"] == sum(
        one.counts[name] for one in used(FIRST, LAST) for name in ("uncached", "read", "write_5m", "write_1h", "output")
    )
    code, out, _ = planner("pull", folder, "--from", FIRST, "--to", "2026-09-01", "--quiet", "--no-cost")
    assert (code, "Billed" in out) == (0, False)
    _, out, _ = planner("pull", folder)
    assert "Without --from and --to: 2026-01-01 to 2026-10-31, complete months as far as the endpoint goes back" in out
    assert "221 days pulled now, 83 kept from before" in out


def test_without_cost_cost_is_not_asked_for_and_comes_later_when_it_is(stub: AnalyticsStub, tmp_path: Path) -> None:
    assert pull(request(with_cost=False), tmp_path).cost is None
    assert (stub.asked("cost"), days_there(tmp_path, "cost")) == ([], [])
    stub.requests.clear()
    pull(request(), tmp_path)
    assert (stub.asked("usage"), len(stub.asked("cost"))) == ([], 3)


# ---------------------------------------------------------------------------------------------------------------------
# What is asked for


def test_the_dimensions_are_the_sdk_s_own_but_for_those_that_do_not_add_up() -> None:
    assert set(get_args(BetaAnalyticsUsageGroupBy)) - {"rbac_group_id"} == set(DIMENSIONS)
    assert set(get_args(BetaAnalyticsCostGroupBy)) - {"rbac_group_id", "cost_type", "token_type"} == set(DIMENSIONS)


@pytest.mark.parametrize(
    ("typed", "names"),
    [
        ("api_key,workspace,agent,product,model", "api_key_id,workspace_id,agent_id,product,model"),
        ("model, service_tier ,context-window", "model,service_tier,context_window"),
        ("Model,user_profile,session_id", "model,user_profile_id,session_id"),
        ("model,Actor,deployment", "model,actor,deployment_id"),
    ],
)
def test_dimensions_are_understood_as_people_type_them(typed: str, names: str) -> None:
    assert dimension_names(typed.split(",")) == tuple(names.split(","))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--group-by", "api_key,workspace"), "without model no row can be priced; add model"),
        (("--group-by", "model,rbac_group"), "its rows overlap"),
        (("--group-by", "model,cost_type"), "count no requests"),
        (("--group-by", "model,wrkspace"), "there is no such dimension; did you mean workspace_id?"),
        (("--group-by", "model,model"), "a dimension is there twice"),
        (("--group-by", "model,api_key,workspace,agent,product,speed"), "takes 5 dimensions at most; leave 1 out"),
        (("--from", "2025-12-31"), "nothing before 2026-01-01"),
        (("--from", "2026-10-02", "--to", "2026-10-01"), "comes after the last"),
        (("--from", "yesterday"), "give a day as YYYY-MM-DD"),
        (("--from", "2026-10-02", "--to", "2026-11-24"), "the last complete day is 2026-11-23"),
        (("--retries", "21"), "less than or equal to 20"),
    ],
)
def test_what_cannot_be_asked_is_refused_before_anything_is(
    stub: AnalyticsStub, tmp_path: Path, planner: Any, options: tuple[str, ...], words: str
) -> None:
    code, out, err = planner("pull", tmp_path / "p", *options)
    assert (code, out) == (2, "")
    assert words in err
    assert stub.requests == []
    assert not (tmp_path / "p").exists()


@pytest.mark.parametrize("group_by", [("model",), ("product", "model", "actor"), ("model", "agent_id", "speed")])
def test_every_grouping_adds_up_to_the_same(stub: AnalyticsStub, tmp_path: Path, group_by: tuple[str, ...]) -> None:
    pulled = pull(request(group_by=group_by, last=date(2026, 8, 20)), tmp_path)
    use = used(FIRST, date(2026, 8, 20))
    assert pulled.usage.output_tokens == sum(one.counts["output"] for one in use)
    assert pulled.cost is not None
    assert pulled.cost.list_cost_usd * 100 == sum(one.list_amount for one in use)


@pytest.mark.parametrize(
    ("today", "first", "last", "expected"),
    [
        ("2026-11-24", None, None, ("2026-01-01", "2026-10-31")),  # no earlier than the endpoint begins
        ("2027-03-15", None, None, ("2026-04-01", "2027-02-28")),  # March 2026 is no longer given in full
        ("2027-03-01", None, None, ("2026-04-01", "2027-02-28")),
        ("2028-03-01", None, None, ("2027-04-01", "2028-02-29")),
        ("2026-01-20", None, None, ("2026-01-01", "2026-01-19")),  # before the first month is complete
        ("2026-11-24", "2026-11-20", None, ("2026-11-20", "2026-11-23")),
        ("2026-11-24", None, "2026-05-15", ("2026-01-01", "2026-05-15")),
        ("2027-06-10", None, "2027-05-15", ("2026-07-01", "2027-05-15")),
        ("2026-11-24", "2026-02-01", "2026-02-03", ("2026-02-01", "2026-02-03")),
    ],
)
def test_days_that_were_not_given(today: str, first: str | None, last: str | None, expected: tuple[str, str]) -> None:
    day = date.fromisoformat
    found = default_days(day(today), None if first is None else day(first), None if last is None else day(last))
    assert found == (day(expected[0]), day(expected[1]))


@given(st.dates(date(2026, 1, 3), date(2031, 12, 31)))
def test_default_days_are_complete_and_still_given_and_whole_months_where_they_can_be(today: date) -> None:
    first, last = default_days(today)
    assert earliest_day(today) <= first <= last < today
    assert first.day == 1
    if today >= date(2026, 2, 1):
        assert (last + timedelta(days=1)).day == 1
        months = 12 * (last.year - first.year) + last.month - first.month + 1
        assert 1 <= months <= 12


@given(st.sets(st.dates(date(2026, 1, 1), date(2026, 12, 31)), max_size=200))
def test_windows_cover_the_days_asked_for_and_no_other(days: set[date]) -> None:
    found = list(windows(days))
    covered = [
        one.first_day + timedelta(days=index) for one in found for index in range((one.end_day - one.first_day).days)
    ]
    assert covered == sorted(days)
    assert all(1 <= (one.end_day - one.first_day).days <= WINDOW_DAYS for one in found)


# ---------------------------------------------------------------------------------------------------------------------
# Pages


def page_of(rows: list[dict[str, Any]], hour: int) -> Page:
    return Page(rows=rows, refreshed_at=datetime(2026, 11, 1, hour, tzinfo=UTC), organization_id=None, place="page")


@settings(max_examples=60)
@given(st.lists(st.integers(0, 4), min_size=1, max_size=10), st.lists(st.integers(0, 30), max_size=6), st.data())
def test_pages_cut_anywhere_give_the_same_days(counts: list[int], cuts: list[int], data: st.DataObject) -> None:
    first = date(2026, 3, 1)
    rows = [
        {
            "starting_at": f"{first + timedelta(days=index)}T00:00:00Z",
            "ending_at": f"{first + timedelta(days=index + 1)}T00:00:00Z",
            "number": (index, number),
        }
        for index, count in enumerate(counts)
        for number in range(count)
    ]
    edges = [0, *sorted(min(cut, len(rows)) for cut in cuts), len(rows)]
    hours = [data.draw(st.integers(0, 23)) for _ in edges[1:]]
    pages = [page_of(rows[a:b], hour) for a, b, hour in zip(edges[:-1], edges[1:], hours, strict=True)]
    window = DayWindow(first_day=first, end_day=first + timedelta(days=len(counts)))
    told = list(_finished_days(pages, window))
    found = sorted(told, key=lambda one: one.day)
    assert told == [one for one in found if one.rows] + [one for one in found if not one.rows]
    assert [one.day for one in found] == [first + timedelta(days=index) for index in range(len(counts))]
    for index, one in enumerate(found):
        assert [row["number"] for row in one.rows] == [(index, number) for number in range(counts[index])]
        own = [page for page in pages if any(row["number"][0] == index for row in page.rows)]
        between = pages[pages.index(own[0]) : pages.index(own[-1]) + 1] if own else pages
        allowed = {page.refreshed_at for page in between if page.refreshed_at is not None}
        assert one.refreshed_at is not None
        assert one.refreshed_at <= min(allowed), "no fresher than what it came from"


@pytest.mark.parametrize("page_rows", [1, 2, 7, 1000])
def test_days_that_seemed_finished_are_not_kept_where_rows_go_back(
    tmp_path: Path, monkeypatch: Any, page_rows: int
) -> None:
    """As from a server that orders rows by tokens, whatever it is asked: then no day is known to be complete."""
    with AnalyticsStub(page_rows=page_rows) as server:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", server.address)
        monkeypatch.setenv("ANTHROPIC_ADMIN_KEY", server.key)
        server.order = lambda rows: sorted(rows, key=lambda row: -row["usage"]["total_tokens"])
        with pytest.raises(UsageError, match="rows come by day, oldest first"):
            pull(request(), tmp_path)
    assert day_files(tmp_path) == {}


def set_next(token: str | None) -> Fault:
    return Fault(change=lambda reply: reply.update(has_more=True, next_page=token))


def first_row(**values: Any) -> Fault:
    def change(reply: dict[str, Any]) -> None:
        for path, value in values.items():
            *parents, last = path.split("__")
            target = reply["data"][0]
            for name in parents:
                target = target[name]
            target[last] = value

    return Fault(change=change)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Fault(text='{"data": ['), "the reply is no JSON object"),
        (Fault(text="<html>login</html>"), "the reply is no JSON object"),
        (Fault(text="[]"), "the reply is no JSON object"),
        (Fault(text='{"data": [], "x": NaN}'), "the reply is no JSON object"),
        (Fault(text='{"rows": []}'), "no list named data"),
        (Fault(text='{"data": [3], "has_more": false}'), "3 is no row"),
        (Fault(text='{"data": [], "has_more": false, "data_refreshed_at": "soon"}'), "'soon' is no moment"),
        (set_next(None), "there is more and not where"),
        (set_next(""), "there is more and not where"),
        (Fault(change=lambda reply: reply["data"].reverse()), "row 2 is of 2026-08-"),
        (Fault(change=lambda reply: reply["data"].append(reply["data"][-1])), "is there twice"),
        (first_row(starting_at="2026-08-09T00:00:00Z", ending_at="2026-08-10T00:00:00Z"), "not asked for there"),
        (first_row(ending_at="2026-08-12T00:00:00Z"), "not one whole UTC day"),
        (first_row(starting_at="2026-08-10T00:00:00"), "has no time zone"),
        (first_row(usage__output_tokens=-1), "row 1, usage.output_tokens: -1 is no count"),
        (first_row(usage__output_tokens=None), "row 1, usage.output_tokens: None is no count"),
        (first_row(usage__cache_creation=None), "cache_creation.ephemeral_5m_input_tokens: None"),
        (first_row(usage__uncached_input_tokens=1.5), "1.5 is no count"),
        (first_row(usage__requests=True), "True is no count"),
        (first_row(group="all"), "'all' is no object of dimensions"),
    ],
)
def test_a_reply_that_is_not_the_endpoint_s_is_an_error_that_names_the_window(
    stub: AnalyticsStub, tmp_path: Path, fault: Fault, words: str
) -> None:
    pull(request(last=date(2026, 8, 14)), tmp_path / "right")
    stub.always = fault
    with pytest.raises(UsageError, match=r"usage of 2026-08-10 to 2026-08-14, page [12]") as caught:
        pull(request(last=date(2026, 8, 14)), tmp_path / "wrong")
    assert words in str(caught.value)
    assert "To go on, pull again with the same settings" in str(caught.value)
    assert day_files(tmp_path / "wrong").items() < day_files(tmp_path / "right").items(), "nothing wrong is kept"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"cost__amount": 12.5}, "12.5 is no amount; it is text"),
        ({"cost__amount": "NaN"}, "'NaN' is no amount"),
        ({"cost__list_amount": "1,000"}, "'1,000' is no amount"),
        ({"cost__currency": "EUR"}, "'EUR'; only USD"),
    ],
)
def test_money_is_never_guessed(stub: AnalyticsStub, tmp_path: Path, change: dict[str, Any], words: str) -> None:
    stub.faults[2] = first_row(**change)
    stub.page_rows = 1000
    with pytest.raises(UsageError, match=r"cost of 2026-08-10 to 2026-08-14, page 1") as caught:
        pull(request(last=date(2026, 8, 14)), tmp_path)
    assert words in str(caught.value)
    assert "keeps usage of 5 days (2026-08-10 to 2026-08-14)" in str(caught.value)


def test_pages_that_lead_in_a_circle_end(stub: AnalyticsStub, tmp_path: Path) -> None:
    stub.page_rows = 4
    tokens: list[str] = []

    def back(reply: dict[str, Any]) -> None:
        tokens.append(reply["next_page"])
        reply.update(data=[], has_more=True, next_page=tokens[0])

    stub.always = Fault(change=back)
    with pytest.raises(UsageError, match="leads back to a page"):
        pull(request(), tmp_path)
    assert len(stub.requests) == 2


def test_amounts_that_a_float_cannot_hold_add_up_exactly(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def use(day: date) -> list[Use]:
        tiny, huge = Decimal("0.000000000000000001"), Decimal("99999999999999999999")
        return [
            Use(group={"model": name}, counts=dict.fromkeys(COUNTS, 1), amount=tiny, list_amount=huge) for name in "ab"
        ]

    with AnalyticsStub(use=use) as server:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", server.address)
        monkeypatch.setenv("ANTHROPIC_ADMIN_KEY", server.key)
        cost = pull(request(first=date(2026, 8, 1), last=date(2026, 8, 5), group_by=("model",)), tmp_path).cost
    assert cost is not None
    assert cost.billed_cost_usd == Decimal("0.0000000000000000001")
    assert cost.list_cost_usd == Decimal("9999999999999999999.90")


# ---------------------------------------------------------------------------------------------------------------------
# Refusals and broken connections


def test_refusals_that_pass_are_waited_out_by_the_sdk(stub: AnalyticsStub, tmp_path: Path) -> None:
    stub.faults = {
        1: Fault(status=429, headers={"retry-after": "0"}),
        3: Fault(status=500, headers=FAST),
        4: Fault(status=529, headers=FAST),
        6: Fault(breaks_off=True),
    }
    pulled = pull(request(), tmp_path)
    assert pulled.usage.requests == sum(one.counts["requests"] for one in used(FIRST, LAST))
    assert [row["retry"] for row in stub.requests[:7]] == ["0", "1", "0", "1", "2", "0", "1"], "retries are the SDK's"


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Fault(status=429, headers=FAST), "limits how often it may be asked (429), in 3 tries; wait"),
        (Fault(status=500, headers=FAST), "server failed (500) in 3 tries; try again later"),
        (Fault(status=529, headers=FAST), "server failed (529) in 3 tries"),
        (Fault(status=400, message=f"no such\n thing as {KEY}"), "refused the request (400): no such thing as [key]"),
        (Fault(status=404), "no such endpoint (404); check ANTHROPIC_BASE_URL"),
        (Fault(status=307, headers={"location": "http://127.0.0.1:9/"}), "sends elsewhere (307)"),
    ],
)
def test_refusals_that_stay_are_said_in_plain_words(
    stub: AnalyticsStub, tmp_path: Path, planner: Any, fault: Fault, words: str
) -> None:
    stub.faults = dict.fromkeys(range(4, 20), fault)
    code, out, err = planner("pull", tmp_path, "--from", FIRST, "--to", LAST, "--retries", 2)
    assert (code, out) == (2, "")
    assert words in err
    assert "(request req_000" in err
    assert re.search(r"keeps usage of \d+ days \(2026-08-10 to 2026-08-\d\d\)", err), "days of earlier pages are kept"
    assert KEY not in err

    stub.faults = {}
    pulled = pull(request(), tmp_path)
    assert pulled.usage.requests == sum(one.counts["requests"] for one in used(FIRST, LAST))


def test_a_reply_that_breaks_off_every_time_is_an_error(stub: AnalyticsStub, tmp_path: Path) -> None:
    stub.always = Fault(breaks_off=True)
    with pytest.raises(
        UsageError, match=r"usage of 2026-08-10 to 2026-09-09, page 1: the reply of 127.0.0.1 broke off in 1 try"
    ):
        pull(request(max_retries=0), tmp_path)


def test_nobody_there(stub: AnalyticsStub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with AnalyticsStub() as gone:
        address = gone.address
    monkeypatch.setenv("ANTHROPIC_BASE_URL", address)
    with pytest.raises(UsageError, match=r"no connection to 127.0.0.1 \(ConnectError\) in 1 try; check the network"):
        pull(request(max_retries=0), tmp_path)
    monkeypatch.setenv("ANTHROPIC_BASE_URL", "no address")
    with pytest.raises(UsageError, match=r"check .*ANTHROPIC_BASE_URL"):
        pull(request(max_retries=0), tmp_path)


def test_a_key_that_is_expired_or_lacks_the_scope(stub: AnalyticsStub, tmp_path: Path) -> None:
    stub.expired = {KEY}
    with pytest.raises(UsageError, match=r"ANTHROPIC_ADMIN_KEY \(401\): it is wrong, expired") as expired:
        pull(request(), tmp_path)
    stub.expired, stub.without_scope = set(), {KEY}
    with pytest.raises(UsageError, match=r"ANTHROPIC_ADMIN_KEY may not read usage \(403\)") as unscoped:
        pull(request(), tmp_path)
    for error in (expired, unscoped):
        assert "read:analytics" in str(error.value)
        assert "export usage in the Console as CSV" in str(error.value)
        assert len(stub.requests) == 2, "such a refusal does not pass by asking again"


def test_no_key_says_which_to_set_and_how_to_go_on_without(
    stub: AnalyticsStub, tmp_path: Path, planner: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ANTHROPIC_ADMIN_KEY")
    code, _, err = planner("pull", tmp_path / "p")
    assert code == 2
    for words in (*KEY_VARIABLES, "read:analytics", "Admin keys", "export usage in the Console as CSV", "JSON"):
        assert words in err
    assert not (tmp_path / "p").exists()


@pytest.mark.parametrize("key", ["two keys", "a\nb", "schlüssel", "\x01"])
def test_a_key_that_cannot_be_sent_is_refused_and_not_shown(
    stub: AnalyticsStub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    monkeypatch.setenv("ANTHROPIC_ADMIN_KEY", key)
    with pytest.raises(UsageError, match="ANTHROPIC_ADMIN_KEY holds what cannot be a key") as caught:
        pull(request(), tmp_path)
    assert key not in str(caught.value)


@pytest.mark.parametrize("name", KEY_VARIABLES)
def test_every_variable_for_a_key_is_read(
    stub: AnalyticsStub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.delenv("ANTHROPIC_ADMIN_KEY")
    monkeypatch.setenv(name, f" {stub.key}\n")
    assert pull(request(last=FIRST), tmp_path).of("cost")


def test_an_admin_key_goes_before_an_ordinary_one(
    stub: AnalyticsStub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-api03-ordinary")
    monkeypatch.setenv("ANTHROPIC_AUTH_TOKEN", "another")
    assert pull(request(last=FIRST), tmp_path).of("cost")


def test_a_client_of_the_caller_s_own_is_used_and_left_open(
    stub: AnalyticsStub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ANTHROPIC_ADMIN_KEY")
    with Anthropic(api_key=KEY, base_url=stub.address, max_retries=0) as client:
        stub.faults[1] = Fault(status=500, headers=FAST)
        pull(request(last=FIRST), tmp_path, client=client)
        stub.expired = {KEY}
        with pytest.raises(UsageError, match="the client's key"):
            pull(request(last=date(2026, 8, 12)), tmp_path, client=client)
        assert not client.is_closed()


# ---------------------------------------------------------------------------------------------------------------------
# Going on


def test_what_is_kept_is_not_asked_for_again_and_needs_no_key(
    stub: AnalyticsStub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = pull(request(), tmp_path)
    before = day_files(tmp_path)
    stub.requests.clear()
    monkeypatch.delenv("ANTHROPIC_ADMIN_KEY")
    again = pull(request(), tmp_path)
    assert stub.requests == []
    assert (again.usage, again.cost, again.asked) == (first.usage, first.cost, frozenset())
    assert day_files(tmp_path) == before


def test_only_the_days_that_are_missing_are_asked_for(stub: AnalyticsStub, tmp_path: Path) -> None:
    pull(request(first=date(2026, 9, 1), last=date(2026, 9, 10)), tmp_path)
    day_path(tmp_path, "cost", date(2026, 9, 5)).unlink()
    stub.requests.clear()
    pulled = pull(request(first=date(2026, 8, 30), last=date(2026, 9, 12)), tmp_path)
    assert stub.asked("usage") == [("2026-08-30", "2026-09-01"), ("2026-09-11", "2026-09-13")]
    assert stub.asked("cost") == [
        ("2026-08-30", "2026-09-01"),
        ("2026-09-05", "2026-09-06"),
        ("2026-09-11", "2026-09-13"),
    ]
    assert pulled.usage.requests == sum(one.counts["requests"] for one in used(date(2026, 8, 30), date(2026, 9, 12)))
    assert pull(request(first=date(2026, 9, 1), last=date(2026, 9, 2)), tmp_path).other_days == 12


def test_a_day_that_may_still_be_filled_in_is_pulled_again_until_it_is_settled(
    stub: AnalyticsStub, tmp_path: Path, planner: Any
) -> None:
    """A day's data is settled where it was refreshed a day after the day's end, or later."""
    days = ("--from", "2026-11-18", "--to", "2026-11-23")
    stub.refreshed_at = "2026-11-23T23:59:59Z"
    code, _, err = planner("pull", tmp_path, *days)
    assert code == 0
    assert "2026-11-22, 2026-11-23 may still be filled in" in err
    stub.refreshed_at = "2026-11-24T00:00:00Z"
    stub.requests.clear()
    _, _, err = planner("pull", tmp_path, *days)
    assert stub.asked("usage") == stub.asked("cost") == [("2026-11-22", "2026-11-24")]
    assert "2026-11-22, 2026-11-23 had been kept while still open, and was pulled again" in err
    stub.refreshed_at = "2026-11-25T02:00:00+02:00"
    pull(request(first=date(2026, 11, 18), last=date(2026, 11, 23)), tmp_path)
    stub.requests.clear()
    pull(request(first=date(2026, 11, 18), last=date(2026, 11, 23)), tmp_path)
    assert stub.requests == []


def test_a_day_that_does_not_say_how_fresh_it_is_is_never_taken_as_settled(stub: AnalyticsStub, tmp_path: Path) -> None:
    stub.refreshed_at = None
    assert pull(request(last=FIRST), tmp_path).unsettled_days == (FIRST,)
    stub.requests.clear()
    assert pull(request(last=FIRST), tmp_path).again == {("usage", FIRST), ("cost", FIRST)}
    assert len(stub.requests) == 2


def test_a_kept_day_from_before_the_endpoint_s_limit_is_still_good(
    stub: AnalyticsStub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = request(first=date(2026, 1, 1), last=date(2026, 1, 5))
    pull(asked, tmp_path)
    monkeypatch.setenv("PLANNER_TODAY", "2027-01-05")
    assert pull(asked, tmp_path).asked == frozenset()
    with pytest.raises(InputError, match=r"2026-01-01: the endpoint goes back to 2026-01-06 only"):
        pull(asked, tmp_path / "new")


def test_a_folder_holds_one_grouping_and_one_organisation(stub: AnalyticsStub, tmp_path: Path) -> None:
    pull(request(last=FIRST), tmp_path)
    with pytest.raises(UsageError, match=r"pulled by api_key_id, .*context_window, and this asks for model, product"):
        pull(request(last=LAST, group_by=("model", "product")), tmp_path)
    assert pull(request(last=FIRST, group_by=tuple(reversed(DEFAULT_GROUP_BY))), tmp_path).asked == frozenset()
    before = day_files(tmp_path)
    stub.organization_id = "another"
    with pytest.raises(UsageError, match=r"holds usage of organisation 00000000.*and the key is of another"):
        pull(request(), tmp_path)
    assert day_files(tmp_path) == before


def test_a_folder_that_was_changed_by_hand_is_not_trusted(stub: AnalyticsStub, tmp_path: Path) -> None:
    pull(request(last=date(2026, 8, 12)), tmp_path)
    path = day_path(tmp_path, "usage", FIRST)
    whole = path.read_text()
    for text, words in (
        (whole[:-40], "is no JSON"),
        ("[]", "is no JSON object"),
        ("{}", "no list named data"),
        (
            whole.replace(f"{FIRST}T", "2026-08-11T").replace(
                '2026-08-11T00:00:00Z", "group', '2026-08-12T00:00:00Z", "group'
            ),
            "of 2026-08-11 and not of",
        ),
        (re.sub(r'"output_tokens": \d+', '"output_tokens": "many"', whole), "'many' is no count"),
    ):
        path.write_text(text)
        with pytest.raises(UsageError, match=re.escape(words)) as caught:
            pull(request(last=date(2026, 8, 12)), tmp_path)
        assert f"delete {path}, and it is pulled again" in str(caught.value)
    path.unlink()
    pull(request(last=date(2026, 8, 12)), tmp_path)
    assert path.read_text() == whole
    (tmp_path / "pull.json").unlink()
    with pytest.raises(UsageError, match=r"no pull.json that says of what; give an empty folder"):
        pull(request(), tmp_path)


def test_a_folder_that_cannot_be_written_is_said(stub: AnalyticsStub, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"cannot write into .*file"):
        pull(request(), tmp_path / "file")


def run_pull(stub: AnalyticsStub, folder: Path, **environment: str) -> subprocess.Popen[str]:
    """The command as its own process, over the range of this module."""
    base = {name: value for name, value in os.environ.items() if not name.startswith("ANTHROPIC_")}
    own = {
        "ANTHROPIC_BASE_URL": stub.address,
        "ANTHROPIC_ADMIN_KEY": stub.key,
        "PYTHONPATH": str(ROOT),
        "COLUMNS": "400",
    }
    command = [sys.executable, "-m", "planner.cli", "pull", str(folder), "--from", str(FIRST), "--to", str(LAST)]
    return subprocess.Popen(
        [*command, "--retries", "1"],
        env=base | own | environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


@pytest.mark.parametrize("at", [5, 30])
def test_killed_in_the_middle_leaves_whole_days_and_goes_on_to_the_same_end(
    stub: AnalyticsStub, tmp_path: Path, at: int
) -> None:
    whole = pull(request(), tmp_path / "whole")
    needed = len(stub.requests)
    stub.requests.clear()
    stub.hold_at = at
    process = run_pull(stub, tmp_path / "cut")
    assert stub.held.wait(60)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    stub.release.set()

    complete, cut = day_files(tmp_path / "whole"), day_files(tmp_path / "cut")
    assert 0 < len(cut) < len(complete)
    assert cut.items() <= complete.items(), "only whole files, and the same ones"
    (tmp_path / "cut" / ".usage-2026-10-30.json.abc_d123").write_text('{"data": [')  # what a kill while writing leaves
    stub.requests.clear()
    pulled = pull(request(), tmp_path / "cut")
    assert len(stub.requests) < needed
    assert day_files(tmp_path / "cut") == complete
    assert (pulled.usage, pulled.cost) == (whole.usage, whole.cost)


def test_ctrl_c_says_what_is_kept_and_how_to_go_on(stub: AnalyticsStub, tmp_path: Path) -> None:
    stub.hold_at = 5
    process = run_pull(stub, tmp_path)
    assert stub.held.wait(60)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    stub.release.set()
    assert (process.returncode, out) == (130, "")
    kept = days_there(tmp_path, "usage")
    assert f"stopped. {tmp_path} keeps usage of {len(kept)} days ({kept[0]} to {kept[-1]}). To go on, pull again" in err
    assert "Traceback" not in err
    assert all(read_day(tmp_path, "usage", day, DEFAULT_GROUP_BY) for day in kept)


def test_a_stop_from_the_caller_s_side_keeps_the_finished_days(stub: AnalyticsStub, tmp_path: Path) -> None:
    def stop(step: str, done: float) -> None:
        if step == "pulling usage" and done > 0.3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pull(request(), tmp_path, progress=stop)
    with_use = [day for day in days_of(FIRST, LAST) if use_of_day(day)]
    assert days_there(tmp_path, "usage") == with_use[:25], "days without use are known once the window's pages end"
    pulled = pull(request(), tmp_path)
    assert pulled.usage.requests == sum(one.counts["requests"] for one in used(FIRST, LAST))


# ---------------------------------------------------------------------------------------------------------------------
# The key


@pytest.mark.parametrize(
    "fault",
    [
        None,
        Fault(status=400, message=f"{KEY} is not right"),
        Fault(status=401, message=KEY),
        Fault(status=403, message=KEY),
        Fault(status=429, headers=FAST),
        Fault(status=500, message=KEY, headers=FAST | {"request-id": KEY}),
        Fault(text=KEY),
        Fault(breaks_off=True),
    ],
)
def test_the_key_is_in_no_error_with_all_that_hangs_on_it(
    stub: AnalyticsStub, tmp_path: Path, fault: Fault | None, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    if fault is None:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", f"http://{KEY}@127.0.0.1:9")
    stub.always = fault
    caplog.set_level("DEBUG")
    with pytest.raises(PlannerError) as caught:
        pull(request(max_retries=1), tmp_path)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None or KEY not in repr(caught.value.__context__)
    seen = "".join(traceback.TracebackException.from_exception(caught.value, capture_locals=True).format())
    ours = "".join(
        line for line in seen.splitlines(keepends=True) if not line.lstrip().startswith(("fault =", "stub ="))
    )
    assert KEY not in ours
    assert KEY not in str(caught.value)
    if fault is not None and "request-id" not in fault.headers:  # what a server or an address says is not ours
        assert KEY not in caplog.text
    for path in tmp_path.iterdir():
        assert KEY not in path.read_text()


@pytest.mark.parametrize("fault", [None, Fault(status=401, message=KEY), Fault(status=500, headers=FAST)])
def test_the_key_is_in_nothing_that_the_command_writes_even_when_all_is_logged(
    stub: AnalyticsStub, tmp_path: Path, fault: Fault | None
) -> None:
    stub.always = fault
    process = run_pull(stub, tmp_path / "p", ANTHROPIC_LOG="debug", PLANNER_TRACEBACK="1")
    out, err = process.communicate(timeout=120)
    assert process.returncode == (0 if fault is None else 2)
    assert "DEBUG" in err
    assert KEY not in out + err
    assert all(KEY.encode() not in content for content in day_files(tmp_path / "p").values())


def test_a_redirect_does_not_carry_the_key_away(stub: AnalyticsStub, tmp_path: Path) -> None:
    with AnalyticsStub() as elsewhere:
        stub.always = Fault(status=302, headers={"location": f"{elsewhere.address}/v1/organizations/analytics/usage"})
        with pytest.raises(UsageError, match="a key is not sent on"):
            pull(request(), tmp_path)
        assert elsewhere.requests == []


def test_a_pull_is_frozen(stub: AnalyticsStub, tmp_path: Path) -> None:
    pulled: Pulled = pull(request(last=FIRST), tmp_path)
    with pytest.raises(AttributeError):
        pulled.folder = tmp_path  # type: ignore[misc]
