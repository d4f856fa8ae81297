"""The table on which routes are changed; nothing is worked out until it is applied."""

from hashlib import sha256
from typing import Any, Final

import pandas as pd
import streamlit as st

from planner.lever_costs.scenario_costs import ScenarioCosts
from planner.lever_savings import joint_savings
from planner.opportunities.candidates import current_models
from planner.plan_file.lever_text import scenario_names, with_routes
from planner.ui.levers.lever_form import CELLS, KEEP, TypeRow, edits, is_edited, type_row
from planner.ui.showing import show
from planner.ui.showing.changing import change_plan, refusal, refused_at
from planner.ui.showing.escape import plain
from planner.ui.state import session
from planner.ui.state.session import Loaded
from planner.words import percent, usd_short

_DRAFTS, _STARTED = "levers_drafts", "levers_started"
_HELP: Final = (
    "A percentage: 7, 5 to 9 (P10 to P90), or 2 / 7 / 12 (low, most likely, high). Graded answers: 188 of 200 passed."
)


def lever_editor(current: Loaded, costs: ScenarioCosts) -> None:
    """The types of a scenario in a table, with what was wrong with what was typed beside it."""
    name = costs.scenario.name
    if name not in scenario_names(current.plan.inputs.text) or name == current.plan.inputs.baseline:
        others = len(current.plan.prepared.scenario_costs) > 1
        show.sentence(
            f"'{name}' is the mix as it is, which everything is compared with, so it stays without levers. "
            + ("Pick another scenario to edit, or add" if others else "Look for opportunities below, and add")
            + " a preset as a scenario."
        )
        return
    rows = _rows(current, costs)
    show.sentence(
        "Target, share, escalation and the ramp's start and length (months) are yours to change: type 80 to 95 for an "
        "interval. Nothing is worked out until you apply; the plan file stays as it is until you take the changed one "
        "away."
    )
    key, draft = _key(current, name), _draft_of(current, name, rows)
    with st.container(border=True):
        typed = _table(rows, current, key, draft)
        changed = is_edited(rows, typed)
        says = st.empty()
        with st.container(horizontal=True, vertical_alignment="center"):
            applied = st.button(
                "Apply", key="apply_levers", type=show.emphasis(), icon=":material/check:", disabled=not changed
            )
            st.caption("Typed, and not applied yet." if changed else "Nothing was typed that is not in the plan.")
    for note in (note for row in rows for note in row.notes):
        st.caption(plain(note))
    if applied:
        _apply(current, name, rows, typed, draft, says)
    elif refused := refusal(_place(name)):
        says.error(f"**These levers were not applied; the plan is as it was.** {plain(refused, 2000)}")


def _key(current: Loaded, scenario: str) -> str:
    text = current.key + current.plan.inputs.text + scenario
    return f"levers_{sha256(text.encode()).hexdigest()[:10]}_{session.edit_round()}"


def _draft_of(current: Loaded, scenario: str, rows: list[TypeRow]) -> str:
    """What a draft is kept under: edits elsewhere in the plan make another table, and not another draft."""
    opened = current.edited_from or current
    cells = [[row.request_type, row.target, *(getattr(row, name) for name in CELLS)] for row in rows]
    return sha256(repr((opened.key, scenario, cells)).encode()).hexdigest()


def _rows(current: Loaded, costs: ScenarioCosts) -> list[TypeRow]:
    """A row for each type of the mix, the largest part of the bill first."""
    plan = current.plan
    saved = {item.request_type: item.saving_usd_per_month for item in joint_savings(plan.prepared, costs)}
    models: dict[str, dict[str, float]] = {}
    for line in plan.prepared.mix_lines:
        models.setdefault(line.request_type, {})[line.model] = line.share_of_bill
    rows = [
        type_row(
            plan.inputs.text,
            costs.scenario.name,
            name,
            models=_models(shares),
            share_of_bill=sum(shares.values()),
            saving_usd_per_month=saved[name],
        )
        for name, shares in models.items()
    ]
    return sorted(rows, key=lambda row: -row.share_of_bill)


