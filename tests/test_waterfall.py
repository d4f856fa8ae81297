"""The waterfall against every order written out, closed forms and laws; what levers save a month; the chart."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import reduce
from itertools import permutations
from math import prod
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import Table, built, mix_entry, override, plan_table

from planner import waterfall as module
from planner.charts.style import DARK, LIGHT, Palette
from planner.charts.waterfall import waterfall_chart, waterfall_frame
from planner.lever_savings import TypeSaving, joint_savings, lever_efforts, monthly_requests, type_savings
from planner.levers import LEVER_KINDS, LeverKind
from planner.levers_report import waterfall_table
from planner.levers_sentences import costs_of
from planner.plan import Plan
from planner.risk import Estimate, estimate
from planner.simulation import MONTHS_OF, KeptPaths, simulate_spend
from planner.units import FloatArray
from planner.waterfall import (
    Coalition,
    SignedYear,
    Waterfall,
    coalition_spend,
    coalitions,
    shapley_steps,
    signed_year,
    waterfall,
    waterfalls,
)

CHEAP = override("cheap", tier="haiku", rates=(1.0, 0.1, 1.25, 2.0, 5.0))
ROUTE: Table = {"request_type": "chat", "to": "cheap", "share": 0.5, "escalation": 0.0, "token_ratio": 1.0}
CERTAIN_OUTPUT = mix_entry(uncached_input_tokens=0.0, output_tokens=100.0)
"""Requests that are all output, so that batch, output control and a route are factors of their cost."""

LATE = {"low": 1, "mode": 3, "high": 6}
RESTLESS = {"level_sd": 0.1, "growth_per_year": {"p10": 0.0, "p90": 1.0}, "monthly_volatility": 0.05}
LEVERS: Table = {
    "name": "levers",
    "route": [
        {**ROUTE, "share": {"p10": 0.3, "p90": 0.6}, "escalation": {"p10": 0.05, "p90": 0.2}},
        {**ROUTE, "request_type": "code", "share": 0.2, "ramp": {"start_month": LATE, "months": 3}},
    ],
    "cache": [{"request_type": "chat", "cacheable_fraction": 0.5, "hit_rate": {"p10": 0.3, "p90": 0.8}}],
    "batch": [{"request_type": "code", "share": {"p10": 0.2, "p90": 0.7}}],
    "output": [
        {"request_type": "chat", "cut": {"p10": 0.1, "p90": 0.4}},
        {"request_type": "code", "cut": 0.1, "ramp": {"start_month": 2, "months": 4, "ceiling": 0.5}},
    ],
}
MIX = [
    mix_entry(output_tokens=200.0),
    mix_entry("code", output_tokens=600.0, monthly_requests=150_000.0),
    mix_entry("idle", monthly_requests=100_000.0),
]


def table(*scenarios: Table, **changed: Any) -> Table:
    return plan_table(
        **{
            "mix": [CERTAIN_OUTPUT],
            "overrides": [override("strong"), CHEAP],
            "scenario": [{"name": "as is"}, *scenarios],
            **changed,
        }
    )


@pytest.fixture(scope="module")
def plan() -> Plan:
    """Two scenarios on restless demand: one with every kind of lever on two types, one with a single route."""
    single = {"name": "one route", "route": [ROUTE]}
    return built(table(single, LEVERS, mix=MIX, demand=RESTLESS, paths=512, bands=[(50_000.0, 0.2)]))


def same(one: Estimate, other: Estimate) -> bool:
    """Whether two estimates are one, whatever else one of them says."""
    return (one.mean, one.se) == (other.mean, other.se)


def signed_at(discount_fraction: float, discount_usd: FloatArray, *, listed_usd: FloatArray) -> SignedYear:
    """A year under a contract without seats or fees."""
    return SignedYear(
        months=12, discount_fraction=discount_fraction, fixed_usd=0.0, discount_usd=discount_usd, listed_usd=listed_usd
    )


@pytest.fixture(scope="module")
def falls(plan: Plan) -> dict[str, Waterfall]:
    return waterfalls(plan)


# --- the value of every order -----------------------------------------------------------------------------------------


@st.composite
def games(draw: st.DrawFn) -> tuple[tuple[LeverKind, ...], dict[Coalition, FloatArray]]:
    """Any spend of any coalition of one to four kinds, on two paths."""
    kinds = tuple(draw(st.lists(st.sampled_from(LEVER_KINDS), min_size=1, max_size=4, unique=True)))
    money = st.lists(st.floats(0.0, 1e7), min_size=2, max_size=2).map(np.array)
    return kinds, {coalition: draw(money) for coalition in coalitions(kinds)}


def in_every_order(
    kinds: Sequence[LeverKind], spend: Mapping[Coalition, FloatArray]
) -> Iterator[dict[LeverKind, FloatArray]]:
    """What each kind changes when it comes, for each of the n! orders: no formula, just the orders."""
    for order in permutations(kinds):
        changes = {}
        for index, kind in enumerate(order):
            changes[kind] = spend[frozenset(order[: index + 1])] - spend[frozenset(order[:index])]
        yield changes


@given(games())
def test_a_step_is_the_average_over_all_orders_and_the_steps_add_up(
    game: tuple[tuple[LeverKind, ...], dict[Coalition, FloatArray]],
) -> None:
    kinds, spend = game
    steps = shapley_steps(spend, kinds)
    orders = list(in_every_order(kinds, spend))
    for kind in kinds:
        assert steps[kind] == pytest.approx(np.mean([order[kind] for order in orders], axis=0), rel=1e-9, abs=1e-6)
    assert sum(steps.values()) == pytest.approx(spend[frozenset(kinds)] - spend[frozenset()], rel=1e-9, abs=1e-6)
    shuffled = shapley_steps(spend, kinds[::-1])
    assert all(shuffled[kind] == pytest.approx(steps[kind], rel=1e-9, abs=1e-6) for kind in kinds)


def test_kinds_that_do_the_same_share_alike_and_a_kind_that_does_nothing_has_no_step() -> None:
    """caching and batch halve what is left, routing takes a fifth off, output does nothing."""
    factors = {"routing": 0.8, "caching": 0.5, "batch": 0.5, "output": 1.0}
    spend = {coalition: np.array([100.0 * prod(factors[kind] for kind in coalition)]) for coalition in all_kinds()}
    steps = shapley_steps(spend, LEVER_KINDS)
    assert steps["caching"][0] == pytest.approx(steps["batch"][0], rel=1e-12)
    assert steps["output"][0] == 0.0
    assert steps["routing"][0] < 0


def all_kinds() -> list[Coalition]:
    found = list(coalitions(LEVER_KINDS))
    assert len(found) == len(set(found)) == 16
    return found


def test_a_published_showcase_adds_up_a_fifth_more_than_is_saved() -> None:
    """5,537.30 USD is routed down by 1,942.56, and a commitment gives 30 % off: 3,020.98 saved, not 3,603.75."""
    before, routed = np.array([5537.30]), np.array([5537.30 - 1942.56])
    spend: dict[Coalition, FloatArray] = {frozenset(): before, frozenset({"routing"}): routed}
    signed = signed_at(0.3, -0.3 * routed, listed_usd=spend[frozenset()])
    fall = waterfall("showcase", spend, ("routing",), signed)
    assert round(fall.naive.mean, 2) == -3603.75
    assert round(fall.change.mean + fall.discount.mean, 2) == -3020.98
    assert round(fall.naive_error.mean, 2) == -582.77
    assert round(fall.naive_error.mean / (fall.change.mean + fall.discount.mean), 2) == 0.19
    assert fall.additive_error.mean == 0.0, "one kind alone is added to nothing"
    assert fall.paid.mean == pytest.approx(0.7 * 3594.74)


# --- plans -----------------------------------------------------------------------------------------------------------


def test_certain_levers_are_factors_and_share_their_product_as_worked_out_by_hand() -> None:
    """Cost 0.005 a request, a million a month: x 0.55 routed, x 0.7 in batch, x 0.75 cut; each by a third alone, ..."""
    scenario = {
        "name": "levers",
        "route": [ROUTE],
        "batch": [{"request_type": "chat", "share": 0.6}],
        "output": [{"request_type": "chat", "cut": 0.25}],
    }
    fall = waterfalls(built(table(scenario)))["levers"]
    before, factors = 60_000.0, {"routing": 0.55, "batch": 0.7, "output": 0.75}
    assert fall.before.mean == pytest.approx(before)
    assert fall.after.mean == pytest.approx(before * prod(factors.values()))
    for step in fall.steps:
        one, two = (factors[kind] for kind in factors if kind != step.kind)
        weight = 1 / 3 + (one + two) / 6 + one * two / 3
        assert step.usd.mean == pytest.approx(before * (factors[step.kind] - 1) * weight)
        assert step.alone.mean == pytest.approx(before * (factors[step.kind] - 1))
        assert step.usd.p10 == pytest.approx(step.usd.p90) == pytest.approx(step.usd.mean)
    assert fall.additive.mean == pytest.approx(before * (sum(factors.values()) - 3))


def test_before_and_the_steps_are_after_and_every_figure_rests_on_the_paths_of_the_plan(
    plan: Plan, falls: dict[str, Waterfall]
) -> None:
    for name, fall in falls.items():
        assert same(fall.before, plan.summaries["as is"].annual)
        assert same(fall.after, plan.summaries[name].annual)
        assert fall.before.mean + sum(step.usd.mean for step in fall.steps) == pytest.approx(fall.after.mean, rel=1e-12)
        assert fall.additive_error.mean == pytest.approx(fall.additive.mean - fall.change.mean, abs=1e-6)
        assert tuple(step.kind for step in fall.steps) == costs_of(plan, name).scenario.kinds
    assert falls["as is"].steps == ()
    assert falls["as is"].additive.mean == 0.0
    (only,) = falls["one route"].steps
    assert only.usd == falls["one route"].change
    assert same(only.usd, only.alone)


def test_a_step_has_the_mean_the_error_and_the_ends_of_its_values_on_the_paths(
    plan: Plan, falls: dict[str, Waterfall]
) -> None:
    spend = coalition_spend(plan.prepared, plan.spend)["levers"]
    values: dict[LeverKind, FloatArray] = reduce(
        lambda total, order: {kind: total.get(kind, 0.0) + order[kind] / 24 for kind in order},
        in_every_order(LEVER_KINDS, spend),
        {},
    )
    for step in falls["levers"].steps:
        assert step.usd.mean == pytest.approx(estimate(values[step.kind]).mean, rel=1e-9)
        assert step.usd.se == pytest.approx(estimate(values[step.kind]).se, rel=1e-6)
        assert (step.usd.p10, step.usd.p90) == pytest.approx(tuple(np.quantile(values[step.kind], [0.1, 0.9])))
        parts = values[step.kind] / spend[frozenset()]
        assert step.of_before == pytest.approx(tuple(np.quantile(parts, [0.1, 0.9])))
        assert step.usd.p10 < step.usd.mean < step.usd.p90


def test_without_its_levers_a_scenario_is_the_baseline_and_with_all_of_them_itself(plan: Plan) -> None:
    scenario = costs_of(plan, "levers").scenario
    ends = [replace(scenario.only(kinds), name=name) for kinds, name in (((), "none"), (LEVER_KINDS, "all"))]
    model = replace(plan.prepared.spend_model, scenarios=tuple(map(plan.prepared.priced, ends)))
    found = simulate_spend(model, paths=plan.n_paths, seed=plan.inputs.seed)
    for name, same in (("none", "as is"), ("all", "levers")):
        np.testing.assert_allclose(
            found[name].annual_list_cost_usd(), plan.spend[same].annual_list_cost_usd(), rtol=1e-12
        )


def test_the_order_of_levers_in_the_file_changes_nothing(plan: Plan, falls: dict[str, Waterfall]) -> None:
    backwards = {key: value[::-1] if isinstance(value, list) else value for key, value in reversed(LEVERS.items())}
    other = built(table(backwards, mix=MIX, demand=RESTLESS, paths=512, bands=[(50_000.0, 0.2)]))
    found = waterfalls(other)["levers"]
    for one, two in zip(found.steps, falls["levers"].steps, strict=True):
        assert one.kind == two.kind
        assert one.usd.mean == pytest.approx(two.usd.mean, rel=1e-9)


def test_a_kind_whose_levers_do_nothing_has_no_step() -> None:
    idle = {**LEVERS, "batch": [{"request_type": "code", "share": 0.0}]}
    fall = waterfalls(built(table(idle, mix=MIX, demand=RESTLESS, paths=64)))["levers"]
    steps = {step.kind: step for step in fall.steps}
    assert steps["batch"].usd.mean == pytest.approx(0.0, abs=1e-6)
    assert steps["routing"].usd.mean < 0


def test_only_what_lies_between_is_simulated_and_demand_is_drawn_once(
    plan: Plan, falls: dict[str, Waterfall], monkeypatch: pytest.MonkeyPatch
) -> None:
    """2^4 - 2 coalitions of the four kinds; one kind needs none."""
    asked: list[list[str]] = []

    def counted(model: Any, **options: Any) -> Any:
        asked.append([costs.scenario.name for costs in model.scenarios])
        return simulate_spend(model, **options)

    monkeypatch.setattr(module, "simulate_spend", counted)
    kept = KeptPaths()
    assert waterfalls(plan, kept) == falls
    (names,) = asked
    assert len(names) == len(set(names)) == 14
    assert not any(name.startswith("one route") for name in names)
    assert len(kept.demand) == 1
    assert all(item.list_cost_usd.size == 0 for item in kept.spend.values()), "annual sums, not months"
    assert waterfalls(plan, kept) == falls


def test_many_paths_of_which_no_months_are_kept_say_the_same(plan: Plan) -> None:
    spend = simulate_spend(
        plan.prepared.spend_model, paths=plan.n_paths, seed=plan.inputs.seed, signing=False, months_of=0
    )
    assert all(item.list_cost_usd.size == 0 for item in spend.values())
    found, kept = coalition_spend(plan.prepared, spend), coalition_spend(plan.prepared, plan.spend)
    for name, by_coalition in kept.items():
        for coalition, usd in by_coalition.items():
            np.testing.assert_allclose(found[name][coalition], usd, rtol=1e-12)


def test_progress_ends_at_all(plan: Plan) -> None:
    seen: list[float] = []
    waterfalls(plan, progress=seen.append)
    assert seen[-1] == 1.0


@pytest.mark.parametrize("name", ["as is", "levers"])
def test_the_discount_is_what_one_year_pays_beyond_its_list_spend(
    plan: Plan, falls: dict[str, Waterfall], name: str
) -> None:
    """paid = C + max(0, L - C / (1 - d)), overage at list."""
    offer, listed = plan.recommendation.offer, plan.spend[name].annual_list_cost_usd()
    commit, discount = offer.commit_usd_per_year, offer.discount_fraction
    assert commit > 0
    beyond = commit + np.maximum(listed - commit / (1 - discount), 0.0) - listed
    assert falls[name].discount.mean == pytest.approx(beyond.mean(), rel=1e-9)
    assert falls[name].discount.se == pytest.approx(estimate(beyond).se, rel=1e-6)
    assert falls[name].paid.mean == pytest.approx((listed + beyond).mean(), rel=1e-12)
    naive = falls[name].additive.mean - discount * falls[name].before.mean
    assert falls[name].naive.mean == pytest.approx(naive, rel=1e-12)


@pytest.mark.parametrize(
    ("contract", "part"),
    [
        ({"term_months": 24}, 1.0),
        ({"term_months": 24, "commit_period": "quarter"}, 1.0),
        ({"term_months": 24, "commit_period": "term"}, 1.0),
        ({"term_months": 6}, 0.5),
    ],
)
def test_the_discount_is_of_contract_year_1_whatever_the_term_and_its_periods(contract: Table, part: float) -> None:
    """120,000 USD a year on every path, all of it committed at 20 % off; beside it 6,000 that no commitment covers."""
    signed = {**contract, "commit_usd_per_year": 96_000.0}
    calm = plan_table(contract=signed, scenario=[{"name": "as is"}], months=24)
    calm["fixed_spend"] = [{"name": "seats", "usd_per_month": 500.0, "eligible": False}]
    assert signed_year(built(calm), "as is").discount_usd.tolist() == pytest.approx([-24_000.0 * part] * 2)


def test_later_contract_years_are_not_in_the_discount_of_the_first() -> None:
    """Use shrinks below the commitment of 96,000 USD in both years, the more in the second."""
    for period in ("year", "quarter", "term"):
        signed = {"term_months": 24, "commit_period": period, "commit_usd_per_year": 96_000.0}
        plan = built(table(mix=[mix_entry()], demand={"growth_per_year": -0.6}, contract=signed, months=24))
        first, both = (plan.spend["as is"].list_cost_over(0, stop)[0] for stop in (12, 24))
        expected = (192_000.0 - both) / 2 if period == "term" else 96_000.0 - first
        assert signed_year(plan, "as is").discount_usd.tolist() == pytest.approx([expected] * 2)


@pytest.mark.parametrize("eligible", [True, False])
def test_what_is_paid_is_what_the_plan_expects_to_pay_seats_and_fees_included(eligible: bool) -> None:
    """120,000 USD of tokens and 12,000 of seats a year, half of the tokens output that is cut by a fifth."""
    contract = {"bands": [(10_000.0, 0.2)], "contract": {"overage": "committed"}}
    lever = {"name": "levers", "output": [{"request_type": "chat", "cut": 0.2}]}
    calm = table(lever, mix=[mix_entry()], demand={"level_sd": 0.1}, decision={"scenario": "levers"}, **contract)
    calm["fixed_spend"] = [{"name": "seats", "usd_per_month": 1000.0, "eligible": eligible}]
    plan = built(calm)
    fall = waterfalls(plan)["levers"]
    assert fall.fixed_usd == 12_000.0
    assert fall.paid.mean == pytest.approx(plan.recommendation.expected_cost.mean, rel=1e-12)
    assert fall.after.mean + fall.fixed_usd + fall.discount.mean == pytest.approx(fall.paid.mean, rel=1e-12)
    discounted = fall.after.mean + (12_000.0 if eligible else 0.0)
    assert fall.discount.mean == pytest.approx(-0.2 * discounted, rel=1e-9)
    assert fall.naive.mean == pytest.approx(fall.additive.mean - 0.2 * (fall.before.mean + 12_000.0), rel=1e-12)
    names = [row[0] for row in waterfall_table(fall).rows]
    assert names[-3:] == ["seats and fees", "net discount", "what is paid"]
    frame = waterfall_frame(fall).set_index("name")
    assert frame.loc["net discount", "stop"] == pytest.approx(frame.loc["what is paid", "stop"])


@pytest.mark.parametrize(("on_signing", "ends"), [("co_term", date(2028, 1, 1)), ("renew", date(2027, 7, 1))])
def test_what_the_balances_of_a_contract_in_force_cover_is_not_paid_again(on_signing: str, ends: date) -> None:
    """It was paid before: what is paid is less than tokens at list less the discount, and what the plan expects."""
    balance = {"ends": ends, "balance_usd": 30_000.0, "discount_fraction": 0.1, "on_signing": on_signing}
    lever = {"name": "levers", "output": [{"request_type": "chat", "cut": 0.2}]}
    scene = {"mix": MIX, "demand": RESTLESS, "decision": {"scenario": "levers"}, "bands": [(10_000.0, 0.2)]}
    calm, covered = (
        built(table(lever, paths=128, contract={"term_months": 12, **more}, **scene))
        for more in ({}, {"in_force": balance})
    )
    fall, without = waterfalls(covered)["levers"], waterfalls(calm)["levers"]
    assert fall.after.mean + fall.discount.mean == pytest.approx(fall.paid.mean, rel=1e-12)
    assert fall.paid.mean == pytest.approx(covered.recommendation.expected_cost.mean, rel=1e-9)
    assert fall.after.mean == without.after.mean
    assert fall.paid.mean < without.paid.mean - 15_000.0


def test_more_paths_than_months_are_kept_of_settle_around_a_balance_that_ends_inside_a_quarter() -> None:
    """Sums are there only for the stretches that the contract settles, and those end where the balance does."""
    balance = {"ends": date(2027, 8, 1), "balance_usd": 20_000.0, "on_signing": "renew"}
    terms = {"contract": {"commit_period": "quarter", "in_force": balance}, "bands": [(10_000.0, 0.2)]}
    lever = {"name": "levers", "output": [{"request_type": "chat", "cut": 0.2}]}
    plan = built(table(lever, decision={"scenario": "levers"}, paths=MONTHS_OF + 16, **terms))
    assert plan.spend["levers"].sums, "the months themselves are not kept"
    fall = waterfalls(plan)["levers"]
    assert fall.paid.mean == pytest.approx(plan.recommendation.expected_cost.mean, rel=1e-9)


def test_a_contract_of_half_a_year_is_held_against_half_a_year() -> None:
    """10,000 USD a month, half of it saved; 20 % off six months is 6,000, where today's bill would have had 12,000."""
    lever = {"name": "levers", "output": [{"request_type": "chat", "cut": 0.5}]}
    terms = {"contract": {"term_months": 6, "overage": "committed"}, "bands": [(10_000.0, 0.2)]}
    fall = waterfalls(built(table(lever, decision={"scenario": "levers"}, **terms)))["levers"]
    month = fall.before.mean / 12
    assert fall.signed_months == 6
    assert fall.discount.mean == pytest.approx(-0.2 * 6 * month / 2)
    assert fall.naive_error.mean == pytest.approx(-0.2 * 6 * month / 2)
    assert "in the 6 months of the contract" in waterfall_table(fall).note


