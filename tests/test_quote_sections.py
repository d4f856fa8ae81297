"""[[offer]], [[ask]] and [negotiation] of a plan file: what they take from [contract], and what is refused."""

from dataclasses import fields, replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import tomlkit
from strategies import Table, plan_table

from planner.bands import DiscountBand
from planner.clauses import Eligibility, Payment, Reduction, Rollover, TrueForward
from planner.contract import Contract
from planner.errors import InputError
from planner.inputs import PlanInputs
from planner.plan_file.loader import parse_plan
from planner.quotes import Ask, Quote

TERMS: Table = {
    "term_months": 24,
    "commit_usd_per_year": 50_000.0,
    "shortfall": "true_up",
    "true_up_rate": 0.8,
    "rollover": {"share": 0.5, "months": 6},
    "price_rises": {"cap_fraction": 0.1},
    "overage": 0.05,
    "overage_cap_fraction_of_commit": 0.2,
    "payment": {"mode": "upfront", "cost_of_capital_per_year": 0.1},
    "eligible": {"models": ["strong"]},
}
"""A contract of many clauses, in every one of which an offer may differ."""

OFFER: Table = {"name": "quote", "commit_usd_per_year": 80_000.0}
ASK: Table = {"name": "ask"}


def parsed(contract: Table | None = None, **tables: Any) -> PlanInputs:
    table = plan_table(bands=((20_000.0, 0.1), (60_000.0, 0.2)), contract=TERMS if contract is None else contract)
    return parse_plan(tomlkit.dumps(table | tables), base_dir=Path())


def quote(offer: Table, contract: Table | None = None) -> Quote:
    (found,) = parsed(contract, offer=[OFFER | offer]).quotes
    return found


def ask(said: Table, contract: Table | None = None) -> Ask:
    (found,) = parsed(contract, ask=[ASK | said]).asks
    return found


def refusal(**tables: Any) -> str:
    with pytest.raises(InputError) as error:
        parsed(**tables)
    return str(error.value)


def differing(one: Contract, other: Contract) -> set[str]:
    return {item.name for item in fields(Contract) if getattr(one, item.name) != getattr(other, item.name)}


# --- what an offer takes from the contract ---------------------------------------------------------------------------


def test_an_offer_that_says_a_commitment_only_is_the_contract_with_it() -> None:
    found = quote({})
    assert found.name == "quote"
    assert not found.at_one_discount
    assert found.contract == replace(parsed().contract, commits_usd_per_year=(80_000.0, 80_000.0))


