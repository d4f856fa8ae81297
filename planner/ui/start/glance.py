"""The state of the plan on the screen at a glance: a line for each step of the path, with a link to its page."""

from typing import Final

import streamlit as st

from planner.evidence_reports.standings import route_standings, standings
from planner.plan_state import MARK_WORDS, Mark, StepState, plan_state
from planner.ui.showing import links
from planner.ui.showing.escape import plain
from planner.ui.state import results
from planner.ui.state.session import Loaded

_ICONS: Final[dict[Mark, str]] = {
    "there": ":green[:material/check_circle:]",
    "partly": ":orange[:material/contrast:]",
    "missing": ":red[:material/cancel:]",
    "later": ":gray[:material/radio_button_unchecked:]",
}


def states_of(current: Loaded) -> tuple[StepState, ...]:
    """The state of every step of the plan on the screen."""
    prepared = current.plan.prepared
    found = results.result_of("standings", current, lambda: standings(prepared))
    return plan_state(current.plan, route_standings(prepared, found))


def glance(states: tuple[StepState, ...]) -> None:
    """What is there, what is missing and what it means, step by step; the status by sign, word and colour."""
    for state in states:
        link, words = st.columns([0.17, 0.83])
        with link:
            links.to_page(state.step, state.step)
        words.markdown(_words(state))


def _words(state: StepState) -> str:
    what = " ".join(
        part for part in (state.there, f"Missing: {_lower(state.missing)}" if state.missing else "") if part
    )
    if state.mark == "missing" and not state.there:
        what = state.missing
    return f"{_ICONS[state.mark]} **{MARK_WORDS[state.mark]}.** {plain(what)}  \n:gray[{plain(state.means)}]"


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]