# --- what levers save a month ----------------------------------------------------------------------------------------


def savings(scenario: Table, **changed: Any) -> tuple[Plan, tuple[TypeSaving, ...]]:
    plan = built(table(scenario, **changed))
    return plan, type_savings(plan.prepared, costs_of(plan, "levers"))


def test_a_route_saves_its_share_of_the_requests_at_full_adoption() -> None:
    """1,000 tokens at 10 or 1 USD/MTok. A quarter goes by rules; of the rest 0.9 x 0.05 + 0.1 x 0.9 is sent back and
    0.1 x 0.1 is wrong and accepted. The route takes 0.8 x 0.5 of a million requests."""
    route = {
        **ROUTE,
        "share": 0.8,
        "escalation": {"pass_rate": 0.9, "fnr": 0.05, "fpr": 0.1},
        "overhead_usd_per_request": 0.0005,
        "judge": {"usd_per_request": 0.0002},
        "rule_fraction": 0.25,
        "error_cost_usd": 0.2,
        "rule_error_fraction": 0.004,
        "one_off_usd": 9_000.0,
        "ramp": {"start_month": 30, "months": 5, "ceiling": 0.5},
    }
    plan, found = savings({"name": "levers", "route": [route]}, mix=[mix_entry()])
    (one,) = found
    after, wrong = 0.001 + 0.0005 + 0.75 * (0.0002 + 0.135 * 0.01), 0.2 * (0.75 * 0.01 + 0.25 * 0.004)
    assert (one.request_type, one.model, one.to) == ("chat", "strong", "cheap")
    assert (one.unit_cost_before_usd, one.unit_cost_after_usd) == pytest.approx((0.01, after))
    assert one.saving_usd_per_month == pytest.approx(400_000 * (0.01 - after))
    assert one.error_cost_usd_per_month == pytest.approx(400_000 * wrong)
    assert one.escalation == pytest.approx(0.135)
    margin = 0.01 - 0.001 - 0.0005 - 0.2 * 0.25 * 0.004
    assert one.break_even_escalation == pytest.approx((margin / 0.75 - 0.0002 - 0.2 * 0.01) / 0.01)
    assert one.pays
    (effort,) = lever_efforts(plan.prepared, costs_of(plan, "levers").scenario)
    assert effort.payback_months == pytest.approx(9_000 / (400_000 * (0.01 - after)))
    assert not replace(one, error_cost_usd_per_month=one.saving_usd_per_month + 1).pays


