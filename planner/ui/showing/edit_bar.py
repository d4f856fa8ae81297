"""The bar on every page of a plan that was changed here: whether it is saved, how to keep it, and the ways back."""

from functools import partial
from typing import Final

import streamlit as st

from planner.ui.showing import changing, downloads
from planner.ui.showing.changing import Change
from planner.ui.showing.escape import plain
from planner.ui.state import drafts, session

_REFUSED: Final = "step_refused"


def edit_bar() -> None:
    """Nothing for a plan that is as its file has it, and that nothing was done to."""
    back, onward, saved = session.undoable(), session.redoable(), session.is_saved()
    if refused := st.session_state.pop(_REFUSED, ""):
        st.error(f"**The plan on the screen is as it was.** {plain(refused, 2000)}")
    if saved and back is None and onward is None:
        return
    with st.container(border=True, horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(_state(saved=saved), width="stretch")
        with st.container(horizontal=True, vertical_alignment="center", gap="small", width="content"):
            _step_button("Undo", -1, back, icon=":material/undo:", shortcut="Ctrl+Z")
            if onward is not None:
                _step_button("Redo", 1, onward, icon=":material/redo:", shortcut="Ctrl+Shift+Z")
            if session.loaded().edited_from is not None:
                st.button(
                    "Undo these edits",
                    key="undo_edits",
                    on_click=session.undo_edit,
                    type="tertiary",
                    help="All edits at once: back to the plan as it was opened. This too can be undone.",
                    icon=":material/settings_backup_restore:",
                )
            # Also when it is saved: a button that goes while its file is on the way takes the file with it.
            downloads.plan_buttons(session.loaded().plan, place="edited", kinds=("plan",))
    if not saved and not drafts.is_kept():
        st.caption("This browser keeps no draft of it: what is not saved is gone when the page is loaded again.")


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
        return f":material/edit: **Edited, not saved.** Changed last: {what}."
    return f":material/edit: **Not saved.** This plan is in no file yet.{last}"


def unsaved_mark() -> None:
    """That the plan is not saved, in a word, for the sidebar."""
    if not session.is_saved():
        st.badge("Unsaved changes", icon=":material/edit:", color="orange")


def _step_button(label: str, offset: int, what: str | None, *, icon: str, shortcut: str) -> None:
    st.button(
        label,
        key=label.lower(),
        on_click=_step,
        args=(offset,),
        type="tertiary",
        disabled=what is None,
        help=f"{label}: {plain(what, 80)}" if what else f"Nothing to {label.lower()}",
        icon=icon,
        shortcut=shortcut,
    )


def _step(offset: int) -> None:
    """Undo or redo, before the page runs; in the background where the plan has to be worked out again."""
    work, what = session.step_work(offset), session.undoable() if offset < 0 else session.redoable()
    if work is None or what is None:
        return
    called = f"undo of {what}" if offset < 0 else f"{what} once more"
    put, key = partial(session.go, offset), f"{called} {session.edit_round()}"
    changing.begin(Change(make=work, key=key, what=called, put=put, refused=_refused))


def _refused(why: str) -> None:
    st.session_state[_REFUSED] = why