def _models(shares: dict[str, float]) -> str:
    """The model with the most of a type's bill, and how many others there are: the column is narrow."""
    first, *others = (model.removeprefix("claude-") for model in sorted(shares, key=lambda model: -shares[model]))
    return f"{first} +{len(others)}" if others else first


def _table(rows: list[TypeRow], current: Loaded, key: str, draft: str) -> list[dict[str, Any]]:
    """The cells as they stand on the screen, what was typed before the page was left included."""
    started, drafts = st.session_state.setdefault(_STARTED, {}), st.session_state.setdefault(_DRAFTS, {})
    if key not in st.session_state:  # the table was not shown in the last run, and what was typed is in no widget
        fresh = [_cells(row) for row in rows]
        started[key] = [cells | typed for cells, typed in zip(fresh, drafts.get(draft, fresh), strict=True)]
    known = set(current_models(current.plan.prepared).values()) | {row.target for row in rows}
    column = st.column_config
    found = st.data_editor(
        pd.DataFrame(started[key]),
        hide_index=True,
        width="stretch",
        num_rows="fixed",
        disabled=["request type", "saves", "bill", "today on"],
        key=key,
        column_config={
            "request type": column.TextColumn(width=114),
            "target": column.SelectboxColumn(options=[KEEP, *sorted(known - {KEEP})], required=True, width=122),
            "share": column.TextColumn("share, %", help=_HELP, width=86),
            "escalation": column.TextColumn("escalation, %", help=_HELP, width=116),
            "start": column.TextColumn(
                help="month at which 10 % are adopted: 0, 0 to 4 (earliest to latest), or 0 / 1 / 4",
                width=66,
            ),
            "length": column.TextColumn(
                help="months from 10 % to 90 %: 3, 3 to 9 (P10 to P90), or 2 / 3 / 6",
                width=72,
            ),
            "saves": column.TextColumn(
                "saves, $",
                help="USD a month: all levers of the type, at full adoption, before growth",
                width=68,
            ),
            "bill": column.TextColumn("bill, %", help="share of the list bill today", width=56),
            "today on": column.TextColumn(help="+1: one more model, with less of the bill", width=92),
        },
        alt="Request types with their target model, routed share, escalation and ramp, which can be edited",
    )
    typed: list[dict[str, Any]] = found.to_dict("records")
    drafts[draft] = [{name: row[name] for name in ("target", *CELLS)} for row in typed]
    return typed


def _cells(row: TypeRow) -> dict[str, str]:
    return {
        "request type": row.request_type,
        "target": row.target,
        "share": row.share,
        "escalation": row.escalation,
        "start": row.start,
        "length": row.length,
        "saves": usd_short(row.saving_usd_per_month),
        "bill": percent(row.share_of_bill),
        "today on": row.models,
    }


def _apply(
    current: Loaded, scenario: str, rows: list[TypeRow], typed: list[dict[str, Any]], draft: str, says: Any
) -> None:
    """Work the plan out with the routes that were typed; where that fails, they stay in the table.

    So does what is typed while that takes.
    """
    before = list(st.session_state[_DRAFTS][draft])

    def done() -> None:
        since = st.session_state[_DRAFTS].pop(draft, before)
        if since != before:
            st.session_state[_DRAFTS][_new_draft(scenario)] = since

    change_plan(
        lambda: with_routes(current.plan.inputs.text, scenario, edits(rows, typed)),
        what="levers",
        refused=refused_at(_place(scenario)),
        done=done,
        says=says,
    )


def _new_draft(scenario: str) -> str:
    current = session.loaded()
    costs = next(costs for costs in current.plan.prepared.scenario_costs if costs.scenario.name == scenario)
    return _draft_of(current, scenario, _rows(current, costs))


def _place(scenario: str) -> str:
    return f"levers {scenario}"
