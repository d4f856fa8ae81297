"""Presets: what a cautious, a middling and a bold scenario would do, said before one is added."""

import streamlit as st

from planner.opportunities.presets import Preset
from planner.opportunities.report import Suggestion, assumptions_table, presets_table
from planner.opportunities.suggest import suggestion
from planner.opportunities.suggestions import about, left_out, suggested
from planner.plan_file.scenario_text import names_of
from planner.plan_file.suggest_text import with_suggested
from planner.ui.compare.scenario_changes import change_scenarios
from planner.ui.showing import show
from planner.ui.showing.asked import asked
from planner.ui.showing.escape import plain
from planner.ui.state.session import Loaded
from planner.words import counted, percent, usd_estimate


def preset_picker(current: Loaded) -> None:
    """The presets once they are asked for: pick one, read what it assumes, add it."""
    found = _presets(current)
    if found is None:
        return
    names = [preset.name for preset in found.presets]
    name = st.pills("Preset", names, default=names[0], required=True, format_func=str.capitalize, key="preset")
    preset = next((item for item in found.presets if item.name == name), None)
    if preset is None:
        return
    _told(found, preset)
    _adding(current, preset)
    show.beside(presets_table(found), key="presets")
    show.beside(assumptions_table(found.presets), key="assumptions")


def _presets(current: Loaded) -> Suggestion | None:
    return asked(
        current,
        "suggestion",
        button="Work the presets out",
        says="Three scenarios to start from, made of what your evidence allows and of priors where there is none. "
        "Nothing is added to the plan by itself; it takes a few seconds.",
        make=lambda report: suggestion(current.plan.inputs, None, report),
    )


def _told(found: Suggestion, preset: Preset) -> None:
    """What the preset would do, in a sentence, and what it assumes."""
    outcome = next((item for item in found.outcomes if item.scenario == preset.name), None)
    with st.container(border=True):
        if outcome is None:
            st.markdown(f"**{plain(f'{preset.name.capitalize()} moves nothing in this plan.')}**")
        else:
            routes = counted(outcome.routes, "route")
            share = outcome.saving.mean / found.baseline.annual.mean if found.baseline.annual.mean else 0.0
            st.markdown(
                "**"
                + plain(
                    f"{preset.name.capitalize()} adds a scenario of {routes}: {usd_estimate(outcome.saving)} "
                    f"({percent(share)}) less list spend in the first year than '{found.baseline.scenario}'."
                )
                + "**"
            )
        for line in (*about(preset), *left_out(preset)):
            st.markdown(f"- {plain(line, 2000)}")


def _adding(current: Loaded, preset: Preset) -> None:
    inputs = current.plan.inputs
    if not preset.moves:
        return
    if preset.name in names_of(inputs.text):
        show.sentence(f"The plan has a scenario '{preset.name}' already; rename that one to add this preset beside it.")
        return
    pressed = st.button(
        f"Add '{preset.name}' as a scenario", key="add_preset", type=show.emphasis(), icon=":material/add:"
    )
    change_scenarios(
        lambda: with_suggested(inputs.text, suggested(preset), decided_on=inputs.decision.scenario),
        pressed=pressed,
        what=f"the preset '{preset.name}'",
        says=st.empty(),
        picks=preset.name,
    )
