"""Undo and redo: a history of plans under its laws, and in the app over every kind of change."""

import json
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
import tomlkit
from hypothesis import assume, given, settings
from hypothesis import strategies as some
from streamlit.testing.v1 import AppTest

from planner.bundled import app_path, data_path
from planner.errors import InputError
from planner.inputs import PlanInputs
from planner.machine import plan_json
from planner.plan import build_plan
from planner.plan_file.loader import load_plan, parse_plan
from planner.plan_file.quote_text import with_offer
from planner.plan_file.signed_text import with_signed
from planner.plan_file.text import with_contract
from planner.simulation import KeptPaths
from planner.ui.arriving.uploads import Upload, plan_of
from planner.ui.state import session
from planner.ui.state.history import MOST_HELD, MOST_STEPS, History, Step
from planner.ui.state.session import Loaded
from tests.test_app import opened, unescaped, upload, words
from tests.test_contract_page import widget

SMALL = Path(__file__).parent / "plans" / "small.toml"


def quiet(step: str, done: float) -> None:
    """Nobody watches."""


def makes(value: str, made: list[str]) -> Callable[[], Callable[[object], str]]:
    def make(report: object) -> str:
        made.append(value)
        return value

    return lambda: make


@given(some.lists(some.one_of(some.sampled_from(["undo", "redo"]), some.integers(0, 3)), max_size=150))
def test_a_history_is_two_stacks(commands: list[str | int]) -> None:
    made: list[str] = []
    history: History[str] = History()
    history.add(Step(what="start", key="s", again=makes("s", made)), "s")
    back, here, onward = [], "s", []  # the model: two stacks and what is between them
    for number, command in enumerate(commands):
        if isinstance(command, int):
            key = here if command == 0 else f"{command}:{number}"  # 0: the plan that is there, once more
            history.add(Step(what=key, key=key, again=makes(key, made)), key)
            if key != here:
                back, here, onward = [*back, here], key, []
        elif step := history.at(-1 if command == "undo" else 1):
            shown = history.of(step)(quiet)
            history.go(-1 if command == "undo" else 1, shown)
            assert shown == step.key, "the same, held or worked out again"
            if command == "undo":
                back, here, onward = back[:-1], back[-1], [here, *onward]
            else:
                back, here, onward = [*back, here], onward[0], onward[1:]
        back = back[-(MOST_STEPS - 1 - len(onward)) :]
        assert history.at(0).key == here
        assert (history.at(-1) is None) == (not back)
        assert (history.at(1) is None) == (not onward)
        assert len(history.held) <= MOST_HELD + 1
        assert len(history.steps) <= MOST_STEPS
        assert here in history.held


def test_old_plans_are_let_go_and_worked_out_again() -> None:
    made: list[str] = []
    history: History[str] = History()
    for key in "abcdefgh":
        history.add(Step(what=key, key=key, again=makes(key, made)), key)
    for key in "gfedcba":
        history.go(-1, history.of(history.at(-1))(quiet))
        assert history.at(0).key == key
    assert made == list("cba"), "those that are no longer held, and no other"
    assert history.at(-1) is None
    with pytest.raises(IndexError, match="no step"):
        history.go(-1, "")


# --- the session ------------------------------------------------------------------------------------------------------


def contract(text: str) -> str:
    return with_contract(text, {**tomllib.loads(text)["contract"], "eligible_fraction": 0.8})


def levers(text: str) -> str:
    return text.replace("share = { p10 = 0.80, p90 = 0.95 }", "share = { p10 = 0.50, p90 = 0.60 }")


def quotes(text: str) -> str:
    return with_offer(text, {"name": "Account team", "commit_usd_per_year": 100_000.0})


def signed(text: str) -> str:
    return with_signed(text, date(2026, 11, 24), [100_000.0])


def seed(text: str) -> str:
    return text.replace("seed = 20261123", "seed = 7")


def scenario(text: str) -> str:
    return text.replace('scenario = "route first"', 'scenario = "as is"')


EDITS = (contract, levers, quotes, seed, signed, scenario)
"""Those of contract, levers, quotes and signing come back to the simulated paths that they leave as they are."""


