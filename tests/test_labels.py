"""Values that must not be shown or believed: keys, prompts, times that are not ISO 8601, currencies, odd labels."""

import json
import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from planner import cli
from planner.errors import PriceError, UsageError
from planner.exclusions import Exclusion
from planner.measurement import measure
from planner.prices import PriceBook
from planner.usage import read as usage_read
from planner.usage.columns import is_band, window_exceeds
from planner.usage.concentration import concentration
from planner.usage.formats import bind
from planner.usage.heads import csv_head
from planner.usage.read import Usage, UsageSource, read_usage
from planner.usage.readings import reading
from planner.usage.refused import json_problem, shown_value

HEADER = "timestamp,request_type,model,uncached_input_tokens,output_tokens"
GOOD = "2026-10-01T10:00:00Z,answer,claude-opus-5-5,100,5"
KEY = "sk-ant-api03-" + "A1b2C3d4" * 8 + "-xyzAA"
EDGES = (200_000,)


def written(tmp_path: Path, *rows: str, header: str = HEADER, name: str = "log.csv") -> UsageSource:
    (tmp_path / name).write_text("\n".join((header, *rows)) + "\n", encoding="utf-8")
    return UsageSource(sources=(name,), base_dir=tmp_path)


def read(source: UsageSource, owners: Sequence[str] = ()) -> Usage:
    return read_usage(source, prompt_edges=EDGES, owners=owners)


def refusal(source: UsageSource) -> str:
    with pytest.raises(UsageError) as caught:
        read(source)
    return str(caught.value)


def at(stamp: str) -> str:
    return GOOD.replace("2026-10-01T10:00:00Z", stamp)


# ---- times: what is read is the moment that Python reads, and the rest is refused

ZONES = st.sampled_from(["", "Z", "+00:00", "+02:00", "-0530", "+14:00", "-12:00"])


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    moment=st.datetimes(datetime(2001, 1, 1), datetime(2098, 12, 31)),
    zone=ZONES,
    joint=st.sampled_from("T "),
    digits=st.sampled_from([0, 3, 6]),
)
def test_a_time_is_the_moment_that_another_reader_reads(
    moment: datetime, zone: str, joint: str, digits: int, tmp_path: Path
) -> None:
    text = moment.strftime(f"%Y-%m-%d{joint}%H:%M:%S") + (f".{moment:%f}"[: digits + 1] if digits else "") + zone
    said = datetime.fromisoformat(text)
    said = said if said.tzinfo else said.replace(tzinfo=UTC)
    found = read(written(tmp_path, at(text)))
    assert found.first == said.astimezone(UTC)


@pytest.mark.parametrize(
    "stamp",
    [
        "2026-10-01T10:00:00+25:00",
        "2026-10-01T10:00:00-99",
        "2026-10-01T10:00:00+02:75",
        "2026-10-01T10:00:00+02:00:30",
        "2026-10-01T10:00:00 EST",
        "2026-10-01 10:00:00 Europe/Berlin",
        "2026-10-01T10:00: NZ",
        "2026-10-01T10:00:00. NZ",
        "2026-10-01T10:00:00+25:00Z",
        "2026-10-01T10:00:00+05:00+00:00",
        "2026/10/01",
        "2026-1-1",
        "2026-02-30T10:00:00Z",
        "2026-10-01T24:30:00Z",
    ],
)
@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_a_time_that_is_not_iso_8601_is_refused_by_its_line(stamp: str, kind: str, tmp_path: Path) -> None:
    source = written(tmp_path, GOOD, at(stamp))
    if kind == "jsonl":
        names = HEADER.split(",")
        lines = [json.dumps(dict(zip(names, row.split(","), strict=True))) for row in (GOOD, at(stamp))]
        (tmp_path / "log.jsonl").write_text("\n".join(lines), encoding="utf-8")
        source = UsageSource(sources=("log.jsonl",), base_dir=tmp_path)
    line = 3 if kind == "csv" else 2
    said = refusal(source)
    assert f"line {line}: timestamp = {stamp!r}: not a date and time in ISO 8601" in said


