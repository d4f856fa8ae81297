"""What clauses are worth: against commitments tried one by one, and the laws that values keep."""

import json
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from itertools import pairwise
from math import hypot
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import settlement_reference
import tomlkit
from contract_strategies import dec, terms_of
from deals import BANDS, Deal, Slow, best, deal, deal_table, slow_best_usd
from strategies import CALM_DEMAND, STILL_PRICES, Table, mix_entry

from planner import cli
from planner.contract import Contract
from planner.negotiation import clause_values
from planner.negotiation.clause_values import trade_list
from planner.negotiation.discount_points import equal_discount, more_discount, solved
from planner.negotiation.variations import Variation, variations
from planner.negotiation_reports.clauses import (
    clauses_json,
    clauses_notes,
    clauses_sentences,
    clauses_tables,
    full_words,
)
from planner.risk import estimate
from planner.words import usd_estimate

CENTS = 0.02
"""Both sides of a value are found to half a cent, and a corner may be a cent away."""

TABLES: dict[str, Table] = {
    "as it is": {},
    "under a limit": {"decision": {"max_shortfall_probability": 0.1}},
    "fixed": {"contract": {"commit_usd_per_year": 100_000.0}},
    "quarters": {"contract": {"commit_period": "quarter", "quarter_shares": [0.1, 0.2, 0.3, 0.4]}},
    "list dollars": {"contract": {"drawdown": "list", "shortfall": "true_up", "true_up_rate": 0.8}},
    "overage capped": {"contract": {"overage": 0.02, "overage_cap_fraction_of_commit": 0.1}},
    "prices locked": {"contract": {"price_falls": {"passed_through": False}}},
    "incremental": {"contract": {"band_mode": "incremental"}},
    "not all eligible": {"contract": {"eligible": {"models": ["strong"]}, "eligible_fraction": 0.8}},
    "same rate beyond": {"contract": {"overage": "committed"}, "decision": {"max_shortfall_probability": 0.1}},
    "two years": {"contract": {"term_months": 24}},
}
PATHS = dict.fromkeys(("two years", "prices locked", "overage capped", "quarters", "list dollars"), 24)
PATHS["under a limit"] = 56
LINKED = ("rollover", "carry_forward", "reduction", "early_renewal", "no_true_forward")
ASKS: tuple[Table, ...] = (
    {"name": "a quarter charged", "shortfall": "true_up", "true_up_rate": 0.25},
    {"name": "what is there", "price_falls": {"passed_through": True}, "payment": {"mode": "arrears"}},
    {"name": "twice the rate limits", "value_usd_per_year": 1_500.0},
    {"name": "support", "value_usd_per_year": 900.0, "granted": True},
)


@cache
def known(name: str) -> Deal:
    """A deal of TABLES."""
    asks = ASKS if name in ("as it is", "under a limit") else ()
    return deal(deal_table(PATHS.get(name, 48), ask=asks, **TABLES[name]))


def names(found: Deal, *, granted: bool) -> set[str]:
    return {c.variation.name for c in found.trades.clauses if c.variation.granted == granted}


def slow_usd(found: Deal, contract: Contract) -> float:
    """The least cost of a contract; where every year is free and nothing limited, each year's by itself."""
    if contract.ramp != "free":
        return slow_best_usd(found, contract)
    assert found.limit == 1.0
    slow = Slow(contract, found.spend(contract))
    none = float(slow.bill(0.0).paid.mean())

    def year(index: int) -> Callable[[float], float]:
        def cost(commit: float) -> float:
            return float(slow.bill([commit if y == index else 0.0 for y in range(contract.n_years)]).paid.mean())

        return cost

    years = [best(year(index), slow.corners(), lambda _: True) for index in range(contract.n_years)]
    return none + sum(usd - none for usd in years)


# --- values ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", TABLES)
def test_a_value_is_the_difference_of_two_optima_found_by_trying_every_commitment(name: str) -> None:
    found = known(name)
    table = slow_usd(found, found.contract)
    assert found.trades.table.measure_usd == pytest.approx(table, abs=CENTS)
    tried = 0
    for clause in found.trades.clauses:
        changed = clause.variation.applied(found.contract)
        if clause.terms is None or changed.is_linked:
            continue
        other = slow_usd(found, changed)
        value = other - table if clause.variation.granted else table - other
        assert clause.value.mean == pytest.approx(value, abs=CENTS), clause.variation.name
        assert clause.expected_cost.mean == pytest.approx(value, abs=CENTS)
        tried += 1
    assert tried >= 6


