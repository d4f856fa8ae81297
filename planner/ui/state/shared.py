"""What every session of the server may have: worked out by the first that asks for it, and waited for by the others."""

from collections.abc import Callable
from threading import Lock
from typing import Any, Final

import streamlit as st

from planner.ui.state.jobs import Report

_MOST_KEPT: Final = 2
_POLL_SECONDS: Final = 0.1


class Shared:
    """The last few things by key; at most one is being worked out at a time."""

    def __init__(self) -> None:
        self._made: dict[str, Any] = {}
        self._turn = Lock()

    def once(self, key: str, make: Callable[[], Any], report: Report) -> Any:
        """What is under a key, made where it is not there. Errors: as make, and as report, which is told of the wait.

        Who is stopped while making it, or fails to, lets the next one try.
        """
        if key in self._made:
            return self._made[key]
        while not self._turn.acquire(timeout=_POLL_SECONDS):
            report("another window works it out", 0.0)
        try:
            if key not in self._made:
                found = make()
                if len(self._made) >= _MOST_KEPT:
                    self._made.pop(next(iter(self._made)))
                self._made[key] = found
            return self._made[key]
        finally:
            self._turn.release()


@st.cache_resource(show_spinner=False)
def shared() -> Shared:
    """Of the server; asked for by the run of a page, and used by its jobs."""
    return Shared()
