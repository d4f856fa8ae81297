"""Whoever opens a page says first who they are, where a login is set up; without one the app is this machine's own."""

import os
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

import streamlit as st
from streamlit.errors import StreamlitSecretNotFoundError
from streamlit.runtime.scriptrunner import get_script_run_ctx

from planner.errors import InputError
from planner.ui.hosted.admitted import Ticket
from planner.ui.hosted.login_settings import ALLOW, admission, is_asked_for
from planner.ui.hosted.people import Person, is_allowed, person_of
from planner.ui.hosted.redacted_logs import redact_records, redactor
from planner.ui.hosted.user_folders import (
    folder_of,
    kept_days,
    most_megabytes,
    remove_files,
    remove_old,
    used_bytes,
    users_root,
)
from planner.ui.showing import show
from planner.ui.showing.escape import plain

_PERSON: Final = "person"
_TICKET: Final = "ticket"


def admit() -> None:
    """Go on where a person who may come in is logged in, or no login is set up; else ask, and end the run here."""
    _redact_once()
    try:
        if not _is_set_up():
            return
        person = person_of(st.user.to_dict(), admission(os.environ))
    except InputError as error:
        _closed("This app is not open yet", f"Who runs it has to correct its settings: {error}")
    if person is None:
        _closed("Log in to the commit planner", "Take the account of your organisation.", ("Log in", st.login))
    if person.ends_at <= time.time():
        ended = datetime.fromtimestamp(person.ends_at, UTC)
        _closed(
            "Your login has ended",
            f"It was good until {ended:%H:%M} UTC on {ended:%Y-%m-%d}. Log in again to go on.",
            ("Log in again", st.login),
        )
    if not is_allowed(person, admission(os.environ)):
        _closed(
            "You have no access",
            f"You are logged in as {_called(person)}, who is not on the list of this app ({ALLOW}). Ask those who run "
            "it, or log out and take another account.",
            ("Log out", st.logout),
        )
    _let_in(person)


@cache
def _redact_once() -> None:
    """Also where the app was not started by `planner app`, which does it first."""
    redact_records(redactor(os.environ))


def logged_in() -> Person | None:
    """Who is logged in in this session; None where no login is set up."""
    found: Person | None = st.session_state.get(_PERSON)
    return found


def own_folder() -> Path | None:
    """The folder that is kept for who is logged in; None where the server keeps nothing. Errors: InputError."""
    somebody, root = logged_in(), users_root()
    return None if somebody is None or root is None else folder_of(root, somebody)


def user_line(place: st.delta_generator.DeltaGenerator) -> None:
    """Who is logged in, the way out, and what is kept for them; nothing without a login."""
    somebody = logged_in()
    if somebody is None:
        return
    with place, st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f":material/person: {plain(_called(somebody), 80)}", width="stretch")
        st.button("Log out", key="log_out", on_click=st.logout, type="tertiary", icon=":material/logout:")
    with place:
        try:
            folder = own_folder()
        except InputError as error:
            st.error(plain(str(error)))
            return
        if folder is not None:
            _kept_files(folder)


def _kept_files(folder: Path) -> None:
    megabytes = used_bytes(folder) / 1e6
    with st.popover(f"Your files here: {megabytes:,.1f} MB", icon=":material/folder:", width="stretch"):
        st.markdown(
            f"Logs that you upload and days that you pull are kept on this server for you alone: at most "
            f"{most_megabytes():,} MB, each for {kept_days()} days after it was last written. The plan is not kept "
            "here: take its file with you."
        )
        st.button(
            "Remove them all",
            key="remove_files",
            on_click=remove_files,
            args=(folder,),
            disabled=not megabytes,
            icon=":material/delete:",
            help="The plan on the screen stays; to work it out again on its log, upload the log again.",
        )


def _is_set_up() -> bool:
    """Whether Streamlit has a login. Errors: InputError where one is described that the server does not know of."""
    try:
        is_known = "auth" in st.secrets
    except StreamlitSecretNotFoundError:
        is_known = False
    if not is_known and is_asked_for(os.environ):
        raise InputError("a login is described, and the server was not started with it; start it by `planner app`")
    return is_known


def _let_in(person: Person) -> None:
    """Remember who it is. A session that was somebody else's starts anew: nothing of theirs is left in it."""
    before: Person | None = st.session_state.get(_PERSON)
    if before is not None and before.key != person.key:
        st.session_state.clear()
        before = None
    st.session_state[_PERSON] = person
    if _TICKET not in st.session_state:
        context = get_script_run_ctx()
        st.session_state[_TICKET] = Ticket(context.session_id if context else "")
    if before is None and (root := users_root()) is not None:
        remove_old(root)


def _called(person: Person) -> str:
    return person.email or person.name or "a person without an address"


def _closed(title: str, says: str, way_on: tuple[str, Callable[[], Any]] | None = None) -> None:
    """What stands in place of every page."""
    st.session_state.pop(_TICKET, None)
    st.title(title)
    st.markdown(plain(says, 2000))
    if way_on is not None:
        label, act = way_on
        st.button(label, key="way_on", on_click=act, type=show.emphasis(), icon=":material/login:")
    st.stop()
