"""Levers from outside: random plans against the slow reference, laws, worked facts, schedules, the command's JSON.

Written from the method and from what a plan file may say; what prices and adopts a lever is never looked into.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import reference
import strategies
import tomlkit
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from reference import Cache, Call, Cut, Entry, Levers, Milestone, Ramp, Route, Team, amounts
from scipy.special import betainc, ndtri
from strategies import CARDS, CHEAP, LONG, OLD, STRONG, LeverCase, Table, lever_plan, mix_entry, monthly_costs, override

from planner import cli
from planner.errors import InputError

ONE, HALF = Decimal(1), Decimal("0.5")
ON = Ramp(start_month=Decimal(-1))  # a step before month 0
CHAT = Entry(model=STRONG, requests=Decimal(1_000_000), tokens=amounts(900, 4000, 100, 50, 60))
JUDGE = Call(usd=Decimal("0.0003"), model=LONG, tokens=amounts(700, 100, 10, 20, 30))
PATHS = 4096


def cost(levers: Levers, *mix: Entry, month: int = 0) -> float:
    return float(monthly_costs(lever_plan(mix or (CHAT,), levers))[month])


def at_home(*mix: Entry) -> float:
    return float(sum(reference.type_cost([entry], Levers(), CARDS, 0) for entry in mix or (CHAT,)))


def routed(**changed: Any) -> Levers:
    return Levers(routes=(Route(**{"to": CHEAP, "share": ONE, "ramp": ON, **changed}),))


# --- any plan --------------------------------------------------------------------------------------------------------


@settings(max_examples=40)
@given(strategies.lever_cases())
def test_any_plan_costs_what_its_requests_add_up_to(case: LeverCase) -> None:
    assert monthly_costs(case.table) == pytest.approx(case.slow_months(), rel=1e-9, abs=1e-6)


@settings(max_examples=30)
@given(strategies.lever_cases(), st.randoms(use_true_random=False))
def test_the_order_in_the_file_changes_nothing(case: LeverCase, random: Any) -> None:
    scenario = dict(reversed(case.table["scenario"][1].items()))
    if "route" in scenario:
        scenario["route"] = random.sample(scenario["route"], len(scenario["route"]))
    shuffled = {**case.table, "scenario": [case.table["scenario"][0], scenario]}
    for name in ("milestone", "team", "mix"):
        if name in shuffled:
            shuffled[name] = random.sample(shuffled[name], len(shuffled[name]))
    assert monthly_costs(shuffled) == pytest.approx(monthly_costs(case.table), rel=1e-12)


def doubled(case: LeverCase, **plan: Any) -> Table:
    """The same plan with its type in two halves."""
    halves: list[Table] = []
    scenario: Table = {"name": "levers"}
    for half in ("one", "two"):
        halves += [strategies.entry_table(replace(entry, requests=entry.requests / 2), half) for entry in case.entries]
        for name, listed in strategies.lever_scenario(case.levers, half).items():
            if name != "name":
                scenario.setdefault(name, []).extend(listed)
    return {**case.table, "mix": halves, "scenario": [{"name": "as is"}, scenario]}


@settings(max_examples=30)
@given(strategies.lever_cases())
def test_a_type_in_two_equal_halves_costs_the_same(case: LeverCase) -> None:
    assert monthly_costs(doubled(case)) == pytest.approx(monthly_costs(case.table), rel=1e-12)


# --- laws ------------------------------------------------------------------------------------------------------------


@settings(max_examples=20)
@given(strategies.lever_cases())
def test_levers_that_wait_for_what_never_comes_change_nothing(case: LeverCase) -> None:
    never = Milestone(name="approval", month=Decimal(0), happens=False)

    def waiting(lever: Any) -> Any:
        return None if lever is None else replace(lever, ramp=replace(lever.ramp, after=(never,)))

    levers = case.levers
    stuck = Levers(
        routes=tuple(waiting(route) for route in levers.routes),
        cache=waiting(levers.cache),
        batch=waiting(levers.batch),
        output=waiting(levers.output),
    )
    assume(stuck.kinds)
    assert monthly_costs(lever_plan(case.entries, stuck)) == pytest.approx([at_home(*case.entries)] * 12, rel=1e-12)


@pytest.mark.parametrize("to", ["itself", "its clone"])
@given(
    w=strategies.share(),
    share=strategies.share(),
    router=strategies.CALLS | st.none(),
    judge=strategies.CALLS | st.none(),
)
@settings(max_examples=20)
def test_routing_to_the_same_model_costs_only_the_overhead(
    to: str, w: Decimal, share: Decimal, router: Call | None, judge: Call | None
) -> None:
    def call_usd(call: Call | None) -> float:
        if call is None:
            return 0.0
        return float(call.usd + (reference.price_request(CARDS[call.model], call.tokens) if call.model else 0))

    target = STRONG if to == "itself" else "clone"
    route = Route(
        to=target,
        from_models=(STRONG,),
        share=share,
        overhead=Decimal("0.0007"),
        rule=w,
        router=router,
        judge=judge,
        ramp=ON,
    )
    table = lever_plan([CHAT], Levers(routes=(route,)), overrides=[override(STRONG), override("clone")])
    overhead = 0.0007 + call_usd(router) + (1 - float(w)) * call_usd(judge)
    assert monthly_costs(table)[0] - at_home() == pytest.approx(1e6 * float(share) * overhead, rel=1e-9, abs=1e-6)


@pytest.mark.parametrize("moves", ["session", "request"])
@pytest.mark.parametrize("target", [CHEAP, LONG, OLD])
def test_escalating_every_answer_is_worse_than_not_routing(target: str, moves: str) -> None:
    """A judge that lets nothing pass; even where it costs nothing itself, every request is paid twice."""
    levers = routed(to=target, pass_rate=Decimal(0), moves=moves, long_prompt=Decimal("0.1"))
    once = float(reference.type_cost([CHAT], routed(to=target, moves=moves, long_prompt=Decimal("0.1")), CARDS, 0))
    assert cost(levers) == pytest.approx(once + at_home())
    assert cost(routed(to=target, pass_rate=ONE, fnr=ONE, moves=moves, long_prompt=Decimal("0.1"))) > at_home()


@pytest.mark.parametrize("routes", [(), routed().routes])
@pytest.mark.parametrize("ttl", ["5m", "1h"])
def test_caching_without_a_hit_is_worse_than_none(ttl: str, routes: tuple[Route, ...]) -> None:
    cache = Cache(cacheable=HALF, hit_rate=Decimal(0), ttl=ttl, ramp=ON)
    rates = CARDS[CHEAP if routes else STRONG].rates
    more = 450 * float(rates[f"cache_write_{ttl}"] - rates["uncached_input"])
    assert cost(Levers(routes=routes, cache=cache)) == pytest.approx(cost(Levers(routes=routes)) + more)


def test_caching_leaves_what_is_cached_today_alone() -> None:
    read = Cache(cacheable=ONE, hit_rate=ONE, ramp=ON)
    saved = 900 * (10 - 1)
    assert cost(Levers(cache=read)) == pytest.approx(at_home() - saved)


def test_a_cached_request_that_waits_gets_both_prices() -> None:
    """Batch halves cache writes and reads as it halves everything."""
    levers = Levers(cache=Cache(cacheable=ONE, hit_rate=HALF, ramp=ON), batch=Cut(amount=ONE, ramp=ON))
    tokens = amounts(0, 4000 + 450, 100 + 450, 50, 60)
    assert cost(levers) == pytest.approx(1e6 * float(reference.at_rates(CARDS[STRONG].rates, tokens)) / 2)


def test_a_cut_of_output_cuts_every_answer_also_the_one_paid_twice() -> None:
    half = Cut(amount=HALF, ramp=ON)
    answers = Entry(model=STRONG, requests=Decimal(1000), tokens=amounts(0, 0, 0, 0, 1000))
    levers = replace(routed(escalation=HALF), output=half)
    assert cost(levers, answers) == pytest.approx(1000 * (0.020 + 0.5 * 0.050) / 2)


# --- rules, router, judge --------------------------------------------------------------------------------------------


def test_what_a_rule_sends_needs_neither_judge_nor_escalation() -> None:
    judge = reference.price_request(CARDS[LONG], JUDGE.tokens) + JUDGE.usd
    target = reference.price_request(CARDS[CHEAP], CHAT.tokens)
    home = reference.price_request(CARDS[STRONG], CHAT.tokens)
    q = Decimal("0.9") * Decimal("0.05") + Decimal("0.1") * Decimal("0.9")  # p FNR + (1 - p)(1 - FPR)
    levers = routed(
        rule=Decimal("0.4"),
        pass_rate=Decimal("0.9"),
        fnr=Decimal("0.05"),
        fpr=Decimal("0.10"),
        judge=JUDGE,
        router=Call(usd=Decimal("0.0001")),
    )
    each = target + Decimal("0.0001") + Decimal("0.6") * (judge + q * home)
    assert cost(levers) == pytest.approx(1e6 * float(each))


def test_a_judge_reads_at_the_rates_of_its_own_prompt() -> None:
    """Haiku costs five times as much above 100,000 tokens; how long the prompts of the type are does not matter."""
    for tokens, times in ((100_000, 1), (100_001, 5)):
        levers = routed(judge=Call(model=LONG, tokens=amounts(tokens, 0, 0, 0, 0)))
        assert cost(levers) - cost(routed()) == pytest.approx(tokens * 0.1 * times)


def test_a_judge_is_neither_batched_nor_cached_nor_cut() -> None:
    other = {"batch": Cut(amount=ONE, ramp=ON), "output": Cut(amount=ONE, ramp=ON)}
    other["cache"] = Cache(cacheable=ONE, hit_rate=ONE, ramp=ON)
    judged, alone = (cost(replace(routed(judge=judge), **other)) for judge in (JUDGE, None))
    assert judged - alone == pytest.approx(
        1e6 * float(JUDGE.usd + reference.price_request(CARDS[LONG], JUDGE.tokens)), rel=1e-6
    )


def test_a_judge_that_retires_is_followed_by_its_successor() -> None:
    """Sonnet 4.5's last day is 30 November 2026; above 200,000 tokens it costs 6 USD/MTok, its successor 3."""
    levers = routed(judge=Call(model="claude-sonnet-4-5", tokens=amounts(250_000, 0, 0, 0, 0)))
    table = lever_plan([CHAT], levers, start=date(2026, 11, 1), prices={"on": date(2026, 11, 15)})
    base = cost(routed())
    assert monthly_costs(table)[:3] - base == pytest.approx([1e6 * 250_000 * usd / 1e6 for usd in (6, 3, 3)])


