"""planner evidence grade: kept answers to graded files; a judge asked through the real SDK within a budget."""

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from messages_stub import Fault, MessagesStub

from planner import cli
from planner.evaluation.sample import draw, read_sample
from planner.evaluation.store import open_store
from planner.evaluation.store_file import default_store
from planner.evidence.graded import read_graded_files

HAIKU, OPUS, JUDGE = "claude-haiku-5-5", "claude-opus-5-5", "claude-sonnet-5-5"
ANSWERS = 12
PLAN = """
[plan]
start = 2027-01-01
seed = 3
[contract]
term_months = 12
[[contract.band]]
min_commit_usd_per_year = 10_000
discount_fraction = 0.1
[[mix]]
request_type = "triage"
model = "claude-opus-5-5"
monthly_requests = 1_000_000
uncached_input_tokens = 1000
output_tokens = 100
[[evaluation]]
request_type = "triage"
sample = ["sample.jsonl"]
candidates = ["claude-haiku-5-5"]
answers = 8
looks = 2
grader = {grader}
"""
EXACT = '{ kind = "exact" }'
JUDGED = f'{{ kind = "judge", model = "{JUDGE}", rubric = "The same word." }}'

pytestmark = pytest.mark.usefixtures("no_key")


@pytest.fixture
def no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_ADMIN_KEY", "ANTHROPIC_BASE_URL"):
        monkeypatch.delenv(name, raising=False)


