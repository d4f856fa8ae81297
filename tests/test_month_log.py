"""The log of months: what is written is read back, nothing is ever changed in it, a kill leaves it whole."""

import json
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.coverage import days_in, first_day, last_day
from planner.errors import InputError
from planner.lever_costs.unit_costs import Account
from planner.tracking.actual import ActualMonth, Use
from planner.tracking.months import month_log
from planner.tracking.months.log_lines import Entry, as_line, entry_of
from planner.tracking.months.merging import merged
from planner.tracking.months.month_log import append, default_log, fan_as_signed, read_log
from planner.tracking.result import PastForecast

MONTHS = [f"2026-{month:02d}" for month in range(7, 13)]

finite = st.floats(min_value=-1e15, max_value=1e15)
usd = st.floats(min_value=0, max_value=1e9)
counts = st.integers(min_value=0, max_value=10**15)
names = st.text(max_size=12)
bands = st.tuples(usd, usd, usd).map(sorted).map(tuple)
fans = st.dictionaries(st.sampled_from(MONTHS), bands, max_size=4)


@st.composite
def actual_months(draw: st.DrawFn, month: str) -> ActualMonth:
    days = sorted(draw(st.tuples(*[st.integers(0, days_in(month) - 1)] * 2)))
    is_closed = draw(st.booleans())
    return ActualMonth(
        month=month,
        first=first_day(month) if is_closed else first_day(month) + timedelta(days=days[0]),
        last=last_day(month) if is_closed else first_day(month) + timedelta(days=days[1]),
        is_closed=is_closed,
        scale=1.0 if is_closed else draw(st.floats(1, 30)),
        scale_log_sd=0.0 if is_closed else draw(st.floats(0, 3)),
        uses=tuple(draw(st.lists(uses(), max_size=3))),
        billed_cost_usd=draw(st.none() | finite),
        notes=tuple(draw(st.lists(names, max_size=2))),
    )


@st.composite
def uses(draw: st.DrawFn) -> Use:
    tools = draw(usd)
    return Use(
        request_type=draw(names),
        model=draw(names),
        is_batch=draw(st.booleans()),
        requests=draw(st.none() | counts),
        tokens=draw(st.tuples(*[counts] * 5)),
        list_cost_usd=tools + draw(usd),
        signing_list_cost_usd=tools + draw(usd),
        server_tools_usd=tools,
        account=Account(draw(st.none() | names), draw(st.booleans())),
    )


@st.composite
def entries(draw: st.DrawFn) -> Entry:
    on = draw(st.dates(date(2026, 7, 1), date(2027, 7, 1)))
    chances = ["shortfall_probability", "overage_probability"]
    amounts = ["expected_shortfall_usd", "expected_overage_usd", "effective_sample_size"]
    forecast = PastForecast(
        as_of=draw(st.sampled_from(MONTHS)),
        on=on,
        exhaustion_month=draw(st.none() | st.sampled_from(MONTHS)),
        months=draw(fans),
        **{name: draw(st.floats(0, 1)) for name in chances},
        **{name: draw(usd) for name in amounts},
    )
    chosen = draw(st.lists(st.sampled_from(MONTHS), unique=True, max_size=3))
    return Entry(
        on=on,
        version=draw(names),
        plan_sha256=draw(names),
        months=tuple(draw(actual_months(month)) for month in chosen),
        forecast=draw(st.none() | st.just(forecast)),
        fan=draw(st.none() | fans),
    )


def month(name: str, dollars: float = 100.0, *, until: int | None = None, **changed: Any) -> ActualMonth:
    """A month of one use; closed, or running up to a day."""
    use = Use(
        request_type="chat",
        model="claude-opus-5",
        is_batch=False,
        requests=round(dollars),
        tokens=(round(dollars * 100), 0, 0, 0, 7),
        list_cost_usd=dollars,
        signing_list_cost_usd=dollars,
        server_tools_usd=0.0,
        account=Account("opus"),
    )
    found = ActualMonth(
        month=name,
        first=first_day(name),
        last=last_day(name) if until is None else first_day(name) + timedelta(days=until - 1),
        is_closed=until is None,
        scale=1.0 if until is None else days_in(name) / until,
        scale_log_sd=0.0 if until is None else 0.02,
        uses=(use,),
    )
    return replace(found, **changed)


