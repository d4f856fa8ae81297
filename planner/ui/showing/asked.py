"""A result that takes a while: asked for once, worked out under a progress bar, and kept for the session."""

from collections.abc import Callable
from typing import TypeVar

import streamlit as st

from planner.errors import PlannerError
from planner.ui.showing import show
from planner.ui.showing.escape import plain
from planner.ui.state import results
from planner.ui.state.session import Loaded, Report

Made = TypeVar("Made")


def asked(
    current: Loaded, kind: str, *, button: str, says: str, make: Callable[[Report], Made], at_once: bool = False
) -> Made | None:
    """The result of a kind for the plan on the screen; None until it is there.

    says: what it answers and how long it takes, beside the button; at_once: it takes so little that nobody is asked.
    What cannot be worked out is said in the place of the result.
    """
    asking, working = st.empty(), st.empty()
    if not at_once and not results.has_result(kind, current):
        with asking.container():
            show.sentence(f"{says} Stay on the page until it is there: leaving it, or another button, stops the work.")
            if not st.button(button, key=f"run_{kind}", icon=":material/play_arrow:"):
                return None
    with working:
        bar = None if results.has_result(kind, current) else st.progress(0.0, text="Starting")

        def report(step: str, done: float) -> None:
            if bar is not None:
                bar.progress(min(done, 1.0), text=f"{step.capitalize()}: {done:.0%}")

        found: Made | PlannerError = results.result_of(kind, current, lambda: _found_or_refused(make, report))
    asking.empty()
    working.empty()
    if isinstance(found, PlannerError):
        st.info(plain(str(found), 2000))
        return None
    return found


def _found_or_refused(make: Callable[[Report], Made], report: Report) -> Made | PlannerError:
    """Why there is no result is kept as one: it stays on the page, and nobody waits for it twice."""
    try:
        return make(report)
    except PlannerError as error:
        return error
