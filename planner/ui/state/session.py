"""The plan on the screen: the one that the app opened with, or another that took its place, as it is edited here.

A plan is worked out once and kept under our own SHA-256: for everybody where the server was started with it, for the
session alone where a user brought it. It is assigned whole, after everything that can fail: a wrong edit leaves the
current plan in place, and takes over what it does not touch.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Literal

import streamlit as st

from planner.inputs import PlanInputs
from planner.plan import Plan
from planner.plan_file.loader import parse_plan
from planner.simulation import KeptPaths
from planner.ui.arriving.unmapped import Unmapped
from planner.ui.state.edited_usage import edited_usage
from planner.ui.state.kept import once
from planner.ui.state.rebuilt import rebuilt

Report = Callable[[str, float], None]
Origin = Literal["example", "file", "upload", "mapped", "folder", "pull"]

_LOADED, _ERROR, _UNMAPPED, _BILLS = "loaded", "upload_error", "unmapped", "bills"
_KEPT_PATHS, _ROUND, _ADDED = "kept_paths", "terms_round", "added_scenario"


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """The plan on the screen, the hash that it is kept under, where it came from, and what was done to it.

    kept: its simulated paths. edited_from: the plan as it was opened, where it was edited here; what: was changed last.
    """

    plan: Plan
    key: str
    origin: Origin
    kept: KeptPaths
    notes: tuple[str, ...] = ()
    edited_from: "Loaded | None" = None
    what: str = ""


def loaded() -> Loaded:
    """The plan on the screen; pages run only when there is one."""
    value: Loaded = st.session_state[_LOADED]
    return value


def has_plan() -> bool:
    """Whether there is a plan on the screen yet."""
    return _LOADED in st.session_state


def edit_of(text: str) -> Callable[[Report], Loaded]:
    """What works out the plan on the screen with another contract, other levers, or its log read in another way.

    text: its plan file with them. Everything else is taken from the plan as it was opened, its simulated paths too
    where the edit does not touch them, and so is where its log is. What is returned asks nothing of the session, so it
    may run in any thread. Errors: InputError here, PlannerError there; the plan on the screen stays.
    """
    current = loaded()
    opened = current.edited_from or current
    if text == opened.plan.inputs.text:
        return lambda report: opened
    inputs, paths = edited(text), _kept_paths(opened)
    key = sha256((opened.key + text).encode()).hexdigest()

    def make(report: Report) -> Loaded:
        plan = rebuilt(current.plan, inputs, paths, report)
        return replace(opened, plan=plan, key=key, edited_from=opened)

    return make


def apply_edit(text: str, report: Report, *, what: str) -> None:
    """edit_of, put on the screen; what: of the plan was changed, in a few words. Errors: PlannerError."""
    make = edit_of(text)
    key = sha256(text.encode()).hexdigest()
    show_plan(once("edits", f"{loaded().key} {key}", lambda: make(report)), what=what)


def edited(text: str) -> PlanInputs:
    """The inputs of an edited text of the plan on the screen. Errors: InputError."""
    current = loaded()
    before = (current.edited_from or current).plan.inputs
    inputs = parse_plan(text, base_dir=before.base_dir, files=before.files)
    return replace(inputs, usage=edited_usage(inputs, before, st.session_state.get(_BILLS, {})))


def show_plan(found: Loaded, *, what: str) -> None:
    """Put another plan on the screen; what waited for it, and why the last one was refused, is done with.

    what: was changed to make it, in a few words.
    """
    if has_plan():
        st.session_state[_ROUND] = edit_round() + 1
    st.session_state[_LOADED] = replace(found, what=what)
    for name in (_ERROR, _UNMAPPED):
        st.session_state.pop(name, None)


def pick_scenario(name: str) -> None:
    """Let pages show a scenario that was just added."""
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


def error() -> str:
    """Why the last upload was refused, or nothing."""
    return str(st.session_state.get(_ERROR, ""))


def refuse(why: str, waiting: Unmapped | None = None) -> None:
    """Remember why an upload was refused, and what of it only waits to be told which field is which."""
    st.session_state[_ERROR] = why
    st.session_state[_UNMAPPED] = waiting


def unmapped() -> Unmapped | None:
    """Logs that wait for the user to say which field is which."""
    found: Unmapped | None = st.session_state.get(_UNMAPPED)
    return found


def wait_for_mapping(waiting: Unmapped, why: str = "") -> None:
    """Let logs wait for the user to say which field is which."""
    st.session_state[_UNMAPPED] = waiting
    st.session_state[_ERROR] = why


def keep_bill(name: str, path: Path) -> None:
    """Remember where a bill that was uploaded here is, so that the plan can name it."""
    st.session_state.setdefault(_BILLS, {})[name] = path


def forget() -> None:
    """Take the plan off the screen, with what waited for it."""
    for name in (_LOADED, _ERROR, _UNMAPPED):
        st.session_state.pop(name, None)
