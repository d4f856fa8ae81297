"""The app: page settings and navigation; nothing else. Start it with `planner app`."""

import streamlit as st

from planner.ui import shell
from planner.ui.hosted import gate
from planner.ui.path import PATH

st.set_page_config(page_title="Commit planner", page_icon=shell.ICON, layout="wide")
gate.admit()
pages = {
    step.title: st.Page(step.show, title=step.title, icon=step.icon, url_path=step.url, default=step is PATH[0])
    for step in PATH
}
parts: dict[str, list[st.Page]] = {}
for step in PATH:
    parts.setdefault(step.part, []).append(pages[step.title])
shell.run(st.navigation(parts, expanded=True), pages)
