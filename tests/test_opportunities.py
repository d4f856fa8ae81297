"""Opportunities against prices worked out by hand, and what each kind of evidence leads to."""

from dataclasses import replace
from pathlib import Path

import pytest

from planner.errors import InputError
from planner.evidence.quality import Evidence
from planner.known_evidence import evidence_by_pair
from planner.lever_savings import lever_efforts
from planner.opportunities.beside_routing import beside_routing
from planner.opportunities.candidates import candidates, current_models
from planner.opportunities.efforts import paybacks
from planner.opportunities.verdicts import LEAST_EVER_USD_PER_MONTH, least_usd_per_month, opportunities
from planner.plan_file.evidence_sections import EvidenceSection, evidence_of
from planner.plan_file.loader import parse_plan
from planner.prepared import prepare

OPUS, SONNET, HAIKU = "claude-opus-5-5", "claude-sonnet-5-5", "claude-haiku-5-5"

BASE = """
[plan]
start = 2027-01-01
paths = 64
[prices]
on = 2026-11-23
[contract]
term_months = 12
[[contract.band]]
min_commit_usd_per_year = 10_000
discount_fraction = 0.1
"""
# One request on Opus 5.5: 1,000 x 4 + 100 x 20 USD/MTok = 0.006 USD; on Sonnet 5.5 0.003, on Haiku 5.5 0.00015.
CHAT = """
[[mix]]
request_type = "chat"
model = "claude-opus-5-5"
monthly_requests = 1_000_000
uncached_input_tokens = 1000
output_tokens = 100
long_prompt_fraction = 0.0
"""


def prepared(*parts: str):
    return prepare(parse_plan(BASE + "".join(parts), base_dir=Path()))


def route(to: str = HAIKU, escalation: str = "0.1", more: str = "", request_type: str = "chat") -> str:
    return f"""
[[scenario]]
name = "routed"
[[scenario.route]]
request_type = "{request_type}"
to = "{to}"
escalation = {escalation}
{more}
"""


def graded(plan, passed: int, failed: int, to: str = HAIKU, **more):
    """Candidates of the plan's one entry with this evidence, by target."""
    known = {("chat", to): Evidence(request_type="chat", model=to, passed=passed, failed=failed, **more)}
    return {item.to: item for item in candidates(plan, plan.mix.entries[0], known).candidates}


def evidence(passed: int, failed: int, to: str = HAIKU, more: str = "") -> str:
    return f'[[evidence]]\nrequest_type = "chat"\nmodel = "{to}"\npassed = {passed}\nfailed = {failed}\n{more}\n'


def only(plan):
    (found,) = opportunities(plan)
    return found


def test_every_tier_below_is_priced_by_hand():
    found = only(prepared(CHAT))
    by_model = {item.to: item for item in found.candidates}
    assert list(by_model) == [HAIKU, SONNET]
    assert found.monthly_list_cost_usd == pytest.approx(6000)
    assert by_model[SONNET].saving_usd_per_month == pytest.approx(3000)
    assert by_model[SONNET].break_even_escalation == pytest.approx(0.5)
    assert by_model[HAIKU].saving_usd_per_month == pytest.approx(5850)
    assert by_model[HAIKU].break_even_escalation == pytest.approx(0.975)
    assert (found.verdict, found.chosen.to, found.chosen.sure.answers) == ("evaluate first", HAIKU, 160)


def test_counts_in_a_route_are_evidence_and_move_the_type_at_their_escalation():
    plan = prepared(CHAT, route(escalation="{ passed = 188, failed = 12 }"))
    found = only(plan)
    escalation = 12.5 / 201
    assert (found.verdict, found.chosen.to) == ("move now", HAIKU)
    assert found.chosen.saving_usd_per_month == pytest.approx(5850 - 6000 * escalation)
    assert found.chosen.most_usd_per_month == pytest.approx(5850)
    assert evidence_by_pair(plan)["chat", HAIKU].passed == 188


