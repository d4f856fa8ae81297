"""Commands about the run rate: fit demand to the log, judge the forecast on held-out months, say what drives it.

Heavy parts load inside the commands that need them, so that help is instant.
"""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from planner.commands.options import JsonFlag, PlanPath, QuietFlag
from planner.commands.terminal import print_json, progress_bars, show, warn
from planner.whole_file import write_whole

if TYPE_CHECKING:
    from planner.inputs import UsageInputs

DryRun = Annotated[bool, typer.Option("--dry-run", help="Show the fit and leave the plan file as it is.")]
FittedPlan = Annotated[
    Path | None, typer.Option("-o", "--output", help="Write the plan with its fit here instead of over PLAN.toml.")
]


def calibrate(
    path: PlanPath,
    dry_run: DryRun = False,
    output: FittedPlan = None,
    as_json: JsonFlag = False,
    quiet: QuietFlag = False,
) -> None:
    """Fit demand to the plan's log and write it into the plan, with each interval and source; your values win."""
    from planner import calibration_report as report  # noqa: PLC0415
    from planner.commands.price_notes import plan_price_notes  # noqa: PLC0415
    from planner.listings import price_moves_table  # noqa: PLC0415
    from planner.plan_file.loader import load_plan  # noqa: PLC0415
    from planner.plan_file.text import with_calibration  # noqa: PLC0415
    from planner.prepared import prepare_calibration  # noqa: PLC0415
    from planner.price_history import price_move_parameters  # noqa: PLC0415
    from planner.read_inputs import concentration_of  # noqa: PLC0415

    inputs = load_plan(path)
    notes = plan_price_notes(inputs)
    with progress_bars(quiet=quiet or as_json) as progress:
        calibration = prepare_calibration(inputs, progress)
        if progress is not None:
            progress("reading customers", 0.0)
        usage = inputs.usage
        found = () if usage is None else concentration_of(usage)
    target = None if dry_run else output or path
    if target is not None:
        write_whole(
            target, with_calibration(inputs.text, calibration), remedy="give another file with -o, or --dry-run"
        )
    moves, warnings = price_move_parameters(), [*calibration.warnings, *notes, *_unsaid(usage)]
    if as_json:
        said = {"price_moves": [asdict(fit) for fit in moves], "file": None if target is None else str(target)}
        print_json(report.calibration_json(calibration, found) | said | {"warnings": warnings})
        return
    if not quiet:
        show([*report.calibration_tables(calibration, found), price_moves_table(moves)])
    print(*report.calibration_headline(calibration), *report.concentration_sentences(calibration, found), sep="\n")
    print("Nothing was written." if target is None else f"Wrote [demand] of {target}.")
    if not quiet:
        warn(warnings)


def _unsaid(usage: "UsageInputs | None") -> list[str]:
    from planner.usage.addresses import reads_tables  # noqa: PLC0415

    if usage is None or not reads_tables(usage.source.engine):
        return []
    return ["How much of the use the largest customers and keys have is not worked out for a database."]


def backtest(path: PlanPath, as_json: JsonFlag = False, quiet: QuietFlag = False) -> None:
    """Hide the last periods of the log, forecast and size from the rest, and compare with what came."""
    from planner import backtest_report as report  # noqa: PLC0415
    from planner.backtest.folds import backtest as run  # noqa: PLC0415
    from planner.commands.price_notes import plan_price_notes  # noqa: PLC0415
    from planner.plan_file.loader import load_plan  # noqa: PLC0415

    inputs = load_plan(path)
    notes = plan_price_notes(inputs)
    with progress_bars(quiet=quiet or as_json) as progress:
        found = run(inputs, progress)
    warnings = (*found.warnings, *notes)
    if as_json:
        print_json(report.backtest_json(found) | {"warnings": list(warnings)})
        return
    if not quiet:
        show(report.tables(found))
    print(*report.headline(found), sep="\n")
    if not quiet:
        warn(warnings)


def drivers(path: PlanPath, as_json: JsonFlag = False, quiet: QuietFlag = False) -> None:
    """What drives annual spend, shortfall and the best commitment, from the paths of the plan."""
    from planner import drivers_report as report  # noqa: PLC0415
    from planner.commands.price_notes import plan_price_notes  # noqa: PLC0415
    from planner.plan import build_plan  # noqa: PLC0415
    from planner.plan_drivers import plan_drivers  # noqa: PLC0415
    from planner.plan_file.loader import load_plan  # noqa: PLC0415

    inputs = load_plan(path)
    notes = plan_price_notes(inputs)
    with progress_bars(quiet=quiet or as_json) as progress:
        plan = build_plan(inputs, progress)
    found = plan_drivers(plan)
    warnings = (*found.warnings, *notes)
    if as_json:
        print_json(report.drivers_json(found) | {"warnings": list(warnings)})
        return
    if not quiet:
        show([report.drivers_table(found), report.shortfall_drivers_table(found)])
    print(*report.drivers_sentences(found), sep="\n")
    if not quiet:
        warn(warnings)


COMMANDS = (calibrate, backtest, drivers)
