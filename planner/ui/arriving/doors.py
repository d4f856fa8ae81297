"""Doors by which a page takes a log: it becomes the log of the plan on the screen, or waits to be mapped."""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path

from planner.errors import PlannerError
from planner.plan import Plan, build_plan
from planner.simulation import KeptPaths
from planner.ui.arriving import uploaded
from planner.ui.arriving.new_log import choice_of
from planner.ui.arriving.unmapped import Unmapped, in_their_names, unmapped_of
from planner.ui.arriving.uploads import Choice, Upload, stored_path
from planner.ui.state import kept, opening, session
from planner.ui.state.rebuilt import SpendOnly
from planner.ui.state.session import Loaded, Origin, Report
from planner.ui.state.session_files import stamps
from planner.usage.folders import find_files


def open_log(choice: Choice, origin: Origin, report: Report, *, what: str = "the log") -> None:
    """Put another plan on the screen, such as one that measures another log. what: of the plan changed, in a few words.

    Errors: PlannerError; the plan on the screen stays.
    """
    inputs = choice.inputs
    key = sha256(repr((inputs.sha256, stamps(inputs), origin)).encode()).hexdigest()

    def make() -> tuple[Plan, KeptPaths]:
        paths = SpendOnly()
        return build_plan(inputs, report, paths), paths

    plan, paths = kept.once("logs", key, make)
    found = Loaded(plan=plan, key=key, origin=origin, kept=paths, notes=choice.notes, is_file=choice.is_file)
    session.show_plan(found, what=what)


def open_logs(logs: Mapping[str, Path], origin: Origin, folder: Path, report: Report) -> None:
    """open_log of logs as they are; where their format is not known, they wait to be mapped. Errors: PlannerError."""
    before = session.loaded().plan.inputs
    choice = choice_of(before, logs, {}, folder=folder, is_example=is_example())
    try:
        open_log(choice, origin, report)
    except PlannerError as refused:
        waiting = unmapped_of(logs, folder)
        if waiting is None:
            raise in_their_names(refused, logs) from None
        session.wait_for_mapping(waiting, str(refused))


def open_uploads(uploads: Sequence[Upload], report: Report) -> None:
    """Put a plan on the screen that uploads of a page make, as those of the sidebar do. Errors: PlannerError."""
    if any(upload.is_plan for upload in uploads):
        open_log(uploaded.choice(uploads), "upload", report)
    else:
        folder = opening.folder()
        open_logs({upload.name: stored_path(upload, folder) for upload in uploads}, "upload", folder, report)


def map_again() -> None:
    """Let the log of the plan on the screen wait to be mapped, as it is read now."""
    usage = session.loaded().plan.inputs.usage
    if usage is not None:
        paths = find_files(usage.source.sources, usage.source.base_dir)[0]
        logs = {path.name: path for path in paths}
        session.wait_for_mapping(Unmapped(logs=logs, folder=usage.source.base_dir, is_loaded=True))


def leave_unmapped() -> None:
    """Give up mapping: the plan on the screen stays."""
    session.show_plan(session.loaded(), what=session.loaded().what)


def is_replaced() -> bool:
    """Whether a page brought another log or plan than the app was opened with."""
    if not session.has_plan():
        return False
    current = session.loaded()
    return (current.edited_from or current).key != opening.opening().key


def is_example() -> bool:
    """Whether the log of the plan on the screen is the bundled example's."""
    return session.loaded().origin == "example"