def test_levers_other_than_routing_are_told_for_every_model_that_no_route_takes_from() -> None:
    mix = [
        mix_entry(model=model, monthly_requests=requests, uncached_input_tokens=0.0, output_tokens=100.0)
        for model, requests in (("strong", 1_000_000.0), ("cheap", 500_000.0), ("other", 250_000.0))
    ]
    scenario = {
        "name": "levers",
        "route": [{**ROUTE, "from": ["strong"]}],
        "batch": [{"request_type": "chat", "share": 0.5, "ramp": {"ceiling": 0.8}, "one_off_usd": 0.0}],
        "output": [{"request_type": "chat", "cut": 0.25}],
    }
    overrides = [override("strong"), CHEAP, override("other", rates=(2.0, 0.2, 2.5, 4.0, 10.0))]
    plan, found = savings(scenario, mix=mix, overrides=overrides)
    rows = {(one.model, one.to): one for one in found}
    assert set(rows) == {("strong", "cheap"), ("cheap", None), ("other", None)}
    other = rows["other", None]
    assert other.unit_cost_before_usd == pytest.approx(0.001)
    assert other.unit_cost_after_usd == pytest.approx(0.001 * (1 - 0.4 / 2) * 0.75)
    assert other.saving_usd_per_month == pytest.approx(250_000 * 0.001 * 0.4)
    assert (other.escalation, other.break_even_escalation, other.pays) == (None, None, True)
    (effort,) = lever_efforts(plan.prepared, costs_of(plan, "levers").scenario)
    assert effort.kind == "batch"
    assert effort.payback_months == 0.0
    assert effort.saving_usd_per_month == pytest.approx(0.2 * (5000 + 250 + 250))


