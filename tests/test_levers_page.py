"""The page Levers: what a cell of its table shows and reads, routes written back into the plan, what it leads to."""

import tomllib
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some
from streamlit.testing.v1 import AppTest

from planner.bundled import app_path, data_path
from planner.errors import InputError
from planner.plan import build_plan
from planner.plan_file.lever_text import RouteEdit, routes_of, with_routes
from planner.plan_file.loader import load_plan, parse_plan
from planner.simulation import KeptPaths
from planner.ui.levers.lever_form import (
    KEEP,
    edits,
    is_edited,
    read_fraction,
    read_months,
    shown_fraction,
    shown_months,
    type_row,
)
from planner.ui.state.rebuilt import rebuilt
from tests.test_app import opened, words

SMALL = Path(__file__).parent / "plans" / "small.toml"
EXAMPLE = data_path("plans", "example.toml")

# --- cells ------------------------------------------------------------------------------------------------------------

PARTS = some.integers(0, 1000).map(lambda n: n / 1000)
INSIDE = some.integers(1, 999).map(lambda n: n / 1000)
FRACTIONS = some.one_of(
    PARTS,
    some.tuples(INSIDE, INSIDE).map(lambda ends: {"p10": min(ends), "p90": max(ends)}),
    some.tuples(PARTS, PARTS, PARTS).map(lambda three: dict(zip(("low", "mode", "high"), sorted(three), strict=True))),
    some.tuples(some.integers(0, 500), some.integers(0, 500)).map(lambda n: {"passed": n[0], "failed": n[1]}),
)


@given(FRACTIONS)
def test_what_a_share_shows_reads_back_as_the_share(value: Any) -> None:
    assert read_fraction(shown_fraction(value)) == value


@given(some.integers(-12, 60), some.integers(0, 24))
def test_what_months_show_reads_back_as_the_months(start: int, span: int) -> None:
    for value in (start, {"low": start, "mode": start + span // 2, "high": start + span}):
        assert read_months(shown_months(value), is_start=True) == value
    length = {"p10": span + 0.5, "p90": span + 2.5}
    assert read_months(shown_months(length), is_start=False) == length


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("5 to 9", {"p10": 0.05, "p90": 0.09}),
        ("5 % to 9 %", {"p10": 0.05, "p90": 0.09}),
        ("5-9", {"p10": 0.05, "p90": 0.09}),
        ("5 – 9 %", {"p10": 0.05, "p90": 0.09}),
        ("7", 0.07),
        (" 7.5 % ", 0.075),
        ("2 / 7 / 12", {"low": 0.02, "mode": 0.07, "high": 0.12}),
        ("188 of 200", {"passed": 188, "failed": 12}),
        ("188 OF 200 passed", {"passed": 188, "failed": 12}),
        ("5 TO 9", {"p10": 0.05, "p90": 0.09}),
        ("2 % / 7 % / 12 %", {"low": 0.02, "mode": 0.07, "high": 0.12}),
        (".5 %", 0.005),
        ("0", 0.0),
    ],
)
def test_percentages_are_read_as_people_write_them(text: str, value: Any) -> None:
    assert read_fraction(text) == value


def test_a_start_from_to_is_a_month_between_and_a_length_an_interval() -> None:
    assert read_months("0 to 4", is_start=True) == {"low": 0, "mode": 2, "high": 4}
    assert read_months("-3 to 1", is_start=True) == {"low": -3, "mode": -1, "high": 1}
    assert read_months("3 to 9", is_start=False) == {"p10": 3, "p90": 9}
    assert read_months("1 to 2", is_start=True) == {"low": 1, "mode": 1.5, "high": 2}
    assert read_months("0.2 to 0.4", is_start=True) == {"low": 0.2, "mode": 0.3, "high": 0.4}


# --- the table --------------------------------------------------------------------------------------------------------


def rows(text: str, *names: str) -> list[Any]:
    return [
        type_row(text, "route first", name, models="claude-opus-5-5", share_of_bill=0.5, saving_usd_per_month=1.0)
        for name in names
    ]


def typed(row: Any, **changed: str) -> dict[str, Any]:
    return asdict(row) | changed


def test_only_cells_that_were_changed_change_the_plan() -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    before = rows(text, "triage", "extract", "answer")
    assert [row.share for row in before] == ["80 to 95 %", "60 to 90 %", ""]
    assert edits(before, [typed(row) for row in before]) == []
    assert with_routes(text, "route first", []) == text
    found = edits(before, [typed(before[0], share="70 to 90"), typed(before[1]), typed(before[2])])
    assert found == [
        RouteEdit(request_type="triage", to="claude-haiku-5-5", values={"share": {"p10": 0.7, "p90": 0.9}})
    ]
    lines = with_routes(text, "route first", found).splitlines()
    pairs = zip(text.splitlines(), lines, strict=True)
    different = [(old, new) for old, new in pairs if old != new]
    assert [(old.split("#")[0].strip(), new.split("#")[0].strip()) for old, new in different] == [
        ("share = { p10 = 0.80, p90 = 0.95 }", "share = { p10 = 0.7, p90 = 0.9 }")
    ]


