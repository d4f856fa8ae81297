"""Commit: how much to promise, what can go wrong with it, and what any other commitment would mean."""

from functools import partial
from typing import Any

import streamlit as st

from planner.charts.commit_axis import counts_present_value, follows_one_amount
from planner.charts.commitment import (
    cost_curve_chart,
    curve_top,
    has_use_chart,
    redrawn,
    risk_curve_chart,
    use_chart,
    use_range,
)
from planner.charts.frontier import dead_zone_chart, frontier_chart
from planner.charts.ledger import ledger_chart, periods_chart
from planner.charts.style import Palette
from planner.offer import Offer
from planner.outcome import OfferOutcome
from planner.plan import Plan
from planner.provenance_of.columns import commitment_columns, dead_zone_columns, ledger_columns, use_columns
from planner.provenance_of.told import decided
from planner.report import curve_table, decision_table, headline
from planner.ui.commit.decision import (
    dead_zone,
    decision_figures,
    field_words,
    is_fixed,
    offer_figures,
    offer_sentence,
    sample_of,
    tried_offer,
    why,
)
from planner.ui.commit.decision_tables import (
    alternatives_table,
    dead_zone_table,
    frontier_table,
    ledger_table,
    periods_table,
    used_up_table,
)
from planner.ui.showing import downloads, show
from planner.ui.showing.provenance_popover import ProvenancesOf
from planner.ui.state.session import Loaded, loaded
from planner.words import usd

MOST_COMMIT_USD = 1e12
NUMBER, SLIDER, OF_PLAN = "commit_number", "commit_slider", "commit_of_plan"


def page() -> None:
    """The recommendation on one screen, then any commitment against it, then why routing comes first."""
    current = loaded()
    plan = current.plan
    show.head("Commit", "How much to promise for the term, and what can go wrong with it.")
    show.conclusion(headline(plan), where=partial(decided, plan))
    show.metrics(decision_figures(plan))
    show.sentence(why(plan))
    show.table(alternatives_table(plan), key="alternatives", where=_columns(plan))
    st.header("Try a commitment")
    if words := field_words(plan):
        show.sentence(words)
    offer = tried_offer(plan, _typed_commit(current))
    outcome = _outcome(f"{current.key} {offer!r}", plan, offer)
    _figures(plan, offer, outcome)
    _charts(current, offer)
    _term(plan, outcome)
    st.header("Cost against risk")
    _frontier(plan)
    st.header("The dead zone")
    _dead_zone(plan, outcome)
    st.header("The whole decision")
    rows = partial(downloads.decision_rows, plan)
    show.table(decision_table(plan), key="decision", rows=rows, where=partial(decided, plan))
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
    ramped = follows_one_amount(plan) and plan.inputs.contract.ramp != "flat"
    left.number_input(
        "Commitment of contract year 1, USD" if ramped else "Commitment, USD a year",
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
        st.button("As fixed" if is_fixed(plan) else "Recommended", key="to_best", on_click=_set, args=(best, top))
        if first != best and not is_fixed(plan):
            st.button("Signed first", key="to_first", on_click=_set, args=(first, top))
        st.button("No commitment", key="to_none", on_click=_set, args=(0.0, top))
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
    value = sample_of(plan).expect([offer])[0]
    show.sentence(offer_sentence(plan, offer, value))
    show.metrics(offer_figures(plan, value, outcome))


def _charts(current: Loaded, offer: Offer) -> None:
    plan, palette = current.plan, show.palette()
    specs = _templates(_template_key(current, offer, palette), plan, offer, palette)
    cost, risk, *use = (redrawn(spec, plan, offer, palette) for spec in specs)
    best = plan.recommendation
    says = f"Expected cost over commitments; marked: {usd(best.offer.commit_usd_per_year)} a year."
    show.spec(cost, says=says, key="cost_curve")
    show.beside(
        curve_table(plan), key="cost_curve_table", rows=lambda: downloads.curve_rows(plan), where=_columns(plan)
    )
    show.spec(risk, says="Shortfall probability over commitments; figures in the table above.", key="risk_curve")
    for spec in use:
        show.spec(spec, says="Chance that a year's list use reaches an amount; figures in the table.", key="use_curve")
        told = partial(use_columns, plan, plan.inputs.decision.scenario)
        show.beside(used_up_table(plan, offer), key="used_up", where=told)


def _term(plan: Plan, outcome: OfferOutcome) -> None:
    """The typed commitment period by period: against use, and where its dollars go; of one period the table alone."""
    st.header("Over the term")
    ledger, told = ledger_table(plan, outcome), partial(ledger_columns, plan, outcome)
    if len(outcome.ledger) > 1:
        says = "Commitment and use of each period; figures in the table."
        show.chart(lambda palette: periods_chart(plan, outcome, palette), says=says, key="periods")
        show.beside(periods_table(plan, outcome), key="periods_table", where=told)
        says = "Dollars of each period: drawn, forfeited, overage; figures in the table."
        show.chart(lambda palette: ledger_chart(plan, outcome, palette), says=says, key="ledger")
    show.table(ledger, key="ledger_table", rows=lambda: downloads.ledger_rows(outcome), where=told)


def _frontier(plan: Plan) -> None:
    says = "Least expected cost for each shortfall risk; figures in the table."
    show.chart(lambda palette: frontier_chart(plan, palette), says=says, key="frontier")
    rows = partial(downloads.frontier_rows, plan)
    show.beside(frontier_table(plan), key="frontier_table", rows=rows, where=_columns(plan))


def _dead_zone(plan: Plan, outcome: OfferOutcome) -> None:
    for line in dead_zone(plan, outcome):
        show.sentence(line)
    saving = outcome.marginal_saving_per_list_usd
    says = "What a routed list dollar still saves over commitments; figures in the table."
    show.chart(lambda palette: dead_zone_chart(plan, outcome.offer, saving, palette), says=says, key="dead_zone")
    rows = partial(downloads.dead_zone_rows, plan)
    show.beside(dead_zone_table(plan), key="dead_zone_table", rows=rows, where=partial(dead_zone_columns, plan))


def _columns(plan: Plan) -> ProvenancesOf:
    """Where the columns of a table over commitments come from."""
    return partial(commitment_columns, plan, present_value_counts=counts_present_value(plan))


def _template_key(current: Loaded, offer: Offer, palette: Palette) -> str:
    """Charts are made again only where their axes differ."""
    axes = (curve_top(current.plan, offer), use_range(current.plan, offer))
    return f"{current.key} {palette.ground} {axes}"


@st.cache_resource(scope="session", max_entries=16, show_spinner=False)
def _templates(key: str, _plan: Plan, _offer: Offer, _palette: Palette) -> tuple[dict[str, Any], ...]:
    makers = [cost_curve_chart, risk_curve_chart, *([use_chart] if has_use_chart(_plan) else [])]
    return tuple(make(_plan, _offer, _palette).to_dict() for make in makers)


@st.cache_resource(scope="session", max_entries=16, show_spinner=False)
def _outcome(key: str, _plan: Plan, _offer: Offer) -> OfferOutcome:
    """Settled once: under clauses that link periods that takes longer than the page."""
    known = _plan.recommendation
    return known if _offer == known.offer else _plan.outcome(_offer)