def test_the_list_has_what_can_be_asked_for_and_what_can_be_given_up() -> None:
    found = known("as it is")
    asked = {
        *("next_band_discount", "overage_discount", "half_of_unused_charged", "rollover", "carry_forward"),
        *("early_renewal", "list_drawdown", "price_rise_cap"),
        *(ask["name"] for ask in ASKS[:3]),
    }
    assert names(found, granted=False) == asked
    given = {"annual_commitment", "price_falls_passed_through", "batch_eligible", "support"}
    assert names(found, granted=True) == given
    assert {"pooled_term", "own_commitment_each_year", "reduction"} <= names(known("two years"), granted=False)
    assert "no_true_forward" in names(known("two years"), granted=True)
    assert {"overage_without_cap", "overage_discount"} <= names(known("overage capped"), granted=False)
    assert "overage_discount" in names(known("overage capped"), granted=True)
    assert "whole_commitment_discounted" in names(known("incremental"), granted=False)
    assert "everything_eligible" in names(known("not all eligible"), granted=False)
    assert "price_rise_cap" not in names(known("prices locked"), granted=False)


@pytest.mark.parametrize("name", TABLES)
def test_clauses_are_sorted_by_what_they_are_worth_and_each_is_there_once(name: str) -> None:
    clauses = known(name).trades.clauses
    assert [c.value.mean for c in clauses] == sorted((c.value.mean for c in clauses), reverse=True)
    assert len({(c.variation.name, c.variation.granted) for c in clauses}) == len(clauses)


@pytest.mark.parametrize("name", ["as it is", "under a limit", "fixed", "same rate beyond"])
def test_a_clause_that_changes_nothing_is_worth_exactly_nothing(name: str) -> None:
    """One year has nothing to carry anything into, and an ask may be what the contract says already."""
    found = known(name)
    idle = ["rollover", "carry_forward", "early_renewal"]
    if any(c.variation.name == "what is there" for c in found.trades.clauses):
        idle.append("what is there")
    if name == "same rate beyond":
        idle += ["half_of_unused_charged", "list_drawdown"]  # the least commitment has no unused part to be charged
    for each in idle:
        clause = found.clause(each)
        assert (clause.value.mean, clause.value.se, clause.points) == (0.0, 0.0, 0.0)
        assert clause not in found.trades.asks
    words = clauses_tables(found.trades)[0].note
    assert "Worth nothing under these terms" in words
    assert found.clause("rollover").variation.words in words


@pytest.mark.parametrize("name", ["as it is", "fixed", "quarters", "prices locked", "incremental", "two years"])
def test_without_a_limit_a_more_generous_clause_is_never_worth_less_than_nothing(name: str) -> None:
    generous = {
        *("next_band_discount", "overage_discount", "overage_without_cap", "half_of_unused_charged", "list_drawdown"),
        *("annual_commitment", "pooled_term", "own_commitment_each_year", "price_rise_cap", "everything_eligible"),
        *("whole_commitment_discounted", "early_renewal", "reduction", "no_true_forward", "batch_eligible"),
    }
    found = known(name)
    assert all(c.value.mean >= 0 for c in found.trades.clauses if c.variation.name in generous)


GRANTED: tuple[tuple[str, Table], ...] = (
    ("overage_discount", {"overage": "committed"}),
    ("list_drawdown", {"drawdown": "list"}),
    ("half_of_unused_charged", {"shortfall": "true_up", "true_up_rate": 0.5}),
    ("rollover", {"rollover": {"share": 1.0, "months": 12}, "term_months": 24, "commit_usd_per_year": 90_000.0}),
    ("carry_forward", {"carry_forward": {"max_fraction_of_commit": 0.25}, "term_months": 24}),
    ("annual_commitment", {}),
    ("price_falls_passed_through", {}),
    ("pooled_term", {"commit_period": "term", "term_months": 24}),
    ("own_commitment_each_year", {"ramp": "free", "term_months": 24}),
    ("price_rise_cap", {"price_rises": {"cap_fraction": 0.0}}),
)


@pytest.mark.parametrize(("name", "contract"), GRANTED, ids=[name for name, _ in GRANTED])
def test_giving_a_clause_up_costs_what_asking_for_it_back_is_worth(name: str, contract: Table) -> None:
    found = deal(deal_table(48, bands=((20_000.0, 0.1), (60_000.0, 0.2)), contract=contract))
    table = found.pricer.at_best(found.contract)
    given = next(v for v in variations(found.contract, (), table.offer)[0] if (v.name, v.granted) == (name, True))
    poorer = given.applied(found.contract)
    without = found.pricer.at_best(poorer)
    asked = next(v for v in variations(poorer, (), without.offer)[0] if (v.name, v.granted) == (name, False))
    assert asked.applied(poorer) == found.contract
    cost, worth = without.less(table), without.less(found.pricer.at_best(asked.applied(poorer)))
    assert cost.mean == pytest.approx(worth.mean, abs=1e-9)
    assert cost.mean != 0.0


