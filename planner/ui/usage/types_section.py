"""Request types: what carries none, rules that name them, and names that look like one."""

from collections.abc import Sequence
from typing import Final

import streamlit as st

from planner.baseline.alike import Alike, suggest_merges
from planner.measurement import Measurement
from planner.plan_file.usage_keys import entries_of
from planner.plan_file.usage_text import rule_entry
from planner.ui.showing import show
from planner.ui.showing.escape import plain
from planner.ui.showing.rows_editor import Editor, apply_rows, rows_editor, typed_rows
from planner.ui.state import results
from planner.ui.state.session import Loaded
from planner.ui.usage.usage_words import types_sentences
from planner.usage.rules import RULE_FIELDS
from planner.words import count, usd

_SHOWN: Final = 12


def types_section(current: Loaded, measurement: Measurement) -> None:
    """The untagged share, the rules to edit, and merges to accept."""
    for line in types_sentences(current.plan, measurement):
        show.sentence(line)
    st.markdown("**Rules that name request types**")
    show.sentence(
        "Use that fits the pattern counts as the request type beside it; the first rule that fits wins. In a pattern * "
        "is any text and ? is one character; case does not matter. The last, empty row adds one."
    )
    editor = rules_editor(current)
    rows_editor(current, editor)
    merges = merges_of(current, measurement)
    if not merges:
        show.sentence("No two request types look like one.")
        return
    st.markdown("**Names that look like one request type**")
    show.sentence("Nothing is merged until you accept it; accepting adds the rules for it to the table above.")
    for number, each in enumerate(merges[:_SHOWN]):
        _merge(current, editor, number, each)
    if len(merges) > _SHOWN:
        st.caption(f"{count(len(merges) - _SHOWN)} more, of fewer dollars, once these are settled.")


def merges_of(current: Loaded, measurement: Measurement) -> Sequence[Alike]:
    """Types that look like one, worked out once per plan."""
    found: Sequence[Alike] = results.result_of("merges", current, lambda: suggest_merges(measurement))
    return found


def rules_editor(current: Loaded) -> Editor:
    """The rules of the plan."""
    column = st.column_config
    return Editor(
        name="rule",
        called="These rules",
        rows=entries_of(current.plan.inputs.text, "rule"),
        columns={
            "pattern": column.TextColumn(width=200, max_chars=200),
            "field": column.SelectboxColumn(
                "matched with", options=list(RULE_FIELDS), width=130, help="empty: the request type as it is read"
            ),
            "request_type": column.TextColumn("counts as", width=180, max_chars=200),
            "only_untagged": column.CheckboxColumn(
                "only without a type", width=130, help="leave use alone that has a type already"
            ),
        },
        alt="Rules: a pattern, what it is matched with, and the request type that it then counts as; can be edited",
    )


def _merge(current: Loaded, editor: Editor, number: int, each: Alike) -> None:
    names = ", ".join(f"{name} ({usd(value)})" for name, value in each.names)
    more = each.types - len(each.names)
    with st.container(border=True):
        st.markdown(f"**Count as {plain(each.into, 80)}** ({plain(usd(each.into_usd))} today)")
        show.sentence(f"{names}{f' and {count(more)} more' if more else ''}: {each.why}.")
        says = st.empty()
        if st.button("Accept", key=f"accept_merge_{number}", icon=":material/check:"):
            rows = [dict(rule_entry(rule)) for rule in each.rules]
            apply_rows(current, editor, [*typed_rows(current, editor), *rows], says)
