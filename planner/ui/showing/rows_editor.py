"""A list of tables of [usage] in a table to edit: rules, exclusions, invoices. Nothing is worked out until applied.

What was typed stays until it is applied or undone, also where applying fails or another page is looked at; what is
wrong with a row is said in the row.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

import pandas as pd
import streamlit as st

from planner.plan_file.usage_keys import with_usage
from planner.ui.showing import show
from planner.ui.showing.changing import change_plan
from planner.ui.showing.escape import plain
from planner.ui.state import session
from planner.ui.state.session import Loaded

Row = dict[str, Any]

PROBLEM: Final = "problem"
_TYPED, _REFUSED, _STARTED, _TURNS = "rows_typed", "rows_refused", "rows_started", "rows_turns"


@dataclass(frozen=True, slots=True, kw_only=True)
class Editor:
    """A table to edit. name: its key under [usage]. called: what its rows are. columns: key of the plan file -> how it
    is edited. beside: columns that only say something. rows: as the plan has them. alt: what it is, for those who do
    not see it.
    """

    name: str
    called: str
    columns: Mapping[str, Any]
    rows: Sequence[Row]
    alt: str
    beside: tuple[str, ...] = ()


def rows_editor(current: Loaded, editor: Editor) -> None:
    """The table with its buttons, and what was wrong with what was typed beside it."""
    draft = _draft_key(current, editor)
    refused: tuple[str, dict[int, str]] | None = _kept(_REFUSED).get(draft)
    with st.container(border=True):
        typed = _table(editor, _key(current, editor), draft, refused[1] if refused else {})
        _kept(_TYPED)[draft] = typed
        changed = _entries(editor, typed) != _entries(editor, editor.rows)
        says = st.empty()
        with st.container(horizontal=True, vertical_alignment="center"):
            applied = st.button(
                "Apply", key=f"apply_{editor.name}", type=show.emphasis(), icon=":material/check:", disabled=not changed
            )
            if changed:
                undo = ":material/undo:"
                st.button("Clear what was typed", key=f"clear_{editor.name}", icon=undo, on_click=_forget, args=[draft])
            st.caption("Typed, and not applied yet." if changed else "Nothing was typed that is not in the plan.")
    if applied:
        apply_rows(current, editor, typed, says)
    elif refused:
        says.error(f"**{editor.called} were not applied; the plan is as it was.** {plain(refused[0], 2000)}")


def typed_rows(current: Loaded, editor: Editor) -> list[Row]:
    """The rows as they stand on the screen, applied or not."""
    return list(_kept(_TYPED).get(_draft_key(current, editor), editor.rows))


def apply_rows(current: Loaded, editor: Editor, rows: Sequence[Row], says: Any) -> None:
    """Work the plan out with these rows; where that fails they stay in the table, and the plan as it was.

    What is typed while that takes stays in the table either way.
    """
    draft = _draft_key(current, editor)
    filled = [row for row in rows if _entry(editor, row)]
    before = typed_rows(current, editor)

    def refused(why: str) -> None:
        if _kept(_TYPED).get(draft, before) == before:
            _kept(_TYPED)[draft] = filled
            _kept(_REFUSED)[draft] = why, _problems(editor.name, why)
        else:
            _kept(_REFUSED)[draft] = why, {}
        _turn()

    def done() -> None:
        since = _kept(_TYPED).get(draft, before)
        _forget(draft)
        if since != before:
            _kept(_TYPED)[_draft_key(session.loaded(), replace(editor, rows=filled))] = since

    change_plan(
        lambda: with_usage(current.plan.inputs.text, {editor.name: _entries(editor, filled)}),
        what=editor.called.removeprefix("These "),
        refused=refused,
        done=done,
        says=says,
    )


def _forget(draft: str) -> None:
    for kind in (_TYPED, _REFUSED):
        _kept(kind).pop(draft, None)
    _turn()


def _turn() -> None:
    """Another table from now on, which starts from what is kept."""
    st.session_state[_TURNS] = st.session_state.get(_TURNS, 0) + 1


def _kept(kind: str) -> dict[str, Any]:
    found: dict[str, Any] = st.session_state.setdefault(kind, {})
    return found


def _draft_key(current: Loaded, editor: Editor) -> str:
    """What is typed is kept under it: edits elsewhere in the plan, and columns shown or not, make no other draft."""
    opened = current.edited_from or current
    rows = _entries(editor, editor.rows)
    return sha256(repr((opened.key, editor.name, rows)).encode()).hexdigest()[:16]


def _key(current: Loaded, editor: Editor) -> str:
    text = repr((current.key, current.plan.inputs.text, tuple(editor.columns), st.session_state.get(_TURNS, 0)))
    return f"rows_{editor.name}_{sha256(text.encode()).hexdigest()[:10]}_{session.edit_round()}"


def _table(editor: Editor, key: str, draft: str, problems: Mapping[int, str]) -> list[Row]:
    """The cells as they stand on the screen, what was typed before the page was left included."""
    if key not in st.session_state:  # the table was not shown in the last run, and what was typed is in no widget
        _kept(_STARTED)[editor.name] = _kept(_TYPED).get(draft, list(editor.rows))
    names = [*([PROBLEM] if problems else []), *editor.columns]
    start = enumerate(_kept(_STARTED)[editor.name])
    frame = pd.DataFrame(
        [{**dict.fromkeys(names), **row, PROBLEM: problems.get(index)} for index, row in start],
        columns=names,
        dtype=object,
    )
    wrong = {PROBLEM: st.column_config.TextColumn("what is wrong", width="medium")} if problems else {}
    found = st.data_editor(
        frame,
        num_rows="dynamic",
        hide_index=True,
        width="stretch",
        key=key,
        column_config={**wrong, **editor.columns},
        disabled=[PROBLEM, *editor.beside],
        placeholder="",
        alt=editor.alt,
    )
    return [_clean(row) for row in found.to_dict("records")]


def _clean(row: Mapping[Any, Any]) -> Row:
    return {str(name): _cell(value) for name, value in row.items() if name != PROBLEM}


def _cell(value: Any) -> Any:
    """A cell as the plan file has it: no blanks, no time of a day."""
    if value is None or value is pd.NaT or (isinstance(value, float) and value != value):
        return None
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, str):
        return value.strip() or None
    return value


def _entries(editor: Editor, rows: Sequence[Row]) -> list[Row]:
    return [entry for row in rows if (entry := _entry(editor, row))]


def _entry(editor: Editor, row: Row) -> Row:
    """A row as a table of the plan file; empty for an empty row. False is left out: every switch is off without it."""
    beside = (PROBLEM, *editor.beside)
    return {key: value for key, value in row.items() if key not in beside and value is not None and value is not False}


def _problems(name: str, message: str) -> dict[int, str]:
    """Row -> what is wrong with it, of a message that names entries as the plan file does."""
    found: dict[int, str] = {}
    for part in message.split("; "):
        if match := re.match(rf"usage\.{name}\[(\d+)\]\.?(.*)", part, re.DOTALL):
            found[int(match[1]) - 1] = match[2].lstrip(": ")
    return found
