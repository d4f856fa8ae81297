"""The whole line against closed forms: log-normal spend, the newsvendor's fractiles, bills added up by hand."""

from decimal import Decimal
from functools import cache
from math import exp, log, sqrt

import numpy as np
import pytest
import reference
import strategies
from scipy.stats import norm
from strategies import Table, figures, mix_entry, override, plan_table

from planner.machine import outcome_json
from planner.plan import Plan

PATHS = 40_000
SD = 0.3
MEAN = 120_000.0
MU = log(MEAN) - SD**2 / 2


def lognormal_table(d: float, overage: object = "list", **changed) -> Table:
    """Annual list spend log-normal with mean 120,000 USD: the level is uncertain and nothing else."""
    terms = {
        "demand": {"level_sd": SD},
        "bands": ((1000.0, d),),
        "contract": {"overage": overage},
        "paths": PATHS,
        "seed": 4,
    }
    return plan_table(**{**terms, **changed})


@cache
def lognormal_plan(d: float, overage: object = "list", drawdown: str = "contracted", alpha: float = 1.0) -> Plan:
    table = lognormal_table(d, overage)
    table["contract"]["drawdown"] = drawdown
    table["decision"]["max_shortfall_probability"] = alpha
    return strategies.built(table)


def below(q: float) -> float:
    """E[max(q - L, 0)]."""
    z = (log(q) - MU) / SD
    return q * norm.cdf(z) - MEAN * norm.cdf(z - SD)


def above(q: float) -> float:
    """E[max(L - q, 0)]."""
    return MEAN - q + below(q)


def discount_of_overage(d: float, overage: object) -> float:
    return {"list": 0.0, "committed": d}.get(overage, overage) if isinstance(overage, str) else float(overage)


@pytest.mark.parametrize("drawdown", ["contracted", "list"])
@pytest.mark.parametrize(
    ("d", "overage"), [(0.08, "list"), (0.2, "list"), (0.4, "list"), (0.2, 0.05), (0.3, 0.15), (0.6, 0.5)]
)
def test_the_best_commitment_is_the_fractile_of_log_normal_spend(d, overage, drawdown):
    """F(q*) = (r - 1) / r, r = (1 - e) / (1 - d), and everything that is shown with it."""
    e = discount_of_overage(d, overage)
    r = (1 - e) / (1 - d)
    fractile = (r - 1) / r
    z = norm.ppf(fractile)
    q = exp(MU + SD * z)
    unit = 1.0 if drawdown == "list" else 1 - d
    found = lognormal_plan(d, overage, drawdown).recommendation
    quantile_error = sqrt(fractile * (1 - fractile) / PATHS) / (norm.pdf(z) / (SD * q))
    assert abs(found.offer.commit_usd_per_year / unit - q) <= 3 * quantile_error
    assert found.shortfall_probability.mean == pytest.approx(fractile, abs=2 / PATHS)
    expected = (1 - d) * q + (1 - e) * above(q)
    assert abs(found.expected_cost.mean - expected) <= 3 * found.expected_cost.se
    assert found.effective_savings_rate == pytest.approx(1 - expected / MEAN, abs=3 * found.expected_cost.se / MEAN)


@pytest.mark.parametrize("commit", [50_000.0, 80_000.0, 96_000.0, 130_000.0, 200_000.0])
@pytest.mark.parametrize(("d", "overage"), [(0.2, "list"), (0.2, 0.1), (0.2, "committed")])
def test_any_offer_has_the_expected_shortfall_overage_and_cost_of_log_normal_spend(commit, d, overage):
    plan, e = lognormal_plan(d, overage), discount_of_overage(d, overage)
    found = plan.outcome(plan.inputs.contract.offer_at(commit))
    q = commit / (1 - d)
    chance = norm.cdf((log(q) - MU) / SD)
    assert abs(found.shortfall_probability.mean - chance) <= 3 * sqrt(chance * (1 - chance) / PATHS) + 1 / PATHS
    assert abs(found.expected_shortfall.mean - (1 - d) * below(q)) <= 3 * found.expected_shortfall.se + 0.01
    assert abs(found.expected_overage.mean - (1 - e) * above(q)) <= 3 * found.expected_overage.se
    assert abs(found.expected_cost.mean - (commit + (1 - e) * above(q))) <= 3 * found.expected_cost.se
    slope = (1 - e) * (1 - chance)
    assert abs(found.marginal_saving_per_list_usd - slope) <= 3 * sqrt(chance * (1 - chance) / PATHS) + 1 / PATHS


