"""Levers against the slow reference, through the plan file; and what must hold whatever the numbers."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import numpy as np
import pytest
import reference
import strategies
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import Cache, Cut, Entry, Levers, Ramp, Route, amounts
from strategies import CARDS, CHEAP, LONG, OLD, STRONG, built, figures, lever_plan, mix_entry, plan_table

from planner.distributions import Point
from planner.errors import InputError, PlannerError, PriceError
from planner.lever_costs.scenario_costs import price_scenario
from planner.levers import CacheLever, Scenario, adoption
from planner.mix import MixEntry, RequestMix
from planner.prices import PriceBook

HALF = Decimal("0.5")
ON = Ramp(start_month=Decimal(-9))  # a step long ago
CHAT = Entry(model=STRONG, requests=Decimal(1_000_000), tokens=amounts(900, 4000, 100, 50, 60))


def monthly(table, scenario="levers") -> list[float]:
    return figures(table)["scenarios"][scenario]["monthly_list_cost_usd"]["mean"]


def cost(levers: Levers, *mix: Entry) -> float:
    """List cost of month 5."""
    return monthly(lever_plan(mix or (CHAT,), levers))[5]


@settings(max_examples=40)
@given(strategies.lever_cases())
def test_every_month_costs_what_the_reference_adds_up_request_by_request(case):
    assert monthly(case.table) == pytest.approx(case.slow_months(), rel=1e-9, abs=1e-6)
    plain = replace(case, levers=Levers())
    assert monthly(case.table, "as is") == pytest.approx(plain.slow_months(), rel=1e-9, abs=1e-6)


@given(
    st.lists(st.integers(0, 120_000), min_size=5, max_size=5),
    st.integers(1, 50),
    st.sampled_from([STRONG, CHEAP, LONG, OLD]),
    st.booleans(),
)
def test_a_single_request_costs_what_its_rate_card_says(tokens, requests, model, batch):
    """Requests that are all alike sit above the threshold together or not at all."""
    each = amounts(*tokens)
    is_long = sum(each[name] for name in reference.PROMPT_CLASSES) > 100_000
    entry = Entry(
        model=model,
        requests=Decimal(requests),
        tokens=each,
        batch_fraction=Decimal(batch),
        long_prompt={100_000: Decimal(is_long)},
    )
    expected = requests * reference.price_request(CARDS[model], each, batch=batch)
    assert monthly(lever_plan([entry], Levers()), "as is")[0] == pytest.approx(float(expected), abs=1e-9)


@given(st.integers(-6, 24), st.floats(-6, 12), st.one_of(st.just(0.0), st.floats(0.5, 12)), st.floats(0, 1))
def test_adoption_is_the_logistic_curve_at_mid_month(month, start, months, ceiling):
    found = adoption(
        np.array([month], dtype=float), start=np.array([start]), span=np.array([months]), ceiling=np.array([ceiling])
    )
    ramp = Ramp(start_month=Decimal(start), months=Decimal(months), ceiling=Decimal(ceiling))
    assert found[0] == pytest.approx(float(reference.adoption(ramp, month)), abs=1e-9)


def test_adoption_is_a_tenth_where_the_ramp_begins_and_nine_tenths_where_it_ends():
    ends = adoption(np.array([1.5, 3.5, 5.5]), start=np.array([2.0]), span=np.array([4.0]), ceiling=np.array([0.8]))
    assert ends == pytest.approx([0.08, 0.4, 0.72])


# --- laws ------------------------------------------------------------------------------------------------------------


def test_a_lever_of_nothing_changes_nothing():
    route = Route(to=LONG, share=Decimal(0), escalation=Decimal(1), overhead=Decimal(1), long_prompt=HALF)
    cache = Cache(cacheable=Decimal(0), hit_rate=HALF)
    nothing = Levers(routes=(route,), cache=cache, batch=Cut(amount=Decimal(0)), output=Cut(amount=Decimal(0)))
    assert cost(nothing) == pytest.approx(cost(Levers()))


def test_a_route_to_the_model_that_serves_already_moves_nothing_and_says_so():
    table = lever_plan([replace(CHAT, model=CHEAP)], Levers(routes=(Route(to=CHEAP, share=Decimal(1), ramp=ON),)))
    assert monthly(table) == pytest.approx(monthly(table, "as is"))
    assert any("no traffic of 'chat'" in warning for warning in figures(table)["warnings"])


def test_a_route_from_its_own_target_is_refused():
    with pytest.raises(InputError, match="claude-opus-5-5"):
        built(lever_plan([CHAT], Levers(routes=(Route(to=CHEAP, share=HALF, from_models=(CHEAP, STRONG)),))))


@settings(max_examples=30)
@given(strategies.entries(), st.integers(1, 100), st.sampled_from(["session", "request"]))
def test_escalating_everything_costs_more_than_not_routing(mix, percent, moves):
    """Every request that moves is then paid at home as before, and once more on the target."""
    mix = tuple(replace(entry, tokens={**entry.tokens, "output": Decimal(50)}) for entry in mix)
    route = Route(to=CHEAP, share=Decimal(percent) / 100, escalation=Decimal(1), moves=moves, ramp=ON)
    routed, plain = cost(Levers(routes=(route,)), *mix), cost(Levers(), *mix)
    moved = any(entry.model != CHEAP for entry in mix)
    assert routed > plain if moved else routed == pytest.approx(plain)


def test_a_route_pays_exactly_below_its_break_even_escalation():
    home, target = (float(reference.price_request(CARDS[m], CHAT.tokens)) for m in (STRONG, CHEAP))
    break_even = (home - target - 0.001) / home
    for q, sign in ((break_even - 0.01, -1), (break_even + 0.01, 1)):
        route = Route(to=CHEAP, share=Decimal(1), escalation=Decimal(str(q)), overhead=Decimal("0.001"), ramp=ON)
        table = lever_plan([CHAT], Levers(routes=(route,)))
        assert np.sign(monthly(table)[0] - monthly(table, "as is")[0]) == sign
        shown = figures(table)["routes"][0]
        assert shown["break_even_escalation"] == pytest.approx(break_even)
        assert shown["unit_cost_before_usd"] == pytest.approx(home)
        assert shown["unit_cost_after_usd"] == pytest.approx(target + q * home + 0.001)
        assert shown["escalation"] == pytest.approx(q)
        assert any("costs money" in warning for warning in figures(table)["warnings"]) == (sign > 0)


@pytest.mark.parametrize(("ttl", "write"), [("5m", 12.5), ("1h", 20.0)])
def test_caching_without_a_hit_costs_more_than_none_and_pays_only_above_its_break_even(ttl, write):
    """Break-even h of rates 10 uncached, 1 read: h = (write - 10) / (write - 1)."""
    plain, break_even = cost(Levers()), (write - 10) / (write - 1)

    def cached(hit_rate: float) -> float:
        return cost(Levers(cache=Cache(cacheable=HALF, hit_rate=Decimal(str(hit_rate)), ttl=ttl, ramp=ON)))

    assert cached(0) == pytest.approx(plain + 450 * (write - 10))
    assert cached(break_even) == pytest.approx(plain)
    assert cached(break_even + 0.01) < plain < cached(break_even - 0.01)


def test_a_single_call_moved_out_of_its_session_writes_its_prefix_again():
    """60,000 warm tokens from Opus 5.5 to Sonnet 5.5, half the price per token: the call costs several times more."""
    warm = Entry(model=CHEAP, requests=Decimal(1000), tokens=amounts(500, 60_000, 0, 0, 200))
    table = lever_plan([warm], Levers())
    table["scenario"][1]["route"] = [
        {"request_type": "chat", "to": "claude-sonnet-5-5", "share": 1.0, "moves": moves, "ramp": {"start_month": -9}}
        for moves in ("request",)
    ]
    moved, stayed = monthly(table)[0], monthly(table, "as is")[0]
    table["scenario"][1]["route"][0]["moves"] = "session"
    assert moved / 1000 == pytest.approx((500 * 2 + 60_000 * 2.5 + 200 * 10) / 1e6)
    assert stayed / 1000 == pytest.approx((500 * 4 + 60_000 * 0.2 + 200 * 20) / 1e6)
    assert monthly(table)[0] / 1000 == pytest.approx((500 * 2 + 60_000 * 0.1 + 200 * 10) / 1e6)
    assert moved > 5 * stayed


def test_batch_takes_only_what_is_not_batch_yet():
    entry = replace(CHAT, batch_fraction=Decimal("0.6"))
    full = cost(Levers(), replace(CHAT, batch_fraction=Decimal(0)))
    assert cost(Levers(), entry) == pytest.approx(full * (1 - 0.6 / 2))
    batch = Cut(amount=HALF, ramp=ON)
    assert cost(Levers(batch=batch), entry) == pytest.approx(full * (1 - 0.8 / 2))


def test_levers_compound_and_do_not_add():
    route, cache = Route(to=CHEAP, share=Decimal("0.8"), ramp=ON), Cache(cacheable=HALF, hit_rate=HALF, ramp=ON)
    plain = cost(Levers())
    both, routed, cached = (
        plain - cost(levers)
        for levers in (Levers(routes=(route,), cache=cache), Levers(routes=(route,)), Levers(cache=cache))
    )
    assert 0 < both < routed + cached


@settings(max_examples=30)
@given(strategies.lever_cases(), st.randoms(use_true_random=False))
def test_the_order_of_levers_and_entries_in_the_file_changes_nothing(case, random):
    before = monthly(case.table)
    shuffled = dict(case.table)
    scenario = dict(shuffled["scenario"][1])
    names = list(scenario)
    random.shuffle(names)
    scenario = {name: scenario[name] for name in names}
    if "route" in scenario:
        scenario["route"] = random.sample(scenario["route"], len(scenario["route"]))
    mix = random.sample(shuffled["mix"], len(shuffled["mix"]))
    shuffled |= {"mix": mix, "scenario": [shuffled["scenario"][0], scenario]}
    assert monthly(shuffled) == pytest.approx(before, rel=1e-12)


@settings(max_examples=30)
@given(strategies.lever_cases())
def test_two_equal_halves_of_a_type_cost_what_the_type_costs(case):
    halves, scenario = [], {"name": "levers"}
    for half in ("one", "two"):
        halves += [
            {**entry, "request_type": half, "monthly_requests": entry["monthly_requests"] / 2}
            for entry in case.table["mix"]
        ]
        for name, levers in case.table["scenario"][1].items():
            if name != "name":
                scenario.setdefault(name, []).extend({**lever, "request_type": half} for lever in levers)
    split = {**case.table, "mix": halves, "scenario": [{"name": "as is"}, scenario]}
    assert monthly(split) == pytest.approx(monthly(case.table), rel=1e-12)


@settings(max_examples=30)
@given(strategies.lever_cases())
def test_a_lever_of_one_type_leaves_the_others_alone(case):
    other = mix_entry("other", "claude-sonnet-5-5", uncached_input_tokens=700.0, output_tokens=80.0)
    alone = monthly(plan_table(mix=[other], overrides=[strategies.override(STRONG)][:0]), "as is")
    both = {**case.table, "mix": [*case.table["mix"], other]}
    rest = np.array(monthly(both)) - monthly(case.table)
    assert rest == pytest.approx(alone, rel=1e-6)


# --- several models, thresholds, prices that are not known -----------------------------------------------------------


def test_a_route_moves_every_model_of_its_type_but_the_target_or_those_named():
    mix = tuple(Entry(model=m, requests=Decimal(1000), tokens=amounts(1000, 0, 0, 0, 0)) for m in (STRONG, CHEAP, OLD))
    home = {STRONG: 10.0, CHEAP: 4.0, OLD: 5.0}
    assert cost(Levers(), *mix) == pytest.approx(sum(home.values()))
    everything = Route(to=CHEAP, share=Decimal(1), ramp=ON)
    assert cost(Levers(routes=(everything,)), *mix) == pytest.approx(4 + 4 + 4 * 1.3)
    named = replace(everything, from_models=(OLD,))
    assert cost(Levers(routes=(named,)), *mix) == pytest.approx(10 + 4 + 4 * 1.3)


def test_a_type_may_be_split_over_several_targets():
    """A tenth stays at $10, half goes to $4, the rest to $5."""
    routes = (Route(to=CHEAP, share=Decimal("0.5"), ramp=ON), Route(to=OLD, share=Decimal("0.4"), ramp=ON))
    mix = Entry(model=STRONG, requests=Decimal(1000), tokens=amounts(1000, 0, 0, 0, 0))
    assert cost(Levers(routes=routes), mix) == pytest.approx(0.1 * 10 + 0.5 * 4 + 0.4 * 5)


def test_shares_of_a_split_that_are_more_than_all_are_an_error():
    routes = (Route(to=CHEAP, share=Decimal("0.7")), Route(to=OLD, share=HALF))
    with pytest.raises(InputError, match=r"more than all of 'chat' on strong: 0.7 to .* are 1.2 in all"):
        built(lever_plan([CHAT], Levers(routes=routes)))


def test_two_routes_from_the_same_models_to_one_target_are_an_error():
    routes = (Route(to=CHEAP, share=Decimal("0.2")), Route(to=CHEAP, share=HALF))
    with pytest.raises(InputError, match="twice from the same models"):
        built(lever_plan([CHAT], Levers(routes=routes)))


def test_two_levers_of_a_kind_for_one_type_are_an_error():
    table = lever_plan([CHAT], Levers(cache=Cache(cacheable=HALF, hit_rate=HALF)))
    table["scenario"][1]["cache"] *= 2
    with pytest.raises(InputError, match="'chat'"):
        built(table)


def test_routing_to_a_model_with_a_threshold_needs_the_share_above_it():
    route = Route(to=LONG, share=Decimal(1), ramp=ON)
    with pytest.raises(InputError, match=r"100,000.*long_prompt_fraction"):
        built(lever_plan([CHAT], Levers(routes=(route,))))
    given_share = replace(route, long_prompt=Decimal("0.25"))
    base = float(reference.price_request(CARDS[LONG], CHAT.tokens)) * 1e6
    assert cost(Levers(routes=(given_share,))) == pytest.approx(base * (0.75 + 0.25 * 5))


def test_escalating_to_a_model_with_a_threshold_needs_the_share_above_it_too():
    route = Route(to=CHEAP, share=HALF, escalation=HALF, escalate_to=LONG)
    with pytest.raises(InputError, match="100,000"):
        built(lever_plan([CHAT], Levers(routes=(route,))))


def test_a_share_above_one_threshold_says_nothing_about_another():
    """Sonnet 4.5's threshold is 200,000 tokens; what exceeds it does not tell what exceeds 100,000."""
    sonnet = replace(CHAT, model="claude-sonnet-4-5", long_prompt={200_000: HALF})
    with pytest.raises(InputError, match="100,000"):
        built(lever_plan([sonnet], Levers(routes=(Route(to=LONG, share=HALF),))))


