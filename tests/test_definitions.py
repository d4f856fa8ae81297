"""Every numbered definition of docs/method.md, on plans as a user writes them: each test fails if it is read otherwise.

The plans cost 10,000 USD a month at list and do not move, unless the test moves something.
"""

from decimal import Decimal
from math import log
from pathlib import Path

import numpy as np
import pytest
import reference
import strategies
import tomlkit
from strategies import Table, built, figures, mix_entry, override, plan_table

from planner.distributions import JudgedEscalation, Lognormal, Point, ScaledBeta
from planner.errors import InputError
from planner.inputs import PlanInputs
from planner.plan_file.loader import parse_plan

MODELS = [override("strong"), override("light", "haiku", (1.0, 0.1, 1.25, 2.0, 5.0))]
LONG_AGO = {"start_month": -9}


def parsed(table: Table) -> PlanInputs:
    return parse_plan(tomlkit.dumps(table), base_dir=Path())


def routed(table: Table | None = None, **route) -> Table:
    """A plan that routes "chat" to a model at a tenth of the price, all of it and at once unless said otherwise."""
    levers = [{"request_type": "chat", "to": "light", "share": 1.0, "escalation": 0.0, "ramp": LONG_AGO, **route}]
    scenario = [{"name": "as is"}, {"name": "routed", "route": levers}]
    return {**(table or plan_table(overrides=MODELS)), "scenario": scenario}


def monthly(table: Table, scenario: str = "as is") -> list[float]:
    return figures(table)["scenarios"][scenario]["monthly_list_cost_usd"]["mean"]


# --- 1. clock --------------------------------------------------------------------------------------------------------


def test_1_month_0_is_the_calendar_month_of_start():
    season = [1.0] * 12
    season[8], season[0] = 1.5, 0.5
    found = monthly(plan_table(demand={"season": season}, start=strategies.date(2027, 9, 1)))
    assert found == pytest.approx([15_000, *[10_000] * 3, 5_000, *[10_000] * 7])


def test_1_a_start_that_is_not_the_first_of_a_month_is_an_error():
    with pytest.raises(InputError, match="2027-01-15"):
        parsed(plan_table(start=strategies.date(2027, 1, 15)))


def test_1_the_horizon_is_the_term_unless_given_and_never_shorter():
    assert parsed(plan_table()).months == 12
    assert parsed(plan_table(contract={"term_months": 18})).months == 18
    assert len(monthly(plan_table(contract={"term_months": 18}))) == 18
    assert len(monthly(plan_table(months=30))) == 30
    with pytest.raises(InputError, match="months = 11"):
        parsed(plan_table(months=11))


@pytest.mark.parametrize(("term", "months"), [(6, None), (12, 30), (24, None), (18, 20)])
def test_1_annual_figures_are_the_first_twelve_months_whatever_the_term(term, months):
    plan = {} if months is None else {"months": months}
    table = plan_table(demand={"growth_per_year": 1.0}, contract={"term_months": term}, **plan)
    expected = sum(10_000 * 2 ** (t / 12) for t in range(12))
    assert figures(table)["scenarios"]["as is"]["annual_list_cost_usd"]["mean"] == pytest.approx(expected)


@pytest.mark.parametrize("months", [None, 48])
def test_1_a_decision_counts_the_term_and_a_last_part_year_commits_pro_rata(months):
    """18 months of 10,000 at 20 %: 96,000 a year, so 48,000 for the half; months beyond the term do not count."""
    plan = {} if months is None else {"months": months}
    found = figures(plan_table(contract={"term_months": 18}, **plan))["recommendation"]
    assert found["commit_usd_per_year"] == pytest.approx(96_000)
    assert found["on_demand_cost_usd"] == pytest.approx(180_000)
    assert found["expected_cost_usd"] == pytest.approx(144_000)


def test_1_every_contract_year_owes_its_own_commitment():
    """Spend doubles after a year; use of the second year cannot fill the first."""
    event = [{"name": "double", "probability": 1.0, "month": 12, "size": 2.0}]
    plan = built(plan_table(demand={"event": event}, contract={"term_months": 24}))
    found = plan.outcome(plan.inputs.contract.offer_at(0.8 * 180_000))
    assert found.expected_shortfall.mean == pytest.approx(0.8 * 60_000)
    assert found.expected_overage.mean == pytest.approx(60_000)
    assert found.expected_cost.mean == pytest.approx(2 * 0.8 * 180_000 + 60_000)


# --- 2. level --------------------------------------------------------------------------------------------------------


def test_2_a_typed_mix_is_the_level_of_month_0_without_its_season():
    """Growth from month 0 on: none in month 0, half a year's in month 6."""
    season = [0.5] * 6 + [1.5] * 6
    found = monthly(plan_table(demand={"growth_per_year": 0.44, "season": season}))
    assert found[0] == pytest.approx(5_000)
    assert found[6] == pytest.approx(15_000 * 1.2)


def test_2_the_walk_has_not_begun_in_month_0_of_a_typed_mix():
    paths = built(plan_table(demand={"monthly_volatility": 0.2}, paths=4000)).spend["as is"].list_cost_usd
    assert np.ptp(paths[0]) == 0
    assert np.log(paths[1]).std() == pytest.approx(0.2, rel=0.05)


@pytest.mark.parametrize(("last", "ok"), [(1.0, True), (1.000011, True), (1.000013, False), (1.2, False)])
def test_2_a_season_whose_mean_is_not_1_is_an_error(last, ok):
    table = plan_table(demand={"season": [1.0] * 11 + [last]})
    if ok:
        parsed(table)
    else:
        with pytest.raises(InputError, match="mean of season"):
            parsed(table)


def usage_plan(tmp_path: Path, records: list[str], **demand) -> Table:
    (tmp_path / "log.csv").write_text(
        "timestamp,request_type,model,requests,uncached_input_tokens,output_tokens,service_tier\n" + "\n".join(records),
        encoding="utf-8",
    )
    table = plan_table(demand=demand, overrides=MODELS)
    del table["mix"]
    return {**table, "usage": {"sources": ["log.csv"]}}


