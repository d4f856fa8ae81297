"""When to sign: strategies against plain loops, hand examples and laws; what a part of a term is; the command."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import strategies
import tomlkit
from contract_strategies import seeded_case
from hypothesis import given
from hypothesis import strategies as st
from strategies import Table, override, plan_table, spend_paths

from planner import cli
from planner.bands import DiscountBand
from planner.clauses import CarryForward, EarlyRenewal, FixedSpend, InForce, Reduction, TrueForward
from planner.contract import Contract
from planner.errors import InputError
from planner.lever_costs.unit_costs import Account
from planner.negotiation.known_by_then import group_edges, known_groups, seen_usd
from planner.negotiation.lived import on_demand, saved_before_usd
from planner.negotiation.part_of_term import contract_of_months, part_of_term, price_factor, spend_of_months
from planner.negotiation.strategies import kept_plan, signed_in, signed_now
from planner.negotiation.when_to_sign import least_in_any_way_usd, sign_months, when_to_sign
from planner.negotiation_reports.signing import signing_notes, signing_tables
from planner.negotiation_reports.signing_sentences import signing_sentences
from planner.objectives import largest_regret_usd
from planner.offer import NO_COMMITMENT
from planner.plan import Plan, decide
from planner.plan_file.loader import parse_plan
from planner.prepared import prepare
from planner.risk import Estimate
from planner.settlement import settle
from planner.simulation import AccountPaths, SpendPaths, simulate_spend
from planner.steps import stretches
from planner.term_use import term_use

NOISY = {"level_sd": 0.2, "monthly_volatility": 0.1, "monthly_noise": 0.1}
BANDS = ((40_000.0, 0.1), (90_000.0, 0.2))
CHEAP = override("cheap", tier="haiku", rates=(1.0, 0.1, 1.25, 2.0, 5.0))
ROUTE: Table = {"request_type": "chat", "to": "cheap", "share": 0.6, "token_ratio": 1.0}
ROUTED: Table = {"name": "routed", "route": [{**ROUTE, "ramp": {"start_month": 0, "months": 4}}]}


def table(**changed: Any) -> Table:
    """10,000 USD a month at list, routed over the first months to 46 % of it; 16 paths, all alike."""
    given_terms = {
        "overrides": [override("strong"), CHEAP],
        "scenario": [{"name": "as is"}, ROUTED],
        "bands": BANDS,
        "paths": 16,
    }
    return plan_table(**{**given_terms, **changed})


def built(**changed: Any) -> Plan:
    return strategies.built(table(**changed))


def plan_on(spend: dict[str, SpendPaths], **changed: Any) -> Plan:
    """A plan decided on given paths, whatever it would simulate."""
    return decide(prepare(parse_plan(tomlkit.dumps(table(**changed)), base_dir=Path())), spend)


# --- everything certain: the whole comparison by hand ----------------------------------------------------------------


def paid_for(listed: Sequence[float], commit_per_year: float) -> tuple[float, float, float]:
    """(paid, shortfall, overage) of consecutive months under one contract of at most a year; overage is at list."""
    discount = max([d for low, d in BANDS if commit_per_year >= low], default=0.0)
    commit, total = commit_per_year * len(listed) / 12, sum(listed)
    overage = max(0.0, total - commit / (1 - discount))
    return commit + overage, max(0.0, commit - (1 - discount) * total), overage


def cheapest(listed: Sequence[float]) -> float:
    """The best commitment a year for months that are known: none, a threshold, or all of the use at a discount."""
    years = len(listed) / 12
    thresholds = [low for low, _ in BANDS]
    full = [(1 - d) * sum(listed) / years for _, d in BANDS]
    # of equal ones the smallest; what a band asks for more than is used may still be worth its discount
    return min([0.0, *thresholds, *full], key=lambda commit: (round(paid_for(listed, commit)[0], 6), commit))


def test_a_certain_plan_is_what_a_plain_loop_says():
    plan = built()
    before, after = (plan.spend[name].list_cost_usd[:12, 0].tolist() for name in ("as is", "routed"))
    assert after[0] > after[5] > after[11] > 0.4 * before[11]
    found = when_to_sign(plan, [2, 7])
    hasty, now = cheapest(before), cheapest(after)
    assert (hasty, now) == (pytest.approx(96_000.0), pytest.approx(0.9 * sum(after)))
    expected = {("sign_now_unrouted", 0): [(after, hasty)], ("sign_now", 0): [(after, now)]}
    for m in (2, 7):
        rest = (after[m:], cheapest(after[m:]))
        expected["route_first", m] = [(after[:m], 0.0), rest]
        expected["short_then_sign", m] = [(after[:m], cheapest(after[:m])), rest]
    settled = {key: [paid_for(*part) for part in parts] for key, parts in expected.items()}
    totals = {key: sum(paid for paid, _, _ in parts) for key, parts in settled.items()}
    least = min(totals.values())
    assert [(one.strategy, one.sign_month) for one in found.choices] == list(expected)
    for one in found.choices:
        key = (one.strategy, one.sign_month)
        parts, waits = settled[key], one.strategy == "route_first"
        assert one.commit_usd_per_year.mean == pytest.approx(expected[key][-1][1], abs=0.01)
        assert one.expected_cost.mean == pytest.approx(totals[key])
        assert one.difference.mean == pytest.approx(totals[key] - totals["sign_now", 0], abs=1e-6)
        assert one.measure_difference.mean == pytest.approx(one.difference.mean, abs=1e-6)
        assert one.shortfall_probability.mean == float(any(short > 0.005 for _, short, _ in parts))
        assert one.expected_shortfall.mean == pytest.approx(sum(short for _, short, _ in parts), abs=0.01)
        assert one.expected_overage.mean == pytest.approx(sum(over for _, _, over in parts[waits:]), abs=0.01)
        assert one.on_demand_usd == pytest.approx(parts[0][0] if waits else 0.0)
        assert one.effective_savings_rate == pytest.approx(1 - totals[key] / sum(after))
        assert one.regret.mean == pytest.approx(totals[key] - least, abs=0.01)
        saved_now = 0.1 * sum(after[: one.sign_month])
        saved = sum(after[: one.sign_month]) - parts[0][0] if one.sign_month else 0.0
        assert one.discount_forgone.mean == pytest.approx(saved_now - saved, abs=0.01)
        assert one.won_back.mean == pytest.approx(one.discount_forgone.mean - one.difference.mean, abs=1e-6)
        assert one.expected_cost.se == pytest.approx(0.0, abs=1e-6)
    assert totals[found.best.strategy, found.best.sign_month] == pytest.approx(least)


def test_waiting_without_routing_growth_or_noise_costs_exactly_the_discount_forgone():
    plan = built(scenario=(), bands=((1000.0, 0.2),))
    found = when_to_sign(plan)
    assert found.months == (3, 6, 9)
    for month in found.months:
        one = found.of("route_first", month)
        assert one.discount_forgone.mean == pytest.approx(0.2 * 10_000 * month)
        assert one.difference.mean == pytest.approx(0.2 * 10_000 * month)
        assert one.won_back.mean == pytest.approx(0.0, abs=1e-6)
        twice = found.of("short_then_sign", month)
        assert twice.difference.mean == pytest.approx(0.0, abs=1e-6)
        assert twice.discount_forgone.mean == pytest.approx(0.0, abs=1e-6)
    assert found.best is found.now


def test_without_a_discount_every_way_costs_list():
    found = when_to_sign(built(bands=((1000.0, 0.0),), demand=NOISY, paths=256))
    listed = found.now.expected_cost.mean
    for one in found.choices:
        assert one.expected_cost.mean == pytest.approx(listed)
        assert one.unsigned_fraction == 1.0
        assert one.regret.mean == pytest.approx(0.0, abs=1e-6)
        assert one.shortfall_probability.mean == 0.0
        assert one.discount_forgone.mean == pytest.approx(0.0, abs=1e-6)


# --- laws on uncertain plans -----------------------------------------------------------------------------------------

CONTRACTS: dict[str, Table] = {
    "plain": {},
    "two years, linked": {"term_months": 24, "rollover": {"share": 0.5, "months": 6}, "ramp": [1.0, 1.2]},
    "quarters": {"commit_period": "quarter", "overage": "committed", "overage_cap_fraction_of_commit": 0.2},
    "locked prices": {"price_falls": {"passed_through": False}, "price_rises": {"cap_fraction": 0.05}},
    "pool": {"term_months": 18, "commit_period": "term", "drawdown": "list"},
}
MOVING = {"falls_per_year": 1.0, "rises_per_year": 0.5}


@pytest.mark.parametrize("terms", CONTRACTS.values(), ids=CONTRACTS)
def test_signing_now_is_the_plan_s_recommendation_and_nothing_beats_the_least(terms: Table):
    plan = built(contract=terms, demand=NOISY, cuts=MOVING, paths=64, decision={"max_shortfall_probability": 0.2})
    found = when_to_sign(plan, [4, 11])
    now, hasty = found.now, found.of("sign_now_unrouted", 0)
    for one, outcome in ((now, plan.recommendation), (hasty, plan.sign_first.lived)):
        assert one.commit_usd_per_year.mean == pytest.approx(outcome.offer.commit_usd_per_year)
        assert one.expected_cost == outcome.expected_cost
        assert one.npv_cost == outcome.npv_cost
        assert one.shortfall_probability == outcome.shortfall_probability
        assert one.expected_shortfall == outcome.expected_shortfall
        assert one.expected_overage == outcome.expected_overage
        assert one.effective_savings_rate == outcome.effective_savings_rate
        assert one.regret.mean >= outcome.regret.mean - 1e-9
    assert (hasty.difference, now.difference.mean) == (plan.sign_first.cost, 0.0)
    assert found == when_to_sign(plan, [11, 4, 4])
    kept = kept_plan(plan)
    later = [signed_in(kept, 4), signed_in(kept, 11)]
    ways = [signed_now(kept, "sign_now", plan.recommendation.offer)]
    ways += [way for one in later for way in (one.route_first, one.short_then_sign)]
    least = least_in_any_way_usd(kept, ways, later)
    for way in ways:
        assert np.all(way.lived["routed"].paid_usd >= least)
    contract = plan.inputs.contract
    spans = ((0, 4), (4, contract.term_months))
    begun, rest = (part_of_term(contract, kept.spend, *span) for span in spans)
    for first, then in product(np.linspace(0.0, 150_000.0, 7).tolist(), repeat=2):
        signed = ((begun, begun.contract.offer_at(first)), (rest, rest.contract.offer_at(then)))
        paid = [settle(part.contract, offer, part.uses["routed"]).paid_usd for part, offer in signed]
        assert np.all(paid[0] + paid[1] >= least - 0.01)


def test_where_foresight_is_looked_up_on_a_grid_no_way_is_below_the_least():
    plan = built(contract={"band_mode": "incremental"})  # certain: sized exactly, and the grid has gaps
    kept = kept_plan(plan)
    later = signed_in(kept, 6)
    ways = [signed_now(kept, "sign_now", plan.recommendation.offer), later.route_first, later.short_then_sign]
    paid = [way.lived["routed"].paid_usd for way in ways]
    searched = np.minimum(kept.least_usd, later.least_usd)
    assert np.any(np.min(paid, axis=0) < searched - 1e-6)
    np.testing.assert_array_equal(least_in_any_way_usd(kept, ways, [later]), np.min([searched, *paid], axis=0))


def test_the_best_way_is_the_least_of_those_that_meet_the_limit():
    plan = built(demand=NOISY, paths=512, decision={"max_shortfall_probability": 0.05})
    found = when_to_sign(plan)
    allowed = [one for one in found.choices if one.meets_limit]
    assert found.now in allowed
    assert found.best.measure_usd == min(one.measure_usd for one in allowed)
    assert not found.of("sign_now_unrouted", 0).meets_limit
    for one in found.choices:
        limit = 0.05 + 2 * one.shortfall_probability.se
        assert one.meets_limit == (one.shortfall_probability.mean <= limit)


def test_each_objective_measures_signing_now_as_the_plan_does():
    noisy = {"demand": NOISY, "paths": 128}
    plan = built(decision={"objective": "mean_cvar", "cvar_weight": 0.5, "cvar_loss": "regret"}, **noisy)
    best = plan.recommendation
    measured = when_to_sign(plan, [6]).now.measure_usd
    assert measured == pytest.approx(best.expected_cost.mean + 0.5 * best.regret_cvar_usd)
    plan = built(decision={"objective": "minimax_regret"}, **noisy)
    found = when_to_sign(plan, [6])
    assert found.now.measure_usd == pytest.approx(largest_regret_usd(plan.samples, plan.recommendation.offer))
    assert found.of("route_first", 6).measure_usd > 0
    plan = built(decision={"objective": "weighted", "scenario_weights": {"as is": 1, "routed": 3}}, **noisy)
    costs = [plan.outcome(plan.recommendation.offer, scenario=name).expected_cost.mean for name in ("as is", "routed")]
    found = when_to_sign(plan, [6])
    assert found.now.measure_usd == pytest.approx(0.25 * costs[0] + 0.75 * costs[1])
    assert found.of("sign_now_unrouted", 0).measure_difference.mean != 0


def test_a_measure_of_the_mean_has_the_standard_error_of_the_mean():
    found = when_to_sign(built(demand=NOISY, paths=160), [5])
    for one in found.choices:
        assert one.measure_difference.mean == pytest.approx(one.difference.mean, abs=1e-6)
        assert one.measure_difference.se == pytest.approx(one.difference.se, abs=1e-6)


def test_at_present_value_a_later_contract_is_discounted_from_its_month():
    payment = {"mode": "upfront", "cost_of_capital_per_year": 0.21}
    for mode in ("upfront", "arrears"):
        plan = built(
            scenario=(),
            bands=((1000.0, 0.2),),
            contract={"payment": {**payment, "mode": mode}},
            decision={"money": "npv"},
        )
        found, month = when_to_sign(plan, [5]), 5
        weights = [1.21 ** (-(t + 1) / 12) for t in range(12)]  # a month is paid at its end
        now = 96_000.0 if mode == "upfront" else 8_000.0 * sum(weights)
        first = 10_000.0 * sum(weights[:month])
        rest = 7 * 8_000.0 * 1.21 ** (-5 / 12) if mode == "upfront" else 8_000.0 * sum(weights[month:])
        assert found.now.npv_cost.mean == pytest.approx(now)
        later = found.of("route_first", 5)
        assert later.npv_cost.mean == pytest.approx(first + rest)
        assert later.difference.mean == pytest.approx(first + rest - now)
        assert later.expected_cost.mean == pytest.approx(50_000.0 + 56_000.0)
        assert later.won_back.mean == pytest.approx(0.0, abs=1e-6)


# --- what is known by then -------------------------------------------------------------------------------------------


def fractile(use: Sequence[float]) -> float:
    """The best list spend to commit to at 20 % off, overage at list: by trying every path's own."""
    costs = {q: 0.8 * q * len(use) + sum(max(0.0, other - q) for other in use) for q in use}
    return min(costs, key=lambda q: (costs[q], q))


