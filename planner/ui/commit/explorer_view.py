"""The commitment on the page Commit: one value, typed, taken from the address, picked, or dragged on the chart."""

from math import isfinite
from typing import Any

import pyarrow as pa
import streamlit as st

from planner.charts.commit_axis import follows_one_amount
from planner.charts.explorer import POINTS, TAKEN, TYPED, explorer_spec
from planner.charts.explorer_points import axis_top, points_frame, step_usd, step_words, told_rows
from planner.charts.style import Palette
from planner.offer import Offer
from planner.plan import Plan
from planner.ui.commit.decision import is_fixed
from planner.ui.showing import show
from planner.ui.showing.escape import plain
from planner.ui.state.session import Loaded
from planner.words import usd_rounded_down

MOST_COMMIT_USD = 1e12
NUMBER, OF_PLAN, TURN, CHART = "commit", "commit_of_plan", "commit_turn", "commit_explorer"
"""Keys of the session; the first is also the name in the address: `?commit=900000`."""


def typed_commit(current: Loaded) -> float:
    """The commitment in the field, USD a year; a new plan starts at its own best."""
    plan = current.plan
    best = plan.recommendation.offer.commit_usd_per_year
    asked = st.query_params.get(NUMBER)
    if st.session_state.get(OF_PLAN) not in (None, current.key):
        _set(best)
    is_first = st.session_state.get(OF_PLAN) is None
    st.session_state[OF_PLAN] = current.key
    with st.container(horizontal=True, vertical_alignment="bottom"):
        _field(plan, best)
        _presets(plan, best)
    commit = _in_dollars(float(st.session_state[NUMBER]), plan)
    if is_first and asked is not None and not _is_amount(asked):
        st.warning(
            f"The address asks for a commitment of {plain(asked, 40) or 'nothing'}, which is no amount from 0 to "
            f"{plain(usd_rounded_down(MOST_COMMIT_USD))}; the field starts at {plain(usd_rounded_down(commit))}."
        )
    return commit


def _in_dollars(commit: float, plan: Plan) -> float:
    """A commitment as the field shows it: whole dollars, or a threshold's cent would be told beside another amount.

    The offers that are marked on the curve stay what they are.
    """
    marked = (plan.recommendation.offer, plan.sign_first.signed.offer)
    return commit if commit in {offer.commit_usd_per_year for offer in marked} else float(round(commit))


def _is_amount(text: str) -> bool:
    try:
        return 0.0 <= float(text) <= MOST_COMMIT_USD
    except ValueError:
        return False


def _field(plan: Plan, best: float) -> None:
    ramped = follows_one_amount(plan) and plan.inputs.contract.ramp != "flat"
    st.number_input(
        "Commitment of contract year 1, USD" if ramped else "Commitment, USD a year",
        min_value=0.0,
        max_value=MOST_COMMIT_USD,
        value=best,
        step=step_usd(axis_top(plan, plan.recommendation.offer)),
        format="%.0f",
        key=NUMBER,
        on_change=_typed,
        persist_state="session",
        bind="query-params",
        width=280,
    )


def _presets(plan: Plan, best: float) -> None:
    first = plan.sign_first.signed.offer.commit_usd_per_year
    st.button("As fixed" if is_fixed(plan) else "Recommended", key="to_best", on_click=_set, args=(best,))
    if first != best and not is_fixed(plan):
        st.button("Signed first", key="to_first", on_click=_set, args=(first,))
    st.button("No commitment", key="to_none", on_click=_set, args=(0.0,))


def _set(commit: float) -> None:
    st.session_state[NUMBER] = commit
    _typed()


def _typed() -> None:
    """What was dragged no longer holds."""
    if st.session_state[NUMBER] is None:
        st.session_state[NUMBER] = 0.0
    st.session_state[TURN] = st.session_state.get(TURN, 0) + 1


def _dragged() -> None:
    """Take what was dragged to into the field, unless something was typed since; it comes from the browser."""
    taken = st.session_state[CHART].selection.get(TAKEN)
    usd = taken.get("usd") if isinstance(taken, dict) and taken.get("turn") == st.session_state.get(TURN, 0) else None
    if isinstance(usd, int | float) and isfinite(usd) and 0.0 <= usd <= MOST_COMMIT_USD:
        st.session_state[NUMBER] = float(usd)


def explorer(current: Loaded, offer: Offer) -> None:
    """The chart on which the commitment is dragged: without the server until it is let go."""
    plan, palette = current.plan, show.palette()
    top = axis_top(plan, offer)
    spec, points = _view(f"{current.key} {palette.ground} {top!r}", plan, top, palette)
    typed = pa.Table.from_pylist([told_rows(plan, [offer])[0] | {"turn": st.session_state.get(TURN, 0)}])
    show.spec(
        spec | {"datasets": {POINTS: points, TYPED: typed}},
        says="Expected cost, shortfall probability and fifty equally likely years over commitments, with the chosen "
        "commitment across all three; figures below and in the tables.",
        key=CHART,
        on_select=_dragged,
        selection_mode=TAKEN,
    )
    st.caption(plain(step_words(plan, top)))


@st.cache_resource(scope="session", max_entries=8, show_spinner=False)
def _view(key: str, _plan: Plan, _top: float, _palette: Palette) -> tuple[dict[str, Any], pa.Table]:
    """The chart and the rows of its curve, made once for a plan, a ground and an axis."""
    frame = points_frame(_plan, _top)
    return explorer_spec(_plan, frame, _top, _palette), pa.Table.from_pandas(frame, preserve_index=False)
