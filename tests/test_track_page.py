"""The page Track: what was signed typed in, what was used given, the conclusion first, and what is taken away."""

import json
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from hypothesis import given, settings
from hypothesis import strategies as some
from streamlit.testing.v1 import AppTest
from test_tracking_charts import shown
from trackings import tracking

from planner.bundled import app_path
from planner.errors import InputError
from planner.inputs import PlanInputs, UsageInputs
from planner.plan_file.loader import load_plan, parse_plan
from planner.plan_file.signed_text import with_signed
from planner.tracking.months.month_log import append, default_log, read_log
from planner.tracking.track import log_entry
from planner.tracking.tracking import Tracking
from planner.tracking_reports.burn_down import burn_down_table
from planner.tracking_reports.conclusion import headline
from planner.tracking_reports.told import track_sentences
from planner.tracking_reports.track_json import track_json
from planner.ui.track import track_given
from planner.ui.track.track_page import json_bytes
from planner.ui.track.track_results import now_against_signing
from planner.words import percent
from tests.test_app import opened, unescaped, words

SMALL = Path(__file__).parent / "plans" / "small.toml"
SIGNED = "\n[signed]\non = 2026-11-24   # the day\ncommit_usd_per_year = 160_000\n"
LOG = b'{"timestamp":"2027-01-01T00:00:00Z","request_type":"triage","model":"claude-opus-5-5","requests":1}\n'


def text_of(extra: str = "") -> str:
    return SMALL.read_text(encoding="utf-8").replace("paths = 4_000", "paths = 512") + extra


# --- what was signed --------------------------------------------------------------------------------------------------


@settings(max_examples=20)
@given(
    some.sampled_from(
        ["", SIGNED, "\n[signed]\non = 2020-01-01\ndiscount_fraction = 0.5\ncommit_usd_per_year = [1, 2]\n"]
    ),
    some.dates(date(2020, 1, 1), date(2030, 1, 1)),
    some.lists(some.floats(0, 1e9), min_size=1, max_size=3),
    some.none() | some.floats(0, 0.9),
)
def test_what_was_signed_is_written_and_nothing_else_moves(
    extra: str, on: date, commits: list[float], discount: float | None
) -> None:
    before = text_of(extra)
    after = with_signed(before, on, commits, discount)
    wanted: dict[str, Any] = {"on": on, "commit_usd_per_year": commits[0] if len(commits) == 1 else commits}
    found = tomllib.loads(after)
    assert found["signed"] == wanted | ({} if discount is None else {"discount_fraction": discount})
    assert found | {"signed": None} == tomllib.loads(before) | {"signed": None}
    assert [line for line in before.splitlines() if line.startswith("#")] == [
        line for line in after.splitlines() if line.startswith("#")
    ]


def test_a_table_on_one_line_is_changed_too() -> None:
    before = "signed = { on = 2026-01-01, commit_usd_per_year = 1 }\n" + text_of()
    after = tomllib.loads(with_signed(before, date(2026, 2, 2), [5.0]))
    assert after["signed"] == {"on": date(2026, 2, 2), "commit_usd_per_year": 5.0}
    assert after["plan"] == tomllib.loads(before)["plan"]


# --- the page ---------------------------------------------------------------------------------------------------------


@dataclass
class Pipeline:
    """Stands for the pipeline of tracking: keeps what it is asked, and says what it is told to."""

    says: Tracking = field(default_factory=lambda: shown(tracking()))
    refuses: str = ""
    asked: list[dict[str, Any]] = field(default_factory=list)

    def __call__(self, inputs: PlanInputs, usage: UsageInputs | None, **asked: Any) -> Tracking:
        self.asked.append({"inputs": inputs, "usage": usage} | asked)
        asked["progress"]("reading", 0.5)
        if self.refuses:
            raise InputError(self.refuses.format(folder=usage.source.base_dir if usage else "", usage=usage))
        return self.says


@pytest.fixture
def pipeline(monkeypatch: pytest.MonkeyPatch) -> Pipeline:
    made = Pipeline()
    monkeypatch.setattr(track_given, "track", made)
    return made


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Callable[[str], AppTest]]:
    """The page of a plan in a folder of its own."""

    def open_(text: str) -> AppTest:
        (tmp_path / "plan.toml").write_text(text, encoding="utf-8")
        monkeypatch.setenv("PLANNER_PLAN", str(tmp_path / "plan.toml"))
        return opened(AppTest.from_file(str(app_path()), default_timeout=120).run(), "track")

    yield open_
    st.cache_resource.clear()


