"""The plan's state at a glance: every step has a line, and each line follows what is in the plan."""

from collections.abc import Callable
from pathlib import Path

import pytest

from planner.bundled import data_path
from planner.evidence_reports.standings import route_standings, standings
from planner.plan import Plan, build_plan
from planner.plan_file.loader import load_plan, parse_plan
from planner.plan_state import MARK_WORDS, StepState, has_placeholder_terms, plan_state, state_sentence
from planner.ui.path import PATH

SMALL = Path(__file__).parent / "plans" / "small.toml"
TEXT = SMALL.read_text(encoding="utf-8").replace("paths = 4_000", "paths = 500")


def built(text: str) -> Plan:
    return build_plan(parse_plan(text, base_dir=SMALL.parent))


def states(plan: Plan) -> dict[str, StepState]:
    found = plan_state(plan, route_standings(plan.prepared, standings(plan.prepared)))
    assert [state.step for state in found] == [step.title for step in PATH[1:]], "a line for each step, in its order"
    for state in found:
        assert state.means.endswith(".")
        assert bool(state.missing) >= (state.mark in ("partly", "missing")), f"{state.step}: what is missing is said"
        assert bool(state.there) >= (state.mark in ("there", "partly", "later")), f"{state.step}: what is there is said"
    return {state.step: state for state in found}


def as_is_alone(text: str) -> str:
    start, end = text.index('[[scenario]]\nname = "route first"'), text.index("[contract]")
    return (text[:start] + text[end:]).replace('scenario = "route first"', "")


Edit = Callable[[str], str]
SOURCED = '[[assumption]]\nkey = "contract"\nsource = "{}"\non = 2026-11-20\n'
QUOTE = '[[offer]]\nname = "q"\ncommit_usd_per_year = 100_000\ndiscount_fraction = 0.05\n'
SIGNED = "[signed]\non = 2026-11-23\ncommit_usd_per_year = 100_000\n"
CASES: list[tuple[str, Edit, dict[str, str]]] = [
    ("as it is", lambda text: text, {"Usage": "partly", "Calibration": "partly", "Levers": "there", "Track": "later"}),
    ("no growth typed", lambda text: text.replace("growth_per_year", "# growth"), {"Calibration": "missing"}),
    ("no levers", as_is_alone, {"Levers": "missing", "Evidence": "later", "Compare": "missing"}),
    ("terms of nobody", lambda text: text, {"Contract": "partly"}),
    ("terms of somebody", lambda text: text + SOURCED.format("quote of 20 November"), {"Contract": "there"}),
    ("placeholders", lambda text: text + SOURCED.format("Placeholders of ours"), {"Contract": "missing"}),
    ("no quote", lambda text: text, {"Negotiate": "missing"}),
    ("a quote", lambda text: text + QUOTE, {"Negotiate": "there"}),
    ("signed", lambda text: text + SIGNED, {"Commit": "there", "Track": "there", "Negotiate": "later"}),
]


@pytest.mark.parametrize(("edit", "marks"), [case[1:] for case in CASES if case[2]], ids=[c[0] for c in CASES if c[2]])
def test_a_step_is_marked_by_what_the_plan_has(edit: Edit, marks: dict[str, str]) -> None:
    found = states(built(edit(TEXT)))
    assert {step: found[step].mark for step in marks} == marks


def test_a_mix_without_use_is_missing_and_says_what_that_means() -> None:
    lines = [("monthly_requests = 0" if "monthly_requests" in line else line) for line in TEXT.splitlines()]
    usage = states(built("\n".join(lines)))["Usage"]
    assert usage.mark == "missing"
    assert usage.means == "There is nothing to commit to."


@pytest.mark.parametrize("name", ["example", "signed"])
def test_the_bundled_plans_have_a_line_for_each_step(name: str) -> None:
    inputs = load_plan(data_path("plans", f"{name}.toml"))
    text = inputs.text.replace("paths = 100_000", "paths = 500").replace("paths = 16_384", "paths = 500")
    plan = build_plan(parse_plan(text, base_dir=inputs.base_dir))
    found = states(plan)
    assert has_placeholder_terms(plan) == (
        "placeholders" in inputs.text.split("[[assumption]]", 1)[-1] and name == "example"
    )
    if name == "example":
        assert found["Usage"].there.startswith("5 whole months measured")
        assert found["Contract"].mark == "missing"
        assert found["Evidence"].there.startswith("1 of 3 routes")
    else:
        assert found["Track"].there.startswith("Signed on 2026-06-30")


def test_the_sentence_counts_what_counts() -> None:
    plan = built(TEXT)
    found = plan_state(plan, route_standings(plan.prepared, standings(plan.prepared)))
    sentence = state_sentence(found)
    counting = [state for state in found if state.mark != "later"]
    assert sentence.startswith(f"{sum(state.mark == 'there' for state in counting)} of {len(counting)} steps")
    for state in counting:
        assert (state.step in sentence) == (state.mark != "there")
    assert state_sentence([state for state in found if state.mark in ("there", "later")]).startswith("Every step")


def test_a_long_name_is_cut_and_every_mark_has_a_word() -> None:
    name = "n" * 190
    found = states(built(TEXT.replace("route first", name)))
    assert all(len(state.there) < 130 for state in found.values())
    assert len(set(MARK_WORDS.values())) == len(MARK_WORDS) == 4
