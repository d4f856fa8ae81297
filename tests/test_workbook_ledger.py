"""Workbooks of contracts with clauses: every dollar of the ledger accounted for, no formula that ignores a clause."""

import tomllib
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pytest
from contract_strategies import Case, cases
from hypothesis import event, given
from hypothesis import strategies as st
from libreoffice import recalculate
from test_tracking_charts import shown
from trackings import tracking
from workbooks import Books, at, differing, faults, formula_cells, read, read_formulas, type_into

from planner.assumed.assumptions import assumptions
from planner.contract import Contract
from planner.dossier import Dossier
from planner.inputs import Decision
from planner.offer import NO_COMMITMENT, Offer
from planner.plan import Plan, build_plan
from planner.plan_file.assumption_keys import known_paths
from planner.plan_file.loader import parse_plan
from planner.settlement import settle
from planner.term_use import TermUse, term_use
from planner.workbook.book import workbook_bytes, write_workbook
from planner.workbook.contract_words import unpriced, why_read_from_a_grid
from planner.workbook.offer_grid import axes, refining

TRACKED = "tracked"
"""The workbook of a plan that is tracked; what is tracked needs no plan of the same contract to be recalculated."""

SPEND = """
[plan]
name = "Clauses"
start = 2027-03-01
paths = 1_024
seed = 7
[[mix]]
request_type = "triage"
model = "claude-haiku-5-5"
monthly_requests = 9_000_000
uncached_input_tokens = 900
output_tokens = 60
[[mix]]
request_type = "answer"
model = "claude-opus-5-5"
monthly_requests = 1_600_000
uncached_input_tokens = 4000
cache_read_tokens = 9000
output_tokens = 600
[demand]
level_sd = 0.1
growth_per_year = { p10 = 0.05, p90 = 0.60 }
leave_probability_per_quarter = 0.0
"""

BANDS = """
[[contract.band]]
min_commit_usd_per_year = 250_000
discount_fraction = 0.10
source = "quote of 12 November"
[[contract.band]]
min_commit_usd_per_year = 400_000
discount_fraction = 0.20
"""

ROLLOVER = "[contract.rollover]\nshare = 0.8\nmonths = 9\n"
CAPITAL = '[contract.payment]\nmode = "quarterly"\ncost_of_capital_per_year = 0.08\n'
SEATS = '[[fixed_spend]]\nname = "seats"\nusd_per_month = 4_000\neligible = false\n'

EVERYTHING = f"""
term_months = 36
ramp = [1.0, 1.1, 1.2]
overage = "committed"
overage_cap_fraction_of_commit = 0.3
shortfall = "true_up"
true_up_rate = 0.5
{ROLLOVER}
max_fraction_of_commit = 0.5
[contract.carry_forward]
share = 0.5
[contract.reduction]
max_fraction = 0.2
[contract.early_renewal]
month = 18
credit_fraction = 0.5
commit_fraction = 0.9
[contract.true_forward]
trigger_fraction = 1.2
share = 0.9
{CAPITAL}
[contract.price_rises]
cap_fraction = 0.05
[contract.eligible]
tiers = ["opus", "haiku"]
models = ["claude-opus-5-5"]
batch = false
[contract.marketplace]
channel = "a cloud"
fee_fraction = 0.03
cap_usd_per_year = 100_000
otherwise_unused_usd_per_year = 50_000
[contract.in_force]
ends = 2027-09-01
balance_usd = 60_000
on_signing = "renew"
bank_usd = 5_000
bank_ends = 2027-06-01
[contract.renewal]
bank_value_fraction = 0.5
uplift_fraction = 0.05
"""

