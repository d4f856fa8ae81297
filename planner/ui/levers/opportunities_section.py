"""What could move to a cheaper model, what evidence is missing, and presets that are added only when asked."""

from typing import Any

import streamlit as st

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
from planner.opportunities.suggest import suggestion
from planner.opportunities.suggestions import about, left_out, suggested
from planner.plan_file.lever_text import scenario_names
from planner.plan_file.suggest_text import with_suggested
from planner.ui.showing import show
from planner.ui.showing.asked import asked
from planner.ui.showing.changing import change_plan, refusal, refused_at
from planner.ui.showing.escape import plain
from planner.ui.state import session
from planner.ui.state.session import Loaded


def opportunities_section(current: Loaded) -> None:
    """Opportunities and presets, once they are asked for."""
    show.sentence(
        "For every type the cheapest tier that its evidence allows, what evidence is missing, and three scenarios to "
        "start from. Nothing is added to the plan by itself."
    )
    inputs = current.plan.inputs
    found = asked(
        current,
        "suggestion",
        button="Look for opportunities",
        says="It takes a few seconds.",
        make=lambda report: suggestion(inputs, None, report),
    )
    if found is not None:
        _found(current, found)


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
    refused = refusal(_place(preset))
    with st.expander(plain(f"Preset '{preset.name}': {routes}"), expanded=bool(refused)):
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
        elif refused:
            says.error(plain(refused, 2000))


def _add(current: Loaded, preset: Preset, says: Any) -> None:
    inputs = current.plan.inputs

    def done() -> None:
        session.pick_scenario(preset.name)
        st.toast(plain(f"Added '{preset.name}'; it is picked at the top of this page."))

    change_plan(
        lambda: with_suggested(inputs.text, suggested(preset), decided_on=inputs.decision.scenario),
        what=f"scenario {preset.name}",
        refused=refused_at(_place(preset)),
        done=done,
        says=says,
    )


def _place(preset: Preset) -> str:
    return f"preset {preset.name}"