@pytest.mark.parametrize("alpha", [0.02, 0.1, 0.3])
def test_the_limit_on_the_shortfall_probability_puts_the_commitment_on_its_quantile(alpha):
    """A discount of 40 % is worth the 40th percentile; the limit stops it at the alpha quantile."""
    found = lognormal_plan(0.4, alpha=alpha)
    z = norm.ppf(alpha)
    q = exp(MU + SD * z)
    error = sqrt(alpha * (1 - alpha) / PATHS) / (norm.pdf(z) / (SD * q))
    assert abs(found.recommendation.offer.commit_usd_per_year / 0.6 - q) <= 3 * error
    assert found.recommendation.shortfall_probability.mean <= alpha
    assert found.constraint.binds
    assert found.constraint.commit_low_usd_per_year <= 0.6 * q <= found.constraint.commit_high_usd_per_year


@pytest.mark.parametrize("bands", [((30_000.0, 0.1), (90_000.0, 0.2)), ((30_000.0, 0.1), (400_000.0, 0.2))])
def test_overage_at_the_committed_rate_lands_on_a_threshold(bands):
    found = figures(lognormal_table(0.0, "committed", bands=bands))["recommendation"]
    costs = {0.0: MEAN} | {low: (1 - d) * (low / (1 - d) + above(low / (1 - d))) for low, d in bands}
    assert found["commit_usd_per_year"] == min(costs, key=costs.get)


def test_a_threshold_that_costs_more_than_it_saves_recommends_none():
    found = figures(lognormal_table(0.2, "committed", bands=((200_000.0, 0.2),)))["recommendation"]
    assert (found["commit_usd_per_year"], found["discount_fraction"]) == (0, 0)
    assert found["expected_cost_usd"] == found["on_demand_cost_usd"]
    assert found["break_even_utilization"] is None


@pytest.mark.parametrize("overage", ["list", "committed"])
def test_no_discount_recommends_no_commitment(overage):
    assert figures(lognormal_table(0.0, overage))["recommendation"]["commit_usd_per_year"] == 0


@pytest.mark.parametrize("overage", ["list", "committed", 0.15])
def test_no_commitment_equals_on_demand(overage):
    plan = lognormal_plan(0.2, overage)
    none = outcome_json(plan.outcome(plan.inputs.contract.offer_at(0.0)))
    assert none["expected_cost_usd"] == none["on_demand_cost_usd"]
    assert none["effective_savings_rate"] == 0
    assert none["shortfall_probability"] == 0
    assert plan.curve[0].offer.commit_usd_per_year == 0
    assert plan.curve[0].expected_cost_usd == pytest.approx(none["on_demand_cost_usd"])


# --- by hand ---------------------------------------------------------------------------------------------------------