def days(month: int, n: int, requests: int, tokens: int = 1000, model: str = "strong", tier: str = "standard"):
    """One record a day, from the first to the last second of a month."""
    hours = ["00:00:00"] * (n - 1) + ["23:59:59"]
    return [
        f"2026-{month:02d}-{day:02d}T{hour}Z,chat,{model},{requests},{tokens * requests},0,{tier}"
        for day, hour in enumerate(hours, start=1)
    ]


def test_2_the_measured_level_is_the_mean_of_deseasonalised_months_of_equal_length(tmp_path):
    season = [1.0] * 12
    season[8], season[9] = 0.5, 1.5  # September and October
    log_lines = [*days(9, 30, 1000), *days(10, 31, 6000)]
    table = usage_plan(tmp_path, log_lines, season=season)
    month = 365.25 / 12
    level = (1000 * month / 0.5 + 6000 * month / 1.5) / 2
    plan = built_here(table, tmp_path)
    assert sum(line.monthly_requests for line in plan.prepared.mix_lines) == pytest.approx(level)


def test_2_tokens_models_and_batch_come_from_the_last_complete_month(tmp_path):
    light = days(10, 31, 300, 2000, "light", "batch")
    log_lines = [*days(9, 30, 1000, 500), *days(10, 31, 700, 2000), *light, "2026-11-02T00:00:00Z,chat,light,5,5,0,"]
    plan = built_here(usage_plan(tmp_path, log_lines), tmp_path)
    by_model = {entry.model: entry for entry in plan.prepared.mix.entries}
    assert by_model["strong"].monthly_requests == pytest.approx(0.7 * 1000 * 365.25 / 12)
    assert by_model["light"].batch_fraction == 1.0
    assert by_model["strong"].tokens_per_request[0] == pytest.approx(2000)


def test_2_growth_runs_from_the_middle_of_the_window_to_the_middle_of_each_month(tmp_path):
    """August to October, middle mid-September: January is four months on, and February five."""
    log_lines = [*days(8, 31, 1000), *days(9, 30, 1000), *days(10, 31, 1000)]
    table = usage_plan(tmp_path, log_lines, growth_per_year=0.6, token_drift_per_year=0.0)
    plan = built_here(table, tmp_path)
    assert plan.prepared.mix.growth_months == pytest.approx(4)
    listed = plan.spend["as is"].list_cost_usd[:, 0] / (1000 * 365.25 / 12 * 0.01)
    assert listed == pytest.approx(1.6 ** ((np.arange(12) + 4) / 12))


def built_here(table: Table, folder: Path) -> strategies.Plan:
    return strategies.built(table, folder)


# --- 3. demand: the moments are in test_demand.py --------------------------------------------------------------------


def test_3_the_walk_of_a_measured_mix_began_at_the_middle_of_the_window(tmp_path):
    """g = 3.5 months: four steps have been taken in month 0."""
    table = usage_plan(tmp_path, [*days(9, 30, 1000), *days(10, 31, 1000)], monthly_volatility=0.1)
    table["plan"]["paths"] = 20_000
    paths = np.log(built_here(table, tmp_path).spend["as is"].list_cost_usd)
    expected = 0.1 * np.sqrt(4 + np.arange(12))
    assert (np.abs(paths.std(axis=1) / expected - 1) <= 4 / np.sqrt(2 * 20_000)).all()


def test_3_volatility_and_an_uncertain_level_add_no_drift():
    restless = {"level_sd": 0.3, "monthly_volatility": 0.1, "monthly_noise": 0.3, "noise_ar1": 0.5}
    found = figures(plan_table(demand=restless, paths=40_000))["scenarios"]["as is"]["annual_list_cost_usd"]
    assert abs(found["mean"] - 120_000) <= 4 * found["se"]


def test_3_growth_is_damped_month_by_month():
    found = monthly(plan_table(demand={"growth_per_year": 0.5, "growth_damping_per_month": 0.9}))
    assert found[3] == pytest.approx(10_000 * 1.5 ** ((1 + 0.9 + 0.81) / 12))


def test_3_the_largest_type_by_spend_leaves_and_no_other():
    """The largest bill, not the largest number of requests; after a quarter the share p of paths has lost it."""
    mix = [mix_entry("many", monthly_requests=2e6, uncached_input_tokens=100.0), mix_entry("dear")]
    plan = built(plan_table(mix=mix, demand={"leave_probability_per_quarter": 0.3}, paths=20_000))
    paths = plan.spend["as is"].list_cost_usd
    assert set(np.round(paths[11]).tolist()) == {2000.0, 12_000.0}
    gone = (paths[3] < 3000).mean()
    assert abs(gone - 0.3) <= 4 * np.sqrt(0.3 * 0.7 / 20_000)


def test_3_an_event_multiplies_requests_from_its_month_on():
    event = [{"name": "x", "probability": 1.0, "month": 4, "size": 1.25, "request_types": ["chat"]}]
    found = monthly(plan_table(mix=[mix_entry(), mix_entry("code")], demand={"event": event}))
    assert found == pytest.approx([20_000] * 4 + [22_500] * 8)


# --- 4. distributions ------------------------------------------------------------------------------------------------


def route_input(key: str, value: object):
    return getattr(parsed(routed(**{key: value})).scenarios[1].routes[0], key)


def test_4_a_number_and_equal_quantiles_are_constants():
    assert route_input("share", 0.4) == Point(0.4)
    assert route_input("share", {"p10": 0.4, "p90": 0.4}) == Point(0.4)
    growth = parsed(plan_table(demand={"growth_per_year": {"p10": 0.3, "p90": 0.3}})).demand.growth_per_year
    assert growth == Point(0.3)


