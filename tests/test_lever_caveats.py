"""What a plan says of levers that lose money, reach nothing, come too late, or contradict the mix."""

from typing import Any

import pytest
from strategies import Table, built, mix_entry, override, plan_table

CHEAP = override("cheap", tier="haiku", rates=(1.0, 0.1, 1.25, 2.0, 5.0))
ROUTE: Table = {"request_type": "chat", "to": "cheap", "share": 0.5, "escalation": 0.1, "token_ratio": 1.0}
HAIKU: Table = {**ROUTE, "to": "claude-haiku-5-5"}
LONG_MIX = [{**mix_entry(), "long_prompt_fraction": 0.3}]


def said(*scenarios: Table, **changed: Any) -> list[str]:
    """Warnings of a plan with these scenarios."""
    terms = {"mix": [mix_entry()], "overrides": [override("strong"), CHEAP], **changed}
    return list(built(plan_table(scenario=[{"name": "as is"}, *scenarios], **terms)).warnings)


def levers(**kinds: list[Table]) -> Table:
    return {"name": "levers", **kinds}


def matching(warnings: list[str], *parts: str) -> list[str]:
    return [text for text in warnings if all(part in text for part in parts)]


@pytest.mark.parametrize(
    "lever",
    [
        {"route": [{**ROUTE, "request_type": "*"}]},
        {"cache": [{"request_type": "*", "hit_rate": 0.9}]},
        {"batch": [{"request_type": "*", "share": 0.5}]},
        {"output": [{"request_type": "*", "cut": 0.9}]},
    ],
    ids=lambda lever: next(iter(lever)),
)
def test_a_lever_for_every_type_at_once_is_said_to_have_no_effect(lever: Table) -> None:
    assert matching(said(levers(**lever)), "'*'", "which the mix does not have: it has no effect")


def test_an_event_may_name_every_type_at_once() -> None:
    event = {"name": "launch", "probability": 0.5, "month": 2, "size": 1.2, "request_types": ["*"]}
    assert not matching(said(demand={"event": [event]}), "'*'")


def test_each_model_that_a_losing_route_takes_from_is_named() -> None:
    mix = [mix_entry(), mix_entry(model="other")]
    overrides = [override("strong"), CHEAP, override("other", rates=(2.0, 0.2, 2.5, 4.0, 10.0))]
    dear = {**ROUTE, "overhead_usd_per_request": 0.05}
    warnings = said(levers(route=[dear]), mix=mix, overrides=overrides)
    assert matching(warnings, "from strong to cheap costs money")
    assert matching(warnings, "from other to cheap costs money")


@pytest.mark.parametrize(("hit_rate", "word"), [(0.25 / 1.15, "saves nothing"), (0.1, "costs money"), (0.3, "")])
def test_a_hit_rate_at_its_break_even_saves_nothing_and_costs_nothing(hit_rate: float, word: str) -> None:
    """Written at 12.5, read at 1, uncached at 10: 2.5 / 11.5."""
    found = matching(said(levers(cache=[{"request_type": "chat", "hit_rate": hit_rate}])), "caching 'chat'")
    assert [word in text for text in found] == ([True] if word else [])


def test_requests_that_cost_nothing_are_not_said_to_cost_minus_nothing() -> None:
    free = mix_entry(uncached_input_tokens=0.0, output_tokens=0.0)
    warnings = said(levers(route=[ROUTE]), mix=[free])
    assert matching(warnings, "routing 'chat'", "saves nothing")
    assert not matching(warnings, "-0.00")


def test_a_route_without_traffic_says_which_kind_of_none() -> None:
    held = {**HAIKU, "long_prompts": "stay", "long_prompt_fraction": 1.0}
    assert matching(said(levers(route=[held])), "every prompt is above its price threshold")
    assert matching(said(levers(route=[{**ROUTE, "to": "strong"}])), "it is there already")


@pytest.mark.parametrize(
    ("ramp", "says"),
    [
        ({"start_month": 0}, False),
        ({"start_month": 11}, False),
        ({"start_month": 20}, True),
        ({"ceiling": 0.0}, True),
        ({"after": ["graded"]}, True),
        ({"after": ["hoped for"]}, False),
    ],
)
def test_a_lever_that_is_not_adopted_in_the_first_year_is_said_to_change_nothing_of_it(ramp: Table, says: bool) -> None:
    table = plan_table(
        mix=[mix_entry()],
        overrides=[override("strong"), CHEAP],
        scenario=[{"name": "as is"}, levers(route=[{**ROUTE, "ramp": ramp}])],
    )
    table["milestone"] = [
        {"name": "graded", "month": 0, "probability": 0.0},
        {"name": "hoped for", "month": 1, "probability": 0.2},
    ]
    warnings = list(built(table).warnings)
    assert bool(matching(warnings, "routing 'chat' to cheap is not adopted in contract year 1")) == says


def test_a_model_under_from_that_serves_nothing_is_named_beside_one_that_does() -> None:
    warnings = said(levers(route=[{**ROUTE, "from": ["strong", "claude-opus-5"]}]))
    assert matching(warnings, "names claude-opus-5 under `from`, which serves nothing of it")


@pytest.mark.parametrize(("given", "says"), [(0.3, False), (0.2, True)])
def test_shares_of_long_prompts_that_contradict_each_other_are_said(given: float, says: bool) -> None:
    warnings = said(levers(route=[{**HAIKU, "long_prompt_fraction": given}]), mix=LONG_MIX)
    assert bool(matching(warnings, f"long_prompt_fraction {given:g}", "0.3", "make them agree")) == says


@pytest.mark.parametrize(
    ("changed", "note"),
    [
        ({"escalation": {"passed": 188, "failed": 12}, "error_cost_usd": 1.0}, "fpr = 0, the default"),
        ({"escalation": {"pass_rate": 0.9, "fpr": 0.1}, "error_cost_usd": 1.0}, ""),
        ({"rule_error_fraction": 0.1}, "rule_error_fraction has no effect without error_cost_usd"),
        ({"long_request_fraction": 0.1}, "long_request_fraction has no effect"),
        ({"escalate_to": "cheap"}, "escalates to cheap itself"),
    ],
)
def test_keys_that_do_nothing_as_they_stand_are_said(changed: Table, note: str) -> None:
    found = matching(said(levers(route=[{**ROUTE, **changed}])), "route of 'chat' to cheap")
    assert [note in text for text in found] == ([True] if note else [])


def test_wrong_answers_of_rules_alone_need_no_judge() -> None:
    ruled = {**ROUTE, "rule_fraction": 1.0, "rule_error_fraction": 0.1, "error_cost_usd": 0.02}
    assert not matching(said(levers(route=[ruled])), "costs money")
