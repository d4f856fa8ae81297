"""Quotes typed into the app: added to the plan on the screen, or taken out of it."""

from collections.abc import Callable
from typing import Any, Final

import streamlit as st

from planner.plan_file.quote_text import with_offer, without_offer
from planner.ui.showing.changing import change_plan, refusal, refused_at
from planner.ui.showing.escape import plain, visible
from planner.ui.state import session
from planner.ui.state.session import Loaded

_PLACE = "quotes"
_STAYS: Final = {"persist_state": "session"}
"""What is typed is there when the page is opened again."""
_OVERAGE = {"as in the contract": None, "list price": "list", "the committed discount": "committed"}


def offer_form(current: Loaded) -> None:
    """Fields for one more quote, and a button for each that is there."""
    refused = refusal(_PLACE)
    is_open = bool(refused) or not current.plan.inputs.quotes
    with st.expander("Add or remove a quote", icon=":material/request_quote:", expanded=is_open):
        st.caption(
            "Everything that is not typed here is as on the page Contract. Other clauses of a quote go into its "
            "offer table in the plan file."
        )
        says = st.empty()
        if refused:
            says.error(plain(refused, 2000))
        _add(current, says)
        for quote in current.plan.inputs.quotes:
            label = f"Remove '{visible(quote.name, 60)}'"
            if st.button(plain(label), key=f"remove_{quote.name}", icon=":material/delete:"):
                change_offers(lambda name=quote.name: without_offer(current.plan.inputs.text, name), _PLACE, says)


def _add(current: Loaded, says: Any) -> None:
    round_ = session.edit_round()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.text_input(
            "Name", key=f"offer_name_{round_}", max_chars=200, placeholder="Their offer, 3 Dec", **_STAYS
        )
        commit = st.number_input(
            "Commitment, USD a year",
            min_value=0.0,
            max_value=1e12,
            step=10_000.0,
            value=None,
            key=f"offer_commit_{round_}",
            **_STAYS,
        )
        discount = st.number_input(
            "Discount, %", min_value=0.0, max_value=99.9, step=0.5, value=None, key=f"offer_discount_{round_}", **_STAYS
        )
        overage = st.selectbox("Use beyond it", list(_OVERAGE), key=f"offer_overage_{round_}", **_STAYS)
    if st.button("Add this quote", key="add_offer", icon=":material/add:"):
        if not name.strip() or commit is None:
            st.error("Give the quote a name and a commitment; the discount may be left to the bands.")
            return
        offer: dict[str, Any] = {"name": name.strip(), "commit_usd_per_year": commit}
        if discount is not None:
            offer["discount_fraction"] = round(discount / 100, 12)
        if _OVERAGE[overage] is not None:
            offer["overage"] = _OVERAGE[overage]
        change_offers(lambda: with_offer(current.plan.inputs.text, offer), _PLACE, says)


def change_offers(change: Callable[[], str], place: str, says: Any = None) -> None:
    """Work the plan out again with the text that a change of its quotes makes; why not is kept under the place."""
    change_plan(change, what="quotes", refused=refused_at(place), says=says)
