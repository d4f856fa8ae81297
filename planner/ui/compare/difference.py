"""The difference of any two scenarios: of this plan, of the plan as it was opened, of other plan files."""

from collections.abc import Mapping, Sequence

import streamlit as st

from planner.plan import Plan
from planner.scenario_diff import ScenarioDiff, Side, scenario_diff
from planner.scenario_diff_report import (
    decision_table,
    diff_rows,
    diff_sentences,
    inputs_table,
    levers_table,
    outputs_table,
)
from planner.ui.showing import show
from planner.ui.showing.escape import visible
from planner.ui.state.kept import once
from planner.ui.state.session import Loaded

FROM, TO = "diff_from", "diff_to"
_AS_OPENED = "as opened"


def difference(current: Loaded, others: Sequence[Plan]) -> None:
    """Two sides to pick, then what differs between them: what is put in, what comes out, what each would sign."""
    sides = sides_of(current, others)
    with st.container(horizontal=True, gap="small"):
        a, b = _picked(FROM, "From", sides, _first(current, sides)), _picked(TO, "To", sides, _decided(current, sides))
    names, pair = (a, b), (sides[a], sides[b])
    found: ScenarioDiff = once("scenario_diff", _key(current, pair), lambda: scenario_diff(*pair))
    show.conclusion(diff_sentences(found, names))
    if found.is_empty:
        return
    if found.levers:
        show.table(levers_table(found, names), key="diff_levers")
    if found.inputs:
        show.table(inputs_table(found, names), key="diff_inputs")
    show.table(outputs_table(found, names), key="diff_outputs")
    show.table(decision_table(found, names), key="diff_decision", rows=lambda: diff_rows(found))


def sides_of(current: Loaded, others: Sequence[Plan]) -> Mapping[str, Side]:
    """Everything that can be compared, by what it is called here."""
    found = {name: Side(plan=current.plan, scenario=name) for name in current.plan.summaries}
    opened = current.edited_from
    if opened is not None:
        found |= {f"{_AS_OPENED}: {name}": Side(plan=opened.plan, scenario=name) for name in opened.plan.summaries}
    for index, plan in enumerate(others, start=2):
        found |= {f"{index}. {plan.inputs.name}: {name}": Side(plan=plan, scenario=name) for name in plan.summaries}
    return found


def _first(current: Loaded, sides: Mapping[str, Side]) -> str:
    """What to compare with at first: the baseline, or the plan as it was opened where there is nothing else."""
    inputs = current.plan.inputs
    if inputs.baseline != inputs.decision.scenario:
        return inputs.baseline
    return next((name for name in sides if name != inputs.decision.scenario), inputs.baseline)


def _decided(current: Loaded, sides: Mapping[str, Side]) -> str:
    return current.plan.inputs.decision.scenario


def _picked(key: str, label: str, sides: Mapping[str, Side], default: str) -> str:
    names = list(sides)
    if st.session_state.get(key, default) not in names:  # renamed, removed or not uploaded any more
        st.session_state.pop(key)
    return st.selectbox(
        label,
        names,
        index=names.index(default),
        format_func=lambda name: visible(name, 100),
        key=key,
        bind="query-params",
        width=360,
    )


def _key(current: Loaded, pair: tuple[Side, Side]) -> str:
    return repr((current.key, [(side.plan.inputs.sha256, side.scenario) for side in pair]))
