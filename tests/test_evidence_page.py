"""The page Evidence: what routes rest on, pass rates against bars, answers from elsewhere, costs, how to run one."""

import re
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
import streamlit as st
from hypothesis import given, settings
from hypothesis import strategies as some
from scipy import stats
from streamlit.testing.v1 import AppTest

from planner.bundled import app_path, data_path
from planner.charts.evidence import MOST_ROWS, standings_chart, standings_frame
from planner.charts.style import DARK, LIGHT, Palette
from planner.errors import InputError
from planner.evaluation.evaluation import Answer, ModelRequest
from planner.evaluation.spent import spent_in
from planner.evaluation.store import Store, open_store
from planner.evaluation.store_file import default_store
from planner.evidence.decide import decide
from planner.evidence.decision import Bar
from planner.evidence.from_decision import evidence_of_decision
from planner.evidence.graded import GradedAnswer, write_graded
from planner.evidence.quality import Evidence
from planner.evidence_in_plan.estimates import plan_estimates, plan_questions
from planner.evidence_in_plan.next_tests import next_tests
from planner.evidence_reports.next_test_words import next_test_sentences
from planner.evidence_reports.run import estimate_sentences
from planner.evidence_reports.standing_words import (
    VERDICT_WORDS,
    rates_table,
    stale_sentences,
    standing_rows,
    standing_sentences,
    worth_table,
)
from planner.evidence_reports.standings import RouteStanding, Standing, route_standings, standings
from planner.inputs import FileEvidence
from planner.opportunities.verdicts import opportunities
from planner.plan import Plan, build_plan
from planner.plan_file.evaluation_text import evaluation_example
from planner.plan_file.evidence_file import parse_evidence
from planner.plan_file.evidence_text import with_counted_routes, with_evidence
from planner.plan_file.lever_text import routes_of
from planner.plan_file.loader import load_plan, parse_plan
from planner.prepared import prepare
from planner.ui.showing import downloads
from tests.test_app import opened, unescaped, words
from tests.test_evidence_decide import answers

SMALL = Path(__file__).parent / "plans" / "small.toml"
HAIKU, SONNET = "claude-haiku-5-5", "claude-sonnet-5-5"
HOSTILE = "=HYPERLINK(1)|<b>**x**</b> [a](http://b.c) $x$ `y`"
ROUTE = """[[scenario.route]]
request_type = "{name}"
to = "{to}"
share = 0.5
escalation = {{ p10 = 0.02, p90 = 0.1 }}

"""
OWN = """[[evidence]]   # by hand
request_type = "nightly-summary"
model = "claude-haiku-5-5"
passed = 195
failed = 5
graded_on = 2026-03-01
source = "a spreadsheet"

"""


