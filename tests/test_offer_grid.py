"""Offers read between priced ones: as the program settles them, and as a plain interpolation reads them."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from contract_strategies import Case, seeded_case
from libreoffice import recalculate
from scipy.interpolate import RegularGridInterpolator
from test_workbook_ledger import BANDS, ROLLOVER, SPEND
from workbooks import Books, at, differing, faults, formula_cells, read_formulas, type_into
from xlsxwriter import Workbook

from planner.dossier import Dossier, Negotiated
from planner.negotiation.positions import Position, Positions, WalkAway
from planner.negotiation.quotes_priced import PricedQuotes
from planner.negotiation.terms_pricer import terms_pricer
from planner.offer import NO_COMMITMENT, Offer
from planner.plan import Plan, build_plan
from planner.plan_file.loader import parse_plan
from planner.risk import Estimate
from planner.settlement import settle
from planner.term_use import TermUse, term_use
from planner.typed_offer import typed_offer
from planner.units import HALF_CENT_USD
from planner.workbook.book import write_workbook
from planner.workbook.offer_grid import pricing
from planner.workbook.offer_grid.axes import TypedOffer
from planner.workbook.offer_grid.part import write_offers_from_grid
from planner.workbook.offer_grid.pricing import OfferGrid, offer_grid
from planner.workbook.offer_grid.reading import grid_error, read_offer
from planner.workbook.sheet import Sheet
from planner.workbook.style import make_styles

ROUTE = """
[[scenario]]
name = "route"
[[scenario.route]]
request_type = "answer"
to = "claude-haiku-5-5"
share = { p10 = 0.30, p90 = 0.60 }
escalation = { passed = 188, failed = 12 }
"""
QUARTERS = f"""
term_months = 24
commit_period = "quarter"
overage = "committed"
{ROLLOVER}
{BANDS}
[decision]
max_shortfall_probability = 0.9
"""
RAMP = f"""
term_months = 24
ramp = [1.0, 1.3]
overage = 0.05
{ROLLOVER}
{BANDS}
[decision]
max_shortfall_probability = 0.4
"""


def plan_of(contract: str, more: str = "") -> Plan:
    spend = SPEND.replace('model = "claude-opus-5-5"\n', 'model = "claude-opus-5-5"\nlong_prompt_fraction = 0.0\n')
    return build_plan(parse_plan(f"{spend}{more}[contract]\n{contract}", base_dir=Path()))


@pytest.fixture(scope="module")
def plans() -> dict[str, Plan]:
    return {"quarters": plan_of(QUARTERS, ROUTE), "ramp": plan_of(RAMP)}


@pytest.fixture(scope="module")
def grids(plans: dict[str, Plan]) -> dict[str, OfferGrid]:
    return {name: offer_grid(plan) for name, plan in plans.items()}


# --- what is read ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Typed:
    """An offer typed into a plan's workbook."""

    plan: str
    commit: Any
    discount: Any
    beyond: float = 0.0
    scenario: str = "as is"
    rule: str = "typed"


OFFERS = (
    *(Typed(plan="quarters", commit=c, discount=d, beyond=e, scenario=s)
      for c, d, e, s in (
          (120_000.0, 0.05, 0.0, "as is"), (333_333.33, 0.123, 0.07, "as is"), (400_000.0, 0.2, 0.2, "route"),
          (512_345.0, 0.3, 0.01, "route"), (640_000.0, 0.34, 0.34, "as is"), (5_000.0, 0.0, 0.1, "route"),
          (0.0, 0.3, 0.3, "as is"), (250_000.0, 0.1, 0.1, "route"), (777_777.0, 0.01, 0.0, "as is"),
          (431_000.0, 0.26, 0.13, "as is"))),
    *(Typed(plan="quarters", commit=c, discount=0.77, rule="band table", scenario="route")
      for c in (249_999.99, 250_000.0, 310_000.0, 400_000.0)),
    *(Typed(plan="ramp", commit=c, discount=d, beyond=e)
      for c, d, e in ((250_000.0, 0.1, 0.05), (90_000.0, 0.3, 0.0), (410_000.0, 0.22, 0.3), (700_000.0, 0.35, 0.35))),
    *(Typed(plan="ramp", commit=c, discount=0.0, rule="band table") for c in (307_692.31, 350_000.0)),
)  # fmt: skip
"""Twenty offers: below, in and beyond the spend of both scenarios, on thresholds and a cent below them, none at all."""