def test_a_route_keeps_every_key_that_the_table_does_not_show() -> None:
    text = SMALL.read_text(encoding="utf-8").replace(
        "escalation = { passed = 188, failed = 12 }",
        'escalation = { passed = 188, failed = 12, fnr = 0.05, fpr = 0.1 }\nrule_fraction = 0.4\nmoves = "request"',
    )
    (before,) = rows(text, "triage")
    (edit,) = edits([before], [typed(before, escalation="190 of 200", length="3 to 9", target="claude-sonnet-5-5")])
    (route,) = routes_of(with_routes(text, "route first", [edit]), "route first", "triage")
    (old,) = routes_of(text, "route first", "triage")
    assert route == old | {
        "to": "claude-sonnet-5-5",
        "escalation": {"passed": 190, "failed": 10, "fnr": 0.05, "fpr": 0.1},
        "ramp": {"start_month": 1, "months": {"p10": 3, "p90": 9}},
    }


def test_a_target_adds_a_route_and_none_takes_it_away() -> None:
    text = SMALL.read_text(encoding="utf-8")
    before = rows(text, "triage", "code review")
    found = edits(
        before,
        [
            typed(before[0], target=KEEP),
            typed(before[1], target="claude-sonnet-5-5", share="50", escalation="5 to 9", start="2"),
        ],
    )
    changed = with_routes(text, "route first", found)
    assert routes_of(changed, "route first", "triage") == []
    assert routes_of(changed, "route first", "code review") == [
        {
            "request_type": "code review",
            "to": "claude-sonnet-5-5",
            "share": 0.5,
            "escalation": {"p10": 0.05, "p90": 0.09},
            "ramp": {"start_month": 2},
        }
    ]
    scenario = next(item for item in tomllib.loads(text)["scenario"] if item["name"] == "route first")
    after = next(item for item in tomllib.loads(changed)["scenario"] if item["name"] == "route first")
    assert {key: value for key, value in after.items() if key != "route"} == {
        key: value for key, value in scenario.items() if key != "route"
    }
    parse_plan(changed, base_dir=SMALL.parent)


@pytest.mark.parametrize(
    ("cell", "text", "message"),
    [
        ("share", "lots", "share of 'triage': 'lots' cannot be read. Write 7 or 7 %"),
        ("escalation", "210 of 200", "escalation of 'triage'.*188 of 200 passed"),
        ("start", "soon", "ramp start of 'triage': 'soon'.*0 to 4 .earliest to latest"),
        ("length", "3 - ", "ramp length of 'triage'"),
        ("share", "120", "share of 'triage': '120' is not between 0 and 100 %"),
        ("share", "-3", "'-3' is not between"),
        ("share", "9 to 5", "'9 to 5' does not go from the least to the most"),
        ("share", "0 to 5", "'0 to 5' reaches 0 or 100 %"),
        ("share", "0.95", "'0.95' is less than one percent: write 95 for 95 %"),
        ("length", "-2", "'-2' is less than no months"),
        ("length", "0 to 6", "'0 to 6' begins at 0"),
        ("start", "4 / 1 / 2", "does not go from the least to the most"),
        ("share", "", "share of 'triage' is empty. Write 7 or 7 %"),
        ("start", "", "ramp start of 'triage' is empty"),
    ],
)
def test_what_cannot_be_read_is_an_error_that_names_the_cell(cell: str, text: str, message: str) -> None:
    (row,) = rows(SMALL.read_text(encoding="utf-8"), "triage")
    with pytest.raises(InputError, match=message):
        edits([row], [typed(row, **{cell: text})])


@pytest.mark.parametrize("empty", [None, float("nan"), "", "  "])
def test_a_cell_that_was_emptied_is_empty_however_the_table_says_it(empty: Any) -> None:
    (row,) = rows(SMALL.read_text(encoding="utf-8"), "triage")
    with pytest.raises(InputError, match="escalation of 'triage' is empty"):
        edits([row], [typed(row, escalation=empty)])
    (stays,) = rows(SMALL.read_text(encoding="utf-8"), "code review")
    assert edits([stays], [typed(stays, share=empty)]) == []
    assert not is_edited([stays], [typed(stays, share=empty, start=empty)])


def test_nothing_typed_is_lost_where_a_type_stays() -> None:
    before = rows(SMALL.read_text(encoding="utf-8"), "triage", "code review")
    assert is_edited(before, [typed(before[0]), typed(before[1], share="50")])
    with pytest.raises(InputError, match="share of 'code review': '50' needs a target"):
        edits(before, [typed(before[0]), typed(before[1], share="50")])
    with pytest.raises(InputError, match="share of 'triage': '44' needs a target"):
        edits(before, [typed(before[0], target=KEEP, share="44"), typed(before[1])])


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ({"escalation": "5"}, "share of 'code review' is empty"),
        ({"share": "5"}, "escalation of 'code review' is empty"),
    ],
)
def test_a_new_route_is_not_taken_for_all_of_a_type_without_escalation(cells: dict[str, str], message: str) -> None:
    (row,) = rows(SMALL.read_text(encoding="utf-8"), "code review")
    with pytest.raises(InputError, match=message):
        edits([row], [typed(row, target="claude-sonnet-5-5", **cells)])


