"""Graders against tables of truth made by hand, and against laws that hold for any text, number and set."""

import json
import math
import re
import string
import sys
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from planner.errors import InputError
from planner.evaluation.evaluation import (
    Answer,
    ExactGrader,
    Grader,
    JudgeGrader,
    NumberGrader,
    PatternGrader,
    PythonGrader,
    SampleRequest,
    SchemaGrader,
    SetGrader,
    TextGrader,
)
from planner.evaluation.graders.grades import Grade, UnusableReferenceError
from planner.evaluation.graders.json_answers import DEEPEST, json_equal
from planner.evaluation.graders.numbers import last_number
from planner.evaluation.graders.rules import check_expected, rule_of
from planner.evaluation.graders.texts import LONGEST_SEARCHED, normalised

MISSING = object()


def request(expected: Any = MISSING, reference: str | None = None) -> SampleRequest:
    given_one = expected is not MISSING
    return SampleRequest(
        request_type="triage",
        id="r1",
        params={"messages": [{"role": "user", "content": "?"}], "max_tokens": 5},
        expected=expected if given_one else None,
        has_expected=given_one,
        reference=reference,
    )


def answer(*content: str | dict[str, Any], stop_reason: str = "end_turn") -> Answer:
    blocks = tuple({"type": "text", "text": block} if isinstance(block, str) else block for block in content)
    return Answer(
        key="k",
        model="m",
        served_model="m",
        content=blocks,
        stop_reason=stop_reason,
        tokens=(1, 0, 0, 0, 1),
        cost_usd=0.0,
        is_batch=False,
        answered_at="2026-11-24T00:00:00Z",
    )


def tool_call(value: Any) -> dict[str, Any]:
    return {"type": "tool_use", "id": "t", "name": "reply", "input": value}


def graded(grader: Grader, content: str, expected: Any = MISSING, reference: str | None = None) -> Grade:
    return rule_of(grader)(answer(content), request(expected, reference))


def passes(grader: Grader, content: str, expected: Any = MISSING, reference: str | None = None) -> bool:
    return graded(grader, content, expected, reference).passed


# ---------------------------------------------------------------------------------------------------------------------
# Texts


@pytest.mark.parametrize(
    ("content", "expected", "passed"),
    [
        ("yes", "yes", True),
        ("\n yes\t", " yes ", True),
        ("Yes", "yes", False),
        ("yes.", "yes", False),
        ("a  b", "a b", False),
        ("", "yes", False),
        ("42", 42, True),
        ("42", 42.0, True),
        ("2.5", 2.5, True),
        ("true", True, True),
        ("True", True, False),
        ("null", None, True),
        ("", "", True),
    ],
)
def test_exact(content: str, expected: Any, passed: bool) -> None:
    assert passes(ExactGrader(), content, expected) is passed


@pytest.mark.parametrize(
    ("content", "expected", "plain", "kept"),
    [
        ("Yes.", "yes", True, False),
        ("YES", "yes", True, True),
        ("**Yes!**", "yes", True, False),
        ("a\n\n b", "A  B", True, True),
        ("STRASSE", "straße", True, True),
        ("ﬁne", "fine", True, True),
        ("ＡＢＣ", "abc", True, True),
        ("café", "cafe\u0301", True, True),
        ("don’t", "dont", True, False),
        ("well-known", "well known", True, False),
        ("snake_case", "snake case", True, False),
        ("1.5", "15", False, False),
        ("1,500", "1500", False, False),
        ("-5", "5", False, False),
        ("−5", "-5", True, False),
        ("is 5.", "is 5", True, False),
        ("10:30", "1030", False, False),
        ("C++", "C", False, False),
        ("no", "yes", False, False),
        ("?", "!", False, False),
        ("!", "!", True, True),
        ("", "!", False, False),
    ],
)
def test_text(content: str, expected: str, plain: bool, kept: bool) -> None:
    assert passes(TextGrader(), content, expected) is plain
    assert passes(TextGrader(keep_punctuation=True), content, expected) is kept


ANY_TEXT = st.text() | st.text(alphabet="aAé ß.,'’-_:/0123456789\n\u0301\u00a0ﬁ①Ⅻ", max_size=12)


@settings(max_examples=80)
@given(ANY_TEXT, st.booleans())
@example("ͺ", False)
@example("a\u0345", False)
def test_normalising_twice_changes_nothing_more(text: str, keep: bool) -> None:
    once = normalised(text, keep_punctuation=keep)
    assert normalised(once, keep_punctuation=keep) == once


