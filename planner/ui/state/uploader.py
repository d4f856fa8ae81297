"""The sidebar's uploader: which one it is, and what of it was last looked at."""

from typing import Final

import streamlit as st

SEEN: Final = "uploads_seen"
_TURN: Final = "uploader"


def key() -> str:
    """The key of its widget. An uploader cannot be emptied; another key is another, empty one."""
    return f"uploads_{st.session_state.get(_TURN, 0)}"


def empty() -> None:
    """Without files, as if nothing had ever been uploaded: the plan on the screen stays."""
    another()
    st.session_state[SEEN] = ()


def another() -> None:
    """Another one, whose files are yet to be looked at."""
    st.session_state[_TURN] = st.session_state.get(_TURN, 0) + 1
