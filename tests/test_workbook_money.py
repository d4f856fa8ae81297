"""Sheets Waterfall, Spend distribution and Budget view: recalculated they say what the program says."""

import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pytest
from libreoffice import recalculate
from openpyxl.workbook import Workbook
from openpyxl.worksheet.worksheet import Worksheet
from workbooks import Books, differing, faults, formula_cells, read_formulas, type_into
from xlsxwriter import Workbook as NewWorkbook

from planner.budget import budget
from planner.budget_report import shown_stretches
from planner.dossier import Dossier
from planner.monthly_cash import settled_months
from planner.offer import NO_COMMITMENT
from planner.plan import Plan, build_plan
from planner.plan_file.loader import parse_plan
from planner.simulation import SpendPaths
from planner.waterfall import waterfalls
from planner.workbook.check import Check
from planner.workbook.checks_sheet import write_checks
from planner.workbook.results.budget_sheet import has_budget, write_budget
from planner.workbook.results.spend_sheet import has_spend, used_up_usd, write_spend
from planner.workbook.results.waterfall_sheet import has_waterfall, write_waterfall
from planner.workbook.sheet import Sheet
from planner.workbook.style import make_styles

HOSTILE = '=HYPERLINK("http://x.test";"y") abcdefgh'
WRITERS = {
    "Waterfall": (has_waterfall, write_waterfall),
    "Spend distribution": (has_spend, write_spend),
    "Budget view": (has_budget, write_budget),
}

PLAN = """
[plan]
name = "Support"
start = 2027-04-01
paths = 4_096
seed = 7
[[mix]]
request_type = "triage"
model = "claude-opus-5-5"
monthly_requests = 4_200_000
uncached_input_tokens = 900
output_tokens = 60
[[mix]]
request_type = "answer"
model = "claude-opus-5-5"
monthly_requests = 1_000_000
uncached_input_tokens = 4000
cache_read_tokens = 9000
output_tokens = 600
[demand]
level_sd = 0.1
[[scenario]]
name = "as is"
[[scenario]]
name = '{name}'
[[scenario.route]]
request_type = "triage"
to = "claude-haiku-5-5"
share = {{ p10 = 0.80, p90 = 0.95 }}
escalation = {{ passed = 188, failed = 12 }}
long_prompt_fraction = 0.0
[[scenario.batch]]
request_type = "triage"
share = 0.3
[[scenario.output]]
request_type = "answer"
cut = 0.2
[[scenario]]
name = "batch"
[[scenario.batch]]
request_type = "answer"
share = 0.5
[contract]
{contract}
[[contract.band]]
min_commit_usd_per_year = 100_000
discount_fraction = 0.20
[decision]
scenario = '{name}'
max_shortfall_probability = 0.3
"""
LONG = """term_months = 16
eligible_fraction = 0.8
shortfall = "true_up"
true_up_rate = 0.5
[contract.payment]
mode = "upfront"
cost_of_capital_per_year = 0.1
[[fixed_spend]]
name = "seats"
usd_per_month = 2_000
eligible = true
"""


def plan_of(contract: str = "", name: str = "route") -> Plan:
    text = PLAN.format(contract=contract, name=name)
    return build_plan(parse_plan(text, base_dir=Path()))


@pytest.fixture(scope="module")
def dossiers() -> dict[str, Dossier]:
    year, long = plan_of(), plan_of(LONG, name=HOSTILE)
    none = replace(year, recommendation=year.outcome(NO_COMMITMENT))
    lived = year.outcome(year.recommendation.offer, scenario="as is")
    as_is = replace(year, prepared=replace(year.prepared, inputs=_deciding(year, "as is")), recommendation=lived)
    found = {name: Dossier(plan=plan, waterfalls=waterfalls(plan)) for name, plan in (("year", year), ("long", long))}
    # the same spend, of which nothing has to be split again
    shared = found["year"].waterfalls
    return found | {"none": Dossier(plan=none, waterfalls=shared), "as is": Dossier(plan=as_is, waterfalls=shared)}


def _deciding(plan: Plan, scenario: str) -> Any:
    return replace(plan.inputs, decision=replace(plan.inputs.decision, scenario=scenario))


def write(dossier: Dossier, path: Path) -> None:
    book = NewWorkbook(str(path), {"strings_to_formulas": False, "nan_inf_to_errors": False})
    styles, held = make_styles(book), list[Check]()
    for name, (has, writes) in WRITERS.items():
        if has(dossier):
            held += writes(Sheet(name=name, worksheet=book.add_worksheet(name), styles=styles), book, dossier)
    checks = Sheet(name="Checks", worksheet=book.add_worksheet("Checks"), styles=styles)
    assert write_checks(checks, held, None, lambda name, address: None)
    book.close()