@pytest.mark.parametrize(
    "changed",
    [
        {"demand": {"growth_per_year": {"p10": 0.5, "p90": 0.1}}},
        {"demand": {"token_drift_per_year": {"p10": 0.5, "p90": 0.1}}},
        {"cuts": {"fall": {"p10": 0.5, "p90": 0.1}}},
        {"cuts": {"rise": {"p10": 0.5, "p90": 0.1}}},
    ],
)
def test_4_p10_above_p90_is_an_error(changed):
    with pytest.raises(InputError, match=r"p10 = 0\.5"):
        parsed(plan_table(**changed))


def test_4_each_key_has_the_family_that_its_quantity_has():
    inputs = parsed(
        plan_table(
            demand={
                "growth_per_year": {"p10": 0.0, "p90": 1.0},
                "event": [{"name": "x", "probability": 1.0, "month": 1, "size": {"p10": 0.5, "p90": 2.0}}],
            },
            cuts={"fall": {"p10": 0.1, "p90": 0.6}, "rise": {"p10": 0.05, "p90": 0.3}},
        )
    )
    assert inputs.demand.growth_per_year.from_normal(np.zeros(1))[0] == pytest.approx(2**0.5 - 1)
    assert inputs.demand.events[0].size.from_normal(np.zeros(1))[0] == pytest.approx(1.0)
    assert isinstance(inputs.prices.moves.fall, ScaledBeta)
    assert isinstance(inputs.prices.moves.rise, Lognormal)
    assert inputs.prices.moves.rise.from_normal(np.zeros(1))[0] == pytest.approx((0.05 * 0.3) ** 0.5)
    for key in ("share", "escalation"):
        assert isinstance(route_input(key, {"p10": 0.1, "p90": 0.6}), ScaledBeta)
    ramp = {"ceiling": {"p10": 0.5, "p90": 0.9}, "start_month": {"low": 0, "mode": 2, "high": 4}, "months": 3}
    parsed_ramp = route_input("ramp", ramp)
    assert isinstance(parsed_ramp.ceiling, ScaledBeta)
    starts = parsed_ramp.start_month.from_normal(np.linspace(-3, 3, 101))
    assert set(starts.tolist()) == {0.0, 1.0, 2.0, 3.0, 4.0}


def test_4_evidence_is_the_pass_rate_in_a_share_and_one_less_it_in_an_escalation():
    """Beta(188.5, 12.5): a mean pass rate of 188.5 / 201."""
    evidence = {"passed": 188, "failed": 12}
    assert route_input("share", evidence).mean == pytest.approx(188.5 / 201)
    assert route_input("escalation", evidence).mean == pytest.approx(12.5 / 201)
    found = figures(routed(share=evidence, escalation=evidence))["routes"][0]
    assert found["escalation"] == pytest.approx(12.5 / 201)


def test_4_a_judge_that_errs_changes_the_escalation():
    found = route_input("escalation", {"passed": 188, "failed": 12, "fnr": 0.1, "fpr": 0.2})
    assert isinstance(found, JudgedEscalation)
    p = 188.5 / 201
    assert found.mean == pytest.approx(p * 0.1 + (1 - p) * (1 - 0.2))


def test_4_a_share_takes_no_judge():
    with pytest.raises(InputError, match="share"):
        route_input("share", {"passed": 188, "failed": 12, "fnr": 0.1})


# --- 5. ramp ---------------------------------------------------------------------------------------------------------


def test_5_adoption_is_read_at_mid_month():
    """Start 1, four months: the curve is at 10 % at 1.0, 50 % at 3.0, 90 % at 5.0; month 2 stands at 2.5."""
    found = monthly(routed(ramp={"start_month": 1, "months": 4}), "routed")
    for t in range(12):
        a = 1 / (1 + np.exp(-(log(81) / 4) * (t + 0.5 - 1 - 2)))
        assert found[t] == pytest.approx(10_000 * (1 - 0.9 * a))


def test_5_no_months_is_a_step_and_the_ceiling_is_1_unless_given():
    assert monthly(routed(ramp={"start_month": 3}), "routed") == pytest.approx([10_000] * 3 + [1_000] * 9)
    capped = monthly(routed(ramp={"start_month": 3, "ceiling": 0.5}), "routed")
    assert capped == pytest.approx([10_000] * 3 + [5_500] * 9)


def test_5_routing_may_have_begun_before_the_contract():
    found = monthly(routed(ramp={"start_month": -2, "months": 4}), "routed")
    assert found[0] == pytest.approx(10_000 * (1 - 0.9 / (1 + np.exp(-log(81) / 4 * 0.5))))


# --- 6. price moves --------------------------------------------------------------------------------------------------


def falling(**contract) -> Table:
    """Prices halve at a rate of six a year, with no lag, from the month of the pricing day on."""
    return plan_table(
        cuts={"falls_per_year": 6.0, "fall": 0.5, "lag_months": 0},
        contract=contract,
        paths=500,
        bands=((1000.0, 0.1),),
    )


def test_6_falls_arrive_lag_months_after_the_month_they_happen_in():
    """Priced in December: by month t of a plan from January, t + 1 - lag months of moves have arrived."""
    for lag in (0, 3):
        table = plan_table(cuts={"falls_per_year": 12.0, "fall": 0.5, "lag_months": lag}, paths=20_000)
        paths = built(table).spend["as is"].list_cost_usd
        for t in (0, 1, 5):
            stayed = np.exp(-max(t + 1 - lag, 0))
            assert abs((paths[t] == 10_000).mean() - stayed) <= 4 * np.sqrt(stayed * (1 - stayed) / 20_000)


@pytest.mark.parametrize("key", [{}, {"price_falls": {"passed_through": True}}])
def test_6_falls_are_passed_through_unless_the_contract_says_not(key):
    plan = built(falling(**key))
    list_usd = plan.spend["as is"].list_cost_usd.sum(axis=0)
    found = plan.outcome(plan.inputs.contract.offer_at(54_000.0))
    assert found.expected_cost.mean == pytest.approx(54_000 + np.maximum(list_usd - 60_000, 0).mean())
    assert found.expected_shortfall.mean == pytest.approx(0.9 * np.maximum(60_000 - list_usd, 0).mean())


