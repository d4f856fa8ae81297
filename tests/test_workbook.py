"""The workbook: recalculated by LibreOffice it says what it said when written, and what the program says."""

import re
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from itertools import pairwise
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from libreoffice import recalculate
from openpyxl.formula.translate import Translator
from openpyxl.workbook import Workbook
from workbooks import Books, at, differing, faults, formula_cells, kept, read_formulas, type_into
from xlsxwriter import Workbook as NewWorkbook

from planner.commit import commit_sample
from planner.contract import Contract
from planner.dossier import Dossier
from planner.errors import InputError, WorkbookError
from planner.offer import NO_COMMITMENT, Offer
from planner.plan import Plan, build_plan
from planner.plan_file.loader import parse_plan
from planner.settlement import settle
from planner.sizing.expectation import Expectation
from planner.sizing.plain_sample import PlainSample
from planner.term_use import TermUse, term_use
from planner.units import HALF_CENT_USD
from planner.workbook.book import workbook_bytes, write_workbook
from planner.workbook.calc.point_error import quantile_error
from planner.workbook.calc.pricing import N_POINTS, bin_means, offer_points
from planner.workbook.sheet import Sheet
from planner.workbook.style import make_styles

HOSTILE = ('=HYPERLINK("http://x.test";"y")', "+cmd|' /C calc'!A0", "@SUM(1)", "=1+1", "-2+3")

MIX = """
[[mix]]
request_type = {type_a}
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
growth_per_year = {{ p10 = 0.05, p90 = 0.60 }}
[[scenario]]
name = {scenario_a}
[[scenario]]
name = {scenario_b}
[[scenario.route]]
request_type = {type_a}
to = "claude-haiku-5-5"
share = {{ p10 = 0.80, p90 = 0.95 }}
escalation = {{ passed = 188, failed = 12 }}
long_prompt_fraction = 0.0
"""

BANDS = """
[[contract.band]]
min_commit_usd_per_year = 250_000
discount_fraction = 0.10
[[contract.band]]
min_commit_usd_per_year = 400_000
discount_fraction = 0.20
[decision]
scenario = {scenario_b}
"""


def plan_of(
    contract: str = "",
    *,
    name: str = '"Support"',
    types: Sequence[str] = ('"triage"', '"as is"', '"route"'),
    bands: str = BANDS,
    months: int | None = None,
) -> Plan:
    type_a, scenario_a, scenario_b = types
    names = {"type_a": type_a, "scenario_a": scenario_a, "scenario_b": scenario_b}
    text = (
        f"[plan]\nname = {name}\nstart = 2027-01-01\npaths = 8_192\nseed = 7\n"
        + ("" if months is None else f"months = {months}\n")
        + MIX.format(**names)
        + f"[contract]\n{contract}\n"
        + bands.format(**names)
    )
    return build_plan(parse_plan(text, base_dir=Path()))


LOCKED = "[contract.price_falls]\npassed_through = false"


@pytest.fixture(scope="module")
def plans() -> dict[str, Plan]:
    dear = "[[contract.band]]\nmin_commit_usd_per_year = 9_000_000\ndiscount_fraction = 0.1\n"
    return {
        "year": plan_of(),
        "years": plan_of('term_months = 30\neligible_fraction = 0.7\ndrawdown = "list"\noverage = 0.05'),
        "trued": plan_of(
            'term_months = 12\nshortfall = "true_up"\ntrue_up_rate = 0.4\noverage = "committed"', months=24
        ),
        "locked": plan_of(f"term_months = 27\neligible_fraction = 0.8\n{LOCKED}"),
        "half": plan_of('term_months = 6\neligible_fraction = 0.5\noverage = "committed"'),
        "none": plan_of(bands=dear),
        "hostile": plan_of(
            name=f"'''{HOSTILE[1]}'''",
            types=(f"'''{HOSTILE[0]}'''", f"'''{HOSTILE[2]}'''", f"'''{HOSTILE[3]}'''"),
        ),
    }


@dataclass(frozen=True, kw_only=True)
class Typed:
    """An offer typed into a plan's workbook. edits: other cells, by sheet and address or by name."""

    plan: str
    scenario: str = "route"
    commit: Any = 0.0
    discount: Any = 0.0
    overage_discount: float = 0.0
    drawdown: str = "contracted"
    rule: str = "typed"
    term: int = 12
    clause: str = "forfeit"
    rate: float = 1.0
    limit: float = 1.0

    @property
    def charged(self) -> float:
        return self.rate if self.clause == "true-up" else 1.0


