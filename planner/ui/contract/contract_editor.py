"""The form on which the terms of the contract are changed; nothing is worked out until it is applied."""

from collections.abc import Sequence
from hashlib import sha256
from typing import Any, Final

import pandas as pd
import streamlit as st

from planner.plan_file.text import with_contract
from planner.ui.contract.contract_form import (
    BAND_MODE,
    BASES,
    CARRY_FORWARD,
    COMMIT_PERIOD,
    DRAWDOWN,
    EARLY_RENEWAL,
    ELIGIBLE,
    OVERAGE_CAP,
    OVERAGES,
    PAYMENT,
    PRICES,
    RAMPS,
    REDUCTION,
    ROLLOVER,
    SHORTFALL,
    TERM,
    TIERS,
    TRUE_FORWARD,
    TRUE_UP,
    Clause,
    Field,
    Values,
    edited,
    shown,
)
from planner.ui.showing import show
from planner.ui.showing.changing import change_plan, refusal, refused_at
from planner.ui.showing.escape import plain
from planner.ui.state import session
from planner.ui.state.session import Loaded

_PLACE: Final = "terms"
_WIDTH: Final = 220
"""Pixels of a field; fields stand side by side where there is room."""


def contract_editor(current: Loaded) -> None:
    """The terms to change, with what was wrong with the last ones that were applied beside them.

    No form of Streamlit's: what is typed into one never reaches the session before it is submitted, and is gone when
    another page is looked at.
    """
    text = current.plan.inputs.text
    prefix = f"term_{sha256((current.key + text).encode()).hexdigest()[:10]}_{session.edit_round()}"
    with st.container(border=True):
        values = _fields(_Form(prefix=prefix, start=shown(text)))
        says = st.empty()
        with st.container(horizontal=True):
            applied = st.button("Apply", key="apply_terms", type=show.emphasis(), icon=":material/check:")
            undone = st.button(
                "Back to the plan file",
                key="undo_terms",
                icon=":material/undo:",
                help="Back to the terms of the plan file, whatever was typed or applied",
            )
    if undone:
        session.undo_edit()
        _start_anew()
        st.rerun()
    elif applied:
        _apply(current, values, says)
    elif refused := refusal(_PLACE):
        says.error(f"**These terms were not applied; the plan is as it was.** {plain(refused, 2000)}")


def _apply(current: Loaded, values: Values, says: Any) -> None:
    """Work the plan out with the terms that were typed; where that fails, they stay in the form."""
    before = current.plan.inputs.text  # with the levers as they were edited
    change_plan(
        lambda: with_contract(before, *edited(values, before)),
        what="contract terms",
        refused=refused_at(_PLACE),
        done=_start_anew,
        says=says,
    )


def _start_anew() -> None:
    """Fields as the plan now has them; what the fields before held is dropped."""
    for key in [key for key in st.session_state if str(key).startswith("term_")]:
        del st.session_state[key]


class _Form:
    """Widgets of one form: their keys and what they start from."""

    def __init__(self, *, prefix: str, start: Values) -> None:
        self.prefix = prefix
        self.start = start
        self.values: Values = {}

    def _common(self, name: str) -> dict[str, Any]:
        return {"key": f"{self.prefix}_{name}", "persist_state": "session"}

    def field(self, item: Field) -> None:
        """One key of the plan file."""
        start = self.start[item.name]
        common = self._common(item.name) | {"help": item.help or None}
        if item.kind == "switch":
            self.values[item.name] = st.checkbox(item.label, value=start, **common)
        elif item.kind == "choice":
            self.choice(item.name, item.label, dict(item.choices))
        elif item.kind == "months":
            self.values[item.name] = st.number_input(item.label, value=int(start), step=1, width=_WIDTH, **common)
        else:
            placeholder = "none" if item.optional else None
            self.values[item.name] = st.number_input(
                item.label, value=start, step=1.0, format="%g", placeholder=placeholder, width=_WIDTH, **common
            )

    def choice(self, name: str, label: str, choices: dict[str, str], help: str | None = None) -> None:
        """One of a few."""
        options = list(choices)
        self.values[name] = st.selectbox(
            label,
            options,
            index=options.index(self.start[name]),
            format_func=choices.__getitem__,
            help=help,
            width=_WIDTH,
            **self._common(name),
        )

    def line(self, name: str, label: str, help: str, placeholder: str = "") -> None:
        """Numbers in one line of text."""
        self.values[name] = st.text_input(
            label,
            value=self.start[name],
            help=help,
            placeholder=placeholder,
            max_chars=2000,
            width=_WIDTH,
            **self._common(name),
        )

    def fields(self, items: Sequence[Field]) -> None:
        """Fields side by side where there is room."""
        with st.container(horizontal=True, vertical_alignment="bottom"):
            for item in items:
                self.field(item)

    def clause(self, clause: Clause) -> None:
        """A clause that is there or not, with its fields."""
        name = clause.key
        with st.container(border=True):
            self.values[name] = st.checkbox(f"**{clause.label}**", value=self.start[name], **self._common(name))
            self.fields(clause.fields)


