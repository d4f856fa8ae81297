"""The app without a browser: every page runs, says what the command line says, and survives what it is given."""

import csv
import io
import re
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

from planner.backtest.folds import backtest
from planner.backtest.judge import Backtest
from planner.backtest_report import headline as backtest_headline
from planner.bundled import app_path, data_path
from planner.calibration.parameter_names import parameter_name
from planner.calibration_report import calibration_headline
from planner.csv_cells import inert_cell
from planner.drivers import Drivers
from planner.drivers_report import drivers_sentences
from planner.errors import InputError, UsageError
from planner.inputs import PlanInputs
from planner.plan import Plan, build_plan
from planner.plan_drivers import plan_drivers
from planner.plan_file.loader import load_plan, parse_plan
from planner.plan_file.text import with_calibration, with_usage_sources
from planner.plan_file.usage_keys import without_example
from planner.report import headline
from planner.ui.arriving.uploads import Upload, choose, plan_of, uploads_key
from planner.ui.calibration import backtest_section
from planner.ui.commit.decision import alternatives, dead_zone, why
from planner.ui.commit.decision_tables import alternatives_table
from planner.ui.path import PATH
from planner.ui.run_rate import run_rate_page
from planner.ui.showing import downloads
from planner.ui.showing.escape import plain
from planner.ui.state import kept, session
from planner.words import percent, usd_short

SMALL = Path(__file__).parent / "plans" / "small.toml"
PAGES = {"" if step is PATH[0] else step.url: step.title for step in PATH}


@pytest.fixture(scope="module")
def plan() -> Plan:
    return build_plan(load_plan(SMALL))


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> Iterator[AppTest]:
    monkeypatch.setenv("PLANNER_PLAN", str(SMALL))
    yield AppTest.from_file(str(app_path()), default_timeout=120)
    st.cache_resource.clear()


def opened(app: AppTest, page: str) -> AppTest:
    """The app on a page of st.navigation, which AppTest.switch_page cannot reach: it knows pages that are files."""
    app._page_hash = calc_hash(page)
    app.run()
    assert not app.exception, [error.message for error in app.exception]
    return app


def unfolded(app: AppTest, *parts: str) -> AppTest:
    """The page Commit with parts of it unfolded, which are made only then."""
    for part in parts:
        app.session_state[f"folded_{part}"] = True
    return app.run()


def words(app: AppTest) -> str:
    """All text of the page as people read it, escapes taken off."""
    texts = [item.value for kind in (app.markdown, app.caption, app.error) for item in kind]
    return unescaped("\n".join(texts))


def unescaped(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)


def figures(app: AppTest) -> list[tuple[str, str]]:
    return [(unescaped(metric.label), unescaped(metric.value)) for metric in app.metric]


@pytest.mark.parametrize("page", PAGES)
def test_every_page_runs_says_its_purpose_and_shows_a_chart(app: AppTest, page: str) -> None:
    opened(app, page)
    assert [title.value for title in app.title] == [PAGES[page]]
    assert not app.error
    assert app.get("vega_lite_chart") or page in ("", "calibration", "contract", "track"), (
        "a picture, where there is one to draw"
    )
    assert app.get("page_link"), "and the way on"


def test_the_conclusion_is_the_one_that_the_command_line_prints(app: AppTest, plan: Plan) -> None:
    text = words(opened(app, "commit"))
    for line in headline(plan):
        assert line in text


def test_the_sidebar_says_which_plan_this_is(app: AppTest, plan: Plan) -> None:
    text = words(opened(app, ""))
    assert plan.inputs.name in text
    assert plan.inputs.sha256[:8] in text
    assert plan.prepared.priced_on.isoformat() in text


def typed(plan: Plan, commit: float) -> list[tuple[str, str]]:
    """The figures that a commitment must show, from the sample alone."""
    sample = plan.samples[plan.inputs.decision.scenario]
    value = sample.expect([plan.inputs.contract.offer_at(commit)])[0]
    return [
        ("Shortfall risk", percent(value.shortfall_probability)),
        ("Mean shortfall", usd_short(value.expected_shortfall_usd)),
        ("Expected cost", usd_short(value.expected_cost_usd)),
        ("Below list", percent(1 - value.expected_cost_usd / sample.on_demand_usd)),
    ]


