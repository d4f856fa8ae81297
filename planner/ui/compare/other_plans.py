"""Other plan files, worked out beside the plan on the screen."""

from dataclasses import replace
from pathlib import Path

import streamlit as st

from planner.errors import InputError, PlannerError
from planner.inputs import PlanInputs
from planner.plan import Plan, build_plan
from planner.ui.arriving.uploads import Upload, at_opening_log, plan_of, uploads_key
from planner.ui.showing.asked import asked
from planner.ui.showing.escape import plain, visible
from planner.ui.state import opening, session
from planner.ui.state.session import Report

MOST_PLANS = 4


def other_plans() -> list[Plan]:
    """Those that were given here; what cannot be read is said, and left out."""
    st.header("Compare with other plans")
    files = st.file_uploader(
        "Plan files to set beside this one",
        type=["toml"],
        accept_multiple_files=True,
        key="other_plans",
        max_upload_size=1,
        help=f"At most {MOST_PLANS}. They measure the same log as this plan, or bring a [[mix]] of their own.",
    )
    uploads = [Upload(name=file.name, data=file.getvalue()) for file in files]
    if len(uploads) > MOST_PLANS:
        st.error(plain(f"{len(uploads)} plan files; the first {MOST_PLANS} are compared. Remove some."))
    found = []
    for number, upload in enumerate(uploads[:MOST_PLANS]):
        plan = _work_out(upload, number)
        if isinstance(plan, str):
            st.error(f"**Left out of the comparison.** {plain(plan)}")
        elif plan is not None:
            found.append(plan)
    return found


def _work_out(upload: Upload, number: int) -> Plan | str | None:
    """The plan of an upload, or why it is left out; None until it is worked out."""
    current, folder = session.loaded(), opening.folder()

    def make(report: Report) -> Plan | str:
        try:
            return build_plan(_inputs(upload, folder, current.plan.inputs), report)
        except PlannerError as error:
            return str(error)

    return asked(
        replace(current, key=f"{uploads_key([upload])} {current.key}"),
        f"other_plan_{number}",
        button=f"Work out {visible(upload.name, 60)}",
        says="It takes as long as opening that plan.",
        make=make,
        at_once=True,
    )


def _inputs(upload: Upload, folder: Path, opened: PlanInputs) -> PlanInputs:
    """The inputs of an uploaded plan. Errors: InputError."""
    inputs = plan_of(upload, folder, opened)
    try:
        return at_opening_log(inputs, opened)
    except InputError as error:
        raise InputError(f"{upload.name}: {error}") from None
