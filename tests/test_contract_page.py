"""The page Contract: terms in words, terms as a form, and terms written back into the plan file."""

import tomllib
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from hypothesis import given, settings
from hypothesis import strategies as some
from streamlit.testing.v1 import AppTest

from planner.bundled import app_path, data_path
from planner.errors import InputError
from planner.plan import Plan, build_plan
from planner.plan_file.contract_sections import ContractSection, PaymentSection, PriceFallsSection
from planner.plan_file.loader import load_plan, parse_plan
from planner.plan_file.text import RARER_TERMS, rarer_terms, terms_of, with_contract
from planner.report import headline
from planner.simulation import KeptPaths
from planner.terms_told import lacking, told
from planner.ui.commit.decision import (
    alternatives,
    decision_figures,
    field_words,
    limit_words,
    offer_sentence,
    sample_of,
    tried_offer,
    why,
)
from planner.ui.commit.decision_tables import ledger_table
from planner.ui.contract.contract_form import CLAUSES, PLAIN_FIELDS, edited, shown
from planner.ui.contract.contract_page import changes_table
from planner.ui.state.rebuilt import SpendOnly, rebuilt
from planner.words import percent_estimate, usd_short
from tests.test_app import opened, unescaped, words

SMALL = Path(__file__).parent / "plans" / "small.toml"
THREE_YEARS = data_path("plans", "three-years.toml")
EXAMPLE = data_path("plans", "example.toml")

COMMENTED = """# the plan of a test
[plan]                          # first
name = "x"
window = { a = 1, b = 2 }       # stays

[contract]
term_months = 12                # a year
overage = "list"                # for now

[contract.rollover]
share = 0.5                     # half
months = 6

[[contract.band]]               # the first
min_commit_usd_per_year = 250_000
discount_fraction = 0.08

[[contract.band]]
min_commit_usd_per_year = 1_000_000     # a million
discount_fraction = 0.15

[decision]                      # last
max_shortfall_probability = 0.1
"""


def band(threshold: float, discount: float) -> dict[str, Any]:
    return {"min_commit_usd_per_year": threshold, "discount_fraction": discount}


# Terms written back into the text of a plan.


