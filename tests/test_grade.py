"""Grading a sample by rules: who passes, what has no grade and why, and what is said of it."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from planner.errors import InputError
from planner.evaluation.answered import Answered, keys_of
from planner.evaluation.evaluation import (
    Answer,
    Evaluation,
    ExactGrader,
    Grader,
    JudgeGrader,
    NumberGrader,
    PatternGrader,
    SampleRequest,
    SchemaGrader,
    SetGrader,
    TextGrader,
)
from planner.evaluation.grade import grade_evaluation, judge_requests
from planner.evidence.graded import GradedAnswer, read_graded_files, write_graded
from planner.evidence_reports.grade import agreement_table, grade_json, grade_table, grader_name, reported
from planner.evidence_reports.grade_sentences import grade_notes, grade_sentences

SMALL, LARGE = "claude-small", "claude-large"
MISSING = object()


def reply(text: str, *, stop: str = "end_turn", cost: float = 0.01, **block: Any) -> Answer:
    return Answer(
        key="",
        model="m",
        served_model="m",
        content=({"type": "text", "text": text} | block,),
        stop_reason=stop,
        tokens=(1, 0, 0, 0, 1),
        cost_usd=cost,
        is_batch=False,
        answered_at="2026-11-24T00:00:00Z",
    )


def asked(number: int, expected: Any = MISSING, reference: str | None = None) -> SampleRequest:
    return SampleRequest(
        request_type="triage",
        id=f"r{number}",
        params={"messages": [{"role": "user", "content": f"question {number}"}], "max_tokens": 9},
        expected=None if expected is MISSING else expected,
        has_expected=expected is not MISSING,
        reference=reference,
    )


def answered(
    grader: Grader,
    sample: Sequence[SampleRequest],
    small: Sequence[Answer | None],
    large: Sequence[Answer | None] = (),
    *,
    refused: Sequence[tuple[str, int]] = (),
    **more: Any,
) -> Answered:
    """refused: (model, number of the request) that the API will never answer."""
    empty = Answered(
        evaluation=Evaluation(request_type="triage", samples=(Path("/s.jsonl"),), grader=grader, **more),
        sample=tuple(sample),
        candidates=(SMALL,),
        reference=LARGE if large else None,
        answers={},
    )
    found = {}
    for model, answers in ((SMALL, small), (LARGE, large)):
        if answers:
            found |= {k: a for k, a in zip(keys_of(empty, model), answers, strict=True) if a is not None}
    return Answered(
        evaluation=empty.evaluation,
        sample=empty.sample,
        candidates=empty.candidates,
        reference=empty.reference,
        answers=found,
        refused={keys_of(empty, model)[number] for model, number in refused},
    )


def test_each_answer_is_graded_in_draw_order_beside_the_reference_model_s() -> None:
    sample = [asked(3, "yes"), asked(1, "no"), asked(2, "yes"), asked(0, "yes")]
    small = [reply("yes"), reply("yes", cost=0.02), None, reply("yes")]
    large = [reply("yes", cost=0.5), reply("no", cost=0.5), reply("yes", cost=0.5), None]
    found = grade_evaluation(answered(ExactGrader(), sample, small, large))
    assert found.graded == (
        graded("r3", passed=True, reference=True, cost=0.01),
        graded("r1", passed=False, reference=True, cost=0.02),
        graded("r0", passed=True, reference=None, cost=0.01),
    )
    one = found.candidates[0]
    assert (one.passed, one.ungraded, one.failed_because) == (2, {"not answered yet": 1}, {"text differs": 1})
    assert (one.cost_usd, found.reference_cost_usd) == pytest.approx((0.04, 1.5))


def graded(name: str, *, passed: bool, reference: bool | None, cost: float) -> GradedAnswer:
    return GradedAnswer(
        request_type="triage",
        candidate=SMALL,
        id=name,
        passed=passed,
        reference_passed=reference,
        cost_usd=cost,
    )


def test_what_the_api_will_never_answer_counts_as_failed() -> None:
    sample = [asked(0, "a"), asked(1, "a"), asked(2, "a")]
    found = grade_evaluation(
        answered(
            TextGrader(),
            sample,
            [None, reply("no", stop="refusal"), reply("a", stop="max_tokens")],
            [reply("a"), None, reply("b")],
            refused=[(SMALL, 0), (LARGE, 1)],
        )
    )
    one = found.candidates[0]
    assert [item.passed for item in one.graded] == [False, False, True]
    assert [item.reference_passed for item in one.graded] == [True, False, False]
    assert [item.cost_usd for item in one.graded] == [0.0, 0.01, 0.01]
    assert (one.refused_by_api, one.refusals, one.cut_off, one.cut_off_failed) == (1, 1, 1, 0)
    assert one.failed_because == {"the API refused the request": 1, "refusal": 1}


@pytest.mark.parametrize(
    "grader", [ExactGrader(), TextGrader(), NumberGrader(), SetGrader(), SchemaGrader(schema={}, compare=True)]
)
def test_nothing_to_compare_with_is_an_error_before_anything_is_graded(grader: Grader) -> None:
    sample = [asked(0, "1" if not isinstance(grader, SetGrader) else ["1"]), asked(1)]
    with pytest.raises(InputError, match=r"^request 'r1' of 'triage' has nothing to compare an answer with"):
        grade_evaluation(answered(grader, sample, [reply("1"), reply("1")]))


def test_graders_that_compare_with_nothing_need_nothing() -> None:
    for grader in (PatternGrader(pattern="1"), SchemaGrader(schema={"type": "integer"})):
        assert grade_evaluation(answered(grader, [asked(0)], [reply("1")])).candidates[0].passed == 1
        assert judge_requests(answered(grader, [asked(0)], [reply("1")])) == ()


def test_a_reference_answer_stands_in_for_an_expected_one() -> None:
    sample = [asked(0, "a", "b"), asked(1, reference="b")]
    found = grade_evaluation(answered(ExactGrader(), sample, [reply("a"), reply("b")], [reply("a"), reply("x")]))
    assert [item.passed for item in found.graded] == [True, True]
    assert [item.reference_passed for item in found.graded] == [True, False]
    assert (found.from_sample, found.stood_in) == (1, 0)


def test_the_reference_model_s_own_answer_comes_last_and_has_no_grade_then() -> None:
    sample = [asked(number) for number in range(6)]
    large = [
        reply("The sum is 5"),
        reply("No idea"),
        reply("5", stop="max_tokens"),
        reply("5", stop="refusal"),
        reply(" "),
        None,
    ]
    found = grade_evaluation(answered(NumberGrader(), sample, [reply("5")] * 6, large))
    assert [(item.id, item.passed, item.reference_passed) for item in found.graded] == [("r0", True, None)]
    assert found.candidates[0].ungraded == {
        "the reference answer holds no number": 1,
        "the reference answer was cut off": 1,
        "the reference model refused": 1,
        "the reference answer is empty": 1,
        "no reference answer yet": 1,
    }
    assert (found.from_sample, found.stood_in) == (0, 1)


def test_a_reference_that_calls_a_tool_is_compared_by_its_input() -> None:
    call = {"type": "tool_use", "name": "f", "input": {"b": 1, "a": [2]}}
    material = answered(
        SchemaGrader(schema={}, compare=True), [asked(0)], [reply('{"a": [2.0], "b": 1}')], [reply("", **call)]
    )
    assert grade_evaluation(material).candidates[0].passed == 1


def test_a_wrong_expected_value_stops_everything_and_a_wrong_schema_too() -> None:
    sample = [asked(0, 1), asked(1, "about one")]
    with pytest.raises(InputError, match=r"request 'r1' of 'triage': 'expected' is no finite number"):
        grade_evaluation(answered(NumberGrader(), sample, [reply("1")] * 2))
    with pytest.raises(InputError, match="no JSON schema"):
        grade_evaluation(answered(SchemaGrader(schema={"type": 5}), [asked(0)], [reply("1")]))


# ---------------------------------------------------------------------------------------------------------------------
# What is said


def test_what_is_said_names_every_count_and_no_text_of_an_answer() -> None:
    sample = [asked(number, "secret-word") for number in range(5)] + [asked(5)]
    small = [reply("secret-word"), reply("other-word"), reply("cut", stop="max_tokens"), None, None, reply("same")]
    material = answered(ExactGrader(), sample, small, [reply("same")] * 6, refused=[(SMALL, 3)])
    grades = grade_evaluation(material)
    labels = [graded(f"r{number}", passed=number == 0, reference=None, cost=0.0) for number in (0, 1, 9)]
    item = reported(grades, labels)
    said = "\n".join([*grade_sentences([item]), *grade_notes(item)])
    assert said.splitlines() == [
        "triage: claude-small passed 2 of 5 (40.0%).",
        "Paid so far, in this and earlier runs: $0.0400 for answers of candidates, $0.0600 for those of reference "
        "models.",
        "triage: claude-small: 1 not graded (not answered yet: 1)",
        "triage: claude-small: 3 failed (text differs: 2, the API refused the request: 1)",
        "triage: claude-small: requests that the API refused for good: 1, counted as failed, because the model cannot "
        "serve them",
        "triage: claude-small: answers cut off by max_tokens and graded as they are: 1, of which 1 failed",
        "triage: requests with neither an expected nor a reference answer: 1, compared with claude-large's own answer, "
        "which therefore has no grade there; passing means the same answer, not a right one",
        "triage: answers with a label: 1 good, 1 wrong; below 20 of either the error rates are hardly known",
        "triage: labels of answers that have no grade here, which count for nothing: 1",
    ]
    shown = str([grade_table([item]), agreement_table([item]), grade_json([item], {"triage": grade_notes(item)})])
    assert not re.search("secret|other-word|cut'|same'", said + shown)
    assert grade_table([item]).rows[0][:7] == ("triage", SMALL, "exact", "2 of 5", "40.0%", "0 of 4", "1")
    assert agreement_table([item]).rows[0][6:] == ("1.00", "40.0%", "40.0%")
    (one,) = grade_json([item], {})
    assert (one["passed"], one["graded"], one["reference_graded"], one["agreement"]["labels"]) == (2, 5, 4, 2)
    assert one["agreement"]["fnr"] == 0.0


def test_a_judge_that_is_a_candidate_or_the_reference_is_said() -> None:
    grader = JudgeGrader(model=SMALL, rubric="Same facts.")
    material = answered(grader, [asked(0)], [reply("same")], [reply("same")], margin=0.03)
    notes = grade_notes(reported(grade_evaluation(material)))
    assert any("claude-small judges its own answers" in note for note in notes)
    assert any("the margin cannot be decided with a judge" in note for note in notes)
    assert any("the reference itself, passed unasked: 1" in note for note in notes)
    other = answered(JudgeGrader(model=LARGE, rubric="x"), [asked(0)], [reply("same")], [reply("same")])
    assert any("judges against its own" in note for note in grade_notes(reported(grade_evaluation(other))))
    assert grader_name(grader) == "judge claude-small"


def test_graded_answers_come_back_from_their_file(tmp_path: Path) -> None:
    sample = [asked(3, "yes"), asked(1, "no")]
    found = grade_evaluation(answered(ExactGrader(), sample, [reply("yes")] * 2, [reply("yes"), None])).graded
    write_graded(tmp_path / "graded.jsonl", found)
    assert read_graded_files([tmp_path / "graded.jsonl"]).answers == found
