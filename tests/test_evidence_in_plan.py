"""Graded answers decided for a plan: break-evens by hand, evidence file, route, and the plan that rests on it."""

import json
import os
import tomllib
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from difflib import unified_diff
from pathlib import Path

import pytest
from test_evaluation_sections import evaluation
from test_evidence_decide import answers, run
from test_opportunities import BASE, CHAT, HAIKU, OPUS, SONNET, evidence, route

from planner.changed_since import prompt_now
from planner.errors import InputError
from planner.evaluation.evaluation import Answer
from planner.evaluation.runs import question
from planner.evaluation.store import open_store
from planner.evidence.graded import write_graded
from planner.evidence.provenance import Provenance
from planner.evidence.quality import Evidence
from planner.evidence_in_plan.facts import pairs_in_plan
from planner.evidence_in_plan.routes import route_text, with_evidence_routes
from planner.opportunities.verdicts import opportunities
from planner.plan_file.evidence_file import evidence_text, read_evidence_file
from planner.plan_file.lever_text import with_routes
from planner.plan_file.loader import load_plan, parse_plan
from planner.prepared import prepare
from planner.ui.arriving.uploads import Upload, plan_of
from planner.ui.levers.lever_form import edits, type_row
from planner.ui.state.session_files import stamps

# One request on Opus 5.5: 0.006 USD; on Sonnet 5.5 0.003, on Haiku 5.5 0.00015 (test_opportunities).

GRADED = Evidence(request_type="chat", model=HAIKU, passed=188, failed=12)


def in_plan(*parts: str, item: Evidence = GRADED):
    (found,) = pairs_in_plan(prepare(parse_plan(BASE + CHAT + "".join(parts), base_dir=Path())), [item])
    return found


def test_a_move_by_hand():
    found = in_plan()
    q = 1 - 188.5 / 201
    assert found.expected_escalation == pytest.approx(q)
    assert found.move is not None
    assert found.move.break_even_escalation == pytest.approx((0.006 - 0.00015) / 0.006)
    assert found.move.unit_cost_usd == pytest.approx(0.00015 + q * 0.006)
    assert found.move.before_usd == pytest.approx(0.006)
    assert found.move.saving_usd_per_month == pytest.approx(1e6 * (0.006 - 0.00015 - q * 0.006))
    assert found.pays


def test_a_move_is_that_of_the_opportunities():
    text = (
        BASE
        + CHAT
        + route(
            escalation="{ passed = 188, failed = 12, fnr = 0.1, fpr = 0.2 }",
            more="[scenario.route.judge]\nusd_per_request = 0.0001",
        )
    )
    plan = prepare(parse_plan(text, base_dir=Path()))
    (found,) = pairs_in_plan(plan, [GRADED])
    (chosen,) = (item for item in opportunities(plan)[0].candidates if item.to == HAIKU)
    assert (found.evidence.fnr, found.evidence.fpr) == (0.1, 0.2)
    assert found.move is not None
    assert found.move.saving_usd_per_month == pytest.approx(chosen.saving_usd_per_month)
    assert found.move.break_even_escalation == pytest.approx(chosen.break_even_escalation)


def test_two_models_of_a_type_are_weighed_by_their_requests():
    sonnet = CHAT.replace(OPUS, SONNET).replace("1_000_000", "3_000_000")
    plan = prepare(parse_plan(BASE + CHAT + sonnet, base_dir=Path()))
    (found,) = pairs_in_plan(plan, [GRADED])
    before = (0.006 + 3 * 0.003) / 4
    assert found.move is not None
    assert found.move.before_usd == pytest.approx(before)
    assert found.move.break_even_escalation == pytest.approx((before - 0.00015) / before)
    q = found.expected_escalation
    assert found.move.saving_usd_per_month == pytest.approx(4e6 * (before - 0.00015 - q * before))


