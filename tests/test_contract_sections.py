"""[contract], its clauses, [[fixed_spend]] and [decision] of a plan file: every key reaches its field or is refused."""

from dataclasses import fields, replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import tomlkit
from hypothesis import given, settings
from hypothesis import strategies as st

from planner import clauses
from planner.bands import DiscountBand
from planner.bundled import data_path
from planner.contract import Contract
from planner.errors import InputError
from planner.inputs import Decision, PlanInputs
from planner.offer import NO_COMMITMENT
from planner.plan_file import contract_sections as sections
from planner.plan_file.loader import load_plan, parse_plan
from planner.plan_file.schema import PlanFile
from planner.plan_file.section import Section

Table = dict[str, Any]

BAND: Table = {"min_commit_usd_per_year": 1000.0, "discount_fraction": 0.2}
TOTAL: Table = {"min_commit_usd_total": 3000.0, "discount_fraction": 0.2}


def plan(contract: Table | None = None, **other: Any) -> Table:
    entry = {
        "request_type": "chat",
        "model": "claude-opus-5-5",
        "monthly_requests": 1000.0,
        "uncached_input_tokens": 900.0,
        "output_tokens": 60.0,
    }
    table: Table = {"plan": {"start": date(2027, 3, 1)}, "mix": [entry], "contract": {"band": [BAND]}}
    return {**table, **other, "contract": {"band": [BAND], **(contract or {})}}


def parsed(table: Table) -> PlanInputs:
    return parse_plan(tomlkit.dumps(table), base_dir=Path())


def loaded(**contract: Any) -> Contract:
    return parsed(plan(contract)).contract


def test_a_contract_of_bands_only_has_every_clause_at_its_default() -> None:
    assert loaded() == Contract(
        term_months=12, bands=(DiscountBand(min_commit_usd_per_year=1000.0, discount_fraction=0.2),)
    )


CLAUSES: list[tuple[str, Table, Any]] = [
    (
        "rollover",
        {"share": 0.4, "months": 6, "renew_min_fraction": 1.1, "max_fraction_of_commit": 0.3, "draw": "current_first"},
        clauses.Rollover(share=0.4, months=6, renew_min_fraction=1.1, max_fraction_of_commit=0.3, draw="current_first"),
    ),
    ("rollover", {"share": 1, "months": 12}, clauses.Rollover(share=1.0, months=12)),
    (
        "carry_forward",
        {"share": 0.5, "max_fraction_of_commit": 0.25},
        clauses.CarryForward(share=0.5, max_fraction_of_commit=0.25),
    ),
    ("carry_forward", {}, clauses.CarryForward()),
    (
        "reduction",
        {"max_fraction": 0.2, "lookback_months": 6, "exercised": False},
        clauses.Reduction(max_fraction=0.2, lookback_months=6, exercised=False),
    ),
    ("reduction", {"max_fraction": 0.2}, clauses.Reduction(max_fraction=0.2)),
    (
        "early_renewal",
        {"month": 9, "credit_fraction": 0.5, "commit_fraction": 0.8, "exercised": False},
        clauses.EarlyRenewal(month=9, credit_fraction=0.5, commit_fraction=0.8, exercised=False),
    ),
    (
        "true_forward",
        {"trigger_fraction": 1.1, "share": 0.9, "lookback_months": 3, "resets": True},
        clauses.TrueForward(trigger_fraction=1.1, share=0.9, lookback_months=3, resets=True),
    ),
    ("true_forward", {}, clauses.TrueForward()),
    (
        "payment",
        {"mode": "quarterly", "cost_of_capital_per_year": 0.08},
        clauses.Payment(mode="quarterly", cost_of_capital_per_year=0.08),
    ),
    (
        "eligible",
        {"models": ["claude-opus-5-5"], "tiers": ["sonnet", "other"], "batch": False, "channels": ["anthropic"]},
        clauses.Eligibility(models=("claude-opus-5-5",), tiers=("sonnet", "other"), batch=False),
    ),
    ("eligible", {"channels": ["vertex", "anthropic"]}, clauses.Eligibility()),
    (
        "marketplace",
        {
            "channel": "Bedrock",
            "fee_fraction": 0.03,
            "draws_down_fraction": 0.25,
            "cap_usd_per_year": 1000,
            "otherwise_unused_usd_per_year": 500,
        },
        clauses.Marketplace(
            channel="Bedrock",
            fee_fraction=0.03,
            draws_down_fraction=0.25,
            cap_usd_per_year=1000.0,
            otherwise_unused_usd_per_year=500.0,
        ),
    ),
    (
        "marketplace",
        {"channel": "Vertex", "cap_usd_per_year": 10.0, "otherwise_unused_usd_per_year": 5.0},
        clauses.Marketplace(channel="Vertex", cap_usd_per_year=10.0, otherwise_unused_usd_per_year=5.0),
    ),
    (
        "in_force",
        {
            "ends": date(2028, 1, 1),
            "balance_usd": 700,
            "discount_fraction": 0.1,
            "on_signing": "renew",
            "bank_usd": 50,
            "bank_ends": date(2027, 4, 1),
        },
        clauses.InForce(
            ends_month=10,
            balance_usd=700.0,
            discount_fraction=0.1,
            on_signing="renew",
            bank_usd=50.0,
            bank_ends_month=1,
        ),
    ),
    (
        "in_force",
        {"ends": date(2028, 3, 1), "balance_usd": 700, "on_signing": "co_term"},
        clauses.InForce(
            ends_month=12, balance_usd=700.0, discount_fraction=0.0, on_signing="co_term", bank_ends_month=12
        ),
    ),
    (
        "renewal",
        {"bank_value_fraction": 0.6, "uplift_fraction": 0.07},
        clauses.Renewal(bank_value_fraction=0.6, uplift_fraction=0.07),
    ),
]