@settings(max_examples=60)
@given(st.text(alphabet=string.ascii_letters + " \n\t"), st.sampled_from(["!", "?", "...", "*", '"', "( )"]))
def test_case_space_and_signs_around_a_text_do_not_count(text: str, sign: str) -> None:
    written = f"{sign} {text.swapcase()}\n{sign}"
    assert normalised(written) == " ".join(text.lower().split())


def test_a_pattern_is_found_anywhere_or_is_the_whole() -> None:
    assert passes(PatternGrader(pattern=r"\bP[1-3]\b"), "It is P2, I think")
    assert not passes(PatternGrader(pattern=r"\bP[1-3]\b"), "It is P4")
    assert passes(PatternGrader(pattern="P[1-3]", whole=True), " P2\n")
    assert not passes(PatternGrader(pattern="P[1-3]", whole=True), "It is P2")
    assert passes(PatternGrader(pattern="(?i)yes"), "YES")


def test_a_pattern_that_is_none_is_refused_before_anything_is_graded() -> None:
    with pytest.raises(InputError, match=r"^pattern = '\(' is no regular expression"):
        rule_of(PatternGrader(pattern="("))


def test_no_pattern_is_searched_for_in_an_endless_answer() -> None:
    long = "a" * (LONGEST_SEARCHED + 1)
    assert graded(PatternGrader(pattern="a"), long) == Grade(passed=False, reason="longer than 100,000 characters")
    assert passes(PatternGrader(pattern="a"), long[:-1])


# ---------------------------------------------------------------------------------------------------------------------
# Numbers


@pytest.mark.parametrize(
    ("content", "number"),
    [
        ("42", "42"),
        ("The answer is 42.", "42"),
        ("first 41, then 42", "42"),
        ("1,234.5", "1234.5"),
        ("1.234,5", "1234.5"),
        ("1'234.50", "1234.5"),
        ("1\u202f234,5", "1234.5"),
        ("1_000_000", "1000000"),
        ("1,234,567", "1234567"),
        ("1.234.567", "1234567"),
        ("12,34,567.8", "1234567.8"),
        ("1,234", "1234"),
        ("1.234", "1.234"),
        ("1,5", "1.5"),
        ("0,123", "0.123"),
        ("1234,567", "1234.567"),
        (".5", "0.5"),
        ("-.5", "-0.5"),
        ("-3", "-3"),
        ("−3", "-3"),
        ("–3", "-3"),
        ("10-12", "12"),
        ("10–12", "12"),
        ("(10)-12", "12"),
        ("5 - 3", "3"),
        ("- 3", "3"),
        ("= -3", "-3"),
        ("$5.20", "5.2"),
        ("-$5.20", "-5.2"),
        ("$-5.20", "-5.2"),
        ("€ 5,20", "5.2"),
        ("USD 5", "5"),
        ("12.5%", "12.5"),
        ("12.5 %", "12.5"),
        ("5kg", "5"),
        ("1e3", "1000"),
        ("1.5E-3", "0.0015"),
        ("1e5kg", "100000"),
        ("3 x 10^8", "300000000"),
        ("3×10⁸", "300000000"),
        ("3 × 10⁻²", "0.03"),
        (r"3 · 10^{-2}", "0.03"),
        ("答案是42", "42"),
        ("４２", "42"),
        ("**42**", "42"),
        ("42 (from H2O and A4)", "42"),
        ("2026-11-30", "30"),
    ],
)
def test_how_a_number_is_read(content: str, number: str) -> None:
    assert last_number(content) == Decimal(number)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "none",
        "NaN",
        "inf",
        "-Infinity",
        "H2",
        "1.2.3",
        "1,2,3",
        "12.34.56",
        "5 or 1.2.3",
        "1e999",
        "9" * 401,
        "1.5'000",
    ],
)
def test_what_is_no_number_passes_nothing(content: str) -> None:
    assert last_number(content) is None
    assert graded(NumberGrader(absolute=1e300), content, 1) == Grade(passed=False, reason="no number")


@pytest.mark.parametrize(
    ("content", "expected", "absolute", "relative", "passed"),
    [
        ("12.4", 12.5, 0.1, 0.0, True),
        ("12.39", 12.5, 0.1, 0.0, False),
        ("0.3", 0.1 + 0.2, 0.0, 0.0, False),
        ("0.3", 0.3, 0.0, 0.0, True),
        ("90", 100, 0.0, 0.1, True),
        ("89", 100, 0.0, 0.1, False),
        ("89", 100, 11.0, 0.1, True),
        ("-90", -100, 0.0, 0.1, True),
        ("90", -100, 0.0, 0.1, False),
        ("0", 0, 0.0, 0.5, True),
        ("$1,234.50", "1234.5", 0.0, 0.0, True),
        ("1234.5", "$1,234.50", 0.0, 0.0, True),
        ("12.5", "12.5 %", 0.0, 0.0, True),
        ("300000000", "3×10⁸", 0.0, 0.0, True),
        ("12345678901234567891", 12345678901234567890, 0.0, 0.0, False),
    ],
)
def test_either_tolerance_is_enough(
    content: str, expected: Any, absolute: float, relative: float, passed: bool
) -> None:
    assert passes(NumberGrader(absolute=absolute, relative=relative), content, expected) is passed


