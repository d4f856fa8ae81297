"""The plan on the screen: the one that the app opened with, or the one that a session's uploads make.

A plan is worked out once and kept under our own SHA-256: for everybody where the server was started with it, for the
session alone where a user uploaded it. It is assigned whole, after everything that can fail: a wrong upload leaves
the current plan in place. So does a wrong edit of its contract, which takes over what the contract does not touch, or
of how its log is read and what is left out of it.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
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
from planner.opportunities.report import Suggestion
from planner.opportunities.suggest import suggestion
from planner.plan import Plan, build_plan
from planner.plan_drivers import plan_drivers
from planner.plan_file.loader import load_plan, parse_plan
from planner.simulation import KeptPaths
from planner.ui.edited_usage import edited_usage
from planner.ui.rebuilt import SpendOnly, rebuilt
from planner.ui.session_files import SessionFolder, stamps
from planner.ui.unmapped import Unmapped, waiting_of
from planner.ui.uploads import Choice, Upload, choose, uploads_key
from planner.waterfall import Waterfall, waterfalls

Report = Callable[[str, float], None]
Origin = Literal["example", "file", "upload", "mapped", "folder", "pull"]

_OPENING, _LOADED, _ERROR, _FOLDER, _SEEN = "opening", "loaded", "upload_error", "folder", "uploads_seen"
_BACKTESTS, _DRIVERS, _EDITS = "backtests", "drivers", "edits"
_WATERFALLS, _SUGGESTIONS = "waterfalls", "suggestions"
_KEPT_PATHS, _ROUND, _ADDED = "kept_paths", "terms_round", "added_scenario"
_BILLS, _UNMAPPED = "bills", "unmapped"
_MOST_KEPT: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """The plan that the app was started with."""

    inputs: PlanInputs
    key: str
    is_example: bool


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """The plan on the screen, the hash that it is kept under, where it came from, and what was done to it.

    kept: its simulated paths. edited_from: the plan as it was opened, where its contract was edited here.
    """

    plan: Plan
    key: str
    origin: Origin
    kept: KeptPaths
    notes: tuple[str, ...] = ()
    edited_from: "Loaded | None" = None


def loaded() -> Loaded:
    """The plan on the screen; pages run only when there is one."""
    value: Loaded = st.session_state[_LOADED]
    return value


def has_plan() -> bool:
    """Whether there is a plan on the screen yet."""
    return _LOADED in st.session_state


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
        found = _worked_out(choice(uploads), seen, opening, report) if uploads else _at_opening(opening, report)
    except PlannerError as refused:
        if not uploads:
            raise
        st.session_state[_ERROR] = str(refused)
        st.session_state[_UNMAPPED] = waiting_of(uploads, _folder()) if uploads else None
        if _LOADED not in st.session_state:
            st.session_state[_LOADED] = _at_opening(opening, report)
    else:
        st.session_state[_LOADED] = _without_edits(found)
        st.session_state[_ERROR] = ""
        st.session_state.pop(_UNMAPPED, None)
    st.session_state[_SEEN] = seen


def choice(uploads: Sequence[Upload]) -> Choice:
    """What uploads ask for, beside the plan that the app was started with. Errors: InputError."""
    opening = _opening()
    return choose(uploads, opening=opening.inputs, is_example=opening.is_example, folder=_folder())


def _without_edits(found: Loaded) -> Loaded:
    """Another plan, which says so where edits of the last one's contract are gone with it."""
    before: Loaded | None = st.session_state.get(_LOADED)
    if before is None or before.edited_from is None:
        return found
    note = "your edits are gone: they belonged to the plan before"
    return replace(found, notes=(*found.notes, note))


def apply_edit(text: str, report: Report) -> None:
    """Put the plan on the screen with another contract, other levers, or its log read in another way; text is its plan
    file with them.

    Everything else is taken from the plan as it was opened, its simulated paths too where the edit does not touch
    them, and so is where its log is. Errors: PlannerError; the plan on the screen stays.
    """
    current = loaded()
    opened = current.edited_from or current
    before = opened.plan.inputs
    if text == before.text:
        undo_edit()
        return
    inputs = edited(text)
    key = sha256((opened.key + text).encode()).hexdigest()
    kept = _kept_paths(opened)
    plan = _kept(_EDITS, key, lambda: rebuilt(current.plan, inputs, kept, report))
    st.session_state[_LOADED] = replace(opened, plan=plan, key=key, edited_from=opened)
    st.session_state[_ROUND] = edit_round() + 1


def edited(text: str) -> PlanInputs:
    """The inputs of an edited text of the plan on the screen. Errors: InputError."""
    current = loaded()
    before = (current.edited_from or current).plan.inputs
    inputs = parse_plan(text, base_dir=before.base_dir, files=before.files)
    return replace(inputs, usage=edited_usage(inputs, before, st.session_state.get(_BILLS, {})))


def show_plan(found: Loaded) -> None:
    """Put a plan on the screen that a page made; what waited for it, and why the last one was refused, is done with."""
    st.session_state[_LOADED] = found
    st.session_state[_ROUND] = edit_round() + 1
    for name in (_ERROR, _UNMAPPED):
        st.session_state.pop(name, None)


def wait_for_mapping(waiting: Unmapped, why: str = "") -> None:
    """Let logs wait for the user to say which field is which."""
    st.session_state[_UNMAPPED] = waiting
    st.session_state[_ERROR] = why