TIERS = [override(STRONG), override("light", "haiku"), override("clone")]
MOVING = {"falls_per_year": 3.0, "fall": 0.3, "rises_per_year": 2.0, "rise": 0.2, "lag_months": 0}


def test_prices_and_drift_move_a_judge_in_tokens_and_not_a_judge_in_dollars() -> None:
    """Every model costs the same today, but light is of a tier whose price goes its own way."""
    tokens = amounts(90, 400, 10, 5, 6)  # a tenth of the request

    def scenario(name: str, **changed: Any) -> Table:
        to_itself = {"to": STRONG, "from_models": (STRONG,), **changed}
        return {**strategies.lever_scenario(routed(**to_itself)), "name": name}

    table = lever_plan(
        [CHAT],
        Levers(),
        overrides=TIERS,
        cuts=MOVING,
        demand={"token_drift_per_year": 0.2},
        scenario=[
            {"name": "as is"},
            scenario("dollars", judge=Call(usd=Decimal("0.001"))),
            scenario("own tier", judge=Call(model="clone", tokens=tokens)),
            scenario("other tier", judge=Call(model="light", tokens=tokens)),
            scenario("all light", to="light"),
        ],
    )
    spend = {name: found.list_cost_usd for name, found in strategies.simulated(table, paths=64).items()}
    plain = spend["as is"]
    assert np.ptp(plain[-1]) > 0
    np.testing.assert_allclose(spend["dollars"] - plain, 1000.0, rtol=1e-9)
    np.testing.assert_allclose(spend["own tier"], 1.1 * plain, rtol=1e-12)
    np.testing.assert_allclose(spend["other tier"] - plain, 0.1 * spend["all light"], rtol=1e-9)
    assert not np.allclose(spend["all light"], plain)


def test_the_answers_of_the_target_have_a_length_of_their_own() -> None:
    levers = routed(to=OLD, output_ratio=Decimal("1.5"), token_ratio=Decimal("0.8"), escalation=HALF)
    target = reference.at_rates(CARDS[OLD].rates, amounts(720, 3200, 80, 40, 72))
    assert cost(levers) == pytest.approx(1e6 * float(target) + at_home() / 2)


# --- several routes --------------------------------------------------------------------------------------------------


def test_a_type_is_split_between_targets_that_ramp_by_themselves() -> None:
    later = Ramp(start_month=Decimal(3))
    levers = Levers(
        routes=(
            Route(to=CHEAP, share=Decimal("0.5"), ramp=ON),
            Route(to=OLD, share=Decimal("0.3"), token_ratio=ONE, ramp=later),
        )
    )
    home, cheap, old = (1e6 * float(reference.price_request(CARDS[m], CHAT.tokens)) for m in (STRONG, CHEAP, OLD))
    assert cost(levers) == pytest.approx(0.5 * home + 0.5 * cheap)
    assert cost(levers, month=3) == pytest.approx(0.2 * home + 0.5 * cheap + 0.3 * old)


