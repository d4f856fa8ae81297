"""The page Compare: scenarios copied, renamed, removed, decided on and compared, presets said before they are added."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from planner.bundled import app_path
from planner.charts.regret import regret_chart, regret_frame
from planner.charts.style import DARK, LIGHT
from planner.negotiation.regret import regret_matrix
from planner.plan import Plan, build_plan
from planner.plan_file.loader import load_plan
from planner.plan_file.scenario_text import decided_on, names_of
from planner.scenario_words import lever_words
from tests.test_app import opened, unescaped, words

SMALL = Path(__file__).parent / "plans" / "small.toml"


@pytest.fixture(scope="module")
def plan() -> Plan:
    return build_plan(load_plan(SMALL))


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setenv("PLANNER_PLAN", str(SMALL))
    return opened(AppTest.from_file(str(app_path()), default_timeout=120), "compare")


def text_of(app: AppTest) -> str:
    """The plan file on the screen."""
    return str(app.session_state["loaded"].plan.inputs.text)


def typed_name(app: AppTest, action: str) -> object:
    return next(item for item in app.text_input if item.key.startswith(f"{action}_"))


def copied(app: AppTest, name: str, new: str) -> AppTest:
    app.selectbox(key="scenario").select(name).run()
    typed_name(app, "duplicate").set_value(new).run()  # type: ignore[attr-defined]
    app.button(key="duplicate_scenario").click().run()
    assert not app.exception
    return app


def cells(app: AppTest, column: str) -> list[str]:
    """A column of the first table that has it."""
    table = next(item.value for item in app.table if column in item.value.columns)
    return [unescaped(str(cell)).replace("\u00a0", " ") for cell in table[column]]


def test_the_list_says_what_each_scenario_is(app: AppTest, plan: Plan) -> None:
    assert cells(app, "scenario") == ["as is", "route first"]
    assert cells(app, "role") == ["the baseline", "decided on"]
    assert cells(app, "levers") == [lever_words(item) for item in plan.inputs.scenarios]
    assert cells(app, "levers")[1] == "2 routes, 1 batch lever"


def test_a_copy_is_picked_renamed_decided_on_and_removed(app: AppTest) -> None:
    copied(app, "route first", "bolder")
    assert names_of(text_of(app)) == ("as is", "route first", "bolder")
    assert app.selectbox(key="scenario").value == "bolder"
    assert "Edited, not saved." in words(app)
    typed_name(app, "rename").set_value("boldest").run()  # type: ignore[attr-defined]
    app.button(key="rename_scenario").click().run()
    assert names_of(text_of(app)) == ("as is", "route first", "boldest")
    assert app.selectbox(key="scenario").value == "boldest"
    app.button(key="decide_on").click().run()
    assert decided_on(text_of(app)) == "boldest"
    assert "The plan decides on 'boldest'. Decide on another scenario first" in words(app)
    app.selectbox(key="scenario").select("route first").run()
    app.button(key="remove_scenario").click().run()
    assert not app.exception
    assert names_of(text_of(app)) == ("as is", "boldest")
    assert app.selectbox(key="scenario").value == "boldest"


def test_a_name_that_is_taken_is_refused_where_it_was_typed_and_stays(app: AppTest) -> None:
    copied(app, "route first", "as is")
    assert [unescaped(item.value) for item in app.error] == [
        "a scenario named 'as is' is there already; give this one another name"
    ]
    assert typed_name(app, "duplicate").value == "as is"  # type: ignore[attr-defined]
    assert names_of(text_of(app)) == ("as is", "route first")


def test_the_baseline_stays_and_says_why_and_another_mix_as_it_is_can_take_its_place(app: AppTest) -> None:
    app.selectbox(key="scenario").select("as is").run()
    assert "'as is' is the mix as it is, which everything is compared with: it stays." in words(app)
    copied(app, "as is", "today")
    app.button(key="make_baseline").click().run()
    assert names_of(text_of(app))[0] == "today"
    assert cells(app, "role") == ["the baseline", "an alternative", "decided on"]


def test_a_copy_differs_in_nothing_and_the_plan_as_it_was_opened_can_be_compared_with(app: AppTest) -> None:
    copied(app, "route first", "twin")
    app.selectbox(key="diff_from").select("route first").run()
    app.selectbox(key="diff_to").select("twin").run()
    assert "Nothing differs between 'route first' and 'twin'." in words(app)
    app.selectbox(key="diff_from").select("as opened: route first").run()
    assert "key" in words(app)
    assert any("scenario 'twin'" in cell for cell in cells(app, "what"))


def test_what_differs_is_said_in_words_with_both_values(app: AppTest) -> None:
    assert "From 'as is' to 'route first', 14 lever keys differ" in words(app)
    assert cells(app, "what") == ["+ route of 'triage'", "+ route of 'answer'", "+ batch of 'nightly-summary'"]
    assert cells(app, "route first")[0].startswith("to: claude-haiku-5-5; share: 80.0% to 95.0% (P10 to P90); esc")


def test_another_plan_file_is_compared_by_every_key(app: AppTest) -> None:
    other = SMALL.read_text(encoding="utf-8").replace("400_000", "500_000").replace(", small", ", more answers")
    app.file_uploader(key="other_plans").set_value([("o.toml", other.encode(), "application/toml")]).run()
    app.selectbox(key="diff_from").select("route first").run()
    app.selectbox(key="diff_to").select("2. Support assistant, more answers: route first").run()
    assert not app.exception
    assert "From 'route first' to '2. Support assistant, more answers: route first', 2 keys differ" in words(app)
    assert "~ mix, answer on claude-opus-5-5, monthly requests" in cells(app, "what")


def test_a_preset_says_what_it_would_add_before_it_is_added(app: AppTest) -> None:
    assert "add_preset" not in [button.key for button in app.button]
    app.button(key="run_suggestion").click().run()
    before = text_of(app)
    said = words(app)
    assert "adds a scenario of" in said
    app.pills(key="preset").set_value("base").run()
    assert "Base adds a scenario of" in words(app)
    assert text_of(app) == before
    app.button(key="add_preset").click().run()
    assert not app.exception
    assert "base" in names_of(text_of(app))
    assert decided_on(text_of(app)) == "route first"
    assert app.selectbox(key="scenario").value == "base"


def test_a_pick_on_one_page_is_the_pick_on_the_other(app: AppTest) -> None:
    app.selectbox(key="scenario").select("as is").run()
    opened(app, "levers")
    assert app.selectbox(key="scenario").value == "as is"


def test_a_plan_with_one_scenario_says_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    text = SMALL.read_text(encoding="utf-8")
    alone = text[: text.index("[[scenario]]")] + text[text.index("[contract]") :]
    path = tmp_path / "alone.toml"
    path.write_text(alone.replace('scenario = "route first"', ""), encoding="utf-8")
    monkeypatch.setenv("PLANNER_PLAN", str(path))
    app = opened(AppTest.from_file(str(app_path()), default_timeout=120), "compare")
    assert "The plan has one scenario, so there is no wrong guess to price" in words(app)
    copied(app, "as is", "mine")
    assert names_of(text_of(app)) == ("as is", "mine")
    assert decided_on(text_of(app)) == "as is"


# The chart of regret.


def test_the_grid_of_regret_has_every_cell_with_its_dollars_and_its_risk(plan: Plan) -> None:
    found = regret_matrix(plan)
    frame = regret_frame(found)
    rows = (*found.best, found.recommended)
    assert frame["usd"].tolist() == [regret.mean for row in rows for regret in row.regrets]
    assert frame["risk"].tolist() == [risk for row in rows for risk in row.shortfall_probabilities]
    assert frame["strength"].between(0, 1).all()
    assert frame["strength"].max() == 1
    assert len(set(frame["signed"])) == len(rows)


@pytest.mark.parametrize("palette", [LIGHT, DARK])
def test_the_grid_of_regret_is_titled_and_names_both_axes(plan: Plan, palette: object) -> None:
    spec = regret_chart(regret_matrix(plan), palette).to_dict()  # type: ignore[arg-type]
    assert spec["title"]["text"] == "What a wrong guess costs"
    encodings = [layer["encoding"] for layer in spec["layer"]]
    assert encodings[0]["x"]["title"] == "scenario that comes true"
    assert encodings[0]["y"]["title"] == "commitment that is signed"
    assert [layer["encoding"]["text"]["field"] for layer in spec["layer"] if "text" in layer["encoding"]] == [
        "words",
        "beneath",
    ]
