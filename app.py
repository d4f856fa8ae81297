"""The app: page settings and navigation; nothing else. Start it with `planner app`."""

import streamlit as st

from planner.ui import shell
from planner.ui.hosted import gate
from planner.ui.path import PATH

st.set_page_config(page_title="Commit planner", page_icon=shell.ICON, layout="wide")
gate.admit()
first, *others = PATH
pages = {step.title: st.Page(step.show, title=step.title, icon=step.icon, url_path=step.url) for step in others}
# The bare address opens the first page, whose own name no page could take then; people type and keep that one too.
pages[first.title] = st.Page(first.show, title=first.title, icon=first.icon, url_path="first", default=True)
named = st.Page(first.show, title=first.title, icon=first.icon, url_path=first.url, visibility="hidden")
parts: dict[str, list[st.Page]] = {first.part: [pages[first.title], named]}
for step in others:
    parts.setdefault(step.part, []).append(pages[step.title])
shell.run(st.navigation(parts, expanded=True), pages)
