"""Bills as they come: formats, splitting and shuffling, what is refused and with which words."""

import gzip
import json
import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from planner.billed import rows as rows_module
from planner.billed.read import read_bill
from planner.billed.records import Bill, BilledSource
from planner.errors import InputError, UsageError
from planner.plan_file.loader import load_plan, parse_plan
from planner.plan_file.suggest_text import with_sources_from
from planner.price_data.names import plain_name
from planner.prices import PriceBook
from planner.ui.arriving.uploads import Upload, choose
from tests import bills
from tests.bills import HAIKU, OPUS, Line, bill_of, use_of
from tests.test_reconciliation import PLAN

JUNE = ((2026, 6),)
FEW = [line for line in bill_of(use_of(JUNE)) if line.day.day <= 4]
HEADER = ",".join(bills.CONSOLE["console of 2026, 14"])


def read(folder: Path, *names: str) -> Bill:
    return read_bill(BilledSource(sources=names, base_dir=folder))


def text_file(folder: Path, text: str, name: str = "cost.csv") -> str:
    (folder / name).write_text(text, encoding="utf-8")
    return name


def console(folder: Path, name: str = "cost.csv", **changes: str) -> str:
    """A cost CSV of one good row and one with these cells."""
    good = bills.console_rows(FEW[:1])[0]
    bad = good | {"token_type": "output"} | changes
    return text_file(folder, bills.csv_text([good, bad], bills.CONSOLE_14), name)


def money(bill: Bill) -> Decimal:
    return sum((cost.amount_usd for cost in bill.costs), Decimal(0))


# ---- formats


@pytest.mark.parametrize("name", [*bills.WITH_LIST, *bills.WITHOUT_LIST])
def test_every_format_is_recognised_and_adds_up_to_the_same_bill(name: str, tmp_path: Path) -> None:
    writer = (bills.WITH_LIST | bills.WITHOUT_LIST)[name]
    bill = read(tmp_path, writer(tmp_path, scaled_down(FEW)))
    assert money(bill) == sum(line.amount for line in scaled_down(FEW))
    listed = [cost.list_usd for cost in bill.costs]
    if name in bills.WITH_LIST:
        assert sum(usd for usd in listed if usd is not None) == sum(line.listed for line in FEW)
    else:
        assert set(listed) == {None}
    assert {(cost.first, cost.last) for cost in bill.costs} == {(line.day, line.day) for line in FEW}
    assert {PriceBook.load().resolve(cost.model) for cost in bill.costs} == {OPUS, HAIKU}


def scaled_down(lines: Sequence[Line]) -> list[Line]:
    return [replace(line, amount=line.listed * Decimal("0.9")) for line in lines]


@pytest.mark.parametrize(
    ("shown", "model"),
    [
        ("Claude Opus 5", "claude-opus-5"),
        ("Claude Haiku 4.5", "claude-haiku-4-5"),
        ("Claude 3.5 Sonnet 2024-10-22", "claude-3-5-sonnet-20241022"),
        ("Claude 3 Haiku", "claude-3-haiku"),
    ],
)
def test_display_names_of_the_console_are_models(shown: str, model: str) -> None:
    assert PriceBook.load().resolve(shown) == PriceBook.load().resolve(model)


def test_a_day_with_dashes_in_a_name_is_a_day_only_at_its_end() -> None:
    assert plain_name("Claude 3.5 Sonnet 2024-10-22") == "claude-3.5-sonnet-20241022"
    assert plain_name("claude-2024-10-22-x") == "claude-2024-10-22-x"


def test_pages_in_one_array_one_a_line_and_records_a_line_are_read_alike(tmp_path: Path) -> None:
    items = bills.analytics_items(FEW)
    pages = [{"data": items[:3], "has_more": True}, {"data": items[3:], "has_more": False}]
    texts = (
        json.dumps(pages),
        "\n".join(map(json.dumps, pages)),
        "\n".join(map(json.dumps, items)),
        "﻿" + json.dumps({"data": items}, indent=2),
    )
    found = {read(tmp_path, text_file(tmp_path, text, f"{n}.json")).costs for n, text in enumerate(texts)}
    assert len(found) == 1
    half = read(tmp_path, text_file(tmp_path, json.dumps(pages[0]), "half.json"))
    assert any("more pages follow" in note for note in half.notes)


def test_days_without_costs_are_no_fault_and_a_bill_without_any_is(tmp_path: Path) -> None:
    bills.write_days(tmp_path, FEW)
    text_file(tmp_path, '{"data": [], "has_more": false}', "cost-2026-06-30.json")
    assert money(read(tmp_path, "cost-*.json")) == sum(line.amount for line in FEW)
    with pytest.raises(UsageError, match="No billed cost"):
        read(tmp_path, "cost-2026-06-30.json")


