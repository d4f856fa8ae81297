"""Quotes typed into the app: added to the plan on the screen, or taken out of it."""

from collections.abc import Callable
from typing import Any

import streamlit as st

from planner.errors import PlannerError
from planner.plan_file.quote_text import with_offer, without_offer
from planner.ui.showing.escape import plain, visible
from planner.ui.state import session
from planner.ui.state.session import Loaded

_OVERAGE = {"as in the contract": None, "list price": "list", "the committed discount": "committed"}


def offer_form(current: Loaded) -> None:
    """Fields for one more quote, and a button for each that is there."""
    with st.expander("Add or remove a quote", icon=":material/request_quote:", expanded=not current.plan.inputs.quotes):
        st.caption(
            "Everything that is not typed here is as on the page Contract. Other clauses of a quote go into its "
            "offer table in the plan file."
        )
        _add(current)
        for quote in current.plan.inputs.quotes:
            label = f"Remove '{visible(quote.name, 60)}'"
            if st.button(plain(label), key=f"remove_{quote.name}", icon=":material/delete:"):
                change_offers(lambda name=quote.name: without_offer(current.plan.inputs.text, name))


def _add(current: Loaded) -> None:
    round_ = session.edit_round()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.text_input("Name", key=f"offer_name_{round_}", max_chars=200, placeholder="Account team, 3 December")
        commit = st.number_input(
            "Commitment, USD a year",
            min_value=0.0,
            max_value=1e12,
            step=10_000.0,
            value=None,
            key=f"offer_commit_{round_}",
        )
        discount = st.number_input(
            "Discount, %", min_value=0.0, max_value=99.9, step=0.5, value=None, key=f"offer_discount_{round_}"
        )
        overage = st.selectbox("Use beyond it", list(_OVERAGE), key=f"offer_overage_{round_}")
    if st.button("Add this quote", key="add_offer", icon=":material/add:"):
        if not name.strip() or commit is None:
            st.error("Give the quote a name and a commitment; the discount may be left to the bands.")
            return
        offer: dict[str, Any] = {"name": name.strip(), "commit_usd_per_year": commit}
        if discount is not None:
            offer["discount_fraction"] = round(discount / 100, 12)
        if _OVERAGE[overage] is not None:
            offer["overage"] = _OVERAGE[overage]
        change_offers(lambda: with_offer(current.plan.inputs.text, offer))


def change_offers(change: Callable[[], str]) -> None:
    """Work the plan out again with the text that a change of its quotes makes, or say why not."""
    bar = st.progress(0.0, text="Working it out")
    try:
        session.apply_edit(
            change(), lambda step, done: bar.progress(min(done, 1.0), text=step.capitalize()), what="quotes"
        )
    except PlannerError as error:
        bar.empty()
        st.error(plain(str(error), 2000))
        return
    st.rerun()
