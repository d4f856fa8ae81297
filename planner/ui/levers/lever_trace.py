"""One request type's unit cost, before and after, line by line down to prices, their dates and sources."""

from collections.abc import Sequence

import streamlit as st

from planner.cost_lines import CostLine, cost_lines
from planner.lever_costs.scenario_costs import ScenarioCosts
from planner.prepared import Prepared
from planner.tables import Table
from planner.ui.showing import show
from planner.words import count, usd, usd_per_mtok

_ROLES = {
    "unrouted": "at home",
    "routed": "routed",
    "escalated": "escalated",
    "router": "router",
    "judge": "judge",
}


def trace(prepared: Prepared, costs: ScenarioCosts) -> None:
    """A picked type: what an average request of it costs today and at full adoption, and what that is made of."""
    names = [item.request_type for item in costs.types]
    order = {line.request_type: None for line in prepared.mix_lines}
    picked = st.selectbox(
        "Request type",
        [name for name in order if name in names],
        key="traced_type",
        persist_state="session",
        width=360,
    )
    if picked is None:
        return
    before, after = costs.full_unit_costs()[picked]
    then = f", and {usd(after * 1000, cents=True)} with every lever fully adopted" if after != before else ""
    show.sentence(f"A thousand requests of '{picked}' cost {usd(before * 1000, cents=True)} at list today{then}.")
    for adopted, title in ((False, "Today"), (True, "With every lever fully adopted")):
        if adopted and before == after:
            continue
        lines = cost_lines(costs, picked, prepared.price_book, prepared.priced_on, adopted=adopted)
        show.beside(trace_table(lines, title), key=f"trace_{adopted}")


def trace_table(lines: Sequence[CostLine], title: str) -> Table:
    """Every line, per 1,000 requests of the type; the lines add up to the unit cost."""
    rows = [
        (
            _ROLES[line.role],
            line.model,
            line.what,
            f"{line.copies * 1000:,.1f}",
            "" if line.tokens is None else count(line.tokens),
            "" if line.list_usd_per_mtok is None else usd_per_mtok(line.list_usd_per_mtok),
            "" if line.factor is None or abs(line.factor - 1) < 5e-5 else f"x {line.factor:.4g}",
            usd(line.usd * 1000, cents=True),
            "" if line.since is None else line.since.isoformat(),
        )
        for line in lines
    ]
    total = sum(line.usd for line in lines)
    rows.append(("in all", "", "", "", "", "", "", usd(total * 1000, cents=True), ""))
    return Table(
        title=f"{title}: list cost of 1,000 requests, line by line",
        columns=("copy", "model", "what", "copies", "tokens", "per MTok", "factor", "USD", "price since"),
        rows=tuple(rows),
        numeric=frozenset({3, 4, 5, 6, 7}),
        note="Copies: calls paid per 1,000 requests of the type; tokens: of one call. Factor: prompts above a price "
        f"threshold, geography, speed. {_sources(lines)}",
    )


def _sources(lines: Sequence[CostLine]) -> str:
    """Where the prices come from, model by model."""
    found = {line.model: line.source for line in lines if line.list_usd_per_mtok is not None}
    return " ".join(f"{model}: {source}." for model, source in found.items())
