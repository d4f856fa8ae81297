"""planner evidence decide: what graded answers decide, whoever graded them, and what that means for a plan.

Heavy parts load inside the command, so that help is instant.
"""

from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from planner.clock import today
from planner.commands.arguments import day
from planner.commands.options import JsonFlag, QuietFlag
from planner.commands.terminal import print_json, progress_bars, say, show, warn
from planner.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from planner.evaluation.store import Store
    from planner.evidence.quality import Evidence
    from planner.evidence_in_plan.deciding import TypedBar
    from planner.evidence_reports.decide import Decided
    from planner.inputs import PlanInputs

GradedPaths = Annotated[
    list[Path],
    typer.Argument(metavar="GRADED.jsonl...", help="Graded answers: JSON lines, plain, gzip or zstd, in their order."),
]
BarOption = Annotated[float | None, typer.Option(help="Pass rate that a candidate has to hold; default 0.9.")]
MarginOption = Annotated[
    float | None, typer.Option(help="And no more than so much below the current model on the same requests, as 0.03.")
]
AnswersOption = Annotated[int | None, typer.Option(help="Answers planned per candidate; default 200.")]
LooksOption = Annotated[int | None, typer.Option(help="Looks at them on the way there, the last included; default 4.")]
PlanOption = Annotated[
    Path | None,
    typer.Option("--plan", metavar="PLAN.toml", help="Bars, break-even, staleness and savings as this plan has them."),
]
WriteOption = Annotated[
    Path | None, typer.Option("--write", metavar="EVIDENCE.toml", help="Write what is decided as an evidence file.")
]
DayOption = Annotated[
    str | None, typer.Option("--graded-on", metavar="DAY", help="Day of the grading; default: the files' own day.")
]
StoreOption = Annotated[
    Path | None,
    typer.Option(
        "--store",
        metavar="FILE",
        help="With --plan: the store of the answers; default: the plan's own, if any.",
    ),
]
ScenarioOption = Annotated[
    str | None, typer.Option(help="With --plan, --write and -o: the scenario whose routes are to rest on the evidence.")
]
NewPlanOption = Annotated[
    Path | None, typer.Option("-o", "--output", metavar="NEW.toml", help="Write the plan with these routes.")
]
ForceFlag = Annotated[bool, typer.Option("--force", help="Write over a plan that is there already.")]