def the_session_through_every_step() -> None:
    """Edits, another plan, edits of that; all the way back and all the way on again."""
    session.show_plan(small(), what="the start")
    assert (session.undoable(), session.redoable(), session.is_saved()) == (None, None, True)
    shown = [now()]
    for edit in EDITS:
        session.show_plan(session.edit_of(edit(session.loaded().plan.inputs.text))(nobody), what=edit.__name__)
        assert not session.is_saved()
        shown.append(now())
    session.undo_edit()
    assert now()[:2] == shown[0][:2]
    assert session.is_saved()
    shown.append(now())
    session.show_plan(another(), what="uploads")
    assert session.is_saved()
    shown.append(now())
    session.show_plan(session.edit_of(EDITS[0](session.loaded().plan.inputs.text))(nobody), what="contract")
    shown.append(now())
    names = [
        "the start",
        *(edit.__name__ for edit in EDITS),
        "back to the plan as it was opened",
        "uploads",
        "contract",
    ]
    for place in reversed(range(len(shown))):
        assert now() == shown[place], f"undo is at {place}"
        assert session.undoable() == (names[place] if place else None)
        assert session.redoable() == (names[place + 1] if place + 1 < len(names) else None)
        step(-1)
    for place, before in enumerate(shown):
        assert now() == before, f"redo is at {place}"
        step(1)
    step(-1)
    step(-1)
    session.mark_saved()
    session.show_plan(session.edit_of(EDITS[2](session.loaded().plan.inputs.text))(nobody), what="quotes")
    assert session.redoable() is None, "what was undone is gone once something else is changed"
    assert not session.is_saved()
    step(-1)
    assert session.is_saved()
    st.write("through")


def step(offset: int) -> None:
    """Undo or redo, where there is something."""
    if (work := session.step_work(offset)) is not None:
        session.go(offset, work(nobody))


def nobody(part: str, done: float) -> None:
    """Nobody watches."""


def now() -> tuple[str, str, str]:
    """The plan on the screen: its text, everything that it came to, and what it says was changed."""
    current = session.loaded()
    return current.plan.inputs.text, json.dumps(plan_json(current.plan)), current.what


@cache
def small() -> Loaded:
    return _loaded("a", SMALL.read_text(encoding="utf-8"))


@cache
def another() -> Loaded:
    return _loaded("b", SMALL.read_text(encoding="utf-8").replace(", small", ", another").replace("400_000", "500_000"))


def _loaded(key: str, text: str) -> Loaded:
    kept = KeptPaths()
    plan = build_plan(parse_plan(text, base_dir=SMALL.parent), kept=kept)
    return Loaded(plan=plan, key=key, origin="file", kept=kept, is_file=True)


def test_every_change_is_undone_and_done_again_to_the_same_numbers() -> None:
    assert len(EDITS) + 3 > MOST_HELD + 1, "some steps have to be worked out again"
    script = "from tests.test_undo import the_session_through_every_step as go\n\ngo()\n"
    app = AppTest.from_string(script, default_timeout=120).run()
    assert not app.exception, [error.message for error in app.exception]
    assert app.markdown[0].value == "through"


# --- the app ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> Iterator[AppTest]:
    monkeypatch.setenv("PLANNER_PLAN", str(SMALL))
    yield AppTest.from_file(str(app_path()), default_timeout=120)
    st.cache_resource.clear()


def bar(app: AppTest) -> dict[str, bool]:
    """Buttons of the bar by key, and whether they can be pressed."""
    return {item.key: not item.disabled for item in app.button if item.key in ("undo", "redo", "undo_edits")}