@pytest.mark.parametrize("commit", [0.0, 40_000.0, 149_999.0, 150_000.0, 5_000_000.0])
def test_a_typed_commitment_shows_what_the_sample_says(app: AppTest, plan: Plan, commit: float) -> None:
    unfolded(opened(app, "commit"), "figures")
    before = figures(app)
    app.number_input(key="commit").set_value(commit).run()
    assert not app.exception
    shown = figures(app)
    assert shown != before
    assert set(typed(plan, commit)) <= set(shown[5:]), "the figures below the field"
    assert shown[:5] == before[:5], "the recommendation stays"


def test_buttons_bring_the_commitments_that_are_named(app: AppTest, plan: Plan) -> None:
    unfolded(opened(app, "commit"), "figures")
    best, first = plan.recommendation.offer, plan.sign_first.signed.offer
    assert app.number_input(key="commit").value == best.commit_usd_per_year
    app.number_input(key="commit").set_value(80_000.0).run()
    named = {"to_first": first.commit_usd_per_year, "to_none": 0.0, "to_best": best.commit_usd_per_year}
    for key, commit in named.items():
        app.button(key=key).click().run()
        assert app.number_input(key="commit").value == commit
        assert set(typed(plan, commit)) <= set(figures(app)[5:])


def test_a_typed_commitment_survives_a_change_of_page(app: AppTest) -> None:
    opened(app, "commit")
    app.number_input(key="commit").set_value(77_000.0).run()
    opened(app, "compare")
    opened(app, "commit")
    assert app.number_input(key="commit").value == 77_000


def upload(app: AppTest, *files: tuple[str, bytes]) -> AppTest:
    app.file_uploader(key="uploads_0").set_value(
        [(name, data, "application/octet-stream") for name, data in files]
    ).run()
    assert not app.exception
    return app


def test_a_bad_plan_is_refused_with_its_remedy_and_the_plan_stays(app: AppTest, plan: Plan) -> None:
    opened(app, "commit")
    text = SMALL.read_text(encoding="utf-8")
    bad = text.replace("discount_fraction = 0.15", "discount_fraction = 15").encode()
    upload(app, ("mine.toml", bad))
    assert len(app.error) == 1
    message = unescaped(app.error[0].value)
    assert "discount_fraction" in message
    assert "mine.toml" in message
    assert headline(plan)[0] in words(app)


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("mine.toml", b"not = [toml", "not valid TOML"),
        ("mine.toml", b"\xff\xfe\x00", "UTF-8"),
        ("log.csv", b"", "is empty"),
        ("cut.csv.gz", b"\x1f\x8b", "cut.csv.gz: cannot be read"),
        ("book.csv", b"PK\x03\x04" + bytes(500), "book.csv is a zip archive"),
        ("long.toml", SMALL.read_bytes().replace(b"route first", b"a" * 40_000), "must be text of at most 200"),
        ("log.csv", b"a,b\n1,2\n", "log.csv: of no format that is known"),
        ("log.jsonl", b'{"timestamp": "2026-10-01T00:00:00Z", "request_type": "x", "model": "no-such-model", '
         b'"uncached_input_tokens": 5, "output_tokens": 1}\n', "no-such-model"),
    ],
)  # fmt: skip
def test_whatever_is_uploaded_the_page_still_stands(
    app: AppTest, plan: Plan, name: str, data: bytes, says: str
) -> None:
    opened(app, "commit")
    upload(app, (name, data))
    assert says in unescaped(app.error[0].value) if app.error else says in words(app)
    assert headline(plan)[0] in words(app)


def test_an_uploaded_plan_takes_the_place_of_the_current_one_until_it_is_undone(app: AppTest, plan: Plan) -> None:
    opened(app, "commit")
    other = SMALL.read_text(encoding="utf-8").replace("1_200_000", "2_400_000").replace(", small", ", doubled triage")
    upload(app, ("other.toml", other.encode()))
    text = words(app)
    assert not app.error
    assert "Support assistant, doubled triage" in text
    assert headline(plan)[0] not in text
    app.button(key="reset").click().run()
    assert headline(plan)[0] in words(app)