def plan_in(folder: Path, grader: str, *, expected: bool = True) -> Path:
    plan = folder / "plan.toml"
    plan.write_text(PLAN.replace("{grader}", grader))
    lines = [
        {
            "request_type": "triage",
            "id": f"r{number}",
            "messages": [{"role": "user", "content": f"question {number} answer=P{number}"}],
            "max_tokens": 50,
        }
        | ({"expected": f"P{number}"} if expected else {})
        for number in range(ANSWERS)
    ]
    (folder / "sample.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return plan


def answer_with(
    stub: MessagesStub,
    plan: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    *,
    answers: int = 8,
) -> None:
    """Candidate and reference are run through the SDK."""
    monkeypatch.setenv("ANTHROPIC_BASE_URL", stub.address)
    monkeypatch.setenv("ANTHROPIC_API_KEY", stub.key)
    code, _, error = command(capsys, "run", plan, "--budget", 5, "--yes", "--with-reference", "--answers", answers)
    assert (code, len(stub.bill)) == (0, 2 * answers), error
    monkeypatch.delenv("ANTHROPIC_API_KEY")


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    """(exit code, stdout, stderr) of planner evidence grade."""
    return command(capsys, "grade", *arguments)


def command(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    """(exit code, stdout, stderr) of a planner evidence command."""
    code: Any = 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.argv", ["planner", "evidence", *map(str, arguments)])
        try:
            cli.main()
        except SystemExit as stop:
            code = stop.code
    said = capsys.readouterr()
    return code or 0, said.out, said.err


def judging(verdict: Callable[[str, str], str]) -> Callable[[int, dict[str, Any]], Fault | None]:
    """What the stub replies to the judge's requests: what a function of both answers says."""

    def fault(number: int, body: dict[str, Any]) -> Fault | None:
        if "tool_choice" not in body:
            return None
        lines = body["messages"][0]["content"].splitlines()
        first, second = (json.loads(lines[lines.index(line) + 1]) for line in lines if line.startswith(("<f", "<s")))
        word = verdict(first, second)

        def change(message: dict[str, Any]) -> None:
            message["content"] = [
                {"type": "tool_use", "id": "toolu_1", "name": body["tool_choice"]["name"], "input": {"better": word}}
            ]
            message["stop_reason"] = "tool_use"

        return Fault(change=change)

    return fault


def test_answers_are_graded_without_a_key(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    plan, out = plan_in(tmp_path, EXACT), tmp_path / "graded.jsonl"
    with MessagesStub(pass_rates={HAIKU: 0.7, OPUS: 1.0}) as stub:
        answer_with(stub, plan, monkeypatch, capsys)
    code, said, notes = run(capsys, plan, "-o", out)
    assert code == 0, notes
    graded = read_graded_files([out]).answers
    drawn = draw(read_sample([tmp_path / "sample.jsonl"]), request_type="triage", answers=8, seed=3)
    assert [item.id for item in graded] == [item.id for item in drawn]
    assert {item.candidate for item in graded} == {HAIKU}
    assert all(item.reference_passed for item in graded)
    passed = sum(item.passed for item in graded)
    assert 0 < passed < 8
    assert f"triage: {HAIKU} passed {passed} of 8" in said
    assert f"8 graded answers are in {out}." in said
    code, printed, _ = run(capsys, plan, "--json", "--labels", out)
    (one,) = json.loads(printed)
    assert (code, one["passed"], one["graded"], one["reference_passed"]) == (0, passed, 8, 8)
    assert (one["agreement"]["fnr"], one["agreement"]["fpr"], one["agreement"]["kappa"]) == (0.0, 0.0, 1.0)
    assert one["agreement"]["corrected_pass_rate"] == pytest.approx(passed / 8)


def test_an_answer_of_another_model_has_no_grade(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    plan, out = plan_in(tmp_path, EXACT), tmp_path / "graded.jsonl"
    with MessagesStub(pass_rates={HAIKU: 1.0, OPUS: 1.0}) as stub:
        answer_with(stub, plan, monkeypatch, capsys)
    with sqlite3.connect(default_store(plan)) as store:
        keys = [key for (key,) in store.execute("select key from answers where model = ? order by key", [HAIKU])]
        store.execute("update answers set served_model = ? where key in (?, ?)", [OPUS, *keys[:2]])
        store.execute("update answers set served_model = ? where key = ?", [f"{HAIKU}-20261007", keys[2]])
    store.close()
    code, said, notes = run(capsys, plan, "-o", out)
    assert (code, len(read_graded_files([out]).answers)) == (0, 6), notes
    assert "2 not graded (another model answered: 2)" in notes + said


def test_answers_beyond_the_planned_ones_count_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = plan_in(tmp_path, EXACT)
    with MessagesStub() as stub:
        answer_with(stub, plan, monkeypatch, capsys, answers=11)
    (one,) = json.loads(run(capsys, plan, "--json")[1])
    assert (one["graded"], one["ungraded"]) == (11, {})
    code, _, error = run(capsys, plan, "--type", "summary")
    assert (code, "--type summary: the plan has no such [[evaluation]]; it has triage" in error) == (2, True)
    code, _, error = run(capsys, plan, "--candidate", JUDGE)
    assert (code, "no answer to the evaluation of 'triage' is kept" in error) == (2, True)


def test_a_judge_is_asked_within_a_budget_and_paid_for_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    plan, out = plan_in(tmp_path, JUDGED, expected=False), tmp_path / "graded.jsonl"
    with MessagesStub(pass_rates={HAIKU: 0.5, OPUS: 1.0, JUDGE: 1.0}) as stub:
        stub.fault = judging(lambda first, second: "second" if first == "wrong" else "first")
        answer_with(stub, plan, monkeypatch, capsys)
        paid = len(stub.bill)
        code, _, error = run(capsys, plan, "-o", out)
        assert code == 2
        assert "has to be asked" in error
        assert "name a hard stop with --budget USD" in error
        code, _, error = run(capsys, plan, "--budget", 1)
        assert (code, "say --yes" in error) == (2, True)
        code, _, error = run(capsys, plan, "--budget", 1, "--yes")
        assert (code, "No key: set ANTHROPIC_API_KEY" in error) == (2, True)
        assert len(stub.bill) == paid
        monkeypatch.setenv("ANTHROPIC_API_KEY", stub.key)
        code, said, notes = run(capsys, plan, "--budget", 1, "--yes", "-o", out)
        assert code == 0, notes
        judged = len(stub.bill) - paid
        monkeypatch.delenv("ANTHROPIC_API_KEY")
        again = run(capsys, plan)
        assert (again[0], len(stub.bill) - paid) == (0, judged)
    graded = read_graded_files([out]).answers
    wrong = [item for item in graded if not item.passed]
    assert 0 < len(wrong) < 8
    assert judged == 2 * len(wrong)  # the other answers are the reference's own words
    assert all((item.cost_usd or 0) > 0 and item.reference_passed is None for item in graded)
    assert "for judges" in said
    assert stub.key not in said + notes + error
    with open_store(default_store(plan)) as kept:
        assert kept.kept().answers == paid + judged


def test_a_budget_too_small_leaves_answers_unjudged_and_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = plan_in(tmp_path, JUDGED, expected=False)
    with MessagesStub(pass_rates={HAIKU: 0.0, OPUS: 1.0, JUDGE: 1.0}) as stub:
        answer_with(stub, plan, monkeypatch, capsys)
        monkeypatch.setenv("ANTHROPIC_API_KEY", stub.key)
        code, printed, notes = run(capsys, plan, "--budget", 0.000001, "--yes", "--json")
    (one,) = json.loads(printed)
    assert (code, one["graded"], one["ungraded"]) == (0, 0, {"not judged yet": 8})
    assert "questions to a judge that the budget left unasked: 16" in notes


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda plan: plan.write_text(PLAN.split("[[evaluation]]")[0]), "the plan has no [[evaluation]]"),
        (lambda plan: None, "no answer to the evaluation of 'triage' is kept; run `planner evidence run` first"),
        (lambda plan: default_store(plan).unlink(), "there are no answers at"),
        (
            lambda plan: (plan.parent / "sample.jsonl").write_text(
                '{"request_type": "other", "messages": [{"role": "user", "content": "x"}], "max_tokens": 1}'
            ),
            "sample.jsonl has no request of type 'triage'",
        ),
    ],
)
def test_what_is_missing_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], change: Callable[[Path], Any], said: str
) -> None:
    plan = plan_in(tmp_path, EXACT)
    with open_store(default_store(plan)):
        pass
    change(plan)
    code, _, error = run(capsys, plan)
    assert (code, said in error) == (2, True), error