LONG = {
    **mix_entry(model="claude-opus-5-5", output_tokens=200.0),
    "long_prompt_fraction": 0.3,
    "long_request_fraction": 0.1,
}
HAIKU = {**ROUTE, "to": "claude-haiku-5-5", "escalation": 0.1, "overhead_usd_per_request": 0.0002}


@pytest.mark.parametrize(
    ("mix", "routes"),
    [
        (MIX, LEVERS["route"]),
        ([mix_entry(), mix_entry(model="other")], [{**ROUTE, "ramp": {"ceiling": 0.7}}]),
        ([mix_entry(), mix_entry(model="other")], [ROUTE, {**ROUTE, "to": "other", "from": ["strong"], "share": 0.3}]),
        ([mix_entry()], [{**ROUTE, "ramp": {"ceiling": 0.5}}, {**ROUTE, "from": ["strong"], "share": 0.3}]),
        ([LONG], [{**HAIKU, "long_prompts": "stay"}]),
        ([LONG], [{**HAIKU, "long_prompts": "stay", "ramp": {"ceiling": 0.5}}, {**ROUTE, "to": "other", "share": 0.4}]),
        ([LONG], [{**HAIKU, "long_prompts": "move"}]),
    ],
    ids=["two types", "two sources", "split", "one target", "stay", "stay, split", "move"],
)
def test_what_routes_save_row_by_row_is_what_the_type_saves_with_all_of_them(
    mix: Sequence[Table], routes: Sequence[Table]
) -> None:
    overrides = [override("strong"), CHEAP, override("other", rates=(2.0, 0.2, 2.5, 4.0, 10.0))]
    plan, found = savings({"name": "levers", "route": list(routes)}, mix=list(mix), overrides=overrides)
    together = joint_savings(plan.prepared, costs_of(plan, "levers"))
    assert {one.request_type for one in together} == set(monthly_requests(plan.prepared))
    for joint in together:
        rows = [one.saving_usd_per_month for one in found if one.request_type == joint.request_type]
        assert sum(rows) == pytest.approx(joint.saving_usd_per_month, abs=1e-6)


