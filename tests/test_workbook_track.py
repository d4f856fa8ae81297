"""The sheet Tracking: the figures of a tracked plan, formulas where they can be checked, and nothing without months.

That its formulas recalculate to what they were written with is held in test_workbook_ledger.py, in one start of
LibreOffice with other workbooks.
"""

from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.workbook import Workbook
from test_tracking_charts import shown
from trackings import COMMIT_USD, after_the_term, before_the_term, tracking

from planner import cli
from planner.dossier import Dossier
from planner.plan import Plan, build_plan
from planner.plan_file.loader import load_plan
from planner.tracking.months.month_log import append, default_log
from planner.tracking.track import log_entry
from planner.tracking.tracking import Tracking
from planner.tracking_reports.conclusion import headline
from planner.workbook.book import workbook_bytes

SMALL = Path(__file__).parent / "plans" / "small.toml"


@pytest.fixture(scope="module")
def plan() -> Plan:
    inputs = load_plan(SMALL)
    return build_plan(replace(inputs, paths=256))


@pytest.fixture(scope="module")
def found() -> Tracking:
    return shown(tracking())


@pytest.fixture(scope="module")
def book(plan: Plan, found: Tracking) -> Workbook:
    return written(plan, found)


def written(plan: Plan, found: Tracking | None) -> Workbook:
    return openpyxl.load_workbook(BytesIO(workbook_bytes(Dossier(plan=plan, tracking=found))), data_only=True)


def below(book: Workbook, label: str, rows: int, title: str) -> list[Any]:
    """The cells below a heading of the table under a title."""
    sheet = book["Tracking"]
    top = next(c.row for row in sheet.iter_rows(max_col=1) for c in row if str(c.value).startswith(title))
    row, col = next((c.row, c.column) for row in sheet.iter_rows(min_row=top) for c in row if c.value == label)
    return [sheet.cell(row + 1 + index, col).value for index in range(rows)]


def checks_of(book: Workbook) -> dict[str, bool]:
    rows = book["Checks"].iter_rows(min_row=5, max_col=5, values_only=True)
    return {str(what): holds for what, *_, holds in rows if str(what).startswith("Track:")}


def test_the_sheet_is_there_only_where_a_month_was_tracked(plan: Plan, book: Workbook) -> None:
    assert "Tracking" in book.sheetnames
    for nothing in (None, shown(before_the_term())):
        assert "Tracking" not in written(plan, nothing).sheetnames
        assert not checks_of(written(plan, nothing))


def test_the_conclusion_comes_first_and_every_sentence_is_the_reports(book: Workbook, found: Tracking) -> None:
    column = [row[0] for row in book["Tracking"].iter_rows(max_col=1, values_only=True) if row[0]]
    assert tuple(column[2:4]) == headline(found)
    assert any("holds 10 of 30 days" in str(text) for text in column)


MONTHS = "Month by month"


def test_months_stand_beside_both_fans_and_draw_the_commitment_down(book: Workbook, found: Tracking) -> None:
    seen = [month.actual_usd for month in found.months]
    assert below(book, "actual, days covered", 13, MONTHS) == [*seen, *[None] * 8, pytest.approx(sum(seen))]
    p50 = found.signed.fan_usd[1, :12]
    assert below(book, "as signed, P50", 12, MONTHS) == pytest.approx(p50.tolist())
    ahead = [found.forecast.months[name][1] for name in list(found.forecast.months)[3:]]
    assert below(book, "today, P50", 12, MONTHS) == [None, None, None, *map(pytest.approx, ahead)]
    differences = [month.whole_usd - month.p50 for month in found.months]
    assert below(book, "month less P50 signed", 4, MONTHS) == pytest.approx(differences)
    assert below(book, "inside P10 to P90", 4, MONTHS) == ["yes", "no", "no", None]
    drawn = [month.net_usd for month in found.months]
    assert below(book, "drawn in the month", 5, MONTHS) == [*map(pytest.approx, drawn), None]
    left = [COMMIT_USD - sum(drawn[: index + 1]) for index in range(4)]
    assert below(book, "left of its period", 5, MONTHS) == [*map(pytest.approx, left), None]


def test_causes_add_up_by_month_and_in_all(book: Workbook, found: Tracking) -> None:
    title = "What made the difference"
    months = found.causes.by_month
    assert below(book, "adds up", 4, title) == ["yes"] * 3 + [None]
    for cause in found.causes.causes:
        each = [next(c.usd for c in month.causes if c.cause == cause.cause) for month in months]
        assert below(book, cause.cause, 4, title) == pytest.approx([*each, sum(each)])
    assert below(book, "planned and causes", 4, title) == pytest.approx(below(book, "actual", 4, title))


def test_its_checks_hold_and_fail_for_what_does_not_add_up(plan: Plan, book: Workbook, found: Tracking) -> None:
    assert list(checks_of(book).values()) == [True] * 4
    january, *later = found.causes.by_month
    short = replace(january, causes=january.causes[1:])
    broken = replace(found, causes=replace(found.causes, by_month=(short, *later)))
    assert list(checks_of(written(plan, broken)).values()) == [True, True, False, False]
    period = replace(found.forecast.period, left_usd=found.forecast.period.left_usd + 1.0)
    closed = replace(found, months=found.months[:3], forecast=replace(found.forecast, period=period))
    assert list(checks_of(written(plan, closed)).values())[:2] == [False, False]


def test_a_term_that_is_over_and_a_tracking_without_draws_have_their_sheet(plan: Plan) -> None:
    over = shown(after_the_term())
    left = max(0.0, COMMIT_USD - sum(month.net_usd for month in over.months))
    period = replace(over.forecast.period, left_usd=left)
    book = written(plan, replace(over, forecast=replace(over.forecast, period=period)))
    assert below(book, "today, P50", 12, MONTHS) == [None] * 12
    assert all(checks_of(book).values())
    bare = written(plan, replace(tracking(), burn_down=None, renewal=None, actions=(), adoption=(), since=()))
    assert len(checks_of(bare)) == 3
    assert all(checks_of(bare).values())


def test_export_has_the_sheet_once_there_is_a_log_of_months(
    found: Tracking, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = SMALL.read_text(encoding="utf-8").replace("paths = 4_000", "paths = 256")
    path, target = tmp_path / "plan.toml", tmp_path / "plan.xlsx"
    path.write_text(f"{text}\n[signed]\non = 2026-11-24\ncommit_usd_per_year = 160_000\n", encoding="utf-8")
    monkeypatch.setenv("PLANNER_TODAY", "2027-02-03")
    monkeypatch.setattr("sys.argv", ["planner", "export", str(path), "-o", str(target), "--quick", "--quiet"])
    log = default_log(path)
    append(log, replace(log_entry(found), months=found.actual[:1]))
    kept = log.read_bytes()
    cli.main()
    book = openpyxl.load_workbook(target, data_only=True)
    assert below(book, "actual, days covered", 2, MONTHS) == [pytest.approx(found.months[0].actual_usd), None]
    assert len(checks_of(book)) == 4
    assert all(checks_of(book).values())
    assert log.read_bytes() == kept
    capsys.readouterr()