# ---- what is shown of a row


@settings(max_examples=100, deadline=None)
@given(text=st.text(max_size=80), cut=st.integers(0, 100))
def test_no_word_of_a_broken_line_is_said(text: str, cut: int) -> None:
    whole = json.dumps({"prompt": f"Zuzanna {text}", "x": 1}, ensure_ascii=False)
    said = json_problem(whole[:cut])
    assert "Zuz" not in said
    assert said.startswith("not a JSON object")
    assert f"({len(whole[:cut])} characters)" in said


def test_a_shown_value_is_short_and_without_keys() -> None:
    assert shown_value("1,234") == "1,234"
    assert shown_value(None) is None
    for text in (KEY, f"x {KEY} y", "a" * 50 + " " + KEY, "b" * 70 + KEY):
        shown = shown_value(text)
        assert shown is not None
        assert len(shown) <= 63
        assert "A1b2" not in shown


def test_a_key_as_the_name_of_a_field_or_of_a_file_is_shown_nowhere(tmp_path: Path) -> None:
    said = [refusal(written(tmp_path, GOOD, header=HEADER.replace("output_tokens", KEY), name=f"{KEY}.csv"))]
    with pytest.raises(UsageError) as twice:
        csv_head("log.csv", f"{KEY},{KEY}\n1,2\n", whole=True)
    with pytest.raises(UsageError) as unknown:
        bind(
            file="log.csv",
            seen=(*HEADER.split(","), KEY),
            format="auto",
            columns={"customer": KEY[:-1]},
            constants={},
            request_type=reading("request_type"),
        )
    for text in (*said, str(twice.value), str(unknown.value)):
        assert "A1b2" not in text
        assert "key " in text


def run(folder: Path, *options: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "argv", ["planner", "measure", "log.csv", *options])
    cli.main()


def test_a_long_label_is_cut_on_the_screen_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    label = "a" * 5_000
    written(tmp_path, GOOD, GOOD.replace("answer", label))
    run(tmp_path, "-o", "mix.csv", monkeypatch=monkeypatch)
    shown = capsys.readouterr().out
    assert "a" * 100 in shown
    assert "a" * 200 not in shown
    assert label in (tmp_path / "mix.csv").read_text(encoding="utf-8")
    run(tmp_path, "--json", monkeypatch=monkeypatch)
    assert {row["request_type"] for row in json.loads(capsys.readouterr().out)["rows"]} == {"answer", label}


# ---- money


@pytest.mark.parametrize("name", ["currency", "billing_currency"])
@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_only_dollars_are_dollars(name: str, kind: str, tmp_path: Path) -> None:
    fine, other = [("1.5", "USD"), ("2", " usd "), ("3", ""), ("", "EUR")], ("4", "EUR")

    def source(bills: Sequence[tuple[str, str]]) -> UsageSource:
        header = f"{HEADER},billed_cost_usd,{name}"
        if kind == "csv":
            return written(tmp_path, *(f"{GOOD},{cost},{currency}" for cost, currency in bills), header=header)
        rows = [dict(zip(header.split(","), [*GOOD.split(","), *bill], strict=True)) for bill in bills]
        lines = [json.dumps({key: value for key, value in row.items() if value}) for row in rows]
        (tmp_path / "log.jsonl").write_text("\n".join(lines), encoding="utf-8")
        return UsageSource(sources=("log.jsonl",), base_dir=tmp_path)

    assert float(read(source(fine)).groups["billed_cost_usd"].sum()) == 6.5
    said = refusal(source([*fine, other]))
    assert "1 of 5 rows" in said
    assert name in said
    assert "'EUR': a cost is billed in USD" in said


def test_a_currency_that_no_cost_stands_beside_is_no_matter(tmp_path: Path) -> None:
    assert read(written(tmp_path, f"{GOOD},EUR", header=f"{HEADER},currency")).records == 1


# ---- owners