def upload(app: AppTest, key: str, *files: tuple[str, bytes]) -> AppTest:
    app.file_uploader(key=key).set_value([(name, data, "application/octet-stream") for name, data in files])
    return app.run()


def track_now(app: AppTest) -> AppTest:
    app.button(key="run_tracking").click().run()
    assert not app.exception, [error.message for error in app.exception]
    return app


def test_a_plan_that_is_not_signed_asks_what_was_and_says_it_in_its_text(page: Callable[[str], AppTest]) -> None:
    before = text_of()
    app = page(before)
    assert "Nothing in this plan says what was signed" in words(app)
    assert not app.get("vega_lite_chart")
    recommended = app.number_input(key="signed_commit_1_0")
    assert 0 < recommended.value <= 160_000, "what the plan recommends, until something else is typed"
    recommended.set_value(160_000.0)
    app.number_input(key="signed_discount_0").set_value(12.5)
    app.date_input(key="signed_on_0").set_value(date(2026, 11, 24))
    app.button(key="apply_signed").click().run()
    assert "Signed on 2026-11-24: $160,000 a year at a discount of 12.5%." in words(app)
    assert "Edited, not saved" in words(app)
    assert any("Signed: $160,000 a year" in unescaped(item.value) for item in app.sidebar.markdown)
    text = app.session_state["loaded"].plan.inputs.text
    assert text == with_signed(before, date(2026, 11, 24), [160_000.0], 0.125)
    app.button(key="undo_edits").click().run()
    assert app.number_input(key="signed_commit_1_2").value <= 160_000


def test_what_cannot_have_been_signed_leaves_the_plan_as_it_was(page: Callable[[str], AppTest]) -> None:
    app = page(text_of())
    app.date_input(key="signed_on_0").set_value(date(2020, 1, 1))
    app.button(key="apply_signed").click().run()
    (error,) = app.error
    assert "The plan is as it was" in error.value
    assert "signed.on" in unescaped(error.value)
    assert app.session_state["loaded"].plan.inputs.signed is None


def test_without_months_the_page_says_what_is_missing_and_what_to_expect(page: Callable[[str], AppTest]) -> None:
    app = page(text_of(SIGNED))
    assert "give the logs of the months since" in words(app)
    assert app.button(key="run_tracking").label == "Show what to expect as signed"
    track_now(app)
    assert "nothing of it is seen yet; as signed: shortfall risk" in words(app)
    assert "causes are told of whole months" in words(app)
    assert [metric.delta for metric in app.metric] == [""] * 5, "nothing to compare with yet"
    assert len(app.get("vega_lite_chart")) == 2, "the fans; there is no history yet"


def january(text: str) -> bytes:
    """A log of January 2027 in which every type is used nine tenths as much as the mix of the plan says."""
    lines = []
    for day in range(1, 32):
        for entry in tomllib.loads(text)["mix"]:
            n = round(0.9 * entry["monthly_requests"] / 31)
            tokens = {name: round(n * value) for name, value in entry.items() if name.endswith("_tokens")}
            row = {"timestamp": f"2027-01-{day:02d}T12:00:00Z", "requests": n, **tokens}
            lines.append(json.dumps(row | {name: entry[name] for name in ("request_type", "model")}))
    return "\n".join(lines).encode()


