"""Drafts: what the browser is given to keep, what it may send back, and how a draft becomes the plan on the screen."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from hypothesis import given
from hypothesis import strategies as some
from streamlit.testing.v1 import AppTest

from planner.bundled import app_path
from planner.machine import plan_json
from planner.plan_file.text import with_usage_sources
from planner.report import headline
from planner.ui.state.drafts import Draft, drafts_in
from planner.ui.state.drafts_script import LONGEST_DRAFT, MOST_OFFERED
from tests.test_app import opened, unescaped, upload, words
from tests.test_contract_page import widget
from tests.test_usage_page import log_plan, own_csv, typed_plan

SMALL = Path(__file__).parent / "plans" / "small.toml"
SENT = {"id": "a", "text": "format = 1", "name": "Mine", "opened": "0" * 64, "reads": ["log.csv"], "kept": 1.8e12}


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Path], AppTest]]:
    def started(path: Path) -> AppTest:
        monkeypatch.setenv("PLANNER_PLAN", str(path))
        return AppTest.from_file(str(app_path()), default_timeout=120)

    yield started
    st.cache_resource.clear()


def given_to_keep(app: AppTest) -> dict[str, Any]:
    """What a run gave to the browser, and what the browser would keep of it."""
    (mounted,) = app.get("bidi_component")
    return dict(json.loads(mounted.proto.json))


def kept_draft(app: AppTest) -> Draft:
    """The draft that the browser would offer to the next session."""
    found = given_to_keep(app)
    (draft,) = drafts_in([{**found["draft"], "id": found["session"], "kept": 1.8e12}], UTC)
    return draft


def next_session(app: AppTest, draft: Draft) -> AppTest:
    app.session_state["drafts_found"] = [draft]
    return app


def edited(app: AppTest, percent: float = 80.0) -> AppTest:
    opened(app, "contract")
    widget(app, "number_input", "eligible_fraction").set_value(percent)
    app.button(key="apply_terms").click().run()
    assert not app.exception
    return app


# --- what is kept -----------------------------------------------------------------------------------------------------


def test_only_a_plan_that_is_not_saved_is_kept_and_no_page_sends_it_anew(app: Callable[[Path], AppTest]) -> None:
    page = opened(app(SMALL), "contract")
    assert given_to_keep(page)["draft"] is None
    edited(page)
    given = given_to_keep(page)
    assert "eligible_fraction = 0.8" in given["draft"]["text"]
    assert given["draft"]["name"] == "Support assistant, small"
    assert given["draft"]["reads"] == []
    opened(page, "commit")
    assert given_to_keep(page) == given, "equal data is no news to the browser"
    page.button(key="undo").click().run()
    assert given_to_keep(page)["draft"] is None


def test_two_sessions_keep_under_names_of_their_own(app: Callable[[Path], AppTest]) -> None:
    one, two = edited(app(SMALL), 80.0), edited(app(SMALL), 70.0)
    assert given_to_keep(one)["session"] != given_to_keep(two)["session"]
    assert "0.7" not in given_to_keep(one)["draft"]["text"].split("[contract]")[1].split("[[")[0]


def test_a_plan_with_an_uploaded_log_says_what_it_reads(app: Callable[[Path], AppTest], tmp_path: Path) -> None:
    plan = typed_plan(tmp_path)
    page = opened(app(plan), "contract")
    upload(page, ("mine.csv", own_csv()))
    assert "Not saved" in words(page)
    draft = kept_draft(page)
    assert draft.reads == ("mine.csv",)
    assert draft.text == with_usage_sources(plan.read_text(encoding="utf-8"), ["mine.csv"], keep_selection=True)
    assert str(tmp_path) not in json.dumps(given_to_keep(page))


# --- what is sent back ------------------------------------------------------------------------------------------------


def test_what_was_kept_is_read_as_it_was() -> None:
    (draft,) = drafts_in([SENT], UTC)
    when = datetime(2027, 1, 15, 8, tzinfo=UTC)
    assert draft == Draft(id="a", text="format = 1", name="Mine", opened="0" * 64, reads=("log.csv",), kept=when)


@pytest.mark.parametrize(
    "change",
    [
        {"text": None}, {"text": "x" * (LONGEST_DRAFT + 1)}, {"id": 3}, {"name": ["a"]}, {"opened": {}},
        {"reads": "log.csv"}, {"reads": [1]}, {"reads": ["a"] * 21}, {"kept": "now"}, {"kept": True}, {"kept": 1e300},
        {"kept": float("nan")}, {"kept": -1e18}, {"kept": None},
    ],
)  # fmt: skip
def test_what_is_no_draft_is_left_out(change: dict[str, Any]) -> None:
    other = {**SENT, "id": "b"}
    assert [draft.id for draft in drafts_in([{**SENT, **change}, other], UTC)] == ["b"]


JSON = some.recursive(
    some.none() | some.booleans() | some.floats() | some.text(max_size=5),
    lambda inner: some.lists(inner, max_size=6) | some.dictionaries(some.sampled_from(list(SENT)), inner, max_size=6),
)


@given(JSON)
def test_whatever_a_browser_sends_is_read_as_drafts_or_left_out(sent: Any) -> None:
    found = list(drafts_in(sent, UTC))
    assert len(found) <= MOST_OFFERED
    assert all(isinstance(draft.text, str) and isinstance(draft.kept, datetime) for draft in found)


# --- taking back ------------------------------------------------------------------------------------------------------


def test_a_draft_is_offered_and_taken_back_as_the_edit_that_it_was(app: Callable[[Path], AppTest]) -> None:
    before = edited(app(SMALL))
    said = headline(before.session_state["loaded"].plan)
    page = opened(next_session(app(SMALL), kept_draft(before)), "contract")
    assert "Unsaved edits of 'Support assistant, small'" in words(page)
    assert said[0] not in words(page), "nothing is taken that was not asked for"
    page.button(key="take_draft_0").click().run()
    assert not page.exception
    assert said[0] in words(page)
    assert widget(page, "number_input", "eligible_fraction").value == 80.0
    assert "Edited, not saved." in words(page)
    assert "Unsaved edits of" not in words(page)
    assert given_to_keep(page)["drop"] == [given_to_keep(before)["session"]], "this session keeps it now"
    page.button(key="undo").click().run()
    assert widget(page, "number_input", "eligible_fraction").value == 100.0


def test_a_draft_is_dropped(app: Callable[[Path], AppTest]) -> None:
    draft = kept_draft(edited(app(SMALL)))
    page = opened(next_session(app(SMALL), draft), "contract")
    page.button(key="drop_draft_0").click().run()
    assert "Unsaved edits of" not in words(page)
    assert given_to_keep(page)["drop"] == [draft.id]


def test_a_draft_of_another_plan_is_taken_as_an_upload_is(app: Callable[[Path], AppTest]) -> None:
    draft = kept_draft(edited(app(SMALL)))
    other = replace(draft, opened="f" * 64, text=draft.text.replace(", small", ", another"), name="another")
    page = opened(next_session(app(SMALL), other), "contract")
    page.button(key="take_draft_0").click().run()
    assert "Support assistant, another" in words(page)
    assert "Not saved." in words(page), "a draft is in no file"
    page.button(key="undo").click().run()
    assert "Support assistant, small" in words(page)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("not = [toml", "not valid TOML"),
        ('format = 1\n[usage]\nsources = ["/etc/passwd"]\n', "plan"),
        ("format = 2\n", "reads format 1"),
    ],
)
def test_a_hostile_draft_is_refused_as_a_hostile_upload_is(
    app: Callable[[Path], AppTest], text: str, says: str
) -> None:
    name = "<script>a()</script> **[x](http://x.example)**"
    (draft,) = drafts_in([{**SENT, "text": text, "name": name, "reads": []}], UTC)
    page = opened(next_session(app(SMALL), draft), "contract")
    assert not any(name in item.value for item in page.markdown)
    page.button(key="take_draft_0").click().run()
    assert not page.exception
    assert says in unescaped(page.error[0].value)
    assert "Support assistant, small" in words(page)
    assert "Unsaved edits of" in words(page), "it stays until it is dropped"


def test_a_draft_cannot_name_a_file_of_the_machine(app: Callable[[Path], AppTest], tmp_path: Path) -> None:
    (tmp_path / "secret.csv").write_bytes(own_csv())
    text = with_usage_sources(SMALL.read_text(encoding="utf-8"), [str(tmp_path / "secret.csv")], keep_selection=True)
    for reads in ((), ("mine.csv",), (str(tmp_path / "secret.csv"),)):
        (draft,) = drafts_in([{**SENT, "text": text, "reads": list(reads)}], UTC)
        page = opened(next_session(app(SMALL), draft), "contract")
        page.button(key="take_draft_0").click().run()
        assert page.session_state["loaded"].origin == "file"
        assert page.error, "it is refused"


@pytest.mark.parametrize("is_other_plan", [False, True])
def test_a_draft_whose_log_was_uploaded_says_which_file_it_needs_and_takes_it(
    app: Callable[[Path], AppTest], tmp_path: Path, is_other_plan: bool
) -> None:
    (tmp_path / "other").mkdir()
    before = opened(app(typed_plan(tmp_path)), "contract")
    upload(before, ("mine.csv", own_csv()))
    edited(before)
    was = before.session_state["loaded"].plan
    started_with = log_plan(tmp_path / "other") if is_other_plan else tmp_path / "plan.toml"
    page = opened(next_session(app(started_with), kept_draft(before)), "contract")
    assert "They read mine.csv, which went with that session" in words(page)
    page.button(key="take_draft_0").click().run()
    assert "mine.csv" in unescaped(page.error[0].value)
    assert "bring it again" in unescaped(page.error[0].value)
    upload(page, ("mine.csv", own_csv()))
    assert page.session_state["loaded"].plan.inputs.contract != was.inputs.contract
    page.button(key="take_draft_0").click().run()
    assert not page.exception
    assert not page.error
    taken = page.session_state["loaded"].plan
    assert taken.inputs.text == was.inputs.text
    assert plan_json(taken) == plan_json(was)
