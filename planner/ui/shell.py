"""What stands around every page: the plan in the sidebar, uploads, errors, and the step that comes next."""

import atexit
import gc
from collections.abc import Mapping

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from planner.clock import today
from planner.errors import PlannerError
from planner.plan import Plan
from planner.price_data.age import stale_note
from planner.ui.arriving import doors, uploaded
from planner.ui.arriving.uploads import ACCEPTED, UPLOAD_MEGABYTES
from planner.ui.hosted import gate
from planner.ui.path import PATH
from planner.ui.showing import changing, downloads, draft_bar, edit_bar, links
from planner.ui.showing.escape import plain
from planner.ui.showing.show import sentence
from planner.ui.state import drafts, session, uploader
from planner.ui.track import tracked
from planner.words import count, percent_estimate, usd, usd_rounded_down

# Drawn here: the browser would fetch a named icon from the internet.
ICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><rect width="16" height="16" rx="3" fill="#1F5FA8"/>'
    '<path d="M3 12 7 7l3 2 3-5" stroke="#FFF" stroke-width="2" fill="none"/></svg>'
)
_ORIGINS = {
    "example": "A bundled example, synthetic",
    "file": "The plan file it was started with",
    "upload": "Your upload",
    "mapped": "Your log, by your mapping",
    "folder": "A log of the app's folder",
    "pull": "Pulled from Anthropic",
    "typed": "Typed by hand",
}


def run(page: st.Page, pages: Mapping[str, st.Page]) -> None:
    """Show the sidebar, then the page for the plan in it, then the way on."""
    _freeze("imported")
    links.keep(pages)
    with st.sidebar:
        who, about = st.container(), st.container()
        files = _uploader()
    try:
        uploaded.refresh(files)
    except PlannerError as error:
        gate.user_line(who)
        _no_plan(str(error))
        return
    gate.user_line(who)
    changing.working()
    if not session.has_plan():
        return
    with about:
        _about()
    with st.sidebar:
        st.markdown("**Take it with you**")
        downloads.plan_buttons(session.loaded().plan, place="side", tracking=tracked.tracking_of(session.loaded()))
        drafts.keep()
    if refused := session.error():
        _refused(refused, page, pages)
    draft_bar.draft_bar()
    edit_bar.edit_bar()
    _old_prices(session.loaded().plan)
    page.run()
    _next_step(page, pages)
    _freeze(page.title)


def _refused(why: str, page: st.Page, pages: Mapping[str, st.Page]) -> None:
    """That an upload was refused, or only waits to be told which field is which."""
    waiting = session.unmapped()
    if waiting is None:
        st.error(f"**The upload was refused; the plan on the screen is as it was.** {plain(why)}")
    elif page.title != "Usage":
        names = plain(", ".join(waiting.logs), 200)
        with st.container(border=True):
            st.markdown(
                f":material/rule: **{names}: of no format that is known by itself.** One step is left until it "
                "is measured; the plan on the screen is as it was."
            )
            st.page_link(pages["Usage"], label="Say which field is which", icon=":material/arrow_forward:")


def _uploader() -> list[UploadedFile]:
    st.markdown("**Use your own**")
    files = st.file_uploader(
        "Plan file or usage log",
        type=list(ACCEPTED),
        accept_multiple_files=True,
        key=uploader.key(),
        max_upload_size=UPLOAD_MEGABYTES,
        help="A plan (.toml), a log (.csv, .jsonl, .parquet, also .gz and .zst), or both together. A log takes the "
        "place of the plan's own. Files stay in this session, on the machine that runs the app.",
    )
    if files or doors.is_replaced():
        st.button("Back to the opening plan", key="reset", on_click=_reset, icon=":material/undo:")
    return files


def _reset() -> None:
    uploader.another()
    uploaded.forget()


def _about() -> None:
    loaded = session.loaded()
    plan, inputs = loaded.plan, loaded.plan.inputs
    st.markdown(f"**{plain(inputs.name, 80)}**")
    edit_bar.unsaved_mark()
    priced = plan.prepared.priced_on.isoformat()
    st.caption(
        plain(
            f"{_ORIGINS[loaded.origin]} · plan {inputs.sha256[:8]} · list prices of {priced} · "
            f"{count(plan.n_paths)} simulated paths, seed {inputs.seed}"
        )
    )
    for note in loaded.notes:
        st.caption(plain(f"{note}."))
    sentence(_in_short(plan))


def _in_short(plan: Plan) -> str:
    """The answer in a line; of a ramp the first year."""
    signed = plan.inputs.signed
    if signed is not None:
        years = signed.commits_usd_per_year
        return f"Signed: {usd(years[0])} {'a year' if len(set(years)) == 1 else 'in year 1'}, on {signed.on}"
    best = plan.recommendation
    first = f"{usd_rounded_down(best.offer.commit_usd_per_year)} {'a year' if best.offer.is_flat else 'in year 1'}"
    sign = "Sign" if plan.inputs.contract.commits_usd_per_year is None else "As fixed:"
    amount = "no commitment" if best.offer.is_none else first
    measured = plan.prepared.measurement
    thin = measured is not None and not measured.complete_months
    risk = f"shortfall risk {percent_estimate(best.shortfall_probability)}"
    return f"{sign} {amount}, {risk}" + (", on too little history to sign on" if thin else "")


def _old_prices(plan: Plan) -> None:
    """That the price data is old, on every page."""
    book = plan.prepared.price_book
    if note := stale_note(book.facts.checked_on, book.library_date, today()):
        st.warning(plain(note, 2000))


def _no_plan(error: str) -> None:
    st.title("No plan to show")
    st.error(plain(error))
    sentence(
        "There is no plan to show until this is mended. Mend the file that the app was started with and load this page "
        "again, or upload another plan in the sidebar."
    )


def _next_step(page: st.Page, pages: Mapping[str, st.Page]) -> None:
    titles = [step.title for step in PATH]
    here = titles.index(page.title)
    st.divider()
    st.page_link(pages[titles[(here + 1) % len(titles)]], label=PATH[here].onward, icon=":material/arrow_forward:")


@st.cache_resource(show_spinner=False)
def _freeze(stage: str) -> None:
    """Take everything imported and built so far out of the garbage collector's rounds: once a stage and server.

    Streamlit collects garbage after every run, of a progress bar too, and sends nothing to any browser meanwhile;
    walking all modules each time costs more than the page. Pages import more when they are first drawn.
    """
    gc.collect()
    gc.freeze()
    # What stays frozen at the end is reported by extension modules as leaked.
    atexit.unregister(gc.unfreeze)
    atexit.register(gc.unfreeze)
