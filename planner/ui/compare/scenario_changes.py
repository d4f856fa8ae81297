"""A change of the plan's scenarios: worked out and put on the screen, or refused where it was asked for."""

from collections.abc import Callable
from typing import Any

import streamlit as st

from planner.errors import PlannerError
from planner.ui.showing.escape import plain
from planner.ui.state import session


def change_scenarios(text: Callable[[], str], *, what: str, says: Any, picks: str | None = None) -> None:
    """Work the plan out with another text of it. what: is changed, in a few words. picks: the scenario that pages show
    then. Where that fails the plan stays and `says` says why."""
    try:
        changed = text()
        bar = says.progress(0.0, text="Working it out")
        session.apply_edit(
            changed, lambda step, done: bar.progress(min(done, 1.0), text=f"{step.capitalize()}: {done:.0%}"), what=what
        )
    except PlannerError as error:
        says.error(plain(str(error), 2000))
        return
    if picks is not None:
        session.pick_scenario(picks)
    st.rerun()