@pytest.mark.parametrize("expected", ["about 5", "", "5 or 6", True, None, [5], math.nan, math.inf, "nan", 10**400])
def test_an_expected_value_that_is_no_number_is_an_error_of_the_sample(expected: Any) -> None:
    with pytest.raises(InputError, match=r"^request 'r1' of 'triage': 'expected' is no finite number"):
        check_expected(NumberGrader(), request(expected))


def test_the_number_of_a_reference_answer_is_its_last() -> None:
    assert passes(NumberGrader(), "42", reference="Of 50, it is 42.")
    with pytest.raises(UnusableReferenceError):
        check_expected(NumberGrader(), request(reference="I cannot say"))


FLOATS = st.floats(allow_nan=False, allow_infinity=False)


@settings(max_examples=80)
@given(FLOATS, FLOATS, st.floats(0, 1e6), st.floats(0, 2))
def test_numbers_agree_with_plain_decimals(found: float, expected: float, absolute: float, relative: float) -> None:
    a, b = Decimal(repr(found)), Decimal(repr(expected))
    passed = passes(NumberGrader(absolute=absolute, relative=relative), f"It is {found!r}", expected)
    difference = abs(Fraction(a) - Fraction(b))
    allowed = max(Fraction(Decimal(repr(absolute))), Fraction(Decimal(repr(relative))) * abs(Fraction(b)))
    assert passed is (difference <= allowed)


@settings(max_examples=60)
@given(st.decimals(-(10**12), 10**12, places=2))
def test_thousands_are_read_as_they_are_written(value: Decimal) -> None:
    english = f"{value:,.2f}"
    european = english.translate(str.maketrans(",.", ".,"))
    assert last_number(english) == last_number(european) == last_number(f"${english}") == value


# ---------------------------------------------------------------------------------------------------------------------
# JSON

SCHEMA = {
    "type": "object",
    "properties": {"label": {"enum": ["a", "b"]}, "score": {"type": "number", "multipleOf": 0.5}},
    "required": ["label"],
    "additionalProperties": False,
}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ('{"label": "a"}', "schema accepts it"),
        ('```json\n{"label": "a"}\n```', "schema accepts it"),
        ('Here it is:\n\n```\n{"label": "a"}\n```\nDone.', "schema accepts it"),
        ('```json\n{"label": "a"}```', "schema accepts it"),
        ('```{"label": "a"}```', "schema accepts it"),
        ('\ufeff{"label": "a"}', "schema accepts it"),
        ('{"label": "c"}', "schema: enum"),
        ("{}", "schema: required"),
        ('{"label": "a", "more": 1}', "schema: additionalProperties"),
        ("[]", "schema: type"),
        ("the label is a", "not JSON"),
        ("", "not JSON"),
        ('{"label": "a"} and more', "not JSON"),
        ('```\n{"label": "a"}\n```\n```\n{"label": "b"}\n```', "several fenced blocks"),
        ('{"label": "a", "label": "b"}', "JSON has a key twice"),
        ('{"label": NaN}', "JSON has a number that is not finite"),
        ('{"label": 1e999}', "JSON has a number that is not finite"),
        ('{"label": ' + "9" * 5000 + "}", "not JSON"),
        ('{"label": "a", "score": 1.5}', "schema accepts it"),
        ('{"label": "a", "score": 1' + "0" * 400 + "}", "JSON has a number that the schema cannot be checked with"),
        ("[" * 100_000, "JSON is nested too deeply"),
        ("[" * 200 + "]" * 200, "JSON is nested too deeply"),
    ],
)
def test_a_schema(content: str, reason: str) -> None:
    found = graded(SchemaGrader(schema=SCHEMA), content)
    assert found == Grade(passed=reason == "schema accepts it", reason=reason)


def test_the_input_of_a_tool_call_is_json() -> None:
    rule = rule_of(SchemaGrader(schema=SCHEMA))
    assert rule(answer("Let me reply.", tool_call({"label": "a"}), stop_reason="tool_use"), request()).passed
    assert rule(answer(tool_call({"label": "z"})), request()).reason == "schema: enum"
    assert rule(answer(tool_call({"label": "a"}), tool_call({"label": "a"})), request()).reason == "several tool calls"


