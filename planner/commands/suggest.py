"""planner suggest: opportunities, suggested scenarios and what they would do; a plan with them on request.

Heavy parts load inside the command, so that help is instant.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from planner.commands.options import JsonFlag, PlanPath, QuietFlag
from planner.commands.terminal import print_json, progress_bars, show, warn

if TYPE_CHECKING:
    from planner.opportunities.report import Suggestion

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
    from planner.errors import InputError  # noqa: PLC0415
    from planner.opportunities.machine import suggestion_json  # noqa: PLC0415
    from planner.opportunities.report import tables  # noqa: PLC0415
    from planner.opportunities.suggest import check_target, suggestion, written  # noqa: PLC0415
    from planner.plan_file.loader import load_plan  # noqa: PLC0415

    inputs = load_plan(path)
    if output is not None:
        check_target(output, source=path, force=force)
    with progress_bars(quiet=quiet or as_json) as progress:
        found = suggestion(inputs, preset, progress)
    notes, unwritten = [*found.notes, *found.pasting], None
    if output is not None:
        try:
            notes += written(inputs, found, output, source=path, force=force)
        except InputError as error:  # what was found is shown all the same
            output, unwritten = None, error
    if as_json:
        print_json(suggestion_json(found) | {"notes": notes, "file": None if output is None else str(output)})
    else:
        show([] if quiet else tables(found))
        _say(found, tables_of_presets=bool(preset), quiet=quiet)
        print("Nothing was applied or written." if output is None else f"Wrote {output}; it decides as {path} does.")
        warn([] if quiet else notes)
    if unwritten is not None:
        raise unwritten


def _say(found: "Suggestion", *, tables_of_presets: bool, quiet: bool) -> None:
    """The conclusions, then what the presets assume."""
    from planner.opportunities.sentences import headline, preset_sentences  # noqa: PLC0415
    from planner.plan_file.suggest_text import printable  # noqa: PLC0415

    print(*map(printable, headline(found)), sep="\n")
    if quiet:
        return
    print("", *map(printable, preset_sentences(found)), "", sep="\n")
    asked = "`--preset NAME` prints the tables of a preset; `-o NEW.toml` writes all three."
    print(found.text if tables_of_presets else asked)


COMMANDS = (suggest,)