def test_each_half_of_the_paths_signs_what_the_other_half_sized():
    plan = built(scenario=(), bands=((1000.0, 0.2),), demand=NOISY, paths=2048)
    kept, month = kept_plan(plan), 4
    way = signed_in(kept, month).route_first
    commits = way.commits_usd_per_year
    months = plan.spend["as is"].list_cost_usd[:12].T.tolist()
    seen = [sum(path[1:4]) / 3 for path in months]
    rest = [sum(path[4:]) * 12 / 8 for path in months]
    for sizing in (range(8), range(8, 16)):
        fitted = [i for i in range(2048) if i % 16 in sizing]
        middle = sorted(seen[i] for i in fitted)[512]  # 1,024 paths make two groups
        for is_high in (False, True):
            own = fractile([rest[i] for i in fitted if (seen[i] >= middle) == is_high])
            judged = [i for i in range(2048) if i % 16 not in sizing and (seen[i] >= middle) == is_high]
            np.testing.assert_allclose(commits[judged], 0.8 * own, rtol=1e-9)
            for i in judged:
                paid = sum(months[i][:4]) + 0.8 * own * 8 / 12 + max(0.0, sum(months[i][4:]) - own * 8 / 12)
                assert way.lived["as is"].paid_usd[i] == pytest.approx(paid)