def test_json_is_compared_where_that_is_asked_for() -> None:
    grader = SchemaGrader(schema={}, compare=True)
    assert passes(grader, '{"b": [1.0], "a": "x"}', {"a": "x", "b": [1]})
    assert not passes(grader, '{"a": [1, 2]}', {"a": [2, 1]})
    assert passes(grader, "null", None)
    assert passes(grader, '"x"', "x")
    assert passes(grader, "[1]", reference="```json\n[1]\n```")
    with pytest.raises(UnusableReferenceError):
        check_expected(grader, request(reference="no JSON here"))
    with pytest.raises(InputError, match=r"^request 'r1' of 'triage' has nothing to compare"):
        check_expected(grader, request())


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**6), 10**6)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


def _spelled(value: Any) -> str:
    """One spelling of each value: numbers as fractions, keys in order."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(key)}:{_spelled(value[key])}" for key in sorted(value)) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_spelled, value)) + "]"
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(Fraction(Decimal(value)))
    return json.dumps(value)


@settings(max_examples=80)
@given(JSON, JSON)
@example([1], [True])
@example([1], [1.0])
@example([0], [False])
@example({"a": 0.0}, {"a": -0.0})
def test_json_equality_is_that_of_one_spelling(one: Any, other: Any) -> None:
    assert json_equal(one, other) is (_spelled(one) == _spelled(other))
    assert json_equal(other, one) is json_equal(one, other)
    assert json_equal(one, json.loads(json.dumps(one)))


def test_a_schema_that_cannot_be_used_is_refused() -> None:
    with pytest.raises(InputError, match="no JSON schema"):
        rule_of(SchemaGrader(schema={"type": "no such type"}))


@pytest.mark.parametrize("reference", ["http://127.0.0.1:9/x.json", "file:///etc/passwd", "#/$defs/none", "other.json"])
def test_no_reference_of_a_schema_is_fetched(reference: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_network(*args: Any, **kwargs: Any) -> None:
        raise AssertionError("something was opened")

    monkeypatch.setattr("urllib.request.urlopen", no_network)
    with pytest.raises(InputError, match=re.escape("nothing is fetched")):
        graded(SchemaGrader(schema={"$ref": reference}), "{}")


def test_a_schema_that_calls_itself_ends_on_deep_answers() -> None:
    schema = {"$ref": "#/$defs/tree", "$defs": {"tree": {"type": "array", "items": {"$ref": "#/$defs/tree"}}}}
    deep = "[" * DEEPEST + "]" * DEEPEST
    assert passes(SchemaGrader(schema=schema), deep)
    endless = {"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/a"}}}
    assert graded(SchemaGrader(schema=endless), "1").reason == "JSON is nested too deeply"


# ---------------------------------------------------------------------------------------------------------------------
# Sets


@pytest.mark.parametrize(
    ("content", "expected", "jaccard", "recall"),
    [
        ("a, b, c", ["c", "b", "a"], 1.0, 1.0),
        ('["A", "b", "c "]', "a,b,c", 1.0, 1.0),
        ("a, b", ["a", "b", "c", "d"], 0.5, 0.5),
        ("a, b, c, d", ["a", "b"], 0.5, 1.0),
        ("```json\n[1, 2]\n```", [1.0, 2], 1.0, 1.0),
        ("1, 2", [1, 2], 1.0, 1.0),
        ("x", ["y"], 0.0, 0.0),
        ("", ["y"], 0.0, 0.0),
        ("", [], 1.0, 1.0),
        ("x", [], 0.0, 0.0),
        ("a,,a, ,A", ["a"], 1.0, 1.0),
    ],
)
def test_a_set(content: str, expected: Any, jaccard: float, recall: float) -> None:
    for measure, overlap in (("jaccard", jaccard), ("recall", recall)):
        least = {
            least: passes(SetGrader(measure=measure, least=least), content, expected)  # type: ignore[arg-type]
            for least in (0.01, 0.5, 0.51, 1.0)
        }
        assert least == {least: overlap >= least for least in least}


ITEMS = st.sets(st.sampled_from("abcdefghij"), max_size=10)


@settings(max_examples=100)
@given(ITEMS, ITEMS, st.sampled_from([0.1, 0.25, 1 / 3, 0.5, 0.6, 0.7, 0.75, 0.9, 1.0]))
def test_overlap_is_that_of_python_sets(found: set[str], expected: set[str], least: float) -> None:
    union, shared = found | expected, found & expected
    text, values = "\n".join(f"- {item}" for item in sorted(found)), sorted(expected)
    jaccard = passes(SetGrader(separator="\n", least=least), text, values)
    recall = passes(SetGrader(separator="\n", least=least, measure="recall"), text, values)
    scale = Decimal(repr(least))
    assert jaccard is (len(shared) >= scale * len(union))
    assert recall is (len(shared) >= scale * len(expected) if expected else not found)


def test_items_of_a_tool_call_are_those_of_its_one_list() -> None:
    rule = rule_of(SetGrader())
    assert rule(answer(tool_call({"tags": ["a", "b"]})), request(["b", "a"])).passed
    assert not rule(answer(tool_call({"tags": ["a"], "more": ["b"]})), request(["a"])).passed


def test_what_is_no_set_is_an_error_of_the_sample() -> None:
    with pytest.raises(InputError, match="'expected' is neither a list nor a text of items"):
        check_expected(SetGrader(), request({"a": 1}))


# ---------------------------------------------------------------------------------------------------------------------
# Callables of installed packages

PACKAGE = """
def longer(text, request):
    request["params"]["messages"].clear()
    return len(text) > len(request["expected"])

