"""Other plan files, worked out beside the plan on the screen."""

import streamlit as st

from planner.errors import InputError, PlannerError
from planner.plan import Plan
from planner.ui.arriving import uploaded
from planner.ui.arriving.uploads import Upload, at_opening_log, plan_of, uploads_key
from planner.ui.showing.escape import plain
from planner.ui.state import opening, session

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
    for upload in uploads[:MOST_PLANS]:
        try:
            found.append(_work_out(upload))
        except PlannerError as error:
            st.error(f"**Left out of the comparison.** {plain(str(error))}")
    return found


def _work_out(upload: Upload) -> Plan:
    current = session.loaded()
    inputs = plan_of(upload, opening.folder(), current.plan.inputs)
    try:
        inputs = at_opening_log(inputs, current.plan.inputs)
    except InputError as error:
        raise InputError(f"{upload.name}: {error}") from None
    waiting = st.empty()
    with waiting, st.spinner(plain(f"Working out {upload.name}")):
        plan = uploaded.worked_out(inputs, f"{uploads_key([upload])} {current.key}", lambda step, done: None)
    waiting.empty()
    return plan
