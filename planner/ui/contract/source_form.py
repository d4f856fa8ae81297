"""Where the terms come from, typed in: until then nobody can tell a quote from a placeholder."""

from typing import Any

import streamlit as st

from planner.clock import today
from planner.plan_file.assumption_text import with_source
from planner.plan_state import has_placeholder_terms, terms_source
from planner.ui.showing.changing import change_plan, refusal, refused_at
from planner.ui.showing.escape import plain
from planner.ui.state import session
from planner.ui.state.session import Loaded

_KEY, _PLACE = "contract", "terms source"


def source_form(current: Loaded) -> None:
    """A field for the source of the terms, folded away: the conclusion above it says what the plan has."""
    with st.expander("Say where these terms come from", icon=":material/description:", expanded=bool(refusal(_PLACE))):
        says = st.empty()
        with st.container(horizontal=True, vertical_alignment="bottom"):
            source = st.text_input(
                "Source of the terms",
                placeholder="such as: quote of the account team, 20 November",
                key=f"terms_source_{session.edit_round()}",
                max_chars=400,
            )
            said = st.button("Write it into the plan", key="apply_terms_source", icon=":material/check:")
        st.caption(_advice(current))
    if said:
        _apply(current, source or "", says)
    elif refused := refusal(_PLACE):
        says.error(f"**The plan is as it was.** {plain(refused, 2000)}")


def _advice(current: Loaded) -> str:
    if has_placeholder_terms(current.plan):
        return "First change the discounts below to those that you were offered; then say here whose they are."
    return (
        "It changes no figure. It stands in the plan file under [[assumption]], in the workbook, and on the page Start."
    )


def _apply(current: Loaded, source: str, says: Any) -> None:
    note = terms_source(current.plan)
    if not source.strip():
        says.error("**Nothing was written.** The source is empty: name the quote, the draft, or who guessed.")
        return
    change_plan(
        lambda: with_source(current.plan.inputs.text, note.key if note else _KEY, source.strip(), today()),
        what="where the terms come from",
        refused=refused_at(_PLACE),
        says=says,
    )
