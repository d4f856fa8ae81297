"""Sheet Offers compared: rows typed in are judged and priced as the program does, the plan's quotes shown as it did."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pytest
from libreoffice import recalculate
from openpyxl.workbook import Workbook
from openpyxl.worksheet.worksheet import Worksheet
from test_read_offers import QUOTE, typed
from workbooks import Books, at, differing, faults, formula_cells, read_formulas, type_into

from planner.dossier import Dossier, Negotiated
from planner.errors import WorkbookError
from planner.negotiation.clause_values import trade_list
from planner.negotiation.quotes_priced import PricedQuote, priced_quotes
from planner.negotiation.terms_pricer import PricedTerms, terms_pricer
from planner.plan import Plan, build_plan
from planner.plan_file.loader import parse_plan
from planner.plan_file.quote_text import with_offers
from planner.workbook.book import write_workbook
from planner.workbook.calc.point_error import quantile_error
from planner.workbook.calc.pricing import QuantileError, offer_points
from planner.workbook.quoting.typed_fields import FIELDS, N_ROWS
from planner.workbook.reading.read_quotes import OFFER_KEYS, read_quotes

PLAN = """
[plan]
name = "Small"
start = 2027-01-01
months = 24
paths = 4_096
seed = 7
[[mix]]
request_type = "answer"
model = "claude-opus-5-5"
monthly_requests = 1_000_000
uncached_input_tokens = 4000
output_tokens = 600
[demand]
level_sd = 0.2
[[scenario]]
name = "as is"
[[scenario]]
name = "fewer"
route = [{ request_type = "answer", to = "claude-haiku-5-5", share = 0.5, escalation = 0.05, long_prompt_fraction = 0 }]
[decision]
scenario = "fewer"
[contract]
overage = 0.03
[[contract.band]]
min_commit_usd_per_year = 100_000
discount_fraction = 0.10
"""
IN_HAND = """
[[offer]]
name = "=HYPERLINK('http://x.test')"
commit_usd_per_year = 130_000
discount_fraction = 0.12
source = "@mail"
received_on = 2026-11-20
[[offer]]
name = "a name of forty characters, to the letter"
commit_usd_per_year = [150_000, 180_000]
term_months = 24
discount_fraction = 0.14
rollover = { share = 0.5, months = 6 }
"""
GOOD: tuple[dict[str, Any], ...] = (
    {"name": "as asked", "commit_usd_per_year": 200_000.0, "discount_fraction": 0.12},
    {"name": "much too large", "commit_usd_per_year": 900_000.0, "discount_fraction": 0.2, "overage": 0.2},
    {"name": "two years", "commit_usd_per_year": 180_000.0, "discount_fraction": 0.15, "term_months": 24},
    {
        "name": "charged in part",
        "commit_usd_per_year": 260_000.0,
        "discount_fraction": 0.1,
        "shortfall": "true_up",
        "true_up_rate": 0.4,
    },
    {
        "name": "two years, charged in part",
        "commit_usd_per_year": 230_000.0,
        "discount_fraction": 0.1,
        "overage": 0.0,
        "term_months": 24,
        "shortfall": "true_up",
        "true_up_rate": 0.5,
        "received_on": date(2026, 12, 1),
        "source": "mail",
    },
    {"name": "nothing", "commit_usd_per_year": 0.0, "discount_fraction": 0.0, "shortfall": "forfeit"},
    {"name": "three years", "commit_usd_per_year": 10_000.0, "discount_fraction": 0.1, "term_months": 36},
)
WRONG: tuple[tuple[str, Any], ...] = (
    ("name", 7),
    ("name", "x" * 201),
    ("name", " "),
    ("commit_usd", "200,000"),
    ("commit_usd", -1),
    ("commit_usd", 2e12),
    ("commit_usd", None),
    ("name", "row 4"),
    ("discount", 12),
    ("discount", "12%"),
    ("discount", 1),
    ("overage_discount", -0.1),
    ("term_months", 12.5),
    ("term_months", 0),
    ("term_months", 121),
    ("shortfall_clause", "Forfeit"),
    ("shortfall_clause", "true-up"),
    ("true_up_rate", 0.5),
    ("received_on", "1 December"),
    ("received_on", date(1999, 12, 31)),
    ("source", "x" * 201),
    ("source", 3),
)
STATE, FIRST = 10, 6
"""Column and first row of what rows say."""
SHEET = "Offers compared"
WITHIN = 2e-4
"""Of the expected cost: well within the 0.1 % that the sheet promises."""


@pytest.fixture(scope="module")
def whole() -> Dossier:
    quoted = build_plan(parse_plan(PLAN + IN_HAND, base_dir=Path()))
    pricer = terms_pricer(quoted)
    trades = trade_list(pricer)
    valued = Negotiated(pricer=pricer, trades=trades, quotes=priced_quotes(pricer, trades))
    return Dossier(plan=quoted, negotiated=valued)


@pytest.fixture(scope="module")
def books(whole: Dossier, requires: Callable[..., str], tmp_path_factory: pytest.TempPathFactory) -> Books:
    soffice, folder = requires("soffice", "libreoffice"), tmp_path_factory.mktemp("offers")
    write_workbook(whole, folder / "whole.xlsx")
    good = {name: value for row, quote in enumerate(GOOD, start=1) for name, value in typed(row, quote).items()}
    type_rows(folder / "whole.xlsx", folder / "good.xlsx", good)
    book = openpyxl.load_workbook(folder / "whole.xlsx")
    for name in ("Points", "Calc"):  # nothing that a mistake changes needs them
        del book[name]
    for number, mistakes in enumerate(in_rows(WRONG)):
        type_in(book, mistakes, folder / f"wrong{number}.xlsx")
    out = recalculate(soffice, sorted(folder.glob("*.xlsx")), tmp_path_factory.mktemp("recalculated"))
    return Books(written=folder, recalculated=out[0].parent)


def in_rows(mistakes: tuple[tuple[str, Any], ...]) -> list[dict[str, Any]]:
    """Quotes with one mistake each, a row each."""
    sheets = []
    for first in range(0, len(mistakes), N_ROWS):
        cells: dict[str, Any] = {}
        for row, (name, value) in enumerate(mistakes[first : first + N_ROWS], start=1):
            cells |= typed(row, {**QUOTE, "name": f"row {row}"}) | {f"quote_{row}_{name}": value}
        sheets.append(cells)
    return sheets


def type_rows(source: Path, target: Path, cells: dict[str, Any]) -> Path:
    """The workbook with cells typed into it by their names."""
    book = read_formulas(source)
    return type_into(source, target, [(SHEET, at(book, name).coordinate, value) for name, value in cells.items()])


def type_in(book: Workbook, cells: dict[str, Any], target: Path) -> None:
    """Save the workbook with cells typed into it, and put back what was there."""
    for name, value in cells.items():
        at(book, name).value = value
    book.save(target)
    for name in cells:
        at(book, name).value = None


def row_of(sheet: Worksheet, heading: str, first: int = 1) -> int:
    """The row of a cell in the first column."""
    return next(row for row in range(first, sheet.max_row + 1) if sheet.cell(row, 1).value == heading)


def priced_row(book: Workbook, row: int) -> list[Any]:
    """Name, cost, on demand, saving, savings rate, P(shortfall), shortfall, overage, rank, gap of a row from 1."""
    sheet = book[SHEET]
    first = row_of(sheet, "recommended offer")
    return [sheet.cell(first + row, col).value for col in range(1, 11)]


def test_every_formula_recalculates_to_the_value_it_was_written_with(books: Books) -> None:
    assert sum(sheet == SHEET for sheet, _, _ in formula_cells(books.formulas("whole"))) > 200
    assert not differing(books, "whole")
    for name in ("whole", "good"):
        assert at(books.fresh(name), "checks_ok").value is True


def test_formulas_are_short_and_plain(books: Books) -> None:
    for sheet, address, formula in formula_cells(books.formulas("whole")):
        assert sheet != SHEET or not faults(formula), address


def test_rows_are_priced_as_planner_offers_prices_what_is_read_back(whole: Dossier, books: Books) -> None:
    read, fresh = read_quotes((books.recalculated / "good.xlsx").read_bytes(), "good"), books.fresh("good")
    assert list(read.offers) == list(GOOD)
    inputs = parse_plan(with_offers(PLAN, read.offers, OFFER_KEYS).text, base_dir=Path())
    pricer, error = replace(terms_pricer(whole.plan), inputs=inputs), error_of(whole.plan)
    for row, quote in enumerate(inputs.quotes, start=1):
        shown = priced_row(fresh, row)
        if quote.contract.term_months == 36:
            assert shown[:2] == [quote.name, None]
            assert fresh[SHEET].cell(FIRST + row - 1, STATE).value == "read back to price"
            continue
        terms = pricer.at_best(quote.contract)
        cost, listed = terms.expected_cost.mean, float(terms.listed_usd.mean())
        assert shown[0] == quote.name
        assert shown[1] == pytest.approx(cost, rel=WITHIN)
        assert shown[2] == pytest.approx(listed, rel=1e-9)
        assert shown[3] == pytest.approx(listed - cost, abs=WITHIN * cost)
        assert shown[4] == pytest.approx(1 - cost / listed, abs=WITHIN)
        assert shown[5] == pytest.approx(terms.shortfall_probability.mean, abs=2 * error.probability)
        assert shown[6] == pytest.approx(terms.expected_shortfall.mean, abs=WITHIN * cost)
        assert shown[7] == pytest.approx(terms.expected_overage_usd, abs=WITHIN * cost)


def error_of(plan: Plan) -> QuantileError:
    return quantile_error(plan, offer_points(plan))


def test_rows_are_ranked_by_savings_rate_together_with_the_recommended_offer(books: Books) -> None:
    rows = [priced_row(books.fresh("good"), row) for row in range(N_ROWS + 1)]
    ranked = [row for row in rows if row[4] is not None]
    assert len(ranked) == len(GOOD)
    rates = np.array([row[4] for row in ranked])
    assert [row[8] for row in ranked] == [1 + int((rates > rate).sum()) for rate in rates]
    assert all(value is None for value in rows[N_ROWS])


def test_rows_are_held_against_the_target(whole: Dossier, books: Books) -> None:
    assert whole.negotiated is not None
    position = whole.negotiated.positions.target
    cost, listed = position.terms.expected_cost.mean, float(position.terms.listed_usd.mean())
    for row, quote in enumerate(GOOD[:6], start=1):
        shown = priced_row(books.fresh("good"), row)
        target = cost / listed * shown[2] if quote.get("term_months") == 24 else cost
        assert shown[9] == pytest.approx(shown[1] - target, abs=0.01)
    less_own_value = cost - position.own_value_usd
    gap = at(books.fresh("good"), "offer_expected_cost_usd").value - less_own_value
    assert at(books.fresh("good"), "offer_target_gap_usd").value == pytest.approx(gap, abs=0.01)


def test_the_sheet_calls_good_what_the_reader_takes_and_says_what_a_row_needs(books: Books) -> None:
    for number, mistakes in enumerate(in_rows(WRONG)):
        fresh = books.fresh(f"wrong{number}")[SHEET]
        with pytest.raises(WorkbookError) as error:
            read_quotes((books.recalculated / f"wrong{number}.xlsx").read_bytes(), "x")
        said = str(error.value).split("\n  ")[1:]
        n_rows = len({name.split("_")[1] for name in mistakes})
        wanted = {field.short for field in FIELDS}
        for row in range(N_ROWS):
            state = fresh.cell(FIRST + row, STATE).value
            lines = [line for line in said if line.partition(":")[0].endswith(str(FIRST + row))]
            assert (state == "blank") == (row >= n_rows)
            assert bool(lines) == (row < n_rows), state
            assert state == "blank" or state.removeprefix("needs ") in wanted
            assert priced_row(books.fresh(f"wrong{number}"), row + 1)[1] is None


def test_the_plan_s_quotes_are_shown_as_the_program_priced_them(whole: Dossier, books: Books) -> None:
    assert whole.negotiated is not None
    quotes, sheet = whole.negotiated.quotes.quotes, books.fresh("whole")[SHEET]
    for title, wanted in (
        ("Quotes in the plan: what they say", _said),
        ("As they stand, over their own terms", _standing),
        ("As they stand: the risk, and against signing nothing", _risk),
        ("What they cost more than the target and than walking away", _gaps),
        ("The same terms at the commitment that you would choose", _best),
    ):
        first = row_of(sheet, title) + 3
        for row, item in enumerate(quotes, start=first):
            values = [sheet.cell(row, col).value for col in range(1, 11)]
            for shown, expected in zip(values, [item.quote.name, *wanted(item)], strict=False):
                assert shown == (expected if isinstance(expected, str) else pytest.approx(expected, rel=1e-9, abs=1e-6))
    words = sheet.cell(row_of(sheet, "Quotes in the plan: what they say") + 2 + len(quotes), 10).value
    assert {quotes[-1].quote.name, "24"} <= {item.quote.name for item in quotes} | {"24"}
    assert "Rollover: 50% of a period's unused commitment" in words or "as the contract" in words


def _said(item: PricedQuote) -> list[Any]:
    offer = item.standing.offer
    return [
        *(item.rank, offer.commit_usd_per_year, offer.discount_fraction, offer.overage_discount_fraction),
        *(item.quote.contract.term_months, "yes" if item.meets_limit else "no"),
        "2026-11-20" if item.quote.source else "not given",
        item.quote.source or "not given",
    ]


def _standing(item: PricedQuote) -> list[Any]:
    terms: PricedTerms = item.standing
    listed = float(terms.listed_usd.mean())
    cost = terms.expected_cost
    return [cost.mean, cost.se, listed, 1 - cost.mean / listed, *item.savings_rate_p10_p50_p90]


def _risk(item: PricedQuote) -> list[Any]:
    terms = item.standing
    chance, shortfall, saved = terms.shortfall_probability, terms.expected_shortfall, item.saved
    return [
        *(chance.mean, chance.se, shortfall.mean, shortfall.se, item.insured_usd, terms.expected_overage_usd),
        *(saved.mean, saved.se),
    ]


def _gaps(item: PricedQuote) -> list[Any]:
    target, away = item.gap_to_target, item.gap_to_walk_away
    return [target.mean, target.se, away.mean, away.se, item.walk_away_is]


def _best(item: PricedQuote) -> list[Any]:
    best, saves = item.best, item.standing.less(item.best)
    chance = best.shortfall_probability
    return [
        *(best.offer.commit_usd_per_year, best.offer.discount_fraction, best.expected_cost.mean, best.expected_cost.se),
        *(saves.mean, saves.se, chance.mean, chance.se),
    ]


def test_where_no_formula_prices_them_rows_say_so(tmp_path: Path) -> None:
    linked = PLAN.replace("overage = 0.03", "rollover = { share = 1.0, months = 6 }").replace("4_096", "256")
    write_workbook(Dossier(plan=build_plan(parse_plan(linked, base_dir=Path()))), tmp_path / "linked.xlsx")
    sheet = read_formulas(tmp_path / "linked.xlsx")[SHEET]
    assert "No formula here prices them, because of rollover" in sheet["A2"].value
    assert "recommended offer" not in [sheet.cell(row, 1).value for row in range(1, sheet.max_row + 1)]
    filled = type_rows(tmp_path / "linked.xlsx", tmp_path / "filled.xlsx", typed(1, QUOTE))
    assert read_quotes(filled.read_bytes(), "linked").offers == (QUOTE,)
