"""Sessions of people who were let in: only these may send files, since files arrive outside any page."""

import weakref
from typing import Final

_SESSIONS: Final[set[str]] = set()


class Ticket:
    """Lets a session send files for as long as somebody holds it."""

    def __init__(self, session_id: str) -> None:
        _SESSIONS.add(session_id)
        weakref.finalize(self, _SESSIONS.discard, session_id)


def is_admitted(session_id: str) -> bool:
    """Whether somebody was let in there."""
    return session_id in _SESSIONS