@pytest.mark.parametrize("escalation", ["0.06", "{ p10 = 0.02, p90 = 0.1 }", "{ pass_rate = 0.95, fnr = 0.1 }"])
def test_an_escalation_that_is_typed_in_is_no_evidence(escalation):
    assert evidence_by_pair(prepared(CHAT, route(escalation=escalation))) == {}


def test_what_a_route_of_the_type_costs_is_paid_by_every_target():
    """A judge of 0.001 USD a request: Sonnet breaks even at (6 - 3 - 1) / 6, Haiku at (6 - 0.15 - 1) / 6."""
    plan = prepared(CHAT, route(more="overhead_usd_per_request = 0.001\none_off_usd = 9700"))
    found = only(plan)
    by_model = {item.to: item for item in found.candidates}
    assert by_model[SONNET].break_even_escalation == pytest.approx(2 / 6)
    assert by_model[HAIKU].break_even_escalation == pytest.approx(4.85 / 6)
    (target,) = paybacks(plan, [found])  # the effort that the plan names is that of this target only
    assert target == ("chat", OPUS, HAIKU)


def test_payback_is_that_of_the_plans_own_route():
    """Half of the type under a ceiling of a half, every tenth request paid again: 0.25 x (5850 - 600) a month."""
    ramp = "share = 0.5\none_off_usd = 40_000\nramp = { start_month = 6, months = 12, ceiling = 0.5 }"
    plan = prepared(CHAT, route(more=ramp))
    found = paybacks(plan, opportunities(plan))["chat", OPUS, HAIKU]
    assert (found.one_off_usd, found.is_at_least) == (40_000, False)
    assert found.months == pytest.approx(40_000 / (0.25 * (5850 - 600)))
    (effort,) = lever_efforts(plan, plan.scenario_costs[-1].scenario)
    assert found.months == effort.payback_months


def test_one_effort_moves_every_model_of_a_type():
    """Opus and Sonnet go to Haiku together: 5850 + 2850 USD a month earn the effort back."""
    both = CHAT + CHAT.replace(OPUS, SONNET)
    plan = prepared(both, route(escalation="0.0", more="one_off_usd = 8_700"))
    found = paybacks(plan, opportunities(plan))
    assert {target: payback.months for target, payback in found.items()} == {
        ("chat", OPUS, HAIKU): pytest.approx(1.0),
        ("chat", SONNET, HAIKU): pytest.approx(1.0),
    }


def test_where_the_plans_route_leaves_a_model_out_payback_is_at_least_that_of_all_of_it():
    both = CHAT + CHAT.replace(OPUS, SONNET)
    plan = prepared(both, route(escalation="0.5", more=f"from = ['{OPUS}']\none_off_usd = 8_700"))
    found = paybacks(plan, opportunities(plan))
    inside, outside = found["chat", OPUS, HAIKU], found["chat", SONNET, HAIKU]
    assert (inside.is_at_least, outside.is_at_least) == (False, True)
    assert inside.months == pytest.approx(8_700 / (5850 - 3000))
    assert outside.months == pytest.approx(8_700 / (5850 + 2850))


def test_an_effort_that_nothing_earns_back_is_never():
    plan = prepared(CHAT, route(escalation="1.0", more="one_off_usd = 1_000"))
    assert paybacks(plan, opportunities(plan))["chat", OPUS, HAIKU].months is None


def test_what_a_type_needs_goes_along_to_every_target():
    """Single requests out of a session of 50,000 tokens: Haiku writes them at 0.125, so 0.00625 beside 0.00015 USD."""
    warm = CHAT.replace("output_tokens", "cache_read_tokens = 50_000\noutput_tokens")
    more = 'moves = "request"\nerror_cost_usd = 0.5\n'
    plan = prepared(warm, route(to=SONNET, escalation="{ pass_rate = 0.9, fnr = 0.1, fpr = 0.2 }", more=more))
    haiku = only(plan).candidates[0]
    assert (haiku.route.moves, haiku.route.error_cost_usd, haiku.fnr, haiku.fpr) == ("request", 0.5, 0.1, 0.2)
    assert haiku.saving_usd_per_month == pytest.approx(16_000 - (150 + 6_250))
    assert haiku.single_requests_usd_per_month is None