def test_6_locked_prices_use_the_commitment_at_signing_day_list_and_bill_the_rest_at_current():
    """60,000 list dollars are used up after six months on every path; the last six are billed at current list."""
    plan = built(falling(price_falls={"passed_through": False}))
    current = plan.spend["as is"].list_cost_usd
    found = plan.outcome(plan.inputs.contract.offer_at(54_000.0))
    assert found.shortfall_probability.mean == 0
    assert found.expected_cost.mean == pytest.approx(54_000 + current[6:].sum(axis=0).mean())
    assert found.on_demand_cost_usd == pytest.approx(current.sum(axis=0).mean())


def test_6_a_routed_request_pays_the_factor_of_the_tier_that_serves_it():
    """With the whole type on another tier, its price moves on other paths than the tier it came from."""
    table = routed(plan_table(overrides=MODELS, cuts={"falls_per_year": 6.0, "fall": 0.5, "lag_months": 0}, paths=4000))
    spend = built(table).spend
    home, away = spend["as is"].list_cost_usd[11] / 10_000, spend["routed"].list_cost_usd[11] / 1000
    assert abs(np.corrcoef(np.log(home), np.log(away))[0, 1]) < 4 / np.sqrt(4000)
    same = routed(
        plan_table(overrides=[MODELS[0], {**MODELS[1], "tier": "opus"}], cuts=table["prices"]["cuts"], paths=400)
    )
    spend = built(same).spend
    np.testing.assert_allclose(spend["routed"].list_cost_usd, spend["as is"].list_cost_usd / 10)


# --- 7. levers: test_levers.py holds them all against the reference ---------------------------------------------------


def test_7_an_escalated_request_is_paid_twice_and_the_router_on_top():
    found = monthly(routed(share=0.5, escalation=0.2, overhead_usd_per_request=0.001), "routed")[0]
    assert found == pytest.approx(5000 + 500 + 0.2 * 5000 + 500)


def test_7_a_moved_call_writes_what_it_read_and_a_moved_session_reads_on():
    cached = plan_table(mix=[mix_entry(uncached_input_tokens=0.0, cache_read_tokens=1000.0)], overrides=MODELS)
    assert monthly(cached)[0] == pytest.approx(1000)
    assert monthly(routed(cached, moves="session"), "routed")[0] == pytest.approx(100)
    assert monthly(routed(cached, moves="request"), "routed")[0] == pytest.approx(1250)
    escalated = routed(cached, moves="request", escalation=1.0)
    assert monthly(escalated, "routed")[0] == pytest.approx(1250 + 1000)


def test_7_tokens_change_with_the_tokenizer_or_by_the_route_s_own_ratio():
    old = plan_table(mix=[mix_entry(model="claude-opus-4-6")], overrides=[])
    found = monthly(routed(old, to="claude-opus-5-5"), "routed")[0]
    assert (monthly(old)[0], found) == pytest.approx((5000, 4000 * 1.3))
    assert monthly(routed(old, to="claude-opus-5-5", token_ratio=1.1), "routed")[0] == pytest.approx(4400)


def test_7_caching_batch_and_output_act_on_every_copy_alike():
    mix = [mix_entry(uncached_input_tokens=1000.0, output_tokens=100.0, batch_fraction=0.2)]
    table = routed(plan_table(mix=mix, overrides=MODELS), share=0.5, escalation=0.1)
    table["scenario"][1] |= {
        "cache": [{"request_type": "chat", "cacheable_fraction": 0.5, "hit_rate": 0.8, "ramp": LONG_AGO}],
        "batch": [{"request_type": "chat", "share": 0.5, "ramp": LONG_AGO}],
        "output": [{"request_type": "chat", "cut": 0.4, "ramp": LONG_AGO}],
    }
    strong = (500 * 10 + 400 * 1 + 100 * 12.5 + 60 * 50) * (1 - 0.6 / 2)
    light = strong / 10
    assert monthly(table, "routed")[0] == pytest.approx(0.5 * strong + 0.5 * (light + 0.1 * strong))


# --- 8. long prompts -------------------------------------------------------------------------------------------------


def haiku(**changed) -> Table:
    return plan_table(mix=[mix_entry(model="claude-haiku-5-5", **changed)], overrides=[])


def test_8_the_share_counts_tokens_and_those_requests_pay_five_times_on_all_of_them():
    assert monthly(haiku(long_prompt_fraction=0.0))[0] == pytest.approx(100)
    assert monthly(haiku(long_prompt_fraction=0.3, output_tokens=100.0))[0] == pytest.approx(150 * (0.7 + 0.3 * 5))


def test_8_without_the_share_a_typed_mix_says_what_it_assumes():
    assert any("long_prompt_fraction" in warning for warning in figures(haiku())["warnings"])


def test_8_a_route_to_another_threshold_without_its_share_is_an_error_and_not_zero():
    with pytest.raises(InputError, match="long_prompt_fraction"):
        built(routed(to="claude-haiku-5-5"))
    found = monthly(routed(to="claude-haiku-5-5", long_prompt_fraction=0.5), "routed")[0]
    assert found == pytest.approx(100 * 3)


# --- 9. settlement: test_settlement.py holds it against the ledger ----------------------------------------------------


def offer(commit: float, **changed):
    plan = built(plan_table(**changed))
    return plan.outcome(plan.inputs.contract.offer_at(commit))


def test_9_what_is_not_eligible_is_billed_at_list_outside_and_stands_in_every_total():
    found = offer(48_000.0, contract={"eligible_fraction": 0.75})
    assert found.on_demand_cost_usd == pytest.approx(120_000)
    assert found.expected_cost.mean == pytest.approx(48_000 + (90_000 - 60_000) + 30_000)
    assert found.expected_overage.mean == pytest.approx(30_000)