CONTRACTS = {
    "ramp": f"term_months = 36\nramp = [1.0, 1.2, 1.4]\noverage = 0.05\n{ROLLOVER}{CAPITAL}"
    f"[contract.renewal]\nuplift_fraction = 0.05\n{BANDS}{SEATS}[decision]\nmax_shortfall_probability = 0.5\n",
    "quarters": 'term_months = 14\ncommit_period = "quarter"\ndrawdown = "list"\nshortfall = "true_up"\n'
    f'true_up_rate = 0.4\n{BANDS}[decision]\nmax_shortfall_probability = 0.3\nshortfall_limit_per = "period"\n',
    "renewed": f"term_months = 24\n{ROLLOVER}{CAPITAL}[contract.in_force]\nends = 2027-09-01\nbalance_usd = 60_000\n"
    'on_signing = "renew"\n[[contract.band]]\nmin_commit_usd_per_year = 250_000\ndiscount_fraction = 0.10\n'
    "[contract.band.discount_by_tier]\nopus = 0.15\n"
    '[decision]\nmax_shortfall_probability = 0.6\nmoney = "npv"\n',
    "free": 'term_months = 24\nramp = "free"\n[[contract.band]]\nmin_commit_usd_total = 500_000\n'
    "discount_fraction = 0.10\n[[contract.band]]\nmin_commit_usd_total = 900_000\ndiscount_fraction = 0.20\n"
    "[decision]\nmax_shortfall_probability = 0.5\n",
    "pooled": f'term_months = 24\ncommit_period = "term"\nband_mode = "incremental"\noverage = "committed"\n{BANDS}'
    "[decision]\nmax_shortfall_probability = 0.5\n",
    "dated": f"term_months = 24\ncommit_usd_per_year = [300_000, 500_000]\n{BANDS}",
    "unsigned": f"term_months = 24\n{ROLLOVER}{CAPITAL}[[contract.band]]\nmin_commit_usd_per_year = 9_000_000\n"
    "discount_fraction = 0.1\n",
    "everything": EVERYTHING + BANDS + SEATS + "[decision]\nmax_shortfall_probability = 0.9\n",
    "fixed": f"term_months = 24\ncommit_usd_per_year = 350_000\n{BANDS}{SEATS}",
    "opus": f'[contract.eligible]\ntiers = ["opus"]\n{BANDS}',
    "capped": f"term_months = 24\n[contract.price_rises]\ncap_fraction = 0.0\n{BANDS}",
}
PRICED = ("fixed", "opus", "capped")
UNPRICED = tuple(name for name in CONTRACTS if name not in PRICED)


@pytest.fixture(scope="module")
def plans() -> dict[str, Plan]:
    # sizing a contract of every clause takes as long as all the others, on as many paths
    spends = dict.fromkeys(CONTRACTS, SPEND) | {"everything": SPEND.replace("1_024", "256")}
    return {
        name: build_plan(parse_plan(f"{spends[name]}[contract]\n{text}", base_dir=Path()))
        for name, text in CONTRACTS.items()
    }