def test_what_other_levers_save_row_by_row_is_what_the_type_saves_with_all_of_them() -> None:
    others = {key: value for key, value in LEVERS.items() if key != "route"}
    plan, found = savings(others, mix=[*MIX, mix_entry(model="cheap", output_tokens=300.0)])
    together = {
        one.request_type: one.saving_usd_per_month for one in joint_savings(plan.prepared, costs_of(plan, "levers"))
    }
    assert {(one.request_type, one.model) for one in found} == {
        ("chat", "strong"),
        ("chat", "cheap"),
        ("code", "strong"),
    }
    for name in ("chat", "code"):
        rows = [one.saving_usd_per_month for one in found if one.request_type == name]
        assert sum(rows) == pytest.approx(together[name], rel=1e-9)
        assert together[name] > 0


def test_where_rules_send_everything_no_escalation_decides() -> None:
    _, found = savings({"name": "levers", "route": [{**ROUTE, "rule_fraction": 1.0}]})
    assert [one.break_even_escalation for one in found] == [None]
    assert found[0].pays


def test_an_effort_that_saves_nothing_is_never_earned_back_and_one_not_given_is_not_told() -> None:
    dear = {**ROUTE, "overhead_usd_per_request": 1.0, "one_off_usd": 10.0}
    scenario = {"name": "levers", "route": [dear], "output": [{"request_type": "chat", "cut": 0.1}]}
    plan, found = savings(scenario)
    (effort,) = lever_efforts(plan.prepared, costs_of(plan, "levers").scenario)
    assert effort.saving_usd_per_month < 0
    assert effort.payback_months is None
    assert replace(effort, one_off_usd=0.0).payback_months == 0.0, "what cost nothing need not be earned back"
    assert not found[0].pays
    assert found[0].break_even_escalation is not None
    assert found[0].break_even_escalation < 0, "a negative saving is shown as what it is"


