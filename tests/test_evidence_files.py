"""Evidence files: what a plan that names them means, that they read as they were written, and when they are stale."""

import json
import tomllib
from dataclasses import fields, replace
from datetime import date
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_evaluation_sections import evaluation
from test_opportunities import BASE, CHAT, HAIKU, OPUS, SONNET, evidence

from planner.changed_since import prompt_now
from planner.distributions import JudgedEscalation, posterior
from planner.errors import InputError
from planner.evidence.looks import Schedule, look_at
from planner.evidence.provenance import Provenance
from planner.evidence.quality import Evidence
from planner.known_evidence import evidence_by_pair, evidence_caveats, why_stale
from planner.machine import plan_json
from planner.opportunities.unused_evidence import evidence_notes
from planner.opportunities.verdicts import opportunities
from planner.plan import build_plan
from planner.plan_file.evidence_file import evidence_text, parse_evidence, read_evidence_file, write_evidence
from planner.plan_file.lever_text import RouteEdit, with_routes
from planner.plan_file.loader import load_plan, parse_plan
from planner.plan_file.schema import PlanFile
from planner.plan_file.suggest_text import with_sources_from
from planner.prepared import prepare


def entry(passed: int = 188, failed: int = 12, to: str = HAIKU, more: str = "", request_type: str = "chat") -> str:
    return (
        f'[[evidence]]\nrequest_type = "{request_type}"\nmodel = "{to}"\npassed = {passed}\nfailed = {failed}\n{more}\n'
    )


def routed(share: str, escalation: str, to: str = HAIKU, name: str = "routed") -> str:
    return (
        f'[[scenario]]\nname = "{name}"\n[[scenario.route]]\nrequest_type = "chat"\nto = "{to}"\n'
        f"share = {share}\nescalation = {escalation}\n"
    )


NAMED = '{ evidence = "e.toml" }'


def plan_with(folder: Path, *parts: str, file: str | None = None):
    if file is not None:
        (folder / "e.toml").write_text(f"format = 1\n{file}", encoding="utf-8")
    return parse_plan(BASE + CHAT + "".join(parts), base_dir=folder)


def mistake(folder: Path, *parts: str, file: str | None = None) -> str:
    with pytest.raises(InputError) as error:
        plan_with(folder, *parts, file=file)
    return str(error.value)


# ---------------------------------------------------------------------------------------------------------------------
# What a plan means that names a file


def test_a_plan_that_names_a_file_equals_the_plan_with_the_counts_typed_in(tmp_path):
    named = plan_with(tmp_path, routed(NAMED, NAMED), file=entry(more="fnr = 0.04\nfpr = 0.2"))
    typed = plan_with(
        tmp_path, routed("{ passed = 188, failed = 12 }", "{ passed = 188, failed = 12, fnr = 0.04, fpr = 0.2 }")
    )
    assert named.scenarios == typed.scenarios
    by_file, by_hand = (plan_json(build_plan(inputs)) for inputs in (named, typed))
    differ = {key for key in by_hand if by_file[key] != by_hand[key]}
    assert differ <= {"plan"}  # the text of the plan has another hash
    assert by_file["recommendation"]["expected_cost_usd"] == by_hand["recommendation"]["expected_cost_usd"]


def test_the_posteriors_are_those_of_the_method(tmp_path):
    (route,) = plan_with(tmp_path, routed(NAMED, NAMED), file=entry()).scenarios[-1].routes
    assert route.share == posterior(188, 12)
    assert route.escalation == JudgedEscalation(pass_rate=posterior(188, 12), fnr=0.0, fpr=0.0)


def test_errors_of_the_judge_beside_the_name_win_over_those_of_the_file(tmp_path):
    beside = '{ evidence = "e.toml", fnr = 0.01 }'
    (route,) = (
        plan_with(tmp_path, routed("1.0", beside, to=HAIKU), file=entry(more="fnr = 0.04\nfpr = 0.2"))
        .scenarios[-1]
        .routes
    )
    assert (route.escalation.fnr, route.escalation.fpr) == (0.01, 0.2)