@pytest.mark.parametrize(("second", "fails"), [("0.40", False), ("0.41", True), ("1", True)])
def test_shares_of_the_same_traffic_add_up_to_one_at_most(second: str, fails: bool) -> None:
    levers = Levers(routes=(Route(to=CHEAP, share=Decimal("0.6")), Route(to=OLD, share=Decimal(second))))
    if not fails:
        assert cost(levers) < at_home()
        return
    with pytest.raises(InputError, match="chat"):
        cost(levers)


def test_shares_of_different_traffic_may_add_up_to_more() -> None:
    mix = (CHAT, replace(CHAT, model=CHEAP))
    levers = Levers(
        routes=(
            Route(to=CHEAP, share=Decimal("0.8"), from_models=(STRONG,), ramp=ON),
            Route(to=STRONG, share=Decimal("0.8"), from_models=(CHEAP,), ramp=ON),
        )
    )
    assert cost(levers, *mix) == pytest.approx(at_home(*mix))


def test_uncertain_shares_are_scaled_where_a_path_draws_more_than_all_of_the_traffic() -> None:
    """Route one takes from both models, route two only from one of them; shares as drawn show when each is alone."""
    overheads = (1.0, 100.0)
    drawn = ({"p10": 0.30, "p90": 0.75}, {"p10": 0.20, "p90": 0.70})
    sources = ([STRONG, CHEAP], [STRONG])

    def route(index: int) -> Table:
        return {
            "request_type": "chat",
            "to": STRONG if index == 1 else "clone",
            "from": sources[index],
            "share": drawn[index],
            "escalation": 0.0,
            "overhead_usd_per_request": overheads[index],
            "ramp": {"start_month": -1.0},
        }

    only_strong = [mix_entry(model=STRONG, monthly_requests=1.0)]
    both_models = [*only_strong, mix_entry(model=CHEAP, monthly_requests=1.0, uncached_input_tokens=0.0)]
    for mix in (only_strong, both_models):
        table = strategies.plan_table(
            mix=mix,
            overrides=[override(STRONG), override("clone")],
            scenario=[
                {"name": "as is"},
                {"name": "one", "route": [route(0)]},
                {"name": "two", "route": [route(1)]},
                {"name": "both", "route": [route(0), route(1)]},
            ],
        )
        spend = {name: found.list_cost_usd[0] for name, found in strategies.simulated(table, paths=512).items()}
        one = (spend["one"] - spend["as is"]) / len(mix)
        two = (spend["two"] - spend["as is"]) / 100.0
        scale = np.maximum(1.0, one + two)
        assert 0.1 < np.mean(one + two > 1.0) < 0.9
        expected = spend["as is"] + len(mix) * one / scale + 100.0 * two / scale
        np.testing.assert_allclose(spend["both"], expected, rtol=1e-9)


# --- long prompts ----------------------------------------------------------------------------------------------------

LONGISH = replace(CHAT, long_prompt={100_000: Decimal("0.4")}, long_request={100_000: Decimal("0.1")})


def test_long_prompts_that_stay_cost_what_they_cost_and_no_router_asks_about_them() -> None:
    levers = routed(to=LONG, share=HALF, long_prompts="stay", overhead=Decimal("0.001"), escalation=HALF)
    home, short = (1e6 * float(reference.at_rates(CARDS[m].rates, CHAT.tokens)) for m in (STRONG, LONG))
    moved = 0.5 * 0.6
    expected = (1 - moved) * home + moved * (short + 0.5 * home) + 0.5 * 0.9 * 1e6 * 0.001
    assert cost(levers, LONGISH) == pytest.approx(expected)


def test_what_the_route_says_about_long_prompts_goes_before_what_was_measured() -> None:
    levers = routed(
        to=LONG,
        long_prompts="stay",
        overhead=Decimal("0.001"),
        long_prompt=Decimal("0.2"),
        long_request=Decimal("0.05"),
    )
    home, short = (1e6 * float(reference.at_rates(CARDS[m].rates, CHAT.tokens)) for m in (STRONG, LONG))
    assert cost(levers, LONGISH) == pytest.approx(0.2 * home + 0.8 * short + 0.95 * 1000)
    unknown = replace(LONGISH, long_request={})
    levers = routed(to=LONG, long_prompts="stay", overhead=Decimal("0.001"))
    assert cost(levers, unknown) == pytest.approx(0.4 * home + 0.6 * short + 1000)


@pytest.mark.parametrize(("moves", "stays"), [("session", False), ("request", True)])
def test_long_prompts_move_only_where_that_is_cheaper(moves: str, stays: bool) -> None:
    """A warm prefix of 150,000 tokens on Opus 5.5: Haiku 5.5 reads it for less, but writes it for more."""
    agent = replace(LONGISH, model=CHEAP, tokens=amounts(0, 150_000, 1000, 0, 800))
    found = cost(routed(to=LONG, long_prompts="cheaper", moves=moves), agent)
    assert found == pytest.approx(cost(routed(to=LONG, long_prompts="stay" if stays else "move", moves=moves), agent))
    other = cost(routed(to=LONG, long_prompts="move" if stays else "stay", moves=moves), agent)
    assert found < other


@pytest.mark.parametrize(
    ("escalation", "call", "stays"),
    [("0", "0", False), ("0.4", "0", False), ("0.9", "0", True), ("0.4", "0.2", False), ("0.4", "0.3", True)],
)
def test_whether_long_prompts_are_cheaper_moved_counts_escalations_and_calls(
    escalation: str, call: str, stays: bool
) -> None:
    """A fifth of the requests has half of the tokens, 150,000 each: $0.60 on Opus 5.5 and $0.075 on Haiku 5.5, which
    with 0.9 of them paid again on Opus is $0.615, and with 0.4 and a router of $0.30 too."""
    entry = replace(CHAT, model=CHEAP, tokens=amounts(60_000, 0, 0, 0, 0), long_prompt={100_000: HALF})
    counted = replace(entry, long_request={100_000: Decimal("0.2")})

    def of(rule: str, entry: Entry) -> float:
        levers = routed(to=LONG, long_prompts=rule, escalation=Decimal(escalation), overhead=Decimal(call))
        return cost(levers, entry)

    assert of("cheaper", counted) == pytest.approx(of("stay" if stays else "move", counted))
    if call != "0":
        # nobody knows how many requests they are: the router is charged for all of them, and decides nothing
        assert of("cheaper", entry) == pytest.approx(of("move", entry))