@pytest.mark.parametrize(("name", "keys", "noun"), CLAUSES, ids=[f"{name}-{len(keys)}" for name, keys, _ in CLAUSES])
def test_a_clause_reaches_its_noun_and_nothing_else_moves(name: str, keys: Table, noun: Any) -> None:
    assert loaded(**{name: keys}) == replace(loaded(), **{name: noun})


def test_every_clause_of_a_contract_and_every_key_of_its_table_is_tested_above() -> None:
    tables: dict[str, set[str]] = {}
    for name, keys, _ in CLAUSES:
        tables.setdefault(name, set()).update(keys)
    written = {
        name: set(field.annotation.model_fields)
        for name, field in sections.ContractSection.model_fields.items()
        if isinstance(field.annotation, type) and issubclass(field.annotation, Section)
    }
    for name, keys in tables.items():
        model = getattr(sections, "".join(word.title() for word in name.split("_")) + "Section")
        written[name] = set(model.model_fields)
        assert keys == written[name]
    assert set(written) - set(tables) == {"price_falls"}
    nouns = {"commits_usd_per_year", "price_falls_passed_through", "price_rise_cap_fraction", "bands", "band_basis"}
    others = {field.name for field in fields(Contract)} - set(tables) - nouns - {"fixed_spend", "overage_cap_fraction"}
    assert others <= set(sections.ContractSection.model_fields)