def test_an_entry_is_found_by_the_names_that_the_price_book_knows(tmp_path):
    inputs = plan_with(tmp_path, routed(NAMED, NAMED, to="haiku 5.5"), file=entry(to="Claude Haiku 5.5"))
    assert inputs.scenarios[-1].routes[0].share == posterior(188, 12)


def test_one_file_in_two_scenarios_is_one_draw(tmp_path):
    both = routed(NAMED, NAMED) + routed(NAMED, NAMED, name="again")
    plan = build_plan(plan_with(tmp_path, both, file=entry()))
    one, other = plan.spend["routed"].list_cost_usd, plan.spend["again"].list_cost_usd
    assert np.array_equal(one, other)
    assert one.std(axis=1).min() > 0


GRADED = "".join(
    json.dumps({"request_type": "chat", "candidate": HAIKU, "id": str(i), "passed": i % 20 != 7}) + "\n"
    for i in range(200)
)


def test_a_file_of_graded_answers_is_evidence_by_its_counts_and_the_schedule_of_the_plan(tmp_path):
    (tmp_path / "g.jsonl").write_text(GRADED, encoding="utf-8")
    section = evaluation(more="bar = 0.92\nanswers = 100\nlooks = 2")
    inputs = plan_with(tmp_path, routed("1.0", '{ evidence = "g.jsonl", fnr = 0.1 }'), section)
    (route,) = inputs.scenarios[-1].routes
    assert route.escalation == JudgedEscalation(pass_rate=posterior(190, 10), fnr=0.1, fpr=0.0)
    (found,) = (item.evidence for item in inputs.file_evidence)
    assert (found.passed, found.failed, found.bar, found.graded_on) == (190, 10, 0.92, None)
    assert found.provenance is not None
    look = look_at([i % 20 != 7 for i in range(200)], Schedule(answers=100, looks=2, bar=0.92))
    assert (found.provenance.answers_planned, found.provenance.looks) == (100, 2)
    assert found.verdict == look.verdict == "undecided"
    (tmp_path / "g.jsonl").write_text("{}\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"scenario 'routed', route of 'chat' .*g.jsonl, line 1: has no passed"):
        plan_with(tmp_path, routed("1.0", '{ evidence = "g.jsonl" }'))


def test_evidence_that_no_route_names_joins_by_pattern(tmp_path):
    (tmp_path / "evidence").mkdir()
    for name, model in (("a", HAIKU), ("b", SONNET)):
        (tmp_path / "evidence" / f"{name}.toml").write_text(f"format = 1\n{entry(to=model)}", encoding="utf-8")
    base = BASE.replace("[plan]", '[plan]\nevidence = ["evidence/*.toml"]')
    inputs = parse_plan(base + CHAT, base_dir=tmp_path)
    assert [item.place for item in inputs.file_evidence] == [
        f"evidence/a.toml, evidence[1] ('chat' on {HAIKU})",
        f"evidence/b.toml, evidence[1] ('chat' on {SONNET})",
    ]
    assert set(evidence_by_pair(prepare(inputs))) == {("chat", HAIKU), ("chat", SONNET)}


def test_a_file_that_is_named_twice_counts_once(tmp_path):
    base = BASE.replace("[plan]", '[plan]\nevidence = ["./e.toml", "e.toml"]')
    (tmp_path / "e.toml").write_text(f"format = 1\n{entry()}", encoding="utf-8")
    inputs = parse_plan(base + CHAT + routed(NAMED, NAMED), base_dir=tmp_path)
    assert len(inputs.file_evidence) == 1
    assert evidence_by_pair(prepare(inputs))["chat", HAIKU].passed == 188


def test_the_plan_and_a_file_on_one_pair_are_refused_naming_both(tmp_path):
    inputs = plan_with(tmp_path, routed(NAMED, NAMED), evidence(188, 12, to="haiku 5.5"), file=entry())
    with pytest.raises(InputError) as error:
        evidence_by_pair(prepare(inputs))
    for what in ("evidence[1] ('chat' on haiku 5.5)", f"e.toml, evidence[1] ('chat' on {HAIKU})", "both speak of"):
        assert what in str(error.value)


# ---------------------------------------------------------------------------------------------------------------------
# What cannot be read


ROUTE = f"scenario 'routed', route of 'chat' to {HAIKU}: share = {{ evidence = 'e.toml' }}"


@pytest.mark.parametrize(
    ("file", "says"),
    [
        (None, "e.toml is not there; the name is relative to the plan's folder"),
        (entry(to=SONNET), f"has no evidence of 'chat' on {HAIKU}. It has 'chat' on {SONNET}; name a file that has it"),
        (entry(request_type="mail"), f"has no evidence of 'chat' on {HAIKU}. It has 'mail' on {HAIKU}"),
        (entry(to="haiku 5.5") + entry(to="Claude Haiku 5.5"), "has 2 entries on 'chat'"),
        (entry() + entry(), f"evidence[2]: 'chat' on {HAIKU} is there twice"),
        (entry(0, 0), "has no graded answer"),
        (entry(-1, 5), "evidence[1].passed = -1"),
        (entry(more="pased = 3"), "evidence[1].pased: unknown key; did you mean 'passed'?"),
        (entry(more='prompt_sha256 = "abc"'), "evidence[1].prompt_sha256 = 'abc'"),
        (entry(more="token_ratio = nan"), "evidence[1].token_ratio"),
        ("", "evidence: missing"),
        ("evidence = []", "evidence = []: must be a list of at least one"),
        ("x = [", "not valid TOML"),
    ],
)
def test_what_a_route_cannot_take_is_refused_with_place_file_and_remedy(file, says, tmp_path):
    said = mistake(tmp_path, routed(NAMED, "0.1"), file=file)
    assert said.startswith(ROUTE)
    assert says in said


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"format = 2\n", "format = 2: this version of the planner reads format 1; update the planner"),
        (b"[plan]\n", "format is missing: an evidence file begins with format = 1"),
        (b"\xff\xfe", "is not UTF-8 text; save it as UTF-8"),
        (b"a = " + b"[" * 50_000, "not valid TOML"),
        (b"format = " + b"9" * 5_000, "not valid TOML: a number has more digits than can be read"),
    ],
)
def test_no_content_stops_the_reader_in_another_way(content, says, tmp_path):
    (tmp_path / "e.toml").write_bytes(content)
    assert says in mistake(tmp_path, routed(NAMED, NAMED))


