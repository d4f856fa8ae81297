"""What grading came to: tables and JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from planner.evaluation.candidate_grades import CandidateGrades
from planner.evaluation.evaluation import (
    ExactGrader,
    Grader,
    JudgeGrader,
    NumberGrader,
    PatternGrader,
    PythonGrader,
    SchemaGrader,
    SetGrader,
)
from planner.evaluation.grade import Grades
from planner.evaluation.judged import Judged
from planner.evaluation.labels import Agreement, ErrorRate, agreement
from planner.evidence.graded import GradedAnswer
from planner.evidence_reports.run import money
from planner.tables import Table
from planner.words import count, percent


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """Grades of an evaluation, and how its grader agrees with people; None without a label of a graded answer."""

    grades: Grades
    agreement: Agreement | None


def reported(grades: Grades, labels: Sequence[GradedAnswer] = ()) -> Reported:
    """Grades with the labels of their type: a grader has the same errors whoever gave the answers."""
    own = [label for label in labels if label.request_type == grades.evaluation.request_type]
    return Reported(grades=grades, agreement=agreement(grades.graded, own))


def grader_name(grader: Grader) -> str:
    """A grader as a plan names its kind; of a judge and a callable also which."""
    match grader:
        case ExactGrader():
            return "exact"
        case NumberGrader():
            return "number"
        case PatternGrader():
            return "pattern"
        case SchemaGrader():
            return "schema"
        case SetGrader():
            return "set"
        case PythonGrader():
            return f"python {grader.name}"
        case JudgeGrader():
            return f"judge {grader.model}"
        case _:
            return "text"


def grade_table(found: Sequence[Reported]) -> Table:
    """A line per type and candidate."""
    is_judged = any(one.judged is not None for item in found for one in item.grades.candidates)
    return Table(
        title="Graded answers",
        columns=(
            *("type", "candidate", "grader", "passed", "pass rate", "reference passed", "not graded", "answers cost"),
            *(("judge cost",) if is_judged else ()),
        ),
        rows=tuple(_row(item.grades, one, is_judged) for item in found for one in item.grades.candidates),
        numeric=frozenset(range(3, 8 + is_judged)),
        note="Costs are those of the answers as they were paid, whenever that was.",
    )


def _row(grades: Grades, one: CandidateGrades, is_judged: bool) -> tuple[str, ...]:
    passed, of = reference_passes(one)
    return (
        grades.evaluation.request_type,
        one.candidate,
        grader_name(grades.evaluation.grader),
        f"{count(one.passed)} of {count(len(one.graded))}",
        percent(one.passed / len(one.graded) if one.graded else None),
        f"{count(passed)} of {count(of)}" if of else "not graded",
        count(sum(one.ungraded.values())),
        money(one.cost_usd),
        *((money(one.judge_cost_usd),) if is_judged else ()),
    )


def reference_passes(one: CandidateGrades) -> tuple[int, int]:
    """(passed, graded) answers of the reference model to the requests on which a candidate is graded."""
    known = [answer.reference_passed for answer in one.graded if answer.reference_passed is not None]
    return sum(known), len(known)


def agreement_table(found: Sequence[Reported]) -> Table:
    """A line per type and candidate whose grader people's labels can be held against."""
    rows = [
        (
            item.grades.evaluation.request_type,
            one.candidate,
            grader_name(item.grades.evaluation.grader),
            count(item.agreement.labels),
            _rate(item.agreement.fnr),
            _rate(item.agreement.fpr),
            "n/a" if item.agreement.kappa is None else f"{item.agreement.kappa:.2f}",
            percent(one.passed / len(one.graded)),
            percent(item.agreement.corrected(one.passed / len(one.graded))),
        )
        for item in found
        if item.agreement is not None
        for one in item.grades.candidates
        if one.graded
    ]
    return Table(
        title="Agreement with people's labels",
        columns=(
            *("type", "candidate", "grader", "labels", "good ones failed (FNR)", "wrong ones passed (FPR)", "kappa"),
            *("pass rate", "corrected for both"),
        ),
        rows=tuple(rows),
        numeric=frozenset(range(3, 9)),
        note="FNR and FPR with 90% intervals (Jeffreys), over all candidates of the type. The corrected pass rate "
        "(Rogan and Gladen) is shown only: every decision rests on the pass rate as it was graded.",
    )


def _rate(rate: ErrorRate) -> str:
    if rate.rate is None:
        return "no labels"
    return f"{percent(rate.rate)} ({percent(rate.lower)} to {percent(rate.upper)}) of {count(rate.answers)}"


def grade_json(found: Sequence[Reported], notes: Mapping[str, Sequence[str]]) -> list[dict[str, Any]]:
    """One object per type and candidate. notes: by request type."""
    return [
        _json(item, one, list(notes.get(item.grades.evaluation.request_type, ())))
        for item in found
        for one in item.grades.candidates
    ]


def _json(item: Reported, one: CandidateGrades, notes: list[str]) -> dict[str, Any]:
    passed, of = reference_passes(one)
    rate = one.passed / len(one.graded) if one.graded else None
    return {
        "request_type": item.grades.evaluation.request_type,
        "candidate": one.candidate,
        "grader": grader_name(item.grades.evaluation.grader),
        "graded": len(one.graded),
        "passed": one.passed,
        "pass_rate": rate,
        "reference": item.grades.reference,
        "reference_graded": of,
        "reference_passed": passed,
        "ungraded": dict(one.ungraded),
        "failed_because": dict(one.failed_because),
        "refused_by_api": one.refused_by_api,
        "refusals": one.refusals,
        "cut_off": one.cut_off,
        "cut_off_failed": one.cut_off_failed,
        "cost_usd": one.cost_usd,
        "judge_cost_usd": one.judge_cost_usd,
        "judge": _judged_json(one.judged),
        "agreement": _agreement_json(item.agreement, rate),
        "notes": notes,
    }


def _judged_json(judged: Judged | None) -> dict[str, Any] | None:
    if judged is None:
        return None
    return {
        "compared": judged.compared,
        "agreed": judged.agreed,
        "favoured_first": judged.favoured_first,
        "favoured_second": judged.favoured_second,
        "position_bias": judged.position_bias,
        "unasked": judged.unasked,
        "no_verdict": judged.no_verdict,
        "identical": judged.identical,
    }


def _agreement_json(found: Agreement | None, pass_rate: float | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "labels": found.labels,
        "unmatched": found.unmatched,
        **{f"{name}{end}": value for name in ("fnr", "fpr") for end, value in _ends(getattr(found, name))},
        "kappa": found.kappa,
        "too_few": found.too_few,
        "corrected_pass_rate": None if pass_rate is None else found.corrected(pass_rate),
    }


def _ends(rate: ErrorRate) -> tuple[tuple[str, float | int | None], ...]:
    return ("", rate.rate), ("_lower", rate.lower), ("_upper", rate.upper), ("_labels", rate.answers)