def test_a_model_with_two_rates_at_home_keeps_the_high_one_for_what_stays() -> None:
    """Haiku 5.5 to Opus 5.5 has no threshold to mind; Haiku to Haiku with `stay` holds the dear part back."""
    entry = replace(LONGISH, model=LONG)
    low, high = (
        1e6 * float(reference.at_rates(r, CHAT.tokens)) for r in (CARDS[LONG].rates, CARDS[LONG].above[100_000])
    )
    cheap = 1e6 * float(reference.at_rates(CARDS[CHEAP].rates, CHAT.tokens))
    for rule in ("stay", "cheaper", "move"):
        found = cost(routed(share=HALF, long_prompts=rule), entry)
        assert found == pytest.approx(0.5 * (0.6 * low + 0.4 * high) + 0.5 * cheap)
    double = routed(to=LONG, from_models=(LONG,), share=HALF, long_prompts="stay", escalation=ONE)
    assert cost(double, entry) == pytest.approx(0.6 * low + 0.4 * high + 0.5 * 0.6 * low)


@pytest.mark.parametrize("counted", [{}, {100_000: Decimal("0.1")}])
def test_a_route_beside_one_that_holds_long_prompts_back_is_charged_for_each_request(
    counted: dict[int, Decimal],
) -> None:
    held = Route(to=LONG, share=HALF, long_prompts="stay", overhead=Decimal("0.001"), ramp=ON)
    levers = Levers(routes=(held, Route(to=CHEAP, share=HALF, overhead=Decimal("0.002"), ramp=ON)))
    home, cheap, short = (1e6 * float(reference.at_rates(CARDS[m].rates, CHAT.tokens)) for m in (STRONG, CHEAP, LONG))
    moved = 0.5 * 0.4 * home + 0.5 * 0.6 * short + 0.5 * cheap
    calls = 0.5 * (1 - float(counted.get(100_000, 0))) * 1000 + 0.5 * 2000
    assert cost(levers, replace(LONGISH, long_request=counted)) == pytest.approx(moved + calls)


@pytest.mark.parametrize("rule", ["stay", "cheaper", "move"])
def test_holding_long_prompts_back_needs_to_know_how_many_there_are(rule: str) -> None:
    with pytest.raises(InputError, match=r"100,000.*long_prompt_fraction"):
        cost(routed(to=LONG, long_prompts=rule))


# --- server tools ----------------------------------------------------------------------------------------------------


def test_server_tools_are_paid_for_each_answer_and_never_batched() -> None:
    searching = replace(CHAT, searches=Decimal(2), code_hours=Decimal("0.1"), tools=strategies.TOOLS)
    tools = 1e6 * (2 * 0.008 + 0.1 * 0.06)
    assert cost(Levers(), searching) == pytest.approx(at_home() + tools)
    batch = Levers(batch=Cut(amount=ONE, ramp=ON))
    assert cost(batch, searching) == pytest.approx(at_home() / 2 + tools)
    levers = routed(share=HALF, escalation=Decimal("0.2"), rule=HALF)
    assert cost(levers, searching) == pytest.approx(cost(levers) + tools * (1 + 0.5 * 0.5 * 0.2))


# --- worked facts ----------------------------------------------------------------------------------------------------
# Agent calls of one session: a prefix in the cache, 1,000 new tokens that are written to it, 800 of answer.

OPUS, SONNET, HAIKU = "claude-opus-5-5", "claude-sonnet-5-5", "claude-haiku-5-5"


def agent(prefix: int, model: str = OPUS) -> Table:
    return mix_entry(
        model=model,
        monthly_requests=1000.0,
        uncached_input_tokens=0.0,
        cache_read_tokens=float(prefix),
        cache_write_5m_tokens=1000.0,
        output_tokens=800.0,
    )


def switched(prefix: int, to: str, calls: int = 1) -> tuple[float, float]:
    """USD of a warm call, and of the mean call where a session moves: its first call cold, the others warm."""
    route = {"request_type": "chat", "to": to, "share": 1.0, "escalation": 0.0, "ramp": {"start_month": -1.0}}
    if to == HAIKU:
        route["long_prompt_fraction"] = float(prefix + 1000 > 100_000)
    scenario = [
        {"name": "as is"},
        {"name": "first", "route": [{**route, "moves": "request"}]},
        {"name": "later", "route": [{**route, "moves": "session"}]},
    ]
    table = strategies.plan_table(mix=[agent(prefix)], overrides=[], scenario=scenario)
    warm, first, later = (float(monthly_costs(table, item["name"])[0] / 1000) for item in scenario)
    return warm, (first + (calls - 1) * later) / calls


@pytest.mark.parametrize(
    ("prefix", "to", "warm_usd", "cold_usd", "times"),
    [
        (60_000, SONNET, 0.0330, 0.1605, 4.9),
        (60_000, HAIKU, 0.0330, 0.0080, 0.24),
        (150_000, HAIKU, 0.0510, 0.0964, 1.9),
    ],
)
def test_a_switch_inside_a_session_loses_the_cache(
    prefix: int, to: str, warm_usd: float, cold_usd: float, times: float
) -> None:
    warm, cold = switched(prefix, to)
    assert warm == pytest.approx(warm_usd, abs=5e-5)
    assert cold == pytest.approx(cold_usd, abs=5e-5)
    assert cold / warm == pytest.approx(times, rel=0.02)


@pytest.mark.parametrize(
    ("prefix", "to", "calls"),
    [
        (20_000, SONNET, 4),
        (60_000, SONNET, 9),
        (95_000, SONNET, 12),
        (150_000, SONNET, 15),
        (95_000, HAIKU, 1),
        (150_000, HAIKU, 3),
    ],
)
def test_a_switch_inside_a_session_pays_back_after_so_many_calls(prefix: int, to: str, calls: int) -> None:
    warm, mean = switched(prefix, to, calls)
    assert mean < warm
    if calls > 1:
        warm, mean = switched(prefix, to, calls - 1)
        assert mean > warm


def test_a_price_per_token_is_not_a_price_of_the_same_text() -> None:
    """Sonnet 4.6 to 5.5: 33 % lower on the list, 13 % lower for the same text, which counts 1.3 times the tokens."""

    def ratio(**changed: Any) -> float:
        route = {"request_type": "chat", "to": SONNET, "escalation": 0.0, "ramp": {"start_month": -1.0}, **changed}
        table = strategies.plan_table(
            mix=[mix_entry(model="claude-sonnet-4-6", output_tokens=300.0)],
            overrides=[],
            scenario=[{"name": "as is"}, {"name": "levers", "route": [route]}],
        )
        return float(monthly_costs(table)[0] / monthly_costs(table, "as is")[0])

    assert ratio(token_ratio=1.0) == pytest.approx(1 - 1 / 3)
    assert ratio() == pytest.approx(1.3 * 2 / 3)
    assert round(1 - ratio(), 2) == 0.13