def test_clauses_that_link_periods_are_settled_as_a_ledger_in_decimals_says_and_beat_every_commitment_tried() -> None:
    contract = {"term_months": 24, "overage": 0.02}
    found = deal(deal_table(14, bands=((30_000.0, 0.1), (80_000.0, 0.2)), contract=contract))
    accounts = found.pricer.uses(found.contract)  # one account: neither prices nor tiers matter here
    assert len(accounts["routed"].accounts) == 1
    spend = found.spend()
    months = [
        [
            {settlement_reference.Account("opus"): settlement_reference.Spent(dec(usd), dec(usd))}
            for usd in spend.total[:24, path]
        ]
        for path in range(found.plan.n_paths)
    ]

    def settled(agreed: Contract, commit: float) -> float:
        terms = terms_of(agreed, agreed.offer_at(commit))
        return float(np.mean([float(settlement_reference.settle(terms, path).paid) for path in months]))

    for name in LINKED:
        clause = found.clause(name, granted=name == "no_true_forward")
        assert clause.terms is not None
        agreed, commit = clause.terms.contract, clause.terms.offer.commit_usd_per_year
        assert clause.terms.measure_usd == pytest.approx(settled(agreed, commit), abs=CENTS)
        tried = [20_000.0, 30_000.0, 45_000.0, 60_000.0, 80_000.0, 95_000.0]
        assert all(clause.terms.measure_usd <= settled(agreed, other) + CENTS for other in tried)
        value = found.trades.table.measure_usd - clause.terms.measure_usd
        assert clause.value.mean == pytest.approx(-value if clause.variation.granted else value, abs=CENTS)
    assert found.clause("rollover").value.mean > 1.0


def test_everything_counts_the_same_where_tiers_have_the_discount_of_the_band() -> None:
    """Quoting tiers apart at one discount changes nothing, so asking for all of the spend is worth the same."""
    plain = deal_table(48, contract={"eligible": {"models": ["strong"]}})
    tiered = tomlkit.parse(tomlkit.dumps(plain)).unwrap()
    for band in tiered["contract"]["band"]:
        band["discount_by_tier"] = {"haiku": band["discount_fraction"]}
    values = []
    for table in (plain, tiered):
        found = deal(table)
        offer = found.pricer.at_best(found.contract).offer
        ask = next(v for v in variations(found.contract, (), offer)[0] if v.name == "everything_eligible")
        all_of_it = ask.applied(found.contract)
        capped = replace(all_of_it, price_rise_cap_fraction=0.0)
        values.append([found.pricer.measure_at_best(each) for each in (found.contract, all_of_it, capped)])
    assert values[0] == pytest.approx(values[1], abs=CENTS)
    assert values[0][0] > values[0][1] + 100.0 > values[0][2]


def test_a_clause_that_contradicts_other_terms_is_named_and_not_valued() -> None:
    table = deal_table(2)
    table["contract"]["band"][1]["discount_by_tier"] = {"haiku": 0.02}
    contract = deal(table).contract
    asked, (left,) = variations(contract, (), contract.offer_at(0.0))
    assert left.words == "list dollars counting against the commitment"
    assert "discount_by_tier" in left.why
    assert "list_drawdown" not in {variation.name for variation in asked}
    trades = replace(known("fixed").trades, left_out=(left,))
    (note,) = [note for note in clauses_notes(trades, trades.paths) if left.words in note]
    assert note.startswith("Not valued")


def test_a_cap_on_rises_is_given_up_only_where_rises_could_come() -> None:
    """Without falls passed through a contract without a cap is locked on both sides: dearer for nobody."""
    both = {"price_falls": {"passed_through": False}, "price_rises": {"cap_fraction": 0.1}}
    locked, capped = (deal(deal_table(2, contract=c)).contract for c in (both, {"price_rises": both["price_rises"]}))
    assert "price_rise_cap" not in {v.name for v in variations(locked, (), locked.offer_at(0.0))[0]}
    varied = variations(capped, (), capped.offer_at(0.0))[0]
    assert ("price_rise_cap", True) in {(v.name, v.granted) for v in varied}
    given = next(v for v in varied if v.name == "price_falls_passed_through").applied(capped)
    assert (given.price_falls_passed_through, given.price_rise_cap_fraction) == (False, None)


# --- measures other than the expected cost ---------------------------------------------------------------------------


def ternary(cost: Callable[[float], float], low: float, high: float) -> float:
    """The least of a convex function."""
    for _ in range(60):
        left, right = low + (high - low) / 3, high - (high - low) / 3
        low, high = (low, right) if cost(left) <= cost(right) else (left, high)
    return cost((low + high) / 2)