def keep_bill(name: str, path: Path) -> None:
    """Remember where a bill that was uploaded here is, so that the plan can name it."""
    st.session_state.setdefault(_BILLS, {})[name] = path


def unmapped() -> Unmapped | None:
    """Logs that wait for the user to say which field is which."""
    found: Unmapped | None = st.session_state.get(_UNMAPPED)
    return found


def add_scenario(text: str, name: str, report: Report) -> None:
    """apply_edit of a plan with one more scenario, which pages then show. Errors: PlannerError; the plan stays."""
    apply_edit(text, report)
    st.session_state[_ADDED] = name


def added_scenario() -> str | None:
    """The scenario that was added last in this session."""
    return st.session_state.get(_ADDED)


def undo_edit() -> None:
    """Back to the contract of the plan as it was opened, whatever was typed or applied since."""
    current = loaded()
    st.session_state[_LOADED] = current.edited_from or current
    st.session_state[_ROUND] = edit_round() + 1


def edit_round() -> int:
    """How often terms were applied or undone: fields of another round start from the plan, not from what was typed."""
    return int(st.session_state.get(_ROUND, 0))


def _kept_paths(opened: Loaded) -> KeptPaths:
    """Paths that edits of a plan share in this session: at first those that the plan was opened with."""
    known: tuple[str, KeptPaths] | None = st.session_state.get(_KEPT_PATHS)
    if known is None or known[0] != opened.key:
        known = opened.key, KeptPaths(spend=dict(opened.kept.spend))
        st.session_state[_KEPT_PATHS] = known
    return known[1]


def forget() -> None:
    """Back to the plan that the app was started with, read again from its file."""
    for name in (_OPENING, _LOADED, _ERROR, _SEEN, _UNMAPPED):
        st.session_state.pop(name, None)


def worked_out(inputs: PlanInputs, key: str, report: Report) -> Plan:
    """A plan of this session, worked out once per key."""
    return _own(key, inputs, report)[0]


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


def waterfalls_of(current: Loaded) -> dict[str, Waterfall]:
    """The waterfall of every scenario of the plan on the screen, worked out once per key."""
    found: dict[str, Waterfall] = _kept(_WATERFALLS, current.key, lambda: waterfalls(current.plan))
    return found


def has_suggestion(current: Loaded) -> bool:
    """Whether opportunities were looked for in this session."""
    return current.key in st.session_state.get(_SUGGESTIONS, {})


def suggestion_of(current: Loaded, report: Report) -> Suggestion:
    """What is suggested for the plan on the screen, worked out once per key. Errors: PlannerError."""
    found: Suggestion = _kept(_SUGGESTIONS, current.key, lambda: suggestion(current.plan.inputs, None, report))
    return found


def has_result(kind: str, current: Loaded) -> bool:
    """Whether a result of a kind was worked out in this session for the plan on the screen."""
    return current.key in st.session_state.get(f"results_{kind}", {})


def result_of(kind: str, current: Loaded, make: Callable[[], Any]) -> Any:
    """A result of a kind for the plan on the screen, worked out once per key. Errors: as make."""
    return _kept(f"results_{kind}", current.key, make)


def kept(kind: str, key: str, make: Callable[[], Any]) -> Any:
    """Anything that a page made, once per key. Errors: as make."""
    return _kept(f"results_{kind}", key, make)


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


def opening_file() -> Path:
    """The plan file that the app was started with."""
    return Path(os.environ.get("PLANNER_PLAN") or data_path("plans", "example.toml")).resolve()


def _opening() -> Opening:
    if _OPENING not in st.session_state:
        example, path = data_path("plans", "example.toml").resolve(), opening_file()
        inputs = load_plan(path)
        key = sha256(repr((inputs.sha256, str(inputs.base_dir), stamps(inputs))).encode()).hexdigest()
        st.session_state[_OPENING] = Opening(inputs=inputs, key=key, is_example=path == example)
    value: Opening = st.session_state[_OPENING]
    return value


def _at_opening(opening: Opening, report: Report) -> Loaded:
    plan, kept = _shared(opening.key, opening.inputs, report)
    return Loaded(plan=plan, key=opening.key, origin="example" if opening.is_example else "file", kept=kept)


def _worked_out(choice: Choice, seen: str, opening: Opening, report: Report) -> Loaded:
    key = sha256((seen + opening.key).encode()).hexdigest()
    plan, kept = _own(key, choice.inputs, report)
    return Loaded(plan=plan, key=key, origin="upload", kept=kept, notes=choice.notes)


def _folder() -> Path:
    if _FOLDER not in st.session_state:
        st.session_state[_FOLDER] = SessionFolder()
    path: Path = st.session_state[_FOLDER].path
    return path


@st.cache_resource(max_entries=2, show_spinner=False)
def _shared(key: str, _inputs: PlanInputs, _report: Report) -> tuple[Plan, KeptPaths]:
    kept = SpendOnly()
    return build_plan(_inputs, _report, kept), kept


@st.cache_resource(scope="session", max_entries=4, show_spinner=False)
def _own(key: str, _inputs: PlanInputs, _report: Report) -> tuple[Plan, KeptPaths]:
    kept = SpendOnly()
    return build_plan(_inputs, _report, kept), kept