def test_9_a_band_holds_for_all_units_and_below_the_lowest_there_is_no_discount():
    bands = ((50_000.0, 0.1), (80_000.0, 0.2))
    assert offer(80_000.0, bands=bands).expected_cost.mean == pytest.approx(80_000 + 20_000)
    assert offer(79_999.0, bands=bands).expected_cost.mean == pytest.approx(79_999 + 120_000 - 79_999 / 0.9)
    below = offer(49_999.0, bands=bands)
    assert (below.offer.discount_fraction, below.expected_cost.mean) == (0, pytest.approx(120_000))


def test_9_no_commitment_pays_list_without_an_overage_discount():
    found = offer(0.0, contract={"overage": 0.3})
    assert found.expected_cost.mean == pytest.approx(120_000)


def test_9_in_list_dollars_the_commitment_is_read_at_list_and_owed_at_the_discount():
    """C = 100,000 list at 20 % owes 80,000; 150,000 owes 120,000 and wastes the list dollars' worth of 24,000."""
    for commit, cost, shortfall in ((100_000.0, 80_000 + 20_000, 0.0), (150_000.0, 120_000, 24_000)):
        found = offer(commit, contract={"drawdown": "list"})
        assert found.expected_cost.mean == pytest.approx(cost)
        assert found.expected_shortfall.mean == pytest.approx(shortfall)
    best = figures(plan_table(contract={"drawdown": "list"}))["recommendation"]
    assert best["commit_usd_per_year"] == pytest.approx(120_000)
    bands = ((100_000.0, 0.2),)  # read at C: 100,000 list dollars reach it, though only 80,000 are owed
    assert offer(100_000.0, bands=bands, contract={"drawdown": "list"}).offer.discount_fraction == 0.2


def test_9_overage_is_the_dollars_billed():
    found = offer(48_000.0, contract={"overage": 0.1})
    assert found.expected_overage.mean == pytest.approx(0.9 * 60_000)
    found = offer(48_000.0, contract={"overage": "committed"})
    assert found.expected_overage.mean == pytest.approx(0.8 * 60_000)


def test_9_expected_values_are_unconditional():
    """Half of the paths lose the only type in month 6; the mean is over all of them."""
    event = [{"name": "lost", "probability": 0.5, "month": 6, "size": 0.0}]
    found = offer(96_000.0, demand={"event": event}, paths=4000)
    p = found.shortfall_probability.mean
    assert abs(p - 0.5) <= 4 * 0.5 / np.sqrt(4000)
    assert found.expected_shortfall.mean == pytest.approx(p * 48_000)
    assert found.shortfall_given_shortfall_usd == pytest.approx(48_000)


def test_9_nothing_is_rounded():
    third = plan_table(mix=[mix_entry(monthly_requests=1e6 / 3)], bands=((1000.0, 1 / 7),))
    found = figures(third)["recommendation"]
    assert found["commit_usd_per_year"] == pytest.approx(40_000 * 6 / 7, rel=1e-12)


def test_9_ties_go_to_the_smaller_commitment():
    tied = plan_table(bands=((40_000.0, 0.2), (60_000.0, 0.2)), contract={"overage": "committed"})
    assert figures(tied)["recommendation"]["commit_usd_per_year"] == 40_000
    assert figures(plan_table(bands=((40_000.0, 0.0),)))["recommendation"]["commit_usd_per_year"] == 0


def test_9_where_no_commitment_meets_the_limit_the_recommendation_is_none():
    lost = [{"name": "lost", "probability": 0.5, "month": 0, "size": 0.0}]
    table = plan_table(demand={"event": lost}, paths=400, bands=((1000.0, 0.9),))
    assert figures(table)["recommendation"]["commit_usd_per_year"] > 0
    table["decision"]["max_shortfall_probability"] = 0.1
    found = figures(table)["recommendation"]
    assert found["commit_usd_per_year"] == 0
    assert found["break_even_utilization"] is None


# --- 10. measures ----------------------------------------------------------------------------------------------------


def two_worlds(**changed) -> Table:
    """On about half of the paths spend doubles from month 0."""
    event = [{"name": "double", "probability": 0.5, "month": 0, "size": 2.0}]
    return plan_table(demand={"event": event}, paths=1000, bands=((50_000.0, 0.1), (150_000.0, 0.25)), **changed)


def test_10_savings_are_a_ratio_of_means_and_their_distribution_is_of_ratios_per_path():
    plan = built(two_worlds())
    found = plan.outcome(plan.inputs.contract.offer_at(90_000.0))
    doubled = (plan.spend["as is"].list_cost_usd.sum(axis=0) > 130_000).mean()
    listed = 120_000 * (1 + doubled)
    paid = 90_000 + doubled * (240_000 - 100_000) + (1 - doubled) * 20_000
    assert found.effective_savings_rate == pytest.approx(1 - paid / listed)
    assert found.savings_rate_p10_p50_p90[0] == pytest.approx(1 - 230 / 240)
    assert found.savings_rate_p10_p50_p90[2] == pytest.approx(1 - 110 / 120)


def test_10_regret_compares_each_path_with_its_own_best_over_all_bands():
    """Foresight: 108,000 at 10 % for the single world, 180,000 at 25 % for the double one."""
    plan = built(two_worlds())
    found = plan.outcome(plan.inputs.contract.offer_at(90_000.0))
    doubled = (plan.spend["as is"].list_cost_usd.sum(axis=0) > 130_000).mean()
    assert found.regret.mean == pytest.approx(doubled * (230_000 - 180_000) + (1 - doubled) * (110_000 - 108_000))


def test_10_break_even_utilization_is_one_less_the_discount():
    assert figures(plan_table())["recommendation"]["break_even_utilization"] == pytest.approx(0.8)