def test_an_uploaded_log_is_measured_in_place_of_the_mix(app: AppTest) -> None:
    opened(app, "usage")
    log = data_path("usage", "example.jsonl.gz").read_bytes()
    upload(app, ("../../my log.jsonl.gz", log))
    text = words(app)
    assert not app.error, app.error[0].value
    assert "Measured on" in text
    assert "my log.jsonl.gz" in text
    assert "whole months" in text


def test_a_plan_that_cannot_be_opened_says_why_and_offers_an_upload(
    app: AppTest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.toml"
    broken.write_text("[plan]\nname = 3\n", encoding="utf-8")
    monkeypatch.setenv("PLANNER_PLAN", str(broken))
    opened(app, "commit")
    assert [title.value for title in app.title] == ["No plan to show"]
    assert "plan.name" in unescaped(app.error[0].value)
    assert app.file_uploader


def test_names_from_a_plan_are_shown_and_not_obeyed(app: AppTest, plan: Plan) -> None:
    hostile = "<script>a()</script> $x^2$ :red[sign] [here](http://x.example) **now** | `a`"
    opened(app, "commit")
    text = SMALL.read_text(encoding="utf-8").replace("Support assistant, small", hostile)
    upload(app, ("hostile.toml", text.replace('"triage"', '"=HYPERLINK(1)"').encode()))
    assert not app.error
    raw = "\n".join(item.value for item in app.markdown)
    assert hostile not in raw
    assert plain(hostile) in raw
    assert not any(item.allow_html for item in app.markdown)


def test_other_plans_stand_beside_this_one(app: AppTest, plan: Plan) -> None:
    opened(app, "compare")
    other = SMALL.read_text(encoding="utf-8").replace("400_000", "500_000").replace(", small", ", more answers")
    files = [("other.toml", other.encode(), "application/toml"), ("bad.toml", b"x = 1", "application/toml")]
    app.file_uploader(key="other_plans").set_value(files).run()
    assert not app.exception
    assert len(app.error) == 1
    assert "bad.toml" in unescaped(app.error[0].value)
    text = words(app)
    assert "2. Support assistant, more answers" in text
    assert headline(plan)[0] in text


# Calibration, on the log of the example without its [demand], so that there is something to learn.


def unfitted(folder: Path, **changes: str) -> Path:
    """The example on fewer paths, its [demand] taken out; changes: what else is replaced in its text."""
    text = data_path("plans", "example.toml").read_text(encoding="utf-8")
    text = text[: text.index("[demand]")] + text[text.index("[[demand.event]]") :]
    log = data_path("usage", "example.jsonl.gz").as_posix()
    changes = {"paths = 100_000": "paths = 2_000", "../usage/example.jsonl.gz": log} | changes
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    path = folder / "unfitted.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def fitted_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return unfitted(tmp_path_factory.mktemp("fitted"))


@pytest.fixture(scope="module")
def fitted(fitted_file: Path) -> Plan:
    return build_plan(load_plan(fitted_file))


@pytest.fixture(scope="module")
def tested(fitted_file: Path) -> Backtest:
    return backtest(load_plan(fitted_file))


def test_a_typed_mix_has_nothing_to_learn_from_and_the_page_says_what_would_do(app: AppTest, plan: Plan) -> None:
    text = words(opened(app, "calibration"))
    assert "mix was typed in" in text
    assert "Upload a usage log in the sidebar" in text
    assert not app.get("vega_lite_chart")
    shown = app.table[0].value
    from_whom = dict(zip(map(unescaped, shown["parameter"]), shown["from"], strict=True))
    for key in ("level_sd", "growth_per_year", "token_drift_per_year", "monthly_noise", "rebound"):
        assert from_whom[parameter_name(key)] == ("you" if key in plan.inputs.demand_given else "default")


def test_the_calibration_page_says_what_was_learnt_and_what_is_a_prior(
    app: AppTest, monkeypatch: pytest.MonkeyPatch, fitted_file: Path, fitted: Plan
) -> None:
    monkeypatch.setenv("PLANNER_PLAN", str(fitted_file))
    text = words(opened(app, "calibration"))
    calibration = fitted.prepared.calibration
    assert calibration is not None
    for line in (*calibration_headline(calibration), calibration.rests_on):
        assert line in text
    (priors,) = (line for line in text.splitlines() if line.startswith("Priors, not learnt"))
    for key in ("growth_per_year", "monthly_noise", "growth_damping_per_month", "rebound"):
        is_prior = calibration.parameter(key).source == "prior"
        assert (parameter_name(key).split(" (")[0] in priors) is is_prior
    assert {calibration.parameter(key).source for key in ("growth_per_year", "rebound")} == {"data", "prior"}
    assert "As you typed them" not in text
    assert "Saturday" in text
    assert len(app.get("vega_lite_chart")) == 2
    assert "Plan file with this fit (TOML)" in [unescaped(button.proto.label) for button in app.get("download_button")]


def test_a_typed_key_is_told_as_typed_and_not_as_learnt(
    app: AppTest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = unfitted(tmp_path, **{"[[demand.event]]": "[demand]\ngrowth_per_year = 0.3\n\n[[demand.event]]"})
    monkeypatch.setenv("PLANNER_PLAN", str(path))
    text = words(opened(app, "calibration"))
    (typed_line,) = (line for line in text.splitlines() if line.startswith("As you typed them"))
    assert typed_line == f"As you typed them, and so not fitted: {parameter_name('growth_per_year')}."


def test_the_plan_with_its_fit_is_a_plan_that_gives_the_same_fit(fitted: Plan) -> None:
    calibration = fitted.prepared.calibration
    assert calibration is not None
    inputs = parse_plan(with_calibration(fitted.inputs.text, calibration), base_dir=fitted.inputs.base_dir)
    assert inputs.demand_given == frozenset()
    assert replace(inputs.demand, events=()) == replace(calibration.demand, events=())


def test_a_short_log_says_what_is_missing_and_offers_no_test(
    app: AppTest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = unfitted(tmp_path, **{"from = 2026-06-01, to = 2026-10-31": "from = 2026-09-25, to = 2026-10-20"})
    monkeypatch.setenv("PLANNER_PLAN", str(path))
    text = words(opened(app, "calibration"))
    assert "The log covers 26 days" in text
    assert "cannot be tested yet" in text
    assert f"About {8 * 7 - 26} more days would do" in text
    assert "2026-09: not a complete month" in text
    assert "run_backtest" not in [button.key for button in app.button]


def test_the_backtest_runs_once_on_a_click_and_stays(
    app: AppTest, monkeypatch: pytest.MonkeyPatch, fitted_file: Path, tested: Backtest
) -> None:
    runs: list[PlanInputs] = []

    def counted(inputs: PlanInputs, report: session.Report) -> Backtest:
        runs.append(inputs)
        report("backtesting", 0.5)
        return tested

    monkeypatch.setattr(backtest_section, "backtest", counted)
    monkeypatch.setenv("PLANNER_PLAN", str(fitted_file))
    opened(app, "calibration")
    assert not app.select_slider
    assert not runs
    app.button(key="run_backtest").click().run()
    assert not app.exception
    text = words(app)
    for line in backtest_headline(tested):
        assert line in text
    opened(app, "commit")
    opened(app, "calibration")
    assert backtest_headline(tested)[0] in words(app)
    assert [inputs.sha256 for inputs in runs] == [load_plan(fitted_file).sha256]
    assert "run_backtest" not in [button.key for button in app.button]


def test_the_fold_on_the_slider_is_the_one_that_is_told(
    app: AppTest, monkeypatch: pytest.MonkeyPatch, fitted_file: Path, tested: Backtest
) -> None:
    monkeypatch.setattr(backtest_section, "backtest", lambda inputs, report: tested)
    monkeypatch.setenv("PLANNER_PLAN", str(fitted_file))
    opened(app, "calibration").button(key="run_backtest").click().run()
    for fold in (tested.folds[-1], tested.folds[2]):
        app.select_slider[0].set_value(fold.hidden).run()
        (told,) = (line for line in words(app).splitlines() if line.startswith("Without the last"))
        assert f"the {fold.trained_on} weeks before forecast" in told
        assert f"{sum(one.is_inside(0.8) for one in fold.held_out)} of {fold.hidden} inside" in told
        assert usd_short(fold.on_demand_cost_usd) in told


def test_a_backtest_that_fails_says_why_and_the_page_stands(
    app: AppTest, monkeypatch: pytest.MonkeyPatch, fitted_file: Path
) -> None:
    def refuse(inputs: PlanInputs, report: session.Report) -> Backtest:
        raise UsageError("usage.sources: the log is gone")

    monkeypatch.setattr(backtest_section, "backtest", refuse)
    monkeypatch.setenv("PLANNER_PLAN", str(fitted_file))
    opened(app, "calibration").button(key="run_backtest").click().run()
    assert not app.exception
    assert any("the log is gone" in unescaped(one.value) for one in app.info)
    assert app.button(key="run_backtest")


def test_the_run_rate_page_says_what_drives_it_and_works_it_out_once(
    app: AppTest, monkeypatch: pytest.MonkeyPatch, plan: Plan
) -> None:
    runs: list[Plan] = []

    def counted(current: Plan) -> Drivers:
        runs.append(current)
        return plan_drivers(current)

    monkeypatch.setattr(run_rate_page, "plan_drivers", counted)
    text = words(opened(app, "run-rate"))
    for line in drivers_sentences(plan_drivers(plan)):
        assert line in text
    opened(app, "commit")
    opened(app, "run-rate")
    assert len(runs) == 1


def test_a_plan_of_too_few_paths_says_so_and_draws_no_drivers(
    app: AppTest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "few.toml"
    path.write_text(SMALL.read_text(encoding="utf-8").replace("paths = 4_000", "paths = 200"), encoding="utf-8")
    monkeypatch.setenv("PLANNER_PLAN", str(path))
    text = words(opened(app, "run-rate"))
    assert all(line in text for line in drivers_sentences(plan_drivers(build_plan(load_plan(path)))))
    assert len(app.get("vega_lite_chart")) == 2


def test_only_the_last_few_results_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(st, "session_state", {})
    for key in "abcdef":
        assert kept.once("kind", key, lambda key=key: key) == key
    assert [key for key in "abcdef" if kept.is_kept("kind", key)] == list("cdef")


def test_what_was_learnt_and_tested_can_be_taken_away_as_csv(fitted: Plan, tested: Backtest) -> None:
    calibration = fitted.prepared.calibration
    assert calibration is not None
    found = {
        "parameters": (downloads.parameter_rows(calibration), len(calibration.parameters)),
        "trend": (downloads.trend_rows(calibration), calibration.history.n_periods),
        "outliers": (downloads.outlier_rows(calibration), len(calibration.history.outlier_days)),
        "shifts": (downloads.shift_rows(calibration), len(calibration.history.level_shifts)),
        "held out": (downloads.held_out_rows(tested), tested.held_out),
        "rules": (downloads.rule_rows(tested), len(tested.sizing)),
        "drivers": (downloads.driver_rows(plan_drivers(fitted)), len(plan_drivers(fitted).inputs)),
    }
    for name, (rows, expected) in found.items():
        read = list(csv.DictReader(io.StringIO(downloads.csv_bytes(rows).decode("utf-8-sig"))))
        assert len(read) == expected, name
        assert all(None not in row and "{" not in str(row)[1:-1] for row in read), name
    totals = {row["rule"]: row["realised_cost_usd"] for row in downloads.rule_rows(tested)}
    assert totals == {cost.rule: cost.realised_cost_usd for cost in tested.sizing}


# What the pages are made of, without the pages.


@pytest.mark.parametrize("text", ["a_b", "*x*", "$5 and $6", ":red[x]", "[a](b)", "<b>", "# h", "1. x", "a|b", "&lt;"])
def test_plain_text_keeps_its_letters_and_loses_its_powers(text: str) -> None:
    escaped = plain(text)
    assert unescaped(escaped) == text
    assert not re.search(r"(?<!\\)[*_$:\[\]<>#|&`]", escaped)


def test_plain_text_drops_what_turns_a_line_and_cuts_what_has_no_end() -> None:
    assert plain("a\u202eb\u0000c\nd\te") == "abc d e"
    assert len(plain("x" * 40_000)) == 600
    for address in ("http://a.example", "HTTPS://a.example", "www.a.example", "a@b.example"):
        assert address not in plain(address).replace("\\", ""), "the browser would make a link of it"


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@x", "\tx", "\rx", "=cmd|' /C calc'!A0"])
def test_a_cell_that_starts_a_formula_is_text(cell: str) -> None:
    assert inert_cell(cell) == f"'{cell}"


def test_csv_keeps_numbers_and_disarms_text() -> None:
    data = downloads.csv_bytes([{"request_type": "=HYPERLINK(1)", "usd": -1.5}, {"request_type": "a,b", "usd": 2}])
    rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"))))
    assert rows == [["request_type", "usd"], ["'=HYPERLINK(1)", "-1.5"], ["a,b", "2"]]


def test_every_table_can_be_taken_away_as_csv(plan: Plan) -> None:
    makers: dict[str, Any] = {
        "mix": lambda: downloads.mix_rows(plan),
        "months": lambda: downloads.month_rows(plan),
        "scenarios": lambda: downloads.scenario_rows([plan]),
        "differences": lambda: downloads.difference_rows([plan]),
        "routes": lambda: downloads.route_rows(plan),
        "curve": lambda: downloads.curve_rows(plan),
        "decision": lambda: downloads.decision_rows(plan),
    }
    for name, make in makers.items():
        rows = list(csv.DictReader(io.StringIO(downloads.csv_bytes(make()).decode("utf-8-sig"))))
        assert rows, name
        assert all(None not in row and "{" not in str(row)[1:-1] for row in rows), name
    curve = list(csv.DictReader(io.StringIO(downloads.csv_bytes(downloads.curve_rows(plan)).decode("utf-8-sig"))))
    assert [float(row["expected_cost_usd"]) for row in curve] == [point.expected_cost_usd for point in plan.curve]


def test_the_plan_file_that_is_taken_away_is_the_one_that_was_read(plan: Plan) -> None:
    assert plan.inputs.text == SMALL.read_text(encoding="utf-8")
    assert downloads.file_stem(plan) == "support-assistant-small"
    hostile = replace(plan.inputs, name='../../CON "\r\n')
    assert downloads.file_stem(replace(plan, prepared=replace(plan.prepared, inputs=hostile))) == "con"


def test_an_upload_cannot_name_a_file_of_this_machine(plan: Plan, tmp_path: Path) -> None:
    text = with_usage_sources(plan.inputs.text, ["/etc/passwd"], keep_selection=False)
    uploads = [Upload(name="mine.toml", data=text.encode())]
    with pytest.raises(InputError, match="Upload the log together with the plan"):
        choose(uploads, opening=plan.inputs, is_example=False, folder=tmp_path)


def test_a_downloaded_plan_finds_the_log_that_the_app_was_started_with(tmp_path: Path) -> None:
    opening = load_plan(data_path("plans", "example.toml"))
    changed = opening.text.replace("paths = 100_000", "paths = 1_000")
    choice = choose([Upload(name="e.toml", data=changed.encode())], opening=opening, is_example=True, folder=tmp_path)
    assert choice.inputs.paths == 1_000
    assert choice.inputs.usage is not None
    assert opening.usage is not None
    assert choice.inputs.usage.source == opening.usage.source


def test_a_log_replaces_the_log_and_the_selection_of_the_example_only(tmp_path: Path) -> None:
    opening = load_plan(data_path("plans", "example.toml"))
    log = Upload(name="..\\evil\r\n.csv", data=b"timestamp\n")
    for is_example in (True, False):
        choice = choose([log], opening=opening, is_example=is_example, folder=tmp_path)
        assert choice.inputs.usage is not None
        stored = choice.inputs.usage.source.sources
        assert re.fullmatch(r"log-[0-9a-f]{12}\.csv", stored[0])
        assert (tmp_path / stored[0]).read_bytes() == log.data
        assert bool(choice.inputs.usage.exclusions) is not is_example
        assert tomllib.loads(choice.inputs.text)["usage"]["sources"] == [log.name]
    assert [path.name for path in tmp_path.iterdir()] == [stored[0]]


def test_another_log_inherits_nothing_of_the_examples_company(tmp_path: Path) -> None:
    opening = load_plan(data_path("plans", "example.toml"))
    log = Upload(name="gateway.csv.gz", data=b"timestamp\n")
    found = tomllib.loads(choose([log], opening=opening, is_example=True, folder=tmp_path).inputs.text)
    before = tomllib.loads(opening.text)
    assert found["plan"] == before["plan"] | {"name": "gateway"}
    assert set(before) - set(found) == {"scenario", "demand", "business_unit", "offer", "ask", "evaluation"}
    assert found["contract"] == before["contract"]
    assert found["decision"] == {"max_shortfall_probability": 0.10}
    assert {entry["key"] for entry in found["assumption"]} == {"prices.cuts", "contract", "contract.band"}
    kept = tomllib.loads(choose([log], opening=opening, is_example=False, folder=tmp_path).inputs.text)
    assert {key: kept[key] for key in before if key != "usage"} == {
        key: before[key] for key in before if key != "usage"
    }


@pytest.mark.parametrize(
    ("logs", "name"),
    [
        (["a.jsonl.gz"], "a"),
        (["usage/"], "usage"),
        ([".csv"], "Own log"),
        (["x/y\\b.csv", "c.csv"], "b and 1 more"),
        (["n\n" + "m" * 999 + ".csv"], "n " + "m" * 178),
    ],
)
def test_a_plan_is_called_like_its_log(logs: list[str], name: str) -> None:
    example = data_path("plans", "example.toml").read_text(encoding="utf-8")
    assert tomllib.loads(without_example(example, logs))["plan"]["name"] == name


def test_a_changed_plan_text_keeps_its_comments(plan: Plan) -> None:
    text = with_usage_sources("# why\n" + plan.inputs.text, ["a.csv"], keep_selection=True)
    assert text.startswith("# why\n")
    document = tomllib.loads(text)
    assert document["usage"] == {"sources": ["a.csv"]}
    assert "mix" not in document
    assert document["contract"] == tomllib.loads(plan.inputs.text)["contract"]


def test_two_plans_at_once_and_a_plan_too_large_are_refused(plan: Plan, tmp_path: Path) -> None:
    one = Upload(name="a.toml", data=plan.inputs.text.encode())
    with pytest.raises(InputError, match="two plan files"):
        choose([one, replace(one, name="b.toml")], opening=plan.inputs, is_example=False, folder=tmp_path)
    with pytest.raises(InputError, match="at most 1,000,000"):
        plan_of(replace(one, data=b"#" * 1_000_001), tmp_path, plan.inputs)


def test_the_key_of_uploads_tells_apart_what_differs() -> None:
    a, b = Upload(name="a", data=b"bc"), Upload(name="ab", data=b"c")
    assert len({uploads_key(files) for files in ([], [a], [b], [a, b], [b, a])}) == 5


def test_the_alternatives_hold_the_recommendation_and_its_neighbours(plan: Plan) -> None:
    commit = plan.recommendation.offer.commit_usd_per_year
    found = {name: value.offer.commit_usd_per_year for name, value in alternatives(plan)}
    assert found["Recommended"] == commit
    assert found["10% less"] == pytest.approx(0.9 * commit)
    assert found["10% more"] == pytest.approx(1.1 * commit)
    assert found["No commitment"] == 0
    assert list(found.values()) == sorted(found.values())
    limit = plan.inputs.decision.max_shortfall_probability
    over = [row for row in alternatives_table(plan).rows if "over limit" in row[5]]
    assert len(over) == sum(value.shortfall_probability > limit for _, value in alternatives(plan))


def test_why_says_what_less_and_more_would_change(plan: Plan) -> None:
    priced = dict(alternatives(plan))
    less = priced["10% less"].expected_cost_usd - plan.recommendation.expected_cost.mean
    assert f"10% less {'costs' if less > 0 else 'saves'} {usd_short(abs(less))}" in why(plan)
    assert ("rules out the cheapest one" in why(plan)) is plan.constraint.binds


def test_the_dead_zone_is_told_with_its_own_figure(plan: Plan) -> None:
    outcome = plan.recommendation
    assert f"still saves ${outcome.marginal_saving_per_list_usd:.2f}" in dead_zone(plan, outcome)[1]
    none = plan.outcome(plan.inputs.contract.offer_at(0.0))
    assert dead_zone(plan, none)[0].startswith("Without a commitment there is no dead zone")