# --- schedules: when a lever starts ----------------------------------------------------------------------------------


def start_of(ramp: Ramp) -> int | None:
    """First month in which a step of this ramp is adopted; None for never."""
    costs = monthly_costs(lever_plan([CHAT], routed(ramp=ramp)), months=12)
    moved = np.flatnonzero(np.asarray(costs) < at_home() * 0.999)
    return int(moved[0]) if moved.size else None


DATA, PLATFORM = Team(name="data", slip=Decimal(2)), Team(name="platform", slip=Decimal(3))


def step(name: str, month: int, *after: Milestone, team: Team | None = None, happens: bool = True) -> Milestone:
    return Milestone(name=name, month=Decimal(month), after=after, team=team, happens=happens)


def ramp(month: int, *after: Milestone, team: Team | None = None) -> Ramp:
    return Ramp(start_month=Decimal(month), after=after, team=team)


@pytest.mark.parametrize(
    ("found", "month"),
    [
        (ramp(2), 2),
        (ramp(2, team=DATA), 4),
        (ramp(2, step("a", 3)), 5),
        (ramp(-1, step("a", 3)), 2),
        (ramp(1, step("a", 2), step("b", 5)), 6),
        (ramp(1, step("b", 3, step("a", 2))), 6),
        (ramp(1, step("a", 2, team=DATA), team=PLATFORM), 8),
        (ramp(1, step("a", 2, team=DATA), team=DATA), 5),
        (ramp(1, step("c", 1, step("b", 1, step("a", 1, team=DATA)), team=DATA), team=DATA), 6),
        (ramp(0, step("b", 1, step("a", 1, team=DATA), team=PLATFORM), team=DATA), 7),
        (ramp(0, step("late", 1, team=PLATFORM), step("a", 2, team=DATA), team=DATA), 6),
        (ramp(0, step("a", 0, team=PLATFORM), step("b", 6), team=PLATFORM), 9),
        (ramp(0, step("b", 6, step("a", 0, team=PLATFORM)), team=PLATFORM), 9),
        (ramp(1, step("a", 2), step("b", 0, happens=False)), None),
        (ramp(1, step("b", 0, step("a", 2, happens=False))), None),
        (ramp(0, step("a", -6)), 0),
    ],
)
def test_a_lever_starts_after_all_that_it_waits_for_and_a_team_slips_once(found: Ramp, month: int | None) -> None:
    assert start_of(found) == month


@pytest.mark.parametrize("months", [0, 1, 4.5])
def test_a_slip_shifts_a_ramp_and_leaves_its_shape(months: float) -> None:
    def costs(start: int, team: Team | None = None) -> Sequence[float]:
        moving = Ramp(start_month=Decimal(start), months=Decimal(months), ceiling=Decimal("0.8"), team=team)
        return monthly_costs(lever_plan([CHAT], routed(ramp=moving)))

    assert costs(1, DATA) == pytest.approx(costs(3), rel=1e-12)
    assert costs(1, DATA)[2:] == pytest.approx(costs(1)[:-2], rel=1e-12)


def two_types(first: Table, second: Table, **top: Any) -> np.ndarray:
    """Adoption of two types' steps, shape (2, months, paths): moved requests cost nothing, of type b twice as much."""
    free = override("free", rates=(0.0, 0.0, 0.0, 0.0, 0.0))
    routes = [
        {"request_type": name, "to": "free", "escalation": 0.0, "ramp": waits}
        for name, waits in (("a", first), ("b", second))
    ]
    table = strategies.plan_table(
        mix=[mix_entry("a", monthly_requests=100.0), mix_entry("b", monthly_requests=200.0)],
        overrides=[override(STRONG), free],
        scenario=[{"name": "as is"}, {"name": "levers", "route": routes}],
    )
    spend = strategies.simulated({**table, **top}, paths=PATHS)["levers"].list_cost_usd
    coded = np.rint(spend).astype(int)
    np.testing.assert_allclose(spend, coded, atol=1e-9)
    return np.stack([coded % 2 == 0, coded < 2])


SLIP = {"low": 0.0, "mode": 2.0, "high": 6.0}


def slipped_by(month: int) -> float:
    """P(slip <= month): PERT with lambda 4, rounded to whole months."""
    return float(betainc(1 + 4 * 2 / 6, 1 + 4 * 4 / 6, min((month + 0.5) / 6, 1.0)))


def standard_errors(found: np.ndarray, expected: float) -> float:
    return abs(float(found.mean()) - expected) / (np.sqrt(max(expected * (1 - expected), 1e-9) / found.size))


def test_the_slip_of_a_team_moves_all_of_its_levers_together() -> None:
    late = {"start_month": 1.0, "team": "data"}
    adopted = two_types(late, late, team=[{"name": "data", "slip_months": SLIP}])
    assert (adopted[0] == adopted[1]).all()
    for month in range(12):
        assert standard_errors(adopted[0][month], slipped_by(month - 1) if month else 0.0) < 4
    through = two_types({"team": "data"}, {"after": ["graded"]}, **GRADED_BY_DATA)
    assert (through[0][:-1] == through[1][1:]).all()


GRADED_BY_DATA = {
    "team": [{"name": "data", "slip_months": SLIP}],
    "milestone": [{"name": "graded", "month": 1.0, "team": "data"}],
}


def test_different_teams_slip_by_themselves() -> None:
    teams = [{"name": name, "slip_months": SLIP} for name in ("data", "platform")]
    adopted = two_types({"team": "data"}, {"team": "platform"}, team=teams)
    for month in (1, 2, 3):
        p = slipped_by(month)
        assert standard_errors(adopted[0][month], p) < 4
        assert standard_errors(adopted[1][month], p) < 4
        assert standard_errors(adopted[0][month] & adopted[1][month], p * p) < 4


def test_starts_without_a_team_are_drawn_by_themselves() -> None:
    adopted = two_types({"start_month": SLIP}, {"start_month": {**SLIP, "high": 6.5}})
    assert standard_errors(adopted[0][2], slipped_by(2)) < 4
    assert 0.05 < np.mean(adopted[0][2] != adopted[1][2]) < 0.95


def test_what_waits_for_the_same_milestone_stands_or_falls_with_it() -> None:
    milestones = [
        {"name": "graded", "month": 1.0, "probability": 0.7},
        {"name": "approved", "month": 1.0, "probability": 0.5, "after": ["graded"]},
    ]
    adopted = two_types({"after": ["graded"]}, {"after": ["approved"]}, milestone=milestones)
    first, second = adopted[0][11], adopted[1][11]
    assert standard_errors(first, 0.7) < 4
    assert standard_errors(second, 0.35) < 4
    assert not (second & ~first).any()
    assert (adopted[1][2] == second).all()
    assert not adopted[1][1].any()


