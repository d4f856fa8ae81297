"""Where a number comes from, on the screen: behind the number's own name, and under a conclusion or a table.

What a popover shows is made only while it is open, and opening it runs no more of the page than its own fragment.
"""

from collections.abc import Callable, Sequence
from hashlib import sha256

import streamlit as st

from planner.provenance import Input, Provenance, bases, basis_lines, by_rests_on, error_line, section_line
from planner.ui.showing.escape import plain
from planner.ui.showing.figures import Figure

ProvenancesOf = Callable[[], Sequence[Provenance]]
CARD_PIXELS = 150
_LONGEST = 300


@st.fragment
def cards(figures: Sequence[Figure]) -> None:
    """Figures side by side where there is room; the name of each opens where it comes from."""
    row = sha256("\n".join(figure.name for figure in figures).encode()).hexdigest()[:8]
    with st.container(horizontal=True, gap="small"):
        for index, figure in enumerate(figures):
            if figure.provenance is None:
                _metric(figure, border=True)
                continue
            with st.container(border=True, width=CARD_PIXELS, height="stretch", gap=None):
                _named(figure, figure.provenance, key=f"where_{row}_{index}")
                _metric(figure, border=False)


@st.fragment
def where(found: ProvenancesOf, *, key: str) -> None:
    """A button that opens where the numbers above it come from."""
    opened = st.popover(
        "Where these numbers come from",
        type="tertiary",
        icon=":material/account_tree:",
        key=f"where_{key}",
        on_change="rerun",
    )
    if opened.open:
        with opened:
            origins(found())


def _metric(figure: Figure, *, border: bool) -> None:
    """The value and its error; within a card its name stands above it, as the button."""
    st.metric(
        plain(figure.name),
        plain(figure.value),
        delta=figure.error or None,
        delta_color="off",
        delta_arrow="off",
        help=plain(figure.meaning) if border else None,
        border=border,
        width=CARD_PIXELS if border else "stretch",
        height="stretch" if border else "content",
        label_visibility="visible" if border else "collapsed",
    )


def _named(figure: Figure, provenance: Callable[[], Provenance], *, key: str) -> None:
    opened = st.popover(
        plain(figure.name),
        help=f"{plain(figure.meaning)}. Open to see where this number comes from.",
        type="tertiary",
        wrap=True,
        key=key,
        on_change="rerun",
    )
    if opened.open:
        with opened:
            origins([provenance()])


def origins(found: Sequence[Provenance]) -> None:
    """Where numbers come from, one below the other; what they share stands once, at the end."""
    for item in found:
        st.markdown(f"**{plain(item.name)}: {plain(item.value)}**")
        st.code(item.formula, language=None, wrap_lines=True)
        if item.inputs:
            st.markdown(_table(item.inputs, values="---:"))
        st.markdown(f":small[{plain(error_line(item))} {plain(section_line(item))}]")
    for inputs, scenarios in by_rests_on(found).items():
        st.markdown(f"**What {plain(scenarios, 80)} rests on**")
        st.markdown(_table(inputs))
    for basis in bases(found):
        st.markdown(f":small[{plain(' '.join(basis_lines(basis)), 2000)}]")


def _table(inputs: Sequence[Input], *, values: str = ":---") -> str:
    """Inputs as a table in one element and in small print: what, its value, where from. values: how they align."""
    heads = [_small(name) for name in ("what", "value", "from")]
    rows = [[_small(item.name, before=item.symbol), _figure(item.value), _small(item.source)] for item in inputs]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (heads, [":---", values, ":---"], *rows))


def _small(cell: str, *, before: str = "") -> str:
    """A cell in small print; before: the symbol of the formula that it stands for."""
    symbol = f"**{plain(before)}** " if before else ""
    return f":small[{symbol}{plain(cell, _LONGEST)}]"


def _figure(value: str) -> str:
    """A value whose error stays on its line."""
    return _small(value).replace(" ± ", "\u00a0±\u00a0")
