"""Doors by which a page takes a log: it becomes the log of the plan on the screen, or waits to be mapped.

What a door gives is worked out in the background: it has all that it needs of the session when it is made.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Final

from planner.errors import PlannerError
from planner.plan import build_plan
from planner.ui.arriving import uploaded
from planner.ui.arriving.new_log import choice_of
from planner.ui.arriving.unmapped import Unmapped, Waiting, in_their_names, unmapped_of
from planner.ui.arriving.uploads import Choice, Upload, kept_paths, stored_path
from planner.ui.state import kept, opening, session
from planner.ui.state.rebuilt import SpendOnly
from planner.ui.state.session import Loaded, Origin, Report
from planner.ui.state.session_files import stamps
from planner.usage.folders import find_files

Door = Callable[[Report], Loaded | Waiting]
"""Works out the plan with another log, in any thread. Errors: PlannerError."""

_LOGS: Final = "logs"


def log_door(
    choose: Callable[[Report], Choice], origin: Origin, *, what: str = "the log", logs: Mapping[str, Path] | None = None
) -> Door:
    """Another plan, such as one that measures another log. choose: finds it, in any thread too. what: of the plan on
    the screen it changes, in a few words. logs: by the names that messages give them, where they are."""
    known = kept.all_kept(_LOGS)

    def make(report: Report) -> Loaded:
        choice = choose(report)
        inputs = choice.inputs
        key = sha256(repr((inputs.sha256, stamps(inputs), origin)).encode()).hexdigest()
        if key in known:
            before: Loaded = known[key]
            return replace(before, what=what)
        paths = SpendOnly()
        plan = build_plan(inputs, report, paths)
        return Loaded(
            plan=plan, key=key, origin=origin, kept=paths, notes=choice.notes, what=what, is_file=choice.is_file
        )

    def named(report: Report) -> Loaded:
        try:
            return make(report)
        except PlannerError as refused:
            if logs is None:
                raise
            raise in_their_names(refused, logs) from None

    return named


def logs_door(find: Callable[[], Mapping[str, Path]], origin: Origin, folder: Path) -> Door:
    """log_door of logs as they are; where their format is not known, they wait to be mapped.

    find: gives them as the plan will name them, or refuses. folder: what names in messages are below.
    """
    before, of_example = session.loaded().plan.inputs, is_example()
    known: dict[str, Path] = {}

    def choose(report: Report) -> Choice:
        report("reading the files", 0.0)
        known.update(find())
        return choice_of(before, known, {}, folder=folder, is_example=of_example)

    work = log_door(choose, origin)

    def make(report: Report) -> Loaded | Waiting:
        try:
            return work(report)
        except PlannerError as refused:
            waiting = unmapped_of(known, folder) if known else None
            if waiting is None:
                raise in_their_names(refused, known) from None
            return Waiting(why=str(refused), logs=waiting)

    return make


def uploads_door(uploads: Sequence[Upload]) -> Door:
    """The plan that uploads of a page make, as those of the sidebar do."""
    if any(upload.is_plan for upload in uploads):
        chosen, logs = uploaded.choice_maker(uploads), kept_paths(uploads, opening.folder())
        return log_door(lambda report: chosen(), "upload", logs=logs)
    folder = opening.folder()
    return logs_door(lambda: {upload.name: stored_path(upload, folder) for upload in uploads}, "upload", folder)


def come_in(found: Loaded | Waiting) -> None:
    """Put what a door gave on the screen, or let it wait to be mapped."""
    if isinstance(found, Waiting):
        session.wait_for_mapping(found.logs, found.why)
    else:
        kept.keep(_LOGS, found.key, found)
        session.show_plan(found, what=found.what)


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
