"""What was tracked on the page Track, for everything that takes a plan away."""

import streamlit as st

from planner.tracking.tracking import Tracking
from planner.ui.state.session import Loaded

_TRACKED = "tracked"


def keep(current: Loaded, tracking: Tracking) -> bool:
    """Remember the last tracking of a plan; whether it is another one than before."""
    before = st.session_state.get(_TRACKED)
    st.session_state[_TRACKED] = (current.key, tracking)
    return before is None or before[1] is not tracking


def tracking_of(current: Loaded) -> Tracking | None:
    """The last tracking of the plan on the screen; None where it was not tracked, or was changed since."""
    key, tracking = st.session_state.get(_TRACKED, ("", None))
    return tracking if key == current.key else None
