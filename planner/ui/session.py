"""The plan on the screen: the one that the app opened with, or the one that a session's uploads make.

A plan is worked out once and kept under our own SHA-256: for everybody where the server was started with it, for the
session alone where a user uploaded it. It is assigned whole, after everything that can fail: a wrong upload leaves
the current plan in place.
"""

import os
import shutil
import tempfile
import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, Literal

import streamlit as st

from planner.backtest.folds import backtest
from planner.backtest.judge import Backtest
from planner.bundled import data_path
from planner.drivers import Drivers
from planner.errors import PlannerError
from planner.inputs import PlanInputs
from planner.plan import Plan, build_plan
from planner.plan_drivers import plan_drivers
from planner.plan_file.loader import load_plan
from planner.ui.uploads import Choice, Upload, choose, uploads_key
from planner.usage.files import find_files

Report = Callable[[str, float], None]

_OPENING, _LOADED, _ERROR, _FOLDER, _SEEN = "opening", "loaded", "upload_error", "folder", "uploads_seen"
_BACKTESTS, _DRIVERS = "backtests", "drivers"
_MOST_KEPT: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """The plan that the app was started with."""

    inputs: PlanInputs
    key: str
    is_example: bool


class _SessionFolder:
    """A folder that is removed when the session that holds it is dropped."""

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix="planner-session-"))
        weakref.finalize(self, shutil.rmtree, self.path, ignore_errors=True)


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """The plan on the screen, the hash that it is kept under, where it came from, and what was done to it."""

    plan: Plan
    key: str
    origin: Literal["example", "file", "upload"]
    notes: tuple[str, ...] = ()


def loaded() -> Loaded:
    """The plan on the screen; pages run only when there is one."""
    value: Loaded = st.session_state[_LOADED]
    return value


def error() -> str:
    """Why the last upload was refused, or nothing."""
    return str(st.session_state.get(_ERROR, ""))


def refresh(uploads: Sequence[Upload], report: Report) -> None:
    """Bring the plan on the screen in line with the uploads. Errors: PlannerError of the opening plan only."""
    seen = uploads_key(uploads)
    if seen == st.session_state.get(_SEEN) and _LOADED in st.session_state:
        return
    opening = _opening()
    try:
        if uploads:
            choice = choose(uploads, opening=opening.inputs, is_example=opening.is_example, folder=_folder())
            found = _worked_out(choice, seen, opening, report)
        else:
            found = _at_opening(opening, report)
    except PlannerError as refused:
        if not uploads:
            raise
        st.session_state[_ERROR] = str(refused)
        if _LOADED not in st.session_state:
            st.session_state[_LOADED] = _at_opening(opening, report)
    else:
        st.session_state[_LOADED] = found
        st.session_state[_ERROR] = ""
    st.session_state[_SEEN] = seen


def forget() -> None:
    """Back to the plan that the app was started with, read again from its file."""
    for name in (_OPENING, _LOADED, _ERROR, _SEEN):
        st.session_state.pop(name, None)


def worked_out(inputs: PlanInputs, key: str, report: Report) -> Plan:
    """A plan of this session, worked out once per key."""
    return _own(key, inputs, report)


def has_backtest(current: Loaded) -> bool:
    """Whether the plan on the screen was backtested in this session."""
    return current.key in st.session_state.get(_BACKTESTS, {})


def backtest_of(current: Loaded, report: Report) -> Backtest:
    """The backtest of the plan on the screen, run once per key. Errors: PlannerError."""
    found: Backtest = _kept(_BACKTESTS, current.key, lambda: backtest(current.plan.inputs, report))
    return found


def drivers_of(current: Loaded) -> Drivers:
    """What drives the plan on the screen, worked out once per key."""
    found: Drivers = _kept(_DRIVERS, current.key, lambda: plan_drivers(current.plan))
    return found


def _kept(kind: str, key: str, make: Callable[[], Any]) -> Any:
    """A result of this session by the key of its plan; of more than a few the oldest goes.

    Not one of Streamlit's caches: these play back on a hit what was drawn while the result was made, and its progress
    was drawn in a place that is gone by then.
    """
    results: dict[str, Any] = st.session_state.setdefault(kind, {})
    if key not in results:
        found = make()
        if len(results) >= _MOST_KEPT:
            results.pop(next(iter(results)))
        results[key] = found
    return results[key]


def folder() -> Path:
    """Where this session's uploads are; it goes when the session goes."""
    return _folder()


def opening_inputs() -> PlanInputs:
    """The inputs that the app was started with."""
    return _opening().inputs


def _opening() -> Opening:
    if _OPENING not in st.session_state:
        example = data_path("plans", "example.toml").resolve()
        path = Path(os.environ.get("PLANNER_PLAN") or example).resolve()
        inputs = load_plan(path)
        key = sha256(repr((inputs.sha256, str(inputs.base_dir), _stamps(inputs))).encode()).hexdigest()
        st.session_state[_OPENING] = Opening(inputs=inputs, key=key, is_example=path == example)
    value: Opening = st.session_state[_OPENING]
    return value


def _stamps(inputs: PlanInputs) -> list[tuple[str, int, int]]:
    """Size and time of every file behind the log, so that a log that grew is measured again."""
    if inputs.usage is None:
        return []
    paths, _ = find_files(inputs.usage.source.sources, inputs.usage.source.base_dir)
    return [(str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in paths]


def _at_opening(opening: Opening, report: Report) -> Loaded:
    plan = _shared(opening.key, opening.inputs, report)
    return Loaded(plan=plan, key=opening.key, origin="example" if opening.is_example else "file")


def _worked_out(choice: Choice, seen: str, opening: Opening, report: Report) -> Loaded:
    key = sha256((seen + opening.key).encode()).hexdigest()
    plan = _own(key, choice.inputs, report)
    return Loaded(plan=plan, key=key, origin="upload", notes=choice.notes)


def _folder() -> Path:
    if _FOLDER not in st.session_state:
        st.session_state[_FOLDER] = _SessionFolder()
    path: Path = st.session_state[_FOLDER].path
    return path


@st.cache_resource(max_entries=2, show_spinner=False)
def _shared(key: str, _inputs: PlanInputs, _report: Report) -> Plan:
    return build_plan(_inputs, _report)


@st.cache_resource(scope="session", max_entries=4, show_spinner=False)
def _own(key: str, _inputs: PlanInputs, _report: Report) -> Plan:
    return build_plan(_inputs, _report)