@pytest.fixture(scope="module", autouse=True)
def coarse() -> Iterator[None]:
    """Offers are read between few priced ones, which is quicker; how close that is, is tests/test_offer_grid.py's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(refining, "SMALL_ENOUGH", 9e-4)
        patch.setattr(axes, "MORE_DISCOUNTS", 3)
        yield


@pytest.fixture(scope="module")
def written(plans: dict[str, Plan], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("written")
    for name, plan in plans.items():
        write_workbook(Dossier(plan=plan), folder / f"{name}.xlsx")
    write_workbook(Dossier(plan=plans["ramp"], tracking=shown(tracking())), folder / f"{TRACKED}.xlsx")
    return folder


@pytest.fixture(scope="module")
def books(written: Path, requires: Callable[..., str], tmp_path_factory: pytest.TempPathFactory) -> Books:
    """Everything that tests need recalculated, in one start of LibreOffice."""
    soffice = requires("soffice", "libreoffice")
    book = read_formulas(written / "ramp.xlsx")
    row, col = heading(book, "forfeited")
    cell = book["Ramp and ledger"].cell(row + 2, col)
    changes = [("Ramp and ledger", cell.coordinate, cell.value + 1.0)]
    type_into(written / "ramp.xlsx", written / "tampered.xlsx", changes)
    files = [written / f"{name}.xlsx" for name in (*CONTRACTS, TRACKED, "tampered")]
    out = recalculate(soffice, files, tmp_path_factory.mktemp("libreoffice"))
    return Books(written=written, recalculated=out[0].parent)


def heading(book: Any, label: str, sheet: str = "Ramp and ledger") -> tuple[int, int]:
    """Row and column of a heading, the lowest one of that name."""
    return max((c.row, c.column) for row in book[sheet].iter_rows() for c in row if c.value == label)


def ledger_column(book: Any, label: str, n_periods: int) -> list[Any]:
    """A column of the ledger by its heading: one value a period, and the total."""
    row, col = heading(book, label)
    return [book["Ramp and ledger"].cell(row + 1 + index, col).value for index in range(n_periods + 1)]


def texts(book: Any, sheet: str) -> str:
    return "\n".join(str(c.value) for row in book[sheet].iter_rows() for c in row if isinstance(c.value, str))


@pytest.mark.parametrize("name", [*CONTRACTS, TRACKED])
def test_every_formula_recalculates_to_the_value_it_was_written_with(books: Books, name: str) -> None:
    assert sum(1 for _ in formula_cells(books.formulas(name))) > 100
    assert not differing(books, name)


@pytest.mark.parametrize("name", [*CONTRACTS, TRACKED])
def test_no_cell_shows_an_error_and_all_checks_hold(books: Books, name: str) -> None:
    fresh = books.fresh(name)
    assert not [c.coordinate for sheet in fresh for row in sheet.iter_rows() for c in row if c.data_type == "e"]
    assert at(fresh, "checks_ok").value is True


@pytest.mark.parametrize("name", [*CONTRACTS, TRACKED])
def test_formulas_are_short_and_without_constants_or_volatile_functions(written: Path, name: str) -> None:
    formulas = [f for _, _, f in formula_cells(read_formulas(written / f"{name}.xlsx"))]
    assert not [fault for formula in formulas for fault in faults(formula)]


def test_the_same_plan_gives_the_same_bytes(plans: dict[str, Plan], written: Path) -> None:
    assert workbook_bytes(Dossier(plan=plans["renewed"])) == (written / "renewed.xlsx").read_bytes()


# --- the ledger ------------------------------------------------------------------------------------------------------

FIGURES = {
    "committed": "committed_usd",
    "drawn from current": "drawn_current_usd",
    "drawn from banked": "drawn_banked_usd",
    "forfeited": "forfeited_usd",
    "waived": "waived_usd",
    "still banked": "banked_usd",
    "overage": "overage_usd",
    "outside": "outside_usd",
    "paid": "paid_usd",
}


@pytest.mark.parametrize("name", CONTRACTS)
def test_the_ledger_shows_the_means_of_the_settlement_and_leaves_out_what_is_always_zero(
    books: Books, plans: dict[str, Plan], name: str
) -> None:
    plan, fresh = plans[name], books.fresh(name)
    contract, outcome = plan.inputs.contract, plan.recommendation
    ledger = settle(contract, outcome.offer, plan.uses[outcome.scenario]).ledger
    shown = {c.value for row in fresh["Ramp and ledger"].iter_rows() for c in row}
    for label, figure in FIGURES.items():
        means = getattr(ledger, figure).mean(axis=1).tolist()
        if not any(means):
            assert label not in shown
            continue
        *periods, total = ledger_column(fresh, label, len(contract.periods))
        assert periods == pytest.approx(means, rel=1e-12)
        assert total == pytest.approx(means[-1] if label == "still banked" else sum(means), rel=1e-12)
    assert ledger_column(fresh, "paid", len(contract.periods))[-1] == pytest.approx(outcome.expected_cost.mean)


@pytest.mark.parametrize("name", [name for name in CONTRACTS if name != "unsigned"])
def test_shares_of_the_ledger_are_those_of_its_figures(books: Books, plans: dict[str, Plan], name: str) -> None:
    plan, fresh = plans[name], books.fresh(name)
    rows = plan.recommendation.ledger
    used = [row.drawn_current_usd / row.committed_usd for row in rows]
    *found, total = ledger_column(fresh, "used of current", len(rows))
    assert found == pytest.approx(used)
    committed = sum(row.committed_usd for row in rows)
    assert total == pytest.approx(sum(row.drawn_current_usd for row in rows) / committed)
    assert ledger_column(fresh, "accounted for", len(rows)) == pytest.approx([1.0] * (len(rows) + 1))
    *short, any_period = ledger_column(fresh, "P(shortfall)", len(rows))
    assert short == [row.shortfall_probability.mean for row in rows]
    assert any_period == plan.recommendation.shortfall_probability.mean


def test_what_a_contract_in_force_brings_in_opens_the_ledger(books: Books, plans: dict[str, Plan]) -> None:
    n = len(plans["renewed"].inputs.contract.periods)
    first, second, opening = ledger_column(books.fresh("renewed"), "banked before", n)
    assert (first, opening) == (60_000, 60_000)
    assert second == ledger_column(books.fresh("renewed"), "still banked", n)[0]


def test_a_dollar_that_is_missing_from_the_ledger_fails_the_checks(books: Books) -> None:
    fresh = books.glimpse("tampered")
    assert at(fresh, "checks_ok").value is False
    assert "FAILED: see Checks" in texts(fresh, "Decision")


def test_commitments_and_discounts_stand_year_by_year(books: Books, plans: dict[str, Plan]) -> None:
    fresh, plan = books.fresh("ramp"), plans["ramp"]
    row, col = heading(fresh, "commitment, USD a year")
    offer = plan.recommendation.offer
    assert offer.later
    for year in range(3):
        cells = [fresh["Ramp and ledger"].cell(row + 1 + year, col + i).value for i in range(2)]
        assert cells == [offer.in_year(year).commit_usd_per_year, offer.in_year(year).discount_fraction]
    total = fresh["Ramp and ledger"].cell(row + 4, col).value
    assert total == pytest.approx(sum(offer.commits_usd_per_year(3)))


def test_a_part_of_a_year_signs_its_share(books: Books, plans: dict[str, Plan]) -> None:
    fresh, offer = books.fresh("quarters"), plans["quarters"].recommendation.offer
    row, col = heading(fresh, "signed")
    signed = [fresh["Ramp and ledger"].cell(row + 1 + i, col).value for i in range(3)]
    commit = offer.commit_usd_per_year
    assert commit > 0
    assert signed == pytest.approx([commit, commit / 6, commit * 7 / 6])


def test_what_no_commitment_still_draws_and_earns_is_said(written: Path, plans: dict[str, Plan]) -> None:
    for name in ("everything", "ramp"):
        plan, ledger = plans[name], texts(read_formulas(written / f"{name}.xlsx"), "Ramp and ledger")
        without = plan.outcome(NO_COMMITMENT).expected_cost.mean
        is_list = without == pytest.approx(plan.recommendation.on_demand_cost_usd)
        assert is_list == (name == "ramp")
        assert ("Without a commitment" in ledger) == (not is_list)


def test_present_value_stands_beside_nominal_where_money_costs_something(books: Books, plans: dict[str, Plan]) -> None:
    outcome = plans["ramp"].recommendation
    row, col = heading(books.fresh("ramp"), "present value")
    with_it = [books.fresh("ramp")["Ramp and ledger"].cell(row + 2, col - 1 + i).value for i in range(2)]
    assert with_it == pytest.approx([outcome.expected_cost.mean, outcome.npv_cost.mean], rel=1e-12)
    assert outcome.npv_cost.mean < outcome.expected_cost.mean
    assert "Expected cost at present value, 8.0% a year" in texts(books.fresh("ramp"), "Decision")
    for name in ("pooled", "fixed"):
        assert "present value" not in texts(books.fresh(name), "Ramp and ledger")


# --- what can be priced ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CONTRACTS)
def test_formulas_price_offers_only_where_they_know_every_term_and_else_read_between_priced_ones(
    books: Books, plans: dict[str, Plan], name: str
) -> None:
    fresh, why = books.fresh(name), why_read_from_a_grid(plans[name])
    assert {"Offer calculator", "Calc"} <= set(fresh.sheetnames)
    assert "offer_expected_cost_usd" in fresh.defined_names
    assert (why is None) == (name in PRICED)
    assert ("Points" in fresh.sheetnames, "Offer grid" in fresh.sheetnames) == (why is None, why is not None)
    if why is not None:
        assert why in texts(fresh, "Offer calculator")
        assert why in texts(fresh, "About")
        assert not [f for _, _, f in formula_cells(books.formulas(name)) if "Points!" in f]


def test_where_only_some_use_is_eligible_cost_has_its_percentiles(books: Books, plans: dict[str, Plan]) -> None:
    fresh, recommended = books.fresh("opus"), plans["opus"].recommendation
    found = [at(fresh, f"offer_cost_{level}_usd").value for level in ("p10", "p50", "p90")]
    cost = recommended.expected_cost.mean
    assert found == pytest.approx(list(recommended.cost_p10_p50_p90_usd), abs=1e-3 * cost)


NOMINAL = Decision(
    scenario="as is",
    objective="expected_cost",
    max_shortfall_probability=0.1,
    cvar_loss="cost",
    cvar_weight=0.0,
    cvar_level=0.9,
)


def formulas_cost(contract: Contract, offer: Offer, use: TermUse) -> tuple[np.ndarray, np.ndarray]:
    """Each path's cost and unused dollars by the arithmetic of the offer calculator: years apart, one discount."""
    kept, q = (
        1.0 - offer.discount_fraction,
        contract.list_usd_per_year(offer.commit_usd_per_year, offer.discount_fraction),
    )
    charged = contract.true_up_rate if contract.shortfall == "true_up" else 1.0
    paid, unused = use.outside_total_usd.copy(), np.zeros(use.n_paths)
    for period in contract.periods:
        owed, drawn = q * (period.stop - period.first) / 12, use.drawn_list_usd(period)
        beyond = np.maximum(drawn - owed, 0.0)
        short = kept * np.maximum(owed - drawn, 0.0)
        paid += kept * owed - (1.0 - charged) * short + (1.0 - offer.overage_discount_fraction) * beyond
        unused += charged * short
    return paid, unused


