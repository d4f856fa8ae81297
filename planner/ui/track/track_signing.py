"""A plan of which nothing was signed yet: what was, typed in, goes into its text as [signed]."""

from typing import Any

import streamlit as st

from planner.clock import today
from planner.plan_file.signed_text import with_signed
from planner.ui.showing import show
from planner.ui.showing.changing import change_plan, refusal, refused_at
from planner.ui.showing.escape import plain
from planner.ui.state import session
from planner.ui.state.session import Loaded
from planner.words import usd_rounded_down

_PLACE = "signing"


def signing_section(current: Loaded) -> None:
    """Fields for the day, the commitment and its discount, as the plan recommends or fixes it until they are typed."""
    show.sentence(
        "Nothing in this plan says what was signed. Once it does, the plan stands still: months are held against the "
        "prices, the log and the simulated paths of that day."
    )
    round_ = session.edit_round()
    commits = _commits(current)
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="bottom"):
            signed_on = _signed_on(round_)
            typed = [_commitment(usd, year, of=len(commits)) for year, usd in enumerate(commits, start=1)]
            discount = st.number_input(
                "Discount, %",
                min_value=0.0,
                max_value=99.9,
                step=0.5,
                value=None,
                placeholder="its band's",
                key=f"signed_discount_{round_}",
                persist_state="session",
                width=180,
                help="empty: that of the band which the commitment reaches",
            )
            apply = st.button(
                "Write it into the plan", key="apply_signed", type=show.emphasis(), icon=":material/check:"
            )
        st.caption(
            "This changes the plan on the screen, not the file it came from: take the plan file away to keep it. In a "
            "file it stands under [signed]."
        )
        says = st.empty()
    if apply:
        _apply(current, signed_on, typed, discount, says)
    elif refused := refusal(_PLACE):
        says.error(f"**The plan is as it was.** {plain(refused, 2000)}")


def _signed_on(round_: int) -> Any:
    return st.date_input(
        "Signed on",
        today(),
        max_value=today(),
        key=f"signed_on_{round_}",
        persist_state="session",
        width=150,
        help="day of signing",
    )


def _commitment(usd: float, year: int, *, of: int) -> float:
    """The field of a contract year, of so many."""
    typed = st.number_input(
        "Commitment, USD a year" if of == 1 else f"Contract year {year}, USD",
        min_value=0.0,
        max_value=1e12,
        step=10_000.0,
        value=usd,
        key=f"signed_commit_{year}_{session.edit_round()}",
        persist_state="session",
        width=200,
    )
    return float(typed)


def _commits(current: Loaded) -> list[float]:
    """What each contract year commits as the plan fixes it, else as it recommends."""
    plan = current.plan
    contract = plan.inputs.contract
    known = contract.commits_usd_per_year or plan.recommendation.offer.commits_usd_per_year(contract.n_years)
    return [_digits(float(usd)) for usd in known]


def _digits(usd: float) -> float:
    """An amount as it is recommended in words: whole dollars as they are, else to four digits, rounded down."""
    return float(usd_rounded_down(usd).replace("$", "").replace(",", ""))


def _apply(current: Loaded, signed_on: Any, commits: list[float], discount: float | None, says: Any) -> None:
    fraction = None if discount is None else round(discount / 100, 12)
    change_plan(
        lambda: with_signed(current.plan.inputs.text, signed_on, commits, fraction),
        what="what was signed",
        refused=refused_at(_PLACE),
        done=lambda: st.toast("What was signed is in the plan."),
        says=says,
    )
