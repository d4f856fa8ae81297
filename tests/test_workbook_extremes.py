"""Workbooks of plans at the edge of what a plan may say: nothing used, thresholds that do not divide evenly."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from planner.dossier import Dossier
from planner.offer import Offer
from planner.plan import Plan, build_plan
from planner.plan_file.loader import parse_plan
from planner.settlement import settle
from planner.workbook.book import workbook_bytes
from planner.workbook.calc.best_steps import Best, best_commitment
from planner.workbook.calc.case_steps import LEVELS, price_case
from planner.workbook.calc.point_error import quantile_error
from planner.workbook.calc.pricing import offer_points, terms
from planner.workbook.calculator.offer_state import offer_state


def small_plan(contract: str, *, monthly_requests: int = 1_000_000, level_sd: float = 0.1, months: int = 12) -> Plan:
    text = f"""
[plan]
start = 2027-01-01
months = {months}
paths = 2_000
[[mix]]
request_type = "answer"
model = "claude-opus-5-5"
monthly_requests = {monthly_requests}
uncached_input_tokens = 900
output_tokens = 60
[demand]
level_sd = {level_sd}
[contract]
{contract}
"""
    return build_plan(parse_plan(text, base_dir=Path()))


def band(low: float, discount: float) -> str:
    return f"[[contract.band]]\nmin_commit_usd_per_year = {low}\ndiscount_fraction = {discount}\n"


@pytest.mark.parametrize("term", [12, 30])
def test_a_plan_without_use_has_a_workbook_where_unused_dollars_are_not_charged(term: int) -> None:
    clauses = f'term_months = {term}\nshortfall = "true_up"\ntrue_up_rate = 0.0\n'
    plan = small_plan(clauses + band(0, 0.1), monthly_requests=0, months=term)
    assert plan.recommendation.offer.is_none
    assert workbook_bytes(Dossier(plan=plan))
    assert best_at_bands(plan, (0, 0.1)).overall.number("commit") == 0


def best_at_bands(plan: Plan, *bands: tuple[float, float]) -> Best:
    state = offer_state(plan, offer_points(plan))
    return best_commitment(replace(state.asked, uses_bands=True, bands=bands, max_shortfall_probability=1.0))


def test_a_best_commitment_at_a_threshold_reaches_its_band() -> None:
    plan = small_plan(band(1_000, 0.1))
    # beyond what is used, so that the cheapest of the band is its threshold itself
    lows = [90_000 + 1_111.11 * step for step in range(40)]
    found = [best_at_bands(plan, (low, 0.37)).bands[1].number("best_commit") for low in lows]
    assert all(commit >= low for commit, low in zip(found, lows, strict=True))
    assert found == pytest.approx(lows)


def test_a_best_commitment_at_protected_prices_is_never_without_end() -> None:
    clauses = 'shortfall = "true_up"\ntrue_up_rate = 0.0\n'
    plan = small_plan(clauses + band(1_000, 0.1) + "[contract.price_falls]\npassed_through = false\n")
    found = best_at_bands(plan, (1_000, 0.1))
    drawn = plan.uses[plan.inputs.baseline].drawn_usd
    most = float(drawn.max())
    assert found.bands[1].number("second_use") == pytest.approx(most)
    assert found.bands[1].number("second_cost") == pytest.approx(0.9 * float(drawn.mean()), rel=1e-9)


CLAUSES = 'term_months = 24\noverage = 0.6\nshortfall = "true_up"\ntrue_up_rate = 0.0\n'
"""The curve is settled under these; most other offers that can be typed are farther off."""


def test_the_stated_errors_hold_at_offers_unlike_those_of_the_curve() -> None:
    plan = small_plan(CLAUSES + band(250_000, 0.1), level_sd=0.8, months=24)
    points = offer_points(plan)
    stated = quantile_error(plan, points)
    assert stated.percentile is not None
    rng = np.random.default_rng(1)
    use = plan.uses[plan.inputs.baseline]
    typical = float(use.drawn_usd.mean())
    for q in [*rng.uniform(0, 3, 40), *rng.uniform(3, 12, 20)]:
        rate = float(rng.choice([0.0, 0.4, 1.0]))
        contract = replace(plan.inputs.contract, true_up_rate=rate)
        d, e = rng.uniform(0, 0.5, 2).tolist()
        offer = Offer(commit_usd_per_year=q * typical, discount_fraction=d, overage_discount_fraction=min(d, e))
        settled, priced = settle(contract, offer, use), price_case(points, 0, terms(contract, offer))
        short, cost = settled.shortfall_usd.sum(axis=0).mean(), float(settled.paid_usd.mean())
        near = stated.anywhere * 2 * typical * (1 + 1e-9)
        assert priced.number("cost") == pytest.approx(cost, rel=1e-12, abs=near)
        assert priced.number("shortfall") == pytest.approx(short, rel=1e-12, abs=near)
        assert priced.number("overage") == pytest.approx(settled.overage_usd.sum(axis=0).mean(), rel=1e-12, abs=near)
        found = [priced.number(f"cost_{level}") for level in LEVELS]
        percentiles = np.quantile(settled.paid_usd, (0.1, 0.5, 0.9)).tolist()
        assert found == pytest.approx(percentiles, abs=2 * stated.percentile * cost)
    # forfeiture can be typed, and has errors where a true-up that charges nothing has none
    assert stated.shortfall > 0
    assert stated.probability > 0
    assert 0 < stated.anywhere < 1e-2