@pytest.fixture(scope="module")
def books(
    dossiers: dict[str, Dossier], tmp_path_factory: pytest.TempPathFactory, requires: Callable[..., str]
) -> Books:
    """Every dossier's sheets; "tampered" is the long one with a month of cash typed over."""
    written = tmp_path_factory.mktemp("money")
    for name, dossier in dossiers.items():
        write(dossier, written / f"{name}.xlsx")
    long = written / "long.xlsx"
    row = row_of(read_formulas(long)["Budget view"], "2027-06")
    type_into(long, written / "tampered.xlsx", [("Budget view", f"C{row}", 1.0)])
    soffice = requires("soffice", "libreoffice")
    out = recalculate(soffice, sorted(written.glob("*.xlsx")), tmp_path_factory.mktemp("libreoffice"))
    return Books(written=written, recalculated=out[0].parent)


NAMES = ("year", "long", "none", "as is")


def row_of(sheet: Worksheet, label: str, nth: int = 0) -> int:
    """The row, from 1, of the nth cell in the first column that says this."""
    rows = [cell.row for (cell,) in sheet.iter_rows(max_col=1) if cell.value == label]
    return int(rows[nth])


def row(book: Workbook, sheet: str, label: str, nth: int = 0) -> list[Any]:
    """The values of that row, from the second column on."""
    found = book[sheet]
    return [cell.value for cell in found[row_of(found, label, nth)][1:]]


def all_hold(book: Workbook) -> Any:
    return row(book, "Checks", "All checks hold")[3]


# --- as spreadsheets --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_every_formula_recalculates_to_the_value_it_was_written_with(books: Books, name: str) -> None:
    assert sum(1 for _ in formula_cells(books.formulas(name))) > 50
    assert not differing(books, name)
    fresh = books.fresh(name)
    assert not [c.coordinate for sheet in fresh for line in sheet.iter_rows() for c in line if c.data_type == "e"]
    assert all_hold(fresh) is True


def test_a_month_typed_over_breaks_the_checks(books: Books) -> None:
    assert all_hold(books.fresh("tampered")) is False


@pytest.mark.parametrize("name", NAMES)
def test_formulas_have_no_constants_and_fit(books: Books, name: str) -> None:
    found = {formula for _, _, formula in formula_cells(books.formulas(name))}
    assert not [fault for formula in found for fault in faults(formula)]


def test_names_are_text(books: Books) -> None:
    book = books.formulas("long")
    cells = [c for sheet in book for line in sheet.iter_rows() for c in line if HOSTILE in str(c.value)]
    assert len(cells) > 5
    assert {cell.data_type for cell in cells} == {"s"}


def charts_of(book: Workbook) -> Iterator[tuple[str, Any]]:
    for sheet in book:
        yield from ((sheet.title, chart) for chart in sheet._charts)


def test_names_in_charts_are_text_and_what_they_draw_is_in_the_workbook(books: Books) -> None:
    with zipfile.ZipFile(books.written / "long.xlsx") as parts:
        charts = [parts.read(name).decode() for name in parts.namelist() if name.startswith("xl/charts/chart")]
    drawn = [reference for chart in charts for reference in re.findall("<c:f>(.*?)</c:f>", chart)]
    assert len(drawn) > 20
    ranges = re.compile(rf"'?({'|'.join(map(re.escape, WRITERS))})'?!\$[A-Z]+\$\d+(:\$[A-Z]+\$\d+)?")
    assert not [reference for reference in drawn if not ranges.fullmatch(reference)]


N_CHARTS = {"year": (2, 1, 2), "long": (2, 2, 2), "none": (2, 1, 1), "as is": (3, 1, 2)}


@pytest.mark.parametrize("name", NAMES)
def test_charts_have_titles_axes_and_lie_over_no_cell(books: Books, name: str) -> None:
    found = list(charts_of(books.formulas(name)))
    assert tuple(sum(1 for title, _ in found if title == sheet) for sheet in WRITERS) == N_CHARTS[name]
    for _, chart in found:
        assert all(part is not None for part in (chart.title, chart.x_axis.title, chart.y_axis.title))
    for sheet in WRITERS:
        worksheet = books.formulas(name)[sheet]
        for chart in worksheet._charts:
            first = chart.anchor._from.row + 1
            below = [c.value for line in worksheet.iter_rows(first + 1, first + 13, max_col=12) for c in line]
            assert not any(value is not None for value in below)


# --- waterfall --------------------------------------------------------------------------------------------------------


