"""Sheets for a negotiation: what they say is what the program found, their formulas are live, and names stay text."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from io import BytesIO
from itertools import pairwise
from math import isclose
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import tomlkit
from deals import ROUTE, deal_table
from hypothesis import given
from hypothesis import strategies as st
from libreoffice import recalculate
from openpyxl.workbook import Workbook
from strategies import Table
from workbooks import Books, at, differing, faults, formula_cells, read_formulas, type_into

from planner.dossier import Dossier, dossier
from planner.drivers_report import driver_names, drivers_json
from planner.negotiation.catalogue import CLAUSES
from planner.negotiation_reports.clauses import clauses_json, clauses_sentences
from planner.negotiation_reports.learning import learning_json
from planner.negotiation_reports.positions import positions_json, positions_sentences
from planner.negotiation_reports.regret import regret_json, regret_table
from planner.plan import build_plan
from planner.plan_file.loader import parse_plan
from planner.simulation import KeptPaths
from planner.units import HALF_CENT_USD
from planner.workbook.book import workbook_bytes, write_workbook
from planner.workbook.negotiating.bars import scale
from planner.workbook.negotiating.give_get import trades_by_worth
from planner.workbook.negotiating.rows import in_lines, rounded, short_name

SMALL = Path(__file__).parent / "plans" / "small.toml"
SHEETS = ("Clause values", "Positions", "Sensitivity")
HOSTILE = '=HYPERLINK("http://x.test";"y") and +cmd|'
ASKS = """
[[offer]]
name = "@SUM(1)"
commit_usd_per_year = 130_000
discount_fraction = 0.12

[[ask]]
name = "twice the rate limits"
value_usd_per_year = 4_000