def uniform_spend(n: int = 4096, *, months_before: int = 3, teaches: bool = False) -> SpendPaths:
    """Months that differ by path, then a year's rest uniform between 60 % and 140 % of 10,000 USD a month."""
    draw = np.random.default_rng(3)
    rest = 10_000 * (0.6 + 0.8 * draw.random(n))
    before = rest if teaches else 10_000 * (0.6 + 0.8 * draw.random(n))
    return spend_paths([*[before] * months_before, *[rest] * (12 - months_before)])


def test_where_nothing_is_known_groups_sign_alike_and_where_all_is_known_little_is_regretted():
    terms = {"scenario": (), "bands": ((1000.0, 0.2),)}
    plan = plan_on({"as is": uniform_spend()}, **terms)
    commits = np.unique(signed_in(kept_plan(plan), 3).route_first.commits_usd_per_year)
    assert commits.size == 8  # 2,048 paths of a half make four groups
    # the 20th percentile of n = 512: standard error sqrt(0.2 * 0.8 / n) over the density 1 / 0.8
    error = 0.8 * 120_000 * 0.8 * np.sqrt(0.16 / 512)
    assert np.abs(commits - 0.8 * 120_000 * 0.76).max() < 4 * error
    known = when_to_sign(plan_on({"as is": uniform_spend(teaches=True)}, **terms), [3])
    unknown = when_to_sign(plan, [3])
    assert known.of("route_first", 3).commit_usd_per_year.p90 > 1.5 * known.of("route_first", 3).commit_usd_per_year.p10
    assert known.of("route_first", 3).won_back.mean > 5 * abs(unknown.of("route_first", 3).won_back.mean)