@pytest.mark.parametrize(
    ("item", "why"),
    [
        (replace(GRADED, request_type="mail"), "the mix has no type 'mail'. Known: chat"),
        (replace(GRADED, model=OPUS), f"{OPUS} serves the type already"),
        (replace(GRADED, model="gpt-9"), "gpt-9"),
    ],
)
def test_what_the_plan_cannot_price_is_said(item, why):
    found = in_plan(item=item)
    assert found.move is None
    assert why in str(found.why_not)
    assert not found.pays


# ---------------------------------------------------------------------------------------------------------------------
# The route


def test_the_route_to_paste_says_what_was_measured():
    item = replace(GRADED, provenance=Provenance(token_ratio=1.1234567, output_ratio=0.9))
    (pasted,) = tomllib.loads("[[scenario]]\n" + route_text(item, "e.toml"))["scenario"][0]["route"]
    assert pasted == {
        "request_type": "chat",
        "to": HAIKU,
        "share": 1.0,
        "escalation": {"evidence": "e.toml"},
        "token_ratio": 1.1235,
        "output_ratio": 0.9,
    }


def test_a_route_that_is_there_keeps_what_evidence_says_nothing_of():
    text = (
        BASE
        + CHAT
        + route(to=SONNET, escalation="{ passed = 1, failed = 1, fnr = 0.1 }", more="error_cost_usd = 2.0 # ours")
    )
    changed = with_evidence_routes(text, "routed", [GRADED], "e.toml")
    (found,) = tomllib.loads(changed)["scenario"][0]["route"]
    assert found["escalation"] == {"evidence": "e.toml", "fnr": 0.1}
    assert (found["to"], found["share"], found["error_cost_usd"]) == (HAIKU, 1.0, 2.0)
    assert "error_cost_usd = 2.0 # ours" in changed
    slower = text.replace("error_cost_usd", "share = 0.3\nerror_cost_usd")
    assert (
        tomllib.loads(with_evidence_routes(slower, "routed", [GRADED], "e.toml"))["scenario"][0]["route"][0]["share"]
        == 0.3
    )
    assert changed.startswith(BASE + CHAT)


@pytest.mark.parametrize(
    ("scenario", "changed"),
    [
        ("route first", ["-escalation = { passed = 188, failed = 12 }", '+escalation = { evidence = "e.toml" }']),
        (
            "triage only",
            [
                "-escalation = { passed = 188, failed = 12 }  # evidence: answers that met the bar, and that did not",
                '+escalation = { evidence = "e.toml" }  # evidence: answers that met the bar, and that did not',
                *("+", "+[[scenario.route]]", '+request_type = "extract"', f'+to = "{SONNET}"', "+share = 1.0"),
                '+escalation = { evidence = "e.toml" }',
            ],
        ),
    ],
)
def test_no_line_of_a_plan_changes_but_those_of_the_routes(scenario, changed):
    text = (Path(__file__).parents[1] / "data/plans/example.toml").read_text()
    moved = [replace(GRADED, request_type="triage")]
    if scenario == "triage only":
        moved.append(replace(GRADED, request_type="extract", model=SONNET))
    written = with_evidence_routes(text, scenario, moved, "e.toml")
    lines = list(unified_diff(text.splitlines(), written.splitlines(), n=0, lineterm=""))[2:]
    assert [line for line in lines if not line.startswith("@@")] == changed


def test_what_cannot_be_put_into_a_scenario_is_refused():
    text = BASE + CHAT + route()
    with pytest.raises(InputError, match=r"no scenario 'other'; name one .* Known: routed"):
        with_evidence_routes(text, "other", [GRADED], "e.toml")
    with pytest.raises(InputError, match="two models are to serve 'chat'"):
        with_evidence_routes(text, "routed", [GRADED, replace(GRADED, model=SONNET)], "e.toml")
    two = text + f'[[scenario.route]]\nrequest_type = "chat"\nto = "{SONNET}"\nshare = 0.1\n'
    with pytest.raises(InputError, match="several routes of 'chat'"):
        with_evidence_routes(two, "routed", [GRADED], "e.toml")


