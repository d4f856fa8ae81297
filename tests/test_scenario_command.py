"""planner scenario and planner diff: plans changed in place with their comments, and differences as text and JSON."""

import json
import sys
from pathlib import Path

import pytest

from planner import cli
from planner.plan import build_plan
from planner.plan_file.loader import load_plan
from planner.plan_file.scenario_text import duplicated, names_of
from planner.scenario_diff import Side, scenario_diff
from planner.scenario_diff_report import diff_json, diff_sentences

SMALL = Path(__file__).parent / "plans" / "small.toml"
TEXT = SMALL.read_text(encoding="utf-8").replace("paths = 4_000", "paths = 400")


@pytest.fixture
def plan_file(tmp_path: Path) -> Path:
    path = tmp_path / "plan.toml"
    path.write_text(f"# kept\n{TEXT}", encoding="utf-8")
    return path


def ran(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *arguments: object
) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of a command."""
    monkeypatch.setattr(sys, "argv", ["planner", *map(str, arguments)])
    code = 0
    try:
        cli.main()
    except SystemExit as stop:
        code = int(stop.code or 0)
    said = capsys.readouterr()
    return code, said.out, said.err


def test_scenarios_are_listed_copied_renamed_decided_on_and_removed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, plan_file: Path
) -> None:
    def planner(*arguments: object) -> tuple[int, str, str]:
        return ran(capsys, monkeypatch, *arguments)

    assert planner("scenario", "copy", plan_file, "route first", "bolder")[0] == 0
    assert plan_file.read_text(encoding="utf-8") == f"# kept\n{duplicated(TEXT, 'route first', 'bolder')}"
    assert planner("scenario", "rename", plan_file, "bolder", "boldest")[0] == 0
    code, out, err = planner("scenario", "remove", plan_file, "route first")
    assert (code, out) == (2, "")
    assert "the plan decides on 'route first'" in err
    assert "decided on: boldest" in planner("scenario", "decide", plan_file, "boldest")[1]
    assert planner("scenario", "remove", plan_file, "route first")[0] == 0
    assert names_of(plan_file.read_text(encoding="utf-8")) == ("as is", "boldest")
    listed = json.loads(planner("scenario", "list", plan_file, "--json")[1])["scenarios"]
    assert [(row["scenario"], row["is_baseline"], row["is_decided"]) for row in listed] == [
        ("as is", True, False),
        ("boldest", False, True),
    ]
    other = plan_file.with_name("other.toml")
    before = plan_file.read_bytes()
    assert planner("scenario", "copy", plan_file, "as is", "blank", "-o", other)[0] == 0
    assert plan_file.read_bytes() == before
    assert planner("scenario", "baseline", other, "blank")[0] == 0
    assert names_of(other.read_text(encoding="utf-8"))[0] == "blank"


def test_a_difference_is_told_and_given_as_json(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, plan_file: Path
) -> None:
    plan = build_plan(load_plan(plan_file))
    sides = Side(plan=plan, scenario="as is"), Side(plan=plan, scenario="route first")
    found = scenario_diff(*sides)
    code, out, _ = ran(capsys, monkeypatch, "diff", plan_file)
    assert code == 0
    assert "+ route.triage" in out
    for line in diff_sentences(found, ("as is", "route first")):
        assert line in out
    assert json.loads(ran(capsys, monkeypatch, "diff", plan_file, "--json")[1]) == json.loads(
        json.dumps(diff_json(found, sides))
    )
    turned = ran(capsys, monkeypatch, "compare", plan_file, "--diff", "route first", "as is", "--json")[1]
    assert json.loads(turned)["a"]["scenario"] == "route first"


def test_two_plans_are_compared_by_what_each_decides_on(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, plan_file: Path
) -> None:
    other = plan_file.with_name("b.toml")
    other.write_text(TEXT.replace("400_000", "500_000"), encoding="utf-8")
    out = ran(capsys, monkeypatch, "diff", plan_file, other)[1]
    assert "~ mix.answer on claude-opus-5-5.monthly_requests" in out
    assert "1 key differs" in out
    same = ran(capsys, monkeypatch, "diff", plan_file, plan_file, "--quiet")[1]
    assert same.startswith("Nothing differs between")
    code, _, err = ran(capsys, monkeypatch, "diff", plan_file, "--to", "nowhere")
    assert code == 2
    assert "--to nowhere: Support assistant, small has no such scenario. Known: as is, route first" in err
