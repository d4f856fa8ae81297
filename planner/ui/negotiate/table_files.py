"""What is taken to the table: the whole workbook, worked out on request, and a filled-in one read back."""

from dataclasses import dataclass, replace
from typing import Final

import streamlit as st

from planner.brief.page import brief_page
from planner.brief.worked_out import brief_of
from planner.dossier import Negotiated, dossier
from planner.errors import PlannerError
from planner.negotiation.quotes_priced import PricedQuotes
from planner.negotiation.terms_pricer import terms_pricer
from planner.ui.negotiate.offer_form import change_offers
from planner.ui.showing import downloads, show
from planner.ui.showing.asked import asked
from planner.ui.showing.changing import refusal
from planner.ui.showing.escape import plain
from planner.ui.state import session
from planner.ui.state.session import Loaded, Report
from planner.ui.track import tracked
from planner.workbook.book import workbook_bytes
from planner.workbook.reading.into_plan import found_sentences, taken_into
from planner.workbook.reading.read_quotes import read_quotes

_XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_LONGEST: Final = 4_000
_FILLED_IN: Final = "filled-in workbook"


@dataclass(frozen=True, slots=True, kw_only=True)
class TableFiles:
    """Files to take along: the workbook, and the decision on one page of HTML."""

    workbook: bytes
    brief: str


def take_to_the_table(current: Loaded, known: PricedQuotes | None) -> None:
    """Files to download once they are made, and a place for a workbook that was filled in.

    known: what terms and quotes are worth, where it is worked out already.
    """
    tracking = tracked.tracking_of(current)
    kind = "table" if tracking is None else f"table_{tracking.on}_{len(tracking.months)}"

    def make(report: Report) -> TableFiles:
        found = dossier(current.plan, tracking=tracking, quick=known is not None, progress=report)
        if known is not None:
            valued = Negotiated(pricer=terms_pricer(current.plan), trades=known.trades, quotes=known)
            found = replace(found, negotiated=valued)
        report("writing the workbook", 0.0)
        workbook = workbook_bytes(found)
        report("drawing the page", 0.0)
        return TableFiles(workbook=workbook, brief=brief_page(brief_of(found)))

    files = asked(
        current,
        kind,
        button="Prepare the files",
        says="One workbook with everything on it: what clauses are worth, the positions, quotes side by side and room "
        "to type others in. It takes from seconds to a few minutes, as the clauses do.",
        make=make,
    )
    if files is not None:
        show.sentence(
            "Offers and quotes that are typed into the workbook are priced by its own formulas, without this program. "
            "Type quotes into its sheet Offers compared, and give it back below."
        )
        stem = downloads.file_stem(current.plan)
        with st.container(horizontal=True):
            name, page = f"{stem}-negotiation.xlsx", files.brief.encode()
            downloads.button(
                "Negotiation workbook (Excel)", files.workbook, name=name, mime=_XLSX, key="table_workbook"
            )
            downloads.button("One page (HTML)", page, name=f"{stem}-brief.html", mime="text/html", key="table_brief")
    _read_back(current)


def _read_back(current: Loaded) -> None:
    """A filled-in workbook: what is in it, and a button that puts it into the plan."""
    key = f"filled_in_{session.edit_round()}"
    upload = st.file_uploader("A workbook that came back filled in", type=["xlsx"], key=key)
    if upload is None:
        return
    inputs = current.plan.inputs
    try:
        read = read_quotes(upload.getvalue(), upload.name)
        taken = taken_into(read, inputs)
    except PlannerError as error:
        first, *cells = str(error).split("\n")
        st.error("\n".join([plain(first, _LONGEST), "", *(f"- {plain(cell.strip(), _LONGEST)}" for cell in cells)]))
        return
    merged = taken.merged
    for line in found_sentences(merged):
        show.sentence(line)
    for note in taken.notes:
        st.caption(plain(note, _LONGEST))
    if merged.text != inputs.text and st.button("Put them into the plan", key="take_in", icon=":material/add:"):
        change_offers(lambda: merged.text, _FILLED_IN)
    if refused := refusal(_FILLED_IN):
        st.error(plain(refused, _LONGEST))