def test_what_the_sources_leave_out_is_said(tmp_path: Path) -> None:
    assert any("Priority Tier" in note for note in read(tmp_path, bills.write_report(tmp_path, FEW)).notes)
    rows = bills.focus_rows(FEW)
    other = rows[0] | {"ServiceName": "Compute", "ProviderName": "a cloud", "ResourceId": "vm-1", "BilledCost": "7.5"}
    tax = rows[0] | {"ChargeCategory": "Tax", "BilledCost": "1.25"}
    text = bills.csv_text([*rows, other, tax], list(rows[0]))
    bill = read(tmp_path, text_file(tmp_path, text, "focus.csv"))
    assert money(bill) == sum(line.amount for line in FEW)
    assert any("1 rows" in note and "other products" in note and "$7.50" in note for note in bill.notes)
    assert any("taxes" in note and "$1.25" in note for note in bill.notes)


def test_a_list_cost_that_repeats_the_billed_cost_everywhere_says_no_discount(tmp_path: Path) -> None:
    bill = read(tmp_path, bills.write_focus(tmp_path, FEW))
    assert {cost.list_usd for cost in bill.costs} == {None}
    assert any("no discount can be read" in note for note in bill.notes)
    one = [replace(FEW[0], amount=FEW[0].amount / 2), *FEW[1:]]
    bill = read(tmp_path, bills.write_focus(tmp_path, one))
    assert None not in {cost.list_usd for cost in bill.costs}
    analytics = read(tmp_path, bills.write_analytics(tmp_path, FEW))
    assert None not in {cost.list_usd for cost in analytics.costs}


def test_use_that_a_commitment_covers_counts_at_its_effective_cost(tmp_path: Path) -> None:
    rows = [row | {"BilledCost": "0", "EffectiveCost": "3.5"} for row in bills.focus_rows(FEW[:2])]
    bill = read(tmp_path, text_file(tmp_path, bills.csv_text(rows, list(rows[0])), "focus.csv"))
    assert money(bill) == 7


def test_credits_are_kept_apart_from_the_use_of_their_day(tmp_path: Path) -> None:
    lines = [FEW[0], replace(FEW[0], amount=Decimal("-4.25"), listed=Decimal(0))]
    bill = read(tmp_path, bills.write_analytics(tmp_path, lines))
    assert sorted(cost.amount_usd for cost in bill.costs) == [Decimal("-4.25"), FEW[0].amount]


# ---- splitting, shuffling, repeating


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10**6), parts=st.integers(1, 4), form=st.sampled_from(["json", "csv", "focus"]))
def test_splitting_and_shuffling_files_changes_nothing(seed: int, parts: int, form: str, tmp_path: Path) -> None:
    luck = random.Random(seed)
    lines = [replace(line, amount=line.amount / 7, listed=line.listed / 3) for line in FEW]
    writers: dict[str, Callable[[Path, list[Line], str], str]] = {
        "json": bills.write_analytics,
        "csv": lambda folder, own, name: bills.write_console(folder, own, "console of 2026, 12", name),
        "focus": bills.write_focus,
    }
    lines = [replace(line, amount=round(line.amount, 12), listed=round(line.listed, 12)) for line in lines]
    whole = read(tmp_path, writers[form](tmp_path, lines, "whole"))
    luck.shuffle(lines)
    pieces = [own for part in range(parts) if (own := lines[part::parts])]
    names = [writers[form](tmp_path, own, f"part-{part}") for part, own in enumerate(pieces)]
    luck.shuffle(names)
    assert read(tmp_path, *names).costs == whole.costs


def test_a_file_that_is_named_twice_or_copied_is_read_once(tmp_path: Path) -> None:
    name = bills.write_analytics(tmp_path, FEW)
    (tmp_path / "copy.json").write_bytes((tmp_path / name).read_bytes())
    bill = read(tmp_path, name, name, "copy.json")
    assert bill.costs == read(tmp_path, name).costs
    assert any("same content" in note for note in bill.notes)


def test_exports_that_overlap_are_refused(tmp_path: Path) -> None:
    first = bills.write_console(tmp_path, FEW[:9], "console of 2026, 14", "a.csv")
    second = bills.write_console(tmp_path, FEW[6:], "console of 2026, 14", "b.csv")
    with pytest.raises(UsageError, match=r"a.csv and b.csv both bill .* overlap"):
        read(tmp_path, first, second)