def test_the_limit_holds_for_later_commitments_on_paths_that_did_not_size_them():
    plan = plan_on(
        {"as is": uniform_spend()}, scenario=(), bands=((1000.0, 0.2),), decision={"max_shortfall_probability": 0.1}
    )
    one = when_to_sign(plan, [3]).of("route_first", 3)
    assert one.shortfall_probability.mean == pytest.approx(0.1, abs=4 * np.sqrt(0.09 * (1 / 4096 + 1 / 512 / 8)))
    assert one.meets_limit


@given(
    seen=st.lists(st.sampled_from([0.0, 1.0, 2.0, 3.0, 5.0]) | st.floats(0, 10), min_size=16, max_size=200),
    groups=st.integers(1, 8),
)
def test_groups_are_of_like_paths_and_none_is_small(seen: list[float], groups: int):
    values = np.array(seen)
    edges = group_edges(values, groups)
    assert np.all(np.diff(edges) > 0)
    assert edges.size < groups
    sizes = np.bincount(np.searchsorted(edges, values, side="right"), minlength=edges.size + 1)
    assert sizes.sum() == values.size
    assert sizes.min() >= max(values.size // (2 * groups), 1)


def test_every_path_is_judged_once_and_never_sizes_for_itself():
    seen = np.random.default_rng(1).random(2050)
    groups = known_groups(seen, most=16)
    assert len(groups) == 4
    assert sorted(np.concatenate([group.judged for group in groups])) == list(range(2050))
    for group in groups:
        assert not {i % 16 < 8 for i in group.judged} & {i % 16 < 8 for i in group.sizing}
    assert len(known_groups(seen, most=1)) == 2
    of_two_kinds = np.arange(2048) // 16 % 2
    for group in known_groups(of_two_kinds.astype(float), most=16):
        assert len({*of_two_kinds[group.sizing], *of_two_kinds[group.judged]}) == 1
    with pytest.raises(InputError, match=r"plan\.paths = 15.*at least 16"):
        known_groups(seen[:15], most=16)


def test_what_is_seen_is_the_mean_of_the_last_three_months_or_fewer():
    spend = spend_paths([[1.0], [2.0], [6.0], [10.0]])
    assert [seen_usd(spend, month)[0] for month in (1, 2, 3, 4)] == [1.0, 1.5, 3.0, 6.0]


# --- a part of a term as a contract ----------------------------------------------------------------------------------

TWO = DiscountBand(min_commit_usd_per_year=100.0, discount_fraction=0.1)


def terms(term_months: int = 36, **changed: Any) -> Contract:
    return Contract(**{"term_months": term_months, "bands": (TWO,), **changed})


def test_a_later_contract_has_years_and_quarters_of_its_own():
    part = contract_of_months(terms(12, commit_period="quarter", quarter_shares=(0.1, 0.2, 0.3, 0.4)), 4, 12)
    assert [(p.first, p.stop) for p in part.periods] == [(0, 3), (3, 6), (6, 8)]
    assert [p.year_fraction for p in part.periods] == pytest.approx([0.1, 0.2, 0.3 * 2 / 3])
    part = contract_of_months(terms(36), 7, 36)
    assert [(p.first, p.stop) for p in part.periods] == [(0, 12), (12, 24), (24, 29)]
    assert part.bands == terms().bands


def test_ramps_and_fixed_commitments_follow_the_plan_s_contract_years():
    ramped = terms(36, ramp=(1.0, 2.0, 3.0))
    assert contract_of_months(ramped, 6, 36).ramp == (1.0, 2.0, 3.0)
    assert contract_of_months(ramped, 12, 36).ramp == (2.0, 3.0)
    assert contract_of_months(ramped, 13, 36).ramp == (2.0, 3.0)
    assert contract_of_months(ramped, 0, 13).ramp == (1.0, 2.0)
    fixed = terms(24, commits_usd_per_year=(100.0, 300.0))
    assert contract_of_months(fixed, 0, 9).commits_usd_per_year == (100.0,)
    assert contract_of_months(fixed, 9, 24).commits_usd_per_year == (100.0, 300.0)
    assert contract_of_months(fixed, 12, 24).commits_usd_per_year == (300.0,)
    assert contract_of_months(terms(24, ramp="free"), 9, 24).ramp == "free"


def test_a_threshold_on_the_total_stays_the_same_dollars():
    whole = terms(24, band_basis="term")  # 200 over two years
    part = contract_of_months(whole, 18, 24)
    assert part.offer_at(399.0).discount_fraction == 0.0
    assert part.offer_at(400.0).discount_fraction == 0.1
    assert contract_of_months(terms(24), 18, 24).offer_at(100.0).discount_fraction == 0.1


def test_clauses_that_do_not_fit_fall_away():
    early = EarlyRenewal(month=6, credit_fraction=0.5, commit_fraction=0.8)
    raised = TrueForward(lookback_months=6)
    whole = terms(
        24,
        early_renewal=early,
        true_forward=raised,
        carry_forward=CarryForward(),
        reduction=Reduction(max_fraction=0.2),
    )
    assert contract_of_months(whole, 0, 24) == whole
    assert contract_of_months(whole, 5, 24) == replace(whole, term_months=19)
    rest = contract_of_months(whole, 17, 24)
    assert rest.early_renewal == early
    assert (rest.true_forward, rest.carry_forward, rest.reduction) == (None, None, None)
    assert contract_of_months(whole, 18, 24).early_renewal is None


@pytest.mark.parametrize("seed", range(120))
def test_any_contract_can_be_parted_and_the_whole_of_it_settles_as_it_does(seed: int):
    case = seeded_case(seed, in_force=None)
    whole = contract_of_months(case.contract, 0, case.contract.term_months)
    spend = spend_of_months(case.paths, 0, case.contract.term_months, locked=case.contract.protects_prices)
    before, after = (
        settle(agreed, case.offer, term_use(agreed, paths))
        for agreed, paths in ((case.contract, case.paths), (whole, spend))
    )
    np.testing.assert_allclose(after.paid_usd, before.paid_usd, rtol=1e-12)
    np.testing.assert_allclose(after.npv_paid_usd, before.npv_paid_usd, rtol=1e-12)
    np.testing.assert_allclose(after.shortfall_usd, before.shortfall_usd, rtol=1e-12, atol=1e-9)
    for month in range(1, case.contract.term_months):
        for first, stop in ((0, month), (month, case.contract.term_months)):
            assert contract_of_months(case.contract, first, stop).term_months == stop - first


UNLINKED = {
    "in_force": None,
    "rollover": None,
    "carry_forward": None,
    "reduction": None,
    "early_renewal": None,
    "true_forward": None,
    "ramp": "flat",
    "band_basis": "year",
    "commit_period": "year",
    "price_falls_passed_through": True,
    "price_rise_cap_fraction": None,
}


@pytest.mark.parametrize("seed", range(40))
def test_parted_at_a_year_s_end_the_parts_of_unlinked_years_add_up(seed: int):
    case = seeded_case(seed, term_months=36, **UNLINKED)
    offer = case.contract.offer_at(case.offer.commit_usd_per_year)
    whole = settle(case.contract, offer, term_use(case.contract, case.paths))
    parts = [part_of_term(case.contract, {"s": case.paths}, *part) for part in ((0, 12), (12, 36))]
    settled = [settle(part.contract, offer, part.uses["s"]) for part in parts]
    np.testing.assert_allclose(settled[0].paid_usd + settled[1].paid_usd, whole.paid_usd, rtol=1e-9)
    rate = case.contract.payment.cost_of_capital_per_year
    npv = settled[0].npv_paid_usd + (1 + rate) ** -1.0 * settled[1].npv_paid_usd
    np.testing.assert_allclose(npv, whole.npv_paid_usd, rtol=1e-9)


def test_a_later_contract_locks_the_prices_of_its_own_month():
    """100 a month at the pricing day's prices; the list halves in month 2 and rises again in month 3."""
    spend = spend_paths([[100.0], [100.0], [50.0], [75.0]], [[100.0]] * 4)
    locked = terms(
        4, price_falls_passed_through=False, bands=(DiscountBand(min_commit_usd_per_year=1.0, discount_fraction=0.2),)
    )
    later = part_of_term(locked, {"s": spend}, 2, 4)
    # 48 of commitment buy 60 of use at the prices of month 2: all of it, and 10 of month 3, where the rest is at list
    settled = settle(later.contract, later.contract.offer_at(48.0 * 6), later.uses["s"])
    assert later.uses["s"].drawn_usd[0, 0] == pytest.approx(100.0)
    assert settled.paid_usd[0] == pytest.approx(48.0 + 40.0 / 50.0 * 75.0)
    now = part_of_term(locked, {"s": spend}, 0, 4)
    assert now.uses["s"].drawn_usd[0, 0] == pytest.approx(400.0)
    capped = replace(locked, price_falls_passed_through=True, price_rise_cap_fraction=0.1)
    by_tier = replace(
        spend,
        accounts={
            Account("opus"): AccountPaths(current_usd=spend.list_cost_usd, signing_usd=spend.signing_list_cost_usd)
        },
    )
    use = part_of_term(capped, {"s": by_tier}, 2, 4).uses["s"]
    assert use.accounts[0].drawing[:, 0].tolist() == pytest.approx([50.0, 55.0])


def test_every_account_is_locked_at_its_own_price():
    opus = AccountPaths(current_usd=np.array([[10.0], [5.0], [5.0]]), signing_usd=np.array([[10.0], [10.0], [10.0]]))
    haiku = AccountPaths(current_usd=np.array([[3.0], [0.0], [6.0]]), signing_usd=np.array([[2.0], [0.0], [2.0]]))
    still = np.array([[1.0], [1.0], [1.0]])
    total = opus.current_usd + haiku.current_usd + still
    spend = SpendPaths(
        list_cost_usd=total,
        signing_list_cost_usd=total,
        accounts={
            Account("opus"): opus,
            Account("haiku"): haiku,
            Account(None): AccountPaths(current_usd=still, signing_usd=still),
        },
    )
    part = spend_of_months(spend, 1, 3, locked=True)
    assert part.accounts[Account("opus")].signing_usd[:, 0].tolist() == [5.0, 5.0]
    # unused in month 1: the price of month 0, half as dear again as the pricing day's
    assert part.accounts[Account("haiku")].signing_usd[:, 0].tolist() == [0.0, 3.0]
    kept = part.accounts[Account(None)]
    assert kept.signing_usd is kept.current_usd
    assert spend_of_months(spend, 1, 3, locked=False).accounts[Account("opus")].signing_usd is None


def test_a_price_that_a_path_never_paid_by_then_is_that_of_its_next_use():
    signing = np.array([[0.0, 2.0, 0.0], [0.0, 0.0, 0.0], [4.0, 4.0, 0.0]])
    current = np.array([[0.0, 6.0, 0.0], [0.0, 0.0, 0.0], [2.0, 4.0, 0.0]])
    assert price_factor(current, signing, 1).tolist() == [0.5, 3.0, 1.0]
    assert price_factor(current, signing, 2).tolist() == [0.5, 1.0, 1.0]


def test_what_signing_now_saves_before_a_month_is_drawn_in_order():
    agreed = terms(12, bands=(DiscountBand(min_commit_usd_per_year=1.0, discount_fraction=0.2),), overage=0.05)
    spend = {"s": spend_paths([[100.0, 10.0]] * 12)}
    offer = agreed.offer_at(240.0)  # 300 of list spend: used up in month 2 on the first path
    saved = [saved_before_usd(agreed, offer, part_of_term(agreed, spend, 0, m), "s").tolist() for m in (2, 5)]
    assert saved[0] == pytest.approx([0.2 * 200, 0.2 * 20])
    assert saved[1] == pytest.approx([0.2 * 300 + 0.05 * 200, 0.2 * 50])
    none = saved_before_usd(agreed, agreed.offer_at(0.0), part_of_term(agreed, spend, 0, 5), "s")
    assert none.tolist() == [0.0, 0.0]
    listed = replace(agreed, drawdown="list")
    saved_list = saved_before_usd(listed, listed.offer_at(300.0), part_of_term(listed, spend, 0, 5), "s")
    assert saved_list.tolist() == pytest.approx(saved[1])


def test_months_before_signing_cost_list_with_all_that_is_billed_beside():
    agreed = terms(
        12,
        eligible_fraction=0.5,
        fixed_spend=(
            FixedSpend(name="seats", usd_per_month=7.0, eligible=True),
            FixedSpend(name="fee", usd_per_month=2.0, eligible=False),
        ),
    )
    begun = part_of_term(agreed, {"s": spend_paths([[100.0]] * 12)}, 0, 4)
    waited = on_demand(begun, "s")
    assert waited.paid_usd.tolist() == waited.on_demand_paid_usd.tolist() == [4 * 109.0]
    assert waited.shortfall_usd.shape == (0, 1)
    assert waited.overage_usd.tolist() == [0.0]


# --- plans that need care --------------------------------------------------------------------------------------------


def test_of_many_paths_those_are_compared_whose_months_are_kept():
    prepared = prepare(parse_plan(tomlkit.dumps(table(demand=NOISY, paths=96)), base_dir=Path()))
    spend = simulate_spend(
        prepared.spend_model,
        paths=96,
        seed=1,
        signing=False,
        months_of=64,
        stretches=stretches(prepared.inputs.contract),
    )
    plan = decide(prepared, spend)
    found = when_to_sign(plan, [6])
    few = decide(prepared, {name: replace(paths, sums={}) for name, paths in spend.items()})
    assert (found.n_paths, found.plan_paths) == (64, 96)
    settled = few.outcome(plan.recommendation.offer)
    assert found.now.expected_cost == settled.expected_cost
    assert found.now.shortfall_probability == settled.shortfall_probability
    (note,) = [note for note in signing_notes(plan, found) if "Months are kept" in note]
    assert "first 64 of 96 paths" in note


def test_a_commitment_that_the_plan_fixes_is_signed_in_every_way():
    fixed = {"term_months": 24, "commit_usd_per_year": [70_000.0, 90_000.0]}
    plan = built(contract=fixed, demand=NOISY, paths=64, decision={"max_shortfall_probability": 0.01})
    found = when_to_sign(plan, [6, 12])
    signed = {(one.strategy, one.sign_month): one.commit_usd_per_year for one in found.choices}
    assert all(spread.p10 == spread.p90 for spread in signed.values())
    assert signed["route_first", 6].mean == signed["sign_now", 0].mean == pytest.approx(70_000.0)
    assert signed["route_first", 12].mean == pytest.approx(90_000.0)
    assert found.of("short_then_sign", 6).short == plan.inputs.contract.offer_at(70_000.0)
    assert any("contract.commit_usd_per_year fixes" in note for note in signing_notes(plan, found))
    assert "limit" not in " ".join(signing_sentences(plan, found))


def test_a_contract_in_force_and_months_outside_the_term_are_refused():
    old = InForce(ends_month=12, balance_usd=10.0, discount_fraction=0.1, on_signing="renew")
    with pytest.raises(InputError, match=r"contract\.in_force.*take \[contract\.in_force\] out"):
        sign_months(terms(12, in_force=old))
    for month in (0, 12, -3):
        with pytest.raises(InputError, match=rf"--month {month}: .*from 1 to 11"):
            sign_months(terms(12), [3, month])
    with pytest.raises(InputError, match="term_months = 1"):
        sign_months(terms(1))
    assert [sign_months(terms(months)) for months in (2, 3, 4, 12, 13, 36)] == [
        (1,),
        (2,),
        (3,),
        (3, 6, 9),
        (3, 6, 9, 12),
        (3, 6, 9, 12),
    ]
    assert sign_months(terms(12), [7, 2, 7]) == (2, 7)


def test_rights_that_a_shorter_contract_cannot_have_are_named():
    early = {"early_renewal": {"month": 8, "credit_fraction": 0.5, "commit_fraction": 0.8}}
    plan = built(contract={"term_months": 18, **early}, paths=16)
    found = when_to_sign(plan, [6, 9])
    (note,) = [note for note in signing_notes(plan, found) if "renew early" in note]
    assert note.startswith("Contracts of 6 months end by their own month 8")
    assert not any("renew early" in note for note in signing_notes(built(), when_to_sign(built(), [6])))


# --- what is said ----------------------------------------------------------------------------------------------------


def said(plan: Plan, months: Sequence[int] | None = None) -> str:
    return "\n".join(signing_sentences(plan, when_to_sign(plan, months)))


def test_the_conclusion_of_a_certain_plan_names_the_way_and_what_waiting_costs():
    steady = said(built(scenario=(), bands=((1000.0, 0.2),)), [3])
    assert steady.startswith("Sign now: $96,000 a year at 20.0% discount. No other way comes to less.")
    assert "cannot tell it from 'short contract now, sign again in month 3'." in steady
    assert "No scenario with levers is decided on" in steady
    assert "Waiting 3 months, until 2027-04, comes to $6,000 more than signing now" in steady
    assert "$6,000 of discount is forgone until then" in steady


def test_what_signing_before_routing_strands_is_said():
    words = said(built(), [7])
    assert "Signing before routing, $96,000 a year at 20.0% discount, strands $" in words
    assert "100.0% chance of a shortfall, and comes to $" in words
    limited = said(built(demand=NOISY, paths=64, decision={"max_shortfall_probability": 0.2}), [7])
    assert "chance of a shortfall, above the limit of 20.0%, and comes to $" in limited


def test_a_way_beyond_the_limit_is_never_best_and_says_so():
    learning = {"as is": uniform_spend(teaches=True)}
    plan = plan_on(learning, scenario=(), bands=((1000.0, 0.2),), decision={"max_shortfall_probability": 0.1})
    found = when_to_sign(plan, [6])
    words = "\n".join(signing_sentences(plan, found))
    bridged = found.of("short_then_sign", 6)
    assert bridged.measure_usd < found.now.measure_usd
    assert not bridged.meets_limit
    assert found.best is not bridged
    assert "above the limit of 10.0% that each of them meets by itself" in words
    assert "No other way with at most 10.0% chance of a shortfall comes to less." in words
    late = replace(found.of("route_first", 6), meets_limit=False)
    told = "\n".join(signing_sentences(plan, replace(found, choices=(*found.choices[:2], late, bridged))))
    assert "is above the limit of 10.0%." in told
    assert "is above the limit of 10.0%." not in words
    lifted = plan_on(learning, scenario=(), bands=((1000.0, 0.2),))
    assert when_to_sign(lifted, [6]).best.strategy == "short_then_sign"
    assert said(lifted, [6]).startswith("Short contract now, sign again in month 6: it comes to $")


def test_a_limit_per_period_bounds_each_period_of_each_contract():
    per = {"max_shortfall_probability": 0.1, "shortfall_limit_per": "period"}
    plan = built(decision=per, contract={"term_months": 24}, bands=((1000.0, 0.2),), demand=NOISY, paths=512)
    found, kept = when_to_sign(plan, [5]), kept_plan(plan)
    way = signed_in(kept, 5).short_then_sign.lived["routed"]
    chances = (way.shortfall_usd > 0.005).mean(axis=1)
    assert chances.size == 3
    one = found.of("short_then_sign", 5)
    assert one.meets_limit == bool(np.all(chances <= 0.1 + 2 * np.sqrt(0.09 / 512)))
    assert one.shortfall_probability.mean > chances.max() > 0.05


def test_progress_goes_to_the_end():
    done: list[float] = []
    when_to_sign(built(demand=NOISY), [3, 6], done.append)
    assert done == sorted(done)
    assert done[-1] == 1.0


def test_what_the_paths_cannot_tell_apart_is_not_told_apart():
    """A difference within two standard errors: noise alone, and a discount of next to nothing."""
    plan = built(scenario=(), bands=((1000.0, 0.0001),), demand=NOISY, paths=64)
    words = said(plan, [3])
    assert "cannot be told by the paths" in words


def test_words_for_no_commitment_for_dearer_rests_and_for_a_best_that_is_level():
    none = said(built(bands=((1e9, 0.2),)), [6])
    assert none.startswith("Sign no commitment now. No other way comes to less.")
    assert "Signing before routing leads to the same commitment: no commitment." in none
    plan = built(demand=NOISY, paths=64)
    found = when_to_sign(plan, [6])
    hasty = replace(plan.sign_first, signed=replace(plan.sign_first.signed, offer=NO_COMMITMENT))
    assert "would mean no commitment and comes to $" in said(replace(plan, sign_first=hasty), [6])
    before, now, later, bridged = found.choices
    dear = replace(later, won_back=Estimate(mean=-500.0, se=3.0))
    told = signing_sentences(plan, replace(found, choices=(before, now, dear, bridged)))
    assert "what is signed for the months that remain costs $500 ± 3 more besides." in told[2]
    level = replace(later, measure_difference=Estimate(mean=-50.0, se=30.0))
    told = signing_sentences(plan, replace(found, best=level))
    assert told[0].endswith(
        ", or route first, sign in month 6: the paths cannot tell the two apart ($50 ± 30 between them)."
    )


def test_the_measure_is_named_where_it_is_not_the_expected_cost():
    decision = {"objective": "weighted", "scenario_weights": {"routed": 1}, "money": "npv"}
    plan = built(decision=decision, contract={"payment": {"cost_of_capital_per_year": 0.1}}, demand=NOISY, paths=32)
    words = said(plan, [6])
    assert words.startswith("By cost weighted over scenarios: ")
    assert " at present value" in words
    assert "wins back" not in words


def test_tables_have_a_cell_for_every_column_whatever_decides():
    for decision in (
        {},
        {"max_shortfall_probability": 0.1},
        {"objective": "weighted", "scenario_weights": {"routed": 1}},
        {"money": "npv"},
    ):
        payment = {"payment": {"mode": "quarterly", "cost_of_capital_per_year": 0.1}}
        plan = built(decision=decision, contract=payment, demand=NOISY, paths=32)
        found = when_to_sign(plan, [6])
        shown = signing_tables(plan, found)
        for one in shown:
            assert all(len(row) == len(one.columns) for row in one.rows)
            assert len(one.rows) == 4
            assert max(one.numeric) < len(one.columns)
        assert sum(row[0].endswith(" *") for row in shown[0].rows) == 1
        assert ("at present value" in shown[1].title) == (decision.get("money") == "npv")
        assert ("in the limit" in shown[2].columns) == ("max_shortfall_probability" in decision)


KEYS = {
    "strategy",
    "sign_month",
    "commit_usd_per_year",
    "expected_cost_usd",
    "shortfall_probability",
    "regret_usd",
    "short_commit_usd_per_year",
    "difference_usd",
    "discount_forgone_usd",
    "effective_savings_rate",
}
"""What scripts may rely on; more keys may come."""


@pytest.fixture
def command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[int, str, str]]:
    """Run the command on a plan: (exit code, stdout, stderr)."""

    def run(plan: Table, *options: str) -> tuple[int, str, str]:
        path = tmp_path / "plan.toml"
        path.write_text(tomlkit.dumps(plan), encoding="utf-8")
        monkeypatch.setattr("sys.argv", ["planner", "when-to-sign", str(path), *options])
        code = 0
        try:
            cli.main()
        except SystemExit as end:
            code = int(end.code or 0)
        out, err = capsys.readouterr()
        return code, out, err

    return run


