"""How to run an evaluation: what is to be shown, what it takes, and the commands. Nothing is spent from the browser."""

import os
from dataclasses import replace
from pathlib import Path

import streamlit as st

from planner.errors import PlannerError, UsageError
from planner.evaluation.messages import MESSAGES
from planner.evaluation.store_file import default_store
from planner.evidence_in_plan.estimates import plan_estimates, plan_questions
from planner.evidence_reports.evaluations import costliest_type, evaluations_table
from planner.evidence_reports.run import estimate_sentences, estimate_table
from planner.plan_file.evaluation_text import evaluation_example
from planner.sdk import key_of
from planner.tables import Table
from planner.ui.evidence.evidence_costs import plan_file, plan_name, store_stamps
from planner.ui.showing import show
from planner.ui.showing.asked import asked
from planner.ui.showing.escape import plain
from planner.ui.state.session import Loaded, Report


def running_section(current: Loaded) -> None:
    """The plan's evaluations, or one to begin with; the key; the commands."""
    show.sentence(
        "A sample of requests goes to the candidate models, their answers are graded, and the counts decide. Money is "
        "never spent from this page: the commands run in a terminal, show what they would cost, and ask first."
    )
    plan = current.plan
    if plan.inputs.evaluations:
        show.table(evaluations_table(plan.inputs.evaluations), key="evaluations")
        _estimate(current)
    else:
        show.sentence(
            "This plan says nothing of evaluations yet. To begin with its costliest type, add this to the plan file; "
            "the sample is a file of yours, one request a line."
        )
        show.code(evaluation_example(costliest_type(plan.prepared)))
    _key()
    path = plan_file(current)
    if path is None:
        show.sentence(
            "This plan came through the browser: take the plan file away first, and put its samples beside it."
        )
    show.sentence("In a terminal, in the folder of the plan file:")
    show.code(_commands(plan_name(current)))


def _estimate(current: Loaded) -> None:
    """What is still to be asked would cost; why that is not known."""
    path = plan_file(current)
    if path is None:
        show.sentence(
            "What they would cost is not known here: their samples are beside the plan file, and this plan came "
            "through the browser."
        )
        return
    found = asked(
        replace(current, key=repr((current.key, store_stamps(path)))),
        "estimates",
        button="Estimate what they would cost",
        says="The samples are read, and their prompts counted.",
        make=lambda report: _estimated(current, path, report),
        at_once=True,
    )
    if isinstance(found, str):
        st.info(f"**What they would cost cannot be told.** {plain(found, 2000)}")
    elif found is not None:
        sentences, table = found
        for line in sentences:
            show.sentence(line)
        show.beside(table, key="estimates")


def _estimated(current: Loaded, path: Path, report: Report) -> tuple[list[str], Table] | str:
    """The estimate in words and as a table; why there is none is kept as one, and nobody waits for it twice."""
    report("estimating", 0.0)
    try:
        questions = plan_questions(current.plan.prepared)
        report("estimating", 0.5)
        found = plan_estimates(current.plan.prepared, questions, default_store(path))
    except PlannerError as error:
        return str(error).replace(f"{current.plan.inputs.base_dir}{os.sep}", "")
    return estimate_sentences(questions, found, in_batch=False), estimate_table(found)


def _key() -> None:
    """Whether a key is there; it is never read beyond that."""
    try:
        name, _ = key_of(MESSAGES, os.environ)
    except UsageError as error:
        st.info(plain(f"{error}.", 2000))
        return
    show.sentence(f"{name} is set on the machine that runs the app; a terminal there would use it.")


def _commands(plan: str) -> str:
    lines = (
        ("what it would cost; spends nothing", f"plan {plan}"),
        ("ask the models; USD is a hard stop", f"run {plan} --budget USD"),
        ("grade the answers that are there", f"grade {plan} -o graded.jsonl"),
        ("decide, and keep what was decided", f"decide graded.jsonl --plan {plan} --write evidence.toml"),
        ("later: does it still hold?", f"check {plan} new-graded.jsonl"),
    )
    return "\n".join(f"# {says}\nplanner evidence {command}" for says, command in lines)
