"""What showing it has cost so far: from the store of answers beside the plan, else from what the evidence says."""

import shlex
from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from planner.errors import PlannerError
from planner.evaluation.spent import Spent, spent_in
from planner.evaluation.store_file import default_store
from planner.evidence_reports.costs import spent_sentences, spent_table, told_sentences
from planner.ui import session, show
from planner.ui.escape import plain
from planner.ui.session import Loaded


def costs_section(current: Loaded, uploaded_usd: Sequence[float | None]) -> None:
    """Cost by purpose where there is a store, else the costs that evidence names, else where costs would come from."""
    path = plan_file(current)
    if path is not None:
        store = default_store(path)
        try:
            found: Spent | None = spent_in(store)
        except PlannerError as error:
            st.error(plain(str(error).replace(str(store), store.name), 2000))
            found = None
        if found is not None:
            for line in spent_sentences(found, store.name):
                show.sentence(line)
            show.table(spent_table(found), key="spent")
            return
    for line in told_sentences(current.plan.inputs, uploaded_usd):
        show.sentence(line)


def plan_name(current: Loaded) -> str:
    """The plan file in a command to paste."""
    path = plan_file(current)
    return "PLAN.toml" if path is None else shlex.quote(path.name)


def plan_file(current: Loaded) -> Path | None:
    """The file of the plan on the screen, None for one that came through the browser."""
    return session.opening_file() if current.origin in ("example", "file") else None