# ---------------------------------------------------------------------------------------------------------------------
# The command

SAMPLE = "".join(
    json.dumps({"request_type": "chat", "id": str(i), "messages": [{"role": "user", "content": "hi"}], "max_tokens": 9})
    + "\n"
    for i in range(250)
)


def folder_with(tmp_path: Path, *parts: str) -> Path:
    (tmp_path / "samples").mkdir()
    (tmp_path / "samples" / "chat.jsonl").write_text(SAMPLE, encoding="utf-8")
    section = evaluation(more="bar = 0.8\nanswers = 100\nlooks = 2")
    text = BASE + CHAT + route(to=SONNET) + section + "".join(parts)
    (tmp_path / "plan.toml").write_text(text, encoding="utf-8")
    graded = [
        *answers(HAIKU, 192, 8, request_type="chat", reference=(True,) * 200),
        *answers("sonnet 5.5", 195, 5, request_type="chat"),
    ]
    write_graded(tmp_path / "graded.jsonl", graded)
    noon = datetime(2026, 11, 20, 12, tzinfo=UTC).timestamp()
    os.utime(tmp_path / "graded.jsonl", (noon, noon))
    return tmp_path


def test_a_plan_gives_the_bar_the_break_even_and_the_cheapest(tmp_path, capsys):
    folder = folder_with(tmp_path)
    code, out, err = run(capsys, folder / "graded.jsonl", "--plan", folder / "plan.toml", "--json")
    assert code == 0, err
    haiku, sonnet = json.loads(out)
    assert (haiku["bar"], haiku["look_answers"]) == (0.8, 200)
    assert haiku["break_even_escalation"] == pytest.approx((0.006 - 0.00015) / 0.006)
    assert sonnet["break_even_escalation"] == pytest.approx(0.5)
    assert (haiku["recommended"], sonnet["recommended"]) == (True, False)
    assert haiku["stale"] is False
    _, out, _ = run(capsys, folder / "graded.jsonl", "--plan", folder / "plan.toml", "--json", "--bar", "0.99")
    assert json.loads(out)[0]["bar"] == 0.99
    _, out, _ = run(
        capsys, folder / "graded.jsonl", "--plan", folder / "plan.toml", "--json", "--graded-on", "2026-10-01"
    )
    assert json.loads(out)[0]["stale"] is True
    assert "launched on 2026-10-07" in json.loads(out)[0]["stale_reason"]


def test_what_is_decided_goes_into_a_file_and_into_a_scenario(tmp_path, capsys):
    folder = folder_with(tmp_path)
    (folder / "new").mkdir()
    code, out, err = run(
        capsys,
        *(folder / "graded.jsonl", "--plan", folder / "plan.toml", "--write", folder / "evidence.toml"),
        *("--scenario", "routed", "-o", folder / "new" / "plan.toml"),
    )
    assert code == 0, err
    assert "saves $" in out
    haiku, sonnet = read_evidence_file(folder / "evidence.toml", place="here")
    assert (haiku.passed, haiku.failed, haiku.bar, str(haiku.graded_on)) == (192, 8, 0.8, "2026-11-20")
    came = haiku.provenance
    assert came is not None
    assert (came.verdict, came.answers_planned, came.looks, came.reference_model) == ("pass", 100, 2, OPUS)
    assert (came.seed, came.grader) == (1, "exact")
    plan = load_plan(folder / "plan.toml")
    assert came.prompt_sha256 == prompt_now(plan.evaluations[0])
    assert sonnet.provenance is not None
    assert sonnet.provenance.reference_model is None  # nothing was compared
    written = load_plan(folder / "new" / "plan.toml")
    (moved,) = written.scenario("routed").routes
    assert (moved.to, moved.escalation) == (HAIKU, haiku.escalation)
    assert written.evaluations[0].samples[0].resolve() == plan.evaluations[0].samples[0].resolve()
    assert 'evidence = "../evidence.toml"' in written.text


