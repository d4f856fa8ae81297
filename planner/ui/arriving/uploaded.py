"""What the sidebar's uploads make of the plan on the screen.

It is assigned whole, after everything that can fail: a wrong upload leaves the current plan in place.
"""

from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256

import streamlit as st

from planner.errors import PlannerError
from planner.inputs import PlanInputs
from planner.plan import Plan, build_plan
from planner.simulation import KeptPaths
from planner.ui.arriving.unmapped import waiting_of
from planner.ui.arriving.uploads import Choice, Upload, choose, uploads_key
from planner.ui.state import session
from planner.ui.state.opening import Opening, folder, forget_opening, opening
from planner.ui.state.rebuilt import SpendOnly
from planner.ui.state.session import Loaded, Origin, Report
from planner.ui.state.uploader import SEEN


def refresh(uploads: Sequence[Upload], report: Report) -> None:
    """Bring the plan on the screen in line with the uploads. Errors: PlannerError of the opening plan only."""
    seen = uploads_key(uploads)
    if seen == st.session_state.get(SEEN) and session.has_plan():
        return
    opened = opening()
    try:
        found = _worked_out(choice(uploads), seen, opened, report) if uploads else _at_opening(opened, report)
    except PlannerError as refused:
        if not uploads:
            raise
        if not session.has_plan():
            session.show_plan(_at_opening(opened, report), what="the plan at the start")
        session.refuse(str(refused), waiting_of(uploads, folder()))
    else:
        session.show_plan(_without_edits(found), what="uploads" if uploads else "the plan at the start")
    st.session_state[SEEN] = seen


def choice(uploads: Sequence[Upload]) -> Choice:
    """What uploads ask for, beside the plan that the app was started with. Errors: InputError."""
    opened = opening()
    return choose(uploads, opening=opened.inputs, is_example=opened.is_example, folder=folder())


def forget() -> None:
    """Back to the plan that the app was started with, read again from its file."""
    forget_opening()
    session.forget()
    st.session_state.pop(SEEN, None)


def show_opening(report: Report) -> None:
    """Put the plan on the screen that the app was started with; uploads stay where they are."""
    session.show_plan(_at_opening(opening(), report), what="the plan at the start")


def worked_out(inputs: PlanInputs, key: str, report: Report) -> Plan:
    """A plan of this session, worked out once per key."""
    return _own(key, inputs, report)[0]


def _without_edits(found: Loaded) -> Loaded:
    """Another plan, which says so where edits of the last one's contract are gone with it."""
    if not session.has_plan() or session.loaded().edited_from is None:
        return found
    note = "your edits are gone: they belonged to the plan before"
    return replace(found, notes=(*found.notes, note))


def _at_opening(opening: Opening, report: Report) -> Loaded:
    plan, kept = _shared(opening.key, opening.inputs, report)
    origin: Origin = "example" if opening.is_example else "file"
    return Loaded(plan=plan, key=opening.key, origin=origin, kept=kept, is_file=True)


def _worked_out(chosen: Choice, seen: str, opening: Opening, report: Report) -> Loaded:
    key = sha256((seen + opening.key).encode()).hexdigest()
    plan, kept = _own(key, chosen.inputs, report)
    return Loaded(plan=plan, key=key, origin="upload", kept=kept, notes=chosen.notes, is_file=chosen.is_file)


@st.cache_resource(max_entries=2, show_spinner=False)
def _shared(key: str, _inputs: PlanInputs, _report: Report) -> tuple[Plan, KeptPaths]:
    kept = SpendOnly()
    return build_plan(_inputs, _report, kept), kept


@st.cache_resource(scope="session", max_entries=4, show_spinner=False)
def _own(key: str, _inputs: PlanInputs, _report: Report) -> tuple[Plan, KeptPaths]:
    kept = SpendOnly()
    return build_plan(_inputs, _report, kept), kept