def test_a_month_goes_through_the_whole_pipeline_once(
    page: Callable[[str], AppTest], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PLANNER_TODAY", "2027-02-03")
    app = page(text_of(SIGNED))
    upload(app, "track_logs", ("january.jsonl", january(text_of())))
    track_now(app)
    assert "1 of 12 months closed" in words(app)
    (made,) = app.session_state["kept_tracking"].values()
    (month,) = made.tracking.months
    assert month.is_closed
    (tmp_path / "taken.track.jsonl").write_bytes(made.log)
    assert read_log(tmp_path / "taken.track.jsonl").months == made.tracking.actual
    upload(app, "track_months", ("taken.track.jsonl", made.log))
    track_now(app)
    again = list(app.session_state["kept_tracking"].values())[-1]
    assert again.tracking.new_months == ()
    assert again.log == made.log, "the same month again changes nothing"


def test_months_are_tracked_the_conclusion_first_and_nothing_is_written_beside_the_plan(
    page: Callable[[str], AppTest], pipeline: Pipeline, tmp_path: Path
) -> None:
    log, january = default_log(tmp_path / "plan.toml"), pipeline.says.actual[0]
    append(log, replace(log_entry(pipeline.says), months=(january,)))
    kept = log.read_bytes()
    app = page(text_of(SIGNED))
    upload(app, "track_logs", ("january.jsonl", LOG), ("february.jsonl", LOG + LOG))
    upload(app, "track_bills", ("console.csv", b"a,b\n"))
    upload(app, "track_outcomes", ("graded.jsonl", b"{}\n"))
    assert app.button(key="run_tracking").label == "Track"
    track_now(app)
    (asked,) = pipeline.asked
    usage = asked["usage"]
    assert [Path(source).read_bytes() for source in usage.source.sources] == [LOG, LOG + LOG]
    assert [Path(source).read_bytes() for source in usage.billed.sources] == [b"a,b\n"]
    assert [path.read_bytes() for path in asked["outcomes"]] == [b"{}\n"]
    assert usage.source.engine is None
    assert (asked["on"], asked["log"].months) == (date(2026, 11, 24), (january,))
    assert log.read_bytes() == kept, "the one beside the plan is read, and not written"
    (made,) = app.session_state["kept_tracking"].values()
    assert made.log.startswith(kept), "what can be taken away goes on where it ended"
    taken = tmp_path / "elsewhere" / "taken.track.jsonl"
    taken.parent.mkdir()
    taken.write_bytes(made.log)
    assert read_log(taken).months == (january, *pipeline.says.actual[2:]), "with the months that are new"
    assert {item.name for item in tmp_path.iterdir()} == {"plan.toml", log.name, "elsewhere"}
    text = words(app)
    told = [text.find(line) for line in headline(pipeline.says)]
    assert all(0 <= at < text.find("Committed for") for at in told)
    missing = [line for line in track_sentences(pipeline.says) if line not in text]
    assert not missing
    assert len(app.get("vega_lite_chart")) == 5
    assert app.get("download_button")
    upload(app, "track_logs", ("january.jsonl", LOG))
    assert app.button(key="run_tracking").label == "Track", "other logs are another question"


def test_what_is_refused_is_said_in_the_users_names(page: Callable[[str], AppTest], pipeline: Pipeline) -> None:
    pipeline.refuses = "{usage.source.sources[0]}, line 3: not a day; {folder}/other.csv is damaged"
    app = page(text_of(SIGNED))
    upload(app, "track_logs", ("my <b>log</b>.jsonl", LOG))
    track_now(app)
    (refused,) = app.info
    assert unescaped(refused.value) == "my <b>log</b>.jsonl, line 3: not a day; other.csv is damaged"
    assert "<b>" not in refused.value.replace("\\<", "")
    upload(app, "track_months", ("old.track.jsonl", b"{}\n"))
    track_now(app)
    assert unescaped(app.info[0].value).startswith("old.track.jsonl, line 1")
    assert len(pipeline.asked) == 1, "what is no log of months is refused before anything is worked out"


def test_bills_alone_are_no_use(page: Callable[[str], AppTest], pipeline: Pipeline) -> None:
    app = page(text_of(SIGNED))
    upload(app, "track_bills", ("console.csv", b"a,b\n"))
    track_now(app)
    assert "cost files need the usage that was billed" in app.info[0].value
    assert not pipeline.asked


# --- figures and files ------------------------------------------------------------------------------------------------


def test_figures_of_now_stand_beside_those_of_signing() -> None:
    found = tracking()
    figures = {figure.name: (figure.value, figure.error) for figure in now_against_signing(found)}
    assert figures["Shortfall risk"] == (
        percent(found.forecast.shortfall_probability.mean),
        f"{percent(found.past[0].shortfall_probability)} at signing",
    )
    assert figures["Left to use"][1] == ""


def test_the_file_is_what_the_command_prints() -> None:
    found = tracking()
    assert json.loads(json_bytes(found)) == json.loads(json.dumps(track_json(found)))


def test_the_table_of_the_burn_down_has_a_line_for_each_month_of_the_period() -> None:
    found = shown(tracking())
    table = burn_down_table(found)
    assert [row[0] for row in table.rows] == list(found.forecast.months)
    assert [row[1] == "-" for row in table.rows] == [False] * 3 + [True] * 9
    assert [row[5:] == ("-",) * 3 for row in table.rows] == [True] * 3 + [False] * 9
    assert burn_down_table(tracking(burn_down=None)).rows == ()


def test_a_signed_plan_is_read_from_its_text(tmp_path: Path) -> None:
    (tmp_path / "plan.toml").write_text(with_signed(text_of(), date(2026, 11, 24), [160_000.0]), encoding="utf-8")
    inputs = load_plan(tmp_path / "plan.toml")
    assert inputs.signed is not None
    assert inputs.signed == parse_plan(text_of(SIGNED), base_dir=tmp_path).signed
