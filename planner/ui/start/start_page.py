"""Start: what the plan on the screen says, three doors to another one, and how far it has come."""

from collections.abc import Callable
from typing import Any, Final

import streamlit as st

from planner.plan_state import state_sentence
from planner.report import headline
from planner.ui.showing import show
from planner.ui.start.examples import examples_door
from planner.ui.start.glance import glance, states_of
from planner.ui.start.typed_door import typed_door
from planner.ui.state.session import loaded
from planner.ui.usage.source_section import log_doors

_DOOR: Final = "start_door"
_LOG, _TYPE = "log", "type"


def page() -> None:
    """The conclusion of the plan on the screen, the doors to another, and every step of the path in a line."""
    current = loaded()
    states = states_of(current)
    show.head("Start", "From your usage to the commitment to sign, a page at a time; begin anywhere.")
    show.conclusion((*headline(current.plan)[:2], state_sentence(states)))
    st.header("Three doors to another plan")
    show.sentence("What you open takes the place of the plan on the screen, after everything in it was checked.")
    _doors()
    st.header("Where this plan stands")
    glance(states)


def _doors() -> None:
    """The cards side by side where there is room, and below them what is behind the one that was opened."""
    example, log, by_hand = st.columns(3, border=True)
    says = st.empty()
    with example:
        st.markdown(":material/science: **An example**")
        examples_door(says)
    with log:
        st.markdown(":material/upload_file: **Your own log or plan**")
        st.markdown(
            "Upload a usage log or a plan file, pick a folder of the machine that runs the app, or pull usage from "
            "Anthropic."
        )
        _opener(_LOG, "Bring a log")
    with by_hand:
        st.markdown(":material/edit_note: **Typed by hand**")
        st.markdown("No log at hand? Type what you send to which model: a line for each kind of work, priced at once.")
        _opener(_TYPE, "Type it in")
    behind: dict[str, Callable[[Any], None]] = {_LOG: lambda _: log_doors(), _TYPE: typed_door}
    opened = st.session_state.get(_DOOR)
    if opened in behind:
        with st.container(border=True):
            behind[opened](st.empty())


def _opener(door: str, label: str) -> None:
    """The button that opens a door below the cards, or closes it."""
    is_open = st.session_state.get(_DOOR) == door
    st.button(
        "Close" if is_open else label,
        key=f"door_{door}",
        type="secondary" if is_open else show.emphasis(),
        icon=":material/expand_less:" if is_open else ":material/expand_more:",
        on_click=_turn,
        args=[None if is_open else door],
    )


def _turn(door: str | None) -> None:
    st.session_state[_DOOR] = door
