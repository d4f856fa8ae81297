"""How to run an evaluation: what is to be shown, what it takes, and the commands. Nothing is spent from the browser."""

import os
import shlex

import streamlit as st

from planner.errors import UsageError
from planner.evaluation.messages import MESSAGES
from planner.evidence_reports.evaluations import evaluations_table, example_text
from planner.sdk import key_of
from planner.ui import show
from planner.ui.escape import plain
from planner.ui.evidence_costs import plan_file
from planner.ui.session import Loaded


def running_section(current: Loaded) -> None:
    """The plan's evaluations, or one to begin with; the key; the commands."""
    show.sentence(
        "A sample of requests goes to the candidate models, their answers are graded, and the counts decide. Money is "
        "never spent from this page: the commands run in a terminal, show what they would cost, and ask first."
    )
    plan = current.plan
    if plan.inputs.evaluations:
        show.table(evaluations_table(plan.inputs.evaluations), key="evaluations")
    else:
        show.sentence(
            "This plan says nothing of evaluations yet. To begin with its costliest type, add this to the plan file; "
            "the sample is a file of yours, one request a line."
        )
        st.code(example_text(plan.prepared), language="toml")
    _key()
    path = plan_file(current)
    name = "PLAN.toml" if path is None else shlex.quote(path.name)
    if path is None:
        show.sentence(
            "This plan came through the browser: take the plan file away first, and put its samples beside it."
        )
    st.code(_commands(name), language="sh", wrap_lines=True)


def _key() -> None:
    """Whether a key is there; it is never read beyond that."""
    try:
        name, _ = key_of(MESSAGES, os.environ)
    except UsageError as error:
        st.info(plain(str(error), 2000))
        return
    show.sentence(f"{name} is set on the machine that runs the app; a terminal there would use it.")


def _commands(plan: str) -> str:
    return "\n".join(
        (
            f"planner evidence plan {plan}                     # what to ask and what it would cost; spends nothing",
            f"planner evidence run {plan} --budget 20          # asks the models, never for more than so many USD",
            f"planner evidence grade {plan} -o graded.jsonl    # grades the answers that are there",
            f"planner evidence decide graded.jsonl --plan {plan} --write evidence.toml",
            f"planner evidence check {plan} new-graded.jsonl   # later: does it still hold?",
        )
    )
