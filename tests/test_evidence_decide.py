"""Decisions from graded answers: as a library, on the command line, and how often they are wrong."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from planner import cli
from planner.evidence.decide import decide, recommended
from planner.evidence.decision import Bar
from planner.evidence.graded import GradedAnswer, write_graded
from planner.evidence.looks import Schedule, bounds, look_at
from planner.evidence.paired import difference_bounds
from planner.evidence_reports.decide import PairFacts, decide_json, decide_notes, decide_table, decided

KEYS = {
    *("request_type", "candidate", "passed", "failed", "pass_rate", "lower", "upper", "bar", "decision"),
    *("samples_to_settle", "cost_to_settle_usd", "escalation_rate", "break_even_escalation", "stale", "stale_reason"),
    *("look", "look_answers", "look_level", "look_lower", "look_upper", "look_decision", "look_answers_to_settle"),
    *("next_look_answers", "reference_pass_rate", "difference", "difference_lower", "difference_upper", "margin"),
    *("comparison_decision", "decided", "recommended", "notes"),
}


def answers(
    candidate: str,
    passed: int,
    failed: int,
    *,
    request_type: str = "triage",
    cost_usd: float | None = None,
    reference: tuple[bool, ...] | None = None,
) -> list[GradedAnswer]:
    """Graded answers with the failures spread evenly among them, so that no look sees another rate than the last."""
    n = passed + failed
    fails = set(np.linspace(0, n - 1, failed + 2)[1:-1].astype(int).tolist()) if failed else set()
    assert len(fails) == failed
    return [
        GradedAnswer(
            request_type=request_type,
            candidate=candidate,
            id=str(i),
            passed=i not in fails,
            reference_passed=None if reference is None else reference[i],
            cost_usd=cost_usd,
        )
        for i in range(n)
    ]


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    """(exit code, stdout, stderr) of planner evidence decide."""
    code = 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.argv", ["planner", "evidence", "decide", *map(str, arguments)])
        try:
            cli.main()
        except SystemExit as stop:
            code = int(stop.code or 0)
    printed = capsys.readouterr()
    return code, printed.out, printed.err


def test_each_candidate_of_each_type_is_decided_by_itself_in_the_order_of_the_answers():
    graded = answers("b", 190, 10) + answers("a", 150, 50) + answers("a", 93, 7, request_type="extract")
    mixed = [graded[i] for i in np.argsort(np.arange(len(graded)) % 200, kind="stable")]
    found = decide(mixed, {"extract": Bar(bar=0.5)})
    assert [(one.request_type, one.candidate) for one in found] == [("triage", "b"), ("triage", "a"), ("extract", "a")]
    assert [one.decided for one in found] == ["pass", "fail", "pass"]
    assert found[0].look == look_at([one.passed for one in answers("b", 190, 10)], Schedule())
    assert (found[0].lower, found[0].upper) == pytest.approx(stats.beta(190.5, 10.5).ppf([0.05, 0.95]).tolist())


def test_with_a_margin_both_have_to_hold_and_either_may_fail():
    same, ahead = (True,) * 200, [True] * 200
    good = answers("cheap", 192, 8, reference=same)
    assert decide(good)[0].decided == "pass"
    assert decide(good)[0].comparison.verdict is None
    assert decide(good, default=Bar(margin=0.10))[0].decided == "pass"
    assert decide(good, default=Bar(margin=0.05))[0].decided == "undecided"
    assert decide(good, default=Bar(margin=0.0))[0].decided == "fail"
    assert decide(good, default=Bar(margin=0.0))[0].look.verdict == "pass"
    ungraded = decide(answers("cheap", 192, 8), default=Bar(margin=0.10))
    assert (ungraded[0].look.verdict, ungraded[0].decided) == ("pass", "undecided")
    assert "reference_passed" in decide_notes(decided(ungraded, default=Bar(margin=0.10)))[0]
    some = [replace(one, reference_passed=None) if int(one.id) % 2 else one for one in good]
    assert decide(some)[0].comparison.pairs == len(ahead) // 2


@pytest.mark.parametrize("margin", [0.03, 0.08])
def test_a_candidate_that_loses_just_the_margin_is_let_pass_in_about_one_of_twenty_evaluations_with_looks(margin):
    """By simulation at the edge: discordant pairs drawn, four looks at their own levels, the first that settles it."""
    draws, runs, theirs = np.random.default_rng(9), 4_000, margin + 0.04
    found = bounds(Schedule(), 4)
    pairs = draws.multinomial(50, [0.04, theirs, 1 - 0.04 - theirs], (runs, 4)).cumsum(axis=1)
    passes, fails = np.zeros(runs, bool), np.zeros(runs, bool)
    for look, (n, level) in enumerate(zip(found.answers, found.pass_levels, strict=True)):
        known = {
            (b, c): difference_bounds(b, c, n, level=level) for b, c in np.unique(pairs[:, look, :2], axis=0).tolist()
        }
        low, high = np.array([known[b, c] for b, c in pairs[:, look, :2].tolist()]).T
        passes |= ~fails & (low >= -margin)
        fails |= ~passes & (high < -margin)
    assert 0.01 < passes.mean() < 0.055
    assert fails.mean() < 0.055


def test_the_cheapest_that_passes_is_recommended_by_what_is_known_of_costs():
    good = answers("dear", 197, 3, cost_usd=0.02) + answers("cheap", 196, 4, cost_usd=0.01)
    bad = answers("free", 100, 100, cost_usd=0.0)
    found = decide(good + bad)
    assert [(one.candidate, one.by) for one in recommended(found)] == [("cheap", "cost per answer")]
    units = {("triage", "dear"): 0.001, ("triage", "cheap"): 0.002, ("triage", "free"): 0.0}
    assert [(one.candidate, one.by) for one in recommended(found, units)] == [("dear", "unit cost")]
    assert recommended(found, {("triage", "dear"): 0.001})[0].by == "cost per answer"
    unpriced = decide(answers("dear", 197, 3) + answers("cheap", 196, 4, cost_usd=0.01))
    assert [(one.candidate, one.by) for one in recommended(unpriced)] == [(None, "costs unknown")]
    assert any("none is recommended" in note for note in decide_notes(decided(unpriced)))
    assert recommended(decide(answers("dear", 197, 3)))[0].by == "alone"
    assert recommended(decide(bad))[0] == replace(recommended(decide(bad))[0], candidate=None, by="none passes")


def test_json_has_exactly_the_keys_that_scripts_rely_on(tmp_path: Path, capsys):
    path = tmp_path / "graded.jsonl.gz"
    reference = tuple(i % 20 != 0 for i in range(30))
    write_graded(path, answers("cheap", 27, 3, cost_usd=0.002, reference=reference) + answers("dear", 30, 0))
    code, out, _ = run(capsys, path, "--json")
    first, second = json.loads(out)
    assert code == 0
    assert first.keys() == second.keys() == KEYS
    assert (first["passed"], first["failed"], first["bar"], first["decision"]) == (27, 3, 0.9, "undecided")
    assert first["lower"] == pytest.approx(stats.beta.ppf(0.05, 27.5, 3.5))
    assert first["upper"] == pytest.approx(stats.beta.ppf(0.95, 27.5, 3.5))
    assert (first["samples_to_settle"], first["cost_to_settle_usd"]) == (1400, pytest.approx(2.8))
    assert (first["look"], first["look_answers"], first["look_decision"]) == (0, 0, "undecided")
    assert first["escalation_rate"] == pytest.approx(0.1)
    assert (first["break_even_escalation"], first["stale"], first["stale_reason"]) == (None, False, None)
    assert first["reference_pass_rate"] == pytest.approx(28 / 30)
    assert first["difference_lower"] < first["difference"] < first["difference_upper"]
    assert (second["upper"], second["difference"]) == (pytest.approx(stats.beta.ppf(0.95, 30.5, 0.5)), None)
    assert second["decision"] == "pass"
    assert second["cost_to_settle_usd"] is None


def test_options_set_bar_margin_and_schedule_and_what_they_cannot_be_is_said(tmp_path: Path, capsys):
    path = tmp_path / "graded.jsonl"
    write_graded(path, answers("cheap", 92, 8, reference=(True,) * 100))
    options = ("--bar", 0.8, "--margin", 0.2, "--answers", 100, "--looks", 2)
    found = json.loads(run(capsys, path, "--json", *options)[1])[0]
    assert (found["bar"], found["margin"], found["look"], found["next_look_answers"]) == (0.8, 0.2, 2, 200)
    assert (found["decision"], found["look_decision"], found["comparison_decision"]) == ("pass", "pass", "pass")
    for wrong, said in (
        (("--bar", 90), "bar = 90.0"),
        (("--margin", 3), "margin = 3.0"),
        (("--looks", 0), "looks = 0"),
        (("--answers", 2), "looks = 4: with 2 answers"),
    ):
        code, out, err = run(capsys, path, *wrong)
        assert (code, out) == (2, "")
        assert said in err


def test_people_read_a_line_a_candidate_and_what_would_settle_it(tmp_path: Path, capsys):
    path = tmp_path / "graded.jsonl"
    graded = answers("cheap", 47, 3, cost_usd=0.01) + answers("dear", 199, 1) + answers("wild[red]", 20, 80)
    write_graded(path, [*graded, graded[0]])
    code, out, err = run(capsys, path)
    assert code == 0
    look = look_at([one.passed for one in graded[:50]], Schedule())
    for said in (
        "47 of 50",
        "undecided, next look at 100",
        f"about {look.answers_to_settle:,} more answers, ${look.answers_to_settle * 0.01:,.2f}, to settle it",
        "pass at 100",
        "fail at 50",
        "triage: dear holds the bar of 90.0% with 199 of 200 answers passed (the only candidate that passes).",
        "wild[red]",
    ):
        assert said in out, said
    assert "1 line repeats an answer" in err
    assert "each of 3 candidates is held to its own 5%" in err
    quiet = run(capsys, path, "-q")
    assert out.endswith(quiet[1])
    assert quiet[2] == ""


def test_what_a_plan_knows_goes_into_json_and_table():
    found = decide(answers("cheap", 94, 6) + answers("dear", 99, 1))
    pair, other = ("triage", "cheap"), ("triage", "dear")
    facts = PairFacts(break_evens={pair: 0.4}, stale={pair: "graded 400 days ago"}, judge_errors={pair: (0.1, 0.2)})
    whole = decided(found, facts=replace(facts, unit_costs_usd={pair: 1.0, other: 2.0}))
    first, second = decide_json(whole)
    assert first["escalation_rate"] == pytest.approx(0.94 * 0.1 + 0.06 * 0.8)
    assert second["escalation_rate"] == pytest.approx(0.01)
    assert (first["break_even_escalation"], first["stale"], first["stale_reason"]) == (0.4, True, "graded 400 days ago")
    assert "the evidence is stale: graded 400 days ago" in first["notes"]
    assert (second["break_even_escalation"], second["stale"]) == (None, False)
    table = decide_table(whole)
    assert "break-even" in table.columns
    assert all(len(row) == len(table.columns) for row in table.rows)
    assert table.rows[0][table.columns.index("break-even")] == "40.0%"
    assert "break-even" not in decide_table(decided(found)).columns


def test_a_bar_that_the_planned_answers_cannot_pass_is_said_with_the_look_that_can():
    note = decide_notes(decided(decide(answers("cheap", 50, 0), default=Bar(bar=0.99)), default=Bar(bar=0.99)))[0]
    assert "no result of 200 answers in 4 looks can pass a bar of 99.0%: the first look that can is at 400" in note
    assert bounds(Schedule(bar=0.99), 5).passes[-1] <= 400


def test_a_model_that_passed_early_and_failed_since_is_not_passed_over_in_silence():
    late = [replace(one, passed=int(one.id) < 100) for one in answers("cheap", 200, 0)]
    found = decide(late)
    assert (found[0].decided, found[0].verdict) == ("pass", "fail")
    assert "the looks say pass since answer 100, all 200 together say fail" in decide_notes(decided(found))[0]