def test_10_run_rate_saving_compares_the_last_month_of_the_term():
    """Routing reaches 90 % off in month 5 of a six-month term within a horizon of twelve."""
    table = routed(plan_table(overrides=MODELS, contract={"term_months": 6}, months=12), ramp={"start_month": 5})
    assert figures(table)["scenarios"]["routed"]["run_rate_saving_fraction"] == pytest.approx(0.9)
    later = routed(plan_table(overrides=MODELS, contract={"term_months": 6}, months=12), ramp={"start_month": 6})
    assert figures(later)["scenarios"]["routed"]["run_rate_saving_fraction"] == pytest.approx(0)
    assert figures(later)["scenarios"]["as is"]["run_rate_saving_fraction"] == 0


# --- 11. baseline ----------------------------------------------------------------------------------------------------


def test_11_the_baseline_is_the_first_scenario_without_levers_or_an_implicit_one():
    table = routed()
    with_levers = table["scenario"][1]
    assert parsed({**table, "scenario": [with_levers, {"name": "plain"}, {"name": "as is"}]}).baseline == "plain"
    alone = parsed({**table, "scenario": [with_levers]})
    assert (alone.baseline, alone.scenarios[0].name, alone.decision.scenario) == ("as is", "as is", "routed")
    assert parsed(plan_table()).decision.scenario == "as is"


def test_11_the_decision_is_on_the_last_scenario_unless_named():
    table = routed()
    table["scenario"].append({"name": "again", "output": [{"request_type": "chat", "cut": 0.5}]})
    assert parsed(table).decision.scenario == "again"
    assert parsed({**table, "decision": {"scenario": "routed"}}).decision.scenario == "routed"
    with pytest.raises(InputError, match=r"nonesuch.*as is, routed, again"):
        parsed({**table, "decision": {"scenario": "nonesuch"}})


def test_11_signing_first_prices_the_baseline_s_best_and_lives_it_after_routing():
    """96,000 signed on 120,000 of list; routing leaves 12,000: 86,400 of it is wasted, for 9,600 that would do."""
    found = figures(routed(ramp=LONG_AGO))
    first, best = found["sign_first"], found["recommendation"]
    assert (first["commit_usd_per_year"], best["commit_usd_per_year"]) == (pytest.approx(96_000), pytest.approx(9_600))
    assert first["expected_cost_usd"] == pytest.approx(96_000)
    assert first["shortfall_probability"] == 0
    assert first["on_demand_cost_usd"] == pytest.approx(120_000)
    assert first["shortfall_probability_after_routing"] == 1
    assert first["expected_shortfall_after_routing_usd"] == pytest.approx(86_400)
    assert first["cost_of_signing_first_usd"] == pytest.approx(96_000 - 9_600)


def test_11_a_negative_cost_of_signing_first_is_explained():
    """Routing may save a little: the limit holds the recommendation at the tenth percentile, while the signer who did
    not look commits 120,000 list dollars at 60 % off and fares better."""
    table = plan_table(
        overrides=MODELS, bands=((1000.0, 0.6),), paths=3000, decision={"max_shortfall_probability": 0.1}
    )
    found = figures(routed(table, share={"p10": 0.01, "p90": 0.2}))
    assert found["sign_first"]["commit_usd_per_year"] == pytest.approx(48_000)
    assert found["sign_first"]["cost_of_signing_first_usd"] < -1000
    assert any("Signing first comes out cheaper" in warning for warning in found["warnings"])


# --- 13. defaults ----------------------------------------------------------------------------------------------------


def minimal() -> Table:
    return {
        "plan": {"start": strategies.date(2027, 1, 1)},
        "mix": [mix_entry(model="claude-opus-5-5")],
        "contract": {"band": [{"min_commit_usd_per_year": 1000.0, "discount_fraction": 0.1}]},
    }


def test_13_only_a_start_a_mix_and_the_bands_are_required():
    inputs = parsed(minimal())
    demand, moves, contract, decision = inputs.demand, inputs.prices.moves, inputs.contract, inputs.decision
    assert demand.level_sd == 0.10
    assert demand.growth_per_year.from_normal(np.array([-1.2815515655, 1.2815515655])) == pytest.approx(
        [0, 1.56], abs=1e-9
    )
    assert demand.growth_damping_per_month == 0.98
    assert (demand.monthly_volatility, demand.common_share) == (0.06, 0.5)
    assert (demand.monthly_noise, demand.noise_ar1) == (0.10, 0.3)
    assert demand.season == (1.0,) * 12
    assert demand.token_drift_per_year == Point(0.0)
    assert demand.leave_probability_per_quarter == 0.05
    assert demand.events == ()
    assert (moves.falls_per_year, moves.rises_per_year, moves.lag_months) == (0.7, 0.2, 3)
    ends = np.array([-1.2815515655, 1.2815515655])
    assert moves.fall.from_normal(ends) == pytest.approx([0.1, 0.6], abs=1e-4)
    assert moves.rise.from_normal(ends) == pytest.approx([0.05, 0.3])
    assert (contract.term_months, contract.drawdown, contract.overage) == (12, "contracted", "list")
    assert (contract.shortfall, contract.eligible_fraction) == ("forfeit", 1.0)
    assert contract.price_falls_passed_through
    assert (decision.objective, decision.max_shortfall_probability, decision.cvar_level) == ("expected_cost", 0.1, 0.9)
    route = parsed(routed()).scenarios[1].routes[0]
    assert (route.ramp.ceiling, route.overhead_usd_per_request, route.moves) == (Point(1.0), 0.0, "session")


def test_13_a_default_that_is_a_prior_is_named_as_one():
    table = minimal()
    table["plan"]["paths"] = 10
    said = " ".join(figures(table)["warnings"])
    for name in (
        "today's level",
        "growth a year",
        "volatility",
        "noise",
        "the largest type leaves",
        "price changes",
    ):
        assert name in said
    assert "Priors" not in " ".join(
        figures(plan_table(cuts={"fall": 0.1, "rise": 0.1, "falls_per_year": 0.0, "rises_per_year": 0.0}))["warnings"]
    )