def entry(*months: ActualMonth, on: date = date(2026, 11, 24), **changed: Any) -> Entry:
    return replace(Entry(on=on, version="1", plan_sha256="aa", months=months), **changed)


@settings(max_examples=40)
@given(entries())
def test_a_line_is_read_back_as_it_was(given_entry: Entry) -> None:
    line = as_line(given_entry)
    assert line.endswith("\n")
    assert line.count("\n") == 1
    assert line.isascii()
    assert entry_of(json.loads(line), "here") == given_entry


def test_the_log_stands_beside_its_plan() -> None:
    assert default_log(Path("a/b/plan.toml")) == Path("a/b/plan.track.jsonl")


def test_where_there_is_none_nothing_was_tracked(tmp_path: Path) -> None:
    log = read_log(tmp_path / "none.jsonl")
    assert (log.entries, log.months, log.forecasts, log.fan, log.notes) == ((), (), (), None, ())


def test_the_same_months_again_add_nothing_and_other_months_leave_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    fan = {"2026-07": (1.0, 2.0, 3.0)}
    first = entry(month("2026-07"), month("2026-08", until=12), fan=fan)
    assert append(path, first) == ("2026-07", "2026-08")
    before = path.read_bytes()
    assert append(path, replace(first, on=date(2026, 12, 1), version="2")) == ()
    assert path.read_bytes() == before
    assert append(path, entry(month("2026-07"), month("2026-08"), fan={"2026-07": (7.0, 8.0, 9.0)})) == ("2026-08",)
    assert path.read_bytes().startswith(before)
    log = read_log(path)
    assert log.fan == fan
    assert log.months == (month("2026-07"), month("2026-08"))
    assert [len(each.months) for each in log.entries] == [2, 1]
    assert log.entries[1].fan is None


@settings(max_examples=30)
@given(st.randoms(use_true_random=False), st.data())
def test_whatever_the_order_the_months_are_the_same(random: Random, data: st.DataObject) -> None:
    months = [data.draw(actual_months(name)) for name in MONTHS]
    known: Sequence[ActualMonth] = ()
    shuffled = list(months)
    random.shuffle(shuffled)
    for each in shuffled:
        known = merged(known, [each]).months
    assert list(known) == months
    again = merged(known, shuffled)
    assert again.new == ()
    assert list(again.months) == months


def test_what_a_kill_leaves_of_a_line_is_said_and_skipped_and_the_next_line_is_whole(tmp_path: Path) -> None:
    whole = as_line(entry(month("2026-07"), fan={"2026-07": (1.0, 2.0, 3.0)})).encode()
    torn = as_line(entry(month("2026-08"))).encode()
    after = entry(month("2026-08"), month("2026-09"))
    for cut in range(1, len(torn) - 1, 7):
        path = tmp_path / f"{cut}.jsonl"
        path.write_bytes(whole + torn[:cut])
        log = read_log(path)
        assert log.months == (month("2026-07"),)
        assert len(log.notes) == 1
        assert f"{path}, line 2" in log.notes[0]
        assert append(path, after) == ("2026-08", "2026-09")
        assert path.read_bytes().startswith(whole + torn[:cut] + b"\n")
        assert read_log(path).months == (month("2026-07"), month("2026-08"), month("2026-09"))
        assert read_log(path).notes == log.notes