PLAIN: dict[str, Any] = {
    "commit_period": "year",
    "ramp": "flat",
    "band_mode": "all_units",
    "overage_cap_fraction": None,
    "shortfall": "forfeit",
    "price_falls_passed_through": True,
    "price_rise_cap_fraction": None,
    **dict.fromkeys(("rollover", "carry_forward", "reduction", "early_renewal", "true_forward")),
    "marketplace": None,
    "in_force": None,
}


@given(st.sampled_from(sorted(PLAIN)).flatmap(lambda free: cases(**{k: v for k, v in PLAIN.items() if k != free})))
def test_whatever_is_not_named_as_unpriced_costs_what_the_offer_sheets_arithmetic_says(case: Case) -> None:
    contract, use = case.contract, term_use(case.contract, case.paths)
    offer = contract.offer_at(case.offer.commit_usd_per_year)
    is_priced = not unpriced(contract, NOMINAL) and not offer.is_none and not use.is_protected
    event(f"priced: {is_priced}")
    if is_priced:
        paid, unused = formulas_cost(contract, offer, use)
        settled = settle(contract, offer, use)
        assert settled.paid_usd == pytest.approx(paid, rel=1e-9, abs=1e-6)
        assert settled.shortfall_usd.sum(axis=0) == pytest.approx(unused, rel=1e-9, abs=1e-6)