@pytest.mark.parametrize(
    ("keys", "changed"),
    [
        ({"term_months": 30}, {"term_months": 30}),
        ({"commit_usd_per_year": 1_200_000}, {"commits_usd_per_year": (1_200_000.0,)}),
        ({"commit_usd_per_year": 0}, {"commits_usd_per_year": (0.0,)}),
        (
            {"commit_usd_per_year": 5000, "term_months": 30},
            {"commits_usd_per_year": (5000.0,) * 3, "term_months": 30},
        ),
        (
            {"commit_usd_per_year": [1000, 3000.0], "term_months": 24},
            {"commits_usd_per_year": (1000.0, 3000.0), "term_months": 24},
        ),
        (
            {"commit_usd_per_year": 1000, "ramp": [2, 3, 1], "term_months": 36},
            {"commits_usd_per_year": (1000.0, 1500.0, 500.0), "ramp": (2.0, 3.0, 1.0), "term_months": 36},
        ),
        ({"ramp": "free", "term_months": 24}, {"ramp": "free", "term_months": 24}),
        ({"commit_period": "term"}, {"commit_period": "term"}),
        (
            {"commit_period": "quarter", "quarter_shares": [0.1, 0.2, 0.3, 0.4]},
            {"commit_period": "quarter", "quarter_shares": (0.1, 0.2, 0.3, 0.4)},
        ),
        ({"drawdown": "list"}, {"drawdown": "list"}),
        ({"overage": 0.1}, {"overage": 0.1}),
        ({"overage": "committed"}, {"overage": "committed"}),
        (
            {"overage": "committed", "overage_cap_fraction_of_commit": 0.5},
            {"overage": "committed", "overage_cap_fraction": 0.5},
        ),
        ({"band_mode": "incremental"}, {"band_mode": "incremental"}),
        ({"shortfall": "true_up", "true_up_rate": 0.7}, {"shortfall": "true_up", "true_up_rate": 0.7}),
        ({"shortfall": "true_up"}, {"shortfall": "true_up", "true_up_rate": 1.0}),
        ({"eligible_fraction": 0.9}, {"eligible_fraction": 0.9}),
        ({"price_falls": {"passed_through": False}}, {"price_falls_passed_through": False}),
        ({"price_rises": {"cap_fraction": 0.03}}, {"price_rise_cap_fraction": 0.03}),
    ],
)
def test_a_term_reaches_its_field_and_nothing_else_moves(keys: Table, changed: Table) -> None:
    assert loaded(**keys) == replace(loaded(), **changed)


def test_bands_by_tier_and_by_the_commitment_of_the_whole_term() -> None:
    tiers = {"sonnet": 0.1, "opus": 0.25, "haiku": 0.0}
    band = {**BAND, "discount_by_tier": tiers, "source": "quote of 2026-11-02"}
    assert dict(loaded(band=[band]).bands[0].by_tier) == tiers
    assert loaded(band=[{**BAND, "source": "quote"}]) == loaded()
    by_term = loaded(term_months=30, band=[TOTAL, {**TOTAL, "min_commit_usd_total": 9000}])
    assert by_term.band_basis == "term"
    assert [band.min_commit_usd_per_year for band in by_term.bands] == pytest.approx([1200.0, 3600.0])


def test_a_commitment_of_zero_is_signed_as_none() -> None:
    contract = loaded(commit_usd_per_year=0, term_months=24)
    assert contract.commits_usd_per_year is not None
    assert contract.offer_of(contract.commits_usd_per_year) == NO_COMMITMENT


def test_a_term_that_ends_with_the_contract_in_force_need_not_be_typed() -> None:
    in_force = {"ends": date(2028, 9, 1), "balance_usd": 1.0, "on_signing": "co_term"}
    inputs = parsed(plan({"in_force": in_force}))
    assert (inputs.contract.term_months, inputs.months) == (18, 18)
    assert loaded(in_force=in_force, term_months=18) == inputs.contract
    assert loaded(in_force={**in_force, "on_signing": "renew"}).term_months == 12


def test_fixed_spend_stands_at_the_top_of_the_file() -> None:
    spend = [{"name": "seats", "usd_per_month": 500}, {"name": "fees", "usd_per_month": 20.5, "eligible": False}]
    assert parsed(plan(fixed_spend=spend)).contract.fixed_spend == (
        clauses.FixedSpend(name="seats", usd_per_month=500.0, eligible=True),
        clauses.FixedSpend(name="fees", usd_per_month=20.5, eligible=False),
    )


def decided(**decision: Any) -> Decision:
    return parsed(plan(decision=decision, scenario=[{"name": "a"}, {"name": "b"}])).decision


