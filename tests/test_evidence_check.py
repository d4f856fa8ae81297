"""Evidence against what is new: what has moved, what needs a new sample, and what that does to the commitment."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import stats
from test_evidence_decide import answers
from test_opportunities import BASE, CHAT, HAIKU, SONNET, evidence, route

from planner import cli
from planner.distributions import JudgedEscalation, posterior
from planner.errors import InputError
from planner.evidence.drift import Counts
from planner.evidence.graded import write_graded
from planner.evidence.outcomes import Outcomes, holds_outcomes, read_outcomes
from planner.evidence.quality import Evidence
from planner.evidence_in_plan.checking import NewCounts, checked_pairs, escalation_counts, read_new
from planner.evidence_in_plan.effect import effect_of, with_counts
from planner.evidence_reports.check import check_sentences
from planner.plan import build_plan
from planner.plan_file.loader import parse_plan
from planner.prepared import prepare

ENOUGH = BASE.replace("paths = 64", "paths = 2048")


def judged(passed: int, failed: int, more: str = "") -> str:
    return route(escalation=f"{{ passed = {passed}, failed = {failed}, fnr = 0.02, fpr = 0.1 }}", more=more)


def plan_of(*parts: str):
    return prepare(parse_plan(ENOUGH + CHAT + "".join(parts), base_dir=Path()))


def graded(passed: int, failed: int, model: str = HAIKU) -> NewCounts:
    counts = Counts(hits=passed, total=passed + failed)
    return NewCounts(request_type="chat", model=model, source="graded answers", counts=counts)


def logged(hits: int, total: int) -> NewCounts:
    return NewCounts(request_type="chat", model=HAIKU, source="logged outcomes", counts=Counts(hits=hits, total=total))


# ---------------------------------------------------------------------------------------------------------------------
# The commitment


def test_what_the_new_counts_leave_as_it_was_is_said_once():
    found = check_sentences((), effect_of(plan_of(judged(188, 12)), [graded(188, 12)]))
    (said,) = [sentence for sentence in found if "With the new counts" in sentence]
    assert said.count("as before") == 2
    assert "instead of" not in said
    assert "instead of" in " ".join(check_sentences((), effect_of(plan_of(judged(188, 12)), [graded(120, 80)])))


def test_the_effect_is_that_of_a_plan_with_the_new_counts_typed_in():
    found = effect_of(plan_of(judged(188, 12)), [graded(120, 80)])
    before, after = build_plan(plan_of(judged(188, 12)).inputs), build_plan(plan_of(judged(120, 80)).inputs)
    assert found.before == before.recommendation
    assert found.after == after.recommendation
    assert found.kept == after.outcome(before.recommendation.offer)
    assert found.changed == (("routed", "chat", HAIKU),)
    assert found.after.expected_cost.mean > found.before.expected_cost.mean


def test_logged_outcomes_are_the_escalation_rate_itself():
    typed = route(escalation="{ passed = 150, failed = 850 }")  # p of a judge without errors: q is 850 of 1,000
    found = effect_of(plan_of(judged(188, 12)), [logged(850, 1000)])
    plan = plan_of(judged(188, 12))
    inputs, _ = with_counts(plan, [logged(850, 1000), graded(1, 9)])
    assert inputs.scenarios[-1].routes[0].escalation == posterior(850, 150)
    by_hand = build_plan(plan_of(typed).inputs).recommendation
    error = np.hypot(found.after.expected_cost.se, by_hand.expected_cost.se)
    assert abs(found.after.expected_cost.mean - by_hand.expected_cost.mean) < 4 * error + 1e-9


def test_wrong_answers_keep_their_price_where_outcomes_are_logged():
    plan = plan_of(judged(188, 12, more="error_cost_usd = 0.001"))
    inputs, _ = with_counts(plan, [logged(130, 1000)])
    escalation = inputs.scenarios[-1].routes[0].escalation
    assert isinstance(escalation, JudgedEscalation)
    z = np.linspace(-3, 3, 13)
    assert escalation.from_normal(-z) == pytest.approx(posterior(130, 870).from_normal(z), abs=1e-6)
    p = (1 - 0.1 - escalation.mean) / (1 - 0.1 - 0.02)
    assert escalation.accepted_wrong_mean == pytest.approx((1 - p) * 0.1)


def test_a_share_that_was_the_pass_rate_of_the_evidence_is_the_new_one():
    share = "share = { passed = 188, failed = 12 }"
    plan = plan_of(judged(188, 12, more=share))
    inputs, _ = with_counts(plan, [graded(120, 80)])
    assert inputs.scenarios[-1].routes[0].share == posterior(120, 80)
    other, _ = with_counts(plan_of(judged(188, 12, more="share = 0.5")), [graded(120, 80)])
    assert other.scenarios[-1].routes[0].share.mean == 0.5


def test_what_no_route_is_on_changes_nothing():
    found = effect_of(plan_of(judged(188, 12)), [graded(120, 80, model=SONNET)])
    assert found.changed == ()
    assert found.after == found.before == found.kept


# ---------------------------------------------------------------------------------------------------------------------
# What has moved


def why(plan, *new: NewCounts) -> tuple[str, ...]:
    (found,) = checked_pairs(plan, new)
    return found.why


def test_each_reason_for_a_new_sample():
    passing = plan_of(judged(188, 12), evidence(188, 12))
    assert why(passing, graded(94, 6)) == ()
    assert why(passing) == ()
    assert why(passing, graded(70, 30)) == ("the pass rate fell", "it fails its bar now")
    assert why(passing, graded(500, 0)) == ("the pass rate rose",)
    # escalation by the judge: 0.06 x 0.9 + 0.94 x 0.02 = 7.4 %
    assert why(passing, logged(74, 1000)) == ()
    assert why(passing, logged(200, 1000)) == ("the escalation rose",)
    assert why(passing, logged(1, 1000)) == ("the escalation fell",)
    old = plan_of(judged(188, 12), evidence(188, 12, more="graded_on = 2026-10-01"))
    assert why(old)[0].startswith("stale: graded on 2026-10-01")
    assert why(plan_of(route())) == ("routed without evidence",)
    assert why(plan_of(route()), graded(94, 6)) == ("routed without evidence",)
    assert why(plan_of(route(), evidence(46, 4))) == ("undecided",)
    assert why(plan_of(route(), evidence(50, 50))) == ("the evidence is against it",)


def test_the_escalation_that_evidence_leads_to_has_its_mean_and_spread():
    plain = Evidence(request_type="chat", model=HAIKU, passed=188, failed=12)
    assert escalation_counts(plain) == Counts(hits=12, total=200)
    assert escalation_counts(replace(plain, fnr=0.5, fpr=0.5)).total >= 1  # a judge that tosses a coin knows q
    for fnr, fpr in ((0.02, 0.1), (0.2, 0.3)):
        item = replace(plain, passed=1880, failed=120, fnr=fnr, fpr=fpr)
        q = item.escalation.from_normal(np.random.default_rng(1).standard_normal(200_000))
        counts = escalation_counts(item)
        taken = stats.beta(counts.hits + 0.5, counts.total - counts.hits + 0.5)
        assert taken.mean() == pytest.approx(q.mean(), abs=2e-4)
        assert taken.std() == pytest.approx(q.std(), rel=0.02)


# ---------------------------------------------------------------------------------------------------------------------
# Files and the command


def lines(path: Path, *found: object) -> Path:
    path.write_text("".join(json.dumps(line) + "\n" for line in found), encoding="utf-8")
    return path


def one(escalated: object, **more: object) -> dict[str, object]:
    return {"request_type": "chat", "candidate": HAIKU, "escalated": escalated} | more


def test_outcomes_add_up_and_a_request_with_an_id_counts_once(tmp_path):
    first = lines(tmp_path / "a.jsonl", one(True), one(False), one(True, id="7"), one(True, id="7"))
    aggregated = {"request_type": "chat", "model": HAIKU, "requests": 100, "escalated": 7}
    second = lines(
        tmp_path / "b.jsonl", aggregated, {**aggregated, "request_type": "mail", "requests": 0, "escalated": 0}
    )
    assert read_outcomes([first, second]) == (
        Outcomes(request_type="chat", candidate=HAIKU, requests=103, escalated=9),
    )
    assert holds_outcomes(first)
    write_graded(tmp_path / "g.jsonl", answers(HAIKU, 9, 1))
    assert not holds_outcomes(tmp_path / "g.jsonl")


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (one("yes"), 'line 1: escalated = "yes": say true or false'),
        (one(5), "line 1: escalated = 5: say true or false, or give requests as well"),
        (one(5, requests=4), "escalated = 5 of requests = 4: more than all"),
        (one(-1, requests=4), "escalated = -1: give a whole number"),
        (one(True, requests=4), "escalated = true: give a whole number"),
        ({"request_type": "chat", "escalated": True}, "has no candidate"),
        ({"candidate": HAIKU, "escalated": True}, "has no request_type"),
    ],
)
def test_a_line_that_says_no_outcome_is_named(line, says, tmp_path):
    with pytest.raises(InputError) as error:
        read_outcomes([lines(tmp_path / "a.jsonl", line)])
    assert says in str(error.value)
    assert "a.jsonl, line 1" in str(error.value)


def test_one_request_with_two_outcomes_is_refused(tmp_path):
    path = lines(tmp_path / "a.jsonl", one(True, id="7"), one(False, id="7"))
    with pytest.raises(InputError, match=r"line 2: contradicts .*line 1 on the same id"):
        read_outcomes([path])


def test_new_counts_are_by_the_models_that_are_priced(tmp_path):
    write_graded(tmp_path / "g.jsonl", answers("haiku 5.5", 90, 10, request_type="chat"))
    write_graded(tmp_path / "h.jsonl", answers(HAIKU, 50, 0, request_type="chat"))
    outcomes = lines(tmp_path / "o.jsonl", one(3, requests=40))
    plan = plan_of()
    assert read_new([tmp_path / "g.jsonl", outcomes, tmp_path / "h.jsonl"], plan) == (graded(140, 10), logged(3, 40))
    write_graded(tmp_path / "g.jsonl", answers("gpt-9", 90, 10))
    with pytest.raises(InputError, match="the answers are of 'gpt-9'"):
        read_new([tmp_path / "g.jsonl"], plan)
    with pytest.raises(InputError, match="is not there"):
        read_new([tmp_path / "none.jsonl"], plan)


def run(capsys, *arguments: object) -> tuple[int, str, str]:
    code = 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.argv", ["planner", "evidence", "check", *map(str, arguments)])
        try:
            cli.main()
        except SystemExit as stop:
            code = int(stop.code or 0)
    printed = capsys.readouterr()
    return code, printed.out, printed.err


def test_the_command_says_what_moved_and_what_it_does(tmp_path, capsys):
    (tmp_path / "plan.toml").write_text(ENOUGH + CHAT + judged(188, 12) + evidence(188, 12), encoding="utf-8")
    write_graded(tmp_path / "g.jsonl", answers(HAIKU, 120, 80, request_type="chat"))
    code, out, err = run(capsys, tmp_path / "plan.toml", tmp_path / "g.jsonl", "--json")
    assert code == 0, err
    found = json.loads(out)
    assert found["recheck"] == ["chat"]
    (pair,) = found["pairs"]
    assert (pair["moved"], pair["before"], pair["now"], pair["decision_now"]) == ("fell", 0.94, 0.6, "fail")
    after = build_plan(plan_of(judged(120, 80)).inputs).recommendation
    assert found["effect"]["recommended_after"]["commit_usd_per_year"] == after.offer.commit_usd_per_year
    assert found["effect"]["recommended_after"]["expected_cost_usd"] == after.expected_cost.mean
    code, out, err = run(capsys, tmp_path / "plan.toml", tmp_path / "g.jsonl")
    assert code == 0, err
    assert f"Grade a new sample of 'chat' on {HAIKU}." in out
    assert "With the new counts in place of the old ones" in out
    assert run(capsys, tmp_path / "plan.toml", tmp_path / "none.jsonl")[0] == 2
