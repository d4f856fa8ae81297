"""Commit: how much to promise, what can go wrong with it, and what any other commitment would mean."""

from collections.abc import Callable
from functools import partial

import streamlit as st

from planner.charts.commit_axis import counts_present_value
from planner.charts.commitment import has_one_use
from planner.charts.frontier import dead_zone_chart, frontier_chart
from planner.charts.ledger import ledger_chart, periods_chart
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
from planner.ui.commit.explorer_view import explorer, typed_commit
from planner.ui.showing import downloads, show
from planner.ui.showing.provenance_popover import ProvenancesOf
from planner.ui.state.session import Loaded, loaded

FIGURES = "Exact figures of this commitment, their errors, and where they come from"


def page() -> None:
    """The recommendation on one screen, then any commitment against it, then what lies behind, unfolded on demand."""
    current = loaded()
    plan = current.plan
    show.head("Commit", "How much to promise for the term, and what can go wrong with it.")
    show.conclusion(headline(plan), where=partial(decided, plan))
    show.metrics(decision_figures(plan))
    show.sentence(why(plan))
    show.table(alternatives_table(plan), key="alternatives", where=_columns(plan))
    _try(current)
    _unfolded("frontier", "Cost against risk: what accepting more risk saves", lambda: _frontier(plan))
    _unfolded("decision", "The whole decision, beside signing first", lambda: _whole(plan))
    st.markdown("**To take to the table**")
    with st.container(horizontal=True):
        downloads.plan_buttons(plan, place="commit")
    show.warnings(plan, expanded=False)


@st.fragment
def _try(current: Loaded) -> None:
    """Any commitment against the recommendation, and what lies behind. A fragment: nothing else depends on it."""
    plan = current.plan
    st.header("Try a commitment")
    if words := field_words(plan):
        show.sentence(words)
    offer = tried_offer(plan, typed_commit(current))
    explorer(current, offer)
    value = sample_of(plan).expect([offer])[0]
    show.sentence(offer_sentence(plan, offer, value))
    outcome = partial(_outcome, f"{current.key} {offer!r}", plan, offer)
    _unfolded("figures", FIGURES, lambda: show.metrics(offer_figures(plan, value, outcome())))
    _unfolded("term", "Over the term: the ledger of this commitment", lambda: _term(plan, outcome()))
    _unfolded("zone", "The dead zone: what a routed dollar still saves", lambda: _dead_zone(plan, outcome()))
    _unfolded("curve", "Table: Expected cost over commitments", lambda: _curve(plan))
    if has_one_use(plan):
        _unfolded("use", "Table: List use of a year, by its chance", lambda: _use(plan, offer))


def _unfolded(key: str, title: str, make: Callable[[], None]) -> None:
    """What is made when it is unfolded: making all of it would take most of the time of a typed number."""
    place = st.expander(title, key=f"folded_{key}", on_change="rerun")
    if place.open:
        with place:
            make()


def _curve(plan: Plan) -> None:
    rows = partial(downloads.curve_rows, plan)
    show.table(curve_table(plan), key="cost_curve_table", rows=rows, where=_columns(plan))


def _use(plan: Plan, offer: Offer) -> None:
    told = partial(use_columns, plan, plan.inputs.decision.scenario)
    show.table(used_up_table(plan, offer), key="used_up", where=told)


def _whole(plan: Plan) -> None:
    rows = partial(downloads.decision_rows, plan)
    show.table(decision_table(plan), key="decision", rows=rows, where=partial(decided, plan))


def _term(plan: Plan, outcome: OfferOutcome) -> None:
    """The typed commitment period by period: against use, and where its dollars go; of one period the table alone."""
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


@st.cache_resource(scope="session", max_entries=16, show_spinner=False)
def _outcome(key: str, _plan: Plan, _offer: Offer) -> OfferOutcome:
    """Settled once: under clauses that link periods that takes longer than the page."""
    known = _plan.recommendation
    return known if _offer == known.offer else _plan.outcome(_offer)
