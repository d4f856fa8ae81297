"""Scenarios copied, renamed, removed and decided on in a plan's text: laws over every example plan and any name."""

import tomllib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.bundled import data_path
from planner.errors import InputError
from planner.inputs import PlanInputs
from planner.levers import Scenario
from planner.plan_file.loader import parse_plan
from planner.plan_file.scenario_text import (
    baseline_of,
    decided_on,
    duplicated,
    free_name,
    mentions_of,
    names_of,
    removed,
    renamed,
    with_baseline,
    with_decision_on,
)

SMALL = Path(__file__).parent / "plans" / "small.toml"
PLANS = {path.stem: path for path in (*sorted(data_path("plans", "x").parent.glob("*.toml")), SMALL)}
TEXTS = {name: path.read_text(encoding="utf-8") for name, path in PLANS.items()}
CASES = [(plan, name) for plan, text in TEXTS.items() for name in names_of(text)]
NAMES = st.text(min_size=1, max_size=30).filter(str.strip)

INLINE = """scenario = [{ name = "as is" }, { name = "moved", batch = [{ request_type = "a", share = 0.5 }] }]
format = 1
[plan]
name = "inline"
start = 2027-01-01
[[mix]]
request_type = "a"
model = "claude-opus-5-5"
monthly_requests = 10
uncached_input_tokens = 100
output_tokens = 10
[contract]
term_months = 12
[[contract.band]]
min_commit_usd_per_year = 50_000
discount_fraction = 0.05
"""
WEIGHED = TEXTS["small"].replace(
    'scenario = "route first"',
    'scenario = "route first"\nobjective = "weighted"\nscenario_weights = { "as is" = 0.3, "route first" = 0.7 }',
)


def read(text: str, plan: str = "small") -> PlanInputs:
    return parse_plan(text, base_dir=PLANS[plan].parent)


def same_but_name(one: Scenario, other: Scenario) -> bool:
    return replace(one, name="") == replace(other, name="")


def kept_lines(before: str, after: str) -> bool:
    """Whether every line of a text is in another, in order."""
    lines: Iterator[str] = iter(after.splitlines())
    return all(line in lines for line in before.splitlines())


@pytest.mark.parametrize(("plan", "name"), CASES)
def test_a_copy_says_what_the_original_says_and_every_line_stays(plan: str, name: str) -> None:
    text = TEXTS[plan]
    changed = duplicated(text, name, "a copy")
    before, after = read(text, plan), read(changed, plan)
    assert kept_lines(text, changed)
    assert same_but_name(after.scenario("a copy"), before.scenario(name))
    assert [item for item in after.scenarios if item.name != "a copy"] == list(before.scenarios)
    assert (after.decision, after.baseline) == (before.decision, before.baseline)
    names = names_of(changed)
    assert names.index("a copy") == names.index(name) + 1
    of = f"scenario.{name}"
    copied = [note.key for note in after.assumption_notes if note.key.startswith("scenario.a copy")]
    assert copied == [
        note.key.replace(of, "scenario.a copy") for note in before.assumption_notes if note.key.startswith(f"{of}.")
    ]


@pytest.mark.parametrize(("plan", "name"), CASES)
def test_a_copy_that_is_removed_leaves_the_text_as_it_was(plan: str, name: str) -> None:
    text = with_decision_on(TEXTS[plan], decided_on(TEXTS[plan]))
    if name in [item["name"] for item in tomllib.loads(text).get("scenario", [])]:
        back = removed(duplicated(text, name, "a copy"), "a copy")
        assert back.rstrip("\n") == text.rstrip("\n")


@pytest.mark.parametrize(("plan", "name"), CASES)
def test_a_new_name_changes_nothing_else_and_the_old_one_brings_the_text_back(plan: str, name: str) -> None:
    text = TEXTS[plan]
    changed = renamed(text, name, "another name")
    before, after = read(text, plan), read(changed, plan)
    assert [item.name for item in after.scenarios] == [
        "another name" if item.name == name else item.name for item in before.scenarios
    ]
    assert all(same_but_name(*pair) for pair in zip(before.scenarios, after.scenarios, strict=True))
    expected = "another name" if before.decision.scenario == name else before.decision.scenario
    assert replace(after.decision, scenario="") == replace(before.decision, scenario="")
    assert after.decision.scenario == expected
    if name in [item["name"] for item in tomllib.loads(text).get("scenario", [])]:
        assert renamed(changed, "another name", name) == text


@given(name=NAMES, again=NAMES)
@settings(max_examples=15, deadline=None)
def test_any_name_can_be_given_and_taken_back(name: str, again: str) -> None:
    text = TEXTS["small"]
    if name in names_of(text) or again in (name, *names_of(text)):
        return
    changed = renamed(text, "route first", name)
    assert read(changed).decision.scenario == name
    assert renamed(changed, name, "route first") == text
    twice = duplicated(changed, name, again)
    assert removed(twice, again).rstrip("\n") == changed.rstrip("\n")


