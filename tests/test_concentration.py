"""Concentration of use by customer and key, against plain Python, and what `planner calibrate` says of it."""

import csv
import gzip
import hashlib
import io
import json
import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner import cli
from planner.calibration_report import calibration_json, concentration_sentences, concentration_table
from planner.exclusions import Exclusion
from planner.plan_file.loader import load_plan
from planner.prepared import prepare_calibration
from planner.units import TOKEN_COLUMNS
from planner.usage.concentration import Concentration, Holder, concentration
from planner.usage.read import UsageSource, read_usage

EXAMPLE = Path(__file__).parents[1] / "data" / "plans" / "example.toml"
WEIGHTS = dict(zip(TOKEN_COLUMNS, (1.0, 0.1, 1.25, 2.0, 5.0), strict=True))
EVERY_WAY = (None, None)
Row = dict[str, Any]


def row(**changes: Any) -> Row:
    tokens = dict.fromkeys(TOKEN_COLUMNS, 0) | {"uncached_input_tokens": 100}
    base = {"timestamp": "2026-06-01T10:00:00Z", "request_type": "answer", "model": "claude-opus-5-5"}
    return base | tokens | {"customer": "acme", "api_key": "key-1"} | changes


def csv_text(rows: Sequence[Row]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def jsonl_text(rows: Sequence[Row]) -> str:
    return "".join(json.dumps(each) + "\n" for each in rows)


def written(folder: Path, data: str | bytes, name: str = "log.csv") -> Path:
    path = folder / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


def found_in(*paths: Path, window: Any = EVERY_WAY, exclusions: Any = (), **options: Any) -> dict[str, Concentration]:
    source = UsageSource(sources=tuple(map(str, paths)), base_dir=paths[0].parent, **options)
    return {each.column: each for each in concentration(source, window=window, exclusions=exclusions)}


@dataclass(frozen=True, kw_only=True)
class Slow:
    """The oracle's answer: use by owner, None for nobody, and rows with and without one."""

    use: Counter[str | None]
    rows: Counter[bool]


def slow(rows: Sequence[Row], column: str, window: Any = EVERY_WAY, exclusions: Sequence[Exclusion] = ()) -> Slow:
    """One row at a time. Every row is taken to be valid."""
    use: Counter[str | None] = Counter()
    counted: Counter[bool] = Counter()
    for each in rows:
        day = datetime.fromisoformat(each["timestamp"]).astimezone(UTC).date()
        kind = each["request_type"].strip() or "untagged"
        if (window[0] and day < window[0]) or (window[1] and day > window[1]):
            continue
        if any(
            exclusion.request_type in (None, kind)
            and (exclusion.from_ is None or exclusion.from_ <= day)
            and (exclusion.to is None or day <= exclusion.to)
            for exclusion in exclusions
        ):
            continue
        owner = str(each.get(column) or "").strip() or None
        use[owner] += sum(weight * each[name] for name, weight in WEIGHTS.items())  # type: ignore[assignment]
        counted[owner is None] += 1
    return Slow(use=use, rows=counted)


def same(found: Concentration, told: Slow, shown: Callable[[str], str] = str) -> None:
    total = sum(told.use.values())
    named = {name: use for name, use in told.use.items() if name is not None}
    largest = sorted(named.items(), key=lambda item: (-round(item[1], 6), item[0]))[:5]
    assert [each.name for each in found.largest] == [shown(name) for name, _ in largest]
    assert [each.share_of_use for each in found.largest] == pytest.approx([use / total for _, use in largest])
    assert found.top_five_share == pytest.approx(sum(use for _, use in largest) / total)
    assert (found.distinct, found.rows) == (len(named), told.rows.total())
    assert found.share_of_rows_without == pytest.approx(told.rows[True] / told.rows.total())
    assert found.share_of_use_without == pytest.approx(told.use[None] / total)
    assert found.lines_not_read == 0


def digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()[:6]


def many_rows(count: int = 300, seed: int = 1) -> list[Row]:
    rng = random.Random(seed)
    return [
        row(
            timestamp=f"2026-{rng.randint(6, 8):02d}-{rng.randint(1, 28):02d}T{rng.randint(0, 23):02d}:59:59.5+02:00",
            request_type=rng.choice(["triage", " answer ", "", "\u00a0extract"]),
            customer=rng.choice(["acme", " acme", "Müller & Söhne", "", "  ", "\u2003", *(f"c{n}" for n in range(9))]),
            api_key=rng.choice(["sk-1", "sk-2", ""]),
            **{name: rng.randint(0, 10**6) for name in TOKEN_COLUMNS},
        )
        for _ in range(count)
    ]


def parquet(folder: Path, rows: Sequence[Row]) -> Path:
    pd.DataFrame(list(rows)).to_parquet(folder / "log.parquet")
    return folder / "log.parquet"


WAYS: dict[str, Callable[[Path, Sequence[Row]], Path]] = {
    "csv": lambda folder, rows: written(folder, csv_text(rows)),
    "csv.gz": lambda folder, rows: written(folder, gzip.compress(csv_text(rows).encode()), "log.csv.gz"),
    "jsonl": lambda folder, rows: written(folder, jsonl_text(rows), "log.jsonl"),
    "jsonl with a mark": lambda folder, rows: written(folder, "\ufeff" + jsonl_text(rows), "log.jsonl"),
    "parquet": parquet,
}


@pytest.mark.parametrize("way", WAYS)
def test_every_way_to_write_a_log_says_what_plain_python_says(way: str, tmp_path: Path) -> None:
    rows = many_rows()
    found = found_in(WAYS[way](tmp_path, rows))
    same(found["customer"], slow(rows, "customer"))
    same(found["api_key"], slow(rows, "api_key"), digest)


DAYS = st.dates(date(2026, 5, 28), date(2026, 8, 30)) | st.none()
EXCLUSIONS = st.builds(
    Exclusion, request_type=st.sampled_from([None, "triage", "extract", "untagged", "gone"]), from_=DAYS, to=DAYS
)


@settings(max_examples=15)
@given(seed=st.integers(0, 10_000), window=st.tuples(DAYS, DAYS), exclusions=st.lists(EXCLUSIONS, max_size=3))
def test_window_and_exclusions_count_as_in_the_measurement(
    seed: int, window: Any, exclusions: list[Exclusion], tmp_path_factory: pytest.TempPathFactory
) -> None:
    rows = many_rows(60, seed)
    found = found_in(written(tmp_path_factory.mktemp("log"), csv_text(rows)), window=window, exclusions=exclusions)
    told = slow(rows, "customer", window, exclusions)
    if set(told.use) <= {None}:
        assert "customer" not in found
    else:
        same(found["customer"], told)


def test_the_example_by_hand() -> None:
    inputs = load_plan(EXAMPLE)
    assert inputs.usage is not None
    usage = inputs.usage
    with gzip.open(EXAMPLE.parent / "../usage/example.jsonl.gz", "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    (found,) = concentration(usage.source, window=usage.window, exclusions=usage.exclusions)
    same(found, slow([each for each in rows if each["request_type"] != "reindex"], "customer"))
    assert found.largest[0].name == "customer-01"
    assert round(found.top_share, 3) == 0.446


@pytest.mark.parametrize("name", TOKEN_COLUMNS)
def test_each_class_has_its_weight(name: str, tmp_path: Path) -> None:
    rows = [row(customer="plain", uncached_input_tokens=600), row(uncached_input_tokens=0) | {name: 400}]
    found = found_in(written(tmp_path, csv_text(rows)))["customer"]
    shares = {each.name: each.share_of_use for each in found.largest}
    assert shares["acme"] == pytest.approx(400 * WEIGHTS[name] / (600 + 400 * WEIGHTS[name]))


def test_rows_that_the_measurement_refuses_do_not_count(tmp_path: Path) -> None:
    bad = [
        row(model="\u00a0"), row(model=""), row(model="gpt\0x"), row(request_type="a\0b"), row(output_tokens=-1),
        row(output_tokens="1.5"), row(timestamp="03/04/2026"), row(cache_read_tokens="x"),
    ]  # fmt: skip
    good = [row(customer="good"), row(customer="good", request_type="\u2003")]
    text = csv_text([*good, *bad]) + "2026-06-01,ragged\n"
    for path in (written(tmp_path, text), written(tmp_path, jsonl_text([*good, *bad]) + "{ragged\n", "log.jsonl")):
        source = UsageSource(sources=(str(path),), base_dir=tmp_path, skip_bad_rows=True)
        usage = read_usage(source, prompt_edges=(200_000,))
        found = found_in(path, skip_bad_rows=True)["customer"]
        assert (found.rows, found.distinct) == (usage.records, 1) == (len(good), 1)
        assert usage.refused == len(bad) + 1


def test_the_plans_mapping_names_the_column(tmp_path: Path) -> None:
    rows = many_rows(80)
    renamed = [{"tenant" if name == "customer" else name: value for name, value in each.items()} for each in rows]
    by_field = found_in(written(tmp_path, csv_text(renamed)), columns={"customer": "tenant"})
    same(by_field["customer"], slow(rows, "customer"))
    nested = [each | {"customer": {"id": each["customer"]}} for each in rows]
    path = written(tmp_path, jsonl_text(nested), "nested.jsonl")
    same(found_in(path, columns={"customer": "customer.id"})["customer"], slow(rows, "customer"))
    assert set(found_in(path)) == {"api_key"}  # an object is no name
    beside = found_in(path, written(tmp_path, csv_text([row()]), "plain.csv"))["customer"]
    assert (beside.distinct, beside.rows, beside.largest[0].name) == (1, 81, "acme")
    constant = found_in(path, constants={"customer": "us"})["customer"]
    assert constant.largest == (Holder(name="us", share_of_use=1.0),)


def test_files_may_stand_for_customers_and_for_excluded_types(tmp_path: Path) -> None:
    for folder, name, tokens in (("x", "acme", 100), ("y", "acme", 200), ("y", "beta", 100), ("y", "old", 500)):
        (tmp_path / folder).mkdir(exist_ok=True)
        written(tmp_path / folder, csv_text([row(uncached_input_tokens=tokens)]), f"{name}.csv")
    options: dict[str, Any] = {"columns": {"customer": "@file", "request_type": "@file"}}
    found = found_in(tmp_path / "x", tmp_path / "y", exclusions=[Exclusion(request_type="old")], **options)
    assert found["customer"].largest == (Holder(name="acme", share_of_use=0.75), Holder(name="beta", share_of_use=0.25))


def test_files_without_the_column_count_as_rows_without_one(tmp_path: Path) -> None:
    bare = [{name: value for name, value in row().items() if name not in ("customer", "api_key")}] * 3
    paths = [
        written(tmp_path, csv_text(bare), "bare.csv"),
        written(tmp_path, jsonl_text([bare[0] | {"output_tokens": 1}]), "bare.jsonl"),
        written(tmp_path, jsonl_text([bare[0], row()]), "late.jsonl"),
        parquet(tmp_path, [row(), row(customer="beta", api_key=None)]),
    ]
    found = found_in(*paths)
    assert {name: each.rows for name, each in found.items()} == {"customer": 8, "api_key": 8}
    assert found["customer"].share_of_rows_without == 5 / 8
    assert found["api_key"].share_of_rows_without == 6 / 8
    assert found["customer"].share_of_use_without == pytest.approx(505 / 805)
    assert found_in(*paths[:2]) == {}


def test_nobody_named_or_nothing_used_gives_nothing(tmp_path: Path) -> None:
    assert found_in(written(tmp_path, csv_text([row(customer=" ", api_key="")]))) == {}
    assert found_in(written(tmp_path, csv_text([row(uncached_input_tokens=0)]), "zero.csv")) == {}


def test_a_name_that_cannot_be_read_is_counted(tmp_path: Path) -> None:
    data = csv_text([row(), row(customer="größe"), row(customer="beta")]).encode("latin-1")
    path = written(tmp_path, data)
    assert read_usage(UsageSource(sources=(str(path),), base_dir=tmp_path), prompt_edges=()).records == 3
    found = found_in(path)
    assert (found["customer"].rows, found["customer"].lines_not_read) == (2, 1)
    assert (found["api_key"].rows, found["api_key"].lines_not_read) == (3, 0)
    table = concentration_table(tuple(found.values()))
    assert table is not None
    assert "(1)" in table.note


def test_equal_customers_come_by_name_and_only_the_first_are_kept(tmp_path: Path) -> None:
    rows = [row(customer=f"c{number:04d}") for number in random.Random(2).sample(range(3000), 3000)]
    found = found_in(written(tmp_path, csv_text(rows)))["customer"]
    assert [each.name for each in found.largest] == [f"c000{n}" for n in range(5)]
    assert found.distinct == 3000


# ---- what is said of it


PLAN = """
[plan]
start = 2027-01-01
[usage]
sources = ["log.csv"]
[prices]
on = 2026-11-23
{demand}
[contract]
[[contract.band]]
min_commit_usd_per_year = 20_000
discount_fraction = 0.10
"""
SECRET = "sk-ant-secret-0123"
HOSTILE = "\x1b[31m[bold]=cmd|' /C calc'!A0"


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    """A log of three customers, 50, 30 and 20 % of use, and three keys."""
    rows = [
        row(customer=customer, api_key=key, uncached_input_tokens=tokens)
        for customer, key, tokens in ((HOSTILE, SECRET, 5000), ("beta", "sk-2", 3000), ("", "", 2000))
    ]
    written(tmp_path, csv_text(rows))
    return written(tmp_path, PLAN.format(demand=""), "plan.toml")


def said(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *arguments: str) -> str:
    monkeypatch.setattr("sys.argv", ["planner", "calibrate", "--dry-run", *arguments])
    code: object = 0
    try:
        cli.main()
    except SystemExit as end:
        code = end.code
    assert not code
    spoken = capsys.readouterr()
    return spoken.out + spoken.err


def test_calibrate_tells_customers_and_never_a_key(plan, capsys, monkeypatch):
    text = said(capsys, monkeypatch, str(plan))
    brief = said(capsys, monkeypatch, str(plan), "-q")
    data = said(capsys, monkeypatch, str(plan), "--json")
    for spoken in (text, brief, data):
        assert SECRET not in spoken
        assert "sk-2" not in spoken
        assert "\x1b" not in spoken
    assert digest(SECRET) in text
    assert "[bold]=cmd" in text
    assert "largest_customer_fraction = 0.50" in text
    assert "largest_customer_fraction = 0.50" in brief
    told = json.loads(data)["concentration"]
    assert told["top_type"] == "answer"
    assert told["customers"]["largest"][0] == {"name": HOSTILE, "share_of_use": 0.5}
    assert told["customers"]["top_share_of_use"] == 0.5
    assert told["customers"]["top_5_share_of_use"] == pytest.approx(0.8)
    assert told["customers"]["distinct"] == 2
    assert told["customers"]["share_of_rows_without"] == pytest.approx(1 / 3)
    assert [each["name"] for each in told["api_keys"]["largest"]] == [digest(SECRET), digest("sk-2")]


def test_a_field_of_keys_that_is_mapped_to_customers_is_still_one_of_keys(plan, capsys, monkeypatch):
    columns = 'sources = ["log.csv"]\ncolumns = { customer = "api_key" }'
    plan.write_text(PLAN.format(demand="").replace('sources = ["log.csv"]', columns), encoding="utf-8")
    data = said(capsys, monkeypatch, str(plan), "--json")
    assert SECRET not in data
    assert json.loads(data)["concentration"]["customers"]["largest"][0]["name"] == digest(SECRET)


def test_a_log_without_either_says_nothing_of_them(plan, capsys, monkeypatch):
    written(plan.parent, csv_text([{name: row()[name] for name in list(row())[:-2]}]))
    told = json.loads(said(capsys, monkeypatch, str(plan), "--json"))["concentration"]
    assert (told["customers"], told["api_keys"]) == (None, None)
    assert "ustomer has" not in said(capsys, monkeypatch, str(plan))


def of_customers(share: float) -> tuple[Concentration, ...]:
    largest = (Holder(name="x" * 100, share_of_use=share),)
    column: Any = "customer"
    return (
        Concentration(
            column=column, distinct=9, largest=largest, rows=9, share_of_rows_without=0.0, share_of_use_without=0.0,
            lines_not_read=0,
        ),
    )  # fmt: skip


@pytest.mark.parametrize(("demand", "share", "sentences"), [
    ("", 0.10, 0), ("", 0.11, 1), ("[demand]\nlargest_customer_fraction = 0.11", 0.11, 0),
    ("[demand]\nlargest_customer_fraction = 0.11", 0.20, 1),
])  # fmt: skip
def test_a_large_customer_that_the_plan_does_not_have_is_worth_a_sentence(plan, demand, share, sentences):
    plan.write_text(PLAN.format(demand=demand), encoding="utf-8")
    calibration = prepare_calibration(load_plan(plan))
    found = of_customers(share)
    assert len(concentration_sentences(calibration, found)) == sentences
    table = concentration_table(found)
    assert table is not None
    assert len(table.rows[0][1]) < 50
    assert calibration_json(calibration, found)["concentration"]["api_keys"] is None
    assert concentration_table(()) is None
