"""Run rate: list spend month by month, as it is and with the levers, with its uncertainty."""

import streamlit as st

from planner.charts.spend import annual_exceedance_chart, fan_chart
from planner.charts.style import series_order
from planner.plan import Plan
from planner.report import caches_table, routes_table, scenarios_table
from planner.ui import downloads, show
from planner.ui.escape import plain
from planner.ui.sentences import annual_chances_table, months_ahead_table, run_rate_conclusion, run_rate_figures
from planner.ui.session import loaded


def page() -> None:
    """Fan chart, annual figures, the chance of spending more, and what the routes rest on."""
    plan = loaded().plan
    lines = run_rate_conclusion(plan)
    show.head("Run rate", "What the mix will cost at list over the term, as it is and with the levers.")
    show.conclusion(lines)
    show.metrics(run_rate_figures(plan))
    scenarios = _scenarios(plan)
    show.chart(lambda palette: fan_chart(plan, scenarios, palette), says=" ".join(lines), key="fan")
    show.beside(months_ahead_table(plan, scenarios), key="monthly_list_spend", rows=lambda: downloads.month_rows(plan))
    st.subheader("The first year")
    show.table(scenarios_table(plan), key="annual_list_spend", rows=lambda: downloads.scenario_rows([plan]))
    show.chart(
        lambda palette: annual_exceedance_chart(plan, scenarios, palette),
        says="The chance that list spend of the first year exceeds an amount, per scenario; figures in the table.",
        key="exceedance",
    )
    show.beside(annual_chances_table(plan, scenarios), key="annual_chances")
    st.subheader("Why routing pays, or does not")
    routes = routes_table(plan)
    if routes.rows:
        show.table(routes, key="routes", rows=lambda: downloads.route_rows(plan))
    else:
        show.sentence("No scenario of this plan routes a request type; add [[scenario.route]] to the plan.")
    caches = caches_table(plan)
    if caches.rows:
        show.table(caches, key="caches")
    show.warnings(plan, expanded=False)


def _scenarios(plan: Plan) -> list[str]:
    """The scenarios to draw: the one decided on and the baseline, unless the user chooses among more."""
    names = series_order(plan)
    if len(names) <= 2:
        return names
    chosen = st.pills(
        "Scenarios in the charts",
        names,
        default=names[:2],
        selection_mode="multi",
        format_func=lambda name: plain(name, 60),
        key=f"shown_{plan.inputs.sha256[:12]}",
        persist_state="session",
    )
    return [name for name in names if name in chosen] or names[:2]
