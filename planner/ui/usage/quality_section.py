"""The quality of the log's data, in short, and every note that reading and pricing the log left."""

import streamlit as st

from planner.data_quality import DataQuality
from planner.data_quality_report import quality_json, quality_table
from planner.measurement import Measurement
from planner.ui.showing import show
from planner.ui.showing.escape import plain
from planner.words import count


def quality_section(measurement: Measurement, quality: DataQuality) -> None:
    """The short report, refused rows and notes."""
    show.table(quality_table(quality), key="quality", rows=lambda: [flat_quality(quality)])
    if quality.rows_refused:
        st.markdown("**Rows that were refused and left out**")
        st.markdown("\n".join(f"- {plain(str(example), 300)}" for example in quality.refused_examples))
        more = quality.rows_refused - len(quality.refused_examples)
        if more > 0:
            st.caption(f"{count(more)} more.")
    if not measurement.warnings:
        show.sentence("Nothing else was found that has to be said of this log.")
        return
    st.markdown("**What has to be said of it**")
    for warning in measurement.warnings:
        st.markdown(f"- {plain(warning, 2000)}")


def flat_quality(quality: DataQuality) -> dict[str, object]:
    """The report as one row of figures; lists as text."""
    return {
        name: value if isinstance(value, int | float | str) else "; ".join(map(str, value))
        for name, value in quality_json(quality).items()
    }