def decide(
    paths: GradedPaths,
    bar: BarOption = None,
    margin: MarginOption = None,
    answers: AnswersOption = None,
    looks: LooksOption = None,
    plan: PlanOption = None,
    store: StoreOption = None,
    write: WriteOption = None,
    graded_on: DayOption = None,
    scenario: ScenarioOption = None,
    output: NewPlanOption = None,
    force: ForceFlag = False,
    as_json: JsonFlag = False,
    quiet: QuietFlag = False,
) -> None:
    """Decide by graded answers which candidates hold the bar of a type, and recommend the cheapest of them."""
    from planner.evidence_in_plan.deciding import TypedBar  # noqa: PLC0415
    from planner.evidence_reports.decide import decide_json, decide_notes, decide_table  # noqa: PLC0415
    from planner.evidence_reports.decide_sentences import decide_sentences  # noqa: PLC0415

    target = _target(plan, write, scenario, output, force=force)
    typed = TypedBar(bar=bar, margin=margin, answers=answers, looks=looks)
    asked = _Asked(paths=paths, plan=plan, store=store, typed=typed, graded_on=day("--graded-on", graded_on))
    done = _deciding(asked, quiet=quiet or as_json)
    said = [] if write is None else _write(done, write, target)
    if as_json:
        print_json(decide_json(done.found))
    else:
        show([] if quiet else [decide_table(done.found)])
        say([*decide_sentences(done.found.decisions, done.found.recommendations), *done.sentences, *said])
    warn([] if quiet else [*_repeated(done.repeated), *(said if as_json else decide_notes(done.found))])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What is to be decided on: files, the plan and the store of its answers, what is typed beside."""

    paths: list[Path]
    plan: Path | None
    store: Path | None
    typed: "TypedBar"
    graded_on: "date | None"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Done:
    """Decisions, the evidence that they are, what the plan says of them, and lines that repeated an answer."""

    found: "Decided"
    evidence: "tuple[Evidence, ...]"
    sentences: list[str]
    repeated: int
    inputs: "PlanInputs | None"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Target:
    """The plan to write: from which, for which scenario."""

    plan: Path
    scenario: str
    output: Path


def _target(
    plan: Path | None, write: Path | None, scenario: str | None, output: Path | None, *, force: bool
) -> _Target | None:
    """Where a plan with routes by the evidence goes. Errors: InputError where an option lacks another."""
    from planner.opportunities.suggest import check_target  # noqa: PLC0415

    if scenario is None and output is None:
        return None
    if plan is None or write is None or scenario is None or output is None:
        raise InputError(
            "a plan whose routes rest on the evidence needs --plan PLAN.toml, --write EVIDENCE.toml, --scenario NAME "
            "and -o NEW.toml together"
        )
    check_target(output, source=plan, force=force)
    return _Target(plan=plan, scenario=scenario, output=output)


def _deciding(asked: _Asked, *, quiet: bool) -> _Done:
    from planner.evidence.decide import decide  # noqa: PLC0415
    from planner.evidence.graded import read_graded_files  # noqa: PLC0415
    from planner.evidence_in_plan.deciding import bars_for, evidence_from  # noqa: PLC0415
    from planner.evidence_in_plan.facts import pairs_in_plan  # noqa: PLC0415
    from planner.evidence_reports.decide import decided  # noqa: PLC0415
    from planner.evidence_reports.pair_facts import pair_facts, plan_sentences  # noqa: PLC0415
    from planner.plan_file.loader import load_plan  # noqa: PLC0415
    from planner.prepared import prepare  # noqa: PLC0415

    inputs, prepared = (None if asked.plan is None else load_plan(asked.plan)), None
    read = read_graded_files(asked.paths)
    if inputs is not None:
        with progress_bars(quiet=quiet) as progress:
            prepared = prepare(inputs, progress)
    default, bars = bars_for(inputs, asked.typed)
    decisions = decide(read.answers, bars, default=default)
    with _store(asked.plan, asked.store) as answers:
        evidence = evidence_from(
            decisions,
            read.answers,
            bars=bars,
            default=default,
            graded_on=asked.graded_on or min(map(_day_of, asked.paths)),
            source=", ".join(path.name for path in asked.paths),
            prepared=prepared,
            store=answers,
        )
    pairs = () if prepared is None else pairs_in_plan(prepared, evidence)
    return _Done(
        found=decided(decisions, bars, default=default, facts=pair_facts(pairs)),
        evidence=evidence,
        sentences=plan_sentences(pairs),
        repeated=read.repeated,
        inputs=inputs,
    )


@contextmanager
def _store(plan: Path | None, store: Path | None) -> "Iterator[Store | None]":
    """The store of the answers, None where there is none. Errors: InputError for one that is named and is not there."""
    from planner.evaluation.store import open_store  # noqa: PLC0415
    from planner.evaluation.store_file import default_store  # noqa: PLC0415

    if store is not None and (plan is None or not store.is_file()):
        raise InputError(f"--store {store}: {'it needs --plan PLAN.toml' if plan is None else 'it is not there'}")
    path = store or (None if plan is None else default_store(plan))
    if path is None or not path.is_file():
        yield None
        return
    with open_store(path) as opened:
        yield opened


def _day_of(path: Path) -> "date":
    """The day on which a file was last written, which is that of its grading at the latest."""
    return min(datetime.fromtimestamp(path.stat().st_mtime, UTC).date(), today())


def _write(done: _Done, write: Path, target: _Target | None) -> list[str]:
    """Write the evidence file, and the plan that rests on it; what was written, in sentences."""
    from planner.evidence_in_plan.routes import moved_plan, route_text  # noqa: PLC0415
    from planner.plan_file.evidence_file import write_evidence  # noqa: PLC0415
    from planner.whole_file import write_whole  # noqa: PLC0415

    moving = [
        item for item, one in zip(done.evidence, done.found.decisions, strict=True) if done.found.is_recommended(one)
    ]
    if target is not None and not moving:
        raise InputError("no candidate is recommended, so no route can rest on this evidence; leave out -o")
    kept = write_evidence(write, done.evidence)
    said = [f"Wrote {write}" + (f"; {kept:,} entries on other pairs stay in it." if kept else ".")]
    if target is None or done.inputs is None:
        return [*said, *(f"To paste into a scenario:\n{route_text(item, write.name)}" for item in moving)]
    try:
        text = moved_plan(
            done.inputs.text,
            target.scenario,
            moving,
            write,
            base_dir=done.inputs.base_dir,
            folder=target.output.parent,
        )
    except InputError as error:
        raise InputError(f"{error} ({write} is written; {target.output} is not)") from None
    write_whole(target.output, text, remedy="give another file with -o", like=target.plan)
    return [*said, f"Wrote {target.output}: its scenario '{target.scenario}' rests on {write.name}."]


def _repeated(lines: int) -> list[str]:
    if lines == 0:
        return []
    what = "1 line repeats an answer" if lines == 1 else f"{lines:,} lines repeat an answer"
    return [f"{what} that is there already; each answer counts once"]
