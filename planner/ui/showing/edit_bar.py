"""The bar on every page of a plan that was changed here: whether it is saved, how to keep it, and the ways back."""

from typing import Final

import streamlit as st

from planner.ui.showing import changing, downloads
from planner.ui.showing.changing import Change
from planner.ui.showing.escape import plain
from planner.ui.state import session

_REFUSED: Final = "step_refused"


def edit_bar() -> None:
    """Nothing for a plan that is as its file has it, and that nothing was done to."""
    back, onward, saved = session.undoable(), session.redoable(), session.is_saved()
    if refused := st.session_state.pop(_REFUSED, ""):
        st.error(f"**The plan on the screen is as it was.** {plain(refused, 2000)}")
    if saved and back is None and onward is None:
        return
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.markdown(_state(saved=saved), width="stretch")
        if not saved:
            downloads.plan_buttons(session.loaded().plan, place="edited", kinds=("plan",))
        _step_button("Undo", -1, back, icon=":material/undo:", shortcut="Ctrl+Z")
        _step_button("Redo", 1, onward, icon=":material/redo:", shortcut="Ctrl+Shift+Z")
        if session.loaded().edited_from is not None:
            st.button(
                "Undo these edits",
                key="undo_edits",
                on_click=session.undo_edit,
                help="All edits at once: back to the plan as it was opened. This too can be undone.",
                icon=":material/settings_backup_restore:",
            )


def _state(*, saved: bool) -> str:
    """What the bar says: never by its colour or icon alone."""
    current = session.loaded()
    what = plain(current.what, 80)
    last = f" Changed last: {what}." if session.undoable() is not None else ""
    if saved and current.edited_from is None:
        return f":material/check: The plan is as its file has it.{last}"
    if saved:
        return f":material/check: Saved: you have this plan as a file.{last}"
    if current.edited_from is not None:
        return f":material/edit: **Edited, not saved.** The plan differs from its file; changed last: {what}."
    return f":material/edit: **Not saved.** This plan is in no file yet.{last}"


def unsaved_mark() -> None:
    """That the plan is not saved, in a word, for the sidebar."""
    if not session.is_saved():
        st.badge("Unsaved changes", icon=":material/edit:", color="orange")


def _step_button(label: str, offset: int, what: str | None, *, icon: str, shortcut: str) -> None:
    st.button(
        label,
        key=label.lower(),
        on_click=_wanted,
        args=(offset,),
        disabled=what is None,
        help=plain(f"{label}: {what}" if what else f"Nothing to {label.lower()}", 120),
        icon=icon,
        shortcut=shortcut,
    )


def _wanted(offset: int) -> None:
    """Before the page runs: at once where the plan is at hand; else it is worked out in the background."""
    work, what = session.step_work(offset), session.undoable() if offset < 0 else session.redoable()
    if work is None or what is None:
        return
    called = f"undo of {what}" if offset < 0 else f"{what} once more"
    changing.begin(
        Change(
            make=work,
            key=f"{called} {session.edit_round()}",
            what=called,
            put=lambda found: session.go(offset, found),
            refused=_refused,
        )
    )


def _refused(why: str) -> None:
    st.session_state[_REFUSED] = why
