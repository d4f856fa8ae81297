"""Commit: how much to promise, what can go wrong with it, and what any other commitment would mean."""

from typing import Any

import streamlit as st

from planner.charts.commitment import cost_curve_chart, curve_top, redrawn, risk_curve_chart, use_chart, use_range
from planner.charts.style import Palette
from planner.contract import Offer
from planner.outcome import OfferOutcome
from planner.plan import Plan
from planner.report import curve_table, decision_table, headline
from planner.ui import downloads, show
from planner.ui.decision import (
    alternatives_table,
    dead_zone,
    decision_figures,
    offer_figures,
    offer_sentence,
    used_up_table,
    why,
)
from planner.ui.session import Loaded, loaded
from planner.words import usd

MOST_COMMIT_USD = 1e12
NUMBER, SLIDER, OF_PLAN = "commit_number", "commit_slider", "commit_of_plan"


def page() -> None:
    """The recommendation on one screen, then any commitment against it, then why routing comes first."""
    current = loaded()
    plan = current.plan
    show.head("Commit", "How much to promise for the term, and what can go wrong with it.")
    show.conclusion(headline(plan))
    show.metrics(decision_figures(plan))
    show.sentence(why(plan))
    show.table(alternatives_table(plan), key="alternatives")
    st.subheader("Try a commitment")
    offer = plan.inputs.contract.offer_at(_typed_commit(current))
    outcome = plan.outcome(offer)
    _figures(plan, offer, outcome)
    _charts(current, offer)
    st.subheader("The dead zone")
    for line in dead_zone(plan, outcome):
        show.sentence(line)
    st.subheader("The whole decision")
    show.table(decision_table(plan), key="decision", rows=lambda: downloads.decision_rows(plan))
    st.markdown("**To take to the table**")
    with st.container(horizontal=True):
        downloads.plan_buttons(plan, place="commit")
    show.warnings(plan, expanded=False)


def _typed_commit(current: Loaded) -> float:
    """The commitment in the field, USD a year. Field and slider are one value; a new plan starts at its own best."""
    plan = current.plan
    top = _slider_top(plan)
    best = plan.recommendation.offer.commit_usd_per_year
    first = plan.sign_first.signed.offer.commit_usd_per_year
    if st.session_state.get(OF_PLAN) != current.key:
        st.session_state[OF_PLAN] = current.key
        _set(best, top)
    left, right = st.columns([2, 3], vertical_alignment="bottom")
    left.number_input(
        "Commitment, USD a year",
        min_value=0.0,
        max_value=MOST_COMMIT_USD,
        step=_step(top),
        format="%.0f",
        key=NUMBER,
        on_change=_from_number,
        args=(top,),
        persist_state="session",
    )
    right.slider(
        "The same, to drag",
        min_value=0.0,
        max_value=top,
        step=_step(top),
        format="$%,.0f",
        key=SLIDER,
        on_change=_from_slider,
        persist_state="session",
    )
    with st.container(horizontal=True):
        st.button("Recommended", key="to_best", on_click=_set, args=(best, top))
        if first != best:
            st.button("Signed first", key="to_first", on_click=_set, args=(first, top))
        st.button("None", key="to_none", on_click=_set, args=(0.0, top))
    return float(st.session_state[NUMBER])


def _set(commit: float, top: float) -> None:
    st.session_state[NUMBER] = commit
    st.session_state[SLIDER] = min(commit, top)


def _from_number(top: float) -> None:
    if st.session_state[NUMBER] is None:
        st.session_state[NUMBER] = 0.0
    st.session_state[SLIDER] = min(st.session_state[NUMBER], top)


def _from_slider() -> None:
    st.session_state[NUMBER] = st.session_state[SLIDER]


def _slider_top(plan: Plan) -> float:
    step = _step(curve_top(plan))
    return step * (int(curve_top(plan) / step) + 1)


def _step(top: float) -> float:
    """A round step, a hundredth to a two-hundred-and-fiftieth of the range."""
    size = 10.0 ** (len(str(int(top))) - 3)
    return max(size if top / size <= 250 else 5 * size, 1.0)


def _figures(plan: Plan, offer: Offer, outcome: OfferOutcome) -> None:
    value = plan.samples[plan.inputs.decision.scenario].expect([offer])[0]
    show.sentence(offer_sentence(plan, offer, value))
    show.metrics(offer_figures(plan, value, outcome))


def _charts(current: Loaded, offer: Offer) -> None:
    plan, palette = current.plan, show.palette()
    specs = _templates(_template_key(current, offer, palette), plan, offer, palette)
    cost, risk, use = (redrawn(spec, plan, offer, palette) for spec in specs)
    best = plan.recommendation
    says = f"Expected cost over commitments, least at {usd(best.offer.commit_usd_per_year)} a year within the limit."
    show.spec(cost, says=says, key="cost_curve")
    show.beside(curve_table(plan), key="cost_curve_table", rows=lambda: downloads.curve_rows(plan))
    show.spec(risk, says="Shortfall probability over commitments; figures in the table above.", key="risk_curve")
    show.spec(use, says="Chance that a year's list use reaches an amount; figures in the table.", key="use_curve")
    show.beside(used_up_table(plan, offer), key="used_up")


def _template_key(current: Loaded, offer: Offer, palette: Palette) -> str:
    """Charts are made again only where their axes differ."""
    axes = (curve_top(current.plan, offer), use_range(current.plan, offer))
    return f"{current.key} {palette.ground} {axes}"


@st.cache_resource(scope="session", max_entries=16, show_spinner=False)
def _templates(key: str, _plan: Plan, _offer: Offer, _palette: Palette) -> tuple[dict[str, Any], ...]:
    made = (make(_plan, _offer, _palette) for make in (cost_curve_chart, risk_curve_chart, use_chart))
    return tuple(chart.to_dict() for chart in made)
