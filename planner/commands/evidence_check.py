"""planner evidence check: whether a plan's evidence still holds, by new answers or by what production logged.

Heavy parts load inside the command, so that help is instant.
"""

from pathlib import Path
from typing import Annotated

import typer

from planner.commands.options import JsonFlag, PlanPath, QuietFlag
from planner.commands.terminal import print_json, progress_bars, say, show

NewFiles = Annotated[
    list[Path],
    typer.Argument(
        metavar="FILE...",
        help="Graded answers, or logged outcomes (request_type, candidate, escalated): JSON lines, also packed.",
    ),
]


def check(path: PlanPath, files: NewFiles, as_json: JsonFlag = False, quiet: QuietFlag = False) -> None:
    """Has a pass rate or an escalation moved, what needs a new sample, and what that does to the commitment."""
    from planner.evidence_in_plan.checking import checked_pairs, read_new  # noqa: PLC0415
    from planner.evidence_in_plan.effect import effect_of  # noqa: PLC0415
    from planner.evidence_reports.check import check_json, check_sentences, check_table  # noqa: PLC0415
    from planner.plan_file.loader import load_plan  # noqa: PLC0415
    from planner.prepared import prepare  # noqa: PLC0415

    with progress_bars(quiet=quiet or as_json) as progress:
        prepared = prepare(load_plan(path), progress)
        new = read_new(files, prepared)
        found, effect = checked_pairs(prepared, new), effect_of(prepared, new, progress)
    if as_json:
        print_json(check_json(found, effect))
        return
    show([] if quiet else [check_table(found)])
    say(check_sentences(found, effect))