def test_a_class_without_a_price_blocks_where_it_is_used_and_only_there():
    bare = {"model": "bare", "source": "test", "tier": "opus", "input_usd_per_mtok": 1.0, "output_usd_per_mtok": 2.0}
    unused = plan_table(mix=[mix_entry(model="bare")], overrides=[bare])
    assert monthly(unused, "as is")[0] == pytest.approx(1000)
    with pytest.raises(PriceError, match="cache_read"):
        built(plan_table(mix=[mix_entry(model="bare", cache_read_tokens=5.0)], overrides=[bare]))
    cached = {"name": "levers", "cache": [{"request_type": "chat", "hit_rate": 0.5}]}
    with pytest.raises(PriceError, match="cache_write_5m"):
        built({**unused, "scenario": [cached]})


def test_a_model_that_nobody_priced_blocks():
    with pytest.raises(PlannerError, match="nonesuch"):
        built(plan_table(mix=[mix_entry(model="nonesuch-7")]))


@pytest.mark.parametrize(("ttl", "break_even"), [("5m", (5 - 4) / (5 - 0.2)), ("1h", (8 - 4) / (8 - 0.2))])
def test_caching_at_its_break_even_hit_rate_changes_nothing_and_the_plan_says_which_that_is(ttl, break_even):
    def costs(hit_rate):
        cache = CacheLever(request_type="chat", cacheable_fraction=Point(0.6), hit_rate=Point(hit_rate), ttl=ttl)
        tokens = np.array([10_000.0, 0.0, 0.0, 0.0, 300.0])
        entry = MixEntry(
            request_type="chat",
            model="claude-opus-5-5",
            monthly_requests=1.0,
            tokens_per_request=tokens,
            batch_fraction=0.0,
        )
        mix = RequestMix(entries=(entry,), growth_months=0.0, drift_months=0.0, warnings=(), history_days=None)
        scenario = Scenario(name="cached", caches=(cache,))
        return price_scenario(scenario, mix, PriceBook.load(), on=date(2026, 11, 23))

    (economics,) = costs(0.5).cache_economics
    assert economics.break_even_hit_rate == pytest.approx(break_even)
    uncached = (10_000 * 4 + 300 * 20) / 1e6
    assert costs(break_even).mean_unit_costs(np.zeros(1))[0, 0] == pytest.approx(uncached)
    assert costs(break_even + 0.01).mean_unit_costs(np.zeros(1))[0, 0] < uncached