@pytest.mark.parametrize(
    ("text", "says"),
    [("x = " + "9" * 5_000, "more digits than can be read"), ("x = " + "[" * 50_000, "nested too deeply")],
)
def test_no_text_of_a_plan_stops_the_reader_in_another_way(text, says, tmp_path):
    with pytest.raises(InputError, match=f"not valid TOML: .*{says}"):
        parse_plan(text, base_dir=tmp_path)


def test_folders_circles_of_links_addresses_and_other_files_are_refused(tmp_path):
    (tmp_path / "folder.toml").mkdir()
    (tmp_path / "a.toml").symlink_to("b.toml")
    (tmp_path / "b.toml").symlink_to("a.toml")
    (tmp_path / "notes.md").write_text("x", encoding="utf-8")
    for name, says in (
        ("folder.toml", "folder.toml is no file"),
        ("a.toml", "a.toml"),
        ("https://example.org/e.toml", "only files can be read, not addresses"),
        ("notes.md", "notes.md is no evidence; name an evidence file (.toml), or a file of graded answers"),
        ("a\\u0000b.toml", "no NUL character"),
    ):
        said = mistake(tmp_path, routed("0.5", f'{{ evidence = "{name}" }}'))
        assert said.startswith(f"scenario 'routed', route of 'chat' to {HAIKU}: escalation")
        assert says in said


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ('{ evidence = "e.toml", passed = 3 }', "give { evidence }, not passed"),
        ("{ evidence = 3 }", "evidence is the name of a file"),
        ('{ evidence = "" }', "evidence is the name of a file"),
    ],
)
def test_a_share_names_a_file_and_nothing_else(written, says, tmp_path):
    said = mistake(tmp_path, routed(written, "0.1"))
    assert "scenario[1].route[1].share" in said
    assert says in said