def test_two_reports_of_one_account_on_one_day_are_refused(tmp_path: Path) -> None:
    first = bills.write_analytics(tmp_path, FEW)
    second = bills.write_console(tmp_path, FEW[-1:], "console of 2026, 14")
    with pytest.raises(UsageError, match="they report the same use"):
        read(tmp_path, first, second)
    cloud = bills.write_focus(tmp_path, FEW)
    assert money(read(tmp_path, first, cloud)) == 2 * sum(line.amount for line in FEW)


# ---- refused


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"cost_usd": "NaN"}, ["line 3", "cost_usd = 'NaN'", "not a plain number"]),
        ({"cost_usd": "1e400"}, ["line 3", "cost_usd = '1e400'"]),
        ({"cost_usd": "1e99"}, ["a trillion dollars"]),
        ({"cost_usd": "$1.20"}, ["currency signs"]),
        ({"cost_usd": "1,20"}, ["decimal commas"]),
        ({"cost_usd": "1,234.50"}, ["thousands separators"]),
        ({"cost_usd": ""}, ["cost_usd = ''", "blank"]),
        ({"list_price_usd": "inf"}, ["list_price_usd = 'inf'"]),
        ({"usage_date_utc": "03/06/2026"}, ["usage_date_utc = '03/06/2026'", "ISO 8601"]),
        ({"usage_date_utc": "2026-06-31"}, ["2026-06-31"]),
        ({"usage_date_utc": "1970-01-01"}, ["between 2000 and 2100"]),
        ({"usage_date_utc": ""}, ["blank"]),
    ],
)
def test_a_bad_row_is_refused_with_its_line_field_and_value(
    changes: dict[str, str], words: list[str], tmp_path: Path
) -> None:
    with pytest.raises(UsageError) as error:
        read(tmp_path, console(tmp_path, **changes))
    for word in ["1 of 2 rows", "cost.csv", *words]:
        assert word in str(error.value)


def items(**changes: Any) -> str:
    good, bad = bills.analytics_items(FEW[:2])
    for path, value in changes.items():
        group, _, key = path.rpartition("__")
        (bad[group] if group else bad)[key] = value
    return json.dumps({"data": [good, bad]})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (items(cost__currency="EUR"), ["item 2", "cost.currency = 'EUR'", "[[usage.invoice]]", "EUR, USD"]),
        (items(cost__amount=float("nan")), ["cost.amount = 'NaN'"]),
        (items(cost__amount=None), ["cost.amount = ''", "blank"]),
        (items(cost__amount=True), ["cost.amount = 'True'"]),
        (items(ending_at="2026-07-15T00:00:00Z"), ["more than one month", "by day"]),
        (items(ending_at="2026-05-15T00:00:00Z"), ["the end is not after the start"]),
        (items(group__rbac_group_id="g"), ["group.rbac_group_id", "overlap"]),
        ('{"data": [{"starting_at": "2026-06-01"', ["not valid JSON"]),
        ('{"type": "error", "error": {"message": "no"}}', ["no bill that is known", "error.message"]),
        ('{"timestamp": "2026-06-01", "model": "m", "usage": {"input_tokens": 1}}', ["no bill that is known"]),
        ('[1, "x"]', ["no bill that is known"]),
        ("[" * 100_000, ["nested too deeply"]),
    ],
)
def test_a_bad_document_is_refused(text: str, words: list[str], tmp_path: Path) -> None:
    with pytest.raises(UsageError) as error:
        read(tmp_path, text_file(tmp_path, text, "cost.json"))
    for word in ["cost.json", *words]:
        assert word in str(error.value)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (f"{HEADER}\n2026-06-01,Claude\n".encode(), "2 columns where the header has 14"),
        (HEADER.replace(",", ";").encode() + b"\n", "semicolons"),
        (HEADER.replace(",", "\t").encode() + b"\n", "tabs"),
        (b"usage_date_utc,cost_usd,cost_usd\n2026-06-01,1,2\n", "two columns named 'cost_usd'"),
        (b"usage_date_utc,cost_usd\n2026-06-01,1\n2026-06-02,\xff\n", "line 3 is not UTF-8"),
        (b"\xff\xfeu\x00s\x00a\x00", "UTF-16"),
        (b"usage_date_utc,model_version,usage_output_tokens\n2026-06-01,m,1\n", "no bill that is known"),
        (b"usage_date_utc,cost_used\n2026-06-01,1\n", "Is 'cost_used' a column that was renamed?"),
        (b"", "empty"),
        (b"\n\n", "begins with a blank line"),
        (b"PK\x03\x04", "Excel"),
        (b"%PDF-1.7", "[[usage.invoice]]"),
        (b"PAR1 and no more", "not a Parquet file"),
        (gzip.compress(b"usage_date_utc,cost_usd\n2026-06-01,1\n", mtime=0)[:-9], "damaged or cut off"),
        (b'usage_date_utc,cost_usd\n"2026-06-01,1\n', "not CSV"),
    ],
)
def test_a_bad_file_is_refused(data: bytes, words: str, tmp_path: Path) -> None:
    (tmp_path / "cost.csv").write_bytes(data)
    with pytest.raises(UsageError) as error:
        read(tmp_path, "cost.csv")
    assert words in str(error.value)
    assert "cost.csv" in str(error.value)