# Below, in and beyond the spend of every scenario; both discounts; thresholds; none at all.
OFFERS = (
    *(Typed(plan="year", commit=c, discount=0.2) for c in (1e5, 2.5e5, 3.1e5, 4e5, 2e6)),
    Typed(plan="year", commit=0.0, discount=0.3, overage_discount=0.2),
    Typed(plan="year", commit=333_333.33, discount=0.123, overage_discount=0.05),
    Typed(plan="year", commit=5e5, discount=0.2, overage_discount=0.2, scenario="as is"),
    Typed(plan="year", commit=7.5e5, discount=0.25, scenario="as is", drawdown="list"),
    Typed(plan="year", commit=4.2e5, discount=0.1, clause="true-up", rate=0.25, limit=0.1),
    Typed(plan="years", commit=2.2e5, discount=0.1, drawdown="list", term=30, limit=0.2),
    Typed(plan="years", commit=3e5, discount=0.2, overage_discount=0.1, drawdown="list", term=12, limit=0.05),
    Typed(plan="years", commit=3.5e5, discount=0.2, scenario="as is", term=24, clause="true-up", rate=0.6),
    Typed(plan="trued", commit=3e5, discount=0.2, overage_discount=0.2, term=24, clause="true-up", rate=0.4),
    # the bands bring their discount beyond along, whatever is typed
    Typed(plan="trued", commit=4e5, rule="band table", overage_discount=0.05, term=24, limit=0.3),
    Typed(plan="trued", commit=5e5, discount=0.15, scenario="as is", term=12, clause="true-up", rate=0.0),
    Typed(plan="locked", commit=2e5, discount=0.15, term=27, limit=0.15),
    Typed(plan="locked", commit=3.2e5, discount=0.2, overage_discount=0.1, term=27, clause="true-up", rate=0.5),
    Typed(plan="locked", commit=6e5, rule="band table", scenario="as is", term=27, limit=0.25),
    Typed(plan="half", commit=2e5, discount=0.2, scenario="as is", term=6, limit=0.01),
)

NAMES = {
    "offer_scenario": "scenario",
    "offer_commit_usd": "commit",
    "offer_discount": "discount",
    "offer_overage_discount": "overage_discount",
    "offer_drawdown": "drawdown",
    "offer_discount_rule": "rule",
    "offer_term_months": "term",
    "offer_shortfall_clause": "clause",
    "offer_true_up_rate": "rate",
    "offer_max_shortfall_probability": "limit",
}


def type_in(source: Path, target: Path, typed: Typed, edits: Sequence[tuple[str, str, Any]] = ()) -> Path:
    """The workbook with an offer typed in, and other cells by sheet and address."""
    book = read_formulas(source)
    cells = [("Offer calculator", at(book, name).coordinate, getattr(typed, key)) for name, key in NAMES.items()]
    return type_into(source, target, (*cells, *edits))


def find_row(book: Workbook, sheet: str, label: str) -> int:
    return next(row for row, (cell, *_) in enumerate(book[sheet].iter_rows(), start=1) if cell.value == label)


def plant(source: Path, target: Path) -> Path:
    """The workbook with one cached value changed: the expected cost of the offer reads 123456789."""
    book = read_formulas(source)
    address = at(book, "offer_expected_cost_usd").coordinate
    names = [sheet.title for sheet in book]
    member = f"xl/worksheets/sheet{names.index('Offer calculator') + 1}.xml"
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for item in old.infolist():
            content = old.read(item)
            if item.filename == member:
                pattern = rf'(<c r="{address}"[^>]*><f>[^<]*</f><v>)[^<]*'.encode()
                content, n = re.subn(pattern, rb"\g<1>123456789", content)
                assert n == 1
            new.writestr(item, content)
    return target