def test_an_escalation_has_errors_of_the_judge_between_0_and_1(tmp_path):
    assert "1.5 is outside 0 to 1" in mistake(tmp_path, routed("1.0", '{ evidence = "e.toml", fnr = 1.5 }'))
    assert "optionally with fnr and fpr, not bar" in mistake(
        tmp_path, routed("1.0", '{ evidence = "e.toml", bar = 0.5 }')
    )


def test_a_pattern_that_matches_nothing_is_refused(tmp_path):
    base = BASE.replace("[plan]", '[plan]\nevidence = ["evidence/*.toml"]')
    with pytest.raises(InputError, match=r"plan.evidence = 'evidence/\*.toml': no file in .* matches it; correct or"):
        parse_plan(base + CHAT, base_dir=tmp_path)


def test_the_json_schema_knows_files_of_evidence():
    schema = PlanFile.model_json_schema(by_alias=True)
    document = tomllib.loads(BASE + CHAT + routed(NAMED, '{ evidence = "e.toml", fnr = 0.1 }'))
    document["plan"]["start"] = "2027-01-01"
    document["prices"]["on"] = "2026-11-23"
    jsonschema.validate(document, schema)
    document["scenario"][0]["route"][0]["share"] = {"evidence": 3}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, schema)


# ---------------------------------------------------------------------------------------------------------------------
# Written and read again

SHARES = st.floats(0.0, 1.0)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
COUNTS = st.integers(0, 10**6)
HASHES = st.text("0123456789abcdef", min_size=64, max_size=64)


def maybe(strategy):
    return st.none() | strategy


PROVENANCES = st.builds(
    Provenance,
    verdict=maybe(st.sampled_from(["pass", "fail", "undecided"])),
    answers_planned=maybe(st.integers(1, 10**6)),
    looks=maybe(st.integers(1, 1000)),
    margin=maybe(st.floats(0.0, 0.99)),
    only_candidate=maybe(COUNTS),
    only_reference=maybe(COUNTS),
    reference_model=maybe(TEXTS),
    served_model=maybe(TEXTS),
    prompt_sha256=maybe(HASHES),
    sample_sha256=maybe(HASHES),
    seed=maybe(st.integers(0, 2**63 - 1)),
    grader=maybe(TEXTS),
    judge_model=maybe(TEXTS),
    judge_fnr=maybe(SHARES),
    judge_fpr=maybe(SHARES),
    judge_labels=maybe(COUNTS),
    token_ratio=maybe(st.floats(0.001, 100.0)),
    token_ratio_se=maybe(st.floats(0.0, 100.0)),
    output_ratio=maybe(st.floats(0.0, 100.0)),
    output_ratio_se=maybe(st.floats(0.0, 100.0)),
    cost_usd=maybe(st.floats(0.0, 1e6)),
    cost_per_answer_usd=maybe(st.floats(0.0, 1e6)),
)
ENTRIES = st.builds(
    Evidence,
    request_type=TEXTS,
    model=TEXTS,
    passed=st.integers(1, 10**6),
    failed=COUNTS,
    bar=st.floats(0.01, 0.99),
    fnr=maybe(SHARES),
    fpr=maybe(SHARES),
    graded_on=maybe(st.dates(date(2000, 1, 1), date(2100, 1, 1))),
    source=st.just("") | TEXTS,
    provenance=PROVENANCES,
)


@settings(max_examples=50, deadline=None)
@given(st.lists(ENTRIES, min_size=1, max_size=3, unique_by=lambda item: (item.request_type, item.model)))
def test_what_is_written_is_read_again_exactly(entries):
    assert list(parse_evidence(evidence_text(entries))) == entries


def test_every_field_of_the_provenance_is_a_key_with_a_comment():
    values = {item.name: "a" * 64 if "sha256" in item.name else 1 for item in fields(Provenance)} | {"verdict": "pass"}
    full = Evidence(
        request_type="chat",
        model=HAIKU,
        passed=188,
        failed=12,
        provenance=Provenance(**values),
    )
    lines = evidence_text([full]).splitlines()
    for item in fields(Provenance):
        (line,) = [line for line in lines if line.startswith(f"{item.name} = ")]
        assert "    # " in line
    assert any("94.0%" in line for line in lines)