def test_the_bar_undoes_terms_and_uploads_and_what_is_in_the_fields_follows(app: AppTest, monkeypatch: Any) -> None:
    opened(app, "contract")
    assert bar(app) == {}, "nothing was done"
    widget(app, "number_input", "eligible_fraction").set_value(80.0)
    app.button(key="apply_terms").click().run()
    assert bar(app) == {"undo": True, "undo_edits": True}
    assert "contract terms" in app.button(key="undo").help
    assert any(badge.value == ":orange-badge[:material/edit: Unsaved changes]" for badge in app.sidebar.markdown)
    other = SMALL.read_text(encoding="utf-8").replace(", small", ", another")
    upload(app, ("other.toml", other.encode()))
    assert "another" in words(app)
    assert "Not saved" not in words(app)
    assert bar(app) == {"undo": True}
    app.button(key="undo").click().run()
    assert "another" not in words(app)
    assert widget(app, "number_input", "eligible_fraction").value == 80.0
    assert "Edited, not saved." in words(app)
    assert app.file_uploader(key="uploads_1").value == [], "the file is not there to be taken once more"
    app.button(key="undo").click().run()
    assert widget(app, "number_input", "eligible_fraction").value == 100.0
    assert bar(app) == {"undo": False, "redo": True}
    app.button(key="redo").click().run()
    app.button(key="redo").click().run()
    assert not app.exception
    assert "another" in words(app)
    assert bar(app) == {"undo": True}
    app.button(key="reset").click().run()
    assert "another" not in words(app)
    app.button(key="undo").click().run()
    assert "another" in words(app), "the way back to the opening plan is a step too"


def test_dropping_all_edits_is_itself_undone(app: AppTest) -> None:
    opened(app, "contract")
    widget(app, "number_input", "eligible_fraction").set_value(80.0)
    app.button(key="apply_terms").click().run()
    app.button(key="undo_edits").click().run()
    assert "Edited, not saved." not in words(app)
    app.button(key="undo").click().run()
    assert "Edited, not saved." in words(app)
    assert widget(app, "number_input", "eligible_fraction").value == 80.0


def test_a_plan_of_a_newer_version_is_refused_with_both_versions_and_the_plan_stays(app: AppTest) -> None:
    opened(app, "contract")
    newer = SMALL.read_text(encoding="utf-8").replace("format = 1", "format = 2")
    upload(app, ("newer.toml", newer.encode()))
    said = unescaped(app.error[0].value)
    assert "format = 2" in said
    assert "reads format 1" in said
    assert "Support assistant, small" in words(app)
    assert bar(app) == {}


# --- the file ---------------------------------------------------------------------------------------------------------


def through_a_file(text: str, base: PlanInputs) -> PlanInputs:
    """A text as it is downloaded and uploaded again."""
    return plan_of(Upload(name="mine.toml", data=text.encode()), base.base_dir, base)


PLANS = (SMALL, *sorted(data_path("plans", "example.toml").parent.glob("*.toml")))


@pytest.mark.parametrize("path", PLANS, ids=lambda path: path.name)
def test_a_plan_that_is_taken_away_and_uploaded_again_is_the_same_plan(path: Path) -> None:
    inputs = load_plan(path)
    again = through_a_file(inputs.text, inputs)
    assert again.sha256 == inputs.sha256
    assert replace(again, files=inputs.files) == inputs


@pytest.mark.parametrize("edit", EDITS)
def test_an_edited_plan_that_is_uploaded_again_has_the_same_results(edit: Callable[[str], str]) -> None:
    before = parse_plan(edit(SMALL.read_text(encoding="utf-8")), base_dir=SMALL.parent)
    again = through_a_file(before.text, before)
    assert again.sha256 == before.sha256
    assert plan_json(build_plan(again)) == plan_json(build_plan(before))


@settings(max_examples=15)
@given(some.text(min_size=1, max_size=60), some.sampled_from(["\n", "\r\n"]), some.text(max_size=60))
def test_no_character_of_a_plan_is_lost_on_the_way(name: str, newline: str, comment: str) -> None:
    base = small().plan.inputs
    noted = "".join(char for char in comment if char.isprintable() and char not in "\ufeff")
    text = SMALL.read_text(encoding="utf-8").replace("\n", newline) + f"# {noted}{newline}"
    text = text.replace('"Support assistant, small"', tomlkit.string(name).as_string())
    try:
        before = through_a_file(text, base)
    except InputError:
        assume(False)
    assert before.text == text
    again = through_a_file(before.text, base)
    assert (again.sha256, again.name) == (before.sha256, before.name)
