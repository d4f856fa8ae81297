"""The quality of a log is what was done to it: counted against logs whose faults are known."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from planner.cli import main
from planner.data_quality import DataQuality, data_quality
from planner.data_quality_report import quality_json, quality_line, quality_table
from planner.measurement import measure, prompt_edges
from planner.prices import PriceBook
from planner.units import TOKEN_COLUMNS
from planner.usage.read import UsageSource, read_usage

BOOK = PriceBook.load()
TODAY = date(2026, 11, 24)
ROWS_AT_MOST = 12


def record(**changes: Any) -> dict[str, Any]:
    base = {"timestamp": "2026-10-01T10:00:00Z", "request_type": "answer", "model": "claude-opus-5-5", "requests": 1}
    return base | dict.fromkeys(TOKEN_COLUMNS, 100) | changes


def judged(folder: Path, *files: list[dict[str, Any]], **options: Any) -> DataQuality:
    for number, rows in enumerate(files):
        pd.DataFrame(rows).to_csv(folder / f"{number}.csv", index=False)
    usage = read_usage(UsageSource(sources=(str(folder),), base_dir=folder, **options), prompt_edges=prompt_edges(BOOK))
    return data_quality(usage, measure(usage, BOOK), today=TODAY)


def found(quality: DataQuality) -> dict[str, str]:
    return {row[0]: row[1] for row in quality_table(quality).rows}


def test_a_clean_log_says_so_in_a_line(tmp_path: Path) -> None:
    quality = judged(tmp_path, [record(), record(timestamp="2026-10-02T10:00:00Z")])
    assert quality_line(quality) == "2 rows read, none refused."
    assert quality_json(quality)["doubts"] == []


def test_everything_that_was_done_to_a_log_is_counted(tmp_path: Path) -> None:
    first = [
        *(record(timestamp=f"2026-10-{day:02d}T10:00:00+02:00", request_id=f"r{day}") for day in range(1, 29)),
        record(timestamp="2026-10-01T10:00:00+02:00", request_id="r1"),
        record(output_tokens="many"),
        record(timestamp="2027-03-01"),
        record(request_type="", timestamp="2026-10-05 11:00:00"),
    ]
    quality = judged(tmp_path, first, first, skip_bad_rows=True)
    facts = quality.facts
    assert (facts.rows_read, quality.rows_refused, facts.duplicates, quality.files, facts.same_content) == (
        32,
        1,
        1,
        1,
        1,
    )
    assert facts.rows_read == 30 + quality.rows_refused + facts.duplicates
    assert quality.after_today == 1
    assert facts.without_zone
    assert facts.offsets == ("+02:00", "Z")
    assert quality.untagged_fraction == pytest.approx(1 / 30)
    assert sum(quality.priced_by.values()) == pytest.approx(1)
    said = found(quality)
    assert said["rows read"] == "32"
    assert said["time stamps"] == "+02:00, UTC, without a zone"
    assert said["rows dated after today"] == "1"
    assert quality_line(quality).startswith("32 rows read, 1 refused; 1 repeat a request id; 1 to look at")
    assert "output_tokens = 'many'" in next(row for row in quality_table(quality).rows if row[0] == "rows refused")[2]


def test_days_long_before_the_rest_are_named_only_where_they_hold_almost_nothing(tmp_path: Path) -> None:
    rest = [record(timestamp=f"2026-10-{day:02d}T10:00:00Z", output_tokens=day) for day in range(1, 29)] * 5
    stray = record(timestamp="2026-02-01T00:00:01Z")
    assert judged(tmp_path, [*rest, stray]).early_days == (date(2026, 2, 1),)
    assert judged(tmp_path, [*rest, *[stray] * 3]).early_days == ()


def test_cache_classes_that_a_log_lacks_are_named_with_what_that_means(tmp_path: Path) -> None:
    lacking = {name: value for name, value in record().items() if name != "cache_read_tokens"}
    quality = judged(tmp_path, [lacking])
    assert quality.facts.absent_cache == {"planner": ("cache_read_tokens",)}
    row = next(row for row in quality_table(quality).rows if row[0] == "cache classes not in the log")
    assert row[1] == "planner: cache_read"
    assert "too cheap" in row[2]
    assert "too dear" in row[2]


def test_the_table_is_short_even_when_everything_is_wrong(tmp_path: Path) -> None:
    columns = {"uncached_input_tokens": "uncached_input_tokens", "cache_write_tokens": "writes"}
    rows = [
        {
            "timestamp": f"2026-10-{1 + day % 28:02d}",
            "model": "claude-opus-5-5",
            "writes": 5,
            "output_tokens": 9,
            "n": day,
        }
        | {"uncached_input_tokens": 7}
        for day in range(300)
    ]
    rows += [rows[0] | {"timestamp": "2027-01-01"}, rows[0] | {"timestamp": "2026-01-01"}]
    quality = judged(tmp_path, rows, columns=columns | {"timestamp": "timestamp", "model": "model"})
    table = quality_table(quality)
    assert {"rows dated after today", "days long before the rest", "cache writes without their lifetime"} <= set(
        found(quality)
    )
    assert len(table.rows) <= ROWS_AT_MOST


def test_the_command_line_says_a_line_and_whole_on_request(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "log.csv"
    pd.DataFrame([record(), record(timestamp="2026-10-02")]).to_csv(path, index=False)

    def planner(*options: str) -> str:
        monkeypatch.setattr("sys.argv", ["planner", "measure", str(path), *options])
        main()
        return capsys.readouterr().out

    said = json.loads(planner("--json"))
    assert said["quality"]["rows_read"] == 2
    assert said["quality"]["rows_refused"] == 0
    plain = planner()
    assert "2 rows read, none refused." in plain
    assert "Quality of the data" not in plain
    assert "Quality of the data" in planner("--quality")