def test_answers_of_one_model_are_not_carried_to_another() -> None:
    (row,) = rows(SMALL.read_text(encoding="utf-8"), "triage")
    with pytest.raises(InputError, match="188 of 200 passed' is of answers of claude-haiku-5-5; write what"):
        edits([row], [typed(row, target="claude-sonnet-5-5")])
    assert edits([row], [typed(row, target="claude-sonnet-5-5", escalation="2 to 8")])


JUDGED = "escalation = { passed = 188, failed = 12, fnr = 0.05, fpr = 0.1 }"


def test_the_errors_of_a_judge_are_not_lost_and_what_cells_do_not_show_is_said() -> None:
    text = SMALL.read_text(encoding="utf-8").replace("escalation = { passed = 188, failed = 12 }", JUDGED)
    ramp = next(line for line in text.splitlines() if line.startswith("ramp"))
    text = text.replace(ramp, 'ramp = { start_month = 1, months = 4, after = ["graded"], team = "platform" }', 1)
    (row,) = rows(text, "triage")
    assert row.notes == (
        "'triage': escalation follows from the pass rate and the judge's errors, fnr 5 % and fpr 10 %.",
        "'triage': the start counts from 'graded', plus whatever team 'platform' slips.",
    )
    with pytest.raises(InputError, match=r"the judge's errors \(fnr 5 % and fpr 10 %\): write the answers"):
        edits([row], [typed(row, escalation="7 to 12")])
    assert edits([row], [typed(row, escalation="190 of 200")])


def test_several_routes_of_a_type_are_left_to_the_plan_file() -> None:
    second = '\n[[scenario.route]]\nrequest_type = "triage"\nto = "claude-sonnet-5-5"\nshare = 0.05\n'
    text = SMALL.read_text(encoding="utf-8")
    at = text.index("[[scenario.route]]")
    (row,) = rows(text[:at] + second.lstrip() + "\n" + text[at:], "triage")
    assert (row.target, row.locked) == ("several", "2 routes")
    with pytest.raises(InputError, match="'triage' has 2 routes; change them in the plan file"):
        edits([row], [typed(row, share="50")])


# --- a plan with other levers -----------------------------------------------------------------------------------------


def test_a_plan_with_other_levers_is_the_plan_that_is_built_from_them() -> None:
    plan = build_plan(load_plan(SMALL))
    edit = RouteEdit(request_type="triage", to="claude-sonnet-5-5", values={"share": 0.5})
    inputs = parse_plan(with_routes(plan.inputs.text, "route first", [edit]), base_dir=SMALL.parent)
    found, built = rebuilt(plan, inputs, KeptPaths(), lambda step, done: None), build_plan(inputs)
    assert found.recommendation == built.recommendation
    assert found.warnings == built.warnings
    assert found.recommendation != plan.recommendation


def test_the_page_shows_the_waterfall_and_what_a_unit_cost_is_made_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLANNER_PLAN", str(SMALL))
    app = opened(AppTest.from_file(str(app_path()), default_timeout=60).run(), "levers")
    said = words(app)
    assert "would overstate the saving" in said
    cells = {str(cell).replace("\\", "") for table in app.table for cell in table.value.to_numpy().ravel()}
    assert {"claude-haiku-5-5", "uncached input", "2026-10-07"} <= cells
    app.selectbox(key="traced_type").select("triage").run()
    assert "A thousand requests of 'triage' cost $4.80 at list today" in words(app)
    app.button(key="run_suggestion").click().run()
    assert not app.exception
    assert "Move now: 'triage' to claude-haiku-5-5" in words(app)
    app.button(key="add_base").click().run()
    assert not app.exception
    assert "Edited, not saved." in words(app)
    picked = next(box for box in app.selectbox if box.label == "Scenario")
    assert "base" in picked.options
    assert picked.value == "base", "what was added is shown"
    assert "The levers of 'base' take" in words(app)
    app.button(key="run_suggestion").click().run()
    assert "The plan has a scenario 'base' already" in words(app)
    assert not any(button.key == "add_base" for button in app.button)
    picked.select("as is").run()
    assert "'as is' has no levers" in words(app)


@pytest.mark.parametrize("name", ["all-in: the *big* [one]"])
def test_a_scenario_is_listed_letter_by_letter(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = tmp_path / "plan.toml"
    plan.write_text(SMALL.read_text(encoding="utf-8").replace("route first", name), encoding="utf-8")
    monkeypatch.setenv("PLANNER_PLAN", str(plan))
    app = opened(AppTest.from_file(str(app_path()), default_timeout=60).run(), "levers")
    assert f"{name} (decided on)" in next(box for box in app.selectbox if box.label == "Scenario").options


def test_old_prices_are_said_on_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLANNER_PLAN", str(SMALL))
    monkeypatch.setenv("PLANNER_TODAY", "2027-06-01")
    app = opened(AppTest.from_file(str(app_path()), default_timeout=60).run(), "levers")
    assert any("days old" in warning.value for warning in app.warning)
