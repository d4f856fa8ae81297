"""Track: months after signing against the plan as it was signed, a shortfall seen early, and what to do in time."""

import json
from dataclasses import replace

import streamlit as st

from planner.dossier import Dossier
from planner.report import headline as plan_headline
from planner.tracking.tracking import Tracking
from planner.tracking_reports.conclusion import headline
from planner.tracking_reports.track_json import track_json
from planner.ui.evidence.evidence_costs import plan_name
from planner.ui.showing import downloads, show
from planner.ui.showing.asked import asked
from planner.ui.state import opening
from planner.ui.state.session import Loaded, loaded
from planner.ui.track import tracked
from planner.ui.track.track_given import Given, Tracked, given_section
from planner.ui.track.track_given import tracked as made
from planner.ui.track.track_results import (
    actions_section,
    basis_section,
    causes_section,
    drawdown_section,
    drift_section,
    history_section,
    months_section,
    now_against_signing,
    renewal_section,
)
from planner.ui.track.track_signing import signing_section
from planner.workbook.book import workbook_bytes

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def page() -> None:
    """What is to be expected now first, then what was used, why it differs, what can be done, and what to take away."""
    current = loaded()
    show.head(
        "Track", "After signing: will the commitment be used up, why use differs from the plan, and what to do in time."
    )
    if current.plan.inputs.signed is None:
        show.conclusion(
            (
                "Nothing is signed yet, so there is nothing to hold months against.",
                f"Until then the plan says: {plan_headline(current.plan)[0]}",
            )
        )
        st.header("What was signed")
        signing_section(current)
        _from_a_terminal(current)
        return
    top = st.container()
    st.header("What was used since signing")
    given = given_section(current)
    found = _asked(current, given)
    if found is None:
        with top:
            _before(current, given)
        _from_a_terminal(current)
        return
    with top:
        show.conclusion(headline(found.tracking))
        show.metrics(now_against_signing(found.tracking))
    _results(current, found)


def _asked(current: Loaded, given: Given) -> Tracked | None:
    """The tracking of what is given, once it was asked for."""
    folder = opening.folder()
    says = "Months are held against the plan of the day of signing, and its paths are weighed by how well each fits."
    found = asked(
        replace(current, key=given.key(current)),
        "tracking",
        button="Track" if given.has_use else "Show what to expect as signed",
        says=f"{says} It takes some ten seconds.",
        make=lambda report: made(current, given, folder, report),
    )
    if found is not None and tracked.keep(current, found.tracking):
        st.rerun()  # the workbook in the sidebar has it too
    return found


def _before(current: Loaded, given: Given) -> None:
    """What was signed, while nothing is worked out."""
    signed = current.plan.inputs.signed
    assert signed is not None
    offer = current.plan.inputs.contract.offer_of(signed.commits_usd_per_year, signed.discount_fraction)
    commits = " and ".join(f"${usd:,.0f}" for usd in dict.fromkeys(signed.commits_usd_per_year))
    lines = [f"Signed on {signed.on}: {commits} a year at a discount of {offer.discount_fraction:.1%}."]
    if not given.has_use:
        lines.append("Nothing that was used since is known here yet: give the logs of the months since.")
    show.conclusion(lines)


def _results(current: Loaded, found: Tracked) -> None:
    tracking = found.tracking
    st.header("The commitment")
    drawdown_section(tracking)
    st.header("Months against the plan")
    months_section(tracking)
    st.header("Why it differs")
    causes_section(tracking)
    st.header("What to do")
    actions_section(tracking)
    st.header("The forecast so far")
    history_section(tracking)
    st.header("Drift, and what came since signing")
    drift_section(tracking)
    if tracking.renewal is not None:
        st.header("The next term")
        renewal_section(tracking)
    st.header("Take it with you")
    _downloads(current, found)
    basis_section(tracking)


def _downloads(current: Loaded, found: Tracked) -> None:
    tracking, stem = found.tracking, downloads.file_stem(current.plan)
    with st.container(horizontal=True):
        downloads.button(
            "Tracking (JSON)",
            lambda: json_bytes(tracking),
            name=f"{stem}-tracking.json",
            mime="application/json",
            key="track_json",
        )
        if tracking.months:
            downloads.button(
                "Workbook with sheet Tracking",
                lambda: workbook_bytes(Dossier(plan=current.plan, tracking=tracking)),
                name=f"{stem}.xlsx",
                mime=_XLSX,
                key="track_workbook",
            )
        if found.log:
            downloads.button(
                "Log of months (JSONL)",
                found.log,
                name=f"{stem}.track.jsonl",
                mime="application/jsonl",
                key="track_log",
            )
    if tracking.new_months:
        st.caption(
            f"New in the log of months: {', '.join(tracking.new_months)}. Nothing was written beside the plan: keep "
            "the log, and give it here next time, so that old forecasts can be judged."
        )


def json_bytes(tracking: Tracking) -> bytes:
    """As `planner track --json` prints it."""
    return json.dumps(track_json(tracking), indent=2, ensure_ascii=False, allow_nan=False).encode()


def _from_a_terminal(current: Loaded) -> None:
    """The same for machines."""
    with st.expander("From a terminal, every month", icon=":material/terminal:"):
        show.sentence(
            "The command keeps the log of months beside the plan file; with --check it ends with exit code 3 when an "
            "alert fires, and posts to the address in PLANNER_WEBHOOK_URL."
        )
        show.code(f"planner track {plan_name(current)} ACTUALS... --check")