@pytest.mark.parametrize("path", [SMALL, THREE_YEARS, EXAMPLE], ids=lambda path: path.stem)
def test_terms_that_did_not_change_leave_the_text_as_it_is(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert with_contract(text, *terms_of(text)) == text
    assert with_contract(text, *edited(shown(text), text)) == text


def test_a_changed_term_changes_its_own_line_and_keeps_its_comment() -> None:
    contract, _ = terms_of(COMMENTED)
    contract["rollover"]["share"] = 0.75
    changed = with_contract(COMMENTED, contract).splitlines()
    different = [(old, new) for old, new in zip(COMMENTED.splitlines(), changed, strict=True) if old != new]
    assert [(old.split(), new.split()) for old, new in different] == [
        (["share", "=", "0.5", "#", "half"], ["share", "=", "0.75", "#", "half"])
    ]


def test_a_deleted_clause_is_gone_and_everything_else_stays() -> None:
    contract, _ = terms_of(COMMENTED)
    del contract["rollover"]
    text = with_contract(COMMENTED, contract)
    assert "rollover" not in text
    gone = {"[contract.rollover]", "share = 0.5                     # half", "months = 6"}
    assert [line for line in text.splitlines() if line] == [
        line for line in COMMENTED.splitlines() if line and line not in gone
    ]


def test_new_terms_are_written_as_people_write_them() -> None:
    contract, _ = terms_of(COMMENTED)
    contract |= {"commit_usd_per_year": 1_200_000.0, "carry_forward": {"share": 0.5}}
    contract["band"] = [*contract["band"], band(5_000_000.0, 0.25)]
    text = with_contract(COMMENTED, contract, [{"name": "seats", "usd_per_month": 6_000, "eligible": True}])
    assert "commit_usd_per_year = 1_200_000\n" in text
    assert "[[contract.band]]\nmin_commit_usd_per_year = 5_000_000\ndiscount_fraction = 0.25\n" in text
    assert "[contract.carry_forward]\nshare = 0.5\n" in text
    assert '[[fixed_spend]]\nname = "seats"\n' in text
    assert all(comment in text for comment in ("# the plan of a test", "# a million", "# for now", "# last"))


SPELLINGS = {
    "dotted": 'contract.term_months = 12\ncontract.rollover.share = 0.5\ncontract.rollover.months = 6\n'
    "contract.band = [{ min_commit_usd_per_year = 0, discount_fraction = 0.1 }]\n# kept\n[decision]\nx = 1\n",
    "inline": "contract = { term_months = 12, band = [{ min_commit_usd_per_year = 0, discount_fraction = 0.1 }] }\n"
    "# kept\n[decision]\nx = 1\n",
    "scattered": "[[contract.band]]\nmin_commit_usd_per_year = 0\ndiscount_fraction = 0.1\n# kept\n[decision]\nx = 1\n"
    "[contract.rollover]\nshare = 0.5\nmonths = 6\n[[fixed_spend]]\nname = \"a\"\nusd_per_month = 1\n",
    "without line end": "[contract]\nband = [{ min_commit_usd_per_year = 0, discount_fraction = 0.1 }] # kept",
}  # fmt: skip


@pytest.mark.parametrize("text", SPELLINGS.values(), ids=SPELLINGS.keys())
def test_terms_come_back_whatever_way_the_file_spells_them(text: str) -> None:
    contract = {"term_months": 24, "rollover": {"share": 0.25, "months": 3}, "band": [band(0, 0.1), band(1e6, 0.2)]}
    fixed_spend = [{"name": "seats", "usd_per_month": 10.5, "eligible": False}]
    changed = with_contract(text, contract, fixed_spend)
    assert terms_of(changed) == (contract, fixed_spend)
    assert tomllib.loads(changed).get("decision") == tomllib.loads(text).get("decision")
    assert with_contract(changed, contract, fixed_spend) == changed


shares = some.floats(0, 1, allow_nan=False)
terms = some.fixed_dictionaries(
    {"band": some.lists(some.builds(band, some.floats(0, 1e9), shares), min_size=1, max_size=4)},
    optional={
        "term_months": some.integers(1, 60),
        "commit_usd_per_year": some.floats(0, 1e9) | some.lists(some.integers(0, 10**9), min_size=1, max_size=3),
        "overage": some.sampled_from(["list", "committed"]) | shares,
        "rollover": some.fixed_dictionaries({"share": shares, "months": some.integers(1, 36)}),
        "payment": some.fixed_dictionaries({"mode": some.just("upfront")}),
        "in_force": some.fixed_dictionaries({"ends": some.dates(date(2027, 2, 1)), "balance_usd": some.floats(0, 1e6)}),
    },
)
others = some.lists(
    some.fixed_dictionaries({"name": some.text(min_size=1, max_size=8), "usd_per_month": shares}), max_size=2
)


@settings(max_examples=60)
@given(first=terms, second=terms, spend=others)
def test_any_terms_come_back_from_the_text_and_nothing_else_changes(first: Any, second: Any, spend: Any) -> None:
    text = with_contract(COMMENTED, first, spend)
    assert terms_of(text) == (first, spend)
    again = with_contract(text, second)
    assert terms_of(again) == (second, [])
    rest = {key: value for key, value in tomllib.loads(again).items() if key != "contract"}
    assert rest == {key: value for key, value in tomllib.loads(COMMENTED).items() if key != "contract"}
    assert "# the plan of a test" in again
    assert "# last" in again


# The form.


def test_the_form_reaches_every_key_of_the_contract() -> None:
    """What the form does not have as a field it leaves as text; together they are all keys that a plan file knows."""
    fields = {item.path[0] for item in PLAIN_FIELDS} | {clause.key for clause in CLAUSES}
    by_hand = {"commit_usd_per_year", "ramp", "quarter_shares", "overage", "band"}
    assert fields | by_hand | set(RARER_TERMS) == set(ContractSection.model_fields)
    for clause in CLAUSES:
        section = ContractSection.model_fields[clause.key].annotation.__args__[0]
        assert {item.path[1] for item in clause.fields} == set(section.model_fields), clause.key


def test_fields_start_from_what_the_loader_takes_for_absent_keys() -> None:
    sections = {1: ContractSection.model_fields, "payment": PaymentSection.model_fields}
    sections["price_falls"] = PriceFallsSection.model_fields
    for item in PLAIN_FIELDS:
        if not item.optional:
            table = sections[1 if len(item.path) == 1 else item.path[0]]
            assert table[item.path[-1]].default == item.start, item.name


def changed(text: str, **values: Any) -> str:
    return with_contract(text, *edited(shown(text) | values, text))


def test_what_is_typed_is_what_the_loader_reads() -> None:
    text = SMALL.read_text(encoding="utf-8")
    values = {
        "term_months": 36,
        "commit_usd_per_year": "",
        "ramp": "shape",
        "weights": "1; 1.3; 1.6",
        "overage": "own",
        "overage_discount": 7.5,
        "overage_cap_fraction_of_commit": 25.0,
        "rollover": True,
        "rollover.share": 40.0,
        "rollover.max_fraction_of_commit": 20.0,
        "payment.mode": "upfront",
        "payment.cost_of_capital_per_year": 8.0,
        "price_rises.cap_fraction": 5.0,
        "eligible_fraction": 90.0,
        "rarer": '[[fixed_spend]]\nname = "seats"\nusd_per_month = 600\n',
    }
    raw = changed(text, **values).replace("months = 12\npaths", "paths")
    contract = parse_plan(raw, base_dir=SMALL.parent).contract
    assert contract.ramp == (1, 1.3, 1.6)
    assert (contract.overage, contract.overage_cap_fraction) == (0.075, 0.25)
    assert contract.rollover is not None
    assert (contract.rollover.share, contract.rollover.max_fraction_of_commit) == (0.4, 0.2)
    assert (contract.payment.mode, contract.payment.cost_of_capital_per_year) == ("upfront", 0.08)
    assert (contract.price_rise_cap_fraction, contract.eligible_fraction) == (0.05, 0.9)
    assert [item.name for item in contract.fixed_spend] == ["seats"]
    assert [(b.min_commit_usd_per_year, b.discount_fraction) for b in contract.bands] == [
        (50_000, 0.05), (150_000, 0.10), (250_000, 0.15)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("typed", "commits"), [("1,200,000", (1.2e6,)), ("$600_000", (6e5,)), ("1e6", (1e6,)), ("0", (0.0,)), ("", None)]
)
def test_a_commitment_is_read_as_people_type_it(typed: str, commits: tuple[float, ...] | None) -> None:
    text = changed(SMALL.read_text(encoding="utf-8"), commit_usd_per_year=typed)
    assert parse_plan(text, base_dir=SMALL.parent).contract.commits_usd_per_year == commits


REFUSED = {
    "a word": ({"commit_usd_per_year": "plenty"}, "'plenty' is not a number"),
    "commas between years": ({"commit_usd_per_year": "1,2"}, "semicolons between contract years"),
    "not a number": ({"commit_usd_per_year": "nan"}, "'nan' is not a number"),
    "an empty field": ({"term_months": None}, "Term, months: the field is empty"),
    "a band without a discount": ({"bands": [{"from": 5.0, "discount": None}]}, "row 1: no discount"),
    "a band without a threshold": ({"bands": [{"from": float("nan"), "discount": 5.0}]}, "row 1: no threshold"),
    "no band": ({"bands": [{"from": None, "discount": None, "source": ""}]}, "no row is left"),
    "text that is no TOML": ({"rarer": "x ="}, "not valid TOML"),
    "another section": ({"rarer": "[usage]\nsources = ['/etc/passwd']"}, "usage is not edited there"),
    "a key with a field": ({"rarer": "[contract]\nterm_months = 3"}, "contract.term_months is not edited there"),
}


@pytest.mark.parametrize(("values", "says"), REFUSED.values(), ids=REFUSED.keys())
def test_what_cannot_be_read_is_refused_with_its_place(values: dict[str, Any], says: str) -> None:
    text = SMALL.read_text(encoding="utf-8")
    with pytest.raises(InputError, match=says.replace("(", r"\(")):
        changed(text, **values)


def test_rarer_terms_are_shown_as_text_that_gives_them_back() -> None:
    text = THREE_YEARS.read_text(encoding="utf-8")
    contract, fixed_spend = terms_of(text)
    shown_terms = tomllib.loads(rarer_terms(text))
    assert shown_terms == {"contract": {"renewal": contract["renewal"]}, "fixed_spend": fixed_spend}
    assert rarer_terms(SMALL.read_text(encoding="utf-8")) == ""
    assert "fixed_spend" not in changed(text, rarer="")


# The terms in words.


def test_the_words_name_the_clauses_that_are_there_and_those_that_are_not() -> None:
    small = load_plan(SMALL).contract
    values = {
        "term_months": 36,
        "ramp": "shape",
        "weights": "1; 1.3; 1.6",
        "rollover": True,
        "rollover.max_fraction_of_commit": 20.0,
    }
    text = changed(SMALL.read_text(encoding="utf-8"), **values).replace("months = 12\npaths", "paths")
    three = parse_plan(text, base_dir=SMALL.parent).contract
    day = date(2027, 1, 1)
    clauses = (("rollover", "Rollover"), ("carry_forward", "Carry-forward"), ("early_renewal", "Early renewal"))
    for contract in (small, three):
        present = {one.name for one in told(contract, day)}
        absent = {one.name for one in lacking(contract)}
        for field, name in clauses:
            is_there = getattr(contract, field) is not None
            assert (name in present) is is_there
            is_of_use = name != "Carry-forward" or len(contract.periods) > 1
            assert (name in absent) is (is_of_use and not is_there)
    says = {one.name: one.says for one in told(three, day)}
    assert "years 2 and 3 commit 1.3 and 1.6 times" in says["Ramp"]
    assert says["Rollover"].startswith(
        "50% of a period's unused commitment is carried over, at most 20% of the commitment"
    )
    assert "5% from $50,000, 10% from $150,000, 15% from $250,000 a year" in says["Discount"]


def test_every_clause_of_the_plan_file_has_words() -> None:
    text = SMALL.read_text(encoding="utf-8")
    values = {clause.key: True for clause in CLAUSES} | {
        "term_months": 12,
        "commit_period": "quarter",
        "quarter_shares": "10; 20; 30; 40",
        "true_forward.lookback_months": 3,
        "shortfall": "true_up",
        "true_up_rate": 60.0,
        "rarer": "[contract.eligible]\nbatch = false\n[contract.marketplace]\nchannel = 'a cloud'\n"
        "cap_usd_per_year = 1\notherwise_unused_usd_per_year = 1\n[contract.in_force]\nends = 2027-07-01\n"
        "balance_usd = 5\non_signing = 'renew'\n[contract.renewal]\nbank_value_fraction = 0.5\n"
        "uplift_fraction = 0.05\n",
    }
    contract = parse_plan(changed(text, **values), base_dir=SMALL.parent).contract
    names = {one.name for one in told(contract, date(2027, 1, 1))}
    assert names >= {
        "Rollover", "Carry-forward", "Reduction right", "Early renewal", "True-forward", "Eligible use", "Marketplace",
        "Already in force", "Balance at the end", "Renewal",
    }  # fmt: skip
    says = {one.name: one.says for one in told(contract, date(2027, 1, 1))}
    assert "10%, 20%, 30%, 40%" in says["Commit period"]
    assert "$0.60 a dollar" in says["Shortfall"]


# A plan with another contract.


@pytest.fixture(scope="module")
def plan() -> Plan:
    return build_plan(load_plan(SMALL))


EDITS = {
    "bands": {"bands": [{"from": 60_000.0, "discount": 6.0}, {"from": 120_000.0, "discount": 12.0}]},
    "overage": {"overage": "committed"},
    "locked prices": {"price_falls.passed_through": False},
    "a cap on rises": {"price_rises.cap_fraction": 5.0},
    "eligible models": {"rarer": '[contract.eligible]\ntiers = ["opus"]\n'},
    "a shorter term": {"term_months": 6},
}


@pytest.mark.parametrize("values", EDITS.values(), ids=EDITS.keys())
def test_a_plan_with_other_terms_is_the_plan_that_is_built_from_them(plan: Plan, values: dict[str, Any]) -> None:
    inputs = parse_plan(changed(plan.inputs.text, **values), base_dir=plan.inputs.base_dir)
    found = rebuilt(plan, inputs, KeptPaths(), lambda step, done: None)
    built = build_plan(inputs)
    assert found.inputs.sha256 == inputs.sha256
    assert found.recommendation == built.recommendation
    assert found.curve == built.curve
    assert found.warnings == built.warnings


def test_other_terms_are_settled_on_the_paths_that_are_there(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = SpendOnly()
    before = build_plan(plan.inputs, kept=kept)
    assert not kept.demand
    inputs = parse_plan(changed(plan.inputs.text, overage="committed"), base_dir=plan.inputs.base_dir)
    after = rebuilt(before, inputs, KeptPaths(spend=dict(kept.spend)), lambda step, done: None)
    for name, spend in before.spend.items():
        assert after.spend[name] is spend


def test_the_changes_say_what_the_terms_save(plan: Plan) -> None:
    inputs = parse_plan(changed(plan.inputs.text, overage="committed"), base_dir=plan.inputs.base_dir)
    after = build_plan(inputs)
    table = changes_table(plan, after)
    saved = plan.recommendation.expected_cost.mean - after.recommendation.expected_cost.mean
    assert saved > 0
    assert f"cost {usd_short(saved)} less" in table.note
    assert changes_table(plan, plan).note == "With all edits the plan is expected to cost the same."


# What the page Commit says of such terms.


def of_terms(**values: Any) -> Plan:
    """The small plan on few paths, with other terms."""
    text = changed(SMALL.read_text(encoding="utf-8"), **values)
    return build_plan(parse_plan(text.replace("months = 12\npaths = 4_000", "paths = 1_000"), base_dir=SMALL.parent))


def test_a_fixed_commitment_is_priced_and_no_best_one_is_claimed() -> None:
    fixed = of_terms(commit_usd_per_year="100,000")
    assert "The plan fixes this commitment, so it is priced and not sized" in why(fixed)
    assert "cheapest one" not in why(fixed)
    assert [name for name, _ in alternatives(fixed)].count("As fixed") == 1
    assert decision_figures(fixed)[0].name == "Fixed, a year"
    assert "Signing first" not in [figure.name for figure in decision_figures(fixed)]
    assert offer_sentence_of(fixed).startswith("This is what the plan fixes")


def offer_sentence_of(plan: Plan) -> str:
    best = plan.recommendation.offer
    return offer_sentence(plan, best, sample_of(plan).expect([best])[0])


def test_the_field_says_which_year_it_is_and_present_value_stands_beside_nominal() -> None:
    values = {"term_months": 24, "ramp": "shape", "weights": "1; 1.5", "payment.cost_of_capital_per_year": 8.0}
    ramped = of_terms(**values)
    assert "contract year 1's commitment; the years after it commit 1.5 times" in field_words(ramped)
    best = ramped.recommendation
    figures = {figure.name: figure for figure in decision_figures(ramped)}
    assert figures["Present value"].value == usd_short(best.npv_cost.mean)
    assert best.npv_cost.mean < best.expected_cost.mean
    assert tried_offer(ramped, best.offer.commit_usd_per_year) == best.offer
    assert tried_offer(ramped, 60_000.0).commits_usd_per_year(2) == (60_000.0, 90_000.0)
    rows = ledger_table(ramped, best).rows
    assert [row[0] for row in rows] == ["year 1", "year 2", "the term"]
    assert rows[-1][-1] == percent_estimate(best.shortfall_probability)


def test_a_limit_that_binds_says_of_what_and_what_relaxing_it_saves(plan: Plan) -> None:
    for one in (plan, of_terms(term_months=24)):
        note, says = one.constraint, limit_words(one)
        assert bool(says) is note.binds
        if note.binds:
            assert f"that one would save {usd_short(note.relaxing_saves_usd)}" in says
            assert (note.limits in says) is (len(one.inputs.contract.periods) > 1)


@pytest.mark.parametrize("values", [{"term_months": 24, "ramp": "free"}, {"commit_period": "quarter"}], ids=str)
def test_the_page_of_other_terms_runs(
    app: AppTest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, values: dict[str, Any]
) -> None:
    text = changed(SMALL.read_text(encoding="utf-8"), **values)
    path = tmp_path / "other.toml"
    path.write_text(text.replace("months = 12\npaths = 4_000", "paths = 1_000"), encoding="utf-8")
    monkeypatch.setenv("PLANNER_PLAN", str(path))
    opened(app, "commit")
    assert not app.error
    app.number_input(key="commit").set_value(90_000.0).run()
    assert not app.exception
    opened(app, "compare")


# The page.


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> Iterator[AppTest]:
    monkeypatch.setenv("PLANNER_PLAN", str(SMALL))
    yield AppTest.from_file(str(app_path()), default_timeout=120)
    st.cache_resource.clear()


def widget(app: AppTest, kind: str, name: str) -> Any:
    """A widget of the form by the key of the plan file: their own keys change with the plan."""
    (found,) = [item for item in getattr(app, kind) if item.key and item.key.endswith(f"_{name}")]
    return found


def test_the_page_says_what_the_terms_lead_to_and_what_they_are(app: AppTest, plan: Plan) -> None:
    text = words(opened(app, "contract"))
    assert all(line in text for line in headline(plan)[:2])
    contract, start = plan.inputs.contract, plan.inputs.start
    for clause in (*told(contract, start), *lacking(contract)):
        assert clause.says in text
    assert "Edited, not saved" not in text


def test_an_edit_is_worked_out_once_it_is_applied_and_shows_on_every_page(app: AppTest, plan: Plan) -> None:
    opened(app, "contract")
    widget(app, "selectbox", "overage").set_value("committed").run()
    assert headline(plan)[0] in words(app), "nothing is worked out before it is applied"
    widget(app, "selectbox", "overage").set_value("committed")
    app.button(key="apply_terms").click().run()
    assert not app.exception
    assert not app.error
    inputs = parse_plan(changed(plan.inputs.text, overage="committed"), base_dir=plan.inputs.base_dir)
    after = build_plan(inputs)
    assert headline(after)[0] != headline(plan)[0]
    for page in ("contract", "commit", "run-rate"):
        text = words(opened(app, page))
        assert "Edited, not saved." in text
        assert inputs.sha256[:8] in text
        assert headline(after)[0] in text or page == "run-rate"
    assert widget(opened(app, "contract"), "selectbox", "overage").value == "committed"
    assert changes_table(plan, after).note in words(app)


def test_terms_that_are_refused_stay_in_the_form_and_the_plan_stays_as_it_was(app: AppTest, plan: Plan) -> None:
    opened(app, "contract")
    widget(app, "number_input", "term_months").set_value(24)
    widget(app, "selectbox", "ramp").set_value("shape")
    widget(app, "text_input", "weights").set_value("1; 1.2; 1.4")
    app.button(key="apply_terms").click().run()
    assert not app.exception
    assert "contract.ramp has 3 values" in unescaped(app.error[0].value)
    assert headline(plan)[0] in words(app)
    assert widget(app, "text_input", "weights").value == "1; 1.2; 1.4"
    assert widget(app, "number_input", "term_months").value == 24
    app.run()
    assert "contract.ramp has 3 values" in unescaped(app.error[0].value), "it stays until the terms are applied again"


def test_a_term_that_outgrows_the_horizon_takes_it_along(app: AppTest) -> None:
    assert "months = 12" in SMALL.read_text(encoding="utf-8")
    opened(app, "contract")
    widget(app, "number_input", "term_months").set_value(24)
    app.button(key="apply_terms").click().run()
    assert not app.exception
    assert not app.error
    assert "over 24 months" in words(app)
    shown = with_contract("[plan]\nmonths = 12  # a year\n[contract]\nterm_months = 12\n", {"term_months": 30})
    assert shown == "[plan]\nmonths = 30  # a year\n[contract]\nterm_months = 30\n"
    kept = with_contract("[plan]\nmonths = 48\n[contract]\nterm_months = 12\n", {"term_months": 30})
    assert tomllib.loads(kept)["plan"]["months"] == 48


@pytest.mark.parametrize("button", ["undo_terms", "undo_edits"])
def test_undo_returns_to_the_terms_of_the_file(app: AppTest, plan: Plan, button: str) -> None:
    opened(app, "contract")
    widget(app, "checkbox", "rollover").set_value(True)
    app.button(key="apply_terms").click().run()
    assert "Edited, not saved." in words(app)
    app.button(key=button).click().run()
    assert not app.exception
    text = words(app)
    assert "Edited, not saved." not in text
    assert headline(plan)[0] in text
    assert widget(app, "checkbox", "rollover").value is False


def test_what_was_typed_and_not_applied_is_undone_too(app: AppTest) -> None:
    opened(app, "contract")
    widget(app, "number_input", "eligible_fraction").set_value(50.0).run()
    app.button(key="undo_terms").click().run()
    assert not app.exception
    assert widget(app, "number_input", "eligible_fraction").value == 100.0


def test_an_upload_takes_the_place_of_the_edits_and_says_so(app: AppTest) -> None:
    opened(app, "contract")
    widget(app, "selectbox", "overage").set_value("committed")
    app.button(key="apply_terms").click().run()
    other = SMALL.read_text(encoding="utf-8").replace("small", "another")
    app.file_uploader(key="uploads_0").set_value([("other.toml", other.encode(), "application/toml")]).run()
    text = words(app)
    assert "Edited, not saved." not in text
    assert "your edits are gone" in text


def test_edits_hold_for_a_plan_whose_log_was_uploaded(app: AppTest) -> None:
    opened(app, "contract")
    log = data_path("usage", "example.jsonl.gz").read_bytes()
    app.file_uploader(key="uploads_0").set_value([("mine.jsonl.gz", log, "application/gzip")]).run()
    widget(app, "selectbox", "overage").set_value("committed")
    app.button(key="apply_terms").click().run()
    assert not app.exception
    assert not app.error
    assert "Edited, not saved." in words(app)


def test_a_plan_file_keeps_its_comments_when_its_terms_are_edited() -> None:
    text = changed(EXAMPLE.read_text(encoding="utf-8"), overage="committed", rollover=True)
    comments = {line.partition("#")[2] for line in EXAMPLE.read_text(encoding="utf-8").splitlines() if "#" in line}
    assert comments == {line.partition("#")[2] for line in text.splitlines() if "#" in line}
    inputs = parse_plan(text, base_dir=EXAMPLE.parent)
    assert replace(inputs.contract, rollover=None, overage="list") == load_plan(EXAMPLE).contract
