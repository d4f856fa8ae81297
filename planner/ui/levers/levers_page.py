"""Levers: what each brings, the types and routes to edit, and every unit cost down to prices and their dates."""

from functools import partial

import streamlit as st

from planner.charts.waterfall import waterfall_chart
from planner.lever_costs.scenario_costs import ScenarioCosts
from planner.lever_savings import joint_savings, lever_efforts, type_savings
from planner.levers_report import efforts_table, joint_savings_table, type_savings_table, waterfall_table
from planner.levers_sentences import levers_sentences
from planner.plan_file.scenario_text import with_decision_on
from planner.provenance_of.levers import levers_provenance
from planner.ui.compare.scenario_changes import change_scenarios
from planner.ui.levers.lever_editor import lever_editor
from planner.ui.levers.lever_trace import trace
from planner.ui.levers.opportunities_section import opportunities_section
from planner.ui.showing import show
from planner.ui.showing.escape import plain
from planner.ui.showing.scenario_picker import picked_scenario
from planner.ui.state.results import waterfalls_of
from planner.ui.state.session import Loaded, loaded


def page() -> None:
    """The waterfall of a scenario, its types and routes, unit costs before and after, and what could move."""
    current = loaded()
    plan = current.plan
    show.head("Levers", "What routing, caching, batch and shorter output change of the bill, and what each rests on.")
    first = st.container()
    with st.spinner("Splitting the change over the levers"):
        found = waterfalls_of(current)
    costs = _picked(current)
    name = costs.scenario.name
    with first:
        show.conclusion(levers_sentences(plan, found, name), where=partial(levers_provenance, plan, found[name]))
    if costs.scenario.has_levers:
        says = f"Waterfall of scenario {name}, from today's list spend to what is paid; figures in the table."
        show.chart(lambda palette: waterfall_chart(found[name], palette), says=says, key="waterfall")
        show.beside(waterfall_table(found[name]), key="waterfall_table")
    _decide(current, name)
    st.header("Types and routes")
    lever_editor(current, costs)
    if costs.scenario.has_levers:
        st.header("Before and after")
        show.table(type_savings_table(name, type_savings(plan.prepared, costs)), key="type_savings")
        show.beside(joint_savings_table(name, joint_savings(plan.prepared, costs)), key="joint_savings")
        if efforts := lever_efforts(plan.prepared, costs.scenario):
            show.table(efforts_table(name, efforts), key="efforts")
    st.header("Where a unit cost comes from")
    trace(plan.prepared, costs)
    st.header("What could move")
    opportunities_section(current)
    show.warnings(plan, expanded=False)


def _decide(current: Loaded, name: str) -> None:
    """The way to size the commitment for the scenario on this page, where the plan decides on another one."""
    inputs = current.plan.inputs
    if name == inputs.decision.scenario or not inputs.scenario(name).has_levers:
        return
    says = st.empty()
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(plain(f"The plan decides on '{inputs.decision.scenario}': '{name}' moves no commitment yet."))
        pressed = st.button("Decide on it", key="decide_on_levers", icon=":material/handshake:")
    what = f"the decision, on '{name}'"
    change_scenarios(lambda: with_decision_on(inputs.text, name), pressed=pressed, what=what, says=says)


def _picked(current: Loaded) -> ScenarioCosts:
    """The scenario to look at: the one decided on, unless another is picked or was just added."""
    plan = current.plan
    known = {costs.scenario.name: costs for costs in plan.prepared.scenario_costs}
    return known[picked_scenario(list(known), decided=plan.inputs.decision.scenario)]
