"""The door to the plans that ship with the product."""

from dataclasses import dataclass
from typing import Any, Final

import streamlit as st

from planner.bundled import data_path
from planner.plan_file.loader import load_plan
from planner.ui.arriving import doors, uploaded
from planner.ui.arriving.doors import Door
from planner.ui.arriving.uploads import Choice
from planner.ui.showing.escape import plain
from planner.ui.state import opening
from planner.ui.usage.source_section import taken


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A bundled plan: its file below data/plans, what it is called here, and in one sentence what it shows."""

    file: str
    title: str
    about: str


EXAMPLES: Final = (
    Example(
        file="example.toml",
        title="Support assistant",
        about="A log of five months, three scenarios, two quotes: sign before or after routing?",
    ),
    Example(
        file="three-years.toml",
        title="Three years, ramped",
        about="Commitments that grow, what is unused rolls over, and seats count too. Takes a while to work out.",
    ),
    Example(
        file="signed.toml",
        title="Claims desk, signed",
        about="Signed in June 2026 and routed late: what the page Track is for.",
    ),
)


def examples_door(says: Any) -> None:
    """A button for each bundled plan with what it shows. says: the place for progress and refusals."""
    for example in EXAMPLES:
        key = f"open_{example.file.removesuffix('.toml').replace('-', '_')}"
        if st.button(plain(example.title), key=key, icon=":material/folder_open:"):
            taken(says, _door(example), f"example {example.file}")
        st.caption(plain(example.about))


def _door(example: Example) -> Door:
    path = data_path("plans", example.file)
    if path.resolve() == opening.opening_file():
        return uploaded.opening_door()
    what = "the plan: a bundled example"
    return doors.log_door(lambda report: Choice(inputs=load_plan(path), is_file=True), "example", what=what)