def test_writing_keeps_what_the_file_says_of_other_pairs(tmp_path):
    path = tmp_path / "e.toml"
    old = [Evidence(request_type="chat", model=model, passed=5, failed=5, provenance=Provenance()) for model in "ab"]
    assert write_evidence(path, old) == 0
    new = replace(old[1], passed=50)
    assert write_evidence(path, [new]) == 1
    assert read_evidence_file(path, place="here") == (new, old[0])
    (tmp_path / "other.toml").write_text("[plan]\n", encoding="utf-8")
    with pytest.raises(InputError, match="format is missing"):
        write_evidence(tmp_path / "other.toml", [new])
    assert (tmp_path / "other.toml").read_text(encoding="utf-8") == "[plan]\n"


# ---------------------------------------------------------------------------------------------------------------------
# Text of plans that is written back


def test_an_edit_of_a_plan_leaves_names_of_files_as_they_are(tmp_path):
    text = BASE + CHAT + routed(NAMED, '{ evidence = "e.toml", fnr = 0.01 } # ours')
    edited = with_routes(text, "routed", [RouteEdit(request_type="chat", to=HAIKU, values={"months": 6})])
    assert f"share = {NAMED}" in edited
    assert 'escalation = { evidence = "e.toml", fnr = 0.01 } # ours' in edited


def test_a_plan_in_another_folder_names_the_same_files(tmp_path):
    here, there = tmp_path / "a", tmp_path / "b" / "c"
    here.mkdir()
    there.mkdir(parents=True)
    (here / "e.toml").write_text(f"format = 1\n{entry()}", encoding="utf-8")
    (here / "r.md").write_text("Same facts.", encoding="utf-8")
    text = (
        BASE.replace("[plan]", '[plan]\nevidence = ["*.toml"] # all')
        + CHAT
        + routed(NAMED, NAMED)
        + '[[evaluation]]\nrequest_type = "chat"\nsample = ["s.jsonl", "/x/t.jsonl"]\n'
        'grader = { kind = "judge", model = "m", rubric_file = "r.md" }\n'
    )
    moved = with_sources_from(text, here, there)
    first, second = parse_plan(text, base_dir=here), parse_plan(moved, base_dir=there)
    assert "../../a/e.toml" in moved
    assert "# all" in moved
    assert first.scenarios == second.scenarios
    assert [item.path.resolve() for item in first.file_evidence] == [
        item.path.resolve() for item in second.file_evidence
    ]
    assert [path.resolve() for path in first.evaluations[0].samples] == [
        path.resolve() for path in second.evaluations[0].samples
    ]
    assert first.evaluations[0].grader == second.evaluations[0].grader
    assert with_sources_from(text, here, here) == text


# ---------------------------------------------------------------------------------------------------------------------
# Verdicts and age


def with_entry(folder: Path, more: str, *parts: str):
    return prepare(plan_with(folder, routed("1.0", NAMED), *parts, file=entry(more=more)))


def test_the_verdict_of_the_schedule_holds_and_is_said(tmp_path):
    plan = with_entry(tmp_path, 'verdict = "undecided"')
    found = evidence_by_pair(plan)["chat", HAIKU]
    assert (found.verdict, found.single_look) == ("undecided", "pass")
    (said,) = [note for note in evidence_notes(plan, opportunities(plan)) if "schedule" in note]
    assert said.startswith("e.toml, evidence[1]")
    assert "says undecided, a single look at its counts would say pass" in said
    (caveat,) = evidence_caveats(plan)
    assert "(undecided by its schedule of looks: 188 of 200 passed, bar 90.0%)" in caveat
    assert opportunities(plan)[0].verdict == "evaluate first"
    assert evidence_caveats(with_entry(tmp_path, 'verdict = "pass"')) == ()
    failed = with_entry(tmp_path, 'verdict = "fail"')
    assert "(against it by its schedule of looks:" in evidence_caveats(failed)[0]


SAMPLE = {
    "request_type": "chat",
    "messages": [{"role": "user", "content": "hi"}],
    "max_tokens": 9,
    "system": "Be brief.",
}