@pytest.fixture(scope="module")
def written(plans: dict[str, Plan], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("written")
    for name, plan in plans.items():
        write_workbook(Dossier(plan=plan), folder / f"{name}.xlsx")
    return folder


# None of them is reached by the commitment; the best commitment might be.
WRONG_BANDS: dict[str, dict[str, Any]] = {
    "wrong-band-discount": {"A": 9e6, "B": 20.0},
    "wrong-band-threshold": {"A": "10k", "B": 0.3},
    "wrong-band-without-threshold": {"B": 0.3},
    "wrong-band-without-discount": {"A": 9e6},
}


@pytest.fixture(scope="module")
def books(
    plans: dict[str, Plan],
    written: Path,
    requires: Callable[..., str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Books:
    """Everything that tests need recalculated, in one start of LibreOffice."""
    soffice = requires("soffice", "libreoffice")
    files = [written / f"{name}.xlsx" for name in plans]
    year = written / "year.xlsx"
    files.append(plant(year, written / "planted.xlsx"))
    for index, typed in enumerate(OFFERS):
        files.append(type_in(written / f"{typed.plan}.xlsx", written / f"offer{index}.xlsx", typed))
    wrong = {
        "wrong-commit": Typed(plan="year", commit="much", discount=0.1),
        "wrong-discount": Typed(plan="year", commit=1e5, discount=1.0),
        "wrong-scenario": Typed(plan="year", commit=1e5, scenario="ROUTE"),
        "wrong-word": Typed(plan="year", commit=1e5, clause="paid"),
        "wrong-term": Typed(plan="year", commit=1e5, term=24),
    }
    for name, typed in wrong.items():
        files.append(type_in(year, written / f"{name}.xlsx", typed))
    row = find_row(read_formulas(year), "Offer calculator", "commitment from, USD a year") + 1
    # The bands out of order, with a third one in a spare row.
    bands = [
        ("Offer calculator", f"A{row}", 5e5),
        ("Offer calculator", f"B{row}", 0.22),
        ("Offer calculator", f"A{row + 2}", 1e5),
    ]
    bands += [("Offer calculator", f"B{row + 2}", 0.07)]
    banded = Typed(plan="year", commit=3e5, discount=0.5, rule="band table")
    files.append(type_in(year, written / "banded.xlsx", banded, bands))
    for name, cells in WRONG_BANDS.items():
        edits = [("Offer calculator", f"{col}{row + 2}", value) for col, value in cells.items()]
        files.append(type_in(year, written / f"{name}.xlsx", replace(banded, discount=0.1), edits))
    typed = Typed(plan="year", commit=3e5, discount=0.1)
    files.append(type_in(year, written / "tampered.xlsx", typed, [("Points", "C500", 1e9)]))
    folder = tmp_path_factory.mktemp("libreoffice")
    out = recalculate(soffice, files, folder)
    return Books(written=written, recalculated=out[0].parent)


PLANS = ("year", "years", "trued", "locked", "half", "none", "hostile")


@pytest.mark.parametrize("name", PLANS)
def test_every_formula_recalculates_to_the_value_it_was_written_with(books: Books, name: str) -> None:
    assert sum(1 for _ in formula_cells(books.formulas(name))) > 200
    assert not differing(books, name)


def test_a_wrong_cached_value_is_found_so_recalculation_really_happens(books: Books) -> None:
    found = differing(books, "planted")
    assert len(found) == 1
    assert "cached 123456789" in found[0]


@pytest.mark.parametrize("name", PLANS)
def test_no_cell_shows_an_error_and_all_checks_hold(books: Books, name: str) -> None:
    fresh = books.fresh(name)
    errors = [c.coordinate for sheet in fresh for row in sheet.iter_rows() for c in row if c.data_type == "e"]
    assert not errors
    assert at(fresh, "checks_ok").value is True
    assert "all hold" in {cell.value for row in fresh["Decision"].iter_rows() for cell in row}


# --- offers typed in -------------------------------------------------------------------------------------------------


@kept
def points_of(book: Workbook) -> dict[tuple[str, str], list[float]]:
    """The columns of sheet Points by their two headings."""
    columns = book["Points"].iter_cols(min_row=4, max_row=5 + N_POINTS, min_col=3, values_only=True)
    return {(str(name), str(label)): [float(v) for v in values] for name, label, *values in columns if name and label}


def column(book: Workbook, scenario: str, label: str) -> list[float]:
    """A column of sheet Points by its scenario and how its heading begins."""
    found = (
        values for (name, heading), values in points_of(book).items() if name == scenario and heading.startswith(label)
    )
    for values in found:
        return values
    raise KeyError(label)


def years_of(book: Workbook, typed: Typed, own_months: int) -> list[tuple[float, list[float]]]:
    """(share of a year, bin means) of the contract years that the term counts."""
    found = []
    for year in range(typed.term // 12):
        found.append((1.0, column(book, typed.scenario, f"contract year {year + 1}: ")))
    if part := typed.term % 12:
        assert typed.term == own_months
        found.append((part / 12, column(book, typed.scenario, f"contract year {typed.term // 12 + 1}, {part} months")))
    return found


def over(book: Workbook, typed: Typed, label: str, of_term: str) -> list[float]:
    """A column over the term typed; where only one can be typed it is not in the heading."""
    try:
        return column(book, typed.scenario, f"{label}{of_term}:")
    except KeyError:
        return column(book, typed.scenario, f"{label}:")


def use_of(plan: Plan, typed: Typed) -> tuple[Contract, TermUse]:
    """The contract as typed, and the spend under it."""
    contract = replace(
        plan.inputs.contract,
        drawdown=typed.drawdown,
        term_months=typed.term,
        shortfall="true_up" if typed.clause == "true-up" else "forfeit",
        true_up_rate=typed.charged,
    )
    return contract, term_use(contract, plan.spend[typed.scenario])


def discounts(plan: Plan, typed: Typed) -> tuple[float, float]:
    if typed.rule == "typed":
        return typed.discount, typed.overage_discount
    contract = plan.inputs.contract
    discount = contract.discount_at(typed.commit)
    return discount, discount if contract.overage == "committed" else typed.overage_discount


def cost_at(book: Workbook, plan: Plan, typed: Typed, q: float, terms: tuple[float, float]) -> dict[str, float]:
    """What annual list use q costs at a discount and one beyond, in plain loops from the points of the workbook."""
    (d, e), rate = terms, typed.charged
    years = beyond = unused = mean = 0.0
    for f, points in years_of(book, typed, plan.inputs.contract.term_months):
        years += f
        for use in points:
            beyond += max(use - q * f, 0.0) / N_POINTS
            unused += max(q * f - use, 0.0) / N_POINTS
            mean += use / N_POINTS
    if not plan.inputs.contract.price_falls_passed_through:
        grid = column(book, typed.scenario, "annual use q"), column(book, typed.scenario, "expected use beyond q")
        beyond = float(np.interp(q, *grid))
    use = use_of(plan, typed)[1]
    outside = float(use.outside_total_usd.mean())
    return {
        "years": years,
        "beyond": beyond,
        "unused": unused,
        "cost": q * (1 - d) * years - (1 - rate) * (1 - d) * unused + (1 - e) * beyond + outside,
        "on_demand": float(use.on_demand_usd.mean()),
    }


def price(book: Workbook, plan: Plan, typed: Typed) -> dict[str, float]:
    """The offer priced in plain loops from the points that the workbook carries."""
    c, rate = typed.commit, typed.charged
    d, e = discounts(plan, typed)
    q = c if typed.drawdown == "list" else c / (1 - d)
    found = cost_at(book, plan, typed, q, (d, e))
    smallest = over(book, typed, "smallest annual use", f" over {typed.term} months")
    levels = [i / (N_POINTS - 1) for i in range(N_POINTS)]
    cost = found["cost"] if c else found["on_demand"]
    short = float(np.interp(q - HALF_CENT_USD / (1 - d) / rate, smallest, levels, 0.0, 1.0)) if rate else 0.0
    even = (1 - d) * rate / (1 - (1 - d) * (1 - rate))
    return {
        "offer_expected_cost_usd": cost,
        "offer_on_demand_usd": found["on_demand"],
        "offer_expected_saving_usd": found["on_demand"] - cost,
        "offer_effective_savings_rate": 1 - cost / found["on_demand"],
        "offer_shortfall_probability": short,
        "offer_expected_shortfall_usd": rate * (1 - d) * found["unused"],
        "offer_expected_overage_usd": (1 - e if c else 1.0) * found["beyond"],
        "offer_owed_usd": rate * (1 - d) * q * found["years"],
        **({"offer_break_even_utilization": even} if c else {}),
        "offer_break_even_list_usd_per_year": even * q,
    }


@pytest.mark.parametrize("index", range(len(OFFERS)))
def test_an_offer_typed_in_is_priced_from_the_points_exactly(books: Books, plans: dict[str, Plan], index: int) -> None:
    typed = OFFERS[index]
    fresh, plan = books.glimpse(f"offer{index}"), plans[typed.plan]
    expected = price(books.cached(typed.plan), plan, typed)
    found = {name: at(fresh, name).value for name in expected}
    assert found == {name: pytest.approx(value, rel=1e-9, abs=1e-9) for name, value in expected.items()}
    assert at(fresh, "checks_ok").value is True


@pytest.mark.parametrize("index", range(len(OFFERS)))
def test_an_offer_typed_in_agrees_with_the_program_on_all_paths(
    books: Books, plans: dict[str, Plan], index: int
) -> None:
    typed = OFFERS[index]
    fresh, plan = books.glimpse(f"offer{index}"), plans[typed.plan]
    contract, use = use_of(plan, typed)
    d, e = discounts(plan, typed)
    offer = Offer(commit_usd_per_year=typed.commit, discount_fraction=d, overage_discount_fraction=e)
    settled = settle(contract, offer if typed.commit else NO_COMMITMENT, use)
    short = (settled.shortfall_usd > HALF_CENT_USD).any(axis=0).mean()
    cost = settled.paid_usd.mean()
    assert at(fresh, "offer_expected_cost_usd").value == pytest.approx(cost, rel=1e-3)
    assert at(fresh, "offer_shortfall_probability").value == pytest.approx(short, abs=1e-3)
    shortfall, overage = settled.shortfall_usd.sum(axis=0).mean(), settled.overage_usd.sum(axis=0).mean()
    assert at(fresh, "offer_expected_shortfall_usd").value == pytest.approx(shortfall, abs=1e-3 * cost)
    assert at(fresh, "offer_expected_overage_usd").value == pytest.approx(overage, abs=1e-3 * cost)
    if "offer_cost_p10_usd" in fresh.defined_names:
        found = [at(fresh, f"offer_cost_{p}_usd").value for p in ("p10", "p50", "p90")]
        # over several years they are read between rows of a table
        near = 1e-9 if len(contract.periods) == 1 else 5e-3
        assert found == pytest.approx(np.quantile(settled.paid_usd, (0.1, 0.5, 0.9)).tolist(), rel=near)


def best_by_hand(book: Workbook, plan: Plan, typed: Typed) -> tuple[float, float]:
    """(cost, commitment) of the cheapest of no commitment and every point of every band, in plain loops."""
    contract = plan.inputs.contract
    ranges = [(0.01, 1e15, typed.discount, typed.overage_discount)]
    if typed.rule == "band table":
        bands = list(contract.bands)
        stops = [band.min_commit_usd_per_year for band in bands[1:]] + [1e15]
        ranges = [(0.01, bands[0].min_commit_usd_per_year, 0.0, 0.0)]
        for band, stop in zip(bands, stops, strict=True):
            e = band.discount_fraction if contract.overage == "committed" else typed.overage_discount
            ranges.append((band.min_commit_usd_per_year, stop, band.discount_fraction, e))
    smallest = over(book, typed, "smallest annual use", f" over {typed.term} months")
    most = 1e15
    if typed.limit < 1 and typed.charged:
        most = float(np.interp(typed.limit, np.linspace(0, 1, N_POINTS), smallest))
    points = over(book, typed, "annual use of all years", f" of {typed.term} months")
    if not contract.price_falls_passed_through:
        points = column(book, typed.scenario, "annual use q")
    years = [(f, np.array(use)) for f, use in years_of(book, typed, contract.term_months)]
    on_demand = cost_at(book, plan, typed, 0.0, (0.0, 0.0))
    outside = float(use_of(plan, typed)[1].outside_total_usd.mean())
    found = [(on_demand["on_demand"], 0.0)]
    for low, stop, d, e in ranges:
        per_list = 1.0 if typed.drawdown == "list" else 1 - d
        ends = low / per_list, min((stop - 0.01) / per_list, most)
        if ends[0] > ends[1]:
            continue
        q = np.array([*ends, *(p for p in points if ends[0] <= p <= ends[1])])
        beyond = sum(np.maximum(use - q[:, None] * f, 0).mean(axis=1) for f, use in years)
        unused = sum(np.maximum(q[:, None] * f - use, 0).mean(axis=1) for f, use in years)
        if not contract.price_falls_passed_through:
            table = [column(book, typed.scenario, name) for name in ("annual use q", "expected use beyond q")]
            beyond = np.interp(q, *table)
        paid = q * (1 - d) * on_demand["years"] - (1 - typed.charged) * (1 - d) * unused
        costs = paid + (1 - e) * beyond + outside
        found += zip(costs.tolist(), (q * per_list).tolist(), strict=True)
    least = min(cost for cost, _ in found)
    return least, min(commit for cost, commit in found if cost <= least * (1 + 1e-12))


@pytest.mark.parametrize("index", range(len(OFFERS)))
def test_the_best_commitment_is_the_cheapest_of_all_points(books: Books, plans: dict[str, Plan], index: int) -> None:
    typed = OFFERS[index]
    fresh, plan = books.glimpse(f"offer{index}"), plans[typed.plan]
    cost, commit = best_by_hand(books.cached(typed.plan), plan, typed)
    assert at(fresh, "offer_best_cost_usd").value == pytest.approx(cost, rel=1e-9)
    assert at(fresh, "offer_best_commit_usd").value == pytest.approx(commit, rel=1e-9)
    assert at(fresh, "offer_best_shortfall_probability").value <= typed.limit + 1e-9
    assert at(fresh, "offer_best_cost_usd").value <= at(fresh, "offer_expected_cost_usd").value * (1 + 1e-9) or (
        at(fresh, "offer_shortfall_probability").value > typed.limit
    )


@pytest.mark.parametrize("index", [i for i, typed in enumerate(OFFERS) if typed.rule == "band table"])
def test_the_best_commitment_costs_what_the_programs_own_does(books: Books, plans: dict[str, Plan], index: int) -> None:
    typed = OFFERS[index]
    contract, use = use_of(plans[typed.plan], typed)
    sample = commit_sample(contract, use)
    assert isinstance(sample, PlainSample)
    best = sample.best(max_shortfall_probability=typed.limit)
    fresh = books.glimpse(f"offer{index}")
    assert at(fresh, "offer_best_cost_usd").value == pytest.approx(best.expected_cost_usd, rel=1e-3)
    assert at(fresh, "offer_best_commit_usd").value == pytest.approx(best.offer.commit_usd_per_year, rel=2e-2)


def test_cost_percentiles_are_tabulated_unless_prices_are_protected(written: Path) -> None:
    names = {name: read_formulas(written / f"{name}.xlsx").defined_names for name in PLANS}
    assert {name for name in PLANS if "offer_cost_p90_usd" not in names[name]} == {"locked"}


def test_no_commitment_costs_on_demand_whatever_discounts_are_typed(books: Books) -> None:
    index = next(i for i, typed in enumerate(OFFERS) if typed.commit == 0 and typed.overage_discount > 0)
    fresh = books.glimpse(f"offer{index}")
    assert at(fresh, "offer_expected_cost_usd").value == at(fresh, "offer_on_demand_usd").value
    assert at(fresh, "offer_expected_overage_usd").value == pytest.approx(at(fresh, "offer_on_demand_usd").value)
    assert at(fresh, "offer_expected_shortfall_usd").value == 0
    assert at(fresh, "offer_break_even_utilization").value == "n/a"


@pytest.mark.parametrize(
    "name", ["wrong-commit", "wrong-discount", "wrong-scenario", "wrong-word", "wrong-term", *WRONG_BANDS]
)
def test_inputs_that_are_not_valid_are_not_priced(books: Books, name: str) -> None:
    fresh = books.glimpse(name)
    assert at(fresh, "offer_expected_cost_usd").value == "#N/A"
    assert at(fresh, "offer_best_commit_usd").value == "#N/A"
    assert at(fresh, "checks_ok").value is False
    assert "FAILED: see Checks" in {cell.value for row in fresh["Decision"].iter_rows() for cell in row}


def test_the_band_table_gives_the_discount_of_the_highest_band_reached(books: Books, plans: dict[str, Plan]) -> None:
    fresh = books.glimpse("banded")
    assert at(fresh, "offer_band_discount").value == 0.07
    expected = price(books.cached("year"), plans["year"], Typed(plan="year", commit=3e5, discount=0.07))
    assert at(fresh, "offer_expected_cost_usd").value == pytest.approx(expected["offer_expected_cost_usd"], rel=1e-9)
    assert 0 < at(fresh, "offer_best_cost_usd").value <= at(fresh, "offer_on_demand_usd").value


def test_a_point_that_was_changed_fails_the_checks(books: Books) -> None:
    assert at(books.glimpse("tampered"), "checks_ok").value is False


# --- what is written -------------------------------------------------------------------------------------------------


def test_untrusted_names_stay_text(written: Path) -> None:
    book = read_formulas(written / "hostile.xlsx")
    texts = {cell.value for sheet in book for row in sheet.iter_rows() for cell in row if cell.data_type == "s"}
    assert set(HOSTILE[:4]) <= texts
    formulas = [formula for _, _, formula in formula_cells(book)]
    assert not [f for f in formulas if any(name in f for name in (*HOSTILE[:3], "HYPERLINK"))]
    assert not [sheet.title for sheet in book if sheet._hyperlinks]


def test_recalculated_untrusted_names_are_still_text(books: Books) -> None:
    fresh = books.fresh("hostile")
    assert at(fresh, "offer_scenario").value == HOSTILE[3]
    assert fresh["Decision"]["A1"].value == HOSTILE[1]


@pytest.mark.parametrize("name", ["year", "half"])
def test_the_same_plan_gives_the_same_bytes(plans: dict[str, Plan], written: Path, name: str) -> None:
    assert workbook_bytes(Dossier(plan=plans[name])) == (written / f"{name}.xlsx").read_bytes()


def test_the_created_date_is_the_plans_start(written: Path) -> None:
    assert read_formulas(written / "year.xlsx").properties.created.isoformat() == "2027-01-01T00:00:00"


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_a_number_that_is_none_never_reaches_a_cell(value: float) -> None:
    book = NewWorkbook(BytesIO(), {"in_memory": True})
    sheet = Sheet(name="Commit curve", worksheet=book.add_worksheet(), styles=make_styles(book))
    with pytest.raises(WorkbookError, match=r"'Commit curve'!C5: .*is not a number"):
        sheet.number(4, 2, value, "usd")
    with pytest.raises(WorkbookError, match=r"'Commit curve'!B2: .*is not a number"):
        sheet.formula(1, 1, "=1", value, "usd")


def test_a_plan_with_such_a_number_is_refused_and_the_old_file_kept(plans: dict[str, Plan], tmp_path: Path) -> None:
    plan = plans["year"]
    broken: Expectation = replace(plan.curve[3], expected_shortfall_usd=float("nan"))
    path = tmp_path / "plan.xlsx"
    path.write_bytes(b"old")
    with pytest.raises(WorkbookError, match="'Commit curve'!E14"):
        write_workbook(Dossier(plan=replace(plan, curve=(*plan.curve[:3], broken, *plan.curve[4:]))), path)
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["plan.xlsx"]


def test_a_file_that_cannot_be_written_is_an_error_that_names_it(plans: dict[str, Plan], tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"missing/plan\.xlsx"):
        write_workbook(Dossier(plan=plans["year"]), tmp_path / "missing" / "plan.xlsx")
    (tmp_path / "folder.xlsx").mkdir()
    with pytest.raises(InputError, match=r"folder\.xlsx"):
        write_workbook(Dossier(plan=plans["year"]), tmp_path / "folder.xlsx")
    with pytest.raises(WorkbookError, match=r"name it plan\.xlsx"):
        write_workbook(Dossier(plan=plans["year"]), tmp_path / "plan.csv")
    assert [p.name for p in tmp_path.iterdir()] == ["folder.xlsx"]


def test_sheets_without_content_are_left_out(plans: dict[str, Plan], written: Path) -> None:
    assert "Routes" in read_formulas(written / "year.xlsx").sheetnames
    prepared = plans["year"].prepared
    costs = tuple(replace(item, economics=()) for item in prepared.scenario_costs)
    content = workbook_bytes(Dossier(plan=replace(plans["year"], prepared=replace(prepared, scenario_costs=costs))))
    names = openpyxl.load_workbook(BytesIO(content)).sheetnames
    assert "Routes" not in names
    assert "Request mix" in names


def test_every_sheet_prints_landscape_one_page_wide_and_is_protected_without_password(written: Path) -> None:
    for sheet in read_formulas(written / "year.xlsx"):
        assert sheet.page_setup.orientation == "landscape"
        assert sheet.page_setup.fitToWidth in (1, None)
        assert sheet.sheet_properties.pageSetUpPr.fitToPage
        assert sheet.print_area
        assert sheet.freeze_panes
        assert sheet.protection.sheet
        assert not sheet.protection.password


def test_only_the_cells_to_type_in_are_unlocked(written: Path) -> None:
    book = read_formulas(written / "year.xlsx")
    unlocked = {
        f"{sheet.title}!{cell.coordinate}"
        for sheet in book
        for row in sheet.iter_rows()
        for cell in row
        if not cell.protection.locked
    }
    inputs = {f"Offer calculator!{at(book, name).coordinate}" for name in NAMES}
    assert inputs <= unlocked
    typed_into = ("Offer calculator!", "Offers compared!", "Sign-off!")
    assert all(address.startswith(typed_into) for address in unlocked)


# --- house rules of formulas -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PLANS)
def test_formulas_are_short_and_without_constants_or_volatile_functions(written: Path, name: str) -> None:
    formulas = [f for _, _, f in formula_cells(read_formulas(written / f"{name}.xlsx"))]
    assert not [fault for formula in formulas for fault in faults(formula)]


@pytest.mark.parametrize("formula", ["=A1*12", "=OFFSET(A1,1,0)", "=NOW()", f"={'A1+' * 40}A1", "=XLOOKUP(A1,B1,C1)"])
def test_the_rules_find_a_planted_fault(formula: str) -> None:
    assert len(faults(formula)) == 1


@pytest.mark.parametrize("name", ["year", "years", "locked"])
def test_a_row_of_workings_has_one_formula(written: Path, name: str) -> None:
    rows = list(read_formulas(written / f"{name}.xlsx")["Calc"].iter_rows())
    first = next(i for i, row in enumerate(rows) if str(row[0].value).startswith("Cases: "))
    for row in rows[first:]:
        # At protected prices the table that is searched stands beside the bands, a free column between.
        # A row of an offer, of which only the last here has cells, goes across different inputs.
        cells = [cell for cell in row if cell.data_type == "f" and row[0].value != "best commitment"]
        for before, cell in pairwise(cells):
            moved = Translator(before.value, origin=before.coordinate).translate_formula(cell.coordinate)
            assert moved == cell.value or cell.column - before.column > 1 or str(row[0].value).isdigit()


def test_the_names_that_a_script_may_rely_on_exist(written: Path) -> None:
    names = set(read_formulas(written / "year.xlsx").defined_names)
    assert names >= {
        *NAMES,
        "checks_ok",
        "offer_expected_cost_usd",
        "offer_shortfall_probability",
        "offer_expected_shortfall_usd",
        "offer_expected_overage_usd",
        "offer_effective_savings_rate",
        "offer_break_even_utilization",
        "offer_break_even_list_usd_per_year",
        "offer_best_commit_usd",
        "offer_best_cost_usd",
        "offer_best_shortfall_probability",
    }


# --- points ----------------------------------------------------------------------------------------------------------


@given(arrays(np.float64, st.integers(1, 3000), elements=st.floats(0, 1e9, width=32)))
def test_bins_keep_the_mean_and_never_fall(sample: np.ndarray) -> None:
    bins = bin_means(sample)
    assert bins.shape == (N_POINTS,)
    assert bins.mean() == pytest.approx(sample.mean(), rel=1e-9, abs=1e-6)
    assert (np.diff(bins) >= 0).all()
    slack = 1e-9 * max(sample.max(), 1.0)
    assert bins[0] >= sample.min() - slack
    assert bins[-1] <= sample.max() + slack


@pytest.mark.parametrize("name", PLANS)
def test_points_price_every_commitment_of_the_curve_to_a_thousandth(plans: dict[str, Plan], name: str) -> None:
    error = quantile_error(plans[name], offer_points(plans[name]))
    assert error.cost < 1e-3
    assert error.shortfall < 1e-3
    assert error.probability < 1e-3
    assert (error.percentile is None) == (name == "locked")
    # read between two columns of shares under a true-up that is typed; the plan's own has a column
    assert (error.percentile or 0.0) < 5e-3
    assert all(isfinite(value) for value in (error.cost, error.shortfall, error.overage, error.probability))