@pytest.mark.parametrize("objective", ["expected_cost", "mean_cvar", "minimax_regret"])
@pytest.mark.parametrize("loss", ["cost", "regret"])
def test_13_the_objectives_have_these_names(objective, loss):
    decision = {"objective": objective, "cvar_loss": loss, "cvar_weight": 2.0}
    assert figures(plan_table(decision=decision))["recommendation"]["commit_usd_per_year"] == pytest.approx(
        96_000, abs=1
    )


def test_13_the_cvar_is_of_the_worst_tenth():
    found = figures(plan_table(demand={"level_sd": 0.4}, paths=5000, decision={"cvar_level": 0.9}))["recommendation"]
    plan = built(plan_table(demand={"level_sd": 0.4}, paths=5000))
    annual = plan.spend["as is"].annual_list_cost_usd()
    paid = found["commit_usd_per_year"] + np.maximum(annual - found["commit_usd_per_year"] / 0.8, 0)
    worst = reference.mean_of_worst([Decimal(float(usd)) for usd in paid], Decimal("0.9"))
    assert found["cost_cvar_usd"] == pytest.approx(float(worst))


# --- 15 and 16 -------------------------------------------------------------------------------------------------------


def test_15_token_counts_of_a_typed_mix_are_means_per_request():
    assert monthly(plan_table(mix=[mix_entry(monthly_requests=2e6)]))[0] == pytest.approx(20_000)


def test_15_token_columns_of_a_usage_record_are_totals_of_the_row(tmp_path):
    plan = built_here(usage_plan(tmp_path, days(10, 31, 1000, tokens=700)), tmp_path)
    assert plan.prepared.mix.entries[0].tokens_per_request[0] == pytest.approx(700)


def test_16_expected_shortfall_is_a_mean_and_the_cvars_have_names_of_their_own():
    found = figures(two_worlds())["recommendation"]
    plan = built(two_worlds())
    q = found["commit_usd_per_year"] / (1 - found["discount_fraction"])
    spend = plan.spend["as is"].annual_list_cost_usd()
    unused = (1 - found["discount_fraction"]) * np.maximum(q - spend, 0)
    assert found["expected_shortfall_usd"] == pytest.approx(unused.mean(), abs=1e-6)
    assert {"cost_cvar_usd", "regret_cvar_usd", "waste_cvar_usd"} <= set(found)


# --- the JSON that scripts rely on -----------------------------------------------------------------------------------


def test_the_json_has_every_promised_key():
    found = figures(routed())
    assert {"name", "start", "months", "paths", "seed", "sha256", "version"} <= set(found["plan"])
    line = {"request_type", "model", "monthly_requests", "monthly_list_cost_usd", "share_of_bill"}
    assert line <= set(found["mix"][0])
    scenario = found["scenarios"]["routed"]
    assert {"mean", "se", "p5", "p10", "p50", "p90", "p95"} <= set(scenario["annual_list_cost_usd"])
    assert {key: len(values) for key, values in scenario["monthly_list_cost_usd"].items()} == dict.fromkeys(
        ("p10", "p50", "p90", "mean"), 12
    )
    offered = {
        "scenario", "commit_usd_per_year", "discount_fraction", "expected_cost_usd", "expected_cost_se_usd",
        "on_demand_cost_usd", "shortfall_probability", "shortfall_probability_se", "expected_shortfall_usd",
        "expected_overage_usd", "effective_savings_rate", "regret_usd", "break_even_utilization",
    }  # fmt: skip
    assert offered <= set(found["recommendation"])
    after = {"shortfall_probability_after_routing", "expected_shortfall_after_routing_usd", "cost_of_signing_first_usd"}
    assert offered | after <= set(found["sign_first"])
    assert isinstance(found["warnings"], list)


def test_the_curve_runs_from_nothing_to_beyond_p95_through_every_threshold_and_the_recommendation():
    bands = ((50_000.0, 0.1), (150_000.0, 0.25), (900_000.0, 0.5))
    found = figures(plan_table(demand={"level_sd": 0.3}, paths=2000, bands=bands))
    commits = [point["commit_usd_per_year"] for point in found["curve"]]
    assert len(commits) >= 50
    assert commits == sorted(set(commits))
    assert commits[0] == 0
    assert commits[-1] > found["scenarios"]["as is"]["annual_list_cost_usd"]["p95"]
    assert {*(low for low, _ in bands), found["recommendation"]["commit_usd_per_year"]} <= set(commits)
    at = {point["commit_usd_per_year"]: point for point in found["curve"]}[
        found["recommendation"]["commit_usd_per_year"]
    ]
    for key, value in at.items():
        assert found["recommendation"][key] == pytest.approx(value, rel=1e-9, abs=1e-6)


def test_quantiles_are_those_of_the_paths():
    table = plan_table(demand={"level_sd": 0.3, "monthly_noise": 0.1}, paths=999, months=18)
    found, spend = figures(table)["scenarios"]["as is"], built(table).spend["as is"].list_cost_usd
    for name, level in (("p5", 0.05), ("p10", 0.1), ("p50", 0.5), ("p90", 0.9), ("p95", 0.95)):
        expected = np.quantile(spend[:12].sum(axis=0), level)
        assert found["annual_list_cost_usd"][name] == pytest.approx(expected)
    for name, level in (("p10", 0.1), ("p50", 0.5), ("p90", 0.9)):
        assert found["monthly_list_cost_usd"][name] == pytest.approx(np.quantile(spend, level, axis=1))


def test_the_mix_is_listed_by_its_share_of_the_bill_at_the_plan_s_prices():
    mix = [
        mix_entry("small", monthly_requests=5e4),
        mix_entry("chat", "light"),
        mix_entry("chat", "strong", batch_fraction=0.5),
    ]
    lines = figures(routed(plan_table(mix=mix, overrides=MODELS)))["mix"]
    found = [(line["request_type"], line["model"], line["monthly_list_cost_usd"]) for line in lines]
    assert [(kind, model) for kind, model, _ in found] == [("chat", "strong"), ("chat", "light"), ("small", "strong")]
    assert [usd for *_, usd in found] == pytest.approx([7500, 1000, 500])
    assert [line["share_of_bill"] for line in lines] == pytest.approx([7.5 / 9, 1 / 9, 0.5 / 9])


