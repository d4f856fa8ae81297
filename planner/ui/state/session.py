"""The plan on the screen: the one that the app opened with, or another that took its place, as it is edited here.

A plan is worked out once and kept under our own SHA-256: for everybody where the server was started with it, for the
session alone where a user brought it. It is assigned whole, after everything that can fail: a wrong edit leaves the
current plan in place, and takes over what it does not touch.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Literal

import streamlit as st

from planner.inputs import PlanInputs
from planner.plan import Plan, build_plan
from planner.plan_file.loader import parse_plan
from planner.simulation import KeptPaths
from planner.ui.arriving.unmapped import Unmapped
from planner.ui.state import uploader
from planner.ui.state.edited_usage import edited_usage
from planner.ui.state.history import History, Report, Step
from planner.ui.state.rebuilt import SpendOnly, rebuilt

Origin = Literal["example", "file", "upload", "mapped", "folder", "pull", "typed"]

_LOADED, _ERROR, _UNMAPPED, _BILLS = "loaded", "upload_error", "unmapped", "bills"
_KEPT_PATHS, _ROUND, _ADDED = "kept_paths", "terms_round", "added_scenario"
_HISTORY, _SAVED = "history", "saved_texts"


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """The plan on the screen, the hash that it is kept under, where it came from, and what was done to it.

    kept: its simulated paths. edited_from: the plan as it was opened, where it was edited here; what: was changed last.
    is_file: its text is that of a plan file as it was read.
    """

    plan: Plan
    key: str
    origin: Origin
    kept: KeptPaths
    notes: tuple[str, ...] = ()
    edited_from: "Loaded | None" = None
    what: str = ""
    is_file: bool = False


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
    bills = () if inputs.usage is None else inputs.usage.billed.sources
    key = sha256(repr((opened.key, text, bills)).encode()).hexdigest()
    if (shown := _history().held.get(key)) is not None:
        return lambda report: shown

    def make(report: Report) -> Loaded:
        plan = rebuilt(current.plan, inputs, paths, report)
        return replace(opened, plan=plan, key=key, edited_from=opened, is_file=False)

    return make


def edited(text: str) -> PlanInputs:
    """The inputs of an edited text of the plan on the screen. Errors: InputError."""
    current = loaded()
    before = (current.edited_from or current).plan.inputs
    inputs = parse_plan(text, base_dir=before.base_dir, files=before.files)
    return replace(inputs, usage=edited_usage(inputs, before, bills()))


def show_plan(found: Loaded, *, what: str) -> None:
    """Put another plan on the screen; what waited for it, and why the last one was refused, is done with.

    what: was changed to make it, in a few words; it names the step that undo takes back. The plan that is there already
    is no step, and keeps its own.
    """
    history = _history()
    here = history.at(0)
    found = replace(found, what=here.what if here is not None and here.key == found.key else what)
    history.add(Step(what=found.what, key=found.key, again=_again(found)), found)
    if found.is_file:
        mark_saved(found.plan.inputs.text)
    _put(found)


def _put(found: Loaded) -> None:
    if has_plan():
        st.session_state[_ROUND] = edit_round() + 1
    st.session_state[_LOADED] = found
    for name in (_ERROR, _UNMAPPED):
        st.session_state.pop(name, None)


def _again(found: Loaded) -> Callable[[], Callable[[Report], Loaded]]:
    """What gives what works a plan out as it was, on the same paths: it holds what the plan was made from, and not the
    plan itself."""
    inputs, opened = found.plan.inputs, found.edited_from
    rest = {name: getattr(found, name) for name in ("key", "origin", "notes", "what", "is_file")}
    opened_again = None if opened is None else _again(opened)
    opened_key = "" if opened is None else opened.key

    def whole(report: Report) -> Loaded:
        paths = SpendOnly()
        return Loaded(plan=build_plan(_as_asked(inputs), report, paths), kept=paths, **rest)

    def again() -> Callable[[Report], Loaded]:
        if opened_again is None:
            return whole
        known = _opened(opened_key)
        shared, first = None if known is None else _kept_paths(known), opened_again()

        def edit(report: Report) -> Loaded:
            base = first(report) if known is None else known
            paths = KeptPaths(spend=dict(base.kept.spend)) if shared is None else shared
            plan = rebuilt(base.plan, _as_asked(inputs), paths, report)
            return Loaded(plan=plan, kept=base.kept, edited_from=base, **rest)

        return edit

    return again


def _as_asked(inputs: PlanInputs) -> PlanInputs:
    """The inputs that a plan was worked out from: its own have the options of the contract exercised."""
    asked = parse_plan(inputs.text, base_dir=inputs.base_dir, files=inputs.files)
    return replace(inputs, contract=asked.contract)


def _opened(key: str) -> Loaded | None:
    """A plan as it was opened, where it is held still, by itself or by an edit of it."""
    held = [loaded(), *_history().held.values()] if has_plan() else _history().held.values()
    return next((found for each in held if (found := each.edited_from or each).key == key), None)


def _history() -> History[Loaded]:
    found: History[Loaded] = st.session_state.setdefault(_HISTORY, History())
    return found


def undoable() -> str | None:
    """What undo would take back, in words; None where there is nothing."""
    history = _history()
    step = history.at(0)
    return step.what if step is not None and history.at(-1) is not None else None


def redoable() -> str | None:
    """What redo would do again, in words; None where there is nothing."""
    step = _history().at(1)
    return None if step is None else step.what


def step_work(offset: int) -> Callable[[Report], Loaded] | None:
    """What gives the plan of a step (-1: before the one on the screen, 1: after it), in any thread; None where there is
    no such step. Errors there: PlannerError where it has to be worked out again and a file of it is gone."""
    step = _history().at(offset)
    return None if step is None else _history().of(step)


def go(offset: int, found: Loaded) -> None:
    """Put the plan of a step on the screen."""
    before = loaded().edited_from or loaded()
    _history().go(offset, found)
    _put(found)
    if (found.edited_from or found).key != before.key:
        uploader.empty()


def is_saved() -> bool:
    """Whether the text of the plan on the screen is that of a file: as it was read, or as it was taken away."""
    return loaded().plan.inputs.sha256 in st.session_state.get(_SAVED, ())


def mark_saved(text: str | None = None) -> None:
    """Note that a text of the plan is in a file of the user's; by itself that of the plan on the screen."""
    saved = loaded().plan.inputs.text if text is None else text
    st.session_state.setdefault(_SAVED, set()).add(sha256(saved.encode()).hexdigest())


def pick_scenario(name: str) -> None:
    """Let pages show a scenario that was just added."""
    st.session_state[_ADDED] = name


def added_scenario() -> str | None:
    """The scenario that was added last in this session."""
    return st.session_state.get(_ADDED)


def undo_edit() -> None:
    """Back to the plan as it was opened, whatever was typed or applied since: a step that can itself be undone."""
    current = loaded()
    show_plan(current.edited_from or current, what="back to the plan as it was opened")


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


def bills() -> Mapping[str, Path]:
    """Bills that were uploaded here: where they are, by the names that a plan gives them."""
    found: Mapping[str, Path] = st.session_state.get(_BILLS, {})
    return found
