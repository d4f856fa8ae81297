"""planner units: one commitment for several business units against one each, and a fair split.

Heavy parts load inside the command, so that help is instant.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from planner.commands.options import JsonFlag, QuietFlag
from planner.commands.terminal import print_json, progress_bars, show, warn
from planner.errors import InputError

if TYPE_CHECKING:
    from planner.inputs import PlanInputs

PlanPaths = Annotated[
    list[Path],
    typer.Argument(metavar="PLAN.toml...", help="One plan that names its business units, or one plan file per unit."),
]


def units(paths: PlanPaths, as_json: JsonFlag = False, quiet: QuietFlag = False) -> None:
    """One commitment for several business units against one each: what pooling saves, and a fair split of it."""
    from planner.business_units.pooling import pool  # noqa: PLC0415
    from planner.negotiation_reports import units as report  # noqa: PLC0415
    from planner.negotiation_reports.units_sentences import units_sentences  # noqa: PLC0415
    from planner.plan import build_plan  # noqa: PLC0415
    from planner.plan_file.loader import load_plan  # noqa: PLC0415
    from planner.simulation import KeptPaths  # noqa: PLC0415

    named = _named([(path, load_plan(path)) for path in paths])
    kept = KeptPaths()  # demand is drawn once, for the plan and for every unit
    with progress_bars(quiet=quiet or as_json) as progress:
        plan = build_plan(named[0][1], progress, kept)
        found = pool(named, plan, kept=kept, progress=progress)
    if as_json:
        print_json(report.units_json(plan, found))
    else:
        show([] if quiet else report.units_tables(plan, found))
        print(*units_sentences(plan, found), sep="\n")
    warn([] if quiet else found.notes)


def _named(loaded: "list[tuple[Path, PlanInputs]]") -> "list[tuple[str, PlanInputs]]":
    """Each plan by its name, and by its file where another has the same name. Errors: InputError for a file twice."""
    files, names = [path.resolve() for path, _ in loaded], [inputs.name for _, inputs in loaded]
    if twice := next((path for path, _ in loaded if files.count(path.resolve()) > 1), None):
        raise InputError(f"{twice} is given twice; give one plan file per unit")
    return [(inputs.name if names.count(inputs.name) == 1 else str(path), inputs) for path, inputs in loaded]


COMMANDS = (units,)