[[ask]]
name = "support, answers in four hours"
value_usd_per_year = 900
granted = true
"""
MORE = {"name": "-2+3", "route": [{**ROUTE, "share": 0.95, "ramp": {"start_month": 0, "months": 1}}]}
YEARS: Table = {
    "scenario": [{"name": "as is"}, {"name": "routed", "route": [ROUTE]}, MORE],
    "contract": {"term_months": 13, "ramp": [1.0, 1.2]},
    "decision": {"objective": "mean_cvar", "cvar_weight": 0.5, "max_shortfall_probability": 0.5},
    "ask": ({"name": HOSTILE, "value_usd_per_year": 1_500.0}, {"name": "a quarter", "shortfall": "true_up"}),
}


FEW = ("overage_discount", "price_rise_cap", "annual_commitment", "batch_eligible", "own_commitment_each_year")
"""Clauses of the years: sizing two linked years again for every one there is takes longer than it shows more."""


def found_for(text: str, *, paths: int | None = None) -> Dossier:
    inputs, kept = parse_plan(text, base_dir=Path()), KeptPaths()
    plan = build_plan(inputs if paths is None else replace(inputs, paths=paths), None, kept)
    return dossier(plan, kept)


@pytest.fixture(scope="module")
def dossiers() -> dict[str, Dossier]:
    """A year with quotes, and two ramped years over three scenarios with too few paths to tell what drives them."""
    year = found_for(SMALL.read_text(encoding="utf-8") + ASKS, paths=1_024)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("planner.negotiation.variations.CLAUSES", tuple(c for c in CLAUSES if c.name in FEW))
        years = found_for(tomlkit.dumps(deal_table(48, **YEARS)))
    return {"year": year, "years": years}


@pytest.fixture(scope="module")
def written(dossiers: dict[str, Dossier], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("written")
    for name, found in dossiers.items():
        write_workbook(found, folder / f"{name}.xlsx")
    return folder


@pytest.fixture(scope="module")
def books(written: Path, requires: Callable[..., str], tmp_path_factory: pytest.TempPathFactory) -> Books:
    """As recalculated, and once more with figures of the program changed by hand; one start of LibreOffice."""
    soffice = requires("soffice", "libreoffice")
    book, changes = read_formulas(written / "year.xlsx"), []
    for sheet, title, label in (
        ("Clause values", "To ask for", "cost with it"),
        ("Positions", "What each comes to", "opening"),
        ("Sensitivity", "Expected list spend", "at its P90"),
        ("Scenarios and regret", "Regret:", "living in 'route first'"),
    ):
        cell = next(table(book, sheet, title))[label]
        changes.append((sheet, cell.coordinate, cell.value + 1_000.0))
    type_into(written / "year.xlsx", written / "tampered.xlsx", changes)
    files = [written / f"{name}.xlsx" for name in ("year", "years", "tampered")]
    out = recalculate(soffice, files, tmp_path_factory.mktemp("libreoffice"))
    return Books(written=written, recalculated=out[0].parent)


def table(book: Workbook, sheet: str, title: str, *, headed: str = "") -> Iterator[dict[str, Any]]:
    """The rows below a title, as cells by heading, up to the first row without a name; of headings that are there
    twice, the second has its number. headed: what the first heading begins with, where a title has several tables."""
    rows = [list(row) for row in book[sheet].iter_rows()]
    top = next((i for i, row in enumerate(rows) if str(row[0].value).startswith(title)), None)
    if top is None:
        return
    is_head = lambda row: row[0].font.b and row[0].fill.fgColor.rgb == "FFD9DEE8"  # noqa: E731
    head = next(i for i in range(top, len(rows)) if is_head(rows[i]) and str(rows[i][0].value or "").startswith(headed))
    labels: list[str] = []
    for cell in rows[head]:
        label = str(cell.value or "")
        labels.append(f"{label} {labels.count(label) + 1}" if label in labels else label)
    for row in rows[head + 1 :]:
        is_note = row[0].font.color is not None and row[0].font.color.rgb == "FF444444"
        if not row[0].value or row[0].border.top.style or is_note:
            return
        yield dict(zip(labels, row, strict=True))


def near(expected: Any) -> Any:
    """A cell keeps 16 digits of a number."""
    return expected if isinstance(expected, str) else pytest.approx(expected, rel=1e-14)


def values(book: Workbook, sheet: str, title: str, **named: str) -> list[dict[str, Any]]:
    return [{label: cell.value for label, cell in row.items()} for row in table(book, sheet, title, **named)]


def texts(book: Workbook, sheet: str) -> set[str]:
    return {cell.value for row in book[sheet].iter_rows() for cell in row if isinstance(cell.value, str)}


def lines(name: str) -> str:
    return name.replace("\n", " ")


# --- the workbook ----------------------------------------------------------------------------------------------------

NAMES = ("year", "years")


@pytest.mark.parametrize("name", NAMES)
def test_formulas_recalculate_to_what_they_were_written_with_and_every_check_holds(books: Books, name: str) -> None:
    assert not differing(books, name)
    fresh = books.fresh(name)
    assert not [c.coordinate for sheet in fresh for row in sheet.iter_rows() for c in row if c.data_type == "e"]
    assert at(fresh, "checks_ok").value is True


def test_a_figure_of_each_sheet_that_was_changed_fails_a_check_of_its_own(books: Books) -> None:
    fresh = books.glimpse("tampered")
    assert at(fresh, "checks_ok").value is False
    failed = {str(row[0]) for row in fresh["Checks"].iter_rows(values_only=True) if row[4] is False}
    for beginning in ("Clause values", "Positions", "Sensitivity", "Regret"):
        assert any(what.startswith(beginning) for what in failed), beginning


@pytest.mark.parametrize("name", NAMES)
def test_formulas_have_no_constants_and_only_functions_that_every_program_knows(books: Books, name: str) -> None:
    own = [f for sheet, _, f in formula_cells(books.formulas(name)) if sheet in (*SHEETS, "Scenarios and regret")]
    assert len(own) > 30
    assert not [fault for formula in own for fault in faults(formula)]


def test_sheets_without_content_are_left_out(dossiers: dict[str, Dossier], books: Books) -> None:
    assert set(SHEETS) <= set(books.formulas("year").sheetnames)
    # 64 paths tell nothing of what drives the answer
    assert "Sensitivity" not in books.formulas("years").sheetnames
    plan = dossiers["years"].plan
    bare = openpyxl.load_workbook(BytesIO(workbook_bytes(Dossier(plan=plan))))
    assert not {*SHEETS} & {*bare.sheetnames}
    assert not [text for text in texts(bare, "Scenarios and regret") if "Regret" in text]
    assert not [text for text in texts(bare, "Checks") if text.startswith(("Clause", "Positions", "Regret"))]


def test_the_same_dossier_gives_the_same_bytes(dossiers: dict[str, Dossier], written: Path) -> None:
    assert workbook_bytes(dossiers["years"]) == (written / "years.xlsx").read_bytes()


def test_untrusted_names_are_text_wherever_they_stand(books: Books) -> None:
    for sheet in ("Clause values", "Positions"):
        assert HOSTILE in {lines(text) for text in texts(books.formulas("years"), sheet)}
    assert "living in '-2+3'" in texts(books.formulas("years"), "Scenarios and regret")
    formulas = [formula for name in NAMES for _, _, formula in formula_cells(books.formulas(name))]
    assert not [f for f in formulas if "HYPERLINK" in f or "-2+3" in f or "cmd" in f]


def test_every_chart_has_titles_with_units_and_no_cell_of_a_table_lies_under_one(books: Books) -> None:
    n_charts = 0
    for name in NAMES:
        for sheet in (each for each in books.formulas(name) if each.title in SHEETS):
            for chart in sheet._charts:
                n_charts += 1
                assert chart.title is not None
                assert "USD" in "".join(run.t for p in chart.y_axis.title.tx.rich.p for run in p.r or ())
                assert chart.x_axis.title is not None
                start, end = chart.anchor._from, chart.anchor.to
                under = sheet.iter_rows(start.row + 1, end.row + 1, start.col + 1, end.col + 1)
                assert not [cell.coordinate for row in under for cell in row if cell.value is not None]
    assert n_charts == 6


# --- clause values ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_every_clause_stands_in_its_table_with_what_it_is_worth_or_is_named_as_worth_nothing(
    books: Books, dossiers: dict[str, Dossier], name: str
) -> None:
    trades = dossiers[name].negotiated.trades  # type: ignore[union-attr]
    book, told = books.cached(name), {(c["clause"], c["granted"]): c for c in clauses_json(trades)}
    by_short = {(short_name(c), c.variation.granted): (c.variation.name, c.variation.granted) for c in trades.clauses}
    seen = set()
    for title, granted in (("To ask for:", False), ("To give up:", True)):
        rows = values(book, "Clause values", title)
        worths = [row["worth"] for row in rows]
        assert worths == sorted(worths, reverse=not granted)
        for row in rows:
            key = by_short[lines(row["clause"]), granted]
            clause = told[key]
            seen.add(key)
            assert row["worth"] == pytest.approx(clause["value_usd"], abs=HALF_CENT_USD)
            assert row["std. error"] == near(clause["value_se_usd"])
            assert row["worth"] == pytest.approx(row["cost without it"] - row["cost with it"])
            is_seen = abs(clause["value_usd"]) > max(2.0 * clause["value_se_usd"], HALF_CENT_USD)
            assert row["told from nothing"] == ("yes" if is_seen else "no")
            if clause["value_in_discount_points"] is not None:
                assert row["points of discount"] == pytest.approx(clause["value_in_discount_points"])
            if not clause["is_own_value"]:
                assert row["commitment, USD a year"] == near(clause["commit_usd_per_year"])
                assert row["adds to P(shortfall)"] == near(clause["shortfall_probability_change"])
    nothing = {key: clause for key, clause in told.items() if key not in seen}
    assert all(clause["value_usd"] == 0 for clause in nothing.values())
    said = " ".join(texts(book, "Clause values"))
    assert all(clause["words"] in said for clause in nothing.values())
    assert set(clauses_sentences(trades)) <= texts(book, "Clause values")


def test_swaps_and_pairs_say_what_clauses_do_to_each_other(books: Books, dossiers: dict[str, Dossier]) -> None:
    trades = dossiers["year"].negotiated.trades  # type: ignore[union-attr]
    rows = values(books.cached("year"), "Clause values", "Swaps of about equal worth")
    assert len(rows) == len(trades.swaps) > 0
    for row, swap in zip(rows, trades.swaps, strict=True):
        assert row["give"] == short_name(swap.give)
        assert row["both together"] == near(swap.net.mean)
        expected = swap.net.mean - swap.get.value.mean + swap.give.value.mean
        assert row["beyond the difference"] == pytest.approx(expected, abs=0.051)
    rows = values(books.cached("year"), "Clause values", "The most valuable asks in pairs")
    assert len(rows) == len(trades.interactions) > 0
    for row, pair in zip(rows, trades.interactions, strict=True):
        assert row["worth together"] == near(pair.joint.mean)
        assert row["beyond the sum"] == pytest.approx(pair.beyond_sum.mean, abs=0.051)
        assert row["std. error 2"] == near(pair.beyond_sum.se)


# --- positions -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_positions_are_the_programs_term_by_term(books: Books, dossiers: dict[str, Dossier], name: str) -> None:
    found = dossiers[name].negotiated.positions  # type: ignore[union-attr]
    told, book = positions_json(found), books.cached(name)
    terms = {row["term"]: row for row in values(book, "Positions", "Positions: what each term would be")}
    year = "" if name == "year" else ", contract year 1"
    for heading, key in (("opening", "opening"), ("target", "target"), ("on the table", "on_the_table")):
        assert terms[f"commitment{year}"][heading] == near(told[key]["commit_usd_per_year"] or "none")
        assert terms[f"discount{year}"][heading] == near(told[key]["discount_fraction"])
    assert terms[f"commitment{year}"]["walk away"] == near(
        told["walk_away"]["largest_commit_usd_per_year"] or "none would do"
    )
    least = told["walk_away"]["discount_fraction_at_recommended_commit"]
    assert terms[f"discount{year}"]["walk away"] == near("none would do" if least is None else least)
    for ask in found.opening.asks:
        row = terms[ask.variation.words]
        assert row["target"] == ("asked for" if ask in found.target.asks else "left")
    worth = {row[""]: row for row in values(book, "Positions", "What each comes to")}
    better = worth["better than on the table, USD"]
    assert better["opening"] == pytest.approx(told["opening"]["better_than_table_usd"], abs=HALF_CENT_USD)
    assert better["target"] == pytest.approx(told["target"]["better_than_table_usd"], abs=HALF_CENT_USD)
    assert worth["expected cost, USD"]["target"] == near(told["target"]["expected_cost_usd"])
    assert worth["P(shortfall)"]["on the table"] == near(told["on_the_table"]["shortfall_probability"])
    share = worth["share of the opening's worth"]["target"]
    assert share == pytest.approx(
        told["target"]["better_than_table_usd"] / told["opening"]["better_than_table_usd"], abs=1e-6
    )
    assert share >= worth["share that the target has to reach"]["target"] - 1e-6
    assert set(positions_sentences(found)) <= texts(book, "Positions")


def test_a_term_that_only_one_deal_has_stands_beside_the_others(books: Books, dossiers: dict[str, Dossier]) -> None:
    found = dossiers["year"].negotiated.positions  # type: ignore[union-attr]
    terms = {r["term"]: r for r in values(books.cached("year"), "Positions", "Positions: what each term would be")}
    assert found.opening.terms.contract.shortfall == "true_up"
    assert found.table.contract.shortfall == "forfeit"
    assert (terms["shortfall"]["opening"], terms["shortfall"]["on the table"]) == ("true up", "forfeit")
    assert (terms["true up rate"]["opening"], terms["true up rate"]["on the table"]) == (0.5, "-")
    assert terms["term months"]["unit"] == "months"


@pytest.mark.parametrize("name", NAMES)
def test_what_to_give_is_in_order_of_what_a_dollar_given_brings(
    books: Books, dossiers: dict[str, Dossier], name: str
) -> None:
    trades = dossiers[name].negotiated.trades  # type: ignore[union-attr]
    rows = values(books.cached(name), "Positions", "Give and get")
    found = trades_by_worth(trades)
    assert len(rows) == len(found)
    assert {trade.give.variation for trade in found} == {c.variation for c in trades.clauses if c.variation.granted}
    kinds = [row["worth per dollar given"] for row in rows]
    free = kinds.count("free")
    assert kinds[:free] == ["free"] * free
    paid = kinds[free:]
    assert paid == sorted(paid, reverse=True)
    assert [row["order"] for row in rows[:free]] == ["first"] * free
    for index, row in enumerate(rows[free:], start=free):
        assert row["order"] == 1 + sum(other > row["worth per dollar given"] for other in paid)
        both, cost = row["both together, USD"], row["it costs you, USD"]
        assert row["worth per dollar given"] == pytest.approx((cost + both) / cost)
        assert cost > 2.0 * found[index].give.value.se
    swaps = [(swap.give.value.mean, swap.net.mean) for swap in trades.swaps]
    in_rows = [(row["it costs you, USD"], row["both together, USD"]) for row in rows]
    assert all(near(swap) in in_rows for swap in swaps)


# --- regret ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_the_regret_matrix_is_the_programs_and_its_largest_and_least_are_found_live(
    books: Books, dossiers: dict[str, Dossier], name: str
) -> None:
    matrix = dossiers[name].regret
    assert matrix is not None
    book, told = books.cached(name), regret_json(matrix)
    rows = values(book, "Scenarios and regret", "Regret:")[: len(matrix.best) + 3]
    lived = [f"living in '{each}'" for each in matrix.scenarios]
    assert [row["signed"] for row in rows] == [cells[0] for cells in regret_table(matrix).rows]
    for row, regrets, commit in zip(rows, told["regret_usd"], told["commit_usd_per_year"], strict=False):
        assert [row[each] for each in lived] == near(regrets)
        assert row["commitment, USD a year"] == near(commit)
    weights = dict(matrix.weights)
    for row in rows:
        regrets = [row[each] for each in lived]
        assert row["largest"] == near(max(regrets))
        assert row[row["largest when"]] == max(regrets)
        expected = sum(weights[each] * usd for each, usd in zip(matrix.scenarios, regrets, strict=True))
        assert row["by the weights"] == pytest.approx(expected)
    *_, minimax, weighted = rows
    assert minimax["least of its column"] in ("largest", "both")
    assert weighted["least of its column"] in ("weighted", "both")
    errors = values(book, "Scenarios and regret", "Regret:", headed="standard error")
    assert [[row[each] for each in lived] for row in errors][: len(matrix.best)] == list(
        map(near, told["regret_se_usd"])
    )
    chances = values(book, "Scenarios and regret", "Regret:", headed="P(shortfall)")
    assert [[row[each] for each in lived] for row in chances][: len(matrix.best)] == list(
        map(near, told["shortfall_probability"])
    )


# --- sensitivity -----------------------------------------------------------------------------------------------------


def test_tornados_hold_every_input_at_both_ends_the_widest_first(books: Books, dossiers: dict[str, Dossier]) -> None:
    drivers = dossiers["year"].drivers
    assert drivers is not None
    told = {driver_names(drivers)[one["name"]]: one for one in drivers_json(drivers)["inputs"]}
    assert drivers.spend_usd is not None
    for title, key, middle in (
        ("Expected list spend", "spend_at_{}_usd", drivers.spend_usd.mean),
        ("Best commitment", "commit_at_{}_usd", drivers.commit_usd),
    ):
        rows = values(books.cached("year"), "Sensitivity", title + " of" if "spend" in key else title + " a")
        assert {lines(row["input"]) for row in rows} == set(told)
        for row in rows:
            one = told[lines(row["input"])]
            low, high = row["at its P10"], row["at its P90"]
            assert [low, high] == near([one[key.format("p10")], one[key.format("p90")]])
            assert row["P10 less none known"] == pytest.approx(low - middle)
            assert row["P90 less none known"] == pytest.approx(high - middle)
            assert row["of none known"] == pytest.approx((high - low) / middle)
        swings = [abs(row["P90 less P10"]) for row in rows]
        assert all(a >= b for a, b in pairwise(swings))


def test_shares_of_variance_and_what_to_learn_are_the_programs(books: Books, dossiers: dict[str, Dossier]) -> None:
    found, book = dossiers["year"], books.cached("year")
    assert found.drivers is not None
    assert found.learning is not None
    told = {driver_names(found.drivers)[one["name"]]: one for one in drivers_json(found.drivers)["inputs"]}
    for row in values(book, "Sensitivity", "What the doubt comes from"):
        one = told.pop(row["input"])
        assert row["of annual spend: alone"] == near(one["first_order"])
        assert row["with interactions"] == near(one["total"])
        assert row["interactions"] == pytest.approx(one["total"] - one["first_order"])
        assert row["with interactions 2"] == near(one["shortfall_total"])
    assert not told
    lessons = learning_json(found.learning)
    rows = values(book, "Sensitivity", "What knowing an input before signing is worth")
    assert [row["worth, USD"] for row in rows] == near([one["evppi_usd"] for one in lessons])
    for row, one in zip(rows, lessons, strict=True):
        most = max(max(one["evppi_fitted_usd"], 0.0) + 2.0 * one["evppi_se_usd"], 1.0)
        assert row["at most, USD"] == pytest.approx(most)
        assert row["of knowing everything"] == pytest.approx(one["evppi_usd"] / one["evpi_usd"])
        assert row["known before signing"] == ("yes" if one["known_before_signing"] else "no")
    resolved = values(book, "Sensitivity", "What would resolve each input")
    assert [row["what would resolve it"] for row in resolved] == [one["resolved_by"] for one in lessons]


# --- laws of small things --------------------------------------------------------------------------------------------


@given(st.lists(st.floats(-1e10, 1e10), min_size=1), st.booleans())
def test_an_axis_shows_every_value_and_nothing_in_a_few_equal_steps(usd: list[float], has_labels: bool) -> None:
    low, high, step = scale(usd, has_labels=has_labels)
    assert low <= min(0.0, *usd) <= max(0.0, *usd) <= high
    steps = (high - low) / step
    assert 1 <= round(steps) <= 7
    assert isclose(steps, round(steps))
    assert isclose(low / step, round(low / step), abs_tol=1e-9)


@given(st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")) | st.just(" ")))
def test_a_name_in_lines_keeps_its_letters_and_no_line_is_long(name: str) -> None:
    shown = in_lines(name)
    assert "".join(shown.split()) == "".join(name.split())
    assert all(len(line) <= 40 for line in shown.split("\n")) or not name.strip()


@given(st.floats(-1e12, 1e12))
def test_a_difference_that_is_nothing_but_rounding_is_nothing(usd: float) -> None:
    assert abs(rounded(usd) - usd) <= 0.05 + 1e-4
    assert str(rounded(usd / 1e15)) == "0.0"
