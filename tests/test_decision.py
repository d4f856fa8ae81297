"""What a plan says of its decision under contracts with clauses: the ledger, the frontier, rights, caveats."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import strategies

from planner.clauses import IN_ARREARS
from planner.contract import Contract
from planner.machine import plan_json
from planner.plan import Plan
from planner.plan_drivers import plan_drivers
from planner.settlement import settle
from planner.simulation import SpendPaths
from planner.steps import coarse_steps, steps
from planner.term_use import term_use

NOISY = {"level_sd": 0.3, "monthly_volatility": 0.1, "monthly_noise": 0.1}
BANDS = ((60_000.0, 0.1), (110_000.0, 0.2))
ROLLOVER = {"share": 0.5, "months": 12}


def built(contract: dict | None = None, decision: dict | None = None, paths: int = 512, **more) -> Plan:
    table = strategies.plan_table(
        demand=NOISY, bands=BANDS, contract=contract or {}, decision=decision or {}, paths=paths, **more
    )
    return strategies.built(table)


THREE_YEARS = {"term_months": 36, "rollover": ROLLOVER, "payment": {"mode": "upfront", "cost_of_capital_per_year": 0.1}}


def test_the_ledger_of_the_json_balances_and_is_what_settling_gives():
    plan = built(THREE_YEARS | {"ramp": [1.0, 1.2, 1.4]})
    rows = plan_json(plan)["recommendation"]["ledger"]
    settled = settle(plan.inputs.contract, plan.recommendation.offer, plan.uses["as is"])
    assert [row["period"] for row in rows] == [0, 1, 2]
    assert [(row["first_month"], row["last_month"]) for row in rows] == [(0, 11), (12, 23), (24, 35)]
    sides = [
        sum(row[f"{name}_usd"] for row in rows for name in ("drawn_current", "drawn_banked", "forfeited", "waived"))
        + rows[-1]["banked_usd"],
        sum(row["committed_usd"] for row in rows),
    ]
    assert sides[0] == pytest.approx(sides[1])
    assert sum(row["paid_usd"] for row in rows) == pytest.approx(plan.recommendation.expected_cost.mean)
    for row, short in zip(rows, settled.shortfall_usd, strict=True):
        assert row["shortfall_probability"] == pytest.approx((short > 0.005).mean())
    years = plan_json(plan)["recommendation"]["contract_years"]
    ratios = [year["commit_usd_per_year"] / years[0]["commit_usd_per_year"] for year in years]
    assert ratios == pytest.approx([1.0, 1.2, 1.4])


def test_paid_in_advance_is_worth_less_later_and_more_than_in_arrears():
    plan = built(THREE_YEARS)
    arrears = built(THREE_YEARS | {"payment": {"mode": "arrears", "cost_of_capital_per_year": 0.1}})
    offer = plan.recommendation.offer
    assert plan.recommendation.npv_cost.mean < plan.recommendation.expected_cost.mean
    assert plan.outcome(offer).npv_cost.mean > arrears.outcome(offer).npv_cost.mean
    assert plan.outcome(offer).expected_cost == arrears.outcome(offer).expected_cost


def test_no_commitment_of_the_curve_beats_one_of_the_frontier():
    for contract in ({}, {"rollover": ROLLOVER, "term_months": 24}):
        plan = built(contract)
        frontier = plan.frontier
        assert len(frontier) >= 2
        assert frontier[0].shortfall_probability == min(point.shortfall_probability for point in plan.curve)
        assert frontier[-1].expected_cost_usd == min(point.expected_cost_usd for point in plan.curve)
        for point in plan.curve:
            assert not any(
                point.expected_cost_usd < best.expected_cost_usd
                and point.shortfall_probability <= best.shortfall_probability
                for best in frontier
            )


def test_the_larger_the_commitment_the_less_a_routed_dollar_saves():
    plan = built()
    saves = [point.marginal_saving_per_list_usd for point in plan.dead_zone]
    assert saves[0] == pytest.approx(1.0)
    assert all(later <= before for before, later in pairwise(saves))
    assert saves[-1] == pytest.approx(0.0, abs=0.05)


def test_a_fixed_commitment_that_breaks_the_limit_is_priced_and_said():
    plan = built({"commit_usd_per_year": 190_000.0}, {"max_shortfall_probability": 0.1})
    assert plan.recommendation.offer.commit_usd_per_year == 190_000.0
    assert not plan.constraint.is_met
    assert any("contract.commit_usd_per_year fixes does not meet the limit of 10.0%" in note for note in plan.warnings)
    years = built({"commit_usd_per_year": [50_000.0, 0.0], "term_months": 24}, {"max_shortfall_probability": 0.1})
    assert years.recommendation.offer.commits_usd_per_year(2) == (50_000.0, 0.0)
    assert not any("does not meet" in note for note in years.warnings)


def test_the_limit_that_binds_is_named_with_what_lifting_it_saves():
    for per, words in (("term", "in any period of the term binds"), ("period", "of each period (likeliest in")):
        plan = built({"term_months": 24}, {"shortfall_limit_per": per, "max_shortfall_probability": 0.02}, paths=2048)
        free = built({"term_months": 24}, {"max_shortfall_probability": 1.0}, paths=2048)
        assert plan.constraint.binds
        assert any(words in note for note in plan.warnings), plan.warnings
        saved = plan.recommendation.expected_cost.mean - free.recommendation.expected_cost.mean
        assert plan.constraint.relaxing_saves_usd == pytest.approx(saved, abs=0.01)


def test_a_right_that_would_cost_is_left_unused_and_a_plan_with_one_is_never_dearer():
    without = built({"term_months": 24}, {"max_shortfall_probability": 1.0})
    for right in ({"max_fraction": 0.5}, {"max_fraction": 0.05, "lookback_months": 3}):
        plan = built({"term_months": 24, "reduction": right}, {"max_shortfall_probability": 1.0})
        assert plan.recommendation.expected_cost.mean <= without.recommendation.expected_cost.mean + 0.01
        unused = plan.inputs.contract.reduction is not None and not plan.inputs.contract.reduction.exercised
        assert unused == any("is left unused" in note for note in plan.warnings)
    left = built({"term_months": 24, "reduction": {"max_fraction": 0.5, "exercised": False}})
    assert not any("is left unused" in note for note in left.warnings)


def test_a_balance_left_over_is_said_unless_renewal_values_it():
    contract = {"rollover": {"share": 1.0, "months": 12}, "commit_usd_per_year": 112_000.0}
    assert any("still banked when the term ends" in note for note in built(contract).warnings)
    valued = built(contract | {"renewal": {"bank_value_fraction": 0.5}})
    assert not any("still banked when the term ends" in note for note in valued.warnings)
    assert valued.recommendation.expected_cost.mean < built(contract).recommendation.expected_cost.mean


def test_dearer_prices_on_renewal_are_shown_and_in_no_other_figure():
    plain, dearer = built(), built({"renewal": {"uplift_fraction": 0.1}})
    best = dearer.recommendation
    listed = float(dearer.uses["as is"].list_usd.sum(axis=0).mean())
    kept = 1.0 - best.offer.discount_fraction
    assert best.renewal_uplift_usd_per_year == pytest.approx(0.1 * kept * listed)
    assert replace(best, renewal_uplift_usd_per_year=0.0) == plain.recommendation


@pytest.mark.parametrize(
    ("contract", "decision"),
    [
        ({"term_months": 24, "ramp": "free", "rollover": ROLLOVER}, {}),
        (THREE_YEARS, {"money": "npv"}),
        ({"shortfall": "true_up", "true_up_rate": 0.5}, {}),
    ],
)
def test_drivers_size_contracts_with_clauses(contract, decision):
    found = plan_drivers(built(contract, decision, paths=1024))
    level = next(driver for driver in found.inputs if "level" in driver.name)
    assert level.commit_at_p90_usd > level.commit_at_p10_usd >= 0.0


def test_use_added_up_over_longer_steps_is_the_use_of_a_contract_that_needs_no_months():
    table = strategies.plan_table(
        contract={"term_months": 30, "rollover": {"share": 1.0, "months": 5}, "price_falls": {"passed_through": False}}
    )
    by_month: Contract = strategies.built(table).inputs.contract
    coarse = replace(by_month, price_falls_passed_through=True, payment=IN_ARREARS)
    rng = np.random.default_rng(3)
    current, signing = rng.uniform(1.0, 9.0, (2, 30, 7))
    use = term_use(by_month, SpendPaths(list_cost_usd=current, signing_list_cost_usd=signing))
    added = use.over(coarse_steps(by_month))
    assert added.steps == steps(coarse) == coarse_steps(by_month)
    assert len(added.steps) < len(use.steps) == 30
    np.testing.assert_allclose(added.list_usd, use.list_usd)
    np.testing.assert_allclose(added.drawn_usd, use.drawn_usd)