def slow_cvar(loss: np.ndarray, level: float) -> float:
    """Mean of the worst share of paths, the last one in part."""
    worst = sorted(loss.tolist(), reverse=True)
    room, total = (1 - level) * len(worst), 0.0
    for usd in worst:
        part = min(room, 1.0)
        total, room = total + part * usd, room - part
    return total / ((1 - level) * len(worst))


@pytest.mark.parametrize(("loss", "limit"), [("cost", 1.0), ("cost", 0.15), ("regret", 0.15)])
def test_values_by_mean_and_cvar_are_those_of_a_slow_search_band_by_band(loss: str, limit: float) -> None:
    decision = {"objective": "mean_cvar", "cvar_loss": loss, "cvar_weight": 2.0, "cvar_level": 0.83}
    found = deal(deal_table(24, decision={**decision, "max_shortfall_probability": limit}))

    def slow(contract: Contract) -> float:
        terms = Slow(contract, found.spend(contract))

        def cost(commit: float) -> float:
            paid = terms.bill(commit).paid
            lost = paid if loss == "cost" else paid - terms.spend.total[:12].sum(axis=0)
            return float(paid.mean()) + 2.0 * slow_cvar(lost, 0.83)

        least = cost(0.0)
        corners = [c for c in terms.corners() if c > 0 and terms.bill(c).short.mean() <= limit]
        for low, stop in pairwise([0.01, *(low for low, _ in BANDS), 1e9]):
            inside = [c for c in corners if low <= c < stop]
            if inside:
                least = min(least, ternary(cost, inside[0], inside[-1]), cost(inside[0]), cost(inside[-1]))
        return least

    table = slow(found.contract)
    assert found.trades.table.measure_usd == pytest.approx(table, abs=CENTS)
    for name in ("overage_discount", "half_of_unused_charged", "list_drawdown", "next_band_discount"):
        clause = next((c for c in found.trades.clauses if c.variation.name == name), None)
        if clause is not None:
            value = table - slow(clause.variation.applied(found.contract))
            assert clause.value.mean == pytest.approx(value, abs=CENTS), name
    worst = found.clause("half_of_unused_charged")
    assert worst.terms is not None
    tails = [slow_cvar(terms.paid_usd, 0.83) for terms in (found.trades.table, worst.terms)]
    assert worst.cost_cvar_usd == pytest.approx(tails[0] - tails[1], abs=1e-6)


@pytest.mark.parametrize("objective", ["minimax_regret", "weighted"])
def test_values_over_scenarios_are_those_of_a_slow_search(objective: str) -> None:
    """Largest regrets, measured from the least costs under the terms on the table, meet where scenarios are even."""
    weights = {"scenario_weights": {"as is": 0.3, "routed": 0.7}} if objective == "weighted" else {}
    found = deal(deal_table(20, decision={"objective": objective, "max_shortfall_probability": 0.6, **weights}))

    def means(contract: Contract, commit: float) -> np.ndarray:
        slow = [Slow(contract, spend).bill(commit) for spend in found.spends(contract).values()]
        return np.array([float(bill.paid.mean()) for bill in slow])

    def corners(contract: Contract) -> list[float]:
        return sorted({c for spend in found.spends(contract).values() for c in Slow(contract, spend).corners()})

    least = np.min([means(found.contract, commit) for commit in corners(found.contract)], axis=0)

    def measure(usd: np.ndarray) -> float:
        return float((usd - least).max()) if objective == "minimax_regret" else float(usd @ [0.3, 0.7])

    def slow(contract: Contract) -> float:
        decided = Slow(contract, found.spend(contract))
        commits = [c for c in corners(contract) if c == 0 or decided.bill(c).short.mean() <= 0.6]
        usd = [means(contract, commit) for commit in commits]
        lowest = min(map(measure, usd))
        if objective == "minimax_regret":
            lows = {low for low, _ in BANDS}
            for (at, a), (to, b) in pairwise(zip(commits, usd, strict=True)):
                gap = np.array([(a - least) @ [1, -1], (b - least) @ [1, -1]])
                if gap[0] * gap[1] < 0 and at > 0 and not any(at < low <= to for low in lows):
                    lowest = min(lowest, measure(a + (b - a) * gap[0] / (gap[0] - gap[1])))
        return lowest

    table = slow(found.contract)
    assert found.trades.table.measure_usd == pytest.approx(table, abs=CENTS)
    for name in ("overage_discount", "half_of_unused_charged", "list_drawdown"):
        clause = found.clause(name)
        assert clause.value.mean == pytest.approx(table - slow(clause.variation.applied(found.contract)), abs=CENTS)