def test_an_uncertain_milestone_is_one_draw_for_all_who_wait() -> None:
    milestone = [{"name": "graded", "month": SLIP}]
    adopted = two_types({"after": ["graded"]}, {"after": ["graded"], "start_month": 2.0}, milestone=milestone)
    assert (adopted[0][:-2] == adopted[1][2:]).all()
    assert standard_errors(adopted[0][2], slipped_by(2)) < 4


def test_scenarios_share_the_draws_of_teams_and_milestones() -> None:
    waits = {"after": ["graded"], "team": "data"}
    base = {"request_type": "chat", "to": CHEAP, "escalation": 0.0}
    table = strategies.plan_table(
        scenario=[
            {"name": "as is"},
            {"name": "all", "route": [{**base, "ramp": waits}]},
            {"name": "half", "route": [{**base, "share": 0.5, "ramp": waits}]},
        ]
    )
    table["team"] = [{"name": "data", "slip_months": SLIP}]
    table["milestone"] = [{"name": "graded", "month": {**SLIP, "low": -2.0}, "probability": 0.6}]
    spend = {name: found.list_cost_usd for name, found in strategies.simulated(table, paths=256).items()}
    assert np.ptp(spend["all"][4]) > 0
    np.testing.assert_allclose(spend["half"], (spend["as is"] + spend["all"]) / 2, rtol=1e-12)


def test_the_length_of_a_ramp_can_be_uncertain() -> None:
    """Log-normal through its P10 and P90; the mean adoption is an integral over it."""
    adoption = {"start_month": 0.0, "months": {"p10": 2.0, "p90": 9.0}}
    table = strategies.plan_table(
        mix=[mix_entry(monthly_requests=100.0)],
        overrides=[override(STRONG), override("free", rates=(0.0,) * 5)],
        scenario=[
            {"name": "as is"},
            {"name": "levers", "route": [{"request_type": "chat", "to": "free", "escalation": 0.0, "ramp": adoption}]},
        ],
    )
    found = 1 - strategies.simulated(table, paths=PATHS)["levers"].list_cost_usd
    z = ndtri((np.arange(20_000) + 0.5) / 20_000)
    lengths = np.exp((np.log(2) + np.log(9)) / 2 + z * (np.log(9) - np.log(2)) / (2 * ndtri(0.9)))
    for month in (0, 3, 8):
        exact = 1 / (1 + np.exp(-np.log(81) / lengths * (month + 0.5 - lengths / 2)))
        error = found[month].std() / np.sqrt(PATHS)
        assert abs(found[month].mean() - exact.mean()) < 4 * error
        assert np.quantile(found[month], 0.9) == pytest.approx(np.quantile(exact, 0.9), abs=0.02)


SCHEDULE_FAULTS: list[tuple[Table, Table, str]] = [
    ({}, {"after": ["nowhere"]}, "nowhere"),
    ({}, {"team": "nobody"}, "nobody"),
    ({"milestone": [{"name": "a", "month": 1, "after": ["b"]}]}, {}, "'b'"),
    ({"milestone": [{"name": "a", "month": 1, "team": "b"}]}, {}, "'b'"),
    ({"milestone": [{"name": "a", "month": 1, "after": ["a"]}]}, {}, "'a'"),
    (
        {"milestone": [{"name": "a", "month": 1, "after": ["b"]}, {"name": "b", "month": 1, "after": ["a"]}]},
        {},
        "wait for each other",
    ),
    ({"milestone": [{"name": "a", "month": 1}, {"name": "a", "month": 2}]}, {}, "two"),
    ({"team": [{"name": "a"}, {"name": "a"}]}, {}, "two"),
    ({"milestone": [{"name": "a", "month": 1, "probability": 1.2}]}, {}, "probability"),
]


@pytest.mark.parametrize(("top", "waits", "said"), SCHEDULE_FAULTS)
def test_a_schedule_that_cannot_be_is_refused_by_name(top: Table, waits: Table, said: str) -> None:
    route = {"request_type": "chat", "to": CHEAP, "ramp": waits}
    table = strategies.plan_table(scenario=[{"name": "levers", "route": [route]}])
    with pytest.raises(InputError, match=said):
        monthly_costs({**table, **top})


# --- the command's JSON ----------------------------------------------------------------------------------------------

