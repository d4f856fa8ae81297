"""How a page shows things: sentences, tables with their CSV, charts on the ground of the theme."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal

import pandas as pd
import streamlit as st
from pandas.io.formats.style import Styler

from planner.charts.style import DARK, LIGHT, Palette
from planner.plan import Plan
from planner.tables import Table
from planner.ui.showing import downloads, provenance_popover
from planner.ui.showing.escape import plain, visible
from planner.ui.showing.figures import Figure
from planner.ui.showing.headings import headings
from planner.ui.showing.provenance_popover import ProvenancesOf

ChartOf = Callable[[Palette], Any]
_WIDEST_UNBROKEN = 18
_LONGEST_WORD = 36
_GOES_ON = ("→", "(", "to ")


def head(title: str, purpose: str) -> None:
    """The page's name and, in one sentence, what it is for."""
    st.title(title)
    st.markdown(plain(purpose))


def sentence(text: str) -> None:
    """A sentence, word for word."""
    st.markdown(plain(text))


def conclusion(lines: Sequence[str], *, where: ProvenancesOf | None = None) -> None:
    """What the page says, before why: the first line stands out. where: tells where its numbers come from."""
    with st.container(border=True):
        st.markdown(f"**{plain(lines[0])}**")
        for line in lines[1:]:
            st.markdown(plain(line))
        if where is not None:
            provenance_popover.where(where, key="conclusion")


def code(text: str) -> None:
    """Lines to copy, in one ink: the colours of Streamlit's syntax cannot be read on the light ground."""
    st.code(text, language=None, wrap_lines=True)


def metrics(figures: Sequence[Figure]) -> None:
    """Figures with their names, errors and meanings, side by side where there is room; each name opens where the
    figure comes from. On one page no two rows have the same names."""
    provenance_popover.cards(figures)


def palette() -> Palette:
    """Chart colours for the theme that the browser shows."""
    return DARK if st.context.theme.type == "dark" else LIGHT


def emphasis() -> Literal["primary", "secondary"]:
    """The kind of the one button that carries out what was typed.

    Streamlit writes white on the accent. On a dark ground the accent is light, since tabs and picks are written in it,
    and white on it could not be read.
    """
    return "secondary" if palette() is DARK else "primary"


def chart(make: ChartOf, *, says: str, key: str) -> None:
    """A chart on the ground of the theme; says: what it shows, in words, for those who do not see it."""
    spec(make(palette()).to_dict(), says=says, key=key)


def spec(specification: dict[str, Any], *, says: str, key: str, **more: Any) -> None:
    """A chart that is a specification already; more: of st.vega_lite_chart, such as what follows when it is used."""
    st.vega_lite_chart(dressed(specification), width="stretch", alt=says, key=key, **more)


def dressed(specification: dict[str, Any]) -> dict[str, Any]:
    """A chart with axes that can be read, which Streamlit's grey cannot on a light ground.

    Readers of the screen are told what it says, once, and find the figures in the table beside; not mark by mark.
    """
    ink = {"labelColor": palette().muted, "titleColor": palette().muted}
    config = specification.get("config", {})
    added: dict[str, dict[str, Any]] = {"mark": {"aria": False}, "axis": ink, "legend": ink}
    return specification | {"config": config | {part: config.get(part, {}) | more for part, more in added.items()}}


def table(
    table: Table,
    *,
    key: str,
    rows: Callable[[], Any] | None = None,
    height: int | None = None,
    where: ProvenancesOf | None = None,
) -> None:
    """A table under its title, with its note, and as CSV with full numbers where rows are given. where: tells, column
    by column, where its numbers come from."""
    st.markdown(f"**{plain(table.title)}**")
    body(table, height=height)
    if table.note:
        st.caption(plain(table.note))
    _under(key, rows, where)


def body(table: Table, *, height: int | None = None) -> None:
    """The rows of a table, numbers to the right."""
    if not table.rows:
        st.caption("Nothing to list.")
        return
    columns = _distinct([plain(name, 80) for name in headings(table)])
    # A figure and its error stay on one line: a cell of Markdown breaks at every other space.
    frame = pd.DataFrame(
        [
            [
                plain(_one_line(cell), 200).replace(" ", "\u00a0" if i in table.numeric else " ")
                for i, cell in enumerate(row)
            ]
            for row in table.rows
        ],
        columns=columns,
    )
    # Without ids of cells: with them Streamlit writes every cell once more, which takes longer than all else of it.
    st.table(
        Styler(frame, cell_ids=False).set_table_styles(_column_styles(table, frame)),
        hide_index=True,
        border="horizontal",
        height=height or "content",
        alt=visible(table.title),
    )


def _one_line(cell: str) -> str:
    """A cell that a terminal shows on several lines; here there is room beside each other."""
    first, *rest = cell.split("\n")
    return first + "".join(f" {part}" if part.startswith(_GOES_ON) else f", {part}" for part in rest)


def _column_styles(table: Table, frame: pd.DataFrame) -> Any:
    """Numbers to the right, and room for the names.

    Streamlit aligns cells by their type, inline; these are words of numbers, so the style has to insist. On a
    telephone a table scrolls sideways sooner than it breaks every word of a name.
    """
    styles = []
    for index, column in enumerate(frame.columns):
        if index in table.numeric:
            styles.append({"selector": f".col{index}", "props": [("text-align", "right !important")]})
        else:
            width = min(int(frame[column].str.len().max()), _WIDEST_UNBROKEN)
            props = [("min-width", f"{width / 2:.1f}rem")]
            if _longest_word(frame[column]) > _LONGEST_WORD:  # else it alone fills the screen, and the figures leave it
                props = [("min-width", "14rem"), ("max-width", f"{_LONGEST_WORD / 2:.1f}rem")]
                anywhere = [("overflow-wrap", "anywhere !important"), ("white-space", "normal !important")]
                styles.append({"selector": f"td.col{index} *", "props": anywhere})
            styles.append({"selector": f"td.col{index}", "props": props})
    return styles


def _longest_word(cells: Iterable[str]) -> int:
    return max((len(word) for cell in cells for word in cell.split()), default=0)


def _distinct(names: Sequence[str]) -> list[str]:
    """Names that a cut made equal, told apart again: a data frame needs them so."""
    seen: dict[str, int] = {}
    found = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        found.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return found


def beside(
    table: Table, *, key: str, rows: Callable[[], Any] | None = None, where: ProvenancesOf | None = None
) -> None:
    """The figures behind a chart, folded away under it; where: as of a table."""
    with st.expander(plain(f"Table: {table.title}")):
        body(table, height=420 if len(table.rows) > 14 else None)
        if table.note:
            st.caption(plain(table.note))
        _under(key, rows, where)


def _under(key: str, rows: Callable[[], Any] | None, where: ProvenancesOf | None) -> None:
    """What can be done with a table: taken away as CSV, asked where it comes from."""
    if rows is None and where is None:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        if rows is not None:
            downloads.csv_button(rows, name=key.replace("_", "-"), key=f"csv_{key}")
        if where is not None:
            provenance_popover.where(where, key=key)


def warnings(plan: Plan, *, expanded: bool) -> None:
    """What must be said beside the answer, most consequential first."""
    if not plan.warnings:
        return
    with st.expander(f"What this rests on: {len(plan.warnings)} notes", expanded=expanded, icon=":material/info:"):
        for warning in plan.warnings:
            st.markdown(f"- {plain(warning, 2000)}")