def test_every_clause_that_a_contract_can_have_is_named(plans: dict[str, Plan]) -> None:
    whole = plans["everything"].inputs.contract
    plain = replace(
        Contract(term_months=36, bands=whole.bands),
        eligible=whole.eligible,
        renewal=whole.renewal,
        payment=whole.payment,
    )
    assert unpriced(plain, NOMINAL) == ()
    for name, words in {
        "ramp": "commitments that differ by contract year",
        "rollover": "rollover",
        "carry_forward": "carry-forward",
        "reduction": "a right to reduce",
        "early_renewal": "early renewal",
        "true_forward": "true-forward",
        "in_force": "a contract in force",
        "marketplace": "marketplace terms",
        "overage_cap_fraction": "a cap on discounted overage",
    }.items():
        assert unpriced(replace(plain, **{name: getattr(whole, name)}), NOMINAL) == (words,)
    assert unpriced(replace(plain, commit_period="quarter"), NOMINAL) == ("a commitment per quarter",)
    trued_up = replace(plain, shortfall="true_up", true_up_rate=0.4)
    assert unpriced(trued_up, NOMINAL) == ()
    assert unpriced(replace(trued_up, rollover=whole.rollover), NOMINAL) == ("rollover", "a true-up")
    assert unpriced(plain, replace(NOMINAL, money="npv")) == ("a decision at present value",)