def test_the_json_is_a_list_with_the_keys_that_scripts_rely_on(command: Callable[..., tuple[int, str, str]]):
    code, out, err = command(table(), "--json", "--month", "2", "--month", "7")
    assert code == 0
    rows = json.loads(out)
    assert [(row["strategy"], row["sign_month"]) for row in rows] == [
        ("sign_now_unrouted", 0),
        ("sign_now", 0),
        ("route_first", 2),
        ("short_then_sign", 2),
        ("route_first", 7),
        ("short_then_sign", 7),
    ]
    assert all(row.keys() >= KEYS for row in rows)
    assert [row["is_best"] for row in rows].count(True) == 1
    assert [row["won_back_usd"] is None for row in rows] == [True, True, False, False, False, False]
    assert [row["short_commit_usd_per_year"] is None for row in rows] == [True, True, True, False, True, False]
    assert "With 16 paths a later commitment is the same" in err
    assert command(table(), "--json", "--quiet", "--month", "2")[2] == ""


def test_the_command_prints_tables_sentences_and_notes_and_quiet_only_sentences(
    command: Callable[..., tuple[int, str, str]],
):
    code, out, err = command(table())
    assert code == 0
    assert "commitments a year, 12 months from January 2027 in 'routed'" in out
    assert "short contract now, sign again in month 9" in out
    code, quiet, err = command(table(), "--quiet")
    assert (code, err) == (0, "")
    assert quiet
    assert out.endswith(quiet)
    assert "When to sign:" not in quiet


def test_a_wrong_month_is_refused_in_one_line(command: Callable[..., tuple[int, str, str]]):
    for month in ("0", "12"):
        code, out, err = command(table(), "--month", month)
        assert (code, out) == (2, "")
        assert f"--month {month}" in err
        assert "from 1 to 11" in err