def test_the_decision_s_new_keys_and_their_defaults() -> None:
    usual = decided()
    assert (usual.scenario_weights, usual.money, usual.shortfall_limit_per) == ((), "nominal", "term")
    found = decided(objective="weighted", scenario_weights={"b": 3, "a": 1}, money="npv", shortfall_limit_per="period")
    assert found == replace(
        usual,
        objective="weighted",
        scenario_weights=(("a", 0.25), ("b", 0.75)),
        money="npv",
        shortfall_limit_per="period",
    )
    hash(found)
    assert decided(objective="weighted", scenario_weights={"a": 0, "b": 7}).scenario_weights == (("a", 0), ("b", 1))


def test_what_changes_nothing_is_said() -> None:
    notes = parsed(plan({"overage_cap_fraction_of_commit": 0.5}, decision={"money": "npv"})).notes
    assert len(notes) == 2
    assert "overage_cap_fraction_of_commit" in notes[0]
    assert "cost_of_capital_per_year" in notes[1]
    useful = {"overage": 0.1, "overage_cap_fraction_of_commit": 0.5, "payment": {"cost_of_capital_per_year": 0.1}}
    assert parsed(plan(useful, decision={"money": "npv"})).notes == ()


# --- mistakes --------------------------------------------------------------------------------------------------------

IN_FORCE: Table = {"ends": date(2028, 3, 1), "balance_usd": 5.0, "on_signing": "renew"}


