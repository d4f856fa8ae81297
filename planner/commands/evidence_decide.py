"""planner evidence decide: what graded answers decide, whoever graded them.

Heavy parts load inside the command, so that help is instant.
"""

from pathlib import Path
from typing import Annotated

import typer

from planner.commands.options import JsonFlag, QuietFlag
from planner.commands.terminal import print_json, say, show, warn

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


def decide(
    paths: GradedPaths,
    bar: BarOption = None,
    margin: MarginOption = None,
    answers: AnswersOption = None,
    looks: LooksOption = None,
    as_json: JsonFlag = False,
    quiet: QuietFlag = False,
) -> None:
    """Decide by graded answers which candidates hold the bar of a type, and recommend the cheapest of them."""
    from planner.evidence.decide import DEFAULT, decide  # noqa: PLC0415
    from planner.evidence.decision import Bar  # noqa: PLC0415
    from planner.evidence.graded import read_graded_files  # noqa: PLC0415
    from planner.evidence_reports.decide import decide_json, decide_notes, decide_table, decided  # noqa: PLC0415
    from planner.evidence_reports.decide_sentences import decide_sentences  # noqa: PLC0415

    held = Bar(
        bar=DEFAULT.bar if bar is None else bar,
        margin=margin,
        answers=DEFAULT.answers if answers is None else answers,
        looks=DEFAULT.looks if looks is None else looks,
    )
    read = read_graded_files(paths)
    found = decided(decide(read.answers, default=held), default=held)
    if as_json:
        print_json(decide_json(found))
    else:
        show([] if quiet else [decide_table(found)])
        say(decide_sentences(found.decisions, found.recommendations))
    warn([] if quiet else [*_repeated(read.repeated), *([] if as_json else decide_notes(found))])


def _repeated(lines: int) -> list[str]:
    if lines == 0:
        return []
    what = "1 line repeats an answer" if lines == 1 else f"{lines:,} lines repeat an answer"
    return [f"{what} that is there already; each answer counts once"]