def test_ratios_and_the_served_model_come_from_the_store_of_the_answers(tmp_path, capsys):
    folder = folder_with(tmp_path)
    plan = load_plan(folder / "plan.toml")
    asked = question(plan.evaluations[0], (HAIKU,), OPUS, seed=plan.seed)
    with open_store(folder / "plan.evidence.sqlite") as store:
        for model, prompt, output in ((HAIKU, 11, 3), (OPUS, 10, 4)):
            for request in asked.requests(model):
                found = Answer(
                    key=request.key,
                    model=model,
                    served_model=f"{model}-20261007",
                    content=(),
                    stop_reason="end_turn",
                    tokens=(prompt, 0, 0, 0, output),
                    cost_usd=0.0,
                    is_batch=False,
                    answered_at="2026-11-20T00:00:00Z",
                )
                store.keep_answer(found, request, Decimal(0), store.begin_attempt(request.key, Decimal(0), "now"))
    code, _, err = run(
        capsys,
        *(folder / "graded.jsonl", "--plan", folder / "plan.toml", "--write", folder / "e.toml"),
        *("--scenario", "routed", "-o", folder / "new.toml"),
    )
    assert code == 0, err
    haiku, sonnet = read_evidence_file(folder / "e.toml", place="here")
    assert haiku.provenance is not None
    assert haiku.provenance.served_model == f"{HAIKU}-20261007"
    assert haiku.provenance.token_ratio == pytest.approx(1.1)
    assert haiku.provenance.output_ratio == round(0.75 / 1.1, 4)
    assert haiku.provenance.token_ratio_se == pytest.approx(0.0, abs=1e-9)
    assert sonnet.provenance is not None
    assert (sonnet.provenance.served_model, sonnet.provenance.token_ratio) == (None, None)
    (moved,) = load_plan(folder / "new.toml").scenario("routed").routes
    assert (moved.token_ratio, moved.output_ratio) == (1.1, 0.6818)
    code, _, err = run(capsys, folder / "graded.jsonl", "--plan", folder / "plan.toml", "--store", folder / "none")
    assert code == 2
    assert "it is not there" in err


def test_a_file_and_a_plan_need_each_other_and_what_is_there_is_kept(tmp_path, capsys):
    folder = folder_with(tmp_path)
    graded, plan = folder / "graded.jsonl", folder / "plan.toml"
    code, _, err = run(capsys, graded, "--scenario", "routed", "-o", folder / "new.toml")
    assert code == 2
    assert "--plan PLAN.toml, --write EVIDENCE.toml, --scenario NAME and -o NEW.toml together" in err
    code, _, err = run(capsys, graded, "--plan", plan, "--write", folder / "e.toml", "--scenario", "routed", "-o", plan)
    assert code == 2
    assert "is the plan itself, which is never changed" in err
    code, _, err = run(capsys, graded, "--write", plan)
    assert code == 2
    assert "format is missing" in err
    code, out, _ = run(capsys, graded, "--write", folder / "e.toml", "--bar", "0.9")
    assert code == 0
    assert "To paste into a scenario:" in out or "cheapest is not known" in out


def test_a_plan_that_speaks_of_the_pair_elsewhere_is_not_written(tmp_path, capsys):
    folder = folder_with(tmp_path, evidence(188, 12))
    arguments = ("--plan", folder / "plan.toml", "--write", folder / "e.toml", "--scenario", "routed")
    code, _, err = run(capsys, folder / "graded.jsonl", *arguments, "-o", folder / "new.toml")
    assert code == 2
    assert f"evidence[1] ('chat' on {HAIKU}) and e.toml, evidence[1] ('chat' on {HAIKU}) both speak of" in err
    assert not (folder / "new.toml").exists()


def test_answers_to_other_requests_say_nothing_of_the_prompt(tmp_path, capsys):
    folder = folder_with(tmp_path)
    write_graded(folder / "graded.jsonl", answers(HAIKU, 290, 10, request_type="chat"))
    run(capsys, folder / "graded.jsonl", "--plan", folder / "plan.toml", "--write", folder / "e.toml")
    (found,) = read_evidence_file(folder / "e.toml", place="here")
    assert found.provenance is not None
    assert (found.provenance.prompt_sha256, found.provenance.seed) == (None, None)