def test_a_router_that_costs_more_than_it_saves_is_said_to():
    assert only(prepared(CHAT, route(more="overhead_usd_per_request = 0.01"))).verdict == "would cost more"


def test_evidence_of_a_failing_model_stops_the_weaker_ones_too():
    plan = prepared(CHAT, route(to=SONNET, escalation="{ passed = 60, failed = 40 }"))
    found = only(plan)
    assert found.verdict == "evidence says no"
    assert found.to_evaluate == ()


def test_evidence_that_passes_its_bar_may_still_escalate_too_much_to_pay():
    found = graded(prepared(CHAT), 90, 110, to=SONNET, bar=0.3)[SONNET]
    assert found.verdict == "pass"
    assert found.saving_usd_per_month == pytest.approx(3000 - 6000 * 110.5 / 201)
    assert not found.pays


def test_undecided_evidence_says_how_many_answers_are_missing():
    found = graded(prepared(CHAT), 47, 3)[HAIKU]
    assert found.verdict == "undecided"
    assert found.sure.answers == 750  # of which 63 may fail: 47 of 50 may well be a rate just above its bar
    assert found.sure.failures == 63


def test_a_type_that_saves_little_moves_no_money():
    small = CHAT.replace('"chat"', '"rare"').replace("1_000_000", "4_000")
    by_type = {item.request_type: item for item in opportunities(prepared(CHAT, small))}
    assert by_type["rare"].verdict == "moves no money"
    assert by_type["chat"].verdict == "evaluate first"
    assert least_usd_per_month(6024) == LEAST_EVER_USD_PER_MONTH
    assert least_usd_per_month(100_000) == 500
    assert least_usd_per_month(10_000_000) == 1000


def test_an_unknown_share_of_long_prompts_is_a_range_and_no_error():
    """Above 100,000 prompt tokens Haiku 5.5 costs five times as much: 0.00075 instead of 0.00015 USD."""
    found = only(prepared(CHAT.replace("long_prompt_fraction = 0.0\n", "")))
    unknown = next(item for item in found.candidates if item.to == HAIKU).unknown
    assert (unknown.none_above_usd, unknown.all_above_usd) == pytest.approx((5850, 5250))
    assert unknown.above_prompt_tokens == 100_000
    # even at its worse end Haiku saves more than Sonnet could: that share comes before any evaluation
    assert (found.verdict, found.chosen.to) == ("needs long_prompt_fraction", HAIKU)
    assert found.chosen.sure.answers == 160


UNKNOWN = CHAT.replace("long_prompt_fraction = 0.0\n", "")


def test_evidence_that_passes_moves_where_even_the_worse_end_of_an_unknown_share_pays():
    plan = prepared(UNKNOWN, evidence(188, 12))
    found = only(plan)
    escalated = 6000 * 12.5 / 201
    assert (found.verdict, found.chosen.to, found.chosen.verdict) == ("move now", HAIKU, "pass")
    assert found.chosen.saving_usd_per_month == pytest.approx(5250 - escalated)
    assert found.chosen.unknown.none_above_usd == pytest.approx(5850 - escalated)


def test_an_unknown_share_is_asked_for_where_all_hangs_on_it():
    """With a router of 0.0052 USD and 0.00037 of escalations Haiku saves 0.00028 USD a request, or stays."""
    plan = prepared(UNKNOWN, evidence(188, 12), route(to=SONNET, more="overhead_usd_per_request = 0.0052"))
    found = only(plan)
    assert found.candidates[0].unknown.all_above_usd == 0 < found.candidates[0].unknown.none_above_usd
    assert (found.verdict, found.chosen.to) == ("needs long_prompt_fraction", HAIKU)
    assert found.candidates[1].saving_usd_per_month < 0


