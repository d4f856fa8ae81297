"""[[evaluation]] of a plan: what it becomes, and what is said of one that cannot be used."""

import json
from pathlib import Path

import pytest
from test_opportunities import BASE, CHAT, HAIKU

from planner.errors import InputError
from planner.evaluation.evaluation import (
    Evaluation,
    ExactGrader,
    JudgeGrader,
    NumberGrader,
    PatternGrader,
    PythonGrader,
    SchemaGrader,
    SetGrader,
    TextGrader,
)
from planner.plan import build_plan
from planner.plan_file.loader import parse_plan


def evaluation(grader: str = '{ kind = "exact" }', more: str = "", request_type: str = "chat") -> str:
    return (
        f'[[evaluation]]\nrequest_type = "{request_type}"\nsample = ["samples/chat.jsonl"]\ngrader = {grader}\n{more}\n'
    )


def read(*parts: str, base_dir: Path = Path("/plans")) -> tuple[Evaluation, ...]:
    return parse_plan(BASE + CHAT + "".join(parts), base_dir=base_dir).evaluations


def mistake(*parts: str, base_dir: Path = Path("/plans")) -> str:
    with pytest.raises(InputError) as error:
        read(*parts, base_dir=base_dir)
    return str(error.value)


def test_what_is_left_out_has_the_documented_default():
    assert read(evaluation()) == (
        Evaluation(request_type="chat", samples=(Path("/plans/samples/chat.jsonl"),), grader=ExactGrader()),
    )
    (found,) = read(evaluation())
    assert (found.bar, found.margin, found.answers, found.looks) == (0.90, None, 200, 4)


def test_every_key_reaches_the_noun():
    more = f'candidates = ["{HAIKU}"]\nreference = "x"\nbar = 0.92\nmargin = 0.03\nanswers = 150\nlooks = 3\n'
    (found,) = read(evaluation(more=more))
    assert (found.candidates, found.reference, found.bar, found.margin) == ((HAIKU,), "x", 0.92, 0.03)
    assert (found.answers, found.looks) == (150, 3)


@pytest.mark.parametrize(
    ("written", "grader"),
    [
        ('{ kind = "text", keep_punctuation = true }', TextGrader(keep_punctuation=True)),
        ('{ kind = "number", absolute = 0.5, relative = 0.01 }', NumberGrader(absolute=0.5, relative=0.01)),
        (r'{ kind = "pattern", pattern = "^\\d+$", whole = true }', PatternGrader(pattern=r"^\d+$", whole=True)),
        ('{ kind = "schema", schema = { type = "object" } }', SchemaGrader(schema={"type": "object"})),
        (
            '{ kind = "schema", schema = { type = "object" }, compare = true }',
            SchemaGrader(schema={"type": "object"}, compare=True),
        ),
        (
            '{ kind = "set", separator = ";", measure = "recall", least = 0.8 }',
            SetGrader(separator=";", measure="recall", least=0.8),
        ),
        ('{ kind = "python", name = "mine" }', PythonGrader(name="mine")),
        ('{ kind = "judge", model = "m", rubric = "r" }', JudgeGrader(model="m", rubric="r")),
        (
            '{ kind = "judge", model = "m", rubric = "r", max_tokens = 50 }',
            JudgeGrader(model="m", rubric="r", max_tokens=50),
        ),
    ],
)
def test_every_grader_reaches_its_noun(written, grader):
    assert read(evaluation(written))[0].grader == grader


def test_files_of_graders_are_read_beside_the_plan(tmp_path):
    (tmp_path / "answer.json").write_text(json.dumps({"type": "object", "required": ["x"]}), encoding="utf-8")
    (tmp_path / "rubric.md").write_text("Same facts.", encoding="utf-8")
    by_schema = read(evaluation('{ kind = "schema", schema_file = "answer.json" }'), base_dir=tmp_path)
    assert by_schema[0].grader == SchemaGrader(schema={"type": "object", "required": ["x"]})
    by_judge = read(evaluation('{ kind = "judge", model = "m", rubric_file = "rubric.md" }'), base_dir=tmp_path)
    assert by_judge[0].grader == JudgeGrader(model="m", rubric="Same facts.")


