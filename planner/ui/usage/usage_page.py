"""Usage: where the bill comes from, where the log is from, and what of it the plan rests on."""

import streamlit as st

from planner.charts.mix import pareto_chart
from planner.data_quality import DataQuality
from planner.listings import measure_table
from planner.measurement import Measurement
from planner.provenance_of.spend import level_month
from planner.report import mix_table
from planner.ui.showing import downloads, show
from planner.ui.showing.sentences import usage_conclusion
from planner.ui.state import session
from planner.ui.state.session import Loaded, loaded
from planner.ui.usage.baseline_section import baseline_section
from planner.ui.usage.bill_section import bill_section
from planner.ui.usage.mapping_section import mapping_section
from planner.ui.usage.quality_section import quality_section
from planner.ui.usage.source_section import source_section
from planner.ui.usage.types_section import types_section
from planner.ui.usage.usage_words import NO_LOG

_SECTIONS = ("Where the log is from", "Request types", "Baseline", "Bill", "Data quality")


def page() -> None:
    """The bill by type and model, then the log: its source, types, baseline, comparison with the bill, and quality."""
    current = loaded()
    plan = current.plan
    lines = usage_conclusion(plan)
    show.head("Usage", "What is sent to which model, and where the bill comes from.")
    if waiting := session.unmapped():
        mapping_section(current, waiting)
    show.conclusion(lines, where=(lambda: [level_month(plan)]) if plan.prepared.mix_lines else None)
    if plan.prepared.mix_lines:
        show.chart(lambda palette: pareto_chart(plan, palette), says=lines[0], key="pareto")
        show.table(mix_table(plan), key="request_mix", rows=lambda: downloads.mix_rows(plan))
    measurement, quality = plan.prepared.measurement, plan.prepared.quality
    if measurement is None or quality is None:
        st.header(_SECTIONS[0])
        source_section(current)
        show.sentence(NO_LOG)
    else:
        _log(current, measurement, quality)
    show.warnings(plan, expanded=measurement is None)


def _log(current: Loaded, measurement: Measurement, quality_of_log: DataQuality) -> None:
    """What there is to see and to change about a log, a tab each."""
    source, types, baseline, bill, quality = st.tabs(_SECTIONS, key="usage_sections")
    with source:
        source_section(current)
    with types:
        types_section(current, measurement)
    with baseline:
        baseline_section(current, measurement)
        show.beside(measure_table(measurement), key="measured_usage", rows=lambda: downloads.measured_rows(measurement))
    with bill:
        bill_section(current, measurement)
    with quality:
        quality_section(measurement, quality_of_log)
