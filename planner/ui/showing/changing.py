"""Another plan on the screen: worked out in the background, while the plan before stays where it is.

The one way in which pages apply an edit or take a log. What is quick is there with the next run of the page; what is
not says how far it is at the top of every page, can be cancelled there, and appears by itself.
"""

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from time import monotonic
from typing import Any, Final

import streamlit as st

from planner.errors import PlannerError
from planner.plan import Plan
from planner.ui.showing.escape import plain
from planner.ui.showing.progress import fault_words, progress_bar, upper
from planner.ui.state import jobs, session
from planner.ui.state.jobs import CHANGE
from planner.ui.state.session import Loaded, Report

_SAID_SECONDS: Final = 10.0
_CHANGE, _SAID, _REFUSALS = "change_asked", "change_said", "change_refusals"


def nothing() -> None:
    """Nothing more is to be done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A change to the plan on the screen that takes a while.

    make: works out what is put on the screen; it runs in the background, and asks nothing of Streamlit or the session.
    key: which change it is: asked for twice, it is one. what: changes, in a few words. put: takes what was made to the
    screen. refused: keeps why nothing changed, for the page to show where it was typed. done: what was typed is in the
    plan now. These are called in a run of some page. again: begins once more, where no button of a page does. of_plan:
    what is made is of the plan on the screen, and of no other that comes meanwhile.
    """

    make: Callable[[Report], Any]
    key: str
    what: str
    put: Callable[[Any], None]
    refused: Callable[[str], None]
    done: Callable[[], None] = nothing
    again: Callable[[], None] | None = None
    of_plan: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class _Said:
    """What is said at the top of the page: that a change came to nothing, and how to begin it again.

    until_s: on the clock of time.monotonic; a run before it says it, so that no run that follows at once, and which
    nobody asked for, takes it away.
    """

    text: str
    until_s: float
    again: Callable[[], None] | None = None


def change_plan(
    text: Callable[[], str],
    *,
    what: str,
    refused: Callable[[str], None],
    done: Callable[[], None] = nothing,
    says: Any = None,
) -> None:
    """Work the plan on the screen out with another text, and run the page again. Not for callbacks of widgets.

    text: makes the text of the plan file, or refuses what was typed. what: of the plan changes, in a few words.
    refused: keeps why nothing changed, for the page to show where it was typed. done: what was typed is in the plan
    now. Both are called in a run of some page, a later one where it takes long. says: the place for messages on the
    page, cleared of what the last attempt left.
    """
    st.session_state.pop(_REFUSALS, None)
    try:
        written = text()
        make = session.edit_of(written)
    except PlannerError as error:
        refused(str(error))
        st.rerun()
    key = sha256(f"{session.loaded().key} {written}".encode()).hexdigest()

    def put(found: Loaded) -> None:
        session.show_plan(found, what=what)

    change(Change(make=make, key=key, what=what, put=put, refused=refused, done=done), says=says)


def change(asked: Change, *, says: Any = None) -> None:
    """Work a change out, and run the page again. says: the place for messages, cleared of what the last one left."""
    if says is not None:
        says.empty()
    begin(asked)
    st.rerun()


def begin(asked: Change) -> None:
    """Work a change out; what is done when this returns is on the screen. Earlier refusals are done with."""
    st.session_state.pop(_REFUSALS, None)
    running, before = jobs.job_in(CHANGE), _asked()
    if running is None or running.key != asked.key:
        if before is not None:
            _say(f"{upper(before.what)}: no longer worked out, since {asked.what} came after.", before.again)
        plan = session.loaded().plan if session.has_plan() and asked.of_plan else None
        st.session_state[_CHANGE] = asked, plan
    jobs.start(CHANGE, asked.make, key=asked.key, what=asked.what)
    settle()


def settle() -> None:
    """Put on the screen what was worked out since, or keep why it was not; every run of a page begins with it."""
    asked = _asked()
    if asked is None:
        return
    plan: Plan | None = st.session_state[_CHANGE][1]
    if plan is not None and session.loaded().plan is not plan:
        _drop(f"{upper(asked.what)}: not applied, since the plan on the screen became another one. Apply it again.")
        return
    outcome = jobs.take(CHANGE)
    if outcome is None:
        return
    del st.session_state[_CHANGE]
    if outcome.fault:
        asked.refused(fault_words(asked.what, outcome.fault))
    elif outcome.refused is not None:
        asked.refused(str(outcome.refused))
    else:
        asked.put(outcome.made)
        asked.done()


def cancel() -> None:
    """Stop the change that is being worked out; the plan on the screen stays."""
    if (asked := _asked()) is not None:
        _drop(f"{upper(asked.what)}: cancelled. The plan on the screen is as it was.", asked.again)


def is_changing() -> bool:
    """Whether another plan is being worked out."""
    return _asked() is not None


def working() -> None:
    """How far the change is that is being worked out, with a way to cancel it; and what became of the one before."""
    said: _Said | None = st.session_state.get(_SAID)
    if said is not None:
        st.info(plain(said.text, 2000), icon=":material/info:")
        if said.again is not None:
            st.button("Start again", key="start_again", icon=":material/refresh:", on_click=_begin_again, args=[said])
        if not is_changing() and monotonic() > said.until_s:
            del st.session_state[_SAID]
    if is_changing():
        progress_bar(CHANGE, cancel if session.has_plan() else None)


def refused_at(place: str) -> Callable[[str], None]:
    """Keeps why a change was refused, under the name of the place where it was typed."""

    def keep(why: str) -> None:
        st.session_state.setdefault(_REFUSALS, {})[place] = session.edit_round(), why

    return keep


def refusal(place: str) -> str:
    """Why what was typed at a place was refused; nothing once the plan on the screen has changed."""
    turn, why = st.session_state.get(_REFUSALS, {}).get(place, (-1, ""))
    return str(why) if turn == session.edit_round() else ""


def _asked() -> Change | None:
    found: Change | None = st.session_state.get(_CHANGE, (None, None))[0]
    return found


def _drop(why: str, again: Callable[[], None] | None = None) -> None:
    jobs.stop(CHANGE)
    del st.session_state[_CHANGE]
    _say(why, again)


def _say(text: str, again: Callable[[], None] | None) -> None:
    st.session_state[_SAID] = _Said(text=text, until_s=monotonic() + _SAID_SECONDS, again=again)


def _begin_again(said: _Said) -> None:
    st.session_state.pop(_SAID, None)
    if said.again is not None:
        said.again()
