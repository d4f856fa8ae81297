"""The door for those without a log: a small table typed by hand becomes a whole plan, priced at once.

What was typed stays in the session: while it is refused, after it was priced, and while other pages are looked at.
"""

from typing import Any, Final

import pandas as pd
import streamlit as st

from planner.clock import today
from planner.errors import PlannerError
from planner.plan_file.loader import parse_plan
from planner.plan_file.typed_plan import CALLED, COLUMNS, offered_models, typed_growth, typed_plan_text
from planner.prices import PriceBook
from planner.report import headline
from planner.ui.arriving import doors
from planner.ui.arriving.uploads import Choice
from planner.ui.showing import links, show
from planner.ui.showing.escape import plain
from planner.ui.state import opening, session
from planner.ui.usage.source_section import taken

NOTE: Final = "the contract is a placeholder, not yours: put your terms in on the page Contract"
_TYPED, _STARTED, _REFUSED, _TURNS = "by_hand_typed", "by_hand_started", "by_hand_refused", "by_hand_turns"
_EMPTY_ROWS: Final = 3
_MOST_LINES: Final = 12
_WIDTHS: Final = dict(zip(COLUMNS, (118, 136, 140, 114, 124, 122), strict=True))
"""Pixels; together as wide as the card of the door."""
_ONWARD: Final = ":material/arrow_forward:"

Row = dict[str, Any]


def typed_door(says: Any) -> None:
    """The table, growth and a name, and the button that prices them. says: the place for progress and mistakes."""
    show.sentence(
        "A line for each kind of work and the model that does it today. Tokens are means per request; input is what is "
        "not read from the cache. Prices are those of the price book today."
    )
    book = PriceBook.load("anthropic")
    rows = _table(book)
    name, low, high = _beside()
    with st.container(horizontal=True, vertical_alignment="center"):
        priced = st.button("Price it", key="price_by_hand", type=show.emphasis(), icon=":material/check:")
        if any(any(row.values()) for row in rows):
            st.button("Clear the table", key="clear_by_hand", icon=":material/undo:", on_click=_clear)
    st.caption(
        "The plan starts next month and runs for a year. Its contract is a placeholder, clearly marked as such: no "
        "public rate card exists. Levers, terms and quotes come on their pages."
    )
    try:
        text = typed_plan_text(rows, typed_growth(low, high), name=name, on=today(), book=book)
        inputs = parse_plan(text, base_dir=opening.folder())
    except PlannerError as error:
        st.session_state[_REFUSED] = priced or st.session_state.get(_REFUSED, False)
        if st.session_state[_REFUSED]:  # from then on what is still wrong is said while it is mended
            _say_wrong(says, str(error))
        return
    st.session_state.pop(_REFUSED, None)
    if priced:
        choice = Choice(inputs=inputs, notes=(NOTE,))
        door = doors.log_door(lambda report: choice, "typed", what="a plan typed by hand")
        taken(says, door, f"typed {inputs.sha256}")
    elif session.loaded().origin == "typed":
        _say_priced(says)


def _say_wrong(says: Any, error: str) -> None:
    lines = "\n".join(f"- {plain(line, 1000)}" for line in error.splitlines()[:_MOST_LINES])
    says.error(f"**Not priced yet; the plan on the screen is as it was.**\n{lines}")


def _say_priced(says: Any) -> None:
    with says.container():
        st.success(plain(headline(session.loaded().plan)[0]), icon=":material/check:")
        links.to_page("Commit", "See how sure that is, and what else could be signed", icon=_ONWARD)


def _table(book: PriceBook) -> list[Row]:
    """The cells as they stand on the screen, what was typed before the page was left included."""
    key = f"by_hand_{st.session_state.get(_TURNS, 0)}"
    if key not in st.session_state:  # the table was not shown in the last run, and what was typed is in no widget
        st.session_state[_STARTED] = st.session_state.get(_TYPED, [{} for _ in range(_EMPTY_ROWS)])
    found = st.data_editor(
        pd.DataFrame(st.session_state[_STARTED], columns=list(COLUMNS), dtype=object),
        num_rows="dynamic",
        hide_index=True,
        width="stretch",
        key=key,
        column_config=_columns(book),
        placeholder="",
        alt="Request types with their model, requests a month and tokens a request, to type in",
    )
    rows = [{name: _cell(row[name]) for name in COLUMNS} for row in found.to_dict("records")]
    st.session_state[_TYPED] = rows
    return rows


def _columns(book: PriceBook) -> dict[str, Any]:
    column = st.column_config
    said = {
        "monthly_requests": "in a month as usual",
        "uncached_input_tokens": "mean per request, without what is read from the cache",
        "cache_read_tokens": "mean per request, read from the cache, which costs about a tenth; 0 where nothing is",
        "output_tokens": "mean per request",
    }
    numbers = {
        name: column.NumberColumn(CALLED[name], min_value=0, format="localized", help=help, width=_WIDTHS[name])
        for name, help in said.items()
    }
    kind = "what the work is, such as support answers"
    models = offered_models(book, today())
    return {
        "request_type": column.TextColumn(CALLED["request_type"], help=kind, width=_WIDTHS["request_type"]),
        "model": column.SelectboxColumn(CALLED["model"], options=models, width=_WIDTHS["model"]),
        **numbers,
    }


def _cell(value: Any) -> Any:
    """A cell as it was typed: no blanks around text, None for an empty one."""
    if value is None or (isinstance(value, float) and value != value):
        return None
    return (value.strip() or None) if isinstance(value, str) else value


def _beside() -> tuple[str, float | None, float | None]:
    """The plan's name, and growth a year in percent where it is typed."""
    help = "one year in ten is outside on this side; leave both empty where you cannot tell"
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.text_input(
            "Name of the plan", "Typed by hand", key="by_hand_name", persist_state="session", width=260, max_chars=200
        )
        low, high = (
            st.number_input(
                f"Growth a year, {which} %",
                value=None,
                step=5.0,
                key=f"by_hand_growth_{which}",
                persist_state="session",
                placeholder="not known",
                width=170,
                help=help,
            )
            for which in ("low", "high")
        )
    return name or "", low, high


def _clear() -> None:
    for name in (_TYPED, _REFUSED):
        st.session_state.pop(name, None)
    st.session_state[_TURNS] = st.session_state.get(_TURNS, 0) + 1  # another table, which starts empty
