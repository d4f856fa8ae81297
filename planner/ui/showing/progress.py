"""How far a job in the background is, on the screen, with a way to cancel it."""

from collections.abc import Callable
from typing import Final

import streamlit as st

from planner.ui.showing.escape import plain
from planner.ui.state import jobs

POLL_SECONDS: Final = 0.5


def progress_bar(slot: str, cancel: Callable[[], None] | None) -> None:
    """The job of a slot, looked at again and again by itself; once it is done, or gone, the page runs again.

    The button is no part of what runs by itself: a click is heard while the rest of a page is still being drawn.
    """
    with st.container(key=f"working_{slot}", border=True, horizontal=True, vertical_alignment="center"):
        st.fragment(_bar, run_every=POLL_SECONDS)(slot)
        if cancel is not None:
            st.button("Cancel", key=f"cancel_{slot}", on_click=cancel, icon=":material/close:")


def _bar(slot: str) -> None:
    job = jobs.job_in(slot)
    if job is None or job.is_done:
        st.rerun()
    step, done = job.progress
    says = f"Working out {job.what}: {step}, {done:.0%}" if job.what else f"{upper(step)}, {done:.0%}"
    st.progress(done, text=plain(says))


def fault_words(what: str, fault: str) -> str:
    """That the program failed, and where it says how."""
    return (
        f"The program failed while it worked out {what}. That is its fault, not yours; what went wrong is in the "
        f"server's log, under {fault}."
    )


def upper(text: str) -> str:
    """The text as a sentence begins."""
    return text[:1].upper() + text[1:]