# --- inputs, curve, limitations --------------------------------------------------------------------------------------


def listed(plan: Plan, section: str) -> dict[str, Any]:
    return {row.name: (row.value, row.origin) for row in assumptions(plan) if row.section == section}


def test_every_clause_in_force_is_listed_with_whose_it_is(plans: dict[str, Plan]) -> None:
    plan = plans["everything"]
    contract = plan.inputs.contract
    clauses = {
        field.name: getattr(contract, field.name)
        for field in fields(contract)
        if is_dataclass(getattr(contract, field.name)) and field.name not in ("payment", "eligible", "in_force")
    }
    assert len(clauses) == 7
    for name, clause in clauses.items():
        rows = listed(plan, f"Contract: {name.replace('_', ' ')}")
        assert set(rows) == {field.name for field in fields(clause)}
    assert listed(plan, "Contract: rollover")["share"] == (0.8, "yours")
    assert listed(plan, "Contract: rollover")["renew_min_fraction"] == (0.0, "default")
    assert listed(plan, "Contract: in force")["balance_usd"] == (60_000, "yours")
    assert listed(plan, "Contract: eligible")["tiers"] == ("opus, haiku", "yours")
    terms = listed(plan, "Contract")
    assert terms["ramp"] == ("1, 1.1, 1.2", "yours")
    assert terms["true_up_rate"] == (0.5, "yours")
    assert terms["overage_cap_fraction_of_commit"] == (0.3, "yours")
    assert terms["price rises"] == (0.05, "yours")
    assert terms["payment"] == ("quarterly", "yours")
    assert terms["cost of capital"] == (0.08, "yours")
    assert "rollover" not in terms
    assert listed(plan, "Fixed spend") == {"seats": (4_000, "yours")}


@pytest.mark.parametrize("name", CONTRACTS)
def test_every_term_can_be_answered_for_under_the_key_of_its_line(plans: dict[str, Plan], name: str) -> None:
    known = known_paths(tomllib.loads(plans[name].inputs.text))
    assert {row.path for row in assumptions(plans[name])} <= known


def test_clauses_that_a_contract_does_not_have_are_not_listed(plans: dict[str, Plan]) -> None:
    plan = plans["fixed"]
    assert not [row for row in assumptions(plan) if row.section.startswith("Contract:")]
    terms = listed(plan, "Contract")
    assert terms["rollover"] == ("none", "default")
    assert terms["commitment, contract year 2"] == (350_000, "yours")
    assert not {"true_up_rate", "price rises", "quarter_shares", "band_mode"} & set(terms)


def test_a_right_that_the_plan_does_better_without_is_the_plans_choice(plans: dict[str, Plan]) -> None:
    for clause in ("reduction", "early_renewal"):
        for exercised in (True, False):
            inputs = plans["everything"].inputs
            right = replace(getattr(inputs.contract, clause), exercised=exercised)
            changed = replace(inputs, contract=replace(inputs.contract, **{clause: right}))
            plan = replace(plans["everything"], prepared=replace(plans["everything"].prepared, inputs=changed))
            rows = listed(plan, f"Contract: {clause.replace('_', ' ')}")
            assert rows["exercised"] == (("yes", "default") if exercised else ("no", "chosen"))
            said = replace(
                changed, text=inputs.text.replace(f"[contract.{clause}]", f"[contract.{clause}]\nexercised = false")
            )
            plan = replace(plan, prepared=replace(plan.prepared, inputs=said))
            if not exercised:
                assert listed(plan, f"Contract: {clause.replace('_', ' ')}")["exercised"] == ("no", "yours")


def test_bands_are_listed_in_the_terms_of_the_quote(plans: dict[str, Plan]) -> None:
    quoted = {row.name: row.known.source for row in assumptions(plans["ramp"]) if row.name.startswith("band from")}
    assert quoted == {"band from $250,000 a year": "quote of 12 November", "band from $400,000 a year": ""}
    assert listed(plans["free"], "Contract")["band from $900,000 over the term"] == (0.2, "yours")
    assert listed(plans["renewed"], "Contract")["band from $250,000 a year, opus"] == (0.15, "yours")


