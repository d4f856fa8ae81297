"""Contract: the terms in words, what they lead to, and what other terms would."""

from collections.abc import Sequence

import streamlit as st

from planner.plan import Plan
from planner.plan_state import terms_sentence
from planner.report import headline, offer_name
from planner.tables import Table
from planner.terms_told import Told, lacking, told
from planner.ui.contract.contract_editor import contract_editor
from planner.ui.contract.source_form import source_form
from planner.ui.showing import show
from planner.ui.showing.escape import plain
from planner.ui.state.session import loaded
from planner.words import percent, percent_estimate, usd_estimate, usd_short

_PRESENT_VALUE = "at present value"


def page() -> None:
    """What the terms lead to, the terms clause by clause, and the form that changes them."""
    current = loaded()
    plan = current.plan
    contract = plan.inputs.contract
    show.head("Contract", "The terms on the table, in words; change them here to see what other terms would lead to.")
    show.conclusion((*headline(plan)[:2], terms_sentence(plan)))
    source_form(current)
    if current.edited_from is not None:
        show.table(changes_table(current.edited_from.plan, plan), key="changes")
    st.header("The terms in words")
    _clauses(told(contract, plan.inputs.start))
    missing = lacking(contract)
    if missing:
        st.header("What these terms lack")
        show.sentence("Common clauses that are not in this contract, and what each would do for you.")
        _clauses(missing)
    st.header("Change the terms")
    show.sentence(
        "Nothing is worked out until you apply. Applying changes the plan on the screen and on every page, not the "
        "file it came from: take the changed plan file away to keep it."
    )
    contract_editor(current)
    show.warnings(plan, expanded=False)


def _clauses(clauses: Sequence[Told]) -> None:
    """A line for each clause: its name, what it says, and the key of the plan file."""
    st.markdown("\n".join(f"- **{plain(one.name)}.** {plain(one.says)} `{one.key}`" for one in clauses))


def changes_table(before: Plan, after: Plan) -> Table:
    """What the edited terms lead to beside those of the file."""
    dated = any(plan.inputs.contract.payment.cost_of_capital_per_year > 0 for plan in (before, after))
    pairs = zip(_rows(before), _rows(after), strict=True)
    rows = [(old[0], old[1], new[1]) for old, new in pairs if dated or old[0] != _PRESENT_VALUE]
    extra = after.recommendation.expected_cost.mean - before.recommendation.expected_cost.mean
    note = "Both over their own term, on the same demand."
    if before.inputs.contract.term_months == after.inputs.contract.term_months:
        less = "less" if extra < 0 else "more"
        note = "With all edits the plan is expected to cost the same."
        if abs(extra) >= 0.5:
            cost = usd_short(abs(extra))
            note = f"With all edits, of terms and levers, the plan is expected to cost {cost} {less} over the term."
    return Table(
        title="What your edits change",
        columns=("term", "as the file has it", "as edited"),
        rows=tuple(rows),
        numeric=frozenset({1, 2}),
        note=note,
    )


def _rows(plan: Plan) -> list[tuple[str, str]]:
    best = plan.recommendation
    return [
        ("term", f"{plan.inputs.contract.term_months} months"),
        ("commitment", offer_name(best.offer).removesuffix(" discount")),
        ("expected cost", usd_estimate(best.expected_cost)),
        (_PRESENT_VALUE, usd_estimate(best.npv_cost)),
        ("below on-demand list", percent(best.effective_savings_rate)),
        ("shortfall risk", percent_estimate(best.shortfall_probability)),
        ("expected shortfall", usd_estimate(best.expected_shortfall)),
        ("expected overage", usd_estimate(best.expected_overage)),
    ]