@pytest.mark.parametrize(
    ("said", "changed"),
    [
        ({"overage": "committed"}, {"overage": "committed"}),
        ({"overage": "list"}, {"overage": "list"}),
        ({"drawdown": "list"}, {"drawdown": "list"}),
        ({"true_up_rate": 0.3}, {"true_up_rate": 0.3}),
        ({"shortfall": "true_up", "true_up_rate": 0.3}, {"true_up_rate": 0.3}),
        ({"rollover": {"share": 1.0, "months": 12}}, {"rollover": Rollover(share=1.0, months=12)}),
        ({"reduction": {"max_fraction": 0.2}}, {"reduction": Reduction(max_fraction=0.2)}),
        ({"true_forward": {"lookback_months": 3}}, {"true_forward": TrueForward(lookback_months=3)}),
        ({"price_rises": {"cap_fraction": 0.0}}, {"price_rise_cap_fraction": 0.0}),
        ({"price_falls": {"passed_through": False}}, {"price_falls_passed_through": False}),
        ({"eligible": {"batch": False}}, {"eligible": Eligibility(batch=False)}),
        ({"eligible_fraction": 0.7}, {"eligible_fraction": 0.7}),
        ({"payment": {"mode": "quarterly"}}, {"payment": Payment(mode="quarterly")}),
        (
            {"commit_period": "quarter", "quarter_shares": [0.1, 0.2, 0.3, 0.4]},
            {"commit_period": "quarter", "quarter_shares": (0.1, 0.2, 0.3, 0.4)},
        ),
        (
            {"band": [{"min_commit_usd_per_year": 5.0, "discount_fraction": 0.3}]},
            {"bands": (DiscountBand(min_commit_usd_per_year=5.0, discount_fraction=0.3),)},
        ),
        (
            {"discount_fraction": 0.17},
            {"bands": (DiscountBand(min_commit_usd_per_year=0.0, discount_fraction=0.17),)},
        ),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else None,
)
def test_a_key_of_an_offer_changes_its_clause_and_no_other(said: Table, changed: Table) -> None:
    plain, found = quote({}).contract, quote(said)
    assert found.contract == replace(plain, **changed)
    assert differing(plain, found.contract) == set(changed)
    assert found.at_one_discount == ("discount_fraction" in said)


@pytest.mark.parametrize(
    ("clause", "field", "gone"),
    [
        ("rollover", "rollover", None),
        ("price_rises", "price_rise_cap_fraction", None),
        ("overage_cap_fraction_of_commit", "overage_cap_fraction", None),
    ],
)
def test_without_takes_a_clause_out(clause: str, field: str, gone: object) -> None:
    for found in (quote({"without": [clause]}).contract, ask({"without": [clause]}).contract):
        assert found is not None
        assert getattr(found, field) == gone
    assert differing(quote({}).contract, quote({"without": [clause]}).contract) == {field}


def test_a_rate_that_goes_with_another_shortfall_is_not_taken_over() -> None:
    """The contract's 80 % is what its true-up charges; who quotes forfeiture does not mean it."""
    assert quote({"shortfall": "forfeit"}).contract.true_up_rate == 1.0
    assert quote({"shortfall": "true_up"}).contract.true_up_rate == 1.0
    quarters = {"commit_period": "quarter", "quarter_shares": [0.1, 0.2, 0.3, 0.4]}
    assert quote({"commit_period": "quarter"}, quarters).contract.quarter_shares == (0.25,) * 4
    assert quote({}, quarters).contract.quarter_shares == (0.1, 0.2, 0.3, 0.4)


def test_an_offer_without_a_commitment_leaves_it_open_even_where_the_contract_fixes_one() -> None:
    (found,) = parsed(offer=[{"name": "open", "discount_fraction": 0.2}]).quotes
    assert found.contract.commits_usd_per_year is None
    assert found.open_contract == found.contract
    assert parsed().contract.commits_usd_per_year == (50_000.0, 50_000.0)


@pytest.mark.parametrize(
    ("said", "commits", "ramp"),
    [
        ({"commit_usd_per_year": 80_000.0}, (80_000.0, 80_000.0), "flat"),
        ({"commit_usd_per_year": [80_000.0, 100_000.0]}, (80_000.0, 100_000.0), (80_000.0, 100_000.0)),
        ({"commit_usd_per_year": [80_000.0, 80_000.0]}, (80_000.0, 80_000.0), "flat"),
        ({"commit_usd_per_year": [0.0, 80_000.0]}, (0.0, 80_000.0), "flat"),
        ({"commit_usd_per_year": 80_000.0, "ramp": [1.0, 1.5]}, (80_000.0, 120_000.0), (80_000.0, 120_000.0)),
    ],
)
def test_years_that_are_quoted_apart_are_opened_in_their_proportion(
    said: Table, commits: tuple[float, ...], ramp: object
) -> None:
    found = quote(said)
    assert found.contract.commits_usd_per_year == commits
    assert found.open_contract.commits_usd_per_year is None
    assert found.open_contract.ramp == ramp


def test_an_offer_may_have_another_term() -> None:
    longer = quote({"term_months": 36, "commit_usd_per_year": [1.0, 2.0, 3.0]}).contract
    assert (longer.term_months, longer.commits_usd_per_year) == (36, (1.0, 2.0, 3.0))
    shorter = quote({"term_months": 6}).contract
    assert (shorter.term_months, shorter.commits_usd_per_year) == (6, (80_000.0,))
    assert parsed(offer=[OFFER | {"term_months": 36}]).months == 24


def test_a_free_ramp_of_the_contract_does_not_stand_beside_quoted_commitments() -> None:
    free: Table = {"term_months": 24, "ramp": "free"}
    assert quote({}, free).contract.ramp == "flat"
    assert quote({"commit_usd_per_year": [1.0, 2.0]}, free).contract.commits_usd_per_year == (1.0, 2.0)
    (open_one,) = parsed(free, offer=[{"name": "open", "discount_fraction": 0.1}]).quotes
    assert open_one.contract.ramp == "free"


def test_an_ask_is_the_contract_with_what_would_be_granted() -> None:
    found = ask({"overage": "committed"})
    assert found.contract == replace(parsed().contract, overage="committed")
    assert (found.value_usd_per_year, found.granted) == (None, False)
    assert found.contract.commits_usd_per_year == (50_000.0, 50_000.0)


def test_an_ask_may_be_worth_what_the_buyer_says() -> None:
    found = ask({"value_usd_per_year": 4_000.0, "granted": True})
    assert found == Ask(name="ask", contract=None, value_usd_per_year=4_000.0, granted=True)
    assert not ask({"value_usd_per_year": 0.0}).granted


def test_a_plan_without_quotes_has_none_and_aims_half_way() -> None:
    plain = parsed()
    assert (plain.quotes, plain.asks, plain.target_share) == ((), (), 0.5)
    assert parsed(negotiation={"target_share": 0.8}).target_share == 0.8


def test_offers_and_asks_keep_their_order() -> None:
    names = ["z", "a", "m"]
    found = parsed(
        offer=[OFFER | {"name": name} for name in names],
        ask=[{"name": name, "value_usd_per_year": 1.0} for name in names],
    )
    assert [item.name for item in found.quotes] == [item.name for item in found.asks] == names


# --- what is refused -------------------------------------------------------------------------------------------------

TIERED = {"min_commit_usd_per_year": 1.0, "discount_fraction": 0.1, "discount_by_tier": {"haiku": 0.1}}


@pytest.mark.parametrize(
    ("tables", "words"),
    [
        ({"offer": [OFFER, OFFER]}, ["offer[2]", "'quote' is there twice"]),
        ({"ask": [{"name": "x", "value_usd_per_year": 1.0}] * 2}, ["ask[2]", "'x' is there twice"]),
        (
            {"offer": [OFFER | {"discount_fraction": 0.1, "band": [TIERED]}]},
            ["offer[1]", "discount_fraction and band both say a discount; leave one out"],
        ),
        ({"offer": [{"name": "nothing"}]}, ["offer[1]", "'nothing' quotes neither a commitment nor a discount"]),
        ({"offer": [OFFER, OFFER | {"name": "b", "without": ["carry_forward"]}]}, ["offer[2].without", "[contract]"]),
        ({"ask": [ASK | {"without": ["reduction"]}]}, ["ask[1].without = 'reduction'", "[contract] does not have it"]),
        ({"offer": [OFFER | {"without": ["payment"]}]}, ["offer[1].without[1] = 'payment'", "'rollover'"]),
        ({"ask": [ASK]}, ["ask[1]", "'ask' gives neither terms nor a value", "value_usd_per_year"]),
        ({"ask": [ASK | {"overage": "list", "value_usd_per_year": 1.0}]}, ["ask[1]", "both terms and a value"]),
        ({"ask": [ASK | {"overage": "list", "granted": True}]}, ["ask[1].granted", "leave the ask out"]),
        ({"ask": [ASK | {"term_months": 12}]}, ["ask[1].term_months = 12", "[contract] has 24 months", "[[offer]]"]),
        ({"ask": [ASK | {"term_months": 48}]}, ["ask[1].term_months = 48", "[contract] has 24 months"]),
        ({"offer": [OFFER | {"commit_usd_per_year": [1.0]}]}, ["offer[1]", "1 values", "2 contract years"]),
        ({"offer": [OFFER | {"ramp": "free"}]}, ["offer[1]", '"free"', "leave one out"]),
        ({"offer": [OFFER | {"true_forward": {"lookback_months": 5}}]}, ["offer[1]", "lookback_months = 5"]),
        ({"offer": [OFFER | {"band": [TIERED], "drawdown": "list"}]}, ["offer[1]", "discount_by_tier"]),
        ({"offer": [OFFER | {"overage": "lst"}]}, ["offer[1].overage = 'lst'", "'list' or 'committed'"]),
        ({"offer": [OFFER | {"discount_fraction": 1.0}]}, ["offer[1].discount_fraction = 1.0", "less than 1"]),
        ({"offer": [{"commit_usd_per_year": 1.0}]}, ["offer[1].name: missing"]),
        ({"offer": [OFFER | {"name": "n" * 201}]}, ["offer[1].name", "200"]),
        ({"ask": [ASK | {"value_usd_per_year": -1.0}]}, ["ask[1].value_usd_per_year = -1.0"]),
        ({"negotiation": {"target_share": 1.5}}, ["negotiation.target_share = 1.5"]),
        ({"negotiation": {"target": 0.5}}, ["negotiation.target: unknown key", "target_share"]),
    ],
)
def test_what_makes_no_sense_is_refused_with_its_place_and_a_remedy(tables: Table, words: list[str]) -> None:
    said = refusal(**tables)
    assert all(word in said for word in words), said


@pytest.mark.parametrize(("kind", "own"), [("offer", "discount_fraction"), ("ask", "value_usd_per_year")])
def test_a_key_that_is_not_known_is_met_with_those_that_are(kind: str, own: str) -> None:
    entry = (OFFER if kind == "offer" else ASK) | {"discont": 0.1}
    said = refusal(**{kind: [entry]})
    assert f"{kind}[1].discont: unknown key" in said
    known = said.partition("Known here: ")[2].split(", ")
    assert {own, "name", "without", "term_months", "rollover", "overage", "band"} <= set(known)
    assert "min_commit_usd_per_year" not in known


def test_an_offer_whose_term_does_not_end_with_the_contract_in_force_is_refused() -> None:
    in_force: Table = {"ends": date(2028, 1, 1), "balance_usd": 10_000.0, "on_signing": "co_term"}
    with pytest.raises(InputError, match=r"offer\[1\]: .*in_force ends 12 months after the start and the term is 24"):
        parsed({"in_force": in_force}, offer=[OFFER | {"term_months": 24}])
    renewed = quote({"term_months": 24, "in_force": {**in_force, "on_signing": "renew"}}, {"in_force": in_force})
    assert renewed.contract.in_force is not None
    assert renewed.contract.in_force.on_signing == "renew"