def test_where_something_else_decides_the_expected_cost_stands_beside_the_worth() -> None:
    found = deal(deal_table(16, decision={"objective": "mean_cvar", "cvar_weight": 1.0}))
    asks, gives, *_ = clauses_tables(found.trades)
    for table in (asks, gives):
        assert table.columns[1:3] == ("worth", "expected cost")
        assert "in what your decision minimises" in table.note
    shown = {row[0]: row[1:3] for row in asks.rows}
    apart = [c for c in found.trades.asks if abs(c.expected_cost.mean - c.value.mean) > 1.0]
    assert apart
    for clause in apart:
        assert shown[full_words(clause)] == (usd_estimate(clause.value), usd_estimate(clause.expected_cost))
    assert "expected cost" not in clauses_tables(known("as it is").trades)[0].columns


def test_when_a_commitment_is_paid_is_worth_its_interest_where_present_values_decide() -> None:
    """Use of 10,000 list dollars every month, 20 % off: 96,000 in advance, or 8,000 at the end of each month."""
    terms = {"payment": {"mode": "upfront", "cost_of_capital_per_year": 0.1}}
    calm: Table = {
        "mix": [mix_entry()],
        "scenario": [],
        "demand": CALM_DEMAND,
        "cuts": STILL_PRICES,
        "bands": [(50_000.0, 0.2)],
        "contract": terms,
    }
    found = deal(deal_table(2, **calm, decision={"money": "npv"}))
    as_used = sum(8_000.0 / 1.1 ** ((month + 1) / 12) for month in range(12))
    assert found.clause("payment_as_used").value.mean == pytest.approx(96_000.0 - as_used, abs=0.05)
    nominal = deal(deal_table(2, **calm))
    assert "payment_as_used" not in names(nominal, granted=False) | names(nominal, granted=True)
    assert any("When a commitment is paid" in note for note in clauses_notes(nominal.trades, 2))
    assert not any("When a commitment is paid" in note for note in clauses_notes(found.trades, 2))


# --- discount points -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["as it is", "under a limit", "fixed", "not all eligible", "two years"])
def test_so_many_points_of_discount_instead_leave_the_buyer_as_well_off(name: str) -> None:
    found = known(name)
    table = found.trades.table.measure_usd
    checked = 0
    for clause in found.trades.clauses:
        changed = clause.variation.applied(found.contract)
        if clause.points in (None, 0.0) or (clause.variation.granted and not changed.is_plain):
            continue
        start = changed if clause.variation.granted else found.contract
        is_given = clause.variation.granted and clause.terms is not None
        wanted = table if is_given else table - clause.value.mean
        reached = slow_best_usd(found, more_discount(start, clause.points))
        assert reached == pytest.approx(wanted, abs=1e-3 * abs(clause.value.mean) + CENTS), clause.variation.name
        checked += 1
    assert checked >= 4


def test_under_linked_clauses_points_are_right_to_a_few_hundredths() -> None:
    terms = {"term_months": 24, "rollover": {"share": 1.0, "months": 12}, "price_falls": {"passed_through": False}}
    found = deal(deal_table(24, bands=((20_000.0, 0.1), (60_000.0, 0.2)), contract=terms))
    pricer, contract = found.pricer, found.contract
    table, quick = pricer.at_best(contract), pricer.quick()
    wanted = {"overage_discount", "half_of_unused_charged", "price_falls_passed_through", "pooled_term"}
    asked = [v for v in variations(contract, (), table.offer)[0] if v.name in wanted and not v.granted]
    assert {v.name for v in asked} == wanted
    for each in asked:
        worth = table.less(pricer.at_best(each.applied(contract))).mean
        points = equal_discount(pricer, quick, contract, worth_usd=worth)
        assert points is not None
        saved = table.measure_usd - pricer.measure_at_best(more_discount(contract, points))
        assert saved == pytest.approx(worth, rel=0.05), each.name


def test_a_point_of_discount_is_worth_what_the_sentence_says() -> None:
    found = known("as it is")
    slow = slow_best_usd(found, found.contract) - slow_best_usd(found, more_discount(found.contract, 0.01))
    assert found.trades.point.mean == pytest.approx(slow, abs=CENTS)
    assert clauses_sentences(found.trades)[-1].startswith("One more point of discount in every band is worth $")


def test_where_no_discount_is_worth_as_much_none_is_said() -> None:
    """Nothing may be signed at all under a limit of 0 in a month without use, whatever the discount."""
    idle = mix_entry(monthly_requests=0.0)
    asks = [{"name": "capacity", "value_usd_per_year": 500.0}]
    found = deal(deal_table(2, mix=[idle], scenario=[], ask=asks))
    assert found.clause("capacity").points is None
    assert "more than any discount" in clauses_sentences(found.trades)[0]
    assert clauses_tables(found.trades)[0].rows[0][2] == "none would do"