def evaluated(folder: Path, **changes: object) -> str:
    (folder / "s.jsonl").write_text(json.dumps(SAMPLE | changes) + "\n", encoding="utf-8")
    return '[[evaluation]]\nrequest_type = "chat"\nsample = ["s.jsonl"]\ngrader = { kind = "exact" }\n'


def prompt_hash(folder: Path) -> str:
    return str(prompt_now(plan_with(folder, evaluated(folder)).evaluations[0]))


def why(plan) -> str | None:
    return why_stale(plan, evidence_by_pair(plan)["chat", HAIKU])


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (f'served_model = "{HAIKU}"', None),
        ('served_model = "claude-haiku-4-5"', f"the answers came from claude-haiku-4-5, and {HAIKU} is what is priced"),
        ('served_model = "gpt-9"', f"the answers came from gpt-9, and {HAIKU} is what is priced"),
        (f'reference_model = "{OPUS}"', None),
        ('reference_model = "opus 5.5"', None),
        (f'reference_model = "{SONNET}"', f"compared with {SONNET}, and {OPUS} serves the type now"),
        ("graded_on = 2026-11-20", None),
        ("graded_on = 2026-01-01", "graded on 2026-01-01, but claude-haiku-5-5 was launched"),
    ],
)
def test_evidence_of_other_models_is_stale(more, says, tmp_path):
    found = why(with_entry(tmp_path, more))
    assert (found is None) == (says is None)
    assert (found or "").startswith(says or "")


def test_evidence_of_another_prompt_is_stale(tmp_path):
    graded = f'prompt_sha256 = "{prompt_hash(tmp_path)}"'
    assert why(with_entry(tmp_path, graded, evaluated(tmp_path))) is None
    assert why(with_entry(tmp_path, graded, evaluated(tmp_path, messages=[{"role": "user", "content": "ho"}]))) is None
    for changes in ({"system": "Be long."}, {"max_tokens": 10}, {"tools": [{"name": "x"}]}):
        stale = with_entry(tmp_path, graded, evaluated(tmp_path, **changes))
        assert str(why(stale)).startswith("the prompt has changed since")
        (caveat,) = evidence_caveats(stale)
        assert "on stale evidence: 'chat' to" in caveat
        assert "Its counts are used as they are" in caveat


def test_of_a_sample_that_cannot_be_read_it_is_said_that_the_prompt_is_not_known(tmp_path):
    graded = f'prompt_sha256 = "{prompt_hash(tmp_path)}"'
    section = evaluated(tmp_path)
    (tmp_path / "s.jsonl").unlink()
    unread = with_entry(tmp_path, graded, section)
    assert why(unread) is None
    (caveat,) = evidence_caveats(unread)
    assert caveat.startswith("Whether the prompt has changed since its evidence was graded is not known: 'chat' on")
    assert "s.jsonl" in caveat
    unnamed = with_entry(tmp_path, graded)
    assert (why(unnamed), evidence_caveats(unnamed)) == (None, ())


def test_a_sample_that_was_written_since_is_read_again(tmp_path):
    before = prompt_hash(tmp_path)
    (tmp_path / "s.jsonl").write_text(json.dumps(SAMPLE | {"system": "Be much longer."}) + "\n", encoding="utf-8")
    section = '[[evaluation]]\nrequest_type = "chat"\nsample = ["s.jsonl"]\ngrader = { kind = "exact" }\n'
    assert prompt_now(plan_with(tmp_path, section).evaluations[0]) != before


def test_a_type_that_the_mix_lacks_is_said_of_a_file(tmp_path):
    base = BASE.replace("[plan]", '[plan]\nevidence = ["e.toml"]')
    (tmp_path / "e.toml").write_text(f"format = 1\n{entry(request_type='chatt')}", encoding="utf-8")
    (tmp_path / "plan.toml").write_text(base + CHAT, encoding="utf-8")
    said = build_plan(load_plan(tmp_path / "plan.toml")).warnings
    assert any(text.startswith("e.toml, evidence[1]") and "Did you mean 'chat'?" in text for text in said)