RECALCULATED = (2, 6, 11, 16)
"""Those of them that are typed into workbooks and recalculated; the others only as the program reads them."""

READ = {
    "cost": "offer_expected_cost_usd",
    "probability": "offer_shortfall_probability",
    "shortfall": "offer_expected_shortfall_usd",
    "overage": "offer_expected_overage_usd",
    "cost_p10": "offer_cost_p10_usd",
    "cost_p50": "offer_cost_p50_usd",
    "cost_p90": "offer_cost_p90_usd",
}


def signed(plan: Plan, typed: Typed) -> Offer:
    """The offer as the command line would take it."""
    by_bands = typed.rule == "band table"
    return typed_offer(
        plan.inputs.contract,
        commit=typed.commit,
        discount=None if by_bands else typed.discount,
        overage=None if by_bands else typed.beyond,
    )


def exact(plan: Plan, offer: Offer, scenario: str) -> dict[str, float]:
    settled = settle(plan.inputs.contract, offer, plan.uses[scenario])
    p10, p50, p90 = np.quantile(settled.paid_usd, [0.1, 0.5, 0.9]).tolist()
    return {
        "cost": float(settled.paid_usd.mean()),
        "probability": float((settled.shortfall_usd > HALF_CENT_USD).any(axis=0).mean()),
        "shortfall": float(settled.shortfall_usd.sum(axis=0).mean()),
        "overage": float(settled.overage_usd.sum(axis=0).mean()),
        "cost_p10": p10,
        "cost_p50": p50,
        "cost_p90": p90,
    }


def as_typed(typed: Typed) -> TypedOffer:
    by_bands = typed.rule == "band table"
    return TypedOffer(
        commit_usd=typed.commit,
        discount=0.0 if by_bands else typed.discount,
        overage_discount=0.0 if by_bands else typed.beyond,
        by_bands=by_bands,
    )


def close(found: dict[str, float], expected: dict[str, float]) -> None:
    """Cost, shortfall and overage within 0.1 % of the cost; the rest within a point, percent of the cost or percent."""
    scale = expected["cost"]
    for key, value in expected.items():
        slack = 1e-3 * scale if key in ("cost", "shortfall", "overage") else 0.01 * scale
        assert found[key] == pytest.approx(value, abs=0.01 if key == "probability" else slack), key


@pytest.mark.parametrize("typed", OFFERS, ids=str)
def test_an_offer_read_between_priced_ones_is_what_the_program_settles(
    plans: dict[str, Plan], grids: dict[str, OfferGrid], typed: Typed
) -> None:
    plan, grid = plans[typed.plan], grids[typed.plan]
    scenario = [item.name for item in grid.scenarios].index(typed.scenario)
    reading = read_offer(grid, scenario, as_typed(typed))
    close({key: reading.values[key] for key in READ}, exact(plan, signed(plan, typed), typed.scenario))


def test_both_sides_of_a_threshold_and_the_recommended_offer_are_read_exactly(
    plans: dict[str, Plan], grids: dict[str, OfferGrid]
) -> None:
    for name, plan in plans.items():
        outcome, grid = plan.recommendation, grids[name]
        scenario = [item.name for item in grid.scenarios].index(outcome.scenario)
        assert grid.n_paths == plan.n_paths
        assert not outcome.offer.is_none
        for typed in (grid.axes.start, replace(grid.axes.start, by_bands=True)):
            found = read_offer(grid, scenario, typed).values
            assert found["cost"] == pytest.approx(outcome.expected_cost.mean, rel=1e-12)
            assert found["cost_se"] == pytest.approx(outcome.expected_cost.se, rel=1e-9)
            assert found["probability"] == pytest.approx(outcome.shortfall_probability.mean, rel=1e-12)
            assert found["probability_se"] == pytest.approx(outcome.shortfall_probability.se, rel=1e-9)
            percentiles = [found[f"cost_p{level}"] for level in (10, 50, 90)]
            assert percentiles == pytest.approx(list(outcome.cost_p10_p50_p90_usd), rel=1e-12)
        for weight in grid.axes.weights:
            for commit in (400_000.0 / weight - 0.01, 400_000.0 / weight):
                typed = replace(grid.axes.start, commit_usd=commit, by_bands=True)
                cost = exact(plan, plan.inputs.contract.offer_at(commit), outcome.scenario)["cost"]
                assert read_offer(grid, scenario, typed).values["cost"] == pytest.approx(cost, rel=1e-9)


