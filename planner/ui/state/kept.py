"""What was made once in a session: the last few of each kind, under our own keys."""

from collections.abc import Callable, Mapping
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
    if not is_kept(kind, key):
        keep(kind, key, make())
    return kept_one(kind, key)


def kept_one(kind: str, key: str) -> Any:
    """Something that is kept. Errors: KeyError for what is not."""
    return st.session_state[_place(kind)][key]


def all_kept(kind: str) -> Mapping[str, Any]:
    """Everything of a kind that is kept now, by key; for a job, which may not look here."""
    return dict(st.session_state.get(_place(kind), {}))


def keep(kind: str, key: str, made: Any) -> None:
    """Keep something of a kind that was made elsewhere; of more than a few the oldest goes."""
    known: dict[str, Any] = st.session_state.setdefault(_place(kind), {})
    if key not in known and len(known) >= _MOST_KEPT:
        known.pop(next(iter(known)))
    known[key] = made


def _place(kind: str) -> str:
    return f"kept_{kind}"
