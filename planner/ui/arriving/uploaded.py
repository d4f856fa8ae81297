"""What the sidebar's uploads make of the plan on the screen, and the plan that the app was started with.

Both are worked out in the background. A plan is assigned whole, after everything that can fail: a wrong upload leaves
the current plan in place.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from hashlib import sha256
from typing import Any, Final

import streamlit as st

from planner.errors import PlannerError
from planner.plan import build_plan
from planner.ui.arriving.unmapped import Waiting, in_their_names, waiting_of
from planner.ui.arriving.uploads import Choice, Upload, choose, kept_paths, uploads_key
from planner.ui.showing import changing
from planner.ui.showing.changing import Change
from planner.ui.state import kept, session
from planner.ui.state.opening import folder, forget_opening, opening
from planner.ui.state.rebuilt import SpendOnly
from planner.ui.state.session import Loaded, Origin, Report
from planner.ui.state.shared import shared
from planner.ui.state.uploader import SEEN

_START: Final = "the plan at the start"
_NO_PLAN: Final = "opening_refused"
_UPLOADS: Final = "uploads"


def refresh(files: Sequence[Any]) -> None:
    """Begin to bring the plan on the screen in line with the files of an uploader. Errors: PlannerError of the plan
    that the app was started with, where there is no other."""
    changing.settle()
    seen = tuple(file.file_id for file in files)
    if seen != st.session_state.get(SEEN):
        st.session_state.pop(_NO_PLAN, None)
        st.session_state[SEEN] = seen
        if files:
            changing.begin(_upload([Upload(name=file.name, data=file.getvalue()) for file in files]))
        else:
            _begin_at_start()
    if not session.has_plan() and not changing.is_changing() and _NO_PLAN not in st.session_state:
        _begin_at_start()  # an upload was refused before there was any plan
    if not session.has_plan() and (refused := st.session_state.get(_NO_PLAN)):
        raise refused


def _begin_at_start() -> None:
    try:
        changing.begin(_start())
    except PlannerError as error:
        if not session.has_plan():
            raise
        session.refuse(str(error))


def forget() -> None:
    """Back to the plan that the app was started with, read again from its file; until it is there the plan stays."""
    forget_opening()
    st.session_state.pop(SEEN, None)


def opening_door() -> Callable[[Report], Loaded]:
    """What works out the plan that the app was started with, in any thread; once for all sessions. Errors: PlannerError
    here where its file cannot be read, and there."""
    opened, place = opening(), shared()
    origin: Origin = "example" if opened.is_example else "file"

    def work(report: Report) -> Loaded:
        paths = SpendOnly()
        plan = build_plan(opened.inputs, report, paths)
        return Loaded(plan=plan, key=opened.key, origin=origin, kept=paths, what=_START, is_file=True)

    def make(report: Report) -> Loaded:
        found: Loaded = place.once(opened.key, lambda: work(report), report)
        return found

    return make


def choice_maker(uploads: Sequence[Upload]) -> Callable[[], Choice]:
    """What works out what uploads ask for, beside the plan that the app was started with; in any thread. Errors there:
    InputError."""
    opened, place = opening(), folder()
    return lambda: choose(uploads, opening=opened.inputs, is_example=opened.is_example, folder=place)


def _start() -> Change:
    """The plan that the app was started with. Errors: PlannerError where its file cannot be read."""
    return Change(
        make=opening_door(),
        key=opening().key,
        what=_START,
        put=lambda found: session.show_plan(_without_edits(found), what=_START),
        refused=session.refuse if session.has_plan() else _no_plan,
        of_plan=False,
    )


def _no_plan(why: str) -> None:
    st.session_state[_NO_PLAN] = PlannerError(why)


def _upload(uploads: Sequence[Upload]) -> Change:
    """The plan that uploads make; logs of an unknown format wait to be mapped."""
    opened = opening()
    key = sha256((uploads_key(uploads) + opened.key).encode()).hexdigest()
    place, chosen = folder(), choice_maker(uploads)
    known: Loaded | None = kept.kept_one(_UPLOADS, key) if kept.is_kept(_UPLOADS, key) else None

    def make(report: Report) -> Loaded | Waiting:
        if known is not None:
            return known
        report("reading the files", 0.0)
        try:
            choice, paths = chosen(), SpendOnly()
            plan = build_plan(choice.inputs, report, paths)
        except PlannerError as refused:
            if (logs := waiting_of(uploads, place)) is None:
                raise in_their_names(refused, kept_paths(uploads, place)) from None
            return Waiting(why=str(refused), logs=logs)
        return Loaded(plan=plan, key=key, origin="upload", kept=paths, notes=choice.notes, is_file=choice.is_file)

    return Change(
        make=make, key=key, what="uploads", put=_put, refused=session.refuse, again=_begin_again, of_plan=False
    )


def _begin_again() -> None:
    st.session_state.pop(SEEN, None)


def _put(found: Loaded | Waiting) -> None:
    if isinstance(found, Waiting):
        session.refuse(found.why, found.logs)
    else:
        kept.keep(_UPLOADS, found.key, found)
        session.show_plan(_without_edits(found), what="uploads")


def _without_edits(found: Loaded) -> Loaded:
    """Another plan, which says so where edits of the last one's contract are gone with it."""
    if not session.has_plan() or session.loaded().edited_from is None:
        return found
    note = "your edits are gone: they belonged to the plan before, which Undo brings back"
    return replace(found, notes=(*found.notes, note))
