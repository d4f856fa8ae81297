"""Where the log is from, and three doors for another one: upload, a folder of this machine, a pull from Anthropic."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import streamlit as st

from planner.errors import PlannerError
from planner.plan_file.usage_keys import usage_of, usage_toml
from planner.ui.arriving import doors
from planner.ui.arriving.doors import Door
from planner.ui.arriving.started_folder import Place, inside, places, root
from planner.ui.arriving.uploads import ACCEPTED, UPLOAD_MEGABYTES, Upload, uploads_key
from planner.ui.showing import changing, show
from planner.ui.showing.changing import Change
from planner.ui.showing.escape import plain, visible
from planner.ui.state.session import Loaded
from planner.ui.usage.pull_door import pull_door
from planner.ui.usage.usage_words import source_sentence
from planner.usage.addresses import reads_tables
from planner.words import count

UPLOAD: Final = "Upload"
FOLDER: Final = "Folder on this machine"
PULL: Final = "Pull from Anthropic"
DOOR: Final = "door"
"""The place where it is said why a log was not taken."""


def source_section(current: Loaded) -> None:
    """What is measured now, how its fields are read, and the doors."""
    show.sentence(source_sentence(current))
    if usage_of(current.plan.inputs.text):
        _reading(current)
    st.markdown("**Bring another log**")
    log_doors()


def log_doors() -> None:
    """The three ways in which another log takes the place of the one on the screen."""
    stays = "terms, levers and everything else stay"
    if doors.is_example():
        stays = "the example's terms stay until you put in yours, its growth, levers and quotes go"
    show.sentence(
        f"It takes the place of the log or the mix of the plan on the screen; {stays}. Files stay on the machine that "
        "runs the app."
    )
    door = st.segmented_control(
        "Bring another log by",
        [UPLOAD, FOLDER, PULL],
        default=UPLOAD,
        required=True,
        label_visibility="collapsed",
        key="door",
        persist_state="session",
    )
    with st.container(border=True):
        says = st.empty()
        if refused := changing.refusal(DOOR):
            says.error(f"**This log was not taken; the plan is as it was.** {plain(refused, 2000)}")
        by: dict[str, Callable[[Any], None]] = {UPLOAD: _upload, FOLDER: _folder, PULL: _pull}
        by[door or UPLOAD](says)


def _reading(current: Loaded) -> None:
    """[usage] as the plan has it, and the way to change how fields are read."""
    with st.expander("How it is read, as the plan file says it"):
        show.code(visible_lines(usage_toml(current.plan.inputs.text)))
        usage = current.plan.inputs.usage
        is_of_files = usage is not None and not reads_tables(usage.source.engine)
        if is_of_files and st.button("Say anew which field is which", key="map_again", icon=":material/edit:"):
            doors.map_again()
            st.rerun()


def visible_lines(text: str) -> str:
    """Lines of a plan file for a place that shows them letter by letter."""
    return "\n".join(visible(line, 500) for line in text.splitlines()[:200])


def taken(says: Any, door: Door, key: str, done: Callable[[], None] = changing.nothing, *, place: str = DOOR) -> None:
    """Take a log in the background; why it was refused stays in the place for messages.

    key: which log by which door. done: it is on the screen, or waits to be mapped. place: the name of that place.
    """
    refused = changing.refused_at(place)
    changing.change(
        Change(make=door, key=key, what="the log", put=doors.come_in, refused=refused, done=done), says=says
    )


def _upload(says: Any) -> None:
    show.sentence(
        "CSV, JSONL, JSON or Parquet, also gzip or zstd, of any known format or with any columns: what is not "
        "recognised is mapped here. A plan file (TOML) may come along. The sidebar's field does the same on every "
        "page."
    )
    files = st.file_uploader(
        "Usage logs",
        type=list(ACCEPTED),
        accept_multiple_files=True,
        key=f"page_uploads_{st.session_state.get('page_uploader', 0)}",
        max_upload_size=UPLOAD_MEGABYTES,
        label_visibility="collapsed",
    )
    if files and st.button("Measure these files", key="take_upload", type=show.emphasis(), icon=":material/check:"):
        uploads = [Upload(name=file.name, data=file.getvalue()) for file in files]
        taken(says, doors.uploads_door(uploads), uploads_key(uploads), _empty_uploader)


def _empty_uploader() -> None:
    st.session_state["page_uploader"] = st.session_state.get("page_uploader", 0) + 1


def _folder(says: Any) -> None:
    try:
        folder = root()
        found, more = places(folder) if folder else ([], 0)
    except PlannerError as error:
        says.error(plain(str(error)))
        return
    if folder is None:
        show.sentence(
            "For logs that are too large or too many to upload. The app was started without a folder: stop it, and "
            "start it with the folder that holds the logs. Only what is below that folder can be picked here."
        )
        show.code("planner app PLAN.toml --folder DIR")
        return
    if not found:
        show.sentence(
            f"The folder that the app was started with ({folder.name}) holds no log: files ending in .csv, .jsonl, "
            ".json or .parquet, also .gz or .zst. Put some there and load this page again."
        )
        return
    named = st.selectbox(
        "Below the folder that the app was started with",
        [place.path for place in found],
        format_func=lambda path: _place_words(next(place for place in found if place.path == path), folder),
        key="folder_place",
        persist_state="session",
    )
    if more:
        st.caption(f"{count(more)} more are not listed; start the app with a folder closer to the logs.")
    if st.button("Measure this", key="take_folder", type=show.emphasis(), icon=":material/check:"):
        door = doors.logs_door(lambda: {str(named): inside(folder, str(named))}, "folder", folder)
        taken(says, door, f"folder {named}")


def _place_words(place: Place, folder: Path) -> str:
    name = folder.name if place.path == "." else place.path
    logs = f"{count(place.logs)} {'log' if place.logs == 1 else 'logs'}"
    return visible(f"{name} (folder, {logs})" if place.is_folder else name, 120)


def _pull(says: Any) -> None:
    pull_door(says, taken)
