"""What could move to a cheaper model, what evidence is missing, and presets that are added only when asked."""

from typing import Any

import streamlit as st

from planner.errors import PlannerError
from planner.opportunities.presets import Preset
from planner.opportunities.report import (
    Suggestion,
    assumptions_table,
    beside_table,
    candidates_table,
    opportunities_table,
    presets_table,
)
from planner.opportunities.sentences import headline
from planner.opportunities.suggestions import about, left_out, suggested
from planner.plan_file.lever_text import scenario_names
from planner.plan_file.suggest_text import with_suggested
from planner.ui.showing import show
from planner.ui.showing.escape import plain
from planner.ui.state import results, session
from planner.ui.state.session import Loaded


def opportunities_section(current: Loaded) -> None:
    """Opportunities and presets, once they are asked for."""
    show.sentence(
        "For every type the cheapest tier that its evidence allows, what evidence is missing, and three scenarios to "
        "start from. Nothing is added to the plan by itself."
    )
    if results.has_suggestion(current):
        _found(current, results.suggestion_of(current, lambda step, done: None))
    elif st.button("Look for opportunities", key="suggest", icon=":material/search:"):
        _look(current)


def _look(current: Loaded) -> None:
    bar = st.progress(0.0, text="Looking for opportunities")
    try:
        results.suggestion_of(current, lambda step, done: bar.progress(min(done, 1.0), text=step.capitalize()))
    except PlannerError as error:
        bar.empty()
        st.error(plain(str(error), 2000))
        return
    st.rerun()


def _found(current: Loaded, found: Suggestion) -> None:
    for line in headline(found):
        show.sentence(line)
    for note in found.notes:
        if note not in current.plan.warnings:  # those the page shows already
            st.caption(plain(note, 2000))
    show.table(opportunities_table(found), key="opportunities")
    show.beside(candidates_table(found), key="candidates")
    show.beside(beside_table(found.beside), key="beside_routing")
    show.table(presets_table(found), key="presets")
    show.beside(assumptions_table(found.presets), key="assumptions")
    for preset in found.presets:
        _preset(current, preset)


def _preset(current: Loaded, preset: Preset) -> None:
    """What a preset assumes, and the button that adds it."""
    routes = f"{len(preset.moves)} {'route' if len(preset.moves) == 1 else 'routes'}"
    with st.expander(plain(f"Preset '{preset.name}': {routes}")):
        for line in (*about(preset), *left_out(preset)):
            st.markdown(f"- {plain(line, 2000)}")
        if not preset.moves:
            show.sentence("This preset moves nothing in this plan.")
            return
        if preset.name in scenario_names(current.plan.inputs.text):
            show.sentence(f"The plan has a scenario '{preset.name}' already: pick it at the top of this page.")
            return
        says = st.empty()
        if st.button(f"Add '{preset.name}' as a scenario", key=f"add_{preset.name}", icon=":material/add:"):
            _add(current, preset, says)


def _add(current: Loaded, preset: Preset, says: Any) -> None:
    inputs = current.plan.inputs
    try:
        text = with_suggested(inputs.text, suggested(preset), decided_on=inputs.decision.scenario)
        bar = says.progress(0.0, text="Working it out")
        session.apply_edit(
            text,
            lambda step, done: bar.progress(min(done, 1.0), text=step.capitalize()),
            what=f"scenario {preset.name}",
        )
        session.pick_scenario(preset.name)
    except PlannerError as error:
        says.error(plain(str(error), 2000))
        return
    st.toast(plain(f"Added '{preset.name}'; it is picked at the top of this page."))
    st.rerun()
