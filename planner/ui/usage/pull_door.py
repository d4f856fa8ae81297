"""The third door: usage and billed cost pulled from Anthropic, with a key of the machine that runs the app.

The key is in the environment of that machine and never in the browser; nothing here reads it.
"""

import glob
import os
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any, Final

import streamlit as st

from planner.clock import today
from planner.errors import PlannerError, UsageError
from planner.pull.analytics import KEY_VARIABLES
from planner.pull.pull import pull
from planner.pull.request import (
    DEFAULT_GROUP_BY,
    DIMENSIONS,
    MOST_DIMENSIONS,
    PullRequest,
    default_days,
    earliest_day,
)
from planner.ui.arriving import doors
from planner.ui.arriving.doors import Door
from planner.ui.arriving.new_log import choice_of
from planner.ui.arriving.started_folder import root
from planner.ui.arriving.uploads import Choice
from planner.ui.hosted import gate
from planner.ui.hosted.user_folders import check_room
from planner.ui.showing import show
from planner.ui.state import opening, session
from planner.ui.state.session import Report

_ALWAYS: Final = "model"

Take = Callable[[Any, Door, str], None]


def pull_door(says: Any, taken: Take) -> None:
    """Days, dimensions, and the button; or how to go on without a key."""
    if not has_key():
        _no_key()
        return
    first, last = default_days(today())
    with st.container(horizontal=True, vertical_alignment="bottom"):
        start = st.date_input(
            "First day (UTC)", first, min_value=earliest_day(today()), max_value=today(), key="pull_from", width=160
        )
        end = st.date_input(
            "Last day (UTC)", last, min_value=earliest_day(today()), max_value=today(), key="pull_to", width=160
        )
    others = [name for name in DIMENSIONS if name != _ALWAYS]
    group_by = st.multiselect(
        "Broken out by model and",
        others,
        default=[name for name in DEFAULT_GROUP_BY if name != _ALWAYS],
        max_selections=MOST_DIMENSIONS - 1,
        format_func=lambda name: name.removesuffix("_id").replace("_", " "),
        key="pull_by",
        help="Up to four beside the model. API key, workspace or agent can stand for request types.",
    )
    typed_by = st.selectbox(
        "Request types are told apart by",
        [*[name for name in ("workspace_id", "api_key_id", "agent_id", "product") if name in group_by], ""],
        format_func=lambda name: name.removesuffix("_id").replace("_", " ") or "nothing: everything is one type",
        key="pull_types",
        width=320,
    )
    show.sentence(_kept_words())
    if st.button("Pull usage and billed cost", key="take_pull", type=show.emphasis(), icon=":material/download:"):
        by = (*group_by, _ALWAYS)
        taken(says, _door(start, end, by, typed_by), f"pull {start} {end} {by} {typed_by}")


def has_key() -> bool:
    """Whether the environment of the machine that runs the app has a key; which one is of no interest here."""
    return any(os.environ.get(name, "").strip() for name in KEY_VARIABLES)


def _no_key() -> None:
    first, *others = KEY_VARIABLES
    show.sentence(
        f"No key on the machine that runs the app. Set {first} there (or {' or '.join(others)}) to an Admin key, or to "
        "a key or token that may read analytics, and start the app again; an administrator makes one in the Claude "
        "Console under Settings, Admin keys. A key is never typed here, and never shown."
    )
    show.code(f"export {first}=...   # in the terminal that starts the app\nplanner app PLAN.toml")
    show.sentence(
        "Without a key: export usage in the Console as CSV, or save a reply of Usage and Cost Analytics as JSON, and "
        "upload the file."
    )


def _kept_words() -> str:
    if gate.own_folder() is not None:
        return "Days that were pulled are kept for you on this server, so the next pull asks for new days only."
    folder = root()
    if folder is None:
        return (
            "Days that were pulled are kept for this session, so a pull that stopped goes on where it was. Start the "
            "app with --folder DIR to keep them beyond it."
        )
    return f"Days that were pulled are kept below {folder.name}, so the next pull asks for new days only."


def pull_folder(group_by: tuple[str, ...]) -> tuple[Path, Path]:
    """Where the days of a pull are kept, one folder for each choice of dimensions, and the folder above it."""
    above = gate.own_folder() or root() or opening.folder()
    return above / f"pulled-{'-'.join(sorted(name.removesuffix('_id') for name in group_by))}", above


def _door(first: date, last: date, group_by: tuple[str, ...], typed_by: str) -> Door:
    """Pull, then measure what was pulled as the plan's log, with what was billed beside it."""
    folder, above = pull_folder(group_by)
    before, of_example = session.loaded().plan.inputs, doors.is_example()
    request = PullRequest(first_day=first, last_day=last, group_by=group_by)

    def choose(report: Report) -> Choice:
        check_room(above, 0)
        report("asking Anthropic", 0.0)
        used = _pulled_days(request, folder, above, report)
        changes: dict[str, Any] = {"window": {"from": first, "to": last}}
        if typed_by:
            changes["request_type"] = typed_by.removesuffix("_id")
        return choice_of(
            before,
            {f"{folder.name}/usage-*.json": [folder / f"usage-{day}.json" for day in used]},
            changes,
            bills={f"{folder.name}/cost-*.json": Path(glob.escape(str(folder))) / "cost-*.json"},
            folder=above,
            is_example=of_example,
        )

    return doors.log_door(choose, "pull")


def _pulled_days(request: PullRequest, folder: Path, above: Path, report: Report) -> list[date]:
    """Days with use, which lie in the folder then. Errors: PlannerError."""
    try:
        pulled = pull(request, folder, progress=report)
    except PlannerError as error:  # where this machine keeps things is no concern of the browser's
        raise type(error)(str(error).replace(f"{above}{os.sep}", "")) from None
    used = [day.day for day in pulled.of("usage") if day.rows]
    if not used:
        raise UsageError(f"Nothing was used from {request.first_day} to {request.last_day}: choose other days.")
    return used