@pytest.mark.parametrize(
    "new", ["\u202eevil", 'a "quoted" \\ name', "a.b", "[[scenario]]\nname = 'x'", "<b>$1</b>", "é😀"]
)
def test_whatever_it_is_called_it_is_a_name(new: str) -> None:
    changed = duplicated(TEXTS["example"], "route first", new)
    assert new in names_of(changed)
    assert len(read(changed, "example").scenarios) == 4
    assert read(renamed(changed, new, "plain"), "example").scenario("plain")


def test_the_weight_of_a_scenario_follows_its_name_and_goes_with_it() -> None:
    assert dict(read(renamed(WEIGHED, "as is", "today")).decision.scenario_weights) == {
        "today": 0.3,
        "route first": 0.7,
    }
    more = duplicated(WEIGHED, "route first", "third")
    assert mentions_of(more, "third").weight is None
    decided = with_decision_on(more, "third")
    assert mentions_of(decided, "route first").weight == 0.7
    assert dict(read(removed(decided, "route first")).decision.scenario_weights) == {"as is": 1.0}


def test_the_only_weighed_scenario_is_not_removed() -> None:
    text = WEIGHED.replace('"as is" = 0.3, ', "")
    with pytest.raises(InputError, match=r"the only scenario that decision\.scenario_weights gives a weight"):
        removed(with_decision_on(duplicated(text, "as is", "third"), "third"), "route first")


def test_what_names_a_scenario_is_said_before_it_goes() -> None:
    said = mentions_of(TEXTS["example"], "route first")
    assert (said.is_decided, said.is_baseline, said.weight) == (True, False, None)
    assert said.assumptions == ("scenario.route first.route.triage.escalation",)
    other = with_decision_on(TEXTS["example"], "triage only")
    after = read(removed(other, "route first"), "example")
    assert "scenario.route first.route.triage.escalation" not in [note.key for note in after.assumption_notes]


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("route first", r"^the plan decides on 'route first': decide on another scenario first"),
        ("as is", r"^'as is' is the mix as it is, which everything is compared with: rename it instead"),
        ("nothing", r"^there is no scenario 'nothing' in this plan\. Known: as is, route first"),
    ],
)
def test_what_cannot_be_removed_says_why(name: str, says: str) -> None:
    with pytest.raises(InputError, match=says):
        removed(TEXTS["small"], name)


@pytest.mark.parametrize(
    ("new", "says"),
    [
        ("as is", r"^a scenario named 'as is' is there already"),
        (" \t", r"^a scenario needs a name"),
        ("x" * 201, r"^the name has 201 characters"),
    ],
)
def test_a_name_that_cannot_be_given_says_why(new: str, says: str) -> None:
    for change in (duplicated, renamed):
        with pytest.raises(InputError, match=says):
            change(TEXTS["small"], "route first", new)


def test_the_mix_as_it_is_becomes_a_table_where_something_is_done_to_it() -> None:
    text = TEXTS["three-years"]
    assert names_of(text) == ("as is",)
    copied = read(duplicated(text, "as is", "empty"), "three-years")
    assert [item.name for item in copied.scenarios] == ["as is", "empty"]
    assert (copied.baseline, copied.decision.scenario) == ("as is", "as is")
    assert read(renamed(text, "as is", "today"), "three-years").baseline == "today"


def test_a_scenario_without_levers_can_be_the_baseline_and_one_with_levers_cannot() -> None:
    text = duplicated(TEXTS["small"], "as is", "blank")
    changed = with_baseline(text, "blank")
    assert (baseline_of(text), baseline_of(changed)) == ("as is", "blank")
    assert with_baseline(changed, "as is") == text
    assert read(changed).decision == read(text).decision
    with pytest.raises(InputError, match=r"^'route first' has levers"):
        with_baseline(text, "route first")


def test_scenarios_on_one_line_are_changed_too() -> None:
    copied = duplicated(INLINE, "moved", "again")
    assert [item.name for item in read(copied).scenarios] == ["as is", "moved", "again"]
    assert decided_on(copied) == "moved"
    assert names_of(removed(copied, "again")) == ("as is", "moved")
    assert names_of(renamed(copied, "moved", "m")) == ("as is", "m", "again")
    assert decided_on(renamed(copied, "moved", "m")) == "m"


def test_a_free_name_is_free_and_no_longer_than_a_name_may_be() -> None:
    text = TEXTS["small"]
    assert free_name(text, "new") == "new"
    assert free_name(text, "as is") == "as is 2"
    longest = "x" * 200
    taken = duplicated(text, "as is", longest)
    assert free_name(taken, longest) == f"{'x' * 198} 2"
    duplicated(taken, "as is", free_name(taken, longest))
