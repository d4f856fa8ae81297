"""The offer of what an earlier session left unsaved: to take it back, or to drop it."""

from collections.abc import Callable
from functools import partial
from typing import Final

import streamlit as st

from planner.errors import PlannerError
from planner.ui.arriving.draft_door import draft_door
from planner.ui.showing import changing
from planner.ui.showing.changing import Change
from planner.ui.showing.escape import plain
from planner.ui.state import drafts, session
from planner.ui.state.drafts import Draft

_REFUSED: Final = "draft_refused"


def draft_bar() -> None:
    """One bar for each draft; nothing where there is none."""
    for number, draft in enumerate(drafts.offered()):
        with st.container(border=True, key=f"draft_{number}"):
            with st.container(horizontal=True, vertical_alignment="center"):
                st.markdown(_says(draft), width="stretch")
                with st.container(horizontal=True, gap="small", width="content"):
                    _button("Take them back", f"take_draft_{number}", _take, draft, icon=":material/restore_page:")
                    _button("Drop them", f"drop_draft_{number}", drafts.drop, draft, icon=":material/delete:")
            refused_id, refused = st.session_state.get(_REFUSED, ("", ""))
            if refused_id == draft.id:
                st.error(f"**The plan on the screen is as it was, and the draft is kept.** {plain(refused, 2000)}")


def _button(label: str, key: str, does: Callable[[Draft], None], draft: Draft, *, icon: str) -> None:
    st.button(label, key=key, on_click=does, args=(draft,), icon=icon)


def _says(draft: Draft) -> str:
    when = f"{draft.kept:%d %b %Y, %H:%M}"
    said = f":material/history: **Unsaved edits of '{plain(draft.name, 80)}'** from {plain(when)}."
    if draft.reads:
        logs = plain(", ".join(draft.reads), 200)
        said += f" They read {logs}, which went with that session: bring it again first."
    return said


def _take(draft: Draft) -> None:
    """Take a draft back; it is offered until it is on the screen."""
    st.session_state.pop(_REFUSED, None)

    def refused(why: str) -> None:
        st.session_state[_REFUSED] = draft.id, why

    try:
        make = draft_door(draft)
    except PlannerError as error:
        refused(str(error))
        return
    what = "a draft, taken back"
    put = partial(session.show_plan, what=what)
    done = partial(drafts.drop, draft)
    changing.begin(Change(make=make, key=f"draft {draft.id}", what=what, put=put, refused=refused, done=done))