def text_of(*, evidence: str = "", routes: str = "") -> str:
    """The small plan on few paths, with evidence, and routes of the scenario that it decides on."""
    text = SMALL.read_text(encoding="utf-8").replace("paths = 4_000", "paths = 1_000")
    text = text.replace("output_tokens = 700\n", "output_tokens = 700\nlong_prompt_fraction = 0.0\n")
    return text.replace("[prices]", f"{evidence}[prices]").replace("[[scenario.batch]]", f"{routes}[[scenario.batch]]")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A plan whose routes rest on evidence that passes, is stale, undecided and failed, and on none."""
    made = tmp_path_factory.mktemp("evidence")
    write_graded(made / "triage.jsonl", answers(HAIKU, 191, 9, cost_usd=0.001))
    write_graded(made / "answer.jsonl", answers(SONNET, 108, 12, request_type="answer"))
    write_graded(made / "review.jsonl", answers(SONNET, 150, 50, request_type="code review"))
    routes = ROUTE.format(name="nightly-summary", to=HAIKU) + ROUTE.format(name="code review", to=SONNET)
    text = text_of(evidence=OWN, routes=routes)
    named = '[plan]\nevidence = ["triage.jsonl", "answer.jsonl", "review.jsonl"]\n'
    (made / "plan.toml").write_text(text.replace("[plan]\n", named), encoding="utf-8")
    return made


@pytest.fixture(scope="module")
def plan(folder: Path) -> Plan:
    return build_plan(load_plan(folder / "plan.toml"))


@pytest.fixture(scope="module")
def found(plan: Plan) -> tuple[Standing, ...]:
    return standings(plan.prepared)


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Path], AppTest]]:
    """The page of a plan file, on a machine without a key."""
    for name in ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_ADMIN_KEY"):
        monkeypatch.delenv(name, raising=False)

    def open_(path: Path) -> AppTest:
        monkeypatch.setenv("PLANNER_PLAN", str(path))
        return opened(AppTest.from_file(str(app_path()), default_timeout=120).run(), "evidence")

    yield open_
    st.cache_resource.clear()


def by_state(found: tuple[RouteStanding, ...]) -> dict[str, str]:
    return {route.request_type: route.state for route in found}


# --- standings --------------------------------------------------------------------------------------------------------


def test_routes_rest_on_what_the_evidence_says(plan: Plan, found: tuple[Standing, ...]) -> None:
    routes = route_standings(plan.prepared, found)
    assert by_state(routes) == {
        "triage": "pass",
        "answer": "undecided",
        "nightly-summary": "stale",
        "code review": "fail",
    }
    assert all(route.standing is not None and route.standing.is_routed for route in routes)
    said = "\n".join(standing_sentences(plan, routes))
    assert said.startswith(
        "Of the 4 routes of 'route first', which the plan decides on, 1 rests on evidence that passes."
    )
    for name in ("answer", "nightly-summary", "code review"):
        assert said.count(f"'{name}' to") == 1
    assert "'triage' to" not in said, "what holds needs no list"


def test_bounds_are_those_of_beta_and_of_clopper_and_pearson(found: tuple[Standing, ...]) -> None:
    for one in found:
        posterior = stats.beta(one.passed + 0.5, one.failed + 0.5)
        assert (one.lower, one.upper) == pytest.approx(tuple(posterior.ppf([0.05, 0.95])))
    looked = {one.request_type: one.look for one in found}
    assert looked["nightly-summary"] is None, "no schedule was followed"
    assert looked["answer"] is None, "120 answers are no look of 50, 100, 150, 200"
    triage = looked["triage"]
    assert triage is not None
    assert triage.answers == 200
    assert triage.lower < next(one.lower for one in found if one.request_type == "triage"), "looks cost width"


@settings(max_examples=20)
@given(some.permutations([True] * 40 + [False] * 10), some.integers(1, 10))
def test_the_interval_by_the_looks_needs_no_order_at_a_look(plan: Plan, order: list[bool], looks: int) -> None:
    graded = [
        GradedAnswer(request_type="triage", candidate=HAIKU, id=str(i), passed=passed) for i, passed in enumerate(order)
    ]
    bar = Bar(bar=0.8, answers=50, looks=looks)
    (decision,) = decide(graded, {}, default=bar)
    entry = FileEvidence(place="a file", path=Path("a.toml"), evidence=evidence_of_decision(decision, bar))
    inputs = replace(plan.inputs, evidence=(), file_evidence=(entry,))
    one = next(item for item in standings(replace(plan.prepared, inputs=inputs)) if item.request_type == "triage")
    assert one.look is not None
    assert (one.look.lower, one.look.upper) == (decision.look.lower, decision.look.upper)
    assert one.verdict == decision.decided


def test_a_plan_that_routes_nothing_rests_on_nothing() -> None:
    plan = build_plan(parse_plan(text_of().replace('scenario = "route first"', 'scenario = "as is"'), base_dir=Path()))
    routes = route_standings(plan.prepared, standings(plan.prepared))
    assert routes == ()
    assert "rests on no evidence" in standing_sentences(plan, routes)[0]


def test_routes_that_all_hold_leave_nothing_to_warn_of() -> None:
    text = text_of().replace("escalation = { p10 = 0.05, p90 = 0.15 }", "escalation = { passed = 240, failed = 5 }")
    plan = build_plan(parse_plan(text, base_dir=Path()))
    said = standing_sentences(plan, route_standings(plan.prepared, standings(plan.prepared)))
    assert (
        said[0] == "All of them rest on evidence that passes: the 2 routes of 'route first', which the plan decides on."
    )
    assert len(said) == 2


def test_savings_at_stake_are_those_of_the_routes_that_do_not_pass(plan: Plan, found: tuple[Standing, ...]) -> None:
    routes = route_standings(plan.prepared, found)
    triage = next(route for route in routes if route.request_type == "triage")
    at_stake = sum(route.saving_usd_per_month or 0 for route in routes) - (triage.saving_usd_per_month or 0)
    assert f"${at_stake / 1000:.1f}k a month" in standing_sentences(plan, routes)[-1]


def test_tables_and_rows_have_the_figures_of_the_chart(found: tuple[Standing, ...]) -> None:
    rates, worth, rows = rates_table(found), worth_table(found), standing_rows(found)
    frame = standings_frame(found)
    assert len(rates.rows) == len(worth.rows) == len(rows) == len(frame) == 4
    for index, one in enumerate(found):
        assert f"{one.passed} of {one.answers}" in rates.rows[index]
        sign = {"pass": "✓", "fail": "✗", "undecided": "?"}[one.single]
        assert rates.rows[index][5] == f"{sign} {one.lower * 100:.1f} to {one.upper * 100:.1f}%"
        assert rows[index]["lower"] == one.lower == frame["lower"][index]
        assert rows[index]["look_upper"] == (one.look.upper if one.look else None)
        assert worth.rows[index][7] == (one.stale or "no")


@pytest.mark.parametrize("palette", [LIGHT, DARK])
def test_the_chart_tells_verdicts_apart_by_sign_word_shape_and_colour(
    found: tuple[Standing, ...], palette: Palette
) -> None:
    frame = standings_frame(found, palette)
    assert frame["colour"].nunique() == frame["state"].nunique() == 4
    for title, state in zip(frame["title"], frame["state"], strict=True):
        assert title.startswith(VERDICT_WORDS[state])
    assert frame["pass_rate"].tolist() == pytest.approx([one.passed / one.answers for one in found])
    assert frame["bar"].tolist() == [one.bar for one in found]
    drawn = standings_chart(found, palette).to_dict()
    scales = [layer["encoding"]["x"].get("scale", {}) for layer in drawn["layer"] if "scale" in layer["encoding"]["x"]]
    low, high = scales[0]["domain"]
    assert all(scale == scales[0] for scale in scales), "one axis for every mark"
    assert low <= min(frame["lower"].min(), frame["look_lower"].min())
    assert high == 1.0
    (shape,) = [layer["encoding"]["shape"] for layer in drawn["layer"] if "shape" in layer["encoding"]]
    assert len(set(shape["scale"]["range"])) == 4
    assert drawn["title"]["text"] == "Pass rates against their bars"


def test_a_chart_of_many_rows_stays_readable(found: tuple[Standing, ...]) -> None:
    assert len(standings_frame([*found] * 10)) == MOST_ROWS


def test_stale_evidence_says_why_and_what_to_do(found: tuple[Standing, ...]) -> None:
    why, means, remedy = stale_sentences(found)
    assert why.startswith("'nightly-summary' on claude-haiku-5-5: graded on 2026-03-01")
    assert "used as they are" in means
    assert "new sample" in remedy
    assert stale_sentences([one for one in found if one.stale is None]) == ()


# --- the plan's text --------------------------------------------------------------------------------------------------

GRADED = Evidence(request_type="triage", model=HAIKU, passed=196, failed=4, bar=0.95, source="upload.jsonl")


def same(one: str, other: str) -> bool:
    return one.replace(".", "-") == other.replace(".", "-")


def test_evidence_takes_the_place_of_the_plans_own_and_nothing_else_moves() -> None:
    text = text_of(evidence=OWN + OWN.replace("nightly-summary", "triage").replace("haiku-5-5", "haiku-5.5"))
    changed = with_evidence(text, [GRADED], same)
    before, after = tomllib.loads(text), tomllib.loads(changed)
    assert after["evidence"][0] == before["evidence"][0]
    assert after["evidence"][1] == before["evidence"][1] | {
        "model": HAIKU,
        "passed": 196,
        "failed": 4,
        "bar": 0.95,
        "source": "upload.jsonl",
    }
    assert {**after, "evidence": None} == {**before, "evidence": None}
    assert "[[evidence]]   # by hand" in changed
    added = tomllib.loads(with_evidence(text_of(), [GRADED], same))
    assert [(item["request_type"], item["passed"]) for item in added["evidence"]] == [("triage", 196)]


def test_evidence_that_is_spelled_inline_is_changed_there() -> None:
    entry = '{ request_type = "triage", model = "claude-haiku-5-5", passed = 1, failed = 1 }'
    changed = tomllib.loads(with_evidence(f"evidence = [{entry}]\n{text_of()}", [GRADED], same))
    assert [item["passed"] for item in changed["evidence"]] == [196]


def test_a_route_by_counts_keeps_what_evidence_says_nothing_of() -> None:
    text = text_of()
    (before,) = routes_of(text, "route first", "triage")
    (after,) = routes_of(with_counted_routes(text, "route first", [GRADED]), "route first", "triage")
    assert after == before | {"escalation": {"passed": 196, "failed": 4}}
    review = Evidence(request_type="code review", model=SONNET, passed=10, failed=1)
    (new,) = routes_of(with_counted_routes(text, "route first", [review]), "route first", "code review")
    assert (new["to"], new["share"], new["escalation"]) == (SONNET, 1.0, {"passed": 10, "failed": 1})


@pytest.mark.parametrize("name", ["triage", HOSTILE, 'a"b\\c\n\x7f', "\U0001f600", "x" * 200])
def test_the_example_of_an_evaluation_is_read_as_it_stands(name: str, tmp_path: Path) -> None:
    (section,) = tomllib.loads(evaluation_example(name))["evaluation"]
    assert section["request_type"] == name
    assert parse_plan(text_of() + evaluation_example("triage"), base_dir=tmp_path).evaluation("triage") is not None


# --- costs ------------------------------------------------------------------------------------------------------------


def keep(store: Store, number: int, purpose: str, cost_usd: str, key: str = "") -> None:
    request = ModelRequest(key=key or f"k{number}", model=HAIKU, params={}, purpose=purpose, request_type="triage")  # type: ignore[arg-type]
    answer = Answer(
        key=request.key,
        model=HAIKU,
        served_model=HAIKU,
        content=(),
        stop_reason="end_turn",
        tokens=(1, 0, 0, 0, 1),
        cost_usd=float(cost_usd),
        is_batch=False,
        answered_at=datetime(2026, 11, 24, tzinfo=UTC).isoformat(),
    )
    attempt = store.begin_attempt(request.key, Decimal("0.5"), answer.answered_at)
    store.keep_answer(answer, request, Decimal(cost_usd), attempt)


def test_what_a_store_says_was_paid_is_read_while_a_run_has_it(tmp_path: Path) -> None:
    path = tmp_path / "plan.evidence.sqlite"
    assert spent_in(path) is None
    with open_store(path) as store:
        keep(store, 1, "candidate", "0.10")
        keep(store, 2, "candidate", "0.20")
        keep(store, 3, "judge", "0.03")
        store.begin_attempt("k4", Decimal("0.7"), "2026-11-24")
        during = spent_in(path)
    after = spent_in(path)
    assert during is not None
    assert after is not None
    assert (during.in_use, after.in_use) == (True, False)
    nothing, open_one = (0, Decimal(0)), (1, Decimal("0.7"))
    states = [[(part.answers, part.cost_usd) for part in (one.waiting, one.doubtful)] for one in (during, after)]
    assert states == [[open_one, nothing], [nothing, open_one]], "under way while the run goes on, doubtful after it"
    for spent in (during, after):
        paid = {purpose: (one.answers, one.cost_usd) for purpose, one in spent.by_purpose.items()}
        assert paid == {
            "candidate": (2, Decimal("0.30")),
            "reference": (0, Decimal(0)),
            "judge": (1, Decimal("0.03")),
        }
    with open_store(path) as again:  # reading has left no lock behind
        assert again.kept().answers == 3


def test_a_file_that_is_no_store_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "plan.evidence.sqlite"
    path.write_bytes(b"no database at all" * 100)
    with pytest.raises(InputError, match=r"plan\.evidence\.sqlite is damaged or no store"):
        spent_in(path)


def test_an_estimate_asks_for_what_a_store_lacks_and_expects_no_more_than_the_worst(tmp_path: Path) -> None:
    text = data_path("plans", "example.toml").read_text(encoding="utf-8")
    text = text.replace('"../', f'"{data_path("plans", "example.toml").parent.parent}/')
    prepared = prepare(parse_plan(text, base_dir=tmp_path))
    questions = plan_questions(prepared)
    before = plan_estimates(prepared, questions, None)
    asked = [request for item in questions for model in item.models for request in item.requests(model)]
    assert sum(one.to_ask for one in before) == len(asked)
    with open_store(tmp_path / "x.evidence.sqlite") as store:
        keep(store, 1, "candidate", "0.01", key=asked[0].key)
        after = plan_estimates(prepared, questions, store.path)
    assert [one.known for one in after] == [1, *(0 for _ in before[1:])]
    assert after[0].to_ask == before[0].to_ask - 1
    for one in (*before, *after):
        assert 0 < one.expected_usd <= one.worst_usd


# --- the page ---------------------------------------------------------------------------------------------------------


def shown(app: AppTest) -> str:
    """All that the page says, tables, code and boxes too."""
    code = [item.value for item in app.code]
    boxes = [unescaped(item.value) for item in (*app.info, *app.error)]
    tables = [unescaped(item.value.to_string()) for item in app.table]
    return "\n".join([words(app), *code, *boxes, *tables]).replace("\u2060", "")  # which keeps links from being made


def test_the_page_shows_every_verdict_and_what_to_do(
    folder: Path, plan: Plan, found: tuple[Standing, ...], page: Callable[[Path], AppTest]
) -> None:
    app = page(folder / "plan.toml")
    assert not app.error
    text = shown(app)
    for line in (*standing_sentences(plan, route_standings(plan.prepared, found)), *stale_sentences(found)):
        assert line in text
    tests = next_tests(plan.prepared, opportunities(plan.prepared))
    assert next_test_sentences(tests)[0] in text
    assert "planner evidence run plan.toml" in text
    assert "No key: set ANTHROPIC_API_KEY" in text
    assert "To go on without a key" in text
    assert evaluation_example("answer") in text
    assert "$0.20 by the plan's evidence files, of 1 of 3 entries." in text
    app.button(key="run_tests_valued").click().run()
    assert not app.exception
    assert "worth knowing" in shown(app)


def test_the_page_reads_the_store_beside_the_plan_and_says_that_a_run_has_it(
    tmp_path: Path, page: Callable[[Path], AppTest], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "my plan.toml"
    path.write_text(text_of(), encoding="utf-8")
    monkeypatch.setenv("PLANNER_TODAY", "2026-11-24")
    with open_store(default_store(path)) as store:
        keep(store, 1, "candidate", "1.25")
        app = page(path)
        monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-secret-of-nobody")
        text = shown(app.run())
    assert not app.exception
    assert "$1.25 for 1 answer, by the store 'my plan.evidence.sqlite'." in text
    assert "A run has the store now" in text
    assert "planner evidence plan 'my plan.toml'" in text
    assert "ANTHROPIC_API_KEY is set" in text
    assert "secret-of-nobody" not in text


def graded_bytes(found: list[GradedAnswer], tmp_path: Path) -> bytes:
    path = tmp_path / "graded.jsonl"
    write_graded(path, found)
    return path.read_bytes()


def upload(app: AppTest, name: str, data: bytes, turn: int = 0) -> AppTest:
    app.file_uploader(key=f"graded_{turn}").set_value([(name, data, "application/octet-stream")])
    app.run()
    assert not app.exception, [error.message for error in app.exception]
    return app


def test_uploaded_answers_are_decided_used_in_the_plan_and_undone(
    tmp_path: Path, page: Callable[[Path], AppTest]
) -> None:
    path = tmp_path / "plan.toml"
    path.write_text(text_of(), encoding="utf-8")
    graded = (
        answers("claude-haiku-5.5", 150, 50)
        + answers(SONNET, 196, 4)
        + answers(HOSTILE, 9, 1, request_type=HOSTILE)
        + answers(HAIKU, 150, 50)
    )
    app = upload(page(path), "mine.jsonl", graded_bytes(graded, tmp_path))
    assert not app.error
    text = shown(app)
    assert "triage: claude-sonnet-5-5 holds the bar of 90.0% with 196 of 200 answers passed" in text
    assert "triage (uploaded)" in text
    assert f"{HOSTILE} on {HOSTILE} cannot be used in this plan" in text
    assert f"triage on {HAIKU} is not offered for the plan: it is {HAIKU} under a second name" in text
    app.selectbox(key="use_pair").set_value(f"triage on {SONNET}")
    app.selectbox(key="use_scenario").set_value("route first")
    app.button(key="use_evidence").click().run()
    assert not app.exception
    assert not app.error
    edited = app.session_state["loaded"].plan.inputs
    (route,) = routes_of(edited.text, "route first", "triage")
    assert (route["to"], route["escalation"]) == (SONNET, {"passed": 196, "failed": 4})
    assert [(item.model, item.passed, item.source) for item in edited.evidence] == [(SONNET, 196, "mine.jsonl")]
    assert "Edited, not saved" in words(app)
    assert "(uploaded)" not in shown(app)
    app.button(key="undo_edits").click().run()
    assert app.session_state["loaded"].plan.inputs.text == path.read_text(encoding="utf-8")


def test_answers_whose_looks_and_one_look_differ_are_not_offered_for_the_plan(
    tmp_path: Path, page: Callable[[Path], AppTest]
) -> None:
    path = tmp_path / "plan.toml"
    path.write_text(text_of(), encoding="utf-8")
    graded = answers(HAIKU, 48, 1) + answers(SONNET, 30, 15)  # passes at one look, and no look of 50 is reached
    assert next((one.verdict, one.decided) for one in decide(graded)) == ("pass", "undecided")
    app = upload(page(path), "mine.jsonl", graded_bytes(graded, tmp_path))
    assert f"triage on {HAIKU} is not offered for the plan: in it one look would say pass" in words(app)
    app.number_input(key="graded_looks_0").set_value(1)
    app.number_input(key="graded_answers_0").set_value(49)
    app.run()
    assert not app.exception
    assert app.selectbox(key="use_pair").options == [f"triage on {HAIKU}", f"triage on {SONNET}"][:1]


BAD = (
    ("mine.jsonl", b'{"request_type": "a", "candidate": "b", "id": "1"}\n', "mine.jsonl, line 1: has no passed"),
    ("mine.gz", b"{}", "mine.gz: give graded answers as .jsonl"),
    ("mine.jsonl.gz", b"\x1f\x8b broken", "mine.jsonl.gz: the compressed file is damaged"),
    ("mine.jsonl", b"", "mine.jsonl: no graded answer in it"),
)


def test_a_bad_upload_is_refused_in_its_own_name(page: Callable[[Path], AppTest]) -> None:
    app = page(SMALL)
    for name, data, said in BAD:
        upload(app, name, data)
        (error,) = app.error
        assert said in unescaped(error.value)
        assert "planner-session" not in error.value, "no path of this machine"
        assert app.get("vega_lite_chart"), "the plan's own evidence stays"


@pytest.mark.parametrize("name", ["example.toml", "three-years.toml"])
def test_the_page_of_a_bundled_plan_says_what_the_library_says(
    name: str, tmp_path: Path, page: Callable[[Path], AppTest]
) -> None:
    source = data_path("plans", name)
    text = source.read_text(encoding="utf-8").replace('"../', f'"{source.parent.parent}/')
    path = tmp_path / name
    path.write_text(re.sub(r"(?m)^paths = [\d_]+", "paths = 1_000", text), encoding="utf-8")
    app = page(path)
    assert not app.error
    plan = app.session_state["loaded"].plan
    said = shown(app)
    for line in standing_sentences(plan, route_standings(plan.prepared, standings(plan.prepared))):
        assert line in said
    if plan.inputs.evaluations:
        questions = plan_questions(plan.prepared)
        lines = estimate_sentences(questions, plan_estimates(plan.prepared, questions, None), in_batch=False)
        assert lines[0] in said
    else:
        assert "[[evaluation]]" in said


def test_the_evidence_file_to_take_away_is_read_again(
    tmp_path: Path, page: Callable[[Path], AppTest], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = {}
    real = downloads.button
    monkeypatch.setattr(
        downloads, "button", lambda label, make, **more: made.update({more["key"]: make}) or real(label, make, **more)
    )
    upload(page(SMALL), "mine.jsonl", graded_bytes(answers(HAIKU, 196, 4, cost_usd=0.25), tmp_path))
    (entry,) = parse_evidence(made["evidence_file"]().decode())
    assert (entry.passed, entry.failed, entry.verdict, entry.source) == (196, 4, "pass", "mine.jsonl")
    assert entry.provenance is not None
    assert entry.provenance.cost_usd == pytest.approx(50.0)
