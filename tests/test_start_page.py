"""The page Start: its three doors open plans, what is typed stays, and each step of the path has its line."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from planner.bundled import app_path, data_path
from planner.evidence_reports.standings import route_standings, standings
from planner.plan import build_plan
from planner.plan_file.loader import load_plan, parse_plan
from planner.plan_file.typed_plan import COLUMNS, typed_plan_text
from planner.plan_state import MARK_WORDS, plan_state, state_sentence
from planner.prices import PriceBook
from planner.report import headline
from planner.ui.path import PATH, Step
from planner.ui.start.examples import EXAMPLES
from tests.test_app import opened, unescaped, words
from tests.test_typed_plan import DAY, GOOD

SMALL = Path(__file__).parent / "plans" / "small.toml"


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> Iterator[AppTest]:
    monkeypatch.setenv("PLANNER_PLAN", str(SMALL))
    yield AppTest.from_file(str(app_path()), default_timeout=120)
    st.cache_resource.clear()


def typed(app: AppTest, *rows: dict[str, Any]) -> AppTest:
    """The table of the third door as it stands after rows were typed; AppTest cannot type into one."""
    opened(app, "")
    app.session_state["by_hand_typed"] = [dict(row) for row in rows]
    app.button(key="door_type").click().run()
    return app


def pressed(app: AppTest, key: str) -> AppTest:
    app.button(key=key).click().run()
    assert not app.exception, [error.message for error in app.exception]
    return app


def test_the_conclusion_stands_first_and_every_step_has_its_line_and_link(app: AppTest) -> None:
    plan = build_plan(load_plan(SMALL))
    states = plan_state(plan, route_standings(plan.prepared, standings(plan.prepared)))
    text = words(opened(app, ""))
    assert headline(plan)[0] in text
    assert state_sentence(states) in text
    for state in states:
        (line,) = (
            line for line in text.splitlines() if state.there in line and f"**{MARK_WORDS[state.mark]}.**" in line
        )
        assert not state.missing or state.missing[1:] in line
    links = [link.proto.label for link in app.get("page_link")]
    assert links[: len(PATH) - 1] == [step.title for step in PATH[1:]]


def test_a_plan_typed_by_hand_is_priced_and_takes_the_place_of_the_plan(app: AppTest) -> None:
    pressed(typed(app, GOOD, {}), "price_by_hand")
    text = typed_plan_text([GOOD], None, name="Typed by hand", on=DAY, book=PriceBook.load("anthropic"))
    plan = build_plan(parse_plan(text, base_dir=Path()))
    shown = words(app)
    assert headline(plan)[0] in shown
    assert "the contract is a placeholder, not yours" in shown, "on every page, in the sidebar"
    assert "placeholders, not an offer" in shown, "and at a glance"
    assert plan.inputs.sha256[:8] in shown
    assert app.session_state["by_hand_typed"][0] == GOOD, "what was typed stays, to be changed"
    text = words(opened(app, "usage"))
    assert "support on claude-opus-5-5" in text
    pressed(app, "reset")
    assert headline(build_plan(load_plan(SMALL)))[0] in words(opened(app, ""))


def test_a_mistake_is_told_by_row_and_nothing_typed_is_lost(app: AppTest) -> None:
    wrong = [GOOD, GOOD | {"request_type": "other", "output_tokens": None}]
    pressed(typed(app, *wrong), "price_by_hand")
    (error,) = app.error
    assert "Not priced yet; the plan on the screen is as it was" in error.value
    assert "Row 2: Output tokens is empty: type the mean" in words(app)
    assert app.session_state["by_hand_typed"] == wrong
    assert headline(build_plan(load_plan(SMALL)))[0] in words(app)
    opened(app, "commit")
    opened(app, "")
    assert app.session_state["by_hand_typed"] == wrong, "also while another page was looked at"
    assert "Row 2: Output tokens is empty" in words(app)
    pressed(app, "clear_by_hand")
    assert not app.error
    assert all(row.get(name) is None for row in app.session_state["by_hand_typed"] for name in COLUMNS)


def test_growth_of_one_side_is_not_taken_for_a_range(app: AppTest) -> None:
    typed(app, GOOD)
    app.number_input(key="by_hand_growth_low").set_value(20.0).run()
    pressed(app, "price_by_hand")
    assert "Growth: only the low figure is typed" in words(app)
    app.number_input(key="by_hand_growth_high").set_value(60.0).run()
    pressed(app, "price_by_hand")
    assert "Growth as you typed it." in words(app)


def test_an_example_opens_and_the_way_back_is_there(app: AppTest) -> None:
    pressed(opened(app, ""), "open_signed")
    text = words(app)
    assert "Claims desk 2026/27" in text
    assert "A bundled example, synthetic" in text
    assert "Signed on 2026-06-30" in text
    pressed(app, "reset")
    assert "Support assistant, small" in words(app)


def test_the_door_to_the_opening_plan_leads_back_to_it(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLANNER_PLAN", str(data_path("plans", "signed.toml")))
    pressed(typed(app, GOOD), "price_by_hand")
    pressed(app, "open_signed")
    assert "Claims desk 2026/27" in words(app)
    assert "reset" not in [button.key for button in app.button]


def test_every_bundled_plan_has_a_door() -> None:
    files = {path.name for path in data_path("plans").glob("*.toml")}
    assert {example.file for example in EXAMPLES} == files
    assert all(example.about.endswith((".", "?")) for example in EXAMPLES)


def test_a_pull_without_a_key_says_which_key_and_where(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ANTHROPIC_ADMIN_KEY", "ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    pressed(opened(app, ""), "door_log")
    app.segmented_control(key="door").set_value("Pull from Anthropic").run()
    text = words(app)
    assert "Set ANTHROPIC_ADMIN_KEY there" in text
    assert "start the app again" in text
    assert "A key is never typed here" in text
    assert "take_pull" not in [button.key for button in app.button]


def test_terms_get_a_source_on_their_page_and_are_there_from_then_on(app: AppTest) -> None:
    pressed(typed(app, GOOD), "price_by_hand")
    opened(app, "contract")
    assert "These terms are placeholders, nobody's offer" in words(app)
    pressed(app, "apply_terms_source")
    assert "Nothing was written." in words(app)
    (field,) = (item for item in app.text_input if item.key and item.key.startswith("terms_source"))
    field.set_value("**quote** of [ours](http://x.y)").run()
    pressed(app, "apply_terms_source")
    assert "Where these terms come from: **quote** of [ours](http⁠://x.y), 2026-11-24." in words(app)
    assert app.session_state["loaded"].what == "where the terms come from"
    text = words(opened(app, ""))
    assert "placeholders, not an offer" not in text
    assert "from '**quote** of [ours]" in text


@pytest.mark.parametrize("step", PATH, ids=lambda step: step.title)
def test_every_page_says_its_purpose_in_one_sentence_and_its_conclusion_first(app: AppTest, step: Step) -> None:
    opened(app, "" if step is PATH[0] else step.url)
    purpose, conclusion = [unescaped(item.value) for item in app.main.markdown][:2]
    assert re.fullmatch(r"[^.]+\.", purpose), "one sentence"
    assert re.fullmatch(r"\*\*.+\*\*", conclusion), "the conclusion stands out, and comes first"
    assert len(conclusion) > 30
