"""Compare: scenarios of this plan, and of other plans, side by side on the same paths."""

import streamlit as st

from planner.charts.spend import annual_ranges_chart
from planner.errors import InputError, PlannerError
from planner.machine import compare_json
from planner.negotiation.regret import RegretMatrix, regret_matrix
from planner.negotiation_reports.regret import regret_sentences, regret_table
from planner.plan import Plan
from planner.report import differences_table, headline, scenarios_table
from planner.tables import Table
from planner.ui.arriving import uploaded
from planner.ui.arriving.uploads import Upload, at_opening_log, plan_of, uploads_key
from planner.ui.showing import downloads, show
from planner.ui.showing.escape import plain
from planner.ui.showing.sentences import compare_conclusion, scenario_commitments_table
from planner.ui.state import opening, results, session

MOST_PLANS = 4


def page() -> None:
    """Scenarios side by side, their differences, and what each would have the buyer sign."""
    plan = session.loaded().plan
    show.head("Compare", "The scenarios side by side, on the same demand and the same price paths.")
    others = st.container()
    plans = [plan, *_other_plans()]
    with others:
        _side_by_side(plans)
    show.warnings(plan, expanded=False)


def _side_by_side(plans: list[Plan]) -> None:
    show.conclusion(compare_conclusion(plans[0]))
    if len(plans) > 1:
        for index, plan in enumerate(plans, start=1):
            st.markdown(f"**{index}. {plain(plan.inputs.name, 80)}** · {plain(headline(plan)[0])}")
    ranges = lambda palette: annual_ranges_chart(plans, palette)  # noqa: E731
    show.chart(ranges, says="P10 to P90 and median of annual list spend per scenario.", key="ranges")
    for index, plan in enumerate(plans, start=1):
        rows = (lambda: downloads.scenario_rows(plans)) if index == len(plans) else None
        show.table(scenarios_table(plan), key=f"scenarios_{index}", rows=rows)
    compared = compare_json(plans)["differences"]
    show.table(differences_table(compared), key="differences", rows=lambda: downloads.difference_rows(plans))
    key = " ".join([session.loaded().key, *(plan.inputs.sha256 for plan in plans)])
    show.table(_what_to_sign(key, plans), key="what_to_sign")
    if len(plans[0].summaries) > 1:
        _regret(plans[0])


@st.cache_resource(scope="session", max_entries=4, show_spinner="Sizing every scenario")
def _what_to_sign(key: str, _plans: list[Plan]) -> Table:
    """Sized once: under clauses that link periods that takes longer than the page."""
    return scenario_commitments_table(_plans)


def _regret(plan: Plan) -> None:
    """Of this plan alone: other plans have other scenarios and, perhaps, other terms."""
    st.header("If another scenario comes true")
    found: RegretMatrix = results.result_of("regret", session.loaded(), lambda: regret_matrix(plan))
    for line in regret_sentences(found):
        show.sentence(line)
    show.table(regret_table(found), key="regret")


def _other_plans() -> list[Plan]:
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