@pytest.mark.parametrize("owner", ["customer", "api_key", "workspace", "agent", "product"])
def test_an_owner_is_read_from_the_field_of_its_own_name(owner: str, tmp_path: Path) -> None:
    header = HEADER.replace("timestamp", "when") + f",{owner}"
    source = UsageSource(
        sources=written(tmp_path, f"{GOOD},mine", f"{GOOD},theirs", header=header).sources,
        base_dir=tmp_path,
        columns={name: {"timestamp": "when"}.get(name, name) for name in HEADER.split(",")},
    )
    assert set(read(source, (owner,)).groups[owner]) == {"mine", "theirs"}
    assert owner not in read(source).groups
    usage = read(source, (owner,))
    kept = measure(usage, PriceBook.load(), exclusions=[Exclusion(**{owner: "mine"})])  # type: ignore[arg-type]
    assert kept.totals.requests == 1
    found = {each.column: each for each in concentration(source)}
    assert (owner in found) == (owner in ("customer", "api_key"))


def test_the_limit_on_groups_names_the_owners(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [f"{GOOD},{number}" for number in range(4)]
    source = written(tmp_path, *rows, header=f"{HEADER},customer")
    assert read(source, ("customer",)).records == 4
    monkeypatch.setattr(usage_read, "GROUP_LIMIT", 3)
    assert read(source).records == 4
    with pytest.raises(UsageError, match="Exclusions and rules ask for customer"):
        read(source, ("customer",))


# ---- what a measurement says of itself


def notes(source: UsageSource, today: date = date(2026, 11, 24)) -> str:
    return "\n".join(measure(read(source), PriceBook.load(), today=today).warnings)


def test_rows_after_today_are_counted(tmp_path: Path) -> None:
    source = written(tmp_path, GOOD, at("2026-10-02"), at("2026-10-04"))
    assert "after today" not in notes(source, date(2026, 10, 4))
    assert "1 row lies after today (2026-10-03), the last on 2026-10-04" in notes(source, date(2026, 10, 3))
    assert "2 rows lie after today (2026-10-01), the last on 2026-10-04" in notes(source, date(2026, 10, 1))


def test_three_days_are_called_three_days(tmp_path: Path) -> None:
    """Days on which something lies, the span, and the factor by which `forward_mix` scales it."""
    said = notes(written(tmp_path, *(at(f"2026-10-0{day}") for day in (1, 2, 3))))
    assert "No month is complete: the log has use on 3 days (2026-10-01 to 2026-10-03)." in said
    assert f"multiplies the 3 days that it covers by {365.25 / 12 / 3:.3g}" in said
    month = [at(f"2026-09-{day:02}") for day in range(1, 31)]
    assert "No month is complete" not in notes(written(tmp_path, *month))


def test_a_log_without_a_service_tier_is_said_to_be_priced_as_standard(tmp_path: Path) -> None:
    assert "No service_tier in the log: everything is priced as standard" in notes(written(tmp_path, GOOD))
    said = notes(written(tmp_path, f"{GOOD},batch", header=f"{HEADER},service_tier"))
    assert "priced as standard" not in said


def test_a_context_window_that_is_no_band_is_said(tmp_path: Path) -> None:
    header = f"{HEADER},context_window"
    said = notes(written(tmp_path, f"{GOOD},banana", f"{GOOD},0-200k", f"{GOOD},banana", header=header))
    assert "context_window 'banana' of 2 rows is no band" in said
    assert "no band" not in notes(written(tmp_path, f"{GOOD},0-200k", f"{GOOD},", header=header))


@given(st.text("0123456789kKmM<>≤≥-+. ", max_size=12))
def test_what_is_no_band_settles_no_prompt_length(text: str) -> None:
    settled = {window_exceeds(text, edge) for edge in (0, 1, 200_000, 10**30)}
    assert is_band(text) or settled == {None}


def test_a_provider_without_prices_is_named(tmp_path: Path) -> None:
    source = written(tmp_path, f"{GOOD},azure", header=f"{HEADER},provider")
    with pytest.raises(PriceError, match="'azure' served a part"):
        measure(read(source), PriceBook.load())
