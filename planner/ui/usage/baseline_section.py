"""The baseline: what is left out of the log and why, what could be, and the cleaned log over the raw one."""

from collections.abc import Sequence
from typing import Any, Final

import streamlit as st

from planner.baseline.level import level_usd_per_month
from planner.baseline.suggestions import SuggestedExclusion, suggest_exclusions
from planner.baseline_report import baseline_sentence, months_table
from planner.charts.baseline import baseline_chart, baseline_says
from planner.charts.mix import measured_months_chart
from planner.measurement import Measurement
from planner.plan_file.usage_keys import entries_of
from planner.plan_file.usage_text import exclusion_entry
from planner.ui.showing import downloads, show
from planner.ui.showing.escape import plain
from planner.ui.showing.rows_editor import Editor, Row, apply_rows, rows_editor, typed_rows
from planner.ui.showing.sentences import exclusions_table
from planner.ui.state import results
from planner.ui.state.session import Loaded
from planner.usage.columns import OWNERS
from planner.words import usd

_REMOVED: Final = "removes"
_KINDS: Final = {"spike": "Spike", "one-off": "One-off type", "stopped": "Type that stopped"}


def baseline_section(current: Loaded, measurement: Measurement) -> None:
    """What the level rests on, the table of exclusions to edit, and suggestions to accept."""
    suggestions = suggestions_of(current, measurement)
    show.sentence(baseline_sentence(measurement, suggestions))
    if measurement.incomplete_months:
        months = ", ".join(measurement.incomplete_months)
        show.sentence(f"The log covers {months} in part: not counted in the level, neither as whole nor as nothing.")
    months = months_table(measurement)
    show.chart(lambda palette: baseline_chart(measurement, palette), says=baseline_says(measurement), key="baseline")
    show.beside(months, key="baseline_months")
    st.markdown("**What is left out**")
    show.sentence(
        "A row leaves out all that fits every cell of it; an empty cell fits anything. Names may hold * for any text "
        "and ? for one character. Say why: the reason stands beside the dollars wherever the plan is shown. The last, "
        "empty row adds one."
    )
    editor = exclusions_editor(current, measurement)
    rows_editor(current, editor)
    if suggestions:
        st.markdown("**Suggested to leave out**")
        show.sentence("Nothing is left out until you accept it. What will come again belongs in the baseline.")
        for number, each in enumerate(suggestions):
            _suggestion(current, editor, number, each)
    _months(measurement)


def suggestions_of(current: Loaded, measurement: Measurement) -> Sequence[SuggestedExclusion]:
    """What the log speaks for leaving out, worked out once per plan."""
    found: Sequence[SuggestedExclusion] = results.result_of(
        "exclusions", current, lambda: suggest_exclusions(measurement)
    )
    return found


def exclusions_editor(current: Loaded, measurement: Measurement) -> Editor:
    """The exclusions of the plan, each with the dollars that it takes out."""
    column = st.column_config
    entries = entries_of(current.plan.inputs.text, "exclude")
    rows = [
        {**entry, _REMOVED: usd(removal.list_cost_usd)}
        for entry, removal in zip(entries, measurement.removals, strict=True)
    ]
    shown = _owners_shown(rows)
    owners = {name: column.TextColumn(name.replace("_", " "), max_chars=200) for name in shown}
    return Editor(
        name="exclude",
        called="These exclusions",
        rows=rows,
        beside=(_REMOVED,),
        columns={
            "request_type": column.TextColumn("request type", max_chars=200, width=150),
            "model": column.TextColumn(max_chars=200, width=120),
            **owners,
            "from": column.DateColumn(width=96, help="first day (UTC) that is left out"),
            "to": column.DateColumn(width=96, help="last day (UTC) that is left out"),
            "reason": column.TextColumn(width=220, max_chars=500),
            _REMOVED: column.TextColumn(
                "removes, USD", width=106, help="list dollars that the row takes out of the log, once applied"
            ),
        },
        alt="Exclusions by request type, model, owner and days, with the reason and the dollars removed; can be edited",
    )


def _owners_shown(rows: Sequence[Row]) -> list[str]:
    """Columns of owners: those that an exclusion uses, and those that are asked for."""
    used = [name for name in OWNERS if any(row.get(name) for row in rows)]
    asked: Any = st.pills(
        "Leave out by owner, too",
        [name for name in OWNERS if name not in used],
        selection_mode="multi",
        format_func=lambda name: name.replace("_", " "),
        key="exclusion_owners",
        persist_state="session",
        help="adds a column to the table; a log that does not name this owner has nothing to leave out by it",
    )
    return [name for name in OWNERS if name in used or name in (asked or ())]


def _suggestion(current: Loaded, editor: Editor, number: int, each: SuggestedExclusion) -> None:
    with st.container(border=True):
        st.markdown(f"**{plain(_KINDS[each.kind])}: {plain(str(each.exclusion), 200)}**")
        show.sentence(
            f"{each.evidence[:1].upper()}{each.evidence[1:]}. {usd(each.list_cost_usd)} of the log; takes "
            f"{usd(each.level_usd_per_month)} a month out of the level. Evidence: {each.sure}."
        )
        says = st.empty()
        if st.button("Accept", key=f"accept_exclusion_{number}", icon=":material/check:"):
            row = dict(exclusion_entry(each.exclusion))
            apply_rows(current, editor, [*typed_rows(current, editor), row], says)


def _months(measurement: Measurement) -> None:
    """Measured months, and what was left out of them, for a look and to take away."""
    says = f"List cost by month after exclusions; a level month is {usd(level_usd_per_month(measurement))}."
    show.chart(lambda palette: measured_months_chart(measurement, palette), says=says, key="months")
    show.sentence(
        "Each day is at its own list price; the level month above is at the plan's prices and without season."
    )
    if measurement.excluded:
        show.beside(exclusions_table(measurement), key="left_out", rows=lambda: downloads.excluded_rows(measurement))