@pytest.mark.parametrize(
    ("grader", "says"),
    [
        ('{ kind = "exakt" }', "evaluation[1].grader: kind = 'exakt': there is no such kind. Known: exact, text"),
        ("{ absolute = 0.5 }", "evaluation[1].grader: kind: missing. Known: exact, text, number"),
        ('"exact"', "evaluation[1].grader = 'exact': must be"),
        (
            '{ kind = "number", absolut = 1 }',
            "absolut: unknown key; did you mean 'absolute'? Known here: kind, ",
        ),
        ('{ kind = "exact", pattern = "x" }', "evaluation[1].grader.pattern: unknown key; Known here: kind"),
        ('{ kind = "pattern" }', "evaluation[1].grader.pattern: missing"),
        ('{ kind = "pattern", pattern = "(" }', "evaluation[1].grader: pattern = '(' is no regular expression"),
        ('{ kind = "number", relative = -1 }', "evaluation[1].grader.relative = -1: must be greater than"),
        ('{ kind = "set", least = 0 }', "evaluation[1].grader.least = 0: must be greater than 0"),
        ('{ kind = "schema" }', "evaluation[1].grader: give either schema, a table, or schema_file"),
        (
            '{ kind = "schema", schema = { type = 5 } }',
            "evaluation[1].grader: no JSON schema: at type",
        ),
        ('{ kind = "schema", schema = { "$ref" = "http://127.0.0.1/x" } }', "and nothing is fetched"),
        ('{ kind = "schema", schema_file = "no.json" }', "/plans/no.json is not there; the name is relative"),
        ('{ kind = "judge", model = "m" }', "give either rubric, a text, or rubric_file"),
        ('{ kind = "judge", model = "m", rubric = " " }', "evaluation[1].grader: the rubric is empty"),
        ('{ kind = "judge", model = "m", rubric_file = "no.md" }', "rubric_file = 'no.md': /plans/no.md is not there"),
        ('{ kind = "judge", model = "m", rubric_file = "s3://b/no.md" }', "only files can be read, not addresses"),
    ],
)
def test_a_grader_that_cannot_be_used_is_refused_at_its_place(grader, says):
    assert says in mistake(evaluation(grader))


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ("looks = 5\nanswers = 4", "evaluation[1].looks = 5 is more than answers = 4"),
        ('candidates = ["a", "a"]', "evaluation[1].candidates: a is there twice"),
        ("bar = 90", "evaluation[1].bar = 90: must be less than 1 (a fraction: 90 % is 0.9)"),
        ("margin = -0.1", "evaluation[1].margin = -0.1"),
        ("answers = 0", "evaluation[1].answers = 0"),
        ("barr = 0.9", "evaluation[1].barr: unknown key; did you mean 'bar'?"),
    ],
)
def test_what_cannot_be_is_refused_at_its_place(more, says):
    assert says in mistake(evaluation(more=more))


def test_a_type_has_one_evaluation_and_a_sample():
    assert "evaluation[2]: 'chat' is there twice, first in evaluation[1]" in mistake(evaluation(), evaluation())
    assert "evaluation[1].sample = []: must be a list of at least one" in mistake(
        evaluation().replace('["samples/chat.jsonl"]', "[]")
    )
    assert "only files can be read" in mistake(evaluation().replace("samples/chat.jsonl", "https://a/b.jsonl"))


@pytest.mark.parametrize("content", [b"\xff\xfe", b"", b"[1]", b"{", b"[" * 100_000])
def test_no_file_of_a_schema_stops_the_reader_in_another_way(content, tmp_path):
    (tmp_path / "answer.json").write_bytes(content)
    said = mistake(evaluation('{ kind = "schema", schema_file = "answer.json" }'), base_dir=tmp_path)
    assert said.startswith("evaluation[1].grader: schema_file = 'answer.json'")


def test_a_folder_and_a_circle_of_links_are_no_rubric(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    for name, why in (("folder", "is no file"), ("a", "a")):
        said = mistake(evaluation(f'{{ kind = "judge", model = "m", rubric_file = "{name}" }}'), base_dir=tmp_path)
        assert f"rubric_file = '{name}'" in said
        assert why in said


def test_an_evaluation_of_a_type_that_the_mix_lacks_is_said_and_kept():
    inputs = parse_plan(BASE + CHAT + evaluation(request_type="chatt"), base_dir=Path())
    assert len(inputs.evaluations) == 1
    said = [text for text in build_plan(inputs).warnings if text.startswith("evaluation[1]")]
    assert said == [
        "evaluation[1] names request type 'chatt', which the mix does not have: it has no effect. Did you mean "
        "'chat'? Known: chat."
    ]
