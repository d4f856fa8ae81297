"""planner track: months after signing beside the plan, what is to be expected now, what changed, and what to do.

Heavy parts load inside the command, so that help is instant.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from planner.commands.options import JsonFlag, PlanPath, QuietFlag
from planner.commands.terminal import print_json, progress_bars, say, show, warn
from planner.errors import InputError, PlannerError

if TYPE_CHECKING:
    from planner.tracking.tracking import Tracking

ALERTED: Final = 3
"""Exit code of a check in which an alert fires."""

Actuals = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[ACTUALS]...",
        help="Logs since signing: files, folders or globs, read as the plan reads its own; none where the log of "
        "months has them already.",
    ),
]
BilledFiles = Annotated[
    list[str] | None,
    typer.Option("--billed", metavar="FILE", help="What was billed: cost files, folders or globs; repeatable."),
]
OutcomeFiles = Annotated[
    list[Path] | None,
    typer.Option(
        "--outcomes", metavar="FILE", help="Logged escalations or graded answers, as evidence check; repeatable."
    ),
]
CheckFlag = Annotated[
    bool,
    typer.Option("--check", help="Exit code 3 when an alert fires; the report is posted to PLANNER_WEBHOOK_URL then."),
]
LogFile = Annotated[
    Path | None,
    typer.Option("--log", metavar="FILE", help="Where tracked months are kept; default: beside the plan."),
]
NoLogFlag = Annotated[bool, typer.Option("--no-log", help="Neither read nor keep a log of months.")]


def track(
    path: PlanPath,
    actuals: Actuals = None,
    billed: BilledFiles = None,
    outcomes: OutcomeFiles = None,
    check: CheckFlag = False,
    log: LogFile = None,
    no_log: NoLogFlag = False,
    as_json: JsonFlag = False,
    quiet: QuietFlag = False,
) -> None:
    """After signing: months beside the plan, the forecast of today, what changed, what to do; alerts for machines."""
    if no_log and log is not None:
        raise InputError(f"--no-log and --log {log} contradict each other; give one of them")
    if billed and not actuals:
        raise InputError("--billed needs the usage that was billed: give the logs of the same months as ACTUALS")
    kept_in = None if no_log else log or _default_log(path)
    tracking = _tracked(path, actuals or (), billed or (), outcomes or (), kept_in, quiet=quiet or as_json)
    alerted = check and bool(tracking.alerts)
    added, wrong = _keep(tracking, kept_in)  # before the report, whose reader may go away in the middle of it
    try:
        _tell(tracking, kept_in, added, as_json=as_json, quiet=quiet)
        sys.stdout.flush()
    finally:
        if alerted:
            _send(tracking)
    if wrong is not None:  # after the report and the alerts, which a log that cannot be written must not lose
        raise wrong
    if alerted:
        sys.exit(ALERTED)


def _tracked(
    path: Path,
    actuals: Sequence[str],
    billed: Sequence[str],
    outcomes: Sequence[Path],
    log: Path | None,
    *,
    quiet: bool,
) -> "Tracking":
    from planner.clock import today  # noqa: PLC0415
    from planner.plan_file.loader import load_plan  # noqa: PLC0415
    from planner.tracking.months.actuals import usage_of_actuals  # noqa: PLC0415
    from planner.tracking.months.month_log import MonthLog, read_log  # noqa: PLC0415
    from planner.tracking.track import track as tracked  # noqa: PLC0415

    inputs = load_plan(path)
    given = usage_of_actuals(inputs, actuals, base_dir=Path.cwd(), billed=billed) if actuals else None
    known = MonthLog() if log is None else read_log(log)
    with progress_bars(quiet=quiet) as progress:
        return tracked(inputs, given, log=known, outcomes=outcomes, on=today(), progress=progress)


def _keep(tracking: "Tracking", log: Path | None) -> tuple[Sequence[str], PlannerError | None]:
    """The months that were added to the log, and why none could be."""
    from planner.tracking.months.month_log import append  # noqa: PLC0415
    from planner.tracking.track import log_entry  # noqa: PLC0415

    if log is None or not tracking.new_months:
        return (), None
    try:
        return append(log, log_entry(tracking)), None
    except PlannerError as error:
        return (), error


def _tell(tracking: "Tracking", log: Path | None, added: Sequence[str], *, as_json: bool, quiet: bool) -> None:
    """The conclusion first; then all the rest, unless little is to be said."""
    from planner.tracking_reports.conclusion import headline  # noqa: PLC0415
    from planner.tracking_reports.told import track_notes, track_paragraphs, track_tables  # noqa: PLC0415
    from planner.tracking_reports.track_json import track_json  # noqa: PLC0415

    if as_json:
        print_json(track_json(tracking) | {"log": None if log is None else str(log)})
        return
    if quiet:
        say(headline(tracking))
        return
    for paragraph in track_paragraphs(tracking):
        say([*paragraph, ""])
    show(track_tables(tracking))
    say([f"Added to {log}: {', '.join(added)}."] if added else [])
    warn(track_notes(tracking))


def _send(tracking: "Tracking") -> None:
    """Post the report, after it was shown; a failure is said and loses nothing."""
    from planner.tracking.acting.webhook import send_alerts  # noqa: PLC0415
    from planner.tracking_reports.track_json import track_json  # noqa: PLC0415

    if wrong := send_alerts(track_json(tracking)):
        warn([wrong])


def _default_log(path: Path) -> Path:
    from planner.tracking.months.month_log import default_log  # noqa: PLC0415

    return default_log(path)