def test_the_decision_says_its_money_its_limit_and_its_weights(plans: dict[str, Plan]) -> None:
    assert listed(plans["renewed"], "Decision")["money"] == ("present value", "yours")
    assert listed(plans["quarters"], "Decision")["shortfall_limit_per"] == ("each period by itself", "yours")
    assert listed(plans["ramp"], "Decision")["money"] == ("dollars as paid", "default")
    inputs = plans["ramp"].inputs
    weighted = replace(inputs, decision=replace(inputs.decision, scenario_weights=(("as is", 0.25), ("route", 0.75))))
    plan = replace(plans["ramp"], prepared=replace(plans["ramp"].prepared, inputs=weighted))
    assert listed(plan, "Decision")["weight of route"] == (0.75, "yours")


CURVE_WORDS = {
    "ramp": ("commitment of contract year 1, USD", "expected cost", "in any contract year"),
    "quarters": ("commitment, USD a year", "expected cost", "in any quarter"),
    "pooled": ("commitment, USD a year", "expected cost", "over the term"),
    "renewed": ("commitment, USD a year", "expected present value", "in any contract year"),
}


@pytest.mark.parametrize("name", CURVE_WORDS)
def test_the_curve_says_what_its_axis_its_money_and_its_probability_are(
    written: Path, plans: dict[str, Plan], name: str
) -> None:
    commit, cost, where = CURVE_WORDS[name]
    book = read(written / f"{name}.xlsx")
    sheet, first = book["Commit curve"], 11
    assert [sheet.cell(first - 1, col).value for col in (1, 3)] == [commit, cost]
    titles = [run.t for chart in sheet._charts for p in chart.title.tx.rich.p for run in p.r or ()]
    assert f"Probability of a shortfall {where}" in titles
    curve = [point.expected_cost_usd for point in plans[name].curve]
    assert [sheet.cell(first + i, 3).value for i in range(len(curve))] == pytest.approx(curve)


def test_a_ramp_moves_the_thresholds_of_the_first_years_commitment(written: Path) -> None:
    sheet = read_formulas(written / "ramp.xlsx")["Commit curve"]
    row, col = next((c.row, c.column) for r in sheet.iter_rows() for c in r if c.value == "Lowest band from")
    assert sheet.cell(row, col + 1).value == pytest.approx(250_000 / 1.4)
    assert "years 2 and 3 commit 1.2 and 1.4 times as much" in sheet["A2"].value


def test_a_limit_on_each_period_is_held_against_the_largest_of_them(written: Path, plans: dict[str, Plan]) -> None:
    sheet = read(written / "quarters.xlsx")["Commit curve"]
    assert sheet["H10"].value == "P(shortfall), quarter where it is largest"
    for row, point in enumerate(plans["quarters"].curve, start=11):
        assert sheet.cell(row, 8).value == max(point.period_probabilities)
        can = point.offer.is_none or max(point.period_probabilities) <= 0.3
        assert (sheet.cell(row, 7).value is not None) == can


def test_years_sized_apart_are_marked_at_their_average(written: Path, plans: dict[str, Plan]) -> None:
    for name in ("free", "dated"):
        offer = plans[name].recommendation.offer
        sheet = read_formulas(written / f"{name}.xlsx")["Commit curve"]
        assert sheet["A5"].value == pytest.approx(sum(offer.commits_usd_per_year(2)) / 2)
        assert "marked at their average a year" in sheet["A2"].value


@pytest.mark.parametrize("name", CONTRACTS)
def test_nothing_that_is_settled_is_called_a_limitation(written: Path, name: str) -> None:
    about = texts(read_formulas(written / f"{name}.xlsx"), "About")
    assert "are not modelled" not in about
    assert "Every clause that sheet Assumptions lists is settled" in about


def test_a_ledger_without_a_commitment_says_so(plans: dict[str, Plan]) -> None:
    assert plans["unsigned"].recommendation.offer.is_none
    book = openpyxl.load_workbook(BytesIO(workbook_bytes(Dossier(plan=plans["unsigned"]))))
    assert "Nothing is committed" in texts(book, "Ramp and ledger")
    assert "committed" not in {c.value for row in book["Ramp and ledger"].iter_rows() for c in row}