def test_failed_evidence_speaks_even_where_its_target_would_save_nothing():
    """Sonnet 5.5 costs as much as Sonnet 5; 80 of 100 fail the bar, so that Haiku below it is not tried either."""
    found = only(prepared(CHAT.replace(OPUS, "claude-sonnet-5"), evidence(80, 20, to=SONNET)))
    assert found.candidates[1].most_usd_per_month == pytest.approx(0)
    assert (found.verdict, found.chosen) == ("evidence says no", None)


def test_a_move_that_saves_less_than_the_floor_is_none():
    """Sonnet 4.6 to Sonnet 5.5: 600 USD less at 12 % escalations of 4,500; half a percent of the bill is 22.50."""
    plan = CHAT.replace(OPUS, "claude-sonnet-4-6")
    found = only(prepared(plan, evidence(8_800, 1_200, to=SONNET, more="bar = 0.85")))
    assert found.candidates[1].verdict == "pass"
    assert 0 < found.candidates[1].saving_usd_per_month == pytest.approx(600 - 4500 * 1200.5 / 10_001)
    assert LEAST_EVER_USD_PER_MONTH < 600 - 4500 * 1200.5 / 10_001
    assert (found.verdict, found.chosen.to, found.beyond.to) == ("move now", SONNET, HAIKU)
    less = only(prepared(plan, evidence(8_750, 1_250, to=SONNET, more="bar = 0.85")))
    assert 0 < less.candidates[1].saving_usd_per_month < LEAST_EVER_USD_PER_MONTH
    assert (less.verdict, less.chosen.to) == ("evaluate first", HAIKU)


def test_answers_that_lean_no_are_no_reason_to_go_on_with_their_target():
    found = only(prepared(CHAT, evidence(4, 1)))
    assert found.candidates[0].leans_no
    assert (found.verdict, found.chosen.to) == ("evaluate first", SONNET)
    alone = only(prepared(CHAT.replace(OPUS, SONNET), evidence(4, 1)))
    assert (alone.verdict, alone.chosen.to, alone.to_evaluate) == ("leans no", HAIKU, ())
    # at one escalation in two it would not pay, but two answers are no reason to say that it costs more
    router = route(more="overhead_usd_per_request = 0.0016")
    assert only(prepared(CHAT.replace(OPUS, SONNET), evidence(1, 1), router)).verdict == "leans no"


def test_a_rate_at_its_bar_is_no_case_for_an_evaluation():
    found = only(prepared(CHAT.replace(OPUS, SONNET), evidence(9_001, 999)))
    assert (found.verdict, found.chosen.to) == ("too close to its bar", HAIKU)


def test_single_requests_out_of_warm_sessions_may_cost_more():
    """50,000 cached tokens: 0.01 USD read on Opus, on Sonnet 0.005 read in a session and 0.125 written by one call."""
    warm = CHAT.replace("output_tokens", "cache_read_tokens = 50_000\noutput_tokens")
    found = only(prepared(warm))
    sonnet = next(item for item in found.candidates if item.to == SONNET)
    assert sonnet.saving_usd_per_month == pytest.approx(8000)
    assert sonnet.single_requests_usd_per_month == pytest.approx(8000 - 120_000)
    assert only(prepared(CHAT)).candidates[0].single_requests_usd_per_month is None


def test_a_newer_model_of_the_same_tier_is_a_candidate_and_a_model_is_none_of_its_own():
    found = only(prepared(CHAT.replace(OPUS, "claude-opus-5")))
    assert [(item.to, item.steps_down) for item in found.candidates] == [(HAIKU, 2), (SONNET, 1), (OPUS, 0)]
    assert found.candidates[2].saving_usd_per_month == pytest.approx(1_000_000 * 0.0015)


def test_a_model_that_retires_before_the_contract_is_priced_on_its_successor():
    found = only(prepared(CHAT.replace(OPUS, "claude-sonnet-4-5")))
    assert found.serves == "claude-sonnet-4-6"  # 0.0045 USD; on Sonnet 5.5 the same text is 1.3 times the tokens
    assert [item.to for item in found.candidates] == [HAIKU, SONNET]
    assert found.candidates[1].saving_usd_per_month == pytest.approx(4500 - 1.3 * 3000)


