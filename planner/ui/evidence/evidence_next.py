"""What to test next: chance, saving and cost at once; what knowing it is worth to the commitment on request."""

import streamlit as st

from planner.evidence_in_plan.next_tests import NextTest, next_tests
from planner.evidence_reports.next_test_words import next_test_sentences
from planner.evidence_reports.next_tests import next_tests_table
from planner.negotiation.learning import what_to_learn
from planner.opportunities.verdicts import Opportunity, opportunities
from planner.ui.showing import show
from planner.ui.showing.asked import asked
from planner.ui.state import results
from planner.ui.state.session import Loaded, Report


def next_section(current: Loaded) -> None:
    """The table of tests, and the button that adds what their answers are worth to the commitment."""
    plan = current.plan
    found: tuple[Opportunity, ...] = results.result_of("opportunities", current, lambda: opportunities(plan.prepared))
    tests = next_tests(plan.prepared, found)
    for line in next_test_sentences(tests):
        show.sentence(line)
    if not tests:
        return
    place = st.container()

    def make(report: Report) -> tuple[NextTest, ...]:
        return next_tests(plan.prepared, found, what_to_learn(plan, report))

    valued = asked(
        current,
        "tests_valued",
        button="Value what the answers tell",
        says="What knowing a route's share or escalation before signing is worth to the commitment, and per dollar of "
        "the answers that would tell. It takes a few seconds.",
        make=make,
    )
    with place:
        show.table(next_tests_table(tests if valued is None else valued), key="next_tests")
    if valued is not None and all(test.information is None for test in valued):
        st.caption(
            "Nothing to add: no route of the scenario decided on goes to any of these models, so the commitment does "
            "not hang on them yet."
        )
