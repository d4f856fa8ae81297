"""Unsaved text of the plan, kept in the user's own browser, and what an earlier session left there.

Nothing of it is on the server's disk. What the browser sends back is data of a stranger: it is checked here, and its
text goes through the parser that an upload goes through.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from hashlib import sha256
from typing import Any, Final
from uuid import uuid4
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import streamlit as st

from planner.plan_file.usage_keys import usage_of
from planner.ui.hosted import gate
from planner.ui.state import opening, session
from planner.ui.state.drafts_script import LONGEST_DRAFT, MOST_OFFERED, SCRIPT
from planner.ui.state.session import Loaded

_ME, _FOUND, _DROPPED, _UNKEPT = "draft_session", "drafts_found", "drafts_dropped", "draft_unkept"
_KEY: Final = "drafts"
_MOUNT: Final = st.components.v2.component("commit_planner_drafts", js=SCRIPT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """Text that was not saved. opened: SHA-256 of the plan as it was opened, which the text is an edit of.

    kept: when, by the browser's clock, in the browser's time zone. reads: logs that went with the session that they
    were brought to, by the names that the text gives them.
    """

    id: str
    text: str
    name: str
    opened: str
    reads: tuple[str, ...]
    kept: datetime


def keep() -> None:
    """Let the browser keep the plan on the screen while it is not saved, and say once what it finds of before."""
    _MOUNT(
        key=_KEY,
        data={
            "session": st.session_state.setdefault(_ME, uuid4().hex),
            "owner": _owner(),
            "draft": None if session.is_saved() else _written(session.loaded()),
            "drop": st.session_state.get(_DROPPED, []),
        },
        height=1,
        on_found_change=_take_found,
        on_unkept_change=_take_unkept,
    )


def offered() -> list[Draft]:
    """What earlier sessions left, newest first, until it is taken back or dropped."""
    found: list[Draft] = st.session_state.get(_FOUND, [])
    return found


def drop(draft: Draft) -> None:
    """Offer a draft no longer, and take it out of the browser."""
    st.session_state[_FOUND] = [each for each in offered() if each.id != draft.id]
    st.session_state.setdefault(_DROPPED, []).append(draft.id)


def is_kept() -> bool:
    """Whether the browser keeps what is not saved; it says so where it cannot."""
    return not st.session_state.get(_UNKEPT, False)


def _written(current: Loaded) -> dict[str, Any]:
    inputs, opened = current.plan.inputs, current.edited_from or current
    return {
        "text": inputs.text,
        "sha256": inputs.sha256,
        "name": inputs.name[:200],
        "opened": opened.plan.inputs.sha256,
        "reads": _brought(current),
    }


def _brought(current: Loaded) -> list[str]:
    """Logs of the plan that are in the folder of this session, by their names in the text."""
    usage = current.plan.inputs.usage
    if usage is None or not any(
        str(opening.folder()) in str(usage.source.base_dir / log) for log in usage.source.sources
    ):
        return []
    return [name[:200] for name in usage_of(current.plan.inputs.text).get("sources", [])][:20]


def _owner() -> str:
    """Who is logged in, as a hash: of two users of one browser neither is offered what the other left."""
    person = gate.logged_in()
    return "" if person is None else sha256(person.key.encode()).hexdigest()[:16]


def _take_found() -> None:
    found = list(drafts_in(st.session_state[_KEY].get("found"), _time_zone()))
    dropped = st.session_state.get(_DROPPED, [])
    st.session_state[_FOUND] = [draft for draft in found if draft.id not in dropped]


def _take_unkept() -> None:
    st.session_state[_UNKEPT] = True


def _time_zone() -> tzinfo | None:
    try:
        return ZoneInfo(st.context.timezone or "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        return None


def drafts_in(sent: Any, zone: tzinfo | None) -> Iterator[Draft]:
    """The drafts in what a browser sent; what is not one is left out."""
    for item in sent[:MOST_OFFERED] if isinstance(sent, list) else []:
        if isinstance(item, Mapping) and (draft := _draft(item, zone)) is not None:
            yield draft


def _draft(item: Mapping[Any, Any], zone: tzinfo | None) -> Draft | None:
    words = {name: item.get(name) for name in ("id", "text", "name", "opened")}
    reads, kept = item.get("reads"), item.get("kept")
    if not all(isinstance(word, str) and len(word) <= LONGEST_DRAFT for word in words.values()):
        return None
    if not isinstance(reads, list) or len(reads) > 20 or not all(isinstance(name, str) for name in reads):
        return None
    if isinstance(kept, bool) or not isinstance(kept, int | float):
        return None
    try:
        when = datetime.fromtimestamp(kept / 1000, zone)
    except (OverflowError, ValueError, OSError):
        return None
    return Draft(**words, reads=tuple(name[:200] for name in reads), kept=when)