def test_the_current_models_are_those_in_service_on_the_pricing_day():
    plan = prepared(CHAT)
    assert current_models(plan) == {"haiku": HAIKU, "sonnet": SONNET, "opus": OPUS, "fable": "claude-fable-5-2"}
    earlier = replace(plan, priced_on=plan.priced_on.replace(month=10, day=1))
    assert current_models(earlier)["haiku"] == "claude-haiku-4-5"


def test_savings_grow_with_the_traffic():
    one, two = only(prepared(CHAT)), only(prepared(CHAT.replace("1_000_000", "2_000_000")))
    for small, large in zip(one.candidates, two.candidates, strict=True):
        assert large.saving_usd_per_month == pytest.approx(2 * small.saving_usd_per_month)
        assert large.break_even_escalation == pytest.approx(small.break_even_escalation)


def test_the_other_levers_by_hand():
    """0.004 USD of input and 0.002 of output a request; cached at 80 % hits, input costs 0.8 x 0.05 + 0.2 x 1.25."""
    (found,) = beside_routing(prepared(CHAT, "batch_fraction = 0.4\n"))
    before = 6000 * (1 - 0.4 / 2)
    assert found.monthly_list_cost_usd == pytest.approx(before)
    assert found.batch_usd == pytest.approx(before - 3000)
    assert found.output_usd == pytest.approx(200 * 0.8)
    assert found.cache_usd == pytest.approx(0.1 * 4000 * 0.8 * (1 - (0.8 * 0.05 + 0.2 * 1.25)))
    assert found.break_even_hit_rate == pytest.approx(0.25 / 1.2)
    assert found.is_too_short_to_cache
    assert beside_routing(prepared(CHAT, "batch_fraction = 1.0\n"))[0].batch_usd == pytest.approx(0, abs=1e-9)
    assert found.efforts == ()


def test_the_other_levers_of_the_plan_have_a_payback():
    """All of the 4,000 USD of input cached at 80 % hits saves 1 - (0.8 x 0.05 + 0.2 x 1.25) = 0.71 of it."""
    levers = """
[[scenario]]
name = "beside"
[[scenario.cache]]
request_type = "chat"
hit_rate = 0.8
one_off_usd = 28_400
[[scenario.batch]]
request_type = "chat"
share = 0.5
one_off_usd = 3_000
[[scenario.output]]
request_type = "absent"
cut = 0.1
one_off_usd = 3_000
"""
    (found,) = beside_routing(prepared(CHAT, levers))
    assert {effort.kind: effort.payback_months for effort in found.efforts} == {
        "caching": pytest.approx(28_400 / (4000 * 0.71)),
        "batch": pytest.approx(3_000 / (6000 * 0.5 / 2)),
    }


def test_evidence_of_the_plan_wins_over_the_counts_in_a_route_and_sets_the_bar_of_the_type():
    section = """
[[evidence]]
request_type = "chat"
model = "haiku 5.5"
passed = 197
failed = 3
bar = 0.95
graded_on = 2026-11-01
"""
    plan = prepared(CHAT, route(escalation="{ passed = 30, failed = 30 }"), section)
    assert evidence_by_pair(plan)["chat", HAIKU].passed == 197
    found = only(plan)
    assert (found.verdict, found.chosen.evidence.bar) == ("move now", 0.95)
    assert [item.bar for item in found.candidates] == [0.95, 0.95]


def test_evidence_sections_become_evidence_once_per_type_and_model():
    section = EvidenceSection(request_type="chat", model=HAIKU, passed=188, failed=12, source="sheet 4")
    (found,) = evidence_of([section])
    assert (found.answers, found.bar, found.source) == (200, 0.9, "sheet 4")
    with pytest.raises(InputError, match=r"evidence\[2\]: 'chat' on claude-haiku-5-5 is there twice"):
        evidence_of([section, section])
    with pytest.raises(InputError, match=r"evidence\[1\].* no graded answer"):
        evidence_of([EvidenceSection(request_type="chat", model=HAIKU, passed=0, failed=0)])
