"""planner export: the plan as a workbook, as a brief of one page, as FOCUS rows, or as all of them.

Heavy parts load inside the command, so that help is instant.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from planner.commands.options import JsonFlag, PlanPath, QuietFlag
from planner.commands.terminal import print_json, progress_bars, say, warn
from planner.errors import InputError

if TYPE_CHECKING:
    from planner.dossier import Dossier
    from planner.inputs import PlanInputs
    from planner.prepared import Progress
    from planner.tracking.tracking import Tracking


def export(
    path: PlanPath,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="The workbook to write, .xlsx.")] = None,
    focus: Annotated[
        Path | None, typer.Option(metavar="DIR", help="A folder for FOCUS rows; it is made if there is none.")
    ] = None,
    brief: Annotated[
        Path | None,
        typer.Option("--brief", metavar="FILE", help="The decision on one page: .html, or .pdf by Chromium."),
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Without clause values, quotes and positions, which can take minutes.")
    ] = False,
    as_json: JsonFlag = False,
    quiet: QuietFlag = False,
) -> None:
    """Write the plan as a workbook that prices what is typed in, as a brief of one page, or as FOCUS rows."""
    from planner.clock import today  # noqa: PLC0415
    from planner.focus.write import check_folder, focus_json, write_focus  # noqa: PLC0415
    from planner.plan_file.loader import load_plan  # noqa: PLC0415
    from planner.workbook.book import write_workbook  # noqa: PLC0415

    _check_targets(output, focus, brief)
    if focus is not None:
        check_folder(focus)  # before anything is worked out
    with progress_bars(quiet=quiet or as_json) as progress:
        in_full = output is not None or brief is not None
        found = _worked_out(path, load_plan(path), progress, quick=quick, in_full=in_full)
    written: dict[str, object] = {}
    files: list[Path] = []
    notes: tuple[str, ...] = ()
    if output is not None:
        write_workbook(found, output)
        written |= {"file": str(output), "bytes": output.stat().st_size}
        files.append(output)
    if brief is not None:
        _write_brief(found, brief)
        written |= {"brief": str(brief)}
        files.append(brief)
    if focus is not None:
        made = write_focus(found.plan, focus, today())
        written |= {"focus": focus_json(made)}
        files, notes = [*files, *made.files], made.notes
    if as_json:
        print_json(written | {"warnings": list(found.plan.warnings)})
        return
    say([f"Wrote {', '.join(map(str, files))}."])
    warn([] if quiet else [*notes, *found.plan.warnings])


def _check_targets(output: Path | None, focus: Path | None, brief: Path | None) -> None:
    if output is None and focus is None and brief is None:
        raise InputError(
            "nothing to write: give -o FILE.xlsx for a workbook, --focus DIR for FOCUS rows, --brief FILE.html for one "
            "page, or several of them"
        )
    if output is not None and output.suffix.lower() != ".xlsx":
        raise InputError(f"-o {output}: give a file name that ends in .xlsx")
    if brief is not None:
        from planner.brief.printed import check_brief  # noqa: PLC0415

        check_brief(brief)


def _write_brief(found: "Dossier", path: Path) -> None:
    from planner.brief.page import brief_page  # noqa: PLC0415
    from planner.brief.printed import write_brief  # noqa: PLC0415
    from planner.brief.worked_out import brief_of  # noqa: PLC0415

    write_brief(brief_page(brief_of(found)), path)


def _worked_out(
    path: Path, inputs: "PlanInputs", progress: "Progress | None", *, quick: bool, in_full: bool
) -> "Dossier":
    """The plan, and beside it what the workbook and the brief show."""
    from planner.dossier import Dossier, dossier  # noqa: PLC0415
    from planner.plan import build_plan  # noqa: PLC0415
    from planner.simulation import KeptPaths  # noqa: PLC0415

    kept = KeptPaths()  # demand is drawn once, for the plan and for what asks for other figures of it
    plan = build_plan(inputs, progress, kept)
    if not in_full:
        return Dossier(plan=plan)
    return dossier(plan, kept, tracking=_tracked(path, inputs, progress), quick=quick, progress=progress)


def _tracked(path: Path, inputs: "PlanInputs", progress: "Progress | None") -> "Tracking | None":
    """What the log of months beside a signed plan says today; None where there is none."""
    if inputs.signed is None:
        return None
    from planner.clock import today  # noqa: PLC0415
    from planner.tracking.months.month_log import default_log, read_log  # noqa: PLC0415
    from planner.tracking.track import track  # noqa: PLC0415

    log = default_log(path)
    if not log.is_file():
        return None
    return track(inputs, None, log=read_log(log), on=today(), progress=progress)