def number(text, request):
    return 1

def failing(text, request):
    raise ValueError("the answer was: " + text)

constant = 3
"""


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    (tmp_path / "acme_graders_for_a_test.py").write_text(PACKAGE)
    info = tmp_path / "acme_graders-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-graders\nVersion: 1.0\n")
    names = [*(f"{n} = acme_graders_for_a_test:{n}" for n in ("longer", "number", "failing", "constant", "absent"))]
    (info / "entry_points.txt").write_text(
        "\n".join(["[planner.graders]", *names, "gone = no_such_module_at_all:x", ""])
    )
    monkeypatch.syspath_prepend(tmp_path)
    yield
    sys.modules.pop("acme_graders_for_a_test", None)


@pytest.mark.usefixtures("installed")
def test_a_callable_of_an_installed_package_grades_and_cannot_change_the_request() -> None:
    asked = request("abc")
    rule = rule_of(PythonGrader(name="longer"))
    assert [rule(answer(text), asked).passed for text in ("abcd", "ab")] == [True, False]
    assert asked == request("abc")


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("failing", "the grader 'failing' failed on request 'r1' of 'triage' with ValueError"),
        ("number", "the grader 'number' returned int for request 'r1' of 'triage'"),
        ("constant", "the grader 'constant' (acme_graders_for_a_test:constant) is no callable"),
        ("absent", "cannot be loaded: AttributeError"),
        ("gone", "cannot be loaded: ModuleNotFoundError"),
        ("nobody", "(installed: absent, constant, failing, gone, longer, number)"),
    ],
)
def test_a_callable_that_gives_no_verdict_is_an_error_and_no_failed_answer(name: str, said: str) -> None:
    with pytest.raises(InputError, match=re.escape(said)) as error:
        rule_of(PythonGrader(name=name))(answer("a secret"), request("abc"))
    assert "secret" not in str(error.value)


# ---------------------------------------------------------------------------------------------------------------------
# What holds for all

GRADERS: tuple[Grader, ...] = (
    ExactGrader(),
    TextGrader(),
    NumberGrader(absolute=1e9),
    PatternGrader(pattern=""),
    SchemaGrader(schema={}, compare=True),
    SetGrader(least=0.001),
)


def five(grader: Grader) -> Any:
    return [5] if isinstance(grader, SetGrader) else 5


@pytest.mark.parametrize("grader", GRADERS, ids=lambda grader: type(grader).__name__)
def test_a_refusal_passes_nothing_and_what_was_cut_off_is_graded_as_it_is(grader: Grader) -> None:
    for stop_reason, passed in (("end_turn", True), ("max_tokens", True), ("refusal", False)):
        assert rule_of(grader)(answer("5", stop_reason=stop_reason), request(five(grader))).passed is passed


@settings(max_examples=100)
@given(st.sampled_from(GRADERS), ANY_TEXT | JSON.map(json.dumps) | st.from_regex(r"[\[\]{}\"`\n,0-9a-z]{0,20}"))
def test_any_text_gets_a_verdict_with_a_reason_of_the_grader_s_own(grader: Grader, text: str) -> None:
    found = graded(grader, text, five(grader))
    assert re.fullmatch(r"[A-Za-z][A-Za-z ,:0-9]{1,60}", found.reason)
    assert found.passed in (True, False)


def test_a_judge_is_no_rule() -> None:
    with pytest.raises(InputError, match="is asked"):
        rule_of(JudgeGrader(model="claude-opus-5-5", rubric="Same facts."))
