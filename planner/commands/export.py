"""planner export: the plan as a workbook, as a brief of one page, as FOCUS rows, or as all of them.

Heavy parts load inside the command, so that help is instant.
"""

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from planner.commands.options import JsonFlag, PlanPath, QuietFlag
from planner.commands.terminal import print_json, progress_bars, say, warn
from planner.errors import InputError
from planner.usage.secrets import masked

if TYPE_CHECKING:
    from planner.brief.brief import Brief
    from planner.brief.drafted import Draft
    from planner.dossier import Dossier
    from planner.inputs import PlanInputs
    from planner.prepared import Progress
    from planner.tracking.tracking import Tracking


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What is to be written where. draft: with prose by a model, model naming another than the usual one."""

    output: Path | None
    focus: Path | None
    brief: Path | None
    draft: bool
    model: str | None
    yes: bool
    as_json: bool

    @property
    def in_full(self) -> bool:
        """Whether more than the plan itself is shown."""
        return self.output is not None or self.brief is not None


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
    draft: Annotated[
        bool, typer.Option("--draft", help="With --brief: prose by Claude, every figure checked; shows what is sent.")
    ] = False,
    draft_model: Annotated[
        str | None, typer.Option(metavar="MODEL", help="The model that drafts, instead of the current Sonnet.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Send what --draft needs without asking.")] = False,
    as_json: JsonFlag = False,
    quiet: QuietFlag = False,
) -> None:
    """Write the plan as a workbook that prices what is typed in, as a brief of one page, or as FOCUS rows."""
    from planner.plan_file.loader import load_plan  # noqa: PLC0415

    asked = _Asked(output=output, focus=focus, brief=brief, draft=draft, model=draft_model, yes=yes, as_json=as_json)
    _check(asked)
    with progress_bars(quiet=quiet or as_json) as progress:
        found = _worked_out(path, load_plan(path), progress, quick=quick, in_full=asked.in_full)
    written, files, notes = _write(found, asked)
    if as_json:
        print_json(written | {"warnings": list(found.plan.warnings)})
        return
    say([f"Wrote {', '.join(map(str, files))}."])
    warn([] if quiet else [*notes, *found.plan.warnings])


def _check(asked: _Asked) -> None:
    """Errors: InputError for what cannot be written, before anything is worked out."""
    if asked.output is None and asked.focus is None and asked.brief is None:
        raise InputError(
            "nothing to write: give -o FILE.xlsx for a workbook, --focus DIR for FOCUS rows, --brief FILE.html for one "
            "page, or several of them"
        )
    if asked.output is not None and asked.output.suffix.lower() != ".xlsx":
        raise InputError(f"-o {asked.output}: give a file name that ends in .xlsx")
    if asked.brief is not None:
        from planner.brief.printed import check_brief  # noqa: PLC0415

        check_brief(asked.brief)
    for option, path in (("-o", asked.output), ("--brief", asked.brief)):
        if path is not None:
            _check_place(option, path)
    if asked.focus is not None:
        from planner.focus.write import check_folder  # noqa: PLC0415

        check_folder(asked.focus)
    if asked.model is not None and masked(asked.model) != asked.model:
        raise InputError(
            f"--draft-model {masked(asked.model)} looks like a key: give a model; the key comes from the environment"
        )
    if asked.draft:
        _check_draft(asked)
    elif asked.model is not None:
        raise InputError(f"--draft-model {asked.model} says who drafts, and nothing is drafted without --draft")


def _check_place(option: str, path: Path) -> None:
    """Errors: InputError for a place that nothing can be written to, before minutes and a draft are spent on it."""
    why = "it is a folder" if path.is_dir() else "it is in no folder that is there"
    if path.is_dir() or not path.parent.is_dir():
        raise InputError(f"cannot write {path}: {why}; give {option} a file in a folder that you may write to")


def _check_draft(asked: _Asked) -> None:
    from planner.brief.drafting import ACCESS  # noqa: PLC0415
    from planner.sdk import key_of  # noqa: PLC0415

    if asked.brief is None:
        raise InputError("--draft adds prose to a brief: give --brief FILE.html too")
    if not asked.yes and (asked.as_json or not sys.stdin.isatty()):
        raise InputError(
            "nobody is there to be asked whether the figures may be sent: give --yes, or leave --draft out"
        )
    key_of(ACCESS, os.environ)


# --- writing ---------------------------------------------------------------------------------------------------------


def _write(found: "Dossier", asked: _Asked) -> tuple[dict[str, Any], list[Path], tuple[str, ...]]:
    """What was written, for scripts and for people. A draft that is refused leaves everything unwritten."""
    written: dict[str, Any] = {}
    files: list[Path] = []
    notes: tuple[str, ...] = ()
    page = None if asked.brief is None else _page(found, asked, written)
    if asked.output is not None:
        from planner.workbook.book import write_workbook  # noqa: PLC0415

        write_workbook(found, asked.output)
        written |= {"file": str(asked.output), "bytes": asked.output.stat().st_size}
        files.append(asked.output)
    if asked.brief is not None and page is not None:
        from planner.brief.printed import write_brief  # noqa: PLC0415

        write_brief(page, asked.brief)
        written |= {"brief": str(asked.brief)}
        files.append(asked.brief)
    if asked.focus is not None:
        from planner.clock import today  # noqa: PLC0415
        from planner.focus.write import focus_json, write_focus  # noqa: PLC0415

        made = write_focus(found.plan, asked.focus, today())
        written |= {"focus": focus_json(made)}
        files, notes = [*files, *made.files], made.notes
    return written, files, notes


def _page(found: "Dossier", asked: _Asked, written: dict[str, Any]) -> str:
    from planner.brief.page import brief_page  # noqa: PLC0415
    from planner.brief.worked_out import brief_of  # noqa: PLC0415

    brief = brief_of(found)
    return brief_page(brief, _drafted(found, brief, asked, written) if asked.draft else None)


def _drafted(found: "Dossier", brief: "Brief", asked: _Asked, written: dict[str, Any]) -> "Draft":
    """Show what will be sent and what it may cost, ask, and send it. Errors: InputError for a draft that is refused."""
    from planner.brief.draft_facts import facts_sent  # noqa: PLC0415
    from planner.brief.drafting import at_most_usd, default_model, draft_request, drafted, sent_lines  # noqa: PLC0415
    from planner.evidence_in_plan.estimates import asking_prices  # noqa: PLC0415
    from planner.evidence_reports.run import money  # noqa: PLC0415

    book = asking_prices(found.plan.prepared)
    facts = facts_sent(found, brief)
    request = draft_request(facts, asked.model or default_model(book))
    most = at_most_usd(request, book)
    if not asked.as_json:
        say(["This is all that is sent:", "", *sent_lines(request), "", f"It costs at most {money(most)}."])
    if not asked.yes:
        typer.confirm("Send it?", abort=True)
    draft = drafted(request, facts, book)
    written |= {
        "draft": {"model": draft.model, "cost_usd": draft.cost_usd, "sent": list(sent_lines(request))},
    }
    if not asked.as_json:
        say([f"{draft.model} drafted {len(draft.paragraphs)} paragraphs for {money(draft.cost_usd)}; figures checked."])
    return draft


# --- working out -----------------------------------------------------------------------------------------------------


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