def test_without_volatility_the_bill_is_the_one_added_up_by_hand():
    """Season, growth, drift, a sure event and a route, month by month in Decimal; then the contract, to the cent."""
    season = [0.9, 0.95, 1.0, 1.05, 1.1, 1.1, 1.05, 1.0, 0.95, 0.95, 0.95, 1.0]
    table = plan_table(
        mix=[mix_entry(monthly_requests=812_345.0, uncached_input_tokens=1234.0, output_tokens=56.0)],
        overrides=[override("strong"), override("light", "haiku", (1.0, 0.1, 1.25, 2.0, 5.0))],
        demand={
            "growth_per_year": 0.44,
            "token_drift_per_year": 0.1,
            "season": season,
            "event": [{"name": "launch", "probability": 1.0, "month": 5, "size": 1.3}],
        },
        scenario=[
            {
                "name": "routed",
                "route": [
                    {"request_type": "chat", "to": "light", "share": 0.7, "escalation": 0.1, "ramp": {"start_month": 3}}
                ],
            }
        ],
        bands=((20_000.0, 0.1), (60_000.0, 0.15)),
        start=strategies.date(2027, 4, 1),
    )
    found = figures(table)
    light, strong = Decimal(1234 + 56 * 5) / 10**6, Decimal(12340 + 56 * 50) / 10**6
    year = Decimal(0)
    for t in range(12):
        requests = 812_345 * Decimal(str(season[(3 + t) % 12])) * Decimal("1.44") ** (Decimal(t) / 12)
        requests *= Decimal("1.3") if t >= 5 else 1
        unit = strong if t < 3 else Decimal("0.3") * strong + Decimal("0.7") * (light + Decimal("0.1") * strong)
        cost = requests * unit * Decimal("1.1") ** (Decimal(t) / 12)
        assert found["scenarios"]["routed"]["monthly_list_cost_usd"]["mean"][t] == pytest.approx(float(cost), abs=0.005)
        year += cost
    best = found["recommendation"]
    d = Decimal("0.15") if year * Decimal("0.85") >= 60_000 else Decimal("0.1")
    assert best["commit_usd_per_year"] == pytest.approx(float(year * (1 - d)), abs=0.005)
    assert best["expected_cost_usd"] == pytest.approx(float(year * (1 - d)), abs=0.005)
    assert best["shortfall_probability"] == 0
    assert best["regret_usd"] == pytest.approx(0, abs=0.005)


@pytest.mark.parametrize("commit", [30_000.0, 100_000.0, 150_000.0])
def test_without_volatility_an_offer_is_billed_as_the_ledger_bills_it(commit):
    plan = strategies.built(plan_table(bands=((20_000.0, 0.1), (90_000.0, 0.25)), contract={"term_months": 18}))
    found = plan.outcome(plan.inputs.contract.offer_at(commit))
    bands = ((Decimal(20_000), Decimal("0.1")), (Decimal(90_000), Decimal("0.25")))
    terms = reference.Terms(term_months=18, bands=bands)
    bills = reference.settle(terms, Decimal(commit), [Decimal(10_000)] * 18)
    assert found.expected_cost.mean == pytest.approx(float(sum(bill.paid for bill in bills)), abs=0.005)
    assert found.expected_shortfall.mean == pytest.approx(float(sum(bill.shortfall for bill in bills)), abs=0.005)


def test_the_published_double_count_comes_out_in_sequence():
    """Routing saves 1,942.56 of 5,537.30; 30 % of what is left makes 3,020.98 in all, and not 3,603.75."""
    spend, routing = 5537.30, 1942.56
    table = plan_table(
        mix=[mix_entry(monthly_requests=spend / 12 * 100)],
        overrides=[override("strong"), override("light", "haiku", (4.0, 0.4, 5.0, 8.0, 20.0))],
        scenario=[
            {"name": "as is"},
            {
                "name": "routed",
                "route": [
                    {
                        "request_type": "chat",
                        "to": "light",
                        "share": routing / spend / 0.6,
                        "ramp": {"start_month": -1},
                    }
                ],
            },
        ],
        bands=((1000.0, 0.3),),
    )
    found = figures(table)
    before, after = (found["scenarios"][name]["annual_list_cost_usd"]["mean"] for name in ("as is", "routed"))
    paid = found["recommendation"]["expected_cost_usd"]
    assert round(before - after, 2) == 1942.56
    assert round(0.3 * before, 2) == 1661.19  # what the showcase adds
    assert round(before - paid, 2) == 3020.98
    assert round(before - after + 0.3 * before, 2) == 3603.75


# --- scale and generosity --------------------------------------------------------------------------------------------


