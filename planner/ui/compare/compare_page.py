"""Compare: the scenarios of this plan and of others, what differs between them, and what a wrong guess costs."""

import streamlit as st

from planner.charts.regret import regret_chart
from planner.charts.spend import annual_ranges_chart
from planner.machine import compare_json
from planner.negotiation.regret import RegretMatrix, regret_matrix
from planner.negotiation_reports.regret import regret_sentences, regret_table
from planner.plan import Plan
from planner.report import differences_table, headline, scenarios_table
from planner.tables import Table
from planner.ui.compare.difference import difference
from planner.ui.compare.other_plans import other_plans
from planner.ui.compare.preset_picker import preset_picker
from planner.ui.compare.scenario_list import scenario_list
from planner.ui.showing import downloads, show
from planner.ui.showing.escape import plain
from planner.ui.showing.sentences import compare_conclusion, scenario_commitments_table
from planner.ui.state import results, session
from planner.ui.state.session import Loaded


def page() -> None:
    """The scenarios and what can be done with them; the difference of two; all side by side; regret."""
    current = session.loaded()
    show.head(
        "Compare",
        "The scenarios side by side, on the same demand and the same price paths: copy one, edit it, weigh it.",
    )
    show.conclusion(compare_conclusion(current.plan))
    above = st.container()
    others = other_plans()
    with above:
        scenario_list(current)
        st.header("What differs between two")
        difference(current, others)
        _side_by_side(current, [current.plan, *others])
        _regret(current)
        st.header("Presets to start from")
        preset_picker(current)
    show.warnings(current.plan, expanded=False)


def _side_by_side(current: Loaded, plans: list[Plan]) -> None:
    st.header("Side by side")
    if len(plans) > 1:
        for index, plan in enumerate(plans, start=1):
            st.markdown(f"**{index}. {plain(plan.inputs.name, 80)}** · {plain(headline(plan)[0])}")
    ranges = lambda palette: annual_ranges_chart(plans, palette)  # noqa: E731
    show.chart(ranges, says="P10 to P90 and median of annual list spend per scenario.", key="ranges")
    for index, plan in enumerate(plans, start=1):
        rows = (lambda: downloads.scenario_rows(plans)) if index == len(plans) else None
        show.beside(scenarios_table(plan), key=f"scenarios_{index}", rows=rows)
    key = " ".join([current.key, *(plan.inputs.sha256 for plan in plans)])
    show.table(_what_to_sign(key, plans), key="what_to_sign")
    compared = compare_json(plans)["differences"]
    show.beside(differences_table(compared), key="differences", rows=lambda: downloads.difference_rows(plans))


@st.cache_resource(scope="session", max_entries=4, show_spinner="Sizing every scenario")
def _what_to_sign(key: str, _plans: list[Plan]) -> Table:
    """Sized once: under clauses that link periods that takes longer than the page."""
    return scenario_commitments_table(_plans)


def _regret(current: Loaded) -> None:
    """Of this plan alone: other plans have other scenarios and, perhaps, other terms."""
    st.header("If another scenario comes true")
    plan = current.plan
    if len(plan.summaries) == 1:
        show.sentence(
            "The plan has one scenario, so there is no wrong guess to price: duplicate it above and edit the copy, or "
            "add a preset below."
        )
        return
    found: RegretMatrix = results.result_of("regret", current, lambda: regret_matrix(plan))
    for line in regret_sentences(found):
        show.sentence(line)
    says = "Grid of regret: the commitment that is signed in rows, the scenario that comes true in columns."
    show.chart(lambda palette: regret_chart(found, palette), says=says, key="regret_chart")
    show.table(regret_table(found), key="regret")
