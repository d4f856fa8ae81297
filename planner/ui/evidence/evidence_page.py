"""Evidence: which models have been shown to hold, what is stale, what to test next, what it cost, how to go on."""

import streamlit as st

from planner.charts.evidence import MOST_ROWS, standings_chart
from planner.evidence_reports.standing_words import (
    rates_table,
    stale_sentences,
    standing_rows,
    standing_sentences,
    unpriced_words,
    worth_table,
)
from planner.evidence_reports.standings import Standing, route_standings, standings
from planner.ui.evidence.evidence_costs import costs_section, plan_name
from planner.ui.evidence.evidence_next import next_section
from planner.ui.evidence.evidence_running import running_section
from planner.ui.evidence.evidence_uploads import uploads_section
from planner.ui.showing import show
from planner.ui.showing.escape import plain
from planner.ui.state import results
from planner.ui.state.session import Loaded, loaded


def page() -> None:
    """What the routes rest on first, then every interval against its bar, what is stale, and how to learn more."""
    current = loaded()
    show.head(
        "Evidence",
        "A type moves to a cheaper model only when that model has been shown to hold: what has been shown, and what "
        "has not.",
    )
    found = _standings(current)
    show.conclusion(standing_sentences(current.plan, route_standings(current.plan.prepared, found)))
    pictures = st.container()  # drawn last: what is uploaded below stands in them too
    if stale := stale_sentences(found):
        st.header("Stale evidence")
        _stale(current, stale)
    st.header("What to test next")
    next_section(current)
    st.header("Graded answers from elsewhere")
    uploaded = uploads_section(current)
    st.header("Run an evaluation")
    running_section(current)
    st.header("Cost so far")
    costs_section(current, uploaded.costs_usd if uploaded else ())
    show.warnings(current.plan, expanded=False)
    with pictures:
        _pictures([*found, *(uploaded.standings if uploaded else ())])


def _standings(current: Loaded) -> tuple[Standing, ...]:
    found: tuple[Standing, ...] = results.result_of("standings", current, lambda: standings(current.plan.prepared))
    return found


def _pictures(found: list[Standing]) -> None:
    if not found:
        show.sentence(
            "No graded answers are in this plan yet. Bring some from elsewhere below, or run an evaluation; their pass "
            "rates then stand here against the bar."
        )
        return
    says = "Pass rate of each type and model with its bounds, against the bar to hold; figures in the table."
    show.chart(lambda palette: standings_chart(found, palette), says=says, key="standings_chart")
    if len(found) > MOST_ROWS:
        st.caption(f"The first {MOST_ROWS} of {len(found)} are drawn; the table has all of them.")
    show.table(rates_table(found), key="pass_rates", rows=lambda: standing_rows(found))
    show.table(worth_table(found), key="worth")
    for line in unpriced_words(found):
        st.caption(plain(line, 2000))


def _stale(current: Loaded, lines: tuple[str, ...]) -> None:
    *which, means, remedy = lines
    for line in which:
        st.markdown(f"- {plain(line)}")
    show.sentence(means)
    show.sentence(remedy)
    show.code(f"planner evidence check {plan_name(current)} new-graded.jsonl")
