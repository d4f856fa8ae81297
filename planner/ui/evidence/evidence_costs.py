"""What showing it has cost so far: from the store of answers beside the plan, else from what the evidence says."""

import shlex
from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from planner.errors import PlannerError
from planner.evaluation.spent import Spent, is_in_use, spent_in
from planner.evaluation.store_file import default_store
from planner.evidence_reports.costs import spent_sentences, spent_table, told_sentences
from planner.ui.showing import show
from planner.ui.showing.escape import plain
from planner.ui.state import kept, opening
from planner.ui.state.session import Loaded


def costs_section(current: Loaded, uploaded_usd: Sequence[float | None]) -> None:
    """Cost by purpose where there is a store, else the costs that evidence names, else where costs would come from."""
    path = plan_file(current)
    if path is not None:
        store = default_store(path)
        found = kept.once("spent", repr((str(store), store_stamps(path), is_in_use(store))), lambda: _spent(store))
        if isinstance(found, PlannerError):
            st.error(plain(str(found).replace(str(store), store.name), 2000))
        elif found is not None:
            for line in spent_sentences(found, store.name):
                show.sentence(line)
            show.table(spent_table(found), key="spent")
            return
    for line in told_sentences(current.plan.inputs, uploaded_usd):
        show.sentence(line)


def _spent(store: Path) -> Spent | PlannerError | None:
    """What was paid; why that cannot be read is kept as a result."""
    try:
        return spent_in(store)
    except PlannerError as error:
        return error


def plan_name(current: Loaded) -> str:
    """The plan file in a command to paste."""
    path = plan_file(current)
    return "PLAN.toml" if path is None else shlex.quote(path.name)


def plan_file(current: Loaded) -> Path | None:
    """The file of the plan on the screen, None for one that came through the browser."""
    return opening.opening_file() if current.origin in ("example", "file") else None


def store_stamps(plan: Path) -> list[tuple[int, int]]:
    """Size and time of the store beside a plan and of what is not in its main file yet: they tell of new answers."""
    store = default_store(plan)
    files = [file for file in (store, store.with_name(f"{store.name}-wal")) if file.exists()]
    return [(file.stat().st_size, file.stat().st_mtime_ns) for file in files]
