"""The log against the bill: the gate in words, months and models, and where the bill comes from."""

from collections.abc import Callable
from typing import Final

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from planner.measurement import Measurement
from planner.plan_file.usage_keys import entries_of, usage_of, with_usage
from planner.reconciliation_report import reconciliation_json, reconciliation_table
from planner.ui.arriving.uploads import ACCEPTED, Upload, stored_path
from planner.ui.showing import show
from planner.ui.showing.changing import change_plan, refusal, refused_at
from planner.ui.showing.escape import plain
from planner.ui.showing.rows_editor import Editor, rows_editor
from planner.ui.state import opening, session
from planner.ui.state.session import Loaded
from planner.ui.usage.usage_words import bill_sentences

_PLACE: Final = "bill"


def bill_section(current: Loaded, measurement: Measurement) -> None:
    """How far the log explains what was billed, and the ways to give a bill."""
    found = measurement.reconciliation
    gate, *others = bill_sentences(found)
    box = {"passed": st.success, "failed": st.error, "not compared": st.info}[found.gate]
    icons = {"passed": ":material/check_circle:", "failed": ":material/error:", "not compared": ":material/info:"}
    box(f"**{plain(gate)}**", icon=icons[found.gate])
    for line in others:
        show.sentence(line)
    if found.rows:
        show.table(
            reconciliation_table(found), key="reconciliation", rows=lambda: list(reconciliation_json(found)["rows"])
        )
    st.markdown("**Give the bill**")
    _files(current)
    st.markdown("**Or type invoice totals**")
    show.sentence(
        "A row a month (and a model, where the invoice has one): dollars after discounts, before credits and taxes. "
        "The last, empty row adds one."
    )
    rows_editor(current, invoices_editor(current))


def invoices_editor(current: Loaded) -> Editor:
    """The invoice totals of the plan."""
    column = st.column_config
    return Editor(
        name="invoice",
        called="These invoice totals",
        rows=[_as_floats(entry) for entry in entries_of(current.plan.inputs.text, "invoice")],
        columns={
            "month": column.TextColumn("month (YYYY-MM)", width=140, max_chars=7),
            "amount_usd": column.NumberColumn("billed, USD", width=120, format="dollar"),
            "list_usd": column.NumberColumn(
                "at list, USD", width=120, format="dollar", help="where the invoice says it"
            ),
            "model": column.TextColumn(width=150, max_chars=200, help="empty: everything of the month"),
            "note": column.TextColumn(width=200, max_chars=500, help="where the figure comes from"),
        },
        alt="Invoice totals: month, dollars billed, dollars at list, model and note; can be edited",
    )


def _as_floats(entry: dict[str, object]) -> dict[str, object]:
    return {key: float(value) if isinstance(value, int) else value for key, value in entry.items()}


def _files(current: Loaded) -> None:
    """Cost files, uploaded: they join those that the plan names."""
    named = usage_of(current.plan.inputs.text).get("billed", [])
    show.sentence(
        "Cost export of the Claude Console (CSV), a saved reply of Usage and Cost Analytics (JSON), or FOCUS (CSV, "
        "Parquet). " + (f"Compared now: {', '.join(named)}." if named else "None is given now.")
    )
    turn = st.session_state.get("bill_turn", 0)
    files = st.file_uploader(
        "Cost files",
        type=[ending for ending in ACCEPTED if ending != "toml"],
        accept_multiple_files=True,
        key=f"bill_files_{turn}",
        label_visibility="collapsed",
    )
    says = st.empty()
    if refused := refusal(_PLACE):
        says.error(f"**The bill was not taken; the plan is as it was.** {plain(refused, 2000)}")
    with st.container(horizontal=True):
        if files and st.button("Compare with these", key="take_bill", type=show.emphasis(), icon=":material/check:"):
            _take(current, [Upload(name=file.name, data=file.getvalue()) for file in files], says)
        if named and st.button("Compare without files", key="drop_bill", icon=":material/undo:"):
            _apply(lambda: _with_bills(current, []), says)


def _take(current: Loaded, uploads: list[Upload], says: DeltaGenerator) -> None:
    named = list(usage_of(current.plan.inputs.text).get("billed", []))
    folder = opening.folder()

    def text() -> str:
        for upload in uploads:
            session.keep_bill(upload.name, stored_path(upload, folder))
        return _with_bills(current, list(dict.fromkeys([*named, *(upload.name for upload in uploads)])))

    _apply(text, says)


def _with_bills(current: Loaded, billed: list[str]) -> str:
    return with_usage(current.plan.inputs.text, {"billed": billed})


def _apply(text: Callable[[], str], says: DeltaGenerator) -> None:
    change_plan(text, what="what was billed", refused=refused_at(_PLACE), done=_empty_uploader, says=says)


def _empty_uploader() -> None:
    st.session_state["bill_turn"] = st.session_state.get("bill_turn", 0) + 1
