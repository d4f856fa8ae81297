"""planner evidence grade: the answers that are kept, graded, into a file of graded answers.

Heavy parts load inside the command, so that help is instant.
"""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from planner.commands.evidence_run import (
    BatchFlag,
    BudgetOption,
    CandidateOption,
    SeedOption,
    StoreOption,
    TypeOption,
    YesFlag,
)
from planner.commands.options import JsonFlag, PlanPath, QuietFlag
from planner.commands.terminal import print_json, progress_bars, say, show, warn
from planner.errors import InputError

if TYPE_CHECKING:
    from planner.evaluation.evaluation import Answer, Asked, AskingLimits
    from planner.evidence_reports.grade import Reported
    from planner.plan_grading import ToGrade
    from planner.prices import PriceBook

OutputOption = Annotated[
    Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write the graded answers there, as JSON lines.")
]
LabelsOption = Annotated[
    list[Path] | None,
    typer.Option("--labels", metavar="FILE", help="People's verdicts, in the form of graded answers; may repeat."),
]


def grade(
    path: PlanPath,
    store: StoreOption = None,
    output: OutputOption = None,
    labels: LabelsOption = None,
    types: TypeOption = None,
    candidates: CandidateOption = None,
    budget: BudgetOption = None,
    yes: YesFlag = False,
    batch: BatchFlag = False,
    seed: SeedOption = None,
    as_json: JsonFlag = False,
    quiet: QuietFlag = False,
) -> None:
    """Grade the answers that were run; no key is needed unless a judge has to be asked."""
    from planner.evaluation.evaluation import AskingLimits  # noqa: PLC0415
    from planner.evaluation.store import open_store  # noqa: PLC0415
    from planner.evaluation.store_file import default_store  # noqa: PLC0415
    from planner.evidence.graded import read_graded_files, write_graded  # noqa: PLC0415
    from planner.evidence_reports.grade import reported  # noqa: PLC0415
    from planner.evidence_reports.grade_sentences import judge_run_notes  # noqa: PLC0415
    from planner.list_cost import at_provider  # noqa: PLC0415
    from planner.plan_file.loader import load_plan  # noqa: PLC0415
    from planner.plan_grading import grade_all, of_evaluations, to_grade  # noqa: PLC0415
    from planner.prepared import prepare  # noqa: PLC0415

    inputs = of_evaluations(load_plan(path), types, candidates)
    people = read_graded_files(labels).answers if labels else ()
    kept_in, book = store or default_store(path), at_provider(inputs.prices.price_book(), "anthropic").at_list()
    if not kept_in.is_file():
        raise InputError(f"there are no answers at {kept_in}; run `planner evidence run {path}`, or name --store")
    with progress_bars(quiet=quiet or as_json) as progress, open_store(kept_in) as kept:
        draw = inputs.seed if seed is None else seed
        material = to_grade(inputs, kept, book, seed=draw, prepare=lambda: prepare(inputs, progress))
    limits = AskingLimits(budget_usd=budget or 0.0, in_batches=batch)
    replies, asked = _replies(material, kept_in, book, limits, yes=yes, quiet=quiet or as_json)
    found = [reported(grades, people) for grades in grade_all(material, replies)]
    if output is not None:
        write_graded(output, [answer for item in found for answer in item.grades.graded])
    _tell(found, output, as_json=as_json, quiet=quiet)
    warn([] if quiet else judge_run_notes(material.not_begun, asked))


def _tell(found: "Sequence[Reported]", output: Path | None, *, as_json: bool, quiet: bool) -> None:
    """What grading came to, on the terminal or as JSON."""
    from planner.evidence_reports import grade as report  # noqa: PLC0415
    from planner.evidence_reports.grade_sentences import grade_notes, grade_sentences  # noqa: PLC0415

    notes = {item.grades.evaluation.request_type: grade_notes(item) for item in found}
    if as_json:
        print_json(report.grade_json(found, notes))
        return
    show([] if quiet else [report.grade_table(found), report.agreement_table(found)])
    graded = sum(len(item.grades.graded) for item in found)
    say([*grade_sentences(found), *([] if output is None else [f"{graded:,} graded answers are in {output}."])])
    warn([] if quiet else [note for said in notes.values() for note in said])


def _replies(
    material: "ToGrade", store: Path, book: "PriceBook", limits: "AskingLimits", *, yes: bool, quiet: bool
) -> "tuple[Mapping[str, Answer], Asked | None]":
    """What the judges reply to what they are still to be asked. Errors: InputError where that is not allowed."""
    from planner.evaluation.asking import open_asking  # noqa: PLC0415

    if not material.judge:
        return {}, None
    _allow(material, book, limits, yes=yes)
    with (
        progress_bars(quiet=quiet) as progress,
        open_asking(store, book, limits, progress=progress) as asking,
    ):
        return asking(material.judge), asking.asked()


def _allow(material: "ToGrade", book: "PriceBook", limits: "AskingLimits", *, yes: bool) -> None:
    """What asking costs at worst is shown and confirmed. Errors: InputError without a budget, or with nobody to ask."""
    from planner.clock import today  # noqa: PLC0415
    from planner.evidence_reports.run import money  # noqa: PLC0415
    from planner.words import counted  # noqa: PLC0415

    worst = material.worst_judge_usd(book, on=today(), in_batches=limits.in_batches)
    judges = " and ".join(sorted({request.model for request in material.judge}))
    what = f"{judges} has to be asked {counted(len(material.judge), 'time')}, {money(worst)} at worst"
    if limits.budget_usd <= 0:
        raise InputError(f"{what}; name a hard stop with --budget USD")
    if yes:
        return
    if not sys.stdin.isatty():
        raise InputError(f"{what}; say --yes to ask without a question")
    if not typer.confirm(f"{what}, and no more than {money(limits.budget_usd)}. Ask?", err=True):
        raise InputError("nothing was asked and nothing graded; grade again when you want to")