def restless(scale: float = 1.0, **changed) -> Table:
    rates = tuple(rate * scale for rate in (10.0, 1.0, 12.5, 20.0, 50.0))
    terms = {
        "overrides": [override("strong", rates=rates)],
        "demand": {"level_sd": 0.1, "growth_per_year": {"p10": 0.0, "p90": 1.0}, "monthly_volatility": 0.06},
        "cuts": {"falls_per_year": 0.7, "rises_per_year": 0.2, "lag_months": 1},
        "bands": tuple((low * scale, d) for low, d in ((40_000.0, 0.08), (90_000.0, 0.15), (150_000.0, 0.3))),
        "decision": {"max_shortfall_probability": 0.25},
        "paths": 3000,
    }
    return plan_table(**{**terms, **changed})


@pytest.mark.parametrize("contract", [{}, {"price_falls": {"passed_through": False}, "drawdown": "list"}])
@pytest.mark.parametrize("objective", ["expected_cost", "mean_cvar", "minimax_regret"])
def test_doubling_every_price_and_the_bands_doubles_cost_and_commitment(contract, objective):
    decision = {"max_shortfall_probability": 0.25, "objective": objective}
    one, two = (
        figures(restless(scale, contract=contract, decision=decision))["recommendation"] for scale in (1.0, 2.0)
    )
    rel = 1e-9 if objective == "expected_cost" else 1e-4  # those two are searched, to a cent, along a flat valley
    for key in ("commit_usd_per_year", "expected_cost_usd", "expected_shortfall_usd", "expected_overage_usd"):
        assert two[key] == pytest.approx(2 * one[key], rel=rel, abs=1.0 if objective != "expected_cost" else 1e-6)
    assert two["shortfall_probability"] == pytest.approx(one["shortfall_probability"], abs=1e-3)


@pytest.mark.parametrize(
    "granted",
    [
        {"bands": ((40_000.0, 0.1), (90_000.0, 0.17), (150_000.0, 0.32))},
        {"bands": ((20_000.0, 0.08), (45_000.0, 0.15), (75_000.0, 0.3))},
        {"contract": {"overage": 0.05}},
        {"contract": {"overage": "committed"}},
    ],
    ids=["discounts", "thresholds", "overage of its own", "overage as committed"],
)
def test_a_more_generous_clause_never_costs_more(granted):
    """Without a limit on the shortfall probability: a threshold in discounted dollars asks for more use at a higher
    discount, and a limit may then forbid it."""
    free = {"decision": {"max_shortfall_probability": 1.0}}
    asked = figures(restless(**free))["recommendation"]["expected_cost_usd"]
    assert figures(restless(**free, **granted))["recommendation"]["expected_cost_usd"] <= asked + 0.01


def test_a_looser_limit_never_costs_more():
    costs = [
        figures(restless(decision={"max_shortfall_probability": alpha}))["recommendation"]["expected_cost_usd"]
        for alpha in (0.0, 0.05, 0.25, 0.5, 1.0)
    ]
    assert costs == sorted(costs, reverse=True)
    assert costs[0] > costs[-1]


def test_routing_before_signing_is_worth_more_than_signing_first():
    """The dead zone: a commitment sized on unrouted spend eats what routing saves."""
    table = restless(
        overrides=[override("strong"), override("light", "haiku", (1.0, 0.1, 1.25, 2.0, 5.0))],
        scenario=[
            {"name": "as is"},
            {
                "name": "routed",
                "route": [{"request_type": "chat", "to": "light", "share": 0.8, "ramp": {"start_month": 2}}],
            },
        ],
    )
    found = figures(table)
    first = found["sign_first"]
    assert first["shortfall_probability_after_routing"] > 0.9
    assert first["cost_of_signing_first_usd"] > 0
    assert first["commit_usd_per_year"] > found["recommendation"]["commit_usd_per_year"]


def test_the_curve_is_never_below_the_recommendation_where_it_is_allowed():
    for overage in ("list", "committed", 0.05):
        found = figures(restless(contract={"overage": overage}))
        best = found["recommendation"]["expected_cost_usd"]
        allowed = [p["expected_cost_usd"] for p in found["curve"] if p["shortfall_probability"] <= 0.25]
        assert min(allowed) >= best - 0.02
        assert np.isfinite(allowed).all()