def test_more_discount_moves_every_band_and_tier_and_stays_between_nothing_and_everything() -> None:
    table = deal_table(2)
    table["contract"]["band"][0]["discount_by_tier"] = {"haiku": 0.01}
    contract = deal(table).contract
    moved = more_discount(contract, 0.03)
    assert [band.discount_fraction for band in moved.bands] == pytest.approx([0.08, 0.13, 0.23])
    assert dict(moved.bands[0].by_tier) == pytest.approx({"haiku": 0.04})
    gone = more_discount(contract, -0.07)
    assert [band.discount_fraction for band in gone.bands] == pytest.approx([0.0, 0.03, 0.13])
    assert all(band.discount_fraction < 1.0 for band in more_discount(contract, 5.0).bands)


@pytest.mark.parametrize("worth", [-700.0, -3.0, 0.004, 12.0, 900.0, 4_000.0])
def test_a_discount_is_found_wherever_the_savings_reach_the_worth(worth: float) -> None:
    """Savings that bend, as they do where another band becomes the best."""

    def saved(fraction: float) -> float:
        return 1_000.0 * fraction + max(0.0, 20_000.0 * (fraction - 0.1))

    found = solved(saved, worth, least=-0.9, most=0.9)
    assert found is not None
    assert saved(found) == pytest.approx(worth, rel=1e-3, abs=0.005)


def test_a_worth_that_savings_never_reach_has_no_discount() -> None:
    assert solved(lambda fraction: 10.0 * fraction, 50.0, least=-0.2, most=0.8) is None
    assert solved(lambda fraction: 10.0 * fraction, -3.0, least=-0.2, most=0.8) is None
    assert solved(lambda _: 0.0, 1.0, least=-0.2, most=0.8) is None


# --- the buyer's own values ------------------------------------------------------------------------------------------


def test_own_values_stand_over_the_term_without_an_error_beside_what_the_paths_show() -> None:
    found = known("as it is")
    ask, given = found.clause("twice the rate limits"), found.clause("support", granted=True)
    assert (ask.value.mean, ask.value.se, given.value.mean, given.value.se) == (1_500.0, 0.0, 900.0, 0.0)
    assert ask in found.trades.asks
    assert given not in found.trades.asks
    for clause in (ask, given):
        assert clause.terms is None
        reached = slow_best_usd(found, more_discount(found.contract, clause.points or 0.0))
        assert found.trades.table.measure_usd - reached == pytest.approx(clause.value.mean, rel=1e-3)
    rows = {row[0]: row for row in clauses_tables(found.trades)[0].rows}
    assert rows["twice the rate limits (your own value)"][1] == "$1,500"


def test_own_values_are_per_year_of_the_term() -> None:
    asks = [{"name": "capacity", "value_usd_per_year": 1_000.0}]
    inputs = deal(deal_table(2, ask=asks, contract={"term_months": 18})).plan.inputs
    varied, _ = variations(inputs.contract, inputs.asks, inputs.contract.offer_at(0.0))
    assert varied[-1].own_value_usd == 1_500.0


# --- pairs and swaps -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["as it is", "under a limit", "fixed"])
def test_an_interaction_is_what_two_asks_are_worth_together_beyond_their_sum(name: str) -> None:
    found = known(name)
    assert found.trades.interactions
    table = found.trades.table.measure_usd
    for pair in found.trades.interactions:
        both = pair.second.variation.applied(pair.first.variation.applied(found.contract))
        joint = table - slow_best_usd(found, both)
        assert pair.joint.mean == pytest.approx(joint, abs=CENTS)
        apart = pair.first.value.mean + pair.second.value.mean
        assert pair.beyond_sum.mean == pytest.approx(joint - apart, abs=2 * CENTS)
        assert both not in (pair.first.variation.applied(found.contract), pair.second.variation.applied(found.contract))
    sizes = [abs(pair.beyond_sum.mean) for pair in found.trades.interactions]
    assert sizes == sorted(sizes, reverse=True)
    top = [c for c in found.trades.asks if c.terms is not None][:4]
    assert all(pair.first in top and pair.second in top for pair in found.trades.interactions)


@pytest.mark.parametrize("name", ["as it is", "under a limit", "fixed", "not all eligible"])
def test_a_swap_gives_something_for_something_of_about_equal_worth_priced_together(name: str) -> None:
    found = known(name)
    table = found.trades.table.measure_usd
    assert found.trades.swaps
    for swap in found.trades.swaps:
        give, get = swap.give, swap.get
        assert give.variation.granted
        assert not get.variation.granted
        low, high = sorted([give.value.mean, get.value.mean])
        assert low >= 0.5 * high > 0
        both = get.variation.applied(give.variation.applied(found.contract))
        own = get.variation.own_value_usd - give.variation.own_value_usd
        assert swap.net.mean == pytest.approx(table - found.pricer.measure_at_best(both) + own, abs=CENTS)
    used = [c.variation for swap in found.trades.swaps for c in (swap.give, swap.get)]
    assert all(used.count(variation) <= 2 for variation in used)
    evenness = [abs(swap.net.mean) / swap.get.value.mean for swap in found.trades.swaps]
    assert evenness == sorted(evenness)