# ---------------------------------------------------------------------------------------------------------------------
# The app


def test_an_evidence_file_or_a_sample_that_changes_is_a_change_of_the_plan(tmp_path):
    folder = folder_with(tmp_path)
    (folder / "e.toml").write_text(evidence_text([GRADED]), encoding="utf-8")
    text = (folder / "plan.toml").read_text(encoding="utf-8").replace("[plan]", '[plan]\nevidence = ["e.toml"]')
    (folder / "plan.toml").write_text(text, encoding="utf-8")
    before = stamps(load_plan(folder / "plan.toml"))
    assert before == stamps(load_plan(folder / "plan.toml"))
    (folder / "e.toml").write_text(evidence_text([replace(GRADED, passed=1880)]), encoding="utf-8")
    graded_anew = stamps(load_plan(folder / "plan.toml"))
    assert graded_anew != before
    (folder / "samples" / "chat.jsonl").write_text(SAMPLE * 2, encoding="utf-8")
    assert stamps(load_plan(folder / "plan.toml")) not in (before, graded_anew)


def test_the_table_of_levers_shows_files_and_leaves_them_as_they_are():
    text = BASE + CHAT + route(escalation='{ evidence = "e.toml", fnr = 0.1 }', more='share = { evidence = "e.toml" }')
    row = type_row(text, "routed", "chat", models="", share_of_bill=1.0, saving_usd_per_month=0.0)
    assert (row.share, row.escalation, row.judge) == ("graded in e.toml", "graded in e.toml", "fnr 10 %")
    cells = {"target": row.target, "share": row.share, "escalation": row.escalation, "start": "3", "length": row.length}
    edited = with_routes(text, "routed", edits([row], [cells]))
    before, after = (tomllib.loads(item)["scenario"][0]["route"][0] for item in (text, edited))
    assert {**before, "ramp": {"start_month": 3}} == after
    with pytest.raises(InputError, match="is of answers of"):
        edits([row], [{**cells, "target": SONNET}])


def test_a_plan_that_was_sent_in_reads_no_other_files_than_those_of_the_plan_that_is_open(tmp_path, monkeypatch):
    opened, elsewhere = tmp_path / "opened", tmp_path / "elsewhere"
    for folder in (opened, elsewhere):
        folder.mkdir()
        (folder / "e.toml").write_text(evidence_text([GRADED]), encoding="utf-8")
    (opened / "other.toml").write_text(evidence_text([GRADED]), encoding="utf-8")
    (opened / "link.toml").symlink_to(elsewhere / "e.toml")
    base = BASE.replace("[plan]", '[plan]\nevidence = ["e.toml"]')
    opening = parse_plan(base + CHAT, base_dir=opened)

    def sent(name: str):
        text = base.replace('"e.toml"', f'"{name}"') + CHAT
        return plan_of(Upload(name="plan.toml", data=text.encode()), tmp_path, opening)

    for name in ("e.toml", "e*.toml", str(opened / "e.toml"), "../opened/e.toml"):
        assert [item.path.resolve() for item in sent(name).file_evidence] == [opened / "e.toml"]
    assert sent("e.toml").files.within is not None
    for name in ("other.toml", "link.toml", str(elsewhere / "e.toml"), "../elsewhere/e.toml", "none.toml"):
        with pytest.raises(InputError, match="the browser cannot see"):
            sent(name)
    with pytest.raises(InputError, match=r"no file in .* matches it"):
        sent(f"{elsewhere}/*.toml")
    monkeypatch.setenv("PLANNER_FOLDER", str(opened))
    assert [item.path.name for item in sent("o*.toml").file_evidence] == ["other.toml"]
    with pytest.raises(InputError, match="the browser cannot see"):
        sent("link.toml")