def test_the_error_that_is_stated_is_small_and_falls_with_more_offers(
    plans: dict[str, Plan], grids: dict[str, OfferGrid]
) -> None:
    plan, grid = plans["ramp"], grids["ramp"]
    error = grid_error(plan, grid)
    assert 0 < error.cost < 1e-3
    (scenario,) = grid.scenarios
    every_other = replace(scenario, uses=(0.0, *scenario.uses[1::2], scenario.uses[-1]))
    offers = enumerate(grid.offers())
    kept = [row for row, (_, typed) in offers if typed.by_bands or grid.axis_usd[row] in every_other.uses]
    coarse = replace(grid, scenarios=(every_other,), axis_usd=grid.axis_usd[kept], table=grid.table[kept])
    assert grid_error(plan, coarse).cost > 1.5 * error.cost


def paid(case: Case, use: TermUse, *, discount: float, beyond: float) -> np.ndarray:
    """What an offer of these proportions, at one list use whatever the discount, costs: nominal, dated, overage."""
    contract = case.contract
    kept = 1.0 if contract.drawdown == "list" else 1 - discount
    commits = [kept * commit for commit in case.offer.commits_usd_per_year(contract.n_years)]
    offer = contract.offer_of(commits, discount)
    years = [offer.in_year(year) for year in range(contract.n_years)]
    years = [
        year if year == NO_COMMITMENT else replace(year, overage_discount_fraction=beyond, later=()) for year in years
    ]
    settled = settle(contract, replace(years[0], later=tuple(years[1:])), use)
    return np.stack([settled.paid_usd, settled.npv_paid_usd, settled.overage_usd.sum(axis=0)])


def test_cost_is_linear_in_the_overage_discount_and_at_one_list_use_in_the_discount() -> None:
    linear = 0
    for seed in range(120):
        case = seeded_case(seed, n_paths=3)
        contract, use = case.contract, term_use(case.contract, case.paths)
        if case.offer.is_none or contract.marketplace is not None:
            continue
        low, middle, high = (paid(case, use, discount=0.2, beyond=beyond) for beyond in (0.0, 0.2, 0.4))
        scale = 1e-9 * max(float(np.abs(low).max()), 1.0)
        assert middle == pytest.approx((low + high) / 2, rel=1e-9, abs=scale), seed
        if contract.in_force is None and min(case.offer.commits_usd_per_year(contract.n_years)) > 0:
            low, middle, high = (paid(case, use, discount=discount, beyond=0.1) for discount in (0.0, 0.2, 0.4))
            assert middle == pytest.approx((low + high) / 2, rel=1e-9, abs=scale), seed
            linear += 1
    assert linear > 20


