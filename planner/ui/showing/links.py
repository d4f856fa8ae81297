"""Links from one page to another, by the title of the page."""

from collections.abc import Mapping
from typing import Final

import streamlit as st

_PAGES: Final = "pages"


def keep(pages: Mapping[str, st.Page]) -> None:
    """Remember the pages of this run by their titles; the shell does it before a page is shown."""
    st.session_state[_PAGES] = pages


def to_page(title: str, label: str, *, icon: str | None = None, knobs: Mapping[str, str] | None = None) -> None:
    """A link to a page, under its own icon unless another is given. label: words of our own, not of others. knobs: what
    is picked there, by its name in the address."""
    st.page_link(st.session_state[_PAGES][title], label=label, icon=icon, query_params=knobs)
