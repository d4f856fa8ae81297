"""What grading came to, in sentences, and what has to be said beside it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from planner.evaluation.candidate_grades import CandidateGrades
from planner.evaluation.evaluation import Asked, JudgeGrader
from planner.evaluation.grade import Grades
from planner.evaluation.labels import FEWEST_LABELS, Agreement
from planner.evidence_reports.grade import Reported
from planner.evidence_reports.run import money
from planner.words import count, percent

_MUCH_BIAS: Final = 0.20
"""Share of comparisons that the order decides above which a judge's pass rate says little of the answers."""


def grade_sentences(found: Sequence[Reported]) -> tuple[str, ...]:
    """A sentence per candidate, and what all of it cost."""
    said = [_passed(item.grades, one) for item in found for one in item.grades.candidates]
    candidates = sum(one.cost_usd for item in found for one in item.grades.candidates)
    judges = sum(item.grades.judge_cost_usd for item in found)
    references = sum(item.grades.reference_cost_usd for item in found)
    parts = [f"{money(candidates)} for answers of candidates"]
    parts += [f"{money(references)} for those of reference models"] if references else []
    parts += [f"{money(judges)} for judges"] if judges else []
    return (*said, f"Paid so far, in this and earlier runs: {', '.join(parts)}.")


def _passed(grades: Grades, one: CandidateGrades) -> str:
    where = f"{grades.evaluation.request_type}: {one.candidate}"
    if not one.graded:
        return f"{where} has no graded answer ({_counts(one.ungraded)})."
    share = percent(one.passed / len(one.graded))
    return f"{where} passed {count(one.passed)} of {count(len(one.graded))} ({share})."


def grade_notes(item: Reported) -> tuple[str, ...]:
    """What must be known beside the grades of a type."""
    grades = item.grades
    said = [note for one in grades.candidates for note in _candidate_notes(one)]
    said += [*_comparison_notes(grades), *_judge_notes(grades), *_label_notes(item.agreement)]
    return tuple(f"{grades.evaluation.request_type}: {note}" for note in said)


def _candidate_notes(one: CandidateGrades) -> Iterator[str]:
    if one.ungraded and one.graded:
        yield f"{one.candidate}: {count(sum(one.ungraded.values()))} not graded ({_counts(one.ungraded)})"
    failed = len(one.graded) - one.passed
    if failed:
        yield f"{one.candidate}: {count(failed)} failed ({_counts(one.failed_because)})"
    if one.refused_by_api:
        yield (
            f"{one.candidate}: requests that the API refused for good: {count(one.refused_by_api)}, counted as failed, "
            "because the model cannot serve them"
        )
    if one.cut_off:
        yield (
            f"{one.candidate}: answers cut off by max_tokens and graded as they are: {count(one.cut_off)}, of which "
            f"{count(one.cut_off_failed)} failed"
        )
    if one.judged is not None:
        yield from _judged_notes(one)


def _judged_notes(one: CandidateGrades) -> Iterator[str]:
    judged = one.judged
    if judged is None:
        return
    decided = judged.favoured_first + judged.favoured_second
    if judged.position_bias is not None and decided:
        much = judged.position_bias > _MUCH_BIAS
        yield (
            f"{one.candidate}: comparisons that the order decided: {count(decided)} of {count(judged.compared)} "
            f"({percent(judged.position_bias)}; for the first place {count(judged.favoured_first)}, for the second "
            f"{count(judged.favoured_second)}), counted as failed"
            + ("; so much position bias says more of the judge than of the answers: take another" if much else "")
        )
    apart = judged.compared - judged.agreed - decided
    if apart:
        yield f"{one.candidate}: comparisons that came out as 'same' in one order only: {count(apart)}"
    if judged.identical:
        yield f"{one.candidate}: answers that are the reference itself, passed unasked: {count(judged.identical)}"


def _comparison_notes(grades: Grades) -> Iterator[str]:
    if grades.from_sample:
        yield (
            "requests without an expected answer, compared with the sample's reference answer: "
            f"{count(grades.from_sample)}"
        )
    if grades.stood_in and not isinstance(grades.evaluation.grader, JudgeGrader):
        yield (
            f"requests with neither an expected nor a reference answer: {count(grades.stood_in)}, compared with "
            f"{grades.reference}'s own answer, which therefore has no grade there; passing means the same answer, not "
            "a right one"
        )


def _judge_notes(grades: Grades) -> Iterator[str]:
    judge = grades.evaluation.grader
    if not isinstance(judge, JudgeGrader):
        return
    yield (
        "the judge compares with the reference answer, so that the reference has no grade of its own"
        + ("" if grades.evaluation.margin is None else "; the margin cannot be decided with a judge")
    )
    if grades.hidden:
        yield f"requests whose pictures or documents the judge was not shown: {count(grades.hidden)}"
    for model in grades.judges_itself:
        how = "against its own answers" if model == grades.reference else "its own answers"
        yield f"{model} judges {how}, and models prefer their own; name another judge"


def _label_notes(found: Agreement | None) -> Iterator[str]:
    if found is None:
        return
    if found.too_few:
        yield (
            f"answers with a label: {count(found.fnr.answers)} good, {count(found.fpr.answers)} wrong; below "
            f"{FEWEST_LABELS} of either the error rates are hardly known"
        )
    if found.unmatched:
        yield f"labels of answers that have no grade here, which count for nothing: {count(found.unmatched)}"


def _counts(reasons: Mapping[str, int]) -> str:
    """Reasons with their counts, the most frequent first."""
    ordered = sorted(reasons.items(), key=lambda pair: (-pair[1], pair[0]))
    return ", ".join(f"{reason}: {count(number)}" for reason, number in ordered)


def judge_run_notes(not_begun: Sequence[str], asked: Asked | None) -> tuple[str, ...]:
    """What a run of grading left undone: types without an answer, and questions to a judge."""
    said = [f"{name}: no answer is kept; run `planner evidence run`" for name in not_begun]
    if asked is None:
        return tuple(said)
    failed, refused = sum(asked.failed.values()), sum(asked.refused.values())
    if asked.left:
        said.append(f"questions to a judge that the budget left unasked: {count(asked.left)}; grade again to go on")
    if asked.waiting:
        said.append(f"questions to a judge in batches that have not ended: {count(asked.waiting)}; grade again later")
    if failed:
        said.append(f"questions to a judge that brought no reply: {count(failed)} ({_counts(asked.failed)})")
    if refused:
        said.append(f"questions to a judge that the API refused: {count(refused)} ({_counts(asked.refused)})")
    if asked.doubtful_usd:
        said.append(f"at worst {money(asked.doubtful_usd)} more were spent on attempts without a reply")
    return tuple(said)