Said = tuple[int, str, str]
Run = Callable[..., Said]


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run `planner levers` on a table: (exit code, stdout, stderr)."""

    def call(table: Table, *options: str) -> Said:
        plan = tmp_path / "plan.toml"
        plan.write_text(tomlkit.dumps(table), encoding="utf-8")
        monkeypatch.setattr("sys.argv", ["planner", "levers", str(plan), *options])
        code = 0
        try:
            cli.main()
        except SystemExit as end:
            code = int(end.code or 0)
        said = capsys.readouterr()
        return code, said.out, said.err

    return call


def levers_json(run: Run, table: Table, scenario: str = "levers") -> Table:
    code, out, err = run(table, "--json")
    assert code == 0, err
    found: Table = json.loads(out)["scenarios"][scenario]
    return found


FIVE_CASES = [
    Levers(),
    routed(share=HALF, escalation=Decimal("0.1"), judge=JUDGE),
    Levers(cache=Cache(cacheable=HALF, hit_rate=HALF, ramp=ON), batch=Cut(amount=HALF, ramp=ON)),
    replace(routed(), cache=Cache(cacheable=ONE, hit_rate=HALF, ttl="1h", ramp=Ramp(months=Decimal(6)))),
    Levers(
        routes=(
            Route(to=CHEAP, share=HALF, escalation=Decimal("0.2"), ramp=Ramp(months=Decimal(5))),
            Route(to=LONG, share=HALF, long_prompt=Decimal("0.3"), long_prompts="stay", judge=JUDGE, ramp=ON),
        ),
        cache=Cache(cacheable=ONE, hit_rate=Decimal("0.1"), ttl="1h", ramp=ON),
        batch=Cut(amount=Decimal("0.7"), ramp=Ramp(start_month=Decimal(4))),
        output=Cut(amount=Decimal("0.3"), ramp=ON),
    ),
]


@pytest.mark.parametrize("levers", FIVE_CASES[1:], ids=lambda levers: "+".join(levers.kinds))
def test_the_waterfall_is_the_mean_change_over_every_order(run: Run, levers: Levers) -> None:
    case = LeverCase(table=lever_plan([LONGISH], levers), entries=(LONGISH,), levers=levers)
    expected = reference.waterfall(levers.kinds, case.slow_year)
    found = levers_json(run, case.table)
    steps = {row["step"]: row["usd_per_year"] for row in found["waterfall"]}
    assert list(steps) == list(levers.kinds)
    assert steps == pytest.approx({kind: float(usd) for kind, usd in expected.steps.items()}, rel=1e-9)
    assert found["before_usd_per_year"] == pytest.approx(float(expected.before), rel=1e-12)
    assert found["after_usd_per_year"] == pytest.approx(float(expected.after), rel=1e-12)
    assert found["additive_total_usd_per_year"] == pytest.approx(float(expected.additive_total), rel=1e-9)
    assert found["before_usd_per_year"] + sum(steps.values()) == pytest.approx(found["after_usd_per_year"], rel=1e-12)
    for row in found["waterfall"]:
        assert row["p10"] == pytest.approx(row["usd_per_year"], rel=1e-9)
        assert row["p90"] == pytest.approx(row["usd_per_year"], rel=1e-9)


@settings(max_examples=50)
@given(st.integers(1, 4), st.randoms(use_true_random=False))
def test_shapley_by_every_order_sums_and_a_kind_that_does_nothing_gets_nothing(n: int, random: Any) -> None:
    """Of the reference itself, which the product is held against."""
    kinds = ["routing", "caching", "batch", "output"][:n]
    worth = {}

    def spend(used: frozenset[str]) -> Decimal:
        return worth.setdefault(used - {"output"}, Decimal(random.randint(-1000, 1000)))

    found = reference.waterfall(kinds, spend)
    assert found.before + sum(found.steps.values()) == pytest.approx(found.after)
    assert found.steps.get("output", Decimal(0)) == 0


def test_a_waterfall_over_paths_sums_and_shows_how_wide_each_step_is(run: Run) -> None:
    uncertain = {"p10": 0.2, "p90": 0.8}
    route = {"request_type": "chat", "to": CHEAP, "share": uncertain, "escalation": uncertain}
    levers = {
        "name": "levers",
        "route": [{**route, "ramp": {"start_month": {"low": 0, "mode": 2, "high": 9}, "months": 3.0}}],
        "cache": [{"request_type": "chat", "hit_rate": uncertain}],
    }
    table = strategies.plan_table(
        scenario=[{"name": "as is"}, levers], paths=2048, demand={"level_sd": 0.2, "monthly_volatility": 0.1}
    )
    found = levers_json(run, table)
    spend = strategies.simulated(table, paths=2048)
    before, after = (spend[name].annual_list_cost_usd() for name in ("as is", "levers"))
    assert found["before_usd_per_year"] == pytest.approx(before.mean(), rel=1e-9)
    assert found["after_usd_per_year"] == pytest.approx(after.mean(), rel=1e-9)
    total = sum(row["usd_per_year"] for row in found["waterfall"])
    assert total == pytest.approx(after.mean() - before.mean(), rel=1e-9)
    for row in found["waterfall"]:
        assert row["p10"] < row["usd_per_year"] < row["p90"]
    assert found["additive_total_usd_per_year"] < total < 0


def test_a_scenario_of_one_kind_has_one_step_and_no_error_of_adding_up(run: Run) -> None:
    found = levers_json(run, lever_plan([CHAT], routed(share=HALF)))
    (step_found,) = found["waterfall"]
    assert step_found["step"] == "routing"
    assert step_found["usd_per_year"] == pytest.approx(-12 * (at_home() - cost(routed(share=HALF))))
    assert found["additive_total_usd_per_year"] == pytest.approx(step_found["usd_per_year"])


def rows(found: Table) -> list[Table]:
    return list(found["types"])


ECONOMICS = [
    (routed(share=HALF), (CHAT,)),
    (routed(escalation=Decimal("0.3"), overhead=Decimal("0.002"), moves="request"), (CHAT,)),
    (routed(escalation=Decimal("0.1"), judge=JUDGE, router=JUDGE, rule=Decimal("0.25")), (CHAT,)),
    (
        routed(
            pass_rate=Decimal("0.8"),
            fnr=Decimal("0.1"),
            fpr=Decimal("0.3"),
            judge=JUDGE,
            rule=HALF,
            error_cost=Decimal("0.05"),
            rule_error=Decimal("0.02"),
        ),
        (CHAT,),
    ),
    (routed(escalation=Decimal("0.2"), escalate_to=OLD, output_ratio=Decimal("1.3")), (CHAT,)),
    (routed(to=LONG, escalation=Decimal("0.2"), long_prompts="move"), (LONGISH,)),
    (routed(escalation=Decimal("0.2")), (CHAT, replace(CHAT, model=OLD, requests=Decimal(300_000)))),
    (routed(escalation=Decimal("0.95")), (CHAT,)),
]


@pytest.mark.parametrize(("levers", "mix"), ECONOMICS)
def test_the_worth_of_a_route_by_source_model(run: Run, levers: Levers, mix: tuple[Entry, ...]) -> None:
    (route,) = levers.routes
    found = {row["from"]: row for row in rows(levers_json(run, lever_plan(mix, levers)))}
    assert set(found) == {entry.model for entry in mix}
    for entry in mix:
        row, worth = found[entry.model], reference.worth([entry], route, CARDS)
        assert row["request_type"] == "chat"
        assert row["to"] == route.to
        assert worth.break_even_escalation is not None
        assert row["escalation"] == pytest.approx(float(route.escalated))
        assert row["break_even_escalation"] == pytest.approx(float(worth.break_even_escalation), rel=1e-9)
        assert row["unit_cost_before_usd"] == pytest.approx(float(worth.before / entry.requests), rel=1e-9)
        assert row["unit_cost_after_usd"] == pytest.approx(float(worth.after / entry.requests), rel=1e-9)
        saving = route.share * route.ramp.ceiling * (worth.before - worth.after)
        assert row["saving_usd_per_month"] == pytest.approx(float(saving), rel=1e-9)


@pytest.mark.parametrize("rule", ["stay", "cheaper"])
def test_the_saving_of_a_route_that_holds_long_prompts_back_is_what_the_bill_loses(run: Run, rule: str) -> None:
    levers = routed(
        to=LONG, share=HALF, long_prompts=rule, overhead=Decimal("0.001"), escalation=Decimal("0.1"), moves="request"
    )
    warm = replace(LONGISH, model=CHEAP, tokens=amounts(100, 90_000, 1000, 0, 800))
    for entry in (LONGISH, warm):
        (row,) = rows(levers_json(run, lever_plan([entry], levers)))
        assert row["saving_usd_per_month"] == pytest.approx(at_home(entry) - cost(levers, entry), rel=1e-9)
        worth = reference.worth([entry], levers.routes[0], CARDS)
        assert row["break_even_escalation"] == pytest.approx(float(worth.break_even_escalation or 0), rel=1e-9)


def test_a_break_even_is_where_the_route_stops_paying(run: Run) -> None:
    """Held against the bill: at the escalation that is said to break even, the bill is as without the route."""
    levers = routed(judge=JUDGE, overhead=Decimal("0.001"), rule=Decimal("0.3"), escalation=Decimal("0.5"))
    (row,) = rows(levers_json(run, lever_plan([CHAT], levers)))
    even = routed(
        judge=JUDGE,
        overhead=Decimal("0.001"),
        rule=Decimal("0.3"),
        escalation=Decimal(str(row["break_even_escalation"])),
    )
    assert cost(even) == pytest.approx(at_home(), rel=1e-9)


@pytest.mark.parametrize(("source", "to", "even"), [(OPUS, HAIKU, 0.975), (SONNET, HAIKU, 0.95), (OPUS, SONNET, 0.5)])
def test_published_break_evens(run: Run, source: str, to: str, even: float) -> None:
    """Uncached, equal tokens: 1 - C_cheap / C_strong."""
    route = {"request_type": "chat", "to": to, "escalation": 0.1, "long_prompt_fraction": 0.0}
    table = strategies.plan_table(
        mix=[mix_entry(model=source, output_tokens=300.0)],
        overrides=[],
        scenario=[{"name": "as is"}, {"name": "levers", "route": [route]}],
    )
    (row,) = rows(levers_json(run, table))
    assert row["break_even_escalation"] == pytest.approx(even)


def test_wrong_answers_that_a_judge_accepts_move_the_break_even_and_are_in_no_bill(run: Run) -> None:
    judged = {"pass_rate": Decimal("0.9"), "fnr": Decimal("0.05"), "fpr": Decimal("0.2")}
    (free,), (dear,) = (
        rows(levers_json(run, lever_plan([CHAT], routed(**judged, error_cost=usd))))
        for usd in (Decimal(0), Decimal("0.1"))
    )
    home = float(reference.price_request(CARDS[STRONG], CHAT.tokens))
    moved = free["break_even_escalation"] - dear["break_even_escalation"]
    assert moved == pytest.approx(0.1 * 0.1 * 0.2 / home)
    assert dear["unit_cost_after_usd"] == free["unit_cost_after_usd"]
    assert dear["saving_usd_per_month"] == free["saving_usd_per_month"]


def test_a_route_without_judge_or_escalation_has_no_break_even(run: Run) -> None:
    (row,) = rows(levers_json(run, lever_plan([CHAT], routed(rule=ONE, judge=JUDGE, escalation=HALF))))
    assert row["break_even_escalation"] is None
    free = lever_plan(
        [CHAT], routed(escalate_to="free"), overrides=[override(STRONG), override("free", rates=(0.0,) * 5)]
    )
    (row,) = rows(levers_json(run, free))
    assert row["break_even_escalation"] is None


def test_a_saving_that_is_a_loss_is_negative_and_said_to_be_one(run: Run) -> None:
    warm = replace(CHAT, model=CHEAP, tokens=amounts(0, 150_000, 1000, 0, 800))
    table = lever_plan([warm], routed(to=LONG, moves="request", long_prompt=ONE))
    found = levers_json(run, table)
    (row,) = rows(found)
    assert row["saving_usd_per_month"] == pytest.approx(
        at_home(warm) - cost(routed(to=LONG, moves="request", long_prompt=ONE), warm)
    )
    assert row["saving_usd_per_month"] < 0
    assert found["waterfall"][0]["usd_per_year"] > 0
    assert found["after_usd_per_year"] > found["before_usd_per_year"]
    code, out, err = run(table)
    assert code == 0, err
    assert "costs" in out.lower()


def test_types_that_only_other_levers_touch_have_a_row_and_no_target(run: Run) -> None:
    mix = [strategies.entry_table(CHAT, name) for name in ("chat", "mail", "idle")]
    scenario = strategies.lever_scenario(routed(share=HALF))
    scenario["output"] = [{"request_type": "mail", "cut": 0.5, "ramp": {"start_month": -1.0}}]
    table = strategies.plan_table(mix=mix, scenario=[{"name": "as is"}, scenario])
    found = {row["request_type"]: row for row in rows(levers_json(run, table))}
    assert set(found) == {"chat", "mail"}
    mail = found["mail"]
    assert (mail["from"], mail["to"], mail["break_even_escalation"], mail["escalation"]) == (STRONG, None, None, None)
    home = at_home() / 1e6
    assert mail["unit_cost_before_usd"] == pytest.approx(home)
    assert mail["unit_cost_after_usd"] == pytest.approx(home - 60 * 50 / 1e6 / 2)
    assert mail["saving_usd_per_month"] == pytest.approx(60 * 50 / 2)


def test_a_type_in_two_halves_has_the_same_waterfall(run: Run) -> None:
    case = LeverCase(table=lever_plan([LONGISH], FIVE_CASES[4]), entries=(LONGISH,), levers=FIVE_CASES[4])
    whole, halves = levers_json(run, case.table), levers_json(run, doubled(case))
    for key in ("before_usd_per_year", "after_usd_per_year", "discount_usd_per_year", "additive_total_usd_per_year"):
        assert halves[key] == pytest.approx(whole[key], rel=1e-9)
    for one, other in zip(whole["waterfall"], halves["waterfall"], strict=True):
        assert other["usd_per_year"] == pytest.approx(one["usd_per_year"], rel=1e-9)


def test_the_discount_stands_apart_and_is_that_of_the_commitment(run: Run) -> None:
    """A certain 60,000 USD a year after routing, 20 % on any commitment: paid 48,000."""
    levers = {
        "name": "levers",
        "route": [{"request_type": "chat", "to": "half", "escalation": 0.0, "ramp": {"start_month": -1.0}}],
    }
    models = [override(STRONG), override("half", rates=(5.0, 0.5, 6.25, 10.0, 25.0))]
    table = strategies.plan_table(overrides=models, scenario=[{"name": "as is"}, levers])
    found = levers_json(run, table)
    assert found["before_usd_per_year"] == pytest.approx(120_000)
    assert found["after_usd_per_year"] == pytest.approx(60_000)
    assert found["discount_usd_per_year"] == pytest.approx(-12_000, rel=1e-6)


def test_a_plan_without_levers_has_no_steps(run: Run) -> None:
    found = levers_json(run, strategies.plan_table(), "as is")
    assert found["waterfall"] == []
    assert found["before_usd_per_year"] == found["after_usd_per_year"] == pytest.approx(120_000)
    assert found["additive_total_usd_per_year"] == 0
