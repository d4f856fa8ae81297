"""The plan that the app was started with, and the folder of a session's own files."""

import os
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

import streamlit as st

from planner.bundled import data_path
from planner.inputs import PlanInputs
from planner.plan_file.loader import load_plan
from planner.ui.hosted import gate
from planner.ui.state.session_files import SessionFolder, stamps

_OPENING: Final = "opening"
_FOLDER: Final = "folder"


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """The plan that the app was started with."""

    inputs: PlanInputs
    key: str
    is_example: bool


def opening() -> Opening:
    """The plan that the app was started with, read once a session. Errors: PlannerError."""
    if _OPENING not in st.session_state:
        example, path = data_path("plans", "example.toml").resolve(), opening_file()
        inputs = load_plan(path)
        key = sha256(repr((inputs.sha256, str(inputs.base_dir), stamps(inputs))).encode()).hexdigest()
        st.session_state[_OPENING] = Opening(inputs=inputs, key=key, is_example=path == example)
    value: Opening = st.session_state[_OPENING]
    return value


def opening_file() -> Path:
    """The plan file that the app was started with."""
    return Path(os.environ.get("PLANNER_PLAN") or data_path("plans", "example.toml")).resolve()


def forget_opening() -> None:
    """Read the plan that the app was started with from its file again."""
    st.session_state.pop(_OPENING, None)


def folder() -> Path:
    """Where this session's uploads are; it goes when the session goes, unless it is kept for who is logged in."""
    if (own := gate.own_folder()) is not None:
        return own
    if _FOLDER not in st.session_state:
        st.session_state[_FOLDER] = SessionFolder()
    path: Path = st.session_state[_FOLDER].path
    return path
