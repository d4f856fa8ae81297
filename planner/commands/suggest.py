"""planner suggest: opportunities, suggested scenarios and what they would do; a plan with them on request.

Heavy parts load inside the command, so that help is instant.
"""

from pathlib import Path
from typing import Annotated

import typer

from planner.commands.options import JsonFlag, PlanPath, QuietFlag
from planner.commands.terminal import print_json, progress_bars, show, warn

NewPlan = Annotated[
    Path | None,
    typer.Option("-o", "--output", metavar="NEW.toml", help="Write the plan with the presets as further scenarios."),
]
Force = Annotated[bool, typer.Option("--force", help="Write over a file that is there already.")]
PresetNames = Annotated[
    list[str] | None, typer.Option("--preset", help="cautious, base or aggressive, repeatable; default: all three.")
]


def suggest(
    path: PlanPath,
    output: NewPlan = None,
    preset: PresetNames = None,
    force: Force = False,
    as_json: JsonFlag = False,
    quiet: QuietFlag = False,
) -> None:
    """What could save money, which evidence that lacks, and three scenarios to start from; nothing is applied."""
    from planner.opportunities import report as report  # noqa: PLC0415
    from planner.opportunities.machine import suggestion_json  # noqa: PLC0415
    from planner.opportunities.suggest import check_target, suggestion, written  # noqa: PLC0415
    from planner.plan_file.loader import load_plan  # noqa: PLC0415

    inputs = load_plan(path)
    if output is not None:
        check_target(output, force=force)
    with progress_bars(quiet=quiet or as_json) as progress:
        found = suggestion(inputs, preset, progress)
    notes = [*found.notes, *written(inputs, found, output, force=force)] if output is not None else [*found.notes]
    if as_json:
        print_json(suggestion_json(found) | {"notes": notes, "file": None if output is None else str(output)})
        return
    if not quiet:
        show(report.tables(found))
    print(*report.headline(found), sep="\n")
    if not quiet:
        print("", *report.preset_sentences(found), "", sep="\n")
        print(
            found.text if preset else "`--preset NAME` prints the tables of a preset; `-o NEW.toml` writes all three."
        )
    print("Nothing was applied or written." if output is None else f"Wrote {output}; it decides as {path} does.")
    if not quiet:
        warn(notes)


COMMANDS = (suggest,)
