"""Work in the background: one job a slot, stopped where it next reports, its result put on the screen by a run.

Jobs by themselves in their own thread; then pages by AppTest, with work held at a gate instead of work that is slow.
"""

import gc
import logging
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from planner.bundled import app_path
from planner.errors import InputError, UsageError
from planner.plan import Plan, build_plan
from planner.plan_file.loader import load_plan, parse_plan
from planner.report import headline
from planner.ui.arriving import uploaded
from planner.ui.levers import opportunities_section
from planner.ui.state import jobs, session
from planner.ui.state.jobs import Cancelled, Job, Outcome, Report
from planner.ui.state.shared import Shared
from tests.test_app import opened, unescaped, upload, words
from tests.test_contract_page import widget

SMALL = Path(__file__).parent / "plans" / "small.toml"
SECRET = "sk-ant-api03-of-nobody"
LONG = 60.0


class Gate:
    """Work that goes on reporting until it is let through, and how often it was begun and ended."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.reported = threading.Event()
        self.begun = 0
        self.ended = 0

    def hold(self, report: Report) -> None:
        self.begun += 1
        try:
            while not self.open.wait(0.01):
                report("simulating", 0.4)
                self.reported.set()
        finally:
            self.ended += 1

    def seen(self, app: AppTest) -> list[str]:
        """The bars of a run of the page that comes after the work has reported."""
        assert self.reported.wait(LONG)
        app.run()
        return bars(app)

    def before(self, work: Callable[..., Any], report_at: int) -> Callable[..., Any]:
        """The work, held at the gate first; report_at: which of its arguments reports."""

        def held(*args: Any, **kwargs: Any) -> Any:
            self.hold(args[report_at])
            return work(*args, **kwargs)

        return held


def job(make: Callable[[Report], Any], after: Job | None = None) -> Job:
    return Job(make, slot="test", key="a", what="a test", after=after)


def refuse(report: Report) -> None:
    raise InputError("contract.band[1]: no")


def fail(report: Report) -> None:
    raise ZeroDivisionError(SECRET)


# --- jobs by themselves -----------------------------------------------------------------------------------------------


def test_a_job_makes_something_or_is_refused_or_failed(caplog: pytest.LogCaptureFixture) -> None:
    made, refused, failed = job(lambda report: 7), job(refuse), job(fail)
    assert all(each.wait(LONG) for each in (made, refused, failed))
    assert made.outcome == Outcome(made=7)
    assert refused.outcome is not None
    assert str(refused.outcome.refused) == "contract.band[1]: no"
    assert failed.outcome is not None
    assert failed.outcome.made is failed.outcome.refused is None
    (record,) = (record for record in caplog.records if record.levelno == logging.ERROR)
    assert failed.outcome.fault in record.getMessage(), "the page names the line of the log"
    assert "ZeroDivisionError" in logging.Formatter().format(record), "which has the traceback"


def test_a_stopped_job_ends_at_its_next_report_whatever_mends_errors_on_the_way() -> None:
    gate = Gate()

    def stubborn(report: Report) -> str:
        try:
            gate.hold(report)
        except Exception:
            return "mended"
        return "let through"

    running = job(stubborn)
    running.stop()
    assert running.wait(LONG)
    assert running.outcome is None
    assert gate.ended == gate.begun
    with pytest.raises(Cancelled):
        running.report("anything", 0.5)


def test_a_job_begins_when_the_one_before_it_has_ended_and_can_be_stopped_while_it_waits() -> None:
    gate, begun = Gate(), threading.Event()
    deaf = job(lambda report: gate.open.wait(LONG))  # which does not report, so it cannot be stopped
    deaf.stop()
    waiting, patient = job(lambda report: begun.set(), deaf), job(lambda report: deaf.is_done, deaf)
    waiting.stop()
    assert waiting.wait(LONG)
    gate.open.set()
    assert patient.wait(LONG)
    assert patient.outcome == Outcome(made=True)
    assert not begun.is_set()


def test_a_session_that_goes_stops_its_jobs() -> None:
    held, gate = jobs._Jobs(), Gate()
    running = held.running["test"] = job(gate.hold)
    del held
    gc.collect()
    assert running.wait(LONG)
    assert running.outcome is None
    assert not gate.open.is_set()


def test_what_sessions_share_is_made_once_and_by_the_next_where_one_is_stopped() -> None:
    place, gate, made = Shared(), Gate(), []

    def make(report: Report) -> list[int]:
        gate.hold(report)
        made.append(1)
        return made

    first = job(lambda report: place.once("plan", lambda: make(report), report))
    others = [job(lambda report: place.once("plan", lambda: make(report), report)) for _ in range(3)]
    first.stop()
    assert first.wait(LONG)
    gate.open.set()
    assert all(other.wait(LONG) for other in others)
    assert [other.outcome for other in others] == [Outcome(made=made)] * 3
    assert made == [1]


# --- pages ------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def plan() -> Plan:
    return build_plan(load_plan(SMALL))


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> Iterator[AppTest]:
    """The app with its plan on the screen, and no patience from then on: what takes a while goes on after the run."""
    monkeypatch.setenv("PLANNER_PLAN", str(SMALL))
    found = opened(AppTest.from_file(str(app_path()), default_timeout=120), "contract")
    monkeypatch.setattr(jobs, "PATIENCE_SECONDS", 0.0)
    yield found
    st.cache_resource.clear()


@pytest.fixture
def edits(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    """A gate before edits are worked out."""
    gate = Gate()
    monkeypatch.setattr(session, "rebuilt", gate.before(session.rebuilt, 3))
    yield gate
    gate.open.set()


def apply(app: AppTest, overage: str = "committed") -> AppTest:
    widget(app, "selectbox", "overage").set_value(overage)
    app.button(key="apply_terms").click().run()
    assert not app.exception
    return app


def ended(app: AppTest, slot: str = jobs.CHANGE) -> AppTest:
    """A run of the page that found the job of a slot done: the last one, or this."""
    if slot in app.session_state["jobs"].running:
        assert app.session_state["jobs"].running[slot].wait(LONG)
        app.run()
    assert not app.exception
    return app


def bars(app: AppTest) -> list[str]:
    return [unescaped(bar.proto.text) for bar in app.get("progress")]


def said(app: AppTest) -> str:
    return unescaped("\n".join(item.value for item in app.info))


def test_an_edit_is_worked_out_while_the_plan_before_stays_on_every_page(app: AppTest, plan: Plan, edits: Gate) -> None:
    apply(app)
    assert edits.seen(app) == ["Working out contract terms: simulating, 40%"]
    for page in ("commit", "evidence", "contract"):
        text = words(opened(app, page))
        assert "Edited, not saved" not in text
        assert plan.inputs.sha256[:8] in text
        assert len(bars(app)) == 1
        assert app.button(key="cancel_change")
    assert widget(app, "selectbox", "overage").value == "committed", "what was typed stays"
    edits.open.set()
    ended(opened(app, "commit"))
    after = build_plan(parse_plan(app.session_state["loaded"].plan.inputs.text, base_dir=plan.inputs.base_dir))
    assert after.inputs.contract.overage == "committed"
    assert headline(after)[0] in words(app)
    assert not bars(app)
    assert edits.begun == 1


def test_a_cancelled_edit_leaves_the_plan_and_what_was_typed(app: AppTest, plan: Plan, edits: Gate) -> None:
    apply(app)
    app.button(key="cancel_change").click().run()
    assert not app.exception
    assert "Contract terms: cancelled. The plan on the screen is as it was." in said(app)
    assert not bars(app)
    assert app.session_state["loaded"].plan.inputs.sha256 == plan.inputs.sha256
    assert widget(app, "selectbox", "overage").value == "committed"
    edits.open.set()
    ended(apply(app))
    assert app.session_state["loaded"].plan.inputs.contract.overage == "committed"
    assert edits.ended == edits.begun


def test_a_double_click_is_one_job_and_another_edit_takes_the_place_of_the_first(app: AppTest, edits: Gate) -> None:
    apply(app)
    first = app.session_state["jobs"].running[jobs.CHANGE]
    apply(app)
    assert app.session_state["jobs"].running[jobs.CHANGE] is first
    widget(app, "number_input", "term_months").set_value(11)
    apply(app)
    assert "Contract terms: no longer worked out, since contract terms came after." in said(app)
    assert first.wait(LONG)
    edits.open.set()
    ended(app)
    assert app.session_state["loaded"].plan.inputs.contract.term_months == 11
    assert first.outcome is None


def test_a_refusal_is_said_where_it_was_typed(
    app: AppTest, plan: Plan, edits: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*args: Any) -> Any:
        edits.hold(args[3])
        raise InputError("contract.overage = committed: not today; ask tomorrow")

    monkeypatch.setattr(session, "rebuilt", refused)
    apply(app)
    opened(app, "commit")
    edits.open.set()
    ended(app)
    assert not any("not today" in item.value for item in app.error)
    for _ in range(2):
        opened(app, "contract")
        assert "contract.overage = committed: not today; ask tomorrow" in unescaped(app.error[0].value)
        assert widget(app, "selectbox", "overage").value == "committed"
    assert app.session_state["loaded"].plan.inputs.sha256 == plan.inputs.sha256


def test_a_fault_of_ours_is_said_without_what_it_holds(
    app: AppTest, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(session, "rebuilt", lambda *args: fail(args[3]))
    apply(app)
    ended(app)
    (error,) = (unescaped(item.value) for item in app.error)
    assert "The program failed while it worked out contract terms. That is its fault, not yours" in error
    assert SECRET not in error
    assert "ZeroDivisionError" not in error
    (record,) = (record for record in caplog.records if record.name == jobs.__name__)
    assert record.args
    assert str(record.args[0]) in error, "the mark in the log"


def test_what_was_worked_out_of_another_plan_is_not_put_on_the_screen(app: AppTest, edits: Gate) -> None:
    apply(app)
    upload(app, ("other.toml", SMALL.read_text(encoding="utf-8").replace("paths = 4_000", "paths = 2_000").encode()))
    assert "Contract terms: no longer worked out, since uploads came after." in said(app)
    ended(app)
    assert app.session_state["loaded"].plan.n_paths == 2_000
    edits.open.set()
    app.run()
    assert app.session_state["loaded"].plan.n_paths == 2_000


def test_an_upload_can_be_cancelled_and_begun_again(app: AppTest, plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    gate = Gate()
    monkeypatch.setattr(uploaded, "build_plan", gate.before(uploaded.build_plan, 1))
    other = SMALL.read_text(encoding="utf-8").replace("paths = 4_000", "paths = 2_000")
    upload(app, ("other.toml", other.encode()))
    assert gate.seen(app) == ["Working out uploads: simulating, 40%"]
    assert plan.inputs.sha256[:8] in words(app)
    app.button(key="cancel_change").click().run()
    assert "Uploads: cancelled." in said(app)
    app.button(key="start_again").click().run()
    assert bars(app)
    gate.open.set()
    ended(app)
    assert app.session_state["loaded"].plan.n_paths == 2_000
    assert not app.error


def test_a_result_that_is_asked_for_comes_by_itself_on_its_page(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    gate = Gate()
    monkeypatch.setattr(opportunities_section, "suggestion", gate.before(opportunities_section.suggestion, 2))
    opened(app, "levers").button(key="run_suggestion").click().run()
    assert gate.seen(app) == ["Simulating, 40%"]
    app.button(key="cancel_asked_suggestion").click().run()
    assert "Cancelled." in said(app)
    app.button(key="run_suggestion").click().run()
    opened(app, "commit")
    assert not bars(app), "it is no change of the plan"
    gate.open.set()
    assert app.session_state["jobs"].running["asked_suggestion"].wait(LONG)
    assert "Move now: 'triage' to claude-haiku-5-5" in words(opened(app, "levers"))
    assert gate.begun == gate.ended == 2


def test_a_log_that_could_not_be_read_can_be_asked_for_again(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(inputs: Any, prior: Any, report: Report) -> Any:
        raise UsageError("usage.sources: the log is gone")

    monkeypatch.setattr(opportunities_section, "suggestion", gone)
    opened(app, "levers").button(key="run_suggestion").click().run()
    ended(app, "asked_suggestion")
    assert "the log is gone" in said(app)
    assert app.button(key="run_suggestion")


def test_no_job_runs_with_anything_of_streamlit(app: AppTest, edits: Gate) -> None:
    """A thread without the context of a run: what asked the session there would find another, empty one."""
    apply(app)
    thread = next(each for each in threading.enumerate() if each.name == f"job {jobs.CHANGE}")
    assert not hasattr(thread, "streamlit_script_run_ctx")
    edits.open.set()
    ended(app)