def test_more_work_than_a_few_seconds_is_done_on_the_first_paths(
    plans: dict[str, Plan], monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = plans["ramp"]
    monkeypatch.setattr(pricing, "_FEWEST_PATHS", 16)
    monkeypatch.setattr(pricing, "_WORK", pricing._WORK // 700)
    grid = offer_grid(plan)
    assert 16 < grid.n_paths < plan.n_paths
    assert grid.n_paths & (grid.n_paths - 1) == 0
    first = plan.uses["as is"].on(np.arange(grid.n_paths))
    cost = settle(plan.inputs.contract, plan.recommendation.offer, first).paid_usd.mean()
    own = replace(grid.axes.start, by_bands=True)
    assert read_offer(grid, 0, own).values["cost"] == pytest.approx(cost, rel=1e-12)


# --- what is written -------------------------------------------------------------------------------------------------


def type_in(source: Path, target: Path, typed: Typed) -> Path:
    book = read_formulas(source)
    names = {
        "offer_scenario": typed.scenario,
        "offer_commit_usd": typed.commit,
        "offer_discount": typed.discount,
        "offer_overage_discount": typed.beyond,
        "offer_discount_rule": typed.rule,
    }
    cells = [("Offer calculator", at(book, name).coordinate, value) for name, value in names.items()]
    return type_into(source, target, cells)


NOT_PRICED = {
    "outside": (Typed(plan="ramp", commit=1e9, discount=0.1), "outside the grid: not priced"),
    "wrong": (Typed(plan="ramp", commit="much", discount=0.1), "not valid: not priced"),
}


def negotiated(plan: Plan) -> Negotiated:
    """A target of which only the terms are known: the recommended commitment at 25 % off."""
    pricer = terms_pricer(plan)
    offer = plan.inputs.contract.offer_at(plan.recommendation.offer.commit_usd_per_year, 0.25)
    terms = pricer.signed(plan.inputs.contract, offer)
    nothing = Estimate(mean=0.0, se=0.0)
    target = Position(name="target", asks=(), terms=terms, own_value_usd=0.0, better=nothing)
    walk = WalkAway(alternative="no commitment", terms=terms, discount_fraction=None, commit_usd_per_year=None)
    found = Positions(table=terms, opening=target, target=target, walk_away=walk, target_share=0.6)
    quotes = PricedQuotes(quotes=(), positions=found, trades=cast("Any", None), paths=plan.n_paths)
    return Negotiated(pricer=pricer, trades=cast("Any", None), quotes=quotes)


def against_target(plan: Plan, path: Path) -> None:
    """A workbook of nothing but the sheets that price offers, with a target."""
    book = Workbook(str(path))
    styles = make_styles(book)
    names = ("Offer calculator", "Offer grid", "Calc")
    sheets = {name: Sheet(name=name, worksheet=book.add_worksheet(name), styles=styles) for name in names}
    found = Dossier(plan=plan, negotiated=negotiated(plan))
    write_offers_from_grid(sheets, found, lambda name, at: book.define_name(name, f"={at}"))
    book.close()


@pytest.fixture(scope="module")
def books(plans: dict[str, Plan], requires: Callable[..., str], tmp_path_factory: pytest.TempPathFactory) -> Books:
    """Everything that is recalculated, in one start of LibreOffice."""
    soffice, folder = requires("soffice", "libreoffice"), tmp_path_factory.mktemp("written")
    for name, plan in plans.items():
        write_workbook(Dossier(plan=plan), folder / f"{name}.xlsx")
    against_target(plans["ramp"], folder / "target.xlsx")
    files = [folder / f"{name}.xlsx" for name in (*plans, "target")]
    for index in RECALCULATED:
        files.append(type_in(folder / f"{OFFERS[index].plan}.xlsx", folder / f"offer{index}.xlsx", OFFERS[index]))
    for name, (typed, _) in NOT_PRICED.items():
        files.append(type_in(folder / f"{typed.plan}.xlsx", folder / f"{name}.xlsx", typed))
    out = recalculate(soffice, files, tmp_path_factory.mktemp("libreoffice"))
    return Books(written=folder, recalculated=out[0].parent)


@pytest.mark.parametrize("name", ["quarters", "ramp"])
def test_the_sheets_recalculate_to_what_they_were_written_with_and_their_checks_hold(books: Books, name: str) -> None:
    assert not differing(books, name)
    assert at(books.fresh(name), "checks_ok").value is True
    assert at(books.fresh(name), "offer_verdict").value == "inside the grid"
    assert not [fault for _, _, formula in formula_cells(books.formulas(name)) for fault in faults(formula)]


def table(books: Books, name: str) -> list[dict[str, Any]]:
    """The rows of sheet Offer grid by their headings."""
    rows = [list(row) for row in books.cached(name)["Offer grid"].iter_rows(min_row=5, values_only=True)]
    return [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]


def interpolated(rows: list[dict[str, Any]], plan: Plan, typed: Typed, heading: str) -> float:
    """A figure of an offer as scipy reads it between the rows of the sheet."""
    axis, by_bands = "place on the axis, USD a year", typed.rule == "band table"
    own = [row for row in rows if row["scenario"] == typed.scenario and (row["discounts"] == "bands") == by_bands]
    if by_bands:
        return float(np.interp(typed.commit, [row[axis] for row in own], [row[heading] for row in own]))
    keys = ("discount", "discount beyond", axis)
    nodes = [sorted({row[key] for row in own}) for key in keys]
    values = np.array([row[heading] for row in own]).reshape([len(node) for node in nodes])
    q = plan.inputs.contract.list_usd_per_year(typed.commit, typed.discount)
    return float(RegularGridInterpolator(nodes, values)([[typed.discount, typed.beyond, q]])[0])


@pytest.mark.parametrize("index", RECALCULATED)
def test_an_offer_typed_in_recalculates_to_a_plain_interpolation_and_to_the_program(
    books: Books, plans: dict[str, Plan], index: int
) -> None:
    typed, fresh = OFFERS[index], books.glimpse(f"offer{index}")
    plan, rows = plans[typed.plan], table(books, OFFERS[index].plan)
    found = {key: at(fresh, name).value for key, name in READ.items()}
    headings = {
        "cost": "expected cost, USD",
        "probability": "P(shortfall)",
        "shortfall": "expected shortfall, USD",
        "cost_p90": "cost P90, USD",
    }
    for key, heading in headings.items():
        assert found[key] == pytest.approx(interpolated(rows, plan, typed, heading), rel=1e-9, abs=1e-9)
    close(found, exact(plan, signed(plan, typed), typed.scenario))
    demand = float(plan.uses[typed.scenario].on_demand_usd.mean())
    assert at(fresh, "offer_on_demand_usd").value == pytest.approx(demand, rel=1e-12)
    assert at(fresh, "offer_expected_saving_usd").value == pytest.approx(demand - found["cost"], abs=1e-6)
    assert at(fresh, "offer_effective_savings_rate").value == pytest.approx(1 - found["cost"] / demand, rel=1e-9)
    assert at(fresh, "checks_ok").value is True


@pytest.mark.parametrize("index", RECALCULATED)
def test_the_best_commitment_is_the_cheapest_priced_one_within_the_limit(
    books: Books, plans: dict[str, Plan], index: int
) -> None:
    typed, fresh = OFFERS[index], books.glimpse(f"offer{index}")
    plan, rows = plans[typed.plan], table(books, OFFERS[index].plan)
    axis, limit = "place on the axis, USD a year", plan.inputs.decision.max_shortfall_probability
    by_bands = typed.rule == "band table"
    found = []
    for place in sorted({row[axis] for row in rows if (row["discounts"] == "bands") == by_bands}):
        commit = place if by_bands else plan.inputs.contract.commit_usd_per_year(place, typed.discount)
        offer = replace(typed, commit=commit)
        if commit == 0 or interpolated(rows, plan, offer, "P(shortfall)") <= limit:
            found.append((interpolated(rows, plan, offer, "expected cost, USD"), commit))
    cost, commit = min(found)
    assert at(fresh, "offer_best_cost_usd").value == pytest.approx(cost, rel=1e-9)
    assert at(fresh, "offer_best_commit_usd").value == pytest.approx(commit, rel=1e-9, abs=1e-6)


@pytest.mark.parametrize("name", NOT_PRICED)
def test_what_lies_outside_the_grid_or_is_no_offer_is_not_priced(books: Books, name: str) -> None:
    fresh, (_, verdict) = books.glimpse(name), NOT_PRICED[name]
    assert at(fresh, "offer_verdict").value == verdict
    assert [at(fresh, key).value for key in (*READ.values(), "offer_best_commit_usd")] == ["#N/A"] * 8
    assert at(fresh, "checks_ok").value is False


def test_the_gap_to_the_target_is_on_the_same_paths(books: Books, plans: dict[str, Plan]) -> None:
    plan = plans["ramp"]
    target = settle(
        plan.inputs.contract,
        plan.inputs.contract.offer_at(plan.recommendation.offer.commit_usd_per_year, 0.25),
        plan.uses["as is"],
    )
    gap = plan.recommendation.expected_cost.mean - float(target.paid_usd.mean())
    assert gap > 0
    assert not differing(books, "target")
    assert at(books.fresh("target"), "offer_target_gap_usd").value == pytest.approx(gap, rel=1e-9)
    assert "offer_target_gap_usd" not in books.fresh("quarters").defined_names