def test_the_bridge_ends_at_what_settlement_says_is_paid(books: Books, dossiers: dict[str, Dossier]) -> None:
    """The contract covers the year, so what is paid in it is the plan's expected cost."""
    plan, fresh = dossiers["year"].plan, books.fresh("year")
    running = 4
    assert row(fresh, "Waterfall", "today")[running] == pytest.approx(plan.summaries["as is"].annual.mean)
    assert row(fresh, "Waterfall", "optimised")[running] == pytest.approx(plan.summaries["route"].annual.mean)
    assert row(fresh, "Waterfall", "what is paid")[running] == pytest.approx(plan.recommendation.expected_cost.mean)
    # batch is the second scenario
    batch = plan.outcome(plan.recommendation.offer, scenario="batch")
    assert row(fresh, "Waterfall", "what is paid", 1)[running] == pytest.approx(batch.expected_cost.mean)


@pytest.mark.parametrize("name", ["year", "long"])
def test_columns_of_the_bridge_hang_from_one_total_to_the_next(books: Books, name: str) -> None:
    """base, totals, falls and rises stack to the running total before or after each step, whichever is higher."""
    fresh = books.fresh(name)["Waterfall"]
    first, last, level = row_of(fresh, "today"), row_of(fresh, "what is paid"), 0.0
    for at in range(first, last + 1):
        change, running = fresh.cell(at, 2).value or 0.0, fresh.cell(at, 6).value
        base, total, falls, rises = (fresh.cell(at, col).value for col in range(13, 17))
        assert running == pytest.approx(level + change)
        if fresh.cell(at, 12).value == 1:
            assert (base, total) == pytest.approx((0.0, running))
        else:
            assert (base, total) == pytest.approx((min(level, running), 0.0))
            assert base + falls + rises == pytest.approx(max(level, running))
        level = running


def test_adding_up_claims_more_than_is_saved(books: Books, dossiers: dict[str, Dossier]) -> None:
    fall = (dossiers["year"].waterfalls or {})["route"]
    claimed = row(books.fresh("year"), "Waterfall", "claimed less real")
    assert claimed[1] == pytest.approx(fall.additive_error.mean)
    assert claimed[1] < 0
    assert claimed[3] == pytest.approx(fall.naive_error.mean)
    paid = row(books.fresh("year"), "Waterfall", "if it all added up")[4]
    assert paid == pytest.approx(fall.before.mean + fall.fixed_usd + fall.naive.mean)


def test_without_levers_the_bill_is_todays(books: Books) -> None:
    sheet = books.fresh("as is")["Waterfall"]
    assert sheet.cell(4, 1).value == "as is (decided on)"
    first = row_of(sheet, "today")
    assert [sheet.cell(first + index, 1).value for index in range(1, 3)] == ["net discount", "what is paid"]


# --- spend ------------------------------------------------------------------------------------------------------------


def years_of(paths: SpendPaths, term: int) -> list[Any]:
    listed = paths.list_cost_usd
    return [listed[first : min(first + 12, term)].sum(axis=0) for first in range(0, term, 12)]


def test_percentiles_are_those_of_sums_on_each_path(books: Books, dossiers: dict[str, Dossier]) -> None:
    plan, fresh = dossiers["long"].plan, books.fresh("long")
    for nth, paths in enumerate(plan.spend.values()):
        years = years_of(paths, 16)
        for index, sample in enumerate([*years, sum(years)]):
            name = list(plan.spend)[nth]
            found = row(fresh, "Spend distribution", name, index)
            assert found[0] == ("year 1", "year 2", "term")[index]
            assert found[2] == pytest.approx(sample.mean())
            assert found[4:11] == pytest.approx(np.percentile(sample, [5, 10, 25, 50, 75, 90, 95]).tolist())


def test_the_chance_of_more_is_that_of_the_paths(books: Books, dossiers: dict[str, Dossier]) -> None:
    plan, sheet = dossiers["year"].plan, books.fresh("year")["Spend distribution"]
    header = row_of(sheet, "chance of spending more, USD by")
    # the one decided on is first
    assert [sheet.cell(header + above, 2).value for above in (-1, 0)] == ["route", "year 1"]
    sample = plan.spend["route"].list_cost_usd[:12].sum(axis=0)
    n = sample.size
    for at in range(header + 1, header + 42):
        chance, amount = sheet.cell(at, 1).value, sheet.cell(at, 2).value
        assert np.mean(sample > amount) == pytest.approx(chance, abs=1.0 / n)


def test_the_commitment_is_used_up_where_paths_fall_short(dossiers: dict[str, Dossier]) -> None:
    plan = dossiers["year"].plan
    mark = used_up_usd(plan)
    assert mark is not None
    short = np.mean(plan.spend["route"].list_cost_usd[:12].sum(axis=0) < mark)
    assert 0 < short == pytest.approx(plan.recommendation.shortfall_probability.mean, abs=2 / plan.n_paths)
    # seats enter the contract too, and nothing is no commitment
    assert used_up_usd(dossiers["long"].plan) is None
    assert used_up_usd(dossiers["none"].plan) is None


