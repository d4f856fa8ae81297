"""Start: three doors to a plan, and how far the plan on the screen has come."""

import streamlit as st

from planner.report import headline
from planner.ui.showing import show
from planner.ui.state.session import loaded


def page() -> None:
    """The plan on the screen in short, and where another one comes from."""
    plan = loaded().plan
    show.head("Start", "From your usage to the commitment to sign, a page at a time; begin anywhere.")
    show.conclusion(headline(plan))
    st.subheader("Bring your own")
    show.sentence("Upload a log or a plan file in the sidebar, or choose a door on the page Usage.")