# --- mistakes in a plan file -----------------------------------------------------------------------------------------


def changed(path: str, value: object) -> Table:
    """A good plan with one key set, by its dotted path; list items by number."""
    table = routed()
    table["plan"]["name"] = "x"
    place: object = table
    *parents, last = path.split(".")
    for part in parents:
        place = place[int(part)] if part.isdigit() else place[part]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return table


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("plan.seeds", 3, ["plan.seeds", "unknown", "'seed'"]),
        ("demand.level_sigma", 0.1, ["demand.level_sigma", "level_sd"]),
        ("scenario.1.route.0.escalation_rate", 0.1, ["scenario[2].route[1].escalation_rate", "'escalation'"]),
        ("decisions", {}, ["decisions", "'decision'"]),
        ("plan.paths", "many", ["plan.paths", "'many'", "integer"]),
        ("plan.paths", 0, ["plan.paths", "0"]),
        ("plan.start", "2027-01-01", ["plan.start", "date"]),
        ("plan.start", None, ["plan.start", "missing"]),
        ("contract.band", None, ["contract.band", "missing"]),
        ("contract.band", [], ["contract.band"]),
        ("contract.band.0.discount_fraction", 20, ["contract.band[1].discount_fraction", "20", "0.2"]),
        ("contract.band.0.discount_fraction", 1.0, ["contract.band[1].discount_fraction"]),
        ("contract.band.0.min_commit_usd_per_year", -5.0, ["min_commit_usd_per_year", "-5"]),
        ("contract.drawdown", "gross", ["contract.drawdown", "'gross'", "contracted", "list"]),
        ("contract.overage", "cheap", ["contract.overage", "'cheap'", "committed"]),
        ("contract.shortfall", "carry", ["contract.shortfall", "'carry'", "forfeit"]),
        ("contract.eligible_fraction", 1.5, ["contract.eligible_fraction", "1.5"]),
        ("demand.common_share", 50, ["demand.common_share", "50", "0.5"]),
        ("demand.noise_ar1", 1.0, ["demand.noise_ar1"]),
        ("demand.level_sd", -0.1, ["demand.level_sd"]),
        ("demand.level_sd", float("nan"), ["demand.level_sd"]),
        ("demand.season", [1.0] * 11, ["season", "11"]),
        ("demand.growth_per_year", {"p10": 0.5}, ["demand.growth_per_year", "p10"]),
        ("demand.growth_per_year", {"p10": 1.0, "p90": 0.5}, ["demand.growth_per_year", "p10 = 1"]),
        ("scenario.1.route.0.share", {"p10": 0.9, "p90": 0.5}, ["route[1].share", "p10 = 0.9"]),
        ("scenario.1.route.0.share", 80, ["route[1].share", "80"]),
        ("scenario.1.route.0.share", {"p10": "x", "p90": 0.5}, ["route[1].share", "p10"]),
        ("scenario.1.route.0.moves", "call", ["moves", "'call'", "session"]),
        ("scenario.1.route.0.to", None, ["route[1].to", "missing"]),
        ("mix.0.monthly_requests", "1e6", ["mix[1].monthly_requests", "'1e6'"]),
        ("mix.0.output_tokens", None, ["mix[1].output_tokens", "missing"]),
        ("mix.0.batch_fraction", 1.2, ["mix[1].batch_fraction"]),
        ("prices.provider", "azure", ["prices.provider", "'azure'", "bedrock"]),
        ("prices.cuts.lag_months", 2.5, ["prices.cuts.lag_months", "2.5"]),
        ("decision.objective", "cheapest", ["decision.objective", "'cheapest'", "minimax_regret"]),
        ("decision.max_shortfall_probability", 10, ["decision.max_shortfall_probability", "10", "0.1"]),
        ("format", 2, ["format = 2", "1"]),
        ("usage", {"sources": ["x.csv"]}, ["[usage]", "[[mix]]"]),
        ("mix", [], ["[usage]", "[[mix]]"]),
    ],
)
def test_a_mistake_is_one_error_with_the_key_the_value_and_what_is_allowed(path, value, words):
    with pytest.raises(InputError) as error:
        parsed(changed(path, value))
    for word in words:
        assert word in str(error.value)
    assert "pydantic" not in str(error.value)


def test_bands_entries_and_scenarios_that_stand_twice_are_errors():
    with pytest.raises(InputError, match="1,000"):
        parsed(plan_table(bands=((1000.0, 0.1), (1000.0, 0.2))))
    with pytest.raises(InputError, match="chat"):
        parsed(plan_table(mix=[mix_entry(), mix_entry()]))
    with pytest.raises(InputError, match="twin"):
        parsed({**plan_table(), "scenario": [{"name": "twin"}, {"name": "twin"}]})


def test_what_is_not_toml_is_said_to_be_so():
    with pytest.raises(InputError, match="TOML"):
        parse_plan("[plan\nstart = 2027", base_dir=Path())


@pytest.mark.parametrize("key", ["growth_per_year", "token_drift_per_year"])
@pytest.mark.parametrize("rate", [-1.0, {"low": -1.0, "mode": 0.0, "high": 1.0}])
def test_a_rate_of_minus_one_is_an_error_or_a_number_and_never_nan(key, rate):
    table = plan_table(demand={key: rate}, paths=200)
    try:
        found, said = monthly(table), key
    except InputError as error:
        found, said = [], str(error)
    assert key in said
    assert np.isfinite(found).all()


def test_a_lever_of_a_type_that_the_mix_lacks_is_said():
    assert any(
        "'chats'" in warning and "'chat'" in warning for warning in figures(routed(request_type="chats"))["warnings"]
    )