def test_no_swap_and_no_pair_in_which_one_change_undoes_the_other() -> None:
    """Giving half a rollover up for a whole one is no swap: nothing is given."""
    terms = {"term_months": 24, "rollover": {"share": 0.4, "months": 12}, "overage": 0.04}
    found = deal(deal_table(48, contract={**terms, "commit_usd_per_year": 95_000.0}))
    pairs = [(s.give.variation, s.get.variation) for s in found.trades.swaps]
    pairs += [(p.first.variation, p.second.variation) for p in found.trades.interactions]
    assert {"rollover", "overage_discount"} <= names(found, granted=True) & names(found, granted=False)
    assert pairs
    for one, other in pairs:
        assert one.name != other.name
        both = other.applied(one.applied(found.contract))
        assert both not in (one.applied(found.contract), other.applied(found.contract))


# --- standard errors -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("limit", [1.0, 0.05])
def test_standard_errors_are_the_scatter_of_values_over_seeds(limit: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Under a limit that binds, the next band and a year to use it up hang on a quantile of the sample: the scatter of
    the first is in no path-by-path error, that of the second 18 times as large."""
    wanted = {"overage_discount", "half_of_unused_charged", "price_rise_cap", "annual_commitment"}
    wanted |= {"next_band_discount"} if limit < 1 else {"list_drawdown"}
    monkeypatch.setattr(clause_values, "equal_discount", lambda *_, **__: 0.0)
    monkeypatch.setattr(clause_values, "_PAIRED", 0)
    monkeypatch.setattr(clause_values, "variations", lambda *terms: (_some(wanted, *terms), ()))
    seen: dict[str, list[tuple[float, float]]] = {}
    for seed in range(16):
        table = deal_table(512, seed=100 + seed, decision={"max_shortfall_probability": limit})
        trades = trade_list(deal(table).pricer)
        for clause in trades.clauses:
            seen.setdefault(clause.variation.name, []).append((clause.value.mean, clause.value.se))
    assert seen.keys() == wanted
    for name, values in seen.items():
        means, errors = np.array(values).T
        ratio = float(means.std(ddof=1) / np.sqrt((errors**2).mean()))
        assert 0.3 < ratio < 1.6, (
            name,
            ratio,
        )  # 16 seeds know a scatter to a fifth, and the limit's luck is an upper bound


def _some(wanted: set[str], *terms: Any) -> tuple[Variation, ...]:
    return tuple(item for item in variations(*terms)[0] if item.name in wanted)


def test_the_luck_of_the_limit_is_half_of_what_a_value_moves_between_its_two_sides() -> None:
    found = known("under a limit")
    table = found.trades.table
    error = np.sqrt(0.1 * 0.9 / found.plan.n_paths)

    def moved(*contracts: Contract) -> np.ndarray:
        """Half of what the least costs move between the sides."""
        return (
            np.diff(
                [[cost_under(found, each, limit) for each in contracts] for limit in (0.1 - error, 0.1 + error)], axis=0
            )[0]
            / 2
        )

    clause = found.clause("half_of_unused_charged")
    assert clause.terms is not None
    own, other = moved(found.contract, clause.variation.applied(found.contract))
    by_path = table.less(clause.terms).se
    assert clause.value.se == pytest.approx(hypot(by_path, own - other), abs=CENTS)
    assert clause.value.se > by_path
    pairs = [p for p in found.trades.interactions if p.first.variation.name != "next_band_discount"]
    assert len(pairs) == 3
    for pair in pairs:
        first, second = pair.first.variation, pair.second.variation
        one, two = first.applied(found.contract), second.applied(found.contract)
        own, alone, beside, both = moved(found.contract, one, two, second.applied(one))
        joint = found.pricer.at_best(second.applied(one)).measured_usd
        assert pair.first.terms is not None
        assert pair.second.terms is not None
        apart = pair.first.terms.measured_usd + pair.second.terms.measured_usd - table.measured_usd - joint
        wanted = hypot(estimate(table.measured_usd - joint).se, own - both)
        assert pair.joint.se == pytest.approx(wanted, rel=0.15)  # sides add up the months of a step
        assert pair.beyond_sum.se == pytest.approx(hypot(estimate(apart).se, alone + beside - own - both), rel=0.15)


def cost_under(found: Deal, contract: Contract, limit: float) -> float:
    """The least expected cost of a contract under another limit."""
    slow = Slow(contract, found.spend(contract))
    return best(
        lambda commit: float(slow.bill(commit).paid.mean()),
        slow.corners(),
        lambda commit: slow.bill(commit).short.mean() <= limit,
    )


def test_values_that_differ_by_more_than_a_factor_of_two_are_not_swapped() -> None:
    asks = [
        {"name": "support", "value_usd_per_year": 1_000.0, "granted": True},
        {"name": "small", "value_usd_per_year": 490.0},
        {"name": "even", "value_usd_per_year": 1_010.0},
        {"name": "large", "value_usd_per_year": 2_010.0},
    ]
    trades = deal(deal_table(2, ask=asks, mix=[mix_entry(monthly_requests=0.0)], scenario=[])).trades
    swaps = [(s.give.variation.name, s.get.variation.name, s.net.mean) for s in trades.swaps]
    assert swaps == [("support", "even", 10.0)]


# --- what people and scripts read ------------------------------------------------------------------------------------


def run(path: Path, *options: str, capsys: Any, monkeypatch: Any) -> tuple[int, str, str]:
    monkeypatch.setattr("sys.argv", ["planner", "clauses", str(path), *options])
    code = 0
    try:
        cli.main()
    except SystemExit as end:
        code = int(end.code or 0)
    said = capsys.readouterr()
    return code, said.out, said.err


def test_the_command_prints_a_list_of_clauses_and_says_what_to_ask_for_first(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asks = [{"name": "[red]capacity[/red]\x1b[2J", "value_usd_per_year": 99_000.0}]
    path = tmp_path / "plan.toml"
    path.write_text(tomlkit.dumps(deal_table(32, ask=asks)), encoding="utf-8")
    code, out, err = run(path, "--json", capsys=capsys, monkeypatch=monkeypatch)
    found = json.loads(out)
    assert code == 0
    keys = {"clause", "granted", "value_usd", "value_se_usd", "value_in_discount_points"}
    assert isinstance(found, list)
    assert all(item.keys() >= keys for item in found)
    assert {type(item["granted"]) for item in found} == {bool}
    by_name = {(item["clause"], item["granted"]): item for item in found}
    known_values = {(c.variation.name, c.variation.granted): c for c in deal(deal_table(32)).trades.clauses}
    overage = by_name["overage_discount", False]
    clause = known_values["overage_discount", False]
    assert overage["value_usd"] == pytest.approx(clause.value.mean)
    assert overage["value_in_discount_points"] == pytest.approx(100 * (clause.points or 0.0))
    assert found[0]["clause"] == asks[0]["name"]
    assert found[0]["is_own_value"]
    assert "Priors" in err
    code, out, err = run(path, capsys=capsys, monkeypatch=monkeypatch)
    assert code == 0
    assert "\x1b[2J" not in out + err
    assert "[red]capacity[/red]" in out
    assert "Ask first for [red]capacity[/red]" in out
    code, out, err = run(path, "--quiet", capsys=capsys, monkeypatch=monkeypatch)
    assert (code, err) == (0, "")
    assert len(out.splitlines()) in (2, 3)


def test_swaps_and_pairs_are_in_the_json_of_both_their_clauses() -> None:
    found = known("as it is")
    listed = json.loads(json.dumps(clauses_json(found.trades), allow_nan=False))
    by_name = {(item["clause"], item["granted"]): item for item in listed}
    for swap in found.trades.swaps:
        give, get = by_name[swap.give.variation.name, True], by_name[swap.get.variation.name, False]
        assert get["clause"] in [other["with"] for other in give["swaps"]]
        assert give["clause"] in [other["with"] for other in get["swaps"]]
    pairs = {(item["clause"], other["with"]) for item in listed for other in item["interactions"]}
    assert pairs == {
        names
        for pair in found.trades.interactions
        for one, other in [(pair.first.variation.name, pair.second.variation.name)]
        for names in [(one, other), (other, one)]
    }


def test_values_that_the_paths_cannot_see_are_marked_and_not_asked_for() -> None:
    found = known("not all eligible")
    drawn = found.clause("list_drawdown")
    assert 0 < abs(drawn.value.mean) < 2 * drawn.value.se
    assert drawn not in found.trades.asks
    (row,) = [row for row in clauses_tables(found.trades)[0].rows if row[0] == drawn.variation.words]
    assert row[1].endswith(": none seen")


def test_one_path_has_values_and_no_errors() -> None:
    trades = deal(deal_table(1)).trades
    listed = clauses_json(trades)
    assert all(item["value_se_usd"] in (None, 0.0) for item in listed)
    assert trades.asks == ()