# --- budget -----------------------------------------------------------------------------------------------------------


def test_months_are_percentiles_of_what_is_paid_in_them(books: Books, dossiers: dict[str, Dossier]) -> None:
    plan, fresh = dossiers["long"].plan, books.fresh("long")
    months = settled_months(plan.inputs.contract, plan.recommendation.offer, plan.spend[HOSTILE])
    own, arrears = months.cash("upfront").paid_usd, months.cash("arrears").paid_usd
    for index, name in ((0, "2027-04"), (7, "2027-11"), (15, "2028-07")):
        found, other = (row(fresh, "Budget view", name, nth) for nth in (0, 1))
        assert found[0] == other[0] == index + 1
        assert found[1] == pytest.approx(own[index].mean())
        assert found[2:5] == pytest.approx(np.percentile(own[index], [10, 50, 90]).tolist())
        # quarterly with what is paid ahead first, then in arrears
        assert other[5] == pytest.approx(arrears[index].mean())
        assert other[6:8] == pytest.approx(np.percentile(arrears[index], [50, 90]).tolist())
    assert own[0].mean() > 5 * own[1].mean()


def test_quarters_and_years_add_up_from_months(books: Books, dossiers: dict[str, Dossier]) -> None:
    found, fresh = budget(dossiers["long"].plan), books.fresh("long")
    names = ["year 1, quarter 1", "year 1", "year 2", "term"]
    assert len(shown_stretches(found)) == 9
    for name in names:
        own, other = (row(fresh, "Budget view", name, nth) for nth in (0, 1))
        stretch = next(s for s in shown_stretches(found) if (s.first + 1, s.stop) == tuple(own[:2]))
        spread = found.own.cash[stretch]
        assert own[2:6] == pytest.approx([spread.mean, spread.se, spread.p50, spread.p90])
        added = found.months_p90_usd(found.own, stretch)
        assert own[6:8] == pytest.approx([added, added - spread.p90])
        assert own[8] == pytest.approx(found.on_demand.cash[stretch].mean)
        assert other[5] == pytest.approx(found.by_mode["arrears"].cash[stretch].mean)
    term = row(fresh, "Budget view", "term")
    assert term[2] == pytest.approx(dossiers["long"].plan.recommendation.expected_cost.mean)


def test_present_value_stands_where_money_costs_something(books: Books, dossiers: dict[str, Dossier]) -> None:
    found, fresh = budget(dossiers["long"].plan), books.fresh("long")
    line = row(fresh, "Budget view", "in arrears")
    assert line[1] == pytest.approx(found.by_mode["arrears"].npv.mean)
    assert line[3] == pytest.approx(found.by_mode["arrears"].npv.mean - found.own.npv.mean)
    assert line[3] < 0
    year = books.fresh("year")["Budget view"]
    assert not [c.value for (c,) in year.iter_rows(max_col=1) if str(c.value).startswith("Present value")]


def test_nothing_committed_has_no_other_way_of_paying(books: Books) -> None:
    cells = [str(c.value) for line in books.fresh("none")["Budget view"].iter_rows() for c in line]
    assert not any("other ways" in value for value in cells)
    assert any("Nothing is committed" in value for value in cells)


def test_sheets_without_content_are_left_out(dossiers: dict[str, Dossier]) -> None:
    assert not has_waterfall(Dossier(plan=dossiers["year"].plan))
    assert has_budget(dossiers["none"])
    nothing = small("paths = 64", requests="0")
    assert not any(has(nothing) for has, _ in WRITERS.values())


@pytest.mark.parametrize("paths", [1, 2])
def test_so_few_paths_have_no_standard_error(paths: int, tmp_path: Path) -> None:
    write(small(f"paths = {paths}"), tmp_path / "few.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "few.xlsx", data_only=True)["Budget view"]
    error = sheet.cell(row_of(sheet, "year 1"), 5).value
    assert error == "n/a" if paths == 1 else error > 0


def small(paths: str, requests: str | None = None) -> Dossier:
    """The plan on a few paths; requests: of both types a month instead of theirs."""
    text = PLAN.format(contract="", name="route").replace("paths = 4_096", paths)
    for given in ("4_200_000", "1_000_000"):
        text = text.replace(given, given if requests is None else requests)
    plan = build_plan(parse_plan(text, base_dir=Path()))
    return Dossier(plan=plan, waterfalls=waterfalls(plan))