@pytest.mark.parametrize(
    ("contract", "words"),
    [
        ({"commit_usd_per_year": -1}, ["contract.commit_usd_per_year = -1", "0"]),
        ({"commit_usd_per_year": "all"}, ["contract.commit_usd_per_year = 'all'", "number", "list"]),
        ({"commit_usd_per_year": [1.0, -2.0]}, ["contract.commit_usd_per_year[2] = -2"]),
        ({"commit_usd_per_year": [1.0, 2.0]}, ["contract.commit_usd_per_year has 2 values", "12 months"]),
        ({"commit_usd_per_year": [1.0, 1.0], "term_months": 24, "ramp": [1, 1]}, ["contract.ramp", "leave one out"]),
        ({"commit_usd_per_year": 5.0, "ramp": "free"}, ["contract.ramp", "free", "commit_usd_per_year"]),
        ({"commit_period": "month"}, ["contract.commit_period = 'month'", "quarter"]),
        ({"commit_period": "quarter", "quarter_shares": [0.5, 0.5]}, ["contract.quarter_shares = [0.5, 0.5]", "four"]),
        ({"commit_period": "quarter", "quarter_shares": [0.4] * 4}, ["contract.quarter_shares", "add up to 1"]),
        ({"quarter_shares": [0.25] * 4}, ["contract.quarter_shares", 'commit_period = "quarter"', '"year"']),
        ({"ramp": "steep"}, ["contract.ramp = 'steep'", "'flat' or 'free'"]),
        ({"ramp": [1.0, 0.0]}, ["contract.ramp[2] = 0", "greater than 0"]),
        ({"ramp": [1.0, 2.0]}, ["contract.ramp has 2 values", "12 months"]),
        ({"ramp": [1.0, 2.0], "commit_usd_per_year": 5.0}, ["contract.ramp has 2 values"]),
        ({"ramp": [1.0, 2.0], "term_months": 24, "commit_period": "term"}, ["contract.ramp", "term"]),
        ({"overage": 15}, ["contract.overage = 15"]),
        ({"overage_cap_fraction_of_commit": -0.1}, ["contract.overage_cap_fraction_of_commit = -0.1"]),
        ({"overage_cap_fraction": 0.1}, ["contract.overage_cap_fraction", "'overage_cap_fraction_of_commit'"]),
        ({"band_mode": "step"}, ["contract.band_mode = 'step'", "incremental"]),
        ({"shortfall": "true-up"}, ["contract.shortfall = 'true-up'", "true_up"]),
        ({"true_up_rate": 0.5}, ["contract.true_up_rate = 0.5", 'shortfall = "true_up"', '"forfeit"']),
        ({"shortfall": "true_up", "true_up_rate": 70}, ["contract.true_up_rate = 70", "0.7"]),
        ({"band": [{"discount_fraction": 0.1}]}, ["contract.band[1]", "neither", "min_commit_usd_total"]),
        ({"band": [{**BAND, **TOTAL}]}, ["contract.band[1]", "both", "min_commit_usd_total"]),
        ({"band": [BAND, TOTAL]}, ["contract.band[2]", "different bands", "every band"]),
        ({"band": [TOTAL, BAND]}, ["contract.band[2]", "different bands"]),
        ({"band": [TOTAL, TOTAL]}, ["contract.band[1]", "3,000 USD for the term"]),
        ({"band": [{**BAND, "discount_by_tier": {"opus": 1.0}}]}, ["contract.band[1].discount_by_tier.opus = 1.0"]),
        ({"band": [{**BAND, "discount_by_tier": {"opuss": 0.1}}]}, ["discount_by_tier.opuss", "'opus'"]),
        ({"band": [{**BAND, "discount_by_tier": {"opus": 0.1}}], "drawdown": "list"}, ["contract: discount_by_tier"]),
        ({"band": [{**BAND, "sources": "x"}]}, ["contract.band[1].sources", "'source'"]),
        ({"rollover": {"months": 6}}, ["contract.rollover.share", "missing"]),
        ({"rollover": {"share": 0.5}}, ["contract.rollover.months", "missing"]),
        ({"rollover": {"share": 50, "months": 6}}, ["contract.rollover.share = 50", "0.5"]),
        ({"rollover": {"share": 0.5, "months": 0}}, ["contract.rollover.months = 0"]),
        ({"rollover": {"share": 0.5, "months": 6.5}}, ["contract.rollover.months = 6.5", "integer"]),
        ({"rollover": {"share": 0.5, "months": 6, "draw": "new_first"}}, ["contract.rollover.draw", "carried_first"]),
        ({"rollover": {"share": 0.5, "months": 6, "max_fraction": 0.1}}, ["'max_fraction_of_commit'"]),
        ({"rollover": {"share": 0.5, "months": 6, "renew_min_fraction": -1}}, ["renew_min_fraction = -1"]),
        ({"carry_forward": {"share": 1.5}}, ["contract.carry_forward.share = 1.5"]),
        ({"reduction": {}}, ["contract.reduction.max_fraction", "missing"]),
        ({"reduction": {"max_fraction": 1.2}}, ["contract.reduction.max_fraction = 1.2"]),
        (
            {"early_renewal": {"month": 12, "credit_fraction": 0.5, "commit_fraction": 1.0}},
            ["contract.early_renewal.month = 12", "12 months"],
        ),
        ({"early_renewal": {"month": 6, "commit_fraction": 1.0}}, ["contract.early_renewal.credit_fraction"]),
        ({"true_forward": {"lookback_months": 5}}, ["contract.true_forward.lookback_months = 5", "12 months"]),
        ({"payment": {"mode": "monthly"}}, ["contract.payment.mode = 'monthly'", "arrears"]),
        ({"payment": {"cost_of_capital_per_year": -0.1}}, ["contract.payment.cost_of_capital_per_year = -0.1"]),
        ({"payment": {"cost_of_capital": 0.1}}, ["contract.payment.cost_of_capital", "'cost_of_capital_per_year'"]),
        ({"price_falls": {"pass_through": True}}, ["contract.price_falls.pass_through", "'passed_through'"]),
        ({"price_rises": {}}, ["contract.price_rises.cap_fraction", "missing"]),
        ({"price_rises": {"cap": 0.1}}, ["contract.price_rises.cap", "cap_fraction"]),
        ({"price_rises": {"cap_fraction": -0.1}}, ["contract.price_rises.cap_fraction = -0.1"]),
        ({"eligible": {"models": ["claude-nonesuch-9"]}}, ["contract.eligible.models[1]", "claude-nonesuch-9"]),
        ({"eligible": {"models": []}}, ["contract.eligible.models"]),
        ({"eligible": {"tiers": ["opus", "large"]}}, ["contract.eligible.tiers[2] = 'large'", "sonnet"]),
        ({"eligible": {"channels": ["bedrock"]}}, ["contract.eligible.channels", "bedrock", "prices.provider"]),
        ({"eligible": {"channels": ["azure"]}}, ["contract.eligible.channels[1] = 'azure'", "vertex"]),
        ({"marketplace": {"channel": "x"}}, ["contract.marketplace.cap_usd_per_year", "missing"]),
        ({"in_force": {**IN_FORCE, "ends": date(2028, 3, 2)}}, ["contract.in_force.ends = 2028-03-02", "first day"]),
        ({"in_force": {**IN_FORCE, "ends": date(2027, 3, 1)}}, ["contract.in_force.ends = 2027-03-01", "after"]),
        ({"in_force": {**IN_FORCE, "ends": "2028-03-01"}}, ["contract.in_force.ends", "date"]),
        ({"in_force": {**IN_FORCE, "on_signing": "both"}}, ["contract.in_force.on_signing = 'both'", "co_term"]),
        (
            {"in_force": {**IN_FORCE, "bank_usd": 1.0, "bank_ends": date(2026, 3, 1)}},
            ["contract.in_force.bank_ends = 2026-03-01", "after"],
        ),
        ({"in_force": {**IN_FORCE, "bank_ends": date(2027, 9, 1)}}, ["contract.in_force.bank_ends", "bank_usd"]),
        (
            {"in_force": {**IN_FORCE, "on_signing": "co_term"}, "term_months": 24},
            ["contract.in_force ends 12", "term_months = 12"],
        ),
        (
            {"in_force": {**IN_FORCE, "ends": date(2047, 3, 1), "on_signing": "co_term"}},
            ["contract.in_force", "240", "120"],
        ),
        ({"renewal": {"bank_value_fraction": 1.5}}, ["contract.renewal.bank_value_fraction = 1.5"]),
        ({"renewal": {"uplift_part": 0.1}}, ["contract.renewal.uplift_part", "'uplift_fraction'"]),
        ({"rollovers": {}}, ["contract.rollovers", "'rollover'"]),
    ],
)
def test_a_mistake_in_the_contract_is_one_error_with_place_value_and_remedy(contract: Table, words: list[str]) -> None:
    with pytest.raises(InputError) as error:
        loaded(**contract)
    for word in words:
        assert word in str(error.value)
    assert "pydantic" not in str(error.value)
    assert str(error.value).startswith("contract")
    assert "contract: contract" not in str(error.value)


