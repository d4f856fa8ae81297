"""A result that takes a while: asked for once, worked out under a progress bar, and kept for the session."""

from collections.abc import Callable
from typing import TypeVar

import streamlit as st

from planner.errors import PlannerError
from planner.ui import session, show
from planner.ui.escape import plain
from planner.ui.session import Loaded, Report

Made = TypeVar("Made")


def asked(
    current: Loaded, kind: str, *, button: str, says: str, make: Callable[[Report], Made], at_once: bool = False
) -> Made | None:
    """The result of a kind for the plan on the screen; None until it is there.

    says: what it answers and how long it takes, beside the button; at_once: it takes so little that nobody is asked.
    What cannot be worked out is said in the place of the result.
    """
    if session.has_result(kind, current):
        found: Made = session.result_of(kind, current, lambda: make(lambda step, done: None))
        return found
    asking, working = st.empty(), st.empty()
    if not at_once:
        with asking.container():
            show.sentence(says)
            if not st.button(button, key=f"run_{kind}", icon=":material/play_arrow:"):
                return None
    with working:
        bar = st.progress(0.0, text="Starting")

        def report(step: str, done: float) -> None:
            bar.progress(min(done, 1.0), text=f"{step.capitalize()}: {done:.0%}")

        try:
            found = session.result_of(kind, current, lambda: make(report))
        except PlannerError as error:
            st.error(plain(str(error), 2000))
            return None
    asking.empty()
    working.empty()
    return found
