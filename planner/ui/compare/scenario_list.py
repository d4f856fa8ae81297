"""The scenarios of the plan, what each is, and what can be done with one: copy, rename, remove, decide on, edit."""

from collections.abc import Callable
from hashlib import sha256
from typing import Any

import streamlit as st

from planner.plan import Plan
from planner.plan_file.scenario_text import (
    duplicated,
    free_name,
    mentions_of,
    removed,
    renamed,
    with_baseline,
    with_decision_on,
)
from planner.plan_file.section import LONGEST_NAME
from planner.scenario_words import lever_words, mention_sentences
from planner.tables import Table
from planner.ui.compare.scenario_changes import change_scenarios
from planner.ui.showing import links, show
from planner.ui.showing.escape import plain
from planner.ui.showing.scenario_picker import KEY, picked_scenario
from planner.ui.state import session
from planner.ui.state.session import Loaded
from planner.words import percent, usd_estimate


def scenario_list(current: Loaded) -> None:
    """The list, and under it what can be done with the one that is picked."""
    plan = current.plan
    show.table(scenarios_list_table(plan), key="scenario_list")
    with st.container(border=True):
        name = picked_scenario(list(plan.summaries), decided=plan.inputs.decision.scenario, label="Change a scenario")
        says = st.empty()
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            _named(current, name, "Duplicate")
            _named(current, name, "Rename")
            _remove(current, name)
            _roles(current, name, says)
            links.to_page("Levers", "Edit its levers", knobs={KEY: name})


def scenarios_list_table(plan: Plan) -> Table:
    """What each scenario is, what it costs at list, and what it saves against the baseline."""
    rows = []
    for name, summary in plan.summaries.items():
        marks = [
            words
            for words, at in (("the baseline", plan.inputs.baseline), ("decided on", plan.inputs.decision.scenario))
            if at == name
        ]
        rows.append(
            (
                name,
                ", ".join(marks) or "an alternative",
                lever_words(plan.inputs.scenario(name)),
                usd_estimate(summary.annual),
                percent(summary.run_rate_saving_fraction),
            )
        )
    return Table(
        title="Scenarios of this plan",
        columns=("scenario", "role", "levers", "list spend, year 1", "run-rate saving"),
        rows=tuple(rows),
        numeric=frozenset({3, 4}),
    )


def _place(current: Loaded, action: str, name: str) -> str:
    """A key that another plan, and another scenario, does not share: what was typed belongs to one of them."""
    mark = sha256(f"{current.key} {current.plan.inputs.text} {name}".encode()).hexdigest()[:8]
    return f"{action.lower()}_{session.edit_round()}_{mark}"


def _named(current: Loaded, name: str, action: str) -> None:
    """A copy, or another name: both ask for a name first."""
    text, is_copy = current.plan.inputs.text, action == "Duplicate"
    place = _place(current, action, name)
    with st.popover(action, icon=":material/content_copy:" if is_copy else ":material/edit:", key=f"{place}_open"):
        new = st.text_input(
            "Name of the copy" if is_copy else "New name",
            value=free_name(text, f"{name} copy") if is_copy else name,
            max_chars=LONGEST_NAME,
            key=f"{place}_name",
            persist_state="session",
        )
        if not is_copy:
            st.caption("What names it follows: the decision, its weights, and who answers for its keys.")
        label = "Make the copy" if is_copy else "Rename it"
        pressed = st.button(label, key=f"{action.lower()}_scenario", type=show.emphasis(), disabled=new == name)
        change: Callable[[str, str, str], str] = duplicated if is_copy else renamed
        what = f"a copy of '{name}'" if is_copy else f"the name of '{name}'"
        change_scenarios(lambda: change(text, name, new), pressed=pressed, what=what, says=st.empty(), picks=new)


def _remove(current: Loaded, name: str) -> None:
    text = current.plan.inputs.text
    said = mentions_of(text, name)
    with st.popover("Remove", icon=":material/delete:", key=f"{_place(current, 'remove', name)}_open"):
        if said.is_baseline:
            show.sentence(f"'{name}' is the mix as it is, which everything is compared with: it stays.")
            return
        if said.is_decided:
            show.sentence(f"The plan decides on '{name}'. Decide on another scenario first, then remove this one.")
            return
        for line in mention_sentences(said):
            show.sentence(line)
        show.sentence(f"Remove '{name}' from the plan? Undo brings it back.")
        pressed = st.button("Remove it", key="remove_scenario", type=show.emphasis())
        change_scenarios(lambda: removed(text, name), pressed=pressed, what=f"'{name}' removed", says=st.empty())


def _roles(current: Loaded, name: str, says: Any) -> None:
    """What the plan decides on, and what it compares with."""
    inputs = current.plan.inputs
    if name != inputs.decision.scenario:
        pressed = st.button(
            "Decide on it",
            key="decide_on",
            icon=":material/handshake:",
            help=plain(f"Size the commitment for '{name}', on every page."),
        )
        what = f"the decision, on '{name}'"
        change_scenarios(lambda: with_decision_on(inputs.text, name), pressed=pressed, what=what, says=says)
    if name != inputs.baseline and not inputs.scenario(name).has_levers:
        pressed = st.button(
            "Make it the baseline", key="make_baseline", icon=":material/flag:", help="Measure every saving against it."
        )
        what = f"the baseline, '{name}'"
        change_scenarios(lambda: with_baseline(inputs.text, name), pressed=pressed, what=what, says=says)