def test_a_forecast_of_our_own_is_no_bill(tmp_path: Path) -> None:
    rows = [row | {"x_ForecastType": "use"} for row in bills.focus_rows(FEW[:1])]
    name = text_file(tmp_path, bills.csv_text(rows, list(rows[0])), "focus.csv")
    with pytest.raises(UsageError, match="forecast that the planner wrote"):
        read(tmp_path, name)


def test_what_is_read_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = bills.write_console(tmp_path, FEW, "console of 2026, 14")
    monkeypatch.setattr(rows_module, "ROW_LIMIT", 3)
    with pytest.raises(UsageError, match="more than 3 rows"):
        read(tmp_path, name)
    with pytest.raises(UsageError, match="more than 3 rows"):
        read(tmp_path, bills.write_focus_parquet(tmp_path, FEW))
    monkeypatch.setattr(rows_module, "FILE_BYTES", 10)
    monkeypatch.setattr(rows_module, "JSON_BYTES", 10)
    for written in (name, bills.packed(tmp_path, name, "gz"), bills.write_analytics(tmp_path, FEW)):
        if (tmp_path / written).exists():
            with pytest.raises(UsageError, match="more than 0 MB"):
                read(tmp_path, written)


def test_only_the_first_faults_are_shown_and_all_are_counted(tmp_path: Path) -> None:
    rows = [row | {"cost_usd": "?"} for row in bills.console_rows(FEW)]
    with pytest.raises(UsageError) as error:
        read(tmp_path, text_file(tmp_path, bills.csv_text(rows, bills.CONSOLE_14)))
    assert f"{len(FEW)} of {len(FEW)} rows" in str(error.value)
    assert str(error.value).count("cost_usd = '?'") == 5


# ---- where a bill is named


def test_a_plan_names_its_bills_beside_its_log(tmp_path: Path) -> None:
    (tmp_path / "plan.toml").write_text(PLAN, encoding="utf-8")
    usage = load_plan(tmp_path / "plan.toml").usage
    assert usage is not None
    assert (usage.billed.sources, usage.billed.base_dir) == (("cost.json",), tmp_path.resolve())


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('month = "2026-7"', "usage.invoice[1].month"),
        ("amount_usd = inf", "usage.invoice[1].amount_usd"),
        ("amount_usd = 12\ncurrency = 'EUR'", "unknown key"),
    ],
)
def test_an_invoice_that_is_typed_wrong_is_refused(line: str, words: str, tmp_path: Path) -> None:
    key = line.split(" ")[0]
    text = "\n".join(line if each.startswith(key) else each for each in PLAN.splitlines())
    with pytest.raises(InputError) as error:
        parse_plan(text, base_dir=tmp_path)
    assert words in str(error.value)


def test_a_plan_that_moves_takes_the_addresses_of_its_bills_along(tmp_path: Path) -> None:
    moved = with_sources_from(PLAN, tmp_path / "a", tmp_path / "b")
    usage = parse_plan(moved, base_dir=tmp_path).usage
    assert usage is not None
    assert (usage.source.sources, usage.billed.sources) == (("../a/log.jsonl",), ("../a/cost.json",))


def test_an_uploaded_plan_cannot_name_a_bill_of_the_machine(tmp_path: Path) -> None:
    opening = parse_plan(PLAN, base_dir=tmp_path)
    same = choose([Upload(name="p.toml", data=PLAN.encode())], opening=opening, is_example=False, folder=tmp_path / "s")
    assert same.inputs.usage is not None
    assert same.inputs.usage.billed.base_dir == tmp_path
    other = Upload(name="p.toml", data=PLAN.replace("cost.json", "/etc/hostname").encode())
    (tmp_path / "s").mkdir()
    log = Upload(name="log.jsonl", data=b"{}")
    for uploads in ([other], [other, log]):
        with pytest.raises(InputError, match=r"usage.billed = /etc/hostname: the browser cannot see that file"):
            choose(uploads, opening=opening, is_example=False, folder=tmp_path / "s")


def test_days_of_a_month_are_one_day_each(tmp_path: Path) -> None:
    costs = read(tmp_path, bills.write_analytics(tmp_path, FEW)).costs
    assert all(cost.is_daily and cost.month == "2026-06" and cost.first >= date(2026, 6, 1) for cost in costs)