def test_a_line_whose_end_alone_is_missing_counts_and_is_closed_by_the_next(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_bytes(as_line(entry(month("2026-07"))).encode().rstrip())
    assert append(path, entry(month("2026-08"))) == ("2026-08",)
    assert read_log(path).months == (month("2026-07"), month("2026-08"))
    assert read_log(path).notes == ()


def test_a_stop_between_two_writes_of_a_line_loses_no_earlier_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "log.jsonl"
    append(path, entry(month("2026-07")))
    before, write = path.read_bytes(), os.write

    def half(file: int, data: bytes) -> int:
        write(file, data[: len(data) // 2])
        raise KeyboardInterrupt

    monkeypatch.setattr(month_log.os, "write", half)
    with pytest.raises(KeyboardInterrupt):
        append(path, entry(month("2026-08")))
    monkeypatch.undo()
    assert path.read_bytes().startswith(before)
    assert append(path, entry(month("2026-08"))) == ("2026-08",)
    assert read_log(path).months == (month("2026-07"), month("2026-08"))


def test_a_write_that_takes_a_part_goes_on_to_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, write = tmp_path / "log.jsonl", os.write
    monkeypatch.setattr(month_log.os, "write", lambda file, data: write(file, data[:5]))
    append(path, entry(month("2026-07")))
    monkeypatch.undo()
    assert path.read_bytes() == as_line(entry(month("2026-07"))).encode()


def test_runs_at_the_same_time_write_a_month_once(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    with ThreadPoolExecutor(max_workers=8) as pool:
        found = list(pool.map(lambda _: append(path, entry(month("2026-07"))), range(24)))
    assert sorted(found) == [()] * 23 + [("2026-07",)]
    assert len(read_log(path).entries) == 1


def changed_line(**changed: Any) -> str:
    return json.dumps(json.loads(as_line(entry(month("2026-07")))) | changed)


def changed_month(**changed: Any) -> str:
    whole = json.loads(as_line(entry(month("2026-07"))))
    whole["months"][0] |= changed
    return json.dumps(whole)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"timestamp":"2026-07-01"}\n', "line 1: no line of a log of tracked months"),
        ("month,usd\n2026-07,5\n", "line 1: no line of a log of tracked months"),
        ("[1]\n", "no line of a log of tracked months"),
        (changed_line(track=2), "written by a newer version of this program"),
        (changed_line(track="x"), 'track = "x": a whole number belongs here'),
        (changed_line(on="24.11.2026"), "on = .24.11.2026.: a day as YYYY-MM-DD"),
        (changed_line(months={}), "months = {}: a list belongs here"),
        (changed_line(months=[3]), "months 1: 3 is no object"),
        (changed_month(month="2026-13"), "months 1: month = .2026-13.: a month as YYYY-MM"),
        (changed_month(first="2026-06-30"), "days of 2026-07, in order"),
        (changed_month(scale=0.5), "scale = 0.5: a number from 1 to 1e"),
        (changed_month(scale=2.0), "scale = 2.0: 1 for a month that is closed"),
        (changed_month(billed_cost_usd=10**400), "billed_cost_usd = 10+...: a number from -1e"),
        (changed_month(scale_log_sd=float("nan")), "scale_log_sd = NaN"),
        (changed_month(is_closed=1), "is_closed = 1: true or false"),
        (changed_month(notes=[1]), "notes = .1.: a list of texts"),
        (changed_line(fan={"2026-07": [1, 2]}), "fan = .*: months with three numbers in order each"),
        (changed_line(fan={"2026-07": [3, 2, 1]}), "fan = .*: months with three numbers in order each"),
        (changed_line(plan_sha256=None), "plan_sha256 = null: a text"),
    ],
)
def test_what_is_no_log_of_ours_is_refused_and_left_alone(text: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text(text, encoding="utf-8")
    for attempt in (lambda: read_log(path), lambda: append(path, entry(month("2026-08")))):
        with pytest.raises(InputError, match=said) as caught:
            attempt()
        assert str(path) in str(caught.value)
    assert path.read_text(encoding="utf-8") == text


@pytest.mark.parametrize("key", ["tokens", "requests", "list_cost_usd", "request_type", "eligible"])
def test_a_use_that_is_damaged_is_refused_with_its_place(key: str, tmp_path: Path) -> None:
    whole = json.loads(as_line(entry(month("2026-07"))))
    whole["months"][0]["uses"][0][key] = [-1]
    path = tmp_path / "log.jsonl"
    path.write_text(json.dumps(whole), encoding="utf-8")
    with pytest.raises(InputError, match=f"line 1, months 1, uses 1: {key} = "):
        read_log(path)


@pytest.mark.parametrize(
    ("key", "value"),
    [("tokens", [10**400] * 5), ("requests", 10**400), ("list_cost_usd", 1e200), ("server_tools_usd", 100.01)],
)
def test_a_use_that_is_no_use_of_anybody_is_refused(key: str, value: Any) -> None:
    whole = json.loads(as_line(entry(month("2026-07"))))
    whole["months"][0]["uses"][0][key] = value
    with pytest.raises(InputError, match=f"here, months 1, uses 1: {key} = "):
        entry_of(whole, "here")


def test_a_run_with_nothing_new_makes_no_file(tmp_path: Path) -> None:
    for path in (tmp_path / "log.jsonl", tmp_path / "nowhere" / "log.jsonl"):
        assert append(path, entry()) == ()
        assert not path.exists()


def test_a_folder_and_a_place_that_is_not_there_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is no file"):
        read_log(tmp_path)
    for path in (tmp_path, tmp_path / "nowhere" / "log.jsonl"):
        with pytest.raises(InputError, match=r"cannot write .* choose another log with --log"):
            append(path, entry(month("2026-07")))


def test_another_plan_than_the_first_is_said() -> None:
    log = month_log.MonthLog(entries=(entry(month("2026-07")), entry(month("2026-08"), plan_sha256="bb")))
    assert log.plan_notes("aa") == ()
    (said,) = log.plan_notes("bb")
    assert "2026-11-24" in said


def test_the_fan_of_the_first_run_stands_for_the_months_that_it_has() -> None:
    now = np.arange(9.0).reshape(3, 3)
    log = month_log.MonthLog(entries=(entry(fan={"2026-08": (10.0, 20.0, 30.0)}), entry(fan={"2026-08": (0.0,) * 3})))
    found = fan_as_signed(["2026-07", "2026-08", "2026-09"], now, log)
    assert found.tolist() == [[0, 10, 2], [3, 20, 5], [6, 30, 8]]
    assert now.tolist() == np.arange(9.0).reshape(3, 3).tolist()
    assert fan_as_signed(["2026-07"], now, month_log.MonthLog()).tolist() == now.tolist()


def test_forecasts_are_kept_as_they_were_made() -> None:
    made = [
        PastForecast(
            as_of=name,
            on=date(2026, 9, 1),
            shortfall_probability=0.1,
            expected_shortfall_usd=1.0,
            overage_probability=0.2,
            expected_overage_usd=2.0,
            exhaustion_month=None,
            effective_sample_size=3.0,
            months={},
        )
        for name in ("2026-07", "2026-08")
    ]
    log = month_log.MonthLog(entries=(entry(forecast=made[0]), entry(), entry(forecast=made[1])))
    assert list(log.forecasts) == made


# --- a month that is given again -------------------------------------------------------------------------------------


def test_a_month_that_was_restated_counts_as_it_is_now_with_both_amounts_said() -> None:
    found = merged([month("2026-07", 100.0)], [month("2026-07", 104.0)])
    assert found.months == (month("2026-07", 104.0),)
    assert found.new == ("2026-07",)
    (said,) = found.notes
    assert "2026-07 was restated: $100.00 before, $104.00 now (+4.0%)" in said


def test_a_running_month_goes_on_and_is_closed() -> None:
    longer = merged([month("2026-07", 50.0, until=12)], [month("2026-07", 90.0, until=20)])
    assert longer.new == ("2026-07",)
    assert "2026-07 goes on: $50.00 before, $90.00 now (2026-07-01 to 2026-07-12, now 2026-07-01 to 2026-07-20)" in str(
        longer.notes
    )
    closed = merged(longer.months, [month("2026-07", 130.0)])
    assert closed.months == (month("2026-07", 130.0),)
    assert "2026-07 is closed now: $90.00 before, $130.00 now" in closed.notes[0]


@pytest.mark.parametrize(
    "less",
    [
        month("2026-07", 90.0, until=20),
        month("2026-07", 130.0, until=31),
        month("2026-07", 30.0, until=31, first=date(2026, 7, 25)),
    ],
)
def test_a_part_of_a_month_does_not_take_the_place_of_the_whole(less: ActualMonth) -> None:
    found = merged([month("2026-07", 130.0)], [less])
    assert found.months == (month("2026-07", 130.0),)
    assert found.new == ()
    assert "what was tracked stays" in found.notes[0]


@pytest.mark.parametrize(("first", "last"), [(1, 12), (21, 31), (3, 20)])
def test_days_beside_those_of_a_running_month_do_not_take_their_place(first: int, last: int) -> None:
    known = month("2026-07", 90.0, until=20)
    given_now = replace(known, first=date(2026, 7, first), last=date(2026, 7, last), uses=month("2026-07", 9.0).uses)
    found = merged([known], [given_now])
    assert found.months == (known,)
    assert "Give everything that there is of a month together" in found.notes[0]


def test_how_a_running_month_was_scaled_and_what_is_said_of_it_are_no_news() -> None:
    known = month("2026-07", 90.0, until=20)
    again = replace(known, scale=known.scale * 1.01, scale_log_sd=0.5, notes=("said otherwise",))
    assert merged([known], [again]) == merged([known], [])
    assert merged([known], [again]).months == (known,)


def test_a_bill_that_is_known_stays_known_and_a_new_one_is_news() -> None:
    billed = month("2026-07", billed_cost_usd=92.0)
    assert merged([billed], [month("2026-07")]).new == ()
    assert merged([billed], [month("2026-07")]).months == (billed,)
    now = merged([month("2026-07")], [billed])
    assert now.new == ("2026-07",)
    assert "what was billed is $92.00 now, not known before" in now.notes[0]
    part = merged([month("2026-07")], [month("2026-07", 60.0, until=20, billed_cost_usd=92.0)])
    assert part.months == (billed,)
    assert part.new == ("2026-07",)


def test_the_same_use_at_other_prices_is_told_from_other_use() -> None:
    known = month("2026-07")
    (use,) = known.uses
    repriced = replace(known, uses=(replace(use, list_cost_usd=80.0),))
    (said,) = merged([known], [repriced]).notes
    assert "the same use at other prices, because the price data changed: $100.00 before, $80.00 now" in said


def test_what_adding_up_in_another_order_does_to_a_float_is_no_news() -> None:
    known = month("2026-07", 100.0, billed_cost_usd=92.0)
    (use,) = known.uses
    again = replace(known, uses=(replace(use, list_cost_usd=100.0 * (1 + 1e-12)),), billed_cost_usd=92.0 + 1e-9)
    assert merged([known], [again]).new == ()
    cent = replace(known, uses=(replace(use, list_cost_usd=100.01),))
    assert merged([known], [cent]).new == ("2026-07",)


def test_months_that_are_missing_late_or_given_twice_are_said() -> None:
    found = merged([month("2026-07")], [month("2026-10")])
    assert [note[:30] for note in found.notes] == ["Nothing is known of 2026-08: i", "Nothing is known of 2026-09: i"]
    late = merged(found.months, [month("2026-08")])
    assert [each.month for each in late.months] == ["2026-07", "2026-08", "2026-10"]
    assert "2026-08 comes after months that are later than it" in late.notes[0]
    assert "2026-09" in late.notes[1]
    with pytest.raises(InputError, match="2026-08 is given twice"):
        merged([], [month("2026-08"), month("2026-08")])