@pytest.mark.parametrize(
    ("decision", "words"),
    [
        ({"objective": "weighted"}, ["decision.objective", "scenario_weights", "a, b"]),
        ({"objective": "weighted", "scenario_weights": {"c": 1}}, ["decision.scenario_weights", "'c'", "a, b"]),
        ({"scenario_weights": {"c": 1}}, ["decision.scenario_weights", "'c'"]),
        ({"scenario_weights": {"a": 0, "b": 0.0}}, ["decision.scenario_weights", "every weight is 0"]),
        ({"scenario_weights": {"a": -1}}, ["decision.scenario_weights", "-1"]),
        ({"money": "real"}, ["decision.money = 'real'", "npv"]),
        ({"shortfall_limit_per": "year"}, ["decision.shortfall_limit_per = 'year'", "period"]),
        ({"cvar_loss": "waste"}, ["decision.cvar_loss = 'waste'", "only serves as a constraint", "'regret'"]),
        ({"cvar_loss": "money"}, ["decision.cvar_loss = 'money'", "regret"]),
        ({"objective": "waste"}, ["decision.objective = 'waste'", "weighted"]),
    ],
)
def test_a_mistake_in_the_decision_is_one_error_with_place_value_and_remedy(decision: Table, words: list[str]) -> None:
    with pytest.raises(InputError) as error:
        decided(**decision)
    for word in words:
        assert word in str(error.value)


