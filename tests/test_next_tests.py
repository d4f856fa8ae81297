"""What to test next: figures by hand, the order, and what is left out."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from test_evaluation_sections import evaluation
from test_opportunities import BASE, CHAT, HAIKU, OPUS, SONNET, evidence, route

from planner.evidence.quality import hopeful_rate, settlement
from planner.evidence_in_plan.next_tests import next_tests
from planner.evidence_reports.next_tests import next_tests_json, next_tests_table
from planner.negotiation.learning import what_to_learn
from planner.opportunities.verdicts import opportunities
from planner.plan import build_plan
from planner.plan_file.loader import parse_plan
from planner.prepared import prepare

# One request on Opus 5.5: 0.006 USD; on Sonnet 5.5 0.003, on Haiku 5.5 0.00015 (test_opportunities).


def asked_of(*parts: str, learning=None):
    plan = prepare(parse_plan(BASE + CHAT + "".join(parts), base_dir=Path()))
    return {one.model: one for one in next_tests(plan, opportunities(plan), learning)}


def test_figures_by_hand_where_nothing_is_graded():
    found = asked_of()
    assert set(found) == {HAIKU, SONNET}
    haiku, sure = found[HAIKU], settlement(0, 0, bar=0.9, chance=0.8)
    assert sure is not None
    q = 1 - hopeful_rate(0.9)
    assert haiku.saving_usd == pytest.approx(12 * 1e6 * (0.006 - 0.00015 - q * 0.006))
    assert haiku.further_answers == sure.answers == 160
    assert haiku.cost_usd == pytest.approx(160 * 0.00015)
    assert (haiku.chance, found[SONNET].chance) == (0.5, 0.7)  # two tiers down, one tier down
    assert haiku.gain_per_usd == pytest.approx(0.5 * haiku.saving_usd / (160 * 0.00015))
    assert list(found) == [HAIKU, SONNET]  # cheaper to ask, and it saves more


def test_answers_so_far_give_the_chance_the_pass_rate_and_the_bar():
    (haiku,) = (one for model, one in asked_of(evidence(46, 4)).items() if model == HAIKU)
    sure = settlement(46, 4, bar=0.9, chance=0.8)
    assert sure is not None
    assert (haiku.chance, haiku.further_answers, haiku.by_prior) == (sure.chance_to_pass, sure.answers, False)
    q = 1 - 46.5 / 51
    assert haiku.saving_usd == pytest.approx(12 * 1e6 * (0.006 - 0.00015 - q * 0.006))


def test_what_is_settled_or_ruled_out_is_no_question():
    assert asked_of(evidence(188, 12)) == {}  # Sonnet would save less than Haiku, which is proven
    (haiku,) = asked_of(evidence(188, 12, to=SONNET)).values()
    q, proven = 1 - hopeful_rate(0.9), 0.003 - (1 - 188.5 / 201) * 0.006
    assert haiku.saving_usd == pytest.approx(12 * 1e6 * (0.006 - 0.00015 - q * 0.006 - proven))
    assert set(asked_of(evidence(50, 50))) == {SONNET}
    assert set(asked_of(evidence(50, 50, to=SONNET))) == set()  # what is below fails too


def test_what_only_rarely_settles_is_said_and_comes_last():
    found = list(asked_of(evidence(9_000, 1_000)).values())
    assert (found[-1].model, found[-1].further_answers, found[-1].chance, found[-1].gain_per_usd) == (
        HAIKU,
        None,
        0.0,
        None,
    )


def test_a_comparison_asks_the_reference_too_and_a_judge_is_not_guessed():
    found = asked_of(evaluation('{ kind = "judge", model = "m", rubric = "r" }', more="margin = 0.03\nbar = 0.8"))
    assert found[HAIKU].cost_per_answer_usd == pytest.approx(0.00015 + 0.006)
    assert found[HAIKU].lacks_judge
    assert found[HAIKU].bar == 0.8
    assert not asked_of(evaluation())[HAIKU].lacks_judge


def test_two_models_of_a_type_are_one_question():
    fable = CHAT.replace(OPUS, SONNET).replace("1_000_000", "3_000_000")
    both = asked_of(fable)
    q = 1 - hopeful_rate(0.9)
    saved = sum(n * (unit - 0.00015 - q * unit) for n, unit in ((1e6, 0.006), (3e6, 0.003)))
    assert both[HAIKU].saving_usd == pytest.approx(12 * saved)


def test_what_knowing_is_worth_is_that_of_the_route():
    text = BASE.replace("paths = 64", "paths = 2048") + CHAT + route(escalation="{ passed = 46, failed = 4 }")
    plan = build_plan(parse_plan(text, base_dir=Path()))
    learning = what_to_learn(plan)
    (haiku,) = (one for one in next_tests(plan.prepared, opportunities(plan.prepared), learning) if one.model == HAIKU)
    (lesson,) = (one for one in learning.lessons if one.name.endswith(".escalation"))
    assert haiku.information is not None
    assert haiku.information.value == lesson.value
    assert haiku.information.answers == lesson.resolution.half == 51
    assert haiku.information.cost_usd == pytest.approx(51 * 0.00015)
    table = next_tests_table([haiku])
    assert table.columns[-2:] == ("worth knowing", "per $1")
    assert all(len(row) == len(table.columns) for row in table.rows)
    assert next_tests_json([haiku])[0]["information"]["value_usd"] == lesson.value.mean


def test_another_types_route_is_not_taken_for_it():
    lesson = SimpleNamespace(name=f"route/chat2/{OPUS}/{HAIKU}.escalation")
    assert asked_of(learning=SimpleNamespace(lessons=[lesson]))[HAIKU].information is None
    assert next_tests_table(list(asked_of().values())).columns[-1] == "gain per $1"
