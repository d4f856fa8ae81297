"""The scenario that a page is about: one pick for every page that asks, in the address as ?scenario=."""

from collections.abc import Sequence
from typing import Final

import streamlit as st

from planner.ui.showing.escape import visible
from planner.ui.state import session

KEY: Final = "scenario"
_SHOWN: Final = "scenario_shown"


def picked_scenario(names: Sequence[str], *, decided: str, label: str = "Scenario") -> str:
    """The scenario that is picked: by hand, by the address, or because it was just added; else the one decided on."""
    added = session.added_scenario()
    if added in names and added != st.session_state.get(_SHOWN):
        st.session_state[KEY] = added
    st.session_state[_SHOWN] = added
    if st.session_state.get(KEY, decided) not in names:  # renamed or removed since
        st.session_state.pop(KEY)
    return st.selectbox(
        label,
        list(names),
        index=0 if KEY in st.session_state else list(names).index(decided),  # a pick has no second default
        format_func=lambda name: visible(name, 80) + (" (decided on)" if name == decided else ""),
        key=KEY,
        bind="query-params",
        width=360,
    )