def _fields(form: _Form) -> Values:
    """Every field of the form, in the order in which a contract is read."""
    st.markdown("**What is committed**")
    _commitment(form)
    st.markdown("**Discount bands**")
    _bands(form)
    st.markdown("**Use beyond the commitment**")
    _overage(form)
    with st.expander(
        "Clauses on use beyond: carry-forward, true-forward", expanded=_any(form, "carry_forward", "true_forward")
    ):
        form.clause(CARRY_FORWARD)
        form.clause(TRUE_FORWARD)
    st.markdown("**Commitment that is not used**")
    form.fields([SHORTFALL, TRUE_UP])
    form.clause(ROLLOVER)
    with st.expander("Rights: reduction, early renewal", expanded=_any(form, "reduction", "early_renewal")):
        form.clause(REDUCTION)
        form.clause(EARLY_RENEWAL)
    st.markdown("**Payment and prices**")
    form.fields([*PAYMENT, *PRICES])
    _rarer(form)
    return form.values


def _any(form: _Form, *names: str) -> bool:
    return any(form.start[name] for name in names)


def _commitment(form: _Form) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        form.field(TERM)
        form.line(
            "commit_usd_per_year",
            "Commitment, USD a year",
            "Empty: this plan sizes it. A number fixes it; one for each contract year, with semicolons between, too.",
            "sized by this plan",
        )
        form.choice("ramp", "Contract years commit", RAMPS)
        form.line(
            "weights",
            "Weights of the contract years",
            "One a contract year, with semicolons: 1; 1.3; 1.6",
            "by weights only",
        )
        form.field(COMMIT_PERIOD)
        form.line("quarter_shares", "Quarter shares, %", "Four numbers that add up to 100; for quarters only.")
        form.field(DRAWDOWN)
        form.field(ELIGIBLE)


def _bands(form: _Form) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        form.choice("basis", "Thresholds are", BASES, "Over the whole term: the commitments of all its years together")
        form.field(BAND_MODE)
    money = st.column_config.NumberColumn("from, USD", min_value=0, format="localized", width=120)
    share = {
        name: st.column_config.NumberColumn(f"{name}, %", min_value=0, format="%g", width=112)
        for name in ("discount", *TIERS)
    }
    frame = pd.DataFrame(form.start["bands"]).astype({"source": "object"} | dict.fromkeys(TIERS, "float64"))
    found = st.data_editor(
        frame,
        num_rows="dynamic",
        hide_index=True,
        width="stretch",
        key=f"{form.prefix}_bands",
        column_config={"from": money, "source": st.column_config.TextColumn("source of the quote"), **share},
        placeholder="",
        alt="Discount bands: threshold, discount, source, and discounts of model tiers that are quoted apart",
    )
    st.caption(
        "A row for each band; the last, empty row adds one. A model tier that the quote discounts apart has its own "
        "column; left empty, the band's discount holds for it."
    )
    form.values["bands"] = found.to_dict("records")


def _overage(form: _Form) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        form.choice("overage", "Pays", OVERAGES)
        name = "overage_discount"
        form.values[name] = st.number_input(
            "Its own discount, %",
            value=form.start[name],
            step=1.0,
            format="%g",
            width=_WIDTH,
            help="counts where use beyond pays a discount of its own",
            **form._common(name),
        )
        form.field(OVERAGE_CAP)


def _rarer(form: _Form) -> None:
    with st.expander("Rarer terms, as text", expanded=bool(form.start["rarer"])):
        form.values["rarer"] = st.text_area(
            "Eligible models, marketplace, a contract in force, renewal, spend that is not tokens",
            value=form.start["rarer"],
            height=220 if form.start["rarer"] else 120,
            max_chars=20_000,
            help="TOML as in the plan file: [contract.eligible], [contract.marketplace], [contract.in_force], "
            "[contract.renewal], [[fixed_spend]]. `planner schema` lists their keys.",
            **form._common("rarer"),
        )
