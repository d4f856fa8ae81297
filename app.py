"""The app: page settings and navigation; nothing else. Start it with `planner app`."""

import streamlit as st

from planner.ui import (
    calibration_page,
    commit_page,
    compare_page,
    contract_page,
    evidence_page,
    levers_page,
    negotiate_page,
    run_rate_page,
    shell,
    track_page,
    usage_page,
)

st.set_page_config(page_title="Commit planner", page_icon=shell.ICON, layout="wide")
pages = [
    st.Page(usage_page.page, title="Usage", icon=":material/data_usage:", url_path="usage", default=True),
    st.Page(calibration_page.page, title="Calibration", icon=":material/tune:", url_path="calibration"),
    st.Page(run_rate_page.page, title="Run rate", icon=":material/trending_up:", url_path="run-rate"),
    st.Page(levers_page.page, title="Levers", icon=":material/alt_route:", url_path="levers"),
    st.Page(evidence_page.page, title="Evidence", icon=":material/verified:", url_path="evidence"),
    st.Page(contract_page.page, title="Contract", icon=":material/contract:", url_path="contract"),
    st.Page(commit_page.page, title="Commit", icon=":material/handshake:", url_path="commit"),
    st.Page(compare_page.page, title="Compare", icon=":material/compare_arrows:", url_path="compare"),
    st.Page(negotiate_page.page, title="Negotiate", icon=":material/gavel:", url_path="negotiate"),
    st.Page(track_page.page, title="Track", icon=":material/monitoring:", url_path="track"),
]
shell.run(st.navigation(pages), pages)