def test_an_effort_for_a_type_that_the_mix_lacks_is_left_out() -> None:
    scenario = {"name": "levers", "cache": [{"request_type": "gone", "hit_rate": 0.8, "one_off_usd": 30_000.0}]}
    plan, _ = savings(scenario)
    assert lever_efforts(plan.prepared, costs_of(plan, "levers").scenario) == ()
    assert any("'gone'" in warning for warning in plan.warnings)


# --- the chart -------------------------------------------------------------------------------------------------------


def test_the_chart_goes_from_today_over_the_steps_to_what_is_paid(falls: dict[str, Waterfall]) -> None:
    fall = falls["levers"]
    frame = waterfall_frame(fall)
    names = ["today", "routing", "caching", "batch", "output control", "optimised"]
    names += ["net discount", "what is paid"]
    assert frame["name"].tolist() == names
    rows = frame.set_index("name")
    assert rows.loc["output control", "stop"] == pytest.approx(rows.loc["optimised", "stop"])
    assert rows.loc["net discount", "stop"] == pytest.approx(rows.loc["what is paid", "stop"])
    inner = frame.iloc[1:5]
    assert (inner["start"].to_numpy()[1:] == inner["stop"].to_numpy()[:-1]).all(), "each begins where the last ended"
    assert inner["usd"].tolist() == [step.usd.mean for step in fall.steps]
    assert inner["low_usd"].tolist() == pytest.approx([step.usd.p10 for step in fall.steps])
    totals = (("today", fall.before), ("optimised", fall.after), ("what is paid", fall.paid))
    assert [rows.loc[name, "p10"] for name, _ in totals] == [total.p10 for _, total in totals]


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("name", ["as is", "one route", "levers"])
def test_the_chart_can_be_drawn_and_names_its_axes(falls: dict[str, Waterfall], name: str, palette: Palette) -> None:
    spec = waterfall_chart(falls[name], palette).to_dict()  # validates against the Vega-Lite schema
    assert name in spec["title"]["text"]
    assert spec["title"]["subtitle"]
    text = str(spec)
    assert "list spend (USD, contract year 1)" in text
    assert "NaN" not in text


def test_words_stand_where_there_is_room_and_costs_are_signed() -> None:
    spend: dict[Coalition, FloatArray] = {
        frozenset(): np.array([100.0]),
        frozenset({"routing"}): np.array([130.0]),
    }
    dearer = waterfall("x", spend, ("routing",), signed_at(0.1, np.array([20.0]), listed_usd=np.array([100.0])))
    (data,) = [rows for rows in waterfall_chart(dearer).to_dict()["datasets"].values() if "words" in rows[0]]
    words = {row["name"]: (row["words"], row["align"]) for row in data}
    assert words["routing"] == ("+$30, 30%", "right")
    assert words["net shortfall"] == ("+$20, 20%", "right")
    assert words["today"][1] == "center", "a bar that fills the picture carries its words above it"
