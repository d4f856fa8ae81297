"""What was made once in a session: the last few of each kind, under our own keys."""

from collections.abc import Callable
from typing import Any, Final

import streamlit as st

_MOST_KEPT: Final = 4


def is_kept(kind: str, key: str) -> bool:
    """Whether something of a kind was made in this session under a key."""
    return key in st.session_state.get(_place(kind), {})


def once(kind: str, key: str, make: Callable[[], Any]) -> Any:
    """Something of a kind by its key, made once; of more than a few the oldest goes. Errors: as make.

    Not one of Streamlit's caches: these play back on a hit what was drawn while the result was made, and its progress
    was drawn in a place that is gone by then.
    """
    made: dict[str, Any] = st.session_state.setdefault(_place(kind), {})
    if key not in made:
        found = make()
        if len(made) >= _MOST_KEPT:
            made.pop(next(iter(made)))
        made[key] = found
    return made[key]


def _place(kind: str) -> str:
    return f"kept_{kind}"
