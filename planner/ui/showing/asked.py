"""A result that takes a while: asked for once, worked out in the background, and kept for the session."""

from collections.abc import Callable
from typing import Any, Final, TypeVar

import streamlit as st

from planner.errors import PlannerError, UsageError
from planner.ui.showing import show
from planner.ui.showing.escape import plain
from planner.ui.showing.progress import fault_words, progress_bar
from planner.ui.state import jobs, kept, results
from planner.ui.state.session import Loaded, Report

Made = TypeVar("Made")

_NO_RESULT: Final = "asked_no_result"


def asked(
    current: Loaded, kind: str, *, button: str, says: str, make: Callable[[Report], Made], at_once: bool = False
) -> Made | None:
    """The result of a kind for the plan on the screen; None until it is there, which it is by itself.

    says: what it answers and how long it takes, beside the button; make: asks nothing of Streamlit or of the session;
    at_once: it takes so little that nobody is asked. Why there is none is said in its place.
    """
    slot, place = f"asked_{kind}", st.empty()
    _settle(slot, kind, current)
    if not results.has_result(kind, current) and jobs.job_in(slot) is None:
        if (not at_once or _why_none(slot, current)) and not _is_wanted(place, slot, current, button, says):
            return None
        place.empty()
        st.session_state.get(_NO_RESULT, {}).pop((slot, current.key), None)
        jobs.start(slot, make, key=current.key, what="")
        _settle(slot, kind, current)
        if _why_none(slot, current):
            st.rerun()
    if not results.has_result(kind, current):
        with place:
            progress_bar(slot, lambda: _stop(slot, current.key, "Cancelled."))
        return None
    found: Made | PlannerError = kept.kept_one(kind, current.key)
    if isinstance(found, PlannerError):  # asking again would say the same
        st.info(plain(str(found), 2000))
        return None
    return found


def _is_wanted(place: Any, slot: str, current: Loaded, button: str, says: str) -> bool:
    """Whether it is asked for now."""
    with place.container():
        if why := _why_none(slot, current):
            st.info(plain(why, 2000), icon=":material/info:")
        show.sentence(f"{says} It goes on while you look at other pages.")
        return st.button(button, key=f"run_{slot.removeprefix('asked_')}", icon=":material/play_arrow:")


def _settle(slot: str, kind: str, current: Loaded) -> None:
    """Keep what was worked out since; what runs for another plan than the one on the screen is stopped."""
    job = jobs.job_in(slot)
    if job is None:
        return
    outcome = jobs.take(slot)
    if outcome is None:
        if job.key != current.key:
            jobs.stop(slot)
    elif outcome.fault:
        _stop(slot, job.key, fault_words("this", outcome.fault))
    elif isinstance(outcome.refused, UsageError):  # a file that can be mended, and asked for again
        _stop(slot, job.key, str(outcome.refused))
    else:
        kept.keep(kind, job.key, outcome.made if outcome.refused is None else outcome.refused)


def _stop(slot: str, key: str, why: str) -> None:
    """Nothing runs in a slot, and why there is no result of a plan is kept."""
    jobs.stop(slot)
    st.session_state.setdefault(_NO_RESULT, {})[slot, key] = why


def _why_none(slot: str, current: Loaded) -> str:
    return str(st.session_state.get(_NO_RESULT, {}).get((slot, current.key), ""))