def test_a_mistake_in_fixed_spend_names_it() -> None:
    seats = {"name": "seats", "usd_per_month": 5.0}
    with pytest.raises(InputError, match=r"fixed_spend\[2\]: 'seats' is there twice"):
        parsed(plan(fixed_spend=[seats, seats]))
    with pytest.raises(InputError, match=r"fixed_spend\[1\].usd_per_month = -5"):
        parsed(plan(fixed_spend=[{**seats, "usd_per_month": -5.0}]))
    with pytest.raises(InputError, match=r"fixed_spend\[1\].eligble: unknown key; did you mean 'eligible'"):
        parsed(plan(fixed_spend=[{**seats, "eligble": True}]))


# --- the order of the file -------------------------------------------------------------------------------------------

FULL = plan(
    {
        **{name: keys for name, keys, _ in CLAUSES},
        "term_months": 24,
        "commit_usd_per_year": 2000,
        "ramp": [1, 2],
        "price_rises": {"cap_fraction": 0.05},
        "price_falls": {"passed_through": False},
        "in_force": {**IN_FORCE, "bank_usd": 3.0, "bank_ends": date(2027, 9, 1)},
        "band": [{**BAND, "discount_by_tier": {"opus": 0.3, "haiku": 0.1}}, {**BAND, "min_commit_usd_per_year": 50}],
    },
    fixed_spend=[{"name": "seats", "usd_per_month": 5.0}],
    scenario=[{"name": "a"}, {"name": "b"}],
    decision={"objective": "weighted", "scenario_weights": {"a": 1, "b": 2}, "money": "npv"},
)


def shuffled(value: Any, draw: Any) -> Any:
    """A table with its keys in another order, all the way down; lists of tables stay, as scenarios count in theirs."""
    if isinstance(value, list):
        return [shuffled(item, draw) for item in value]
    if not isinstance(value, dict):
        return value
    return {key: shuffled(value[key], draw) for key in draw(st.permutations(list(value)))}


@settings(max_examples=40)
@given(data=st.data())
def test_the_order_of_keys_tables_and_bands_does_not_matter(data: st.DataObject) -> None:
    table = shuffled(FULL, data.draw)
    table["contract"]["band"] = data.draw(st.permutations(table["contract"]["band"]))
    found, expected = parsed(table), parsed(FULL)
    tiers = {frozenset(band.by_tier) for band in found.contract.bands}
    assert tiers == {frozenset(band.by_tier) for band in expected.contract.bands}
    assert found.contract == expected.contract
    assert found.decision == expected.decision


# --- what ships ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["example.toml", "three-years.toml"])
def test_a_plan_that_ships_is_accepted_without_a_remark(name: str) -> None:
    assert load_plan(data_path("plans", name)).notes == ()


def test_the_three_year_plan_shows_what_its_comments_promise() -> None:
    inputs = load_plan(data_path("plans", "three-years.toml"))
    contract = inputs.contract
    assert (inputs.usage, contract.term_months, inputs.months) == (None, 36, 36)
    assert contract.ramp_shape[0] < contract.ramp_shape[1] < contract.ramp_shape[2]
    assert contract.rollover is not None
    assert contract.overage_cap_fraction is not None
    assert contract.protects_prices
    assert (contract.payment.mode, contract.payment.cost_of_capital_per_year > 0) == ("quarterly", True)
    assert contract.fixed_spend[0].eligible


def test_the_schema_names_every_clause() -> None:
    contract = PlanFile.model_json_schema(by_alias=True)["$defs"]["ContractSection"]["properties"]
    assert {name for name, _, _ in CLAUSES} <= set(contract)
