"""Usage: what is sent to which model, and where the bill comes from."""

import streamlit as st

from planner.charts.mix import measured_months_chart, pareto_chart
from planner.listings import measure_table
from planner.measurement import Measurement
from planner.reconciliation_report import reconciliation_table, reconciliation_words
from planner.report import mix_table
from planner.ui import downloads, show
from planner.ui.sentences import exclusions_table, months_table, usage_conclusion
from planner.ui.session import loaded


def page() -> None:
    """The request mix, the months behind it, what was left out, and every warning."""
    plan = loaded().plan
    lines = usage_conclusion(plan)
    show.head("Usage", "What is sent to which model, and where the bill comes from.")
    show.conclusion(lines)
    if not plan.prepared.mix_lines:
        show.sentence("Upload a usage log in the sidebar, or add [[mix]] entries to the plan.")
        return
    show.chart(lambda palette: pareto_chart(plan, palette), says=lines[0], key="pareto")
    show.table(mix_table(plan), key="request_mix", rows=lambda: downloads.mix_rows(plan))
    measurement = plan.prepared.measurement
    st.subheader("What was measured")
    if measurement is None:
        show.sentence(
            "Nothing: this plan's mix was typed in. Upload a usage log in the sidebar to see it measured by month."
        )
    else:
        _measured(measurement)
    show.warnings(plan, expanded=True)


def _measured(measurement: Measurement) -> None:
    months = months_table(measurement)
    says = "List cost by month: " + "; ".join(" ".join(row) for row in months.rows)
    show.chart(lambda palette: measured_months_chart(measurement, palette), says=says, key="months")
    show.sentence(
        "Each day is at its own list price; the level month above is at the plan's prices and without season."
    )
    show.beside(months, key="measured_months")
    if measurement.excluded:
        show.table(exclusions_table(measurement), key="left_out", rows=lambda: downloads.excluded_rows(measurement))
    show.beside(measure_table(measurement), key="measured_usage", rows=lambda: downloads.measured_rows(measurement))
    if measurement.reconciliation.rows:
        st.subheader("Against the bill")
        for line in reconciliation_words(measurement.reconciliation):
            show.sentence(line)
        show.beside(reconciliation_table(measurement.reconciliation), key="reconciliation")
